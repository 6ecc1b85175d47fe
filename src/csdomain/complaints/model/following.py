"""Compensation, penalties, improvements and remarks, each to its own end (CMP-09, CMP-10, CMP-20, CMP-21, CMP-29)."""

from datetime import datetime
from typing import Final, TypeVar

import attrs

from csdomain.complaints import rules as r
from csdomain.complaints.events import CertificateMoved, ImprovementMoved, PenaltyMoved, RemarkAnswered
from csdomain.complaints.lifecycle import (
    CERTIFICATE_MOVES,
    IMPROVEMENT_MOVES,
    PENALTY_MOVES,
    REMARK_MOVES,
    CertificateMove,
    CertificateState,
    ImprovementMove,
    PenaltyMove,
    PenaltyState,
    RemarkMove,
)
from csdomain.complaints.values import ComplaintRules, Opinion
from csdomain.kernel.cases.events import Event
from csdomain.kernel.cases.lifecycle import Step
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.papers.documents import Document, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import NotFound, require
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.money import Money

from .forms import Certificate, Penalty
from .returning import DEPUTY, short
from .settling import Settling

CertificateStep = Step[CertificateMove, CertificateState]
PenaltyStep = Step[PenaltyMove, PenaltyState]
CERTIFICATE_KIND: Final = "discount_certificate"
PENALTY_KIND: Final = "penalty_notice"
CUSTOMER, GENERAL_MANAGER = "customer", "general_manager"
T = TypeVar("T")


class Following(Settling):
    """The commands of certificates, penalties, improvements and remarks."""

    __slots__ = ()

    # --- compensation
    def draw_certificate(
        self, number: str, amount: Money, rules: ComplaintRules, *, by: Actor, at: datetime
    ) -> tuple[Event, ...]:
        """Sales draws up a discount certificate, for no more than was approved as compensation. [CMP-21]"""
        step = CERTIFICATE_MOVES.opening(CertificateMove.DRAW_UP, by)
        at = self.later(at)
        turn, remedy = self.granted()
        approved = remedy.compensation or Money.zero(self.currency)
        drawn = sum(certificate.amount.minor for certificate in self.certificates if certificate.turn == turn)
        left = approved - Money(drawn, self.currency)
        require(
            amount.minor > 0 and amount <= left,
            r.CERTIFICATE,
            accepted=Text(f"at most {left}", f"至多 {left}"),
            amount=amount,
            limit=left,
        )
        fields = {"case": self.number, "basis": self.forms[turn - 1].number, "amount": str(amount)}
        paper = draw_up(CERTIFICATE_KIND, number, fields, by=by.id, at=at, copies=rules.copies.certificate)
        certificate = Certificate(number=number, state=step.dest, turn=turn, document=paper, amount=amount)
        self.certificates = (*self.certificates, certificate)
        return self.moved(self._certificate_event(certificate, step, by, at), by, at)

    def sign_certificate(self, number: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The deputy general manager for sales signs. [CMP-21]"""
        certificate, step, at = self._certificate(number, CertificateMove.SIGN, by, at)
        paper = certificate.document.sign(DEPUTY, by=by.id, at=at)
        return self._put_certificate(attrs.evolve(certificate, document=paper), step, by, at)

    def countersign_certificate(self, number: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The customer has signed; each copy goes to whom it is for, finance among them. [CMP-21]"""
        certificate, step, at = self._certificate(number, CertificateMove.COUNTERSIGN, by, at)
        paper = certificate.document.sign(CUSTOMER, by=ActorId(self.customer), at=at)
        for copy in paper.copies:
            paper = paper.hand_over(copy.number, copy.purpose, by=by.id, at=at)
        return self._put_certificate(attrs.evolve(certificate, document=paper), step, by, at)

    def book_certificate(self, number: str, voucher: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Finance books it, once both have signed what it says. Raises Unsigned, Tampered. [CMP-21]"""
        certificate, step, at = self._certificate(number, CertificateMove.BOOK, by, at)
        certificate.document.require_signed(DEPUTY, CUSTOMER)
        says = certificate.document.stated("amount")
        require(
            says == str(certificate.amount),
            r.CERTIFICATE,
            accepted=Text(str(says), str(says)),
            amount=certificate.amount,
        )
        return self._put_certificate(attrs.evolve(certificate, voucher=short(voucher)), step, by, at)

    def _certificate(
        self, number: str, move: CertificateMove, by: Actor, at: datetime
    ) -> tuple[Certificate, CertificateStep, datetime]:
        certificate = next((there for there in self.certificates if there.number == number), None)
        if certificate is None:
            known = ", ".join(there.number for there in self.certificates) or "-"
            raise NotFound(kind=CERTIFICATE_KIND, number=number, accepted=Text(known, known))
        step = CERTIFICATE_MOVES.check(certificate, move, by)
        certificate.document.verify()
        return certificate, step, self.later(at)

    def _put_certificate(
        self, certificate: Certificate, step: CertificateStep, by: Actor, at: datetime
    ) -> tuple[Event, ...]:
        changed = attrs.evolve(certificate, state=step.dest)
        self.certificates = tuple(changed if there.number == changed.number else there for there in self.certificates)
        return self.moved(self._certificate_event(changed, step, by, at), by, at)

    def _certificate_event(
        self, certificate: Certificate, step: CertificateStep, by: Actor, at: datetime
    ) -> CertificateMoved:
        return self.told(
            CertificateMoved,
            f"certificate.{step.trigger.value}",
            step.source,
            step.dest,
            by=by,
            at=at,
            certificate=certificate.number,
            amount=certificate.amount.minor,
        )

    # --- penalties: counted from 1, as events and errors name them
    def approve_penalty(self, count: int, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The deputy in charge approves a proposed penalty, not one on themselves. Raises OwnRequest. [CMP-10]"""
        penalty, step, at = self._penalty(count, PenaltyMove.APPROVE, by, at)
        return self._put_penalty(count, attrs.evolve(penalty, approved_by=by.id), step, by, at)

    def drop_penalty(self, count: int, reason: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The deputy in charge drops a proposed penalty, with a reason. Raises OwnRequest. [CMP-10]"""
        penalty, step, at = self._penalty(count, PenaltyMove.DROP, by, at)
        Opinion(by.id, at, reason)
        return self._put_penalty(count, penalty, step, by, at, reason=reason)

    def notice_penalty(self, count: int, number: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The general manager approves the reward-and-penalty notice of a reviewed case. [CMP-20]"""
        penalty, step, at = self._penalty(count, PenaltyMove.NOTICE, by, at)
        self._require_reviewed()
        fields = {"case": self.number, "on": penalty.on, "amount": str(penalty.amount)}
        paper = draw_up(PENALTY_KIND, number, fields, by=by.id, at=at).sign(GENERAL_MANAGER, by=by.id, at=at)
        return self._put_penalty(count, attrs.evolve(penalty, notice=paper), step, by, at)

    def carry_out_penalty(self, count: int, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """A deduction is carried out on its signed notice. Raises Unsigned, Tampered. [CMP-20]"""
        penalty, step, at = self._penalty(count, PenaltyMove.CARRY_OUT, by, at)
        notice: Document | None = penalty.notice
        require(notice is not None, r.MONTHLY_REVIEW, accepted=Text("an approved notice", "已核准的奖罚通知单"))
        if notice is not None:
            notice.require_signed(GENERAL_MANAGER)
            says = notice.stated("amount")
            accepted = Text(str(says), str(says))
            require(says == str(penalty.amount), r.MONTHLY_REVIEW, accepted=accepted, amount=penalty.amount)
        return self._put_penalty(count, penalty, step, by, at)

    def publish_penalty(self, count: int, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Personnel publishes the discipline of a reviewed case. [CMP-20]"""
        penalty, step, at = self._penalty(count, PenaltyMove.PUBLISH, by, at)
        self._require_reviewed()
        return self._put_penalty(count, penalty, step, by, at)

    def _require_reviewed(self) -> None:
        accepted = Text("a case that the GM office has reviewed", "总经理办公室已审视的案件")
        require(self.closed_at is not None and self.reviewed, r.MONTHLY_REVIEW, accepted=accepted)

    def _penalty(self, count: int, move: PenaltyMove, by: Actor, at: datetime) -> tuple[Penalty, PenaltyStep, datetime]:
        penalty = _counted(self.penalties, count, "penalty")
        step = PENALTY_MOVES.check(penalty, move, by, path=penalty.path)
        if penalty.on == by.id:
            raise OwnRequest(subject=self.id, actor=by.id)
        return penalty, step, self.later(at)

    def _put_penalty(
        self, count: int, penalty: Penalty, step: PenaltyStep, by: Actor, at: datetime, *, reason: str = ""
    ) -> tuple[Event, ...]:
        changed = attrs.evolve(penalty, state=step.dest)
        self.penalties = (*self.penalties[: count - 1], changed, *self.penalties[count:])
        event = self.told(
            PenaltyMoved,
            f"penalty.{step.trigger.value}",
            step.source,
            step.dest,
            by=by,
            at=at,
            reason=reason,
            penalty=count,
            on=changed.on,
            discipline=changed.discipline,
            amount=None if changed.amount is None else changed.amount.minor,
        )
        return self.moved(event, by, at)

    # --- improvements
    def improve(self, count: int, move: ImprovementMove, note: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """An improvement is carried out, verified to have its effect, or found to have none. [CMP-09, CMP-27]"""
        improvement = _counted(self.improvements, count, "improvement")
        step = IMPROVEMENT_MOVES.check(improvement, move, by)
        at = self.later(at)
        notes = (*improvement.notes, Opinion(by.id, at, note))
        changed = attrs.evolve(improvement, state=step.dest, notes=notes)
        self.improvements = (*self.improvements[: count - 1], changed, *self.improvements[count:])
        name = f"improvement.{step.trigger.value}"
        event = self.told(ImprovementMoved, name, step.source, step.dest, by=by, at=at, reason=note)
        return self.moved(event, by, at)

    # --- remarks
    def answer_remark(self, count: int, text: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The department concerned has dealt with a remark. [CMP-29]"""
        remark = _counted(self.remarks, count, "remark")
        step = REMARK_MOVES.check(remark, RemarkMove.ANSWER, by)
        at = self.later(at)
        changed = attrs.evolve(remark, state=step.dest, answer=Opinion(by.id, at, text))
        self.remarks = (*self.remarks[: count - 1], changed, *self.remarks[count:])
        name = f"remark.{step.trigger.value}"
        event = self.told(RemarkAnswered, name, step.source, step.dest, by=by, at=at, reason=text, remark=count)
        return self.moved(event, by, at)


def _counted(rows: tuple[T, ...], count: int, kind: str) -> T:
    if isinstance(count, bool) or not 1 <= count <= len(rows):
        known = Text(f"1 to {len(rows)}", f"1 到 {len(rows)}") if rows else Text("none", "无")
        raise NotFound(kind=kind, number=count, accepted=known)
    return rows[count - 1]
