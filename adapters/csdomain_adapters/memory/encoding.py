"""What a store in memory keeps: the same plain data as a database, so that it gives out no object of its own."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, cast

from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.digests import SALT
from csdomain.kernel.store.kinds import A, Kind
from csdomain.kernel.values.codec import canonical, make_converter, to_micros
from csdomain_adapters.system import salt

_CONVERTER: Final = make_converter()
#: As deep as bodies of databases may be.
_DEEPEST: Final = 250
_BITS: Final = 64


class NotStorable(InvalidValue):
    """A value that no database keeps as it is; ``field`` says where it stands (KRN-15)."""

    default_rule = PORTS
    problem = Text("No store can keep this value.", "任何存储都无法保存此值。")


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


def timer_as_stored(timer: Timer) -> tuple[list[object], bytes]:
    """A timer's columns and body as a database would hold them."""
    body = _CONVERTER.unstructure(timer)
    next_at = timer.next_at
    columns = [body["state"], body["started_at"], body["due_at"], None if next_at is None else to_micros(next_at)]
    return columns, canonical(body).encode()


def copied(value: object, kind: str, field: str = "", depth: int = 0) -> Any:
    """Plain data as new dicts and lists. Raises :class:`NotStorable`."""
    given = type(value)
    if given is str:
        if _encodable(cast("str", value)):
            return value
    elif value is None or given is bool:
        return value
    elif isinstance(value, float):
        if isfinite(value):
            return value
    elif isinstance(value, int):
        if value.bit_length() <= _BITS:
            return value
    elif depth < _DEEPEST:
        if isinstance(value, list | tuple):
            return [copied(inner, kind, field, depth + 1) for inner in value]
        if isinstance(value, Mapping):
            found = {}
            for key, inner in value.items():
                if type(key) is not str or not _encodable(key):
                    raise NotStorable(kind=kind, field=field, given=type(key).__name__)
                found[key] = copied(inner, kind, field or key, depth + 1)
            return found
    raise NotStorable(kind=kind, field=field, given=given.__name__)


def _encodable(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
