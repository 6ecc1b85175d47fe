"""Deaths in what moves goods and money: a process prepares papers that are all alike, and forks one that dies at each
call on the database; what is there then is what was there before, or all that the whole use case writes."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final

import attrs
from sqlalchemy import event, inspect, text

import csdomain
from csdomain.desk import Desk
from csdomain.inventory.model.papers import Receipt, Wanted, product_id
from csdomain.kernel.values.money import Money
from csdomain.orders.values import Dose, Item
from csdomain.testing import MovableClock, SequentialIds, no_holidays
from csdomain_adapters.sql import SqlStore
from inventory.warehouse import OIL, Warehouse
from renewals.fleet import Fleet
from service_desk.counter import Counter as ServiceCounter
from service_desk.counter import yuan

D3: Final = "vitamin_d"
GLOVES: Final = "gloves"
#: Before a statement is sent, before a commit, and when it is done: after one statement is before the next.
POINTS: Final = ("before_cursor_execute", "commit", "checkin")


@attrs.frozen
class Story:
    """A paper before its use case, what does it under a key, and what holds of all papers at any time."""

    prepare: Callable[[], str]
    do: Callable[[str, str], object]
    check: Callable[[], None]


def ship_order(desk: Desk) -> Story:
    """Three lots are given whole, and part of a fourth."""
    house = Warehouse(desk)
    for code in (OIL, D3):
        house.product(code)
    house.put(1_000, D3)

    def prepare() -> str:
        lots = [Receipt(product=OIL, sound=2, unit_cost=Money(100 + n, "CNY"), batch=f"{n}") for n in range(3)]
        house.stock.products.take_over(product_id(OIL), lots, "opening", "", **house.by(house.buyer))
        doses = [Dose(OIL, Decimal(2)), Dose(D3, Decimal(1))]
        id = desk.orders.prescribe("customer-1", doses, **house.by(house.head)).id
        desk.orders.enter(id, [Item(OIL, 6), Item(D3, 1)], **house.by(house.head))
        return str(desk.orders.sign(id, **house.by(house.head)).id)

    def do(id: str, key: str) -> object:
        return desk.orders.ship(id, [Item(OIL, 6), Item(D3, 1)], key=key, **house.by())

    return Story(prepare, do, house.check)


def accept_transfer(desk: Desk) -> Story:
    """One lot came whole, of another a piece is short."""
    house = Warehouse(desk)
    house.product(GLOVES)
    north = house.somebody("north", "warehouse_keeper", branch="north")

    def prepare() -> str:
        for _ in range(2):
            house.put(2, GLOVES)
        stock = house.stock.transfers
        id = stock.apply("hq", house.wanted(4, GLOVES), **house.by(north)).id
        stock.grant(id, house.wanted(4, GLOVES), **house.by(house.supervisor))
        return str(stock.send(id, **house.by()).id)

    def do(id: str, key: str) -> object:
        return house.stock.transfers.receive(id, [Wanted(GLOVES, 3)], key=key, **house.by(north))

    return Story(prepare, do, house.check)


def record_renewal(desk: Desk) -> Story:
    """The contract has its next term, the customer is told."""
    fleet = Fleet(desk)

    def prepare() -> str:
        renewal = fleet.filled(fleet.signed())
        fleet.pay(renewal)
        fleet.does.confirm(renewal, **fleet.call("finance"))
        return str(fleet.does.extend(renewal, **fleet.call("gps_administrator")).id)

    def do(id: str, key: str) -> object:
        return fleet.does.record(id, **fleet.call("records_clerk", key=key))

    return Story(prepare, do, lambda: None)


def settle_job(desk: Desk) -> Story:
    """The customer signs, the fee is billed and taken in cash."""
    counter = ServiceCounter(desk)

    def prepare() -> str:
        return counter.worked(counter.on_site(counter.received()), yuan(150))

    def do(id: str, key: str) -> object:
        return counter.does.settle(id, "Mrs Wang", yuan(150), **counter.call("ann", key=key))

    return Story(prepare, do, lambda: None)


STORIES: Final[dict[str, tuple[str, Callable[[Desk], Story]]]] = {
    "ship_order": ("medical_centre", ship_order),
    "accept_transfer": ("medical_centre", accept_transfer),
    "record_renewal": ("fleet", record_renewal),
    "settle_job": ("after_sales", settle_job),
}


def die_everywhere(url: str) -> dict[str, int]:
    """Die at each call of each story, each time on a paper of its own; do it again under its key, alive.

    How many deaths each story had. Raises AssertionError where something is half-done.
    """
    found = {}
    for place, (name, (book, begin)) in enumerate(STORIES.items()):
        options: dict[str, Any] = {"synchronous": "OFF"} if url.startswith("sqlite") else {}
        options |= {"clock": MovableClock(), "ids": SequentialIds(1 + 100_000 * place)}
        with csdomain.open(url, book, holidays=no_holidays(), **options) as desk:
            found[name] = _die_everywhere(desk, begin(desk))
    return found


def _die_everywhere(desk: Desk, told: Story) -> int:
    store, calls = desk.store, list[object]()
    assert isinstance(store, SqlStore)
    tables = [each for each in inspect(store.engine).get_table_names() if each.startswith("csd_")]

    def note(*_: object) -> None:
        calls.append(None)

    told.do(told.prepare(), "first")  # what is done for the first time is done
    id, before = told.prepare(), rows(store, tables)
    for point in POINTS:
        event.listen(store.engine, point, note)
    told.do(id, "alive")
    for point in POINTS:
        event.remove(store.engine, point, note)
    whole = difference(before, rows(store, tables))
    assert whole
    done = 0
    for turn in range(1, len(calls) + 1):
        id = told.prepare()
        before = rows(store, tables)
        die(store, turn, partial(told.do, id, f"k{turn}"))
        after = difference(before, rows(store, tables))
        assert after in ({}, whole), f"half-done at call {turn}: {after}, not {whole}"
        done += bool(after)
        told.do(id, f"k{turn}")
        assert difference(before, rows(store, tables)) == whole, f"call {turn}: its key acts once, to the end"
    assert 0 < done < len(calls), "some die before the commit, and some after it"
    told.check()
    assert desk.verify().faults == ()
    return len(calls)


def rows(store: SqlStore, tables: list[str]) -> Counter[str]:
    """How many rows each table has, and what lies in the ledger."""
    asked = [f"select '{table}', count(*) from {table}" for table in tables]  # noqa: S608 - names of our own tables
    asked += [
        f"select '{table} {column}', coalesce(sum({column}), 0) from {table}"  # noqa: S608
        for table in ("csd_stock_balance", "csd_stock_movement")
        for column in ("quantity", "cost")
    ]
    with store.engine.connect() as connection:
        return Counter({name: int(count) for name, count in connection.execute(text(" union all ".join(asked)))})


def difference(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    return {name: after[name] - count for name, count in before.items() if after[name] != count}


def die(store: SqlStore, turn: int, work: Callable[[], object]) -> None:
    """Do some work in a process that is killed at its ``turn``-th call on the database."""
    store.engine.dispose()  # no connection is shared with who dies
    child = os.fork()
    if not child:
        seen = 0

        def call(*_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == turn:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            for point in POINTS:
                event.listen(store.engine, point, call)
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it lived through call {turn}"
    assert os.WTERMSIG(status) == signal.SIGKILL
