"""Orders are sent from stock, and last as long as the stock's rules say (INV-05, ORD-02, ORD-03)."""

from collections.abc import Sequence
from datetime import date, datetime

from csdomain.inventory import Consumption, InventoryRules, Measure, Strategy
from csdomain.inventory.policies import refill
from csdomain.orders.values import Dose, Item, OrderRules

#: Only the days before a reminder matter here, and those are the orders' own.
_RULES = InventoryRules(strategy=Strategy.FIFO, usable_on_expiry_date=True, refill_reminder_days=0)


class Stock:
    """The orders' port :class:`~csdomain.orders.ports.Supplies`, until the warehouse keeps its stock here."""

    def allocate(self, items: Sequence[Item], at: datetime, /) -> Sequence[str]:
        """No lots: nobody keeps stock yet."""
        return ()

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
