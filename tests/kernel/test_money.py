"""Money is exact and in one currency; shares add up to the amount (KRN-02)."""

import math
import operator
import pickle
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from csdomain.kernel.rules import MONEY
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.money import (
    CURRENCIES,
    LARGEST,
    AmountTooLarge,
    CurrencyMismatch,
    InexactMoney,
    Money,
    UnknownCurrency,
    exponent,
    half_up,
    total,
)

pytestmark = pytest.mark.rule(MONEY)

WIDE = Context(prec=200)
currencies = st.sampled_from(["CNY", "JPY", "KWD", "USD"])
minors = st.integers(-LARGEST, LARGEST) | st.integers(-2000, 2000)
amounts = st.builds(Money, minors, currencies)
fractions = st.fractions() | st.integers(-(10**6), 10**6).map(lambda n: Fraction(n, 2))
weights = st.integers(0, 50) | st.fractions(0, 9, max_denominator=12) | st.decimals(0, 9, places=2)
some_weights = st.lists(weights, min_size=1, max_size=12).filter(any)
NOT_EXACT = [1.0, 0.1, math.nan, math.inf, True, None, b"1", 1j, [1], object()]


# --- what is taken in -------------------------------------------------------------------------------------------------


@given(st.floats() | st.booleans() | st.none() | st.binary() | st.complex_numbers() | st.lists(st.integers()))
def test_nothing_but_exact_numbers_becomes_money(amount: object) -> None:
    takes: list[Callable[[], object]] = [
        lambda: Money(amount, "CNY"),  # type: ignore[arg-type]
        lambda: Money.of(amount, "CNY"),  # type: ignore[arg-type]
        lambda: Money.rounded(amount, "CNY"),  # type: ignore[arg-type]
        lambda: Money(1, "CNY").times(amount),  # type: ignore[arg-type]
        lambda: Money(1, "CNY").split([1, amount]),  # type: ignore[list-item]
    ]
    for take in takes:
        with pytest.raises(InexactMoney):
            take()


@pytest.mark.parametrize("text", ["", " ", "1 ", " 1", "1.", ".5", "1e3", "1,000", "1_000", "NaN", "Infinity", "-inf"])
@pytest.mark.parametrize("sign", ["", "-", "+", "--"])
def test_text_that_is_no_plain_number_is_refused(text: str, sign: str) -> None:
    with pytest.raises(InexactMoney):
        Money.of(sign + text, "CNY")


@given(st.text(alphabet="0123456789.+-eE_ ,١٢３", max_size=8))
def test_a_text_is_taken_only_where_it_says_a_number_in_plain_digits(text: str) -> None:
    digits = text[1:] if text[:1] in ("+", "-") else text
    whole, point, rest = digits.partition(".")
    plain = all(c in "0123456789" for c in whole + rest) and bool(whole) and (bool(rest) or not point)
    if plain and not rest[2:].strip("0"):
        assert Money.of(text, "CNY").minor == Fraction(Decimal(text)) * 100
    else:
        with pytest.raises(InexactMoney):
            Money.of(text, "CNY")


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_decimals_that_are_no_number_are_refused(amount: Decimal) -> None:
    takes: tuple[Callable[[], object], ...] = (
        lambda: Money.of(amount, "CNY"),
        lambda: Money(5, "CNY").times(amount),
    )
    for take in takes:
        with pytest.raises(InexactMoney):
            take()


@given(currencies, st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_an_amount_is_taken_exactly_or_not_at_all(currency: str, digits: int, places: int) -> None:
    amount = Decimal(digits).scaleb(-places, WIDE)
    minor = Fraction(digits, 10**places) * 10 ** exponent(currency)
    for given_ in (amount, f"{amount:f}"):
        if minor.denominator == 1:
            assert Money.of(given_, currency).minor == minor
        else:
            with pytest.raises(InexactMoney) as refused:
                Money.of(given_, currency)
            assert refused.value.accepted is not None


@pytest.mark.parametrize("currency", ["", "cny", "CNY ", "XXX", "人民币", "DEM", None, 1, ["CNY"], {"CNY": 1}])
def test_only_currencies_in_use_are_known(currency: object) -> None:
    for take in (Money, Money.of, Money.rounded):
        with pytest.raises(UnknownCurrency):
            take(1, currency)  # type: ignore[arg-type]


def test_minor_units_are_those_of_the_standard() -> None:
    assert {currency: exponent(currency) for currency in ("CNY", "JPY", "KRW", "KWD", "BHD", "USD")} == {
        "CNY": 2, "JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "USD": 2,
    }  # fmt: skip
    assert all(len(c) == 3 and c.isupper() for c in CURRENCIES)


@pytest.mark.parametrize("sign", [1, -1])
def test_amounts_stay_within_what_every_database_holds(sign: int) -> None:
    assert Money(sign * (2**63 - 1), "CNY").minor == sign * (2**63 - 1)
    largest = Money(sign * (2**63 - 1), "CNY")
    takes: tuple[Callable[[], object], ...] = (
        lambda: Money(sign * 2**63, "CNY"),
        lambda: largest + Money(sign, "CNY"),
        lambda: largest - Money(-sign, "CNY"),
        lambda: largest * 2,
        lambda: largest.times(Fraction(3, 2)),
        lambda: Money.of(Decimal("1E+17") * sign, "CNY"),
        lambda: Money(sign * 10**5000, "CNY"),
    )
    for take in takes:
        with pytest.raises(AmountTooLarge) as refused:
            take()
        assert str(LARGEST) in str(refused.value)


@pytest.mark.parametrize("amount", [Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("-1E+99999999")])
def test_an_absurd_exponent_is_refused_and_not_worked_out(amount: Decimal) -> None:
    takes: tuple[Callable[[], object], ...] = (
        lambda: Money.of(amount, "CNY"),
        lambda: Money(1, "CNY").times(amount),
    )
    for take in takes:
        with pytest.raises(InvalidValue):
            take()


# --- sums and comparisons ---------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-(10**15), 10**15), max_size=8), currencies)
def test_sums_are_those_of_the_minor_units(minors: list[int], currency: str) -> None:
    money = [Money(minor, currency) for minor in minors]
    assert total(money, currency) == Money(sum(minors), currency)
    for one in money:
        assert one - one == Money.zero(currency) == one + -one
        assert (one * 3) == (3 * one) == one + one + one
        assert bool(one) is (one.minor != 0)


@given(amounts, amounts)
def test_comparing_orders_by_amount_and_refuses_two_currencies(a: Money, b: Money) -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        if a.currency == b.currency:
            assert compare(a, b) is compare(a.amount, b.amount)
        else:
            with pytest.raises(CurrencyMismatch):
                compare(a, b)
    assert (a == b) is ((a.minor, a.currency) == (b.minor, b.currency))
    if a == b:
        assert hash(a) == hash(b)


@given(amounts, currencies)
def test_two_currencies_are_never_added(a: Money, other: str) -> None:
    assume(other != a.currency)
    acts: tuple[Callable[[], object], ...] = (
        lambda: a + Money.zero(other),
        lambda: a - Money.zero(other),
        lambda: total([a], other),
        lambda: max(a, Money.zero(other)),
    )
    for act in acts:
        with pytest.raises(CurrencyMismatch):
            act()


@pytest.mark.parametrize("number", [1.5, 1, True, Decimal("1"), "1", None])
def test_money_and_a_mere_number_do_not_mix(number: Any) -> None:
    one = Money(1, "CNY")
    for act in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            act(one, number)
    for factor in (1.5, True, Decimal("1.5"), one):
        with pytest.raises(TypeError):
            one * factor  # type: ignore[operator]
    assert one != number


# --- rounding ---------------------------------------------------------------------------------------------------------


@given(st.decimals(-(10**9), 10**9, places=6), currencies)
@example(Decimal("0.005"), "CNY")
@example(Decimal("-0.005"), "CNY")
@example(Decimal("-2.5"), "JPY")
def test_rounding_is_half_up_as_the_decimal_module_does_it(amount: Decimal, currency: str) -> None:
    quantum = Decimal(1).scaleb(-exponent(currency))
    assert Money.rounded(amount, currency).amount == amount.quantize(quantum, ROUND_HALF_UP, WIDE)


@given(fractions)
def test_half_up_is_nearest_with_halves_away_from_zero(value: Fraction) -> None:
    rounded = half_up(value)
    assert type(rounded) is int
    off = abs(rounded - value)
    assert off <= Fraction(1, 2)
    if off == Fraction(1, 2):
        assert abs(rounded) > abs(value)


@given(st.integers(-(10**12), 10**12), st.fractions(-10, 10, max_denominator=1000))
def test_a_rate_is_applied_exactly_and_rounded_once(minor: int, rate: Fraction) -> None:
    found = Money(minor, "CNY").times(rate)
    assert abs(found.minor - minor * rate) <= Fraction(1, 2)
    assert type(found.minor) is int
    assert Money(-minor, "CNY").times(rate) == -found


# --- shares -----------------------------------------------------------------------------------------------------------


def largest_remainder(whole: int, exactly: list[Fraction]) -> list[int]:
    """Hand out what is left after rounding down one by one: to the largest remainder, the earlier of two alike."""
    sign = -1 if whole < 0 else 1
    quotas = [abs(whole) * weight / sum(exactly) for weight in exactly]
    shares = [math.floor(quota) for quota in quotas]
    owed = [quota - share for quota, share in zip(quotas, shares, strict=True)]
    for _ in range(abs(whole) - sum(shares)):
        best = max(owed)
        lucky = owed.index(best)
        shares[lucky] += 1
        owed[lucky] = Fraction(-1)
    return [sign * share for share in shares]


@given(minors, currencies, some_weights)
@example(100, "CNY", [1, 1, 1])
@example(-100, "CNY", [1, 1, 1])
@example(1, "CNY", [0, 1, 1])
@example(5, "JPY", [Decimal("0.1"), Decimal("0.2"), Decimal("0.7")])
def test_shares_add_up_and_follow_the_largest_remainder(minor: int, currency: str, given_: list[Decimal]) -> None:
    whole = Money(minor, currency)
    shares = whole.split(given_)
    exactly = [Fraction(weight) for weight in given_]
    assert total(shares, currency) == whole
    assert [share.minor for share in shares] == largest_remainder(minor, exactly)
    for share, weight in zip(shares, exactly, strict=True):
        assert abs(share.minor - minor * weight / sum(exactly)) < 1
        assert share.minor == 0 if weight == 0 else share.minor * minor >= 0


@given(st.lists(weights, max_size=5), st.integers(0, 4), st.sampled_from([-1, Decimal("-0.01"), Fraction(-1, 3)]))
def test_weights_are_not_negative_and_not_all_nothing(given_: list[Decimal], at: int, bad: Decimal) -> None:
    planted = [*given_[:at], bad, *given_[at:]]
    for refused in (planted, [0] * len(given_)):
        with pytest.raises(InexactMoney):
            Money(100, "CNY").split(refused)


# --- text, pickles ----------------------------------------------------------------------------------------------------


@given(amounts, st.integers(1, 40))
def test_text_and_amount_are_exact_whatever_decimal_context_the_host_has(money: Money, precision: int) -> None:
    with localcontext(Context(prec=precision)):
        text, currency = str(money).split(" ")
        assert Money.of(text, currency) == money
        assert Money.of(money.amount, money.currency) == money
    assert Fraction(money.amount) * 10 ** exponent(currency) == money.minor
    assert len(text.partition(".")[2]) == exponent(currency)
    assert repr(money) == f"Money('{money}')"


@given(amounts)
def test_money_and_its_errors_survive_a_process_boundary(money: Money) -> None:
    assert pickle.loads(pickle.dumps(money)) == money  # noqa: S301
    for bad in (1.5, "x", "0.00005", Decimal("NaN"), 10**40):
        with pytest.raises(InvalidValue) as refused:
            Money.of(bad, money.currency)  # type: ignore[arg-type]
        error = pickle.loads(pickle.dumps(refused.value))  # noqa: S301
        assert type(error) is type(refused.value)
        assert error.as_data() == refused.value.as_data()
