"""What follows from what happens to a complaint: the clock of CMP-04, and who is told."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.complaints.effects import CLOSING, effects, handlers
from csdomain.complaints.model import COMPLAINTS, Complaint
from csdomain.complaints.rules import ACCEPTANCE, STATES
from csdomain.complaints.values import ACCEPT, CLOSE, COMPLAINT, COMPLAINT_RULES, RECEIVE, ComplaintForm, ComplaintRules
from csdomain.desk import load_rulebook, sections
from csdomain.kernel.actors import Actor, ActorId, Scope
from csdomain.kernel.calendar import CalendarSpec, WorkCalendar
from csdomain.kernel.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime
from csdomain.kernel.effects import Effect, Message, StartTimer, StopTimer
from csdomain.kernel.events import Event, TimerBreached, TimerWarned
from csdomain.kernel.holidays import Holidays
from csdomain.kernel.ports import Unit
from csdomain.kernel.timers import start
from csdomain.kernel.unit import Backstage
from csdomain.rulebook import House
from csdomain_adapters.memory import MemoryStore
from csdomain_adapters.system import SystemIds

OFFICE = WorkCalendar(
    CalendarSpec("Asia/Shanghai", {d: ["09:00-18:00"] for d in ("mon", "tue", "wed", "thu", "fri")}), "office"
)
T0 = datetime(2026, 3, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor(ActorId("ann"), "b1", grants=dict.fromkeys((RECEIVE, ACCEPT, CLOSE), Scope.ALL))
BASE = load_rulebook("after_sales")[COMPLAINT_RULES]

durations: st.SearchStrategy[Duration] = (
    st.builds(CalendarDays, st.integers(0, 9), st.booleans())
    | st.builds(WorkingDays, st.integers(0, 9), st.booleans())
    | st.builds(WorkingTime, st.integers(1, 90).map(lambda n: n * HOUR))
    | st.builds(ElapsedTime, st.integers(1, 90).map(lambda n: n * HOUR))
)
percents = st.sets(st.integers(1, 99), max_size=3).map(lambda found: tuple(sorted(found)))
later = st.integers(0, 500).map(lambda n: n * HOUR)


def life(number: int, steps: int = 3, wait: timedelta = HOUR, customer: str = "cus_1") -> list[Event]:
    """The events of a complaint up to a number of moves."""
    id = COMPLAINT.make(millis=0, randomness=number)
    form = ComplaintForm(customer=customer, demand="换货", reason="broken")
    case, events = Complaint.receive(id, f"N{number}", form, rulebook="r@1", by=ANN, at=T0)
    told = [*events]
    if steps > 1:
        told += case.accept(by=ANN, at=T0 + wait)
    if steps > 2:
        told += case.close("replaced", by=ANN, at=T0 + 2 * wait)
    return told


def of(kind: type[Any], found: Sequence[Effect]) -> list[Any]:
    return [effect for effect in found if isinstance(effect, kind)]


@pytest.mark.rule(ACCEPTANCE)
@given(durations, percents, later)
def test_acceptance_starts_the_clock_of_the_rules_it_is_given(
    within: Duration, warnings: tuple[int, ...], wait: timedelta
) -> None:
    rules = attrs.evolve(BASE, close_within=within, warnings=warnings)
    received, accepted = life(1, 2, wait)
    assert effects([received], rules, OFFICE) == ()
    (effect,) = of(StartTimer, effects([accepted], rules, OFFICE))
    timer = effect.timer
    assert (timer.subject, timer.name, timer.calendar) == (accepted.subject, "CMP-04", "office")
    assert (timer.started_at, timer.duration) == (T0 + wait, within)
    assert timer.due_at == OFFICE.deadline(T0 + wait, within)
    assert tuple(w.percent for w in timer.warnings) == warnings


@pytest.mark.rule(ACCEPTANCE, STATES)
@given(later)
def test_closing_stops_the_same_clock_at_the_instant_of_closing(wait: timedelta) -> None:
    events = life(1, 3, wait)
    found = effects(events, BASE, OFFICE)
    (started,), (stopped,) = of(StartTimer, found), of(StopTimer, found)
    assert (stopped.subject, stopped.name) == (started.timer.subject, started.timer.name)
    assert (stopped.at, stopped.cancelled) == (events[-1].at, False)
    assert found.index(started) < found.index(stopped)


@pytest.mark.rule(ACCEPTANCE, STATES)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=6), st.sampled_from(["cus_1", "cus_2"]))
def test_the_customer_is_told_of_each_event_once_under_a_key_of_its_own(steps: list[int], customer: str) -> None:
    events = [event for n, moves in enumerate(steps) for event in life(n, moves, customer=customer)]
    told: list[Message] = of(Message, effects(events, BASE, OFFICE))
    assert len(told) == sum(moves - 1 for moves in steps)
    assert len({message.key for message in told}) == len(told)
    assert {message.to for message in told} <= {customer}
    for message in told:
        assert cast("str", message.facts["complaint"]) in message.key
        assert set(message.facts) == {"complaint"}  # whatever else is personal is looked up when it is sent
    again: list[Message] = of(Message, effects(events, BASE, OFFICE))
    assert [m.key for m in again] == [m.key for m in told]  # at least once, under the same key


@pytest.mark.rule(ACCEPTANCE)
def test_an_overrun_is_reported_to_the_superior_that_the_pinned_rules_name() -> None:
    china = Holidays("CN", holidays=[date(2026, 1, 1)], make_up_days=[], years=[2026])
    current = load_rulebook("after_sales")
    house = House(current, sections(), {"CN": china}.get)
    pinned = attrs.evolve(
        current, ref="after_sales@old", parts={**current.parts, "complaints": attrs.evolve(BASE, overrun_to="old_boss")}
    )
    house._pinned[pinned.ref] = pinned
    store = MemoryStore(Backstage(house.calendar, SystemIds(), handlers(house)))
    form = ComplaintForm(customer="cus_1", demand="换货", reason="broken")
    for n, (ref, boss) in enumerate([(current.ref, BASE.overrun_to), (pinned.ref, "old_boss")]):
        id = COMPLAINT.make(millis=0, randomness=n)
        case, _ = Complaint.receive(id, f"N{n}", form, rulebook=ref, by=ANN, at=T0)

        def work(unit: Unit, case: Complaint = case, id: str = id) -> list[Effect]:
            unit.of(COMPLAINTS).add(case)
            handler = handlers(house)[CLOSING]
            breach = TimerBreached(subject=id, by=ActorId("system"), at=T0, timer=CLOSING, found_at=T0 + HOUR)
            warning = TimerWarned(subject=id, by=ActorId("system"), at=T0, timer=CLOSING, found_at=T0, percent=50)
            assert list(handler(unit, warning)) == []
            return list(handler(unit, breach))

        (message,) = cast("list[Message]", store.run(work))
        assert (message.to, message.occasion) == (boss, "complaint.overdue")
        assert message.key == f"{id}/CMP-04/overdue"
        assert dict(message.facts) == {"complaint": id, "branch": "b1"}


@pytest.mark.rule(ACCEPTANCE)
@given(durations, st.integers(-2, 2), percents)
def test_closed_by_the_deadline_is_met_and_later_is_an_overrun(
    within: Duration, ticks: int, warnings: tuple[int, ...]
) -> None:
    """The whole way: events, effects and timers in one store."""
    rules = ComplaintRules(BASE.number, within, "boss", warnings)
    due = start("x", CLOSING, OFFICE, within, T0).due_at
    at = max(due + ticks * timedelta(microseconds=1), T0)
    store = MemoryStore(Backstage(lambda _name: OFFICE, SystemIds()))
    case, events = Complaint.receive(
        COMPLAINT.make(millis=0, randomness=1),
        "N1",
        ComplaintForm(customer="c", demand="d", reason="r"),
        rulebook="r@1",
        by=ANN,
        at=T0,
    )
    store.run(lambda unit: unit.record(events, effects(events, rules, OFFICE)))
    acts: tuple[Callable[[], Sequence[Event]], ...] = (
        lambda: case.accept(by=ANN, at=T0),
        lambda: case.close("done", by=ANN, at=at),
    )
    for act in acts:
        told = act()
        store.run(lambda unit, told=told: unit.record(told, effects(told, rules, OFFICE)))  # type: ignore[misc]
    (timer,) = store.look(lambda unit: unit.timers_of(case.id))
    assert timer.state.value == ("met" if at <= due else "breached")
    assert (timer.completed_at, timer.ended_at) == (at, min(at, due))
    names = [record.name for record in store.look(lambda unit: unit.trail(case.id))]
    assert names == [
        "complaint_received",
        "complaint_accepted",
        "complaint_closed",
        *(["timer_breached"] if at > due else []),
    ]
