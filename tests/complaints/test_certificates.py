"""A discount or compensation: no more than was approved, signed by the deputy and the customer, booked (CMP-21)."""

from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest

from complaints.ends import DEPUTY, FINANCE, decided, entry
from complaints.hand import on
from complaints.model import RULES, check_unchanged, cny, remedy
from csdomain.complaints.case import Complaint
from csdomain.complaints.lifecycle import CertificateState
from csdomain.complaints.rules import CERTIFICATE
from csdomain.complaints.values import MalformedStep
from csdomain.kernel.papers.documents import Tampered, Unsigned
from csdomain.kernel.rules import FORMS
from csdomain.kernel.rules.errors import DomainError, MoveRefused, NotFound, RuleBroken
from csdomain.kernel.values.money import Money

pytestmark = pytest.mark.rule(CERTIFICATE)


STEPS: Final[tuple[tuple[CertificateState, Callable[[Complaint], object]], ...]] = (
    (CertificateState.DRAWN_UP, lambda case: on(case).sign_certificate("ZK1", by=DEPUTY)),
    (CertificateState.SIGNED, lambda case: on(case).countersign_certificate("ZK1")),
    (CertificateState.COUNTERSIGNED, lambda case: on(case).book_certificate("ZK1", "V1", by=FINANCE)),
)


def certified(steps: int = 0) -> Complaint:
    """A case with a certificate of a hundred, so many steps on its way."""
    case = decided(remedy(cny(100), compensation=cny(100)))
    check_unchanged(case, DomainError, lambda: on(case).draw_certificate("ZK1", Money.of(100, "USD"), RULES))
    on(case).draw_certificate("ZK1", cny(100), RULES)
    for _, step in STEPS[:steps]:
        step(case)
    return case


def test_it_is_booked_once_both_have_signed_and_copies_have_gone() -> None:
    case = certified()
    for state, step in STEPS:
        assert case.certificates[0].state is state
        for other, too_early in STEPS:
            if other is not state:
                check_unchanged(case, MoveRefused, lambda: too_early(case))  # noqa: B023 - run at once
        step(case)
    paper = case.certificates[0].document
    assert [(s.role, s.by) for s in paper.signatures] == [("deputy_for_sales", "dora"), ("customer", "customer-1")]
    assert [copy.holder for copy in paper.copies] == ["sales", "finance"]
    assert (case.certificates[0].state, case.certificates[0].voucher) == (CertificateState.BOOKED, "V1")
    check_unchanged(case, MoveRefused, lambda: on(case).book_certificate("ZK1", "V2", by=FINANCE))
    check_unchanged(case, NotFound, lambda: on(case).book_certificate("ZK9", "V2", by=FINANCE))


@pytest.mark.parametrize("voucher", ["", " ", "x" * 121])
def test_a_voucher_has_a_number(voucher: str) -> None:
    case = certified(2)
    check_unchanged(case, MalformedStep, lambda: on(case).book_certificate("ZK1", voucher, by=FINANCE))


def unsigned(certificate: Any, *signatures: Any) -> Any:
    return attrs.evolve(certificate, document=attrs.evolve(certificate.document, signatures=signatures))


#: Changed behind everybody's back once both have signed: each is seen at booking.
CHANGES: Final[dict[str, Any]] = {
    "more": lambda c: attrs.evolve(c, amount=cny(101)),
    "less": lambda c: attrs.evolve(c, amount=cny(99)),
    "the entry too": lambda c: attrs.evolve(c, amount=cny(101), document=entry(c.document, amount="101.00 CNY")),
    "another entry": lambda c: attrs.evolve(c, document=entry(c.document, basis="KS0")),
    "the deputy's signature gone": lambda c: unsigned(c, *c.document.signatures[1:]),
    "the customer's signature gone": lambda c: unsigned(c, *c.document.signatures[:1]),
    "somebody else's signature": lambda c: unsigned(
        c, attrs.evolve(c.document.signatures[0], by="x"), *c.document.signatures[1:]
    ),
}


@pytest.mark.rule(FORMS)
@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_after_it_was_signed_is_not_booked(name: str) -> None:
    case = certified(2)
    case.certificates = (CHANGES[name](case.certificates[0]),)
    error = check_unchanged(case, RuleBroken, lambda: on(case).book_certificate("ZK1", "V1", by=FINANCE))
    assert isinstance(error, Tampered | Unsigned) or error.rule is CERTIFICATE
