"""Requisitions: goods for a person, approved, issued, and each used, given back or written off (INV-14)."""

from collections.abc import Sequence
from typing import Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import REQUISITION_MOVES, RequisitionMove
from csdomain.inventory.model.ledger import Move, TooLittle
from csdomain.inventory.model.papers import REQUISITION, Line, Requisition, StockAct, Wanted, line_of, pieces
from csdomain.inventory.values import FIELDS, LOST, Request, place, whole
from csdomain.kernel.papers.approvals import OwnRequest

does: Final = Commands(REQUISITION_MOVES)


@does.opens(RequisitionMove.ASK)
def ask(act: StockAct, holder: str, wanted: Sequence[Wanted], about: str) -> tuple[Requisition, Events]:
    place("who", FIELDS.check_id(holder, "holder"))
    place("cus", FIELDS.check_id(about, "about"))
    found = FIELDS.once(wanted, lambda one: one.product, "wanted")
    for one in found:
        act.product(one.product)
    requisition = Requisition(**act.paper(act.new(REQUISITION)), holder=holder, about=about, wanted=found)
    return requisition, act.opened(requisition, e.RequisitionAsked(holder=holder, pieces=pieces(found)))


@does(RequisitionMove.APPROVE)
def approve(requisition: Requisition, act: StockAct) -> Events:
    OwnRequest.check(requisition.id, act.by.id, [requisition.owner, requisition.holder])
    return act.done(e.RequisitionApproved())


@does(RequisitionMove.REFUSE)
def refuse(requisition: Requisition, act: StockAct, reason: str) -> Events:
    requisition.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.RequisitionRefused())


@does(RequisitionMove.WITHDRAW)
def withdraw(requisition: Requisition, act: StockAct, reason: str) -> Events:
    requisition.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.RequisitionWithdrawn())


@does(RequisitionMove.ISSUE)
def issue(requisition: Requisition, act: StockAct) -> Events:
    asked = [Request(one.product, one.quantity, requisition.id) for one in requisition.wanted]
    made = act.ledger.give(requisition.branch, asked, requisition.place, requisition.id, by=act.by.id, at=act.at)
    requisition.lines = requisition.left = tuple(line_of(one) for one in made)
    return act.done(e.GoodsIssued(holder=requisition.holder, pieces=pieces(requisition.lines)))


@does(RequisitionMove.USE)
def use(requisition: Requisition, act: StockAct, lot: str, quantity: int, vehicle: str) -> Events:
    dest = place("veh", FIELDS.check_id(vehicle, "vehicle")) if vehicle else place("cus", requisition.about)
    return _settle(requisition, act, _taken(requisition, lot, quantity), dest, "use")


@does(RequisitionMove.GIVE_BACK)
def give_back(requisition: Requisition, act: StockAct, lot: str, quantity: int, spot: str, sound: bool) -> Events:
    taken = _taken(requisition, lot, quantity)
    house = requisition.branch
    dest = act.shelf_place(house, taken[0].product, spot) if sound else place("qt", house)
    return _settle(requisition, act, taken, dest, "give back")


@does(RequisitionMove.WRITE_OFF)
def write_off(requisition: Requisition, act: StockAct, lot: str, quantity: int, reason: str) -> Events:
    taken = _taken(requisition, lot, quantity)
    value = act.worth(lot, quantity)
    act.require_authority(value, requisition.id, [requisition.owner, requisition.holder])
    requisition.reason = FIELDS.check_text(reason, "reason")
    return _settle(requisition, act, taken, LOST, "lost")


def _taken(requisition: Requisition, lot: str, quantity: int) -> list[Line]:
    """So many of a lot that is with the holder, line by line. Raises TooLittle."""
    left, found = whole(quantity), []
    for line in requisition.left:
        taken = min(left, line.quantity) if line.lot == lot else 0
        left -= taken
        found += [attrs.evolve(line, quantity=taken)] if taken else []
    if left:
        raise TooLittle(r.EQUIPMENT, lot=FIELDS.check_id(lot, "lot"), given=quantity, maximum=quantity - left)
    return found


def _settle(requisition: Requisition, act: StockAct, taken: Sequence[Line], dest: str, reason: str) -> Events:
    lot, quantity = taken[0].lot, pieces(taken)
    act.post(requisition.id, [Move(lot, quantity, requisition.place, dest)], reason)
    gone = {line.source: line.quantity for line in taken}
    less = [
        attrs.evolve(line, quantity=line.quantity - gone.get(line.source, 0)) if line.lot == lot else line
        for line in requisition.left
    ]
    requisition.left = tuple(line for line in less if line.quantity)
    told = act.done(e.GoodsSettled(lot=lot, pieces=quantity, left=pieces(requisition.left)))
    return told if requisition.left else (*told, *act.follows(does, RequisitionMove.CLOSE, e.RequisitionClosed()))
