"""Where a kind of case can stand: its pure model, led by one sample of each command to whatever can come of it.

From the openings the samples are tried wherever they lead, breadth first. A case that shows nothing new on the way is
not followed. New is its state with the commands made in that state (only those that ``prepares`` names, where it names
some) and with what ``apart`` says of the case, or its state with the state of one of its parts. So there are as many
stands as states times what can be prepared or be the state of a part, not as many as these can be combined.
"""

import typing
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any, Final, NewType, TypeVar, get_args, get_origin

import attrs
import pytest

from csdomain.frame.acts import Events
from csdomain.frame.cases import CaseType
from csdomain.frame.commands import Command, command_of
from csdomain.frame.service import Service
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor, ActorId, Scope
from csdomain.kernel.values.arguments import BY_RULE
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern

from .kit import BEGINNING, SequentialIds

E = TypeVar("E", bound=DomainError)
MINUTE: Final = timedelta(minutes=1)
MARK: Final = "qz4711zq"
#: More stands than this are too many to try everything with: see ``prepares``.
_MOST: Final = 400
#: What every command takes.
_EVERY: Final = ("by", "at", "key", "expected_version")


@attrs.frozen
class Sample:
    """A command with arguments that are fine wherever the move is: who makes it, and what with.

    ``arguments`` may be a function of the case as it is then; those of an opening, of how many cases there are.
    """

    position: str
    arguments: tuple[Any, ...] | Callable[[Any], tuple[Any, ...]]
    options: Mapping[str, Any] = attrs.field(factory=dict)
    opens: bool = False

    def given(self, case: Any) -> tuple[Any, ...]:
        """The arguments for a case."""
        return self.arguments(case) if callable(self.arguments) else self.arguments


def by(position: str, *arguments: Any, **options: Any) -> Sample:
    """A sample: the position that makes the move, and the arguments beside the case's id, some of them by name."""
    return Sample(position, arguments, options)


def with_case(position: str, arguments: Callable[[Any], tuple[Any, ...]], **options: Any) -> Sample:
    """A sample whose arguments depend on the case."""
    return Sample(position, arguments, options)


def numbered(position: str, arguments: Callable[[int], tuple[Any, ...]], **options: Any) -> Sample:
    """A sample of an opening whose arguments depend on how many cases there are: none is opened like another."""
    return Sample(position, arguments, options, opens=True)


def use_of(name: str) -> str:
    """The use case of a sample: ``improve`` of ``improve/verify``."""
    return name.partition("/")[0]


class _Counting:
    """Numbers and ids without a store. Satisfies :class:`~csdomain.frame.acts.Draws`."""

    def __init__(self) -> None:
        self.ids = SequentialIds()
        self.drawn = 0

    def number(self, pattern: NumberPattern, at: datetime, branch: str, subject: str, /) -> str:
        self.drawn += 1
        return pattern.number(self.drawn, at.date(), branch)

    def import_number(self, number: str, pattern: NumberPattern, branch: str, subject: str, /) -> None:
        """Every number is free."""

    def new(self, kind: IdKind[Any], /) -> Any:
        return self.ids.new(kind)

    def timers_of(self, subject: str, /) -> Sequence[Timer]:
        return ()


class Bench:
    """The pure model of a context on a bench: acts of anybody at any instant, by the house's rules or others.

    ``hand`` makes the act from what every act has; by default the service does, without a unit of work. Give one where
    the acts of the context need a unit: with fakes of its ports.
    """

    def __init__(self, service: Service[Any, Any], hand: Callable[..., Any] | None = None) -> None:
        self.service = service
        self.hand = hand or partial(service._hand, typing.cast("Unit", None))
        self.draws = _Counting()

    def anyone(self, *without: str, only: str | None = None, id: str = "ann", positions: Iterable[str] = ()) -> Actor:
        """Somebody whom every action is granted, or all but some, or only one."""
        actions = [a for a in self.service._cases.actions if a not in without and only in (None, a)]
        return Actor(ActorId(id), "hq", frozenset(positions), dict.fromkeys(actions, Scope.ALL))

    def act(self, at: datetime = BEGINNING, who: Actor | None = None, **rules: Any) -> Any:
        """An act; ``rules`` are changes of the house's."""
        house = self.service._house
        ruled = house.rulebook[self.service._cases.section]
        return self.hand(
            by=who or self.anyone(),
            at=at.astimezone(UTC),
            rules=attrs.evolve(ruled, **rules) if rules else ruled,
            place=house.place("hq"),
            draws=self.draws,
            rulebook=house.rulebook.ref,
        )


def unchanged(case: Any, error: type[E], act: Callable[[], object]) -> E:
    """The error of a command, after which the case is as it was."""
    before = attrs.evolve(case)
    with pytest.raises(error) as caught:
        act()
    assert case == before
    return caught.value


@attrs.frozen
class Stand:
    """A case as it stands after a way: the names of the commands that brought it there, the opening first."""

    case: Any
    way: tuple[str, ...]
    made: frozenset[str]


class Model(Bench):
    """A bench with a sample of every command, and every stand that samples lead to."""

    def __init__(
        self,
        cases: CaseType,
        service: Service[Any, Any],
        samples: Mapping[str, Sample],
        hand: Callable[..., Any] | None = None,
        prepares: frozenset[str] | None = None,
        apart: Callable[[Any], Hashable] = lambda case: None,
    ) -> None:
        super().__init__(service, hand)
        self.cases = cases
        self.samples = samples
        self.prepares = prepares
        self.apart = apart
        self._taken: dict[str, dict[str, Any]] = {}
        self._taking: dict[str, Stand] = {}
        probe = type("Probe", (type(service),), {"_do": _captured, "_begin": _captured, "__slots__": ()})
        self._probe = probe(**{f.alias: getattr(service, f.name) for f in attrs.fields(type(service))})
        self.opening = next(iter(samples))
        self.later = [name for name in samples if not self.opens(name)]
        self.stands = self._explore()

    def opens(self, name: str) -> bool:
        """Whether the sample opens a case: the first does, and those that are numbered."""
        return name == self.opening or self.samples[name].opens

    def maker(self, name: str, *without: str, only: str | None = None) -> Actor:
        """Who makes the move of a sample: somebody of that position, whom every action is granted, or all but some."""
        position = self.samples[name].position
        return self.anyone(*without, only=only, id=position, positions=(position,))

    # --- what a use case asks of the model
    def taken(self, name: str) -> dict[str, Any]:
        """What a use case takes beside the case's id and what every one takes, by name: with its types."""
        use = use_of(name)
        if use not in self._taken:
            hints = typing.get_type_hints(getattr(type(self.service), use))
            options = next((o for hint in hints.values() for o in get_args(hint) if typing.is_typeddict(o)), None)
            more = {} if options is None else typing.get_type_hints(options)
            own = {n: h for n, h in more.items() if n not in _EVERY}
            self._taken[use] = {n: h for n, h in hints.items() if n not in ("id", "call", "return")} | own
        return self._taken[use]

    def by_rule(self, name: str) -> frozenset[str]:
        """The arguments of a use case that a rule refuses where they are of another type."""
        hints = typing.get_type_hints(getattr(type(self.service), use_of(name)), include_extras=True)
        return frozenset(n for n, hint in hints.items() if BY_RULE in getattr(hint, "__metadata__", ()))

    def given(self, name: str, case: Any, there: int = 0) -> dict[str, Any]:
        """What a use case is given by its sample, by name; ``there`` are so many cases already."""
        sample = self.samples[name]
        values = sample.given(there if self.opens(name) else case)
        return dict(zip(self.taken(name), values, strict=False)) | {**sample.options}

    def asked(self, name: str, given: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """The command that a use case calls, and with what."""
        first = {} if self.opens(name) else {"id": self.cases.kind.id.make(millis=0, randomness=1)}
        found: Any = getattr(self._probe, use_of(name))(**first, **given, by=self.anyone(), at=BEGINNING)
        return typing.cast("tuple[Any, tuple[Any, ...], dict[str, Any]]", found)

    def marked(self, name: str, case: Any = None) -> Command:
        """The move of a use case."""
        return command_of(self.asked(name, self.given(name, case))[0])

    def make(
        self,
        name: str,
        case: Any,
        *,
        who: Actor | None = None,
        at: datetime | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> tuple[Any, Events]:
        """A command with its sample, or as given: the case that it opened or moved, and what was told."""
        command, args, kwargs = self.asked(name, self.given(name, case) if given is None else given)
        act = self.act(at or (BEGINNING if case is None else case.moved_at + MINUTE), who or self.maker(name))
        if case is None:
            made: tuple[Any, Events] = command(act, *args, **kwargs)
            return made
        return case, command(case, act, *args, **kwargs)

    def step_there(self, name: str, case: Any) -> bool:
        """Whether the table has the move from where the case, or the part that the sample names, stands."""
        marked = self.marked(name, case)
        if not marked.of_part:
            path, table = self.cases.commands.path(case), self.cases.commands.table
            rows = [s for s in table.steps if s.trigger is marked.move and s.source is case.state]
            return any(row.on(path) for row in rows)
        parts = next(parts for parts in self.cases.parts if parts.table is marked.table)
        if all(s.source is None for s in parts.table.steps if s.trigger is marked.move):
            return True  # it opens a part
        try:
            part = getattr(case, parts.field)[parts.place(case, self.asked(name, self.given(name, case))[1][0])]
        except DomainError:  # there is no such part: see ``missing`` of the parts
            return False
        path = parts.path(part)
        rows = [s for s in parts.table.steps if s.trigger is marked.move and s.source is part.state]
        return any(row.on(path) for row in rows)

    # --- stands
    def _explore(self) -> tuple[Stand, ...]:
        found: list[Stand] = []
        shown: set[Hashable] = set()

        def keep(stand: Stand) -> None:
            if new := self._shows(stand) - shown:
                shown.update(new)
                found.append(stand)
                assert len(found) <= _MOST, "too many stands: say in ``prepares`` which commands prepare others"

        opened = [name for name in self.samples if self.opens(name)]
        done = 0
        while opened or done < len(found):
            if done == len(found):
                name = opened.pop(0)
                keep(Stand(self.make(name, None)[0], (name,), frozenset()))
                continue
            stand, done = found[done], done + 1
            for name in self.later:
                case = attrs.evolve(stand.case)
                try:
                    self.make(name, case)
                except DomainError:
                    continue
                self._taking.setdefault(name, stand)
                made = frozenset[str]() if case.state is not stand.case.state else stand.made
                if case.state is stand.case.state and (self.prepares is None or name in self.prepares):
                    made |= {name}
                keep(Stand(case, (*stand.way, name), made))
        return tuple(found)

    def _shows(self, stand: Stand) -> set[Hashable]:
        """What can be seen of a case in which it may differ from others: see the module."""
        case, apart = stand.case, self.apart(stand.case)
        parts = [(each, part) for each in self.cases.parts for part in getattr(case, each.field)]
        shown: set[Hashable] = {(case.state, apart, stand.made)}
        return shown | {(case.state, each.table.name, each.path(part), part.state) for each, part in parts}

    def in_state(self, state: Enum) -> list[Stand]:
        """The stands in a state, the shortest ways first."""
        return [stand for stand in self.stands if stand.case.state is state]

    def leads(self, name: str, stand: Stand) -> Enum | None:
        """The state that a command leads to from a stand; None where it cannot be made there."""
        case = attrs.evolve(stand.case)
        try:
            self.make(name, case)
        except DomainError:
            return None
        state: Enum = case.state
        return state

    def taking(self, name: str) -> Stand | None:
        """The shortest way to where a command can be made; None for one that opens."""
        if self.opens(name):
            return None
        assert name in self._taking, f"no sample leads to where {name} can be made"
        return self._taking[name]


def _captured(self: Any, command: Any, *given: Any, **kwargs: Any) -> Any:
    # do(command, id, call, *args) or begin(command, call, *args)
    rest = given[next(n for n, each in enumerate(given) if isinstance(each, dict)) + 1 :]
    return command, rest, kwargs


def slots(kind: Any, name: str) -> Iterator[str]:
    """Every text that an argument holds, by where it stands: ``pay.voucher``, ``Item.product``."""
    origin = get_origin(kind)
    if kind is str:
        yield name
    elif isinstance(kind, NewType):
        yield from slots(kind.__supertype__, name)
    elif isinstance(kind, type) and attrs.has(kind) and kind is not Money:
        hints = typing.get_type_hints(kind)
        for field in attrs.fields(kind):
            yield from slots(hints[field.name], f"{kind.__name__}.{field.name}")
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = get_args(kind)
        yield from slots(key, f"{name}.keys")
        yield from slots(value, name)
    else:
        for part in get_args(kind):
            yield from slots(part, name)


def said(value: Any, kind: Any, name: str, slot: str, text: str | None = None) -> Any:
    """``value`` with the mark in the texts of one slot, or with ``text`` in their place."""
    if slot == name and isinstance(value, str) and value:
        return f"{value} {MARK}" if text is None else text
    if attrs.has(type(value)) and not isinstance(value, Money):
        hints = typing.get_type_hints(type(value))
        changed = {
            f.name: said(getattr(value, f.name), hints[f.name], f"{type(value).__name__}.{f.name}", slot, text)
            for f in attrs.fields(type(value))
        }
        return attrs.evolve(value, **{n: v for n, v in changed.items() if v is not getattr(value, n)})
    if isinstance(value, Mapping) and slot == f"{name}.keys":
        return {said(key, str, slot, slot, text): each for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(said(each, get_args(kind)[0] if get_args(kind) else str, name, slot, text) for each in value)
    return value
