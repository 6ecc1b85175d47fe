"""A kit for tests: a clock that is moved by hand, ids that count, a desk in memory, cases that stand where needed."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

import csdomain.desk
from csdomain.complaints.values import ComplaintForm
from csdomain.desk import Desk
from csdomain.kernel.actors import Actor
from csdomain.kernel.events import utc
from csdomain.kernel.holidays import Holidays
from csdomain.kernel.ids import I, IdKind, IdSource
from csdomain.kernel.ports import Clock, Receipt, Store, Unit
from csdomain.kernel.storage import Kind, Query

#: A Wednesday morning in Shanghai: 2026-03-04, 10:00 there.
BEGINNING: Final = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
_MILLIS: Final = 1_760_000_000_000


class MovableClock:
    """A clock that stands still until it is moved. Satisfies :class:`~csdomain.kernel.ports.Clock`. [KRN-03]

    >>> clock = MovableClock()
    >>> clock.advance(timedelta(hours=1)) - BEGINNING
    datetime.timedelta(seconds=3600)
    """

    def __init__(self, at: datetime = BEGINNING) -> None:
        self._at = utc(at)

    def now(self) -> datetime:
        """The instant it stands at, in UTC."""
        return self._at

    def move(self, at: datetime) -> datetime:
        """Set it to ``at``, earlier or later. Raises NaiveTime."""
        self._at = utc(at)
        return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move it on; the instant it stands at then."""
        return self.move(self._at + by)


class SequentialIds:
    """Ids that count up from ``first``: the same in every run, so that results can be compared.

    Satisfies :class:`~csdomain.kernel.ids.IdSource`, threads included.
    """

    def __init__(self, first: int = 1) -> None:
        self._next = first
        self._lock = Lock()

    def new(self, kind: IdKind[I], /) -> I:
        """The next id; all kinds share the count."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        return kind.make(millis=_MILLIS, randomness=number)


def no_holidays(name: str = "CN", *, first: int = 2000, last: int = 2100) -> Mapping[str, Holidays]:
    """Public holidays ``name`` for the years ``first`` to ``last``, of which there are none: plain weeks."""
    return {name: Holidays(name, (), {}, range(first, last + 1))}


def memory_desk(
    rulebook: str = "after_sales",
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    holidays: Mapping[str, Holidays] | None = None,
    **options: Any,
) -> Desk:
    """A desk in memory, with a :class:`MovableClock`, counting ids, and weeks without public holidays unless given.

    ``options`` are those of :func:`csdomain.open`.
    """
    return csdomain.desk.open(
        "memory:",
        rulebook,
        clock=clock or MovableClock(),
        ids=ids or SequentialIds(),
        holidays=no_holidays() if holidays is None else holidays,
        **options,
    )


def agent(desk: Desk, id: str = "agent-1", *, branch: str = "hq", position: str = "service_agent") -> Actor:
    """Someone who may receive, accept and close complaints by the shipped rulebooks."""
    return desk.actor(id, branch=branch, positions=(position,))


def complaint_form(**changes: Any) -> ComplaintForm:
    """A form filled in plausibly, with ``changes``. Raises MalformedForm."""
    filled: dict[str, Any] = {"customer": "customer-1", "demand": "replacement", "reason": "does not start"}
    return ComplaintForm(**{**filled, "quantity": 1, "defective": 1, **changes})


def received(desk: Desk, form: ComplaintForm | None = None, *, by: Actor | None = None, **call: Any) -> Receipt:
    """A complaint that has just been received, at the desk's present unless ``at`` says otherwise."""
    call.setdefault("at", desk.clock.now())
    return desk.complaints.receive(form or complaint_form(), by=by or agent(desk), **call)


def accepted(desk: Desk, form: ComplaintForm | None = None, *, by: Actor | None = None, **call: Any) -> Receipt:
    """A complaint that has been accepted: its clock runs."""
    by = by or agent(desk)
    call.setdefault("at", desk.clock.now())
    return desk.complaints.accept(received(desk, form, by=by, at=call["at"]).id, by=by, **call)


def closed(desk: Desk, form: ComplaintForm | None = None, *, by: Actor | None = None, **call: Any) -> Receipt:
    """A complaint that has been closed with the outcome ``replaced``."""
    by = by or agent(desk)
    call.setdefault("at", desk.clock.now())
    return desk.complaints.close(accepted(desk, form, by=by, at=call["at"]).id, "replaced", by=by, **call)


def snapshot(
    store: Store, kinds: Iterable[Kind[Any]], *, subjects: Iterable[str] = (), consumers: Iterable[str] = ()
) -> dict[str, Any]:
    """All that a store shows, read through its ports: to compare before with after, or one store with another.

    Aggregates of ``kinds``; trails, timers and refusals of those and of ``subjects``; the outbox; numbered events; the
    cursors of ``consumers``.
    """

    def work(unit: Unit) -> dict[str, Any]:
        session = unit.session
        found: dict[str, Any] = {}
        every = {"": None, **dict.fromkeys(subjects)}
        for kind in kinds:
            records: list[Any] = []
            query: Query[Any] = Query(limit=500)
            while True:
                page = unit.of(kind).find(query)
                records += page.items
                if page.next is None:
                    break
                query = Query(limit=500, after=page.next)
            found[kind.table] = records
            every |= dict.fromkeys(record.id for record in records)
        found["trails"] = {s: trail for s in every if (trail := list(session.trail(s)))}
        found["timers"] = {s: timers for s in every if (timers := list(session.timers_of(s)))}
        found["refusals"] = {s: refused for s in every if (refused := list(session.refusals(s)))}
        found["outbox"] = list(session.outbox(unsent=False, limit=100_000))
        found["events"] = [event.position for event in session.events_after(0, 100_000)]
        found["cursors"] = {consumer: session.cursor(consumer) for consumer in consumers}
        return found

    return store.look(work)
