"""What is wrong with contract or renewal is refused by name on every backend, and nothing has changed (REN-02…10)."""

from typing import Any

import pytest

from adapters.harness import BACKENDS, Desks
from csdomain.kernel.rules.errors import MoveRefused
from csdomain.payments.model.act import NotPaid
from csdomain.payments.model.bill import BILLS
from csdomain.payments.rules import AMOUNT
from csdomain.payments.values import MalformedPayment
from csdomain.renewals import (
    DiscountNotOffered,
    InvalidMonths,
    NoSuchPlan,
    PriceBelowFloor,
    TermBelowMinimum,
    TermNotOffered,
)
from csdomain.renewals.model.contract import CONTRACTS
from csdomain.renewals.model.renewal import RENEWALS
from csdomain.renewals.model.terms import EARNINGS
from csdomain.renewals.rules import FORM, OUTCOME, PRICE_PLANS, QUOTE
from csdomain.renewals.values import AlreadyOpen, MalformedRenewal
from refused import Wrong, check_refused
from renewals.fleet import Fleet, yuan

ASKS = "customer_representative"


class Prepared(Fleet):
    """Renewals at every step: agreed to, filled in and paid short, paid over, signed by finance, recorded."""

    def __init__(self, desk: Any) -> None:
        super().__init__(desk)
        self.bought = self.agreed(self.signed(), "icbc")
        self.rented = self.agreed(self.signed(device="rented"))
        self.asked = self.does.ask(self.signed(), **self.call(ASKS)).id
        self.owed, self.short, self.over, self.half = (self.filled(self.signed()) for _ in range(4))
        self.pay(self.short, self.of(self.short).priced.total.gross - yuan("0.01"))
        self.pay(self.over, self.of(self.over).priced.total.gross + yuan("0.01"))
        self.pay(self.half)
        self.does.confirm(self.half, **self.call("finance"))
        self.recorded = self.renewed(self.signed())

    def asks(self, name: str, of: str, *given: Any) -> object:
        return getattr(self.does, name)(getattr(self, of), *given, **self.call(ASKS))


WRONG: dict[str, Wrong[Prepared]] = {
    "a discount below the floor": (lambda it: it.asks("propose", "rented", "rent", 6, yuan("49.99")), PriceBelowFloor),
    "a term below the minimum": (lambda it: it.asks("propose", "rented", "rent", 5, yuan(50)), TermBelowMinimum),
    "a discount that is none": (lambda it: it.asks("propose", "rented", "rent", 6, yuan(70)), MalformedRenewal),
    "a discount on no such plan": (
        lambda it: it.asks("propose", "bought", "yearly", 12, yuan(599)),
        DiscountNotOffered,
    ),
    "half a block": (lambda it: it.asks("fill", "bought", "yearly", 6), TermNotOffered),
    "0 months": (lambda it: it.asks("fill", "bought", "yearly", 0), InvalidMonths),
    "a plan for other devices": (lambda it: it.asks("fill", "bought", "rent", 12), NoSuchPlan),
    "asked twice": (lambda it: it.does.ask(it.of(it.bought).contract, **it.call(ASKS)), AlreadyOpen),
    "a bank that we have not": (lambda it: it.asks("agree", "asked", "boc"), MalformedPayment),
    "nothing paid": (lambda it: it.does.confirm(it.owed, **it.call("finance")), NotPaid),
    "paid short": (lambda it: it.does.confirm(it.short, **it.call("finance")), NotPaid),
    "extended before finance signed": (lambda it: it.does.extend(it.over, **it.call("gps_administrator")), MoveRefused),
    "recorded before it is extended": (lambda it: it.does.record(it.half, **it.call("records_clerk")), MoveRefused),
    "confirmed twice": (lambda it: it.does.confirm(it.half, **it.call("finance")), MoveRefused),
    "recorded twice": (lambda it: it.does.record(it.recorded, **it.call("records_clerk")), MoveRefused),
    "reversed when recorded": (lambda it: it.does.reverse(it.recorded, "price", **it.call("finance")), MoveRefused),
}


@pytest.mark.rule(PRICE_PLANS, QUOTE, FORM, OUTCOME, AMOUNT)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_wrong_is_refused_by_name_and_nothing_changes(desks: Desks, backend: str) -> None:
    it = Prepared(desks(backend, rulebook="fleet"))
    check_refused(it, it.desk, WRONG, (CONTRACTS, RENEWALS, BILLS), (EARNINGS,))
    it.does.confirm(it.over, **it.call("finance"))  # what came over stays credit
    assert it.desk.verify().faults == ()
