"""Typed durations, as house rules write them, and the deadline each gives on a working calendar (design decision D8).

``6 days`` are calendar days, ``3 working days`` days on which the calendar opens; both end with the day unless
``, same hour`` follows. ``8 working hours`` run only while the calendar is open, ``24 hours`` always.
"""

import re
from datetime import timedelta
from typing import Final

import attrs

from csdomain.kernel.rules import BUSINESS_TIME, Text
from csdomain.kernel.rules.errors import InvalidValue

_FORM: Final = re.compile(r"([0-9]{1,6}) (working )?(day|hour|minute)s?(, same hour)?")
_UNIT: Final = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1)}


class MalformedDuration(InvalidValue):
    """Not a duration that house rules know (KRN-05)."""

    default_rule = BUSINESS_TIME
    problem = Text("This is not a duration.", "这不是有效的时长。")


def _not_negative(instance: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MalformedDuration(field=attribute.name, given=value, accepted=Text("an integer ≥ 0", "≥ 0 的整数"))


def _span(instance: object, attribute: "attrs.Attribute[timedelta]", value: timedelta) -> None:
    if not isinstance(value, timedelta) or value < timedelta(0):
        raise MalformedDuration(field=attribute.name, given=value, accepted=Text("a timedelta ≥ 0", "≥ 0 的 timedelta"))


@attrs.frozen
class CalendarDays:
    """Days of the calendar, open or not, ending at midnight that ends the last of them, or at the same hour."""

    days: int = attrs.field(validator=_not_negative)
    end_of_day: bool = True

    def __str__(self) -> str:
        return f"{self.days} days" + ("" if self.end_of_day else ", same hour")


@attrs.frozen
class WorkingDays:
    """Days on which the calendar opens, ending at its closing time, or at the same hour rolled into hours."""

    days: int = attrs.field(validator=_not_negative)
    end_of_day: bool = True

    def __str__(self) -> str:
        return f"{self.days} working days" + ("" if self.end_of_day else ", same hour")


@attrs.frozen
class WorkingTime:
    """Time during which the calendar is open."""

    time: timedelta = attrs.field(validator=_span)

    def __str__(self) -> str:
        return _said(self.time, "working ")


@attrs.frozen
class ElapsedTime:
    """Time on the clock, open or not."""

    time: timedelta = attrs.field(validator=_span)

    def __str__(self) -> str:
        return _said(self.time)


Duration = CalendarDays | WorkingDays | WorkingTime | ElapsedTime


def runs_always(duration: Duration) -> bool:
    """Whether its time is time on the clock, open or not: no calendar is asked, so no holiday needs to be known."""
    return isinstance(duration, CalendarDays | ElapsedTime)


def _said(time: timedelta, working: str = "") -> str:
    for unit, size in _UNIT.items():
        if not time % size:
            return f"{time // size} {working}{unit}s"
    return f"{time.total_seconds()} {working}seconds"  # no house rule says so, a program may


def parse_duration(text: object) -> Duration:
    """The duration that ``text`` says: ``6 days``, ``3 working days, same hour``, ``8 working hours``, ``30 minutes``.

    Raises :class:`MalformedDuration`.

    >>> parse_duration("6 days")
    CalendarDays(days=6, end_of_day=True)
    >>> str(parse_duration("8 working hours"))
    '8 working hours'
    """
    form = _FORM.fullmatch(text) if isinstance(text, str) else None
    if form is None or (form[4] and form[3] != "day"):
        raise MalformedDuration(
            given=text if isinstance(text, str | int) else type(text).__name__,
            accepted=Text('"6 days", "3 working days", "8 working hours"', "“6 days”“3 working days”“8 working hours”"),
        )
    count, working, unit, same_hour = int(form[1]), bool(form[2]), form[3], bool(form[4])
    if unit == "day":
        return (WorkingDays if working else CalendarDays)(count, end_of_day=not same_hour)
    return (WorkingTime if working else ElapsedTime)(count * _UNIT[unit])
