"""A warehouse for tests: its people, its clock, and stock that is there."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from csdomain.desk import Desk
from csdomain.inventory.model.papers import Receipt, Wanted, product_id
from csdomain.inventory.model.stock import BALANCES, MOVEMENTS
from csdomain.inventory.values import is_real
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.testing import memory_desk, staff

T0: Final = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
OIL: Final = "fish_oil"
CNY: Final = "CNY"


class Warehouse:
    """A desk with a warehouse, whose clock goes on by a minute with each act."""

    def __init__(self, desk: Desk | None = None, branch: str = "hq") -> None:
        self.desk = desk or memory_desk("medical_centre")
        people = staff(self.desk)
        self.keeper, self.buyer, self.head = people["warehouse_keeper"], people["product_manager"], people["hq"]
        self.director, self.supervisor = people["branch_director"], people["supervisor"]
        self.stock, self.now = self.desk.inventory, T0

    def somebody(self, id: str, *positions: str, branch: str = "hq") -> Actor:
        return self.desk.actor(id, branch=branch, positions=positions)

    @property
    def at(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def by(self, who: Actor | None = None) -> dict[str, Any]:
        return {"by": who or self.keeper, "at": self.at}

    def product(self, code: str = OIL, **how: Any) -> str:
        self.stock.products.list(code, code, "piece", how.pop("zone", "normal"), **how, **self.by(self.buyer))
        return code

    def put(
        self,
        quantity: int,
        product: str = OIL,
        *,
        cost: int = 100,
        spot: str = "",
        expires: date | None = None,
        serials: Sequence[str] = (),
        branch: str = "hq",
    ) -> str:
        """Stock that is there; its lot."""
        one = Receipt(
            product=product, sound=quantity, unit_cost=Money(cost, CNY), expires=expires, serials=tuple(serials)
        )
        who = self.somebody("opener", "product_manager", branch=branch)
        self.stock.products.take_over(product_id(product), [one], "opening", spot, **self.by(who))
        return str(self.movements()[-1].lot)

    def wanted(self, quantity: int, product: str = OIL) -> list[Wanted]:
        return [Wanted(product, quantity)]

    def send(self, quantity: int, about: str = "ord-1", **how: Any) -> str:
        """Goods that leave the house."""
        id = self.stock.shipments.pick(about, self.wanted(quantity), **how, **self.by()).id
        self.stock.shipments.ship(id, **self.by())
        return id

    def movements(self) -> list[Any]:
        def read(unit: Unit) -> list[Any]:
            found: list[Any] = []
            after = None
            while True:
                page = unit.register(MOVEMENTS).rows(after=after)
                found += page.items
                if page.next is None:
                    return found
                after = page.next

        return self.desk.store.look(read)

    def timers(self, subject: str) -> Sequence[Timer]:
        return self.desk.store.look(lambda unit: unit.timers_of(subject))

    def balances(self) -> dict[tuple[str, str], tuple[int, int]]:
        rows = self.desk.store.look(lambda unit: unit.register(BALANCES).rows(limit=500).items)
        return {(row.place, row.lot): (row.quantity, row.cost) for row in rows}

    def check(self) -> None:
        """What holds of every ledger, at every instant. [INV-12]"""
        movements = sorted(self.movements(), key=lambda each: (each.at, each.id))
        held: Counter[tuple[str, str]] = Counter()
        worth: Counter[tuple[str, str]] = Counter()
        for place, move in enumerate(movements):
            held[move.source, move.lot] -= move.quantity
            held[move.dest, move.lot] += move.quantity
            worth[move.source, move.lot] -= move.cost
            worth[move.dest, move.lot] += move.cost
            last = place + 1 == len(movements) or movements[place + 1].at > move.at
            for (where, _), quantity in held.items() if last else ():
                assert quantity >= 0 or not is_real(where)
        real = {key: (held[key], worth[key]) for key in held if is_real(key[0]) and (held[key] or worth[key])}
        assert real == self.balances()
        assert all(quantity > 0 for quantity, _ in real.values())
        for lot in {move.lot for move in movements}:
            assert sum(quantity for (_, of), quantity in held.items() if of == lot) == 0
            assert sum(cost for (_, of), cost in worth.items() if of == lot) == 0
        now = self.stock.stock_at(max([self.now, *(move.at for move in movements)]), by=self.head)
        assert {key: value for key, value in now.items() if is_real(key[0])} == real
        assert self.desk.verify().faults == ()
