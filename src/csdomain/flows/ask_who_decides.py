"""Who decides a complaint, by the staff records and delegations as they are at that moment (KRN-08, PPL-01)."""

from collections.abc import Iterable
from datetime import datetime

import attrs

from csdomain.complaints.values.standing import Standing
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.staff.model import STAFF
from csdomain.staff.questions import Authorities as StaffRecords
from csdomain.staff.questions import records


@attrs.frozen
class RecordedAuthorities:
    """The complaint context's port :class:`~csdomain.complaints.ports.Authorities` over the staff context.

    Of whoever decides counts what the host gave *and* the staff record holds; of those they stand in for, the record.
    A house without staff records decides by what the host gives.
    """

    records: StaffRecords = attrs.field(factory=StaffRecords)

    def standing(self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /) -> Standing:
        """What ``by`` and their principals hold at ``at``, and the delegations of ``authorities``. Two statements."""
        delegations = self.records.delegations(unit, authorities, at)
        held = dict(self.records.held(unit, {by.id, *(row.principal for row in delegations.rows)}, at))
        recorded = held.get(by.id)
        held[by.id] = by.positions if recorded is None else by.positions & recorded
        return Standing(held, delegations)

    def works(self, unit: Unit, who: ActorId, branch: str, at: datetime, /) -> bool:
        """Whether ``who`` works in ``branch`` at ``at`` by the staff record; true where the house keeps none at all."""
        record = records(unit, [who]).get(who)
        if record is None:
            return not unit.of(STAFF).find(Query(limit=1)).items
        return any(term.holds(at) and term.post.branch == branch for term in record.terms)
