"""What commands of bills and payments have at hand, and what both refuse."""

from typing import Any

import attrs

from csdomain.frame.acts import Act
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.payments import rules as r
from csdomain.payments.ports import Books
from csdomain.payments.values import PaymentRules


class BeyondMoney(RuleBroken):
    """More would be used, taken back or given back than there is, or than the bill takes (REN-06)."""

    default_rule = r.AMOUNT
    problem = Text("This is more money than there is, or than is owed.", "超出可用金额或应付金额。")

    @classmethod
    def check(cls, given: Money, most: Money, **facts: Any) -> None:
        """Raises BeyondMoney where ``given`` is more than ``most``."""
        if given > most:
            raise cls(given=given, accepted=Text(f"at most {most}", f"不超过 {most}"), **facts)


class NotPaid(RuleBroken):
    """Finance has not all of the money for a bill: nothing is signed for it (REN-06)."""

    default_rule = r.AMOUNT
    problem = Text("The money has not all come.", "款项尚未全部到账。")

    @classmethod
    def of(cls, bill: str, missing: Money, credit: Money) -> "NotPaid":
        """What is missing, and the credit that the customer has besides and that could be used for it."""
        what = Text(f"{missing} more that finance confirms", f"财务再确认到账 {missing}")
        return cls(bill=bill, missing=missing, credit=credit, accepted=what)


@attrs.frozen(eq=False, kw_only=True)
class MoneyAct(Act[PaymentRules]):
    """What a command has at hand: besides who, when and by which rules, the bills and payments beside.

    What is used of a payment stands in the payment, so that one lock decides it; the bill has the sums.
    """

    books: Books
