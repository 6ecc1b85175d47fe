"""The renewal form step by step: seals, money, discounts, terms; and the end of a contract (REN-03…07, REN-09)."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.papers.approvals import BeyondAuthority, OwnRequest
from csdomain.kernel.papers.documents import SignedTwice, Tampered
from csdomain.kernel.rules import APPROVALS, FORMS, MONEY
from csdomain.kernel.rules.errors import DomainError, MoveRefused, RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.payments.model.act import NotPaid
from csdomain.payments.model.bill import BILLS
from csdomain.payments.model.payment import PAYMENTS
from csdomain.payments.rules import AMOUNT
from csdomain.payments.rules import CASH as TAKING
from csdomain.payments.values import MalformedPayment
from csdomain.renewals import (
    DiscountNotOffered,
    NoSuchPlan,
    NoVehicles,
    PriceBelowFloor,
    TermBelowMinimum,
    TermNotOffered,
    months_after,
)
from csdomain.renewals.lifecycle import ContractState, RenewalState
from csdomain.renewals.model.contract import CONTRACTS, PastContract
from csdomain.renewals.model.renewal import RENEWALS
from csdomain.renewals.rules import EXTENSION, FORM, LAPSE, OUTCOME, PRICE_PLANS, QUOTE, WATCH
from csdomain.renewals.values import AlreadyOpen, MalformedRenewal
from csdomain.testing import snapshot
from renewals.fleet import Fleet, yuan

KINDS: Final = (CONTRACTS, RENEWALS, BILLS, PAYMENTS)


@pytest.mark.rule(FORM, EXTENSION, TAKING)
def test_twelve_months_are_paid_and_fourteen_given_after_both_have_signed() -> None:
    fleet = Fleet()
    does, contract = fleet.does, fleet.signed()
    renewal = fleet.agreed(contract, bank="icbc")
    does.fill(renewal, "yearly", 12, **fleet.call("customer_representative"))
    assert fleet.told() == [("payment.account", "customer-1"), ("renewal.to_confirm", "finance")]
    with pytest.raises(NotPaid) as short:
        does.confirm(renewal, **fleet.call("finance"))
    assert (short.value.facts["missing"], short.value.facts["credit"]) == (yuan(1200), yuan(0))
    (announced,) = fleet.desk.payments.find(by=fleet.who["finance"]).items
    fleet.desk.payments.confirm(announced.id, "R-1", **fleet.call("finance"))
    for move, position in (("extend", "gps_administrator"), ("record", "records_clerk")):
        with pytest.raises(MoveRefused):  # no step before the one that it rests on
            getattr(does, move)(renewal, **fleet.call(position))
    does.confirm(renewal, **fleet.call("finance"))
    assert fleet.told()[-2:] == [("renewal.extend", "provisioning"), ("renewal.to_extend", "gps_administrator")]
    with pytest.raises(MoveRefused):
        does.record(renewal, **fleet.call("records_clerk"))
    does.extend(renewal, **fleet.call("gps_administrator"))
    assert fleet.contract(contract).state is ContractState.SIGNED
    does.record(renewal, **fleet.call("records_clerk"))
    there = fleet.contract(contract)
    assert (there.state, there.ends_on, there.terms) == (ContractState.RUNNING, date(2027, 5, 5), 1)
    assert ("renewal.done", "customer-1") in fleet.told()
    form = fleet.of(renewal).form
    assert [(s.role, s.by) for s in form.signatures] == [
        ("finance", "finance"),
        ("administrator", "gps_administrator"),
    ]
    assert [copy.holder for copy in form.copies] == ["customer_service", "administrator"]
    does.tell(renewal, "reached", **fleet.call("customer_representative"))
    assert fleet.of(renewal).state is RenewalState.TOLD
    with pytest.raises(MoveRefused):  # recorded once
        does.record(renewal, **fleet.call("records_clerk"))
    assert fleet.desk.verify().faults == ()


# --- bad input --------------------------------------------------------------------------------------------------------


class Stand(Fleet):
    """A contract with bought devices and one with rented ones, each with a renewal that the customer has agreed to."""

    def __init__(self) -> None:
        super().__init__()
        self.bought = self.agreed(self.signed(), "icbc")
        self.rented = self.agreed(self.signed(device="rented"))
        self.asked = self.does.ask(self.signed(), **self.call("customer_representative")).id


def fill(of: str, plan: Any, months: Any) -> Callable[[Stand], object]:
    return lambda s: s.does.fill(getattr(s, of), plan, months, **s.call("customer_representative"))


def propose(of: str, plan: str, months: int, price: Any) -> Callable[[Stand], object]:
    return lambda s: s.does.propose(getattr(s, of), plan, months, price, **s.call("customer_representative"))


BAD: Final[dict[str, tuple[type[DomainError], Callable[[Stand], object]]]] = {
    "a discount below the floor": (PriceBelowFloor, propose("rented", "rent", 6, yuan("49.99"))),
    "a term below the minimum": (TermBelowMinimum, propose("rented", "rent", 5, yuan(50))),
    "a discount on a plan without any": (DiscountNotOffered, propose("bought", "yearly", 12, yuan(599))),
    "a discount of nothing": (MalformedRenewal, propose("rented", "rent", 6, yuan(70))),
    "a plan that nobody knows": (NoSuchPlan, fill("bought", "weekly", 12)),
    "a plan for other devices": (NoSuchPlan, fill("bought", "rent", 12)),
    "half a block": (TermNotOffered, fill("bought", "yearly", 6)),
    "longer than is sold": (TermNotOffered, fill("bought", "monthly", 121)),
    "asked twice": (AlreadyOpen, lambda s: s.does.ask(s.of(s.bought).contract, **s.call("customer_representative"))),
    "a bank that we have not": (
        MalformedPayment,
        lambda s: s.does.agree(s.asked, "boc", **s.call("customer_representative")),
    ),
    "no reason of the house": (
        MalformedRenewal,
        lambda s: s.does.decline(s.bought, "whim", **s.call("customer_representative")),
    ),
    "a vehicle joins under way": (
        AlreadyOpen,
        lambda s: s.does.contracts.add_vehicles(s.of(s.bought).contract, ["veh-9"], **s.call("records_clerk")),
    ),
    "no vehicles": (
        NoVehicles,
        lambda s: s.does.contracts.sign("c", "bought", [], date(2026, 3, 5), **s.call("records_clerk")),
    ),
}


@pytest.mark.rule(PRICE_PLANS, QUOTE, FORM, OUTCOME)
@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_sold_is_refused_by_name_and_nothing_changes(case: str) -> None:
    stand, (error, attempt) = Stand(), BAD[case]
    before = snapshot(stand.desk.store, KINDS)
    with pytest.raises(error) as refused:
        attempt(stand)
    assert type(refused.value) is error
    after = snapshot(stand.desk.store, KINDS)
    assert {**after, "refusals": 0} == {**before, "refusals": 0}


# --- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(AMOUNT, FORM, MONEY)
@given(first=st.integers(1, 60_000), more=st.integers(0, 60_000))
def test_finance_signs_for_all_of_the_money_and_what_is_over_stays_credit(first: int, more: int) -> None:
    """Oracle: sums of fen."""
    fleet = Fleet()
    renewal = fleet.filled(fleet.signed(1), "monthly", 12)
    due, came = 60_000, 0
    for part in (first, more):
        if part and came < due:
            fleet.pay(renewal, _fen(part))
            came += part
    if came >= due:
        fleet.does.confirm(renewal, **fleet.call("finance"))
        credits = {row.group[0]: row.sums[0] for row in fleet.desk.payments.credits(by=fleet.who["finance"])}
        assert credits.get("customer-1", 0) == came - due
    else:
        with pytest.raises(NotPaid) as short:
            fleet.does.confirm(renewal, **fleet.call("finance"))
        assert short.value.facts["missing"] == _fen(due - came)


def _fen(minor: int) -> Money:
    return Money(minor, "CNY")


@pytest.mark.rule(AMOUNT, OUTCOME)
def test_who_pays_too_little_may_take_a_shorter_term_with_what_has_come() -> None:
    fleet = Fleet()
    contract = fleet.signed(1)
    renewal = fleet.filled(contract, "yearly", 12)
    money = fleet.pay(renewal, yuan(300))
    fleet.does.abandon(renewal, "price", "only half a year", **fleet.call("customer_representative"))
    assert fleet.desk.payments.credits(by=fleet.who["finance"])[0].sums == (30_000,)
    shorter = fleet.filled(contract, "monthly", 6)
    bill = fleet.of(shorter).bill
    fleet.desk.payments.bills.apply(bill, money, yuan(300), **fleet.call("finance"))
    fleet.seal(shorter)
    assert fleet.contract(contract).ends_on == date(2026, 9, 5)


@pytest.mark.rule(FORM, OUTCOME)
def test_what_finance_signed_is_reversed_before_the_service_is_extended_and_never_after() -> None:
    fleet = Fleet()
    contract = fleet.signed(1)
    renewal = fleet.filled(contract)
    fleet.pay(renewal)
    fleet.does.confirm(renewal, **fleet.call("finance"))
    fleet.does.reverse(renewal, "sold", "sold the lorry", **fleet.call("finance"))
    assert ("renewal.take_back", "provisioning") in fleet.told()
    assert fleet.contract(contract).ends_on is None
    assert fleet.desk.payments.credits(by=fleet.who["finance"])[0].sums == (60_000,)
    again = fleet.renewed(contract)
    with pytest.raises(MoveRefused):
        fleet.does.reverse(again, "sold", "too late", **fleet.call("finance"))


@pytest.mark.rule(AMOUNT, FORM)
@pytest.mark.parametrize("signed", [1, 2])
def test_money_that_is_taken_back_after_a_signature_stops_the_form(signed: int) -> None:
    fleet = Fleet()
    contract = fleet.signed(1)
    renewal = fleet.filled(contract)
    money = fleet.pay(renewal)
    steps: tuple[tuple[str, str], ...] = (
        ("confirm", "finance"),
        ("extend", "gps_administrator"),
        ("record", "records_clerk"),
    )
    for move, position in steps[:signed]:
        getattr(fleet.does, move)(renewal, **fleet.call(position))
    bills, bill = fleet.desk.payments.bills, fleet.of(renewal).bill
    bills.take_back(bill, money, yuan(1), "another bill", **fleet.call("finance"))
    move, position = steps[signed]
    with pytest.raises(NotPaid):
        getattr(fleet.does, move)(renewal, **fleet.call(position))
    bills.apply(bill, money, yuan(1), **fleet.call("finance"))
    for move, position in steps[signed:]:
        getattr(fleet.does, move)(renewal, **fleet.call(position))
    assert fleet.contract(contract).terms == 1


# --- discounts and seals ----------------------------------------------------------------------------------------------


@pytest.mark.rule(QUOTE, APPROVALS)
@given(price=st.integers(5_000, 6_999))
def test_a_discount_is_granted_by_who_may_and_by_nobody_who_asked(price: int) -> None:
    """Oracle: the manager takes off a fifth of 70 yuan, the assistant to the GM all that the floor lets."""
    fleet = Fleet()
    renewal = fleet.agreed(fleet.signed(3, "rented"))
    fleet.does.propose(renewal, "rent", 6, _fen(price), **fleet.call("customer_representative"))
    asker = fleet.desk.actor("customer_representative", branch="hq", positions=("assistant_to_gm",))
    with pytest.raises(OwnRequest):
        fleet.does.approve(renewal, **{**fleet.call("finance"), "by": asker})
    grants = "service_manager" if (7_000 - price) * 5 <= 7_000 else "assistant_to_gm"
    if grants == "assistant_to_gm":
        with pytest.raises(BeyondAuthority):
            fleet.does.approve(renewal, **fleet.call("service_manager"))
    fleet.does.approve(renewal, **fleet.call(grants))
    assert fleet.of(renewal).priced.total.gross == _fen(price * 18)


@pytest.mark.rule(FORM, FORMS, APPROVALS)
def test_one_person_signs_once_and_nobody_their_own_form() -> None:
    fleet = Fleet()
    renewal = fleet.filled(fleet.signed())
    fleet.pay(renewal)
    both = fleet.desk.actor("both", branch="hq", positions=("finance", "gps_administrator"))
    own = fleet.desk.actor("customer_representative", branch="hq", positions=("finance",))
    with pytest.raises(OwnRequest):
        fleet.does.confirm(renewal, **{**fleet.call("finance"), "by": own})
    fleet.does.confirm(renewal, **{**fleet.call("finance"), "by": both})
    with pytest.raises(SignedTwice):
        fleet.does.extend(renewal, **{**fleet.call("finance"), "by": both})
    fleet.does.extend(renewal, **fleet.call("gps_administrator"))


@pytest.mark.rule(FORM, FORMS)
def test_a_form_that_is_not_what_was_signed_is_not_recorded() -> None:
    fleet = Fleet()
    renewal = fleet.filled(fleet.signed())
    fleet.pay(renewal)
    fleet.does.confirm(renewal, **fleet.call("finance"))
    fleet.does.extend(renewal, **fleet.call("gps_administrator"))

    def change(unit: Any) -> None:
        form = unit.of(RENEWALS).get(renewal)
        form.extension = attrs.evolve(form.agreed, gift_months=9)
        unit.of(RENEWALS).save(form)

    fleet.desk.store.run(change)
    with pytest.raises(Tampered):
        fleet.does.record(renewal, **fleet.call("records_clerk"))


# --- the end of a term ------------------------------------------------------------------------------------------------


@pytest.mark.rule(WATCH, LAPSE, EXTENSION)
def test_a_contract_is_watched_expires_is_suspended_and_comes_back() -> None:
    fleet = Fleet()
    contract = fleet.signed(1)
    fleet.renewed(contract)  # up to 5 May 2027
    fleet.later((date(2027, 2, 5) - fleet.today()).days - 1)
    assert ("contract.expiring", "customer_representative") not in fleet.told()
    fleet.later(1)
    assert fleet.told().count(("contract.expiring", "customer_representative")) == 1
    fleet.later((date(2027, 5, 5) - fleet.today()).days - 1)
    assert fleet.contract(contract).state is ContractState.RUNNING
    fleet.later(1)
    assert fleet.contract(contract).state is ContractState.IN_GRACE
    assert fleet.told().count(("contract.expired", "customer-1")) == 1
    fleet.later(29)
    assert ("contract.suspend", "provisioning") not in fleet.told()
    fleet.later(2)
    assert fleet.contract(contract).state is ContractState.LAPSED
    assert fleet.told().count(("contract.suspend", "provisioning")) == 1
    today = fleet.today()
    fleet.renewed(contract, "monthly", 3)
    there = fleet.contract(contract)
    assert (there.state, there.ends_on) == (ContractState.RUNNING, months_after(today, 3))  # from the day of payment
    fleet.later(150)
    assert fleet.contract(contract).state is ContractState.LAPSED
    assert fleet.told().count(("contract.suspend", "provisioning")) == 2
    fleet.does.contracts.end(contract, "no longer a customer", **fleet.call("general_manager"))
    with pytest.raises(MoveRefused):
        fleet.does.ask(contract, **fleet.call("customer_representative"))


@pytest.mark.rule(EXTENSION, LAPSE)
def test_who_pays_in_grace_goes_on_from_the_old_end_although_it_is_recorded_later() -> None:
    fleet = Fleet()
    contract = fleet.signed(1, starts_on=date(2026, 1, 31))
    fleet.later(1)
    fleet.renewed(contract, "monthly", 1)
    old_end = fleet.contract(contract).ends_on
    assert old_end is not None
    fleet.later((old_end - fleet.today()).days + 10)
    renewal = fleet.filled(contract, "monthly", 2)
    fleet.pay(renewal)
    fleet.does.confirm(renewal, **fleet.call("finance"))
    fleet.later(25)
    assert fleet.contract(contract).state is ContractState.IN_GRACE  # not suspended: it is paid
    assert ("contract.suspend", "provisioning") not in fleet.told()
    fleet.does.extend(renewal, **fleet.call("gps_administrator"))
    fleet.does.record(renewal, **fleet.call("records_clerk"))
    there = fleet.contract(contract)
    assert there.service is not None
    assert (there.state, there.ends_on) == (ContractState.RUNNING, months_after(there.service.anchor, 3))


@pytest.mark.rule(LAPSE, OUTCOME)
def test_a_renewal_that_is_reversed_after_the_end_lets_the_contract_lapse_at_once() -> None:
    fleet = Fleet()
    contract = fleet.signed(1)
    fleet.renewed(contract, "monthly", 1)
    renewal = fleet.filled(contract, "monthly", 1)
    fleet.pay(renewal)
    fleet.does.confirm(renewal, **fleet.call("finance"))
    fleet.later(100)
    assert fleet.contract(contract).state is ContractState.RUNNING
    fleet.does.reverse(renewal, "other", "a mistake of the bank", **fleet.call("finance"))
    assert fleet.contract(contract).state is ContractState.LAPSED
    assert {("contract.expired", "customer-1"), ("contract.suspend", "provisioning")} <= set(fleet.told())


@pytest.mark.rule(LAPSE, WATCH)
@pytest.mark.parametrize(
    ("anchor", "state"),
    [
        (date(2026, 1, 31), ContractState.RUNNING),
        (date(2024, 12, 20), ContractState.IN_GRACE),
        (date(2024, 1, 31), ContractState.LAPSED),
    ],
)
def test_a_contract_that_is_taken_over_goes_on_from_where_it_stands(anchor: date, state: ContractState) -> None:
    fleet = Fleet()
    past = PastContract(
        number="OLD-1",
        customer="customer-1",
        device="bought",
        vehicles=("veh-1",),
        plan="yearly",
        anchor=anchor,
        paid_on=anchor,
        representative="customer_representative",
    )
    contract = fleet.does.contracts.take_over(past, **fleet.call("general_manager")).id
    assert fleet.contract(contract).state is state
    fleet.later(0)
    assert fleet.contract(contract).state is state
    fleet.renewed(contract)
    fleet.later(3 * 365)
    assert fleet.contract(contract).state is ContractState.LAPSED


@pytest.mark.rule(OUTCOME)
def test_unwilling_is_recorded_with_the_reason_and_asked_again_later() -> None:
    fleet = Fleet()
    contract = fleet.signed()
    asked = fleet.does.ask(contract, **fleet.call("customer_representative")).id
    fleet.does.decline(asked, "rival", "cheaper elsewhere", **fleet.call("customer_representative"))
    there = fleet.of(asked)
    assert (there.state, there.code, there.reason) == (RenewalState.UNWILLING, "rival", "cheaper elsewhere")
    fleet.renewed(contract)


# --- any history ------------------------------------------------------------------------------------------------------

ACTS: Final = ("renew", "ask", "fill", "pay", "short", "over", "confirm", "extend", "record", "abandon", "reverse")
STEP: Final = st.tuples(st.sampled_from((*ACTS, "wait", "add", "remove")), st.integers(0, 1), st.integers(1, 500))


@pytest.mark.rule(EXTENSION, FORM, AMOUNT, MONEY)
@given(history=st.lists(STEP, max_size=40))
def test_in_any_history_terms_never_overlap_and_each_paid_month_is_given_once(history: list[Any]) -> None:
    """Whatever is tried in whatever order: terms follow each other, each recorded form gave its months exactly once,
    its money has come and is used for nothing else, and both had signed before."""
    fleet = Fleet()
    contracts = [fleet.signed(1), fleet.signed(2)]
    forms: list[dict[str, str]] = [{}, {}]
    for act, which, much in history:
        contract, form = contracts[which], forms[which].get("form", "")
        try:
            if act == "ask":
                forms[which]["form"] = fleet.agreed(contract)
            elif act == "renew":
                fleet.renewed(contract, "monthly", much % 20 + 1)
            elif act == "fill":
                plan = ("yearly", 12) if much % 2 else ("monthly", much % 20 + 1)
                if not form or fleet.of(form).state in (RenewalState.ABANDONED, RenewalState.RECORDED):
                    forms[which]["form"] = form = fleet.agreed(contract)
                fleet.does.fill(form, *plan, **fleet.call("customer_representative"))
            elif act in ("pay", "short", "over") and form and fleet.of(form).quote is not None:
                due = fleet.of(form).priced.total.gross
                fleet.pay(form, {"pay": due, "short": yuan(much), "over": due + yuan(much)}[act])
            elif act in ("abandon", "reverse") and form:
                who = "finance" if act == "reverse" else "customer_representative"
                getattr(fleet.does, act)(form, "price", "x", **fleet.call(who))
            elif act == "wait":
                fleet.later(much)
            elif act in ("add", "remove"):
                change = getattr(fleet.does.contracts, f"{act}_vehicles")
                change(contract, [f"veh-{much % 3}"], **fleet.call("records_clerk"))
            elif form:
                who = {"confirm": "finance", "extend": "gps_administrator", "record": "records_clerk"}.get(act, "")
                if who:
                    getattr(fleet.does, act)(form, **fleet.call(who))
        except (RuleBroken, NoVehicles):
            continue
    _holds(fleet, contracts)


def _holds(fleet: Fleet, contracts: list[str]) -> None:
    finance = fleet.who["finance"]
    forms = fleet.does.find(by=finance).items
    payments = fleet.desk.payments.find(by=finance).items
    bills = fleet.desk.payments.bills.find(by=finance).items
    for contract in contracts:
        terms = fleet.events(contract, "term_began")
        assert [term["term"] for term in terms] == list(range(1, len(terms) + 1))
        ends = date.min
        for term in terms:
            starts_on, ends_on = (_day(term[name]) for name in ("starts_on", "ends_on"))
            assert ends <= starts_on < ends_on
            ends = ends_on
        recorded = [ren for ren in forms if ren.contract == contract and ren.state is RenewalState.RECORDED]
        theirs = [bill for bill in bills if bill.subject in (contract, *(ren.id for ren in recorded))]
        back = sum(event["credited"] for event in fleet.events(contract, "vehicles_removed"))
        assert sum(part.minor for bill in theirs for part in bill.lowered) == back
        given = sorted((ren.agreed.period.start, ren.agreed.period.end) for ren in recorded)
        assert given == [(_day(term["starts_on"]), _day(term["ends_on"])) for term in terms]
        for ren in recorded:
            anchor, months = ren.agreed.service.anchor, ren.agreed.service.months
            begun = months - ren.priced.paid_months - ren.priced.gift_months
            assert ren.agreed.period.start == months_after(anchor, begun)
            assert ren.agreed.period.end == months_after(anchor, months)
            used = [payment.uses.get(ren.bill, yuan(0)).minor for payment in payments]
            (bill,) = [bill for bill in bills if bill.id == ren.bill]
            assert (
                sum(used) == bill.due.minor == ren.priced.total.gross.minor - sum(part.minor for part in bill.lowered)
            )
            assert [s.role for s in ren.form.signatures] == ["finance", "administrator"]
    for payment in payments:
        assert sum(use.minor for use in payment.uses.values()) <= payment.amount.minor
    assert fleet.desk.verify().faults == ()


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
