"""Hypothesis strategies for the values that apps pass to csdomain: money, forms, calendars, instants, durations."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from csdomain.complaints.values import ComplaintForm
from csdomain.kernel.calendar import CalendarSpec, WorkCalendar
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime
from csdomain.kernel.values.money import CURRENCIES, LARGEST, Money

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60


def storable_texts(shortest: int = 0, longest: int = 40) -> st.SearchStrategy[str]:
    """Texts that every store keeps: any character but NUL and halves of surrogate pairs."""
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=shortest, max_size=longest)


def ids(longest: int = 40) -> st.SearchStrategy[str]:
    """Ids as a host might use for customers, actors and branches: 1 to ``longest`` printable characters."""
    return st.text(st.sampled_from("abcXYZ019-_./:客戶é "), min_size=1, max_size=longest)


def currencies() -> st.SearchStrategy[str]:
    """ISO 4217 codes in use."""
    return st.sampled_from(sorted(CURRENCIES))


def money(currency: str | None = None, *, smallest: int = -LARGEST, largest: int = LARGEST) -> st.SearchStrategy[Money]:
    """Amounts of ``currency`` (any), from ``smallest`` to ``largest`` minor units. [KRN-02]"""
    return st.builds(Money, st.integers(smallest, largest), currencies() if currency is None else st.just(currency))


def instants(
    first: datetime = datetime(2020, 1, 1, tzinfo=UTC), last: datetime = datetime(2035, 1, 1, tzinfo=UTC)
) -> st.SearchStrategy[datetime]:
    """Aware instants in UTC, to the microsecond. [KRN-03]"""
    span = (last - first) // timedelta(microseconds=1)
    return st.integers(0, span).map(lambda micros: first + timedelta(microseconds=micros))


def durations() -> st.SearchStrategy[Duration]:
    """Durations of every kind, up to about a month. [KRN-05]"""
    days = st.integers(0, 30)
    minutes = st.integers(0, 30 * 8 * 60).map(lambda count: timedelta(minutes=count))
    return st.one_of(
        st.builds(CalendarDays, days, end_of_day=st.booleans()),
        st.builds(WorkingDays, days, end_of_day=st.booleans()),
        st.builds(WorkingTime, minutes),
        st.builds(ElapsedTime, minutes),
    )


@st.composite
def windows(draw: st.DrawFn, most: int = 3) -> Sequence[str]:
    """Opening windows of a day that do not overlap: ``["09:00-12:00", "13:00-18:00"]``. [KRN-04]"""
    edges = sorted(draw(st.lists(st.integers(0, _DAY_MINUTES // 15), max_size=2 * most, unique=True)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [f"{_clock(opens * 15)}-{_clock(closes * 15)}" for opens, closes in pairs]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def calendar_specs(draw: st.DrawFn, zones: Sequence[str] = ("Asia/Shanghai", "UTC", "Europe/Rome")) -> CalendarSpec:
    """Working calendars that open on at least one weekday, with holidays and make-up days of 2026. [KRN-04]"""
    week: dict[str, Sequence[str]] = {day: draw(windows()) for day in _WEEK}
    worked = draw(st.sampled_from(_WEEK[:5]))
    week[worked] = ["09:00-17:00"]
    year = st.dates(date(2026, 1, 1), date(2026, 12, 31))
    holidays = draw(st.frozensets(year, max_size=8))
    make_up = draw(st.frozensets(year.filter(lambda day: day not in holidays), max_size=3))
    return CalendarSpec(
        draw(st.sampled_from(zones)),
        weekly=week,
        holidays=holidays,
        make_up_days=dict.fromkeys(sorted(make_up), worked),
        published_years=range(2000, 2101),
    )


def calendars() -> st.SearchStrategy[WorkCalendar]:
    """Working calendars of :func:`calendar_specs`."""
    return calendar_specs().map(lambda spec: WorkCalendar(spec, "drawn"))


def complaint_forms(**fixed: Any) -> st.SearchStrategy[ComplaintForm]:
    """Complaint forms filled in every way that is taken; ``fixed`` fields hold a value or are drawn from a strategy."""
    quantity = st.integers(0, 10_000)
    said = storable_texts(1, 80).filter(lambda text: bool(text.strip()))

    def filled(values: dict[str, Any]) -> ComplaintForm:
        if "defective" not in fixed:
            values["defective"] = min(values["defective"], values["quantity"])
        return ComplaintForm(**values)

    drawn: dict[str, st.SearchStrategy[Any]] = {
        "customer": ids(),
        "demand": said,
        "reason": said,
        "order_number": storable_texts(0, 20),
        "batch": storable_texts(0, 20),
        "quantity": quantity,
        "defective": quantity,
        "claimed": st.none() | money("CNY", smallest=0, largest=10**12),
        "shipped_on": st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        "samples": st.integers(0, 9),
    }
    given = {name: v if isinstance(v, st.SearchStrategy) else st.just(v) for name, v in fixed.items()}
    return st.fixed_dictionaries({**drawn, **given}).map(filled)
