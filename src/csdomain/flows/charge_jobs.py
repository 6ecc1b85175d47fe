"""Jobs are charged and collected for in the unit of work of their own move (SVC-05), under contracts (SVC-01)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

import attrs

from csdomain.casework.charging import CHARGE
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import Actor, Scope
from csdomain.kernel.values.ids import IdSource
from csdomain.kernel.values.money import Money
from csdomain.payments.effects import EFFECTS
from csdomain.payments.lifecycle import PAYMENT_MOVES, PaymentMove
from csdomain.payments.model.payment import PAYMENTS, Payment
from csdomain.payments.service import Payments
from csdomain.payments.values import PAYMENT_RULES, Line, bill_of
from csdomain.renewals.lifecycle import ContractState
from csdomain.renewals.model.contract import CONTRACTS, OF_CONTRACT
from csdomain.renewals.values import RENEWAL_RULES
from csdomain.rulebook import House
from csdomain.service_desk.ports import AnyContract, Cover
from csdomain.service_desk.rules import KINDS

from .open_bills import Billing

_FEE: Final = "fee"


@attrs.frozen
class JobTill:
    """The port :class:`~csdomain.service_desk.ports.Till` over payments."""

    unit: Unit
    house: House
    ids: IdSource

    @property
    def small_fee(self) -> Money | None:
        """Up to how much is collected on the spot."""
        return self.house.rulebook[PAYMENT_RULES].small_fee

    def charge(self, by: Actor, at: datetime, job: str, customer: str, fee: Money, /) -> str:
        """Open the bill of a job. Raises AlreadyBilled."""
        lines = [Line("service", 1, fee, CHARGE.id)]
        return Billing(self.house, self.ids).open(self.unit, by, at, job, _FEE, customer, lines)

    def take(self, by: Actor, at: datetime, job: str, customer: str, amount: Money, /) -> str:
        """Take cash for the bill: who makes the job's move needs no other permission. Raises RuleBroken."""
        unit, house, may = self.unit, self.house, PAYMENT_MOVES.actions[PaymentMove.TAKE]
        payments = Payments(Joined(cast("StandardUnit", unit)), house, self.ids)
        actor = attrs.evolve(by, grants={**by.grants, may: Scope.ALL})
        rules, ref = house.rulebook[PAYMENT_RULES], house.rulebook.ref
        act = payments._act(unit, actor, at, rules, ref, by.branch)  # noqa: SLF001 - as a command has it
        payment, events = Payment.take(act, customer, amount, bill_of(job, _FEE), "")
        unit.of(PAYMENTS).add(payment)
        unit.record(events, EFFECTS.of(events, payment, rules, act.place))
        return payment.id


def till_of(house: House, ids: IdSource) -> Callable[[Unit], JobTill]:
    """The till of the service desk, by the unit of work."""
    return lambda unit: JobTill(unit, house, ids)


@attrs.frozen
class ContractCover:
    """The port :class:`~csdomain.service_desk.ports.Cover` over the contracts that are renewed; grace counts."""

    unit: Unit

    def require_in_force(self, customer: str, contract: str, /) -> None:
        """Refuse a contract that is not this customer's, or not in force now. Raises RuleBroken. [SVC-01]"""
        number = next(field for field in CONTRACTS.fields if field.name == "number")
        where = (number.is_(contract), OF_CONTRACT.is_(customer))
        found = self.unit.of(CONTRACTS).find(Query(where, limit=1)).items
        held = bool(found) and found[0].state in (ContractState.RUNNING, ContractState.IN_GRACE)
        accepted = Text("a contract of the customer that is in force", "该客户的有效合同")
        require(held, KINDS, accepted=accepted, contract=contract)


def cover_of(house: House) -> Callable[[Unit], Cover]:
    """Under which contracts customers are served: those of the house, where it keeps them here."""
    if RENEWAL_RULES not in house.rulebook:
        return lambda _: AnyContract()
    return ContractCover
