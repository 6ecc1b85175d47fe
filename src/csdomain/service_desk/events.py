"""What happens to jobs, to checks of the register and to trials. Amounts are in minor units."""

from datetime import date, datetime

import attrs

from csdomain.frame.acts import Told, stamped


# --- jobs
@attrs.frozen(kw_only=True)
class JobMoved(Told):
    """Something happened to a job of ``customer``, who is empty for an internal one and for a stranger's question.

    ``owner`` took it in.
    """

    number: str = stamped()
    customer: str = stamped()
    owner: str = stamped()


@attrs.frozen(kw_only=True)
class JobReceived(JobMoved):
    """A call was entered in the register and its voucher was drawn (SVC-02)."""

    kind: str
    voucher: str


@attrs.frozen(kw_only=True)
class JobTakenOver(JobReceived):
    """A job of another system goes on here, with its number and voucher; ``visit`` is 1 once somebody was sent."""

    visit: int
    technician: str
    expected: datetime | None


@attrs.frozen(kw_only=True)
class AdviceAsked(JobMoved):
    """Somebody wants to know something (SVC-13)."""


@attrs.frozen(kw_only=True)
class AdviceAnswered(JobMoved):
    """The question was answered (SVC-13)."""


@attrs.frozen(kw_only=True)
class JobClassified(JobMoved):
    """The job is of another kind (SVC-01)."""

    before: str
    kind: str


@attrs.frozen(kw_only=True)
class VisitMoved(JobMoved):
    """Something happened on the ``visit``-th visit, of ``technician``."""

    visit: int
    technician: str


@attrs.frozen(kw_only=True)
class JobDispatched(VisitMoved):
    """A technician is on the way; ``reason`` is why older ones wait (SVC-03, SVC-07)."""

    expected: datetime


@attrs.frozen(kw_only=True)
class VisitCalledOff(VisitMoved):
    """The technician does not go (SVC-03)."""


@attrs.frozen(kw_only=True)
class TechnicianArrived(VisitMoved):
    """The technician is at the customer's (SVC-03)."""

    late: bool


@attrs.frozen(kw_only=True)
class JobUnsettled(VisitMoved):
    """Not settled: it goes back to dispatch (SVC-04)."""


@attrs.frozen(kw_only=True)
class WorkEntered(VisitMoved):
    """Hours, work and fee were entered, or entered anew (SVC-06)."""

    minutes: int
    fee: int


@attrs.frozen(kw_only=True)
class JobSettled(VisitMoved):
    """The customer has signed: how the fee is charged, and what was collected at once (SVC-04, SVC-05)."""

    kind: str
    minutes: int
    fee: int
    charging: str
    collected: int


@attrs.frozen(kw_only=True)
class LeftUnsigned(VisitMoved):
    """The work is done, and the customer does not sign (SVC-06)."""


@attrs.frozen(kw_only=True)
class ClosedUnsigned(JobMoved):
    """The manager closed it without the customer's signature; nothing is charged (SVC-06)."""


@attrs.frozen(kw_only=True)
class JobCountersigned(JobMoved):
    """The manager has countersigned (SVC-06)."""


@attrs.frozen(kw_only=True)
class JobArchived(JobMoved):
    """Both have signed what stands in the register (SVC-06)."""


@attrs.frozen(kw_only=True)
class FeeCollected(JobMoved):
    """Money was taken on another visit (SVC-05)."""

    payment: str
    amount: int


@attrs.frozen(kw_only=True)
class CostBooked(JobMoved):
    """A cost of the service was booked, or less of it (SVC-08)."""

    cost: str
    amount: int


@attrs.frozen(kw_only=True)
class PurchaseRequested(JobMoved):
    """Something has to be bought for it: the ``nth`` time (SVC-10)."""

    nth: int
    amount: int


@attrs.frozen(kw_only=True)
class JobCancelled(JobMoved):
    """Nothing is done (SVC-02)."""


@attrs.frozen(kw_only=True)
class TripMoved(JobMoved):
    """Something happened to the ``trip``-th application to go out of town; ``asker`` asked for it (SVC-08)."""

    trip: int
    asker: str
    technician: str


@attrs.frozen(kw_only=True)
class TripAsked(TripMoved):
    """Somebody asks to go out of town; ``turn`` counts what was asked for and changed."""

    turn: int


@attrs.frozen(kw_only=True)
class TripApproved(TripMoved):
    """The manager approved it."""

    turn: int


@attrs.frozen(kw_only=True)
class TripRefused(TripMoved):
    """The manager refused it."""

    turn: int


@attrs.frozen(kw_only=True)
class TripWithdrawn(TripMoved):
    """It is not wanted any more."""


# --- the register
@attrs.frozen(kw_only=True)
class RegisterChecked(Told):
    """The register of ``branch`` was compared with the vouchers in hand (SVC-07)."""

    branch: str = stamped()
    day: date
    differences: int


@attrs.frozen(kw_only=True)
class DifferenceCleared(Told):
    """The ``difference``-th difference is explained (SVC-07)."""

    branch: str = stamped()
    difference: int
    left: int


@attrs.frozen(kw_only=True)
class CheckClosed(Told):
    """No difference is left (SVC-07)."""

    branch: str = stamped()


# --- trials
@attrs.frozen(kw_only=True)
class TrialMoved(Told):
    """Something happened to a free trial of ``customer``; ``owner`` looks after it (SVC-12)."""

    customer: str = stamped()
    owner: str = stamped()


@attrs.frozen(kw_only=True)
class TrialGranted(TrialMoved):
    """A product may be tried ``until`` and with that day."""

    product: str
    until: date


@attrs.frozen(kw_only=True)
class TrialExtended(TrialMoved):
    """It may be tried longer: the ``nth`` time."""

    nth: int
    until: date


@attrs.frozen(kw_only=True)
class TrialEnded(TrialMoved):
    """How the trial came out."""

    outcome: str
    extensions: int
