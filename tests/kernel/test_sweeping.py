"""A sweep finds what is due in deadline order, each once, whatever the batch and whatever the handlers do (KRN-06)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.kernel.calendar import CalendarSpec, WorkCalendar
from csdomain.kernel.cases.effects import Effect, Message, StartTimer, StopTimer
from csdomain.kernel.cases.events import Event, TimerBreached, TimerFired, TimerWarned
from csdomain.kernel.cases.timers import Timer, TimerState, advance, pause, start
from csdomain.kernel.rules import TIME, TIMERS
from csdomain.kernel.rules.errors import NaiveTime, RuleBroken, StoreFailure
from csdomain.kernel.store.ports import TimerHandler, Unit
from csdomain.kernel.store.sweeping import sweep
from csdomain.kernel.store.unit import Backstage
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.durations import ElapsedTime
from csdomain.kernel.values.ids import IdKind
from csdomain_adapters.memory import MemoryStore

T0 = datetime(2026, 3, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
ALWAYS = WorkCalendar(
    CalendarSpec("UTC", {d: ["00:00-24:00"] for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}), "always"
)


class Ids:
    """Ids that count up."""

    def __init__(self) -> None:
        self.count = 0

    def new(self, kind: IdKind[Any], /) -> Any:
        self.count += 1
        return kind.make(millis=0, randomness=self.count)


def opened(subject: str, name: str = "T") -> Event:
    return Event(subject=subject, by=ActorId("a"), at=T0)


def stored(timers: Iterable[Timer], **handlers: Any) -> MemoryStore:
    store = MemoryStore(Backstage(lambda _name: ALWAYS, Ids(), handlers))
    for timer in timers:
        store.run(lambda unit, timer=timer: unit.record([opened(timer.subject)], [StartTimer(timer)]))  # type: ignore[misc]
    return store


def fired(store: MemoryStore) -> list[tuple[str, datetime]]:
    """Everything that has fired, in the order it was written: subject with the percentage or ``!``, and when due."""

    def trail(unit: Unit) -> list[Any]:
        unit.session.number_events(10_000)
        return list(unit.session.events_after(0, 10_000))

    records = store.run(trail)
    return [
        (f"{r.subject} {r.facts.get('percent', '!')}", r.at)
        for r in records
        if r.name in ("timer_warned", "timer_breached")
    ]


@st.composite
def sets_of_timers(draw: Any) -> list[Timer]:
    """Timers of different lengths, some paused, some with warnings, several due at one instant."""
    found = []
    for n in range(draw(st.integers(0, 9))):
        timer = start(
            f"case{n}",
            "T",
            ALWAYS,
            ElapsedTime(draw(st.integers(1, 12)) * MINUTE),
            T0 + draw(st.integers(0, 3)) * MINUTE,
            warnings=sorted(draw(st.sets(st.sampled_from([25, 50, 75]), max_size=3))),
        )
        if draw(st.integers(0, 5)) == 0:
            timer, _ = pause(timer, timer.started_at)
        found.append(timer)
    return found


def expected(timers: list[Timer], until: datetime) -> list[tuple[str, datetime]]:
    """Each timer run by itself, without any store."""
    events = [(timer, event) for timer in timers for event in advance(timer, until)[1]]
    return [(f"{t.subject} {e.percent if isinstance(e, TimerWarned) else '!'}", e.at) for t, e in events]


instants = st.integers(0, 16).map(lambda n: T0 + n * MINUTE) | st.integers(0, 16).map(lambda n: T0 + n * MINUTE + TICK)


@pytest.mark.rule(TIMERS)
@given(sets_of_timers(), st.lists(instants, min_size=1, max_size=4), st.integers(1, 5), st.booleans())
def test_everything_due_fires_once_in_deadline_order_whatever_the_batch(
    timers: list[Timer], untils: list[datetime], batch: int, handled: bool
) -> None:
    store = stored(timers, **({"T": lambda _unit, _event: ()} if handled else {}))
    done: list[tuple[str, datetime]] = []
    progress: list[int] = []
    for until in untils:
        due = sorted(set(expected(timers, until)) - set(done), key=lambda one: one[1])
        report = sweep(store, until, batch=batch, progress=progress.append)
        assert (report.warned + report.breached, report.failed) == (len(due), ())
        assert report.breached == sum(name.endswith("!") for name, _ in due)
        now = fired(store)[len(done) :]
        assert [at for _, at in now] == [at for _, at in due]  # in deadline order
        assert sorted(now) == sorted(due)  # each once
        done += now
    assert sum(progress) == len(done)
    assert sweep(store, max(untils), batch=batch).breached == 0


@pytest.mark.rule(TIMERS)
@given(sets_of_timers(), st.sets(st.integers(0, 8)), st.integers(1, 5), st.sampled_from([RuleBroken, NaiveTime]))
def test_a_handler_that_refuses_keeps_its_own_timer_and_no_other(
    timers: list[Timer], bad: set[int], batch: int, error: type[Any]
) -> None:
    refusing = {f"case{n}" for n in bad}

    def handler(unit: Unit, event: TimerFired) -> Iterable[Effect]:
        if event.subject in refusing:
            raise error(TIMERS)
        yield Message(f"{event.subject}/{event.at.isoformat()}", "told", "boss")

    until = T0 + timedelta(hours=1)
    store = stored(timers, T=handler)
    report = sweep(store, until, batch=batch)
    live = [timer for timer in timers if timer.state is TimerState.RUNNING]
    assert sorted(subject for subject, _, _ in report.failed) == sorted(
        t.subject for t in live if t.subject in refusing
    )
    assert all(isinstance(refused, error) and name == "T" for _, name, refused in report.failed)
    assert sorted(fired(store)) == sorted(expected([t for t in timers if t.subject not in refusing], until))
    for timer in timers:
        if timer.subject in refusing:
            assert store.look(lambda unit, s=timer.subject: unit.session.timer(s, "T", lock=False)) == timer  # type: ignore[misc]
    refusing.clear()  # the next sweep finds them again
    assert sweep(store, until, batch=batch).failed == ()
    assert sorted(fired(store)) == sorted(expected(timers, until))


@pytest.mark.rule(TIMERS)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=8), st.integers(0, 7), st.integers(0, 7), st.integers(1, 5))
@example([1, 1], 0, 1, 5)
def test_a_timer_that_a_handler_stops_in_time_does_not_fire(
    lengths: list[int], one: int, other: int, batch: int
) -> None:
    one, other = one % len(lengths), other % len(lengths)
    timers = [start(f"case{n}", "T", ALWAYS, ElapsedTime(m * MINUTE), T0) for n, m in enumerate(lengths)]

    def handler(unit: Unit, event: TimerFired) -> Iterable[Effect]:
        if event.subject == f"case{one}" and one != other:
            yield StopTimer(f"case{other}", "T", event.at)

    store = stored(timers, T=handler)
    report = sweep(store, T0 + timedelta(hours=1), batch=batch)
    names = [name for name, _ in fired(store)]
    assert len(names) == len(set(names)) == report.breached
    stopped = store.look(lambda unit: unit.session.timer(f"case{other}", "T", lock=False))
    assert stopped is not None
    if one != other and lengths[one] < lengths[other]:
        assert stopped.state is TimerState.MET
        assert f"case{other} !" not in names
    elif one == other or lengths[one] > lengths[other]:
        assert stopped.state is TimerState.BREACHED
    assert set(names) | {f"case{other} !"} == {f"case{n} !" for n in range(len(lengths))}


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_handler_may_start_timers_that_are_due_themselves(batch: int) -> None:
    def handler(unit: Unit, event: TimerFired) -> Iterable[Effect]:
        if isinstance(event, TimerBreached) and (n := int(event.timer.partition(".")[2])) < 5:
            yield StartTimer(start(event.subject, f"T.{n + 1}", ALWAYS, ElapsedTime(MINUTE), event.at))

    store = stored([start("case", "T.1", ALWAYS, ElapsedTime(MINUTE), T0)], T=handler)
    assert sweep(store, T0 + timedelta(hours=1), batch=batch).breached == 5
    assert [at for _, at in fired(store)] == [T0 + n * MINUTE for n in range(1, 6)]
    assert sweep(store, T0 + timedelta(hours=2), batch=batch).breached == 0


@pytest.mark.rule(TIMERS)
def test_a_handler_of_the_whole_name_goes_before_that_of_the_rule() -> None:
    told: list[str] = []

    def telling(by: str) -> TimerHandler:
        def handler(_unit: Unit, event: TimerFired) -> Iterable[Effect]:
            told.append(f"{by} {event.timer}")
            return ()

        return handler

    handlers = {"CMP-04": telling("rule"), "CMP-04.special": telling("name")}
    names = ["CMP-04", "CMP-04.other", "CMP-04.special", "CMP-05"]
    timers = [start("case", name, ALWAYS, ElapsedTime((n + 1) * MINUTE), T0) for n, name in enumerate(names)]
    sweep(stored(timers, **handlers), T0 + timedelta(hours=1))
    assert told == ["rule CMP-04", "rule CMP-04.other", "name CMP-04.special"]


@pytest.mark.rule(TIMERS)
def test_a_failing_store_ends_the_sweep() -> None:
    @attrs.define
    class Broken:
        def run(self, work: Any, call: Any = None) -> Any:
            raise StoreFailure

    with pytest.raises(StoreFailure):
        sweep(Broken(), T0)  # type: ignore[arg-type]


@pytest.mark.rule(TIME)
def test_a_sweep_goes_up_to_an_aware_instant() -> None:
    with pytest.raises(NaiveTime):
        sweep(stored([]), datetime(2026, 3, 9))  # noqa: DTZ001
