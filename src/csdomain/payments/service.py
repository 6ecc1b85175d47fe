"""The use cases of bills and payments, one method each."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.rules.errors import Conflict, InvalidValue, NotFound
from csdomain.kernel.store.kinds import Page, Query, Tally, TallyRow
from csdomain.kernel.store.ports import Call, Receipt, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money, total
from csdomain.rulebook import House

from .effects import BILL_EFFECTS, EFFECTS
from .lifecycle import BillState, PaymentState
from .model.act import MoneyAct
from .model.bill import BILL_CUSTOMER, BILLS, OWED, Bill, bills
from .model.payment import CREDIT, CUSTOMER, HOLDER, PAYMENTS, REFERENCE, Payment, pays
from .values import Agreement, BillStanding, Line

C = TypeVar("C", Bill, Payment)
_REASONS: Final = attrgetter("hold_reasons")
PAYMENT_CASES: Final = CaseType(PAYMENTS, pays, EFFECTS, (), Keeping("payment", CUSTOMER, _REASONS))
BILL_CASES: Final = CaseType(BILLS, bills, BILL_EFFECTS, (), Keeping("bill", BILL_CUSTOMER, _REASONS))


@attrs.frozen
class _Books:
    """The bills and payments of a unit of work. Satisfies :class:`~csdomain.payments.ports.Books`."""

    unit: Unit
    house: House

    def bill(self, id: str, /) -> Bill:
        return self.unit.locked(BILLS, id)

    def payment(self, id: str, /) -> Payment:
        return self.unit.locked(PAYMENTS, id)

    def has_bill(self, id: str, /) -> bool:
        return self.unit.session.fetch(BILLS, id, lock=False) is not None

    def payment_by(self, reference: str, /) -> str | None:
        there = self.unit.of(PAYMENTS).find(Query((REFERENCE.is_(reference),), limit=1)).items
        return there[0].id if there else None

    def keep(self, changed: Bill | Payment, events: Events, /) -> None:
        (BILL_CASES if isinstance(changed, Bill) else PAYMENT_CASES).keep(self.unit, self.house, changed, events)


@attrs.frozen
class _Money(CaseService[C, MoneyAct]):
    def _hand(self, unit: Unit, **given: Any) -> MoneyAct:
        return MoneyAct(books=_Books(unit, self._house), **given)


@attrs.frozen
class Bills(_Money[Bill]):
    """What is owed: one bill for a purpose of a case. Commands are as :class:`Payments` says."""

    _cases: ClassVar = BILL_CASES

    def open(
        self, subject: str, purpose: str, customer: str, lines: Sequence[Line], **call: Unpack[OpenOptions]
    ) -> Receipt:
        """Bill a customer for a purpose of a case (``job_…``, ``fee``), once. Raises AlreadyBilled. [SVC-05]"""
        return self._begin(Bill.open, call, subject, purpose, customer, lines)

    def apply(self, id: str, payment: str, amount: Money, **call: Unpack[CallOptions]) -> Receipt:
        """Use so much of a payment, credit included. Raises BeyondMoney, CurrencyMismatch, RuleBroken. [REN-06]"""
        return self._do(Bill.apply, id, call, payment, amount)

    def take_back(self, id: str, payment: str, amount: Money, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Use so much of a payment no more: it is credit again. Raises BeyondMoney. [REN-06]"""
        return self._do(Bill.take_back, id, call, payment, amount, reason)

    def refund(self, id: str, payment: str, amount: Money, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Take back so much of a confirmed payment and give it to the customer. Raises BeyondMoney. [REN-06]"""
        return self._do(Bill.refund, id, call, payment, amount, reason)

    def invoice(self, id: str, number: str, **call: Unpack[CallOptions]) -> Receipt:
        """Finance has invoiced what is due, once. Raises RuleBroken. [SVC-05]"""
        return self._do(Bill.enter_invoice, id, call, number)

    def lower(self, id: str, amount: Money, reason: str, note: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Less is owed; after an invoice by a credit note, whose number is given. Raises BeyondMoney. [SVC-05]"""
        return self._do(Bill.lower, id, call, amount, reason, note)

    def cancel(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Nothing is owed; nothing was collected or invoiced. Raises RuleBroken. [SVC-05]"""
        return self._do(Bill.cancel, id, call, reason)

    def write_off(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """What is left will not come. Raises BeyondAuthority, OwnRequest. [SVC-05, KRN-08]"""
        return self._do(Bill.write_off, id, call, reason)

    # --- questions
    def owed(self, query: Query[Bill] = Query(), *, by: Actor) -> Page[Bill]:  # noqa: B008 - frozen
        """One page of the bills of which something is still to be collected. Raises as ``find``."""
        return self.find(attrs.evolve(query, where=(*query.where, OWED.present())), by=by)

    def agreement(self, id: str, *, by: Actor) -> Agreement:
        """What is due, collected, handed in, confirmed and invoiced, by the payments, and what differs. [SVC-05]"""
        return self._read(lambda unit, actor: _agreement(self._readable(unit, id, actor), unit), by, id)

    def standing(self, id: str, *, by: Actor) -> BillStanding:
        """Whether it is paid, what is left, and what credit the customer has besides. [REN-06]"""
        return self._read(lambda unit, actor: standing(self._readable(unit, id, actor), unit), by, id)


def standing(bill: Bill, unit: Unit) -> BillStanding:
    """How a bill stands, in a unit of work."""
    tally = Tally((CUSTOMER.is_(bill.customer), CREDIT.present()), sums=("credit",))
    credit = sum(row.sums[0] for row in unit.of(PAYMENTS).tally(tally))
    money = Money(credit, bill.due.currency)
    return BillStanding(paid=bill.state is BillState.PAID, collected=bill.collected, left=bill.left, credit=money)


def _agreement(bill: Bill, unit: Unit) -> Agreement:
    used = [unit.of(PAYMENTS).get(id) for id in bill.payments]
    there = [(payment, payment.uses[bill.id]) for payment in used if bill.id in payment.uses]
    currency = bill.due.currency

    collected, handed_in, confirmed = (
        total([amount for payment, amount in there if payment.state not in before], currency)
        for before in ((), (PaymentState.PENDING,), (PaymentState.PENDING, PaymentState.HANDED_IN))
    )
    nothing = Money.zero(currency)
    ended = bill.state in (BillState.CANCELLED, BillState.WRITTEN_OFF)
    found = {
        "not_collected": nothing if ended else bill.due - collected,
        "not_handed_in": collected - handed_in,
        "not_confirmed": handed_in - confirmed,
        "not_invoiced": nothing if bill.state is BillState.CANCELLED else bill.due - (bill.invoiced or nothing),
        "bill_beside_payments": bill.collected - collected,
    }
    return Agreement(
        due=bill.due,
        collected=collected,
        handed_in=handed_in,
        confirmed=confirmed,
        invoiced=bill.invoiced,
        differences={name: amount for name, amount in found.items() if amount},
    )


@attrs.frozen
class Payments(_Money[Payment]):
    """Money that comes, in cash or by transfer, and the bills that it is for.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused, MalformedPayment; what else it refuses, its docstring says.
    """

    _cases: ClassVar = PAYMENT_CASES

    @property
    def bills(self) -> Bills:
        """What is owed: to bill, to use payments, to invoice, to write off (SVC-05, REN-06)."""
        return Bills(self._store, self._house, self._ids, customers=self._customers)

    @property
    def _further(self) -> tuple[CaseService[Any, Any], ...]:
        return (self.bills,)

    def take(
        self, customer: str, amount: Money, bill: str = "", payer: str = "", **call: Unpack[OpenOptions]
    ) -> Receipt:
        """Take cash; ``bill`` takes what it still can, the rest is credit. ``by`` holds it. [REN-13, SVC-05]"""
        return self._begin(Payment.take, call, customer, amount, bill, payer)

    def announce(self, customer: str, amount: Money, bank: str, bill: str = "", **call: Unpack[OpenOptions]) -> Receipt:
        """The customer will transfer money, and is told our account at ``bank``. [REN-13]"""
        return self._begin(Payment.announce, call, customer, amount, bank, bill)

    def receive(
        self,
        customer: str,
        amount: Money,
        bank: str,
        reference: str,
        value_on: date | None = None,
        bill: str = "",
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Finance has a transfer that nobody announced; as ``announce`` and ``confirm``. [REN-06]"""
        return self._begin(Payment.receive, call, customer, amount, bank, reference, value_on, bill)

    def hand_in(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The cash goes to finance. [REN-13]"""
        return self._do(Payment.hand_in, id, call)

    def confirm(
        self, id: str, reference: str = "", value_on: date | None = None, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Finance has the money since ``value_on`` (today): bills that it covers are paid, the customer is told.

        A transfer has the bank's ``reference``. Raises ReferenceUsed, OwnRequest for one's own cash. [REN-06, REN-12]
        """
        return self._do(Payment.confirm, id, call, reference, value_on)

    def fail(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The money that was announced did not come. [REN-06]"""
        return self._do(Payment.fail, id, call, reason)

    def refund(self, id: str, amount: Money, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Give back so much of what is not used. Raises BeyondMoney. [REN-06]"""
        return self._do(Payment.refund, id, call, amount, reason)

    def contact(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer was told in person that the money has come. [REN-12]"""
        return self._do(Payment.contact, id, call)

    # --- questions
    def cash(self, *, by: Actor) -> Sequence[TallyRow]:
        """The cash that is not handed in, by holder, with the sum of each. [REN-13]"""
        return self.tally(Tally((HOLDER.present(),), group_by=("holder",), sums=("amount",)), by=by)

    def credits(self, *, by: Actor) -> Sequence[TallyRow]:
        """The credit of each customer who has some. [REN-06]"""
        return self.tally(Tally((CREDIT.present(),), group_by=("customer",), sums=("credit",)), by=by)

    def _run(self, work: Callable[[Unit], Receipt], call: Call, by: Actor) -> Receipt:
        def in_order(unit: Unit) -> Receipt:
            with suppress(NotFound, InvalidValue):  # ``work`` refuses those
                books, known = _Books(unit, self._house), unit.of(PAYMENTS).get(call.subject).bills
                for bill in sorted(known):  # before their payment (ADR 25)
                    books.bill(bill)
                if books.payment(call.subject).bills != known:  # used for another one meanwhile
                    raise Conflict(kind="payment", id=call.subject)
            return work(unit)

        return super()._run(in_order if call.use_case == "payment.confirm" else work, call, by)
