"""From the counter on: received, checked, taken on; and what is possible all along (CMP-01…04, 16…18, 28…30)."""

from datetime import datetime

from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, HandlingForm, Remark
from csdomain.complaints.case.papers import SALES, SERVICE, drawn_up
from csdomain.complaints.lifecycle import Move, RemarkState
from csdomain.frame.acts import REASON, Events
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import Actor, ActorId

from .marks import FIELDS, ComplaintAct, does, named


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
    paper = case.form.document.sign(SALES, by=act.by.id, at=act.at, different_people=False)
    case.put_form(checked=checked, document=paper)
    return act.done(e.ComplaintChecked(reason=opinion))


@does(Move.ACCEPT)
def accept(case: Complaint, act: ComplaintAct, classification: v.Classification, *, grave: bool) -> Events:
    quality = act.rules.classified(classification).quality
    paper = case.form.document.continued(**{"class": classification.name, "cause": classification.cause})
    paper = paper.sign(SERVICE, by=act.by.id, at=act.at, different_people=False)
    case.put_form(accepted_at=act.at, classification=classification, quality=quality, document=paper)
    case.owner = act.by.id
    case.grave = case.grave or grave
    return act.done(e.ComplaintAccepted(quality=quality, grave=case.grave))


@does(Move.HANDLE)
def handle(case: Complaint, act: ComplaintAct, classification: v.Classification) -> Events:
    quality = act.rules.classified(classification).quality
    case.put_form(accepted_at=act.at, classification=classification, quality=quality)
    case.owner = act.by.id
    return act.done(e.ComplaintHandled())


@does(Move.MARK)
def mark(case: Complaint, act: ComplaintAct, *, harm: bool, reason: str = "") -> Events:
    FIELDS.check_text(reason, "reason", REASON, empty=True)
    case.grave = True
    case.harm = case.harm or harm
    return act.done(e.ComplaintMarked(reason=reason, harm=case.harm))


@does(Move.ASSIGN)
def assign(case: Complaint, act: ComplaintAct, to: ActorId, *, reason: str = "") -> Events:
    FIELDS.check_text(reason, "reason", REASON, empty=True)
    Actor(to, act.by.branch)  # an id, nothing else
    case.handler = to
    case.owner = to
    return act.done(e.ComplaintAssigned(reason=reason, to=to))


@does(Move.PROMISE)
def promise(case: Complaint, act: ComplaintAct, until: datetime, *, reason: str = "") -> Events:
    FIELDS.check_text(reason, "reason", REASON, empty=True)
    until = utc(until)
    require(until > act.at, r.LEVELS, accepted=Text("a later time", "更晚的时间"), given=until, at=act.at)
    case.promises += 1
    case.promised_until = until
    return act.done(e.AnswerPromised(reason=reason, promise=case.promises, until=until))


@does(Move.REMARK)
def remark(case: Complaint, act: ComplaintAct, text: str, department: str) -> Events:
    noted = Remark(state=RemarkState.OPEN, department=named(department), at=act.at, by=act.by.id, text=text)
    case.remarks = (*case.remarks, noted)
    count = len(case.remarks)
    return act.done(e.RemarkNoted(reason=text, remark=count, department=department))
