"""The service levels of a replay: the kernel's timers, driven by moves, and what became of them (RPT-06, KRN-06)."""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from csdomain.kernel.calendar.explanation import duration_text
from csdomain.kernel.cases import timers
from csdomain.kernel.cases.timers import Pause, Timer, TimerState

from .distribution import Distribution
from .replay_plan import Role, Sla
from .replay_report import PARTS, LateCase, SlaOutcome, SlaReport

_TICK: Final = timedelta(microseconds=1)
_NO_TIME: Final = timedelta(0)


@attrs.frozen
class Clock:
    """A timer and every wait since it was started, those after its deadline included: a late timer is not paused."""

    timer: Timer
    waits: tuple[Pause, ...] = ()

    @property
    def waiting(self) -> bool:
        """Whether a wait has begun and not ended."""
        return bool(self.waits) and self.waits[-1].until is None


def moved(clock: Clock | None, role: Role, sla: Sla, case: str, at: datetime) -> tuple[Clock | None, bool]:
    """The clock after a move that plays ``role`` for its service level, and whether it is done with.

    A move that means nothing to the clock as it stands (a start while it runs, a resume without pause) leaves it.
    Raises what the calendar raises. [RPT-06]
    """
    if role is Role.START:
        if clock is None:
            clock = Clock(timers.start(case, sla.name, sla.calendar, sla.duration, at, warnings=sla.warnings))
        return clock, False
    if clock is None:
        return None, False
    timer = clock.timer
    if role is Role.STOP:
        return Clock(timers.meet(timer, at)[0], clock.waits), True
    if role is Role.RESUME and clock.waiting:
        if timer.state is TimerState.PAUSED:
            timer = timers.resume(timer, sla.calendar, at)
        return Clock(timer, (*clock.waits[:-1], Pause(clock.waits[-1].since, at))), False
    if role is Role.PAUSE and not clock.waiting:
        if timer.state is TimerState.RUNNING:
            timer = timers.pause(timer, at)[0]
        return Clock(timer, (*clock.waits, Pause(at))), False
    return clock, False


def dropped(clock: Clock, at: datetime) -> Clock:
    """The clock of a case that ended at ``at`` without doing what the timer waits for."""
    return Clock(timers.cancel(clock.timer, at)[0], clock.waits) if clock.timer.live else clock


def outcome(clock: Clock, sla: Sla, until: datetime) -> SlaOutcome:
    """What a timer says as of ``until``, or of its end where that was before. No wait counts as used or as late."""
    timer = clock.timer
    end = timer.completed_at or until
    late = _NO_TIME
    if timer.state is TimerState.BREACHED:
        late = _counted(clock, sla, timer.due_at, end)
    return SlaOutcome(
        sla=sla.name,
        state=timer.state,
        started_at=timer.started_at,
        due_at=timer.due_at,
        until=end,
        completed=timer.completed_at is not None,
        used=_counted(clock, sla, timer.started_at, end) // _TICK,
        allowed=timer.budget // _TICK,
        late=late // _TICK,
    )


def _counted(clock: Clock, sla: Sla, since: datetime, until: datetime) -> timedelta:
    """The time between two instants as the service level counts it, waits left out."""
    waited = (
        sla.calendar.between(max(wait.since, since), min(wait.until or until, until))
        for wait in clock.waits
        if wait.since < until and (wait.until is None or wait.until > since)
    )
    return sla.calendar.between(since, until) - sum(waited, _NO_TIME)


def _late_waits(clock: Clock, sla: Sla, until: datetime) -> tuple[Pause, ...]:
    """The waits after the deadline, each from the deadline at the earliest and with what it counts for."""
    due = clock.timer.due_at
    cut = [
        (max(wait.since, due), min(wait.until or until, until))
        for wait in clock.waits
        if wait.until is None or wait.until > due
    ]
    return tuple(Pause(since, end, sla.calendar.between(since, end)) for since, end in cut if since < end)


class SlaTally:
    """Counts what became of the timers of one service level, and keeps the latest ``most`` of them."""

    def __init__(self, sla: Sla, most: int, share: Distribution | None = None) -> None:
        self.sla = sla
        self.started = 0
        self.states: Counter[TimerState] = Counter()
        self.unfinished = 0
        self.warned: Counter[int] = Counter(dict.fromkeys(sla.warnings, 0))
        self.share = share or Distribution()
        self._most = most
        self._worst: list[tuple[int, str, datetime, datetime, int, Clock, SlaOutcome]] = []

    def count(self, clock: Clock, until: datetime) -> SlaOutcome:
        """Take in a timer that is done with, or stands at the end of the log, and has been advanced to ``until``."""
        timer = clock.timer
        self.started += 1
        self.states[timer.state] += 1
        if timer.warnings:
            ran = timer.pauses[-1].since if timer.pauses and timer.pauses[-1].until is None else timer.ended_at or until
            for warning in timer.warnings:
                self.warned[warning.percent] += warning.at <= ran
        found = outcome(clock, self.sla, until)
        if found.completed and found.allowed:
            self.share.add(found.used * PARTS // found.allowed)
        if timer.state is TimerState.BREACHED:
            self.unfinished += not found.completed
            # The count keeps timers from being compared; of one case they come in the same order whatever the log's.
            entry = (found.late, timer.subject, found.started_at, found.until, self.started, clock, found)
            if len(self._worst) < self._most:
                heapq.heappush(self._worst, entry)
            elif self._worst:
                heapq.heappushpop(self._worst, entry)
        return found

    def report(self) -> SlaReport:
        """The figures, with the deadlines of the latest explained."""
        worst = sorted(self._worst, key=lambda entry: entry[:5], reverse=True)
        return SlaReport(
            name=self.sla.name,
            duration=duration_text(self.sla.duration),
            started=self.started,
            met=self.states[TimerState.MET],
            breached=self.states[TimerState.BREACHED],
            unfinished=self.unfinished,
            cancelled=self.states[TimerState.CANCELLED],
            open=self.states[TimerState.RUNNING] + self.states[TimerState.PAUSED],
            warned=dict(self.warned),
            share=self.share.quantiles(),
            worst=tuple(
                LateCase(
                    clock.timer.subject,
                    found,
                    timers.explain(clock.timer, self.sla.calendar, found.until),
                    _late_waits(clock, self.sla, found.until),
                )
                for *_, clock, found in worst
            ),
        )


def settled(
    open_clocks: Iterable[tuple[int, Clock]], tallies: Sequence[SlaTally], until: datetime
) -> tuple[SlaOutcome, ...]:
    """The timers that still ran at the end of the log, advanced to it and counted."""
    return tuple(
        tallies[i].count(Clock(timers.advance(clock.timer, until)[0], clock.waits), until) for i, clock in open_clocks
    )
