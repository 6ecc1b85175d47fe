"""What was paid, vehicle by vehicle: changes in mid-term (REN-10) and revenue earned by the day (REN-11).

A price is spread evenly over all days of its period, gift months included. A vehicle added pays for the days that are
left, a vehicle removed gets back the days that are left, and what is not left is earned: one sum, three readings.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import attrs

from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken
from csdomain.kernel.values.money import Money, half_up
from csdomain.renewals.rules import EARNED_BY_THE_DAY, VEHICLES_CHANGE
from csdomain.renewals.values import Period, RenewalRules, day

from .pricing import Quote, Share, Taxed, check_vehicles, even_shares, included_tax


class ChangeOutsideTerm(InvalidValue):
    """A vehicle added or removed on a day when no paid term is left (REN-10)."""

    default_rule = VEHICLES_CHANGE
    problem = Text("No paid term is left on this day.", "该日已无剩余的付费服务期。")


class TermsOverlap(InvalidValue):
    """Terms of different prices on the same days: a vehicle is added to the terms of one plan at a time (REN-10)."""

    default_rule = VEHICLES_CHANGE
    problem = Text("Paid terms of different prices overlap.", "不同价格的付费服务期相互重叠。")


class AlreadyCovered(RuleBroken):
    """A vehicle is added that is covered on that day or later (REN-10)."""

    default_rule = VEHICLES_CHANGE
    problem = Text("A vehicle is already covered.", "车辆已在服务范围内。")


class NotCovered(RuleBroken):
    """A vehicle is removed that is not covered on that day or later (REN-10)."""

    default_rule = VEHICLES_CHANGE
    problem = Text("A vehicle is not covered.", "车辆不在服务范围内。")


@attrs.frozen
class Stop:
    """The end of service before its time: from ``on`` there is none, and ``refund`` went back (REN-10)."""

    on: date
    refund: Taxed


@attrs.frozen
class PaidTerm:
    """What one payment bought: service for each vehicle of ``shares`` on the days of ``period`` (REN-10, REN-11).

    ``each`` is the gross price of one vehicle for the ``whole`` term, from which vehicles added later are priced; it is
    the same for all terms that stem from one quote. ``paid_on`` is the local day of the payment, for ``bill``.
    """

    period: Period
    shares: tuple[Share, ...]
    paid_on: date
    each: Money
    whole: Period
    stop: Stop | None = None
    bill: str = ""

    @cached_property
    def amount(self) -> Taxed:
        """What was paid for the term, before any refund."""
        gross = sum(share.amount.gross.minor for share in self.shares)
        tax = sum(share.amount.tax.minor for share in self.shares)
        return Taxed(Money(gross, self.each.currency), Money(tax, self.each.currency))


def paid_term(quote: Quote, period: Period, *, paid_on: date, bill: str = "") -> PaidTerm:
    """The term that paying ``quote`` buys; ``period`` is the one of the extension (REN-10). Raises NotADate."""
    return PaidTerm(period, quote.shares, day(paid_on, "paid_on"), quote.each, period, bill=bill)


class ChangeKind(Enum):
    """What happened to the vehicles (REN-10)."""

    ADDED = "added"
    REMOVED = "removed"


@attrs.frozen
class ChangeLine:
    """One line of a change: ``each`` is the price of one vehicle for ``of_days``, of which ``days`` are left (REN-10).

    ``amount`` is what all ``vehicles`` of the line pay, or get back.
    """

    kind: ChangeKind
    days: int
    of_days: int
    each: Money
    vehicles: int
    amount: Taxed

    @property
    def rule(self) -> Rule:
        """The rule that gives the line."""
        return VEHICLES_CHANGE

    @property
    def text(self) -> Text:
        """The line with its arithmetic, for people."""
        sum_ = f"{self.each} × {self.days}/{self.of_days} × {self.vehicles} = {self.amount.gross}"
        if self.kind is ChangeKind.ADDED:
            return Text(f"added: {sum_}", f"增加：{sum_}")
        return Text(f"removed, paid back: {sum_}", f"减少，退还：{sum_}")


@attrs.frozen
class VehicleChange:
    """The price of a change of vehicles (REN-10): lines and shares add up to ``total``, and the ``terms`` after it.

    ``total`` is due from the customer where vehicles were added, and due to the customer where they were removed.
    """

    kind: ChangeKind
    on: date
    lines: tuple[ChangeLine, ...]
    shares: tuple[Share, ...]
    total: Taxed
    terms: tuple[PaidTerm, ...]


def _added_up(parts: Sequence[tuple[Share, ...]]) -> tuple[Share, ...]:
    sums: dict[str, Taxed] = {}
    for share in (share for part in parts for share in part):
        sums[share.vehicle] = sums[share.vehicle] + share.amount if share.vehicle in sums else share.amount
    return tuple(Share(vehicle, amount) for vehicle, amount in sums.items())


def _change(
    kind: ChangeKind, on: date, lines: Sequence[ChangeLine], parts: Sequence[tuple[Share, ...]], terms: list[PaidTerm]
) -> VehicleChange:
    zero = Money.zero(lines[0].each.currency)
    total_ = sum((line.amount for line in lines), Taxed(zero, zero))
    return VehicleChange(kind, on, tuple(lines), _added_up(parts), total_, tuple(terms))


def _covered(terms: Sequence[PaidTerm], on: date, *, stopped: bool) -> set[str]:
    """Vehicles that some term covers on ``on`` or later; with ``stopped``, also those whose service ends early."""
    return {
        share.vehicle
        for term in terms
        if (on < term.period.end if term.stop is None else stopped and max(on, term.period.start) < term.stop.on)
        for share in term.shares
    }


def add_vehicles(
    terms: Sequence[PaidTerm], vehicles: Sequence[str], on: date, *, rules: RenewalRules, tax_on: date
) -> VehicleChange:
    """Add ``vehicles`` to a contract from the day ``on``, for the rest of each of its paid ``terms`` (REN-10).

    In each term one vehicle pays the price of a vehicle × days left ÷ days of the term, rounded half-up to the minor
    unit: in full before the term starts, and so that two added at once cost what two added one by one do. The tax is
    that of ``tax_on``. It is taken as paid on ``on``.

    Raises ChangeOutsideTerm, TermsOverlap, NoVehicles, InvalidVehicle, DuplicateVehicle, TaxRateUnknown, NotADate; by
    rule AlreadyCovered.
    """
    ids, rate = check_vehicles(vehicles), rules.tax_rate(tax_on)
    day(on, "on")
    # Terms that stem from one quote have one price; each price is charged once.
    open_ = sorted({(term.whole, term.each) for term in terms if on < term.whole.end}, key=lambda key: key[0].start)
    if not open_:
        raise ChangeOutsideTerm(at=on)
    for (earlier, _), (later, _) in pairwise(open_):
        if later.start < earlier.end:
            raise TermsOverlap(given=later.start, minimum=earlier.end)
    if again := len(_covered(terms, on, stopped=True).intersection(ids)):
        raise AlreadyCovered(quantity=again, at=on)
    lines, parts, after = [], [], list(terms)
    for period, each in open_:
        left = period.days_from(on)
        amount = included_tax(each.times(Fraction(left, period.days)) * len(ids), rate)
        shares = even_shares(amount, ids)
        lines.append(ChangeLine(ChangeKind.ADDED, left, period.days, each, len(ids), amount))
        parts.append(shares)
        after.append(PaidTerm(Period(max(on, period.start), period.end), shares, on, each, period))
    return _change(ChangeKind.ADDED, on, lines, parts, after)


def remove_vehicles(terms: Sequence[PaidTerm], vehicles: Sequence[str], on: date) -> VehicleChange:
    """Remove ``vehicles`` from the day ``on``, the first without service, out of all paid ``terms`` (REN-10).

    Of each term they get back what they paid × days left ÷ days: in full before the term starts, tax included at the
    rate they paid, rounded down to the minor unit once for all of them together, so that nothing already earned is
    given back.

    Raises ChangeOutsideTerm, NoVehicles, InvalidVehicle, DuplicateVehicle, NotADate; by rule NotCovered.
    """
    ids = check_vehicles(vehicles)
    day(on, "on")
    if all(term.period.end <= on for term in terms):
        raise ChangeOutsideTerm(at=on)
    gone = set(ids)
    if missing := len(gone - _covered(terms, on, stopped=False)):
        raise NotCovered(quantity=missing, at=on)
    lines, parts, after = [], [], []
    for term in terms:
        leaving = tuple(share for share in term.shares if share.vehicle in gone)
        if not leaving or term.stop is not None or term.period.end <= on:
            after.append(term)
            continue
        left = term.period.days_from(on)
        ended = attrs.evolve(term, shares=leaving)
        paid, days = ended.amount, term.period.days
        gross, net = (Money(part.minor * left // days, part.currency) for part in (paid.gross, paid.net))
        refund = Taxed(gross, gross - net)
        lines.append(ChangeLine(ChangeKind.REMOVED, left, days, leaving[0].amount.gross, len(leaving), refund))
        parts.append(even_shares(refund, [share.vehicle for share in leaving]))
        staying = tuple(share for share in term.shares if share.vehicle not in gone)
        if staying:
            after.append(attrs.evolve(term, shares=staying))
        after.append(attrs.evolve(ended, stop=Stop(on, refund)))
    return _change(ChangeKind.REMOVED, on, lines, parts, after)


class Basis(Enum):
    """Which amount is earned: with the tax in it, as paid, or without it, as books show revenue (REN-11)."""

    GROSS = "gross"
    NET = "net"


@attrs.frozen
class Earned:
    """How much of what was paid is earned at the end of a day: earned + unearned = paid, to the minor unit (REN-11)."""

    on: date
    paid: Money
    earned: Money

    @property
    def unearned(self) -> Money:
        """What is still owed in service."""
        return self.paid - self.earned

    @property
    def rule(self) -> Rule:
        """The rule that it follows."""
        return EARNED_BY_THE_DAY


def _of_term(term: PaidTerm, on: date, basis: Basis) -> tuple[Money, Fraction]:
    """What is paid, and the minor units earned, exactly, at the end of ``on``."""
    paid = term.amount.gross if basis is Basis.GROSS else term.amount.net
    if on < term.paid_on:
        return Money.zero(paid.currency), Fraction(0)
    if term.stop is not None and term.stop.on <= on:
        kept = paid - (term.stop.refund.gross if basis is Basis.GROSS else term.stop.refund.net)
        return kept, Fraction(kept.minor)
    left = max(term.period.days_from(on) - (term.period.start <= on), 0)
    return paid, Fraction(paid.minor * (term.period.days - left), term.period.days)


def earned(
    terms: Iterable[PaidTerm],
    on: date,
    *,
    currency: str,
    basis: Basis = Basis.GROSS,
    less: Iterable[PaidTerm] = (),
) -> Earned:
    """What the ``terms`` of a contract have earned at the end of the local day ``on`` (REN-11).

    Each term is earned evenly over its days, from the day it is paid (days served before are made up then); the sum is
    exact and rounded half-up to the minor unit once. It never falls, a change of vehicles does not alter any day before
    it, and what a removed vehicle did not get back is earned on the day it leaves. ``less`` are terms that are taken
    off. ``currency`` is that of all the terms. Raises NotADate, CurrencyMismatch.
    """
    day(on, "on")
    paid, exactly = Money.zero(currency), Fraction(0)
    for part, sign in ((terms, 1), (less, -1)):
        for term in part:
            paid_part, earned_part = _of_term(term, on, basis)
            paid, exactly = paid + paid_part * sign, exactly + earned_part * sign
    return Earned(on, paid, Money(half_up(exactly), currency))


def earned_in(terms: Sequence[PaidTerm], days: Period, *, currency: str, basis: Basis = Basis.GROSS) -> Money:
    """What is earned on ``days``, a month for instance; over adjoining periods it adds up (REN-11). Raises as above."""
    upto = earned(terms, days.last_day, currency=currency, basis=basis).earned
    if days.start == date.min:
        return upto
    return upto - earned(terms, days.start - timedelta(days=1), currency=currency, basis=basis).earned
