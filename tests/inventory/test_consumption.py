"""ORD-02: how long goods last, counted a day at a time, and when an order is due again."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.inventory.policies import Consumption, DateTooLate, InvalidConsumption, refill
from csdomain.inventory.values import LARGEST, InvalidQuantity, InventoryRules, Measure, Strategy

RULES = InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=7)
ARRIVED = date(2026, 1, 1)


def goods(**more: Any) -> Consumption:
    usual: dict[str, Any] = {
        "product": "prd",
        "quantity": 2,
        "measure": Measure("box"),
        "content_per_unit": 60,
        "daily_dose": 3,
        "reached_on": ARRIVED,
    }
    return Consumption(**(usual | more))


parts = st.fractions(min_value=Fraction(1, 8), max_value=40, max_denominator=8)


@pytest.mark.rule("ORD-02")
@given(st.integers(1, 60), st.integers(1, 30), parts, parts, st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_goods_run_out_on_the_first_day_without_a_whole_dose(
    quantity: int, smallest: int, content: Fraction, dose: Fraction, arrived: date
) -> None:
    of = goods(
        quantity=quantity,
        measure=Measure("box", smallest),
        content_per_unit=content,
        daily_dose=dose,
        reached_on=arrived,
    )
    left, day = content / smallest * quantity, arrived
    assert of.content == left
    assert of.days * dose == left
    while left >= dose:
        left -= dose
        day += timedelta(days=1)
    assert of.runs_out_on == day


@pytest.mark.rule("ORD-02")
@pytest.mark.parametrize(
    ("more", "days", "runs_out", "arithmetic"),
    [
        ({}, 40, date(2026, 2, 10), "2 box × 60 ÷ 3 = 40 days"),
        ({"daily_dose": "1.5"}, 80, date(2026, 3, 22), "2 box × 60 ÷ 1.5 = 80 days"),
        ({"daily_dose": 7}, Fraction(120, 7), date(2026, 1, 18), "2 box × 60 ÷ 7 = 120/7 days"),
        ({"daily_dose": Decimal("0.1"), "quantity": 1}, 600, date(2027, 8, 24), "1 box × 60 ÷ 0.1 = 600 days"),
        ({"quantity": 45, "measure": Measure("box", 30)}, 30, date(2026, 1, 31), "1.5 box × 60 ÷ 3 = 30 days"),
        ({"daily_dose": 120}, 1, date(2026, 1, 2), "2 box × 60 ÷ 120 = 1 days"),
        ({"daily_dose": 121}, Fraction(120, 121), ARRIVED, "2 box × 60 ÷ 121 = 120/121 days"),
        ({"content_per_unit": 10, "daily_dose": 1}, 20, date(2026, 1, 21), "2 box × 10 ÷ 1 = 20 days"),
        (
            {"content_per_unit": 1, "daily_dose": 2**16},
            Fraction(1, 2**15),
            ARRIVED,
            "2 box × 1 ÷ 65536 = 0.000030517578125 days",
        ),
        (
            {"content_per_unit": 1, "daily_dose": 2**17},
            Fraction(1, 2**16),
            ARRIVED,
            "2 box × 1 ÷ 131072 = 1/65536 days",
        ),
    ],
)
def test_the_sum_is_exact_and_shown(more: dict[str, Any], days: Fraction, runs_out: date, arithmetic: str) -> None:
    of = goods(**more)
    assert (of.days, of.runs_out_on, of.arithmetic.en) == (days, runs_out, arithmetic)
    assert of.arithmetic.zh == arithmetic.replace(" days", " 天")


@pytest.mark.rule("ORD-02")
@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 40)), min_size=1, max_size=5), st.integers(0, 30))
def test_an_order_is_due_again_with_the_first_of_its_goods(lines: list[tuple[int, int]], before: int) -> None:
    of = [
        goods(product=f"prd_{i}", quantity=quantity, content_per_unit=1, daily_dose=1,
              reached_on=ARRIVED + timedelta(days=late))
        for i, (quantity, late) in enumerate(lines)
    ]  # fmt: skip
    rules = InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=before)
    due = refill(of, rules)
    ends = [ARRIVED + timedelta(days=late + quantity) for quantity, late in lines]
    assert due.on == min(ends)
    assert due.first is of[ends.index(due.on)]
    assert due.remind_on == max(due.on - timedelta(days=before), due.first.reached_on)
    assert due.lines == tuple(of)


@pytest.mark.rule("ORD-02")
def test_the_reminder_comes_the_houses_days_before() -> None:
    due = refill([goods()], RULES)
    assert (due.on, due.remind_on) == (date(2026, 2, 10), date(2026, 2, 3))
    assert refill([goods(daily_dose=40)], RULES).remind_on == ARRIVED


@pytest.mark.rule("ORD-02")
@pytest.mark.parametrize("field", ["daily_dose", "content_per_unit"])
@pytest.mark.parametrize(
    "value",
    [0, -1, "0", 1.5, float("nan"), True, None, "x", Decimal("NaN"), Decimal("1E+99999999"), Decimal("1E-99999999"),
     LARGEST + 1],
    ids=repr,
)  # fmt: skip
def test_a_dose_that_is_none_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidConsumption) as refused:
        goods(**{field: value})
    assert refused.value.facts["field"] == field


@pytest.mark.rule("ORD-02")
def test_other_bad_input_is_refused() -> None:
    for quantity in (0, -1, True, 2.0, LARGEST + 1):
        with pytest.raises(InvalidQuantity):
            goods(quantity=quantity)
    for day in (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01", None):
        with pytest.raises(InvalidConsumption) as refused:
            goods(reached_on=day)
        assert refused.value.facts["field"] == "reached_on"
    with pytest.raises(InvalidConsumption) as empty:
        refill([], RULES)
    assert empty.value.facts == {"field": "lines", "given": 0, "minimum": 1}


@pytest.mark.rule("ORD-02")
@pytest.mark.parametrize("quantity", [10**6, LARGEST])
def test_goods_that_outlast_the_calendar_are_refused_by_name(quantity: int) -> None:
    with pytest.raises(DateTooLate) as refused:
        _ = goods(quantity=quantity).runs_out_on
    assert refused.value.facts["product"] == "prd"
    assert refused.value.facts["maximum"] == date.max
    last = goods(reached_on=date(9999, 12, 30), quantity=1, content_per_unit=1, daily_dose=1)
    assert last.runs_out_on == date.max
    assert refill([goods(reached_on=date.min, quantity=1, daily_dose=60)], RULES).remind_on == date.min
