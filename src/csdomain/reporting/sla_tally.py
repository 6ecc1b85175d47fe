"""The service levels of a replay: the kernel's timers, driven by moves, and what became of them (RPT-06, KRN-06)."""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from csdomain.kernel.calendar.explanation import duration_text
from csdomain.kernel.cases import timers
from csdomain.kernel.cases.timers import Timer, TimerState

from .distribution import Distribution
from .replay_plan import Role, Sla
from .replay_report import PARTS, LateCase, SlaOutcome, SlaReport

_TICK: Final = timedelta(microseconds=1)


def moved(timer: Timer | None, role: Role, sla: Sla, case: str, at: datetime) -> tuple[Timer | None, bool]:
    """The timer after a move that plays ``role`` for its service level, and whether it is done with.

    A move that means nothing to the timer as it stands (a start while it runs, a resume without pause) leaves it.
    Raises what the calendar raises. [RPT-06]
    """
    if role is Role.START:
        if timer is None:
            timer = timers.start(case, sla.name, sla.calendar, sla.duration, at, warnings=sla.warnings)
        return timer, False
    if timer is None:
        return None, False
    if role is Role.STOP:
        return timers.meet(timer, at)[0], True
    if role is Role.RESUME and timer.waiting:
        timer = timers.resume(timer, sla.calendar, at)
    elif role is Role.PAUSE and not timer.waiting:
        timer = timers.pause(timer, at)[0]
    return timer, False


def dropped(timer: Timer, at: datetime) -> Timer:
    """The timer of a case that ended at ``at`` without doing what the timer waits for."""
    return timers.cancel(timer, at)[0]


def outcome(timer: Timer, sla: Sla, until: datetime) -> SlaOutcome:
    """What a timer says as of ``until``, or of its end where that was before, as at the desk (KRN-06)."""
    found = timers.spent(timer, sla.calendar, until)
    return SlaOutcome(
        sla=sla.name,
        state=timer.state,
        started_at=timer.started_at,
        due_at=timer.due_at,
        until=found.until,
        completed=timer.completed_at is not None,
        used=found.used // _TICK,
        allowed=timer.budget // _TICK,
        late=found.late // _TICK,
    )


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
        self._worst: list[tuple[int, str, datetime, datetime, int, Timer, SlaOutcome]] = []

    def count(self, timer: Timer, until: datetime) -> SlaOutcome:
        """Take in a timer that is done with, or stands at the end of the log, and has been advanced to ``until``."""
        self.started += 1
        self.states[timer.state] += 1
        if timer.warnings:
            ran = timer.pauses[-1].since if timer.pauses and timer.pauses[-1].until is None else timer.ended_at or until
            for warning in timer.warnings:
                self.warned[warning.percent] += warning.at <= ran
        found = outcome(timer, self.sla, until)
        if found.completed and found.allowed:
            self.share.add(found.used * PARTS // found.allowed)
        if timer.state is TimerState.BREACHED:
            self.unfinished += not found.completed
            # The count keeps timers from being compared; of one case they come in the same order whatever the log's.
            entry = (found.late, timer.subject, found.started_at, found.until, self.started, timer, found)
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
                LateCase(timer.subject, found, timers.explain(timer, self.sla.calendar, found.until))
                for *_, timer, found in worst
            ),
        )


def settled(
    open_clocks: Iterable[tuple[int, Timer]], tallies: Sequence[SlaTally], until: datetime
) -> tuple[SlaOutcome, ...]:
    """The timers that still ran at the end of the log, advanced to it and counted."""
    return tuple(tallies[i].count(timers.advance(timer, until)[0], until) for i, timer in open_clocks)
