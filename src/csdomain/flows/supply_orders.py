"""Orders are sent from stock, and last as long as the stock's rules say (INV-05, ORD-02, ORD-03)."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import attrs

from csdomain.inventory import Consumption, InventoryRules, Measure, Strategy
from csdomain.inventory.model.ledger import Ledger, Move, TooLittle
from csdomain.inventory.model.papers import PRODUCTS
from csdomain.inventory.model.stock import MOVEMENTS
from csdomain.inventory.policies import refill, share_of_cost
from csdomain.inventory.values import INVENTORY_RULES, Request, place
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.ids import IdSource
from csdomain.orders.rules import SHIPMENT
from csdomain.orders.values import Dose, Item, OrderRules
from csdomain.rulebook import House

#: Only the days before a reminder matter here, and those are the orders' own.
_RULES = InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=0)


@attrs.frozen
class Stock:
    """The orders' port :class:`~csdomain.orders.ports.Supplies`: the ledger of a branch, by ``ledger``.

    Without one, and for products that are not on the warehouse's list, nobody keeps stock.
    """

    ledger: Callable[[str], Ledger] | None = None

    def allocate(self, order: str, branch: str, items: Sequence[Item], by: Actor, at: datetime, /) -> Sequence[str]:
        """Take items from the branch's shelves, the order's own reservations first. Raises TooLittle. [INV-05]"""
        if self.ledger is None:
            return ()
        ledger = self.ledger(branch)
        codes = PRODUCTS.fields[0].among(tuple(item.product for item in items))
        found = ledger.unit.of(PRODUCTS).columns(("code",), Query((codes,), limit=len(items)))
        listed = {code for (code,) in found.items}
        asked = [Request(item.product, item.quantity, order) for item in items if item.product in listed]
        made = ledger.give(branch, asked, place("cus", order), order, by=by.id, at=at) if asked else ()
        return tuple(dict.fromkeys(move.lot for move in made))

    def take_back(self, order: str, branch: str, item: Item, by: Actor, at: datetime, /) -> None:
        """Goods come back into quarantine, those of the lots that were sent. Raises TooLittle. [INV-08, ORD-03]"""
        if self.ledger is None:
            return
        ledger, source, left = self.ledger(branch), place("cus", order), item.quantity
        of = (MOVEMENTS["document"].is_(order), MOVEMENTS["product"].is_(item.product))
        sent = {lot: held for (where, lot), held in ledger.moved(*of).items() if where == source}
        moves = []
        for lot, (held, worth) in sorted(sent.items(), reverse=True):
            taken = min(left, held)
            cost = share_of_cost(worth, taken, held)
            moves += [Move(lot, taken, source, place("qt", branch), cost)] if taken else []
            left -= taken
        if moves and left:
            raise TooLittle(SHIPMENT, product=item.product, given=item.quantity, maximum=item.quantity - left)
        if moves:
            ledger.post(order, moves, reason="returned", by=by.id, at=at)

    def refill(self, items: Sequence[Item], doses: Sequence[Dose], rules: OrderRules, since: date, /) -> date:
        """The first date on which one of the items has run out. [ORD-02]"""
        daily = {dose.product: dose.daily for dose in doses}
        lines = [
            Consumption(
                product=item.product,
                quantity=item.quantity,
                measure=Measure("piece"),
                content_per_unit=rules.product(item.product).content,
                daily_dose=daily[item.product],
                reached_on=since,
            )
            for item in items
        ]
        return refill(lines, _RULES).on


def supplies_of(house: House, ids: IdSource) -> Callable[[Unit], Stock]:
    """What orders are sent from, by the unit of work: the ledger where the house keeps its stock here."""
    if INVENTORY_RULES not in house.rulebook:
        return lambda _: Stock()
    rules = house.rulebook[INVENTORY_RULES]

    def supplies(unit: Unit) -> Stock:
        def ledger(branch: str) -> Ledger:
            where = house.place(branch)
            return Ledger(unit, ids.new, rules, where.currency, ZoneInfo(where.zone))

        return Stock(ledger)

    return supplies
