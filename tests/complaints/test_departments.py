"""Other departments: asked for a part by a set time, reminded until it is done, then their superior (CMP-06, 19)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from complaints.cases import UNTIL, make, stands
from complaints.desks import Counter
from complaints.hand import on
from complaints.houses import CALENDARS, calendar_of, hours, house, reminding
from complaints.model import RULES, check_unchanged
from csdomain.casework.chasing import Chasing
from csdomain.complaints.lifecycle import Move, State
from csdomain.complaints.rules import CHASING, JOINT
from csdomain.complaints.values import ComplaintRules
from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.cases.effects import StartTimer
from csdomain.kernel.cases.timers import TimerState, start
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.durations import ElapsedTime
from csdomain.testing import HANDLING, complaint_form

NAMES: Final = ("production", "rnd", "sales", "stores")


def asked(rules: ComplaintRules, departments: Sequence[str], within: timedelta, calendar: CalendarSpec) -> Counter:
    """An accepted case whose departments were asked for their parts, at 2026-03-04 02:20 UTC."""
    counter = house(rules, calendar).accepted(complaint_form(), HANDLING)
    counter.do("involve", departments, counter.clock.now() + timedelta(minutes=5) + within, by="service_agent")
    return counter


def reminded(counter: Counter) -> list[tuple[str, str, datetime]]:
    """The reminders on the trail: by whose timer, when it was due."""
    trail = counter.desk.store.look(lambda unit: unit.trail(counter.id))
    return [(str(r.facts["timer"]), r.by, r.at) for r in trail if r.name == "timer_reminded"]


# --- asked ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(JOINT)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    st.integers(1, 10**6).map(lambda n: timedelta(minutes=n)),
    st.sampled_from(CALENDARS),
)
def test_each_department_is_told_of_its_part_and_the_time_and_rnd_of_every_joint_handling_at_once(
    departments: list[str], within: timedelta, calendar: CalendarSpec
) -> None:
    counter = asked(RULES, departments, within, calendar)
    now = counter.clock.now()
    parts = counter.case.parts
    assert [(p.department, p.asked_at, p.until, p.done) for p in parts] == [
        (name, now, now + within, None) for name in departments
    ]
    wanted = counter.messages("part_wanted")
    assert [message.to for message in wanted] == departments
    local = (now + within).astimezone(ZoneInfo(calendar.zone))
    assert {message.facts["until"] for message in wanted} == {local.isoformat()}
    assert [message.to for message in counter.messages("jointly")] == ([] if "rnd" in departments else ["rnd"])
    assert counter.due("CMP-06.1") == now + within


tried = st.lists(
    st.one_of(
        st.tuples(st.just("involve"), st.lists(st.sampled_from(NAMES[:3]), max_size=2)),
        st.tuples(st.just("contribute"), st.sampled_from(NAMES[:3])),
        st.tuples(st.just("report"), st.just("")),
    ),
    max_size=12,
)


@pytest.mark.rule(JOINT, CHASING)
@given(tried)
@example([("involve", ["rnd"]), ("contribute", "rnd"), ("contribute", "rnd"), ("involve", ["rnd"]), ("report", "")])
def test_each_department_is_asked_once_does_its_part_once_and_the_report_waits_for_all(
    steps: list[tuple[str, Any]],
) -> None:
    case = stands(State.INVESTIGATING, before=Move.REPORT)
    waiting: set[str] = set()
    done: set[str] = set()
    for what, given_ in steps:
        if case.state is State.REPORTED:
            break
        fine = {
            "involve": bool(given_) and not set(given_) & (waiting | done),
            "contribute": what == "contribute" and given_ in waiting,
            "report": not waiting,
        }[what]
        act = {
            "involve": partial(on(case).involve, given_, UNTIL),
            "contribute": partial(on(case).contribute, given_, "the mould was worn", word_of="foreman"),
            "report": partial(on(case).report, "how it came about"),
        }[what]
        if not fine:
            error = check_unchanged(case, RuleBroken, act)
            assert error.rule is (CHASING if what == "contribute" else JOINT)
            continue
        act()
        if what == "involve":
            waiting |= set(given_)
        elif what == "contribute":
            waiting.remove(given_)
            done.add(given_)
        assert {p.department for p in case.parts if p.done is None} == waiting
        assert {p.department for p in case.parts if p.done is not None} == done
        assert (case.state.value == "reported") is (what == "report")


@pytest.mark.rule(JOINT)
def test_in_an_investigation_that_is_begun_anew_the_same_department_is_asked_again() -> None:
    case = stands(State.ACCEPTED, before=Move.CONTRIBUTE)
    for move in (Move.DISMISS, Move.ANSWER, Move.OBJECT, Move.REOPEN):
        make(case, move)
    check_unchanged(case, RuleBroken, lambda: make(case, Move.CONTRIBUTE))
    make(case, Move.CONCLUDE)
    make(case, Move.INVOLVE)
    check_unchanged(case, RuleBroken, lambda: make(case, Move.REPORT))
    make(case, Move.CONTRIBUTE)
    make(case, Move.REPORT)
    assert [(p.department, p.round, p.done is not None) for p in case.parts] == [
        ("production", 1, False),
        ("production", 2, True),
    ]


# --- reminded ---------------------------------------------------------------------------------------------------------

minutes = st.integers(1, 14 * 24 * 60)


@pytest.mark.rule(CHASING, JOINT)
@given(
    reminding(),
    st.sampled_from(CALENDARS),
    st.lists(st.tuples(st.sampled_from(NAMES), st.none() | minutes), min_size=1, max_size=3, unique_by=lambda d: d[0]),
    st.lists(minutes, max_size=8),
    minutes,
)
@example(  # the sweeper was down when the reminder was due, and the part was done before it came back
    attrs.evolve(RULES, overrun_to="boss"), CALENDARS[0], [("stores", 3 * 24 * 60)], [7 * 24 * 60], 24 * 60
)
def test_a_department_is_reminded_until_its_part_is_done_so_many_times_and_then_its_superior_is_told(
    rules: ComplaintRules,
    calendar: CalendarSpec,
    departments: list[tuple[str, int | None]],
    sweeps: list[int],
    within: int,
) -> None:
    """Whenever the sweeper runs: none after the part is done, each on the trail when it was due.

    The superior's turn comes as long after the last reminder as that came after the one before.
    """
    counter = asked(rules, [name for name, _ in departments], timedelta(minutes=within), calendar)
    began = counter.clock.now()
    instants = {
        *((began + timedelta(minutes=m), "") for m in sweeps),
        *((began + timedelta(minutes=m), name) for name, m in departments if m is not None),
        (began + hours(24 * 90), ""),
    }
    swept: list[datetime] = []
    for at, name in sorted(instants):
        counter.clock.move(at)
        if name:
            counter.does.contribute(
                counter.id, name, "here it is", word_of="foreman", by=counter.who["service_agent"], at=at
            )
        else:
            counter.desk.sweep()
            swept.append(at)
    expected: list[tuple[str, str, datetime]] = []
    told: dict[str, list[int]] = {}
    superior: list[str] = []
    late: list[str] = []
    for part, (name, after) in enumerate(departments, 1):
        ended = None if after is None else began + timedelta(minutes=after)
        due, told[name] = began, []
        for count in range(1, 1 if rules.chasing is None else 2 + rules.chasing.times):
            assert rules.chasing is not None
            due = calendar_of(counter).deadline(due, rules.chasing.every)
            # A sweep at the very instant of the contribution comes first: it sorts before any name.
            if not any(at > due and (ended is None or at <= ended) for at in swept):
                break
            expected.append((f"CMP-19.{part}.{count}", "system", due))
            found = min(at for at in swept if at > due)
            if count < rules.chasing.times and calendar_of(counter).deadline(due, rules.chasing.every) < found:
                continue  # the next is due as well: one is sent of all that a late sweep finds
            if count <= rules.chasing.times:
                told[name].append(count)
            else:  # as long again after the last reminder, and still not done
                superior.append(name)
        until = began + timedelta(minutes=within)
        late += [f"CMP-06.{part}"] if ended is None or ended > until else []
    assert sorted(reminded(counter)) == sorted(expected)
    for name, _ in departments:
        sent = [m for m in counter.messages("reminder") if m.to == name]
        assert [message.facts["times"] for message in sent] == told[name]
        assert {message.facts["department"] for message in sent} <= {name}
    assert len(counter.messages("reminder")) == sum(map(len, told.values()))
    chief, times = ("", 0) if rules.chasing is None else (rules.chasing.superior, rules.chasing.times)
    assert sorted((m.to, m.facts["department"], m.facts["times"]) for m in counter.messages("not_done")) == sorted(
        (chief, name, times) for name in superior
    )
    overdue = [m for m in counter.messages("overdue") if str(m.facts["timer"]).startswith("CMP-06")]
    assert sorted((m.to, m.facts["timer"]) for m in overdue) == sorted(("boss", timer) for timer in late)
    reminders = [state for timer, state in counter.timers.items() if timer.startswith("CMP-19")]
    assert set(reminders) <= {TimerState.MET, TimerState.CANCELLED}


@pytest.mark.rule(CHASING)
def test_f24_a_late_sweep_sends_one_reminder_that_says_how_many_are_due() -> None:
    counter = asked(RULES, ["production"], hours(5000), CALENDARS[0])
    counter.clock.advance(hours(24 * 5 + 1))  # from Wednesday to Monday: three working days
    counter.desk.sweep()
    assert [(m.to, m.facts["times"]) for m in counter.messages("reminder")] == [("production", 3)]
    counter.clock.advance(hours(24 * 30))
    counter.desk.sweep()
    assert [m.facts["times"] for m in counter.messages("reminder")] == [3, 5]
    assert len(counter.messages("not_done")) == 1


@pytest.mark.rule(CHASING)
@pytest.mark.parametrize("end", ["withdraw", "dismiss"])
def test_nobody_is_reminded_of_a_case_that_is_withdrawn_or_dismissed(end: str) -> None:
    counter = asked(RULES, ["production"], hours(5000), CALENDARS[0])
    counter.clock.advance(hours(30))
    counter.desk.sweep()
    assert len(counter.messages("reminder")) == 1
    counter.do(end, "that is all", by="general_manager" if end == "dismiss" else "service_agent")
    counter.clock.advance(hours(1000))
    counter.desk.sweep()
    assert len(counter.messages("reminder")) == len(reminded(counter)) == 1
    assert counter.messages("not_done") == []


@pytest.mark.rule(CHASING)
@pytest.mark.parametrize(
    ("chasing", "end"),
    [
        (RULES.chasing, ("contribute", "production", "the mould was worn")),
        (RULES.chasing, ("withdraw", "that is all")),
        (None, None),
    ],
)
def test_a_reminder_that_still_runs_when_there_is_nothing_to_remind_of_reminds_nobody(
    chasing: Chasing | None, end: tuple[str, ...] | None
) -> None:
    """Nothing starts one then; it is there because somebody put it there."""
    counter = asked(attrs.evolve(RULES, chasing=chasing), ["production"], hours(5000), CALENDARS[2])
    if end is not None:
        said = {"word_of": "foreman"} if end[0] == "contribute" else {}
        counter.do(*end, by="service_agent", **said)
    left = start(
        counter.id, "CMP-19.1.2", calendar_of(counter), ElapsedTime(hours(1)), counter.clock.now(), reminder=True
    )
    counter.desk.store.run(lambda unit: unit.record([], [StartTimer(left)]))
    counter.clock.advance(hours(2))
    counter.desk.sweep()
    assert [timer for timer, _, _ in reminded(counter)] == ["CMP-19.1.2"]
    assert counter.messages("reminder") == counter.messages("not_done") == []
    assert [name for name, state in counter.timers.items() if state is TimerState.RUNNING and "CMP-19" in name] == []


@pytest.mark.rule(CHASING, JOINT)
def test_who_is_asked_later_has_a_time_and_reminders_of_its_own() -> None:
    counter = asked(RULES, ["production", "stores"], hours(40), CALENDARS[0])
    counter.clock.advance(hours(24))
    counter.do("involve", ["sales"], counter.clock.now() + hours(100), by="service_agent")
    assert counter.due("CMP-06.3") == counter.clock.now() - timedelta(minutes=5) + hours(100)
    counter.go(("contribute", "sales", "the order was changed"), by="sales")
    counter.go("contribute")
    counter.clock.advance(hours(60))
    counter.desk.sweep()
    assert {message.to for message in counter.messages("reminder")} == {"stores"}
    late = [m.facts["timer"] for m in counter.messages("overdue") if str(m.facts["timer"]).startswith("CMP-06")]
    assert late == ["CMP-06.2"]


@pytest.mark.rule(CHASING)
def test_ten_departments_do_not_answer_for_each_other() -> None:
    """Timers are known by the number of the part: the first part is not the tenth."""
    names = [f"department {n}" for n in range(1, 12)]
    counter = asked(RULES, names, hours(5000), CALENDARS[0])
    counter.do("contribute", "department 1", "here it is", word_of="foreman", by="service_agent")
    counter.clock.advance(hours(30))
    counter.desk.sweep()
    assert sorted(message.to for message in counter.messages("reminder")) == sorted(names[1:])
