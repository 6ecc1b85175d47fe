"""Erase a customer from every context, or restrict what law demands to keep (KRN-14)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import product
from typing import Any

import attrs

from csdomain.frame.contexts import Context
from csdomain.frame.service import CaseService, Cursor
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Store
from csdomain.kernel.store.storable import Unreadable
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.personal import Erasure
from csdomain.rulebook import House, SectionMissing

Progress = Callable[[int], None]


@attrs.frozen
class ErasureReport:
    """The ids of the records that were erased, of those restricted until their hold ends, and of those of which
    nothing was left to erase or restrict. ``unreadable`` are those that cannot be read, so that nothing was erased."""

    erased: tuple[str, ...]
    restricted: tuple[str, ...]
    unchanged: tuple[str, ...]
    unreadable: tuple[str, ...] = ()


def erase_customer(
    services: Iterable[CaseService[Any, Any]],
    customers: Sequence[str],
    *,
    by: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> ErasureReport:
    """Erase every record of a customer, of every context, one unit of work a record.

    ``customers`` are the ids under which records are kept: several where records of one person were merged.

    Begun again after it was cut short, it goes on with those that are left: what was erased comes as ``unchanged``.
    ``progress`` is told of each record. Raises NotPermitted, before anything is erased in a context, unless ``by`` may
    erase all of it. [KRN-14]
    """
    unreadable: list[str] = []
    came: dict[Erasure, list[str]] = {outcome: [] for outcome in Erasure}
    for records, customer in product(services, customers):
        after: Cursor | None = None
        while True:
            ids, after = records.of_customer(customer, by=by, at=at, after=after)
            for id in ids:
                try:
                    came[records.forget(id, by=by, at=at)].append(id)
                except Unreadable:
                    unreadable.append(id)
                if progress is not None:
                    progress(1)
            if after is None:
                break
    erased, restricted, unchanged = (
        tuple(came[outcome]) for outcome in (Erasure.ERASED, Erasure.RESTRICTED, Erasure.UNCHANGED)
    )
    return ErasureReport(erased, restricted, unchanged, tuple(unreadable))


def require_none_left_off(store: Store, house: House, contexts: Iterable[Context[Any]], customer: str) -> None:
    """Refuse while a context that the rulebook leaves off holds records of the customer: they would be passed over.

    Raises SectionMissing that names the section. [KRN-14]
    """
    for context in contexts:
        for case in context.cases:
            whose = None if case.keeping is None else case.keeping.customer
            if case.section in house.rulebook or whose is None:
                continue
            query = Query((whose.is_(customer),), limit=1)
            if store.look(lambda unit, kind=case.kind, query=query: unit.of(kind).find(query)).items:  # type: ignore[misc]
                raise SectionMissing(section=case.section.name, rulebook=house.rulebook.ref)
