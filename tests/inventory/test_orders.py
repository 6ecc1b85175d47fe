"""Orders are sent from the ledger, and what comes back is set apart (INV-05, INV-08, ORD-03)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from csdomain.inventory.model.ledger import TooLittle
from csdomain.inventory.rules import ALLOCATION, QUARANTINE, RESERVATIONS
from csdomain.orders.rules import SHIPMENT
from csdomain.orders.values import Dose, Item

from .warehouse import OIL, Warehouse


@pytest.mark.rule(SHIPMENT, ALLOCATION, RESERVATIONS, QUARANTINE)
def test_an_order_takes_the_oldest_lots_draws_on_its_reservation_and_comes_back_into_quarantine() -> None:
    house = Warehouse()
    house.product()
    old, new = house.put(3, cost=100), house.put(5, cost=200)
    orders, dose = house.desk.orders, [Dose(OIL, Decimal(2)), Dose("vitamin_d", Decimal(1))]
    id = orders.prescribe("customer-1", dose, **house.by(house.head)).id
    orders.enter(id, [Item(OIL, 6), Item("vitamin_d", 1)], **house.by(house.head))
    orders.sign(id, **house.by(house.head))
    house.stock.reserve("hq", OIL, id, 4, **house.by())
    with pytest.raises(TooLittle):
        house.send(5, "another")
    house.send(4, "another")
    for beyond in (5, 6):
        with pytest.raises(TooLittle):
            orders.ship(id, [Item(OIL, beyond)], **house.by())
        assert not orders.get(id, by=house.head).shipments
    orders.ship(id, [Item(OIL, 4), Item("vitamin_d", 1)], **house.by())  # vitamins are not kept in stock
    (shipment,) = orders.get(id, by=house.head).shipments
    assert shipment.lots == (new,) != (old,)
    orders.arrive(id, 1, **house.by(house.head))
    house.now += timedelta(hours=1)
    orders.take_back(id, 1, Item(OIL, 3), **house.by(house.head))
    orders.take_back(id, 1, Item("vitamin_d", 1), **house.by(house.head))
    assert house.balances() == {("qt/hq", new): (3, 600)}
    house.check()
