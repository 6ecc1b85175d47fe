"""A context as a whole, declared once: what a desk needs of it. Others plug theirs in as ``csdomain.contexts``."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from inspect import getmembers, isfunction
from itertools import combinations
from typing import Any, Final, Generic, TypeVar

import attrs

from csdomain.kernel.cases.events import TimerFired
from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.store.consequences import Consequence
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.planning import Source
from csdomain.kernel.store.ports import TimerHandler, Unit
from csdomain.kernel.store.projections import Projection
from csdomain.kernel.store.registers import Register, Stored
from csdomain.kernel.values.arguments import is_command
from csdomain.rulebook import House, Pinning, Section

from .cases import CaseType
from .questions import Questions

V = TypeVar("V")


class ContextInvalid(ValueError):
    """A context that cannot stand beside the others, or whose declaration contradicts itself: says what and where."""


@attrs.frozen(eq=False, slots=False)
class Context(Generic[V]):
    """A part of the operation: its service, and of its kinds of case everything that follows from their declaration.

    ``name`` is also that of its section in a rulebook and the beginning of its permissions. ``section`` is given where
    no :class:`~csdomain.frame.cases.CaseType` names it; ``registers`` are its rows. ``sources`` and ``consequences``
    make, of a house and by name, what comes due by the calendar and what follows from events. ``projections`` make rows
    of the events of its kinds; their registers get tables as well. ``service`` makes the service from store, house, ids
    and ports. Raises :class:`ContextInvalid` when it is made.
    """

    name: str
    service: Callable[..., V]
    cases: tuple[CaseType, ...] = ()
    registers: tuple[Register[Any], ...] = ()
    sources: Mapping[str, Callable[[House], Source]] = attrs.field(factory=dict)
    consequences: Mapping[str, Callable[[House], Consequence]] = attrs.field(factory=dict)
    projections: tuple[Projection[Any], ...] = ()
    section: Section[Any] = attrs.field()

    @section.default
    def _section_of_its_cases(self) -> Section[Any]:
        if not self.cases:
            raise ContextInvalid(f"{self.name}: a context without cases names its section")
        return self.cases[0].section

    def __attrs_post_init__(self) -> None:
        if self.section.name != self.name:
            raise ContextInvalid(f"{self.name}: its section is called {self.section.name}; both have one name")
        for case in self.cases:
            if case.section.name != self.name:
                raise ContextInvalid(f"{self.name}: {case.kind.table} goes by another section, {case.section.name}")
        theirs = {case.kind for case in self.cases}
        for rows in self.projections:
            if rows.kind not in theirs:
                raise ContextInvalid(f"{self.name}: {rows.name} follows the events of another context")
        asked = {name for name, f in getmembers(Questions, isfunction) if is_command(f)}
        for one, two in combinations(self.cases, 2):
            if one.kind.table == two.kind.table:
                raise ContextInvalid(f"{self.name}: two kinds of case are called {one.kind.table}")
        for case in self.cases:
            taken = sorted({move.value for move in case.commands.made} & asked)
            if taken:
                raise ContextInvalid(f"{self.name}: a command is called like a question: {', '.join(taken)}")

    @cached_property
    def ruled(self) -> Section[Any]:
        """Its section, with every permission that its kinds of case ask for."""
        actions = (*(action for case in self.cases for action in case.actions), *self.section.actions)
        return attrs.evolve(self.section, actions=tuple(dict.fromkeys(actions)))

    @property
    def kinds(self) -> tuple[Kind[Any], ...]:
        """What it stores."""
        return tuple(case.kind for case in self.cases)

    @property
    def stored(self) -> tuple[Stored, ...]:
        """What has a table of its own: kinds and registers."""
        return (*self.kinds, *self.registers)

    @property
    def lifecycles(self) -> tuple[Lifecycle[Any, Any], ...]:
        """Its tables of moves."""
        return tuple(table for case in self.cases for table in case.lifecycles)

    @property
    def pinnings(self) -> tuple[Pinning, ...]:
        """Its cases that keep the rulebook they began under."""
        return tuple(pinning for case in self.cases for pinning in case.pinning)


_DISTINCT: Final[tuple[tuple[str, Callable[[Context[Any]], Iterable[str]]], ...]] = (
    ("the table", lambda c: (each.table for each in c.stored)),
    ("ids that begin with", lambda c: (kind.id.prefix for kind in c.kinds)),
    ("the lifecycle", lambda c: {table.name for table in c.lifecycles}),
    ("the permission", lambda c: c.ruled.actions),
    ("the occasion", lambda c: (occasion.name for occasion in c.section.occasions)),
)


def check_distinct(contexts: Iterable[Context[Any]]) -> None:
    """Refuse contexts of which two have the same name, kind, ids, lifecycle, permission or occasion.

    Raises :class:`ContextInvalid` that names both and what they share.
    """
    known = tuple(contexts)
    names = [context.name for context in known]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ContextInvalid(f"{twice}: a context of this name is plugged in already")
    for what, of in _DISTINCT:
        whose: dict[str, str] = {}
        for context in known:
            for name in of(context):
                other = whose.setdefault(name, context.name)
                if other != context.name:
                    raise ContextInvalid(f"{context.name}: {what} {name} is taken by the context {other}")


def timer_handlers(contexts: Iterable[Context[Any]], house: House) -> Mapping[str, TimerHandler]:
    """What happens when timers of cases fire, by the name of the timer: each goes to the context of the case's kind."""
    by_name: dict[str, dict[str, TimerHandler]] = {}
    for context in contexts:
        for case in context.cases:
            for name, handler in case.effects.handlers(house).items():
                by_name.setdefault(name, {})[case.kind.id.prefix] = handler

    def dispatched(by_kind: Mapping[str, TimerHandler]) -> TimerHandler:
        def handle(unit: Unit, fired: TimerFired) -> Any:
            handler = by_kind.get(fired.subject.partition("_")[0])
            return () if handler is None else handler(unit, fired)

        return handle

    return {name: dispatched(by_kind) for name, by_kind in by_name.items()}
