"""Servers that go down under load, again and again: nothing that was acknowledged is lost, and nothing is half-done."""

import fcntl
import itertools
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

import csdomain
from adapters.faults.jobs import BOOK, Spool
from adapters.faults.load import LEFT, POLICY, SWEPT, WHOLE, Plan, opened, plan
from adapters.faults.nursery import Ended, Nursery
from adapters.faults.restarted import FALLS, Restarted
from adapters.whole import StepIds, instant, step_of
from backends import SERVERS
from csdomain import Desk
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.rules import AUDITED, NUMBERING, ONE_WRITER, PORTS, TIMERS
from csdomain.kernel.store.ports import AuditRecord, Receipt
from csdomain.testing import MovableClock, no_holidays, snapshot
from servers import GIVEN_MARIADB, mariadb_binaries

#: Those that the tests can start: a server that is given is not theirs to kill.
OURS = [b for b in SERVERS if b != "mariadb" or mariadb_binaries() or not os.environ.get(GIVEN_MARIADB)]
#: When all claims of the relay have run out.
LAST = MovableClock().now() + timedelta(days=3650)
WRITERS = ("ann", "bob", "cai")
PATIENCE = 30.0
#: What a case has on its trail by its use cases: name, move, from, to.
Shape = tuple[tuple[str, str, str, str], ...]

Journal = dict[str, list[tuple[str, Receipt]]]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


# --- the load, and the restarts ---------------------------------------------------------------------------------------


def lines(paths: Sequence[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in paths if path.exists())


def await_progress(journals: Sequence[Path], receipts: int) -> None:
    """Until so many more receipts were acknowledged. Raises TimeoutError."""
    ends, wanted = time.monotonic() + PATIENCE, lines(journals) + receipts
    while lines(journals) < wanted:
        if time.monotonic() > ends:
            raise TimeoutError("the load does not go on")
        time.sleep(0.01)


def under_load(
    nursery: Nursery, server: Restarted, times: int, receipts: int, folder: Path, journals: Sequence[Path], spool: Path
) -> list[Ended]:
    """Restart the server so many times while writers, a sweeper and a relay are at work; what those came to.

    Between two restarts so many receipts are acknowledged at least: a server that nobody used has nothing to lose.
    """
    chance = random.Random(20260304)
    alive = folder / "alive"
    common = {"url": server.url, "alive": str(alive)}
    writing = [
        ("keep_writing", {**common, "journal": str(journal), "name": name})
        for name, journal in zip(WRITERS, journals, strict=True)
    ]
    failed: Exception | None = None
    with alive.open("w") as held:  # let go before the children are waited for
        fcntl.flock(held, fcntl.LOCK_EX)
        nursery.begin([*writing, ("keep_sweeping", common), ("keep_relaying", {**common, "spool": str(spool)})])
        try:
            for how in itertools.islice(itertools.cycle(FALLS[server.backend]), times):
                await_progress(journals, receipts)
                time.sleep(chance.uniform(0, 0.3))
                server.fall(how)
                time.sleep(chance.choice([0.0, chance.uniform(0, 0.5)]))
                server.rise()
            await_progress(journals, receipts)
        except Exception as error:  # noqa: BLE001 - what a child says explains it better
            failed = error
    ended = nursery.ended()
    for child in ended:
        child.value()
    if failed is not None:
        raise failed
    return ended


# --- what must be there at last ---------------------------------------------------------------------------------------


@attrs.frozen
class Stand:
    """A complaint after some of its use cases, as an undisturbed one shows."""

    state: str
    version: int
    trail: Shape
    messages: frozenset[str]


def shape(trail: Sequence[AuditRecord]) -> Shape:
    """What use cases left; timers fire when the sweeper comes by."""
    return tuple((r.name, r.move, r.source, r.dest) for r in trail if not r.name.startswith("timer_"))


def told(messages: Sequence[Any], id: str) -> frozenset[str]:
    """What use cases told of a case; not what a sweeper did, whose keys begin with the rule of the timer."""
    keys = [m.key.partition("/")[2] for m in messages if m.key.startswith(f"{id}/")]
    return frozenset(key for key in keys if not key.startswith("CMP-"))


def fired(trail: Sequence[AuditRecord]) -> Counter[str]:
    """What a sweeper left."""
    return Counter(f"{r.name} {sorted(r.facts.items())}" for r in trail if r.name in ("timer_warned", "timer_breached"))


def undisturbed(plan: Plan) -> tuple[list[Stand], Counter[str]]:
    """A complaint in memory after each of its use cases; and what a sweep then fires."""
    ids, stands, id = StepIds(), list[Stand](), ""
    with csdomain.open("memory:", BOOK, holidays=no_holidays(), clock=MovableClock(), ids=ids) as desk:
        do = step_of(desk, ids, since=plan.since)
        for step in plan.steps:
            receipt = do(step, id)
            id = receipt.id
            trail, messages = desk.store.look(
                lambda unit: (unit.session.trail(id), unit.session.outbox(unsent=False, limit=1000))  # noqa: B023
            )
            stands.append(Stand(receipt.state, receipt.version, shape(trail), told(messages, id)))
        desk.sweep(SWEPT)
        return stands, fired(desk.store.look(lambda unit: unit.session.trail(id)))


def read_journals(paths: Sequence[Path]) -> Journal:
    found: Journal = {}
    for path in paths:
        for line in path.read_text().splitlines():
            key, step, receipt = json.loads(line)
            found.setdefault(key, []).append((step, Receipt(**receipt)))
    return found


def check_acknowledged(desk: Desk, journal: Journal) -> None:
    """Each command that was answered is answered alike under its key."""
    do = {way: step_of(desk, StepIds(), since=way.since) for way in (WHOLE, LEFT)}
    lost = [
        (key, step, receipt, again)
        for key, answered in journal.items()
        for step, receipt in answered
        if (again := do[plan(key)](step, "" if step == "receive" else receipt.id, key=key)) != receipt
    ]
    assert not lost, f"{len(lost)} receipts are not as they were acknowledged, the first: {lost[0]}"


def keys_taken(url: str) -> Counter[str]:
    """How many keys there are of each use case; one without a receipt is half a use case."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("select use_case, receipt is null from csd_key")).all()
    assert not any(empty for _, empty in rows)
    return Counter(use_case for use_case, _ in rows)


def check_cases(shown: Mapping[str, Any], journal: Journal) -> None:
    """Every case stands where some number of use cases leave it: those acknowledged, and one more at most."""
    whole, left = undisturbed(WHOLE)[0], undisturbed(LEFT)[0][-1:]
    acknowledged = {answered[0][1].id: len(answered) for answered in journal.values()}
    cases = {case.id: case for case in shown[COMPLAINTS.table]}
    assert acknowledged.keys() <= cases.keys(), "a complaint that was acknowledged is not there"
    by_case: dict[str, list[Any]] = {}
    for message in shown["outbox"]:
        by_case.setdefault(message.key.partition("/")[0], []).append(message)
    for id, case in cases.items():
        trail = shown["trails"][id]
        stand = Stand(case.state.value, case.version, shape(trail), told(by_case.get(id, []), id))
        known = acknowledged.get(id, 0)
        possible = left if was_left(trail) else whole[max(known - 1, 0) : known + 1]
        assert stand in possible, f"{id}: acknowledged {known}, found {stand}"


def was_left(trail: Sequence[AuditRecord]) -> bool:
    return trail[0].at == instant("receive") + LEFT.since


def check_timers(desk: Desk) -> None:
    """All that is late has fired, each once."""
    desk.sweep(SWEPT)
    report = desk.sweep(SWEPT)
    assert (report.warned, report.breached, report.failed) == (0, 0, ())
    _, late = undisturbed(LEFT)
    assert len(late) > 2
    for id, trail in snapshot(desk.store, (COMPLAINTS,))["trails"].items():
        assert fired(trail) == (late if was_left(trail) else Counter()), id


def check_numbers(shown: Mapping[str, Any]) -> None:
    found: dict[str, list[int]] = {}
    for case in shown[COMPLAINTS.table]:
        series, _, number = case.number.rpartition("-")
        found.setdefault(series, []).append(int(number))
    for series, numbers in found.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), f"{series}: a number twice, or one missing"


def check_messages(desk: Desk, spool: Path) -> None:
    """Nothing was sent that is not there, everything is sent but what another took the place of, nothing came twice."""
    assert isinstance(desk.clock, MovableClock)

    def keys(*, unsent: bool) -> list[str]:
        found = desk.store.look(lambda unit: unit.session.outbox(unsent=unsent, limit=1_000_000))
        return [m.key for m in found if m.state is not MessageState.SUPERSEDED]

    assert set(spool.read_text().split()) <= set(keys(unsent=False)), "a message was sent whose use case is lost"
    desk.clock.move(LAST)  # all claims have run out
    desk.relay(Spool(str(spool)), policy=POLICY)
    assert keys(unsent=True) == []
    every, sent = keys(unsent=False), Counter(spool.read_text().split())
    assert len(every) == len(set(every))
    assert sent == Counter(every)


def check_restarts(nursery: Nursery, backend: str, times: int, receipts: int, folder: Path) -> None:
    journals, spool = [folder / f"{name}.jsonl" for name in WRITERS], folder / "spool"
    spool.touch()
    with Restarted(backend) as server:
        csdomain.open(server.url, BOOK, holidays=no_holidays(), upgrade=True).close()
        began = time.monotonic()
        ended = under_load(nursery, server, times, receipts, folder, journals, spool)
        took = time.monotonic() - began
        journal = read_journals(journals)
        desk, _ = opened(server.url)
        with desk:
            before = snapshot(desk.store, (COMPLAINTS,), subjects=("",))
            check_cases(before, journal)
            check_numbers(before)
            received = keys_taken(server.url)["complaint.receive"]
            assert len(before[COMPLAINTS.table]) == received
            assert len(journal) <= received <= len(journal) + len(WRITERS)
            assert before["refusals"] == {}
            check_acknowledged(desk, journal)
            assert snapshot(desk.store, (COMPLAINTS,), subjects=("",)) == before, "answering again changes nothing"
            check_timers(desk)
            check_messages(desk, spool)
    said = [child.value() for child in ended]
    met = {name: dict(sum((Counter(s[name]) for s in said), Counter[str]())) for name in ("told", "again")}
    print(  # for who wants to know: pytest -rP
        f"{backend}: {times} restarts in {took:.0f} s; {sum(map(len, journal.values()))} receipts of {len(journal)}"
        f" complaints acknowledged, {said[-2]['fired']} timers fired, {said[-1]['sent']} messages sent;"
        f" units begun again {met['again']}, commits cut {sum(s['cut'] for s in said)}, callers told {met['told']}"
    )


@pytest.mark.rule(ONE_WRITER, NUMBERING, AUDITED, TIMERS, PORTS)
@pytest.mark.parametrize("backend", OURS)
def test_a_server_that_restarts_loses_nothing(nursery: Nursery, backend: str, tmp_path: Path) -> None:
    check_restarts(nursery, backend, 3, 12, tmp_path)


@pytest.mark.deep
@pytest.mark.rule(ONE_WRITER, NUMBERING, AUDITED, TIMERS, PORTS)
@pytest.mark.parametrize("backend", OURS)
def test_fifty_restarts_lose_nothing(nursery: Nursery, backend: str, tmp_path: Path) -> None:
    check_restarts(nursery, backend, 50, 50, tmp_path)
