"""What happens to customers' records. Names, addresses and what people said stay in the record (D12)."""

from typing import ClassVar

import attrs

from csdomain.frame.acts import Told, stamped


@attrs.frozen(kw_only=True)
class CustomerMoved(Told):
    """Something happened to a customer's record. ``number`` is the file number, empty before there is one."""

    #: Whether what the customer is found by may have changed.
    found_anew: ClassVar[bool] = False
    number: str = stamped()
    branch: str = stamped()


@attrs.frozen(kw_only=True)
class CustomerRegistered(CustomerMoved):
    """A customer was registered (CUS-01)."""

    found_anew: ClassVar[bool] = True
    source: str = stamped("profile.source")


@attrs.frozen(kw_only=True)
class CustomerEdited(CustomerMoved):
    """Fields of the record were changed; what they said before is in the record (CUS-11)."""

    found_anew: ClassVar[bool] = True
    fields: tuple[str, ...]


@attrs.frozen(kw_only=True)
class FileNumberIssued(CustomerMoved):
    """The customer has a file number (CUS-03)."""

    found_anew: ClassVar[bool] = True


@attrs.frozen(kw_only=True)
class CustomerAssigned(CustomerMoved):
    """The customer has another representative from now on; ``before`` is empty at the first (CUS-08).

    ``why`` is ``first``, ``assigned``, ``claimed`` (from the pool) or ``handover``.
    """

    found_anew: ClassVar[bool] = True
    before: str
    why: str
    representative: str = stamped("owner")


@attrs.frozen(kw_only=True)
class CustomerOffered(CustomerMoved):
    """The representative released the customer to the pool, and stays until another takes over (CUS-08)."""

    representative: str = stamped("owner")


@attrs.frozen(kw_only=True)
class CustomerSetApart(CustomerMoved):
    """A lapsed customer left the active list (CUS-18)."""


@attrs.frozen(kw_only=True)
class CustomerLost(CustomerMoved):
    """The customer left: in which month, and why, by the house's codes (CUS-14)."""

    month: str = stamped("lost_month")
    code: str = stamped("lost_reason")


@attrs.frozen(kw_only=True)
class CustomerRejoined(CustomerMoved):
    """The customer is active again (CUS-18)."""


@attrs.frozen(kw_only=True)
class CustomerGraded(CustomerMoved):
    """The customer was graded in a month (CUS-07)."""

    month: str = stamped("graded_month")
    grade: str = stamped()


@attrs.frozen(kw_only=True)
class IntentionNoted(CustomerMoved):
    """The customer's intention was classed (CUS-19)."""

    intention: str = stamped()


@attrs.frozen(kw_only=True)
class CustomersMerged(CustomerMoved):
    """The record points to that of the same person from now on (CUS-13)."""

    into: str = stamped("merged_into")


@attrs.frozen(kw_only=True)
class CustomerSplit(CustomerMoved):
    """The record stands for itself again (CUS-13)."""

    out_of: str


@attrs.frozen(kw_only=True)
class HealthFileMoved(Told):
    """Something happened to the health file of ``customer`` (CUS-02)."""

    customer: str = stamped()


@attrs.frozen(kw_only=True)
class HealthFileOpened(HealthFileMoved):
    """The file was opened (CUS-02)."""


@attrs.frozen(kw_only=True)
class HealthFileWritten(HealthFileMoved):
    """The file was written anew; what it said before is in it (CUS-11)."""

    fields: tuple[str, ...]


@attrs.frozen(kw_only=True)
class HandoverMoved(Told):
    """Something happened to the handover of ``customer`` by the representative ``giver`` (CUS-08)."""

    customer: str = stamped()
    branch: str = stamped()
    giver: str = stamped()


@attrs.frozen(kw_only=True)
class HandoverFiled(HandoverMoved):
    """The form was filed (CUS-08)."""


@attrs.frozen(kw_only=True)
class HandoverSigned(HandoverMoved):
    """The manager signed, and named who takes over (CUS-08)."""

    to: str = stamped()


@attrs.frozen(kw_only=True)
class HandoverTransferred(HandoverMoved):
    """The clerk carried it out: the customer is represented by ``to`` (CUS-08)."""

    to: str = stamped()


@attrs.frozen(kw_only=True)
class HandoverContacted(HandoverMoved):
    """The new representative has contacted the customer (CUS-08)."""

    to: str = stamped()


@attrs.frozen(kw_only=True)
class HandoverRefused(HandoverMoved):
    """The manager refused it (CUS-08)."""


@attrs.frozen(kw_only=True)
class HandoverWithdrawn(HandoverMoved):
    """Nobody takes over (CUS-08)."""
