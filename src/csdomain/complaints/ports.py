"""What complaints ask of others: the warehouse, finance and personnel (D9).

Orders to others leave through the outbox, as messages to these recipients; their answers come back as use cases.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Protocol

import attrs

from csdomain.casework.outward import OrdersAmongMessages
from csdomain.kernel.store.ports import Queued

#: The recipients of orders that go to other parts of the house.
WAREHOUSE: Final = "warehouse"
FINANCE: Final = "finance"
PERSONNEL: Final = "personnel"


@attrs.frozen(kw_only=True)
class Order:
    """Something that another part of the house is to do. ``key`` is the same however often it comes: do it once."""

    key: str
    complaint: str
    number: str
    pieces: int = 0
    amount: int = 0
    discipline: str = ""


class Warehouse(Protocol):
    """Port: the warehouse. It answers with ``complaints.take_in`` when the goods are there (CMP-23)."""

    def expect_return(self, order: Order, /) -> None:
        """Goods will come back on slip ``order.number``. Raises DeliveryFailed."""
        ...


class Finance(Protocol):
    """Port: finance. It answers with ``complaints.reconcile`` or ``complaints.book_certificate`` (CMP-21, CMP-24)."""

    def compare_return(self, order: Order, /) -> None:
        """``order.pieces`` have come back on slip ``order.number``: compare and book. Raises DeliveryFailed."""
        ...

    def book_discount(self, order: Order, /) -> None:
        """Book ``order.amount`` minor units on certificate ``order.number``. Raises DeliveryFailed."""
        ...


class Personnel(Protocol):
    """Port: personnel. It answers with ``complaints.publish_penalty`` or ``carry_out_penalty`` (CMP-20)."""

    def discipline(self, order: Order, /) -> None:
        """A discipline was approved: publish it once the case is reviewed. Raises DeliveryFailed."""
        ...

    def deduct(self, order: Order, /) -> None:
        """A deduction of ``order.amount`` minor units is on a signed notice. Raises DeliveryFailed."""
        ...


@attrs.frozen
class OutwardOrders(OrdersAmongMessages):
    """A notifier that brings orders to warehouse, finance and personnel, and everything else to ``others``."""

    kind: ClassVar = "complaint"
    orders: ClassVar = frozenset({"expect_return", "compare_return", "book_discount", "discipline", "deduct"})
    warehouse: Warehouse
    finance: Finance
    personnel: Personnel

    def takers(self) -> Mapping[tuple[str, str], Callable[[Queued], None]]:
        """Who takes an order: by recipient and occasion."""
        return {
            (WAREHOUSE, "expect_return"): lambda message: self.warehouse.expect_return(_order(message)),
            (FINANCE, "compare_return"): lambda message: self.finance.compare_return(_order(message)),
            (FINANCE, "book_discount"): lambda message: self.finance.book_discount(_order(message)),
            (PERSONNEL, "discipline"): lambda message: self.personnel.discipline(_order(message)),
            (PERSONNEL, "deduct"): lambda message: self.personnel.deduct(_order(message)),
        }


def _order(message: Queued) -> Order:
    facts = message.facts
    pieces, amount = (value if isinstance(value, int) else 0 for value in (facts.get("pieces"), facts.get("amount")))
    return Order(
        key=message.key,
        complaint=str(facts.get("complaint", "")),
        number=str(facts.get("slip") or facts.get("certificate") or facts.get("penalty") or ""),
        pieces=pieces,
        amount=amount,
        discipline=str(facts.get("kind") or ""),
    )
