"""One act of somebody on one case: who, when, by which rules; and the event that comes of it.

A command gets an :class:`Act`, checks, changes, and ends with ``return act.done(Event(…))``: the step of the lifecycle
is taken, and the event gets who, when, what, from and to. None of it needs a store.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import Enum
from operator import attrgetter
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.cases.events import Event, Moved
from csdomain.kernel.cases.lifecycle import Lifecycle, Step
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.papers.documents import Document, Value
from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.ids import I, IdKind
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import Place

R = TypeVar("R")
Events = tuple[Event, ...]
#: How much of a reason the trail keeps.
REASON: Final = 400
_OF: Final = "csdomain.stamped"


@attrs.frozen(kw_only=True)
class Told(Moved):
    """An event of which a command gives the facts; subject, who, when, move, from and to are filled in by the act."""

    subject: str = attrs.field(init=False)
    by: ActorId = attrs.field(init=False)
    at: datetime = attrs.field(init=False)
    move: str = attrs.field(init=False)
    source: str = attrs.field(init=False)
    dest: str = attrs.field(init=False)


def stamped(of: str = "") -> Any:
    """A field of an event that the act fills in from the case: the attribute ``of``, or the one of the same name."""
    return attrs.field(init=False, metadata={_OF: of})


_Set = Callable[[Any, Any], None]
_STAMPS: Final[dict[type[Event], tuple[tuple[_Set, Callable[[Any], Any]], ...]]] = {}
#: The fields that every event gets, set past the hook that freezes it: as its own ``__init__`` would have done.
_SUBJECT, _BY, _AT, _MOVE, _SOURCE, _DEST, _SAID = (
    getattr(kind, name).__set__
    for kind, name in (*((Told, name) for name in ("subject", "by", "at", "move", "source", "dest")), (Moved, "reason"))
)


def _stamps(kind: type[Event]) -> tuple[tuple[_Set, Callable[[Any], Any]], ...]:
    found = _STAMPS.get(kind)
    if found is None:
        marked = [field for field in attrs.fields(kind) if _OF in field.metadata]
        found = _STAMPS[kind] = tuple(
            (getattr(kind, f.name).__set__, attrgetter(f.metadata[_OF] or f.name)) for f in marked
        )
    return found


class Acted(Protocol):
    """What an act is done to: a case, with the instant of its last move."""

    moved_at: datetime

    @property
    def id(self) -> str:
        """Its id."""
        ...


class Moving(Protocol):
    """A table of moves, and the path that a case takes through it."""

    @property
    def table(self) -> Lifecycle[Any, Any]:
        """The table."""
        ...

    @property
    def path(self) -> Callable[[Any], str | None]:
        """Which variant of the flow a case takes."""
        ...


class Draws(Protocol):
    """What a command draws from the unit of work: numbers, ids, the case's timers. A test gives its own."""

    def number(self, pattern: NumberPattern, at: datetime, branch: str, subject: str, /) -> str:
        """The next number of a pattern's series that no paper has: for a paper of the case ``subject`` (KRN-10)."""
        ...

    def import_number(self, number: str, pattern: NumberPattern, branch: str, subject: str, /) -> None:
        """Note the number that a paper of the case ``subject`` had elsewhere. Raises Conflict where it is taken."""
        ...

    def new(self, kind: IdKind[I], /) -> I:
        """A new id of that kind."""
        ...

    def timers_of(self, subject: str, /) -> Sequence[Timer]:
        """The timers of a case."""
        ...


class _Doing:
    """The part of an act that changes: which step is being taken, and of what."""

    __slots__ = ("case", "drawn", "name", "part", "put", "step", "table")

    def __init__(self) -> None:
        self.case: Any = None
        self.table: Any = None
        self.step: Any = None
        self.put: Callable[[Any], None] | None = None
        self.part: Any = None
        self.name = ""
        self.drawn = ""


@attrs.frozen(eq=False, kw_only=True)
class Act(Generic[R]):
    """Who acts, when (in UTC), and by which house rules; ``rulebook`` is the ref of the book that they stand in.

    A context whose commands need more (a port) adds fields in a frozen subclass.
    """

    by: Actor
    at: datetime
    rules: R
    place: Place
    draws: Draws
    rulebook: str = ""
    #: The other case that a command is about, locked with the first: see ``also`` of a command.
    other: Any = None
    #: The rule that a case does nothing before its last move; that of the move where a context names none.
    ordered: ClassVar[Rule | None] = None
    _doing: _Doing = attrs.field(init=False, factory=_Doing, repr=False)

    @property
    def part(self) -> Any:
        """The name of the part that moves: its count from 1 on, or its number."""
        return self._doing.part

    @property
    def case(self) -> Any:
        """The case that is acted on; None before it is opened."""
        return self._doing.case

    @property
    def drawn(self) -> str:
        """The last number that was drawn, empty where none was."""
        return self._doing.drawn

    @property
    def currency(self) -> str:
        """The house's currency."""
        return self.place.currency

    def today(self) -> date:
        """The day in the house's zone."""
        return self.at.astimezone(ZoneInfo(self.place.zone)).date()

    def about(self, id: str) -> dict[str, Any]:
        """What every case begins with: it is the own of who opens it, in their branch, under the house rules of now."""
        who = {"branch": self.by.branch, "owner": self.by.id}
        return {"id": id, **who, "rulebook": self.rulebook, "moved_at": self.at}

    # --- what a command draws
    def number(self, pattern: NumberPattern, opens: str = "") -> str:
        """The next number of a pattern, in the branch of the case. The receipt has it. [KRN-10]

        A command that opens a case gives the id that the case will have.
        """
        case = self._doing.case
        branch, subject = (self.by.branch, opens) if case is None else (case.branch, case.id)
        assert subject, "a number belongs to a case: give the id of the one that opens"  # noqa: S101
        number = self.draws.number(pattern, self.at, branch, subject)
        self._doing.drawn = number
        return number

    def import_number(self, number: str, pattern: NumberPattern, opens: str) -> str:
        """``number``, which the case had in another system, noted as its own; its series goes on behind it. [KRN-10]

        Raises Conflict where another paper has it.
        """
        self.draws.import_number(number, pattern, self.by.branch, opens)
        return number

    def new(self, kind: IdKind[I]) -> I:
        """A new id."""
        return self.draws.new(kind)

    def timers(self) -> Sequence[Timer]:
        """The timers of the case."""
        return self.draws.timers_of(self._doing.case.id)

    # --- how a command goes
    def begin(
        self,
        table: Lifecycle[Any, Any],
        case: Acted,
        step: Step[Any, Any],
        put: Callable[[Any], None] | None = None,
        part: Any = None,
        name: str = "",
    ) -> None:
        """Take up a step of the case, or of its ``part``. Raises RuleBroken where the case moved later than ``at``."""
        if self.at < case.moved_at:
            when = case.moved_at.isoformat()
            accepted = Text(f"not before {when}", f"不早于 {when}")
            raise RuleBroken(self.ordered or step.rule, accepted=accepted, at=self.at)
        doing = self._doing
        doing.table, doing.case, doing.step = table, case, step
        doing.put, doing.part, doing.name = put, part, name

    def opening(self, step: Step[Any, Any] | None) -> None:
        """Take up the step that opens a case; none where a case of another system is taken over."""
        self._doing.step = step

    def opened(self, case: Acted, event: Told) -> Events:
        """The case is opened: its first event."""
        self._doing.case, step = case, self._doing.step
        return (self._told(event, step.trigger.value, None, step.dest),)

    def took_over(self, case: Any, event: Told) -> Events:
        """The case of another system is taken over in the state in which it is: its first event."""
        self._doing.case = case
        return (self._told(event, "import", None, case.state),)

    def sign(self, paper: Document, role: str, **entries: Value) -> Document:
        """The paper with further entries and the signature of who acts, who may have signed it in another role."""
        return paper.continued(**entries).sign(role, by=self.by.id, at=self.at, different_people=False)

    def done(self, event: Told) -> Events:
        """The step of the case is taken: its event."""
        doing = self._doing
        case, step = doing.case, doing.step
        doing.table.move(case, step)
        case.moved_at = self.at
        return (self._told(event, step.trigger.value, step.source, step.dest),)

    def instead(self, move: Enum, part: Any) -> None:
        """Take another move of the part than the command is marked with. Raises MoveRefused, NotPermitted."""
        self._doing.step = self._doing.table.check(part, move, self.by)

    def put(self, part: Any, event: Told) -> Events:
        """The step of a part is taken: ``part``, as it is now, takes its place in the case. Its event."""
        doing = self._doing
        step = doing.step
        assert doing.put is not None  # noqa: S101 - only a command of a part calls this
        doing.put(attrs.evolve(part, state=step.dest))
        doing.case.moved_at = self.at
        return (self._told(event, f"{doing.name}.{step.trigger.value}", step.source, step.dest),)

    def began(self, event: Told) -> Events:
        """A part of the case came about by a command that opens one: its first event."""
        doing = self._doing
        doing.case.moved_at = self.at
        return (self._told(event, f"{doing.name}.{doing.step.trigger.value}", None, doing.step.dest),)

    def follows(self, moving: Moving, move: Enum, event: Told) -> Events:
        """A step of the case that follows by itself from what was done: no permission is asked again. Its event."""
        case = self._doing.case
        step = moving.table.consequence(case, move, path=moving.path(case))
        moving.table.move(case, step)
        return (self._told(event, step.trigger.value, step.source, step.dest),)

    def beside(self, moving: Moving, case: Any, move: Enum, event: Told) -> Events:
        """A step of another case that follows by itself from what was done, never before that one's last (D25)."""
        step = moving.table.consequence(case, move, path=moving.path(case))
        there = attrs.evolve(self, at=max(self.at, case.moved_at))
        there.begin(moving.table, case, step)
        return there.done(event)

    def brings(self, table: Lifecycle[Any, Any], move: Enum, event: Told) -> Events:
        """A part that a command of the case opens along the way: its first event. Raises NotPermitted."""
        step = table.opening(move, self.by)
        return (self._told(event, f"{table.name}.{step.trigger.value}", None, step.dest),)

    def _told(self, event: Told, move: str, source: Enum | None, dest: Enum) -> Told:
        # The event is new and nobody has seen it.
        case, reason = self._doing.case, event.reason
        _SUBJECT(event, case.id)
        _BY(event, self.by.id)
        _AT(event, self.at)
        _MOVE(event, move)
        _SOURCE(event, "" if source is None else source.value)
        _DEST(event, dest.value)
        if len(reason) > REASON:
            _SAID(event, reason[: REASON - 1] + "…")
        for fill, of in _stamps(type(event)):
            fill(event, of(case))
        return event
