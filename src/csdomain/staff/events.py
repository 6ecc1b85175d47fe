"""What happens to staff records and delegations. Names and phones stay in the record (D12)."""

from datetime import datetime

import attrs

from csdomain.kernel.cases.events import Moved
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money


@attrs.frozen(kw_only=True)
class _Posted(Moved):
    """Someone works in a post from ``since`` up to ``until``."""

    actor: ActorId
    positions: tuple[str, ...]
    department: str
    branch: str
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
class StaffLeft(Moved):
    """Someone leaves; from ``until`` on they hold nothing any more (PPL-01)."""

    actor: ActorId
    until: datetime


@attrs.frozen(kw_only=True)
class StaffErased(Moved):
    """Name and phone of someone who has left were erased (KRN-14)."""

    actor: ActorId


@attrs.frozen(kw_only=True)
class DelegationGiven(Moved):
    """``deputy`` acts for ``principal`` in one authority from ``since`` up to ``until`` (KRN-08)."""

    principal: ActorId
    deputy: ActorId
    authority: str
    since: datetime
    until: datetime
    limit: Money | None


@attrs.frozen(kw_only=True)
class DelegationRevoked(Moved):
    """A delegation ends at ``until``, before its time (KRN-08)."""

    principal: ActorId
    deputy: ActorId
    authority: str
    until: datetime
