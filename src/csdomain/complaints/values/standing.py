"""Who decides and by what right, at the moment of deciding (KRN-08)."""

from collections.abc import Mapping
from datetime import datetime

import attrs

from csdomain.kernel.papers.approvals import Delegations
from csdomain.kernel.values.actors import ActorId


@attrs.frozen
class Standing:
    """Who decides and by what right, at the moment of deciding: positions held now, and delegations.

    ``branches`` are where those of whom there is a staff record work: what they reach, their deputies reach. [KRN-08]
    """

    held: Mapping[ActorId, frozenset[str]]
    delegations: Delegations = attrs.field(factory=Delegations)
    branches: Mapping[ActorId, str] = attrs.field(factory=dict)

    def holds(self, who: ActorId, authority: str, at: datetime) -> bool:
        """Whether ``who`` holds an authority at that instant, in person or for a principal who holds it. [KRN-08]"""
        chains = self.delegations.ways(who, authority, at)
        return any(authority in self.held.get(one, ()) for one in (who, *(chain[-1].principal for chain in chains)))
