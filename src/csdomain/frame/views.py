"""Values of the domain as data for others: JSON-ready, personal fields masked, nothing that seals (D31).

One function takes everything that a use case answers with: a case, a page, moves, deadlines, an approval, a receipt, an
error::

    as_data(desk.complaints.get(id, by=agent))                         # personal fields masked
    desk.complaints.as_data(desk.complaints.get(id, by=agent), by=agent)  # in clear where the agent may see them
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from types import NoneType, UnionType
from typing import Any, Final, NewType, Union, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.fns import identity
from cattrs.gen import make_dict_unstructure_fn, override

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.kernel.values.personal import PersonalKind, mask, masked_field, personal_kind

from .requests import arguments as arguments
from .requests import from_data as from_data
from .schemas import definitions as definitions
from .schemas import json_schema as json_schema
from .shapes import decimal_out, has_number, instant_out, money_out, shown_fields, span_out

Write = Callable[[Any], Any]
#: Kinds of personal data of which a mask shows nothing, whatever the text is.
_HIDDEN_WHOLE: Final = frozenset({PersonalKind.OTHER, PersonalKind.MEDICAL, PersonalKind.ADDRESS})
_SCALARS: Final = (str, int, bool, NoneType)


def as_data(value: object, *, may_see: bool = False) -> Any:
    """``value`` as plain data that any JSON encoder takes: dicts, lists, texts, integers, true and false, None.

    Fields that hold personal data are masked unless ``may_see``; ask a service (``desk.complaints.as_data``) where who
    asks decides that. Salts, seals and digests are left out. Keys are in the order of the class's fields, those of a
    table in its own order, sets are sorted. Raises NaiveTime, and TypeError for what has no view (a float, a service).
    """
    return (_CLEAR if may_see else _MASKED).unstructure(value)


def error_data(error: DomainError) -> dict[str, Any]:
    """An error as data: its ``code``, the id of its ``rule``, ``facts`` as texts, what would be ``accepted``, whether
    it is ``retryable``, and the ``message`` in English and Chinese. Nothing personal is in it."""
    return error.as_data()


# --- how values are written
def _converter(*, may_see: bool) -> Converter:
    converter = Converter(unstructure_fallback_factory=lambda kind: _by_its_own_type(kind, converter))
    for scalar in _SCALARS:
        converter.register_unstructure_hook(scalar, identity)
    hooks: tuple[tuple[Any, Write], ...] = (
        (datetime, instant_out),
        (date, date.isoformat),
        (time, time.isoformat),
        (timedelta, span_out),
        (Decimal, decimal_out),
        (Fraction, str),
        (Money, money_out),
        (Rule, lambda rule: rule.id),
        (NumberPattern, lambda pattern: pattern.text),
        (DomainError, error_data),
        (Duration, str),
        *((kind, _refused) for kind in (bytes, bytearray)),
        *((kind, str) for kind in (CalendarDays, WorkingDays, WorkingTime, ElapsedTime)),
    )
    for kind, write in hooks:
        converter.register_unstructure_hook(kind, write)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _of_class(cls, converter, may_see=may_see))
    converter.register_unstructure_hook_factory(_is_collection, lambda kind: _of_members(kind, converter))
    converter.register_unstructure_hook_factory(_is_table, lambda kind: _of_table(kind, converter))
    converter.register_unstructure_hook_factory(_is_scalar, lambda _: identity)
    converter.register_unstructure_hook_factory(_is_optional, lambda kind: _of_optional(kind, converter))
    return converter


def _refused(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} has no view")


def _by_its_own_type(kind: Any, converter: Converter) -> Write:
    """Of a declared type that says nothing (``object``, a type variable), the value's own type decides."""

    def write(value: Any) -> Any:
        return _refused(value) if type(value) is kind else converter.unstructure(value)

    return write


def _of_class(cls: Any, converter: Converter, *, may_see: bool) -> Write:
    origin = get_origin(cls) or cls
    shown = {field.name: field for field in shown_fields(origin)}
    plan: dict[str, Any] = {}
    for field in attrs.fields(origin):
        if field.name not in shown:
            plan[field.name] = override(omit=True)
        elif not may_see and personal_kind(field) is not None:
            plan[field.name] = override(omit=False, unstruct_hook=_masking(shown[field.name]))
    write: Write = make_dict_unstructure_fn(cls, converter, _cattrs_include_init_false=True, **plan)
    if not has_number(origin):
        return write

    def with_number(case: Any) -> dict[str, Any]:
        return {**write(case), "number": case.number}

    return with_number


def _masking(field: "attrs.Attribute[Any]") -> Write:
    kind = personal_kind(field)
    assert kind is not None  # noqa: S101 - only marked fields are masked
    if field.type is str:
        hidden = mask(kind, "any")
        return (lambda item: hidden if item else "") if kind in _HIDDEN_WHOLE else partial(mask, kind)

    def write(item: Any) -> Any:
        hidden = masked_field(field, item)
        if isinstance(hidden, AbstractSet):
            return sorted(hidden)
        return list(hidden) if isinstance(hidden, tuple) else hidden

    return write


def _is_table(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_collection(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, (list, tuple, AbstractSet)) and not _is_table(kind)


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType) and len(get_args(kind)) == 2 and NoneType in get_args(kind)


def _is_scalar(kind: Any) -> bool:
    """Whether it is a text, an integer, true or false, or nothing: written as it is. Ids are texts."""
    kind = kind.__supertype__ if isinstance(kind, NewType) else kind
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return set(members) <= set(_SCALARS)


def _member(kind: Any, place: int, converter: Converter) -> Write:
    """How the members of a collection are written: by the type that it declares, or by their own."""
    members = get_args(kind)
    if len(members) <= place:
        return converter.unstructure
    if _is_scalar(members[place]):
        return identity
    if get_origin(members[place]) in (Union, UnionType) and not _is_optional(members[place]):
        return converter.unstructure
    return converter.get_unstructure_hook(members[place])


def _of_members(kind: Any, converter: Converter) -> Write:
    members = get_args(kind)
    several = (get_origin(kind) or kind) is tuple and bool(members) and members[-1] is not Ellipsis
    write = converter.unstructure if several else _member(kind, 0, converter)
    if issubclass(get_origin(kind) or kind, AbstractSet):
        return lambda value: sorted(write(each) for each in value)
    if write is identity:
        return list
    return lambda value: [write(each) for each in value] if value else []


def _of_table(kind: Any, converter: Converter) -> Write:
    write = _member(kind, 1, converter)
    if write is identity and get_args(kind)[0] is str:
        return dict
    keys = converter.unstructure
    return lambda table: {key if type(key) is str else str(keys(key)): write(each) for key, each in table.items()}


def _of_optional(kind: Any, converter: Converter) -> Write:
    inner = next(each for each in get_args(kind) if each is not NoneType)
    write = converter.get_unstructure_hook(inner)
    return lambda value: None if value is None else write(value)


_MASKED: Final = _converter(may_see=False)
_CLEAR: Final = _converter(may_see=True)
