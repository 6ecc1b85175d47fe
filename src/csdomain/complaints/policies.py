"""Decisions of complaints as pure functions over values: who decides, by when a closed case is reviewed."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import attrs
from dateutil.relativedelta import relativedelta

from csdomain.casework.letters import Guard
from csdomain.complaints.rules import NOTICE
from csdomain.complaints.values import IN_STEP, ComplaintForm, ComplaintRules, MalformedStep, Remedy
from csdomain.kernel.papers.approvals import ApprovalLadder, Band
from csdomain.kernel.rules import Text
from csdomain.kernel.values.money import Money, total

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
#: What goes to the customer holds nothing internal. [CMP-13]
LETTERS: Final = Guard(NOTICE, IN_STEP)


def form_amount(form: ComplaintForm, remedy: Remedy | None, currency: str) -> Money:
    """What a form comes to: what is claimed or, if more, what is granted. [CMP-11]"""
    claimed = form.claimed or Money.zero(currency)
    return claimed if remedy is None else max(claimed, remedy.granted)


def case_total(forms: Iterable[tuple[ComplaintForm, Remedy | None]], currency: str) -> Money:
    """What a case comes to: all its forms together, so that none can be split below a limit. [CMP-11, CMP-14]"""
    return total([form_amount(form, remedy, currency) for form, remedy in forms], currency)


def decider(rules: ComplaintRules, amount: Money, *, grave: bool, level: int) -> ApprovalLadder:
    """The ladder that decides ``amount``: the house's from ``level`` on; without an amount that of CMP-16.

    [CMP-11, CMP-16, CMP-18]
    """
    bands = rules.ladder.bands
    if amount.minor:
        return _from(bands, level)
    who = rules.without_amount.grave if grave else rules.without_amount.ordinary
    at = next((place for place, band in enumerate(bands) if band.authority == who), None)
    if at is not None:  # whoever decides more than that authority decides nothing at all as well
        return _from(bands, max(at, level))
    if level:
        return _from(bands, level)
    least = Money(1, amount.currency)
    # A band that ends with the least amount has nothing left above it.
    first = () if bands[0].up_to == least else (attrs.evolve(bands[0], over=least),)
    return ApprovalLadder((Band(who, None, least), *first, *bands[1:]))


def _from(bands: tuple[Band, ...], level: int) -> ApprovalLadder:
    return ApprovalLadder((attrs.evolve(bands[level], over=None), *bands[level + 1 :]))


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
