"""Holidays that move with Easter (KRN-04), against the almanac and an independent library."""

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest

from csdomain.kernel.calendar import CalendarSpec, HolidayIsMakeUpDay, MalformedDate, WorkCalendar
from csdomain.kernel.rules import CALENDAR

WEEK = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def desk(*yearly: str) -> WorkCalendar:
    return WorkCalendar(CalendarSpec("Europe/Rome", WEEK, yearly_holidays=yearly), "shop")


@pytest.mark.rule(CALENDAR)
@pytest.mark.parametrize(
    ("feast", "on"),
    [
        ("easter", date(2024, 3, 31)),
        ("easter", date(2008, 3, 23)),
        ("easter", date(2038, 4, 25)),
        ("easter-2", date(2026, 4, 3)),
        ("easter+1", date(2013, 4, 1)),
        ("easter+39", date(2026, 5, 14)),
        ("orthodox_easter", date(2026, 4, 12)),
        ("orthodox_easter+1", date(2024, 5, 6)),
    ],
)
def test_a_feast_falls_where_the_almanac_has_it(feast: str, on: date) -> None:
    calendar = desk(feast)
    year = [date(on.year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [day for day in year if calendar.is_holiday(day)] == [on]
    assert not calendar.is_working_day(on)


@pytest.mark.rule(CALENDAR)
def test_easter_monday_is_the_one_that_another_library_has_for_every_year() -> None:
    calendar = desk("easter+1")
    for year in range(1990, 2060):
        named = holidays.country_holidays("IT", years=year, language="en_US").items()
        theirs = [day for day, name in named if "Easter Monday" in name]
        assert [day for day in theirs if calendar.is_holiday(day)] == theirs != []


@pytest.mark.rule(CALENDAR)
def test_time_does_not_run_on_a_feast() -> None:
    saturday = datetime(2026, 4, 4, 14, 0, tzinfo=UTC)  # 16:00 in Rome, the day before Easter
    assert desk("easter", "easter+1").add(saturday, timedelta(hours=2)) == datetime(2026, 4, 7, 8, 0, tzinfo=UTC)


@pytest.mark.rule(CALENDAR)
@pytest.mark.parametrize("wrong", ["easter+", "easter+100", "pasqua", "easter 1", "Easter"])
def test_what_is_no_feast_is_refused(wrong: str) -> None:
    with pytest.raises(MalformedDate):
        desk(wrong)


@pytest.mark.rule(CALENDAR)
def test_a_feast_is_no_make_up_day() -> None:
    with pytest.raises(HolidayIsMakeUpDay):
        CalendarSpec("Europe/Rome", WEEK, yearly_holidays=["easter+1"], make_up_days=["2026-04-06"])
