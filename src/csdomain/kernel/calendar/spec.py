"""A working calendar as a rulebook writes it: frozen data, checked whole (KRN-04).

Every wall time is local to ``zone``. A window belongs to the date on which it begins, also where it runs across
midnight: a holiday cancels the windows that begin on it, and not the rest of the night before.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, Literal, cast, get_args
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.rules import Text

from . import values
from .holidays import Holidays
from .values import (
    DAY,
    WEEKDAYS,
    MakeUp,
    MakeUpDayWithoutHours,
    MalformedClosure,
    MalformedDate,
    MalformedSetting,
    OverlappingWindows,
    UnknownZone,
    Weekday,
)

Boundary = Literal["close", "next_open"]
Unpublished = Literal["raise", "weekends_only", "provisional"]

_LEAP_YEAR: Final = 2000


def one_of(given: object, known: tuple[str, ...], field: str) -> str:
    """``given`` if it is one of ``known``. Raises :class:`MalformedSetting`."""
    if not isinstance(given, str) or given not in known:
        shown = given if isinstance(given, str) else type(given).__name__
        raise MalformedSetting(field=field, given=shown, accepted=Text(", ".join(known), "、".join(known)))
    return given


def zone_of(name: object) -> ZoneInfo:
    """The IANA zone of that name. Raises :class:`UnknownZone`."""
    try:
        if isinstance(name, str):
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    raise UnknownZone(
        zone=name if isinstance(name, str) else type(name).__name__,
        accepted=Text("a name such as Asia/Shanghai", "如 Asia/Shanghai 的名称"),
    )


def _instant(given: object) -> datetime:
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            given = None
    if not isinstance(given, datetime):
        raise MalformedClosure(
            field="closures", accepted=Text("a time, or 2026-07-01T12:00", "时间，或 2026-07-01T12:00")
        )
    return given


def _reason(given: object) -> Text | None:
    if given is None or isinstance(given, Text):
        return given
    if isinstance(given, Mapping) and set(given) == {"en", "zh"}:
        return Text(str(given["en"]), str(given["zh"]))
    return Text(str(given), str(given))


@attrs.frozen
class Closure:
    """An ad-hoc closure, from ``start`` up to but not including ``end``, with a reason for people (no personal data).

    A time without a zone is wall time of the calendar's zone. Raises
    :class:`~csdomain.kernel.calendar.values.MalformedClosure`. [KRN-04]
    """

    start: datetime = attrs.field(converter=_instant)
    end: datetime = attrs.field(converter=_instant)
    reason: Text | None = attrs.field(default=None, converter=_reason)


def _closures(given: Iterable[object]) -> tuple[Closure, ...]:
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise MalformedClosure(field="closures", accepted=Text("a list of closures", "临时关闭列表"))
    found = []
    for one in given:
        if isinstance(one, Closure):
            found.append(one)
        elif isinstance(one, Mapping) and {"start", "end"} <= set(one) <= {"start", "end", "reason"}:
            found.append(Closure(**one))
        elif isinstance(one, tuple | list) and 2 <= len(one) <= 3:
            found.append(Closure(*one))
        else:
            raise MalformedClosure(field="closures", accepted=Text("start, end, reason", "start、end、reason"))
    return tuple(found)


def _weekly(given: Mapping[Weekday, Iterable[str]] | Mapping[str, Iterable[str]]) -> dict[Weekday, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise MalformedSetting(field="weekly", given=type(given).__name__, accepted=Text("a table", "表"))
    week = {values.weekday(day, "weekly"): _windows(windows, f"weekly.{day}") for day, windows in given.items()}
    # The week as a ring: a night shift must end before the next day begins.
    ring = [
        (i * DAY + o, i * DAY + c, day)
        for i, day in enumerate(WEEKDAYS)
        for o, c in values.hours(week.get(day, ()), day)
    ]
    for (_, closes, one), (opens, _, other) in zip(
        ring, ring[1:] + [(o + 7 * DAY, c, d) for o, c, d in ring[:1]], strict=True
    ):
        if opens < closes:
            raise OverlappingWindows(field=f"weekly.{one}", given=(week[one], f"{other}: {' '.join(week[other])}"))
    return week


def _windows(given: object, field: str) -> tuple[str, ...]:
    values.hours(given, field)
    return tuple(cast("Iterable[str]", given))


def _by_date(
    given: Mapping[date, Iterable[str]] | Mapping[str, Iterable[str]], field: str
) -> dict[date, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise MalformedDate(field=field, given=type(given).__name__, accepted=Text("a table by date", "按日期的表"))
    return {values.a_date(day, field): _windows(hours, f"{field}.{day}") for day, hours in given.items()}


def _date_hours(given: Mapping[date, Iterable[str]] | Mapping[str, Iterable[str]]) -> dict[date, tuple[str, ...]]:
    return _by_date(given, "date_hours")


def _breaks(given: Mapping[date, Iterable[str]] | Mapping[str, Iterable[str]]) -> dict[date, tuple[str, ...]]:
    return _by_date(given, "breaks")


def _holidays(given: Iterable[date | str]) -> frozenset[date]:
    return values.dates(given, "holidays")


def _published(given: Iterable[int] | None) -> frozenset[int] | None:
    return None if given is None else values.years(given, "published_years")


def _yearly(given: Iterable[str]) -> frozenset[str]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise MalformedDate(field="yearly_holidays", given=type(given).__name__, accepted=Text("a list", "列表"))
    days = frozenset(given)
    for day in days:
        if isinstance(day, str) and values.movable(day) is not None:
            continue
        try:
            values.a_date(f"{_LEAP_YEAR}-{day}", "yearly_holidays")
        except MalformedDate:
            shown = day if isinstance(day, str) else type(day).__name__
            accepted = Text("MM-DD, easter, easter+1, orthodox_easter-2", "MM-DD、easter、easter+1、orthodox_easter-2")
            raise MalformedDate(field="yearly_holidays", given=shown, accepted=accepted) from None
    return days


def _names(given: Mapping[date, Text] | Mapping[str, object]) -> dict[date, Text]:
    if not isinstance(given, Mapping):
        raise MalformedDate(
            field="holiday_names", given=type(given).__name__, accepted=Text("a table by date", "按日期的表")
        )
    return {values.a_date(day, "holiday_names"): _reason(name) or Text("", "") for day, name in given.items()}


@attrs.frozen(hash=False)
class CalendarSpec:
    """A working calendar as data: what a house's rules say about its opening hours.

    - ``zone`` is an IANA name; every wall time below is local to it, daylight saving included.
    - ``weekly``: windows ``HH:MM-HH:MM`` by weekday, several a day; ``24:00`` may end one; an end before the start is
      on the next day (``22:00-06:00``).
    - ``holidays`` and ``yearly_holidays`` (``MM-DD``, or days after Easter: ``easter-2``, ``easter``, ``easter+1``,
      ``orthodox_easter+1``) are closed. ``holiday_names`` names them.
    - ``make_up_days`` (調休) are worked whatever their weekday: with the hours of the weekday given, with windows of
      their own, or where nothing is given with those of ``make_up_as``.
    - ``date_hours`` replace the hours of one date; on a holiday only if ``holiday_beats_date_hours`` is false.
    - ``breaks`` by date and ``closures`` are cut out of open time, whatever opened it.
    - ``published_years``: years whose holidays are known whole. Left out, they are the years of the dates in
      ``holidays`` and ``make_up_days``; a calendar without any keeps no public holidays, and every year is known.
    - ``unpublished``: what a question about another year gives: ``raise`` an error; or an answer by the weekly hours,
      for good (``weekends_only``) or ``provisional``: timers are counted anew when the year is published.
    - ``boundary``: where time that runs out exactly at closing leads: to ``close`` or to ``next_open``.

    Raises a named subclass of :class:`~csdomain.kernel.calendar.values.CalendarInvalid` that says what and where.
    [KRN-04]

    >>> spec = CalendarSpec("Asia/Shanghai", weekly={"mon": ["09:00-12:00", "13:00-18:00"]})
    >>> spec.weekly["mon"]
    ('09:00-12:00', '13:00-18:00')
    """

    zone: str
    weekly: Mapping[Weekday, tuple[str, ...]] = attrs.field(converter=_weekly)
    holidays: frozenset[date] = attrs.field(default=(), converter=_holidays)
    yearly_holidays: frozenset[str] = attrs.field(default=(), converter=_yearly)
    make_up_days: Mapping[date, MakeUp] = attrs.field(default=(), converter=values.make_up_days)
    make_up_as: Weekday = "mon"
    date_hours: Mapping[date, tuple[str, ...]] = attrs.field(factory=dict, converter=_date_hours)
    holiday_beats_date_hours: bool = True
    breaks: Mapping[date, tuple[str, ...]] = attrs.field(factory=dict, converter=_breaks)
    closures: tuple[Closure, ...] = attrs.field(default=(), converter=_closures)
    published_years: frozenset[int] | None = attrs.field(default=None, converter=_published)
    unpublished: Unpublished = "raise"
    boundary: Boundary = "close"
    holiday_names: Mapping[date, Text] = attrs.field(factory=dict, converter=_names)

    def __attrs_post_init__(self) -> None:
        zone = zone_of(self.zone)
        one_of(self.unpublished, get_args(Unpublished), "unpublished")
        one_of(self.boundary, get_args(Boundary), "boundary")
        if not isinstance(self.holiday_beats_date_hours, bool):
            one_of(self.holiday_beats_date_hours, ("true", "false"), "holiday_beats_date_hours")
        values.weekday(self.make_up_as, "make_up_as")
        values.refuse_both(self.holidays, self.make_up_days, "make_up_days")
        feasts = [feast for feast in map(values.movable, self.yearly_holidays) if feast is not None]
        yearly = {
            day
            for day in self.make_up_days
            if day.isoformat()[5:] in self.yearly_holidays
            or any(values.feast(feast, day.year) == day.toordinal() for feast in feasts)
        }
        values.refuse_both(yearly, self.make_up_days, "make_up_days")
        for day, as_ in self.make_up_days.items():
            if not self.hours_of_make_up(as_):
                raise MakeUpDayWithoutHours(
                    field=f"make_up_days.{day}",
                    given=as_ or self.make_up_as,
                    accepted=Text("a weekday that has hours, or windows", "有时段的星期几，或具体时段"),
                )
        for closure in self.closures:
            start, end = closure.start, closure.end
            if (start.utcoffset() is None) != (end.utcoffset() is None):
                start, end = (t.replace(tzinfo=zone) if t.utcoffset() is None else t for t in (start, end))
            if end <= start:
                raise MalformedClosure(
                    field="closures",
                    given=(closure.start, closure.end),
                    accepted=Text("an end after the start", "结束时间晚于开始时间"),
                )

    @property
    def known_years(self) -> frozenset[int] | None:
        """The years whose holidays are known, or None where every year is."""
        if self.published_years is not None:
            return self.published_years
        return frozenset(day.year for day in (*self.holidays, *self.make_up_days)) or None

    def hours_of_make_up(self, as_: MakeUp) -> tuple[str, ...]:
        """The windows that a make-up day is worked in."""
        return as_ if isinstance(as_, tuple) else self.weekly.get(as_ or self.make_up_as, ())

    def with_holidays(self, holidays: Holidays) -> "CalendarSpec":
        """This calendar with the holidays and make-up days of an authority as well, and its years known.

        What this calendar says itself about a make-up day or a name stays. Several may follow each other, as a file a
        year. Raises :class:`~csdomain.kernel.calendar.values.HolidayIsMakeUpDay` where the two contradict. [KRN-04]
        """
        worked: dict[date, MakeUp] = {**holidays.make_up_days, **self.make_up_days}
        return attrs.evolve(
            self,
            holidays=self.holidays | holidays.holidays,
            make_up_days=worked,
            published_years=(self.published_years or frozenset()) | holidays.years,
            holiday_names={**holidays.names, **self.holiday_names},
        )

    @classmethod
    def parse(cls, data: Mapping[str, object]) -> "CalendarSpec":
        """A calendar from the data of a file: keys as the fields, dates as dates or text, closures as tables.

        Raises :class:`~csdomain.kernel.calendar.values.MalformedSetting` for a key that no calendar has, and what the
        fields raise. [KRN-01, KRN-04]
        """
        fields = tuple(field.name for field in attrs.fields(cls))
        for key in data:
            one_of(key, fields, str(key))
        for key in ("zone", "weekly"):
            if key not in data:
                raise MalformedSetting(field=key, given=None, accepted=Text("a value", "必须给出"))
        return cls(**data)  # type: ignore[arg-type]  # each field's converter checks what it is given
