"""Orders to whoever runs the service leave through the outbox; all else goes to the other notifier (REN-04, REN-09)."""

from typing import Any

import pytest

from csdomain.kernel.cases.delivery import Sent
from csdomain.kernel.store.ports import Queued
from csdomain.renewals.ports import ServiceOrder, ServiceOrders
from csdomain.renewals.rules import FORM, LAPSE, VEHICLES_CHANGE
from renewals.fleet import Fleet


class Recorder:
    """Takes every order, and every other message."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, ServiceOrder]] = []
        self.others: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name not in ("extend", "take_back", "suspend", "change"):
            raise AttributeError(name)
        return lambda order: self.orders.append((name, order))

    def send(self, message: Queued, /) -> Sent | None:
        self.others.append(message.occasion)
        return None


@pytest.mark.rule(FORM, LAPSE, VEHICLES_CHANGE)
def test_each_order_reaches_provisioning_once_with_what_it_needs() -> None:
    fleet, to = Fleet(), Recorder()
    contract = fleet.signed(2)
    renewal = fleet.filled(contract, "monthly", 1)
    fleet.pay(renewal)
    fleet.does.confirm(renewal, **fleet.call("finance"))
    fleet.does.reverse(renewal, "other", **fleet.call("finance"))
    renewal = fleet.renewed(contract, "monthly", 1)
    fleet.does.contracts.add_vehicles(contract, ["veh-9"], **fleet.call("records_clerk"))
    fleet.later(90)
    for _ in range(2):
        fleet.desk.relay(ServiceOrders(others=to, provisioning=to))
    assert [name for name, _ in to.orders] == ["extend", "take_back", "extend", "change", "suspend"]
    assert {order.contract for _, order in to.orders} == {contract}
    done = dict(to.orders)
    assert (done["extend"].subject, done["extend"].until, done["change"].vehicles) == (renewal, "2026-04-05", 3)
    assert "contract.expired" in to.others
    assert not {"renewal.extend", "contract.suspend"} & set(to.others)
