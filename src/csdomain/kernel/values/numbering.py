"""Human-readable numbers: a pattern such as ``KS{yyyy}{mm}-{seq:04}``, restarting with its period (KRN-10)."""

import re
from datetime import date
from typing import Final

import attrs

from csdomain.kernel.rules import NUMBERING, Text
from csdomain.kernel.rules.errors import InvalidValue

_PART: Final = re.compile(r"\{([a-z]+)(?::0?([0-9]{1,2}))?\}")
_LITERAL: Final = re.compile(r"[^{}\x00-\x1f]*")
_LONGEST: Final = 64
_DIGITS: Final = {
    "yyyy": "[0-9]{4}",
    "yy": "[0-9]{2}",
    "mm": "0[1-9]|1[0-2]",
    "dd": "0[1-9]|[12][0-9]|3[01]",
    "seq": "[0-9]{1,18}",
}
#: No counter goes on behind more: a number with so many digits came from another system by mistake.
_SEQUENCE_MOST: Final = 10**12
_DATE_PART: Final = re.compile(r"\{(?:yyyy|yy|mm|dd)[^}]*\}")
_RUNS_ON: Final = re.compile(r"\{branch[^}]*\}\{|\}\{branch")
_ONLY_DIGITS_BETWEEN: Final = re.compile(r"\{branch[^}]*\}[0-9]*\{seq|\{seq[^}]*\}[0-9]*\{branch")


class MalformedPattern(InvalidValue):
    """A number pattern that could not give unique numbers, or cannot be read (KRN-10)."""

    default_rule = NUMBERING
    problem = Text("The number pattern is not valid.", "此编号格式无效。")


def _pattern(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    def refuse(why: Text) -> MalformedPattern:
        return MalformedPattern(given=value if isinstance(value, str) else type(value).__name__, accepted=why)

    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise refuse(Text(f"1 to {_LONGEST} characters", f"1 到 {_LONGEST} 个字符"))
    if not _LITERAL.fullmatch(_PART.sub("", value)):
        raise refuse(Text("{yyyy} {yy} {mm} {dd} {branch} {seq:04}", "{yyyy} {yy} {mm} {dd} {branch} {seq:04}"))
    names = [name for name, _ in _PART.findall(value)]
    unknown = set(names) - {"yyyy", "yy", "mm", "dd", "branch", "seq"}
    if unknown:
        raise refuse(Text("{yyyy} {yy} {mm} {dd} {branch} {seq:04}", "{yyyy} {yy} {mm} {dd} {branch} {seq:04}"))
    if names.count("seq") != 1:
        raise refuse(Text("{seq} exactly once", "{seq} 恰好一次"))
    if _RUNS_ON.search(value) or _ONLY_DIGITS_BETWEEN.search(_DATE_PART.sub("", value)):
        # Branch "b1", number 11 and branch "b11", number 1 would look alike.
        raise refuse(Text("{branch} set apart from other parts", "{branch} 须与其他部分隔开"))
    year, month = "yyyy" in names or "yy" in names, "mm" in names
    if ("dd" in names and not month) or (month and not year):
        # {mm} alone would restart each month and repeat itself a year later.
        raise refuse(Text("a day with its month, a month with its year", "日须有月，月须有年"))


@attrs.frozen
class NumberPattern:
    """How numbers of a series look. Dates are those of the branch's zone on the day of issue.

    >>> pattern = NumberPattern("KS{yyyy}{mm}-{seq:04}")
    >>> pattern.series(date(2026, 3, 9)), pattern.number(7, date(2026, 3, 9))
    ('KS202603-{seq:04}', 'KS202603-0007')

    Raises :class:`MalformedPattern`.
    """

    text: str = attrs.field(validator=_pattern)

    def _filled(self, on: date, branch: str, sequence: int | None) -> str:
        values = {"yyyy": f"{on:%Y}".zfill(4), "yy": f"{on:%y}", "mm": f"{on:%m}", "dd": f"{on:%d}", "branch": branch}

        def part(found: re.Match[str]) -> str:
            if found[1] != "seq":
                return values[found[1]]
            return found[0] if sequence is None else str(sequence).zfill(int(found[2] or 1))

        return _PART.sub(part, self.text)  # once: a branch may have braces in its name

    def series(self, on: date, branch: str = "") -> str:
        """The name of the counter that counts on this day: it changes when the pattern's period does."""
        return self._filled(on, branch, None)

    def parsed(self, number: str, branch: str = "") -> tuple[str, int] | None:
        """The series and the place in it of a number of this pattern in ``branch``; None for any other text.

        >>> NumberPattern("KS{yyyy}{mm}-{seq:04}").parsed("KS202603-0007")
        ('KS202603-{seq:04}', 7)
        """
        form, begin, parts = "", 0, list(_PART.finditer(self.text))
        for part in parts:
            digits = re.escape(branch) if part[1] == "branch" else _DIGITS[part[1]]
            form += f"{re.escape(self.text[begin : part.start()])}({digits})"
            begin = part.end()
        read = re.fullmatch(form + re.escape(self.text[begin:]), number)
        if read is None:
            return None
        place = next(place for place, part in enumerate(parts, 1) if part[1] == "seq")
        sequence, width = int(read[place]), int(parts[place - 1][2] or 1)
        if not 0 < sequence < _SEQUENCE_MOST or read[place] != str(sequence).zfill(width):
            return None
        given = iter(read.groups())
        return _PART.sub(lambda part: (next(given), part[0])[part[1] == "seq"], self.text), sequence

    def number(self, sequence: int, on: date, branch: str = "") -> str:
        """The ``sequence``-th number of the series; wider than the pattern's width where it must be."""
        if isinstance(sequence, bool) or not isinstance(sequence, int) or sequence < 1:
            raise MalformedPattern(field="sequence", given=sequence, minimum=1)
        return self._filled(on, branch, sequence)
