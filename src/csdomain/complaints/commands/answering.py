"""The customer is told, and has a word on it: answered, declined, a new form, an objection (CMP-12…16)."""

from collections.abc import Callable
from typing import Final

import attrs

from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, HandlingForm, Memorandum
from csdomain.complaints.case.papers import drawn_up
from csdomain.complaints.lifecycle import Move, State
from csdomain.complaints.policies import LETTERS
from csdomain.frame.acts import Events
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.papers.documents import draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require, typed_in
from csdomain.kernel.values.money import Money

from .deciding import covered, decided_remedy
from .marks import ComplaintAct, does

MEMORANDUM_KIND: Final = "memorandum"


@does(Move.ANSWER, when=covered)
def answer(case: Complaint, act: ComplaintAct, channel: v.Channel, text: str) -> Events:
    LETTERS.require_nothing_internal(text, case.internal, case.heard, act.rules.disclosure, case.cleared)
    require(not case.grave or channel is v.Channel.LETTER, r.GRAVE, accepted=Text("a letter", "书信"), given=channel)
    told, dismissed = case.form.answer, case.state is State.NOT_ESTABLISHED
    once = told is None or dismissed or case.lacks_letter
    require(
        once, r.NOTICE, accepted=Text("one answer, or the letter that a grave complaint lacks", "答复一次，或补发书信")
    )
    remedy = v.Remedy(granted=Money.zero(case.currency), text=text)
    if not dismissed:
        remedy = decided_remedy(case, act.rules)
    content = case.form.content
    notice = v.Notice(
        case=case.number,
        order_number=content.order_number,
        product=content.product,
        granted=remedy.granted,
        compensation=remedy.compensation,
        pieces=remedy.pieces,
        channel=channel,
        told_at=act.at,
        text=text,
    )
    case.put_form(answer=notice)
    return act.done(e.ComplaintAnswered(reason=text, channel=channel.value, promises=case.promises))


@does(Move.CLEAR)
def clear(case: Complaint, act: ComplaintAct, text: str, reason: str) -> Events:
    # The form itself is given to nobody.
    found = LETTERS.disclosed(text, case.internal, case.heard, act.rules.disclosure)
    fields = tuple(name for name in found if name != "form")
    cleared = v.Clearance(by=act.by.id, at=act.at, fields=fields, text=text, reason=reason)
    case.cleared = (*case.cleared, cleared)
    return act.done(e.DisclosureCleared(reason=reason, fields=cleared.fields))


@does(Move.DECLINE)
def decline(case: Complaint, act: ComplaintAct, reason: str) -> Events:
    declined = v.Opinion(act.by.id, act.at, reason)
    if case.path is v.Path.DEPARTMENTS:
        case.put_form(declined=declined)
    else:
        case.put_submission(returned=declined)
        case.put_form(answer=None)
    return act.done(e.AnswerDeclined(reason=reason))


def _renewed(case: Complaint, act: ComplaintAct, form: v.ComplaintForm) -> Events:
    """A new form that attaches the former one, with its own clock: of an open case, or of one that was closed."""
    act.rules.check(form, case.currency)
    require(
        form.customer == case.customer,
        r.NOT_ACCEPTED,
        accepted=Text("the case's own customer", "本案的客户"),
        customer=typed_in(form.customer),
    )
    former, number, salt = case.form, act.number(act.rules.number), act.new(v.SALT)
    paper = drawn_up(number, form, act.rules, salt=salt, by=act.by, at=act.at, former=former.number)
    renewed = HandlingForm(
        number=number,
        content=form,
        document=act.sign(paper, v.SERVICE),
        salt=salt,
        opened_at=act.at,
        former=former.number,
        accepted_at=act.at,
        classification=former.classification,
        quality=former.quality,
    )
    case.forms = (*case.forms, renewed)
    closed = case.closed_at is not None
    if closed:
        case.closed_at, case.closed_month, case.in_time, case.outcome = None, "", None, ""
        case.reviewed = act.rules.review_by is None
    return act.done(e.FormRenewed(former=former.number, quality=renewed.quality, closed=closed))


Renewing = Callable[[Complaint, ComplaintAct, v.ComplaintForm], Events]
renew: Final[Renewing] = does(Move.RENEW)(_renewed)
handle_again: Final[Renewing] = does(Move.HANDLE_AGAIN)(_renewed)


# --- not established
@does(Move.OBJECT)
def object_to(case: Complaint, act: ComplaintAct, text: str) -> Events:
    require(case.form.answer is not None, r.NOT_ESTABLISHED, accepted=Text("a customer who was told", "已告知客户"))
    waiting = [memo.number for memo in case.memoranda if memo.ruling is None]
    require(not waiting, r.NOT_ESTABLISHED, accepted=Text("a ruling first", "须先有批示"), missing=waiting)
    number = act.number(act.rules.numbers.memorandum)
    paper = draw_up(MEMORANDUM_KIND, number, {"case": case.number}, by=act.by.id, at=act.at)
    paper = paper.sign("author", by=act.by.id, at=act.at)
    memo = Memorandum(number=number, document=paper, by=act.by.id, at=act.at, text=text)
    case.memoranda = (*case.memoranda, memo)
    return act.done(e.DismissalObjected(reason=text, memorandum=number))


@does(Move.SUSTAIN)
def sustain(case: Complaint, act: ComplaintAct, text: str) -> Events:
    memo = _ruled(case, act, text, reopen=False)
    return act.done(e.DismissalSustained(reason=text, memorandum=memo.number))


@does(Move.REOPEN)
def reopen(case: Complaint, act: ComplaintAct, text: str) -> Events:
    memo, form = _ruled(case, act, text, reopen=True), case.form
    past = [opinion for opinion in (form.report, form.ruling, form.dismissal) if opinion is not None]
    case.put_form(
        **dict.fromkeys(("dismissal", "answer", "concluded_at", "report", "ruling", "finding")),
        past_opinions=(*form.past_opinions, *past),
        past_findings=(*form.past_findings, *([] if form.finding is None else [form.finding])),
    )
    return act.done(e.ComplaintReopened(reason=text, quality=form.quality, memorandum=memo.number))


def _ruled(case: Complaint, act: ComplaintAct, text: str, *, reopen: bool) -> Memorandum:
    """The superior rules on the last memorandum; never its own author. Raises OwnRequest. [CMP-15]"""
    memo = case.memoranda[-1] if case.memoranda else None
    require(memo is not None and memo.ruling is None, r.NOT_ESTABLISHED, accepted=Text("a memorandum", "签呈"))
    assert memo is not None  # noqa: S101 - required above
    if memo.by == act.by.id:
        raise OwnRequest(subject=case.id, actor=act.by.id)
    paper = memo.document.sign("superior", by=act.by.id, at=act.at)
    changed = attrs.evolve(memo, ruling=v.Opinion(act.by.id, act.at, text), reopened=reopen, document=paper)
    case.memoranda = (*case.memoranda[:-1], changed)
    return memo
