"""What a calendar may say, what is refused and how, and its narrated days (KRN-04, KRN-05)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.kernel import calendar as c
from csdomain.kernel.calendar import CalendarSpec, Closure, DayKind, WorkCalendar
from csdomain.kernel.calendar.explanation import span_text
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, NaiveTime
from csdomain.kernel.values.durations import CalendarDays, ElapsedTime, WorkingDays, WorkingTime

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE: dict[str, Any] = {"zone": "Asia/Shanghai", "weekly": {day: ["09:00-12:00", "13:00-18:00"] for day in WEEKDAYS}}
ALWAYS = dict.fromkeys((*WEEKDAYS, "sat", "sun"), ("00:00-24:00",))
HOUR = timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def desk(**more: Any) -> WorkCalendar:
    return WorkCalendar(CalendarSpec(**{**OFFICE, **more}), "desk")


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("KRN-04")
@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"zone": "Asia/Peking"}, c.UnknownZone, "Asia/Peking"),
        ({"zone": 8}, c.UnknownZone, "int"),
        ({"zone": "../etc"}, c.UnknownZone, "etc"),
        ({"weekly": {"monday": ["09:00-18:00"]}}, c.UnknownWeekday, "monday"),
        ({"weekly": {"mon": ["9:00-18:00"]}}, c.MalformedWindow, "weekly.mon"),
        ({"weekly": {"mon": ["09:00-09:00"]}}, c.MalformedWindow, "09:00-09:00"),
        ({"weekly": {"mon": ["24:00-06:00"]}}, c.MalformedWindow, "24:00-06:00"),
        ({"weekly": {"mon": ["09:00-25:00"]}}, c.MalformedWindow, "09:00-25:00"),
        ({"weekly": {"mon": "09:00-18:00"}}, c.MalformedWindow, "weekly.mon"),
        ({"weekly": {"mon": [9]}}, c.MalformedWindow, "int"),
        ({"weekly": [("mon", ["09:00-18:00"])]}, c.MalformedSetting, "weekly"),
        ({"weekly": {"mon": ["09:00-12:00", "11:00-18:00"]}}, c.OverlappingWindows, "weekly.mon"),
        ({"weekly": {"tue": ["22:00-06:00"], "wed": ["05:00-09:00"]}}, c.OverlappingWindows, "weekly.tue"),
        ({"weekly": {"sun": ["22:00-06:00"], "mon": ["05:59-09:00"]}}, c.OverlappingWindows, "weekly.sun"),
        ({"holidays": ["2026-02-30"]}, c.MalformedDate, "2026-02-30"),
        ({"holidays": "2026-02-03"}, c.MalformedDate, "holidays"),
        ({"holidays": [20260203]}, c.MalformedDate, "int"),
        ({"holidays": [datetime(2026, 2, 3)]}, c.MalformedDate, "holidays"),  # noqa: DTZ001 - what is refused
        ({"yearly_holidays": ["02-30"]}, c.MalformedDate, "02-30"),
        ({"yearly_holidays": [101]}, c.MalformedDate, "int"),
        ({"yearly_holidays": "01-01"}, c.MalformedDate, "yearly_holidays"),
        ({"make_up_days": {"2026-10-10": "monday"}}, c.UnknownWeekday, "make_up_days.2026-10-10"),
        ({"make_up_days": {"2026-10-10": []}}, c.MalformedWindow, "make_up_days.2026-10-10"),
        ({"make_up_days": {"2026-10-10": "sat"}}, c.MakeUpDayWithoutHours, "make_up_days.2026-10-10"),
        ({"make_up_days": ["2026-10-10"], "make_up_as": "sun"}, c.MakeUpDayWithoutHours, "sun"),
        ({"make_up_as": "Monday"}, c.UnknownWeekday, "make_up_as"),
        ({"make_up_days": ["2026-10-10"], "holidays": ["2026-10-10"]}, c.HolidayIsMakeUpDay, "2026-10-10"),
        ({"make_up_days": ["2026-10-10"], "yearly_holidays": ["10-10"]}, c.HolidayIsMakeUpDay, "2026-10-10"),
        ({"date_hours": {"2026-10-10": ["10:00-12:00", "11:00-13:00"]}}, c.OverlappingWindows, "date_hours.2026-10-10"),
        ({"date_hours": ["2026-10-10"]}, c.MalformedDate, "date_hours"),
        ({"breaks": {"10-10": ["10:00-12:00"]}}, c.MalformedDate, "breaks"),
        ({"closures": [("2026-10-10T12:00", "2026-10-10T12:00")]}, c.MalformedClosure, "2026-10-10T12:00"),
        ({"closures": [("2026-10-10T12:00", "2026-10-10T04:00:00+00:00")]}, c.MalformedClosure, "2026-10-10T12:00"),
        ({"closures": [("noon", "2026-10-10T12:00")]}, c.MalformedClosure, "closures"),
        ({"closures": ["2026-10-10"]}, c.MalformedClosure, "closures"),
        ({"closures": "today"}, c.MalformedClosure, "closures"),
        ({"closures": [{"start": "2026-10-10T12:00", "until": "2026-10-10T13:00"}]}, c.MalformedClosure, "closures"),
        ({"published_years": ["2026"]}, c.MalformedDate, "published_years"),
        ({"published_years": [True]}, c.MalformedDate, "published_years"),
        ({"published_years": [10_000]}, c.MalformedDate, "10000"),
        ({"published_years": "2026"}, c.MalformedDate, "published_years"),
        ({"unpublished": "estimate"}, c.MalformedSetting, "raise, weekends_only"),
        ({"boundary": "open"}, c.MalformedSetting, "close, next_open"),
        ({"holiday_beats_date_hours": "yes"}, c.MalformedSetting, "holiday_beats_date_hours"),
        ({"holiday_names": ["2026-10-01"]}, c.MalformedDate, "holiday_names"),
    ],
)
def test_a_faulty_calendar_is_refused_with_what_and_where(given: Any, error: type[InvalidValue], says: str) -> None:
    with pytest.raises(error) as caught:
        CalendarSpec(**{**OFFICE, **given})
    assert isinstance(caught.value, c.CalendarInvalid)
    assert caught.value.rule.id == "KRN-04"
    assert says in caught.value.render("en")
    assert "KRN-04" in caught.value.render("zh")


@pytest.mark.rule("KRN-04")
@pytest.mark.parametrize(
    ("field", "given"),
    [
        *(("closures", given) for given in ("today", 7, [7], [("2026-10-10T12:00",)], [("2026-10-10T12:00",) * 4])),
        *(("closures", [given]) for given in (("noon", "2026-10-10T12:00"), {"start": "2026-10-10T12:00"})),
        *(("closures", [(later, "2026-10-10T12:00")]) for later in ("2026-10-10T12:00", "2026-10-10T12:01")),
        *(("yearly_holidays", given) for given in (["02-30"], [101], "01-01", 101)),
        *(("holidays", given) for given in (["2026-02-30"], "2026-02-03", 7)),
        *(("weekly", []), ("weekly", None)),
        *((field, []) for field in ("date_hours", "breaks", "holiday_names")),
        *(("published_years", given) for given in (["2026"], "2026", 2026, [0], [10_000])),
        *(("unpublished", given) for given in ("estimate", None)),
        ("boundary", "open"),
    ],
)
def test_what_is_refused_says_in_which_field(field: str, given: Any) -> None:
    with pytest.raises(c.CalendarInvalid) as caught:
        CalendarSpec(**{**OFFICE, field: given})
    assert caught.value.facts["field"] == field


@pytest.mark.rule("KRN-04")
@pytest.mark.parametrize(
    ("field", "given", "shown"),
    [
        *(("boundary", "open", "open"), ("unpublished", "estimate", "estimate"), ("boundary", None, "NoneType")),
        *(("zone", "Asia/Peking", "Asia/Peking"), ("zone", 8, "int")),
        *(("make_up_as", "Monday", "Monday"), ("make_up_as", 1, "int")),
        *(("holidays", ["2026-02-30"], "2026-02-30"), ("holidays", [7], "int"), ("holidays", "2026-02-03", "str")),
        *(("yearly_holidays", ["02-30"], "02-30"), ("yearly_holidays", [101], "int")),
        *(("published_years", ["2026"], "2026"), ("published_years", [0], 0), ("published_years", [2026.0], "float")),
        *(("weekly", {"mon": "09:00-18:00"}, "str"), ("weekly", {"mon": 9}, "int")),
        ("weekly", {"mon": ["09:00-09:00"]}, "09:00-09:00"),
        *(("date_hours", {"2026-10-10": ["9-18"]}, "9-18"), ("date_hours", {"2026-10-10": [9]}, "int")),
    ],
)
def test_what_is_refused_says_what_was_given_and_of_no_text_or_number_only_the_type(
    field: str, given: Any, shown: object
) -> None:
    with pytest.raises(c.CalendarInvalid) as caught:
        CalendarSpec(**{**OFFICE, field: given})
    assert caught.value.facts["zone" if field == "zone" else "given"] == shown
    assert field == "zone" or str(caught.value.facts["field"]).startswith(field)
    assert caught.value.accepted is not None


@pytest.mark.rule("KRN-04")
def test_dates_that_are_both_holidays_and_worked_are_named_in_order() -> None:
    days = [date(2026, month, 10) for month in range(1, 13)]
    with pytest.raises(c.HolidayIsMakeUpDay) as caught:
        CalendarSpec(**OFFICE, holidays=[date(2026, 10, 1), *days], make_up_days=[*days[::-1], date(2026, 10, 11)])
    assert caught.value.facts == {"field": "make_up_days", "given": tuple(days)}


@pytest.mark.rule("KRN-04")
def test_a_closure_is_a_pair_or_has_a_reason_as_well() -> None:
    start, end = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC)
    whole = Closure(start, end, Text("typhoon", "台风"))
    given: Any = [(start, end), [start, end, "flood"], {"start": start, "end": end}, whole]
    assert CalendarSpec(**OFFICE, closures=given).closures == (
        Closure(start, end),
        Closure(start, end, Text("flood", "flood")),
        Closure(start, end),
        whole,
    )


@pytest.mark.rule("KRN-04")
def test_windows_may_touch_and_come_in_any_order() -> None:
    spec = CalendarSpec("UTC", {"sun": ["22:00-06:00"], "mon": ["12:00-24:00", "06:00-12:00"], "tue": ["00:00-01:00"]})
    assert WorkCalendar(spec).between(local("2026-03-01T00:00", "UTC"), local("2026-03-05T00:00", "UTC")) == 27 * HOUR


@pytest.mark.rule("KRN-04")
def test_holidays_that_contradict_the_house_are_refused() -> None:
    published = Holidays("CN", holidays=["2026-10-01"], make_up_days=["2026-10-10"], years=[2026])
    assert CalendarSpec(**OFFICE).with_holidays(published).make_up_days == {date(2026, 10, 10): None}
    with pytest.raises(c.HolidayIsMakeUpDay):
        CalendarSpec(**OFFICE, holidays=["2026-10-10"]).with_holidays(published)
    with pytest.raises(c.HolidayIsMakeUpDay):
        Holidays("CN", holidays=["2026-10-10"], make_up_days=["2026-10-10"], years=[2026])
    with pytest.raises(c.MalformedDate):
        Holidays("CN", holidays=["2027-01-01"], make_up_days=[], years=[2026])
    own = CalendarSpec(**OFFICE, make_up_days={"2026-10-10": ["10:00-16:00"]}).with_holidays(published)
    assert own.make_up_days == {date(2026, 10, 10): ("10:00-16:00",)}


@pytest.mark.rule("KRN-04")
def test_the_holidays_of_an_authority_come_on_top_of_the_houses_own_and_make_their_years_known() -> None:
    first, second = date(2026, 10, 1), date(2027, 10, 1)
    house = CalendarSpec(
        **OFFICE, holidays=["2026-12-24"], published_years=[2025], holiday_names={"2026-10-01": "ours"}
    )
    spec = house
    for day, worked in ((first, date(2026, 10, 10)), (second, date(2027, 10, 9))):
        names = {day: Text("National Day", "国庆节")}
        published = Holidays("CN", holidays=[day], make_up_days=[worked], years=[day.year], names=names)
        spec = spec.with_holidays(published)
    assert spec.holidays == {first, second, date(2026, 12, 24)}
    assert set(spec.make_up_days) == {date(2026, 10, 10), date(2027, 10, 9)}
    assert spec.known_years == frozenset({2025, 2026, 2027})
    assert spec.holiday_names == {first: Text("ours", "ours"), second: Text("National Day", "国庆节")}
    assert CalendarSpec(**OFFICE).with_holidays(published).known_years == frozenset({2027})


@pytest.mark.rule("KRN-04")
def test_a_calendar_is_read_from_the_data_of_a_file() -> None:
    data: dict[str, object] = {
        **OFFICE,
        "holidays": [date(2026, 10, 1)],
        "make_up_days": {"2026-10-10": "fri"},
        "holiday_names": {"2026-10-01": {"en": "National Day", "zh": "国庆节"}},
        "closures": [{"start": "2026-07-01T12:00", "end": datetime(2026, 7, 2, tzinfo=UTC), "reason": "typhoon"}],
        "published_years": [2026],
    }
    spec = CalendarSpec.parse(data)
    assert spec.holiday_names == {date(2026, 10, 1): Text("National Day", "国庆节")}
    assert spec.closures[0].reason == Text("typhoon", "typhoon")
    assert spec == CalendarSpec.parse(data)
    with pytest.raises(c.MalformedSetting, match="holiday_dates"):
        CalendarSpec.parse({**data, "holiday_dates": []})
    with pytest.raises(c.MalformedSetting, match="weekly"):
        CalendarSpec.parse({"zone": "UTC"})


# --- make-up days, holidays, closures ---------------------------------------------------------------------------------


@pytest.mark.rule("KRN-04")
def test_a_make_up_day_has_the_hours_of_its_weekday_or_its_own() -> None:
    week = {**OFFICE["weekly"], "fri": ["09:00-15:00"]}
    days = {"2026-10-10": None, "2026-10-11": "fri", "2026-10-17": ["10:00-11:00"]}
    calendar = desk(weekly=week, make_up_days=days)
    for day, hours in (("2026-10-10", 8), ("2026-10-11", 6), ("2026-10-17", 1), ("2026-10-18", 0)):
        assert calendar.between(local(f"{day}T00:00"), local(f"{day}T23:59")) == hours * HOUR
        assert calendar.is_working_day(date.fromisoformat(day)) == bool(hours)
    friday = desk(weekly=week, make_up_days=["2026-10-10"], make_up_as="fri")
    assert friday.between(local("2026-10-10T00:00"), local("2026-10-10T23:59")) == 6 * HOUR


@pytest.mark.rule("KRN-04")
def test_a_holiday_is_not_a_rest_day_and_may_come_back_every_year() -> None:
    calendar = desk(holidays=["2026-10-02"], yearly_holidays=["10-01", "02-29"])
    assert [calendar.is_holiday(date(2026, 10, day)) for day in (1, 2, 3)] == [True, True, False]
    assert calendar.is_holiday(local("2026-10-02T00:30"))  # the 1st in UTC
    assert not calendar.is_working_day(date(2026, 10, 1))
    yearly = desk(yearly_holidays=["10-01", "02-29"])
    assert yearly.is_holiday(date(2031, 10, 1))
    assert yearly.is_holiday(date(2028, 2, 29))
    assert not yearly.is_holiday(date(2031, 10, 2))


@pytest.mark.rule("KRN-04")
@pytest.mark.parametrize("beats", [True, False])
def test_what_wins_where_a_holiday_has_hours_is_a_setting(beats: bool) -> None:
    calendar = desk(holidays=["2026-10-01"], date_hours={"2026-10-01": ["10:00-12:00"]}, holiday_beats_date_hours=beats)
    assert calendar.is_open(local("2026-10-01T11:00")) is not beats


@pytest.mark.rule("KRN-04")
def test_a_holiday_cancels_the_night_shift_that_begins_on_it_only() -> None:
    calendar = WorkCalendar(
        CalendarSpec("Asia/Shanghai", {day: ["22:00-06:00"] for day in WEEKDAYS}, holidays=["2026-10-01"])
    )
    assert calendar.is_open(local("2026-10-01T05:59"))  # the shift of 30 September
    assert not calendar.is_open(local("2026-10-01T23:00"))
    assert not calendar.is_open(local("2026-10-02T05:00"))
    assert calendar.end_of_working_day(date(2026, 9, 30)) == local("2026-10-01T06:00")


@pytest.mark.rule("KRN-04")
def test_a_day_that_is_closed_all_through_is_no_working_day() -> None:
    typhoon = Closure(local("2026-07-02T00:00"), local("2026-07-02T17:00"), Text("typhoon", "台风"))
    calendar = desk(closures=[typhoon], breaks={"2026-07-02": ["17:00-18:00"]})
    assert not calendar.is_working_day(date(2026, 7, 2))
    assert calendar.add_working_days(local("2026-07-01T10:00"), 1) == local("2026-07-03T10:00")
    told = calendar.explain(local("2026-07-01T17:00"), 2 * HOUR)
    assert [(day.date.day, day.kind, day.name) for day in told.skipped] == [
        (2, DayKind.CLOSED, Text("typhoon", "台风"))
    ]


@pytest.mark.rule("KRN-04")
def test_a_closed_day_has_the_reason_of_the_closure_that_touches_it() -> None:
    closures = [
        ("2026-07-01T00:00", "2026-07-02T00:00", "flood"),
        ("2026-07-02T00:00", "2026-07-03T00:00"),
        ("2026-07-02T08:00", "2026-07-02T20:00", "typhoon"),
        ("2026-07-03T00:00", "2026-07-04T00:00", "strike"),
    ]
    calendar = desk(closures=closures, date_hours={"2026-07-06": [], "2026-07-07": ["10:00-11:00"]})
    told = calendar.explain(local("2026-06-30T17:00"), 3 * HOUR)
    assert [(day.date.day, day.kind, day.name and day.name.en) for day in told.days] == [
        (30, DayKind.WEEKLY, None),
        (1, DayKind.CLOSED, "flood"),
        (2, DayKind.CLOSED, "typhoon"),
        (3, DayKind.CLOSED, "strike"),
        (4, DayKind.REST_DAY, None),
        (5, DayKind.REST_DAY, None),
        (6, DayKind.CLOSED, None),  # hours of its own, which are none
        (7, DayKind.DATE_HOURS, None),
        (8, DayKind.WEEKLY, None),
    ]


@pytest.mark.rule("KRN-04")
def test_naive_closures_are_wall_time_of_the_calendar() -> None:
    calendar = desk(closures=[("2026-07-02T09:00", "2026-07-02T10:00")])
    assert calendar.next_open(local("2026-07-02T08:00")) == local("2026-07-02T10:00")


# --- years that are not known -----------------------------------------------------------------------------------------


@pytest.mark.rule("KRN-04")
def test_years_are_known_by_what_is_listed_unless_said() -> None:
    assert CalendarSpec(**OFFICE).known_years is None
    assert CalendarSpec(**OFFICE, holidays=["2026-10-01"], make_up_days=["2027-02-06"]).known_years == frozenset(
        {2026, 2027}
    )
    assert CalendarSpec(**OFFICE, holidays=["2026-10-01"], published_years=[2025, 2026]).known_years == frozenset(
        {2025, 2026}
    )
    assert CalendarSpec(**OFFICE, published_years=[]).known_years == frozenset()
    with pytest.raises(c.UnpublishedYear):
        desk(published_years=[]).is_open(local("2026-01-01T00:00"))


@pytest.mark.rule("KRN-04")
def test_known_years_may_have_gaps() -> None:
    calendar = desk(published_years=[2020, 2022, 2023])
    for year in (2020, 2022, 2023, 2020):
        start = local(f"{year}-06-01T09:00")
        assert calendar.between(start, start + timedelta(days=140)) > timedelta(0)
    assert calendar.add(local("2022-12-30T17:00"), 2 * HOUR) == local("2023-01-02T10:00")
    with pytest.raises(c.UnpublishedYear) as caught:
        calendar.between(local("2020-06-01T09:00"), local("2022-06-01T09:00"))
    assert caught.value.facts["year"] == 2021
    assert caught.value.facts["known"] == "2020, 2022-2023"
    with pytest.raises(c.UnpublishedYear):
        calendar.subtract(local("2022-01-03T10:00"), 2 * HOUR)
    with pytest.raises(c.UnpublishedYear):
        calendar.previous_close(local("2022-01-01T10:00"))
    with pytest.raises(c.UnpublishedYear):
        list(calendar.windows(local("2020-12-31T17:00")))
    with pytest.raises(c.UnpublishedYear):
        list(calendar.windows(local("2022-01-03T10:00"), "before"))
    with pytest.raises(c.UnpublishedYear):
        calendar.deadline(local("2020-12-31T09:00"), WorkingDays(1))


@pytest.mark.rule("KRN-04")
def test_a_night_shift_out_of_an_unknown_year_is_not_guessed() -> None:
    nights = WorkCalendar(CalendarSpec("UTC", {day: ["22:00-06:00"] for day in WEEKDAYS}, published_years=[2026]))
    with pytest.raises(c.UnpublishedYear) as caught:
        nights.is_open(datetime(2026, 1, 1, 3, tzinfo=UTC))  # a Thursday: was New Year's Eve worked?
    assert caught.value.facts["year"] == 2025
    assert not nights.is_open(datetime(2026, 1, 1, 6, tzinfo=UTC))
    with pytest.raises(c.UnpublishedYear):
        nights.deadline(datetime(2026, 1, 1, 3, tzinfo=UTC), WorkingDays(0))
    first = WorkCalendar(nights.spec).deadline(datetime(2026, 1, 1, 3, tzinfo=UTC), WorkingDays(1))
    assert first == datetime(2026, 1, 3, 6, tzinfo=UTC)  # Friday's, whatever came before the New Year
    for calendar in (nights, WorkCalendar(nights.spec)):  # asked before, and new
        morning = datetime(2027, 1, 1, 6, tzinfo=UTC)
        assert calendar.deadline(morning - HOUR, WorkingDays(0)) == morning
        assert calendar.is_open(morning - HOUR)  # the shift of 31 December 2026
    assert WorkCalendar(nights.spec).is_open(morning - HOUR)
    with pytest.raises(c.UnpublishedYear):
        nights.is_open(datetime(2027, 1, 1, 6, tzinfo=UTC))


@pytest.mark.rule("KRN-04")
def test_what_lies_before_an_unknown_year_is_still_answered() -> None:
    always = WorkCalendar(CalendarSpec("UTC", ALWAYS, published_years=[2026]))
    end = datetime(2027, 1, 1, tzinfo=UTC)
    assert always.add(end - HOUR, HOUR) == end
    assert always.subtract(end, HOUR) == end - HOUR
    assert always.previous_close(end) == end
    assert always.between(end - HOUR, end) == HOUR
    two_years = CalendarSpec("UTC", ALWAYS, published_years=[2025, 2026])
    assert WorkCalendar(two_years).between(end - timedelta(days=500), end) == timedelta(days=500)
    with pytest.raises(c.UnpublishedYear):
        WorkCalendar(two_years).between(end - timedelta(days=500), end + timedelta(microseconds=1))
    assert next(always.windows(end, "before")).end == end
    with pytest.raises(c.UnpublishedYear):
        always.add(end - HOUR, HOUR, "next_open")


@pytest.mark.rule("KRN-04", "KRN-05")
def test_what_needs_no_unknown_year_is_answered_to_the_last_window() -> None:
    calendar = desk(published_years=[2026])
    last = local("2026-12-31T13:00")  # a Thursday
    assert calendar.next_open(local("2026-12-31T12:00")) == last
    assert calendar.add(local("2026-12-31T12:30"), timedelta(0)) == last
    assert desk(published_years=[2026]).between(last, local("2027-01-01T00:00")) == 5 * HOUR
    assert calendar.deadline(local("2026-12-31T12:00"), WorkingDays(0)) == local("2026-12-31T18:00")
    assert calendar.deadline(local("2026-01-01T12:00"), WorkingDays(0)) == local("2026-01-01T18:00")
    two_years = CalendarSpec(**OFFICE, published_years=[2025, 2026])
    for at, direction, year in ((last, "after", 2027), (local("2025-01-02T10:00"), "before", 2024)):
        windows = WorkCalendar(two_years).windows(at, direction)  # type: ignore[arg-type]  # one of two words
        assert next(windows).length > timedelta(0)
        with pytest.raises(c.UnpublishedYear) as refused:
            list(windows)
        assert refused.value.facts["year"] == year
    for day in ("2026-01-02", "2026-05-05"):
        assert desk(published_years=[2026]).deadline(local(f"{day}T10:00"), WorkingDays(0)) == local(f"{day}T18:00")


# --- ends of time -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize(
    "ask",
    [
        lambda cal, at: cal.add(at, HOUR),
        lambda cal, at: cal.add(at, timedelta(0)),
        lambda cal, at: cal.subtract(at, HOUR),
        lambda cal, at: cal.next_open(at),
        lambda cal, at: cal.previous_close(at),
        lambda cal, at: cal.add_working_days(at, 1),
        lambda cal, at: cal.add_working_days(at, -1, snap=True),
        lambda cal, at: cal.deadline(at, WorkingDays(0)),
    ],
)
@pytest.mark.parametrize(
    "spec",
    [
        CalendarSpec("UTC", {}),
        CalendarSpec("UTC", {"mon": ()}, date_hours={"2026-03-02": []}),
        CalendarSpec(
            "UTC",
            {"mon": ["09:00-17:00"]},
            yearly_holidays=[f"{date(2000, 1, 1) + timedelta(days=n):%m-%d}" for n in range(366)],
        ),
    ],
)
def test_a_calendar_that_never_opens_says_so(
    spec: CalendarSpec, ask: Callable[[WorkCalendar, datetime], object]
) -> None:
    calendar, at = WorkCalendar(spec), datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(c.NeverOpens):
        ask(calendar, at)
    assert list(calendar.windows(at)) == list(calendar.windows(at, "before")) == []
    assert calendar.between(at, at + timedelta(days=365 * 100)) == timedelta(0)
    assert not calendar.is_open(at)


@pytest.mark.rule("KRN-05")
def test_a_calendar_of_single_dates_ends() -> None:
    fair = WorkCalendar(
        CalendarSpec("UTC", {}, date_hours={"2026-03-02": ["09:00-17:00"], "2031-03-03": ["22:00-02:00"]})
    )
    before, after = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    assert fair.between(before, after) == 12 * HOUR
    assert fair.add(before, 12 * HOUR) == datetime(2031, 3, 4, 2, tzinfo=UTC)
    assert fair.subtract(after, 12 * HOUR) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert len(list(fair.windows(before))) == len(list(fair.windows(after, "before"))) == 2
    asks: tuple[Callable[[], object], ...] = (
        lambda: fair.add(before, 13 * HOUR),
        lambda: fair.subtract(after, 13 * HOUR),
    )
    for ask in asks:
        with pytest.raises(c.NeverOpens):
            ask()
    following = attrs.evolve(fair.spec, date_hours={f"{year}-03-03": ["09:00-17:00"] for year in (2032, 2031)})
    assert WorkCalendar(following).previous_close(datetime(2032, 3, 3, 9, tzinfo=UTC)) == datetime(
        2031, 3, 3, 17, tzinfo=UTC
    )
    # A new one each: each grows from the year it is asked about to the last date, and no further.
    for known in (None, [2020, *range(2026, 2032), 2040]):
        spec = attrs.evolve(fair.spec, published_years=known)
        if known is None:
            assert WorkCalendar(spec).add(before, 12 * HOUR) == datetime(2031, 3, 4, 2, tzinfo=UTC)
            assert WorkCalendar(spec).subtract(after, 12 * HOUR) == datetime(2026, 3, 2, 9, tzinfo=UTC)
        with pytest.raises(c.NeverOpens) as later:
            WorkCalendar(spec).next_open(datetime(2031, 3, 4, 2, tzinfo=UTC))
        assert later.value.facts == {"field": "after", "at": datetime(2031, 1, 1, tzinfo=UTC)}
        with pytest.raises(c.NeverOpens) as earlier:
            WorkCalendar(spec).previous_close(datetime(2026, 3, 2, 9, tzinfo=UTC))
        assert earlier.value.facts == {"field": "before", "at": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_beyond_the_years_of_datetimes_is_a_named_error(zone: str) -> None:
    calendar = WorkCalendar(CalendarSpec(zone, {"mon": ["00:00-24:00"], "fri": ["22:00-06:00"]}))
    late, early = datetime(9999, 12, 20, tzinfo=UTC), datetime(1, 1, 12, tzinfo=UTC)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    asks: tuple[Callable[[], object], ...] = (
        lambda: calendar.add(late, 500 * HOUR),
        lambda: calendar.add(now, timedelta.max),
        lambda: calendar.subtract(early, 500 * HOUR),
        lambda: calendar.subtract(now, timedelta(days=999_999)),
        lambda: calendar.add_working_days(late, 300),
        lambda: calendar.add_working_days(early, -300),
        lambda: calendar.end_of_day(date.max) if zone != "Asia/Shanghai" else calendar.add(late, 500 * HOUR),
        lambda: calendar.deadline(late, CalendarDays(999_999)),
        lambda: calendar.deadline(late, ElapsedTime(timedelta.max)),
    )
    for ask in asks:
        with pytest.raises(c.BeyondTime):
            ask()
    assert calendar.add(late, HOUR) > late
    assert calendar.subtract(early, HOUR) < early
    assert sum(1 for _ in calendar.windows(early, "before")) <= 3
    assert sum(1 for _ in calendar.windows(late)) <= 4


@pytest.mark.rule("KRN-05")
def test_a_closure_of_a_thousand_years_is_passed_over() -> None:
    calendar = desk(closures=[("2027-01-01T00:00", "3027-01-01T00:00")])
    assert calendar.next_open(local("2026-12-31T18:00")) == local("3027-01-01T09:00")


@pytest.mark.rule("KRN-05")
def test_a_closure_that_leaves_a_minute_of_a_year_leaves_it_open() -> None:
    always = WorkCalendar(CalendarSpec("UTC", ALWAYS, closures=[("2027-01-01T00:01", "2029-01-01T00:00")]))
    first = datetime(2027, 1, 1, tzinfo=UTC)
    assert always.is_open(first)
    assert not always.is_open(first + timedelta(minutes=1))
    assert always.between(first, first + timedelta(days=731)) == timedelta(minutes=1)
    nights = dict.fromkeys(ALWAYS, ("22:00-06:00",))
    shut = WorkCalendar(CalendarSpec("UTC", nights, closures=[("2027-01-01T00:00", "2028-01-01T02:00")]))
    assert shut.next_open(datetime(2027, 1, 2, tzinfo=UTC)) == datetime(2028, 1, 1, 2, tzinfo=UTC)
    assert shut.is_working_day(date(2027, 12, 31))


@pytest.mark.rule("KRN-05")
def test_windows_go_to_both_ends_of_time() -> None:
    # 9999-12-31T23:59:59.999999 in UTC, up to an instant that a datetime holds only further west.
    latest = datetime.max.replace(tzinfo=UTC)
    closed = Closure(latest, datetime.max.replace(tzinfo=timezone(-HOUR)))
    calendar = WorkCalendar(CalendarSpec("UTC", ALWAYS, closures=[closed]))
    days = [datetime(9999, 12, day, tzinfo=UTC) for day in (30, 31)]
    assert list(calendar.windows(days[0])) == [c.Window(days[0], days[1]), c.Window(days[1], latest)]
    open_end = WorkCalendar(CalendarSpec("UTC", ALWAYS))
    assert list(open_end.windows(days[0])) == [c.Window(days[0], days[1])]  # the last has no end that can be told
    first, second, third = (datetime(1, 1, day, tzinfo=UTC) for day in (1, 2, 3))
    assert list(open_end.windows(third, "before")) == [c.Window(second, third), c.Window(first, second)]


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize("span", [-timedelta(microseconds=1), 3600, None, timedelta.min])
def test_a_duration_is_a_timedelta_and_not_negative(span: Any) -> None:
    at = local("2026-03-02T10:00")
    asks: tuple[Callable[[], object], ...] = (lambda: desk().add(at, span), lambda: desk().subtract(at, span))
    for ask in asks:
        with pytest.raises(c.NotADuration) as caught:
            ask()
        shown = span if isinstance(span, timedelta) else type(span).__name__
        assert caught.value.facts == {"field": "duration", "given": shown}


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize("days", [True, 1.0, "1", None])
def test_a_number_of_days_is_an_integer(days: Any) -> None:
    with pytest.raises(c.NotADuration):
        desk().add_working_days(local("2026-03-02T10:00"), days)
    with pytest.raises(c.NotADuration):
        desk().deadline(local("2026-03-02T10:00"), days)


@pytest.mark.rule("KRN-03", "KRN-05")
@pytest.mark.parametrize("at", [datetime(2026, 3, 2, 10), date(2026, 3, 2), "2026-03-02T10:00Z", 0])  # noqa: DTZ001
def test_an_instant_carries_its_zone(at: Any) -> None:
    calendar, good = desk(), local("2026-03-02T10:00")
    for ask in (
        lambda: calendar.add(at, HOUR),
        lambda: calendar.subtract(at, HOUR),
        lambda: calendar.between(at, good),
        lambda: calendar.between(good, at),
        lambda: calendar.is_open(at),
        lambda: calendar.next_open(at),
        lambda: calendar.previous_close(at),
        lambda: calendar.windows(at),
        lambda: calendar.add_working_days(at, 1),
        lambda: calendar.explain(at, HOUR),
        lambda: [calendar.deadline(at, d) for d in (WorkingDays(1),)],
        lambda: calendar.deadline(at, CalendarDays(1)),
        lambda: calendar.deadline(at, ElapsedTime(HOUR)),
    ):
        with pytest.raises(NaiveTime):
            ask()
    if isinstance(at, datetime):
        with pytest.raises(NaiveTime):
            calendar.is_working_day(at)


@pytest.mark.rule("KRN-05")
def test_a_closing_time_is_asked_of_a_working_day() -> None:
    with pytest.raises(c.NotAWorkingDay, match="2026-03-01"):
        desk().end_of_working_day(date(2026, 3, 1))


# --- deadlines --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        ("2026-03-04T10:00", CalendarDays(6), "2026-03-11T00:00"),
        ("2026-03-04T10:00", CalendarDays(0), "2026-03-05T00:00"),
        ("2026-03-04T10:00", CalendarDays(6, end_of_day=False), "2026-03-10T10:00"),
        ("2026-03-04T10:00", WorkingDays(3), "2026-03-09T18:00"),
        ("2026-03-04T23:00", WorkingDays(3), "2026-03-09T18:00"),
        ("2026-03-07T10:00", WorkingDays(1), "2026-03-09T18:00"),  # from a Saturday
        ("2026-03-04T10:00", WorkingDays(0), "2026-03-04T18:00"),
        ("2026-03-04T18:00", WorkingDays(0), "2026-03-04T18:00"),
        ("2026-03-04T18:01", WorkingDays(0), "2026-03-05T18:00"),
        ("2026-03-07T10:00", WorkingDays(0), "2026-03-09T18:00"),
        ("2026-03-04T10:00", WorkingDays(3, end_of_day=False), "2026-03-09T10:00"),
        ("2026-03-04T19:00", WorkingDays(2, end_of_day=False), "2026-03-09T09:00"),  # Friday 19:00 rolls to Monday
        ("2026-03-04T12:30", WorkingDays(2, end_of_day=False), "2026-03-06T13:00"),
        ("2026-03-07T10:00", WorkingDays(1, end_of_day=False), "2026-03-10T09:00"),  # counts from Monday's opening
        ("2026-03-04T10:00", WorkingTime(8 * HOUR), "2026-03-05T10:00"),
        ("2026-03-06T17:00", WorkingTime(HOUR), "2026-03-06T18:00"),
        ("2026-03-04T10:00", ElapsedTime(24 * HOUR), "2026-03-05T10:00"),
    ],
)
def test_a_deadline_is_what_its_kind_of_duration_says(start: str, duration: Any, expected: str) -> None:
    found = desk().deadline(local(start), duration)
    assert found == local(expected)
    assert found.tzinfo is UTC


@pytest.mark.rule("KRN-05")
def test_no_working_days_in_a_night_shift_end_with_the_shift() -> None:
    nights = desk(weekly={"thu": ["22:00-06:00"]})
    assert nights.deadline(local("2027-01-01T03:00"), WorkingDays(0)) == local("2027-01-01T06:00")


@pytest.mark.rule("KRN-05")
def test_the_day_ends_with_the_midnight_of_the_zone() -> None:
    berlin = WorkCalendar(CalendarSpec("Europe/Berlin", {}))
    assert berlin.end_of_day(date(2026, 3, 29)) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert berlin.end_of_day(datetime(2026, 3, 28, 23, 30, tzinfo=UTC)) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    skipped = WorkCalendar(CalendarSpec("America/Sao_Paulo", {}))  # clocks go from 23:59 to 01:00
    assert skipped.end_of_day(date(2015, 10, 17)) == datetime(2015, 10, 18, 3, tzinfo=UTC)
    twice = WorkCalendar(CalendarSpec("America/Havana", {}))  # midnight comes twice: the first ends the day
    assert twice.end_of_day(date(2026, 10, 31)) == datetime(2026, 11, 1, 4, tzinfo=UTC)


@pytest.mark.rule("KRN-05")
def test_an_hour_is_an_hour_on_the_day_the_clocks_change() -> None:
    always = WorkCalendar(CalendarSpec("Europe/Berlin", ALWAYS))
    start = local("2026-03-28T12:00", "Europe/Berlin")
    assert always.add(start, 24 * HOUR) == local("2026-03-29T13:00", "Europe/Berlin")
    assert always.deadline(start, CalendarDays(1, end_of_day=False)) == local("2026-03-29T12:00", "Europe/Berlin")
    gap = local("2026-03-28T02:30", "Europe/Berlin")
    assert always.add_working_days(gap, 1) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # the jump itself
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 for the second time
    assert always.add_working_days(second, 1) == local("2026-10-26T03:00", "Europe/Berlin")
    london = WorkCalendar(CalendarSpec("Europe/London", ALWAYS))  # 01:30 for the second time, now without offset
    assert london.add_working_days(second, 1) == local("2026-10-26T02:00", "Europe/London")


@pytest.mark.rule("KRN-05")
def test_a_date_that_the_zone_left_out_is_not_worked() -> None:
    samoa = WorkCalendar(CalendarSpec("Pacific/Apia", {day: ["09:00-17:00"] for day in WEEKDAYS}))
    assert not samoa.is_working_day(date(2011, 12, 30))
    assert samoa.add(local("2011-12-29T16:00", "Pacific/Apia"), 2 * HOUR) == local("2012-01-02T10:00", "Pacific/Apia")
    told = samoa.explain(local("2011-12-29T16:00", "Pacific/Apia"), 2 * HOUR)
    assert DayKind.SKIPPED in {day.kind for day in told.skipped}


@pytest.mark.rule("KRN-05")
def test_a_night_shift_goes_on_over_a_date_that_the_zone_left_out() -> None:
    """From the evening of the 29th to the morning of the 31st it is eight hours."""
    nights = WorkCalendar(CalendarSpec("Pacific/Apia", dict.fromkeys(ALWAYS, ("22:00-06:00",))))
    at, closing = local("2011-12-31T01:00", "Pacific/Apia"), local("2011-12-31T06:00", "Pacific/Apia")
    assert nights.end_of_working_day(date(2011, 12, 29)) == closing
    assert nights.deadline(at, WorkingDays(0)) == closing
    told = nights.explain(at, HOUR)
    assert [(day.date.day, day.kind) for day in told.days] == [(29, DayKind.WEEKLY)]


@pytest.mark.rule("KRN-05")
def test_a_shift_that_clocks_are_put_back_in_at_midnight_belongs_to_the_date_on_which_it_began() -> None:
    """A minute after it began, clocks went back to the evening before."""
    early = WorkCalendar(CalendarSpec("America/St_Johns", dict.fromkeys(ALWAYS, ("00:00-02:00",))))
    told = early.explain(datetime(2010, 11, 7, 2, 35, tzinfo=UTC), HOUR)  # 23:05 on the 6th, for the second time
    assert [(day.date.day, day.used) for day in told.days] == [(6, timedelta(0)), (7, HOUR)]


@pytest.mark.rule("KRN-05")
def test_time_inside_two_shifts_counts_for_the_date_that_is_on() -> None:
    calendar = desk(weekly={"mon": ["22:00-06:00"]}, date_hours={"2026-03-03": ["00:00-03:00"]})
    for hour, day in ((2, 3), (3, 2)):  # from three o'clock on only Monday's shift is left
        told = calendar.explain(local(f"2026-03-03T0{hour}:00"), HOUR)
        assert [one.date.day for one in told.days if one.was_counted] == [day]


# --- explained --------------------------------------------------------------------------------------------------------

NATIONAL_DAY = {f"2026-10-0{day}": {"en": "National Day", "zh": "国庆节"} for day in range(1, 8)}


@pytest.mark.rule("KRN-05")
def test_an_explanation_names_the_days_and_the_time_each_counted() -> None:
    calendar = desk(holidays=list(NATIONAL_DAY), holiday_names=NATIONAL_DAY, make_up_days=["2026-10-10"])
    told = calendar.explain(local("2026-09-30T16:30"), 20 * HOUR)
    assert told.result == local("2026-10-10T11:30") == calendar.add(local("2026-09-30T16:30"), 20 * HOUR)
    assert [(day.date.day, day.kind, day.used / HOUR) for day in told.days] == [
        (30, DayKind.WEEKLY, 1.5),
        *((day, DayKind.HOLIDAY, 0) for day in range(1, 8)),
        (8, DayKind.WEEKLY, 8),
        (9, DayKind.WEEKLY, 8),
        (10, DayKind.MAKE_UP, 2.5),
    ]
    assert told.make_up_days == (date(2026, 10, 10),)


@pytest.mark.rule("KRN-05")
def test_an_explanation_reads_in_both_languages() -> None:
    calendar = desk(holidays=list(NATIONAL_DAY), holiday_names=NATIONAL_DAY, make_up_days=["2026-10-10"])
    told = calendar.explain(local("2026-09-30T19:00"), 17 * HOUR)
    assert told.text("en").splitlines() == [
        "17 h of working time from 2026-09-30 19:00 (desk, Asia/Shanghai)",
        "counted from the next opening, 2026-10-08 09:00",
        "  2026-09-30 Wed: no open time left",
        "  2026-10-01 Thu to 2026-10-07 Wed: National Day",
        "  2026-10-08 Thu: 09:00-12:00 = 3 h, 13:00-18:00 = 5 h",
        "  2026-10-09 Fri: 09:00-12:00 = 3 h, 13:00-18:00 = 5 h",
        "  2026-10-10 Sat: 09:00-12:00 = 1 h (make-up working day)",
        "due 2026-10-10 10:00",
    ]
    assert told.text("zh").splitlines()[2:] == [
        "  2026-09-30 周三: 当日已无开放时段",
        "  2026-10-01 周四 至 2026-10-07 周三: 国庆节",
        "  2026-10-08 周四: 09:00-12:00 = 3 小时，13:00-18:00 = 5 小时",
        "  2026-10-09 周五: 09:00-12:00 = 3 小时，13:00-18:00 = 5 小时",
        "  2026-10-10 周六: 09:00-12:00 = 1 小时（调休上班）",
        "期限：2026-10-10 10:00",
    ]


@pytest.mark.rule("KRN-05")
def test_an_explanation_says_from_when_it_counts_and_which_years_were_not_known() -> None:
    calendar = desk(holidays=["2026-10-01"], unpublished="weekends_only")
    told = calendar.explain(local("2026-12-31T12:30:05"), 6 * HOUR)
    assert told.assumed_years == (2027,)
    assert told.text("en").splitlines()[:3] == [
        "6 h of working time from 2026-12-31 12:30:05 (desk, Asia/Shanghai)",
        "counted from the next opening, 2026-12-31 13:00",
        "holidays of 2027 not published: only weekends count",
    ]
    assert told.text("zh").splitlines()[:3] == [
        "6 小时工作时间，自 2026-12-31 12:30:05 起（日历 desk，时区 Asia/Shanghai）",
        "自下一开放时间 2026-12-31 13:00 起计",
        "2027 年假日尚未公布，仅按周末计算",
    ]
    assert desk().explain(local("2026-12-31T12:30"), 6 * HOUR).assumed_years == ()


@pytest.mark.rule("KRN-05")
@given(
    st.timedeltas(timedelta(0), timedelta(days=40))
    | st.integers(0, 9000).map(lambda n: timedelta(seconds=n))
    | st.integers(0, 2_000_001).map(lambda n: timedelta(microseconds=n))
)
@example(timedelta(0))
@example(timedelta(seconds=3599))
@example(timedelta(hours=30))
def test_a_length_of_time_is_told_in_full_and_in_its_largest_units(span: timedelta) -> None:
    units = {"h": HOUR, "min": HOUR / 60, "s": HOUR / 3600, "µs": timedelta(microseconds=1)}
    told, chinese = span_text(span).en.split(), span_text(span).zh.split()
    counts = {unit: int(count) for count, unit in zip(told[::2], told[1::2], strict=True)}
    assert sum((count * units[unit] for unit, count in counts.items()), timedelta(0)) == span
    assert [unit for unit in units if unit in counts] == list(counts)
    assert all(count > 0 for count in counts.values()) or counts == {"min": 0}
    for unit, larger in (("min", HOUR), ("s", HOUR / 60), ("µs", HOUR / 3600)):
        assert counts.get(unit, 0) * units[unit] < larger
    names = {"h": "小时", "min": "分", "s": "秒", "µs": "微秒"}
    assert chinese == [text for unit, count in counts.items() for text in (str(count), names[unit])]


@pytest.mark.rule("KRN-05")
def test_working_days_are_explained_by_their_numbers() -> None:
    calendar = desk(holidays=list(NATIONAL_DAY), holiday_names=NATIONAL_DAY, make_up_days=["2026-10-10"])
    told = calendar.explain(local("2026-09-30T19:00"), WorkingDays(4))
    assert [(day.date.day, day.number) for day in told.days if day.was_counted] == [(8, 1), (9, 2), (10, 3), (12, 4)]
    assert [day.date.day for day in told.skipped] == [1, 2, 3, 4, 5, 6, 7, 11]
    assert [day.date.day for day in told.days if day.number == 0] == [30]
    assert "2026-09-30 Wed: the day it counts from" in told.text("en")
    assert told.windows == ()
    assert "working day 3 (make-up working day)" in told.text("en")
    assert "第 4 个工作日" in told.text("zh")
    same_hour = calendar.explain(local("2026-10-03T10:00"), WorkingDays(1, end_of_day=False))
    assert same_hour.counts_from == local("2026-10-08T09:00")
    assert same_hour.result == local("2026-10-09T09:00")


@pytest.mark.rule("KRN-05")
def test_windows_of_a_night_belong_to_the_evening() -> None:
    nights = WorkCalendar(CalendarSpec("UTC", {"mon": ["22:00-06:00"]}), "night")
    told = nights.explain(datetime(2026, 3, 3, 1, tzinfo=UTC), HOUR)
    assert [(day.date, day.used) for day in told.days if day.was_counted] == [(date(2026, 3, 2), HOUR)]


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("KRN-05")
def test_windows_run_on_over_the_years_lazily() -> None:
    calendar = desk()
    windows = list(islice(calendar.windows(local("2026-12-31T17:00")), 2000))
    assert windows[0].length == HOUR
    assert all(one.end < other.start for one, other in pairwise(windows))
    back = list(islice(calendar.windows(windows[-1].end, "before"), 2000))
    assert back[:-1] == windows[:0:-1]  # the last is not clipped any more
    with pytest.raises(c.MalformedSetting):
        calendar.windows(local("2026-12-31T17:00"), "sideways")  # type: ignore[arg-type]


@pytest.mark.rule("KRN-05")
def test_a_window_over_new_year_is_whole_whatever_was_asked_before() -> None:
    spec = CalendarSpec("UTC", {"thu": ["22:00-06:00"]}, date_hours={"2027-01-01": ["05:00-08:00"]})
    eve = datetime(2026, 12, 31, 12, tzinfo=UTC)
    whole = c.Window(datetime(2026, 12, 31, 22, tzinfo=UTC), datetime(2027, 1, 1, 8, tzinfo=UTC))
    assert next(WorkCalendar(spec).windows(eve)) == whole
    assert next(WorkCalendar(spec).windows(datetime(2027, 1, 1, 12, tzinfo=UTC), "before")) == whole


@pytest.mark.rule("KRN-05")
def test_time_that_runs_out_at_closing_ends_where_the_boundary_says() -> None:
    friday, closing, monday = local("2026-03-06T17:00"), local("2026-03-06T18:00"), local("2026-03-09T09:00")
    for calendar, expected in ((desk(), closing), (desk(boundary="next_open"), monday)):
        assert calendar.add(friday, HOUR) == expected
        assert calendar.add(friday, HOUR, "close") == closing
        assert calendar.add(friday, HOUR, "next_open") == monday
        assert calendar.add(closing, timedelta(0)) == expected
        assert calendar.add_working_days(closing - timedelta(days=1), 1) == expected
    with pytest.raises(c.MalformedSetting):
        desk().add(friday, HOUR, "open")  # type: ignore[arg-type]


@pytest.mark.rule("KRN-04", "KRN-05")
def test_edges_are_half_open() -> None:
    calendar = desk()
    opening, closing = local("2026-03-06T09:00"), local("2026-03-06T18:00")
    thursday, monday = local("2026-03-05T18:00"), local("2026-03-09T09:00")
    assert calendar.is_open(opening)
    assert not calendar.is_open(closing)
    assert calendar.next_open(closing) == monday
    assert calendar.previous_close(opening) == thursday
    assert calendar.previous_close(closing) == closing
    assert calendar.add_working_days(closing, -1) == thursday
    assert calendar.add_working_days(closing, -1, snap=True) == thursday
    assert calendar.add_working_days(thursday, 1, snap=True) == monday
    assert calendar.add_working_days(monday, -1, snap=True) == thursday
    assert calendar.add_working_days(monday, -1) == opening


@pytest.mark.rule("KRN-05")
def test_the_new_year_is_no_closing_edge_where_nothing_closes() -> None:
    first = local("2027-01-01T00:00")  # a Friday; the desk closed six hours ago
    assert desk().add(first, timedelta(0)) == local("2027-01-01T09:00")


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize("boundary", ["close", "next_open"])
def test_closing_at_the_new_year_is_an_edge_like_any_other(boundary: Any) -> None:
    spec = CalendarSpec("UTC", {"thu": ["00:00-24:00"], "fri": ["09:00-10:00"]}, boundary=boundary)
    midnight, opening = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, 9, tzinfo=UTC)
    expected = midnight if boundary == "close" else opening
    assert WorkCalendar(spec).add(midnight, timedelta(0)) == expected
    assert WorkCalendar(spec).add(midnight - HOUR, HOUR) == expected
    assert WorkCalendar(spec).previous_close(midnight) == midnight
    assert WorkCalendar(spec).subtract(midnight, timedelta(0)) == midnight


@pytest.mark.rule("KRN-04")
def test_a_spec_is_changed_by_making_another() -> None:
    spec = CalendarSpec(**OFFICE)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        spec.zone = "UTC"  # type: ignore[misc]
    assert attrs.evolve(spec, zone="UTC").weekly == spec.weekly
