"""What every context owes, and staff records and delegations with it: one sample of each command."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest

from adapters.on_desks import OnDesks
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.values.money import Money
from csdomain.staff.service import DELEGATION_CASES, STAFF_CASES
from csdomain.staff.values import Post
from csdomain.testing import engaged
from csdomain.testing.cases import by, numbered
from csdomain.testing.kit import BEGINNING
from staff.hand import DAY, GM, hand, recorded

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
FAR = BEGINNING + timedelta(days=900)
SALES, SHOP = Post(["sales"], "sales", "hq"), Post(["service_agent"], "shop", "hq")


class OfStaff(OnDesks):
    rulebook = "after_sales"
    ids = frozenset({"engage.actor", "Post.positions", "Post.department", "Post.branch"})


class TestStaff(OfStaff):
    """Staff records."""

    cases = STAFF_CASES
    samples: ClassVar = {
        "engage": numbered("hr", lambda n: (f"p{n}", "欧阳小明", SALES), phone="13812345678"),
        "assign": by("hr", SHOP),
        "leave": by("hr", "moves away"),
        "return_": by("hr", SHOP, until=FAR),
        "erase": by("hr"),
    }
    hand = hand()
    asks: ClassVar = {"engage": ["SELECT csd_staff"]}
    beside = frozenset({"delegate", "revoke"})
    untold = frozenset(occasion.name for occasion in STAFF_CASES.section.occasions)

    def does(self, desk: Any) -> Any:
        return desk.staff


class TestDelegations(OfStaff):
    """Delegations: the lock on the authority comes before anything is read."""

    cases = DELEGATION_CASES
    samples: ClassVar = {
        "delegate": by("hr", GM, "deputy-1", until=FAR, principal=GM, limit=Money.of(500, "CNY")),
        "confirm": by(GM),
        "revoke": by("hr", "back early"),
    }
    untold = frozenset({"delegation.given"})  # by a second person who is not the principal
    ids = frozenset({"delegate.authority", "delegate.deputy", "delegate.principal"})
    hand = hand(recorded(GM))
    asks: ClassVar = {"delegate": ["INSERT INTO csd_number", "SELECT csd_delegation", "SELECT csd_staff"]}

    def prepare(self, desk: Any) -> None:
        engaged(desk, GM, since=BEGINNING - DAY)

    def does(self, desk: Any) -> Any:
        return desk.staff.deputies
