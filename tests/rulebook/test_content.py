"""A rulebook extends another key by key and is known by its content: equal content, equal ref (KRN-01)."""

import copy
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.rules import HOUSE_RULES, TIME
from csdomain.kernel.rules.errors import MissingBackend, NotFound, RulebookInvalid
from csdomain.kernel.values.actors import Actor, ActorId, Scope
from csdomain.kernel.values.durations import CalendarDays, WorkingDays
from csdomain.rulebook import CALENDARS, ORGANISATION, PERMISSIONS, House, SectionMissing, loads, restore
from csdomain.rulebook.house import calendars
from rulebook.test_loading import AFTER_SALES, EVERYTHING, GOOD, house, put, toml

pytestmark = pytest.mark.rule(HOUSE_RULES)

ALL = (*sections(), EVERYTHING)
FEW = settings(max_examples=settings().max_examples // 4)  # each reads and writes whole books
CHINA = Holidays("CN", holidays=[date(2026, 1, 1)], make_up_days=[], years=[2026])


def shuffled(value: Any, order: Any) -> Any:
    """The same tables with their keys in another order."""
    if not isinstance(value, dict):
        return value
    keys = order.draw(st.permutations(list(value)))
    return {key: shuffled(value[key], order) for key in keys}


def leaves(book: Mapping[str, Any], way: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in book.items():
        found += leaves(value, (*way, key)) if isinstance(value, dict) and value else [(*way, key)]
    return found


def at(book: Any, way: tuple[str, ...]) -> Any:
    for key in way:
        book = book[key]
    return book


@FEW
@given(st.data())
def test_equal_content_has_equal_ref_whatever_the_order_and_the_remarks(data: st.DataObject) -> None:
    book = {**house(), "everything": GOOD}
    one = loads(toml(book), ALL)
    other = loads("# a remark\n\n" + toml(shuffled(book, data)) + "\n# the end", ALL)
    assert one.ref == other.ref
    assert one == other
    assert hash(one) == hash(other)
    assert one.canonical == other.canonical


#: Another value of the same type for any that stands in a book.
def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Decimal):
        return value + 1
    if isinstance(value, datetime):
        return value.replace(second=1)
    if isinstance(value, date):
        return value.replace(day=1)
    if isinstance(value, time):
        return value.replace(second=1)
    return None


CHANGES: dict[tuple[str, ...], Any] = {
    ("name",): "after_sales_2",
    ("organisation", "branches"): {"b1": {"zone": "Asia/Tokyo"}},
    ("organisation", "zone"): "Asia/Taipei",
    ("calendars", "office", "public_holidays"): "TW",
    ("calendars", "office", "weekly", "mon"): ["09:00-12:00", "13:00-17:59"],
    ("complaints", "close_within"): "7 days",
    ("complaints", "warnings"): [50, 81],
    ("complaints", "number"): "KS{yyyy}{mm}-{seq:05}",
    ("permissions", "positions", "sales"): ["service"],
    ("permissions", "roles", "sales", "complaints.read"): "all",
    ("permissions", "roles", "new"): {},
    **{("everything", key): changed(value) for key, value in GOOD.items() if changed(value) is not None},
}


@FEW
@given(st.sets(st.sampled_from(sorted(CHANGES))), st.sets(st.sampled_from(sorted(CHANGES))))
def test_any_change_of_content_gives_another_ref(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> None:
    books = []
    for ways in (one, other):
        book = copy.deepcopy({**house(), "everything": GOOD})
        for way in ways:
            put(book, list(way), CHANGES[way])
        books.append(loads(toml(book), ALL))
    assert (books[0].ref == books[1].ref) is (one == other)
    assert (books[0] == books[1]) is (one == other)
    assert books[0] != books[0].ref


@FEW
@given(st.sets(st.sampled_from(sorted(CHANGES))))
def test_a_book_comes_back_from_its_canonical_text(ways: set[tuple[str, ...]]) -> None:
    book = copy.deepcopy({**house(), "everything": GOOD})
    for way in ways:
        put(book, list(way), CHANGES[way])
    loaded = loads(toml(book), ALL)
    back = restore(loaded.canonical, ALL)
    assert (back.name, back.ref, back.canonical, back.actions) == (
        loaded.name,
        loaded.ref,
        loaded.canonical,
        loaded.actions,
    )
    assert back.parts == loaded.parts


# --- extends ----------------------------------------------------------------------------------------------------------


@FEW
@given(
    st.sets(st.sampled_from(sorted(set(CHANGES) - {("name",)}))),
    st.sets(st.sampled_from(sorted(set(CHANGES) - {("name",)}))),
)
def test_a_book_overrides_what_it_extends_key_by_key(mine: set[tuple[str, ...]], base: set[tuple[str, ...]]) -> None:
    grandparent = {**house(), "everything": GOOD}
    parent: dict[str, Any] = {"name": "parent", "extends": "grandparent"}
    child: dict[str, Any] = {"name": "child", "extends": "parent"}
    flat = copy.deepcopy({**grandparent, "name": "child"})
    for book, ways in ((parent, base), (child, mine)):
        for way in ways:
            put(book, list(way), CHANGES[way])
    for way in base | mine:
        put(flat, list(way), CHANGES[way])
    library = {"grandparent": toml(grandparent), "parent": toml(parent)}
    loaded = loads(toml(child), ALL, library.get)
    assert loaded.ref == loads(toml(flat), ALL).ref
    inherited, original = tomllib.loads(toml(flat)), tomllib.loads(toml(grandparent))
    for way in leaves(grandparent):
        if way != ("name",) and way not in base | mine:
            assert at(inherited, way) == at(original, way)


def test_overriding_one_key_leaves_the_others() -> None:
    mine = 'name = "mine"\nextends = "after_sales"\n[complaints]\nclose_within = "4 working days"\n'
    book = loads(mine, sections(), shipped)
    rules, theirs = book[COMPLAINT_RULES], loads(AFTER_SALES, sections())[COMPLAINT_RULES]
    assert rules == attrs.evolve(theirs, close_within=WorkingDays(4))
    assert theirs.close_within == CalendarDays(6)
    assert book.name == "mine"


@pytest.mark.parametrize(
    ("first", "library", "said"),
    [
        ('extends = "a"', {}, "a extends a"),
        ('extends = "b"', {"b": 'name = "b"\nextends = "a"'}, "a extends b extends a"),
        ('extends = "b"', {"b": 'name = "b"\nextends = "b"'}, "b extends b"),
        ('extends = "b"', {"b": 'name = "c"\nextends = "b"'}, "extends b"),  # a text that is named otherwise
        ('extends = "b"', {"b": 'name = "c"\nextends = "d"', "d": 'name = "e"\nextends = "b"'}, "extends b"),
        ('extends = "b"', {"b": 'name = "c"\nextends = "c"', "c": 'name = "b"\nextends = "b"'}, "extends c"),
    ],
)
def test_a_circle_of_books_is_refused(first: str, library: dict[str, str], said: str) -> None:
    with pytest.raises(RulebookInvalid, match=said) as refused:
        loads(f'name = "a"\n{first}', sections(), library.get)
    (fault,) = refused.value.faults
    assert fault.endswith(" @ $.extends")


@pytest.mark.parametrize("base", ['"nobody"', "5", '["after_sales"]', "true", '{name = "after_sales"}', '""'])
def test_a_base_that_there_is_not_is_named(base: str) -> None:
    with pytest.raises(RulebookInvalid) as refused:
        loads(f'name = "a"\nextends = {base}', sections(), shipped)
    (fault,) = refused.value.faults
    assert fault.startswith("no rulebook ")
    assert fault.endswith(" @ $.extends")


def test_a_fault_in_the_base_is_named_too() -> None:
    for text in ("name = ", "", 'name = "b"\n[complaints]\nnumber = 1'):
        with pytest.raises(RulebookInvalid):
            loads('name = "a"\nextends = "b"', sections(), {"b": text}.get)


# --- sections, the house ----------------------------------------------------------------------------------------------


def test_a_context_whose_section_is_left_out_is_off() -> None:
    plain = {"name": "plain", **{key: house()[key] for key in ("organisation", "calendars")}}
    book = loads(toml({**plain, "permissions": {"roles": {}, "positions": {}}}), sections())
    assert COMPLAINT_RULES not in book
    assert ORGANISATION in book
    with pytest.raises(SectionMissing) as refused:
        book[COMPLAINT_RULES]
    assert refused.value.facts["section"] == "complaints"


def test_a_rulebook_cannot_be_changed_and_shows_its_ref() -> None:
    book = loads(AFTER_SALES, sections())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        book.name = "x"  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        book[COMPLAINT_RULES].close_within = CalendarDays(9)  # type: ignore[misc]
    assert repr(book) == f"Rulebook('{book.ref}')"


def made(**changes: Any) -> House:
    return House(loads(toml(house(**changes)), sections()), sections(), {"CN": CHINA}.get)


def test_a_house_answers_for_each_branch() -> None:
    shop = {"zone": "Asia/Tokyo", "weekly": {"sun": ["10:00-16:00"]}}
    branches = {"tokyo": {"zone": "Asia/Tokyo", "calendar": "shop"}, "plain": {}}
    there = made(organisation__branches=branches, calendars__shop=shop)
    assert [there.zone(b) for b in ("tokyo", "plain", "unlisted")] == ["Asia/Tokyo", "Asia/Shanghai", "Asia/Shanghai"]
    assert [there.calendar_of(b).name for b in ("tokyo", "plain", "unlisted")] == ["shop", "office", "office"]
    assert there.currency == "CNY"
    assert there.calendar("office").is_holiday(date(2026, 1, 1))
    assert there.calendar("shop") is there.calendar("shop")
    with pytest.raises(NotFound) as refused:
        there.calendar("night")
    assert "office, shop" in str(refused.value)


def test_holidays_that_nobody_knows_are_missed_when_the_house_is_built() -> None:
    with pytest.raises(MissingBackend):
        House(loads(AFTER_SALES, sections()), sections())


@given(st.sets(st.sampled_from(["sales", "service_agent", "service_manager", "general_manager", "stranger"])))
def test_a_house_grants_what_the_matrix_of_its_book_says(positions: set[str]) -> None:
    there = made()
    matrix = there.rulebook[PERMISSIONS]
    grants = there.resolve(Actor(ActorId("a"), "b", frozenset(positions), {"complaints.close": Scope.ALL})).grants  # type: ignore[dict-item]
    for action in there.rulebook.actions:
        wanted = [
            scope.value
            for position in positions & set(matrix.positions)
            for role in matrix.positions[position]
            for pattern, scope in matrix.roles[role].items()
            if pattern in (action, action.partition(".")[0] + ".*")
        ]
        widest = next((s for s in ("all", "branch", "own") if s in wanted), None)
        assert (grants[action].value if action in grants else None) == widest


def test_calendars_without_a_house_come_from_a_mapping() -> None:
    spec = loads(AFTER_SALES, sections())[CALENDARS]["office"].spec
    office = WorkCalendar(spec, "office")
    assert calendars({"office": office})("office") is office
    with pytest.raises(NotFound):
        calendars({})("office")


@pytest.mark.rule(TIME)
def test_the_hours_of_a_house_are_in_its_zone() -> None:
    assert made().calendar("office").is_open(datetime(2026, 3, 9, 1, 30, tzinfo=UTC))  # 09:30 in Shanghai
    assert not made(calendars__office__zone="UTC").calendar("office").is_open(datetime(2026, 3, 9, 1, 30, tzinfo=UTC))
