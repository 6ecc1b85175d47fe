"""Complaints for benchmarks, made by the model alone: no store, no effects."""

from datetime import datetime, timedelta
from typing import Final

import csdomain
from csdomain.complaints.model import Complaint
from csdomain.complaints.values import COMPLAINT_RULES, ComplaintForm, ComplaintId
from csdomain.kernel.values.actors import Actor, ActorId, Scope

BOOK: Final = csdomain.load_rulebook("after_sales")
FORM: Final = ComplaintForm(customer="cus_0001", demand="replace", reason="broken", quantity=500, defective=7)
HANDLING: Final = csdomain.Classification("not_quality", "handling")
AGENT: Final = Actor(
    ActorId("u1"), "hq", frozenset({"sales", "service_agent"}), dict.fromkeys(BOOK.actions, Scope.BRANCH)
)


def checked(id: ComplaintId, number: str, at: datetime) -> Complaint:
    """A complaint that sales has checked."""
    rules = BOOK[COMPLAINT_RULES]
    case, _ = Complaint.receive(
        id,
        number,
        FORM,
        rules,
        rulebook=BOOK.ref,
        currency="CNY",
        salt="slt_00000000000000000000000001",
        by=AGENT,
        at=at,
    )
    case.check("the order is ours", by=AGENT, at=at)
    return case


def accept(case: Complaint, at: datetime) -> None:
    """What customer service does with it."""
    case.accept(HANDLING, BOOK[COMPLAINT_RULES], grave=False, by=AGENT, at=at)


def accepted(id: ComplaintId, number: str, at: datetime) -> Complaint:
    """A complaint that was accepted three hours after it came."""
    case = checked(id, number, at)
    accept(case, at + timedelta(hours=3))
    return case
