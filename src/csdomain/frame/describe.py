"""The domain as data: contexts, kinds, lifecycles, commands, events and settings, from their declarations alone.

No rulebook is needed; with one, settings have its values and permissions the positions that hold them. What comes is
frozen attrs values: :func:`~csdomain.frame.views.as_data` makes JSON of them.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs

from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.cases.events import Event, Rebased, TimerBreached, TimerReminded, TimerWarned
from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.papers.approvals import ApprovalLadder, Band
from csdomain.kernel.rules import Text
from csdomain.kernel.values.actors import Action, Permissions
from csdomain.kernel.values.arguments import is_command, said
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.kernel.values.personal import personal_kind
from csdomain.rulebook import COMMON, PERMISSIONS, Rulebook, Section
from csdomain.rulebook.organisation import CalendarRules

from .cases import CaseType
from .commands import Command, command_of
from .contexts import Context
from .descriptions import (
    ColumnDescription,
    ContextDescription,
    Description,
    EventDescription,
    FieldDescription,
    KindDescription,
    LifecycleDescription,
    MethodDescription,
    OccasionDescription,
    PermissionDescription,
    SectionDescription,
    SettingDescription,
    StepDescription,
)
from .questions import Questions
from .requests import options, parameters
from .schemas import command_schema, described, json_schema
from .service import CaseService
from .shapes import shown_fields
from .views import as_data

_CITED: Final = re.compile(r"\b[A-Z]{3}-[0-9]{2}\b")
#: The permissions of the frame's own commands, by what a kind of case calls them.
_KEPT: Final[Mapping[str, str]] = {
    "rebase": "rebase",
    "erase": "erase",
    "forget": "erase",
    "of_customer": "erase",
    "export_of": "export",
    "hold": "hold",
    "release": "hold",
}


#: Of the frame's own commands, those that no mark tells.
_CHANGE: Final = frozenset({"rebase", "erase", "forget", "hold", "release"})
_NOWHERE: Final = object()
_DURATION: Final = said(Duration)
#: Classes that stand in the file as one value, and one that is written as a list.
_WHOLE: Final = frozenset({Money, NumberPattern, CalendarDays, WorkingDays, WorkingTime, ElapsedTime, Text})
_AS_WRITTEN: Final[Mapping[Any, Any]] = {ApprovalLadder: tuple[Band, ...]}


def describe(contexts: Iterable[Context[Any]], rulebook: Rulebook | None = None) -> Description:
    """What contexts declare, and, with a rulebook, what it says of them."""
    return Description(
        None if rulebook is None else rulebook.ref,
        tuple(_section(section, rulebook) for section in COMMON),
        tuple(_context(context, rulebook) for context in contexts),
    )


def service_class(context: Context[Any]) -> type | None:
    """The class of a context's service; None where the context has no use cases."""
    if isinstance(context.service, type):
        return context.service
    made = get_type_hints(context.service).get("return") if inspect.isfunction(context.service) else None
    return made if isinstance(made, type) else None


def events_of(context: Context[Any]) -> tuple[type[Event], ...]:
    """Every event that the trails of a context may have, in order of name.

    They are those of its modules that no other event refines or from which something follows, and those of its cases
    that the frame and timers tell.
    """
    found: set[type[Event]] = set()
    service = service_class(context)
    if service is not None:
        package = service.__module__.removesuffix(".service")
        found |= {one for one in _leaves(Event) if f"{one.__module__}.".startswith(f"{package}.")}
    for case in context.cases:
        found |= set(case.effects.events)
        if case.keeping is not None:
            found |= {
                case.keeping.erased,
                case.keeping.restricted,
                case.keeping.held,
                case.keeping.released,
                case.keeping.exported,
            }
        found |= {Rebased} if case.pinning else set()
        found |= {TimerBreached, TimerReminded, TimerWarned}
    return tuple(sorted(found, key=lambda event: event.name))


def _leaves(kind: type[Event]) -> Iterator[type[Event]]:
    """The events below one that no other event refines."""
    # A slotted class of attrs is made twice, and the first is still there until it is collected.
    below: list[type[Any]] = [one for one in kind.__subclasses__() if "__attrs_attrs__" in one.__dict__]
    for one in below:
        yield from _leaves(one)
    if not below:
        yield kind


# --- a context
def _context(context: Context[Any], book: Rulebook | None) -> ContextDescription:
    service = service_class(context)
    methods = () if service is None else tuple(_methods(service, context, ""))
    asked: dict[str, list[str]] = {action: [] for action in context.ruled.actions}
    for method, _ in methods:
        for permission in method.permissions:
            asked.setdefault(permission, []).append(method.name)
    matrix = None if book is None else book[PERMISSIONS]
    known = None if matrix is None or book is None else Permissions(matrix.roles, matrix.positions, book.actions)
    return ContextDescription(
        context.name,
        "" if service is None else described(service),
        None if book is None else context.section in book,
        tuple(_kind(case) for case in context.cases),
        tuple(_lifecycle(table) for table in context.lifecycles),
        tuple(method for method, changes in methods if changes),
        tuple(method for method, changes in methods if not changes),
        tuple(
            PermissionDescription(name, tuple(by), None if known is None else known.holders(Action(name)))
            for name, by in asked.items()
        ),
        tuple(_event(event) for event in events_of(context)),
        tuple(
            OccasionDescription(one.name, one.internal, {name: kind.value for name, kind in one.placeholders.items()})
            for one in context.section.occasions
        ),
        _section(context.section, book),
    )


def _kind(case: CaseType) -> KindDescription:
    kind = case.kind
    cls: Any = kind.type
    fields = []
    for field in shown_fields(cls):
        holds = personal_kind(field)
        fields.append(FieldDescription(field.name, _type(field.type), None if holds is None else holds.value))
    columns = (
        ColumnDescription(name, "int" if name == "version" else "str", name == "id", True) for name in kind.BUILT_IN
    )
    declared = (ColumnDescription(one.name, one.kind.__name__, one.unique, one.index) for one in kind.fields)
    return KindDescription(
        kind.table,
        kind.id.prefix,
        described(kind.type),
        tuple(fields),
        (*columns, *declared),
        tuple(table.name for table in case.lifecycles),
        json_schema(kind.type),
    )


def _lifecycle(table: Lifecycle[Any, Any]) -> LifecycleDescription:
    return LifecycleDescription(
        table.name,
        tuple(state.value for state in table.states),
        table.initial.value,
        tuple(state.value for state in table.states if state in table.final),
        table.paths,
        tuple(
            StepDescription(
                step.trigger.value,
                None if step.source is None else step.source.value,
                step.dest.value,
                step.action,
                step.rule.id,
                tuple(sorted(step.paths)),
            )
            for step in table.steps
        ),
    )


def _event(event: type[Event]) -> EventDescription:
    return EventDescription(event.name, event.schema, described(event), json_schema(event))


# --- commands and questions
def _methods(service: type, context: Context[Any], path: str) -> Iterator[tuple[MethodDescription, bool]]:
    """What a service offers, below it what its parts offer, each with whether it changes something."""
    cases: CaseType | None = getattr(service, "_cases", None) if issubclass(service, Questions) else None
    parts = _parts(service)
    for name, function in inspect.getmembers(service, inspect.isfunction):
        if not is_command(function) or name == "as_data":  # how answers are written is no use case
            continue
        if name == "rebase" and cases is not None and not cases.pinning:  # records that go by the current book
            continue
        named = list(_named(function, service, parts))
        marked = [one for one in named if isinstance(one, Command)]
        permissions: list[str] = [one.action for one in marked]
        permissions += [one for one in named if isinstance(one, str) and one in context.ruled.actions]
        if not permissions and cases is not None:
            kept = function.__module__ == CaseService.__module__ and _KEPT.get(name)
            permissions = [str(getattr(cases, kept or "read"))]
        text = described(function)
        method = MethodDescription(
            f"{path}{name}",
            None if cases is None else cases.kind.table,
            f"{name}({', '.join(_argument(*one) for one in parameters(function).items())})",
            text,
            tuple(dict.fromkeys(_CITED.findall(text))),
            tuple(dict.fromkeys(permissions)),
            tuple(dict.fromkeys(one.name for one in marked)),
            "id" in inspect.signature(function).parameters,
            options(function),
            command_schema(function),
        )
        runs = cases is None and "run" in _names(inspect.unwrap(function).__code__)
        yield method, bool(marked) or name in _CHANGE or runs
    for name, part in parts.items():
        yield from _methods(part, context, f"{path}{name}.")


def _parts(service: type) -> Mapping[str, type]:
    """The services that a service has as properties."""
    found: dict[str, type] = {}
    for name, member in inspect.getmembers(service, lambda one: isinstance(one, property)):
        made = get_type_hints(member.fget).get("return")
        if isinstance(made, type) and issubclass(made, Questions):
            found[name] = made
    return found


def _argument(name: str, told: tuple[Any, bool, Any]) -> str:
    kind, needed, default = told
    plain = default is None or isinstance(default, str | int)
    return f"{name}: {_type(kind)}" + ("" if needed else f" = {default!r}" if plain else " = ...")


def _type(kind: Any) -> str:
    """A type as people write it."""
    return said(kind).replace(_DURATION, "Duration")


def _names(code: CodeType) -> tuple[str, ...]:
    """The names that a function uses, those of functions inside it included."""
    inner = (name for const in code.co_consts if isinstance(const, CodeType) for name in _names(const))
    return (*code.co_names, *inner)


def _named(function: Callable[..., Any], service: type, parts: Mapping[str, type]) -> Iterator[object]:
    """The commands and permissions that a method of a service names: each stands there once and nowhere else.

    Private methods of its own that it calls are followed, and methods of the service's parts.
    """
    plain: Any = inspect.unwrap(function)
    names = _names(plain.__code__)
    for name in names:
        found = plain.__globals__.get(name)
        if isinstance(found, Mapping):
            yield from _commands(found)
        elif inspect.ismodule(found) or inspect.isclass(found):
            for other in names:
                yield from _commands(getattr(found, other, None))
        elif found is not None:
            yield _command(found) or found
        called = getattr(service, name, None)
        if name.startswith("_") and inspect.isfunction(called) and not hasattr(CaseService, name):
            yield from _named(called, service, parts)
        if name in parts:
            for other in names:
                inner = getattr(parts[name], other, None)
                if inspect.isfunction(inner):
                    yield from _named(inner, parts[name], {})


def _commands(found: object) -> Iterator[Command]:
    """A command, or all of a mapping of them."""
    yield from filter(None, map(_command, found.values() if isinstance(found, Mapping) else (found,)))


def _command(function: object) -> Command | None:
    try:
        return command_of(function)
    except TypeError:
        return None


# --- settings
def _section(section: Section[Any], book: Rulebook | None) -> SectionDescription:
    part = book[section] if book is not None and section in book else _NOWHERE
    cls = get_origin(section.type) or section.type
    settings = tuple(_settings(section, section.type, "", part))
    return SectionDescription(section.name, section.labels.get(""), described(cls) if attrs.has(cls) else "", settings)


def _settings(section: Section[Any], kind: Any, path: str, value: object) -> Iterator[SettingDescription]:
    """The settings of a class, and of the classes in its tables and lists, by their paths in the file."""
    kind = _AS_WRITTEN.get(kind, kind)
    inner = next((each for each in get_args(kind) if each is not type(None)), None)
    origin = get_origin(kind) or kind
    if get_origin(kind) is not None and inner is not None:
        if not (isinstance(origin, type) and issubclass(origin, Iterable)):  # a class or nothing
            yield from _settings(section, inner, path, value)
        else:
            member = get_args(kind)[1] if issubclass(origin, Mapping) else inner
            yield from _settings(section, member, f"{path}.*" if path else "*", _NOWHERE)
        return
    if not attrs.has(kind) or kind in _WHOLE:
        return
    for field in _written(kind):
        at = f"{path}.{field.name}" if path else field.name
        there = _NOWHERE if value is _NOWHERE else _of(value, field.name)
        yield SettingDescription(
            at,
            _type(field.type),
            section.labels.get(at),
            field.default is attrs.NOTHING,
            _default(field),
            None if there is _NOWHERE else as_data(there, may_see=True),
        )
        yield from _settings(section, field.type, at, there)


def _written(kind: type) -> Sequence["attrs.Attribute[Any]"]:
    """The fields of a class as they stand in the file: a calendar's own beside its public holidays."""
    fields = shown_fields(kind)
    if kind is not CalendarRules:
        return fields
    return (*shown_fields(CalendarSpec), *(field for field in fields if field.name != "spec"))


def _of(value: object, name: str) -> object:
    written = value.spec if isinstance(value, CalendarRules) and name != "public_holidays" else value
    return getattr(written, name, _NOWHERE)


def _default(field: "attrs.Attribute[Any]") -> object:
    default: Any = field.default
    if default is attrs.NOTHING:
        return None
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return None if default.takes_self else as_data(default.factory(), may_see=True)
    return as_data(default, may_see=True)
