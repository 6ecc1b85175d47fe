"""Rows in one transaction of a database: prepared statements and nothing that means anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs
import orjson
from sqlalchemy import Connection, or_, select
from sqlalchemy.exc import StatementError

from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.timers import Timer, TimerState
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
from csdomain.kernel.store.ports import AuditRecord, Call, KeyClaim, LiveTimer, Queued, Receipt, Refusal
from csdomain.kernel.store.storable import Unreadable, copied, read_or_refuse, readable, require_texts
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.codec import to_micros
from csdomain_adapters.system import salt

from . import outbox
from .dialects import translate
from .listings import condition_values, conditions, tally_rows, tally_statement, tally_values
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

    def live_timer_names(self, after: tuple[str, str], limit: int, /) -> Sequence[tuple[str, str]]:
        rows = self.execute(self._s.live, {"subject_": after[0], "name_": after[1], "limit_": limit})
        return [(row[0], row[1]) for row in rows]

    def next_due(self) -> datetime | None:
        found: datetime | None = self.execute(self._s.next_due, {}).scalar()
        return found

    def due_timers(self, until: datetime, limit: int, skip: Iterable[tuple[str, str]], /) -> Sequence[Timer]:
        skipped = set(skip)
        rows = self.execute(self._s.due, {"until_": until, "limit_": limit + len(skipped)})
        wanted = [row for row in rows if (row[0], row[1]) not in skipped]
        return [_timer(*row) for row in wanted[:limit]]

    def live_timers(
        self, kind: Kind[A], names: Sequence[str], query: Query[A], until: datetime | None, /
    ) -> Sequence[LiveTimer]:
        table, t = self._schema.of(kind).table, self._schema.common.timer
        where = (*query.where, *query.either)
        live = [TimerState.RUNNING] if until is not None else [TimerState.RUNNING, TimerState.PAUSED]
        timer = (t.c.subject, t.c.name, t.c.body)
        wanted = select(*timer, *(table.c[name] for name in names)).join_from(t, table, table.c.id == t.c.subject)
        wanted = wanted.where(
            t.c.state.in_([state.value for state in live]), *conditions(table, where, range(len(query.where)))
        )
        if query.either:
            places = range(len(query.where), len(where))
            wanted = wanted.where(or_(*(one for place in places for one in conditions(table, where, [place]))))
        if until is not None:
            wanted = wanted.where(t.c.due_at <= until)
        wanted = wanted.order_by(t.c.due_at, t.c.subject, t.c.name).limit(query.limit)
        found = self.execute(wanted, dict(condition_values(where)))
        return [LiveTimer(_timer(*row[:3]), tuple(row[3:])) for row in found]

    # --- outbox
    def queue(self, messages: Sequence[Message], at: datetime, /) -> None:
        rows = [outbox.row(Queued.of(require_texts(message, "outbox"), at)) for message in messages]
        self.execute(self._s.queue, rows if len(rows) > 1 else rows[0])
        for message in messages:
            if message.line:
                self.execute(self._s.supersede, {"line_": message.line, "key_": message.key})

    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        rows = self.execute(self._s.claim_messages, {"now_": now, "limit_": limit}).mappings().all()
        if rows:
            held = [{"seq_": row["seq"], "until_": until} for row in rows]
            self.execute(self._s.hold_message, held)
        return [attrs.evolve(outbox.queued(row), next_at=until) for row in rows]

    def message(self, key: str, /, *, lock: bool = False) -> Queued | None:
        statement = self._s.message_locked if lock else self._s.message
        row = self.execute(statement, {"key_": key}).mappings().first()
        return None if row is None else outbox.queued(row)

    def message_by_ref(self, ref: str, /) -> Queued | None:
        row = self.execute(self._s.message_by_ref, {"ref_": ref}).mappings().first()
        return None if row is None else outbox.queued(row)

    def messages_of_line(self, line: str, /) -> Sequence[Queued]:
        return [outbox.queued(row) for row in self.execute(self._s.line, {"line_": line}).mappings()]

    def save_message(self, message: Queued, /) -> None:
        self.execute(self._s.save_message, outbox.changed(message))

    def outbox(
        self,
        *,
        unsent: bool = False,
        state: MessageState | None = None,
        to: str = "",
        due: datetime | None = None,
        limit: int,
    ) -> Sequence[Queued]:
        statement = outbox.listed(self._s.common.outbox, unsent=unsent, state=state, to=to, due=due).limit(limit)
        return [outbox.queued(row) for row in self.execute(statement).mappings()]

    # --- numbers, keys, rulebooks
    def next_number(self, series: str, /) -> int:
        return self._count(series, 1)

    def reach_number(self, series: str, least: int, /) -> None:
        last = self._count(series, 0)
        if last < least:
            self._count(series, least - last)

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
