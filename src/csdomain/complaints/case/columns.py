"""The columns by which complaints are found and counted, and how they are stored."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from csdomain.casework.worklists import MANY, column
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, State
from csdomain.complaints.values import COMPLAINT, Judgement
from csdomain.frame.cases import usual
from csdomain.frame.fields import amount
from csdomain.kernel.store.kinds import Field, Kind

from .complaint import Complaint


def _judgement(case: Complaint) -> Judgement | None:
    return next((form.judgement for form in reversed(case.forms) if form.judgement is not None), None)


def _unit(case: Complaint) -> str | None:
    if case.review is not None:
        return case.review.unit
    judgement = _judgement(case)
    return None if judgement is None else judgement.unit or None


def _granted(case: Complaint) -> int | None:
    granted = case.granted
    return None if granted is None else granted.minor


def _claimed(case: Complaint) -> int | None:
    claims = [form.content.claimed.minor for form in case.forms if form.content.claimed is not None]
    return sum(claims) if claims else None


def _lost(case: Complaint) -> int | None:
    losses = [form.judgement.lost(case.currency).minor for form in case.forms if form.judgement is not None]
    return sum(losses) if losses else None


def _desks(case: Complaint) -> str | None:
    if case.handed:
        return column(case)
    # Stored before hand-overs were counted: the case itself has to be asked.
    ended = case.state in (State.SETTLED, State.WITHDRAWN)
    return None if ended and not case.open_remarks else MANY


def _classified(name: str) -> Callable[[Complaint], str | None]:
    return lambda case: getattr(case.form.classification, name, None)


NUMBER, STATE, RULEBOOK, QUEUE = usual(COMPLAINT_MOVES)
CUSTOMER: Field[Complaint, str] = Field("customer", str, lambda c: c.customer)
CLAIMED: Field[Complaint, int] = amount("claimed", _claimed)
GRANTED: Field[Complaint, int] = amount("granted", _granted)
LOST: Field[Complaint, int] = amount("lost", _lost)
RECEIVED_AT: Field[Complaint, datetime] = Field("received_at", datetime, lambda c: c.received_at)
CLOSED_AT: Field[Complaint, datetime] = Field("closed_at", datetime, lambda c: c.closed_at)
#: The month of closing in the branch's zone, ``2026-03``: statistics read one month, whatever the store holds.
CLOSED_MONTH: Field[Complaint, str] = Field("closed_month", str, lambda c: c.closed_month or None)
CLASS: Field[Complaint, str] = Field("class_name", str, _classified("name"), index=False)
CAUSE: Field[Complaint, str] = Field("cause", str, _classified("cause"), index=False)
UNIT: Field[Complaint, str] = Field("unit", str, _unit, index=False)
PRODUCT: Field[Complaint, str] = Field("product", str, lambda c: c.forms[0].content.product or None)
ORDER: Field[Complaint, str] = Field("order_number", str, lambda c: c.forms[0].content.order_number or None)
BATCH: Field[Complaint, str] = Field("batch", str, lambda c: c.forms[0].content.batch or None)
HANDLER: Field[Complaint, str] = Field("handler", str, lambda c: c.handler)
LEVEL: Field[Complaint, int] = Field("level", int, lambda c: c.level, index=False)
#: Whom the case waits for: names joined, few different ones, so that an inbox looks only at those with its own.
DESKS: Field[Complaint, str] = Field("desks", str, _desks)
#: What is worked on first: grave ones before others (CMP-16), then by the house's priorities.
URGENCY: Field[Complaint, int] = Field("urgency", int, lambda c: c.urgency, index=False)
IN_TIME: Field[Complaint, bool] = Field("in_time", bool, lambda c: c.in_time, index=False)
GRAVE: Field[Complaint, bool] = Field("grave", bool, lambda c: c.grave, index=False)
REVIEWED: Field[Complaint, bool] = Field("reviewed", bool, lambda c: c.reviewed, index=False)
#: Slips at odds with what was approved; nothing where there is none, so that the index holds only open ones (CMP-24).
DISCREPANCIES: Field[Complaint, int] = Field("discrepancies", int, lambda c: c.discrepancies or None)
#: Remarks that no department has dealt with; nothing where there is none (CMP-29).
OPEN_REMARKS: Field[Complaint, int] = Field("open_remarks", int, lambda c: c.open_remarks or None)

_FIELDS: tuple[Field[Complaint, Any], ...] = (
    *(NUMBER, STATE, RULEBOOK, CUSTOMER, CLAIMED, GRANTED, LOST, RECEIVED_AT, CLOSED_AT, CLOSED_MONTH, CLASS, CAUSE),
    *(UNIT, PRODUCT, IN_TIME, GRAVE, REVIEWED, DISCREPANCIES, OPEN_REMARKS, ORDER, BATCH),
    *(HANDLER, LEVEL, DESKS, URGENCY, QUEUE),
)


COMPLAINTS: Kind[Complaint] = Kind(Complaint, COMPLAINT, "complaint", _FIELDS, queue=QUEUE)
