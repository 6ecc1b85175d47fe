"""Decisions of complaints as pure functions over values: who decides, and what a letter must not hold."""

from collections.abc import Iterable
from typing import Final

import attrs

from csdomain.casework.letters import Guard
from csdomain.complaints.rules import NOTICE
from csdomain.complaints.values import IN_STEP, ComplaintForm, ComplaintRules, Remedy
from csdomain.kernel.papers.approvals import ApprovalLadder, Band
from csdomain.kernel.values.money import Money, total

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
