"""China's holidays and make-up days against two independent libraries, and files of one's own (KRN-04)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import holidays as holidays_library
import pytest

from csdomain.kernel.calendar import (
    CalendarSpec,
    HolidayIsMakeUpDay,
    MalformedDate,
    UnknownWeekday,
    UnpublishedYear,
    WorkCalendar,
)
from csdomain.kernel.calendar.holidays import HolidaySource
from csdomain_adapters.holidays import HolidayFileInvalid, china, load

OFFICE = CalendarSpec("Asia/Shanghai", {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")})
CHINA = WorkCalendar(OFFICE.with_holidays(china()), "office")
FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)

#: chinesecalendar leaves out the make-up day that the notice for 2006 put into 2005 (it lists 2006-01-03, the day off
#: that was given for it).
NOT_IN_CHINESECALENDAR = {date(2005, 12, 31)}
#: Two weekend days inside spans that the notices gave as holidays (4 to 6 June 2011, 22 to 24 June 2012); they change
#: no working day of a Monday-to-Friday desk.
WEEKEND_HOLIDAYS_NOT_IN_CHINESECALENDAR = {date(2011, 6, 5), date(2012, 6, 23)}


def days() -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(days=1)


@pytest.mark.rule("KRN-04")
def test_every_day_agrees_with_chinesecalendar() -> None:
    other = {day for day in days() if CHINA.is_working_day(day) != chinese_calendar.is_workday(day)}
    assert other == NOT_IN_CHINESECALENDAR
    listed = {day for day in chinese_calendar.constants.holidays if day >= FIRST}
    assert china().holidays ^ listed == WEEKEND_HOLIDAYS_NOT_IN_CHINESECALENDAR
    assert set(china().make_up_days) ^ {d for d in chinese_calendar.constants.workdays if d >= FIRST} == (
        NOT_IN_CHINESECALENDAR
    )


@pytest.mark.rule("KRN-04")
def test_every_day_agrees_with_the_holidays_library() -> None:
    library = holidays_library.country_holidays("CN", years=range(FIRST.year, LAST.year + 1))
    worked = {day for day in library.weekend_workdays if FIRST <= day <= LAST}
    for day in days():
        assert CHINA.is_working_day(day) == (day in worked or (day.weekday() < 5 and day not in library)), day
    assert set(china().make_up_days) == worked
    # It lists only what the law or a swap makes a holiday, we whole spans of the notices; it knows none that we do not.
    assert {day for day in library if FIRST <= day <= LAST} <= china().holidays


@pytest.mark.rule("KRN-04")
def test_neither_library_knows_2027_and_we_say_so() -> None:
    with pytest.raises(NotImplementedError):
        chinese_calendar.is_workday(date(2027, 1, 1))
    eve = datetime(2026, 12, 31, 9, tzinfo=UTC)  # 17:00 in Shanghai
    assert CHINA.add(eve, timedelta(hours=1)) == datetime(2026, 12, 31, 10, tzinfo=UTC)
    for ask in (
        lambda: CHINA.add(eve, timedelta(hours=1, microseconds=1)),
        lambda: CHINA.next_open(datetime(2026, 12, 31, 10, tzinfo=UTC)),
        lambda: CHINA.is_working_day(date(2027, 1, 4)),
        lambda: CHINA.is_working_day(date(2003, 12, 31)),
        lambda: CHINA.add_working_days(eve, 1),
        lambda: CHINA.between(eve, datetime(2027, 3, 1, tzinfo=UTC)),
    ):
        with pytest.raises(UnpublishedYear, match="2004-2026") as error:
            ask()
        assert error.value.facts["year"] in (2003, 2027)


@pytest.mark.rule("KRN-04")
def test_weekends_only_is_a_choice() -> None:
    office = CalendarSpec("Asia/Shanghai", OFFICE.weekly, unpublished="weekends_only").with_holidays(china())
    calendar = WorkCalendar(office)
    assert calendar.is_working_day(date(2027, 1, 1))  # a Friday, surely a holiday once it is published
    assert not calendar.is_working_day(date(2027, 1, 2))
    told = calendar.explain(datetime(2026, 12, 31, 9, tzinfo=UTC), timedelta(hours=10))
    assert told.assumed_years == (2027,)
    assert "2027" in told.text("en")
    assert "2027" in told.text("zh")


@pytest.mark.rule("KRN-04")
@pytest.mark.parametrize(
    ("day", "en", "zh"),
    [
        ("2015-09-03", "70th anniversary", "抗战胜利七十周年纪念日"),
        ("2025-10-06", "Mid-autumn Festival", "中秋节"),
        ("2026-02-17", "Spring Festival", "春节"),
        ("2026-10-01", "National Day", "国庆节"),
    ],
)
def test_holidays_have_names_in_both_languages(day: str, en: str, zh: str) -> None:
    name = china().names[date.fromisoformat(day)]
    assert en in name.en
    assert zh in name.zh


@pytest.mark.rule("KRN-04")
def test_every_holiday_has_a_name_and_every_make_up_day_is_a_weekend_day() -> None:
    known = china()
    assert known.years == frozenset(range(2004, 2027))
    assert set(known.names) == known.holidays
    assert all(day.weekday() >= 5 for day in known.make_up_days)


def test_china_is_a_holiday_source() -> None:
    source: HolidaySource = china
    assert source().name == "CN"


OWN = """
name = "house"
[names]
outing = { en = "Company outing", zh = "公司团建" }
[years.2027]
outing = [2027-05-20, "2027-05-24/2027-05-26"]
make_up_days = { "2027-05-22" = "sat", "2027-05-23" = ["10:00-14:00"] }
[years.2028]
"""


@pytest.mark.rule("KRN-04")
def test_a_file_of_ones_own_makes_its_years_known(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text(OWN, encoding="utf-8")
    own = load(file)
    assert own.years == {2027, 2028}
    assert sorted(day.day for day in own.holidays) == [20, 24, 25, 26]
    assert own.make_up_days == {date(2027, 5, 22): "sat", date(2027, 5, 23): ("10:00-14:00",)}
    week = {**OFFICE.weekly, "sat": ("09:00-12:00",)}
    calendar = WorkCalendar(CalendarSpec("Asia/Shanghai", week).with_holidays(china()).with_holidays(own))
    assert not calendar.is_working_day(date(2027, 5, 20))
    assert calendar.end_of_working_day(date(2027, 5, 22)) == datetime(2027, 5, 22, 4, tzinfo=UTC)
    assert calendar.end_of_working_day(date(2027, 5, 23)) == datetime(2027, 5, 23, 6, tzinfo=UTC)
    assert calendar.is_working_day(date(2028, 1, 3))
    assert calendar.is_working_day(date(2026, 1, 4))  # what was known before still is


@pytest.mark.rule("KRN-04")
@pytest.mark.parametrize(
    ("old", "new", "error", "where"),
    [
        ('name = "house"', "name = 1", HolidayFileInvalid, "path=name"),
        ('name = "house"', 'name = "house"\nzone = "UTC"', HolidayFileInvalid, "name, names, years"),
        ('name = "house"', "name = ", HolidayFileInvalid, "house.toml"),
        ("2027-05-20,", "2026-05-20,", HolidayFileInvalid, "path=years.2027.outing"),
        ("2027-05-20,", "2027-05-22,", HolidayIsMakeUpDay, "2027-05-22"),
        ("2027-05-24/2027-05-26", "2027-05-26/2027-05-24", HolidayFileInvalid, "path=years.2027.outing"),
        ("2027-05-24/2027-05-26", "2027-02-30", MalformedDate, "field=years.2027.outing"),
        ("outing = [", "party = [", HolidayFileInvalid, "path=years.2027.party"),
        ('"sat"', '"Saturday"', UnknownWeekday, "years.2027.make_up_days.2027-05-22"),
        (', zh = "公司团建"', "", HolidayFileInvalid, "path=names.outing"),
        ("[years.2028]", "[years.28]", HolidayFileInvalid, "path=years.28"),
        ("[years.2028]", "[years.2028]\nmake_up_days = 1", HolidayFileInvalid, "path=years.2028.make_up_days"),
    ],
)
def test_a_faulty_file_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, error: type[Exception], where: str
) -> None:
    assert old in OWN
    file = tmp_path / "house.toml"
    file.write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(error) as caught:
        load(file)
    assert where in str(caught.value)
