"""What the benchmarks share: interleaved rounds, medians, ratios, the machine, a real PostgreSQL, the report."""

import argparse
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
Row = dict[str, str | int | float | None]


def options(doc: str | None) -> argparse.Namespace:
    """``--json`` and ``--quick``, which every benchmark has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: some seconds, rougher figures")
    return parser.parse_args()


def interleaved(
    sides: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    before: Callable[[str], object] | None = None,
    used: dict[str, list[float]] | None = None,
) -> dict[str, list[float]]:
    """The seconds each side takes, round by round: A B C, B C A, …, so that a busy machine slows all alike.

    ``before`` prepares a side outside of its time; garbage made before is collected outside of it too. ``used`` gets
    the processor's seconds of this process, which other processes disturb less.
    """
    names = list(sides)
    times: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            if before is not None:
                before(name)
            gc.collect()
            spent, began = time.process_time(), time.perf_counter()
            sides[name]()
            times[name].append(time.perf_counter() - began)
            if used is not None:
                used.setdefault(name, []).append(time.process_time() - spent)
    return times


def ratio(times: Mapping[str, list[float]], name: str, to: str) -> float:
    """How many times longer ``name`` takes than ``to``: the median of the rounds' own ratios.

    The sides of a round run one right after the other, so a busy spell that covers some rounds falls out of it.
    """
    return median(mine / other for mine, other in zip(times[name], times[to], strict=True))


def spread(times: list[float]) -> float:
    """How wide the rounds lie: the distance between their quartiles, as a share of the median."""
    if len(times) < 4:
        return (max(times) - min(times)) / median(times)
    low, _, high = quantiles(times, n=4)
    return (high - low) / median(times)


def machine() -> str:
    """The machine, for the reader of the figures."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = models[0] if models else cpu
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "?"
    return f"{cpu}, {os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}, load {load}"


@contextmanager
def postgresql() -> Iterator[Callable[[], str]]:
    """A real server, as the tests start it (nothing waits for its disk); gives a maker of fresh databases."""
    with servers() as fresh:
        yield lambda: fresh("postgresql")


@contextmanager
def servers() -> Iterator[Callable[[str], str]]:
    """Real servers, as the tests start them: gives a maker of fresh databases on ``postgresql`` or ``mariadb``."""
    sys.path.insert(0, str(ROOT / "tests"))
    backends: Any = import_module("backends")
    made: list[str] = []

    def fresh(backend: str) -> str:
        made.append(backends.create_database(backend=backend))
        return made[-1]

    run = backends.Run()
    try:
        yield fresh
    finally:
        for url in made:
            backends.drop_database(url)
        run.close()


def there() -> tuple[str, ...]:
    """The servers that this machine has."""
    sys.path.insert(0, str(ROOT / "tests"))
    found: tuple[str, ...] = import_module("backends").SERVERS
    return found


def report(name: str, rows: Iterable[Row], faults: list[str], *, as_json: bool) -> int:
    """Print the rows, and what was not reached. 1 where a target was missed, else 0."""
    rows = list(rows)
    if as_json:
        print(json.dumps({"bench": name, "machine": machine(), "rows": rows, "faults": faults}, indent=2))
        return 1 if faults else 0
    print(machine())
    for row in rows:
        print("  ".join(f"{key} {_shown(value)}" for key, value in row.items() if value is not None))
    print("\n".join(faults) or "all targets met")
    return 1 if faults else 0


def _shown(value: str | float | None) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
