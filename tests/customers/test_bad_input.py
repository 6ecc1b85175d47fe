"""What is handed in wrong is refused by name and changes nothing (issue list of bad input; CUS-01, 04, 08, 13)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import attrs
import pytest

from csdomain.customers.model.customer import CUSTOMERS
from csdomain.customers.model.handover import HANDOVERS
from csdomain.customers.rules import FINDING, MERGING, REGISTRATION, TENURE
from csdomain.customers.values import CUSTOMER_ID, Incomplete, MalformedCustomer, Merged
from csdomain.kernel.rules.errors import DomainError, MoveRefused, NotFound, RuleBroken
from csdomain.kernel.values.ids import WrongKind
from csdomain.testing import engaged, snapshot

from .test_contract import ENTRIES, FLEET
from .test_tenures import Office


class Stand(Office):
    """Customers of a: one of whom another record was merged into, one that was erased, one with an open handover."""

    def __init__(self) -> None:
        super().__init__()
        boss = self.person("general_manager")
        for name in ("a", "b"):
            engaged(self.desk, name, "customer_representative", by=boss)
        self.one, self.other, self.merged, self.gone = (self.given_to("a") for _ in range(4))
        self.boss(self.does.merge, self.merged, self.one)
        self.boss(self.does.erase, self.gone)
        self.paper = self.of("a", self.papers.file, self.other, "moves away", ENTRIES)

    def merge(self, id: str, into: str) -> None:
        self.boss(self.does.merge, id, into)

    def sign(self, to: str) -> None:
        self.of("service_manager", self.papers.sign, self.paper, to)

    def assign(self, to: str, **call: Any) -> None:
        self.of("service_manager", self.does.assign, self.one, to)

    def register(self, **profile: Any) -> None:
        self.of("hotline_agent", self.does.register, attrs.evolve(FLEET, **profile))

    def search(self, text: Any) -> None:
        self.does.search(text, by=self.person("general_manager"))


def _earlier(s: Stand) -> None:
    at = s.desk.clock.now() - timedelta(days=1)
    s.does.assign(s.one, "b", by=s.person("service_manager"), at=at)


NOBODY: Final = CUSTOMER_ID.make(millis=0, randomness=999)
BAD: Final[dict[str, tuple[type[DomainError], Callable[[Stand], object]]]] = {
    "merged with itself": (RuleBroken, lambda s: s.merge(s.one, s.one)),
    "a merged one, merged": (MoveRefused, lambda s: s.merge(s.merged, s.other)),
    "merged into a merged one": (Merged, lambda s: s.merge(s.other, s.merged)),
    "merged in a circle": (Merged, lambda s: s.merge(s.one, s.merged)),
    "an erased one, merged": (RuleBroken, lambda s: s.merge(s.gone, s.one)),
    "merged into an erased one": (RuleBroken, lambda s: s.merge(s.one, s.gone)),
    "merged into nobody": (NotFound, lambda s: s.merge(s.one, NOBODY)),
    "merged into a paper": (WrongKind, lambda s: s.merge(s.one, s.paper)),
    "split though it stands for itself": (MoveRefused, lambda s: s.boss(s.does.split, s.one)),
    "handed over to oneself": (RuleBroken, lambda s: s.sign("a")),
    "handed over to somebody unknown": (RuleBroken, lambda s: s.sign("nobody")),
    "handed over to whoever signs": (RuleBroken, lambda s: s.sign("service_manager")),
    "handed over, a merged one": (Merged, lambda s: s.of("a", s.papers.file, s.merged, "why", ENTRIES)),
    "handed over, an erased one": (RuleBroken, lambda s: s.of("a", s.papers.file, s.gone, "why", ENTRIES)),
    "handed over, nobody": (NotFound, lambda s: s.of("a", s.papers.file, NOBODY, "why", ENTRIES)),
    "assigned to the same": (RuleBroken, lambda s: s.assign("a")),
    "assigned to somebody unknown": (RuleBroken, lambda s: s.assign("nobody")),
    "assigned before the last one was": (RuleBroken, _earlier),
    "a phone of letters": (MalformedCustomer, lambda s: s.register(phones=("abc",))),
    "a phone of two digits": (MalformedCustomer, lambda s: s.register(phones=("13812345678", "+８６"))),
    "an empty phone": (MalformedCustomer, lambda s: s.register(phones=("",))),
    "no phone": (Incomplete, lambda s: s.register(phones=())),
    "a phone of 300 digits": (MalformedCustomer, lambda s: s.register(phones=("1" * 300,))),
    "a search of 10,000 characters": (MalformedCustomer, lambda s: s.search("王小明李" * 2500)),
    "a search for nothing": (MalformedCustomer, lambda s: s.search(" ")),
    "a search with a zero character": (MalformedCustomer, lambda s: s.search("王\0")),
}


@pytest.fixture(scope="module")
def stand() -> Stand:
    return Stand()


@pytest.mark.rule(REGISTRATION, FINDING, TENURE, MERGING)
@pytest.mark.parametrize("case", BAD)
def test_it_is_refused_by_name_and_nothing_changes(stand: Stand, case: str) -> None:
    error, attempt = BAD[case]
    before = snapshot(stand.desk.store, (CUSTOMERS, HANDOVERS))
    with pytest.raises(error) as refused:
        attempt(stand)
    assert refused.value.accepted is not None or error in (NotFound, MoveRefused, WrongKind)
    assert not {"王小明", "13812345678", "李雷"}.intersection(map(str, refused.value.facts.values()))
    after = snapshot(stand.desk.store, (CUSTOMERS, HANDOVERS))
    assert {**after, "refusals": 0} == {**before, "refusals": 0}


@pytest.mark.rule(TENURE)
def test_of_two_who_are_named_at_one_instant_the_second_is_the_one() -> None:
    stand = Stand()
    at = stand.desk.clock.now() + timedelta(minutes=1)
    for name in ("b", "a", "b"):
        stand.does.assign(stand.one, name, by=stand.person("service_manager"), at=at)
    customer = stand.get(stand.one)
    assert [t.representative for t in customer.tenures if t.holds(at)] == ["b"] == [customer.owner]
    before = at - timedelta.resolution
    assert [t.representative for t in customer.tenures if t.holds(before)] == ["a"]
