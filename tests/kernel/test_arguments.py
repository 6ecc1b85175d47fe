"""Arguments of commands are what their signatures say, or refused by name before anything is read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NewType, Required, TypedDict, TypeVar, Unpack

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules import PORTS
from csdomain.kernel.values.arguments import WrongArgument, holds, is_command, type_commands, typed

pytestmark = pytest.mark.rule(PORTS)

T = TypeVar("T")
TicketId = NewType("TicketId", str)


class Colour(Enum):
    RED = "red"


@attrs.frozen
class Goods:
    name: str


class Options(TypedDict, total=False):
    by: str
    at: datetime
    key: str | None


#: Values by the types that they are of, exactly.
SAMPLES: dict[type, Any] = {
    str: "text",
    bytes: b"text",
    int: 3,
    bool: True,
    float: 1.5,
    type(None): None,
    list: ["a"],
    tuple: ("a",),
    set: {"a"},
    dict: {"a": "b"},
    datetime: datetime(2026, 3, 2),  # noqa: DTZ001 - whether it has a zone is asked elsewhere
    Colour: Colour.RED,
    Goods: Goods("cover"),
}
#: Annotations, with the types whose samples they hold.
HELD: list[tuple[Any, set[type]]] = [
    (str, {str}),
    (int, {int}),
    (bool, {bool}),
    (TicketId, {str}),
    (Colour, {Colour}),
    (Goods, {Goods}),
    (datetime, {datetime}),
    (str | None, {str, type(None)}),
    (int | Goods | None, {int, Goods, type(None)}),
    (Sequence[str], {list, tuple, set}),
    (Iterable[str], {list, tuple, set}),
    (tuple[str, ...], {tuple}),
    (tuple[str], {tuple}),
    (tuple[str, str], set()),
    (frozenset[str], set()),
    (Sequence[int], set()),
    (Mapping[str, str], {dict}),
    (Sequence[str] | None, {list, tuple, set, type(None)}),
    (Any, set(SAMPLES)),
    (T, set(SAMPLES)),
]


@pytest.mark.parametrize(("kind", "held"), HELD, ids=[str(kind)[:40] for kind, _ in HELD])
def test_a_type_holds_what_is_of_it_and_nothing_else(kind: Any, held: set[type]) -> None:
    fits = holds(kind)
    assert {sample for sample, value in SAMPLES.items() if fits(value)} == held


@given(st.lists(st.sampled_from(["a", 1, None]), max_size=4), st.sampled_from([list, tuple, set, frozenset]))
def test_a_collection_is_what_all_its_members_are(members: list[Any], make: Callable[[list[Any]], Any]) -> None:
    assert holds(Sequence[str])(make(members)) is all(member == "a" for member in members)
    assert holds(Sequence[str | None])(make(members)) is all(member != 1 for member in members)


def test_what_can_be_read_only_once_is_no_collection() -> None:
    assert not holds(Sequence[str])(iter(["a"]))


class Desk:
    """A service as contexts have it."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def receive(self, goods: Goods, /, count: int = 1, *marks: str, **call: Unpack[Options]) -> str:
        """A command."""
        self.done.append((goods, count, marks, call))
        return goods.name

    def find(self, names: Sequence[str] = (), *, by: str) -> int:
        """A question."""
        return len(names)

    def change(self, work: Callable[[], int], **call: Unpack[Options]) -> int:
        """Machinery."""
        return work()

    def plain(self, count: int) -> int:
        """Neither."""
        return count

    def _own(self, *, by: str) -> str:
        return by


def test_commands_and_questions_are_checked_and_machinery_is_not() -> None:
    names = {name for name, member in vars(Desk).items() if callable(member) and is_command(member)}
    assert names == {"receive", "find"}
    before = Desk.receive
    assert type_commands(Desk) is Desk
    once = Desk.receive
    assert once is not before
    assert type_commands(Desk).receive is once, "checked once, however often it is asked for"
    assert (once.__name__, once.__doc__) == ("receive", "A command.")


@pytest.mark.parametrize(
    ("call", "field", "given_", "wanted"),
    [
        (lambda d: d.find(3, by="ann"), "names", "int", "Sequence[str]"),
        (lambda d: d.find(["a", 3], by="ann"), "names", "list", "Sequence[str]"),
        (lambda d: d.find(names="ab", by="ann"), "names", "str", "Sequence[str]"),
        (lambda d: d.find(by=None), "by", "NoneType", "str"),
        (lambda d: d.receive(Goods("a"), "2", by="ann"), "count", "str", "int"),
        (lambda d: d.receive(Goods("a"), True, by="ann"), "count", "bool", "int"),
        (lambda d: d.receive(Goods("a"), by="ann", key=7), "key", "int", "str | None"),
    ],
)
def test_a_wrong_argument_is_named(call: Callable[[Any], Any], field: str, given_: str, wanted: str) -> None:
    desk = type_commands(Desk)()
    with pytest.raises(WrongArgument) as refused:
        call(desk)
    assert (refused.value.facts, refused.value.accepted and refused.value.accepted.en) == (
        {"field": field, "given": given_},
        wanted,
    )
    assert "参数的类型不符" in refused.value.render("zh")
    assert desk.done == []


def test_what_is_right_goes_through_as_it_is() -> None:
    desk = type_commands(Desk)()
    goods = Goods("cover")
    assert desk.receive(goods, 2, "a", "b", by="ann", key=None) == "cover"
    assert desk.done == [(goods, 2, ("a", "b"), {"by": "ann", "key": None})]
    assert desk.find({"a", "b"}, by="ann") == 2  # type: ignore[arg-type]  # a set is a collection of names as well


def test_a_class_may_name_what_stands_below_it() -> None:
    def later(it: "Below", *, by: str) -> str:
        return by

    class Below: ...

    later.__annotations__["it"] = Below
    checked = typed(later)
    assert checked(Below(), by="ann") == "ann"
    with pytest.raises(WrongArgument):
        checked("it", by="ann")  # type: ignore[arg-type]  # that is what is refused


class Needs(TypedDict, total=False):
    by: Required[str]
    key: str | None
    expected_version: int | None


@typed
def called(id: str, text: str = "", **call: Unpack[Needs]) -> tuple[str, str, str]:
    return id, text, call["by"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"by": "ann", "idempotency_key": "r1"}, r"called\(\) .*unexpected.*'idempotency_key'; did you mean 'key'\?"),
        ({"by": "ann", "expected": 3}, "did you mean 'expected_version'"),
        ({"by": "ann", "zzz": 3}, "it takes by, expected_version, id, key, text"),
        ({"key": "r1"}, "missing required keyword arguments: 'by'"),
    ],
)
def test_f07_an_unknown_keyword_or_a_missing_one_is_a_type_error(given: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        called("i", **given)
    assert called("i", text="t", by="ann", key=None, expected_version=1) == ("i", "t", "ann")
