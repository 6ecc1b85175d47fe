"""How something internal is known again in a letter, however it is written (CMP-13)."""

from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.spellings import SPREADS, bare, width
from csdomain.casework.letters import Disclosure, Guard, Internal, InternalDisclosed, as_figure, as_name, as_words
from csdomain.complaints.rules import NOTICE
from csdomain.frame.fields import Fields, InvalidSetting
from csdomain.kernel.rules.errors import InvalidValue

HOUSE: Final = Disclosure()
GUARD: Final = Guard(NOTICE, Fields(InvalidValue))


def leaks(known: Any, written: str, text: str, heard: str = "", house: Disclosure = HOUSE) -> bool:
    try:
        return GUARD.require_nothing_internal(text, [Internal("it", written, known)], heard, house) != text
    except InternalDisclosed as error:
        return error.facts == {"field": "it"}


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("sum_", "text", "told"),
    [
        ("4321.00", "4321 yuan lost", True),
        ("4321.00", "4\u200b3\u200b2\u200b1 lost", True),
        ("4321.50", "四千三百二十一元五角", True),
        ("4300.00", "我们损失了四千三", True),
        ("3.00", "We come within 3 days.", False),
        ("3.00", "That is 3 yuan.", True),
        ("3.00", "三元", True),
        ("120.00", "Order KS1200 of 2026-03-12", False),
    ],
)
def test_f18_small_figures_are_known_beside_a_currency(sum_: str, text: str, told: bool) -> None:
    assert leaks(as_figure, sum_, text) is told


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("name", "text", "heard", "told"),
    [
        ("transport", "The transportation was late.", "", False),  # no whole word
        ("transport", "It is the fault of Transport.", "", True),
        ("transport", "It was damaged in transport.", "transport", False),  # the customer's word, or the cause
        ("wu", "Mr Wu pays.", "", True),
        ("wu", "由wu负责", "", True),
        ("wu", "We would.", "", False),
        ("packing dept", "The PACKING-dept. pays", "", True),
        ("生产部", "由生产部负责", "", True),
        ("生产部", "由生 产部负责", "", True),
        ("部", "由生产部负责", "", False),  # too short
        ("josé", "It was Jose\u0301 who did it", "", True),
        ("josé", "It was JOSE", "", True),
    ],
)
def test_f18_names_are_whole_words_or_long_enough(name: str, text: str, heard: str, told: bool) -> None:
    assert leaks(as_name, name, text, heard) is told


REPORT: Final = "The mould was worn out because nobody had looked after it since spring."
REPORT_ZH: Final = "模具自去年春季以来无人保养，已严重磨损，导致产品开裂。"


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("written", "text", "told"),
    [
        (REPORT, REPORT[:-2], True),  # all but the last character
        (REPORT, REPORT[5:], True),
        (REPORT, "We found that nobody had looked after it.", True),  # five words
        (REPORT, "We found that nobody had looked.", False),
        (REPORT_ZH, "经查，模具无人保养，已严重磨损。", True),  # eight characters, punctuation aside
        (REPORT_ZH, "经查，模具已磨损。", False),
        ("淬火过快", "经查，淬火 过快。", True),
        ("淬火过快", "经查淬火过", True),
        ("不同意", "我们不同意", True),
        ("同意", "我们同意", False),
        ("ok", "ok", False),
        ("🙂", "🙂", False),
        (REPORT, "You say: nobody had looked after it.", False),  # heard from the customer
    ],
)
def test_f55_a_run_of_an_internal_text_is_refused(written: str, text: str, told: bool) -> None:
    assert leaks(as_words, written, text, "I saw that nobody had looked after it." if text[:3] == "You" else "") is told


@pytest.mark.rule(NOTICE)
@given(
    st.lists(st.text("abcdefgé中文字在此", min_size=4, max_size=9), min_size=2, max_size=6).map(" ".join),
    st.booleans(),
    st.sampled_from(SPREADS),
)
def test_f55_all_but_the_last_character_is_refused(written: str, cut: bool, spread: Callable[[str], str]) -> None:
    told = bare(written)[: -1 if cut else None]
    if width(told) >= 6 and len(told) >= 4 and bare(spread(told)) == told:
        assert leaks(as_words, written, spread(told))


@pytest.mark.rule(NOTICE)
def test_f55_how_long_a_run_is_says_the_house() -> None:
    longer = Disclosure(run_words=8, run_characters=12)
    assert not leaks(as_words, REPORT, "We found that nobody had looked after it.", house=longer)
    assert not leaks(as_words, REPORT_ZH, "经查，模具无人保养，已严重磨损。", house=longer)
    for field in attrs.fields(Disclosure):
        with pytest.raises(InvalidSetting) as caught:
            Disclosure(**{field.name: 0})
        assert caught.value.facts["field"] == field.name
