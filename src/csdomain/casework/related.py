"""Cases of one customer that are about the same thing, received within some days of each other."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

import attrs

from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Aggregate, Field, Page, Query
from csdomain.rulebook.sections import Label, Unit

C = TypeVar("C", bound="Received")
#: What the settings of :class:`RelatedCases` are called, by their path in it.
LABELS: Final[Mapping[str, Text]] = {
    "days": Label("days back in which related cases are looked for", "相关案件的回溯天数", Unit.DAYS),
    "counted": Text("whether related cases count to who decides", "相关案件是否合并计算核决权限"),
}


class Received(Aggregate, Protocol):
    """A case of a customer, with the instant at which it was received."""

    customer: str
    received_at: datetime


@attrs.frozen
class RelatedCases:
    """Which other cases stand beside one that is decided: of the same customer, about the same thing, received within
    ``days``. ``counted``: their amounts count to who decides (KRN-08)."""

    days: int
    counted: bool = False

    def __attrs_post_init__(self) -> None:
        InvalidSetting.at_least(1, self.days, "days")

    @property
    def within(self) -> timedelta:
        """The days as a span."""
        return timedelta(days=self.days)


@attrs.frozen
class Related(Generic[C]):
    """A case that is related to another: by what, and whether it looks like the same case filed twice."""

    case: C
    same: tuple[str, ...]
    duplicate: bool


def near(
    case: C,
    rules: RelatedCases,
    customer: Field[C, str],
    received: Field[C, datetime],
    shared: Sequence[Field[C, str]],
    find: Callable[[Query[C]], Page[C]],
    limit: int,
) -> list[C]:
    """The other cases of the customer that share one of the columns ``shared`` with ``case`` and were received within
    the days of the rules of it: the latest first, at most ``limit``."""
    around = (received.at_least(case.received_at - rules.within), received.below(case.received_at + rules.within))
    found: dict[str, C] = {}
    for field in shared:
        value = field.of(case)
        if value is not None:
            where = (customer.is_(case.customer), *around, field.is_(value))
            page = find(Query(where, order_by=received.name, descending=True, limit=limit))
            found |= {other.id: other for other in page.items}
    found.pop(case.id, None)
    return sorted(found.values(), key=lambda other: (other.received_at, other.id), reverse=True)[:limit]


def relation(mine: Mapping[str, object], other: C, theirs: Mapping[str, object], *, running: bool) -> Related[C]:
    """Which facts two cases share, empty ones left out: a duplicate where all are equal and the other still runs."""
    same = tuple(name for name, value in mine.items() if value and value == theirs[name])
    return Related(other, same, duplicate=running and mine == theirs)
