"""The store in memory passes the contracts of a store, less the abilities it does not have."""

import pytest

from backends import note_use
from csdomain.kernel.rules import AUDITED, NUMBERING, ONE_WRITER, PERMITTED, PORTS, TIMERS
from csdomain.testing import (
    ConcurrencyContract,
    Contract,
    EventContract,
    KeyContract,
    NumberContract,
    OutboxContract,
    QueryContract,
    RefusalContract,
    RulebookContract,
    StoreFactory,
    TimerContract,
    UnitContract,
)
from csdomain_adapters.memory import open_store


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
