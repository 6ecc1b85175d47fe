"""What the contracts of a store stand on: the abilities it declares, a record with a field of every type, a rig."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum, unique
from typing import Any, ClassVar, Final, NewType, NoReturn, TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, settings

from csdomain.kernel.calendar import CalendarSpec, WorkCalendar
from csdomain.kernel.cases.effects import Effect, Message, StartTimer, StopTimer
from csdomain.kernel.cases.events import Moved, TimerBreached, TimerFired
from csdomain.kernel.cases.timers import Timer, start
from csdomain.kernel.rules import AUDITED
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.store.ports import AuditRecord, Call, OpenStore, Receipt, TimerHandler, Unit
from csdomain.kernel.store.projections import Projection, by_event
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage, StandardUnit
from csdomain.kernel.values.actors import Action, Actor, ActorId, Scope
from csdomain.kernel.values.durations import CalendarDays, Duration
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern

from .kit import BEGINNING, MovableClock, SequentialIds, snapshot
from .samples import PICKS, REGISTERS, Pick

R = TypeVar("R")


@unique
class Ability(Enum):
    """What not every store can do. A contract tests what is declared, and that the rest is refused or as said.

    - ``DURABLE``: what was committed is there when the store is opened again; without it a new store is empty.
    - ``READS_BESIDE_A_WRITER``: ``look`` answers while a unit is open; without it, it waits.
    - ``WRITES_BESIDE_A_WRITER``: units that touch different records run at once; without it, one after the other.
    - ``HOST_TRANSACTIONS``: ``within`` joins a transaction of the host's; without it MissingBackend is raised.
    """

    DURABLE = "durable"
    READS_BESIDE_A_WRITER = "reads beside a writer"
    WRITES_BESIDE_A_WRITER = "writes beside a writer"
    HOST_TRANSACTIONS = "host transactions"


EVERY: Final = frozenset(Ability)
#: Opens the store under test for these kinds and registers. Where the store is durable, each call sees the same data.
StoreFactory = Callable[[Sequence[Stored], Backstage], OpenStore]

SpecimenId = NewType("SpecimenId", str)
SPECIMEN: Final = IdKind[SpecimenId]("spc")
OTHER: Final = IdKind[SpecimenId]("oth")
PICK: Final = Action("specimens.pick")


@attrs.define
class Specimen:
    """A record with a field of every type that a column can have, and a body with more."""

    id: SpecimenId
    branch: str = "hq"
    owner: str = "agent-1"
    version: int = 0
    label: str | None = None
    helper: str | None = None
    colour: str | None = None
    size: int | None = None
    ripe: bool | None = None
    picked_at: datetime | None = None
    best_on: date | None = None
    price: Money | None = None
    notes: Mapping[str, str | int | bool | None] = attrs.field(factory=dict)


LABEL: Field[Specimen, str] = Field("label", str, lambda s: s.label, unique=True)
HELPER: Field[Specimen, str] = Field("helper", str, lambda s: s.helper)
COLOUR: Field[Specimen, str] = Field("colour", str, lambda s: s.colour)
SIZE: Field[Specimen, int] = Field("size", int, lambda s: s.size)
RIPE: Field[Specimen, bool] = Field("ripe", bool, lambda s: s.ripe)
PICKED_AT: Field[Specimen, datetime] = Field("picked_at", datetime, lambda s: s.picked_at)
BEST_ON: Field[Specimen, date] = Field("best_on", date, lambda s: s.best_on)
FIELDS: Final = (LABEL, HELPER, COLOUR, SIZE, RIPE, PICKED_AT, BEST_ON)
SPECIMENS: Kind[Specimen] = Kind(
    Specimen, SPECIMEN, "specimen", FIELDS, indexes=(("branch", "picked_at"),), owners=(HELPER,)
)


@attrs.define
class Sample:
    """A specimen as a later release keeps it: what was ``colour`` in the body is ``hue``."""

    id: SpecimenId
    branch: str
    owner: str
    version: int
    label: str | None
    helper: str | None
    hue: str | None
    size: int | None
    ripe: bool | None
    picked_at: datetime | None
    best_on: date | None
    price: Money | None
    notes: Mapping[str, str | int | bool | None]


def _renamed(body: dict[str, Any]) -> dict[str, Any]:
    return {"hue" if name == "colour" else name: value for name, value in body.items()}


#: The kind of the later release, on the same table.
SAMPLES: Kind[Sample] = Kind(
    Sample,
    SPECIMEN,
    "specimen",
    (
        Field[Sample, str]("label", str, lambda s: s.label, unique=True),
        Field[Sample, str]("helper", str, lambda s: s.helper),
        Field[Sample, str]("colour", str, lambda s: s.hue),
        Field[Sample, int]("size", int, lambda s: s.size),
        Field[Sample, bool]("ripe", bool, lambda s: s.ripe),
        Field[Sample, datetime]("picked_at", datetime, lambda s: s.picked_at),
        Field[Sample, date]("best_on", date, lambda s: s.best_on),
    ),
    schema=2,
    upcasters={1: _renamed},
)


@attrs.frozen(kw_only=True)
class SpecimenPicked(Moved):
    """A specimen was picked."""

    weight: int = 0


@attrs.frozen(kw_only=True)
class SpecimenForgotten(SpecimenPicked):
    """All that was picked of a specimen is forgotten."""


def _picks(record: AuditRecord) -> Iterable[Pick]:
    weight: Any = record.facts["weight"]
    return (Pick(record.event_id, nth, record.subject, record.at, weight) for nth in range(weight))


#: Rows that follow from what happens to specimens: as many as the weight.
PICKING: Final = Projection(SPECIMENS, PICKS, {SpecimenPicked.name: _picks}, ends=frozenset({SpecimenForgotten.name}))


@unique
class _Move(Enum):
    PICK = "pick"


@unique
class _State(Enum):
    GROWING = "growing"
    PICKED = "picked"


ALWAYS: Final = WorkCalendar(
    CalendarSpec("UTC", {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}), "always"
)


def _told(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
    yield Message(f"{fired.subject}/{fired.timer}/{type(fired).__name__}", "specimen.late", "manager")


def _refusing(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
    raise RuleBroken(AUDITED, timer=fired.timer)


def _stopping(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
    if isinstance(fired, TimerBreached):
        yield StopTimer(fired.subject, "tst.other", fired.at, cancelled=True)


#: Handlers of timers by the rule before the dot in their names.
HANDLERS: Final[Mapping[str, TimerHandler]] = {"tst": _told, "refusing": _refusing, "stopping": _stopping}


class Rig:
    """A store under test with what a test needs around it: ids that count, a clock, records, calls."""

    def __init__(self, open_store: StoreFactory, abilities: frozenset[Ability] = EVERY) -> None:
        self.open_store = open_store
        self.abilities = abilities
        self.ids = SequentialIds()
        self.clock = MovableClock()
        self.seen: list[tuple[str, float, str]] = []
        self.backstage = Backstage(
            lambda _name: ALWAYS,
            self.ids,
            HANDLERS,
            lambda *observed: self.seen.append(observed),
            projections=by_event([PICKING]),
        )
        self.store = open_store((SPECIMENS, *REGISTERS), self.backstage)

    def reopen(self, *stored: Stored) -> OpenStore:
        """Close the store and open it again."""
        self.store.close()
        self.store = self.open_store(stored or (SPECIMENS, *REGISTERS), self.backstage)
        return self.store

    def close(self) -> None:
        self.store.close()

    def actor(self, id: str = "agent-1", branch: str = "hq", scope: Scope | None = Scope.ALL) -> Actor:
        """An actor who may pick specimens in ``scope``; not at all where that is None."""
        return Actor(ActorId(id), branch, grants={} if scope is None else {PICK: scope})

    def specimen(self, **values: Any) -> Specimen:
        """A record that is not stored yet."""
        return Specimen(self.ids.new(SPECIMEN), **values)

    def stored(self, *specimens: Specimen) -> Specimen:
        """Records in the store; the last of them as it is read back."""
        records = specimens or (self.specimen(),)

        def work(unit: Unit) -> None:
            for record in records:
                unit.of(SPECIMENS).add(record)

        self.run(work)
        return self.get(records[-1].id)

    def get(self, id: str) -> Specimen:
        return self.store.look(lambda unit: unit.of(SPECIMENS).get(id))

    def run(self, work: Callable[[StandardUnit], R], call: Call | None = None) -> R:
        """``store.run``, with the unit typed as the one that every store hands out."""

        def with_unit(unit: Unit) -> R:
            assert isinstance(unit, StandardUnit), "a store hands out csdomain's own unit over its session"
            return work(unit)

        return self.store.run(with_unit, call)

    def call(self, use_case: str = "specimen.pick", **values: Any) -> Call:
        """A call by ``agent-1`` at the clock's time."""
        values.setdefault("by", ActorId("agent-1"))
        return Call(use_case, at=self.clock.now(), **values)

    def picked(self, subject: str, *, forgotten: bool = False, **values: Any) -> SpecimenPicked:
        """An event of ``subject``: it was picked, or that is ``forgotten``."""
        kind = SpecimenForgotten if forgotten else SpecimenPicked
        values.setdefault("by", ActorId("agent-1"))
        values.setdefault("at", self.clock.now())
        return kind.of(subject, _Move.PICK, _State.GROWING, _State.PICKED, **values)

    def timer(
        self,
        subject: str,
        name: str = "tst",
        *,
        at: datetime | None = None,
        within: Duration = CalendarDays(1, end_of_day=False),  # noqa: B008 - frozen
        warnings: Sequence[int] = (),
    ) -> Timer:
        """A timer that runs from ``at`` (now) on a calendar that is always open."""
        return start(subject, name, ALWAYS, within, at or self.clock.now(), warnings=warnings)

    def everything(self, unit: Unit, specimen: Specimen) -> Receipt:
        """One use case that writes to everything a store has, all of it to do with ``specimen``."""
        number = unit.number(NumberPattern("S-{seq:03}"), self.clock.now(), zone="UTC")
        specimen.label = number
        unit.of(SPECIMENS).add(specimen)
        timer = self.timer(specimen.id)
        message = Message(
            f"{specimen.id}/picked", "specimen.picked", "manager", {"n": 1, "b": True, "s": "é", "x": None}
        )
        unit.record([self.picked(specimen.id, weight=7)], [StartTimer(timer), message])
        unit.session.put_rulebook(f"book@{specimen.id}", "text")
        unit.session.move_cursor("consumer", 1)
        return Receipt(specimen.id, specimen.version, "picked", number)

    def snapshot(self, *subjects: str) -> dict[str, Any]:
        """All that the store shows."""
        return snapshot(self.store, (SPECIMENS,), subjects=subjects, consumers=("consumer",))

    def unrefused(self, *subjects: str) -> dict[str, Any]:
        """All that the store shows, refusals aside."""
        return {name: part for name, part in self.snapshot(*subjects).items() if name != "refusals"}


class Contract:
    """Root of the contracts of a store: give a fixture ``open_store``, and ``abilities`` where some are lacking."""

    abilities: ClassVar[frozenset[Ability]] = EVERY

    @pytest.fixture
    def open_store(self) -> StoreFactory:
        """Opens the store under test. It is empty at the beginning of each test."""
        raise NotImplementedError("give a fixture `open_store`: (kinds, backstage) -> store")

    @pytest.fixture
    def rig(self, open_store: StoreFactory) -> Iterator[Rig]:
        """The store under test, opened, and closed afterwards."""
        rig = Rig(open_store, self.abilities)
        yield rig
        rig.close()


def examples(percent: int) -> settings:
    """Settings of a property in a contract: a share of the profile's examples, in one store after the other.

    Each example keeps to records of its own, so a fixture may serve them all; and a contract is run by many classes.
    """
    return settings(
        max_examples=max(1, settings.default.max_examples * percent // 100) if settings.default else percent,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )


def at(hours: float) -> datetime:
    """An instant, in hours after the beginning of the tests."""
    return BEGINNING + timedelta(hours=hours)


def day(number: int) -> date:
    """A date, in days after the beginning of the tests."""
    return (BEGINNING + timedelta(days=number)).astimezone(UTC).date()


def raising(error: BaseException) -> NoReturn:
    """Raise ``error``: for lambdas."""
    raise error
