"""Reading the times of a log: a format, and the zone of times that carry none (RPT-06, KRN-03)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, unique
from typing import Final

from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.rules import Text

from .log_faults import UnparsableTime
from .log_formats import EPOCHS, ISO, Said, epoch, iso, numbered

#: Dates whose offset is remembered.
_DAYS_MOST: Final = 20_000
_WANTED: Final = {
    ISO: Text("ISO 8601 with a time of day", "带时刻的 ISO 8601"),
    "epoch": Text("seconds since 1970", "自 1970 年起的秒数"),
    "epoch_ms": Text("milliseconds since 1970", "自 1970 年起的毫秒数"),
}


@unique
class Ambiguous(Enum):
    """What a wall time means that clocks showed twice, when they were put back.

    ``BY_ORDER``: the earlier one, unless it breaks the order within the case, then the later.
    """

    BY_ORDER = "by_order"
    EARLIER = "earlier"
    LATER = "later"
    REFUSE = "refuse"


#: An instant in UTC, and the later one that the same text may mean.
Reading = tuple[datetime, datetime | None]


class TimeReader:
    """Reads the times of one log.

    ``format`` is ``iso`` (ISO 8601), ``epoch`` or ``epoch_ms`` (seconds or milliseconds since 1970, UTC), or a format
    as :meth:`datetime.datetime.strptime` has them (:mod:`csdomain.reporting.log_formats` says which). A time that
    carries no offset is wall time of ``zone`` (IANA). Raises
    :class:`~csdomain.reporting.log_formats.MalformedTimeFormat` and
    :class:`~csdomain.kernel.calendar.values.UnknownZone`. [RPT-06]

    >>> reader = TimeReader("%Y/%m/%d %H:%M:%S", "Europe/Rome")
    >>> reader.read("2012/10/09 14:50:17")[0].isoformat()
    '2012-10-09T12:50:17+00:00'
    >>> [at.isoformat() for at in reader.read("2012/10/28 02:30:00")]  # clocks showed it twice
    ['2012-10-28T00:30:00+00:00', '2012-10-28T01:30:00+00:00']
    """

    def __init__(self, format: str, zone: str, ambiguous: Ambiguous = Ambiguous.BY_ORDER) -> None:
        self.format = format
        self.zone = zone_of(zone)
        self.ambiguous = ambiguous
        self._plain: dict[int, timedelta | None] = {}
        self._said: Callable[[str], Said] = (
            iso if format == ISO else epoch(EPOCHS[format]) if format in EPOCHS else numbered(format)
        )

    def read(self, text: str) -> Reading:
        """The instant that ``text`` means, in UTC, and the later one where clocks showed it twice.

        Raises :class:`~csdomain.reporting.log_faults.UnparsableTime`, also for a time that clocks skipped.
        """
        try:
            wall, is_instant = self._said(text)
            if is_instant:
                return wall, None
            day = wall.toordinal()
            offset = self._plain.get(day) if day in self._plain else self._offset_all_day(day)
            return (wall - offset, None) if offset is not None else self._placed(wall, text)
        except OverflowError:
            raise UnparsableTime(given=text, accepted=Text("years 1 to 9999", "公元 1 至 9999 年")) from None
        except ValueError as error:
            if isinstance(error, UnparsableTime):
                raise
            raise UnparsableTime(
                given=text, accepted=_WANTED.get(self.format, Text(self.format, self.format))
            ) from None

    def _offset_all_day(self, day: int) -> timedelta | None:
        """The offset of a date on which clocks are not changed; None of one on which they are."""
        if len(self._plain) >= _DAYS_MOST:
            self._plain.clear()
        here = datetime.fromordinal(day).replace(tzinfo=self.zone)
        hours = [here.replace(hour=hour, fold=fold) for hour in (0, 6, 12, 18) for fold in (0, 1)]
        last = here.replace(hour=23, minute=59, second=59, microsecond=999_999)
        offsets = {at.utcoffset() for at in (*hours, last, last.replace(fold=1))}
        self._plain[day] = offset = offsets.pop() if len(offsets) == 1 else None
        return offset

    def _placed(self, wall: datetime, text: str) -> Reading:
        here = wall.replace(tzinfo=self.zone, fold=0)
        first: timedelta = here.utcoffset() or timedelta(0)
        second: timedelta = here.replace(fold=1).utcoffset() or timedelta(0)
        if first == second:
            return wall - first, None
        zone = self.zone.key
        if first < second:
            raise UnparsableTime(
                given=text,
                zone=zone,
                accepted=Text(f"a time that clocks in {zone} showed", f"{zone} 的时钟显示过的时间"),
            )
        if self.ambiguous is Ambiguous.REFUSE:
            raise UnparsableTime(
                given=text, zone=zone, accepted=Text("a time that clocks showed once", "时钟只显示过一次的时间")
            )
        if self.ambiguous is Ambiguous.EARLIER:
            return wall - first, None
        return (wall - second, None) if self.ambiguous is Ambiguous.LATER else (wall - first, wall - second)
