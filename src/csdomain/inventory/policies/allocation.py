"""Allocation (INV-05): which lots serve which requests, at which cost, and why the others do not."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from typing import overload

import attrs

from csdomain.inventory.values import InvalidReservation, InventoryRules, Lot, Passed, Request, Reservation, Why
from csdomain.kernel.rules import Text

from .stock import Columns, Stock, local_date
from .walk import Allocation, Walk


@attrs.frozen(eq=False, repr=False)
class Outcome(Sequence[Allocation]):
    """The allocations of one call, one for each request and in their order, and how they came about. [INV-05]

    ``on`` is the warehouse's date at the instant ``at``. The explanation is worked out only when asked for.
    """

    allocations: tuple[Allocation, ...]
    stock: Stock
    at: datetime
    on: date
    rules: InventoryRules
    reservations: tuple[Reservation, ...]

    @overload
    def __getitem__(self, index: int) -> Allocation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Allocation, ...]: ...
    def __getitem__(self, index: int | slice) -> Allocation | tuple[Allocation, ...]:
        return self.allocations[index]

    def __len__(self) -> int:
        return len(self.allocations)

    @property
    def left(self) -> Stock:
        """The stock when all that was allocated has left it."""
        return self.stock.without(line for allocation in self.allocations for line in allocation.lines)

    def explain(self, index: int = 0) -> tuple[Passed, ...]:
        """Every lot of the product that gave nothing to the request at ``index``, in the order of drawing, and why."""
        got = self.allocations[index]
        shelf = self.stock.shelves.get(got.request.product)
        if shelf is None:
            return ()
        walk = Walk(shelf.fit(self.on, self.rules), _of(self.reservations, got.request.product), self.stock.currency)
        for allocation in self.allocations[:index]:
            if allocation.request.product == got.request.product:
                walk.serve(allocation.request)
        return tuple(_passed(walk, got, shelf.ordered(self.rules), self.on, self.rules))


def _passed(walk: Walk, got: Allocation, lots: Iterable[Lot], on: date, rules: InventoryRules) -> Iterator[Passed]:
    request, given = got.request, {lot.id: quantity for lot, quantity in zip(got.lots, got.quantities, strict=True)}
    budget = walk.budget(request.owner)
    for lot in lots:
        place = walk.place(lot.id)
        if place is None:
            if not lot.quantity:
                yield Passed(lot, Why.EMPTY)
            elif lot.quarantined:
                yield Passed(lot, Why.QUARANTINED)
            else:
                yield Passed(lot, Why.EXPIRED)
            continue
        own, (quantity, free) = walk.own(request.owner, place), walk.left(place)
        free = min(budget, free)
        if lot.id in given:
            budget -= max(0, given[lot.id] - own)
        elif not quantity:
            yield Passed(lot, Why.EMPTY)
        elif request.lot not in (None, lot.id):
            yield Passed(lot, Why.NOT_ASKED)
        elif not own + free:
            yield Passed(lot, Why.RESERVED)
        elif got.taken:
            yield Passed(lot, Why.NOT_NEEDED)
        else:
            budget -= free
            yield Passed(lot, Why.TOO_LITTLE)


def _of(reservations: Iterable[Reservation], product: str) -> list[Reservation]:
    return [reservation for reservation in reservations if reservation.product == product]


def allocate(
    stock: Stock,
    requests: Iterable[Request],
    *,
    at: datetime,
    zone: tzinfo,
    rules: InventoryRules,
    reservations: Iterable[Reservation] = (),
) -> Outcome:
    """Serve ``requests`` from ``stock``, in their order, at the aware instant ``at`` in the warehouse's ``zone``.

    Lots give in the order of ``rules.strategy``, the lot's id deciding last; none that is expired on the warehouse's
    date, quarantined, or held for another owner by one of the ``reservations``. Reservations by product hold back a
    quantity, not particular lots. The owner's own reservations let them have more, and never change the order; who
    wants the lot they have reserved asks for it (``Request.lot``). A request that asks for all or nothing and cannot be
    served gets nothing and leaves everything to the next.

    A part of a lot costs its share of what is left of the lot's cost, to the nearest minor unit, a half up; the rest of
    the cost stays with the rest of the lot.

    Raises :class:`csdomain.inventory.values.LotFromFuture`, :class:`csdomain.inventory.values.InvalidReservation` where
    two have one id, :class:`csdomain.kernel.rules.errors.NaiveTime`, :class:`InvalidDay`,
    :class:`csdomain.kernel.values.money.AmountTooLarge`. [INV-05, INV-15]
    """
    asked = tuple(requests)
    on, holding = _day_and_holding(stock, asked, at, zone, reservations)
    walks: dict[str, Walk] = {}
    allocations = []
    for request in asked:
        walk = walks.get(request.product)
        if walk is None:
            walk = walks[request.product] = _walk(stock, request.product, on, rules, holding)
        allocations.append(walk.serve(request))
    return Outcome(tuple(allocations), stock, at, on, rules, holding)


def available(
    stock: Stock,
    product: str,
    *,
    owner: str | None = None,
    lot: str | None = None,
    at: datetime,
    zone: tzinfo,
    rules: InventoryRules,
    reservations: Iterable[Reservation] = (),
) -> int:
    """The most of ``product``, in smallest units, that one request of ``owner`` could get; of ``lot`` alone if named.

    Errors as in :func:`allocate`. [INV-05, INV-15]
    """
    on, holding = _day_and_holding(stock, (Request(product, 1),), at, zone, reservations)
    return _walk(stock, product, on, rules, holding).available(owner, lot)


def _day_and_holding(
    stock: Stock, requests: Sequence[Request], at: datetime, zone: tzinfo, reservations: Iterable[Reservation]
) -> tuple[date, tuple[Reservation, ...]]:
    """The warehouse's date and the reservations that hold, once everything has been checked."""
    on = local_date(at, zone)
    rows = tuple(reservations)
    seen: set[str] = set()
    for reservation in rows:
        if reservation.id in seen:
            raise InvalidReservation(id=reservation.id, accepted=Text("each id once", "编号不重复"))
        seen.add(reservation.id)
    for product in {request.product for request in requests} & stock.shelves.keys():
        stock.shelves[product].check_received(at)
    return on, tuple(reservation for reservation in rows if reservation.holds(at))


def _walk(stock: Stock, product: str, on: date, rules: InventoryRules, holding: Iterable[Reservation]) -> Walk:
    shelf = stock.shelves.get(product)
    fit = shelf.fit(on, rules) if shelf is not None else Columns()
    return Walk(fit, _of(holding, product), stock.currency)
