"""One move of a complaint, against a bare trigger of `transitions`.

    python benchmarks/bench_move.py [--json] [--quick]

``bare``: ``machine.events["investigate"].trigger(thing)`` on a shared machine of the same states and moves: no actor,
no guard, no event, nothing kept but the state. ``investigate``: the command of that name with its act, which finds the
step in the table, checks the permission and the time, moves by that same library, sets the time, and gives its event.
``accept``: the command that besides classifies the case, writes that on its form and signs it: the seals are reckoned
anew. ``refused``: ``investigate`` by someone who may not. Each round moves fresh copies that were made before the
clock ran.
Target: investigate <= 2 x bare.
"""

import sys
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final

import attrs
import common
from transitions import Machine

import cases
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, State
from csdomain.complaints.values import ComplaintId
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.values.actors import Actor, ActorId

TARGET: Final = 2.0
AT: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
STRANGER: Final = Actor(ActorId("u2"), "hq")


@attrs.define
class Thing:
    state: State = State.ACCEPTED


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
    id = ComplaintId("cmp_1")
    accepted = cases.accepted(id, "KS202603-0001", AT)
    models = {
        "bare": Thing(),
        "investigate": accepted,
        "accept": cases.checked(id, "KS202603-0001", AT),
        "refused": accepted,
    }

    def fresh(name: str) -> None:
        model = models[name]
        things[:] = [copy(model) for _ in range(each)]

    def bare() -> None:
        trigger = machine.events["investigate"].trigger
        for thing in things:
            trigger(thing)

    def investigate() -> None:
        for case in things:
            cases.investigate(case, later)

    def accept() -> None:
        for case in things:
            cases.accept(case, later)

    def refused() -> None:
        for case in things:
            try:
                cases.investigate(case, later, STRANGER)
            except NotPermitted:
                continue
            raise AssertionError("not refused")

    sides: dict[str, Callable[[], None]] = {
        "bare": bare,
        "investigate": investigate,
        "accept": accept,
        "refused": refused,
    }
    times = common.interleaved(sides, rounds, before=fresh)
    rows: list[common.Row] = [
        {
            "what": name,
            "µs": round(1e6 * median(taken) / each, 2),
            "to bare": round(common.ratio(times, name, "bare"), 2),
            "spread": round(common.spread(taken), 2),
        }
        for name, taken in times.items()
    ]
    found = common.ratio(times, "investigate", "bare")
    faults = [] if found <= TARGET else [f"investigate: {found:.2f} x bare, at most {TARGET}"]
    return common.report("move", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
