"""What to buy and what to move: proposals with their arithmetic, safety levels, transfers (INV-02, INV-13)."""

from collections.abc import Iterable, Mapping

import attrs

from csdomain.kernel.rules import Text


@attrs.frozen(kw_only=True)
class Need:
    """What is to be bought of a product, in smallest units, and why: it shows its arithmetic. [INV-02]

    ``sold`` by branch in the months looked at, ``demand`` of customers besides, ``on_hand`` and ``on_order`` now.
    """

    product: str
    sold: Mapping[str, int]
    demand: int
    on_hand: int
    on_order: int

    @property
    def quantity(self) -> int:
        """What is wanted and neither there nor on order."""
        return max(0, sum(self.sold.values()) + self.demand - self.on_hand - self.on_order)

    @property
    def arithmetic(self) -> Text:
        """The sum as it is read."""
        branches = [f"{quantity} ({branch})" for branch, quantity in sorted(self.sold.items())] or ["0"]
        en = (*branches, f"{self.demand} demand")
        zh = (*branches, f"{self.demand} 需求")
        return Text(
            f"{' + '.join(en)} − {self.on_hand} on hand − {self.on_order} on order → {self.quantity}",
            f"{' + '.join(zh)} − {self.on_hand} 库存 − {self.on_order} 在途 → {self.quantity}",
        )


def safety(sold: int, over: int, months: int) -> int:
    """The sales of ``months``, by those of ``over`` months, rounded up. [INV-13]"""
    return -(-sold * months // over)


@attrs.frozen(kw_only=True)
class Level:
    """What of a product can be given in a warehouse, and what ought to be there. [INV-13]"""

    warehouse: str
    product: str
    free: int
    safety: int


@attrs.frozen(kw_only=True)
class Suggestion:
    """Goods that could go from one warehouse to another. [INV-13]"""

    product: str
    source: str
    dest: str
    quantity: int


def suggest(levels: Iterable[Level]) -> tuple[Suggestion, ...]:
    """Transfers that fill what is low from what is spare: none takes a warehouse below its own safety level. [INV-13]

    The lowest first, from where most is spare; names decide between equals.
    """
    found, by_product = [], dict[str, list[Level]]()
    for level in levels:
        by_product.setdefault(level.product, []).append(level)
    for product, there in sorted(by_product.items()):
        spare = {each.warehouse: each.free - each.safety for each in there}
        for dest in sorted((name for name in spare if spare[name] < 0), key=lambda name: (spare[name], name)):
            for source in sorted((name for name in spare if spare[name] > 0), key=lambda name: (-spare[name], name)):
                quantity = min(spare[source], -spare[dest])
                if quantity > 0:
                    found.append(Suggestion(product=product, source=source, dest=dest, quantity=quantity))
                    spare[source], spare[dest] = spare[source] - quantity, spare[dest] + quantity
    return tuple(found)
