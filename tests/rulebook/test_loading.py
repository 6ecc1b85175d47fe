"""A rulebook is loaded whole, or refused with every fault named at its key path (KRN-01)."""

import copy
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.contexts import sections
from csdomain.desk import load_rulebook, shipped, shipped_names
from csdomain.kernel.rules import HOUSE_RULES, NUMBERING
from csdomain.kernel.rules.errors import RulebookInvalid
from csdomain.kernel.values.durations import CalendarDays, Duration
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import ORGANISATION, PERMISSIONS, Section, loads
from csdomain.rulebook.loader import content

pytestmark = pytest.mark.rule(HOUSE_RULES)

AFTER_SALES = shipped("after_sales") or {}


def toml(value: Any, path: tuple[str, ...] = ()) -> str:
    """A nested dict as a TOML text: written here so that tests can change a book as data."""

    def inline(item: Any) -> str:
        if isinstance(item, str):
            if item.isprintable() and not {'"', "\\"} & {*item}:
                return f'"{item}"'
            return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in item) + '"'
        if isinstance(item, bool):
            return "true" if item else "false"
        if isinstance(item, list):
            return "[" + ", ".join(map(inline, item)) + "]"
        if isinstance(item, dict):
            return "{" + ", ".join(f"{inline(k)} = {inline(v)}" for k, v in item.items()) + "}"
        return item.isoformat() if isinstance(item, date | time) else str(item)

    lines = [f"{inline(k)} = {inline(v)}" for k, v in value.items() if not isinstance(v, dict)]
    for key, item in value.items():
        if isinstance(item, dict):
            here = (*path, key)
            lines += ["[" + ".".join(map(inline, here)) + "]", toml(item, here)]
    return "\n".join(lines)


def house(**changes: Any) -> dict[str, Any]:
    """The book of after-sales as data, with the texts of its contexts, changed at ``section__key``."""
    book = content(load_rulebook("after_sales").canonical)
    for path, value in changes.items():
        put(book, path.split("__"), value)
    return book


def put(book: dict[str, Any], path: list[str], value: Any) -> None:
    *way, last = path
    for step in way:
        book = book.setdefault(step, {})
    book[last] = value


def faults_of(text: str, more: tuple[Section[Any], ...] = ()) -> tuple[str, ...]:
    with pytest.raises(RulebookInvalid) as refused:
        loads(text, (*sections(), *more), shipped)
    error = refused.value
    assert all(fault in str(error) for fault in error.faults)
    assert error.rule is HOUSE_RULES
    return error.faults


def paths_of(faults: tuple[str, ...]) -> list[str]:
    return sorted(fault.rpartition(" @ ")[2] for fault in faults)


@pytest.mark.parametrize("name", shipped_names())
def test_every_book_that_ships_loads(name: str) -> None:
    book = loads(shipped(name) or {}, sections(), shipped)
    assert book.name == name
    assert re.fullmatch(name + "@[0-9a-f]{12}", book.ref)


def test_after_sales_says_what_its_document_says() -> None:
    book = loads(AFTER_SALES, sections())
    rules = book[COMPLAINT_RULES]
    assert rules.close_within == CalendarDays(6)  # A §26.1
    assert rules.number == NumberPattern("KS{yyyy}{mm}-{seq:04}")  # A §21
    assert rules.overrun_to in book[PERMISSIONS].positions
    assert (book[ORGANISATION].currency, book[ORGANISATION].zone) == ("CNY", "Asia/Shanghai")


# --- all faults in one report -----------------------------------------------------------------------------------------

#: A fault, and the key path at which the report must name it.
FAULTS: dict[str, tuple[list[str], Any, str]] = {
    "number in digits": (["complaints", "number"], 5, "$.complaints.number"),
    "pattern without seq": (["complaints", "number"], "KS{yyyy}", "$.complaints.number"),
    "negative deadline": (["complaints", "close_within"], "-6 days", "$.complaints.close_within"),
    "deadline as number": (["complaints", "close_within"], 6, "$.complaints.close_within"),
    "warning half": (["complaints", "warnings"], [50, Decimal("80.5")], "$.complaints.warnings[1]"),
    "warnings down": (["complaints", "warnings"], [80, 50], "$.complaints.warnings"),
    "warning beyond": (["complaints", "warnings"], [50, 150], "$.complaints.warnings"),
    "overrun to two": (["complaints", "overrun_to"], ["a", "b"], "$.complaints.overrun_to"),
    "unknown key": (["complaints", "close_in"], "6 days", "$.complaints"),
    "extra of no type": (["complaints", "extra"], {"colour": "paint"}, "$.complaints.extra.colour"),
    "extra as list": (["complaints", "extra"], ["colour"], "$.complaints.extra"),
    "unknown section": (["complainst"], {"a": 1}, "$.complainst"),
    "currency": (["organisation", "currency"], "RMB", "$.organisation.currency"),
    "zone": (["organisation", "zone"], "Mars/Olympus", "$.organisation.zone"),
    "zone as list": (["organisation", "zone"], ["UTC"], "$.organisation.zone"),
    "branch zone": (["organisation", "branches", "b1"], {"zone": "Mars/Olympus"}, "$.organisation.branches['b1'].zone"),
    "branch as text": (["organisation", "branches", "b2"], "b2", "$.organisation.branches['b2']"),
    "deep unknown key": (["organisation", "branches", "b3"], {"zoned": "UTC"}, "$.organisation.branches['b3']"),
    "calendar zone": (["calendars", "office", "zone"], "Mars/Olympus", "$.calendars['office'].zone"),
    "calendar unknown key": (["calendars", "office", "weakly"], {}, "$.calendars['office']"),
    "calendar hours": (["calendars", "office", "weekly"], {"mon": ["9-18"]}, "$.calendars['office'].weekly.mon"),
    "calendar without zone": (["calendars", "shop"], {"weekly": {}}, "$.calendars['shop']"),
    "calendar as number": (["calendars", "counter"], 5, "$.calendars['counter']"),
    "holidays as list": (
        ["calendars", "till"],
        {"zone": "UTC", "weekly": {}, "public_holidays": ["CN"]},
        "$.calendars['till']",
    ),
    "unknown scope": (
        ["permissions", "roles", "sales", "complaints.read"],
        "everything",
        "$.permissions.roles['sales']['complaints.read']",
    ),
    "scope as number": (
        ["permissions", "roles", "service", "complaints.read"],
        1,
        "$.permissions.roles['service']['complaints.read']",
    ),
    "roles as text": (["permissions", "positions", "sales"], "sales", "$.permissions.positions['sales']"),
    "role as number": (
        ["permissions", "positions", "general_manager"],
        ["management", 3],
        "$.permissions.positions['general_manager'][1]",
    ),
}
#: Faults that only show between sections.
BETWEEN: dict[str, tuple[list[str], Any, str]] = {
    "no calendar": (["organisation", "calendar"], "shop_hours", "$.organisation.calendar"),
    "amounts in another currency": (["organisation", "currency"], "USD", "$.complaints"),  # and each amount of payments
    "no branch calendar": (
        ["organisation", "branches", "b9"],
        {"calendar": "night"},
        "$.organisation.branches['b9'].calendar",
    ),
    "no role": (
        ["permissions", "positions", "deputy_general_manager"],
        ["management", "deciding", "managment"],
        "$.permissions.positions['deputy_general_manager'][2]",
    ),
    "no permission": (
        ["permissions", "roles", "service", "complaints.clsoe"],
        "own",
        "$.permissions.roles['service']['complaints.clsoe']",
    ),
    "no position": (["complaints", "handled_by"], "service_manger", "$.complaints.handled_by"),
    "no superior": (["complaints", "stages", "rnd", "superior"], "deputy", "$.complaints.stages['rnd'].superior"),
    "no authority": (["complaints", "without_amount", "ordinary"], "boss", "$.complaints.without_amount.ordinary"),
    "no signer": (["complaints", "signatures"], ["sales", "reserch"], "$.complaints.signatures[1]"),
    "no time at all": (["complaints", "report_within"], "0 working days", "$.complaints.report_within"),
    "no context": (
        ["permissions", "roles", "sales", "complaint.*"],
        "own",
        "$.permissions.roles['sales']['complaint.*']",
    ),
}


@given(st.sets(st.sampled_from(sorted({**FAULTS, **BETWEEN})), min_size=1, max_size=19))
def test_each_planted_fault_is_named_once_at_its_path(planted: set[str]) -> None:
    """All faults of all sections at once, whatever else is wrong in the same section, class or list."""
    every, book, chosen = {**FAULTS, **BETWEEN}, house(), list[str]()
    for name in sorted(planted):
        way = every[name][0]
        others = [every[other][0] for other in chosen]
        if not any(way[: len(other)] == other or other[: len(way)] == way for other in others):
            chosen.append(name)
            put(book, way, every[name][1])
    faults = faults_of(toml(book))
    wanted = sorted(every[name][2] for name in chosen)
    found = [path for path in paths_of(faults) if not path.startswith("$.payments")]
    assert sorted(map(plain, found)) == sorted(map(plain, wanted)), faults


def matches(found: str, wanted: str) -> bool:
    return plain(found) == plain(wanted)


def plain(path: str) -> str:
    """The report writes keys with quotation marks, as Python does."""
    return path.replace("'", "").replace("[", ".").replace("]", "")


@pytest.mark.parametrize("name", [*FAULTS, *BETWEEN])
def test_each_fault_alone_is_found(name: str) -> None:
    path, value, wanted = {**FAULTS, **BETWEEN}[name]
    book = house()
    put(book, path, value)
    (fault,) = [fault for fault in faults_of(toml(book)) if " @ $.payments" not in fault]
    assert plain(fault.rpartition(" @ ")[2]) == plain(wanted)


@pytest.mark.parametrize("missing", ["organisation", "calendars", "permissions"])
def test_what_every_book_needs_is_missed(missing: str) -> None:
    book = house()
    del book[missing]
    assert f"this key is missing @ $.{missing}" in faults_of(toml(book))


@pytest.mark.parametrize(
    "missing", ["organisation.zone", "complaints.number", "complaints.close_within", "permissions.roles"]
)
def test_a_missing_key_is_named(missing: str) -> None:
    book = house()
    section, key = missing.split(".")
    del book[section][key]
    assert faults_of(toml(book)) == (f"this key is missing @ $.{missing}",)


def test_a_fault_of_one_section_does_not_hide_one_between_others() -> None:
    book = house(complaints__close_within=6, permissions__positions__sales=["slaes"])
    assert paths_of(faults_of(toml(book))) == ["$.complaints.close_within", "$.permissions.positions['sales'][0]"]


# --- exact types ------------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = "red"


@attrs.frozen
class Inner:
    level: int


@attrs.frozen
class Everything:
    count: int
    on: bool
    name: str
    share: Decimal
    day: date
    at: datetime
    opens: time
    limit: Money
    within: Duration
    colour: Colour
    names: tuple[str, ...]
    levels: frozenset[int]
    inner: Inner
    table: dict[str, Inner]


EVERYTHING = Section("everything", Everything)
GOOD: dict[str, Any] = {
    "count": 12,
    "on": True,
    "name": "x",
    "share": Decimal("0.1"),
    "day": date(2026, 3, 9),
    "at": datetime(2026, 3, 9, 8),  # noqa: DTZ001
    "opens": time(8, 30),
    "limit": "1000.00 CNY",
    "within": "6 days",
    "colour": "red",
    "names": ["a", "b"],
    "levels": [1, 2],
    "inner": {"level": 1},
    "table": {"a": {"level": 1}},
}
ANY = [*(value for value in GOOD.values()), 1, 0, Decimal("1.9"), Decimal("0.0"), "12", "", "true", False, [],
        [1], ["a", 1], {}, {"level": 1, "more": 2},
       {"a": {"level": "1"}}, {"a": 1}, "2026-03-09", "08:30", "CNY 5", "1e3 CNY", "0.001 CNY", "6", "RED"]  # fmt: skip
TAKES: dict[str, Callable[[Any], bool]] = {
    "count": lambda v: type(v) is int,
    "on": lambda v: type(v) is bool,
    "name": lambda v: type(v) is str,
    "share": lambda v: type(v) in (int, Decimal),
    "day": lambda v: type(v) is date,
    "at": lambda v: type(v) is datetime,
    "opens": lambda v: type(v) is time,
    "limit": lambda v: v == "1000.00 CNY",
    "within": lambda v: v == "6 days",
    "colour": lambda v: v == "red",
    "names": lambda v: type(v) is list and all(type(x) is str for x in v),
    "levels": lambda v: type(v) is list and all(type(x) is int for x in v),
    "inner": lambda v: v == {"level": 1} and type(v) is dict,
    "table": lambda v: type(v) is dict and all(type(x) is dict and x == {"level": 1} for x in v.values()),
}


@attrs.frozen
class Numbered:
    """A section with number patterns."""

    numbers: Mapping[str, NumberPattern]


@pytest.mark.rule(NUMBERING)
@pytest.mark.parametrize(
    ("second", "faults"),
    [
        ("GD{yyyy}-{seq:3}", ("this is the number series of first.numbers.slip @ $.second.numbers.back",)),
        ("GD{yy}-{seq:04}", ()),
    ],
)
def test_two_contexts_do_not_number_in_one_series(second: str, faults: tuple[str, ...]) -> None:
    book = house(first={"numbers": {"slip": "GD{yyyy}-{seq:04}"}}, second={"numbers": {"back": second}})
    both = Section("first", Numbered), Section("second", Numbered)
    if faults:
        assert faults_of(toml(book), both) == faults
    else:
        assert both[1] in loads(toml(book), (*sections(), *both), shipped)


@pytest.mark.parametrize("key", GOOD)
def test_a_value_is_taken_only_as_what_it_is(key: str) -> None:
    for value in ANY:
        text = toml({**house(), "everything": {**GOOD, key: value}})
        if TAKES[key](value):
            loaded = getattr(loads(text, (*sections(), EVERYTHING))[EVERYTHING], key)
            if key in ("count", "on", "name", "share", "day", "at", "opens"):
                assert loaded == value
                assert type(loaded) is (Decimal if key == "share" else type(value))
        else:
            faults = faults_of(text, (EVERYTHING,))
            assert all(f" @ $.everything.{key}" in fault for fault in faults)


@pytest.mark.parametrize("written", ["nan", "inf", "-inf", "+nan"])
def test_a_number_that_is_none_is_refused(written: str) -> None:
    text = toml({**house(), "everything": GOOD}).replace('"share" = 0.1', f'"share" = {written}')
    assert faults_of(text, (EVERYTHING,))


@given(st.sampled_from([[], ["inner"], ["table", "a"]]), st.from_regex(r"[a-z]{3,8}", fullmatch=True))
def test_an_unknown_key_is_refused_at_every_depth(way: list[str], key: str) -> None:
    book = copy.deepcopy(GOOD)
    put(book, [*way, key + "_x"], 1)
    (fault,) = faults_of(toml({**house(), "everything": book}), (EVERYTHING,))
    place = "".join(["$.everything", *(f".{s}" if s != "a" else "['a']" for s in way)])
    assert re.fullmatch(
        re.escape(f"unknown key {key}_x") + r"(; did you mean \w+\?)?" + re.escape(f" @ {place}"), fault
    )


@pytest.mark.parametrize(
    "text", ["", "x", 'name = "a"\nname = "b"', "name = 5", 'name = "two words"', "a = 1" + "0" * 5000, 'name = ""']
)
def test_what_is_no_rulebook_at_all_is_refused_as_one(text: str) -> None:
    assert faults_of(text)
