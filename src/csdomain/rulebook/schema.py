"""The form of a rulebook as JSON Schema (draft 7), for editors: VS Code then completes keys and marks what is wrong."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import attrs

from csdomain.kernel.papers.approvals import Band
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern

from .mending import AS_WRITTEN
from .organisation import CalendarRules
from .sections import NAMES, POSITION, Rulebook, Section

Schema = dict[str, Any]
_AUTHORITY: Final = attrs.fields(Band).authority
DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_TEXT: Final[Schema] = {"type": "string"}
_DURATION: Final[Schema] = {
    "type": "string",
    "pattern": "^0*[1-9][0-9]{0,5} ((working )?days?(, same hour)?|(working )?(hour|minute)s?)$",
    "examples": ["6 days", "3 working days, same hour", "8 working hours", "24 hours"],
}
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: _TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Decimal: {"type": "number"},
    Money: {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)? [A-Z]{3}$", "examples": ["1000 CNY"]},
    NumberPattern: {"type": "string", "pattern": "\\{seq", "examples": ["KS{yyyy}{mm}-{seq:04}"]},
    Duration: _DURATION,
    Duration | None: _DURATION,
}
_NAME: Final = Text("name of the rulebook: letters, digits and _", "规则手册的名称：字母、数字和 _")
_EXTENDS: Final = Text("rulebook that this one overrides key by key", "本手册逐键覆盖的规则手册")


def schema(sections: Iterable[Section[Any]], book: Rulebook | None = None, language: Language = "en") -> Schema:
    """The JSON Schema of a rulebook with these sections; settings are described by their labels.

    Nothing is required, since a book may extend another. With a ``book`` the positions, roles and calendars that it
    has are proposed where a setting names one.
    """
    writer = _Writer(book, language)
    top: Schema = {
        "name": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$", "description": _NAME(language)},
        "extends": {"type": "string", "description": _EXTENDS(language)},
    }
    for section in sections:
        top[section.name] = writer.of(section.type, (), section.labels)
    return {"$schema": DIALECT, "type": "object", "properties": top, "additionalProperties": False}


class _Writer:
    def __init__(self, book: Rulebook | None, language: Language) -> None:
        self._book, self._language = book, language

    def of(self, kind: Any, way: tuple[str, ...], labels: Mapping[str, Text]) -> Schema:
        """The schema of a setting of that type, described by its label."""
        label = labels.get(".".join(way))
        said = {} if label is None else {"description": label(self._language).format("*", "*")}
        return {**said, **self._shape(kind, way, labels)}

    def _shape(self, kind: Any, way: tuple[str, ...], labels: Mapping[str, Text]) -> Schema:
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        origin, members = get_origin(kind) or kind, get_args(kind)
        if origin in (Union, UnionType):
            found = [self._shape(member, way, labels) for member in members if member is not NoneType]
            return found[0] if len(found) == 1 else {"anyOf": found}
        if origin is Literal:
            return {"enum": list(members)}
        if isinstance(origin, type) and issubclass(origin, Enum):
            return {"enum": [member.value for member in origin]}
        if kind in AS_WRITTEN and kind is not CalendarRules:
            return self._shape(AS_WRITTEN[kind], way, labels)
        if attrs.has(origin):
            cls: Any = AS_WRITTEN.get(kind, origin)
            each = {f.name: self._named(f, self.of(f.type, (*way, f.name), labels)) for f in attrs.fields(cls)}
            if kind is CalendarRules:
                each["public_holidays"] = self.of(str, (*way, "public_holidays"), labels)
            return {"type": "object", "properties": each, "additionalProperties": False}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            table: Schema = {"type": "object", "additionalProperties": self.of(members[1], (*way, "*"), labels)}
            keys = self._shape(members[0], way, labels)
            return {**table, "propertyNames": keys} if "enum" in keys else table
        if isinstance(origin, type) and issubclass(origin, AbstractSet | tuple):
            return {"type": "array", "items": self.of(members[0], (*way, "*"), labels) if members else {}}
        return {}

    def _named(self, field: "attrs.Attribute[Any]", written: Schema) -> Schema:
        """Proposes the names that the book has; others may be new in the file."""
        table = POSITION[NAMES] if field == _AUTHORITY else field.metadata.get(NAMES)
        if table is None or self._book is None or written.get("type") != "string":
            return written
        return {**written, "examples": sorted(names_of(self._book, table))}


def names_of(book: Rulebook, table: str) -> Iterable[str]:
    """The keys of a table of the book: positions, roles, calendars."""
    section, _, setting = table.partition(".")
    found: Any = book.parts.get(section, {})
    return list(getattr(found, setting) if setting else found)
