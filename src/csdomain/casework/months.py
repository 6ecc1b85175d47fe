"""Months as cases are counted and reviewed by: ``2026-03``, in the zone of a branch."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from csdomain.frame.fields import Fields, one_of

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def check_month(text: str, fields: Fields) -> str:
    """``text`` where it is a month such as ``2026-03``. Raises the error of ``fields``."""
    if not isinstance(text, str) or not _MONTH.fullmatch(text):
        raise fields.error(field="month", given=text, accepted=one_of(["2026-03"]))
    return text


def month_of(at: datetime, zone: str) -> str:
    """The month that an instant is in, in ``zone``: ``2026-03``."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"


def due_next_month(at: datetime, day: int, zone: str) -> datetime:
    """The end of that day of the month after ``at``, in ``zone``: "by the 10th" includes it. In UTC."""
    there = at.astimezone(ZoneInfo(zone))
    on = (there.date() + relativedelta(months=1)).replace(day=day)
    return datetime.combine(on + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
