"""What importing csdomain costs, in fresh interpreters, against its four libraries alone.

    python benchmarks/bench_import.py [--json] [--quick]

``libraries``: ``import attrs, cattrs, transitions, dateutil``. ``csdomain``: ``import csdomain``, which imports names
when they are first used. ``a context``: a complaint's service, its lifecycle and rules, ready for use. ``desk in
memory`` and ``desk on sqlite``: the first ``csdomain.open`` of a process, rulebook read and calendars built; the SQLite
file is there and up to date. Each time is taken inside a new interpreter, from its first import on; compiled modules
are there. Target: csdomain <= 1.5 x libraries; the first use of a context and of a desk is reported.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import common

TARGET: Final = 1.5
WORK: Final = {
    "libraries": "import attrs, cattrs, transitions, dateutil",
    "csdomain": "import csdomain",
    "a context": "import csdomain; csdomain.ComplaintForm; from csdomain.complaints.service import Complaints",
    "desk in memory": "import csdomain; csdomain.open('memory:')",
    "desk on sqlite": "import csdomain; csdomain.open({url!r})",
}
CLOCKED: Final = "import time\nbegan = time.perf_counter()\n{work}\nprint(time.perf_counter() - began)"


def fresh(work: str) -> float:
    """The seconds that ``work`` takes in a new interpreter, by its own clock."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", CLOCKED.format(work=work)], capture_output=True, text=True, check=True, env=environment
    )
    return float(done.stdout)


def main() -> int:
    asked = common.options(__doc__)
    rounds = 5 if asked.quick else 15
    times: dict[str, list[float]] = {name: [] for name in WORK}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"

        def taking(name: str) -> Callable[[], None]:
            work = WORK[name].format(url=url)
            return lambda: times[name].append(fresh(work))

        sides = {name: taking(name) for name in WORK}
        for side in sides.values():
            side()  # compiles modules, makes the file
        for taken in times.values():
            taken.clear()
        common.interleaved(sides, rounds)
    compared = partial(common.ratio, times, to="libraries")
    rows: list[common.Row] = [
        {
            "what": name,
            "ms": round(1000 * median(taken), 1),
            "to libraries": round(compared(name), 2),
            "spread": round(common.spread(taken), 2),
        }
        for name, taken in times.items()
    ]
    ours = compared("csdomain")
    faults = [f"csdomain: {ours:.2f} x its libraries, at most {TARGET}"] if ours > TARGET else []
    return common.report("import", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
