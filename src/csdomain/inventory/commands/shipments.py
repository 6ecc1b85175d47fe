"""Shipments: picked first in, first out, checked again, sent, delivered or put back (INV-05, INV-06, INV-15)."""

from collections.abc import Sequence
from typing import Final

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.frame.fields import SHORT
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import SHIPMENT_MOVES, ShipmentMove
from csdomain.inventory.model.ledger import Move
from csdomain.inventory.model.papers import SHIPMENT, Shipment, StockAct, Wanted, line_of, pieces
from csdomain.inventory.policies import local_date, usable
from csdomain.inventory.values import FIELDS, Request, place
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require

does: Final = Commands(SHIPMENT_MOVES)


@does.opens(ShipmentMove.PICK)
def pick(act: StockAct, about: str, wanted: Sequence[Wanted], partly: bool) -> tuple[Shipment, Events]:
    place("cus", FIELDS.check_id(about, "about"))
    found = FIELDS.once(wanted, lambda one: one.product, "wanted")
    listed = [act.product(one.product) for one in found]
    fragile = any(product.fragile for product in listed)
    id = act.new(SHIPMENT)
    asked = [Request(one.product, one.quantity, about, all_or_nothing=partly is not True) for one in found]
    made = act.ledger.give(act.by.branch, asked, place("out", id), id, by=act.by.id, at=act.at)
    lines = tuple(line_of(one) for one in made)
    shipment = Shipment(**act.paper(id), about=about, lines=lines, fragile=fragile)
    return shipment, act.opened(shipment, e.ShipmentPicked(about=about, pieces=pieces(lines)))


@does(ShipmentMove.SHIP)
def ship(shipment: Shipment, act: StockAct, tracking: str) -> Events:
    FIELDS.check_text(tracking, "tracking", SHORT, empty=True)
    on, lots = local_date(act.at, act.ledger.zone), act.ledger.lots(line.lot for line in shipment.lines)
    for id, lot in lots.items():
        fresh = usable(lot.expires, on, act.rules)
        require(fresh, r.SHIPPING, accepted=Text("lots that have not expired", "未过期的批次"), lot=id)
    _move(shipment, act, place("cus", shipment.about))
    shipment.tracking = tracking
    return act.done(e.ShipmentSent(about=shipment.about, pieces=pieces(shipment.lines)))


@does(ShipmentMove.DELIVER)
def deliver(shipment: Shipment, act: StockAct) -> Events:
    return act.done(e.ShipmentDelivered())


@does(ShipmentMove.CANCEL)
def cancel(shipment: Shipment, act: StockAct, reason: str) -> Events:
    shipment.reason = FIELDS.check_text(reason, "reason")
    _move(shipment, act, None)
    return act.done(e.ShipmentCancelled())


def _move(shipment: Shipment, act: StockAct, dest: str | None) -> None:
    out = place("out", shipment.id)
    moves = [Move(line.lot, line.quantity, out, dest or line.source) for line in shipment.lines]
    act.post(shipment.id, moves, "put back" if dest is None else "ship")
