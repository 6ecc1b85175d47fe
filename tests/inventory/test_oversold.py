"""Sixteen clerks at once on databases: nothing is sold twice, lost or below zero; who checks first does oversell."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from threading import Barrier
from typing import Any

import pytest

from adapters.harness import BACKENDS, Desks
from csdomain.inventory.commands.destructions import Unsound
from csdomain.inventory.model.ledger import Held, Ledger
from csdomain.inventory.model.papers import Receipt
from csdomain.inventory.model.stock import MOVEMENTS
from csdomain.inventory.rules import ALLOCATION, LEDGER, RESERVATIONS, STOCKTAKE, TRANSFERS
from csdomain.inventory.values import INVENTORY_RULES
from csdomain.kernel.cases.timers import LIVE
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.money import Money
from csdomain.orders.values import Dose, Item

from .warehouse import CNY, OIL, Warehouse

pytestmark = pytest.mark.faults
SERVERS = [each for each in BACKENDS if each != "memory"]
CLERKS, ACTS = 16, 6
LAST: dict[str, Any] = {"order_by": ("at",), "descending": True, "limit": 1}
REASONS = {"give", "ship", "receive", "returned"}


def on_shelves(held: Held) -> Held:
    return {key: value for key, value in held.items() if key[0].startswith("wh/")}


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
def test_whatever_sixteen_clerks_do_at_once_nothing_is_lost_or_sold_twice(desks: Desks, backend: str) -> None:
    house = Warehouse(desks(backend, rulebook="medical_centre"))
    house.product()
    for _ in range(4):
        house.put(15, cost=7)
    desk, stock, orders, shown = house.desk, house.stock, house.desk.orders, list[tuple[datetime, Held]]()
    rules = desk.house.rulebook[INVENTORY_RULES]

    def clerk(number: int) -> int:
        chance, how, done = Random(number), of(house, number), 0
        other, doctor, counts = of(house, number + 100), {**how, "by": house.head}, of(house, number + 200)
        north = {**how, "by": house.somebody(f"north-{number}", "warehouse_keeper", branch="north")}
        lots = [lot for _, lot in house.balances()]

        def buy() -> None:
            wanted, came = house.wanted(2), [Receipt(product=OIL, sound=1, damaged=1, unit_cost=Money(7, CNY))]
            id = stock.purchases.request(wanted, Money(14, CNY), **how).id
            stock.purchases.approve(id, **other)
            stock.purchases.order(id, "supplier-1", **how)
            stock.purchases.arrive(id, came, **how)
            stock.purchases.accept_as_keeper(id, **how)
            stock.purchases.accept_as_buyer(id, **other)
            stock.purchases.enter(id, **how)

        def order() -> None:
            id = orders.prescribe("customer-1", [Dose(OIL, Decimal(1))], **doctor).id
            orders.enter(id, [Item(OIL, 2)], **doctor)
            orders.sign(id, **doctor)
            orders.ship(id, [Item(OIL, 2)], **how)
            orders.arrive(id, 1, **doctor)
            orders.take_back(id, 1, Item(OIL, 1), **doctor)

        def look() -> None:
            """What is shown of the shelves stays true: whoever comes later books after their last movement."""

            def work(unit: Unit) -> tuple[datetime, Held]:
                ledger = Ledger(unit, str, rules, CNY, UTC)
                ledger.hold([OIL])
                then = unit.register(MOVEMENTS).rows(**LAST).items[0].at - timedelta(microseconds=1)
                return then, on_shelves(ledger.stock_at(then, product=OIL))

            shown.append(desk.store.run(work))

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
            stock.counts.approve(id, **counts)
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

        for act in range(ACTS):
            for each in (how, other, doctor, counts, north):
                each["at"] = house.now + timedelta(minutes=act)
            with suppress(DomainError):
                chance.choice([sell, sell, buy, order, transfer, count, destroy, reserve, issue])()
                done += 1
            look()
        return done

    assert sum(at_once(clerk)) > 0
    house.check()
    assert {row.reason for row in house.movements()} >= REASONS
    assert len(shown) == CLERKS * ACTS
    assert len({then for then, _ in shown}) > 1
    for then, there in shown:
        assert on_shelves(stock.stock_at(then, by=house.head, product=OIL)) == there
    for shelf in stock.find(by=house.head).items:
        live = {"INV-15" if one.id == "1" else f"INV-15.{one.id}" for one in shelf.reservations}
        timers = house.timers(shelf.id)
        assert {timer.name for timer in timers if timer.state in LIVE} == live  # each has ended once, or lives
