"""The use cases of staff and of delegations, one method each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.papers.approvals import Delegation, DelegationInvalid, Delegations
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Kind, Page, Query
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Action, Actor, ActorId
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.rulebook import PERMISSIONS
from csdomain.rulebook.usecases import UseCases, reaching
from csdomain.staff.lifecycle import DELEGATION_MOVES, STAFF_MOVES, DelegationMove, DelegationState, Move, State
from csdomain.staff.model import DELEGATIONS, STAFF, DelegationRecord, StaffMember
from csdomain.staff.values import (
    DELEGATION,
    PERSONAL,
    READ,
    STAFF_MEMBER,
    Post,
    Term,
    UnknownPosition,
    actor_id,
    check_id,
)

from .authorities import held, holders, in_force, overlapping, records


@attrs.frozen
class Deputies(UseCases[DelegationRecord]):
    """Delegations: given by those who hold an authority, to end by themselves or revoked before (KRN-08)."""

    @property
    def kind(self) -> Kind[DelegationRecord]:
        """Delegations, as they are stored."""
        return DELEGATIONS

    @property
    def table(self) -> Lifecycle[DelegationMove, DelegationState]:
        """The moves of a delegation (KRN-08)."""
        return DELEGATION_MOVES

    @property
    def reading(self) -> Action:
        """What it takes to read one."""
        return READ

    def effects(self, case: DelegationRecord, events: Sequence[Event], unit: Unit) -> Iterable[Effect]:
        """None: a delegation ends by its own clock, and is asked for when somebody decides."""
        return ()

    def delegate(
        self,
        authority: str,
        deputy: str,
        *,
        until: datetime,
        since: datetime | None = None,
        principal: str | None = None,
        limit: Money | None = None,
        by: Actor,
        at: datetime,
        key: str | None = None,
    ) -> Receipt:
        """``deputy`` acts in ``authority`` for ``principal`` (who gives it) from ``since`` (``at``) up to ``until``.

        ``limit`` may lower what the deputy decides. The principal needs a staff record: without one nobody could say at
        the moment of decision whether they still hold the authority.

        Raises NotPermitted, NotHeld, DelegationInvalid, MalformedStaff, CurrencyMismatch, NaiveTime, KeyReused.
        [KRN-08]
        """
        given = Delegation(
            by.id if principal is None else actor_id(principal, "principal"),
            actor_id(deputy, "deputy"),
            check_id(authority, "authority"),
            at if since is None else since,
            until,
            self._limit(limit),
        )

        def make(unit: Unit, actor: Actor) -> tuple[DelegationRecord, Sequence[Event]]:
            # Before anything is read: of two that would close a circle together, the second sees the first.
            unit.session.next_number(f"delegation/{given.authority}")
            people = records(unit, [given.principal, given.deputy])
            return DelegationRecord.give(
                self.ids.new(DELEGATION),
                given,
                principal=people.get(given.principal),
                deputy=people.get(given.deputy),
                others=overlapping(unit, given),
                by=actor,
                at=at,
            )

        return self.open(DelegationMove.DELEGATE, make, by=by, at=at, key=key, arguments={"delegation": given})

    def revoke(
        self, id: str, reason: str = "", *, by: Actor, at: datetime, expected: int | None = None, key: str | None = None
    ) -> Receipt:
        """End a delegation now. What was decided under it keeps standing.

        Raises NotFound, NotPermitted, MoveRefused, RuleBroken, Conflict, KeyReused. [KRN-08]
        """
        return self.act(
            DelegationMove.REVOKE,
            id,
            lambda record, actor, _: record.revoke(reason, by=actor, at=at),
            by=by,
            at=at,
            expected=expected,
            key=key,
            arguments={"reason": reason},
        )

    def in_force(self, at: datetime, *, by: Actor) -> Delegations:
        """The delegations in force at ``at``, of those that ``by`` may read. Raises NotPermitted, NaiveTime."""
        instant = utc(at)
        return self._read(lambda unit, actor: in_force(unit, instant, *self._scope(actor)), by)

    def _limit(self, limit: Money | None) -> Money | None:
        if limit is None:
            return None
        if not isinstance(limit, Money) or limit.minor < 0:
            raise DelegationInvalid(field="limit", accepted=Text("an amount ≥ 0", "≥ 0 的金额"))
        if limit.currency != self.house.currency:
            raise CurrencyMismatch(field="limit", given=limit.currency, expected=self.house.currency)
        return limit


@attrs.frozen
class Staff(UseCases[StaffMember]):
    """Staff: engaged, assigned to posts, leaving and returning; and the delegations among them.

    Every command takes who acts (``by``) and the aware instant of acting (``at``). ``key`` makes it happen once however
    often it is sent; ``expected`` refuses it where the record is at another version than the caller read. Names and
    phones are masked for those without the permission ``staff.personal``.
    """

    @property
    def kind(self) -> Kind[StaffMember]:
        """Staff records, as they are stored."""
        return STAFF

    @property
    def table(self) -> Lifecycle[Move, State]:
        """The moves of a staff record (PPL-01)."""
        return STAFF_MOVES

    @property
    def reading(self) -> Action:
        """What it takes to read one."""
        return READ

    @property
    def deputies(self) -> Deputies:
        """Delegations: to list, to read with their trails, to give and to revoke (KRN-08)."""
        return Deputies(self.store, self.house, self.ids)

    def effects(self, case: StaffMember, events: Sequence[Event], unit: Unit) -> Iterable[Effect]:
        """None: what someone holds is asked for when it matters."""
        return ()

    # --- commands
    def engage(
        self,
        actor: str,
        name: str,
        post: Post,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        phone: str = "",
        by: Actor,
        at: datetime,
        key: str | None = None,
    ) -> Receipt:
        """Open the record of ``actor``, the host's id, in ``post`` from ``since`` (``at``) up to ``until`` (open).

        Raises NotPermitted, AlreadyEngaged, MalformedStaff, UnknownPosition, NaiveTime, Conflict, KeyReused. [PPL-01]
        """
        who, term = actor_id(actor, "actor"), Term(post, at if since is None else since, until)

        def make(unit: Unit, acting: Actor) -> tuple[StaffMember, Sequence[Event]]:
            self._known(post)
            there = records(unit, [who]).get(who)
            id = self.ids.new(STAFF_MEMBER)
            return StaffMember.engage(id, who, name, term, phone=phone, there=there, by=acting, at=at)

        arguments = {"actor": who, "name": name, "term": term, "phone": phone}
        return self.open(Move.ENGAGE, make, by=by, at=at, key=key, arguments=arguments)

    def assign(
        self, id: str, post: Post, *, by: Actor, at: datetime, expected: int | None = None, key: str | None = None
    ) -> Receipt:
        """Another post from ``at`` on: positions, department, branch. What was held before stays on record.

        Raises NotFound, NotPermitted, MoveRefused, RuleBroken, UnknownPosition, Conflict, KeyReused. [PPL-01]
        """

        def command(member: StaffMember, actor: Actor, _: Unit) -> Sequence[Event]:
            self._known(post)
            return member.assign(post, by=actor, at=at)

        return self.act(Move.ASSIGN, id, command, by=by, at=at, expected=expected, key=key, arguments={"post": post})

    def leave(
        self,
        id: str,
        reason: str = "",
        *,
        until: datetime | None = None,
        by: Actor,
        at: datetime,
        expected: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """They leave at ``at``, or at a later ``until``; from then on they hold nothing and act for nobody.

        Raises NotFound, NotPermitted, MoveRefused, RuleBroken, NaiveTime, Conflict, KeyReused. [PPL-01]
        """
        end = None if until is None else utc(until)
        return self.act(
            Move.LEAVE,
            id,
            lambda member, actor, _: member.leave(reason, until=end, by=actor, at=at),
            by=by,
            at=at,
            expected=expected,
            key=key,
            arguments={"reason": reason, "until": end},
        )

    def return_(
        self,
        id: str,
        post: Post,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Actor,
        at: datetime,
        expected: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """They come back to ``post`` from ``since`` (``at``) up to ``until`` (open); or stay on, before they have left.

        Raises NotFound, NotPermitted, MoveRefused, RuleBroken, MalformedStaff, UnknownPosition, NaiveTime, Conflict,
        KeyReused. [PPL-01]
        """
        term = Term(post, at if since is None else since, until)

        def command(member: StaffMember, actor: Actor, _: Unit) -> Sequence[Event]:
            self._known(post)
            return member.return_(term, by=actor, at=at)

        return self.act(Move.RETURN, id, command, by=by, at=at, expected=expected, key=key, arguments={"term": term})

    def erase(
        self, id: str, *, by: Actor, at: datetime, expected: int | None = None, key: str | None = None
    ) -> Receipt:
        """Erase name and phone of someone who has left; record and trail stay under the actor's id.

        Raises NotFound, NotPermitted, MoveRefused, RuleBroken, Conflict, KeyReused. [KRN-14]
        """
        return self.act(
            Move.ERASE,
            id,
            lambda member, actor, _: member.erase(by=actor, at=at),
            by=by,
            at=at,
            expected=expected,
            key=key,
        )

    def delegate(
        self,
        authority: str,
        deputy: str,
        *,
        until: datetime,
        since: datetime | None = None,
        principal: str | None = None,
        limit: Money | None = None,
        by: Actor,
        at: datetime,
        key: str | None = None,
    ) -> Receipt:
        """Give a delegation: :meth:`Deputies.delegate` says how, and what it raises. [KRN-08]"""
        return self.deputies.delegate(
            authority, deputy, until=until, since=since, principal=principal, limit=limit, by=by, at=at, key=key
        )

    def revoke(
        self, id: str, reason: str = "", *, by: Actor, at: datetime, expected: int | None = None, key: str | None = None
    ) -> Receipt:
        """End a delegation now: :meth:`Deputies.revoke` says how, and what it raises. [KRN-08]"""
        return self.deputies.revoke(id, reason, by=by, at=at, expected=expected, key=key)

    # --- questions
    def find(self, query: Query[StaffMember] = Query(), *, by: Actor) -> Page[StaffMember]:  # noqa: B008 - frozen
        """One page of the records that ``by`` may read. Raises MalformedQuery, NotPermitted."""
        page = super().find(query, by=by)
        actor = self.house.resolve(by)
        return attrs.evolve(page, items=tuple(_shown(member, actor) for member in page.items))

    def held(self, actors: Iterable[str], at: datetime, *, by: Actor) -> Mapping[ActorId, frozenset[str]]:
        """The positions of those of ``actors`` whose records ``by`` may read, at ``at``.

        Raises NotPermitted, MalformedStaff, NaiveTime. [PPL-01]
        """
        instant, wanted = utc(at), [actor_id(actor, "actors") for actor in actors]
        return self._read(lambda unit, actor: held(unit, wanted, instant, *self._scope(actor)), by)

    def holders(self, position: str, at: datetime, *, by: Actor) -> tuple[ActorId, ...]:
        """Who holds a position at ``at``, of those whose records ``by`` may read. Raises NotPermitted, NaiveTime."""
        instant = utc(at)
        return self._read(lambda unit, actor: holders(unit, position, instant, *self._scope(actor)), by)

    def delegations(self, at: datetime, *, by: Actor) -> Delegations:
        """The delegations in force at ``at``: see :meth:`Deputies.in_force`. [KRN-08]"""
        return self.deputies.in_force(at, by=by)

    def _readable(self, unit: Unit, id: str, actor: Actor) -> StaffMember:
        return _shown(super()._readable(unit, id, actor), actor)

    def _known(self, post: Post) -> None:
        """Refuse positions that the current rulebook does not have. Raises UnknownPosition."""
        known = self.house.rulebook[PERMISSIONS].positions
        unknown = [position for position in post.positions if position not in known]
        if unknown:
            names = ", ".join(sorted(known)) or "-"
            raise UnknownPosition(given=", ".join(unknown), accepted=Text(names, names))


def _shown(member: StaffMember, actor: Actor) -> StaffMember:
    return member if reaching(actor, member).may(PERSONAL) else member.hidden()
