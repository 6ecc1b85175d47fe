"""An order is billed when it is signed, and paid by what finance confirms for the bill (ORD-04)."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import csdomain
from adapters.conftest import clean_url, desks  # noqa: F401 - fixtures
from adapters.harness import BACKENDS, Desks
from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.flows.bill_orders import PURPOSE
from csdomain.kernel.rules.errors import MoveRefused, NotFound, RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.orders.lifecycle import State
from csdomain.orders.model import Order
from csdomain.orders.rules import ORDER, PAYMENT, SHIPMENT
from csdomain.orders.values import Dose, Item
from csdomain.payments.lifecycle import BillState
from csdomain.payments.model.bill import Bill
from csdomain.payments.rules import AMOUNT, CHARGE
from csdomain.payments.values import Line, bill_of
from csdomain.rulebook import loads
from csdomain.testing import memory_desk, staff
from payments.till import yuan

OIL, D3 = "fish_oil", "vitamin_d"
PRICES: Final = {OIL: 200, D3: 80}


def own(text: str) -> Any:
    return loads(f'name = "own"\nextends = "medical_centre"\n{text}', sections(), shipped)


class Shop:
    """A desk that sells products and keeps bills; everybody acts at its present."""

    def __init__(self, book: Any = None, desk: Any = None) -> None:
        self.desk = desk or memory_desk(book or "medical_centre")
        self.who, self.orders, self.money = staff(self.desk), self.desk.orders, self.desk.payments

    def by(self, position: str) -> dict[str, Any]:
        return {"by": self.who[position], "at": self.desk.clock.now()}

    def signed(self, *items: Item) -> str:
        there = items or (Item(OIL, 3), Item(D3, 1))
        doses = [Dose(item.product, Decimal(2)) for item in there]
        id = self.orders.prescribe("customer-1", doses, **self.by("functional_doctor")).id
        self.orders.enter(id, there, **self.by("health_manager"))
        return self.orders.sign(id, **self.by("health_manager")).id

    def bill(self, order: str) -> Bill:
        return self.money.bills.get(bill_of(order, PURPOSE), by=self.who["finance"])

    def of(self, order: str) -> Order:
        assert not self.desk.carry_out().refused
        return self.orders.get(order, by=self.who["hq"])

    def take(self, order: str, amount: Money) -> str:
        return self.money.take("customer-1", amount, self.bill(order).id, **self.by("health_manager")).id

    def confirm(self, payment: str) -> str:
        self.money.hand_in(payment, **self.by("health_manager"))
        return self.money.confirm(payment, **self.by("finance")).id

    def deliver(self, order: str) -> None:
        self.orders.ship(order, self.of(order).items, **self.by("warehouse_keeper"))
        self.orders.arrive(order, 1, **self.by("health_manager"))

    def back(self, order: str, item: Item) -> None:
        self.orders.take_back(order, 1, item, **self.by("health_manager"))

    def told(self, kind: str) -> list[tuple[str, str]]:
        queued = self.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=999))
        return [(m.occasion, m.to) for m in queued if m.occasion.startswith(f"{kind}.") and "to_ship" not in m.occasion]


@pytest.mark.rule(PAYMENT, CHARGE)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_order_is_paid_when_finance_has_confirmed_its_bill_and_owed_again_with_it(
    desks: Desks,  # noqa: F811 - the fixture
    backend: str,
) -> None:
    shop = Shop(desk=desks(backend, rulebook="medical_centre", strict_locks=True))
    order = shop.signed()
    assert shop.bill(order).lines == (Line(OIL, 3, yuan(200), ORDER.id), Line(D3, 1, yuan(80), ORDER.id))
    assert shop.of(order).bill == bill_of(order, PURPOSE)
    payment = shop.take(order, yuan(680))
    assert (shop.bill(order).state, shop.of(order).paid) == (BillState.COLLECTED, False)
    with pytest.raises(RuleBroken):
        shop.orders.pay(order, "V-1", **shop.by("finance"))
    shop.confirm(payment)
    assert shop.of(order).paid
    shop.deliver(order)
    shop.money.bills.refund(shop.bill(order).id, payment, yuan(80), "too much", **shop.by("finance"))
    assert not shop.of(order).paid
    with pytest.raises(RuleBroken):
        shop.orders.close(order, **shop.by("health_manager"))
    shop.confirm(shop.take(order, yuan(80)))
    assert shop.of(order).paid
    shop.orders.close(order, **shop.by("health_manager"))
    shop.money.bills.refund(shop.bill(order).id, payment, yuan(80), "returned later", **shop.by("finance"))
    assert (shop.of(order).state, shop.of(order).paid) == (State.CLOSED, False), "also when it is closed"
    moves = [record.name for record in shop.orders.trail(order, by=shop.who["hq"])]
    assert moves.count("order_paid") == moves.count("order_owed") == 2
    assert shop.desk.verify().faults == ()


pieces = st.integers(1, 3)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 900)),
        st.tuples(st.just("confirm"), st.just(0)),
        st.tuples(st.sampled_from([OIL, D3]), pieces),
        st.tuples(st.just("invoice"), st.just(0)),
    ),
    max_size=8,
)


@pytest.mark.rule(PAYMENT, SHIPMENT, AMOUNT)
@given(acts)
def test_what_comes_back_is_owed_no_more_and_money_adds_up_in_every_history(done: list[tuple[str, int]]) -> None:
    """Oracle: prices times what was kept; each payment is what is used, given back and left of it."""
    shop = Shop()
    order, kept, pending = shop.signed(), {OIL: 3, D3: 1}, list[str]()
    due, invoiced, late = 680, False, False
    shop.deliver(order)
    for what, amount in done:
        bill = shop.bill(order)
        if what == "take" and bill.state is BillState.OPEN:
            pending.append(shop.take(order, yuan(amount)))
        elif what == "confirm" and pending:
            shop.confirm(pending.pop())
        elif what == "invoice" and not invoiced:
            shop.money.bills.invoice(bill.id, "F-1", **shop.by("finance"))
            invoiced = True
        elif what in PRICES and amount <= kept[what]:
            shop.back(order, Item(what, amount))
            kept[what], late = kept[what] - amount, late or invoiced
            due -= 0 if invoiced else PRICES[what] * amount
            assert shop.bill(order).collected == min(bill.collected, yuan(due)), "only what is over goes back"
        bill = shop.bill(order)
        assert bill.due == yuan(due)
        assert bill.collected <= bill.due
        money = [shop.money.get(id, by=shop.who["finance"]) for id in bill.payments]
        used = sum(each.uses.get(bill.id, yuan(0)).minor for each in money)
        assert used == bill.collected.minor
        for each in money:
            assert each.refunded.minor + each.left.minor + sum(u.minor for u in each.uses.values()) == each.amount.minor
            assert not (each.refunded.minor and each.id in pending), "what finance has not is not given back"
        assert shop.of(order).paid is (bill.state is BillState.PAID)
    assert (("order.to_refund", "finance") in shop.told("order")) is late
    for payment in pending:
        shop.confirm(payment)
    if shop.bill(order).state is not BillState.PAID:
        shop.money.bills.write_off(shop.bill(order).id, "moved away", **shop.by("hq"))
    shop.orders.close(order, **shop.by("health_manager"))


@pytest.mark.rule(PAYMENT, AMOUNT)
def test_what_was_paid_for_an_order_that_is_cancelled_is_credit_and_an_invoice_is_taken_back_first() -> None:
    shop = Shop()
    order = shop.signed()
    shop.confirm(shop.take(order, yuan(300)))
    bill = shop.bill(order).id
    shop.money.bills.invoice(bill, "F-1", **shop.by("finance"))
    with pytest.raises(RuleBroken):
        shop.orders.cancel(order, "changed her mind", **shop.by("health_manager"))
    assert shop.of(order).state is State.SIGNED
    shop.money.bills.lower(bill, yuan(380), "credit note", "R-1", **shop.by("finance"))
    assert shop.of(order).paid
    with pytest.raises(RuleBroken):
        shop.orders.cancel(order, "changed her mind", **shop.by("health_manager"))
    other = shop.signed()
    shop.confirm(shop.take(other, yuan(300)))
    shop.orders.cancel(other, "changed her mind", **shop.by("health_manager"))
    assert shop.bill(other).state is BillState.CANCELLED
    assert [row.sums[0] for row in shop.money.credits(by=shop.who["finance"])] == [30_000]
    assert shop.told("order") == [("order.dropped", "finance")]
    whole = shop.signed(Item(OIL, 1))
    shop.confirm(shop.take(whole, yuan(200)))
    assert shop.of(whole).paid
    shop.orders.cancel(whole, "changed her mind", **shop.by("health_manager"))
    assert (shop.of(whole).state, shop.of(whole).paid) == (State.CANCELLED, False)
    assert [row.sums[0] for row in shop.money.credits(by=shop.who["finance"])] == [50_000]


@pytest.mark.rule(PAYMENT, CHARGE)
def test_what_finance_has_lowered_already_is_not_lowered_below_nothing_and_other_bills_are_not_of_orders() -> None:
    shop = Shop()
    order = shop.signed(Item(OIL, 2))
    shop.deliver(order)
    bill = shop.bill(order).id
    shop.money.bills.lower(bill, yuan(300), "goodwill", **shop.by("finance"))
    for _ in range(2):
        shop.back(order, Item(OIL, 1))
        assert shop.bill(order).due == yuan(0)
        assert shop.of(order).paid
    free = shop.signed(Item(OIL, 1))
    shop.money.bills.open("job-1", "order", "customer-1", [Line("work", 1, yuan(5))], **shop.by("finance"))
    shop.money.bills.open(free, "delivery", "customer-1", [Line("work", 1, yuan(5))], **shop.by("finance"))
    for other in (bill_of("job-1", "order"), bill_of(free, "delivery")):
        shop.confirm(shop.money.take("customer-1", yuan(5), other, **shop.by("health_manager")).id)
    assert not shop.of(free).paid


@pytest.mark.rule(PAYMENT)
def test_a_house_may_send_nothing_before_the_money_was_taken() -> None:
    shop = Shop(own("[orders]\nship_unpaid = false\n"))
    order = shop.signed()
    with pytest.raises(RuleBroken):
        shop.deliver(order)
    shop.take(order, yuan(680))
    shop.deliver(order)
    assert shop.of(order).state is State.DELIVERED


@pytest.mark.rule(PAYMENT)
def test_a_free_item_is_not_on_the_bill() -> None:
    shop = Shop(own('[orders.products.fish_oil]\nprice = "0 CNY"\n'))
    order = shop.signed(Item(OIL, 1))
    assert shop.of(order).bill == ""
    with pytest.raises(NotFound):
        shop.bill(order)
    shop.orders.pay(order, "free", **shop.by("finance"))
    both = shop.signed()
    assert shop.bill(both).lines == (Line(D3, 1, yuan(80), ORDER.id),)
    shop.deliver(both)
    shop.back(both, Item(OIL, 1))
    assert shop.bill(both).due == yuan(80)


@pytest.mark.rule(PAYMENT)
def test_a_house_without_bills_says_by_hand_what_is_paid() -> None:
    folder = Path(csdomain.__file__).parent / "rulebook" / "books" / "medical_centre"
    files = {path.name: path.read_text("utf-8") for path in folder.glob("*.toml") if path.name != "payments.toml"}
    files["house.toml"] = "\n".join(line for line in files["house.toml"].split("\n") if '"payments.' not in line)
    book: Any = loads(files, sections(), shipped)
    with memory_desk(book) as desk:
        who, at = staff(desk), desk.clock.now()
        order = desk.orders.prescribe("customer-1", [Dose(OIL, Decimal(2))], by=who["hq"], at=at).id
        desk.orders.enter(order, [Item(OIL, 1)], by=who["hq"], at=at)
        desk.orders.sign(order, by=who["hq"], at=at)
        with pytest.raises(MoveRefused):
            desk.orders.close(order, by=who["hq"], at=at)
        desk.orders.pay(order, "V-1", by=who["finance"], at=at + timedelta(minutes=1))
        assert desk.orders.get(order, by=who["hq"]).paid
