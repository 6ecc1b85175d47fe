"""Rows of registers in memory, by their keys, with what is unique beside them."""

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any, TypeVar

from csdomain.kernel.rules.errors import Conflict
from csdomain.kernel.store.kinds import Comparison, Tally, TallyRow, Where
from csdomain.kernel.store.registers import COUNT_MOST, Change, Key, Register, RowPage, RowQuery

from .listing import matches, tallied

R = TypeVar("R")
Row = dict[str, Any]


class RegisterRows:
    """The part of a session that keeps registers; the rest of the session has the journal."""

    _t: Any

    def _put(self, table: MutableMapping[Any, Any], key: Any, value: Any) -> None:
        raise NotImplementedError

    def _drop(self, table: MutableMapping[Any, Any], key: Any) -> None:
        raise NotImplementedError

    def _failed(self, error: Conflict) -> Conflict:
        raise NotImplementedError

    def put_rows(self, register: Register[R], rows: Sequence[R], /) -> None:
        if self.put_new_rows(register, rows):
            raise self._failed(Conflict(kind=register.table))

    def put_new_rows(self, register: Register[R], rows: Sequence[R], /) -> Sequence[R]:
        there: list[R] = []
        for row in rows:
            key, values = register.key_of(row), register.values(row)
            if key in self._t.rows[register.table] or any(mark in self._t.taken for mark in _marks(register, values)):
                there.append(row)
            else:
                self._write(register, key, {}, values)
        return there

    def change_row(self, register: Register[Any], change: Change, /) -> bool:
        before: Row | None = self._t.rows[register.table].get(change.key)
        if before is None or not matches(before, change.when):
            return False
        after = {**before, **change.set}
        for name, amount in change.add.items():
            if before[name] is None or not 0 <= before[name] + amount <= COUNT_MOST:
                return False
            after[name] = before[name] + amount
        if any(self._t.taken.get(mark, change.key) != change.key for mark in _marks(register, after)):
            raise self._failed(Conflict(kind=register.table))
        self._write(register, change.key, before, after)
        return True

    def _write(self, register: Register[Any], key: Key, before: Row, after: Row) -> None:
        for mark in _marks(register, before):
            self._drop(self._t.taken, mark)
        for mark in _marks(register, after):
            self._put(self._t.taken, mark, key)
        if after:
            self._put(self._t.rows[register.table], key, after)
        else:
            self._drop(self._t.rows[register.table], key)

    def rows(self, register: Register[R], query: RowQuery, /) -> RowPage[R]:
        def place(row: Row) -> Key:
            return tuple([row[name] for name in query.order_by])

        found = [row for row in self._candidates(register, query.where) if matches(row, query.where)]
        found.sort(key=place, reverse=query.descending)
        if query.after is not None:
            last = query.after
            found = [row for row in found if (place(row) < last if query.descending else place(row) > last)]
        page = found[: query.limit]
        items = tuple(register.make([row[name] for name in register.names]) for row in page)
        return RowPage(items, place(page[-1]) if len(found) > query.limit else None)

    def _candidates(self, register: Register[Any], where: Sequence[Where[Any]]) -> Iterable[Row]:
        there = self._t.rows[register.table]
        told = {each.column: each.value for each in where if each.comparison is Comparison.IS}
        if not told.keys() >= set(register.key):
            return list(there.values())
        row = there.get(tuple([told[name] for name in register.key]))
        return () if row is None else (row,)

    def sum_rows(self, register: Register[Any], tally: Tally[Any], /) -> Sequence[TallyRow]:
        return tallied(self._t.rows[register.table].values(), tally)

    def drop_rows(self, register: Register[Any], where: Sequence[Where[Any]], /) -> int:
        gone = [row for row in self._candidates(register, where) if matches(row, where)]
        for row in gone:
            self._write(register, tuple([row[name] for name in register.key]), row, {})
        return len(gone)


def _marks(register: Register[Any], row: Row) -> list[tuple[str, tuple[str, ...], Key]]:
    """What is unique in a row: nothing where one of the columns holds nothing."""
    found = [(names, tuple(row[name] for name in names)) for names in register.unique if row]
    return [(register.table, names, values) for names, values in found if None not in values]
