"""A complaint received, checked, accepted, withdrawn (four use cases) against two ways to write the same by hand.

    python benchmarks/bench_store.py [--json] [--quick]

``csdomain``: the desk, with its rules, permissions, working calendar, sealed forms, events and codec.
``hand-written``: prepared SQLAlchemy Core statements that do the same writes, check nothing but the state and seal
nothing. ``django``: Django's ORM with django-fsm-2, which seals nothing either. All three work on tables made by
csdomain's own migrations, each on a database of its own; before the clock runs, one life of each is compared: the same
rows in the same tables, and, to hand-written Core, the same number of statements. Keys: each use case under an
idempotency key. SQLite: WAL, BEGIN IMMEDIATE, ``synchronous`` once FULL (the default of csdomain) and once OFF, where
no waiting for the disk hides the work. PostgreSQL: a local server by a Unix socket, which does not wait for its disk
either. Ratios are of rates: hand-written = 1.
Targets: >= 0.5 x hand-written on SQLite, >= 0.75 x on PostgreSQL; >= 1.5 x Django wherever hand-written reaches that:
where all three wait for the disk, none does.
"""

import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final

import common
from peers import life
from peers.django_orm import DjangoOrm, database, set_up
from peers.hand_written import HandWritten
from sqlalchemy import create_engine, event, text

import csdomain

TARGET_HAND: Final = {"sqlite": 0.5, "postgresql": 0.75}
TARGET_DJANGO: Final = 1.5
TABLES: Final = ("complaint", "audit", "timer", "outbox", "number", "key")
OURS, HAND, DJANGO = "csdomain", "hand-written", "django"


class Ours:
    """The desk, as an application uses it."""

    def __init__(self, url: str, synchronous: str = "FULL") -> None:
        self.fault = csdomain.Classification(life.CLASS, life.CAUSE)
        more: dict[str, Any] = {"synchronous": synchronous} if url.startswith("sqlite") else {"upgrade": True}
        self.desk = csdomain.open(url, **more)
        self.engine = self.desk.store.engine  # type: ignore[attr-defined]  # a SQL store has one
        self.agent = self.desk.actor(life.ACTOR, branch=life.BRANCH, positions=("sales", "service_agent"))
        claimed = csdomain.Money(life.CLAIMED, life.CURRENCY)
        self.form: Callable[[], csdomain.ComplaintForm] = lambda: csdomain.ComplaintForm(**life.FORM, claimed=claimed)

    def receive(self, key: str | None) -> str:
        return self.desk.complaints.receive(self.form(), by=self.agent, at=life.RECEIVED, key=key).id

    def check(self, id: str, key: str | None) -> None:
        self.desk.complaints.check(id, life.OPINION, by=self.agent, at=life.CHECKED, key=key)

    def accept(self, id: str, key: str | None) -> None:
        self.desk.complaints.accept(id, self.fault, by=self.agent, at=life.ACCEPTED, key=key)

    def withdraw(self, id: str, key: str | None) -> None:
        self.desk.complaints.withdraw(id, life.REASON, by=self.agent, at=life.WITHDRAWN, key=key)


def written(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What a life left in a database: each table's rows, without ids and bodies, whose lengths stand for them."""
    engine = create_engine(url)
    left: dict[str, list[tuple[Any, ...]]] = {}
    with engine.connect() as connection:
        for table in TABLES:
            rows = connection.execute(text(f"select * from csd_{table}")).mappings()  # noqa: S608 - our own names
            left[table] = sorted(tuple((name, value) for name, value in row.items() if _same(name)) for row in rows)
    engine.dispose()
    return left


def _same(column: str) -> bool:
    """Whether a column holds the same on every side: not ids, hashes, deadlines by the calendar, or bodies."""
    skipped = {"id", "event_id", "subject", "body", "facts", "fingerprint", "receipt", "due_at", "next_at", "key"}
    return column not in skipped | {"created_at", "at", "seq"}


def statements(side: Any, work: Callable[[], object]) -> int:
    """How many statements ``work`` sends.

    Heard by a view of the engine: an engine that was ever listened to is slower for good.
    """
    seen: list[str] = []
    holder = side.desk.store if hasattr(side, "desk") else side

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    plain = holder.engine
    holder.engine = plain.execution_options()
    event.listen(holder.engine, "before_cursor_execute", note)
    work()
    holder.engine = plain
    return len(seen)


def compare(urls: dict[str, str], sides: dict[str, Any]) -> int:
    """One life of each side under keys: refuses to go on unless they write the same. The number of statements."""
    sent = {name: statements(sides[name], lambda: life.live(sides[name], "first")) for name in (OURS, HAND)}  # noqa: B023
    life.live(sides[DJANGO], "first")
    left = {name: written(url) for name, url in urls.items()}
    assert left[OURS] == left[HAND] == left[DJANGO], left
    assert sent[OURS] == sent[HAND], sent
    return sent[OURS]


def measure(backend: str, urls: dict[str, str], synchronous: str, lives: int, rounds: int) -> list[common.Row]:
    ours = Ours(urls[OURS], synchronous)
    book = ours.desk.house.rulebook.ref
    sides: dict[str, Any] = {
        OURS: ours,
        HAND: HandWritten(urls[HAND], book, synchronous),
        DJANGO: DjangoOrm(alias(backend, synchronous), book),
    }
    sent = compare(urls, sides)
    rows: list[common.Row] = []
    for keys in (True, False):
        serial = count()

        def run(side: life.Side, keys: bool = keys, serial: Any = serial) -> Callable[[], None]:
            def lived() -> None:
                for _ in range(lives):
                    life.live(side, f"{keys}-{next(serial)}" if keys else None)

            return lived

        times = common.interleaved({name: run(side) for name, side in sides.items()}, rounds)
        rows.append(
            {
                "backend": backend,
                "synchronous": synchronous if backend == "sqlite" else None,
                "keys": "yes" if keys else "no",
                **{f"{name} ms": round(1000 * median(times[name]) / lives, 3) for name in sides},
                "rate to hand-written": round(common.ratio(times, HAND, OURS), 2),
                "rate to django": round(common.ratio(times, DJANGO, OURS), 2),
                "hand-written to django": round(common.ratio(times, DJANGO, HAND), 2),
                "widest spread": round(max(common.spread(taken) for taken in times.values()), 2),
                "statements": sent if keys else None,
            }
        )
    sides[OURS].desk.close()
    sides[HAND].engine.dispose()
    return rows


def alias(backend: str, synchronous: str) -> str:
    return f"{backend}_{synchronous}".lower()


def main() -> int:
    asked = common.options(__doc__)
    lives, rounds = (4, 5) if asked.quick else (8, 31)
    rows: list[common.Row] = []
    with tempfile.TemporaryDirectory() as folder, common.postgresql() as fresh:
        plan: list[tuple[str, str, dict[str, str]]] = [
            ("sqlite", mode, {side: f"sqlite:///{Path(folder)}/{side}-{mode}.db" for side in (OURS, HAND, DJANGO)})
            for mode in (("OFF",) if asked.quick else ("FULL", "OFF"))
        ]
        plan.append(("postgresql", "-", {side: fresh() for side in (OURS, HAND, DJANGO)}))
        set_up({alias(backend, mode): database(urls[DJANGO], mode) for backend, mode, urls in plan})
        for backend, mode, urls in plan:
            for url in urls.values():
                Ours(url).desk.close()  # makes the tables
            rows += measure(backend, urls, mode, lives, rounds)
        from django.db import connections

        connections.close_all()
    faults: list[str] = []
    for row in rows:
        where = " ".join(str(row[name]) for name in ("backend", "synchronous", "keys") if row[name])
        hand, django = float(row["rate to hand-written"] or 0), float(row["rate to django"] or 0)
        if hand < TARGET_HAND[str(row["backend"])]:
            faults.append(f"{where}: {hand} x hand-written's rate, at least {TARGET_HAND[str(row['backend'])]}")
        if django < TARGET_DJANGO <= float(row["hand-written to django"] or 0):
            faults.append(f"{where}: {django} x Django's rate, at least {TARGET_DJANGO}")
    return common.report("store", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
