"""A slow allocator that gives unit by unit, the laws of INV-05, and scenarios to hold an allocator to both.

An allocator is a function from a :class:`Scenario` to one :class:`Got` for each request. The oracle shares no code with
the library: it sorts, filters and counts anew for every single unit.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import attrs
from hypothesis import strategies as st

from csdomain.inventory.policies import Allocation, Outcome, Stock, allocate
from csdomain.inventory.values import InventoryRules, Lot, Request, Reservation, Strategy
from csdomain.kernel.values.money import Money

#: 1 March in London, already 2 March in Shanghai, and still 28 February in Honolulu.
AT = datetime(2026, 3, 1, 6, tzinfo=UTC) + timedelta(hours=12)
ZONES = [ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC"), ZoneInfo("Pacific/Kiritimati")]


@attrs.frozen
class Scenario:
    lots: tuple[Lot, ...]
    requests: tuple[Request, ...]
    reservations: tuple[Reservation, ...]
    zone: ZoneInfo
    rules: InventoryRules


class Got(NamedTuple):
    """What a request got: (lot id, quantity, cost in minor units), and how much of which reservation was drawn."""

    lines: list[tuple[str, int, int]]
    drawn: dict[str, int]


Allocator = Callable[[Scenario], list[Got]]


def library(s: Scenario) -> list[Got]:
    outcome = allocate(Stock(s.lots, "CNY"), s.requests, at=AT, zone=s.zone, rules=s.rules, reservations=s.reservations)
    return [
        Got(
            [(lot.id, q, c) for lot, q, c in zip(a.lots, a.quantities, a.costs, strict=True)],
            {drawn.reservation: drawn.quantity for drawn in a.drawn},
        )
        for a in outcome
    ]


def order_key(lot: Lot, rules: InventoryRules) -> tuple[object, ...]:
    expiry = (lot.expires is None, lot.expires or date.min) if rules.strategy is Strategy.FEFO else ()
    return (*expiry, lot.received, lot.id)


def is_fit(lot: Lot, s: Scenario) -> bool:
    today = AT.astimezone(s.zone).date()
    last = today if s.rules.usable_on_expiry_date else today + timedelta(days=1)
    return not lot.quarantined and (lot.expires is None or lot.expires >= last)


def oracle(s: Scenario) -> list[Got]:
    quantity, cost = {lot.id: lot.quantity for lot in s.lots}, {lot.id: lot.cost for lot in s.lots}
    left = {r.id: r.quantity for r in s.reservations if r.expires > AT}
    holding = [r for r in sorted(s.reservations, key=lambda r: (r.expires, r.id)) if r.id in left]
    results = []
    for request in s.requests:
        fit = sorted(
            (lot for lot in s.lots if lot.product == request.product and is_fit(lot, s)),
            key=lambda lot: order_key(lot, s.rules),
        )
        saved = (dict(quantity), dict(left))
        taken: dict[str, int] = {}
        drawn: dict[str, int] = {}
        for _ in range(request.quantity):
            for lot in fit:
                on_lot = [r for r in holding if r.lot == lot.id and r.product == request.product]
                others = sum(left[r.id] for r in on_lot if r.owner != request.owner)
                if request.lot not in (None, lot.id) or quantity[lot.id] - 1 < others:
                    continue
                mine = [r for r in on_lot if r.owner == request.owner and left[r.id]]
                if not mine:  # an unreserved unit: the others must still find what they hold by product
                    unreserved = sum(
                        max(0, quantity[f.id] - sum(left[r.id] for r in holding if r.lot == f.id)) for f in fit
                    )
                    by_product = [r for r in holding if r.lot is None and r.product == request.product]
                    if unreserved - 1 < sum(left[r.id] for r in by_product if r.owner != request.owner):
                        continue
                    mine = [r for r in by_product if r.owner == request.owner and left[r.id]]
                quantity[lot.id] -= 1
                taken[lot.id] = taken.get(lot.id, 0) + 1
                if mine:
                    left[mine[0].id] -= 1
                    drawn[mine[0].id] = drawn.get(mine[0].id, 0) + 1
                break
        if request.all_or_nothing and sum(taken.values()) < request.quantity:
            (quantity, left), taken, drawn = saved, {}, {}
        lines = []
        for id_, units in taken.items():
            share, cost[id_] = cost[id_].split([units, quantity[id_]])
            lines.append((id_, units, share.minor))
        results.append(Got(lines, drawn))
    return results


def check_laws(s: Scenario, results: Sequence[Got]) -> None:
    """The laws of INV-05 that can be said without an allocator."""
    by_id, quantity = {lot.id: lot for lot in s.lots}, {lot.id: lot.quantity for lot in s.lots}
    cost = {lot.id: lot.cost.minor for lot in s.lots}
    assert len(results) == len(s.requests)
    for request, got in zip(s.requests, results, strict=True):
        taken = sum(units for _, units, _ in got.lines)
        assert taken <= request.quantity, "more than was asked"
        assert taken in (0, request.quantity) or not request.all_or_nothing, "a part where all or nothing was asked"
        lots = [by_id[id_] for id_, _, _ in got.lines]
        for lot in lots:
            assert is_fit(lot, s), "an unfit lot gave"
            assert lot.product == request.product, "another product"
            assert request.lot in (None, lot.id), "another lot than asked for"
        keys = [order_key(lot, s.rules) for lot in lots]
        assert all(a < b for a, b in pairwise(keys)), "out of order, or a lot twice"
        for id_, units, share in got.lines:
            assert 0 < units <= quantity[id_], "more than the lot has"
            before = Fraction(cost[id_], quantity[id_])
            assert abs(share - before * units) <= Fraction(1, 2), "not its share of the cost"
            quantity[id_] -= units
            cost[id_] -= share
            assert quantity[id_] or not cost[id_], "cost left in an empty lot"
        if not s.reservations and request.lot is None:
            last = keys[-1] if taken == request.quantity else None
            for lot in s.lots:
                if lot.product == request.product and is_fit(lot, s) and taken:
                    younger = last is not None and order_key(lot, s.rules) >= last
                    assert younger or not quantity[lot.id], "a younger lot was touched while an older one had stock"
    for reservation in s.reservations:
        drawn = sum(got.drawn.get(reservation.id, 0) for got in results)
        assert drawn <= reservation.quantity, "more than was reserved"
        assert not drawn or reservation.expires > AT, "a reservation that had run out"
        for request, got in zip(s.requests, results, strict=True):
            assert reservation.id not in got.drawn or reservation.owner == request.owner, "another's reservation"


def check(s: Scenario, allocator: Allocator) -> None:
    results = allocator(s)
    check_laws(s, results)
    assert results == oracle(s)


# --- scenarios ---

PRODUCTS, OWNERS = ["prd_a", "prd_b"], ["ord_1", "ord_2", None]


@st.composite
def lots(draw: st.DrawFn) -> tuple[Lot, ...]:
    size = draw(st.sampled_from([7, 6, 5, 4, 3, 2, 1, 0]))
    ids = draw(st.lists(st.integers(1, 99), unique=True, min_size=size, max_size=size))
    rows = []
    for id_ in ids:
        quantity = draw(st.sampled_from([3, 2, 1, 6, 5, 4, 0]))
        offset = draw(st.sampled_from([None, 400, 2, 1, 0, -1, 2, 1, -2, None, -400]))
        rows.append(
            Lot(
                id=f"lot_{id_:02}",
                product=draw(st.sampled_from(["prd_a", "prd_a", *PRODUCTS])),
                received=AT - timedelta(days=draw(st.integers(0, 3))),
                quantity=quantity,
                cost=Money(draw(st.sampled_from([0, 1, 100, 250, 1001])) * (quantity > 0), "CNY"),
                expires=None if offset is None else date(2026, 3, 1) + timedelta(days=offset),
                quarantined=draw(st.integers(0, 7)) == 7,
            )
        )
    return tuple(rows)


@st.composite
def scenarios(draw: st.DrawFn, reserved: bool = True) -> Scenario:
    rows = draw(lots())
    of = {lot.id: lot.product for lot in rows}
    some_lot = st.sampled_from([None, None, *of])
    reservations = []
    for i in range(draw(st.integers(0, 4)) if reserved else 0):
        lot = draw(some_lot)
        reservations.append(
            Reservation(
                id=f"res_{i}",
                owner=draw(st.sampled_from(["ord_1", "ord_2"])),
                product=of[lot] if lot else draw(st.sampled_from(PRODUCTS)),
                quantity=draw(st.integers(1, 7)),
                expires=AT + timedelta(seconds=draw(st.sampled_from([-1, 0, 1, 2]))),
                lot=lot,
            )
        )
    requests = []
    for _ in range(draw(st.integers(1, 4))):
        lot = draw(some_lot) if draw(st.integers(0, 3)) == 3 else None
        requests.append(
            Request(
                of[lot] if lot else draw(st.sampled_from(["prd_a", "prd_a", *PRODUCTS])),
                draw(st.sampled_from([7, 5, 9, 4, 2, 3, 12, 1, 15])),
                draw(st.sampled_from(OWNERS)),
                all_or_nothing=draw(st.booleans()),
                lot=lot,
            )
        )
    rules = InventoryRules(
        strategy=draw(st.sampled_from(Strategy)), usable_on_expiry_date=draw(st.booleans()), refill_reminder_days=7
    )
    return Scenario(rows, tuple(requests), tuple(reservations), draw(st.sampled_from(ZONES)), rules)


@st.composite
def queues(draw: st.DrawFn) -> Scenario:
    """Many small requests, half of them for a lot, that wear a few fit lots of one product down to nothing."""
    names = "abcde"[: draw(st.integers(2, 5))]
    rows = tuple(
        Lot(
            id=name,
            product="prd",
            received=AT - timedelta(days=9 - i),
            quantity=draw(st.integers(1, 4)),
            cost=Money(draw(st.sampled_from([0, 5, 10, 101])), "CNY"),
        )
        for i, name in enumerate(names)
    )
    some_lot, owners = st.sampled_from([None] * len(names) + [*names]), st.sampled_from(["ord_1", "ord_2"])
    reservations = tuple(
        Reservation(
            id=f"res_{i}",
            owner=draw(owners),
            product="prd",
            quantity=draw(st.integers(1, 3)),
            expires=AT + timedelta(seconds=draw(st.integers(1, 3))),
            lot=draw(some_lot),
        )
        for i in range(draw(st.sampled_from([0, 0, 1, 2, 3])))
    )
    requests = tuple(
        Request("prd", draw(st.integers(1, 4)), draw(owners), all_or_nothing=draw(st.booleans()), lot=draw(some_lot))
        for _ in range(draw(st.integers(2, 7)))
    )
    return Scenario(rows, requests, reservations, SHANGHAI, FIFO)


FIFO = InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=7)
FEFO = attrs.evolve(FIFO, strategy=Strategy.FEFO)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def lot(id_: str, quantity: int, cost: int = 0, *, days: int = 10, **more: object) -> Lot:
    money = Money(cost, "CNY")
    return Lot(id=id_, product="prd", received=AT - timedelta(days=days), quantity=quantity, cost=money, **more)  # type: ignore[arg-type]


def run(
    lots: list[Lot], *requests: Request, rules: InventoryRules = FIFO, held: tuple[Reservation, ...] = ()
) -> Outcome:
    return allocate(Stock(lots, "CNY"), requests, at=AT, zone=SHANGHAI, rules=rules, reservations=held)


def hold(id_: str, owner: str, quantity: int, lot: str | None = None) -> Reservation:
    return Reservation(id=id_, owner=owner, product="prd", quantity=quantity, expires=AT + timedelta(hours=1), lot=lot)


def given_by(allocation: Allocation) -> list[tuple[str, int]]:
    return [(of.id, quantity) for of, quantity in zip(allocation.lots, allocation.quantities, strict=True)]
