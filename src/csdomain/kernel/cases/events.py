"""Domain events: what happened, to what, by whom, when, as immutable facts (KRN-11)."""

import re
from datetime import UTC, datetime
from enum import Enum
from typing import ClassVar, Final, Self

import attrs

from csdomain.kernel.calendar.values import BeyondTime
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import aware
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.personal import PersonalKind, personal

_EARLIEST: Final = datetime(2, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)
_NAME: Final = re.compile(r"(?<!^)(?=[A-Z])")


def utc(at: datetime) -> datetime:
    """``at`` in UTC. Raises :class:`~csdomain.kernel.rules.errors.NaiveTime` (KRN-03), BeyondTime outside the bounds.

    Instants of the house lie in the years 2 to 9998: there is time before and after them in every zone.
    """
    try:
        found = at if isinstance(at, datetime) and at.tzinfo is UTC else aware(at).astimezone(UTC)
    except OverflowError:
        raise _beyond(at) from None
    if not _EARLIEST <= found < _LATEST:
        raise _beyond(at)
    return found


def _beyond(at: datetime) -> BeyondTime:
    return BeyondTime(field="at", given=at, accepted=Text("years 2 to 9998", "公元 2 至 9998 年"))


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened: past tense, ids and not entities, ``at`` given by the caller.

    ``name`` is the stable name on the wire, ``schema`` the number that grows when the fields change.
    """

    name: ClassVar[str] = "event"
    schema: ClassVar[int] = 1

    subject: str
    by: ActorId
    at: datetime = attrs.field(converter=utc)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = _NAME.sub("_", cls.__name__).lower()


@attrs.frozen(kw_only=True)
class Moved(Event):
    """A case made a move of its lifecycle (KRN-07). ``source`` is empty where the move opened the case."""

    move: str
    source: str
    dest: str
    reason: str = personal(PersonalKind.OTHER, default="")

    @classmethod
    def of(
        cls,
        subject: str,
        move: Enum,
        source: Enum | None,
        dest: Enum,
        *,
        by: ActorId,
        at: datetime,
        reason: str = "",
        **facts: object,
    ) -> Self:
        """The event of one move, its Enums written as their values."""
        return cls(
            subject=subject,
            by=by,
            at=at,
            move=move.value,
            source="" if source is None else source.value,
            dest=dest.value,
            reason=reason,
            **facts,
        )


@attrs.frozen(kw_only=True)
class Rebased(Event):
    """A running case goes by another rulebook from now on (KRN-01)."""

    before: str
    after: str


@attrs.frozen(kw_only=True)
class TimerRecounted(Event):
    """A deadline was counted anew, since holidays that it had assumed are published (KRN-04, KRN-06)."""

    timer: str
    due_before: datetime
    due_after: datetime


@attrs.frozen(kw_only=True)
class TimerFired(Event):
    """A timer reached a warning or its deadline. ``at`` is the instant it was due, ``found_at`` when it was noticed."""

    timer: str
    found_at: datetime = attrs.field(converter=utc)


@attrs.frozen(kw_only=True)
class TimerWarned(TimerFired):
    """A warning threshold passed: ``percent`` of the time is used up (KRN-06)."""

    percent: int


@attrs.frozen(kw_only=True)
class TimerBreached(TimerFired):
    """The deadline passed without the timer being met (KRN-06)."""


@attrs.frozen(kw_only=True)
class TimerReminded(TimerFired):
    """The time of a reminder came: nothing is late, somebody is told (KRN-06)."""
