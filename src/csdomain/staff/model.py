"""The staff record and the delegation. Every command checks first and changes after."""

from datetime import datetime
from typing import Any

import attrs

from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.papers.approvals import Delegation, DelegationInvalid, Delegations
from csdomain.kernel.rules import APPROVALS, PERSONAL_DATA, Rule, Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.personal import PersonalKind, erased, marks, mask, personal

from . import policies
from .events import (
    DelegationGiven,
    DelegationRevoked,
    StaffAssigned,
    StaffEngaged,
    StaffErased,
    StaffLeft,
    StaffReturned,
)
from .lifecycle import DELEGATION_MOVES, STAFF_MOVES, DelegationMove, DelegationState, Move, State
from .policies import Terms
from .rules import EMPLOYMENT
from .values import (
    DELEGATE,
    DELEGATION,
    MANAGE,
    NAME_LONGEST,
    PHONE_LONGEST,
    STAFF_MEMBER,
    AlreadyEngaged,
    DelegationId,
    NotHeld,
    Post,
    StaffId,
    Term,
    check_text,
)


def _not_before(at: datetime, earliest: datetime, rule: Rule) -> datetime:
    at = utc(at)
    if at < earliest:
        when = earliest.isoformat()
        raise RuleBroken(rule, accepted=Text(f"not before {when}", f"不早于 {when}"), at=at)
    return at


@attrs.define
class StaffMember:
    """Someone who works for the house. ``actor`` is the host's id for them; they own their record.

    ``post`` is the latest; ``terms`` say when which post is, was or will be served: in order, none over another.
    ``changed_at`` is the instant of the last move, in UTC. Name and phone are personal data. [PPL-01]
    """

    id: StaffId = attrs.field(on_setattr=attrs.setters.frozen)
    actor: ActorId = attrs.field(on_setattr=attrs.setters.frozen)
    post: Post
    terms: Terms
    changed_at: datetime
    name: str = personal(PersonalKind.NAME, default="")
    phone: str = personal(PersonalKind.PHONE, default="")
    state: State = State.ACTIVE
    version: int = 0

    @property
    def number(self) -> str:
        """Staff records are known by their actor and have no number."""
        return ""

    @property
    def owner(self) -> str:
        """Whose record it is."""
        return self.actor

    @property
    def branch(self) -> str:
        """The branch of the latest post."""
        return self.post.branch

    @property
    def active_from(self) -> datetime | None:
        """Where the latest service without a break begins; None for someone who never began."""
        begins: datetime | None = None
        for term in reversed(self.terms):
            if begins is not None and term.until != begins:
                break
            begins = term.since
        return begins

    @property
    def active_until(self) -> datetime | None:
        """Where the latest service ends, itself excluded; None: until further notice, or never begun."""
        return self.terms[-1].until if self.terms else None

    def active(self, at: datetime) -> bool:
        """Whether they work for the house at an instant."""
        return any(term.holds(at) for term in self.terms)

    def held(self, at: datetime) -> frozenset[str]:
        """The positions held at an instant; none while not active. Past instants answer as they did then."""
        return policies.held(self.terms, at)

    def hidden(self) -> "StaffMember":
        """A copy for those without the permission for personal data: name and phone masked (KRN-14)."""
        changes: dict[str, Any] = {name: mask(kind, getattr(self, name)) for name, kind in marks(StaffMember).items()}
        return attrs.evolve(self, **changes)

    @classmethod
    def engage(
        cls,
        id: StaffId,
        actor: ActorId,
        name: str,
        term: Term,
        *,
        phone: str = "",
        there: "StaffMember | None" = None,
        by: Actor,
        at: datetime,
    ) -> tuple["StaffMember", tuple[Event, ...]]:
        """Open the record of someone engaged for ``term``, which may have begun before it is written down.

        ``there`` is the record of the same actor, if the house keeps one. Raises NotPermitted, MalformedStaff,
        AlreadyEngaged. [PPL-01]
        """
        step = STAFF_MOVES.opening(Move.ENGAGE, by)
        by.require(MANAGE, owner=actor, branch=term.post.branch)
        check_text(name, "name", NAME_LONGEST)
        check_text(phone, "phone", PHONE_LONGEST, empty=True)
        if there is not None:
            raise AlreadyEngaged(
                actor=actor, id=there.id, accepted=Text("assign or return in that record", "在该记录中调岗或返回")
            )
        member = cls(id, actor, term.post, (term,), utc(at), name, phone)
        return member, (
            StaffEngaged.of(id, Move.ENGAGE, None, step.dest, by=by.id, at=at, actor=actor, **_facts(term)),
        )

    def assign(self, post: Post, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """From ``at`` on they work in another post. Both the old and the new branch must be in reach of ``by``.

        Raises MoveRefused, NotPermitted, RuleBroken where their service is over. [PPL-01]
        """
        step = STAFF_MOVES.check(self, Move.ASSIGN, by)
        by.require(MANAGE, owner=self.owner, branch=post.branch)
        at = _not_before(at, self.changed_at, EMPLOYMENT)
        terms = policies.reassigned(self.terms, post, at)
        require(
            bool(terms) and terms[-1].lasts_beyond(at),
            EMPLOYMENT,
            accepted=Text("a return: this service is over", "先办理返回：此任期已结束"),
            at=at,
        )
        STAFF_MOVES.move(self, step)
        self.post, self.terms, self.changed_at = post, terms, at
        term = next(term for term in terms if term.lasts_beyond(at))
        facts = _facts(attrs.evolve(term, until=self.active_until))
        return (
            StaffAssigned.of(self.id, Move.ASSIGN, step.source, step.dest, by=by.id, at=at, actor=self.actor, **facts),
        )

    def leave(self, reason: str = "", *, until: datetime | None = None, by: Actor, at: datetime) -> tuple[Event, ...]:
        """They leave, at ``at`` or at a later ``until``; from then on they hold nothing.

        Raises MoveRefused, NotPermitted, RuleBroken for an instant that is past. [PPL-01]
        """
        step = STAFF_MOVES.check(self, Move.LEAVE, by)
        at = _not_before(at, self.changed_at, EMPLOYMENT)
        until = at if until is None else _not_before(until, at, EMPLOYMENT)
        STAFF_MOVES.move(self, step)
        self.terms, self.changed_at = policies.ended(self.terms, until), at
        return (
            StaffLeft.of(
                self.id,
                Move.LEAVE,
                step.source,
                step.dest,
                by=by.id,
                at=at,
                reason=reason,
                actor=self.actor,
                until=self.active_until or until,
            ),
        )

    def return_(self, term: Term, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """They come back for ``term``, or stay on where it begins before their leaving takes effect.

        Raises MoveRefused, NotPermitted, RuleBroken for a term that began before ``at``. [PPL-01]
        """
        step = STAFF_MOVES.check(self, Move.RETURN, by)
        by.require(MANAGE, owner=self.owner, branch=term.post.branch)
        at = _not_before(at, self.changed_at, EMPLOYMENT)
        _not_before(term.since, at, EMPLOYMENT)
        STAFF_MOVES.move(self, step)
        self.post, self.terms, self.changed_at = term.post, policies.resumed(self.terms, term), at
        return (
            StaffReturned.of(
                self.id, Move.RETURN, step.source, step.dest, by=by.id, at=at, actor=self.actor, **_facts(term)
            ),
        )

    def erase(self, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Erase name and phone of someone who has left. The record and its trail stay, under the actor's id.

        Raises MoveRefused, NotPermitted, RuleBroken before the leaving has taken effect. [KRN-14]
        """
        step = STAFF_MOVES.check(self, Move.ERASE, by)
        at = _not_before(at, max(self.changed_at, self.active_until or self.changed_at), PERSONAL_DATA)
        cleared = erased(self)
        STAFF_MOVES.move(self, step)
        self.name, self.phone, self.changed_at = cleared.name, cleared.phone, at
        return (StaffErased.of(self.id, Move.ERASE, step.source, step.dest, by=by.id, at=at, actor=self.actor),)


def _facts(term: Term) -> dict[str, Any]:
    post = term.post
    return {
        "positions": post.positions,
        "department": post.department,
        "branch": post.branch,
        "since": term.since,
        "until": term.until,
    }


@attrs.define
class DelegationRecord:
    """A delegation as it was given, and whether it was revoked. The principal owns it; ``branch`` is the principal's.

    Times are UTC. [KRN-08]
    """

    id: DelegationId = attrs.field(on_setattr=attrs.setters.frozen)
    branch: str
    delegation: Delegation = attrs.field(on_setattr=attrs.setters.frozen)
    given_at: datetime
    state: DelegationState = DelegationState.GIVEN
    version: int = 0
    revoked_at: datetime | None = None

    @property
    def number(self) -> str:
        """Delegations have no number."""
        return ""

    @property
    def owner(self) -> str:
        """The principal."""
        return self.delegation.principal

    @property
    def until(self) -> datetime:
        """Where it ends, itself excluded: as given, or where it was revoked; its start where it never came to that."""
        given = self.delegation
        return given.until if self.revoked_at is None else max(given.since, min(given.until, self.revoked_at))

    @property
    def effective(self) -> Delegation | None:
        """The delegation up to where it really ends; None for one that was revoked before it began."""
        return attrs.evolve(self.delegation, until=self.until) if self.until > self.delegation.since else None

    @classmethod
    def give(
        cls,
        id: DelegationId,
        delegation: Delegation,
        *,
        principal: StaffMember | None,
        deputy: StaffMember | None,
        others: tuple[Delegation, ...],
        by: Actor,
        at: datetime,
    ) -> tuple["DelegationRecord", tuple[Event, ...]]:
        """Give a delegation. ``principal`` and ``deputy`` are their staff records, if the house keeps any.

        The principal must hold the authority at ``at`` by the record, and where it is the principal who acts, by what
        the host gave as well. ``others`` are the delegations of the same authority that overlap it in time. Raises
        NotPermitted, NotHeld, and DelegationInvalid where it would reach into the past, close a circle, or go to
        someone who does not work here then. [KRN-08]
        """
        step = DELEGATION_MOVES.opening(DelegationMove.DELEGATE, by)
        branch = by.branch if principal is None else principal.branch
        by.require(DELEGATE, owner=delegation.principal, branch=branch)
        at = utc(at)
        held = frozenset() if principal is None else principal.held(at)
        if delegation.authority not in (held & by.positions if by.id == delegation.principal else held):
            raise NotHeld(
                actor=delegation.principal,
                authority=delegation.authority,
                at=at,
                accepted=Text("a position of the principal's staff record", "授权人员工记录中的职位"),
            )
        if delegation.since < at:
            when = at.isoformat()
            raise DelegationInvalid(
                field="since", given=delegation.since, accepted=Text(f"not before {when}", f"不早于 {when}")
            )
        if deputy is not None and not policies.serves_within(deputy.terms, delegation.since, delegation.until):
            raise DelegationInvalid(
                actor=delegation.deputy, accepted=Text("somebody who works here then", "届时在职的人")
            )
        Delegations((delegation, *others))
        record = cls(id, branch, delegation, at)
        return record, (
            DelegationGiven.of(
                id,
                DelegationMove.DELEGATE,
                None,
                step.dest,
                by=by.id,
                at=at,
                principal=delegation.principal,
                deputy=delegation.deputy,
                authority=delegation.authority,
                since=delegation.since,
                until=delegation.until,
                limit=delegation.limit,
            ),
        )

    def revoke(self, reason: str = "", *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """It ends now. What was decided under it keeps standing.

        Raises MoveRefused, NotPermitted, RuleBroken where it has ended by itself. [KRN-08]
        """
        step = DELEGATION_MOVES.check(self, DelegationMove.REVOKE, by)
        at = _not_before(at, self.given_at, APPROVALS)
        given = self.delegation
        when = given.until.isoformat()
        require(at < given.until, APPROVALS, accepted=Text(f"before {when}", f"早于 {when}"), at=at)
        DELEGATION_MOVES.move(self, step)
        self.revoked_at = at
        return (
            DelegationRevoked.of(
                self.id,
                DelegationMove.REVOKE,
                step.source,
                step.dest,
                by=by.id,
                at=at,
                reason=reason,
                principal=given.principal,
                deputy=given.deputy,
                authority=given.authority,
                until=self.until,
            ),
        )


ACTOR: Field[StaffMember, str] = Field("actor", str, lambda m: m.actor, unique=True)
STATE: Field[StaffMember, str] = Field("state", str, lambda m: m.state.value)
DEPARTMENT: Field[StaffMember, str] = Field("department", str, lambda m: m.post.department)
ACTIVE_FROM: Field[StaffMember, datetime] = Field("active_from", datetime, lambda m: m.active_from)
ACTIVE_UNTIL: Field[StaffMember, datetime] = Field("active_until", datetime, lambda m: m.active_until)

STAFF: Kind[StaffMember] = Kind(
    StaffMember, STAFF_MEMBER, "staff", (ACTOR, STATE, DEPARTMENT, ACTIVE_FROM, ACTIVE_UNTIL)
)

DEPUTY: Field[DelegationRecord, str] = Field("deputy", str, lambda d: d.delegation.deputy)
PRINCIPAL: Field[DelegationRecord, str] = Field("principal", str, lambda d: d.delegation.principal)
AUTHORITY: Field[DelegationRecord, str] = Field("authority", str, lambda d: d.delegation.authority)
SINCE: Field[DelegationRecord, datetime] = Field("since", datetime, lambda d: d.delegation.since)
UNTIL: Field[DelegationRecord, datetime] = Field("until", datetime, lambda d: d.until)
GIVEN: Field[DelegationRecord, str] = Field("state", str, lambda d: d.state.value)

DELEGATIONS: Kind[DelegationRecord] = Kind(
    DelegationRecord, DELEGATION, "delegation", (DEPUTY, PRINCIPAL, AUTHORITY, SINCE, UNTIL, GIVEN)
)
