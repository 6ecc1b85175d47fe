"""What follows from what happens to complaints: a table, event by event (design decision D8)."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.effects import Effect, Message, StartTimer, StopTimer
from csdomain.kernel.events import Event, TimerBreached, TimerFired
from csdomain.kernel.ports import TimerHandler, Unit
from csdomain.kernel.timers import start
from csdomain.rulebook import House

from .events import ComplaintAccepted, ComplaintClosed
from .model import COMPLAINTS
from .rules import ACCEPTANCE
from .values import COMPLAINT_RULES, ComplaintRules

#: The timer of CMP-04.
CLOSING = ACCEPTANCE.id


def _accepted(event: ComplaintAccepted, rules: ComplaintRules, calendar: WorkCalendar) -> Iterable[Effect]:
    yield StartTimer(start(event.subject, CLOSING, calendar, rules.close_within, event.at, warnings=rules.warnings))
    yield Message(f"{event.subject}/accepted", "complaint.accepted", event.customer, {"complaint": event.subject})


def _closed(event: ComplaintClosed, rules: ComplaintRules, calendar: WorkCalendar) -> Iterable[Effect]:
    yield StopTimer(event.subject, CLOSING, event.at)
    yield Message(f"{event.subject}/closed", "complaint.closed", event.customer, {"complaint": event.subject})


_TABLE: Mapping[type[Event], Callable[..., Iterable[Effect]]] = {
    ComplaintAccepted: _accepted,
    ComplaintClosed: _closed,
}


def effects(events: Sequence[Event], rules: ComplaintRules, calendar: WorkCalendar) -> tuple[Effect, ...]:
    """The effects of ``events`` by ``rules``, deadlines on ``calendar``."""
    return tuple(
        effect for event in events if (row := _TABLE.get(type(event))) for effect in row(event, rules, calendar)
    )


def handlers(house: House) -> Mapping[str, TimerHandler]:
    """What happens when a timer of a complaint fires: an overrun is reported (CMP-04)."""

    def overdue(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
        if isinstance(fired, TimerBreached):
            case = unit.of(COMPLAINTS).get(fired.subject)
            superior = house.pinned(case.rulebook, unit)[COMPLAINT_RULES].overrun_to
            yield Message(
                f"{fired.subject}/{fired.timer}/overdue",
                "complaint.overdue",
                superior,
                {"complaint": fired.subject, "branch": case.branch},
            )

    return {CLOSING: overdue}
