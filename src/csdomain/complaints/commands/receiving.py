"""From the counter on: received, checked, taken on; and what is possible all along (CMP-01…04, 16…18, 28…30)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, HandlingForm, Note, Remark
from csdomain.complaints.case.papers import drawn_up
from csdomain.complaints.lifecycle import Move, RemarkState
from csdomain.frame.acts import REASON, Events
from csdomain.frame.fields import one_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules import TIMERS, Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.durations import parse_duration

from .deciding import voided
from .marks import ComplaintAct, does, named

#: How long the host's reference to a file may be.
REFERENCE: Final = 200


@does.opens(Move.RECEIVE)
def receive(act: ComplaintAct, form: v.ComplaintForm) -> tuple[Complaint, Events]:
    act.rules.check(form, act.currency)
    id = act.new(v.COMPLAINT)
    number, salt = act.number(act.rules.number, id), act.new(v.SALT)
    paper = drawn_up(number, form, act.rules, salt=salt, by=act.by, at=act.at)
    case = Complaint(
        id=id,
        branch=act.by.branch,
        owner=act.by.id,
        rulebook=act.rulebook,
        currency=act.currency,
        path=act.rules.path,
        customer=form.customer,
        forms=(HandlingForm(number=number, content=form, document=paper, salt=salt, opened_at=act.at),),
        received_at=act.at,
        moved_at=act.at,
        reviewed=act.rules.review_by is None,
    )
    claimed = None if form.claimed is None else form.claimed.minor
    return case, act.opened(case, e.ComplaintReceived(path=act.rules.path.value, claimed=claimed))


@does(Move.CHECK)
def check(case: Complaint, act: ComplaintAct, opinion: str) -> Events:
    checked = v.Opinion(act.by.id, act.at, opinion)
    case.put_form(checked=checked, document=act.sign(case.form.document, v.SALES))
    return act.done(e.ComplaintChecked(reason=opinion))


@does(Move.ACCEPT)
def accept(case: Complaint, act: ComplaintAct, classification: v.Classification, *, grave: bool) -> Events:
    _classify(case, act, classification, v.SERVICE, grave=grave)
    case.put_form(accepted_at=act.at)
    case.owner = case.handler or act.by.id  # naming lasts until another is named (CMP-17)
    return act.done(e.ComplaintAccepted(quality=case.form.quality, grave=case.grave, harm=case.harm))


def _classify(
    case: Complaint, act: ComplaintAct, given: v.Classification, role: str = "", *, grave: bool = False
) -> None:
    """Put the case in a class, signed in ``role``; grave or one of harm where the house says so. [CMP-02, CMP-30]"""
    kind, paper = act.rules.classified(given), case.form.document
    fields = {"class": given.name, "cause": given.cause}
    paper = paper.continued(**{case.nth(name, paper.fields): value for name, value in fields.items()})
    if role:
        paper = act.sign(paper, role)
    case.put_form(classification=given, quality=kind.quality, document=paper)
    case.harm = case.harm or given.cause in kind.harm
    case.grave = case.grave or grave or case.harm or given.cause in kind.grave


@does(Move.RECLASSIFY)
def reclassify(case: Complaint, act: ComplaintAct, classification: v.Classification, reason: str) -> Events:
    opinion, former = v.Opinion(act.by.id, act.at, reason), case.form.classification
    known = "" if former is None else f"{former.name}/{former.cause}"
    other = Text(f"another class or cause than {known}", f"与 {known} 不同的类别或原因")
    require(classification != former, r.CLASSES, accepted=other, given=classification.cause)
    _classify(case, act, classification, case.nth(v.SERVICE, case.signed))
    case.put_form(past_opinions=(*case.form.past_opinions, opinion))
    case.redone += 1
    quality, found = case.form.quality, case.form.finding is not None
    facts = e.ComplaintReclassified(reason=reason, quality=quality, found=found, grave=case.grave, harm=case.harm)
    return act.done(facts)


@does(Move.HANDLE)
def handle(case: Complaint, act: ComplaintAct, classification: v.Classification) -> Events:
    _classify(case, act, classification)
    case.put_form(accepted_at=act.at)
    case.owner = case.handler or act.by.id
    return act.done(e.ComplaintHandled(grave=case.grave, harm=case.harm))


@does(Move.MARK)
def mark(case: Complaint, act: ComplaintAct, *, harm: bool, reason: str = "") -> Events:
    v.IN_STEP.check_text(reason, "reason", REASON, empty=True)
    case.grave = True
    case.harm = case.harm or harm
    marked = act.done(e.ComplaintMarked(reason=reason, harm=case.harm))
    return (*marked, *voided(case, act))


@does(Move.ASSIGN)
def assign(case: Complaint, act: ComplaintAct, to: ActorId, *, position: bool = False, reason: str = "") -> Events:
    v.IN_STEP.check_text(reason, "reason", REASON, empty=True)
    Actor(to, act.by.branch)  # an id, nothing else
    if position:
        require(to in act.positions, r.HANDLED, accepted=one_of(sorted(act.positions)), given=to)
        case.handler, case.owner, case.desk = None, "", to
    else:
        accepted = Text(f"somebody who works in {case.branch} now", f"现任职于 {case.branch} 的人员")
        require(act.works(to, case.branch, act.at), r.HANDLED, accepted=accepted, given=to)
        case.handler, case.owner, case.desk = to, to, ""
    return act.done(e.ComplaintAssigned(reason=reason, to=to, position=position))


@does(Move.PROMISE)
def promise(
    case: Complaint, act: ComplaintAct, until: datetime | None = None, *, within: str = "", reason: str = ""
) -> Events:
    v.IN_STEP.check_text(reason, "reason", REASON, empty=True)
    until = utc(act.place.calendar.deadline(act.at, parse_duration(within)) if until is None else until)
    require(until > act.at, r.LEVELS, accepted=Text("a later time", "更晚的时间"), given=until, at=act.at)
    case.promises += 1
    case.promised_until = until
    return act.done(e.AnswerPromised(reason=reason, promise=case.promises, until=until))


def _may_wait(case: Complaint, act: ComplaintAct) -> None:
    still = act.rules.stands_still
    require(bool(still), TIMERS, accepted=Text("a rulebook with clocks that stand still", "规则手册定有可暂停的计时"))
    since = case.waiting_since
    accepted = Text("a case that does not wait for the customer yet", "尚未等候客户的案件")
    require(since is None, TIMERS, accepted=accepted, given=since)


def _waits(case: Complaint, _act: ComplaintAct) -> None:
    accepted = Text("a case that waits for the customer", "正在等候客户的案件")
    require(case.waiting_since is not None, TIMERS, accepted=accepted)


@does(Move.WAIT, when=_may_wait)
def wait_for_customer(case: Complaint, act: ComplaintAct, reason: str) -> Events:
    v.IN_STEP.check_text(reason, "reason", REASON)
    case.waiting_since = act.at
    return act.done(e.WaitingBegun(reason=reason, timers=_timers(act, TimerState.RUNNING)))


@does(Move.RESUME, when=_waits)
def resume(case: Complaint, act: ComplaintAct, *, reason: str = "") -> Events:
    v.IN_STEP.check_text(reason, "reason", REASON, empty=True)
    case.waiting_since = None
    return act.done(e.WaitingEnded(reason=reason, timers=_timers(act, TimerState.PAUSED)))


def _timers(act: ComplaintAct, state: TimerState) -> tuple[str, ...]:
    return tuple(t.name for t in act.timers() if t.state is state and stands_still(t.name, act.rules))


def stands_still(timer: str, rules: v.ComplaintRules) -> bool:
    """Whether a timer stands still while the case waits for the customer. [KRN-06]"""
    return timer.partition(".")[0] in rules.stands_still


@does(Move.NOTE)
def note(case: Complaint, act: ComplaintAct, text: str = "", attachments: Sequence[str] = ()) -> Events:
    v.IN_STEP.check_text(text, "text", empty=True)
    files = tuple(attachments)
    require(bool(text.strip() or files), r.STATES, accepted=Text("a text or an attachment", "文字或附件"))
    for file in files:
        v.IN_STEP.check_text(file, "attachments", REFERENCE)
    case.notes = (*case.notes, Note(by=act.by.id, at=act.at, text=text, attachments=files))
    return act.done(e.NoteAdded(reason=text, note=len(case.notes), attachments=len(files)))


@does(Move.PRIORITISE)
def prioritise(case: Complaint, act: ComplaintAct, priority: str, *, reason: str = "") -> Events:
    v.IN_STEP.check_text(reason, "reason", REASON, empty=True)
    known = act.rules.priorities
    require(not priority or priority in known, r.GRAVE, accepted=one_of(known), given=priority)
    case.priority = priority
    return act.done(e.PrioritySet(reason=reason, priority=priority))


@does(Move.REMARK)
def remark(case: Complaint, act: ComplaintAct, text: str, department: str) -> Events:
    noted = Remark(state=RemarkState.OPEN, department=named(department), at=act.at, by=act.by.id, text=text)
    case.remarks = (*case.remarks, noted)
    count = len(case.remarks)
    return act.done(e.RemarkNoted(reason=text, remark=count, department=department))
