"""The name that was probably meant."""

from collections.abc import Iterable


def nearest(name: object, known: Iterable[str]) -> str:
    """``; did you mean complaints?`` where one of the ``known`` names is like ``name``, else an empty text."""
    from difflib import get_close_matches  # only a fault needs it

    lower = {word.lower(): word for word in sorted(known)}
    found = get_close_matches(str(name).lower(), lower, 1)
    return f"; did you mean {lower[found[0]]}?" if found else ""
