"""Products: listed, retired; and stock that the ledger did not know (INV-01, INV-12)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.frame.fields import SHORT
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import PRODUCT_MOVES, ProductMove
from csdomain.inventory.model.ledger import Move
from csdomain.inventory.model.papers import Price, Product, Receipt, StockAct, product_id
from csdomain.inventory.model.stock import LotRow
from csdomain.inventory.values import FIELDS, OPENING, place
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.money import Money

does: Final = Commands(PRODUCT_MOVES)
#: Nothing is said to keep for more than a hundred years.
_LONGEST: Final = 36_500


@does.opens(ProductMove.LIST)
def list_product(
    act: StockAct,
    code: str,
    name: str,
    unit: str,
    zone: str,
    category: str,
    specification: str,
    serial: bool,
    fragile: bool,
    content: Decimal | None,
    shelf_days: int,
    price: Money | None,
) -> tuple[Product, Events]:
    FIELDS.check_id(code, "code")
    for value, field in ((name, "name"), (unit, "unit")):
        FIELDS.check_text(value, field, SHORT)
    for value, field in ((category, "category"), (specification, "specification")):
        FIELDS.check_text(value, field, SHORT, empty=True)
    act.rules.climate(zone)
    if content is not None and not (content.is_finite() and content > 0):
        raise FIELDS.error(field="content", accepted=Text("a decimal > 0", "> 0 的小数"))
    if not 0 <= shelf_days <= _LONGEST:
        raise FIELDS.error(field="shelf_days", accepted=Text(f"0 to {_LONGEST}", f"0 到 {_LONGEST}"))
    product = Product(
        id=product_id(code),
        branch=act.by.branch,
        owner=act.by.id,
        code=code,
        name=name,
        unit=unit,
        zone=zone,
        category=category,
        specification=specification,
        serial=serial,
        fragile=fragile,
        content=content,
        shelf_days=shelf_days,
        prices=() if price is None else (_price(act, price, act.today()),),
    )
    return product, act.opened(product, e.ProductListed())


def _price(act: StockAct, price: Money, since: date) -> Price:
    if not isinstance(price, Money) or price.minor < 0 or price.currency != act.currency:
        accepted = Text(f"an amount ≥ 0 in {act.currency}", f"≥ 0 的 {act.currency} 金额")
        raise FIELDS.error(field="price", accepted=accepted)
    return Price(since, price)


@does(ProductMove.PRICE)
def set_price(product: Product, act: StockAct, price: Money, since: date | None) -> Events:
    today = act.today()
    new = _price(act, price, today if since is None else since)
    require(new.since >= today, r.PRODUCTS, accepted=Text(f"from {today} on", f"自 {today} 起"), given=new.since)
    kept = (one for one in product.prices if one.since != new.since)
    product.prices = tuple(sorted((*kept, new), key=lambda one: one.since))
    return act.done(e.ProductPriced(price=price.minor, since=new.since))


@does(ProductMove.RETIRE)
def retire(product: Product, act: StockAct) -> Events:
    return act.done(e.ProductRetired())


@does(ProductMove.TAKE_OVER)
def take_over(product: Product, act: StockAct, receipts: Sequence[Receipt], reason: str, spot: str) -> Events:
    FIELDS.check_text(reason, "reason", SHORT)
    require(all(each.product == product.code for each in receipts), r.LEDGER, accepted=Text(product.code, product.code))
    for each in receipts:
        product.require_fresh(each, act.today())
    lots = post_receipts(act, receipts, act.by.branch, spot, document=product.id, source=OPENING, reason=reason)
    quantity, value = sum(lot.quantity for lot in lots), sum(lot.cost for lot in lots)
    return act.done(e.StockTakenOver(quantity=quantity, value=value))


def post_receipts(
    act: StockAct,
    receipts: Sequence[Receipt],
    warehouse: str,
    spot: str,
    *,
    document: str,
    source: str,
    reason: str,
    supplier: str = "",
) -> list[LotRow]:
    """Sound goods of each batch go to the shelf, damaged ones to quarantine: the lots. [INV-03, INV-04]"""
    made, moves = [], []
    for each in receipts:
        product, cost = act.product(each.product), each.unit_cost.minor
        shelf, quarantine = act.shelf_place(warehouse, product.code, spot), place("qt", warehouse)
        for lot in _lots(act, product, each, supplier, document):
            sound = lot.quantity - each.damaged
            made.append(lot)
            for dest, quantity in ((shelf, sound), (quarantine, each.damaged)):
                moves += [Move(lot.id, quantity, source, dest, cost * quantity)] if quantity else []
    act.post(document, moves, reason)
    return made


def _lots(act: StockAct, product: Product, each: Receipt, supplier: str, document: str) -> list[LotRow]:
    """The lots of a batch: one, or one a unit of a product with serial numbers. Raises RuleBroken. [INV-04]"""
    serials = each.serials or ("",)
    count = each.sound if product.serial else 0
    fits = len(each.serials) == count and len(set(each.serials)) == count and not (product.serial and each.damaged)
    require(fits and each.sound + each.damaged > 0, r.LOTS, accepted=Text("a serial number a unit", "每件一个序列号"))
    quantity = 1 if product.serial else each.sound + each.damaged
    return [
        act.ledger.lot(
            product.code,
            quantity,
            each.unit_cost * quantity,
            received=act.at,
            document=document,
            supplier=supplier,
            batch=each.batch,
            serial=FIELDS.check_text(serial, "serial", 40, empty=not product.serial),
            expires=each.expires,
        )
        for serial in serials
    ]
