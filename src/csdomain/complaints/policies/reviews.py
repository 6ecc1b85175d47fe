"""The monthly review: by when a closed case is reviewed (CMP-20)."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from csdomain.complaints.values import MalformedStep
from csdomain.kernel.rules import Text

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def a_month(text: str) -> str:
    """``text`` where it is a month such as ``2026-03``. Raises MalformedStep. [CMP-26]"""
    if not isinstance(text, str) or not _MONTH.fullmatch(text):
        raise MalformedStep(field="month", given=text, accepted=Text("2026-03", "2026-03"))
    return text


def month_of(at: datetime, zone: str) -> str:
    """The month that an instant is in, in ``zone``: ``2026-03``."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"


def review_due(closed_at: datetime, day: int, zone: str) -> datetime:
    """The end of that day of the month after closing, in ``zone``: "by the 10th" includes it. In UTC. [CMP-20]"""
    there = closed_at.astimezone(ZoneInfo(zone))
    on = (there.date() + relativedelta(months=1)).replace(day=day)
    ends = datetime.combine(on + timedelta(days=1), time(), ZoneInfo(zone))
    return ends.astimezone(UTC)
