"""The expiry predicate, and the stock of a warehouse as sorted columns."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from functools import cached_property
from itertools import accumulate, compress, islice
from operator import attrgetter, itemgetter, lt
from typing import Final, TypeVar

import attrs

from csdomain.inventory.rules import ALLOCATION
from csdomain.inventory.values import DuplicateLot, InventoryRules, Line, Lot, LotFromFuture, Strategy, UnknownLot
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, aware
from csdomain.kernel.values.money import CurrencyMismatch, Money, exponent

T = TypeVar("T")
_ID: Final = attrgetter("id")
_PRODUCT: Final = attrgetter("product")
_RECEIVED: Final = attrgetter("received")
_QUANTITY: Final = attrgetter("quantity")
_MINOR: Final = attrgetter("cost.minor")
_EXPIRES: Final = attrgetter("expires")
_QUARANTINED: Final = attrgetter("quarantined")
_RECEIPT_ORDER: Final = attrgetter("received", "id")
_BLOCK: Final = 64


class InvalidDay(InvalidValue):
    """No day of the calendar where one is needed: not a time zone, not a date, or beyond the year 9999 (INV-05)."""

    default_rule = ALLOCATION
    problem = Text("This is not a day of the calendar.", "这不是有效的日期。")


def local_date(at: datetime, zone: tzinfo) -> date:
    """The date in ``zone``, the warehouse's, at the aware instant ``at``.

    Raises :class:`csdomain.kernel.rules.errors.NaiveTime`, :class:`InvalidDay`. [INV-05]
    """
    if not isinstance(zone, tzinfo):
        raise InvalidDay(field="zone", given=type(zone).__name__, accepted=Text("a tzinfo", "tzinfo"))
    try:
        return aware(at).astimezone(zone).date()
    except OverflowError:
        raise InvalidDay(field="at", given=at) from None


def usable(expires: date | None, on: date, rules: InventoryRules) -> bool:
    """Whether goods that expire on ``expires`` (None: never) may be given on the warehouse's date ``on``.

    The one predicate of expiry: allocation, picking, warnings and destruction all ask here. [INV-05]
    """
    if expires is None:
        return True
    return on <= expires if rules.usable_on_expiry_date else on < expires


@attrs.frozen(eq=False, slots=False)
class Columns:
    """Lots of one product in the order of drawing, column by column; ``minors`` are the costs in minor units.

    The lots are ``of``, or those that ``mask`` picks from them: picked when asked for, since to touch each of a million
    lots takes longer than all the arithmetic.
    """

    of: tuple[Lot, ...] = ()
    quantities: tuple[int, ...] = ()
    minors: tuple[int, ...] = ()
    mask: Sequence[object] | None = None

    @cached_property
    def lots(self) -> tuple[Lot, ...]:
        """The lots themselves, picked now."""
        return self.of if self.mask is None else tuple(compress(self.of, self.mask))

    @cached_property
    def _blocks(self) -> list[int]:
        """What all lots before each block hold, and at last what all hold.

        Not a running sum lot by lot: that makes as many numbers as there are lots, for which a process must ask the
        system for memory, and the more there are the longer each of them takes.
        """
        quantities = self.quantities
        blocks = (sum(quantities[start : start + _BLOCK]) for start in range(0, len(quantities), _BLOCK))
        return list(accumulate(blocks, initial=0))

    @property
    def total(self) -> int:
        """What all of them hold."""
        return self._blocks[-1]

    def before(self, place: int) -> int:
        """What the lots before ``place`` hold."""
        block = place // _BLOCK
        return self._blocks[block] + sum(self.quantities[block * _BLOCK : place])

    def reached(self, quantity: int) -> tuple[int, int]:
        """How many lots, from the first on, hold no more than ``quantity`` together; and how much is then left of it.

        Each lot holds one unit at least, and all of them ``quantity``.
        """
        block = bisect_right(self._blocks, quantity) - 1
        start = min(block * _BLOCK, len(self.quantities))
        inside = list(accumulate(self.quantities[start : start + _BLOCK], initial=self._blocks[block]))
        lots = bisect_right(inside, quantity) - 1
        return start + lots, quantity - inside[lots]

    def where(self, mask: Sequence[object]) -> "Columns":
        """Only those that ``mask`` picks."""
        return Columns(self.lots, tuple(compress(self.quantities, mask)), tuple(compress(self.minors, mask)), mask)

    def by(self, order: Sequence[int]) -> "Columns":
        """The same in another order."""
        return Columns(_picked(self.lots, order), _picked(self.quantities, order), _picked(self.minors, order))


def _picked(values: Sequence[T], places: Sequence[int]) -> tuple[T, ...]:
    """``values`` at ``places``."""
    if len(places) < 2:
        return tuple(values[place] for place in places)
    picked: tuple[T, ...] = itemgetter(*places)(values)  # a third of the time of a comprehension
    return picked


class Shelf:
    """The lots of one product in one warehouse, in the order of receipt, then id."""

    __slots__ = ("_dates", "_fefo", "_fifo", "_last", "_ranks", "lots")

    def __init__(self, lots: list[Lot]) -> None:
        received = list(map(_RECEIVED, lots))
        # Rows mostly come sorted; equal instants are left to the sort, which also looks at the ids.
        if not all(map(lt, received, islice(received, 1, None))):
            lots.sort(key=_RECEIPT_ORDER)
        self.lots: tuple[Lot, ...] = tuple(lots)
        fifo = Columns(self.lots, tuple(map(_QUANTITY, lots)), tuple(map(_MINOR, lots)))
        if 0 in fifo.quantities or any(map(_QUARANTINED, lots)):
            fifo = fifo.where([lot.quantity and not lot.quarantined for lot in lots])
        expires = list(map(_EXPIRES, fifo.lots))
        distinct = set(expires)
        dated = sorted(day for day in distinct if day is not None)
        # A lot's rank is the place of its expiry date among the distinct ones; what never expires comes last.
        self._dates: tuple[date | None, ...] = (*dated, None) if None in distinct else tuple(dated)
        rank = {day: i for i, day in enumerate(self._dates)}
        self._ranks: Sequence[int] = list(map(rank.__getitem__, expires))
        self._fifo = fifo
        self._fefo: tuple[Columns, Sequence[int]] | None = None
        self._last: tuple[tuple[date, InventoryRules], Columns] | None = None

    def fit(self, on: date, rules: InventoryRules) -> Columns:
        """What may be given on ``on``, in the order of ``rules.strategy``: not empty, not quarantined, not expired."""
        if self._last is None or self._last[0] != (on, rules):
            columns, ranks = self._by_expiry() if rules.strategy is Strategy.FEFO else (self._fifo, self._ranks)
            fresh = [usable(expires, on, rules) for expires in self._dates]
            fit = columns if all(fresh) else columns.where(_picked(fresh, ranks))
            self._last = (on, rules), fit
            return fit
        return self._last[1]

    def ordered(self, rules: InventoryRules) -> Sequence[Lot]:
        """All lots, fit or not, in the order of ``rules.strategy``."""
        if rules.strategy is Strategy.FEFO:
            return sorted(self.lots, key=lambda lot: (lot.expires is None, lot.expires or date.max))
        return self.lots

    def check_received(self, at: datetime) -> None:
        """Raises :class:`LotFromFuture` where a lot was received after ``at``."""
        last = self.lots[-1]
        if last.received > at:
            raise LotFromFuture(lot=last.id, received=last.received, at=at)

    def _by_expiry(self) -> tuple[Columns, Sequence[int]]:
        if self._fefo is None:
            # The sort is stable: within one expiry the order of receipt, then id, stays.
            order = sorted(range(len(self._ranks)), key=self._ranks.__getitem__)
            self._fefo = self._fifo.by(order), sorted(self._ranks)
        return self._fefo


class Stock:
    """The lots of one warehouse, checked and sorted once; a value that never changes.

    ``currency`` is that of every lot's cost. Raises :class:`DuplicateLot`,
    :class:`csdomain.kernel.values.money.CurrencyMismatch`, :class:`csdomain.kernel.values.money.UnknownCurrency`.
    [INV-04]
    """

    __slots__ = ("currency", "shelves")

    def __init__(self, lots: Iterable[Lot], currency: str) -> None:
        exponent(currency)
        rows = list(lots)
        _check_ids(rows)
        for given in set(map(attrgetter("cost.currency"), rows)):
            if given != currency:
                raise CurrencyMismatch(expected=currency, given=given)
        products = set(map(_PRODUCT, rows))
        by_product: dict[str, list[Lot]] = {product: [] for product in sorted(products)}
        if len(products) == 1:
            by_product[products.pop()] = rows
        else:
            for lot in rows:
                by_product[lot.product].append(lot)
        self.currency = currency
        self.shelves: Mapping[str, Shelf] = {product: Shelf(of) for product, of in by_product.items()}

    @property
    def lots(self) -> tuple[Lot, ...]:
        """All lots: product by product, in the order of receipt, then id."""
        return tuple(lot for shelf in self.shelves.values() for lot in shelf.lots)

    def without(self, lines: Iterable[Line]) -> "Stock":
        """The stock when ``lines`` have left it. Raises :class:`UnknownLot`, :class:`InvalidQuantity`. [INV-05]"""
        return self._moved((line.lot.id, line.quantity, line.cost) for line in lines)

    def with_back(self, lines: Iterable[Line]) -> "Stock":
        """The stock when ``lines``, taken before, have come back to their lots. Raises :class:`UnknownLot`. [INV-05]"""
        return self._moved((line.lot.id, -line.quantity, -line.cost) for line in lines)

    def _moved(self, changes: Iterable[tuple[str, int, Money]]) -> "Stock":
        lots = {lot.id: lot for lot in self.lots}
        for id_, quantity, cost in changes:
            if id_ not in lots:
                raise UnknownLot(lot=id_)
            lots[id_] = lots[id_].left_after(quantity, cost)
        return Stock(lots.values(), self.currency)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stock):
            return NotImplemented
        return self.currency == other.currency and self.lots == other.lots

    __hash__ = None  # type: ignore[assignment]  # a million lots are nobody's key

    def __repr__(self) -> str:
        return f"Stock({sum(len(shelf.lots) for shelf in self.shelves.values())} lots, {self.currency!r})"


def _check_ids(lots: Sequence[Lot]) -> None:
    if len(set(map(_ID, lots))) == len(lots):
        return
    seen: set[str] = set()
    for lot in lots:
        if lot.id in seen:
            raise DuplicateLot(lot=lot.id)
        seen.add(lot.id)
