"""Months of a branch, and by when something of the month after is due (CMP-20)."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.casework.months import check_month, due_next_month, month_of
from csdomain.frame.fields import Fields
from csdomain.kernel.rules import TIME
from csdomain.kernel.rules.errors import InvalidValue

TICK: Final = timedelta(microseconds=1)
#: Zones whose clocks change at midnight, by half an hour, across the date line, or not at all.
ZONES: Final = (
    *("Asia/Shanghai", "UTC", "America/New_York", "Europe/Rome", "Australia/Lord_Howe", "Africa/Cairo"),
    *("America/Havana", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Kiritimati", "Asia/Beirut"),
)
instants = st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.rule(TIME)
@given(instants, st.integers(1, 28), st.sampled_from(ZONES))
@example(datetime(2008, 9, 15, tzinfo=UTC), 18, "America/Sao_Paulo")  # the 19th of October begins at one o'clock
@example(datetime(2023, 3, 1, tzinfo=UTC), 27, "Africa/Cairo")  # so does the 28th of April
@example(datetime(2026, 1, 31, 16, tzinfo=UTC), 10, "Asia/Shanghai")  # February there already
def test_it_is_due_when_that_day_of_the_next_month_ends_there(at: datetime, day: int, zone: str) -> None:
    due, there = due_next_month(at, day, zone), ZoneInfo(zone)
    closed_on = at.astimezone(there).date()
    year, month = (closed_on.year + 1, 1) if closed_on.month == 12 else (closed_on.year, closed_on.month + 1)
    last = date(year, month, day)
    assert due.tzinfo is UTC
    assert (due - TICK).astimezone(there).date() == last
    assert due.astimezone(there).date() == last + timedelta(days=1)
    assert month_of(at, zone) == f"{closed_on.year:04}-{closed_on.month:02}"


@pytest.mark.parametrize("text", ["", "2026-3", "2026-13", "2026-00", "2026-03-04", " 2026-03", 202603, None])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_month(text, Fields(InvalidValue))
    assert caught.value.facts == {"field": "month", "given": text}
