"""The store in memory passes the contracts of a store, less the abilities it does not have."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from backends import note_use
from csdomain.kernel.cases.effects import StartTimer
from csdomain.kernel.rules import AUDITED, NUMBERING, ONE_WRITER, PERMITTED, PORTS, TIMERS
from csdomain.kernel.store.unit import StandardUnit
from csdomain.testing import (
    ConcurrencyContract,
    Contract,
    EventContract,
    KeyContract,
    NumberContract,
    OutboxContract,
    ProjectionContract,
    QueryContract,
    RefusalContract,
    RegisterContract,
    RulebookContract,
    StoreFactory,
    TimerContract,
    UnitContract,
)
from csdomain.testing.base import SPECIMENS, Rig, at
from csdomain_adapters.memory import MemoryStore, open_store
from csdomain_adapters.memory.session import Tables


class InMemory(Contract):
    abilities = frozenset()

    @pytest.fixture
    def open_store(self) -> StoreFactory:
        note_use("memory")
        return lambda kinds, backstage: open_store("memory:", kinds, backstage, {})


@pytest.mark.rule(PORTS, AUDITED, ONE_WRITER, PERMITTED)
class TestUnits(InMemory, UnitContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestConcurrency(InMemory, ConcurrencyContract): ...


@pytest.mark.rule(PERMITTED)
class TestRefusals(InMemory, RefusalContract): ...


@pytest.mark.rule(PORTS)
class TestRegisters(InMemory, RegisterContract): ...


@pytest.mark.rule(PORTS)
class TestProjections(InMemory, ProjectionContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestKeys(InMemory, KeyContract): ...


@pytest.mark.rule(NUMBERING)
class TestNumbers(InMemory, NumberContract): ...


@pytest.mark.rule(PORTS)
class TestRulebooks(InMemory, RulebookContract): ...


@pytest.mark.rule(PORTS)
class TestQueries(InMemory, QueryContract): ...


@pytest.mark.rule(AUDITED)
class TestEvents(InMemory, EventContract): ...


@pytest.mark.rule(TIMERS)
class TestTimers(InMemory, TimerContract): ...


@pytest.mark.rule(AUDITED)
class TestOutbox(InMemory, OutboxContract): ...


# --- nothing half-done, nothing shared, nothing that no database keeps ------------------------------------------------


@pytest.fixture
def rig() -> Rig:
    return Rig(lambda kinds, backstage: open_store("memory:", kinds, backstage, {}), frozenset())


def tables(rig: Rig) -> Tables:
    assert isinstance(rig.store, MemoryStore)
    return rig.store._tables


def held(rig: Rig) -> str:
    """Everything that the store holds, as text. A table of a kind comes with the first question about it."""
    parts = attrs.asdict(tables(rig), recurse=False)
    return repr({name: {k: v for k, v in t.items() if v} if isinstance(t, dict) else t for name, t in parts.items()})


@pytest.mark.rule(ONE_WRITER, TIMERS)
def test_f29_a_timer_that_cannot_be_indexed_is_taken_back_with_its_unit(rig: Rig) -> None:
    specimen = rig.stored()
    rig.run(lambda unit: unit.record([], [StartTimer(rig.timer(specimen.id))]))
    before = held(rig)
    endless = attrs.evolve(rig.timer(specimen.id), due_at=datetime.max.replace(tzinfo=UTC))

    def work(unit: StandardUnit) -> None:
        rig.everything(unit, rig.specimen())
        unit.session.save_timer(endless)

    with pytest.raises(OverflowError):
        rig.run(work)
    assert held(rig) == before
    due = rig.store.look(lambda unit: unit.session.due_timers(at(999), 9, ()))
    assert [timer.subject for timer in due] == [specimen.id]


class Interrupted(BaseException):
    """Whatever may come between two steps."""


class Fickle:
    """Raises once, before or after the n-th change of any table."""

    def __init__(self, left: int) -> None:
        self.left = left

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Interrupted

    def of(self, base: type[Any], *changes: str) -> type[Any]:
        def changing(name: str) -> Any:
            def change(table: Any, *args: Any) -> Any:
                self.step()
                result = getattr(base, name)(table, *args)
                self.step()
                return result

            return change

        return type(base.__name__, (base,), {name: changing(name) for name in changes})


def _begin(rig: Rig, id: str) -> None:
    rig.run(lambda unit: unit.record([rig.picked(id, reason="why")], [StartTimer(rig.timer(id))]))


@pytest.mark.rule(ONE_WRITER)
def test_f29_whatever_comes_between_two_steps_of_a_unit_it_is_taken_back_whole() -> None:
    ran = 0
    for steps in range(1, 1_000):
        rig = Rig(lambda kinds, backstage: open_store("memory:", kinds, backstage, {}), frozenset())
        there = rig.stored(rig.specimen(label="there"))
        _begin(rig, there.id)
        before = held(rig)
        fickle, t = Fickle(0), tables(rig)
        maps = fickle.of(dict, "__setitem__", "__delitem__", "pop")
        lists = fickle.of(list, "append", "insert", "__setitem__", "__delitem__")
        for field in attrs.fields(Tables):
            kept = getattr(t, field.name)
            inner = lists if field.name == "by_subject" else maps
            if isinstance(kept, defaultdict):
                setattr(t, field.name, defaultdict(inner, {key: inner(value) for key, value in kept.items()}))
            else:
                setattr(t, field.name, (maps if isinstance(kept, dict) else lists)(kept))
        specimen = rig.specimen()

        def work(unit: StandardUnit, rig: Rig = rig, id: str = there.id, specimen: Any = specimen) -> None:
            session = unit.session
            rig.everything(unit, specimen)
            found = unit.of(SPECIMENS).get(id)
            found.label = "other"
            unit.of(SPECIMENS).save(found)
            session.number_events(9)
            session.redact(id)
            session.claim_messages(at(9), at(10), 9)
            session.save_timer(attrs.evolve(rig.timer(id), due_at=at(77)))
            session.claim_key(rig.call(key="k"))
            session.release_key(rig.call(key="k"))

        fickle.left = steps
        try:
            rig.run(work)
        except Interrupted:
            ran += 1
            assert held(rig) == before, steps
        else:
            break
    assert ran > 40
