"""The desk works on any day, whatever the authorities have published; what is provisional is said and counted anew."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import csdomain
from csdomain.complaints.values import Classification
from csdomain.desk import Desk, shipped_names
from csdomain.kernel.calendar import CalendarSpec, MakeUp, UnpublishedYear, WorkCalendar
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.cases.effects import Effect, PauseTimer, ResumeTimer, StartTimer, StopTimer
from csdomain.kernel.cases.events import Event
from csdomain.kernel.cases.timers import (
    LIVE,
    SYSTEM,
    Timer,
    TimerState,
    advance,
    explain,
    pause,
    recounted,
    resume,
    start,
)
from csdomain.kernel.rules import CALENDAR, TIMERS
from csdomain.kernel.store.sweeping import recount_published, sweep
from csdomain.kernel.store.unit import Backstage
from csdomain.kernel.values.durations import (
    CalendarDays,
    Duration,
    ElapsedTime,
    WorkingDays,
    WorkingTime,
    parse_duration,
)
from csdomain.orders.values import Dose, Item
from csdomain.rulebook import Unpublished
from csdomain.testing import QUALITY, MovableClock, SequentialIds, complaint_form, memory_desk, staff
from csdomain.testing.kit import accepted, closed
from csdomain_adapters.holidays import china
from csdomain_adapters.memory import MemoryStore

SHANGHAI = ZoneInfo("Asia/Shanghai")
KNOWN = {"CN": china()}
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAYS = ("mon", "tue", "wed", "thu", "fri")
HOURS = dict.fromkeys(DAYS, ("09:00-12:00", "13:00-18:00"))
#: As the State Council may publish 2027: New Year, Spring Festival, and two Saturdays that are worked for it.
IN_2027 = [date(2027, 1, 1), *(date(2027, 2, day) for day in range(5, 13))]
MADE_UP: dict[date, MakeUp] = {date(2027, 1, 30): None, date(2027, 2, 20): None}
PUBLISHED = Holidays(
    "CN",
    holidays={*china().holidays, *IN_2027},
    make_up_days=dict[date, MakeUp]({**china().make_up_days, **MADE_UP}),
    years={*china().years, 2027},
)


def after_sales(desk: Desk, at: datetime) -> str:
    open_one = accepted(desk, classification=QUALITY, at=at).id
    agent = staff(desk)["service_agent"]
    desk.complaints.involve(open_one, ["production"], at + timedelta(days=2), by=agent, at=at)
    closed(desk, at=at, classification=QUALITY)
    return open_one


def by_level(desk: Desk, at: datetime) -> str:
    position, kind = {
        "fleet": ("hotline_agent", Classification("platform", "outage")),
        "medical_centre": ("health_manager", Classification("product", "delivery")),
    }[desk.house.rulebook.name]
    by = staff(desk)[position]
    id = desk.complaints.receive(complaint_form(), by=by, at=at).id
    desk.complaints.handle(id, kind, by=by, at=at)
    desk.complaints.promise(id, at + timedelta(days=3), by=by, at=at)
    return id


def orders(desk: Desk, at: datetime) -> None:
    who = staff(desk)
    id = desk.orders.prescribe("customer-1", [Dose("fish_oil", Decimal(2))], by=who["functional_doctor"], at=at).id
    manager = who["health_manager"]
    desk.orders.enter(id, [Item("fish_oil", 2)], by=manager, at=at)
    desk.orders.sign(id, by=manager, at=at)
    order = desk.orders.get(id, by=manager)
    assert order.total
    money = desk.payments.take(order.customer, order.total, order.bill, by=manager, at=at).id
    desk.payments.hand_in(money, by=manager, at=at)
    desk.payments.confirm(money, by=who["finance"], at=at)
    desk.carry_out()
    assert desk.orders.get(id, by=manager).paid
    desk.orders.ship(id, [Item("fish_oil", 2)], by=who["warehouse_keeper"], at=at)
    desk.orders.arrive(id, 1, by=manager, at=at)
    desk.orders.deadlines(id, by=manager, at=at + timedelta(days=40))


WORK: dict[str, Callable[[Desk, datetime], str]] = {
    "after_sales": after_sales,
    "fleet": by_level,
    "medical_centre": by_level,
}


def works(book: str, day: date, hour: int) -> None:
    """A case of the book is opened and worked on that day, asked about a month later, and swept."""
    at = datetime.combine(day, time(hour), SHANGHAI)
    desk = memory_desk(book, clock=MovableClock(at), holidays=KNOWN)
    for calendar in desk.house.calendars:
        for text in ("1 days", "30 days, same hour", "3 working days", "8 working hours", "24 hours"):
            assert desk.calendar(calendar.name).explain(at, parse_duration(text)).result > at
    if book == "enquiry_desk":  # takes no cases yet
        return
    id = WORK[book](desk, at)
    by = staff(desk)[{"after_sales": "service_agent", "fleet": "hotline_agent"}.get(book, "health_manager")]
    for later in (at, at + timedelta(days=31)):
        for one in desk.complaints.deadlines(id, by=by, at=later):
            provisional = one.due_at.astimezone(SHANGHAI).year > 2026 and "working" in one.duration
            assert bool(one.assumed_years) is provisional
    if book == "medical_centre":
        orders(desk, at)
    assert desk.sweep(at + timedelta(days=31)).failed == ()


TURNS = [date(year, 12, day) for year in range(2025, 2029) for day in (25, 30, 31)]
TURNS += [date(year, 1, day) for year in range(2026, 2029) for day in (1, 4)]


@pytest.mark.rule(CALENDAR)
@pytest.mark.parametrize("book", shipped_names())
def test_f02_the_desk_works_on_any_day(book: str) -> None:
    @given(st.dates(date(2025, 1, 1), date(2028, 12, 31)), st.integers(0, 23))
    def any_day(day: date, hour: int) -> None:
        works(book, day, hour)

    any_day()
    for day in TURNS:
        works(book, day, 10)


@pytest.mark.deep
@pytest.mark.rule(CALENDAR)
@pytest.mark.parametrize("book", shipped_names())
def test_f02_the_desk_works_on_every_single_day(book: str) -> None:
    for n in range((date(2028, 12, 31) - date(2025, 1, 1)).days + 1):
        works(book, date(2025, 1, 1) + timedelta(days=n), 10)


# --- no holidays asked for --------------------------------------------------------------------------------------------

WEEKS = CalendarSpec("Asia/Shanghai", HOURS)
REFUSING = WorkCalendar(WEEKS.with_holidays(china()), "office")
PROVISIONAL = WorkCalendar(attrs.evolve(REFUSING.spec, unpublished="provisional"), "office")
LATER = WorkCalendar(attrs.evolve(WEEKS, unpublished="provisional").with_holidays(PUBLISHED), "office")
instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
on_the_clock = st.builds(CalendarDays, st.integers(0, 40), st.booleans()) | st.builds(
    ElapsedTime, st.integers(0, 10**5).map(lambda n: n * MINUTE)
)
working = st.builds(WorkingDays, st.integers(0, 20), st.booleans()) | st.builds(
    WorkingTime, st.integers(0, 9000).map(lambda n: n * MINUTE)
)
gaps = st.lists(st.integers(0, 20_000).map(lambda n: n * MINUTE), max_size=5)


@pytest.mark.rule(CALENDAR, TIMERS)
@given(instants, on_the_clock, gaps)
def test_f02_days_and_hours_on_the_clock_ask_for_no_holidays(
    at: datetime, duration: Duration, waits: list[timedelta]
) -> None:
    timer, now = start("case", "T", REFUSING, duration, at, warnings=[50]), at
    for n, gap in enumerate(waits):
        now += gap
        timer = resume(timer, REFUSING, now) if n % 2 else pause(timer, now)[0]
    said = explain(timer, REFUSING, now)
    assert said.used == sum(waits[::2], timedelta())  # waiting counts by the clock as well
    assert said.assumed_years == said.counted.assumed_years == ()


@pytest.mark.rule(CALENDAR)
@given(instants, working)
@example(datetime(2026, 12, 31, 8, tzinfo=UTC), WorkingDays(1))
def test_working_time_beyond_the_years_that_are_published_is_refused_or_provisional_as_the_calendar_says(
    at: datetime, duration: Duration
) -> None:
    said = PROVISIONAL.explain(at, duration)
    assert said.provisional
    weekends = WorkCalendar(attrs.evolve(REFUSING.spec, unpublished="weekends_only"))
    assert (said.result, said.assumed_years) == (
        weekends.deadline(at, duration),
        weekends.explain(at, duration).assumed_years,
    )
    assert ("provisional" in said.text("en"), "暂定" in said.text("zh")) == (bool(said.assumed_years),) * 2
    timer = explain(start("case", "T", PROVISIONAL, duration, at), PROVISIONAL, at)
    years = {at.astimezone(SHANGHAI).year, timer.due_at.astimezone(SHANGHAI).year}
    assert bool(timer.assumed_years) is (max(years) > 2026)
    if timer.assumed_years:
        with pytest.raises(UnpublishedYear):
            start("case", "T", REFUSING, duration, at)


# --- counted anew -----------------------------------------------------------------------------------------------------


def lived(calendar: WorkCalendar, at: datetime, duration: Duration, waits: list[timedelta]) -> Timer:
    """A timer with its pauses, swept before each."""
    timer = start("case", "T", calendar, duration, at, warnings=[50, 80])
    for n, gap in enumerate(waits):
        at += gap
        timer = advance(timer, at)[0]
        if timer.live:
            timer = resume(timer, calendar, at) if n % 2 else pause(timer, at)[0]
    return timer


@pytest.mark.rule(CALENDAR, TIMERS)
@given(st.datetimes(datetime(2026, 12, 1), datetime(2027, 3, 1), timezones=st.just(UTC)), working, gaps)  # noqa: DTZ001
def test_a_live_timer_is_counted_anew_when_the_year_is_published(
    at: datetime, duration: Duration, waits: list[timedelta]
) -> None:
    before, after = lived(PROVISIONAL, at, duration, waits), lived(LATER, at, duration, waits)
    anew = recounted(before, LATER)
    if before.state not in LIVE or not before.assumed_years:
        assert anew is before
    elif after.live:
        assert anew.due_at == after.due_at
        assert anew.warnings[anew.warned :] == after.warnings[anew.warned :]
        assert (anew.state, anew.pauses, anew.budget) == (after.state, after.pauses, after.budget)
    assert anew.assumed_years == () or anew is before or min(anew.assumed_years) > 2027
    assert recounted(before, PROVISIONAL) is before
    assert recounted(anew, LATER) is anew
    assert explain(before, LATER, before.started_at).due_at == anew.due_at


EVE = datetime(2026, 12, 30, 2, tzinfo=UTC)  # a Wednesday, 10:00 in Shanghai


class House:
    """Timers of one case in memory, of a house that learns of 2027 when it is told to."""

    def __init__(self, *timers: Timer) -> None:
        self.calendar = PROVISIONAL
        self.store = MemoryStore(Backstage(lambda _name: self.calendar, SequentialIds()))
        self.record(*map(StartTimer, timers))

    def record(self, *effects: Effect) -> None:
        self.store.run(lambda unit: unit.record([Event(subject="case", by=SYSTEM, at=EVE)], effects))

    def sweep(self, until: datetime) -> int:
        recount_published(self.store, [self.calendar], until, batch=2)
        return sweep(self.store, until).breached

    @property
    def timers(self) -> dict[str, Timer]:
        return {timer.name: timer for timer in self.store.look(lambda unit: unit.timers_of("case"))}

    @property
    def recounted(self) -> list[str]:
        trail = self.store.look(lambda unit: unit.trail("case"))
        return [str(record.facts["timer"]) for record in trail if record.name == "timer_recounted"]


def begun(name: str, days: int, **how: Any) -> Timer:
    return start("case", name, PROVISIONAL, WorkingDays(days), EVE, **how)


@pytest.mark.rule(CALENDAR, TIMERS)
def test_a_sweep_counts_anew_what_a_published_year_moves_once_and_leaves_what_has_ended() -> None:
    clock = start("case", "clock", PROVISIONAL, CalendarDays(9), EVE)
    house = House(begun("met", 3), begun("late", 2), begun("runs", 5, warnings=[50]), begun("waits", 5), clock)
    house.record(PauseTimer("case", "waits", EVE + HOUR), StopTimer("case", "met", EVE + HOUR))
    assert house.sweep(EVE + timedelta(days=3)) == 1  # 1 January was taken for a working day
    before = house.timers
    house.calendar = LATER
    assert house.sweep(EVE + timedelta(days=3)) == 0
    after = house.timers
    assert {name for name in before if before[name] != after[name]} == {"runs", "waits"} == set(house.recounted)
    assert after["runs"].due_at == LATER.deadline(EVE, WorkingDays(5)) > before["runs"].due_at
    assert after["late"].state is TimerState.BREACHED
    house.record(ResumeTimer("case", "waits", EVE + timedelta(days=6)))
    assert all(timer.assumed_years == () for timer in house.timers.values() if timer.live)
    assert recount_published(house.store, [LATER], EVE) == 0
    assert len(house.recounted) == 2


@pytest.mark.rule(CALENDAR, TIMERS)
def test_who_acts_before_the_sweep_finds_the_deadline_counted_anew() -> None:
    timer = begun("T", 2)
    house = House(timer)
    house.calendar = LATER
    house.record(StopTimer("case", "T", timer.due_at + HOUR))  # a holiday, as we know by now
    assert (house.timers["T"].state, house.recounted) == (TimerState.MET, ["T"])


@pytest.mark.rule(CALENDAR, TIMERS)
def test_a_timer_that_an_old_process_began_is_counted_anew_when_it_is_due() -> None:
    house = House()
    house.calendar = LATER
    house.sweep(EVE)
    timer = begun("T", 2)
    house.record(StartTimer(timer))
    assert house.sweep(timer.due_at + HOUR) == 0
    assert house.sweep(house.timers["T"].due_at + HOUR) == 1
    assert house.recounted == ["T"]


@pytest.mark.rule(CALENDAR, TIMERS)
def test_a_desk_that_opens_with_the_new_year_counts_its_cases_anew(tmp_path: Path) -> None:
    book = tmp_path / "ours.toml"
    book.write_text('name = "ours"\nextends = "after_sales"\n[complaints]\nclose_within = "3 working days"\n', "utf-8")
    url, clock = f"sqlite:///{tmp_path / 'desk.db'}", MovableClock(EVE)
    due: list[datetime] = []
    id = ""
    for known in (KNOWN, {"CN": PUBLISHED}):
        with csdomain.open(url, book, clock=clock, holidays=known) as desk:
            id = accepted(desk).id if not due else id
            said = {one.timer: one for one in desk.complaints.deadlines(id, by=staff(desk)["service_agent"], at=EVE)}
            assert said["CMP-04"].assumed_years == ((2027,) if not due else ())
            assert desk.sweep(EVE + HOUR).failed == ()
            due.append(said["CMP-04"].due_at)
            assert desk.unpublished(EVE) == ((Unpublished("office", 2027),) if len(due) == 1 else ())
            stored = desk.store.look(lambda unit: unit.timers_of(id))  # noqa: B023
            assert due[-1] in {timer.due_at for timer in stored}
    assert due[1] - due[0] >= timedelta(days=1)


# --- warned in time ---------------------------------------------------------------------------------------------------


@pytest.mark.rule(CALENDAR)
@given(st.dates(date(2026, 1, 1), date(2028, 12, 1)))
def test_the_desk_warns_sixty_days_before_a_year_that_is_not_published(day: date) -> None:
    at = datetime.combine(day, time(12), SHANGHAI)
    desk = memory_desk(clock=MovableClock(at), holidays=KNOWN)
    ahead = (at + timedelta(days=60)).astimezone(SHANGHAI).year
    assert {one.year for one in desk.unpublished()} == {year for year in (at.year, ahead) if year > 2026}
    assert {one.calendar for one in desk.unpublished()} <= {"office"}
    assert all(str(one.year) in one.text("en") and str(one.year) in one.text("zh") for one in desk.unpublished(at))
