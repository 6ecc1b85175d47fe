"""How a deadline came about: the days it passed, what each counted for and why, as data and as text (KRN-05)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import Enum, unique
from itertools import groupby
from typing import Final

import attrs

from csdomain.kernel.rules import BUSINESS_TIME, Language, Rule, Text
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays

from .spec import zone_of


@attrs.frozen
class Window:
    """Open time from ``start`` up to but not including ``end``, both in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@unique
class DayKind(Enum):
    """Why a date has the hours it has."""

    WEEKLY = "weekly"
    MAKE_UP = "make_up"
    DATE_HOURS = "date_hours"
    REST_DAY = "rest_day"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    SKIPPED = "skipped"


_KINDS: Final = {
    DayKind.WEEKLY: Text("open", "正常开放"),
    DayKind.MAKE_UP: Text("make-up working day", "调休上班"),
    DayKind.DATE_HOURS: Text("hours of this date", "当日特定时段"),
    DayKind.REST_DAY: Text("rest day", "休息日"),
    DayKind.HOLIDAY: Text("holiday", "假日"),
    DayKind.CLOSED: Text("closed", "临时关闭"),
    DayKind.SKIPPED: Text("a date that the time zone left out", "时区跳过的日期"),
}
_NOTHING_LEFT: Final = Text("no open time left", "当日已无开放时段")
_BASE: Final = Text("the day it counts from", "起算日")
_WEEKDAYS: Final = Text("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日")


@attrs.frozen
class Counted:
    """A window, or the part of one, that was counted, and how much of it was used."""

    window: Window
    used: timedelta


@attrs.frozen
class Day:
    """One local date: what kind of day it is, under what name, and what was counted on it.

    A window belongs to the date on which it begins. Where days are counted, ``number`` says which working day it is;
    the day from which they count has 0.
    """

    date: date
    kind: DayKind
    name: Text | None = None
    counted: tuple[Counted, ...] = ()
    number: int | None = None

    @property
    def used(self) -> timedelta:
        """The time counted on this day."""
        return sum((one.used for one in self.counted), timedelta(0))

    @property
    def was_counted(self) -> bool:
        """Whether the day counted for anything."""
        return bool(self.counted) or bool(self.number)


@attrs.frozen
class Explanation:
    """A deadline and how it came about.

    ``counts_from`` is where counting began: the start, or the next opening. ``days`` are all dates that were passed, in
    order. ``assumed_years`` are those whose holidays are not published and of which only the weekends were counted; if
    ``provisional``, until they are published. ``result`` is the deadline, in UTC. [KRN-05]
    """

    calendar: str
    zone: str
    start: datetime
    duration: Duration
    counts_from: datetime
    days: tuple[Day, ...]
    assumed_years: tuple[int, ...]
    result: datetime
    rule: Rule = BUSINESS_TIME
    provisional: bool = False

    @property
    def windows(self) -> tuple[Counted, ...]:
        """What was counted, window by window."""
        return tuple(one for day in self.days for one in day.counted)

    @property
    def skipped(self) -> tuple[Day, ...]:
        """The dates that counted for nothing, each with its reason."""
        return tuple(day for day in self.days if not day.was_counted and day.number is None)

    @property
    def make_up_days(self) -> tuple[date, ...]:
        """The make-up working days (調休) that were counted."""
        return tuple(day.date for day in self.days if day.was_counted and day.kind is DayKind.MAKE_UP)

    def text(self, language: Language = "en") -> str:
        """The explanation for people, in the calendar's own time."""
        return "\n".join(self._lines(language))

    def _lines(self, language: Language) -> Iterator[str]:
        zone, chinese = zone_of(self.zone), language == "zh"

        def local(at: datetime) -> str:
            return format(at.astimezone(zone), "%Y-%m-%d %H:%M" + (":%S" if at.second or at.microsecond else ""))

        said = duration_text(self.duration)(language)
        head = f"{said}，自 {local(self.start)} 起" if chinese else f"{said} from {local(self.start)}"
        yield head + (f"（日历 {self.calendar}，时区 {self.zone}）" if chinese else f" ({self.calendar}, {self.zone})")
        if self.counts_from != self.start:
            yield (
                ("自下一开放时间 " if chinese else "counted from the next opening, ")
                + local(self.counts_from)
                + (" 起计" if chinese else "")
            )
        yield from (assumed_text(year, self.provisional)(language) for year in self.assumed_years)
        for (counts, kind, name, _), group in groupby(
            self.days, lambda d: (d.was_counted, d.kind, d.name, d.counted or d.number)
        ):
            days = list(group)
            shown = _date(days[0].date, language)
            if len(days) > 1:
                shown += (" 至 " if chinese else " to ") + _date(days[-1].date, language)
            why = (name or _KINDS[kind])(language)
            if days[0].number == 0:
                yield f"  {shown}: " + _BASE(language)
                continue
            if not counts:
                yield f"  {shown}: " + (why if kind not in _OPEN else _NOTHING_LEFT(language))
                continue
            parts = [
                f"{one.window.start.astimezone(zone):%H:%M}-{one.window.end.astimezone(zone):%H:%M}"
                f" = {span_text(one.used)(language)}"
                for one in days[0].counted
            ]
            if days[0].number is not None:
                parts.append(f"第 {days[0].number} 个工作日" if chinese else f"working day {days[0].number}")
            note = "" if kind is DayKind.WEEKLY else f"（{why}）" if chinese else f" ({why})"
            yield f"  {shown}: " + ("，" if chinese else ", ").join(parts) + note
        yield ("期限：" if chinese else "due ") + local(self.result)


_OPEN: Final = frozenset({DayKind.WEEKLY, DayKind.MAKE_UP, DayKind.DATE_HOURS})


def _date(day: date, language: Language) -> str:
    return f"{day.isoformat()} {_WEEKDAYS(language).split()[day.weekday()]}"


def span_text(span: timedelta) -> Text:
    """A length of time for people: ``2 h 30 min``, ``2 小时 30 分``."""
    seconds, micros = divmod(span // timedelta(microseconds=1), 1_000_000)
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [(hours, "h", "小时"), (minutes, "min", "分"), (rest, "s", "秒"), (micros, "µs", "微秒")]
    kept = [part for part in parts if part[0]] or [(0, "min", "分")]
    return Text(" ".join(f"{n} {en}" for n, en, _ in kept), " ".join(f"{n} {zh}" for n, _, zh in kept))


def assumed_text(year: int, provisional: bool) -> Text:
    """That the holidays of a year are not published, for people."""
    if provisional:
        return Text(
            f"provisional: holidays of {year} not published, counted by the weekly hours until they are",
            f"暂定：{year} 年假日尚未公布，公布前按每周时段计算",
        )
    return Text(f"holidays of {year} not published: only weekends count", f"{year} 年假日尚未公布，仅按周末计算")


def duration_text(duration: Duration) -> Text:
    """A duration for people."""
    if isinstance(duration, WorkingDays | CalendarDays):
        working = isinstance(duration, WorkingDays)
        return Text(
            str(duration),
            f"{duration.days} 个{'工作日' if working else '自然日'}{'' if duration.end_of_day else '（同一时刻）'}",
        )
    span = span_text(duration.time)
    return span if isinstance(duration, ElapsedTime) else Text(f"{span.en} of working time", f"{span.zh}工作时间")
