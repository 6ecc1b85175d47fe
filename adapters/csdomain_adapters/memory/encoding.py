"""What a store in memory keeps: the same plain data as a database, so that it gives out no object of its own."""

import json
from collections.abc import Mapping
from typing import Final

from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.digests import SALT
from csdomain.kernel.store.kinds import A, Kind
from csdomain.kernel.store.storable import NotStorable, copied
from csdomain.kernel.values.codec import canonical, make_converter, to_micros
from csdomain_adapters.system import salt

_CONVERTER: Final = make_converter()


def to_body(kind: Kind[A], aggregate: A) -> str:
    """An aggregate as text. Raises :class:`NotStorable` where a database could not keep it."""
    try:
        plain = _CONVERTER.unstructure(aggregate, kind.type)
    except (AttributeError, TypeError, ValueError) as error:  # of a value that is not of its field's type
        if isinstance(error, InvalidValue):
            raise
        raise NotStorable(kind=kind.table, given=type(error).__name__) from None
    return json.dumps({**copied(plain, kind.table), SALT: salt()}, ensure_ascii=False, separators=(",", ":"))


def from_body(kind: Kind[A], body: str, schema: int, version: int) -> A:
    """The aggregate again, new each time, upcast where it was written in an older form."""
    aggregate: A = _CONVERTER.structure(kind.upcast(json.loads(body), schema), kind.type)
    aggregate.version = version
    return aggregate


def written(row: Mapping[str, object]) -> bytes:
    """The columns of an aggregate in one text, for their digest."""
    return repr([value for name, value in row.items() if name not in ("id", "version")]).encode("utf-8", "replace")


def timer_as_stored(timer: Timer) -> tuple[list[object], bytes]:
    """A timer's columns and body as a database would hold them."""
    body = _CONVERTER.unstructure(timer)
    next_at = timer.next_at
    columns = [body["state"], body["started_at"], body["due_at"], None if next_at is None else to_micros(next_at)]
    return columns, canonical(body).encode()
