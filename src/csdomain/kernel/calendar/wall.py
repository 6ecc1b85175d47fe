"""Wall time of a zone against instants, through gaps and repeated hours (KRN-05).

Instants are integers here: microseconds from 1970 in UTC. (Arithmetic on aware datetimes is wall-clock arithmetic.)
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import aware

from .values import DAY, BeyondTime, NotADuration

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)
EPOCH_DAY: Final = EPOCH.toordinal()
MINUTE: Final = timedelta(minutes=1) // TICK
_LAST_DAY: Final = date.max.toordinal()
EARLIEST: Final = (datetime.min.replace(tzinfo=UTC) - EPOCH) // TICK
LATEST: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // TICK

Span = tuple[int, int]


def moment(instant: int) -> datetime:
    """The instant as a datetime in UTC. Raises :class:`BeyondTime`."""
    try:
        return EPOCH + TICK * instant
    except OverflowError:
        raise beyond() from None


def instant_of(at: datetime, name: str) -> int:
    """An aware datetime as an instant. Raises :class:`~csdomain.kernel.rules.errors.NaiveTime`."""
    try:
        return (at - EPOCH) // TICK
    except TypeError:
        aware(at, name)
        raise


def span_of(duration: timedelta) -> int:
    """A duration in microseconds. Raises :class:`NotADuration` for one that is negative."""
    if isinstance(duration, timedelta) and (span := duration // TICK) >= 0:
        return span
    raise NotADuration(
        field="duration",
        given=duration if isinstance(duration, timedelta) else type(duration).__name__,
        accepted=Text("a timedelta ≥ 0", "≥ 0 的 timedelta"),
    )


def beyond() -> BeyondTime:
    """The error for an answer that no datetime can hold."""
    return BeyondTime(accepted=Text("years 1 to 9999", "公元 1 至 9999 年"))


class Wall:
    """Wall time of one zone against instants."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def read(self, day: int, minute: int) -> int:
        """The instant of ``minute`` after the midnight that begins ``day``, as opening hours are read.

        A time that happens twice is the first; one that is skipped is read by the clock as it was before, so 02:30 is
        what would have been 02:30 and is called 03:30.
        """
        day, minute = day + minute // DAY, minute % DAY
        # The day after the last of all is not a date, but windows may end on it.
        noted = datetime.fromordinal(min(max(day, 1), _LAST_DAY)).replace(
            hour=minute // 60, minute=minute % 60, tzinfo=self.zone
        )
        offset: timedelta = noted.utcoffset() or timedelta(0)
        return ((day - EPOCH_DAY) * DAY + minute) * MINUTE - offset // TICK

    def steady(self, day: int, until: int) -> int | None:
        """The offset that holds from one midnight to another less than 6.9 days later, or None where it changes.

        No zone of the IANA database changes its offset twice within that time, so looking at both ends is enough.
        """
        at, end = (self._offset(datetime.fromordinal(min(d, _LAST_DAY)), 0) for d in (day, until))
        return at if at == end else None

    def first(self, wall: datetime) -> int:
        """The first instant at which clocks show ``wall`` or later: in a skipped hour, the instant of the jump."""
        before, after = self._offsets(wall)
        shown = (wall.replace(tzinfo=UTC) - EPOCH) // TICK
        if before >= after:
            return shown - before
        return self._change(shown - after, shown - before, after)

    def midnight(self, day: int) -> int:
        """The first instant of a date."""
        if not 1 <= day <= _LAST_DAY:
            return self.read(day, 0)
        return self.first(datetime.fromordinal(day))

    def local(self, instant: int) -> datetime:
        """What clocks show, without zone; ``fold`` is 1 where they show it for the second time."""
        try:
            return moment(instant).astimezone(self.zone).replace(tzinfo=None)
        except OverflowError:
            raise beyond() from None

    def latest_shown(self, instant: int) -> datetime:
        """The latest wall time that clocks have shown up to ``instant``: in a repeated hour, its end."""
        wall = self.local(instant)
        if not wall.fold:
            return wall
        before, after = self._offsets(wall)
        return EPOCH.replace(tzinfo=None) + TICK * (self._change(instant - (before - after), instant, after) + before)

    def _offsets(self, wall: datetime) -> Span:
        return self._offset(wall, 0), self._offset(wall, 1)

    def _offset(self, wall: datetime, fold: int) -> int:
        return (wall.replace(tzinfo=self.zone, fold=fold).utcoffset() or timedelta(0)) // TICK

    def _change(self, low: int, high: int, after: int) -> int:
        """The first instant in (low, high] at which the offset is ``after``."""
        while high - low > 1:
            middle = (low + high) // 2
            offset: timedelta = (EPOCH + TICK * middle).astimezone(self.zone).utcoffset() or timedelta(0)
            if offset // TICK == after:
                high = middle
            else:
                low = middle
        return high
