"""What an order is made of, and the house rules it goes by: the section ``[orders]`` of a rulebook."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NewType

import attrs

from csdomain.frame.effects import occasions
from csdomain.frame.fields import Fields
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault, InvalidValue, typed_in
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money, total
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import ORGANISATION, POSITION, Rulebook, Section, texts_beside

from .rules import ORDER

OrderId = NewType("OrderId", str)
ORDER_ID: Final = IdKind[OrderId]("ord")


class MalformedOrder(InvalidValue):
    """What was given for an order is missing, too long, or not possible (ORD-01)."""

    default_rule = ORDER
    problem = Text("A field of the order is missing or not valid.", "订单的某一字段缺失或无效。")


FIELDS: Final = Fields(MalformedOrder)


@attrs.frozen
class Dose:
    """What the doctor prescribes: a product and how much of its content a day (ORD-01)."""

    product: str = attrs.field(validator=FIELDS.id)
    daily: Decimal = attrs.field(validator=FIELDS.positive)


@attrs.frozen
class Item:
    """Pieces of a product (ORD-01, ORD-03)."""

    product: str = attrs.field(validator=FIELDS.id)
    quantity: int = attrs.field(validator=FIELDS.pieces)


@attrs.frozen
class Product:
    """A product of the house: what a piece costs and how much of its content is in it."""

    price: Money
    content: Decimal


@attrs.frozen(kw_only=True)
class OrderRules:
    """The house rules of orders.

    ``number`` is how orders are numbered. ``shipped_by`` is the position that sends goods, ``remind_before`` the days
    before a refill at which somebody is reminded (ORD-02), ``return_within`` how long unopened goods may come back.
    ``hold_reasons`` are the codes for which law may demand that an order is kept when its customer is erased (KRN-14).
    """

    number: NumberPattern
    products: Mapping[str, Product]
    shipped_by: str = attrs.field(metadata=POSITION)
    remind_before: int
    return_within: Duration
    ship_unpaid: bool = True
    hold_reasons: tuple[str, ...] = ()

    def product(self, name: str) -> Product:
        """A product of the house. Raises :class:`MalformedOrder`."""
        found = self.products.get(name)
        if found is None:
            known = ", ".join(sorted(self.products))
            raise MalformedOrder(field="product", given=typed_in(name), accepted=Text(known, known))
        return found

    def total(self, lines: Sequence[Item], currency: str) -> Money:
        """What items come to. Raises :class:`MalformedOrder`. [ORD-01]"""
        return total([self.product(item.product).price * item.quantity for item in lines], currency)


def _whole(rules: OrderRules, book: Rulebook) -> Iterable[str]:
    if ORGANISATION in book:
        currency = book[ORGANISATION].currency
        for name, product in rules.products.items():
            if product.price.currency != currency:
                said = Text(f"an amount in {currency} expected", f"金额须为 {currency}")
                yield Fault.of(said, f"$.orders.products['{name}'].price")


_N, _D = Placeholder.NUMBER, Placeholder.DATE
OCCASIONS: Final = occasions(
    "order",
    {"shipped": {"pieces": _N}},
    {"to_ship": {}, "refill": {"on": _D}, "to_refund": {"pieces": _N}, "dropped": {}},
)
LABELS: Final[Mapping[str, Text]] = {
    "": Text("product orders", "产品订单"),
    "number": Text("numbers of orders", "订单编号"),
    "products.*.price": Text("price of {0}", "{0} 的单价"),
    "products.*.content": Text("content of a piece of {0}", "{0} 每件含量"),
    "shipped_by": Text("who sends goods", "发货人"),
    "remind_before": Text("days before a refill", "续购前提醒天数"),
    "return_within": Text("time to return unopened goods", "未拆封退货期限"),
    "ship_unpaid": Text("goods are sent before they are paid", "未付款可否发货"),
    "hold_reasons": Text("reasons to keep an order", "订单保留事由"),
}
ORDER_RULES: Section[OrderRules] = Section(
    "orders", OrderRules, check=_whole, occasions=OCCASIONS, labels=LABELS, texts=texts_beside(__file__)
)
