"""Values to plain data and back, exactly: the hooks that bodies, events and receipts are stored with (D2).

Instants are integers of microseconds since 1970 in UTC; a wrong type never turns into a right one on the way in.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from types import UnionType
from typing import Any, Final, NoReturn, Union, cast, get_args, get_origin

from cattrs import Converter

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue, aware

from .durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


class MalformedBody(InvalidValue):
    """Stored data that is not of the type it is read as (KRN-15)."""

    default_rule = PORTS
    problem = Text("What is stored is not of the type it should have.", "存储的内容类型不符。")


Hook = Callable[[Any, Any], Any]


def _refuse(kind: type[Any], value: object) -> NoReturn:
    raise MalformedBody(expected=kind.__name__, given=type(value).__name__)


def _exactly(kind: type[Any]) -> Hook:
    def hook(value: object, _: object) -> Any:
        return value if type(value) is kind else _refuse(kind, value)

    return hook


def _made(kind: type[Any], make: Callable[[Any], Any]) -> Hook:
    def hook(value: object, _: object) -> Any:
        return make(value) if type(value) is kind else _refuse(kind, value)

    return hook


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise MalformedBody(expected="decimal", given=text)
    return number


def _span(micros: int) -> timedelta:
    return timedelta(microseconds=micros)


def to_micros(at: datetime) -> int:
    """An aware instant as microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The instant, in UTC."""
    return _EPOCH + timedelta(0, 0, micros)


def _instant_in(value: object, _: object) -> datetime:
    return _EPOCH + timedelta(0, 0, value) if type(value) is int else _refuse(int, value)


_SCALARS: Final = frozenset({str, int, bool, type(None)})
_DURATIONS: Final[dict[str, type[Any]]] = {
    "calendar_days": CalendarDays,
    "working_days": WorkingDays,
    "working_time": WorkingTime,
    "elapsed_time": ElapsedTime,
}
_DURATION_NAMES: Final = {cls: name for name, cls in _DURATIONS.items()}


def _duration_out(value: Any) -> dict[str, Any]:
    if isinstance(value, CalendarDays | WorkingDays):
        return {"kind": _DURATION_NAMES[type(value)], "days": value.days, "end_of_day": value.end_of_day}
    return {"kind": _DURATION_NAMES[type(value)], "micros": value.time // _MICRO}


def _duration_in(data: Any, _: object) -> Any:
    cls = _DURATIONS[data["kind"]]
    if "days" in data:
        return cls(data["days"], end_of_day=data["end_of_day"])
    return cls(timedelta(microseconds=data["micros"]))


def _is_row(kind: Any) -> bool:
    """Whether it is a tuple of any length, all of one type."""
    return get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis


def _is_optional(kind: Any) -> bool:
    """Whether it is one type or nothing."""
    return get_origin(kind) in (Union, UnionType) and len(get_args(kind)) == 2 and type(None) in get_args(kind)


def _row_in(kind: Any, converter: Converter) -> Hook:
    member = get_args(kind)[0]
    structure = converter.get_structure_hook(member)

    def hook(value: object, _: object) -> Any:
        if type(value) is not list and type(value) is not tuple:
            _refuse(list, value)
        return tuple([structure(each, member) for each in value]) if value else ()

    return hook


def _row_out(kind: Any, converter: Converter) -> Callable[[Any], Any]:
    member = get_args(kind)[0]
    if member in _SCALARS:
        return lambda value: value
    unstructure = converter.get_unstructure_hook(member)
    return lambda value: tuple([unstructure(each) for each in value]) if value else ()


def _optional_in(kind: Any, converter: Converter) -> Hook:
    inner = next(each for each in get_args(kind) if each is not type(None))
    structure = converter.get_structure_hook(inner)
    return lambda value, _: None if value is None else structure(value, inner)


def make_converter() -> Converter:
    """A converter with the hooks; stores add their own encoding of the plain data to bytes."""
    converter = Converter(detailed_validation=False, unstruct_collection_overrides={AbstractSet: sorted})
    converter.register_unstructure_hook(datetime, to_micros)
    converter.register_structure_hook(datetime, _instant_in)  # the commonest of all, so in one call
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(date, _made(str, date.fromisoformat))
    converter.register_unstructure_hook(timedelta, lambda v: v // _MICRO)
    converter.register_structure_hook(timedelta, _made(int, _span))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, _made(str, _decimal))
    for scalar in (int, str, bool):
        converter.register_structure_hook(scalar, _exactly(scalar))
    converter.register_unstructure_hook(Duration, _duration_out)
    converter.register_structure_hook(Duration, _duration_in)
    for cls in _DURATIONS.values():
        converter.register_unstructure_hook(cls, _duration_out)
    # Bodies are full of these three; cattrs looks up what is in them again for each value.
    converter.register_structure_hook_factory(_is_row, lambda kind: _row_in(kind, converter))
    converter.register_unstructure_hook_factory(_is_row, lambda kind: _row_out(kind, converter))
    converter.register_structure_hook_factory(_is_optional, lambda kind: _optional_in(kind, converter))
    # Columns and facts of messages are scalars already.
    converter.register_structure_hook(str | int | bool | None, lambda v, _: v)
    converter.register_unstructure_hook(str | int | bool | None, lambda v: v)
    converter.register_structure_hook(str | int | bool | Decimal | None, lambda v, _: v)
    return converter


_PLAIN: Final = make_converter()
#: The one text of plain data: what hashes and seals are made of.
canonical: Final = json.JSONEncoder(
    sort_keys=True, ensure_ascii=True, separators=(",", ":"), check_circular=False
).encode


def plain(value: object) -> Any:
    """Any value of the domain as plain data: dicts, lists, texts, numbers. Raises NaiveTime."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is datetime:  # before the questions to abstract classes, which cost more
        return to_micros(aware(cast("datetime", value)))
    if kind is time:
        return cast("time", value).isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(v) for v in value]
    return _PLAIN.unstructure(value)


def fingerprint(use_case: str, arguments: Mapping[str, object]) -> str:
    """The hash of a command: the same use case with the same arguments has the same one, in any process (D10)."""
    return sha256(canonical([use_case, plain(arguments)]).encode()).hexdigest()
