"""What a text takes as short messages, when it may be sent, and what a reply asks for, as laws."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.messaging.policies import Encoding, QuietHours, ReplyAction, reply_action, segments, truncate
from csdomain.messaging.policies.quiet import QuietHoursInvalid
from csdomain.messaging.rules import GATEWAYS, MARKETING, OPT_OUT

#: Each kind of character: basic, of two septets, Chinese, of two UTF-16 units, not in GSM-7 though Latin.
TEXTS = st.text(st.sampled_from("aZ @€[中【】😎𠮷Ú\n"), max_size=420)
PLAIN = st.text(st.sampled_from("aZ @€[\n"), max_size=420)
#: Zones that change their clocks at night, by an hour and by half of one, over midnight, and not at all.
ZONES = [
    ZoneInfo(name)
    for name in ("Asia/Shanghai", "Europe/London", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo")
]
STEP = timedelta(minutes=15)
#: A day around each change of clocks in 2026 of the zones above, and plain days.
STARTS = [
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in ((3, 8), (3, 28), (4, 4), (4, 23), (10, 3), (10, 24), (10, 29), (11, 1), (6, 6))
]


@pytest.mark.rule(GATEWAYS)
@given(st.one_of(TEXTS, PLAIN))
def test_the_parts_are_the_text_and_each_holds_as_much_as_it_may(text: str) -> None:
    found = segments(text)
    assert "".join(found.parts) == text
    sizes = [found.units_of(part) for part in found.parts]
    assert sum(sizes) == found.units
    assert all(size <= found.capacity for size in sizes)
    assert (len(found.parts) == 1) == (found.units <= found.encoding.single)
    for part, following in zip(found.parts, found.parts[1:], strict=False):
        assert found.units_of(part + following[0]) > found.capacity  # no part ends before it must
    if found.encoding is Encoding.UCS2:
        assert found.units == len(text.encode("utf-16-le")) // 2


@pytest.mark.rule(GATEWAYS)
@given(st.one_of(TEXTS, PLAIN), st.one_of(TEXTS, PLAIN))
def test_adding_to_a_text_never_lowers_its_count(text: str, more: str) -> None:
    assert len(segments(text + more).parts) >= len(segments(text).parts)


@pytest.mark.rule(GATEWAYS)
@given(st.one_of(TEXTS, PLAIN), st.integers(1, 4))
def test_what_is_kept_is_the_longest_beginning_that_fits(text: str, parts: int) -> None:
    kept = truncate(text, parts)
    assert text.startswith(kept)
    assert len(segments(kept).parts) <= parts
    assert kept == text or len(segments(text[: len(kept) + 1]).parts) > parts


TIMES = st.times().map(lambda one: one.replace(minute=one.minute // 15 * 15, second=0, microsecond=0))


@pytest.mark.rule(MARKETING)
@given(TIMES, TIMES, st.sampled_from(ZONES), st.sampled_from(STARTS), st.integers(0, 191))
@example(
    time(1, 0), time(2, 30), ZoneInfo("Europe/London"), datetime(2026, 3, 28, tzinfo=UTC), 98
)  # it ends at the jump
@example(time(21, 0), time(1, 30), ZoneInfo("Europe/London"), datetime(2026, 10, 24, tzinfo=UTC), 97)  # and goes on
def test_what_waits_leaves_at_the_first_quarter_that_is_not_quiet(
    start: time, end: time, zone: ZoneInfo, day: datetime, steps: int
) -> None:
    if start == end:
        return
    hours, at = QuietHours(start, end), day + steps * STEP

    def quiet(instant: datetime) -> bool:
        clock = instant.astimezone(zone).time()
        return start <= clock < end if start < end else clock >= start or clock < end

    first = next(at + n * STEP for n in range(200) if not quiet(at + n * STEP))
    assert hours.allowed(at, zone) == first
    assert hours.allowed(first, zone) == first


@pytest.mark.rule(MARKETING)
def test_quiet_hours_leave_time_to_send() -> None:
    with pytest.raises(QuietHoursInvalid, match="MSG-08"):
        QuietHours(time(21), time(21))


@pytest.mark.rule(OPT_OUT)
@given(
    st.sampled_from(["stop", "退订", "TD", "unsubscribe"]),
    st.text(st.sampled_from(' \t\n.。!！，"”🛑'), max_size=4),
    st.booleans(),
)
def test_case_width_and_what_stands_around_a_stop_word_do_not_matter(word: str, around: str, wide: bool) -> None:
    written = "".join(chr(ord(one) + 0xFEE0) if one.isascii() and wide else one.upper() for one in word)
    assert reply_action(around + written + around) is ReplyAction.OPT_OUT


@pytest.mark.rule(OPT_OUT)
@given(st.sampled_from(["stop", "退订", "td"]), st.text(st.sampled_from("abc中1"), min_size=1, max_size=3))
def test_a_stop_word_inside_other_words_is_none(word: str, more: str) -> None:
    assert reply_action(f"{word} {more}") is None
    assert reply_action(more + word) is None
