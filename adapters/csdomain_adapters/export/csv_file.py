"""CSV that spreadsheets read right, and read no formula in (RPT-04)."""

import csv
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Final

from csdomain.kernel.rules import Language
from csdomain.reporting.tables import ReportTable

from .delivery import Target, delivered
from .guard import guarded, is_phone
from .layout import FileCell, FileColumn, Progress, fit, lay_out

_TRUTH: Final = {True: "TRUE", False: "FALSE"}


def write_csv(
    table: ReportTable,
    target: Target | IO[str],
    *,
    language: Language,
    zone: str,
    reveal: bool,
    delimiter: str = ",",
    bom: bool = True,
    progress: Progress | None = None,
) -> None:
    """Write ``table`` as CSV, in UTF-8, with a header and CRLF line ends, to a path or a stream. A text stream must
    have been opened with ``newline=""``, and with UTF-8 where it encodes.

    Personal columns are masked unless ``reveal``, which takes a permission. ``zone`` (IANA) is the one that times are
    shown in, as ``2026-10-08 09:00:00+08:00``, later fractions of a second dropped. ``bom`` makes Excel read UTF-8.

    Texts are guarded by an apostrophe as :func:`~csdomain_adapters.export.guard.guarded` says, which
    :func:`~csdomain_adapters.export.guard.recovered` undoes, but for telephone numbers in columns of such
    (:func:`~csdomain_adapters.export.guard.is_phone`). Numbers are digits, a point and a leading minus, nothing else.

    Rows are streamed, in flat memory; ``progress`` is told of them. Where anything is refused, or ``progress`` raises,
    the target stays as it was. Raises UnknownDelimiter, UnknownZone, ExportTooLarge for a cell, what
    :meth:`~csdomain.reporting.tables.ReportTable.shown` raises, and ``OSError``. A file may have more rows than a
    spreadsheet holds. [RPT-04, KRN-14]
    """
    guarded("", delimiter)
    sheet = lay_out(table, language=language, zone=zone, reveal=reveal, progress=progress, most_rows=None)
    with delivered(target) as made, made.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        headers = [fit(guarded(column.header, delimiter), column, 0) for column in sheet.columns]
        writer.writerow(headers)
        for number, row in enumerate(sheet.rows, start=1):
            cells = zip(row, sheet.columns, strict=True)
            writer.writerow([_written(cell, column, number, delimiter) for cell, column in cells])


def _written(cell: FileCell, column: FileColumn, row: int, delimiter: str) -> str:
    if isinstance(cell, str):
        if column.phone and is_phone(cell):
            return cell
        return fit(guarded(cell, delimiter), column, row)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return _TRUTH[cell]
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date) else f"{int(cell)}"
