"""Eight clerks at once on databases: nothing is sold twice, lost or below zero, and who checks first does oversell."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Barrier
from typing import Any

import pytest

from adapters.harness import BACKENDS, Desks
from csdomain.inventory.commands.destructions import Unsound
from csdomain.inventory.rules import ALLOCATION, LEDGER, RESERVATIONS, STOCKTAKE, TRANSFERS
from csdomain.kernel.cases.timers import LIVE
from csdomain.kernel.rules.errors import DomainError

from .warehouse import OIL, Warehouse

pytestmark = pytest.mark.faults
SERVERS = [each for each in BACKENDS if each != "memory"]
CLERKS, ACTS = 8, 12


def at_once(work: Callable[[int], Any]) -> list[Any]:
    begin = Barrier(CLERKS)

    def one(number: int) -> Any:
        begin.wait(30)
        return work(number)

    with ThreadPoolExecutor(CLERKS) as pool:
        return list(pool.map(one, range(CLERKS)))


def of(house: Warehouse, number: int) -> dict[str, Any]:
    who = house.somebody(f"clerk-{number}", "warehouse_keeper", "product_manager", "hq")
    return {"by": who, "at": house.now}  # all say the same instant: nobody is refused for it


@pytest.mark.rule(ALLOCATION)
@pytest.mark.parametrize("backend", SERVERS)
def test_whoever_looks_first_and_sells_then_oversells_and_whoever_picks_does_not(desks: Desks, backend: str) -> None:
    house = Warehouse(desks(backend, rulebook="medical_centre"))
    house.product()
    house.put(CLERKS // 2)
    looked = Barrier(CLERKS)

    def naive(number: int) -> int:
        there = house.stock.on_hand(by=house.keeper)["hq", OIL][0]
        looked.wait(30)
        return 1 if there >= 1 else 0

    def picks(number: int) -> int:
        with suppress(DomainError):
            house.stock.shipments.pick(f"ord-{number}", house.wanted(1), **of(house, number))
            return 1
        return 0

    assert sum(at_once(naive)) > CLERKS // 2  # the control: it promises more than there is
    assert sum(at_once(picks)) == CLERKS // 2
    house.check()


@pytest.mark.rule(ALLOCATION, LEDGER, RESERVATIONS, STOCKTAKE, TRANSFERS)
@pytest.mark.parametrize("backend", SERVERS)
def test_whatever_eight_clerks_do_at_once_nothing_is_lost_or_sold_twice(desks: Desks, backend: str) -> None:
    house = Warehouse(desks(backend, rulebook="medical_centre"))
    house.product()
    for _ in range(4):
        house.put(15, cost=7)
    stock = house.stock

    def clerk(number: int) -> int:
        chance, how, done = Random(number), of(house, number), 0
        other = {**of(house, number + 100)}
        north = {**how, "by": house.somebody(f"north-{number}", "warehouse_keeper", branch="north")}
        lots = [lot for _, lot in house.balances()]

        def sell() -> None:
            id = stock.shipments.pick(f"ord-{number}", house.wanted(chance.randint(1, 3)), **how).id
            (stock.shipments.ship if chance.random() < 0.7 else stock.shipments.cancel)(id, "on time", **how)

        def transfer() -> None:
            id = stock.transfers.apply("hq", house.wanted(2), **north).id
            stock.transfers.grant(id, house.wanted(2), **how)
            stock.transfers.send(id, **how)
            stock.transfers.receive(id, house.wanted(1), **north)
            stock.transfers.write_off(id, "lost", **other)

        def count() -> None:
            id = stock.counts.freeze([OIL], **how).id
            for line, each in enumerate(stock.counts.get(id, by=how["by"]).lines, start=1):
                held = house.balances().get((each.place, each.lot), (0, 0))[0]
                found = max(0, held - chance.randint(0, 1))
                stock.counts.count(id, line, found, **how)
                stock.counts.check(id, line, found, **other)
            stock.counts.approve(id, **of(house, number + 200))
            stock.counts.book(id, **how)

        def destroy() -> None:
            id = stock.destructions.propose([Unsound(chance.choice(lots), 1, "")], "wet", **how).id
            stock.destructions.approve(id, **other)
            stock.destructions.destroy(id, "burnt", ["ann", "bob"], **how)

        def reserve() -> None:
            stock.reserve("hq", OIL, f"ord-{number}", 2, **how)
            if chance.random() < 0.5:
                stock.release("hq", OIL, f"ord-{number}", **how)

        def issue() -> None:
            id = stock.requisitions.ask("tech-1", house.wanted(1), "rep-1", **how).id
            stock.requisitions.approve(id, **other)
            stock.requisitions.issue(id, **how)
            lot = stock.requisitions.get(id, by=how["by"]).left[0].lot
            (stock.requisitions.use if chance.random() < 0.5 else stock.requisitions.give_back)(id, lot, 1, **how)

        for _ in range(ACTS):
            with suppress(DomainError):
                chance.choice([sell, sell, transfer, count, destroy, reserve, issue])()
                done += 1
        return done

    assert sum(at_once(clerk)) > 0
    house.check()
    for shelf in stock.find(by=house.head).items:
        live = {"INV-15" if one.id == "1" else f"INV-15.{one.id}" for one in shelf.reservations}
        timers = house.timers(shelf.id)
        assert {timer.name for timer in timers if timer.state in LIVE} == live  # each has ended once, or lives
