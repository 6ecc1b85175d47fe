"""Reading the times of a log, against ``strptime`` and a walk through the zone's clock (RPT-06)."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.calendar import UnknownZone
from csdomain.reporting.log_faults import UnparsableTime
from csdomain.reporting.log_formats import MalformedTimeFormat
from csdomain.reporting.log_times import Ambiguous, TimeReader
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


AFTERNOON = datetime(2026, 7, 7, 14, 30, tzinfo=UTC)


@pytest.mark.rule(REPLAY, "KRN-03")
@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("%Y-%m-%d %H:%M:%S %Z", "2026-07-07 14:30:00 UTC"),
        ("%Y-%m-%d %H:%M:%S %Z", "2026-07-07 14:30:00 gmt"),
        ("%Y-%m-%d %H:%M:%S%Z", "2026-07-07 14:30:00Z"),
        ("%Y-%m-%d %H:%M:%S UTC", "2026-07-07 14:30:00 UTC"),
        ("%Y-%m-%dT%H:%M:%SZ", "2026-07-07T14:30:00Z"),
        ("%Y-%m-%dT%H:%M:%S.%fZ", "2026-07-07T14:30:00.000Z"),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-07-07T16:30:00+02:00"),
        ("%Y-%m-%d %H:%M:%S%z", "2026-07-07 16:30:00+02"),
        ("%Y-%m-%d %H:%M:%S%z", "2026-07-07 04:30:00-1000"),
        ("%Y-%m-%d %H:%M:%S%z", "2026-07-07 14:30:00z"),
        ("%a %b %d %Y %H:%M:%S GMT%z", "Tue Jul 07 2026 16:30:00 GMT+0200"),
        ("%A, %d %B %Y %I:%M %p", "Tuesday, 7 July 2026 04:30 PM"),
        ("%d.%m.%y %H:%M Uhr", "7.7.26 16:30 Uhr"),
        ("%Y年%m月%d日 %H时%M分", "2026年7月7日 16时30分"),
        ("100%% %Y-%m-%d %H:%M", "100% 2026-07-07 16:30"),
        ("iso", "2026-07-07T14:30Z"),
        ("iso", "2026-07-07 16:30:00"),
        ("epoch", "1783434600"),
        ("epoch", "1783434600.000"),
        ("epoch_ms", "1783434600000"),
    ],
)
def test_f12_what_a_format_says_is_honoured(format: str, text: str) -> None:
    assert TimeReader(format, "Europe/Rome").read(text) == (AFTERNOON, None)


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(("text", "year"), [("68", 2068), ("69", 1969), ("99", 1999), ("00", 2000)])
def test_f12_years_of_two_digits_are_as_strptime_has_them(text: str, year: int) -> None:
    written = f"{text}-07-07 14:30"
    at, _ = TimeReader("%y-%m-%d %H:%M", "UTC").read(written)
    assert at.year == year == datetime.strptime(written, "%y-%m-%d %H:%M").year  # noqa: DTZ007


@pytest.mark.rule(REPLAY, "KRN-01")
@pytest.mark.parametrize(
    ("format", "wanted"),
    [
        ("%m/%d/%Y %H:%M %p", "%I with %p"),
        ("%m/%d/%Y %I:%M", "%I with %p"),
        ("%m/%d/%Y %H:%M PM", "%I with %p"),
        ("%m/%d/%Y %H:%M p.m.", "%I with %p"),
        ("%Y-%m-%d 下午 %H:%M", "%I with %p"),
        ("%Y-%m-%d %H:%M CET", "%Z"),
        ("%Y-%m-%d %H:%M (CEST)", "%Z"),
        ("%Y-%m-%d %H:%M+02:00", "%z"),
        ("%Y-%m-%d %H:%M UTC+2", "%z"),
        ("%Y-%m-%d %H:%M %z %Z", "iso"),
        ("%Y-%m-%d %H:%M.%f", "iso"),
        ("%Y-%m-%d %y %H:%M", "iso"),
        ("%Y-%m-%d %b %H:%M", "iso"),
        ("%Y-%m-%d %H:%M %I %p", "iso"),
        ("%Y-%j %H:%M", "%Y"),
        ("%c", "%Y"),
        ("%Y-%m-%d %H:%M %", "%Y"),
        ("%-d.%m.%Y %H:%M", "%Y"),
    ],
)
def test_f12_a_format_that_would_be_half_used_is_refused(format: str, wanted: str) -> None:
    with pytest.raises(MalformedTimeFormat) as caught:
        TimeReader(format, "UTC")
    assert caught.value.accepted is not None
    assert wanted in caught.value.accepted.en


@pytest.mark.rule(REPLAY, "KRN-03")
@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("%Y-%m-%d %H:%M %Z", "2026-07-07 14:30 CET"),  # a name of the machine's own zone, on some machines
        ("%Y-%m-%d %H:%M %Z", "2026-07-07 14:30 EST"),
        ("%a %Y-%m-%d %H:%M", "Mon 2026-07-07 14:30"),  # a Tuesday
        ("%Y-%m-%d %H:%M%z", "2026-07-07 14:30+25:00"),
        ("%d. %B %Y %H:%M", "7. Juli 2026 14:30"),
        ("iso", "2026-07-07"),
        ("iso", "2026-W28-2"),
        ("epoch", "1783434600000"),
        ("epoch", "9" * 18),
        ("epoch", "1.7e9"),
        ("epoch", ""),
        ("epoch_ms", "2026-07-07"),
    ],
)
def test_f12_a_text_that_the_format_does_not_cover_is_no_time(format: str, text: str) -> None:
    with pytest.raises(UnparsableTime) as caught:
        TimeReader(format, "UTC").read(text)
    assert caught.value.accepted is not None


@pytest.mark.rule(REPLAY)
def test_f12_names_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    readings: set[tuple[str, object]] = set()
    for zone in ("Europe/Rome", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        reader = TimeReader("%Y-%m-%d %H:%M %Z", "Asia/Shanghai")
        for name in ("UTC", "CET", "EST"):
            try:
                readings.add((name, reader.read(f"2026-01-06 09:00 {name}")))
            except UnparsableTime:
                readings.add((name, (None, None)))
    monkeypatch.undo()
    time.tzset()
    assert readings == {
        ("UTC", (datetime(2026, 1, 6, 9, tzinfo=UTC), None)), ("CET", (None, None)), ("EST", (None, None))
    }  # fmt: skip


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(
    ("format", "text", "micros"),
    [
        ("%Y-%m-%d %H:%M:%S.%f", "2026-07-07 14:30:00.1234567", 123_456),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-07-07 14:30:00.5", 500_000),
        ("%d/%m/%Y %H:%M:%S.%f", "07/07/2026 14:30:00.123456789", 123_456),
        ("iso", "2026-07-07T14:30:00.1234567", 123_456),
        ("epoch", "1783434600.1234567", 123_456),
        ("epoch_ms", "1783434600123.4567", 123_456),
        ("epoch", "-0.5", None),
    ],
)
def test_f35_fractions_of_seven_digits_are_cut_to_microseconds(format: str, text: str, micros: int | None) -> None:
    at, _ = TimeReader(format, "UTC").read(text)
    if micros is None:
        assert at == datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)
    else:
        assert at == AFTERNOON.replace(microsecond=micros)


@pytest.mark.rule(REPLAY)
def test_what_no_clock_ever_shows_is_refused() -> None:
    with pytest.raises(UnknownZone):
        TimeReader("iso", "Europe/Atlantis")
    with pytest.raises(UnparsableTime):
        TimeReader("iso", "Asia/Shanghai").read("0001-01-01T00:00:00")
    with pytest.raises(UnparsableTime):
        TimeReader("iso", "UTC").read("9999-12-31T23:59:59-12:00")
