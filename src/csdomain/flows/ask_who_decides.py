"""Who decides a complaint, by the staff records and delegations as they are at that moment (KRN-08, PPL-01)."""

from collections.abc import Iterable
from datetime import datetime

import attrs

from csdomain.casework.authorities import Standing
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.staff.model import STAFF
from csdomain.staff.questions import Authorities as StaffRecords
from csdomain.staff.questions import records


@attrs.frozen
class RecordedAuthorities:
    """The port :class:`~csdomain.casework.authorities.Authorities` over the staff context.

    Of whoever decides counts what the host gave *and* the staff record holds; of those they stand in for, the record.
    A house without staff records decides by what the host gives.
    """

    records: StaffRecords = attrs.field(factory=StaffRecords)

    def standing(
        self, unit: Unit, by: Actor, authorities: Iterable[str], at: datetime, /, *, lock: bool = False
    ) -> Standing:
        """What ``by`` and their principals hold at ``at``, and the delegations to ``by``. Two statements, or locks."""
        people, delegations = self.records.rights(unit, by.id, authorities, at, lock=lock)
        held = {actor: member.held(at) for actor, member in people.items()}
        held[by.id] = by.positions & held.get(by.id, by.positions)
        return Standing(held, delegations, {actor: member.branch for actor, member in people.items()})

    def works(self, unit: Unit, who: ActorId, branch: str, at: datetime, /) -> bool:
        """Whether ``who`` works in ``branch`` at ``at`` by the staff record; true where the house keeps none at all."""
        record = records(unit, [who]).get(who)
        if record is None:
            return not unit.of(STAFF).find(Query(limit=1)).items
        return any(term.holds(at) and term.post.branch == branch for term in record.terms)
