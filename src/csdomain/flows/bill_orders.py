"""Orders are billed when they are signed, and are paid when finance has confirmed the money for the bill (ORD-04)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, cast

import attrs

from csdomain.casework.bills import CaseBilling, Due, Priced, Unbilled
from csdomain.kernel.store.consequences import Consequence
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.kernel.store.unit import StandardUnit
from csdomain.kernel.values.actors import Actor, system_actor
from csdomain.kernel.values.ids import IdSource
from csdomain.orders.effects import EFFECTS
from csdomain.orders.lifecycle import ORDER_MOVES, Move
from csdomain.orders.model import ORDERS, OrderAct
from csdomain.orders.rules import ORDER
from csdomain.orders.service import ORDER_CASES
from csdomain.payments.events import BillPaid, BillReopened
from csdomain.payments.lifecycle import BillState
from csdomain.payments.values import PAYMENT_RULES, Line
from csdomain.rulebook import House

from .open_bills import Billing, BillsOfCases

NAME: Final = "orders_follow_bills"
PURPOSE: Final = "order"
_DUE: Final = {
    BillState.OPEN: Due.OWED,
    BillState.COLLECTED: Due.COLLECTED,
    BillState.PAID: Due.PAID,
    BillState.CANCELLED: Due.NOTHING,
    BillState.WRITTEN_OFF: Due.NOTHING,
}


@attrs.frozen
class OrderBills:
    """The port :class:`~csdomain.casework.bills.CaseBilling` over payments."""

    bills: BillsOfCases

    def ask(self, by: Actor, at: datetime, order: str, customer: str, lines: Sequence[Priced], /) -> str:
        """Open the bill; what is free is not on it, and there is none where all is."""
        there = [Line(what, quantity, price, ORDER.id) for what, quantity, price in lines if price.minor]
        billing, unit = Billing(self.bills.house, self.bills.ids), self.bills.unit
        return billing.open(unit, by, at, order, PURPOSE, customer, there) if there else ""

    def due(self, order: str, /) -> Due:
        """How the bill of an order stands, and stays until the unit has ended. Raises NotFound."""
        return _DUE[self.bills.bill(order, PURPOSE).state]

    def take_back(self, by: Actor, at: datetime, order: str, what: str, quantity: int, /) -> bool:
        """The bill is lowered by an item that is on it, and what finance has confirmed beyond the rest goes back."""
        bill = self.bills.bill(order, PURPOSE)
        line = next((line for line in bill.lines if line.what == what), None)
        reason = f"{what} × {quantity}"
        return line is None or self.bills.lower(by, at, bill, line.price * quantity, reason, refund=True)

    def drop(self, by: Actor, at: datetime, order: str, reason: str, /) -> None:
        """The bill is cancelled, and what was used for it is credit."""
        self.bills.drop(by, at, order, PURPOSE, reason)


def bills_of(house: House, ids: IdSource) -> Callable[[Unit], CaseBilling]:
    """The bills of orders, by the unit of work; none where the house keeps none."""
    if PAYMENT_RULES not in house.rulebook:
        return lambda _: Unbilled()
    return lambda unit: OrderBills(BillsOfCases(unit, house, ids))


def consequence(house: House) -> Consequence:
    """What follows when the bill of an order is paid, or owed again."""

    def run(unit: Unit, record: AuditRecord) -> None:
        id = str(record.facts["about"])
        if record.facts["purpose"] != PURPOSE or not id.startswith(f"{ORDERS.id.prefix}_"):
            return
        cast("StandardUnit", unit).unordered()  # orders in the order of what happened to their bills
        may, nothing = ORDER_MOVES.actions[Move.PAY], cast("Any", None)
        system = system_actor((may,))
        order = unit.load(ORDERS, id, may=may, by=system)
        rules, place = EFFECTS.rules_of(order, house, unit), house.place(order.branch)
        billing = OrderBills(BillsOfCases(unit, house, nothing))
        act = OrderAct(
            by=system, at=record.at, rules=rules, place=place, draws=nothing, supplies=nothing, billing=billing
        )
        if events := order.follow_bill(act):
            ORDER_CASES.keep(unit, house, order, events)

    return Consequence(NAME, (BillPaid, BillReopened), run)
