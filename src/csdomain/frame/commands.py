"""Commands: which function makes which move is said where the function stands, and nowhere else.

::

    does = Commands(ORDER_MOVES)

    @does(Move.SIGN)
    def sign(self, act: OrderAct) -> Events:
        self.paper = self.paper.sign(CUSTOMER, by=ActorId(self.customer), at=act.at)
        return act.done(OrderSigned(total=self.total.minor))

Before the body runs, the table has been asked for the step (state, path, permission), the instant is no earlier than
the case's last, and what the mark gives as ``when`` has not refused: what needs no arguments of the command. All of
that can be asked before it is tried: it is how ``moves`` answers. Methods of the case and functions that take the case
first are marked alike.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, Final, Generic, ParamSpec, Protocol, TypeVar

import attrs

from csdomain.kernel.cases.lifecycle import HasState, Lifecycle, PossibleMove
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, NotFound, NotPermitted, typed_in
from csdomain.kernel.values.actors import Action, Actor

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
Changing = Callable[Concatenate[C, A, P], Events]
Opening = Callable[Concatenate[A, P], tuple[C, Events]]


@attrs.frozen
class Command:
    """What a function is marked with: its name, the permission that it needs, the names of its arguments.

    ``table`` and ``move`` are the row of the lifecycle; None for a command that is none, such as taking over a case.
    ``name`` is what keys, refusals and observers call it: ``ship``, ``shipment.arrive``. ``carried``: who acts for
    somebody by a delegation may make the move as that one may. ``also``: the argument that is the id of another case
    of the kind, which is locked as well, under the same permission, whichever comes first in the order of ids.
    """

    name: str
    action: Action
    arguments: tuple[str, ...]
    table: Lifecycle[Any, Any] | None = None
    move: Enum | None = None
    of_part: bool = False
    carried: bool = False
    also: str = ""


def command_of(function: object) -> Command:
    """What a function is marked with. Raises TypeError where it is not."""
    found = getattr(function, _MARK, None)
    if not isinstance(found, Command):
        raise TypeError(f"{function!r} is no command: mark it with the move that it makes")
    return found


def _arguments(command: Any, *, after: int = 2) -> tuple[str, ...]:
    return tuple(signature(command).parameters)[after:]


def _always(_: object) -> str | None:
    return None


#: What refuses a move before its arguments are known: called with the case, the act and, of a part's move, the part.
When = Callable[..., object]


class Commands(Generic[T, S]):
    """Marks the commands of a kind of case. ``path`` says which variant of the flow a case takes.

    ``made`` are the moves that some command makes; the rest of the table follows by itself.
    """

    def __init__(self, table: Lifecycle[T, S], path: Callable[[Any], str | None] = _always) -> None:
        self.table = table
        self.path = path
        self.made: set[T] = set()
        self.carried: set[T] = set()
        self._when: dict[T, When] = {}
        self._asked: dict[T, When] = {}
        #: The permissions of its commands that are no move of the table.
        self.beside: tuple[Action, ...] = ()

    def leads(self, case: Any, move: Any) -> bool:
        """Whether the table has the move from where the case is."""
        return any(
            step.trigger is move and step.source is case.state and step.on(self.path(case)) for step in self.table.steps
        )

    def begin(self, case: Any, act: Act[Any], move: T, *, asked: bool = False) -> None:
        """Refuse the move where something does before its arguments are known; ``asked``: it is not tried yet.

        Raises RuleBroken.
        """
        act.begin(self.table, case, self.table.check(case, move, act.by, path=self.path(case)))
        if move in self._when:
            self._when[move](case, act)
        if asked and move in self._asked:
            self._asked[move](case, act)

    def __call__(
        self,
        move: T,
        *,
        when: "When | None" = None,
        asked: "When | None" = None,
        carried: bool = False,
        also: str = "",
    ) -> Callable[[Changing[C, A, P]], Changing[C, A, P]]:
        """A command that moves a case. ``when`` refuses, from the case and the act alone, what cannot be done now;
        ``asked`` says beforehand what the command itself refuses whatever it is given. ``carried``: who acts for
        somebody by a delegation may do it too. ``also`` is the argument that names another case of the kind, which
        the act then has as ``other``."""
        self.made.add(move)
        if when is not None:
            self._when[move] = when
        if asked is not None:
            self._asked[move] = asked
        if carried:
            self.carried.add(move)
        table = self.table

        def mark(command: Changing[C, A, P]) -> Changing[C, A, P]:
            @wraps(command)
            def begun(case: C, act: A, /, *args: P.args, **kwargs: P.kwargs) -> Events:
                self.begin(case, act, move)
                return command(case, act, *args, **kwargs)

            name, action = str(move.value), table.actions[move]
            setattr(begun, _MARK, Command(name, action, _arguments(command), table, move, carried=carried, also=also))
            return begun

        return mark

    def opens(self, move: T) -> Callable[[Opening[A, P, C]], Opening[A, P, C]]:
        """A command that opens a case: a function, or a method of the class with ``@staticmethod`` above this."""
        self.made.add(move)
        table = self.table

        def mark(command: Opening[A, P, C]) -> Opening[A, P, C]:
            @wraps(command)
            def begun(act: A, /, *args: P.args, **kwargs: P.kwargs) -> tuple[C, Events]:
                act.opening(table.opening(move, act.by))
                return command(act, *args, **kwargs)

            marked = Command(str(move.value), table.actions[move], _arguments(command, after=1), table, move)
            setattr(begun, _MARK, marked)
            return begun

        return mark

    def takes_over(self, action: Action) -> Callable[[Opening[A, P, C]], Opening[A, P, C]]:
        """A command that takes over a case of another system, in its state: it ends with ``act.took_over``."""
        self.beside = (*self.beside, action)

        def mark(command: Opening[A, P, C]) -> Opening[A, P, C]:
            @wraps(command)
            def begun(act: A, /, *args: P.args, **kwargs: P.kwargs) -> tuple[C, Events]:
                if not act.by.may(action):
                    raise NotPermitted(action=action, actor=act.by.id)
                act.opening(None)
                return command(act, *args, **kwargs)

            setattr(begun, _MARK, Command("import", action, _arguments(command, after=1)))
            return begun

        return mark


Missing = Callable[[Any, object, Text], DomainError]


class Parts(Generic[K, T, S]):
    """Marks the commands of a case that move one of its parts: frozen values with a state, in a tuple of the case.

    The command gets the part; who calls it names the part, by its count from 1 on or by its number. ``name`` is what
    the trail calls it (``slip`` in ``slip.sign``; the table's name unless given), ``path`` says which variant of the
    flow a part takes, ``missing`` makes the error where the case has no such part (NotFound unless given).
    """

    def __init__(
        self,
        field: str,
        table: Lifecycle[T, S],
        key: str,
        *,
        name: str = "",
        path: Callable[[Any], str | None] = _always,
        missing: Missing | None = None,
    ) -> None:
        self.field = field
        self.table = table
        self.key = key
        self.name = name or table.name
        self.path = path
        self.missing = missing
        self.made: set[T] = set()
        self._when: dict[T, When] = {}

    @classmethod
    def counted(cls, field: str, table: Lifecycle[T, S], **how: Any) -> "Parts[int, T, S]":
        """Parts that are known by their count, from 1 on."""
        return Parts[int, T, S](field, table, "", **how)

    @classmethod
    def numbered(cls, field: str, table: Lifecycle[T, S], **how: Any) -> "Parts[str, T, S]":
        """Parts that are known by a number of their own."""
        return Parts[str, T, S](field, table, "number", **how)

    def place(self, case: object, name: int | str) -> int:
        """Where the part stands, from 0 on. Raises NotFound, or what ``missing`` makes."""
        parts: tuple[Any, ...] = getattr(case, self.field)
        if not self.key and type(name) is int and 0 < name <= len(parts):
            return name - 1
        names = self.names(parts)
        if self.key and name in names:
            return names.index(name)
        known = ", ".join(map(str, names)) or "-"
        accepted = Text(known, known)
        if not self.key:
            accepted = Text(f"1 to {len(parts)}", f"1 到 {len(parts)}") if parts else Text("none", "无")
        if self.missing is not None:
            raise self.missing(case, name, accepted)
        raise NotFound(kind=self.table.name, number=typed_in(name), accepted=accepted)

    def names(self, parts: tuple[Any, ...]) -> list[int | str]:
        """What the parts are known by."""
        return [getattr(part, self.key) for part in parts] if self.key else list(range(1, len(parts) + 1))

    def begin(self, case: Any, act: Act[Any], move: T, name: int | str) -> Any:
        """The part, unless the move of it is refused before its arguments are known. Raises RuleBroken, NotFound."""
        place: int = self.place(case, name)
        there: tuple[Any, ...] = getattr(case, self.field)
        part = there[place]

        def put(part: object) -> None:
            setattr(case, self.field, (*there[:place], part, *there[place + 1 :]))

        step = self.table.check(part, move, act.by, path=self.path(part))
        act.begin(self.table, case, step, put, name, self.name)
        if move in self._when:
            self._when[move](case, act, part)
        return part

    def moves(self, case: object, by: Actor) -> "Iterator[tuple[int | str, tuple[PossibleMove[T], ...]]]":
        """Each part's name, and what the table says of its moves."""
        parts: tuple[Any, ...] = getattr(case, self.field)
        for name, part in zip(self.names(parts), parts, strict=True):
            yield name, self.table.moves(part, by, path=self.path(part))

    def __call__(
        self, move: T, *, when: When | None = None
    ) -> Callable[[Callable[Concatenate[C, A, Q, P], Events]], Callable[Concatenate[C, A, K, P], Events]]:
        """A command that moves a part. ``when`` is as for :class:`Commands`; it gets the part as well."""
        self.made.add(move)
        if when is not None:
            self._when[move] = when

        def mark(command: Callable[Concatenate[C, A, Q, P], Events]) -> Callable[Concatenate[C, A, K, P], Events]:
            @wraps(command)
            def begun(case: C, act: A, name: K, /, *args: P.args, **kwargs: P.kwargs) -> Events:
                return command(case, act, self.begin(case, act, move, name), *args, **kwargs)

            self._mark(begun, move, command)
            return begun

        return mark

    def opens(self, move: T) -> Callable[[Changing[C, A, P]], Changing[C, A, P]]:
        """A command of the case that opens a part: it puts the part into the case and ends with ``act.began``."""
        self.made.add(move)

        def mark(command: Changing[C, A, P]) -> Changing[C, A, P]:
            @wraps(command)
            def begun(case: C, act: A, /, *args: P.args, **kwargs: P.kwargs) -> Events:
                act.begin(self.table, case, self.table.opening(move, act.by), name=self.name)
                return command(case, act, *args, **kwargs)

            self._mark(begun, move, command)
            return begun

        return mark

    def _mark(self, begun: object, move: T, command: object) -> None:
        named = f"{self.table.name}.{move.value}"
        marked = Command(named, self.table.actions[move], _arguments(command), self.table, move, of_part=True)
        setattr(begun, _MARK, marked)


@attrs.frozen
class PartMoves:
    """What may be done with a part of a case: its name (``shipment 1``) and the moves of its table."""

    part: str
    moves: tuple[PossibleMove[Any], ...]
