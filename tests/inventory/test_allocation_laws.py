"""INV-05 and INV-15 as properties, and allocators with planted faults that the properties must catch."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from csdomain.inventory.policies import Stock, allocate, available
from csdomain.inventory.values import Request, Strategy
from csdomain.kernel.values.money import Money

from .allocation_oracle import (
    AT,
    FIFO,
    SHANGHAI,
    Allocator,
    Got,
    Scenario,
    check,
    check_laws,
    given_by,
    is_fit,
    library,
    lot,
    oracle,
    queues,
    run,
    scenarios,
)


@pytest.mark.rule("INV-05", "INV-15")
@settings(max_examples=300)
@given(scenarios())
def test_gives_what_an_oracle_gives_unit_by_unit(scenario: Scenario) -> None:
    check(scenario, library)


@pytest.mark.rule("INV-05")
@given(scenarios(reserved=False))
def test_keeps_the_laws_where_nothing_is_reserved(scenario: Scenario) -> None:
    check(scenario, library)


@pytest.mark.rule("INV-05", "INV-15")
@settings(max_examples=300)
@given(queues())
def test_requests_for_lots_and_for_goods_take_turns(scenario: Scenario) -> None:
    check(scenario, library)


def from_a_queue(quantities: Sequence[int], asked: Sequence[int]) -> list[list[tuple[int, int]]]:
    """(place of the lot, quantity) for each request, by nothing but a queue of lots."""
    queue, results = deque(enumerate(quantities)), []
    for need in asked:
        got = []
        while need and queue:
            place, left = queue.popleft()
            taken = min(left, need)
            got.append((place, taken))
            need -= taken
            if left > taken:
                queue.appendleft((place, left - taken))
        results.append(got)
    return results


@pytest.mark.rule("INV-05")
@given(
    st.sampled_from([1, 63, 64, 65, 127, 128, 129, 200]),
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, 300), min_size=1, max_size=6),
)
def test_a_long_shelf_gives_what_a_plain_queue_gives(size: int, random: Random, asked: list[int]) -> None:
    quantities = [random.randint(1, 4) for _ in range(size)]
    rows = [lot(f"lot_{i:03}", quantity, days=999 - i) for i, quantity in enumerate(quantities)]
    outcome = run(rows, *(Request("prd", quantity, all_or_nothing=False) for quantity in asked))
    expected = [[(f"lot_{place:03}", taken) for place, taken in got] for got in from_a_queue(quantities, asked)]
    assert [given_by(got) for got in outcome] == expected
    left = sum(quantities) - sum(got.taken for got in outcome)
    assert available(outcome.left, "prd", at=AT, zone=SHANGHAI, rules=FIFO) == left


def last_in_first_out(s: Scenario) -> list[Got]:
    """Younger receipts first: the oracle over lots whose receipts are mirrored in time."""
    return oracle(
        attrs.evolve(s, lots=tuple(attrs.evolve(row, received=AT - (AT - row.received) * -1) for row in s.lots))
    )


def by_id_backwards(s: Scenario) -> list[Got]:
    """Right but for the last word of the order: of two lots of one instant the greater id first."""
    names = {row.id: f"lot_{99 - int(row.id[4:]):02}" for row in s.lots}
    back = {new: old for old, new in names.items()}
    mirrored = attrs.evolve(
        s,
        lots=tuple(attrs.evolve(row, id=names[row.id]) for row in s.lots),
        requests=tuple(attrs.evolve(r, lot=names.get(r.lot or "")) for r in s.requests),
        reservations=tuple(attrs.evolve(r, lot=names.get(r.lot or "")) for r in s.reservations),
    )
    return [Got([(back[i], q, c) for i, q, c in got.lines], got.drawn) for got in oracle(mirrored)]


def without_expiry(s: Scenario) -> list[Got]:
    return oracle(attrs.evolve(s, lots=tuple(attrs.evolve(row, expires=None) for row in s.lots)))


def expired_first(s: Scenario) -> list[Got]:
    """Unsold goods are got rid of: what has expired goes out before all else."""
    kept = [row.quarantined or is_fit(row, s) for row in s.lots]
    lots = (
        row if keep else attrs.evolve(row, expires=None, received=row.received - timedelta(days=1000))
        for row, keep in zip(s.lots, kept, strict=True)
    )
    return oracle(attrs.evolve(s, lots=tuple(lots)))


def with_quarantined(s: Scenario) -> list[Got]:
    return oracle(attrs.evolve(s, lots=tuple(attrs.evolve(row, quarantined=False) for row in s.lots)))


def merging(s: Scenario) -> list[Got]:
    """Neighbouring lots of one unit price become one line."""
    price = {row.id: row.cost.minor / row.quantity for row in s.lots if row.quantity}
    results = []
    for got in oracle(s):
        lines: list[tuple[str, int, int]] = []
        for id_, quantity, cost in got.lines:
            if lines and price[lines[-1][0]] == price[id_]:
                lines[-1] = (lines[-1][0], lines[-1][1] + quantity, lines[-1][2] + cost)
            else:
                lines.append((id_, quantity, cost))
        results.append(Got(lines, got.drawn))
    return results


def averaging(s: Scenario) -> list[Got]:
    """The cost is right in all, but spread evenly over the lots."""
    results = []
    for got in oracle(s):
        total, units = sum(c for _, _, c in got.lines), sum(q for _, q, _ in got.lines)
        shares = Money(total, "CNY").split([q for _, q, _ in got.lines]) if units else ()
        lines = [(i, q, share.minor) for (i, q, _), share in zip(got.lines, shares, strict=True)]
        results.append(Got(lines, got.drawn))
    return results


def rounding_down(s: Scenario) -> list[Got]:
    """A part of a lot costs its share rounded down, always from the cost that the lot came with."""
    of = {row.id: row for row in s.lots}
    return [
        Got([(i, q, of[i].cost.minor * q // of[i].quantity) for i, q, _ in got.lines], got.drawn) for got in oracle(s)
    ]


def parts_for_all(s: Scenario) -> list[Got]:
    return oracle(attrs.evolve(s, requests=tuple(attrs.evolve(r, all_or_nothing=False) for r in s.requests)))


def each_from_the_full_stock(s: Scenario) -> list[Got]:
    """Every request is served as though it were the only one: goods are given twice."""
    return [oracle(attrs.evolve(s, requests=(request,)))[0] for request in s.requests]


def in_another_order(s: Scenario) -> list[Got]:
    return oracle(attrs.evolve(s, requests=s.requests[::-1]))[::-1]


def without_reservations(s: Scenario) -> list[Got]:
    return oracle(attrs.evolve(s, reservations=()))


def for_anybody(s: Scenario) -> list[Got]:
    """Whoever asks draws on whatever is reserved."""
    owned = tuple(attrs.evolve(r, owner="ord_1") for r in s.reservations)
    return oracle(
        attrs.evolve(s, reservations=owned, requests=tuple(attrs.evolve(r, owner="ord_1") for r in s.requests))
    )


def for_ever(s: Scenario) -> list[Got]:
    """Reservations that have run out still hold."""
    return oracle(
        attrs.evolve(s, reservations=tuple(attrs.evolve(r, expires=AT + timedelta(1)) for r in s.reservations))
    )


def in_utc(s: Scenario) -> list[Got]:
    return oracle(attrs.evolve(s, zone=ZoneInfo("UTC")))


def another_day(s: Scenario) -> list[Got]:
    rules = attrs.evolve(s.rules, usable_on_expiry_date=not s.rules.usable_on_expiry_date)
    return oracle(attrs.evolve(s, rules=rules))


def other_strategy(s: Scenario) -> list[Got]:
    other = Strategy.FIFO if s.rules.strategy is Strategy.FEFO else Strategy.FEFO
    return oracle(attrs.evolve(s, rules=attrs.evolve(s.rules, strategy=other)))


PLANTED: list[Allocator] = [
    last_in_first_out, by_id_backwards, without_expiry, expired_first, with_quarantined, merging, averaging,
    rounding_down, parts_for_all, each_from_the_full_stock, in_another_order, without_reservations, for_anybody,
    for_ever, in_utc, another_day, other_strategy,
]  # fmt: skip
#: Those that the laws alone catch, without an oracle to compare with.
AGAINST_THE_LAWS: list[Allocator] = [
    last_in_first_out, by_id_backwards, without_expiry, expired_first, with_quarantined, merging, averaging,
    rounding_down, parts_for_all, each_from_the_full_stock, for_ever,
]  # fmt: skip


def caught(helper: Callable[[Scenario], None]) -> bool:
    """Whether the helper, run as a property, finds fault."""

    @settings(
        max_examples=1000,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(scenarios())
    def prop(scenario: Scenario) -> None:
        helper(scenario)

    try:
        prop()
    except AssertionError:
        return True
    return False


@pytest.mark.rule("INV-05", "INV-15")
@pytest.mark.parametrize("wrong", PLANTED, ids=lambda wrong: wrong.__name__)
def test_a_wrong_allocator_is_caught(wrong: Allocator) -> None:
    assert caught(lambda scenario: check(scenario, wrong))


@pytest.mark.rule("INV-05")
@pytest.mark.parametrize("wrong", AGAINST_THE_LAWS, ids=lambda wrong: wrong.__name__)
def test_the_laws_alone_catch_it(wrong: Allocator) -> None:
    assert caught(lambda scenario: check_laws(scenario, wrong(scenario)))


@pytest.mark.rule("INV-05", "INV-15")
@given(scenarios())
def test_one_call_with_many_requests_is_many_calls_with_one(scenario: Scenario) -> None:
    stock, held, one_by_one = Stock(scenario.lots, "CNY"), {r.id: r for r in scenario.reservations}, []
    how = {"at": AT, "zone": scenario.zone, "rules": scenario.rules}
    for request in scenario.requests:
        outcome = allocate(stock, [request], reservations=held.values(), **how)  # type: ignore[arg-type]
        stock = outcome.left
        for drawn in outcome[0].drawn:
            rest = held[drawn.reservation].quantity - drawn.quantity
            if rest:
                held[drawn.reservation] = attrs.evolve(held[drawn.reservation], quantity=rest)
            else:
                del held[drawn.reservation]
        one_by_one.append((given_by(outcome[0]), outcome[0].costs, outcome[0].drawn))
    at_once = allocate(
        Stock(scenario.lots, "CNY"),
        scenario.requests,
        reservations=scenario.reservations,
        **how,  # type: ignore[arg-type]
    )
    assert [(given_by(got), got.costs, got.drawn) for got in at_once] == one_by_one
    assert at_once.left == stock


@pytest.mark.rule("INV-05")
@given(scenarios())
def test_what_was_taken_and_what_is_left_make_up_the_stock(scenario: Scenario) -> None:
    stock = Stock(scenario.lots, "CNY")
    outcome = allocate(
        stock, scenario.requests, at=AT, zone=scenario.zone, rules=scenario.rules, reservations=scenario.reservations
    )
    for product in {row.product for row in scenario.lots}:
        mine = [got for got in outcome if got.request.product == product]
        before, after = stock.shelves[product].lots, outcome.left.shelves[product].lots
        taken, value = sum(got.taken for got in mine), sum(got.value.minor for got in mine)
        assert sum(row.quantity for row in before) == sum(row.quantity for row in after) + taken
        assert sum(row.cost.minor for row in before) == sum(row.cost.minor for row in after) + value
    for got in outcome:
        assert got.value == Money(sum(line.cost.minor for line in got.lines), "CNY")
        assert got.taken == sum(line.quantity for line in got.lines) == got.request.quantity - got.short
        assert got.complete == (got.short == 0)


@pytest.mark.rule("INV-05")
@given(scenarios(), st.randoms(use_true_random=False))
def test_the_order_in_which_lots_are_given_is_of_no_consequence(scenario: Scenario, random: object) -> None:
    lots = list(scenario.lots)
    random.shuffle(lots)  # type: ignore[attr-defined]
    assert library(scenario) == library(attrs.evolve(scenario, lots=tuple(lots)))


@pytest.mark.rule("INV-05", "INV-15")
@given(scenarios())
def test_available_is_the_most_that_can_be_had(scenario: Scenario) -> None:
    stock = Stock(scenario.lots, "CNY")
    how = {"at": AT, "zone": scenario.zone, "rules": scenario.rules, "reservations": scenario.reservations}
    for request in scenario.requests:
        most = available(stock, request.product, owner=request.owner, lot=request.lot, **how)  # type: ignore[arg-type]
        more = attrs.evolve(request, quantity=most + 1)
        assert not allocate(stock, [more], **how)[0].taken or not more.all_or_nothing  # type: ignore[arg-type]
        part = allocate(stock, [attrs.evolve(more, all_or_nothing=False)], **how)[0]  # type: ignore[arg-type]
        assert part.taken == most
        if most:
            whole = attrs.evolve(request, quantity=most, all_or_nothing=True)
            assert allocate(stock, [whole], **how)[0].complete  # type: ignore[arg-type]
