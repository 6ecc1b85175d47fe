"""Taking an allocation back, wholly or in part (INV-05)."""

from collections.abc import Mapping

import attrs

from csdomain.inventory.values import Line, ReturnTooLarge, UnknownLot, whole
from csdomain.kernel.values.money import Money

from .walk import Allocation, share_of_cost


@attrs.frozen
class Undone:
    """``returned`` goes back to its lots (:meth:`Stock.with_back`); ``kept`` stays taken and may be undone further.

    Quantity and cost of both add up to what had been taken. Reservations that were drawn stay drawn (INV-15).
    """

    returned: tuple[Line, ...]
    kept: Allocation


def undo(allocation: Allocation, back: int | Mapping[str, int] | None = None) -> Undone:
    """Take back the whole of ``allocation``, a quantity of it, or a quantity of each of some lots (by lot id).

    A bare quantity comes back from the lots that were drawn last. What comes back of a lot has its share of what that
    lot's take cost, to the nearest minor unit, a half up. Undo ``kept``, not ``allocation``, a second time: more than
    was taken never comes back.

    Raises :class:`ReturnTooLarge`, :class:`UnknownLot`, :class:`csdomain.inventory.values.InvalidQuantity`. [INV-05]
    """
    lines = allocation.lines
    wanted = _newest_first(lines, back) if not isinstance(back, Mapping) else {id_: whole(q) for id_, q in back.items()}
    for id_ in wanted.keys() - {line.lot.id for line in lines}:
        raise UnknownLot(lot=id_)
    returned, kept = [], []
    for line in lines:
        quantity = wanted.get(line.lot.id, 0)
        if quantity > line.quantity:
            raise ReturnTooLarge(lot=line.lot.id, given=quantity, maximum=line.quantity)
        cost = Money(share_of_cost(line.cost.minor, quantity, line.quantity), line.cost.currency)
        if quantity:
            returned.append(Line(line.lot, quantity, cost))
        if quantity < line.quantity:
            kept.append(Line(line.lot, line.quantity - quantity, line.cost - cost))
    return Undone(tuple(returned), Allocation.of(allocation.request, kept, allocation.currency, allocation.drawn))


def _newest_first(lines: tuple[Line, ...], back: int | None) -> dict[str, int]:
    taken = sum(line.quantity for line in lines)
    left = taken if back is None else whole(back)
    if left > taken:
        raise ReturnTooLarge(given=left, maximum=taken)
    wanted = {}
    for line in reversed(lines):
        wanted[line.lot.id] = min(left, line.quantity)
        left -= wanted[line.lot.id]
    return wanted
