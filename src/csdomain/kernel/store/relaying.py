"""The relay: sends the messages of the outbox, each marked by a commit of its own before its call (MSG-09, D22).

Any number of relays may run at once and be killed at any moment. What each step means is in
``csdomain.kernel.cases.delivery``; here is only the order of the units of work and of the calls.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import attrs

from csdomain.kernel.cases import delivery
from csdomain.kernel.cases.delivery import Answer, MessageState, Queued, RelayPolicy, Sent, StillUnknown
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.actors import ActorId

from .ports import Clock, Notifier, Store, Unit

#: As many messages as one claim takes: few, so that relays beside each other share them, and one that dies holds few.
BATCH: Final = 10
_log: Final = logging.getLogger("csdomain.relay")
_S = MessageState


@attrs.frozen
class RelayReport:
    """What a relay did: messages sent, to be tried again, given up (listed and re-sendable), unknown, lost, and those
    that are not to be sent any more. ``unreadable`` are the keys of rows that were given up since they cannot be read.
    On a dry run ``due`` are the messages that would be sent, and everything else is nothing.
    """

    sent: int = 0
    retrying: int = 0
    dead: int = 0
    unknown: int = 0
    lost: int = 0
    expired: int = 0
    superseded: int = 0
    suppressed: int = 0
    unreadable: tuple[str, ...] = ()
    due: tuple[Queued, ...] = ()


def relay(
    store: Store,
    notifier: Notifier,
    clock: Clock,
    *,
    policy: RelayPolicy = RelayPolicy(),  # noqa: B008 - frozen
    batch: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> RelayReport:
    """Send what is due, until nothing is: claim a batch, then mark and send one message after the other (D9, D22).

    Nothing is sent whose claim ran out. A message on which the process died is *unknown*: it is asked for where the
    notifier has ``ask``, and only sent again where the gateway did not take it, or where the notifier says that it is
    ``idempotent``. ``progress`` is told how many more were seen to.
    """
    work = _Relay(store, notifier, clock, policy)
    try:
        while claimed := work.claim(batch):
            # Those that were tried least first: a message on which processes die keeps no other from leaving.
            seen = sum(work.see_to(message) for message in sorted(claimed, key=lambda message: message.attempts))
            work.note()
            if progress is not None:
                progress(seen)
            if not seen:
                break  # every claim ran out before it could be used: whoever has them now goes on
    except BaseException:
        with suppress(DomainError):  # what the last call came to is known, whatever happened after it
            work.note()
        raise
    return work.report


def due(store: Store, now: datetime, limit: int) -> Sequence[Queued]:
    """The first messages that a relay would send at an instant, oldest first; nothing is claimed or marked."""
    return store.look(lambda unit: unit.session.outbox(state=_S.WAITING, due=utc(now), limit=limit))


def write(unit: Unit, message: Queued, was: Queued, by: ActorId, at: datetime) -> None:
    """Store what became of a message, note on the trail that it failed, and tell who answers for it (MSG-14)."""
    unit.session.save_message(message)
    events, told = delivery.failure_of(message, was, by, at)
    if events:
        unit.record(events, told)


class _Relay:
    def __init__(self, store: Store, notifier: Notifier, clock: Clock, policy: RelayPolicy) -> None:
        self._store = store
        self._notifier: Any = notifier
        self._clock = clock
        self._policy = policy
        self._done = Counter[MessageState]()
        self._unreadable: list[str] = []
        #: What the last call came to. It is noted with the mark of the next message: one commit for both.
        self._outcome: Queued | None = None

    @property
    def report(self) -> RelayReport:
        done = self._done
        return RelayReport(
            sent=done[_S.SENT],
            retrying=done[_S.WAITING],
            dead=done[_S.DEAD],
            unknown=done[_S.UNKNOWN],
            lost=done[_S.LOST],
            expired=done[_S.EXPIRED],
            superseded=done[_S.SUPERSEDED],
            suppressed=done[_S.SUPPRESSED],
            unreadable=tuple(self._unreadable),
        )

    def _now(self) -> datetime:
        return utc(self._clock.now())

    def claim(self, batch: int) -> Sequence[Queued]:
        now = self._now()
        return self._store.run(lambda unit: unit.session.claim_messages(now, now + self._policy.lease, batch))

    def see_to(self, claimed: Queued) -> bool:
        """One claimed message: marked by a commit, then sent or asked for. False where its claim ran out."""
        idempotent = self._idempotent(claimed)

        def work(unit: Unit) -> tuple[Queued | None, Queued | None]:
            return self._noted(unit), self._begin(unit, claimed, idempotent)

        before, message = self._store.run(work)
        self._count(before)
        if message is None:
            return False  # somebody else's by now
        if message.state is _S.SENDING:
            self._outcome = self._call(message, idempotent)
        elif message.state is _S.UNKNOWN and claimed.state is _S.UNKNOWN:
            self._count(self._answered(message, self._ask(message)))
        else:
            self._count(message)
        return True

    def note(self) -> None:
        """Note what the last call came to."""
        if self._outcome is not None:
            self._count(self._store.run(self._noted))

    def _count(self, message: Queued | None) -> None:
        if message is None:
            return
        if self._outcome is not None and message.key == self._outcome.key:
            self._outcome = None
        if not message.readable:
            self._unreadable.append(message.key)
            _log.warning("the message %s cannot be read and was given up", message.key)
        self._done[_S.SENT if message.left else message.state] += 1

    def _idempotent(self, message: Queued) -> bool:
        said = getattr(self._notifier, "idempotent", False)
        return bool(said(message) if callable(said) else said)

    def _begin(self, unit: Unit, claimed: Queued, idempotent: bool) -> Queued | None:
        session, now = unit.session, self._now()
        line = session.messages_of_line(claimed.line) if claimed.line else ()
        here = {one.key: one for one in line}.get(claimed.key) or session.message(claimed.key, lock=True)
        if here is None or (here.state, here.next_at) != (claimed.state, claimed.next_at):
            return None
        if here.next_at is None or here.next_at <= now:
            return None  # the claim ran out
        message = delivery.begin(here, line, now, self._policy, idempotent=idempotent)
        if message is not here:
            self._write(unit, message, here)
        return message

    def _call(self, message: Queued, idempotent: bool) -> Queued:
        """Send it, outside any transaction; what came of it."""
        now = self._now()
        if message.next_at is None or now >= message.next_at or (message.until is not None and now >= message.until):
            return delivery.missed(message, now, self._policy)
        try:
            answer = self._notifier.send(message)
        except Exception as error:  # noqa: BLE001 - one broken message must not keep the others from leaving
            return delivery.failed(message, error, self._now(), self._policy, idempotent=idempotent)
        return delivery.sent(message, answer if isinstance(answer, Sent) else None, self._now())

    def _ask(self, message: Queued) -> Answer:
        ask = getattr(self._notifier, "ask", None)
        try:
            answer: Answer = StillUnknown() if ask is None else ask(message)
        except Exception:  # noqa: BLE001 - it is asked again
            return StillUnknown()
        return answer

    def _write(self, unit: Unit, message: Queued, was: Queued) -> None:
        now = self._now()
        write(unit, message, was, SYSTEM, now)
        noted = getattr(self._notifier, "noted", None)
        if noted is not None:
            noted(unit, message, was, now)

    def _noted(self, unit: Unit) -> Queued | None:
        outcome = self._outcome
        here = None if outcome is None else unit.session.message(outcome.key, lock=True)
        if outcome is None or here is None:
            return outcome
        message = delivery.settled(here, outcome)
        if message is not here:
            self._write(unit, message, here)
        return message

    def _answered(self, claimed: Queued, answer: Answer) -> Queued:
        def work(unit: Unit) -> Queued:
            here = unit.session.message(claimed.key, lock=True)
            if here is None or (here.state, here.next_at) != (claimed.state, claimed.next_at):
                return here or claimed
            message = delivery.asked(here, answer, self._now(), self._policy)
            self._write(unit, message, here)
            return message

        return self._store.run(work)
