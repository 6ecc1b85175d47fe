"""What happens to complaints. Amounts are in minor units (CMP-25)."""

from datetime import datetime

import attrs

from csdomain.frame.acts import Told, stamped


@attrs.frozen(kw_only=True)
class ComplaintMoved(Told):
    """Something happened to a complaint of ``customer``; ``number`` is that of its present form.

    ``turn`` counts the forms of the case from 1, ``round`` the times that it was looked into.
    """

    number: str = stamped("form.number")
    customer: str = stamped()
    turn: int = stamped()
    round: int = stamped("looks")


@attrs.frozen(kw_only=True)
class ComplaintReceived(ComplaintMoved):
    """A customer complained and a form was filled in (CMP-01)."""

    path: str
    claimed: int | None = None


@attrs.frozen(kw_only=True)
class ComplaintImported(ComplaintMoved):
    """A case of another system was taken over as it stood there; nothing follows from it."""


@attrs.frozen(kw_only=True)
class ComplaintChecked(ComplaintMoved):
    """Sales checked order and demand, and signed its opinion (CMP-03)."""


@attrs.frozen(kw_only=True)
class ComplaintAccepted(ComplaintMoved):
    """Customer service took the complaint on; the clock runs (CMP-04)."""

    quality: bool
    grave: bool
    harm: bool = False


@attrs.frozen(kw_only=True)
class ComplaintHandled(ComplaintMoved):
    """The receiver took it on, at the lowest level (CMP-18)."""

    grave: bool = False
    harm: bool = False


@attrs.frozen(kw_only=True)
class ComplaintMarked(ComplaintMoved):
    """It was marked as grave, or as one of harm (CMP-16, CMP-30)."""

    harm: bool


@attrs.frozen(kw_only=True)
class ComplaintAssigned(ComplaintMoved):
    """Someone was named to see to it: a person, or a ``position`` in the case's branch (CMP-16, CMP-17)."""

    to: str
    position: bool = False


@attrs.frozen(kw_only=True)
class DisclosureCleared(ComplaintMoved):
    """The manager declared that a text to the customer discloses nothing, though it matches ``fields`` (CMP-13)."""

    fields: tuple[str, ...]


@attrs.frozen(kw_only=True)
class AnswerPromised(ComplaintMoved):
    """The customer was told when an answer will come: the ``promise``-th time (CMP-12, CMP-18)."""

    promise: int
    until: datetime


@attrs.frozen(kw_only=True)
class DepartmentsInvolved(ComplaintMoved):
    """Other departments were asked for their parts, the ``first`` of them on, to be done by an instant (CMP-06)."""

    departments: tuple[str, ...]
    until: datetime
    first: int


@attrs.frozen(kw_only=True)
class DepartmentContributed(ComplaintMoved):
    """A department did its part (CMP-06, CMP-19)."""

    department: str
    part: int


@attrs.frozen(kw_only=True)
class InvestigationBegun(ComplaintMoved):
    """The investigation began (CMP-25)."""


@attrs.frozen(kw_only=True)
class FaultFound(ComplaintMoved):
    """R&D confirmed or denied the fault (CMP-27)."""

    confirmed: bool


@attrs.frozen(kw_only=True)
class InvestigationConcluded(ComplaintMoved):
    """The investigation ended; the report is due (CMP-07)."""


@attrs.frozen(kw_only=True)
class InvestigationReported(ComplaintMoved):
    """The report went to the deputy in charge (CMP-07)."""


@attrs.frozen(kw_only=True)
class ReportRuled(ComplaintMoved):
    """The deputy in charge ruled on the report (CMP-07)."""


@attrs.frozen(kw_only=True)
class ComplaintJudged(ComplaintMoved):
    """It was judged who is responsible (CMP-08)."""

    liable: str
    unit: str
    lost: int
    tracked: bool


@attrs.frozen(kw_only=True)
class ComplaintDismissed(ComplaintMoved):
    """The complaint is not established, says the authority to which the claim belongs (CMP-15)."""

    authority: str = ""
    acting_for: str = ""


@attrs.frozen(kw_only=True)
class RemedySubmitted(ComplaintMoved):
    """A remedy was put before the authority, the ``submission``-th of the form (CMP-11).

    ``total`` is what the whole case comes to, ``belongs_to`` the authority to which that belongs.
    """

    submission: int
    granted: int
    total: int
    pieces: int = 0
    grave: bool = False
    belongs_to: str = ""


@attrs.frozen(kw_only=True)
class ApprovalVoided(RemedySubmitted):
    """Somebody else decides the case as it is now: the approval is void, and the remedy is before them (KRN-08)."""


@attrs.frozen(kw_only=True)
class RemedyRecommended(ComplaintMoved):
    """A lower authority recommended (CMP-11)."""


@attrs.frozen(kw_only=True)
class RemedyApproved(RemedySubmitted):
    """The authority approved the remedy (CMP-11)."""

    authority: str
    acting_for: str = ""


@attrs.frozen(kw_only=True)
class RemedyReturned(ComplaintMoved):
    """The authority returned or rejected the remedy, with a reason (CMP-11)."""

    submission: int
    rejected: bool


@attrs.frozen(kw_only=True)
class RemedyProposed(RemedyApproved):
    """Within their own authority somebody proposed a solution: ``promises`` of an answer are kept (CMP-12, CMP-18)."""

    promises: int


@attrs.frozen(kw_only=True)
class ComplaintAnswered(ComplaintMoved):
    """The customer was told the outcome, ``promises`` of an answer are kept (CMP-13)."""

    channel: str
    promises: int


@attrs.frozen(kw_only=True)
class AnswerDeclined(ComplaintMoved):
    """The customer does not accept (CMP-14)."""


@attrs.frozen(kw_only=True)
class FormRenewed(ComplaintMoved):
    """A new form with the former one attached, of a case that was ``closed`` or not; its own clock runs (CMP-14)."""

    former: str
    quality: bool
    closed: bool = False


@attrs.frozen(kw_only=True)
class DismissalObjected(ComplaintMoved):
    """The customer objects to a complaint not being established: a memorandum goes to the superior (CMP-15)."""

    memorandum: str


@attrs.frozen(kw_only=True)
class DismissalSustained(ComplaintMoved):
    """The superior stands by it (CMP-15)."""

    memorandum: str


@attrs.frozen(kw_only=True)
class ComplaintReopened(ComplaintMoved):
    """The superior has it investigated anew (CMP-15)."""

    memorandum: str
    quality: bool = False


@attrs.frozen(kw_only=True)
class ComplaintEscalated(ComplaintMoved):
    """It went up one level (CMP-18)."""

    level: int
    to: str


@attrs.frozen(kw_only=True)
class CustomerSatisfied(ComplaintMoved):
    """The customer accepts the solution (CMP-18)."""

    promises: int


@attrs.frozen(kw_only=True)
class ComplaintClosed(ComplaintMoved):
    """The complaint is closed: its clock ends, ``in_time`` where one ran (CMP-25)."""

    in_time: bool | None
    reviewed: bool


@attrs.frozen(kw_only=True)
class ComplaintWithdrawn(ComplaintMoved):
    """The customer withdrew it (CMP-25)."""


@attrs.frozen(kw_only=True)
class SettlingBegun(ComplaintMoved):
    """Something that the decision wants done was begun after closing (CMP-25)."""


@attrs.frozen(kw_only=True)
class ComplaintSettled(ComplaintMoved):
    """Nothing of the case is open any more (CMP-25)."""


@attrs.frozen(kw_only=True)
class ComplaintReviewed(ComplaintMoved):
    """The GM office reviewed the closed case and decided which unit is liable (CMP-20)."""

    unit: str


@attrs.frozen(kw_only=True)
class WaitingBegun(ComplaintMoved):
    """It waits for the customer: these timers stand still (KRN-06)."""

    timers: tuple[str, ...]


@attrs.frozen(kw_only=True)
class WaitingEnded(ComplaintMoved):
    """The customer has done what it waited for: these timers run again (KRN-06)."""

    timers: tuple[str, ...]


@attrs.frozen(kw_only=True)
class NoteAdded(ComplaintMoved):
    """Somebody noted something on the case, with so many attachments (CMP-25)."""

    note: int
    attachments: int


@attrs.frozen(kw_only=True)
class PrioritySet(ComplaintMoved):
    """The case got one of the house's priorities, or none (CMP-16)."""

    priority: str


@attrs.frozen(kw_only=True)
class RemarkNoted(ComplaintMoved):
    """The customer remarked something that is not what the case is about (CMP-29)."""

    remark: int
    department: str


@attrs.frozen(kw_only=True)
class RemarkAnswered(ComplaintMoved):
    """The department concerned dealt with a remark (CMP-29)."""

    remark: int


@attrs.frozen(kw_only=True)
class SlipMoved(ComplaintMoved):
    """The ``nth`` product return slip of the case moved (CMP-22…24); ``pieces`` are those that it concerns."""

    slip: str
    nth: int
    pieces: int = 0


@attrs.frozen(kw_only=True)
class CertificateMoved(ComplaintMoved):
    """A sales discount certificate moved (CMP-21)."""

    certificate: str
    amount: int


@attrs.frozen(kw_only=True)
class PenaltyMoved(ComplaintMoved):
    """A penalty moved (CMP-10, CMP-20): ``on`` is the unit's or the person's id."""

    penalty: int
    on: str
    discipline: str
    amount: int | None = None


@attrs.frozen(kw_only=True)
class LookedAgain(ComplaintMoved):
    """The investigation goes on as one of a quality fault or not, with R&D's finding or still without."""

    quality: bool
    found: bool


@attrs.frozen(kw_only=True)
class ComplaintReclassified(LookedAgain):
    """Its class was corrected (CMP-02)."""

    grave: bool
    harm: bool


@attrs.frozen(kw_only=True)
class ReportReturned(LookedAgain):
    """The deputy in charge returned the report, with a reason (CMP-07)."""


@attrs.frozen(kw_only=True)
class ImprovementMoved(ComplaintMoved):
    """The improvement moved (CMP-09)."""
