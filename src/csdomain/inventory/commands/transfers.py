"""Transfers between warehouses: applied for, granted, sent, received with what is short (INV-11, INV-16)."""

from collections.abc import Sequence
from typing import Final

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import TRANSFER_MOVES, TransferMove
from csdomain.inventory.model.ledger import Move, TooLittle
from csdomain.inventory.model.papers import TRANSFER, StockAct, Transfer, Wanted, line_of, pieces
from csdomain.inventory.values import FIELDS, LOST, Request, place
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import Action

KEEP: Final = Action("inventory.keep")
APPLY: Final = Action("inventory.apply")
does: Final = Commands(TRANSFER_MOVES)


@does.opens(TransferMove.APPLY)
def apply(act: StockAct, source: str, wanted: Sequence[Wanted]) -> tuple[Transfer, Events]:
    found = FIELDS.once(wanted, lambda one: one.product, "wanted")
    place("wh", FIELDS.check_id(source, "source"))
    require(source != act.by.branch, r.TRANSFERS, accepted=Text("another warehouse", "另一库房"))
    for one in found:
        act.product(one.product, new=True)
    transfer = Transfer(**act.paper(act.new(TRANSFER)), source=source, wanted=found)
    return transfer, act.opened(transfer, e.TransferApplied(pieces=pieces(found)))


@does(TransferMove.GRANT)
def grant(transfer: Transfer, act: StockAct, granted: Sequence[Wanted]) -> Events:
    OwnRequest.check(transfer.id, act.by.id, [transfer.owner])
    found = FIELDS.once(granted, lambda one: one.product, "granted")
    asked = {one.product: one.quantity for one in transfer.wanted}
    for one in found:
        most = asked.get(one.product, 0)
        accepted = Text(f"at most {most} of {one.product}", f"{one.product} 至多 {most}")
        require(one.quantity <= most, r.TRANSFERS, accepted=accepted, given=one.quantity)
    transfer.granted = found
    return act.done(e.TransferGranted(pieces=pieces(found)))


@does(TransferMove.REFUSE)
def refuse(transfer: Transfer, act: StockAct, reason: str) -> Events:
    transfer.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.TransferRefused())


@does(TransferMove.WITHDRAW)
def withdraw(transfer: Transfer, act: StockAct, reason: str) -> Events:
    act.by.require(APPLY, owner="", branch=transfer.branch)
    transfer.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.TransferWithdrawn())


@does(TransferMove.SEND)
def send(transfer: Transfer, act: StockAct) -> Events:
    act.by.require(KEEP, owner="", branch=transfer.source)
    asked = [Request(one.product, one.quantity, transfer.id) for one in transfer.granted]
    made = act.ledger.give(transfer.source, asked, transfer.place, transfer.id, by=act.by.id, at=act.at)
    transfer.lines = tuple(line_of(one) for one in made)
    transfer.people = (*transfer.people, act.by.id)
    return act.done(e.TransferSent(pieces=pieces(transfer.lines)))


@does(TransferMove.RECEIVE)
def receive(transfer: Transfer, act: StockAct, came: Sequence[Wanted], spot: str) -> Events:
    act.by.require(KEEP, owner="", branch=transfer.branch)
    found, moves = FIELDS.once(came, lambda one: one.product, "came"), []
    for one in found:
        left, dest = one.quantity, act.shelf_place(transfer.branch, one.product, spot)
        for row in act.lying(transfer.place, one.product):
            taken = min(left, row.quantity)
            moves += [Move(row.lot, taken, transfer.place, dest)] if taken else []
            left -= taken
        if left:
            most = one.quantity - left
            raise TooLittle(r.TRANSFERS, product=one.product, given=one.quantity, maximum=most)
    act.post(transfer.id, moves, "receive")
    transfer.people = (*transfer.people, act.by.id)
    left = pieces(act.lying(transfer.place))
    return _closed(act, act.done(e.TransferReceived(pieces=pieces(found), left=left)), left)


@does(TransferMove.WRITE_OFF)
def write_off(transfer: Transfer, act: StockAct, reason: str) -> Events:
    lost = act.lying(transfer.place)
    value = sum(row.cost for row in lost)
    act.require_authority(value, transfer.id, [transfer.owner, *transfer.people])
    transfer.reason = FIELDS.check_text(reason, "reason")
    act.post(transfer.id, [Move(row.lot, row.quantity, transfer.place, LOST) for row in lost], "lost")
    return _closed(act, act.done(e.TransferWrittenOff(pieces=pieces(lost), value=value)), 0)


def _closed(act: StockAct, told: Events, left: int) -> Events:
    """A transfer is closed when nothing of it is in transit, and only then."""
    return told if left else (*told, *act.follows(does, TransferMove.CLOSE, e.TransferClosed()))
