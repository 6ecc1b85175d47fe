"""Who represents a customer looks after the customer's vehicles and connections; a merged record is handed over no more
(CUS-08, CUS-13)."""

from typing import Any, Final, cast

from csdomain.customers.events import CustomerAssigned, CustomersMerged, CustomerSplit
from csdomain.customers.lifecycle import CONNECTION_MOVES, HANDOVER_MOVES, VEHICLE_MOVES
from csdomain.customers.lifecycle import ConnectionMove as OfConnection
from csdomain.customers.lifecycle import HandoverMove as OfHandover
from csdomain.customers.lifecycle import VehicleMove as OfVehicle
from csdomain.customers.model.act import CustomerAct
from csdomain.customers.model.handover import HANDOVERS, OPEN_KEY
from csdomain.customers.questions.finding import family
from csdomain.customers.rules import MERGING
from csdomain.customers.service.papers import CONNECTION_CASES, HANDOVER_CASES, VEHICLE_CASES
from csdomain.customers.values import CUSTOMER_RULES
from csdomain.frame.cases import CaseType
from csdomain.kernel.store.consequences import Consequence
from csdomain.kernel.store.kinds import ColumnValue, Query
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.kernel.store.unit import StandardUnit
from csdomain.kernel.values.actors import system_actor
from csdomain.rulebook import House

NAME: Final = "papers_follow_customers"
#: So many papers are read at a time.
PAGE = 200
_FOLLOWS: Final[tuple[tuple[CaseType, Any], ...]] = (
    (CONNECTION_CASES, CONNECTION_MOVES.actions[OfConnection.FOLLOW]),
    (VEHICLE_CASES, VEHICLE_MOVES.actions[OfVehicle.FOLLOW]),
)
_WITHDRAW: Final = HANDOVER_MOVES.actions[OfHandover.WITHDRAW]


def consequence(house: House) -> Consequence:
    """What follows when a customer is assigned, merged or split again."""
    nothing = cast("Any", None)
    system = system_actor((_WITHDRAW, *(may for _, may in _FOLLOWS)))

    def change(unit: Unit, cases: CaseType, id: str, may: Any, record: AuditRecord, *said: str) -> None:
        case: Any = unit.load(cases.kind, id, may=may, by=system)
        place, rules = house.place(case.branch), house.rulebook[CUSTOMER_RULES]
        act = CustomerAct(
            by=system, at=record.at, rules=rules, place=place, draws=nothing, files=nothing, works=nothing
        )
        events = case.left_behind(act, *said) if cases is HANDOVER_CASES else case.follow(act, *said)
        cases.keep(unit, house, case, events)

    def run(unit: Unit, record: AuditRecord) -> None:
        cast("StandardUnit", unit).unordered()  # customers in the order of what happened to them
        if record.name == CustomersMerged.name:
            for handover in unit.of(HANDOVERS).find(Query((OPEN_KEY.is_(record.subject),), limit=1)).items:
                change(unit, HANDOVER_CASES, handover.id, _WITHDRAW, record, MERGING.id)
        people = family(unit, record.subject)
        who, theirs = people[0].owner, tuple(each.id for each in people)
        for cases, may in _FOLLOWS if who else ():
            steps = cases.commands.table.steps
            live = [step.source.value for step in steps if step.trigger.value == "follow" and step.source]
            whose, state = (next(f for f in cases.kind.fields if f.name == name) for name in ("customer", "state"))
            after: tuple[ColumnValue, str] | None = None
            while True:
                page = unit.of(cases.kind).find(
                    Query((whose.among(theirs), state.among(live)), limit=PAGE, after=after)
                )
                for each in page.items:
                    if each.owner != who:
                        change(unit, cases, each.id, may, record, who)
                if (after := page.next) is None:
                    break

    return Consequence(NAME, (CustomerAssigned, CustomersMerged, CustomerSplit), run)
