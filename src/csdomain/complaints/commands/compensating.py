"""What follows, each to its own end: compensation, penalties, improvements, remarks (CMP-09, 10, 20, 21, 27, 29)."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Certificate, Complaint, Improvement, Penalty, Remark
from csdomain.complaints.lifecycle import (
    CertificateMove,
    CertificateState,
    ImprovementMove,
    PenaltyMove,
    PenaltyState,
    RemarkMove,
)
from csdomain.frame.acts import Events
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.papers.documents import Document, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money

from .deciding import signs
from .marks import CERTIFICATES, IMPROVEMENTS, PENALTIES, REMARKS, ComplaintAct, settling
from .returning import DEPUTY, short
from .settling import granted, require_standing

CERTIFICATE_KIND: Final = "discount_certificate"
PENALTY_KIND: Final = "penalty_notice"
CUSTOMER, GENERAL_MANAGER, VOID = "customer", v.GENERAL_MANAGER, "void"


# --- compensation
@CERTIFICATES.opens(CertificateMove.DRAW_UP)
def draw_certificate(case: Complaint, act: ComplaintAct, amount: Money) -> Events:
    granted(case)
    accounts = {turn: account.left for turn, account in case.accounts.items() if account.left}
    turn, left = next(iter(accounts.items()), (case.turn, Money.zero(case.currency)))
    accepted = Text(f"at most {left}", f"至多 {left}")
    require(amount.minor > 0 and amount <= left, r.CERTIFICATE, accepted=accepted, amount=amount, limit=left)
    number = act.number(act.rules.numbers.certificate)
    fields = {"case": case.number, "basis": case.forms[turn - 1].number, "amount": str(amount)}
    copies = act.rules.copies.certificate
    paper = draw_up(CERTIFICATE_KIND, number, fields, by=act.by.id, at=act.at, copies=copies)
    certificate = Certificate(
        number=number,
        state=CertificateState.DRAWN_UP,
        turn=turn,
        submission=len(case.forms[turn - 1].submissions),
        document=paper,
        amount=amount,
    )
    case.certificates = (*case.certificates, certificate)
    return settling(case, act, act.began(_certificate_moved(certificate)))


@CERTIFICATES(CertificateMove.SIGN, when=signs(DEPUTY))
def sign_certificate(case: Complaint, act: ComplaintAct, certificate: Certificate) -> Events:
    require_standing(case, certificate, r.CERTIFICATE)
    certificate.document.verify()
    paper = certificate.document.sign(DEPUTY, by=act.by.id, at=act.at)
    return _put_certificate(case, act, attrs.evolve(certificate, document=paper))


@CERTIFICATES(CertificateMove.COUNTERSIGN)
def countersign_certificate(case: Complaint, act: ComplaintAct, certificate: Certificate) -> Events:
    require_standing(case, certificate, r.CERTIFICATE)
    certificate.document.verify()
    paper = certificate.document.sign(CUSTOMER, by=ActorId(case.customer), at=act.at)
    paper = paper.distribute(by=act.by.id, at=act.at)
    return _put_certificate(case, act, attrs.evolve(certificate, document=paper))


@CERTIFICATES(CertificateMove.BOOK)
def book_certificate(case: Complaint, act: ComplaintAct, certificate: Certificate, voucher: str) -> Events:
    require_standing(case, certificate, r.CERTIFICATE)
    certificate.document.require_signed(DEPUTY, CUSTOMER)
    says = str(certificate.document.stated("amount"))
    amount = certificate.amount
    require(says == str(amount), r.CERTIFICATE, accepted=Text(says, says), amount=amount)
    return _put_certificate(case, act, attrs.evolve(certificate, voucher=short(voucher)))


@CERTIFICATES(CertificateMove.VOID)
def void_certificate(
    case: Complaint, act: ComplaintAct, certificate: Certificate, reason: str, *, waived: bool = False
) -> Events:
    void = v.Opinion(act.by.id, act.at, reason)
    paper = act.sign(certificate.document, VOID, void="waived" if waived else "void")
    changed = attrs.evolve(certificate, document=paper, void=void, waived=waived)
    return settling(case, act, act.put(changed, _certificate_moved(certificate, reason)))


def _put_certificate(case: Complaint, act: ComplaintAct, certificate: Certificate) -> Events:
    return settling(case, act, act.put(certificate, _certificate_moved(certificate)))


def _certificate_moved(certificate: Certificate, reason: str = "") -> e.CertificateMoved:
    return e.CertificateMoved(reason=reason, certificate=certificate.number, amount=certificate.amount.minor)


# --- penalties: counted from 1, as events and errors name them
def _by_others(case: Complaint, act: ComplaintAct, penalty: Penalty) -> None:
    """Refuses the one on whom it is, and to approve it the one who proposed it. Raises OwnRequest. [CMP-10, KRN-08]"""
    approving = penalty.state is PenaltyState.PROPOSED
    OwnRequest.check(case.id, act.by.id, [penalty.on, *([penalty.proposed_by] if approving else [])])


def _by_signer(case: Complaint, act: ComplaintAct, penalty: Penalty) -> None:
    _by_others(case, act, penalty)
    signs(GENERAL_MANAGER)(case, act, penalty)


@PENALTIES(PenaltyMove.APPROVE, when=_by_others)
def approve_penalty(case: Complaint, act: ComplaintAct, penalty: Penalty, reason: str = "") -> Events:
    return _put_penalty(case, act, attrs.evolve(penalty, approved_by=act.by.id), reason)


@PENALTIES(PenaltyMove.DROP, when=_by_others)
def drop_penalty(case: Complaint, act: ComplaintAct, penalty: Penalty, reason: str) -> Events:
    v.Opinion(act.by.id, act.at, reason)
    return _put_penalty(case, act, penalty, reason)


@PENALTIES(PenaltyMove.NOTICE, when=_by_signer)
def notice_penalty(case: Complaint, act: ComplaintAct, penalty: Penalty) -> Events:
    _require_reviewed(case)
    number = act.number(act.rules.numbers.penalty)
    fields = {"case": case.number, "on": penalty.on, "amount": str(penalty.amount)}
    paper = draw_up(PENALTY_KIND, number, fields, by=act.by.id, at=act.at)
    paper = paper.sign(GENERAL_MANAGER, by=act.by.id, at=act.at)
    return _put_penalty(case, act, attrs.evolve(penalty, notice=paper))


@PENALTIES(PenaltyMove.CARRY_OUT, when=_by_others)
def carry_out_penalty(case: Complaint, act: ComplaintAct, penalty: Penalty, reason: str = "") -> Events:
    notice: Document | None = penalty.notice
    require(notice is not None, r.MONTHLY_REVIEW, accepted=Text("an approved notice", "已核准的奖罚通知单"))
    if notice is not None:
        notice.require_signed(GENERAL_MANAGER)
        says = str(notice.stated("amount"))
        accepted = Text(says, says)
        require(says == str(penalty.amount), r.MONTHLY_REVIEW, accepted=accepted, amount=penalty.amount)
    return _put_penalty(case, act, penalty, reason)


@PENALTIES(PenaltyMove.PUBLISH, when=_by_others)
def publish_penalty(case: Complaint, act: ComplaintAct, penalty: Penalty, reason: str = "") -> Events:
    _require_reviewed(case)
    return _put_penalty(case, act, penalty, reason)


def _require_reviewed(case: Complaint) -> None:
    accepted = Text("a case that the GM office has reviewed", "总经理办公室已审视的案件")
    require(case.closed_at is not None and case.reviewed, r.MONTHLY_REVIEW, accepted=accepted)


def _put_penalty(case: Complaint, act: ComplaintAct, penalty: Penalty, reason: str = "") -> Events:
    amount = None if penalty.amount is None else penalty.amount.minor
    moved = e.PenaltyMoved(reason=reason, penalty=act.part, on=penalty.on, discipline=penalty.discipline, amount=amount)
    return settling(case, act, act.put(penalty, moved))


# --- improvements and remarks
def _noted(case: Complaint, act: ComplaintAct, improvement: Improvement, note: str) -> Events:
    notes = (*improvement.notes, v.Opinion(act.by.id, act.at, note))
    changed = attrs.evolve(improvement, notes=notes)
    return settling(case, act, act.put(changed, e.ImprovementMoved(reason=note)))


#: An improvement is carried out, verified to have its effect, found to have none, or dropped.
IMPROVE: Final[Mapping[ImprovementMove, Callable[[Complaint, ComplaintAct, int, str], Events]]] = {
    move: IMPROVEMENTS(move)(_noted)
    for move in (ImprovementMove.CARRY_OUT, ImprovementMove.VERIFY, ImprovementMove.FAIL, ImprovementMove.DROP)
}


@REMARKS(RemarkMove.ANSWER)
def answer_remark(case: Complaint, act: ComplaintAct, remark: Remark, text: str) -> Events:
    changed = attrs.evolve(remark, answer=v.Opinion(act.by.id, act.at, text))
    return settling(case, act, act.put(changed, e.RemarkAnswered(reason=text, remark=act.part)))
