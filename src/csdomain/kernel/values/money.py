"""Exact money (KRN-02): an integer number of minor units and a currency. No binary float is ever taken."""

import re
from collections.abc import Sequence
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

import attrs

from csdomain.kernel.rules import MONEY, Text
from csdomain.kernel.rules.errors import Figure, InvalidValue

#: ISO 4217 currencies in use.
CURRENCIES: Final = frozenset(
    (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP "
        "CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
        "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
        "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR "
        "RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD "
        "TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
    ).split()
)
_NO_MINOR: Final = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
_THREE: Final = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
_PLAIN: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
#: Every database holds it, and every sum of a reasonable number of amounts.
LARGEST: Final = 2**63 - 1
#: A case comes to no more than this, so that a million cases have a sum that every database holds.
MOST_OF_A_CASE: Final = LARGEST // 10**6
#: A decimal with more places than this before or after the point is refused, not worked out.
_PLACES: Final = 1000
#: The context of the host's thread may round; this one has room for every amount.
_EXACTLY: Final = Context(prec=40)

Factor = int | Decimal | Fraction


class InexactMoney(InvalidValue):
    """An amount that is not exact: a float, NaN, an infinity, or finer than the currency's minor unit (KRN-02)."""

    default_rule = MONEY
    problem = Text("An amount must be exact.", "金额必须精确。")


class UnknownCurrency(InvalidValue):
    """Not an ISO 4217 code in use (KRN-02)."""

    default_rule = MONEY
    problem = Text("There is no such currency.", "没有这种货币。")


class CurrencyMismatch(InvalidValue):
    """Two currencies met in one sum or comparison (KRN-02)."""

    default_rule = MONEY
    problem = Text("Two currencies cannot be added or compared.", "两种货币不能相加或比较。")


class AmountTooLarge(InvalidValue):
    """Beyond 2**63 - 1 minor units, or a millionth of that for a case: no database would hold it, or a sum (KRN-02)."""

    default_rule = MONEY
    problem = Text("The amount is too large.", "金额过大。")


def exponent(currency: str) -> int:
    """Digits of the currency's minor unit: 2 for CNY, 0 for JPY, 3 for KWD. Raises :class:`UnknownCurrency`."""
    if not isinstance(currency, str) or currency not in CURRENCIES:
        raise UnknownCurrency(given=currency, accepted=Text("an ISO 4217 code such as CNY", "ISO 4217 代码，如 CNY"))
    return 0 if currency in _NO_MINOR else 3 if currency in _THREE else 2


def half_up(value: Fraction) -> int:
    """To the nearest integer, a half away from zero."""
    doubled = 2 * abs(value.numerator) + value.denominator
    rounded = doubled // (2 * value.denominator)
    return rounded if value >= 0 else -rounded


def exact(value: object, name: str = "factor") -> Fraction:
    """``value`` as an exact fraction.

    Raises :class:`InexactMoney` for a float, a bool, NaN, an infinity, or a decimal of more than 1000 places.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
        raise InexactMoney(
            field=name,
            given=type(value).__name__,
            accepted=Text("int, Decimal or Fraction", "int、Decimal 或 Fraction"),
        )
    if isinstance(value, Decimal):
        places = value.as_tuple().exponent
        if not isinstance(places, int):
            raise InexactMoney(field=name, given=str(value), accepted=Text("a finite number", "有限的数"))
        if value.adjusted() > _PLACES or places < -_PLACES:
            limit = Text(f"at most {_PLACES} places", f"至多 {_PLACES} 位")
            raise InexactMoney(field=name, given=f"{value:.3e}", accepted=limit)
    return Fraction(value)


@attrs.frozen(order=False, repr=False)
class Money(Figure):
    """An exact amount: ``minor`` units (fen, cents) of ``currency`` (ISO 4217).

    >>> Money.of("1000", "CNY") + Money.of("0.05", "CNY")
    Money('1000.05 CNY')
    >>> print(*Money.of("100", "CNY").split([1, 1, 1]), sep=", ")
    33.34 CNY, 33.33 CNY, 33.33 CNY

    Raises :class:`InexactMoney`, :class:`UnknownCurrency`, :class:`AmountTooLarge`. [KRN-02]
    """

    minor: int
    currency: str

    def __attrs_post_init__(self) -> None:
        if type(self.minor) is not int:
            raise InexactMoney(field="minor", given=type(self.minor).__name__, accepted=Text("int", "int"))
        exponent(self.currency)
        if not -LARGEST <= self.minor <= LARGEST:
            raise AmountTooLarge(given=self.minor, maximum=LARGEST)

    @classmethod
    def of(cls, amount: int | Decimal | str, currency: str) -> "Money":
        """``amount`` in major units (yuan), exactly: never rounded, so "0.005" CNY is refused."""
        digits = exponent(currency)
        if isinstance(amount, str):
            try:
                amount = Decimal(amount) if _PLAIN.fullmatch(amount) else Decimal("NaN")
            except InvalidOperation:  # pragma: no cover - the pattern admits only what Decimal takes
                amount = Decimal("NaN")
        scaled = exact(amount, "amount") * 10**digits
        if scaled.denominator != 1:
            raise InexactMoney(
                field="amount",
                given=str(amount),
                accepted=Text(f"at most {digits} decimals for {currency}", f"{currency} 至多 {digits} 位小数"),
            )
        return cls(scaled.numerator, currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing of a currency. Raises :class:`UnknownCurrency`."""
        return cls(0, currency)

    @classmethod
    def rounded(cls, amount: Factor, currency: str) -> "Money":
        """``amount`` in major units, rounded half-up to the minor unit; only where a rule says so."""
        return cls(half_up(exact(amount, "amount") * 10 ** exponent(currency)), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.minor).scaleb(-exponent(self.currency), _EXACTLY)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(expected=self.currency, given=other.currency)
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> "Money":
        if isinstance(count, bool) or not isinstance(count, int):
            return NotImplemented
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def times(self, factor: Factor) -> "Money":
        """The amount times an exact factor (a rate, a share), rounded half-up to the minor unit."""
        return Money(half_up(self.minor * exact(factor)), self.currency)

    def split(self, weights: Sequence[Factor]) -> tuple["Money", ...]:
        """Shares in proportion to ``weights``, adding up to the amount exactly: largest remainder, ties to the earlier.

        Raises :class:`InexactMoney` where a weight is negative or their sum is not positive.
        """
        exactly = [exact(weight, "weight") for weight in weights]
        total = sum(exactly, Fraction(0))
        if total <= 0 or any(weight < 0 for weight in exactly):
            raise InexactMoney(
                field="weights", given=len(exactly), accepted=Text("weights ≥ 0, sum > 0", "权重 ≥ 0，和 > 0")
            )
        sign, whole = (-1, -self.minor) if self.minor < 0 else (1, self.minor)
        quotas = [whole * weight / total for weight in exactly]
        shares = [quota.numerator // quota.denominator for quota in quotas]
        for i in sorted(range(len(quotas)), key=lambda i: (shares[i] - quotas[i], i))[: whole - sum(shares)]:
            shares[i] += 1
        return tuple(Money(sign * share, self.currency) for share in shares)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other) if isinstance(other, Money) else NotImplemented

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other) if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other) if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other) if isinstance(other, Money) else NotImplemented

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def __repr__(self) -> str:
        return f"Money({str(self)!r})"


def of_a_case(minor: int | None, field: str) -> int | None:
    """``minor`` units if one case may come to so many; figures over a million cases can be summed then.

    Raises :class:`AmountTooLarge`. [KRN-02]
    """
    if minor is not None and abs(minor) > MOST_OF_A_CASE:
        raise AmountTooLarge(field=field, given=minor, maximum=MOST_OF_A_CASE)
    return minor


def total(amounts: Sequence[Money], currency: str) -> Money:
    """The sum of ``amounts``, all in ``currency``; zero of it where there are none."""
    sum_ = Money.zero(currency)
    for amount in amounts:
        if amount.minor or amount.currency != currency:
            sum_ = sum_ + amount
    return sum_


def in_currency(amount: Money, currency: str, field: str) -> None:
    """Raises CurrencyMismatch unless ``amount`` is in the house's currency, AmountTooLarge beyond that of a case."""
    if amount.currency != currency:
        raise CurrencyMismatch(field=field, given=amount.currency, expected=currency)
    of_a_case(amount.minor, field)
