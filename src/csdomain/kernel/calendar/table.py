"""Open time laid out in UTC: windows with running totals, built year by year as questions reach them (KRN-05).

Lookups are two bisections, whatever the span. Instants are integers, as in :mod:`csdomain.kernel.calendar.wall`.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime
from threading import Lock
from typing import Final

import attrs

from csdomain.kernel.rules import Text

from . import values
from .spec import CalendarSpec, zone_of
from .values import DAY, WEEKDAYS, Hours, NeverOpens, UnpublishedYear
from .wall import EARLIEST, EPOCH, EPOCH_DAY, LATEST, MINUTE, TICK, Span, Wall, beyond, moment

FIRST_YEAR: Final = date.min.year
LAST_YEAR: Final = date.max.year
_DAYS_OF_LEAP_YEAR: Final = 366
#: Days laid out at a time, on one offset where it holds.
_BLOCK: Final = 4
#: Further than this from what is built, a question gets a table of its own instead of all the years between.
_FAR: Final = 100


@attrs.frozen
class Year:
    """The windows that begin in a year, cut but not merged, and its working days with the closing time of each."""

    windows: tuple[Span, ...]
    days: tuple[int, ...]
    ends: tuple[int, ...]


class Layout:
    """What a spec says about single dates."""

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        self.wall = Wall(zone_of(spec.zone))
        self.weekly: tuple[Hours, ...] = tuple(values.hours(spec.weekly.get(day, ()), day) for day in WEEKDAYS)
        self.dated: dict[int, Hours] = {
            day.toordinal(): values.hours(spec.hours_of_make_up(as_), "make_up_days")
            for day, as_ in spec.make_up_days.items()
        }
        self.dated |= {day.toordinal(): values.hours(hours, "date_hours") for day, hours in spec.date_hours.items()}
        self.holidays = {day.toordinal() for day in spec.holidays}
        self.feasts = [feast for feast in map(values.movable, spec.yearly_holidays) if feast is not None]
        fixed = (day for day in spec.yearly_holidays if values.movable(day) is None)
        self.yearly = frozenset((int(day[:2]), int(day[3:])) for day in fixed)
        self._feast_days: dict[int, frozenset[int]] = {}
        self.closures: list[Span] = [(self._at(closure.start), self._at(closure.end)) for closure in spec.closures]
        self.cuts = self._cuts()
        self._cut_starts = [start for start, _ in self.cuts]
        #: Whether openings come back year after year; else they only come from the dates that are listed.
        self.recurrent = any(self.weekly) and len(self.yearly) < _DAYS_OF_LEAP_YEAR
        self.listed = sorted({date.fromordinal(day).year for day, hours in self.dated.items() if hours})

    def _cuts(self) -> list[Span]:
        cuts = [
            (self.wall.read(day.toordinal(), opens), self.wall.read(day.toordinal(), closes))
            for day, windows in self.spec.breaks.items()
            for opens, closes in values.hours(windows, "breaks")
        ]
        return merged(cut for cut in (*cuts, *self.closures) if cut[0] < cut[1])

    def _at(self, given: datetime) -> int:
        return self.wall.first(given) if given.utcoffset() is None else (given - EPOCH) // TICK

    def is_holiday(self, day: int) -> bool:
        """Whether the date with this ordinal is a holiday."""
        if day in self.holidays:
            return True
        if not self.yearly and not self.feasts:
            return False
        on = date.fromordinal(day)
        return (on.month, on.day) in self.yearly or (bool(self.feasts) and day in self._feasts_of(on.year))

    def _feasts_of(self, year: int) -> frozenset[int]:
        days = self._feast_days.get(year)
        if days is None:
            days = self._feast_days[year] = frozenset(values.feast(feast, year) for feast in self.feasts)
        return days

    def hours(self, day: int) -> Hours:
        """The wall-time windows that begin on ``day``, before cuts."""
        if self.is_holiday(day) and (
            self.spec.holiday_beats_date_hours or date.fromordinal(day) not in self.spec.date_hours
        ):
            return ()
        hours = self.dated.get(day)
        return self.weekly[(day - 1) % 7] if hours is None else hours

    def windows(self, day: int) -> list[Span]:
        """The open spans that begin on ``day``, cut, in order."""
        hours = self.hours(day)
        if not hours or self.is_skipped(day):
            return []
        read = self.wall.read
        spans = [
            span for span in ((read(day, opens), read(day, closes)) for opens, closes in hours) if span[0] < span[1]
        ]
        return self.cut(spans) if self.cuts else spans

    def is_skipped(self, day: int) -> bool:
        """Whether the zone left the whole date out, as Samoa did with 30 December 2011."""
        wall = self.wall
        if wall.read(day + 1, 0) - wall.read(day, 0) == DAY * MINUTE:
            return False
        return wall.midnight(day) >= wall.midnight(day + 1)

    def cut(self, spans: Iterable[Span]) -> list[Span]:
        """What breaks and closures leave of ``spans``."""
        left = []
        for start, end in spans:
            i = max(bisect_right(self._cut_starts, start) - 1, 0)
            while i < len(self.cuts) and self.cuts[i][0] < end:
                cut_start, cut_end = self.cuts[i]
                if cut_end > start:
                    if start < cut_start:
                        left.append((start, cut_start))
                    start = cut_end
                i += 1
            if start < end:
                left.append((start, end))
        return left

    def year(self, year: int) -> Year:
        """The windows and working days of one year."""
        windows: list[Span] = []
        days, ends = [], []
        first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        if not self.recurrent and year not in self.listed:
            return Year((), (), ())
        if not self.cut([(self.wall.read(first, 0), self.wall.read(last + 2, 0))]):
            return Year((), (), ())
        for block in range(first, last + 1, _BLOCK):
            offset = self.wall.steady(block, block + _BLOCK + 2)  # a window may end two midnights after its own
            for day in range(block, min(block + _BLOCK, last + 1)):
                hours = self.hours(day)
                if not hours:
                    continue
                if offset is None:
                    own = self.windows(day)
                else:
                    midnight = (day - EPOCH_DAY) * DAY * MINUTE - offset
                    own = [(midnight + opens * MINUTE, midnight + closes * MINUTE) for opens, closes in hours]
                    own = self.cut(own) if self.cuts else own
                if own:
                    windows += own
                    days.append(day)
                    ends.append(own[-1][1])
        return Year(tuple(windows), tuple(days), tuple(ends))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union of ``spans`` in order; spans that only touch stay apart."""
    union: list[Span] = []
    for start, end in sorted(spans):
        if union and start < union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union


class Table:
    """Open time of the years ``first`` to ``last``: never changed once made, so that readers need no lock.

    It answers for instants from ``low`` up to but not including ``high``. Entry 0 is no window but spares every lookup
    a special case: it opens at ``low`` and closes there if a window of the year before does, else before.
    ``before[i]`` is the open time before window ``i``, and the last entry is the whole.
    """

    __slots__ = ("before", "closes", "days", "ends", "first", "high", "last", "low", "opens")

    def __init__(self, first: int, last: int, low: int, midnight: int, years: list[Year], eve: list[Span]) -> None:
        spans = merged(
            [*((max(start, low), end) for start, end in eve if end > low), *(w for y in years for w in y.windows)]
        )
        self.first, self.last, self.low = first, last, low
        # A night shift on the last day tells about the hours after it too.
        self.high = max(midnight, spans[-1][1]) if spans else midnight
        self.opens = [low, *(start for start, _ in spans)]
        self.closes = [low if any(end == low for _, end in eve) else low - 1, *(end for _, end in spans)]
        self.before = [0, 0]
        total = 0
        for start, end in spans:
            total += end - start
            self.before.append(total)
        self.days = [day for year in years for day in year.days]
        self.ends = [end for year in years for end in year.ends]


class Timeline:
    """The table of a calendar, growing to where questions lead. Threads may share it."""

    def __init__(self, spec: CalendarSpec) -> None:
        self.layout = Layout(spec)
        self.known = spec.known_years if spec.unpublished == "raise" else None
        self._years: dict[int, Year] = {}
        self._lock = Lock()

    def knows(self, year: int) -> bool:
        """Whether the calendar may answer for ``year``."""
        return FIRST_YEAR <= year <= LAST_YEAR and (self.known is None or year in self.known)

    def check(self, year: int) -> None:
        """Raises :class:`UnpublishedYear` where the calendar may not answer for ``year``."""
        if not self.knows(year):
            raise UnpublishedYear(
                year=year,
                known=spoken_years(self.known or ()),
                accepted=Text(
                    "years whose holidays are published, or unpublished = provisional",
                    "已公布假日的年份，或设置 unpublished = provisional",
                ),
            )

    def covering(self, instant: int, near: Table | None) -> Table:
        """A table that answers for ``instant``, made from ``near`` where that is not far. Raises what growing does."""
        year = self.layout.wall.local(instant).year
        if not self.knows(year) and self.knows(year - 1):  # the rest of a night shift of the last year that is known
            table = self.year(year - 1, near)
            if instant < table.high:
                return table
        table = self.year(year, near)
        if instant < table.low:  # the rest of a night shift of a year that is not known
            self.check(year - 1)
        return table

    def year(self, year: int, near: Table | None) -> Table:
        """A table that has ``year``. Raises :class:`UnpublishedYear`."""
        self.check(year)
        if near is not None and near.first <= year <= near.last:
            return near
        if near is None or not near.first - _FAR <= year <= near.last + _FAR:
            return self._build(year, year)
        first, last = min(near.first, year), max(near.last, year)
        if not all(map(self.knows, range(first, last + 1))):
            return self._build(year, year)
        return self._build(first, last)

    def later(self, table: Table, need: int) -> Table:
        """``table`` with more years after it, for ``need`` more open time.

        Raises :class:`UnpublishedYear`, :class:`NeverOpens` or :class:`BeyondTime` where there is none.
        """
        listed = self.layout.listed
        if not self.layout.recurrent and (not listed or table.last >= listed[-1]):
            raise NeverOpens(field="after", at=moment(table.low), accepted=Text("a time before", "更早的时间"))
        if table.last >= LAST_YEAR:
            raise beyond()
        self.check(table.last + 1)
        if need > LATEST - table.high:  # open time is never more than time
            raise beyond()
        last = table.last + 1
        while last < min(2 * table.last - table.first + 1, LAST_YEAR) and (
            self.known is None or last + 1 in self.known
        ):
            last += 1
        return self._build(table.first, last)

    def earlier(self, table: Table, need: int) -> Table:
        """``table`` with more years before it. Raises as :meth:`later` does."""
        listed = self.layout.listed
        if not self.layout.recurrent and (not listed or table.first <= listed[0]):
            raise NeverOpens(field="before", at=moment(table.low), accepted=Text("a time after", "更晚的时间"))
        if table.first <= FIRST_YEAR:
            raise beyond()
        self.check(table.first - 1)
        if need > table.low - EARLIEST:
            raise beyond()
        first = table.first - 1
        while first > max(2 * table.first - table.last - 1, FIRST_YEAR) and (
            self.known is None or first - 1 in self.known
        ):
            first -= 1
        return self._build(first, table.last)

    def reaching(self, table: Table, until: int) -> Table:
        """``table`` with all years up to ``until``. Raises :class:`UnpublishedYear` for the first that is not known."""
        last = self.layout.wall.local(until).year
        for year in range(table.last + 1, last):
            self.check(year)
        if not self.knows(last):  # what is known may end there, or last until a night shift ends
            table = self._build(table.first, last - 1)
            if until <= table.high:
                return table
            self.check(last)
        return self._build(table.first, last)

    def _build(self, first: int, last: int) -> Table:
        wall = self.layout.wall
        with self._lock:
            years = []
            for number in range(first, last + 1):
                if number not in self._years:
                    self._years[number] = self.layout.year(number)
                years.append(self._years[number])
        new_year = date(first, 1, 1).toordinal()
        low = wall.midnight(new_year)
        eve = self.layout.windows(new_year - 1) if first > FIRST_YEAR else []
        if eve and not self.knows(first - 1):
            low, eve = max(low, eve[-1][1]), []
        return Table(first, last, low, wall.midnight(date(last, 12, 31).toordinal() + 1), years, eve)


def spoken_years(years: Iterable[int]) -> str:
    """Years as people write them: ``2004-2026, 2028``."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
