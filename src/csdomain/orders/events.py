"""What happens to orders. Amounts are in minor units."""

from datetime import date
from typing import ClassVar

import attrs

from csdomain.frame.acts import Told, stamped


@attrs.frozen(kw_only=True)
class OrderMoved(Told):
    """Something happened to an order of ``customer``; ``owner`` looks after it. ``number`` is empty before entry."""

    number: str = stamped()
    customer: str = stamped()
    owner: str = stamped()


@attrs.frozen(kw_only=True)
class OrderPrescribed(OrderMoved):
    """A doctor prescribed products (ORD-01)."""

    products: tuple[str, ...]


@attrs.frozen(kw_only=True)
class OrderEntered(OrderMoved):
    """Items and quantities were entered, or worked over; ``total`` is what they come to (ORD-01)."""

    total: int


@attrs.frozen(kw_only=True)
class OrderSigned(OrderMoved):
    """The customer signed the order (ORD-01)."""

    total: int


@attrs.frozen(kw_only=True)
class OrderPaid(OrderMoved):
    """Finance says that the order is paid (ORD-04). Schema 1 said by which voucher."""

    schema: ClassVar[int] = 2


@attrs.frozen(kw_only=True)
class OrderOwed(OrderMoved):
    """Something of an order that was paid is owed again (ORD-04)."""


@attrs.frozen(kw_only=True)
class GoodsSent(OrderMoved):
    """The ``shipment``-th shipment left the house (ORD-03)."""

    shipment: int
    pieces: int


@attrs.frozen(kw_only=True)
class GoodsArrived(OrderMoved):
    """A shipment reached the customer (ORD-02). ``refill_on`` is the order's refill date as it is then; where it is a
    new one, ``refill`` counts them: a reminder is due before it."""

    shipment: int
    refill: int | None
    refill_on: date


@attrs.frozen(kw_only=True)
class GoodsReturned(OrderMoved):
    """Unopened goods of a shipment came back: the ``nth`` of it (ORD-03). ``billed``: since schema 2, off the bill."""

    schema: ClassVar[int] = 2

    shipment: int
    nth: int
    product: str
    pieces: int
    billed: bool = False


@attrs.frozen(kw_only=True)
class OrderDelivered(OrderMoved):
    """All that was ordered has reached the customer (ORD-03)."""


@attrs.frozen(kw_only=True)
class OrderClosed(OrderMoved):
    """The order is paid, delivered and done with (ORD-04)."""


@attrs.frozen(kw_only=True)
class OrderCancelled(OrderMoved):
    """The order is not carried out (ORD-01)."""
