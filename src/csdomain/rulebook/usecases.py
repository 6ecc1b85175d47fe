"""The frame of a service: how one use case goes, once for every context.

Load, one domain call, save, record; permission and idempotency key on the way. A service has no business ``if``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Generic, Protocol, Required, TypedDict, TypeVar, Unpack

import attrs

from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import Event, Rebased
from csdomain.kernel.cases.lifecycle import Lifecycle, PossibleMove
from csdomain.kernel.cases.timers import TimerExplanation, explain
from csdomain.kernel.rules import HOUSE_RULES, Text
from csdomain.kernel.rules.errors import NotPermitted, aware, require
from csdomain.kernel.store.kinds import Aggregate, Comparison, Kind, Page, Query, Tally, TallyRow, Where
from csdomain.kernel.store.ports import AuditRecord, Call, Receipt, Store, Unit
from csdomain.kernel.values.actors import Action, Actor, Scope
from csdomain.kernel.values.arguments import type_commands
from csdomain.kernel.values.codec import fingerprint
from csdomain.kernel.values.ids import IdSource
from csdomain.kernel.values.personal import PersonalKind, covered, mask

from .house import House

R = TypeVar("R")
S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)


class Case(Aggregate, Protocol[S]):
    """An aggregate with a lifecycle."""

    state: S

    @property
    def number(self) -> str:
        """Its human-readable number; empty where its kind has none."""
        ...


class PinnedCase(Case[S], Protocol[S]):
    """A case that keeps the rulebook it began under until it is moved on purpose."""

    #: The ref of the rulebook it goes by.
    rulebook: str


C = TypeVar("C", bound=Case[Any])
P = TypeVar("P", bound=PinnedCase[Any])


class CallOptions(TypedDict, total=False):
    """What every command takes besides its own arguments.

    ``by`` acts, with the positions held now; ``at`` is the aware instant of acting. ``key`` makes the command happen
    once however often it is sent; ``expected`` refuses it where the case is at another version than the caller read.
    """

    by: Required[Actor]
    at: Required[datetime]
    key: str | None
    expected: int | None


@attrs.frozen
class UseCases(Generic[C]):
    """What the service of a context is built on: the store, the house rules, new ids.

    A context's service names its kind, its lifecycle, its permission for reading, and its table of effects.
    """

    store: Store
    house: House
    ids: IdSource

    def __init_subclass__(cls) -> None:
        """Every command and question of a context refuses arguments of a wrong type by name, without a word there."""
        super().__init_subclass__()
        type_commands(cls)

    @property
    def kind(self) -> Kind[C]:
        """The aggregate of the context."""
        raise NotImplementedError

    @property
    def table(self) -> Lifecycle[Any, Any]:
        """Its lifecycle."""
        raise NotImplementedError

    @property
    def reading(self) -> Action:
        """The permission for reading."""
        raise NotImplementedError

    def effects(self, case: C, events: Sequence[Event], unit: Unit) -> Iterable[Effect]:
        """The effects of events, by the rules the case pinned."""
        raise NotImplementedError

    # --- commands
    def run(
        self,
        name: str,
        work: Callable[[Unit, Actor], R],
        *,
        by: Actor,
        at: datetime,
        subject: str = "",
        key: str | None = None,
        arguments: Mapping[str, object] | None = None,
    ) -> R:
        """One use case: ``work`` in one unit, with ``by`` holding what the current rulebook grants."""
        use_case = f"{self.kind.table}.{name}"
        mark = "" if key is None else fingerprint(use_case, {"subject": subject, **(arguments or {})})
        call = Call(use_case, by.id, aware(at), subject, key, mark)
        return self.store.run(lambda unit: work(unit, self.house.resolve(by)), call)

    def open(self, move: Enum, make: Callable[[Unit, Actor], tuple[C, Sequence[Event]]], **call: Any) -> Receipt:
        """A use case that opens a case: ``make`` gives it and its events, once ``move`` is permitted."""

        def work(unit: Unit, actor: Actor) -> Receipt:
            self.table.opening(move, actor)  # before a number is drawn
            case, events = make(unit, actor)
            unit.of(self.kind).add(case)
            unit.record(events, self.effects(case, events, unit))
            return receipt(case)

        return self.run(move.value, work, **call)

    def act(
        self,
        move: Enum,
        id: str,
        command: Callable[[C, Actor, Unit], Sequence[Event]],
        *,
        table: Lifecycle[Any, Any] | None = None,
        arguments: Mapping[str, object] | None = None,
        answer: Callable[[C], Receipt] | None = None,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """A use case that moves a case: load it with the move's permission, one domain call, save, record.

        ``table`` is the lifecycle of the part of the case that moves, where it is not the case itself.
        """
        lifecycle = table or self.table
        name = move.value if table is None else f"{table.name}.{move.value}"
        return self.change(name, lifecycle.actions[move], id, command, arguments=arguments, answer=answer, **call)

    def change(
        self,
        name: str,
        action: Action,
        id: str,
        command: Callable[[C, Actor, Unit], Sequence[Event]],
        *,
        arguments: Mapping[str, object] | None = None,
        answer: Callable[[C], Receipt] | None = None,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """A use case that changes a case: what ``act`` is made of. ``action`` is the permission it needs.

        A command without an event changed nothing, and nothing is saved. ``answer`` makes the receipt where it is not
        that of the case; it is kept under the key, so a repeated command answers alike (KRN-12).
        """
        expected = call.get("expected")

        def work(unit: Unit, actor: Actor) -> Receipt:
            case = unit.load(self.kind, id, may=action, by=actor, expected=expected)
            events = command(case, actor, unit)
            if events:
                unit.of(self.kind).save(case)
                unit.record(events, self.effects(case, events, unit))
            return receipt(case) if answer is None else answer(case)

        return self.run(name, work, by=call["by"], at=call["at"], subject=id, key=call.get("key"), arguments=arguments)

    # --- questions
    def get(self, id: str, *, by: Actor) -> C:
        """The case. Raises NotFound, NotPermitted, MalformedId, WrongKind."""
        return self._read(lambda unit, actor: self._readable(unit, id, actor), by)

    def find(self, query: Query[C] = Query(), *, by: Actor) -> Page[C]:  # noqa: B008 - frozen
        """One page of the cases that ``by`` may read. Raises MalformedQuery, NotPermitted."""

        def work(unit: Unit, actor: Actor) -> Page[C]:
            found = unit.of(self.kind).find(attrs.evolve(query, where=(*query.where, *self._scope(actor))))
            return self._shown(found, actor)

        return self._read(work, by)

    def queue(self, query: Query[C] = Query(), *, by: Actor) -> Page[C]:  # noqa: B008 - frozen
        """My queue: the cases that ``by`` owns and that are not at their end. Raises as :meth:`find`."""
        queue = self.kind.queue
        mine: Where[C] = Where("owner" if queue is None else queue.name, Comparison.IS, by.id)
        return self.find(attrs.evolve(query, where=(*query.where, mine)), by=by)

    def tally(self, tally: Tally[C] = Tally(), *, by: Actor) -> Sequence[TallyRow]:  # noqa: B008 - frozen
        """Counts and sums over the cases that ``by`` may read. Raises MalformedQuery, NotPermitted."""

        def work(unit: Unit, actor: Actor) -> Sequence[TallyRow]:
            return unit.of(self.kind).tally(attrs.evolve(tally, where=(*tally.where, *self._scope(actor))))

        return self._read(work, by)

    def tallies(self, tallies: Sequence[Tally[C]], *, by: Actor) -> tuple[Sequence[TallyRow], ...]:
        """Several tallies over the cases that ``by`` may read, of one and the same moment. Raises as :meth:`tally`."""

        def work(unit: Unit, actor: Actor) -> tuple[Sequence[TallyRow], ...]:
            scope = self._scope(actor)
            cases = unit.of(self.kind)
            return tuple(cases.tally(attrs.evolve(tally, where=(*tally.where, *scope))) for tally in tallies)

        return self._read(work, by)

    def moves(self, id: str, *, by: Actor) -> tuple[PossibleMove[Any], ...]:
        """What ``by`` may do with the case now, and why the rest is refused."""

        def work(unit: Unit, actor: Actor) -> tuple[PossibleMove[Any], ...]:
            case = self._readable(unit, id, actor)
            return self.table.moves(case, reaching(actor, case))

        return self._read(work, by)

    def trail(self, id: str, *, by: Actor) -> Sequence[AuditRecord]:
        """Everything that happened to the case, in order (KRN-11)."""

        def work(unit: Unit, actor: Actor) -> Sequence[AuditRecord]:
            case, trail = self._readable(unit, id, actor), unit.trail(id)
            if not self.veiled(case, actor):
                return trail
            return [attrs.evolve(record, reason=mask(PersonalKind.OTHER, record.reason)) for record in trail]

        return self._read(work, by)

    def deadlines(self, id: str, *, by: Actor, at: datetime) -> tuple[TimerExplanation, ...]:
        """The case's timers as of ``at``, each with how its deadline came about (KRN-06)."""

        def work(unit: Unit, actor: Actor) -> tuple[TimerExplanation, ...]:
            self._readable(unit, id, actor)
            timers = unit.timers_of(id)
            return tuple(explain(timer, self.house.calendar(timer.calendar), at) for timer in timers)

        return self._read(work, by)

    def _read(self, work: Callable[[Unit, Actor], R], by: Actor) -> R:
        return self.store.look(lambda unit: work(unit, self.house.resolve(by)))

    def _readable(self, unit: Unit, id: str, actor: Actor) -> C:
        case = unit.of(self.kind).get(id)
        actor.require(self.reading, owner=case.owner, branch=case.branch)
        return covered(case) if self.veiled(case, actor) else case

    def veiled(self, case: C, actor: Actor) -> bool:
        """Whether ``actor`` is shown the case with its personal fields masked (KRN-14)."""
        return False

    def _shown(self, page: Page[C], actor: Actor) -> Page[C]:
        items = tuple(covered(case) if self.veiled(case, actor) else case for case in page.items)
        return attrs.evolve(page, items=items)

    def _scope(self, actor: Actor) -> tuple[Where[C], ...]:
        scope = actor.grants.get(self.reading)
        if scope is None:
            raise NotPermitted(action=self.reading, actor=actor.id)
        if scope is Scope.ALL:
            return ()
        if scope is Scope.BRANCH:
            return (Where("branch", Comparison.IS, actor.branch),)
        return (Where("owner", Comparison.IS, actor.id),)


type_commands(UseCases)


@attrs.frozen
class PinnedUseCases(UseCases[P]):
    """A service of cases that pin their rulebook: it can move a running one to the current rulebook."""

    @property
    def rebasing(self) -> Action:
        """The permission for moving a running case to another rulebook."""
        raise NotImplementedError

    def rebase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Let a running case go by the current rulebook from now on; timers that run keep their deadlines.

        Raises NotFound, NotPermitted, Conflict, and RuleBroken where the case goes by it already. [KRN-01]
        """

        def command(case: P, actor: Actor, unit: Unit) -> Sequence[Event]:
            before, after = case.rulebook, self.house.rulebook.ref
            require(before != after, HOUSE_RULES, accepted=Text("another rulebook", "另一版规则手册"), rulebook=before)
            self.check_rebase(case)
            case.rulebook = after
            return (Rebased(subject=case.id, by=actor.id, at=call["at"], before=before, after=after),)

        return self.change("rebase", self.rebasing, id, command, **call)

    def check_rebase(self, case: P) -> None:
        """Refuse a case that the current rulebook has no place for. Raises RuleBroken."""


def receipt(case: Case[Any]) -> Receipt:
    """What a use case answers of a case."""
    return Receipt(id=case.id, version=case.version, state=case.state.value, number=case.number)


def reaching(actor: Actor, case: Aggregate) -> Actor:
    """``actor`` with only the grants whose scope reaches ``case``."""
    grants = {
        action: scope
        for action, scope in actor.grants.items()
        if scope is Scope.ALL
        or (scope is Scope.BRANCH and case.branch == actor.branch)
        or (scope is Scope.OWN and case.owner == actor.id)
    }
    return attrs.evolve(actor, grants=grants)
