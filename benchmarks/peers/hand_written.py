"""Hand-written SQLAlchemy Core: prepared statements on the same tables, in the same order; no rules, no calendar.

What a careful programmer writes who knows these four use cases and nothing else: the state is compared, deadlines are
so many days later, a body is a dict given to orjson.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from typing import Any

import orjson
from sqlalchemy import Connection, MetaData, Table, bindparam, create_engine, event, insert, select, update
from sqlalchemy.dialects import mysql, postgresql, sqlite

from . import life

RECEIVED, CHECKED, ACCEPTED, WITHDRAWN = map(life.micros, (life.RECEIVED, life.CHECKED, life.ACCEPTED, life.WITHDRAWN))


class HandWritten:
    """The four use cases on a database whose tables are there already."""

    def __init__(self, url: str, book: str, synchronous: str = "FULL") -> None:
        self.engine = create_engine(url)
        if url.startswith("sqlite"):
            event.listen(self.engine, "connect", lambda connection, _: _connected(connection, synchronous))
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        if url.startswith("mariadb"):
            event.listen(self.engine, "connect", lambda connection, _: _read_committed(connection))
        self._serial = count(1)
        self.book = book
        meta = MetaData()
        meta.reflect(self.engine, only=[f"csd_{name}" for name in ("complaint", "audit", "timer", "outbox")])
        meta.reflect(self.engine, only=["csd_number", "csd_key"])
        c, a, t, o, n, k = (
            meta.tables[f"csd_{name}"] for name in ("complaint", "audit", "timer", "outbox", "number", "key")
        )
        self._upserts(url, o, n, t, k)
        mine = (k.c.actor == bindparam("a"), k.c.use_case == bindparam("u"), k.c.key == bindparam("k"))
        self.known = select(k.c.fingerprint, k.c.receipt).where(*mine)
        self.finish = update(k).where(*mine).values(receipt=bindparam("r"))
        self.add = insert(c)
        self.get = select(c.c.body, c.c.version).where(c.c.id == bindparam("i")).with_for_update()
        self.save = (
            update(c)
            .where(c.c.id == bindparam("i"), c.c.version == bindparam("v"))
            .values({column.name: bindparam(column.name) for column in c.c if column.name != "id"})
        )
        self.audit = insert(a)
        this = (t.c.subject == bindparam("s"), t.c.name == bindparam("n"))
        self.timer = select(t.c.body).where(*this).with_for_update()
        own = select(t.c.name, t.c.body).where(t.c.subject == bindparam("s")).order_by(t.c.started_at, t.c.name)
        self.timers = own.with_for_update()
        self.stop = (
            update(t)
            .where(*this)
            .values({name: bindparam(name) for name in ("state", "started_at", "due_at", "next_at", "body")})
        )

    def _upserts(self, url: str, o: Table, n: Table, t: Table, k: Table) -> None:
        """What databases say differently."""
        self.claim: Any
        self.count: Any
        self.start: Any
        self.tell: Any
        if url.startswith("mariadb"):
            self.claim, self.start, self.tell = insert(k), insert(t), insert(o)  # a second one fails
            counted = mysql.insert(n).values(series=bindparam("s"), last=1)
            self.count = counted.on_duplicate_key_update(last=n.c.last + 1).returning(n.c.last)
            return
        upsert: Callable[[Any], Any] = postgresql.insert if url.startswith("postgresql") else sqlite.insert
        # SQLAlchemy closes an INSERT's cursor before it reads how many rows there were; psycopg then knows no more.
        self.claim = upsert(k).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        counting = upsert(n).values(series=bindparam("s"), last=1)
        self.count = counting.on_conflict_do_update(index_elements=[n.c.series], set_={"last": n.c.last + 1}).returning(
            n.c.last
        )
        self.start = upsert(t).on_conflict_do_nothing()
        self.tell = upsert(o).on_conflict_do_nothing()

    @contextmanager
    def once(self, use_case: str, key: str | None, *body: object) -> Iterator[tuple[Connection, list[Any]]]:
        """A transaction under an idempotency key; what is put into the list is its receipt."""
        receipt: list[Any] = []
        with self.engine.begin() as connection:
            if key is not None:
                mark = sha256(orjson.dumps([use_case, *body])).hexdigest()
                row = {"actor": life.ACTOR, "use_case": use_case, "key": key, "fingerprint": mark, "receipt": None}
                if connection.execute(self.claim, row | {"at": RECEIVED}).rowcount != 1:
                    raise ValueError(connection.execute(self.known, {"a": life.ACTOR, "u": use_case, "k": key}).one())
            yield connection, receipt
            if key is not None:
                done = orjson.dumps(receipt[0])
                connection.execute(self.finish, {"a": life.ACTOR, "u": use_case, "k": key, "r": done})

    def record(self, connection: Connection, body: dict[str, Any], move: str, source: str, at: int, why: str) -> None:
        connection.execute(
            self.audit,
            {
                "event_id": f"evt_{next(self._serial):026}",
                "subject": body["id"],
                "actor": life.ACTOR,
                "at": at,
                "name": f"complaint_{body['state']}",
                "schema": 1,
                "move": move,
                "source": source,
                "dest": body["state"],
                "reason": why,
                "facts": orjson.dumps({"customer": life.CUSTOMER}),
            },
        )

    def receive(self, key: str | None) -> str:
        with self.once("complaint.receive", key, life.FORM) as (connection, receipt):
            number = connection.execute(self.count, {"s": "KS202603-{seq:04}"}).scalar_one()
            body = life.received(f"cmp_{next(self._serial):026}", f"KS202603-{number:04}", self.book)
            row = {"id": body["id"], **life.columns(body), "body": orjson.dumps(body)}
            connection.execute(self.add, row)
            self.begin(connection, body["id"], life.CHECKING, RECEIVED)
            self.record(connection, body, "receive", "", RECEIVED, "")
            self.message(connection, body, "to_handle", life.HANDLED_BY, RECEIVED)
            receipt.append(_receipt(body))
        return str(body["id"])

    def moved(self, connection: Connection, id: str, source: str, move: Callable[[Any], None]) -> dict[str, Any]:
        row = connection.execute(self.get, {"i": id}).one()
        body: dict[str, Any] = orjson.loads(row[0])
        if body["state"] != source:
            raise ValueError(body["state"])
        move(body)
        body["version"] = row[1] + 1
        values = {"i": id, "v": row[1], **life.columns(body), "body": orjson.dumps(body)}
        if connection.execute(self.save, values).rowcount != 1:
            raise ValueError("changed by another")
        return body

    def begin(self, connection: Connection, id: str, clock: tuple[str, int], at: int) -> None:
        timer = life.timer(id, clock, at)
        row = {name: timer[name] for name in ("subject", "name", "state", "started_at", "due_at")}
        connection.execute(self.start, row | {"next_at": life.next_at(timer), "body": orjson.dumps(timer)})

    def end(self, connection: Connection, id: str, name: str, state: str, at: int) -> None:
        timer = orjson.loads(connection.execute(self.timer, {"s": id, "n": name}).scalar_one())
        self.ended(connection, timer, state, at)

    def ended(self, connection: Connection, timer: dict[str, Any], state: str, at: int) -> None:
        timer |= {"state": state, "ended_at": at, "completed_at": at if state == "met" else None}
        row = {"s": timer["subject"], "n": timer["name"], "state": state, "started_at": timer["started_at"]}
        row["next_at"] = None
        connection.execute(self.stop, row | {"due_at": timer["due_at"], "body": orjson.dumps(timer)})

    def check(self, id: str, key: str | None) -> None:
        with self.once("complaint.check", key, id, life.OPINION) as (connection, receipt):
            body = self.moved(connection, id, "received", life.check)
            self.end(connection, id, life.CHECKING[0], "met", CHECKED)
            self.record(connection, body, "check", "received", CHECKED, life.OPINION)
            receipt.append(_receipt(body))

    def accept(self, id: str, key: str | None) -> None:
        with self.once("complaint.accept", key, id, life.CLASS, life.CAUSE) as (connection, receipt):
            body = self.moved(connection, id, "checked", life.accept)
            self.begin(connection, id, life.CLOSING, ACCEPTED)
            self.begin(connection, id, life.HANDLING, ACCEPTED)
            self.record(connection, body, "accept", "checked", ACCEPTED, "")
            self.message(connection, body, "accepted", life.CUSTOMER, ACCEPTED)
            receipt.append(_receipt(body))

    def withdraw(self, id: str, key: str | None) -> None:
        with self.once("complaint.withdraw", key, id, life.REASON) as (connection, receipt):
            body = self.moved(connection, id, "accepted", life.withdraw)
            timers = [orjson.loads(row[1]) for row in connection.execute(self.timers, {"s": id})]
            for timer in timers:
                if timer["state"] == "running":
                    self.ended(connection, timer, "cancelled", WITHDRAWN)
            self.record(connection, body, "withdraw", "accepted", WITHDRAWN, life.REASON)
            receipt.append(_receipt(body))

    def message(self, connection: Connection, body: dict[str, Any], occasion: str, to: str, at: int) -> None:
        connection.execute(
            self.tell,
            {
                "key": f"{body['id']}/{occasion}/1",
                "occasion": f"complaint.{occasion}",
                "recipient": to,
                "facts": orjson.dumps({"complaint": body["id"], "number": body["forms"][0]["number"]}),
                "created_at": at,
                "attempts": 0,
                "next_at": at,
                "sent_at": None,
                "failure": "",
            },
        )


def _receipt(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("id", "version", "state")} | {"number": body["forms"][0]["number"]}


def _connected(connection: Any, synchronous: str) -> None:
    connection.isolation_level = None
    connection.execute("pragma journal_mode=wal")
    connection.execute(f"pragma synchronous={synchronous}")
    connection.execute("pragma foreign_keys=on")


def _read_committed(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set session transaction isolation level read committed")
