"""Reading a rulebook: strictly typed, whole, and with every fault of the file in one report (KRN-01)."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any, Final, NoReturn, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.gen import make_dict_structure_fn

from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.cases.occasions import Occasion
from csdomain.kernel.papers.approvals import ApprovalLadder, Band
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, Fault, InvalidValue, RulebookInvalid, show
from csdomain.kernel.values.durations import Duration, parse_duration
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern

from .mending import Way, mended, related, way_of
from .names import faults_of_durations, faults_of_names
from .nearest import meant
from .organisation import CalendarRules
from .reading import MISSING, TOP, Library, Source, Written, read, refused
from .sections import Rulebook, Section

T = TypeVar("T")
#: The sections that a book may have: given, or told by the book's data, so that a context is imported when it is taken.
Sections = Iterable[Section[Any]] | Callable[[Mapping[str, Any]], Iterable[Section[Any]]]
_HASH_DIGITS: Final = 12
_WIDTH: Final = re.compile(r"\{seq[^}]*\}")
_SEQUENCES: Final[tuple[Any, ...]] = (tuple, frozenset)
_TABLES: Final[tuple[Any, ...]] = (dict, Mapping)
#: How often a faulty section is mended and read again.
_ROUNDS: Final = 30


class WrongType(Exception):
    """What the report says of one value."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


_GIVEN: Final[Mapping[type, Text]] = {
    str: Text("text", "文本"),
    bool: Text("true/false", "真假值"),
    int: Text("the integer", "整数"),
    Decimal: Text("the number", "数字"),
    list: Text("list", "列表"),
    dict: Text("dict", "表"),
}


def _expected(what: Text, value: object) -> NoReturn:
    shown = f" {value}" if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""
    kind = _GIVEN.get(type(value)) or Text(type(value).__name__, type(value).__name__)
    raise WrongType(Text(f"{what.en} expected, not {kind.en}{shown}", f"应为{what.zh}，而非{kind.zh}{shown}"))


_LIST: Final = Text("a list", "列表")
_TABLE: Final = Text("a table", "表")


def _exactly(cls: type[T], what: Text) -> Callable[[object, object], T]:
    def hook(value: object, _: object) -> T:
        if type(value) is not cls:
            _expected(what, value)
        return value

    return hook


_text: Final = _exactly(str, Text("text", "文本"))


def _decimal(value: object, _: object) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        _expected(Text("a decimal number", "小数"), value)
    return value


def _money(value: object, _: object) -> Money:
    if not isinstance(value, str) or " " not in value:
        _expected(Text('an amount such as "1000 CNY"', "如“1000 CNY”的金额"), value)
    amount, _space, currency = value.partition(" ")
    return Money.of(amount, currency)


def _sequence(cls: Any, converter: Converter) -> Callable[[object, object], Any]:
    elements: Any = tuple.__class_getitem__((get_args(cls)[0], ...))
    structure = homogenous_tuple_structure_factory(elements, converter)
    target: Any = frozenset if get_origin(cls) is frozenset else tuple

    def hook(value: object, _: object) -> Any:
        if not isinstance(value, list | tuple):
            _expected(_LIST, value)
        return target(structure(value, cls))

    return hook


def _table(cls: Any, converter: Converter) -> Callable[[object, object], Any]:
    structure = mapping_structure_factory(cls, converter)

    def hook(value: object, _: object) -> Any:
        if not isinstance(value, Mapping):
            _expected(_TABLE, value)
        return structure(value, cls)

    return hook


def _attrs(cls: Any, converter: Converter) -> Callable[[object, object], Any]:
    structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)

    def hook(value: object, _: object) -> Any:
        if not isinstance(value, Mapping):
            _expected(_TABLE, value)
        try:
            return structure(value, cls)
        except ClassValidationError as error:
            for inner in error.exceptions:
                _place(inner, cls)
            raise

    return hook


def _place(error: BaseException, cls: Any) -> bool:
    """Note on what a class refused as a whole which of its settings was wrong; whether the error says so."""
    if not isinstance(error, InvalidValue) or hasattr(error, "__notes__"):
        return False
    fields = attrs.fields_dict(get_origin(cls) or cls)
    field = str(error.facts.get("field") or next((fact for fact in error.facts if fact in fields), ""))
    if field.partition(".")[0] not in fields:
        return False
    error.add_note(AttributeValidationNote(f"in {cls.__name__}", field, object))
    return True


def _enum(cls: Any, _: Converter) -> Callable[[object, object], Any]:
    values = [member.value for member in cls]

    def hook(value: object, _: object) -> Any:
        if type(value) is not str or value not in values:
            known, given = ", ".join(map(str, values)), show(value)
            raise WrongType(Text(f"one of {known} expected, not {given}", f"应为 {known} 之一，而非 {given}"))
        return cls(value)

    return hook


def _calendar(value: object) -> CalendarRules:
    if not isinstance(value, Mapping):
        _expected(_TABLE, value)
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
    scalars: tuple[tuple[type, Text], ...] = (
        (int, Text("an integer", "整数")),
        (bool, Text("true or false", "true 或 false")),
        (str, Text("text", "文本")),
        (date, Text("a date", "日期")),
        (time, Text("a time of day", "时刻")),
        (datetime, Text("a date and time", "日期和时间")),
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


@cache
def books_converter() -> Converter:
    """The one that all books are read with: to make what it reads a class by takes as long as to read a book."""
    return strict_converter()


def _keys(cls: type) -> set[str]:
    """The keys that a table has which gives this class."""
    fields = {field.name for field in attrs.fields(cls)}
    return fields | {"public_holidays"} if cls is CalendarSpec else fields


def _said(error: BaseException) -> Text:
    if isinstance(error, WrongType):
        return error.said
    if isinstance(error, DomainError):
        return Text(str(error), error.render("zh"))
    if isinstance(error, KeyError):
        return MISSING
    return Text(str(error), str(error))


def _unknown_key(shown: str, key: str, known: Iterable[str], path: str) -> Fault:
    hint = meant(key, known)
    return Fault.of(Text(f"unknown key{shown}{hint.en}", f"未知的键{shown}{hint.zh}"), path)


@attrs.frozen
class _Found:
    """A fault of a section, and the way from the section's table to what is wrong."""

    fault: Fault
    way: Way


def _found(error: BaseException, path: str, way: Way = ()) -> Iterator[_Found]:
    if isinstance(error, ForbiddenExtraKeysError):
        known = _keys(error.cl)
        for key in sorted(error.extra_fields):
            yield _Found(_unknown_key(f" {show(key)}", key, known, path), (*way, key))
    elif isinstance(error, ClassValidationError | IterableValidationError):
        noted, bare = error.group_exceptions()
        for each in bare:
            yield from _found(each, path, way)
        for each, note in noted:
            if isinstance(note, AttributeValidationNote):
                yield from _found(each, f"{path}.{note.name}", (*way, *note.name.split(".")))
            else:
                yield from _found(each, f"{path}[{note.index!r}]", (*way, note.index))
    else:
        yield _Found(Fault.of(_said(error), path), way)


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
    part, found = _tried(section, raw, converter)
    if found:
        raise RulebookInvalid(tuple(one.fault for one in found))
    return cast("T", part)


def _tried(section: Section[Any], raw: object, converter: Converter) -> tuple[object, list[_Found]]:
    try:
        return converter.structure(raw, section.type), []
    except (BaseValidationError, WrongType, DomainError) as error:
        return None, list(_found(error, f"$.{section.name}"))


def _part(section: Section[Any], raw: object, converter: Converter) -> tuple[object, list[_Found]]:
    """The rules of a section, as far as its data goes, and all its faults.

    A class tells what is wrong with it as a whole only when each of its settings could be read, and then one thing. So
    what is wrong is left out, or where it is required has a sample put in its place, and the section is read again.
    There are no rules where a sample makes a choice: others would be judged by it.
    """
    found: list[_Found] = []
    data, whole = raw, True
    for _ in range(_ROUNDS):
        part, more = _tried(section, data, converter)
        if not more:
            return part if whole else None, found
        data = data if found else deepcopy(raw)
        found += [one for one in more if not any(related(old.way, one.way) for old in found)]
        if not all(one.way for one in more):
            break  # of the section as a whole
        for one in more:
            whole &= mended(section.type, data, one.way)
    return None, found


def _build(written: Written) -> Rulebook:
    raw, name = written.data, written.data["name"]
    known = {section.name: section for section in written.sections}
    unknown_ones = sorted(raw.keys() - known.keys() - TOP)
    faults = [_unknown_key("", key, {*known, *TOP}, f"$.{key}") for key in unknown_ones]
    missing = sorted(known.keys() - raw.keys())
    faults += [Fault.of(MISSING, f"$.{key}") for key in missing if known[key].required]
    converter = books_converter()
    parts: dict[str, object] = {}
    wrong: list[Way] = []
    checked: list[Fault] = []
    for key in sorted(key for key in known if key in raw or known[key].always):
        part, found = _part(known[key], raw.get(key, {}), converter)
        faults += [one.fault for one in found]
        wrong += [(key, *one.way) for one in found]
        if part is not None:
            parts[key] = part
        checked += faults_of_names(known[key].type, raw.get(key), f"$.{key}", raw)
        checked += faults_of_durations(known[key].type, raw.get(key), f"$.{key}")
    canonical = json.dumps(raw, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_frozen)
    digest = sha256(canonical.encode()).hexdigest()[:_HASH_DIGITS]
    actions = frozenset(action for section in known.values() for action in section.actions)
    occasions: dict[str, Occasion] = {}
    for section in known.values():
        for occasion in section.occasions:
            if occasions.setdefault(occasion.name, occasion) is not occasion:
                said = f"another context declares the occasion {occasion.name}"
                faults.append(Fault.of(said, f"$.{section.name}"))
    book = Rulebook(name, f"{name}@{digest}", canonical, parts, actions, tuple(known.values()), occasions)
    checked += [Fault.of(fault) for key, part in parts.items() for fault in known[key].check(part, book)]
    checked += _series_of_another(parts)
    faults += [fault for fault in checked if not any(way == way_of(fault)[: len(way)] for way in wrong)]
    if faults or written.faults:
        raise refused((*written.faults, *map(written.placed, faults)), name)
    return book


def _series_of_another(parts: Mapping[str, object]) -> Iterator[Fault]:
    """Faults of number patterns that number like those of another section: the same number twice, or gaps (KRN-10)."""
    whose: dict[str, tuple[str, str]] = {}
    for section, part in parts.items():
        for path, pattern in _patterns(part, section):
            first, at = whose.setdefault(_WIDTH.sub("{seq}", pattern.text), (section, path))
            if first != section:
                said = Text(f"this is the number series of {at}", f"与 {at} 的编号序列相同")
                yield Fault.of(said, f"$.{path}")


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
