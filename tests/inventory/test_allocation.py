"""INV-05 and INV-15 by example: what an allocation gives, from which lots, in which order, at which cost."""

import copy
import pickle
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given

from csdomain.inventory.policies import InvalidDay, Outcome, Stock, allocate, available, local_date, usable
from csdomain.inventory.values import (
    LARGEST,
    Drawn,
    InvalidReservation,
    InventoryRules,
    LotFromFuture,
    Request,
)
from csdomain.kernel.rules.errors import NaiveTime
from csdomain.kernel.values.money import AmountTooLarge, Money

from .allocation_oracle import (
    AT,
    FEFO,
    FIFO,
    SHANGHAI,
    ZONES,
    Scenario,
    given_by,
    hold,
    lot,
    run,
    scenarios,
)


@pytest.mark.rule("INV-05")
@pytest.mark.parametrize(
    ("expires", "through", "fit"),
    [
        (date(2026, 3, 1), True, False),
        (date(2026, 3, 2), True, True),
        (date(2026, 3, 3), True, True),
        (date(2026, 3, 1), False, False),
        (date(2026, 3, 2), False, False),
        (date(2026, 3, 3), False, True),
        (None, True, True),
        (None, False, True),
        (date.min, True, False),
        (date.max, True, True),
        (date.max, False, True),
    ],
)
def test_usable_through_the_expiry_date_or_before_it(expires: date | None, through: bool, fit: bool) -> None:
    rules = attrs.evolve(FIFO, usable_on_expiry_date=through)
    assert usable(expires, date(2026, 3, 2), rules) is fit
    got = run([lot("a", 1, expires=expires)], Request("prd", 1), rules=rules)[0]
    assert got.complete is fit


@pytest.mark.rule("INV-05")
def test_the_date_is_the_warehouses_own() -> None:
    assert local_date(AT, SHANGHAI) == date(2026, 3, 2)
    assert local_date(AT, ZoneInfo("UTC")) == date(2026, 3, 1)
    lots = [lot("a", 1, expires=date(2026, 3, 1))]
    for zone, taken in ((SHANGHAI, 0), (ZoneInfo("UTC"), 1)):
        outcome = allocate(Stock(lots, "CNY"), [Request("prd", 1)], at=AT, zone=zone, rules=FIFO)
        assert outcome[0].taken == taken
        assert outcome.on == local_date(AT, zone)


@pytest.mark.rule("INV-05")
def test_one_stock_can_be_asked_on_many_days_and_in_both_orders() -> None:
    stock = Stock([lot("a", 1, days=1, expires=date(2026, 3, 3)), lot("b", 1, days=9, expires=date(2026, 3, 5))], "CNY")

    def first(day: int, rules: InventoryRules) -> list[str]:
        at = datetime(2026, 3, day, 12, tzinfo=UTC)
        outcome = allocate(stock, [Request("prd", 2, all_or_nothing=False)], at=at, zone=UTC, rules=rules)
        return [of.id for of in outcome[0].lots]

    assert first(2, FIFO) == ["b", "a"]
    assert first(2, FEFO) == ["a", "b"]
    assert first(4, FEFO) == ["b"]
    assert first(4, FIFO) == ["b"]
    assert first(2, FIFO) == ["b", "a"]
    assert first(6, FIFO) == []


@pytest.mark.rule("INV-05")
def test_the_order_is_total_in_both_strategies() -> None:
    spring, summer = date(2026, 4, 1), date(2026, 7, 1)
    lots = [
        lot("d", 1, days=5, expires=None),
        lot("c", 1, days=5, expires=summer),
        lot("b", 1, days=5, expires=spring),
        lot("a", 1, days=4, expires=spring),
        lot("e", 1, days=6, expires=date.max),
    ]
    everything = Request("prd", 5)
    assert [of.id for of in run(lots, everything)[0].lots] == ["e", "b", "c", "d", "a"]
    assert [of.id for of in run(lots, everything, rules=FEFO)[0].lots] == ["b", "a", "c", "e", "d"]


@pytest.mark.rule("INV-05")
def test_receipts_are_compared_as_instants_whatever_their_zones() -> None:
    noon = datetime(2026, 2, 1, 12, tzinfo=UTC)
    early = attrs.evolve(lot("z", 1), received=noon.astimezone(SHANGHAI))
    late = attrs.evolve(lot("a", 1), received=noon + timedelta(seconds=1))
    assert [of.id for of in run([late, early], Request("prd", 2))[0].lots] == ["z", "a"]


@pytest.mark.rule("INV-05")
def test_lots_of_equal_price_stay_lots() -> None:
    got = run([lot("a", 10, 100, days=3), lot("b", 10, 100, days=2)], Request("prd", 15))[0]
    assert given_by(got) == [("a", 10), ("b", 5)]
    assert got.costs == (100, 50)
    assert [line.lot.id for line in got.lines] == ["a", "b"]
    assert got.lots[1].quantity == 10


@pytest.mark.rule("INV-05")
def test_parts_of_a_lot_add_up_to_its_cost() -> None:
    outcome = run([lot("a", 3, 100)], *[Request("prd", 1)] * 4)
    assert [got.costs for got in outcome] == [(33,), (34,), (33,), ()]
    halves = run([lot("a", 2, 1)], *[Request("prd", 1)] * 2)
    assert [got.costs for got in halves] == [(1,), (0,)]


@pytest.mark.rule("INV-05")
def test_all_or_nothing_leaves_everything_to_the_next() -> None:
    all_of_it, some = Request("prd", 11), Request("prd", 11, all_or_nothing=False)
    refused, part, none = run([lot("a", 10, 100)], all_of_it, some, some)
    assert (refused.taken, refused.short, refused.lots, refused.value.minor) == (0, 11, (), 0)
    assert (part.taken, part.short, part.complete, part.value.minor) == (10, 1, False, 100)
    assert none.taken == 0


@pytest.mark.rule("INV-05")
def test_a_product_without_lots_gives_nothing() -> None:
    outcome = run([], Request("prd", 1, all_or_nothing=False), Request("prd", 1))
    assert [got.taken for got in outcome] == [0, 0]
    assert outcome.explain(0) == ()
    assert outcome[0].value == Money.zero("CNY")
    assert run([lot("a", 1)]).allocations == ()


@pytest.mark.rule("INV-15")
def test_a_reservation_by_product_holds_back_a_quantity_and_not_a_lot() -> None:
    held = (hold("r", "ord_1", 4),)
    lots = [lot("a", 3, days=3), lot("b", 3, days=2)]
    most = Request("prd", 9, "ord_2", all_or_nothing=False)
    assert given_by(run(lots, most, held=held)[0]) == [("a", 2)]
    mine = run(lots, attrs.evolve(most, owner="ord_1"), held=held)[0]
    assert given_by(mine) == [("a", 3), ("b", 3)]
    assert mine.drawn == (Drawn("r", 4),)


@pytest.mark.rule("INV-15")
def test_a_reservation_of_a_lot_holds_back_that_lot() -> None:
    held = (hold("r", "ord_1", 3, "a"),)
    lots = [lot("a", 3, days=3), lot("b", 3, days=2)]
    assert given_by(run(lots, Request("prd", 2, "ord_2"), held=held)[0]) == [("b", 2)]
    assert given_by(run(lots, Request("prd", 2), held=held)[0]) == [("b", 2)]
    assert given_by(run(lots, Request("prd", 2, "ord_1"), held=held)[0]) == [("a", 2)]


@pytest.mark.rule("INV-15")
def test_drawing_on_an_own_lot_leaves_the_rest_to_the_others() -> None:
    held = (hold("r", "ord_1", 4, "a"),)
    first, second, third = run(
        [lot("a", 10, 101)],
        Request("prd", 3, "ord_1"),
        Request("prd", 9, "ord_2", all_or_nothing=False),
        Request("prd", 9, "ord_1", all_or_nothing=False),
        held=held,
    )
    assert [(got.taken, got.costs) for got in (first, second, third)] == [(3, (30,)), (6, (61,)), (1, (10,))]
    assert [got.drawn for got in (first, second, third)] == [(Drawn("r", 3),), (), (Drawn("r", 1),)]


@pytest.mark.rule("INV-15")
def test_an_owner_has_what_is_reserved_and_what_is_free_in_the_order_of_all() -> None:
    held = (
        hold("r1", "ord_1", 2, "b"),
        hold("r2", "ord_1", 1, "d"),
        hold("r3", "ord_2", 1, "d"),
        hold("s", "ord_2", 2),
    )
    lots = [lot(id_, 3, 30, days=9 - i) for i, id_ in enumerate("abcd")]
    most = run(lots, Request("prd", 99, "ord_1", all_or_nothing=False), held=held)[0]
    # 3 + 1 + 3 + 1 are free, 2 of them held by product for the other.
    assert given_by(most) == [("a", 3), ("b", 3), ("c", 2), ("d", 1)]
    assert most.drawn == (Drawn("r1", 2), Drawn("r2", 1))
    for quantity in range(1, 10):
        some = run(lots, Request("prd", quantity, "ord_1"), held=held)[0]
        assert some.complete
        assert some.lots == most.lots[: len(some.lots)]


@pytest.mark.rule("INV-15")
def test_what_an_owner_has_reserved_is_given_when_nothing_else_is_left_for_them() -> None:
    lots = [lot(id_, 3, 30, days=9 - i) for i, id_ in enumerate("abc")]
    held = (hold("theirs", "ord_2", 2, "a"), hold("mine", "ord_1", 2, "c"), hold("product", "ord_2", 4))
    # 1 + 3 + 1 are free, 4 of them held by product: one of a, and then their own of c.
    most = run(lots, Request("prd", 9, "ord_1", all_or_nothing=False), held=held)[0]
    assert (given_by(most), most.drawn) == ([("a", 1), ("c", 2)], (Drawn("mine", 2),))


@pytest.mark.rule("INV-15")
def test_a_reserved_lot_is_had_by_asking_for_it() -> None:
    held = (hold("r", "ord_1", 2, "b"),)
    lots = [lot("a", 3, days=3), lot("b", 3, days=2)]
    first_in = run(lots, Request("prd", 2, "ord_1"), held=held)[0]
    assert (given_by(first_in), first_in.drawn) == ([("a", 2)], ())
    asked = run(lots, Request("prd", 2, "ord_1", lot="b"), held=held)[0]
    assert (given_by(asked), asked.drawn) == ([("b", 2)], (Drawn("r", 2),))
    assert run(lots, Request("prd", 2, "ord_2", lot="b"), held=held)[0].taken == 0
    assert run(lots, Request("prd", 2, lot="gone", all_or_nothing=False), held=held)[0].taken == 0


@pytest.mark.rule("INV-05")
def test_a_lot_asked_for_by_its_id_gives_only_what_those_before_have_left() -> None:
    lots = [lot(id_, 3, 10, days=9 - i) for i, id_ in enumerate("abc")]
    some = Request("prd", 9, all_or_nothing=False)
    first, of_a, rest = run(lots, Request("prd", 1), Request("prd", 1, lot="a"), some)
    assert [given_by(got) for got in (first, of_a, rest)] == [[("a", 1)], [("a", 1)], [("a", 1), ("b", 3), ("c", 3)]]
    assert (first.costs, of_a.costs, rest.costs) == ((3,), (4,), (3, 10, 10))
    of_c, rest = run(lots, Request("prd", 2, lot="c"), some)
    assert (given_by(of_c), given_by(rest)) == ([("c", 2)], [("a", 3), ("b", 3), ("c", 1)])
    _, too_much, enough = run(lots, Request("prd", 2), Request("prd", 2, lot="a"), Request("prd", 3, lot="b"))
    assert (too_much.taken, enough.taken) == (0, 3)


@pytest.mark.rule("INV-15")
def test_reservations_are_drawn_once_and_the_first_to_run_out_first() -> None:
    late = attrs.evolve(hold("r1", "ord_1", 2), expires=AT + timedelta(days=9))
    held = (late, hold("r3", "ord_1", 2), hold("r2", "ord_1", 2))
    mine = Request("prd", 3, "ord_1")
    first, second, third = run([lot("a", 9)], mine, mine, mine, held=held)
    assert first.drawn == (Drawn("r2", 2), Drawn("r3", 1))
    assert second.drawn == (Drawn("r3", 1), Drawn("r1", 2))
    assert third.drawn == ()


@pytest.mark.rule("INV-15")
def test_a_lot_reserved_twice_over_is_given_to_nobody_at_anothers_cost() -> None:
    held = (hold("r1", "ord_1", 4, "a"), hold("r2", "ord_2", 4, "a"))
    most = Request("prd", 9, "ord_1", all_or_nothing=False)
    first, again, other = run([lot("a", 5)], most, most, attrs.evolve(most, owner="ord_2"), held=held)
    assert (first.taken, again.taken, other.taken) == (1, 0, 1)
    far_too_much = (hold("r1", "ord_1", 4, "a"), hold("r2", "ord_2", 9, "a"))
    assert [got.taken for got in run([lot("a", 5)], most, Request("prd", 1, "ord_1"), held=far_too_much)] == [0, 0]


@pytest.mark.rule("INV-15")
@pytest.mark.parametrize("order", list(permutations("bdf")))
def test_reserved_lots_are_left_out_whichever_reservation_ends_first(order: tuple[str, ...]) -> None:
    lots = [lot(id_, 2, 7, days=9 - i) for i, id_ in enumerate("abcdefg")]
    held = tuple(
        attrs.evolve(hold(f"r{i}", "ord_1", 2, id_), expires=AT + timedelta(hours=1 + i)) for i, id_ in enumerate(order)
    )
    first, second, mine = run(
        lots,
        Request("prd", 3, "ord_2"),
        Request("prd", 9, "ord_2", all_or_nothing=False),
        Request("prd", 6, "ord_1"),
        held=held,
    )
    assert (given_by(first), given_by(second)) == ([("a", 2), ("c", 1)], [("c", 1), ("e", 2), ("g", 2)])
    assert given_by(mine) == [("b", 2), ("d", 2), ("f", 2)]
    assert {drawn.reservation for drawn in mine.drawn} == {"r0", "r1", "r2"}


@pytest.mark.rule("INV-15")
def test_a_reservation_runs_out_at_its_instant() -> None:
    ending = attrs.evolve(hold("r", "ord_1", 3), expires=AT)
    assert run([lot("a", 3)], Request("prd", 3), held=(ending,))[0].complete
    later = attrs.evolve(ending, expires=AT + timedelta(microseconds=1))
    assert not run([lot("a", 3)], Request("prd", 3), held=(later,))[0].complete


@pytest.mark.rule("INV-05")
def test_a_lot_from_the_future_is_refused() -> None:
    future = attrs.evolve(lot("b", 1), received=AT + timedelta(microseconds=1))
    with pytest.raises(LotFromFuture) as refused:
        run([lot("a", 1), future], Request("prd", 1))
    assert refused.value.facts["lot"] == "b"
    with pytest.raises(LotFromFuture):
        available(Stock([future], "CNY"), "prd", at=AT, zone=SHANGHAI, rules=FIFO)
    assert run([attrs.evolve(future, received=AT)], Request("prd", 1))[0].complete
    assert run([attrs.evolve(future, product="other"), lot("a", 1)], Request("prd", 1))[0].complete


@pytest.mark.rule("INV-15")
def test_two_reservations_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidReservation) as refused:
        run([lot("a", 1)], Request("prd", 1), held=(hold("r", "ord_1", 1), hold("r", "ord_2", 1)))
    assert refused.value.facts["id"] == "r"


@pytest.mark.rule("INV-05")
def test_a_time_that_is_none_is_refused() -> None:
    stock = Stock([lot("a", 1)], "CNY")
    with pytest.raises(NaiveTime):
        allocate(stock, [], at=datetime(2026, 1, 1), zone=SHANGHAI, rules=FIFO)  # noqa: DTZ001 - the point
    with pytest.raises(InvalidDay) as no_zone:
        allocate(stock, [], at=AT, zone="Asia/Shanghai", rules=FIFO)  # type: ignore[arg-type]
    assert no_zone.value.facts["field"] == "zone"
    with pytest.raises(InvalidDay) as too_late:
        local_date(datetime.max.replace(tzinfo=UTC), SHANGHAI)
    assert too_late.value.facts["field"] == "at"


@pytest.mark.rule("INV-05")
def test_the_largest_quantities_are_still_exact() -> None:
    lots = [lot("a", LARGEST, LARGEST, days=3), lot("b", LARGEST, LARGEST, days=2)]
    big = Request("prd", LARGEST)
    odd, first, second = run(lots, Request("prd", 1), big, attrs.evolve(big, all_or_nothing=False))
    assert given_by(odd) == [("a", 1)]
    assert given_by(first) == [("a", LARGEST - 1), ("b", 1)]
    assert first.costs == (LARGEST - 1, 1)
    assert second.taken == LARGEST - 1
    dear = run([lot("a", 1, LARGEST, days=3), lot("b", 1, 1, days=2)], Request("prd", 2))[0]
    with pytest.raises(AmountTooLarge):
        _ = dear.value


@pytest.mark.rule("INV-05")
@given(scenarios())
def test_an_allocation_is_a_value(scenario: Scenario) -> None:
    def outcome() -> Outcome:
        return allocate(
            Stock(scenario.lots, "CNY"), scenario.requests, at=AT, zone=scenario.zone, rules=scenario.rules,
            reservations=scenario.reservations,
        )  # fmt: skip

    first, second = outcome(), outcome()
    assert len(first) == len(scenario.requests)
    assert first[:] == second.allocations == tuple(second)
    for a, b in zip(first, second, strict=True):
        assert hash(a) == hash(b)
        assert pickle.loads(pickle.dumps(a)) == a == copy.deepcopy(a)  # noqa: S301 - our own
        assert a != a.request
        assert a == ANY  # what it does not know may know it
        assert str(a.taken) in repr(a)
    if first[0].taken:
        assert first[0] != run([lot("zz", 15, 3)], Request("prd", 1))[0]


def test_zones_cover_two_dates() -> None:
    assert len({local_date(AT, zone) for zone in ZONES}) == 2
