"""What follows from what happens to complaints: a table, event by event (design decision D8)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.cases.effects import CancelTimers, Effect, Fact, Message, StartTimer, StopTimer
from csdomain.kernel.cases.events import Event, TimerBreached, TimerFired, TimerReminded
from csdomain.kernel.cases.occasions import fact_of
from csdomain.kernel.cases.timers import start
from csdomain.kernel.rules import PERSONAL_DATA, Rule
from csdomain.kernel.store.ports import TimerHandler, Unit
from csdomain.kernel.values.actors import system_actor
from csdomain.kernel.values.durations import ElapsedTime
from csdomain.kernel.values.money import Money
from csdomain.rulebook import House

from . import events as e
from . import rules as r
from .lifecycle import OPEN
from .model import COMPLAINTS
from .policies import review_due
from .ports import FINANCE, PERSONNEL, WAREHOUSE
from .values import COMPLAINT_RULES, ERASE, ComplaintRules, Path, StageName

#: The timer of CMP-04: of the first form; later forms have theirs with their number.
CLOSING: Final = r.ACCEPTANCE.id
RND_DEPARTMENT: Final = "rnd"
SALES_DEPARTMENT: Final = "sales"


@attrs.frozen
class Setting:
    """By which rules, on which calendar and in which zone the effects come about."""

    rules: ComplaintRules
    calendar: WorkCalendar
    zone: str
    currency: str

    def local(self, at: datetime) -> Fact:
        """An instant as a message tells it: in the branch's zone."""
        return fact_of(at.astimezone(ZoneInfo(self.zone)))

    def begin(self, event: Event, name: str, until: datetime, *, reminder: bool = False) -> StartTimer:
        """A timer that ends at an instant that somebody set."""
        span = ElapsedTime(until - event.at)
        return StartTimer(start(event.subject, name, self.calendar, span, event.at, reminder=reminder))

    def stage(self, event: e.ComplaintMoved, stage: StageName, count: int) -> Iterable[Effect]:
        """The clock of a department's stage, where the house has one. [CMP-05]"""
        limit = self.rules.stages.get(stage.value)
        if limit is not None:
            name = stage_timer(stage, count)
            yield StartTimer(start(event.subject, name, self.calendar, limit.within, event.at))


def timer_name(rule: Rule, turn: int) -> str:
    """The timer of a rule: of the first form, or of a later one."""
    return rule.id if turn == 1 else f"{rule.id}.{turn}"


def stage_timer(stage: StageName, count: int) -> str:
    """The timer of a stage, the first or a later time."""
    return f"{r.STAGES.id}.{stage.value}" if count == 1 else f"{r.STAGES.id}.{stage.value}.{count}"


def told(event: e.ComplaintMoved, occasion: str, to: str, mark: str = "", **facts: Fact) -> Message:
    """Something to tell somebody: once for the event, whatever happens twice."""
    key = f"{event.subject}/{occasion}/{event.turn}{mark and '/'}{mark}"
    return Message(key, f"complaint.{occasion}", to, {"complaint": event.subject, "number": event.number, **facts})


def _received(event: e.ComplaintReceived, s: Setting) -> Iterable[Effect]:
    yield told(event, "to_handle", s.rules.handled_by)
    if s.rules.path is Path.DEPARTMENTS:
        yield from s.stage(event, StageName.SALES_CHECK, 1)


def _checked(event: e.ComplaintChecked, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, stage_timer(StageName.SALES_CHECK, 1), event.at)


def _closing(event: e.ComplaintMoved, s: Setting) -> Iterable[Effect]:
    if s.rules.close_within is not None:
        name, within = timer_name(r.ACCEPTANCE, event.turn), s.rules.close_within
        yield StartTimer(start(event.subject, name, s.calendar, within, event.at, warnings=s.rules.warnings))


def _first_stage(event: e.ComplaintAccepted | e.FormRenewed | e.ComplaintReopened, s: Setting) -> Iterable[Effect]:
    yield from s.stage(event, StageName.RND if event.quality else StageName.CUSTOMER_SERVICE, event.round)
    if event.quality:
        yield told(event, "to_inspect", RND_DEPARTMENT, str(event.round))


def _accepted(event: e.ComplaintAccepted, s: Setting) -> Iterable[Effect]:
    yield from _closing(event, s)
    yield from _first_stage(event, s)
    yield told(event, "accepted", event.customer)
    if event.grave:
        yield told(event, "grave", s.rules.grave_to)


def _handled(event: e.ComplaintHandled, s: Setting) -> Iterable[Effect]:
    yield from _closing(event, s)
    yield told(event, "accepted", event.customer)


def _marked(event: e.ComplaintMarked, s: Setting) -> Iterable[Effect]:
    yield told(event, "harm" if event.harm else "grave", s.rules.grave_to)


def _assigned(event: e.ComplaintAssigned, s: Setting) -> Iterable[Effect]:
    yield told(event, "assigned", event.to, event.at.isoformat())


def _promised(event: e.AnswerPromised, s: Setting) -> Iterable[Effect]:
    if event.promise > 1:
        yield StopTimer(event.subject, f"{r.LEVELS.id}.{event.promise - 1}", event.at, cancelled=True)
    yield s.begin(event, f"{r.LEVELS.id}.{event.promise}", event.until)
    yield told(event, "promised", event.customer, str(event.promise), until=s.local(event.until))


def _involved(event: e.DepartmentsInvolved, s: Setting) -> Iterable[Effect]:
    chasing = s.rules.chasing
    for part, department in enumerate(event.departments, event.first):
        yield s.begin(event, f"{r.JOINT.id}.{part}", event.until)
        if chasing is not None:
            name = f"{r.CHASING.id}.{part}.1"
            yield StartTimer(start(event.subject, name, s.calendar, chasing.every, event.at, reminder=True))
        yield told(event, "part_wanted", department, str(part), until=s.local(event.until))
    if RND_DEPARTMENT not in event.departments:
        yield told(event, "jointly", RND_DEPARTMENT, str(event.first))


def _contributed(event: e.DepartmentContributed, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, f"{r.JOINT.id}.{event.part}", event.at)
    yield CancelTimers(event.subject, event.at, f"{r.CHASING.id}.{event.part}.")


def _found(event: e.FaultFound, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, stage_timer(StageName.RND, event.round), event.at)
    yield from s.stage(event, StageName.CUSTOMER_SERVICE, event.round)


def _concluded(event: e.InvestigationConcluded, s: Setting) -> Iterable[Effect]:
    if s.rules.report_within is not None:
        name = timer_name(r.REPORT, event.round)
        yield StartTimer(start(event.subject, name, s.calendar, s.rules.report_within, event.at))


def _reported(event: e.InvestigationReported, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, timer_name(r.REPORT, event.round), event.at)
    yield told(event, "to_rule", s.rules.ruling_by, str(event.round))


def _judged(event: e.ComplaintJudged, s: Setting) -> Iterable[Effect]:
    # A second form may go by the finding of the first: nobody waits for R&D then.
    yield StopTimer(event.subject, stage_timer(StageName.RND, event.round), event.at, cancelled=True)
    yield StopTimer(event.subject, stage_timer(StageName.CUSTOMER_SERVICE, event.round), event.at)


def _dismissed(event: e.ComplaintDismissed, s: Setting) -> Iterable[Effect]:
    yield CancelTimers(event.subject, event.at, f"{r.STAGES.id}.")
    yield CancelTimers(event.subject, event.at, f"{r.JOINT.id}.")
    yield CancelTimers(event.subject, event.at, f"{r.CHASING.id}.")
    yield CancelTimers(event.subject, event.at, r.REPORT.id)
    yield told(event, "collect", SALES_DEPARTMENT, str(event.round))


def _submitted(event: e.RemedySubmitted, s: Setting) -> Iterable[Effect]:
    count = f"{event.turn}.{event.submission}"
    limit = s.rules.stages.get(StageName.DECISION.value)
    if limit is not None:
        name = f"{r.STAGES.id}.{StageName.DECISION.value}.{count}"
        yield StartTimer(start(event.subject, name, s.calendar, limit.within, event.at))
    total = fact_of(Money(event.total, s.currency))
    yield told(event, "to_decide", event.belongs_to, str(event.submission), total=total)


def _decided(event: e.RemedyApproved | e.RemedyReturned, s: Setting) -> Iterable[Effect]:
    name = f"{r.STAGES.id}.{StageName.DECISION.value}.{event.turn}.{event.submission}"
    yield StopTimer(event.subject, name, event.at)


def _answered(event: e.ComplaintAnswered, s: Setting) -> Iterable[Effect]:
    if event.promises:
        yield StopTimer(event.subject, f"{r.LEVELS.id}.{event.promises}", event.at)
    yield told(event, "answered", event.customer, event.at.isoformat(), channel=event.channel)


def _told_by_level(event: e.RemedyProposed | e.CustomerSatisfied, s: Setting) -> Iterable[Effect]:
    if event.promises:
        yield StopTimer(event.subject, f"{r.LEVELS.id}.{event.promises}", event.at)


def _declined(event: e.AnswerDeclined, s: Setting) -> Iterable[Effect]:
    yield told(event, "declined", s.rules.handled_by, event.at.isoformat())


def _renewed(event: e.FormRenewed, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, timer_name(r.ACCEPTANCE, event.turn - 1), event.at)
    yield from _closing(event, s)
    yield from _first_stage(event, s)


def _objected(event: e.DismissalObjected, s: Setting) -> Iterable[Effect]:
    yield told(event, "memorandum", s.rules.ruling_by, event.memorandum, memorandum=event.memorandum)


def _reopened(event: e.ComplaintReopened, s: Setting) -> Iterable[Effect]:
    yield from _first_stage(event, s)


def _escalated(event: e.ComplaintEscalated, s: Setting) -> Iterable[Effect]:
    yield told(event, "escalated", event.to, str(event.level))


def _closed(event: e.ComplaintClosed, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, timer_name(r.ACCEPTANCE, event.turn), event.at)
    yield CancelTimers(event.subject, event.at, f"{r.LEVELS.id}.")
    yield told(event, "closed", event.customer)
    if s.rules.review_by is not None and not event.reviewed:
        yield s.begin(event, r.MONTHLY_REVIEW.id, review_due(event.at, s.rules.review_by, s.zone))


def _withdrawn(event: e.ComplaintWithdrawn, s: Setting) -> Iterable[Effect]:
    # Of the handling; a hold that law demands does not end with it.
    yield CancelTimers(event.subject, event.at, "CMP-")


def _reviewed(event: e.ComplaintReviewed, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, r.MONTHLY_REVIEW.id, event.at)


def _remarked(event: e.RemarkNoted, s: Setting) -> Iterable[Effect]:
    yield told(event, "remark", event.department, str(event.remark))


def _slip(event: e.SlipMoved, s: Setting) -> Iterable[Effect]:
    # Goods are expected once the slip is signed, compared once they came: two commands to others, through the outbox.
    mark = f"{event.nth}/{event.at.isoformat()}"
    if event.move == "slip.sign":
        yield told(event, "expect_return", WAREHOUSE, mark, slip=event.slip)
    elif event.move in ("slip.take_in", "slip.resolve"):
        yield told(event, "compare_return", FINANCE, mark, slip=event.slip, pieces=event.pieces)
    elif event.move == "slip.dispute":
        yield told(event, "discrepancy", s.rules.overrun_to, mark, slip=event.slip)


def _certificate(event: e.CertificateMoved, s: Setting) -> Iterable[Effect]:
    if event.move == "certificate.countersign":
        mark = event.certificate
        yield told(event, "book_discount", FINANCE, mark, certificate=event.certificate, amount=event.amount)


def _penalty(event: e.PenaltyMoved, s: Setting) -> Iterable[Effect]:
    mark = str(event.penalty)
    if event.move == "penalty.notice":
        yield told(event, "deduct", PERSONNEL, mark, penalty=event.penalty, amount=event.amount)
    elif event.move == "penalty.approve" and event.discipline:
        yield told(event, "discipline", PERSONNEL, mark, penalty=event.penalty, kind=event.discipline)


def hold_timer(hold: int) -> str:
    """The timer of a case's hold, counted from 1 (KRN-14)."""
    return f"{PERSONAL_DATA.id}.{hold}"


def _held(event: e.ComplaintHeld, s: Setting) -> Iterable[Effect]:
    if event.hold > 1:
        yield StopTimer(event.subject, hold_timer(event.hold - 1), event.at, cancelled=True)
    if event.until is not None:
        yield s.begin(event, hold_timer(event.hold), event.until, reminder=True)


def _released(event: e.ComplaintReleased, s: Setting) -> Iterable[Effect]:
    yield StopTimer(event.subject, hold_timer(event.hold), event.at, cancelled=True)


_TABLE: Mapping[type[Event], Callable[..., Iterable[Effect]]] = {
    e.ComplaintReceived: _received,
    e.ComplaintChecked: _checked,
    e.ComplaintAccepted: _accepted,
    e.ComplaintHandled: _handled,
    e.ComplaintMarked: _marked,
    e.ComplaintAssigned: _assigned,
    e.AnswerPromised: _promised,
    e.DepartmentsInvolved: _involved,
    e.DepartmentContributed: _contributed,
    e.FaultFound: _found,
    e.InvestigationConcluded: _concluded,
    e.InvestigationReported: _reported,
    e.ComplaintJudged: _judged,
    e.ComplaintDismissed: _dismissed,
    e.RemedySubmitted: _submitted,
    e.RemedyApproved: _decided,
    e.RemedyReturned: _decided,
    e.ComplaintAnswered: _answered,
    e.RemedyProposed: _told_by_level,
    e.CustomerSatisfied: _told_by_level,
    e.AnswerDeclined: _declined,
    e.FormRenewed: _renewed,
    e.DismissalObjected: _objected,
    e.ComplaintReopened: _reopened,
    e.ComplaintEscalated: _escalated,
    e.ComplaintClosed: _closed,
    e.ComplaintWithdrawn: _withdrawn,
    e.ComplaintReviewed: _reviewed,
    e.RemarkNoted: _remarked,
    e.SlipMoved: _slip,
    e.CertificateMoved: _certificate,
    e.PenaltyMoved: _penalty,
    e.ComplaintHeld: _held,
    e.ComplaintReleased: _released,
}


def effects(events: Sequence[Event], setting: Setting) -> tuple[Effect, ...]:
    """The effects of ``events`` by the rules and on the calendar of ``setting``."""
    return tuple(effect for event in events if (row := _TABLE.get(type(event))) for effect in row(event, setting))


def handlers(house: House) -> Mapping[str, TimerHandler]:
    """What happens when a timer of a complaint fires: an overrun is reported, a department is reminded, a hold ends."""

    def overdue(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
        if isinstance(fired, TimerBreached):
            case = unit.of(COMPLAINTS).get(fired.subject)
            rules = house.pinned(case.rulebook, unit)[COMPLAINT_RULES]
            yield Message(
                f"{fired.subject}/{fired.timer}/overdue",
                "complaint.overdue",
                _superior(fired.timer, rules),
                {"complaint": fired.subject, "number": case.number, "branch": case.branch, "timer": fired.timer},
            )

    def remind(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
        if not isinstance(fired, TimerReminded):
            return
        case = unit.of(COMPLAINTS).get(fired.subject)
        rules = house.pinned(case.rulebook, unit)[COMPLAINT_RULES]
        _, number, count = fired.timer.split(".")
        part, times = case.parts[int(number) - 1], int(count)
        if part.done is not None or case.state not in OPEN or rules.chasing is None:
            return
        facts: dict[str, Fact] = {
            "complaint": fired.subject,
            "number": case.number,
            "branch": case.branch,
            "department": part.department,
            "times": min(times, rules.chasing.times),
        }
        key = f"{fired.subject}/{fired.timer}"
        if times > rules.chasing.times:  # nor was it done after the last reminder
            yield Message(f"{key}/superior", "complaint.not_done", rules.chasing.superior, facts)
            return
        yield Message(key, "complaint.reminder", part.department, facts)
        name = f"{r.CHASING.id}.{number}.{times + 1}"
        calendar = house.calendar_of(case.branch)
        yield StartTimer(start(fired.subject, name, calendar, rules.chasing.every, fired.at, reminder=True))

    def lapse(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
        system = system_actor((ERASE,))
        case = unit.load(COMPLAINTS, fired.subject, may=ERASE, by=system)
        hold = int(fired.timer.partition(".")[2])
        events = case.lapse(hold, by=system.id, at=fired.found_at)
        if events:
            unit.session.redact(case.id)
            unit.of(COMPLAINTS).save(case)
            unit.record(events)
        return ()

    reported = (r.ACCEPTANCE, r.STAGES, r.JOINT, r.REPORT, r.LEVELS, r.MONTHLY_REVIEW)
    return {**{rule.id: overdue for rule in reported}, r.CHASING.id: remind, PERSONAL_DATA.id: lapse}


def _superior(timer: str, rules: ComplaintRules) -> str:
    """Who is told of an overrun: the stage's superior, else the one for the whole case. [CMP-04, CMP-05]"""
    _, _, rest = timer.partition(".")  # only a stage's timer goes on with the name of a stage
    stage = rules.stages.get(rest.partition(".")[0])
    return rules.overrun_to if stage is None else stage.superior
