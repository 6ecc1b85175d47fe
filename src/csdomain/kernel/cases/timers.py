"""SLA timers: running, paused, met, breached or cancelled, over a working calendar (KRN-06).

A timer is a frozen value; each function returns the timer as it is afterwards, and what fired. A deadline is kept *on*
its instant: what is done at ``due_at`` is in time, so a breach shows from one microsecond later. Waiting never counts,
as used or as late: pauses are counted as the duration is, working time while the calendar is open, days and hours on
the clock always (ADR 22).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.calendar import Explanation, WorkCalendar
from csdomain.kernel.rules import TIMERS, Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.durations import Duration, runs_always

from .events import TimerBreached, TimerFired, TimerReminded, TimerWarned, utc

_TICK: Final = timedelta(microseconds=1)
_NAME_LONGEST: Final = 64
SYSTEM: Final = ActorId("system")


class MalformedTimer(InvalidValue):
    """A timer with an unusable name or warning threshold (KRN-06)."""

    default_rule = TIMERS
    problem = Text("This timer cannot be started.", "无法启动此计时器。")


@unique
class TimerState(Enum):
    """Running and paused timers are live; the other three are for ever."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


LIVE: Final = frozenset({TimerState.RUNNING, TimerState.PAUSED})


@attrs.frozen
class Threshold:
    """A warning: it fires at ``at``, when ``percent`` of the time is used up."""

    percent: int
    at: datetime


@attrs.frozen
class Pause:
    """A time during which the clock stood still; ``working`` is the time in it, as the duration counts.

    A deadline that had not passed when it began moved by so much; one that had passed stays.
    """

    since: datetime
    until: datetime | None = None
    working: timedelta = timedelta(0)


@attrs.frozen
class Timer:
    """A deadline for ``subject``, known by its ``name`` (a rule's id, with a suffix where a rule has several).

    ``due_at`` is where it stands now, ``budget`` the time it had at the start, as the duration counts, ``calendar`` the
    name of the calendar it runs on. ``ended_at`` is when it was met, breached (the deadline, not the sweep) or
    cancelled; ``completed_at`` is when the work was done, also where that was too late, ``dropped_at`` when a late
    timer ceased to matter. A ``reminder`` breaches nothing: at its time it is met, and somebody is told; where it is
    stopped before anybody noticed its time, nobody is. ``assumed_years`` are those through which it was counted
    provisionally, their holidays not being published.
    """

    subject: str
    name: str
    calendar: str
    duration: Duration
    started_at: datetime
    due_at: datetime
    budget: timedelta
    warnings: tuple[Threshold, ...] = ()
    warned: int = 0
    state: TimerState = TimerState.RUNNING
    pauses: tuple[Pause, ...] = ()
    ended_at: datetime | None = None
    completed_at: datetime | None = None
    reminder: bool = False
    assumed_years: tuple[int, ...] = ()
    dropped_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether it is running or paused."""
        return self.state in LIVE

    @property
    def overdue(self) -> bool:
        """Whether it is late and the work is still to be done."""
        return self.state is TimerState.BREACHED and self.completed_at is None and self.dropped_at is None

    @property
    def waiting(self) -> bool:
        """Whether the clock stands still: a pause has begun and not ended, before the deadline or after."""
        return (self.state is TimerState.PAUSED or self.overdue) and bool(self.pauses) and self.pauses[-1].until is None

    @property
    def next_at(self) -> datetime | None:
        """When something next fires if nothing happens: the next warning, or the first instant that is too late."""
        if self.state is not TimerState.RUNNING:
            return None
        late = self.due_at + _TICK
        return min(self.warnings[self.warned].at, late) if self.warned < len(self.warnings) else late

    @property
    def paused_for(self) -> timedelta:
        """The time of the pauses that have ended and moved the deadline, as the duration counts."""
        ended = (pause.working for pause in self.pauses if pause.until is not None and pause.until <= self.due_at)
        return sum(ended, timedelta(0))


def check_warnings(percents: Sequence[int]) -> tuple[int, ...]:
    """``percents`` if they are warnings: ascending integers from 1 to 99. Raises :class:`MalformedTimer`. [KRN-06]"""
    integers = all(isinstance(p, int) and not isinstance(p, bool) and 0 < p < 100 for p in percents)
    if not integers or list(percents) != sorted(set(percents)):
        raise MalformedTimer(
            field="warnings",
            given=percents,
            accepted=Text("ascending integers from 1 to 99", "1 到 99 的递增整数"),
        )
    return tuple(percents)


def start(
    subject: str,
    name: str,
    calendar: WorkCalendar,
    duration: Duration,
    at: datetime,
    *,
    warnings: Sequence[int] = (),
    reminder: bool = False,
) -> Timer:
    """A running timer, due when ``duration`` from ``at`` has passed on ``calendar``.

    ``warnings`` are percentages, 1 to 99, ascending, of the time between ``at`` and the deadline; a ``reminder`` only
    reminds. Raises :class:`MalformedTimer` and what the calendar raises. [KRN-06]
    """
    at = utc(at)
    if not name or len(name) > _NAME_LONGEST or not name.isprintable():
        raise MalformedTimer(
            field="name", accepted=Text(f"1 to {_NAME_LONGEST} characters", f"1 到 {_NAME_LONGEST} 个字符")
        )
    percents = check_warnings(warnings)
    due = utc(calendar.deadline(at, duration))
    budget = _counted(duration, calendar, at, due)
    # A deadline in closed time may lie before the next opening, where a share of no working time would end.
    thresholds = tuple(Threshold(p, min(_on(duration, calendar, at, budget * p // 100), due)) for p in percents)
    timer = Timer(subject, name, calendar.name, duration, at, due, budget, thresholds, reminder=reminder)
    return _assuming(timer, calendar)


def _counted(duration: Duration, calendar: WorkCalendar, since: datetime, until: datetime) -> timedelta:
    """The time between two instants, as the duration counts: open time, or all of it where it runs always."""
    if runs_always(duration):
        return max(until - since, timedelta(0))
    return calendar.between(since, until)


def _on(duration: Duration, calendar: WorkCalendar, at: datetime, span: timedelta) -> datetime:
    """The instant a span after ``at``, as the duration counts."""
    return at + span if runs_always(duration) else calendar.add(at, span)


def _assuming(timer: Timer, calendar: WorkCalendar) -> Timer:
    if runs_always(timer.duration) or calendar.spec.unpublished != "provisional":
        return timer
    return attrs.evolve(timer, assumed_years=calendar.assumed_years(timer.started_at, timer.due_at))


def recounted(timer: Timer, calendar: WorkCalendar) -> Timer:
    """The timer counted anew where a year that it assumed is published by now; one that has ended stays as it is.

    Warnings that were given stay where they were. [KRN-04, KRN-06]
    """
    known = calendar.spec.known_years
    if not timer.live or not any(known is None or year in known for year in timer.assumed_years):
        return timer
    percents = [warning.percent for warning in timer.warnings]
    begun = (timer.subject, timer.name, calendar, timer.duration, timer.started_at)
    anew = start(*begun, warnings=percents, reminder=timer.reminder)
    for pause in timer.pauses:
        anew = attrs.evolve(anew, state=TimerState.PAUSED, pauses=(*anew.pauses, Pause(pause.since)))
        if pause.until is not None:
            anew = resume(anew, calendar, pause.until)
    warnings = (*timer.warnings[: timer.warned], *anew.warnings[timer.warned :])
    return attrs.evolve(anew, warnings=warnings, warned=timer.warned)


def advance(timer: Timer, until: datetime) -> tuple[Timer, tuple[TimerFired, ...]]:
    """The timer once everything due up to ``until`` has fired, and what fired, in order, each at its own instant."""
    fired: list[TimerFired] = []
    until = utc(until)
    while (next_at := timer.next_at) is not None and next_at <= until:
        if timer.warned < len(timer.warnings) and timer.warnings[timer.warned].at == next_at:
            warning = timer.warnings[timer.warned]
            timer = attrs.evolve(timer, warned=timer.warned + 1)
            fired.append(
                TimerWarned(
                    subject=timer.subject,
                    by=SYSTEM,
                    at=warning.at,
                    timer=timer.name,
                    found_at=until,
                    percent=warning.percent,
                )
            )
        else:
            timer, breach = _breach(timer, until)
            fired.append(breach)
    return timer, tuple(fired)


def _breach(timer: Timer, found_at: datetime) -> tuple[Timer, TimerFired]:
    due = timer.due_at
    kind, state = (TimerReminded, TimerState.MET) if timer.reminder else (TimerBreached, TimerState.BREACHED)
    event = kind(subject=timer.subject, by=SYSTEM, at=due, timer=timer.name, found_at=found_at)
    return attrs.evolve(timer, state=state, ended_at=due), event


def _settled(timer: Timer, at: datetime) -> tuple[Timer, tuple[TimerFired, ...]]:
    """The timer with its breach recorded if ``at`` is too late; what nobody was told in time is not told any more."""
    if timer.state is TimerState.RUNNING and at > timer.due_at and not timer.reminder:
        timer, breach = _breach(timer, at)
        return timer, (breach,)
    return timer, ()


def _in_order(timer: Timer, at: datetime) -> datetime:
    at = utc(at)
    last = timer.started_at
    if timer.pauses:
        last = timer.pauses[-1].until or timer.pauses[-1].since
    if at < last:  # the text is only made when it is said
        earliest = last.isoformat()
        raise RuleBroken(TIMERS, accepted=Text(f"not before {earliest}", f"不早于 {earliest}"), at=at)
    return at


def pause(timer: Timer, at: datetime) -> tuple[Timer, tuple[TimerFired, ...]]:
    """The clock stands still from ``at``. A timer that is late by then is breached, and stands still all the same.

    Raises :class:`~csdomain.kernel.rules.errors.RuleBroken` unless it runs, or is late and not done. [KRN-06]
    """
    at = _in_order(timer, at)
    if timer.waiting or not timer.overdue:
        _require_state(timer, TimerState.RUNNING)
    timer, fired = _settled(timer, at)
    state = TimerState.PAUSED if timer.live else timer.state
    return attrs.evolve(timer, state=state, pauses=(*timer.pauses, Pause(at))), fired


def resume(timer: Timer, calendar: WorkCalendar, at: datetime) -> Timer:
    """The clock runs again from ``at``; deadline and coming warnings move by the time paused, as the duration counts.

    Of working time none of them falls into the pause, or into the closed time in which it ends: at the earliest it is
    the next opening. The deadline of a late timer stays.

    Raises :class:`~csdomain.kernel.rules.errors.RuleBroken` unless it is paused, and what the calendar raises. [KRN-06]
    """
    at = _in_order(timer, at)
    if not timer.waiting:
        _require_state(timer, TimerState.PAUSED)
    since = timer.pauses[-1].since
    working = _counted(timer.duration, calendar, since, at)
    pauses = (*timer.pauses[:-1], Pause(since, at, working))
    if not timer.live:
        return attrs.evolve(timer, pauses=pauses)
    kept, coming = timer.warnings[: timer.warned], timer.warnings[timer.warned :]

    def moved(instant: datetime) -> datetime:
        return _moved(instant, timer.duration, calendar, since, at, working)

    after = attrs.evolve(
        timer,
        state=TimerState.RUNNING,
        pauses=pauses,
        due_at=moved(timer.due_at),
        warnings=(*kept, *(Threshold(w.percent, moved(w.at)) for w in coming)),
    )
    return _assuming(after, calendar)


def after_pause(due: datetime, duration: Duration, calendar: WorkCalendar, since: datetime, at: datetime) -> datetime:
    """Where a deadline lies after a clock of that kind stood still from ``since`` until ``at``. [KRN-06]"""
    return _moved(due, duration, calendar, since, at, _counted(duration, calendar, since, at))


def _moved(
    instant: datetime, duration: Duration, calendar: WorkCalendar, since: datetime, at: datetime, working: timedelta
) -> datetime:
    if instant < since or at == since:
        return instant
    to = _on(duration, calendar, instant, working) if working else instant
    return to if to > at or runs_always(duration) else calendar.next_open(at)


def meet(timer: Timer, at: datetime) -> tuple[Timer, tuple[TimerFired, ...]]:
    """What the timer waited for was done at ``at``: met, or breached if that was too late. Once and for ever.

    Raises :class:`~csdomain.kernel.rules.errors.RuleBroken` where it has been met or cancelled before. A timer already
    breached stays so and only notes when the work was done. [KRN-06]
    """
    at = _in_order(timer, at)
    if timer.state is TimerState.BREACHED and timer.completed_at is None:
        return attrs.evolve(timer, completed_at=at), ()
    _require_state(timer, *LIVE)
    timer, fired = _settled(timer, at)
    if not timer.live:
        return attrs.evolve(timer, completed_at=at), fired
    return attrs.evolve(timer, state=TimerState.MET, ended_at=at, completed_at=at), fired


def cancel(timer: Timer, at: datetime) -> tuple[Timer, tuple[TimerFired, ...]]:
    """The timer no longer matters from ``at``. One that is late by then is breached all the same, and late no longer.

    Raises :class:`~csdomain.kernel.rules.errors.RuleBroken` unless it is live, or late and not done. [KRN-06]
    """
    at = _in_order(timer, at)
    if not timer.overdue:
        _require_state(timer, *LIVE)
    timer, fired = _settled(timer, at)
    if not timer.live:
        return attrs.evolve(timer, dropped_at=at), fired
    return attrs.evolve(timer, state=TimerState.CANCELLED, ended_at=at), fired


def _require_state(timer: Timer, *states: TimerState) -> None:
    if timer.state in states:
        return
    names = ", ".join(sorted(state.value for state in states))
    raise RuleBroken(
        TIMERS,
        accepted=Text(f"a timer that is {names}", f"状态为 {names} 的计时器"),
        timer=timer.name,
        subject=timer.subject,
        state=timer.state,
    )


@attrs.frozen
class Spent:
    """The time of a timer up to ``until``: what was used, and what of it was late. Waiting counts as neither."""

    until: datetime
    used: timedelta
    late: timedelta


def spent(timer: Timer, calendar: WorkCalendar, at: datetime) -> Spent:
    """What the timer used as of ``at``, or of the end of its work where that was before. Raises as the calendar does.

    A late timer goes on until the work is done, or ceases to matter. A reminder is never late. [KRN-06]
    """
    at = utc(at)
    ended = timer.ended_at if timer.state is not TimerState.BREACHED else timer.dropped_at
    end = min(at, timer.completed_at or ended or at)

    def counted(since: datetime) -> timedelta:
        waits = ((max(wait.since, since), min(wait.until or end, end)) for wait in timer.pauses)
        waited = (_counted(timer.duration, calendar, *wait) for wait in waits if wait[0] < wait[1])
        return _counted(timer.duration, calendar, since, end) - sum(waited, timedelta(0))

    is_late = end > timer.due_at and not timer.reminder
    return Spent(end, counted(timer.started_at), counted(timer.due_at) if is_late else timedelta(0))


@attrs.frozen
class TimerExplanation:
    """How a timer's deadline came about: the first deadline by the calendar, and each pause that moved it.

    ``used`` and ``late`` are as of the instant asked about, waiting left out of both. ``assumed_years`` are years whose
    holidays are not published: the deadline is provisional.
    """

    timer: str
    duration: str
    calendar: str
    started_at: datetime
    first_due_at: datetime
    pauses: tuple[Pause, ...]
    due_at: datetime
    state: TimerState
    used: timedelta
    late: timedelta
    budget: timedelta
    counted: Explanation
    reminder: bool = False
    assumed_years: tuple[int, ...] = ()


def explain(timer: Timer, calendar: WorkCalendar, at: datetime) -> TimerExplanation:
    """The timer's arithmetic as data, as of ``at``. Raises as the calendar does. [KRN-06]"""
    timer = recounted(timer, calendar)
    counted = calendar.explain(timer.started_at, timer.duration)
    found = spent(timer, calendar, at)
    return TimerExplanation(
        timer=timer.name,
        duration=str(timer.duration),
        calendar=timer.calendar,
        started_at=timer.started_at,
        first_due_at=counted.result,
        pauses=timer.pauses,
        due_at=timer.due_at,
        state=timer.state,
        used=found.used,
        late=found.late,
        budget=timer.budget,
        counted=counted,
        reminder=timer.reminder,
        assumed_years=timer.assumed_years,
    )
