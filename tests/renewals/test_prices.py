"""Price plans and quotes (REN-01, REN-02): what a term costs, line by line, and the best way to cover a wish."""

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from csdomain.kernel.rules.errors import InvalidValue, RulebookInvalid, RuleBroken
from csdomain.kernel.values.money import CurrencyMismatch, InexactMoney, Money, total
from csdomain.renewals import (
    POLICIES,
    RENEWAL_RULES,
    AgreedPrice,
    Discount,
    DiscountNotOffered,
    DiscountOutOfRange,
    DiscountTerms,
    DuplicateVehicle,
    InvalidMonths,
    InvalidVehicle,
    LineKind,
    NoSuchPlan,
    NotADate,
    NoVehicles,
    PercentOff,
    Plan,
    PlanInvalid,
    PriceBelowFloor,
    Quote,
    Reason,
    RenewalRules,
    StartsFrom,
    TaxRate,
    TaxRateUnknown,
    TaxTableInvalid,
    TermBelowMinimum,
    TermNotOffered,
    best_quote,
    included_tax,
    quote,
)
from csdomain.renewals.rules import PRICE_PLANS, QUOTE
from csdomain.rulebook.loader import loads
from renewals.house import HOUSE, TODAY, TOML, fleet, yuan

ONE = fleet(1)

# --- strategies: houses of any kind -----------------------------------------------------------------------------------


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    price = draw(st.integers(1, 900)) * draw(st.sampled_from([1, 7, 100]))
    discount = None
    if draw(st.booleans()):
        discount = DiscountTerms(Money(draw(st.integers(1, price)), "CNY"), draw(st.integers(1, 14)))
    return Plan("bought", draw(st.integers(1, 13)), Money(price, "CNY"), draw(st.integers(0, 3)), discount)


@st.composite
def houses(draw: st.DrawFn) -> RenewalRules:
    codes = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    rate = draw(st.decimals(0, Decimal("0.99"), places=3))
    return attrs.evolve(HOUSE, plans={code: draw(plans()) for code in codes}, tax=(TaxRate(date(2000, 1, 1), rate),))


def granted(draw: st.DrawFn, rules: RenewalRules) -> dict[str, Discount]:
    """For some plans, a price between the floor and the list."""
    found: dict[str, Discount] = {}
    for code, plan in rules.plans.items():
        if plan.discount is not None and draw(st.booleans()):
            found[code] = AgreedPrice(Money(draw(st.integers(plan.discount.floor.minor, plan.price.minor)), "CNY"))
    return found


@st.composite
def houses_with_discounts(draw: st.DrawFn) -> tuple[RenewalRules, dict[str, Discount]]:
    rules = draw(houses())
    return rules, granted(draw, rules)


@st.composite
def quotes(draw: st.DrawFn) -> tuple[RenewalRules, str, int, Discount | None, Quote]:
    """A quote by one plan, discounted or not."""
    rules = draw(houses())
    code = draw(st.sampled_from(sorted(rules.plans)))
    discount = granted(draw, rules).get(code)
    plan = rules.plans[code]
    least = 1
    if discount is not None and plan.discount is not None:
        least = (plan.discount.minimum_months + plan.months - 1) // plan.months
    months = plan.months * draw(st.integers(least, least + 6))
    vehicles = fleet(draw(st.integers(1, 12)))
    return rules, code, months, discount, quote(rules, code, vehicles, months, tax_on=TODAY, discount=discount)


# --- the house's own prices -------------------------------------------------------------------------------------------


@pytest.mark.rule(PRICE_PLANS)
@pytest.mark.parametrize(
    ("code", "vehicles", "months", "discount", "gross", "tax", "service"),
    [
        ("monthly", 1, 1, None, "50", "7.26", 1),
        ("monthly", 3, 12, None, "1800", "261.54", 12),
        ("yearly", 1, 12, None, "600", "87.18", 14),
        ("yearly", 10, 24, None, "12000", "1743.59", 28),
        ("rent", 1, 1, None, "70", "10.17", 1),
        ("rent", 2, 6, AgreedPrice(yuan(50)), "600", "87.18", 6),
        ("rent", 2, 6, PercentOff(Decimal("0.2")), "672", "97.64", 6),
        ("rent", 1, 1, PercentOff(Decimal(0)), "70", "10.17", 1),
    ],
)
def test_the_prices_of_the_document(
    code: str, vehicles: int, months: int, discount: Discount | None, gross: str, tax: str, service: int
) -> None:
    made = quote(HOUSE, code, fleet(vehicles), months, tax_on=TODAY, discount=discount)
    assert (made.total.gross, made.total.tax, made.service_months) == (yuan(gross), yuan(tax), service)
    assert made.paid_months == months
    assert (made.tax_rate, made.tax_on) == (Decimal("0.17"), TODAY)


@pytest.mark.rule(PRICE_PLANS)
def test_the_house_is_read_from_its_book() -> None:
    alone = attrs.evolve(RENEWAL_RULES, needs=())
    assert loads(TOML, [alone])[RENEWAL_RULES] == HOUSE
    with pytest.raises(RulebookInvalid, match=r"the section \[payments\] is needed as well @ \$\.renewals"):
        loads(TOML, [RENEWAL_RULES])
    for old, new in (
        ("months = 1", "months = 1.0"),
        ('"50 CNY"', "50"),
        ("0.17", "1.7"),
        ("gift_months = 2", "gifts = 2"),
        ('"old end"', '"never"'),
        ("1994-01-01", '"1994-01-01"'),
        ("grace_days = 30", "grace_days = -1"),
    ):
        with pytest.raises(RulebookInvalid):
            loads(TOML.replace(old, new, 1), [alone])


@pytest.mark.rule(QUOTE)
def test_every_line_names_its_rule_and_shows_its_arithmetic() -> None:
    made = best_quote(HOUSE, "bought", fleet(3), 15, tax_on=TODAY).quote
    assert [(line.kind, line.plan, line.months, line.rule) for line in made.lines] == [
        (LineKind.CHARGE, "monthly", 1, PRICE_PLANS),
        (LineKind.CHARGE, "yearly", 12, PRICE_PLANS),
        (LineKind.GIFT, "yearly", 2, PRICE_PLANS),
    ]
    assert [line.text.en for line in made.lines] == [
        "monthly: 1 months, 1 × 50.00 CNY × 3 = 150.00 CNY",
        "yearly: 12 months, 1 × 600.00 CNY × 3 = 1800.00 CNY",
        "yearly: 2 gift months",
    ]
    assert made.lines[0].text.zh == "monthly：1 个月，1 × 50.00 CNY × 3 = 150.00 CNY"
    rented = quote(HOUSE, "rent", fleet(2), 6, tax_on=TODAY, discount=AgreedPrice(yuan(50)))
    assert [(line.kind, line.rule, line.text.zh) for line in rented.lines] == [
        (LineKind.CHARGE, PRICE_PLANS, "rent：6 个月，6 × 70.00 CNY × 2 = 840.00 CNY"),
        (LineKind.DISCOUNT, QUOTE, "rent：优惠 6 × -20.00 CNY × 2 = -240.00 CNY"),
    ]
    assert rented.discount == yuan(240)
    assert "赠送 2 个月" in made.lines[2].text.zh
    assert rented.lines[1].text.en == "rent: discount 6 × -20.00 CNY × 2 = -240.00 CNY"


# --- sums -------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(QUOTE)
@given(quotes())
def test_lines_and_shares_add_up_to_the_total(
    case: tuple[RenewalRules, str, int, Discount | None, Quote],
) -> None:
    rules, code, months, discount, made = case
    plan, n = rules.plans[code], len(made.shares)
    unit = discount.price(plan.price) if discount else plan.price
    blocks = months // plan.months
    assert made.total.gross == unit * blocks * n
    assert made.each * n == made.total.gross
    for parts in ([line.amount for line in made.lines], [share.amount for share in made.shares]):
        for of in ("gross", "net", "tax"):
            assert total([getattr(part, of) for part in parts], "CNY") == getattr(made.total, of)
        assert all(part.net + part.tax == part.gross for part in parts)
    for line in made.lines:
        assert line.amount.gross == line.each * line.blocks * line.vehicles
    assert made.discount == plan.price * blocks * n - made.total.gross
    assert (LineKind.DISCOUNT in {line.kind for line in made.lines}) == (unit < plan.price)
    assert (LineKind.GIFT in {line.kind for line in made.lines}) == (plan.gift_months > 0)
    assert sum(line.months for line in made.lines) == made.service_months == blocks * (plan.months + plan.gift_months)
    assert made.paid_months == months


@pytest.mark.rule(QUOTE)
@given(quotes())
def test_shares_are_even_and_the_rest_goes_to_the_first(
    case: tuple[RenewalRules, str, int, Discount | None, Quote],
) -> None:
    made = case[-1]
    assert [share.vehicle for share in made.shares] == list(fleet(len(made.shares)))
    assert [share.amount.tax for share in made.shares] == list(made.total.tax.split([1] * len(made.shares)))
    assert {share.amount.gross for share in made.shares} == {made.each}
    assert all(yuan(0) <= share.amount.net for share in made.shares)


@pytest.mark.rule(QUOTE)
@given(st.integers(0, 10**9), st.decimals(0, Decimal("0.99"), places=4))
@example(60000, Decimal("0.17"))
@example(3, Decimal("0.2"))  # the tax is half a fen: 0.5 → 1
def test_tax_is_in_the_price_and_rounded_half_up(fen: int, rate: Decimal) -> None:
    taxed = included_tax(Money(fen, "CNY"), rate)
    net = Decimal(fen) / (1 + rate)
    assert taxed.tax.minor == (fen - net).quantize(Decimal(1), ROUND_HALF_UP)
    assert taxed.net + taxed.tax == taxed.gross == Money(fen, "CNY")


TABLE = (
    TaxRate(date(1994, 1, 1), Decimal("0.17")),
    TaxRate(date(2018, 5, 1), Decimal("0.16")),
    TaxRate(date(2019, 4, 1), Decimal("0.13"), until=date(2030, 1, 1)),
    TaxRate(date(2031, 1, 1), Decimal("0.10")),
)


@pytest.mark.rule(QUOTE)
@pytest.mark.parametrize(
    ("on", "rate"),
    [
        ("1993-12-31", None),
        ("1994-01-01", "0.17"),
        ("2018-04-30", "0.17"),
        ("2018-05-01", "0.16"),
        ("2019-03-31", "0.16"),
        ("2019-04-01", "0.13"),
        ("2029-12-31", "0.13"),
        ("2030-01-01", None),
        ("2030-12-31", None),
        ("2031-01-01", "0.10"),
    ],
)
def test_the_tax_rate_is_that_of_the_day(on: str, rate: str | None) -> None:
    rules, day = attrs.evolve(HOUSE, tax=TABLE), date.fromisoformat(on)
    if rate is None:
        with pytest.raises(TaxRateUnknown) as caught:
            quote(rules, "yearly", ONE, 12, tax_on=day)
        assert caught.value.rule is QUOTE
    else:
        assert quote(rules, "yearly", ONE, 12, tax_on=day).tax_rate == Decimal(rate)


# --- more money, more service -----------------------------------------------------------------------------------------


@pytest.mark.rule(QUOTE)
@given(quotes(), st.integers(1, 6))
def test_two_renewals_in_a_row_equal_one_of_the_sum(
    case: tuple[RenewalRules, str, int, Discount | None, Quote], more: int
) -> None:
    rules, code, months, discount, first = case
    vehicles = tuple(share.vehicle for share in first.shares)
    longer = months + more * rules.plans[code].months
    assume(months + longer <= rules.longest_months)
    second = quote(rules, code, vehicles, longer, tax_on=TODAY, discount=discount)
    both = quote(rules, code, vehicles, months + longer, tax_on=TODAY, discount=discount)
    assert both.total.gross == first.total.gross + second.total.gross
    assert both.service_months == first.service_months + second.service_months
    assert first.total.gross < second.total.gross
    assert first.service_months < second.service_months


def brute_force(rules: RenewalRules, discounts: dict[str, Discount], wished: int) -> tuple[int, int]:
    """The least price of all purchases that cover the wish, and the longest service for it: by trying every one."""
    ways: list[list[tuple[int, int]]] = []
    for code, plan in rules.plans.items():
        prices = [(plan.price.minor, 1)]
        if code in discounts and plan.discount is not None:
            unit = discounts[code].price(plan.price).minor
            prices.append((unit, -(-plan.discount.minimum_months // plan.months) if unit < plan.price.minor else 1))
        service = plan.months + plan.gift_months
        for price, least in prices:
            most = max(least, -(-wished // service))
            ways.append([(0, 0)] + [(n * price, n * service) for n in range(least, most + 1)])
    sums = [(sum(p for p, _ in way), sum(s for _, s in way)) for way in itertools.product(*ways)]
    price, less = min((p, -s) for p, s in sums if s >= wished)
    return price, -less


@pytest.mark.rule(QUOTE)
@given(houses_with_discounts(), st.integers(1, 22))
def test_the_best_quote_is_the_cheapest_that_covers_the_wish(
    case: tuple[RenewalRules, dict[str, Discount]], wished: int
) -> None:
    rules, discounts = case
    assume(sum(1 for plan in rules.plans.values() if plan.months < 3) < 3)  # keeps the oracle quick
    best = best_quote(rules, "bought", ONE, wished, tax_on=TODAY, discounts=discounts)
    assert (best.quote.each.minor, best.quote.service_months) == brute_force(rules, discounts, wished)
    assert best.wished == wished
    for other in best.others:
        assert other.service_months >= wished
        assert other.dearer == other.each - best.quote.each
        assert other.longer == other.service_months - best.quote.service_months
        assert (other.dearer.minor, -other.longer) >= (0, 0)
        plan = rules.plans[other.plan]
        assert other.paid_months * (plan.months + plan.gift_months) == other.service_months * plan.months
    assert (best.reason is Reason.ONLY_WAY) == (not best.others)
    for of in ("gross", "net", "tax"):
        parts = [getattr(line.amount, of) for line in best.quote.lines]
        assert total(parts, "CNY") == getattr(best.quote.total, of)


@pytest.mark.rule(QUOTE)
@given(houses_with_discounts())
def test_paying_more_never_gives_less_service(case: tuple[RenewalRules, dict[str, Discount]]) -> None:
    rules, discounts = case
    best = [best_quote(rules, "bought", ONE, n, tax_on=TODAY, discounts=discounts).quote for n in range(1, 31)]
    by_price = sorted(best, key=lambda made: made.each.minor)
    for cheaper, dearer in itertools.pairwise(by_price):
        assert cheaper.service_months <= dearer.service_months
    for a, b in itertools.product(range(1, 16), repeat=2):
        # One renewal of the sum is at least as good as two in a row; gift months may make it better.
        assert best[a + b - 1].each <= best[a - 1].each + best[b - 1].each


@pytest.mark.rule(QUOTE)
@pytest.mark.parametrize(
    ("wished", "each", "service", "reason"),
    [
        (1, 50, 1, Reason.LOWEST_PRICE),
        (11, 550, 11, Reason.LOWEST_PRICE),
        (12, 600, 14, Reason.MORE_SERVICE),
        (13, 600, 14, Reason.LOWEST_PRICE),
        (14, 600, 14, Reason.LOWEST_PRICE),
        (15, 650, 15, Reason.LOWEST_PRICE),
        (28, 1200, 28, Reason.LOWEST_PRICE),
    ],
)
def test_the_best_quote_for_a_bought_device(wished: int, each: int, service: int, reason: Reason) -> None:
    best = best_quote(HOUSE, "bought", ONE, wished, tax_on=TODAY)
    assert (best.quote.each, best.quote.service_months, best.reason) == (yuan(each), service, reason)
    assert best.reason.text.zh


@pytest.mark.rule(QUOTE)
def test_the_reason_comes_with_what_it_was_weighed_against() -> None:
    (other,) = best_quote(HOUSE, "bought", ONE, 13, tax_on=TODAY).others
    assert (other.plan, other.paid_months, other.service_months) == ("monthly", 13, 13)
    assert (other.each, other.dearer, other.longer) == (yuan(650), yuan(50), -1)


@pytest.mark.rule(QUOTE)
def test_a_granted_discount_makes_half_a_year_cheaper_than_five_months() -> None:
    granted = {"rent": AgreedPrice(yuan(50))}
    for wished, each, service in ((4, 280, 4), (5, 300, 6), (6, 300, 6), (7, 350, 7), (13, 650, 13)):
        best = best_quote(HOUSE, "rented", ONE, wished, tax_on=TODAY, discounts=granted).quote
        assert (best.each, best.service_months) == (yuan(each), service)
    only = best_quote(HOUSE, "rented", ONE, 5, tax_on=TODAY)
    assert (only.quote.each, only.reason, only.others) == (yuan(350), Reason.ONLY_WAY, ())
    same = best_quote(HOUSE, "rented", ONE, 5, tax_on=TODAY, discounts={"rent": PercentOff(Decimal(0))})
    assert same == only


@pytest.mark.rule(QUOTE)
def test_one_month_more_for_the_same_price_is_more_service() -> None:
    rules = attrs.evolve(HOUSE, plans={"a": Plan("bought", 1, yuan(50)), "b": Plan("bought", 2, yuan(100), 1)})
    best = best_quote(rules, "bought", ONE, 2, tax_on=TODAY)
    assert (best.quote.each, best.quote.service_months, best.reason) == (yuan(100), 3, Reason.MORE_SERVICE)
    (other,) = best.others
    assert (other.plan, other.paid_months, other.dearer, other.longer) == ("a", 2, yuan(0), -1)


@pytest.mark.rule(QUOTE)
def test_a_discounted_and_a_full_price_in_one_quote_add_up() -> None:
    half = Plan("bought", 6, yuan(300), 0, DiscountTerms(yuan(200), 6))
    rules = attrs.evolve(HOUSE, plans={"a": half, "b": Plan("bought", 1, yuan(50))})
    made = best_quote(rules, "bought", fleet(3), 7, tax_on=TODAY, discounts={"a": AgreedPrice(yuan("200.01"))}).quote
    assert [(line.kind, line.plan) for line in made.lines] == [
        (LineKind.CHARGE, "b"), (LineKind.CHARGE, "a"), (LineKind.DISCOUNT, "a"),
    ]  # fmt: skip
    assert made.each == yuan("250.01")
    assert total([line.amount.tax for line in made.lines], "CNY") == made.total.tax
    assert [line.amount.tax for line in made.lines][2] < yuan(0)


@pytest.mark.rule(QUOTE)
def test_equal_discounts_go_to_the_plan_first_in_the_alphabet_whatever_their_order() -> None:
    plan = Plan("bought", 1, yuan(50), 0, DiscountTerms(yuan(20), 1))
    rules = attrs.evolve(HOUSE, plans={"b": plan, "a": plan, "c": plan})
    for order in itertools.permutations("abc"):
        discounts = {code: AgreedPrice(yuan(30)) for code in order}
        best = best_quote(rules, "bought", ONE, 2, tax_on=TODAY, discounts=discounts)
        assert {line.plan for line in best.quote.lines} == {"a"}


@pytest.mark.rule(PRICE_PLANS)
def test_the_minimum_term_is_told_in_months_that_are_sold() -> None:
    rules = attrs.evolve(HOUSE, plans={"a": Plan("bought", 3, yuan(90), 0, DiscountTerms(yuan(60), 7))})
    with pytest.raises(TermBelowMinimum) as caught:
        quote(rules, "a", ONE, 6, tax_on=TODAY, discount=AgreedPrice(yuan(60)))
    assert caught.value.facts == {"plan": "a", "given": 6, "minimum": 9}
    assert quote(rules, "a", ONE, 9, tax_on=TODAY, discount=AgreedPrice(yuan(60))).each == yuan(180)


@pytest.mark.rule(PRICE_PLANS)
def test_the_kinds_of_device_are_listed_in_alphabetical_order() -> None:
    kinds = ["rented", "lent", "bought", "leased", "given", "tested", "found"]
    rules = attrs.evolve(HOUSE, plans={kind: Plan(kind, 1, yuan(50)) for kind in kinds})
    with pytest.raises(NoSuchPlan) as caught:
        best_quote(rules, "stolen", ONE, 1, tax_on=TODAY)
    assert " | ".join(sorted(kinds)) in caught.value.render("en")
    with pytest.raises(NoSuchPlan) as unknown:
        quote(rules, "stolen", ONE, 1, tax_on=TODAY)
    assert " | ".join(sorted(kinds)) in unknown.value.render("zh")


@pytest.mark.rule(QUOTE)
def test_equal_ways_are_told_apart_whatever_the_order_of_the_book() -> None:
    twins = {"b": Plan("bought", 2, yuan(10)), "a": Plan("bought", 2, yuan(10)), "c": Plan("bought", 1, yuan(5))}
    for order in itertools.permutations(twins):
        rules = attrs.evolve(HOUSE, plans={code: twins[code] for code in order})
        best = best_quote(rules, "bought", ONE, 2, tax_on=TODAY)
        (line,) = best.quote.lines
        assert best.reason is Reason.LOWEST_PRICE  # none of the others gives less
        assert (line.plan, line.blocks) == ("a", 1)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PRICE_PLANS)
@given(st.integers(0, 7000), st.integers(1, 12))
def test_a_discount_never_undercuts_the_floor_nor_the_minimum_term(fen: int, months: int) -> None:
    agreed = AgreedPrice(Money(fen, "CNY"))
    if 7000 > fen >= 5000 and months < 6:
        with pytest.raises(TermBelowMinimum) as caught:
            quote(HOUSE, "rent", ONE, months, tax_on=TODAY, discount=agreed)
        assert caught.value.facts["minimum"] == 6
    elif fen < 5000:
        with pytest.raises(PriceBelowFloor):
            quote(HOUSE, "rent", ONE, months, tax_on=TODAY, discount=agreed)
        with pytest.raises(PriceBelowFloor):
            best_quote(HOUSE, "rented", ONE, months, tax_on=TODAY, discounts={"rent": agreed})
    else:
        assert quote(HOUSE, "rent", ONE, months, tax_on=TODAY, discount=agreed).each == Money(fen * months, "CNY")


@pytest.mark.rule(PRICE_PLANS)
@pytest.mark.parametrize(
    ("fen", "months", "error"), [(4999, 6, PriceBelowFloor), (5000, 5, TermBelowMinimum), (4999, 5, PriceBelowFloor)]
)
def test_floor_and_minimum_term_are_included(fen: int, months: int, error: type[RuleBroken]) -> None:
    with pytest.raises(error) as caught:
        quote(HOUSE, "rent", ONE, months, tax_on=TODAY, discount=AgreedPrice(Money(fen, "CNY")))
    assert caught.value.rule is PRICE_PLANS
    assert caught.value.facts["plan"] == "rent"
    assert quote(HOUSE, "rent", ONE, 6, tax_on=TODAY, discount=AgreedPrice(yuan(50))).each == yuan(300)


@pytest.mark.rule(QUOTE)
@pytest.mark.parametrize(
    ("rate", "error"),
    [
        (Decimal("1.01"), DiscountOutOfRange),
        (Decimal("-0.01"), DiscountOutOfRange),
        (Decimal("NaN"), InexactMoney),
        (Decimal("Infinity"), InexactMoney),
        (0.2, InexactMoney),
        (True, InexactMoney),
        ("0.2", InexactMoney),
    ],
)
def test_a_discount_is_a_share_of_the_price(rate: Any, error: type[InvalidValue]) -> None:
    with pytest.raises(error) as caught:
        PercentOff(rate)
    if error is DiscountOutOfRange:
        assert caught.value.facts == {"given": rate, "minimum": 0, "maximum": 1}


@pytest.mark.rule(QUOTE)
@pytest.mark.parametrize(
    ("change", "error", "facts"),
    [
        ({"vehicles": ()}, NoVehicles, {"given": 0, "minimum": 1}),
        ({"vehicles": ("a", "b", "a")}, DuplicateVehicle, {"given": 3, "expected": 2}),
        ({"vehicles": ("a", "")}, InvalidVehicle, {"given": "str"}),
        ({"vehicles": ("a", 7)}, InvalidVehicle, {"given": "int"}),
        ({"vehicles": "abc"}, InvalidVehicle, {"given": "str"}),
        ({"vehicles": 3}, InvalidVehicle, {"given": "int"}),
        ({"months": 0}, InvalidMonths, {"field": "months", "given": 0}),
        ({"months": -12}, InvalidMonths, {"field": "months", "given": -12}),
        ({"months": True}, InvalidMonths, {"field": "months", "given": "bool"}),
        ({"months": 12.0}, InvalidMonths, {"field": "months", "given": "float"}),
        ({"months": float("nan")}, InvalidMonths, {"field": "months"}),
        ({"months": 121}, TermNotOffered, {"field": "months", "given": 121, "maximum": 120}),
        ({"tax_on": date(1993, 12, 31)}, TaxRateUnknown, {"at": date(1993, 12, 31)}),
        ({"tax_on": datetime(2024, 1, 1)}, NotADate, {"field": "tax_on"}),  # noqa: DTZ001 - refused for what it is
        ({"tax_on": "2024-01-01"}, NotADate, {"field": "tax_on", "given": "str"}),
    ],
)
def test_bad_input_has_a_name(change: dict[str, Any], error: type[InvalidValue], facts: dict[str, object]) -> None:
    asked: dict[str, Any] = {"vehicles": ONE, "months": 12, "tax_on": TODAY} | change
    for way in (
        lambda: quote(HOUSE, "yearly", asked["vehicles"], asked["months"], tax_on=asked["tax_on"]),
        lambda: best_quote(HOUSE, "bought", asked["vehicles"], asked["months"], tax_on=asked["tax_on"]),
    ):
        with pytest.raises(error) as caught:
            way()
        assert facts.items() <= caught.value.facts.items()
        assert caught.value.render("zh") != caught.value.render("en")


@pytest.mark.rule(PRICE_PLANS)
def test_what_the_house_does_not_sell() -> None:
    def refused(error: type[InvalidValue] | type[RuleBroken], make: Callable[[], object], **facts: object) -> None:
        with pytest.raises(error) as caught:
            make()
        assert facts.items() <= caught.value.facts.items()

    agreed, tenth = AgreedPrice(yuan(50)), PercentOff(Decimal("0.1"))
    refused(TermNotOffered, lambda: quote(HOUSE, "yearly", ONE, 13, tax_on=TODAY), plan="yearly", given=13)
    assert quote(HOUSE, "yearly", ONE, 120, tax_on=TODAY).service_months == 140
    for code in ("weekly", None, 7, ["yearly"]):
        refused(NoSuchPlan, lambda: quote(HOUSE, code, ONE, 12, tax_on=TODAY), plan=code)  # type: ignore[arg-type]  # noqa: B023
    refused(NoSuchPlan, lambda: best_quote(HOUSE, "stolen", ONE, 12, tax_on=TODAY), field="device", given="stolen")
    rented = {"rent": agreed}
    refused(NoSuchPlan, lambda: best_quote(HOUSE, "bought", ONE, 12, tax_on=TODAY, discounts=rented), plan="rent")
    refused(DiscountNotOffered, lambda: quote(HOUSE, "yearly", ONE, 12, tax_on=TODAY, discount=tenth), plan="yearly")
    for price in (yuan("70.01"), yuan(-1)):
        dear = AgreedPrice(price)
        refused(
            DiscountOutOfRange,
            lambda: quote(HOUSE, "rent", ONE, 12, tax_on=TODAY, discount=dear),  # noqa: B023 - called at once
            given=price,
            minimum=0,
            maximum=yuan(70),
        )
    with pytest.raises(CurrencyMismatch):
        quote(HOUSE, "rent", ONE, 12, tax_on=TODAY, discount=AgreedPrice(Money.of(50, "USD")))


def house(**changes: Any) -> RenewalRules:
    return attrs.evolve(HOUSE, **changes)


@pytest.mark.rule(PRICE_PLANS, QUOTE)
@pytest.mark.parametrize(
    ("make", "error", "facts"),
    [
        (lambda: house(plans={}), PlanInvalid, {"field": "plans", "given": 0}),
        (
            lambda: house(plans={"a": Plan("x", 1, yuan(1)), "b": Plan("x", 1, Money.of(1, "USD"))}),
            CurrencyMismatch,
            {},
        ),
        (lambda: house(plans={"a": Plan("x", 121, yuan(1))}), PlanInvalid, {"plan": "a", "given": 121, "maximum": 120}),
        (
            lambda: house(plans={"a": Plan("x", 1, yuan(2), 0, DiscountTerms(yuan(1), 121))}),
            PlanInvalid,
            {"plan": "a", "field": "months", "given": 121},
        ),
        (lambda: house(grace_days=-1), InvalidMonths, {"field": "grace_days", "given": -1}),
        (lambda: house(grace_days=True), InvalidMonths, {"field": "grace_days", "given": "bool"}),
        (lambda: house(longest_months=0), InvalidMonths, {"field": "longest_months", "given": 0}),
        (lambda: house(tax=(TABLE[1], TABLE[0])), TaxTableInvalid, {"field": "since", "given": TABLE[0].since}),
        (lambda: house(tax=(TABLE[0], TABLE[0])), TaxTableInvalid, {"field": "since"}),
        (
            lambda: house(tax=(TABLE[2], attrs.evolve(TABLE[3], since=date(2029, 12, 31)))),
            TaxTableInvalid,
            {"field": "since", "given": date(2029, 12, 31)},
        ),
        (lambda: Plan("", 1, yuan(1)), PlanInvalid, {"field": "device"}),
        (lambda: Plan(7, 1, yuan(1)), PlanInvalid, {"field": "device"}),  # type: ignore[arg-type]
        (lambda: Plan("x", 0, yuan(1)), InvalidMonths, {"field": "months"}),
        (lambda: Plan("x", 1, yuan(0)), PlanInvalid, {"field": "price"}),
        (lambda: Plan("x", 1, yuan(1), -1), InvalidMonths, {"field": "gift_months"}),
        (lambda: Plan("x", 1, yuan(1), 0, DiscountTerms(yuan(2), 1)), PlanInvalid, {"field": "floor"}),
        (lambda: Plan("x", 1, yuan(1), 0, DiscountTerms(Money.of(1, "USD"), 1)), CurrencyMismatch, {}),
        (lambda: DiscountTerms(yuan(0), 1), PlanInvalid, {"field": "floor"}),
        (lambda: DiscountTerms(yuan(1), 0), InvalidMonths, {"field": "minimum_months"}),
        (lambda: TaxRate(TODAY, Decimal(1)), TaxTableInvalid, {"field": "rate"}),
        (lambda: TaxRate(TODAY, Decimal("-0.01")), TaxTableInvalid, {"field": "rate"}),
        (lambda: TaxRate(TODAY, Decimal("NaN")), InexactMoney, {}),
        (lambda: TaxRate(TODAY, 0.17), InexactMoney, {}),  # type: ignore[arg-type]
        (lambda: TaxRate(TODAY, Decimal("0.17"), TODAY), TaxTableInvalid, {"field": "until", "given": TODAY}),
        (lambda: TaxRate("2024-05-01", Decimal("0.17")), NotADate, {"field": "since", "given": "str"}),  # type: ignore[arg-type]
    ],
)
def test_house_rules_that_contradict_themselves_are_refused(
    make: Any, error: type[InvalidValue], facts: dict[str, object]
) -> None:
    with pytest.raises(error) as caught:
        make()
    assert facts.items() <= caught.value.facts.items()


@pytest.mark.rule(QUOTE)
def test_settings_at_their_limits_are_taken() -> None:
    house(plans={"a": Plan("x", 120, yuan(1), 0, DiscountTerms(yuan(1), 120))}, longest_months=120)
    house(plans={"a": Plan("x", 1, Money(1, "CNY"), 0, DiscountTerms(Money(1, "CNY"), 1))}, longest_months=1)
    house(tax=(TaxRate(TODAY, Decimal("0.17")), TaxRate(TODAY + timedelta(days=1), Decimal("0.13"))))
    house(grace_days=0, paid_in_grace=StartsFrom.DAY_OF_PAYMENT)
    house(tax=(TABLE[2], attrs.evolve(TABLE[3], since=date(2030, 1, 1))))
    assert TaxRate(TODAY, Decimal(0), None).rate == 0
    assert (PercentOff(Decimal(1)).rate, PercentOff(Decimal(0)).rate) == (Decimal(1), Decimal(0))
    assert Plan("x", 1, Money(1, "CNY")).discount is None
    assert len(set(POLICIES)) == len(POLICIES)
