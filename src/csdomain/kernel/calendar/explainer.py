"""Draws up the explanation of a deadline from the calendar that gave it (KRN-05)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from csdomain.kernel.rules import Text
from csdomain.kernel.values.durations import Duration, WorkingDays, WorkingTime

from .explanation import Counted, Day, DayKind, Explanation, Window
from .spec import CalendarSpec
from .table import Layout, Timeline
from .values import WEEKDAYS
from .wall import EPOCH, TICK, moment

_ONE_DAY = timedelta(days=1)


class Answering(Protocol):
    """The calendar that gave the deadline, as far as it is asked again."""

    @property
    def name(self) -> str: ...
    @property
    def spec(self) -> CalendarSpec: ...
    def deadline(self, start: datetime, duration: Duration) -> datetime: ...
    def next_open(self, at: datetime) -> datetime: ...
    def is_working_day(self, on: date) -> bool: ...
    def windows(self, start: datetime) -> Iterator[Window]: ...


def explain(calendar: Answering, timeline: Timeline, start: datetime, duration: Duration) -> Explanation:
    """The deadline of ``duration`` from ``start`` with the days it passed. Raises what the calendar raises."""
    result = calendar.deadline(start, duration)
    start = start.astimezone(UTC)
    counts_from = start
    days: tuple[Day, ...] = ()
    if isinstance(duration, WorkingTime) and duration.time:
        counts_from = calendar.next_open(start)
        days = _worked(calendar, timeline.layout, start, duration.time)
    elif isinstance(duration, WorkingDays) and duration.days:
        counts_from, days = _numbered(calendar, timeline.layout, start, duration)
    return Explanation(
        calendar=calendar.name,
        zone=calendar.spec.zone,
        start=start,
        duration=duration,
        counts_from=counts_from,
        days=days,
        assumed_years=_assumed(calendar, days),
        provisional=calendar.spec.unpublished == "provisional",
        result=result,
    )


def _worked(calendar: Answering, layout: Layout, start: datetime, left: timedelta) -> tuple[Day, ...]:
    counted: dict[date, list[Counted]] = {}
    for window in calendar.windows(start):
        used = min(left, window.length)
        counted.setdefault(_begun_on(layout, window), []).append(Counted(window, used))
        left -= used
        if not left:
            break
    day, last = min(_local(layout, start), *counted), max(counted)
    days = []
    while day <= last:
        days.append(_day(layout, day, counted=tuple(counted.get(day, ()))))
        day += _ONE_DAY
    return tuple(days)


def _numbered(
    calendar: Answering, layout: Layout, start: datetime, duration: WorkingDays
) -> tuple[datetime, tuple[Day, ...]]:
    on, days, counts_from = _local(layout, start), [], start
    if not duration.end_of_day and not calendar.is_working_day(on):
        while not calendar.is_working_day(on):
            days.append(_day(layout, on))
            on += _ONE_DAY
        counts_from = calendar.next_open(moment(layout.wall.midnight(on.toordinal())))
    days.append(_day(layout, on, number=0))
    number = 0
    while number < duration.days:
        on += _ONE_DAY
        worked = calendar.is_working_day(on)
        number += worked
        days.append(_day(layout, on, number=number if worked else None))
    return counts_from, tuple(days)


def _assumed(calendar: Answering, days: tuple[Day, ...]) -> tuple[int, ...]:
    known = calendar.spec.known_years
    return () if known is None else tuple(sorted({day.date.year for day in days} - known))


def _local(layout: Layout, at: datetime) -> date:
    return layout.wall.local((at - EPOCH) // TICK).date()


def _begun_on(layout: Layout, window: Window) -> date:
    """The date on which a window began, which is another than its start's where it was clipped in a night shift.

    It may be two days before, where the zone left out the date between, or the day after, where clocks were put back
    over midnight.
    """
    at = (window.start - EPOCH) // TICK
    day = layout.wall.local(at).toordinal()
    near = (day, day - 1, day - 2, day + 1)
    begun = (on for on in near if any(opens <= at < closes for opens, closes in layout.windows(on)))
    return date.fromordinal(next(begun, day))


def _day(layout: Layout, on: date, counted: tuple[Counted, ...] = (), number: int | None = None) -> Day:
    kind, name = _kind(layout, on)
    return Day(on, kind, name, counted, number)


def _kind(layout: Layout, on: date) -> tuple[DayKind, Text | None]:
    spec, day = layout.spec, on.toordinal()
    if layout.is_skipped(day):
        return DayKind.SKIPPED, None
    hours = layout.hours(day)
    if not hours and layout.is_holiday(day):
        return DayKind.HOLIDAY, spec.holiday_names.get(on)
    if hours and not layout.windows(day):
        return DayKind.CLOSED, _reason(layout, day)
    if on in spec.date_hours:
        return (DayKind.DATE_HOURS, None) if hours else (DayKind.CLOSED, None)
    if on in spec.make_up_days:
        return DayKind.MAKE_UP, None
    return DayKind.WEEKLY if spec.weekly.get(WEEKDAYS[on.weekday()]) else DayKind.REST_DAY, None


def _reason(layout: Layout, day: int) -> Text | None:
    """The reason of the first closure that touches the date, if one was given."""
    begins, ends = layout.wall.midnight(day), layout.wall.midnight(day + 1)
    for closure, (start, end) in zip(layout.spec.closures, layout.closures, strict=True):
        if start < ends and end > begins and closure.reason is not None:
            return closure.reason
    return None
