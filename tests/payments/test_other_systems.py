"""Scenarios of other systems (bills, payments, credit, refunds), run through the desk's commands."""

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from csdomain.desk import Services
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.money import Money
from csdomain.payments.rules import AMOUNT
from csdomain.payments.service import Payments
from payments.till import Till

FOLDER = Path(__file__).parent.parent / "cases" / "contact_and_goods"
CASES = [case for file in sorted(FOLDER.glob("*.json")) for case in json.loads(file.read_text("utf-8"))["cases"]]
Step = dict[str, Any]


class Other:
    """Runs the steps of a scenario: an invoice is a bill, credit a confirmed payment of which nothing is used."""

    def __init__(self, given: Step) -> None:
        self.till = Till()
        self.does: Payments = self.till.desk.payments
        self.bills = {name: self.till.bill(self.yuan(due), name) for name, due in given["invoices"].items()}
        self.credits = {name: self._came(amount) for name, amount in given["credits"].items()}
        self.payments: dict[str, str] = {}
        self.credit_first = given["options"].get("refund_order") == "credit_first"

    def yuan(self, amount: str) -> Money:
        return Money.of(amount, "CNY")

    def step(self, step: Step) -> None:
        """One step is one unit: all of it, or nothing."""
        op = getattr(self, step["op"])
        here, there = self.does, dict(self.payments)

        def work(services: Services) -> None:
            self.does = services.payments
            op(**{name: value for name, value in step.items() if name != "op"})

        try:
            self.till.desk.together(work)
        except DomainError:
            self.payments = there
            raise
        finally:
            self.does = here

    def _came(self, amount: str, key: str | None = None) -> str:
        keys: list[str | None] = [None if key is None else f"{key}/{n}" for n in range(3)]
        taken = self.does.take("customer-1", self.yuan(amount), **self.till.call("hotline_agent", key=keys[0])).id
        self.does.hand_in(taken, **self.till.call(key=keys[1]))
        return self.does.confirm(taken, **self.till.call(key=keys[2])).id

    def _apply(self, payment: str, bill: str, amount: Money, key: str | None = None) -> None:
        self.does.bills.apply(self.bills[bill], payment, amount, **self.till.call(key=key))

    def pay(self, payment: str, amount: str, allocate: dict[str, str] | None = None, key: str | None = None) -> None:
        made = self._came(amount, key)
        if made not in self.payments.values():  # a repeat of the key is the same payment
            self.payments[payment] = made
        for bill, part in (allocate or {}).items():
            self._apply(made, bill, self.yuan(part), key)

    def allocate(self, payment: str, invoice: str, amount: str) -> None:
        self._apply(self.payments[payment], invoice, self.yuan(amount))

    def apply_credit(self, credit: str, invoice: str, amount: str) -> None:
        self._apply(self.credits[credit], invoice, self.yuan(amount))

    def apply_credits_oldest_first(self, invoice: str) -> None:
        """The clerk goes through what the customer has, and ends where there is nothing to use, or nothing to pay."""
        used = False
        for credit in self.credits.values():
            amount = min(self._payment(credit).left, self._bill(invoice).left)
            if amount:
                self._apply(credit, invoice, amount)
                used = True
        if not used:
            raise DomainError(AMOUNT)

    def reduce_invoice(self, invoice: str, amount: str) -> None:
        self.does.bills.lower(self.bills[invoice], self.yuan(amount), "a discount", **self.till.call())

    def refund(self, payment: str, amount: str, invoice: str = "", reduce_invoice: str = "") -> None:
        money = self.yuan(amount)
        if not invoice:
            self.does.refund(self.payments[payment], money, "asked for", **self.till.call())
            return
        bill = self.bills[invoice]
        for credit in self.credits.values() if self.credit_first else ():
            back = min(money, self._payment(credit).uses.get(bill, money - money))
            if back:
                self.does.bills.take_back(bill, credit, back, "paid by credit", **self.till.call())
                money -= back
        if money:
            self.does.bills.refund(bill, self.payments[payment], money, "asked for", **self.till.call())
        if reduce_invoice:
            self.reduce_invoice(invoice, reduce_invoice)

    def _payment(self, id: str) -> Any:
        return self.does.get(id, by=self.till.who["finance"])

    def _bill(self, name: str) -> Any:
        return self.does.bills.get(self.bills[name], by=self.till.who["finance"])

    def result(self, rejected: list[int]) -> Step:
        def said(money: Money) -> str:
            return f"{Decimal(money.minor) / 100:.2f}"

        payments = {name: self._payment(id) for name, id in self.payments.items()}
        return {
            "invoice_balance": {name: said(self._bill(name).left) for name in self.bills},
            "payments": {
                name: {"amount": said(p.amount), "refunded": said(p.refunded), "unapplied": said(p.left)}
                for name, p in payments.items()
            },
            "credit_balance": {name: said(self._payment(id).left) for name, id in self.credits.items()},
            "rejected_steps": rejected,
        }


def payment_scenario(given: Step) -> Step:
    other = Other(given)
    rejected = []
    for n, step in enumerate(given["steps"]):
        before = other.result([])
        with suppress(DomainError):
            other.step(step)
            continue
        rejected.append(n)
        assert other.result([]) == before, "a refusal changes nothing"
    return other.result(rejected)


KINDS: Final[dict[str, Callable[[Step], Step]]] = {"payment_scenario": payment_scenario}


@pytest.mark.rule(AMOUNT)
@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] in KINDS], ids=lambda case: str(case["id"]))
def test_it_is_as_the_other_system_says(case: Step) -> None:
    """In none of them does the house decide otherwise."""
    assert KINDS[case["kind"]](case["input"]) == case["expected"]
