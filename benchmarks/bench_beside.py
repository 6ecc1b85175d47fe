"""What a use case writes beside its own rows, each told apart: digests, the line of the timeline, the row of a number.

    python benchmarks/bench_beside.py [--json] [--quick]

A life is the fifteen use cases of ``bench_complaint.py``. Each side is the whole desk without one of the three, on a
database of its own, in one process, round by round; ``plain`` is without all. SQLite at ``synchronous = OFF``, by the
seconds of the processor.
Target: all that is written beside a use case <= 1.1 x ``plain``.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import common
from peers.whole import Desk
from peers.without import SWITCHES, unchained

TARGET: Final = 1.1
STEPS: Final = 15
#: What each side leaves out.
SIDES: Final[dict[str, frozenset[str]]] = {
    "all": frozenset(),
    **{f"without {name}": frozenset({name}) for name in SWITCHES},
    "plain": frozenset(SWITCHES),
}


def _switch(side: str) -> None:
    for name, switch in SWITCHES.items():
        switch(name not in SIDES[side])


def main() -> int:
    asked = common.options(__doc__)
    rounds, lives = (6, 3) if asked.quick else (24, 8)
    rows: list[common.Row] = []
    faults: list[str] = []
    with common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        for database in ("sqlite", *(() if asked.quick else common.there())):
            desks: dict[str, Any] = {}
            for place, side in enumerate(SIDES):
                url = f"sqlite:///{Path(folder) / f'{place}.db'}" if database == "sqlite" else fresh(database)
                desks[side] = Desk(url, "OFF")
                if "digests" in SIDES[side]:
                    unchained(desks[side].desk, database)
            _measured(database, desks, rounds, lives, rows, faults)
    return common.report("beside", rows, faults, as_json=asked.json)


def _measured(
    database: str, desks: dict[str, Any], rounds: int, lives: int, rows: list[common.Row], faults: list[str]
) -> None:
    made = 0

    def live(side: str) -> Callable[[], None]:
        def lived() -> None:
            nonlocal made
            for _ in range(lives):
                made += 1
                desks[side].live(f"k{made}")

        return lived

    sides = {side: live(side) for side in SIDES}
    for side, lived in sides.items():
        _switch(side)
        lived()
    used: dict[str, list[float]] = {}
    times = common.interleaved(sides, rounds, before=_switch, used=used)
    _switch("all")
    if database == "sqlite":
        times = used
    rows.extend(
        {
            "what": f"a use case, {database}, {side}",
            "us": round(1e6 * median(taken) / lives / STEPS, 1),
            "all to it": round(common.ratio(times, "all", side), 3),
            "spread": round(common.spread(taken), 2),
        }
        for side, taken in times.items()
    )
    found = common.ratio(times, "all", "plain")
    if found > TARGET:
        faults.append(f"a use case, {database}: {found:.3f} x without what is written beside it, at most {TARGET}")


if __name__ == "__main__":
    sys.exit(main())
