"""The jobs that run beside the use cases: firing due timers, delivering queued messages, following events.

Both work in small units over any store, any number of them at once; what a process claimed and lost when it died is
found again by the next.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Final

import attrs

from csdomain.kernel.cases.events import TimerBreached, TimerFired, utc
from csdomain.kernel.rules.errors import DomainError, StoreFailure, scrub

from .ports import AuditRecord, Clock, DeliveryFailed, Notifier, Queued, Store, Unit
from .storable import Unreadable
from .unit import StandardUnit

BATCH: Final = 100
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
    its own timer from firing, and no other. ``progress`` is told how many more have fired.
    """
    until = utc(until)
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
            if current is None or current.next_at is None:
                continue
            timer = current
            if (timer.next_at or until) > at:
                if (timer.next_at or until) <= horizon:
                    heappush(heap, (timer.next_at or until, turn, timer))
                continue
        timer, events = unit.fire(timer, at, until)
        fired += events
        handled = handled or unit.backstage.handler(timer.name) is not None
        if timer.next_at is not None and timer.next_at <= horizon:
            heappush(heap, (timer.next_at, turn, timer))
    return fired


@attrs.frozen
class RelayPolicy:
    """How long a relay holds a message, and how often and how long apart it tries again; operating settings."""

    lease: timedelta = timedelta(minutes=2)
    attempts: int = 8
    first_wait: timedelta = timedelta(minutes=1)
    factor: int = 3

    def wait(self, attempts: int) -> timedelta:
        """How long to wait after that many attempts."""
        return self.first_wait * int(self.factor ** (attempts - 1))


@attrs.frozen
class RelayReport:
    """What a relay did: messages delivered, to be tried again, and given up (listed and re-sendable)."""

    sent: int
    retrying: int
    dead: int


def relay(
    store: Store,
    notifier: Notifier,
    clock: Clock,
    *,
    policy: RelayPolicy = RelayPolicy(),
    batch: int = BATCH,
    progress: Progress | None = None,
) -> RelayReport:
    """Deliver what is queued: claim a batch, send outside any transaction, note the outcome (design decision D9).

    At least once under one key: a relay that dies after sending leaves a claim that runs out, and the message comes
    again under its key.
    """
    sent = retrying = dead = 0
    while True:
        now = utc(clock.now())
        claimed = store.run(lambda unit: unit.session.claim_messages(now, now + policy.lease, batch))  # noqa: B023
        if not claimed:
            return RelayReport(sent, retrying, dead)
        for message in claimed:
            outcome = _deliver(message, notifier, clock, policy)
            store.run(lambda unit: unit.session.mark_message(outcome))  # noqa: B023 - run at once
            sent += outcome.sent_at is not None
            dead += outcome.sent_at is None and outcome.next_at is None
            retrying += outcome.sent_at is None and outcome.next_at is not None
        if progress is not None:
            progress(len(claimed))


def _deliver(message: Queued, notifier: Notifier, clock: Clock, policy: RelayPolicy) -> Queued:
    try:
        notifier.send(message)
    except DeliveryFailed as failure:
        # A gateway's own words may name the recipient, and hold what no database stores.
        definite, why = failure.definite, scrub(failure.why.replace("\0", ""))
    except Exception as error:  # noqa: BLE001 - one broken message must not keep the others from leaving
        definite, why = False, type(error).__name__
    else:
        return attrs.evolve(message, sent_at=utc(clock.now()), next_at=None, failure="")
    over = definite or message.attempts >= policy.attempts
    next_at = None if over else utc(clock.now()) + policy.wait(message.attempts)
    return attrs.evolve(message, next_at=next_at, failure=why)


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
