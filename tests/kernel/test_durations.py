"""Durations as house rules write them (KRN-05)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules import BUSINESS_TIME
from csdomain.kernel.values.durations import (
    CalendarDays,
    Duration,
    ElapsedTime,
    MalformedDuration,
    WorkingDays,
    WorkingTime,
    parse_duration,
)

pytestmark = pytest.mark.rule(BUSINESS_TIME)

counts = st.integers(0, 999_999)
minutes = counts.map(lambda n: timedelta(minutes=n)) | counts.map(lambda n: timedelta(hours=n))
durations: st.SearchStrategy[Duration] = (
    st.builds(CalendarDays, counts, st.booleans())
    | st.builds(WorkingDays, counts, st.booleans())
    | st.builds(WorkingTime, minutes)
    | st.builds(ElapsedTime, minutes)
)


@given(durations)
def test_what_a_duration_says_is_read_as_the_same_duration(duration: Duration) -> None:
    assert parse_duration(str(duration)) == duration
    assert type(parse_duration(str(duration))) is type(duration)


@given(counts, st.booleans(), st.sampled_from(["day", "hour", "minute"]), st.booleans(), st.booleans())
def test_the_text_says_which_kind_how_much_and_where_a_day_ends(
    count: int, working: bool, unit: str, plural: bool, same_hour: bool
) -> None:
    text = f"{count} {'working ' if working else ''}{unit}{'s' if plural else ''}{', same hour' if same_hour else ''}"
    if unit != "day" and same_hour:
        with pytest.raises(MalformedDuration):
            parse_duration(text)
        return
    found = parse_duration(text)
    if unit == "day":
        assert found == (WorkingDays if working else CalendarDays)(count, end_of_day=not same_hour)
    else:
        time = timedelta(minutes=count * (60 if unit == "hour" else 1))
        assert found == (WorkingTime if working else ElapsedTime)(time)
    assert parse_duration(str(found)) == found


@given(st.text("0123456789 wdhmorkingayuetsn-+.,", max_size=20) | st.text(max_size=10))
def test_any_other_text_is_refused(text: str) -> None:
    words = text.removesuffix(", same hour").split(" ")
    units = {"day", "days", "hour", "hours", "minute", "minutes"}
    fine = (
        (len(words) == 2 or (len(words) == 3 and words[1] == "working"))
        and words[-1] in units
        and (words[-1] in ("day", "days") or not text.endswith(", same hour"))
        and words[0].isascii()
        and words[0].isdigit()
        and len(words[0]) <= 6
    )
    if fine:
        assert parse_duration(text) is not None
    else:
        with pytest.raises(MalformedDuration) as refused:
            parse_duration(text)
        assert '"6 days"' in str(refused.value)
        assert "可接受" in refused.value.render("zh")


@pytest.mark.parametrize(
    "text",
    [
        *("-6 days", "6", "days", "", "6days", "6  days", " 6 days", "6 days ", "6 days\n", "6.5 days", "６ days"),
        *("8 hours, same hour", "1 week", "6 Days", "P6D", "6 working", "six days", "1000000 days", "1e3 days"),
        *(None, 6, 6.5, True, timedelta(days=6), ["6 days"], b"6 days"),
    ],
)
def test_a_text_that_house_rules_do_not_know_is_refused(text: object) -> None:
    with pytest.raises(MalformedDuration) as refused:
        parse_duration(text)
    assert refused.value.rule is BUSINESS_TIME


@pytest.mark.parametrize("days", [-1, 1.0, True, "6", None, timedelta(days=1)])
@pytest.mark.parametrize("kind", [CalendarDays, WorkingDays])
def test_days_are_counted_in_integers(kind: type[CalendarDays], days: object) -> None:
    with pytest.raises(MalformedDuration):
        kind(days)  # type: ignore[arg-type]


@pytest.mark.parametrize("time", [timedelta(microseconds=-1), 5, 5.0, "5 minutes", None])
@pytest.mark.parametrize("kind", [WorkingTime, ElapsedTime])
def test_time_is_a_timedelta_and_not_negative(kind: type[WorkingTime], time: object) -> None:
    with pytest.raises(MalformedDuration):
        kind(time)  # type: ignore[arg-type]


@given(st.integers(0, 10**12).map(lambda n: timedelta(microseconds=n)), st.sampled_from([WorkingTime, ElapsedTime]))
def test_no_duration_says_that_it_is_another(time: timedelta, kind: type[WorkingTime]) -> None:
    whole = kind(time // timedelta(minutes=1) * timedelta(minutes=1))
    assert (str(kind(time)) == str(whole)) is (kind(time) == whole)
