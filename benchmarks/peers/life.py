"""How a complaint begins and ends early, in the words of every side: received, checked, accepted, withdrawn."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

BRANCH: Final = "hq"
ACTOR: Final = "u1"
CUSTOMER: Final = "customer-1"
CURRENCY: Final = "CNY"
CLAIMED: Final = 300_00
OPINION: Final = "order SO-2026-01187, delivered in February"
CLASS: Final = "not_quality"
CAUSE: Final = "handling"
REASON: Final = "the customer found the cause"
HANDLED_BY: Final = "service_manager"
COPIES: Final = ("customer_service", "sales", "rnd", "finance")
#: The clocks of the sales check, of the case and of customer service, and their days.
CHECKING: Final = ("CMP-05.sales_check", 1)
CLOSING: Final = ("CMP-04", 6)
HANDLING: Final = ("CMP-05.customer_service", 2)
FORM: Final[dict[str, Any]] = {
    "customer": CUSTOMER,
    "demand": "replace the defective pieces",
    "reason": "the cover comes off when it is warm",
    "order_number": "SO-2026-01187",
    "product": "cover",
    "batch": "B-0427",
    "specification": "40 x 20, grey",
    "quantity": 500,
    "defective": 7,
    "samples": 3,
}
RECEIVED: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
CHECKED: Final = RECEIVED + timedelta(hours=1)
ACCEPTED: Final = RECEIVED + timedelta(hours=3)
WITHDRAWN: Final = RECEIVED + timedelta(days=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY: Final = 86_400_000_000


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


class Side(Protocol):
    """One way to keep complaints: each method is one use case in one transaction."""

    def receive(self, key: str | None) -> str: ...
    def check(self, id: str, key: str | None) -> None: ...
    def accept(self, id: str, key: str | None) -> None: ...
    def withdraw(self, id: str, key: str | None) -> None: ...


def live(side: Side, key: str | None) -> None:
    """One life: four use cases, each under its own key where ``key`` is given."""
    id = side.receive(key and f"{key}/receive")
    side.check(id, key and f"{key}/check")
    side.accept(id, key and f"{key}/accept")
    side.withdraw(id, key and f"{key}/withdraw")


# --- what is stored, as somebody writes it by hand: everything that csdomain keeps of these steps, but no seals -------


def received(id: str, number: str, book: str) -> dict[str, Any]:
    """The body of a complaint that came in."""
    at = micros(RECEIVED)
    said = {"demand": FORM["demand"], "reason": FORM["reason"]}
    document = {
        "kind": "complaint_form",
        "number": number,
        "drawn_up_at": at,
        "drawn_up_by": ACTOR,
        "fields": {**{name: value for name, value in FORM.items() if name not in said}, "claimed": f"{CLAIMED} fen"},
        "personal": said,
        "copies": [{"number": n, "purpose": purpose, "held": []} for n, purpose in enumerate(COPIES, 1)],
        "signatures": [],
    }
    form = {
        "number": number,
        "content": {**FORM, "claimed": {"minor": CLAIMED, "currency": CURRENCY}, "extra": {}},
        "document": document,
        "opened_at": at,
        "accepted_at": None,
        "classification": None,
        "checked": None,
        "submissions": [],
    }
    return {
        "id": id,
        "branch": BRANCH,
        "owner": ACTOR,
        "rulebook": book,
        "currency": CURRENCY,
        "path": "departments",
        "customer": CUSTOMER,
        "forms": [form],
        "received_at": at,
        "moved_at": at,
        "state": "received",
        "version": 1,
        "grave": False,
        "parts": [],
        "slips": [],
        "reviewed": False,
        "closed_at": None,
        "outcome": "",
    }


def check(body: dict[str, Any]) -> None:
    """Sales signs its opinion."""
    at = micros(CHECKED)
    form = body["forms"][-1]
    form["checked"] = {"by": ACTOR, "at": at, "text": OPINION}
    form["document"]["signatures"].append({"role": "sales", "by": ACTOR, "at": at})
    body |= {"state": "checked", "moved_at": at}


def accept(body: dict[str, Any]) -> None:
    """Customer service classifies it and signs."""
    at = micros(ACCEPTED)
    form = body["forms"][-1]
    form |= {"accepted_at": at, "classification": {"name": CLASS, "cause": CAUSE}, "quality": False}
    form["document"]["fields"] |= {"class": CLASS, "cause": CAUSE}
    form["document"]["signatures"].append({"role": "customer_service", "by": ACTOR, "at": at})
    body |= {"state": "accepted", "moved_at": at, "owner": ACTOR}


def withdraw(body: dict[str, Any]) -> None:
    """The customer withdraws it."""
    body |= {"state": "withdrawn", "moved_at": micros(WITHDRAWN)}


def columns(body: dict[str, Any]) -> dict[str, Any]:
    """What the table of complaints has as columns."""
    form = body["forms"][-1]
    classification = form["classification"] or {"name": None, "cause": None}
    return {
        "version": body["version"],
        "schema": 1,
        "branch": body["branch"],
        "owner": body["owner"],
        "number": body["forms"][0]["number"],
        "state": body["state"],
        "rulebook": body["rulebook"],
        "customer": body["customer"],
        "claimed": form["content"]["claimed"]["minor"],
        "granted": None,
        "lost": None,
        "received_at": body["received_at"],
        "closed_at": body["closed_at"],
        "closed_month": None,
        "class_name": classification["name"],
        "cause": classification["cause"],
        "unit": None,
        "product": form["content"]["product"],
        "in_time": None,
        "grave": body["grave"],
        "reviewed": body["reviewed"],
        "discrepancies": None,
        "queue": None if body["state"] == "withdrawn" else body["owner"],
    }


def timer(id: str, clock: tuple[str, int], at: int) -> dict[str, Any]:
    """The body of a timer that ends so many days later, whatever the calendar says; that of the case warns twice."""
    name, days = clock
    due = at + days * DAY
    warnings = [{"percent": 50, "at": due - 3 * DAY}, {"percent": 80, "at": due - DAY}] if clock == CLOSING else []
    return {
        "subject": id,
        "name": name,
        "calendar": "office",
        "duration": {"kind": "calendar_days", "days": days, "end_of_day": True},
        "started_at": at,
        "due_at": due,
        "budget": days * DAY,
        "warnings": warnings,
        "warned": 0,
        "state": "running",
        "pauses": [],
        "ended_at": None,
        "completed_at": None,
        "reminder": False,
    }


def next_at(timer: dict[str, Any]) -> int:
    """When a running timer has something to say."""
    warnings: list[dict[str, int]] = timer["warnings"]
    return warnings[0]["at"] if warnings else int(timer["due_at"])
