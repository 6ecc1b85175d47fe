"""What can be asked of a kind of case, once for every context: questions change nothing.

A service inherits these. Everything public is a question or a command; what the frame needs begins with ``_``.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import attrs

from csdomain.kernel.cases.lifecycle import PossibleMove
from csdomain.kernel.cases.timers import TimerExplanation, explain
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.store.kinds import A, Comparison, Kind, MalformedQuery, Page, Query, Tally, TallyRow, Where
from csdomain.kernel.store.ports import AuditRecord, Store, Unit
from csdomain.kernel.values.actors import Actor, Scope
from csdomain.kernel.values.arguments import WrongArgument, type_commands
from csdomain.kernel.values.personal import PersonalKind, covered, mask
from csdomain.rulebook import House

from .cases import CaseType
from .commands import PartMoves

C = TypeVar("C", bound=Any)
R = TypeVar("R")
Asked = TypeVar("Asked", Query[Any], Tally[Any])


@attrs.frozen
class Questions(Generic[C]):
    """Questions about the cases of a kind. Each raises NotPermitted where ``by`` lacks the permission for reading."""

    _cases: ClassVar[CaseType]
    _store: Store
    _house: House

    def __init_subclass__(cls) -> None:
        """Every command and question of a context refuses arguments of a wrong type by name, without a word there."""
        super().__init_subclass__()
        type_commands(cls)

    def get(self, id: str, *, by: Actor) -> C:
        """The case; personal fields are masked where ``by`` may not see them.

        Raises NotFound, NotPermitted, MalformedId, WrongKind.
        """
        return self._read(lambda unit, actor: self._readable(unit, id, actor), by)

    def find(self, query: Query[C] = Query(), *, by: Actor) -> Page[C]:  # noqa: B008 - frozen
        """One page of the cases that ``by`` may read. Raises MalformedQuery, NotPermitted."""

        def work(unit: Unit, actor: Actor) -> Page[C]:
            return self._shown(unit.of(self._cases.kind).find(self._within(query, actor)), actor)

        return self._read(work, by)

    def queue(self, query: Query[C] = Query(), *, by: Actor) -> Page[C]:  # noqa: B008 - frozen
        """The queue of ``by``: the cases that ``by`` owns and that are not at their end. Raises as :meth:`find`."""
        queue = self._cases.kind.queue
        mine: Where[C] = Where("owner" if queue is None else queue.name, Comparison.IS, by.id)
        return self.find(attrs.evolve(query, where=(*query.where, mine)), by=by)

    def tally(self, tally: Tally[C] = Tally(), *, by: Actor) -> Sequence[TallyRow]:  # noqa: B008 - frozen
        """Counts and sums over the cases that ``by`` may read. Raises MalformedQuery, NotPermitted."""

        def work(unit: Unit, actor: Actor) -> Sequence[TallyRow]:
            return unit.of(self._cases.kind).tally(self._within(tally, actor))

        return self._read(work, by)

    def tallies(self, tallies: Sequence[Tally[C]], *, by: Actor) -> tuple[Sequence[TallyRow], ...]:
        """Several tallies over the cases that ``by`` may read, all of the same moment. Raises as :meth:`tally`."""

        def work(unit: Unit, actor: Actor) -> tuple[Sequence[TallyRow], ...]:
            return tuple(unit.of(self._cases.kind).tally(self._within(tally, actor)) for tally in tallies)

        return self._read(work, by)

    def moves(self, id: str, *, by: Actor) -> tuple[PossibleMove[Any], ...]:
        """What ``by`` may do with the case now, on its path, and why the rest is refused."""
        commands = self._cases.commands

        def work(unit: Unit, actor: Actor) -> tuple[PossibleMove[Any], ...]:
            case = self._readable(unit, id, actor)
            found = commands.table.moves(case, self._reaching(actor, case), path=commands.path(case))
            return tuple(move for move in found if move.move in commands.made)

        return self._read(work, by)

    def part_moves(self, id: str, *, by: Actor) -> tuple[PartMoves, ...]:
        """What ``by`` may do with each part of the case now: its name (``shipment 1``) and the moves of its table."""

        def work(unit: Unit, actor: Actor) -> tuple[PartMoves, ...]:
            case = self._readable(unit, id, actor)
            return tuple(one for part in self._cases.parts for one in part.moves(case, self._reaching(actor, case)))

        return self._read(work, by)

    def trail(self, id: str, *, by: Actor) -> Sequence[AuditRecord]:
        """Everything that happened to the case, in order (KRN-11)."""

        def work(unit: Unit, actor: Actor) -> Sequence[AuditRecord]:
            case, trail = self._readable(unit, id, actor), unit.trail(id)
            if not self._is_masked(case, actor):
                return trail
            return [attrs.evolve(record, reason=mask(PersonalKind.OTHER, record.reason)) for record in trail]

        return self._read(work, by)

    def deadlines(self, id: str, *, by: Actor, at: datetime) -> tuple[TimerExplanation, ...]:
        """The case's timers as of ``at``, each with how its deadline came about (KRN-06)."""

        def work(unit: Unit, actor: Actor) -> tuple[TimerExplanation, ...]:
            self._readable(unit, id, actor)
            timers = unit.timers_of(id)
            return tuple(explain(timer, self._house.calendar(timer.calendar), at) for timer in timers)

        return self._read(work, by)

    def as_data(self, value: object, *, by: Actor, of: C | None = None) -> Any:
        """What a use case answered with, as JSON-ready data for ``by``: see :func:`csdomain.frame.views.as_data`.

        Personal fields of a case are in clear where ``by`` would see them in clear by :meth:`get`, else masked. What
        stands in no case (a paper, a line of the trail) is masked unless ``of`` is its case. [KRN-14]
        """
        kind: type = self._cases.kind.type
        if of is not None and not isinstance(of, kind):
            accepted = Text(kind.__name__, kind.__name__)
            raise WrongArgument(field="of", given=type(of).__name__, accepted=accepted)
        actor = self._house.resolve(by)
        if isinstance(value, Page):
            return {
                "items": [self._view(item, actor, of) for item in value.items],
                "next": self._view(value.next, actor, of),
            }
        if isinstance(value, tuple | list):
            return [self._view(item, actor, of) for item in value]
        return self._view(value, actor, of)

    def _view(self, value: object, actor: Actor, of: object) -> Any:
        from .views import as_data  # most desks give no answers as data, and making the converters takes a while

        case: Any = value if isinstance(value, self._cases.kind.type) else of
        return as_data(value, may_see=case is not None and self._may_see(case, actor))

    def _may_see(self, case: C, actor: Actor) -> bool:
        return self._reaching(actor, case).may(self._cases.read) and not self._is_masked(case, actor)

    # --- how a question goes
    def _read(self, work: Callable[[Unit, Actor], R], by: Actor) -> R:
        return self._store.look(lambda unit: work(unit, self._house.resolve(by)))

    def _readable(self, unit: Unit, id: str, actor: Actor) -> C:
        case: C = unit.of(self._cases.kind).get(id)
        kind = self._cases.kind
        actor.require(self._cases.read, owner=kind.owned_by(case), branch=kind.branches_of(case))
        return covered(case) if self._is_masked(case, actor) else case

    def _reaching(self, actor: Actor, case: C) -> Actor:
        return reaching(actor, case, self._cases.kind)

    def _is_masked(self, case: C, actor: Actor) -> bool:
        """Whether ``actor`` is shown the case with its personal fields masked: what is kept of an erased person is,
        because law demands keeping it, unless ``actor`` has the permission for that (KRN-14)."""
        return self._cases.keeping is not None and (
            case.restricted and not self._reaching(actor, case).may(self._cases.read_restricted)
        )

    def _shown(self, page: Page[C], actor: Actor) -> Page[C]:
        items = tuple(covered(case) if self._is_masked(case, actor) else case for case in page.items)
        return attrs.evolve(page, items=items)

    def _within(self, asked: Asked, actor: Actor) -> Asked:
        """What is asked, of the cases that ``actor`` may read."""
        scope: tuple[Where[Any], ...] = self._scope(actor)
        if len(scope) < 2:
            return attrs.evolve(asked, where=(*asked.where, *scope))
        if asked.either:
            raise MalformedQuery(field="either", accepted=Text("a scope of all", "全部范围的权限"))
        return attrs.evolve(asked, either=scope)

    def _scope(self, actor: Actor) -> tuple[Where[C], ...]:
        """The conditions of which one holds for what ``actor`` may read; none where that is everything."""
        read, kind = self._cases.read, self._cases.kind
        scope = actor.grants.get(read)
        if scope is None:
            raise NotPermitted(action=read, actor=actor.id)
        if scope is Scope.ALL:
            return ()
        whose: str = actor.branch if scope is Scope.BRANCH else actor.id
        further = kind.branches if scope is Scope.BRANCH else kind.owners
        columns = ("branch" if scope is Scope.BRANCH else "owner", *(field.name for field in further))
        return tuple(Where(column, Comparison.IS, whose) for column in columns)


type_commands(Questions)


def reaching(actor: Actor, case: A, kind: Kind[A]) -> Actor:
    """``actor`` with only the grants whose scope reaches ``case``."""
    owners, branches = kind.owned_by(case), kind.branches_of(case)
    grants = {action: scope for action, scope in actor.grants.items() if actor.reaches(action, owners, branches)}
    return attrs.evolve(actor, grants=grants)


def cases_of(service: Questions[Any]) -> CaseType:
    """The declaration of the cases that a service is about: for jobs that go over several contexts."""
    return service._cases  # noqa: SLF001 - a service shows its users commands and questions only


def house_of(service: Questions[Any]) -> House:
    """The house by whose rules a service works."""
    return service._house  # noqa: SLF001 - as above
