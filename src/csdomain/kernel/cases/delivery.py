"""What becomes of a message: the states of the outbox, and every way between them, as pure functions (MSG-09).

A message is *sending* from a commit of its own before the call of the gateway; where the process dies in that call,
nobody knows whether it left. It is then *unknown*: the gateway is asked, and it is never sent twice blindly.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, unique
from hashlib import sha256
from typing import Final

import attrs

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import DomainError, fact_labels, scrub
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.personal import PersonalKind, personal

from .effects import Fact, Message, MessageClass, subject_of
from .events import Event, utc

fact_labels({"until": "截止"})
#: The occasion of what the position that answers for a message is told where it did not arrive (MSG-14).
FAILED: Final = "message.failed"
_REF_LONGEST: Final = 120


@unique
class MessageState(Enum):
    """Where a message stands. *Postponed* is waiting, with a later instant."""

    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    DEAD = "dead"
    LOST = "lost"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"


_S = MessageState
#: How far a message has come since the gateway took it; no receipt takes it back. What did not leave has 0.
_RANK: Final = {_S.SENT: 1, _S.UNDELIVERED: 2, _S.DELIVERED: 3}
#: What a gateway's receipt may say.
RECEIVED: Final = tuple(_RANK)
#: What is still under way; everything else has come to its end.
OPEN: Final = frozenset({_S.WAITING, _S.SENDING, _S.UNKNOWN})
#: What somebody may send again by hand.
RESENDABLE: Final = frozenset({_S.DEAD, _S.LOST, _S.UNDELIVERED, _S.SUPPRESSED})
#: What is noted on the trail and told to the position that answers for the message.
_TOLD: Final = frozenset({_S.DEAD, _S.LOST, _S.UNDELIVERED, _S.EXPIRED})


@attrs.frozen
class Queued:
    """A message in the outbox, with what delivery has come to so far.

    ``next_at`` is when something is to be done about it: to send it, to ask for it, or the end of somebody's claim;
    None at its end. ``attempts`` are tries to send it, ``tried_at`` the last; ``ref`` is :func:`own_ref` once it was
    tried, then the gateway's own. A row that cannot be read is not ``readable``: it has the fields that could be, and
    is given up.
    """

    key: str
    occasion: str
    to: str
    facts: Mapping[str, Fact]
    created_at: datetime
    attempts: int = 0
    next_at: datetime | None = None
    sent_at: datetime | None = None
    failure: str = personal(PersonalKind.OTHER, default="")
    state: MessageState = MessageState.WAITING
    until: datetime | None = None
    line: str = ""
    klass: MessageClass = MessageClass.CONTRACT
    by: str = ""
    tried_at: datetime | None = None
    delivered_at: datetime | None = None
    ref: str = ""
    resent: int = 0
    readable: bool = True

    @classmethod
    def of(cls, message: Message, at: datetime) -> "Queued":
        """A message as it is queued at an instant."""
        return cls(
            message.key,
            message.occasion,
            message.to,
            message.facts,
            created_at=at,
            next_at=at if message.since is None else max(at, message.since),
            until=message.until,
            line=message.line,
            klass=message.klass,
            by=message.by,
        )

    @property
    def dead(self) -> bool:
        """Whether it was given up: it has not been sent and will not be by itself."""
        return self.state is MessageState.DEAD

    @property
    def left(self) -> bool:
        """Whether a gateway took it."""
        return self.state in _RANK


# --- what a notifier answers and raises -------------------------------------------------------------------------------


@attrs.frozen
class Sent:
    """The gateway took a message: under its own ``ref``, in so many ``segments``."""

    ref: str = ""
    segments: int = 1


@attrs.frozen
class NotSent:
    """The gateway knows of no such message."""


@attrs.frozen
class StillUnknown:
    """The gateway cannot tell yet."""


Answer = Sent | NotSent | StillUnknown


def own_ref(key: str, resent: int = 0) -> str:
    """The reference that a message is handed to a gateway with: 32 characters, the same at every try.

    It stands in the outbox before the call, so a receipt finds the message though no answer came. One that is sent
    again by hand has another: what the gateway says of the first is not said of the second.
    """
    return sha256(f"{key}\n{resent}".encode()).hexdigest()[:32]


class DeliveryFailed(DomainError):
    """A message did not leave. ``definite``: and never will, so it is given up; else it is tried again.

    Where it is not known whether it left, raise :class:`DeliveryUnknown`.
    """

    default_rule = PORTS
    problem = Text("The message was not delivered.", "消息未送达。")

    def __init__(self, *, definite: bool, why: str) -> None:
        super().__init__(definite=definite, why=why)
        self.definite = definite
        self.why = why


class DeliveryUnknown(DomainError):
    """The gateway did not answer: the message may have left. It is asked for, and not sent again blindly (MSG-12).

    Whatever else a notifier raises counts as this.
    """

    default_rule = PORTS
    problem = Text("It is not known whether the message left.", "无法确定消息是否已发出。")

    def __init__(self, *, why: str) -> None:
        super().__init__(why=why)
        self.why = why


class Postponed(DomainError):
    """A message is not to be sent before ``until`` (quiet hours, a busy gateway). This is no attempt."""

    default_rule = PORTS
    problem = Text("The message is to be sent later.", "消息须稍后发送。")

    def __init__(self, *, until: datetime) -> None:
        super().__init__(until=utc(until))
        self.until = utc(until)


class Suppressed(DomainError):
    """A message must not be sent. This is no attempt."""

    default_rule = PORTS
    problem = Text("The message must not be sent.", "该消息不得发送。")

    def __init__(self, *, why: str) -> None:
        super().__init__(why=why)
        self.why = why


class OptedOut(Suppressed):
    """The gateway says that whom a message is for wants none by this channel (MSG-10)."""


# --- the ways between states ------------------------------------------------------------------------------------------


@attrs.frozen
class RelayPolicy:
    """How long a relay holds a message, how often and how long apart it tries, when it asks for what is unknown.

    ``asks`` count from the try; a gateway that knows nothing of a message ``proof`` after it did not take it, and what
    is unknown after the last ask is lost. Operating settings.
    """

    lease: timedelta = timedelta(minutes=2)
    attempts: int = 8
    first_wait: timedelta = timedelta(minutes=1)
    factor: int = 3
    asks: tuple[timedelta, ...] = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240))
    proof: timedelta = timedelta(minutes=60)

    def wait(self, attempts: int) -> timedelta:
        """How long to wait after that many attempts."""
        return self.first_wait * int(self.factor ** (attempts - 1))

    def ask_after(self, age: timedelta) -> timedelta | None:
        """The age at which to ask next; None where the last ask is over."""
        return next((ask for ask in self.asks if ask > age), None)


def begin(
    message: Queued, line: Sequence[Queued], now: datetime, policy: RelayPolicy, *, idempotent: bool = False
) -> Queued:
    """A claimed message before the call of the gateway: *sending* where it is to be sent now.

    Else what became of it: superseded, expired, behind an older one of its ``line`` (its messages, oldest first) that
    is being sent; or *unknown*, where the process that sent it died. With an ``idempotent`` gateway that is a try that
    failed. One that was unknown before stays as it is: it is asked for.
    """
    if not message.readable:
        return _given_up(message, "the row cannot be read")
    if message.state is _S.SENDING:
        if not idempotent:
            return _unknown(message, now, policy, message.failure)
        if message.attempts >= policy.attempts:
            return _given_up(message, "the process that sent it died")
    elif message.state is not _S.WAITING:
        return message
    place = next((n for n, one in enumerate(line) if one.key == message.key), len(line))
    if line[place + 1 :]:
        return attrs.evolve(message, state=_S.SUPERSEDED, next_at=None)
    if message.until is not None and now >= message.until:
        return attrs.evolve(message, state=_S.EXPIRED, next_at=None)
    before = [one.next_at or now for one in line[:place] if one.state is _S.SENDING]
    if before:
        return _later(message, max(*before, now + timedelta(seconds=1)))
    lease, ref = now + policy.lease, own_ref(message.key, message.resent)
    return attrs.evolve(message, state=_S.SENDING, attempts=message.attempts + 1, tried_at=now, next_at=lease, ref=ref)


def sent(message: Queued, answer: Sent | None, now: datetime) -> Queued:
    """The gateway took it."""
    ref = "" if answer is None else str(answer.ref)
    ref = ref if len(ref) <= _REF_LONGEST and ref.isprintable() else ""
    return attrs.evolve(message, state=_S.SENT, sent_at=now, next_at=None, failure="", ref=ref or message.ref)


def failed(message: Queued, error: Exception, now: datetime, policy: RelayPolicy, *, idempotent: bool) -> Queued:
    """What comes of the error that the notifier raised for a message that was *sending*."""
    if isinstance(error, Postponed):
        return _untried(message, max(error.until, now + policy.first_wait))
    if isinstance(error, Suppressed):
        given = attrs.evolve(message, attempts=message.attempts - 1)
        return attrs.evolve(given, state=_S.SUPPRESSED, next_at=None, failure=_said(error.why))
    if isinstance(error, (DeliveryFailed, DeliveryUnknown)):
        definite, why = isinstance(error, DeliveryFailed) and error.definite, _said(error.why)
    else:
        definite, why = False, type(error).__name__
    if not isinstance(error, DeliveryFailed) and not idempotent:
        return _unknown(message, now, policy, why)
    if definite or message.attempts >= policy.attempts:
        return _given_up(message, why)
    return attrs.evolve(_later(message, now + policy.wait(message.attempts)), failure=why)


def missed(message: Queued, now: datetime, policy: RelayPolicy) -> Queued:
    """A message whose time ran out between its mark and its call: it waits again, and this was no attempt."""
    return _untried(message, now + policy.first_wait)


def asked(message: Queued, answer: Answer, now: datetime, policy: RelayPolicy) -> Queued:
    """What comes of a gateway's answer about an *unknown* message."""
    if isinstance(answer, Sent):
        return sent(message, answer, now)
    age = now - (message.tried_at or message.created_at)
    if isinstance(answer, NotSent) and age >= policy.proof:
        if message.attempts >= policy.attempts:
            return _given_up(message, "the gateway did not take it")
        return _later(message, now)
    after = policy.ask_after(age)
    if after is None:
        return attrs.evolve(message, state=_S.LOST, next_at=None)
    return attrs.evolve(message, next_at=now + (after - age))


def settled(current: Queued, outcome: Queued) -> Queued:
    """``current`` with what a try came to, whoever did what to it meanwhile. What left is never said not to have."""
    if outcome.state is _S.SENT:
        if current.left:  # a receipt was quicker than the answer
            known = current.ref not in ("", own_ref(current.key, current.resent))
            return current if known else attrs.evolve(current, ref=outcome.ref)
        changed = attrs.evolve(current, state=_S.SENT, sent_at=outcome.sent_at, next_at=None, failure="")
        return attrs.evolve(changed, ref=outcome.ref)
    mine = current.tried_at == outcome.tried_at and current.state in (_S.SENDING, _S.UNKNOWN)
    return outcome if mine else current


def received(current: Queued, state: MessageState, at: datetime, ref: str = "") -> Queued:
    """``current`` after a gateway's receipt, which names the gateway's own ``ref``: one that comes twice or late
    changes nothing."""
    if _RANK[state] <= _RANK.get(current.state, 0):
        return current
    arrived = at if state is _S.DELIVERED else current.delivered_at
    failure = current.failure if state is _S.UNDELIVERED else ""
    return attrs.evolve(
        current,
        state=state,
        next_at=None,
        sent_at=current.sent_at or at,
        delivered_at=arrived,
        failure=failure,
        ref=ref or current.ref,
    )


def resent(message: Queued, at: datetime) -> Queued:
    """A message that was put back by hand, due at an instant, all its attempts before it."""
    return attrs.evolve(
        message, state=_S.WAITING, next_at=at, attempts=0, sent_at=None, ref="", resent=message.resent + 1
    )


def _later(message: Queued, at: datetime) -> Queued:
    # Not after its end: that it expired is then noticed in time.
    return attrs.evolve(message, state=_S.WAITING, next_at=at if message.until is None else min(at, message.until))


def _untried(message: Queued, at: datetime) -> Queued:
    return attrs.evolve(_later(message, at), attempts=message.attempts - 1)


def _given_up(message: Queued, why: str) -> Queued:
    return attrs.evolve(message, state=_S.DEAD, next_at=None, failure=why)


def _unknown(message: Queued, now: datetime, policy: RelayPolicy, why: str) -> Queued:
    tried = message.tried_at or now
    after = policy.ask_after(now - tried)
    return attrs.evolve(message, state=_S.UNKNOWN, next_at=now if after is None else tried + after, failure=why)


def _said(why: str) -> str:
    # A gateway's own words may name the recipient, and hold what no database stores.
    return scrub(str(why).replace("\0", "").encode("utf-8", "replace").decode())


# --- what is told of it -----------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class MessageFailed(Event):
    """A message did not arrive: it was given up, lost, expired, or the gateway could not deliver it (MSG-09)."""

    message: str
    occasion: str
    state: str


def failure_of(
    message: Queued, was: Queued, by: ActorId, at: datetime
) -> tuple[Sequence[MessageFailed], Sequence[Message]]:
    """What goes on the trail where a message has just failed, and what the position that answers for it is told.

    Nothing where it stood so before; nobody is told where nobody answers for it (MSG-14).
    """
    if message.state not in _TOLD or message.state is was.state:
        return (), ()
    facts = {"message": message.key, "occasion": message.occasion, "state": message.state.value}
    event = MessageFailed(subject=subject_of(message.key), by=by, at=at, **facts)
    # Once for each time that it was sent again by hand; a key may be as long as a column, so only its digest is taken.
    nth = sha256(f"{message.key} {message.state.value} {message.resent}".encode()).hexdigest()[:24]
    told = Message(f"{event.subject}/failed/{nth}", FAILED, message.by, facts) if message.by else None
    return (event,), () if told is None else (told,)
