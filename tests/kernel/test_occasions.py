"""An occasion says what a context may tell, and what a text about it may name (KRN-01)."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.cases.occasions import RECIPIENT, MalformedOccasion, Occasion, Placeholder, Value, fact_of
from csdomain.kernel.rules import HOUSE_RULES, TIME
from csdomain.kernel.rules.errors import NaiveTime
from csdomain.kernel.values.money import Money

pytestmark = pytest.mark.rule(HOUSE_RULES)

names = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True).filter(lambda name: name not in RECIPIENT)


@given(st.dictionaries(names, st.sampled_from(Placeholder), max_size=4), st.booleans())
def test_a_text_may_name_what_was_declared_and_the_recipient(declared: dict[str, Placeholder], internal: bool) -> None:
    given_ = dict(declared)
    occasion = Occasion("a.b", given_, internal)
    given_["later"] = Placeholder.TEXT
    assert occasion.placeholders == declared
    assert set(occasion.known) == {*declared, "name", "title"}
    assert {name: occasion.known[name] for name in declared} == declared
    assert occasion.internal is internal
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        occasion.internal = True  # type: ignore[misc]


BAD_NAMES = [
    "",
    "a",
    "A.b",
    "a.",
    ".a",
    "a..b",
    "a b.c",
    "a.b c",
    "1.a",
    "a.1",
    "a.b\n",
    "投诉.受理",
    "a.b" * 60,
    None,
    7,
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_an_occasion_is_named_by_its_context_and_what_happened(name: Any) -> None:
    with pytest.raises(MalformedOccasion):
        Occasion(name)


@pytest.mark.parametrize(
    "name", ["", "A", "a.b", "a[0]", "a!r", "0", "a ", "_a", "名", "a" * 41, "name", "title", "a\n", 7]
)
def test_a_placeholder_has_a_plain_name_that_no_other_has(name: Any) -> None:
    with pytest.raises(MalformedOccasion) as refused:
        Occasion("a.b", {"fine": Placeholder.TEXT, name: Placeholder.TEXT})
    assert refused.value.facts["placeholder"] == name


@pytest.mark.parametrize("kind", ["text", str, None])
def test_a_placeholder_is_of_a_kind_that_there_is(kind: Any) -> None:
    with pytest.raises(MalformedOccasion):
        Occasion("a.b", {"x": kind})


@pytest.mark.rule(TIME)
def test_a_message_carries_values_as_plain_facts() -> None:
    at = datetime(2026, 3, 9, 10, 30, tzinfo=timezone(timedelta(hours=8)))
    given_: list[Value] = ["换货", 7, Money.of("1000.05", "CNY"), date(2026, 3, 9), at]
    assert list(map(fact_of, given_)) == ["换货", 7, "1000.05 CNY", "2026-03-09", "2026-03-09T10:30:00+08:00"]
    with pytest.raises(NaiveTime):
        fact_of(datetime(2026, 3, 9, 10))  # noqa: DTZ001
