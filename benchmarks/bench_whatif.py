"""Closed complaints a second that are judged under another rulebook, and the peak memory of 10,000 and of 100,000.

    python benchmarks/bench_whatif.py [--json] [--quick]

The store is a SQLite file. Some lives are led through a desk in memory, their rows written once by the library's own
encoders, and copied under other ids. Each run is a process of its own, memory is its peak resident size. ``same``: the
rulebook that the cases went by, under which nothing may change. ``of processor`` leaves out what a busy machine made it
wait; medians. Targets: at least 2,000 cases/s; ten times the cases take at most 1.1 times the memory.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Any

import common

CASES_A_SECOND, MEMORY = 2_000, 1.1
FEW, MANY, QUICK = (10_000, 100_000, (500, 5_000))
TEMPLATES = 60
NEW = """
name = "stricter"
extends = "after_sales"

[complaints]
close_within = "4 days"
report_within = "1 days"
ladder = [
  { authority = "sales_manager", up_to = "500 CNY" },
  { authority = "deputy_general_manager", over = "500 CNY", up_to = "3000 CNY" },
  { authority = "general_manager", over = "3000 CNY" },
]
"""


def rows() -> Sequence[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The rows of closed complaints that were led through a desk: of the case, and of its trail."""
    sys.path.insert(0, str(common.ROOT / "tests"))
    import orjson

    from csdomain.complaints.case import COMPLAINTS
    from csdomain.desk import kinds
    from csdomain.kernel.values.codec import to_micros
    from csdomain.testing import MovableClock, memory_desk
    from csdomain.testing.kit import BEGINNING
    from csdomain_adapters.sql.tables import Schema
    from reporting.lives import Life, live

    drawn, clock = Random(3), MovableClock()
    desk, table = memory_desk(clock=clock, holidays={}), Schema(kinds()).of(COMPLAINTS)
    found = []
    for _ in range(TEMPLATES):
        clock.move(BEGINNING + timedelta(days=drawn.randint(0, 180)))
        life = Life(
            claimed=drawn.choice([None, 0, 50_000, 150_000, 600_000]),
            granted=drawn.choice([0, 40_000, 90_000, 170_000]),
            hours=tuple(drawn.randint(0, 14) for _ in range(7)),
            quality=drawn.random() < 0.5,
            grave=drawn.random() < 0.1,
            joint=drawn.choice([0, 0, 1]),
            promised=drawn.choice([0, 0, 30]),
            dismissed=drawn.random() < 0.1,
            returned=drawn.random() < 0.1,
            forms=1 + (drawn.random() < 0.1),
            penalty=drawn.random() < 0.2,
        )
        id = live(desk, clock, life)
        case = desk.store.look(lambda unit: unit.of(COMPLAINTS).get(id))  # noqa: B023 - run at once
        trail = []
        for record in desk.store.look(lambda unit: unit.trail(id)):  # noqa: B023 - run at once
            line = {name: getattr(record, name) for name in ("subject", "name", "schema", "move", "source", "dest")}
            more = {"event_id": record.event_id, "actor": record.by, "reason": record.reason, "position": None}
            trail.append({**line, **more, "at": to_micros(record.at), "facts": orjson.dumps(record.facts)})
        row = table.row(case)
        found.append(({k: to_micros(v) if isinstance(v, datetime) else v for k, v in row.items()}, trail))
    return found


def fill(path: Path, cases: int) -> None:
    """A database with that many closed complaints."""
    import csdomain
    from csdomain.complaints.values import COMPLAINT
    from csdomain.kernel.store.unit import EVENT

    with csdomain.open(f"sqlite:///{path}"):  # the tables, and the rulebook
        pass
    templates = rows()

    def copies() -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        events = 0
        for n in range(cases):
            row, trail = templates[n % len(templates)]
            id = COMPLAINT.make(millis=1_760_000_000_000 + n, randomness=n)
            body = row["body"].replace(row["id"].encode(), id.encode())
            lines = []
            for line in trail:
                events += 1
                lines.append({**line, "subject": id, "event_id": EVENT.make(millis=events, randomness=events)})
            yield {**row, "id": id, "number": f"KS-{n:07}", "body": body}, lines

    database = sqlite3.connect(path)
    database.execute("pragma synchronous = off")
    with database:
        batch: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        for one in copies():
            batch.append(one)
            if len(batch) == 1_000:
                put(database, batch)
                batch = []
        put(database, batch)
    database.close()


def put(database: sqlite3.Connection, batch: Sequence[tuple[dict[str, Any], list[dict[str, Any]]]]) -> None:
    for table, lines in (
        ("csd_complaint", [row for row, _ in batch]),
        ("csd_audit", [line for _, trail in batch for line in trail]),
    ):
        if lines:
            names = list(lines[0])
            marks = ", ".join("?" * len(names))
            columns = ", ".join(f'"{name}"' for name in names)
            statement = f"insert into {table} ({columns}) values ({marks})"  # noqa: S608 - our own names
            database.executemany(statement, [[line[name] for name in names] for line in lines])


def child(path: Path | None, book: str) -> dict[str, float]:
    """One what-if in this process: seconds, cases, changed, peak memory in KiB."""
    from csdomain.desk import house_of, load_rulebook, sections, shipped, store_to_read
    from csdomain.reporting.whatif import what_if
    from csdomain.rulebook import loads

    house = house_of(load_rulebook("after_sales") if book == "same" else loads(NEW, sections(), shipped))
    if path is None:
        return {"kib": peak_kib()}
    store = store_to_read(f"sqlite:///{path}")
    began, worked = perf_counter(), process_time()
    report = what_if(store, house)
    found = {"seconds": perf_counter() - began, "cpu": process_time() - worked, "kib": peak_kib()}
    store.close()
    return found | {"cases": report.cases, "changed": report.changed}


def peak_kib() -> int:
    """Peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(path: Path, book: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", str(path), "--book", book]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer cases, one round")
    parser.add_argument("--folder", type=Path, help="keep the databases there, and take those that are there")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--book", default="other", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child, options.book)))
        return 0
    few, many = QUICK if options.quick else (FEW, MANY)
    found: list[common.Row] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or passing
        for cases, book, rounds in ((few, "other", 3), (many, "other", 1 if options.quick else 3), (few, "same", 1)):
            path = Path(folder) / f"{cases}.db"
            if not path.exists():
                fill(path, cases)
            runs = [run(path, book) for _ in range(rounds)]
            seconds = median(r["seconds"] for r in runs)
            row: common.Row = {
                "rulebook": book,
                "cases": int(runs[0]["cases"]),
                "changed": int(runs[0]["changed"]),
                "cases/s": cases / seconds,
                "cases/s of processor": cases / median(r["cpu"] for r in runs),
                "peak MB": median(r["kib"] for r in runs) / 1024,
                "file MB": path.stat().st_size / 2**20,
            }
            found.append(row)
            if runs[0]["cases"] != cases:
                faults.append(f"{book}: {runs[0]['cases']} of {cases} cases")
            if cases / seconds < CASES_A_SECOND:
                faults.append(f"{book}, {cases:,}: fewer than {CASES_A_SECOND:,} cases/s")
            if book == "same" and runs[0]["changed"]:
                faults.append(f"the same rulebook changes {runs[0]['changed']} cases")
    small, large = (float(row["peak MB"] or 0) for row in found[:2])
    if large > small * MEMORY:
        faults.append(f"ten times the cases take {large / small:.2f} times the memory, at most {MEMORY}")
    return common.report("what-if", found, faults, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
