"""Staff and delegations: their use cases, one method each."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.frame.cases import CaseType
from csdomain.frame.effects import Effects
from csdomain.frame.service import CallOptions, OpenOptions, Service
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import Delegations
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.money import Money
from csdomain.rulebook import PERMISSIONS

from .model import DELEGATIONS, STAFF, DelegationRecord, StaffAct, StaffMember, delegates, does
from .questions import Authorities, RecordedPeople, in_force
from .values import PERSONAL, STAFF_RULES, Post, actor_id

C = TypeVar("C", StaffMember, DelegationRecord)
STAFF_CASES: Final = CaseType(STAFF, does, Effects(STAFF, STAFF_RULES))
DELEGATION_CASES: Final = CaseType(DELEGATIONS, delegates, Effects(DELEGATIONS, STAFF_RULES))


class DelegationOptions(OpenOptions, total=False):
    """Optional arguments of a delegation: ``since`` when it holds (default ``at``), the ``principal`` whose authority
    it is (default ``by``), and a ``limit``, which may lower what the deputy decides."""

    since: datetime | None
    principal: str | None
    limit: Money | None


class EngageOptions(OpenOptions, total=False):
    """Optional arguments of an engagement: ``since`` (default ``at``), ``until`` (exclusive; default open), a phone."""

    since: datetime | None
    until: datetime | None
    phone: str


class LeaveOptions(CallOptions, total=False):
    """Optional arguments of leaving: ``until``, the exclusive end (default ``at``)."""

    until: datetime | None


class ReturnOptions(LeaveOptions, total=False):
    """Optional arguments of a return: ``since`` (default ``at``), ``until`` (exclusive; default open)."""

    since: datetime | None


@attrs.frozen
class _Service(Service[C, StaffAct]):
    def _hand(self, unit: Unit, **given: Any) -> StaffAct:
        return StaffAct(people=RecordedPeople(unit), positions=self._house.rulebook[PERMISSIONS].positions, **given)


@attrs.frozen
class Deputies(_Service[DelegationRecord]):
    """Delegations: given by those who hold an authority, to end by themselves or revoked before (KRN-08)."""

    _cases: ClassVar = DELEGATION_CASES

    def delegate(self, authority: str, deputy: str, *, until: datetime, **call: Unpack[DelegationOptions]) -> Receipt:
        """``deputy`` acts in ``authority`` up to ``until`` for who gives it, by whose staff record they hold it now.

        Raises NotHeld, DelegationInvalid, MalformedStaff, CurrencyMismatch. [KRN-08]
        """
        since, principal, limit = call.get("since"), call.get("principal"), call.get("limit")
        return self._begin(DelegationRecord.give, call, authority, deputy, until, since, principal, limit)

    def revoke(self, id: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """End a delegation now. What was decided under it keeps standing. Raises RuleBroken. [KRN-08]"""
        return self._do(DelegationRecord.revoke, id, call, reason)

    def in_force(self, at: datetime, *, by: Actor) -> Delegations:
        """The delegations in force at ``at``, of those that ``by`` may read. Raises NotPermitted, NaiveTime."""
        instant = utc(at)
        return self._read(lambda unit, actor: in_force(unit, instant, *self._scope(actor)), by)


@attrs.frozen
class Staff(_Service[StaffMember]):
    """Staff: engaged, assigned to posts, leaving and returning; and the delegations among them.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused; what else it refuses, its docstring says. Names and phones are masked for those without the
    permission ``staff.personal``.
    """

    _cases: ClassVar = STAFF_CASES

    @property
    def deputies(self) -> Deputies:
        """Delegations: to list, to read with their trails, to give and to revoke (KRN-08)."""
        return Deputies(self._store, self._house, self._ids)

    def engage(self, actor: str, name: str, post: Post, **call: Unpack[EngageOptions]) -> Receipt:
        """Open the record of ``actor``. Raises AlreadyEngaged, MalformedStaff, UnknownPosition. [PPL-01]"""
        since, until, phone = call.get("since"), call.get("until"), call.get("phone", "")
        return self._begin(StaffMember.engage, call, actor, name, post, since, until, phone)

    def assign(self, id: str, post: Post, **call: Unpack[CallOptions]) -> Receipt:
        """Another post from ``at`` on; what was held before stays. Raises RuleBroken, UnknownPosition. [PPL-01]"""
        return self._do(StaffMember.assign, id, call, post)

    def leave(self, id: str, reason: str = "", **call: Unpack[LeaveOptions]) -> Receipt:
        """They leave at ``at``, or at a later ``until``; from then on they hold nothing. Raises RuleBroken. [PPL-01]"""
        return self._do(StaffMember.leave, id, call, reason, call.get("until"))

    def return_(self, id: str, post: Post, **call: Unpack[ReturnOptions]) -> Receipt:
        """They come back, or stay on. Raises RuleBroken, MalformedStaff, UnknownPosition. [PPL-01]"""
        return self._do(StaffMember.return_, id, call, post, call.get("since"), call.get("until"))

    def erase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Erase name and phone of someone who has left; record and trail stay. Raises RuleBroken. [KRN-14]"""
        return self._do(StaffMember.erase, id, call)

    # --- questions
    def held(self, actors: Iterable[str], at: datetime, *, by: Actor) -> Mapping[ActorId, frozenset[str]]:
        """What those hold at ``at`` whose records ``by`` may read. Raises NotPermitted, MalformedStaff, NaiveTime."""
        wanted = [actor_id(actor, "actors") for actor in actors]
        return self._read(lambda unit, actor: Authorities().held(unit, wanted, at, *self._scope(actor)), by)

    def holders(self, position: str, at: datetime, *, by: Actor) -> tuple[ActorId, ...]:
        """Who holds a position at ``at``, of those whose records ``by`` may read. Raises NotPermitted, NaiveTime."""
        return self._read(lambda unit, actor: Authorities().holders(unit, position, at, *self._scope(actor)), by)

    def _is_masked(self, case: StaffMember, actor: Actor) -> bool:
        return not self._reaching(actor, case).may(PERSONAL)

    # --- delegations, at hand here as well
    def delegate(self, authority: str, deputy: str, *, until: datetime, **call: Unpack[DelegationOptions]) -> Receipt:
        """Give a delegation: :meth:`Deputies.delegate` says how, and what it raises. [KRN-08]"""
        return self.deputies.delegate(authority, deputy, until=until, **call)

    def revoke(self, id: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """End a delegation now: :meth:`Deputies.revoke` says how, and what it raises. [KRN-08]"""
        return self.deputies.revoke(id, reason, **call)

    def delegations(self, at: datetime, *, by: Actor) -> Delegations:
        """The delegations in force at ``at``: see :meth:`Deputies.in_force`. [KRN-08]"""
        return self.deputies.in_force(at, by=by)
