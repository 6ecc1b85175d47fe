"""The stock as a machine, beside an oracle of its own: dictionaries, no rows, no engine (INV-05, INV-12, INV-15)."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from csdomain.inventory.commands.destructions import Unsound
from csdomain.inventory.model.ledger import TooLittle
from csdomain.inventory.rules import ALLOCATION, LEDGER, RESERVATIONS
from csdomain.kernel.rules.errors import RuleBroken

from .warehouse import OIL, T0, Warehouse

HOLDERS = st.sampled_from(["ord-1", "ord-2", "ord-3"])
SPOTS = st.sampled_from(["A1", "B2"])
few = st.integers(1, 6)


class StockMachine(RuleBasedStateMachine):
    """Clerks put, reserve, pick, send, move, set apart and destroy, in any order and late."""

    @initialize()
    def begin(self) -> None:
        self.house = Warehouse()
        self.house.product()
        self.stock = self.house.stock
        self.held: dict[str, Counter[str]] = defaultdict(Counter)  # place -> lot -> quantity
        self.lots: dict[str, date | None] = {}
        self.received: dict[str, Any] = {}
        self.reserved: dict[str, tuple[int, Any]] = {}
        self.picked: dict[str, list[tuple[str, str, int]]] = {}
        self.apart: dict[str, list[tuple[str, int]]] = {}

    # --- the oracle
    def today(self) -> date:
        return (self.house.now + timedelta(minutes=1)).astimezone(ZoneInfo("Asia/Shanghai")).date()

    def fresh(self, lot: str) -> bool:
        expires = self.lots[lot]
        return expires is None or self.today() <= expires

    def shelves(self) -> list[str]:
        return sorted(place for place in self.held if place.startswith("wh/"))

    def on_shelf(self, lot: str) -> int:
        return sum(self.held[place][lot] for place in self.shelves())

    def free(self, holder: str) -> int:
        """What one holder could get: all that is fresh, less what others hold."""
        now = self.house.now + timedelta(minutes=1)
        others = sum(q for who, (q, until) in self.reserved.items() if who != holder and now < until)
        return max(0, sum(self.on_shelf(lot) for lot in self.lots if self.fresh(lot)) - others)

    def take(self, quantity: int) -> list[tuple[str, str, int]]:
        taken = []
        for lot in sorted(self.lots, key=lambda lot: (self.received[lot], lot)):
            for place in self.shelves() if self.fresh(lot) else ():
                now = min(quantity, self.held[place][lot])
                if now:
                    taken.append((place, lot, now))
                    self.held[place][lot] -= now
                    quantity -= now
        return taken

    # --- what clerks do
    @rule(quantity=few, cost=st.integers(0, 7), spot=SPOTS, days=st.none() | st.integers(0, 20))
    def put(self, quantity: int, cost: int, spot: str, days: int | None) -> None:
        expires = None if days is None else T0.date() + timedelta(days=days)
        lot = self.house.put(quantity, cost=cost, spot=spot, expires=expires)
        self.lots[lot], self.received[lot] = expires, self.house.now
        self.held[f"wh/hq/normal/{spot}"][lot] += quantity

    @precondition(lambda self: self.lots)
    @rule(holder=HOLDERS, quantity=few)
    def reserve(self, holder: str, quantity: int) -> None:
        now = self.house.now + timedelta(minutes=1)
        mine, until = self.reserved.get(holder, (0, now))
        wanted = quantity + (mine if now < until else 0)
        if wanted <= self.free(holder):
            self.stock.reserve("hq", OIL, holder, quantity, **self.house.by())
            self.reserved[holder] = wanted, now + timedelta(days=7)
        else:
            with pytest.raises(TooLittle):
                self.stock.reserve("hq", OIL, holder, quantity, **self.house.by())

    @precondition(lambda self: self.lots)
    @rule(holder=HOLDERS)
    def release(self, holder: str) -> None:
        if holder in self.reserved:
            self.stock.release("hq", OIL, holder, **self.house.by())
            del self.reserved[holder]
        with pytest.raises(RuleBroken):  # once
            self.stock.release("hq", OIL, holder, **self.house.by())

    @rule(holder=HOLDERS, quantity=few, partly=st.booleans())
    def pick(self, holder: str, quantity: int, partly: bool) -> None:
        most = self.free(holder)
        now = self.house.now + timedelta(minutes=1)
        wanted = self.house.wanted(quantity)
        if not most or (most < quantity and not partly):
            with pytest.raises(TooLittle):
                self.stock.shipments.pick(holder, wanted, partly=partly, **self.house.by())
            return
        id = self.stock.shipments.pick(holder, wanted, partly=partly, **self.house.by()).id
        self.picked[id] = self.take(min(most, quantity))
        lines = self.stock.shipments.get(id, by=self.house.head).lines
        assert [(line.source, line.lot, line.quantity) for line in lines] == self.picked[id]
        for _, lot, count in self.picked[id]:
            self.held[f"out/{id}"][lot] += count
        mine, until = self.reserved.get(holder, (0, now))
        if mine and now < until:
            left = mine - min(mine, min(most, quantity))
            self.reserved[holder] = left, until
            if not left:
                del self.reserved[holder]

    @precondition(lambda self: self.picked)
    @rule(data=st.data(), back=st.booleans())
    def send_or_put_back(self, data: st.DataObject, back: bool) -> None:
        id = data.draw(st.sampled_from(sorted(self.picked)))
        if not back and not all(self.fresh(lot) for _, lot, _ in self.picked[id]):
            with pytest.raises(RuleBroken):
                self.stock.shipments.ship(id, **self.house.by())
            return
        done = self.stock.shipments.cancel if back else self.stock.shipments.ship
        done(id, *(["not wanted"] if back else []), **self.house.by())
        del self.held[f"out/{id}"]
        for place, lot, count in self.picked.pop(id):
            if back:
                self.held[place][lot] += count

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), quantity=few, dest=st.sampled_from(["A1", "B2", "quarantine"]), clear=st.booleans())
    def move(self, data: st.DataObject, quantity: int, dest: str, clear: bool) -> None:
        lot = data.draw(st.sampled_from(sorted(self.lots)))
        source, goal = "wh/hq/normal/A1", "qt/hq" if dest == "quarantine" else f"wh/hq/normal/{dest}"
        done: Any = lambda: self.stock.move("hq", OIL, lot, quantity, "A1", dest, **self.house.by())  # noqa: E731
        if dest == "quarantine":
            done = lambda: self.stock.quarantine("hq", OIL, lot, quantity, "wet", "A1", **self.house.by())  # noqa: E731
        if clear:
            source, goal = "qt/hq", "wh/hq/normal/A1"
            done = lambda: self.stock.clear("hq", OIL, lot, quantity, "dry", "A1", **self.house.by(self.house.buyer))  # noqa: E731
        if source == goal or self.held[source][lot] < quantity:
            with pytest.raises((TooLittle, ValueError)):
                done()
            return
        done()
        self.held[source][lot] -= quantity
        self.held[goal][lot] += quantity

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), quantity=few)
    def set_apart(self, data: st.DataObject, quantity: int) -> None:
        lot = data.draw(st.sampled_from(sorted(self.lots)))
        there = self.held["wh/hq/normal/A1"]
        if there[lot] < quantity:
            with pytest.raises(TooLittle):
                self.stock.destructions.propose([Unsound(lot, quantity, "A1")], "expired", **self.house.by())
            return
        id = self.stock.destructions.propose([Unsound(lot, quantity, "A1")], "expired", **self.house.by()).id
        there[lot] -= quantity
        self.held[f"qt/hq/{id}"][lot] += quantity
        self.apart[id] = [(lot, quantity)]

    @precondition(lambda self: self.apart)
    @rule(data=st.data(), back=st.booleans())
    def destroy_or_withdraw(self, data: st.DataObject, back: bool) -> None:
        id = data.draw(st.sampled_from(sorted(self.apart)))
        if back:
            self.stock.destructions.withdraw(id, "sound", **self.house.by())
        else:
            self.stock.destructions.approve(id, **self.house.by(self.house.supervisor))
            self.stock.destructions.destroy(id, "burnt", ["ann", "bob"], **self.house.by())
        del self.held[f"qt/hq/{id}"]
        for lot, quantity in self.apart.pop(id):
            self.held["qt/hq"][lot] += quantity if back else 0

    @rule(days=st.integers(1, 8), swept=st.booleans())
    def time_goes_by(self, days: int, swept: bool) -> None:
        self.house.now += timedelta(days=days)
        if swept:
            self.house.desk.sweep(self.house.now)
            # Nobody can draw on it any more at that instant; the timer ends it one microsecond later (KRN-06).
            over = [who for who, (_, until) in self.reserved.items() if until < self.house.now]
            for who in over:
                del self.reserved[who]

    @rule(minutes=st.integers(2, 600))
    def a_late_clerk(self, minutes: int) -> None:
        """Who comes late is booked at the last movement of the goods."""
        now = self.house.now
        self.house.now = max(T0, now - timedelta(minutes=minutes))
        self.put(1, 3, "B2", None)
        self.house.now = now + timedelta(minutes=1)

    # --- what holds
    @invariant()
    def it_is_as_the_oracle_says(self) -> None:
        if not hasattr(self, "house"):
            return
        mine = {(place, lot): count for place, of in self.held.items() for lot, count in of.items() if count}
        assert {key: quantity for key, (quantity, _) in self.house.balances().items()} == mine
        shelves = self.stock.find(by=self.house.head).items
        there = {one.owner: one.quantity for shelf in shelves for one in shelf.reservations}
        assert there == {who: quantity for who, (quantity, _) in self.reserved.items()}

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.check()


TestStock = pytest.mark.rule(ALLOCATION, LEDGER, RESERVATIONS)(StockMachine.TestCase)
TestStock.settings = settings(stateful_step_count=30)
