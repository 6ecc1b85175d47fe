"""A text is read whole or refused, and filled in whole or not at all; nothing in it is ever run (MSG-01)."""

import re
from calendar import month_name
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from string import Formatter
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from csdomain.kernel.cases.occasions import Occasion, Placeholder, Value, fact_of
from csdomain.kernel.rules import TIME
from csdomain.kernel.rules.errors import InvalidValue, NaiveTime
from csdomain.kernel.values.money import Money
from csdomain.messaging.policies import POLICIES, Reason, choose, read, render, shown
from csdomain.messaging.rules import TEMPLATES
from csdomain.messaging.values import (
    Channel,
    Language,
    MalformedTemplate,
    MessageRules,
    Part,
    PlaceholderMissing,
    Slot,
    Template,
    TemplateMissing,
    UnfitValue,
    UnknownPlaceholder,
    parse,
    printed,
)
from csdomain.testing.strategies import money, storable_texts

pytestmark = pytest.mark.rule(TEMPLATES)

KINDS = {"who": Placeholder.TEXT, "count": Placeholder.NUMBER, "sum": Placeholder.MONEY, "day": Placeholder.DATE}
OCCASION = Occasion("test.told", {**KINDS, "at": Placeholder.INSTANT})
WORDS = Occasion("test.words", dict.fromkeys(("a", "b", "long_name_2"), Placeholder.TEXT))
KNOWN = sorted(OCCASION.known)
LONGEST = 2000

zones = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))])
dates = st.dates(date(2000, 1, 1), date(2099, 12, 31))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=zones)  # noqa: DTZ001
VALUES: dict[Placeholder, st.SearchStrategy[Any]] = {
    Placeholder.TEXT: storable_texts(),
    Placeholder.NUMBER: st.integers(-(2**63), 2**63 - 1),
    Placeholder.MONEY: money(),
    Placeholder.DATE: dates,
    Placeholder.INSTANT: instants,
}
every_value = st.fixed_dictionaries({name: VALUES[kind] for name, kind in OCCASION.known.items()})
some_values = st.fixed_dictionaries({}, optional={name: VALUES[kind] for name, kind in OCCASION.known.items()})
said = st.text(st.sampled_from("ab{} \n尊敬的!:.[]0"), min_size=1, max_size=8)
languages = st.sampled_from(Language)


def normal(parts: list[Part]) -> tuple[Part, ...]:
    """Parts as they are read: what is said between two placeholders is one part."""
    found: list[Part] = []
    for part in parts:
        joined = isinstance(part, str) and bool(found) and isinstance(found[-1], str)
        found[-1:] = [f"{found[-1]}{part}"] if joined else [*found[-1:], part]
    return tuple(found)


def parts_of(occasion: Occasion) -> st.SearchStrategy[tuple[Part, ...]]:
    slots = st.sampled_from(sorted(occasion.known)).map(Slot)
    return st.lists(said | slots, min_size=1, max_size=8).map(normal).filter(lambda p: bool(printed(p).strip()))


def template(text: str, language: Language = Language.ZH_HANS, occasion: Occasion = OCCASION) -> Template:
    return Template(occasion, Channel.SMS, language, text)


# --- reading ----------------------------------------------------------------------------------------------------------


@given(parts_of(OCCASION))
def test_what_was_written_is_what_is_read(parts: tuple[Part, ...]) -> None:
    assert parse(printed(parts), OCCASION) == parts
    assert template(printed(parts)).parts == parts


#: Every way of saying something between braces, and of getting them wrong.
tricky = st.lists(
    st.sampled_from(
        ["{", "}", "{{", "}}", "{a}", "{b}", "{x}", "a", " ", ".", "[0]", "!r", ":", ":>9", "0", "{}", "文"]
    ),
    min_size=1,
    max_size=6,
).map("".join)


@given(tricky, st.fixed_dictionaries(dict.fromkeys(WORDS.known, said)))
@example("{a:}", dict.fromkeys(WORDS.known, "x"))
def test_a_text_is_taken_only_where_every_brace_is_a_bare_placeholder_or_doubled(
    text: str, values: dict[str, str]
) -> None:
    """Python's own format strings are the oracle: ours are those without anything but bare, known names."""
    assume(text.strip())
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError:
        fields = [("", "", None)]
    bare = all(name in WORDS.known and not spec and conversion is None for name, spec, conversion in fields)
    if bare and not re.search(r"\{[a-z0-9_]+:\}", text):
        assert printed(parse(text, WORDS)) == text
        assert render(template(text, occasion=WORDS), values) == text.format(**values)
    else:
        with pytest.raises((MalformedTemplate, UnknownPlaceholder)):
            parse(text, WORDS)


CODE = [
    *("{who.upper}", "{who[0]}", "{who!r}", "{who:>9}", "{who:}", "{0}", "{}", "{ who }", "{who,}", "{WHO}", "{谁}"),
    *("{who()}", "{who.__class__.__mro__}", "{who{count}}", "{-who}", "{1who}", "{who\n}", "{who", "who}", "{", "}"),
    *("{{who}", "{who}}", "}{", "{{{who}}", "{who\0}"),
]


@pytest.mark.parametrize("text", CODE)
def test_nothing_but_a_bare_name_stands_between_braces(text: str) -> None:
    for whole in (text, f"尊敬的{{name}}：{text}", f"{text}。"):
        with pytest.raises(MalformedTemplate) as refused:
            parse(whole, OCCASION)
        assert refused.value.rule is TEMPLATES
        assert all(f"{{{name}}}" in str(refused.value.facts["known"]) for name in KNOWN)


@given(
    st.text(st.sampled_from("abc文 \n"), min_size=1).filter(str.strip), st.sampled_from(["}", "{", "{who.x}", "{0}"])
)
def test_a_fault_is_named_where_it_stands(before: str, fault: str) -> None:
    with pytest.raises(MalformedTemplate) as refused:
        parse(before + fault, OCCASION)
    assert refused.value.facts["placeholder"] == fault
    assert refused.value.facts["character"] == len(before) + 1


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "x" * (LONGEST + 1), "{who}" * LONGEST, "a\0b", "\ud800", None, 7, b"x"]
)
def test_a_text_says_something_that_can_be_kept(text: Any) -> None:
    with pytest.raises(MalformedTemplate):
        parse(text, OCCASION)
    assert parse("x" * LONGEST, OCCASION) == ("x" * LONGEST,)


@given(st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).filter(lambda name: name not in KNOWN))
def test_a_placeholder_that_the_occasion_does_not_know_is_named(name: str) -> None:
    with pytest.raises(UnknownPlaceholder) as refused:
        template(f"{{who}} {{{name}}}")
    facts = refused.value.facts
    assert (facts["occasion"], facts["placeholder"]) == ("test.told", f"{{{name}}}")
    assert facts["known"] == "{at} {count} {day} {name} {sum} {title} {who}"


# --- choosing ---------------------------------------------------------------------------------------------------------

texts = st.dictionaries(
    st.sampled_from(["test.told", "test.other"]),
    st.dictionaries(
        st.sampled_from([c.value for c in Channel]),
        st.dictionaries(st.sampled_from([la.value for la in Language]), st.sampled_from(["one", "two {who}"])),
    ),
)


@given(texts, languages, st.sampled_from(Channel), languages)
def test_the_text_is_that_asked_for_else_the_default_else_none(
    written: dict[str, Any], default: Language, channel: Channel, asked: Language
) -> None:
    rules = MessageRules(default, written)
    there = written.get("test.told", {}).get(channel.value, {})
    wanted = asked if asked.value in there else default if default.value in there else None
    if wanted is None:
        with pytest.raises(TemplateMissing) as refused:
            choose(rules, OCCASION, channel, asked)
        facts = refused.value.facts
        assert (facts["occasion"], facts["channel"], facts["language"]) == ("test.told", channel, asked)
        accepted = refused.value.accepted
        assert accepted is not None
        there = [f"{c}/{la}" for c, found in sorted(written.get("test.told", {}).items()) for la in found]
        assert accepted.en == (", ".join(there) or "-")
        return
    choice = choose(rules, OCCASION, channel, asked)
    assert choice.template == Template(OCCASION, channel, wanted, written["test.told"][channel.value][wanted.value])
    assert choice.asked is asked
    assert choice.reason is (Reason.ASKED if wanted is asked else Reason.DEFAULT)
    assert wanted.value in choice.said.en
    assert wanted.value in choice.said.zh
    assert asked.value in choice.said.en
    assert ("default" in choice.said.en) is (wanted is not asked)


# --- filling in -------------------------------------------------------------------------------------------------------


@given(parts_of(OCCASION), every_value, languages)
def test_every_value_is_there_and_nothing_else(
    parts: tuple[Part, ...], values: Mapping[str, Value], language: Language
) -> None:
    filled = render(template(printed(parts), language), values)
    place = 0
    for part in parts:
        piece = part if isinstance(part, str) else shown(values[part.name], language)
        assert filled.startswith(piece, place)
        place += len(piece)
    assert place == len(filled)


@given(parts_of(OCCASION), some_values, languages)
def test_a_value_that_is_missing_is_named_and_no_value_is(
    parts: tuple[Part, ...], values: Mapping[str, Value], language: Language
) -> None:
    wanted = {part.name for part in parts if isinstance(part, Slot)}
    text = template(printed(parts), language)
    if wanted <= set(values):
        render(text, values)
        return
    with pytest.raises(PlaceholderMissing) as refused:
        render(text, values)
    assert str(refused.value.facts["placeholder"])[1:-1] in wanted - set(values)
    assert set(refused.value.facts) == {"occasion", "placeholder", "given"}
    assert refused.value.facts["given"] == ", ".join(sorted(values))


@given(every_value, st.sampled_from(["nmae", "phone", "Who", "", "who ", "a.b"]))
def test_a_value_that_the_occasion_does_not_know_is_refused_also_where_the_text_does_not_name_it(
    values: dict[str, Value], name: str
) -> None:
    with pytest.raises(UnknownPlaceholder) as refused:
        render(template("plain"), {**values, name: "王小明的秘密"})
    assert refused.value.facts["placeholder"] == f"{{{name}}}"
    assert "秘密" not in str(refused.value) + str(refused.value.as_data())


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError("a value was run")

    __repr__ = __format__ = __str__  # type: ignore[assignment]


ODD: list[Any] = [None, True, 1.5, Decimal(1), b"x", [], {}, object(), Loud("x"), "王小明的秘密", 7, date(2026, 3, 9)]


@pytest.mark.parametrize("name", sorted(OCCASION.known))
@pytest.mark.parametrize("value", ODD, ids=[type(value).__name__ for value in ODD])
def test_a_value_is_of_the_kind_its_placeholder_stands_for(name: str, value: Any) -> None:
    types: dict[Placeholder, type] = {
        Placeholder.TEXT: str,
        Placeholder.NUMBER: int,
        Placeholder.MONEY: Money,
        Placeholder.DATE: date,
        Placeholder.INSTANT: datetime,
    }
    kind = OCCASION.known[name]
    right: Any = value
    if type(value) is types[kind]:
        assert render(template(f"<{{{name}}}>"), {name: right}) == f"<{shown(right, Language.ZH_HANS)}>"
        return
    with pytest.raises(UnfitValue) as refused:
        render(template("plain"), {name: value})
    assert refused.value.facts == {
        "occasion": "test.told",
        "placeholder": f"{{{name}}}",
        "expected": kind.value,
        "given": type(value).__name__,
    }


@given(st.sampled_from(["{who}", "{name}", "{{", "}}", "{who.__class__}", "{0}", "%s", "$who", "\\1"]))
def test_what_looks_like_a_placeholder_in_a_value_stays_as_it_is(value: str) -> None:
    filled = render(template("{who}/{name}"), {"who": value, "name": value})
    assert filled == f"{value}/{value}"


# --- as languages write it --------------------------------------------------------------------------------------------


@given(dates)
def test_dates_read_back(day: date) -> None:
    for chinese in (Language.ZH_HANS, Language.ZH_HANT):
        found = re.fullmatch(r"(\d\d)年(\d\d)月(\d\d)日", shown(day, chinese))
        assert found
        assert date(2000 + int(found[1]), int(found[2]), int(found[3])) == day
    number, month, year = shown(day, Language.EN).split()
    assert date(int(year), list(month_name).index(month), int(number)) == day


@pytest.mark.rule(TIME)
@given(instants)
def test_instants_read_back_to_the_minute_in_the_zone_they_carry(at: datetime) -> None:
    for language, hour in ((Language.ZH_HANS, "时"), (Language.ZH_HANT, "時")):
        found = re.fullmatch(rf"(\d+)月(\d+)日(\d+){hour}(?:(\d+)分)?", shown(at, language))
        assert found
        assert [int(group or 0) for group in found.groups()] == [at.month, at.day, at.hour, at.minute]
        assert (found[4] is None) is (at.minute == 0)
    number, month, clock = shown(at, Language.EN).split()
    assert (int(number), list(month_name).index(month)) == (at.day, at.month)
    assert clock == f"{at.hour}:{at.minute:02}"


@given(money())
def test_amounts_read_back(amount: Money) -> None:
    assert shown(amount, Language.EN) == str(amount)
    for chinese in (Language.ZH_HANS, Language.ZH_HANT):
        written = shown(amount, chinese)
        assert written.endswith("元") is (amount.currency == "CNY")
        number = written.removesuffix("元").removesuffix(f" {amount.currency}")
        assert Money.of(number, amount.currency) == amount


@pytest.mark.parametrize(
    ("amount", "chinese", "english"),
    [
        (Money.of("5.50", "CNY"), "5.50元", "5.50 CNY"),
        (Money.of("-1000", "CNY"), "-1000.00元", "-1000.00 CNY"),
        (Money.of("7", "JPY"), "7 JPY", "7 JPY"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(amount: Money, chinese: str, english: str) -> None:
    assert [shown(amount, language) for language in Language] == [chinese, chinese, english]


@given(st.integers(-(2**63), 2**63), languages)
def test_numbers_are_plain_digits(number: int, language: Language) -> None:
    assert int(shown(number, language)) == number


@pytest.mark.rule(TIME)
def test_an_instant_without_its_zone_is_refused_also_where_the_text_does_not_name_it() -> None:
    with pytest.raises(NaiveTime):
        render(template("plain"), {"at": datetime(2026, 3, 9, 10)})  # noqa: DTZ001
    with pytest.raises(NaiveTime):
        shown(datetime(2026, 3, 9, 10), Language.EN)  # noqa: DTZ001


def test_the_source_s_own_texts() -> None:
    china = timezone(timedelta(hours=8))
    booked = Occasion("visit.booked", {"item": Placeholder.TEXT, "at": Placeholder.INSTANT, "notice": Placeholder.TEXT})
    text = "尊敬的{name}{title},您在{at},預約的{item}項目已經預約成功,如有變化請提前{notice}通知本中心。"
    at = datetime(2026, 3, 9, 10, tzinfo=china)
    values: dict[str, Value] = {"name": "王小明", "title": "先生", "item": "體檢", "at": at, "notice": "一天"}
    assert render(template(text, Language.ZH_HANT, booked), values) == (
        "尊敬的王小明先生,您在3月9日10時,預約的體檢項目已經預約成功,如有變化請提前一天通知本中心。"
    )
    dates = dict.fromkeys(("old_end", "new_end"), Placeholder.DATE)
    numbers = dict.fromkeys(("vehicles", "months"), Placeholder.NUMBER)
    renewed = Occasion("renewal.done", {**dates, **numbers})
    text = "您名下{vehicles}輛車的服務終止期限將從{old_end}延長至{new_end},總計{months}個月。"
    ends: dict[str, Value] = {"old_end": date(2026, 3, 9), "new_end": date(2027, 3, 9)}
    assert render(template(text, Language.ZH_HANT, renewed), {**ends, "vehicles": 3, "months": 12}) == (
        "您名下3輛車的服務終止期限將從26年03月09日延長至27年03月09日,總計12個月。"
    )


# --- from what a message carries --------------------------------------------------------------------------------------

OWN = {name: VALUES[kind] for name, kind in OCCASION.placeholders.items()}


@given(st.fixed_dictionaries({}, optional=OWN), st.sets(st.sampled_from(sorted(OWN))))
def test_facts_stand_for_the_values_they_were_made_of(values: dict[str, Value], nothing: set[str]) -> None:
    facts = {**{name: fact_of(value) for name, value in values.items()}, **dict.fromkeys(nothing)}
    found = read(OCCASION, facts)
    assert found == {name: value for name, value in values.items() if name not in nothing}
    if "at" in found:
        before, after = values["at"], found["at"]
        assert isinstance(before, datetime)
        assert isinstance(after, datetime)
        assert after.utcoffset() == before.utcoffset()
    assert all(type(found[name]) is type(values[name]) for name in found)


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        *(("who", fact) for fact in (7, True, False)),
        *(("count", fact) for fact in (True, "7", "王小明的秘密")),
        *(("sum", fact) for fact in (7, "7", "7.001 CNY", "7 RMB", "CNY 7", "", "王小明的秘密 CNY", True)),
        *(("day", fact) for fact in (20260309, "2026-02-30", "2026-03-09T10:00:00+08:00", "", "王小明的秘密")),
        *(("at", fact) for fact in (7, "2026-03-09T10:00:00", "2026-03-09", "", "王小明的秘密")),
    ],
)
def test_a_fact_that_stands_for_nothing_of_its_kind_is_refused_and_not_repeated(name: str, fact: Any) -> None:
    with pytest.raises(UnfitValue) as refused:
        read(OCCASION, {name: fact})
    assert refused.value.facts["given"] == type(fact).__name__
    assert "秘密" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("name", ["name", "title", "other", ""])
def test_who_it_is_for_is_no_fact_of_a_message(name: str) -> None:
    with pytest.raises(UnknownPlaceholder):
        read(OCCASION, {name: "王小明"})


def test_every_refusal_is_of_a_value_that_cannot_be_taken_in() -> None:
    for kind in (MalformedTemplate, UnknownPlaceholder, PlaceholderMissing, UnfitValue, TemplateMissing):
        error = kind(placeholder="{x}")
        assert isinstance(error, InvalidValue)
        assert error.rule is TEMPLATES
        assert error.render("en") != error.render("zh")
    assert {choose, read, render} <= set(POLICIES)
