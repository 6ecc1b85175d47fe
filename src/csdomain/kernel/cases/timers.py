"""SLA timers: running, paused, met, breached or cancelled, over a working calendar (KRN-06).

A timer is a frozen value; each function returns the timer as it is afterwards, and what fired. A deadline is kept *on*
its instant: what is done at ``due_at`` is in time, so a breach shows from one microsecond later.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, unique
from functools import partial
from typing import Final

import attrs

from csdomain.kernel.calendar import Explanation, WorkCalendar
from csdomain.kernel.rules import TIMERS, Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.durations import Duration, ElapsedTime

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
    """A warning: it fires at ``at``, when ``percent`` of the working time is used up."""

    percent: int
    at: datetime


@attrs.frozen
class Pause:
    """A time during which the clock stood still; ``working`` is the working time in it, by which the deadline moved."""

    since: datetime
    until: datetime | None = None
    working: timedelta = timedelta(0)


@attrs.frozen
class Timer:
    """A deadline for ``subject``, known by its ``name`` (a rule's id, with a suffix where a rule has several).

    ``due_at`` is where it stands now, ``budget`` the working time it had at the start (all time, where the duration is
    elapsed time), ``calendar`` the name of the calendar it runs on. ``ended_at`` is when it was met, breached (the
    deadline, not the sweep) or cancelled; ``completed_at`` is when the work was done, also where that was too late. A
    ``reminder`` breaches nothing: at its time it is met, and somebody is told; where it is stopped before anybody
    noticed its time, nobody is.
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

    @property
    def live(self) -> bool:
        """Whether it is running or paused."""
        return self.state in LIVE

    @property
    def next_at(self) -> datetime | None:
        """When something next fires if nothing happens: the next warning, or the first instant that is too late."""
        if self.state is not TimerState.RUNNING:
            return None
        late = self.due_at + _TICK
        return min(self.warnings[self.warned].at, late) if self.warned < len(self.warnings) else late

    @property
    def paused_for(self) -> timedelta:
        """The working time of all pauses that have ended."""
        return sum((pause.working for pause in self.pauses), timedelta(0))


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

    ``warnings`` are percentages, 1 to 99, ascending, of the working time between ``at`` and the deadline; a
    ``reminder`` only reminds. Raises :class:`MalformedTimer` and what the calendar raises. [KRN-06]
    """
    at = utc(at)
    if not name or len(name) > _NAME_LONGEST or not name.isprintable():
        raise MalformedTimer(
            field="name", accepted=Text(f"1 to {_NAME_LONGEST} characters", f"1 到 {_NAME_LONGEST} 个字符")
        )
    percents = check_warnings(warnings)
    due = calendar.deadline(at, duration)
    budget = _counted(duration, calendar, at, due)
    # A deadline in closed time may lie before the next opening, where a share of no working time would end.
    thresholds = tuple(Threshold(p, min(_on(duration, calendar, at, budget * p // 100), due)) for p in percents)
    return Timer(subject, name, calendar.name, duration, at, due, budget, thresholds, reminder=reminder)


def _counted(duration: Duration, calendar: WorkCalendar, since: datetime, until: datetime) -> timedelta:
    """The time between two instants, as the duration counts: open time, or all of it where time merely elapses.

    A deadline at an instant that somebody set asks for no calendar, so that it may lie where none is published yet.
    """
    if isinstance(duration, ElapsedTime):
        return max(until - since, timedelta(0))
    return calendar.between(since, until)


def _on(duration: Duration, calendar: WorkCalendar, at: datetime, span: timedelta) -> datetime:
    """The instant a span after ``at``, as the duration counts."""
    return at + span if isinstance(duration, ElapsedTime) else calendar.add(at, span)


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
    """The clock stands still from ``at``. A timer that is late by then is breached instead.

    Raises :class:`~csdomain.kernel.rules.errors.RuleBroken` unless it runs. [KRN-06]
    """
    at = _in_order(timer, at)
    _require_state(timer, TimerState.RUNNING)
    timer, fired = _settled(timer, at)
    if not timer.live:
        return timer, fired
    return attrs.evolve(timer, state=TimerState.PAUSED, pauses=(*timer.pauses, Pause(at))), fired


def resume(timer: Timer, calendar: WorkCalendar, at: datetime) -> Timer:
    """The clock runs again from ``at``; deadline and coming warnings move by the working time paused.

    Raises :class:`~csdomain.kernel.rules.errors.RuleBroken` unless it is paused. [KRN-06]
    """
    at = _in_order(timer, at)
    _require_state(timer, TimerState.PAUSED)
    since = timer.pauses[-1].since
    working = _counted(timer.duration, calendar, since, at)
    kept, coming = timer.warnings[: timer.warned], timer.warnings[timer.warned :]

    def moved(instant: datetime) -> datetime:
        return _on(timer.duration, calendar, instant, working) if working and instant >= since else instant

    return attrs.evolve(
        timer,
        state=TimerState.RUNNING,
        pauses=(*timer.pauses[:-1], Pause(since, at, working)),
        due_at=moved(timer.due_at),
        warnings=(*kept, *(Threshold(w.percent, moved(w.at)) for w in coming)),
    )


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
    """The timer no longer matters from ``at``. One that is late by then is breached all the same.

    Raises :class:`~csdomain.kernel.rules.errors.RuleBroken` unless it is live. [KRN-06]
    """
    at = _in_order(timer, at)
    _require_state(timer, *LIVE)
    timer, fired = _settled(timer, at)
    if not timer.live:
        return timer, fired
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
class TimerExplanation:
    """How a timer's deadline came about: the first deadline by the calendar, and each pause that moved it."""

    timer: str
    duration: str
    calendar: str
    started_at: datetime
    first_due_at: datetime
    pauses: tuple[Pause, ...]
    due_at: datetime
    state: TimerState
    used: timedelta
    budget: timedelta
    counted: Explanation


def explain(timer: Timer, calendar: WorkCalendar, at: datetime) -> TimerExplanation:
    """The timer's arithmetic as data, as of ``at``: ``used`` is the working time gone by then, pauses left out."""
    counted = calendar.explain(timer.started_at, timer.duration)
    end = min(utc(at), timer.ended_at or utc(at))
    count = partial(_counted, timer.duration, calendar)
    paused = (count(pause.since, min(pause.until or end, end)) for pause in timer.pauses)
    used = count(timer.started_at, end) - sum(paused, timedelta(0))
    return TimerExplanation(
        timer=timer.name,
        duration=str(timer.duration),
        calendar=timer.calendar,
        started_at=timer.started_at,
        first_due_at=counted.result,
        pauses=timer.pauses,
        due_at=timer.due_at,
        state=timer.state,
        used=used,
        budget=timer.budget,
        counted=counted,
    )
