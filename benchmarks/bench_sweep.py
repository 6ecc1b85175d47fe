"""A sweep that finds 1,000 timers due, among 10,000 that run and among 1,000,000.

    python benchmarks/bench_sweep.py [--json] [--quick]

The due ones belong to real complaints and lie scattered over the table; each breaches: timer, trail and the message to
the superior are written, in batches of 100, each a transaction. The others run on; their rows are made inside the
database from one of the due. After each round, outside its time, the due ones are put back and what they caused is
taken away. SQLite as csdomain opens it (WAL, ``synchronous=FULL``), PostgreSQL as in `bench_store`. Memory: what Python
holds at the most during a sweep (tracemalloc), and by how much the process has grown after it, in rounds of their own.
Target: among the many <= 1.5 x the time among the few.
"""

import resource
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import attrs
import common
from sqlalchemy import Connection, Engine, text

import cases
import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.effects import CLOSING
from csdomain.complaints.values import COMPLAINT
from csdomain.desk import Desk
from csdomain.kernel.cases.timers import start
from csdomain.kernel.values.durations import CalendarDays

TARGET: Final = 1.5
SLICES: Final = 20
AT: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)

#: Copies of one row under new subjects, due long after NOW.
CLONES: Final = {
    "sqlite": """
        with recursive n(x) as (select :first union all select x + 1 from n where x < :last)
        insert into csd_timer (subject, name, state, started_at, due_at, next_at, body)
        select printf('cmp_%026d', x), name, state, started_at, due_at + :ahead, next_at + :ahead + x,
               cast(replace(cast(body as text), subject, printf('cmp_%026d', x)) as blob)
        from n, (select * from csd_timer where subject = :model)
    """,
    "postgresql": """
        insert into csd_timer (subject, name, state, started_at, due_at, next_at, body)
        select 'cmp_' || lpad(x::text, 26, '0'), name, state, started_at, due_at + :ahead, next_at + :ahead + x,
               convert_to(replace(convert_from(body, 'UTF8'), subject, 'cmp_' || lpad(x::text, 26, '0')), 'UTF8')
        from generate_series(cast(:first as bigint), cast(:last as bigint)) x,
             (select * from csd_timer where subject = :model) model
    """,
}


class Running:
    """A desk with ``due`` timers that a sweep finds, scattered among ``total``."""

    def __init__(self, url: str, total: int, due: int) -> None:
        self.due = due
        more: dict[str, Any] = {} if url.startswith("sqlite") else {"upgrade": True}
        self.desk: Desk = csdomain.open(url, **more)
        self.engine: Engine = self.desk.store.engine  # type: ignore[attr-defined]  # a SQL store has one
        clone = text(CLONES[self.engine.dialect.name])
        ahead = timedelta(days=3650) // timedelta(microseconds=1)
        each = (total - due) // SLICES
        for part in range(SLICES):
            model = self.desk.store.run(lambda unit, part=part: self._add(unit, due // SLICES, part))  # type: ignore[misc]
            with self.engine.begin() as connection:
                values = {"first": part * each + 1, "last": (part + 1) * each, "ahead": ahead, "model": model}
                connection.execute(clone, values)
        self.tidy("analyze")

    def _add(self, unit: Any, count: int, part: int) -> str:
        """Complaints accepted long ago, with their timers: both warnings given, the breach due. The last one's id."""
        calendar = self.desk.calendar("office")
        id = ""
        for number in range(count):
            id = COMPLAINT.make(millis=1_772_000_000_000 + part, randomness=number)
            since = AT + timedelta(minutes=number * SLICES + part)
            unit.of(COMPLAINTS).add(cases.accepted(id, f"T-{part}-{number}", since))
            timer = start(id, CLOSING, calendar, CalendarDays(6), since, warnings=(50, 80))
            unit.session.add_timers([attrs.evolve(timer, warned=2)])
        return id

    def tidy(self, how: str = "vacuum") -> None:
        """Bring the statistics up to date, or clear the dead rows: a server would do either by itself."""
        if self.engine.dialect.name == "postgresql":
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("vacuum analyze csd_timer" if how == "analyze" else "vacuum csd_timer"))
        elif how == "analyze":
            with self.engine.begin() as connection:
                connection.execute(text("analyze"))

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """What a sweep changes is as before afterwards."""
        here = "from csd_timer where next_at <= :now"
        with self.engine.begin() as connection:
            rows = connection.execute(text(f"select * {here}"), {"now": _micros(NOW)}).mappings().all()
        yield
        with self.engine.begin() as connection:
            self._restore(connection, [dict(row) for row in rows])
        self.tidy()

    def _restore(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        restore = "update csd_timer set state = :state, next_at = :next_at, body = :body"
        connection.execute(text(f"{restore} where subject = :subject and name = :name"), rows)
        connection.execute(text("delete from csd_audit"))
        connection.execute(text("delete from csd_outbox"))

    def sweep(self) -> None:
        report = self.desk.sweep(NOW)
        assert (report.breached, report.warned, report.failed) == (self.due, 0, ()), report


def _micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def resident() -> int:
    """KiB of memory that the process has now (Linux), or had at the most (elsewhere)."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory(side: Running) -> dict[str, float | int]:
    with side.put_back():
        before = resident()
        side.sweep()
        grown = resident() - before
    with side.put_back():
        tracemalloc.start()
        side.sweep()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return {"peak KiB": round(peak / 1024), "grown KiB": grown}


def measure(backend: str, urls: dict[int, str], due: int, rounds: int) -> list[common.Row]:
    sides = {total: Running(url, total, due) for total, url in urls.items()}
    times: dict[str, list[float]] = {f"{total:,}": [] for total in sides}
    with ExitStack() as stack:

        def before(name: str) -> None:
            stack.close()
            stack.enter_context(sides[int(name.replace(",", ""))].put_back())

        work: dict[str, Callable[[], object]] = {f"{total:,}": side.sweep for total, side in sides.items()}
        common.interleaved(work, 1, before=before)  # warms what is cached
        times = common.interleaved(work, rounds, before=before)
    few = next(iter(times))
    rows: list[common.Row] = [
        {
            "backend": backend,
            "running": name,
            "due": due,
            "ms": round(1000 * median(times[name])),
            "to few": round(common.ratio(times, name, few), 2),
            "spread": round(common.spread(times[name]), 2),
            **memory(side),
        }
        for name, side in zip(times, sides.values(), strict=True)
    ]
    for side in sides.values():
        side.desk.close()
    return rows


def main() -> int:
    asked = common.options(__doc__)
    few, many, due, rounds = (10_000, 100_000, 200, 3) if asked.quick else (10_000, 1_000_000, 1_000, 7)
    rows: list[common.Row] = []
    with tempfile.TemporaryDirectory() as folder, common.postgresql() as fresh:
        rows += measure("sqlite", {n: f"sqlite:///{Path(folder) / str(n)}.db" for n in (few, many)}, due, rounds)
        rows += measure("postgresql", {n: fresh() for n in (few, many)}, due, rounds)
    faults = [
        f"{row['backend']}: among {row['running']} {row['to few']} x the time among {few:,}, at most {TARGET}"
        for row in rows
        if float(row["to few"] or 0) > TARGET
    ]
    return common.report("sweep", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
