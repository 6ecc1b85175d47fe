"""A store can be trusted: whatever is changed behind its back is named, and what it does itself never is."""

import json
import random
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text

import csdomain
from adapters.changed import changes
from adapters.cli_calls import Calls, Said
from adapters.harness import BACKENDS, SQL, Desks
from adapters.whole import STEPS, StepIds, step_of
from csdomain import Desk
from csdomain.desk import kinds
from csdomain.kernel.rules import AUDITED, PERSONAL_DATA
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.verify import Checkpoint, CheckpointInvalid, Fault, Part, Problem, Untrustworthy, verify
from csdomain.kernel.values.actors import ActorId
from csdomain.messaging.events import MessageRequeued
from csdomain.orders.values import Dose, Item
from csdomain.testing import MovableClock, accepted, engaged, received, staff
from csdomain_adapters.memory import MemoryStore
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql.dialects import make_engine
from csdomain_adapters.sql.migrate import downgrade, upgrade

pytestmark = pytest.mark.rule(AUDITED)
KEY = b"kept by the host"


def after_sales(desks: Desks, backend: str) -> Desk:
    """A whole complaint, one whose clocks ran out, somebody of the staff, and who stands in for whom."""
    ids, clock = StepIds(), MovableClock()
    desk = desks(backend, ids=ids, clock=clock)
    do, id = step_of(desk, ids), ""
    for step in STEPS:
        id = do(step, id).id
    engaged(desk, "deputy-1", "deputy_general_manager")
    engaged(desk, "manager-1", "sales_manager")
    boss = desk.actor("deputy-1", branch="hq", positions=("deputy_general_manager",))
    desk.staff.delegate(
        "deputy_general_manager", "manager-1", until=clock.now() + timedelta(days=9), by=boss, at=clock.now()
    )
    clock.advance(timedelta(days=60))
    desk.sweep()
    return desk


def medical_centre(desks: Desks, backend: str) -> Desk:
    """An order of which one of two pieces was sent."""
    desk = desks(backend, rulebook="medical_centre")
    at = desk.clock.now()

    def actor(position: str) -> object:
        return desk.actor(f"{position}-1", branch="hq", positions=(position,))

    orders = desk.orders
    id = orders.prescribe("customer-1", [Dose("fish_oil", Decimal(2))], by=actor("functional_doctor"), at=at).id  # type: ignore[arg-type]
    manager = actor("health_manager")
    orders.enter(id, [Item("fish_oil", 2)], by=manager, at=at)  # type: ignore[arg-type]
    orders.sign(id, by=manager, at=at)  # type: ignore[arg-type]
    return desk


STORIES = {story.__name__: story for story in (after_sales, medical_centre)}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_f42_whatever_one_thing_is_changed_is_named(desks: Desks, backend: str, story: str) -> None:
    desk = STORIES[story](desks, backend)
    checkpoint = desk.checkpoint(KEY)
    assert desk.verify(checkpoint, key=KEY).sound
    every = list(changes(desk))
    assert len(every) > 100
    # Each change costs a server some milliseconds: there, some of them.
    chosen = every if backend in ("memory", "sqlite") else random.Random(42).sample(every, 60)
    for subject, what, change in chosen:
        undo = change()
        try:
            found = desk.verify(checkpoint, key=KEY)
        finally:
            undo()
        named = {fault.subject for fault in found.faults}
        assert named & {subject, "", f"{subject}0"}, f"{what} of {subject}"
    assert desk.verify(checkpoint, key=KEY).sound, "everything was put back"


def erased(desk: Desk, id: str) -> None:
    desk.complaints.erase(id, by=staff(desk)["general_manager"], at=desk.clock.now())


def held(desk: Desk, id: str) -> None:
    by, at = staff(desk)["general_manager"], desk.clock.now()
    desk.complaints.hold(id, "litigation", at + timedelta(days=9), by=by, at=at)
    desk.complaints.erase(id, by=by, at=at)
    desk.clock.advance(timedelta(days=10))  # type: ignore[attr-defined]  # a movable one
    desk.sweep()


def followed(desk: Desk, id: str) -> None:
    desk.follow("log", lambda _: None)


def exported(desk: Desk, id: str) -> None:
    customer = desk.complaints.get(id, by=staff(desk)["general_manager"]).customer
    desk.export_customer(customer, by=staff(desk)["general_manager"], at=desk.clock.now())


def sealed_before(desk: Desk, id: str) -> None:
    desk.checkpoint(KEY)
    erased(desk, id)


@pytest.mark.parametrize("what", [erased, held, followed, exported, sealed_before], ids=lambda what: what.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_store_does_itself_verifies(desks: Desks, backend: str, what: Callable[[Desk, str], None]) -> None:
    desk = after_sales(desks, backend)
    checkpoint = desk.checkpoint(KEY)
    id = next(iter(desk.complaints.find(by=staff(desk)["general_manager"]).items)).id
    what(desk, id)
    assert desk.verify(checkpoint, key=KEY).faults == ()


def test_rebased_under_another_rulebook_it_verifies(database_url: Callable[[str], str], tmp_path: Path) -> None:
    url, book = database_url("sqlite"), tmp_path / "stricter.toml"
    book.write_text('name = "stricter"\nextends = "after_sales"\n[complaints]\nclose_within = "3 days"\n', "utf-8")
    with csdomain.open(url) as desk:
        accepted(desk)
        old = desk.house.rulebook.ref
    with csdomain.open(url, book) as desk:
        assert desk.rebase(old, by=staff(desk)["general_manager"], at=desk.clock.now()).moved
        assert desk.verify().faults == ()


def test_a_reason_that_is_gone_without_an_erasing_is_named(desks: Desks) -> None:
    desk = after_sales(desks, "sqlite")
    assert isinstance(desk.store, SqlStore)
    with desk.store.engine.begin() as connection:
        connection.execute(text("update csd_audit set reason = '', salt = null where name = 'complaint_checked'"))
    (fault,) = desk.verify().faults
    assert (fault.part, fault.problem) == (Part.LINE, Problem.CHANGED)


def test_a_cut_tail_shows_by_the_checkpoint(desks: Desks) -> None:
    desk = desks("memory")
    first, last = received(desk).id, received(desk).id
    checkpoint = Checkpoint.read(desk.checkpoint(KEY).text())
    received(desk)
    assert desk.verify(checkpoint, key=KEY).sound, "what came later is no fault"
    assert isinstance(desk.store, MemoryStore)
    tables = desk.store._tables
    for place in tables.by_subject.pop(last):
        tables.positions.remove(place)
        tables.audit[place] = tables.audit[-1]  # as if the last case had never been
    del tables.aggregates["complaint"][last]
    for key in [key for key in tables.timers if key[0] == last]:
        del tables.timers[key]
    found = desk.verify(checkpoint, key=KEY)
    assert Fault("", Part.TRAIL, Problem.CHANGED, "checkpoint") in found.faults
    with pytest.raises(CheckpointInvalid):
        desk.verify(checkpoint, key=b"of somebody else")
    with pytest.raises(CheckpointInvalid):
        desk.checkpoint(b"short")
    with pytest.raises(CheckpointInvalid):
        Checkpoint.read('{"at": 1}')
    tables.by_subject[first].clear()
    with pytest.raises(Untrustworthy):
        desk.checkpoint(KEY)


def test_it_is_read_range_by_range(desks: Desks) -> None:
    desk = desks("sqlite")
    for _ in range(7):
        accepted(desk)
    told: list[int] = []
    found = verify(desk.store, kinds(), rows=5, progress=told.append)
    assert (found, sum(told)) == (desk.verify(), found.subjects)
    assert len(told) > 3


@pytest.mark.rule(PERSONAL_DATA)
@pytest.mark.parametrize("backend", SQL)
def test_the_chain_begins_at_the_upgrade_with_what_is_there(database_url: Callable[[str], str], backend: str) -> None:
    url = database_url(backend)
    with csdomain.open(url, upgrade=True) as desk:
        assert isinstance(desk.store, SqlStore)
        id, engine = accepted(desk).id, desk.store.engine
        received(desk)
        downgrade(engine, "0004")
        with engine.begin() as connection:  # as bodies were before
            for row in connection.execute(text("select id, body from csd_complaint")).all():
                body = bytes(row.body)[: bytes(row.body).rindex(b',"~"')] + b"}"
                if row.id != id:
                    said = json.loads(body)
                    body = json.dumps({name: said[name] for name in said.keys() - {"handed", "told", "waits"}}).encode()
                connection.execute(text("update csd_complaint set body = :b where id = :i"), {"b": body, "i": row.id})
        upgrade(engine)
        found = desk.verify()
        assert (found.faults, found.subjects > 1) == ((), True)
        desk.complaints.investigate(id, by=staff(desk)["service_agent"], at=desk.clock.now())
        desk.complaints.erase(id, by=staff(desk)["general_manager"], at=desk.clock.now())
        assert desk.verify().faults == ()
        with engine.begin() as connection:
            connection.execute(text("update csd_complaint set grave = true"))
        assert {fault.name for fault in desk.verify().faults} == {"grave"}


@pytest.mark.parametrize("backend", SQL)
def test_two_who_append_to_one_trail_at_once_leave_one_chain(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    id, at = received(desk).id, desk.clock.now()
    begun = Barrier(2, timeout=30)

    def append(unit: Unit, slow: list[int]) -> None:
        unit.trail(id)
        if slow:
            slow.pop()
            begun.wait()
        unit.record([MessageRequeued(subject=id, by=ActorId("a"), at=at, message="m", attempts=1)])
        if slow is first:
            time.sleep(0.2)

    first, second = ([1], [1]) if backend != "sqlite" else ([], [])  # there one writes at a time
    threads = [Thread(target=desk.store.run, args=(partial(append, slow=slow),)) for slow in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.name for r in desk.store.look(lambda unit: unit.trail(id))].count("message_requeued") == 2
    assert desk.verify().faults == ()


def test_the_command_verifies_signs_and_names(
    database_url: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)

    def called(*arguments: str) -> Said:
        return calls(arguments)

    def data(*arguments: str) -> Any:
        return json.loads(called(*arguments, "--json").out)

    url, key = database_url("sqlite"), tmp_path / "key"
    key.write_bytes(KEY)
    with csdomain.open(url) as desk:
        id = accepted(desk).id
    done = data("verify", url)
    assert (done["ok"], done["faults"], called("verify", url).code) == (True, [], 0)
    signed = called("checkpoint", url, "--key", str(key))
    kept = tmp_path / "kept.json"
    kept.write_text(signed.out, "utf-8")
    assert called("verify", url, "--checkpoint", str(kept), "--key", str(key)).code == 0
    assert data("verify", url, "--checkpoint", str(kept))["error"]["code"] == "key_wanted"
    engine = make_engine(url, {})
    with engine.begin() as connection:
        connection.execute(text("update csd_complaint set branch = 'b2'"))
    engine.dispose()
    (fault,) = data("verify", url)["faults"]
    assert (called("verify", url).code, fault) == (
        1,
        {"subject": id, "part": "column", "problem": "changed", "name": "branch"},
    )
    assert id in called("verify", url).out
    assert data("checkpoint", url, "--key", str(key))["error"]["code"] == "untrustworthy"
