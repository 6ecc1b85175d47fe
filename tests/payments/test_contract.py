"""What every context owes, and bills and payments with it: one sample of each command."""

from datetime import date
from typing import Any, ClassVar

import pytest

from adapters.harness import BACKENDS
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.payments.service import BILL_CASES, PAYMENT_CASES
from csdomain.payments.values import Line
from csdomain.testing.cases import CaseContract, by, numbered, with_case
from payments.till import CONFIRMED, SPARE, TAKEN, hand, ready, yuan

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
LINES = [Line("work", 2, yuan(50), "SVC-05")]


class Owed(CaseContract):
    """What bills and payments have in common."""

    rulebook = "fleet"
    backends = BACKENDS
    hand = staticmethod(hand)

    @pytest.fixture
    def open_desk(self, desks: Any) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def prepare(self, desk: Any) -> None:
        ready(desk)

    def does(self, desk: Any) -> Any:
        return desk.payments


class TestBills(Owed):
    """What is owed."""

    cases = BILL_CASES
    samples: ClassVar = {
        "open": numbered("finance", lambda there: (f"job-{there}", "fee", "customer-1", LINES)),
        "apply": by("finance", CONFIRMED, yuan(10)),
        "apply/all": with_case("finance", lambda bill: (CONFIRMED, max(bill.left, yuan("0.01")))),
        "apply/taken": with_case("finance", lambda bill: (TAKEN, max(bill.left, yuan("0.01")))),
        "take_back": with_case("finance", lambda bill: ([CONFIRMED, *bill.payments][-1], yuan(5), "for another bill")),
        "refund": by("finance", CONFIRMED, yuan(5), "not satisfied"),
        "invoice": by("finance", "F-1"),
        "lower": by("finance", yuan(5), "a discount"),
        "lower/note": by("finance", yuan(5), "a discount", "N-1"),
        "cancel": by("finance", "not needed"),
        "write_off": by("general_manager", "moved away"),
    }
    ids = frozenset({"open.subject", "open.purpose", "open.customer", "Line.what", "Line.rule", "invoice.number"}) | {
        *("apply.payment", "take_back.payment", "refund.payment", "lower.note")
    }

    untold = frozenset({"payment.account", "payment.failed"})

    def does(self, desk: Any) -> Any:
        return desk.payments.bills


class Money(Owed):
    cases = PAYMENT_CASES
    ids = frozenset({"take.customer", "take.bill", "announce.customer", "announce.bank", "announce.bill"}) | {
        *("confirm.reference", "receive.customer", "receive.bank", "receive.reference", "receive.bill")
    }
    outlives = ("REN-12",)


class TestCash(Money):
    """Cash, from the hand that takes it to finance."""

    untold = frozenset({"bill.to_invoice", "payment.account", "payment.failed"})

    path = "cash"
    absent = frozenset({"announce", "receive", "fail"})
    samples: ClassVar = {
        "take": by("hotline_agent", "customer-1", yuan(100)),
        "take/bill": numbered("hotline_agent", lambda there: ("customer-1", yuan(100), SPARE, "Wang")),
        "hand_in": by("hotline_agent"),
        "confirm": by("finance"),
        "refund": by("finance", yuan(5), "too much"),
        "contact": by("customer_representative"),
    }


class TestTransfers(Money):
    """Transfers, from the announcement to the bank's statement."""

    untold = frozenset({"bill.to_invoice"})

    path = "transfer"
    absent = frozenset({"take", "hand_in"})
    samples: ClassVar = {
        "announce": by("finance", "customer-1", yuan(100), "icbc"),
        "announce/bill": numbered("finance", lambda there: ("customer-1", yuan(100), "icbc", SPARE)),
        "receive": numbered("finance", lambda there: ("customer-1", yuan(100), "icbc", f"S{there}")),
        "receive/bill": numbered(
            "finance", lambda there: ("customer-1", yuan(100), "icbc", f"S{there}", date(2026, 3, 3), SPARE)
        ),
        "confirm": with_case("finance", lambda payment: (f"R{payment.id[-9:]}", date(2026, 3, 3))),
        "fail": by("finance", "no such account"),
        "refund": by("finance", yuan(5), "too much"),
        "contact": by("customer_representative"),
    }
