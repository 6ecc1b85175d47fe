"""Keeps a text from being read as a formula, and shows the characters that a file cannot hold (RPT-04).

A spreadsheet that opens a CSV file takes a cell for a formula by how it begins, and it may divide the file at another
delimiter than it was written with: the list separator is a setting of each machine. So a text is guarded where it
begins, and inside wherever another delimiter or a line break would make a cell begin.
"""

import re
from typing import Final
from unicodedata import category

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.reporting.rules import EXPORTS

#: What a formula may begin with, and every character that some programs fold to one of these.
FORMULA: Final = frozenset("=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−﬩")
DELIMITERS: Final = (",", ";", "\t", "|")
_BREAKS: Final = frozenset("\t\r\n")
#: Letters and symbols by category that nevertheless show nothing: Hangul fillers, the empty Braille pattern.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_QUOTES: Final = frozenset("'\"")
_PARTS: Final = {own: re.compile("([\r\n" + "".join(d for d in DELIMITERS if d != own) + "])") for own in DELIMITERS}
#: A telephone number as people write it: 15 digits at most (E.164), so that none is lost where it is read as a number.
#: No hyphen after the plus sign: +86-138-1234-5678 would be worked out, to -6964.
_PHONE: Final = re.compile(r"\+[0-9](?: ?[0-9]){0,14}")
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class UnknownDelimiter(InvalidValue):
    """A delimiter other than comma, semicolon, tab or vertical bar (RPT-04)."""

    default_rule = EXPORTS
    problem = Text("A file cannot be divided by this.", "不能用它作分隔符。")


def visible(text: str) -> str:
    """``text`` with every character that XML 1.0 or UTF-8 cannot hold replaced by one that is seen. [RPT-04]

    A control character becomes its picture, a lone surrogate or a noncharacter U+FFFD; all other text stays as it is.

    >>> visible("a\\x00b\\ud800")
    'a␀b�'
    """
    return _UNWRITABLE.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"


def guarded(text: str, delimiter: str = ",") -> str:
    """``text`` with an apostrophe before whatever a spreadsheet could take for the beginning of a formula. [RPT-04]

    That is a text, or a part of it after a line break or one of the :data:`DELIMITERS` other than ``delimiter``, whose
    first character is one of :data:`FORMULA`, or that begins with a tab or a line break. Spaces, control, format and
    combining characters, quotes and apostrophes before it are passed over. :func:`recovered` gives the text back.

    >>> guarded("=1+1"), guarded("late; -2 days"), guarded("mid-term")
    ("'=1+1", "late;' -2 days", 'mid-term')

    Raises :class:`UnknownDelimiter`.
    """
    if text.isalnum():
        return text
    parts = _parts(text, delimiter)
    for i in range(2, len(parts), 2):
        if _begins(parts[i]):
            parts[i] = "'" + parts[i]
    whole = "".join(parts)
    return "'" + whole if _begins(whole) else whole


def recovered(cell: str, delimiter: str = ",") -> str:
    """The text that :func:`guarded` made ``cell`` of, with the same delimiter. Raises :class:`UnknownDelimiter`.

    >>> recovered("late;' -2 days")
    'late; -2 days'
    """
    parts = _parts(_bare(cell), delimiter)
    return "".join(_bare(part) if i and not i % 2 else part for i, part in enumerate(parts))


def is_phone(text: str) -> bool:
    """Whether ``text`` is a plus sign and 1 to 15 digits, in groups parted by single spaces: it stays as it is.

    >>> is_phone("+86 138 1234 5678"), is_phone("+86-138-1234-5678"), is_phone("+1 2+3")
    (True, False, False)
    """
    return _PHONE.fullmatch(text) is not None


def _parts(text: str, delimiter: str) -> list[str]:
    pattern = _PARTS.get(delimiter)
    if pattern is None:
        raise UnknownDelimiter(given=delimiter, accepted=Text("one of , ; tab |", ", ; 制表符 | 之一"))
    return pattern.split(text)


def _bare(part: str) -> str:
    return part[1:] if part.startswith("'") and _begins(part) else part


def _begins(part: str) -> bool:
    """Whether a formula could begin here. An apostrophe is passed over, so that guarding never changes the answer."""
    for character in part:
        if character in FORMULA or character in _BREAKS:
            return True
        if not (character in _QUOTES or category(character)[0] in "CMZ" or character in _BLANK):
            return False
    return False
