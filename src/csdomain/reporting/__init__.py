"""Figures and reports: tables to export (RPT-04), the replay of a real event log (RPT-06), what-if."""

from .distribution import Distribution, Quantiles
from .log_faults import Fault, LogInvalid, MapInvalid, Reason, RowInvalid
from .replay import Replay, RestingCases, SeenCases
from .replay_map import ReplayMap, read_map
from .replay_plan import Plan, plan
from .replay_report import CaseResult, ReplayReport, SlaReport, StageReport
from .replay_text import render
from .tables import Cell, ColumnKind, MalformedCell, MalformedTable, RaggedRow, ReportTable, TableColumn
from .whatif import WhatIf, what_if
from .whatif_report import WhatIfReport

__all__ = [
    "CaseResult",
    "Cell",
    "ColumnKind",
    "Distribution",
    "Fault",
    "LogInvalid",
    "MalformedCell",
    "MalformedTable",
    "MapInvalid",
    "Plan",
    "Quantiles",
    "RaggedRow",
    "Reason",
    "Replay",
    "ReplayMap",
    "ReplayReport",
    "ReportTable",
    "RestingCases",
    "RowInvalid",
    "SeenCases",
    "SlaReport",
    "StageReport",
    "TableColumn",
    "WhatIf",
    "WhatIfReport",
    "plan",
    "read_map",
    "render",
    "what_if",
]
