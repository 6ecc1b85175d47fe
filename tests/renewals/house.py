"""House rules of renewals for the tests: the document's values, as a book writes them and as the types hold them."""

from datetime import date
from decimal import Decimal

from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.renewals import DiscountTerms, Plan, RenewalRules, StartsFrom, TaxRate

TOML = """
name = "renewals_test"

[renewals]
grace_days = 30
paid_in_grace = "old end"
paid_lapsed = "day of payment"
longest_months = 120
number = "HT{yyyy}-{seq:04}"
form_number = "XF{yyyy}-{seq:04}"
watch_months = 3
extended_by = "gps_administrator"
recorded_by = "records_clerk"
reasons = ["price"]

[renewals.plans.monthly]
device = "bought"
months = 1
price = "50 CNY"

[renewals.plans.yearly]
device = "bought"
months = 12
price = "600 CNY"
gift_months = 2

[renewals.plans.rent]
device = "rented"
months = 1
price = "70 CNY"
discount = { floor = "50 CNY", minimum_months = 6 }

[[renewals.tax]]
since = 1994-01-01
rate = 0.17
"""


def yuan(amount: int | str) -> Money:
    return Money.of(amount, "CNY")


HOUSE = RenewalRules(
    plans={
        "monthly": Plan(device="bought", months=1, price=yuan(50)),
        "yearly": Plan(device="bought", months=12, price=yuan(600), gift_months=2),
        "rent": Plan(device="rented", months=1, price=yuan(70), discount=DiscountTerms(yuan(50), 6)),
    },
    tax=(TaxRate(date(1994, 1, 1), Decimal("0.17")),),
    grace_days=30,
    paid_in_grace=StartsFrom.OLD_END,
    paid_lapsed=StartsFrom.DAY_OF_PAYMENT,
    longest_months=120,
    number=NumberPattern("HT{yyyy}-{seq:04}"),
    form_number=NumberPattern("XF{yyyy}-{seq:04}"),
    watch_months=3,
    extended_by="gps_administrator",
    recorded_by="records_clerk",
    reasons=("price",),
)
TODAY = date(2024, 5, 1)


def fleet(n: int) -> tuple[str, ...]:
    return tuple(f"veh_{i}" for i in range(n))
