"""Rows that cannot be read are named and passed over; a job ends, whatever a row holds (F39, F41, F49)."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import text

import csdomain
from adapters.harness import BACKENDS, SQL, Desks
from csdomain import Desk
from csdomain.kernel.rules import PERSONAL_DATA, PORTS, TIMERS
from csdomain.kernel.store.storable import Unreadable
from csdomain.testing import MovableClock, complaint_form, engaged, personnel, received, staff
from csdomain_adapters.memory import MemoryStore
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql.dialects import make_engine
from csdomain_adapters.sql.migrate import HEAD, NewerDatabase, current, upgrade

pytestmark = pytest.mark.rule(PORTS)
WORDS = "words of Mr Wang"


def spoil(desk: Desk, table: str, id: str, body: bytes, name: str | None = None) -> None:
    """Put another body into a row."""
    store = desk.store
    if isinstance(store, SqlStore):
        where = "id = :id" if name is None else "subject = :id and name = :name"
        with store.engine.begin() as connection:
            values = {"body": body, "id": id, "name": name or ""}
            connection.execute(text(f"update csd_{table} set body = :body where {where}"), values)  # noqa: S608
        return
    assert isinstance(store, MemoryStore)
    rows = store._tables.aggregates[table]
    rows[id] = attrs.evolve(rows[id], body=body.decode("utf-8", "replace"))


BODIES = {
    "no data": b"\xff\xfe" + WORDS.encode(),
    "not whole": f'{{"id": "{WORDS}'.encode(),
    "of another class": f'{{"reason": "{WORDS}"}}'.encode(),
}


@pytest.mark.rule(PERSONAL_DATA)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_f41_a_row_that_cannot_be_read_is_named_and_passed_over(desks: Desks, backend: str, body: str) -> None:
    desk = desks(backend)
    boss = staff(desk)["general_manager"]
    first, bad, last = (received(desk, complaint_form(customer="wang")).id for _ in range(3))
    spoil(desk, "complaint", bad, BODIES[body])
    page = desk.complaints.find(by=boss)
    assert ([case.id for case in page.items], page.unreadable) == ([first, last], (bad,))
    short = desk.complaints.find(csdomain.Query(limit=2), by=boss)
    assert (len(short.items), short.unreadable, short.next is None) == (1, (bad,), False)
    with pytest.raises(Unreadable) as caught:
        desk.complaints.get(bad, by=boss)
    error: BaseException | None = caught.value
    assert caught.value.facts == {"kind": "complaint", "id": bad}
    while error is not None:
        assert WORDS not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__
    with pytest.raises(Unreadable):
        desk.export_customer("wang", by=boss, at=desk.clock.now())
    report = desk.erase_customer("wang", by=boss, at=desk.clock.now())
    assert (report.erased, report.unreadable) == ((first, last), (bad,))
    named = {(fault.subject, fault.part.value, fault.problem.value) for fault in desk.verify().faults}
    assert (bad, "body", "unreadable") in named


def test_nothing_is_decided_by_staff_records_that_are_not_all_there(desks: Desks) -> None:
    desk = desks("sqlite")
    id = engaged(desk, "manager-1", "sales_manager").id
    spoil(desk, "staff", id, b"{}")
    with pytest.raises(Unreadable):
        desk.staff.holders("sales_manager", desk.clock.now(), by=personnel(desk))


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize("row", ["of another", "no data", "never ends"])
@pytest.mark.parametrize("backend", SQL)
def test_f39_f49_a_sweep_ends_whatever_a_row_holds_and_fires_the_others(desks: Desks, backend: str, row: str) -> None:
    clock = MovableClock()
    desk = desks(backend, clock=clock)
    bad, good = received(desk).id, received(desk).id
    store: Any = desk.store
    with store.engine.begin() as connection:
        found = "select name, body from csd_timer where subject = :id order by name"
        name, body = connection.execute(text(found), {"id": bad}).all()[0]
        other = connection.execute(text(found), {"id": good}).all()[0].body
    never = bytes(body).replace(b'"state":"running"', b'"state":"met"')
    spoil(desk, "timer", bad, {"of another": bytes(other), "no data": WORDS.encode(), "never ends": never}[row], name)
    clock.advance(timedelta(days=90))
    report = desk.sweep()
    assert report.breached >= 1
    assert {(subject, timer) for subject, timer, _ in report.failed} == {(bad, name)}
    assert all(isinstance(error, Unreadable) and WORDS not in str(error) for *_, error in report.failed)
    assert desk.store.look(lambda unit: len(unit.session.trails([bad, good]))) < 20
    again = desk.sweep()
    assert (again.warned, again.breached) == (0, 0)
    assert bad in {fault.subject for fault in desk.verify().faults}


@pytest.mark.parametrize("backend", SQL)
def test_f49_a_database_of_a_newer_csdomain_is_an_error_with_a_name(
    database_url: Callable[[str], str], backend: str
) -> None:
    url = database_url(backend)
    engine = make_engine(url, {})
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("update csd_alembic_version set version_num = '9999'"))
    openings: list[Callable[[], object]] = [
        lambda: upgrade(engine),
        lambda: csdomain.open(url, upgrade=True),
        lambda: csdomain.open(url, upgrade=False),
    ]
    for opened in openings:
        with pytest.raises(NewerDatabase) as caught:
            opened()
        assert caught.value.facts == {"actual": "9999", "expected": HEAD}
    engine.dispose()


def test_who_only_looks_at_a_file_leaves_it_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as theirs:
        theirs.execute("create table notes (text)")
    theirs.close()
    before = file.read_bytes()
    engine = make_engine(f"sqlite:///{file}", {})
    assert current(engine) is None
    with pytest.raises(csdomain.DomainError):
        csdomain.open(f"sqlite:///{file}", upgrade=False)
    engine.dispose()
    assert (file.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (before, ["theirs.db"])
    with csdomain.open(f"sqlite:///{file}") as desk:
        received(desk)
        with sqlite3.connect(file) as ours:
            assert ours.execute("pragma journal_mode").fetchone() == ("wal",)
        ours.close()
