"""The payment and its commands."""

from datetime import date
from typing import Any, ClassVar, Final
from unicodedata import normalize

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.fields import SHORT, amount
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.money import Money, total
from csdomain.kernel.values.personal import PersonalKind, personal
from csdomain.payments import events as e
from csdomain.payments import rules as r
from csdomain.payments.lifecycle import PAYMENT_MOVES, BillState, PaymentMove, PaymentState, Way
from csdomain.payments.values import BILL_ID, FIELDS, PAYMENT_ID, MalformedPayment, PaymentId, payable

from .act import BeyondMoney, MoneyAct

_M: Final = PaymentMove


class ReferenceUsed(RuleBroken):
    """The bank reference is that of another payment: the same reference is the same payment (REN-06)."""

    default_rule = r.AMOUNT
    problem = Text("This bank reference is that of another payment.", "此银行流水号已属于另一笔款项。")


def _may_confirm(payment: "Payment", act: MoneyAct) -> None:
    if payment.way is Way.CASH:
        OwnRequest.check(payment.id, act.by.id, [payment.owner])


pays: Final = Commands(PAYMENT_MOVES, path=lambda payment: payment.way.value)


@attrs.define(kw_only=True)
class Payment(Record):
    """Money of a customer. ``owner`` took the cash, or recorded what was announced.

    ``uses`` are how much of it is used for which bill, ``bill`` is for what it was meant. [REN-06, REN-13]
    """

    id: PaymentId = attrs.field(on_setattr=attrs.setters.frozen)
    state: PaymentState = PaymentState.PENDING
    customer: str
    payer: str = personal(PersonalKind.NAME, default="")
    way: Way
    amount: Money
    bill: str = ""
    bank: str = ""
    reference: str = ""
    value_on: date | None = None
    uses: dict[str, Money] = attrs.field(factory=dict)
    refunds: tuple[Money, ...] = ()
    number: ClassVar[str] = ""

    # --- what it is
    @property
    def refunded(self) -> Money:
        """How much went back to the customer."""
        return total(self.refunds, self.amount.currency)

    @property
    def left(self) -> Money:
        """What is neither used nor given back."""
        return self.amount - self.refunded - total([*self.uses.values()], self.amount.currency)

    @property
    def usable(self) -> bool:
        """Whether the money is there: cash that was taken, a transfer that was confirmed."""
        return self.way is Way.CASH or self.state is PaymentState.CONFIRMED

    # --- commands
    @staticmethod
    @pays.opens(_M.TAKE)
    def take(act: MoneyAct, customer: str, amount: Money, bill: str, payer: str) -> tuple["Payment", Events]:
        FIELDS.check_text(payer, "payer", SHORT, empty=True)
        payment = _payment(act, Way.CASH, customer, amount, bill, payer=payer)
        told = act.opened(payment, e.CashTaken(amount=amount.minor))
        if bill:
            owed = act.books.bill(bill)
            owed.require_taken_for(payment, act)
            told = (*told, *_meant(act, payment, owed))
        return payment, told

    @staticmethod
    @pays.opens(_M.ANNOUNCE)
    def announce(act: MoneyAct, customer: str, amount: Money, bank: str, bill: str) -> tuple["Payment", Events]:
        payment = _payment(act, Way.TRANSFER, customer, amount, bill, bank=bank)
        if bill:
            act.books.bill(bill).require_customer(payment)
        return payment, act.opened(payment, e.TransferAnnounced(amount=amount.minor, bank=bank))

    @pays(_M.HAND_IN)
    def hand_in(self, act: MoneyAct) -> Events:
        return act.done(e.CashHandedIn())

    @pays(_M.CONFIRM, when=_may_confirm)
    def confirm(self, act: MoneyAct, reference: str, value_on: date | None) -> Events:
        came = self.came(act, reference, value_on)
        concerned = [act.books.bill(id) for id in sorted(self.bills)]
        self.reference, self.value_on = came
        told = act.done(e.PaymentConfirmed(amount=self.amount.minor, value_on=self.value_on))
        for bill in concerned:
            if bill.id in self.uses:
                act.books.keep(bill, bill.confirmed_by(act, self, self.uses[bill.id]))
            else:
                told = (*told, *_meant(act, self, bill))
        return told

    @staticmethod
    @pays.opens(_M.RECEIVE)
    def receive(
        act: MoneyAct, customer: str, amount: Money, bank: str, reference: str, value_on: date | None, bill: str
    ) -> tuple["Payment", Events]:
        payment = _payment(act, Way.TRANSFER, customer, amount, bill, bank=bank)
        payment.reference, payment.value_on = payment.came(act, reference, value_on)
        owed = act.books.bill(bill) if bill else None
        if owed is not None:
            owed.require_customer(payment)
        told = act.opened(payment, e.TransferReceived(amount=amount.minor, bank=bank))
        confirmed = e.PaymentConfirmed(amount=amount.minor, value_on=payment.value_on)
        told = (*told, *act.beside(pays, payment, _M.CONFIRM, confirmed))
        return payment, told if owed is None else (*told, *_meant(act, payment, owed))

    def came(self, act: MoneyAct, reference: str, value_on: date | None) -> tuple[str, date]:
        """By which reference and on which day the money came: a transfer's reference is no other's."""
        on = act.today() if value_on is None else value_on
        require(on <= act.today(), r.AMOUNT, accepted=Text("a day up to today", "不晚于今日"), given=on)
        cash, plain = self.way is Way.CASH, "".join(normalize("NFKC", reference).split()).upper()
        FIELDS.check_text(plain, "reference", 0 if cash else 56, empty=cash)
        found = "" if cash else f"{self.bank}/{plain}"
        other = None if cash else act.books.payment_by(found)
        if other is not None:
            raise ReferenceUsed(payment=other, accepted=Text("a reference that is not known", "未登记的流水号"))
        return found, on

    @pays(_M.FAIL)
    def fail(self, act: MoneyAct, reason: str) -> Events:
        return act.done(e.TransferFailed(reason=FIELDS.check_text(reason, "reason")))

    @pays(_M.REFUND)
    def refund(self, act: MoneyAct, amount: Money, reason: str) -> Events:
        BeyondMoney.check(payable(amount, self.amount.currency), self.left)
        FIELDS.check_text(reason, "reason")
        return act.done(self._giving_back(amount, reason))

    @pays(_M.CONTACT)
    def contact(self, act: MoneyAct) -> Events:
        return act.done(e.CustomerContacted())

    # --- what follows from commands of bills
    @property
    def bills(self) -> frozenset[str]:
        """The bills that it is used for, and the one that it is meant for until it has come."""
        return frozenset([*self.uses, *([self.bill] if self.bill and not self.usable else [])])

    def used(self, act: MoneyAct, bill: str, amount: Money) -> Events:
        """So much of it is used for a bill. Raises BeyondMoney, and MoveRefused where the money has not come."""
        BeyondMoney.check(amount, self.left, payment=self.id)
        told = act.beside(pays, self, _M.USE, e.PaymentUsed(bill=bill, amount=amount.minor))
        self.uses = {**self.uses, bill: self.uses.get(bill, amount - amount) + amount}
        return told

    def freed(self, act: MoneyAct, bill: str, amount: Money) -> Events:
        """So much of it is used for a bill no more. Raises BeyondMoney."""
        there = self.uses.get(bill, amount - amount)
        BeyondMoney.check(amount, there, payment=self.id)
        told = act.beside(pays, self, _M.FREE, e.PaymentFreed(bill=bill, amount=amount.minor))
        self.uses = {id: used for id, used in (self.uses | {bill: there - amount}).items() if used}
        return told

    def given_back(self, act: MoneyAct, bill: str, amount: Money, reason: str) -> Events:
        """So much of it is taken back from a bill for the customer. Raises BeyondMoney, MoveRefused."""
        told = self.freed(act, bill, amount)
        return (*told, *act.beside(pays, self, _M.REFUND, self._giving_back(amount, reason)))

    def _giving_back(self, amount: Money, reason: str) -> e.PaymentRefunded:
        self.refunds = (*self.refunds, amount)
        return e.PaymentRefunded(nth=len(self.refunds), amount=amount.minor, reason=reason)


def _payment(act: MoneyAct, way: Way, customer: str, amount: Money, bill: str, **more: Any) -> Payment:
    if way is Way.TRANSFER and more["bank"] not in act.rules.banks:
        known = ", ".join(act.rules.banks) or "-"
        raise MalformedPayment(field="bank", accepted=Text(known, known))
    return Payment(
        **act.about(act.new(PAYMENT_ID)),
        customer=FIELDS.check_id(customer, "customer"),
        way=way,
        amount=payable(amount, act.currency),
        bill=bill and BILL_ID.check(bill),
        **more,
    )


def _meant(act: MoneyAct, payment: Payment, bill: Any) -> Events:
    """What a payment that was meant for a bill does there: the bill takes what it still can, the rest is credit."""
    if bill.state is not BillState.OPEN:
        return ()
    amount = min(payment.left, bill.left)
    told = payment.used(act, bill.id, amount)
    act.books.keep(bill, bill.took(act, payment, amount))
    return told


CUSTOMER: Final[Field[Payment, str]] = Field("customer", str, lambda p: p.customer)
REFERENCE: Final[Field[Payment, str]] = Field("reference", str, lambda p: p.reference or None, unique=True)
HOLDER: Final[Field[Payment, str]] = Field(
    "holder", str, lambda p: p.owner if p.way is Way.CASH and p.state is PaymentState.PENDING else None
)
#: What may be used for a bill, on purpose; None where there is nothing.
CREDIT: Final[Field[Payment, int]] = amount("credit", lambda p: p.left.minor or None if p.usable else None)
_PAYMENT: Final[tuple[Field[Payment, Any], ...]] = (
    CUSTOMER,
    Field("way", str, lambda p: p.way.value, index=False),
    REFERENCE,
    HOLDER,
    amount("amount", lambda p: p.amount.minor),
    CREDIT,
    Field("value_on", date, lambda p: p.value_on),
    *usual(PAYMENT_MOVES),
)
PAYMENTS: Final = Kind(Payment, PAYMENT_ID, "payment", _PAYMENT, queue=_PAYMENT[-1], indexes=(("customer", "credit"),))
