"""Faulty data of a section without what is wrong, so that what else is wrong is told in the same report (KRN-01)."""

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

import attrs

from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.papers.approvals import ApprovalLadder, Band
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern

from .organisation import CalendarRules

#: The way to a value in a section's table: keys and places.
Way = tuple[Any, ...]
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(?:'([^']*)'|\"([^\"]*)\")\]|\[(\d+)\]")
#: Classes that stand in a file in another form.
AS_WRITTEN: Final[Mapping[Any, Any]] = {ApprovalLadder: tuple[Band, ...], CalendarRules: CalendarSpec}
_SAMPLES: Final[Mapping[Any, Any]] = {
    str: "x",
    int: 1,
    bool: False,
    Decimal: 1,
    Duration | None: "1 days",
    date: date(2000, 1, 1),
    time: time(9),
    Duration: "1 days",
    Money: "1 CNY",
    NumberPattern: "~{seq}",
}
_SAMPLES_BY_NAME: Final[Mapping[str, Any]] = {"zone": "UTC", "currency": "CNY"}


def way_of(fault: str) -> Way:
    """The way that the key path of a fault shows."""
    _said, _, path = fault.rpartition(" @ $")
    return tuple(int(place) if place else key or single or double for key, single, double, place in _STEP.findall(path))


def related(one: Way, other: Way) -> bool:
    """Whether one way leads through the end of the other: mending there may show here."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def mended(kind: Any, data: Any, way: Way) -> bool:
    """Leave out of ``data``, a section's of that type, what is at ``way``; whether the rest means the same without it.

    What is missing there, and the row of a list, has a sample put in its place: a sample of a choice means something.
    """
    for step in way[:-1]:
        kind = _below(kind, step)
        data = data.get(step) if isinstance(data, dict) else data[step] if isinstance(data, list) else None
    if isinstance(data, dict) and way[-1] in data:
        del data[way[-1]]
        return True
    kind = _written(_below(kind, way[-1]))
    if isinstance(data, dict | list):
        data[way[-1]] = _SAMPLES_BY_NAME.get(way[-1]) or _sample(kind)
    return way[-1] != "currency" and not (isinstance(kind, type) and issubclass(kind, Enum))


def _below(kind: Any, step: Any) -> Any:
    kind = _written(kind)
    origin, members = get_origin(kind) or kind, get_args(kind)
    if attrs.has(origin):
        field = attrs.fields_dict(origin).get(step)
        return None if field is None else field.type
    return members[1] if len(members) > 1 and members[1] is not Ellipsis else members[0] if members else None


def _written(kind: Any) -> Any:
    """The type of what stands in a file for a value of a type."""
    if get_origin(kind) in (Union, UnionType) and kind not in _SAMPLES:
        kind = next(member for member in get_args(kind) if member is not NoneType)
    return AS_WRITTEN.get(kind, kind)


def _sample(kind: Any) -> Any:
    kind = _written(kind)
    origin = get_origin(kind) or kind
    if kind in _SAMPLES:
        return _SAMPLES[kind]
    if isinstance(origin, type) and issubclass(origin, Enum):
        return next(iter(origin)).value
    if attrs.has(origin):
        needed = (field for field in attrs.fields(origin) if field.default is attrs.NOTHING)
        return {field.name: _sample(field.type) for field in needed}
    return {} if isinstance(origin, type) and issubclass(origin, Mapping) else []
