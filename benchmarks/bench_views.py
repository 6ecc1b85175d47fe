"""A settled complaint as data for others, against what a store makes of it.

    python benchmarks/bench_views.py [--json] [--quick]

The complaint is the one that ``make demo`` tells: two forms with all that stands on them, slip, certificate, penalties,
settled. ``unstructured``: cattrs with the hooks with which bodies are stored, everything in clear, salts and seals
included. ``masked``: ``as_data(case)``. ``clear``: ``as_data(case, may_see=True)``.
Target: either <= 2 x unstructured.
"""

import runpy
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import common

import csdomain
from csdomain.complaints.case import Complaint
from csdomain.frame.views import as_data
from csdomain.kernel.values.codec import make_converter

TARGET: Final = 2.0
STORY: Final = common.ROOT / "examples" / "06_a_quality_complaint.py"


def settled() -> Complaint:
    """The complaint of the story, settled."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        id = runpy.run_path(str(STORY))["tell"](url, lambda *_: None)
        with csdomain.open(url) as desk:
            boss = desk.actor("general_manager", branch="hq", positions=("general_manager",))
            case: Complaint = desk.complaints.get(id, by=boss)
    assert case.state.value == "settled"
    return case


def main() -> int:
    asked = common.options(__doc__)
    each, rounds = (50, 15) if asked.quick else (200, 41)
    case, converter = settled(), make_converter()
    made: dict[str, Callable[[], Any]] = {
        "unstructured": lambda: converter.unstructure(case),
        "masked": lambda: as_data(case),
        "clear": lambda: as_data(case, may_see=True),
    }
    for make in made.values():  # the plans of the classes are made once
        make()

    def often(make: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(each):
                make()

        return run

    times = common.interleaved({name: often(make) for name, make in made.items()}, rounds)
    rows: list[common.Row] = [
        {
            "what": name,
            "µs": round(1e6 * median(taken) / each, 1),
            "to unstructured": round(common.ratio(times, name, "unstructured"), 2),
            "spread": round(common.spread(taken), 2),
        }
        for name, taken in times.items()
    ]
    found = {name: common.ratio(times, name, "unstructured") for name in ("masked", "clear")}
    faults = [f"{name}: {r:.2f} x unstructured, at most {TARGET}" for name, r in found.items() if r > TARGET]
    return common.report("views", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
