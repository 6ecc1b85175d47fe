"""Reading the times of a log, against ``strptime`` and a walk through the zone's clock (RPT-06)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.calendar import UnknownZone
from csdomain.reporting.log_faults import UnparsableTime
from csdomain.reporting.log_times import Ambiguous, MalformedTimeFormat, TimeReader
from csdomain.reporting.rules import REPLAY

FORMATS = [
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%y %I:%M %p",
    "%H:%M %d %b %Y",
    "iso",
]
ZONES = ["Europe/Rome", "UTC", "America/St_Johns", "Asia/Shanghai", "Pacific/Apia", "America/Havana"]
NEAR_CHANGES = [
    datetime.fromisoformat(text)
    for text in (
        "2010-03-28T02:30",
        "2010-10-31T02:30",
        "2010-11-07T00:00",
        "2010-11-07T23:30",
        "2011-12-30T12:00",
        "2026-03-08T00:30",
        "2026-11-01T00:30",
    )
]


def instants_showing(wall: datetime, zone: str) -> list[datetime]:
    """Every instant at which clocks of the zone show ``wall``, looked for minute by minute around it."""
    key = ZoneInfo(zone)
    shown = (wall.replace(tzinfo=UTC) + timedelta(minutes=minute) for minute in range(-26 * 60, 26 * 60 + 1))
    return [at for at in shown if at.astimezone(key).replace(tzinfo=None) == wall]


@pytest.mark.rule(REPLAY)
@given(
    st.sampled_from(FORMATS),
    st.sampled_from(ZONES),
    st.sampled_from(NEAR_CHANGES) | st.datetimes(*map(datetime.fromisoformat, ("1990-01-01", "2037-01-01"))),
    st.integers(-100, 100),
)
def test_a_time_is_the_instant_at_which_clocks_showed_it(format: str, zone: str, wall: datetime, minutes: int) -> None:
    wall += timedelta(minutes=minutes)
    text = wall.isoformat() if format == "iso" else wall.strftime(format)
    wall = datetime.fromisoformat(text) if format == "iso" else datetime.strptime(text, format)  # noqa: DTZ007
    if wall.second or wall.microsecond:
        wall = wall.replace(second=0, microsecond=0)
        text = wall.isoformat() if format == "iso" else wall.strftime(format)
    expected = instants_showing(wall, zone)
    reader = TimeReader(format, zone)
    if not expected:
        with pytest.raises(UnparsableTime):
            reader.read(text)
        return
    at, later = reader.read(text)
    assert [at] + ([later] if later else []) == expected
    assert at.tzinfo is UTC
    assert TimeReader(format, zone, Ambiguous.EARLIER).read(text) == (expected[0], None)
    assert TimeReader(format, zone, Ambiguous.LATER).read(text) == (expected[-1], None)
    if len(expected) > 1:
        with pytest.raises(UnparsableTime):
            TimeReader(format, zone, Ambiguous.REFUSE).read(text)


TEXTS = st.one_of(
    st.datetimes().map(lambda at: at.strftime("%Y/%m/%d %H:%M:%S.%f")),
    st.tuples(*[st.sampled_from(["2012", "12", "02", "29", "30", "00", "7", "24", "60", "٣", "+1", ""])] * 6).map(
        lambda p: f"{p[0]}/{p[1]}/{p[2]} {p[3]}:{p[4]}:{p[5]}.0"
    ),
    st.text("0123456789/ :.TZ+-", max_size=24),
)


@pytest.mark.rule(REPLAY)
@given(TEXTS)
def test_the_quick_reader_and_strptime_agree(text: str) -> None:
    format = "%Y/%m/%d %H:%M:%S.%f"
    try:
        expected: datetime | None = datetime.strptime(text, format).replace(tzinfo=UTC)
    except ValueError:
        expected = None
    try:
        found: datetime | None = TimeReader(format, "UTC").read(text)[0]
    except UnparsableTime:
        found = None
    assert found == expected


@pytest.mark.rule(REPLAY)
def test_an_offset_in_the_text_goes_before_the_zone() -> None:
    expected = (datetime(2012, 10, 28, 0, 30, tzinfo=UTC), None)
    assert TimeReader("iso", "Europe/Rome").read("2012-10-28T02:30:00+02:00") == expected
    assert TimeReader("%Y-%m-%d %H:%M%z", "Europe/Rome").read("2012-10-28 02:30+0200") == expected


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(
    "format", ["%Y-%m-%d", "%H:%M", "", "yyyy-mm-dd hh:mm", "%Y-%m-%d %H", "%Q", "%Y %Y %m %d %H %M"]
)
def test_a_format_without_a_whole_date_and_time_is_refused(format: str) -> None:
    with pytest.raises(MalformedTimeFormat):
        TimeReader(format, "UTC")


@pytest.mark.rule(REPLAY)
def test_what_no_clock_ever_shows_is_refused() -> None:
    with pytest.raises(UnknownZone):
        TimeReader("iso", "Europe/Atlantis")
    with pytest.raises(UnparsableTime):
        TimeReader("iso", "Asia/Shanghai").read("0001-01-01T00:00:00")
    with pytest.raises(UnparsableTime):
        TimeReader("iso", "UTC").read("9999-12-31T23:59:59-12:00")
