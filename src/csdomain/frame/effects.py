"""The effects of a kind of case: event by event, which clocks begin and end and who is told (D8)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Generic, TypeVar, overload
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.cases.effects import CancelTimers, Effect, Message, StartTimer, StopTimer
from csdomain.kernel.cases.events import Event, TimerFired
from csdomain.kernel.cases.occasions import Occasion, Placeholder, Value, fact_of
from csdomain.kernel.cases.timers import start
from csdomain.kernel.rules import Rule
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.ports import TimerHandler, Unit
from csdomain.kernel.values.durations import Duration, ElapsedTime
from csdomain.rulebook import House, Place, Section

C = TypeVar("C", bound=Any)
R = TypeVar("R")
E = TypeVar("E", bound=Event)
E2 = TypeVar("E2", bound=Event)
F = TypeVar("F", bound=TimerFired)


def timer(rule: Rule | str, count: object = 1) -> str:
    """The timer of a rule: the first, or a later one."""
    name = rule if isinstance(rule, str) else rule.id
    return name if count == 1 else f"{name}.{count}"


@attrs.frozen
class Scene(Generic[R]):
    """By which rules, on which calendar and in which zone effects come about; makes them, each in one line.

    ``case`` is the case as it is after the events; ``kind`` its table, with which the names of occasions begin.
    """

    kind: str
    rules: R
    place: Place
    case: Any = None

    def tell(self, event: Event, occasion: str, to: str, mark: object = "", **facts: Value | None) -> Message:
        """Something to tell somebody: once for the event, whatever happens twice. Instants are told in the zone."""
        what = f"{event.timer}/{occasion}" if isinstance(event, TimerFired) else occasion
        key = f"{event.subject}/{what}" if mark == "" else f"{event.subject}/{what}/{mark}"
        return self.message(key, event, occasion, to, **facts)

    def message(self, key: str, event: Event, occasion: str, to: str, **facts: Value | None) -> Message:
        """As :meth:`tell`, under a key of one's own."""
        said = {name: None if value is None else fact_of(self._local(value)) for name, value in facts.items()}
        about = {self.kind: event.subject, "number": getattr(event, "number", "")}
        return Message(key, f"{self.kind}.{occasion}", to, {**about, **said})

    def _local(self, value: Value) -> Value:
        return value.astimezone(ZoneInfo(self.place.zone)) if isinstance(value, datetime) else value

    def morning(self, day: date) -> datetime:
        """The instant at which a day begins here."""
        return datetime.combine(day, time(), ZoneInfo(self.place.zone))

    def clock(self, event: Event, name: str, within: Duration, **how: Any) -> StartTimer:
        """A timer that runs from the event on; ``how`` as for :func:`csdomain.kernel.cases.timers.start`."""
        return StartTimer(start(event.subject, name, self.place.calendar, within, event.at, **how))

    def until(self, event: Event, name: str, end: datetime, **how: Any) -> StartTimer:
        """A timer that ends at an instant that somebody set; at once where that is past."""
        return self.clock(event, name, ElapsedTime(max(end - event.at, timedelta())), **how)

    def stop(self, event: Event, name: str, *, cancelled: bool = False) -> StopTimer:
        """What the timer waited for is done, or matters no more."""
        return StopTimer(event.subject, name, event.at, cancelled=cancelled)

    def cancel(self, event: Event, prefix: str = "") -> CancelTimers:
        """Nothing that the case's timers wait for matters any more."""
        return CancelTimers(event.subject, event.at, prefix)


Row = Callable[[E, Scene[R]], Iterable[Effect]]
Fires = Callable[[C, F, Scene[R]], Iterable[Effect]]
Acting = Callable[[Unit, TimerFired, House], Iterable[Effect]]


class Effects(Generic[C, R]):
    """A table of effects: ``@EFFECTS.on(OrderSigned)`` and ``@EFFECTS.fires(TimerReminded, REFILL)`` add rows to it."""

    def __init__(self, kind: Kind[C], section: Section[R]) -> None:
        self.kind = kind
        self.section = section
        self._rows: dict[type[Event], list[Row[Any, R]]] = {}
        self._fires: dict[str, tuple[type[TimerFired], Fires[C, Any, R]]] = {}
        self._handled: dict[str, Acting] = {}

    @overload
    def on(self, one: type[E], /) -> Callable[[Row[E, R]], Row[E, R]]: ...
    @overload
    def on(self, one: type[E], two: type[E2], /) -> Callable[[Row[E | E2, R]], Row[E | E2, R]]: ...
    def on(self, *kinds: type[Any]) -> Callable[[Row[Any, R]], Row[Any, R]]:
        """What follows from events of this class, or of these two."""

        def add(row: Row[Any, R]) -> Row[Any, R]:
            for kind in kinds:
                self._rows.setdefault(kind, []).append(row)
            return row

        return add

    def fires(self, kind: type[F], *rules: Rule | str) -> Callable[[Fires[C, F, R]], Fires[C, F, R]]:
        """What happens when a timer of one of these rules fires so: told with the case as it is."""

        def add(row: Fires[C, F, R]) -> Fires[C, F, R]:
            for rule in rules:
                self._fires[timer(rule)] = (kind, row)
            return row

        return add

    @property
    def events(self) -> tuple[type[Event], ...]:
        """The events from which something follows."""
        return tuple(self._rows)

    def handles(self, rule: Rule, handler: TimerHandler) -> None:
        """A handler of a rule's timers that works on the unit itself; most use :meth:`fires`."""
        self._handled[rule.id] = lambda unit, fired, _: handler(unit, fired)

    def moves(self, rule: Rule, handler: "Acting") -> None:
        """A handler of a rule's timers that moves the case by itself: it gets the house as well."""
        self._handled[rule.id] = handler

    def of(self, events: Sequence[Event], case: C, rules: R, place: Place) -> Sequence[Effect]:
        """The effects of events of a case, by its rules."""
        scene: Scene[R] | None = None
        found: list[Effect] = []
        for event in events:
            for row in self._rows.get(type(event), ()):
                scene = scene or Scene(self.kind.table, rules, place, case)
                found += row(event, scene)
        return found

    def rules_of(self, case: C, house: House, unit: Unit) -> R:
        """The house rules that a case goes by: those it pinned, or the current ones."""
        book = house.pinned(case.rulebook, unit) if self.section.pinned else house.rulebook
        return book[self.section]

    def handlers(self, house: House) -> Mapping[str, TimerHandler]:
        """The handlers of timers, by the name that the unit of work looks for."""

        def handler(kind: type[TimerFired], row: Fires[C, Any, R]) -> TimerHandler:
            def handle(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
                if not isinstance(fired, kind):
                    return ()
                case = unit.of(self.kind).get(fired.subject)
                rules = self.rules_of(case, house, unit)
                return row(case, fired, Scene(self.kind.table, rules, house.place(case.branch), case))

            return handle

        def acting(handler: Acting) -> TimerHandler:
            return lambda unit, fired: handler(unit, fired, house)

        handled = {name: acting(handler) for name, handler in self._handled.items()}
        return {**handled, **{name: handler(kind, row) for name, (kind, row) in self._fires.items()}}


def occasions(
    kind: str,
    to_customers: Mapping[str, Mapping[str, Placeholder]],
    internal: Mapping[str, Mapping[str, Placeholder]],
) -> tuple[Occasion, ...]:
    """The occasions of a kind of case, each with what its text may name besides the case's id and number."""
    about = {kind: Placeholder.TEXT, "number": Placeholder.TEXT}
    return (
        *(Occasion(f"{kind}.{name}", {**about, **more}) for name, more in to_customers.items()),
        *(Occasion(f"{kind}.{name}", {**about, **more}, internal=True) for name, more in internal.items()),
    )
