"""Each morning whoever buys is told what is low, expires soon or lies idle in each warehouse (INV-13)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from csdomain.inventory.events import StockWarned
from csdomain.inventory.values import INVENTORY_RULES
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.planning import Due, Source, Subjects, occasion_key
from csdomain.kernel.store.ports import Unit
from csdomain.rulebook import ORGANISATION, House

from .ledger import Ledger
from .stock import SHELVES, shelf_id
from .supply import warnings

_AT: Final = time(8)


def source(house: House) -> Source:
    """One run a day, for each warehouse in which something is to be warned of. A day that has passed is missed."""
    org, rules = house.rulebook[ORGANISATION], house.rulebook[INVENTORY_RULES]
    zone = ZoneInfo(org.zone)

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        day = after.astimezone(zone).date()
        while (at := datetime.combine(day, _AT, zone)) <= until:
            if at > after:
                yield Due(f"{day}", at)
            day += timedelta(days=1)

    def page(unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        rows = unit.of(SHELVES).tally(Tally(group_by=("warehouse",)))
        left = [name for row in rows if (name := str(row.group[0])) > cursor]
        return Subjects(left[:limit], left[limit - 1] if len(left) > limit else None)

    def act(unit: Unit, due: Due, warehouses: Sequence[str]) -> None:
        found = warnings(Ledger(unit, lambda _: "", rules, org.currency, zone), due.at)
        low, expiring = (Counter(one.warehouse for one in each) for each in (found.low, found.expiring))
        idle = Counter(name for name, _ in found.idle)
        for name in warehouses:
            counts = {"low": low[name], "expiring": expiring[name], "idle": idle[name]}
            if any(counts.values()):
                key = occasion_key("shelf.warnings", due.key, name)
                told = StockWarned(subject=shelf_id(name, ""), by=SYSTEM, at=due.at, warehouse=name, **counts)
                message = Message(key, "shelf.warnings", rules.buyer, {"shelf": name, "number": "", **counts})
                unit.record([told], [message])

    return Source("stock_warnings", runs, page, act, late=timedelta(days=1))
