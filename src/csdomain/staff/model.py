"""The staff record and the delegation, with their commands. Every command checks first and changes after."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import attrs

from csdomain.frame.acts import Act, Events
from csdomain.frame.commands import Commands
from csdomain.frame.fields import SHORT, one_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import Delegation, DelegationInvalid, Delegations, OwnRequest
from csdomain.kernel.rules import APPROVALS, PERSONAL_DATA, Rule, Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import ActorId, UnknownPosition
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.kernel.values.personal import PersonalKind, erased, personal

from . import events as e
from . import values as v
from .lifecycle import DELEGATION_MOVES, STAFF_MOVES, DelegationMove, DelegationState, Move, State
from .rules import EMPLOYMENT, MATRIX
from .values import CHECKS, Post, Term

_When = datetime | None
_PHONE: Final = 40  # characters
does: Final = Commands(STAFF_MOVES)
delegates: Final = Commands(DELEGATION_MOVES)


@attrs.frozen(eq=False, kw_only=True)
class StaffAct(Act[v.StaffRules]):
    """What a command of staff has at hand: who and when, the records there are, and the positions of the house."""

    #: The staff records of some actors; those of whom the house keeps none are not in it.
    records: "Callable[[Iterable[ActorId]], Mapping[ActorId, StaffMember]]"
    #: The delegations of the same authority that overlap one in time, or touch it. Of two units that ask at once, the
    #: second waits for the first and sees what that gave.
    overlapping: Callable[[Delegation], Iterable[Delegation]]
    positions: Collection[str]

    def require_post(self, post: Post, actor: ActorId) -> None:
        """Refuse a post that the house does not have (UnknownPosition), or out of reach of who acts (NotPermitted)."""
        unknown = [position for position in post.positions if position not in self.positions]
        if unknown:
            raise UnknownPosition(MATRIX, given=", ".join(unknown), accepted=one_of(sorted(self.positions)))
        self.by.require(v.MANAGE, owner=actor, branch=post.branch)

    def not_before(self, at: datetime | None, rule: Rule, earliest: datetime | None = None) -> datetime:
        """``at``, the instant of the act unless given. Raises RuleBroken where it is before ``earliest`` (the act)."""
        at, earliest = self.at if at is None else utc(at), self.at if earliest is None else earliest
        require(at >= earliest, rule, accepted=_not_before(earliest), at=at)
        return at


def _not_before(at: datetime) -> Text:
    return Text(f"not before {at.isoformat()}", f"不早于 {at.isoformat()}")


@attrs.define
class StaffMember:
    """Someone who works for the house. ``actor`` is the host's id for them; they own their record.

    ``post`` is the latest; ``terms`` say when which post is, was or will be served: in order, none over another.
    ``moved_at`` is the instant of the last move, in UTC. Name and phone are personal data. [PPL-01]
    """

    id: v.StaffId = attrs.field(on_setattr=attrs.setters.frozen)
    actor: ActorId = attrs.field(on_setattr=attrs.setters.frozen)
    post: Post
    terms: v.Terms
    moved_at: datetime
    name: str = personal(PersonalKind.NAME, default="")
    phone: str = personal(PersonalKind.PHONE, default="")
    state: State = State.ACTIVE
    version: int = 0
    #: Staff records are known by their actor.
    number: ClassVar[str] = ""

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

    def serves(self, since: datetime, until: datetime) -> bool:
        """Whether they work for the house at some instant from ``since`` up to, and without, ``until``."""
        return any(term.since < until and term.lasts_beyond(since) for term in self.terms)

    def held(self, at: datetime) -> frozenset[str]:
        """The positions held at an instant; none while not active. Past instants answer as they did then."""
        return frozenset(position for term in self.terms if term.holds(at) for position in term.post.positions)

    # --- commands
    @staticmethod
    @does.opens(Move.ENGAGE)
    def engage(
        act: StaffAct, actor: str, name: str, post: Post, since: _When = None, until: _When = None, phone: str = ""
    ) -> tuple["StaffMember", Events]:
        whose, term = v.actor_id(actor, "actor"), Term(post, act.at if since is None else since, until)
        act.require_post(post, whose)
        CHECKS.check_text(name, "name", SHORT)
        CHECKS.check_text(phone, "phone", _PHONE, empty=True)
        there = act.records([whose]).get(whose)
        if there is not None:
            accepted = Text("assign or return in that record", "在该记录中调岗或返回")
            raise v.AlreadyEngaged(actor=whose, id=there.id, accepted=accepted)
        member = StaffMember(act.new(v.STAFF_MEMBER), whose, post, (term,), act.at, name, phone)
        return member, act.opened(member, e.StaffEngaged(since=term.since, until=term.until))

    @does(Move.ASSIGN)
    def assign(self, act: StaffAct, post: Post) -> Events:
        act.require_post(post, self.actor)
        terms = v.reassigned(self.terms, post, act.at)
        lasts = bool(terms) and terms[-1].lasts_beyond(act.at)
        accepted = Text("a return: this service is over", "先办理返回：此任期已结束")
        require(lasts, EMPLOYMENT, accepted=accepted, at=act.at)
        self.post, self.terms = post, terms
        since = next(term.since for term in terms if term.lasts_beyond(act.at))
        return act.done(e.StaffAssigned(since=since, until=self.active_until))

    @does(Move.LEAVE)
    def leave(self, act: StaffAct, reason: str = "", until: _When = None) -> Events:
        CHECKS.check_text(reason, "reason", empty=True)
        end = act.not_before(until, EMPLOYMENT)
        self.terms = v.ended(self.terms, end)
        return act.done(e.StaffLeft(reason=reason, until=self.active_until or end))

    @does(Move.RETURN)
    def return_(self, act: StaffAct, post: Post, since: _When = None, until: _When = None) -> Events:
        term = Term(post, act.at if since is None else since, until)
        act.require_post(post, self.actor)
        act.not_before(term.since, EMPLOYMENT)
        self.post, self.terms = post, v.resumed(self.terms, term)
        return act.done(e.StaffReturned(since=term.since, until=term.until))

    @does(Move.ERASE)
    def erase(self, act: StaffAct) -> Events:
        act.not_before(act.at, PERSONAL_DATA, self.active_until)
        cleared = erased(self)
        self.name, self.phone = cleared.name, cleared.phone
        return act.done(e.StaffErased())


def _may_confirm(record: "DelegationRecord", act: StaffAct) -> None:
    accepted = Text("a delegation that waits for a second person", "待第二人确认的授权")
    require(record.waits and act.at < record.delegation.until, APPROVALS, accepted=accepted)
    OwnRequest.check(record.id, act.by.id, [record.given_by, record.delegation.deputy])


@attrs.define
class DelegationRecord:
    """A delegation as it was given, and whether it was revoked. The principal owns it; ``branch`` is the principal's.

    ``waits``: somebody else recorded it for the principal, and it is not in force before a second one has confirmed it.
    Times are UTC. [KRN-08]
    """

    id: v.DelegationId = attrs.field(on_setattr=attrs.setters.frozen)
    branch: str
    delegation: Delegation = attrs.field(on_setattr=attrs.setters.frozen)
    given_at: datetime
    moved_at: datetime
    state: DelegationState = DelegationState.GIVEN
    version: int = 0
    revoked_at: datetime | None = None
    given_by: ActorId | None = None
    waits: bool = False
    number: ClassVar[str] = ""

    @property
    def owner(self) -> str:
        """The principal."""
        return self.delegation.principal

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at an instant."""
        return not self.waits and self.effective is not None and self.effective.holds(at)

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
    def give(
        act: StaffAct,
        authority: str,
        deputy: str,
        until: datetime,
        since: _When = None,
        principal: str | None = None,
        limit: Money | None = None,
    ) -> tuple["DelegationRecord", Events]:
        whose = act.by.id if principal is None else v.actor_id(principal, "principal")
        who, what = v.actor_id(deputy, "deputy"), CHECKS.check_id(authority, "authority")
        given = Delegation(whose, who, what, act.at if since is None else since, until, _limit(limit, act.currency))
        # The lock comes first: of two that would close a circle together, the second sees the first.
        others = act.overlapping(given)
        records = act.records([whose, who, act.by.id])
        branch = records[whose].branch if whose in records else act.by.branch
        held = {actor: member.held(act.at) for actor, member in records.items()}
        own = act.by.positions & held.get(act.by.id, act.by.positions)
        is_above = not own.isdisjoint(act.rules.above.get(what, ()))
        if not is_above:
            act.by.require(v.DELEGATE, owner=whose, branch=branch)
        if who == act.by.id:
            raise DelegationInvalid(actor=who, accepted=Text("somebody else than who gives it", "授出人以外的人"))
        if what not in held.get(whose, frozenset()) or (act.by.id == whose and what not in own):
            accepted = Text("a position of the principal's staff record", "授权人员工记录中的职位")
            raise v.NotHeld(actor=whose, authority=what, at=act.at, accepted=accepted)
        if given.since < act.at:
            raise DelegationInvalid(field="since", given=given.since, accepted=_not_before(act.at))
        if who in records and not records[who].serves(given.since, given.until):
            raise DelegationInvalid(actor=who, accepted=Text("somebody who works here then", "届时在职的人"))
        Delegations((given, *others))
        waits = act.by.id != whose and not is_above
        record = DelegationRecord(act.new(v.DELEGATION), branch, given, act.at, act.at, given_by=act.by.id, waits=waits)
        return record, act.opened(record, e.DelegationGiven(waits=waits))

    @delegates(DelegationMove.CONFIRM, when=_may_confirm)
    def confirm(self, act: StaffAct) -> Events:
        self.waits = False
        return act.done(e.DelegationConfirmed())

    @delegates(DelegationMove.REVOKE)
    def revoke(self, act: StaffAct, reason: str = "") -> Events:
        CHECKS.check_text(reason, "reason", empty=True)
        when = self.delegation.until.isoformat()
        accepted = Text(f"before {when}", f"早于 {when}")
        require(act.at < self.delegation.until, APPROVALS, accepted=accepted, at=act.at)
        self.revoked_at = act.at
        return act.done(e.DelegationRevoked(reason=reason))


def _limit(limit: Money | None, currency: str) -> Money | None:
    if limit is not None and limit.minor < 0:
        raise DelegationInvalid(field="limit", accepted=Text("an amount ≥ 0", "≥ 0 的金额"))
    if limit is not None and limit.currency != currency:
        raise CurrencyMismatch(field="limit", given=limit.currency, expected=currency)
    return limit


ACTOR: Field[StaffMember, str] = Field("actor", str, lambda m: m.actor, unique=True)
STATE: Field[StaffMember, str] = Field("state", str, lambda m: m.state.value)
DEPARTMENT: Field[StaffMember, str] = Field("department", str, lambda m: m.post.department)
ACTIVE_FROM: Field[StaffMember, datetime] = Field("active_from", datetime, lambda m: m.active_from)
ACTIVE_UNTIL: Field[StaffMember, datetime] = Field("active_until", datetime, lambda m: m.active_until)


def _moved_at(body: dict[str, Any]) -> dict[str, Any]:
    return {"moved_at" if name == "changed_at" else name: value for name, value in body.items()}


_STAFF = (ACTOR, STATE, DEPARTMENT, ACTIVE_FROM, ACTIVE_UNTIL)
STAFF: Kind[StaffMember] = Kind(StaffMember, v.STAFF_MEMBER, "staff", _STAFF, schema=2, upcasters={1: _moved_at})

DEPUTY: Field[DelegationRecord, str] = Field("deputy", str, lambda d: d.delegation.deputy)
PRINCIPAL: Field[DelegationRecord, str] = Field("principal", str, lambda d: d.delegation.principal)
AUTHORITY: Field[DelegationRecord, str] = Field("authority", str, lambda d: d.delegation.authority)
SINCE: Field[DelegationRecord, datetime] = Field("since", datetime, lambda d: d.delegation.since)
UNTIL: Field[DelegationRecord, datetime] = Field("until", datetime, lambda d: d.until)
GIVEN: Field[DelegationRecord, str] = Field("state", str, lambda d: d.state.value)


def _last_moved_at(body: dict[str, Any]) -> dict[str, Any]:
    revoked_at = body.get("revoked_at")
    return {**body, "moved_at": body["given_at"] if revoked_at is None else revoked_at}


_GIVEN = (DEPUTY, PRINCIPAL, AUTHORITY, SINCE, UNTIL, GIVEN)
DELEGATIONS: Kind[DelegationRecord] = Kind(
    DelegationRecord, v.DELEGATION, "delegation", _GIVEN, schema=2, upcasters={1: _last_moved_at}
)
