"""Erase a customer from every context, or restrict what law demands to keep (KRN-14)."""

from collections.abc import Callable, Iterable
from datetime import datetime

import attrs

from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.personal import Erasure

from .customer_records import Cursor, CustomerRecords

Progress = Callable[[int], None]


@attrs.frozen
class ErasureReport:
    """The ids of the records that were erased, of those restricted until their hold ends, and of those of which
    nothing was left to erase or restrict."""

    erased: tuple[str, ...]
    restricted: tuple[str, ...]
    unchanged: tuple[str, ...]


def erase_customer(
    contexts: Iterable[CustomerRecords],
    customer: str,
    *,
    by: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> ErasureReport:
    """Erase every record of a customer, of every context, one unit of work a record.

    Begun again after it was cut short, it goes on with those that are left: what was erased comes as ``unchanged``.
    ``progress`` is told of each record. Raises NotPermitted, before anything is erased in a context, unless ``by`` may
    erase all of it. [KRN-14]
    """
    came: dict[Erasure, list[str]] = {outcome: [] for outcome in Erasure}
    for records in contexts:
        after: Cursor | None = None
        while True:
            ids, after = records.of_customer(customer, by=by, at=at, after=after)
            for id in ids:
                came[records.forget(id, by=by, at=at)].append(id)
                if progress is not None:
                    progress(1)
            if after is None:
                break
    return ErasureReport(*(tuple(came[outcome]) for outcome in (Erasure.ERASED, Erasure.RESTRICTED, Erasure.UNCHANGED)))
