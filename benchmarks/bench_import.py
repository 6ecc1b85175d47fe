"""What importing csdomain costs, in fresh interpreters, against its four libraries alone.

    python benchmarks/bench_import.py [--json] [--quick]

``libraries``: ``import attrs, cattrs, transitions, dateutil``. ``csdomain``: ``import csdomain``, which imports names
when they are first used. ``a context``: a complaint's service, its lifecycle and rules, ready for use. ``desk in
memory`` and ``desk on sqlite``: the first ``csdomain.open`` of a process, rulebook read and calendars built; the SQLite
file is there and up to date. Beside the contexts of the house so many are installed as make twenty; in the rulebook
are six, those of ``after_sales``. Each time is taken inside a new interpreter, from its first import on; compiled
modules are there.
Targets: csdomain <= 0.3 x libraries, a desk in memory <= 5.8 x, on SQLite <= 10 x; the first use of a context is
reported.
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

from csdomain.contexts import HOUSE
from csdomain.opening import load_rulebook

TARGETS: Final = {"csdomain": 0.3, "desk in memory": 5.8, "desk on sqlite": 10.0}
REGISTERED: Final = 20
ON: Final = 6
WORK: Final = {
    "libraries": "import attrs, cattrs, transitions, dateutil",
    "csdomain": "import csdomain",
    "a context": "import csdomain; csdomain.ComplaintForm; from csdomain.complaints.service import Complaints",
    "desk in memory": "import csdomain; csdomain.open('memory:', {book!r})",
    "desk on sqlite": "import csdomain; csdomain.open({url!r}, {book!r})",
}
CONTEXT: Final = """
import attrs
from csdomain.frame.contexts import Context
from csdomain.rulebook import Section

@attrs.frozen
class Rules:
    days: int = 3

CONTEXT = Context("{name}", lambda *_: None, section=Section("{name}", Rules))
"""
CLOCKED: Final = "import time\nbegan = time.perf_counter()\n{work}\nprint(time.perf_counter() - began)"


def install(folder: Path) -> Path:
    """Contexts that are installed beside the house's, found in ``folder``; a rulebook that takes at least six."""
    extra = [f"extra_{count:02}" for count in range(REGISTERED - len(HOUSE))]
    for name in extra:
        (folder / f"{name}.py").write_text(CONTEXT.format(name=name), "utf-8")
    info = folder / "extras-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extras\nVersion: 0.1\n", "utf-8")
    points = "".join(f"{name} = {name}:CONTEXT\n" for name in extra)
    (info / "entry_points.txt").write_text(f"[csdomain.contexts]\n{points}", "utf-8")
    ours = sum(name in HOUSE for name in load_rulebook("after_sales").parts)
    book = folder / "book.toml"
    taken = "".join(f"[{name}]\ndays = 4\n" for name in extra[: max(0, ON - ours)])
    book.write_text(f'name = "six"\nextends = "after_sales"\n{taken}', "utf-8")
    return book


def fresh(work: str, folder: str) -> float:
    """The seconds that ``work`` takes in a new interpreter, by its own clock."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = folder
    done = subprocess.run(
        [sys.executable, "-c", CLOCKED.format(work=work)], capture_output=True, text=True, check=True, env=environment
    )
    return float(done.stdout)


def main() -> int:
    asked = common.options(__doc__)
    rounds = 5 if asked.quick else 15
    times: dict[str, list[float]] = {name: [] for name in WORK}
    with tempfile.TemporaryDirectory() as folder:
        url, book = f"sqlite:///{Path(folder) / 'desk.db'}", str(install(Path(folder)))

        def taking(name: str) -> Callable[[], None]:
            work = WORK[name].format(url=url, book=book)
            return lambda: times[name].append(fresh(work, folder))

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
    faults = [
        f"{name}: {compared(name):.2f} x the libraries, at most {target}"
        for name, target in TARGETS.items()
        if compared(name) > target
    ]
    return common.report("import", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
