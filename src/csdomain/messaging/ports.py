"""What messages ask of the outside: a gateway that sends texts, and the records that know whom they are for."""

from collections.abc import Sequence
from typing import Protocol

from csdomain.kernel.cases.delivery import Sent
from csdomain.kernel.store.planning import Subjects
from csdomain.kernel.store.ports import Unit

from .values import Audience, DeliveryReceipt, InboundRequest, OutgoingText, Recipient


class Gateway(Protocol):
    """Port: sends one text.

    Raises what a :class:`~csdomain.kernel.store.ports.Notifier` raises, without the address or the text in it. It may
    also have ``idempotent``, as a notifier has, and ``ask(text, since)``: whether it took the text at a try that began
    at that instant, by the text's ``ref``. NotSent only where it surely did not. [MSG-09, MSG-12]
    """

    def deliver(self, text: OutgoingText, /) -> Sent | None:
        """Send the text to its address; the answer has the gateway's reference, None where it gives none."""
        ...


class Receipts(Protocol):
    """Port: reads what a gateway reports later. [MSG-09, MSG-12]"""

    def receipts(self, request: InboundRequest, /) -> Sequence[DeliveryReceipt]:
        """The receipts of a request. Raises NotGenuine where it is not proven to come from the gateway."""
        ...


class Directory(Protocol):
    """Port: the one place with personal data, asked at sending and never before (D12)."""

    def recipient(self, id: str, /) -> Recipient | None:
        """Whom a message to ``id`` (a customer's, an actor's, a position's) goes to, as of now.

        None where nobody has that id, or their data was erased, or they cannot be reached.
        """
        ...


class Audiences(Protocol):
    """Port: the customers that an audience means, in a branch. [MSG-08]"""

    def page(self, unit: Unit, audience: Audience, branch: str, cursor: str, limit: int, /) -> Subjects:
        """One page of their ids, ascending, behind ``cursor`` ("" at the beginning)."""
        ...


class ListedCustomers:
    """The audiences of a house that keeps no records of customers: those that are named one by one."""

    def page(self, unit: Unit, audience: Audience, branch: str, cursor: str, limit: int, /) -> Subjects:
        """Those that are named."""
        left = sorted({id for id in audience.customers if id > cursor})
        return Subjects(left[:limit], left[limit - 1] if len(left) > limit else None)
