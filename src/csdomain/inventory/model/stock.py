"""What the ledger keeps: movements, balances and lots as rows, and the shelf that serialises what is decided on it."""

from datetime import UTC, date, datetime
from typing import ClassVar, Final, NewType

import attrs

from csdomain.inventory.lifecycle import ShelfState
from csdomain.inventory.values import Reservation
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.store.registers import Mode, Register
from csdomain.kernel.values.ids import IdKind

MOVEMENT: Final = IdKind[str]("mov")
LOT: Final = IdKind[str]("lot")
ShelfId = NewType("ShelfId", str)
SHELF: Final = IdKind[ShelfId]("shf")


@attrs.frozen(kw_only=True)
class Movement:
    """Goods of one lot went from ``source`` to ``dest``: ``quantity`` smallest units that cost ``cost`` minor units.

    ``at`` is when it counts, never before the lot's last movement; ``happened_at`` what the clerk said. [INV-12]
    """

    id: str
    at: datetime
    happened_at: datetime
    product: str
    lot: str
    quantity: int
    cost: int
    source: str
    dest: str
    reason: str
    document: str
    by: str


@attrs.frozen(kw_only=True)
class Balance:
    """How much of a lot lies at a real place, and what that cost. ``warehouse`` is that of its shelf, if it has one."""

    place: str
    lot: str
    quantity: int
    cost: int
    product: str
    warehouse: str | None
    received: datetime
    expires: date | None


@attrs.frozen(kw_only=True)
class LotRow:
    """What one receipt brought; it never changes. Of a product with serial numbers each unit is a lot. [INV-04]"""

    id: str
    product: str
    batch: str
    serial: str
    serial_key: str | None
    expires: date | None
    received: datetime
    supplier: str
    document: str
    quantity: int
    cost: int


_MOVED: Final = (("at",), ("lot", "at"), ("document",), ("source", "at"), ("dest", "at"), ("product", "at"))
MOVEMENTS: Final = Register(Movement, "stock_movement", Mode.APPEND, ("id",), indexes=_MOVED)
BALANCES: Final = Register(
    Balance,
    "stock_balance",
    Mode.COUNT,
    ("place", "lot"),
    counts=("quantity", "cost"),
    indexes=(("warehouse", "product"), ("lot",), ("expires",)),
    vanish=True,
)
LOTS: Final = Register(
    LotRow,
    "stock_lot",
    Mode.APPEND,
    ("id",),
    unique=(("serial_key",),),
    indexes=(("product", "received"), ("document",), ("batch",)),
)


@attrs.frozen(kw_only=True)
class Closing:
    """A month in which nothing is booked any more: ``at`` is its end, the month's own instant no more.

    ``done`` once what lay where is kept in :data:`CLOSED`. [INV-12]
    """

    month: str
    at: datetime
    done: bool


@attrs.frozen(kw_only=True)
class Closed:
    """How much of a lot lay at a real place at the end of a month, and what that cost. [INV-12]"""

    month: str
    place: str
    lot: str
    product: str
    quantity: int
    cost: int


@attrs.frozen(kw_only=True)
class Reading:
    """The ``count``-th reading of a zone, in tenths of a degree Celsius and of a percent. [INV-07]"""

    zone: str
    count: int
    at: datetime
    temperature: int
    humidity: int
    within: bool
    by: str


READINGS: Final = Register(Reading, "stock_reading", Mode.APPEND, ("zone", "count"), indexes=(("zone", "at"),))
CLOSINGS: Final = Register(Closing, "stock_closing", Mode.STATE, ("month",), states=("done",), indexes=(("at",),))
CLOSED: Final = Register(
    *(Closed, "stock_close", Mode.APPEND, ("month", "place", "lot")), indexes=(("month", "product"), ("month", "lot"))
)


class Shared:
    """What many hands work on: it refuses no act for coming after a later one. [INV-12]"""

    __slots__ = ()

    @property
    def moved_at(self) -> datetime:
        """Nothing comes too late for it: the ledger books at the last movement at the earliest (D25)."""
        return datetime.min.replace(tzinfo=UTC)

    @moved_at.setter
    def moved_at(self, at: datetime) -> None: ...


@attrs.define(kw_only=True)
class Shelf(Shared):
    """One product in one warehouse: what is locked while it is decided what to give, with the reservations that live.

    How much lies on it is the sum of its balances. [INV-05, INV-15]
    """

    id: ShelfId = attrs.field(on_setattr=attrs.setters.frozen)
    warehouse: str
    product: str
    reservations: tuple[Reservation, ...] = ()
    reserved: int = 0
    last_out_at: datetime | None = None
    state: ShelfState = ShelfState.OPEN
    version: int = 0
    owner: ClassVar[str] = ""
    number: ClassVar[str] = ""

    @property
    def branch(self) -> str:
        """The branch whose warehouse it is."""
        return self.warehouse

    def release(self, id: str) -> Reservation | None:
        """Take a reservation off; None where it is gone already. [INV-15]"""
        found = next((one for one in self.reservations if one.id == id), None)
        self.reservations = tuple(one for one in self.reservations if one is not found)
        return found

    def draw(self, id: str, quantity: int) -> bool:
        """Use up ``quantity`` of a reservation; whether that was all of it."""
        left = [
            attrs.evolve(one, quantity=one.quantity - quantity) if one.id == id else one
            for one in self.reservations
            if one.id != id or one.quantity > quantity
        ]
        ended = len(left) < len(self.reservations)
        self.reservations = tuple(left)
        return ended


def shelf_id(warehouse: str, product: str) -> ShelfId:
    """The id of the shelf of a product in a warehouse."""
    return SHELF.keyed(f"{warehouse}/{product}")


SHELVES: Final = Kind(
    Shelf,
    SHELF,
    "shelf",
    (
        Field("warehouse", str, lambda s: s.warehouse),
        Field("product", str, lambda s: s.product),
        Field("last_out_at", datetime, lambda s: s.last_out_at),
    ),
)
