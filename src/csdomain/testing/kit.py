"""A kit for tests: a clock that is moved by hand, ids that count, a desk in memory, cases that stand where needed."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

import csdomain.desk
from csdomain.complaints.values import Channel, Classification, ComplaintForm, Finding, Judgement, Liable, Remedy
from csdomain.desk import Desk
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.cases.events import utc
from csdomain.kernel.store.kinds import Kind, Query
from csdomain.kernel.store.ports import Clock, Receipt, Store, Unit
from csdomain.kernel.store.registers import Register
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.ids import I, IdKind, IdSource
from csdomain.kernel.values.money import Money
from csdomain.staff.values import Post

#: A Wednesday morning in Shanghai: 2026-03-04, 10:00 there.
BEGINNING: Final = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
_MILLIS: Final = 1_760_000_000_000


class MovableClock:
    """A clock that stands still until it is moved. Satisfies :class:`~csdomain.kernel.store.ports.Clock`. [KRN-03]

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

    Satisfies :class:`~csdomain.kernel.values.ids.IdSource`, threads included.
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

    A unit that locks records out of order raises :class:`~csdomain.kernel.store.locks.LockOrder`.

    ``options`` are those of :func:`csdomain.open`.
    """
    options.setdefault("strict_locks", True)
    return csdomain.desk.open(
        "memory:",
        rulebook,
        clock=clock or MovableClock(),
        ids=ids or SequentialIds(),
        holidays=no_holidays() if holidays is None else holidays,
        **options,
    )


def agent(desk: Desk, id: str = "agent-1", *, branch: str = "hq", position: str = "service_agent") -> Actor:
    """Someone at the desk: by default customer service, who may receive, accept and close by the shipped rulebooks.

    Whose ``position`` is empty holds none.
    """
    return desk.actor(id, branch=branch, positions=(position,) if position else ())


def staff(desk: Desk, *, branch: str = "hq") -> Mapping[str, Actor]:
    """One person for each position of the rulebook, with the position's name as id."""
    positions = desk.house.permissions.positions
    return {position: agent(desk, position, branch=branch, position=position) for position in positions}


def complaint_form(**changes: Any) -> ComplaintForm:
    """A form filled in plausibly, with ``changes``. Raises MalformedForm."""
    filled: dict[str, Any] = {"customer": "customer-1", "demand": "replacement", "reason": "does not start"}
    goods = {"product": "engine", "batch": "2026-01", "quantity": 1, "defective": 1}
    return ComplaintForm(**{**filled, **goods, **changes})


QUALITY: Final = Classification("quality", "material")
HANDLING: Final = Classification("not_quality", "handling")


def received(desk: Desk, form: ComplaintForm | None = None, *, by: Actor | None = None, **call: Any) -> Receipt:
    """A complaint that has just been received, at the desk's present unless ``at`` says otherwise."""
    call.setdefault("at", desk.clock.now())
    return desk.complaints.receive(form or complaint_form(), by=by or agent(desk), **call)


def checked(desk: Desk, form: ComplaintForm | None = None, *, by: Actor | None = None, **call: Any) -> Receipt:
    """A complaint that sales has checked: customer service may accept it. ``by`` filed it."""
    by = by or agent(desk)
    call.setdefault("at", desk.clock.now())
    id = received(desk, form, by=by, at=call["at"]).id
    seller = agent(desk, "sales-1", branch=by.branch, position="sales")
    return desk.complaints.check(id, "the order is ours", by=seller, **call)


def accepted(
    desk: Desk,
    form: ComplaintForm | None = None,
    *,
    by: Actor | None = None,
    classification: Classification = HANDLING,
    **call: Any,
) -> Receipt:
    """A complaint that sales has checked and customer service accepted: its clock runs."""
    by = by or agent(desk)
    call.setdefault("at", desk.clock.now())
    id = checked(desk, form, by=by, at=call["at"]).id
    return desk.complaints.accept(id, classification, by=by, **call)


def decided(
    desk: Desk,
    form: ComplaintForm | None = None,
    *,
    remedy: Remedy | None = None,
    judgement: Judgement | None = None,
    classification: Classification = HANDLING,
    branch: str = "hq",
    at: datetime | None = None,
) -> Receipt:
    """A complaint that went through every department and was decided by the authority it belongs to."""
    who, at = staff(desk, branch=branch), at or desk.clock.now()
    does = desk.complaints
    id = accepted(desk, form, by=who["service_agent"], classification=classification, at=at).id
    does.investigate(id, by=who["service_agent"], at=at)
    if classification == QUALITY:
        does.inspect(id, Finding(True, "the fault is there"), by=who["rnd"], at=at)
    does.conclude(id, by=who["service_agent"], at=at)
    does.report(id, "what was found", by=who["service_agent"], at=at)
    does.rule(id, "go on", by=who["deputy_general_manager"], at=at)
    judged = judgement or Judgement(liable=Liable.US, unit="production", tracked=False)
    does.judge(id, judged, by=who["service_agent"], at=at)
    nothing = Remedy(granted=Money.zero(desk.house.currency), text="an explanation")
    does.submit(id, remedy or nothing, by=who["service_agent"], at=at)
    authority = does.approval(id, by=who["service_agent"], at=at).decided_by
    return does.approve(id, by=who[authority], at=at)


def answered(desk: Desk, form: ComplaintForm | None = None, **how: Any) -> Receipt:
    """A decided complaint of which the customer was told; ``how`` is as for :func:`decided`."""
    case = decided(desk, form, **how)
    teller = agent(desk, "sales-1", branch=how.get("branch", "hq"), position="sales")
    at = how.get("at") or desk.clock.now()
    return desk.complaints.answer(case.id, Channel.LETTER, "We are sorry.", by=teller, at=at)


def closed(desk: Desk, form: ComplaintForm | None = None, **how: Any) -> Receipt:
    """An answered complaint that was closed with the outcome ``replaced``; ``how`` is as for :func:`decided`."""
    case = answered(desk, form, **how)
    by = staff(desk, branch=how.get("branch", "hq"))["service_agent"]
    return desk.complaints.close(case.id, "replaced", by=by, at=how.get("at") or desk.clock.now())


def personnel(desk: Desk, id: str = "hr-1", *, branch: str = "hq") -> Actor:
    """Someone of HR, who may keep staff records and delegate for others by ``after_sales``."""
    return desk.actor(id, branch=branch, positions=("hr",))


def engaged(desk: Desk, actor: str = "manager-1", *positions: str, by: Actor | None = None, **call: Any) -> Receipt:
    """The staff record of ``actor``, in these positions (general manager) in the branch of ``by`` (HR)."""
    by = by or personnel(desk)
    call.setdefault("at", desk.clock.now())
    post = call.pop("post", None) or Post(positions or ("general_manager",), "head office", by.branch)
    return desk.staff.engage(actor, call.pop("name", "王小明"), post, by=by, **call)


def snapshot(
    store: Store,
    kinds: Iterable[Kind[Any]],
    *,
    subjects: Iterable[str] = (),
    consumers: Iterable[str] = (),
    registers: Iterable[Register[Any]] = (),
) -> dict[str, Any]:
    """All that a store shows, read through its ports: to compare before with after, or one store with another.

    Aggregates of ``kinds``; trails, timers and refusals of those and of ``subjects``; the outbox; numbered events; the
    cursors of ``consumers``, the rows of ``registers``.
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
        found |= {each.table: list(unit.register(each).rows(limit=100_000).items) for each in registers}
        return found

    return store.look(work)
