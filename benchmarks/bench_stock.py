"""Stock: an order sent from thirty lots, many clerks at once, a past instant after long, what there is by warehouse.

    python benchmarks/bench_stock.py [--json] [--quick] [PART …]

``ship``: an order's one line takes 29 lots whole and part of the 30th, the whole use case on a desk, against
hand-written SQLAlchemy Core that writes the same rows and checks nothing but the state; before the clock runs the rows
of one shipment each are compared. Rates: hand-written = 1. SQLite as a desk opens it, and at ``synchronous = OFF``.
``clerks``: sixteen at once, each document of 4 lines over 40 products of 30 lots each. ``ledger`` gives them in a unit
of work (engine, reservations, trail), ``bare`` is the same ledger by hand: shelf locked, balances taken, movements
put. ``pick`` is the whole paper, on which a number is drawn besides; it has no target.
``past``: all that lay anywhere on a day in the last closed month but none, when 10,000 movements a month have gone on
for 10 months and for 100. ``hand``: what there is by warehouse and product, against the bare grouped query.
Targets: ship >= 0.5 x on SQLite, >= 0.75 x on PostgreSQL (MariaDB is only told); clerks: no deadlock, nothing lost,
ledger >= 0.6 x bare; past <= 2 x with ten times the history; hand <= 3 x the query.
"""

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

import common
from peers.stock_hand import HandStock
from sqlalchemy import Connection, event, func, insert, select, text

import csdomain
from csdomain.desk import Desk
from csdomain.inventory.model.ledger import Ledger
from csdomain.inventory.model.papers import Receipt, Wanted, product_id
from csdomain.inventory.model.stock import (
    BALANCES,
    CLOSED,
    CLOSINGS,
    MOVEMENT,
    MOVEMENTS,
    Balance,
    Closed,
    Movement,
    shelf_id,
)
from csdomain.inventory.values import INVENTORY_RULES, Request
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.codec import to_micros
from csdomain.kernel.values.money import Money
from csdomain.orders.values import Dose, Item
from csdomain.testing import MovableClock, no_holidays, staff
from csdomain_adapters.sql.store import SqlStore
from csdomain_adapters.sql.tables import Schema
from csdomain_adapters.system import SystemIds

SHIP: Final = {"sqlite": 0.5, "postgresql": 0.75}
CLERKS_LEAST, PAST_MOST, HAND_MOST = 0.6, 2.0, 3.0
LOTS, EACH = 30, 10
CLERKS, PRODUCTS, LINES = 16, 40, 4
T0: Final = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
OIL: Final = "fish_oil"
#: The tables that a shipment writes to.
WRITTEN: Final = ("order", "shelf", "stock_balance", "stock_movement", "audit", "outbox", "chronicle")


class House:
    """A desk with a warehouse, each act a second after the one before."""

    def __init__(self, url: str, **options: Any) -> None:
        clock = MovableClock()
        self.desk: Desk = csdomain.open(
            url, "medical_centre", holidays=no_holidays(), clock=clock, upgrade=True, **options
        )
        people = staff(self.desk)
        self.keeper, self.buyer, self.head = people["warehouse_keeper"], people["product_manager"], people["hq"]
        self._seconds = count()

    @property
    def store(self) -> SqlStore:
        store = self.desk.store
        assert isinstance(store, SqlStore)
        return store

    @property
    def at(self) -> datetime:
        return T0 + timedelta(seconds=next(self._seconds))

    def by(self, who: Any = None) -> dict[str, Any]:
        return {"by": who or self.keeper, "at": self.at}

    def product(self, code: str) -> None:
        self.desk.inventory.products.list(code, code, "piece", "normal", **self.by(self.buyer))

    def put(self, code: str, lots: int = LOTS, each: int = EACH) -> None:
        came = [
            Receipt(product=code, sound=each, unit_cost=Money(100 + place, "CNY"), batch=f"{place}")
            for place in range(lots)
        ]
        self.desk.inventory.products.take_over(product_id(code), came, "opening", "", **self.by(self.buyer))

    def signed(self) -> str:
        """An order for all but the last piece of thirty lots, which are there."""
        self.put(OIL)
        id = self.desk.orders.prescribe("customer-1", [Dose(OIL, Decimal(2))], **self.by(self.head)).id
        self.desk.orders.enter(id, [Item(OIL, LOTS * EACH - 1)], **self.by(self.head))
        self.desk.orders.sign(id, **self.by(self.head))
        return str(id)


def written(store: SqlStore) -> dict[str, int]:
    with store.engine.connect() as connection:
        return {name: connection.execute(text(f"select count(*) from csd_{name}")).scalar_one() for name in WRITTEN}  # noqa: S608 - our own names


def statements(store: Any, work: Callable[[], object]) -> int:
    """How many statements ``work`` sends."""
    seen, plain = list[str](), store.engine
    store.engine = plain.execution_options()
    event.listen(store.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: seen.append(statement))
    work()
    store.engine = plain
    return len(seen)


# --- ship -------------------------------------------------------------------------------------------------------------


def ship(backend: str, urls: Mapping[str, str], rounds: int, synchronous: str = "OFF") -> common.Row:
    options: dict[str, Any] = {"synchronous": synchronous} if backend == "sqlite" else {}
    houses = {side: House(url, **options) for side, url in urls.items()}
    for house in houses.values():
        house.product(OIL)
    hand, shelf = HandStock(urls["hand-written"], synchronous), shelf_id("hq", OIL)
    waiting: dict[str, str] = {}

    def prepare(side: str) -> None:
        waiting[side] = houses[side].signed()

    def ours() -> None:
        house = houses["csdomain"]
        house.desk.orders.ship(waiting["csdomain"], [Item(OIL, LOTS * EACH - 1)], **house.by())

    def by_hand() -> None:
        at = to_micros(houses["hand-written"].at)
        hand.ship(waiting["hand-written"], shelf, OIL, LOTS * EACH - 1, at)

    sides = {"csdomain": ours, "hand-written": by_hand}
    sent = {}
    for side, work in sides.items():
        prepare(side)
        sent[side] = statements(houses[side].store if side == "csdomain" else hand, work)
    left = {side: written(house.store) for side, house in houses.items()}
    assert left["csdomain"] == left["hand-written"], left
    used: dict[str, list[float]] = {}
    times = common.interleaved(sides, rounds, before=prepare, used=used)
    hand.engine.dispose()
    for house in houses.values():
        house.desk.close()
    return {
        "what": "ship",
        "backend": backend,
        "synchronous": synchronous if backend == "sqlite" else None,
        **{f"{side} ms": round(1000 * median(times[side]), 2) for side in sides},
        "rate": round(common.ratio(times, "hand-written", "csdomain"), 2),
        "rate by cpu": round(common.ratio(used, "hand-written", "csdomain"), 2),
        "spread": round(common.spread(times["csdomain"]), 2),
        **{f"{side} statements": number for side, number in sent.items()},
    }


# --- clerks -----------------------------------------------------------------------------------------------------------


def together(work: Callable[[int], object]) -> None:
    """``work`` by each of sixteen clerks, who begin at once. Raises what one of them raised."""
    start, errors = threading.Barrier(CLERKS), list[BaseException]()

    def clerk(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=clerk, args=(number,)) for number in range(CLERKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def clerks(backend: str, url: str, documents: int, rounds: int) -> common.Row:
    house = House(url, pool_size=CLERKS)
    codes = [f"product_{place:02}" for place in range(PRODUCTS)]
    pieces = 5  # of each line: an empty lot every other document
    needed = 3 * (rounds + 1) * CLERKS * documents * LINES * pieces
    for code in codes:
        house.product(code)
        house.put(code, each=EACH + needed // (PRODUCTS * LOTS) * 3)
    hand, serial = HandStock(url, pool_size=CLERKS), count()
    zone, rules, ids = ZoneInfo("Asia/Shanghai"), house.desk.house.rulebook[INVENTORY_RULES], SystemIds()
    at, deadlocks = T0 + timedelta(days=1), list[str]()
    for engine in (house.store.engine, hand.engine):
        event.listen(engine, "handle_error", lambda context: deadlocks.append(str(context.original_exception)))

    def chosen(number: int, turn: int) -> list[str]:
        return Random(f"{number}/{turn}").sample(codes, LINES)

    def ledger(number: int) -> None:
        for turn in range(documents):
            about = f"doc-{next(serial)}"
            asked = [Request(code, pieces, about) for code in chosen(number, turn)]

            def work(unit: Unit, asked: list[Request] = asked, about: str = about) -> None:
                Ledger(unit, ids.new, rules, "CNY", zone).give("hq", asked, f"cus/{about}", about, by="keeper", at=at)

            house.store.run(work)

    def bare(number: int) -> None:
        for turn in range(documents):
            about = f"doc-{next(serial)}"
            lines = [(shelf_id("hq", code), code, pieces) for code in chosen(number, turn)]
            hand.give(lines, f"cus/{about}", about, to_micros(at))

    def pick(number: int) -> None:
        for turn in range(documents):
            wanted = [Wanted(code, pieces) for code in chosen(number, turn)]
            house.desk.inventory.shipments.pick(f"doc-{next(serial)}", wanted, by=house.keeper, at=at)

    sides: dict[str, Callable[[], None]] = {
        name: lambda work=work: together(work)  # type: ignore[misc]
        for name, work in {"ledger": ledger, "bare": bare, "pick": pick}.items()
    }
    for side in sides.values():
        side()
    before = on_shelves(house)
    times = common.interleaved(sides, rounds)
    lost = before - on_shelves(house) - 3 * rounds * CLERKS * documents * LINES * pieces
    hand.engine.dispose()
    house.desk.close()
    return {
        "what": "clerks",
        "backend": backend,
        **{f"{side}/s": round(CLERKS * documents / median(times[side])) for side in sides},
        "rate": round(common.ratio(times, "bare", "ledger"), 2),
        "rate of pick": round(common.ratio(times, "bare", "pick"), 2),
        "deadlocks": sum("deadlock" in one.lower() for one in deadlocks),
        "errors": len(deadlocks),
        "lost": lost,
        "spread": round(common.spread(times["ledger"]), 2),
    }


def on_shelves(house: House) -> int:
    return sum(quantity for quantity, _ in house.desk.inventory.on_hand(by=house.head).values())


# --- a long history ---------------------------------------------------------------------------------------------------


@contextmanager
def tables(store: SqlStore) -> Iterator[tuple[Connection, Callable[[Any], Any]]]:
    """A transaction, and the table of a register."""
    schema = Schema((MOVEMENTS, BALANCES, CLOSINGS, CLOSED))
    with store.engine.begin() as connection:
        yield connection, lambda register: schema.register(register).table


def analysed(store: SqlStore, *names: str) -> None:
    """Statistics, as a server keeps them by itself."""
    said = {"postgresql": "analyze {}", "mariadb": "analyze table {}"}.get(store.engine.dialect.name)
    if said is not None:
        with store.engine.connect() as connection:
            for name in names:
                connection.exec_driver_sql(said.format(f"csd_{name}"))
            connection.commit()


def moved(place: int, at: datetime, lots: int) -> Movement:
    """One of a month: in from a supplier, out to a customer in turn."""
    lot, coming = place // 2 % lots, place % 2 == 0
    spot = f"wh/hq/normal/{lot % 5}"
    return Movement(
        id=f"{MOVEMENT.prefix}_{place:026}",
        at=at,
        happened_at=at,
        product=f"product_{lot % PRODUCTS:02}",
        lot=f"lot_{lot:026}",
        quantity=1,
        cost=100,
        source="sup/one" if coming else spot,
        dest=spot if coming else "cus/one",
        reason="bench",
        document="bench",
        by="keeper",
    )


def grow(store: SqlStore, months: int, a_month: int, lots: int) -> datetime:
    """So many months of movements, each closed but the last; an instant in the last but one."""
    first = datetime(2026, 2, 28, 16, 0, tzinfo=UTC) - timedelta(days=30 * months)
    step, month = timedelta(days=30) / (a_month + 1), timedelta(days=30)
    model = [MOVEMENTS.values(moved(place, first + step * (place + 1), lots)) for place in range(a_month)]
    with tables(store) as (connection, table):
        movement = table(MOVEMENTS)
        connection.execute(insert(movement), model)
        names = [column.name for column in movement.c]
        columns = ", ".join(f'"{name}"' for name in names).replace('"', "`" if "maria" in store.engine.name else '"')
        for later in range(1, months):
            ahead = to_micros(first + later * month) - to_micros(first)
            made = [
                {
                    "id": f"{name} || '-{later}'" if "maria" not in store.engine.name else f"concat({name}, '-{later}')"
                }.get(name, f"{name} + {ahead}" if name in ("at", "happened_at") else f'"{name}"')
                for name in names
            ]
            chosen = ", ".join(made).replace('"', "`" if "maria" in store.engine.name else '"')
            until = to_micros(first + month)
            connection.exec_driver_sql(
                f"insert into {movement.name} ({columns}) select {chosen} from {movement.name} where at < {until}"  # noqa: S608 - our own names
            )
        for number in range(1, months):
            closed = f"{number:07}"
            connection.execute(insert(table(CLOSINGS)), {"month": closed, "at": first + number * month, "done": True})
            rows = (
                Closed(
                    month=closed,
                    place=f"wh/hq/normal/{lot % 5}",
                    lot=f"lot_{lot:026}",
                    product=f"product_{lot % PRODUCTS:02}",
                    quantity=1,
                    cost=100,
                )
                for lot in range(lots)
            )
            connection.execute(insert(table(CLOSED)), [CLOSED.values(row) for row in rows])
    analysed(store, MOVEMENTS.table, CLOSED.table, CLOSINGS.table)
    return first + (months - 1) * month + month / 2


def past(backend: str, urls: Mapping[str, str], a_month: int, rounds: int) -> common.Row:
    houses = {name: House(url, **({"synchronous": "OFF"} if backend == "sqlite" else {})) for name, url in urls.items()}
    lots = a_month // 10
    at = {name: grow(house.store, {"few": 10, "many": 100}[name], a_month, lots) for name, house in houses.items()}

    def asked(name: str) -> Callable[[], None]:
        house = houses[name]

        def work() -> None:
            assert len(house.desk.inventory.stock_at(at[name], by=house.head)) >= lots

        return work

    sides = {name: asked(name) for name in houses}
    for side in sides.values():
        side()
    times = common.interleaved(sides, rounds)
    for house in houses.values():
        house.desk.close()
    return {
        "what": "past",
        "backend": backend,
        "movements": 100 * a_month,
        **{f"{name} ms": round(1000 * median(taken), 1) for name, taken in times.items()},
        "tenfold": round(common.ratio(times, "many", "few"), 2),
        "spread": round(common.spread(times["many"]), 2),
    }


# --- on hand ----------------------------------------------------------------------------------------------------------


def hand(backend: str, url: str, balances: int, rounds: int) -> common.Row:
    house = House(url, **({"synchronous": "OFF"} if backend == "sqlite" else {}))
    rows = (
        Balance(
            place=f"wh/{'hq' if lot % 2 else 'north'}/normal/{lot % 5}",
            lot=f"lot_{lot:026}",
            quantity=1 + lot % 9,
            cost=100 * (1 + lot % 9),
            product=f"product_{lot % PRODUCTS:02}",
            warehouse="hq" if lot % 2 else "north",
            received=T0,
            expires=None,
        )
        for lot in range(balances)
    )
    with tables(house.store) as (connection, table):
        connection.execute(insert(table(BALANCES)), [BALANCES.values(row) for row in rows])
        b = table(BALANCES).c
    analysed(house.store, BALANCES.table)
    sums = (func.sum(b.quantity), func.sum(b.cost))
    query = select(b.warehouse, b.product, *sums).where(b.warehouse.is_not(None)).group_by(b.warehouse, b.product)

    def bare() -> None:
        with house.store.engine.connect() as connection:
            assert len(connection.execute(query).all()) == PRODUCTS

    def ours() -> None:
        assert len(house.desk.inventory.on_hand(by=house.head)) == PRODUCTS

    sides = {"csdomain": ours, "query": bare}
    for side in sides.values():
        side()
    times = common.interleaved(sides, rounds)
    house.desk.close()
    return {
        "what": "hand",
        "backend": backend,
        "balances": balances,
        **{f"{side} ms": round(1000 * median(taken), 2) for side, taken in times.items()},
        "times": round(common.ratio(times, "csdomain", "query"), 2),
        "spread": round(common.spread(times["csdomain"]), 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a tenth of the history, rougher figures")
    parts = ("ship", "clerks", "past", "hand")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one or more of {', '.join(parts)}; else all")
    asked = parser.parse_args()
    chosen = set(asked.parts or parts)
    if chosen - set(parts):
        parser.error(f"no such part: {', '.join(sorted(chosen - set(parts)))}")
    quick = asked.quick
    rows: list[common.Row] = []
    with common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        files = count()

        def made(backend: str) -> str:
            return f"sqlite:///{Path(folder) / str(next(files))}.db" if backend == "sqlite" else fresh(backend)

        stores, servers = ("sqlite", *common.there()), common.there()
        if "ship" in chosen:
            for backend, mode in (*(("sqlite", mode) for mode in ("FULL", "OFF")), *((one, "-") for one in servers)):
                urls = {side: made(backend) for side in ("csdomain", "hand-written")}
                rows.append(ship(backend, urls, 9 if quick else 31, mode if backend == "sqlite" else "OFF"))
        if "clerks" in chosen:
            rows += [clerks(one, made(one), 5 if quick else 15, 3 if quick else 9) for one in servers]
        if "past" in chosen:
            size = 1_000 if quick else 10_000
            rows += [past(one, {"few": made(one), "many": made(one)}, size, 5 if quick else 9) for one in stores]
        if "hand" in chosen:
            rows += [hand(one, made(one), 10_000 if quick else 100_000, 5 if quick else 9) for one in stores]
    return common.report("stock", rows, list(missed(rows)), as_json=asked.json)


def missed(rows: list[common.Row]) -> Iterator[str]:
    for row in rows:
        where, figure = f"{row['what']} on {row['backend']}", row.get
        if row["what"] == "ship" and (reach := SHIP.get(str(row["backend"]))) and float(figure("rate") or 0) < reach:
            yield f"{where} {figure('synchronous') or ''}: {figure('rate')} x hand-written's rate, at least {reach}"
        if row["what"] == "clerks":
            if figure("deadlocks") or figure("errors") or figure("lost"):
                yield f"{where}: {figure('deadlocks')} deadlocks, {figure('errors')} errors, {figure('lost')} lost"
            if float(figure("rate") or 0) < CLERKS_LEAST:
                yield f"{where}: {figure('rate')} x the bare ledger's rate, at least {CLERKS_LEAST}"
        if row["what"] == "past" and float(figure("tenfold") or 0) > PAST_MOST:
            yield f"{where}: {figure('tenfold')} x with ten times the history, at most {PAST_MOST}"
        if row["what"] == "hand" and float(figure("times") or 0) > HAND_MOST:
            yield f"{where}: {figure('times')} x the bare query, at most {HAND_MOST}"


if __name__ == "__main__":
    sys.exit(main())
