"""What orders ask of others: the stock that goods come from, and how long they last (INV-05, ORD-02)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from csdomain.kernel.values.actors import Actor

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
