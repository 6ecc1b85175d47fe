"""Events are facts with a stable name, in UTC; a unit writes each to the trail with what it brings about (KRN-11)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.calendar import BeyondTime, CalendarSpec, WorkCalendar
from csdomain.kernel.cases.effects import (
    Effect,
    MalformedMessage,
    Message,
    PauseTimer,
    ResumeTimer,
    StartTimer,
    StopTimer,
)
from csdomain.kernel.cases.events import Event, Moved, TimerBreached, TimerFired, utc
from csdomain.kernel.cases.timers import TimerState, start
from csdomain.kernel.rules import AUDITED, TIME
from csdomain.kernel.rules.errors import NaiveTime, RuleBroken
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.kernel.store.unit import Backstage
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.durations import ElapsedTime
from csdomain.kernel.values.ids import IdKind
from csdomain.testing import memory_desk, received
from csdomain_adapters.memory import MemoryStore

ZONES = [UTC, timezone(timedelta(hours=8)), ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")]
instants = st.datetimes(datetime(1950, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from(ZONES))  # noqa: DTZ001
T0 = datetime(2026, 3, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class ParcelSent(Event):
    weight: int


@attrs.frozen(kw_only=True)
class HTTPish(Event):
    name = "renamed"


class State(Enum):
    A = "a"
    B = "b"


class Move(Enum):
    GO = "go"


class Ids:
    """Ids that count up."""

    def __init__(self) -> None:
        self.count = 0

    def new(self, kind: IdKind[Any], /) -> Any:
        self.count += 1
        return kind.make(millis=0, randomness=self.count)


ALWAYS = WorkCalendar(
    CalendarSpec("UTC", {d: ["00:00-24:00"] for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}), "always"
)


def memory(**handlers: Any) -> MemoryStore:
    return MemoryStore(Backstage(lambda _name: ALWAYS, Ids(), handlers))


def sent(at: datetime, weight: int = 1, subject: str = "case") -> ParcelSent:
    return ParcelSent(subject=subject, by=ActorId("a"), at=at, weight=weight)


@pytest.mark.rule(TIME)
@given(instants)
def test_an_instant_is_kept_in_utc_and_stays_the_same_instant(at: datetime) -> None:
    for kept in (
        utc(at),
        sent(at).at,
        StopTimer("s", "n", at).at,
        PauseTimer("s", "n", at).at,
        ResumeTimer("s", "n", at).at,
    ):
        assert kept - at == timedelta(0)  # in a repeated hour, `==` between zones is never true
        assert kept.tzinfo is UTC
    assert sent(at) == sent(at.astimezone(ZONES[2]))


@pytest.mark.rule(TIME)
@pytest.mark.parametrize("naive", [datetime(2026, 1, 1), date(2026, 1, 1), "2026-01-01T00:00Z", 0, None])  # noqa: DTZ001
def test_a_time_without_a_zone_is_refused_wherever_one_is_taken(naive: Any) -> None:
    for take in (
        lambda: utc(naive),
        lambda: sent(naive),
        lambda: StopTimer("s", "n", naive),
        lambda: PauseTimer("s", "n", naive),
        lambda: ResumeTimer("s", "n", naive),
        lambda: TimerFired(subject="s", by=ActorId("a"), at=T0, timer="t", found_at=naive),
    ):
        with pytest.raises(NaiveTime):
            take()


@pytest.mark.rule(AUDITED)
def test_an_event_is_a_frozen_fact_with_a_name_and_a_schema() -> None:
    assert (Event.name, Moved.name, ParcelSent.name, TimerBreached.name) == (
        "event",
        "moved",
        "parcel_sent",
        "timer_breached",
    )
    assert HTTPish.name == "renamed"
    assert all(kind.schema >= 1 for kind in (Event, Moved, ParcelSent))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        sent(T0).weight = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        ParcelSent("case", ActorId("a"), T0, 1)  # type: ignore[call-arg]


@pytest.mark.rule(AUDITED)
@given(st.sampled_from(State) | st.none(), st.sampled_from(State), st.text(max_size=20).filter(lambda t: "\0" not in t))
def test_a_move_is_told_as_who_when_what_from_to_and_why(source: State | None, dest: State, reason: str) -> None:
    event = Moved.of("case", Move.GO, source, dest, by=ActorId("ann"), at=T0, reason=reason)

    def told(unit: Unit) -> Sequence[AuditRecord]:
        unit.record([event])
        return unit.trail("case")

    (record,) = memory().run(told)
    assert (record.by, record.at, record.move, record.dest, record.reason) == ("ann", T0, "go", dest.value, reason)
    assert record.source == ("" if source is None else source.value)


@pytest.mark.rule(AUDITED)
@given(st.lists(st.tuples(st.sampled_from(["one", "two"]), st.integers(0, 99)), max_size=12), st.integers(0, 3))
def test_the_trail_of_a_subject_reads_back_in_order_with_its_facts_and_ids_of_its_own(
    told: list[tuple[str, int]], split: int
) -> None:
    store = memory()
    for chunk in (told[:split], told[split:]):
        events = [sent(T0, weight, subject) for subject, weight in chunk]
        store.run(lambda unit, events=events: unit.record(events))  # type: ignore[misc]
    ids = []
    for subject in ("one", "two"):
        trail = store.look(lambda unit, subject=subject: unit.trail(subject))  # type: ignore[misc]
        assert [r.facts for r in trail] == [{"weight": weight} for to, weight in told if to == subject]
        assert {(r.name, r.schema) for r in trail} <= {("parcel_sent", 1)}
        ids += [r.event_id for r in trail]
    assert len(set(ids)) == len(told)


@pytest.mark.rule(AUDITED)
def test_a_unit_that_fails_leaves_no_trail_no_timer_and_no_message() -> None:
    store = memory()

    def work(unit: Unit) -> None:
        effects: list[Effect] = [StartTimer(start("case", "T", ALWAYS, ElapsedTime(HOUR), T0)), Message("k", "o", "to")]
        unit.record([sent(T0)], effects)
        raise RuleBroken(AUDITED)

    with pytest.raises(RuleBroken):
        store.run(work)
    left = store.look(
        lambda unit: (unit.trail("case"), unit.timers_of("case"), unit.session.outbox(unsent=False, limit=9))
    )
    assert [list(part) for part in left] == [[], [], []]


@pytest.mark.rule(AUDITED)
def test_messages_need_an_event_and_the_same_key_is_queued_once() -> None:
    store = memory()
    with pytest.raises(RuleBroken):
        store.run(lambda unit: unit.record([], [Message("k", "o", "to")]))
    for weight in (1, 2):
        store.run(lambda unit, w=weight: unit.record([sent(T0 + w * HOUR)], [Message("k", "o", "to", {"w": w})]))  # type: ignore[misc]
    (queued,) = store.look(lambda unit: unit.session.outbox(unsent=True, limit=9))
    assert (queued.facts, queued.created_at) == ({"w": 1}, T0 + HOUR)


@pytest.mark.rule(AUDITED)
@pytest.mark.parametrize("bad", ["", "x" * 121, "a\nb", "\0", None, 1])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_message_has_a_key_an_occasion_and_a_recipient(bad: Any, place: int) -> None:
    parts: list[Any] = ["k", "o", "to"]
    parts[place] = bad
    with pytest.raises(MalformedMessage) as refused:
        Message(*parts)
    assert set(refused.value.facts) == {"field"}


@pytest.mark.rule(AUDITED)
def test_effects_on_timers_change_them_and_a_late_one_fires_with_its_handler() -> None:
    told: list[str] = []

    def overdue(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
        told.append(f"{fired.name} {fired.at:%H:%M}")
        yield Message(f"{fired.subject}/{fired.timer}", "overdue", "boss")

    store = memory(T=overdue)
    begin = [StartTimer(start("case", name, ALWAYS, ElapsedTime(HOUR), T0)) for name in ("T.late", "T.fine", "U")]
    store.run(lambda unit: unit.record([sent(T0)], begin))
    with pytest.raises(RuleBroken):
        store.run(lambda unit: unit.record([sent(T0)], begin[:1]))
    changes: list[Effect] = [
        PauseTimer("case", "U", T0 + HOUR / 2),
        PauseTimer("case", "U", T0 + HOUR / 2),
        StopTimer("case", "T.fine", T0 + HOUR),
        StopTimer("case", "T.late", T0 + 2 * HOUR),
        StopTimer("case", "nobody knows", T0),
        ResumeTimer("case", "U", T0 + HOUR),
        ResumeTimer("case", "U", T0 + HOUR),
        StopTimer("case", "U", T0 + HOUR, cancelled=True),
    ]
    store.run(lambda unit: unit.record([sent(T0 + 2 * HOUR)], changes))
    timers = {t.name: t for t in store.look(lambda unit: unit.timers_of("case"))}
    assert {name: t.state for name, t in timers.items()} == {
        "T.late": TimerState.BREACHED,
        "T.fine": TimerState.MET,
        "U": TimerState.CANCELLED,
    }
    assert told == ["timer_breached 09:00"]
    assert timers["U"].due_at == T0 + 1.5 * HOUR
    trail = store.look(lambda unit: unit.trail("case"))
    assert [r.name for r in trail] == ["parcel_sent", "parcel_sent", "timer_breached"]
    assert trail[-1].facts == {"timer": "T.late", "found_at": trail[-1].facts["found_at"]}
    (queued,) = store.look(lambda unit: unit.session.outbox(unsent=True, limit=9))
    assert queued.key == "case/T.late"


@pytest.mark.rule(AUDITED)
@pytest.mark.parametrize("reason", ["x" * 401, "a\0b", "\ud800"])
def test_a_reason_is_short_and_storable(reason: str) -> None:
    event = Moved.of("case", Move.GO, State.A, State.B, by=ActorId("a"), at=T0, reason=reason)
    with pytest.raises(RuleBroken):
        memory().run(lambda unit: unit.record([event]))


@pytest.mark.rule(TIME)
@pytest.mark.parametrize(
    "at",
    [
        datetime.fromisoformat("9999-12-31T23:00:00-14:00"),
        datetime.fromisoformat("0001-01-01T00:00:00+14:00"),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime(9999, 1, 1, tzinfo=UTC),
        datetime(1, 12, 31, tzinfo=UTC),
    ],
)
def test_f53_instants_have_bounds(at: datetime) -> None:
    with pytest.raises(BeyondTime, match="years 2 to 9998"):
        utc(at)
    for inside in (datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)):
        assert utc(inside) == inside
    with memory_desk() as desk, pytest.raises(BeyondTime):
        desk.sweep(at)
    with memory_desk() as desk, pytest.raises(BeyondTime):
        received(desk, at=at)
