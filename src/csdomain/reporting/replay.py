"""The replay: events in, in the order of the log; what they say about the workflow and its deadlines out (RPT-06).

Memory holds the cases that are not finished, the distributions (bounded), and the first faults; never the log.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

import attrs

from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue

from . import sla_tally
from .distribution import EXACT_LIMIT, Distribution
from .log_faults import EmptyLog, Fault, Reason, UnparsableTime
from .replay_plan import Plan
from .replay_report import CaseResult, FaultGroup, Month, ReplayReport
from .replay_table import Case, Fit, Node, packed, result, stage, table, unpacked
from .sla_tally import SlaTally

#: Faults that the report lists one by one; all are counted, and ``on_fault`` is told of all.
LISTED_MOST: Final = 10_000
#: Different kinds of fault that are told apart; a column of free text taken for activities has no end of them.
GROUPS_MOST: Final = 1_000
#: The latest cases that are kept and explained, for each service level.
WORST_MOST: Final = 5
#: Characters of a case, activity or time that a fault keeps.
_SAID_LONGEST: Final = 400
_OTHERS: Final = "…"
#: A day before and after them there is time in every zone.
_FIRST_YEAR: Final = date.min.year + 1
_LAST_YEAR: Final = date.max.year - 1
_TICK: Final = timedelta(microseconds=1)


class SeenCases(Protocol):
    """Port: the ids of cases that are finished. A ``set`` will do; an adapter may keep them on disk."""

    def add(self, case: str, /) -> None:
        """Remember a case."""
        ...

    def __contains__(self, case: object, /) -> bool: ...


class RestingCases(Protocol):
    """Port: cases in a final state that a move may leave, until the log ends; an adapter may keep them on disk."""

    def put(self, case: str, values: tuple[Any, ...], /) -> None:
        """Keep the values of a case."""
        ...

    def take(self, case: str, /) -> tuple[Any, ...] | None:
        """The values of a case, which are then forgotten; None where there are none."""
        ...

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...


class RestingInMemory:
    """The cases at rest in a dictionary; satisfies :class:`RestingCases`."""

    def __init__(self) -> None:
        self._cases: dict[str, tuple[Any, ...]] = {}

    def put(self, case: str, values: tuple[Any, ...], /) -> None:
        """Keep the values of a case."""
        self._cases[case] = values

    def take(self, case: str, /) -> tuple[Any, ...] | None:
        """The values of a case, which are then forgotten; None where there are none."""
        return self._cases.pop(case, None)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._cases.values())


class Replay:
    """One replay of one log: :meth:`read` or :meth:`take` each event, :meth:`finish` for the report.

    Each event is replayed, ignored as the map says, or counted and listed as a fault; ``strict`` raises the first fault
    as the error it is, a subclass of :class:`~csdomain.reporting.log_faults.RowInvalid` with the line. ``seen`` keeps
    the ids of cases that are finished for good, ``resting`` the cases in a final state that a move may leave.
    ``on_case`` is told of each case when it is finished for good, and of all others at the end; ``on_fault`` of each
    fault. ``exact`` is how many samples a distribution keeps as they are.

    A move that does not fit leaves its case as it is, and the time runs on. A move from a state to itself goes on with
    the visit. A case is opened by its first event that is replayed. [RPT-06]
    """

    def __init__(
        self,
        plan: Plan,
        *,
        strict: bool = False,
        seen: SeenCases | None = None,
        resting: RestingCases | None = None,
        on_case: Callable[[CaseResult], None] | None = None,
        on_fault: Callable[[Fault], None] | None = None,
        exact: int = EXACT_LIMIT,
        listed: int = LISTED_MOST,
        worst: int = WORST_MOST,
    ) -> None:
        self.plan = plan
        self.strict = strict
        self._on_case, self._on_fault = on_case, on_fault
        self._seen: SeenCases = set() if seen is None else seen
        self._resting: RestingCases = RestingInMemory() if resting is None else resting
        self._exact, self._most_listed = exact, listed
        self._calendar = plan.calendar
        # Only such a calendar refuses an instant as such.
        self._partial = plan.calendar.spec.unpublished == "raise" and plan.calendar.spec.known_years is not None
        self._zone = zone_of(plan.calendar.spec.zone)
        self._open: dict[str, Case] = {}
        self._events = self._replayed = self._cases = self._finished = self._handovers = self._faults = 0
        self._ignored: dict[str, int] = {}
        self._groups: dict[tuple[Reason, str, str], list[int]] = {}
        self._listed: list[Fault] = []
        self._months: dict[tuple[int, int], list[int]] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._elapsed, self._working = Distribution(exact), Distribution(exact)
        self._tallies = [SlaTally(sla, worst, Distribution(exact)) for sla in plan.slas]
        self._nodes = table(plan, exact)
        self._start = self._nodes[None]
        self._may_rest = any(node.reopens for node in self._nodes.values())

    # --- events ---------------------------------------------------------------------------------------------------

    def read(self, line: int, case: str, activity: str, time: str, who: str = "") -> None:
        """One event as the log writes it; ``line`` is where it begins. Raises only where ``strict``."""
        if not case or not activity or not time:
            field = "case" if not case else "activity" if not activity else "time"
            self._events += 1
            columns = ", ".join(self.plan.columns.of(field))
            accepted = Text(f"a value in {columns}", f"{columns} 列须有值")
            self._refuse(Fault(line, Reason.MISSING_FIELD, case, activity, accepted=accepted))
            return
        try:
            at, later = self.plan.times.read(time)
        except UnparsableTime as error:
            self._events += 1
            self._refuse(Fault(line, Reason.UNPARSABLE_TIME, case, activity, given=time, accepted=error.accepted))
            return
        self._take(line, case, activity, at, who, later)

    def take(self, line: int, case: str, activity: str, at: datetime, who: str = "") -> None:
        """One event that has been read already. Raises NaiveTime, and faults where ``strict``."""
        self._take(line, case, activity, utc(at), who, None)

    def malformed(self, line: int, accepted: Text) -> None:
        """A row that could not be taken apart. Raises only where ``strict``."""
        self._events += 1
        self._refuse(Fault(line, Reason.MALFORMED_ROW, accepted=accepted))

    def _take(self, line: int, case_id: str, activity: str, at: datetime, who: str, later: datetime | None) -> None:
        if not self._may_rest:
            self._event(line, case_id, activity, at, who, later)
            return
        if case_id not in self._open and (values := self._resting.take(case_id)) is not None:
            self._open[case_id] = unpacked(values, self._nodes.values())
        self._event(line, case_id, activity, at, who, later)
        case = self._open.get(case_id)
        if case is not None and case.node.reopens:
            del self._open[case_id]
            self._resting.put(case_id, packed(case))

    def _event(self, line: int, case_id: str, activity: str, at: datetime, who: str, later: datetime | None) -> None:
        self._events += 1
        case = self._open.get(case_id)
        node = self._start if case is None else case.node
        fit = node.fits.get(activity)
        if fit is None:
            if activity in self.plan.ignored:
                self._ignored[activity] = self._ignored.get(activity, 0) + 1
                return
            self._refuse(Fault(line, Reason.UNMAPPED_ACTIVITY, case_id, activity))
            return
        if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
            self._refuse(Fault(line, Reason.BEYOND_CALENDAR, case_id, activity, given=at.isoformat()))
            return
        if case is None:
            if case_id in self._seen:
                self._refuse(Fault(line, Reason.AFTER_THE_END, case_id, activity))
                return
            case = Case(case_id, node, at)
        elif at < case.last:
            if later is None or later < case.last:
                last = case.last.astimezone(self._zone).isoformat()
                accepted = Text(f"not before {last}", f"不早于 {last}")
                self._refuse(Fault(line, Reason.OUT_OF_ORDER, case_id, activity, node.name, at.isoformat(), accepted))
                return
            at = later
        dest = fit.dest
        if dest is None:
            self._keep(case)
            case.last = at
            case.unfitting += 1
            fit.count += 1
            self._refuse(Fault(line, Reason.UNFITTING_MOVE, case_id, activity, node.name, accepted=fit.accepted))
            return
        try:
            self._move(case, fit, dest, at, who)
        except InvalidValue as error:  # the calendar's; nothing has changed yet
            self._refuse(
                Fault(line, Reason.BEYOND_CALENDAR, case_id, activity, node.name, at.isoformat(), error.accepted)
            )

    def _keep(self, case: Case) -> None:
        if case.id not in self._open:
            self._open[case.id] = case
            self._cases += 1

    def _move(self, case: Case, fit: Fit, dest: Node, at: datetime, who: str) -> None:
        calendar = self._calendar
        # What the calendar may refuse comes first.
        working = timedelta(0)
        if case.entered is None or fit.stays:
            if self._partial:
                calendar.is_working_day(at)
        else:
            working = calendar.between(case.entered, at)
        clocks, ended = (
            self._clocks_after(case, fit, at) if fit.roles or (dest.final and case.clocks) else (case.clocks, ())
        )
        # From here on nothing is refused.
        if case.entered is None:
            self._keep(case)
            case.opened = at
            self._month(at)[0] += 1
        if not fit.stays:
            if case.entered is not None:
                self._leave(case, at - case.entered, working)
            dest.visits += 1
            dest.cases += dest.name not in case.stays
            visits, before, worked = case.stays.get(dest.name, (0, _TICK * 0, _TICK * 0))
            case.stays[dest.name] = (visits + 1, before, worked)
            case.node, case.entered = dest, at
        if who and who != case.who:
            case.handovers += bool(case.who)
            case.who = who
        case.fitting += 1
        fit.count += 1
        self._replayed += 1
        case.last = at
        case.clocks = clocks
        if self._first is None or at < self._first:
            self._first = at
        if self._last is None or at > self._last:
            self._last = at
        for index, clock in ended:
            case.outcomes.append(self._tallies[index].count(clock, at))
        if dest.final and not dest.reopens:
            del self._open[case.id]
            self._seen.add(case.id)
            self._end(case, at)

    def _clocks_after(self, case: Case, fit: Fit, at: datetime) -> tuple[dict[int, Timer], list[tuple[int, Timer]]]:
        clocks, ended = dict(case.clocks), []
        for index, role in fit.roles:
            clock, done = sla_tally.moved(clocks.get(index), role, self.plan.slas[index], case.id, at)
            if clock is not None and done:
                ended.append((index, clock))
                del clocks[index]
            elif clock is not None:
                clocks[index] = clock
        if fit.dest is not None and fit.dest.final:
            ended += [(index, sla_tally.dropped(clock, at)) for index, clock in clocks.items()]
            clocks = {}
        return clocks, ended

    def _leave(self, case: Case, elapsed: timedelta, working: timedelta) -> None:
        node = case.node
        node.elapsed.add(elapsed // _TICK)
        node.working.add(working // _TICK)
        visits, before, worked = case.stays[node.name]
        case.stays[node.name] = (visits, before + elapsed, worked + working)

    def _month(self, at: datetime) -> list[int]:
        local = at.astimezone(self._zone)
        return self._months.setdefault((local.year, local.month), [0, 0])

    def _end(self, case: Case, at: datetime) -> None:
        self._finished += 1
        self._handovers += case.handovers
        self._month(at)[1] += 1
        spent = case.stays.values()
        self._elapsed.add(sum((elapsed for _, elapsed, _ in spent), _TICK * 0) // _TICK)
        self._working.add(sum((working for _, _, working in spent), _TICK * 0) // _TICK)
        if self._on_case is not None:
            self._on_case(result(case, at, finished=True))

    def _refuse(self, fault: Fault) -> None:
        if self.strict:
            raise fault.error()
        self._faults += 1
        if len(fault.case) + len(fault.activity) + len(fault.given) > _SAID_LONGEST:  # memory holds thousands of them
            cut = {name: getattr(fault, name)[:_SAID_LONGEST] for name in ("case", "activity", "given")}
            fault = attrs.evolve(fault, **cut)
        key = (fault.reason, fault.activity, fault.state)
        if key not in self._groups and len(self._groups) >= GROUPS_MOST:
            key = (fault.reason, _OTHERS, "")
        group = self._groups.setdefault(key, [0, fault.line])
        group[0] += 1
        if len(self._listed) < self._most_listed:
            self._listed.append(fault)
        if self._on_fault is not None:
            self._on_fault(fault)

    # --- the end --------------------------------------------------------------------------------------------------

    def finish(self, log: str = "") -> ReplayReport:
        """The report, as of the latest event that was replayed; ``log`` names the log in it. Call it once, at the end.

        Raises :class:`~csdomain.reporting.log_faults.EmptyLog` where there was no event at all.
        """
        if not self._events:
            raise EmptyLog(file=log)
        for values in self._resting:
            case = unpacked(values, self._nodes.values())
            self._end(case, case.entered or case.last)
        unopened = 0
        for case in self._open.values():
            self._handovers += case.handovers
            if case.entered is None or self._last is None:
                unopened += 1
                continue
            case.node.still += 1
            case.outcomes += sla_tally.settled(case.clocks.items(), self._tallies, self._last)
            if self._on_case is not None:
                visits, before, worked = case.stays[case.node.name]
                working = self._calendar.between(case.entered, self._last)
                case.stays[case.node.name] = (visits, before + (self._last - case.entered), worked + working)
                self._on_case(result(case, self._last, finished=False))
        return ReplayReport(
            name=self.plan.name,
            log=log,
            zone=self._zone.key,
            events=self._events,
            replayed=self._replayed,
            ignored=dict(sorted(self._ignored.items())),
            groups=self._fault_groups(),
            listed=tuple(self._listed),
            unlisted=self._faults - len(self._listed),
            cases=self._cases,
            finished=self._finished,
            open=len(self._open) - unopened,
            unopened=unopened,
            handovers=self._handovers,
            first_at=self._first,
            as_of=self._last,
            elapsed=self._elapsed.quantiles(),
            working=self._working.quantiles(),
            stages=tuple(stage(node, self.plan) for node in self._nodes.values()),
            slas=tuple(tally.report() for tally in self._tallies),
            months=tuple(Month(*month, *counts) for month, counts in sorted(self._months.items())),
        )

    def _fault_groups(self) -> tuple[FaultGroup, ...]:
        order = list(Reason)
        groups = [FaultGroup(*key, *figures) for key, figures in self._groups.items()]
        return tuple(sorted(groups, key=lambda g: (order.index(g.reason), -g.count, g.activity, g.state)))
