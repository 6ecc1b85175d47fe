"""One complaint's life, in the words of every side: received, accepted, closed."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

BRANCH: Final = "hq"
ACTOR: Final = "u1"
CUSTOMER: Final = "cus_0001"
CURRENCY: Final = "CNY"
CLAIMED: Final = 300_00
TIMER: Final = "CMP-04"
OUTCOME: Final = "replaced free of charge"
BOOK: Final = "after_sales@75b148085043"
FORM: Final[dict[str, Any]] = {
    "customer": CUSTOMER,
    "demand": "replace the defective pieces",
    "reason": "the cover comes off when it is warm",
    "order_number": "SO-2026-01187",
    "batch": "B-0427",
    "specification": "40 x 20, grey",
    "quantity": 500,
    "defective": 7,
    "samples": 3,
}
RECEIVED: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ACCEPTED: Final = RECEIVED + timedelta(hours=3)
CLOSED: Final = RECEIVED + timedelta(days=3)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


class Side(Protocol):
    """One way to keep complaints: each method is one use case in one transaction."""

    def receive(self, key: str | None) -> str: ...
    def accept(self, id: str, key: str | None) -> None: ...
    def close(self, id: str, key: str | None) -> None: ...


def live(side: Side, key: str | None) -> None:
    """One life: three use cases, each under its own key where ``key`` is given."""
    id = side.receive(key and f"{key}/receive")
    side.accept(id, key and f"{key}/accept")
    side.close(id, key and f"{key}/close")
