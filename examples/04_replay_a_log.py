"""Replay a help desk's event log through a workflow, a calendar with 調休, and two service levels.

    python examples/04_replay_a_log.py

The log and the map are in examples/data. Every event is replayed, or listed with the reason.
"""

from pathlib import Path
from tempfile import gettempdir

from csdomain.kernel.cases.timers import TimerState
from csdomain.reporting import CaseResult
from csdomain_adapters.replay import render_html, render_text, run_replay

DATA = Path(__file__).parent / "data"

late: list[str] = []


def note(case: CaseResult) -> None:
    """Cases come one by one, when they are finished; those that are still open come at the end."""
    if any(sla.state is TimerState.BREACHED for sla in case.slas):
        late.append(case.case)


report = run_replay(DATA / "help_desk_log.csv", DATA / "help_desk_map.toml", on_case=note)

print(render_text(report))
print(f"{len(late)} cases were late for something: {', '.join(sorted(late)[:5])} …")
assert report.events == report.replayed + sum(report.ignored.values()) + report.faults

page = Path(gettempdir()) / "help_desk.html"
page.write_text(render_html(report), encoding="utf-8")
print(f"the same with charts: {page}")
