"""The pure model at hand: acts of staff by anybody at any instant, with records and delegations of a test's own."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from csdomain.desk import Desk
from csdomain.kernel.papers.approvals import Delegation
from csdomain.kernel.values.actors import ActorId
from csdomain.rulebook import PERMISSIONS
from csdomain.staff.model import StaffAct, StaffMember
from csdomain.testing import memory_desk
from csdomain.testing.cases import Bench


@attrs.frozen
class Known:
    """Records and delegations that there are. Satisfies :class:`~csdomain.staff.model.People`."""

    there: tuple[StaffMember, ...] = ()
    delegations: tuple[Delegation, ...] = ()

    def records(self, *actors: ActorId) -> Mapping[ActorId, StaffMember]:
        return {record.actor: record for record in self.there if record.actor in actors}

    def overlapping(self, given: Delegation, /) -> tuple[Delegation, ...]:
        return self.delegations


def hand(desk: Desk, *records: StaffMember) -> Callable[..., StaffAct]:
    """Makes acts where only these records are."""
    return partial(StaffAct, people=Known(records), positions=desk.house.rulebook[PERMISSIONS].positions)


def bench(*records: StaffMember) -> Any:
    """A bench of staff."""
    desk = memory_desk()
    return Bench(desk.staff, hand(desk, *records))
