"""The working calendar: business time over opening hours, holidays and make-up days in one zone (KRN-04, KRN-05).

All answers are instants in UTC. Durations are real elapsed time, so an hour is an hour on the day the clocks change;
opening hours are wall time. Windows are half open: a desk open 09:00-18:00 is closed at 18:00.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Literal

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import aware
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime

from .explainer import explain
from .explanation import Explanation, Window
from .spec import Boundary, CalendarSpec, one_of
from .table import Table, Timeline
from .values import (
    BeyondTime,
    NeverOpens,
    NotADuration,
    NotAWorkingDay,
    UnpublishedYear,
    a_date,
)
from .wall import EARLIEST, LATEST, TICK, beyond, instant_of, moment, span_of


class WorkCalendar:
    """Business time on the calendar that ``spec`` describes. Immutable to its users; threads may share one.

    Every question may raise :class:`~csdomain.kernel.rules.errors.NaiveTime` for an instant without a zone,
    :class:`UnpublishedYear` where the answer depends on a year whose holidays are not known, :class:`NeverOpens` where
    the calendar has no such open time, and :class:`BeyondTime` outside the years 1 to 9999. [KRN-04, KRN-05]

    >>> from datetime import UTC, datetime, timedelta
    >>> desk = WorkCalendar(CalendarSpec("UTC", {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}))
    >>> friday = datetime(2026, 10, 9, 16, 0, tzinfo=UTC)
    >>> desk.add(friday, timedelta(hours=2)).isoformat()
    '2026-10-12T10:00:00+00:00'
    """

    __slots__ = ("_rolls", "_table", "_timeline", "name", "spec")

    def __init__(self, spec: CalendarSpec, name: str = "") -> None:
        self.spec = spec
        self.name = name
        self._timeline = Timeline(spec)
        self._rolls = spec.boundary == "next_open"
        self._table: Table | None = None

    def __repr__(self) -> str:
        return f"WorkCalendar({self.name!r}, {self.spec.zone})"

    def __reduce__(self) -> tuple[object, ...]:
        return (WorkCalendar, (self.spec, self.name))

    # --- working time ---------------------------------------------------------------------------------------------

    def add(self, start: datetime, duration: timedelta, boundary: Boundary | None = None) -> datetime:
        """The instant at which ``duration`` of open time has passed since ``start``, in UTC.

        A start in closed time counts from the next opening. Time that runs out exactly at closing ends there
        (``close``), or at the next opening (``next_open``), as ``boundary`` or else the calendar says. Raises
        :class:`NotADuration` for a negative one. [KRN-05]
        """
        at, span = instant_of(start, "start"), span_of(duration)
        rolls = self._rolls if boundary is None else one_of(boundary, ("close", "next_open"), "boundary") == "next_open"
        table = self._table
        if table is None or not table.low <= at < table.high:
            table = self._covering(at)
        while True:
            opens, before = table.opens, table.before
            i = bisect_right(opens, at) - 1
            passed = before[i] + at - opens[i]
            if passed >= before[i + 1]:  # closed
                passed = before[i + 1]
                if not span:
                    if not rolls and at == table.closes[i]:
                        return moment(at)
                    if i + 1 < len(opens):
                        return moment(opens[i + 1])
                    table = self._later(table)
                    continue
            passed += span
            j = (bisect_right(before, passed) if rolls or not span else bisect_left(before, passed)) - 1
            if j < len(opens):
                return moment(opens[j] + passed - before[j])
            table = self._later(table, passed - before[-1])

    def subtract(self, start: datetime, duration: timedelta) -> datetime:
        """The latest instant from which ``duration`` of open time passes up to ``start``, in UTC.

        It undoes :meth:`add` for a start in open time. A start in closed time counts from the previous closing. Raises
        :class:`NotADuration` for a negative duration. [KRN-05]
        """
        at, span = instant_of(start, "start"), span_of(duration)
        table = self._covering(at - 1 if span else at)
        while True:
            opens, before = table.opens, table.before
            i = bisect_right(opens, at) - 1
            passed = min(before[i] + at - opens[i], before[i + 1])
            if not span:
                if at < table.closes[i]:
                    return moment(at)
                if i:
                    return moment(table.closes[i])
                table = self._earlier(table)
                continue
            passed -= span
            if passed >= 0:
                j = bisect_right(before, passed) - 1
                return moment(opens[j] + passed - before[j])
            table = self._earlier(table, -passed)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from ``start`` to ``end``; zero where ``end`` is not after ``start``. [KRN-05]"""
        at, until = instant_of(start, "start"), instant_of(end, "end")
        if until <= at:
            return TICK * 0
        table = self._table
        if table is None or not table.low <= at < table.high:
            table = self._covering(at)
        if until > table.high:
            self._table = table = self._timeline.reaching(table, until)
        opens, before = table.opens, table.before
        i = bisect_right(opens, at) - 1
        j = bisect_right(opens, until) - 1
        passed = min(before[i] + at - opens[i], before[i + 1])
        return TICK * (min(before[j] + until - opens[j], before[j + 1]) - passed)

    def assumed_years(self, start: datetime, end: datetime) -> tuple[int, ...]:
        """The years from ``start`` to ``end`` whose holidays are not published, so that only weekends count in them.

        None of a calendar that refuses to count them. [KRN-04]
        """
        known = self.spec.known_years
        if known is None or self.spec.unpublished == "raise":
            return ()
        first, last = (self._date(at).year for at in (start, end))
        return tuple(year for year in range(first, last + 1) if year not in known)

    # --- openings -------------------------------------------------------------------------------------------------

    def is_open(self, at: datetime) -> bool:
        """Whether the calendar is open at that instant; at closing it is not. [KRN-04]"""
        instant = instant_of(at, "at")
        table = self._covering(instant)
        return instant < table.closes[bisect_right(table.opens, instant) - 1]

    def next_open(self, at: datetime) -> datetime:
        """``at`` itself where the calendar is open, else the next opening, in UTC. [KRN-05]"""
        return self.add(at, TICK * 0, "next_open")

    def previous_close(self, at: datetime) -> datetime:
        """The latest instant up to ``at`` that ends open time: ``at`` itself in open time and at closing. In UTC.

        At an opening it is the closing before. [KRN-05]
        """
        instant = instant_of(at, "at")
        table = self._covering(instant - 1)
        while not (i := bisect_left(table.opens, instant) - 1) > 0:
            table = self._earlier(table)
        return moment(min(instant, table.closes[i]))

    def windows(self, start: datetime, direction: Literal["after", "before"] = "after") -> Iterator[Window]:
        """The open windows from ``start`` on, or backwards from it, the first clipped there. Lazy.

        It ends where the calendar never opens again or time ends. Raises :class:`UnpublishedYear` on reaching a year
        whose holidays are not known. [KRN-05]
        """
        at = instant_of(start, "start")
        one_of(direction, ("after", "before"), "direction")
        return self._after(at) if direction == "after" else self._before(at)

    def _after(self, at: int) -> Iterator[Window]:
        table = self._covering(at)
        while True:
            i = bisect_right(table.closes, at)
            # The last window of a table may go on in the year after.
            if i >= len(table.opens) - 1 and (grown := self._grown(table, later=True)):
                table = grown
                continue
            if i >= len(table.opens):
                self._refuse_unpublished(table, later=True)
                return
            opens, at = max(at, table.opens[i]), table.closes[i]
            if not EARLIEST <= at <= LATEST:
                return
            yield Window(moment(opens), moment(at))

    def _before(self, at: int) -> Iterator[Window]:
        table = self._covering(at - 1)
        while True:
            i = bisect_left(table.opens, at) - 1
            # The first window of a table may have begun in the year before.
            if i <= 1 and (grown := self._grown(table, later=False)):
                table = grown
                continue
            if i <= 0:
                self._refuse_unpublished(table, later=False)
                return
            closes, at = min(at, table.closes[i]), table.opens[i]
            if not EARLIEST <= at <= LATEST:
                return
            yield Window(moment(at), moment(closes))

    # --- days -----------------------------------------------------------------------------------------------------

    def is_working_day(self, day: date) -> bool:
        """Whether the calendar has open time in a window that begins on this date, breaks and closures cut out.

        An aware datetime stands for the date it falls on in the calendar's zone. [KRN-04]
        """
        on = self._date(day)
        days = self._of_year(on.year).days
        i = bisect_left(days, on.toordinal())
        return i < len(days) and days[i] == on.toordinal()

    def is_holiday(self, day: date) -> bool:
        """Whether this date is a holiday; a mere rest day is not. Takes what :meth:`is_working_day` takes. [KRN-04]"""
        on = self._date(day)
        self._timeline.check(on.year)
        return self._timeline.layout.is_holiday(on.toordinal())

    def add_working_days(self, start: datetime, days: int, snap: bool = False) -> datetime:
        """The same wall time ``days`` working days later, or earlier where negative, rolled into opening hours; in UTC.

        A start on a date that is not worked counts from the beginning of the next working day. A wall time in closed
        time rolls forward to the next opening; exactly at closing it stays, unless the calendar's boundary is
        ``next_open``. With ``snap`` it rolls the way the days went: to the next opening, or backwards to the previous
        closing, edges included. The result never falls as the start rises: in the hour that clocks repeat the wall
        time is the end of that hour, and a wall time that clocks skip is the instant of the jump.

        Raises :class:`NotADuration` unless ``days`` is an integer. [KRN-05]
        """
        at = instant_of(start, "start")
        if isinstance(days, bool) or not isinstance(days, int):
            raise NotADuration(field="days", given=type(days).__name__, accepted=Text("an integer", "整数"))
        back = snap and days < 0
        wall = self._timeline.layout.wall
        shown = wall.latest_shown(at)
        table, day = self._of_year(shown.year), shown.toordinal()
        while True:
            i = bisect_left(table.days, day)
            worked = i < len(table.days) and table.days[i] == day
            if not worked and back:
                i -= 1  # from the end of the working day before
            target = i + days
            if target >= len(table.days):
                table = self._later(table)
            elif target < 0:
                table = self._earlier(table)
            else:
                break
        if worked:
            candidate = wall.first(datetime.combine(date.fromordinal(table.days[target]), shown.time()))
        else:
            candidate = wall.midnight(table.days[target] + (1 if back else 0))
        if back:
            return self.previous_close(moment(candidate))
        return self.add(moment(candidate), TICK * 0, "next_open" if snap else None)

    def end_of_working_day(self, day: date) -> datetime:
        """When the last window that begins on this date closes, in UTC. Takes what :meth:`is_working_day` takes.

        Raises :class:`NotAWorkingDay` where the calendar does not open on it. [KRN-05]
        """
        on = self._date(day)
        table = self._of_year(on.year)
        i = bisect_left(table.days, on.toordinal())
        if i == len(table.days) or table.days[i] != on.toordinal():
            raise NotAWorkingDay(given=on, accepted=Text("a working day", "工作日"))
        return moment(table.ends[i])

    def end_of_day(self, day: date) -> datetime:
        """The midnight that ends this date in the calendar's zone, in UTC. Takes what :meth:`is_working_day` takes."""
        return moment(self._timeline.layout.wall.midnight(self._date(day).toordinal() + 1))

    # --- deadlines ------------------------------------------------------------------------------------------------

    def deadline(self, start: datetime, duration: Duration) -> datetime:
        """When ``duration`` from ``start`` is over, in UTC.

        Calendar days end with their last day, working days at the closing time of the last one after the start's date,
        both or else at the same hour; working time runs while the calendar is open, elapsed time always. No working
        days at all end with the first closing from ``start`` on. [KRN-05]
        """
        if isinstance(duration, WorkingTime):
            return self.add(start, duration.time)
        at = instant_of(start, "start")
        if isinstance(duration, ElapsedTime):
            return moment(at + duration.time // TICK)
        if isinstance(duration, CalendarDays):
            wall = self._timeline.layout.wall
            shown = wall.latest_shown(at)
            try:
                shown += timedelta(days=duration.days)
            except OverflowError:
                raise beyond() from None
            return moment(wall.midnight(shown.toordinal() + 1) if duration.end_of_day else wall.first(shown))
        if isinstance(duration, WorkingDays):
            if not duration.end_of_day:
                return self.add_working_days(start, duration.days)
            return moment(self._closing(at, duration.days))
        raise NotADuration(field="duration", given=type(duration).__name__, accepted=Text("a Duration", "时长"))

    def _closing(self, at: int, days: int) -> int:
        on = self._timeline.layout.wall.local(at).date()
        table = self._of_year(on.year) if days else self._covering(at)
        if not days and (on.month, on.day) == (1, 1) and self._timeline.knows(on.year - 1):
            table = self._table = self._timeline.year(on.year - 1, table)
        while True:
            if days:
                i = bisect_right(table.days, on.toordinal()) + days - 1
            else:
                # Still open may be the night shift of the day before, or the last before a date that the zone left out.
                i = bisect_left(table.days, on.toordinal() - 2)
                while i < len(table.ends) and table.ends[i] < at:
                    i += 1
            if i < len(table.days):
                return table.ends[i]
            table = self._later(table)

    def explain(self, start: datetime, duration: Duration | timedelta) -> Explanation:
        """:meth:`deadline` with how it came about; a mere timedelta is working time. Raises what that does. [KRN-05]"""
        aware(start, "start")
        if isinstance(duration, timedelta):
            span_of(duration)
            duration = WorkingTime(duration)
        return explain(self, self._timeline, start, duration)

    # --- tables ---------------------------------------------------------------------------------------------------

    def _covering(self, at: int) -> Table:
        table = self._table
        if table is None or not table.low <= at < table.high:
            table = self._table = self._timeline.covering(at, table)
        return table

    def _of_year(self, year: int) -> Table:
        table = self._table
        if table is None or not table.first <= year <= table.last:
            table = self._table = self._timeline.year(year, table)
        return table

    def _later(self, table: Table, need: int = 1) -> Table:
        self._table = table = self._timeline.later(table, need)
        return table

    def _earlier(self, table: Table, need: int = 1) -> Table:
        self._table = table = self._timeline.earlier(table, need)
        return table

    def _grown(self, table: Table, later: bool) -> Table | None:
        try:
            return self._later(table) if later else self._earlier(table)
        except (NeverOpens, BeyondTime, UnpublishedYear):
            return None

    def _refuse_unpublished(self, table: Table, later: bool) -> None:
        with suppress(NeverOpens, BeyondTime):
            _ = self._later(table) if later else self._earlier(table)

    def _date(self, day: date) -> date:
        if isinstance(day, datetime):
            return self._timeline.layout.wall.local(instant_of(day, "day")).date()
        return a_date(day, "day")
