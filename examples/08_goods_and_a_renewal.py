"""Goods bought and accepted by two, an order out of three lots, and a renewal of 12 months that gives 14.

Usage: python examples/08_goods_and_a_renewal.py

`make demo` tells it too. Every line is what the desk answers.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import csdomain
from csdomain import Money, RuleBroken
from csdomain.inventory.model.papers import Receipt, Wanted
from csdomain.inventory.values import Request
from csdomain.orders.values import Dose, Item

OIL: Final = "fish_oil"


def yuan(amount: int) -> Money:
    return Money.of(amount, "CNY")


class Hands:
    """The people of a desk, each called like their position, and its time: ten minutes pass with every act."""

    def __init__(self, rulebook: str, now: datetime) -> None:
        self.desk = csdomain.open("memory:", rulebook=rulebook)
        self.now = now

    def who(self, position: str) -> csdomain.Actor:
        return self.desk.actor(position, branch="hq", positions=(position,))

    def by(self, position: str) -> Any:
        self.now += timedelta(minutes=10)
        return {"by": self.who(position), "at": self.now}

    def refused(self, does: Callable[..., object], *given: object, by: str) -> None:
        try:
            does(*given, **self.by(by))
        except RuleBroken as refused:
            print(f"refused     {by}: {refused}")
        else:
            raise AssertionError("it went through")


def buy(hands: Hands, batches: dict[str, tuple[int, int]]) -> dict[str, str]:
    """Goods of some batches (pieces, days until they expire), from the request to the shelf: lot by batch."""
    bought, people = hands.desk.inventory.purchases, ("product_manager", "branch_director", "warehouse_keeper")
    buyer, director, keeper = people
    pieces = sum(quantity for quantity, _ in batches.values())
    id = bought.request([Wanted(OIL, pieces)], yuan(40) * pieces, **hands.by(buyer)).id
    bought.approve(id, **hands.by(director))
    bought.order(id, "north_sea", **hands.by(buyer))
    today = hands.now.date()
    came = [
        Receipt(product=OIL, sound=quantity, unit_cost=yuan(40), batch=batch, expires=today + timedelta(days=days))
        for batch, (quantity, days) in batches.items()
    ]
    bought.arrive(id, came, **hands.by(keeper))
    bought.accept_as_keeper(id, **hands.by(keeper))
    if not hands.desk.inventory.on_hand(by=hands.who(keeper)):
        hands.refused(bought.enter, id, by=keeper)
    bought.accept_as_buyer(id, **hands.by(buyer))
    bought.enter(id, **hands.by(keeper))
    paper = bought.get(id, by=hands.who(keeper))
    assert paper.keeper
    assert paper.buyer
    lots = hands.desk.inventory.goods(paper.lots, by=hands.who(keeper))
    seals = f"accepted by {paper.keeper.by} and {paper.buyer.by}"
    print(f"bought      {paper.number}: {pieces} pieces in {len(lots)} batches, {paper.estimate}; {seals}")
    hands.now += timedelta(days=1)
    return {what.batch: lot for lot, what in lots.items()}


def goods() -> None:
    hands = Hands("medical_centre", datetime(2026, 3, 2, 1, tzinfo=UTC))
    stock, orders, money = hands.desk.inventory, hands.desk.orders, hands.desk.payments
    keeper, manager = hands.who("warehouse_keeper"), "health_manager"
    how: dict[str, Any] = {"content": Decimal(60), "shelf_days": 700, "price": yuan(200)}
    stock.products.list(OIL, "Fish oil", "bottle", "normal", **how, **hands.by("product_manager"))
    lots: dict[str, str] = {}
    second = {"E": (3, 650), "F": (4, 650), "G": (6, 690)}
    for batches in ({"A": (4, 20), "B": (3, 600)}, {"C": (5, 600), "D": (2, 600)}, second):
        lots |= buy(hands, batches)
    batch_of = {lot: batch for batch, lot in lots.items()}
    stock.quarantine("hq", OIL, lots["B"], 3, "a broken seal", **hands.by("warehouse_keeper"))
    hands.now += timedelta(days=20)
    stock.reserve("hq", OIL, "another order", 5, lots["C"], **hands.by("warehouse_keeper"))

    id = orders.prescribe("customer-1", [Dose(OIL, Decimal(2))], **hands.by("functional_doctor")).id
    orders.enter(id, [Item(OIL, 7)], **hands.by(manager))
    orders.sign(id, **hands.by(manager))
    order = orders.get(id, by=hands.who(manager))
    bill = money.bills.get(order.bill, by=hands.who("finance"))
    print(f"signed      {order.number}: 7 bottles, {order.total}; its bill is {bill.state.value}, paid: {order.paid}")
    asked = stock.explain("hq", Request(OIL, 7, id), by=keeper, at=hands.now)
    given, passed = dict(asked.lots), dict(asked.passed)
    for batch, lot in sorted(lots.items()):
        what = f"{given[lot]} bottles" if lot in given else f"skipped: {passed[lot].text.en} {passed[lot].text.zh}"
        print(f"  batch {batch}   {what}")
    orders.ship(id, [Item(OIL, 7)], **hands.by("warehouse_keeper"))
    (shipment,) = orders.get(id, by=keeper).shipments
    assert set(shipment.lots) == set(given)
    batches_sent = ", ".join(sorted(batch_of[lot] for lot in shipment.lots))
    print(f"sent        out of {len(shipment.lots)} lots: batches {batches_sent}")
    assert order.total
    cash = money.take("customer-1", order.total, order.bill, **hands.by(manager)).id
    money.hand_in(cash, **hands.by(manager))
    hands.desk.carry_out()
    print(f"collected   {order.total} in cash; paid: {orders.get(id, by=keeper).paid}")
    money.confirm(cash, **hands.by("finance"))
    hands.desk.carry_out()
    print(f"confirmed   by finance; paid: {orders.get(id, by=keeper).paid}")
    quantity, cost = stock.on_hand(by=keeper)["hq", OIL]
    apart = sum(row.quantity for row in stock.lying("qt/hq", by=keeper))
    print(f"left        {quantity} bottles on the shelf that cost {Money(cost, 'CNY')}, {apart} in quarantine")
    hands.desk.close()


def renewal() -> None:
    hands = Hands("fleet", datetime(2026, 3, 2, 1, tzinfo=UTC))
    does, money = hands.desk.renewals, hands.desk.payments
    representative = "customer_representative"
    vehicles = ["veh-1", "veh-2"]
    contract = does.contracts.sign(
        "customer-1", "bought", vehicles, date(2026, 3, 5), representative, **hands.by("records_clerk")
    ).id
    id = does.ask(contract, **hands.by(representative)).id
    does.agree(id, "icbc", **hands.by(representative))
    does.fill(id, "yearly", 12, **hands.by(representative))
    form = does.get(id, by=hands.who(representative))
    total, months = form.priced.total, form.priced.service_months
    print(f"filled      {form.number}: {len(vehicles)} vehicles, 12 months paid, {months} months of service")
    print(f"            {total.gross}, of it {total.tax} tax, by transfer to {form.bank}")
    hands.refused(does.extend, id, by="gps_administrator")
    hands.refused(does.confirm, id, by="finance")
    (announced,) = money.find(by=hands.who("finance")).items
    money.confirm(announced.id, "R-1", **hands.by("finance"))
    does.confirm(id, **hands.by("finance"))
    print("signed      by finance: the money is there")
    does.extend(id, **hands.by("gps_administrator"))
    print("extended    by the administrator, who signs")
    does.record(id, **hands.by("records_clerk"))
    there = does.contracts.get(contract, by=hands.who("records_clerk"))
    assert there.service
    (term,) = there.paid
    runs = f"{there.number} runs from {term.period.start} to the day before {there.ends_on}"
    print(f"recorded    {runs}: {there.service.months} months")
    signatures = [f"{one.role}: {one.by}" for one in does.get(id, by=hands.who("finance")).form.signatures]
    print(f"the form    signed by {', '.join(signatures)}")
    hands.desk.close()


if __name__ == "__main__":
    print("Goods: bought, accepted by two, and an order out of three lots\n")
    goods()
    print("\nA renewal: 12 months paid, 14 given, extended only after finance has signed\n")
    renewal()
