"""What holds of bills and payments besides the sums: fees, hands, days, who may, what is told (SVC-05, REN-06…13)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.contexts import sections
from csdomain.desk import load_rulebook, shipped
from csdomain.kernel.papers.approvals import BeyondAuthority, OwnRequest
from csdomain.kernel.rules import APPROVALS, MONEY, PERSONAL_DATA
from csdomain.kernel.rules.errors import DomainError, MoveRefused, RulebookInvalid, RuleBroken
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.kernel.values.money import AmountTooLarge, CurrencyMismatch, InexactMoney, Money
from csdomain.payments.model.act import BeyondMoney
from csdomain.payments.model.bill import BILLS, AlreadyBilled
from csdomain.payments.model.payment import PAYMENTS, ReferenceUsed
from csdomain.payments.rules import AMOUNT, CASH, CHARGE, NOTICE
from csdomain.payments.values import PAYMENT_RULES, Line, MalformedPayment
from csdomain.rulebook import loads
from csdomain.testing import memory_desk, snapshot
from payments.till import Till, yuan

DOLLAR: Final = Money.of(5, "USD")
TAKER: Final = {"after_sales": "service_agent", "medical_centre": "health_manager", "fleet": "hotline_agent"}


def told(till: Till) -> list[tuple[str, str]]:
    """What waits in the outbox: the occasion, and to whom."""
    queued = till.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=99))
    return [(message.occasion.partition(".")[2], message.to) for message in queued]


# --- bad input --------------------------------------------------------------------------------------------------------


class Stand(Till):
    """Two bills; a payment that is used up, one with 10 yuan left, one of somebody else, one that was announced."""

    def __init__(self) -> None:
        super().__init__()
        self.does = self.desk.payments
        self.owed, self.paid = self.bill(yuan(100), "job-1"), self.bill(yuan(30), "job-2")
        self.spent = self.confirmed(self.cash(yuan(30), self.paid))
        self.spare = self.confirmed(self.cash(yuan(10)))
        self.others = self.confirmed(self.cash(yuan(50), customer="customer-2"))
        self.coming = self.does.announce("customer-1", yuan(20), "icbc", **self.call()).id
        came = self.does.announce("customer-1", yuan(20), "icbc", **self.call()).id
        self.came = self.does.confirm(came, "R-1", **self.call()).id


def apply(payment: str, amount: Any) -> Callable[[Stand], object]:
    return lambda s: s.does.bills.apply(s.owed, getattr(s, payment, payment), amount, **s.call())


BAD: Final[dict[str, tuple[type[DomainError], Callable[[Stand], object]]]] = {
    "used twice": (BeyondMoney, apply("spent", yuan(30))),
    "above what is left": (BeyondMoney, apply("spare", yuan("10.01"))),
    "above the bill": (BeyondMoney, apply("came", yuan(101))),
    "of another customer": (RuleBroken, apply("others", yuan(5))),
    "announced": (MoveRefused, apply("coming", yuan(5))),
    "another currency": (CurrencyMismatch, apply("spare", DOLLAR)),
    "zero": (MalformedPayment, apply("spare", yuan(0))),
    "negative": (MalformedPayment, apply("spare", yuan(-5))),
    "a float": (WrongArgument, apply("spare", 5.0)),
    "for a paid bill": (MoveRefused, lambda s: s.does.bills.apply(s.paid, s.spare, yuan(5), **s.call())),
    "cash for a paid bill": (MoveRefused, lambda s: s.cash(yuan(5), s.paid)),
    "cash for another's bill": (RuleBroken, lambda s: s.cash(yuan(5), s.owed, "customer-2")),
    "cash in dollars": (CurrencyMismatch, lambda s: s.cash(DOLLAR)),
    "no cash": (MalformedPayment, lambda s: s.cash(yuan(0))),
    "NaN": (InexactMoney, lambda s: s.cash(yuan("NaN"))),
    "more than a database holds": (AmountTooLarge, lambda s: s.cash(Money(2**62, "CNY"))),
    "a line of nothing": (MalformedPayment, lambda s: s.bill(yuan(0), "job-3")),
    "a bill in dollars": (CurrencyMismatch, lambda s: s.bill(DOLLAR, "job-3")),
    "a bill of no line": (MalformedPayment, lambda s: s.does.bills.open("job-3", "fee", "c", [], **s.call())),
    "billed twice": (AlreadyBilled, lambda s: s.bill(yuan(7), "job-1", "customer-2")),
    "a reference twice": (ReferenceUsed, lambda s: s.does.confirm(s.coming, "r-1 ", **s.call())),
    "a transfer without a reference": (MalformedPayment, lambda s: s.does.confirm(s.coming, **s.call())),
    "money of tomorrow": (RuleBroken, lambda s: s.does.confirm(s.coming, "R-2", date(2026, 3, 5), **s.call())),
    "a bank that we have not": (MalformedPayment, lambda s: s.does.announce("c", yuan(5), "boc", **s.call())),
    "more back than is used": (
        BeyondMoney,
        lambda s: s.does.bills.take_back(s.paid, s.spare, yuan(1), "x", **s.call()),
    ),
    "more out than is left": (BeyondMoney, lambda s: s.does.refund(s.spare, yuan(11), "x", **s.call())),
    "out of what was announced": (MoveRefused, lambda s: s.does.refund(s.coming, yuan(1), "x", **s.call())),
    "lowered below what was collected": (MoveRefused, lambda s: s.does.bills.lower(s.paid, yuan(1), "x", **s.call())),
}


@pytest.mark.rule(AMOUNT, CHARGE, MONEY)
@pytest.mark.parametrize("case", BAD)
def test_money_that_is_not_there_is_refused_by_name_and_nothing_changes(case: str) -> None:
    stand, (error, attempt) = Stand(), BAD[case]
    before = snapshot(stand.desk.store, (BILLS, PAYMENTS))
    with pytest.raises(error) as refused:
        attempt(stand)
    assert type(refused.value) is error
    assert refused.value.accepted is not None or error in (CurrencyMismatch, AmountTooLarge)
    after = snapshot(stand.desk.store, (BILLS, PAYMENTS))
    assert {**after, "refusals": 0} == {**before, "refusals": 0}


# --- SVC-05 -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(CHARGE)
@pytest.mark.parametrize("due", ["199.99", "200", "200.01"])
def test_more_than_a_small_fee_is_invoiced_before_it_is_taken(due: str) -> None:
    till = Till(memory_desk("after_sales"))
    does, bill, small = till.desk.payments, till.bill(yuan(due)), yuan(due) <= yuan(200)
    asked = ("to_invoice", "finance")
    assert (asked in told(till)) is not small

    def take() -> str:
        return does.take("customer-1", yuan(due), bill, **till.call("service_agent")).id

    if not small:
        with pytest.raises(RuleBroken):
            take()
        does.bills.invoice(bill, "F-1", **till.call())
    taken = take()
    assert told(till).count(asked) == 1
    does.hand_in(taken, **till.call("service_agent"))
    does.confirm(taken, **till.call())
    if small:
        does.bills.invoice(bill, "F-1", **till.call())
    assert does.bills.agreement(bill, by=till.who["finance"]).differences == {}
    with pytest.raises(RuleBroken):
        does.bills.invoice(bill, "F-2", **till.call())


@pytest.mark.rule(CHARGE, APPROVALS)
@pytest.mark.parametrize("book", TAKER)
@given(due=st.integers(1, 2000))
def test_who_writes_off_has_the_authority_and_did_not_open_the_bill(book: str, due: int) -> None:
    """Oracle: the first band whose top is not below the amount, or any above it."""
    till = Till(memory_desk(book))
    bands = load_rulebook(book)[PAYMENT_RULES].write_off.bands
    for n, band in enumerate(bands):
        bill = till.bill(yuan(due), f"job-{n}")
        if band.up_to is None or due * 100 <= band.up_to.minor:
            assert till.desk.payments.bills.write_off(bill, "gone", **till.call(band.authority)).state == "written_off"
        else:
            with pytest.raises(BeyondAuthority):
                till.desk.payments.bills.write_off(bill, "gone", **till.call(band.authority))
    both = till.desk.actor("both", branch="hq", positions=("finance", bands[-1].authority))
    last = till.bill(yuan(due), "job-of-two-positions")
    assert till.desk.payments.bills.write_off(last, "gone", **till.call() | {"by": both}).state == "written_off"
    own = till.desk.payments.bills.open("own", "fee", "c", [Line("work", 1, yuan(due))], **till.call() | {"by": both})
    with pytest.raises(OwnRequest):
        till.desk.payments.bills.write_off(own.id, "gone", **till.call() | {"by": both})


# --- REN-12, REN-13 ---------------------------------------------------------------------------------------------------


@pytest.mark.rule(CASH)
@pytest.mark.parametrize("book", TAKER)
@given(hours=st.integers(0, 200))
def test_cash_is_handed_in_by_the_end_of_the_working_day(book: str, hours: int) -> None:
    """Oracle: the closing time of the first working day that is not over (weeks without holidays)."""
    till = Till(memory_desk(book))
    closes, days = {"after_sales": (10, 5), "medical_centre": (10, 6), "fleet": (9.5, 5)}[book]
    at = till.desk.clock.advance(timedelta(hours=hours))  # type: ignore[attr-defined]  # a movable one
    taken = till.desk.payments.take("customer-1", yuan(9), **till.call(TAKER[book])).id
    day = at.date()
    while True:
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=closes)
        if day.weekday() < days and end >= at:
            break
        day += timedelta(days=1)
    (clock,) = till.desk.payments.deadlines(taken, by=till.who["finance"], at=at)
    assert (clock.timer, clock.due_at) == ("REN-13", end)
    till.desk.clock.move(end + timedelta(seconds=1))  # type: ignore[attr-defined]
    till.desk.sweep()
    assert told(till) == [("cash_overdue", TAKER[book]), ("cash_overdue", "finance")]
    assert [(row.group, row.sums) for row in till.desk.payments.cash(by=till.who["finance"])] == [
        ((TAKER[book],), (900,))
    ]
    till.desk.payments.hand_in(taken, **till.call(TAKER[book]))
    assert till.desk.payments.cash(by=till.who["finance"]) == []


@pytest.mark.rule(CASH)
def test_nobody_confirms_the_cash_that_they_took() -> None:
    till = Till()
    own = till.desk.payments.take("customer-1", yuan(9), **till.call()).id
    till.desk.payments.hand_in(own, **till.call())
    listed = {one.move.value: one for one in till.desk.payments.moves(own, **till.call())}
    assert not listed["confirm"].allowed
    with pytest.raises(OwnRequest):
        till.desk.payments.confirm(own, **till.call())


@pytest.mark.rule(NOTICE, CASH)
@pytest.mark.parametrize("in_time", [True, False])
def test_the_customer_gets_our_account_and_is_told_and_called_when_the_money_has_come(in_time: bool) -> None:
    till = Till()
    does, bill = till.desk.payments, till.bill(yuan(600))
    coming = does.announce("customer-1", yuan(650), "ccb", bill, **till.call("customer_representative")).id
    (message,) = till.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=9))
    assert (message.to, message.facts["account"], message.facts["amount"]) == ("customer-1", "0000 0002", "650.00 CNY")
    assert till.of(bill).left == yuan(600)
    does.confirm(coming, "R1", date(2026, 3, 3), **till.call())
    standing = does.bills.standing(bill, by=till.who["finance"])
    assert (standing.paid, standing.left, standing.credit) == (True, yuan(0), yuan(50))
    assert told(till)[1:] == [("to_invoice", "finance"), ("received", "customer-1")]
    (clock,) = does.deadlines(coming, by=till.who["finance"], at=till.desk.clock.now())
    assert (clock.timer, clock.due_at) == ("REN-12", datetime(2026, 3, 5, 9, 30, tzinfo=UTC))
    if in_time:
        does.contact(coming, **till.call("customer_representative"))
    till.desk.clock.advance(timedelta(days=9))  # type: ignore[attr-defined]
    till.desk.sweep()
    late = [] if in_time else [("contact_overdue", "customer_representative")]
    assert told(till)[3:] == late


# --- the house --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PERSONAL_DATA)
def test_bills_are_erased_and_exported_with_payments() -> None:
    stand = Stand()
    desk, boss = stand.desk, stand.who["general_manager"]
    desk.payments.take("customer-1", yuan(1), payer="Wang", **stand.call("hotline_agent"))
    desk.payments.bills.lower(stand.owed, yuan(1), "words of Wang", **stand.call())
    exported = desk.export_customer("customer-1", by=boss, at=desk.clock.now())
    assert (len(exported["bill"]), len(exported["payment"])) == (2, 5)
    desk.payments.bills.hold(stand.paid, "tax", by=boss, at=desk.clock.now())
    report = desk.erase_customer("customer-1", by=boss, at=desk.clock.now())
    assert (report.restricted, stand.owed in report.erased) == ((stand.paid,), True)
    assert "Wang" not in str(desk.export_customer("customer-1", by=boss, at=desk.clock.now()))
    rebased = desk.rebase("fleet@0", by=boss, at=desk.clock.now())
    assert (rebased.moved, rebased.refused) == ((), ()), "the current rules hold already"


@pytest.mark.rule("KRN-01")
@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ('small_fee = "9 EUR"', "small_fee"),
        ("hand_in_days = -1", "hand_in_days"),
        ('write_off = [{authority = "general_manager", up_to = "9 EUR"}]', "write_off"),
    ],
)
def test_settings_are_in_the_currency_of_the_house_and_not_negative(setting: str, place: str) -> None:
    with pytest.raises(RulebookInvalid, match=rf"payments\.{place}"):
        loads(f'name = "own"\nextends = "fleet"\n[payments]\n{setting}\n', sections(), shipped)
