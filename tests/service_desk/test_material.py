"""Publicity material is kept and issued by the warehouse: who holds how much is known (SVC-09)."""

from typing import Any, Final

import pytest

from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.inventory.model.ledger import TooLittle
from csdomain.inventory.model.papers import Receipt, Wanted, product_id
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.rulebook import loads
from csdomain.service_desk.rules import PUBLICITY
from csdomain.testing import memory_desk
from service_desk.counter import Counter, yuan

#: A house of the after-sales kind that keeps its material in a warehouse of its own.
BOOK: Final = """
name = "with_material"
extends = "after_sales"
[permissions.roles.warehouse]
"inventory.*" = "all"
[permissions.roles.service]
"inventory.apply" = "branch"
[permissions.roles.service_management]
"inventory.read" = "branch"
"inventory.approve" = "branch"
[inventory]
strategy = "fifo"
usable_on_expiry_date = true
refill_reminder_days = 7
number = "KC{yyyy}{mm}-{seq:05}"
silent_hours = 24
sales_months = 3
safety_months = 1
expiring_days = 90
idle_days = 180
late_hours = 24
both_present_minutes = 30
reserved_days = 7
keeper = "warehouse_keeper"
buyer = "warehouse_keeper"
[[inventory.zones]]
name = "shelf"
coldest = 0
warmest = 40
driest = 0
dampest = 100
[[inventory.purchase_approvals]]
authority = "service_manager"
[[inventory.approvals]]
authority = "service_manager"
"""


@pytest.mark.rule(PUBLICITY)
def test_material_is_issued_against_a_requisition_and_stock_and_holder_are_known() -> None:
    book: Any = loads(BOOK, sections(), shipped)
    counter = Counter(memory_desk(book))
    stock, keeper, manager = counter.desk.inventory, counter.who["warehouse_keeper"], counter.who["service_manager"]
    stock.products.list("leaflet", "Leaflet", "piece", "shelf", **counter.call("warehouse_keeper"))
    there = [Receipt(product="leaflet", sound=100, unit_cost=yuan(2))]
    stock.products.take_over(product_id("leaflet"), there, "opening", **counter.call("warehouse_keeper"))
    asked = stock.requisitions.ask("ann", [Wanted("leaflet", 30)], "fair", **counter.call("service_agent")).id
    own = stock.requisitions.ask("service_manager", [Wanted("leaflet", 1)], "fair", **counter.call("service_agent")).id
    with pytest.raises(OwnRequest):
        stock.requisitions.approve(own, by=manager, at=counter.now)
    stock.requisitions.approve(asked, by=manager, at=counter.now)
    stock.requisitions.issue(asked, **counter.call("warehouse_keeper"))
    lot = stock.requisitions.get(asked, by=keeper).left[0].lot
    stock.requisitions.use(asked, lot, 12, **counter.call("warehouse_keeper"))
    with pytest.raises(TooLittle):
        stock.requisitions.use(asked, lot, 19, **counter.call("warehouse_keeper"))
    stock.requisitions.give_back(asked, lot, 8, **counter.call("warehouse_keeper"))
    assert {(row.place, row.quantity) for row in stock.held(by=keeper)} == {("who/ann", 10)}
    assert stock.on_hand(by=keeper) == {("hq", "leaflet"): (78, 15600)}
