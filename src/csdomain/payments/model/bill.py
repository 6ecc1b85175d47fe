"""The bill and its commands."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.fields import amount
from csdomain.kernel.papers.approvals import BeyondAuthority, OwnRequest
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.money import Money, total
from csdomain.payments import events as e
from csdomain.payments import rules as r
from csdomain.payments.lifecycle import BILL_MOVES, BillMove, BillState, PaymentState
from csdomain.payments.values import BILL_ID, FIELDS, BillId, Line, MalformedPayment, bill_of, payable

from .act import BeyondMoney, MoneyAct
from .payment import Payment

_M: Final = BillMove


class AlreadyBilled(RuleBroken):
    """The purpose of the case has its bill (SVC-05)."""

    default_rule = r.CHARGE
    problem = Text("There is a bill for this already.", "此项已有账单。")


def _is_untouched(bill: "Bill", act: MoneyAct) -> None:
    accepted = Text("a bill of which nothing was collected or invoiced", "未收款且未开票的账单")
    require(not bill.collected and bill.invoice is None, r.CHARGE, accepted=accepted)


def _may_write_off(bill: "Bill", act: MoneyAct) -> None:
    OwnRequest.check(bill.id, act.by.id, [bill.owner])
    ladder = act.rules.write_off
    if not any(ladder.suffices(position, bill.left) for position in act.by.positions):
        name = ladder.band(bill.left).authority
        raise BeyondAuthority(amount=bill.left, accepted=Text(name, name))


def _is_not_invoiced(bill: "Bill", act: MoneyAct) -> None:
    require(bill.invoice is None, r.CHARGE, accepted=Text("a bill that is not invoiced", "未开票的账单"))


bills: Final = Commands(BILL_MOVES)


@attrs.define(kw_only=True)
class Bill(Record):
    """What is owed for one purpose of a case. ``owner`` opened it.

    ``collected`` is the sum of what is used of payments for it, ``confirmed`` of that what finance has confirmed;
    ``payments`` are those of which something is or was used. [SVC-05]
    """

    id: BillId = attrs.field(on_setattr=attrs.setters.frozen)
    state: BillState = BillState.OPEN
    subject: str
    purpose: str
    customer: str
    lines: tuple[Line, ...]
    lowered: tuple[Money, ...] = ()
    collected: Money
    confirmed: Money
    payments: tuple[str, ...] = ()
    invoice: str | None = None
    invoiced: Money | None = None
    number: ClassVar[str] = ""

    # --- what it is
    @property
    def due(self) -> Money:
        """What the lines come to, less what it was lowered by."""
        currency = self.collected.currency
        return total([line.price * line.quantity for line in self.lines], currency) - total(self.lowered, currency)

    @property
    def left(self) -> Money:
        """What is still to be collected."""
        return self.due - self.collected

    def require_customer(self, payment: Payment) -> None:
        """Refuse the money of another customer."""
        own = Text("a payment of the bill's customer", "账单客户本人的款项")
        require(payment.customer == self.customer, r.AMOUNT, accepted=own, payment=payment.id, bill=self.id)

    def require_taken_for(self, payment: Payment, act: MoneyAct) -> None:
        """Refuse cash of another customer, for what is collected, and above a small fee before the invoice. [SVC-05]"""
        self.require_customer(payment)
        bills.table.consequence(self, _M.APPLY)
        most = act.rules.small_fee
        small = most is None or self.due <= most or self.invoice is not None
        first = Text(f"a fee up to {most}, or an invoice first", f"不超过 {most} 的费用，或先开票")
        require(small, r.CHARGE, accepted=first, bill=self.id, given=self.due)

    # --- commands
    @staticmethod
    @bills.opens(_M.OPEN)
    def open(act: MoneyAct, subject: str, purpose: str, customer: str, lines: Sequence[Line]) -> tuple["Bill", Events]:
        for name, value in (("subject", subject), ("purpose", purpose), ("customer", customer)):
            FIELDS.check_id(value, name)
        if not lines:
            raise MalformedPayment(field="lines", accepted=Text("at least one line", "至少一行"))
        for line in lines:
            payable(line.price, act.currency, "price")
        nothing = Money.zero(act.currency)
        bill = Bill(
            **act.about(bill_of(subject, purpose)),
            subject=subject,
            purpose=purpose,
            customer=customer,
            lines=tuple(lines),
            collected=nothing,
            confirmed=nothing,
        )
        if act.books.has_bill(bill.id):
            another = Text("another purpose, or the bill that is there", "另一事项，或已有的账单")
            raise AlreadyBilled(bill=bill.id, accepted=another)
        return bill, act.opened(bill, e.BillOpened(due=bill.due.minor))

    @bills(_M.APPLY)
    def apply(self, act: MoneyAct, payment: str, amount: Money) -> Events:
        money: Payment = act.books.payment(payment)
        self.require_customer(money)
        BeyondMoney.check(payable(amount, self.due.currency), self.left, bill=self.id)
        act.books.keep(money, money.used(act, self.id, amount))
        return self._settled(act, act.done(self._adding(money, amount)))

    @bills(_M.TAKE_BACK)
    def take_back(self, act: MoneyAct, payment: str, amount: Money, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        BeyondMoney.check(payable(amount, self.due.currency), self.collected, bill=self.id)
        money: Payment = act.books.payment(payment)
        act.books.keep(money, money.freed(act, self.id, amount))
        return self._lost(act, money, amount, reason)

    @bills(_M.REFUND)
    def refund(self, act: MoneyAct, payment: str, amount: Money, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        BeyondMoney.check(payable(amount, self.due.currency), self.collected, bill=self.id)
        money: Payment = act.books.payment(payment)
        came = Text("money that finance has confirmed", "财务已确认到账的款项")
        require(money.state is PaymentState.CONFIRMED, r.AMOUNT, accepted=came, payment=money.id)
        act.books.keep(money, money.given_back(act, self.id, amount, reason))
        return self._lost(act, money, amount, reason)

    @bills(_M.INVOICE, when=_is_not_invoiced)
    def enter_invoice(self, act: MoneyAct, number: str) -> Events:
        self.invoice, self.invoiced = FIELDS.check_id(number, "number"), self.due
        return act.done(e.BillInvoiced(invoice=number, amount=self.due.minor))

    @bills(_M.LOWER)
    def lower(self, act: MoneyAct, amount: Money, reason: str, note: str) -> Events:
        BeyondMoney.check(payable(amount, self.due.currency), self.left)
        FIELDS.check_text(reason, "reason")
        wanted = Text("the number of a credit note, once the bill is invoiced", "开票后须有红字发票号")
        require(bool(note) is (self.invoice is not None), r.CHARGE, accepted=wanted, invoiced=self.invoice is not None)
        FIELDS.check_id(note or "-", "note")
        self.lowered = (*self.lowered, amount)
        if self.invoiced is not None:
            self.invoiced -= amount
        return self._settled(act, act.done(e.BillLowered(note=note, amount=amount.minor, reason=reason)))

    @bills(_M.CANCEL, when=_is_untouched)
    def cancel(self, act: MoneyAct, reason: str) -> Events:
        return act.done(e.BillCancelled(reason=FIELDS.check_text(reason, "reason")))

    @bills(_M.WRITE_OFF, when=_may_write_off)
    def write_off(self, act: MoneyAct, reason: str) -> Events:
        return act.done(e.BillWrittenOff(amount=self.left.minor, reason=FIELDS.check_text(reason, "reason")))

    # --- what follows from commands of payments
    def took(self, act: MoneyAct, payment: Payment, amount: Money) -> Events:
        """So much of a payment that was meant for it is used."""
        return self._settled(act, act.beside(bills, self, _M.APPLY, self._adding(payment, amount)))

    def confirmed_by(self, act: MoneyAct, payment: Payment, amount: Money) -> Events:
        """Finance has confirmed a payment of which so much is used."""
        told = act.beside(bills, self, _M.CONFIRM, e.MoneyConfirmed(payment=payment.id, amount=amount.minor))
        self.confirmed += amount
        return self._settled(act, told)

    def _adding(self, payment: Payment, amount: Money) -> e.MoneyApplied:
        self.collected += amount
        self.confirmed += amount if payment.state is PaymentState.CONFIRMED else amount - amount
        self.payments = tuple(dict.fromkeys((*self.payments, payment.id)))
        return e.MoneyApplied(payment=payment.id, amount=amount.minor)

    def _lost(self, act: MoneyAct, payment: Payment, amount: Money, reason: str) -> Events:
        self.collected -= amount
        self.confirmed -= amount if payment.state is PaymentState.CONFIRMED else amount - amount
        told = e.MoneyTakenBack(payment=payment.id, amount=amount.minor, reason=reason)
        return self._settled(act, act.done(told))

    def _settled(self, act: MoneyAct, told: Events) -> Events:
        """The step that follows from what is collected and confirmed by now."""
        state, move, event = (
            (BillState.PAID, _M.PAY, e.BillPaid())
            if self.confirmed >= self.due
            else (BillState.COLLECTED, _M.COLLECT, e.BillCollected())
            if self.collected >= self.due
            else (BillState.OPEN, _M.REOPEN, e.BillReopened())
        )
        if self.state in (state, BillState.WRITTEN_OFF):
            return told
        return (*told, *act.beside(bills, self, move, event))


BILL_CUSTOMER: Final[Field[Bill, str]] = Field("customer", str, lambda b: b.customer)
#: What is still to be collected; None where nothing is.
OWED: Final[Field[Bill, int]] = amount("owed", lambda b: b.left.minor or None if b.state is BillState.OPEN else None)
_BILL: Final[tuple[Field[Bill, Any], ...]] = (
    Field("subject", str, lambda b: b.subject),
    BILL_CUSTOMER,
    amount("due", lambda b: b.due.minor),
    OWED,
    Field("invoice", str, lambda b: b.invoice),
    *usual(BILL_MOVES),
)
BILLS: Final = Kind(Bill, BILL_ID, "bill", _BILL, queue=_BILL[-1], indexes=(("state", "owed"),))
