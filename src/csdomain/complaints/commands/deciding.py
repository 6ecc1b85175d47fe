"""From the remedy that is asked for to the decision; by level: handed up, proposed, accepted (CMP-11, 12, 16, 18)."""

from collections.abc import Callable
from typing import Any, Final

import attrs

from csdomain.casework.authorities import NotTheSigner
from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, Submission
from csdomain.complaints.case.papers import TAKEN_OVER, basis, entries, require_as_signed
from csdomain.complaints.lifecycle import CertificateState, Move, SlipState, State
from csdomain.complaints.policies import LETTERS, decider, form_amount
from csdomain.frame.acts import Events
from csdomain.frame.commands import When
from csdomain.kernel.papers.approvals import (
    Approval,
    ApprovalExplanation,
    ApprovalLadder,
    ApprovalVoid,
    BeyondAuthority,
    Outcome,
    OwnRequest,
    Related,
    Request,
    decide,
    explain,
)
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money, total

from .marks import ComplaintAct, does


class AnswerBeyondDecision(RuleBroken):
    """The customer would be told something that no decision covers (CMP-12)."""

    default_rule = r.NO_PROMISE
    problem = Text("No decision covers this answer.", "没有核决涵盖此答复。")


# --- by amount
@does(Move.SUBMIT)
def submit(case: Complaint, act: ComplaintAct, remedy: v.Remedy) -> Events:
    return act.done(_submitted(case, act, remedy, case.form.submissions))


@does(Move.REVISE)
def revise(case: Complaint, act: ComplaintAct, remedy: v.Remedy) -> Events:
    over = (CertificateState.BOOKED, CertificateState.VOIDED)
    papers = [slip.number for slip in case.slips_of(case.turn) if slip.state is not SlipState.CANCELLED]
    papers += [c.number for c in case.certificates if c.turn == case.turn and c.state not in over]
    accepted = Text("a remedy whose slips and certificates are void", "退货单、折扣证明单均已作废的处理方式")
    require(not papers, r.WITHIN_LIMIT, accepted=accepted, number=papers)
    void = attrs.evolve(case.form.submissions[-1], returned=v.Opinion(act.by.id, act.at, remedy.text))
    return act.done(_submitted(case, act, remedy, (*case.form.submissions[:-1], void)))


def _submitted(
    case: Complaint, act: ComplaintAct, remedy: v.Remedy, former: tuple[Submission, ...]
) -> e.RemedySubmitted:
    _check(case, act, remedy)
    _ladder(case, act, remedy).band(_whole(case, act, remedy))  # somebody decides it
    _put_before(case, act, Submission(remedy=remedy, by=act.by.id, at=act.at), former)
    return e.RemedySubmitted(reason=remedy.text, **_figures(case, remedy, act))


def _put_before(case: Complaint, act: ComplaintAct, asked: Submission, former: tuple[Submission, ...]) -> None:
    """The remedy stands on the form as the next one, signed with what it rests on."""
    count, rests = len(former) + 1, basis(case, case.form, asked, grave=case.grave)
    paper = case.form.document.continued(**entries("proposed", count, asked.remedy))
    paper = paper.sign(f"proposal.{count}", by=act.by.id, at=act.at, different_people=False, basis=rests)
    case.put_form(submissions=(*former, asked), document=paper)


def _check(case: Complaint, act: ComplaintAct, remedy: v.Remedy) -> None:
    """Refuse a remedy in another currency, or one that is less than what it takes the place of has paid already."""
    act.rules.check_remedy(remedy, case.currency)
    paid = case.accounts[case.turn].booked
    accepted = Text(f"compensation of at least {paid}, which is booked", f"至少 {paid}（已入账）的赔款")
    given = remedy.compensation or Money.zero(case.currency)
    require(given >= paid, r.CERTIFICATE, accepted=accepted, given=given)


def _figures(case: Complaint, remedy: v.Remedy, act: ComplaintAct) -> dict[str, Any]:
    return {
        "submission": len(case.form.submissions),
        "granted": remedy.granted.minor,
        "total": case.total.minor,
        "pieces": remedy.pieces,
        "grave": case.grave,
        "belongs_to": _ladder(case, act, remedy).band(_whole(case, act, remedy)).authority,
    }


def _request(case: Complaint, act: ComplaintAct, submission: Submission) -> Request:
    """What is before the authority: the present form's amount, the whole case's, who signed. [CMP-11, KRN-08]"""
    signed = {s.role: s.by for form in case.forms for s in form.document.signatures}
    if TAKEN_OVER in signed:  # what another system did on the way there stands on that system's papers
        signed = dict.fromkeys((v.SALES, v.SERVICE), signed[TAKEN_OVER]) | signed
    form, by_departments = case.form, case.path is v.Path.DEPARTMENTS
    concerned = {ActorId(case.customer)}
    if by_departments and form.report is not None:
        concerned.add(form.report.by)
    if by_departments and form.ruling is not None and act.rules.different_people:
        concerned.add(form.ruling.by)
    return Request(
        subject=case.id,
        requested_by=submission.by if by_departments else ActorId(case.customer),
        amount=form_amount(form.content, submission.remedy, case.currency),
        case_total=_whole(case, act, submission.remedy),
        required=tuple(role for role in act.rules.signatures if role != v.RND or form.quality),
        signatures=signed,
        concerned=frozenset(concerned),
    )


def _ladder(case: Complaint, act: ComplaintAct, remedy: v.Remedy) -> ApprovalLadder:
    """The authorities that decide the case with that remedy. [CMP-11, CMP-16, CMP-18]"""
    return decider(act.rules, _whole(case, act, remedy), grave=case.grave, level=case.level)


def _whole(case: Complaint, act: ComplaintAct, remedy: v.Remedy) -> Money:
    """What decides who decides: the case's total, with related cases where the house counts them. [KRN-08]"""
    counted = act.rules.related is not None and act.rules.related.counted
    others = [other.total for other in _related(case, act)] if counted else []
    return total([case.total_with(remedy), *others], case.currency)


def _related(case: Complaint, act: ComplaintAct) -> tuple[Related, ...]:
    """Open and decided cases of the customer with an order, a batch or a product of this one. [KRN-08]"""
    if act.rules.related is None:
        return ()
    since = act.at - act.rules.related.within
    ended = (State.NOT_ESTABLISHED, State.WITHDRAWN)
    return tuple(
        Related(other.id, other.number, other.total, any(form.approved for form in other.forms))
        for other in act.siblings(case.customer, since)
        if other.id != case.id and other.state not in ended and other.currency == case.currency
        if not _goods(case).isdisjoint(_goods(other))
    )


def _goods(case: Complaint) -> set[tuple[str, str]]:
    names = ("order_number", "batch", "product")
    found = {(name, getattr(form.content, name)) for form in case.forms for name in names}
    return {(name, value) for name, value in found if value}


def _deciding(case: Complaint) -> Move:
    return Move.APPROVE if case.path is v.Path.DEPARTMENTS else Move.PROPOSE


def _decided(case: Complaint, act: ComplaintAct, submission: Submission, outcome: Outcome, reason: str) -> Approval:
    standing = act.reaching(case, Move.RECOMMEND if outcome is Outcome.RECOMMENDED else _deciding(case))
    return decide(
        _ladder(case, act, submission.remedy),
        _request(case, act, submission),
        outcome,
        by=act.by.id,
        held=standing.held,
        delegations=standing.delegations,
        at=act.at,
        reason=reason,
    )


def _may(outcome: Outcome) -> When:
    """Refuses who does not decide the case, whatever the reason. Raises as :func:`_decide`."""

    def when(case: Complaint, act: ComplaintAct) -> None:
        require_as_signed(case)
        _decided(case, act, case.form.submissions[-1], outcome, "-")

    return when


def _decide(case: Complaint, act: ComplaintAct, outcome: Outcome, reason: str) -> Events:
    """Approve, reject or return the remedy, or recommend below the authority.

    Raises OwnRequest, BeyondAuthority, SignatureMissing, Tampered, RuleBroken. [CMP-11, KRN-08]
    """
    submission = case.form.submissions[-1]
    if reason.strip():
        v.Opinion(act.by.id, act.at, reason)
    approval = _decided(case, act, submission, outcome, reason)
    if outcome is Outcome.RECOMMENDED:
        opinion = v.Opinion(act.by.id, act.at, reason)
        case.put_submission(recommendations=(*submission.recommendations, opinion))
        return act.done(e.RemedyRecommended(reason=reason))
    count = len(case.form.submissions)
    if outcome is not Outcome.APPROVED:
        case.put_submission(returned=v.Opinion(act.by.id, act.at, reason))
        return act.done(e.RemedyReturned(reason=reason, submission=count, rejected=outcome is Outcome.REJECTED))
    paper = _approved(case, count, submission, approval)
    case.put_submission(approval=approval)
    case.put_form(document=paper)
    facts = _figures(case, submission.remedy, act) | _right(approval)
    return act.done(e.RemedyApproved(reason=reason, **facts))


Deciding = Callable[[Complaint, ComplaintAct, Outcome, str], Events]
recommend: Final[Deciding] = does(Move.RECOMMEND, when=_may(Outcome.RECOMMENDED), carried=True)(_decide)
approve: Final[Deciding] = does(Move.APPROVE, when=_may(Outcome.APPROVED), carried=True)(_decide)
turn_down: Final[Deciding] = does(Move.RETURN, when=_may(Outcome.RETURNED), carried=True)(_decide)
#: What somebody may say of a remedy, the most first, and the move by which it is said.
BY: Final = {Outcome.APPROVED: Move.APPROVE, Outcome.RECOMMENDED: Move.RECOMMEND}


def explain_decision(case: Complaint, act: ComplaintAct) -> ApprovalExplanation:
    """Who decides the case as it is, what who acts may do and why. Raises RuleBroken where nothing is asked for."""
    last = case.form.submission
    if last is None:
        raise RuleBroken(r.WITHIN_LIMIT, accepted=Text("a remedy", "处理方式"))
    standing, asked = act.reaching(case, _deciding(case)), _request(case, act, last)
    by_ladder = _ladder(case, act, last.remedy)
    explained = explain(by_ladder, asked, act.by.id, standing.held, standing.delegations, act.at)
    counted = act.rules.related is not None and act.rules.related.counted
    return attrs.evolve(explained, related=_related(case, act), counted=counted)


def _approved(case: Complaint, count: int, submission: Submission, approval: Approval) -> Document:
    role, rests = f"{approval.authority}.{count}", basis(case, case.form, submission, grave=case.grave)
    paper = case.form.document.continued(**entries("approved", count, submission.remedy))
    paper = paper.sign(role, by=approval.by, at=approval.at, different_people=False, basis=rests)
    for copy in paper.copies:
        if copy.holder is None:  # the fourth, with the approved return quantity, is finance's (CMP-28)
            paper = paper.hand_over(copy.number, copy.purpose, by=approval.by, at=approval.at)
    return paper


def _right(approval: Approval) -> dict[str, Any]:
    return {"authority": approval.authority, "acting_for": approval.acting_for or ""}


def _covers(case: Complaint, rules: v.ComplaintRules, submission: Submission) -> None:
    """Refuse an approval of another amount, or by somebody who would not decide the case as it is now.

    What came after it in other cases never counts. Raises ApprovalVoid. [CMP-12, CMP-16, KRN-08]
    """
    approval = submission.approval
    assert approval is not None  # noqa: S101 - only what was approved is asked about
    approval.require_covers(case.total)
    now = decider(rules, case.total, grave=case.grave, level=case.level)
    signed = {signature.role for form in case.forms for signature in form.document.signatures}
    missing = case.form.quality and v.RND in rules.signatures and v.RND not in signed
    if missing or not now.suffices(approval.authority, case.total):
        who = now.band(case.total).authority
        accepted = Text(f"a new decision by {who}", f"由 {who} 重新核决")
        raise ApprovalVoid(subject=case.id, authority=approval.authority, accepted=accepted)


def voided(case: Complaint, act: ComplaintAct) -> Events:
    """What follows from a change after which somebody else decides: the approval is void, the remedy asked for anew.

    By level the solution is discussed again. [KRN-08]
    """
    approved = case.form.approved
    if approved is None or not does.leads(case, Move.VOID):
        return ()
    try:
        _covers(case, act.rules, approved)
    except ApprovalVoid:
        remedy = approved.remedy
        case.put_submission(returned=v.Opinion(act.by.id, act.at, remedy.text))
        if case.path is v.Path.DEPARTMENTS:
            _put_before(case, act, Submission(remedy=remedy, by=approved.by, at=act.at), case.form.submissions)
        return act.follows(does, Move.VOID, e.ApprovalVoided(**_figures(case, remedy, act)))
    return ()


def covered(case: Complaint, act: ComplaintAct) -> None:
    """Refuse to go on from a decision that does not cover the case. Raises as :func:`decided_remedy`."""
    if case.state is not State.NOT_ESTABLISHED:
        decided_remedy(case, act.rules)


def decided_remedy(case: Complaint, rules: v.ComplaintRules) -> v.Remedy:
    """The remedy that was approved, if the approval still covers the case and the form says the same. [CMP-12]

    Raises :class:`AnswerBeyondDecision`, ApprovalVoid, Tampered.
    """
    approved = case.form.approved
    if approved is None or approved.approval is None:
        raise AnswerBeyondDecision(subject=case.id, accepted=Text("a decision first", "须先核决"))
    _covers(case, rules, approved)
    count, paper = len(case.form.submissions), case.form.document
    due = entries("approved", count, approved.remedy)
    says = paper.statements(*due)
    if says != due:
        granted = str(says[f"approved.{count}"])
        raise AnswerBeyondDecision(subject=case.id, given=approved.remedy.granted, accepted=Text(granted, granted))
    require_as_signed(case)
    return approved.remedy


# --- who signs what follows
def signs(role: str) -> When:
    """Refuses who does not hold, at this moment and in person, the position that signs as ``role``; and who ruled or
    decided on the form, where the house wants different people. Raises NotTheSigner, OwnRequest. [KRN-08, KRN-09]"""

    def when(case: Complaint, act: ComplaintAct, part: Any) -> None:
        if role in act.rules.signers:
            NotTheSigner.check(act.standing, act.by.id, role, act.rules.signers)
        if act.rules.different_people:
            form = case.forms[part.turn - 1]
            decided = [one.approval.by for one in form.submissions if one.approval is not None]
            OwnRequest.check(case.id, act.by.id, [*decided, *([] if form.ruling is None else [form.ruling.by])])

    return when


# --- not established
def _dismissed(case: Complaint, act: ComplaintAct) -> Approval:
    """By what right who acts dismisses such a claim. Raises OwnRequest, BeyondAuthority. [CMP-15]"""
    by_claim = attrs.evolve(act.rules, ladder=act.rules.dismissing)
    total, standing = case.total, act.standing
    return decide(
        decider(by_claim, total, grave=case.grave, level=0),
        Request(subject=case.id, requested_by=ActorId(case.customer), amount=total, case_total=total),
        Outcome.APPROVED,
        by=act.by.id,
        held=standing.held,
        delegations=standing.delegations,
        at=act.at,
    )


@does(Move.DISMISS, when=_dismissed)
def dismiss(case: Complaint, act: ComplaintAct, reason: str) -> Events:
    opinion, form, approval = v.Opinion(act.by.id, act.at, reason), case.form, _dismissed(case, act)
    inspected = not form.quality or case.finding is not None
    require(inspected, r.FINDING, accepted=Text("R&D's finding", "研发部的检验确认"))
    entry = case.nth("dismissed", form.document.fields)
    paper = act.sign(form.document, case.nth("dismissal", case.signed), **{entry: str(case.total)})
    case.put_form(dismissal=opinion, document=paper)
    return act.done(e.ComplaintDismissed(reason=reason, **_right(approval)))


# --- by level
@does(Move.ESCALATE)
def escalate(case: Complaint, act: ComplaintAct, reason: str) -> Events:
    v.Opinion(act.by.id, act.at, reason)
    bands = act.rules.ladder.bands
    accepted = Text("a level above", "更高一级")
    require(case.level < len(bands) - 1, r.LEVELS, accepted=accepted, given=case.level)
    _require_level(case, act, bands[case.level].authority)
    case.level += 1
    case.owner = ""
    return act.done(e.ComplaintEscalated(reason=reason, level=case.level, to=bands[case.level].authority))


def _may_propose(case: Complaint, act: ComplaintAct) -> None:
    """Refuses who may propose nothing at all: neither without an amount nor the least. Raises as :func:`propose`."""
    for least in (Money(1, case.currency), Money.zero(case.currency)):
        try:
            asked = Submission(remedy=v.Remedy(granted=least, text="-"), by=act.by.id, at=act.at)
            _decided(case, act, asked, Outcome.APPROVED, "")
        except BeyondAuthority:
            if not least:
                raise
        else:
            return


def _require_level(case: Complaint, act: ComplaintAct, position: str) -> None:
    """Only who holds the position of the present level hands up; at the lowest, also whoever took the case on. [CMP-18]

    Raises RuleBroken.
    """
    holds = act.standing.holds(act.by.id, position, act.at) or (case.level == 0 and case.owner == act.by.id)
    accepted = Text(f"{position}, or somebody who stands in", f"{position} 或其代理人")
    require(holds, r.LEVELS, accepted=accepted, level=case.level)


@does(Move.PROPOSE, asked=_may_propose, carried=True)
def propose(case: Complaint, act: ComplaintAct, remedy: v.Remedy) -> Events:
    _check(case, act, remedy)
    LETTERS.require_nothing_internal(remedy.text, case.internal, case.heard, act.rules.disclosure, case.cleared)
    submission = Submission(remedy=remedy, by=act.by.id, at=act.at)
    approval = _decided(case, act, submission, Outcome.APPROVED, "")
    paper = _approved(case, len(case.form.submissions) + 1, submission, approval)
    decided = attrs.evolve(submission, approval=approval)
    case.put_form(submissions=(*case.form.submissions, decided), document=paper)
    case.owner = act.by.id
    facts = _figures(case, remedy, act) | _right(approval) | {"promises": case.promises}
    return act.done(e.RemedyProposed(reason=remedy.text, **facts))


@does(Move.SATISFY, when=covered)
def satisfy(case: Complaint, act: ComplaintAct) -> Events:
    return act.done(e.CustomerSatisfied(promises=case.promises))
