"""What follows from what happens to orders: a table, event by event (design decision D8)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import TimerReminded

from . import events as e
from .model import ORDERS, Order
from .values import ORDER_RULES, OrderRules

FINANCE: Final = "finance"
#: The reminder of a refill (ORD-02), declared by the stock that works it out.
REFILL: Final = "ORD-02"
EFFECTS: Final = Effects(ORDERS, ORDER_RULES)
S = Scene[OrderRules]


@EFFECTS.on(e.OrderSigned)
def _signed(event: e.OrderSigned, s: S) -> Iterable[Effect]:
    yield s.tell(event, "to_ship", s.rules.shipped_by)


@EFFECTS.on(e.GoodsSent)
def _sent(event: e.GoodsSent, s: S) -> Iterable[Effect]:
    yield s.tell(event, "shipped", event.customer, event.shipment, pieces=event.pieces)


@EFFECTS.on(e.GoodsArrived)
def _arrived(event: e.GoodsArrived, s: S) -> Iterable[Effect]:
    if event.refill is None:
        return
    if event.refill > 1:
        yield s.stop(event, timer(REFILL, event.refill - 1), cancelled=True)
    due = s.morning(event.refill_on) - timedelta(days=s.rules.remind_before)
    yield s.until(event, timer(REFILL, event.refill), due, reminder=True)


@EFFECTS.on(e.GoodsReturned)
def _returned(event: e.GoodsReturned, s: S) -> Iterable[Effect]:
    if not event.billed:
        yield s.tell(event, "to_refund", FINANCE, f"{event.shipment}.{event.nth}", pieces=event.pieces)


@EFFECTS.on(e.OrderCancelled)
def _cancelled(event: e.OrderCancelled, s: S) -> Iterable[Effect]:
    if s.case.bill:
        yield s.tell(event, "dropped", FINANCE)


@EFFECTS.fires(TimerReminded, REFILL)
def _refill(order: Order, fired: TimerReminded, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "refill", order.owner, number=order.number, on=order.refill_on)
