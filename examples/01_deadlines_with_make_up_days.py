"""A deadline over the National Day holiday of 2026, with a make-up working day, explained in English and Chinese."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from csdomain.kernel.calendar import CalendarSpec, UnpublishedYear, WorkCalendar
from csdomain.kernel.values.durations import parse_duration
from csdomain_adapters.holidays import china

SHANGHAI = ZoneInfo("Asia/Shanghai")

# A service desk with a lunch break. The holidays and make-up working days (調休) come from a file of published years.
hours = CalendarSpec(
    zone="Asia/Shanghai",
    weekly={day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
)
desk = WorkCalendar(hours.with_holidays(china()), "service desk")

# A complaint comes in on the afternoon before the holiday; it is to be decided within 20 working hours.
filed = datetime(2026, 9, 30, 16, 30, tzinfo=SHANGHAI)
told = desk.explain(filed, parse_duration("20 working hours"))
print(told.text("en"), told.text("zh"), sep="\n\n", end="\n\n")

# The seven days of the holiday count for nothing. Saturday the 10th does: it makes up for a day off, as a Monday.
assert told.result == datetime(2026, 10, 10, 11, 30, tzinfo=SHANGHAI)
assert [f"{day:%m-%d}" for day in told.make_up_days] == ["10-10"]
assert [f"{day.date:%m-%d}" for day in told.skipped] == [f"10-{day:02}" for day in range(1, 8)]
assert {day.name.zh for day in told.skipped if day.name} == {"国庆节"}

# Without make-up days, as most libraries count, the deadline would be two days late.
naive = WorkCalendar(CalendarSpec(hours.zone, hours.weekly, holidays=china().holidays, published_years=china().years))
assert naive.add(filed, timedelta(hours=20)) == datetime(2026, 10, 12, 11, 30, tzinfo=SHANGHAI)

# In days: three working days end at closing time of the third, six calendar days with their last midnight.
for rule, due in {
    "3 working days": datetime(2026, 10, 10, 18, 0, tzinfo=SHANGHAI),
    "3 working days, same hour": datetime(2026, 10, 10, 16, 30, tzinfo=SHANGHAI),
    "6 days": datetime(2026, 10, 7, 0, 0, tzinfo=SHANGHAI),
}.items():
    print(f"{rule}: {desk.deadline(filed, parse_duration(rule)).astimezone(SHANGHAI):%Y-%m-%d %H:%M}")
    assert desk.deadline(filed, parse_duration(rule)) == due

# The holidays of 2027 are not published yet. The desk does not guess...
try:
    desk.add(filed, timedelta(hours=800))
except UnpublishedYear as refused:
    print(refused.render("en"), refused.render("zh"), sep="\n")
else:
    raise AssertionError("2027 was guessed")

# ...unless the house chooses to count weekends only, and then the explanation says so.
bold = WorkCalendar(CalendarSpec(hours.zone, hours.weekly, unpublished="weekends_only").with_holidays(china()), "desk")
assert bold.explain(filed, timedelta(hours=800)).assumed_years == (2027,)
