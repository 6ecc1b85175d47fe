"""What happens to staff records and delegations. Names and phones stay in the record (D12)."""

from datetime import datetime

import attrs

from csdomain.frame.acts import Told, stamped
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money


@attrs.frozen(kw_only=True)
class StaffMoved(Told):
    """Something happened to the record of ``actor``."""

    actor: ActorId = stamped()


@attrs.frozen(kw_only=True)
class _Posted(StaffMoved):
    """Someone works in a post from ``since`` up to ``until``."""

    positions: tuple[str, ...] = stamped("post.positions")
    department: str = stamped("post.department")
    branch: str = stamped()
    since: datetime
    until: datetime | None


@attrs.frozen(kw_only=True)
class StaffEngaged(_Posted):
    """Someone was engaged (PPL-01)."""


@attrs.frozen(kw_only=True)
class StaffAssigned(_Posted):
    """Someone was given another post (PPL-01)."""


@attrs.frozen(kw_only=True)
class StaffReturned(_Posted):
    """Someone who had left came back, or stays on (PPL-01)."""


@attrs.frozen(kw_only=True)
class StaffLeft(StaffMoved):
    """Someone leaves; from ``until`` on they hold nothing any more (PPL-01)."""

    until: datetime


@attrs.frozen(kw_only=True)
class StaffErased(StaffMoved):
    """Name and phone of someone who has left were erased (KRN-14)."""


@attrs.frozen(kw_only=True)
class _Delegated(Told):
    """Something happened to a delegation: ``deputy`` acts for ``principal`` in one authority, up to ``until``."""

    principal: ActorId = stamped("delegation.principal")
    deputy: ActorId = stamped("delegation.deputy")
    authority: str = stamped("delegation.authority")
    until: datetime = stamped()


@attrs.frozen(kw_only=True)
class DelegationGiven(_Delegated):
    """It was given, to begin at ``since`` (KRN-08)."""

    since: datetime = stamped("delegation.since")
    limit: Money | None = stamped("delegation.limit")
    given_by: ActorId = stamped()
    waits: bool = False


@attrs.frozen(kw_only=True)
class DelegationConfirmed(_Delegated):
    """A second person confirmed what somebody had recorded for the principal (KRN-08)."""


@attrs.frozen(kw_only=True)
class DelegationRevoked(_Delegated):
    """It ends before its time (KRN-08)."""
