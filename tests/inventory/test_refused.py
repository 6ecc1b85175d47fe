"""What a clerk may type wrong, on every backend: refused by name, and nothing has changed (INV-03…INV-16)."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from adapters.harness import BACKENDS, Desks
from csdomain.inventory import rules as r
from csdomain.inventory.commands.destructions import Unsound
from csdomain.inventory.model.ledger import SerialTaken, TooLate, TooLittle
from csdomain.inventory.model.papers import Receipt, Wanted, product_id
from csdomain.inventory.values import (
    InexactQuantity,
    Measure,
    QuantityNotPositive,
    QuantityTooLarge,
    QuantityTooPrecise,
    UnknownLot,
    WrongPlace,
)
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules.errors import DomainError, MoveRefused, NotFound, RuleBroken
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.kernel.values.money import Money
from csdomain.testing.kit import snapshot

from .warehouse import OIL, Warehouse


class Prepared:
    """A warehouse in which each of the things is there that a clerk could go wrong with."""

    def __init__(self, house: Warehouse) -> None:
        self.house, self.stock, by = house, house.stock, house.by
        house.product()
        house.product("tracker", serial=True)
        self.lot = house.put(20)
        house.put(1, "tracker", serials=["n1"])
        house.product("expired")
        self.old = house.put(3, "expired", expires=date(2026, 3, 1))
        house.product("wet")
        self.wet = house.put(3, "wet")
        self.stock.quarantine("hq", "wet", self.wet, 3, "wet", **by())
        self.stock.reserve("hq", OIL, "ord-1", 4, **by())
        self.stock.reserve("hq", OIL, "ord-2", 1, **by())
        self.stock.release("hq", OIL, "ord-2", **by())
        north = house.somebody("north", "warehouse_keeper", branch="north")
        self.transfer = self.stock.transfers.apply("hq", house.wanted(3), **by(north)).id
        self.stock.transfers.grant(self.transfer, house.wanted(3), **by(house.head))
        self.stock.transfers.send(self.transfer, **by())
        self.count = self.counted(3)
        self.gone = self.counted(0)
        self.stock.counts.approve(self.gone, **by(house.head))
        self.unsound = self.stock.destructions.propose([Unsound(self.lot, 1, "")], "wet", **by()).id
        self.stock.destructions.approve(self.unsound, **by(house.supervisor))
        house.send(12, "ord-5")  # of what was counted as missing in ``gone``
        house.now += timedelta(hours=30)
        house.stock.move("hq", OIL, self.lot, 1, "", "B2", **by())

    def counted(self, found: int) -> str:
        """A sheet of oil, its only line counted."""
        counts, by = self.stock.counts, self.house.by
        id = counts.freeze([OIL], **by()).id
        counts.count(id, 1, found, **by())
        counts.check(id, 1, found, **by(self.house.somebody("eve", "warehouse_keeper"))) if found == 0 else None
        return id

    def destroy(self, *witnesses: str) -> None:
        self.stock.destructions.destroy(self.unsound, "burnt", witnesses, **self.house.by())

    def early(self) -> None:
        self.house.now -= timedelta(hours=29)
        self.house.put(1)


def reserved(quantity: Any) -> Callable[[Prepared], object]:
    return lambda it: it.stock.reserve("hq", OIL, "ord-9", quantity, **it.house.by())


WRONG: dict[str, tuple[Callable[[Prepared], object], type[DomainError] | tuple[type[DomainError], ...]]] = {
    "quantity 0": (reserved(0), QuantityNotPositive),
    "quantity below 0": (reserved(-1), QuantityNotPositive),
    "quantity a bool": (reserved(True), (WrongArgument, InexactQuantity)),
    "quantity a float": (reserved(1.5), WrongArgument),
    "quantity too large": (reserved(2**63), QuantityTooLarge),
    "quantity too precise": (lambda _: Measure("box", 30).quantity(Decimal("0.01")), QuantityTooPrecise),
    "nothing wanted": (lambda it: it.stock.shipments.pick("ord-9", [], **it.house.by()), DomainError),
    "unknown lot": (lambda it: it.stock.move("hq", OIL, "lot_x", 1, "", "B2", **it.house.by()), UnknownLot),
    "lot of another": (lambda it: it.stock.move("hq", OIL, it.wet, 1, "", "B2", **it.house.by()), RuleBroken),
    "expired lot": (lambda it: it.stock.shipments.pick("ord-9", [Wanted("expired", 1)], **it.house.by()), TooLittle),
    "quarantined lot": (lambda it: it.stock.shipments.pick("ord-9", [Wanted("wet", 1)], **it.house.by()), TooLittle),
    "unknown lot reserved": (
        lambda it: it.stock.reserve("hq", OIL, "ord-9", 1, "lot_x", **it.house.by()),
        (UnknownLot, TooLittle),
    ),
    "expired lot reserved": (
        lambda it: it.stock.reserve("hq", "expired", "ord-9", 1, it.old, **it.house.by()),
        TooLittle,
    ),
    "quarantined lot reserved": (
        lambda it: it.stock.reserve("hq", "wet", "ord-9", 1, it.wet, **it.house.by()),
        (UnknownLot, TooLittle),
    ),
    "another's reservation": (
        lambda it: it.stock.shipments.pick("ord-9", it.house.wanted(4), **it.house.by()),
        TooLittle,
    ),
    "released twice": (lambda it: it.stock.release("hq", OIL, "ord-2", **it.house.by()), RuleBroken),
    "backdated receipt": (Prepared.early, TooLate),
    "more received than sent": (
        lambda it: it.stock.transfers.receive(
            it.transfer,
            it.house.wanted(4),
            **it.house.by(it.house.somebody("n", "warehouse_keeper", branch="north")),
        ),
        TooLittle,
    ),
    "one line twice": (
        lambda it: it.stock.shipments.pick("ord-9", [*it.house.wanted(1), *it.house.wanted(1)], **it.house.by()),
        DomainError,
    ),
    "one product twice on a sheet": (lambda it: it.stock.counts.freeze([OIL, OIL], **it.house.by()), DomainError),
    "checked against another count": (
        lambda it: it.stock.counts.check(it.count, 1, 4, **it.house.by(it.house.head)),
        RuleBroken,
    ),
    "approved before it is checked": (
        lambda it: it.stock.counts.approve(it.count, **it.house.by(it.house.head)),
        RuleBroken,
    ),
    "counted below 0": (lambda it: it.stock.counts.count(it.count, 1, -1, **it.house.by()), QuantityNotPositive),
    "line that is not there": (lambda it: it.stock.counts.count(it.count, 9, 1, **it.house.by()), NotFound),
    "checked by who counted": (lambda it: it.stock.counts.check(it.count, 1, 3, **it.house.by()), OwnRequest),
    "count whose goods have gone": (lambda it: it.stock.counts.book(it.gone, **it.house.by()), TooLittle),
    "same witness twice": (lambda it: it.destroy("ann", "ann"), DomainError),
    "witness who approved": (lambda it: it.destroy("ann", "supervisor"), RuleBroken),
    "witness who destroys": (lambda it: it.destroy("ann", it.house.keeper.id), RuleBroken),
    "same serial number": (lambda it: it.house.put(1, "tracker", serials=["n1"]), SerialTaken),
    "serial numbers missing": (lambda it: it.house.put(2, "tracker", serials=["n9"]), RuleBroken),
    "money of another house": (
        lambda it: it.stock.products.take_over(
            product_id(OIL),
            [Receipt(product=OIL, sound=1, unit_cost=Money(1, "USD"))],
            "x",
            **it.house.by(it.house.buyer),
        ),
        DomainError,
    ),
    "place that is none": (
        lambda it: it.stock.move("hq", OIL, it.lot, 1, "", "a/b", **it.house.by()),
        WrongPlace,
    ),
    "sent twice": (lambda it: it.stock.transfers.send(it.transfer, **it.house.by()), MoveRefused),
}


@pytest.mark.rule(r.RECEIVING, r.LOTS, r.ALLOCATION, r.SHIPPING, r.QUARANTINE, r.STOCKTAKE)
@pytest.mark.rule(r.DESTRUCTION, r.TRANSFERS, r.LEDGER, r.RESERVATIONS, r.LIMITS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_wrong_is_refused_by_name_and_nothing_changes(desks: Desks, backend: str) -> None:
    it = Prepared(Warehouse(desks(backend, rulebook="medical_centre")))
    stored = it.house.desk.store
    kinds = tuple(service._cases.kind for service in (it.stock, it.stock.counts, it.stock.transfers))

    def everything() -> Any:
        seen = snapshot(stored, kinds, subjects=("",))
        return it.house.balances(), {name: part for name, part in seen.items() if name != "refusals"}

    before, now = everything(), it.house.now
    for name, (wrong, error) in WRONG.items():
        it.house.now = now
        with pytest.raises(error) as refused:
            wrong(it)
        assert refused.value.accepted is not None or refused.value.facts, name
        assert everything() == before, name
    it.house.now = now
    it.house.check()
    assert attrs.asdict(it.house.stock.transfers.get(it.transfer, by=it.house.head))["state"].value == "sent"
