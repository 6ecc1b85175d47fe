"""From the remedy that is asked for to the decision; by level: handed up, proposed, accepted (CMP-11, 12, 16, 18)."""

from collections.abc import Callable
from typing import Any, Final

import attrs

from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, Submission
from csdomain.complaints.case.papers import RND, basis, entries, require_as_signed
from csdomain.complaints.lifecycle import Move
from csdomain.complaints.policies import decider, form_amount, require_nothing_internal
from csdomain.frame.acts import Events
from csdomain.kernel.papers.approvals import (
    Approval,
    ApprovalExplanation,
    ApprovalLadder,
    Outcome,
    Request,
    decide,
    explain,
)
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.values.actors import ActorId

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
    drawn = {slip.turn for slip in case.slips} | {certificate.turn for certificate in case.certificates}
    accepted = Text("a remedy that no paper was drawn up for", "尚未开立单据的处理方式")
    require(case.turn not in drawn, r.WITHIN_LIMIT, accepted=accepted)
    void = attrs.evolve(case.form.submissions[-1], returned=v.Opinion(act.by.id, act.at, remedy.text))
    return act.done(_submitted(case, act, remedy, (*case.form.submissions[:-1], void)))


def _submitted(
    case: Complaint, act: ComplaintAct, remedy: v.Remedy, former: tuple[Submission, ...]
) -> e.RemedySubmitted:
    act.rules.check_remedy(remedy, case.currency)
    ladder(case, act.rules, remedy).band(case.total_with(remedy))  # somebody decides it
    count = len(former) + 1
    paper = case.form.document.continued(**entries("proposed", count, remedy))
    submission = Submission(remedy=remedy, by=act.by.id, at=act.at)
    rests = basis(case, case.form, submission, grave=case.grave)
    paper = paper.sign(f"proposal.{count}", by=act.by.id, at=act.at, different_people=False, basis=rests)
    case.put_form(submissions=(*former, submission), document=paper)
    return e.RemedySubmitted(reason=remedy.text, **_figures(case, remedy, act.rules))


def _figures(case: Complaint, remedy: v.Remedy, rules: v.ComplaintRules) -> dict[str, Any]:
    return {
        "submission": len(case.form.submissions),
        "granted": remedy.granted.minor,
        "total": case.total.minor,
        "pieces": remedy.pieces,
        "grave": case.grave,
        "belongs_to": ladder(case, rules, remedy).band(case.total).authority,
    }


def request(case: Complaint, rules: v.ComplaintRules, submission: Submission) -> Request:
    """What is before the authority: the present form's amount, the whole case's, who signed. [CMP-11, KRN-08]"""
    required = [role for role in rules.signatures if role != RND or case.form.quality]
    signed = {s.role: s.by for form in case.forms for s in form.document.signatures}
    return Request(
        subject=case.id,
        requested_by=submission.by if case.path is v.Path.DEPARTMENTS else ActorId(case.customer),
        amount=form_amount(case.form.content, submission.remedy, case.currency),
        case_total=case.total_with(submission.remedy),
        required=tuple(required),
        signatures=signed,
    )


def ladder(case: Complaint, rules: v.ComplaintRules, remedy: v.Remedy) -> ApprovalLadder:
    """The authorities that decide the case with that remedy. [CMP-11, CMP-16, CMP-18]"""
    return decider(rules, case.total_with(remedy), grave=case.grave, level=case.level)


def _decided(case: Complaint, act: ComplaintAct, submission: Submission, outcome: Outcome, reason: str) -> Approval:
    standing = act.standing
    return decide(
        ladder(case, act.rules, submission.remedy),
        request(case, act.rules, submission),
        outcome,
        by=act.by.id,
        held=standing.held,
        delegations=standing.delegations,
        at=act.at,
        reason=reason,
    )


def _decide(case: Complaint, act: ComplaintAct, outcome: Outcome, reason: str) -> Events:
    """Approve, reject or return the remedy, or recommend below the authority.

    Raises OwnRequest, BeyondAuthority, SignatureMissing, Tampered, RuleBroken. [CMP-11, KRN-08]
    """
    require_as_signed(case)
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
    facts = _figures(case, submission.remedy, act.rules) | _right(approval)
    return act.done(e.RemedyApproved(reason=reason, **facts))


Deciding = Callable[[Complaint, ComplaintAct, Outcome, str], Events]
recommend: Final[Deciding] = does(Move.RECOMMEND)(_decide)
approve: Final[Deciding] = does(Move.APPROVE)(_decide)
turn_down: Final[Deciding] = does(Move.RETURN)(_decide)


def explain_decision(case: Complaint, act: ComplaintAct) -> ApprovalExplanation:
    """Who decides the case as it is, what who acts may do and why. Raises RuleBroken where nothing is asked for."""
    last = case.form.submission
    if last is None:
        raise RuleBroken(r.WITHIN_LIMIT, accepted=Text("a remedy", "处理方式"))
    standing = act.standing
    asked = request(case, act.rules, last)
    by_ladder = ladder(case, act.rules, last.remedy)
    return explain(by_ladder, asked, act.by.id, standing.held, standing.delegations, act.at)


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


def decided_remedy(case: Complaint) -> v.Remedy:
    """The remedy that was approved, if the approval still covers the case and the form says the same. [CMP-12]

    Raises :class:`AnswerBeyondDecision`, ApprovalVoid, Tampered.
    """
    approved = case.form.approved
    if approved is None or approved.approval is None:
        raise AnswerBeyondDecision(subject=case.id, accepted=Text("a decision first", "须先核决"))
    approved.approval.require_covers(case.total)
    count, paper = len(case.form.submissions), case.form.document
    due = entries("approved", count, approved.remedy)
    says = paper.statements(*due)
    if says != due:
        granted = str(says[f"approved.{count}"])
        raise AnswerBeyondDecision(subject=case.id, given=approved.remedy.granted, accepted=Text(granted, granted))
    require_as_signed(case)
    return approved.remedy


# --- by level
@does(Move.ESCALATE)
def escalate(case: Complaint, act: ComplaintAct, reason: str) -> Events:
    v.Opinion(act.by.id, act.at, reason)
    bands = act.rules.ladder.bands
    accepted = Text("a level above", "更高一级")
    require(case.level < len(bands) - 1, r.LEVELS, accepted=accepted, given=case.level)
    case.level += 1
    case.owner = ""
    return act.done(e.ComplaintEscalated(reason=reason, level=case.level, to=bands[case.level].authority))


@does(Move.PROPOSE)
def propose(case: Complaint, act: ComplaintAct, remedy: v.Remedy) -> Events:
    act.rules.check_remedy(remedy, case.currency)
    require_nothing_internal(remedy.text, case.internal)
    submission = Submission(remedy=remedy, by=act.by.id, at=act.at)
    approval = _decided(case, act, submission, Outcome.APPROVED, "")
    paper = _approved(case, len(case.form.submissions) + 1, submission, approval)
    decided = attrs.evolve(submission, approval=approval)
    case.put_form(submissions=(*case.form.submissions, decided), document=paper)
    case.owner = act.by.id
    facts = _figures(case, remedy, act.rules) | _right(approval) | {"promises": case.promises}
    return act.done(e.RemedyProposed(reason=remedy.text, **facts))


@does(Move.SATISFY)
def satisfy(case: Complaint, act: ComplaintAct) -> Events:
    decided_remedy(case)
    return act.done(e.CustomerSatisfied(promises=case.promises))
