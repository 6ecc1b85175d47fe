"""What working calendars are written with: weekdays, windows of wall time, and the errors that refuse them (KRN-04)."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Final, Literal, get_args

from dateutil.easter import easter

from csdomain.kernel.rules import BUSINESS_TIME, CALENDAR, Text
from csdomain.kernel.rules.errors import InvalidValue

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)

#: Minutes of wall time from the midnight that begins the date: (open, close). Across midnight, close is over 1440.
Hours = tuple[tuple[int, int], ...]
#: What a make-up working day is worked as: the hours of a weekday, hours of its own, or the house's usual weekday.
MakeUp = Weekday | tuple[str, ...] | None

DAY: Final = 24 * 60
#: Which Easter: that of the western churches, or the orthodox one.
Easter = Literal[2, 3]
_MOVABLE: Final = re.compile(r"(orthodox_)?easter([+-][0-9]{1,2})?")
_WINDOW: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")


class CalendarInvalid(InvalidValue):
    """Root of what is wrong with a calendar as it is written; ``field`` says where (KRN-04)."""

    default_rule = CALENDAR
    problem = Text("The calendar is not valid.", "此日历无效。")


class UnknownZone(CalendarInvalid):
    """Not a time zone of the IANA database, as far as this machine has it (KRN-04)."""

    problem = Text("There is no such time zone.", "没有这个时区。")


class UnknownWeekday(CalendarInvalid):
    """Not one of mon, tue, wed, thu, fri, sat, sun (KRN-04)."""

    problem = Text("There is no such weekday.", "没有这个星期几。")


class MalformedWindow(CalendarInvalid):
    """A window that is not ``HH:MM-HH:MM``, or that has no length (KRN-04)."""

    problem = Text("This is not a window of time.", "这不是有效的时段。")


class OverlappingWindows(CalendarInvalid):
    """Two windows of a day, or of a night and the morning after, that overlap (KRN-04)."""

    problem = Text("Two windows overlap.", "两个时段重叠。")


class MalformedDate(CalendarInvalid):
    """Not a date, or not a day of any year (KRN-04)."""

    problem = Text("This is not a date.", "这不是有效的日期。")


class MalformedClosure(CalendarInvalid):
    """A closure that ends before it starts, or whose times cannot be read (KRN-04)."""

    problem = Text("The closure is not valid.", "此临时关闭无效。")


class HolidayIsMakeUpDay(CalendarInvalid):
    """A date that is listed both as a holiday and as a make-up working day (KRN-04)."""

    problem = Text("A date cannot be a holiday and a make-up working day.", "同一日期不能既是假日又是调休上班日。")


class MakeUpDayWithoutHours(CalendarInvalid):
    """A make-up working day with the hours of a weekday that has none (KRN-04)."""

    problem = Text("A make-up working day needs hours.", "调休上班日必须有工作时段。")


class MalformedSetting(CalendarInvalid):
    """A setting with a value that it does not have, or a key that no calendar has (KRN-04)."""

    problem = Text("This setting of a calendar is not known.", "日历没有这项设置或取值。")


class UnpublishedYear(InvalidValue):
    """The answer depends on a year whose holidays are not known, and the calendar does not guess (KRN-04)."""

    default_rule = CALENDAR
    problem = Text("The holidays of this year are not known.", "尚不知道这一年的假日安排。")


class NeverOpens(InvalidValue):
    """The calendar has no open time in the direction that was asked for (KRN-05)."""

    default_rule = BUSINESS_TIME
    problem = Text("The calendar has no working time left.", "此日历之后再无工作时间。")


class BeyondTime(InvalidValue):
    """The answer lies beyond the years 1 to 9999, which datetimes hold (KRN-05)."""

    default_rule = BUSINESS_TIME
    problem = Text("The time is beyond the years 1 to 9999.", "时间超出公元 1 至 9999 年。")


class NotAWorkingDay(InvalidValue):
    """A closing time was asked for on a date on which the calendar does not open (KRN-05)."""

    default_rule = BUSINESS_TIME
    problem = Text("The calendar does not open on this date.", "日历在这一天不开放。")


class NotADuration(InvalidValue):
    """A duration that is negative or not a timedelta, or a number of days that is not an integer (KRN-05)."""

    default_rule = BUSINESS_TIME
    problem = Text("This is not a duration that can be counted.", "这不是可以计算的时长。")


def weekday(given: object, field: str) -> Weekday:
    """``given`` as a weekday. Raises :class:`UnknownWeekday`."""
    if given not in WEEKDAYS:
        raise UnknownWeekday(
            field=field,
            given=given if isinstance(given, str) else type(given).__name__,
            accepted=Text(", ".join(WEEKDAYS), "、".join(WEEKDAYS)),
        )
    return given


def a_date(given: object, field: str) -> date:
    """``given`` as a date: a date itself or ``YYYY-MM-DD``. Raises :class:`MalformedDate`."""
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise MalformedDate(
        field=field,
        given=given if isinstance(given, str | datetime) else type(given).__name__,
        accepted=Text("a date, or YYYY-MM-DD", "日期，或 YYYY-MM-DD"),
    )


def hours(windows: object, field: str) -> Hours:
    """The windows of one date as minutes, in order.

    Raises :class:`MalformedWindow` or :class:`OverlappingWindows`, which name ``field``.

    >>> hours(["13:00-17:30", "09:00-12:00"], "mon")
    ((540, 720), (780, 1050))
    >>> hours(["22:00-06:00"], "mon")
    ((1320, 1800),)
    """
    accepted = Text('"09:00-17:30", "22:00-06:00", "00:00-24:00"', "“09:00-17:30”“22:00-06:00”“00:00-24:00”")
    if isinstance(windows, str) or not isinstance(windows, Iterable):
        raise MalformedWindow(field=field, given=type(windows).__name__, accepted=Text("a list of windows", "时段列表"))
    found = []
    for window in windows:
        form = _WINDOW.fullmatch(window) if isinstance(window, str) else None
        if form is None:
            given = window if isinstance(window, str) else type(window).__name__
            raise MalformedWindow(field=field, given=given, accepted=accepted)
        opens = int(form[1]) * 60 + int(form[2])
        closes = DAY if form[3] is None else int(form[3]) * 60 + int(form[4])
        if opens == closes:
            raise MalformedWindow(field=field, given=window, accepted=accepted)
        found.append((opens, closes if closes > opens else closes + DAY, window))
    found.sort()
    for (_, closes, one), (opens, _, other) in pairwise(found):
        if opens < closes:
            raise OverlappingWindows(field=field, given=(one, other))
    return tuple((opens, closes) for opens, closes, _ in found)


def make_up(given: object, field: str) -> MakeUp:
    """``given`` as what a make-up day is worked as. Raises :class:`UnknownWeekday` or :class:`MalformedWindow`."""
    if given is None:
        return None
    if isinstance(given, str):
        return weekday(given, field)
    if not isinstance(given, Iterable) or not (windows := tuple(given)):
        raise MalformedWindow(field=field, given=type(given).__name__, accepted=Text("windows", "时段"))
    hours(windows, field)
    return windows


def make_up_days(
    given: Mapping[date, MakeUp] | Mapping[str, MakeUp] | Iterable[date | str], field: str = "make_up_days"
) -> dict[date, MakeUp]:
    """Make-up days by date, from a mapping or from mere dates. Raises what :func:`a_date` and :func:`make_up` do."""
    if isinstance(given, Mapping):
        return {a_date(day, field): make_up(as_, f"{field}.{day}") for day, as_ in given.items()}
    return dict.fromkeys(sorted(dates(given, field)))


def dates(given: Iterable[date | str], field: str) -> frozenset[date]:
    """Dates from anything that holds dates. Raises :class:`MalformedDate`."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise MalformedDate(field=field, given=type(given).__name__, accepted=Text("a list of dates", "日期列表"))
    return frozenset(a_date(day, field) for day in given)


def years(given: Iterable[int], field: str) -> frozenset[int]:
    """Years from anything that holds integers. Raises :class:`MalformedDate`."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise MalformedDate(field=field, given=type(given).__name__, accepted=Text("a list of years", "年份列表"))
    found = frozenset(given)
    for year in found:
        if isinstance(year, bool) or not isinstance(year, int) or not date.min.year <= year <= date.max.year:
            shown = year if isinstance(year, int | str) else type(year).__name__
            raise MalformedDate(field=field, given=shown, accepted=Text("a year", "年份"))
    return found


def movable(text: str) -> tuple[Easter, int] | None:
    """A feast that moves with Easter as (kind of Easter, days after it), None for anything else.

    >>> movable("easter+1"), movable("orthodox_easter-2"), movable("05-01")
    ((3, 1), (2, -2), None)
    """
    form = _MOVABLE.fullmatch(text)
    return None if form is None else (2 if form[1] else 3, int(form[2] or 0))


def feast(of: tuple[Easter, int], year: int) -> int:
    """The ordinal of the date on which a movable feast falls in ``year``."""
    kind, days = of
    return easter(year, kind).toordinal() + days


def refuse_both(holidays: Iterable[date], worked: Iterable[date], field: str) -> None:
    """Raises :class:`HolidayIsMakeUpDay` where a date is in both."""
    both = sorted(set(holidays) & set(worked))
    if both:
        raise HolidayIsMakeUpDay(
            field=field, given=tuple(both), accepted=Text("each date in one list", "每个日期只在一个列表中")
        )
