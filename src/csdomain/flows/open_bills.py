"""Bills are opened, and asked for, in the unit of work of the case that they are about (SVC-05, REN-04, ORD-04)."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, cast

import attrs

from csdomain.frame.acts import Events
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import Action, Actor, Scope
from csdomain.kernel.values.ids import IdSource
from csdomain.kernel.values.money import Money
from csdomain.payments.effects import BILL_EFFECTS
from csdomain.payments.lifecycle import BILL_MOVES, BillMove, BillState, PaymentState
from csdomain.payments.model.act import MoneyAct
from csdomain.payments.model.bill import BILLS, Bill
from csdomain.payments.model.payment import PAYMENTS, Payment
from csdomain.payments.service import BILL_CASES, Bills, standing
from csdomain.payments.values import PAYMENT_RULES, BillStanding, Line, bill_of
from csdomain.rulebook import House

#: What follows for a bill from a move of its case.
_FOLLOWS: Final = (BillMove.TAKE_BACK, BillMove.REFUND, BillMove.LOWER, BillMove.CANCEL)


@attrs.frozen
class Billing:
    """What other contexts ask of payments, in a unit of theirs: it satisfies their ports.

    Bills rank after cases in the lock order, so the case is loaded first (ADR 25).
    """

    house: House
    ids: IdSource

    def open(
        self, unit: Unit, by: Actor, at: datetime, subject: str, purpose: str, customer: str, lines: Sequence[Line], /
    ) -> str:
        """Open the bill for a purpose of a case, with the case's own move: who makes that needs no other permission.

        The id of the bill. Raises AlreadyBilled, MalformedPayment, CurrencyMismatch.
        """
        house, may_bill = self.house, BILL_MOVES.actions[BillMove.OPEN]
        rules, bills = house.rulebook[PAYMENT_RULES], Bills(Joined(cast("StandardUnit", unit)), house, self.ids)
        actor = attrs.evolve(by, grants={**by.grants, may_bill: Scope.ALL})
        act = bills._act(unit, actor, at, rules, house.rulebook.ref, by.branch)  # noqa: SLF001 - as a command has it
        bill, events = Bill.open(act, subject, purpose, customer, lines)
        unit.of(BILLS).add(bill)
        unit.record(events, BILL_EFFECTS.of(events, bill, rules, house.place(bill.branch)))
        return bill.id

    def standing(self, unit: Unit, subject: str, purpose: str, /) -> BillStanding | None:
        """How a bill stands, and stays until the unit has ended; None where there is none. [REN-06, ORD-04]"""
        with suppress(NotFound):
            return standing(unit.locked(BILLS, bill_of(subject, purpose)), unit)
        return None


@attrs.frozen
class BillsOfCases:
    """The bills of a kind of case, in the unit of work of the case's own move. Bills rank after cases (ADR 25)."""

    unit: Unit
    house: House
    ids: IdSource

    def drop(self, by: Actor, at: datetime, subject: str, purpose: str, reason: str, /) -> None:
        """What was used for the bill is credit again, and the bill is cancelled. Raises RuleBroken where an invoice
        stands that no credit note took back. [REN-06]"""
        bill = self.bill(subject, purpose)
        if bill.state in (BillState.CANCELLED, BillState.WRITTEN_OFF):
            return
        events: Events = ()
        for money in self._used(bill):
            events += bill.take_back(self._for(bill, by, at), money.id, money.uses[bill.id], reason)
        if bill.due:
            events += bill.cancel(self._for(bill, by, at), reason)
        BILL_CASES.keep(self.unit, self.house, bill, events)

    def lower(self, by: Actor, at: datetime, bill: Bill, amount: Money, reason: str, *, refund: bool) -> bool:
        """So much is not owed after all. What came beyond the rest is credit; with ``refund``, what finance has
        confirmed of it goes back to the customer. False where that is for finance to do: an invoice stands, and only a
        credit note lowers it, or the bill is cancelled or written off. [SVC-05, REN-06]"""
        if bill.invoice is not None or bill.state in (BillState.CANCELLED, BillState.WRITTEN_OFF):
            return False
        amount = min(amount, bill.due)  # finance may have lowered it already
        over, events = bill.collected - (bill.due - amount), Events()
        for money in self._used(bill):
            part = min(over, money.uses[bill.id])
            if part.minor > 0:
                back = bill.refund if refund and money.state is PaymentState.CONFIRMED else bill.take_back
                events += back(self._for(bill, by, at), money.id, part, reason)
                over -= part
        if amount:
            BILL_CASES.keep(
                self.unit, self.house, bill, (*events, *bill.lower(self._for(bill, by, at), amount, reason, ""))
            )
        return True

    def bill(self, subject: str, purpose: str, /) -> Bill:
        """The bill for a purpose of a case, locked. Raises NotFound."""
        return self.bill_by(bill_of(subject, purpose))

    def bill_by(self, id: str, /) -> Bill:
        """The bill of that id, locked. Raises NotFound."""
        return self.unit.locked(BILLS, id)

    def hold_payments(self, bills: Iterable[Bill]) -> None:
        """Lock what is used for several bills, before it is freed bill by bill."""
        for id in sorted({id for bill in bills for id in bill.payments}):
            self.unit.locked(PAYMENTS, id)

    def _used(self, bill: Bill) -> list[Payment]:
        payments = (self.unit.of(PAYMENTS).get(id) for id in sorted(bill.payments))
        return [money for money in payments if bill.id in money.uses]

    def _for(self, bill: Bill, by: Actor, at: datetime) -> MoneyAct:
        return self._act(by, max(at, bill.moved_at), *(BILL_MOVES.actions[move] for move in _FOLLOWS))

    def _act(self, by: Actor, at: datetime, *actions: Action) -> MoneyAct:
        """Who makes the move of the case needs no other permission for what follows with it."""
        house = self.house
        bills = Bills(Joined(cast("StandardUnit", self.unit)), house, self.ids)
        actor = attrs.evolve(by, grants={**by.grants, **dict.fromkeys(actions, Scope.ALL)})
        rules, ref = house.rulebook[PAYMENT_RULES], house.rulebook.ref
        return bills._act(self.unit, actor, at, rules, ref, by.branch)  # noqa: SLF001 - as a command has it
