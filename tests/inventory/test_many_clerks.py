"""Several clerks at once, on databases: nothing below zero, nothing given twice, no update lost (INV-05, INV-12)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from adapters.harness import BACKENDS, Desks
from csdomain.inventory.model.ledger import TooLittle
from csdomain.inventory.model.papers import Wanted
from csdomain.inventory.rules import ALLOCATION, LEDGER, RESERVATIONS, SHIPPING
from csdomain.kernel.rules.errors import Conflict, MoveRefused, RuleBroken

from .warehouse import OIL, Warehouse

CLERKS, ACTS, THERE = 6, 8, 40
OTHER = "vitamin_d"


@pytest.mark.rule(ALLOCATION, LEDGER, RESERVATIONS, SHIPPING)
@pytest.mark.parametrize("backend", [each for each in BACKENDS if each != "memory"])
def test_clerks_at_once_take_each_unit_once(desks: Desks, backend: str) -> None:
    house = Warehouse(desks(backend, rulebook="medical_centre"))
    for product in (OIL, OTHER):
        house.product(product)
        for _ in range(4):
            house.put(THERE // 4, product, cost=7)
    stock, start = house.stock, house.at
    lot = min(lot for place, lot in house.balances())

    def clerk(number: int) -> int:
        """What one clerk sent, of all it tried."""
        chance, sent, who = Random(number), 0, house.somebody(f"clerk-{number}", "warehouse_keeper")
        how: dict[str, Any] = {"by": who, "at": start}  # all say the same instant: nobody is refused for it
        for act in range(ACTS):
            about, count = f"ord-{number}-{act}", chance.randint(1, 3)
            wanted = [Wanted(product, count) for product in chance.sample([OIL, OTHER], 2)]
            doing: list[Callable[[], object]] = [
                lambda about=about, count=count: stock.reserve("hq", OIL, about, count, **how),  # type: ignore[misc]
                lambda count=count: stock.move("hq", OIL, lot, count, *chance.sample(["", "B2"], 2), **how),  # type: ignore[misc]
            ]
            with suppress(TooLittle):
                chance.choice(doing)()
            try:
                id = stock.shipments.pick(about, wanted, **how).id
                if chance.random() < 0.3:
                    stock.shipments.cancel(id, "not wanted", **how)
                else:
                    stock.shipments.ship(id, **how)
                    sent += sum(one.quantity for one in wanted)
            except TooLittle:
                pass
        return sent

    with ThreadPoolExecutor(CLERKS) as pool:
        sent = sum(pool.map(clerk, range(CLERKS)))
    house.check()
    left = sum(quantity for quantity, _ in house.stock.on_hand(by=house.head).values())
    assert 0 < sent == 2 * THERE - left


@pytest.mark.rule(SHIPPING, RESERVATIONS)
@pytest.mark.parametrize("backend", [each for each in BACKENDS if each != "memory"])
def test_what_two_do_at_once_is_done_once(desks: Desks, backend: str) -> None:
    house = Warehouse(desks(backend, rulebook="medical_centre"))
    house.product()
    house.put(5)
    house.stock.reserve("hq", OIL, "ord-1", 2, **house.by())
    id = house.stock.shipments.pick("ord-2", house.wanted(3), **house.by()).id
    at = house.at
    both: list[Callable[[], object]] = [
        lambda: house.stock.shipments.cancel(id, "no", by=house.keeper, at=at),
        lambda: house.stock.shipments.ship(id, by=house.keeper, at=at),
        lambda: house.stock.release("hq", OIL, "ord-1", by=house.keeper, at=at),
        lambda: house.stock.release("hq", OIL, "ord-1", by=house.keeper, at=at),
    ]

    def held(do: Callable[[], object]) -> bool:
        try:
            do()
        except (MoveRefused, RuleBroken, Conflict):
            return False
        return True

    with ThreadPoolExecutor(len(both)) as pool:
        done = list(pool.map(held, both))
    assert (sum(done[:2]), sum(done[2:])) == (1, 1)
    house.check()
