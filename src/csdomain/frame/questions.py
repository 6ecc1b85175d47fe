"""What can be asked of a kind of case, once for every context: questions change nothing.

A service inherits these. Everything public is a question or a command; what the frame needs begins with ``_``.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

import attrs

from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.lifecycle import Lifecycle, PossibleMove
from csdomain.kernel.cases.timers import TimerExplanation, TimerState, explain
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import NotFound, NotPermitted, RuleBroken, StoreFailure
from csdomain.kernel.store.kinds import A, Comparison, Kind, MalformedQuery, Page, Query, Tally, TallyRow, Where
from csdomain.kernel.store.ports import AuditRecord, Call, Store, Unit
from csdomain.kernel.store.unit import EVENT
from csdomain.kernel.values.actors import Actor, Scope
from csdomain.kernel.values.arguments import WrongArgument, type_commands
from csdomain.kernel.values.ids import IdSource, instant_of
from csdomain.kernel.values.personal import PersonalKind, covered, mask
from csdomain.rulebook import House

from .cases import CaseType
from .commands import PartMoves, Parts

C = TypeVar("C", bound=Any)
R = TypeVar("R")
Asked = TypeVar("Asked", Query[Any], Tally[Any])


@attrs.frozen(kw_only=True)
class RunningClock:
    """A clock of a case that runs, or stands still: then ``due_at`` moves on. Times are UTC. [KRN-06]"""

    case: str
    number: str
    owner: str
    branch: str
    timer: str
    due_at: datetime
    state: TimerState


@attrs.frozen
class Questions(Generic[C]):
    """Questions about the cases of a kind. Each raises NotPermitted where ``by`` lacks the permission for reading."""

    _cases: ClassVar[CaseType]
    _store: Store
    _house: House
    _ids: IdSource

    def __init_subclass__(cls) -> None:
        """Every command and question of a context refuses arguments of a wrong type by name, without a word there."""
        super().__init_subclass__()
        type_commands(cls)

    def get(self, id: str, *, by: Actor, at: datetime | None = None) -> C:
        """The case; personal fields are masked where ``by`` may not see them.

        ``at`` is the aware instant of reading: who acts for somebody by a delegation then may read as that one may.
        Raises NotFound, NotPermitted, MalformedId, WrongKind, NaiveTime.
        """

        def work(unit: Unit, actor: Actor) -> C:
            case, who = self._found(unit, id, actor, None if at is None else utc(at))
            return covered(case) if self._is_masked(case, who) else case

        return self._read(work, by, id)

    def find(self, query: Query[C] = Query(), *, by: Actor) -> Page[C]:  # noqa: B008 - frozen
        """One page of the cases that ``by`` may read. Raises MalformedQuery, NotPermitted."""

        def work(unit: Unit, actor: Actor) -> Page[C]:
            return self._shown(unit.of(self._cases.kind).find(self._within(query, actor)), actor)

        return self._read(work, by)

    def queue(self, query: Query[C] = Query(), *, by: Actor) -> Page[C]:  # noqa: B008 - frozen
        """The queue of ``by``: the cases that ``by`` owns and that are not at their end. Raises as :meth:`find`."""
        queue = self._cases.kind.queue
        mine: Where[C] = Where("owner" if queue is None else queue.name, Comparison.IS, by.id)

        def work(unit: Unit, actor: Actor) -> Page[C]:
            self._scope(actor)  # one's own is in reach of every scope
            return self._shown(unit.of(self._cases.kind).find(attrs.evolve(query, where=(*query.where, mine))), actor)

        return self._read(work, by)

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

    def moves(self, id: str, *, by: Actor, at: datetime) -> tuple[PossibleMove[Any], ...]:
        """What ``by`` may do with the case at ``at``, on its path, and why and by which rule the rest is refused.

        A move that is allowed can only be refused for what it is given; one that is refused is refused so if it is
        tried. Raises NotFound, NotPermitted, NaiveTime. [KRN-07, KRN-08, KRN-13]
        """

        def work(unit: Unit, actor: Actor) -> tuple[PossibleMove[Any], ...]:
            case, _ = self._found(unit, id, actor, utc(at))
            return self._moves(unit, case, actor, utc(at))

        return self._read(work, by, id)

    def _moves(self, unit: Unit, case: C, actor: Actor, at: datetime) -> tuple[PossibleMove[Any], ...]:
        commands, (owners, branches) = self._cases.commands, self._where(case)
        acts: dict[bool, Any] = {}

        def asking(carried: bool) -> Any:
            if carried not in acts:
                who = self._standing_in(unit, case, actor, at) if carried else actor
                acts[carried] = self._asking(unit, case, who, at)
            return acts[carried]

        def begin(listed: PossibleMove[Any]) -> None:
            # As a command does: permission before all, by a delegation only where there is something to decide.
            move, action = listed.move, listed.action
            carried = (
                move in commands.carried and commands.leads(case, move) and not actor.reaches(action, owners, branches)
            )
            act = asking(carried)
            act.by.require(action, owner=owners, branch=branches)
            commands.begin(case, act, move, asked=True)

        found = commands.table.moves(case, _everything(actor, commands.table), path=commands.path(case))
        return tuple(_tried(move, begin) for move in found if move.move in commands.made)

    def part_moves(self, id: str, *, by: Actor, at: datetime) -> tuple[PartMoves, ...]:
        """What ``by`` may do with each part of the case at ``at``: its name (``shipment 1``) and the moves of its
        table, as :meth:`moves` says them of the case."""

        def work(unit: Unit, actor: Actor) -> tuple[PartMoves, ...]:
            instant = utc(at)
            case, _ = self._found(unit, id, actor, instant)
            act, (owners, branches) = self._asking(unit, case, actor, instant), self._where(case)

            def begin(listed: PossibleMove[Any], parts: Parts[Any, Any, Any], name: int | str) -> None:
                actor.require(listed.action, owner=owners, branch=branches)
                parts.begin(case, act, listed.move, name)

            return tuple(
                PartMoves(f"{parts.table.name} {name}", tuple(_tried(move, begin, parts, name) for move in moves))
                for parts in self._cases.parts
                for name, moves in parts.moves(case, _everything(actor, parts.table))
            )

        return self._read(work, by, id)

    def trail(self, id: str, *, by: Actor) -> Sequence[AuditRecord]:
        """Everything that happened to the case, in order (KRN-11)."""

        def work(unit: Unit, actor: Actor) -> Sequence[AuditRecord]:
            case, trail = self._readable(unit, id, actor), unit.trail(id)
            if not self._is_masked(case, actor):
                return trail
            return [attrs.evolve(record, reason=mask(PersonalKind.OTHER, record.reason)) for record in trail]

        return self._read(work, by, id)

    def deadlines(self, id: str, *, by: Actor, at: datetime) -> tuple[TimerExplanation, ...]:
        """The case's timers as of ``at``, each with how its deadline came about (KRN-06)."""

        def work(unit: Unit, actor: Actor) -> tuple[TimerExplanation, ...]:
            self._cases.effects.rules_of(
                self._readable(unit, id, actor), self._house, unit
            )  # its book has its calendars
            timers = unit.timers_of(id)
            return tuple(explain(timer, self._house.calendar(timer.calendar), at) for timer in timers)

        return self._read(work, by, id)

    def clocks(
        self, *, by: Actor, until: datetime | None = None, owner: str | None = None, limit: int = 500
    ) -> tuple[RunningClock, ...]:
        """The clocks of the cases that ``by`` may read, the soonest deadline first: those that run and are due by
        ``until``; without it also those that stand still. Only cases of ``owner`` where given. One statement.

        Raises NotPermitted, MalformedQuery, NaiveTime. [KRN-06]
        """
        last = None if until is None else utc(until)
        of: tuple[Where[C], ...] = () if owner is None else (Where("owner", Comparison.IS, owner),)
        kind = self._cases.kind
        names = ("owner", "branch", *(field.name for field in kind.fields if field.name == "number"))

        def work(unit: Unit, actor: Actor) -> tuple[RunningClock, ...]:
            found = unit.session.live_timers(kind, names, self._within(Query(of, limit=limit), actor), last)
            return tuple(
                RunningClock(
                    case=one.timer.subject,
                    number=str((*one.row, "")[2] or ""),
                    owner=str(one.row[0]),
                    branch=str(one.row[1]),
                    timer=one.timer.name,
                    due_at=one.timer.due_at,
                    state=one.timer.state,
                )
                for one in found
            )

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
    def _read(self, work: Callable[[Unit, Actor], R], by: Actor, id: str = "") -> R:
        try:
            return self._store.look(lambda unit: work(unit, self._house.resolve(by)))
        except NotPermitted as error:
            self._refuse(error, by, id)

    def _refuse(self, error: NotPermitted, by: Actor, id: str) -> NoReturn:
        """Keep the refusal of a question, at the instant of a new id: a question is given none. [KRN-13]"""

        def refuse(_: Unit) -> NoReturn:
            raise error

        at = instant_of(self._ids.new(EVENT))
        with suppress(StoreFailure, NotPermitted):  # what only reads keeps no refusal
            self._store.run(refuse, Call(f"{self._cases.kind.table}.read", by.id, at, id))
        self._raise(error, by, id)

    def _raise(self, error: NotPermitted, by: Actor, id: str) -> NoReturn:
        """Raise ``error``, or NotFound where the house conceals records from those who may not read them. [KRN-13]"""

        def reads(unit: Unit) -> bool:
            return self._reaching(self._house.resolve(by), unit.of(self._cases.kind).get(id)).may(self._cases.read)

        if id and self._house.conceals and not self._store.look(reads):
            raise NotFound(kind=self._cases.kind.table, id=id) from error
        raise error

    def _readable(self, unit: Unit, id: str, actor: Actor) -> C:
        case, _ = self._found(unit, id, actor)
        return covered(case) if self._is_masked(case, actor) else case

    def _found(self, unit: Unit, id: str, actor: Actor, at: datetime | None = None) -> tuple[C, Actor]:
        """The case, unmasked, and who reads it: at an instant, by a delegation too."""
        case: C = unit.of(self._cases.kind).get(id)
        who, where, read = actor, self._where(case), self._cases.read
        if at is not None and self._cases.commands.carried and not actor.reaches(read, *where):
            who = self._standing_in(unit, case, actor, at)
        who.require(read, owner=where[0], branch=where[1])
        return case, who

    def _where(self, case: C) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Whose the case is, and of which branches."""
        return self._cases.kind.owned_by(case), self._cases.kind.branches_of(case)

    def _standing_in(self, unit: Unit, case: C, actor: Actor, at: datetime) -> Actor:
        """``actor`` with those for whom they act by a delegation (``others``); nobody where a context has none."""
        return actor

    def _asking(self, unit: Unit, case: C, actor: Actor, at: datetime) -> Any:
        """An act by which it is only asked what may be done."""
        raise NotImplementedError

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
    return attrs.evolve(actor, grants=grants, others=tuple(reaching(other, case, kind) for other in actor.others))


def _everything(actor: Actor, table: Lifecycle[Any, Any]) -> Actor:
    """``actor`` as if nothing were missing but the state: the permission is asked where a command asks it."""
    return attrs.evolve(actor, grants=dict.fromkeys(table.actions.values(), Scope.ALL))


def _tried(listed: PossibleMove[Any], begin: Callable[..., None], *part: object) -> PossibleMove[Any]:
    """What is said of a move: what would refuse it if it were tried."""
    try:
        begin(listed, *part)
    except RuleBroken as error:
        return listed.refused(error)
    return listed


def cases_of(service: Questions[Any]) -> CaseType:
    """The declaration of the cases that a service is about: for jobs that go over several contexts."""
    return service._cases  # noqa: SLF001 - a service shows its users commands and questions only


def rules_of(service: Questions[Any], case: Any) -> Any:
    """The house rules that a case goes by: those that it pinned."""
    look, effects = service._store.look, service._cases.effects  # noqa: SLF001 - as above
    return look(lambda unit: effects.rules_of(case, house_of(service), unit))


def house_of(service: Questions[Any]) -> House:
    """The house by whose rules a service works."""
    return service._house  # noqa: SLF001 - as above
