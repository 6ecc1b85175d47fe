"""A bill stands or falls with the move of the case that it is for (SVC-05, REN-04)."""

import pytest

from csdomain.flows.open_bills import Billing
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.ports import Unit
from csdomain.payments.model.bill import BILLS, AlreadyBilled
from csdomain.payments.rules import AMOUNT, CHARGE
from csdomain.payments.values import Line, bill_of
from csdomain.testing import SequentialIds
from payments.till import Till, yuan


@pytest.mark.rule(CHARGE, AMOUNT)
def test_a_bill_is_opened_with_the_case_by_whoever_moves_it_once_a_purpose() -> None:
    till = Till()
    billing, store, at = Billing(till.desk.house, SequentialIds(first=900)), till.desk.store, till.desk.clock.now()
    technician = till.who["repair_technician"]  # who has no permission to bill
    lines = [Line("repair", 1, yuan(30))]

    def opened(unit: Unit) -> str:
        return billing.open(unit, technician, at, "job-1", "fee", "customer-1", lines)

    def fails(unit: Unit) -> None:
        opened(unit)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.run(fails)
    assert store.look(lambda unit: billing.standing(unit, "job-1", "fee")) is None
    id = store.run(opened)
    assert id == bill_of("job-1", "fee")
    with pytest.raises(AlreadyBilled):
        store.run(opened)
    till.confirmed(till.cash(yuan(40), id))
    found = store.run(lambda unit: billing.standing(unit, "job-1", "fee"))
    assert found is not None
    assert (found.paid, found.left, found.credit) == (True, yuan(0), yuan(10))
    assert [event.name for event in store.look(lambda unit: unit.trail(id))][:1] == ["bill_opened"]
    with pytest.raises(DomainError):
        till.desk.payments.bills.open("job-2", "fee", "customer-1", lines, by=technician, at=at)
    assert store.look(lambda unit: unit.session.fetch(BILLS, bill_of("job-2", "fee"), lock=False)) is None
