"""The parts of a case: its forms with what stands on them, and what follows after the decision. All frozen."""

from datetime import datetime

import attrs

from csdomain.complaints import values as v
from csdomain.complaints.lifecycle import CertificateState, ImprovementState, PenaltyState, RemarkState, SlipState
from csdomain.frame.fields import words as said
from csdomain.kernel.papers.approvals import Approval, Outcome
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import WITHHELD, PersonalKind, personal


@attrs.frozen(kw_only=True)
class Submission:
    """A remedy as it was put before the authority, what was recommended, and what was decided (CMP-11)."""

    remedy: v.Remedy
    by: ActorId
    at: datetime
    recommendations: tuple[v.Opinion, ...] = ()
    approval: Approval | None = None
    returned: v.Opinion | None = None

    @property
    def approved(self) -> bool:
        """Whether the authority approved it, and nobody has turned it down since."""
        return self.approval is not None and self.approval.outcome is Outcome.APPROVED and self.returned is None


@attrs.frozen(kw_only=True)
class HandlingForm:
    """One complaint handling form of the case: what was filled in at each step, and the paper it stands on (CMP-14).

    ``past_opinions`` and ``past_findings`` are those of an investigation that a superior had begun anew (CMP-15),
    ``past_judgements`` those that were corrected.
    ``salt`` keeps the digest of the document's personal fields from being guessed; it goes when the person is erased.
    """

    number: str
    content: v.ComplaintForm
    document: Document
    salt: str = personal(PersonalKind.OTHER, metadata=WITHHELD)
    opened_at: datetime
    former: str | None = None
    accepted_at: datetime | None = None
    classification: v.Classification | None = None
    quality: bool = False
    checked: v.Opinion | None = None
    finding: v.Finding | None = None
    concluded_at: datetime | None = None
    report: v.Opinion | None = None
    ruling: v.Opinion | None = None
    judgement: v.Judgement | None = None
    dismissal: v.Opinion | None = None
    past_judgements: tuple[v.Judgement, ...] = ()
    submissions: tuple[Submission, ...] = ()
    answer: v.Notice | None = None
    past_opinions: tuple[v.Opinion, ...] = ()
    past_findings: tuple[v.Finding, ...] = ()
    declined: v.Opinion | None = None

    @property
    def submission(self) -> Submission | None:
        """The last remedy that was put before the authority."""
        return self.submissions[-1] if self.submissions else None

    @property
    def approved(self) -> Submission | None:
        """The last remedy, if it stands approved."""
        last = self.submission
        return last if last is not None and last.approved else None


@attrs.frozen(kw_only=True)
class Part:
    """What a department was asked to do, by when, and what came of it, on whose word (CMP-06, CMP-19)."""

    department: str
    round: int
    asked_at: datetime
    until: datetime
    done: v.Opinion | None = None
    word_of: ActorId | None = None


@attrs.frozen(kw_only=True)
class Memorandum:
    """A memorandum (簽呈) on a complaint that is not established, and the superior's ruling (CMP-15)."""

    number: str
    document: Document
    by: ActorId
    at: datetime
    text: str = v.words()
    ruling: v.Opinion | None = None
    reopened: bool = False


@attrs.frozen(kw_only=True)
class ReturnSlip:
    """A product return slip (產品退貨單): goods it lets back in, those that came, what finance made of it (CMP-22…24).

    ``turn`` and ``submission`` count the form and the remedy on it that it carries out. ``approved`` are the pieces
    that finance compares with; a difference that was resolved changes them, ``disputed`` says that there was one. How
    the goods come back may say from where, so it stands among the personal fields of the paper, with a ``salt``.
    """

    number: str
    state: SlipState
    turn: int
    document: Document
    goods: tuple[v.Goods, ...]
    approved: int
    returned: tuple[v.Goods, ...] = ()
    voucher: str = said(default="")
    disputed: bool = False
    resolution: str = v.remarks()
    submission: int = 0
    salt: str = personal(PersonalKind.OTHER, default="", metadata=WITHHELD)


@attrs.frozen(kw_only=True)
class Certificate:
    """A sales discount certificate (銷貨折扣證明單) for what is paid or let off (CMP-21).

    ``turn`` and ``submission`` are as on a :class:`ReturnSlip`. ``void`` says why it was made void, ``waived`` that the
    customer does not take the amount.
    """

    number: str
    state: CertificateState
    turn: int
    document: Document
    amount: Money
    voucher: str = said(default="")
    submission: int = 0
    void: v.Opinion | None = None
    waived: bool = False


@attrs.frozen(kw_only=True)
class Ledger:
    """The money of a case: what stands granted as compensation, and what became of it (CMP-21).

    ``granted`` counts a remedy that was turned down by what was booked on it, and a remedy that takes its place counts
    that in. ``drawn_up`` is on certificates that are not booked yet, ``waived`` what the customer does not take.
    """

    granted: Money
    drawn_up: Money
    booked: Money
    waived: Money

    @property
    def left(self) -> Money:
        """What may still be drawn up."""
        return self.granted - self.drawn_up - self.booked - self.waived


@attrs.frozen(kw_only=True)
class Penalty:
    """A discipline or a deduction on its way from proposal to being carried out (CMP-10, CMP-20)."""

    state: PenaltyState
    turn: int
    on: str
    discipline: str
    amount: Money | None
    approved_by: ActorId | None = None
    proposed_by: ActorId | None = None
    notice: Document | None = None

    @property
    def path(self) -> str:
        """Which variant of the lifecycle it goes through."""
        return "discipline" if self.discipline else "deduction"


@attrs.frozen(kw_only=True)
class Improvement:
    """An improvement that is tracked until its effect is verified, and what was noted on the way (CMP-09)."""

    state: ImprovementState
    turn: int
    notes: tuple[v.Opinion, ...] = ()


@attrs.frozen(kw_only=True)
class Remark:
    """Something the customer remarked besides, and what the department concerned made of it (CMP-29)."""

    state: RemarkState
    department: str
    at: datetime
    by: ActorId
    text: str = v.words()
    answer: v.Opinion | None = None


@attrs.frozen(kw_only=True)
class Note:
    """Something that somebody noted on the case, with the host's references to files that came later (CMP-25)."""

    by: ActorId
    at: datetime
    text: str = v.remarks()
    attachments: tuple[str, ...] = personal(PersonalKind.OTHER, default=())


@attrs.frozen
class Review:
    """What the GM office decided of a closed case: the unit that is liable among those that share (CMP-20)."""

    by: ActorId
    at: datetime
    unit: str
    text: str = v.remarks()
