"""A command through the frame, against the same body in a unit of work that is written by hand. Memory store.

    python benchmarks/bench_command.py [--json] [--quick]

``framed``: ``desk.complaints.investigate(id, …)``. ``by hand``: a function that loads the case under the permission,
makes the act, takes the step, runs the same body, saves and records what comes of it; nothing is looked up by a mark,
and no key is reckoned. ``framed, key`` is the first under an idempotency key. Each round acts on cases of its own; the
seconds are those of the processor.
Target: framed <= 1.3 x by hand.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import Any, Final

import common

import cases
import csdomain
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.commands import investigating
from csdomain.complaints.commands.marks import ComplaintAct
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, Move
from csdomain.complaints.service import COMPLAINT_CASES
from csdomain.complaints.values import ComplaintId
from csdomain.kernel.store.ports import Call, Receipt, Unit
from csdomain.testing import no_holidays
from csdomain_adapters.system import SystemIds

TARGET: Final = 1.3
AT: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LATER: Final = AT + timedelta(hours=5)
MAY: Final = COMPLAINT_MOVES.actions[Move.INVESTIGATE]


def main() -> int:
    asked = common.options(__doc__)
    each, rounds = (100, 8) if asked.quick else (400, 25)
    desk = csdomain.desk.open("memory:", cases.BOOK, holidays=no_holidays())
    agent = desk.actor("u1", branch="hq", positions=("service_agent",))
    ids, made = SystemIds(), count()
    fresh_ids: list[ComplaintId] = []
    body: Any = getattr(investigating.investigate, "__wrapped__")  # noqa: B009 - the body without its mark
    authorities, draws = cases.act(AT).authorities, cases.act(AT).draws
    effects, house = COMPLAINT_CASES.effects, desk.house

    def fresh(_: str) -> None:
        new = [ids.new(COMPLAINTS.id) for _ in range(each)]
        found = [cases.accepted(id, f"KS202603-{next(made):06}", AT) for id in new]

        def put(unit: Unit) -> None:
            for case in found:
                unit.of(COMPLAINTS).add(case)

        desk.store.run(put, Call("bench", agent.id, AT))
        fresh_ids[:] = new

    def by_hand() -> None:
        for id in fresh_ids:

            def work(unit: Unit, id: ComplaintId = id) -> Receipt:
                actor = house.resolve(agent)
                case: Complaint = unit.load(COMPLAINTS, id, may=MAY, by=actor)
                rules = effects.rules_of(case, house, unit)
                place = house.place(case.branch)
                act = ComplaintAct(
                    by=actor, at=LATER, rules=rules, place=place, draws=draws, rulebook="", authorities=authorities
                )
                step = COMPLAINT_MOVES.check(case, Move.INVESTIGATE, actor, path=case.path.value)
                act.begin(COMPLAINT_MOVES, case, step)
                events = body(case, act)
                unit.of(COMPLAINTS).save(case)
                unit.record(events, effects.of(events, case, rules, place))
                return Receipt(id=id, version=case.version, state=case.state.value, number=case.number)

            desk.store.run(work, Call("complaint.investigate", agent.id, LATER, id))

    def framed() -> None:
        for id in fresh_ids:
            desk.complaints.investigate(id, by=agent, at=LATER)

    def under_a_key() -> None:
        for id in fresh_ids:
            desk.complaints.investigate(id, by=agent, at=LATER, key=f"k-{id}")

    sides: dict[str, Callable[[], None]] = {"by hand": by_hand, "framed": framed, "framed, key": under_a_key}
    times: dict[str, list[float]] = {}
    common.interleaved(sides, rounds, before=fresh, used=times)
    rows: list[common.Row] = [
        {
            "what": name,
            "µs": round(1e6 * median(taken) / each, 1),
            "to by hand": round(common.ratio(times, name, "by hand"), 3),
            "spread": round(common.spread(taken), 2),
        }
        for name, taken in times.items()
    ]
    found = common.ratio(times, "framed", "by hand")
    faults = [] if found <= TARGET else [f"framed: {found:.2f} x by hand, at most {TARGET}"]
    return common.report("command", rows, faults, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
