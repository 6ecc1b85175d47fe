"""Stocktakes: counted by one, checked by another, approved by value, booked as of the count (INV-09, INV-16)."""

from collections.abc import Sequence
from typing import Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import COUNT_MOVES, CountMove
from csdomain.inventory.model.ledger import Move
from csdomain.inventory.model.papers import COUNT, Count, CountLine, StockAct
from csdomain.inventory.model.stock import BALANCES
from csdomain.inventory.values import FIELDS, VARIANCE, whole
from csdomain.kernel.papers.approvals import ApprovalVoid, OwnRequest
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import NotFound, require

does: Final = Commands(COUNT_MOVES)


@does.opens(CountMove.FREEZE)
def freeze(act: StockAct, products: Sequence[str]) -> tuple[Count, Events]:
    found = FIELDS.once(products, lambda one: one, "products")
    lines = []
    for product in found:
        act.product(product)
        there = act.ledger.balances(BALANCES["warehouse"].is_(act.by.branch), BALANCES["product"].is_(product))
        lines += [CountLine(place=row.place, lot=row.lot, product=product) for row in there]
    count = Count(**act.paper(act.new(COUNT)), lines=tuple(lines))
    return count, act.opened(count, e.CountFrozen(lines=len(lines)))


@does(CountMove.COUNT)
def count_line(count: Count, act: StockAct, line: int, quantity: int) -> Events:
    found = _line(count, line)
    whole(quantity, minimum=0)
    _put(count, line, attrs.evolve(found, counted=quantity, counted_by=act.by.id, counted_at=act.at, checked_by=""))
    return act.done(e.LineCounted(line=line, quantity=quantity))


@does(CountMove.CHECK)
def check_line(count: Count, act: StockAct, line: int, quantity: int) -> Events:
    found = _line(count, line)
    require(found.counted is not None, r.STOCKTAKE, accepted=Text("a line that was counted", "已清点的行"))
    OwnRequest.check(count.id, act.by.id, [found.counted_by])
    same = type(quantity) is int and quantity == found.counted
    require(same, r.STOCKTAKE, accepted=Text("what was counted, or a new count", "与清点一致，否则重新清点"))
    _put(count, line, attrs.evolve(found, checked_by=act.by.id))
    return act.done(e.LineChecked(line=line))


@does(CountMove.APPROVE)
def approve(count: Count, act: StockAct) -> Events:
    checked = all(line.checked_by for line in count.lines)
    require(checked, r.STOCKTAKE, accepted=Text("a sheet of which each line is checked", "每行均已复核的盘点表"))
    found = tuple(attrs.evolve(line, variance=_variance(act, line)) for line in count.lines)
    value = sum(act.worth(line.lot, abs(line.variance or 0)) for line in found)
    people = [who for line in found for who in (line.counted_by, line.checked_by)]
    act.require_authority(value, count.id, [count.owner, *people])
    count.lines = found
    return act.done(e.CountApproved(value=value))


@does(CountMove.BOOK)
def book(count: Count, act: StockAct) -> Events:
    moves, variance, value = [], 0, 0
    for number, line in enumerate(count.lines, start=1):
        less = line.variance or 0
        if _variance(act, line) != less:
            raise ApprovalVoid(line=number, accepted=Text("a new approval", "重新核准"))
        worth = act.worth(line.lot, abs(less))
        moves += [Move(line.lot, less, VARIANCE, line.place, worth)] if less > 0 else []
        moves += [Move(line.lot, -less, line.place, VARIANCE)] if less < 0 else []
        variance, value = variance + less, value + (worth if less > 0 else -worth)
    if moves:
        act.post(count.id, moves, "count")
    return act.done(e.CountBooked(variance=variance, value=value))


@does(CountMove.DROP)
def drop(count: Count, act: StockAct, reason: str) -> Events:
    count.reason = FIELDS.check_text(reason, "reason")
    return act.done(e.CountDropped())


def _variance(act: StockAct, line: CountLine) -> int:
    """What was counted less what the ledger says of that instant: goods that moved since change nothing. [INV-09]"""
    assert line.counted is not None  # noqa: S101 - checked
    assert line.counted_at is not None  # noqa: S101
    return line.counted - act.ledger.at_place(line.place, line.lot, line.counted_at)


def _line(count: Count, line: int) -> CountLine:
    if type(line) is not int or not 0 < line <= len(count.lines):
        last = len(count.lines)
        raise NotFound(line=line if type(line) is int else 0, accepted=Text(f"1 to {last}", f"1 到 {last}"))
    return count.lines[line - 1]


def _put(count: Count, line: int, changed: CountLine) -> None:
    count.lines = (*count.lines[: line - 1], changed, *count.lines[line:])
