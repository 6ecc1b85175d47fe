"""What every store keeps as it is; what no store keeps is refused by one name, on all of them (KRN-15)."""

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, Final, TypeVar, cast

import attrs

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue

from .kinds import encodable, storable

R = TypeVar("R")
T = TypeVar("T")
#: As deep as bodies of databases may be.
_DEEPEST: Final = 250
_BITS: Final = 64
#: As long as the longest column of a database that is no body.
_TEXT_LONGEST: Final = 400


class NotStorable(InvalidValue):
    """A value that no database keeps as it is; ``field`` says where it stands (KRN-15)."""

    default_rule = PORTS
    problem = Text("No store can keep this value.", "任何存储都无法保存此值。")


class Unreadable(DomainError):
    """What is stored under an id cannot be read: it is not what this csdomain writes (KRN-15).

    ``kind`` and ``id`` say which row, for a timer ``name`` as well. Nothing of its content is here.
    """

    default_rule = PORTS
    problem = Text("A stored record cannot be read.", "已存储的记录无法读取。")

    def __init__(self, kind: str, id: str, name: str | None = None) -> None:
        facts = {"kind": kind, "id": id} if name is None else {"kind": kind, "id": id, "name": name}
        super().__init__(None, accepted=None, **facts)


def read_or_refuse(read: Callable[[], T], kind: str, id: str, name: str | None = None) -> T:
    """What ``read`` gives. Raises :class:`Unreadable` whatever it raises: a decoder's words hold what people wrote."""
    try:
        return read()
    except Exception:  # noqa: BLE001, S110 - said below, apart from what was caught
        pass
    raise Unreadable(kind, id, name)


def readable(rows: Iterable[R], read: Callable[[R], T]) -> tuple[list[T], tuple[str, ...]]:
    """What can be read of ``rows``, and the ids of those that cannot."""
    found, unreadable = [], []
    for row in rows:
        try:
            found.append(read(row))
        except Unreadable as error:
            unreadable.append(str(error.facts["id"]))
    return found, tuple(unreadable)


def copied(value: object, kind: str, field: str = "", depth: int = 0) -> Any:
    """Plain data as new dicts and lists. Raises :class:`NotStorable`."""
    given = type(value)
    if given is str:
        if encodable(cast("str", value)):
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
                if type(key) is not str or not encodable(key):
                    raise NotStorable(kind=kind, field=field, given=type(key).__name__)
                found[key] = copied(inner, kind, field or key, depth + 1)
            return found
    raise NotStorable(kind=kind, field=field, given=given.__name__)


def require_texts(record: T, kind: str) -> T:
    """``record`` if its texts fit into columns. Raises :class:`NotStorable`."""
    for field in attrs.fields(cast("Any", type(record))):
        text = getattr(record, field.name)
        if isinstance(text, str) and not storable(text, _TEXT_LONGEST):
            raise NotStorable(kind=kind, field=field.name, given=f"text of length {len(text)}")
    return record
