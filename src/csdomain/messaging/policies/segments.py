"""How many short messages a text takes, and where it is cut (MSG-12).

A text of the GSM 7-bit alphabet is counted in septets: 160 in one message, 153 in each part of several; characters of
the extension table take two. Any other text is counted in UTF-16 units: 70 and 67. A signature in 【】 is part of the
text. A part never ends between the two units of a character.
"""

import re
from enum import Enum, unique
from typing import Final

import attrs

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = "\f^{}\\[~]|€"
#: Each of them with a zero behind it, which GSM-7 has not: such a text is as long as it has septets.
_MARKS: Final = tuple((character, f"{character}\0") for character in _EXTENDED)
_NOT_BASIC: Final = re.compile(f"[^{re.escape(_BASIC)}]")
_NOT_GSM7: Final = re.compile(f"[^{re.escape(_BASIC + _EXTENDED)}]")
#: The higher byte of the second unit of a character.
_SECOND: Final = (b"\xdc", b"\xdd", b"\xde", b"\xdf")


@unique
class Encoding(Enum):
    """How a short message is coded: its name, ``single``, the units that one message holds, and ``part``, those that
    each part of a longer text holds."""

    GSM7 = ("GSM-7", 160, 153)
    UCS2 = ("UCS-2", 70, 67)

    def __init__(self, _: str, single: int, part: int) -> None:
        self.single, self.part = single, part
        #: Cuts a text of characters of one unit.
        self.cut = re.compile(f"(?s).{{1,{part}}}").findall


_GSM7: Final = Encoding.GSM7
_UCS2: Final = Encoding.UCS2


@attrs.frozen
class Segments:
    """A text as it leaves: its encoding, its length in units, and its parts, which together are the text."""

    encoding: Encoding
    units: int
    parts: tuple[str, ...]

    @property
    def capacity(self) -> int:
        """The units that each of its parts could hold."""
        return self.encoding.single if len(self.parts) == 1 else self.encoding.part

    def units_of(self, part: str) -> int:
        """The length of a part in units of this encoding."""
        if self.encoding is Encoding.UCS2:
            return len(part.encode("utf-16-le", "surrogatepass")) // 2
        return len(part) + sum(map(part.count, _EXTENDED))


def segments(text: str) -> Segments:
    """The parts in which a text leaves; an empty text is one empty message. [MSG-12]

    >>> count = segments("【青藤】您的投诉已受理。")
    >>> count.encoding.name, count.units, len(count.parts)
    ('UCS2', 12, 1)
    """
    odd = _NOT_BASIC.search(text)
    if odd is None:
        return _plain(text, _GSM7)
    if _NOT_GSM7.search(text, odd.start()) is None:
        return _septets(text)
    units = text.encode("utf-16-le", "surrogatepass")
    return _plain(text, _UCS2) if len(units) == 2 * len(text) else _surrogates(text, units)


def truncate(text: str, parts: int) -> str:
    """The longest beginning of a text that leaves in at most ``parts`` short messages. [MSG-12]

    Adding to a text never lowers its count, so there is one longest beginning.
    """
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if len(segments(text[:middle]).parts) <= parts:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def _plain(text: str, encoding: Encoding) -> Segments:
    """The parts of a text whose characters all take one unit."""
    parts = encoding.cut(text) if len(text) > encoding.single else (text,)
    return Segments(encoding, len(text), tuple(parts))


def _septets(text: str) -> Segments:
    """The parts of a text of GSM-7 with characters of the extension table."""
    marked, room = text, _GSM7.part
    for character, as_long in _MARKS:
        marked = marked.replace(character, as_long)
    if len(marked) <= _GSM7.single:
        return Segments(_GSM7, len(marked), (text,))
    found, begin = list[str](), 0
    while begin < len(marked):
        end = begin + room
        end -= marked[end : end + 1] == "\0"
        found.append(marked[begin:end].replace("\0", ""))
        begin = end
    return Segments(_GSM7, len(marked), tuple(found))


def _surrogates(text: str, units: bytes) -> Segments:
    """The parts of a text with characters of two units of UTF-16."""
    if len(units) <= 2 * _UCS2.single:
        return Segments(_UCS2, len(units) // 2, (text,))
    found, begin, room = list[str](), 0, 2 * _UCS2.part
    while begin < len(units):
        end = begin + room
        if units[end + 1 : end + 2] in _SECOND:
            end -= 2
        found.append(units[begin:end].decode("utf-16-le", "surrogatepass"))
        begin = end
    return Segments(_UCS2, len(units) // 2, tuple(found))
