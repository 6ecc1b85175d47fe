"""Papers about customers: releases, corrections, leads, vehicles, connections, lists."""

import typing
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from adapters.harness import Desks
from csdomain.customers.model.connection import SECRETS
from csdomain.customers.rules import (
    ACCOUNT,
    APART,
    CONNECTION,
    CORRECTION,
    LEAD,
    LISTED,
    LISTS,
    PAPERS,
    REGISTRATION,
    RELEASE,
)
from csdomain.customers.values import ListKind, MalformedCustomer, Merged, Step, VehicleData
from csdomain.desk import sections, shipped
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules.errors import Conflict, MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.values.birthdays import LunarDay
from csdomain.kernel.values.personal import exported
from csdomain.rulebook import loads
from csdomain.testing import MovableClock, memory_desk

from .test_contract import FLEET
from .test_tenures import Office


@pytest.mark.rule(RELEASE)
def test_a_record_is_given_outside_its_scope_only_as_signed_and_every_time_is_on_the_trail() -> None:
    office = Office()
    papers, id = office.does.releases, office.given_to("a")
    until = office.desk.clock.now() + timedelta(days=1)
    ask = (id, ["phones", "company"], "police", "an accident", until)
    for wrong in (
        (["shoe_size"], "police", "why", until),
        (["name"], "police", " ", until),
        ([], "police", "why", until),
    ):
        office.refuses(MalformedCustomer, "a", papers.ask, id, *wrong)
    office.refuses(RuleBroken, "a", papers.ask, *ask[:4], office.desk.clock.now())
    paper = office.of("a", papers.ask, *ask)

    def give(name: str) -> Any:
        return papers.give(paper, by=office.person(name), at=office.desk.clock.now())

    with pytest.raises(RuleBroken):
        give("a")
    office.of("service_manager", papers.sign, paper)
    assert give("police") == give("a") == {"phones": "13812345678", "company": "顺风物流"}
    with pytest.raises(NotPermitted):
        give("hotline_agent")
    trail = papers.trail(paper, by=office.person("general_manager"))
    assert [(record.name, record.by) for record in trail][-2:] == [
        ("record_released", "police"),
        ("record_released", "a"),
    ]
    office.desk.clock.move(until)
    with pytest.raises(RuleBroken):
        give("a")
    own = office.of("service_manager", papers.ask, *ask[:4], until + timedelta(days=9))
    office.refuses(OwnRequest, "service_manager", papers.sign, own)
    office.of("general_manager", papers.sign, own)
    office.of("general_manager", papers.revoke, own, "enough")
    with pytest.raises(RuleBroken):
        papers.give(own, by=office.person("service_manager"), at=office.desk.clock.now())


@pytest.mark.rule(CORRECTION)
def test_wrong_data_is_reported_ordered_and_mended_and_what_the_record_said_stays() -> None:
    office = Office()
    papers, id = office.does.corrections, office.customer()
    office.refuses(MalformedCustomer, "hotline_agent", papers.report, id, "shoe_size", "1", "2")
    paper = office.of("hotline_agent", papers.report, id, "name", "王小明", "王晓明", "office-7")
    mended = attrs.evolve(FLEET, name="王晓明")
    office.refuses(MoveRefused, "records_clerk", papers.mend, paper, mended)
    office.of("service_manager", papers.order, paper)
    office.refuses(RuleBroken, "records_clerk", papers.mend, paper, attrs.evolve(FLEET, company="other"))
    office.of("records_clerk", papers.mend, paper, mended)
    customer = office.get(id)
    assert (customer.profile.name, customer.past[-1].values) == ("王晓明", {"name": "王小明"})
    assert office.told()[-3:] == [
        ("correction.reported", "service_manager"),
        ("correction.ordered", "records_clerk"),
        ("correction.ended", "hotline_agent"),
    ]
    erased = office.boss(office.desk.erase_customer, id)
    assert {id, paper} <= set(erased.erased)
    assert "王" not in repr(exported(papers.get(paper, by=office.person("general_manager"))))


@pytest.mark.rule(LEAD)
def test_a_wish_goes_to_sales_and_its_outcome_shows() -> None:
    office = Office()
    leads, id, two = office.does.leads, office.customer(), office.customer()
    office.of("service_manager", office.does.merge, two, id)
    office.refuses(MalformedCustomer, "hotline_agent", leads.note, "three devices")
    office.refuses(Merged, "hotline_agent", leads.note, "three devices", two)
    lead = office.of("hotline_agent", leads.note, "three devices", id, "", "call-7")
    by = office.person("service_manager")
    assert [paper.id for paper in office.does.waiting(by=by)] == [lead]
    office.of("service_manager", leads.take, lead)
    office.of("service_manager", leads.win, lead, "ordered three")
    assert office.told()[-2:] == [("lead.noted", "service_manager"), ("lead.closed", "hotline_agent")]
    found = leads.get(lead, by=by)
    assert (found.state.value, found.outcome) == ("won", "ordered three")
    assert not [name for name in (f.name for f in attrs.fields(type(found))) if "price" in name or "amount" in name]


@pytest.mark.rule(REGISTRATION, LISTS)
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_no_two_vehicles_in_use_have_the_same_plate_however_it_is_written(desks: Desks, backend: str) -> None:
    office = Office(desks(backend, rulebook="fleet"))
    vehicles, id, other = office.does.vehicles, office.customer(), office.customer()
    office.refuses(MalformedCustomer, "records_clerk", vehicles.add, id, VehicleData(unit="u-1"))
    first = office.of("records_clerk", vehicles.add, id, VehicleData(plate="沪A·12345"))
    for plate in ("沪a12345", "沪Ａ 12345"):
        office.refuses(Conflict, "records_clerk", vehicles.add, other, VehicleData(plate=plate))
    by = office.person("general_manager")
    for n in range(2):
        office.of("records_clerk", vehicles.add, id, VehicleData(plate=f"沪B{n:05}"))
    assert vehicles.at_least(3, by=by) == {id: 3}
    office.of("records_clerk", vehicles.remove, first, "sold")
    assert vehicles.at_least(3, by=by) == {}
    assert office.of("records_clerk", vehicles.add, other, VehicleData(plate="沪A12345"))


@pytest.mark.rule(ACCOUNT, PAPERS, CONNECTION, LISTED)
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_a_customer_is_connected_step_by_step_and_the_secret_is_delivered_once(desks: Desks, backend: str) -> None:
    office = Office(desks(backend, rulebook="fleet"))
    papers, id = office.does.connections, office.given_to("a")
    paper = office.of("records_clerk", papers.receive, id, "east", "R-1", "A-1")
    assert office.told()[-1] == ("connection.received", "service_manager")
    office.refuses(MoveRefused, "a", papers.tick, paper, Step.PHONE)
    office.of("records_clerk", papers.order_account, paper)
    clerk = office.person("records_clerk")

    def deliver() -> Any:
        return papers.deliver(paper, by=clerk, at=office.desk.clock.now())

    with pytest.raises(RuleBroken):
        deliver()
    office.of("records_clerk", papers.open_account, paper, "acc-1", "s3cret-sealed")
    assert office.told()[-1] == ("connection.account", id)
    assert deliver() == "s3cret-sealed"
    with pytest.raises(RuleBroken):
        deliver()
    everything = office.desk.store.look(
        lambda unit: [
            *unit.trail(paper),
            *unit.session.outbox(unsent=False, limit=99),
            *unit.register(SECRETS).rows().items,
        ]
    )
    assert "s3cret" not in repr(everything)
    assert papers.accounts(date(2026, 3, 4), by=clerk) == {"acc-1": paper}
    office.of("records_clerk", papers.file, paper, "east-2026")
    office.refuses(RuleBroken, "records_clerk", papers.file, paper, "east-2027")
    for step in Step:
        assert papers.get(paper, by=clerk).state.value == "opened"
        office.of("a", papers.tick, paper, step)
    assert papers.get(paper, by=clerk).state.value == "connected"
    assert office.timers(paper)[0] == "met"


@pytest.mark.rule(ACCOUNT)
def test_a_secret_that_nobody_delivers_is_destroyed_and_another_one_is_ordered() -> None:
    office = Office()
    papers = office.does.connections
    paper = office.of("records_clerk", papers.receive, office.given_to("a"), "east", "R-1", "A-1")
    office.of("records_clerk", papers.order_account, paper)
    office.refuses(MalformedCustomer, "records_clerk", papers.open_account, paper, "acc-1", "")
    office.of("records_clerk", papers.open_account, paper, "acc-1", "first")
    office.desk.sweep(office.desk.clock.advance(timedelta(days=3)))
    assert ("connection.secret_lapsed", "a") in office.told()
    assert not office.desk.store.look(lambda unit: unit.register(SECRETS).rows().items)
    assert ("connection.late", "service_manager") in office.told(), "neither filed nor contacted in a working day"
    office.of("records_clerk", papers.order_account, paper)
    office.of("records_clerk", papers.open_account, paper, "acc-1", "second")
    clerk = office.person("records_clerk")
    assert papers.deliver(paper, by=clerk, at=office.desk.clock.now()) == "second"
    office.of("records_clerk", papers.order_account, paper)
    office.of("records_clerk", papers.open_account, paper, "acc-1", "third")
    office.boss(office.desk.erase_customer, papers.get(paper, by=clerk).customer)
    assert not office.desk.store.look(lambda unit: unit.register(SECRETS).rows().items)


@pytest.mark.rule(LISTED, LISTS, APART)
def test_the_clerk_selects_and_the_manager_works_every_line() -> None:
    office = Office()
    lists, since = office.does.worklists, office.desk.clock.now()
    new, more, old = office.customer(), office.customer(), office.given_to("a")
    boss = office.person("general_manager")
    found = office.does.registered(since, office.get(old).registered_at, by=boss)
    assert [customer.id for customer in found] == [new, more], "the last one came at the end of the period"
    office.refuses(MalformedCustomer, "records_clerk", lists.hand, ListKind.NEW, [new, new])
    one = office.of("records_clerk", lists.hand, ListKind.NEW, [new, more])
    office.refuses(RuleBroken, "service_manager", lists.work, one, old, "a")
    office.of("service_manager", lists.work, one, new, "a")
    office.refuses(RuleBroken, "service_manager", lists.work, one, new, "b")
    office.of("service_manager", lists.skip, one, more, "moved away")
    assert office.told()[-1] == ("worklist.done", "records_clerk")
    lapsed = office.of("records_clerk", lists.hand, ListKind.LAPSED, [old])
    office.of("service_manager", lists.work, lapsed, old)
    assert (office.get(new).owner, office.get(old).state.value) == ("a", "apart")
    assert [lists.get(paper, by=boss).state.value for paper in (one, lapsed)] == ["done", "done"]


@pytest.mark.rule(LISTS)
def test_birthdays_of_a_period_by_the_calendar_of_each() -> None:
    office = Office()
    born: dict[str, Any] = {"born": date(1980, 3, 9)}
    solar = office.customer(**born)
    leap = office.customer(born=date(2000, 2, 29))
    lunar = office.customer(born_lunar=LunarDay(1980, 8, 15))
    boss = office.person("general_manager")

    def ids(since: date, until: date) -> list[str]:
        return [customer.id for customer in office.does.birthdays(since, until, by=boss)]

    assert ids(date(2026, 3, 9), date(2026, 3, 9)) == [solar]
    assert ids(date(2026, 2, 28), date(2026, 3, 9)) == [solar, leap]
    assert ids(date(2028, 2, 28), date(2028, 2, 28)) == []
    assert ids(date(2026, 9, 25), date(2026, 9, 25)) == [lunar], "Mid-Autumn of 2026"
    assert ids(date(2026, 3, 9), date(2026, 5, 9)) == [solar], "62 days"
    for until in (date(2026, 3, 8), date(2026, 5, 10)):
        with pytest.raises(MalformedCustomer):
            ids(date(2026, 3, 9), until)


@pytest.mark.rule(LISTS)
@pytest.mark.parametrize(
    ("more", "day"), [("", date(2027, 2, 28)), ('[messages]\nleap_day = "mar1"\n', date(2027, 3, 1))]
)
def test_a_birthday_of_29_february_is_listed_on_the_day_on_which_it_is_greeted(more: str, day: date) -> None:
    book = loads(f'name = "own"\nextends = "fleet"\n{more}', sections(), shipped)
    office = Office(memory_desk(typing.cast("str", book)))
    leap, boss = office.customer(born=date(2000, 2, 29)), office.person("general_manager")
    days = [date(2027, 2, 27) + timedelta(n) for n in range(4)]
    listed = [each for each in days if office.does.birthdays(each, each, by=boss)]
    clock, noon = typing.cast("MovableClock", office.desk.clock), time(12, tzinfo=ZoneInfo("Asia/Shanghai"))
    for at in (days[0] - timedelta(1), *days):
        clock.move(datetime.combine(at, noon))
        office.desk.plan()
    queued = office.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=100))
    greeted = [one.created_at.date() for one in queued if (one.occasion, one.to) == ("message.birthday", leap)]
    assert listed == greeted == [day]
