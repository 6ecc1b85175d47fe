"""Each fen is used once, whoever does what in which order, and several clerks at once (SVC-05, REN-06).

Random commands drive a desk beside an oracle that knows whole fen, sets and nothing of the code.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

import attrs
import pytest
from hypothesis import settings, stateful
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.harness import SQL, Desks
from csdomain.kernel.rules import MONEY, ONE_WRITER
from csdomain.kernel.rules.errors import Conflict, DomainError
from csdomain.kernel.store.unit import reapply
from csdomain.kernel.values.money import Money, total
from csdomain.payments.model.bill import BILLS, AlreadyBilled
from csdomain.payments.model.payment import PAYMENTS, ReferenceUsed
from csdomain.payments.rules import AMOUNT, CASH, CHARGE
from csdomain.testing import snapshot
from csdomain.testing.concurrency import beside
from payments.till import Till

WHO: Final = ("customer-1", "customer-1", "customer-2")
which = st.integers(0, 5)
fen = st.sampled_from([1, 2, 3, 5, 8, 13, 13, 21, 0, -1])
maybe = st.none() | which


def money(amount: int) -> Money:
    return Money(amount, "CNY")


@attrs.define
class Owed:
    """A bill as the oracle knows it."""

    id: str
    customer: str
    due: int
    invoiced: int | None = None
    ended: str = ""


@attrs.define
class Came:
    """A payment as the oracle knows it: of which each fen lies in one place."""

    id: str
    customer: str
    amount: int
    cash: bool
    state: str = "pending"
    uses: dict[str, int] = attrs.Factory(dict)
    back: int = 0
    reference: str = ""

    @property
    def left(self) -> int:
        return self.amount - sum(self.uses.values()) - self.back

    @property
    def there(self) -> bool:
        return self.state == "confirmed" or (self.cash and self.state != "failed")


class Counter(RuleBasedStateMachine):
    """A counter at which money is billed, taken, used, taken back, given back, written off."""

    def __init__(self) -> None:
        super().__init__()
        self.till = Till()
        self.does = self.till.desk.payments
        self.bills: list[Owed] = []
        self.payments: list[Came] = []

    # --- what the oracle says
    def used(self, bill: Owed, *states: str) -> int:
        return sum(p.uses.get(bill.id, 0) for p in self.payments if not states or p.state in states)

    def state(self, bill: Owed) -> str:
        if bill.ended:
            return bill.ended
        paid, taken = self.used(bill, "confirmed") >= bill.due, self.used(bill) >= bill.due
        return "paid" if paid else "collected" if taken else "open"

    def one(self, of: list[Any], n: int | None) -> Any:
        return of[n % len(of)] if of and n is not None else None

    def tried(self, allowed: bool, command: Callable[..., Any], *args: Any, by: str = "finance") -> Any:
        """Whether it was done: exactly where the oracle allows it; refused, it changes nothing."""
        self.till.desk.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]  # a movable one
        if allowed:
            return command(*args, **self.till.call(by))
        before = self.everything()
        with pytest.raises(DomainError):
            command(*args, **self.till.call(by))
        assert self.everything() == before
        return None

    def everything(self) -> dict[str, Any]:
        seen = snapshot(self.till.desk.store, (BILLS, PAYMENTS))
        return {name: part for name, part in seen.items() if name != "refusals"}

    # --- payments
    def meet(self, payment: Came, bill: Owed | None) -> None:
        """A bill takes what it still can of money that was meant for it."""
        if bill is not None and self.state(bill) == "open":
            amount = min(payment.left, bill.due - self.used(bill))
            payment.uses[bill.id] = payment.uses.get(bill.id, 0) + amount

    @rule(amount=fen, n=maybe, who=which)
    def take(self, amount: int, n: int | None, who: int) -> None:
        bill, customer = self.one(self.bills, n), WHO[who % len(WHO)]
        allowed = amount > 0 and (bill is None or (bill.customer == customer and self.state(bill) == "open"))
        id = "" if bill is None else bill.id
        done = self.tried(allowed, self.does.take, customer, money(amount), id, by="hotline_agent")
        if done:
            self.payments.append(Came(done.id, customer, amount, cash=True))
            self.meet(self.payments[-1], bill)

    @rule(amount=fen, n=maybe, who=which)
    def announce(self, amount: int, n: int | None, who: int) -> None:
        bill, customer = self.one(self.bills, n), WHO[who % len(WHO)]
        allowed, id = amount > 0 and (bill is None or bill.customer == customer), "" if bill is None else bill.id
        done = self.tried(allowed, self.does.announce, customer, money(amount), "icbc", id)
        if done:
            self.payments.append(Came(done.id, customer, amount, cash=False, reference=f"meant/{id}"))

    @rule(amount=fen, n=maybe, reference=st.sampled_from(["A1", "b2", "E5", "F6"]))
    def receive(self, amount: int, n: int | None, reference: str) -> None:
        bill, known = self.one(self.bills, n), {p.reference for p in self.payments}
        customer, id = ("customer-1", "") if bill is None else (bill.customer, bill.id)
        allowed = amount > 0 and reference.upper() not in known
        done = self.tried(allowed, self.does.receive, customer, money(amount), "icbc", reference, None, id)
        if done:
            new = Came(done.id, customer, amount, cash=False, state="confirmed", reference=reference.upper())
            self.payments.append(new)
            self.meet(new, bill)

    @rule(n=which)
    def hand_in(self, n: int) -> None:
        payment = self.one(self.payments, n)
        if payment and self.tried(payment.cash and payment.state == "pending", self.does.hand_in, payment.id):
            payment.state = "handed_in"

    @rule(n=which, reference=st.sampled_from(["a1", " A 1", "b2", "Ｂ2", "c3", "d4"]))
    def confirm(self, n: int, reference: str) -> None:
        payment = self.one(self.payments, n)
        if payment is None:
            return
        plain = reference.replace(" ", "").replace("Ｂ", "B").upper()
        known = plain in {p.reference for p in self.payments}
        allowed = payment.state == "handed_in" if payment.cash else payment.state == "pending" and not known
        if self.tried(allowed, self.does.confirm, payment.id, *([] if payment.cash else [reference])):
            payment.state = "confirmed"
            if not payment.cash:
                meant, payment.reference = payment.reference.removeprefix("meant/"), plain
                self.meet(payment, next((bill for bill in self.bills if bill.id == meant), None))

    @rule(n=which)
    def fail(self, n: int) -> None:
        payment = self.one(self.payments, n)
        if payment and self.tried(
            not payment.cash and payment.state == "pending", self.does.fail, payment.id, "did not come"
        ):
            payment.state = "failed"

    @rule(n=which, amount=fen)
    def refund_credit(self, n: int, amount: int) -> None:
        payment = self.one(self.payments, n)
        if payment is None:
            return
        allowed = payment.state == "confirmed" and 0 < amount <= payment.left
        if self.tried(allowed, self.does.refund, payment.id, money(amount), "asked for"):
            payment.back += amount

    # --- bills
    @rule(amount=fen, subject=st.integers(0, 4), who=which)
    def bill(self, amount: int, subject: int, who: int) -> None:
        customer, known = WHO[who % len(WHO)], {bill.id for bill in self.bills}
        allowed = amount > 0 and subject >= len(known)
        subject = len(known) if allowed else subject
        id = self.tried(allowed, partial(self._open, subject, customer, amount))
        if id:
            self.bills.append(Owed(id, customer, amount))

    def _open(self, subject: int, customer: str, amount: int, **call: Any) -> str:
        return self.till.bill(money(amount), f"job-{subject}", customer)

    @rule(n=which, m=which, amount=fen)
    def apply(self, n: int, m: int, amount: int) -> None:
        bill, payment = self.one(self.bills, n), self.one(self.payments, m)
        if bill is None or payment is None:
            return
        fits = 0 < amount <= min(payment.left, bill.due - self.used(bill)) and bill.customer == payment.customer
        allowed = fits and payment.there and self.state(bill) == "open"
        if self.tried(allowed, self.does.bills.apply, bill.id, payment.id, money(amount)):
            payment.uses[bill.id] = payment.uses.get(bill.id, 0) + amount

    @rule(n=which, m=which, amount=fen, out=st.booleans())
    def take_back(self, n: int, m: int, amount: int, out: bool) -> None:
        bill, payment = self.one(self.bills, n), self.one(self.payments, m)
        if bill is None or payment is None:
            return
        fits = 0 < amount <= payment.uses.get(bill.id, 0) and not bill.ended
        allowed = fits and (payment.state == "confirmed" or not out)
        command = self.does.bills.refund if out else self.does.bills.take_back
        if self.tried(allowed, command, bill.id, payment.id, money(amount), "asked for"):
            payment.uses[bill.id] -= amount
            payment.back += amount if out else 0

    @rule(n=which, amount=fen, note=st.sampled_from(["", "N-1"]))
    def lower(self, n: int, amount: int, note: str) -> None:
        bill = self.one(self.bills, n)
        if bill is None:
            return
        allowed = self.state(bill) == "open" and 0 < amount <= bill.due - self.used(bill)
        allowed = allowed and (bill.invoiced is not None) == bool(note)
        if self.tried(allowed, self.does.bills.lower, bill.id, money(amount), "a discount", note):
            bill.due -= amount
            bill.invoiced = None if bill.invoiced is None else bill.invoiced - amount

    @rule(n=which)
    def invoice(self, n: int) -> None:
        bill = self.one(self.bills, n)
        if bill and self.tried(not bill.ended and bill.invoiced is None, self.does.bills.invoice, bill.id, "F-1"):
            bill.invoiced = bill.due

    @rule(n=which, how=st.sampled_from(["cancelled", "written_off"]))
    def end(self, n: int, how: str) -> None:
        bill = self.one(self.bills, n)
        if bill is None:
            return
        untouched = not self.used(bill) and bill.invoiced is None
        allowed = self.state(bill) == "open" and (how == "written_off" or untouched)
        command = self.does.bills.write_off if how == "written_off" else self.does.bills.cancel
        if self.tried(allowed, command, bill.id, "why", by="general_manager"):
            bill.ended = how

    # --- what always holds
    @invariant()
    def every_fen_is_where_the_oracle_has_it(self) -> None:
        finance = self.till.who["finance"]
        for mine in self.payments:
            payment = self.till.payment(mine.id)
            uses = {bill: amount for bill, amount in mine.uses.items() if amount}
            assert {bill: amount.minor for bill, amount in payment.uses.items()} == uses
            assert (payment.state.value, payment.left.minor, payment.refunded.minor) == (
                *(mine.state, mine.left, mine.back),
            )
            assert payment.left.minor >= 0
            assert mine.there or not payment.uses
        for owed in self.bills:
            bill, said = self.till.of(owed.id), self.does.bills.agreement(owed.id, by=finance)
            figures = (self.used(owed), self.used(owed, "confirmed", "handed_in"), self.used(owed, "confirmed"))
            assert (bill.collected.minor, bill.confirmed.minor) == (figures[0], figures[2])
            assert (said.collected.minor, said.handed_in.minor, said.confirmed.minor) == figures
            assert bill.collected <= bill.due == money(owed.due) == said.due
            assert bill.state.value == self.state(owed)
            assert said.invoiced == (None if owed.invoiced is None else money(owed.invoiced))
            differ = {
                "not_collected": 0 if owed.ended else owed.due - figures[0],
                "not_handed_in": figures[0] - figures[1],
                "not_confirmed": figures[1] - figures[2],
                "not_invoiced": 0 if owed.ended == "cancelled" else owed.due - (owed.invoiced or 0),
            }
            assert {name: amount.minor for name, amount in said.differences.items()} == {
                name: amount for name, amount in differ.items() if amount
            }
        credit: dict[str, int] = {}
        hands: dict[str, int] = {}
        for mine in self.payments:
            if mine.there and mine.left:
                credit[mine.customer] = credit.get(mine.customer, 0) + mine.left
            if mine.cash and mine.state == "pending":
                hands["hotline_agent"] = hands.get("hotline_agent", 0) + mine.amount
        assert {row.group[0]: row.sums[0] for row in self.does.credits(by=finance)} == credit
        assert {row.group[0]: row.sums[0] for row in self.does.cash(by=finance)} == hands
        open_ = {bill.id for bill in self.bills if self.state(bill) == "open"}
        assert {bill.id for bill in self.does.bills.owed(by=finance).items} == open_
        for owed in self.bills:
            standing = self.does.bills.standing(owed.id, by=finance)
            assert standing.credit.minor == credit.get(owed.customer, 0)
            assert standing.paid is (self.state(owed) == "paid")


@pytest.mark.rule(AMOUNT, CHARGE, CASH, MONEY)
def test_each_fen_is_used_once_in_any_order() -> None:
    usual = settings.default
    assert usual is not None
    how = settings(max_examples=usual.max_examples // 2, stateful_step_count=40, deadline=None)
    stateful.run_state_machine_as_test(Counter, settings=how)


@pytest.mark.rule(AMOUNT, ONE_WRITER)
@pytest.mark.parametrize("backend", SQL)
def test_clerks_at_once_use_no_fen_twice(backend: str, desks: Desks) -> None:
    """One payment, five bills, a clerk for each, one who takes back, and finance confirms meanwhile."""
    till = Till(desks(backend, rulebook="fleet"))
    does, bills = till.desk.payments, [till.bill(money(40), f"job-{n}") for n in range(5)]
    paid = till.cash(money(100), bills[0])
    does.hand_in(paid, **till.call())
    refused: list[DomainError] = []
    done: list[tuple[str, int]] = [(bills[0], 40)]

    def clerk(bill: str) -> None:
        for _ in range(6):
            try:
                reapply(lambda: does.bills.apply(bill, paid, money(7), **till.call()), attempts=9)
                done.append((bill, 7))
            except DomainError as error:
                refused.append(error)

    def other() -> None:
        with suppress(DomainError):
            reapply(lambda: does.bills.take_back(bills[0], paid, money(33), "for others", **till.call()), attempts=9)
            done.append((bills[0], -33))

    confirm = partial(reapply, lambda: does.confirm(paid, **till.call()), attempts=30)
    works: list[Callable[[], object]] = [*(partial(clerk, bill) for bill in bills), other, confirm]
    threads = [beside(work) for work in works]
    for thread in threads:
        thread.join(60)
    payment = till.payment(paid)
    assert payment.state.value == "confirmed"
    sums = {bill: money(sum(amount for one, amount in done if one == bill)) for bill in bills}
    assert {bill: payment.uses.get(bill, money(0)) for bill in bills} == sums
    assert {bill: till.of(bill).collected for bill in bills} == sums
    assert payment.left == money(100) - total([*sums.values()], "CNY") >= money(0)
    assert all(till.of(bill).confirmed == till.of(bill).collected <= money(40) for bill in bills)
    assert {type(error).__name__ for error in refused} <= {"BeyondMoney", "MoveRefused", "Conflict"}


@pytest.mark.rule(CHARGE, ONE_WRITER)
@pytest.mark.parametrize("backend", SQL)
def test_a_purpose_of_a_case_has_one_bill_and_a_reference_one_payment(backend: str, desks: Desks) -> None:
    till = Till(desks(backend, rulebook="fleet"))
    does = till.desk.payments
    announced = [does.announce("customer-1", money(5), "icbc", **till.call()).id for _ in range(4)]
    done: list[str] = []

    def work(id: str) -> None:
        attempts: list[Callable[[], str]] = [
            lambda: till.bill(money(5)),
            lambda: does.confirm(id, "R1", **till.call()).id,
        ]
        for attempt in attempts:
            with suppress(AlreadyBilled, ReferenceUsed, Conflict):
                done.append(attempt().partition("_")[0])

    for thread in [beside(partial(work, id)) for id in announced]:
        thread.join(60)
    assert sorted(done) == ["bil", "pay"]
