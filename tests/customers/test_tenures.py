"""One representative at any instant: assigned, from the pool, by a handover that was signed (CUS-08)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import BACKENDS, Desks
from csdomain.customers.lifecycle import HandoverState
from csdomain.customers.rules import TENURE
from csdomain.customers.values import CUSTOMER_ID, HANDOVER_ID, Incomplete, MalformedCustomer, Merged, VehicleData
from csdomain.flows import follow_representatives
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules.errors import Conflict, DomainError, MoveRefused, NotFound, NotPermitted, RuleBroken
from csdomain.kernel.values.ids import WrongKind
from csdomain.testing import engaged, memory_desk

from .test_contract import ENTRIES, FLEET
from .test_rules import Clerk

pytestmark = pytest.mark.rule(TENURE)


class Office(Clerk):
    """The people of a fleet's office: everybody by name."""

    def __init__(self, desk: Any = None) -> None:
        super().__init__(desk or memory_desk("fleet"), by="general_manager", profile=FLEET)
        self.papers = self.does.handovers

    def person(self, name: str) -> Any:
        position = name if name in self.desk.house.permissions.positions else "customer_representative"
        return self.desk.actor(name, branch="hq", positions=(position,))

    def of(self, name: str, does: Callable[..., Any], *given: Any) -> str:
        """What a person does, a minute later."""
        self.by = self.person(name)
        id: str = self.call(does, *given).id
        return id

    def boss(self, does: Callable[..., Any], *given: Any) -> Any:
        self.by = self.person("general_manager")
        return self.call(does, *given)

    def given_to(self, representative: str) -> str:
        id = self.customer()
        self.of("service_manager", self.does.assign, id, representative)
        return id

    def told(self) -> list[tuple[str, str]]:
        queued = self.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=1000))
        return [(message.occasion, message.to) for message in queued]

    def timers(self, id: str) -> list[str]:
        return [timer.state.value for timer in self.desk.store.look(lambda unit: unit.timers_of(id))]

    def refuses(self, error: type[DomainError], name: str, does: Callable[..., Any], *given: Any) -> None:
        before = self.told()
        with pytest.raises(error):
            self.of(name, does, *given)
        assert self.told() == before


def test_a_customer_is_handed_over_by_three_hands_and_the_new_one_makes_contact() -> None:
    office = Office()
    id = office.given_to("a")
    paper = office.of("a", office.papers.file, id, "moves away", ENTRIES)
    office.refuses(Conflict, "a", office.papers.file, id, "again", ENTRIES)
    office.refuses(NotPermitted, "a", office.papers.sign, paper, "b")
    office.refuses(MoveRefused, "records_clerk", office.papers.transfer, paper)
    office.of("service_manager", office.papers.sign, paper, "b")
    signed = office.desk.clock.now()
    assert office.get(id).owner == "a", "who gives up stays until the clerk carries it out"
    office.of("records_clerk", office.papers.transfer, paper)
    moved = office.desk.clock.now()
    office.refuses(NotPermitted, "a", office.papers.contact, paper, "hello")
    office.of("b", office.papers.contact, paper, "introduced myself")
    customer = office.get(id)
    assert [(t.representative, t.why) for t in customer.tenures] == [("a", "first"), ("b", "handover")]
    assert [customer.represented_by(at) for at in (signed, moved)] == ["a", "b"]
    assert office.told()[-4:] == [
        ("handover.filed", "service_manager"),
        ("handover.signed", "records_clerk"),
        ("customer.assigned", "b"),
        ("handover.transferred", "service_manager"),
    ]
    by = office.person("general_manager")
    assert office.timers(paper) == ["met"]
    assert not office.does.waiting(by=office.person("b"))
    assert office.papers.get(paper, by=by).state is HandoverState.CONTACTED


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_represents_a_customer_looks_after_the_vehicles_and_connections_too(
    desks: Desks, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_representatives, "PAGE", 1)
    office = Office(desks(backend, rulebook="fleet"))
    id, other = office.given_to("a"), office.given_to("c")
    vehicles, connections, by = office.does.vehicles, office.does.connections, office.person("general_manager")
    mine = office.of("records_clerk", vehicles.add, id, VehicleData(plate="A1"))
    sold = office.of("records_clerk", vehicles.add, id, VehicleData(plate="A2"))
    office.of("records_clerk", vehicles.remove, sold, "sold")
    joined = office.of("records_clerk", connections.receive, id, "east", "R-1", "A-1")
    foreign = office.of("records_clerk", vehicles.add, other, VehicleData(plate="C1"))

    def owners() -> list[str]:
        assert not office.desk.carry_out().refused
        papers = ((vehicles, mine), (vehicles, sold), (connections, joined), (vehicles, foreign))
        return [papers_of.get(each, by=by).owner for papers_of, each in papers]

    assert owners() == ["a", "a", "a", "c"]
    office.of("service_manager", office.does.assign, id, "b")
    assert owners() == ["b", "a", "b", "c"]
    assert connections.get(joined, by=office.person("b"))
    left = office.of("c", office.papers.file, other, "moves away", ENTRIES)
    office.of("service_manager", office.does.merge, other, id)
    assert owners() == ["b", "a", "b", "b"], "the records of one person have one representative"
    assert office.papers.get(left, by=by).state is HandoverState.WITHDRAWN
    assert ("handover.ended", "c") in office.told()
    office.of("service_manager", office.does.split, other)
    assert owners() == ["b", "a", "b", "c"]
    nobodys = office.customer()
    office.of("service_manager", office.does.merge, other, nobodys)
    assert owners() == ["b", "a", "b", "c"], "a record that nobody represents takes nothing from anybody"
    assert office.desk.verify().faults == ()


def test_whoever_does_not_make_contact_in_a_working_day_is_late_and_the_manager_is_told() -> None:
    office = Office()
    paper = office.of("a", office.papers.file, office.given_to("a"), "moves away", ENTRIES)
    office.of("service_manager", office.papers.sign, paper, "b")
    office.desk.sweep(office.desk.clock.advance(timedelta(days=2)))
    assert office.told()[-1] == ("handover.not_contacted", "service_manager")


@pytest.mark.parametrize(
    ("error", "name", "given"),
    [
        (NotFound, "a", (CUSTOMER_ID.make(millis=0, randomness=999), "why", ENTRIES)),
        (WrongKind, "a", (HANDOVER_ID.make(millis=0, randomness=999), "why", ENTRIES)),
        (MalformedCustomer, "a", ("", " ", ENTRIES)),
        (MalformedCustomer, "a", ("", "why", {**ENTRIES, "shoe_size": "9"})),
        (Incomplete, "a", ("", "why", {**ENTRIES, "routes": " "})),
        (RuleBroken, "b", ("", "why", ENTRIES)),
    ],
)
def test_no_form_is_filed_that_is_incomplete_or_for_somebody_elses_customer(
    error: type[DomainError], name: str, given: tuple[Any, ...]
) -> None:
    office = Office()
    id = office.given_to("a")
    office.refuses(error, name, office.papers.file, given[0] or id, *given[1:])
    nobodys = office.customer()
    office.refuses(RuleBroken, "service_manager", office.papers.file, nobodys, "why", ENTRIES)
    assert office.of("service_manager", office.papers.file, id, "left the house", ENTRIES), "of a leaver, who assigns"


def test_nobody_takes_over_who_gives_up_signs_or_does_not_work_there() -> None:
    office = Office()
    boss = office.desk.actor("boss", branch="hq", positions=("general_manager",))
    for name in ("a", "b"):
        engaged(office.desk, name, "customer_representative", by=boss)
    id = office.given_to("a")
    paper = office.of("a", office.papers.file, id, "moves away", ENTRIES)
    for to in ("a", "service_manager", "nobody"):
        office.refuses(RuleBroken, "service_manager", office.papers.sign, paper, to)
    for to in ("nobody", "a"):
        office.refuses(RuleBroken, "service_manager", office.does.assign, id, to)
    own = office.of("service_manager", office.papers.file, office.given_to("a"), "left", ENTRIES)
    office.refuses(OwnRequest, "service_manager", office.papers.sign, own, "b")
    office.of("general_manager", office.papers.sign, own, "b")


def test_what_changed_meanwhile_is_not_carried_out_and_the_paper_comes_to_an_end() -> None:
    office = Office()
    one, two = office.given_to("a"), office.given_to("a")
    papers = [office.of("a", office.papers.file, id, "moves away", ENTRIES) for id in (one, two)]
    for paper in papers:
        office.of("service_manager", office.papers.sign, paper, "b")
    office.of("service_manager", office.does.assign, one, "c")
    office.of("service_manager", office.does.merge, two, one)
    office.refuses(RuleBroken, "records_clerk", office.papers.transfer, papers[0])
    office.refuses(Merged, "records_clerk", office.papers.transfer, papers[1])
    for paper in papers:
        office.of("service_manager", office.papers.withdraw, paper, "nothing to hand over")
        assert office.timers(paper) == ["cancelled"]
    assert office.get(one).owner == "c"


def test_a_customer_in_the_pool_keeps_the_representative_until_another_takes_over() -> None:
    office = Office()
    id, nobodys = office.given_to("a"), office.customer()
    office.refuses(RuleBroken, "service_manager", office.does.offer, nobodys, "too far")
    office.refuses(RuleBroken, "b", office.does.claim, id)
    office.refuses(NotPermitted, "b", office.does.offer, id, "too far")
    office.of("a", office.does.offer, id, "too far")
    office.refuses(RuleBroken, "a", office.does.offer, id, "too far")
    office.refuses(RuleBroken, "a", office.does.claim, id)
    assert (office.get(id).owner, office.told()[-1]) == ("a", ("customer.offered", "service_manager"))
    by = office.person("general_manager")
    assert [customer.id for customer in office.does.pool(by=by).items] == [id]
    office.of("b", office.does.claim, id)
    assert (office.get(id).owner, office.does.pool(by=by).items) == ("b", ())


OFFICE: Final = Office()
MOVES: Final = st.sampled_from(("assign", "offer", "claim", "hand_over"))


@given(st.lists(st.tuples(MOVES, st.sampled_from("abc")), max_size=8))
def test_whatever_is_done_there_is_one_at_any_instant_from_the_first_on(moves: list[tuple[str, str]]) -> None:
    office = OFFICE
    id, expected, pool = office.customer(), list[str](), False
    instants = [office.desk.clock.now()]
    for move, who in moves:
        owner = expected[-1] if expected else ""
        moved = True
        try:
            if move == "assign":
                office.of("service_manager", office.does.assign, id, who)
            elif move == "offer":
                office.of("service_manager", office.does.offer, id, "too far")
            elif move == "claim":
                office.of(who, office.does.claim, id)
            else:
                paper = office.of(owner or "a", office.papers.file, id, "moves away", ENTRIES)
                try:
                    office.of("service_manager", office.papers.sign, paper, who)
                except RuleBroken:
                    office.of("service_manager", office.papers.refuse, paper, "nobody")
                    raise
                office.of("records_clerk", office.papers.transfer, paper)
        except RuleBroken:
            moved = False
        can = {"assign": who != owner, "offer": bool(owner) and not pool, "claim": pool and who != owner}
        assert moved is can.get(move, bool(owner) and who != owner), (move, who, owner, pool)
        pool = move == "offer" if moved else pool
        if moved and move != "offer":
            expected.append(who)
        instants.append(office.desk.clock.now())
    customer = office.get(id)
    assert [tenure.representative for tenure in customer.tenures] == expected
    for at in instants:
        holding = [tenure for tenure in customer.tenures if tenure.holds(at)]
        assert len(holding) == bool(expected and at >= customer.tenures[0].since)
