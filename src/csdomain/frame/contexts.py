"""A context as a whole, declared once: what a desk needs of it. Others plug theirs in as ``csdomain.contexts``."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import attrs

from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.ports import TimerHandler
from csdomain.rulebook import House, Pinning, Section

from .service import CaseType

V = TypeVar("V")


def _no_handlers(_: House) -> Mapping[str, TimerHandler]:
    return {}


@attrs.frozen(eq=False)
class Context(Generic[V]):
    """A part of the operation: its service, and of its kinds of case everything that follows from their declaration.

    What no :class:`CaseType` says (further sections, kinds that are no cases) is given beside them.
    """

    name: str
    service: Callable[..., V]
    cases: tuple[CaseType, ...] = ()
    more_sections: tuple[Section[Any], ...] = ()
    more_kinds: tuple[Kind[Any], ...] = ()
    more_lifecycles: tuple[Lifecycle[Any, Any], ...] = ()
    more_pinnings: tuple[Pinning, ...] = ()
    more_handlers: Callable[[House], Mapping[str, TimerHandler]] = _no_handlers

    @property
    def sections(self) -> tuple[Section[Any], ...]:
        """Its parts of a rulebook, with the permissions that its tables ask for."""
        asked = (
            attrs.evolve(case.section, actions=tuple(dict.fromkeys((*case.actions, *case.section.actions))))
            for case in self.cases
        )
        return (*asked, *self.more_sections)

    @property
    def kinds(self) -> tuple[Kind[Any], ...]:
        """What it stores."""
        return (*(case.kind for case in self.cases), *self.more_kinds)

    @property
    def lifecycles(self) -> tuple[Lifecycle[Any, Any], ...]:
        """Its tables of moves."""
        return (*(table for case in self.cases for table in case.lifecycles), *self.more_lifecycles)

    @property
    def pinnings(self) -> tuple[Pinning, ...]:
        """Its cases that keep the rulebook they began under."""
        return (*(pinning for case in self.cases for pinning in case.pinning), *self.more_pinnings)

    def handlers(self, house: House) -> Mapping[str, TimerHandler]:
        """What happens when its timers fire."""
        found: dict[str, TimerHandler] = dict(self.more_handlers(house))
        for case in self.cases:
            found |= case.effects.handlers(house)
        return found
