"""Renewals side by side: a quote for 1,000 vehicles, and periods against bare ``relativedelta`` additions.

    python benchmarks/bench_renewals.py [--json]

Medians of several runs in one process, the peers taking turns; growth is told by the fastest runs, which a busy machine
disturbs least. The script fails where a budget is not met.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from gc import collect
from statistics import median
from time import perf_counter

from dateutil.relativedelta import relativedelta

from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.renewals import (
    AgreedPrice,
    DiscountTerms,
    Plan,
    RenewalRules,
    StartsFrom,
    TaxRate,
    best_quote,
    months_after,
    nth_period,
    quote,
)

RUNS = 11
PERIODS = 100_000
TODAY = date(2024, 5, 1)
#: Most milliseconds for 1,000 vehicles; most growth of the time per vehicle; most times bare additions.
BUDGET_MS, BUDGET_GROWTH, BUDGET_RATIO = 5.0, 1.3, 2.0


def yuan(amount: int) -> Money:
    return Money.of(amount, "CNY")


RULES = RenewalRules(
    plans={
        "monthly": Plan(device="bought", months=1, price=yuan(50)),
        "yearly": Plan(device="bought", months=12, price=yuan(600), gift_months=2),
        "rent": Plan(device="rented", months=1, price=yuan(70), discount=DiscountTerms(yuan(50), 6)),
    },
    tax=(TaxRate(date(1994, 1, 1), Decimal("0.17")),),
    grace_days=30,
    paid_in_grace=StartsFrom.OLD_END,
    paid_lapsed=StartsFrom.DAY_OF_PAYMENT,
    longest_months=120,
    number=NumberPattern("HT{yyyy}-{seq:04}"),
    form_number=NumberPattern("XF{yyyy}-{seq:04}"),
    watch_months=3,
    extended_by="gps_administrator",
    recorded_by="records_clerk",
    reasons=("price",),
)
ANCHORS = [date(2024, 1, 1 + i % 31) for i in range(1000)]
STEPS = PERIODS // len(ANCHORS)


def bare() -> None:
    """What a period costs at the least with dateutil: one addition, from the anchor."""
    for n in range(1, STEPS + 1):
        for anchor in ANCHORS:
            anchor + relativedelta(months=n)


def ends() -> None:
    for n in range(1, STEPS + 1):
        for anchor in ANCHORS:
            months_after(anchor, n)


def periods() -> None:
    for n in range(1, STEPS + 1):
        for anchor in ANCHORS:
            nth_period(anchor, n)


def quoting(n: int) -> Callable[[], object]:
    vehicles = [f"veh_{i}" for i in range(n)]
    return lambda: quote(RULES, "rent", vehicles, 7, tax_on=TODAY, discount=AgreedPrice(yuan(55)))


def best(n: int) -> Callable[[], object]:
    vehicles = [f"veh_{i}" for i in range(n)]
    return lambda: best_quote(RULES, "bought", vehicles, 27, tax_on=TODAY)


def measure(jobs: dict[str, Callable[[], object]]) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds of each job, the jobs taking turns: the median, and the fastest run."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(RUNS):
        for name, job in jobs.items():
            collect()
            start = perf_counter()
            job()
            times[name].append((perf_counter() - start) * 1000)
    return {name: median(taken) for name, taken in times.items()}, {name: min(taken) for name, taken in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures for a program")
    as_json = parser.parse_args().json
    ms, fastest = measure(
        {
            "quote, 1,000 vehicles": quoting(1_000),
            "quote, 10,000 vehicles": quoting(10_000),
            "best quote, 1,000 vehicles": best(1_000),
        }
    )
    ms |= measure({"bare relativedelta additions": bare, "period ends": ends, "whole periods": periods})[0]
    ratios = {
        "per vehicle, 10,000 / 1,000": fastest["quote, 10,000 vehicles"] / fastest["quote, 1,000 vehicles"] / 10,
        "period ends / bare": ms["period ends"] / ms["bare relativedelta additions"],
        "whole periods / bare": ms["whole periods"] / ms["bare relativedelta additions"],
    }
    missed = [name for name in ms if "1,000 vehicles" in name and ms[name] > BUDGET_MS]
    missed += [name for name, r in ratios.items() if r > (BUDGET_GROWTH if "vehicle" in name else BUDGET_RATIO)]
    if as_json:
        print(json.dumps({"runs": RUNS, "periods": PERIODS, "ms": ms, "ratios": ratios, "missed": missed}))
    else:
        print(f"median of {RUNS} runs; {PERIODS:,} periods")
        for name, taken in ms.items():
            print(f"  {name:<32}{taken:10.2f} ms")
        for name, ratio in ratios.items():
            print(f"  {name:<32}{ratio:10.2f} ×")
        print("budgets met" if not missed else f"BUDGET MISSED: {', '.join(missed)}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
