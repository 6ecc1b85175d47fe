"""Random small logs over one workflow, and a slow second opinion on what a replay should say of them.

The oracle is written from the rule (RPT-06): it takes each case apart, walks its events with plain tables, and adds up
intervals. Only the calendar's ``between``, which has tests of its own, is shared with the library.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from hypothesis import strategies as st

from csdomain.kernel.calendar import WorkCalendar
from csdomain.reporting import Plan, Reason, Replay, ReplayReport, plan, read_map
from csdomain.reporting.replay_report import CaseResult

#: Minutes that no sum of events on a grid of ten minutes can be.
SOLVE_MINUTES = 423
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
STEPS: dict[tuple[str, str], str] = {
    ("new", "take"): "working",
    ("new", "note"): "new",
    ("working", "wait"): "waiting",
    ("working", "note"): "working",
    ("working", "solve"): "solved",
    ("waiting", "take"): "working",
    ("waiting", "solve"): "solved",
    ("solved", "take"): "working",
    ("solved", "close"): "closed",
}
MOVES = ("note", "take", "wait", "solve", "close")
ACTIVITIES = (*(move.upper() for move in MOVES), "MAIL", "JUNK")


def map_data(**changes: Any) -> dict[str, Any]:
    """A map as a TOML file gives it."""
    routes: dict[tuple[str, str], list[str]] = {}
    for (source, move), dest in STEPS.items():
        routes.setdefault((move, dest), []).append(source)
    return {
        "name": "test",
        "columns": {"case": "case", "activity": "activity", "time": "time", "who": "who"},
        "time": {"zone": "Europe/Rome", "format": "%Y-%m-%d %H:%M:%S"},
        "calendar": {
            "zone": "Europe/Rome",
            "weekly": {day: ["09:00-12:30", "14:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
            "yearly_holidays": ["03-19"],
        },
        "workflow": {
            "states": ["new", "working", "waiting", "solved", "closed"],
            "initial": "new",
            "final": ["closed"],
            "moves": [{"name": move, "from": sources, "to": dest} for (move, dest), sources in routes.items()],
        },
        "activities": {move.upper(): move for move in MOVES},
        "ignore": ["MAIL"],
        "sla": [
            {
                "name": "solved",
                "start": ["note", "take"],
                "pause": "wait",
                "resume": "take",
                "stop": "solve",
                "duration": f"{SOLVE_MINUTES} working minutes",
                "warnings": [50, 90],
            },
            {"name": "closed", "start": "solve", "stop": "close", "duration": "24 hours"},
        ],
    } | changes


def make_plan(**changes: Any) -> Plan:
    return plan(read_map(map_data(**changes)))


@attrs.frozen
class Row:
    case: str
    activity: str
    at: datetime
    who: str = ""


@st.composite
def cases(draw: st.DrawFn, most: int = 6) -> list[list[Row]]:
    """Events case by case; mostly in order, now and then out of it, with activities that fit, do not, or are none."""
    found = []
    for number in range(draw(st.integers(1, most))):
        at, rows = MONDAY + timedelta(hours=draw(st.integers(0, 400))), []
        for _ in range(draw(st.integers(0, 9))):
            at += timedelta(minutes=10 * draw(st.sampled_from([0, 0, 1, 6, 25, 140, 600, 1500, -1])))
            rows.append(Row(f"c{number}", draw(st.sampled_from(ACTIVITIES)), at, draw(st.sampled_from(["", "a", "b"]))))
        found.append(rows)
    return found


@st.composite
def merged(draw: st.DrawFn, parts: Sequence[Sequence[Row]]) -> list[Row]:
    """All rows in one list, those of a case in their order, the cases mixed."""
    queues, rows = [list(part) for part in parts if part], []
    while queues:
        queue = draw(st.sampled_from(queues))
        rows.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    return rows


def replayed(plan: Plan, rows: Iterable[Row], **options: Any) -> tuple[ReplayReport, dict[str, CaseResult]]:
    """The report, and the result of each case by its id."""
    results: dict[str, CaseResult] = {}
    replay = Replay(plan, on_case=lambda case: results.update({case.case: case}), **options)
    for line, row in enumerate(rows, start=2):
        replay.take(line, row.case, row.activity, row.at, row.who)
    return replay.finish("log"), results


@attrs.define
class Case:
    """What the oracle makes of one case."""

    fates: list[Reason | str] = attrs.field(factory=list)
    moves: list[tuple[str, str, str, datetime]] = attrs.field(factory=list)  # move, from, to, when
    state: str = ""


def walk(rows: Sequence[Row]) -> Case:
    """One case by itself: the fate of each row, and the moves that were made."""
    case, last = Case(), datetime.min.replace(tzinfo=UTC)
    for row in rows:
        move = row.activity.lower()
        source = case.state or "new"
        if row.activity == "MAIL":
            case.fates.append("ignored")
        elif move not in MOVES:
            case.fates.append(Reason.UNMAPPED_ACTIVITY)
        elif case.state == "closed":
            case.fates.append(Reason.AFTER_THE_END)
        elif row.at < last:
            case.fates.append(Reason.OUT_OF_ORDER)
        else:
            last = row.at
            if (source, move) in STEPS:
                case.fates.append("replayed")
                case.moves.append((move, case.state, STEPS[source, move], row.at))
                case.state = STEPS[source, move]
            else:
                case.fates.append(Reason.UNFITTING_MOVE)
    return case


def visits(case: Case, end: datetime) -> list[tuple[str, datetime, datetime, bool]]:
    """State, from, to, and whether it was left, for each uninterrupted stay."""
    found: list[tuple[str, datetime, datetime, bool]] = []
    for _, source, dest, at in case.moves:
        if source == dest:
            continue
        if found:
            state, since, _, _ = found[-1]
            found[-1] = (state, since, at, True)
        found.append((dest, at, end, False))
    if found and found[-1][0] == "closed":
        state, since, _, _ = found[-1]
        found[-1] = (state, since, since, False)
    return found


def solve_timers(case: Case, end: datetime, calendar: WorkCalendar) -> list[tuple[str, timedelta]]:
    """Outcome and used working time of each timer of ``solved``: open time between its moves, every wait left out."""
    budget = timedelta(minutes=SOLVE_MINUTES)
    found: list[tuple[str, timedelta]] = []
    running: list[tuple[datetime, datetime | None]] = []

    def used(until: datetime) -> timedelta:
        return sum((calendar.between(since, upto or until) for since, upto in running), timedelta(0))

    def over(until: datetime, done: str) -> None:
        spent = used(until)
        found.append(("breached" if spent > budget else done, spent))
        running.clear()

    for move, _, dest, at in case.moves:
        waits = bool(running) and running[-1][1] is not None
        if (move in ("note", "take") and not running) or (move == "take" and waits):
            running.append((at, None))
        elif move == "wait" and running and not waits:
            running[-1] = (running[-1][0], at)
        elif move == "solve" and running:
            over(at, "met")
        if dest == "closed" and running:
            over(at, "cancelled")
    if running:
        over(end, "paused" if running[-1][1] is not None else "running")
    return found
