"""Service periods (REN-05): calendar months counted from one anchor, half-open, in the contract's zone.

The end of the n-th month is ``anchor + n months``, clamped to the length of its month and always computed from the
anchor: 31 Jan → 29 Feb → 31 Mar. Adding months to the last end instead would drift to the 29th for ever.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from typing import Final

import attrs

from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import aware
from csdomain.renewals.rules import EXTENSION
from csdomain.renewals.values import Period, PeriodOutOfRange, RenewalRules, StartsFrom, day, whole

_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHORTEST: Final = min(_LENGTHS)


def months_after(anchor: date, months: int) -> date:
    """``anchor`` plus ``months`` calendar months, clamped to the length of the month it falls in (REN-05).

    It is never less for more months, and the day of the anchor comes back wherever the month has it.
    Raises :class:`~csdomain.renewals.InvalidMonths`, :class:`NotADate`, and :class:`PeriodOutOfRange` beyond the year
    9999.

    >>> [months_after(date(2024, 1, 31), n).isoformat() for n in (1, 2, 13)]
    ['2024-02-29', '2024-03-31', '2025-02-28']
    """
    if type(months) is not int or months < 0:
        whole(months, "months", minimum=0)
    day(anchor, "anchor")
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    if year > date.max.year:
        raise PeriodOutOfRange(given=months, accepted=Text("an end before the year 10000", "10000 年以前结束"))
    of_month = anchor.day
    if of_month > _SHORTEST:
        leap = month == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        of_month = min(of_month, _LENGTHS[month] + leap)
    return date(year, month + 1, of_month)


def nth_period(anchor: date, n: int, months: int = 1) -> Period:
    """The ``n``-th period (from 1) of ``months`` months each: it ends at ``anchor`` + n · months (REN-05).

    Raises as :func:`months_after`.
    """
    if type(n) is not int or type(months) is not int or n < 1 or months < 1:
        whole(n, "n", minimum=1)
        whole(months, "months", minimum=1)
    return Period(months_after(anchor, (n - 1) * months), months_after(anchor, n * months))


def months_between(anchor: date, on: date) -> int:
    """Whole months from ``anchor`` to ``on``: the largest n with ``anchor`` + n months not after ``on`` (REN-05).

    Raises :class:`NotADate`, and :class:`PeriodOutOfRange` where ``on`` is before the anchor.
    """
    if day(on, "on") < day(anchor, "anchor"):
        raise PeriodOutOfRange(given=on, minimum=anchor)
    months = (on.year - anchor.year) * 12 + on.month - anchor.month
    return months if months_after(anchor, months) <= on else months - 1


def period_containing(anchor: date, on: date, months: int = 1) -> Period:
    """The period of ``months`` months, counted from ``anchor``, that holds ``on`` (REN-05). Raises as above."""
    whole(months, "months", minimum=1)
    return nth_period(anchor, months_between(anchor, on) // months + 1, months)


def day_start(on: date, zone: tzinfo) -> datetime:
    """The first instant, in UTC, of the day ``on`` in ``zone`` (REN-05).

    Where clocks skip midnight the day starts at the skip; where midnight comes twice, at the first.
    Raises :class:`NotADate`, and :class:`PeriodOutOfRange` at the very ends of the calendar.
    """
    day(on, "on")
    try:
        wall = datetime(on.year, on.month, on.day, tzinfo=zone)
        start = wall.astimezone(UTC)
        if start.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
            return start
        # In a gap the two folds lie on either side of the skip: close in on its second.
        before, after = sorted((start, wall.replace(fold=1).astimezone(UTC)))
        before -= timedelta(seconds=1)
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(zone).date() < on:
                before = middle
            else:
                after = middle
    except OverflowError:
        raise PeriodOutOfRange(given=on, accepted=Text("a day inside the calendar", "历法范围内的日期")) from None
    return after


def instants(period: Period, zone: tzinfo) -> tuple[datetime, datetime]:
    """``period`` as instants in UTC, half-open: its first, and the first that is no longer in it (REN-05).

    Periods that touch as dates touch as instants, in every zone. Raises as :func:`day_start`.
    """
    return day_start(period.start, zone), day_start(period.end, zone)


def local_day(at: datetime, zone: tzinfo) -> date:
    """The date on which the instant ``at`` falls in ``zone``: the day of a payment (REN-05). Raises NaiveTime."""
    return aware(at).astimezone(zone).date()


class Standing(Enum):
    """How a service stands on a day (REN-05)."""

    RUNNING = "running"
    IN_GRACE = "in grace"
    LAPSED = "lapsed"


@attrs.frozen
class Service:
    """How far a contract's service is paid: ``months`` months, gifts included, counted from ``anchor`` (REN-05).

    Raises :class:`NotADate` and :class:`~csdomain.renewals.InvalidMonths`.
    """

    anchor: date
    months: int = 0

    def __attrs_post_init__(self) -> None:
        day(self.anchor, "anchor")
        whole(self.months, "months", minimum=0)

    @property
    def end(self) -> date:
        """The first day without paid service. Raises :class:`PeriodOutOfRange`."""
        return months_after(self.anchor, self.months)

    def standing(self, on: date, rules: RenewalRules) -> Standing:
        """Running before the end, in grace for ``grace_days`` days from it, lapsed after them (REN-05)."""
        late = (day(on, "on") - self.end).days
        if late < 0:
            return Standing.RUNNING
        return Standing.IN_GRACE if late < rules.grace_days else Standing.LAPSED


@attrs.frozen
class Extension:
    """One extension and how it came about (REN-05).

    ``period`` holds the paid months and, after them, the gift months; ``service`` is the state from now on;
    ``standing`` is how the service stood on the day of payment; ``gap_days`` had no service before the period.
    """

    period: Period
    paid_months: int
    gift_months: int
    paid_on: date
    standing: Standing
    gap_days: int
    service: Service

    @property
    def rule(self) -> Rule:
        """The rule that it follows."""
        return EXTENSION

    @property
    def gift(self) -> Period | None:
        """The days of the gift months, at the end of the period; None without any. No payment depends on them."""
        if not self.gift_months:
            return None
        return Period(months_after(self.service.anchor, self.service.months - self.gift_months), self.period.end)


def _extended(
    service: Service, months: tuple[int, int], paid_on: date, standing: Standing, gap_days: int = 0
) -> Extension:
    paid, gift = months
    after = Service(service.anchor, service.months + paid + gift)
    return Extension(Period(service.end, after.end), paid, gift, paid_on, standing, gap_days, after)


def extend(
    service: Service, paid_months: int, gift_months: int = 0, *, paid_on: date, rules: RenewalRules
) -> Extension:
    """Extend ``service``, paid on the local date ``paid_on``, by the paid and the gift months (REN-05).

    Paid before the end, it starts at the end. Paid within grace or lapsed, it starts where the house's settings say: at
    the old end, or on the day of payment, which is then the new anchor. Two extensions in a row without a lapse end
    where one of the sum ends. Raises :class:`~csdomain.renewals.InvalidMonths`, :class:`NotADate`,
    :class:`PeriodOutOfRange`.
    """
    months = whole(paid_months, "paid_months", minimum=1), whole(gift_months, "gift_months", minimum=0)
    standing = service.standing(day(paid_on, "paid_on"), rules)
    starts = {
        Standing.RUNNING: StartsFrom.OLD_END,
        Standing.IN_GRACE: rules.paid_in_grace,
        Standing.LAPSED: rules.paid_lapsed,
    }[standing]
    if starts is StartsFrom.OLD_END:
        return _extended(service, months, paid_on, standing)
    return _extended(Service(paid_on), months, paid_on, standing, (paid_on - service.end).days)


def first_period(start: date, paid_months: int, gift_months: int = 0, *, paid_on: date) -> Extension:
    """The first period of a contract: it starts, and anchors all later ones, on ``start`` (REN-05).

    Raises as :func:`extend`.
    """
    months = whole(paid_months, "paid_months", minimum=1), whole(gift_months, "gift_months", minimum=0)
    return _extended(Service(start), months, day(paid_on, "paid_on"), Standing.RUNNING)
