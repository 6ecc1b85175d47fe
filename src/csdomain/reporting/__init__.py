"""Figures and reports: the replay of a real event log through a workflow, its calendar and its deadlines (RPT-06)."""

from .distribution import Distribution, Quantiles
from .log_faults import Fault, LogInvalid, MapInvalid, Reason, RowInvalid
from .replay import Replay, SeenCases
from .replay_map import ReplayMap, read_map
from .replay_plan import Plan, plan
from .replay_report import CaseResult, ReplayReport, SlaReport, StageReport
from .replay_text import render

__all__ = [
    "CaseResult",
    "Distribution",
    "Fault",
    "LogInvalid",
    "MapInvalid",
    "Plan",
    "Quantiles",
    "Reason",
    "Replay",
    "ReplayMap",
    "ReplayReport",
    "RowInvalid",
    "SeenCases",
    "SlaReport",
    "StageReport",
    "plan",
    "read_map",
    "render",
]
