"""A database that stays busy: tried again a bounded number of times, then said, and nothing was changed (D4)."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from adapters.harness import Desks
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.rules import ONE_WRITER, PORTS
from csdomain.kernel.rules.errors import Conflict, StoreBusy
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Action
from csdomain.testing import HANDLING, agent, checked, received, snapshot
from csdomain.testing.concurrency import WAIT, beside
from csdomain_adapters.sql import store as sql_store
from csdomain_adapters.sql.store import ATTEMPTS
from servers import plain

ACCEPT = Action("complaints.accept")

#: How a desk is opened so that it waits for no lock, and how another holds the one it needs.
OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"busy_seconds": 0},
    "postgresql": {"connect_args": {"options": "-c lock_timeout=10ms"}},
}


def waiting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The attempts after which a store would wait; here it does not."""
    waits: list[int] = []

    def jitter(attempt: int) -> float:
        waits.append(attempt)
        return 0.0

    monkeypatch.setattr(sql_store, "jitter", jitter)
    return waits


@contextlib.contextmanager
def held(url: str) -> Any:
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as database:
            database.execute("begin immediate")
            yield
            database.execute("rollback")
    else:
        with psycopg.connect(plain(url)) as connection:
            connection.execute("select * from csd_complaint for update")
            yield
            connection.rollback()


@pytest.mark.rule(PORTS, ONE_WRITER)
@pytest.mark.parametrize("backend", sorted(OPTIONS))
def test_a_busy_database_is_said_to_be_busy(
    desks: Desks, clean_url: Callable[[str], str], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = waiting(monkeypatch)
    url, seen = clean_url(backend), []
    desk = desks.at(url, observer=lambda *told: seen.append(told), **OPTIONS[backend])
    id, by = checked(desk).id, agent(desk)
    before = snapshot(desk.store, (COMPLAINTS,), subjects=("",))
    with held(url):
        seen.clear()
        with pytest.raises(StoreBusy) as caught:
            desk.complaints.accept(id, HANDLING, by=by, at=desk.clock.now(), key="k")
        assert caught.value.retryable
        assert desk.complaints.get(id, by=by).version == 2, "reading waits for nobody"
    assert [(name, outcome) for name, _, outcome in seen] == [("complaint.accept", "store_busy")]
    assert waits == list(range(1, ATTEMPTS)), "each attempt but the last was followed by a wait"
    assert snapshot(desk.store, (COMPLAINTS,), subjects=("",)) == before
    assert desk.complaints.accept(id, HANDLING, by=by, at=desk.clock.now(), key="k").state == "accepted"


@pytest.mark.rule(ONE_WRITER)
@pytest.mark.parametrize("backend", sorted(OPTIONS))
def test_a_conflict_is_not_tried_again(desks: Desks, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waiting(monkeypatch)
    desk = desks(backend)
    id = checked(desk).id
    with pytest.raises(Conflict):
        desk.complaints.accept(id, HANDLING, by=agent(desk), at=desk.clock.now(), expected_version=9)
    assert waits == []


@pytest.mark.rule(ONE_WRITER)
@pytest.mark.parametrize("backend", sorted(OPTIONS))
def test_a_second_writer_waits_and_need_not_begin_again(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    id, by = received(desk).id, desk.house.resolve(agent(desk))
    begun: list[str] = []
    first_has_it, second_begins = threading.Event(), threading.Event()

    def read_and_write(unit: Unit, name: str) -> None:
        begun.append(name)
        case = unit.load(COMPLAINTS, id, may=ACCEPT, by=by)
        if name == "first":
            first_has_it.set()
            assert second_begins.wait(WAIT)
            time.sleep(0.1)
        unit.of(COMPLAINTS).save(case)

    def second() -> None:
        second_begins.set()
        desk.store.run(lambda unit: read_and_write(unit, "second"))

    first = beside(lambda: desk.store.run(lambda unit: read_and_write(unit, "first")))
    assert first_has_it.wait(WAIT)
    other = beside(second)
    first.join(WAIT)
    other.join(WAIT)
    assert begun == ["first", "second"]
    assert desk.complaints.get(id, by=by).version == 3
