"""Birthdays by two calendars, as laws over every year that the lunar calendar knows."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.values.birthdays import (
    BeyondLunarYears,
    Birthday,
    LeapDay,
    LunarDay,
    NotABirthday,
    age,
    celebrants,
    nominal_age,
)
from csdomain_adapters.lunar import Borax

LUNAR = Borax()
DATES = st.dates(date(1902, 1, 1), date(2098, 12, 31))
LEAP_DAYS = st.sampled_from(list(LeapDay))
#: Every birthday there is: each day of a leap year, each lunar day, each of a leap month.
ALL = [Birthday.on(date(2000, 1, 1) + timedelta(n)) for n in range(366)] + [
    Birthday(calendar, month, day) for calendar in "LR" for month in range(1, 13) for day in range(1, 31)
]


@given(st.integers(1902, 2097), LEAP_DAYS)
def test_each_birthday_is_celebrated_once_in_each_year_of_its_calendar(year: int, leap_day: LeapDay) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    for n in range(800):
        on = date(year, 1, 1) + timedelta(n)
        for key in celebrants(on, leap_day, LUNAR):
            seen[key, Birthday.read(key).year_of(on, LUNAR)] += 1
    whole = {
        (one.key, year + (one.calendar != "G")) for one in ALL
    }  # the lunar year that begins in the next one is whole
    lunar_year = {(key, y) for key, y in whole if key[0] != "G"}
    assert all(seen[one] == 1 for one in whole - lunar_year)
    assert all(seen[key, year] <= 1 and seen[key, year + 1] == 1 for key, _ in lunar_year)


@given(st.sampled_from(ALL), DATES, LEAP_DAYS)
def test_who_celebrates_on_a_day_is_whoever_has_that_day_in_that_year(
    one: Birthday, on: date, leap_day: LeapDay
) -> None:
    there = one.in_year(one.year_of(on, LUNAR), leap_day, LUNAR)
    assert (one.key in celebrants(on, leap_day, LUNAR)) == (there == on)
    coming = one.next_on(on, leap_day, LUNAR)
    assert on <= coming <= on + timedelta(386)  # a lunar year has up to 385 days
    assert one.key in celebrants(coming, leap_day, LUNAR)
    assert Birthday.read(one.key) == one


@given(DATES, DATES, LEAP_DAYS)
def test_one_is_older_by_one_on_each_birthday_and_never_between(born: date, on: date, leap_day: LeapDay) -> None:
    for given_as in (born, LUNAR.lunar(born)):
        birthday = Birthday.on(given_as).key in celebrants(on, leap_day, LUNAR)
        before = age(given_as, on - timedelta(1), leap_day, LUNAR)
        assert age(given_as, on, leap_day, LUNAR) - before == birthday
    assert age(born, born, leap_day) == 0
    assert nominal_age(born, born, LUNAR) == 1


@given(DATES)
def test_lunar_and_solar_days_are_each_other_s_inverse(on: date) -> None:
    assert LUNAR.solar(LUNAR.lunar(on)) == on
    assert LUNAR.lunar(on).day <= LUNAR.month_length(LUNAR.lunar(on).year, LUNAR.lunar(on).month, LUNAR.lunar(on).leap)


def test_without_a_lunar_calendar_only_solar_birthdays_are_found_and_lunar_ones_refused() -> None:
    assert celebrants(date(2026, 9, 25), LeapDay.FEB28) == {"G09-25"}
    assert "L08-15" in celebrants(date(2026, 9, 25), LeapDay.FEB28, LUNAR)
    for ask in (
        lambda: Birthday.read("L08-15").in_year(2026, LeapDay.FEB28),
        lambda: Birthday.read("L08-15").year_of(date(2026, 9, 25)),
        lambda: LUNAR.lunar(date(2150, 1, 1)),
        lambda: LUNAR.solar(LunarDay(2101, 1, 1)),
        lambda: LUNAR.leap_month(1899),
        lambda: LUNAR.month_length(2101, 1, False),
    ):
        with pytest.raises(BeyondLunarYears, match="KRN-03"):
            ask()


@pytest.mark.parametrize(
    "key", ["", "G02-30", "G13-01", "L13-01", "L01-31", "R00-01", "X01-01", "G1-1", "G01-01 ", None, 7]
)
def test_what_is_no_day_of_a_calendar_is_refused(key: object) -> None:
    with pytest.raises(NotABirthday, match="G03-09"):
        Birthday.read(key)  # type: ignore[arg-type]  # what a row or an app may give


def test_a_leap_month_that_a_year_does_not_have_is_refused() -> None:
    with pytest.raises(NotABirthday):
        LUNAR.month_length(2021, 4, True)
    with pytest.raises(NotABirthday):
        LUNAR.solar(LunarDay(2021, 4, 1, True))
