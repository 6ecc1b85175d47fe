"""What a replay tells: by stage, by move, by service level, by case, and what was not replayed and why (RPT-06).

All durations are whole microseconds, all instants in UTC.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from csdomain.kernel.calendar.explanation import span_text
from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.cases.timers import Pause, TimerExplanation, TimerState
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.values.durations import runs_always

from .distribution import Quantiles
from .log_faults import Fault, Reason

_MICROS: Final = 1_000_000
#: Shares are told in parts of a million.
PARTS: Final = 1_000_000


@attrs.frozen
class MoveCount:
    """How often a move was made from a state, and where it led; or, with an empty ``dest``, how often it did not fit.

    ``accepted`` are the moves that would have fitted.
    """

    move: str
    source: str
    dest: str
    count: int
    accepted: str = ""

    @property
    def fitting(self) -> bool:
        """Whether these moves were made."""
        return bool(self.dest)


@attrs.frozen
class StageReport:
    """A state of the workflow, and what was seen of it; the first of all, without a name, is before a case is opened.

    A visit is an uninterrupted stay; ``elapsed`` and ``working`` tell of the visits that have ended, ``still`` counts
    those that had not at the end of the log. Moves are counted at the state they were tried from.
    """

    state: str
    final: bool
    visits: int
    cases: int
    still: int
    elapsed: Quantiles
    working: Quantiles
    moves: tuple[MoveCount, ...]

    @property
    def fitting(self) -> int:
        """How many moves were made from here."""
        return sum(move.count for move in self.moves if move.fitting)

    @property
    def unfitting(self) -> int:
        """How many were tried from here and did not fit."""
        return sum(move.count for move in self.moves if not move.fitting)


@attrs.frozen
class SlaOutcome:
    """How one timer of a service level ended, or stands at the end of the log.

    ``used`` of ``allowed`` is working time, or time on the clock where the service level runs on the clock; ``late``
    counts from the deadline. Waits are left out of both. ``completed`` says whether the work was done, in time or not.
    """

    sla: str
    state: TimerState
    started_at: datetime
    due_at: datetime
    until: datetime
    completed: bool
    used: int
    allowed: int
    late: int


@attrs.frozen
class LateCase:
    """One of the latest cases of a service level, with how its deadline came about, and the waits after it."""

    case: str
    outcome: SlaOutcome
    explained: TimerExplanation

    def text(self, language: Language = "en") -> str:
        """How the deadline came about, for people: the days counted, each pause, and each wait after the deadline."""
        lines = [self.explained.counted.text(language)]
        zone = zone_of(self.explained.counted.zone)
        working = not runs_always(self.explained.counted.duration)

        def spent(pause: Pause) -> tuple[str, str, str]:
            since, until = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (pause.since, pause.until or pause.since))
            return since, until, span_text(pause.working)(language)

        due_at = self.explained.due_at
        for pause in self.explained.pauses:
            if pause.until is not None and pause.until <= due_at:
                since, until, span = spent(pause)
                lines.append(
                    f"暂停 {since} 至 {until}，其中{'工作时间' if working else '历时'} {span}"
                    if language == "zh"
                    else f"paused from {since} to {until}, {span}{' of working time' if working else ''}"
                )
        if self.explained.due_at != self.explained.first_due_at:
            due = f"{self.explained.due_at.astimezone(zone):%Y-%m-%d %H:%M}"
            lines.append(f"顺延后期限：{due}" if language == "zh" else f"with the pauses due {due}")
        for wait in self.explained.pauses:
            if wait.until is not None and wait.until > due_at:
                since, until, span = spent(wait)
                lines.append(
                    f"期限后等待 {since} 至 {until}，{span}不计入逾期"
                    if language == "zh"
                    else f"waited from {since} to {until} after the deadline: {span} not counted as late"
                )
        return "\n".join(lines)


@attrs.frozen
class SlaReport:
    """A service level. Every timer started is met, breached, cancelled (its case ended without it) or still open.

    ``share`` is the part of the time that was used where the work was done, in millionths; above a million it was
    late. ``unfinished`` of the breached were not done at all. ``warned`` counts the timers that passed a percentage.
    """

    name: str
    duration: Text
    started: int
    met: int
    breached: int
    unfinished: int
    cancelled: int
    open: int
    warned: Mapping[int, int]
    share: Quantiles
    worst: tuple[LateCase, ...]


@attrs.frozen
class Month:
    """Cases opened and finished in a month of the calendar's zone."""

    year: int
    month: int
    opened: int
    finished: int


@attrs.frozen
class FaultGroup:
    """Events that were not replayed for one reason, and the first line of them."""

    reason: Reason
    activity: str
    state: str
    count: int
    line: int


@attrs.frozen
class Stay:
    """What one case spent in a state: visits and their time, the running one up to the end of the log."""

    state: str
    visits: int
    elapsed: int
    working: int


@attrs.frozen
class CaseResult:
    """One case. It is ``finished`` in a final state; else it stands as of the end of the log."""

    case: str
    state: str
    finished: bool
    opened_at: datetime
    until: datetime
    fitting: int
    unfitting: int
    handovers: int
    stays: tuple[Stay, ...]
    slas: tuple[SlaOutcome, ...]

    def as_data(self) -> dict[str, Any]:
        """The case for programs, durations in seconds."""
        return {
            "case": self.case,
            "state": self.state,
            "finished": self.finished,
            "opened_at": self.opened_at.isoformat(),
            "until": self.until.isoformat(),
            "fitting": self.fitting,
            "unfitting": self.unfitting,
            "handovers": self.handovers,
            "stages": [
                {
                    "state": s.state,
                    "visits": s.visits,
                    "elapsed_s": s.elapsed / _MICROS,
                    "working_s": s.working / _MICROS,
                }
                for s in self.stays
            ],
            "slas": [_outcome(outcome) for outcome in self.slas],
        }


@attrs.frozen
class ReplayReport:
    """The whole report.

    ``events`` = ``replayed`` + the ignored + the faults, exactly. ``cases`` = ``finished`` + ``open`` + ``unopened``,
    the last with events of which none could open the case. ``groups`` count every fault; ``listed`` are the first of
    them, ``unlisted`` says how many more there are. ``as_of`` is the time of the latest event that was replayed.
    """

    name: str
    log: str
    zone: str
    events: int
    replayed: int
    ignored: Mapping[str, int]
    groups: tuple[FaultGroup, ...]
    listed: tuple[Fault, ...]
    unlisted: int
    cases: int
    finished: int
    open: int
    unopened: int
    handovers: int
    first_at: datetime | None
    as_of: datetime | None
    elapsed: Quantiles
    working: Quantiles
    stages: tuple[StageReport, ...]
    slas: tuple[SlaReport, ...]
    months: tuple[Month, ...]

    @property
    def faults(self) -> int:
        """How many events were neither replayed nor ignored."""
        return len(self.listed) + self.unlisted

    @property
    def reasons(self) -> dict[Reason, int]:
        """The faults counted by reason, in the order of :class:`~csdomain.reporting.log_faults.Reason`."""
        counted = {reason: sum(g.count for g in self.groups if g.reason is reason) for reason in Reason}
        return {reason: count for reason, count in counted.items() if count}

    @property
    def moves(self) -> dict[str, tuple[int, int]]:
        """Each move with how often it fitted and how often it did not."""
        found: dict[str, tuple[int, int]] = {}
        for one in (move for stage in self.stages for move in stage.moves):
            fitted, failed = found.get(one.move, (0, 0))
            found[one.move] = (fitted + one.count * one.fitting, failed + one.count * (not one.fitting))
        return found

    def as_data(self) -> dict[str, Any]:
        """The report for programs: durations in seconds, shares as fractions, instants in UTC."""
        return {
            "name": self.name,
            "log": self.log,
            "zone": self.zone,
            "first_at": None if self.first_at is None else self.first_at.isoformat(),
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "events": {
                "total": self.events,
                "replayed": self.replayed,
                "ignored": sum(self.ignored.values()),
                "not_replayed": self.faults,
            },
            "ignored": dict(self.ignored),
            "reasons": {reason.value: count for reason, count in self.reasons.items()},
            "cases": {
                "total": self.cases,
                "finished": self.finished,
                "open": self.open,
                "unopened": self.unopened,
                "elapsed_s": _quantiles(self.elapsed, _MICROS),
                "working_s": _quantiles(self.working, _MICROS),
                "handovers": self.handovers,
            },
            "stages": [_stage(stage) for stage in self.stages],
            "moves": {move: {"fitting": fits, "unfitting": not_} for move, (fits, not_) in self.moves.items()},
            "slas": [_sla(sla) for sla in self.slas],
            "months": [attrs.asdict(month) for month in self.months],
            "groups": [{**attrs.asdict(group), "reason": group.reason.value} for group in self.groups],
            "faults": [fault.as_data() for fault in self.listed],
            "faults_not_listed": self.unlisted,
        }


def _quantiles(given: Quantiles, unit: int) -> dict[str, Any]:
    return {
        "count": given.count,
        "median": given.median / unit,
        "p90": given.p90 / unit,
        "min": given.least / unit,
        "max": given.most / unit,
        "relative_error": given.error,
    }


def _stage(given: StageReport) -> dict[str, Any]:
    return {
        "state": given.state or None,
        "final": given.final,
        "visits": given.visits,
        "cases": given.cases,
        "still_there": given.still,
        "elapsed_s": _quantiles(given.elapsed, _MICROS),
        "working_s": _quantiles(given.working, _MICROS),
        "fitting": given.fitting,
        "unfitting": given.unfitting,
        "moves": [
            {"move": m.move, "to": m.dest or None, "count": m.count, "accepted": m.accepted or None}
            for m in given.moves
        ],
    }


def _sla(given: SlaReport) -> dict[str, Any]:
    return {
        "name": given.name,
        "duration": given.duration.en,
        "started": given.started,
        "met": given.met,
        "breached": given.breached,
        "breached_unfinished": given.unfinished,
        "cancelled": given.cancelled,
        "open": given.open,
        "warned": {str(percent): count for percent, count in given.warned.items()},
        "used_share": _quantiles(given.share, PARTS),
        "worst": [
            {
                "case": late.case,
                **_outcome(late.outcome),
                "explained": {"en": late.text("en"), "zh": late.text("zh")},
            }
            for late in given.worst
        ],
    }


def _outcome(given: SlaOutcome) -> dict[str, Any]:
    return {
        "sla": given.sla,
        "state": given.state.value,
        "started_at": given.started_at.isoformat(),
        "due_at": given.due_at.isoformat(),
        "until": given.until.isoformat(),
        "completed": given.completed,
        "used_s": given.used / _MICROS,
        "allowed_s": given.allowed / _MICROS,
        "late_s": given.late / _MICROS,
    }


__all__ = [
    "PARTS",
    "CaseResult",
    "FaultGroup",
    "LateCase",
    "Month",
    "MoveCount",
    "ReplayReport",
    "SlaOutcome",
    "SlaReport",
    "StageReport",
    "Stay",
]
