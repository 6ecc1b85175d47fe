"""The frame of a service: a use case is one line that names the command, the case and the arguments.

Load under the command's permission, one command, save, record; the idempotency key on the way (design decision D1).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Required, TypedDict, TypeVar, cast

import attrs

from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.cases.lifecycle import Lifecycle, PossibleMove
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.ports import Call, Receipt, Unit
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.codec import fingerprint
from csdomain.kernel.values.ids import I, IdKind
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import House, Pinning, Section
from csdomain.rulebook.usecases import CallOptions, UseCases, reaching

from .acts import Act, Events
from .cases import Command, Commands, Parts, command_of
from .effects import Effects

P = ParamSpec("P")
C = TypeVar("C", bound=Any)
A = TypeVar("A", bound=Act[Any])


class OpenOptions(TypedDict, total=False):
    """What a command that opens a case takes besides its own arguments: as :class:`CallOptions`."""

    by: Required[Actor]
    at: Required[Any]
    key: str | None


@attrs.frozen(eq=False)
class CaseType:
    """A kind of case, declared once: how it is stored, how it moves, by which rules, what follows, who may read it."""

    kind: Kind[Any]
    commands: Commands[Any, Any]
    effects: Effects[Any, Any]
    parts: tuple[Parts[Any, Any, Any], ...] = ()

    @property
    def read(self) -> Action:
        """What it takes to read one: ``orders.read``."""
        return Action(f"{self.section.name}.read")

    @property
    def actions(self) -> tuple[Action, ...]:
        """The permissions that its tables ask for, and reading."""
        found = (action for table in self.lifecycles for action in table.actions.values())
        return tuple(dict.fromkeys((self.read, *found)))

    @property
    def section(self) -> Section[Any]:
        """The house rules that it goes by."""
        return self.effects.section

    @property
    def lifecycles(self) -> tuple[Lifecycle[Any, Any], ...]:
        """Its tables: its own, and those of its parts."""
        return (self.commands.table, *(part.table for part in self.parts))

    @property
    def pinning(self) -> tuple[Pinning, ...]:
        """How cases that keep their rulebook are found, where they do."""
        kept = self.section.pinned and Pinning.fits(self.kind)
        return (Pinning(self.kind, self.commands.table, (self.section,)),) if kept else ()


@attrs.frozen
class _Drawn:
    """Numbers and ids of a unit of work. Satisfies :class:`~csdomain.frame.acts.Draws`."""

    unit: Unit
    house: House
    ids: Any

    def number(self, pattern: NumberPattern, at: Any, branch: str, /) -> str:
        return self.unit.number(pattern, at, zone=self.house.zone(branch), branch=branch)

    def new(self, kind: IdKind[I], /) -> I:
        return cast("I", self.ids.new(kind))


@attrs.frozen
class Service(UseCases[C], Generic[C, A]):
    """The service of a kind of case. A context gives its :class:`CaseType`, and where its acts need more, ``hand``."""

    cases: ClassVar[CaseType]

    @property
    def kind(self) -> Kind[C]:
        """How its cases are stored."""
        return self.cases.kind

    @property
    def table(self) -> Lifecycle[Any, Any]:
        """Their lifecycle."""
        return self.cases.commands.table

    @property
    def reading(self) -> Action:
        """What it takes to read one."""
        return self.cases.read

    def hand(self, **given: Any) -> A:
        """What a command has at hand."""
        return cast("A", Act(**given))

    def effects(self, case: C, events: Sequence[Event], unit: Unit) -> Iterable[Effect]:
        """The effects of events, by the rules that the case goes by."""
        effects = self.cases.effects
        return effects.of(events, case, effects.rules_of(case, self.house, unit), self.house.place(case.branch))

    # --- how a command goes
    def do(
        self,
        command: Callable[Concatenate[C, A, P], Events],
        id: str,
        call: CallOptions,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Receipt:
        """One command of one case. One that told nothing changed nothing, and nothing is saved."""
        marked, cases, house = command_of(command), self.cases, self.house
        by, at, expected = call["by"], utc(call["at"]), call.get("expected")

        def work(unit: Unit) -> Receipt:
            actor = house.resolve(by)
            case = unit.load(cases.kind, id, may=marked.action, by=actor, expected=expected)
            rules = cases.effects.rules_of(case, house, unit)
            act = self._act(unit, actor, at, rules, case.rulebook, case.branch)
            events = command(case, act, *args, **kwargs)
            if events:
                unit.of(cases.kind).save(case)
                unit.record(events, cases.effects.of(events, case, rules, act.place))
            return Receipt(id=id, version=case.version, state=case.state.value, number=act.drawn or case.number)

        return self.store.run(work, self._call(marked, call, id, args, kwargs))

    def begin(
        self,
        command: Callable[Concatenate[A, P], tuple[C, Events]],
        call: OpenOptions,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Receipt:
        """A command that opens a case, by the current house rules."""
        marked, cases, house = command_of(command), self.cases, self.house
        by, at = call["by"], utc(call["at"])

        def work(unit: Unit) -> Receipt:
            actor = house.resolve(by)
            rules = house.rulebook[cases.section]
            act = self._act(unit, actor, at, rules, house.rulebook.ref, actor.branch)
            case, events = command(act, *args, **kwargs)
            unit.of(cases.kind).add(case)
            unit.record(events, cases.effects.of(events, case, rules, act.place))
            return Receipt(id=case.id, version=case.version, state=case.state.value, number=case.number)

        return self.store.run(work, self._call(marked, call, "", args, kwargs))

    def _act(self, unit: Unit, actor: Actor, at: Any, rules: object, rulebook: str, branch: str) -> A:
        house = self.house
        draws = _Drawn(unit, house, self.ids)
        return self.hand(by=actor, at=at, rules=rules, place=house.place(branch), draws=draws, rulebook=rulebook)

    def _call(
        self, marked: Command, call: CallOptions | OpenOptions, subject: str, args: tuple[Any, ...], kwargs: Any
    ) -> Call:
        name, key = f"{self.cases.kind.table}.{marked.name}", call.get("key")
        mark = ""
        if key is not None:
            given = {**dict(zip(marked.arguments, args, strict=False)), **kwargs}
            mark = fingerprint(name, {"subject": subject, **given})
        return Call(name, call["by"].id, call["at"], subject, key, mark)

    # --- questions
    def moves(self, id: str, *, by: Actor) -> tuple[PossibleMove[Any], ...]:
        """What ``by`` may do with the case now, on its path, and why the rest is refused."""
        commands = self.cases.commands

        def work(unit: Unit, actor: Actor) -> tuple[PossibleMove[Any], ...]:
            case = self._readable(unit, id, actor)
            found = commands.table.moves(case, reaching(actor, case), path=commands.path(case))
            return tuple(move for move in found if move.move in commands.made)

        return self._read(work, by)

    def part_moves(self, id: str, *, by: Actor) -> tuple[tuple[str, tuple[PossibleMove[Any], ...]], ...]:
        """What ``by`` may do with each part of the case now: its name (``shipment 1``) and the moves of its table."""

        def work(unit: Unit, actor: Actor) -> tuple[tuple[str, tuple[PossibleMove[Any], ...]], ...]:
            case = self._readable(unit, id, actor)
            return tuple(one for part in self.cases.parts for one in part.moves(case, reaching(actor, case)))

        return self._read(work, by)
