"""A discount or compensation: no more than was approved, signed by the deputy and the customer, booked (CMP-21)."""

from typing import Any, Final

import attrs
import pytest

from complaints.desks import ANN, RULES, T0, Counter, check_unchanged, cny, remedy
from complaints.ends import DEPUTY, FINANCE, decided
from complaints.hand import on
from csdomain.complaints.case import Complaint
from csdomain.complaints.lifecycle import CertificateState
from csdomain.complaints.rules import CERTIFICATE
from csdomain.complaints.values import MalformedStep
from csdomain.kernel.papers.documents import Tampered, Unsigned
from csdomain.kernel.rules import FORMS
from csdomain.kernel.rules.errors import DomainError, MoveRefused, NotFound, NotPermitted, RuleBroken
from csdomain.kernel.values.money import Money

pytestmark = pytest.mark.rule(CERTIFICATE)


def draw(case: Complaint, amount: Money, number: str = "ZK1") -> None:
    on(case).draw_certificate(number, amount, RULES, by=ANN, at=T0)


def to_state(case: Complaint, state: CertificateState, number: str = "ZK1") -> None:
    """Signed, countersigned, booked, as far as that."""
    if state is CertificateState.DRAWN_UP:
        return
    on(case).sign_certificate(number, by=DEPUTY, at=T0)
    if state is CertificateState.SIGNED:
        return
    on(case).countersign_certificate(number, by=ANN, at=T0)
    if state is CertificateState.BOOKED:
        on(case).book_certificate(number, "V1", by=FINANCE, at=T0)


def test_it_is_booked_once_both_have_signed_and_copies_have_gone() -> None:
    case = decided(remedy(cny(100), compensation=cny(100)))
    draw(case, cny(100))
    acts: tuple[tuple[CertificateState, Any], ...] = (
        (CertificateState.DRAWN_UP, lambda: on(case).sign_certificate("ZK1", by=DEPUTY, at=T0)),
        (CertificateState.SIGNED, lambda: on(case).countersign_certificate("ZK1", by=ANN, at=T0)),
        (CertificateState.COUNTERSIGNED, lambda: on(case).book_certificate("ZK1", "V1", by=FINANCE, at=T0)),
    )
    for state, act in acts:
        assert case.certificates[0].state is state
        for other, too_early in acts:
            if other is not state:
                check_unchanged(case, MoveRefused, too_early)
        act()
    paper = case.certificates[0].document
    assert [(s.role, s.by) for s in paper.signatures] == [
        ("deputy_for_sales", "dora"),
        ("customer", "customer-1"),
    ]
    assert [copy.holder for copy in paper.copies] == ["sales", "finance"]
    assert (case.certificates[0].state, case.certificates[0].voucher) == (CertificateState.BOOKED, "V1")
    check_unchanged(case, MoveRefused, lambda: on(case).book_certificate("ZK1", "V2", by=FINANCE, at=T0))
    check_unchanged(case, NotFound, lambda: on(case).book_certificate("ZK9", "V2", by=FINANCE, at=T0))


@pytest.mark.parametrize("voucher", ["", " ", "x" * 121, "a\0"])
def test_a_voucher_has_a_number(voucher: str) -> None:
    case = decided(remedy(cny(100), compensation=cny(100)))
    draw(case, cny(100))
    to_state(case, CertificateState.COUNTERSIGNED)
    check_unchanged(case, MalformedStep, lambda: on(case).book_certificate("ZK1", voucher, by=FINANCE, at=T0))


#: Changed behind everybody's back once both have signed: each is seen at booking.
CHANGES: Final[dict[str, Any]] = {
    "more": lambda c: attrs.evolve(c, amount=cny(101)),
    "less": lambda c: attrs.evolve(c, amount=cny(99)),
    "the entry too": lambda c: attrs.evolve(c, amount=cny(101), document=entry(c.document, amount="101.00 CNY")),
    "another entry": lambda c: attrs.evolve(c, document=entry(c.document, basis="KS0")),
    "the deputy's signature gone": lambda c: attrs.evolve(
        c, document=attrs.evolve(c.document, signatures=c.document.signatures[1:])
    ),
    "the customer's signature gone": lambda c: attrs.evolve(
        c, document=attrs.evolve(c.document, signatures=c.document.signatures[:1])
    ),
    "somebody else's signature": lambda c: attrs.evolve(
        c,
        document=attrs.evolve(
            c.document, signatures=(attrs.evolve(c.document.signatures[0], by="x"), *c.document.signatures[1:])
        ),
    ),
}


def entry(paper: Any, **changes: Any) -> Any:
    return attrs.evolve(paper, fields={**paper.fields, **changes})


@pytest.mark.rule(FORMS)
@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_after_it_was_signed_is_not_booked(name: str) -> None:
    case = decided(remedy(cny(100), compensation=cny(100)))
    draw(case, cny(100))
    to_state(case, CertificateState.COUNTERSIGNED)
    case.certificates = (CHANGES[name](case.certificates[0]),)
    error = check_unchanged(case, RuleBroken, lambda: on(case).book_certificate("ZK1", "V1", by=FINANCE, at=T0))
    assert isinstance(error, Tampered | Unsigned) or error.rule is CERTIFICATE


def test_only_who_may_moves_a_certificate() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(900), compensation=cny(200)))
    counter.do("approve", by="sales_manager")
    for position in ("service_agent", "finance", "deputy_general_manager"):
        counter.expect_refused(NotPermitted, "draw_certificate", cny(200), by=position)
    counter.expect_refused(DomainError, "draw_certificate", Money.of(200, "USD"), by="sales")
    number = counter.do("draw_certificate", cny(200), by="sales").number
    assert number == "ZK202603-0001"
    for position in ("sales", "sales_manager", "finance"):
        counter.expect_refused(NotPermitted, "sign_certificate", number, by=position)
    counter.do("sign_certificate", number, by="deputy_for_sales")
    for position in ("finance", "deputy_general_manager"):
        counter.expect_refused(NotPermitted, "countersign_certificate", number, by=position)
    assert counter.messages("book_discount") == []
    counter.do("countersign_certificate", number, by="sales")
    (order,) = counter.messages("book_discount")
    assert (order.to, order.facts["certificate"], order.facts["amount"]) == ("finance", number, 20_000)
    for position in ("sales", "sales_manager", "deputy_general_manager"):
        counter.expect_refused(NotPermitted, "book_certificate", number, "V1", by=position)
    counter.do("book_certificate", number, "V1", by="finance")
