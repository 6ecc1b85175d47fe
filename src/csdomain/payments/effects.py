"""What follows from what happens to bills and payments: a table, event by event (design decision D8)."""

from collections.abc import Iterable
from typing import Final

from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import TimerBreached
from csdomain.kernel.values.durations import WorkingDays
from csdomain.kernel.values.money import Money

from . import events as e
from . import rules as r
from .model.bill import BILLS
from .model.payment import PAYMENTS, Payment
from .values import PAYMENT_RULES, PaymentRules

FINANCE: Final = "finance"
BILL_EFFECTS: Final = Effects(BILLS, PAYMENT_RULES)
EFFECTS: Final = Effects(PAYMENTS, PAYMENT_RULES)
S = Scene[PaymentRules]


@BILL_EFFECTS.on(e.BillOpened)
def _opened(event: e.BillOpened, s: S) -> Iterable[Effect]:
    if s.rules.small_fee is not None and event.due > s.rules.small_fee.minor:
        yield s.tell(event, "to_invoice", FINANCE, about=event.about, amount=s.case.due)


@BILL_EFFECTS.on(e.BillCollected, e.BillPaid)
def _collected(event: e.BillCollected | e.BillPaid, s: S) -> Iterable[Effect]:
    if s.case.invoice is None and s.case.due:
        yield s.tell(event, "to_invoice", FINANCE, about=event.about, amount=s.case.due)


@EFFECTS.on(e.CashTaken)
def _taken(event: e.CashTaken, s: S) -> Iterable[Effect]:
    yield s.clock(event, timer(r.CASH), WorkingDays(s.rules.hand_in_days))


@EFFECTS.on(e.TransferAnnounced)
def _announced(event: e.TransferAnnounced, s: S) -> Iterable[Effect]:
    account = s.rules.banks[event.bank]
    yield s.tell(event, "account", event.customer, bank=event.bank, account=account, amount=s.case.amount)


@EFFECTS.on(e.TransferFailed)
def _failed(event: e.TransferFailed, s: S) -> Iterable[Effect]:
    yield s.tell(event, "failed", event.owner, customer=s.case.customer, amount=s.case.amount)


@EFFECTS.on(e.PaymentConfirmed)
def _confirmed(event: e.PaymentConfirmed, s: S) -> Iterable[Effect]:
    yield s.tell(event, "received", event.customer, amount=s.case.amount, on=event.value_on)
    if s.rules.contact_within is not None:
        yield s.clock(event, timer(r.NOTICE), s.rules.contact_within)


@EFFECTS.on(e.CashHandedIn, e.CustomerContacted)
def _in_time(event: e.CashHandedIn | e.CustomerContacted, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.CASH if isinstance(event, e.CashHandedIn) else r.NOTICE))


@EFFECTS.on(e.PaymentRefunded)
def _refunded(event: e.PaymentRefunded, s: S) -> Iterable[Effect]:
    amount = Money(event.amount, s.place.currency)
    yield s.tell(event, "to_refund", FINANCE, event.nth, customer=s.case.customer, amount=amount)


@EFFECTS.fires(TimerBreached, r.CASH)
def _cash_overdue(payment: Payment, fired: TimerBreached, s: S) -> Iterable[Effect]:
    for who in dict.fromkeys((payment.owner, FINANCE)):
        yield s.tell(fired, "cash_overdue", who, who, amount=payment.amount, holder=payment.owner)


@EFFECTS.fires(TimerBreached, r.NOTICE)
def _contact_overdue(payment: Payment, fired: TimerBreached, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "contact_overdue", payment.owner, customer=payment.customer, amount=payment.amount)
