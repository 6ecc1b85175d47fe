"""Purchases: requested, approved, ordered; each delivery arrived, accepted by two, entered (INV-03, INV-04)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import PURCHASE_MOVES, PurchaseMove
from csdomain.inventory.model.papers import PURCHASE, Purchase, Receipt, Seal, StockAct, Wanted, pieces
from csdomain.inventory.model.supply import needs
from csdomain.inventory.policies.supply import Need
from csdomain.inventory.values import FIELDS, place
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.money import Money

from .products import post_receipts

does: Final = Commands(PURCHASE_MOVES)


@does.opens(PurchaseMove.REQUEST)
def request(act: StockAct, wanted: Sequence[Wanted], estimate: Money) -> tuple[Purchase, Events]:
    found = FIELDS.once(wanted, lambda one: one.product, "wanted")
    for one in found:
        act.product(one.product, new=True)
    return _opened(act, found, estimate, ())


@does.opens(PurchaseMove.PROPOSE)
def propose(
    act: StockAct, products: Sequence[str], estimate: Money, demand: Sequence[Wanted]
) -> tuple[Purchase, Events]:
    listed = [act.product(one, new=True).code for one in FIELDS.once(products, lambda one: one, "products")]
    basis = needs(act.ledger, listed, demand, act.at)
    wanted = tuple(Wanted(each.product, each.quantity) for each in basis if each.quantity)
    require(bool(wanted), r.PROPOSAL, accepted=Text("a product that is needed", "确有需求的产品"))
    return _opened(act, wanted, estimate, basis)


def _opened(
    act: StockAct, wanted: tuple[Wanted, ...], estimate: Money, basis: tuple[Need, ...]
) -> tuple[Purchase, Events]:
    if estimate.currency != act.currency or estimate.minor <= 0:
        raise FIELDS.error(field="estimate", accepted=Text(f"> 0 {act.currency}", f"> 0 {act.currency}"))
    purchase = Purchase(**act.paper(act.new(PURCHASE)), wanted=wanted, estimate=estimate, basis=basis)
    return purchase, act.opened(purchase, e.PurchaseRequested(pieces=pieces(wanted), value=estimate.minor))


@does(PurchaseMove.APPROVE)
def approve(purchase: Purchase, act: StockAct) -> Events:
    act.require_authority(purchase.estimate.minor, purchase.id, [purchase.owner], act.rules.purchase_approvals)
    return act.done(e.PurchaseApproved())


@does(PurchaseMove.REFUSE)
def refuse(purchase: Purchase, act: StockAct, reason: str) -> Events:
    purchase.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.PurchaseRefused())


@does(PurchaseMove.CANCEL)
def cancel(purchase: Purchase, act: StockAct, reason: str) -> Events:
    none = Text("a purchase of which nothing is in stock, or to close it", "尚无入库的采购；否则请结束")
    require(not purchase.entered, r.RECEIVING, accepted=none)
    purchase.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.PurchaseCancelled())


@does(PurchaseMove.ORDER)
def order(purchase: Purchase, act: StockAct, supplier: str) -> Events:
    FIELDS.check_id(supplier, "supplier")
    place("sup", supplier)
    purchase.supplier = supplier
    return act.done(e.PurchaseOrdered(supplier=supplier))


@does(PurchaseMove.ARRIVE)
def arrive(purchase: Purchase, act: StockAct, receipts: Sequence[Receipt]) -> Events:
    found, left = tuple(receipts), purchase.outstanding
    for each in found:
        known = ", ".join(left)
        require(each.product in left, r.RECEIVING, accepted=Text(known, known))
        act.product(each.product).require_fresh(each, act.today())
    for product, quantity in left.items():
        came = sum(each.sound + each.damaged for each in found if each.product == product)
        most = Text(f"at most {quantity} of {product}", f"{product} 至多 {quantity}")
        require(came <= quantity, r.RECEIVING, accepted=most, given=came)
    damaged = sum(each.damaged for each in found)
    require(bool(found), r.RECEIVING, accepted=Text("at least one batch", "至少一批"))
    purchase.receipts, purchase.keeper, purchase.buyer = (*purchase.receipts, *found), None, None
    purchase.deliveries += 1
    return act.done(e.PurchaseArrived(delivery=purchase.deliveries, short=_short(purchase), damaged=damaged))


def _short(purchase: Purchase) -> int:
    return sum(purchase.outstanding.values())


@does(PurchaseMove.SEND_BACK)
def send_back(purchase: Purchase, act: StockAct, reason: str) -> Events:
    purchase.reason = FIELDS.check_text(reason, "reason")
    count = sum(each.sound + each.damaged for each in purchase.delivery)
    purchase.receipts = purchase.receipts[: purchase.entered]
    return act.done(e.PurchaseSentBack(pieces=count))


@does(PurchaseMove.CLOSE)
def close(purchase: Purchase, act: StockAct, reason: str) -> Events:
    purchase.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.PurchaseClosed(short=_short(purchase)))


@does(PurchaseMove.ACCEPT_AS_KEEPER)
def accept_as_keeper(purchase: Purchase, act: StockAct) -> Events:
    purchase.keeper, purchase.buyer = _sealed(purchase, act, purchase.buyer)
    return _accepted(purchase, act)


@does(PurchaseMove.ACCEPT_AS_BUYER)
def accept_as_buyer(purchase: Purchase, act: StockAct) -> Events:
    purchase.buyer, purchase.keeper = _sealed(purchase, act, purchase.keeper)
    return _accepted(purchase, act)


def _sealed(purchase: Purchase, act: StockAct, other: Seal | None) -> tuple[Seal, Seal | None]:
    """The seal of who acts; that of the other lapses where it was given too long ago. [INV-03]"""
    if other is not None:
        OwnRequest.check(purchase.id, act.by.id, [other.by])
        if act.at - other.at > timedelta(minutes=act.rules.both_present_minutes):
            other = None
    return Seal(act.by.id, act.at), other


def _accepted(purchase: Purchase, act: StockAct) -> Events:
    told = act.done(e.PurchaseSealed())
    both = purchase.keeper is not None and purchase.buyer is not None
    return (*told, *act.follows(does, PurchaseMove.ACCEPT, e.PurchaseAccepted())) if both else told


@does(PurchaseMove.ENTER)
def enter(purchase: Purchase, act: StockAct, spot: str) -> Events:
    source, supplier = place("sup", purchase.supplier), purchase.supplier
    what: dict[str, Any] = {"document": purchase.id, "source": source, "reason": "receive", "supplier": supplier}
    made = post_receipts(act, purchase.delivery, purchase.branch, spot, **what)
    lots = tuple(lot.id for lot in made)
    purchase.lots, purchase.entered = (*purchase.lots, *lots), len(purchase.receipts)
    told = act.done(e.PurchaseEntered(lots=lots, value=sum(lot.cost for lot in made)))
    return told if _short(purchase) else (*told, *act.follows(does, PurchaseMove.COMPLETE, e.PurchaseCompleted()))
