"""What is wrong with an order is refused by name on every backend, and nothing has changed (ORD-01…04)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from adapters.harness import BACKENDS, Desks
from csdomain.inventory.model.ledger import TooLittle
from csdomain.inventory.model.stock import BALANCES, MOVEMENTS, SHELVES
from csdomain.kernel.rules.errors import MoveRefused, NotFound, RuleBroken
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.orders.model import ORDERS, OverOrdered
from csdomain.orders.rules import ORDER, PAYMENT, SHIPMENT
from csdomain.orders.values import Dose, Item, MalformedOrder
from csdomain.payments.model.bill import BILLS
from inventory.warehouse import OIL, Warehouse
from refused import Wrong, check_refused

D3 = "vitamin_d"


class Prepared:
    """An order that was prescribed, one that is signed with a reservation of another, and one that has arrived."""

    def __init__(self, house: Warehouse) -> None:
        self.house, self.orders, by = house, house.desk.orders, house.by
        house.product()
        house.put(10)
        self.prescribed = self.orders.prescribe("customer-1", [Dose(OIL, Decimal(2))], **by(house.head)).id
        self.signed, self.arrived = (self._signed(count) for count in (6, 2))
        self.orders.ship(self.arrived, [Item(OIL, 2)], **by())
        self.orders.arrive(self.arrived, 1, **by(house.head))
        house.stock.reserve("hq", OIL, "another", 4, **by())

    def _signed(self, count: int) -> str:
        by, who = self.house.by, self.house.head
        id = self.orders.prescribe("customer-1", [Dose(OIL, Decimal(2))], **by(who)).id
        self.orders.enter(id, [Item(OIL, count)], **by(who))
        return str(self.orders.sign(id, **by(who)).id)

    def does(self, name: str, *given: Any) -> object:
        return getattr(self.orders, name)(*given, **self.house.by(self.house.head))

    def sends(self, *items: Item) -> object:
        return self.orders.ship(self.signed, items, **self.house.by())


def entered(quantity: Any) -> Callable[[Prepared], object]:
    return lambda it: it.does("enter", it.prescribed, [Item(OIL, quantity)])


WRONG: dict[str, Wrong[Prepared]] = {
    "quantity 0": (entered(0), MalformedOrder),
    "quantity below 0": (entered(-1), MalformedOrder),
    "quantity a bool": (entered(True), (MalformedOrder, WrongArgument)),
    "quantity a float": (entered(1.5), (MalformedOrder, WrongArgument)),
    "quantity too large": (entered(2**63), MalformedOrder),
    "a dose of nothing": (
        lambda it: it.does("prescribe", "customer-1", [Dose(OIL, Decimal(0))]),
        MalformedOrder,
    ),
    "a product that nobody sells": (
        lambda it: it.does("prescribe", "c", [Dose("snake_oil", Decimal(1))]),
        MalformedOrder,
    ),
    "a product that was not prescribed": (lambda it: it.does("enter", it.prescribed, [Item(D3, 1)]), RuleBroken),
    "a line twice": (lambda it: it.does("enter", it.prescribed, [Item(OIL, 1), Item(OIL, 1)]), MalformedOrder),
    "nothing ordered": (lambda it: it.does("enter", it.prescribed, []), MalformedOrder),
    "signed before it is entered": (lambda it: it.does("sign", it.prescribed), MoveRefused),
    "signed twice": (lambda it: it.does("sign", it.signed), MoveRefused),
    "sent before it is signed": (
        lambda it: it.orders.ship(it.prescribed, [Item(OIL, 1)], **it.house.by()),
        MoveRefused,
    ),
    "more sent than ordered": (lambda it: it.sends(Item(OIL, 7)), OverOrdered),
    "another's reservation": (lambda it: it.sends(Item(OIL, 5)), TooLittle),
    "a shipment that is not there": (lambda it: it.does("arrive", it.arrived, 2), NotFound),
    "arrived twice": (lambda it: it.does("arrive", it.arrived, 1), MoveRefused),
    "more back than sent": (lambda it: it.does("take_back", it.arrived, 1, Item(OIL, 3)), OverOrdered),
    "back before it has arrived": (
        lambda it: it.does("take_back", it.signed, 1, Item(OIL, 1)),
        (NotFound, MoveRefused),
    ),
    "closed while it is owed": (lambda it: it.does("close", it.arrived), RuleBroken),
    "cancelled after it was sent": (lambda it: it.does("cancel", it.arrived, "no"), MoveRefused),
}


@pytest.mark.rule(ORDER, SHIPMENT, PAYMENT)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_wrong_is_refused_by_name_and_nothing_changes(desks: Desks, backend: str) -> None:
    it = Prepared(Warehouse(desks(backend, rulebook="medical_centre")))
    check_refused(it, it.house.desk, WRONG, (ORDERS, SHELVES, BILLS), (BALANCES, MOVEMENTS))
    it.house.check()
