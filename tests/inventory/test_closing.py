"""Months are closed: what a past instant costs to read does not grow with the history (INV-12)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from csdomain.inventory.model.ledger import TooLate
from csdomain.inventory.rules import LEDGER
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.rows import Rows
from csdomain.testing.kit import MovableClock

from .warehouse import OIL, Warehouse


@contextmanager
def rows_read() -> Iterator[Callable[[], int]]:
    """How many rows were added up."""
    read, sums = [0], Rows.sums

    def counted(self: Rows[object], tally: Tally[Any]) -> object:
        found = sums(self, tally)
        read[0] += sum(row.count for row in found)
        return found

    with patch.object(Rows, "sums", counted):
        yield lambda: read[0]


class Years:
    """A warehouse in which the same happens in each month, with or without months being closed."""

    def __init__(self, *, closed: bool = True) -> None:
        self.house, self.closed = Warehouse(), closed
        self.house.product()
        self.house.desk.plan()
        self.shown: list[tuple[datetime, object]] = []

    def month(self) -> None:
        for _ in range(4):
            self.house.put(5)
            self.house.send(5)
            self.shown.append((self.house.now, self.real()))
            self.house.now += timedelta(days=7)
        clock = self.house.desk.clock
        assert isinstance(clock, MovableClock)
        clock.advance(self.house.now - clock.now() + timedelta(days=3))
        self.house.now = clock.now()
        if self.closed:
            self.house.desk.plan()

    def real(self) -> object:
        return {key: value for key, value in self.house.balances().items() if key[0].startswith("wh")}


def cost(years: Years) -> int:
    """The most rows that any instant of the last month takes."""
    most = 0
    for at, _ in years.shown[-4:]:
        with rows_read() as read:
            years.house.stock.stock_at(at, by=years.house.head)
            most = max(most, read())
    return most


@pytest.mark.rule(LEDGER)
def test_the_stock_of_a_past_instant_costs_no_more_after_ten_times_the_history() -> None:
    years, open_ = Years(), Years(closed=False)
    costs: dict[int, int] = {}
    for month in range(1, 21):
        years.month()
        open_.month()
        costs[month] = cost(years)
    assert 0 < costs[20] <= 2 * costs[2]
    assert cost(open_) > 5 * costs[20]  # what it saves
    for (at, then), (_, also) in zip(years.shown, open_.shown, strict=True):
        shelf = {k: v for k, v in years.house.stock.stock_at(at, by=years.house.head).items() if k[0][:2] == "wh"}
        assert len(shelf) == len(then) == len(also)  # type: ignore[arg-type]
        assert shelf == then
    years.house.check()


@pytest.mark.rule(LEDGER)
def test_nothing_is_booked_in_a_month_that_is_closed() -> None:
    years = Years()
    years.house.put(3)
    years.month()
    last = max(move.at for move in years.house.movements())
    years.house.product("new")
    years.house.now = last
    with pytest.raises(TooLate):
        years.house.put(1, "new")
    years.house.now = datetime(2026, 4, 1, tzinfo=last.tzinfo) - timedelta(hours=9)  # an hour before its end
    years.house.put(1, "new")
    assert years.house.movements()[-1].at == datetime(2026, 3, 31, 16, tzinfo=last.tzinfo)
    years.house.check()


@pytest.mark.rule(LEDGER)
def test_late_paper_does_not_change_what_was_shown_of_a_product() -> None:
    house = Warehouse()
    house.product()
    house.put(9)
    house.now += timedelta(days=2)
    house.send(4)
    at, then = house.now, house.balances()
    house.now -= timedelta(hours=2)
    house.put(1)  # another lot, on paper that is two hours late
    assert house.movements()[-1].at == at
    house.now = at - timedelta(hours=30)
    with pytest.raises(TooLate):
        house.put(1)
    assert OIL in {move.product for move in house.movements()}
    assert then.items() <= house.balances().items()
