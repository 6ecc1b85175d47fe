"""What the tests of payments share: amounts, a desk that is ready to take money, books without a store."""

from datetime import timedelta
from typing import Any, Final

from csdomain.desk import Desk
from csdomain.kernel.values.money import Money
from csdomain.payments.lifecycle import PaymentState, Way
from csdomain.payments.model.act import MoneyAct
from csdomain.payments.model.bill import Bill
from csdomain.payments.model.payment import Payment
from csdomain.payments.values import BILL_ID, PAYMENT_ID, Line, bill_of
from csdomain.testing import memory_desk, staff
from csdomain.testing.kit import BEGINNING

NEVER: Final = timedelta(0)


def yuan(amount: str | int) -> Money:
    return Money.of(amount, "CNY")


MUCH: Final = yuan(1_000_000)
SPARE: Final = bill_of("spare", "fee")


class Till:
    """A desk and its people; everything at the desk's present."""

    def __init__(self, desk: Desk | None = None, position: str = "finance") -> None:
        self.desk = memory_desk("fleet") if desk is None else desk
        self.who = dict(staff(self.desk))
        self.position = position

    def call(self, position: str = "", **options: Any) -> dict[str, Any]:
        return {"by": self.who[position or self.position], "at": self.desk.clock.now(), **options}

    def bill(self, due: Money, subject: str = "job-1", customer: str = "customer-1", **call: Any) -> str:
        lines = [Line("work", 1, due)]
        return self.desk.payments.bills.open(subject, "fee", customer, lines, **self.call(**call)).id

    def cash(self, amount: Money, bill: str = "", customer: str = "customer-1", **call: Any) -> str:
        return self.desk.payments.take(customer, amount, bill, **self.call("hotline_agent", **call)).id

    def confirmed(self, id: str, **call: Any) -> str:
        self.desk.payments.hand_in(id, **self.call(**call))
        return self.desk.payments.confirm(id, **self.call(**call)).id

    def of(self, bill: str) -> Bill:
        return self.desk.payments.bills.get(bill, by=self.who["finance"])

    def payment(self, id: str) -> Payment:
        return self.desk.payments.get(id, by=self.who["finance"])


def ready(desk: Desk) -> None:
    """Much cash of one customer: confirmed, and still in a hand; and a bill that takes it."""
    till = Till(desk)
    till.who = {name: desk.actor(f"other-{name}", branch="hq", positions=(name,)) for name in till.who}
    assert (till.cash(MUCH), till.cash(MUCH)) == (CONFIRMED, TAKEN)
    till.confirmed(CONFIRMED)
    till.bill(MUCH, "spare")


def first_id(randomness: int) -> str:
    return PAYMENT_ID.make(millis=1_760_000_000_000, randomness=randomness)


CONFIRMED: Final = first_id(1)
TAKEN: Final = first_id(3)


class FakeBooks:
    """Much money, and a bill that takes it. Satisfies Books."""

    def bill(self, id: str, /) -> Bill:
        BILL_ID.check(id)
        lines, nothing = (Line("work", 1, MUCH),), yuan(0)
        whose = {"subject": "spare", "purpose": "fee", "customer": "customer-1", "branch": "hq", "owner": "finance"}
        when = {"moved_at": BEGINNING, "rulebook": ""}
        return Bill(id=SPARE, lines=lines, collected=nothing, confirmed=nothing, **whose, **when)  # type: ignore[arg-type]

    def payment(self, id: str, /) -> Payment:
        PAYMENT_ID.check(id)
        state = PaymentState.CONFIRMED if id == CONFIRMED else PaymentState.PENDING
        whose = {"customer": "customer-1", "branch": "hq", "owner": "hotline_agent", "rulebook": ""}
        when = {"moved_at": BEGINNING}
        used = {bill_of(f"job-{n}", "fee"): MUCH for n in range(3)}
        return Payment(id=id, state=state, way=Way.CASH, amount=MUCH * 9, uses=used, **whose, **when)  # type: ignore[arg-type]

    def has_bill(self, id: str, /) -> bool:
        return False

    def payment_by(self, reference: str, /) -> str | None:
        return None

    def keep(self, changed: object, events: object, /) -> None:
        """Nothing is kept."""


def hand(**given: Any) -> MoneyAct:
    return MoneyAct(books=FakeBooks(), **given)
