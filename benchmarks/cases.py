"""Complaints for benchmarks, made by the model alone: no store, no effects."""

from datetime import datetime, timedelta
from typing import Any, Final

import attrs

import csdomain
from csdomain.casework.authorities import Standing
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands import investigating, receiving
from csdomain.complaints.commands.marks import ComplaintAct
from csdomain.complaints.values import COMPLAINT_RULES, ComplaintForm, ComplaintId
from csdomain.desk import house_of
from csdomain.kernel.values.actors import Actor, ActorId, Scope
from csdomain.testing import no_holidays

BOOK: Final = csdomain.load_rulebook("after_sales")
FORM: Final = ComplaintForm(customer="customer-1", demand="replace", reason="broken", quantity=500, defective=7)
HANDLING: Final = csdomain.Classification("not_quality", "handling")
AGENT: Final = Actor(
    ActorId("u1"), "hq", frozenset({"sales", "service_agent"}), dict.fromkeys(BOOK.actions, Scope.BRANCH)
)


HOUSE: Final = house_of(BOOK, no_holidays())


@attrs.frozen
class _Drawn:
    id: str
    given: str

    def number(self, *_: Any) -> str:
        return self.given

    def import_number(self, *_: Any) -> None: ...

    def new(self, kind: Any, /) -> Any:
        return self.id if kind.prefix == "cmp" else "slt_00000000000000000000000001"

    def timers_of(self, _: str, /) -> tuple[()]:
        return ()


def act(at: datetime, id: str = "", number: str = "", by: Actor = AGENT) -> ComplaintAct:
    """The agent, or someone else, acts at an instant."""
    return ComplaintAct(
        by=by,
        at=at,
        rules=BOOK[COMPLAINT_RULES],
        place=HOUSE.place("hq"),
        draws=_Drawn(id, number),
        rulebook=BOOK.ref,
        authorities=lambda *_: Standing({}),
    )


def checked(id: ComplaintId, number: str, at: datetime) -> Complaint:
    """A complaint that sales has checked."""
    case, _ = receiving.receive(act(at, id, number), FORM)
    receiving.check(case, act(at), "the order is ours")
    return case


def accept(case: Complaint, at: datetime) -> None:
    """What customer service does with it."""
    receiving.accept(case, act(at), HANDLING, grave=False)


def accepted(id: ComplaintId, number: str, at: datetime) -> Complaint:
    """A complaint that was accepted three hours after it came."""
    case = checked(id, number, at)
    accept(case, at + timedelta(hours=3))
    return case


def investigate(case: Complaint, at: datetime, by: Actor = AGENT) -> None:
    """The command of the model, as the service calls it."""
    investigating.investigate(case, act(at, by=by))
