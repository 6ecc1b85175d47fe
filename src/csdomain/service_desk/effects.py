"""What follows from what happens at the service desk: a table, event by event (design decision D8)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import TimerBreached, TimerReminded
from csdomain.kernel.values.money import Money

from . import events as e
from . import rules as r
from .lifecycle import State
from .model.check import CHECKS
from .model.columns import JOBS
from .model.job import Job
from .model.trial import TRIALS, Trial
from .ports import SATISFACTION
from .values import CURRENT_RULES, SERVICE_RULES, ServiceRules

FINANCE: Final = "finance"
EFFECTS: Final = Effects(JOBS, SERVICE_RULES)
CHECK_EFFECTS: Final = Effects(CHECKS, CURRENT_RULES)
TRIAL_EFFECTS: Final = Effects(TRIALS, CURRENT_RULES)
S = Scene[ServiceRules]


# --- dispatch
@EFFECTS.on(e.JobReceived)
def _received(event: e.JobReceived, s: S) -> Iterable[Effect]:
    yield s.tell(event, "to_dispatch", s.rules.manager)


@EFFECTS.on(e.JobTakenOver)
def _taken_over(event: e.JobTakenOver, s: S) -> Iterable[Effect]:
    job: Job = s.case
    match job.state:
        case State.RECEIVED:
            yield s.tell(event, "to_dispatch", s.rules.manager)
        case State.DISPATCHED:
            yield from _under_way(event, s, event.visit)
        case State.UNSIGNED:
            yield s.tell(event, "unsigned", s.rules.manager, event.visit, technician=event.technician)
        case State.SETTLED:
            yield s.tell(event, "to_countersign", s.rules.manager, minutes=job.minutes)
        case State.COUNTERSIGNED:
            yield s.tell(event, "to_archive", s.rules.clerk)
    if job.bill and job.fee is not None:
        yield s.tell(event, "income", FINANCE, customer=job.customer, amount=job.fee)


@EFFECTS.on(e.JobDispatched)
def _dispatched(event: e.JobDispatched, s: S) -> Iterable[Effect]:
    yield from _under_way(event, s, event.visit)
    if event.customer:
        yield s.tell(event, "expected", event.customer, event.visit, expected=event.expected)


def _under_way(event: e.JobDispatched | e.JobTakenOver, s: S, visit: int) -> Iterable[Effect]:
    assert event.expected is not None  # noqa: S101 - somebody is on the way
    yield s.tell(event, "dispatched", event.technician, visit, expected=event.expected)
    yield s.until(event, timer(r.DISPATCH, visit), event.expected)


@EFFECTS.on(e.VisitCalledOff, e.JobUnsettled)
def _back(event: e.VisitCalledOff | e.JobUnsettled, s: S) -> Iterable[Effect]:
    if isinstance(event, e.VisitCalledOff):
        yield s.stop(event, timer(r.DISPATCH, event.visit), cancelled=True)
        yield s.tell(event, "called_off", event.technician, event.visit)
        if event.customer:  # who waits at home
            yield s.tell(event, "put_off", event.customer, event.visit)
    yield s.tell(event, "to_dispatch", s.rules.manager, event.visit)


@EFFECTS.on(e.TechnicianArrived)
def _arrived(event: e.TechnicianArrived, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.DISPATCH, event.visit))


@EFFECTS.fires(TimerBreached, r.DISPATCH)
def _late(job: Job, fired: TimerBreached, s: S) -> Iterable[Effect]:
    due = job.visits[-1].expected
    yield s.tell(fired, "late", s.rules.manager, number=job.number, technician=job.technician, expected=due)


@EFFECTS.on(e.JobCancelled)
def _cancelled(event: e.JobCancelled, s: S) -> Iterable[Effect]:
    if event.source == State.DISPATCHED.value:
        yield s.tell(event, "called_off", s.case.technician, len(s.case.visits))
        if event.customer:
            yield s.tell(event, "cancelled", event.customer)
    yield s.cancel(event)


# --- signed
@EFFECTS.on(e.JobSettled)
def _settled(event: e.JobSettled, s: S) -> Iterable[Effect]:
    yield s.tell(event, "to_countersign", s.rules.manager, minutes=event.minutes)
    if event.fee:
        amount = Money(event.fee, s.place.currency)
        yield s.tell(event, "income", FINANCE, customer=event.customer, amount=amount)
    if event.customer:
        yield s.tell(event, "survey", SATISFACTION, customer=event.customer)


@EFFECTS.on(e.LeftUnsigned)
def _unsigned(event: e.LeftUnsigned, s: S) -> Iterable[Effect]:
    yield s.tell(event, "unsigned", s.rules.manager, event.visit, technician=event.technician)


@EFFECTS.on(e.JobCountersigned)
def _countersigned(event: e.JobCountersigned, s: S) -> Iterable[Effect]:
    yield s.tell(event, "to_archive", s.rules.clerk)


@EFFECTS.on(e.PurchaseRequested)
def _purchase(event: e.PurchaseRequested, s: S) -> Iterable[Effect]:
    yield s.tell(event, "purchase", FINANCE, event.nth, amount=Money(event.amount, s.place.currency))


# --- out of town
@EFFECTS.on(e.TripAsked)
def _asked(event: e.TripAsked, s: S) -> Iterable[Effect]:
    amount = s.case.trips[event.trip - 1].trip.estimate
    mark = f"{event.trip}.{event.turn}"
    yield s.tell(event, "to_approve", s.rules.manager, mark, technician=event.technician, amount=amount)


@EFFECTS.on(e.TripApproved, e.TripRefused)
def _decided(event: e.TripApproved | e.TripRefused, s: S) -> Iterable[Effect]:
    said = "approved" if isinstance(event, e.TripApproved) else "refused"
    yield s.tell(event, said, event.asker, f"{event.trip}.{event.turn}")


# --- advice
@EFFECTS.on(e.AdviceAsked)
def _asks(event: e.AdviceAsked, s: S) -> Iterable[Effect]:
    yield s.tell(event, "question", s.rules.clerk)
    yield s.clock(event, timer(r.ADVICE), s.rules.answer_within)


@EFFECTS.on(e.AdviceAnswered)
def _answered(event: e.AdviceAnswered, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.ADVICE))


@EFFECTS.fires(TimerBreached, r.ADVICE)
def _unanswered(job: Job, fired: TimerBreached, s: S) -> Iterable[Effect]:
    for who in dict.fromkeys((job.owner, s.rules.manager)):
        yield s.tell(fired, "unanswered", who, who, number=job.number)


# --- register and trials
@CHECK_EFFECTS.on(e.RegisterChecked)
def _checked(event: e.RegisterChecked, s: S) -> Iterable[Effect]:
    if event.differences:
        yield s.tell(event, "differences", s.rules.manager, day=event.day, differences=event.differences)


@TRIAL_EFFECTS.on(e.TrialGranted, e.TrialExtended)
def _runs(event: e.TrialGranted | e.TrialExtended, s: S) -> Iterable[Effect]:
    count = 1 + (event.nth if isinstance(event, e.TrialExtended) else 0)
    if count > 1:
        yield s.stop(event, timer(r.TRIAL, count - 1), cancelled=True)
    due = s.morning(event.until) - timedelta(days=s.rules.remind_before)
    yield s.until(event, timer(r.TRIAL, count), due, reminder=True)


@TRIAL_EFFECTS.on(e.TrialEnded)
def _ended(event: e.TrialEnded, s: S) -> Iterable[Effect]:
    yield s.cancel(event)


@TRIAL_EFFECTS.fires(TimerReminded, r.TRIAL)
def _ending(trial: Trial, fired: TimerReminded, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "ending", trial.owner, product=trial.product, until=trial.until)
