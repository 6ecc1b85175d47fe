"""What bills and payments are made of, and the house rules they go by: the section ``[payments]`` of a rulebook."""

from collections.abc import Iterable, Mapping
from typing import Final, NewType

import attrs

from csdomain.frame.effects import occasions
from csdomain.frame.fields import Fields
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.papers.approvals import ApprovalLadder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault, InvalidValue
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.rulebook import ORGANISATION, Rulebook, Section, texts_beside

from .rules import AMOUNT

BillId = NewType("BillId", str)
PaymentId = NewType("PaymentId", str)
BILL_ID: Final = IdKind[BillId]("bil")
PAYMENT_ID: Final = IdKind[PaymentId]("pay")


class MalformedPayment(InvalidValue):
    """What was given for a bill or a payment is missing, too long, or no amount that can be paid (REN-06)."""

    default_rule = AMOUNT
    problem = Text("A field of the bill or payment is missing or not valid.", "账单或收款的某一字段缺失或无效。")


FIELDS: Final = Fields(MalformedPayment)


def payable(amount: Money, currency: str, field: str = "amount") -> Money:
    """``amount`` where it is more than nothing and in ``currency``. Raises MalformedPayment, CurrencyMismatch."""
    if not isinstance(amount, Money) or amount.minor <= 0:
        raise MalformedPayment(field=field, given=amount, accepted=Text("an amount > 0", "> 0 的金额"))
    if amount.currency != currency:
        raise CurrencyMismatch(field=field, given=amount.currency, expected=currency)
    return amount


def _price(_: object, attribute: "attrs.Attribute[Money]", value: Money) -> None:
    payable(value, getattr(value, "currency", ""), attribute.name)


def bill_of(subject: str, purpose: str) -> BillId:
    """The id that the bill for a purpose of a case always has: there is one."""
    return BILL_ID.keyed(f"{subject}\n{purpose}")


@attrs.frozen
class Line:
    """A line of a bill: so many of something, the price of one, and the rule that gave it."""

    what: str = attrs.field(validator=FIELDS.id)
    quantity: int = attrs.field(validator=FIELDS.pieces)
    price: Money = attrs.field(validator=_price)
    rule: str = attrs.field(default="-", validator=FIELDS.id)


@attrs.frozen(kw_only=True)
class BillStanding:
    """What other contexts ask of a bill: ``credit`` is what the customer has besides. *Paid* is confirmed. [REN-06]"""

    paid: bool
    collected: Money
    left: Money
    credit: Money


@attrs.frozen(kw_only=True)
class Agreement:
    """A bill beside what its payments say; ``invoiced`` is None before an invoice. [SVC-05]

    ``differences`` are what is owed and not collected, collected and not handed in, and so on, by name: empty where
    everything agrees.
    """

    due: Money
    collected: Money
    handed_in: Money
    confirmed: Money
    invoiced: Money | None
    differences: Mapping[str, Money]


@attrs.frozen
class PaymentRules:
    """The house rules of payments.

    ``hand_in_days``: so many working days later cash has to be with finance, 0: at the end of this one (REN-13).
    ``small_fee``: more than that is invoiced before cash is taken for it (SVC-05); None: everything is taken.
    ``banks``: our account at each bank (REN-13). ``contact_within``: to contact the customer after a payment (REN-12).
    ``write_off``: who writes off how much. ``hold_reasons`` are the codes for which law may demand that bills and
    payments are kept when their customer is erased (KRN-14).
    """

    hand_in_days: int
    write_off: ApprovalLadder
    small_fee: Money | None = None
    banks: Mapping[str, str] = attrs.field(factory=dict)
    contact_within: Duration | None = None
    hold_reasons: tuple[str, ...] = ()


def _whole(rules: PaymentRules, book: Rulebook) -> Iterable[str]:
    if rules.hand_in_days < 0:
        yield Fault.of(Text("an integer ≥ 0 expected", "须为 ≥ 0 的整数"), "$.payments.hand_in_days")
    currency = book[ORGANISATION].currency if ORGANISATION in book else ""
    limits = {f"write_off[{n}]": band.up_to for n, band in enumerate(rules.write_off.bands)}
    for path, amount in {**limits, "small_fee": rules.small_fee}.items():
        if currency and amount is not None and amount.currency != currency:
            said = Text(f"an amount in {currency} expected", f"金额须为 {currency}")
            yield Fault.of(said, f"$.payments.{path}")


_T, _D, _M = Placeholder.TEXT, Placeholder.DATE, Placeholder.MONEY
OCCASIONS: Final = (
    *occasions("bill", {}, {"to_invoice": {"about": _T, "amount": _M}}),
    *occasions(
        "payment",
        {"account": {"bank": _T, "account": _T, "amount": _M}, "received": {"amount": _M, "on": _D}},
        {
            "cash_overdue": {"amount": _M, "holder": _T},
            "contact_overdue": {"customer": _T, "amount": _M},
            "failed": {"customer": _T, "amount": _M},
            "to_refund": {"customer": _T, "amount": _M},
        },
    ),
)
LABELS: Final[Mapping[str, Text]] = {
    "": Text("payments", "收款"),
    "hand_in_days": Text("working days to hand in cash", "现金上交工作日数"),
    "small_fee": Text("fees taken before an invoice", "小额费用上限"),
    "banks.*": Text("our account at {0}", "{0} 账号"),
    "contact_within": Text("time to contact the customer after a payment", "到账后联系客户时限"),
    "write_off": Text("who writes off", "坏账核销权限"),
    "write_off.*": Text("authority {0}", "权限者 {0}"),
    "write_off.*.over": Text("where the band of {0} begins", "{0} 的起始金额"),
    "write_off.*.up_to": Text("limit of {0}", "{0} 的上限"),
    "hold_reasons": Text("reasons to keep bills and payments", "账单与收款保留事由"),
}
#: Money is shared and counted for years: the current rules hold.
PAYMENT_RULES: Section[PaymentRules] = Section(
    "payments",
    PaymentRules,
    check=_whole,
    pinned=False,
    occasions=OCCASIONS,
    labels=LABELS,
    texts=texts_beside(__file__),
)
