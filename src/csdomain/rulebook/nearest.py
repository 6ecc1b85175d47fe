"""The name that was probably meant."""

from collections.abc import Iterable

from csdomain.kernel.rules import Text


def meant(name: object, known: Iterable[str]) -> Text:
    """``; did you mean complaints?`` where one of the ``known`` names is like ``name``, else an empty text."""
    from difflib import get_close_matches  # only a fault needs it

    lower = {word.lower(): word for word in sorted(known)}
    found = get_close_matches(str(name).lower(), lower, 1)
    return Text(f"; did you mean {lower[found[0]]}?", f"；是否指 {lower[found[0]]}？") if found else Text("", "")


def nearest(name: object, known: Iterable[str]) -> str:
    """:func:`meant` in English."""
    return meant(name, known).en


def unknown(noun: Text, name: object, known: Iterable[str]) -> Text:
    """That there is no such thing, and what was probably meant: ``no calendar ofice; did you mean office?``."""
    hint = meant(name, known)
    return Text(f"no {noun.en} {name}{hint.en}", f"没有{noun.zh} {name}{hint.zh}")
