"""Ports of renewals without a store: a contract that is always there, bills that are always paid."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from csdomain.frame.acts import Events
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.payments.values import MalformedPayment
from csdomain.renewals.lifecycle import ContractState
from csdomain.renewals.model.act import RenewalAct
from csdomain.renewals.model.contract import Contract
from csdomain.renewals.ports import Charge
from csdomain.renewals.values import CONTRACT_ID
from csdomain.testing.kit import BEGINNING

PAID_ON: Final = date(2026, 3, 4)


class FakeContracts:
    """A signed contract for two rented devices, of which no renewal is under way. Satisfies Contracts."""

    def contract(self, id: str, /, by: Actor | None = None) -> Contract:
        CONTRACT_ID.check(id)
        return Contract(
            id=id,  # type: ignore[arg-type]
            branch="hq",
            owner="ann",
            rulebook="",
            moved_at=BEGINNING,
            state=ContractState.SIGNED,
            number="HT-1",
            customer="customer-1",
            device="rented",
            vehicles=("veh-1", "veh-2"),
            starts_on=date(2026, 3, 1),
        )

    def under_way(self, contract: str, /) -> str | None:
        return None

    def earn(self, contract: Any, terms: Any, /) -> None:
        """Nothing is kept."""

    def keep(self, contract: Any, events: Events, /) -> None:
        """Nothing is kept."""


class FakeBilling:
    """Every bill is paid at once. Satisfies Billing."""

    def check_bank(self, bank: str, /) -> None:
        if bank != "icbc":
            raise MalformedPayment(field="bank")

    def ask(self, by: Actor, at: datetime, charge: Charge, bank: str = "", /) -> str:
        return "bill-1"

    def paid_on(self, subject: str, purpose: str, amount: Money, /) -> date:
        return PAID_ON

    def credit(self, by: Actor, at: datetime, amounts: Mapping[str, Money], reason: str, /) -> Sequence[str]:
        return list(amounts)

    def drop(self, by: Actor, at: datetime, subject: str, purpose: str, reason: str, /) -> None:
        """Nothing is owed."""


def hand(**given: Any) -> RenewalAct:
    return RenewalAct(contracts=FakeContracts(), billing=FakeBilling(), **given)
