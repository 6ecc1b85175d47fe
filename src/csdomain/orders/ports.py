"""What orders ask of others: goods, how long they last, and what is paid (INV-05, ORD-02, ORD-04)."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum, unique
from typing import Protocol

from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

from .values import Dose, Item, OrderRules


class Supplies(Protocol):
    """Port: the warehouse, in the unit of work that sends the goods."""

    def allocate(self, order: str, branch: str, items: Sequence[Item], by: Actor, at: datetime, /) -> Sequence[str]:
        """Take items from the branch's stock, first in first out; the lots they come from. Raises RuleBroken."""
        ...

    def take_back(self, order: str, branch: str, item: Item, by: Actor, at: datetime, /) -> None:
        """Goods of an order come back, to be looked at. Raises RuleBroken."""
        ...

    def refill(self, items: Sequence[Item], doses: Sequence[Dose], rules: OrderRules, since: date, /) -> date:
        """The first date on which one of the items has run out. [ORD-02]"""
        ...


@unique
class Due(Enum):
    """How the bill of an order stands: *collected* is what the house may rely on, *paid* what finance has confirmed."""

    OWED = "owed"
    COLLECTED = "collected"
    PAID = "paid"
    NOTHING = "nothing"


class Billing(Protocol):
    """Port: the bill of an order, in the unit of work of the order's own move (ORD-04). Ask it before the warehouse."""

    def ask(self, by: Actor, at: datetime, order: str, customer: str, lines: Sequence[tuple[Item, Money]], /) -> str:
        """Open the bill, items with the price of a piece; its id, empty where nothing is to be paid or billed."""
        ...

    def due(self, order: str, /) -> Due:
        """How the bill of an order stands. Raises NotFound."""
        ...

    def take_back(self, by: Actor, at: datetime, order: str, item: Item, /) -> bool:
        """An item is not owed after all, and what was paid for it goes back; False where finance has to see to it."""
        ...

    def drop(self, by: Actor, at: datetime, order: str, reason: str, /) -> None:
        """Nothing is owed any more: what was paid is credit. Raises RuleBroken where an invoice stands."""
        ...


class Unbilled:
    """A :class:`Billing` of a house that keeps no bills: finance says by hand what is paid."""

    def ask(self, by: Actor, at: datetime, order: str, customer: str, lines: Sequence[tuple[Item, Money]], /) -> str:
        """No bill."""
        return ""

    def due(self, order: str, /) -> Due:
        """Nothing is known."""
        return Due.OWED

    def take_back(self, by: Actor, at: datetime, order: str, item: Item, /) -> bool:
        """Finance has to see to it."""
        return False

    def drop(self, by: Actor, at: datetime, order: str, reason: str, /) -> None:
        """Nothing is owed."""
