"""Rows in one transaction of a database: prepared statements and nothing that means anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import orjson
from sqlalchemy import Connection, or_, select
from sqlalchemy.exc import StatementError

from csdomain.kernel.cases.effects import Fact, Message
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules.errors import StoreBusy, StoreFailure
from csdomain.kernel.store.digests import Head, Unproven
from csdomain.kernel.store.kinds import (
    A,
    ColumnPage,
    ColumnValue,
    Kind,
    Page,
    Query,
    Tally,
    TallyRow,
)
from csdomain.kernel.store.ports import AuditRecord, Call, KeyClaim, Queued, Receipt, Refusal
from csdomain.kernel.store.storable import Unreadable, copied, read_or_refuse, readable, require_texts
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.codec import to_micros
from csdomain_adapters.system import salt

from .dialects import translate
from .listings import tally_rows, tally_statement, tally_values
from .prepared import Prepared
from .registers import RegisterRows
from .statements import Statements
from .tables import KindTable, Schema, converter, encoded, written

if TYPE_CHECKING:
    from csdomain.kernel.store.verify import Inspector

R = TypeVar("R")
_EVENTS: Final = "csdomain:events"
#: What an aggregate is read from.
_BODY: Final = ("body", "version", "schema")
_timer_out: Final = converter.get_unstructure_hook(Timer)
_timer_in: Final = converter.get_structure_hook(Timer)
_receipt_out: Final = converter.get_unstructure_hook(Receipt)
_receipt_in: Final = converter.get_structure_hook(Receipt)


class SqlSession(RegisterRows):
    """A session on one connection, in a transaction that somebody else begins and ends."""

    def __init__(self, connection: Connection, schema: Schema, statements: Statements) -> None:
        self._connection = connection
        self._schema = schema
        self._s = statements
        self._dead = False
        self._unproven = Unproven()
        #: Whether something was blanked that must not be found in the database's files either.
        self.redacted = False

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement; after an error of the database the session refuses everything.

        Raises StoreBusy, Conflict or StoreFailure, never what the driver said.
        """
        if isinstance(statement, Prepared):
            return self._sent(statement.run, self._connection, parameters)
        return self._sent(self._connection.execute, statement, parameters)

    def _sent(self, send: Callable[..., R], /, *given: Any) -> R:
        if self._dead:
            raise StoreFailure(session="dead")
        try:
            return send(*given)
        except StatementError as error:
            # PostgreSQL would report success on commit and keep nothing.
            self._dead = True
            raise translate(error) from None

    @property
    def dead(self) -> bool:
        return self._dead

    # --- aggregates
    def fetch(self, kind: Kind[A], id: str, /, *, lock: bool) -> A | None:
        table = self._schema.of(kind)
        heading = lock and self._s.heading
        statement = table.fetch_headed if heading else table.fetch_locked if lock else table.fetch
        row = self.execute(statement, {"id_": id}).first()
        if row is None:
            return None
        if heading:
            self._unproven.head(id, row[3], row[4])
        found: A = table.load(id, row[0], row[1], row[2])
        return found

    def insert(self, kind: Kind[A], aggregate: A, /) -> None:
        table = self._schema.of(kind)
        row = table.row(aggregate)
        self.execute(table.insert, row)
        self._unproven.head(row["id"])
        self._prove(kind, row)

    def insert_new(self, kind: Kind[A], aggregate: A, /) -> bool:
        table = self._schema.of(kind)
        row = table.row(aggregate)
        made = bool(self._s.inserted(self.execute(table.insert_new(self._s.dialect), row)))
        if made:
            self._prove(kind, row)
        return made

    def update(self, kind: Kind[A], aggregate: A, was: int, /) -> bool:
        table = self._schema.of(kind)
        row = table.row(aggregate)
        values = {**row, "id_": row["id"], "was_": was}
        del values["id"]
        if self.execute(table.update, values).rowcount != 1:
            return False
        self._prove(kind, row)
        return True

    def _prove(self, kind: Kind[Any], row: Mapping[str, Any]) -> None:
        columns = written([row[name] for name in self._schema.of(kind).columns])
        self._unproven.body(kind.table, row["id"], row["version"], row["schema"], row["body"], columns)

    def select(self, kind: Kind[A], query: Query[A], /) -> Page[A]:
        table = self._schema.of(kind)
        page, last = self._page(table, _BODY, query)
        items, unreadable = readable(page, lambda row: table.load(row[-2], row[0], row[1], row[2]))
        return Page(tuple(items), last, unreadable)

    def select_columns(self, kind: Kind[A], names: Sequence[str], query: Query[A], /) -> ColumnPage:
        page, last = self._page(self._schema.of(kind), tuple(names), query)
        return ColumnPage(tuple(row[:-2] for row in page), last)

    def _page(
        self, table: KindTable[A], names: tuple[str, ...], query: Query[A]
    ) -> tuple[Sequence[tuple[Any, ...]], tuple[ColumnValue, str] | None]:
        """The rows of a page, each with its id and its value in the order after what is wanted; and the cursor."""
        statement, values = table.listings.of(names, query)
        rows = self._sent(statement.rows, self._connection, values)
        page = rows[: query.limit]
        return page, (page[-1][-1], page[-1][-2]) if len(rows) > query.limit else None

    def tally(self, kind: Kind[A], tally: Tally[A], /) -> Sequence[TallyRow]:
        table = self._schema.of(kind)
        rows = self.execute(tally_statement(table.table, tally), tally_values(tally))
        return tally_rows(rows, tally)

    # --- trail
    def append(self, records: Sequence[AuditRecord], /) -> None:
        told = [encoded(copied(require_texts(record, "audit").facts, "audit"), "audit") for record in records]
        links = self._unproven.link(records, [facts.decode() for facts in told], self._heads, salt)
        rows = [
            {
                "event_id": record.event_id,
                "subject": record.subject,
                "actor": record.by,
                "at": record.at,
                "name": record.name,
                "schema": record.schema,
                "move": record.move,
                "source": record.source,
                "dest": record.dest,
                "reason": record.reason,
                "facts": facts,
                "place": link.place,
                "digest": link.digest,
                "salt": link.salt,
                "proof": link.proof.encode(),
            }
            for record, facts, link in zip(records, told, links, strict=True)
        ]
        self.execute(self._s.audit, rows if len(rows) > 1 else rows[0])

    def _heads(self, subjects: Iterable[str]) -> dict[str, Head]:
        """The last line of each subject that has one: its place and its digest."""
        asked = ((subject, {"subject_": subject, "limit_": 1}) for subject in subjects)
        found = {subject: self.execute(self._s.head, values).first() for subject, values in asked}
        return {subject: (row[0], row[1]) for subject, row in found.items() if row is not None}

    def trail(self, subject: str, /) -> Sequence[AuditRecord]:
        return [_record(row) for row in self.execute(self._s.trail, {"subject_": subject})]

    def trails(self, subjects: Sequence[str], /) -> Sequence[AuditRecord]:
        if not subjects:
            return []
        return [_record(row) for row in self.execute(self._s.trails, {"subjects_": list(subjects)}).all()]

    def redact(self, subject: str, /) -> int:
        found = self.execute(self._s.redact, {"subject_": subject}).rowcount
        told = self.execute(self._s.redact_refusals, {"subject_": subject, "none_": b"{}"}).rowcount
        parts = {"from_": f"{subject}/", "below_": f"{subject}0"}
        failed = self.execute(self._s.redact_failures, parts).rowcount
        self.redacted = True
        return int(found) + int(told) + int(failed)

    def number_events(self, limit: int, /) -> int:
        # The counter's row is the lock: one process numbers at a time, so a late commit is never skipped.
        last = self._count(_EVENTS, 0)
        rows = self.execute(self._s.unnumbered, {"limit_": limit}).all()
        if rows:
            places = [{"seq_": row[0], "position_": last + i} for i, row in enumerate(rows, 1)]
            self.execute(self._s.place, places)
            self._count(_EVENTS, len(rows))
        return len(rows)

    def events_after(self, position: int, limit: int, /) -> Sequence[AuditRecord]:
        found = self.execute(self._s.after, {"position_": position, "limit_": limit})
        return [_record(row) for row in found]

    def last_position(self) -> int:
        return int(self.execute(self._s.last_position, {}).scalar() or 0)

    def cursor(self, consumer: str, /) -> int:
        return int(self.execute(self._s.cursor, {"consumer_": consumer}).scalar() or 0)

    def move_cursor(self, consumer: str, position: int, /) -> None:
        self.execute(self._s.move_cursor, {"consumer": consumer, "position": position})

    def add_refusal(self, refusal: Refusal, /) -> None:
        row = {
            "use_case": refusal.use_case,
            "actor": refusal.by,
            "at": refusal.at,
            "subject": refusal.subject[:64],
            "rule": refusal.rule,
            "code": refusal.code,
            "facts": encoded(copied(refusal.facts, "refusal"), "refusal"),
        }
        self.execute(self._s.refuse, row)

    def refusals(self, subject: str, /) -> Sequence[Refusal]:
        return [
            Refusal(
                row["use_case"],
                ActorId(row["actor"]),
                row["at"],
                row["subject"],
                row["rule"],
                row["code"],
                orjson.loads(row["facts"]),
            )
            for row in self.execute(self._s.refusals, {"subject_": subject}).mappings()
        ]

    def inspector(self) -> "Inspector":
        from .inspecting import SqlInspector  # few desks verify, and its classes take a while to make

        return SqlInspector(self.execute, self._schema)

    # --- timers
    def timer(self, subject: str, name: str, /, *, lock: bool) -> Timer | None:
        statement = self._s.timer_locked if lock else self._s.timer
        body = self.execute(statement, {"subject_": subject, "name_": name}).scalar()
        return None if body is None else _timer(subject, name, body)

    def timers_of(self, subject: str, /, *, lock: bool = False) -> Sequence[Timer]:
        statement = self._s.timers_of_locked if lock else self._s.timers_of
        return [_timer(subject, row[1], row[0]) for row in self.execute(statement, {"subject_": subject})]

    def add_timers(self, timers: Sequence[Timer], /) -> Sequence[str]:
        there: list[str] = []
        for timer in timers:
            columns = _timer_columns(timer)
            row = {"subject": timer.subject, "name": timer.name, **columns}
            if not self._s.inserted(self.execute(self._s.add_timer, row)):
                there.append(timer.name)
            else:
                self._note(timer, columns)
        return there

    def save_timer(self, timer: Timer, /) -> None:
        columns = _timer_columns(timer)
        self.execute(self._s.save_timer, {"subject_": timer.subject, "name_": timer.name, **columns})
        self._note(timer, columns)

    def _note(self, timer: Timer, columns: Mapping[str, Any]) -> None:
        next_at = columns["next_at"]
        instants = columns["started_at"], columns["due_at"]
        told = [columns["state"], *map(to_micros, instants), None if next_at is None else to_micros(next_at)]
        self._unproven.timer(timer.subject, timer.name, told, columns["body"])

    def due_timers(self, until: datetime, limit: int, skip: Iterable[tuple[str, str]], /) -> Sequence[Timer]:
        skipped = set(skip)
        rows = self.execute(self._s.due, {"until_": until, "limit_": limit + len(skipped)})
        wanted = [row for row in rows if (row[0], row[1]) not in skipped]
        return [_timer(*row) for row in wanted[:limit]]

    # --- outbox
    def queue(self, messages: Sequence[Message], at: datetime, /) -> None:
        rows = [
            {
                "key": message.key,
                "occasion": message.occasion,
                "recipient": message.to,
                "facts": encoded(copied(require_texts(message, "outbox").facts, "outbox"), "outbox"),
                "created_at": at,
                "attempts": 0,
                "next_at": at,
                "sent_at": None,
                "failure": "",
            }
            for message in messages
        ]
        self.execute(self._s.queue, rows if len(rows) > 1 else rows[0])

    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        rows = self.execute(self._s.claim_messages, {"now_": now, "limit_": limit}).mappings().all()
        if rows:
            held = [{"seq_": row["seq"], "until_": until} for row in rows]
            self.execute(self._s.hold_message, held)
        return [_queued({**row, "attempts": row["attempts"] + 1, "next_at": until}) for row in rows]

    def mark_message(self, message: Queued, /) -> None:
        row = {
            "key_": message.key,
            "next_at": message.next_at,
            "sent_at": message.sent_at,
            "failure": message.failure[:400],
        }
        self.execute(self._s.mark_message, row)

    def outbox(self, *, unsent: bool, dead: bool | None = None, limit: int) -> Sequence[Queued]:
        o = self._s.common.outbox
        order: Any = o.c.seq
        statement = select(o).limit(limit)
        if unsent:
            statement = statement.where(o.c.sent_at.is_(None))
        if dead:
            statement = statement.where(o.c.sent_at.is_(None), o.c.next_at.is_(None))
        elif dead is not None:
            waits = o.c.next_at.is_not(None)
            statement = statement.where(waits if unsent else or_(waits, o.c.sent_at.is_not(None)))
            # What waits is little beside all that was sent: found by the index of what is due, sorted afterwards,
            # not by reading the whole table in its order.
            order = o.c.seq + 0
        return [_queued(row) for row in self.execute(statement.order_by(order)).mappings()]

    def message(self, key: str, /) -> Queued | None:
        row = self.execute(self._s.message, {"key_": key}).mappings().first()
        return None if row is None else _queued(row)

    def requeue(self, key: str, at: datetime, /) -> bool:
        return bool(self.execute(self._s.requeue, {"key_": key, "at_": at}).rowcount == 1)

    # --- numbers, keys, rulebooks
    def next_number(self, series: str, /) -> int:
        return self._count(series, 1)

    def _count(self, series: str, by: int) -> int:
        return int(self.execute(self._s.next_number, {"series_": series, "by_": by}).scalar_one())

    def claim_key(self, call: Call, /) -> KeyClaim | None:
        row = {
            "actor": call.by,
            "use_case": call.use_case,
            "key": call.key,
            "fingerprint": call.fingerprint,
            "receipt": None,
            "at": call.at,
        }
        if self._s.inserted(self.execute(self._s.claim_key, row)):
            return None
        known = self.execute(self._s.key_known, _key(call)).first()
        if known is None:
            raise StoreBusy(use_case=call.use_case)  # forgotten in between
        return KeyClaim(known[0], None if known[1] is None else _receipt_in(orjson.loads(known[1]), Receipt))

    def finish_key(self, call: Call, receipt: Receipt, /) -> None:
        self.execute(self._s.finish_key, {**_key(call), "receipt_": orjson.dumps(_receipt_out(receipt))})

    def release_key(self, call: Call, /) -> None:
        self.execute(self._s.release_key, _key(call))

    def forget_keys(self, before: datetime, /) -> int:
        return int(self.execute(self._s.forget_keys, {"before_": before}).rowcount)

    def put_rulebook(self, ref: str, text: str, /) -> None:
        self.execute(self._s.put_rulebook, {"ref": ref, "body": copied(text, "rulebook").encode()})

    def get_rulebook(self, ref: str, /) -> str | None:
        body = self.execute(self._s.rulebook, {"ref_": ref}).scalar()
        return None if body is None else bytes(body).decode()


def _timer(subject: str, name: str, body: bytes) -> Timer:
    """The timer of a row. Raises Unreadable where there is none, or that of another row."""

    def read() -> Timer:
        timer = cast("Timer", _timer_in(orjson.loads(body), Timer))
        if (timer.subject, timer.name) != (subject, name):
            raise ValueError
        return timer

    return read_or_refuse(read, kind="timer", id=subject, name=name)


def _timer_columns(timer: Timer) -> dict[str, Any]:
    return {
        "state": timer.state.value,
        "started_at": timer.started_at,
        "due_at": timer.due_at,
        "next_at": timer.next_at,
        "body": orjson.dumps(_timer_out(timer)),
    }


def _key(call: Call) -> dict[str, Any]:
    return {"actor_": call.by, "use_case_": call.use_case, "key_": call.key}


def _record(row: Sequence[Any]) -> AuditRecord:
    # By place: by name each value costs a look-up, and trails are read by the hundred thousand.
    event_id, subject, actor, at, name, schema, move, source, dest, reason, facts, position = row
    try:
        told = orjson.loads(facts)
    except ValueError:
        told = None
    if told is None:
        raise Unreadable(kind="audit", id=event_id)
    return AuditRecord(event_id, subject, actor, at, name, schema, move, source, dest, reason, told, position)


def _queued(row: Mapping[Any, Any]) -> Queued:
    facts = cast("dict[str, Fact]", orjson.loads(row["facts"]))
    return Queued(
        key=row["key"],
        occasion=row["occasion"],
        to=row["recipient"],
        facts=facts,
        created_at=row["created_at"],
        attempts=row["attempts"],
        next_at=row["next_at"],
        sent_at=row["sent_at"],
        failure=row["failure"],
    )
