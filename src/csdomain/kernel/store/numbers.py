"""Numbers of papers are one space: each stands in a register with what it is the number of (KRN-10, D18)."""

from datetime import date
from typing import Final, Protocol

import attrs

from csdomain.kernel.rules import NUMBERING, Text
from csdomain.kernel.rules.errors import Conflict, StoreFailure
from csdomain.kernel.values.numbering import NumberPattern

from .registers import Mode, Register
from .rows import Rows


class NumberTaken(Conflict):
    """A number from another system that another paper has (KRN-10)."""

    default_rule = NUMBERING
    problem = Text("Another paper has the number {number}.", "编号{number}已有其他单据使用。")


@attrs.frozen
class Numbered:
    """The number of one paper, the kind of the record that it belongs to (``complaint``), and the record's id."""

    number: str
    kind: str
    subject: str


NUMBERS: Final[Register[Numbered]] = Register(
    Numbered, "paper", Mode.APPEND, ("number",), indexes=(("subject", "number"),)
)


class Counting(Protocol):
    """The counters of a store, as a session has them."""

    def next_number(self, series: str, /) -> int:
        """The next of a series."""
        ...

    def reach_number(self, series: str, least: int, /) -> None:
        """Count on from ``least`` at the earliest."""
        ...


@attrs.frozen
class Numbers:
    """The numbers of papers in a unit of work."""

    _counters: Counting
    _rows: Rows[Numbered]

    def draw(self, pattern: NumberPattern, on: date, branch: str, kind: str, subject: str) -> str:
        """The next number of the series that no paper has: what came from elsewhere is passed over, so that nobody
        waits for somebody to repair a counter."""
        series = pattern.series(on, branch)
        sequence = 0
        while True:
            last, sequence = sequence, self._counters.next_number(series)
            if sequence <= last:
                raise StoreFailure(name=series)  # it would never end
            number = pattern.number(sequence, on, branch)
            if not self._rows.put_new([Numbered(number, kind, subject)]):
                return number

    def keep(self, number: str, pattern: NumberPattern, branch: str, kind: str, subject: str) -> None:
        """Note the number that a paper had in another system; where it is of the pattern, its series goes on behind it.

        Raises NumberTaken where another paper has it.
        """
        found = pattern.parsed(number, branch)
        if found is not None:
            self._counters.reach_number(*found)
        if self._rows.put_new([Numbered(number, kind, subject)]):
            free = Text("a number that no paper has", "尚无单据使用的编号")
            raise NumberTaken(kind=kind, number=number, accepted=free)
