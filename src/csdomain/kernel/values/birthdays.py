"""Birthdays by the solar and by the Chinese lunar calendar, and which are celebrated on a day (CUS-06, MSG-03).

A birthday is stored as a *key*: ``G03-09`` is 9 March, ``L08-15`` the 15th day of the 8th lunar month, ``R04-10`` the
10th of a leap 4th month. Whoever celebrates on a day is found by one indexed column and the few keys of that day.
"""

import re
from datetime import date
from enum import Enum, unique
from typing import Final, Protocol

import attrs

from csdomain.kernel.rules import TIME, Text
from csdomain.kernel.rules.errors import InvalidValue

from .arguments import checked

_KEY: Final = re.compile(r"([GLR])([0-9]{2})-([0-9]{2})")
_LEAP_DAY: Final = (2, 29)
_MONTHS: Final = 12
#: The lengths of a lunar month.
_SHORT, _LONG = 29, 30
#: Any leap year: whether a month and a day are those of some year.
_A_LEAP_YEAR: Final = 2000


class NotABirthday(InvalidValue):
    """A month and a day that no year of the calendar has."""

    default_rule = TIME
    problem = Text("No year has this day.", "任何年份都没有这一天。")


class BeyondLunarYears(InvalidValue):
    """A day or a lunar year for which the lunar calendar has no data; it is never estimated."""

    default_rule = TIME
    problem = Text("The lunar calendar has no data for this year.", "农历数据不包含这一年。")


@unique
class LeapDay(Enum):
    """When somebody born on 29 February celebrates in a year that has none."""

    FEB28 = "feb28"
    MAR1 = "mar1"


@attrs.frozen(order=True, field_transformer=checked(NotABirthday))
class LunarDay:
    """A day of the Chinese calendar: lunar year, month (1 to 12), whether it is the leap month of that number, day.

    Raises :class:`NotABirthday` where one is no integer; whether a year has the day, its calendar says.
    """

    year: int
    month: int
    day: int
    leap: bool = False


class LunarCalendar(Protocol):
    """The Chinese calendar. Each method raises :class:`BeyondLunarYears` where it has no data."""

    def lunar(self, on: date, /) -> LunarDay:
        """The lunar day of a date."""
        ...

    def solar(self, on: LunarDay, /) -> date:
        """The date of a lunar day. Raises :class:`NotABirthday` where that year has no such day."""
        ...

    def leap_month(self, year: int, /) -> int | None:
        """The number of the month that is repeated in a lunar year; None where none is."""
        ...

    def month_length(self, year: int, month: int, leap: bool, /) -> int:
        """29 or 30: the days of a lunar month. Raises :class:`NotABirthday` where that year has no such leap month."""
        ...


@attrs.frozen
class Birthday:
    """A month and a day that come back each year: ``calendar`` is G (solar), L (lunar) or R (in a leap lunar month).

    Raises :class:`NotABirthday`.

    >>> Birthday.on(date(2000, 2, 29)).key, Birthday.read("L08-15").month
    ('G02-29', 8)
    """

    calendar: str
    month: int
    day: int

    def __attrs_post_init__(self) -> None:
        try:
            if self.calendar == "G":
                date(_A_LEAP_YEAR, self.month, self.day)
            fits = self.calendar == "G" or (
                self.calendar in ("L", "R") and 1 <= self.month <= _MONTHS and 1 <= self.day <= _LONG
            )
        except (ValueError, TypeError):
            fits = False
        if not fits:
            raise NotABirthday(
                accepted=Text("a day of the calendar, as G03-09 or L08-15", "历法中的一天，如 G03-09、L08-15")
            )

    @classmethod
    def on(cls, born: date | LunarDay) -> "Birthday":
        """The birthday of somebody born on that day."""
        if isinstance(born, LunarDay):
            return cls("R" if born.leap else "L", born.month, born.day)
        return cls("G", born.month, born.day)

    @classmethod
    def read(cls, key: str) -> "Birthday":
        """The birthday of a key."""
        found = _KEY.fullmatch(key) if isinstance(key, str) else None
        return cls(found[1], int(found[2]), int(found[3])) if found else cls("", 0, 0)

    @property
    def key(self) -> str:
        """As it is stored: ``G03-09``."""
        return f"{self.calendar}{self.month:02}-{self.day:02}"

    def in_year(self, year: int, leap_day: LeapDay, lunar: LunarCalendar | None = None) -> date:
        """The date on which it is celebrated in a year of its own calendar: exactly one.

        29 February moves as ``leap_day`` says. A birthday in a leap month is in the leap month where the year has it,
        else in the ordinary one; day 30 is day 29 in a short month. Raises BeyondLunarYears, also without ``lunar``.
        """
        if self.calendar == "G":
            if (self.month, self.day) == _LEAP_DAY and not _has_leap_day(year):
                return date(year, 2, 28) if leap_day is LeapDay.FEB28 else date(year, 3, 1)
            return date(year, self.month, self.day)
        if lunar is None:
            raise BeyondLunarYears(given=year, accepted=Text("a lunar calendar", "农历数据"))
        leap = self.calendar == "R" and lunar.leap_month(year) == self.month
        day = min(self.day, lunar.month_length(year, self.month, leap))
        return lunar.solar(LunarDay(year, self.month, day, leap))

    def year_of(self, on: date, lunar: LunarCalendar | None = None) -> int:
        """The year of its own calendar that a date is in: what makes a greeting once a year (MSG-11)."""
        if self.calendar == "G":
            return on.year
        if lunar is None:
            raise BeyondLunarYears(given=on, accepted=Text("a lunar calendar", "农历数据"))
        return lunar.lunar(on).year

    def next_on(self, today: date, leap_day: LeapDay, lunar: LunarCalendar | None = None) -> date:
        """The first date from ``today`` on, that day included, on which it is celebrated."""
        year = self.year_of(today, lunar)
        here = self.in_year(year, leap_day, lunar)
        return here if here >= today else self.in_year(year + 1, leap_day, lunar)


def age(born: date | LunarDay, on: date, leap_day: LeapDay, lunar: LunarCalendar | None = None) -> int:
    """Completed years of life on a day, by the birthdays of the calendar that the birth is given in.

    Below zero before the birth. Raises BeyondLunarYears.
    """
    birthday = Birthday.on(born)
    year = birthday.year_of(on, lunar)
    return year - born.year - (birthday.in_year(year, leap_day, lunar) > on)


def nominal_age(born: date, on: date, lunar: LunarCalendar) -> int:
    """The age as counted traditionally (虚岁): one at birth, one more with each lunar new year."""
    return lunar.lunar(on).year - lunar.lunar(born).year + 1


def celebrants(on: date, leap_day: LeapDay, lunar: LunarCalendar | None = None) -> frozenset[str]:
    """The keys of all birthdays that are celebrated on a date; without ``lunar`` only the solar ones.

    Each key is among the celebrants of exactly one day in each year of its own calendar. Raises BeyondLunarYears.

    >>> sorted(celebrants(date(2025, 2, 28), LeapDay.FEB28))
    ['G02-28', 'G02-29']
    """
    keys = {Birthday("G", on.month, on.day).key}
    if not _has_leap_day(on.year) and Birthday("G", *_LEAP_DAY).in_year(on.year, leap_day) == on:
        keys.add(Birthday("G", *_LEAP_DAY).key)
    if lunar is None:
        return frozenset(keys)
    day = lunar.lunar(on)
    days = [day.day]
    if day.day == _SHORT and lunar.month_length(day.year, day.month, day.leap) == _SHORT:
        days.append(_LONG)
    # Of an ordinary month also those born in a leap one that this year does not have.
    calendars = "R" if day.leap else "L" if lunar.leap_month(day.year) == day.month else "LR"
    keys |= {Birthday(calendar, day.month, number).key for calendar in calendars for number in days}
    return frozenset(keys)


def _has_leap_day(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
