"""What is kept of a customer after some years without contact is a setting: the planner erases the rest (KRN-14)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import product
from typing import Any, Final, cast

from dateutil.relativedelta import relativedelta

from csdomain.customers.model.customer import CUSTOMERS, REGISTERED
from csdomain.customers.questions.finding import family
from csdomain.customers.values import CUSTOMER_RULES
from csdomain.frame import keeping
from csdomain.frame.cases import CaseType
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.planning import Due, Source, Subjects
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.unit import StandardUnit
from csdomain.kernel.values.actors import system_actor
from csdomain.rulebook import House

from .grade_customers import months

NAME: Final = "customer_retention"
_PAGE: Final = 200


def source(house: House, cases: Sequence[CaseType]) -> Source:
    """The runs: one a month, over those registered before the time; none where the house keeps everything.

    ``cases`` are the kinds of every context of the house: contact is what anybody last did with any of them, the
    system's own work apart. What law holds is restricted instead.
    """
    years = house.rulebook[CUSTOMER_RULES].keep_years
    kept = tuple(case for case in cases if case.keeping is not None and case.keeping.customer is not None)

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        return months(house, after, until) if years is not None else ()

    def before(due: Due) -> datetime:
        return due.at - relativedelta(years=years or 0)

    def page(unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        old = (REGISTERED.below(before(due)),)
        found = unit.of(CUSTOMERS).find(Query(old, limit=limit, after=(cursor, cursor) if cursor else None))
        ids = [customer.id for customer in found.items if customer.erased_at is None and not customer.restricted]
        return Subjects(ids, found.next[1] if found.next else None)

    def act(unit: Unit, due: Due, ids: Sequence[str]) -> None:
        cast("StandardUnit", unit).unordered()  # what a customer left is of every kind
        for id in ids:
            theirs = [record.id for record in family(unit, id)]
            if all(_last(unit, record) < before(due) for _, record in _records(unit, kept, theirs)):
                for case, record in list(_records(unit, kept, theirs)):
                    _erase(unit, case, record.id, due.at)

    return Source(NAME, runs, page, act)


def _records(unit: Unit, cases: Sequence[CaseType], ids: Sequence[str]) -> Iterator[tuple[CaseType, Any]]:
    for case, id in product(cases, ids):
        after: Any = None
        whose = case.keeping.customer if case.keeping is not None else None
        while whose is not None:
            found = unit.of(case.kind).find(Query((whose.is_(id),), limit=_PAGE, after=after))
            yield from ((case, record) for record in found.items)
            after = found.next
            if after is None:
                break


def _last(unit: Unit, record: Any) -> datetime:
    done: list[datetime] = [one.at for one in unit.trail(record.id) if one.by != SYSTEM]
    return max(done, default=record.moved_at)


def _erase(unit: Unit, case: CaseType, id: str, at: datetime) -> None:
    kept = case.keeping
    assert kept is not None  # noqa: S101 - those that keep nothing are not asked
    record = unit.load(case.kind, id, may=case.erase, by=system_actor((case.erase,)))
    beside = keeping.held(record, at) is None and bool(kept.clear(unit, id))
    if events := keeping.erase(kept, record, by=SYSTEM, at=max(at, record.moved_at), beside=beside):
        unit.of(case.kind).save(record)
        unit.record(events)
