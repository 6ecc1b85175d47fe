"""What a bill asks of payments and a payment of bills, in the same unit of work: locked, bills first (ADR 25)."""

from typing import Any, Protocol

from csdomain.frame.acts import Events
from csdomain.kernel.values.money import Money

from .lifecycle import BillMove, BillState


class BillBeside(Protocol):
    """A bill that a payment is used for, or meant for."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def state(self) -> BillState:
        """Where it stands."""
        ...

    @property
    def left(self) -> Money:
        """What is still to be collected."""
        ...

    def require_customer(self, payment: Any, /) -> None:
        """Refuse the money of another customer. Raises RuleBroken."""
        ...

    def require_taken_for(self, payment: Any, act: Any, /) -> None:
        """Refuse cash that is not to be taken for it. Raises RuleBroken, MoveRefused."""
        ...

    def took(self, act: Any, payment: Any, amount: Money, move: BillMove, /) -> Events:
        """So much of a payment that was meant for it is used."""
        ...

    def confirmed_by(self, act: Any, payment: Any, amount: Money, /) -> Events:
        """Finance has confirmed a payment of which so much is used."""
        ...


class Books(Protocol):
    """Port: the bills and payments beside the one that is acted on, each locked until the unit ends."""

    def bill(self, id: str, /) -> BillBeside:
        """A bill. Raises NotFound, MalformedId, WrongKind."""
        ...

    def payment(self, id: str, /) -> Any:
        """A payment. Raises NotFound, MalformedId, WrongKind."""
        ...

    def has_bill(self, id: str, /) -> bool:
        """Whether there is a bill of this id."""
        ...

    def payment_by(self, reference: str, /) -> str | None:
        """The id of the payment that has this bank reference."""
        ...

    def keep(self, changed: Any, events: Events, /) -> None:
        """Store a bill or payment that was changed beside the one that is acted on, and what happened to it."""
        ...
