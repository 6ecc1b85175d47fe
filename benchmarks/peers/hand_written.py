"""Hand-written SQLAlchemy Core: prepared statements on the same tables, in the same order; no rules, no calendar.

What a careful programmer writes who knows these three use cases and nothing else: the state is compared, deadlines are
so many days later, a body is a dict given to orjson.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from typing import Any

import orjson
from sqlalchemy import Connection, MetaData, bindparam, create_engine, event, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from . import life

DAY = 86_400_000_000
RECEIVED, ACCEPTED, CLOSED = life.micros(life.RECEIVED), life.micros(life.ACCEPTED), life.micros(life.CLOSED)


class HandWritten:
    """The three use cases on a database whose tables are there already."""

    def __init__(self, url: str, synchronous: str = "FULL") -> None:
        self.engine = create_engine(url)
        if url.startswith("sqlite"):
            event.listen(self.engine, "connect", lambda connection, _: _connected(connection, synchronous))
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        self._serial = count(1)
        meta = MetaData()
        meta.reflect(self.engine, only=[f"csd_{name}" for name in ("complaint", "audit", "timer", "outbox")])
        meta.reflect(self.engine, only=["csd_number", "csd_key"])
        c, a, t, o, n, k = (
            meta.tables[f"csd_{name}"] for name in ("complaint", "audit", "timer", "outbox", "number", "key")
        )
        upsert: Callable[[Any], Any] = postgresql.insert if url.startswith("postgresql") else sqlite.insert
        # SQLAlchemy closes an INSERT's cursor before it reads how many rows there were; psycopg then knows no more.
        self.claim = upsert(k).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        mine = (k.c.actor == bindparam("a"), k.c.use_case == bindparam("u"), k.c.key == bindparam("k"))
        self.known = select(k.c.fingerprint, k.c.receipt).where(*mine)
        self.finish = update(k).where(*mine).values(receipt=bindparam("r"))
        counting = upsert(n).values(series=bindparam("s"), last=1)
        self.count = counting.on_conflict_do_update(index_elements=[n.c.series], set_={"last": n.c.last + 1}).returning(
            n.c.last
        )
        self.add = insert(c)
        self.get = select(c.c.body, c.c.version).where(c.c.id == bindparam("i")).with_for_update()
        self.save = (
            update(c)
            .where(c.c.id == bindparam("i"), c.c.version == bindparam("v"))
            .values({column.name: bindparam(column.name) for column in c.c if column.name != "id"})
        )
        self.audit = insert(a)
        self.start = upsert(t).on_conflict_do_nothing()
        this = (t.c.subject == bindparam("s"), t.c.name == bindparam("n"))
        self.timer = select(t.c.body).where(*this).with_for_update()
        self.stop = (
            update(t)
            .where(*this)
            .values({name: bindparam(name) for name in ("state", "started_at", "due_at", "next_at", "body")})
        )
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
            body = {
                "id": f"cmp_{next(self._serial):026}",
                "number": f"KS202603-{number:04}",
                "branch": life.BRANCH,
                "owner": life.ACTOR,
                "rulebook": life.BOOK,
                "form": {**life.FORM, "claimed": {"minor": life.CLAIMED, "currency": life.CURRENCY}, "extra": {}},
                "received_at": RECEIVED,
                "state": "received",
                "version": 1,
                "accepted_at": None,
                "closed_at": None,
                "outcome": "",
            }
            connection.execute(self.add, {"id": body["id"], **_columns(body)})
            self.record(connection, body, "receive", "", RECEIVED, "")
            receipt.append({"id": body["id"], "version": 1, "state": "received", "number": body["number"]})
        return str(body["id"])

    def moved(self, connection: Connection, id: str, source: str, at: int, **changes: object) -> dict[str, Any]:
        row = connection.execute(self.get, {"i": id}).one()
        body: dict[str, Any] = orjson.loads(row[0])
        if body["state"] != source:
            raise ValueError(body["state"])
        body.update(changes)
        body["version"] = row[1] + 1
        if connection.execute(self.save, {"i": id, "v": row[1], **_columns(body)}).rowcount != 1:
            raise ValueError("changed by another")
        return body

    def accept(self, id: str, key: str | None) -> None:
        with self.once("complaint.accept", key, id) as (connection, receipt):
            body = self.moved(connection, id, "received", ACCEPTED, state="accepted", accepted_at=ACCEPTED)
            due = ACCEPTED + 6 * DAY
            timer = {
                "subject": id,
                "name": life.TIMER,
                "calendar": "office",
                "duration": {"kind": "calendar_days", "days": 6, "end_of_day": False},
                "started_at": ACCEPTED,
                "due_at": due,
                "budget": 4 * DAY,
                "warnings": [{"percent": 50, "at": due - 3 * DAY}, {"percent": 80, "at": due - DAY}],
                "warned": 0,
                "state": "running",
                "pauses": [],
                "ended_at": None,
                "completed_at": None,
            }
            row = {"subject": id, "name": life.TIMER, "state": "running", "started_at": ACCEPTED, "due_at": due}
            connection.execute(self.start, row | {"next_at": due - 3 * DAY, "body": orjson.dumps(timer)})
            self.record(connection, body, "accept", "received", ACCEPTED, "")
            self.message(connection, f"{id}/accepted", "complaint.accepted", id, ACCEPTED)
            receipt.append({"id": id, "version": body["version"], "state": "accepted", "number": body["number"]})

    def close(self, id: str, key: str | None) -> None:
        with self.once("complaint.close", key, id, life.OUTCOME) as (connection, receipt):
            body = self.moved(
                connection, id, "accepted", CLOSED, state="closed", closed_at=CLOSED, outcome=life.OUTCOME
            )
            timer = orjson.loads(connection.execute(self.timer, {"s": id, "n": life.TIMER}).scalar_one())
            timer |= {"state": "met", "ended_at": CLOSED, "completed_at": CLOSED}
            row = {"s": id, "n": life.TIMER, "state": "met", "started_at": timer["started_at"], "next_at": None}
            connection.execute(self.stop, row | {"due_at": timer["due_at"], "body": orjson.dumps(timer)})
            self.record(connection, body, "close", "accepted", CLOSED, life.OUTCOME)
            self.message(connection, f"{id}/closed", "complaint.closed", id, CLOSED)
            receipt.append({"id": id, "version": body["version"], "state": "closed", "number": body["number"]})

    def message(self, connection: Connection, key: str, occasion: str, id: str, at: int) -> None:
        connection.execute(
            self.tell,
            {
                "key": key,
                "occasion": occasion,
                "recipient": life.CUSTOMER,
                "facts": orjson.dumps({"complaint": id}),
                "created_at": at,
                "attempts": 0,
                "next_at": at,
                "sent_at": None,
                "failure": "",
            },
        )


def _columns(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": body["version"],
        "schema": 1,
        "branch": body["branch"],
        "owner": body["owner"],
        "number": body["number"],
        "state": body["state"],
        "customer": body["form"]["customer"],
        "claimed": body["form"]["claimed"]["minor"],
        "received_at": body["received_at"],
        "closed_at": body["closed_at"],
        "body": orjson.dumps(body),
    }


def _connected(connection: Any, synchronous: str) -> None:
    connection.isolation_level = None
    connection.execute("pragma journal_mode=wal")
    connection.execute(f"pragma synchronous={synchronous}")
    connection.execute("pragma foreign_keys=on")
