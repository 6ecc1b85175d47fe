"""Changes of vehicles in mid-term (REN-10) and revenue earned by the day (REN-11)."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.money import CurrencyMismatch, Money, half_up, total
from csdomain.renewals import (
    AlreadyCovered,
    Basis,
    ChangeKind,
    ChangeOutsideTerm,
    DuplicateVehicle,
    InvalidVehicle,
    NotADate,
    NotCovered,
    NoVehicles,
    PaidTerm,
    Period,
    TaxRate,
    TaxRateUnknown,
    TermsOverlap,
    VehicleChange,
    add_vehicles,
    earned,
    earned_in,
    extend,
    first_period,
    paid_term,
    quote,
    remove_vehicles,
)
from csdomain.renewals.rules import EARNED_BY_THE_DAY, VEHICLES_CHANGE
from renewals.house import HOUSE, TODAY, fleet, yuan

START = date(2024, 1, 31)
YEAR = first_period(START, 12, 2, paid_on=START)


def contract(n: int, *, paid_on: date = START) -> tuple[PaidTerm, ...]:
    """``n`` vehicles for a year with two gift months: 31 January 2024 to 31 March 2025, 425 days."""
    return (paid_term(quote(HOUSE, "yearly", fleet(n), 12, tax_on=TODAY), YEAR.period, paid_on=paid_on),)


def day(offset: int) -> date:
    return START + timedelta(days=offset)


def add(terms: Sequence[PaidTerm], vehicles: Sequence[str], on: date) -> VehicleChange:
    return add_vehicles(terms, vehicles, on, rules=HOUSE, tax_on=on)


# --- strategies: contracts with a history -----------------------------------------------------------------------------


@attrs.frozen
class History:
    """A contract, and after each of its changes the terms as they then stood, with the day and the money that moved."""

    terms: tuple[PaidTerm, ...]
    changes: tuple[VehicleChange, ...] = ()


@st.composite
def histories(draw: st.DrawFn) -> History:
    fen = draw(st.sampled_from([1, 2, 99, 5000, 60000, 77777]))
    rules = attrs.evolve(HOUSE, plans={"any": attrs.evolve(HOUSE.plans["monthly"], price=Money(fen, "CNY"))})
    months = draw(st.integers(1, 3))
    inside = fleet(draw(st.integers(1, 4)))
    extension = first_period(START, months, draw(st.integers(0, 1)), paid_on=day(draw(st.integers(-20, 20))))
    asked = quote(rules, "any", inside, months, tax_on=START)
    terms: tuple[PaidTerm, ...] = (paid_term(asked, extension.period, paid_on=extension.paid_on),)
    if draw(st.booleans()):
        second = extend(extension.service, months, paid_on=extension.period.start, rules=rules)
        terms += (paid_term(asked, second.period, paid_on=second.paid_on),)
    start, covered, changes, on = terms, set(inside), [], max(term.paid_on for term in terms)
    for n in range(draw(st.integers(0, 4))):
        on += timedelta(days=draw(st.integers(0, 30)))
        if on >= terms[-1].period.end:
            break
        if bool(covered) and draw(st.booleans()):
            leaving = draw(st.lists(st.sampled_from(sorted(covered)), min_size=1, unique=True))
            change = remove_vehicles(terms, leaving, on)
            covered -= set(leaving)
        else:
            coming = [f"new_{n}_{i}" for i in range(draw(st.integers(1, 3)))]
            change = add_vehicles(terms, coming, on, rules=rules, tax_on=on)
            covered |= set(coming)
        changes.append(change)
        terms = change.terms
    return History(start, tuple(changes))


def days_of(terms: Sequence[PaidTerm]) -> list[date]:
    first = min(min(term.period.start, term.paid_on) for term in terms)
    last = max(term.period.end for term in terms)
    return [first + timedelta(days=i) for i in range(-1, (last - first).days + 2)]


# --- earned by the day ------------------------------------------------------------------------------------------------


@pytest.mark.rule(EARNED_BY_THE_DAY)
@given(histories(), st.sampled_from(Basis))
def test_earned_and_unearned_add_up_to_paid_and_never_fall(history: History, basis: Basis) -> None:
    terms = history.changes[-1].terms if history.changes else history.terms
    before = None
    for on in days_of(terms):
        now = earned(terms, on, currency="CNY", basis=basis)
        assert now.earned + now.unearned == now.paid
        assert yuan(0) <= now.earned <= now.paid
        assert before is None or before <= now.earned
        before = now.earned
    assert now.unearned == yuan(0)


@pytest.mark.rule(EARNED_BY_THE_DAY)
@given(histories())
def test_what_is_paid_is_every_payment_less_every_refund_so_far(history: History) -> None:
    terms = history.changes[-1].terms if history.changes else history.terms
    for on in days_of(terms):
        paid = sum(term.amount.gross.minor for term in history.terms if term.paid_on <= on)
        for change in history.changes:
            if change.on <= on:
                paid += change.total.gross.minor * (1 if change.kind is ChangeKind.ADDED else -1)
        assert earned(terms, on, currency="CNY").paid.minor == paid


@pytest.mark.rule(EARNED_BY_THE_DAY)
@given(histories(), st.sampled_from(Basis))
def test_a_change_alters_no_day_before_it(history: History, basis: Basis) -> None:
    terms = history.terms
    for change in history.changes:
        for on in days_of(change.terms):
            if on < change.on:
                after = earned(change.terms, on, currency="CNY", basis=basis)
                assert after == earned(terms, on, currency="CNY", basis=basis)
        terms = change.terms


@pytest.mark.rule(EARNED_BY_THE_DAY)
@given(st.integers(1, 9), st.integers(-3, 430))
def test_a_day_earns_its_share(vehicles: int, offset: int) -> None:
    served = max(0, min(offset + 1, 425))
    expected = half_up(Fraction(60000 * vehicles * served, 425))
    assert earned(contract(vehicles, paid_on=day(-30)), day(offset), currency="CNY").earned.minor == expected


@pytest.mark.rule(EARNED_BY_THE_DAY)
def test_the_first_and_the_last_day() -> None:
    terms = contract(1)
    assert earned(terms, day(-1), currency="CNY").paid == yuan(0)
    first = earned(terms, START, currency="CNY")
    assert (first.paid, first.earned, first.unearned) == (yuan(600), yuan("1.41"), yuan("598.59"))
    assert (first.on, first.rule) == (START, EARNED_BY_THE_DAY)
    assert earned(terms, date(2025, 3, 29), currency="CNY").earned == yuan("598.59")
    assert earned(terms, date(2025, 3, 30), currency="CNY").earned == yuan(600)
    net = earned(terms, date(2025, 3, 30), currency="CNY", basis=Basis.NET)
    assert net.paid == net.earned == yuan("512.82")
    assert earned((), START, currency="CNY").paid == yuan(0)


@pytest.mark.rule(EARNED_BY_THE_DAY)
def test_nothing_is_earned_before_it_is_paid_and_then_it_is_made_up() -> None:
    terms = contract(1, paid_on=day(9))
    assert earned(terms, day(8), currency="CNY").earned == yuan(0)
    assert earned(terms, day(9), currency="CNY").earned == yuan("14.12")  # ten days


@pytest.mark.rule(EARNED_BY_THE_DAY)
def test_a_refund_for_days_before_the_payment_counts_with_the_payment() -> None:
    terms = remove_vehicles(contract(1, paid_on=day(9)), fleet(1), day(5)).terms
    assert earned(terms, day(8), currency="CNY").paid == yuan(0)
    assert earned(terms, day(9), currency="CNY").paid == yuan("7.06")  # five days, the refund rounded down
    assert earned(terms, day(9), currency="CNY").earned == yuan("7.06")


@pytest.mark.rule(EARNED_BY_THE_DAY)
@given(histories(), st.lists(st.integers(1, 40), min_size=1, max_size=6), st.sampled_from(Basis))
def test_what_is_earned_in_adjoining_periods_adds_up(history: History, lengths: list[int], basis: Basis) -> None:
    terms = history.changes[-1].terms if history.changes else history.terms
    on, parts = day(-5), []
    for length in lengths:
        parts.append(earned_in(terms, Period(on, on + timedelta(days=length)), currency="CNY", basis=basis))
        on += timedelta(days=length)
    assert total(parts, "CNY") == earned_in(terms, Period(day(-5), on), currency="CNY", basis=basis)


@pytest.mark.rule(EARNED_BY_THE_DAY)
def test_a_month_earns_its_days() -> None:
    terms = contract(1, paid_on=day(-30))
    assert earned_in(terms, Period(date(2024, 2, 1), date(2024, 3, 1)), currency="CNY") == yuan("40.94")  # 29 days
    assert earned_in(terms, Period(date(2024, 2, 1), date(2024, 3, 1)), currency="CNY", basis=Basis.NET) == yuan(
        "34.99"
    )
    assert earned_in(terms, Period(date.min, date.max), currency="CNY") == yuan(600)


# --- vehicles added and removed ---------------------------------------------------------------------------------------


@pytest.mark.rule(VEHICLES_CHANGE)
@given(histories())
def test_the_lines_and_shares_of_a_change_add_up(history: History) -> None:
    for change in history.changes:
        for parts in ([line.amount for line in change.lines], [share.amount for share in change.shares]):
            for of in ("gross", "net", "tax"):
                assert total([getattr(part, of) for part in parts], "CNY") == getattr(change.total, of)
            assert all(part.net + part.tax == part.gross and yuan(0) <= part.net for part in parts)
        assert all(line.rule is VEHICLES_CHANGE for line in change.lines)
        assert all(line.vehicles == len(change.shares) for line in change.lines if line.kind is ChangeKind.ADDED)


@pytest.mark.rule(VEHICLES_CHANGE)
@given(st.integers(-5, 424), st.integers(1, 5))
def test_a_vehicle_added_pays_for_the_days_that_are_left(offset: int, n: int) -> None:
    coming = [f"new_{i}" for i in range(n)]
    change = add(contract(2), coming, day(offset))
    left = min(425, 425 - offset)
    assert change.total.gross.minor == n * half_up(Fraction(60000 * left, 425))
    assert [share.vehicle for share in change.shares] == coming
    (line,) = change.lines
    assert (line.kind, line.days, line.of_days, line.each) == (ChangeKind.ADDED, left, 425, yuan(600))
    new = change.terms[-1]
    assert (new.period, new.paid_on) == (Period(day(max(offset, 0)), date(2025, 3, 31)), day(offset))
    assert change.terms[:-1] == contract(2)
    one_by_one = [add(contract(2), [vehicle], day(offset)).total.gross for vehicle in coming]
    assert total(one_by_one, "CNY") == change.total.gross


@pytest.mark.rule(VEHICLES_CHANGE)
@given(st.integers(-5, 424), st.integers(1, 5))
def test_a_vehicle_removed_gets_back_the_days_that_are_left(offset: int, n: int) -> None:
    change = remove_vehicles(contract(5), fleet(n), day(offset))
    left = min(425, 425 - offset)
    assert change.total.gross.minor == math.floor(Fraction(60000 * n * left, 425))
    assert [share.vehicle for share in change.shares] == list(fleet(n))
    (line,) = change.lines
    assert (line.kind, line.days, line.of_days, line.each) == (ChangeKind.REMOVED, left, 425, yuan(600))
    stopped = [term for term in change.terms if term.stop is not None]
    assert [share.vehicle for term in stopped for share in term.shares] == list(fleet(n))
    going_on = [term for term in change.terms if term.stop is None]
    assert [share.vehicle for term in going_on for share in term.shares] == list(fleet(5)[n:])
    assert (change.kind, change.on) == (ChangeKind.REMOVED, day(offset))


@pytest.mark.rule(VEHICLES_CHANGE)
@given(st.integers(-5, 424))
def test_added_and_removed_on_the_same_day_costs_nothing(offset: int) -> None:
    added = add(contract(1), ["new_1", "new_2"], day(offset))
    removed = remove_vehicles(added.terms, ["new_2", "new_1"], day(offset))
    assert removed.total == added.total
    assert earned(removed.terms, day(offset), currency="CNY") == earned(contract(1), day(offset), currency="CNY")


@pytest.mark.rule(VEHICLES_CHANGE)
def test_the_arithmetic_is_shown() -> None:
    added = add(contract(1), ["new"], day(200))
    assert added.lines[0].text.en == "added: 600.00 CNY × 225/425 × 1 = 317.65 CNY"
    assert added.lines[0].text.zh == "增加：600.00 CNY × 225/425 × 1 = 317.65 CNY"
    removed = remove_vehicles(contract(2), fleet(2), day(200))
    assert removed.lines[0].text.en == "removed, paid back: 600.00 CNY × 225/425 × 2 = 635.29 CNY"
    assert removed.lines[0].text.zh == "减少，退还：600.00 CNY × 225/425 × 2 = 635.29 CNY"
    assert added.total.tax == yuan("46.15")
    assert removed.total.net + removed.total.tax == removed.total.gross
    assert removed.total.net == yuan("542.98")  # 1025.64 × 225/425, rounded down


@pytest.mark.rule(VEHICLES_CHANGE)
def test_the_price_of_a_later_vehicle_is_that_of_the_whole_term() -> None:
    first = add(contract(1), ["early"], day(100))
    gone = remove_vehicles(first.terms, ["veh_0", "early"], day(150))
    late = add(gone.terms, ["late"], day(200))
    assert late.total == add(contract(1), ["late"], day(200)).total
    assert len(late.lines) == 1


@pytest.mark.rule(VEHICLES_CHANGE)
def test_a_term_paid_ahead_is_changed_with_the_present_one() -> None:
    ahead = extend(YEAR.service, 12, 2, paid_on=day(10), rules=HOUSE)
    again = paid_term(quote(HOUSE, "yearly", fleet(2), 12, tax_on=TODAY), ahead.period, paid_on=day(10))
    terms = (*contract(2), again)
    added = add(terms, ["new"], day(200))
    assert [line.amount.gross for line in added.lines] == [yuan("317.65"), yuan(600)]
    assert [share.amount.gross for share in added.shares] == [yuan("917.65")]
    assert [term.period.start for term in added.terms[2:]] == [day(200), ahead.period.start]
    removed = remove_vehicles(terms, ["veh_1"], day(200))
    assert [line.amount.gross for line in removed.lines] == [yuan("317.64"), yuan(600)]
    assert earned(removed.terms, date(2027, 1, 1), currency="CNY").earned == yuan("1482.36")
    # In the second term only that one is touched: the first is over.
    late = remove_vehicles(terms, ["veh_1"], ahead.period.start)
    assert [line.amount.gross for line in late.lines] == [yuan(600)]
    assert late.terms[0] == terms[0]
    assert [line.days for line in add(terms, ["new"], ahead.period.start).lines] == [ahead.period.days]


@pytest.mark.rule(VEHICLES_CHANGE)
def test_a_vehicle_comes_back_only_when_it_is_gone() -> None:
    gone = remove_vehicles(contract(2), ["veh_0"], day(100)).terms
    with pytest.raises(AlreadyCovered):
        add(gone, ["veh_0"], day(99))
    back = add(gone, ["veh_0"], day(100))
    assert back.lines[0].days == 325
    with pytest.raises(NotCovered):
        remove_vehicles(gone, ["veh_0"], day(50))
    assert remove_vehicles(back.terms, ["veh_0"], day(100)).total == back.total


@pytest.mark.rule(VEHICLES_CHANGE)
def test_a_vehicle_that_was_not_renewed_is_gone_with_the_end_of_its_term() -> None:
    ahead = extend(YEAR.service, 12, 2, paid_on=day(10), rules=HOUSE)
    terms = (*contract(2), paid_term(quote(HOUSE, "yearly", fleet(1), 12, tax_on=TODAY), ahead.period, paid_on=day(10)))
    with pytest.raises(NotCovered):
        remove_vehicles(terms, ["veh_1"], ahead.period.start)
    assert add(terms, ["veh_1"], ahead.period.start).total.gross == yuan(600)
    with pytest.raises(AlreadyCovered):
        add(terms, ["veh_1"], ahead.period.start - timedelta(days=1))


@pytest.mark.rule(VEHICLES_CHANGE)
def test_the_tax_of_an_added_vehicle_is_that_of_its_day_and_of_a_removed_one_that_it_paid() -> None:
    rules = attrs.evolve(HOUSE, tax=(TaxRate(date(2000, 1, 1), Decimal("0.17")), TaxRate(day(100), Decimal("0.13"))))
    change = add_vehicles(contract(1), ["new"], day(0), rules=rules, tax_on=day(100))
    assert change.total.tax == yuan("69.03")
    assert remove_vehicles(change.terms, ["new"], day(0)).total.tax == yuan("69.03")
    assert remove_vehicles(change.terms, ["veh_0"], day(0)).total.tax == yuan("87.18")


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(VEHICLES_CHANGE)
@pytest.mark.parametrize(
    ("vehicles", "on", "error", "facts"),
    [
        ([], day(5), NoVehicles, {"given": 0}),
        (["a", "a"], day(5), DuplicateVehicle, {"given": 2}),
        ([""], day(5), InvalidVehicle, {"given": "str"}),
        (["new"], date(2025, 3, 31), ChangeOutsideTerm, {"at": date(2025, 3, 31)}),
        (["new"], datetime(2024, 3, 1, tzinfo=UTC), NotADate, {"field": "on"}),
        (["new"], "2024-03-01", NotADate, {"field": "on"}),
    ],
)
def test_a_bad_change_has_a_name_and_changes_nothing(
    vehicles: list[str], on: Any, error: type[InvalidValue], facts: dict[str, object]
) -> None:
    with pytest.raises(error) as added:
        add_vehicles(contract(1), vehicles, on, rules=HOUSE, tax_on=TODAY)
    with pytest.raises(error) as removed:
        remove_vehicles(contract(1), vehicles, on)
    for caught in (added, removed):
        assert facts.items() <= caught.value.facts.items()


@pytest.mark.rule(VEHICLES_CHANGE, EARNED_BY_THE_DAY)
def test_what_a_contract_does_not_cover() -> None:
    terms = contract(2)
    with pytest.raises(AlreadyCovered) as caught:
        add(terms, ["new", "veh_1", "veh_0"], day(5))
    assert caught.value.facts == {"quantity": 2, "at": day(5)}
    assert "veh_1" not in str(caught.value)
    with pytest.raises(NotCovered) as missing:
        remove_vehicles(terms, ["veh_0", "other"], day(5))
    assert missing.value.facts == {"quantity": 1, "at": day(5)}
    with pytest.raises(TaxRateUnknown):
        add_vehicles(terms, ["new"], day(5), rules=HOUSE, tax_on=date(1993, 1, 1))
    rented = paid_term(quote(HOUSE, "rent", ["r"], 6, tax_on=TODAY), Period(day(420), day(600)), paid_on=START)
    with pytest.raises(TermsOverlap) as overlap:
        add((*terms, rented), ["new"], day(5))
    assert overlap.value.facts == {"given": day(420), "minimum": day(425)}
    after = attrs.evolve(rented, period=Period(day(425), day(600)), whole=Period(day(425), day(600)))
    assert len(add((after, *terms), ["new"], day(5)).lines) == 2
    empties: tuple[Callable[[], object], ...] = (
        lambda: add((), ["new"], day(5)),
        lambda: remove_vehicles((), ["new"], day(5)),
    )
    for empty in empties:
        with pytest.raises(ChangeOutsideTerm):
            empty()


@pytest.mark.rule(EARNED_BY_THE_DAY)
def test_revenue_is_of_one_currency_and_on_a_date() -> None:
    for paid_on in (day(0), day(10)):
        with pytest.raises(CurrencyMismatch):
            earned(contract(1, paid_on=paid_on), START, currency="USD")
    with pytest.raises(NotADate):
        earned(contract(1), datetime(2024, 3, 1, tzinfo=UTC), currency="CNY")
    with pytest.raises(NotADate):
        contract(1, paid_on="2024-03-01")  # type: ignore[arg-type]
