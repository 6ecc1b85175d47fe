"""The laws of business time over random calendars and zones, against a slow oracle (KRN-04, KRN-05)."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from typing import Final, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, note, settings
from hypothesis import strategies as st

from csdomain.kernel.calendar import BeyondTime, CalendarSpec, UnpublishedYear, Window, WorkCalendar
from csdomain.kernel.calendar.wall import EPOCH, Wall
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.durations import CalendarDays, ElapsedTime, WorkingDays, WorkingTime
from kernel.calendar_oracle import DAYS, ODD_DATES, STEP, TICK, Oracle, calendars, instants, spans

HORIZON = timedelta(days=12)
FEW = settings(max_examples=max(10, settings.default.max_examples * 6 // 10))  # type: ignore[union-attr]  # a profile is loaded
Drawn = tuple[CalendarSpec, datetime]


# --- against the oracle -----------------------------------------------------------------------------------------------


@pytest.mark.rule("KRN-04")
@given(calendars(), st.data())
def test_open_means_inside_the_hours_of_a_day_that_nothing_closes(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar, oracle = WorkCalendar(spec), Oracle(spec)
    for at in data.draw(st.lists(instants(around, 9), min_size=5, max_size=30)):
        assert calendar.is_open(at) == oracle.is_open(at), at


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_between_counts_the_open_time(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    start, end = data.draw(instants(around)), data.draw(instants(around))
    assert WorkCalendar(spec).between(start, end) == Oracle(spec).between(start, end)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_add_ends_when_that_much_open_time_has_passed(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    start, span = data.draw(instants(around)), data.draw(spans(24))
    boundary: Literal["close", "next_open"] | None = data.draw(st.sampled_from([None, "close", "next_open"]))
    expected = Oracle(spec).add(start, span, boundary or spec.boundary, start + HORIZON)
    found = WorkCalendar(spec).add(start, span, boundary)
    assert found == expected if expected is not None else found >= start + HORIZON


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_subtract_starts_when_that_much_open_time_is_still_to_pass(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    start, span = data.draw(instants(around)), data.draw(spans(24))
    expected = Oracle(spec).subtract(start, span, start - HORIZON)
    found = WorkCalendar(spec).subtract(start, span)
    assert found == expected if expected is not None else found <= start - HORIZON


@pytest.mark.rule("KRN-04")
@given(calendars(), st.data())
@FEW
def test_a_working_day_has_hours_of_its_own_left(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar, oracle = WorkCalendar(spec), Oracle(spec)
    for n in range(-8, 14):
        day = around.date() + timedelta(days=n)
        assert calendar.is_working_day(day) == oracle.is_working_day(day), day


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_working_days_keep_the_wall_time_and_roll_into_opening_hours(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar, oracle = WorkCalendar(spec), Oracle(spec)
    start, days, snap = data.draw(instants(around)), data.draw(st.integers(-4, 4)), data.draw(st.booleans())
    wall = start.astimezone(oracle.zone)
    assume(not wall.fold)
    on, back = wall.date(), snap and days < 0
    minute = timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
    if not oracle.is_working_day(on):
        while not oracle.is_working_day(on) and abs(on - around.date()) < HORIZON:
            on += timedelta(days=-1 if back else 1)
        minute = timedelta(days=1 if back else 0)
    for _ in range(abs(days)):
        on += timedelta(days=1 if days > 0 else -1)
        while not oracle.is_working_day(on) and abs(on - around.date()) < 2 * HORIZON:
            on += timedelta(days=1 if days > 0 else -1)
    assume(abs(on - around.date()) < HORIZON)
    naive = datetime.combine(on, datetime.min.time()) + minute
    noted = naive.replace(tzinfo=oracle.zone)
    assume(noted.astimezone(UTC).astimezone(oracle.zone).replace(tzinfo=None) == naive)  # clocks do show it
    candidate = noted.astimezone(UTC)
    note(f"{wall} -> {noted}")
    if back:
        expected = oracle.subtract(candidate, TICK, candidate - HORIZON)
        expected = expected + TICK if expected else None
    else:
        expected = oracle.add(candidate, timedelta(0), "next_open" if snap else spec.boundary, candidate + HORIZON)
    if expected is not None:
        assert calendar.add_working_days(start, days, snap=snap) == expected


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_working_days_end_with_the_closing_of_the_last_one_and_none_with_the_first_closing(
    drawn: Drawn, data: st.DataObject
) -> None:
    spec, around = drawn
    oracle, start, days = Oracle(spec), data.draw(instants(around)), data.draw(st.integers(0, 3))
    on = start.astimezone(oracle.zone).date()
    if days:
        worked = (day for n in range(1, HORIZON.days) if oracle.is_working_day(day := on + timedelta(days=n)))
        closings = (oracle.closing(day) for day in islice(worked, days - 1, None))
    else:
        closings = (oracle.closing(on + timedelta(days=n)) for n in range(-3, HORIZON.days))
    expected = next((closing for closing in closings if closing and (days or closing >= start)), None)
    assume(expected is not None)
    assert WorkCalendar(spec).deadline(start, WorkingDays(days)) == expected


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_windows_are_the_open_time_in_order_clipped_at_the_start(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar, oracle = WorkCalendar(spec), Oracle(spec)
    start = data.draw(instants(around))
    end = start + timedelta(days=4)
    after = list(takewhile(lambda w: w.start < end, calendar.windows(start)))
    before = list(takewhile(lambda w: w.end > start, calendar.windows(end, "before")))[::-1]
    for a, b in oracle.steps(start, end):
        assert any(w.start <= a and b <= w.end for w in after) == oracle.is_open(a)
    assert all(w.start < w.end for w in after)
    assert all(one.end <= other.start for one, other in pairwise(after))
    inside = [(w.start, min(w.end, end)) for w in after]
    assert inside == [(max(w.start, start), w.end) for w in before]


@pytest.mark.rule("KRN-04")
@pytest.mark.parametrize("zone", sorted(ODD_DATES))
def test_every_window_of_many_years_is_where_the_clocks_put_it(zone: str) -> None:
    spec = CalendarSpec(zone, dict.fromkeys(DAYS, ("21:00-20:00",)))
    oracle, first = Oracle(spec), date(2005, 1, 1)
    expected = [span for n in range(16 * 365) for span in oracle.windows(first + timedelta(days=n))]
    found = islice(WorkCalendar(spec).windows(expected[0][0]), len(expected))
    assert [(window.start, window.end) for window in found] == expected


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize("zone", sorted(ODD_DATES))
def test_every_minute_of_an_odd_day_is_read_by_the_clock_as_it_was_before(zone: str) -> None:
    wall, oracle = Wall(ZoneInfo(zone)), Oracle(CalendarSpec(zone, {}))
    for day in ODD_DATES[zone]:
        read = [EPOCH + TICK * wall.read(day.toordinal(), minute) for minute in range(2 * 1440)]
        assert read == [oracle.utc(day, minute) for minute in range(2 * 1440)]


# --- laws -------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_adding_is_monotone(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar = WorkCalendar(spec)
    starts = sorted(data.draw(st.lists(instants(around), min_size=2, max_size=6)))
    ends = sorted(data.draw(st.lists(spans(100), min_size=2, max_size=6)))
    for results in ([calendar.add(s, ends[0]) for s in starts], [calendar.add(starts[0], d) for d in ends]):
        assert results == sorted(results)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_adding_is_additive(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar = WorkCalendar(spec)
    start, a, b = data.draw(instants(around)), data.draw(spans(100)), data.draw(spans(20_000))
    assert calendar.add(calendar.add(start, a), b) == calendar.add(start, a + b)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_measuring_inverts_adding(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar = WorkCalendar(spec)
    start, span = data.draw(instants(around)), data.draw(spans(20_000))
    assert calendar.between(start, calendar.add(start, span)) == span


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_measuring_is_additive(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar = WorkCalendar(spec)
    a, b, c = sorted(data.draw(st.lists(instants(around, 400), min_size=3, max_size=3)))
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_subtracting_inverts_adding(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar = WorkCalendar(spec)
    start, span = data.draw(instants(around)), data.draw(spans(20_000))
    opening = calendar.next_open(start)
    assert calendar.subtract(calendar.add(opening, span, "close"), span) == opening
    closing = calendar.previous_close(start)
    assert calendar.add(calendar.subtract(closing, span), span, "close") == closing


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_no_result_falls_in_closed_time_except_at_a_closing_edge(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar, oracle = WorkCalendar(spec), Oracle(spec)
    start, span, days = data.draw(instants(around)), data.draw(spans(200)), data.draw(st.integers(-9, 9))
    for result in (calendar.add(start, span, "close"), calendar.add_working_days(start, days)):
        assert oracle.is_open(result) or oracle.is_open(result - TICK)
    for result in (calendar.add(start, span, "next_open"), calendar.add_working_days(start, abs(days), snap=True)):
        assert oracle.is_open(result)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_a_start_in_closed_time_counts_from_the_next_opening(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar, oracle = WorkCalendar(spec), Oracle(spec)
    start, span = data.draw(instants(around)), data.draw(spans(200))
    opening = calendar.next_open(start)
    assert opening >= start
    assert oracle.is_open(opening)
    assert oracle.between(start, min(opening, start + HORIZON)) == timedelta(0)
    if span:
        assert calendar.add(start, span) == calendar.add(opening, span)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_counting_working_days_is_monotone(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar, snap = WorkCalendar(spec), data.draw(st.booleans())
    starts = sorted(data.draw(st.lists(instants(around, 3), min_size=2, max_size=12)))
    days = sorted(data.draw(st.lists(st.integers(-9, 9), min_size=2, max_size=4)))
    for results in (
        [calendar.add_working_days(s, days[0], snap=snap) for s in starts],
        [calendar.add_working_days(starts[0], n, snap=snap) for n in days],
    ):
        assert results == sorted(results)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_counting_days_is_monotone_through_a_change_of_clocks(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar = WorkCalendar(spec)
    first = around - timedelta(hours=30) + data.draw(st.integers(0, 11)) * STEP
    duration = data.draw(
        st.builds(WorkingDays, st.integers(0, 3), st.just(False))
        | st.builds(CalendarDays, st.integers(0, 3), st.booleans())
    )
    results = [calendar.deadline(first + n * timedelta(minutes=20), duration) for n in range(180)]
    assert results == sorted(results)


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
def test_an_answer_does_not_depend_on_what_was_asked_before(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    used = WorkCalendar(spec)
    far = data.draw(st.lists(instants(around, 4000), max_size=4))
    for at in far:
        used.between(min(at, around), max(at, around))
        used.is_open(at)
    start, span = data.draw(instants(around)), data.draw(spans(200))
    fresh = WorkCalendar(spec)
    assert used.add(start, span) == fresh.add(start, span)
    assert used.subtract(start, span) == WorkCalendar(spec).subtract(start, span)
    assert next(used.windows(start)) == next(WorkCalendar(spec).windows(start))
    assert next(used.windows(start, "before")) == next(WorkCalendar(spec).windows(start, "before"))


#: Around New Year and at both ends of time, often on the edge itself or a hair off it.
turns = st.sampled_from([1, 2, 4, 2025, 2026, 2027, 2028, 9990, 9997, 9998, 9999]).map(
    lambda year: datetime(year, 1, 1, tzinfo=UTC)
)
hairs = st.sampled_from([timedelta(0), TICK, -TICK, STEP, -STEP, timedelta(hours=9), timedelta(days=1), -TICK * 2])
lengths = st.builds(lambda days, hair: abs(timedelta(days=days) + hair), st.sampled_from([0, 1, 365, 366, 3100]), hairs)
NEVER_SHUT = CalendarSpec("UTC", dict.fromkeys(DAYS, ("00:00-24:00",)))


def outcome(ask: Callable[[], object]) -> object:
    """An answer, or what was refused and why."""
    try:
        return ask()
    except InvalidValue as error:
        return type(error), error.facts


@pytest.mark.rule("KRN-05")
@given(turns, hairs, lengths)
def test_where_it_never_shuts_business_time_is_time_up_to_the_ends_of_time(
    turn: datetime, hair: timedelta, span: timedelta
) -> None:
    assume(datetime.min.replace(tzinfo=UTC) - turn <= hair)
    at = turn + hair
    asks: tuple[tuple[Callable[[], datetime], Callable[[], datetime]], ...] = (
        (lambda: at + span, lambda: WorkCalendar(NEVER_SHUT).add(at, span)),
        (lambda: at - span, lambda: WorkCalendar(NEVER_SHUT).subtract(at, span)),
    )
    for there, ask in asks:
        try:
            expected = there()
        except OverflowError:
            with pytest.raises(BeyondTime):
                ask()
            continue
        assert ask() == expected
        assert WorkCalendar(NEVER_SHUT).between(min(at, expected), max(at, expected)) == span
    assert WorkCalendar(NEVER_SHUT).is_open(at)
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC)
    if at > midnight:
        assert next(WorkCalendar(NEVER_SHUT).windows(at, "before")) == Window(midnight, at)
    if at < datetime(9999, 12, 31, tzinfo=UTC):
        assert next(WorkCalendar(NEVER_SHUT).windows(at)) == Window(at, midnight + timedelta(days=1))


@pytest.mark.rule("KRN-05")
@pytest.mark.parametrize("years", [0, 1, 9])
def test_business_time_reaches_the_first_and_the_last_instant_that_there_is(years: int) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    late, early = last.replace(year=9999 - years, month=1), first.replace(year=1 + years, month=12)
    assert WorkCalendar(NEVER_SHUT).add(late, last - late) == last
    assert WorkCalendar(NEVER_SHUT).subtract(early, early - first) == first


#: Never shut, open by night, open until New Year of some years.
weeks_over_new_year = st.sampled_from(["00:00-24:00", "22:00-06:00", "09:00-24:00"]).map(
    lambda window: dict.fromkeys(DAYS, (window,))
)
edges = st.builds(
    lambda year, hair: datetime(year, 1, 1, tzinfo=UTC) + hair,
    st.integers(2024, 2029),
    hairs | st.sampled_from([timedelta(hours=3), timedelta(hours=6), -timedelta(hours=2)]),
)
gaps = st.builds(
    lambda days, hair: timedelta(days=days) + abs(hair), st.sampled_from([0, 0, 1, 180, 365, 366, 731, 1096]), hairs
)
QUESTIONS: Final[dict[str, Callable[[WorkCalendar, datetime, timedelta], object]]] = {
    "is open": lambda calendar, at, span: calendar.is_open(at),
    "add": lambda calendar, at, span: calendar.add(at, span),
    "next open": lambda calendar, at, span: calendar.add(at, span, "next_open"),
    "subtract": lambda calendar, at, span: calendar.subtract(at, span),
    "previous close": lambda calendar, at, span: calendar.previous_close(at),
    "between": lambda calendar, at, span: calendar.between(at, at + span),
    "working day": lambda calendar, at, span: calendar.is_working_day(at),
    "first closing": lambda calendar, at, span: calendar.deadline(at, WorkingDays(0)),
    "working days": lambda calendar, at, span: calendar.deadline(at, WorkingDays(span.days)),
    "same hour": lambda calendar, at, span: calendar.add_working_days(at, span.days),
    "before": lambda calendar, at, span: calendar.add_working_days(at, -span.days, snap=True),
}

ASKED_OF_THE_EDGE: Final = {"add", "same hour", "first closing", "working days"}


@pytest.mark.rule("KRN-04", "KRN-05")
@given(
    weeks_over_new_year,
    st.frozensets(st.integers(2024, 2029), min_size=1),
    st.sampled_from(sorted(QUESTIONS)),
    edges,
    gaps,
)
@example({"thu": ("09:00-24:00",)}, frozenset({2026}), "add", datetime(2027, 1, 1, tzinfo=UTC), timedelta(0))
@example(
    {"wed": ("22:00-06:00",), "thu": ("22:00-06:00",)},
    frozenset({2025, 2026}),
    "first closing",
    datetime(2026, 1, 1, 3, tzinfo=UTC),
    timedelta(0),
)
def test_what_is_answered_of_known_years_is_right_and_whatever_was_asked_before_the_same(
    weekly: dict[str, tuple[str, ...]], known: frozenset[int], question: str, at: datetime, span: timedelta
) -> None:
    """A new calendar refuses a year that is not known, as does one that has been asked about all others."""
    spec, ask = CalendarSpec("UTC", weekly, published_years=known), QUESTIONS[question]
    fresh = outcome(lambda: ask(WorkCalendar(spec), at, span))
    for order in (sorted(known), sorted(known, reverse=True)):
        used = WorkCalendar(spec)
        for year in order:
            used.is_open(datetime(year, 6, 1, tzinfo=UTC))
            used.is_working_day(date(year, 12, 31))
        assert outcome(lambda: ask(used, at, span)) == fresh  # noqa: B023 - run at once
    # A year that is not known is not asked whether it closed that very instant, at midnight or after its last night.
    if not isinstance(fresh, tuple) and not (at.time() in (time(0), time(6)) and question in ASKED_OF_THE_EDGE):
        assert fresh == ask(WorkCalendar(CalendarSpec("UTC", weekly)), at, span)


@pytest.mark.rule("KRN-04", "KRN-05")
@given(st.frozensets(st.integers(2024, 2029), min_size=1), edges, gaps)
@example(frozenset({2024, 2025, 2026, 2028}), datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1200))
@example(frozenset({2025, 2027, 2028, 2029}), datetime(2029, 12, 31, tzinfo=UTC), timedelta(days=1200))
def test_exactly_what_needs_a_year_that_is_not_known_is_refused(
    known: frozenset[int], at: datetime, span: timedelta
) -> None:
    """Where it never shuts: the years in which the time lies that is counted."""
    assume(at.year in known)
    calendar = WorkCalendar(CalendarSpec("UTC", NEVER_SHUT.weekly, published_years=known))
    asks: tuple[tuple[int, Callable[[], datetime]], ...] = (
        (1, lambda: calendar.add(at, span)),
        (1, lambda: at + calendar.between(at, at + span)),
        (-1, lambda: calendar.subtract(at, span)),
    )
    for direction, ask in asks:
        there = at + direction * span
        first, last = sorted((at, there))
        # What ends with a year needs nothing of the next.
        years = range(first.year, max((last - TICK).year, first.year) + 1)[::direction]
        needed = next((year for year in years if year not in known), None)
        if needed is None:
            assert ask() == there
        else:
            with pytest.raises(UnpublishedYear) as refused:
                ask()
            assert refused.value.facts["year"] == needed


@pytest.mark.rule("KRN-05")
@given(calendars(), st.data())
@FEW
def test_what_is_explained_is_what_is_answered(drawn: Drawn, data: st.DataObject) -> None:
    spec, around = drawn
    calendar = WorkCalendar(spec, "desk")
    start = data.draw(instants(around))
    duration = data.draw(
        st.builds(WorkingTime, spans(60))
        | st.builds(ElapsedTime, spans(60))
        | st.builds(WorkingDays, st.integers(0, 5), st.booleans())
        | st.builds(CalendarDays, st.integers(0, 5), st.booleans())
    )
    told = calendar.explain(start, duration)
    assert told.result == calendar.deadline(start, duration)
    assert told.start == start
    dates = [day.date for day in told.days]
    assert dates == sorted(set(dates))
    if isinstance(duration, WorkingTime):
        assert sum((one.used for one in told.windows), timedelta(0)) == duration.time
        assert all(timedelta(0) < one.used <= one.window.length for one in told.windows)
        oracle = Oracle(spec)
        for day in told.days:
            for one in day.counted:  # it stands with the date on which it begins
                assert any(opens <= one.window.start < closes for opens, closes in oracle.windows(day.date))
    if isinstance(duration, WorkingDays) and duration.days:
        assert max(day.number or 0 for day in told.days) == duration.days
    for language in ("en", "zh"):
        assert told.text(language).count("\n") >= 1


@pytest.mark.rule("KRN-05")
def test_threads_may_share_a_calendar() -> None:
    spec = CalendarSpec("Europe/Berlin", weekly={"mon": ["09:00-17:00"], "sat": ["22:00-06:00"]})
    shared, start = WorkCalendar(spec), datetime(2026, 3, 1, 12, tzinfo=UTC)
    asked = [(start + timedelta(days=97 * (n % 40 - 20)), timedelta(hours=n * 7)) for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda q: (shared.add(*q), shared.subtract(*q), shared.between(q[0], start)), asked))
    alone = WorkCalendar(spec)
    assert found == [(alone.add(*q), alone.subtract(*q), alone.between(q[0], start)) for q in asked]


@pytest.mark.rule("KRN-05")
def test_a_calendar_travels_to_a_worker() -> None:
    calendar = WorkCalendar(CalendarSpec("UTC", weekly={"mon": ["09:00-17:00"]}), "desk")
    again = pickle.loads(pickle.dumps(calendar))  # noqa: S301 - our own bytes
    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert (again.name, again.spec) == (calendar.name, calendar.spec)
    assert again.add(start, STEP) == calendar.add(start, STEP)
