"""The payment and its commands."""

from collections.abc import Mapping
from datetime import date, datetime
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
from csdomain.payments.lifecycle import PAYMENT_MOVES, BillMove, BillState, PaymentMove, PaymentState, Way
from csdomain.payments.ports import BillBeside
from csdomain.payments.values import BILL_ID, FIELDS, PAYMENT_ID, MalformedPayment, PaymentId, payable

from .act import BeyondMoney, MoneyAct

_M: Final = PaymentMove
_REFERENCE: Final = 56


class ReferenceUsed(RuleBroken):
    """The bank reference is that of another payment: the same reference is the same payment (REN-06)."""

    default_rule = r.AMOUNT
    problem = Text("This bank reference is that of another payment.", "此银行流水号已属于另一笔款项。")


def _path(payment: "Payment") -> str:
    return payment.way.value


def _may_confirm(payment: "Payment", act: MoneyAct) -> None:
    if payment.way is Way.CASH:
        OwnRequest.check(payment.id, act.by.id, [payment.owner])


def _has_credit(payment: "Payment", act: MoneyAct) -> None:
    require(bool(payment.left), r.AMOUNT, accepted=Text("money that is not used", "未使用的款项"))


pays: Final = Commands(PAYMENT_MOVES, path=_path)


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
    recorded_at: datetime
    value_on: date | None = None
    uses: Mapping[str, Money] = attrs.field(factory=dict)
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
        return self.amount - total([*self.uses.values(), *self.refunds], self.amount.currency)

    @property
    def usable(self) -> bool:
        """Whether the money is there: cash that was taken, a transfer that was confirmed."""
        there = self.state in (PaymentState.PENDING, PaymentState.HANDED_IN) and self.way is Way.CASH
        return there or self.state is PaymentState.CONFIRMED

    @property
    def holder(self) -> str | None:
        """Who has the cash and has not handed it in. [REN-13]"""
        return self.owner if self.way is Way.CASH and self.state is PaymentState.PENDING else None

    @property
    def credit(self) -> int | None:
        """What may be used for a bill, on purpose; None where there is nothing."""
        return self.left.minor or None if self.usable else None

    # --- commands
    @staticmethod
    @pays.opens(_M.TAKE)
    def take(act: MoneyAct, customer: str, amount: Money, bill: str, payer: str) -> tuple["Payment", Events]:
        FIELDS.check_text(payer, "payer", SHORT, empty=True)
        payment = _payment(act, Way.CASH, customer, amount, bill, payer=payer)
        told = act.opened(payment, e.CashTaken(amount=amount.minor))
        if not bill:
            return payment, told
        owed = act.books.bill(bill)
        owed.require_taken_for(payment, act)
        return payment, (*told, *_meant(act, payment, owed, BillMove.RECEIVE))

    @staticmethod
    @pays.opens(_M.ANNOUNCE)
    def announce(act: MoneyAct, customer: str, amount: Money, bank: str, bill: str) -> tuple["Payment", Events]:
        if bank not in act.rules.banks:
            known = ", ".join(act.rules.banks) or "-"
            raise MalformedPayment(field="bank", accepted=Text(known, known))
        payment = _payment(act, Way.TRANSFER, customer, amount, bill, bank=bank)
        if bill:
            act.books.bill(bill).require_customer(payment)
        return payment, act.opened(payment, e.TransferAnnounced(amount=amount.minor, bank=bank))

    @pays(_M.HAND_IN)
    def hand_in(self, act: MoneyAct) -> Events:
        return act.done(e.CashHandedIn(amount=self.amount.minor))

    @pays(_M.CONFIRM, when=_may_confirm)
    def confirm(self, act: MoneyAct, reference: str, value_on: date | None) -> Events:
        on = act.today() if value_on is None else value_on
        require(on <= act.today(), r.AMOUNT, accepted=Text("a day up to today", "不晚于今日"), given=on)
        cash, plain = self.way is Way.CASH, "".join(normalize("NFKC", reference).split()).upper()
        FIELDS.check_text(plain, "reference", 0 if cash else _REFERENCE, empty=cash)
        found = "" if cash else f"{self.bank}/{plain}"
        other = None if cash else act.books.payment_by(found)
        if other is not None:
            raise ReferenceUsed(payment=other, accepted=Text("a reference that is not known", "未登记的流水号"))
        concerned = [act.books.bill(id) for id in sorted(self.bills)]
        self.reference, self.value_on = found, on
        told = act.done(e.PaymentConfirmed(amount=self.amount.minor, value_on=on))
        for bill in concerned:
            if bill.id in self.uses:
                act.books.keep(bill, bill.confirmed_by(act, self, self.uses[bill.id]))
            elif bill.state is BillState.OPEN:
                told = (*told, *_meant(act, self, bill, BillMove.APPLY))
        return told

    @pays(_M.FAIL)
    def fail(self, act: MoneyAct, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        return act.done(e.TransferFailed(amount=self.amount.minor, reason=reason))

    @pays(_M.REFUND, when=_has_credit)
    def refund(self, act: MoneyAct, amount: Money, reason: str) -> Events:
        payable(amount, self.amount.currency)
        FIELDS.check_text(reason, "reason")
        BeyondMoney.check(amount, self.left)
        self.refunds = (*self.refunds, amount)
        return act.done(e.PaymentRefunded(nth=len(self.refunds), amount=amount.minor, reason=reason))

    @pays(_M.CONTACT)
    def contact(self, act: MoneyAct) -> Events:
        return act.done(e.CustomerContacted())

    # --- what follows from commands of bills
    @property
    def bills(self) -> frozenset[str]:
        """The bills that it is used for, and the one that it is meant for until it has come."""
        meant = {self.bill} if self.bill and not self.usable else set()
        return frozenset({*self.uses, *meant})

    def used(self, act: MoneyAct, bill: str, amount: Money) -> Events:
        """So much of it is used for a bill. Raises BeyondMoney, and MoveRefused where the money has not come."""
        BeyondMoney.check(amount, self.left, payment=self.id)
        told = act.follow(pays, self, _M.USE, e.PaymentUsed(bill=bill, amount=amount.minor))
        self.uses = {**self.uses, bill: self.uses.get(bill, amount - amount) + amount}
        return told

    def freed(self, act: MoneyAct, bill: str, amount: Money) -> Events:
        """So much of it is used for a bill no more. Raises BeyondMoney."""
        there = self.uses.get(bill, amount - amount)
        BeyondMoney.check(amount, there, payment=self.id)
        told = act.follow(pays, self, _M.FREE, e.PaymentFreed(bill=bill, amount=amount.minor))
        rest = {**self.uses, bill: there - amount}
        self.uses = {id: used for id, used in rest.items() if used}
        return told

    def paid_back(self, act: MoneyAct, amount: Money, reason: str) -> Events:
        """So much of it goes back to the customer. Raises MoveRefused where finance has not confirmed it."""
        nth = len(self.refunds) + 1
        told = act.follow(pays, self, _M.REFUND, e.PaymentRefunded(nth=nth, amount=amount.minor, reason=reason))
        self.refunds = (*self.refunds, amount)
        return told


def _payment(act: MoneyAct, way: Way, customer: str, amount: Money, bill: str, **more: Any) -> Payment:
    return Payment(
        id=act.new(PAYMENT_ID),
        branch=act.by.branch,
        owner=act.by.id,
        rulebook=act.rulebook,
        moved_at=act.at,
        customer=FIELDS.check_id(customer, "customer"),
        way=way,
        amount=payable(amount, act.currency),
        bill=bill and BILL_ID.check(bill),
        recorded_at=act.at,
        **more,
    )


def _meant(act: MoneyAct, payment: Payment, bill: BillBeside, move: BillMove) -> Events:
    """What a payment that was meant for a bill does there: the bill takes what it still can, the rest is credit."""
    amount = min(payment.left, bill.left)
    if not amount:
        return ()
    told = payment.used(act, bill.id, amount)
    act.books.keep(bill, bill.took(act, payment, amount, move))
    return told


CUSTOMER: Final[Field[Payment, str]] = Field("customer", str, lambda p: p.customer)
REFERENCE: Final[Field[Payment, str]] = Field("reference", str, lambda p: p.reference or None, unique=True)
#: Whose hand the cash is in; nobody's once it was handed in.
HOLDER: Final[Field[Payment, str]] = Field("holder", str, lambda p: p.holder)
CREDIT: Final[Field[Payment, int]] = amount("credit", lambda p: p.credit)
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
