"""Ways to write the same thing, and what is left of a text that is read whatever way it is written."""

import unicodedata
from collections.abc import Callable
from typing import Final

from csdomain.casework.letters import fold


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _accented(text: str) -> str:
    return "".join(c + "\u0301" if c.isalpha() and c.isascii() else c for c in text)


#: Ways to write the same thing.
SPREADS: Final[list[Callable[[str], str]]] = [
    *(str, str.swapcase, "\n ".join, "\u200b".join, "\u00ad".join, _wide, _accented),
]


def bare(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
