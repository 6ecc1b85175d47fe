"""What every context owes, and the papers of the warehouse with it: one sample of each command."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final, Unpack
from zoneinfo import ZoneInfo

import attrs
import pytest

from adapters.harness import BACKENDS
from csdomain.frame.acts import Events
from csdomain.frame.service import CallOptions, OpenOptions
from csdomain.inventory import events as e
from csdomain.inventory import service as s
from csdomain.inventory.commands import shelves
from csdomain.inventory.commands.destructions import Unsound
from csdomain.inventory.lifecycle import ShelfMove
from csdomain.inventory.model.ledger import Ledger, Move
from csdomain.inventory.model.papers import Product, Receipt, StockAct, Wanted, product_id
from csdomain.inventory.model.stock import LOT, Balance, LotRow, Movement, Shelf, shelf_id
from csdomain.inventory.values import FIELDS, INVENTORY_RULES, check_place
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.store.kinds import Page
from csdomain.kernel.store.ports import Receipt as Done
from csdomain.kernel.store.registers import RowPage
from csdomain.kernel.values.money import Money
from csdomain.testing.cases import CaseContract, by, numbered, with_case
from csdomain.testing.kit import BEGINNING

from .warehouse import OIL

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
MUCH: Final = 100_000
CENT: Final = Money(1, "CNY")


class NoRows:
    """A register in which nothing is and that takes everything."""

    def put_new(self, rows: object) -> Sequence[Any]:
        return ()

    def get(self, key: object, **how: object) -> None:
        return None

    def rows(self, *where: object, **how: object) -> RowPage[Any]:
        return RowPage((), None)

    def put(self, rows: object) -> None:
        return None

    def sums(self, tally: object) -> Sequence[Any]:
        return ()

    def find(self, query: object) -> Page[Any]:
        return Page((), None)


class NoUnit:
    def register(self, register: object) -> NoRows:
        return NoRows()

    of = register


class Plenty(Ledger):
    """A ledger in which there is always enough, wherever it is asked for."""

    def lots(self, ids: Any) -> Any:
        return {
            id: LotRow(
                id=id,
                product=OIL,
                batch="b",
                serial="",
                serial_key=None,
                expires=None,
                received=BEGINNING,
                supplier="maker",
                document="pur",
                quantity=MUCH,
                cost=MUCH,
            )
            for id in sorted(set(ids))
        }

    def give(self, warehouse: str, requests: Any, dest: str, document: str, *, by: str, at: Any) -> Any:
        moves = [Move("lot_1", each.quantity, f"wh/{warehouse}/normal/", dest) for each in requests]
        return self.post(document, moves, reason="give", by=by, at=at)

    def post(self, document: str, moves: Any, *, reason: str, by: str, at: Any) -> Any:
        return tuple(
            Movement(
                id=self.new(LOT),
                at=at,
                happened_at=at,
                product=OIL,
                lot=move.lot,
                quantity=move.quantity,
                cost=move.quantity,
                source=check_place(move.source),
                dest=check_place(move.dest),
                reason=reason,
                document=document,
                by=by,
            )
            for move in moves
        )

    def balances(self, *where: Any, lock: bool = False) -> Iterator[Balance]:
        what: dict[str, Any] = {"product": OIL, "warehouse": "hq", "received": BEGINNING, "expires": None}
        yield Balance(place="wh/hq/normal/", lot="lot_1", quantity=MUCH, cost=MUCH, **what)

    def at_place(self, where: str, lot: str, at: Any) -> int:
        return 3


@attrs.frozen(eq=False, kw_only=True)
class Act(StockAct):
    """An act where every product is on the list."""

    def product(self, code: str, *, new: bool = False) -> Product:
        FIELDS.check_id(code, "product")
        return Product(id=product_id(code), branch="hq", owner="ann", code=code, name=code, unit="piece", zone="normal")


def hand(**given: Any) -> StockAct:
    ledger = Plenty(NoUnit(), given["draws"].new, given["rules"], "CNY", ZoneInfo("UTC"))  # type: ignore[arg-type]
    return Act(ledger=ledger, **given)


TOLD: Final = frozenset(occasion.name for occasion in INVENTORY_RULES.occasions)


class Papers(CaseContract):
    """What the papers have in common: much oil is there."""

    rulebook = "medical_centre"
    backends = BACKENDS
    hand = staticmethod(hand)
    which: ClassVar[str]
    untold: ClassVar = TOLD

    @pytest.fixture
    def open_desk(self, desks: Any) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def prepare(self, desk: Any) -> None:
        stock, receipts = desk.inventory.products, [Receipt(product=OIL, sound=MUCH, unit_cost=CENT)]
        for branch in ("hq", "north"):
            who = desk.actor("opener", branch=branch, positions=("product_manager",))
            how = {"by": who, "at": desk.clock.now()}
            if branch == "hq":
                stock.list(OIL, OIL, "piece", "normal", **how)
            stock.take_over(product_id(OIL), receipts, "opening", **how)

    def does(self, desk: Any) -> Any:
        return getattr(desk.inventory, self.which)


def lot_of(requisition: Any) -> str:
    return requisition.left[0].lot if requisition is not None and requisition.left else LOT_1


LOT_1: Final = LOT.make(millis=1_760_000_000_000, randomness=2)
NAMES = frozenset({"Wanted.product", "Receipt.product", "Receipt.batch", "Receipt.serials", "Unsound.lot"})


class TestProducts(Papers):
    """The list of products."""

    cases = s.PRODUCT_CASES
    which = "products"
    shared = True
    samples: ClassVar = {
        "list": numbered(
            "product_manager", lambda n: (f"p{n}", "name", "piece", "normal"), category="c", specification="s"
        ),
        "set_price": by("product_manager", CENT),
        "retire": by("product_manager"),
        "take_over": with_case(
            "product_manager",
            lambda it: ([Receipt(product=it.code, sound=5, unit_cost=CENT, batch="b", serials=())], "counted", "A1"),
        ),
    }
    ids = (
        NAMES
        | {"list.code", "list.name", "list.unit", "list.zone", "list.category", "list.specification"}
        | {*("take_over.reason", "take_over.spot")}
    )
    unfilled = frozenset({"Receipt.serials"})


class TestZones(Papers):
    """The climate of storage zones."""

    cases = s.ZONE_CASES
    which = "zones"
    untold = TOLD - {"zone.alarm", "zone.silent"}
    samples: ClassVar = {
        "open": numbered("warehouse_keeper", lambda n: ("normal", f"S{n}")),
        "record": by("warehouse_keeper", Decimal(22), Decimal(50)),
        "record/out": by("warehouse_keeper", Decimal("30.5"), Decimal(50)),
        "close": by("warehouse_keeper"),
    }
    ids = frozenset({"open.zone", "open.spot"})


class TestRequisitions(Papers):
    """Goods for a person."""

    cases = s.REQUISITION_CASES
    which = "requisitions"
    untold = TOLD - {"requisition.issued"}
    samples: ClassVar = {
        "ask": by("warehouse_keeper", "tech-1", [Wanted(OIL, 5)], "rep-1"),
        "approve": by("branch_director"),
        "refuse": by("branch_director", "none to spare"),
        "withdraw": by("warehouse_keeper", "not needed"),
        "issue": by("warehouse_keeper"),
        "use": with_case("warehouse_keeper", lambda it: (lot_of(it), 1)),
        "use/vehicle": with_case("warehouse_keeper", lambda it: (lot_of(it), 1, "veh-1")),
        "give_back": with_case("warehouse_keeper", lambda it: (lot_of(it), 1, "A1")),
        "give_back/all": with_case("warehouse_keeper", lambda it: (lot_of(it), sum(x.quantity for x in it.left) or 1)),
        "write_off": with_case("branch_director", lambda it: (lot_of(it), 1, "lost")),
    }
    ids = (
        NAMES
        | {"ask.holder", "ask.about", "use.lot", "use.vehicle", "give_back.lot", "give_back.spot"}
        | {"write_off.lot"}
    )


def rest(purchase: Any) -> tuple[list[Receipt]]:
    """All that is still to come."""
    what: dict[str, Any] = {"damaged": 1, "unit_cost": CENT, "batch": "b"}
    left = purchase.outstanding
    return ([Receipt(product=code, sound=max(1, left[code] - 1), **what) for code in left],)


class TestPurchases(Papers):
    """Purchases."""

    cases = s.PURCHASE_CASES
    which = "purchases"
    untold = TOLD - {"purchase.arrived"}
    samples: ClassVar = {
        "request": by("product_manager", [Wanted(OIL, 5)], CENT),
        "propose": numbered("product_manager", lambda _: ([OIL], CENT, [Wanted(OIL, MUCH * 3)])),
        "approve": by("hq"),
        "refuse": by("hq", "too much"),
        "order": by("product_manager", "maker"),
        "arrive": with_case("warehouse_keeper", rest),
        "accept_as_keeper": by("warehouse_keeper"),
        "accept_as_buyer": by("product_manager"),
        "enter": by("warehouse_keeper", "A1"),
        "send_back": by("warehouse_keeper", "wet through"),
        "close": by("product_manager", "no more is made"),
        "cancel": by("product_manager", "not needed"),
    }
    ids = NAMES | {"order.supplier", "enter.spot", "propose.products"}
    unfilled = frozenset({"Receipt.serials"})


class TestShipments(Papers):
    """Shipments."""

    cases = s.SHIPMENT_CASES
    which = "shipments"
    samples: ClassVar = {
        "pick": by("warehouse_keeper", "ord-1", [Wanted(OIL, 5)]),
        "ship": by("warehouse_keeper", "SF-1"),
        "deliver": by("warehouse_keeper"),
        "cancel": by("warehouse_keeper", "not wanted"),
    }
    ids = NAMES | {"pick.about", "ship.tracking"}


class TestTransfers(Papers):
    """Transfers: of a branch that is the same as who acts here, from another warehouse."""

    cases = s.TRANSFER_CASES
    which = "transfers"
    untold = TOLD - {"transfer.sent", "transfer.short"}
    samples: ClassVar = {
        "apply": by("warehouse_keeper", "north", [Wanted(OIL, 5)]),
        "grant": by("hq", [Wanted(OIL, 4)]),
        "refuse": by("hq", "none to spare"),
        "withdraw": by("warehouse_keeper", "not needed"),
        "send": by("hq"),
        "receive": by("warehouse_keeper", [Wanted(OIL, 1)], "A1"),
        "write_off": by("branch_director", "lost on the way"),
    }
    ids = NAMES | {"apply.source", "receive.spot"}


class TestCounts(Papers):
    """Stocktakes."""

    cases = s.COUNT_CASES
    which = "counts"
    samples: ClassVar = {
        "freeze": by("warehouse_keeper", [OIL]),
        "count": by("warehouse_keeper", 1, 3),
        "check": by("hq", 1, 3),
        "approve": by("branch_director"),
        "book": by("warehouse_keeper"),
        "drop": by("warehouse_keeper", "counted anew"),
    }
    ids = NAMES | {"freeze.products"}


class TestDestructions(Papers):
    """Destructions."""

    cases = s.DESTRUCTION_CASES
    which = "destructions"
    samples: ClassVar = {
        "propose": by("warehouse_keeper", [Unsound(LOT_1, 5, "")], "wet"),
        "approve": by("supervisor"),
        "destroy": by("warehouse_keeper", "burnt", ["ann", "bob"]),
        "withdraw": by("warehouse_keeper", "dry again"),
    }
    ids = NAMES | {"destroy.method", "destroy.witnesses"}
    unfilled = frozenset({"Unsound.spot"})


@shelves.does.opens(ShelfMove.OPEN)
def stocked(act: StockAct, warehouse: str) -> tuple[Shelf, Events]:
    """A shelf as goods make it: some lie on it, and some are set apart."""
    for dest in (f"wh/{warehouse}/normal/", f"wh/{warehouse}/normal/A1", f"qt/{warehouse}"):
        act.post(warehouse, [Move(LOT_1, 20, "wh/hq/normal/", dest)], "transfer")
    shelf = Shelf(id=shelf_id(warehouse, OIL), warehouse=warehouse, product=OIL, version=1)
    return shelf, act.opened(shelf, e.GoodsMoved(lot=LOT_1, quantity=20))


class ById(s._Service[Shelf]):
    """The commands of shelves by the id of the shelf."""

    _cases: ClassVar = s.SHELF_CASES

    def open(self, warehouse: str, **call: Unpack[OpenOptions]) -> Done:
        return self._begin(stocked, call, warehouse)

    def reserve(self, id: str, holder: str, quantity: int, lot: str | None = None, **call: Unpack[CallOptions]) -> Done:
        return self._do(shelves.reserve, id, call, holder, quantity, lot)

    def release(self, id: str, holder: str, lot: str | None = None, **call: Unpack[CallOptions]) -> Done:
        return self._do(shelves.release, id, call, holder, lot)

    def move(self, id: str, lot: str, quantity: int, source: str, dest: str, **call: Unpack[CallOptions]) -> Done:
        return self._do(shelves.move, id, call, lot, quantity, source, dest)

    def quarantine(
        self, id: str, lot: str, quantity: int, reason: str, spot: str = "", **call: Unpack[CallOptions]
    ) -> Done:
        return self._do(shelves.quarantine, id, call, lot, quantity, spot, reason)

    def clear(self, id: str, lot: str, quantity: int, reason: str, spot: str = "", **call: Unpack[CallOptions]) -> Done:
        return self._do(shelves.clear, id, call, lot, quantity, spot, reason)

    def _keep(self, unit: Any, case: Any, events: Any, *, new: bool = False) -> None:
        if not new:  # the ledger has made it
            super()._keep(unit, case, events)


class TestShelves(Papers):
    """Shelves. Two stores are enough: the machine of papers works on them on every one."""

    cases = s.SHELF_CASES
    backends = ("memory", "sqlite")
    shared = True
    outlives = ("INV-15",)
    samples: ClassVar = {
        "open": numbered("hq", lambda n: (f"w{n}",)),
        "reserve": by("hq", "ord-1", 2),
        "release": by("hq", "ord-1"),
        "move": by("hq", LOT_1, 1, "A1", "B1"),
        "quarantine": by("hq", LOT_1, 1, "wet"),
        "clear": by("hq", LOT_1, 1, "dry again"),
    }
    ids = frozenset({"open.warehouse", "reserve.holder", "reserve.lot", "release.holder", "release.lot"}) | {
        *("move.lot", "move.source", "move.dest", "quarantine.lot", "quarantine.reason", "quarantine.spot"),
        *("clear.lot", "clear.reason", "clear.spot"),
    }
    unfilled = frozenset({"reserve.lot", "release.lot"})

    def does(self, desk: Any) -> Any:
        return ById(desk.store, desk.house, desk._ids)
