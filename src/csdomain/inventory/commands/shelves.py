"""Shelves: reserved and released, moved about, set apart and cleared (INV-07, INV-08, INV-15)."""

from datetime import timedelta
from typing import Final

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.frame.fields import SHORT
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import SHELF_MOVES, ShelfMove
from csdomain.inventory.model.ledger import Move, TooLittle
from csdomain.inventory.model.papers import StockAct
from csdomain.inventory.model.stock import Shelf
from csdomain.inventory.policies import available
from csdomain.inventory.values import FIELDS, Reservation, place, whole
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require

does: Final = Commands(SHELF_MOVES)


def _held(shelf: Shelf, holder: str, lot: str | None) -> Reservation | None:
    return next((one for one in shelf.reservations if one.owner == holder and one.lot == lot), None)


@does(ShelfMove.RESERVE)
def reserve(shelf: Shelf, act: StockAct, holder: str, quantity: int, lot: str | None) -> Events:
    FIELDS.check_id(holder, "holder")
    if lot is not None:
        FIELDS.check_id(lot, "lot")
    whole(quantity)
    stock = act.ledger.on_shelf(shelf.warehouse, shelf.product)
    at = act.ledger.asked(stock, act.at)
    before = _held(shelf, holder, lot)
    before = before if before is not None and before.holds(at) else None
    wanted = quantity + (0 if before is None else before.quantity)
    most = available(
        stock,
        shelf.product,
        owner=holder,
        lot=lot,
        at=at,
        zone=act.ledger.zone,
        rules=act.rules,
        reservations=[one for one in shelf.reservations if one.owner != holder or one is before],
    )
    if wanted > most:
        raise TooLittle(r.RESERVATIONS, product=shelf.product, given=wanted, maximum=most)
    count, until = shelf.reserved + 1, at + timedelta(days=act.rules.reserved_days)
    made = Reservation(id=str(count), owner=holder, product=shelf.product, quantity=wanted, expires=until, lot=lot)
    replaced = None
    old = _held(shelf, holder, lot)
    if old is not None:
        replaced = int(old.id)
        shelf.release(old.id)
    shelf.reservations, shelf.reserved = (*shelf.reservations, made), count
    return act.done(e.GoodsReserved(count=count, replaces=replaced, holder=holder, quantity=wanted, until=until))


@does(ShelfMove.RELEASE)
def release(shelf: Shelf, act: StockAct, holder: str, lot: str | None) -> Events:
    found = _held(shelf, holder, lot)
    require(found is not None, r.RESERVATIONS, accepted=Text("a reservation that stands", "尚存的预留"))
    assert found is not None  # noqa: S101 - required above
    shelf.release(found.id)
    return act.done(e.ReservationReleased(count=int(found.id), holder=holder))


@does(ShelfMove.MOVE)
def move(shelf: Shelf, act: StockAct, lot: str, quantity: int, source: str, dest: str) -> Events:
    _move(act, shelf, lot, quantity, _spot(act, shelf, source), _spot(act, shelf, dest), "move")
    return act.done(e.GoodsMoved(lot=lot, quantity=quantity))


@does(ShelfMove.QUARANTINE)
def quarantine(shelf: Shelf, act: StockAct, lot: str, quantity: int, spot: str, reason: str) -> Events:
    FIELDS.check_text(reason, "reason", SHORT)
    _move(act, shelf, lot, quantity, _spot(act, shelf, spot), place("qt", shelf.warehouse), reason)
    return act.done(e.GoodsQuarantined(lot=lot, quantity=quantity, reason=reason))


@does(ShelfMove.CLEAR)
def clear(shelf: Shelf, act: StockAct, lot: str, quantity: int, spot: str, reason: str) -> Events:
    FIELDS.check_text(reason, "reason", SHORT)
    _move(act, shelf, lot, quantity, place("qt", shelf.warehouse), _spot(act, shelf, spot), reason)
    return act.done(e.GoodsCleared(lot=lot, quantity=quantity, reason=reason))


def _spot(act: StockAct, shelf: Shelf, spot: str) -> str:
    return act.shelf_place(shelf.warehouse, shelf.product, spot)


def _move(act: StockAct, shelf: Shelf, lot: str, quantity: int, source: str, dest: str, reason: str) -> None:
    product = act.ledger.lots([FIELDS.check_id(lot, "lot")])[lot].product
    require(product == shelf.product, r.LEDGER, accepted=Text(f"a lot of {shelf.product}", f"{shelf.product} 的批次"))
    act.post(shelf.id, [Move(lot, quantity, source, dest)], reason)
