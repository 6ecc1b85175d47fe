"""A whole complaint, received to closed by all departments (fifteen use cases), against two ways to write the same.

    python benchmarks/bench_complaint.py [--json] [--quick]

The use cases: receive, check, accept, involve, investigate, contribute, inspect, conclude, report, rule, judge,
submit, approve, answer, close; each under an idempotency key. ``csdomain``: the desk, with its rules, permissions,
authorities, working calendar, sealed forms, events and codec. ``hand-written``: prepared SQLAlchemy Core statements
that write the same rows (bodies of the same length) and check nothing but the state. ``django``: Django's ORM with
django-fsm-2. Both peers play a record of what the desk wrote; before the clock runs, one life of each is compared: the
same rows in the same tables, and, to hand-written Core, the same number of statements but for the two by which the desk
finds out who may decide. Tables, ``synchronous`` and servers are those of ``bench_store.py``, which says more.
Ratios are of rates: hand-written = 1. ``cpu`` is this process's own time, which a busy machine disturbs less; on a
server it leaves the server's share out, so targets are by the clock on the wall.
Targets: >= 0.5 x hand-written on SQLite, >= 0.75 x on PostgreSQL and MariaDB; >= 1.5 x Django wherever hand-written
reaches that.
"""

import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final

import common
from bench_store import DJANGO, HAND, OURS, TABLES, TARGET_DJANGO, alias, statements
from peers.django_orm import database, set_up
from peers.whole import STEPS, Desk, Played, record
from peers.whole_django import WholeByDjango
from peers.whole_hand import WholeByHand
from sqlalchemy import create_engine, text

TARGET_HAND: Final = {"sqlite": 0.5, "postgresql": 0.75, "mariadb": 0.75}
#: What the desk reads to know who may decide: delegations, and staff records.
FOR_AUTHORITY: Final = 2
#: Columns that differ from life to life, or count all lives of a database.
_OWN: Final = {"id", "event_id", "subject", "fingerprint", "key", "number", "seq", "series", "last", "position"}


def written(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What a life left in a database: each table's rows, bodies by their length."""
    engine = create_engine(url)
    left: dict[str, list[tuple[Any, ...]]] = {}
    with engine.connect() as connection:
        for table in TABLES:
            rows = connection.execute(text(f"select * from csd_{table}")).mappings()  # noqa: S608 - our own names
            left[table] = sorted(
                (tuple((n, _size(value)) for n, value in row.items() if n not in _OWN) for row in rows), key=repr
            )
    engine.dispose()
    return left


def _size(value: object) -> object:
    """A body's length; true and false as SQLite and MariaDB have them."""
    if isinstance(value, bytes | memoryview):
        return len(value)
    return int(value) if isinstance(value, bool) else value


def compare(urls: dict[str, str], sides: dict[str, Any]) -> int:
    """One life of each side under keys: refuses to go on unless they write the same. The number of statements."""
    sent = {name: statements(sides[name], lambda: sides[name].live("first")) for name in (OURS, HAND)}  # noqa: B023
    sides[DJANGO].live("first")
    left = {name: written(url) for name, url in urls.items()}
    for table in TABLES:
        for peer in (HAND, DJANGO):
            assert left[OURS][table] == left[peer][table], (peer, table, left[OURS][table], left[peer][table])
    assert sent[OURS] == sent[HAND] + FOR_AUTHORITY, sent
    return sent[OURS]


def measure(
    backend: str, urls: dict[str, str], synchronous: str, played: tuple[Played, ...], lives: int, rounds: int
) -> common.Row:
    sides: dict[str, Any] = {
        OURS: Desk(urls[OURS], synchronous),
        HAND: WholeByHand(urls[HAND], played, synchronous),
        DJANGO: WholeByDjango(alias(backend, synchronous), played),
    }
    sent = compare(urls, sides)
    serial = count()

    def run(side: Any) -> Callable[[], None]:
        def lived() -> None:
            for _ in range(lives):
                side.live(f"key-{next(serial)}")

        return lived

    cpu: dict[str, list[float]] = {}
    times = common.interleaved({name: run(side) for name, side in sides.items()}, rounds, used=cpu)
    sides[OURS].desk.close()
    sides[HAND].engine.dispose()
    return {
        "backend": backend,
        "synchronous": synchronous if backend == "sqlite" else None,
        **{f"{name} ms": round(1000 * median(times[name]) / lives, 2) for name in sides},
        "rate to hand-written": round(common.ratio(times, HAND, OURS), 3),
        "rate to django": round(common.ratio(times, DJANGO, OURS), 2),
        "hand-written to django": round(common.ratio(times, DJANGO, HAND), 2),
        **{f"{name} cpu ms": round(1000 * median(cpu[name]) / lives, 2) for name in sides},
        "cpu to hand-written": round(common.ratio(cpu, HAND, OURS), 3),
        "cpu to django": round(common.ratio(cpu, DJANGO, OURS), 2),
        "widest spread": round(max(common.spread(taken) for taken in times.values()), 2),
        "use cases": len(STEPS),
        "statements": sent,
    }


def main() -> int:
    asked = common.options(__doc__)
    lives, rounds = (1, 7) if asked.quick else (3, 31)
    rows: list[common.Row] = []
    with tempfile.TemporaryDirectory() as folder, common.servers() as fresh:
        log = Desk(f"sqlite:///{folder}/record.db", "OFF")
        played = record(log)
        log.desk.close()
        plan: list[tuple[str, str, dict[str, str]]] = [
            ("sqlite", mode, {side: f"sqlite:///{Path(folder)}/{side}-{mode}.db" for side in (OURS, HAND, DJANGO)})
            for mode in (("OFF",) if asked.quick else ("FULL", "OFF"))
        ]
        plan += [(backend, "-", {side: fresh(backend) for side in (OURS, HAND, DJANGO)}) for backend in common.there()]
        set_up({alias(backend, mode): database(urls[DJANGO], mode) for backend, mode, urls in plan})
        for backend, mode, urls in plan:
            for url in urls.values():
                Desk(url, mode).desk.close()  # makes the tables
            rows.append(measure(backend, urls, mode, played, lives, rounds))
        from django.db import connections

        connections.close_all()
    faults: list[str] = []
    for row in rows:
        where = " ".join(str(row[name]) for name in ("backend", "synchronous") if row[name])
        hand, django = float(row["rate to hand-written"] or 0), float(row["rate to django"] or 0)
        if hand < TARGET_HAND[str(row["backend"])]:
            faults.append(f"{where}: {hand} x hand-written's rate, at least {TARGET_HAND[str(row['backend'])]}")
        if django < TARGET_DJANGO <= float(row["hand-written to django"] or 0):
            faults.append(f"{where}: {django} x Django's rate, at least {TARGET_DJANGO}")
    return common.report("complaint", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
