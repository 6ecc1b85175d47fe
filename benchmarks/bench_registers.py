"""Counting in a register against a bare guarded UPDATE: sixteen writers on one row, side by side, round by round.

    python benchmarks/bench_registers.py [--json] [--quick]

``add`` is a unit of work of its own on the desk's store; ``bare`` is the same UPDATE, written by hand, in a transaction
of SQLAlchemy's on the same engine. Both have sixteen threads; a round is so many adds of each. SQLite as a desk opens
it, and at ``synchronous = OFF``, where nothing waits for the disk and Python is all there is; that row has no target.
Targets: nothing lost, and ``add`` makes at least 0.7 x as many a second as ``bare``.
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import common

from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.unit import Backstage
from csdomain.testing.base import ALWAYS
from csdomain.testing.kit import SequentialIds
from csdomain.testing.samples import HEAPS, Heap
from csdomain_adapters.sql.store import SqlStore, open_store

WRITERS: Final = 16
LEAST: Final = 0.7
LOOSE: Final = "sqlite, OFF"
KEY: Final = ("cellar", "umbrella")
BARE: Final = "update csd_test_heap set held = held + 1 where place = 'cellar' and item = 'umbrella' and held + 1 >= 0"


def together(work: Callable[[], object], times: int) -> None:
    """``work`` so many times in each of sixteen threads, which begin at once. Raises what one of them raised."""
    start, errors = threading.Barrier(WRITERS), list[BaseException]()

    def write() -> None:
        try:
            start.wait()
            for _ in range(times):
                work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@contextmanager
def opened(url: str, **options: Any) -> Iterator[SqlStore]:
    """A store with the row that is counted up, at 0."""
    options.setdefault("pool_size", WRITERS)
    store = open_store(url, [HEAPS], Backstage(lambda _name: ALWAYS, SequentialIds()), {"upgrade": True, **options})
    try:
        store.run(lambda unit: unit.register(HEAPS).put([Heap(*KEY)]))
        yield store
    finally:
        store.close()


def measured(store: SqlStore, rounds: int, times: int) -> tuple[dict[str, list[float]], int]:
    """The seconds of each side, and the count in the end."""

    def once(unit: Unit) -> bool:
        return unit.register(HEAPS).add(KEY, {"held": 1})

    def add() -> None:
        assert store.run(once)

    def bare() -> None:
        with store.engine.connect() as connection, connection.begin():
            assert connection.exec_driver_sql(BARE).rowcount == 1

    sides: dict[str, Callable[[], object]] = {
        "add": lambda: together(add, times),
        "bare": lambda: together(bare, times),
    }
    for side in sides.values():
        side()
    found = common.interleaved(sides, rounds)
    row = store.look(lambda unit: unit.register(HEAPS).get(KEY))
    return found, 0 if row is None else row.held


def main() -> int:
    given = common.options(__doc__)
    rounds, times = (3, 10) if given.quick else (9, 40)
    rows: list[common.Row] = []
    faults: list[str] = []
    with common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        urls = {name: f"sqlite:///{Path(folder) / name}.db" for name in ("sqlite", LOOSE)}
        urls |= {name: fresh(name) for name in common.there()}
        for backend, url in urls.items():
            with opened(url, **({"synchronous": "OFF"} if backend == LOOSE else {})) as store:
                found, count = measured(store, rounds, times)
            share = 1 / common.ratio(found, "add", "bare")
            expected = 2 * (rounds + 1) * WRITERS * times
            made = WRITERS * times
            rows.append(
                {
                    "store": backend,
                    "add/s": made / median(found["add"]),
                    "bare/s": made / median(found["bare"]),
                    "share": share,
                    "spread": common.spread(found["add"]),
                    "lost": expected - count,
                }
            )
            if count != expected:
                faults.append(f"{backend}: {expected - count} of {expected} adds are lost")
            if share < LEAST and backend != LOOSE:
                faults.append(f"{backend}: {share:.2f} x the bare UPDATE, not {LEAST}")
    return common.report("registers", rows, faults, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
