"""What every context owes, and orders with it: one sample of each command."""

from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import pytest

from adapters.harness import BACKENDS, Desks, Statements
from csdomain.casework.bills import Unbilled
from csdomain.flows.supply_orders import Stock, supplies_of
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.orders.context import CONTEXT
from csdomain.orders.lifecycle import ShipmentState
from csdomain.orders.model import Order, OrderAct
from csdomain.orders.service import ORDER_CASES
from csdomain.orders.values import Dose, Item
from csdomain.testing import SequentialIds
from csdomain.testing.cases import CaseContract, by, with_case
from csdomain_adapters.sql import SqlStore

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
DOSE = Dose("fish_oil", Decimal(2))


def on_its_way(order: Order) -> int:
    states = [shipment.state for shipment in order.shipments]
    return states.index(ShipmentState.SENT) + 1 if ShipmentState.SENT in states else 1


class TestOrders(CaseContract):
    """Product orders."""

    cases = ORDER_CASES
    rulebook = "medical_centre"
    backends = BACKENDS
    samples: ClassVar = {
        "prescribe": by("functional_doctor", "customer-1", [DOSE]),
        "enter": by("health_manager", [Item("fish_oil", 2)]),
        "sign": by("health_manager"),
        "pay": by("finance", "V-1"),
        "ship": by("warehouse_keeper", [Item("fish_oil", 1)]),
        "arrive": with_case("health_manager", lambda order: (on_its_way(order),)),
        "take_back": by("health_manager", 1, Item("fish_oil", 1)),
        "close": by("health_manager"),
        "cancel": by("health_manager", "changed her mind"),
    }
    ids = frozenset({"prescribe.customer", "Dose.product", "Item.product"})
    outlives = ("ORD-02",)
    never = frozenset({("closed", "pay")})  # it is closed when nothing is owed; its bill may be paid again
    untold = frozenset({"order.dropped"})  # tests/flows/test_bill_orders.py
    hand = partial(OrderAct, supplies=Stock(), billing=Unbilled())
    asks: ClassVar = {"ship": ["SELECT csd_product"], "take_back": ["SELECT csd_stock_movement"] * 2}

    @pytest.fixture
    def open_desk(self, desks: Desks) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def does(self, desk: Any) -> Any:
        supplies = supplies_of(desk.house, SequentialIds(first=900_000))
        return desk.of(CONTEXT, supplies=supplies, billing=lambda _: Unbilled())

    def said_by(self, desk: Any) -> Any:
        return Statements(desk.store).of if isinstance(desk.store, SqlStore) else None
