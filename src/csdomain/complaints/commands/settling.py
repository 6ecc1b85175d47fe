"""Closing, withdrawing, the monthly review, and the remedy that papers may be drawn up for (CMP-20, CMP-25)."""

from typing import Final

from csdomain.casework.months import month_of
from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Certificate, Complaint, ReturnSlip, Review
from csdomain.complaints.case.papers import require_as_signed
from csdomain.complaints.lifecycle import Move, State
from csdomain.frame.acts import Events
from csdomain.frame.fields import one_of
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import RuleBroken, require, typed_in
from csdomain.kernel.store.kinds import storable

from .deciding import AnswerBeyondDecision
from .marks import ComplaintAct, does, settled

#: How long the outcome of a case may be.
OUTCOME: Final = 400


class JudgementMissing(RuleBroken):
    """A case would be closed of which nobody has judged who is responsible (CMP-08, CMP-25)."""

    default_rule = r.JUDGEMENT
    problem = Text("A case is closed only once it is judged.", "未判定责任的案件不得结案。")


@does(Move.CLOSE)
def close(case: Complaint, act: ComplaintAct, outcome: str) -> Events:
    require(
        storable(outcome, OUTCOME) and bool(outcome.strip()),
        r.STATES,
        accepted=Text(f"an outcome of 1 to {OUTCOME} characters", f"1 到 {OUTCOME} 字的处理结果"),
        given=len(outcome),
    )
    named = case.handler is not None or bool(case.desk) or not act.rules.named_before_closing
    require(named, r.HANDLED, accepted=Text("a case that somebody is named for", "已指派专人的案件"))
    if case.state is State.NOT_ESTABLISHED:
        waiting = [memo.number for memo in case.memoranda if memo.ruling is None]
        told = case.form.answer is not None
        accepted = Text("a customer who was told, and no open objection", "已告知客户且无未决异议")
        require(told and not waiting, r.NOT_ESTABLISHED, accepted=accepted, missing=waiting)
    elif case.path is v.Path.DEPARTMENTS and any(
        form.judgement is None and form.approved is not None for form in case.forms
    ):
        raise JudgementMissing(
            subject=case.id,
            accepted=Text("a judgement of each form that was decided", "每份已核决的处理表均已判定责任"),
        )
    require(not case.lacks_letter, r.GRAVE, accepted=Text("a customer who got a letter", "已函告客户"))
    case.closed_at = act.at
    case.closed_month = month_of(act.at, act.place.zone)
    case.in_time = _in_time(act)
    case.outcome = outcome
    closed = act.done(e.ComplaintClosed(reason=outcome, in_time=case.in_time, reviewed=case.reviewed))
    return (*closed, *settled(case, act))


def _in_time(act: ComplaintAct) -> bool | None:
    """Whether no clock of the case had run out; None where none ran. [CMP-04]"""
    clocks = [timer for timer in act.timers() if timer.name.partition(".")[0] == r.ACCEPTANCE.id]
    late = (
        timer.state is TimerState.BREACHED or (timer.state is TimerState.RUNNING and act.at > timer.due_at)
        for timer in clocks
    )
    return not any(late) if clocks else None


@does(Move.WITHDRAW)
def withdraw(case: Complaint, act: ComplaintAct, reason: str) -> Events:
    v.Opinion(act.by.id, act.at, reason)
    case.closed_month, case.reviewed = month_of(act.at, act.place.zone), True  # in the figures of its month
    return act.done(e.ComplaintWithdrawn(reason=reason))


@does(Move.REVIEW)
def review(case: Complaint, act: ComplaintAct, unit: str, text: str) -> Events:
    require(not case.reviewed, r.MONTHLY_REVIEW, accepted=Text("one review a case", "每案审视一次"))
    judged = [form.judgement for form in case.forms if form.judgement is not None]
    concerned = {j.unit for j in judged if j.unit} | {share.unit for j in judged for share in j.shares}
    units = one_of(sorted({*act.rules.review_units, *concerned}))
    known = unit in act.rules.review_units or unit in concerned or not (unit or judged)
    require(known, r.MONTHLY_REVIEW, accepted=units, given=typed_in(unit))
    case.review = Review(act.by.id, act.at, unit, text)
    case.reviewed = True
    return (*act.done(e.ComplaintReviewed(reason=text, unit=unit)), *settled(case, act))


def granted(case: Complaint) -> dict[int, v.Remedy]:
    """The remedies that papers can be drawn up for, by the count of their form.

    Raises :class:`~csdomain.complaints.commands.deciding.AnswerBeyondDecision`, and Tampered where it is not what
    stands signed on the form.
    """
    require_as_signed(case)
    standing = {} if case.state is State.SETTLED else case.standing
    if not standing:
        raise AnswerBeyondDecision(subject=case.id, accepted=Text("a remedy that was approved", "已核准的处理方式"))
    return standing


def require_standing(case: Complaint, paper: ReturnSlip | Certificate, rule: Rule) -> None:
    """Refuse to go on with a paper whose remedy stands no more: it can be made void. [CMP-21, CMP-22]"""
    accepted = Text("a paper of a remedy that stands; make this one void", "现行处理方式的单据；此单请作废")
    require(case.carries_out(paper), rule, accepted=accepted, number=paper.number)
