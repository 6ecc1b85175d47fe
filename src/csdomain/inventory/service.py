"""The use cases of the warehouse, one method each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar, Unpack
from zoneinfo import ZoneInfo

import attrs

from csdomain.frame.cases import CaseType
from csdomain.frame.service import CallOptions, OpenOptions, Service
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.store.registers import Key, RowPage
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

from . import effects as ef
from .commands import (
    counts,
    destructions,
    products,
    purchases,
    requisitions,
    shelves,
    shipments,
    transfers,
    zones,
)
from .model import papers as p
from .model.ledger import Explained, Held, Ledger
from .model.papers import Goods
from .model.stock import BALANCES, MOVEMENTS, READINGS, SHELVES, Balance, Movement, Reading, Shelf, shelf_id
from .model.supply import Warnings, needs, warnings
from .policies.supply import Need
from .values import Request, check_place

C = TypeVar("C", bound=Any)
R = TypeVar("R")
PRODUCT_CASES: Final = CaseType(p.PRODUCTS, products.does, ef.PRODUCT_EFFECTS)
SHELF_CASES: Final = CaseType(SHELVES, shelves.does, ef.SHELF_EFFECTS)
ZONE_CASES: Final = CaseType(p.ZONES, zones.does, ef.ZONE_EFFECTS)
REQUISITION_CASES: Final = CaseType(p.REQUISITIONS, requisitions.does, ef.REQUISITION_EFFECTS)
PURCHASE_CASES: Final = CaseType(p.PURCHASES, purchases.does, ef.PURCHASE_EFFECTS)
SHIPMENT_CASES: Final = CaseType(p.SHIPMENTS, shipments.does, ef.SHIPMENT_EFFECTS)
TRANSFER_CASES: Final = CaseType(p.TRANSFERS, transfers.does, ef.TRANSFER_EFFECTS)
COUNT_CASES: Final = CaseType(p.COUNTS, counts.does, ef.COUNT_EFFECTS)
DESTRUCTION_CASES: Final = CaseType(p.DESTRUCTIONS, destructions.does, ef.DESTRUCTION_EFFECTS)
_LISTED: Final = Text("the code of a product on the list", "已建档产品的代码")


@attrs.frozen
class _Service(Service[C, p.StockAct]):
    def _hand(self, unit: Unit, **given: Any) -> p.StockAct:
        where = given["place"]
        zone = ZoneInfo(where.zone)
        ledger = Ledger(unit, given["draws"].new, given["rules"], where.currency, zone)
        return p.StockAct(ledger=ledger, **given)

    def _ask(self, work: Callable[[Ledger], R], by: Actor, owner: str = "", branch: str = "") -> R:
        """An answer of the ledger; of all warehouses unless an owner or a branch is named."""

        def asked(unit: Unit, actor: Actor) -> R:
            actor.require(self._cases.read, owner=owner, branch=branch)
            place, rules = self._house.place(branch or actor.branch), self._house.rulebook[self._cases.section]
            return work(Ledger(unit, self._ids.new, rules, place.currency, ZoneInfo(place.zone)))

        return self._read(asked, by)


@attrs.frozen
class Products(_Service[p.Product]):
    """The list of products (INV-01). The id of a product is :func:`product_id` of its code."""

    _cases: ClassVar = PRODUCT_CASES

    def list(
        self,
        code: str,
        name: str,
        unit: str,
        zone: str,
        *,
        category: str = "",
        specification: str = "",
        serial: bool = False,
        fragile: bool = False,
        content: Decimal | None = None,
        shelf_days: int = 0,
        price: Money | None = None,
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Put a product on the list. ``unit`` is its smallest one, of which each has ``content`` (capsules) and costs
        ``price`` from today on; it keeps for ``shelf_days``, 0: for ever. Raises MalformedPaper, RuleBroken. [INV-01]
        """
        what = category, specification, serial, fragile, content, shelf_days, price
        return self._begin(products.list_product, call, code, name, unit, zone, *what)

    def set_price(self, id: str, price: Money, since: date | None = None, **call: Unpack[CallOptions]) -> Receipt:
        """Change what a unit costs from the day ``since`` on, today or later. Raises MalformedPaper, RuleBroken.
        [INV-01]"""
        return self._do(products.set_price, id, call, price, since)

    def retire(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Take a product off the list: what is there stays, nothing more is entered. [INV-01]"""
        return self._do(products.retire, id, call)

    def take_over(
        self, id: str, receipts: Sequence[p.Receipt], reason: str, spot: str = "", **call: Unpack[CallOptions]
    ) -> Receipt:
        """Enter stock that the ledger did not know. Raises MalformedPaper, RuleBroken, SerialTaken. [INV-12]"""
        return self._do(products.take_over, id, call, receipts, reason, spot)


@attrs.frozen
class Zones(_Service[p.Zone]):
    """The climate of storage zones (INV-07)."""

    _cases: ClassVar = ZONE_CASES

    def open(self, zone: str, spot: str = "", **call: Unpack[OpenOptions]) -> Receipt:
        """Begin readings of a zone in the warehouse of who acts, or of one ``spot`` of it, such as a refrigerator.

        Raises RuleBroken, WrongPlace, and Conflict where readings of it have begun. [INV-07]
        """
        return self._begin(zones.open_zone, call, zone, spot)

    def record(self, id: str, celsius: Decimal, humidity: Decimal, **call: Unpack[CallOptions]) -> Receipt:
        """A reading, to a tenth of a °C and of a percent; out of the limits raises the alarm, once. [INV-07]"""
        return self._do(zones.record, id, call, celsius, humidity)

    def close(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Nothing is kept there any more. [INV-07]"""
        return self._do(zones.close, id, call)

    def readings(self, id: str, *, by: Actor, after: Key | None = None, limit: int = 200) -> RowPage[Reading]:
        """Its readings, the oldest first, page by page. [INV-07]"""

        def work(unit: Unit, actor: Actor) -> RowPage[Reading]:
            zone = self._readable(unit, id, actor)
            return unit.register(READINGS).rows(READINGS["zone"].is_(zone.id), limit=limit, after=after)

        return self._read(work, by, id)

    def affected(self, id: str, since: datetime, until: datetime, *, by: Actor) -> Sequence[tuple[str, str]]:
        """The (place, lot) that lay in the zone at any time of a period. Raises NaiveTime. [INV-07]"""
        zone = self.get(id, by=by)
        return self._ask(lambda ledger: ledger.lay_in(zone.place, utc(since), utc(until)), by, branch=zone.branch)


@attrs.frozen
class Purchases(_Service[p.Purchase]):
    """Purchases, from the request to the shelf (INV-03)."""

    _cases: ClassVar = PURCHASE_CASES

    def request(self, wanted: Sequence[p.Wanted], estimate: Money, **call: Unpack[OpenOptions]) -> Receipt:
        """Ask for goods to be bought, for about ``estimate`` in all. Raises MalformedPaper, RuleBroken. [INV-03]"""
        return self._begin(purchases.request, call, wanted, estimate)

    def propose(
        self,
        products: Sequence[str],
        estimate: Money,
        demand: Sequence[p.Wanted] = (),
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Ask for what :meth:`needs` says; the paper keeps the arithmetic. Raises as :meth:`request`. [INV-02]"""
        return self._begin(purchases.propose, call, products, estimate, demand)

    def needs(
        self, products: Sequence[str], demand: Sequence[p.Wanted] = (), *, by: Actor, at: datetime
    ) -> Sequence[Need]:
        """What is to be bought: sales and customers' demand, less what is there or on order. [INV-02]

        ``demand`` is what customers ask for besides what is reserved for them.
        """
        return self._ask(lambda ledger: needs(ledger, products, demand, utc(at)), by)

    def approve(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The goods may be bought, by the estimate. Raises OwnRequest, BeyondAuthority. [INV-16, KRN-08]"""
        return self._do(purchases.approve, id, call)

    def refuse(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The goods are not bought. Raises MalformedPaper. [INV-03]"""
        return self._do(purchases.refuse, id, call, reason)

    def order(self, id: str, supplier: str, **call: Unpack[CallOptions]) -> Receipt:
        """The supplier has the order. Raises MalformedPaper, WrongPlace. [INV-03]"""
        return self._do(purchases.order, id, call, supplier)

    def arrive(self, id: str, receipts: Sequence[p.Receipt], **call: Unpack[CallOptions]) -> Receipt:
        """A delivery, batch by batch; the rest may still come. Nothing is in stock yet. Raises RuleBroken. [INV-03]"""
        return self._do(purchases.arrive, id, call, receipts)

    def accept_as_keeper(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The keeper accepts the goods, the buyer being present. Raises OwnRequest. [INV-03]"""
        return self._do(purchases.accept_as_keeper, id, call)

    def accept_as_buyer(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The product manager accepts the goods, the keeper being present. Raises OwnRequest. [INV-03]"""
        return self._do(purchases.accept_as_buyer, id, call)

    def enter(self, id: str, spot: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Put the delivery away: each batch is a lot, damaged goods lie in quarantine. Raises SerialTaken.

        Where something is still to come, it is awaited. [INV-03, INV-04]
        """
        return self._do(purchases.enter, id, call, spot)

    def send_back(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The delivery at the door goes back, unaccepted; it may come again. Raises MalformedPaper. [INV-03]"""
        return self._do(purchases.send_back, id, call, reason)

    def close(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """What has not come is not waited for any more. Raises MalformedPaper. [INV-03]"""
        return self._do(purchases.close, id, call, reason)

    def cancel(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Nothing of it comes into stock: goods that have arrived go back. Raises RuleBroken once some is in stock.
        [INV-03]"""
        return self._do(purchases.cancel, id, call, reason)


@attrs.frozen
class Requisitions(_Service[p.Requisition]):
    """Goods for a person: equipment, parts, material (INV-14)."""

    _cases: ClassVar = REQUISITION_CASES

    def ask(self, holder: str, wanted: Sequence[p.Wanted], about: str, **call: Unpack[OpenOptions]) -> Receipt:
        """Ask for goods of the warehouse of who acts, for ``holder`` and the case ``about``. [INV-14]

        Raises MalformedPaper, WrongPlace, RuleBroken.
        """
        return self._begin(requisitions.ask, call, holder, wanted, about)

    def approve(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The goods may be issued. Raises OwnRequest for who asked and who gets them. [INV-14, KRN-08]"""
        return self._do(requisitions.approve, id, call)

    def refuse(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Nothing is issued. Raises MalformedPaper. [INV-14]"""
        return self._do(requisitions.refuse, id, call, reason)

    def withdraw(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Nothing is wanted any more. Raises MalformedPaper. [INV-14]"""
        return self._do(requisitions.withdraw, id, call, reason)

    def issue(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The holder has the goods, the oldest lots first. Raises TooLittle. [INV-05, INV-14]"""
        return self._do(requisitions.issue, id, call)

    def use(self, id: str, lot: str, quantity: int, vehicle: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Goods were used up for the case, or are in a ``vehicle`` now. Raises TooLittle, WrongPlace. [INV-14]"""
        return self._do(requisitions.use, id, call, lot, quantity, vehicle)

    def give_back(
        self, id: str, lot: str, quantity: int, spot: str = "", sound: bool = True, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Goods are back on the shelf; unsound ones in quarantine. Raises TooLittle, WrongPlace. [INV-14]"""
        return self._do(requisitions.give_back, id, call, lot, quantity, spot, sound)

    def write_off(self, id: str, lot: str, quantity: int, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Goods are lost, by their value. Raises TooLittle, OwnRequest, BeyondAuthority. [INV-14, INV-16]"""
        return self._do(requisitions.write_off, id, call, lot, quantity, reason)


@attrs.frozen
class Shipments(_Service[p.Shipment]):
    """Goods for documents, from the shelf to whoever gets them (INV-06)."""

    _cases: ClassVar = SHIPMENT_CASES

    def pick(
        self, about: str, wanted: Sequence[p.Wanted], *, partly: bool = False, **call: Unpack[OpenOptions]
    ) -> Receipt:
        """Pick goods for the document ``about`` from the warehouse of who acts; it draws on its own reservations.

        ``partly`` takes as much as there is. Raises TooLittle, MalformedPaper, RuleBroken. [INV-05, INV-06, INV-15]
        """
        return self._begin(shipments.pick, call, about, wanted, partly)

    def ship(self, id: str, tracking: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """The goods leave the house, none of them expired. Raises RuleBroken. [INV-06]"""
        return self._do(shipments.ship, id, call, tracking)

    def deliver(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The goods have arrived. [INV-06]"""
        return self._do(shipments.deliver, id, call)

    def cancel(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Put the goods back where they were; reservations that were drawn stay drawn. [INV-06]"""
        return self._do(shipments.cancel, id, call, reason)


@attrs.frozen
class Transfers(_Service[p.Transfer]):
    """Goods from one warehouse to another (INV-11)."""

    _cases: ClassVar = TRANSFER_CASES

    def apply(self, source: str, wanted: Sequence[p.Wanted], **call: Unpack[OpenOptions]) -> Receipt:
        """The branch of who acts asks for goods of the warehouse ``source``. Raises MalformedPaper. [INV-11]"""
        return self._begin(transfers.apply, call, source, wanted)

    def grant(self, id: str, granted: Sequence[p.Wanted], **call: Unpack[CallOptions]) -> Receipt:
        """The branch gets these, at most what it asked for. Raises OwnRequest, RuleBroken. [INV-11]"""
        return self._do(transfers.grant, id, call, granted)

    def refuse(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The branch gets nothing. Raises MalformedPaper. [INV-11]"""
        return self._do(transfers.refuse, id, call, reason)

    def withdraw(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The branch wants nothing any more. Raises MalformedPaper. [INV-11]"""
        return self._do(transfers.withdraw, id, call, reason)

    def send(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The keeper of the source picks and sends all of it: it is in transit. Raises TooLittle. [INV-05, INV-11]"""
        return self._do(transfers.send, id, call)

    def receive(self, id: str, came: Sequence[p.Wanted], spot: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """What came is in stock; the rest stays in transit, to be found or written off. Raises TooLittle. [INV-11]"""
        return self._do(transfers.receive, id, call, came, spot)

    def write_off(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """What is in transit is lost, by the value of it. Raises OwnRequest, BeyondAuthority. [INV-11, INV-16]"""
        return self._do(transfers.write_off, id, call, reason)


@attrs.frozen
class Counts(_Service[p.Count]):
    """Stocktakes (INV-09)."""

    _cases: ClassVar = COUNT_CASES

    def freeze(self, products: Sequence[str], **call: Unpack[OpenOptions]) -> Receipt:
        """Make the sheet: each lot of the products at each spot of the warehouse. Raises RuleBroken. [INV-09]"""
        return self._begin(counts.freeze, call, products)

    def count(self, id: str, line: int, quantity: int, **call: Unpack[CallOptions]) -> Receipt:
        """Count a line (from 1 on), or count it anew. Raises NotFound, InvalidQuantity. [INV-09]"""
        return self._do(counts.count_line, id, call, line, quantity)

    def check(self, id: str, line: int, quantity: int, **call: Unpack[CallOptions]) -> Receipt:
        """A second person finds the same. Raises NotFound, OwnRequest, RuleBroken. [INV-09]"""
        return self._do(counts.check_line, id, call, line, quantity)

    def approve(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Approve the differences, by their value. Raises OwnRequest, BeyondAuthority, RuleBroken. [INV-16]"""
        return self._do(counts.approve, id, call)

    def book(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Book the differences. Raises ApprovalVoid where they are others by now, TooLittle. [INV-09]"""
        return self._do(counts.book, id, call)

    def drop(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The count is not booked. Raises MalformedPaper. [INV-09]"""
        return self._do(counts.drop, id, call, reason)


@attrs.frozen
class Destructions(_Service[p.Destruction]):
    """Goods that are destroyed (INV-10)."""

    _cases: ClassVar = DESTRUCTION_CASES

    def propose(self, unsound: Sequence[destructions.Unsound], reason: str, **call: Unpack[OpenOptions]) -> Receipt:
        """Set goods apart to be destroyed. Raises TooLittle, MalformedPaper. [INV-10]"""
        return self._begin(destructions.propose, call, unsound, reason)

    def approve(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """They may be destroyed, by their value. Raises OwnRequest, BeyondAuthority. [INV-16]"""
        return self._do(destructions.approve, id, call)

    def destroy(self, id: str, method: str, witnesses: Sequence[str], **call: Unpack[CallOptions]) -> Receipt:
        """They were destroyed before two witnesses (their actors' ids). Raises RuleBroken. [INV-10]"""
        return self._do(destructions.destroy, id, call, method, witnesses)

    def withdraw(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """They are not destroyed, and stay in quarantine. Raises MalformedPaper. [INV-10]"""
        return self._do(destructions.withdraw, id, call, reason)


@attrs.frozen
class Inventory(_Service[Shelf]):
    """The stock: what lies where, reserved for whom; its papers are at hand here as well.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused; what else it refuses, its docstring says. A shelf is one product in one warehouse; quantities
    are in smallest units. What moves goods raises TooLittle and TooLate.
    """

    _cases: ClassVar = SHELF_CASES

    @property
    def products(self) -> Products:
        """The list of products."""
        return Products(self._store, self._house, self._ids)

    @property
    def zones(self) -> Zones:
        """Storage zones."""
        return Zones(self._store, self._house, self._ids)

    @property
    def requisitions(self) -> Requisitions:
        """Requisitions."""
        return Requisitions(self._store, self._house, self._ids)

    @property
    def purchases(self) -> Purchases:
        """Purchases."""
        return Purchases(self._store, self._house, self._ids)

    @property
    def shipments(self) -> Shipments:
        """Shipments."""
        return Shipments(self._store, self._house, self._ids)

    @property
    def transfers(self) -> Transfers:
        """Transfers between warehouses."""
        return Transfers(self._store, self._house, self._ids)

    @property
    def counts(self) -> Counts:
        """Stocktakes."""
        return Counts(self._store, self._house, self._ids)

    @property
    def destructions(self) -> Destructions:
        """Destructions."""
        return Destructions(self._store, self._house, self._ids)

    def reserve(
        self,
        warehouse: str,
        product: str,
        holder: str,
        quantity: int,
        lot: str | None = None,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """Hold goods of a product, or of a lot, for ``holder`` (an order's id); what they hold already is added to.

        Raises TooLittle. [INV-15]
        """
        return self._do(shelves.reserve, shelf_id(warehouse, product), call, holder, quantity, lot)

    def release(
        self, warehouse: str, product: str, holder: str, lot: str | None = None, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Give up a reservation, once. Raises RuleBroken where there is none. [INV-15]"""
        return self._do(shelves.release, shelf_id(warehouse, product), call, holder, lot)

    def move(
        self, warehouse: str, product: str, lot: str, quantity: int, source: str, dest: str, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Put goods from the spot ``source`` to the spot ``dest``. [INV-07]"""
        return self._do(shelves.move, shelf_id(warehouse, product), call, lot, quantity, source, dest)

    def quarantine(
        self,
        warehouse: str,
        product: str,
        lot: str,
        quantity: int,
        reason: str,
        spot: str = "",
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """Set goods apart: they are not given any more. [INV-08]"""
        return self._do(shelves.quarantine, shelf_id(warehouse, product), call, lot, quantity, spot, reason)

    def clear(
        self,
        warehouse: str,
        product: str,
        lot: str,
        quantity: int,
        reason: str,
        spot: str = "",
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """Put sound goods back from quarantine. [INV-08]"""
        return self._do(shelves.clear, shelf_id(warehouse, product), call, lot, quantity, spot, reason)

    # --- questions
    def on_hand(self, *, by: Actor) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Quantity and cost (minor units) by warehouse and product, as far as ``by`` may read. [INV-12]"""

        def work(unit: Unit, actor: Actor) -> Mapping[tuple[str, str], tuple[int, int]]:
            self._scope(actor)
            tally: Tally[Any] = Tally(
                (BALANCES["warehouse"].present(),), ("warehouse", "product"), ("quantity", "cost")
            )
            rows = unit.register(BALANCES).sums(tally)
            found = {(str(row.group[0]), str(row.group[1])): (row.sums[0], row.sums[1]) for row in rows}
            return {key: value for key, value in found.items() if actor.reaches(self._cases.read, (), (key[0],))}

        return self._read(work, by)

    def lying(self, place: str, *, by: Actor) -> Sequence[Balance]:
        """What lies at a real place: on a spot, in quarantine, in transit, with somebody (``who/<actor>``). [INV-12]"""
        kind, whose = check_place(place).split("/")[:2]
        where = {"branch": whose} if kind in ("wh", "qt") else {"owner": whose} if kind == "who" else {}
        return self._ask(lambda ledger: tuple(ledger.balances(BALANCES["place"].is_(place))), by, **where)

    def held(self, *, by: Actor) -> Sequence[Balance]:
        """What somebody holds, and what is in vehicles, of all: balances at ``who/`` and ``veh/``. [INV-14]"""
        return self._ask(lambda ledger: (*ledger.under("who/"), *ledger.under("veh/")), by)

    def warnings(self, *, by: Actor, at: datetime) -> Warnings:
        """What is low, expires soon or lies idle in every warehouse, and what could be transferred. [INV-13]"""
        return self._ask(lambda ledger: warnings(ledger, utc(at)), by)

    def stock_at(self, at: datetime, *, by: Actor, product: str | None = None) -> Held:
        """Quantity and cost by real place and lot at any past instant. Raises NaiveTime. [INV-12]"""
        of = {} if product is None else {"product": product}
        return self._ask(lambda ledger: ledger.stock_at(utc(at), **of), by)

    def goods(self, lots: Sequence[str], *, by: Actor) -> Mapping[str, Goods]:
        """What is in lots, by their ids: product, batch, serial number, expiry. Raises UnknownLot. [INV-04]"""
        return self._ask(lambda ledger: p.goods(ledger, lots), by, branch=by.branch)

    def card(self, product: str, *, by: Actor, after: Key | None = None, limit: int = 200) -> RowPage[Movement]:
        """The movements of a listed product, the oldest first, page by page. Raises NotFound. [INV-12]"""
        how: dict[str, Any] = {"order_by": ("at",), "limit": limit, "after": after}
        of = MOVEMENTS["product"].is_(product)

        def work(ledger: Ledger) -> RowPage[Movement]:
            if ledger.unit.session.fetch(p.PRODUCTS, p.product_id(product), lock=False) is None:
                raise NotFound(kind=p.PRODUCTS.table, product=product, accepted=_LISTED)
            return ledger.unit.register(MOVEMENTS).rows(of, **how)

        return self._ask(work, by)

    def explain(self, warehouse: str, request: Request, *, by: Actor, at: datetime) -> Explained:
        """What a request would get now, from which lots and why not from others; nothing is moved. [INV-05]"""

        def work(ledger: Ledger) -> Explained:
            outcome = ledger.explain(warehouse, (request,), utc(at))[request.product]
            return Explained.of(outcome, ledger.apart(warehouse))

        return self._ask(work, by, branch=warehouse)
