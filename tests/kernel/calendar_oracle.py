"""A slow second opinion on business time: it walks the clock in small steps and asks of each whether the desk is open.

Written from the rules (KRN-04, KRN-05), not from the library's code: no tables, no sums, no search. It holds for
calendars whose edges lie on a grid of ``STEP``, which the strategies below keep to; instants may lie anywhere.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from csdomain.kernel.calendar import CalendarSpec, Closure

STEP = timedelta(minutes=5)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TICK = timedelta(microseconds=1)

#: Zones with a date at which something odd happens to the clock.
ODD_DATES = {
    "UTC": [date(2024, 2, 28), date(2025, 12, 30)],
    "Asia/Shanghai": [date(2026, 9, 28), date(2026, 12, 29)],
    "America/Los_Angeles": [date(2026, 3, 8), date(2026, 11, 1)],
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "Asia/Tehran": [date(2015, 3, 22), date(2015, 9, 21)],  # midnight is skipped; 23:00 comes twice
    "America/Sao_Paulo": [date(2015, 10, 18), date(2015, 2, 21)],
    "America/Havana": [date(2026, 11, 1), date(2026, 3, 8)],  # midnight comes twice, midnight is skipped
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],  # half an hour
    "Pacific/Apia": [date(2011, 12, 30)],  # a whole date is skipped
    "America/St_Johns": [date(2010, 11, 7)],  # a minute after midnight back to yesterday
}


def minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


class Oracle:
    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        self.zone = ZoneInfo(spec.zone)
        self._windows: dict[date, list[tuple[datetime, datetime]]] = {}
        self.closures = [(self.first(closure.start), self.first(closure.end)) for closure in spec.closures]

    def utc(self, day: date, minute: int) -> datetime:
        """Wall time as a clock that has not been put forward or back yet would tell it."""
        day += timedelta(days=minute // 1440)
        return datetime.combine(day, time(minute // 60 % 24, minute % 60), self.zone).astimezone(UTC)

    def first(self, given: datetime) -> datetime:
        """The first minute at which clocks show a time or later."""
        if given.tzinfo:
            return given
        t = given.replace(tzinfo=UTC) - timedelta(hours=26)
        while t.astimezone(self.zone).replace(tzinfo=None) < given:
            t += timedelta(minutes=1)
        return t

    def spans(self, day: date, windows: tuple[str, ...]) -> list[tuple[datetime, datetime]]:
        found = []
        for window in windows:
            start, end = map(minutes, window.split("-"))
            found.append((self.utc(day, start), self.utc(day, end if end > start else end + 1440)))
        return found

    def exists(self, day: date) -> bool:
        """Whether clocks ever show this date."""
        t = datetime.combine(day - timedelta(days=1), time(), UTC)
        return any((t + n * timedelta(hours=1)).astimezone(self.zone).date() == day for n in range(72))

    def windows(self, day: date) -> list[tuple[datetime, datetime]]:
        """Windows that begin on a date, before anything is cut out."""
        if day not in self._windows:
            self._windows[day] = self.spans(day, self.hours(day)) if self.exists(day) else []
        return self._windows[day]

    def hours(self, day: date) -> tuple[str, ...]:
        spec = self.spec
        if (day in spec.holidays or day.strftime("%m-%d") in spec.yearly_holidays) and (
            spec.holiday_beats_date_hours or day not in spec.date_hours
        ):
            return ()
        if day in spec.date_hours:
            return spec.date_hours[day]
        if day in spec.make_up_days:
            as_ = spec.make_up_days[day]
            return as_ if isinstance(as_, tuple) else spec.weekly[as_ or spec.make_up_as]
        return spec.weekly.get(DAYS[day.weekday()], ())  # type: ignore[call-overload, no-any-return]

    def near(self, at: datetime) -> list[date]:
        on = at.astimezone(self.zone).date()
        return [on + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]

    def cut(self, at: datetime) -> bool:
        for day in self.near(at):
            if any(start <= at < end for start, end in self.spans(day, self.spec.breaks.get(day, ()))):
                return True
        return any(start <= at < end for start, end in self.closures)

    def is_open(self, at: datetime) -> bool:
        in_hours = any(start <= at < end for day in self.near(at) for start, end in self.windows(day))
        return in_hours and not self.cut(at)

    def steps(self, start: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """The time between in pieces that no edge lies inside of."""
        found, t = [], start
        while t < until:
            grid = datetime.min.replace(tzinfo=UTC) + ((t - datetime.min.replace(tzinfo=UTC)) // STEP + 1) * STEP
            found.append((t, min(grid, until)))
            t = found[-1][1]
        return found

    def between(self, start: datetime, end: datetime) -> timedelta:
        return sum((b - a for a, b in self.steps(start, end) if self.is_open(a)), timedelta())

    def add(self, start: datetime, span: timedelta, boundary: str, horizon: datetime) -> datetime | None:
        """None where it takes longer than the horizon."""
        if not span and boundary == "close" and self.is_open(start - TICK):
            return start
        end = None
        for a, b in self.steps(start, horizon):
            if self.is_open(a):
                if end is not None or not span:
                    return a
                used = min(span, b - a)
                span -= used
                if not span:
                    end = a + used
                    if boundary == "close" or end < b:
                        return end
        return None

    def subtract(self, start: datetime, span: timedelta, horizon: datetime) -> datetime | None:
        if not span and self.is_open(start):
            return start
        for a, b in reversed(self.steps(horizon, start)):
            if self.is_open(a):
                if not span:
                    return b
                used = min(span, b - a)
                span -= used
                if not span:
                    return b - used
        return None

    def is_working_day(self, day: date) -> bool:
        return any(not self.cut(a) for start, end in self.windows(day) for a, _ in self.steps(start, end))

    def closing(self, day: date) -> datetime | None:
        """When what is left of the last window of a date closes."""
        left = (b for start, end in self.windows(day) for a, b in self.steps(start, end) if not self.cut(a))
        return max(left, default=None)


# --- random calendars -------------------------------------------------------------------------------------------------


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def window(start: int, end: int) -> str:
    return f"{clock(start % 1440)}-{clock(end % 1440) if end % 1440 or end - start >= 1440 else '24:00'}"


@st.composite
def own_hours(draw: st.DrawFn) -> tuple[str, ...]:
    """Windows of one date, the last perhaps across midnight."""
    points = sorted(draw(st.lists(st.integers(0, 24 * 12 + 60), min_size=2, max_size=6, unique=True)))
    found = []
    for start, end in zip(points[::2], points[1::2], strict=False):
        if start < 288:
            found.append(window(start * 5, min(end * 5, start * 5 + 1435)))
    return tuple(found)


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """A week as a ring of minutes: windows may cross midnight, Sunday's too."""
    points = sorted(draw(st.lists(st.integers(0, 7 * 288 - 1), min_size=2, max_size=20, unique=True)))
    if len(points) % 2:
        points.pop()
    week: dict[str, tuple[str, ...]] = {}
    for start, end in zip(points[::2], points[1::2], strict=True):
        end = min(end, start + 287)
        day = DAYS[start // 288]
        week[day] = (*week.get(day, ()), window(start * 5, end * 5))
    return week


OFFICE: dict[str, tuple[str, ...]] = dict.fromkeys(DAYS[:5], ("09:00-12:00", "13:00-18:00"))
ROUND_THE_CLOCK: dict[str, tuple[str, ...]] = dict.fromkeys(DAYS, ("00:00-24:00",))
NIGHTS: dict[str, tuple[str, ...]] = dict.fromkeys(DAYS[:6], ("22:00-06:00",))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[CalendarSpec, datetime]:
    """A calendar and an instant near where its clocks or its dates are odd."""
    zone = draw(st.sampled_from(sorted(ODD_DATES)))
    odd = draw(st.sampled_from(ODD_DATES[zone]))
    near = st.integers(-6, 12).map(lambda n: odd + timedelta(days=n))
    weekly = draw(weeks() | st.sampled_from([OFFICE, ROUND_THE_CLOCK, NIGHTS]))
    holidays = draw(st.frozensets(near, max_size=4))
    as_ = st.none() | st.sampled_from(sorted(weekly)) | own_hours().filter(bool)
    worked = draw(st.dictionaries(near, as_, max_size=3))
    local = st.builds(lambda day, minute: datetime.combine(day, time()) + minute * STEP, near, st.integers(0, 287))
    closures = []
    for start in draw(st.lists(local, max_size=2)):
        zoned = draw(st.sampled_from([None, UTC]))
        closures.append(
            Closure(start.replace(tzinfo=zoned), (start + draw(st.integers(37, 900)) * STEP).replace(tzinfo=zoned))
        )
    spec = CalendarSpec(
        zone=zone,
        weekly=weekly,
        holidays=holidays,
        yearly_holidays=draw(st.frozensets(near.map(lambda day: f"{day:%m-%d}"), max_size=1))
        - {f"{day:%m-%d}" for day in worked},
        make_up_days={day: how for day, how in worked.items() if day not in holidays},
        make_up_as=cast("Any", min(weekly)),
        date_hours=draw(st.dictionaries(near, own_hours(), max_size=2)),
        holiday_beats_date_hours=draw(st.booleans()),
        breaks=draw(st.dictionaries(near, own_hours(), max_size=2)),
        closures=closures,
        unpublished="weekends_only",
        boundary=draw(st.sampled_from(["close", "next_open"])),
    )
    return spec, datetime.combine(odd, time(12), UTC)


def instants(around: datetime, days: int = 5) -> st.SearchStrategy[datetime]:
    """Instants near one, often on an edge of the grid or a hair off it."""
    on_grid = st.integers(-days * 288, days * 288).map(lambda n: around + n * STEP)
    hair = st.sampled_from([timedelta(0), TICK, -TICK])
    anywhere = st.integers(-days * 86_400_000_000, days * 86_400_000_000).map(lambda n: around + n * TICK)
    return st.builds(lambda t, off: t + off, on_grid, hair) | anywhere


def spans(hours: int) -> st.SearchStrategy[timedelta]:
    return (
        st.integers(0, hours * 12).map(lambda n: n * STEP)
        | st.integers(0, hours * 3_600_000_000).map(lambda n: n * TICK)
        | st.just(timedelta(0))
    )
