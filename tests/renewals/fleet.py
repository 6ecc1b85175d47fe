"""A desk of the fleet and its people, for the tests of contracts and renewals; everything at the desk's present."""

from datetime import date, timedelta
from typing import Any

from csdomain.desk import Desk
from csdomain.kernel.values.money import Money
from csdomain.renewals.model.contract import Contract
from csdomain.renewals.model.renewal import Renewal
from csdomain.testing import memory_desk, staff
from renewals.house import yuan


class Fleet:
    def __init__(self, desk: Desk | None = None) -> None:
        self.desk = memory_desk("fleet", strict_locks=True) if desk is None else desk
        self.who = dict(staff(self.desk))
        self.does = self.desk.renewals
        self.paid = 0

    def call(self, position: str, **options: Any) -> dict[str, Any]:
        self.desk.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        return {"by": self.who[position], "at": self.desk.clock.now(), **options}

    def today(self) -> date:
        return self.desk.clock.now().date()

    def later(self, days: int) -> None:
        self.desk.clock.advance(timedelta(days=days))  # type: ignore[attr-defined]
        assert not self.desk.sweep().failed

    def signed(self, vehicles: int = 2, device: str = "bought", starts_on: date = date(2026, 3, 5)) -> str:
        ids = [f"veh-{n}" for n in range(vehicles)]
        signed = self.does.contracts.sign(
            "customer-1", device, ids, starts_on, "customer_representative", **self.call("records_clerk")
        )
        return signed.id

    def agreed(self, contract: str, bank: str = "") -> str:
        asked = self.does.ask(contract, **self.call("customer_representative")).id
        return self.does.agree(asked, bank, **self.call("customer_representative")).id

    def filled(self, contract: str, plan: str = "yearly", months: int = 12) -> str:
        return self.does.fill(self.agreed(contract), plan, months, **self.call("customer_representative")).id

    def pay(self, renewal: str, amount: Money | None = None) -> str:
        """Cash for the form, handed in and confirmed: what is due unless told otherwise."""
        form, payments = self.of(renewal), self.desk.payments
        came = form.priced.total.gross if amount is None else amount
        taken = payments.take(form.customer, came, form.bill, **self.call("customer_representative")).id
        payments.hand_in(taken, **self.call("customer_representative"))
        return payments.confirm(taken, **self.call("finance")).id

    def seal(self, renewal: str) -> str:
        """Finance and the administrator sign, the clerk changes the record."""
        self.does.confirm(renewal, **self.call("finance"))
        self.does.extend(renewal, **self.call("gps_administrator"))
        return self.does.record(renewal, **self.call("records_clerk")).id

    def renewed(self, contract: str, plan: str = "yearly", months: int = 12) -> str:
        renewal = self.filled(contract, plan, months)
        self.pay(renewal)
        return self.seal(renewal)

    def of(self, renewal: str) -> Renewal:
        return self.does.get(renewal, by=self.who["finance"])

    def contract(self, id: str) -> Contract:
        return self.does.contracts.get(id, by=self.who["finance"])

    def told(self) -> list[tuple[str, str]]:
        """What waits in the outbox: the occasion, and to whom."""
        queued = self.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=999))
        return [(message.occasion, message.to) for message in queued]

    def events(self, id: str, *names: str) -> list[Any]:
        trail = self.desk.store.look(lambda unit: unit.trail(id))
        return [record.facts for record in trail if record.name in names]


__all__ = ["Fleet", "yuan"]
