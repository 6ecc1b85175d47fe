"""Writes report tables as CSV and XLSX files that are safe to open in a spreadsheet (RPT-04, KRN-14).

write_xlsx(table, "calls.xlsx", language="zh", zone="Asia/Shanghai", reveal=False)
"""

from .csv_file import write_csv
from .delivery import delivered
from .guard import UnknownDelimiter, guarded, recovered, visible
from .layout import ExportTooLarge, Progress
from .xlsx_file import write_xlsx

__all__ = [
    "ExportTooLarge",
    "Progress",
    "UnknownDelimiter",
    "delivered",
    "guarded",
    "recovered",
    "visible",
    "write_csv",
    "write_xlsx",
]
