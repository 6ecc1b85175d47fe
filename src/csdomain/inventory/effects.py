"""What follows from what happens in the warehouse: a table, event by event (design decision D8)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import TimerBreached, TimerFired
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.durations import ElapsedTime

from . import events as e
from .model import papers as p
from .model.stock import SHELVES
from .rules import RESERVATIONS
from .rules import ZONES as CLIMATE
from .values import INVENTORY_RULES, WarehouseRules

S = Scene[WarehouseRules]
PRODUCT_EFFECTS: Final = Effects(p.PRODUCTS, INVENTORY_RULES)
SHELF_EFFECTS: Final = Effects(SHELVES, INVENTORY_RULES)
ZONE_EFFECTS: Final = Effects(p.ZONES, INVENTORY_RULES)
REQUISITION_EFFECTS: Final = Effects(p.REQUISITIONS, INVENTORY_RULES)
PURCHASE_EFFECTS: Final = Effects(p.PURCHASES, INVENTORY_RULES)
SHIPMENT_EFFECTS: Final = Effects(p.SHIPMENTS, INVENTORY_RULES)
TRANSFER_EFFECTS: Final = Effects(p.TRANSFERS, INVENTORY_RULES)
COUNT_EFFECTS: Final = Effects(p.COUNTS, INVENTORY_RULES)
DESTRUCTION_EFFECTS: Final = Effects(p.DESTRUCTIONS, INVENTORY_RULES)


@SHELF_EFFECTS.on(e.GoodsReserved)
def _reserved(event: e.GoodsReserved, s: S) -> Iterable[Effect]:
    if event.replaces is not None:
        yield s.stop(event, timer(RESERVATIONS, event.replaces), cancelled=True)
    yield s.until(event, timer(RESERVATIONS, event.count), event.until)


@SHELF_EFFECTS.on(e.ReservationReleased)
def _released(event: e.ReservationReleased, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(RESERVATIONS, event.count), cancelled=True)


def _expire(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
    """Take a reservation that ran out off its shelf, unless it was drawn or released before. [INV-15]"""

    def missing() -> None:
        raise NotFound(kind=SHELVES.table, id=fired.subject)

    shelf = unit.obtain(SHELVES, fired.subject, missing)  # type: ignore[arg-type]
    gone = shelf.release(fired.timer.partition(".")[2] or "1")
    if gone is not None:
        unit.of(SHELVES).save(shelf)
        told = e.ReservationExpired(
            subject=shelf.id, by=fired.by, at=fired.at, holder=gone.owner, quantity=gone.quantity
        )
        unit.record([told])
    return ()


SHELF_EFFECTS.handles(RESERVATIONS, _expire)


@ZONE_EFFECTS.on(e.ZoneOpened, e.ZoneRead)
def _read(event: e.ZoneOpened | e.ZoneRead, s: S) -> Iterable[Effect]:
    if event.readings:
        yield s.stop(event, timer(CLIMATE, event.readings))
    yield s.clock(event, timer(CLIMATE, event.readings + 1), ElapsedTime(timedelta(hours=s.rules.silent_hours)))


@ZONE_EFFECTS.on(e.ZoneLeft)
def _left(event: e.ZoneLeft, s: S) -> Iterable[Effect]:
    for position in dict.fromkeys((s.rules.keeper, s.rules.buyer)):
        yield s.tell(event, "alarm", position, f"{position}/{event.readings}", zone=event.zone)


@ZONE_EFFECTS.on(e.ZoneClosed)
def _closed(event: e.ZoneClosed, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(CLIMATE, event.readings + 1), cancelled=True)


@ZONE_EFFECTS.fires(TimerBreached, CLIMATE)
def _silent(zone: p.Zone, fired: TimerBreached, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "silent", s.rules.keeper, zone=zone.zone)


@REQUISITION_EFFECTS.on(e.GoodsIssued)
def _issued(event: e.GoodsIssued, s: S) -> Iterable[Effect]:
    yield s.tell(event, "issued", event.holder, pieces=event.pieces)


@PURCHASE_EFFECTS.on(e.PurchaseArrived)
def _arrived(event: e.PurchaseArrived, s: S) -> Iterable[Effect]:
    yield s.tell(event, "arrived", s.rules.keeper, event.delivery)
    yield s.tell(event, "arrived", s.case.owner, f"owner/{event.delivery}")


@TRANSFER_EFFECTS.on(e.TransferSent)
def _sent(event: e.TransferSent, s: S) -> Iterable[Effect]:
    yield s.tell(event, "sent", s.case.owner, pieces=event.pieces)


@TRANSFER_EFFECTS.on(e.TransferReceived)
def _received(event: e.TransferReceived, s: S) -> Iterable[Effect]:
    if event.left:
        yield s.tell(event, "short", s.rules.keeper, len(s.case.people), pieces=event.left)
