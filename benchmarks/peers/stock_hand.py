"""A warehouse by hand-written SQLAlchemy Core: the rows that csdomain writes, by the oldest lot first; no rules, no
reservations, no proofs.

What a careful programmer writes who knows these two use cases and nothing else: a shelf is a row that is locked, its
balances are read once, all movements go in one statement, and what was emptied goes in one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    MetaData,
    Table,
    and_,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

_TABLES = ("order", "shelf", "stock_balance", "stock_movement", "audit", "outbox", "chronicle")
#: As long as a digest and its proof.
_DIGEST, _PROOF = "0" * 64, b'["0"]' * 12


class HandStock:
    """The ledger of one warehouse, and orders that are sent from it, on a database whose tables are there already."""

    def __init__(self, url: str, synchronous: str = "FULL", pool_size: int = 5) -> None:
        self.engine = create_engine(url, pool_size=pool_size)
        if url.startswith("sqlite"):
            event.listen(self.engine, "connect", lambda connection, _: _connected(connection, synchronous))
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        if url.startswith("mariadb"):
            event.listen(self.engine, "connect", lambda connection, _: _read_committed(connection))
        meta = MetaData()
        meta.reflect(self.engine, only=[f"csd_{name}" for name in _TABLES])
        order, shelf, balance, movement, audit, outbox, chronicle = (meta.tables[f"csd_{name}"] for name in _TABLES)
        self._serial = count(1)
        self._shelf, self._save_shelf = _loads(shelf), _saves(shelf, "last_out_at")
        self._order, self._save_order = _loads(order), _saves(order, "state", "queue")
        b, m = balance.c, movement.c
        mine = (b.warehouse == bindparam("w"), b.product == bindparam("p"))
        fresh = or_(b.expires.is_(None), b.expires >= bindparam("today"))
        wanted = select(b.place, b.lot, b.quantity, b.cost).where(*mine, fresh).order_by(b.received, b.lot)
        self._balances = wanted.with_for_update()
        last = select(m.at).where(m.product == bindparam("p")).order_by(m.at.desc()).limit(literal_column("1"))
        self._last = last.with_for_update()
        here = and_(b.place == bindparam("w_place"), b.lot == bindparam("w_lot"))
        taken = {"quantity": b.quantity - bindparam("q"), "cost": b.cost - bindparam("c")}
        self._take = update(balance).where(here, b.quantity >= bindparam("q")).values(taken)
        self._empty = delete(balance).where(
            b.place == bindparam("w_place"), b.lot.in_(bindparam("lots", expanding=True))
        )
        self._move, self._note, self._tell, self._enter = map(insert, (movement, audit, outbox, chronicle))
        self._line = select(func.max(audit.c.place)).where(audit.c.subject == bindparam("s"))

    # --- the ledger
    def give(self, lines: Sequence[tuple[str, str, int]], dest: str, document: str, at: int) -> None:
        """Take (shelf, product, quantity) from the shelves, in a transaction of its own."""
        with self.engine.begin() as connection:
            self.taken(connection, lines, dest, document, at)

    def taken(
        self, connection: Connection, lines: Sequence[tuple[str, str, int]], dest: str, document: str, at: int
    ) -> list[str]:
        """As :meth:`give`, in the transaction on ``connection``; the lots."""
        run, lots, shelves = connection.execute, list[str](), dict[str, tuple[Any, int]]()
        today = datetime.fromtimestamp(at / 1e6, UTC).date()
        for shelf, _, _ in sorted(lines):
            body, version = run(self._shelf, {"i": shelf}).one()
            shelves[shelf] = orjson.loads(body), version
        for shelf, product, quantity in sorted(lines):
            before = run(self._last, {"p": product}).scalar() or 0
            booked, emptied, moved = max(at, before), dict[str, list[str]](), []
            partly: dict[str, Any] | None = None
            for place, lot, there, cost in run(self._balances, {"w": "hq", "p": product, "today": today}):
                now = min(quantity, there)
                share = cost if now == there else (2 * cost * now + there) // (2 * there)
                moved.append(self._movement(booked, at, product, lot, now, share, place, dest, document))
                if now == there:
                    emptied.setdefault(place, []).append(lot)
                else:
                    partly = {"w_place": place, "w_lot": lot, "q": now, "c": share}
                quantity -= now
                if not quantity:
                    break
            if quantity:
                raise ValueError(f"{product}: {quantity} too few")
            for place, gone in emptied.items():
                if run(self._empty, {"w_place": place, "lots": gone}).rowcount != len(gone):
                    raise ValueError("changed by another")
            if partly is not None and run(self._take, partly).rowcount != 1:
                raise ValueError("changed by another")
            run(self._move, moved)
            lots += [one["lot"] for one in moved]
            stored, version = shelves[shelf]
            stored["last_out_at"], stored["version"] = booked, version + 1
            self._saved(run(self._save_shelf, _row(shelf, version, stored, last_out_at=booked)))
            facts = {"document": document, "quantity": sum(one["quantity"] for one in moved)}
            self._noted(connection, shelf, "goods_given", booked, facts)
        return lots

    def _movement(
        self, booked: int, at: int, product: str, lot: str, quantity: int, cost: int, place: str, dest: str, about: str
    ) -> dict[str, Any]:
        return {
            "id": f"mov_{next(self._serial):026}",
            "at": booked,
            "happened_at": at,
            "product": product,
            "lot": lot,
            "quantity": quantity,
            "cost": cost,
            "source": place,
            "dest": dest,
            "reason": "give",
            "document": about,
            "by": "keeper",
        }

    def _saved(self, result: Any) -> None:
        if result.rowcount != 1:
            raise ValueError("changed by another")

    def _noted(
        self,
        connection: Connection,
        subject: str,
        name: str,
        at: int,
        facts: Mapping[str, Any],
        move: tuple[str, str, str] = ("", "", ""),
    ) -> str:
        id = f"evt_{next(self._serial):026}"
        row = {"event_id": id, "subject": subject, "actor": "keeper", "at": at, "name": name, "schema": 1, "reason": ""}
        row |= dict(zip(("move", "source", "dest"), move, strict=True))
        line = {"place": (connection.execute(self._line, {"s": subject}).scalar() or 0) + 1}
        proof = {"digest": _DIGEST, "salt": None, "proof": _PROOF}
        connection.execute(self._note, row | line | proof | {"facts": orjson.dumps(facts)})
        return id

    # --- an order
    def ship(self, order: str, shelf: str, product: str, quantity: int, at: int) -> None:
        """Send goods of an order that is signed: state, shipment, trail, what the customer is told."""
        with self.engine.begin() as connection:
            run = connection.execute
            stored, version = run(self._order, {"i": order}).one()
            body = orjson.loads(stored)
            if body["state"] != "signed":
                raise ValueError(body["state"])
            lots = self.taken(connection, [(shelf, product, quantity)], f"cus/{order}", order, at)
            body["shipments"] = [
                *body.get("shipments", ()),
                {"items": [{"product": product, "quantity": quantity}], "lots": lots, "sent_at": at, "state": "sent"},
            ]
            body |= {"state": "shipping", "moved_at": at, "version": version + 1}
            self._saved(run(self._save_order, _row(order, version, body, state="shipping", queue="hq")))
            facts = {"customer": body["customer"], "shipment": 1, "pieces": quantity}
            id = self._noted(connection, order, "goods_sent", at, facts, ("ship", "signed", "shipping"))
            entry = {"event": id, "customer": body["customer"], "at": at, "kind": "order", "subject": order}
            run(self._enter, entry | {"name": "goods_sent", "amount": None})
            told = {"key": f"{order}/shipped/1", "occasion": "order.shipped", "recipient": body["customer"]}
            told |= {"facts": orjson.dumps(facts), "created_at": at, "attempts": 0, "next_at": at, "sent_at": None}
            run(self._tell, told | {"failure": "", "state": "waiting", "klass": "contract", "resent": 0})


def _loads(table: Table) -> Any:
    return select(table.c.body, table.c.version).where(table.c.id == bindparam("i")).with_for_update()


def _saves(table: Table, *columns: str) -> Any:
    changed = update(table).where(table.c.id == bindparam("i"), table.c.version == bindparam("was"))
    return changed.values({name: bindparam(name) for name in ("version", "body", *columns)})


def _row(id: str, was: int, body: dict[str, Any], **columns: Any) -> dict[str, Any]:
    return {"i": id, "was": was, "version": was + 1, "body": orjson.dumps(body), **columns}


def _connected(connection: Any, synchronous: str) -> None:
    connection.isolation_level = None
    connection.execute(f"pragma synchronous={synchronous}")
    connection.execute("pragma foreign_keys=on")
    connection.execute("pragma secure_delete=on")


def _read_committed(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set session transaction isolation level read committed")
