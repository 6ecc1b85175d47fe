"""Registers: rows with rules, for what grows without bound or is counted under contention (design decision D17).

A register is declared once: the frozen attrs class of its rows, how they may change, and their key. Rows are real
columns and nothing else: no body, no version. What a unit of work does with them is :class:`Rows`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum, unique
from functools import cached_property
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.personal import marks

from .kinds import NAME, TEXT_LONGEST, Class, Field, Kind, MalformedQuery, Tally, TallyRow, Where, fits, sort_of

R = TypeVar("R")
#: What a row may hold in one column.
Value = str | int | bool | datetime | date | bytes | None
#: What stands in the key columns of one row, in their order.
Key = tuple[Any, ...]
_TYPES: Final = (str, int, bool, datetime, date, bytes)
#: Counts stay below this: adding two of them overflows no database.
COUNT_MOST: Final = 10**18


class WrongRow(InvalidValue):
    """A row, a key or a change that its register does not take. The value is never shown."""

    default_rule = PORTS
    problem = Text("The register does not take this.", "登记簿不接受此内容。")


@unique
class Mode(Enum):
    """How rows of a register may change.

    - ``APPEND``: never.
    - ``COUNT``: the columns ``counts``, by adding, and never below 0.
    - ``STATE``: the columns ``states``, by :meth:`Rows.take`.
    - ``DISPOSABLE``: never, but they may be dropped at any time, since they can be made again.
    """

    APPEND = "append"
    COUNT = "count"
    STATE = "state"
    DISPOSABLE = "disposable"


@attrs.frozen
class Kept:
    """How long a register keeps its rows: each for ``at_least`` after the instant in its column ``since``."""

    since: str
    at_least: timedelta


@attrs.frozen
class Column:
    """A column of a register: its name, its type, and whether it may hold nothing."""

    name: str
    type: type
    optional: bool


@attrs.frozen(eq=False, slots=False)
class Register(Generic[R]):
    """Rows of one frozen attrs class, in a table of their own.

    ``type``: its fields are ``str``, ``int``, ``bool``, ``datetime``, ``date`` or ``bytes``, ``| None`` where they may
    hold nothing; only in a ``DISPOSABLE`` register may they be marked personal. ``key``: the columns that are unique
    together and never empty. ``counts`` are the integers of a ``COUNT`` register, ``states`` the columns of a ``STATE``
    register that change. ``unique`` and ``indexes`` are further ones, of one column or more. ``vanish``: a row goes
    when all of its counts are 0. ``kept_for``: when rows may be dropped.

    ``REGISTER["column"]`` makes conditions: ``REGISTER["state"].is_("open")``. Raises ValueError when it is made.
    """

    type: type[R]
    table: str
    mode: Mode
    key: tuple[str, ...]
    counts: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    vanish: bool = False
    kept_for: Kept | None = None

    BUILT_IN: ClassVar[tuple[str, ...]] = ()

    def __attrs_post_init__(self) -> None:
        columns = {column.name: column for column in self.columns}
        for name in (self.table, *columns):
            self._must(NAME.fullmatch(name), f"not a plain name: {name}")
        for names in (self.key, *self.unique, *self.indexes, self.counts, self.states):
            there = [name for name in names if name in columns]
            self._must(there == list(dict.fromkeys(names)), f"no columns, or one twice: {', '.join(names)}")
            bare = [] if names is self.states else [name for name in names if columns[name].type is bytes]
            self._must(not bare, f"no index holds bytes: {', '.join(bare)}")
        self._must(self.key, "it has no key")
        for name in (*self.key, *self.counts):
            self._must(not columns[name].optional, f"{name} must always hold something")
        self._must(bool(self.counts) is (self.mode is Mode.COUNT), "counts are those of a COUNT register")
        self._must(bool(self.states) is (self.mode is Mode.STATE), "states are those of a STATE register")
        self._must(all(columns[name].type is int for name in self.counts), "counts are integers")
        self._must(not {*self.counts, *self.states}.intersection(self.key), "a key does not change")
        self._must(not self.vanish or self.counts, "only rows with counts vanish")
        personal = marks(self.type) if self.mode is not Mode.DISPOSABLE else {}
        self._must(not personal, f"personal data in rows that stay: {', '.join(personal)}")
        if self.kept_for is not None:
            since = columns.get(self.kept_for.since)
            self._must(since is not None and since.type is datetime and not since.optional, "kept since no instant")

    def _must(self, holds: object, why: str) -> None:
        if not holds:
            raise ValueError(f"register {self.table}: {why}")

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Its columns, in the order of the fields."""
        hints = get_type_hints(self.type)
        return tuple(self._column(field.name, hints[field.name]) for field in attrs.fields(cast("Any", self.type)))

    def _column(self, name: str, hint: Any) -> Column:
        given = [hint]
        if get_origin(hint) in (Union, UnionType):
            given = list(get_args(hint))
        optional = NoneType in given
        kinds = [getattr(kind, "__supertype__", kind) for kind in given if kind is not NoneType]
        self._must(len(kinds) == 1 and kinds[0] in _TYPES, f"no column holds what {name} is")
        return Column(name, kinds[0], optional)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def _by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    def __getitem__(self, name: str) -> Field[Any, Any]:
        """A column, to make conditions with. Raises :class:`MalformedQuery`."""
        return Field(name, self.column(name).type, attrgetter(name))

    def column(self, name: str) -> Column:
        """The column of that name. Raises :class:`MalformedQuery`."""
        found = self._by_name.get(name)
        if found is None:
            known = ", ".join(self.names)
            raise MalformedQuery(field=name, kind=self.table, accepted=Text(known, known))
        return found

    def typed(self, name: str) -> Class:
        """The type of a column. Raises :class:`MalformedQuery`."""
        return self.column(name).type

    def key_of(self, row: R) -> Key:
        """What stands in the key columns of ``row``."""
        return tuple([getattr(row, name) for name in self.key])

    def holding(self, key: Key) -> tuple[Where[Any], ...]:
        """The conditions that find the row with ``key``."""
        return tuple(self[name].is_(value) for name, value in zip(self.key, key, strict=True))

    def values(self, row: R) -> dict[str, Any]:
        """The columns of ``row``."""
        return {name: getattr(row, name) for name in self.names}

    def make(self, values: Sequence[Any]) -> R:
        """The row of these values, in the order of the columns."""
        return self.type(**dict(zip(self.names, values, strict=True)))

    # --- what is refused
    def check(self, row: R, *, empty: bool = False) -> R:
        """``row`` with its instants in UTC; ``empty`` where all of its counts may be 0 though rows vanish then.

        Raises :class:`WrongRow` that names the column.
        """
        if type(row) is not self.type:
            name = self.type.__name__
            raise WrongRow(kind=self.table, given=type(row).__name__, accepted=Text(name, name))
        changed = {}
        for column in self.columns:
            value = getattr(row, column.name)
            self.check_value(column, value)
            if isinstance(value, datetime):
                changed[column.name] = utc(value)
        for name in self.counts:
            self.check_amount(name, getattr(row, name), 0)
        if self.vanish and not empty and not any(getattr(row, name) for name in self.counts):
            counted = ", ".join(self.counts)
            raise WrongRow(kind=self.table, field=counted, given=0, minimum=1)
        return attrs.evolve(row, **changed) if changed else row  # type: ignore[misc]

    def check_value(self, column: Column, value: object) -> None:
        """Refuse what ``column`` could not hold. Raises :class:`WrongRow`."""
        if value is None and column.optional:
            return
        if not (isinstance(value, bytes) if column.type is bytes else value is not None and fits(value, column.type)):
            kind = f"{column.type.__name__} ≤ {TEXT_LONGEST}" if column.type is str else column.type.__name__
            accepted = Text(kind, kind)
            raise WrongRow(kind=self.table, field=column.name, given=sort_of(value), accepted=accepted)

    def check_amount(self, name: str, amount: object, least: int = -COUNT_MOST) -> None:
        """Refuse what is no whole number, or larger than a database could add. Raises :class:`WrongRow`."""
        if isinstance(amount, bool) or not isinstance(amount, int):
            raise WrongRow(kind=self.table, field=name, given=sort_of(amount), accepted=Text("int", "int"))
        if not least <= amount <= COUNT_MOST:
            raise WrongRow(kind=self.table, field=name, given=amount, minimum=least, maximum=COUNT_MOST)

    def check_key(self, key: Key) -> Key:
        """``key`` if it has a value for each key column. Raises :class:`WrongRow`."""
        if not isinstance(key, tuple) or len(key) != len(self.key):
            accepted = Text(f"({', '.join(self.key)})", f"({', '.join(self.key)})")
            raise WrongRow(kind=self.table, field="key", given=sort_of(key), accepted=accepted)
        for name, value in zip(self.key, key, strict=True):
            self.check_value(self.column(name), value)
        return tuple([utc(value) if isinstance(value, datetime) else value for value in key])

    def require(self, holds: bool, doing: str, *modes: Mode) -> None:
        """Refuse an operation that rows of this register do not have. Raises :class:`WrongRow`."""
        if not holds:
            accepted = " | ".join(mode.value for mode in modes)
            raise WrongRow(kind=self.table, move=doing, given=self.mode.value, accepted=Text(accepted, accepted))


@attrs.frozen
class RowQuery:
    """A list of rows: conditions, the columns of the order, page size, where the last page ended.

    The key is added to ``order_by``, so that the order is whole; the columns in it always hold something.
    ``descending`` turns all of it round. With ``lock`` the rows stay locked until the unit ends: for what is read to
    decide on it.
    """

    where: tuple[Where[Any], ...] = ()
    order_by: tuple[str, ...] = ()
    descending: bool = False
    limit: int = 200
    after: Key | None = None
    lock: bool = False


@attrs.frozen
class RowPage(Generic[R]):
    """One page of rows; ``next`` is the cursor for the following one, None at the end."""

    items: tuple[R, ...]
    next: Key | None


@attrs.frozen
class Change:
    """One conditional change of one row: where ``when`` holds, set some columns and add to others.

    A count never falls below 0: where it would, nothing changes.
    """

    key: Key
    when: tuple[Where[Any], ...] = ()
    set: Mapping[str, Any] = attrs.field(factory=dict)
    add: Mapping[str, int] = attrs.field(factory=dict)


def in_key_order(register: Register[R], rows: Iterable[R]) -> list[R]:
    """Rows in the order of their keys: units that write several wait for each other and never in a circle."""
    return sorted(rows, key=register.key_of)


#: What a store keeps in a table of its own.
Stored = Kind[Any] | Register[Any]


class RowSession(Protocol):
    """Port: the rows of registers in one transaction of a store. What is asked and changed has been checked before, by
    :class:`~csdomain.kernel.store.rows.Rows`."""

    def put_rows(self, register: Register[R], rows: Sequence[R], /) -> None:
        """Add rows. Raises Conflict, with the table as ``kind``, where a key or something unique is taken."""
        ...

    def put_new_rows(self, register: Register[R], rows: Sequence[R], /) -> Sequence[R]:
        """Add the rows of which neither the key nor anything unique is taken; the others of them, in their order."""
        ...

    def change_row(self, register: Register[Any], change: Change, /) -> bool:
        """One conditional UPDATE of one row; whether it held.

        It holds where the row is there, meets every condition, and no integer that is added to leaves 0 to COUNT_MOST.
        """
        ...

    def rows(self, register: Register[R], query: RowQuery, /) -> RowPage[R]:
        """One page of rows, in the whole order that the query names."""
        ...

    def sum_rows(self, register: Register[Any], tally: Tally[Any], /) -> Sequence[TallyRow]:
        """Counts and sums of rows by group: in the order of the groups, nothing last, or as ``top`` says."""
        ...

    def drop_rows(self, register: Register[Any], where: Sequence[Where[Any]], /) -> int:
        """Drop the rows that meet every condition; how many."""
        ...
