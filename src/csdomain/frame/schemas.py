"""What views of a class look like, as JSON Schema (2020-12): for OpenAPI pages, clients and validators (D31)."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NewType, TypeVar, Union, get_args, get_origin

import attrs

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.durations import CalendarDays, ElapsedTime, WorkingDays, WorkingTime
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.kernel.values.personal import personal_kind

from .requests import parameters
from .shapes import has_number, shown_fields

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DEFAULTS: Final = frozenset({str, int, bool, NoneType})
HERE: Final = "#/$defs/"
_ROLE: Final = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
_TEXT: Final[Schema] = {"type": "string"}
_HOUSE_DURATION: Final[Schema] = {
    "type": "string",
    "description": "A duration as a rulebook writes it: 6 days; 3 working days, same hour; 8 working hours.",
}
_TEXTS: Final[Schema] = {
    "type": "object",
    "properties": {"en": _TEXT, "zh": _TEXT},
    "required": ["en", "zh"],
    "additionalProperties": False,
}
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: _TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    time: {"type": "string", "format": "time"},
    timedelta: {"type": "string", "format": "duration"},
    Decimal: {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    Fraction: {"type": "string", "pattern": "^-?[0-9]+(/[0-9]+)?$"},
    Rule: {"type": "string", "description": "The id of a rule.", "pattern": "^[A-Z]{3,8}-[0-9]{2,4}$"},
    NumberPattern: {"type": "string", "description": "How numbers of a series look: KS{yyyy}{mm}-{seq:04}."},
    Any: {},
    object: {},
    **dict.fromkeys((CalendarDays, WorkingDays, WorkingTime, ElapsedTime), _HOUSE_DURATION),
}
_NAMED: Final[Mapping[Any, Schema]] = {
    Money: {
        "title": "Money",
        "description": "An exact amount in major units, and its currency (ISO 4217).",
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    },
    DomainError: {
        "title": "DomainError",
        "description": "What was refused, by which rule, and what would be accepted.",
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "A stable name for programs."},
            "rule": {"type": "string", "description": "The id of the rule that was broken."},
            "facts": {"type": "object", "additionalProperties": _TEXT},
            "accepted": {"type": ["string", "null"]},
            "retryable": {"type": "boolean", "description": "Whether the same call may succeed when it is repeated."},
            "message": {**_TEXTS, "description": "The message for people, in English and Chinese."},
        },
        "required": ["code", "rule", "facts", "accepted", "retryable", "message"],
        "additionalProperties": False,
    },
}


def json_schema(kind: Any, *, request: bool = False, refs: str = HERE) -> Schema:
    """The JSON Schema of what :func:`~csdomain.frame.views.as_data` makes of a value of ``kind``: a class, or a type
    such as ``Page[Complaint]`` or ``tuple[PossibleMove, ...]``.

    With ``request`` it is that of what :func:`~csdomain.frame.views.from_data` takes: fields that have a default may be
    left out. Classes and Enums stand in ``$defs``, to which ``refs`` is the way. Fields that hold personal data carry
    ``x-personal`` with what they hold.
    """
    writer = _Writer(refs, request=request)
    top = writer.of(kind)
    found = writer.finished()
    return {"$schema": DIALECT, **top, **({"$defs": found} if found else {})}


def definitions(kinds: Iterable[Any], *, request: bool = False, refs: str = HERE) -> dict[str, Schema]:
    """The JSON Schemas of classes and of all that they hold, by name: for ``components.schemas`` of an OpenAPI page,
    with ``refs="#/components/schemas/"``. Names that two classes have are written with their modules."""
    writer = _Writer(refs, request=request)
    for kind in kinds:
        writer.of(kind)
    return writer.finished()


def command_schema(command: Callable[..., Any], *, refs: str = HERE) -> Schema:
    """The JSON Schema of the body of a request for a command or a question: what
    :func:`~csdomain.frame.requests.arguments` takes, by its signature."""
    writer = _Writer(refs, request=True)
    properties: dict[str, Schema] = {}
    taken = parameters(command)
    for name, (kind, needed, default) in taken.items():
        properties[name] = writer.of(kind)
        if not needed and type(default) in _DEFAULTS:
            properties[name]["default"] = default
    found = writer.finished()
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": [name for name, (_, needed, _) in taken.items() if needed],
        "additionalProperties": False,
        **({"$defs": found} if found else {}),
    }


def described(thing: object) -> str:
    """The docstring of a class or a function as plain text, empty where it has none of its own."""
    text = getattr(thing, "__doc__", None) or ""
    return _ROLE.sub(r"\1", inspect.cleandoc(text)).replace("``", "")


class _Writer:
    """Writes schemas, and keeps the classes that they refer to."""

    def __init__(self, refs: str, *, request: bool) -> None:
        self._refs = refs
        self._request = request
        self._found: dict[Any, Schema] = {}
        self._places: list[tuple[Any, Schema]] = []

    def finished(self) -> dict[str, Schema]:
        """All definitions by name, and every reference pointing at its own."""
        names = [_name(kind) for kind in self._found]
        told = {
            kind: name if names.count(name) == 1 else f"{_origin(kind).__module__}.{name}"
            for kind, name in zip(self._found, names, strict=True)
        }
        for kind, place in self._places:
            place["$ref"] = f"{self._refs}{told[kind]}"
        return {told[kind]: schema for kind, schema in sorted(self._found.items(), key=lambda item: told[item[0]])}

    def of(self, kind: Any, given: Mapping[Any, Any] | None = None) -> Schema:
        """The schema of a type; ``given`` are the types that stand for type variables."""
        if isinstance(kind, TypeVar):
            return self.of(given[kind]) if given and kind in given else {}
        if isinstance(kind, NewType):
            return self.of(kind.__supertype__)
        if isinstance(kind, type) and issubclass(kind, DomainError):
            return self._ref(DomainError, given)
        if kind in _PLAIN or kind is None:
            return dict(_PLAIN[NoneType if kind is None else kind])
        origin, members = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self.of(members[0], given)
        if origin is Literal:
            return {"enum": list(members)}
        if origin in (Union, UnionType):
            return self._any_of(members, given)
        cls = origin or kind
        if isinstance(cls, type) and (cls in _NAMED or issubclass(cls, Enum) or attrs.has(cls)):
            return self._ref(kind, given)
        if isinstance(cls, type) and issubclass(cls, Iterable):
            return self._collection(cls, members, given)
        return {}

    def _any_of(self, members: tuple[Any, ...], given: Mapping[Any, Any] | None) -> Schema:
        found: list[Schema] = []
        for member in members:
            schema = self.of(member, given)
            if schema not in found:  # the kinds of duration are written alike
                found.append(schema)
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _collection(self, cls: type, members: tuple[Any, ...], given: Mapping[Any, Any] | None) -> Schema:
        if issubclass(cls, Mapping):
            return {"type": "object", "additionalProperties": self.of(members[1], given) if members else {}}
        if issubclass(cls, AbstractSet):
            return {"type": "array", "items": self.of(members[0], given) if members else {}, "uniqueItems": True}
        if cls is tuple and members and members[-1] is not Ellipsis:
            each = [self.of(member, given) for member in members]
            return {"type": "array", "prefixItems": each, "items": False, "minItems": len(each)}
        return {"type": "array", "items": self.of(members[0], given) if members else {}}

    def _ref(self, kind: Any, given: Mapping[Any, Any] | None) -> Schema:
        if given and get_args(kind):
            kind = kind[tuple(given.get(member, member) for member in get_args(kind))]
        if kind not in self._found:
            self._found[kind] = {}
            self._found[kind].update(self._definition(kind))
        place: Schema = {}
        self._places.append((kind, place))
        return place

    def _definition(self, kind: Any) -> Schema:
        cls = _origin(kind)
        if cls in _NAMED:
            return dict(_NAMED[cls])
        head: Schema = {"title": cls.__name__, "description": described(cls)}
        if issubclass(cls, Enum):
            return {**head, "enum": [member.value for member in cls]}
        given = dict(zip(getattr(cls, "__parameters__", ()), get_args(kind), strict=False))
        fields = [field for field in shown_fields(cls) if field.init or not self._request]
        properties = {field.name: self._field(field, given) for field in fields}
        required = [f.name for f in fields if not self._request or f.default is attrs.NOTHING]
        if has_number(cls) and not self._request:
            properties["number"] = {**_TEXT, "description": "Its human-readable number."}
            required.append("number")
        shape = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        return {**head, **shape}

    def _field(self, field: "attrs.Attribute[Any]", given: Mapping[Any, Any]) -> Schema:
        schema, holds = self.of(field.type, given), personal_kind(field)
        if holds is None:
            return schema
        if not self._request:
            schema = self._masked(schema)
        return {**schema, "x-personal": holds.value}

    def _masked(self, schema: Schema) -> Schema:
        """What is shown of a marked field: texts and what is in collections as masks, anything else as nothing."""
        if schema in ({}, _TEXT):
            return schema
        mask: Schema = {"type": "null"}
        if schema.get("type") == "array":
            mask = {"type": "array", "items": _TEXT}
        if schema.get("type") == "object":
            mask = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
        return {"anyOf": [schema, mask, *([_TEXT] if "anyOf" in schema else [])]}


def _origin(kind: Any) -> Any:
    return get_origin(kind) or kind


def _name(kind: Any) -> str:
    members = [_name(member) for member in get_args(kind) if isinstance(member, type)]
    return "_".join([getattr(_origin(kind), "__name__", str(kind)), *members])
