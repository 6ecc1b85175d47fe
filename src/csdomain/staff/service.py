"""Staff and delegations: their use cases, one method each."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Unpack

import attrs

from csdomain.frame.cases import CaseType
from csdomain.frame.effects import Effects
from csdomain.frame.questions import reaching
from csdomain.frame.service import CallOptions, OpenOptions, Service
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import Delegation, DelegationInvalid, Delegations
from csdomain.kernel.rules import Text
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.rulebook import PERMISSIONS

from .model import DELEGATIONS, STAFF, DelegationRecord, StaffAct, StaffMember, delegates, does
from .questions import RecordedPeople, held, holders, in_force
from .values import PERSONAL, STAFF_RULES, Post, Term, actor_id, check_id

STAFF_CASES: Final = CaseType(STAFF, does, Effects(STAFF, STAFF_RULES))
DELEGATION_CASES: Final = CaseType(DELEGATIONS, delegates, Effects(DELEGATIONS, STAFF_RULES))


@attrs.frozen
class Deputies(Service[DelegationRecord, StaffAct]):
    """Delegations: given by those who hold an authority, to end by themselves or revoked before (KRN-08)."""

    _cases: ClassVar = DELEGATION_CASES

    def _hand(self, unit: Unit, **given: Any) -> StaffAct:
        return StaffAct(people=RecordedPeople(unit), positions=self._house.rulebook[PERMISSIONS].positions, **given)

    def delegate(
        self,
        authority: str,
        deputy: str,
        *,
        until: datetime,
        since: datetime | None = None,
        principal: str | None = None,
        limit: Money | None = None,
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """``deputy`` acts in ``authority`` for ``principal`` (who gives it) from ``since`` (``at``) up to ``until``.

        ``limit`` may lower what the deputy decides. The principal needs a staff record: without one nobody could say at
        the moment of decision whether they still hold the authority.

        Raises NotPermitted, NotHeld, DelegationInvalid, MalformedStaff, CurrencyMismatch, NaiveTime, KeyReused.
        [KRN-08]
        """
        given = Delegation(
            call["by"].id if principal is None else actor_id(principal, "principal"),
            actor_id(deputy, "deputy"),
            check_id(authority, "authority"),
            call["at"] if since is None else since,
            until,
            self._limit(limit),
        )
        return self._begin(DelegationRecord.give, call, given)

    def revoke(self, id: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """End a delegation now. What was decided under it keeps standing. Raises RuleBroken. [KRN-08]"""
        return self._do(DelegationRecord.revoke, id, call, reason)

    def in_force(self, at: datetime, *, by: Actor) -> Delegations:
        """The delegations in force at ``at``, of those that ``by`` may read. Raises NotPermitted, NaiveTime."""
        instant = utc(at)
        return self._read(lambda unit, actor: in_force(unit, instant, *self._scope(actor)), by)

    def _limit(self, limit: Money | None) -> Money | None:
        if limit is None:
            return None
        if not isinstance(limit, Money) or limit.minor < 0:
            raise DelegationInvalid(field="limit", accepted=Text("an amount ≥ 0", "≥ 0 的金额"))
        if limit.currency != self._house.currency:
            raise CurrencyMismatch(field="limit", given=limit.currency, expected=self._house.currency)
        return limit


class DelegationOptions(OpenOptions, total=False):
    """What giving a delegation takes besides who stands in for what until when: see :meth:`Deputies.delegate`."""

    since: datetime | None
    principal: str | None
    limit: Money | None


@attrs.frozen
class Staff(Service[StaffMember, StaffAct]):
    """Staff: engaged, assigned to posts, leaving and returning; and the delegations among them.

    Every command takes ``by``, ``at``, and if one likes ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused; what else it refuses, its docstring says. Names and phones are masked for those without the
    permission ``staff.personal``.
    """

    _cases: ClassVar = STAFF_CASES

    def _hand(self, unit: Unit, **given: Any) -> StaffAct:
        return StaffAct(people=RecordedPeople(unit), positions=self._house.rulebook[PERMISSIONS].positions, **given)

    @property
    def deputies(self) -> Deputies:
        """Delegations: to list, to read with their trails, to give and to revoke (KRN-08)."""
        return Deputies(self._store, self._house, self._ids)

    def engage(
        self,
        actor: str,
        name: str,
        post: Post,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        phone: str = "",
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Open the record of ``actor``, the host's id, in ``post`` from ``since`` (``at``) up to ``until`` (open).

        Raises AlreadyEngaged, MalformedStaff, UnknownPosition. [PPL-01]
        """
        term = Term(post, call["at"] if since is None else since, until)
        return self._begin(StaffMember.engage, call, actor_id(actor, "actor"), name, term, phone=phone)

    def assign(self, id: str, post: Post, **call: Unpack[CallOptions]) -> Receipt:
        """Another post from ``at`` on: positions, department, branch. What was held before stays on record.

        Raises RuleBroken, UnknownPosition. [PPL-01]
        """
        return self._do(StaffMember.assign, id, call, post)

    def leave(
        self, id: str, reason: str = "", *, until: datetime | None = None, **call: Unpack[CallOptions]
    ) -> Receipt:
        """They leave at ``at``, or at a later ``until``; from then on they hold nothing. Raises RuleBroken. [PPL-01]"""
        return self._do(StaffMember.leave, id, call, reason, until=None if until is None else utc(until))

    def return_(
        self,
        id: str,
        post: Post,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """They come back to ``post`` from ``since`` (``at``) up to ``until`` (open); or stay on, before they have left.

        Raises RuleBroken, MalformedStaff, UnknownPosition. [PPL-01]
        """
        return self._do(StaffMember.return_, id, call, Term(post, call["at"] if since is None else since, until))

    def erase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Erase name and phone of someone who has left; record and trail stay. Raises RuleBroken. [KRN-14]"""
        return self._do(StaffMember.erase, id, call)

    # --- questions
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

    def _is_masked(self, case: StaffMember, actor: Actor) -> bool:
        return not reaching(actor, case).may(PERSONAL)

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
