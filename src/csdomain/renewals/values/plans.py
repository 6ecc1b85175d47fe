"""Values of renewals: the house's plans and tax table, the half-open period, and what is refused."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken
from csdomain.kernel.values.money import Money, exact
from csdomain.renewals.rules import EXTENSION, PRICE_PLANS, QUOTE, VEHICLES_CHANGE


class InvalidMonths(InvalidValue):
    """Not a whole number of months, or too few of them (REN-05)."""

    default_rule = EXTENSION
    problem = Text("A period is a whole number of months.", "服务期须为整数个月。")


class NotADate(InvalidValue):
    """A datetime, a text or something else where a local date belongs (REN-05)."""

    default_rule = EXTENSION
    problem = Text("This is not a date.", "这不是日期。")


class PeriodOutOfRange(InvalidValue):
    """A period that ends before it starts, or beyond the year 9999, where dates end (REN-05)."""

    default_rule = EXTENSION
    problem = Text("There is no such period.", "没有这样的服务期。")


class PlanInvalid(InvalidValue):
    """Price plans that contradict themselves (REN-01)."""

    default_rule = PRICE_PLANS
    problem = Text("The price plan is not valid.", "价目方案无效。")


class TaxTableInvalid(InvalidValue):
    """A tax table with a bad rate, or out of order (REN-02)."""

    default_rule = QUOTE
    problem = Text("The tax table is not valid.", "税率表无效。")


class TaxRateUnknown(InvalidValue):
    """The tax table has no rate for that date (REN-02)."""

    default_rule = QUOTE
    problem = Text("The tax table has no rate for this date.", "税率表中没有该日期的税率。")


class NoSuchPlan(InvalidValue):
    """The house has no such plan, or none for that kind of device (REN-01)."""

    default_rule = PRICE_PLANS
    problem = Text("There is no such price plan.", "没有这种价目方案。")


class TermNotOffered(InvalidValue):
    """Not a whole number of the plan's blocks, or longer than the house sells at once (REN-01)."""

    default_rule = PRICE_PLANS
    problem = Text("The plan is not sold for this term.", "该方案不按此期限出售。")


class DiscountOutOfRange(InvalidValue):
    """A discount below nothing or above the whole price (REN-02)."""

    default_rule = QUOTE
    problem = Text("A discount is between nothing and the whole price.", "优惠须介于零与全价之间。")


class InvalidVehicle(InvalidValue):
    """Not the id of a vehicle. What was given is not shown: a plate is personal data (REN-10)."""

    default_rule = VEHICLES_CHANGE
    problem = Text("This is not the id of a vehicle.", "这不是车辆标识。")


class NoVehicles(InvalidValue):
    """A quote or a change for no vehicle at all (REN-02)."""

    default_rule = QUOTE
    problem = Text("At least one vehicle is needed.", "至少需要一辆车。")


class DuplicateVehicle(InvalidValue):
    """The same vehicle twice in one quote or change (REN-10)."""

    default_rule = VEHICLES_CHANGE
    problem = Text("A vehicle is named twice.", "同一车辆重复出现。")


class DiscountNotOffered(RuleBroken):
    """The plan has no discount (REN-01)."""

    default_rule = PRICE_PLANS
    problem = Text("This plan is not discounted.", "该方案不提供优惠。")


class PriceBelowFloor(RuleBroken):
    """A discounted price under the plan's floor (REN-01)."""

    default_rule = PRICE_PLANS
    problem = Text("The price is below the floor of the plan.", "价格低于该方案的底价。")


class TermBelowMinimum(RuleBroken):
    """A discount for a shorter term than the plan discounts (REN-01)."""

    default_rule = PRICE_PLANS
    problem = Text("The term is too short for a discount.", "期限过短，不能享受优惠。")


class StartsFrom(Enum):
    """From where an extension runs when it is paid after the end (REN-05)."""

    OLD_END = "old end"
    DAY_OF_PAYMENT = "day of payment"


def whole(value: object, field: str, *, minimum: int) -> int:
    """``value`` if it is an int, no bool, and not less than ``minimum``. Raises :class:`InvalidMonths` (REN-05)."""
    if type(value) is not int or value < minimum:
        raise InvalidMonths(
            field=field,
            given=value if type(value) is int else type(value).__name__,
            accepted=Text(f"an integer ≥ {minimum}", f"≥ {minimum} 的整数"),
        )
    return value


def day(value: object, field: str) -> date:
    """``value`` if it is a date and no datetime. Raises :class:`NotADate` (REN-05)."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise NotADate(
            field=field, given=type(value).__name__, accepted=Text("a date in the contract's zone", "合同时区内的日期")
        )
    return value


@attrs.frozen
class Period:
    """Days of service, half-open: from ``start`` up to, and without, ``end``; dates of the contract's zone (REN-05).

    Raises :class:`NotADate` and, where it would hold no day, :class:`PeriodOutOfRange`.

    >>> Period(date(2024, 1, 31), date(2024, 2, 29)).days
    29
    """

    start: date
    end: date

    def __attrs_post_init__(self) -> None:
        if not day(self.start, "start") < day(self.end, "end"):
            raise PeriodOutOfRange(given=(self.start, self.end), accepted=Text("start before end", "起始早于结束"))

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day with service, the one people print on a notice."""
        return self.end - timedelta(days=1)

    def __contains__(self, on: date) -> bool:
        return self.start <= on < self.end

    def days_from(self, on: date) -> int:
        """How many of its days are not over when ``on`` begins: all before the start, none from the end on."""
        return min(max((self.end - on).days, 0), self.days)


@attrs.frozen
class DiscountTerms:
    """How far a plan may be discounted (REN-01).

    ``floor`` is the lowest price for one vehicle and one block; a discounted term has at least ``minimum_months`` paid
    months. Raises :class:`PlanInvalid` and :class:`InvalidMonths`.
    """

    floor: Money
    minimum_months: int

    def __attrs_post_init__(self) -> None:
        whole(self.minimum_months, "minimum_months", minimum=1)
        if self.floor.minor <= 0:
            raise PlanInvalid(field="floor", given=self.floor, accepted=Text("an amount > 0", "大于 0 的金额"))


@attrs.frozen
class Plan:
    """One way to buy service (REN-01): blocks of ``months`` months, each at ``price`` for one vehicle, tax included.

    ``gift_months`` are added to the service with every block and cost nothing. ``device`` says for which devices the
    plan is (the house's word: ``bought``, ``rented``). Without ``discount`` it is never discounted.

    Raises :class:`PlanInvalid`, :class:`InvalidMonths`, and CurrencyMismatch where price and floor differ in currency.
    """

    device: str
    months: int
    price: Money
    gift_months: int = 0
    discount: DiscountTerms | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.device, str) or not self.device:
            raise PlanInvalid(field="device", given=self.device, accepted=Text("the kind of device", "设备种类"))
        whole(self.months, "months", minimum=1)
        whole(self.gift_months, "gift_months", minimum=0)
        if self.price.minor <= 0:
            raise PlanInvalid(field="price", given=self.price, accepted=Text("an amount > 0", "大于 0 的金额"))
        if self.discount is not None and not self.discount.floor <= self.price:
            raise PlanInvalid(field="floor", given=self.discount.floor, maximum=self.price)


@attrs.frozen
class TaxRate:
    """A tax rate in force on every day from ``since``, up to (and without) ``until`` or the next one (REN-02).

    ``rate`` is a share of the net price: 17 % is ``Decimal("0.17")``. Raises :class:`TaxTableInvalid`,
    :class:`NotADate`, and InexactMoney for a rate that is not an exact number.
    """

    since: date
    rate: Decimal
    until: date | None = None

    def __attrs_post_init__(self) -> None:
        day(self.since, "since")
        if self.until is not None and not self.since < day(self.until, "until"):
            raise TaxTableInvalid(
                field="until", given=self.until, accepted=Text("a date after since", "晚于 since 的日期")
            )
        if not 0 <= exact(self.rate, "rate") < 1:
            raise TaxTableInvalid(field="rate", given=self.rate, accepted=Text("0 ≤ rate < 1", "0 ≤ 税率 < 1"))
