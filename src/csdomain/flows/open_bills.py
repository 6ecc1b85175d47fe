"""Bills are opened, and asked for, in the unit of work of the case that they are about (SVC-05, REN-04, ORD-04)."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NoReturn, cast

import attrs

from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import Actor, Scope
from csdomain.kernel.values.ids import IdSource
from csdomain.payments.effects import BILL_EFFECTS
from csdomain.payments.lifecycle import BILL_MOVES, BillMove
from csdomain.payments.model.bill import BILLS, Bill
from csdomain.payments.service import Bills, standing
from csdomain.payments.values import PAYMENT_RULES, BillStanding, Line, bill_of
from csdomain.rulebook import House


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
        id = bill_of(subject, purpose)

        def missing() -> NoReturn:
            raise NotFound(kind=BILLS.table, id=id)

        with suppress(NotFound):
            return standing(unit.obtain(BILLS, id, missing), unit)
        return None
