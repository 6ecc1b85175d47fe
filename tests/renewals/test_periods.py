"""Service periods (REN-05): counted from the anchor, half-open, in the contract's zone, extended without drift."""

import json
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import count, pairwise, takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.kernel.rules.errors import NaiveTime
from csdomain.renewals import (
    InvalidMonths,
    NotADate,
    Period,
    PeriodOutOfRange,
    Service,
    Standing,
    StartsFrom,
    day_start,
    extend,
    first_period,
    instants,
    local_day,
    months_after,
    months_between,
    nth_period,
    period_containing,
)
from csdomain.renewals.rules import EXTENSION
from renewals.house import HOUSE

pytestmark = pytest.mark.rule(EXTENSION)

CASES = Path(__file__).parent.parent / "cases" / "renewals"
DATES = st.dates(date(1990, 1, 1), date(2100, 12, 31))
# Midnight skipped (Sao_Paulo, Beirut, Havana), a whole day (Apia), midnight in the middle of a skip (Toronto 1919).
ZONES = ["Asia/Shanghai", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Pacific/Apia", "America/Toronto"]


def oracle(anchor: date, months: int) -> date:
    """One month after another, remembering the anchor's day: slow, and of another build than the code."""
    year, month = anchor.year, anchor.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


# --- the cases of others ----------------------------------------------------------------------------------------------


def d(text: str) -> date:
    return date.fromisoformat(text)


def billing_days(case: dict[str, Any]) -> list[date]:
    last = max(map(d, [*case["expected"], *case.get("not_on", [])])) + timedelta(days=40)
    days = (nth_period(d(case["anchor"]), n, case["interval_months"]).end for n in count(1))
    return list(takewhile(lambda day: day <= last, days))


def bills_on(case: dict[str, Any]) -> None:
    billed = billing_days(case)
    assert set(map(d, case["expected"])) <= set(billed)
    assert not set(map(d, case.get("not_on", []))) & set(billed)


def bills_exactly_on(case: dict[str, Any]) -> None:
    expected = list(map(d, case["expected"]))
    assert [day for day in billing_days(case) if expected[0] <= day <= expected[-1]] == expected


def tiles(case: dict[str, Any], *, inclusive: bool = True) -> None:
    for n, (start, end) in enumerate(case["expected"], start=1):
        period = nth_period(d(case["anchor"]), n, case["interval_months"])
        assert (period.start, period.last_day if inclusive else period.end) == (d(start), d(end))


def bills_at_instant(case: dict[str, Any]) -> None:
    zone = ZoneInfo(case["zone"])
    anchor = local_day(datetime.fromisoformat(case["anchor"]), zone)
    day = instants(nth_period(anchor, 1, case["interval_months"]), zone)[1]
    assert all(datetime.fromisoformat(at) < day for at in case["not_at"])
    assert all(day <= datetime.fromisoformat(at) < day + timedelta(days=1) for at in case["at"])


def containing(case: dict[str, Any]) -> None:
    assert period_containing(d(case["anchor"]), d(case["on"]), case["interval_months"]).start == d(
        case["expected_from"]
    )


def containing_day_before(case: dict[str, Any]) -> None:
    before = d(case["on"]) - timedelta(days=1)
    period = period_containing(d(case["anchor"]), before, case["interval_months"])
    assert [period.start, period.last_day] == list(map(d, case["expected"]))
    assert period.days == case["days"]


def first_cycle_date(case: dict[str, Any]) -> None:
    start = d(case["start"])
    january = date(start.year, 1, case["bcd"])
    on_day = (months_after(january, n) for n in count())
    in_step = (day for day in on_day if (day.month - start.month) % case["interval_months"] == 0)
    assert next(day for day in in_step if day >= start) == d(case["expected"])


def next_on_or_after(case: dict[str, Any]) -> None:
    on = d(case["on"])
    assert next(day for n in count() if (day := months_after(date(on.year, 1, case["bcd"]), n)) >= on) == d(
        case["expected"]
    )


def whole_months_between(case: dict[str, Any]) -> None:
    assert months_between(d(case["start"]), d(case["end"])) == case["expected"]


def prorate_actual(case: dict[str, Any]) -> None:
    period = nth_period(d(case["start"]), 1, case["interval_months"])
    assert d(case["end"]) in period
    used = (d(case["end"]) - period.start).days
    assert round(Decimal(used) / period.days, 9) == Decimal(case["expected"])


def months_billed(case: dict[str, Any]) -> None:
    assert months_between(d(case["start"]), d(case["end_inclusive"]) + timedelta(days=1)) == case["expected"]


KINDS = {
    "bills_on": bills_on,
    "bills_exactly_on": bills_exactly_on,
    "tiles": tiles,
    "tiles_exclusive": lambda case: tiles(case, inclusive=False),
    "bills_at_instant": bills_at_instant,
    "period_containing": containing,
    "period_containing_day_before": containing_day_before,
    "first_cycle_date": first_cycle_date,
    "next_on_or_after": next_on_or_after,
    "whole_months_between": whole_months_between,
    "prorate_actual": prorate_actual,
    "months_billed": months_billed,
}


def all_cases() -> list[Any]:
    files = sorted(CASES.glob("*.json"))
    assert files
    read = [case for file in files for case in json.loads(file.read_text(encoding="utf-8"))["cases"]]
    assert len({case["id"] for case in read}) == len(read)
    return [pytest.param(case, id=case["id"]) for case in read]


@pytest.mark.parametrize("case", all_cases())
def test_what_other_systems_learned(case: dict[str, Any]) -> None:
    check = KINDS[case["kind"]]  # an unknown kind fails
    check(case)


# --- months -----------------------------------------------------------------------------------------------------------


def test_the_end_of_every_start_day_of_four_years_is_counted_from_the_anchor() -> None:
    for offset in range((date(2028, 1, 1) - date(2024, 1, 1)).days):
        anchor = date(2024, 1, 1) + timedelta(days=offset)
        periods = [nth_period(anchor, n) for n in range(1, 61)]
        assert [period.end for period in periods] == [oracle(anchor, n) for n in range(1, 61)]
        assert all(earlier.end == later.start for earlier, later in pairwise(periods))
        assert periods[0].start == anchor


@given(DATES, st.integers(0, 400))
def test_months_after_is_the_same_day_of_a_later_month_or_its_last(anchor: date, months: int) -> None:
    assert months_after(anchor, months) == oracle(anchor, months)


@pytest.mark.parametrize("year", [1900, 2000, 2023, 2024, 2100, 2400])
def test_february_has_the_length_the_calendar_gives_it(year: int) -> None:
    assert months_after(date(year, 1, 31), 1) == date(year, 2, monthrange(year, 2)[1])


@given(DATES, DATES, st.integers(1, 24))
def test_every_day_lies_in_exactly_one_period_of_the_chain(anchor: date, on: date, months: int) -> None:
    if on < anchor:
        anchor, on = on, anchor
    period = period_containing(anchor, on, months)
    assert on in period
    assert any(nth_period(anchor, n, months) == period for n in range(1, 1400 // months + 3))
    assert period_containing(anchor, on) == period_containing(anchor, on, 1)
    assert oracle(anchor, months_between(anchor, on)) <= on < oracle(anchor, months_between(anchor, on) + 1)


@given(DATES, st.integers(1, 800), st.integers(-900, 900))
def test_a_period_is_half_open(start: date, days: int, offset: int) -> None:
    period = Period(start, start + timedelta(days=days))
    members = [start + timedelta(days=i) for i in range(days)]
    on = start + timedelta(days=offset)
    assert (on in period) == (on in members)
    assert period.days == len(members)
    assert period.last_day == members[-1]
    assert period.days_from(on) == len([member for member in members if member >= on])


# --- zones ------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(ZONES), st.dates(date(1918, 1, 1), date(2037, 12, 31)))
def test_a_day_starts_at_its_first_instant(name: str, on: date) -> None:
    zone = ZoneInfo(name)
    start = day_start(on, zone)
    assert start.tzinfo is UTC
    assert start.astimezone(zone).date() >= on
    assert (start - timedelta(seconds=1)).astimezone(zone).date() < on


@pytest.mark.parametrize(
    ("zone", "on", "first"),
    [
        ("Asia/Shanghai", "2024-02-29", "2024-02-28T16:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),  # 00:00 is skipped: the day starts at 01:00
        ("America/Havana", "2023-11-05", "2023-11-05T04:00:00Z"),  # 00:00 comes twice
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z"),  # 23:30 to 00:30 is skipped
        ("Africa/Monrovia", "1972-01-07", "1972-01-07T00:44:30Z"),  # 00:00 to 00:44:30 is skipped
        ("Asia/Kathmandu", "1986-01-01", "1985-12-31T18:30:00Z"),  # 00:00 to 00:15 is skipped
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),  # there was no such day
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
    ],
)
def test_days_that_have_no_midnight_or_two(zone: str, on: str, first: str) -> None:
    assert day_start(d(on), ZoneInfo(zone)) == datetime.fromisoformat(first)


class Skip(tzinfo):
    """A zone at UTC whose clocks once skip ``by`` at the wall time ``at``."""

    def __init__(self, at: datetime, by: timedelta) -> None:
        self.at, self.by = at, by

    def utcoffset(self, on: datetime | None) -> timedelta:
        assert on is not None
        wall = on.replace(tzinfo=None)
        late = wall >= self.at + self.by or (wall >= self.at and on.fold)
        return self.by if late else timedelta(0)

    def fromutc(self, at: datetime) -> datetime:
        return at + (self.by if at.replace(tzinfo=None) >= self.at else timedelta(0))

    def dst(self, on: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, on: datetime | None) -> str:
        return "skip"


@given(st.dates(date(1918, 1, 1), date(2037, 12, 31)), st.integers(1, 7200), st.integers(-10, 7210))
@example(date(2024, 3, 31), 2, 1)
def test_a_day_whose_midnight_is_skipped_starts_where_the_clocks_jump(on: date, by: int, before: int) -> None:
    midnight = datetime(on.year, on.month, on.day)  # noqa: DTZ001 - the wall's
    at = midnight - timedelta(seconds=before)
    skipped = 0 <= before < by
    first = at if skipped else midnight - timedelta(seconds=by if before >= by else 0)
    assert day_start(on, Skip(at, timedelta(seconds=by))) == first.replace(tzinfo=UTC)


@given(st.sampled_from(ZONES), DATES.filter(lambda on: on.year < 2090), st.integers(1, 14))
def test_periods_touch_as_instants_too(name: str, anchor: date, months: int) -> None:
    zone = ZoneInfo(name)
    first, second = instants(nth_period(anchor, 1, months), zone), instants(nth_period(anchor, 2, months), zone)
    assert first[0] < first[1] == second[0] < second[1]


def test_a_payment_falls_on_the_local_day() -> None:
    at = datetime(2024, 2, 28, 16, tzinfo=UTC)
    assert local_day(at, ZoneInfo("Asia/Shanghai")) == date(2024, 2, 29)
    assert local_day(at - timedelta(microseconds=1), ZoneInfo("Asia/Shanghai")) == date(2024, 2, 28)
    with pytest.raises(NaiveTime):
        local_day(at.replace(tzinfo=None), UTC)


# --- extensions -------------------------------------------------------------------------------------------------------


@given(DATES, st.lists(st.tuples(st.integers(1, 14), st.integers(0, 3)), min_size=1, max_size=12), st.data())
def test_a_chain_of_renewals_has_no_drift_gap_or_overlap(
    start: date, terms: list[tuple[int, int]], data: st.DataObject
) -> None:
    extension = first_period(start, *terms[0], paid_on=start)
    months = sum(terms[0])
    assert extension.period.start == start
    for paid, gift in terms[1:]:
        late = data.draw(st.integers(-400, HOUSE.grace_days - 1), label="days after the end")
        old_end = extension.service.end
        extension = extend(extension.service, paid, gift, paid_on=old_end + timedelta(days=late), rules=HOUSE)
        months += paid + gift
        assert extension.period == Period(old_end, oracle(start, months))
        assert extension.service == Service(start, months)
        assert extension.standing is (Standing.RUNNING if late < 0 else Standing.IN_GRACE)
        assert (extension.paid_months, extension.gift_months, extension.gap_days) == (paid, gift, 0)


def test_chains_from_every_start_day_of_four_years_do_not_drift() -> None:
    for offset in range((date(2028, 1, 1) - date(2024, 1, 1)).days):
        start = date(2024, 1, 1) + timedelta(days=offset)
        service, months = Service(start), 0
        for paid, gift in ((1, 0), (12, 2), (1, 0), (6, 0), (3, 0), (12, 2), (12, 0), (1, 0)):
            extension = extend(service, paid, gift, paid_on=service.end, rules=HOUSE)
            months += paid + gift
            assert extension.period == Period(service.end, oracle(start, months))
            service = extension.service


@given(DATES, st.integers(1, 24), st.integers(1, 24), st.integers(-400, -1))
def test_two_extensions_in_a_row_end_where_one_of_the_sum_ends(start: date, a: int, b: int, early: int) -> None:
    service = Service(start, 7)
    paid_on = service.end + timedelta(days=early)
    first = extend(service, a, paid_on=paid_on, rules=HOUSE)
    second = extend(first.service, b, paid_on=paid_on, rules=HOUSE)
    assert second.service == extend(service, a + b, paid_on=paid_on, rules=HOUSE).service


@pytest.mark.parametrize(
    ("late", "standing"),
    [(-1, Standing.RUNNING), (0, Standing.IN_GRACE), (29, Standing.IN_GRACE), (30, Standing.LAPSED)],
)
def test_grace_is_the_thirty_days_from_the_first_one_without_paid_service(late: int, standing: Standing) -> None:
    service = Service(date(2024, 1, 31), 1)
    on = date(2024, 2, 29) + timedelta(days=late)
    assert service.standing(on, HOUSE) is standing
    assert extend(service, 1, paid_on=on, rules=HOUSE).standing is standing


def test_a_lapsed_service_starts_on_the_day_of_payment_and_is_anchored_there() -> None:
    service = Service(date(2024, 1, 31), 1)
    extension = extend(service, 1, paid_on=date(2024, 3, 31), rules=HOUSE)
    assert extension.period == Period(date(2024, 3, 31), date(2024, 4, 30))
    assert extension.service == Service(date(2024, 3, 31), 1)
    assert extension.gap_days == 31
    assert extension.rule is EXTENSION
    assert extension.paid_on == date(2024, 3, 31)


@pytest.mark.parametrize("in_grace", StartsFrom)
@pytest.mark.parametrize("lapsed", StartsFrom)
@pytest.mark.parametrize("late", [-5, 5, 45])
def test_from_where_a_late_payment_counts_is_a_setting(in_grace: StartsFrom, lapsed: StartsFrom, late: int) -> None:
    rules = attrs.evolve(HOUSE, paid_in_grace=in_grace, paid_lapsed=lapsed)
    service = Service(date(2024, 1, 10), 6)
    paid_on = date(2024, 7, 10) + timedelta(days=late)
    setting = {-5: StartsFrom.OLD_END, 5: in_grace, 45: lapsed}[late]
    expected = date(2024, 7, 10) if setting is StartsFrom.OLD_END else paid_on
    extension = extend(service, 2, 1, paid_on=paid_on, rules=rules)
    assert extension.period == Period(expected, oracle(expected, 3))
    assert extension.gap_days == (expected - date(2024, 7, 10)).days


def test_gift_months_lie_at_the_end_and_move_no_payment() -> None:
    with_gift = first_period(date(2024, 1, 31), 12, 2, paid_on=date(2024, 1, 20))
    without = first_period(date(2024, 1, 31), 12, paid_on=date(2024, 1, 20))
    assert with_gift.gift == Period(without.period.end, date(2025, 3, 31))
    assert without.gift is None
    assert with_gift.paid_on == without.paid_on
    assert with_gift.paid_months == without.paid_months
    assert with_gift.standing is Standing.RUNNING


# --- bad input --------------------------------------------------------------------------------------------------------

SERVICE = Service(date(2024, 1, 31), 1)
ON = date(2024, 2, 1)


@pytest.mark.parametrize("months", [0, -1, True, 1.0, "1", None, float("nan"), Decimal(1)])
def test_a_period_is_a_positive_whole_number_of_months(months: Any) -> None:
    for refused in (
        lambda: nth_period(ON, 1, months),
        lambda: nth_period(ON, months, 1),
        lambda: period_containing(ON, ON, months),
        lambda: extend(SERVICE, months, paid_on=ON, rules=HOUSE),
        lambda: first_period(ON, months, paid_on=ON),
    ):
        with pytest.raises(InvalidMonths) as caught:
            refused()
        assert caught.value.rule is EXTENSION
        assert caught.value.facts["given"] == (months if type(months) is int else type(months).__name__)
    if months != 0 or isinstance(months, float | Decimal):
        with pytest.raises(InvalidMonths):
            months_after(ON, months)
        with pytest.raises(InvalidMonths):
            Service(ON, months)
        with pytest.raises(InvalidMonths):
            extend(SERVICE, 1, months, paid_on=ON, rules=HOUSE)
        with pytest.raises(InvalidMonths):
            first_period(ON, 1, months, paid_on=ON)


def test_what_would_be_a_number_of_months_is_said() -> None:
    for refused, least in (
        (lambda: months_after(ON, -1), 0),
        (lambda: Service(ON, -1), 0),
        (lambda: extend(SERVICE, 1, -1, paid_on=ON, rules=HOUSE), 0),
        (lambda: first_period(ON, 1, -1, paid_on=ON), 0),
        (lambda: nth_period(ON, 0), 1),
        (lambda: nth_period(ON, 1, 0), 1),
        (lambda: period_containing(ON, ON, 0), 1),
        (lambda: extend(SERVICE, 0, paid_on=ON, rules=HOUSE), 1),
        (lambda: first_period(ON, 0, paid_on=ON), 1),
    ):
        with pytest.raises(InvalidMonths) as caught:
            refused()
        assert f"≥ {least}" in caught.value.render("en")
    assert months_after(ON, 0) == ON


@pytest.mark.parametrize("on", [datetime(2024, 1, 31, tzinfo=UTC), "2024-01-31", None, 20240131])
def test_a_date_is_a_date(on: Any) -> None:
    for refused in (
        lambda: months_after(on, 1),
        lambda: months_between(on, ON),
        lambda: months_between(ON, on),
        lambda: day_start(on, UTC),
        lambda: Service(on),
        lambda: SERVICE.standing(on, HOUSE),
        lambda: Period(on, ON),
        lambda: Period(ON, on),
        lambda: extend(SERVICE, 1, paid_on=on, rules=HOUSE),
        lambda: first_period(ON, 1, paid_on=on),
    ):
        with pytest.raises(NotADate) as caught:
            refused()
        assert caught.value.facts["given"] == type(on).__name__
        assert caught.value.facts["field"] in ("anchor", "on", "start", "end", "paid_on")


def test_time_ends_with_the_year_9999() -> None:
    assert months_after(date(9999, 11, 30), 1) == date(9999, 12, 30)
    cases: list[tuple[Callable[[], object], dict[str, object]]] = [
        (lambda: months_after(date(9999, 12, 1), 1), {"given": 1}),
        (lambda: extend(Service(date(9999, 6, 1), 6), 12, paid_on=date(9999, 6, 1), rules=HOUSE), {"given": 18}),
        (lambda: day_start(date.min, ZoneInfo("Asia/Shanghai")), {"given": date.min}),
        (lambda: Period(ON, ON), {"given": (ON, ON)}),
        (lambda: months_between(ON, ON - timedelta(days=1)), {"given": ON - timedelta(days=1), "minimum": ON}),
    ]
    for refused, facts in cases:
        with pytest.raises(PeriodOutOfRange) as caught:
            refused()
        assert facts.items() <= caught.value.facts.items()
