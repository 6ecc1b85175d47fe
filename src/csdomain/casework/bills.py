"""The bill of a case: the port over payments for contexts that bill what they sell, and a house that keeps no bills."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, unique
from typing import Protocol

from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

#: A line: what, how many of it, and the price of one.
Priced = tuple[str, int, Money]


@unique
class Due(Enum):
    """How the bill of a case stands: *collected* is what the house may rely on, *paid* what finance has confirmed."""

    OWED = "owed"
    COLLECTED = "collected"
    PAID = "paid"
    NOTHING = "nothing"


class CaseBilling(Protocol):
    """Port: the bill of a case, in the unit of work of the case's own move. Ask it before the warehouse (ADR 25)."""

    def ask(self, by: Actor, at: datetime, case: str, customer: str, lines: Sequence[Priced], /) -> str:
        """Open the bill; its id, empty where nothing is to be paid or billed."""
        ...

    def due(self, case: str, /) -> Due:
        """How the bill of a case stands, and stays until the unit has ended. Raises NotFound."""
        ...

    def take_back(self, by: Actor, at: datetime, case: str, what: str, quantity: int, /) -> bool:
        """So many of a line are not owed after all, and what was paid for them goes back; False where finance has to
        see to it."""
        ...

    def drop(self, by: Actor, at: datetime, case: str, reason: str, /) -> None:
        """Nothing is owed any more: what was paid is credit. Raises RuleBroken where an invoice stands."""
        ...


class Unbilled:
    """A :class:`CaseBilling` of a house that keeps no bills: finance says by hand what is paid."""

    def ask(self, by: Actor, at: datetime, case: str, customer: str, lines: Sequence[Priced], /) -> str:
        """No bill."""
        return ""

    def due(self, case: str, /) -> Due:
        """Nothing is known."""
        return Due.OWED

    def take_back(self, by: Actor, at: datetime, case: str, what: str, quantity: int, /) -> bool:
        """Finance has to see to it."""
        return False

    def drop(self, by: Actor, at: datetime, case: str, reason: str, /) -> None:
        """Nothing is owed."""
