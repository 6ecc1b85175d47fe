"""Records that a decision rests on, read inside the unit that decides."""

from collections.abc import Iterator
from typing import Final

import attrs

from csdomain.kernel.store.kinds import A, Kind, Query, Where
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.storable import Unreadable

_PAGE: Final = 500


def every(unit: Unit, kind: Kind[A], *where: Where[A]) -> Iterator[A]:
    """Everything of a kind under some conditions, page by page."""
    query: Query[A] | None = Query(where, limit=_PAGE)
    while query is not None:
        page = unit.of(kind).find(query)
        for id in page.unreadable:  # what is decided by records that are not all there would be decided wrongly
            raise Unreadable(kind=kind.table, id=id)
        yield from page.items
        query = None if page.next is None else attrs.evolve(query, after=page.next)


def locked(unit: Unit, kind: Kind[A], read: A) -> A:
    """A record that was read, as it is now, and nobody else's to change until the unit ends."""
    return unit.session.fetch(kind, read.id, lock=True) or read
