"""Numbers follow their pattern, in order of issue, without duplicate, whatever the dates (KRN-10)."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from csdomain.kernel.rules import NUMBERING
from csdomain.kernel.values.numbering import MalformedPattern, NumberPattern

pytestmark = pytest.mark.rule(NUMBERING)

literals = st.sampled_from(["", "", "-", "KS", "1", "-0", "/", "号", "7-7", "a1"])
periods = st.sampled_from([[], ["{yyyy}"], ["{yy}", "{mm}"], ["{yyyy}", "{mm}", "{dd}"], ["{yyyy}", "{mm}"], ["{mm}"]])


@st.composite
def pattern_texts(draw: Any) -> str:
    """One counter, a period, perhaps a branch, in any order with any literals between: mostly patterns, not always."""
    parts = [
        draw(st.sampled_from(["{seq}", "{seq:04}", "{seq:2}"])),
        *draw(periods),
        *draw(st.sampled_from([[], ["{branch}"]])),
    ]
    text = str(draw(literals))
    for part in draw(st.permutations(parts)):
        text += part + draw(literals)
    return text


dates = st.dates(date(1, 1, 1), date(9999, 12, 30)) | st.dates(date(2025, 12, 1), date(2027, 2, 1))
branches = st.sampled_from(["", "b", "b1", "b11", "1", "-", "b-1", "{seq}", "{a}", "{b}", "{yyyy}", "b{mm}", "7", "77"])


def accepted(text: str) -> NumberPattern:
    try:
        return NumberPattern(text)
    except MalformedPattern:
        assume(False)
        raise


@given(pattern_texts(), st.lists(st.tuples(dates, branches), min_size=1, max_size=40), st.data())
@example("{branch}1{seq}", [(date(2026, 1, 1), "b")] * 11 + [(date(2026, 1, 1), "b1")], None)
@example("{branch}-{seq}", [(date(2026, 1, 1), "{a}"), (date(2026, 1, 1), "{b}")], None)
def test_no_number_is_given_twice_and_each_series_counts_on(
    text: str, issues: list[tuple[date, str]], data: st.DataObject | None
) -> None:
    pattern = accepted(text)
    counters: Counter[str] = Counter()
    if data is not None:
        for series in {pattern.series(on, branch) for on, branch in issues}:
            counters[series] = data.draw(st.sampled_from([0, 0, 8, 98, 109, 9998]))
    given_: dict[str, tuple[str, int]] = {}
    for on, branch in issues:
        series = pattern.series(on, branch)
        counters[series] += 1
        number = pattern.number(counters[series], on, branch)
        assert pattern.parsed(number, branch) == (series, counters[series])
        assert number not in given_, (number, given_[number], series)
        given_[number] = series, counters[series]


@given(st.sampled_from(["KS{yyyy}{mm}-{seq:04}", "{yy}-{seq}", "{yyyy}{mm}{dd}/{seq:3}", "N{seq:6}"]), dates, dates)
def test_a_series_restarts_exactly_when_its_period_does(text: str, one: date, other: date) -> None:
    pattern = NumberPattern(text)
    period: dict[str, Callable[[date], int]] = {
        "{yyyy}": lambda d: d.year,
        "{yy}": lambda d: d.year % 100,
        "{mm}": lambda d: d.month,
        "{dd}": lambda d: d.day,
    }
    same = all(of(one) == of(other) for part, of in period.items() if part in text)
    assert (pattern.series(one) == pattern.series(other)) is same


@given(dates, branches, branches)
def test_a_branch_counts_for_itself_where_the_pattern_names_it(on: date, one: str, other: str) -> None:
    for text, own in (("{branch}-{yyyy}-{seq}", True), ("{seq}/{branch}", True), ("{yyyy}-{seq}", False)):
        pattern = NumberPattern(text)
        assert (pattern.series(on, one) == pattern.series(on, other)) is (one == other or not own)


@given(dates, st.integers(1, 10**12), st.integers(1, 10**12))
def test_numbers_are_filled_as_the_pattern_says_and_grow_where_they_must(on: date, n: int, m: int) -> None:
    number = NumberPattern("KS{yyyy}{mm}{dd}-{seq:04}/{branch}").number(n, on, "b1")
    assert number == f"KS{on.year:04}{on.month:02}{on.day:02}-{n:04}/b1"
    assert NumberPattern("{yy}-{seq}").number(n, on) == f"{on.year % 100:02}-{n}"
    plain = NumberPattern("{seq:3}")
    if n < m:  # in order of issue, by length and then by digits
        a, b = plain.number(n, on), plain.number(m, on)
        assert (len(a), a) < (len(b), b)


@pytest.mark.parametrize(
    "text",
    [
        *("", "KS", "{yyyy}", "{seq}{seq}", "{seq:04}-{seq}"),  # no counter, or two
        *("{mm}-{seq}", "{dd}{seq}", "{yyyy}{dd}-{seq}", "{mm}{dd}{seq}"),  # repeats a month or a year later
        *("{branch}{seq}", "{seq}{branch}", "{branch}{yyyy}-{seq}", "{yyyy}{branch}-{seq}"),  # branch runs into digits
        *("{branch}1{seq}", "{seq}0{branch}", "{branch}00{yyyy}{seq}", "{seq}{yyyy}7{branch}"),  # also over digits
        *(
            "{SEQ}",
            "{sequence}",
            "{seq:}",
            "{branch:04}{seq}",
            "{seq:-4}",
            "{seq:100}",
            "{seq",
            "seq}",
            "{}",
            "{{seq}}",
        ),
        *("{{seq}seq}", "a\n{seq}", "\0{seq}", "{seq:04", "{ seq }", "{yyyy:%d}{seq}", "x" * 60 + "{seq}"),
    ],
)
def test_a_pattern_that_could_repeat_or_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(MalformedPattern) as refused:
        NumberPattern(text)
    assert refused.value.accepted is not None


@pytest.mark.parametrize("text", [None, 1, b"{seq}", ["{seq}"]])
def test_a_pattern_is_text(text: object) -> None:
    with pytest.raises(MalformedPattern):
        NumberPattern(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("sequence", [0, -1, True, 1.0, "1", None])
def test_counting_begins_at_one(sequence: object) -> None:
    with pytest.raises(MalformedPattern):
        NumberPattern("{seq}").number(sequence, date(2026, 1, 1))  # type: ignore[arg-type]


@given(pattern_texts())
def test_every_pattern_is_either_refused_with_a_reason_or_usable_for_every_day(text: str) -> None:
    try:
        pattern = NumberPattern(text)
    except MalformedPattern as refused:
        assert str(refused).startswith("KRN-10")  # noqa: PT017
        return
    for on in (date(2026, 1, 31), date(2026, 1, 31) + timedelta(days=1)):
        assert not re.search(r"[{}]", pattern.number(1, on, "b"))
