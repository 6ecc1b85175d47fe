"""The columns and cells of a file: what a table becomes before it is CSV or XLSX (RPT-04)."""

from collections.abc import Callable, Iterator, Sized
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind
from csdomain.reporting.rules import EXPORTS
from csdomain.reporting.tables import Cell, ColumnKind, MalformedCell, ReportTable, TableColumn

from .guard import visible

#: Told how many rows more have been written.
Progress = Callable[[int], None]
#: A cell of a file. Money has become its amount; a datetime carries the zone it is shown in, to the second.
FileCell = str | int | bool | Decimal | date | datetime | None

#: What a spreadsheet holds. A longer text would run on into further cells, and begin them.
MOST_CHARACTERS: Final = 32_767
MOST_ROWS: Final = 1_048_576
MOST_COLUMNS: Final = 16_384
_REPORT_EVERY: Final = 1000
_CURRENCY: Final = Text("currency", "货币")


class ExportTooLarge(InvalidValue):
    """More rows, columns or characters in a cell than a spreadsheet holds; nothing has been written (RPT-04)."""

    default_rule = EXPORTS
    problem = Text("This is more than a spreadsheet holds.", "超出电子表格的容量。")


@attrs.frozen
class FileColumn:
    """A column of the file: its header, what stands in it, the column of the table it comes from."""

    header: str
    kind: ColumnKind
    source: TableColumn

    @property
    def phone(self) -> bool:
        """Whether telephone numbers stand in it."""
        return self.source.personal is PersonalKind.PHONE


@attrs.frozen
class Sheet:
    """A table laid out: columns, and rows that can be gone through once."""

    title: str
    columns: tuple[FileColumn, ...]
    rows: Iterator[list[FileCell]]


def lay_out(
    table: ReportTable, *, language: Language, zone: str, reveal: bool, progress: Progress | None, most_rows: int | None
) -> Sheet:
    """``table`` as columns and cells of a file, masked unless ``reveal``.

    Money without a currency of its column becomes two columns. ``progress`` is told of the rows as they are taken;
    ``most_rows`` counts the header. Raises UnknownZone, :class:`ExportTooLarge`, and, as the rows are gone through, the
    same and what :meth:`~csdomain.reporting.tables.ReportTable.shown` raises. [RPT-04, KRN-14]
    """
    place = zone_of(zone)
    shown = table.shown(reveal)
    columns = tuple(part for column in shown.columns for part in _columns(column, language, zone))
    if len(columns) > MOST_COLUMNS:
        raise _too_large(MOST_COLUMNS, Text("columns", "列"), given=len(columns))
    for column in columns:
        fit(column.header, column, 0)
    if isinstance(table.rows, Sized) and most_rows is not None and len(table.rows) >= most_rows:
        raise _too_many(most_rows)
    return Sheet(visible(table.title(language)), columns, _rows(shown, place, progress, most_rows))


def fit(text: str, column: FileColumn, row: int) -> str:
    """``text`` if a cell holds it, counted as spreadsheets do, in UTF-16 units. Raises :class:`ExportTooLarge`."""
    if len(text) > MOST_CHARACTERS // 2:
        units = len(text) + sum(character > "\uffff" for character in text)
        if units > MOST_CHARACTERS:
            place = {"column": column.source.name, "row": row}
            raise _too_large(MOST_CHARACTERS, Text("characters in a cell", "字符（每格）"), given=units, **place)
    return text


def _columns(column: TableColumn, language: Language, zone: str) -> Iterator[FileColumn]:
    def header(more: str) -> str:
        label = column.label(language)
        if more:
            label += f"（{more}）" if language == "zh" else f" ({more})"
        return visible(label)

    more = zone if column.kind is ColumnKind.INSTANT else column.currency or ""
    yield FileColumn(header(more), column.kind, column)
    if _brings_currency(column):
        yield FileColumn(header(_CURRENCY(language)), ColumnKind.TEXT, column)


def _brings_currency(column: TableColumn) -> bool:
    return column.kind is ColumnKind.MONEY and column.currency is None


def _rows(
    shown: ReportTable, zone: ZoneInfo, progress: Progress | None, most_rows: int | None
) -> Iterator[list[FileCell]]:
    ways = [_way(column, zone) for column in shown.columns]
    number = 0
    for number, row in enumerate(shown.rows, start=1):
        if most_rows is not None and number >= most_rows:
            raise _too_many(most_rows)
        cells: list[FileCell] = []
        for way, cell in zip(ways, row, strict=True):
            way(cells, cell, number)
        yield cells
        if progress is not None and not number % _REPORT_EVERY:
            progress(_REPORT_EVERY)
    if progress is not None and number % _REPORT_EVERY:
        progress(number % _REPORT_EVERY)


def _way(column: TableColumn, zone: ZoneInfo) -> Callable[[list[FileCell], Cell, int], None]:
    """How a cell of ``column`` is put into its row; the number of the row is for errors."""

    def instant(cells: list[FileCell], cell: Cell, row: int) -> None:
        if cell is None:
            cells.append(None)
            return
        try:
            local = cast("datetime", cell).astimezone(zone)
        except OverflowError:
            years = Text("the years 1 to 9999 in the zone", "该时区内公元 1 至 9999 年")
            raise MalformedCell(column=column.name, row=row, accepted=years) from None
        cells.append(local.replace(microsecond=0))

    def money(cells: list[FileCell], cell: Cell, row: int) -> None:
        amount = cast("Money | None", cell)
        cells.append(None if amount is None else amount.amount)
        if _brings_currency(column):
            cells.append(None if amount is None else amount.currency)

    def text(cells: list[FileCell], cell: Cell, row: int) -> None:
        # An Enum of strings is written as its value, which str() would not give.
        cells.append(None if cell is None else visible(str.__str__(cast("str", cell))))

    def plain(cells: list[FileCell], cell: Cell, row: int) -> None:
        cells.append(cast("FileCell", cell))

    return {ColumnKind.INSTANT: instant, ColumnKind.MONEY: money, ColumnKind.TEXT: text}.get(column.kind, plain)


def _too_many(most_rows: int) -> ExportTooLarge:
    return _too_large(most_rows, Text("rows with the header", "行（含表头）"))


def _too_large(maximum: int, what: Text, **facts: Any) -> ExportTooLarge:
    accepted = Text(f"at most {maximum:,} {what.en}", f"至多 {maximum:,} {what.zh}")
    return ExportTooLarge(accepted=accepted, maximum=maximum, **facts)
