"""INV-04: exact quantities, and values that cannot be."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.inventory.values import (
    INVENTORY_RULES,
    LARGEST,
    InexactQuantity,
    InvalidLot,
    InvalidQuantity,
    InvalidRequest,
    InvalidReservation,
    InventoryRules,
    Lot,
    Measure,
    QuantityNotPositive,
    QuantityTooLarge,
    QuantityTooPrecise,
    Request,
    Reservation,
    Strategy,
    whole,
)
from csdomain.kernel.rules.errors import InvalidValue, NaiveTime
from csdomain.kernel.values.money import Money

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LOT: dict[str, Any] = {"id": "a", "product": "prd", "received": NOW, "quantity": 3, "cost": Money(5, "CNY")}
RESERVATION: dict[str, Any] = {"id": "r", "owner": "ord", "product": "prd", "quantity": 3, "expires": NOW}
NOT_WHOLE: list[object] = [True, False, 1.0, float("nan"), float("inf"), Decimal(1), Decimal("NaN"), "1", None]
WRONG: list[tuple[object, type[InvalidQuantity]]] = [
    *((value, InexactQuantity) for value in NOT_WHOLE),
    (0, QuantityNotPositive),
    (-1, QuantityNotPositive),
    (-LARGEST, QuantityNotPositive),
    (LARGEST + 1, QuantityTooLarge),
    (10**30, QuantityTooLarge),
]


def lot(**more: Any) -> Lot:
    return Lot(**(LOT | more))


def reservation(**more: Any) -> Reservation:
    return Reservation(**(RESERVATION | more))


@pytest.mark.rule("INV-04", "INV-05", "INV-15")
@pytest.mark.parametrize("make", [lambda q: Request("prd", q), lambda q: reservation(quantity=q), whole])
@pytest.mark.parametrize(("quantity", "error"), WRONG, ids=repr)
def test_a_quantity_that_is_none_is_refused_by_name(
    make: Callable[[Any], object], quantity: object, error: type[InvalidQuantity]
) -> None:
    with pytest.raises(error) as refused:
        make(quantity)
    assert type(refused.value) is error
    assert refused.value.facts["field"] == "quantity"
    assert refused.value.rule.id == "INV-04"
    assert refused.value.render("zh") != refused.value.render("en")


@pytest.mark.rule("INV-04")
@pytest.mark.parametrize("quantity", [1, 2, LARGEST])
def test_a_quantity_is_taken_as_it_is(quantity: int) -> None:
    assert whole(quantity) == Request("prd", quantity).quantity == reservation(quantity=quantity).quantity == quantity
    assert lot(quantity=quantity).quantity == quantity


@pytest.mark.rule("INV-04")
@pytest.mark.parametrize(("quantity", "error"), [pair for pair in WRONG if pair[0] != 0 or pair[0] is False], ids=repr)
def test_a_lot_has_a_quantity_or_is_empty(quantity: object, error: type[InvalidQuantity]) -> None:
    assert lot(quantity=0, cost=Money(0, "CNY")).quantity == 0
    with pytest.raises(error):
        lot(quantity=quantity, cost=Money(0, "CNY"))


@pytest.mark.rule("INV-04")
@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": 7},
        {"id": "a\0"},
        {"product": ""},
        {"product": None},
        {"cost": Money(-1, "CNY")},
        {"cost": 5},
        {"cost": Decimal(5)},
        {"quantity": 0, "cost": Money(1, "CNY")},
        {"expires": "2026-01-01"},
        {"expires": NOW},
        {"quarantined": 1},
        {"quarantined": None},
    ],
    ids=repr,
)
def test_a_lot_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    assert isinstance(lot(), Lot)
    with pytest.raises(InvalidLot) as refused:
        lot(**wrong)
    assert refused.value.facts["field"] in (*wrong, "cost")
    if "cost" in wrong:
        cost = wrong["cost"]
        assert refused.value.facts["given"] == (cost if isinstance(cost, Money) else type(cost).__name__)


@pytest.mark.rule("INV-04", "INV-15")
def test_a_time_needs_its_zone_and_a_receipt_is_kept_in_utc() -> None:
    naive = NOW.replace(tzinfo=None)
    for make in (
        lambda: lot(received=naive),
        lambda: reservation(expires=naive),
        lambda: lot(received=date(2026, 1, 1)),
    ):
        with pytest.raises(NaiveTime):
            make()
    shanghai = NOW.astimezone(ZoneInfo("Asia/Shanghai"))
    assert lot(received=shanghai) == lot(received=NOW)
    assert lot(received=shanghai).received.tzinfo is UTC


@pytest.mark.rule("INV-15")
@pytest.mark.parametrize("wrong", [{"id": ""}, {"owner": ""}, {"owner": None}, {"product": 1}, {"lot": ""}], ids=repr)
def test_a_reservation_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidReservation):
        reservation(**wrong)


@pytest.mark.rule("INV-15")
def test_a_reservation_holds_until_its_instant() -> None:
    assert reservation().holds(NOW - timedelta(microseconds=1))
    assert not reservation().holds(NOW)
    assert reservation(lot="a").lot == "a"


@pytest.mark.rule("INV-05")
@pytest.mark.parametrize("wrong", [{"product": ""}, {"owner": ""}, {"lot": ""}, {"all_or_nothing": 1}], ids=repr)
def test_a_request_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        attrs.evolve(Request("prd", 1, "ord"), **wrong)
    assert refused.value.facts["field"] in wrong


@pytest.mark.rule("INV-05")
def test_all_or_nothing_and_the_lot_are_said_by_name() -> None:
    make: Callable[..., Request] = Request
    for more in ((True,), (True, "lot")):
        with pytest.raises(TypeError):
            make("prd", 1, "ord", *more)
    with pytest.raises(TypeError):
        make("prd", 1, "ord", "lot", all_or_nothing=True)


# --- measures ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("INV-04")
@given(st.integers(1, 10**6), st.integers(1, 10**12))
def test_units_and_smallest_units_are_each_others_inverse(smallest: int, quantity: int) -> None:
    measure = Measure("box", smallest)
    assert measure.quantity(measure.units(quantity)) == quantity
    assert measure.quantity(Fraction(quantity, smallest)) == quantity
    with pytest.raises(QuantityTooPrecise):
        measure.quantity(Fraction(2 * quantity + 1, 2 * smallest))


@pytest.mark.rule("INV-04")
@pytest.mark.parametrize(
    ("units", "quantity"), [(1, 1000), ("1.5", 1500), ("+0.001", 1), (Decimal("1E+3"), 10**6), (Fraction(1, 8), 125)]
)
def test_a_decimal_is_taken_exactly(units: Any, quantity: int) -> None:
    assert Measure("kg", 1000).quantity(units) == quantity


@pytest.mark.rule("INV-04")
@pytest.mark.parametrize(
    ("units", "error"),
    [
        ("0.0005", QuantityTooPrecise),
        (Decimal("1E-999999999"), QuantityTooPrecise),
        (Fraction(1, 3), QuantityTooPrecise),
        (Decimal("1E+999999999"), QuantityTooLarge),
        (Decimal("-1E+999999999"), QuantityTooLarge),
        ("9223372036854775.808", QuantityTooLarge),
        (10**30, QuantityTooLarge),
        ("9" * 40, QuantityTooLarge),
        ("9" * 41, InexactQuantity),
        (0, QuantityNotPositive),
        ("0.000", QuantityNotPositive),
        (Decimal("0E-999999"), QuantityNotPositive),
        (Decimal("0E+999999"), QuantityNotPositive),
        (Decimal("0E-999999999"), QuantityNotPositive),
        ("-1", QuantityNotPositive),
        (1.5, InexactQuantity),
        (True, InexactQuantity),
        (None, InexactQuantity),
        (Decimal("NaN"), InexactQuantity),
        (Decimal("-Infinity"), InexactQuantity),
        ("NaN", InexactQuantity),
        ("1e3", InexactQuantity),
        ("一", InexactQuantity),
        ("", InexactQuantity),
    ],
    ids=repr,
)
def test_units_that_are_none_are_refused_by_name(units: Any, error: type[InvalidQuantity]) -> None:
    with pytest.raises(error) as refused:
        Measure("kg", 1000).quantity(units)
    assert type(refused.value) is error
    facts = refused.value.facts
    assert facts.get("field") == "quantity" or facts.get("given") == str(units)
    if error is QuantityNotPositive:
        assert facts["given"] == 1000 * int(Decimal(units))
    if isinstance(units, Decimal) and error is QuantityTooPrecise:
        assert facts["field"] == "quantity"


@pytest.mark.rule("INV-04")
def test_forty_decimals_are_read_and_no_more() -> None:
    assert Measure("kg", 1000).quantity(Decimal("1." + 40 * "0")) == 1000
    with pytest.raises(QuantityTooPrecise) as refused:
        Measure("kg", 1000).quantity(Decimal("1." + 41 * "0"))
    assert refused.value.facts["maximum"] == 40


@pytest.mark.rule("INV-04")
def test_the_largest_of_a_measure_is_the_largest_quantity() -> None:
    assert Measure("kg", 1000).quantity("9223372036854775.807") == LARGEST
    assert Measure("piece").quantity(LARGEST) == LARGEST
    assert Measure("piece").units(0) == 0
    with pytest.raises(QuantityNotPositive):
        Measure("piece").units(-1)
    with pytest.raises(QuantityTooPrecise) as refused:
        Measure("box", 30).quantity("0.01")
    assert "1/30 box" in str(refused.value)


@pytest.mark.rule("INV-04")
@pytest.mark.parametrize(("unit", "smallest"), [("", 1), ("box", 0), ("box", True), ("box", LARGEST + 1)])
def test_a_measure_that_cannot_be_is_refused(unit: str, smallest: int) -> None:
    with pytest.raises(InvalidValue):
        Measure(unit, smallest)


@pytest.mark.rule("INV-05")
@pytest.mark.parametrize("days", [-1, True, 1.0, None], ids=repr)
def test_house_rules_are_typed(days: Any) -> None:
    assert issubclass(INVENTORY_RULES.type, InventoryRules)
    assert INVENTORY_RULES.name == "inventory"
    zero = InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=0)
    assert isinstance(zero, InventoryRules)
    with pytest.raises(InvalidQuantity) as refused:
        InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=days)
    assert refused.value.facts["field"] == "refill_reminder_days"
