"""What happens to products, shelves and papers of the warehouse. Values are minor units; goods move as rows."""

from datetime import date, datetime

import attrs

from csdomain.frame.acts import Told, stamped
from csdomain.kernel.cases.events import Event


@attrs.frozen(kw_only=True)
class ProductTold(Told):
    """Something happened to the product ``code``."""

    code: str = stamped()


@attrs.frozen(kw_only=True)
class ProductListed(ProductTold):
    """A product is on the list (INV-01)."""


@attrs.frozen(kw_only=True)
class ProductPriced(ProductTold):
    """A unit costs ``price`` minor units from the day ``since`` on (INV-01)."""

    price: int
    since: date


@attrs.frozen(kw_only=True)
class ProductRetired(ProductTold):
    """A product is taken into stock no more (INV-01)."""


@attrs.frozen(kw_only=True)
class StockTakenOver(ProductTold):
    """Stock that the ledger did not know was entered (INV-12)."""

    quantity: int
    value: int


@attrs.frozen(kw_only=True)
class ShelfTold(Told):
    """Something happened on the shelf of ``product`` in ``warehouse``."""

    warehouse: str = stamped()
    product: str = stamped()


@attrs.frozen(kw_only=True)
class GoodsReserved(ShelfTold):
    """The ``count``-th reservation of a shelf: ``quantity`` for ``holder``; the one before is ``replaces``."""

    count: int
    replaces: int | None
    holder: str
    quantity: int
    until: datetime


@attrs.frozen(kw_only=True)
class ReservationReleased(ShelfTold):
    """A reservation is given up (INV-15)."""

    count: int
    holder: str


@attrs.frozen(kw_only=True)
class ReservationExpired(Event):
    """A reservation ran out (INV-15)."""

    holder: str
    quantity: int


@attrs.frozen(kw_only=True)
class ShelfOpened(Event):
    """A product lies in a warehouse, or is asked for there, for the first time (INV-12)."""


@attrs.frozen(kw_only=True)
class GoodsGiven(Event):
    """Goods left a shelf for ``document``; reservations of it are drawn on (INV-05, INV-15)."""

    document: str
    quantity: int


@attrs.frozen(kw_only=True)
class GoodsMoved(ShelfTold):
    """Goods of a lot went to another spot (INV-07)."""

    lot: str
    quantity: int


@attrs.frozen(kw_only=True)
class GoodsQuarantined(ShelfTold):
    """Goods of a lot were set apart (INV-08)."""

    lot: str
    quantity: int


@attrs.frozen(kw_only=True)
class GoodsCleared(ShelfTold):
    """Goods of a lot came back from quarantine (INV-08)."""

    lot: str
    quantity: int


@attrs.frozen(kw_only=True)
class PaperTold(Told):
    """Something happened to a paper of the warehouse."""

    number: str = stamped()


@attrs.frozen(kw_only=True)
class PurchaseRequested(PaperTold):
    """Goods to be bought, at ``value`` as far as is known (INV-02, INV-03)."""

    pieces: int
    value: int


@attrs.frozen(kw_only=True)
class PurchaseApproved(PaperTold):
    """The purchase may be ordered (INV-03)."""


@attrs.frozen(kw_only=True)
class PurchaseRefused(PaperTold):
    """The purchase is not made (INV-03)."""


@attrs.frozen(kw_only=True)
class PurchaseCancelled(PaperTold):
    """The purchase ends before anything of it is in stock (INV-03)."""


@attrs.frozen(kw_only=True)
class PurchaseOrdered(PaperTold):
    """The supplier has the order (INV-03)."""

    supplier: str


@attrs.frozen(kw_only=True)
class PurchaseArrived(PaperTold):
    """The ``delivery``-th is at the door, ``damaged`` pieces unsound; ``short`` pieces are still to come (INV-03)."""

    delivery: int
    short: int
    damaged: int


@attrs.frozen(kw_only=True)
class PurchaseSealed(PaperTold):
    """One of the two has accepted the goods (INV-03)."""


@attrs.frozen(kw_only=True)
class PurchaseAccepted(PaperTold):
    """Both have accepted the goods (INV-03)."""


@attrs.frozen(kw_only=True)
class PurchaseEntered(PaperTold):
    """A delivery is in stock, each receipt a lot (INV-04)."""

    lots: tuple[str, ...]
    value: int


@attrs.frozen(kw_only=True)
class PurchaseCompleted(PaperTold):
    """All that was ordered is in stock (INV-03)."""


@attrs.frozen(kw_only=True)
class PurchaseSentBack(PaperTold):
    """The delivery at the door was not accepted: ``pieces`` go back (INV-03)."""

    pieces: int


@attrs.frozen(kw_only=True)
class PurchaseClosed(PaperTold):
    """The rest, ``short`` pieces, is not waited for any more (INV-03)."""

    short: int


@attrs.frozen(kw_only=True)
class ShipmentPicked(PaperTold):
    """Goods were picked from their shelves (INV-05, INV-06)."""

    about: str
    pieces: int


@attrs.frozen(kw_only=True)
class ShipmentSent(PaperTold):
    """Picked goods left the house (INV-06)."""

    about: str
    pieces: int


@attrs.frozen(kw_only=True)
class ShipmentDelivered(PaperTold):
    """The goods have arrived (INV-06)."""


@attrs.frozen(kw_only=True)
class ShipmentCancelled(PaperTold):
    """The goods are back on their shelves (INV-06)."""


@attrs.frozen(kw_only=True)
class TransferApplied(PaperTold):
    """A branch asks for goods (INV-11)."""

    pieces: int


@attrs.frozen(kw_only=True)
class TransferGranted(PaperTold):
    """The branch gets so many of what it asked for (INV-11)."""

    pieces: int


@attrs.frozen(kw_only=True)
class TransferRefused(PaperTold):
    """The branch gets nothing (INV-11)."""


@attrs.frozen(kw_only=True)
class TransferWithdrawn(PaperTold):
    """The branch wants nothing any more (INV-11)."""


@attrs.frozen(kw_only=True)
class TransferSent(PaperTold):
    """The goods are in transit (INV-11)."""

    pieces: int


@attrs.frozen(kw_only=True)
class TransferReceived(PaperTold):
    """Goods are in stock of the branch; ``left`` pieces are still in transit (INV-11)."""

    pieces: int
    left: int


@attrs.frozen(kw_only=True)
class TransferWrittenOff(PaperTold):
    """What was in transit is lost (INV-11, INV-16)."""

    pieces: int
    value: int


@attrs.frozen(kw_only=True)
class TransferClosed(PaperTold):
    """Nothing is in transit any more (INV-11)."""


@attrs.frozen(kw_only=True)
class CountFrozen(PaperTold):
    """The sheet of what to count is made (INV-09)."""

    lines: int


@attrs.frozen(kw_only=True)
class LineCounted(PaperTold):
    """A line was counted, or counted anew (INV-09)."""

    line: int
    quantity: int


@attrs.frozen(kw_only=True)
class LineChecked(PaperTold):
    """A second person has found the same (INV-09)."""

    line: int


@attrs.frozen(kw_only=True)
class CountApproved(PaperTold):
    """The differences are approved; ``value`` adds them up without regard to their sign (INV-16)."""

    value: int


@attrs.frozen(kw_only=True)
class CountBooked(PaperTold):
    """The differences are booked (INV-09)."""

    variance: int
    value: int


@attrs.frozen(kw_only=True)
class CountDropped(PaperTold):
    """The count is not booked (INV-09)."""


@attrs.frozen(kw_only=True)
class DestructionProposed(PaperTold):
    """Goods are set apart to be destroyed (INV-10)."""

    value: int


@attrs.frozen(kw_only=True)
class DestructionApproved(PaperTold):
    """The goods may be destroyed (INV-16)."""

    value: int


@attrs.frozen(kw_only=True)
class GoodsDestroyed(PaperTold):
    """The goods were destroyed before witnesses (INV-10)."""

    value: int
    witnesses: tuple[str, ...]


@attrs.frozen(kw_only=True)
class DestructionWithdrawn(PaperTold):
    """The goods are not destroyed; they stay in quarantine (INV-10)."""


@attrs.frozen(kw_only=True)
class RequisitionAsked(PaperTold):
    """Somebody is to get goods (INV-14)."""

    holder: str
    pieces: int


@attrs.frozen(kw_only=True)
class RequisitionApproved(PaperTold):
    """The goods may be issued (INV-14)."""


@attrs.frozen(kw_only=True)
class RequisitionRefused(PaperTold):
    """Nothing is issued (INV-14)."""


@attrs.frozen(kw_only=True)
class RequisitionWithdrawn(PaperTold):
    """Nothing is wanted any more (INV-14)."""


@attrs.frozen(kw_only=True)
class GoodsIssued(PaperTold):
    """``holder`` has the goods (INV-14)."""

    holder: str
    pieces: int


@attrs.frozen(kw_only=True)
class GoodsSettled(PaperTold):
    """Goods that were issued were used, given back or written off; ``left`` are still with the holder (INV-14)."""

    lot: str
    pieces: int
    left: int


@attrs.frozen(kw_only=True)
class RequisitionClosed(PaperTold):
    """The holder has nothing of it any more (INV-14)."""


@attrs.frozen(kw_only=True)
class ZoneTold(Told):
    """Something happened in a storage zone."""

    zone: str = stamped()
    readings: int = stamped()


@attrs.frozen(kw_only=True)
class ZoneOpened(ZoneTold):
    """Readings of a storage zone begin (INV-07)."""


@attrs.frozen(kw_only=True)
class ZoneRead(ZoneTold):
    """A reading, in tenths of a degree Celsius and of a percent (INV-07)."""

    temperature: int
    humidity: int


@attrs.frozen(kw_only=True)
class ZoneLeft(ZoneTold):
    """The zone is out of its limits (INV-07)."""


@attrs.frozen(kw_only=True)
class ZoneBack(ZoneTold):
    """The zone is within its limits again (INV-07)."""

    since: datetime


@attrs.frozen(kw_only=True)
class ZoneClosed(ZoneTold):
    """Nothing is kept there any more (INV-07)."""


@attrs.frozen(kw_only=True)
class StockWarned(Event):
    """So many products are low or idle in a warehouse, so many lots expire soon (INV-13)."""

    warehouse: str
    low: int
    expiring: int
    idle: int
