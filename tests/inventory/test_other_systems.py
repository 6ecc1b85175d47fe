"""Stock of other systems: their scenarios run through the ledger and the papers (INV-05…15)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from csdomain.inventory.model.ledger import TooLate, TooLittle
from csdomain.inventory.model.papers import Receipt, Wanted, product_id
from csdomain.inventory.rules import ALLOCATION, LEDGER, LOTS, RESERVATIONS, STOCKTAKE, TRANSFERS
from csdomain.inventory.values import Request
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.money import Money

from .warehouse import OIL, Warehouse

pytestmark = pytest.mark.rule(ALLOCATION, LEDGER, LOTS, RESERVATIONS, STOCKTAKE, TRANSFERS)
FILE = Path(__file__).parent.parent / "cases" / "contact_and_goods" / "contact_and_goods.json"
KINDS: Final = ("stock_scenario", "stock_backdated")
CASES = [case for case in json.loads(FILE.read_text("utf-8"))["cases"] if case["kind"] in KINDS]
SERIAL: Final = "tracker"
#: Where we differ on purpose: what we answer, and why.
DIFFERENT: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "stock_scenario-028": (
        {"on_hand": {"S": 2}, "available": {"S": 2}, "adjustments": [-2]},
        "a count says what was there when it was counted: 3 that left since are still gone (INV-09)",
    ),
    "stock_backdated-005": (
        {"balance_after": 100},
        "a count is a difference, no new beginning: what comes back of an entry before it is there besides (INV-12)",
    ),
}


class Scenario:
    """The steps of a scenario, each location a warehouse of its own, and who works there."""

    def __init__(self, opening: Mapping[str, int]) -> None:
        self.house = Warehouse()
        self.house.product()
        self.house.product(SERIAL, serial=True)
        self.stock, self.places = self.house.stock, dict.fromkeys(opening)
        self.adjusted: list[int] = []
        self.papers: dict[str, str] = {}
        self.reserved: dict[str, str] = {}
        for place, quantity in opening.items():
            if quantity:
                self.house.put(quantity, branch=place)

    def by(self, branch: str, id: str = "keeper", *positions: str) -> dict[str, Any]:
        held = positions or ("warehouse_keeper", "hq")
        return self.house.by(self.house.somebody(f"{id}-{branch}", *held, branch=branch))

    def goods(self, quantity: int) -> list[Wanted]:
        return [Wanted(OIL, quantity)]

    # --- the steps
    def receive(self, at: str, qty: int) -> None:
        self.house.put(qty, branch=at)

    def receive_serial(self, at: str, serial: str) -> None:
        self.house.put(1, SERIAL, branch=at, serials=[serial])

    def issue(self, at: str, qty: int) -> None:
        shipment = self.stock.shipments.pick("ord-1", self.goods(qty), **self.by(at)).id
        self.stock.shipments.ship(shipment, **self.by(at))

    def move(self, qty: int, **way: str) -> None:
        self.ship("moved", qty, **way)
        self.arrive("moved", qty)

    def ship(self, transfer: str, qty: int, **way: str) -> None:
        source, dest, goods = way["from"], way["to"], self.goods(qty)
        self.places[dest] = None
        made = self.stock.transfers.apply(source, goods, **self.by(dest)).id
        self.stock.transfers.grant(made, goods, **self.by("hq", "granter"))
        self.stock.transfers.send(made, **self.by(source))
        self.papers[transfer] = made

    def arrive(self, transfer: str, qty: int) -> None:
        paper = self.stock.transfers.get(self.papers[transfer], by=self.house.head)
        self.stock.transfers.receive(paper.id, self.goods(qty), **self.by(paper.branch))

    def reserve(self, id: str, at: str, qty: int) -> None:
        self.stock.reserve(at, OIL, id, qty, **self.by(at))
        self.reserved[id] = at

    def release(self, id: str) -> None:
        at = self.reserved.get(id, "S")
        self.stock.release(at, OIL, id, **self.by(at))

    def serialise(self, at: str, qty: int, serials: list[str]) -> None:
        one = Receipt(product=SERIAL, sound=qty, unit_cost=Money(1, "CNY"), serials=tuple(serials))
        self.stock.products.take_over(product_id(SERIAL), [one], "serialised", **self.by(at))

    def count_start(self, count: str, at: str) -> None:
        self.papers[count] = self.stock.counts.freeze([OIL], **self.by(at)).id

    def count_refresh(self, count: str) -> None:
        paper = self.stock.counts.get(self.papers[count], by=self.house.head)
        self.stock.counts.drop(paper.id, "counted anew", **self.by(paper.branch))
        self.count_start(count, paper.branch)

    def count_enter(self, count: str, counted: int) -> None:
        paper = self.stock.counts.get(self.papers[count], by=self.house.head)
        left = counted  # over the lots of the sheet, the oldest first; what is more is of the last
        for line, each in enumerate(paper.lines, start=1):
            held = self.house.balances().get((each.place, each.lot), (0, 0))[0]
            found = left if line == len(paper.lines) else min(left, held)
            self.stock.counts.count(paper.id, line, found, **self.by(paper.branch))
            left -= found

    def count_apply(self, count: str, rule: str) -> None:
        paper = self.stock.counts.get(self.papers[count], by=self.house.head)
        for line, each in enumerate(paper.lines, start=1):
            self.stock.counts.check(paper.id, line, each.counted or 0, **self.by(paper.branch, "checker"))
        self.stock.counts.approve(paper.id, **self.by("hq", "approver"))
        self.stock.counts.book(paper.id, **self.by(paper.branch))
        told = self.stock.counts.trail(paper.id, by=self.house.head)[-1]
        self.adjusted.append(int(str(told.facts["variance"])))

    # --- what came of it
    def run(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        rejected = []
        for number, step in enumerate(steps):
            before = self.house.balances()
            try:
                getattr(self, step["op"])(**{name: value for name, value in step.items() if name != "op"})
            except DomainError:
                rejected.append(number)
                assert self.house.balances() == before
        self.house.check()
        return self.answer(rejected)

    def answer(self, rejected: list[int]) -> dict[str, Any]:
        rows = self.house.balances()
        lots = {move.lot: move for move in self.house.movements()}
        on_hand = dict.fromkeys(self.places, 0)
        serials = {}
        for (place, lot), (quantity, _) in rows.items():
            kind, where = place.split("/")[:2]
            if kind == "wh":
                on_hand[where] = on_hand.get(where, 0) + quantity
                if lots[lot].product == SERIAL:
                    serials["sn2"] = where
        whose = {id: quantity for id, at in self.reserved.items() if (quantity := self.held(id, at))}
        available = {place: self.available(place, SERIAL if serials else OIL) for place in on_hand}
        transit = {
            name: sum(quantity for (place, _), (quantity, _) in rows.items() if place == f"tr/{id}")
            for name, id in self.papers.items()
            if id.startswith("trf") and name != "moved"
        }
        return {
            "on_hand": on_hand,
            "available": available,
            "reserved": {self.reserved[id]: quantity for id, quantity in whose.items()},
            "in_transit": transit,
            "lost": {},
            "adjustments": self.adjusted,
            "serials_at": serials,
            "rejected_steps": rejected,
        }

    def held(self, id: str, at: str) -> int:
        shelves = self.stock.find(by=self.house.head).items
        return sum(
            one.quantity for each in shelves for one in each.reservations if (one.owner, each.warehouse) == (id, at)
        )

    def available(self, place: str, product: str) -> int:
        request = Request(product, 10**6, all_or_nothing=False)
        found = self.stock.explain(place, request, by=self.house.head, at=self.house.at)
        return found.taken


def backdated(given: dict[str, Any]) -> dict[str, Any]:
    """Entries at their instants; a count is what it changes. The attempt takes one out again, or puts one in."""
    house = Warehouse()
    house.product()
    balance = 0
    for entry in given["entries"]:
        house.now = max(house.now, _instant(entry["when"]))
        change = entry["set"] - balance if "set" in entry else entry["change"]
        if change > 0:
            house.put(change)
        elif change:
            house.send(-change)
        balance += change
    before = house.balances()
    # The ledger takes no entry out: what it brought goes out again, what it took comes back, as of its instant.
    entry = next(each for each in given["entries"] if each["id"] == given["attempt"]["cancel"])
    back = -(entry["set"] if "set" in entry else entry["change"])
    house.now, accepted = _instant(entry["when"]), True
    try:
        _ = house.put(back) if back > 0 else house.send(-back)
    except (TooLittle, TooLate):
        accepted = False
        assert house.balances() == before
    house.check()
    after = sum(quantity for quantity, _ in house.balances().values())
    return {"balance": balance, "attempt_accepted": accepted, "balance_after": after}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=365)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_it_is_as_the_other_system_says_or_for_a_reason(case: dict[str, Any]) -> None:
    given, (ours, _) = case["input"], DIFFERENT.get(case["id"], ({}, ""))
    found = Scenario(given["opening"]).run(given["steps"]) if "steps" in given else backdated(given)
    assert found == {**case["expected"], **ours}


def test_every_difference_has_a_case() -> None:
    assert DIFFERENT.keys() <= {case["id"] for case in CASES}
