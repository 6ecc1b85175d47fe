"""What a bill asks of payments and a payment of bills, in the same unit of work: locked, bills first (ADR 25)."""

from typing import Any, Protocol

from csdomain.frame.acts import Events


class Books(Protocol):
    """Port: the bills and payments beside the one that is acted on, each locked until the unit ends."""

    def bill(self, id: str, /) -> Any:
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
