"""Replays a CSV log through a workflow that a TOML map describes, and reports it as text, JSON and one HTML page.

report = run_replay(Path("log.csv"), Path("map.toml"))
print(render_text(report))
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

from csdomain.contexts import lifecycles
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.rules import Language
from csdomain.opening import HOLIDAYS, adapter
from csdomain.reporting.log_faults import Fault
from csdomain.reporting.replay import Replay
from csdomain.reporting.replay_map import read_map
from csdomain.reporting.replay_plan import Plan
from csdomain.reporting.replay_plan import plan as planned
from csdomain.reporting.replay_report import CaseResult, ReplayReport
from csdomain.reporting.replay_text import render

from .log import Progress, feed
from .maps import read_toml
from .page import render_html
from .seen import SeenOnDisk
from .sorting import RestingOnDisk

__all__ = ["Progress", "SeenOnDisk", "as_json", "load_map", "render_html", "render_text", "run_replay"]


def load_map(path: Path) -> Plan:
    """The plan of a map file. Raises :class:`~csdomain.reporting.log_faults.MapInvalid`, key paths in it. [RPT-06]"""
    return planned(read_map(read_toml(path)), holidays=_holidays, lifecycles=lifecycles())


def _holidays(name: str) -> Holidays | None:
    if name not in entry_points(group=HOLIDAYS).names:
        return None
    return cast("Holidays", adapter(HOLIDAYS, name)())


def run_replay(
    log: Path,
    map: Path,
    *,
    progress: Progress | None = None,
    strict: bool = False,
    on_case: Callable[[CaseResult], None] | None = None,
    on_fault: Callable[[Fault], None] | None = None,
) -> ReplayReport:
    """Replay a CSV log through the workflow, calendar and service levels of a map file.

    The log is read as a stream; memory holds the open cases, not the log. ``progress`` is told of bytes, ``on_case`` of
    each case, ``on_fault`` of each event that is not replayed. ``strict`` stops at the first of those.

    Raises MapInvalid, the subclasses of LogInvalid, and where ``strict`` those of RowInvalid. [RPT-06]
    """
    plan = load_map(map)
    with SeenOnDisk() as seen, RestingOnDisk() as resting:
        replay = Replay(plan, strict=strict, seen=seen, resting=resting, on_case=on_case, on_fault=on_fault)
        feed(replay, log, progress)
        return replay.finish(log.name)


def render_text(report: ReplayReport, language: Language = "en") -> str:
    """The report for people."""
    return render(report, language)


def as_json(report: ReplayReport) -> dict[str, Any]:
    """The report for programs: durations in seconds, instants in UTC."""
    return report.as_data()
