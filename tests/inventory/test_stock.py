"""INV-04: the stock as a value: lots are checked, sorted and never merged; what leaves it and comes back adds up."""

from unittest.mock import ANY

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.inventory.policies import Stock, allocate, undo
from csdomain.inventory.values import (
    DuplicateLot,
    InvalidQuantity,
    Line,
    Lot,
    QuantityNotPositive,
    Request,
    ReturnTooLarge,
    UnknownLot,
)
from csdomain.kernel.values.money import CurrencyMismatch, Money, UnknownCurrency

from .allocation_oracle import AT, FIFO, SHANGHAI, Scenario, given_by, lot, lots, run, scenarios


@pytest.mark.rule("INV-04")
@given(lots())
def test_a_stock_keeps_every_lot_as_it_is(rows: tuple[Lot, ...]) -> None:
    stock = Stock(rows, "CNY")
    assert sorted(stock.lots, key=lambda row: row.id) == sorted(rows, key=lambda row: row.id)
    for shelf in stock.shelves.values():
        assert list(shelf.lots) == sorted(shelf.lots, key=lambda row: (row.received, row.id))
    assert set(stock.shelves) == {row.product for row in rows}
    assert stock == Stock(reversed(rows), "CNY")
    assert stock != Stock(rows[1:], "CNY") or not rows
    assert stock != rows
    assert stock == ANY  # what it does not know may know it
    assert f"{len(rows)} lots" in repr(stock)


@pytest.mark.rule("INV-04")
@given(st.lists(st.integers(1, 99), unique=True, min_size=5, max_size=9))
def test_a_stock_lies_product_by_product(numbers: list[int]) -> None:
    rows = [attrs.evolve(lot(f"lot_{i}", 1), product=f"prd_{number:02}") for i, number in enumerate(numbers)]
    assert [row.product for row in Stock(rows, "CNY").lots] == sorted(f"prd_{number:02}" for number in numbers)


@pytest.mark.rule("INV-04")
def test_the_callers_list_is_left_alone() -> None:
    rows = [lot("b", 1, days=1), lot("a", 1, days=2)]
    Stock(rows, "CNY")
    assert [row.id for row in rows] == ["b", "a"]


@pytest.mark.rule("INV-04")
def test_a_lot_that_is_there_twice_is_refused() -> None:
    twice = [lot("a", 1), lot("b", 1), attrs.evolve(lot("b", 2), product="other")]
    with pytest.raises(DuplicateLot) as refused:
        Stock(twice, "CNY")
    assert refused.value.facts == {"lot": "b"}


@pytest.mark.rule("INV-04")
def test_a_stock_has_one_currency() -> None:
    with pytest.raises(CurrencyMismatch) as mixed:
        Stock([lot("a", 1), attrs.evolve(lot("b", 1), cost=Money(1, "USD"))], "CNY")
    assert mixed.value.facts == {"expected": "CNY", "given": "USD"}
    with pytest.raises(CurrencyMismatch):
        Stock([lot("a", 1)], "USD")
    with pytest.raises(UnknownCurrency):
        Stock([], "YUAN")
    assert Stock([], "CNY") != Stock([], "USD")


@pytest.mark.rule("INV-04")
def test_lines_leave_lots_that_are_there_and_have_enough() -> None:
    stock = Stock([lot("a", 3, 10)], "CNY")
    assert stock.without([Line(lot("a", 3, 10), 1, Money(3, "CNY"))]).lots[0] == lot("a", 2, 7)
    assert stock.with_back([Line(lot("a", 3, 10), 1, Money(3, "CNY"))]).lots[0] == lot("a", 4, 13)
    with pytest.raises(UnknownLot) as unknown:
        stock.without([Line(lot("b", 3), 1, Money(0, "CNY"))])
    assert unknown.value.facts == {"lot": "b"}
    with pytest.raises(QuantityNotPositive):
        stock.without([Line(lot("a", 3), 4, Money(10, "CNY"))])
    assert stock.lots[0] == lot("a", 3, 10)


# --- returns ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("INV-05")
@given(scenarios(), st.data())
def test_an_undone_allocation_leaves_no_trace(scenario: Scenario, data: st.DataObject) -> None:
    stock = Stock(scenario.lots, "CNY")
    outcome = allocate(
        stock, scenario.requests, at=AT, zone=scenario.zone, rules=scenario.rules, reservations=scenario.reservations
    )
    left = outcome.left
    for allocation in data.draw(st.permutations(outcome.allocations)):
        kept = allocation
        while kept.taken:
            if data.draw(st.booleans()):
                back: int | dict[str, int] = data.draw(st.integers(1, kept.taken))
            else:
                line = data.draw(st.sampled_from(kept.lines))
                back = {line.lot.id: data.draw(st.integers(1, line.quantity))}
            undone = undo(kept, back)
            asked = back if isinstance(back, int) else sum(back.values())
            assert sum(line.quantity for line in undone.returned) == asked == kept.taken - undone.kept.taken
            assert sum(line.cost.minor for line in undone.returned) + undone.kept.value.minor == kept.value.minor
            for line in undone.returned:
                was = next(of for of in kept.lines if of.lot == line.lot)
                assert line.cost == was.cost.split([line.quantity, was.quantity - line.quantity])[0]
            if isinstance(back, int):
                assert given_by(undone.kept) == before_the_last(given_by(kept), back)
            else:
                assert {line.lot.id: line.quantity for line in undone.returned} == back
            left, kept = left.with_back(undone.returned), undone.kept
    assert left == stock


def before_the_last(given: list[tuple[str, int]], units: int) -> list[tuple[str, int]]:
    """What is left when the last ``units`` units, one after the other, are struck off."""
    one_by_one = [id_ for id_, quantity in given for _ in range(quantity)][:-units]
    return [(id_, one_by_one.count(id_)) for id_, _ in given if id_ in one_by_one]


@pytest.mark.rule("INV-05")
def test_all_comes_back_where_nothing_else_is_said() -> None:
    got = run([lot("a", 3, 10, days=2), lot("b", 3, 11)], Request("prd", 5, "ord"))[0]
    undone = undo(got)
    assert undone.returned == got.lines
    assert (undone.kept.taken, undone.kept.lots, undone.kept.request) == (0, (), got.request)
    assert undo(undone.kept).returned == ()
    assert undo(got, {}).kept == got


@pytest.mark.rule("INV-05")
def test_a_quantity_comes_back_from_the_lots_drawn_last() -> None:
    got = run([lot("a", 3, 10, days=12), lot("b", 3, 11)], Request("prd", 5))[0]
    assert given_by(got) == [("a", 3), ("b", 2)]
    assert given_by(undo(got, 1).kept) == [("a", 3), ("b", 1)]
    assert given_by(undo(got, 3).kept) == [("a", 2)]
    assert [line.cost.minor for line in undo(got, 3).returned] == [3, 7]


@pytest.mark.rule("INV-05")
def test_never_more_comes_back_than_was_taken() -> None:
    got = run([lot("a", 3, 10, days=12), lot("b", 3, 11)], Request("prd", 5))[0]
    of_lot = {"lot": "b", "given": 3, "maximum": 2}
    for back, facts in ((6, {"given": 6, "maximum": 5}), ({"b": 3}, of_lot), ({"a": 3, "b": 3}, of_lot)):
        with pytest.raises(ReturnTooLarge) as refused:
            undo(got, back)
        assert refused.value.facts == facts
    with pytest.raises(ReturnTooLarge):
        undo(undo(got, 1).kept, 5)
    with pytest.raises(UnknownLot) as unknown:
        undo(got, {"c": 1})
    assert unknown.value.facts == {"lot": "c"}
    for wrong in (0, -1, True, 1.0):
        with pytest.raises(InvalidQuantity):
            undo(got, wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidQuantity):
            undo(got, {"a": wrong})  # type: ignore[dict-item]


@pytest.mark.rule("INV-05")
def test_what_came_back_can_be_given_again() -> None:
    stock = Stock([lot("a", 3, 10)], "CNY")
    outcome = allocate(stock, [Request("prd", 3)], at=AT, zone=SHANGHAI, rules=FIFO)
    assert outcome.left.lots[0] == lot("a", 0, 0)
    again = outcome.left.with_back(undo(outcome[0], 2).returned)
    got = allocate(again, [Request("prd", 3, all_or_nothing=False)], at=AT, zone=SHANGHAI, rules=FIFO)[0]
    assert (given_by(got), got.costs) == ([("a", 2)], (7,))
