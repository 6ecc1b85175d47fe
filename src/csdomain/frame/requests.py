"""Data of a request as values of the domain: the way back from a view, strict, with every fault named (D31)."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from inspect import Parameter, signature, unwrap
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError

from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue, hide
from csdomain.kernel.store.kinds import Comparison, Kind, Query, Tally, Where
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.rulebook.loader import WrongType, strict_converter

_DECIMAL: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_SPAN: Final = re.compile(r"(-)?PT(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.([0-9]{1,6}))?S)?")
_ROWS: Final = (Sequence, Iterable, Collection, list)
#: What a column may hold, and a house's own field.
_COLUMNS: Final = frozenset({str, int, bool, datetime, date, NoneType})
#: What a host gives with every command: who acts and when, and what makes the command happen once.
BESIDE: Final = frozenset({"self", "id", "by", "at"})
_OPTIONS: Final = BESIDE | {"key", "expected_version"}


class MalformedRequest(InvalidValue):
    """Data of a request that is not of the type that is wanted; ``faults`` names each fault with its place."""

    default_rule = PORTS
    problem = Text("The request is not of the form that is wanted.", "请求的格式不符。")


def from_data(kind: Any, data: object) -> Any:
    """The value of ``kind`` that ``data`` describes, as :func:`~csdomain.frame.views.as_data` writes it in clear.

    Nothing is coerced and no key is passed over. Raises :class:`MalformedRequest` with every fault, or, where a class
    itself refuses what is given and nothing else is wrong, the error of that class (MalformedForm, InexactMoney, …).
    """
    return _all({"": (kind, data)})[""]


def arguments(command: Callable[..., Any], data: object) -> dict[str, Any]:
    """The arguments of a command or question by name, from the body of a request, by its signature.

    The id, who acts, when, the key and the expected version are not among them: the host gives those. Of a query to a
    service, values are read as what their columns hold. Raises as :func:`from_data`, and MalformedQuery; arguments that
    are missing or that there are not are faults as well.
    """
    known = parameters(command)
    if not isinstance(data, Mapping):
        raise MalformedRequest(faults=("an object expected",))
    faults = [f"unknown argument {name}" for name in sorted(map(str, data.keys() - known.keys()))]
    faults += [f"missing argument {name}" for name, one in known.items() if one[1] and name not in data]
    if faults:
        names = ", ".join(known) or "-"
        raise MalformedRequest(faults=tuple(faults), accepted=Text(names, names))
    cases = getattr(getattr(command, "__self__", None), "_cases", None)
    return _all({name: (known[name][0], value) for name, value in data.items()}, None if cases is None else cases.kind)


def parameters(command: Callable[..., Any]) -> dict[str, tuple[Any, bool, Any]]:
    """The arguments of a command by name: type, whether it is needed, and its default. See :func:`arguments`."""
    function = unwrap(command)
    hints = get_type_hints(function, include_extras=True)
    found: dict[str, tuple[Any, bool, Any]] = {}
    for name, one in signature(function).parameters.items():
        if one.kind is Parameter.VAR_KEYWORD:
            options = next((each for each in get_args(hints[name]) if is_typeddict(each)), None)
            more = {} if options is None else get_type_hints(options)
            required: frozenset[str] = getattr(options, "__required_keys__", frozenset())
            found |= {name: (hint, name in required, None) for name, hint in more.items() if name not in _OPTIONS}
        elif one.kind is not Parameter.VAR_POSITIONAL and hints.get(name) is not Actor:
            hint = hints.get(name, Any)
            kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
            found[name] = (kind, one.default is Parameter.empty, one.default)
    return {name: one for name, one in found.items() if name not in BESIDE}


def _asked(stored: Kind[Any], kind: Any, data: object) -> Any:
    """A query or a tally: each value is read as what its column holds."""
    if not isinstance(data, Mapping):
        _expected("an object", data)
    types: dict[str, Any] = {**dict.fromkeys(Kind.BUILT_IN, str), "version": int}
    types |= {field.name: field.kind for field in stored.fields}

    def typed(column: object, value: object, *, several: bool = False) -> Any:
        read = types[stored.column(str(column))]
        wanted: Any = tuple.__class_getitem__((read, ...)) if several else read | None
        return _CONVERTER.structure(value, wanted)

    raw = dict(data)
    conditions: tuple[_Condition, ...] = _CONVERTER.structure(raw.pop("where", ()), tuple[_Condition, ...])
    where: tuple[Where[Any], ...] = tuple(
        Where(one.column, one.comparison, typed(one.column, one.value, several=one.comparison is Comparison.AMONG))
        for one in conditions
    )
    after = raw.pop("after", None)
    asked = _CONVERTER.structure(raw, _closed(kind))
    if after is None:
        return attrs.evolve(asked, where=where)
    if not isinstance(after, list | tuple) or len(after) != 2 or type(after[1]) is not str:
        _expected("what the last page gave as next", after)
    return attrs.evolve(asked, where=where, after=(typed(asked.order_by, after[0]), after[1]))


def _closed(kind: Any) -> Any:
    """A type without type variables: anything stands for them."""
    members = get_args(kind)
    if not members:
        open_ = getattr(kind, "__parameters__", ())
        return kind[tuple(Any for _ in open_)] if open_ else kind
    inner = tuple(Any if isinstance(member, TypeVar) else _closed(member) for member in members)
    return kind if inner == members else get_origin(kind)[inner]


@attrs.frozen
class _Condition:
    column: str
    comparison: Comparison
    value: Any = None


def options(command: Callable[..., Any]) -> tuple[str, ...]:
    """Which of ``key`` and ``expected_version`` a command takes."""
    taken = signature(unwrap(command)).parameters
    more = (get_type_hints(each) for one in taken.values() for each in get_args(one.annotation) if is_typeddict(each))
    found = {name for hints in more for name in hints}
    return tuple(name for name in ("key", "expected_version") if name in found)


def _all(given: Mapping[str, tuple[Any, object]], stored: Kind[Any] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {}
    errors: list[Exception] = []
    faults: list[str] = []
    for name, (kind, data) in given.items():
        try:
            asked = stored is not None and (get_origin(kind) or kind) in (Query, Tally)
            made[name] = _asked(stored, kind, data) if asked and stored else _CONVERTER.structure(data, _closed(kind))
        except (BaseValidationError, WrongType, DomainError) as error:
            errors.append(error)
            place = name or "$"
            said = transform_error(error, place, _said) if isinstance(error, BaseValidationError) else None
            faults += said or [f"{_said(error, None)} @ {place}"]
    if len(errors) == 1 and (own := _only(errors[0])) is not None:
        raise own
    if errors:
        raise MalformedRequest(faults=tuple(faults))
    return made


def _only(error: Exception) -> DomainError | None:
    """The error of the domain that is all that was wrong."""
    while isinstance(error, BaseValidationError) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error if isinstance(error, DomainError) else None


def _said(error: BaseException, _: type | None) -> str:
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown key {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return "this key is missing"
    return error.render() if isinstance(error, DomainError) else hide(str(error))


def _expected(what: str, value: object) -> NoReturn:
    said = f"{what} expected, not {type(value).__name__ if not isinstance(value, str) else 'this text'}"
    raise WrongType(Text(said, said))


def _read(kind: type, what: str, read: Callable[[str], Any]) -> Callable[[object, object], Any]:
    def hook(value: object, _: object) -> Any:
        try:
            return read(value) if type(value) is str else _expected(what, value)
        except (ValueError, OverflowError) as error:
            if isinstance(error, DomainError):
                raise
            _expected(what, value)

    return hook


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    return Decimal(text)


def _span(text: str) -> timedelta:
    form = _SPAN.fullmatch(text)
    if form is None or text.endswith("T"):
        raise ValueError
    hours, minutes, seconds = (int(form[place] or 0) for place in (2, 3, 4))
    micros = int((form[5] or "").ljust(6, "0"))
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)
    return -span if form[1] else span


def _instant(value: object, _: object) -> datetime:
    if type(value) is datetime:
        return utc(value)
    if type(value) is not str:
        _expected("an instant with its zone, such as 2026-09-30T04:00:00Z,", value)
    try:
        return utc(datetime.fromisoformat(value))
    except OverflowError:
        _expected("an instant", value)
    except ValueError as error:
        if isinstance(error, DomainError):
            raise
        _expected("an instant with its zone, such as 2026-09-30T04:00:00Z,", value)


def _money(value: object, _: object) -> Money:
    if not isinstance(value, Mapping) or value.keys() != {"amount", "currency"}:
        _expected('{"amount": "12.50", "currency": "CNY"}', value)
    amount, currency = value["amount"], value["currency"]
    if type(amount) is not str or type(currency) is not str:
        _expected("an amount as text", amount)
    return Money.of(amount, currency)


def _enum(kind: Any, _: Converter) -> Callable[[object, object], Any]:
    values = {member.value: member for member in kind}

    def hook(value: object, _: object) -> Any:
        if type(value) is not str or value not in values:
            _expected(f"one of {', '.join(map(str, values))}", value)
        return values[value]

    return hook


def _sequence(kind: Any, converter: Converter) -> Callable[[object, object], Any]:
    member = (get_args(kind) or (Any,))[0]
    row: Any = tuple.__class_getitem__((member, ...))
    structure = converter.get_structure_hook(row)
    return lambda value, _: structure(value, row)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_row(kind: Any) -> bool:
    return get_origin(kind) in _ROWS


def _is_scalars(kind: Any) -> bool:
    """Whether it is one of several types of single values."""
    return get_origin(kind) in (Union, UnionType) and len(get_args(kind)) > 2 and set(get_args(kind)) <= _COLUMNS


def _scalars(kind: Any, _: Converter) -> Callable[[object, object], Any]:
    members = get_args(kind)
    names = ", ".join("null" if member is NoneType else member.__name__ for member in members)
    return lambda value, _: value if type(value) in members else _expected(f"one of {names}", value)


def _converter() -> Converter:
    converter = strict_converter()
    converter.register_structure_hook(NoneType, lambda value, _: None if value is None else _expected("null", value))
    converter.register_structure_hook(datetime, _instant)
    for kind, what, read in (
        (date, "a date such as 2026-09-30", date.fromisoformat),
        (time, "a time of day", time.fromisoformat),
        (timedelta, "a length of time such as PT1H30M", _span),
        (Decimal, "a decimal as text", _decimal),
    ):
        converter.register_structure_hook(kind, _read(kind, what, read))
    converter.register_structure_hook(Money, _money)
    factories: tuple[tuple[Callable[[Any], bool], Any], ...] = (
        (_is_enum, _enum),
        (_is_row, _sequence),
        (_is_scalars, _scalars),
    )
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    for applies, factory in factories:
        converter.register_structure_hook_factory(applies, factory)
    return converter


_CONVERTER: Final = _converter()
