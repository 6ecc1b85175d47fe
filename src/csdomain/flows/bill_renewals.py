"""Renewals, and vehicles added in mid-term, are billed in the unit of work of their own move (REN-04, REN-06)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import attrs

from csdomain.frame.fields import one_of
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.ids import IdSource
from csdomain.kernel.values.money import Money
from csdomain.payments.effects import EFFECTS
from csdomain.payments.lifecycle import PAYMENT_MOVES, BillState, PaymentMove, PaymentState
from csdomain.payments.model.act import NotPaid
from csdomain.payments.model.payment import PAYMENTS, Payment
from csdomain.payments.service import standing
from csdomain.payments.values import PAYMENT_RULES, Line, MalformedPayment
from csdomain.renewals.ports import Charge
from csdomain.rulebook import House

from .open_bills import Billing, BillsOfCases


@attrs.frozen
class RenewalBills(BillsOfCases):
    """The port :class:`~csdomain.renewals.ports.Billing` over payments."""

    def check_bank(self, bank: str, /) -> None:
        """Refuse a bank at which the house has no account. Raises MalformedPayment. [REN-13]"""
        banks = self.house.rulebook[PAYMENT_RULES].banks
        if bank not in banks:
            raise MalformedPayment(field="bank", accepted=one_of(banks))

    def ask(self, by: Actor, at: datetime, charge: Charge, bank: str = "", /) -> str:
        """Open the bill; a transfer is announced as well, which tells the customer our account. [REN-13]"""
        lines = [Line(charge.what, charge.quantity, charge.price, charge.rule)]
        bill = Billing(self.house, self.ids).open(
            self.unit, by, at, charge.subject, charge.purpose, charge.customer, lines
        )
        if bank:
            act = self._act(by, at, PAYMENT_MOVES.actions[PaymentMove.ANNOUNCE])
            amount = charge.price * charge.quantity
            payment, events = Payment.announce(act, charge.customer, amount, bank, bill)
            self.unit.of(PAYMENTS).add(payment)
            self.unit.record(events, EFFECTS.of(events, payment, act.rules, act.place))
        return bill

    def paid_on(self, subject: str, purpose: str, amount: Money, /) -> date:
        """The day of the payment that completed the bill. Raises NotPaid with what is missing. [REN-06]"""
        bill = self.bill(subject, purpose)
        missing = amount - bill.confirmed
        if bill.state is not BillState.PAID or missing.minor > 0:
            stands = standing(bill, self.unit)
            raise NotPaid.of(bill.id, missing if missing.minor > 0 else stands.left, stands.credit)
        return max(
            money.value_on
            for money in self._used(bill)
            if money.state is PaymentState.CONFIRMED and money.value_on is not None
        )

    def credit(self, by: Actor, at: datetime, amounts: Mapping[str, Money], reason: str, /) -> Sequence[str]:
        """So much of each bill is not owed after all, and is credit where it was paid. [REN-10]"""
        bills = [self.bill_by(id) for id in sorted(amounts)]
        self.hold_payments(bills)
        return [bill.id for bill in bills if self.lower(by, at, bill, amounts[bill.id], reason, refund=False)]


def bills_of(house: House, ids: IdSource) -> Callable[[Unit], RenewalBills]:
    """The bills of renewals, by the unit of work."""
    return lambda unit: RenewalBills(unit, house, ids)
