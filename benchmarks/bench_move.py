"""One move of a complaint, against a bare trigger of `transitions`.

    python benchmarks/bench_move.py [--json] [--quick]

``bare``: ``machine.events["accept"].trigger(thing)`` on a shared machine of the same states and moves: no actor, no
guard, no event, nothing kept but the state. ``accept``: :meth:`Complaint.accept`, which finds the step in the table,
checks the permission and the time, moves by that same library, sets owner and time, and gives its event. ``refused``:
the same command by someone who may not. Each round moves fresh things that were made before the clock ran.
Target: accept <= 2 x bare.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final

import attrs
import common
from transitions import Machine

from csdomain.complaints.lifecycle import COMPLAINT_MOVES, State
from csdomain.complaints.model import Complaint
from csdomain.complaints.values import ACCEPT, ComplaintForm, ComplaintId
from csdomain.kernel.actors import Actor, ActorId, Scope
from csdomain.kernel.errors import NotPermitted

TARGET: Final = 2.0
AT: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FORM: Final = ComplaintForm(customer="cus_0001", demand="replace", reason="broken", quantity=500, defective=7)
AGENT: Final = Actor(ActorId("u1"), "hq", frozenset({"service_agent"}), {ACCEPT: Scope.BRANCH})
STRANGER: Final = Actor(ActorId("u2"), "hq")


@attrs.define
class Thing:
    state: State = State.RECEIVED


def complaint() -> Complaint:
    return Complaint(ComplaintId("cmp_1"), "KS202603-0001", "hq", "u0", "after_sales@0", FORM, AT)


def main() -> int:
    asked = common.options(__doc__)
    each, rounds = (500, 15) if asked.quick else (2000, 41)
    machine = Machine(
        model=None,
        states=State,
        initial=State.RECEIVED,
        auto_transitions=False,
        transitions=[
            {"trigger": step.trigger.value, "source": step.source, "dest": step.dest}
            for step in COMPLAINT_MOVES.steps
            if step.source is not None
        ],
    )
    things: list[Any] = []
    later = AT + timedelta(hours=3)

    def fresh(name: str) -> None:
        make: Callable[[], object] = Thing if name == "bare" else complaint
        things[:] = [make() for _ in range(each)]

    def bare() -> None:
        trigger = machine.events["accept"].trigger
        for thing in things:
            trigger(thing)

    def accept() -> None:
        for case in things:
            case.accept(by=AGENT, at=later)

    def refused() -> None:
        for case in things:
            try:
                case.accept(by=STRANGER, at=later)
            except NotPermitted:
                continue
            raise AssertionError("not refused")

    times = common.interleaved({"bare": bare, "accept": accept, "refused": refused}, rounds, before=fresh)
    rows: list[common.Row] = [
        {
            "what": name,
            "µs": round(1e6 * median(taken) / each, 2),
            "to bare": round(common.ratio(times, name, "bare"), 2),
            "spread": round(common.spread(taken), 2),
        }
        for name, taken in times.items()
    ]
    found = common.ratio(times, "accept", "bare")
    faults = [] if found <= TARGET else [f"accept: {found:.2f} x bare, at most {TARGET}"]
    return common.report("move", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
