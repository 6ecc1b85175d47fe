"""What an event brings about besides the change itself: timers and messages, as values (design decision D8).

A context's table turns events into effects; ``unit.record(events, effects)`` is the only writer of both.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.rules import AUDITED, Text
from csdomain.kernel.rules.errors import InvalidValue

from .events import utc
from .timers import Timer

_KEY_LONGEST: Final = 120
_SUBJECT_LONGEST: Final = 64
#: What a message may carry about its occasion. Personal data is looked up when it is rendered (D12).
Fact = str | int | bool | None


class MalformedMessage(InvalidValue):
    """A message without a usable key, occasion or recipient (KRN-11)."""

    default_rule = AUDITED
    problem = Text("This message cannot be queued.", "无法将此消息排入队列。")


def check_short(value: object, field: str) -> None:
    """Refuse what is no key, occasion or recipient of a message. Raises :class:`MalformedMessage`."""
    if not isinstance(value, str) or not 0 < len(value) <= _KEY_LONGEST or not value.isprintable():
        raise MalformedMessage(
            field=field,
            accepted=Text(f"1 to {_KEY_LONGEST} printable characters", f"1 到 {_KEY_LONGEST} 个可见字符"),
        )


def _short(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    check_short(value, attribute.name)


def _short_or_none(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if value != "":
        check_short(value, attribute.name)


def subject_of(key: str) -> str:
    """What a message is about, as the trail names it: its key up to the first slash."""
    return (key.partition("/")[0] or key)[:_SUBJECT_LONGEST]


@attrs.frozen
class StartTimer:
    """Begin a timer that does not exist yet."""

    timer: Timer


@attrs.frozen
class StopTimer:
    """What the timer waited for is done (``cancelled``: no longer matters). A timer that is not there is left be."""

    subject: str
    name: str
    at: datetime = attrs.field(converter=utc)
    cancelled: bool = False


@attrs.frozen
class PauseTimer:
    """The timer waits for the customer. Without effect on a timer that is not running."""

    subject: str
    name: str
    at: datetime = attrs.field(converter=utc)


@attrs.frozen
class ResumeTimer:
    """The timer runs again. Without effect on a timer that is not paused."""

    subject: str
    name: str
    at: datetime = attrs.field(converter=utc)


@attrs.frozen
class CancelTimers:
    """Nothing that the subject's timers wait for matters any more; those that are late are late all the same.

    With a ``prefix``: only timers whose names begin with it.
    """

    subject: str
    at: datetime = attrs.field(converter=utc)
    prefix: str = ""


@unique
class MessageClass(Enum):
    """How much a customer has to put up with it: what the contract demands always goes (MSG-10)."""

    CONTRACT = "contract"
    SERVICE = "service"
    CARE = "care"
    MARKETING = "marketing"


def _class(instance: object, attribute: object, value: object) -> None:
    if not isinstance(value, MessageClass):
        names = ", ".join(f"MessageClass.{one.name}" for one in MessageClass)
        raise MalformedMessage(field="klass", given=type(value).__name__, accepted=Text(names, names))


def _window(message: "Message", attribute: object, until: datetime | None) -> None:
    if until is not None and message.since is not None and until <= message.since:
        raise MalformedMessage(field="until", given=until, accepted=Text("later than since", "须晚于 since"))


@attrs.frozen
class Message:
    """Something to tell someone: queued with the change that causes it, and sent under ``key``.

    A key begins with the id of what the message is about and a slash (``cmp_…/accepted``). ``to`` is an id (a
    customer's, an actor's, a position's), ``occasion`` names the template; the text is made when it is sent, so that no
    personal data waits in the outbox.

    It is sent from ``since`` on (at once where None) and never at or after ``until``: it is then *expired*. Of the
    messages of one ``line`` (``apt_…/notice``) only the newest is sent: queueing it supersedes those that still wait.
    ``by`` is the position that answers for it and is told where it does not arrive (MSG-14). Raises
    :class:`MalformedMessage`, NaiveTime. [MSG-09]
    """

    key: str = attrs.field(validator=_short)
    occasion: str = attrs.field(validator=_short)
    to: str = attrs.field(validator=_short)
    facts: Mapping[str, Fact] = attrs.field(factory=dict)
    since: datetime | None = attrs.field(default=None, kw_only=True, converter=attrs.converters.optional(utc))
    until: datetime | None = attrs.field(
        default=None, kw_only=True, converter=attrs.converters.optional(utc), validator=_window
    )
    line: str = attrs.field(default="", kw_only=True, validator=_short_or_none)
    klass: MessageClass = attrs.field(default=MessageClass.CONTRACT, kw_only=True, validator=_class)
    by: str = attrs.field(default="", kw_only=True, validator=_short_or_none)


#: What is done to timers that are there.
TimerChange = StopTimer | PauseTimer | ResumeTimer | CancelTimers
Effect = StartTimer | TimerChange | Message
