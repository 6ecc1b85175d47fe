"""Arguments of commands and questions are what their signatures say, or refused by name before anything is read.

Types are checked where people come in from outside; inside, the type checker has done it. What people hand in has a
bound: values of theirs check their fields when they are made, by :func:`checked`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sized
from datetime import datetime
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, isfunction, signature
from itertools import islice
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    NewType,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import attrs

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue, aware

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Holds = Callable[[object], bool]
#: Refused by names of their own: MalformedId, NaiveTime.
_ELSEWHERE: Final = frozenset({"self", "id", "at", "return"})
_BY_PLACE: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
#: No collection that people hand in is longer: all of it is checked, kept and told in one transaction.
MOST: Final = 1000

#: Marks an argument that a rule of its own refuses, with more to say: ``text: Annotated[str, BY_RULE]``.
BY_RULE: Final = object()


class WrongArgument(InvalidValue):
    """An argument of a command or a question is not of the type that its signature says."""

    default_rule = PORTS
    problem = Text("This argument is not of the type that is wanted.", "参数的类型不符。")


def typed(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` with its arguments checked against its annotations. Raises :class:`WrongArgument`.

    Keywords that its options do not have, and options that are missing, are a TypeError, as for any function.
    """
    plan: dict[str, tuple[Holds, str]] | None = None
    options: frozenset[str] | None = None
    required: frozenset[str] = frozenset()
    taken = [p.name for p in signature(function).parameters.values() if p.kind in _BY_PLACE]

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal plan, options, required
        if plan is None:  # not while the module is loaded: a class may name what stands below it
            plan = _plan(function)
            options, required = _options(function)
        if options is not None and not required <= kwargs.keys() <= options:
            raise TypeError(_wrong_keywords(function.__qualname__, kwargs.keys(), options, required))
        for name, value in (*zip(taken, args, strict=False), *kwargs.items()):
            wanted = plan.get(name)
            if wanted is None:
                continue
            if isinstance(value, Sized) and not isinstance(value, str | bytes | bytearray) and len(value) > MOST:
                raise WrongArgument(field=name, given=len(value), maximum=MOST, accepted=_AT_MOST)
            if not wanted[0](value):
                given = type(value).__name__
                raise WrongArgument(field=name, given=given, accepted=Text(wanted[1], wanted[1]))
        return function(*args, **kwargs)

    return checked


def _options(function: Callable[..., Any]) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The keywords that a function with ``**call: Unpack[…]`` takes, and those it needs; None for any other."""
    for hint in get_type_hints(function, include_extras=True).values():
        found = next((each for each in get_args(hint) if is_typeddict(each)), None)
        if found is not None:
            named = {p.name for p in signature(function).parameters.values() if p.kind is not Parameter.VAR_KEYWORD}
            return frozenset({*named, *get_type_hints(found)}), frozenset(found.__required_keys__)
    return None, frozenset()


def _wrong_keywords(name: str, given: Collection[str], options: frozenset[str], required: frozenset[str]) -> str:
    unknown = sorted(set(given) - options)
    if unknown:
        return str(unexpected_keyword(name, unknown[0], options - {"self"}))
    missing = ", ".join(repr(one) for one in sorted(required - set(given)))
    return f"{name}() missing required keyword arguments: {missing}"


def unexpected_keyword(function: str, given: str, known: Collection[str]) -> TypeError:
    """The error for a keyword that a function does not take, with the one that was probably meant."""
    contained = [one for one in sorted(set(known) - {"id"}, key=len) if one in given or given in one]
    meant = contained[-1:] or get_close_matches(given, sorted(known), 1, 0.5)
    hint = f"did you mean {meant[0]!r}?" if meant else f"it takes {', '.join(sorted(known))}"
    return TypeError(f"{function}() got an unexpected keyword argument {given!r}; {hint}")


def type_commands(service: type[S]) -> type[S]:
    """A class whose commands and questions check their arguments: those it defines itself, and none twice."""
    for name, member in list(vars(service).items()):
        if isfunction(member) and not hasattr(member, "__wrapped__") and is_command(member):
            setattr(service, name, typed(member))
    return service


def is_command(function: object) -> bool:
    """Whether ``function`` is for people outside: it says who acts, and takes no callable."""
    if not callable(function) or getattr(function, "__name__", "_").startswith("_"):
        return False
    taken = signature(function).parameters  # as it is written: names in quotes may not be there yet
    acts = "by" in taken or any(is_typeddict(each) for one in taken.values() for each in get_args(one.annotation))
    return acts and not any(_calls(one.annotation) for one in taken.values())


def _calls(hint: Any) -> bool:
    return any(get_origin(each) is Callable for each in _alternatives(hint))


def _plan(function: Callable[..., Any]) -> dict[str, tuple[Holds, str]]:
    found: dict[str, tuple[Holds, str]] = {}
    for name, hint in get_type_hints(function, include_extras=True).items():
        if BY_RULE in getattr(hint, "__metadata__", ()):
            continue
        options = next((each for each in get_args(hint) if is_typeddict(each)), None)
        more = get_type_hints(options) if options is not None else {name: hint}
        found |= {key: (holds(kind), said(kind)) for key, kind in more.items() if key not in _ELSEWHERE}
    return found


_AT_MOST: Final = Text(f"at most {MOST}", f"至多 {MOST} 项")


# --- fields of values
def checked(error: type[InvalidValue]) -> Callable[[type, list[Any]], list[Any]]:
    """A ``field_transformer`` for attrs: each field is what its annotation says, or ``error`` names it.

    A tuple or mapping takes any collection of that kind, but no text, and at most :data:`MOST`. Where a field has a
    validator, that one says what else it may be.
    """

    def transform(_: type, fields: list[Any]) -> list[Any]:
        return [_checked(field, error) for field in fields]

    return transform


def _checked(field: Any, error: type[InvalidValue]) -> Any:
    name, kind = field.name, field.type
    origin = get_origin(kind)
    accepted = Text(said(kind), said(kind))
    if origin is tuple and get_args(kind)[-1] is Ellipsis:
        member = holds(get_args(kind)[0])

        def several(value: object) -> object:
            if isinstance(value, str | bytes | bytearray | Mapping) or not isinstance(value, Iterable):
                raise error(field=name, given=type(value).__name__, accepted=accepted)
            found = value if type(value) is tuple else tuple(islice(value, MOST + 1))
            if len(found) > MOST:
                raise error(field=name, maximum=MOST, accepted=_AT_MOST)
            if field.validator is None and not all(map(member, found)):
                raise error(field=name, accepted=accepted)
            return found

        given = field.converter
        return field.evolve(converter=several if given in (None, tuple) else attrs.converters.pipe(several, given))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        fits = holds(kind)

        def mapped(value: object) -> object:
            if not isinstance(value, Mapping):
                raise error(field=name, given=type(value).__name__, accepted=accepted)
            if len(value) > MOST:
                raise error(field=name, maximum=MOST, accepted=_AT_MOST)
            if not fits(value):
                raise error(field=name, accepted=accepted)
            return dict(value)

        return field.evolve(converter=mapped)
    if field.validator is not None or field.converter is not None or kind is None:
        return field
    wanted, timed = holds(kind), datetime in _alternatives(kind)

    def check(_: object, attribute: Any, value: object) -> None:
        if not wanted(value):
            raise error(field=attribute.name, given=type(value).__name__, accepted=accepted)
        if timed and isinstance(value, datetime):
            aware(value, attribute.name)

    return field.evolve(validator=check)


def holds(kind: Any) -> Holds:
    """Whether a value is of a type, as far as annotations of commands go: classes, unions, collections of either."""
    if isinstance(kind, NewType):
        return holds(kind.__supertype__)
    if kind is None or kind is NoneType:
        return lambda value: value is None
    if kind is Any:
        return lambda _: True
    alternatives = _alternatives(kind)
    if len(alternatives) > 1:
        each = [holds(alternative) for alternative in alternatives]
        return lambda value: any(one(value) for one in each)
    origin = get_origin(kind) or kind
    if not isinstance(origin, type):
        return lambda _: True  # a type variable
    if issubclass(origin, Mapping) and get_args(kind):
        key, item = map(holds, get_args(kind))
        return lambda value: isinstance(value, Mapping) and all(key(k) and item(v) for k, v in value.items())
    if issubclass(origin, Iterable) and get_args(kind):
        return _collection(origin, get_args(kind))
    if origin in (int, float):
        return lambda value: isinstance(value, origin) and not isinstance(value, bool)
    return lambda value: isinstance(value, origin)


def _collection(origin: type, members: tuple[Any, ...]) -> Holds:
    """Any collection will do where a sequence is wanted, but no text and no mapping, which look like one."""
    wanted = Collection if issubclass(list, origin) else origin
    if origin is tuple and members[-1] is not Ellipsis:
        each = [holds(member) for member in members]
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(each)
            and all(one(v) for one, v in zip(each, value, strict=True))
        )
    member = holds(members[0])

    def fits(value: object) -> bool:
        alike = isinstance(value, wanted) and not isinstance(value, str | bytes | bytearray | Mapping)
        return alike and isinstance(value, Collection) and all(member(one) for one in value)

    return fits


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def said(kind: Any) -> str:
    """A type as people write it."""
    alternatives = _alternatives(kind)
    if len(alternatives) > 1:
        return " | ".join(map(said, alternatives))
    if kind is None or kind is NoneType:
        return "None"
    origin, members = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(map(repr, members))
    name = getattr(origin or kind, "__name__", str(kind))
    if origin is not None and members and isinstance(origin, type) and issubclass(origin, Collection):
        return f"{name}[{', '.join('...' if each is Ellipsis else said(each) for each in members)}]"
    return str(name)
