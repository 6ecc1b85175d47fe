"""What differs between two documents of house rules, as data: found by :func:`differences`, put back by
:func:`applied` (KRN-01).

A document is what TOML can say: tables, lists, texts, numbers, dates. Two values are alike only where they are written
alike: ``0.1`` and ``0.10`` differ, as the hashes of their rulebooks do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from enum import Enum, unique
from typing import Any, Final

import attrs

#: The settings by which a row of a list is known, the first that all rows of both lists have and that tells them apart.
KEYS: Final = ("authority", "since", "name", "id", "code", "key", "level", "position", "start", "date")


@unique
class ChangeKind(Enum):
    """What became of a value. ``MOVED``: the rows that both lists have stand in another order."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@attrs.frozen
class Row:
    """A step of a way: the row of a list whose setting ``key`` is ``value``."""

    key: str
    value: object

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


#: A key of a table, the place in a list (from 0), or the row of a list.
Step = str | int | Row
Way = tuple[Step, ...]


@attrs.frozen(kw_only=True)
class Difference:
    """One difference: where, what, and the value before and after (None where there is none).

    Of a list whose rows are ``MOVED``, ``before`` and ``after`` are its :class:`Row` steps in order. ``place`` is where
    an added row stands in the new list.
    """

    way: Way
    kind: ChangeKind
    before: Any = None
    after: Any = None
    place: int | None = None

    @property
    def path(self) -> str:
        """The key path: ``$.complaints.close_within``, ``$.renewals.tax[since=1994-01-01].rate``."""
        return "$" + "".join(map(_shown, self.way))


def _shown(step: Step) -> str:
    if isinstance(step, str):
        return f".{step}" if step.isidentifier() else f"[{step!r}]"
    return f"[{step}]"


def alike(one: object, other: object) -> bool:
    """Whether two values of a document are written alike, type by type."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return str(one) == str(other)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Everything that differs, the name of the book first, then by section and path; nothing that is alike. [KRN-01]"""
    return tuple(sorted(_tables(old, new, ()), key=lambda found: found.way[:1] != ("name",)))


def _tables(old: Mapping[str, Any], new: Mapping[str, Any], way: Way) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys()):
        here = (*way, key)
        if key not in new:
            yield Difference(way=here, kind=ChangeKind.REMOVED, before=old[key])
        elif key not in old:
            yield Difference(way=here, kind=ChangeKind.ADDED, after=new[key])
        else:
            yield from _values(old[key], new[key], here)


def _values(old: Any, new: Any, way: Way) -> Iterator[Difference]:
    if alike(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _tables(old, new, way)
    elif _rows(old) and _rows(new) and (old or new):
        key = _key(old, new)
        yield from _by_place(old, new, way) if key is None else _by_key(old, new, way, key)
    else:
        yield Difference(way=way, kind=ChangeKind.CHANGED, before=old, after=new)


def _rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _mark(value: object) -> tuple[str, str]:
    return type(value).__name__, str(value)


def _key(*lists: Sequence[Mapping[str, object]]) -> str | None:
    """The setting that names every row of the lists, and no two rows of one list alike."""
    for key in KEYS:
        known = [[row.get(key) for row in rows] for rows in lists]
        if all(
            not any(value is None or isinstance(value, dict | list) for value in values)
            and len(set(map(_mark, values))) == len(values)
            for values in known
        ):
            return key
    return None


def _by_key(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], way: Way, key: str
) -> Iterator[Difference]:
    olds, news = ({_mark(row[key]): (place, row) for place, row in enumerate(rows)} for rows in (old, new))
    for mark, (_, row) in olds.items():
        here = (*way, Row(key, row[key]))
        if mark in news:
            yield from _tables(row, news[mark][1], here)
        else:
            yield Difference(way=here, kind=ChangeKind.REMOVED, before=row)
    was = [Row(key, row[key]) for mark, (_, row) in olds.items() if mark in news]
    now = [Row(key, row[key]) for mark, (_, row) in news.items() if mark in olds]
    if not alike(was, now):
        yield Difference(way=way, kind=ChangeKind.MOVED, before=was, after=now)
    for mark, (place, row) in news.items():
        if mark not in olds:
            yield Difference(way=(*way, Row(key, row[key])), kind=ChangeKind.ADDED, after=row, place=place)


def _by_place(old: Sequence[Any], new: Sequence[Any], way: Way) -> Iterator[Difference]:
    for place, (one, other) in enumerate(zip(old, new, strict=False)):
        yield from _tables(one, other, (*way, place))
    for place in reversed(range(len(new), len(old))):  # from the end, so that the places before stay what they are
        yield Difference(way=(*way, place), kind=ChangeKind.REMOVED, before=old[place])
    for place in range(len(old), len(new)):
        yield Difference(way=(*way, place), kind=ChangeKind.ADDED, after=new[place], place=place)


def applied(changes: Iterable[Difference], document: Mapping[str, Any]) -> dict[str, Any]:
    """``document`` with ``changes`` made in it, in their order: all of them turn the old document into the new.

    Neither is touched, nor shared with the result. Raises LookupError where the document is not the one they are of.
    """
    made: dict[str, Any] = deepcopy(dict(document))
    for change in changes:
        if change.kind is ChangeKind.MOVED:
            rows = _at(made, change.way)
            order = [rows[_index(rows, step)] for step in change.after]
            rows[:] = order + [row for row in rows if not any(row is one for one in order)]
            continue
        there, last = _at(made, change.way[:-1]), change.way[-1]
        if change.kind is ChangeKind.ADDED and change.place is not None:
            there.insert(change.place, deepcopy(change.after))
        elif change.kind is ChangeKind.REMOVED:
            del there[_index(there, last)]
        else:
            there[_index(there, last)] = deepcopy(change.after)
    return made


def _at(document: Any, way: Way) -> Any:
    for step in way:
        document = document[_index(document, step)]
    return document


def _index(there: Any, step: Step) -> str | int:
    if not isinstance(step, Row):
        return step
    for place, row in enumerate(there):
        if step.key in row and _mark(row[step.key]) == _mark(step.value):
            return place
    raise LookupError(f"no row {step}")
