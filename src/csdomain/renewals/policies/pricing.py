"""Prices (REN-01, REN-02): what a term costs, line by line, and the best way to cover a number of months.

Every price of the house includes tax. The gross amount is exact (unit price × blocks × vehicles); the tax of the whole
is rounded half-up to the minor unit once, then shared out by largest remainder, ties to the earlier line or vehicle;
net is gross less tax everywhere. So net + tax = gross by construction, and lines and shares add up to the total.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from itertools import pairwise

import attrs

from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.values.money import Money, exact, total
from csdomain.renewals.rules import PRICE_PLANS, QUOTE
from csdomain.renewals.values import (
    DiscountNotOffered,
    DiscountOutOfRange,
    DuplicateVehicle,
    InvalidVehicle,
    NoSuchPlan,
    NoVehicles,
    Plan,
    PriceBelowFloor,
    RenewalRules,
    TermBelowMinimum,
    TermNotOffered,
    whole,
)


@attrs.frozen
class PercentOff:
    """A discount as a share of the list price: 20 % is ``Decimal("0.2")`` (REN-02).

    The price of one vehicle and one block is rounded half-up to the minor unit. Raises
    :class:`~csdomain.renewals.DiscountOutOfRange`, and InexactMoney for a float, a bool or NaN.
    """

    rate: Decimal

    def __attrs_post_init__(self) -> None:
        if not 0 <= exact(self.rate, "rate") <= 1:
            raise DiscountOutOfRange(given=self.rate, minimum=0, maximum=1)

    def price(self, list_price: Money) -> Money:
        """The price of one vehicle and one block, the discount taken off (REN-02)."""
        return list_price.times(1 - exact(self.rate, "rate"))


@attrs.frozen
class AgreedPrice:
    """A discount as the price agreed for one vehicle and one block, tax included (REN-02)."""

    amount: Money

    def price(self, list_price: Money) -> Money:
        """The agreed price. Raises DiscountOutOfRange above the list price or below zero, CurrencyMismatch (REN-02)."""
        if not Money.zero(list_price.currency) <= self.amount <= list_price:
            raise DiscountOutOfRange(given=self.amount, minimum=0, maximum=list_price)
        return self.amount


Discount = PercentOff | AgreedPrice


@attrs.frozen
class Taxed:
    """An amount with the tax in it; ``net`` is what remains, so net + tax = gross by construction (REN-02)."""

    gross: Money
    tax: Money

    @property
    def net(self) -> Money:
        """The amount without the tax."""
        return self.gross - self.tax

    def __add__(self, other: "Taxed") -> "Taxed":
        return Taxed(self.gross + other.gross, self.tax + other.tax)


class LineKind(Enum):
    """What a line of a quote is for (REN-02)."""

    CHARGE = "charge"
    DISCOUNT = "discount"
    GIFT = "gift months"


_LINE_RULES = {LineKind.CHARGE: PRICE_PLANS, LineKind.DISCOUNT: QUOTE, LineKind.GIFT: PRICE_PLANS}


@attrs.frozen
class Line:
    """One line of a quote: ``blocks`` × ``each`` × ``vehicles`` = ``amount.gross``, given by ``rule`` (REN-02).

    ``months`` is the service the line gives to each vehicle, ``each`` the price for one vehicle and one block (negative
    on a discount, zero on gift months), ``plan`` the code of the plan.
    """

    kind: LineKind
    plan: str
    blocks: int
    months: int
    each: Money
    vehicles: int
    amount: Taxed

    @property
    def rule(self) -> Rule:
        """The rule that gives the line."""
        return _LINE_RULES[self.kind]

    @property
    def text(self) -> Text:
        """The line with its arithmetic, for people."""
        sum_ = f"{self.blocks} × {self.each} × {self.vehicles} = {self.amount.gross}"
        if self.kind is LineKind.GIFT:
            return Text(f"{self.plan}: {self.months} gift months", f"{self.plan}：赠送 {self.months} 个月")
        if self.kind is LineKind.DISCOUNT:
            return Text(f"{self.plan}: discount {sum_}", f"{self.plan}：优惠 {sum_}")
        return Text(f"{self.plan}: {self.months} months, {sum_}", f"{self.plan}：{self.months} 个月，{sum_}")


@attrs.frozen
class Share:
    """What one vehicle's service costs: its share of the quote (REN-02)."""

    vehicle: str
    amount: Taxed


@attrs.frozen
class Quote:
    """What a term costs and how that comes about (REN-02).

    ``each`` is the gross price for one vehicle for the whole term; the lines, and the shares, add up to ``total``.
    ``tax_rate`` is the rate of ``tax_on``. ``paid_months`` and ``gift_months`` are per vehicle.
    """

    lines: tuple[Line, ...]
    shares: tuple[Share, ...]
    each: Money
    total: Taxed
    tax_rate: Decimal
    tax_on: date
    paid_months: int
    gift_months: int

    @property
    def service_months(self) -> int:
        """Months of service for each vehicle: the paid and the gift months."""
        return self.paid_months + self.gift_months

    @property
    def discount(self) -> Money:
        """How much the discounts take off the list price, tax included: what the approval ladder looks at."""
        taken = (-line.amount.gross for line in self.lines if line.kind is LineKind.DISCOUNT)
        return total(tuple(taken), self.total.gross.currency)


def included_tax(gross: Money, rate: Decimal) -> Taxed:
    """``gross`` with the tax that is in it: gross · rate / (1 + rate), rounded half-up to the minor unit (REN-02).

    >>> str(included_tax(Money.of("600", "CNY"), Decimal("0.17")).tax)
    '87.18 CNY'
    """
    share = exact(rate, "rate")
    return Taxed(gross, gross.times(share / (1 + share)))


def even_shares(amount: Taxed, vehicles: Sequence[str]) -> tuple[Share, ...]:
    """``amount`` in equal shares that add up: as ``Money.split`` does with equal weights, in linear time (REN-02).

    The minor units that are left over go to the vehicles named first, one each.
    """
    currency, n = amount.gross.currency, len(vehicles)
    (gross, more_gross), (tax, more_tax) = divmod(amount.gross.minor, n), divmod(amount.tax.minor, n)
    # Three different amounts at most: made once, not once a vehicle.
    marks = sorted({0, more_gross, more_tax, n})
    shares: list[Share] = []
    for first, last in pairwise(marks):
        each = Taxed(Money(gross + (first < more_gross), currency), Money(tax + (first < more_tax), currency))
        shares += [Share(vehicle, each) for vehicle in vehicles[first:last]]
    return tuple(shares)


def check_vehicles(vehicles: Sequence[str]) -> tuple[str, ...]:
    """``vehicles`` if they are ids (never number plates), at least one, each once (REN-02, REN-10).

    Raises NoVehicles, InvalidVehicle, DuplicateVehicle.
    """
    if isinstance(vehicles, str) or not isinstance(vehicles, Sequence):
        raise InvalidVehicle(given=type(vehicles).__name__, accepted=Text("a sequence of ids", "标识的序列"))
    if not vehicles:
        raise NoVehicles(given=0, minimum=1)
    for vehicle in vehicles:
        if not isinstance(vehicle, str) or not vehicle:
            raise InvalidVehicle(given=type(vehicle).__name__, accepted=Text("a text, not empty", "非空文本"))
    if len(set(vehicles)) != len(vehicles):
        raise DuplicateVehicle(given=len(vehicles), expected=len(set(vehicles)))
    return tuple(vehicles)


@attrs.frozen
class _Offer:
    """A plan at one price, from a least number of blocks on."""

    code: str
    plan: Plan
    price: Money
    least: int = 1

    @property
    def service(self) -> int:
        return self.plan.months + self.plan.gift_months


def _discounted(code: str, plan: Plan, discount: Discount) -> _Offer:
    price = discount.price(plan.price)
    if price == plan.price:
        return _Offer(code, plan, price)
    if plan.discount is None:
        raise DiscountNotOffered(plan=code)
    if price < plan.discount.floor:
        raise PriceBelowFloor(plan=code, given=price, minimum=plan.discount.floor)
    return _Offer(code, plan, price, -(-plan.discount.minimum_months // plan.months))


def _priced(
    rules: RenewalRules, chosen: Sequence[tuple[_Offer, int]], vehicles: tuple[str, ...], tax_on: date
) -> Quote:
    rate, count, zero = rules.tax_rate(tax_on), len(vehicles), Money.zero(rules.currency)
    at_list = [offer.plan.price * (blocks * count) for offer, blocks in chosen]
    off = [(offer.plan.price - offer.price) * (blocks * count) for offer, blocks in chosen]
    listed, whole_price = total(at_list, zero.currency), total(at_list, zero.currency) - total(off, zero.currency)
    list_tax, taxed = included_tax(listed, rate).tax, included_tax(whole_price, rate)
    off_taxes = (list_tax - taxed.tax).split([amount.minor for amount in off]) if any(off) else off
    lines: list[Line] = []
    for (offer, blocks), listed_amount, tax, off_amount, off_tax in zip(
        chosen, at_list, list_tax.split([amount.minor for amount in at_list]), off, off_taxes, strict=True
    ):
        code, plan = offer.code, offer.plan
        amount = Taxed(listed_amount, tax)
        lines.append(Line(LineKind.CHARGE, code, blocks, blocks * plan.months, plan.price, count, amount))
        if off_amount:
            less = Taxed(-off_amount, -off_tax)
            lines.append(Line(LineKind.DISCOUNT, code, blocks, 0, offer.price - plan.price, count, less))
        if plan.gift_months:
            gift = Taxed(zero, zero)
            lines.append(Line(LineKind.GIFT, code, blocks, blocks * plan.gift_months, zero, count, gift))
    return Quote(
        lines=tuple(lines),
        shares=even_shares(taxed, vehicles),
        each=total([offer.price * blocks for offer, blocks in chosen], zero.currency),
        total=taxed,
        tax_rate=rate,
        tax_on=tax_on,
        paid_months=sum(offer.plan.months * blocks for offer, blocks in chosen),
        gift_months=sum(offer.plan.gift_months * blocks for offer, blocks in chosen),
    )


def _asked(rules: RenewalRules, months: int) -> int:
    if whole(months, "months", minimum=1) > rules.longest_months:
        raise TermNotOffered(field="months", given=months, maximum=rules.longest_months)
    return months


def quote(
    rules: RenewalRules,
    code: str,
    vehicles: Sequence[str],
    months: int,
    *,
    tax_on: date,
    discount: Discount | None = None,
) -> Quote:
    """The price of ``months`` paid months by the plan ``code`` for each of ``vehicles`` (ids), tax included (REN-02).

    Gift months come on top and cost nothing. ``tax_on`` is the day whose tax rate holds. At one price more months never
    cost less, and two quotes add up to the quote of the sum.

    Raises InvalidMonths, NoVehicles, InvalidVehicle, DuplicateVehicle, NoSuchPlan, TermNotOffered, TaxRateUnknown,
    DiscountOutOfRange and CurrencyMismatch; by rule DiscountNotOffered, PriceBelowFloor and TermBelowMinimum.
    """
    ids, plan = check_vehicles(vehicles), rules.plan(code)
    blocks, rest = divmod(_asked(rules, months), plan.months)
    if rest:
        wanted = Text(f"a multiple of {plan.months} months", f"{plan.months} 个月的整数倍")
        raise TermNotOffered(plan=code, given=months, accepted=wanted)
    offer = _Offer(code, plan, plan.price) if discount is None else _discounted(code, plan, discount)
    if blocks < offer.least:
        raise TermBelowMinimum(plan=code, given=months, minimum=offer.least * plan.months)
    return _priced(rules, [(offer, blocks)], ids, tax_on)


class Reason(Enum):
    """Why a quote is the best one (REN-02)."""

    ONLY_WAY = "only way"
    LOWEST_PRICE = "lowest price"
    MORE_SERVICE = "more service"

    @property
    def text(self) -> Text:
        """The reason for people."""
        return _REASONS[self]


_REASONS = {
    Reason.ONLY_WAY: Text("The only way to buy these months.", "购买这些月份的唯一方式。"),
    Reason.LOWEST_PRICE: Text("The lowest price that covers these months.", "涵盖这些月份的最低价格。"),
    Reason.MORE_SERVICE: Text("The longest service at the lowest price.", "同为最低价格，服务期最长。"),
}


@attrs.frozen
class Alternative:
    """Another way to cover the wish, by one plan alone: dearer by ``dearer``, longer by ``longer`` months (REN-02).

    ``each`` is the price for one vehicle; ``longer`` is negative where the service is shorter.
    """

    plan: str
    paid_months: int
    service_months: int
    each: Money
    dearer: Money
    longer: int


@attrs.frozen
class BestQuote:
    """The best quote for a wish of ``wished`` months of service, with the reason and what it was weighed against."""

    quote: Quote
    wished: int
    reason: Reason
    others: tuple[Alternative, ...]


def best_quote(
    rules: RenewalRules,
    device: str,
    vehicles: Sequence[str],
    months: int,
    *,
    tax_on: date,
    discounts: Mapping[str, Discount] | None = None,
) -> BestQuote:
    """The cheapest way to give each of ``vehicles`` at least ``months`` months of service, gifts included (REN-02).

    Plans for ``device`` may be combined. Of equal prices the longest service wins, then the fewest blocks, then the
    plan first in the alphabet. ``discounts`` are those granted, by code of plan. So whoever pays more, for whatever
    wish, never gets less service. Raises as :func:`quote`.
    """
    ids, wished = check_vehicles(vehicles), _asked(rules, months)
    offers = [_Offer(code, plan, plan.price) for code, plan in sorted(rules.plans.items()) if plan.device == device]
    if not offers:
        words = " | ".join(sorted({plan.device for plan in rules.plans.values()}))
        raise NoSuchPlan(field="device", given=device, accepted=Text(words, words))
    for code, discount in sorted((discounts or {}).items()):
        plan = rules.plan(code)
        if plan.device != device:
            raise NoSuchPlan(plan=code, field="device", given=device, expected=plan.device)
        offer = _discounted(code, plan, discount)
        if offer not in offers:
            offers.append(offer)
    chosen = _cheapest(offers, wished)
    best = _priced(rules, chosen, ids, tax_on)
    others = []
    for offer in offers:
        blocks = max(offer.least, -(-wished // offer.service))
        if chosen == [(offer, blocks)]:
            continue
        paid, served, each = blocks * offer.plan.months, blocks * offer.service, offer.price * blocks
        longer = served - best.service_months
        others.append(Alternative(offer.code, paid, served, each, each - best.each, longer))
    reason = Reason.LOWEST_PRICE if others else Reason.ONLY_WAY
    if any(not other.dearer and other.longer < 0 for other in others):
        reason = Reason.MORE_SERVICE
    return BestQuote(best, wished, reason, tuple(others))


def _cheapest(offers: Sequence[_Offer], wished: int) -> list[tuple[_Offer, int]]:
    """Blocks of each offer that cover ``wished`` months: least price, most service, fewest blocks, first offers."""
    # Any count from `least` on is a sum of counts below 2 · least, so these moves reach every purchase.
    moves = [(offer, i, n) for i, offer in enumerate(offers) for n in range(offer.least, 2 * offer.least)]
    best: list[tuple[tuple[int, int, int], tuple[int, ...]]] = [((0, 0, 0), (0,) * len(offers))]
    for left in range(1, wished + 1):
        found = []
        for offer, i, n in moves:
            (price, less_service, blocks), counts = best[max(0, left - n * offer.service)]
            key = (price + n * offer.price.minor, less_service - n * offer.service, blocks + n)
            more = (*counts[:i], counts[i] + n, *counts[i + 1 :])
            found.append((key, tuple(-count for count in more), more))
        key, _, counts = min(found)
        best.append((key, counts))
    return [(offer, n) for offer, n in zip(offers, best[wished][1], strict=True) if n]
