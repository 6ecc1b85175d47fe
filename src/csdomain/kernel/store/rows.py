"""What a unit of work does with the rows of a register, once for every store (design decision D17)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic

import attrs

from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import StoreBusy

from .asking import check_conditions, check_limit, check_tally, check_value
from .kinds import MalformedQuery, Tally, TallyRow, Where
from .registers import Change, Key, Mode, R, Register, RowPage, RowQuery, RowSession, WrongRow, in_key_order

#: So often a row may vanish between two statements that need it.
_ATTEMPTS: Final = 5


@attrs.frozen
class Rows(Generic[R]):
    """The rows of one register in a unit of work. What it does not take is WrongRow, which names the column."""

    _register: Register[R]
    _session: RowSession

    def put(self, rows: Iterable[R], /) -> None:
        """Add rows. Raises WrongRow, and Conflict where a key or something unique is taken."""
        self._session.put_rows(self._register, self._checked(rows))

    def put_new(self, rows: Iterable[R], /) -> tuple[R, ...]:
        """Add the rows whose keys are not taken; those that are there already stay as they are.

        Returns those of ``rows`` that were not added, since their key, or something unique in them, is taken. Raises
        WrongRow.
        """
        return tuple(self._session.put_new_rows(self._register, self._checked(rows)))

    def _checked(self, rows: Iterable[R]) -> list[R]:
        return in_key_order(self._register, [self._register.check(row) for row in rows])

    def add(self, key: Key, deltas: Mapping[str, int], /, *, new: R | None = None) -> bool:
        """Add to counts of the row with ``key``, all of them or none: never below 0, however many do so at once.

        Where there is no such row, ``new`` (with its counts and ``deltas`` added up) becomes one. Returns False where a
        count would fall below 0, or where there is no row and no ``new``; then nothing has changed.

        Raises WrongRow.
        """
        register = self._register
        register.require(register.mode is Mode.COUNT, "add", Mode.COUNT)
        self._check_amounts(deltas, register.counts)
        key = register.check_key(key)
        first = None if new is None else self._with(new, key, deltas)
        change = Change(key, add=deltas)
        for _ in range(_ATTEMPTS):
            if self._changed(change):
                return True
            if first is None:
                return False
            if register.vanish and not any(getattr(first, name) for name in register.counts):
                return self.get(key, lock=True) is None
            if not self._session.put_new_rows(register, [first]):
                return True
            if self._changed(change):
                return True
            if self.get(key, lock=True) is not None:
                return False
        raise StoreBusy(kind=register.table)

    def _with(self, new: R, key: Key, deltas: Mapping[str, int]) -> R | None:
        """``new`` after adding; None where a count would be below 0."""
        register = self._register
        register.check(new, empty=True)
        if register.key_of(new) != key:
            names = ", ".join(register.key)
            raise WrongRow(kind=register.table, field=names, accepted=Text("the key's own values", "与键相同的值"))
        sums: dict[str, Any] = {name: getattr(new, name) + delta for name, delta in deltas.items()}
        if min(sums.values()) < 0:
            return None
        return register.check(attrs.evolve(new, **sums), empty=True)  # type: ignore[misc]

    def _changed(self, change: Change) -> bool:
        held = self._session.change_row(self._register, change)
        if held and self._register.vanish and min(change.add.values()) < 0:
            nothing = (self._register[name].is_(0) for name in self._register.counts)
            self._session.drop_rows(self._register, (*self._register.holding(change.key), *nothing))
        return held

    def take(
        self,
        key: Key,
        /,
        *,
        when: Sequence[Where[Any]] = (),
        set: Mapping[str, Any] | None = None,
        add: Mapping[str, int] | None = None,
    ) -> bool:
        """Change the row with ``key`` where every condition in ``when`` holds: one UPDATE, so that of many who take the
        same row from the same state one succeeds.

        ``set`` gives columns their values, ``add`` adds to integers (never below 0). Returns whether it held; else
        nothing has changed. Raises WrongRow, MalformedQuery.
        """
        register, set, add = self._register, set or {}, add or {}
        register.require(register.mode is Mode.STATE, "take", Mode.STATE)
        if not set and not add:
            raise WrongRow(kind=register.table, field="set", accepted=Text("a column to change", "须改变的列"))
        twice = [name for name in add if name in set]
        if twice:
            raise WrongRow(kind=register.table, field=twice[0], accepted=Text("set or add", "设值或增减之一"))
        values = {}
        for name, value in set.items():
            self._check_changes(name, register.states)
            register.check_value(register.column(name), value)
            values[name] = utc(value) if isinstance(value, datetime) else value
        if add:
            self._check_amounts(add, register.states)
        check_conditions(register, when)
        return self._session.change_row(register, Change(register.check_key(key), tuple(when), values, add))

    def _check_amounts(self, amounts: Mapping[str, int], among: tuple[str, ...]) -> None:
        if not amounts:
            known = ", ".join(among)
            raise WrongRow(kind=self._register.table, field="add", accepted=Text(known, known))
        for name, amount in amounts.items():
            self._check_changes(name, among)
            if self._register.column(name).type is not int:
                raise WrongRow(kind=self._register.table, field=name, accepted=Text("an integer", "整数"))
            self._register.check_amount(name, amount)

    def _check_changes(self, name: str, among: tuple[str, ...]) -> None:
        if name not in among:
            known = ", ".join(among)
            raise WrongRow(kind=self._register.table, field=name, accepted=Text(known, known))

    # --- questions
    def get(self, key: Key, /, *, lock: bool = False) -> R | None:
        """The row with ``key``, None where there is none; locked until the unit ends where ``lock``."""
        where = self._register.holding(self._register.check_key(key))
        found = self._session.rows(self._register, RowQuery(where, self._register.key, limit=1, lock=lock)).items
        return found[0] if found else None

    def rows(
        self,
        *where: Where[Any],
        order_by: tuple[str, ...] = (),
        descending: bool = False,
        limit: int = 200,
        after: Key | None = None,
        lock: bool = False,
    ) -> RowPage[R]:
        """One page of the rows that meet every condition, as :class:`~csdomain.kernel.store.registers.RowQuery` says.

        Raises MalformedQuery, NaiveTime.
        """
        register = self._register
        check_conditions(register, where)
        check_limit(limit)
        order = tuple(dict.fromkeys((*order_by, *register.key)))
        for name in order:
            if register.column(name).optional or register.typed(name) is bytes:
                raise MalformedQuery(field=name, accepted=Text("a column that always holds something", "必填的列"))
        if after is not None:
            if not isinstance(after, tuple) or len(after) != len(order):
                raise MalformedQuery(field="after", accepted=Text("the cursor of a page", "上一页的游标"))
            for name, value in zip(order, after, strict=True):
                check_value(register, name, value)
        return self._session.rows(register, RowQuery(where, order, descending, limit, after, lock))

    def sums(self, tally: Tally[Any] = Tally(), /) -> Sequence[TallyRow]:  # noqa: B008 - frozen
        """Counts and sums by group, computed by the store. Raises MalformedQuery, NaiveTime."""
        check_tally(self._register, tally)
        return self._session.sum_rows(self._register, tally)

    def drop(self, *where: Where[Any], at: datetime | None = None) -> int:
        """Drop the rows that meet every condition; how many. Of a register that keeps its rows for a time, only those
        whose time is over at ``at``. Raises WrongRow for a register whose rows stay, MalformedQuery, NaiveTime.
        """
        register, kept = self._register, self._register.kept_for
        check_conditions(register, where)
        if kept is not None and register.mode is not Mode.DISPOSABLE:
            if at is None:
                raise WrongRow(kind=register.table, field="at", accepted=Text("the present instant", "当前时间"))
            where = (*where, register[kept.since].below(utc(at) - kept.at_least))
        else:
            register.require(register.mode is Mode.DISPOSABLE, "drop", Mode.DISPOSABLE)
        return self._session.drop_rows(register, where)
