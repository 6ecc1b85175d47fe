"""What commands of bills and payments have at hand, and what both refuse."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from csdomain.frame.acts import Act, Events, Told
from csdomain.frame.commands import Commands
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.payments import rules as r
from csdomain.payments.lifecycle import BillMove, PaymentMove
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


@attrs.frozen(eq=False, kw_only=True)
class MoneyAct(Act[PaymentRules]):
    """What a command has at hand: besides who, when and by which rules, the bills and payments beside."""

    books: Books

    def follow(self, does: Commands[Any, Any], case: Any, move: BillMove | PaymentMove, event: Told) -> Events:
        """A step of a bill or payment beside, which follows and needs no permission; never before its last one (D25).

        What is used of a payment stands in the payment, so that one lock decides it; the bill has the sums.
        """
        beside = attrs.evolve(self, at=max(self.at, case.moved_at))
        beside.begin(does.table, case, does.table.consequence(case, move, path=does.path(case)))
        return beside.done(event)

    def today(self) -> date:
        """The day in the house's zone."""
        return self.at.astimezone(ZoneInfo(self.place.zone)).date()
