"""Who holds which authority at the moment of decision, read in the unit that decides (KRN-08)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import attrs

from csdomain.casework.reading import every, locked
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import Delegation, Delegations
from csdomain.kernel.store.kinds import Where
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import ActorId

from .model import ACTIVE_UNTIL, ACTOR, AUTHORITY, DELEGATIONS, SINCE, STAFF, UNTIL, DelegationRecord, StaffMember


@attrs.frozen
class Authorities:
    """Who holds what at an instant, asked inside the unit that decides; for the ports of other contexts (KRN-08).

    It asks for no permission: whoever decides need not be allowed to read staff records. ``where`` narrows an answer
    down to some records. Raises NaiveTime.
    """

    def held(
        self, unit: Unit, actors: Iterable[ActorId], at: datetime, *where: Where[StaffMember]
    ) -> Mapping[ActorId, frozenset[str]]:
        """The positions of each actor at ``at``, by the staff records: none for one who is not active then.

        An actor of whom the house keeps no record is not in the answer.
        """
        instant = utc(at)
        return {actor: member.held(instant) for actor, member in records(unit, actors, *where).items()}

    def delegations(self, unit: Unit, authorities: Iterable[str], at: datetime) -> Delegations:
        """The delegations in ``authorities`` that are in force at ``at``: not over or revoked, the deputy not gone."""
        return in_force(unit, utc(at), AUTHORITY.among(sorted(set(authorities))))

    def rights(
        self, unit: Unit, deputy: ActorId, authorities: Iterable[str], at: datetime, *, lock: bool = False
    ) -> tuple[Mapping[ActorId, StaffMember], Delegations]:
        """The delegations in ``authorities`` that lead to ``deputy`` at ``at``, and the staff records of all in them.

        With ``lock`` nobody can change them before the unit ends: staff is locked before delegations, each by id (D19).
        """
        instant, people, chained = utc(at), {deputy}, list[DelegationRecord]()
        rows = list(every(unit, DELEGATIONS, UNTIL.at_least(instant), AUTHORITY.among(sorted(set(authorities)))))
        while more := [row for row in rows if row not in chained and row.delegation.deputy in people]:
            chained += more
            people |= {row.delegation.principal for row in more}
        found = records(unit, people)
        if lock:
            found = {actor: locked(unit, STAFF, member) for actor, member in found.items()}
            chained = [locked(unit, DELEGATIONS, row) for row in sorted(chained, key=lambda row: row.id)]
        return found, _in_force(chained, found, instant)

    def holders(self, unit: Unit, position: str, at: datetime, *where: Where[StaffMember]) -> tuple[ActorId, ...]:
        """The actors that hold a position at ``at`` by their staff records, sorted.

        It reads the records of all who have not left by then: positions are many to a record and no column.
        """
        instant = utc(at)
        not_over = (ACTIVE_UNTIL.absent(), ACTIVE_UNTIL.at_least(instant))
        found = (member for end in not_over for member in every(unit, STAFF, end, *where))
        return tuple(sorted(member.actor for member in found if position in member.held(instant)))


def overlapping(unit: Unit, given: Delegation) -> tuple[Delegation, ...]:
    """The delegations of the same authority that overlap ``given`` in time, or touch it."""
    unit.session.next_number(f"delegation/{given.authority}")  # a lock: the second to come waits here
    where = (AUTHORITY.is_(given.authority), UNTIL.at_least(given.since), SINCE.below(given.until))
    return tuple(row for record in every(unit, DELEGATIONS, *where) if (row := record.effective) is not None)


def records(unit: Unit, actors: Iterable[ActorId], *where: Where[StaffMember]) -> dict[ActorId, StaffMember]:
    """The staff records of some actors, by actor; those without one are not in it."""
    wanted = sorted(set(actors))
    return {m.actor: m for m in every(unit, STAFF, ACTOR.among(wanted), *where)} if wanted else {}


def in_force(unit: Unit, at: datetime, *where: Where[DelegationRecord]) -> Delegations:
    """The delegations in force at ``at`` under some conditions; none to somebody who does not work here then."""
    found = list(every(unit, DELEGATIONS, UNTIL.at_least(at), *where))
    return _in_force(found, records(unit, [record.delegation.deputy for record in found if record.holds(at)]), at)


def _in_force(found: Iterable[DelegationRecord], people: Mapping[ActorId, StaffMember], at: datetime) -> Delegations:
    rows = (row for record in found if record.holds(at) and (row := record.effective) is not None)
    return Delegations(tuple(row for row in rows if row.deputy not in people or people[row.deputy].active(at)))
