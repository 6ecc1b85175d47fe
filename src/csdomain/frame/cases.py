"""A kind of case, declared once: what every case holds, and how a kind is stored, moves, is read, kept and erased."""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Protocol, TypeVar

import attrs

from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Aggregate, Field, Kind
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Action
from csdomain.rulebook import ORGANISATION, House, Pinning, Rulebook, Section

from .acts import Events
from .commands import Commands, Parts
from .effects import Effects
from .keeping import Hold, Keeping

S = TypeVar("S", bound=Enum)


class Case(Aggregate, Protocol[S]):
    """An aggregate with a lifecycle."""

    state: S

    @property
    def number(self) -> str:
        """Its human-readable number; empty where its kind has none."""
        ...


@attrs.define(kw_only=True)
class Record:
    """What every case has besides its id and its state: where it belongs, who looks after it, when it last moved.

    ``rulebook`` is the ref of the book that it was opened under and keeps until it is rebased. ``holds`` are what law
    demanded to keep it for, ``restricted`` that it waits to be erased. Times are UTC.
    """

    branch: str
    owner: str
    rulebook: str
    moved_at: datetime
    version: int = 0
    erased_at: datetime | None = None
    holds: tuple[Hold, ...] = ()
    restricted: bool = False


def usual(
    table: Lifecycle[Any, Any],
) -> tuple[Field[Any, str], Field[Any, str], Field[Any, str], Field[Any, str]]:
    """The columns by which every kind of case is found: number, state, rulebook, and last whose work it still is."""
    ended = table.final
    return (
        Field("number", str, lambda case: case.number or None, unique=True),
        Field("state", str, lambda case: case.state.value),
        Field("rulebook", str, lambda case: case.rulebook),
        Field("queue", str, lambda case: None if case.state in ended else case.owner or None),
    )


@attrs.frozen(eq=False, slots=False)
class CaseType:
    """A kind of case, declared once: how it is stored, how it moves, by which rules, what follows, who may read it.

    ``keeping`` says how the data of people is erased from it; None where it is none of that kind. ``prefix`` begins the
    permissions of a further kind of a context that has other readers (``health_``). ``more_actions`` are
    permissions that no command of the kind asks for (seeing who customers are in exports, say). ``obstacles`` say, by
    a case, the rules of another rulebook and the book, why the case could not go on to an end under it.
    """

    kind: Kind[Any]
    commands: Commands[Any, Any]
    effects: Effects[Any, Any]
    parts: tuple[Parts[Any, Any, Any], ...] = ()
    keeping: Keeping | None = None
    more_actions: tuple[Action, ...] = ()
    prefix: str = ""
    obstacles: Callable[[Any, Any, Rulebook], Iterable[Text]] = lambda _case, _rules, _book: ()

    def __attrs_post_init__(self) -> None:
        if self.keeping is not None:
            self.keeping.attach(self.effects, self.kind, self.erase)

    def keep(self, unit: Unit, house: House, case: Any, events: Events) -> None:
        """Store a case that was changed beside another one, what happened to it, and what follows from that."""
        rules, place = self.effects.rules_of(case, house, unit), house.place(case.branch)
        unit.of(self.kind).save(case)
        unit.record(events, self.effects.of(events, case, rules, place))

    @property
    def context(self) -> str:
        """The name of its context: that of its section."""
        return self.section.name

    def action(self, name: str) -> Action:
        """A permission of the context: ``orders.read``."""
        return Action(f"{self.context}.{self.prefix}{name}")

    @cached_property
    def read(self) -> Action:
        """The permission for reading a case."""
        return self.action("read")

    @cached_property
    def rebase(self) -> Action:
        """The permission for moving a running case to another rulebook."""
        return self.action("rebase")

    @cached_property
    def erase(self) -> Action:
        """The permission for erasing what a case holds about people."""
        return self.action("erase")

    @cached_property
    def hold(self) -> Action:
        """The permission for keeping a case from being erased, and for setting it free again."""
        return self.action("hold")

    @cached_property
    def export(self) -> Action:
        """The permission for giving out everything that cases hold about a customer."""
        return self.action("export")

    @cached_property
    def read_restricted(self) -> Action:
        """The permission for reading what is kept of an erased person in clear."""
        return self.action("restricted")

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """Every permission that the kind asks for: of its tables, of its other commands, of reading and keeping."""
        moves = (action for table in self.lifecycles for action in table.actions.values())
        kept = () if self.keeping is None else (self.erase, self.hold, self.export, self.read_restricted)
        rebased = (self.rebase,) if self.pinning else ()
        return tuple(dict.fromkeys((self.read, *moves, *self.commands.beside, *rebased, *kept, *self.more_actions)))

    @property
    def section(self) -> Section[Any]:
        """The house rules that it goes by."""
        return self.effects.section

    @property
    def lifecycles(self) -> tuple[Lifecycle[Any, Any], ...]:
        """Its tables: its own, and those of its parts."""
        return (self.commands.table, *(part.table for part in self.parts))

    @cached_property
    def pinning(self) -> tuple[Pinning, ...]:
        """How cases that keep their rulebook are found, where they do."""
        kept = self.section.pinned and Pinning.fits(self.kind)
        return (Pinning(self.kind, self.commands.table, (self.section,), self.against),) if kept else ()

    def against(self, case: Any, book: Rulebook) -> tuple[Text, ...]:
        """Why a case could not go on to an end under another rulebook; nothing where it could. [KRN-01]"""
        if self.section not in book:
            return (Text(f"[{self.context}] is not in {book.ref}", f"{book.ref} 没有 [{self.context}]"),)
        found = list(self.obstacles(case, book[self.section], book))
        was, now = getattr(case, "currency", None), book[ORGANISATION].currency
        if was is not None and was != now:
            found.append(Text(f"its amounts are in {was}, not {now}", f"其金额为 {was}，而非 {now}"))
        return tuple(found)
