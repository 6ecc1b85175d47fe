"""Vehicles in mid-term, lists of what ends, renewal rates and revenue, on a desk (REN-03, REN-08, REN-10, REN-11)."""

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import BACKENDS
from csdomain.kernel.rules import MONEY
from csdomain.kernel.rules.errors import NotPermitted, RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.renewals import (
    AlreadyCovered,
    Basis,
    NotCovered,
    NoVehicles,
    PaidTerm,
    add_vehicles,
    earned,
    paid_term,
    remove_vehicles,
)
from csdomain.renewals.lifecycle import ContractState
from csdomain.renewals.model.contract import PastContract
from csdomain.renewals.rules import EARNED_BY_THE_DAY, OUTCOME, RATE, VEHICLES_CHANGE, WATCH
from csdomain.renewals.values import CONTRACT_RULES, AlreadyOpen, MalformedRenewal
from renewals.fleet import Fleet, yuan
from renewals.house import HOUSE

STEP: Final = st.tuples(st.sampled_from(("renew", "add", "remove", "wait", "wait")), st.integers(1, 400))


@pytest.mark.rule(VEHICLES_CHANGE, EARNED_BY_THE_DAY, MONEY)
@given(history=st.lists(STEP, min_size=1, max_size=12), days=st.lists(st.integers(-10, 900), min_size=1, max_size=4))
def test_revenue_is_that_of_every_term_however_vehicles_come_and_go(history: list[Any], days: list[int]) -> None:
    """Oracle: the engine over all terms of the contract, none ever cleared away."""
    fleet = Fleet()
    does, contract, terms = fleet.does.contracts, fleet.signed(2), list[PaidTerm]()
    for act, much in history:
        today, vehicle = fleet.today(), f"veh-{much % 4}"
        there = fleet.contract(contract)
        try:
            if act == "wait":
                fleet.later(much)
            elif act == "renew":
                renewal = fleet.of(fleet.renewed(contract, "monthly", much % 7 + 1))
                terms.append(paid_term(renewal.priced, renewal.agreed.period, paid_on=today))
            elif act == "add":
                does.add_vehicles(contract, [vehicle], **fleet.call("records_clerk"))
                live = [t for t in terms if t.period.end > today and t.stop is None]
                if live:
                    terms += add_vehicles(live, [vehicle], today, rules=HOUSE, tax_on=today).terms[len(live) :]
            else:
                does.remove_vehicles(contract, [vehicle], **fleet.call("records_clerk"))
                live = [t for t in terms if t.period.end > today and t.stop is None]
                if live:
                    terms = [t for t in terms if t not in live]
                    terms += remove_vehicles(live, [vehicle], today).terms
        except (RuleBroken, NoVehicles):
            assert fleet.contract(contract) == there
    for day in days:
        on = date(2026, 3, 4) + timedelta(days=day)
        for basis in Basis:
            told = does.revenue(on, basis, by=fleet.who["finance"])
            assert told == earned(terms, on, currency="CNY", basis=basis)
    bills = fleet.desk.payments.bills.find(by=fleet.who["finance"]).items
    due = sum(bill.due.minor for bill in bills)
    assert due == does.revenue(date(2100, 1, 1), by=fleet.who["finance"]).paid.minor, "what is billed will be earned"
    assert all(bill.collected <= bill.due for bill in bills)


@pytest.mark.rule(VEHICLES_CHANGE)
def test_who_joins_pays_for_the_days_that_are_left_and_who_leaves_gets_them_back() -> None:
    fleet = Fleet()
    does, contract = fleet.does.contracts, fleet.signed(2, starts_on=date(2026, 3, 4))
    fleet.renewed(contract)  # 426 days
    fleet.later(26)
    does.add_vehicles(contract, ["veh-9"], **fleet.call("records_clerk"))
    (bill,) = fleet.desk.payments.bills.owed(by=fleet.who["finance"]).items
    assert bill.due == yuan(600).times(Fraction(400, 426))
    with pytest.raises(AlreadyCovered):
        does.add_vehicles(contract, ["veh-9"], **fleet.call("records_clerk"))
    with pytest.raises(NotCovered):
        does.remove_vehicles(contract, ["veh-8"], **fleet.call("records_clerk"))
    does.remove_vehicles(contract, ["veh-0"], **fleet.call("records_clerk"))
    back = Money(60_000 * 400 // 426, "CNY")
    (credit,) = fleet.desk.payments.credits(by=fleet.who["finance"])
    assert (credit.group, credit.sums) == (("customer-1",), (back.minor,))
    assert ("contract.to_refund", "finance") not in fleet.told()
    assert fleet.contract(contract).vehicles == ("veh-1", "veh-9")
    renewal = fleet.filled(contract)
    assert fleet.of(renewal).priced.total.gross == yuan(1200)
    with pytest.raises(AlreadyOpen):
        does.remove_vehicles(contract, ["veh-1"], **fleet.call("records_clerk"))
    fleet.does.abandon(renewal, "sold", **fleet.call("customer_representative"))
    does.remove_vehicles(contract, ["veh-1", "veh-9"], **fleet.call("records_clerk"))
    (credit,) = fleet.desk.payments.credits(by=fleet.who["finance"])
    assert credit.sums == (2 * back.minor,), "what was never paid is owed no more, and is no credit"
    assert not fleet.desk.payments.bills.owed(by=fleet.who["finance"]).items
    fleet.later(500)
    assert fleet.contract(contract).state is ContractState.LAPSED
    assert ("contract.expired", "customer-1") not in fleet.told()  # nobody is left to be told


@pytest.mark.rule(VEHICLES_CHANGE)
def test_finance_gives_back_what_was_paid_elsewhere_or_is_invoiced() -> None:
    fleet = Fleet()
    does, since = fleet.does.contracts, date(2026, 1, 1)
    there: dict[str, Any] = {"device": "bought", "vehicles": ("veh-1", "veh-2"), "plan": "yearly"}
    there |= {"customer": "customer-1", "representative": "customer_representative"}
    taken = does.take_over(
        PastContract(number="OLD-1", anchor=since, paid_on=since, **there), **fleet.call("general_manager")
    ).id
    does.remove_vehicles(taken, ["veh-1"], **fleet.call("records_clerk"))
    assert fleet.told()[-1] == ("contract.to_refund", "finance")
    contract = fleet.signed(2)
    bill = fleet.of(fleet.renewed(contract)).bill
    fleet.desk.payments.bills.invoice(bill, "F-1", **fleet.call("finance"))
    does.remove_vehicles(contract, ["veh-0"], **fleet.call("records_clerk"))
    assert fleet.told()[-1] == ("contract.to_refund", "finance")
    assert not fleet.desk.payments.credits(by=fleet.who["finance"])


@pytest.mark.rule(WATCH)
def test_contracts_that_end_are_listed_by_month_representative_and_amount() -> None:
    fleet = Fleet()
    does, finance = fleet.does.contracts, fleet.who["finance"]
    first, second, third = fleet.signed(1), fleet.signed(2), fleet.signed(3)
    fleet.renewed(first, "monthly", 3)
    fleet.renewed(second, "monthly", 4)
    fleet.renewed(third)
    does.assign(second, "hotline_agent", **fleet.call("general_manager"))
    until = date(2026, 8, 1)
    assert [contract.id for contract in does.due(until, by=finance).items] == [first, second]
    rows = does.due_by_month(until, by=finance)
    assert [(row.month, row.representative, row.contracts, row.vehicles, row.amount) for row in rows] == [
        ("2026-06", "customer_representative", 1, 1, yuan(150)),
        ("2026-07", "hotline_agent", 1, 2, yuan(400)),
    ]
    fleet.later(200)
    assert does.due(until, by=finance).items == ()  # they have lapsed


CASE: Final = st.tuples(st.integers(1, 3), st.integers(1, 6), st.sampled_from(("renewed", "declined", "late", "none")))


@pytest.mark.rule(RATE, OUTCOME)
@given(cases=st.lists(CASE, min_size=1, max_size=5))
def test_the_rate_is_contracts_renewed_by_contracts_due(cases: list[tuple[int, int, str]]) -> None:
    """Oracle: counts. A renewal that comes late counts for the month in which the term was due."""
    fleet = Fleet()
    ids = [fleet.signed(vehicles) for vehicles, _, _ in cases]
    for id, (_, months, _) in zip(ids, cases, strict=True):
        fleet.renewed(id, "monthly", months)
    for id, (_, _, becomes) in zip(ids, cases, strict=True):
        if becomes == "declined":
            asked = fleet.does.ask(id, **fleet.call("customer_representative")).id
            fleet.does.decline(asked, "price", **fleet.call("customer_representative"))
        elif becomes == "renewed":
            fleet.renewed(id)
    fleet.later(250)
    for id, (_, _, becomes) in zip(ids, cases, strict=True):
        if becomes == "late":
            fleet.renewed(id)
    told = fleet.does.contracts.rates("2026-04", "2026-09", by=fleet.who["finance"])
    (row,) = told
    due, renewed = Counter[str](), Counter[str]()
    for vehicles, _, becomes in cases:
        due.update(contracts=1, vehicles=vehicles)
        if becomes in ("renewed", "late"):
            renewed.update(contracts=1, vehicles=vehicles)
    assert (row.representative, row.plan) == ("customer_representative", "monthly")
    assert (row.due, row.due_vehicles) == (due["contracts"], due["vehicles"])
    assert (row.renewed, row.renewed_vehicles) == (renewed["contracts"], renewed["vehicles"])
    assert row.rate == Fraction(renewed["contracts"], due["contracts"])
    assert row.met is (row.rate >= Fraction(4, 5))


@pytest.mark.rule(RATE)
def test_the_representative_is_the_one_at_the_end_of_the_term() -> None:
    fleet = Fleet()
    does, finance = fleet.does.contracts, fleet.who["finance"]
    before, after = fleet.signed(1), fleet.signed(1)
    fleet.renewed(before, "monthly", 1)
    fleet.renewed(after, "monthly", 6)
    fleet.later(60)
    for contract in (before, after):
        does.assign(contract, "hotline_agent", **fleet.call("general_manager"))
    told = {row.representative: row.due for row in does.rates("2026-04", "2026-09", by=finance)}
    assert told == {"customer_representative": 1, "hotline_agent": 1}
    assert does.rates("2027-01", "2027-12", by=finance) == []
    with pytest.raises(MalformedRenewal):
        does.rates("2026", "2026-09", by=finance)
    with pytest.raises(NotPermitted):
        does.rates("2026-04", "2026-09", by=fleet.who["repair_technician"])
    own = fleet.desk.actor("customer_representative", branch="other", positions=("customer_representative",))
    assert does.rates("2026-04", "2026-09", by=own) == []


@pytest.mark.rule(WATCH, RATE, EARNED_BY_THE_DAY)
@pytest.mark.parametrize("backend", BACKENDS)
def test_figures_are_the_same_on_every_store(backend: str, desks: Any) -> None:
    with desks(backend, rulebook="fleet") as desk:
        fleet = Fleet(desk)
        does, contract, finance = (
            fleet.does.contracts,
            fleet.signed(2, starts_on=date(2026, 3, 4)),
            fleet.who["finance"],
        )
        fleet.renewed(contract, "monthly", 2)
        fleet.later(10)
        does.add_vehicles(contract, ["veh-9"], **fleet.call("records_clerk"))
        does.remove_vehicles(contract, ["veh-0"], **fleet.call("records_clerk"))
        assert does.revenue(date(2026, 3, 14), by=finance).paid == _paid(61, 51)
        assert does.revenue(date(2026, 5, 3), by=finance).unearned == yuan(0)
        assert does.revenue(date(2027, 5, 3), by=finance).earned == _paid(61, 51)
        (row,) = does.due_by_month(date(2026, 6, 1), by=finance)
        assert (row.month, row.contracts, row.vehicles, row.amount) == ("2026-05", 1, 2, yuan(200))
        fleet.later(150)
        assert fleet.contract(contract).state is ContractState.LAPSED
        (rate,) = does.rates("2026-05", "2026-05", by=finance)
        assert (rate.due, rate.renewed, rate.due_vehicles) == (1, 0, 2)
        fleet.renewed(contract, "monthly", 1)
        (rate,) = does.rates("2026-05", "2026-05", by=finance)
        assert (rate.renewed, rate.met) == (1, True)
        assert desk.verify().faults == ()


def _paid(days: int, left: int) -> Money:
    """Two vehicles for two months; one joins for the days that are left, one leaves and gets them back."""
    each = 10_000
    joined, back = (each * left * 2 + days) // (2 * days), each * left // days
    return Money(2 * each + joined - back, "CNY")


def test_the_house_of_these_tests_has_the_prices_of_the_book() -> None:
    assert Fleet().desk.house.rulebook[CONTRACT_RULES].plans == HOUSE.plans
