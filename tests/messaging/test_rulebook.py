"""The texts of a house are checked when its rulebook is loaded: no fault of them is first found when one is sent."""

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.complaints.values import COMPLAINT_RULES, Path
from csdomain.complaints.values.occasions import OF_DEPARTMENTS
from csdomain.contexts import sections
from csdomain.desk import load_rulebook, shipped, shipped_names
from csdomain.kernel.cases.occasions import RECIPIENT, Occasion, Placeholder, Value
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.kernel.rules.errors import RulebookInvalid
from csdomain.kernel.values.money import Money
from csdomain.messaging.policies import choose, render
from csdomain.messaging.rules import TEMPLATES
from csdomain.messaging.values import MESSAGE_RULES, Channel, Language, Slot
from csdomain.rulebook import Section, loads, restore
from rulebook.test_loading import AFTER_SALES, faults_of, house, matches, paths_of, put, toml

pytestmark = pytest.mark.rule(TEMPLATES, HOUSE_RULES)

LONG = 2000
SAMPLES: dict[Placeholder, Value] = {
    Placeholder.TEXT: "王小明",
    Placeholder.NUMBER: 7,
    Placeholder.MONEY: Money.of("5.50", "CNY"),
    Placeholder.DATE: date(2026, 3, 9),
    Placeholder.INSTANT: datetime(2026, 3, 9, 10, tzinfo=UTC),
}


# --- faults -----------------------------------------------------------------------------------------------------------

#: Below ``$.messages.templates``: a fault, what the report says of it, and how often it is told there.
FAULTS: dict[str, tuple[list[str], Any, list[str], str]] = {
    "unknown occasion": (["complaint.acepted"], {"sms": {"zh_hans": "x"}}, ["complaint.acepted"], "no context"),
    "unknown channel": (["complaint.accepted", "fax"], {"zh_hans": "x"}, ["complaint.accepted", "fax"], "not fax"),
    "channel in capitals": (["complaint.closed", "SMS"], {"zh_hans": "x"}, ["complaint.closed", "SMS"], "not SMS"),
    "unknown language": (["complaint.accepted", "sms", "de"], "x", ["complaint.accepted", "sms", "de"], "not de"),
    "no default": (["complaint.closed", "phone"], {"en": "x"}, ["complaint.closed", "phone"], "no text in zh_hans"),
    "unknown placeholder": (["complaint.closed", "sms", "en"], "{nmae}", ["complaint.closed", "sms", "en"], "{nmae}"),
    "of another occasion": (["complaint.accepted", "sms", "en"], "{branch}", ["complaint.accepted", "sms", "en"], "{b"),
    "open brace": (
        ["complaint.answered", "sms", "zh_hant"],
        "{name",
        ["complaint.answered", "sms", "zh_hant"],
        "{name",
    ),
    "closing brace": (["complaint.answered", "sms", "zh_hans"], "a}", ["complaint.answered", "sms", "zh_hans"], "=}"),
    "code": (["complaint.accepted", "email", "en"], "{name.x}", ["complaint.accepted", "email", "en"], "{name.x}"),
    "empty": (["complaint.answered", "sms", "en"], "", ["complaint.answered", "sms", "en"], f"1 to {LONG}"),
    "too long": (["complaint.closed", "email", "en"], "x" * (LONG + 1), ["complaint.closed", "email", "en"], "1 to"),
}


def path(keys: list[str]) -> str:
    return "$.messages.templates" + "".join(f"['{key}']" for key in keys)


@given(st.sets(st.sampled_from(sorted(FAULTS)), min_size=1))
def test_every_fault_of_a_file_s_texts_is_named_once_at_its_path(planted: set[str]) -> None:
    book = house()
    for name in planted:
        put(book, ["messages", "templates", *FAULTS[name][0]], FAULTS[name][1])
    faults = faults_of(toml(book))
    assert paths_of(faults) == sorted(path(FAULTS[name][2]) for name in planted)
    for name in planted:
        (fault,) = [fault for fault in faults if fault.endswith(f" @ {path(FAULTS[name][2])}")]
        assert FAULTS[name][3] in fault


@pytest.mark.parametrize(
    ("way", "value", "where"),
    [
        (["templates", "complaint.closed", "sms", "en"], 5, "$.messages.templates['complaint.closed']['sms']['en']"),
        (["templates", "complaint.closed", "sms", "en"], {}, "$.messages.templates['complaint.closed']['sms']['en']"),
        (["templates", "complaint.closed", "sms"], "x", "$.messages.templates['complaint.closed']['sms']"),
        (["templates", "complaint.closed"], ["x"], "$.messages.templates['complaint.closed']"),
        (["templates"], "x", "$.messages.templates"),
        (["default_language"], "zh", "$.messages.default_language"),
        (["default_language"], 1, "$.messages.default_language"),
        (["languages"], ["en"], "$.messages"),
    ],
)
def test_what_is_no_text_is_named(way: list[str], value: Any, where: str) -> None:
    book = house()
    put(book, ["messages", *way], value)
    (fault,) = faults_of(toml(book))
    assert matches(fault.rpartition(" @ ")[2], where)


def test_the_default_language_is_the_house_s_own_to_say() -> None:
    book = house()
    del book["messages"]["default_language"]
    assert faults_of(toml(book)) == ("this key is missing @ $.messages.default_language",)
    english = loads(toml(house(messages__default_language="en")), sections())
    assert english[MESSAGE_RULES].default_language is Language.EN
    every = house(messages__default_language="en")
    every["messages"]["templates"]["complaint.closed"]["phone"] = {"zh_hans": "好了"}
    assert paths_of(faults_of(toml(every))) == ["$.messages.templates['complaint.closed']['phone']"]


# --- occasions come from the contexts ---------------------------------------------------------------------------------


@attrs.frozen
class Care:
    pass


VISITED = Occasion("care.visited", {"at": Placeholder.INSTANT})
CARE: Section[Care] = Section("care", Care, occasions=(VISITED,))


def test_a_context_of_a_third_party_declares_occasions_of_its_own() -> None:
    book = house()
    put(book, ["messages", "templates", "care.visited"], {"sms": {"zh_hans": "{name}：{at}"}})
    assert paths_of(faults_of(toml(book))) == ["$.messages.templates['care.visited']"]
    loaded = loads(toml(book), (*sections(), CARE))  # also where its own section is left out
    assert loaded.occasions["care.visited"] is VISITED
    assert CARE not in loaded
    assert restore(loaded.canonical, (*sections(), CARE)).occasions == loaded.occasions


def test_two_contexts_cannot_declare_one_occasion() -> None:
    other: Section[Care] = Section("cares", Care, occasions=(Occasion("care.visited"),))
    with pytest.raises(RulebookInvalid) as refused:
        loads(AFTER_SALES, (*sections(), CARE, other))
    assert refused.value.faults == ("another context declares the occasion care.visited @ $.cares",)
    same: Section[Care] = Section("cares", Care, occasions=(VISITED,))
    assert loads(AFTER_SALES, (*sections(), CARE, same)).occasions["care.visited"] is VISITED


def test_a_book_knows_the_occasions_of_the_contexts_that_it_takes() -> None:
    for name in shipped_names():
        book = load_rulebook(name)
        declared = [occasion for section in sections() if section in book for occasion in section.occasions]
        assert book.occasions == {occasion.name: occasion for occasion in declared}
    assert {"complaint.closed", "order.shipped"} <= load_rulebook("medical_centre").occasions.keys()


# --- the texts that ship ----------------------------------------------------------------------------------------------

BOOKS = [name for name in shipped_names() if MESSAGE_RULES in load_rulebook(name)]
#: Encodings that hold the characters of a language and, as good as, no others.
SCRIPTS = {"zh_hans": "gb2312", "zh_hant": "big5", "en": "ascii"}


@pytest.mark.parametrize("name", BOOKS)
def test_the_texts_that_ship_are_whole_in_all_three_languages(name: str) -> None:
    book = load_rulebook(name)
    rules = book[MESSAGE_RULES]
    assert rules.templates
    for occasion_name, channels in rules.templates.items():
        occasion = book.occasions[occasion_name]
        values = {name: SAMPLES[kind] for name, kind in occasion.known.items()}
        texts = {name for name, value in values.items() if value == "王小明"}
        for channel in map(Channel, channels):
            named = []
            for language in Language:
                choice = choose(rules, occasion, channel, language)
                assert choice.template.language is language
                choice.template.text.encode(SCRIPTS[language.value])
                named.append({part.name for part in choice.template.parts if isinstance(part, Slot)} - {"title"})
                filled = render(choice.template, values)
                assert "{" not in filled
                assert "王小明" in filled or not named[-1] & texts
                assert occasion.internal or language is Language.EN or filled.startswith("尊敬的王小明王小明，")
            assert all(names == named[0] for names in named), "each language tells the same"


def test_the_texts_beside_a_context_are_those_of_its_occasions() -> None:
    for section in sections():
        texts = section.texts({}) if callable(section.texts) else section.texts
        assert texts.keys() == {occasion.name for occasion in section.occasions}, section.name


def test_a_house_that_goes_on_by_level_keeps_the_texts_for_cases_of_departments() -> None:
    theirs = load_rulebook("after_sales")[MESSAGE_RULES].templates
    text = 'name = "other"\nextends = "after_sales"\n[complaints]\npath = "levels"\nsignatures = []\n'
    assert loads(text, sections(), shipped)[MESSAGE_RULES].templates == theirs


@pytest.mark.parametrize("name", BOOKS)
def test_every_occasion_of_a_context_that_is_on_has_a_text(name: str) -> None:
    book = load_rulebook(name)
    told = {occasion.name for section in sections() if section in book for occasion in section.occasions}
    if COMPLAINT_RULES in book and book[COMPLAINT_RULES].path is Path.LEVELS:
        told -= OF_DEPARTMENTS
    texts = book[MESSAGE_RULES].templates
    assert told == texts.keys()
    assert {frozenset(channel) for channels in texts.values() for channel in channels.values()} == {
        frozenset(language.value for language in Language)
    }


def test_one_text_of_ones_own_leaves_the_others() -> None:
    mine = 'name = "mine"\nextends = "after_sales"\n[messages.templates."complaint.closed".sms]\nen = "Done, {name}."\n'
    ours, theirs = loads(mine, sections(), shipped)[MESSAGE_RULES], load_rulebook("after_sales")[MESSAGE_RULES]
    (closed,) = [occasion for occasion in COMPLAINT_RULES.occasions if occasion.name == "complaint.closed"]
    assert ours.texts(closed, Channel.SMS) == {**theirs.texts(closed, Channel.SMS), "en": "Done, {name}."}
    assert {**ours.templates, "complaint.closed": None} == {**theirs.templates, "complaint.closed": None}
    assert "phone" not in theirs.templates["complaint.closed"]
    assert theirs.texts(closed, Channel.PHONE) == {}


def test_the_recipient_is_known_to_every_occasion() -> None:
    assert set(RECIPIENT) == {"name", "title"}
