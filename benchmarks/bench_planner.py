"""The planner: a look where nobody is due, and a run for whom everybody is.

    python benchmarks/bench_planner.py [--json] [--quick]

A source that comes due daily asks one index for the subjects of its day. *Idle*: no run has come due. *Nobody due*: one
has, and none of 200,000 subjects is of its day: it is opened, held, read and ended. *All due*: each subject of a run
gets an event and a message, a page in one `record`; beside it *bare*, the same pages read and the same acts done in
units of their own, without a run, a lease or a cursor. SQLite as a desk opens it; the servers do not wait for a disk.
Targets: idle and nobody <= 10 ms; all >= 2,000 subjects/s on PostgreSQL.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import attrs
import common

from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.events import Moved
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.planning import PAGE, Due, Source, Subjects, occasion_key, plan
from csdomain.kernel.store.ports import OpenStore, Unit
from csdomain.kernel.store.unit import Backstage
from csdomain.testing import MovableClock
from csdomain.testing.base import ALWAYS
from csdomain.testing.kit import SequentialIds
from csdomain.testing.samples import TASKS, Task
from csdomain_adapters.sql.store import open_store

IDLE_MS, LEAST = 10.0, 2_000
SUBJECTS: Final = 200_000
DAYS: Final = 365
DAY: Final = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Greeted(Moved):
    """Something was due for a subject."""

    name = "greeted"
    run: str


class Daily:
    """A run each midnight (UTC); the subjects of the n-th are those of the place ``day-n``."""

    def __init__(self, store: OpenStore, clock: MovableClock) -> None:
        self.store, self.clock, self.days = store, clock, dict[str, str]()
        self.source = Source("bench", self.runs, self.page, self.act)

    def runs(self, after: datetime, until: datetime) -> Iterable[Due]:
        at = after.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        while at <= until:
            yield Due(f"{at:%Y-%m-%d}", at)
            at += DAY

    def page(self, unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        place = TASKS["place"].is_(self.days.get(due.key, "nobody"))
        after = (TASKS["name"].at_least(cursor + "~"),) if cursor else ()
        rows = unit.register(TASKS).rows(place, *after, order_by=("place", "name"), limit=limit)
        ids = [row.name for row in rows.items]
        return Subjects(ids, ids[-1] if rows.next is not None else None)

    def act(self, unit: Unit, due: Due, ids: Sequence[str]) -> None:
        about: dict[str, Any] = {"by": SYSTEM, "at": due.at, "move": "greet", "source": "", "dest": "", "run": due.key}
        key = "greeting"
        messages = [Message(occasion_key(key, due.key, id), "bench.greeting", id, {"day": due.key}) for id in ids]
        unit.record([Greeted(subject=id, **about) for id in ids], messages)

    def plan(self) -> Any:
        return plan(self.store, [self.source], self.clock, worker="bench")

    def next_day(self, place: str = "nobody") -> Due:
        """Midnight has passed."""
        at = self.clock.advance(DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        self.days[f"{at:%Y-%m-%d}"] = place
        return Due(f"{at:%Y-%m-%d}", at)

    def bare(self, due: Due) -> int:
        """The pages and acts of a run, and nothing else."""
        cursor: str | None = ""
        done = 0

        def work(unit: Unit) -> Subjects:
            found = self.page(unit, due, cursor or "", PAGE)
            self.act(unit, due, found.ids)
            return found

        while cursor is not None:
            found = self.store.run(work)
            cursor, done = found.next, done + len(found.ids)
        return done


def fill(store: OpenStore, places: dict[str, int]) -> None:
    """Subjects of each place."""
    serial = count()
    for place, many in places.items():
        rows = [Task(place, f"sub_{next(serial):026}") for _ in range(many)]
        for start in range(0, many, 1_000):
            some = rows[start : start + 1_000]
            store.run(lambda unit: unit.register(TASKS).put(some))  # noqa: B023 - run at once


def milliseconds(work: Callable[[], object], rounds: int, before: Callable[[], object]) -> float:
    taken = []
    for _ in range(rounds + 1):
        before()
        began = perf_counter()
        work()
        taken.append(1000 * (perf_counter() - began))
    return median(taken[1:])


def measure(backend: str, url: str, *, quick: bool) -> Iterator[tuple[common.Row, list[str]]]:
    rounds, due = (3, 2_000) if quick else (5, 20_000)
    clock = MovableClock()
    store = open_store(url, [TASKS], Backstage(lambda _name: ALWAYS, SequentialIds()), {"upgrade": True})
    try:
        places = {f"day-{n:03}": SUBJECTS // DAYS for n in range(DAYS)}
        fill(store, {**places, **{f"all-{n}": due for n in range(2 * rounds)}})
        if backend == "postgresql":  # it does so by itself, some time
            with store.engine.connect() as connection:
                connection.exec_driver_sql("analyze")
        daily = Daily(store, clock)
        daily.plan()
        idle = milliseconds(daily.plan, 25, lambda: clock.advance(timedelta(seconds=1)))
        nobody = milliseconds(daily.plan, 25, daily.next_day)
        rows = {"idle": idle, "nobody due": nobody}
        for what, taken in rows.items():
            missed = [f"{what}: {taken:.1f} ms, not {IDLE_MS:g}"] if taken > IDLE_MS else []
            yield {"what": what, "subjects": SUBJECTS, "ms": taken}, missed
        all_, bare = list[float](), list[float]()
        for n in range(rounds):
            daily.next_day(f"all-{2 * n}")
            began = perf_counter()
            report = daily.plan()
            all_.append(perf_counter() - began)
            assert (report.subjects, report.failed) == (due, ()), report
            today = daily.next_day(f"all-{2 * n + 1}")
            began = perf_counter()
            assert daily.bare(today) == due
            bare.append(perf_counter() - began)
            del daily.days[today.key]  # the next run is not for them again
        rate = due / median(all_)
        low = rate < LEAST and backend == "postgresql"
        share = median(bare) / median(all_)
        yield (
            {"what": "all due", "subjects": due, "subjects/s": rate, "bare/s": due / median(bare), "share": share},
            [f"all due: {rate:,.0f} subjects/s, not {LEAST:,}"] if low else [],
        )
    finally:
        store.close()


def main() -> int:
    given = common.options(__doc__)
    rows: list[common.Row] = []
    faults: list[str] = []
    with common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        urls = {"sqlite": f"sqlite:///{Path(folder) / 'planner.db'}"} | {name: fresh(name) for name in common.there()}
        for backend, url in urls.items():
            for row, missed in measure(backend, url, quick=given.quick):
                rows.append({"store": backend, **row})
                faults += [f"{backend}: {each}" for each in missed]
    return common.report("planner", rows, faults, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
