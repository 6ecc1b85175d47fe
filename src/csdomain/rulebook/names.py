"""What holds for every section: each name is known, each duration is longer than nothing (KRN-01).

Names are looked up as they are written, so that one section's faults hide no other's. A field says what it names by its
metadata: ``overrun_to: str = attrs.field(metadata=POSITION)``.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import attrs

from csdomain.kernel.papers.approvals import ApprovalLadder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault
from csdomain.kernel.values.durations import CalendarDays, Duration, MalformedDuration, WorkingDays, parse_duration

from .nearest import unknown
from .sections import NAMES, POSITION

_NOUNS: Final = {
    "permissions.positions": Text("position", "职位"),
    "permissions.roles": Text("role", "角色"),
    "calendars": Text("calendar", "日历"),
}


def faults_of_names(kind: Any, raw: object, path: str, book: Mapping[str, Any]) -> Iterator[Fault]:
    """Faults of the data ``raw`` of a section of that type, in a book of that data."""
    for table, name, where in _names(kind, raw, path):
        known = _table(book, table)
        if known is not None and name not in known:
            yield Fault.of(unknown(_NOUNS[table], name, known), where)


def faults_of_durations(kind: Any, raw: object, path: str) -> Iterator[Fault]:
    """Durations of no length: nobody can keep them."""
    for each, value, where in _fields(kind, raw, path):
        if each in (Duration, Duration | None) and isinstance(value, str):
            try:
                duration = parse_duration(value)
            except MalformedDuration:
                continue
            length = duration.days if isinstance(duration, CalendarDays | WorkingDays) else duration.time
            if not length:
                yield Fault.of(Text("a duration longer than nothing expected", "时长须大于零"), where)


def _table(book: Mapping[str, Any], table: str) -> Mapping[str, Any] | None:
    found: Any = book
    for step in table.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _names(kind: Any, raw: object, path: str) -> Iterator[tuple[str, str, str]]:
    for each, value, where in _fields(kind, raw, path):
        if isinstance(each, attrs.Attribute):
            yield from ((each.metadata[NAMES], name, at) for name, at in _texts(value, where))


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value:
        yield value, path
    elif isinstance(value, list):
        for n, each in enumerate(value):
            yield from _texts(each, f"{path}[{n}]")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, f"{path}['{key}']")


def _fields(kind: Any, raw: object, path: str) -> Iterator[tuple[Any, object, str]]:
    """Every value beside its type; beside its field, where that holds names."""
    yield kind, raw, path
    if raw is None or not _holds(kind):
        return
    if kind is ApprovalLadder:
        for n, band in enumerate(raw if isinstance(raw, list) else ()):
            if isinstance(band, Mapping) and "authority" in band:
                yield _AUTHORITY, band["authority"], f"{path}[{n}].authority"
        return
    origin, members = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, UnionType):
        for member in members:
            if attrs.has(get_origin(member) or member):
                yield from _fields(member, raw, path)
    elif isinstance(raw, Mapping) and attrs.has(origin):
        for field in attrs.fields(origin):
            if field.name in raw:
                here, value = f"{path}.{field.name}", raw[field.name]
                if NAMES in field.metadata:
                    yield field, value, here
                else:
                    yield from _fields(field.type, value, here)
    elif isinstance(raw, Mapping) and len(members) > 1:
        for key, value in raw.items():
            yield from _fields(members[1], value, f"{path}['{key}']")
    elif isinstance(raw, list) and members:
        for n, value in enumerate(raw):
            yield from _fields(members[0], value, f"{path}[{n}]")


@lru_cache
def _holds(kind: Any) -> bool:
    """Whether values of a type may hold names or durations: most tables are texts."""
    return kind is ApprovalLadder or attrs.has(get_origin(kind) or kind) or any(map(_holds, get_args(kind)))


@attrs.frozen
class _Authority:
    authority: str = attrs.field(metadata=POSITION)


_AUTHORITY: Final = attrs.fields(_Authority).authority
