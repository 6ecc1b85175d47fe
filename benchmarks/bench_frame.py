"""The frame against the commit before it: a use case and a whole complaint, both in one run, round by round.

    python benchmarks/bench_frame.py [--json] [--quick]

``before`` is the commit 6d9f6c4, checked out into a folder of its own; ``after`` is this tree. Each side is a process
that stays, with one database; the rounds alternate, and a ratio is the median of the rounds' own. A life is the
fifteen use cases of ``bench_complaint.py``, each under an idempotency key. SQLite at ``synchronous = OFF``.
Target: after <= 1.03 x before, on each database.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import common

BEFORE: Final = "6d9f6c4"
TARGET: Final = 1.03
STEPS: Final = 15
WORKER: Final = """
import sys, time, gc
from peers.whole import Desk
desk, made = Desk(sys.argv[1], "OFF"), 0
for line in sys.stdin:
    gc.collect()
    began = time.perf_counter()
    for _ in range(int(line)):
        made += 1
        desk.live(f"k{made}")
    print(time.perf_counter() - began, flush=True)
"""


@contextmanager
def before() -> Iterator[Path]:
    """The tree of the commit before the frame."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        git = ["git", "-C", str(common.ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--force", str(tree), BEFORE], check=True, capture_output=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=False, capture_output=True)


@contextmanager
def worker(tree: Path, url: str) -> Iterator[Callable[[int], float]]:
    """A process on the sources of ``tree``: so many lives, and the seconds that they took by its own clock."""
    path = os.pathsep.join(str(tree / part) for part in ("src", "adapters", "benchmarks", "tests"))
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def lives(count: int) -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{count}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    try:
        yield lives
    finally:
        process.stdin.close()
        process.wait(60)


def main() -> int:
    asked = common.options(__doc__)
    rounds, lives = (4, 3) if asked.quick else (10, 12)
    rows: list[common.Row] = []
    faults: list[str] = []
    with before() as tree, common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        for backend in ("sqlite", *common.there()):
            with ExitStack() as stack:
                sides: dict[str, Callable[[int], float]] = {}
                for name, root in (("before", tree), ("after", common.ROOT)):
                    url = f"sqlite:///{Path(folder) / name}.db" if backend == "sqlite" else fresh(backend)
                    sides[name] = stack.enter_context(worker(root, url))
                for side in sides.values():
                    side(2)
                times: dict[str, list[float]] = {name: [] for name in sides}
                for turn in range(rounds):
                    for name in list(sides)[:: 1 if turn % 2 else -1]:
                        times[name].append(sides[name](lives))
            ours = common.ratio(times, "after", "before")
            for name, taken in times.items():
                rows.append(
                    {
                        "database": backend,
                        "side": name,
                        "us a use case": round(1e6 * median(taken) / lives / STEPS),
                        "to before": round(common.ratio(times, name, "before"), 3),
                        "spread": round(common.spread(taken), 2),
                    }
                )
            if ours > TARGET:
                faults.append(f"{backend}: {ours:.3f} x before, at most {TARGET}")
    return common.report("frame", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
