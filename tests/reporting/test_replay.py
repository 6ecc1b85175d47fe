"""The replay against a slow second opinion, over random logs (RPT-06)."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from csdomain.complaints.lifecycle import COMPLAINT_MOVES
from csdomain.kernel.cases import timers
from csdomain.kernel.cases.effects import Effect, PauseTimer, ResumeTimer, StartTimer, StopTimer
from csdomain.kernel.cases.events import Moved
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import NaiveTime
from csdomain.kernel.store.sweeping import sweep
from csdomain.kernel.store.unit import Backstage
from csdomain.reporting import Fault, Reason, Replay, ReplayReport, plan, read_map
from csdomain.reporting.log_faults import (
    AfterTheEnd,
    BeyondCalendar,
    EmptyLog,
    MissingField,
    OutOfOrder,
    RowInvalid,
    UnfittingMove,
    UnmappedActivity,
    UnparsableTime,
)
from csdomain.reporting.rules import REPLAY
from csdomain.testing import SequentialIds
from csdomain_adapters.memory import MemoryStore
from reporting.logs import (
    MONDAY,
    SOLVE_MINUTES,
    STEPS,
    Case,
    Row,
    cases,
    make_plan,
    map_data,
    merged,
    replayed,
    solve_timers,
    visits,
    walk,
)

PLAN = make_plan()
TICK = timedelta(microseconds=1)


def nearest(values: list[timedelta], percent: int) -> int:
    """The quantile by its definition, in microseconds."""
    values = sorted(values)
    for value in values:
        if sum(other <= value for other in values) * 100 >= percent * len(values):
            return value // TICK
    return 0


def without_lines(report: ReplayReport) -> dict[str, Any]:
    """The report but for where in the file things stand."""
    data = report.as_data()
    for group in data["groups"]:
        del group["line"]
    for fault in data["faults"]:
        del fault["line"]
    data["faults"].sort(key=str)
    data["groups"].sort(key=str)
    return data


def last_replayed(walked: dict[str, Case]) -> datetime:
    return max(at for case in walked.values() for *_, at in case.moves)


# --- every event is accounted for -------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@given(cases(), st.data())
def test_every_event_is_replayed_or_listed_with_its_reason(parts: list[list[Row]], data: st.DataObject) -> None:
    rows = data.draw(merged(parts))
    assume(rows)
    report, results = replayed(PLAN, rows)
    walked = {part[0].case: walk(part) for part in parts if part}
    fates = {case: iter(walked[case].fates) for case in walked}
    expected = {line: next(fates[row.case]) for line, row in enumerate(rows, start=2)}
    assert {fault.line: fault.reason for fault in report.listed} == {
        line: fate for line, fate in expected.items() if isinstance(fate, Reason)
    }
    counted = Counter(expected.values())
    assert report.replayed == counted["replayed"]
    assert sum(report.ignored.values()) == counted["ignored"]
    assert report.events == len(rows) == report.replayed + sum(report.ignored.values()) + report.faults
    assert report.reasons == {reason: counted[reason] for reason in Reason if counted[reason]}
    fitting, unfitting = (
        (sum(figure) for figure in zip(*report.moves.values(), strict=True)) if report.moves else (0, 0)
    )
    assert (fitting, unfitting) == (counted["replayed"], counted[Reason.UNFITTING_MOVE])
    reached = {case for case, one in walked.items() if {"replayed", Reason.UNFITTING_MOVE} & set(one.fates)}
    assert report.cases == len(reached) == report.finished + report.open + report.unopened
    assert report.finished == sum(one.state == "closed" for one in walked.values())
    assert report.open + report.finished == len(results) == sum(bool(one.moves) for one in walked.values())
    assert sum(r.fitting for r in results.values()) == report.replayed


@pytest.mark.rule(REPLAY)
@given(cases(), st.data())
def test_a_log_by_case_and_the_same_log_mixed_say_the_same(parts: list[list[Row]], data: st.DataObject) -> None:
    by_case = [row for part in parts for row in part]
    assume(by_case)
    mixed = data.draw(merged(parts))
    one, ones = replayed(PLAN, by_case)
    other, others = replayed(PLAN, mixed)
    assert without_lines(one) == without_lines(other)
    assert ones == others


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@given(cases())
def test_the_stages_of_a_case_make_up_its_whole_time(parts: list[list[Row]]) -> None:
    rows = [row for part in parts for row in part]
    assume(any(walk(part).moves for part in parts))
    report, results = replayed(PLAN, rows)
    end = last_replayed({part[0].case: walk(part) for part in parts if part})
    assert report.as_of == end
    for part in parts:
        moves = walk(part).moves
        if not moves:
            continue
        result = results[part[0].case]
        until = moves[-1][3] if moves[-1][2] == "closed" else end
        assert (result.opened_at, result.until, result.state) == (moves[0][3], until, moves[-1][2])
        assert sum(stay.elapsed for stay in result.stays) == (until - moves[0][3]) // TICK
        assert sum(stay.working for stay in result.stays) == PLAN.calendar.between(moves[0][3], until) // TICK


@pytest.mark.rule(REPLAY)
@given(cases(), st.integers(0, 3))
def test_stages_tell_visits_cases_and_their_times(parts: list[list[Row]], order: int) -> None:
    walked = {part[0].case: walk(part) for part in parts if part}
    assume(any(case.moves for case in walked.values()))
    report, _ = replayed(PLAN, [row for part in parts[order:] + parts[:order] for row in part])
    end = last_replayed(walked)
    elapsed: dict[str, list[timedelta]] = defaultdict(list)
    working: dict[str, list[timedelta]] = defaultdict(list)
    seen, still, who = Counter[str](), Counter[str](), defaultdict[str, set[str]](set)
    for id, case in walked.items():
        for state, since, until, left in visits(case, end):
            seen[state] += 1
            who[state].add(id)
            still[state] += not left and state != "closed"
            if left:
                elapsed[state].append(until - since)
                working[state].append(PLAN.calendar.between(since, until))
    moves = Counter(move for case in walked.values() for move in ((m, s, d) for m, s, d, _ in case.moves))
    for stage in report.stages[1:]:
        name = stage.state
        assert (stage.visits, stage.cases, stage.still) == (seen[name], len(who[name]), still[name])
        assert (stage.elapsed.count, stage.working.count) == (len(elapsed[name]), len(working[name]))
        assert (stage.elapsed.median, stage.elapsed.p90) == (nearest(elapsed[name], 50), nearest(elapsed[name], 90))
        assert (stage.working.median, stage.working.p90) == (nearest(working[name], 50), nearest(working[name], 90))
    told = {(m.move, m.source, m.dest): m.count for stage in report.stages for m in stage.moves if m.fitting}
    assert told == moves


# --- service levels ---------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@pytest.mark.rule("KRN-06")
@given(cases())
def test_a_service_level_is_met_when_no_more_than_its_working_time_was_used(parts: list[list[Row]]) -> None:
    walked = {part[0].case: walk(part) for part in parts if part}
    assume(any(case.moves for case in walked.values()))
    report, results = replayed(PLAN, [row for part in parts for row in part])
    end = last_replayed(walked)
    total: Counter[str] = Counter()
    for id, case in walked.items():
        expected = solve_timers(case, end, PLAN.calendar)
        found = results[id].slas if id in results else ()
        assert [(o.state.value, o.used * TICK) for o in found if o.sla == "solved"] == expected
        total.update(outcome for outcome, _ in expected)
    sla = report.slas[0]
    assert sla.started == sum(total.values()) == sla.met + sla.breached + sla.cancelled + sla.open
    assert (sla.met, sla.breached, sla.cancelled) == (total["met"], total["breached"], total["cancelled"])
    assert sla.open == total["running"] + total["paused"]
    breached = [o for r in results.values() for o in r.slas if o.sla == "solved" and o.state is TimerState.BREACHED]
    assert sla.unfinished == sum(not o.completed for o in breached)
    assert all(o.late * TICK == o.used * TICK - timedelta(minutes=SOLVE_MINUTES) for o in breached)
    late = sorted((o.late for r in results.values() for o in r.slas if o.sla == "solved" and o.late), reverse=True)
    assert [one.outcome.late for one in sla.worst if one.outcome.late] == late[:5]


@pytest.mark.rule(REPLAY)
@given(cases())
def test_a_service_level_on_the_clock_counts_nights_and_weekends(parts: list[list[Row]]) -> None:
    rows = [row for part in parts for row in part]
    assume(any(walk(part).moves for part in parts))
    _, results = replayed(PLAN, rows)
    for result in results.values():
        for outcome in (o for o in result.slas if o.sla == "closed"):
            assert outcome.due_at == outcome.started_at + timedelta(hours=24)
            assert outcome.used * TICK == outcome.until - outcome.started_at
            assert (outcome.state is TimerState.BREACHED) == (outcome.until > outcome.due_at)
            assert outcome.late * TICK == max(outcome.until - outcome.due_at, timedelta(0))


@pytest.mark.rule(REPLAY, "KRN-06")
@pytest.mark.parametrize("unit", ["working minutes", "minutes", "days, same hour", "working days"])
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=9))
def test_f11_waiting_never_counts_as_used_or_late(unit: str, gaps: list[int]) -> None:
    count = 2 if "day" in unit else 2_000
    changes = map_data()["sla"][0] | {"duration": f"{count} {unit}", "start": "take", "resume": "take"}
    known = make_plan(sla=[changes])
    at, rows, waits, last = MONDAY, [Row("c", "TAKE", MONDAY)], [], MONDAY
    for i, gap in enumerate(gaps):
        at += timedelta(minutes=gap)
        rows.append(Row("c", "TAKE" if i % 2 else "WAIT", at))
        waits += [(last, at)] if i % 2 else []
        last = at
    done = at + timedelta(minutes=7)
    waits += [(last, done)] if len(gaps) % 2 else []
    report, results = replayed(known, [*rows, Row("c", "SOLVE", done)])
    (outcome,) = results["c"].slas

    def counted(since: datetime, until: datetime) -> timedelta:
        return known.calendar.between(since, until) if "working" in unit else until - since

    spent = counted(MONDAY, done) - sum((counted(*wait) for wait in waits), timedelta(0))
    assert outcome.used * TICK == spent
    # What is done in the night after the last allowed minute is late by no working time.
    assert outcome.state is TimerState.BREACHED or spent <= outcome.allowed * TICK
    assert outcome.state is TimerState.MET or spent >= outcome.allowed * TICK
    assert outcome.late == max(outcome.used - outcome.allowed, 0)
    assert report.slas[0].share.median == outcome.used * 1_000_000 // outcome.allowed
    # A warning is reached where so much of the time was used, and by nobody else; what is used up to the minute at
    # closing time may be warned of at the next opening.
    for percent, warned in report.slas[0].warned.items():
        share = outcome.used * 100 - outcome.allowed * percent
        assert warned == int(share > 0) or share == 0
    assert set(report.slas[0].warned) == {50, 90}


@pytest.mark.rule(REPLAY, "KRN-06")
@pytest.mark.parametrize("unit", ["working minutes", "minutes", "days, same hour", "days", "working days"])
@given(
    gaps=st.lists(st.integers(0, 3_000), min_size=1, max_size=9),
    ends=st.sampled_from(["SOLVE", "CLOSE", ""]),
    swept=st.booleans(),
)
def test_f11_the_replay_of_a_trail_says_what_the_desk_says(unit: str, gaps: list[int], ends: str, swept: bool) -> None:
    data = map_data()
    data["workflow"]["moves"] += [{"name": "drop", "from": ["working", "waiting"], "to": "closed"}]
    data["activities"] |= {"CLOSE": "drop"}
    duration = f"{2 if 'day' in unit else 2_000} {unit}"
    known = plan(read_map(data | {"sla": [data["sla"][0] | {"duration": duration, "start": "take", "resume": "take"}]}))
    sla = known.slas[0]
    store = MemoryStore(Backstage(lambda _name: known.calendar, SequentialIds()))
    at, activity = MONDAY, "TAKE"
    timer = timers.start("c", sla.name, known.calendar, sla.duration, at, warnings=sla.warnings)
    effects: list[Effect] = [StartTimer(timer)]
    for gap in (*gaps, None):
        moved = Moved(subject="c", by=timers.SYSTEM, at=at, move=activity, source="", dest="")
        store.run(lambda unit: unit.record([moved], effects))  # noqa: B023 - run at once
        if gap is None or activity == ends:
            break
        at += timedelta(minutes=gap)
        if swept:
            sweep(store, at)
        activity = ends if ends and gap % 5 == 0 else "WAIT" if activity == "TAKE" else "TAKE"
        means: dict[str, Effect] = {
            "WAIT": PauseTimer("c", sla.name, at),
            "TAKE": ResumeTimer("c", sla.name, at),
            "SOLVE": StopTimer("c", sla.name, at),
            "CLOSE": StopTimer("c", sla.name, at, cancelled=True),
        }
        effects = [means[activity]]
    rows = [Row("c", r.move, r.at) for r in store.look(lambda unit: unit.trail("c")) if r.move]
    _, results = replayed(known, rows)
    outcome = results["c"].slas[0]
    sweep(store, at)
    (live,) = store.look(lambda unit: unit.timers_of("c"))
    said = timers.explain(live, known.calendar, at + timedelta(days=0 if live.live or live.overdue else 9))
    figures = (said.state, said.started_at, said.due_at, said.used // TICK, said.late // TICK, said.budget // TICK)
    replays = (outcome.state, outcome.started_at, outcome.due_at, outcome.used, outcome.late, outcome.allowed)
    assert figures == replays
    assert outcome.completed is (live.completed_at is not None)


@pytest.mark.rule(REPLAY, "KRN-06")
def test_f11_waits_after_the_deadline_are_told_with_the_deadline() -> None:
    # From 09:00 in Rome: 450 minutes, a week of waiting, 120 minutes; agreed are 423.
    days = [timedelta(hours=9), timedelta(days=7), timedelta(days=7, hours=2)]
    moves = zip(("WAIT", "TAKE", "SOLVE"), days, strict=True)
    rows = [Row("c", "TAKE", MONDAY), *(Row("c", move, MONDAY + after) for move, after in moves)]
    report, results = replayed(make_plan(), rows)
    outcome = results["c"].slas[0]
    assert (outcome.used * TICK, outcome.late * TICK) == (
        timedelta(minutes=570),
        timedelta(minutes=570 - SOLVE_MINUTES),
    )
    (worst,) = report.slas[0].worst
    assert "waited from 2026-03-02 18:00 to 2026-03-09 09:00 after the deadline" in worst.text("en")
    assert "期限后等待 2026-03-02 18:00 至 2026-03-09 09:00" in worst.text("zh")


@pytest.mark.rule(REPLAY)
def test_the_latest_cases_come_first_with_their_deadlines_explained() -> None:
    rows = []
    for number in range(9):
        start = MONDAY + timedelta(days=number % 4)
        rows += [Row(f"c{number}", "TAKE", start), Row(f"c{number}", "SOLVE", start + timedelta(days=7, hours=number))]
    report, _ = replayed(PLAN, rows, worst=3)
    worst = report.slas[0].worst
    assert [late.case for late in worst] == ["c8", "c7", "c6"]
    assert [late.outcome.late for late in worst] == sorted((late.outcome.late for late in worst), reverse=True)
    for late in worst:
        assert late.explained.first_due_at == late.outcome.due_at
        assert sum((day.used for day in late.explained.counted.days), timedelta(0)) == timedelta(minutes=423)
        assert "due 2026-03" in late.text("en")
        assert "期限：2026-03" in late.text("zh")


@pytest.mark.rule(REPLAY)
def test_warnings_are_counted_where_they_were_passed() -> None:
    noon = MONDAY + timedelta(hours=3)  # 12:00 in Rome: three hours of 423 minutes are 42 %
    late = noon + timedelta(hours=4)  # 16:00: 330 minutes are 78 %
    rows = [Row("a", "TAKE", MONDAY), Row("a", "SOLVE", noon), Row("b", "TAKE", MONDAY), Row("b", "SOLVE", late)]
    rows += [Row("c", "TAKE", MONDAY), Row("c", "WAIT", late), Row("d", "TAKE", MONDAY)]
    rows += [Row("d", "NOTE", MONDAY + timedelta(days=3))]
    report, _ = replayed(PLAN, rows)
    assert report.slas[0].warned == {50: 3, 90: 1}


# --- what a case is, and what it is not -------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
def test_handing_over_is_counted_between_people_who_are_known() -> None:
    people = ["a", "a", "", "b", "a"]
    activities = ["TAKE", "WAIT", "TAKE", "WAIT", "TAKE"]
    rows = [
        Row("c", activity, MONDAY + timedelta(hours=i), who)
        for i, (activity, who) in enumerate(zip(activities, people, strict=True))
    ]
    report, results = replayed(PLAN, rows)
    assert report.handovers == results["c"].handovers == 2


@pytest.mark.rule(REPLAY)
def test_a_workflow_that_is_opened_by_a_move_is_opened_by_nothing_else() -> None:
    data = map_data(
        workflow={"lifecycle": "complaint", "path": "departments"},
        activities={"In": "receive", "Ours": "check", "Yes": "accept", "End": "withdraw"},
        sla=[{"name": "close", "start": "accept", "stop": "withdraw", "duration": "6 days"}],
    )
    complaint = plan(read_map(data), lifecycles=[COMPLAINT_MOVES])
    rows = [Row("a", "Yes", MONDAY), Row("a", "In", MONDAY), Row("a", "In", MONDAY)]
    rows += [Row("a", "Ours", MONDAY + timedelta(hours=1)), Row("a", "Yes", MONDAY + timedelta(hours=2))]
    rows += [Row("a", "End", MONDAY + timedelta(days=3))]
    rows += [Row("b", "End", MONDAY)]
    report, results = replayed(complaint, rows)
    assert [(f.line, f.reason, f.state) for f in report.listed] == [
        (2, Reason.UNFITTING_MOVE, ""),
        (4, Reason.UNFITTING_MOVE, "received"),
        (8, Reason.UNFITTING_MOVE, ""),
    ]
    assert (report.cases, report.finished, report.unopened) == (2, 1, 1)
    assert [(s.state, s.visits, s.elapsed * TICK) for s in results["a"].stays] == [
        ("received", 1, timedelta(hours=1)),
        ("checked", 1, timedelta(hours=1)),
        ("accepted", 1, timedelta(hours=70)),
        ("withdrawn", 1, timedelta(0)),
    ]
    assert report.listed[0].accepted is not None
    assert report.listed[0].accepted.en == "receive"
    assert report.slas[0].met == 1


@pytest.mark.rule(REPLAY)
@pytest.mark.rule("KRN-07")
def test_the_table_of_a_replay_is_the_lifecycle_itself() -> None:
    from csdomain.reporting.replay_table import table

    nodes = table(PLAN, 1)
    for state, node in nodes.items():
        for activity, fit in node.fits.items():
            source = "new" if state is None else state.value
            assert (fit.dest.name if fit.dest else None) == STEPS.get((source, activity.lower()))


@pytest.mark.rule(REPLAY)
def test_months_are_those_of_the_calendars_zone() -> None:
    midnight = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)  # March has begun in Rome
    hours = [timedelta(hours=hour) for hour in (0, 1, 40 * 24)]
    report, _ = replayed(
        PLAN, [Row("a", a, midnight + h) for a, h in zip(["TAKE", "SOLVE", "CLOSE"], hours, strict=True)]
    )
    assert [(m.year, m.month, m.opened, m.finished) for m in report.months] == [(2026, 3, 1, 0), (2026, 4, 0, 1)]


# --- final states that are left again ---------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@given(cases(), st.data())
def test_f35_a_case_that_leaves_its_final_state_goes_on(parts: list[list[Row]], data: st.DataObject) -> None:
    workflow = map_data()["workflow"]
    # The same log in which closed is no end at all, and in which it is final and may be left.
    again = {"name": "note", "from": "closed", "to": "working"}
    moves = [*workflow["moves"], again, {"name": "filed", "from": "closed", "to": "filed"}]
    filed = make_plan(
        workflow=workflow | {"moves": moves, "states": [*workflow["states"], "filed"], "final": ["filed"]}
    )
    left = make_plan(workflow=workflow | {"moves": [*workflow["moves"], again]})
    rows = data.draw(merged(parts))
    assume(rows)
    one, ones = replayed(filed, rows, worst=0)
    other, others = replayed(left, rows, worst=0)
    assert (one.events, one.replayed, one.cases, one.unopened) == (
        other.events, other.replayed, other.cases, other.unopened
    )  # fmt: skip
    assert one.moves == other.moves
    assert one.reasons == other.reasons
    closed = {id for id, case in ones.items() if case.state == "closed"}
    assert {id for id, case in others.items() if case.finished} == closed
    assert (other.finished, other.open) == (len(closed), one.open - len(closed))
    assert sum(month.finished for month in other.months) == len(closed)
    for id, case in others.items():
        assert (case.opened_at, case.state, case.fitting) == (ones[id].opened_at, ones[id].state, ones[id].fitting)
        spent = {stay.state: (stay.visits, stay.elapsed, stay.working) for stay in case.stays}
        before = {stay.state: (stay.visits, stay.elapsed, stay.working) for stay in ones[id].stays}
        if id in closed:  # which ends with its last closing
            total = sum(elapsed for _, elapsed, _ in spent.values())
            assert total == (case.until - case.opened_at) // TICK
            del spent["closed"], before["closed"]
        assert spent == before
    assert other.elapsed.count == len(closed)


@pytest.mark.rule(REPLAY)
def test_f35_what_fits_a_final_state_that_may_be_left_is_said() -> None:
    workflow = map_data()["workflow"]
    moves = [*workflow["moves"], {"name": "note", "from": "closed", "to": "working"}]
    rows = [Row("a", move, MONDAY) for move in ("TAKE", "SOLVE", "CLOSE", "WAIT")]
    report, _ = replayed(make_plan(workflow=workflow | {"moves": moves}), rows)
    (fault,) = report.listed
    assert (fault.reason, fault.state) == (Reason.UNFITTING_MOVE, "closed")
    assert fault.accepted is not None
    assert fault.accepted.en == fault.accepted.zh == "note"
    assert [stage.state for stage in report.stages] == ["", *workflow["states"]]
    report, _ = replayed(PLAN, rows)
    assert report.reasons == {Reason.AFTER_THE_END: 1}


# --- bounds -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
def test_cases_leave_memory_when_they_end_and_are_known_afterwards() -> None:
    seen: set[str] = set()
    replay = Replay(PLAN, seen=seen)
    for number in range(50):
        for i, activity in enumerate(["TAKE", "SOLVE", "CLOSE", "TAKE"]):
            replay.take(number * 4 + i, f"c{number}", activity, MONDAY + timedelta(hours=number + i))
        assert not replay._open
    assert seen == {f"c{number}" for number in range(50)}
    report = replay.finish()
    assert report.reasons == {Reason.AFTER_THE_END: 50}
    assert report.cases == report.finished == 50


@pytest.mark.rule(REPLAY)
def test_faults_beyond_the_list_are_counted_and_told() -> None:
    told: list[Fault] = []
    replay = Replay(PLAN, listed=10, on_fault=told.append)
    for line in range(2_500):
        replay.take(line, "c", f"free text {line}", MONDAY)
    report = replay.finish()
    assert report.faults == report.events == len(told) == sum(group.count for group in report.groups) == 2_500
    assert (len(report.listed), report.unlisted) == (10, 2_490)
    assert len(report.groups) < 1_100
    assert [fault.line for fault in told] == list(range(2_500))


@pytest.mark.rule(REPLAY)
def test_figures_that_are_not_exact_say_so() -> None:
    rows = []
    for number in range(40):
        at = MONDAY + timedelta(minutes=number)
        rows += [Row(f"c{number}", "TAKE", at), Row(f"c{number}", "SOLVE", at + timedelta(minutes=7 * number))]
    exact, _ = replayed(PLAN, rows)
    binned, _ = replayed(PLAN, rows, exact=10)
    stage, rough = exact.stages[2].elapsed, binned.stages[2].elapsed
    assert (stage.exact, rough.exact) == (True, False)
    assert abs(rough.median - stage.median) <= rough.error * stage.median
    assert exact.stages[2].elapsed.count == rough.count == 40


# --- errors -----------------------------------------------------------------------------------------------------------

STRICT: list[tuple[type[RowInvalid], list[tuple[str, str, str]]]] = [
    (MissingField, [("", "TAKE", "2026-03-02 09:00:00")]),
    (MissingField, [("c", "", "2026-03-02 09:00:00")]),
    (MissingField, [("c", "TAKE", "")]),
    (UnparsableTime, [("c", "TAKE", "2026-02-30 09:00:00")]),
    (UnparsableTime, [("c", "TAKE", "2026-03-29 02:30:00")]),  # clocks were put forward over it
    (UnmappedActivity, [("c", "take", "2026-03-02 09:00:00")]),
    (OutOfOrder, [("c", "TAKE", "2026-03-02 09:00:00"), ("c", "WAIT", "2026-03-02 08:59:59")]),
    (UnfittingMove, [("c", "CLOSE", "2026-03-02 09:00:00")]),
    (BeyondCalendar, [("c", "TAKE", "9999-12-31 09:00:00")]),
    (
        AfterTheEnd,
        [("c", a, "2026-03-02 09:00:00") for a in ("TAKE", "SOLVE", "CLOSE", "TAKE")],
    ),
]


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(("error", "rows"), STRICT)
def test_a_strict_replay_stops_at_the_first_fault_and_says_where(
    error: type[RowInvalid], rows: list[tuple[str, str, str]]
) -> None:
    replay, line = Replay(PLAN, strict=True), 1
    for line, row in enumerate(rows[:-1], start=2):
        replay.read(line, *row)
    with pytest.raises(error) as caught:
        replay.read(line + 1, *rows[-1])
    assert caught.value.facts["line"] == len(rows) + 1
    assert caught.value.rule is REPLAY
    lenient = Replay(PLAN)
    for line, row in enumerate(rows, start=2):
        lenient.read(line, *row)
    report = lenient.finish()
    assert [type(fault.error()) for fault in report.listed] == [error]
    assert (report.replayed, report.faults) == (len(rows) - 1, 1)


@pytest.mark.rule(REPLAY)
def test_a_year_that_the_calendar_does_not_know_is_listed_and_changes_nothing() -> None:
    calendar = {**map_data()["calendar"], "holidays": ["2026-04-06"]}
    known = make_plan(calendar=calendar)
    at = datetime(2026, 12, 30, 9, tzinfo=UTC)
    rows = [
        Row("a", "TAKE", at),
        Row("a", "NOTE", at + timedelta(days=5)),
        Row("a", "SOLVE", at + timedelta(days=6)),
        Row("b", "NOTE", at + timedelta(days=400)),
        Row("a", "WAIT", at + timedelta(hours=1)),
    ]
    report, results = replayed(known, rows)
    assert [(f.line, f.reason) for f in report.listed] == [(n, Reason.BEYOND_CALENDAR) for n in (3, 4, 5)]
    assert report.as_of == at + timedelta(hours=1)
    assert results["a"].state == "waiting"
    assert "b" not in results


@pytest.mark.rule(REPLAY)
def test_a_log_without_events_is_refused() -> None:
    with pytest.raises(EmptyLog):
        Replay(PLAN).finish("none.csv")
    with pytest.raises(NaiveTime):
        Replay(PLAN).take(2, "c", "TAKE", datetime(2026, 3, 2, 9))  # noqa: DTZ001


@pytest.mark.rule(REPLAY)
def test_a_wall_time_shown_twice_is_read_in_the_order_of_its_case() -> None:
    replay = Replay(PLAN)
    rows = [("a", "TAKE", "02:10:00"), ("a", "WAIT", "02:50:00"), ("a", "TAKE", "02:20:00"), ("a", "WAIT", "02:40:00")]
    for line, (case, activity, clock) in enumerate([*rows, ("b", "TAKE", "02:30:00")], start=2):
        replay.read(line, case, activity, f"2026-10-25 {clock}")
    # 02:10 and 02:50 by summer time, 02:20 and 02:40 by winter time: no other reading keeps the order.
    assert replay._open["a"].last == datetime(2026, 10, 25, 1, 40, tzinfo=UTC)
    assert replay._open["b"].last == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    replay.read(9, "a", "TAKE", "2026-10-25 02:15:00")
    report = replay.finish()
    assert [fault.reason for fault in report.listed] == [Reason.OUT_OF_ORDER]
    assert attrs.asdict(report)["replayed"] == 5
