"""Each contract catches adapters that are wrong: a fault is planted, and the contract must fail.

A contract that nothing can fail would prove nothing.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import Phase, settings

from adapters.wrong_stores import FAULTS, Slow
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.rules import PORTS
from csdomain.kernel.store.ports import Queued
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage
from csdomain.testing import (
    ClockContract,
    ConcurrencyContract,
    HolidaySourceContract,
    IdSourceContract,
    NotifierContract,
    Rig,
    SequentialIds,
    UnitContract,
)
from csdomain.testing.notifier import MESSAGE
from csdomain_adapters.memory import MemoryStore
from csdomain_adapters.memory import store as memory
from csdomain_adapters.memory.session import MemorySession
from csdomain_adapters.notify import CollectingNotifier

# --- running a contract without pytest --------------------------------------------------------------------------------


def cases(method: Any) -> Iterator[dict[str, Any]]:
    """The arguments of each parametrised case of a test."""
    marks = [mark for mark in getattr(method, "pytestmark", ()) if mark.name == "parametrize"]
    if not marks:
        yield {}
        return
    (mark,) = marks
    name, values = mark.args[:2]
    for value in values:
        yield {name: value}


@contextmanager
def quick(function: Any) -> Iterator[None]:
    """A property without the search for the smallest counterexample: that it fails is all we ask."""
    usual = getattr(function, "_hypothesis_internal_use_settings", None)
    if usual is not None:
        function._hypothesis_internal_use_settings = settings(
            usual, phases=[Phase.generate], database=None, derandomize=True, print_blob=False
        )
    try:
        yield
    finally:
        if usual is not None:
            function._hypothesis_internal_use_settings = usual


def failing(contract: type, **fixtures: Any) -> set[str]:
    """The tests of ``contract`` that fail; a fixture is a function that gives a fresh value for each case."""
    failed: set[str] = set()
    for name, function in inspect.getmembers(contract, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        wanted = [p for p in inspect.signature(function).parameters if p in fixtures]
        for arguments in cases(function):
            given = {p: fixtures[p]() for p in wanted}
            try:
                with quick(function):
                    function(contract(), **given, **arguments)
            except (Exception, KeyboardInterrupt, pytest.fail.Exception):  # noqa: BLE001 - whatever the fault does
                failed.add(name)
            finally:
                for value in given.values():
                    if isinstance(value, Rig):
                        value.close()
    return failed


def store_of(kinds: Sequence[Stored], backstage: Backstage) -> MemoryStore:
    return MemoryStore(backstage)


def rig() -> Rig:
    return Rig(store_of, frozenset())


# --- wrong stores -----------------------------------------------------------------------------------------------------


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize(("fault", "contract"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_wrong_store_is_caught(fault: type[MemorySession], contract: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MemorySession", fault)
    assert failing(contract, rig=rig)


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("contract", dict.fromkeys(contract for _, contract in FAULTS))
def test_a_right_store_is_not(contract: type) -> None:
    assert failing(contract, rig=rig) == set()


@pytest.mark.rule(PORTS)
def test_a_store_that_keeps_what_was_only_looked_at_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryStore, "look", MemoryStore.run)
    assert failing(UnitContract, rig=rig) >= {"test_looking_changes_nothing"}


@pytest.mark.rule(PORTS)
def test_a_store_without_a_lock_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(kinds: Sequence[Stored], backstage: Backstage) -> MemoryStore:
        store = MemoryStore(backstage)
        store._lock = nullcontext()  # type: ignore[assignment]
        return store

    monkeypatch.setattr(memory, "MemorySession", Slow)
    found = failing(ConcurrencyContract, rig=lambda: Rig(unlocked, frozenset()))
    assert "test_writers_at_once_lose_no_update" in found


@pytest.mark.rule(PORTS)
def test_a_store_that_forgets_at_closing_is_caught() -> None:
    from csdomain.testing import Ability

    found = failing(UnitContract, rig=lambda: Rig(store_of, frozenset({Ability.DURABLE})))
    assert "test_what_was_committed_outlives_the_store_where_it_says_so" in found


# --- wrong notifiers, clocks, ids, holidays ---------------------------------------------------------------------------


class Lossy(CollectingNotifier):
    def send(self, message: Queued, /) -> None:
        if len(self.sent) < 10:
            super().send(message)


class NewKeys(CollectingNotifier):
    def send(self, message: Queued, /) -> None:
        super().send(attrs.evolve(message, key=f"{message.key}#{message.attempts}"))


class Swallows:
    def send(self, message: Queued, /) -> None: ...


@pytest.mark.rule(PORTS)
def test_wrong_notifiers_are_caught() -> None:
    def against(kind: type[CollectingNotifier]) -> set[str]:
        made: list[CollectingNotifier] = []

        def notifier() -> CollectingNotifier:
            made.append(kind())
            return made[-1]

        return failing(
            NotifierContract,
            notifier=notifier,
            delivered=lambda: lambda: dict.fromkeys(made[-1].sent, 1),
            broken=lambda: None,
            message=lambda: MESSAGE,
        )

    assert against(CollectingNotifier) == set()
    assert against(Lossy)
    assert against(NewKeys)
    assert failing(
        NotifierContract, broken=Swallows, notifier=CollectingNotifier, delivered=lambda: dict, message=lambda: MESSAGE
    )


@attrs.frozen
class Fixed:
    """A clock that gives what it is told."""

    instants: list[datetime]

    def now(self) -> datetime:
        return self.instants[0] if len(self.instants) == 1 else self.instants.pop()


class Backwards(SequentialIds):
    def new(self, kind: Any, /) -> Any:
        self._next -= 2
        return super().new(kind)


@pytest.mark.rule(PORTS)
def test_wrong_clocks_and_ids_are_caught() -> None:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    assert failing(ClockContract, clock=lambda: Fixed([now])) == set()
    assert failing(ClockContract, clock=lambda: Fixed([now.replace(tzinfo=None)]))
    assert failing(ClockContract, clock=lambda: Fixed([now.replace(microsecond=n) for n in range(2000)]))
    assert failing(IdSourceContract, ids=SequentialIds) == set()
    assert failing(IdSourceContract, ids=lambda: Backwards(100_000))


@pytest.mark.rule(PORTS)
def test_wrong_sources_of_holidays_are_caught() -> None:
    whole = Holidays("X", ["2026-01-01", "2027-01-01"], {}, [2026, 2027])
    less = Holidays("X", ["2026-01-01"], {}, [2026])

    def forgetful() -> Any:
        answers = [whole, less]
        return lambda: answers.pop(0) if len(answers) > 1 else answers[0]

    assert failing(HolidaySourceContract, holiday_source=lambda: lambda: whole) == set()
    assert failing(HolidaySourceContract, holiday_source=forgetful)
    assert failing(HolidaySourceContract, holiday_source=lambda: lambda: Holidays("X", (), {}, [2026]))
