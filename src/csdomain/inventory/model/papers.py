"""Products and the papers of the warehouse, what they hold, and the act that works on them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NewType

import attrs

from csdomain.frame.acts import Act
from csdomain.frame.fields import SHORT, words
from csdomain.inventory import lifecycle as lc
from csdomain.inventory.policies import share_of_cost
from csdomain.inventory.policies.supply import Need
from csdomain.inventory.rules import LIMITS
from csdomain.inventory.rules import PRODUCTS as PRODUCT_RULE
from csdomain.inventory.values import FIELDS, MalformedPaper, WarehouseRules, place
from csdomain.kernel.papers.approvals import ApprovalLadder, BeyondAuthority, OwnRequest
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind, Query
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money

from .ledger import Ledger, Move
from .stock import BALANCES, Balance, Movement, Shared

ProductId = NewType("ProductId", str)
PRODUCT: Final = IdKind[ProductId]("prd")
ZONE: Final = IdKind[str]("zon")
REQUISITION: Final = IdKind[str]("req")
PURCHASE: Final = IdKind[str]("pur")
SHIPMENT: Final = IdKind[str]("shp")
TRANSFER: Final = IdKind[str]("trf")
COUNT: Final = IdKind[str]("cnt")
DESTRUCTION: Final = IdKind[str]("des")


@attrs.frozen
class Wanted:
    """So many smallest units of a product (INV-03, INV-06, INV-11)."""

    product: str = attrs.field(validator=FIELDS.id)
    quantity: int = attrs.field(validator=FIELDS.pieces)


def _count(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    if type(value) is not int or not 0 <= value < 2**31:
        raise FIELDS.error(field=attribute.name, accepted=Text("an integer ≥ 0", "≥ 0 的整数"))


def _money(_: object, attribute: "attrs.Attribute[Money]", value: object) -> None:
    if not isinstance(value, Money) or value.minor < 0:
        raise FIELDS.error(field=attribute.name, accepted=Text("an amount ≥ 0", "≥ 0 的金额"))


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedPaper))
class Receipt:
    """What came of one batch: ``sound`` and ``damaged`` smallest units at ``unit_cost`` each (INV-03, INV-04).

    Of a product with serial numbers, ``serials`` has one for each sound unit.
    """

    product: str = attrs.field(validator=FIELDS.id)
    sound: int = attrs.field(validator=_count)
    damaged: int = attrs.field(default=0, validator=_count)
    unit_cost: Money = attrs.field(validator=_money)
    batch: str = attrs.field(default="", validator=FIELDS.text(SHORT, empty=True))
    expires: date | None = None
    serials: tuple[str, ...] = attrs.field(default=())


@attrs.frozen(kw_only=True)
class Line:
    """Goods of a lot on a paper: so many smallest units, which cost ``cost`` minor units, from ``source``."""

    product: str
    lot: str
    quantity: int
    cost: int
    source: str


@attrs.frozen
class Seal:
    """Who accepted, and when."""

    by: str
    at: datetime


@attrs.frozen
class Price:
    """What a unit costs from a day on (INV-01)."""

    since: date
    amount: Money


@attrs.define(kw_only=True)
class Product(Shared):
    """A product of the list. Quantities are in its smallest unit, of which each has ``content``, such as capsules.

    ``shelf_days`` is how long it keeps, 0 for ever; ``prices`` follow one another. [INV-01]
    """

    id: ProductId = attrs.field(on_setattr=attrs.setters.frozen)
    branch: str
    owner: str
    code: str
    name: str
    unit: str
    zone: str
    category: str = ""
    specification: str = ""
    serial: bool = False
    fragile: bool = False
    content: Decimal | None = None
    shelf_days: int = 0
    prices: tuple[Price, ...] = ()
    state: lc.ProductState = lc.ProductState.LISTED
    version: int = 0
    number: ClassVar[str] = ""

    def price(self, on: date) -> Money | None:
        """What a unit costs on a day; None before the first price. [INV-01]"""
        return next((one.amount for one in reversed(self.prices) if one.since <= on), None)

    def require_fresh(self, receipt: Receipt, today: date) -> None:
        """Refuse goods without an expiry, or with one that their shelf life does not allow. [INV-01]"""
        last = today + timedelta(days=self.shelf_days)
        found, accepted = receipt.expires, Text(f"an expiry up to {last}", f"不晚于 {last} 的有效期")
        fits = not self.shelf_days or (found is not None and found <= last)
        require(fits, PRODUCT_RULE, accepted=accepted, product=self.code, given=found)


@attrs.define(kw_only=True)
class _Paper:
    id: str = attrs.field(on_setattr=attrs.setters.frozen)
    branch: str
    owner: str
    moved_at: datetime
    number: str
    version: int = 0
    reason: str = words(default="")


@attrs.define(kw_only=True)
class Purchase(_Paper):
    """Goods from a supplier, from the request to the shelf, in one delivery or several. [INV-03]

    ``receipts`` is what came, delivery after delivery; the first ``entered`` of them are in stock.
    """

    state: lc.PurchaseState = lc.PurchaseState.REQUESTED
    wanted: tuple[Wanted, ...]
    estimate: Money
    basis: tuple[Need, ...] = ()
    supplier: str = ""
    receipts: tuple[Receipt, ...] = ()
    deliveries: int = 0
    entered: int = 0
    keeper: Seal | None = None
    buyer: Seal | None = None
    lots: tuple[str, ...] = ()

    @property
    def delivery(self) -> tuple[Receipt, ...]:
        """What is at the door, and not in stock yet."""
        return self.receipts[self.entered :]

    @property
    def outstanding(self) -> dict[str, int]:
        """How much of each product has not come. [INV-03]"""
        came = Counter[str]()
        for each in self.receipts:
            came[each.product] += each.sound + each.damaged
        return {one.product: one.quantity - came[one.product] for one in self.wanted}


@attrs.define(kw_only=True)
class Requisition(_Paper):
    """Goods for a person (``holder``), until each is used, given back or written off. [INV-14]

    ``about`` is what they are for (a repair), ``left`` what of the issued goods is still with the holder.
    """

    state: lc.RequisitionState = lc.RequisitionState.ASKED
    holder: str
    about: str
    wanted: tuple[Wanted, ...]
    lines: tuple[Line, ...] = ()
    left: tuple[Line, ...] = ()

    @property
    def place(self) -> str:
        """Where its goods are once they are issued."""
        return place("who", self.holder)


@attrs.define(kw_only=True)
class Zone:
    """A storage zone of a warehouse, or one spot of it, of which somebody reads thermometer and hygrometer. [INV-07]"""

    id: str = attrs.field(on_setattr=attrs.setters.frozen)
    branch: str
    owner: str
    moved_at: datetime
    zone: str
    spot: str
    readings: int = 0
    out_since: datetime | None = None
    state: lc.ZoneState = lc.ZoneState.WITHIN
    version: int = 0
    number: ClassVar[str] = ""

    @property
    def place(self) -> str:
        """Where the goods lie that it is about."""
        return place("wh", self.branch, self.zone, self.spot)


@attrs.define(kw_only=True)
class Shipment(_Paper):
    """Goods picked for a document (``about``: an order, a kit), until they are delivered. [INV-06]"""

    state: lc.ShipmentState = lc.ShipmentState.PICKED
    about: str
    lines: tuple[Line, ...]
    tracking: str = ""
    fragile: bool = False


@attrs.define(kw_only=True)
class Transfer(_Paper):
    """Goods from the warehouse ``source`` for the branch whose paper it is. [INV-11]"""

    state: lc.TransferState = lc.TransferState.APPLIED
    source: str
    wanted: tuple[Wanted, ...]
    granted: tuple[Wanted, ...] = ()
    lines: tuple[Line, ...] = ()
    people: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where its goods are while they are in transit."""
        return place("tr", self.id)


@attrs.frozen(kw_only=True)
class CountLine:
    """One lot at one place, what was counted, by whom and when, and who found the same. [INV-09]"""

    place: str
    lot: str
    product: str
    counted: int | None = None
    counted_by: str = ""
    counted_at: datetime | None = None
    checked_by: str = ""
    variance: int | None = None


@attrs.define(kw_only=True)
class Count(_Paper):
    """A stocktake: what is to be counted, and what was. [INV-09]"""

    state: lc.CountState = lc.CountState.FROZEN
    lines: tuple[CountLine, ...]


@attrs.define(kw_only=True)
class Destruction(_Paper):
    """Goods to be destroyed. [INV-10]"""

    state: lc.DestructionState = lc.DestructionState.LISTED
    lines: tuple[Line, ...]
    approved_by: str = ""
    method: str = ""
    witnesses: tuple[str, ...] = ()

    @property
    def value(self) -> int:
        """What the goods cost, in minor units."""
        return sum(line.cost for line in self.lines)

    @property
    def place(self) -> str:
        """Where its goods lie: in quarantine, apart from all others."""
        return place("qt", self.branch, self.id)


@attrs.frozen(eq=False, kw_only=True)
class StockAct(Act[WarehouseRules]):
    """What a command of the warehouse has at hand: besides who, when and by which rules, the ledger."""

    ledger: Ledger

    def paper(self, id: str) -> dict[str, Any]:
        """What every new paper begins with. Lock what it needs before: it draws the number."""
        number = self.number(self.rules.number, id)
        return {"id": id, "branch": self.by.branch, "owner": self.by.id, "moved_at": self.at, "number": number}

    def product(self, code: str, *, new: bool = False) -> Product:
        """A product of the list, or that was on it. Raises RuleBroken; for ``new`` goods also where it is retired.
        [INV-01]"""
        FIELDS.check_id(code, "product")
        named: Query[Product] = Query((PRODUCTS.fields[0].is_(code),), limit=1)
        found = next(iter(self.ledger.unit.of(PRODUCTS).find(named).items), None)
        listed = found is not None and (found.state is lc.ProductState.LISTED or not new)
        require(listed, PRODUCT_RULE, accepted=Text("a product of the list", "已建档的产品"))
        assert found is not None  # noqa: S101 - required above
        return found

    def shelf_place(self, warehouse: str, product: str, spot: str) -> str:
        """The place of a product in its storage zone. [INV-07]"""
        return place("wh", warehouse, self.product(product).zone, spot)

    def post(self, document: str, moves: Sequence[Move], reason: str) -> tuple[Movement, ...]:
        """As :meth:`Ledger.post`, by who acts."""
        return self.ledger.post(document, moves, reason=reason, by=self.by.id, at=self.at)

    def require_authority(
        self, value: int, subject: str, concerned: Iterable[str], ladder: ApprovalLadder | None = None
    ) -> None:
        """Refuse who asked, and whose positions do not decide so much. Raises OwnRequest, BeyondAuthority. [INV-16]"""
        OwnRequest.check(subject, self.by.id, concerned)
        amount, ladder = Money(value, self.currency), ladder or self.rules.approvals
        if not any(ladder.suffices(position, amount) for position in self.by.positions):
            who = ladder.band(amount).authority
            raise BeyondAuthority(LIMITS, amount=amount, accepted=Text(who, who))

    def worth(self, lot: str, quantity: int) -> int:
        """What so much of a lot cost when it came, in minor units."""
        row = self.ledger.lots([lot])[lot]
        return share_of_cost(row.cost, quantity, row.quantity)

    def lying(self, where: str, product: str | None = None) -> list[Balance]:
        """What lies at a place, locked, the oldest receipt first."""
        asked = [BALANCES["place"].is_(where), *([] if product is None else [BALANCES["product"].is_(product)])]
        return sorted(self.ledger.balances(*asked, lock=True), key=lambda row: (row.received, row.lot))


def product_id(code: str) -> ProductId:
    """The id of the product with that code."""
    return PRODUCT.keyed(code)


@attrs.frozen(kw_only=True)
class Goods:
    """What is in a lot, as papers say it. [INV-04]"""

    product: str
    name: str
    specification: str
    unit: str
    batch: str
    serial: str
    expires: date | None


def goods(ledger: Ledger, lots: Iterable[str]) -> dict[str, Goods]:
    """What is in lots, by their ids. Raises UnknownLot."""
    rows, found = ledger.lots(lots), {}
    of: dict[str, Product] = {}
    for id, row in rows.items():
        if row.product not in of:
            of[row.product] = ledger.unit.of(PRODUCTS).get(product_id(row.product))
        product, what = of[row.product], {"batch": row.batch, "serial": row.serial}
        names = {"name": product.name, "specification": product.specification, "unit": product.unit}
        found[id] = Goods(product=row.product, expires=row.expires, **names, **what)
    return found


def line_of(movement: Movement) -> Line:
    """A movement as a line of a paper."""
    return Line(
        product=movement.product,
        lot=movement.lot,
        quantity=movement.quantity,
        cost=movement.cost,
        source=movement.source,
    )


def pieces(lines: Iterable[Any]) -> int:
    """How many smallest units in all."""
    return sum(line.quantity for line in lines)


def _usual(*more: Field[Any, Any]) -> tuple[Field[Any, Any], ...]:
    number: Field[Any, str] = Field("number", str, lambda paper: paper.number or None, unique=True)
    return (number, Field("state", str, lambda paper: paper.state.value), *more)


PRODUCTS: Final = Kind(
    Product,
    PRODUCT,
    "product",
    (
        Field("code", str, lambda p: p.code, unique=True),
        Field("category", str, lambda p: p.category),
        Field("state", str, lambda p: p.state.value),
    ),
)
PURCHASES: Final = Kind(Purchase, PURCHASE, "purchase", _usual(Field("supplier", str, lambda p: p.supplier or None)))
SHIPMENTS: Final = Kind(Shipment, SHIPMENT, "shipment", _usual(Field("about", str, lambda p: p.about)))
_SOURCE: Final[Field[Transfer, str]] = Field("source", str, lambda t: t.source)
TRANSFERS: Final = Kind(Transfer, TRANSFER, "transfer", _usual(_SOURCE), branches=(_SOURCE,))
_HOLDER: Final[Field[Requisition, str]] = Field("holder", str, lambda req: req.holder)
REQUISITIONS: Final = Kind(Requisition, REQUISITION, "requisition", _usual(_HOLDER), owners=(_HOLDER,))
ZONES: Final = Kind(
    Zone,
    ZONE,
    "zone",
    (
        Field("open_place", str, lambda z: None if z.state is lc.ZoneState.CLOSED else z.place, unique=True),
        Field("state", str, lambda z: z.state.value),
        Field("out_since", datetime, lambda z: z.out_since),
    ),
)
COUNTS: Final = Kind(Count, COUNT, "count", _usual())
DESTRUCTIONS: Final = Kind(Destruction, DESTRUCTION, "destruction", _usual())
