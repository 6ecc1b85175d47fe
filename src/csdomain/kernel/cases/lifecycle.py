"""Lifecycles: the explicit table of moves of a case type, over one shared state machine (KRN-07)."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Final, Generic, Protocol, TypeVar

import attrs
from transitions import Machine

from csdomain.kernel.rules import MOVES, PERMITTED, Rule, Text
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.values.actors import Action, Actor

S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)
S_co = TypeVar("S_co", bound=Enum, covariant=True)


class InState(Protocol[S_co]):
    """Anything that is in a state of the lifecycle."""

    @property
    def state(self) -> S_co:
        """The state."""
        ...


class HasState(Protocol[S]):
    """Anything whose state a move changes."""

    state: S


def _frozen(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(paths)


@attrs.frozen
class Step(Generic[T, S]):
    """One row of the table: move, from, to, the permission it needs, the rule it serves.

    ``source`` is None for the move that opens a case. ``paths`` names the variants of the flow that have this step;
    empty means all of them.
    """

    trigger: T
    source: S | None
    dest: S
    action: Action
    rule: Rule
    paths: frozenset[str] = attrs.field(factory=frozenset, converter=_frozen)

    def on(self, path: str | None) -> bool:
        """Whether a variant of the flow has this step; every one has it where ``path`` is None."""
        return path is None or not self.paths or path in self.paths


def _each(source: S | Iterable[S] | None) -> tuple[S | None, ...]:
    return (source,) if source is None or isinstance(source, Enum) else tuple(source)


@attrs.frozen
class Row(Generic[T, S]):
    """A move from one state or several, to ``dest`` or, where that is None, staying where it is.

    ``may`` names the permission where it is not called like the move.
    """

    trigger: T
    sources: tuple[S | None, ...] = attrs.field(converter=_each)
    dest: S | None
    rule: Rule
    may: str = ""
    paths: frozenset[str] = attrs.field(factory=frozenset, converter=_frozen)


def _on_every(_: object) -> frozenset[str]:
    return frozenset()


def steps(
    context: str, *rows: Row[T, S], path_of: Callable[[S | None], frozenset[str]] = _on_every
) -> list[Step[T, S]]:
    """The rows of a table, written short: permissions are the context's, called like the move (``orders.ship``).

    ``path_of`` says on which variants of the flow a state is: what leaves it is on those, unless the row says others.
    """
    found: list[Step[T, S]] = []
    for row in rows:
        action = Action(f"{context}.{row.may or row.trigger.value}")
        for source in row.sources:
            dest = row.dest or source
            if dest is None:
                raise LifecycleInvalid(f"{context}: {row.trigger.name} opens into no state")
            found.append(Step(row.trigger, source, dest, action, row.rule, row.paths or path_of(source)))
    return found


@attrs.frozen
class PossibleMove(Generic[T]):
    """What is said of one move before it is tried: allowed, or refused, why, and by which rule."""

    move: T
    action: Action
    rule: Rule
    allowed: bool
    why: Text
    refused_by: Rule | None = None

    def refused(self, error: RuleBroken) -> "PossibleMove[T]":
        """The move as it is refused by ``error``."""
        why = self.why
        if isinstance(error, NotPermitted):
            why = Text(f"needs the permission {self.action}", f"需要权限 {self.action}")
        elif not isinstance(error, MoveRefused):
            why = Text(error.render("en"), error.render("zh"))
        return attrs.evolve(self, allowed=False, why=why, refused_by=error.rule)


class LifecycleInvalid(ValueError):
    """A table that cannot be a lifecycle: found when the module that declares it is imported."""


class Lifecycle(Generic[T, S]):
    """The moves of a case type as data.

    A command checks, then verifies its own rules, then moves; nothing changes before everything is known to hold::

        step = TABLE.check(self, Move.ACCEPT, by)
        require(…)
        TABLE.move(self, step)

    ``check`` raises :class:`~csdomain.kernel.rules.errors.MoveRefused` where the table has no such move from the
    present state (or not on this ``path``), :class:`~csdomain.kernel.rules.errors.NotPermitted` where ``by`` lacks the
    permission. ``ended`` are states at which a case is at its end although a step takes it up again.
    """

    def __init__(
        self, name: str, states: type[S], initial: S, steps: Sequence[Step[T, S]], *, ended: Iterable[S] = ()
    ) -> None:
        self.name = name
        self.states = states
        self.initial = initial
        self.ended = frozenset(ended)
        self.steps = tuple(steps)
        self.actions = {step.trigger: step.action for step in self.steps}
        self.paths = tuple(sorted({path for step in self.steps for path in step.paths}))
        self._steps = {(step.trigger, step.source): step for step in self.steps}
        self._validate()
        #: The states that no step leaves, and those that count as ended.
        self.final: Final = frozenset(self._ends(None))
        inner = [step for step in self.steps if step.source is not None]
        # No conditions and no callbacks: a false condition returns silently, a failing callback leaves the new state.
        self.machine = Machine(
            model=None,
            states=states,
            initial=initial,
            auto_transitions=False,
            transitions=[{"trigger": s.trigger.name, "source": s.source, "dest": s.dest} for s in inner],
        )
        self._events = {step.trigger: self.machine.events[step.trigger.name] for step in inner}

    def _validate(self) -> None:
        if len(self._steps) != len(self.steps):
            raise LifecycleInvalid(f"{self.name}: two steps share a move and a source")
        if any(self.actions[step.trigger] != step.action for step in self.steps):
            raise LifecycleInvalid(f"{self.name}: a move needs one permission, whatever state it starts from")
        for name in [member.value for member in (*self.states, *self.actions)]:
            # The trail, columns and diagrams hold these names.
            if not isinstance(name, str) or not (name.isascii() and name.isidentifier()):
                raise LifecycleInvalid(f"{self.name}: {name!r} is not a plain ASCII name")
        for step in self.steps:
            if step.source is None and step.dest is not self.initial:
                raise LifecycleInvalid(f"{self.name}: {step.trigger.name} opens into {step.dest.name}")
        unused = set(self.states) - {state for path in self.paths or (None,) for state in self._used(path)}
        if unused:
            names = ", ".join(sorted(state.name for state in unused))
            raise LifecycleInvalid(f"{self.name}: {names} cannot be reached on any path")
        for path in self.paths or (None,):
            steps = [step for step in self.steps if step.on(path)]
            used, ends = self._used(path), self._ends(path)
            there = _closure({self.initial}, [(s.source, s.dest) for s in steps if s.source is not None])
            back = _closure(ends, [(s.dest, s.source) for s in steps if s.source is not None])
            for state in sorted(used, key=lambda state: state.name):
                where = f"{self.name}{'' if path is None else f' on path {path}'}: {state.name}"
                if state not in there:
                    raise LifecycleInvalid(f"{where} cannot be reached")
                if state not in back:
                    raise LifecycleInvalid(f"{where} reaches no final state")

    def _used(self, path: str | None) -> set[S]:
        if path is None:
            return set(self.states)
        steps = [step for step in self.steps if step.on(path)]
        return {self.initial} | {step.dest for step in steps} | {s.source for s in steps if s.source is not None}

    def _ends(self, path: str | None) -> set[S]:
        used = self._used(path)
        left = {step.source for step in self.steps if step.on(path) and step.source is not None}
        return (used - left) | (used & self.ended)

    def opening(self, trigger: T, by: Actor, *, path: str | None = None) -> Step[T, S]:
        """The step that opens a case. Raises like :meth:`check`."""
        return self._checked(self._steps.get((trigger, None)), trigger, None, by, path)

    def check(self, entity: InState[S], trigger: T, by: Actor, *, path: str | None = None) -> Step[T, S]:
        """The step that ``trigger`` would take from the entity's state; changes nothing."""
        return self._checked(self._steps.get((trigger, entity.state)), trigger, entity.state, by, path)

    def _checked(self, step: Step[T, S] | None, trigger: T, state: S | None, by: Actor, path: str | None) -> Step[T, S]:
        step = self._found(step, trigger, state, path)
        if not by.may(step.action):
            raise NotPermitted(action=step.action, actor=by.id, move=trigger)
        return step

    def _found(self, step: Step[T, S] | None, trigger: T, state: S | None, path: str | None) -> Step[T, S]:
        if step is None or not step.on(path):
            allowed = sorted(s.trigger.value for s in self.steps if s.source is state and s.on(path))
            raise MoveRefused(
                lifecycle=self.name,
                move=trigger,
                state=state,
                accepted=Text(
                    ", ".join(allowed) or "no move: this state is final", "、".join(allowed) or "终态，无可用流转"
                ),
            )
        return step

    def consequence(self, entity: InState[S], trigger: T, *, path: str | None = None) -> Step[T, S]:
        """The step that follows by itself from what somebody was permitted to do: no permission is asked again.

        Raises MoveRefused where the table has no such step from the entity's state.
        """
        return self._found(self._steps.get((trigger, entity.state)), trigger, entity.state, path)

    def move(self, entity: HasState[S], step: Step[T, S]) -> None:
        """Take a step that :meth:`check` returned."""
        self._events[step.trigger].trigger(entity)

    def moves(self, entity: InState[S], by: Actor, *, path: str | None = None) -> tuple[PossibleMove[T], ...]:
        """Every move of the table, in its order, with whether ``by`` may make it now and why not."""
        found: list[PossibleMove[T]] = []
        for trigger, action in self.actions.items():
            step = self._steps.get((trigger, entity.state))
            rule = next(s.rule for s in self.steps if s.trigger is trigger)
            refused_by: Rule | None = None
            if step is None or not step.on(path):
                why, refused_by = Text(f"not from {entity.state.value}", f"当前状态 {entity.state.value} 不可"), MOVES
            elif not by.may(action):
                why, refused_by = Text(f"needs the permission {action}", f"需要权限 {action}"), PERMITTED
            else:
                why = Text(f"leads to {step.dest.value}", f"转到 {step.dest.value}")
            found.append(PossibleMove(trigger, action, rule, refused_by is None, why, refused_by))
        return tuple(found)

    def mermaid(self, path: str | None = None) -> str:
        """The table as a Mermaid state diagram, with ASCII names; moves that stay in a state are a note beside it."""
        lines = ["stateDiagram-v2"]
        lines += [f"    [*] --> {self.initial.value}"] if not any(s.source is None for s in self.steps) else []
        for step in self.steps:
            if step.on(path) and step.source is not step.dest:
                source = "[*]" if step.source is None else step.source.value
                lines.append(f"    {source} --> {step.dest.value}: {step.trigger.value}")
        for state in self.states:
            staying = [s.trigger.value for s in self.steps if s.on(path) and s.source is s.dest is state]
            lines += [f"    note right of {state.value}: {', '.join(staying)}"] if staying else []
        ends = self._ends(path)
        lines += [f"    {state.value} --> [*]" for state in self.states if state in ends]
        return "\n".join(lines) + "\n"


def _closure(start: Iterable[S], edges: Sequence[tuple[S, S]]) -> set[S]:
    reached = set(start)
    while new := {dest for source, dest in edges if source in reached} - reached:
        reached |= new
    return reached
