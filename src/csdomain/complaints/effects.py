"""What follows from what happens to complaints: a table, event by event (design decision D8)."""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from csdomain.casework.chasing import chase, remind
from csdomain.casework.months import due_next_month
from csdomain.casework.worklists import to_tell
from csdomain.complaints import rules as r
from csdomain.complaints.case import COMPLAINTS, Complaint, Part, Remark
from csdomain.complaints.commands.receiving import stands_still
from csdomain.complaints.lifecycle import OPEN, RemarkState
from csdomain.complaints.ports import FINANCE, PERSONNEL, WAREHOUSE
from csdomain.complaints.values import COMPLAINT_RULES, ComplaintRules, Path, StageName
from csdomain.complaints.values.occasions import INTERNAL
from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect, Message, PauseTimer, ResumeTimer, StartTimer
from csdomain.kernel.cases.events import Event, TimerBreached, TimerFired, TimerReminded, TimerWarned
from csdomain.kernel.cases.occasions import Value
from csdomain.kernel.cases.timers import start
from csdomain.kernel.values.money import Money
from csdomain.rulebook import Place

from . import events as e

#: The timer of CMP-04: of the first form; later forms have theirs with their number.
CLOSING: Final = r.ACCEPTANCE.id
RND_DEPARTMENT: Final = "rnd"
SALES_DEPARTMENT: Final = "sales"
S = Scene[ComplaintRules]


class _Effects(Effects[Complaint, ComplaintRules]):
    """What follows from the events of a command, and from the command as a whole: who has the case now is told."""

    def of(self, events: Sequence[Event], case: Complaint, rules: ComplaintRules, place: Place) -> Sequence[Effect]:
        found = [*super().of(events, case, rules, place)]
        last = next((event for event in reversed(events) if isinstance(event, e.ComplaintMoved)), None)
        if last is None:
            return found
        scene = Scene(self.kind.table, rules, place, case)
        new = to_tell(case, last.by, {effect.to for effect in found if isinstance(effect, Message)})
        found += [scene.tell(last, "your_turn", w.to, w.nth, **_about(case), work=w.work) for w in new]
        if case.waiting_since is not None:  # a clock that begins meanwhile stands still as well
            begun = [effect.timer for effect in found if isinstance(effect, StartTimer)]
            found += [PauseTimer(t.subject, t.name, last.at) for t in begun if stands_still(t.name, rules)]
        return found


def _about(case: Complaint) -> dict[str, str]:
    return {"branch": case.branch}


EFFECTS: Final = _Effects(COMPLAINTS, COMPLAINT_RULES)


def stage_timer(stage: StageName, count: int | str) -> str:
    """The timer of a stage, the first or a later time; of a decision, of which form and submission."""
    return timer(f"{r.STAGES.id}.{stage.value}", count)


def stage(event: e.ComplaintMoved, s: S, stage: StageName, count: int | str) -> Iterable[Effect]:
    """The clock of a department's stage, where the house has one. [CMP-05]"""
    limit = s.rules.stages.get(stage.value)
    if limit is not None:
        yield s.clock(event, stage_timer(stage, count), limit.within)


def told(event: e.ComplaintMoved, s: S, occasion: str, to: str, mark: str = "", **facts: Value | None) -> Message:
    """Something to tell somebody: once for each form and mark, whatever happens twice. Inside, the branch is named."""
    inside = _about(s.case) if occasion in INTERNAL else {}
    return s.tell(event, occasion, to, f"{event.turn}{mark and '/'}{mark}", **inside, **facts)


def _again(s: S) -> str:
    """The mark of what can be told many times: the case's version, for two commands may be of one instant."""
    return f"v{s.case.version}"


@EFFECTS.on(e.ComplaintReceived)
def _received(event: e.ComplaintReceived, s: S) -> Iterable[Effect]:
    yield told(event, s, "to_handle", s.rules.handled_by)
    if s.rules.path is Path.DEPARTMENTS:
        yield from stage(event, s, StageName.SALES_CHECK, 1)


@EFFECTS.on(e.ComplaintChecked)
def _checked(event: e.ComplaintChecked, s: S) -> Iterable[Effect]:
    yield s.stop(event, stage_timer(StageName.SALES_CHECK, 1))


def _closing(event: e.ComplaintMoved, s: S) -> Iterable[Effect]:
    if s.rules.close_within is not None:
        yield s.clock(event, timer(r.ACCEPTANCE, event.turn), s.rules.close_within, warnings=s.rules.warnings)


def _stage(event: e.ComplaintMoved, s: S, inspected: bool) -> Iterable[Effect]:
    yield from stage(event, s, StageName.RND if inspected else StageName.CUSTOMER_SERVICE, event.round)
    if inspected:
        yield told(event, s, "to_inspect", RND_DEPARTMENT, str(event.round))


@EFFECTS.on(e.ComplaintAccepted, e.ComplaintHandled)
def _accepted(event: e.ComplaintAccepted | e.ComplaintHandled, s: S) -> Iterable[Effect]:
    yield from _closing(event, s)
    if isinstance(event, e.ComplaintAccepted):
        yield from _stage(event, s, event.quality)
    yield told(event, s, "accepted", event.customer)
    yield from _grave(event, s)


def _grave(event: e.ComplaintAccepted | e.ComplaintHandled | e.ComplaintReclassified, s: S) -> Iterable[Effect]:
    if event.grave:
        yield told(event, s, "harm" if event.harm else "grave", s.rules.grave_to)


@EFFECTS.on(e.ComplaintReclassified, e.ReportReturned)
def _looked_again(event: e.ComplaintReclassified | e.ReportReturned, s: S) -> Iterable[Effect]:
    if isinstance(event, e.ComplaintReclassified):
        yield from _grave(event, s)
    for name in (StageName.RND, StageName.CUSTOMER_SERVICE):
        yield s.stop(event, stage_timer(name, event.round - 1), cancelled=True)
    if s.rules.path is Path.DEPARTMENTS:
        yield from _stage(event, s, event.quality and not event.found)


@EFFECTS.on(e.ComplaintMarked)
def _marked(event: e.ComplaintMarked, s: S) -> Iterable[Effect]:
    yield told(event, s, "harm" if event.harm else "grave", s.rules.grave_to)


@EFFECTS.on(e.ComplaintAssigned)
def _assigned(event: e.ComplaintAssigned, s: S) -> Iterable[Effect]:
    yield told(event, s, "assigned", event.to, _again(s))


@EFFECTS.on(e.AnswerPromised)
def _promised(event: e.AnswerPromised, s: S) -> Iterable[Effect]:
    if event.promise > 1:
        yield s.stop(event, f"{r.LEVELS.id}.{event.promise - 1}", cancelled=True)
    yield s.until(event, f"{r.LEVELS.id}.{event.promise}", event.until)
    yield told(event, s, "promised", event.customer, str(event.promise), until=event.until)


@EFFECTS.on(e.WaitingBegun)
def _waits(event: e.WaitingBegun, s: S) -> Iterable[Effect]:
    return [PauseTimer(event.subject, name, event.at) for name in event.timers]


@EFFECTS.on(e.WaitingEnded)
def _goes_on(event: e.WaitingEnded, s: S) -> Iterable[Effect]:
    return [ResumeTimer(event.subject, name, event.at) for name in event.timers]


@EFFECTS.on(e.DepartmentsInvolved)
def _involved(event: e.DepartmentsInvolved, s: S) -> Iterable[Effect]:
    for part, department in enumerate(event.departments, event.first):
        yield s.until(event, f"{r.JOINT.id}.{part}", event.until)
        yield from chase(event, s, s.rules.chasing, f"{r.CHASING.id}.{part}")
        yield told(event, s, "part_wanted", department, str(part), until=event.until)
    if RND_DEPARTMENT not in event.departments:
        yield told(event, s, "jointly", RND_DEPARTMENT, str(event.first))


@EFFECTS.on(e.DepartmentContributed)
def _contributed(event: e.DepartmentContributed, s: S) -> Iterable[Effect]:
    yield s.stop(event, f"{r.JOINT.id}.{event.part}")
    yield s.cancel(event, f"{r.CHASING.id}.{event.part}.")


@EFFECTS.on(e.FaultFound)
def _found(event: e.FaultFound, s: S) -> Iterable[Effect]:
    yield s.stop(event, stage_timer(StageName.RND, event.round))
    yield from stage(event, s, StageName.CUSTOMER_SERVICE, event.round)


@EFFECTS.on(e.InvestigationConcluded)
def _concluded(event: e.InvestigationConcluded, s: S) -> Iterable[Effect]:
    if s.rules.report_within is not None:
        yield s.clock(event, timer(r.REPORT, event.round), s.rules.report_within)


@EFFECTS.on(e.InvestigationReported)
def _reported(event: e.InvestigationReported, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.REPORT, event.round))
    yield told(event, s, "to_rule", s.rules.ruling_by, str(event.round))


@EFFECTS.on(e.ComplaintJudged)
def _judged(event: e.ComplaintJudged, s: S) -> Iterable[Effect]:
    # A second form may go by the finding of the first: nobody waits for R&D then.
    yield s.stop(event, stage_timer(StageName.RND, event.round), cancelled=True)
    yield s.stop(event, stage_timer(StageName.CUSTOMER_SERVICE, event.round))


@EFFECTS.on(e.ComplaintDismissed)
def _dismissed(event: e.ComplaintDismissed, s: S) -> Iterable[Effect]:
    yield s.cancel(event, f"{r.STAGES.id}.")
    yield s.cancel(event, f"{r.JOINT.id}.")
    yield s.cancel(event, f"{r.CHASING.id}.")
    yield s.cancel(event, r.REPORT.id)
    yield told(event, s, "collect", SALES_DEPARTMENT, str(event.round))


@EFFECTS.on(e.RemedySubmitted, e.ApprovalVoided)
def _submitted(event: e.RemedySubmitted, s: S) -> Iterable[Effect]:
    if s.rules.path is Path.LEVELS:  # discussed again by whoever has it
        return
    yield from stage(event, s, StageName.DECISION, f"{event.turn}.{event.submission}")
    total = Money(event.total, s.case.currency)
    yield told(event, s, "to_decide", event.belongs_to, str(event.submission), total=total)


@EFFECTS.on(e.RemedyApproved, e.RemedyReturned)
def _decided(event: e.RemedyApproved | e.RemedyReturned, s: S) -> Iterable[Effect]:
    yield s.stop(event, stage_timer(StageName.DECISION, f"{event.turn}.{event.submission}"))


@EFFECTS.on(e.ComplaintAnswered)
def _answered(event: e.ComplaintAnswered, s: S) -> Iterable[Effect]:
    if event.promises:
        yield s.stop(event, f"{r.LEVELS.id}.{event.promises}")
    yield told(event, s, "answered", event.customer, _again(s), channel=event.channel)


@EFFECTS.on(e.RemedyProposed, e.CustomerSatisfied)
def _told_by_level(event: e.RemedyProposed | e.CustomerSatisfied, s: S) -> Iterable[Effect]:
    if event.promises:
        yield s.stop(event, f"{r.LEVELS.id}.{event.promises}")


@EFFECTS.on(e.AnswerDeclined)
def _declined(event: e.AnswerDeclined, s: S) -> Iterable[Effect]:
    yield told(event, s, "declined", s.rules.handled_by, _again(s))


@EFFECTS.on(e.FormRenewed)
def _renewed(event: e.FormRenewed, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.ACCEPTANCE, event.turn - 1))
    if event.closed:  # it is reviewed once it is closed again
        yield s.stop(event, timer(r.MONTHLY_REVIEW, event.turn - 1), cancelled=True)
    yield from _closing(event, s)
    if s.rules.path is Path.DEPARTMENTS:
        yield from _stage(event, s, event.quality)


@EFFECTS.on(e.DismissalObjected)
def _objected(event: e.DismissalObjected, s: S) -> Iterable[Effect]:
    yield told(event, s, "memorandum", s.rules.ruling_by, event.memorandum, memorandum=event.memorandum)


@EFFECTS.on(e.ComplaintReopened)
def _reopened(event: e.ComplaintReopened, s: S) -> Iterable[Effect]:
    yield from _stage(event, s, event.quality)


@EFFECTS.on(e.ComplaintEscalated)
def _escalated(event: e.ComplaintEscalated, s: S) -> Iterable[Effect]:
    yield told(event, s, "escalated", event.to, str(event.level))


@EFFECTS.on(e.ComplaintClosed)
def _closed(event: e.ComplaintClosed, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.ACCEPTANCE, event.turn))
    yield s.cancel(event, f"{r.LEVELS.id}.")
    yield told(event, s, "closed", event.customer)
    if s.rules.review_by is not None and not event.reviewed:
        yield s.until(
            event, timer(r.MONTHLY_REVIEW, event.turn), due_next_month(event.at, s.rules.review_by, s.place.zone)
        )


@EFFECTS.on(e.ComplaintWithdrawn)
def _withdrawn(event: e.ComplaintWithdrawn, s: S) -> Iterable[Effect]:
    # Of the handling; a hold that law demands does not end with it.
    yield s.cancel(event, "CMP-")


@EFFECTS.on(e.ComplaintReviewed)
def _reviewed(event: e.ComplaintReviewed, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.MONTHLY_REVIEW, event.turn))


@EFFECTS.on(e.RemarkNoted)
def _remarked(event: e.RemarkNoted, s: S) -> Iterable[Effect]:
    yield told(event, s, "remark", event.department, str(event.remark))
    yield from chase(event, s, s.rules.chasing, f"{r.REMARKS.id}.{event.remark}")


@EFFECTS.on(e.RemarkAnswered)
def _remark_answered(event: e.RemarkAnswered, s: S) -> Iterable[Effect]:
    yield s.cancel(event, f"{r.REMARKS.id}.{event.remark}.")


@EFFECTS.on(e.SlipMoved)
def _slip(event: e.SlipMoved, s: S) -> Iterable[Effect]:
    # Goods are expected once the slip is signed, compared once they came: two commands to others, through the outbox.
    mark = f"{event.nth}/{_again(s)}"
    if event.move == "slip.sign":
        yield told(event, s, "expect_return", WAREHOUSE, mark, slip=event.slip)
    elif event.move in ("slip.take_in", "slip.resolve"):
        yield told(event, s, "compare_return", FINANCE, mark, slip=event.slip, pieces=event.pieces)
    elif event.move == "slip.dispute":
        yield told(event, s, "discrepancy", s.rules.overrun_to, mark, slip=event.slip)


@EFFECTS.on(e.CertificateMoved)
def _certificate(event: e.CertificateMoved, s: S) -> Iterable[Effect]:
    if event.move == "certificate.countersign":
        mark = event.certificate
        yield told(event, s, "book_discount", FINANCE, mark, certificate=event.certificate, amount=event.amount)


@EFFECTS.on(e.PenaltyMoved)
def _penalty(event: e.PenaltyMoved, s: S) -> Iterable[Effect]:
    mark = str(event.penalty)
    if event.move == "penalty.notice":
        yield told(event, s, "deduct", PERSONNEL, mark, penalty=event.penalty, amount=event.amount)
    elif event.move == "penalty.approve" and event.discipline:
        yield told(event, s, "discipline", PERSONNEL, mark, penalty=event.penalty, kind=event.discipline)


@EFFECTS.on(e.ComplaintImported)
def _imported(event: e.ComplaintImported, s: S) -> Iterable[Effect]:
    """The clock of an open case, with what lies ahead of it: a deadline or warning that has passed never fires."""
    accepted, within = s.case.form.accepted_at, s.rules.close_within
    if s.case.state not in OPEN or accepted is None or within is None:
        return
    clock = start(event.subject, CLOSING, s.place.calendar, within, accepted, warnings=s.rules.warnings)
    if clock.due_at >= event.at:
        yield StartTimer(attrs.evolve(clock, warned=sum(warning.at <= event.at for warning in clock.warnings)))


@EFFECTS.fires(TimerFired, r.ACCEPTANCE)
def _closing_fired(case: Complaint, fired: TimerFired, s: S) -> Iterable[Effect]:
    if isinstance(fired, TimerBreached):
        return _overdue(case, fired, s)
    if not isinstance(fired, TimerWarned):
        return ()
    facts: dict[str, Value] = {"number": case.number, "timer": fired.timer, "percent": fired.percent, **_about(case)}
    holders = dict.fromkeys(wait.to for wait in case.waits if wait.step)
    # One line for each: of several warnings that a late sweep finds, the last is sent.
    line = f"{fired.subject}/{fired.timer}/warning"
    told = [s.tell(fired, "warning", to, f"{fired.percent}/{to}", **facts) for to in holders]
    return [attrs.evolve(message, line=f"{line}/{message.to}") for message in told]


@EFFECTS.fires(TimerBreached, r.STAGES, r.JOINT, r.REPORT, r.LEVELS, r.MONTHLY_REVIEW)
def _overdue(case: Complaint, fired: TimerBreached, s: S) -> Iterable[Effect]:
    to = _superior(fired.timer, s.rules)
    return [s.tell(fired, "overdue", to, number=case.number, timer=fired.timer, **_about(case))]


@EFFECTS.fires(TimerReminded, r.CHASING, r.REMARKS)
def _remind(case: Complaint, fired: TimerReminded, s: S) -> Iterable[Effect]:
    rule, number, _ = fired.timer.split(".")
    place = int(number) - 1
    part: Part | Remark = case.remarks[place] if rule == r.REMARKS.id else case.parts[place]
    done = part.done is not None if isinstance(part, Part) else part.state is not RemarkState.OPEN
    if not (done or s.rules.chasing is None or (isinstance(part, Part) and case.state not in OPEN)):
        yield from remind(fired, s, s.rules.chasing, part.department, **_about(case))


def _superior(timer: str, rules: ComplaintRules) -> str:
    """Who is told of an overrun: the stage's superior, else the one for the whole case. [CMP-04, CMP-05]"""
    _, _, rest = timer.partition(".")  # only a stage's timer goes on with the name of a stage
    stage = rules.stages.get(rest.partition(".")[0])
    return rules.overrun_to if stage is None else stage.superior
