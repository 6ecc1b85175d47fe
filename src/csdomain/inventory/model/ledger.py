"""The ledger: the only writer of movements and balances, and what can be asked of them. [INV-12]"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import attrs

from csdomain.frame.effects import timer
from csdomain.inventory.events import GoodsGiven, ShelfOpened
from csdomain.inventory.policies import Allocation, Outcome, Stock, allocate, share_of_cost
from csdomain.inventory.rules import ALLOCATION, LEDGER, RESERVATIONS
from csdomain.inventory.rules import LOTS as LOT_RULE
from csdomain.inventory.values import (
    InvalidLot,
    Lot,
    Request,
    UnknownLot,
    WarehouseRules,
    Why,
    WrongPlace,
    check_place,
    is_real,
    place,
    warehouse_of,
    whole,
)
from csdomain.kernel.cases.effects import StopTimer
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, StoreBusy
from csdomain.kernel.store.kinds import Comparison, Field, Query, Tally, Where
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.registers import Change
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money

from .stock import (
    BALANCES,
    CLOSED,
    CLOSINGS,
    LOT,
    LOTS,
    MOVEMENT,
    MOVEMENTS,
    SHELVES,
    Balance,
    Closing,
    LotRow,
    Movement,
    Shelf,
    shelf_id,
)

_PAGE: Final = 200
_INSTANT: Final = timedelta(microseconds=1)
#: Quantity and cost by place and lot.
Held = Mapping[tuple[str, str], tuple[int, int]]
_Lying = dict[tuple[str, str], tuple[int, int]]


class TooLittle(RuleBroken):
    """More would leave a place than lies there, or more would be given than may be (INV-05, INV-12)."""

    default_rule = LEDGER
    problem = Text("There is not enough.", "数量不足。")


class TooLate(RuleBroken):
    """The goods have moved since, longer ago than the house lets paper be late (INV-12)."""

    default_rule = LEDGER
    problem = Text("The goods have moved since.", "货物此后已有变动。")


class SerialTaken(RuleBroken):
    """A unit of this product with this serial number was received before (INV-04)."""

    default_rule = LOT_RULE
    problem = Text("This serial number is taken.", "此序列号已存在。")


@attrs.frozen
class Move:
    """Goods to be moved. ``cost`` in minor units is given where they come from a virtual place, and only there."""

    lot: str
    quantity: int
    source: str
    dest: str
    cost: int | None = None


@attrs.frozen
class Explained:
    """What a request would get: ``lots`` with how much of each, and why each other lot gives nothing, also those that
    are set apart (INV-05)."""

    taken: int
    short: int
    lots: tuple[tuple[str, int], ...]
    passed: tuple[tuple[str, Why], ...]

    @classmethod
    def of(cls, outcome: Outcome, apart: Iterable[Balance] = ()) -> "Explained":
        """That of the first request of an outcome; nothing is given of what lies ``apart``, in quarantine."""
        got = outcome[0]
        lots = tuple((lot.id, quantity) for lot, quantity in zip(got.lots, got.quantities, strict=True))
        passed = {row.lot: Why.QUARANTINED for row in apart if row.product == got.request.product}
        passed |= {one.lot.id: one.why for one in outcome.explain()}
        return cls(got.taken, got.short, lots, tuple((lot, passed[lot]) for lot in passed if lot not in dict(lots)))


@attrs.frozen
class Ledger:
    """The stock in one unit of work. ``new`` makes ids; ``late`` is how far back paper may be booked."""

    unit: Unit
    new: Callable[[IdKind[Any]], str]
    rules: WarehouseRules
    currency: str
    zone: tzinfo

    @property
    def _late(self) -> timedelta:
        return timedelta(hours=self.rules.late_hours)

    # --- shelves and lots
    def shelves(self, pairs: Iterable[tuple[str, str]], *, by: str, at: datetime) -> Mapping[tuple[str, str], Shelf]:
        """The shelves of (warehouse, product), locked in order; made where there are none."""
        wanted = sorted((shelf_id(*pair), *pair) for pair in set(pairs))
        found = {}
        for id, warehouse, product in wanted:
            new = Shelf(id=id, warehouse=warehouse, product=product)
            shelf = found[warehouse, product] = self.unit.obtain(SHELVES, id, lambda new=new: new)  # type: ignore[misc]
            if shelf is new:
                self.unit.record([ShelfOpened(subject=id, by=ActorId(by), at=at)])
        return found

    def hold(self, products: Sequence[str]) -> None:
        """Lock every shelf of some products, so that what was being booked on them is there."""
        of: Query[Shelf] = Query((SHELVES.fields[1].among(products),), limit=_PAGE)
        for id in sorted(shelf.id for shelf in self.unit.of(SHELVES).find(of).items):
            self.unit.obtain(SHELVES, id, lambda: None)  # type: ignore[arg-type, return-value]

    def lots(self, ids: Iterable[str]) -> Mapping[str, LotRow]:
        """Lots by their ids. Raises UnknownLot."""
        rows, wanted = self.unit.register(LOTS), sorted(set(ids))
        found: dict[str, LotRow] = {}
        for some in _pages(wanted):
            found |= {row.id: row for row in rows.rows(LOTS["id"].among(some), limit=_PAGE).items}
        for id in wanted:
            if id not in found:
                raise UnknownLot(lot=id)
        return found

    def lot(
        self,
        product: str,
        quantity: int,
        cost: Money,
        *,
        received: datetime,
        document: str,
        supplier: str = "",
        batch: str = "",
        serial: str = "",
        expires: date | None = None,
    ) -> LotRow:
        """A new lot, nowhere yet. Raises SerialTaken, InvalidLot, InvalidQuantity. [INV-04]"""
        whole(quantity)
        if cost.minor < 0 or cost.currency != self.currency or (serial and quantity != 1):
            accepted = Text(f"≥ 0 {self.currency}, one a serial number", f"≥ 0 {self.currency}，每个序列号一件")
            raise InvalidLot(field="cost", given=cost, accepted=accepted)
        row = LotRow(
            id=self.new(LOT),
            product=product,
            batch=batch,
            serial=serial,
            serial_key=f"{product}/{serial}" if serial else None,
            expires=expires,
            received=received,
            supplier=supplier,
            document=document,
            quantity=quantity,
            cost=cost.minor,
        )
        if self.unit.register(LOTS).put_new([row]):
            raise SerialTaken(product=product, accepted=Text("a new serial number", "新的序列号"))
        return row

    def on_shelf(self, warehouse: str, product: str, *, lock: bool = True) -> Stock:
        """What the engine allocates from: the lots on a shelf. To decide on it, obtain the shelf before. [INV-05]"""
        return self._stock(self._spots(warehouse, product, lock=lock))

    def _spots(self, warehouse: str, product: str, *, lock: bool) -> tuple[Balance, ...]:
        of = BALANCES["warehouse"].is_(warehouse), BALANCES["product"].is_(product)
        return tuple(self.balances(*of, lock=lock))

    def _stock(self, spots: Iterable[Balance]) -> Stock:
        found: dict[str, Lot] = {}
        for row in spots:
            cost, before = Money(row.cost, self.currency), found.get(row.lot)
            if before is not None:
                found[row.lot] = before.left_after(-row.quantity, -cost)
            else:
                found[row.lot] = Lot(
                    id=row.lot,
                    product=row.product,
                    received=row.received,
                    quantity=row.quantity,
                    cost=cost,
                    expires=row.expires,
                )
        return Stock(found.values(), self.currency)

    @staticmethod
    def asked(stock: Stock, at: datetime) -> datetime:
        """``at``, or when the last of the lots came: who waited for the shelf may find younger goods on it (D25)."""
        return max([at, *(lot.received for lot in stock.lots)])

    # --- giving
    def explain(
        self, warehouse: str, requests: Sequence[Request], at: datetime, *, by: str = ""
    ) -> Mapping[str, Outcome]:
        """What each product's requests get from its shelf now, and why other lots do not: nothing is moved. [INV-05]

        ``by`` is who decides on it: then all that it rests on is locked.
        """
        pairs = [(warehouse, product) for product in dict.fromkeys(request.product for request in requests)]
        shelves = self.shelves(pairs, by=by, at=at) if by else self._looked_at(pairs)
        spots = {product: self._spots(warehouse, product, lock=bool(by)) for _, product in pairs}
        return self._outcomes(requests, spots, {product: shelf for (_, product), shelf in shelves.items()}, at)

    def _looked_at(self, pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Shelf]:
        """The shelves that there are, not locked."""
        ids: Query[Shelf] = Query((Where("id", Comparison.AMONG, tuple(shelf_id(*pair) for pair in pairs)),), limit=200)
        return {(shelf.warehouse, shelf.product): shelf for shelf in self.unit.of(SHELVES).find(ids).items}

    def _outcomes(
        self,
        requests: Sequence[Request],
        spots: Mapping[str, Iterable[Balance]],
        shelves: Mapping[str, Shelf],
        at: datetime,
    ) -> Mapping[str, Outcome]:
        """What the requests get, by product, of what lies on its ``spots`` and is not reserved on its shelf."""
        asked: dict[str, list[Request]] = {product: [] for product in spots}
        for request in requests:
            asked[request.product].append(request)
        found = {}
        for product, wanted in asked.items():
            stock, shelf = self._stock(spots[product]), shelves.get(product)
            how: dict[str, Any] = {"at": self.asked(stock, at), "zone": self.zone, "rules": self.rules}
            found[product] = allocate(stock, wanted, reservations=shelf.reservations if shelf else (), **how)
        return found

    def give(
        self, warehouse: str, requests: Sequence[Request], dest: str, document: str, *, by: str, at: datetime
    ) -> tuple[Movement, ...]:
        """Take goods from the shelves, as the engine says, to ``dest``; reservations drawn on are used up.

        Raises TooLittle where a request that asks for all gets less. [INV-05, INV-15]
        """
        wanted = dict.fromkeys(request.product for request in requests)
        held = self.shelves(((warehouse, product) for product in wanted), by=by, at=at)
        shelves = {product: held[warehouse, product] for product in wanted}
        spots = {product: self._spots(warehouse, product, lock=True) for product in wanted}
        outcomes = self._outcomes(requests, spots, shelves, at)
        got = [allocation for outcome in outcomes.values() for allocation in outcome]
        for each in got:
            if (each.request.all_or_nothing and not each.complete) or not each.taken:
                most = self._most(outcomes[each.request.product], each)
                raise TooLittle(ALLOCATION, product=each.request.product, given=each.request.quantity, maximum=most)
        rows = [row for product in wanted for row in spots[product]]
        moves = list(_from_spots(rows, got, dest))
        made = self._post(document, moves, reason="give", by=by, at=at, held=held, known=rows)
        events, stopped, who = list[GoodsGiven](), list[StopTimer](), ActorId(by)
        for product, shelf in shelves.items():
            mine = [each for each in got if each.request.product == product]
            drawn = [drawn for each in mine for drawn in each.drawn]
            ended = [one.reservation for one in drawn if shelf.draw(one.reservation, one.quantity)]
            shelf.last_out_at = at = made[0].at
            self.unit.of(SHELVES).save(shelf)
            quantity = sum(each.taken for each in mine)
            events.append(GoodsGiven(subject=shelf.id, by=who, at=at, document=document, quantity=quantity))
            stopped += [StopTimer(shelf.id, timer(RESERVATIONS, int(one)), at, cancelled=True) for one in ended]
        self.unit.record(events, stopped)
        return made

    def _most(self, outcome: Outcome, got: Allocation) -> int:
        request = attrs.evolve(got.request, all_or_nothing=False)
        how: dict[str, Any] = {"at": outcome.at, "zone": self.zone, "rules": self.rules}
        return allocate(outcome.stock, [request], reservations=outcome.reservations, **how)[0].taken

    # --- the only writer
    def post(self, document: str, moves: Sequence[Move], *, reason: str, by: str, at: datetime) -> tuple[Movement, ...]:
        """Move goods, all or nothing. They are booked at ``at``, or at a lot's last movement where that is later.

        Raises TooLittle where a real place would fall below 0, TooLate, UnknownLot, WrongPlace, InvalidQuantity.
        """
        return self._post(document, moves, reason=reason, by=by, at=at)

    def _post(
        self,
        document: str,
        moves: Sequence[Move],
        *,
        reason: str,
        by: str,
        at: datetime,
        held: Container[tuple[str, str]] = (),
        known: Iterable[Balance] = (),
    ) -> tuple[Movement, ...]:
        """As :meth:`post`, where the shelves ``held`` and all balances of the moved lots' sources are locked already.

        ``known`` are these balances; where none are given, all that is needed is locked and read.
        """
        for move in moves:
            whole(move.quantity)
            sides = check_place(move.source), check_place(move.dest)
            if sides[0] == sides[1] or not any(map(is_real, sides)) or (move.cost is None) is not is_real(sides[0]):
                raise WrongPlace(accepted=Text("two places, one of them real", "两个不同库位，其一为实际库位"))
        there = {(row.place, row.lot): (row.quantity, row.cost) for row in known}
        lots: Mapping[str, LotRow | Balance] = {row.lot: row for row in known} or self.lots(move.lot for move in moves)
        houses = ((warehouse_of(side), lots[move.lot].product) for move in moves for side in (move.source, move.dest))
        shelves = [(house, product) for house, product in houses if house is not None]
        self.shelves((pair for pair in shelves if pair not in held), by=by, at=at)
        keys = {(side, move.lot) for move in moves for side in (move.source, move.dest) if is_real(side)}
        there |= self._lying(keys.difference(there))
        before = dict(there)
        costs = [self._shift(there, move) for move in moves]
        booked = self._booked(sorted({lot.product for lot in lots.values()}), at)
        made = tuple(
            Movement(
                id=self.new(MOVEMENT),
                at=booked,
                happened_at=at,
                product=lots[move.lot].product,
                lot=move.lot,
                quantity=move.quantity,
                cost=cost,
                source=move.source,
                dest=move.dest,
                reason=reason,
                document=document,
                by=by,
            )
            for move, cost in zip(moves, costs, strict=True)
        )
        self._write(before, there, lots)
        self.unit.register(MOVEMENTS).put(made)
        return made

    def _lying(self, keys: Iterable[tuple[str, str]]) -> _Lying:
        """Quantity and cost by place and lot, locked in their order; nothing where there is no row."""
        rows, wanted = self.unit.register(BALANCES), sorted(keys)
        found = dict.fromkeys(wanted, (0, 0))
        for where, of in groupby(wanted, itemgetter(0)):
            for some in _pages([lot for _, lot in of]):
                page = rows.rows(BALANCES["place"].is_(where), BALANCES["lot"].among(some), limit=_PAGE, lock=True)
                found |= {(row.place, row.lot): (row.quantity, row.cost) for row in page.items}
        return found

    def _shift(self, there: dict[tuple[str, str], tuple[int, int]], move: Move) -> int:
        """Change what lies where by one move; what the goods cost. Raises TooLittle."""
        cost = move.cost or 0
        if move.cost is None:
            held, worth = there[move.source, move.lot]
            if move.quantity > held:
                raise TooLittle(place=move.source, lot=move.lot, given=move.quantity, maximum=held)
            cost = share_of_cost(worth, move.quantity, held)
            there[move.source, move.lot] = held - move.quantity, worth - cost
        if is_real(move.dest):
            held, worth = there[move.dest, move.lot]
            there[move.dest, move.lot] = held + move.quantity, worth + cost
        return cost

    def _booked(self, products: Iterable[str], at: datetime) -> datetime:
        last: dict[str, Any] = {"order_by": ("at",), "descending": True, "limit": 1}
        rows = self.unit.register(MOVEMENTS)
        moved = [row for one in products for row in rows.rows(MOVEMENTS["product"].is_(one), lock=True, **last).items]
        booked = max([at, *(row.at for row in moved), *(row.at for row in self._closings(**last))])
        if booked - at > self._late:
            raise TooLate(at=at, minimum=booked - self._late)
        return booked

    def _write(self, before: _Lying, after: _Lying, lots: Mapping[str, LotRow | Balance]) -> None:
        """Write what lies at each place now; all of it was read under a lock. [INV-12]"""
        rows, session, emptied = self.unit.register(BALANCES), self.unit.session, dict[str, list[str]]()
        for key, (quantity, cost) in after.items():
            was = before[key]
            if (quantity, cost) == was:
                continue
            if not any((quantity, cost)):
                emptied.setdefault(key[0], []).append(key[1])
                continue
            change = Change(key, add={"quantity": quantity - was[0], "cost": cost - was[1]})
            # Where no row was, there was nothing to lock: somebody may have made it since.
            new = [] if any(was) else [_balance(key, lots[key[1]], quantity, cost)]
            if (not new or rows.put_new(new)) and not session.change_row(BALANCES, change):
                raise StoreBusy(kind=BALANCES.table)  # pragma: no cover - the row is locked
        for where, of in emptied.items():
            for some in _pages(of):
                gone = BALANCES["place"].is_(where), BALANCES["lot"].among(some)
                if session.drop_rows(BALANCES, gone) != len(some):
                    raise StoreBusy(kind=BALANCES.table)  # pragma: no cover - the rows are locked

    # --- questions
    def balances(self, *where: Where[Any], lock: bool = False) -> Iterator[Balance]:
        """What lies where now, by place and lot."""
        rows, after = self.unit.register(BALANCES), None
        while True:
            page = rows.rows(*where, limit=_PAGE, after=after, lock=lock)
            yield from page.items
            after = page.next
            if after is None:
                return

    def under(self, places: str) -> Iterator[Balance]:
        """What lies at the places that begin like this (``who/``)."""
        return self.balances(*_under(BALANCES["place"], places))

    def apart(self, warehouse: str) -> Iterator[Balance]:
        """What is in quarantine at a warehouse, to be destroyed or not."""
        where = place("qt", warehouse)
        yield from self.balances(BALANCES["place"].is_(where))
        yield from self.under(f"{where}/")

    def lay_in(self, where: str, since: datetime, until: datetime) -> Sequence[tuple[str, str]]:
        """The (place, lot) that lay at a place at any time of a period; of a zone (``wh/hq/cold/``), at its spots too.
        [INV-07]"""
        dest = MOVEMENTS["dest"]
        there = _under(dest, where) if where.endswith("/") else (dest.is_(where),)
        before = {key for key in self.stock_at(since) if key[0] == where or (where[-1] == "/" and where in key[0])}
        period = MOVEMENTS["at"].at_least(since), MOVEMENTS["at"].below(until + _INSTANT)
        rows = self.unit.register(MOVEMENTS).sums(Tally[Any]((*there, *period), group_by=("dest", "lot")))
        return tuple(sorted(before | {(str(row.group[0]), str(row.group[1])) for row in rows}))

    def stock_at(self, at: datetime, **of: str) -> Held:
        """Quantity and cost by real place and lot at an instant, of one ``product`` or ``lot`` where it is named.

        The last month that was closed before, and what moved since: as much to read, however long the history is.
        """
        until, found = at + _INSTANT, _Sums()
        where = [MOVEMENTS["at"].below(until), *(MOVEMENTS[name].is_(value) for name, value in of.items())]
        done = CLOSINGS["at"].below(until + _INSTANT), CLOSINGS["done"].is_(True)
        for last in self._closings(*done, order_by=("at",), descending=True, limit=1):
            closed = [CLOSED[name].is_(value) for name, value in {"month": last.month, **of}.items()]
            found.take(self.unit.register(CLOSED), *closed, by="place")
            where.append(MOVEMENTS["at"].at_least(last.at))
        return {key: value for key, value in self.moved(*where, on=found).items() if is_real(key[0])}

    def moved(self, *where: Where[Any], on: "_Sums | None" = None) -> Held:
        """Quantity and cost that movements brought to every place, virtual ones included, by place and lot."""
        found, rows = on or _Sums(), self.unit.register(MOVEMENTS)
        found.take(rows, *where, by="dest")
        found.take(rows, *where, by="source", sign=-1)
        return found.held

    def _closings(self, *where: Where[Any], **how: Any) -> Sequence[Closing]:
        return self.unit.register(CLOSINGS).rows(*where, **how).items

    def at_place(self, where: str, lot: str, at: datetime) -> int:
        """How much of a lot lay at a place at a past instant."""
        return self.stock_at(at, lot=lot).get((where, lot), (0, 0))[0]


def _from_spots(spots: Iterable[Balance], got: Iterable[Allocation], dest: str) -> Iterator[Move]:
    """The moves of allocations: of each lot from one spot after another."""
    left: dict[str, list[list[Any]]] = {}
    for row in spots:
        left.setdefault(row.lot, []).append([row.place, row.quantity])
    for each in got:
        for lot, quantity in zip(each.lots, each.quantities, strict=True):
            for spot in left[lot.id]:
                taken = min(quantity, spot[1])
                if taken:
                    yield Move(lot.id, taken, spot[0], dest)
                spot[1] -= taken
                quantity -= taken


def _balance(key: tuple[str, str], lot: LotRow | Balance, quantity: int, cost: int) -> Balance:
    return Balance(
        place=key[0],
        lot=key[1],
        quantity=quantity,
        cost=cost,
        product=lot.product,
        warehouse=warehouse_of(key[0]),
        received=lot.received,
        expires=lot.expires,
    )


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[begin : begin + _PAGE] for begin in range(0, len(ids), _PAGE))


def _under(field: Field[Any, str], places: str) -> tuple[Where[Any], Where[Any]]:
    """The conditions for texts that begin with ``places``, which ends with a slash."""
    return field.at_least(places), field.below(f"{places[:-1]}0")


class _Sums:
    """Quantities and costs that are added up by place and lot."""

    def __init__(self) -> None:
        self._quantity: Counter[tuple[str, str]] = Counter()
        self._cost: Counter[tuple[str, str]] = Counter()

    def take(self, rows: Any, *where: Where[Any], by: str, sign: int = 1) -> None:
        for row in rows.sums(Tally[Any](where, group_by=(by, "lot"), sums=("quantity", "cost"))):
            key = str(row.group[0]), str(row.group[1])
            self._quantity[key] += sign * row.sums[0]
            self._cost[key] += sign * row.sums[1]

    @property
    def held(self) -> Held:
        """What there is at each, where it is not nothing."""
        both = {key: (quantity, self._cost[key]) for key, quantity in self._quantity.items()}
        return {key: value for key, value in both.items() if any(value)}
