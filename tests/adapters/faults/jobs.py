"""What the children of a nursery do: ordinary use of a desk, and dying in the midst of it."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import event

import csdomain
from adapters.whole import STEPS, StepIds, step_of
from csdomain import Desk
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.desk import Services
from csdomain.kernel.cases.delivery import Answer, NotSent, RelayPolicy, Sent
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.numbers import NUMBERS
from csdomain.kernel.store.ports import AuditRecord, Queued, Receipt, Unit
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import Action
from csdomain.testing import (
    HANDLING,
    MovableClock,
    SequentialIds,
    accepted,
    agent,
    answered,
    checked,
    closed,
    complaint_form,
    engaged,
    no_holidays,
    personnel,
    received,
    snapshot,
)
from csdomain.testing.samples import HEAPS, Heap
from csdomain_adapters.notify import CollectingNotifier
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql.dialects import make_engine
from csdomain_adapters.sql.migrate import downgrade, upgrade
from csdomain_adapters.sql.tables import Schema

LEASE = RelayPolicy(lease=timedelta(minutes=2))
BY = "agent-1"


#: Read once, by the nursery's interpreter: children begin with it.
BOOK = csdomain.load_rulebook("after_sales")


def warm_up() -> None:
    """What an interpreter does for the first time costs more than all the rest: do it once, before forking."""
    import psycopg  # noqa: F401

    with csdomain.open("sqlite://", BOOK, holidays=no_holidays(), clock=MovableClock()) as desk:
        closed(desk)
        desk.sweep()
        desk.relay(CollectingNotifier())


def opened(url: str, *, at: str | None = None, first_id: int | None = None) -> Desk:
    """A desk at ``url`` as a process of its own opens it."""
    clock = MovableClock() if at is None else MovableClock(datetime.fromisoformat(at))
    options: dict[str, Any] = {} if first_id is None else {"ids": SequentialIds(first_id)}
    # These tests kill processes, and cut no power: nothing waits for the disk.
    if url.startswith("sqlite"):
        options["synchronous"] = "OFF"
    return csdomain.open(url, BOOK, holidays=no_holidays(), clock=clock, **options)


#: How complaints are made that stand where a test wants them.
MADE: dict[str, Callable[[Desk], Receipt]] = {
    "received": received,
    "checked": checked,
    "accepted": accepted,
    "answered": answered,
}


def prepare(url: str, count: int = 1, state: str = "received") -> list[str]:
    """Complaints in a fresh database."""
    with opened(url, first_id=1) as desk:
        return [str(MADE[state](desk).id) for _ in range(count)]


def dump(url: str) -> str:
    """All that shows, as text to compare."""
    with opened(url) as desk:
        return repr(snapshot(desk.store, (COMPLAINTS,), subjects=("",)))


def age(url: str, revision: str) -> None:
    """A complaint, its timers and what was told of it, in tables as they were at ``revision``."""
    with opened(url, first_id=1) as desk:
        id = accepted(desk).id
        desk.complaints.investigate(id, by=agent(desk), at=desk.clock.now())
    downgrade(make_engine(url, {}), revision)


def modernise(url: str, turn: int = 0) -> str:
    """Bring the tables up to date, and die before the ``turn``-th statement that changes something; all that shows."""
    engine, changes = make_engine(url, {}), 0

    def heard(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal changes
        changes += statement.lstrip().lower().startswith(("create", "alter", "drop", "insert", "update", "delete"))
        if changes == turn:
            os.kill(os.getpid(), signal.SIGKILL)

    if turn:
        event.listen(engine, "before_cursor_execute", heard)
    upgrade(engine)
    engine.dispose()
    with opened(url, first_id=1000) as desk:
        number = received(desk).number
        assert desk.verify().sound
    return f"{number} {dump(url)}"


# --- many writers -----------------------------------------------------------------------------------------------------


def write(url: str, id: str, times: int) -> dict[str, Any]:
    """Change one case and count one series up, ``times`` times; every number that was given, and what was given up."""
    numbers: list[int] = []
    given_up: list[str] = []
    with opened(url) as desk:
        actor = desk.house.resolve(desk.actor(BY, branch="hq", positions=("service_agent",)))

        def work(unit: Unit) -> int:
            case: Complaint = unit.load(COMPLAINTS, id, may=Action("complaints.accept"), by=actor)
            case.outcome = str(int(case.outcome or 0) + 1)
            unit.of(COMPLAINTS).save(case)
            return unit.session.next_number("series")

        for _ in range(times):
            try:
                numbers.append(desk.store.run(work))
            except DomainError as error:
                given_up.append(error.code)
    return {"numbers": numbers, "given_up": given_up}


def receive(url: str, times: int, key: str) -> list[str]:
    """File complaints, each twice under its key, as a caller who got no answer does; their numbers."""
    with opened(url) as desk:
        by, at = agent(desk), desk.clock.now()
        made = []
        for n in range(times):
            receipts = [desk.complaints.receive(complaint_form(), by=by, at=at, key=f"{key}-{n}") for _ in range(2)]
            assert receipts[0] == receipts[1]
            made.append(receipts[0].number)
        return made


def read(url: str, id: str) -> dict[str, Any]:
    with opened(url) as desk:
        case = desk.complaints.get(id, by=agent(desk))
        return {"outcome": case.outcome, "state": case.state.value, "version": case.version}


# --- locking in opposite order ----------------------------------------------------------------------------------------


def lock_both(url: str, first: str, second: str, folder: str, me: str, other: str) -> int:
    """Load two cases in one unit; each process waits until the other has its first. How often the unit began."""
    begun = 0
    with opened(url) as desk:
        by, at = agent(desk), desk.clock.now()

        def work(inner: Services) -> None:
            nonlocal begun
            begun += 1
            inner.complaints.accept(first, HANDLING, by=by, at=at)
            Path(folder, me).touch()
            for _ in range(50):
                if Path(folder, other).exists():
                    break
                threading.Event().wait(0.02)
            inner.complaints.investigate(first, by=by, at=at)
            inner.complaints.get(second, by=by)
            inner._store.run(lambda unit: unit.load(COMPLAINTS, second, may=Action("complaints.read"), by=actor))

        actor = desk.house.resolve(by)
        desk.together(work)
    return begun


# --- dying ------------------------------------------------------------------------------------------------------------


def die_at(desk: Desk, turn: int) -> None:
    """Kill this process at the ``turn``-th call on the database: before a statement, before or after a commit."""
    store = desk.store
    assert isinstance(store, SqlStore)
    calls = 0

    def call(*_: object, **__: object) -> None:
        nonlocal calls
        calls += 1
        if calls == turn:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store.engine, "before_cursor_execute", call)
    event.listen(store.engine, "after_cursor_execute", call)
    event.listen(store.engine, "commit", call)  # about to commit
    event.listen(store.engine, "checkin", call)  # committed, not yet answered


def die_in(url: str, use_case: str, id: str, turn: int, journal: str) -> str:
    """Do one use case and die at its ``turn``-th call; what was answered is noted in ``journal`` first."""
    with opened(url, first_id=1000) as desk:
        by, at = agent(desk, "service_agent"), desk.clock.now()
        # The rulebook is read and cached, as in a process that has been at work for a while.
        desk.complaints.get(id, by=by)
        die_at(desk, turn)
        work: dict[str, Callable[[], Any]] = {
            "receive": lambda: desk.complaints.receive(complaint_form(), by=by, at=at, key="k"),
            "accept": lambda: desk.complaints.accept(id, HANDLING, by=by, at=at, key="k"),
            "close": lambda: desk.complaints.close(id, "done", by=by, at=at, key="k"),
            "withdraw": lambda: desk.complaints.withdraw(id, "found the cause", by=by, at=at, key="k"),
            "together": lambda: desk.together(lambda d: together(d, by, agent(desk, position="sales"), at)),
        }
        answer = repr(work[use_case]())
        Path(journal).write_text(answer)
        return answer


def together(inner: Services, by: Any, seller: Any, at: datetime) -> Any:
    first = inner.complaints.receive(complaint_form(), by=by, at=at, key="a")
    inner.complaints.check(first.id, "ours", by=seller, at=at, key="b")
    inner.complaints.accept(first.id, HANDLING, by=by, at=at, key="c")
    return inner.complaints.withdraw(first.id, "found the cause", by=by, at=at, key="d")


def aftermath(url: str, use_case: str, id: str) -> dict[str, str]:
    """What is found after a death; then the same use case twice under the same key, by a process that lives."""
    after = dump(url)
    answer = die_in(url, use_case, id, 0, os.devnull)
    whole = dump(url)
    again = die_in(url, use_case, id, 0, os.devnull)
    return {"after": after, "answer": answer, "whole": whole, "again": again, "at_last": dump(url)}


def count_in_a_flow(url: str, times: int, turn: int) -> int:
    """File a complaint and count it in a register, in one unit, so many times; die at the ``turn``-th call."""
    with opened(url, first_id=10_000 * (os.getpid() % 10_000)) as desk:
        by, at = agent(desk), desk.clock.now()
        store = desk.store
        assert isinstance(store, SqlStore)
        Schema([HEAPS]).meta.create_all(store.engine)
        desk.complaints.find(by=by)
        die_at(desk, turn)

        def work(unit: Unit) -> None:
            assert isinstance(unit, StandardUnit)
            Services(Joined(unit), desk.house, desk._ids).complaints.receive(complaint_form(), by=by, at=at)
            assert unit.register(HEAPS).add(("hq", "filed"), {"held": 2}, new=Heap("hq", "filed"))
            assert unit.register(HEAPS).add(("hq", "filed"), {"held": -1, "owed": 1})

        for _ in range(times):
            store.run(work)
    return times


def counted(url: str) -> list[int]:
    """What the register holds, how many complaints there are, and how many numbers."""
    with opened(url) as desk:

        def work(unit: Unit) -> list[int]:
            heap = unit.register(HEAPS).get(("hq", "filed"))
            filed = unit.of(COMPLAINTS).tally(Tally())[0].count
            numbers = unit.register(NUMBERS).sums()[0].count
            return [*((0, 0) if heap is None else (heap.held, heap.owed)), filed, numbers]

        return desk.store.look(work)


def live_whole(url: str, journal: str, turn: int = 0) -> list[list[str]]:
    """Do a whole complaint, each use case under its key, and die at the ``turn``-th call.

    Each answer goes into ``journal`` before the next use case begins. What shows after each: its answer, and everything
    in the store; of a process that is to die, nothing.
    """
    ids, told = StepIds(), list[list[str]]()
    with whole_desk(url, ids) as desk, Path(journal).open("a") as file:
        do, id = step_of(desk, ids), ""
        die_at(desk, turn)
        for step in STEPS:
            receipt = do(step, id, key="k")
            id = receipt.id
            file.write(f"{receipt!r}\n")
            file.flush()
            told.append([repr(receipt), "" if turn else dump(url)])
    return told


def whole_desk(url: str, ids: StepIds) -> Desk:
    """A desk for a whole complaint."""
    options: dict[str, Any] = {"synchronous": "OFF"} if url.startswith("sqlite") else {}
    return csdomain.open(url, BOOK, holidays=no_holidays(), clock=MovableClock(), ids=ids, **options)


def go_on(url: str) -> dict[str, Any]:
    """What a death left; then the whole complaint again under the same keys: every answer, and what shows at last."""
    after, ids, answers = dump(url), StepIds(), list[str]()
    with whole_desk(url, ids) as desk:
        do, id = step_of(desk, ids), ""
        for step in STEPS:
            receipt = do(step, id, key="k")
            id = receipt.id
            answers.append(repr(receipt))
    return {"after": after, "answers": answers, "at_last": dump(url)}


@attrs.frozen
class Spool:
    """A gateway that notes every delivery on disk at once, and can be asked; it takes its time."""

    path: str
    seconds: float = 0.0

    def send(self, message: Queued, /) -> None:
        time.sleep(self.seconds)
        with Path(self.path).open("a") as spool:
            spool.write(message.key + "\n")

    def ask(self, message: Queued, /) -> Answer:
        return Sent() if message.key in Path(self.path).read_text().split() else NotSent()


@attrs.frozen
class Deaf:
    """A gateway that cannot be asked."""

    send: Callable[[Queued], None]


def sweep(url: str, at: str, batch: int = 3, turn: int = 0) -> list[int]:
    with opened(url, at=at) as desk:
        die_at(desk, turn)
        report = desk.sweep(batch=batch)
        return [report.warned, report.breached, len(report.failed)]


def relay(url: str, at: str, spool: str, turn: int = 0, asks: bool = True) -> list[int]:
    with opened(url, at=at) as desk:
        die_at(desk, turn)
        gateway = Spool(spool)
        report = desk.relay(gateway if asks else Deaf(gateway.send), policy=LEASE)
        return [report.sent, report.retrying, report.dead]


def relay_slowly(url: str, spool: str, after: float) -> int:
    """After a while, relay through a gateway of 50 ms by the real clock; a claim holds half a second."""
    time.sleep(after)
    with csdomain.open(url, BOOK, holidays=no_holidays()) as desk:
        policy = RelayPolicy(lease=timedelta(seconds=0.5))
        return sum(desk.relay(Spool(spool, 0.05), policy=policy).sent for _ in range(2))


def leavers(url: str) -> None:
    """Two who leave with open cases in two branches, and two cases that were closed, in March."""
    with opened(url, first_id=1) as desk:
        desk.plan()  # from here on
        for name, branch in (("ann", "hq"), ("bob", "south")):
            who = agent(desk, name, branch=branch)
            record = engaged(desk, name, "service_agent", by=personnel(desk, branch=branch))
            for _ in range(2):
                accepted(desk, by=who)
            closed(desk, branch=branch)
            desk.staff.leave(record.id, "moves away", by=personnel(desk, branch=branch), at=desk.clock.now())


def carry_out(url: str, turn: int = 0) -> None:
    """Bring about what follows elsewhere."""
    with opened(url, first_id=1000 * (turn + 1)) as desk:
        die_at(desk, turn)
        desk.carry_out()


def plan(url: str, at: str, turn: int = 0) -> None:
    """Do the runs that are due."""
    with opened(url, at=at, first_id=1000 * (turn + 1)) as desk:
        die_at(desk, turn)
        desk.plan()


def followed(url: str) -> dict[str, list[Any]]:
    """What consequences and the planner did: messages and lines of the trail, each as often as it is there."""
    with opened(url) as desk:
        desk.follow("followed", lambda _: None)
        messages = desk.store.look(lambda unit: unit.session.outbox(limit=1000))
        events = desk.store.look(lambda unit: unit.session.events_after(0, 1000))
        health = desk.health()
    return {
        "told": sorted(
            [m.occasion, m.to, m.facts["branch"], m.facts["cases"]]
            for m in messages
            if m.occasion in ("complaint.left_behind", "complaint.reviews")
        ),
        "noted": sorted([e.subject, e.name] for e in events if e.name == "cases_left_behind"),
        "ill": [health.parked, health.failed_runs],
    }


def follow(url: str, mirror: str, turn: int = 0, handled: int = 0) -> int:
    """Follow events into a file, and die at the ``turn``-th call or once so many events are handled."""
    with opened(url) as desk, Path(mirror).open("a") as file:
        die_at(desk, turn)

        def handle(event: AuditRecord) -> None:
            nonlocal handled
            file.write(f"{event.position} {event.event_id}\n")
            file.flush()
            handled -= 1
            if not handled:
                os.kill(os.getpid(), signal.SIGKILL)

        return desk.follow("mirror", handle)


def after_a_sweep(url: str, at: str) -> dict[str, Any]:
    """Sweep again, in a process that lives; what fired, and what waits to be told."""
    sweep(url, at, batch=2)
    return {"fired": fired(url), "waiting": waiting(url)}


def after_a_relay(url: str, at: str, spool: str, asks: bool = True) -> dict[str, str]:
    """Relay again, once the claims of the dead have run out; where each message stands then.

    A server needs a moment to see that the dead have hung up; until then a relay passes their rows over.
    """
    for _ in range(100):
        relay(url, at, spool, asks=asks)
        found = waiting(url)
        if not {"waiting", "sending"} & set(found.values()):
            break
        time.sleep(0.05)
    return found


def fired(url: str) -> list[list[str]]:
    """Subject, event and instant of everything that timers did; and the keys in the outbox."""
    with opened(url) as desk:
        desk.follow("all", lambda _: None)
        events = desk.store.look(lambda unit: unit.session.events_after(0, 100_000))
        return [[e.subject, e.name, e.at.isoformat()] for e in events if e.name.startswith("timer_")]


def waiting(url: str) -> dict[str, str]:
    """The keys in the outbox, and where each message stands."""
    with opened(url) as desk:
        messages = desk.store.look(lambda unit: unit.session.outbox(limit=100_000))
        return {message.key: message.state.value for message in messages}
