"""What complaints ask of others: the warehouse, finance and personnel (D9).

Orders to others leave through the outbox, as messages to these recipients; their answers come back as use cases.
"""

from typing import Final, Protocol

import attrs

from csdomain.kernel.cases.delivery import Answer, Sent, StillUnknown
from csdomain.kernel.store.ports import DeliveryFailed, Notifier, Queued

#: The recipients of orders that go to other parts of the house.
WAREHOUSE: Final = "warehouse"
FINANCE: Final = "finance"
PERSONNEL: Final = "personnel"
_ORDERS: Final = frozenset({"expect_return", "compare_return", "book_discount", "discipline", "deduct"})


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
class OutwardOrders:
    """A notifier that brings orders to warehouse, finance and personnel, and everything else to ``others``.

    They are departments too: what departments are told (a reminder, a remark) is no order and goes to ``others``.
    """

    others: Notifier
    warehouse: Warehouse
    finance: Finance
    personnel: Personnel

    def idempotent(self, message: Queued, /) -> bool:
        """Orders are done once by their key, however often they come; the rest is as ``others`` say."""
        if self._is_order(message):
            return True
        said = getattr(self.others, "idempotent", False)
        return bool(said(message) if callable(said) else said)

    def ask(self, message: Queued, /) -> Answer:
        """What ``others`` know of a message that may have left."""
        ask = getattr(self.others, "ask", None)
        answer: Answer = StillUnknown() if ask is None else ask(message)
        return answer

    def _is_order(self, message: Queued) -> bool:
        return message.occasion.removeprefix("complaint.") in _ORDERS

    def send(self, message: Queued, /) -> Sent | None:
        """Deliver one message. Raises DeliveryFailed, a definite one for an order that its recipient does not take."""
        orders = {
            (WAREHOUSE, "expect_return"): self.warehouse.expect_return,
            (FINANCE, "compare_return"): self.finance.compare_return,
            (FINANCE, "book_discount"): self.finance.book_discount,
            (PERSONNEL, "discipline"): self.personnel.discipline,
            (PERSONNEL, "deduct"): self.personnel.deduct,
        }
        occasion = message.occasion.removeprefix("complaint.")
        if not self._is_order(message):
            return self.others.send(message)
        take = orders.get((message.to, occasion))
        if take is None:
            raise DeliveryFailed(definite=True, why=f"no order {occasion} to this recipient")
        facts = message.facts
        order = Order(
            key=message.key,
            complaint=str(facts.get("complaint", "")),
            number=str(facts.get("slip") or facts.get("certificate") or facts.get("penalty") or ""),
            pieces=_figure(facts.get("pieces")),
            amount=_figure(facts.get("amount")),
            discipline=str(facts.get("kind") or ""),
        )
        take(order)
        return None


def _figure(value: object) -> int:
    return value if isinstance(value, int) else 0
