"""What the ledger says of supply: sales, what is there and on order, and what is to be warned of (INV-02, INV-13)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import attrs
from dateutil.relativedelta import relativedelta

from csdomain.inventory.lifecycle import PurchaseState
from csdomain.inventory.policies import local_date, usable
from csdomain.inventory.policies.supply import Level, Need, Suggestion, safety, suggest
from csdomain.kernel.store.kinds import Query, Tally

from .ledger import Ledger
from .papers import PURCHASES, Purchase, Wanted
from .stock import BALANCES, MOVEMENTS, SHELVES, Shelf

_OUT: Final = ("cus", "out", "who")
_ENDED: Final = (PurchaseState.ENTERED, PurchaseState.CLOSED, PurchaseState.REFUSED, PurchaseState.CANCELLED)
_OPEN: Final = [each.value for each in PurchaseState if each not in _ENDED]


@attrs.frozen(kw_only=True)
class Expiring:
    """Goods of a lot that expire soon, or have. [INV-13]"""

    warehouse: str
    product: str
    lot: str
    quantity: int
    expires: date


@attrs.frozen(kw_only=True)
class Warnings:
    """What is low, expires, or has not left for long, and what could be transferred. [INV-13]

    ``idle`` are (warehouse, product) of goods of which nothing has left for as long as the house says.
    """

    low: tuple[Level, ...]
    expiring: tuple[Expiring, ...]
    idle: tuple[tuple[str, str], ...]
    suggested: tuple[Suggestion, ...]


def sold(ledger: Ledger, product: str, at: datetime) -> Mapping[str, int]:
    """What left each branch for customers, orders and people in the months that the house looks at, less what came
    back. [INV-02]"""
    since = at - relativedelta(months=ledger.rules.sales_months)
    moves = MOVEMENTS["product"].is_(product), MOVEMENTS["at"].at_least(since), MOVEMENTS["at"].below(at)
    found: Counter[str] = Counter()
    for row in ledger.unit.register(MOVEMENTS).sums(Tally[Any](moves, ("source", "dest"), ("quantity",))):
        (source, house, *_), (dest, other, *_) = (f"{side}/".split("/") for side in row.group)
        if source == "wh" and dest in _OUT:
            found[house] += row.sums[0]
        elif source in _OUT and dest in ("wh", "qt"):
            found[other] -= row.sums[0]
    return {branch: quantity for branch, quantity in found.items() if quantity > 0}


def needs(ledger: Ledger, products: Iterable[str], demand: Sequence[Wanted], at: datetime) -> tuple[Need, ...]:
    """What is to be bought of each product. [INV-02]"""
    there, ordered, asked = _there(ledger, at), _on_order(ledger), _reserved(_shelves(ledger), at)
    for each in demand:
        asked["", each.product] += each.quantity
    return tuple(
        Need(
            product=product,
            sold=sold(ledger, product, at),
            demand=_of(asked, product),
            on_hand=_of(there, product),
            on_order=ordered[product],
        )
        for product in products
    )


def warnings(ledger: Ledger, at: datetime) -> Warnings:
    """What is to be warned of, in every warehouse. [INV-13]"""
    rules, on = ledger.rules, local_date(at, ledger.zone)
    soon, long_ago = on + timedelta(days=rules.expiring_days), at - timedelta(days=rules.idle_days)
    shelves = _shelves(ledger)
    free, last = _there(ledger, at), {(one.warehouse, one.product): one.last_out_at for one in shelves}
    expiring, came = [], dict[tuple[str, str], datetime]()
    for row in ledger.balances(BALANCES["warehouse"].present()):
        key = str(row.warehouse), row.product
        came[key] = min(row.received, came.get(key, row.received))
        if row.expires is not None and row.expires <= soon:
            what: dict[str, Any] = {"warehouse": key[0], "product": key[1], "lot": row.lot}
            expiring.append(Expiring(quantity=row.quantity, expires=row.expires, **what))
    free.subtract(_reserved(shelves, at))
    sales = {product: sold(ledger, product, at) for product in {key[1] for key in last}}
    levels = [
        Level(
            warehouse=house,
            product=product,
            free=free[house, product],
            safety=safety(sales[product].get(house, 0), rules.sales_months, rules.safety_months),
        )
        for house, product in sorted(last)
    ]
    return Warnings(
        low=tuple(each for each in levels if each.free < each.safety),
        expiring=tuple(sorted(expiring, key=lambda one: (one.warehouse, one.expires, one.lot))),
        idle=tuple(sorted(key for key, first in came.items() if max(last.get(key) or first, first) < long_ago)),
        suggested=suggest(levels),
    )


def _shelves(ledger: Ledger) -> list[Shelf]:
    found: list[Shelf] = []
    asked: Query[Shelf] = Query(limit=200)
    while True:
        page = ledger.unit.of(SHELVES).find(asked)
        found += page.items
        if page.next is None:
            return found
        asked = attrs.evolve(asked, after=page.next)


def _there(ledger: Ledger, at: datetime) -> Counter[tuple[str, str]]:
    """What has not expired, by warehouse and product."""
    on, found = local_date(at, ledger.zone), Counter[tuple[str, str]]()
    tally: Tally[Any] = Tally((BALANCES["warehouse"].present(),), ("warehouse", "product", "expires"), ("quantity",))
    for row in ledger.unit.register(BALANCES).sums(tally):
        house, product, expires = row.group
        if usable(expires if isinstance(expires, date) else None, on, ledger.rules):
            found[str(house), str(product)] += row.sums[0]
    return found


def _reserved(shelves: Iterable[Shelf], at: datetime) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for shelf in shelves:
        found[shelf.warehouse, shelf.product] += sum(each.quantity for each in shelf.reservations if each.holds(at))
    return found


def _on_order(ledger: Ledger) -> Counter[str]:
    found: Counter[str] = Counter()
    asked: Query[Purchase] = Query((PURCHASES.fields[1].among(_OPEN),), limit=200)
    while True:
        page = ledger.unit.of(PURCHASES).find(asked)
        for purchase in page.items:
            found.update(purchase.outstanding)
            for each in purchase.delivery:
                found[each.product] += each.sound
        if page.next is None:
            return found
        asked = attrs.evolve(asked, after=page.next)


def _of(found: Mapping[tuple[str, str], int], product: str) -> int:
    return sum(quantity for (_, of), quantity in found.items() if of == product)
