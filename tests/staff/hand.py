"""The pure model at hand: acts of staff by anybody at any instant, with records and delegations of a test's own."""

from datetime import timedelta
from functools import partial
from typing import Any, Final

from csdomain.desk import load_rulebook
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


def recorded(actor: str, post: Post = BOSS) -> StaffMember:
    """Someone who has been there for a day."""
    id, since = STAFF_MEMBER.make(millis=0, randomness=1), BEGINNING - DAY
    return StaffMember(id, ActorId(actor), post, (Term(post, since),), since, "王小明")


def hand(*there: StaffMember) -> Any:
    """Makes acts where these records are."""
    positions = load_rulebook("after_sales")[PERMISSIONS].positions
    known = {record.actor: record for record in there}
    return partial(StaffAct, records=lambda _: known, overlapping=lambda _: (), positions=positions)


act: Final = Bench(memory_desk().staff, hand()).act
