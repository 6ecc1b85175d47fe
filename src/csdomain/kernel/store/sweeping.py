"""Jobs that run beside the use cases: firing due timers, following events.

They work in small units over any store, any number of them at once; what a process claimed and lost when it died is
found again by the next.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from heapq import heappop, heappush
from typing import Final

import attrs

from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.cases.events import TimerBreached, TimerFired, utc
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, StoreFailure
from csdomain.kernel.values.arguments import WrongArgument

from .ports import AuditRecord, Store, Unit
from .storable import Unreadable
from .unit import StandardUnit

BATCH: Final = 100
_BATCH_LARGEST: Final = 10_000
#: The cursor that says up to which published year the deadlines on a calendar have been counted.
_DONE: Final = "calendar/{}"
Progress = Callable[[int], None]


@attrs.frozen
class SweepReport:
    """What a sweep did: warnings and breaches fired; and the timers that were left, each with why: its handler refused,
    or its row cannot be read."""

    warned: int
    breached: int
    failed: tuple[tuple[str, str, DomainError], ...] = ()


def sweep(store: Store, until: datetime, *, batch: int = BATCH, progress: Progress | None = None) -> SweepReport:
    """Fire everything due up to ``until``, in deadline order, each once, whatever the number of sweepers (KRN-06).

    Each batch is one unit: timer, trail and what the handlers want are written together. A handler that refuses keeps
    its own timer from firing, and no other. ``progress`` is told how many more have fired. Raises WrongArgument.
    """
    until = utc(until)
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= _BATCH_LARGEST:
        limit = Text(f"an integer from 1 to {_BATCH_LARGEST}", f"1 到 {_BATCH_LARGEST} 的整数")
        raise WrongArgument(field="batch", given=batch, accepted=limit)
    warned = breached = 0
    failed: dict[tuple[str, str], DomainError] = {}
    idle: set[tuple[str, str]] = set()
    size = batch
    while True:
        claimed: list[tuple[str, str]] = []
        try:
            fired = store.run(lambda unit: _fire(unit, until, size, failed, claimed))  # noqa: B023 - run at once
        except StoreFailure:
            raise
        except DomainError as error:
            if isinstance(error, Unreadable) and error.facts["kind"] == "timer":
                failed[str(error.facts["id"]), str(error.facts["name"])] = error
                continue
            if size > 1:
                size = 1  # find the one that refuses
                continue
            if not claimed:
                raise
            failed[claimed[-1]] = error
            size = batch
            continue
        if not fired and not claimed:
            return SweepReport(warned, breached, tuple((*key, error) for key, error in failed.items()))
        if not fired:  # a row that is due again and again, and of which nothing fires, would hold the sweep for ever
            again = [key for key in claimed if key in idle]
            failed |= {key: Unreadable(kind="timer", id=key[0], name=key[1]) for key in again}
            idle.update(claimed)
        late = sum(isinstance(event, TimerBreached) for event in fired)
        breached += late
        warned += len(fired) - late
        if progress is not None:
            progress(len(fired))


def _fire(
    unit: Unit, until: datetime, size: int, skip: dict[tuple[str, str], DomainError], claimed: list[tuple[str, str]]
) -> list[TimerFired]:
    claimed.clear()  # the unit may be run again
    assert isinstance(unit, StandardUnit)  # noqa: S101 - every store hands out this one
    unit.unordered()  # handlers lock their cases in the order of time
    due = unit.session.due_timers(until, size, skip)
    # A full batch fires only up to its last claim: what a timer has due after that waits for those before it.
    horizon = until if len(due) < size else max(timer.next_at or until for timer in due)
    heap = [(timer.next_at or until, turn, timer) for turn, timer in enumerate(due)]
    fired: list[TimerFired] = []
    handled = False
    while heap:
        at, turn, timer = heappop(heap)
        claimed.append((timer.subject, timer.name))
        if handled:
            # A handler may have stopped, paused or moved any of them.
            current = unit.session.timer(timer.subject, timer.name, lock=True)
            if current is None:
                continue
            timer = current
        timer = recount(unit, timer, until)
        if timer.next_at is None or timer.next_at > at:
            if timer.next_at is not None and timer.next_at <= horizon:
                heappush(heap, (timer.next_at, turn, timer))
            continue
        timer, events = unit.fire(timer, at, until)
        fired += events
        handled = handled or unit.backstage.handler(timer.name) is not None
        if timer.next_at is not None and timer.next_at <= horizon:
            heappush(heap, (timer.next_at, turn, timer))
    return fired


def recount(unit: StandardUnit, timer: Timer, at: datetime) -> Timer:
    """Store the timer counted anew where a year that it assumed is published by now. [KRN-04]"""
    anew, events = unit.recount(timer, at)
    if anew is not timer:
        unit.session.save_timer(anew)
        unit.record(events)
    return anew


def recount_published(store: Store, calendars: Iterable[WorkCalendar], at: datetime, *, batch: int = BATCH) -> int:
    """Count the deadlines anew that assumed a year of these calendars which is published by now; how many moved.

    Once for each year that becomes known: a cursor says up to which year a calendar has been done. One that is begun
    again goes on. Timers that were met or breached stay. [KRN-04]
    """
    moved = 0
    for calendar in calendars:
        known, done = calendar.spec.known_years, _DONE.format(calendar.name)
        if calendar.spec.unpublished != "provisional" or not known:
            continue
        if store.look(lambda unit: unit.session.cursor(done)) >= max(known):  # noqa: B023 - run at once
            continue
        after = ("", "")
        while keys := store.look(lambda unit: unit.session.live_timer_names(after, batch)):  # noqa: B023 - run at once

            def work(unit: Unit, keys: Sequence[tuple[str, str]] = keys) -> int:
                assert isinstance(unit, StandardUnit)  # noqa: S101 - every store hands out this one
                found = [_readable_timer(unit, *key) for key in keys]
                theirs = [timer for timer in found if timer is not None and timer.calendar == calendar.name]  # noqa: B023
                return sum(recount(unit, timer, at) is not timer for timer in theirs)

            moved += store.run(work)
            after = keys[-1]
        store.run(lambda unit: unit.session.move_cursor(done, max(known)))  # noqa: B023 - run at once
    return moved


def follow(store: Store, consumer: str, handle: Callable[[AuditRecord], object], *, batch: int = BATCH) -> int:
    """Give ``consumer`` every event it has not had, in order; how many (KRN-11, design decision D14).

    At least once: the cursor moves after an event was handled, so one that was being handled when the process died
    comes again. Where ``handle`` raises, the cursor stays before that event and the error goes on to the caller. One
    process at a time should follow under one name.
    """
    handled = 0
    while True:
        numbered = store.run(lambda unit: unit.session.number_events(batch))
        events = store.look(lambda unit: unit.session.events_after(unit.session.cursor(consumer), batch))
        done = 0
        try:
            for event in events:
                handle(event)
                done = event.position or 0
                handled += 1
        finally:
            if done:
                store.run(lambda unit: unit.session.move_cursor(consumer, done))  # noqa: B023 - run at once
        if not events and not numbered:
            return handled


def _readable_timer(unit: StandardUnit, subject: str, name: str) -> Timer | None:
    """A timer, locked; None where there is none or it cannot be read: the sweep names it where it is due."""
    try:
        return unit.session.timer(subject, name, lock=True)
    except Unreadable:
        return None
