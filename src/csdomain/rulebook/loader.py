"""Reading a rulebook: strictly typed, whole, and with every fault of the file in one report (KRN-01)."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any, Final, NoReturn, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ClassValidationError,
    ForbiddenExtraKeysError,
)
from cattrs.gen import make_dict_structure_fn

from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.cases.occasions import Occasion
from csdomain.kernel.papers.approvals import ApprovalLadder, Band
from csdomain.kernel.rules.errors import DomainError, InvalidValue, RulebookInvalid, show
from csdomain.kernel.values.durations import Duration, parse_duration
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern

from .nearest import nearest
from .organisation import CalendarRules
from .reading import TOP, Library, Source, Written, read, refused
from .sections import Rulebook, Section

T = TypeVar("T")
#: The sections that a book may have: given, or told by the book's data, so that a context is imported when it is taken.
Sections = Iterable[Section[Any]] | Callable[[Mapping[str, Any]], Iterable[Section[Any]]]
_HASH_DIGITS: Final = 12
_WIDTH: Final = re.compile(r"\{seq[^}]*\}")
_SEQUENCES: Final[tuple[Any, ...]] = (tuple, frozenset)
_TABLES: Final[tuple[Any, ...]] = (dict, Mapping)


class WrongType(Exception):
    """What the report says of one value."""


def _expected(what: str, value: object) -> NoReturn:
    shown = f" {value}" if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""
    kind = {str: "text", bool: "true/false", int: "the integer", Decimal: "the number"}.get(type(value))
    raise WrongType(f"{what} expected, not {kind or type(value).__name__}{shown}")


def _exactly(cls: type[T], what: str) -> Callable[[object, object], T]:
    def hook(value: object, _: object) -> T:
        if type(value) is not cls:
            _expected(what, value)
        return value

    return hook


_text: Final = _exactly(str, "text")


def _decimal(value: object, _: object) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        _expected("a decimal number", value)
    return value


def _money(value: object, _: object) -> Money:
    if not isinstance(value, str) or " " not in value:
        _expected('an amount such as "1000 CNY"', value)
    amount, _space, currency = value.partition(" ")
    return Money.of(amount, currency)


def _sequence(cls: Any, converter: Converter) -> Callable[[object, object], Any]:
    elements: Any = tuple.__class_getitem__((get_args(cls)[0], ...))
    structure = homogenous_tuple_structure_factory(elements, converter)
    target: Any = frozenset if get_origin(cls) is frozenset else tuple

    def hook(value: object, _: object) -> Any:
        if not isinstance(value, list | tuple):
            _expected("a list", value)
        return target(structure(value, cls))

    return hook


def _table(cls: Any, converter: Converter) -> Callable[[object, object], Any]:
    structure = mapping_structure_factory(cls, converter)

    def hook(value: object, _: object) -> Any:
        if not isinstance(value, Mapping):
            _expected("a table", value)
        return structure(value, cls)

    return hook


def _attrs(cls: Any, converter: Converter) -> Callable[[object, object], Any]:
    structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)

    def hook(value: object, _: object) -> Any:
        if not isinstance(value, Mapping):
            _expected("a table", value)
        try:
            return structure(value, cls)
        except ClassValidationError as error:
            for inner in error.exceptions:
                _place(inner, cls)
            raise

    return hook


def _place(error: BaseException, cls: Any) -> bool:
    """Note on what a class refused as a whole which of its settings was wrong; whether the error says so."""
    field = error.facts.get("field") if isinstance(error, InvalidValue) else None
    if not isinstance(field, str) or hasattr(error, "__notes__"):
        return False
    if field.partition(".")[0] not in attrs.fields_dict(get_origin(cls) or cls):
        return False
    error.add_note(AttributeValidationNote(f"in {cls.__name__}", field, object))
    return True


def _enum(cls: Any, _: Converter) -> Callable[[object, object], Any]:
    values = [member.value for member in cls]

    def hook(value: object, _: object) -> Any:
        if type(value) is not str or value not in values:
            raise WrongType(f"one of {', '.join(map(str, values))} expected, not {show(value)}")
        return cls(value)

    return hook


def _calendar(value: object) -> CalendarRules:
    if not isinstance(value, Mapping):
        _expected("a table", value)
    settings = dict(value)
    public = settings.pop("public_holidays", "")
    unknown = settings.keys() - _keys(CalendarSpec)
    if unknown:
        raise ForbiddenExtraKeysError("", CalendarSpec, unknown)
    if "zone" not in settings:
        raise KeyError("zone")
    named = _text(public, str)
    try:
        return CalendarRules(CalendarSpec(**settings), named)
    except InvalidValue as error:
        if _place(error, CalendarSpec):
            raise ClassValidationError("", [error], CalendarSpec) from None
        raise


def strict_converter() -> Converter:
    """A converter that coerces nothing: ``1.9`` is no integer, ``"12"`` no number, ``true`` no 1, a text no list."""
    converter = Converter(forbid_extra_keys=True)
    factories: tuple[tuple[Callable[[Any], bool], Any], ...] = (
        (attrs.has, _attrs),
        (lambda cls: get_origin(cls) in _SEQUENCES, _sequence),
        (lambda cls: get_origin(cls) in _TABLES, _table),
        (lambda cls: isinstance(cls, type) and issubclass(cls, Enum), _enum),
    )
    for applies, factory in factories:
        converter.register_structure_hook_factory(applies, factory)
    scalars: tuple[tuple[type, str], ...] = (
        (int, "an integer"),
        (bool, "true or false"),
        (str, "text"),
        (date, "a date"),
        (time, "a time of day"),
        (datetime, "a date and time"),
    )
    for cls, what in scalars:
        converter.register_structure_hook(cls, _exactly(cls, what))
    converter.register_structure_hook(CalendarRules, lambda value, _: _calendar(value))
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(Money, _money)
    converter.register_structure_hook(Duration, lambda value, _: parse_duration(value))
    converter.register_structure_hook(Duration | None, lambda value, _: parse_duration(value))
    bands = _sequence(tuple[Band, ...], converter)
    converter.register_structure_hook(ApprovalLadder, lambda value, _: ApprovalLadder(bands(value, tuple[Band, ...])))
    converter.register_structure_hook(NumberPattern, lambda value, _: NumberPattern(_text(value, _)))
    return converter


def _keys(cls: type) -> set[str]:
    """The keys that a table has which gives this class."""
    fields = {field.name for field in attrs.fields(cls)}
    return fields | {"public_holidays"} if cls is CalendarSpec else fields


def _said(error: BaseException, _: type | None) -> str:
    if isinstance(error, DomainError):
        return str(error)
    if isinstance(error, ForbiddenExtraKeysError):
        known = _keys(error.cl)
        unknown = sorted(error.extra_fields)
        return f"unknown key {', '.join(f'{show(key)}{nearest(key, known)}' for key in unknown)}"
    if isinstance(error, KeyError):
        return "this key is missing"
    return str(error)


def loads(source: Source, sections: Sections, library: Library = lambda _name: None) -> Rulebook:
    """The rulebook that one TOML text gives, or the texts of a folder's files by their names.

    What it ``extends`` is taken from ``library`` and overridden key by key. Raises
    :class:`~csdomain.kernel.rules.errors.RulebookInvalid` naming every fault with its key path, and of a folder with
    its file; nothing of a faulty book is used. [KRN-01]
    """
    return _build(read(source, library, lambda data: _known(sections, data)))


def _known(sections: Sections, data: Mapping[str, Any]) -> tuple[Section[Any], ...]:
    return tuple(sections(data) if callable(sections) else sections)


def restore(canonical: str, sections: Sections) -> Rulebook:
    """The rulebook again from its ``canonical`` text, as a store keeps it for the cases that pin it."""
    data = content(canonical)
    return _build(Written(data, _known(sections, data)))


def content(canonical: str) -> dict[str, Any]:
    """The data of a rulebook from its ``canonical`` text: new tables and lists each time, values as TOML gives them."""
    data: dict[str, Any] = json.loads(canonical, object_hook=_revived, parse_float=Decimal)
    return data


def structured(section: Section[T], raw: object, converter: Converter) -> T:
    """The house rules of one section from its data. Raises RulebookInvalid with every fault. [KRN-01]"""
    try:
        return converter.structure(raw, section.type)
    except (BaseValidationError, WrongType, DomainError) as error:
        raise RulebookInvalid(tuple(transform_error(error, f"$.{section.name}", _said))) from None


def _build(written: Written) -> Rulebook:
    raw, name = written.data, written.data["name"]
    known = {section.name: section for section in written.sections}
    unknown = sorted(raw.keys() - known.keys() - TOP)
    faults = [f"unknown key{nearest(key, {*known, *TOP})} @ $.{key}" for key in unknown]
    faults += [f"this key is missing @ $.{key}" for key in sorted(known.keys() - raw.keys()) if known[key].required]
    converter = strict_converter()
    parts: dict[str, object] = {}
    for key in sorted(key for key in known if key in raw or known[key].always):
        try:
            parts[key] = structured(known[key], raw.get(key, {}), converter)
        except RulebookInvalid as error:
            faults += error.faults
    canonical = json.dumps(raw, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_frozen)
    digest = sha256(canonical.encode()).hexdigest()[:_HASH_DIGITS]
    actions = frozenset(action for section in known.values() for action in section.actions)
    occasions: dict[str, Occasion] = {}
    for section in known.values():
        for occasion in section.occasions:
            if occasions.setdefault(occasion.name, occasion) is not occasion:
                faults.append(f"another context declares the occasion {occasion.name} @ $.{section.name}")
    book = Rulebook(name, f"{name}@{digest}", canonical, parts, actions, tuple(known.values()), occasions)
    for key, part in parts.items():
        faults += known[key].check(part, book)
    faults += _series_of_another(parts)
    if faults or written.faults:
        raise refused((*written.faults, *map(written.placed, faults)), name)
    return book


def _series_of_another(parts: Mapping[str, object]) -> Iterator[str]:
    """Faults of number patterns that number like those of another section: the same number twice, or gaps (KRN-10)."""
    whose: dict[str, tuple[str, str]] = {}
    for section, part in parts.items():
        for path, pattern in _patterns(part, section):
            first, at = whose.setdefault(_WIDTH.sub("{seq}", pattern.text), (section, path))
            if first != section:
                yield f"this is the number series of {at} @ $.{path}"


def _patterns(value: Any, path: str) -> Iterator[tuple[str, NumberPattern]]:
    if isinstance(value, NumberPattern):
        yield path, value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _patterns(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _patterns(each, f"{path}.{key}")


def _frozen(value: object) -> dict[str, str]:
    for cls, tag in ((Decimal, "$decimal"), (datetime, "$datetime"), (date, "$date"), (time, "$time")):
        if isinstance(value, cls):
            return {tag: str(value) if isinstance(value, Decimal) else value.isoformat()}
    raise TypeError(type(value).__name__)


def _revived(table: dict[str, Any]) -> Any:
    for tag, revive in _REVIVE.items():
        if table.keys() == {tag}:
            return revive(table[tag])
    return table


_REVIVE: Final[dict[str, Callable[[str], object]]] = {
    "$decimal": Decimal,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
}
