"""Every class that use cases answer with, found from the declarations of the contexts, and values of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from inspect import getmembers, isfunction, unwrap
from types import UnionType
from typing import Any, Final, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from hypothesis import strategies as st

from csdomain.contexts import contexts
from csdomain.frame.describe import _parts, events_of, service_class
from csdomain.kernel.cases.timers import Timer, TimerExplanation
from csdomain.kernel.rules import MONEY, TIME, Rule
from csdomain.kernel.values.arguments import is_command
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.kernel.values.personal import is_withheld, personal_kind
from csdomain.testing.strategies import durations, instants, money

#: What stands in every personal text, and in every salt, seal and digest, of a drawn value.
PERSONAL: Final = "qz-personal-qz"
WITHHELD: Final = "qz-withheld-qz"


def reached() -> tuple[type[Any], ...]:
    """Every attrs class that kinds, events, answers of commands and questions, timers and deadlines are made of."""
    found: set[type[Any]] = set()

    def visit(kind: Any) -> None:
        for member in get_args(kind):
            visit(member)
        cls = get_origin(kind) or kind
        if isinstance(cls, type) and attrs.has(cls) and cls not in found:
            found.add(cls)
            for field in attrs.fields(attrs.resolve_types(cls)):
                visit(field.type)

    for kind in (Timer, TimerExplanation, *roots()):
        visit(kind)
    return tuple(sorted(found - {Money, Rule, NumberPattern}, key=lambda cls: f"{cls.__module__}.{cls.__name__}"))


def roots() -> Iterator[Any]:
    for context in contexts():
        yield from (kind.type for kind in context.kinds)
        yield from events_of(context)
        service = service_class(context)
        for one in () if service is None else (service, *_parts(service).values()):
            for name, function in getmembers(one, isfunction):
                if is_command(function) and name != "as_data":
                    yield get_type_hints(unwrap(function)).get("return")


_SCALARS: Final[Mapping[Any, Callable[[], st.SearchStrategy[Any]]]] = {
    str: lambda: st.text(max_size=8),
    int: lambda: st.integers(-(10**12), 10**12),
    bool: st.booleans,
    type(None): st.none,
    datetime: instants,
    date: st.dates,
    time: st.times,
    timedelta: lambda: st.timedeltas(timedelta(-99), timedelta(9999)),
    Decimal: lambda: st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False),
    Fraction: st.fractions,
    Money: money,
    Rule: lambda: st.sampled_from([MONEY, TIME]),
    NumberPattern: lambda: st.just(NumberPattern("KS{yyyy}-{seq:04}")),
    Any: lambda: st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    object: lambda: st.none() | st.booleans() | st.integers() | st.text(max_size=8),
}


def values(kind: Any, text: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Any]:
    """Values of a type. Classes are made past their checks: a view reads fields and does not ask what they are."""
    if isinstance(kind, NewType):
        return values(kind.__supertype__, text)
    if kind is str and text is not None:
        return text
    if kind in _SCALARS:
        return _SCALARS[kind]()
    if isinstance(kind, TypeVar):
        return values(object)
    origin, members = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([values(member, text) for member in members])
    if origin is Literal:
        return st.sampled_from(members)
    cls = origin or kind
    if issubclass(cls, Enum):
        return st.sampled_from(list(cls))
    if attrs.has(cls):
        return instances(cls)
    return collections(cls, members, text)


def collections(cls: type, members: tuple[Any, ...], text: st.SearchStrategy[str] | None) -> st.SearchStrategy[Any]:
    if issubclass(cls, Mapping):
        return st.dictionaries(values(members[0]), values(members[1], text), max_size=2)
    if issubclass(cls, AbstractSet):
        return st.frozensets(values(members[0], text), max_size=2)
    if cls is tuple and members[-1] is not Ellipsis:
        return st.tuples(*(values(member, text) for member in members))
    assert issubclass(cls, Iterable), cls
    return st.lists(values(members[0], text), min_size=1, max_size=2).map(tuple)


def instances(cls: Any) -> st.SearchStrategy[Any]:
    """Values of an attrs class; its personal texts and what seals them are marked."""
    drawn = {}
    for field in attrs.fields(attrs.resolve_types(cls)):
        text = None
        if is_withheld(field):
            text = st.just(f"a {WITHHELD} b")
        elif personal_kind(field) is not None:
            text = st.just(f"a {PERSONAL} b")
        drawn[field.name] = values(field.type, text)

    def make(given: Mapping[str, Any]) -> Any:
        made = cls.__new__(cls)
        for name, value in given.items():
            object.__setattr__(made, name, value)
        return made

    return st.fixed_dictionaries(drawn).map(make)


__all__ = ["PERSONAL", "WITHHELD", "durations", "instances", "reached", "values"]
