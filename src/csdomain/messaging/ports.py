"""What messages ask of the outside: a gateway that sends texts, and the records that know whom they are for."""

from typing import Protocol

from .values import OutgoingText, Recipient


class Gateway(Protocol):
    """Port: sends one text.

    Raises :class:`~csdomain.kernel.store.ports.DeliveryFailed`, without the address or the text in it. What was sent
    before
    may come again under the same key, and is then the same message. [MSG-09]
    """

    def deliver(self, text: OutgoingText, /) -> None:
        """Send the text to its address."""
        ...


class Directory(Protocol):
    """Port: the one place with personal data, asked at sending and never before (D12)."""

    def recipient(self, id: str, /) -> Recipient | None:
        """Whom a message to ``id`` (a customer's, an actor's, a position's) goes to, as of now.

        None where nobody has that id, or their data was erased, or they cannot be reached.
        """
        ...
