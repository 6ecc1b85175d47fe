"""Reading the times of a log: a format, and the zone of times that carry none (RPT-06, KRN-03)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum, unique
from typing import Final

from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue

from .log_faults import UnparsableTime
from .rules import REPLAY

ISO: Final = "iso"
_FIELDS: Final = {
    "Y": r"[0-9]{4}",
    "m": r"0[1-9]|1[0-2]",
    "d": r"[0-2][0-9]|3[01]",
    "H": r"[01][0-9]|2[0-3]",
    "M": r"[0-5][0-9]",
    "S": r"[0-5][0-9]",
    "f": r"[0-9]{1,6}",
}
_DATE: Final = ("Y", "m", "d")
#: Dates whose offset is remembered.
_DAYS_MOST: Final = 20_000
_PROBE: Final = datetime(2024, 11, 23, 13, 57, 41, 123456, tzinfo=UTC)


class MalformedTimeFormat(InvalidValue):
    """A time format that does not give a whole date and time (RPT-06)."""

    default_rule = REPLAY
    problem = Text("This format does not give a date and a time.", "此格式不能给出日期与时间。")


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

    ``format`` is ``iso`` (ISO 8601) or a format of :meth:`datetime.datetime.strptime`. A time that carries no offset is
    wall time of ``zone`` (IANA). Raises :class:`MalformedTimeFormat` and
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
        self._quick = None if format == ISO else _quick(format)
        if format != ISO:
            self._refuse_poor(format)

    @staticmethod
    def _refuse_poor(format: str) -> None:
        try:
            again = datetime.strptime(_PROBE.strftime(format), format)  # noqa: DTZ007 - a format may carry no zone
        except (ValueError, re.error):
            again = None
        # Minutes are the least that orders the events of a day.
        if again is None or again.replace(second=0, microsecond=0, tzinfo=UTC) != _PROBE.replace(
            second=0, microsecond=0
        ):
            raise MalformedTimeFormat(
                given=format, accepted=Text('"iso", or such as "%Y-%m-%d %H:%M:%S"', "“iso”，或如“%Y-%m-%d %H:%M:%S”")
            )

    def read(self, text: str) -> Reading:
        """The instant that ``text`` means, in UTC, and the later one where clocks showed it twice.

        Raises :class:`~csdomain.reporting.log_faults.UnparsableTime`, also for a time that clocks skipped.
        """
        wall = self._quick(text) if self._quick is not None else None
        try:
            if wall is None:
                wall = datetime.fromisoformat(text) if self.format == ISO else datetime.strptime(text, self.format)  # noqa: DTZ007
                if wall.utcoffset() is not None:
                    return wall.astimezone(UTC), None
                wall = wall.replace(tzinfo=UTC)
            day = wall.toordinal()
            offset = self._plain.get(day) if day in self._plain else self._offset_all_day(day)
            return (wall - offset, None) if offset is not None else self._placed(wall, text)
        except OverflowError:
            raise UnparsableTime(given=text, accepted=Text("years 1 to 9999", "公元 1 至 9999 年")) from None
        except ValueError as error:
            if isinstance(error, UnparsableTime):
                raise
            wanted = "ISO 8601" if self.format == ISO else self.format
            raise UnparsableTime(given=text, accepted=Text(wanted, wanted)) from None

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


def _quick(format: str) -> Callable[[str], datetime | None] | None:
    """A reader for formats of plain numbers, many times as fast as ``strptime``; None for any other format.

    The wall time it gives says UTC for want of its zone. It reads what is written in full; the rest is left to
    ``strptime``.
    """
    pattern, fields = "", []
    parts = iter(format)
    for char in parts:
        if char != "%":
            pattern += re.escape(char)
            continue
        field = next(parts, "")
        if field not in _FIELDS or field in fields:
            return None
        fields.append(field)
        pattern += f"({_FIELDS[field]})"
    if any(field not in fields for field in _DATE):
        return None
    match = re.compile(pattern).fullmatch
    order = [fields.index(field) if field in fields else None for field in "YmdHMS"]
    plain = fields[:6] == list("YmdHMS") and fields[6:] in ([], ["f"])
    fraction = fields.index("f") if "f" in fields else None

    def read(text: str) -> datetime | None:
        found = match(text)
        if found is None:
            return None
        groups = found.groups()
        micros = 0 if fraction is None else int(groups[fraction].ljust(6, "0"))
        try:
            if plain:
                year, month, day, hour, minute, second = groups[:6]
                return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros, UTC)
            numbers = [0 if place is None else int(groups[place]) for place in order]
            return datetime(*numbers, microsecond=micros, tzinfo=UTC)  # type: ignore[arg-type,misc]  # at most six
        except ValueError:
            return None

    return read
