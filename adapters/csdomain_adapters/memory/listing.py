"""Lists of a store in memory: which rows, in which order, and where a page ends."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import attrs

from csdomain.kernel.store.kinds import ColumnValue, Comparison, Query, Tally, TallyRow, Where, ranked


@attrs.frozen
class Stored:
    """An aggregate as the text that a database would keep, the number of its form, and its columns."""

    body: str
    schema: int
    row: dict[str, ColumnValue]


def page(rows: Iterable[Stored], query: Query[Any]) -> tuple[list[Stored], tuple[ColumnValue, str] | None]:
    """The rows of a page, and the cursor for the next one."""
    found = [s for s in rows if matches(s.row, query.where, query.either)]
    found.sort(key=lambda s: cast("str", s.row["id"]), reverse=query.descending and query.order_by == "id")
    if query.order_by != "id":
        present = [s for s in found if s.row[query.order_by] is not None]
        absent = [s for s in found if s.row[query.order_by] is None]
        present.sort(key=lambda s: cast("Any", s.row[query.order_by]), reverse=query.descending)
        if query.descending:  # ties stay in the order of their ids
            present = _ties_by_id(present, query.order_by)
        found = present + absent
    if query.after is not None:
        found = [s for s in found if _is_after(s.row, query)]
    wanted = found[: query.limit]
    more = len(found) > query.limit
    last = (wanted[-1].row[query.order_by], cast("str", wanted[-1].row["id"])) if more else None
    return wanted, last


def matches(row: Mapping[str, Any], where: Sequence[Where[Any]], either: Sequence[Where[Any]] = ()) -> bool:
    """Whether a row fulfils every condition, and one of ``either`` where there are any."""
    if either and not any(matches(row, (one,)) for one in either):
        return False
    for condition in where:
        value, wanted = row[condition.column], cast("Any", condition.value)
        comparison = condition.comparison
        if comparison is Comparison.ABSENT:
            ok = value is None
        elif comparison is Comparison.PRESENT:
            ok = value is not None
        elif value is None:
            ok = False
        elif comparison is Comparison.IS:
            ok = value == wanted
        elif comparison is Comparison.AMONG:
            ok = value in wanted
        elif comparison is Comparison.FROM:
            ok = cast("Any", value) >= wanted
        else:
            ok = cast("Any", value) < wanted
        if not ok:
            return False
    return True


def _ties_by_id(found: list[Stored], column: str) -> list[Stored]:
    groups: dict[ColumnValue, list[Stored]] = {}
    for stored in found:
        groups.setdefault(stored.row[column], []).append(stored)
    return [s for group in groups.values() for s in sorted(group, key=lambda s: cast("str", s.row["id"]))]


def _is_after(row: dict[str, ColumnValue], query: Query[Any]) -> bool:
    assert query.after is not None  # noqa: S101 - the caller looked
    value, id = query.after
    mine, my_id = cast("Any", row[query.order_by]), cast("str", row["id"])
    if query.order_by == "id":
        return my_id < id if query.descending else my_id > id
    if mine is None or value is None:
        return mine is None and (value is not None or my_id > id)
    if mine == value:
        return my_id > id
    return bool(mine < value if query.descending else mine > value)


def tallied(rows: Iterable[Mapping[str, Any]], tally: Tally[Any]) -> list[TallyRow]:
    """Counts and sums of rows by group."""
    groups: dict[tuple[ColumnValue, ...], list[int]] = {}
    for row in rows:
        if matches(row, tally.where, tally.either):
            group = tuple(row[name] for name in tally.group_by)
            sums = groups.setdefault(group, [0] * (1 + len(tally.sums)))
            sums[0] += 1
            for i, name in enumerate(tally.sums, 1):
                sums[i] += row[name] or 0
    if not groups and not tally.group_by:
        groups[()] = [0] * (1 + len(tally.sums))
    return ranked((TallyRow(group, sums[0], tuple(sums[1:])) for group, sums in groups.items()), tally)
