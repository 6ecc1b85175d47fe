"""From the remedy that is asked for to the customer's word on it: decided, answered, declined (CMP-11…18)."""

from datetime import datetime
from typing import Final

import attrs

from csdomain.complaints import rules as r
from csdomain.complaints.events import (
    AnswerDeclined,
    ComplaintAnswered,
    ComplaintEscalated,
    ComplaintReopened,
    CustomerSatisfied,
    DismissalObjected,
    DismissalSustained,
    FormRenewed,
    RemedyApproved,
    RemedyProposed,
    RemedyRecommended,
    RemedyReturned,
    RemedySubmitted,
)
from csdomain.complaints.lifecycle import Move, State
from csdomain.complaints.policies import decider, form_amount, require_nothing_internal
from csdomain.complaints.values import Channel, ComplaintForm, ComplaintRules, Notice, Opinion, Path, Remedy
from csdomain.complaints.values.standing import Standing as Standing
from csdomain.kernel.cases.events import Event
from csdomain.kernel.papers.approvals import (
    Approval,
    ApprovalExplanation,
    ApprovalLadder,
    Outcome,
    OwnRequest,
    Request,
    decide,
    explain,
)
from csdomain.kernel.papers.documents import Document, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.money import Money

from .case import CaseBody, MainStep
from .forms import HandlingForm, Memorandum, Submission
from .investigating import RND, SERVICE, drawn_up
from .papers import entries, require_as_signed

MEMORANDUM_KIND = "memorandum"


class AnswerBeyondDecision(RuleBroken):
    """The customer would be told something that no decision covers (CMP-12)."""

    default_rule = r.NO_PROMISE
    problem = Text("No decision covers this answer.", "没有核决涵盖此答复。")


class Deciding(CaseBody):
    """The commands around the decision."""

    __slots__ = ()

    # --- by amount
    def submit(self, remedy: Remedy, rules: ComplaintRules, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """A remedy is put before the authority to which the case's amount belongs. [CMP-11]"""
        step, at = self.begin(Move.SUBMIT, by, at)
        return (self._submitted(step, remedy, rules, by, at, former=self.form.submissions),)

    def revise(self, remedy: Remedy, rules: ComplaintRules, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Another remedy instead of the one approved: the approval is void, and it is decided anew. [CMP-11, KRN-08]"""
        step, at = self.begin(Move.REVISE, by, at)
        drawn = {slip.turn for slip in self.slips} | {certificate.turn for certificate in self.certificates}
        require(
            self.turn not in drawn,
            r.WITHIN_LIMIT,
            accepted=Text("a remedy that no paper was drawn up for", "尚未开立单据的处理方式"),
        )
        void = attrs.evolve(self.form.submissions[-1], returned=Opinion(by.id, at, remedy.text))
        return (self._submitted(step, remedy, rules, by, at, former=(*self.form.submissions[:-1], void)),)

    def _submitted(
        self,
        step: MainStep,
        remedy: Remedy,
        rules: ComplaintRules,
        by: Actor,
        at: datetime,
        *,
        former: tuple[Submission, ...],
    ) -> RemedySubmitted:
        rules.check_remedy(remedy, self.currency)
        self.ladder(rules, remedy).band(self.total_with(remedy))  # somebody decides it
        count = len(former) + 1
        paper = self.form.document.continued(**entries("proposed", count, remedy))
        paper = paper.sign(f"proposal.{count}", by=by.id, at=at, different_people=False)
        submission = Submission(remedy=remedy, by=by.id, at=at)
        self.put_form(submissions=(*former, submission), document=paper)
        return self.done(step, RemedySubmitted, by=by, at=at, reason=remedy.text, **self._figures(remedy, rules))

    def _figures(self, remedy: Remedy, rules: ComplaintRules) -> dict[str, object]:
        return {
            "submission": len(self.form.submissions),
            "granted": remedy.granted.minor,
            "total": self.total.minor,
            "pieces": remedy.pieces,
            "grave": self.grave,
            "belongs_to": self.ladder(rules, remedy).band(self.total).authority,
        }

    def request(self, rules: ComplaintRules, submission: Submission) -> Request:
        """What is before the authority: the present form's amount, the whole case's, who signed. [CMP-11, KRN-08]"""
        required = [role for role in rules.signatures if role != RND or self.form.quality]
        signed = {s.role: s.by for form in self.forms for s in form.document.signatures}
        return Request(
            subject=self.id,
            requested_by=submission.by if self.path is Path.DEPARTMENTS else ActorId(self.customer),
            amount=form_amount(self.form.content, submission.remedy, self.currency),
            case_total=self.total_with(submission.remedy),
            required=tuple(required),
            signatures=signed,
        )

    def ladder(self, rules: ComplaintRules, remedy: Remedy) -> ApprovalLadder:
        """The authorities that decide the case with that remedy. [CMP-11, CMP-16, CMP-18]"""
        return decider(rules, self.total_with(remedy), grave=self.grave, level=self.level)

    def decide(
        self, outcome: Outcome, rules: ComplaintRules, standing: Standing, *, by: Actor, at: datetime, reason: str = ""
    ) -> tuple[Event, ...]:
        """Approve, reject or return the remedy, or recommend below the authority.

        Raises OwnRequest, BeyondAuthority, SignatureMissing, Tampered, RuleBroken. [CMP-11, KRN-08]
        """
        step, at = self.begin(_MOVES[outcome], by, at)
        require_as_signed(self)
        submission = self.form.submissions[-1]
        if reason.strip():
            Opinion(by.id, at, reason)
        approval = decide(
            self.ladder(rules, submission.remedy),
            self.request(rules, submission),
            outcome,
            by=by.id,
            held=standing.held,
            delegations=standing.delegations,
            at=at,
            reason=reason,
        )
        if outcome is Outcome.RECOMMENDED:
            opinion = Opinion(by.id, at, reason)
            self.put_submission(recommendations=(*submission.recommendations, opinion))
            return (self.done(step, RemedyRecommended, by=by, at=at, reason=reason),)
        if outcome is not Outcome.APPROVED:
            figures = {"submission": len(self.form.submissions), "rejected": outcome is Outcome.REJECTED}
            self.put_submission(returned=Opinion(by.id, at, reason))
            return (self.done(step, RemedyReturned, by=by, at=at, reason=reason, **figures),)
        paper = _approved(self.form.document, len(self.form.submissions), submission.remedy, approval)
        self.put_submission(approval=approval)
        self.put_form(document=paper)
        facts = self._figures(submission.remedy, rules) | _right(approval)
        return (self.done(step, RemedyApproved, by=by, at=at, reason=reason, **facts),)

    def explain_decision(
        self, rules: ComplaintRules, standing: Standing, *, by: ActorId, at: datetime
    ) -> ApprovalExplanation:
        """Who decides the case as it is, what ``by`` may do and why. Raises RuleBroken where nothing is asked for."""
        last = self.form.submission
        if last is None:
            raise RuleBroken(r.WITHIN_LIMIT, accepted=Text("a remedy", "处理方式"))
        request = self.request(rules, last)
        return explain(self.ladder(rules, last.remedy), request, by, standing.held, standing.delegations, at)

    # --- the customer
    def answer(self, channel: Channel, text: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The customer is told the outcome, by a notice of its own. A grave complaint is answered by letter.

        Raises :class:`AnswerBeyondDecision`, InternalDisclosed, ApprovalVoid, Tampered. [CMP-12, CMP-13, CMP-16]
        """
        step, at = self.begin(Move.ANSWER, by, at)
        require_nothing_internal(text, self.internal)
        require(not self.grave or channel is Channel.LETTER, r.GRAVE, accepted=Text("a letter", "书信"), given=channel)
        remedy = Remedy(granted=Money.zero(self.currency), text=text)
        if self.state is State.DECIDED:
            remedy = self.decided_remedy()
        content = self.form.content
        notice = Notice(
            case=self.number,
            order_number=content.order_number,
            product=content.product,
            granted=remedy.granted,
            compensation=remedy.compensation,
            pieces=remedy.pieces,
            channel=channel,
            told_at=at,
            text=text,
        )
        self.put_form(answer=notice)
        return (
            self.done(
                step, ComplaintAnswered, by=by, at=at, reason=text, channel=channel.value, promises=self.promises
            ),
        )

    def decided_remedy(self) -> Remedy:
        """The remedy that was approved, if the approval still covers the case and the form says the same. [CMP-12]

        Raises :class:`AnswerBeyondDecision`, ApprovalVoid, Tampered.
        """
        approved = self.form.approved
        if approved is None or approved.approval is None:
            raise AnswerBeyondDecision(subject=self.id, accepted=Text("a decision first", "须先核决"))
        approved.approval.require_covers(self.total)
        count, paper = len(self.form.submissions), self.form.document
        due = entries("approved", count, approved.remedy)
        says = paper.statements(*due)
        if says != due:
            granted = str(says[f"approved.{count}"])
            raise AnswerBeyondDecision(subject=self.id, given=approved.remedy.granted, accepted=Text(granted, granted))
        require_as_signed(self)
        return approved.remedy

    def decline(self, reason: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The customer does not accept: a new form follows, or the solution is discussed anew. [CMP-14]"""
        step, at = self.begin(Move.DECLINE, by, at)
        declined = Opinion(by.id, at, reason)
        if self.path is Path.DEPARTMENTS:
            self.put_form(declined=declined)
        else:
            self.put_submission(returned=declined)
        return (self.done(step, AnswerDeclined, by=by, at=at, reason=reason),)

    def renew(
        self, number: str, content: ComplaintForm, rules: ComplaintRules, *, salt: str, by: Actor, at: datetime
    ) -> tuple[Event, ...]:
        """Customer service opens a new form that attaches the former one; its own clock runs from now. [CMP-14]"""
        step, at = self.begin(Move.RENEW, by, at)
        require(
            content.customer == self.customer,
            r.NOT_ACCEPTED,
            accepted=Text("the case's own customer", "本案的客户"),
            customer=content.customer,
        )
        former = self.form
        paper = drawn_up(number, content, rules, salt=salt, by=by, at=at, former=former.number)
        paper = paper.sign(SERVICE, by=by.id, at=at, different_people=False)
        form = HandlingForm(
            number=number,
            content=content,
            document=paper,
            salt=salt,
            opened_at=at,
            former=former.number,
            accepted_at=at,
            classification=former.classification,
            quality=former.quality,
        )
        self.forms = (*self.forms, form)
        return (self.done(step, FormRenewed, by=by, at=at, former=former.number, quality=form.quality),)

    # --- not established
    def object(self, number: str, text: str, rules: ComplaintRules, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The customer objects to the complaint not being established: a memorandum to the superior. [CMP-15]"""
        step, at = self.begin(Move.OBJECT, by, at)
        require(self.form.answer is not None, r.NOT_ESTABLISHED, accepted=Text("a customer who was told", "已告知客户"))
        waiting = [memo.number for memo in self.memoranda if memo.ruling is None]
        require(not waiting, r.NOT_ESTABLISHED, accepted=Text("a ruling first", "须先有批示"), missing=waiting)
        paper = draw_up(MEMORANDUM_KIND, number, {"case": self.number}, by=by.id, at=at)
        paper = paper.sign("author", by=by.id, at=at)
        self.memoranda = (*self.memoranda, Memorandum(number=number, document=paper, by=by.id, at=at, text=text))
        return (self.done(step, DismissalObjected, by=by, at=at, reason=text, memorandum=number),)

    def rule_on_objection(self, *, reopen: bool, text: str, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The superior stands by it, or has it investigated anew; never its own author. Raises OwnRequest. [CMP-15]"""
        step, at = self.begin(Move.REOPEN if reopen else Move.SUSTAIN, by, at)
        memo = self.memoranda[-1] if self.memoranda else None
        require(memo is not None and memo.ruling is None, r.NOT_ESTABLISHED, accepted=Text("a memorandum", "签呈"))
        assert memo is not None  # noqa: S101 - required above
        if memo.by == by.id:
            raise OwnRequest(subject=self.id, actor=by.id)
        ruling = Opinion(by.id, at, text)
        paper = memo.document.sign("superior", by=by.id, at=at)
        changed = attrs.evolve(memo, ruling=ruling, reopened=reopen, document=paper)
        self.memoranda = (*self.memoranda[:-1], changed)
        if reopen:
            form = self.form
            past = [opinion for opinion in (form.report, form.ruling, form.dismissal) if opinion is not None]
            self.put_form(
                **dict.fromkeys(("dismissal", "answer", "concluded_at", "report", "ruling", "finding")),
                past_opinions=(*form.past_opinions, *past),
                past_findings=(*form.past_findings, *([] if form.finding is None else [form.finding])),
            )
        facts = {"memorandum": memo.number}
        if reopen:
            quality = self.form.quality
            return (self.done(step, ComplaintReopened, by=by, at=at, reason=text, quality=quality, **facts),)
        return (self.done(step, DismissalSustained, by=by, at=at, reason=text, **facts),)

    # --- by level
    def escalate(self, reason: str, rules: ComplaintRules, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """It is beyond one's authority: up one level, with the reason. Raises RuleBroken at the top. [CMP-18]"""
        step, at = self.begin(Move.ESCALATE, by, at)
        Opinion(by.id, at, reason)
        highest = len(rules.ladder.bands) - 1
        require(self.level < highest, r.LEVELS, accepted=Text("a level above", "更高一级"), given=self.level)
        self.level += 1
        self.owner = ""
        to = rules.ladder.bands[self.level].authority
        return (self.done(step, ComplaintEscalated, by=by, at=at, reason=reason, level=self.level, to=to),)

    def propose(
        self, remedy: Remedy, rules: ComplaintRules, standing: Standing, *, by: Actor, at: datetime
    ) -> tuple[Event, ...]:
        """Within one's own authority a solution is proposed to the customer: that is the decision.

        Raises BeyondAuthority, CurrencyMismatch, InternalDisclosed. [CMP-12, CMP-18]
        """
        step, at = self.begin(Move.PROPOSE, by, at)
        rules.check_remedy(remedy, self.currency)
        require_nothing_internal(remedy.text, self.internal)
        submission = Submission(remedy=remedy, by=by.id, at=at)
        approval = decide(
            self.ladder(rules, remedy),
            self.request(rules, submission),
            Outcome.APPROVED,
            by=by.id,
            held=standing.held,
            delegations=standing.delegations,
            at=at,
        )
        paper = _approved(self.form.document, len(self.form.submissions) + 1, remedy, approval)
        decided = attrs.evolve(submission, approval=approval)
        self.put_form(submissions=(*self.form.submissions, decided), document=paper)
        self.owner = by.id
        facts = self._figures(remedy, rules) | _right(approval) | {"promises": self.promises}
        return (self.done(step, RemedyProposed, by=by, at=at, reason=remedy.text, **facts),)

    def satisfy(self, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The customer accepts the solution. [CMP-18]"""
        step, at = self.begin(Move.SATISFY, by, at)
        self.decided_remedy()
        return (self.done(step, CustomerSatisfied, by=by, at=at, promises=self.promises),)


_MOVES: Final = {
    Outcome.APPROVED: Move.APPROVE,
    Outcome.REJECTED: Move.RETURN,
    Outcome.RETURNED: Move.RETURN,
    Outcome.RECOMMENDED: Move.RECOMMEND,
}


def _approved(paper: Document, count: int, remedy: Remedy, approval: Approval) -> Document:
    role = f"{approval.authority}.{count}"
    paper = paper.continued(**entries("approved", count, remedy))
    paper = paper.sign(role, by=approval.by, at=approval.at, different_people=False)
    for copy in paper.copies:
        if copy.holder is None:  # the fourth, with the approved return quantity, is finance's (CMP-28)
            paper = paper.hand_over(copy.number, copy.purpose, by=approval.by, at=approval.at)
    return paper


def _right(approval: Approval) -> dict[str, object]:
    return {"authority": approval.authority, "acting_for": approval.acting_for or ""}
