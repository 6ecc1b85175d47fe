"""All papers of the warehouse in any order: nothing is lost or below zero, what was shown stays (INV-12, INV-15)."""

import tempfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import csdomain
from csdomain.inventory.commands.destructions import Unsound
from csdomain.inventory.model.ledger import TooLittle
from csdomain.inventory.model.papers import Receipt
from csdomain.inventory.rules import LEDGER, LOTS, RESERVATIONS, STOCKTAKE, TRANSFERS
from csdomain.kernel.cases.timers import LIVE
from csdomain.kernel.papers.approvals import ApprovalVoid
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.orders.values import Dose, Item
from csdomain.testing import MovableClock, SequentialIds, memory_desk, no_holidays

from .warehouse import CNY, OIL, T0, Warehouse

few = st.integers(1, 6)


class PapersMachine(RuleBasedStateMachine):
    """Buying, reserving, shipping, returning, transferring, issuing, counting, destroying, in any order."""

    def open(self) -> Any:
        return memory_desk("medical_centre")

    @initialize()
    def begin(self) -> None:
        self.house = Warehouse(self.open())
        self.house.product()
        self.stock, self.by = self.house.stock, self.house.by
        self.north = self.house.somebody("north", "warehouse_keeper", branch="north")
        self.shown: list[tuple[datetime, Any]] = []
        self.orders: list[str] = []
        self.sent: list[str] = []
        self.issued: list[str] = []
        self.sheets: list[str] = []
        self.holders = 0

    def lots(self, place: str) -> list[tuple[str, int]]:
        return [(lot, quantity) for (where, lot), (quantity, _) in self.house.balances().items() if where == place]

    def tried(self, *refusals: type[Exception]) -> Any:
        """What is refused has changed nothing."""
        house, before = self.house, self.house.balances()

        class Tried:
            def __enter__(self) -> None: ...

            def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
                refused = kind is not None and issubclass(kind, refusals)
                assert not refused or house.balances() == before
                return refused

        return Tried()

    @rule(sound=few, damaged=st.integers(0, 2), cost=st.integers(0, 9))
    def buy(self, sound: int, damaged: int, cost: int) -> None:
        stock, house = self.stock.purchases, self.house
        id = stock.request(house.wanted(sound + damaged), Money(900, CNY), **self.by(house.buyer)).id
        stock.approve(id, **self.by(house.director))
        stock.order(id, "maker", **self.by(house.buyer))
        one = Receipt(product=OIL, sound=sound, damaged=damaged, unit_cost=Money(cost, CNY))
        stock.arrive(id, [one], **self.by())
        stock.accept_as_keeper(id, **self.by())
        stock.accept_as_buyer(id, **self.by(house.buyer))
        stock.enter(id, **self.by())

    @rule(quantity=few)
    def reserve(self, quantity: int) -> None:
        with self.tried(TooLittle, csdomain.DomainError):
            self.holders += 1
            self.stock.reserve("hq", OIL, f"ord-{self.holders}", quantity, **self.by())

    @precondition(lambda self: self.holders)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        holder = f"ord-{data.draw(st.integers(1, self.holders))}"
        with self.tried(RuleBroken, csdomain.DomainError):
            self.stock.release("hq", OIL, holder, **self.by())

    @rule(quantity=few, cancelled=st.booleans(), about=st.integers(1, 4))
    def sell(self, quantity: int, cancelled: bool, about: int) -> None:
        with self.tried(TooLittle):
            id = self.stock.shipments.pick(f"ord-{about}", self.house.wanted(quantity), **self.by()).id
            if cancelled:
                self.stock.shipments.cancel(id, "not wanted", **self.by())
            else:
                self.stock.shipments.ship(id, **self.by())

    @rule(quantity=few)
    def order(self, quantity: int) -> None:
        orders, head = self.house.desk.orders, self.house.head
        id = orders.prescribe("customer-1", [Dose(OIL, Decimal(1))], **self.by(head)).id
        orders.enter(id, [Item(OIL, quantity)], **self.by(head))
        orders.sign(id, **self.by(head))
        with self.tried(TooLittle):
            orders.ship(id, [Item(OIL, quantity)], **self.by())
            orders.arrive(id, 1, **self.by(head))
            self.orders.append(id)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), quantity=few)
    def bring_back(self, data: st.DataObject, quantity: int) -> None:
        id = data.draw(st.sampled_from(self.orders))
        with self.tried(RuleBroken):
            self.house.desk.orders.take_back(id, 1, Item(OIL, quantity), **self.by(self.house.head))

    @rule(quantity=few)
    def transfer(self, quantity: int) -> None:
        wanted = self.house.wanted(quantity)
        id = self.stock.transfers.apply("hq", wanted, **self.by(self.north)).id
        self.stock.transfers.grant(id, wanted, **self.by(self.house.head))
        with self.tried(TooLittle):
            self.stock.transfers.send(id, **self.by())
            self.sent.append(id)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), quantity=few, lost=st.booleans())
    def receive(self, data: st.DataObject, quantity: int, lost: bool) -> None:
        id = data.draw(st.sampled_from(self.sent))
        with self.tried(TooLittle):
            if lost:
                state = self.stock.transfers.write_off(id, "lost", **self.by(self.house.head)).state
            else:
                state = self.stock.transfers.receive(id, self.house.wanted(quantity), **self.by(self.north)).state
            assert (state == "closed") is not bool(self.lots(f"tr/{id}"))
            if state == "closed":
                self.sent.remove(id)

    @rule(quantity=few)
    def issue(self, quantity: int) -> None:
        stock = self.stock.requisitions
        id = stock.ask("tech-1", self.house.wanted(quantity), "rep-1", **self.by()).id
        stock.approve(id, **self.by(self.house.director))
        with self.tried(TooLittle):
            stock.issue(id, **self.by())
            self.issued.append(id)

    @precondition(lambda self: self.issued)
    @rule(data=st.data(), quantity=few, back=st.booleans())
    def settle(self, data: st.DataObject, quantity: int, back: bool) -> None:
        id, stock = data.draw(st.sampled_from(self.issued)), self.stock.requisitions
        lot = stock.get(id, by=self.house.head).left[0].lot
        with self.tried(TooLittle):
            state = (stock.give_back if back else stock.use)(id, lot, quantity, **self.by()).state
            if state == "closed":
                self.issued.remove(id)

    @rule(data=st.data())
    def count(self, data: st.DataObject) -> None:
        counts = self.stock.counts
        id = counts.freeze([OIL], **self.by()).id
        for number, line in enumerate(counts.get(id, by=self.house.head).lines, start=1):
            held = self.house.balances()[line.place, line.lot][0]
            found = max(0, held + data.draw(st.integers(-2, 2)))
            counts.count(id, number, found, **self.by())
            counts.check(id, number, found, **self.by(self.house.somebody("eve", "warehouse_keeper")))
        self.sheets.append(id)

    @precondition(lambda self: self.sheets)
    @rule()
    def book(self) -> None:
        id = self.sheets.pop(0)
        with self.tried(TooLittle, ApprovalVoid):
            self.stock.counts.approve(id, **self.by(self.house.head))
            self.stock.counts.book(id, **self.by())

    @rule(quantity=few, destroyed=st.booleans())
    def destroy(self, quantity: int, destroyed: bool) -> None:
        there, stock = self.lots("qt/hq"), self.stock.destructions
        if not there:
            return
        with self.tried(TooLittle):
            id = stock.propose([Unsound(there[0][0], quantity)], "wet", **self.by()).id
            if not destroyed:
                stock.withdraw(id, "dry", **self.by())
                return
            stock.approve(id, **self.by(self.house.director))
            stock.destroy(id, "burnt", ["ann", "bob"], **self.by())

    @rule(days=st.integers(1, 9))
    def time_goes_by(self, days: int) -> None:
        self.shown.append((self.house.now, self.house.balances()))
        self.house.now += timedelta(days=days)
        self.house.desk.sweep(self.house.now)

    @rule(hours=st.integers(1, 20))
    def late_paper(self, hours: int) -> None:
        """It is booked at the last movement, so what was shown since stays."""
        now = self.house.now
        self.house.now = max(T0, now - timedelta(hours=hours))
        with self.tried(TooLittle):
            self.sell(1, cancelled=False, about=1)
        self.house.now = now + timedelta(minutes=1)

    @invariant()
    def each_reservation_lives_or_has_ended_once(self) -> None:
        if not hasattr(self, "house"):
            return
        for shelf in self.stock.find(by=self.house.head).items:
            live = {f"INV-15.{one.id}" if one.id != "1" else "INV-15" for one in shelf.reservations}
            timers = self.house.timers(shelf.id)
            assert {timer.name for timer in timers if timer.state in LIVE} == live

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.check()
            for at, then in self.shown:
                assert self.stock.stock_at(at, by=self.house.head) == then
            self.house.desk.close()


class OnSqlite(PapersMachine):
    """The same in a file."""

    folder: ClassVar = tempfile.TemporaryDirectory()
    opened: ClassVar = 0

    def open(self) -> Any:
        OnSqlite.opened += 1
        url = f"sqlite:///{Path(self.folder.name) / f'{self.opened}.db'}"
        how: dict[str, Any] = {"clock": MovableClock(), "ids": SequentialIds(), "holidays": no_holidays()}
        return csdomain.open(url, "medical_centre", synchronous="OFF", strict_locks=True, **how)


TestPapers = pytest.mark.rule(LEDGER, LOTS, RESERVATIONS, STOCKTAKE, TRANSFERS)(PapersMachine.TestCase)
TestPapers.settings = settings(stateful_step_count=25)
TestOnSqlite = pytest.mark.rule(LEDGER, LOTS, RESERVATIONS, STOCKTAKE, TRANSFERS)(OnSqlite.TestCase)
TestOnSqlite.settings = settings(stateful_step_count=15, max_examples=4)
