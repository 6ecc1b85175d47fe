"""The staff record and the delegation, with their commands. Every command checks first and changes after."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import attrs

from csdomain.frame.acts import Act, Events
from csdomain.frame.commands import Commands
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import Delegation, DelegationInvalid, Delegations
from csdomain.kernel.rules import APPROVALS, PERSONAL_DATA, Rule, Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.personal import PersonalKind, erased, personal

from . import events as e
from . import policies
from .lifecycle import DELEGATION_MOVES, STAFF_MOVES, DelegationMove, DelegationState, Move, State
from .policies import Terms
from .ports import People
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
    StaffRules,
    Term,
    UnknownPosition,
    check_text,
)

does: Final = Commands(STAFF_MOVES)
delegates: Final = Commands(DELEGATION_MOVES)


@attrs.frozen(eq=False, kw_only=True)
class StaffAct(Act[StaffRules]):
    """What a command of staff has at hand: besides who and when, the records there are and the positions."""

    people: People
    positions: Collection[str]

    def require_post(self, post: Post, actor: ActorId) -> None:
        """Refuse a post that the house does not have, or in a branch out of reach of who acts.

        Raises UnknownPosition, NotPermitted. [PPL-01, PPL-05]
        """
        unknown = [position for position in post.positions if position not in self.positions]
        if unknown:
            names = ", ".join(sorted(self.positions)) or "-"
            raise UnknownPosition(given=", ".join(unknown), accepted=Text(names, names))
        self.by.require(MANAGE, owner=actor, branch=post.branch)


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
    ``moved_at`` is the instant of the last move, in UTC. Name and phone are personal data. [PPL-01]
    """

    id: StaffId = attrs.field(on_setattr=attrs.setters.frozen)
    actor: ActorId = attrs.field(on_setattr=attrs.setters.frozen)
    post: Post
    terms: Terms
    moved_at: datetime
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

    # --- commands
    @staticmethod
    @does.opens(Move.ENGAGE)
    def engage(
        act: StaffAct, actor: ActorId, name: str, term: Term, *, phone: str = ""
    ) -> tuple["StaffMember", Events]:
        act.require_post(term.post, actor)
        check_text(name, "name", NAME_LONGEST)
        check_text(phone, "phone", PHONE_LONGEST, empty=True)
        there = act.people.record(actor)
        if there is not None:
            accepted = Text("assign or return in that record", "在该记录中调岗或返回")
            raise AlreadyEngaged(actor=actor, id=there.id, accepted=accepted)
        member = StaffMember(act.new(STAFF_MEMBER), actor, term.post, (term,), act.at, name, phone)
        return member, act.opened(member, e.StaffEngaged(**_facts(term)))

    @does(Move.ASSIGN)
    def assign(self, act: StaffAct, post: Post) -> Events:
        act.require_post(post, self.actor)
        terms = policies.reassigned(self.terms, post, act.at)
        lasts = bool(terms) and terms[-1].lasts_beyond(act.at)
        accepted = Text("a return: this service is over", "先办理返回：此任期已结束")
        require(lasts, EMPLOYMENT, accepted=accepted, at=act.at)
        self.post, self.terms = post, terms
        term = next(term for term in terms if term.lasts_beyond(act.at))
        return act.done(e.StaffAssigned(**_facts(attrs.evolve(term, until=self.active_until))))

    @does(Move.LEAVE)
    def leave(self, act: StaffAct, reason: str = "", *, until: datetime | None = None) -> Events:
        end = act.at if until is None else _not_before(until, act.at, EMPLOYMENT)
        self.terms = policies.ended(self.terms, end)
        return act.done(e.StaffLeft(reason=reason, until=self.active_until or end))

    @does(Move.RETURN)
    def return_(self, act: StaffAct, term: Term) -> Events:
        act.require_post(term.post, self.actor)
        _not_before(term.since, act.at, EMPLOYMENT)
        self.post, self.terms = term.post, policies.resumed(self.terms, term)
        return act.done(e.StaffReturned(**_facts(term)))

    @does(Move.ERASE)
    def erase(self, act: StaffAct) -> Events:
        _not_before(act.at, self.active_until or act.at, PERSONAL_DATA)
        cleared = erased(self)
        self.name, self.phone = cleared.name, cleared.phone
        return act.done(e.StaffErased())


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
    moved_at: datetime
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

    # --- commands
    @staticmethod
    @delegates.opens(DelegationMove.DELEGATE)
    def give(act: StaffAct, delegation: Delegation) -> tuple["DelegationRecord", Events]:
        # The lock comes first: of two that would close a circle together, the second sees the first.
        others = act.people.overlapping(delegation)
        principal, deputy = act.people.record(delegation.principal), act.people.record(delegation.deputy)
        branch = act.by.branch if principal is None else principal.branch
        act.by.require(DELEGATE, owner=delegation.principal, branch=branch)
        held = frozenset() if principal is None else policies.held(principal.terms, act.at)
        if delegation.authority not in (held & act.by.positions if act.by.id == delegation.principal else held):
            raise NotHeld(
                actor=delegation.principal,
                authority=delegation.authority,
                at=act.at,
                accepted=Text("a position of the principal's staff record", "授权人员工记录中的职位"),
            )
        if delegation.since < act.at:
            when = act.at.isoformat()
            accepted = Text(f"not before {when}", f"不早于 {when}")
            raise DelegationInvalid(field="since", given=delegation.since, accepted=accepted)
        if deputy is not None and not policies.serves_within(deputy.terms, delegation.since, delegation.until):
            accepted = Text("somebody who works here then", "届时在职的人")
            raise DelegationInvalid(actor=delegation.deputy, accepted=accepted)
        Delegations((delegation, *others))
        record = DelegationRecord(act.new(DELEGATION), branch, delegation, act.at, act.at)
        return record, act.opened(record, e.DelegationGiven())

    @delegates(DelegationMove.REVOKE)
    def revoke(self, act: StaffAct, reason: str = "") -> Events:
        when = self.delegation.until.isoformat()
        accepted = Text(f"before {when}", f"早于 {when}")
        require(act.at < self.delegation.until, APPROVALS, accepted=accepted, at=act.at)
        self.revoked_at = act.at
        return act.done(e.DelegationRevoked(reason=reason))


ACTOR: Field[StaffMember, str] = Field("actor", str, lambda m: m.actor, unique=True)
STATE: Field[StaffMember, str] = Field("state", str, lambda m: m.state.value)
DEPARTMENT: Field[StaffMember, str] = Field("department", str, lambda m: m.post.department)
ACTIVE_FROM: Field[StaffMember, datetime] = Field("active_from", datetime, lambda m: m.active_from)
ACTIVE_UNTIL: Field[StaffMember, datetime] = Field("active_until", datetime, lambda m: m.active_until)


def _moved_at(body: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in body.items() if name != "changed_at"}, "moved_at": body["changed_at"]}


STAFF: Kind[StaffMember] = Kind(
    StaffMember,
    STAFF_MEMBER,
    "staff",
    (ACTOR, STATE, DEPARTMENT, ACTIVE_FROM, ACTIVE_UNTIL),
    schema=2,
    upcasters={1: _moved_at},
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
