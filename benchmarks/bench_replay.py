"""Events a second and peak memory of a replay, of a log and of ten times the log.

    python benchmarks/bench_replay.py [--json] [--quick] [--log LOG.csv --map MAP.toml]

The log is made here, of help desk tickets that each end; `--log` takes a real one instead, and ten copies of it with
other case ids. Each run is a process of its own; memory is its peak resident size less that of a process that has
imported everything and read the map. ``open`` is the most cases that were open at a time. ``csv alone`` is the same
file read by csv.reader and nothing else; ``of processor`` leaves out what a busy machine made it wait. Medians.
Targets: at least 20,000 events/s; ten times the log takes at most 16 MB more, all of it
samples of the distributions and ids of finished cases up to their limits.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "examples" / "data"
EVENTS_A_SECOND, MORE_MB = 20_000, 16
CASES, QUICK_CASES = 15_000, 2_000
ALONGSIDE = 200  # tickets that are open at a time
LIFE = (
    ("Ticket received", 0),
    ("Ticket accepted", 25),
    ("Work started", 70),
    ("Asked customer", 140),
    ("Customer answered", 900),
    ("Ticket solved", 1_000),
    ("Ticket closed", 4_000),
)


def made_up(cases: int) -> Iterator[list[str]]:
    """Rows in the order of time, so that cases are mixed as in a real help desk."""
    start = datetime.fromisoformat("2010-01-04T09:00")
    waiting: list[tuple[datetime, str, int]] = []
    step = timedelta(minutes=LIFE[-1][1] / ALONGSIDE)
    for number in range(cases):
        begun = start + number * step
        waiting += [(begun + timedelta(minutes=after), f"T-{number:07}", i) for i, (_, after) in enumerate(LIFE)]
        if not number % ALONGSIDE:
            waiting.sort(reverse=True)
            while waiting and waiting[-1][0] < begun:
                yield row(*waiting.pop())
    for one in sorted(waiting):
        yield row(*one)


def row(at: datetime, case: str, activity: int) -> list[str]:
    return [case, LIFE[activity][0], f"{at:%Y-%m-%d %H:%M}", f"agent-{activity}"]


def write(path: Path, cases: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["ticket", "activity", "time", "agent"])
        out.writerows(made_up(cases))


def multiply(log: Path, to: Path, column: str, times: int) -> None:
    with log.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        place, kept = header.index(column), list(rows)
    with to.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        for n in range(times):
            out.writerows([[*r[:place], f"{r[place]}-{n}", *r[place + 1 :]] for r in kept])


def child(log: Path | None, map_: Path) -> dict[str, float]:
    """One replay in this process: seconds, events, peak memory in KiB, the most open cases."""
    from csdomain.reporting.replay import Replay
    from csdomain_adapters.replay import SeenOnDisk, load_map, render_text
    from csdomain_adapters.replay.log import feed

    plan = load_map(map_)
    found: dict[str, float] = {}
    if log is not None:
        most, count = 0, 0

        def watch(_: int) -> None:
            nonlocal most, count
            count += 1
            most = max(most, len(replay._open))  # noqa: SLF001

        with SeenOnDisk() as seen:
            replay = Replay(plan, seen=seen)
            began, worked = perf_counter(), process_time()
            feed(replay, log, watch)
            report = replay.finish(log.name)
            found |= {"seconds": perf_counter() - began, "cpu": process_time() - worked}
        render_text(report)
        assert report.events == report.replayed + sum(report.ignored.values()) + report.faults
        found |= {"events": report.events, "open": max(most, report.open), "finished": report.finished}
        began = perf_counter()
        with log.open(encoding="utf-8", newline="") as file:
            for _row in csv.reader(file):
                pass
        found["csv"] = perf_counter() - began
    return found | {"kib": peak_kib()}


def peak_kib() -> int:
    """Peak resident memory of this process; ``ru_maxrss`` would count that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(log: Path | None, map_: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", "--map", str(map_), *(["--log", str(log)] if log else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="a smaller log, fewer rounds")
    parser.add_argument("--log", type=Path, help="a log instead of the one made here")
    parser.add_argument("--map", type=Path, help="its map")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    map_ = options.map or DATA / "help_desk_map.toml"
    if options.child:
        print(json.dumps(child(options.log, map_)))
        return 0
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        one, ten = where / "log.csv", where / "ten.csv"
        if options.log:
            import tomllib

            column = tomllib.loads(map_.read_text(encoding="utf-8"))["columns"]["case"]
            multiply(options.log, one, column, 1)
            multiply(options.log, ten, column, 10)
        else:
            cases = QUICK_CASES if options.quick else CASES
            write(one, cases)
            write(ten, cases * 10)
        bare = median(run(None, map_)["kib"] for _ in range(3))
        for name, log, rounds in (("x1", one, 3 if options.quick else 5), ("x10", ten, 1 if options.quick else 3)):
            runs = [run(log, map_) for _ in range(rounds)]
            seconds = median(r["seconds"] for r in runs)
            rows.append(
                {
                    "log": name,
                    "events": int(runs[0]["events"]),
                    "cases finished": int(runs[0]["finished"]),
                    "events/s": round(runs[0]["events"] / seconds),
                    "events/s of processor": round(runs[0]["events"] / median(r["cpu"] for r in runs)),
                    "csv alone/s": round(runs[0]["events"] / median(r["csv"] for r in runs)),
                    "peak MB": round(median(r["kib"] for r in runs) / 1024 - bare / 1024, 1),
                    "open": int(max(r["open"] for r in runs)),
                    "file MB": round(log.stat().st_size / 2**20, 1),
                }
            )
    faults = [f"{r['log']}: fewer than {EVENTS_A_SECOND:,} events/s" for r in rows if r["events/s"] < EVENTS_A_SECOND]
    more = rows[1]["peak MB"] - rows[0]["peak MB"]
    if more > MORE_MB:
        faults.append(f"ten times the log takes {more:.1f} MB more, at most {MORE_MB}")
    if options.json:
        print(
            json.dumps({"bench": "replay", "bare MB": round(bare / 1024, 1), "rows": rows, "faults": faults}, indent=2)
        )
    else:
        for figures in rows:
            print("  ".join(f"{name} {figure:,}" if name != "log" else f"{figure}" for name, figure in figures.items()))
        print("\n".join(faults) or "all targets met")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
