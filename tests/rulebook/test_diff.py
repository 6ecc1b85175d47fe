"""What a new version of a rulebook would change can be listed: exactly, in words, and with when it acts (KRN-01)."""

import copy
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csdomain.contexts import sections
from csdomain.kernel.rules import HOUSE_RULES, PERMITTED, Text
from csdomain.kernel.values.durations import parse_duration
from csdomain.kernel.values.money import Money
from csdomain.rulebook import Acts, Change, Label, Rulebook, Section, Unit, compare, loads
from csdomain.rulebook.changes import KEYS, ChangeKind, Difference, Row, alike, applied, differences
from csdomain.rulebook.loader import content
from rulebook.test_content import CHANGES
from rulebook.test_loading import EVERYTHING, GOOD, house, put, toml

pytestmark = pytest.mark.rule(HOUSE_RULES)

ALL = (*sections(), EVERYTHING)
FEW = settings(max_examples=max(1, settings().max_examples // 4))  # each reads and writes whole books
MISSING = object()

# --- exactly ----------------------------------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["", "6 days", "6 day", "1 CNY", "1.00 CNY", "a.b", "a'b", "[0]", "1", "True"]),
    st.sampled_from([Decimal("0.1"), Decimal("0.10"), Decimal(1), date(2026, 1, 1), datetime(2026, 1, 1), time(8)]),  # noqa: DTZ001
)
NAMES = st.sampled_from(["a", "b", "c", "name", "since", "x y", "complaints.*", "0", "authority"])
ROWS = st.lists(
    st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES, max_size=2), max_size=4)
    | st.fixed_dictionaries({"since": LEAVES, "rate": LEAVES}),
    max_size=4,
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3) | ROWS, max_leaves=12
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)


@st.composite
def edited(draw: st.DrawFn, value: Any) -> Any:
    """The same value, or one that somebody has been at: settings and rows changed, dropped, added, in another order."""
    if isinstance(value, dict):
        kept = {k: draw(edited(v)) for k, v in value.items() if draw(st.integers(0, 5))}
        return {**kept, **draw(st.dictionaries(NAMES, VALUES, max_size=1))}
    if isinstance(value, list):
        kept_rows = [draw(edited(row)) for row in value if draw(st.integers(0, 5))]
        return draw(st.permutations(kept_rows + draw(st.lists(VALUES, max_size=1))))
    return value if draw(st.integers(0, 3)) else draw(LEAVES)


@st.composite
def versions(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    old = draw(DOCUMENTS)
    return old, draw(edited(old) if draw(st.integers(0, 3)) else DOCUMENTS)


@given(versions())
def test_the_changes_made_in_the_old_document_give_the_new_one_exactly(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    old, new = copy.deepcopy(both)
    made = applied(differences(old, new), old)
    assert alike(made, new), differences(old, new)
    assert alike([old, new], list(both)), "neither document is touched"


TABLES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcdef"), "n": st.integers(0, 2), "more": st.lists(st.integers(0, 2))}
    ),
    unique_by=lambda row: str(row["name"]),
)


@given(TABLES, TABLES)
def test_rows_come_go_and_change_places_exactly(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    changes = differences({"t": old}, {"t": new})
    wanted = copy.deepcopy(new)
    made = applied(changes, {"t": old})
    assert alike(made, {"t": wanted})
    spoil(made)
    assert alike(new, wanted)
    come, gone = ({str(row["name"]) for row in rows} for rows in (new, old))
    by_kind = {kind: {c.path for c in changes if c.kind is kind and len(c.way) == 2} for kind in ChangeKind}
    assert by_kind[ChangeKind.ADDED] == {f"$.t[name={name}]" for name in come - gone}
    assert by_kind[ChangeKind.REMOVED] == {f"$.t[name={name}]" for name in gone - come}
    assert not any(isinstance(step, int) for change in changes for step in change.way)


@given(versions())
def test_what_is_made_shares_nothing_with_what_it_was_made_of(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = copy.deepcopy(both)
    changes = differences(old, new)
    spoil(applied(changes, old))
    assert alike(applied(changes, old), new)
    assert alike(old, both[0])


def spoil(value: Any) -> None:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for one in inner:
        spoil(one)
    if isinstance(value, dict | list):
        value.clear()


@given(versions())
def test_nothing_equal_is_listed_and_nothing_twice(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = both
    assert differences(old, copy.deepcopy(old)) == ()
    changes = differences(old, new)
    assert bool(changes) is not alike(old, new)
    for change in changes:
        assert not alike(change.before, change.after)
        assert (change.kind is ChangeKind.ADDED) is (change.before is None)
        assert (change.kind is ChangeKind.REMOVED) is (change.after is None)
    assert len({change.path for change in changes}) == len(changes)


@given(versions())
def test_the_name_comes_first_and_then_section_by_section(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    found = [str(change.way[0]) for change in differences(*both)]
    assert found == sorted(found, key=lambda section: (section != "name", section))


@given(DOCUMENTS, DOCUMENTS)
def test_values_are_alike_where_they_are_written_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    def canon(value: Any) -> Any:
        if isinstance(value, dict):
            return {"table": sorted((key, repr(canon(item))) for key, item in value.items())}
        return [canon(item) for item in value] if isinstance(value, list) else (type(value), repr(value))

    assert alike(one, copy.deepcopy(one))
    assert alike(one, other) is (repr(canon(one)) == repr(canon(other)))


def row(**settings: Any) -> dict[str, Any]:
    return settings


@pytest.mark.parametrize("key", KEYS)
def test_rows_are_matched_by_what_they_are_known_by(key: str) -> None:
    old = [row(**{key: "a", "n": 1}), row(**{key: "b", "n": 2}), row(**{key: "c", "n": 3})]
    new = [row(**{key: "z", "n": 9}), row(**{key: "c", "n": 3}), row(**{key: "a", "n": 5})]
    found = differences({"s": {"t": old}}, {"s": {"t": new}})
    assert [(change.path, change.kind.value, change.before, change.after, change.place) for change in found] == [
        (f"$.s.t[{key}=a].n", "changed", 1, 5, None),
        (f"$.s.t[{key}=b]", "removed", old[1], None, None),
        ("$.s.t", "moved", [Row(key, "a"), Row(key, "c")], [Row(key, "c"), Row(key, "a")], None),
        (f"$.s.t[{key}=z]", "added", None, new[0], 0),
    ]


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ([row(a=1)], [row(a=2)], ["$.t[0].a"]),  # no natural key: by place
        ([row(a=1), row(a=2), row(a=3)], [row(a=1)], ["$.t[2]", "$.t[1]"]),
        ([row(name="x"), row(name="x")], [row(name="x"), row(name="y")], ["$.t[1].name"]),  # a key that tells nothing
        ([row(name="x", id=1)], [row(name="x", id=2)], ["$.t[name=x].id"]),
        ([row(name="x", id=1)], [row(id=1)], ["$.t[id=1].name"]),  # the first key that every row has
        ([row(name=["x"])], [row(name=["y"])], ["$.t[0].name"]),
        ([row(name=1)], [row(name=True)], ["$.t[name=1]", "$.t[name=True]"]),
        ([], [row(name="x")], ["$.t[name=x]"]),
        ([1, row(a=1)], [1, row(a=2)], ["$.t"]),  # no table: as a whole
        ([1, 2], [2, 1], ["$.t"]),
        ([], [1], ["$.t"]),
        ({"x.y": {"z": 1}}, {"x.y": {"z": 2}}, ["$.t['x.y'].z"]),
        (1, True, ["$.t"]),
        (1, "1", ["$.t"]),
        (Decimal(1), 1, ["$.t"]),
        (date(2026, 1, 1), "2026-01-01", ["$.t"]),
        (Decimal("0.1"), Decimal("0.10"), ["$.t"]),
    ],
)
def test_a_change_is_named_by_its_path(old: Any, new: Any, paths: list[str]) -> None:
    changes = differences({"t": old}, {"t": new})
    assert [change.path for change in changes] == paths
    assert alike(applied(changes, {"t": old}), {"t": new})


def test_changes_are_refused_by_a_document_they_are_not_of() -> None:
    changes = differences({"t": [row(name="x", n=1)]}, {"t": [row(name="x", n=2)]})
    with pytest.raises(LookupError, match="no row name=x"):
        applied(changes, {"t": [row(name="y", n=1), row(n=1)]})


# --- between rulebooks ------------------------------------------------------------------------------------------------


def book(**changes: Any) -> Rulebook:
    made = house(**changes)
    # Positions that other sections name are there, whatever a test says of permissions; by themselves they may nothing.
    for position in house()["permissions"]["positions"]:
        made["permissions"]["positions"].setdefault(position, [])
    return loads(toml(made), sections())


def only(old: Rulebook, new: Rulebook) -> Change:
    (change,) = compare(old, new).changes
    return change


@FEW
@given(st.sets(st.sampled_from(sorted(CHANGES))), st.sets(st.sampled_from(sorted(CHANGES))))
def test_two_books_differ_where_their_content_does(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> None:
    books = []
    for ways in (one, other):
        data = copy.deepcopy({**house(), "everything": GOOD})
        for way in ways:
            put(data, list(way), CHANGES[way])
        books.append(loads(toml(data), ALL))
    old, new = books
    diff = compare(old, new)
    assert (diff.old, diff.new) == (old.ref, new.ref)
    assert bool(diff) is (old.ref != new.ref)
    assert not compare(old, old).changes
    assert alike(applied(diff.changes, content(old.canonical)), content(new.canonical))
    assert {change.way for change in diff.changes} == one ^ other
    for change in diff.changes:
        assert change.words.en.strip()
        assert change.words.zh.strip()
        assert change.words.en != change.words.zh


def test_what_a_book_extends_counts_as_its_own() -> None:
    base = toml(house())
    child = 'name = "after_sales"\nextends = "base"\n[complaints]\nclose_within = "4 days"\n'
    old, new = loads(base, sections()), loads(child, sections(), {"base": base}.get)
    assert only(old, new).path == "$.complaints.close_within"


# --- in words ---------------------------------------------------------------------------------------------------------

PLAN = {"device": "bought", "months": 1, "price": "1000 CNY", "gift_months": 1}
RENEWALS = {
    "grace_days": 30, "paid_in_grace": "old end", "paid_lapsed": "day of payment", "longest_months": 120,
    "plans": {"yearly": PLAN}, "tax": [{"since": date(1994, 1, 1), "rate": Decimal("0.17")}],
    "number": "HT{yyyy}-{seq:04}", "form_number": "XF{yyyy}-{seq:04}", "watch_months": 3, "target": Decimal("0.8"),
    "extended_by": "finance", "recorded_by": "finance", "reasons": ["price"], "discounts": {"service_manager": 1},
}  # fmt: skip
STOCK = {
    "strategy": "fifo", "usable_on_expiry_date": True, "refill_reminder_days": 7, "number": "KC{yyyy}-{seq:05}",
    "silent_hours": 24, "sales_months": 3, "safety_months": 1, "expiring_days": 90, "idle_days": 180, "late_hours": 24,
    "both_present_minutes": 30, "reserved_days": 7, "keeper": "warehouse_keeper", "buyer": "sales",
    "zones": [{"name": "cold", "coldest": 0, "warmest": 4, "driest": 45, "dampest": 75}],
    "purchase_approvals": [{"authority": "general_manager"}], "approvals": [{"authority": "general_manager"}],
}  # fmt: skip
FULL = {"renewals": RENEWALS, "inventory": STOCK}

SAID: dict[str, tuple[dict[str, Any], str, str]] = {
    "money up": (
        {"renewals__plans__yearly__price": "2000 CNY"},
        "price of plan yearly: raised from 1000 CNY to 2000 CNY (+1000 CNY)",
        "方案 yearly 的价格：由 1000 元提高为 2000 元（+1000 元）",
    ),
    "money down": (
        {"renewals__plans__yearly__price": "999.50 CNY"},
        "price of plan yearly: lowered from 1000 CNY to 999.5 CNY (-0.5 CNY)",
        "方案 yearly 的价格：由 1000 元降低为 999.5 元（-0.5 元）",
    ),
    "shorter": (
        {"complaints__close_within": "4 days"},
        "time to close a complaint: shortened from 6 days to 4 days",
        "结案期限：由 6 天缩短为 4 天",
    ),
    "longer": (
        {"complaints__close_within": "7 days"},
        "time to close a complaint: lengthened from 6 days to 7 days",
        "结案期限：由 6 天延长为 7 天",
    ),
    "another kind of time": (
        {"complaints__close_within": "1 working day, same hour"},
        "time to close a complaint: changed from 6 days to 1 working day, same hour",
        "结案期限：由 6 天改为 1 个工作日（至同一时刻）",
    ),
    "hours": (
        {"complaints__close_within": "90 working minutes"},
        "time to close a complaint: changed from 6 days to 90 working minutes",
        "结案期限：由 6 天改为 90 个工作分钟",
    ),
    "same in other words": (
        {"complaints__close_within": "6 day"},
        "time to close a complaint: written in another way, still 6 days",
        "结案期限：写法不同，仍为 6 天",
    ),
    "percent in a list": (
        {"complaints__warnings": [50, 90]},
        "warnings before the deadline: now also 90%; no longer 80%",
        "到期前的提醒：新增 90%；取消 80%",
    ),
    "list emptied": (
        {"complaints__warnings": []},
        "warnings before the deadline: no longer 50%, 80%",
        "到期前的提醒：取消 50%、80%",
    ),
    "share": (
        {"renewals__tax": [{"since": date(1994, 1, 1), "rate": Decimal("0.13")}]},
        "tax rate since 1994-01-01: lowered from 17% to 13% (-4 percentage points)",
        "税率（since 1994-01-01）：由 17% 降低为 13%（-4 个百分点）",
    ),
    "days": (
        {"renewals__grace_days": 31},
        "days of grace: raised from 30 days to 31 days (+1 day)",
        "宽限期：由 30 天提高为 31 天（+1 天）",
    ),
    "yes to no": (
        {"inventory__usable_on_expiry_date": False},
        "goods may be given on the day they expire: changed from yes to no",
        "到期当日可否发放：由是改为否",
    ),
    "text": (
        {"complaints__overrun_to": "general_manager"},
        "who is told of an overrun: changed from service_manager to general_manager",
        "逾期反映对象：由 service_manager 改为 general_manager",
    ),
    "text gone": (
        {"calendars__office__public_holidays": ""},
        "public holidays of calendar office: changed from CN to nothing",
        "日历 office 的法定假日：由 CN 改为无",
    ),
    "setting added": (
        {"calendars__office__boundary": "next_open"},
        "calendar office, boundary: now next_open (was not set)",
        "日历 office，boundary：设为 next_open（原未设定）",
    ),
    "table added": (
        {"renewals__plans__rent": {"device": "rented", "months": 3, "price": "70 CNY", "discount": {"floor": "50 CNY",
                                   "minimum_months": 6}}},
        "plan rent: new, with device rented; discount (floor 50 CNY; minimum_months 6 months); months 3 months;"
        " price 70 CNY",
        "方案 rent：新增：device rented；discount (floor 50 元；minimum_months 6 个月)；months 3 个月；price 70 元",
    ),
    "row added": (
        {"renewals__tax": [*RENEWALS["tax"], {"since": date(2019, 4, 1), "rate": Decimal("0.13")}]},  # type: ignore[misc]
        "tax rate since 2019-04-01: new, with rate 13%",
        "税率（since 2019-04-01）：新增：rate 13%",
    ),
    "a day shorter": (
        {"calendars__office__weekly__mon": ["09:00-12:00"]},
        "calendar office, Monday: shortened from 09:00-12:00, 13:00-18:00 to 09:00-12:00",
        "日历 office，星期一：由 09:00-12:00、13:00-18:00 缩短为 09:00-12:00",
    ),
    "a day moved": (
        {"calendars__office__weekly__fri": ["08:00-11:00", "13:00-18:00"]},
        "calendar office, Friday: changed from 09:00-12:00, 13:00-18:00 to 08:00-11:00, 13:00-18:00",
        "日历 office，星期五：由 09:00-12:00、13:00-18:00 改为 08:00-11:00、13:00-18:00",
    ),
    "a day opened": (
        {"calendars__office__weekly__sat": ["09:00-12:00"]},
        "calendar office, Saturday: now 09:00-12:00 (was closed)",
        "日历 office，星期六：改为 09:00-12:00（原为休息）",
    ),
    "a day closed": (
        {"calendars__office__weekly__tue": []},
        "calendar office, Tuesday: now closed (was 09:00-12:00, 13:00-18:00)",
        "日历 office，星期二：改为休息（原为 09:00-12:00、13:00-18:00）",
    ),
    "a calendar": (
        {"calendars__shop": {"zone": "UTC", "weekly": {"fri": ["10:00-12:00"], "mon": ["08:00-09:00"]}}},
        "calendar shop: new, with weekly (mon 08:00-09:00; fri 10:00-12:00); zone UTC",
        "日历 shop：新增：weekly (mon 08:00-09:00；fri 10:00-12:00)；zone UTC",
    ),
    "renamed": (
        {"name": "mine"},
        "name of the rulebook: changed from after_sales to mine",
        "规则手册名称：由 after_sales 改为 mine",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_a_change_is_said_as_people_say_it(name: str) -> None:
    changes, en, zh = SAID[name]
    full = copy.deepcopy(FULL)
    change = only(book(**full), book(**{**full, **changes}))
    assert (change.words.en, change.words.zh) == (en, zh)


def test_a_context_is_turned_on_and_off() -> None:
    with_stock, without = book(inventory=STOCK), book()
    [on], [off] = (
        [change for change in compare(*books).changes if change.section == "inventory"]  # beside its texts
        for books in ((without, with_stock), (with_stock, without))
    )
    assert (on.words, on.kind, on.acts) == (Text("stock: turned on", "库存：启用"), ChangeKind.ADDED, Acts.AT_ONCE)
    assert (off.words.en, off.kind, off.acts) == ("stock: turned off", ChangeKind.REMOVED, Acts.AT_ONCE)


def test_a_setting_and_a_table_that_go_are_said_with_what_they_were() -> None:
    renewals = copy.deepcopy(RENEWALS)
    assert only(book(renewals={**renewals, "plans": {"a": PLAN, "b": PLAN}}), book(renewals={**renewals, "plans": {
        "a": PLAN}})).words.en == "plan b: removed (it had device bought; gift_months 1 month; months 1 month; price 1000 CNY)"  # fmt: skip  # noqa: E501
    gone = only(book(calendars__office__boundary="next_open"), book())
    assert gone.words == Text(
        "calendar office, boundary: no longer set (was next_open)",
        "日历 office，boundary：不再设定（原为 next_open）",
    )


@attrs.frozen
class Shelf:
    level: str
    boards: int = 1


@attrs.frozen
class Store:
    shelves: tuple[Shelf, ...] = ()
    marks: tuple[int, ...] = ()
    scale: Decimal = Decimal(1)
    flag: str = ""


STORE = Section(
    "store",
    Store,
    labels={
        "shelves": Text("shelves", "货架"),
        "shelves.*.*": Text("any {1}", "{1}"),
        "*": Text("any", "任意"),
        "marks": Text("store, marks", "标记"),
        "scale": Text("store, scale", "比例"),
        "flag": Text("store, flag", "标志"),
        "shelves.*.boards": Label("boards of {0}", "{0} 的层数", Unit.PLAIN),
    },
)


def stores(**settings: Any) -> Rulebook:
    return loads(toml({**house(), "store": settings}), (*sections(), STORE))


@pytest.mark.parametrize(
    ("old", "new", "en"),
    [
        ({"marks": [1, 2]}, {"marks": [2, 1]}, "store, marks: in another order: 2, 1"),
        ({"marks": [1, 1, 2]}, {"marks": [1, 2]}, "store, marks: changed from 1, 1, 2 to 1, 2"),
        ({"marks": [1, 1, 2]}, {"marks": [1, 2, 2]}, "store, marks: changed from 1, 1, 2 to 1, 2, 2"),
        ({"marks": []}, {"marks": [3]}, "store, marks: now also 3"),
        ({"scale": Decimal("1.0")}, {"scale": 1}, "store, scale: written in another way, still 1"),
        ({"scale": Decimal("1E+40")}, {"scale": 1}, "store, scale: changed from 1E+40 to 1"),
        ({"scale": Decimal("-0.5")}, {"scale": 2}, "store, scale: raised from -0.5 to 2 (+2.5)"),
        ({"flag": "5 XYZ"}, {"flag": "six days"}, "store, flag: changed from 5 XYZ to six days"),
        ({"flag": "48 hours"}, {"flag": "1 hours"}, "store, flag: shortened from 48 hours to 1 hour"),
        ({"flag": "120 minutes"}, {"flag": "2 hours"}, "store, flag: written in another way, still 2 hours"),
        (
            {"shelves": [{"level": "low"}, {"level": "high"}]},
            {"shelves": [{"level": "high"}, {"level": "low"}]},
            "shelves: in another order: level high, level low",
        ),
        (
            {"shelves": [{"level": "low", "boards": 2}]},
            {"shelves": [{"level": "low", "boards": 3}]},
            "boards of level low: raised from 2 to 3 (+1)",
        ),
        (
            {"shelves": [{"level": "low", "boards": 1}, {"level": "low"}]},
            {"shelves": [{"level": "low", "boards": 1}]},
            "shelves, no. 2: removed (it had level low)",
        ),
    ],
)
def test_each_context_words_its_own_settings(old: dict[str, Any], new: dict[str, Any], en: str) -> None:
    assert only(stores(**old), stores(**new)).words.en == en


AMOUNTS = st.integers(1, 10**9).map(lambda minor: f"{Decimal(minor).scaleb(-2)} CNY")
TIMES = st.builds(
    lambda count, unit: f"{count} {unit}",
    st.integers(0, 400),
    st.sampled_from(["days", "working days", "hours", "minutes"]),
)


@given(AMOUNTS, AMOUNTS)
def test_a_price_is_raised_where_it_is_more_and_by_the_difference(was: str, now: str) -> None:
    if was == now:
        return
    one, other = (Money.of(*text.split()) for text in (was, now))
    said = only(stores(flag=was), stores(flag=now)).words
    step = str(other - one).replace(".00", "")
    step = step.replace("0 CNY", " CNY") if "." in step and step.endswith("0 CNY") else step
    assert said.en.startswith(f"store, flag: {'raised' if other > one else 'lowered'} from ")
    assert said.en.endswith(f" ({'+' if other > one else ''}{step})")
    assert ("提高" in said.zh) is (other > one)


@given(TIMES, TIMES)
def test_a_time_is_shortened_where_it_is_shorter(was: str, now: str) -> None:
    one, other = parse_duration(was), parse_duration(now)
    if was == now:
        return
    said = only(stores(flag=was), stores(flag=now)).words
    if type(one) is not type(other):
        verb = "changed"
    elif one == other:
        verb = "written"
    else:
        size = attrs.astuple(one)[0], attrs.astuple(other)[0]
        verb = "shortened" if size[1] < size[0] else "lengthened"
    assert f"store, flag: {verb} " in said.en


# --- permissions ------------------------------------------------------------------------------------------------------

SCOPES = st.sampled_from(["own", "branch", "all"])
WIDTH = {"own": 1, "branch": 2, "all": 3}
PATTERNS = ["complaints.read", "complaints.receive", "complaints.accept", "complaints.close"]
MATRICES = st.fixed_dictionaries(
    {
        "roles": st.fixed_dictionaries(
            {
                role: st.dictionaries(st.sampled_from([*PATTERNS, "complaints.*", "*"]), SCOPES, max_size=3)
                for role in ("r1", "r2")
            }
        ),
        "positions": st.dictionaries(
            st.sampled_from(["p1", "p2", "p3"]), st.lists(st.sampled_from(["r1", "r2"]), unique=True), max_size=3
        ),
    }
)


@cache
def known() -> frozenset[str]:
    return book().actions


def effective(matrix: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What each position may do, worked out here: action by action, the widest line of any of its roles."""
    found: dict[str, dict[str, str]] = {}
    for position, roles in matrix["positions"].items():
        for action in sorted(known()):
            named = (action, f"{action.partition('.')[0]}.*", "*")
            scopes = [s for r in roles for p, s in matrix["roles"][r].items() if p in named]
            if scopes:
                found.setdefault(position, {})[action] = max(scopes, key=WIDTH.__getitem__)
    return found


@pytest.mark.rule(PERMITTED)
@FEW
@given(MATRICES, MATRICES)
def test_a_change_of_permissions_acts_where_somebody_may_do_more_or_less(old: Any, new: Any) -> None:
    diff = compare(book(permissions=old), book(permissions=new))
    was, now = effective(old), effective(new)
    if was == now:
        assert not diff.acting(Acts.AT_ONCE)
    else:
        assert diff.sections(Acts.AT_ONCE) == {"permissions"}
    for change in diff.changes:
        if change.way[1] != "positions":
            continue
        said = clauses(change.words.en)
        before, after = was.get(str(change.way[2]), {}), now.get(str(change.way[2]), {})
        assert actions(said.get("may now also do", "")) == after.keys() - before.keys()
        assert actions(said.get("may no longer do", "")) == before.keys() - after.keys()
        both = [a for a in before.keys() & after.keys() if before[a] != after[a]]
        assert {a for a in both if WIDTH[before[a]] < WIDTH[after[a]]} == actions(said.get("more widely", ""))
        assert {a for a in both if WIDTH[before[a]] > WIDTH[after[a]]} == actions(said.get("less widely", ""))
        assert ("may do the same as before" in change.words.en) is (before == after)


def clauses(words: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for clause in words.split("; "):
        for mark in ("may now also do", "may no longer do", "more widely", "less widely"):
            if mark in clause:
                found[mark] = found.get(mark, "") + clause
    return found


def actions(clause: str) -> set[str]:
    return {action for action in known() if action in clause}


#: A small matrix, for words that are easily read.
MATRIX: dict[str, Any] = {
    "positions": {
        "sales": ["sales"],
        "service_agent": ["service"],
        "service_manager": ["service", "service_management"],
        "deputy_general_manager": ["management"],
        "general_manager": ["management"],
    },
    "roles": {
        "sales": {"complaints.read": "own", "complaints.receive": "branch"},
        "service": {
            "complaints.read": "branch",
            "complaints.receive": "branch",
            "complaints.accept": "branch",
            "complaints.close": "own",
        },
        "service_management": {"complaints.*": "branch"},
        "management": {"complaints.read": "all"},
    },
}


@pytest.mark.rule(PERMITTED)
@pytest.mark.parametrize(
    ("changes", "en", "zh", "acts"),
    [
        (
            {"permissions__positions__sales": ["sales", "service"]},
            "position sales may now also do complaints.accept (records of the branch), complaints.close (own records); "
            "may do complaints.read more widely, from own records to records of the branch",
            "职位 sales：新增权限 complaints.accept（本分支）、complaints.close（本人）；"
            "complaints.read 范围由本人扩大到本分支",
            Acts.AT_ONCE,
        ),
        (
            {"permissions__roles__management": {"complaints.read": "own"}},
            "role management (held by deputy_general_manager, general_manager) may do complaints.read less widely, "
            "from all records to own records",
            "角色 management（职位：deputy_general_manager、general_manager）：complaints.read 范围由全部缩小到本人",
            Acts.AT_ONCE,
        ),
        (
            {"permissions__roles__service_management__complaints.read": "own"},  # its complaints.* reaches further
            "role service_management (held by service_manager) may do the same as before",
            "角色 service_management（职位：service_manager）：权限不变",
            Acts.NEVER,
        ),
        (
            {"permissions__roles__temp": {"complaints.read": "own"}},
            "role temp (held by nobody) may now also do complaints.read (own records)",
            "角色 temp（无职位）：新增权限 complaints.read（本人）",
            Acts.NEVER,
        ),
    ],
)
def test_who_may_do_what_is_said_by_name(changes: dict[str, Any], en: str, zh: str, acts: Acts) -> None:
    change = only(book(permissions=MATRIX), book(permissions=copy.deepcopy(MATRIX), **changes))
    assert (change.words, change.acts) == (Text(en, zh), acts)


@pytest.mark.rule(PERMITTED)
def test_a_line_of_a_role_is_said_apart_from_its_other_lines() -> None:
    lines = {"permissions__roles__sales__complaints.read": "all", "permissions__roles__sales__complaints.accept": "own"}
    accept, read = compare(book(permissions=MATRIX), book(permissions=copy.deepcopy(MATRIX), **lines)).changes
    assert accept.words.en == "role sales (held by sales) may now also do complaints.accept (own records)"
    assert read.words.en == (
        "role sales (held by sales) may do complaints.read more widely, from own records to all records"
    )


@pytest.mark.rule(PERMITTED)
def test_two_changes_that_do_nothing_alone_may_act_together() -> None:
    def matrix(role: str, scope: str, **more: Any) -> dict[str, Any]:
        roles = {"r1": {"complaints.read": "own"}, "r2": {"complaints.read": scope}, **more}
        return {"permissions": {"roles": roles, "positions": {"p": [role]}}}

    diff = compare(book(**matrix("r1", "own")), book(**matrix("r2", "all", r3={})))
    assert {change.path.rpartition(".permissions.")[2]: change.acts for change in diff.changes} == {
        "positions.p": Acts.AT_ONCE,
        "roles.r2['complaints.read']": Acts.AT_ONCE,
        "roles.r3": Acts.NEVER,
    }


@pytest.mark.rule(PERMITTED)
def test_of_two_changes_that_each_would_do_none_is_told_as_idle() -> None:
    def matrix(held: list[str], line: dict[str, str]) -> dict[str, Any]:
        return {"permissions": {"roles": {"r1": line, "r2": line}, "positions": {"p": held}}}

    diff = compare(book(**matrix([], {})), book(**matrix(["r1", "r2"], {"complaints.read": "own"})))
    assert [change.acts for change in diff.changes] == [Acts.AT_ONCE] * 3


# --- on whom it acts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "acts"),
    [
        ({"complaints__close_within": "4 days"}, Acts.ON_REBASE),
        ({"complaints__warnings": [50]}, Acts.ON_REBASE),
        ({"organisation__branches": {"b": {}}}, Acts.AT_ONCE),
        ({"calendars__office__zone": "UTC"}, Acts.AT_ONCE),
        ({"permissions__positions__clerk": ["sales"]}, Acts.AT_ONCE),
        ({"name": "mine"}, Acts.NEVER),
        ({"complaints__close_within": "6 day"}, Acts.NEVER),
        ({"complaints__extra": {}}, Acts.NEVER),  # what holds anyway
        ({"calendars__office__weekly__sat": []}, Acts.NEVER),  # closed it was anyway
        ({"calendars__office__weekly__sat": ["09:00-12:00"]}, Acts.AT_ONCE),
        ({"calendars__office__boundary": "close"}, Acts.NEVER),
    ],
)
def test_a_change_acts_at_once_or_waits_for_a_rebase_or_not_at_all(changes: dict[str, Any], acts: Acts) -> None:
    diff = compare(book(), book(**changes))
    assert [change.acts for change in diff.changes] == [acts]
    assert diff.acting(acts) == diff.changes
    assert diff.sections(acts) == {diff.changes[0].section}


def test_a_change_that_means_the_same_is_told_from_one_beside_it_that_does_not() -> None:
    diff = compare(book(), book(complaints__close_within="6 day", complaints__overrun_to="general_manager"))
    assert {change.path: change.acts for change in diff.changes} == {
        "$.complaints.close_within": Acts.NEVER,
        "$.complaints.overrun_to": Acts.ON_REBASE,
    }


def test_changes_that_only_make_sense_together_act() -> None:
    one = {**RENEWALS, "longest_months": 12, "plans": {"a": {**PLAN, "months": 12}}}
    two = {**RENEWALS, "longest_months": 24, "plans": {"a": {**PLAN, "months": 24}}}
    diff = compare(book(renewals=one), book(renewals=two))
    assert {change.path: change.acts for change in diff.changes} == {
        "$.renewals.longest_months": Acts.ON_REBASE,
        "$.renewals.plans.a.months": Acts.ON_REBASE,
    }


def test_what_many_cases_share_is_current_and_a_context_of_cases_is_pinned() -> None:
    assert {s.name for s in sections() if not s.pinned} == {
        *("organisation", "calendars", "permissions"),
        *("staff", "customers", "payments", "inventory", "messages"),  # shared by many cases, or kept for years
    }
    assert Section("anything", Store).pinned


def test_a_difference_is_frozen() -> None:
    (change,) = differences({"a": 1}, {"a": 2})
    assert isinstance(change, Difference)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        change.before = 3  # type: ignore[misc]
