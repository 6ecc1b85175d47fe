"""Closing months, so that the stock of a past instant is read from the last month's end on. [INV-12]"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from csdomain.inventory.values import INVENTORY_RULES
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.planning import Due, Run, Source, Subjects
from csdomain.kernel.store.ports import Unit
from csdomain.rulebook import ORGANISATION, House

from .ledger import Ledger
from .papers import PRODUCTS
from .stock import CLOSED, CLOSINGS, Closed, Closing

_INSTANT: Final = timedelta(microseconds=1)
#: Products closed in one unit, which locks their shelves.
_AT_ONCE: Final = 20


def source(house: House) -> Source:
    """Two runs a month: the first ends it, the second keeps what lay where, when what was booked meanwhile is in.

    A month ends as many hours late as paper may be.
    """
    org, rules = house.rulebook[ORGANISATION], house.rulebook[INVENTORY_RULES]
    zone, late = ZoneInfo(org.zone), timedelta(hours=rules.late_hours)

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        begins = (after.astimezone(zone) - 2 * late).date().replace(day=1)
        while (end := datetime.combine(begins, time(), zone)) <= until:
            month = f"{begins - timedelta(days=1):%Y-%m}"
            for part, at in (("end", end + late), ("sums", end + 2 * late)):
                if after < at <= until:
                    yield Due(f"{month}/{part}", at, {"end": end.isoformat()})
            begins = date(begins.year + begins.month // 12, begins.month % 12 + 1, 1)

    def page(unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        month, _, part = due.key.partition("/")
        if part == "end":
            return Subjects([month], None)
        code, most = PRODUCTS.fields[0], min(limit, _AT_ONCE)
        asked: Query[Any] = Query((code.at_least(cursor),) if cursor else (), order_by="code", limit=most + 1)
        codes = [product.code for product in unit.of(PRODUCTS).find(asked).items if product.code != cursor]
        return Subjects(codes[:most], codes[most - 1] if len(codes) >= most else None)

    def act(unit: Unit, due: Due, subjects: Sequence[str]) -> None:
        month, _, part = due.key.partition("/")
        end = datetime.fromisoformat(due.facts["end"])
        if part == "end":
            unit.register(CLOSINGS).put_new([Closing(month=month, at=end, done=False)])
            return
        ledger = Ledger(unit, lambda _: "", rules, org.currency, zone)
        ledger.hold(subjects)
        for product in subjects:
            there = ledger.stock_at(end - _INSTANT, product=product)
            unit.register(CLOSED).put_new(
                Closed(month=month, place=place, lot=lot, product=product, quantity=quantity, cost=cost)
                for (place, lot), (quantity, cost) in there.items()
            )

    def ended(unit: Unit, run: Run) -> None:
        month, _, part = run.key.partition("/")
        if part == "sums" and not run.failed:
            unit.register(CLOSINGS).take((month,), set={"done": True})

    return Source("stock_closings", runs, page, act, ended=ended)
