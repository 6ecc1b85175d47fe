"""The monthly review: by when a closed case is reviewed (CMP-20)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta


def month_of(at: datetime, zone: str) -> str:
    """The month that an instant is in, in ``zone``: ``2026-03``."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"


def review_due(closed_at: datetime, day: int, zone: str) -> datetime:
    """The end of that day of the month after closing, in ``zone``: "by the 10th" includes it. In UTC. [CMP-20]"""
    there = closed_at.astimezone(ZoneInfo(zone))
    on = (there.date() + relativedelta(months=1)).replace(day=day)
    ends = datetime.combine(on + timedelta(days=1), time(), ZoneInfo(zone))
    return ends.astimezone(UTC)
