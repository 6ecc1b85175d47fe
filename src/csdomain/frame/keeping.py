"""A person's data erased from a case, or only restricted while law demands keeping it (KRN-14).

Functions over a :class:`~csdomain.frame.cases.Record`, the events of it, and what a kind of case declares: one line of
a context gives it all of this.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

import attrs

from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import Event, TimerFired, TimerReminded, utc
from csdomain.kernel.rules import PERSONAL_DATA, Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.store.ports import TimerHandler, Unit
from csdomain.kernel.store.registers import Register
from csdomain.kernel.values.actors import Action, ActorId, system_actor
from csdomain.kernel.values.personal import erased

from .effects import Effects

E = TypeVar("E", bound=Event)


@attrs.frozen(kw_only=True)
class Hold:
    """Law demands that the case is kept as it is: for what ``code`` says, ``until`` then, or until it is released.

    ``code`` is one of the house's, never free text. Times are UTC. [KRN-14]
    """

    code: str
    by: ActorId
    at: datetime
    until: datetime | None = None
    released_at: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Whether it keeps the case from being erased at ``at``."""
        return self.released_at is None and (self.until is None or at < self.until)


class Kept(Protocol):
    """What is kept and erased: a case with its holds."""

    erased_at: datetime | None
    holds: tuple[Hold, ...]
    restricted: bool

    @property
    def id(self) -> str:
        """Its id."""
        ...


@attrs.frozen(kw_only=True)
class Erased(Event):
    """What the case held about people is gone: who copied it erases it as well (KRN-14)."""


@attrs.frozen(kw_only=True)
class Restricted(Event):
    """The case should be erased and law demands keeping it: it is shown masked until the hold ends (KRN-14)."""


@attrs.frozen(kw_only=True)
class Held(Event):
    """Law demands that the case is kept: the ``hold``-th time, for what ``code`` says, ``until`` then or a release."""

    hold: int
    code: str
    until: datetime | None


@attrs.frozen(kw_only=True)
class Released(Event):
    """Nothing demands any more that the case is kept (KRN-14)."""

    hold: int


@attrs.frozen(kw_only=True)
class Exported(Event):
    """Everything that the case holds about a customer was given out (KRN-14)."""


def _named(event: type[E], kind: str) -> type[E]:
    """The event of a kind of case, with a name of its own on the trail: ``complaint_erased``."""
    title = "".join(word.title() for word in kind.split("_"))
    namespace = {"__slots__": (), "__module__": event.__module__, "__doc__": event.__doc__}
    return cast("type[E]", type(f"{title}{event.__name__}", (event,), namespace))


class Keeping:
    """How the data of people is erased from a kind of case: whose it is, for what it may be held, the events of it.

    ``customer`` is the column that says whose the case is; ``reasons`` gives the codes, by the rules of the context,
    for which the case may be held. ``rows`` are registers that hold something of the case, and the column of each that
    names it: those rows go when the case is erased.
    """

    def __init__(
        self,
        kind: str,
        customer: Field[Any, str] | None = None,
        reasons: Callable[[Any], Sequence[str]] = lambda _: (),
        rows: Sequence[tuple[Register[Any], str]] = (),
    ) -> None:
        self.customer = customer
        self.reasons = reasons
        self.rows = rows
        self.erased = _named(Erased, kind)
        self.restricted = _named(Restricted, kind)
        self.held = _named(Held, kind)
        self.released = _named(Released, kind)
        self.exported = _named(Exported, kind)

    def clear(self, unit: Unit, id: str) -> int:
        """Redact what the trail says of a case and drop its rows; how many lines and rows."""
        dropped = sum(unit.register(register).drop(register[column].is_(id)) for register, column in self.rows)
        return dropped + unit.session.redact(id)

    def attach(self, effects: Effects[Any, Any], kind: Kind[Any], erasing: Action) -> None:
        """Add the clock of a hold to the effects of the kind."""
        effects.on(self.held)(_held)
        effects.on(self.released)(_released)
        effects.handles(PERSONAL_DATA, _lapsing(self, kind, erasing))


def held(case: Kept, at: datetime) -> Hold | None:
    """The hold that keeps the case from being erased at ``at``."""
    last = case.holds[-1] if case.holds else None
    return last if last is not None and last.stands(utc(at)) else None


def erase(keeping: Keeping, case: Kept, *, by: ActorId, at: datetime, beside: bool = False) -> tuple[Event, ...]:
    """What people said, and what was written about them, is gone; figures, signatures and seals stay.

    Documents still verify. Under a hold the case is restricted instead, and erased when the hold ends. ``beside`` says
    that something was erased that the case does not hold itself, on its trail. There is no event where nothing was left
    to do. What is written on the case afterwards takes another erasing. [KRN-14]
    """
    at = utc(at)
    if held(case, at) is None:
        return _erased(keeping, case, by, at, beside=beside)
    if case.restricted:
        return ()
    case.restricted = True
    return (keeping.restricted(subject=case.id, by=by, at=at),)


def hold(
    keeping: Keeping, case: Kept, code: str, until: datetime | None, rules: object, *, by: ActorId, at: datetime
) -> tuple[Event, ...]:
    """Law demands that the case is kept, ``until`` then or until it is released; in the place of an earlier hold.

    Raises RuleBroken for a code that the house does not list, an instant that has passed, and a case whose erasure is
    due since its last hold ended. [KRN-14]
    """
    at, until = utc(at), None if until is None else utc(until)
    codes = keeping.reasons(rules)
    known = ", ".join(codes) or "-"
    require(code in codes, PERSONAL_DATA, accepted=Text(known, known))
    later = Text("a later time", "更晚的时间")
    require(until is None or until > at, PERSONAL_DATA, accepted=later, given=until, at=at)
    due = case.restricted and held(case, at) is None
    require(not due, PERSONAL_DATA, accepted=Text("a case whose erasure is not due", "尚未到期抹除的案件"))
    case.holds = (*case.holds, Hold(code=code, by=by, at=at, until=until))
    return (keeping.held(subject=case.id, by=by, at=at, hold=len(case.holds), code=code, until=until),)


def release(keeping: Keeping, case: Kept, *, by: ActorId, at: datetime) -> tuple[Event, ...]:
    """Nothing demands keeping it any more: an erasure that waited for it is carried out.

    Raises RuleBroken where no hold stands. [KRN-14]
    """
    at = utc(at)
    standing = held(case, at)
    require(standing is not None, PERSONAL_DATA, accepted=Text("a case under a hold", "依法保留中的案件"))
    assert standing is not None  # noqa: S101 - required above
    case.holds = (*case.holds[:-1], attrs.evolve(standing, released_at=at))
    released = keeping.released(subject=case.id, by=by, at=at, hold=len(case.holds))
    return (released, *(_erased(keeping, case, by, at) if case.restricted else ()))


def lapse(keeping: Keeping, case: Kept, count: int, *, by: ActorId, at: datetime) -> tuple[Event, ...]:
    """The time of the ``count``-th hold is over: an erasure that waited for it is carried out, any other stays."""
    over = count == len(case.holds) and held(case, at) is None
    return _erased(keeping, case, by, utc(at)) if over and case.restricted else ()


def _erased(keeping: Keeping, case: Kept, by: ActorId, at: datetime, *, beside: bool = False) -> tuple[Event, ...]:
    without = erased(case)
    names = [field.name for field in attrs.fields(cast("Any", type(case)))]
    changed = [name for name in names if getattr(without, name) != getattr(case, name)]
    if case.erased_at is not None and not (changed or beside or case.restricted):
        return ()
    for name in changed:
        setattr(case, name, getattr(without, name))
    case.erased_at = case.erased_at or at
    case.restricted = False
    return (keeping.erased(subject=case.id, by=by, at=at),)


# --- the clock of a hold
def hold_timer(count: int) -> str:
    """The timer of a case's hold, counted from 1 (KRN-14)."""
    return f"{PERSONAL_DATA.id}.{count}"


def _held(event: Held, scene: Any) -> Iterable[Effect]:
    if event.hold > 1:
        yield scene.stop(event, hold_timer(event.hold - 1), cancelled=True)
    if event.until is not None:
        yield scene.until(event, hold_timer(event.hold), event.until, reminder=True)


def _released(event: Released, scene: Any) -> Iterable[Effect]:
    yield scene.stop(event, hold_timer(event.hold), cancelled=True)


def _lapsing(keeping: Keeping, kind: Kind[Any], erasing: Action) -> TimerHandler:
    def lapsing(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
        if not isinstance(fired, TimerReminded):
            return ()
        system = system_actor((erasing,))
        case = unit.load(kind, fired.subject, may=erasing, by=system)
        count = int(fired.timer.partition(".")[2])
        events = lapse(keeping, case, count, by=system.id, at=fired.found_at)
        if events:
            keeping.clear(unit, case.id)
            unit.of(kind).save(case)
            unit.record(events)
        return ()

    return lapsing
