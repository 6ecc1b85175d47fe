"""What the digests of the trail cost a use case, and how fast a store is verified.

    python benchmarks/bench_verify.py [--json] [--quick]

A life is the fifteen use cases of ``bench_complaint.py``. ``without`` is the same code with nothing digested, salted or
linked, no look at the head of the trail, and no index that keeps it one chain; both sides are in one run, round by
round, each on a database of its own, SQLite at ``synchronous = OFF``.
On SQLite the seconds are those of the processor. Verified are lives that went through all fifteen,
and cases that were only received; memory is the highest that Python held while it verified.
Targets: a use case <= 1.05 x without; >= 2,000 cases a second; memory of four times the cases <= 1.2 x.
"""

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import common
from peers import without
from peers.whole import Desk
from sqlalchemy import text

from csdomain.desk import kinds
from csdomain.kernel.store.verify import verify

COST: Final = 1.05
CASES: Final = 2_000
FLAT: Final = 1.2
STEPS: Final = 15


def main() -> int:
    asked = common.options(__doc__)
    rounds, lives = (6, 4) if asked.quick else (24, 10)
    rows: list[common.Row] = []
    faults: list[str] = []
    with common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        for backend in ("sqlite", *(() if asked.quick else common.there())):
            _cost(backend, Path(folder), fresh, rounds, lives, rows, faults)
        _speed(Path(folder), 150 if asked.quick else 500, rows, faults)
    return common.report("verify", rows, faults, as_json=asked.json)


def _cost(
    backend: str,
    folder: Path,
    fresh: Callable[[str], str],
    rounds: int,
    lives: int,
    rows: list[common.Row],
    faults: list[str],
) -> None:
    desks: dict[str, Any] = {}
    for name in ("without", "with"):
        desks[name] = Desk(f"sqlite:///{folder / name}.db" if backend == "sqlite" else fresh(backend), "OFF")
    without.unchained(desks["without"].desk, backend)
    made = 0

    def live(name: str) -> Callable[[], None]:
        def side() -> None:
            nonlocal made
            for _ in range(lives):
                made += 1
                desks[name].live(f"k{made}")

        return side

    sides = {name: live(name) for name in desks}
    for name, side in sides.items():
        without.digests(name == "with")
        side()
    used: dict[str, list[float]] = {}
    times = common.interleaved(sides, rounds, before=lambda name: without.digests(name == "with"), used=used)
    without.digests(True)
    if backend == "sqlite":
        times = used
    found = common.ratio(times, "with", "without")
    rows.extend(
        {
            "what": f"a use case, {backend}, {name}",
            "us": round(1e6 * median(taken) / lives / STEPS, 1),
            "to without": round(common.ratio(times, name, "without"), 3),
            "spread": round(common.spread(taken), 2),
        }
        for name, taken in times.items()
    )
    if found > COST:
        faults.append(f"a use case, {backend}: {found:.3f} x without digests, at most {COST}")


def _speed(folder: Path, count: int, rows: list[common.Row], faults: list[str]) -> None:
    desk = Desk(f"sqlite:///{folder / 'verified'}.db", "OFF")
    store = desk.desk.store
    held: list[int] = []
    for total in (count, 4 * count):
        while (made := verify_count(desk)) < total:
            desk.live(f"v{made}")
        tracemalloc.start()
        assert verify(store, kinds()).sound
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    taken = []
    for _ in range(5):
        began = time.process_time()
        found = desk.desk.verify()
        taken.append(time.process_time() - began)
        assert found.sound
    lives = 4 * count / median(taken)
    told = found.lines / found.subjects
    rows.append({"what": f"verified, {told:.0f} events a case", "cases/s": round(lives), "peak MB": held[1] / 1e6})
    if lives < CASES:
        faults.append(f"{lives:.0f} cases/s, at least {CASES}")
    if held[1] > FLAT * held[0]:
        faults.append(f"memory {held[1] / held[0]:.2f} x with four times the cases, at most {FLAT}")


def verify_count(desk: Any) -> int:
    with desk.desk.store.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from csd_complaint")).scalar_one())


if __name__ == "__main__":
    sys.exit(main())
