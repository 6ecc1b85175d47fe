"""A report as a table: columns that say what they hold and whether it is personal, and rows in any number (RPT-04)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, NaiveTime
from csdomain.kernel.values.money import CurrencyMismatch, Money, exponent
from csdomain.kernel.values.personal import PersonalKind, mask

from .rules import EXPORTS

Cell = str | int | bool | Decimal | Money | date | datetime | None

#: A number with more digits than this, before or after the point, is refused: Python would not write it out.
_MOST_DIGITS: Final = 1000
_MOST_BITS: Final = 3300


class MalformedTable(InvalidValue):
    """A table without columns, two columns of one name, or a currency where there is no money (RPT-04)."""

    default_rule = EXPORTS
    problem = Text("The table is not valid.", "此表格无效。")


class RaggedRow(InvalidValue):
    """A row with more or fewer cells than the table has columns (RPT-04)."""

    default_rule = EXPORTS
    problem = Text("A row must have one cell for each column.", "每行的单元格数必须与列数一致。")


class MalformedCell(InvalidValue):
    """A cell that its column does not take: of another type, not finite, or beyond 1000 digits (RPT-04)."""

    default_rule = EXPORTS
    problem = Text("This column does not take such a cell.", "该列不接受这样的单元格。")


@unique
class ColumnKind(Enum):
    """What the cells of a column are; each may also be None, an empty cell."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    FLAG = "flag"
    DATE = "date"
    INSTANT = "instant"


def _is_decimal(cell: Cell) -> bool:
    if not isinstance(cell, Decimal):
        return _is_integer(cell)
    places = cell.as_tuple().exponent
    return isinstance(places, int) and cell.adjusted() < _MOST_DIGITS and places >= -_MOST_DIGITS


def _is_integer(cell: Cell) -> bool:
    return isinstance(cell, int) and not isinstance(cell, bool) and cell.bit_length() <= _MOST_BITS


_TAKES: Final[dict[ColumnKind, tuple[Callable[[Cell], bool], Text]]] = {
    ColumnKind.TEXT: (lambda cell: isinstance(cell, str), Text("a text", "文本")),
    ColumnKind.INTEGER: (_is_integer, Text("an integer", "整数")),
    ColumnKind.DECIMAL: (_is_decimal, Text("a finite Decimal or an integer", "有限的 Decimal 或整数")),
    ColumnKind.MONEY: (lambda cell: isinstance(cell, Money), Text("an amount of money", "金额")),
    ColumnKind.FLAG: (lambda cell: isinstance(cell, bool), Text("True or False", "True 或 False")),
    ColumnKind.DATE: (lambda cell: isinstance(cell, date) and not isinstance(cell, datetime), Text("a date", "日期")),
    ColumnKind.INSTANT: (
        lambda cell: isinstance(cell, datetime),
        Text("a datetime with a time zone", "带时区的时间"),
    ),
}


@attrs.frozen
class TableColumn:
    """One column: ``name`` for programs and errors, ``label`` for people, ``kind`` of its cells.

    ``personal`` marks personal data, which is masked unless it is revealed (KRN-14). ``currency`` (ISO 4217) says that
    all amounts of a money column are in it; without one each row brings its own. Raises :class:`MalformedTable`, and
    :class:`~csdomain.kernel.values.money.UnknownCurrency`.
    """

    name: str
    label: Text
    kind: ColumnKind = ColumnKind.TEXT
    personal: PersonalKind | None = None
    currency: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.currency is not None:
            exponent(self.currency)
            if self.kind is not ColumnKind.MONEY:
                wanted = ColumnKind.MONEY.value
                raise MalformedTable(column=self.name, currency=self.currency, accepted=Text(wanted, wanted))

    def checked(self, cell: Cell, row: int) -> Cell:
        """``cell`` if this column takes it; ``row`` counts from 1 and only names the place.

        Raises :class:`MalformedCell`, :class:`~csdomain.kernel.values.money.CurrencyMismatch` and, for a datetime
        without
        its zone, :class:`~csdomain.kernel.rules.errors.NaiveTime`. [RPT-04]
        """
        if cell is None:
            return None
        takes, accepted = _TAKES[self.kind]
        if not takes(cell):
            raise MalformedCell(column=self.name, row=row, given=type(cell).__name__, accepted=accepted)
        if isinstance(cell, datetime) and cell.utcoffset() is None:
            raise NaiveTime(column=self.name, row=row, accepted=accepted)
        if self.currency is not None and isinstance(cell, Money) and cell.currency != self.currency:
            raise CurrencyMismatch(column=self.name, row=row, expected=self.currency, given=cell.currency)
        return cell

    def hidden(self) -> "TableColumn":
        """The column when its cells are masked: a mask is a text, whatever it hides."""
        return attrs.evolve(self, kind=ColumnKind.TEXT, currency=None)


@attrs.frozen(eq=False)
class ReportTable:
    """A titled table. ``rows`` is any iterable, also one that can be gone through only once.

    >>> phone = TableColumn("phone", Text("Phone", "电话"), personal=PersonalKind.PHONE)
    >>> list(ReportTable(Text("Calls", "来电"), (phone,), [["13812345678"]]).shown(reveal=False).rows)
    [('•••5678',)]

    Raises :class:`MalformedTable`. [RPT-04, KRN-14]
    """

    title: Text
    columns: tuple[TableColumn, ...]
    rows: Iterable[Sequence[Cell]] = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if not names or len(set(names)) < len(names):
            once = Text("columns, each with a name of its own", "至少一列，且列名各不相同")
            raise MalformedTable(columns=names, accepted=once)

    def shown(self, reveal: bool) -> "ReportTable":
        """The table as it may be shown: personal columns masked unless ``reveal``, which takes a permission (KRN-14).

        Rows are checked and masked one by one as they are gone through, which raises :class:`RaggedRow` and what
        :meth:`TableColumn.checked` raises. [RPT-04, KRN-14]
        """
        columns = self.columns if reveal else tuple(c if c.personal is None else c.hidden() for c in self.columns)
        return ReportTable(self.title, columns, _Shown(self, reveal))


@attrs.frozen(eq=False)
class _Shown:
    table: ReportTable
    reveal: bool

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        columns = self.table.columns
        masks = tuple(None if self.reveal else column.personal for column in columns)
        for number, row in enumerate(self.table.rows, start=1):
            if len(row) != len(columns):
                wanted = Text(f"{len(columns)} cells", f"{len(columns)} 个单元格")
                raise RaggedRow(row=number, given=len(row), accepted=wanted)
            yield tuple(
                checked if kind is None or checked is None else mask(kind, checked)
                for column, kind, cell in zip(columns, masks, row, strict=True)
                for checked in (column.checked(cell, number),)
            )
