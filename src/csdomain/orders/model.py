"""The order and its commands. Every command checks everything first and changes after."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from csdomain.casework.bills import CaseBilling, Due
from csdomain.frame.acts import Act, Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands, Parts
from csdomain.frame.fields import SHORT, amount, words
from csdomain.kernel.papers.documents import Document, Value, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money, total

from . import events as e
from . import rules as r
from .lifecycle import ORDER_MOVES, SHIPMENT_MOVES, Move, ShipmentMove, ShipmentState, State
from .policies import beyond, counted
from .ports import Supplies
from .values import FIELDS, ORDER_ID, Dose, Item, OrderId, OrderRules

PAPER: Final = "product_order"
CUSTOMER: Final = "customer"


class OverOrdered(RuleBroken):
    """More would be sent than was ordered, or more would come back than was sent (ORD-03)."""

    default_rule = r.SHIPMENT
    problem = Text("This is more than there can be.", "超出可用数量。")


@attrs.frozen(eq=False, kw_only=True)
class OrderAct(Act[OrderRules]):
    """What a command of an order has at hand: besides who, when and by which rules, the warehouse and the bill."""

    supplies: Supplies
    billing: CaseBilling


@attrs.frozen(kw_only=True)
class Shipment:
    """Goods that were sent together, the lots they came from, and what of them came back (ORD-03)."""

    state: ShipmentState = ShipmentState.SENT
    items: tuple[Item, ...]
    lots: tuple[str, ...]
    sent_at: datetime
    arrived_at: datetime | None = None
    refill_on: date | None = None
    returned: tuple[Item, ...] = ()

    @property
    def pieces(self) -> int:
        """How many pieces were sent."""
        return sum(item.quantity for item in self.items)


does: Final = Commands(ORDER_MOVES)
SHIPMENTS: Final = Parts.counted("shipments", SHIPMENT_MOVES)


@attrs.define(kw_only=True)
class Order(Record):
    """A product order. ``owner`` is the doctor, or who entered it; ``prices`` are those of the items then. [ORD-01]"""

    id: OrderId = attrs.field(on_setattr=attrs.setters.frozen)
    state: State = State.PRESCRIBED
    number: str = ""
    currency: str
    customer: str
    doses: tuple[Dose, ...]
    prescribed_at: datetime
    items: tuple[Item, ...] = ()
    prices: tuple[Money, ...] = ()
    total: Money | None = None
    paper: Document | None = None
    bill: str = ""
    voucher: str = words(default="")
    shipments: tuple[Shipment, ...] = ()
    refills: int = 0
    refill_on: date | None = None
    reason: str = words(default="")

    # --- what it is
    @property
    def paid(self) -> bool:
        """Whether finance says that it is paid. [ORD-04]"""
        return bool(self.voucher)

    @property
    def sent(self) -> Iterator[Item]:
        """All that was sent."""
        return (item for shipment in self.shipments for item in shipment.items)

    @property
    def complete(self) -> bool:
        """Whether all that was ordered has reached the customer. [ORD-03]"""
        arrived = all(shipment.state is ShipmentState.ARRIVED for shipment in self.shipments)
        return arrived and counted(self.sent) == counted(self.items)

    # --- the order
    @staticmethod
    @does.opens(Move.PRESCRIBE)
    def prescribe(act: OrderAct, customer: str, doses: Sequence[Dose]) -> tuple["Order", Events]:
        FIELDS.check_id(customer, "customer")
        found = FIELDS.once(doses, lambda dose: dose.product, "doses")
        products = tuple(dose.product for dose in found)
        for product in products:
            act.rules.product(product)
        order = Order(
            **act.about(act.new(ORDER_ID)), currency=act.currency, customer=customer, doses=found, prescribed_at=act.at
        )
        return order, act.opened(order, e.OrderPrescribed(products=products))

    @does(Move.ENTER)
    def enter(self, act: OrderAct, items: Sequence[Item]) -> Events:
        found = FIELDS.once(items, lambda item: item.product, "items")
        prescribed = [dose.product for dose in self.doses]
        foreign = [item.product for item in found if item.product not in prescribed]
        known = ", ".join(prescribed)
        require(not foreign, r.ORDER, accepted=Text(known, known), given=foreign)
        due = act.rules.total(found, self.currency)
        fields: dict[str, Value] = {"customer": self.customer, "total": str(due)}
        fields |= {f"pieces.{item.product}": item.quantity for item in found}
        fields |= {f"daily.{dose.product}": str(dose.daily) for dose in self.doses}
        number = self.number or act.number(act.rules.number)
        self.paper = draw_up(PAPER, number, fields, by=act.by.id, at=act.at)
        self.number, self.items, self.total = number, found, due
        self.prices = tuple(act.rules.product(item.product).price for item in found)
        return act.done(e.OrderEntered(total=due.minor))

    @does(Move.SIGN)
    def sign(self, act: OrderAct) -> Events:
        assert self.paper is not None  # noqa: S101 - it was entered
        assert self.total is not None  # noqa: S101
        paper = self.paper.sign(CUSTOMER, by=ActorId(self.customer), at=act.at)
        prices = self.prices or tuple(act.rules.product(item.product).price for item in self.items)
        lines = [(item.product, item.quantity, price) for item, price in zip(self.items, prices, strict=True)]
        found = total([price * quantity for _, quantity, price in lines], self.currency)
        require(found == self.total, r.PAYMENT, accepted=Text("an order entered anew", "重新录入的订单"), given=found)
        self.bill = act.billing.ask(act.by, act.at, self.id, self.customer, lines)
        self.paper = paper
        return act.done(e.OrderSigned(total=self.total.minor))

    @does(Move.PAY)
    def pay(self, act: OrderAct, voucher: str) -> Events:
        FIELDS.check_text(voucher, "voucher", SHORT)
        require(not self.paid, r.PAYMENT, accepted=Text("an order that is not paid", "未付款的订单"))
        came = Text("all that finance confirms for the bill", "财务已确认账单全部到账")
        require(not self.bill or act.billing.due(self.id) is Due.PAID, r.PAYMENT, accepted=came)
        assert self.paper is not None  # noqa: S101 - it was entered
        says = self.paper.stated("total")
        require(says == str(self.total), r.PAYMENT, accepted=Text(str(says), str(says)), given=self.total)
        self.voucher = voucher
        return act.done(e.OrderPaid())

    def follow_bill(self, act: OrderAct) -> Events:
        """What follows from the bill: the order is paid, or not any more. [ORD-04]"""
        paid = act.billing.due(self.id) is Due.PAID
        if paid is self.paid or not self.bill:
            return ()
        self.voucher = self.bill if paid else ""
        return act.beside(does, self, Move.PAY if paid else Move.OWE, e.OrderPaid() if paid else e.OrderOwed())

    def _due(self, act: OrderAct) -> Due:
        return act.billing.due(self.id) if self.bill else Due.PAID if self.paid else Due.OWED

    @does(Move.SHIP)
    def ship(self, act: OrderAct, items: Sequence[Item]) -> Events:
        found = FIELDS.once(items, lambda item: item.product, "items")
        too_many = beyond(found, self.items, self.sent)
        if too_many:
            raise OverOrdered(given=too_many, accepted=Text("at most what is left", "不超过未发数量"))
        sure = act.rules.ship_unpaid or self._due(act) is not Due.OWED
        require(sure, r.PAYMENT, accepted=Text("an order for which the money was taken", "已收款的订单"))
        lots = tuple(act.supplies.allocate(self.id, self.branch, found, act.by, act.at))
        shipment = Shipment(items=found, lots=lots, sent_at=act.at)
        self.shipments = (*self.shipments, shipment)
        return act.done(e.GoodsSent(shipment=len(self.shipments), pieces=shipment.pieces))

    @SHIPMENTS(ShipmentMove.ARRIVE)
    def arrive(self, act: OrderAct, shipment: Shipment) -> Events:
        today = act.at.astimezone(ZoneInfo(act.place.zone)).date()
        refill_on = act.supplies.refill(shipment.items, self.doses, act.rules, today)
        earliest = min(refill_on, self.refill_on or refill_on)
        sooner = earliest != self.refill_on
        self.refill_on, self.refills = earliest, self.refills + sooner
        arrived = e.GoodsArrived(shipment=act.part, refill=self.refills if sooner else None, refill_on=earliest)
        told = act.put(attrs.evolve(shipment, arrived_at=act.at, refill_on=refill_on), arrived)
        return (*told, *act.follows(does, Move.DELIVER, e.OrderDelivered())) if self.complete else told

    @does(Move.TAKE_BACK)
    def take_back(self, act: OrderAct, shipment: int, item: Item) -> Events:
        place = SHIPMENTS.place(self, shipment)
        there = self.shipments[place]
        arrived = there.arrived_at
        require(arrived is not None, r.SHIPMENT, accepted=Text("goods that have arrived", "已送达的货品"))
        assert arrived is not None  # noqa: S101 - required above
        until = act.place.calendar.deadline(arrived, act.rules.return_within)
        when = until.isoformat()
        require(act.at <= until, r.SHIPMENT, accepted=Text(f"until {when}", f"{when} 之前"), at=act.at)
        if beyond([item], there.items, there.returned):
            raise OverOrdered(given=item.product, accepted=Text("at most what was sent", "不超过已发数量"))
        billed = bool(self.bill) and act.billing.take_back(act.by, act.at, self.id, item.product, item.quantity)
        act.supplies.take_back(self.id, self.branch, item, act.by, act.at)
        changed = attrs.evolve(there, returned=(*there.returned, item))
        self.shipments = (*self.shipments[:place], changed, *self.shipments[place + 1 :])
        what: dict[str, Any] = {"product": item.product, "pieces": item.quantity, "billed": billed}
        return act.done(e.GoodsReturned(shipment=shipment, nth=len(changed.returned), **what))

    @does(Move.CLOSE)
    def close(self, act: OrderAct) -> Events:
        done = self._due(act) in (Due.PAID, Due.NOTHING)
        require(done, r.PAYMENT, accepted=Text("an order of which nothing is owed", "无应付款项的订单"))
        return act.done(e.OrderClosed())

    @does(Move.CANCEL)
    def cancel(self, act: OrderAct, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        if self.bill:
            act.billing.drop(act.by, act.at, self.id, reason)
            self.voucher = ""
        self.reason = reason
        return act.done(e.OrderCancelled(reason=reason))


CUSTOMERS: Final[Field[Order, str]] = Field("customer", str, lambda o: o.customer)
_FIELDS: Final[tuple[Field[Order, Any], ...]] = (
    CUSTOMERS,
    amount("total", lambda o: None if o.total is None else o.total.minor),
    Field("paid", bool, lambda o: o.paid, index=False),
    Field("refill_on", date, lambda o: o.refill_on),
    *usual(ORDER_MOVES),
)
ORDERS: Final = Kind(Order, ORDER_ID, "order", _FIELDS, queue=_FIELDS[-1])
