"""Renewals, and vehicles added in mid-term, are billed in the unit of work of their own move (REN-04, REN-06)."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, NoReturn, cast

import attrs

from csdomain.frame.fields import one_of
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import Actor, Scope
from csdomain.kernel.values.ids import IdSource
from csdomain.kernel.values.money import Money
from csdomain.payments.effects import BILL_EFFECTS, EFFECTS
from csdomain.payments.lifecycle import BILL_MOVES, PAYMENT_MOVES, BillMove, BillState, PaymentMove, PaymentState
from csdomain.payments.model.act import MoneyAct, NotPaid
from csdomain.payments.model.bill import BILLS, Bill
from csdomain.payments.model.payment import PAYMENTS, Payment
from csdomain.payments.service import Bills, standing
from csdomain.payments.values import PAYMENT_RULES, Line, MalformedPayment, bill_of
from csdomain.renewals.ports import Charge
from csdomain.rulebook import House

from .open_bills import Billing


@attrs.frozen
class RenewalBills:
    """The port :class:`~csdomain.renewals.ports.Billing` over payments. Bills rank after cases in the lock order."""

    unit: Unit
    house: House
    ids: IdSource

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
        bill = self._bill(subject, purpose)
        missing = amount - bill.confirmed
        if bill.state is not BillState.PAID or missing.minor > 0:
            stands = standing(bill, self.unit)
            raise NotPaid.of(bill.id, missing if missing.minor > 0 else stands.left, stands.credit)
        return max(
            money.value_on
            for money in self._used(bill)
            if money.state is PaymentState.CONFIRMED and money.value_on is not None
        )

    def drop(self, by: Actor, at: datetime, subject: str, purpose: str, reason: str, /) -> None:
        """What was used for the bill is credit again, and the bill is cancelled. Raises RuleBroken where an invoice
        stands that no credit note took back. [REN-06]"""
        bill = self._bill(subject, purpose)
        if bill.state in (BillState.CANCELLED, BillState.WRITTEN_OFF):
            return
        allowed = [BILL_MOVES.actions[move] for move in (BillMove.TAKE_BACK, BillMove.CANCEL)]
        events: tuple[Any, ...] = ()
        for money in self._used(bill):
            act = self._act(by, max(at, bill.moved_at), *allowed)
            events += bill.take_back(act, money.id, money.uses[bill.id], reason)
        if bill.due:
            events += bill.cancel(self._act(by, max(at, bill.moved_at), *allowed), reason)
        place, rules = self.house.place(bill.branch), self.house.rulebook[PAYMENT_RULES]
        self.unit.of(BILLS).save(bill)
        self.unit.record(events, BILL_EFFECTS.of(events, bill, rules, place))

    def _bill(self, subject: str, purpose: str) -> Bill:
        id = bill_of(subject, purpose)

        def missing() -> NoReturn:
            raise NotFound(kind=BILLS.table, id=id)

        return self.unit.obtain(BILLS, id, missing)

    def _used(self, bill: Bill) -> Iterable[Payment]:
        payments = (self.unit.of(PAYMENTS).get(id) for id in sorted(bill.payments))
        return [money for money in payments if bill.id in money.uses]

    def _act(self, by: Actor, at: datetime, *actions: Any) -> MoneyAct:
        """Who makes the move of the renewal needs no other permission for what follows with it."""
        house = self.house
        bills = Bills(Joined(cast("StandardUnit", self.unit)), house, self.ids)
        actor = attrs.evolve(by, grants={**by.grants, **dict.fromkeys(actions, Scope.ALL)})
        rules, ref = house.rulebook[PAYMENT_RULES], house.rulebook.ref
        return bills._act(self.unit, actor, at, rules, ref, by.branch)  # noqa: SLF001 - as a command has it


def bills_of(house: House, ids: IdSource) -> Callable[[Unit], RenewalBills]:
    """The bills of renewals, by the unit of work."""
    return lambda unit: RenewalBills(unit, house, ids)
