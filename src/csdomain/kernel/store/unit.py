"""What a unit of work means, once, for every store: permission in loading, one writer of events and effects, keys.

A store gives a :class:`~csdomain.kernel.store.ports.Session` (rows in one transaction); :func:`perform` runs a use
case in
it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, NewType, TypeVar, cast
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.cases import timers
from csdomain.kernel.cases.effects import (
    CancelTimers,
    Effect,
    Message,
    PauseTimer,
    ResumeTimer,
    StartTimer,
    StopTimer,
    TimerChange,
)
from csdomain.kernel.cases.events import Event, Moved, TimerFired, TimerRecounted, utc
from csdomain.kernel.cases.timers import Timer, TimerState
from csdomain.kernel.rules import AUDITED, Text
from csdomain.kernel.rules.errors import (
    Conflict,
    KeyReused,
    NotFound,
    RuleBroken,
    StoreBusy,
    StoreFailure,
    require,
    show,
)
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.codec import plain
from csdomain.kernel.values.ids import IdKind, IdSource
from csdomain.kernel.values.numbering import NumberPattern

from .asking import check_conditions, check_limit, check_tally, check_value
from .clocks import Clocks
from .kinds import A, ColumnPage, Kind, Page, Query, Tally, TallyRow, storable
from .locks import LockRanks, Locks
from .numbers import NUMBERS, Numbers
from .ports import AuditRecord, Call, Observer, Receipt, Refusal, Repository, Session, TimerHandler, Unit
from .projections import ByEvent, project
from .registers import Register
from .rows import Rows

R = TypeVar("R")
EventId = NewType("EventId", str)
EVENT: Final = IdKind[EventId]("evt")
_REASON_LONGEST: Final = 400
_REASON: Final = Text(f"a reason of at most {_REASON_LONGEST} characters", f"理由至多 {_REASON_LONGEST} 字")
#: The fields of an event that are facts of its own, by its class.
_FACTS: Final[dict[type[Event], tuple[str, ...]]] = {}
_BASE: Final = {field.name for field in attrs.fields(Moved)} | {field.name for field in attrs.fields(Event)}


@attrs.frozen
class Backstage:
    """What a unit needs besides its session: calendars by name, ids for events, handlers of timers by name, the order
    in which kinds are locked, what makes rows of events."""

    calendars: Callable[[str], WorkCalendar]
    ids: IdSource
    handlers: Mapping[str, TimerHandler] = attrs.field(factory=dict)
    observer: Observer | None = None
    locks: LockRanks = attrs.field(factory=LockRanks)
    projections: ByEvent = attrs.field(factory=dict)

    def handler(self, timer: str) -> TimerHandler | None:
        """The handler of a timer: by its whole name, else by the rule before the first dot."""
        return self.handlers.get(timer) or self.handlers.get(timer.partition(".")[0])


class StoredRepository(Generic[A]):
    """The aggregates of one kind in a session."""

    def __init__(self, kind: Kind[A], session: Session, locks: Locks) -> None:
        self._kind = kind
        self._session = session
        self._locks = locks

    def get(self, id: str, /) -> A:
        """The aggregate, not locked: for reading. Raises NotFound, MalformedId, WrongKind."""
        self._kind.id.check(id)
        found = self._session.fetch(self._kind, id, lock=False)
        if found is None:
            raise NotFound(kind=self._kind.table, id=id)
        return found

    def add(self, aggregate: A, /) -> None:
        """Store a new aggregate; it is then at version 1."""
        self._kind.id.check(aggregate.id)
        aggregate.version = 1
        self._session.insert(self._kind, aggregate)
        self._locks.made(self._kind.table, aggregate.id)

    def save(self, aggregate: A, /) -> None:
        """Store a changed aggregate and count its version up. Raises Conflict where another was first (KRN-12)."""
        was = aggregate.version
        aggregate.version = was + 1
        if not self._session.update(self._kind, aggregate, was):
            aggregate.version = was
            raise Conflict(kind=self._kind.table, id=aggregate.id, expected=was)

    def find(self, query: Query[A] = Query(), /) -> Page[A]:  # noqa: B008 - frozen
        """One page of a list. Raises MalformedQuery, NaiveTime."""
        self._check(query)
        return self._session.select(self._kind, query)

    def columns(self, names: Sequence[str], query: Query[A] = Query(), /) -> ColumnPage:  # noqa: B008 - frozen
        """One page of a list, of each record only these columns: far quicker. Raises MalformedQuery, NaiveTime."""
        self._check(query)
        for name in names:
            self._kind.column(name)
        return self._session.select_columns(self._kind, names, query)

    def _check(self, query: Query[A]) -> None:
        check_conditions(self._kind, (*query.where, *query.either))
        self._kind.column(query.order_by)
        check_limit(query.limit)
        if query.after is not None:
            value, id = query.after
            if value is not None:
                check_value(self._kind, query.order_by, value)
            check_value(self._kind, "id", id)

    def tally(self, tally: Tally[A], /) -> Sequence[TallyRow]:
        """Counts and sums by group, computed by the store. Raises MalformedQuery, NaiveTime."""
        check_tally(self._kind, tally)
        return self._session.tally(self._kind, tally)


class StandardUnit:
    """The unit of work over any session; satisfies :class:`~csdomain.kernel.store.ports.Unit`."""

    def __init__(self, session: Session, backstage: Backstage) -> None:
        self._session = session
        self.backstage = backstage
        self._locks = Locks(backstage.locks)
        #: The names of the events that it recorded.
        self.recorded: set[str] = set()

    @property
    def session(self) -> Session:
        """The rows it works on."""
        return self._session

    def of(self, kind: Kind[A], /) -> Repository[A]:
        """The repository of a kind, in this unit."""
        return StoredRepository(kind, self._session, self._locks)

    def register(self, register: Register[R], /) -> Rows[R]:
        """The rows of a register, in this unit (D17)."""
        return Rows(register, self._session)

    def load(self, kind: Kind[A], id: str, /, *, may: Action, by: Actor, expected_version: int | None = None) -> A:
        """The aggregate, locked, if ``by`` may. Raises NotFound, NotPermitted, Conflict, MalformedId, WrongKind."""
        found = self.locked(kind, id)
        by.require(may, owner=kind.owned_by(found), branch=kind.branches_of(found))
        if expected_version is not None and found.version != expected_version:
            raise Conflict(kind=kind.table, id=id, expected=expected_version, actual=found.version)
        return found

    def obtain(self, kind: Kind[A], id: str, make: Callable[[], A], /) -> A:
        """The aggregate, locked; made and stored where there is none (D17). Raises MalformedId, WrongKind."""
        kind.id.check(id)
        self._locks.take(kind.table, id)
        found = self._session.fetch(kind, id, lock=True)
        if found is None:
            made = make()
            if made.id != id:
                raise ValueError(f"{kind.table}: what was made has another id than was asked for")
            made.version = 1
            if self._session.insert_new(kind, made):
                return made
            found = self._session.fetch(kind, id, lock=True)
        if found is None:  # MariaDB: taken was not the id but something else that is unique
            raise Conflict(kind=kind.table, id=id)
        return found

    def locked(self, kind: Kind[A], id: str, /) -> A:
        """The aggregate, locked, for what is decided beside it. Raises NotFound, MalformedId, WrongKind."""
        kind.id.check(id)
        self._locks.take(kind.table, id)
        found = self._session.fetch(kind, id, lock=True)
        if found is None:
            raise NotFound(kind=kind.table, id=id)
        return found

    def number(
        self, pattern: NumberPattern, at: datetime, /, *, zone: str, branch: str = "", kind: str = "", subject: str = ""
    ) -> str:
        """The next number of a pattern's series on the day ``at`` is in ``zone`` that no paper has (KRN-10, D18)."""
        on = utc(at).astimezone(ZoneInfo(zone)).date()
        number = self._numbers.draw(pattern, on, branch, kind, subject)
        self._locks.drew(number)
        return number

    def import_number(
        self, number: str, pattern: NumberPattern, /, *, branch: str = "", kind: str = "", subject: str = ""
    ) -> None:
        """Note the number of a paper from another system (D18). Raises Conflict where another paper has it."""
        self._numbers.keep(number, pattern, branch, kind, subject)
        self._locks.drew(number)

    @property
    def _numbers(self) -> Numbers:
        return Numbers(self._session, self.register(NUMBERS))

    def unordered(self) -> None:
        """Lock in any order from here on: for jobs that take what comes, and begin again where they met another."""
        self._locks = Locks(LockRanks())

    def timers_of(self, subject: str, /) -> Sequence[Timer]:
        """The timers of a subject."""
        return self._session.timers_of(subject)

    def trail(self, subject: str, /) -> Sequence[AuditRecord]:
        """The trail of a subject, oldest first (KRN-11)."""
        return self._session.trail(subject)

    def record(self, events: Sequence[Event], effects: Iterable[Effect] = (), /) -> None:
        """Write events to the trail and bring their effects about, in this transaction. The only writer of either.

        A timer that turns out to be late when it is stopped or paused fires here and now, with its handler.
        """
        records = [self._audit(event) for event in events]
        messages: list[Message] = []
        clocks = Clocks(self._session)
        pending = list(effects)
        while pending:
            begun: list[Timer] = []
            changes: list[TimerChange] = []
            for effect in pending:
                if isinstance(effect, StartTimer):
                    begun.append(effect.timer)
                elif isinstance(effect, Message):
                    messages.append(effect)
                else:
                    changes.append(effect)
            if begun:
                clocks.begin(begun)
            clocks.hold(changes)
            happened = [event for change in changes for event in self._change(change, clocks)]
            pending = []
            for event in happened:
                records.append(self._audit(event))
                pending += self.handle(event) if isinstance(event, TimerFired) else ()
        if records:
            self._session.append(records)
            self.recorded.update([record.name for record in records])
            project(self, self.backstage.projections, records)
        if messages:
            require(bool(events), AUDITED, accepted=Text("messages with the event that causes them", "消息须随其事件"))
            self._session.queue(messages, max(event.at for event in events))

    def handle(self, event: TimerFired) -> Iterable[Effect]:
        """What the handler registered for this timer wants done."""
        handler = self.backstage.handler(event.timer)
        return () if handler is None else handler(self, event)

    def fire(self, timer: Timer, until: datetime, found_at: datetime) -> tuple[Timer, tuple[TimerFired, ...]]:
        """Let a claimed timer fire what is due up to ``until``; write it and run its handlers (KRN-06)."""
        timer, fired = timers.advance(timer, until)
        fired = tuple(attrs.evolve(event, found_at=found_at) for event in fired)
        self._session.save_timer(timer)
        for event in fired:
            self.record([event], self.handle(event))
        return timer, fired

    def recount(self, timer: Timer, at: datetime) -> tuple[Timer, tuple[Event, ...]]:
        """The timer counted anew where a year that it assumed is published by now, and what the trail says of it.

        It is not stored. [KRN-04]
        """
        if not (timer.live and timer.assumed_years):
            return timer, ()
        try:
            anew = timers.recounted(timer, self.backstage.calendars(timer.calendar))
        except NotFound:  # a calendar that only the case's own rulebook has
            return timer, ()
        if anew.due_at == timer.due_at:
            return anew, ()
        subject, by, before, after = timer.subject, timers.SYSTEM, timer.due_at, anew.due_at
        event = TimerRecounted(subject=subject, by=by, at=at, timer=timer.name, due_before=before, due_after=after)
        return anew, (event,)

    def _change(self, effect: TimerChange, clocks: Clocks) -> tuple[Event, ...]:
        if isinstance(effect, CancelTimers):
            live = clocks.live(effect.subject, effect.prefix)
            stops = [StopTimer(effect.subject, name, effect.at, cancelled=True) for name in live]
            return tuple(event for stop in stops for event in self._change(stop, clocks))
        stored = clocks.get(effect.subject, effect.name)
        if stored is None:
            return ()
        fired: tuple[TimerFired, ...] = ()
        timer, recounted = self.recount(stored, effect.at)
        after = timer
        if isinstance(effect, PauseTimer):
            if not timer.waiting and (timer.live or timer.overdue):
                after, fired = timers.pause(timer, effect.at)
        elif isinstance(effect, ResumeTimer):
            if timer.waiting:
                after = timers.resume(timer, self.backstage.calendars(timer.calendar), effect.at)
        else:
            late = timer.state is TimerState.BREACHED and timer.completed_at is None
            if effect.cancelled and (timer.live or timer.overdue):
                after, fired = timers.cancel(timer, effect.at)
            elif not effect.cancelled and (timer.live or late):
                after, fired = timers.meet(timer, effect.at)
        if after is not stored:
            clocks.save(after)
        return (*recounted, *fired)

    def _audit(self, event: Event) -> AuditRecord:
        kind = type(event)
        names = _FACTS.get(kind)
        if names is None:
            names = _FACTS[kind] = tuple(field.name for field in attrs.fields(kind) if field.name not in _BASE)
        move = source = dest = reason = ""
        if isinstance(event, Moved):
            move, source, dest, reason = event.move, event.source, event.dest, event.reason
            require(storable(reason, _REASON_LONGEST), AUDITED, accepted=_REASON, given=len(reason))
        return AuditRecord(
            event_id=self.backstage.ids.new(EVENT),
            subject=event.subject,
            by=event.by,
            at=event.at,
            name=kind.name,
            schema=kind.schema,
            move=move,
            source=source,
            dest=dest,
            reason=reason,
            facts={name: plain(getattr(event, name)) for name in names},
        )


def perform(
    session: Session,
    backstage: Backstage,
    work: Callable[[Unit], R],
    call: Call | None,
    unit: StandardUnit | None = None,
) -> R:
    """Run ``work`` in ``session``, honouring the call's idempotency key (KRN-12, design decision D10).

    It runs in the ``unit`` that is open, or in a new one. The key is claimed first; a command that fails takes its
    claim back with it. Raises KeyReused where the key was used for another command.
    """
    unit = unit or StandardUnit(session, backstage)
    if call is None or call.key is None:
        return work(unit)
    claim = session.claim_key(call)
    if claim is not None:
        if claim.fingerprint != call.fingerprint:
            raise KeyReused(use_case=call.use_case, key=call.key, accepted=Text("a new key", "新的幂等键"))
        if claim.receipt is None:
            raise StoreBusy(use_case=call.use_case, key=call.key)
        return cast("R", claim.receipt)
    result: Any = work(unit)
    if not isinstance(result, Receipt):
        raise TypeError(f"{call.use_case}: a use case with a key answers with a Receipt")
    session.finish_key(call, result)
    return cast("R", result)


def refused(call: Call | None, error: BaseException) -> Refusal | None:
    """What the audit keeps of a failed command: a refusal by a rule, else nothing (D6).

    A use case inside a larger one has noted its own already. Facts are kept as text, so that nothing personal slips in.
    """
    if not isinstance(error, RuleBroken):
        return None
    if error.refusal is not None or call is None:
        return error.refusal
    return Refusal(
        use_case=call.use_case,
        by=call.by,
        at=utc(call.at),
        subject=call.subject,
        rule=error.rule.id,
        code=error.code,
        facts={name: show(value) for name, value in error.facts.items()},
    )


@attrs.frozen
class Joined:
    """A store-shaped view of a unit that is open already: a flow's, or one in a host's own transaction (D1, D11).

    It does not begin, commit or retry; the outermost ``run`` does, or the host. A command that fails gives its key
    back, so that the unit can go on.
    """

    unit: StandardUnit

    def look(self, work: Callable[[Unit], R], /) -> R:
        """Run ``work`` in the open unit."""
        return work(self.unit)

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        """Run ``work`` in the open unit, honouring the call's key."""
        session = self.unit.session

        def giving_back(unit: Unit) -> R:
            try:
                return work(unit)
            except Exception as error:
                # Only the key claimed here; and a session that failed takes nothing any more.
                if call is not None and call.key is not None and not isinstance(error, StoreFailure):
                    session.release_key(call)
                raise

        try:
            return perform(session, self.unit.backstage, giving_back, call, self.unit)
        except RuleBroken as error:
            error.refusal = refused(call, error)
            raise


def reapply(command: Callable[[], R], *, attempts: int = 3) -> R:
    """Run ``command`` again where another writer was first, up to ``attempts`` times in all (KRN-12).

    ``command`` must read afresh and apply its change to what it read; the last Conflict is raised.
    """
    for _ in range(attempts - 1):
        try:
            return command()
        except Conflict:
            continue
    return command()
