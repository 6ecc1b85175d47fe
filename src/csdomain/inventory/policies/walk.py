"""Serving requests from the fit lots of one product, one after the other (INV-05).

The walk over the lots is done run by run: lots that nobody has reserved or touched yet are cut out of the columns as
one slice, found by bisection in running sums of their quantities. Only a lot that somebody has reserved, or that has
been asked for by its id, is looked at by itself; those are the *marked* ones.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import chain
from typing import TypeVar

import attrs

from csdomain.inventory.values import Drawn, Line, Lot, Request, Reservation
from csdomain.kernel.values.money import Money

from .stock import Columns

T = TypeVar("T")


def share_of_cost(cost: int, taken: int, quantity: int) -> int:
    """What ``taken`` of ``quantity`` units cost where all cost ``cost`` minor units: to the nearest, a half up.

    The rest costs ``cost`` less that, so the takes of a lot add up to its cost whatever their number. [INV-05]
    """
    return (2 * cost * taken + quantity) // (2 * quantity)


@attrs.frozen(eq=False, repr=False)
class Allocation:
    """What one request got: parallel tuples, one place for each lot, in the order in which the lots were drawn.

    ``quantities`` are in smallest units and add up to ``taken``, ``costs`` in minor units of ``currency``; ``drawn``
    says how much of which of the owner's own reservations was used up. ``lots``, ``lines`` and ``value`` are made when
    asked for. [INV-05]
    """

    request: Request
    quantities: tuple[int, ...]
    costs: tuple[int, ...]
    taken: int
    currency: str
    drawn: tuple[Drawn, ...]
    _columns: Columns
    _runs: tuple[tuple[int, int], ...]  # places of the lots in the columns, half-open

    @classmethod
    def of(cls, request: Request, lines: Iterable[Line], currency: str, drawn: tuple[Drawn, ...] = ()) -> "Allocation":
        """The allocation that these lines make."""
        rows = tuple(lines)
        quantities = tuple(line.quantity for line in rows)
        costs = tuple(line.cost.minor for line in rows)
        columns = Columns(tuple(line.lot for line in rows))
        return cls(request, quantities, costs, sum(quantities), currency, drawn, columns, ((0, len(rows)),))

    @property
    def lots(self) -> tuple[Lot, ...]:
        """The lots that gave, as they were before."""
        return _joined([self._columns.lots[start:end] for start, end in self._runs])

    @property
    def short(self) -> int:
        """How much of the request could not be given, in smallest units."""
        return self.request.quantity - self.taken

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was given."""
        return self.taken == self.request.quantity

    @property
    def value(self) -> Money:
        """What the goods taken cost in all. Raises :class:`csdomain.kernel.values.money.AmountTooLarge`."""
        return Money(sum(self.costs), self.currency)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The goods lot by lot."""
        costs = (Money(minor, self.currency) for minor in self.costs)
        return tuple(map(Line, self.lots, self.quantities, costs))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Allocation):
            return NotImplemented
        return (self.request, self.lines, self.currency, self.drawn) == (
            other.request,
            other.lines,
            other.currency,
            other.drawn,
        )

    def __hash__(self) -> int:
        return hash((self.request, self.quantities, self.costs))

    def __repr__(self) -> str:
        return f"Allocation({self.request!r}, taken={self.taken}, lots={len(self.quantities)}, value={self.value})"

    def __reduce__(self) -> tuple[object, ...]:
        # Not with the whole shelf.
        return Allocation.of, (self.request, self.lines, self.currency, self.drawn)


class _Marked:
    """What is left of a lot that is looked at by itself; ``reserved`` of it by anybody."""

    __slots__ = ("cost", "quantity", "reserved")

    def __init__(self, quantity: int, cost: int) -> None:
        self.quantity = quantity
        self.cost = cost
        self.reserved = 0

    @property
    def free(self) -> int:
        return max(0, self.quantity - self.reserved)


class _Held:
    """What is left of a reservation."""

    __slots__ = ("id", "left")

    def __init__(self, reservation: Reservation) -> None:
        self.id = reservation.id
        self.left = reservation.quantity


class Walk:
    """The fit lots of one product while requests are served from them, one after the other.

    No lot before ``head`` has anything free. Of the lot at ``head``, unless it is marked, ``used`` units have gone and
    ``rest`` minor units of its cost are left; lots after it are whole unless they are marked.
    """

    def __init__(self, fit: Columns, reservations: Iterable[Reservation], currency: str) -> None:
        self.fit = fit
        self.currency = currency
        self.free = fit.total
        self.head = 0
        self.used = 0
        self.rest = 0
        self.marks: dict[int, _Marked] = {}
        self.held = 0
        self.by_product: dict[str | None, list[_Held]] = {}
        self.by_lot: dict[str | None, dict[int, list[_Held]]] = {}
        self._places: dict[str, int] | None = None
        for reservation in sorted(reservations, key=lambda r: (r.expires, r.id)):
            self._hold(reservation)
        self.marked = sorted(self.marks)  # their places

    def _hold(self, reservation: Reservation) -> None:
        if reservation.lot is None:
            self.held += reservation.quantity
            self.by_product.setdefault(reservation.owner, []).append(_Held(reservation))
        elif (place := self.place(reservation.lot)) is not None:
            mark = self.marks.get(place)
            if mark is None:
                mark = self.marks[place] = _Marked(self.fit.quantities[place], self.fit.minors[place])
            self.free -= mark.free
            mark.reserved += reservation.quantity
            self.free += mark.free
            self.by_lot.setdefault(reservation.owner, {}).setdefault(place, []).append(_Held(reservation))

    def place(self, lot: str) -> int | None:
        """Where a lot stands among the fit ones, None where it does not."""
        if self._places is None:
            self._places = {fit.id: i for i, fit in enumerate(self.fit.lots)}
        return self._places.get(lot)

    def mark(self, place: int) -> _Marked:
        """The lot at ``place``, to be looked at by itself from now on."""
        mark = self.marks.get(place)
        if mark is None:
            mark = _Marked(self.fit.quantities[place], self.fit.minors[place])
            if place < self.head:
                mark = _Marked(0, 0)
            elif place == self.head and self.used:
                mark = _Marked(mark.quantity - self.used, self.rest)
                self.used = 0
            self.marks[place] = mark
            insort(self.marked, place)
        return mark

    def left(self, place: int) -> tuple[int, int]:
        """How much is left of a lot, and how much of that nobody has reserved."""
        mark = self.marks.get(place)
        if mark is not None:
            return mark.quantity, mark.free
        gone = self.fit.quantities[place] if place < self.head else self.used if place == self.head else 0
        return self.fit.quantities[place] - gone, self.fit.quantities[place] - gone

    def budget(self, owner: str | None) -> int:
        """How much the owner may have of what no lot reservation holds: others hold the rest by product."""
        if not self.held:
            return self.free
        mine = sum(held.left for held in self.by_product.get(owner, ()))
        return max(0, self.free - (self.held - mine))

    def own(self, owner: str | None, place: int) -> int:
        """How much of the lot the owner has reserved, less what others are short of if it was reserved twice over."""
        held = self.by_lot.get(owner, {}).get(place)
        if held is None:
            return 0
        mark, mine = self.marks[place], sum(h.left for h in held)
        return max(0, min(mine, mark.quantity - (mark.reserved - mine)))

    def available(self, owner: str | None, lot: str | None = None) -> int:
        """The most that a request of this owner, for this lot or for any, could get."""
        budget = self.budget(owner)
        if lot is None:
            return budget + sum(self.own(owner, place) for place in self.by_lot.get(owner, ()))
        place = self.place(lot)
        return 0 if place is None else self.own(owner, place) + min(budget, self.left(place)[1])

    def serve(self, request: Request) -> Allocation:
        """What one request gets; the next begins where this one ended."""
        budget = self.budget(request.owner)
        if (
            request.all_or_nothing
            and (budget < request.quantity or request.lot is not None)
            and self.available(request.owner, request.lot) < request.quantity
        ):
            return Allocation(request, (), (), 0, self.currency, (), self.fit, ())
        return _Serving(self, request, budget).run()


class _Serving:
    """One request on its way along the lots: ``runs`` of their places, half-open, and quantities and costs of each."""

    __slots__ = ("budget", "costs", "drawn", "need", "owner", "quantities", "request", "runs", "walk")

    def __init__(self, walk: Walk, request: Request, budget: int) -> None:
        self.walk = walk
        self.request = request
        self.owner = request.owner
        self.need = request.quantity
        self.budget = budget
        self.runs: list[tuple[int, int]] = []
        self.quantities: list[tuple[int, ...]] = []
        self.costs: list[tuple[int, ...]] = []
        self.drawn: list[Drawn] = []

    def run(self) -> Allocation:
        walk, request, budget = self.walk, self.request, self.budget
        if request.lot is None:
            self._along()
        elif (place := walk.place(request.lot)) is not None:
            self._one(place)
        if walk.held:
            walk.held -= self._draw(walk.by_product.get(self.owner, ()), budget - self.budget)
        return Allocation(
            request,
            _joined(self.quantities),
            _joined(self.costs),
            request.quantity - self.need,
            walk.currency,
            tuple(self.drawn),
            walk.fit,
            tuple(self.runs),
        )

    def _along(self) -> None:
        walk, end = self.walk, len(self.walk.fit.quantities)
        mine = iter(sorted(walk.by_lot.get(self.owner, ())))
        own = next(mine, end)
        while self.need:
            head = walk.head
            if own < head or not self.budget:  # nothing is left for this owner up to there but what they have reserved
                if own == end:
                    break
                self._one(own)
                own = next(mine, end)
            elif head == end:
                break
            elif head in walk.marks:
                self._one(head)
                if own == head:
                    own = next(mine, end)
                if not walk.marks[head].free:
                    walk.head = head + 1
            else:
                self._run(head, end)

    def _run(self, start: int, end: int) -> None:
        """Take lots that are not marked, from ``start`` on: all of them whole but the first and the last."""
        walk, fit, used = self.walk, self.walk.fit, self.walk.used
        stop = end
        if walk.marked and (i := bisect_left(walk.marked, start)) < len(walk.marked):
            stop = walk.marked[i]
        begin = fit.before(start) + used
        wanted = min(self.need, self.budget, fit.before(stop) - begin)
        # ``part`` is of the lot at ``until``, those who were served before included.
        until, part = fit.reached(begin + wanted)
        if used and until > start:
            quantities = (fit.quantities[start] - used, *fit.quantities[start + 1 : until])
            costs = (walk.rest, *fit.minors[start + 1 : until])
        else:
            quantities, costs = fit.quantities[start:until], fit.minors[start:until]
        before = used if until == start else 0
        if part:
            rest = walk.rest if before else fit.minors[until]
            cost = share_of_cost(rest, part - before, fit.quantities[until] - before)
            walk.rest = rest - cost
            quantities += (part - before,)
            costs += (cost,)
        walk.head, walk.used = until, part
        self.runs.append((start, until + 1 if part else until))
        self.quantities.append(quantities)
        self.costs.append(costs)
        self.need -= wanted
        self.budget -= wanted
        walk.free -= wanted

    def _one(self, place: int) -> None:
        """Take what is wanted and may be had of one lot: what its owner has reserved of it, then what is free."""
        walk, mark = self.walk, self.walk.mark(place)
        own = walk.own(self.owner, place)
        taken = min(self.need, own + min(self.budget, mark.free))
        if not taken:
            return
        from_own = min(own, taken)
        cost = share_of_cost(mark.cost, taken, mark.quantity)
        self.runs.append((place, place + 1))
        self.quantities.append((taken,))
        self.costs.append((cost,))
        self.need -= taken
        self.budget -= taken - from_own
        walk.free -= taken - from_own
        mark.quantity -= taken
        mark.cost -= cost
        if from_own:
            mark.reserved -= self._draw(walk.by_lot[self.owner][place], from_own)

    def _draw(self, reservations: Iterable[_Held], quantity: int) -> int:
        """Draw ``quantity`` or as much as there is, on the reservation that expires first, then by id."""
        wanted = quantity
        for held in reservations:
            drawn = min(held.left, wanted)
            if drawn:
                held.left -= drawn
                wanted -= drawn
                self.drawn.append(Drawn(held.id, drawn))
        return quantity - wanted


def _joined(parts: list[tuple[T, ...]]) -> tuple[T, ...]:
    return parts[0] if len(parts) == 1 else tuple(chain.from_iterable(parts))
