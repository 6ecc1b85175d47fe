"""XLSX with typed cells and no formula, by XlsxWriter (RPT-04)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import MissingBackend
from csdomain.reporting.tables import ColumnKind, ReportTable

from .delivery import Target, delivered
from .layout import MOST_ROWS, FileCell, FileColumn, Progress, Sheet, fit, lay_out

#: Spreadsheets keep 15 digits of a number and write zeros for the rest.
_DIGITS: Final = 15
#: Before this date Excel counts a day that never was, and programs disagree.
_FIRST_DATE: Final = date(1900, 3, 1)
#: The files within the file carry this date too; the clock is not asked, so that one table makes one file.
_NO_DATE: Final = datetime(1980, 1, 1, tzinfo=UTC)
_WIDTHS: Final = {ColumnKind.TEXT: 24, ColumnKind.INSTANT: 28, ColumnKind.MONEY: 16}
_WIDTH: Final = 12
_WIDEST: Final = 60
#: An underscore that begins what reads as an escape, as it stands or once the carriage return has become one.
_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}[_\r])")
_NOT_IN_A_NAME: Final = re.compile(r"[\[\]:*?/\\\t\r\n]")
_LONGEST_NAME: Final = 31
#: Excel keeps this name for itself.
_TAKEN: Final = "history"


def write_xlsx(
    table: ReportTable,
    target: Target,
    *,
    language: Language,
    zone: str,
    reveal: bool,
    progress: Progress | None = None,
) -> None:
    """Write ``table`` as an XLSX workbook of one sheet to a path or a binary stream; one table always makes one file.

    Personal columns are masked unless ``reveal``, which takes a permission. Every text is a typed string cell, as it
    is. Numbers and dates are typed too, where no digit is lost: a number of more than 15 digits and a date before March
    1900 are texts. Times are the wall time of ``zone`` (IANA), with their offset shown in the cell and later fractions
    of a second dropped.

    Rows are streamed, in flat memory; ``progress`` is told of them. Where anything is refused, or ``progress`` raises,
    the target stays as it was. Raises MissingBackend without the extra ``export``, UnknownZone, ExportTooLarge, what
    :meth:`~csdomain.reporting.tables.ReportTable.shown` raises, and ``OSError``. [RPT-04, KRN-14]
    """
    sheet = lay_out(table, language=language, zone=zone, reveal=reveal, progress=progress, most_rows=MOST_ROWS)
    with delivered(target) as made, _book(made) as book:
        _fill(book, sheet)


@contextmanager
def _book(made: Path) -> Iterator[Any]:
    try:
        from xlsxwriter import Workbook
        from xlsxwriter.exceptions import FileCreateError
    except ModuleNotFoundError as error:
        install = "pip install 'csdomain[export]'"
        raise MissingBackend(missing=error.name or "", accepted=Text(install, install)) from error
    options = {
        "constant_memory": True,
        "tmpdir": str(made.parent),  # private, and gone at the end, also where writing fails
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = Workbook(str(made), options)
    book.use_zip64()  # a sheet of more than 2 GB is written, not refused
    try:
        yield book
        book.close()
    except FileCreateError as error:
        raise error.args[0] from None  # the OSError within
    finally:
        for sheet in book.worksheets():
            sheet.row_data_fh.close()


def _fill(book: Any, laid: Sheet) -> None:
    book.set_properties({"title": laid.title, "created": _NO_DATE})
    sheet = book.add_worksheet(sheet_name(laid.title))
    # The length of texts is looked at here (`fit`); XlsxWriter would cut them, and its own markup with them.
    sheet.xls_strmax = 1 << 30
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for at, column in enumerate(laid.columns):
        wide = sum(1 + (character > "\u2e7f") for character in column.header) + 2
        sheet.set_column(at, at, min(max(wide, _WIDTHS.get(column.kind, _WIDTH)), _WIDEST))
    for at, column in enumerate(laid.columns):
        sheet.write_string(0, at, markup(column.header), bold)

    @cache
    def number_format(pattern: str) -> Any:
        return book.add_format({"num_format": pattern})

    for number, row in enumerate(laid.rows, start=1):
        for at, (cell, column) in enumerate(zip(row, laid.columns, strict=True)):
            if cell is not None:
                _write(sheet, number, at, cell, column, number_format)


def _write(
    sheet: Any, row: int, at: int, cell: FileCell, column: FileColumn, number_format: Callable[[str], Any]
) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, at, markup(fit(cell, column, row)))
    elif isinstance(cell, bool):
        sheet.write_boolean(row, at, cell)
    elif isinstance(cell, int | Decimal):
        amount = Decimal(cell)
        if exactly_held(amount):
            places = -min(int(amount.as_tuple().exponent), 0)
            whole = "#,##0" if column.kind is ColumnKind.MONEY else "0"
            sheet.write_number(row, at, float(amount), number_format(whole + "." * bool(places) + "0" * places))
        else:
            sheet.write_string(row, at, f"{amount:f}")
    elif isinstance(cell, datetime):
        if cell.date() < _FIRST_DATE:
            sheet.write_string(row, at, cell.isoformat(sep=" "))
        else:
            offset = cell.isoformat()[len("2026-10-08T09:00:00") :]
            shown = number_format(f'yyyy-mm-dd hh:mm:ss "{offset}"')
            sheet.write_datetime(row, at, cell.replace(tzinfo=None), shown)
    elif isinstance(cell, date):
        if cell < _FIRST_DATE:
            sheet.write_string(row, at, cell.isoformat())
        else:
            sheet.write_datetime(row, at, cell, number_format("yyyy-mm-dd"))


def exactly_held(number: Decimal) -> bool:
    """Whether a spreadsheet keeps and shows every digit of ``number``, those after the point as well.

    >>> exactly_held(Decimal("999999999999.999")), exactly_held(Decimal(2**53))
    (True, False)
    """
    _, digits, exponent = number.as_tuple()
    return len(digits) <= _DIGITS and number.adjusted() < _DIGITS and int(exponent) >= -_DIGITS


def markup(text: str) -> str:
    """``text`` so that XlsxWriter writes it as a string and readers get it back whole.

    XlsxWriter takes a text that begins with ``<r>`` and ends with ``</r>`` for markup of its own and writes it raw, a
    formula with it if there is one inside. Of what reads as escapes that share an underscore (``_x0041_x0042_``) it
    escapes only every other. Such texts go through as markup that is made here, where nothing is left to take apart.
    """
    if not (text.startswith("<r>") and text.endswith("</r>")) and _ESCAPED.search(text) is None:
        return text
    whole = escape(_ESCAPED.sub("_x005F_", text), quote=False).replace("\r", "_x000D_")
    # As a reference the underscore is out of XlsxWriter's sight.
    return f'<r><t xml:space="preserve">{whole.replace("_", "&#95;")}</t></r>'


def sheet_name(title: str) -> str:
    """``title`` as far as Excel takes it for the name of a sheet.

    >>> sheet_name("Calls: October/November 2026, all branches")
    'Calls  October November 2026, a'
    """
    name = _NOT_IN_A_NAME.sub(" ", title)
    while len(name) + sum(character > "\uffff" for character in name) > _LONGEST_NAME:
        name = name[:-1]
    name = name.strip("' ")
    return f"{name or 'Sheet'} 1" if not name or name.lower() == _TAKEN else name
