"""Allocation against a bare deque of (quantity, cost), which knows no expiry, reservation, order or explanation.

    python benchmarks/bench_allocation.py [--json] [--quick]

``bare`` serves the same quantities from a deque that is ready; ``allocate`` from a :class:`Stock` that is ready but has
never been asked on that day, and the value of what was taken is read; ``with lots`` reads the lots too, which are else
made when asked for. One lot in ten is expired, scattered over the shelf. ``again`` is the same call on the same stock
and day. ``from lots`` makes deque and stock (checked, sorted) from the same lots within the time. Medians; the rounds
of both sides alternate, so that a busy machine slows both; the growth, which has no such partner, is that of the
fastest rounds, and beside it, as ``tenfold processor``, that of the processor's time, to which other programs add only
the cache they take. Garbage collection is on, as it always is. Targets: ≤ 3 × bare, ≤ 13 × the time for 10 × the lots.
"""

import argparse
import gc
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import perf_counter, process_time

from csdomain.inventory.policies import Outcome, Stock, allocate
from csdomain.inventory.values import InventoryRules, Lot, Request, Strategy
from csdomain.kernel.values.money import Money

RULES = InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=7)
START, NOW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
TIMES_BARE, TIMES_TENFOLD = 3, 13
EACH = 10  # units in a lot
SHARE = 8  # units asked for, for each lot


def make_lots(count: int) -> list[Lot]:
    return [
        Lot(
            id=f"lot_{i:07}",
            product="prd",
            received=START + timedelta(seconds=i),
            quantity=EACH,
            cost=Money(EACH * (100 + i % 7), "CNY"),
            expires=date(2027, 1, 1) + timedelta(days=i % 365) if i % 10 else date(2026, 1, 1),
        )
        for i in range(count)
    ]


def pairs(lots: Iterable[Lot]) -> deque[tuple[int, int]]:
    return deque((lot.quantity, lot.cost.minor // lot.quantity) for lot in lots)


def bare(queue: deque[tuple[int, int]], need: int) -> int:
    value = 0
    while need:
        quantity, cost = queue[0]
        if quantity <= need:
            value += quantity * cost
            need -= quantity
            queue.popleft()
        else:
            value += need * cost
            queue[0] = (quantity - need, cost)
            need = 0
    return value


def bare_all(queue: deque[tuple[int, int]], needs: list[int]) -> list[int]:
    return [bare(queue, need) for need in needs]


def ours(stock: Stock, requests: list[Request]) -> tuple[Outcome, list[Money]]:
    outcome = allocate(stock, requests, at=NOW, zone=UTC, rules=RULES)
    return outcome, [allocation.value for allocation in outcome]


def read(outcome: Outcome) -> list[tuple[Lot, ...]]:
    return [allocation.lots for allocation in outcome]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and those of the processor."""
    gc.collect()  # what was made before is not this work's to look through
    start, start_of_work = perf_counter(), process_time()
    kept = work()
    taken = perf_counter() - start, process_time() - start_of_work
    del kept
    return taken


def measure(count: int, requests: int, rounds: int) -> dict[str, float]:
    lots = make_lots(count)
    asked = [Request("prd", count * SHARE // requests)] * requests
    needs = [request.quantity for request in asked]
    names = ("bare", "allocate", "again", "with lots", "bare from lots", "from lots")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        queue = pairs(lots)
        times["bare"].append(timed(lambda: bare_all(queue, needs)))  # noqa: B023 - called at once
        stock = Stock(lots, "CNY")
        times["with lots"].append(timed(lambda: read(ours(stock, asked)[0])))  # noqa: B023 - called at once
        stock = Stock(lots, "CNY")
        times["allocate"].append(timed(lambda: ours(stock, asked)))  # noqa: B023 - called at once
        times["again"].append(timed(lambda: ours(stock, asked)))  # noqa: B023 - called at once
        queue.clear()
        stock = Stock((), "CNY")
        times["bare from lots"].append(timed(lambda: bare_all(pairs(lots), needs)))
        times["from lots"].append(timed(lambda: ours(Stock(lots, "CNY"), asked)))
    assert all(allocation.complete for allocation in ours(Stock(lots, "CNY"), asked)[0])
    fastest, processor = (min(of) for of in zip(*times["allocate"], strict=True))
    medians = {name: median(taken for taken, _ in of) for name, of in times.items()}
    return medians | {"fastest": fastest, "processor": processor}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="without the million lots, fewer rounds")
    options = parser.parse_args()
    plan = [(10_000, 1, 31), (100_000, 1, 15), (100_000, 1_000, 15), (1_000_000, 1, 5)]
    if options.quick:
        plan = [(count, requests, 5) for count, requests, _ in plan if count < 1_000_000]
    rows, faults = [], []
    last: dict[str, float] | None = None
    for count, requests, rounds in plan:
        found = measure(count, requests, rounds)
        row: dict[str, float | int] = {"lots": count, "requests": requests}
        row |= {f"{name} ms": round(1000 * time, 3) for name, time in found.items()}
        row["ratio"] = round(found["allocate"] / found["bare"], 2)
        row["ratio with lots"] = round(found["with lots"] / found["bare"], 2)
        row["ratio again"] = round(found["again"] / found["bare"], 2)
        row["ratio from lots"] = round(found["from lots"] / found["bare from lots"], 2)
        if row["ratio"] > TIMES_BARE:
            faults.append(f"{count} lots, {requests} requests: {row['ratio']} × bare, at most {TIMES_BARE}")
        if requests == 1:
            if last is not None:
                row["tenfold"] = round(found["fastest"] / last["fastest"], 1)
                row["tenfold processor"] = round(found["processor"] / last["processor"], 1)
                if row["tenfold"] > TIMES_TENFOLD:
                    faults.append(f"{count} lots: {row['tenfold']} × a tenth of them, at most {TIMES_TENFOLD}")
            last = found
        rows.append(row)
    if options.json:
        print(json.dumps({"bench": "allocation", "rows": rows, "faults": faults}, indent=2))
    else:
        for row in rows:
            print("  ".join(f"{name} {figure:,}" for name, figure in row.items()))
        print("\n".join(faults) or "all targets met")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
