"""Hours in which nothing that can wait is sent (MSG-08)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.calendar.wall import Wall, moment
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, aware
from csdomain.messaging.rules import MARKETING


class QuietHoursInvalid(InvalidValue):
    """Quiet hours that begin and end at one time: nothing could ever be sent (MSG-08)."""

    default_rule = MARKETING
    problem = Text("Quiet hours must leave some time to send.", "静默时段必须留出可发送的时间。")


@attrs.frozen
class QuietHours:
    """From ``start`` up to, and without, ``end``, on the clock of whoever is written to; they may go over midnight.

    Raises :class:`QuietHoursInvalid`. [MSG-08]
    """

    start: time
    end: time

    def __attrs_post_init__(self) -> None:
        if self.start == self.end:
            raise QuietHoursInvalid(given=self.start, accepted=Text("another end", "不同的结束时间"))

    def allowed(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first instant from ``at`` on, in UTC, at which something may be sent to somebody in ``zone``.

        It is ``at`` itself outside the quiet hours. What the clock shows counts: where it is put back into the quiet
        hours they go on, where it is put forward over their end they end at the jump. Raises NaiveTime.
        """
        at = aware(at).astimezone(UTC)
        local = at.astimezone(zone)
        if not self._covers(local):
            return at
        wall = Wall(zone)
        ends = (datetime.combine(local.date() + timedelta(days), self.end) for days in (0, 1))
        found = (
            instant
            for end in ends
            for instant in (moment(wall.first(end)), end.replace(tzinfo=zone, fold=1).astimezone(UTC))
        )
        return min(instant for instant in found if instant > at and not self._covers(instant.astimezone(zone)))

    def _covers(self, local: datetime) -> bool:
        clock = local.time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end
