"""Cases and their commands: which method is which move is said where the method stands, and nowhere else.

::

    does = Commands(ORDER_MOVES)

    @does(Move.SIGN)
    def sign(self, act: OrderAct) -> Events:
        self.paper = self.paper.sign(CUSTOMER, by=ActorId(self.customer), at=act.at)
        return act.done(OrderSigned(total=self.total.minor))

Before the body runs, the table has been asked for the step (state, path, permission), and the instant is no earlier
than the case's last.
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, Final, Generic, ParamSpec, Protocol, TypeVar

import attrs

from csdomain.kernel.cases.lifecycle import HasState, Lifecycle, PossibleMove
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.kinds import Field
from csdomain.kernel.values.actors import Action

from .acts import Act, Acted, Events

P = ParamSpec("P")
A = TypeVar("A", bound=Act[Any])
S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)
K = TypeVar("K", int, str)
_MARK: Final = "__command__"


class InCase(Acted, HasState[Any], Protocol):
    """A case: it has a state and knows when it last moved."""


C = TypeVar("C", bound=InCase)
Q = TypeVar("Q")


@attrs.define(kw_only=True)
class Record:
    """What every case has besides its id and its state: where it belongs, who looks after it, when it last moved.

    ``rulebook`` is the ref of the book that it was opened under and keeps. Times are UTC.
    """

    branch: str
    owner: str
    rulebook: str
    moved_at: datetime
    version: int = 0
    #: Its human-readable number; empty where it has none yet, or never.
    number: str = ""


def usual(table: Lifecycle[Any, Any]) -> tuple[Field[Any, Any], ...]:
    """The columns that every kind of case is found by: number, state, rulebook, and last whose work it still is."""
    ended = table.final
    return (
        Field("number", str, lambda case: case.number or None, unique=True),
        Field("state", str, lambda case: case.state.value),
        Field("rulebook", str, lambda case: case.rulebook),
        Field("queue", str, lambda case: None if case.state in ended else case.owner or None),
    )


@attrs.frozen
class Command:
    """What a method is marked with: the move of which table, and the names of its arguments."""

    table: Lifecycle[Any, Any]
    move: Enum
    arguments: tuple[str, ...]
    of_part: bool = False

    @property
    def name(self) -> str:
        """As keys, refusals and observers call it: ``ship``, ``shipment.arrive``."""
        return f"{self.table.name}.{self.move.value}" if self.of_part else str(self.move.value)

    @property
    def action(self) -> Action:
        """The permission that it takes."""
        return self.table.actions[self.move]


def command_of(function: object) -> Command:
    """What a method is marked with. Raises TypeError where it is not."""
    found = getattr(function, _MARK, None)
    if not isinstance(found, Command):
        raise TypeError(f"{function!r} is no command: mark it with the move that it makes")
    return found


def _marked(begun: Any, table: Lifecycle[Any, Any], move: Enum, command: Any, *, of_part: bool = False) -> None:
    taken = tuple(signature(command).parameters)[2:]
    setattr(begun, _MARK, Command(table, move, taken, of_part))


def _always(_: object) -> str | None:
    return None


class Commands(Generic[T, S]):
    """Marks the methods of a case with their moves. ``path`` says which variant of the flow a case takes.

    ``made`` are the moves that some method makes; the rest of the table follows by itself.
    """

    def __init__(self, table: Lifecycle[T, S], path: Callable[[Any], str | None] = _always) -> None:
        self.table = table
        self.path = path
        self.made: set[T] = set()

    def __call__(
        self, move: T
    ) -> Callable[[Callable[Concatenate[C, A, P], Events]], Callable[Concatenate[C, A, P], Events]]:
        """A method that moves a case."""
        self.made.add(move)
        table, path = self.table, self.path

        def mark(command: Callable[Concatenate[C, A, P], Events]) -> Callable[Concatenate[C, A, P], Events]:
            @wraps(command)
            def begun(case: C, act: A, /, *args: P.args, **kwargs: P.kwargs) -> Events:
                act.begin(table, case, table.check(case, move, act.by, path=path(case)))
                return command(case, act, *args, **kwargs)

            _marked(begun, table, move, command)
            return begun

        return mark

    def opens(
        self, move: T
    ) -> Callable[
        [Callable[Concatenate[type[C], A, P], tuple[C, Events]]],
        Callable[Concatenate[type[C], A, P], tuple[C, Events]],
    ]:
        """A method of the class (``@classmethod`` above this) that opens a case."""
        self.made.add(move)
        table = self.table

        def mark(
            command: Callable[Concatenate[type[C], A, P], tuple[C, Events]],
        ) -> Callable[Concatenate[type[C], A, P], tuple[C, Events]]:
            @wraps(command)
            def begun(cls: type[C], act: A, /, *args: P.args, **kwargs: P.kwargs) -> tuple[C, Events]:
                act.opening(table.opening(move, act.by))
                return command(cls, act, *args, **kwargs)

            _marked(begun, table, move, command)
            return begun

        return mark


class Parts(Generic[K, T, S]):
    """Marks the methods of a case that move one of its parts: frozen values with a state, in a tuple of the case.

    The method gets the part; who calls it names the part, by its place from 1 on or by its number.
    """

    def __init__(self, field: str, table: Lifecycle[T, S], key: str) -> None:
        self.field = field
        self.table = table
        self.key = key
        self.made: set[T] = set()

    @classmethod
    def counted(cls, field: str, table: Lifecycle[T, S]) -> "Parts[int, T, S]":
        """Parts that are known by their place, from 1 on."""
        return Parts[int, T, S](field, table, "")

    @classmethod
    def numbered(cls, field: str, table: Lifecycle[T, S], key: str = "number") -> "Parts[str, T, S]":
        """Parts that are known by a number of their own."""
        return Parts[str, T, S](field, table, key)

    def place(self, case: object, name: int | str) -> int:
        """Where the part stands, from 0 on. Raises NotFound."""
        parts: tuple[Any, ...] = getattr(case, self.field)
        if not self.key and type(name) is int and 0 < name <= len(parts):
            return name - 1
        names = [getattr(part, self.key) for part in parts] if self.key else list(range(1, len(parts) + 1))
        if not self.key or name not in names:
            known = ", ".join(map(str, names)) or "-"
            raise NotFound(kind=self.table.name, number=name, accepted=Text(known, known))
        found: int = names.index(name)
        return found

    def moves(self, case: object, by: Any) -> tuple[tuple[str, tuple[PossibleMove[T], ...]], ...]:
        """What ``by`` may do with each part: ``shipment 1`` and the moves of the table."""
        parts: tuple[Any, ...] = getattr(case, self.field)
        names = [getattr(part, self.key) if self.key else n for n, part in enumerate(parts, 1)]
        return tuple(
            (f"{self.table.name} {name}", self.table.moves(part, by)) for name, part in zip(names, parts, strict=True)
        )

    def __call__(
        self, move: T
    ) -> Callable[[Callable[Concatenate[C, A, Q, P], Events]], Callable[Concatenate[C, A, K, P], Events]]:
        """A method that moves a part."""
        self.made.add(move)

        def mark(command: Callable[Concatenate[C, A, Q, P], Events]) -> Callable[Concatenate[C, A, K, P], Events]:
            @wraps(command)
            def begun(case: C, act: A, name: K, /, *args: P.args, **kwargs: P.kwargs) -> Events:
                place: int = self.place(case, name)
                there: tuple[Any, ...] = getattr(case, self.field)

                def put(part: object) -> None:
                    setattr(case, self.field, (*there[:place], part, *there[place + 1 :]))

                act.begin(self.table, case, self.table.check(there[place], move, act.by), put, name)
                return command(case, act, there[place], *args, **kwargs)

            _marked(begun, self.table, move, command, of_part=True)
            return begun

        return mark
