"""What messages ask of the outside: a gateway that sends texts, and the records that know whom they are for."""

from typing import Protocol

from csdomain.kernel.cases.delivery import Sent

from .values import OutgoingText, Recipient


class Gateway(Protocol):
    """Port: sends one text.

    Raises what a :class:`~csdomain.kernel.store.ports.Notifier` raises, without the address or the text in it. It may
    also have ``idempotent`` and ``ask(message)``, as a notifier has. [MSG-09, MSG-12]
    """

    def deliver(self, text: OutgoingText, /) -> Sent | None:
        """Send the text to its address; the answer has the gateway's reference, None where it gives none."""
        ...


class Directory(Protocol):
    """Port: the one place with personal data, asked at sending and never before (D12)."""

    def recipient(self, id: str, /) -> Recipient | None:
        """Whom a message to ``id`` (a customer's, an actor's, a position's) goes to, as of now.

        None where nobody has that id, or their data was erased, or they cannot be reached.
        """
        ...
