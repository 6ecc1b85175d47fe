"""Quantities, lots, reservations and requests, and by which rules lots are drawn.

A quantity is an exact integer in the product's smallest unit; :class:`Measure` turns ``Decimal("1.5")`` boxes into it.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Final

import attrs

from csdomain.inventory.rules import ALLOCATION, LOTS, RESERVATIONS
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, aware
from csdomain.kernel.store.kinds import TEXT_LONGEST, storable
from csdomain.kernel.values.money import Money

#: Every database holds it.
LARGEST: Final = 2**63 - 1
_MOST_DIGITS: Final = 40
_PLAIN: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class InvalidQuantity(InvalidValue):
    """Not a quantity of goods (INV-04); raised as one of its subclasses."""

    default_rule = LOTS


class InexactQuantity(InvalidQuantity):
    """A float, a bool, NaN, an infinity, or no number at all (INV-04)."""

    problem = Text("A quantity must be an exact number.", "数量必须是精确的数。")


class QuantityNotPositive(InvalidQuantity):
    """Zero or less, where goods are asked for or given (INV-04)."""

    problem = Text("A quantity must be positive.", "数量必须为正。")


class QuantityTooLarge(InvalidQuantity):
    """Beyond 2**63 - 1 smallest units, which no database would hold (INV-04)."""

    problem = Text("The quantity is too large.", "数量过大。")


class QuantityTooPrecise(InvalidQuantity):
    """Finer than the product's smallest unit (INV-04)."""

    problem = Text("The product is not divided so finely.", "该产品不能分得如此细。")


class InvalidLot(InvalidValue):
    """A lot that cannot be: no id, a negative cost, an expiry that is no date (INV-04)."""

    default_rule = LOTS
    problem = Text("This is not a valid lot.", "批次无效。")


class DuplicateLot(InvalidLot):
    """Two lots of one stock with the same id (INV-04)."""

    problem = Text("Two lots have the same id.", "两个批次的编号相同。")


class LotFromFuture(InvalidLot):
    """A lot received after the instant of the allocation (INV-05)."""

    default_rule = ALLOCATION
    problem = Text("The lot has not been received yet.", "该批次尚未入库。")


class UnknownLot(InvalidLot):
    """No lot of that id is in this stock or in this allocation (INV-04)."""

    problem = Text("There is no such lot here.", "此处没有该批次。")


class InvalidReservation(InvalidValue):
    """A reservation that cannot be, or two with one id (INV-15)."""

    default_rule = RESERVATIONS
    problem = Text("This is not a valid reservation.", "预留无效。")


class InvalidRequest(InvalidValue):
    """A request for goods that names no product, or no owner where one is given (INV-05)."""

    default_rule = ALLOCATION
    problem = Text("This is not a valid request.", "请求无效。")


class ReturnTooLarge(InvalidQuantity):
    """More would come back than was taken (INV-05)."""

    default_rule = ALLOCATION
    problem = Text("More would come back than was taken.", "退回数量超过领用数量。")


def whole(value: object, name: str = "quantity", *, minimum: int = 1) -> int:
    """``value`` if it is a quantity in smallest units, from ``minimum`` up to :data:`LARGEST`.

    Raises :class:`InexactQuantity`, :class:`QuantityNotPositive` or :class:`QuantityTooLarge`. [INV-04]
    """
    if type(value) is not int:
        raise InexactQuantity(field=name, given=type(value).__name__, accepted=Text("int", "int"))
    if value < minimum:
        raise QuantityNotPositive(field=name, given=value, minimum=minimum)
    if value > LARGEST:
        raise QuantityTooLarge(field=name, maximum=LARGEST)
    return value


def exact_number(value: object, name: str) -> Fraction:
    """``value``, an int, Decimal, Fraction or plain decimal text, as an exact fraction of bounded size.

    Raises :class:`InexactQuantity`, :class:`QuantityTooLarge` or :class:`QuantityTooPrecise`. [INV-04]
    """
    if isinstance(value, str):
        value = Decimal(value) if len(value) <= _MOST_DIGITS and _PLAIN.fullmatch(value) else Decimal("NaN")
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
        accepted = Text("int, Decimal or Fraction", "int、Decimal 或 Fraction")
        raise InexactQuantity(field=name, given=type(value).__name__, accepted=accepted)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InexactQuantity(field=name, given=str(value), accepted=Text("a finite number", "有限的数"))
        # Before the fraction is made: that of 1E+999999999 would not fit into memory, nor that of 1E-999999999.
        if value and value.adjusted() > _MOST_DIGITS:
            raise QuantityTooLarge(field=name, maximum=LARGEST)
        exponent = value.as_tuple().exponent
        if value and isinstance(exponent, int) and exponent < -_MOST_DIGITS:
            raise QuantityTooPrecise(field=name, maximum=_MOST_DIGITS)
        value = value or 0
    number = Fraction(value)
    if abs(number) > LARGEST:
        raise QuantityTooLarge(field=name, maximum=LARGEST)
    return number


def _text(error: type[InvalidValue], name: str, value: object) -> None:
    if not isinstance(value, str) or not value or not storable(value, TEXT_LONGEST):
        limit = Text(f"a text of 1 to {TEXT_LONGEST} characters", f"1 到 {TEXT_LONGEST} 个字的文本")
        raise error(field=name, given=type(value).__name__, accepted=limit)


def _named(error: type[InvalidValue]) -> Callable[[object, "attrs.Attribute[str]", str], None]:
    def check(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
        _text(error, attribute.name, value)

    return check


def _named_or_none(error: type[InvalidValue]) -> Callable[[object, "attrs.Attribute[str | None]", str | None], None]:
    def check(_: object, attribute: "attrs.Attribute[str | None]", value: str | None) -> None:
        if value is not None:
            _text(error, attribute.name, value)

    return check


def _positive(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    whole(value, attribute.name)


def is_date(value: object) -> bool:
    """Whether ``value`` is a date of the calendar and not an instant."""
    return isinstance(value, date) and not isinstance(value, datetime)


@attrs.frozen
class Measure:
    """How a product is counted: ``unit`` is what people say, made up of ``smallest`` indivisible parts.

    >>> box = Measure("box", 30)
    >>> box.quantity(Decimal("1.5"))
    45
    >>> box.units(45)
    Fraction(3, 2)

    Raises :class:`InvalidQuantity`. [INV-04]
    """

    unit: str = attrs.field(validator=_named(InvalidLot))
    smallest: int = attrs.field(default=1, validator=_positive)

    def quantity(self, units: int | Decimal | Fraction | str) -> int:
        """``units`` (boxes, say) in smallest units, exactly and never rounded.

        Raises :class:`InexactQuantity`, :class:`QuantityNotPositive`, :class:`QuantityTooLarge`, or
        :class:`QuantityTooPrecise` where the smallest unit would have to be divided. [INV-04]
        """
        number = exact_number(units, "quantity") * self.smallest
        if number.denominator != 1:
            smallest = Fraction(1, self.smallest)
            raise QuantityTooPrecise(
                given=str(units),
                accepted=Text(f"a multiple of {smallest} {self.unit}", f"{smallest} {self.unit} 的整数倍"),
            )
        return whole(number.numerator)

    def units(self, quantity: int) -> Fraction:
        """``quantity`` smallest units in units, exactly."""
        return Fraction(whole(quantity, minimum=0), self.smallest)


def _utc(at: datetime) -> datetime:
    # One zone for all: instants of one zone compare several times as fast as those of two.
    return aware(at, "received").astimezone(UTC)


def _ends(at: datetime) -> datetime:
    return aware(at, "expires")


def _asked(_: object, attribute: "attrs.Attribute[bool]", value: bool) -> None:
    if type(value) is not bool:
        raise InvalidRequest(field=attribute.name, given=type(value).__name__, accepted=Text("a bool", "bool"))


@attrs.frozen(kw_only=True)
class Lot:
    """What one receipt brought, as much of it as is left (INV-04).

    ``received`` is an aware instant, kept in UTC. ``quantity`` is what is left, in smallest units; ``cost`` is the cost
    of all of that, so that a unit may cost a third of a fen and the whole is still exact. ``expires`` is a date of the
    warehouse's calendar or None. ``zone`` and ``place`` say where it lies.

    Raises :class:`InvalidLot`, :class:`InvalidQuantity`, :class:`csdomain.kernel.rules.errors.NaiveTime`.
    """

    id: str
    product: str
    received: datetime = attrs.field(converter=_utc)
    quantity: int
    cost: Money
    expires: date | None = None
    quarantined: bool = False
    batch: str = ""
    zone: str = ""
    place: str = ""

    def __attrs_post_init__(self) -> None:
        # In one place and not field by field: lots are loaded by the hundred thousand.
        _text(InvalidLot, "id", self.id)
        _text(InvalidLot, "product", self.product)
        whole(self.quantity, minimum=0)
        cost = self.cost
        if not isinstance(cost, Money) or cost.minor < 0 or (cost.minor and not self.quantity):
            accepted = Text("an amount ≥ 0, and 0 for an empty lot", "≥ 0 的金额，空批次为 0")
            given = cost if isinstance(cost, Money) else type(cost).__name__
            raise InvalidLot(field="cost", given=given, accepted=accepted)
        if self.expires is not None and not is_date(self.expires):
            accepted = Text("a date or None", "日期或 None")
            raise InvalidLot(field="expires", given=type(self.expires).__name__, accepted=accepted)
        if type(self.quarantined) is not bool:
            raise InvalidLot(field="quarantined", given=type(self.quarantined).__name__, accepted=Text("bool", "bool"))

    def left_after(self, taken: int, cost: Money) -> "Lot":
        """The lot with ``taken`` units and their ``cost`` gone; both may be negative where goods come back."""
        return attrs.evolve(self, quantity=self.quantity - taken, cost=self.cost - cost)


@attrs.frozen(kw_only=True)
class Reservation:
    """``quantity`` smallest units of a product, or of its ``lot``, held for ``owner`` until the instant ``expires``.

    At that instant it no longer holds. Raises :class:`InvalidReservation`, :class:`InvalidQuantity`,
    :class:`csdomain.kernel.rules.errors.NaiveTime`. [INV-15]
    """

    id: str = attrs.field(validator=_named(InvalidReservation))
    owner: str = attrs.field(validator=_named(InvalidReservation))
    product: str = attrs.field(validator=_named(InvalidReservation))
    quantity: int = attrs.field(validator=_positive)
    expires: datetime = attrs.field(converter=_ends)
    lot: str | None = attrs.field(default=None, validator=_named_or_none(InvalidReservation))

    def holds(self, at: datetime) -> bool:
        """Whether it still holds at the aware instant ``at``."""
        return at < self.expires


@attrs.frozen
class Request:
    """``quantity`` smallest units of ``product`` for ``owner``, who alone draws on their own reservations.

    ``all_or_nothing`` takes the whole quantity or none of it; otherwise as much as there is. ``lot`` asks for goods of
    that lot alone. Raises :class:`InvalidRequest`, :class:`InvalidQuantity`. [INV-05]
    """

    product: str = attrs.field(validator=_named(InvalidRequest))
    quantity: int = attrs.field(validator=_positive)
    owner: str | None = attrs.field(default=None, validator=_named_or_none(InvalidRequest))
    all_or_nothing: bool = attrs.field(default=True, kw_only=True, validator=_asked)
    lot: str | None = attrs.field(default=None, kw_only=True, validator=_named_or_none(InvalidRequest))


@attrs.frozen
class Line:
    """Goods taken from one lot: ``quantity`` smallest units, which cost ``cost`` in all."""

    lot: Lot
    quantity: int
    cost: Money


@attrs.frozen
class Drawn:
    """How much of a reservation its owner has drawn, in smallest units (INV-15)."""

    reservation: str
    quantity: int


class Why(Enum):
    """Why a lot gave nothing to a request (INV-05)."""

    EMPTY = "empty"
    QUARANTINED = "quarantined"
    EXPIRED = "expired"
    NOT_ASKED = "not asked for"
    RESERVED = "reserved"
    TOO_LITTLE = "too little in all"
    NOT_NEEDED = "not needed"

    @property
    def text(self) -> Text:
        return _WHY[self]


_WHY: Final = {
    Why.EMPTY: Text("Nothing is left of this lot.", "该批次已无存货。"),
    Why.QUARANTINED: Text("The lot is quarantined.", "该批次已隔离。"),
    Why.EXPIRED: Text("The lot has expired.", "该批次已过期。"),
    Why.NOT_ASKED: Text("Another lot was asked for by its id.", "请求指定了其他批次。"),
    Why.RESERVED: Text("What is left is reserved for others.", "余量已为他人预留。"),
    Why.TOO_LITTLE: Text("There was too little in all, so nothing was taken.", "总量不足，因此未领取。"),
    Why.NOT_NEEDED: Text("Lots before it were enough.", "前面的批次已足够。"),
}


@attrs.frozen
class Passed:
    """A lot that gave nothing to a request, and why."""

    lot: Lot
    why: Why


class Strategy(Enum):
    """The order in which lots are drawn: by receipt, or by expiry and then receipt; at last by the lot's id."""

    FIFO = "fifo"
    FEFO = "fefo"


def _days(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if type(value) is not int or value < 0:
        raise InvalidQuantity(field=attribute.name, given=value, accepted=Text("an integer ≥ 0", "≥ 0 的整数"))


@attrs.frozen(kw_only=True)
class InventoryRules:
    """House rules of the stock.

    ``strategy`` is the order of drawing. ``usable_on_expiry_date`` says whether goods may still be given on the date
    they expire. ``refill_reminder_days`` before goods run out their owner is reminded (ORD-02).
    """

    strategy: Strategy
    usable_on_expiry_date: bool
    refill_reminder_days: int = attrs.field(validator=_days)
