"""The use cases of orders, one method each."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Unpack

import attrs

from csdomain.casework.bills import CaseBilling
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.store.ports import Receipt, Unit

from .effects import EFFECTS
from .model import CUSTOMERS, ORDERS, SHIPMENTS, Order, OrderAct, does
from .ports import Supplies
from .values import Dose, Item

ORDER_CASES: Final = CaseType(
    ORDERS, does, EFFECTS, (SHIPMENTS,), Keeping("order", CUSTOMERS, lambda rules: rules.hold_reasons)
)


@attrs.frozen
class Orders(CaseService[Order, OrderAct]):
    """Product orders, from the prescription to the refill: one method a use case.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused; what else it refuses, its docstring says.
    """

    _cases: ClassVar = ORDER_CASES
    _supplies: Callable[[Unit], Supplies]
    _billing: Callable[[Unit], CaseBilling]

    def _hand(self, unit: Unit, **given: Any) -> OrderAct:
        return OrderAct(supplies=self._supplies(unit), billing=self._billing(unit), **given)

    def prescribe(self, customer: str, doses: Sequence[Dose], **call: Unpack[OpenOptions]) -> Receipt:
        """Prescribe products and daily doses for a customer: opens the order. Raises MalformedOrder. [ORD-01]"""
        return self._begin(Order.prescribe, call, customer, doses)

    def enter(self, id: str, items: Sequence[Item], **call: Unpack[CallOptions]) -> Receipt:
        """Enter items and quantities, or work them over until the customer has signed: gives number and total.

        Raises MalformedOrder, RuleBroken for what was not prescribed. [ORD-01]
        """
        return self._do(Order.enter, id, call, items)

    def sign(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer has signed the printed order: it is billed and never changes again. Raises Tampered. [ORD-01]"""
        return self._do(Order.sign, id, call)

    def pay(self, id: str, voucher: str, **call: Unpack[CallOptions]) -> Receipt:
        """Finance says that it is paid, once; an order with a bill is paid by itself when its money is confirmed.
        Raises MalformedOrder, RuleBroken, Tampered. [ORD-04]"""
        return self._do(Order.pay, id, call, voucher)

    def ship(self, id: str, items: Sequence[Item], **call: Unpack[CallOptions]) -> Receipt:
        """Send goods from stock, never more than is left. Raises MalformedOrder, OverOrdered. [ORD-03, ORD-04]"""
        return self._do(Order.ship, id, call, items)

    def arrive(self, id: str, shipment: int, **call: Unpack[CallOptions]) -> Receipt:
        """A shipment reached the customer: its consumption begins, and of all refill dates the earliest counts.

        When all that was ordered has arrived, the order is delivered. Raises NotFound. [ORD-02, ORD-03]
        """
        return self._do(Order.arrive, id, call, shipment)

    def take_back(self, id: str, shipment: int, item: Item, **call: Unpack[CallOptions]) -> Receipt:
        """Unopened goods of a shipment come back in time, no more than was sent with it, and are owed no more.

        Raises NotFound, RuleBroken, OverOrdered. [ORD-03]
        """
        return self._do(Order.take_back, id, call, shipment, item)

    def close(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The order is delivered, nothing of it is owed, and it is done with. Raises RuleBroken. [ORD-04]"""
        return self._do(Order.close, id, call)

    def cancel(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The order is not carried out; nothing was sent yet, what was paid is credit. Raises RuleBroken. [ORD-01]"""
        return self._do(Order.cancel, id, call, reason)
