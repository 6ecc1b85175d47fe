"""How long goods last at a daily dose, and when they must be ordered again (ORD-02)."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import attrs

from csdomain.inventory.rules import CONSUMPTION
from csdomain.inventory.values import InvalidQuantity, InventoryRules, Measure, exact_number, is_date, whole
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue


class InvalidConsumption(InvalidValue):
    """A dose or a content of zero or less, a day of arrival that is no date, or an order without goods (ORD-02)."""

    default_rule = CONSUMPTION
    problem = Text("The consumption cannot be worked out.", "无法计算用量周期。")


class DateTooLate(InvalidValue):
    """The goods would last beyond the year 9999 (ORD-02)."""

    default_rule = CONSUMPTION
    problem = Text("The goods would outlast the calendar.", "可用日期超出日历范围。")


def _positive(value: object, name: str) -> Fraction:
    try:
        number = exact_number(value, name)
    except InvalidQuantity as error:
        raise InvalidConsumption(field=name, reason=error.code, accepted=error.accepted) from error
    if number <= 0:
        raise InvalidConsumption(field=name, given=str(number), accepted=Text("more than 0", "大于 0"))
    return number


def _content(value: int | Decimal | Fraction | str) -> Fraction:
    return _positive(value, "content_per_unit")


def _dose(value: int | Decimal | Fraction | str) -> Fraction:
    return _positive(value, "daily_dose")


@attrs.frozen(kw_only=True)
class Consumption:
    """``quantity`` smallest units of ``product``, used at ``daily_dose`` from the date they reached the customer.

    ``content_per_unit`` and ``daily_dose`` are in the same unit of content (capsules, ml) and exact; one unit of
    ``measure`` (a box) holds the content. ``reached_on`` is a date of the customer's calendar and the first day of use.

    >>> Consumption(
    ...     product="prd_d3", quantity=2, measure=Measure("box"), content_per_unit=60, daily_dose=3,
    ...     reached_on=date(2026, 1, 1),
    ... ).runs_out_on
    datetime.date(2026, 2, 10)

    Raises :class:`InvalidConsumption`, :class:`csdomain.inventory.values.InvalidQuantity`. [ORD-02]
    """

    product: str
    quantity: int = attrs.field()
    measure: Measure
    content_per_unit: Fraction = attrs.field(converter=_content)
    daily_dose: Fraction = attrs.field(converter=_dose)
    reached_on: date = attrs.field()

    @quantity.validator
    def _check_quantity(self, attribute: "attrs.Attribute[int]", value: int) -> None:
        whole(value, attribute.name)

    @reached_on.validator
    def _check_day(self, attribute: "attrs.Attribute[date]", value: date) -> None:
        if not is_date(value):
            raise InvalidConsumption(field=attribute.name, given=type(value).__name__, accepted=Text("a date", "日期"))

    @property
    def content(self) -> Fraction:
        """The content of all of it."""
        return self.measure.units(self.quantity) * self.content_per_unit

    @property
    def days(self) -> Fraction:
        """How many days it lasts, exactly."""
        return self.content / self.daily_dose

    @property
    def runs_out_on(self) -> date:
        """The first date on which a whole daily dose is no longer there. Raises :class:`DateTooLate`."""
        try:
            return self.reached_on + timedelta(days=self.days.numerator // self.days.denominator)
        except OverflowError:
            raise DateTooLate(product=self.product, days=str(self.days), maximum=date.max) from None

    @property
    def arithmetic(self) -> Text:
        """The sum as people write it."""
        units = self.measure.units(self.quantity)
        sum_ = f"× {_plain(self.content_per_unit)} ÷ {_plain(self.daily_dose)} ="
        return Text(
            f"{_plain(units)} {self.measure.unit} {sum_} {_plain(self.days)} days",
            f"{_plain(units)} {self.measure.unit} {sum_} {_plain(self.days)} 天",
        )


def _plain(number: Fraction) -> str:
    """As a decimal where that is exact and short, as a fraction otherwise."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1 or number.denominator.bit_length() > 16:
        return str(number)
    return f"{Decimal(number.numerator) / Decimal(number.denominator):f}"


@attrs.frozen
class Refill:
    """When an order must be repeated: ``on`` is the earliest of its lines' dates, ``first`` the line that sets it.

    ``remind_on`` lies the house's days before, yet never before the goods arrived.
    """

    on: date
    remind_on: date
    first: Consumption
    lines: tuple[Consumption, ...]


def refill(lines: Iterable[Consumption], rules: InventoryRules) -> Refill:
    """The refill date of an order and the date of its reminder. Of lines alike the earlier sets it.

    Raises :class:`InvalidConsumption` where there is no line, :class:`DateTooLate`. [ORD-02]
    """
    rows = tuple(lines)
    if not rows:
        raise InvalidConsumption(field="lines", given=0, minimum=1)
    first = min(rows, key=lambda line: line.runs_out_on)
    on = first.runs_out_on
    remind_on = date.fromordinal(max(first.reached_on.toordinal(), on.toordinal() - rules.refill_reminder_days))
    return Refill(on, remind_on, first, rows)
