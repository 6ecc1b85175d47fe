"""Staff and delegations: their use cases, one method each."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
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

from .effects import DELEGATION_EFFECTS
from .model import DELEGATIONS, STAFF, DelegationRecord, StaffAct, StaffMember, delegates, does
from .questions import Authorities, in_force, overlapping, records
from .values import PERSONAL, STAFF_RULES, Post, actor_id

C = TypeVar("C", StaffMember, DelegationRecord)
When = datetime | None
STAFF_CASES: Final = CaseType(STAFF, does, Effects(STAFF, STAFF_RULES))
DELEGATION_CASES: Final = CaseType(DELEGATIONS, delegates, DELEGATION_EFFECTS)


class DelegationOptions(OpenOptions, total=False):
    """Optional arguments of a delegation: ``since`` when it holds (default ``at``), the ``principal`` whose authority
    it is (default ``by``), and a ``limit``, which may lower what the deputy decides."""

    since: When
    principal: str | None
    limit: Money | None


@attrs.frozen
class _Service(Service[C, StaffAct]):
    def _hand(self, unit: Unit, **given: Any) -> StaffAct:
        there, others = partial(records, unit), partial(overlapping, unit)
        return StaffAct(records=there, overlapping=others, positions=self._house.permissions.positions, **given)


@attrs.frozen
class Deputies(_Service[DelegationRecord]):
    """Delegations: given by those who hold an authority, to end by themselves or revoked before (KRN-08)."""

    _cases: ClassVar = DELEGATION_CASES

    def delegate(self, authority: str, deputy: str, *, until: datetime, **call: Unpack[DelegationOptions]) -> Receipt:
        """``deputy`` acts in ``authority`` up to ``until`` for who gives it, by whose staff record they hold it now.

        Given for another one by somebody who is not above them, it waits until a second person confirms it.
        Raises NotHeld, DelegationInvalid, MalformedStaff, CurrencyMismatch. [KRN-08]
        """
        since, principal, limit = call.get("since"), call.get("principal"), call.get("limit")
        return self._begin(DelegationRecord.give, call, authority, deputy, until, since, principal, limit)

    def confirm(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Confirm, as the second person, what another recorded for a principal. Raises RuleBroken, OwnRequest."""
        return self._do(DelegationRecord.confirm, id, call)

    def revoke(self, id: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """End a delegation now. What was decided under it keeps standing. Raises RuleBroken. [KRN-08]"""
        return self._do(DelegationRecord.revoke, id, call, reason)


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

    def engage(
        self,
        actor: str,
        name: str,
        post: Post,
        *,
        since: When = None,
        until: When = None,
        phone: str = "",
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Open the record of ``actor``, in the post from ``since`` (default ``at``) up to ``until`` (default open).

        Raises AlreadyEngaged, MalformedStaff, UnknownPosition. [PPL-01]
        """
        return self._begin(StaffMember.engage, call, actor, name, post, since, until, phone)

    def assign(self, id: str, post: Post, **call: Unpack[CallOptions]) -> Receipt:
        """Another post from ``at`` on; what was held before stays. Raises RuleBroken, UnknownPosition. [PPL-01]"""
        return self._do(StaffMember.assign, id, call, post)

    def leave(self, id: str, reason: str = "", *, until: When = None, **call: Unpack[CallOptions]) -> Receipt:
        """They leave at ``at``, or at a later ``until``; from then on they hold nothing. Raises RuleBroken. [PPL-01]"""
        return self._do(StaffMember.leave, id, call, reason, until)

    def return_(
        self, id: str, post: Post, *, since: When = None, until: When = None, **call: Unpack[CallOptions]
    ) -> Receipt:
        """They come back, or stay on. Raises RuleBroken, MalformedStaff, UnknownPosition. [PPL-01]"""
        return self._do(StaffMember.return_, id, call, post, since, until)

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
        """Those in force at ``at`` that ``by`` may read. Raises NotPermitted, NaiveTime. [KRN-08]"""
        instant = utc(at)
        return self._read(lambda unit, actor: in_force(unit, instant, *self.deputies._scope(actor)), by)  # noqa: SLF001
