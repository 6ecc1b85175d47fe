"""Rows in memory, with a journal that takes everything back."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.timers import Timer, TimerState
from csdomain.kernel.rules.errors import Conflict, StoreFailure
from csdomain.kernel.store.digests import Head, Link, Unproven
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
from csdomain.kernel.values.codec import canonical
from csdomain_adapters.system import salt

from .encoding import from_body, timer_as_stored, to_body, written
from .listing import Stored, matches, page, tallied
from .registers import RegisterRows

if TYPE_CHECKING:
    from csdomain.kernel.store.verify import Inspector

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", AuditRecord, Queued, Refusal)
Key = tuple[str, str]
#: When a timer fires next, its subject and its name.
Due = tuple[datetime, str, str]
_MISSING: Final = object()
#: What delivery changes of a message.
_OF_DELIVERY: Final = "state next_at attempts sent_at failure tried_at delivered_at ref resent".split()


@attrs.define
class Tables:
    """Everything a memory store holds."""

    aggregates: dict[str, dict[str, Stored]] = attrs.field(factory=lambda: defaultdict(dict))
    unique: dict[tuple[str, str, ColumnValue], str] = attrs.field(factory=dict)
    audit: list[AuditRecord] = attrs.field(factory=list)
    links: list[Link] = attrs.field(factory=list)
    by_subject: dict[str, list[int]] = attrs.field(factory=lambda: defaultdict(list))
    positions: list[int] = attrs.field(factory=list)
    cursors: dict[str, int] = attrs.field(factory=dict)
    refusals: list[Refusal] = attrs.field(factory=list)
    timers: dict[Key, Timer] = attrs.field(factory=dict)
    due: list[Due] = attrs.field(factory=list)
    outbox: dict[str, Queued] = attrs.field(factory=dict)
    numbers: dict[str, int] = attrs.field(factory=dict)
    keys: dict[tuple[str, str, str], tuple[KeyClaim, datetime]] = attrs.field(factory=dict)
    rulebooks: dict[str, str] = attrs.field(factory=dict)
    #: Rows of registers by table and key; which key has what is unique.
    rows: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = attrs.field(factory=lambda: defaultdict(dict))
    taken: dict[tuple[str, tuple[str, ...], tuple[Any, ...]], tuple[Any, ...]] = attrs.field(factory=dict)


class MemorySession(RegisterRows):
    """A session over :class:`Tables`; the store runs one at a time."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._undo: list[Callable[[], object]] = []
        self._unproven = Unproven()
        self.dead = False

    @property
    def _t(self) -> Tables:
        if self.dead:
            raise StoreFailure(session="dead")
        return self._tables

    def _failed(self, error: Conflict) -> Conflict:
        # As on a database, where a statement that failed takes its whole transaction with it.
        self.dead = True
        return error

    def rollback(self) -> None:
        """Take everything back, last first. What does so was made before the change, and asks for nothing."""
        self.dead, self._unproven = False, Unproven()
        while self._undo:
            self._undo.pop()()

    def _put(self, table: MutableMapping[K, V], key: K, value: V) -> None:
        before = table.get(key, _MISSING)
        if before is _MISSING:
            self._undo.append(partial(table.pop, key, None))
        else:
            self._undo.append(partial(table.__setitem__, key, cast("V", before)))
        table[key] = value

    def _drop(self, table: MutableMapping[K, V], key: K) -> None:
        if key in table:
            self._undo.append(partial(table.__setitem__, key, table[key]))
            del table[key]

    def _add(self, table: list[V], value: V) -> None:
        self._undo.append(partial(_cut, table, len(table)))
        table.append(value)

    def _replace(self, table: list[V], place: int, value: V) -> None:
        self._undo.append(partial(table.__setitem__, place, table[place]))
        table[place] = value

    # --- aggregates
    def fetch(self, kind: Kind[A], id: str, /, *, lock: bool) -> A | None:
        stored = self._t.aggregates[kind.table].get(id)
        return None if stored is None else _loaded(kind, stored)

    def insert(self, kind: Kind[A], aggregate: A, /) -> None:
        if aggregate.id in self._t.aggregates[kind.table]:
            raise self._failed(Conflict(kind=kind.table, id=aggregate.id))
        self._save(kind, aggregate, {})

    def insert_new(self, kind: Kind[A], aggregate: A, /) -> bool:
        if aggregate.id in self._t.aggregates[kind.table]:
            return False
        self._save(kind, aggregate, {})
        return True

    def update(self, kind: Kind[A], aggregate: A, was: int, /) -> bool:
        before = self._t.aggregates[kind.table].get(aggregate.id)
        if before is None or before.row["version"] != was:
            return False
        self._save(kind, aggregate, before.row)
        return True

    def _save(self, kind: Kind[A], aggregate: A, before: dict[str, ColumnValue]) -> None:
        row, body = kind.row(aggregate), to_body(kind, aggregate)
        for field in kind.fields:
            value, old = row[field.name], before.get(field.name)
            if not field.unique or value == old:
                continue
            if value is not None and (kind.table, field.name, value) in self._t.unique:
                raise self._failed(Conflict(kind=kind.table, field=field.name))
            if old is not None:
                self._drop(self._t.unique, (kind.table, field.name, old))
            if value is not None:
                self._put(self._t.unique, (kind.table, field.name, value), aggregate.id)
        row |= {"id": aggregate.id, "branch": aggregate.branch, "owner": aggregate.owner, "version": aggregate.version}
        self._put(self._t.aggregates[kind.table], aggregate.id, Stored(body, kind.schema, row))
        stored = aggregate.id, aggregate.version, kind.schema, body.encode()
        self._unproven.body(kind.table, *stored, written(row))

    def select(self, kind: Kind[A], query: Query[A], /) -> Page[A]:
        page, last = self._page(kind, query)
        items, unreadable = readable(page, lambda stored: _loaded(kind, stored))
        return Page(tuple(items), last, unreadable)

    def select_columns(self, kind: Kind[A], names: Sequence[str], query: Query[A], /) -> ColumnPage:
        page, last = self._page(kind, query)
        return ColumnPage(tuple(tuple(s.row[name] for name in names) for s in page), last)

    def _page(self, kind: Kind[A], query: Query[A]) -> tuple[list[Stored], tuple[ColumnValue, str] | None]:
        return page(self._t.aggregates[kind.table].values(), query)

    def tally(self, kind: Kind[A], tally: Tally[A], /) -> Sequence[TallyRow]:
        return tallied((stored.row for stored in self._t.aggregates[kind.table].values()), tally)

    # --- trail
    def append(self, records: Sequence[AuditRecord], /) -> None:
        kept = [_kept(record, "audit") for record in records]
        links = self._unproven.link(kept, [canonical(record.facts) for record in kept], self._heads, salt)
        for record, link in zip(kept, links, strict=True):
            self._add(self._t.by_subject[record.subject], len(self._t.audit))
            self._add(self._t.audit, record)
            self._add(self._t.links, link)

    def _heads(self, subjects: Iterable[str]) -> dict[str, Head]:
        lines = {subject: self._t.by_subject[subject] for subject in subjects if self._t.by_subject.get(subject)}
        return {subject: self._t.links[places[-1]][:2] for subject, places in lines.items()}

    def trail(self, subject: str, /) -> Sequence[AuditRecord]:
        return [_own(self._t.audit[i], "audit") for i in self._t.by_subject.get(subject, ())]

    def trails(self, subjects: Sequence[str], /) -> Sequence[AuditRecord]:
        return [record for subject in dict.fromkeys(subjects) for record in self.trail(subject)]

    def redact(self, subject: str, /) -> int:
        found = [i for i in self._t.by_subject.get(subject, ()) if self._t.audit[i].reason]
        for i in found:
            self._replace(self._t.audit, i, attrs.evolve(self._t.audit[i], reason=""))
            self._replace(self._t.links, i, self._t.links[i]._replace(salt=None))
        told = [i for i, refusal in enumerate(self._t.refusals) if refusal.subject == subject and refusal.facts]
        for i in told:
            self._replace(self._t.refusals, i, attrs.evolve(self._t.refusals[i], facts={}))
        failed = [m for key, m in self._t.outbox.items() if key.startswith(f"{subject}/") and m.failure]
        for message in failed:
            self._put(self._t.outbox, message.key, attrs.evolve(message, failure=""))
        return len(found) + len(told) + len(failed)

    def number_events(self, limit: int, /) -> int:
        begin = len(self._t.positions)
        new = range(begin, min(begin + limit, len(self._t.audit)))
        for i in new:
            self._replace(self._t.audit, i, attrs.evolve(self._t.audit[i], position=i + 1))
            self._add(self._t.positions, i)
        return len(new)

    def events_after(self, position: int, limit: int, /) -> Sequence[AuditRecord]:
        end = min(position + limit, len(self._t.positions))
        return [_own(self._t.audit[i], "audit") for i in self._t.positions[position:end]]

    def last_position(self) -> int:
        return len(self._t.positions)

    def cursor(self, consumer: str, /) -> int:
        return self._t.cursors.get(consumer, 0)

    def move_cursor(self, consumer: str, position: int, /) -> None:
        self._put(self._t.cursors, consumer, position)

    def add_refusal(self, refusal: Refusal, /) -> None:
        self._add(self._t.refusals, _own(refusal, "refusal"))

    def refusals(self, subject: str, /) -> Sequence[Refusal]:
        return [_own(refusal, "refusal") for refusal in self._t.refusals if refusal.subject == subject]

    def inspector(self) -> "Inspector":
        from .inspecting import MemoryInspector  # few desks verify, and its classes take a while to make

        return MemoryInspector(self._t)

    # --- timers
    def timer(self, subject: str, name: str, /, *, lock: bool) -> Timer | None:
        return self._t.timers.get((subject, name))

    def timers_of(self, subject: str, /, *, lock: bool = False) -> Sequence[Timer]:
        found = [timer for key, timer in self._t.timers.items() if key[0] == subject]
        return sorted(found, key=lambda timer: (timer.started_at, timer.name))

    def add_timers(self, timers: Sequence[Timer], /) -> Sequence[str]:
        there: list[str] = []
        for timer in timers:
            if (timer.subject, timer.name) in self._t.timers:
                there.append(timer.name)
            else:
                self.save_timer(timer)
        return there

    def save_timer(self, timer: Timer, /) -> None:
        key = (timer.subject, timer.name)
        before = self._t.timers.get(key)
        # Whatever may be wrong with a timer shows here, before anything is changed.
        gone, come = _entry(before), _entry(timer)
        if gone is not None:
            self._undo.append(partial(_enter, self._t.due, gone))
            _leave(self._t.due, gone)
        if come is not None:
            self._undo.append(partial(_leave, self._t.due, come))
            _enter(self._t.due, come)
        self._put(self._t.timers, key, timer)
        self._unproven.timer(*key, *timer_as_stored(timer))

    def live_timer_names(self, after: Key, limit: int, /) -> Sequence[Key]:
        return sorted(key for key, timer in self._t.timers.items() if timer.live and key > after)[:limit]

    def next_due(self) -> datetime | None:
        return self._t.due[0][0] if self._t.due else None

    def due_timers(self, until: datetime, limit: int, skip: Iterable[Key], /) -> Sequence[Timer]:
        skipped = set(skip)
        found: list[Timer] = []
        for next_at, subject, name in self._t.due:
            if next_at > until or len(found) == limit:
                break
            if (subject, name) not in skipped:
                timer = self._t.timers[subject, name]
                if (timer.subject, timer.name) != (subject, name):
                    raise Unreadable(kind="timer", id=subject, name=name)
                found.append(timer)
        return found

    def live_timers(
        self, kind: Kind[A], names: Sequence[str], query: Query[A], until: datetime | None, /
    ) -> Sequence[LiveTimer]:
        there = self._t.aggregates[kind.table]
        found = [
            LiveTimer(timer, tuple(there[timer.subject].row[name] for name in names))
            for timer in self._t.timers.values()
            if timer.live and timer.subject in there and matches(there[timer.subject].row, query.where, query.either)
            if until is None or (timer.state is TimerState.RUNNING and timer.due_at <= until)
        ]
        found.sort(key=lambda one: (one.timer.due_at, one.timer.subject, one.timer.name))
        return found[: query.limit]

    # --- outbox
    def queue(self, messages: Sequence[Message], at: datetime, /) -> None:
        for message in messages:
            if message.key in self._t.outbox:
                continue
            before = self._line(message.line) if message.line else []
            self._put(self._t.outbox, message.key, _kept(Queued.of(message, at), "outbox"))
            for one in before:
                if one.state is MessageState.WAITING:
                    ended = attrs.evolve(one, state=MessageState.SUPERSEDED, next_at=None)
                    self._put(self._t.outbox, one.key, ended)

    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        due = [m for m in self._t.outbox.values() if m.next_at is not None and m.next_at <= now]
        due.sort(key=lambda message: cast("datetime", message.next_at))
        claimed = [attrs.evolve(message, next_at=until) for message in due[:limit]]
        for message in claimed:
            self._put(self._t.outbox, message.key, message)
        return [_own(message, "outbox") for message in claimed]

    def message(self, key: str, /, *, lock: bool = False) -> Queued | None:
        found = self._t.outbox.get(key)
        return None if found is None else _own(found, "outbox")

    def message_by_ref(self, ref: str, /) -> Queued | None:
        found = [m for m in self._t.outbox.values() if ref and m.ref == ref]
        return _own(found[-1], "outbox") if found else None

    def messages_of_line(self, line: str, /) -> Sequence[Queued]:
        return [_own(message, "outbox") for message in self._line(line)]

    def _line(self, line: str) -> list[Queued]:
        return [message for message in self._t.outbox.values() if line and message.line == line]

    def save_message(self, message: Queued, /) -> None:
        there = self._t.outbox.get(message.key)
        if there is not None:
            changed = {name: getattr(message, name) for name in _OF_DELIVERY}
            self._put(self._t.outbox, message.key, _kept(attrs.evolve(there, **changed), "outbox"))

    def outbox(
        self,
        *,
        unsent: bool = False,
        state: MessageState | None = None,
        to: str = "",
        due: datetime | None = None,
        limit: int,
    ) -> Sequence[Queued]:
        found = (
            message
            for message in self._t.outbox.values()
            if not (unsent and message.sent_at is not None)
            and state in (None, message.state)
            and to in ("", message.to)
            and (due is None or (message.next_at is not None and message.next_at <= due))
        )
        return [_own(message, "outbox") for message in islice(found, limit)]

    # --- numbers, keys, rulebooks
    def next_number(self, series: str, /) -> int:
        number = self._t.numbers.get(series, 0) + 1
        self._put(self._t.numbers, series, number)
        return number

    def reach_number(self, series: str, least: int, /) -> None:
        self._put(self._t.numbers, series, max(least, self._t.numbers.get(series, 0)))

    def claim_key(self, call: Call, /) -> KeyClaim | None:
        key = (call.by, call.use_case, call.key or "")
        there = self._t.keys.get(key)
        if there is not None:
            return there[0]
        self._put(self._t.keys, key, (KeyClaim(call.fingerprint, None), call.at))
        return None

    def finish_key(self, call: Call, receipt: Receipt, /) -> None:
        claim = KeyClaim(call.fingerprint, receipt)
        self._put(self._t.keys, (call.by, call.use_case, call.key or ""), (claim, call.at))

    def release_key(self, call: Call, /) -> None:
        self._drop(self._t.keys, (call.by, call.use_case, call.key or ""))

    def forget_keys(self, before: datetime, /) -> int:
        old = [key for key, (_, at) in self._t.keys.items() if at < before]
        for key in old:
            self._drop(self._t.keys, key)
        return len(old)

    def put_rulebook(self, ref: str, text: str, /) -> None:
        if ref not in self._t.rulebooks:
            self._put(self._t.rulebooks, ref, copied(text, "rulebook"))

    def get_rulebook(self, ref: str, /) -> str | None:
        return self._t.rulebooks.get(ref)


def _loaded(kind: Kind[A], stored: Stored) -> A:
    id, version = str(stored.row["id"]), cast("int", stored.row["version"])
    return read_or_refuse(lambda: from_body(kind, stored.body, stored.schema, version), kind=kind.table, id=id)


def _own(record: R, table: str) -> R:
    """A record of its own facts, so that nobody changes what is kept. Raises NotStorable."""
    return attrs.evolve(record, facts=copied(record.facts, table))


def _kept(record: R, table: str) -> R:
    """A record as :func:`_own`, if its texts fit into columns. Raises NotStorable."""
    return _own(require_texts(record, table), table)


def _cut(table: list[Any], length: int) -> None:
    del table[length:]


def _entry(timer: Timer | None) -> Due | None:
    """Where a timer stands among those that are due. Raises what a timer raises that never fires."""
    next_at = None if timer is None else timer.next_at
    return None if timer is None or next_at is None else (utc(next_at), str(timer.subject), str(timer.name))


def _enter(due: list[Due], entry: Due) -> None:
    place = bisect_left(due, entry)
    if due[place : place + 1] != [entry]:
        due.insert(place, entry)


def _leave(due: list[Due], entry: Due) -> None:
    place = bisect_left(due, entry)
    if due[place : place + 1] == [entry]:
        del due[place]
