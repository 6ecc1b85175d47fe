"""What happens to customers' records. Names, addresses and what people said stay in the record (D12)."""

from typing import ClassVar

import attrs

from csdomain.frame.acts import Told, stamped
from csdomain.kernel.cases.events import Event


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
class CustomerImported(CustomerRegistered):
    """A customer of another system was taken over (CUS-01)."""


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


@attrs.frozen(kw_only=True)
class ReleaseMoved(Told):
    """Something happened to the release of a customer's record (CUS-10)."""

    customer: str = stamped()
    branch: str = stamped()


@attrs.frozen(kw_only=True)
class ReleaseAsked(ReleaseMoved):
    """Somebody asked that parts of the record be given to ``to`` (CUS-10)."""

    to: str


@attrs.frozen(kw_only=True)
class ReleaseSigned(ReleaseMoved):
    """The manager signed it (CUS-10)."""

    to: str = stamped()


@attrs.frozen(kw_only=True)
class ReleaseEnded(ReleaseMoved):
    """The manager refused or revoked it (CUS-10)."""


@attrs.frozen(kw_only=True)
class RecordReleased(Event):
    """These fields of a customer's record were given out to ``to`` (CUS-10)."""

    customer: str
    to: str
    fields: tuple[str, ...]


@attrs.frozen(kw_only=True)
class CorrectionMoved(Told):
    """Something happened to the correction of a customer's record (CUS-11)."""

    customer: str = stamped()
    branch: str = stamped()
    field: str = stamped()


@attrs.frozen(kw_only=True)
class CorrectionReported(CorrectionMoved):
    """Somebody reported that a field is wrong (CUS-11)."""


@attrs.frozen(kw_only=True)
class CorrectionOrdered(CorrectionMoved):
    """The manager has the clerk mend it (CUS-11)."""


@attrs.frozen(kw_only=True)
class CorrectionMended(CorrectionMoved):
    """The record says something else now (CUS-11)."""


@attrs.frozen(kw_only=True)
class CorrectionRefused(CorrectionMoved):
    """The record stays as it is (CUS-11)."""


@attrs.frozen(kw_only=True)
class LeadMoved(Told):
    """Something happened to a lead (CUS-16)."""

    customer: str = stamped()
    branch: str = stamped()


@attrs.frozen(kw_only=True)
class LeadNoted(LeadMoved):
    """A wish was noted, and goes to sales (CUS-16)."""

    met_in: str = stamped()


@attrs.frozen(kw_only=True)
class LeadTaken(LeadMoved):
    """Somebody of sales follows it up (CUS-16)."""


@attrs.frozen(kw_only=True)
class LeadClosed(LeadMoved):
    """It was won, lost or dropped (CUS-16)."""


@attrs.frozen(kw_only=True)
class VehicleMoved(Told):
    """Something happened to a customer's vehicle (CUS-01)."""

    customer: str = stamped()
    branch: str = stamped()


@attrs.frozen(kw_only=True)
class VehicleAdded(VehicleMoved):
    """It was added (CUS-01)."""


@attrs.frozen(kw_only=True)
class VehicleChanged(VehicleMoved):
    """What is known of it was changed (CUS-11)."""


@attrs.frozen(kw_only=True)
class VehicleFollowed(VehicleMoved):
    """The customer's representative ``owner`` looks after it from now on (CUS-08)."""

    owner: str = stamped()


@attrs.frozen(kw_only=True)
class VehicleRemoved(VehicleMoved):
    """The customer has it no more (CUS-01)."""


@attrs.frozen(kw_only=True)
class ConnectionMoved(Told):
    """Something happened to the connection of a customer (CUS-20)."""

    customer: str = stamped()
    branch: str = stamped()


@attrs.frozen(kw_only=True)
class ConnectionFollowed(ConnectionMoved):
    """The customer's representative ``owner`` looks after it from now on (CUS-08)."""

    owner: str = stamped()


@attrs.frozen(kw_only=True)
class ConnectionReceived(ConnectionMoved):
    """The forms of a new customer came in (CUS-15)."""

    region: str = stamped()


@attrs.frozen(kw_only=True)
class AccountOrdered(ConnectionMoved):
    """An account and its ``ordered``-th secret were ordered (CUS-12)."""

    ordered: int = stamped()


@attrs.frozen(kw_only=True)
class AccountOpened(ConnectionMoved):
    """The account is there, its secret sealed (CUS-12)."""

    account: str = stamped()
    ordered: int = stamped()


@attrs.frozen(kw_only=True)
class SecretDelivered(Event):
    """The sealed secret was taken for delivery; it is kept nowhere any more (CUS-12)."""

    customer: str
    ordered: int


@attrs.frozen(kw_only=True)
class StepTicked(ConnectionMoved):
    """A step was taken (CUS-20)."""

    step: str


@attrs.frozen(kw_only=True)
class CustomerConnected(ConnectionMoved):
    """All of it is done (CUS-20)."""


@attrs.frozen(kw_only=True)
class ConnectionFiled(ConnectionMoved):
    """The forms are filed (CUS-15)."""

    folder: str = stamped()


@attrs.frozen(kw_only=True)
class ConnectionCancelled(ConnectionMoved):
    """The customer is not connected (CUS-20)."""


@attrs.frozen(kw_only=True)
class WorklistMoved(Told):
    """Something happened to a list of customers (CUS-09)."""

    branch: str = stamped()


@attrs.frozen(kw_only=True)
class WorklistHanded(WorklistMoved):
    """The clerk handed a list of customers to the manager (CUS-09)."""

    kind: str
    customers: int


@attrs.frozen(kw_only=True)
class LineWorked(WorklistMoved):
    """A customer of the list was worked, or passed over; ``left`` are still open (CUS-09)."""

    customer: str
    left: int


@attrs.frozen(kw_only=True)
class WorklistDone(WorklistMoved):
    """The whole list is worked off (CUS-09)."""
