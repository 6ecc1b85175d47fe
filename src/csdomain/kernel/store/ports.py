"""The ports: what the core asks of the outside, as small protocols that adapters satisfy without inheriting (KRN-15).

A store's :class:`Session` is rows in one transaction and nothing else; what a unit of work *means* is in
``csdomain.kernel.store.unit``, once, for every store.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import attrs

from csdomain.kernel.cases.delivery import DeliveryFailed as DeliveryFailed
from csdomain.kernel.cases.delivery import MessageState, Sent
from csdomain.kernel.cases.delivery import Queued as Queued
from csdomain.kernel.cases.effects import Effect, Message
from csdomain.kernel.cases.events import Event, TimerFired
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules import ONE_WRITER, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.rules.errors import Refusal as Refusal
from csdomain.kernel.values.actors import Action, Actor, ActorId
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.kernel.values.personal import WITHHELD, PersonalKind, personal

from .kinds import A, ColumnPage, ColumnValue, Kind, Page, Query, Tally, TallyRow
from .registers import Register, RowSession
from .rows import Rows

R = TypeVar("R")
_KEY_LONGEST: Final = 120


class MalformedKey(InvalidValue):
    """An idempotency key that not every store could keep (KRN-12)."""

    default_rule = ONE_WRITER
    problem = Text("The idempotency key is not valid.", "此幂等键无效。")


def _key(instance: object, attribute: "attrs.Attribute[str | None]", value: object) -> None:
    if value is None or (isinstance(value, str) and 0 < len(value) <= _KEY_LONGEST and value.isprintable()):
        return
    raise MalformedKey(
        field=attribute.name,
        accepted=Text(f"1 to {_KEY_LONGEST} printable characters", f"1 到 {_KEY_LONGEST} 个可见字符"),
    )


@attrs.frozen
class Call:
    """One call of a use case: what the store needs to audit a refusal and to honour an idempotency key (D6, D10).

    Raises :class:`MalformedKey`.
    """

    use_case: str
    by: ActorId
    at: datetime
    subject: str = ""
    key: str | None = attrs.field(default=None, validator=_key)
    fingerprint: str = attrs.field(default="", metadata=WITHHELD)


@attrs.frozen
class Receipt:
    """What a use case answers: small, frozen, kept under its idempotency key and given again for the same key."""

    id: str
    version: int
    state: str = ""
    number: str = ""


@attrs.frozen
class AuditRecord:
    """One line of the append-only trail (KRN-11). ``event_id`` is stable: the subject's version and place in it."""

    event_id: str
    subject: str
    by: ActorId
    at: datetime
    name: str
    schema: int
    move: str = ""
    source: str = ""
    dest: str = ""
    reason: str = personal(PersonalKind.OTHER, default="")
    facts: Mapping[str, object] = attrs.field(factory=dict)
    position: int | None = None


@attrs.frozen
class LiveTimer:
    """A timer that runs or is paused, with some columns of the case that it is about."""

    timer: Timer
    row: tuple[ColumnValue, ...]


@attrs.frozen
class KeyClaim:
    """What the store knows of an idempotency key: of which command, and its receipt once that has succeeded."""

    fingerprint: str = attrs.field(metadata=WITHHELD)
    receipt: Receipt | None


class Session(RowSession, Protocol):
    """Port: rows in one transaction of a store. After any error of the store the session is dead."""

    # --- aggregates
    def fetch(self, kind: Kind[A], id: str, /, *, lock: bool) -> A | None:
        """The aggregate, None where there is none; locked until the transaction ends where ``lock``."""
        ...

    def insert(self, kind: Kind[A], aggregate: A, /) -> None:
        """Store a new aggregate at its version. Raises Conflict where its id or a unique field is taken."""
        ...

    def insert_new(self, kind: Kind[A], aggregate: A, /) -> bool:
        """Store a new aggregate unless its id is taken; whether it was stored.

        That the id is taken is no error of the database's. Raises Conflict where a unique field is taken.
        """
        ...

    def update(self, kind: Kind[A], aggregate: A, was: int, /) -> bool:
        """Save if the stored version is still ``was``; whether it was."""
        ...

    def select(self, kind: Kind[A], query: Query[A], /) -> Page[A]:
        """One page of a list, by the declared columns."""
        ...

    def select_columns(self, kind: Kind[A], names: Sequence[str], query: Query[A], /) -> ColumnPage:
        """One page of the same list, of each record only these columns: no body is read."""
        ...

    def tally(self, kind: Kind[A], tally: Tally[A], /) -> Sequence[TallyRow]:
        """Counts and sums by group, ordered by the groups, nothing last."""
        ...

    # --- trail
    def append(self, records: Sequence[AuditRecord], /) -> None:
        """Add lines to the trail, in order."""
        ...

    def trail(self, subject: str, /) -> Sequence[AuditRecord]:
        """The lines of a subject, oldest first."""
        ...

    def trails(self, subjects: Sequence[str], /) -> Sequence[AuditRecord]:
        """The lines of several subjects, each subject's oldest first."""
        ...

    def redact(self, subject: str, /) -> int:
        """Blank what people wrote in their own words: the reasons on the trail of a subject, the facts of the refusals
        that concern it, what gateways said of its messages; how many lines (KRN-14).

        A store that keeps what it overwrites (a journal, free pages) clears that too, as far as it can. The one
        exception to a trail that is only added to: who, when, what, from, to and figures stay.
        """
        ...

    def number_events(self, limit: int, /) -> int:
        """Give positions, in order and without gaps, to events that have none yet; how many it gave."""
        ...

    def events_after(self, position: int, limit: int, /) -> Sequence[AuditRecord]:
        """Numbered events with positions after ``position``, in order."""
        ...

    def last_position(self) -> int:
        """The position of the last numbered event; 0 where none has one."""
        ...

    def cursor(self, consumer: str, /) -> int:
        """How far a consumer has come; 0 where it has not begun."""
        ...

    def move_cursor(self, consumer: str, position: int, /) -> None:
        """Note how far a consumer has come."""
        ...

    def add_refusal(self, refusal: Refusal, /) -> None:
        """Keep a refusal."""
        ...

    def refusals(self, subject: str, /) -> Sequence[Refusal]:
        """The refusals that concern a subject, oldest first."""
        ...

    # --- timers
    def timer(self, subject: str, name: str, /, *, lock: bool) -> Timer | None:
        """A timer by its subject and name, None where there is none; locked where ``lock``."""
        ...

    def timers_of(self, subject: str, /, *, lock: bool = False) -> Sequence[Timer]:
        """The timers of a subject, in order of their start, then name; locked where ``lock``."""
        ...

    def add_timers(self, timers: Sequence[Timer], /) -> Sequence[str]:
        """Store new timers; the names of those that were there already."""
        ...

    def save_timer(self, timer: Timer, /) -> None:
        """Store a changed timer."""
        ...

    def live_timer_names(self, after: tuple[str, str], limit: int, /) -> Sequence[tuple[str, str]]:
        """Subject and name of timers that run or pause, in their order, from the first after ``after`` on."""
        ...

    def next_due(self) -> datetime | None:
        """When the timer that is due first is due; None where none runs."""
        ...

    def due_timers(self, until: datetime, limit: int, skip: Iterable[tuple[str, str]], /) -> Sequence[Timer]:
        """Timers whose ``next_at`` is not after ``until``, soonest first, claimed for this transaction."""
        ...

    def live_timers(
        self, kind: Kind[A], names: Sequence[str], query: Query[A], until: datetime | None, /
    ) -> Sequence[LiveTimer]:
        """Timers about the aggregates of a kind that fit a query, each with these columns of its aggregate, by
        deadline, subject and name, up to the query's limit: those that run and are due by ``until``; without it all
        that run or are paused."""
        ...

    # --- outbox
    def queue(self, messages: Sequence[Message], at: datetime, /) -> None:
        """Put messages in the outbox, and supersede those of their lines that still wait and were queued before; one
        whose key is there already is dropped, and supersedes nothing that came after it."""
        ...

    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        """Messages with something to be done at ``now``, the longest due first, set aside until ``until``."""
        ...

    def message(self, key: str, /, *, lock: bool = False) -> Queued | None:
        """A message by its key, None where there is none; locked where ``lock``."""
        ...

    def message_by_ref(self, ref: str, /) -> Queued | None:
        """The last message that a gateway took under its ``ref``, locked; None where there is none."""
        ...

    def messages_of_line(self, line: str, /) -> Sequence[Queued]:
        """The messages of a line, the oldest first, locked."""
        ...

    def save_message(self, message: Queued, /) -> None:
        """Store what became of a message; what it is (key, recipient, facts, window, line) stays as it was queued."""
        ...

    def outbox(
        self,
        *,
        unsent: bool = False,
        state: MessageState | None = None,
        to: str = "",
        due: datetime | None = None,
        limit: int,
    ) -> Sequence[Queued]:
        """Messages, oldest first, at most ``limit``: all, or those no gateway took (``unsent``), in one state, ``to``
        one recipient, with something to be done at ``due``. A row that cannot be read is listed with what can be."""
        ...

    # --- numbers, keys, rulebooks
    def next_number(self, series: str, /) -> int:
        """The next of a series, from 1; the series stays locked until the transaction ends (D13)."""
        ...

    def reach_number(self, series: str, least: int, /) -> None:
        """Let a series count on from ``least``, unless it has come further; it stays locked as above."""
        ...

    def claim_key(self, call: Call, /) -> KeyClaim | None:
        """Claim the call's key; None where it was free, else what is known of it (D10)."""
        ...

    def finish_key(self, call: Call, receipt: Receipt, /) -> None:
        """Keep the receipt of a call that claimed its key."""
        ...

    def release_key(self, call: Call, /) -> None:
        """Give a claimed key back."""
        ...

    def forget_keys(self, before: datetime, /) -> int:
        """Forget the keys of calls before an instant; how many."""
        ...

    def put_rulebook(self, ref: str, text: str, /) -> None:
        """Keep the text of a rulebook under its ref; one that is there stays as it is."""
        ...

    def get_rulebook(self, ref: str, /) -> str | None:
        """The text of a rulebook, None where there is none."""
        ...


class Repository(Protocol[A]):
    """The aggregates of one kind, in one unit of work."""

    def get(self, id: str, /) -> A:
        """The aggregate, not locked. Raises NotFound, MalformedId, WrongKind."""
        ...

    def add(self, aggregate: A, /) -> None:
        """Store a new aggregate."""
        ...

    def save(self, aggregate: A, /) -> None:
        """Store a changed aggregate and count its version up. Raises Conflict."""
        ...

    def find(self, query: Query[A] = ..., /) -> Page[A]:
        """One page of a list. Raises MalformedQuery."""
        ...

    def columns(self, names: Sequence[str], query: Query[A] = ..., /) -> ColumnPage:
        """One page of a list, of each record only these columns. Raises MalformedQuery."""
        ...

    def tally(self, tally: Tally[A], /) -> Sequence[TallyRow]:
        """Counts and sums by group. Raises MalformedQuery."""
        ...


class Unit(Protocol):
    """One unit of work: everything in it is written together or not at all (design decision D1)."""

    def of(self, kind: Kind[A], /) -> Repository[A]:
        """The repository of a kind, in this unit."""
        ...

    def register(self, register: Register[R], /) -> Rows[R]:
        """The rows of a register, in this unit (D17)."""
        ...

    def load(self, kind: Kind[A], id: str, /, *, may: Action, by: Actor, expected_version: int | None = None) -> A:
        """The aggregate, locked, if ``by`` may. Raises NotFound, NotPermitted, Conflict (D4, D5)."""
        ...

    def obtain(self, kind: Kind[A], id: str, make: Callable[[], A], /) -> A:
        """The aggregate, locked; made and stored where there is none. For kinds with keyed ids (D17).

        Of many units that obtain the same id at once one makes it, and the others get that one. It asks for no
        permission. Raises MalformedId, WrongKind.
        """
        ...

    def locked(self, kind: Kind[A], id: str, /) -> A:
        """The aggregate, locked, for what is decided beside it: no permission is asked.

        Raises NotFound, MalformedId, WrongKind.
        """
        ...

    def number(
        self, pattern: NumberPattern, at: datetime, /, *, zone: str, branch: str = "", kind: str = "", subject: str = ""
    ) -> str:
        """The next number of a pattern's series on the day ``at`` is in ``zone`` that no paper has; noted as that of
        the record ``subject`` of a ``kind`` (KRN-10, D18). Draw it after everything is loaded (D19)."""
        ...

    def import_number(
        self, number: str, pattern: NumberPattern, /, *, branch: str = "", kind: str = "", subject: str = ""
    ) -> None:
        """Note the number of a paper from another system; a number of ``pattern`` moves its counter past it (D18).

        Raises Conflict where another paper has it.
        """
        ...

    def record(self, events: Sequence[Event], effects: Iterable[Effect] = (), /) -> None:
        """Write events to the trail and bring their effects about. The only writer of either (D8)."""
        ...

    def timers_of(self, subject: str, /) -> Sequence[Timer]:
        """The timers of a subject."""
        ...

    def trail(self, subject: str, /) -> Sequence[AuditRecord]:
        """The trail of a subject, oldest first (KRN-11)."""
        ...

    @property
    def session(self) -> Session:
        """The rows it works on."""
        ...


class Store(Protocol):
    """Port: runs work as one unit.

    ``run`` begins, works, commits; on a database conflict it rolls back and begins again, bounded; a refusal is audited
    after the rollback (D1, D4, D6). ``look`` runs work that only reads, from one snapshot, and never waits for writers.
    """

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        """Run ``work`` as one unit: all of it is written, or nothing."""
        ...

    def look(self, work: Callable[[Unit], R], /) -> R:
        """Run ``work`` that only reads."""
        ...


class OpenStore(Store, Protocol):
    """A store that a desk has opened by its URL and closes again.

    It may also have ``opening(work)``, which runs what a desk writes when it opens before the first unit and not at
    once; without it that is a unit of its own.
    """

    def within(self, connection: Any, /) -> Store:
        """A view of this store in a transaction of the host's. Raises MissingBackend where it has none (D11)."""
        ...

    def close(self) -> None:
        """Give back what the store holds."""
        ...


#: Told of every unit of a store: use case, seconds, outcome (``ok``, or the code of the error). No personal data.
Observer = Callable[[str, float, str], None]


class Notifier(Protocol):
    """Port: sends one message.

    It may also have ``ask(message) -> Sent | NotSent | StillUnknown``, which is asked for a message that may have left,
    and ``idempotent`` (True, or a function of the message): what comes again under its key is then no second message.
    ``noted(unit, message, was, at)`` is called in each unit of work that stores what became of a message. [MSG-09,
    MSG-12]
    """

    def send(self, message: Queued, /) -> Sent | None:
        """Send one message; the answer has the gateway's reference, None where it gives none.

        Raises DeliveryFailed where it did not leave, DeliveryUnknown where it may have, Postponed, Suppressed. Anything
        else that it raises counts as DeliveryUnknown.
        """
        ...


class Clock(Protocol):
    """Port: the present instant, aware, in UTC (KRN-03)."""

    def now(self) -> datetime:
        """The present instant."""
        ...


#: What runs when a timer of a name fires, in the transaction that claims it (D8).
TimerHandler = Callable[[Unit, TimerFired], Iterable[Effect]]
