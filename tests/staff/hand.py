"""The pure model at hand: acts of staff by anybody at any instant, with records and delegations of a test's own."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

import attrs

from csdomain.desk import load_rulebook
from csdomain.kernel.papers.approvals import Delegation
from csdomain.kernel.values.actors import ActorId
from csdomain.rulebook import PERMISSIONS
from csdomain.staff.model import StaffAct, StaffMember
from csdomain.staff.values import STAFF_MEMBER, Post, Term
from csdomain.testing import memory_desk
from csdomain.testing.cases import Bench
from csdomain.testing.kit import BEGINNING

GM: Final = "general_manager"
DAY: Final = timedelta(days=1)
BOSS: Final = Post([GM], "head office", "hq")


@attrs.frozen
class Known:
    """Records and delegations that there are. Satisfies :class:`~csdomain.staff.model.People`."""

    there: tuple[StaffMember, ...] = ()
    given: tuple[Delegation, ...] = ()

    def records(self, *actors: ActorId) -> Mapping[ActorId, StaffMember]:
        return {record.actor: record for record in self.there if record.actor in actors}

    def overlapping(self, given: Delegation, /) -> tuple[Delegation, ...]:
        return self.given


def recorded(actor: str, post: Post = BOSS) -> StaffMember:
    """Someone who has been there for a day."""
    since = BEGINNING - DAY
    id = STAFF_MEMBER.make(millis=0, randomness=1)
    return StaffMember(id, ActorId(actor), post, (Term(post, since),), since, "王小明")


def hand(*there: StaffMember) -> Any:
    """Makes acts where these records are."""
    return partial(StaffAct, people=Known(there), positions=load_rulebook("after_sales")[PERMISSIONS].positions)


act: Final = Bench(memory_desk().staff, hand()).act
