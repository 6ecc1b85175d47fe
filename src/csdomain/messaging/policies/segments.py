"""How many short messages a text takes, and where it is cut (MSG-12).

A text of the GSM 7-bit alphabet is counted in septets: 160 in one message, 153 in each part of several; characters of
the extension table take two. Any other text is counted in UTF-16 units: 70 and 67. A signature in 【】 is part of the
text. A part never ends between the two units of a character.
"""

from collections.abc import Callable
from enum import Enum, unique
from typing import Final

import attrs

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
_GSM7: Final = _BASIC | _EXTENDED
#: The last character that UTF-16 writes in one unit.
_ONE_UNIT: Final = "\uffff"


@unique
class Encoding(Enum):
    """How a short message is coded: its name, units in a single message, units in each part of several."""

    GSM7 = ("GSM-7", 160, 153)
    UCS2 = ("UCS-2", 70, 67)

    @property
    def single(self) -> int:
        """The units that one message holds."""
        return self.value[1]

    @property
    def part(self) -> int:
        """The units that each part of a longer text holds."""
        return self.value[2]


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
        return sum(map(_measure(self.encoding), part))


def segments(text: str) -> Segments:
    """The parts in which a text leaves; an empty text is one empty message. [MSG-12]

    >>> count = segments("【青藤】您的投诉已受理。")
    >>> count.encoding.name, count.units, len(count.parts)
    ('UCS2', 12, 1)
    """
    encoding = Encoding.GSM7 if _GSM7.issuperset(text) else Encoding.UCS2
    if encoding is Encoding.GSM7:
        units = len(text) + (sum(map(text.count, _EXTENDED)) if not _BASIC.issuperset(text) else 0)
    else:
        units = len(text) + sum(character > _ONE_UNIT for character in text)
    if units <= encoding.single:
        return Segments(encoding, units, (text,))
    if units == len(text):  # every character is one unit: no part can break one
        step = encoding.part
        return Segments(encoding, units, tuple(text[at : at + step] for at in range(0, len(text), step)))
    return Segments(encoding, units, tuple(_cut(text, encoding)))


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


def _measure(encoding: Encoding) -> Callable[[str], int]:
    if encoding is Encoding.GSM7:
        return lambda character: 1 + (character in _EXTENDED)
    return lambda character: 1 + (character > _ONE_UNIT)


def _cut(text: str, encoding: Encoding) -> list[str]:
    measure, room, found, begin, used = _measure(encoding), encoding.part, list[str](), 0, 0
    for at, character in enumerate(text):
        units = measure(character)
        if used + units > room:
            found.append(text[begin:at])
            begin, used = at, 0
        used += units
    return [*found, text[begin:]]
