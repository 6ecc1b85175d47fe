"""Registers on a database: a table of real columns each, and one statement for each way to change or ask (D17)."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from csdomain.kernel.rules.errors import Conflict
from csdomain.kernel.store.kinds import Tally, TallyRow, Where
from csdomain.kernel.store.registers import COUNT_MOST, Change, Register, RowPage, RowQuery, RowTaken

from .columns import OPTIONS, PREFIX, TYPES, index_name
from .dialects import MARIADB
from .listings import condition_values, conditions, shape_of, tally_rows, tally_statement, tally_values
from .prepared import Prepared
from .upserts import insert_new, marked

R = TypeVar("R")
#: So many statements of a register are kept.
_SHAPES: Final = 256
_LIMIT: Final = "limit_"
_LEAST: Final[Any] = literal_column("0")
_MOST: Final[Any] = literal_column(str(COUNT_MOST))


def register_table(register: Register[Any], meta: MetaData) -> Table:
    """The table of a register: its columns, those of the key as the primary key."""
    name = PREFIX + register.table
    there = {column.name: column for column in register.columns}
    order = [*register.key, *(column for column in there if column not in register.key)]
    return Table(
        name,
        meta,
        *(
            Column(
                column,
                TYPES[there[column].type](),
                primary_key=column in register.key,
                autoincrement=False,
                nullable=there[column].optional,
            )
            for column in order
        ),
        *(Index(index_name(name, each, unique=True), *each, unique=True) for each in register.unique),
        *(Index(index_name(name, each), *each) for each in register.indexes),
        **OPTIONS,
    )


class RegisterTable(Generic[R]):
    """The table of a register with its statements, each prepared once."""

    def __init__(self, register: Register[R], table: Table) -> None:
        self.register = register
        self.table = table
        self.columns = [table.c[name] for name in register.names]
        self.insert = Prepared(insert(table).inline())
        self._made: dict[object, Prepared] = {}

    def _prepared(self, shape: object, make: Callable[[], Any]) -> Prepared:
        made = self._made.get(shape)
        if made is None:
            if len(self._made) >= _SHAPES:
                self._made.clear()
            made = self._made[shape] = Prepared(make())
        return made

    def insert_new(self, dialect: str) -> Prepared:
        """The insert that leaves rows as they are of which anything unique is taken."""
        return self._prepared(("insert", dialect), lambda: insert_new(self.table, dialect))

    def change(self, change: Change, dialect: str) -> tuple[Prepared, dict[str, Any]]:
        """The UPDATE of one row under its conditions, and its parameters."""
        shape = (tuple(change.set), tuple(change.add), tuple(map(shape_of, change.when)), dialect)
        values: dict[str, Any] = {f"key_{place}": value for place, value in enumerate(change.key)}
        values |= {f"set_{name}": value for name, value in change.set.items()}
        values |= {f"add_{name}": amount for name, amount in change.add.items()}
        return self._prepared(shape, lambda: self._change(change, dialect)), values | dict(
            condition_values(change.when)
        )

    def _change(self, change: Change, dialect: str) -> Any:
        columns, key = self.table.c, [self.table.c[name] for name in self.register.key]
        after = {name: bindparam(f"set_{name}", type_=columns[name].type) for name in change.set}
        sums = {name: columns[name] + bindparam(f"add_{name}", type_=columns[name].type) for name in change.add}
        wanted = [column == bindparam(f"key_{place}", type_=column.type) for place, column in enumerate(key)]
        wanted += [each.between(_LEAST, _MOST) for each in sums.values()]
        mark = {key[0].name: marked(key[0])} if dialect == MARIADB else {}
        return update(self.table).where(*wanted, *conditions(self.table, change.when)).values({**after, **sums, **mark})

    def page(self, query: RowQuery) -> tuple[Prepared, dict[str, Any]]:
        """The statement of a list of rows, one more than its limit, and its parameters."""
        where = tuple(map(shape_of, query.where))
        shape = ("rows", query.order_by, query.descending, query.after is None, where, query.lock)
        values: dict[str, Any] = {_LIMIT: query.limit + 1, **dict(condition_values(query.where))}
        values |= {f"after_{place}": value for place, value in enumerate(query.after or ())}
        return self._prepared(shape, lambda: self._page(query)), values

    def _page(self, query: RowQuery) -> Select[Any]:
        order = [self.table.c[name] for name in query.order_by]
        statement = select(*self.columns).where(*conditions(self.table, query.where))
        if query.after is not None:
            statement = statement.where(_beyond(order, descending=query.descending))
        statement = statement.order_by(*(column.desc() if query.descending else column for column in order))
        statement = statement.limit(bindparam(_LIMIT, type_=Integer))
        return statement.with_for_update() if query.lock else statement

    def sums(self, tally: Tally[Any]) -> tuple[Prepared, dict[str, Any]]:
        """The statement of counts and sums, and its parameters."""
        where, either = tuple(map(shape_of, tally.where)), tuple(map(shape_of, tally.either))
        shape = ("sums", tally.group_by, tally.sums, tally.top, where, either)
        return self._prepared(shape, lambda: tally_statement(self.table, tally)), tally_values(tally)

    def drop(self, where: Sequence[Where[Any]]) -> tuple[Prepared, dict[str, Any]]:
        """The DELETE under some conditions, and its parameters."""
        shape = ("drop", tuple(map(shape_of, where)))
        found = self._prepared(shape, lambda: delete(self.table).where(*conditions(self.table, where)))
        return found, dict(condition_values(where))


def _beyond(order: Sequence[Column[Any]], *, descending: bool) -> Any:
    """What comes after a cursor. The first column stands apart too, so that its index finds where to begin."""
    last = [bindparam(f"after_{place}", type_=column.type) for place, column in enumerate(order)]

    def further(place: int) -> Any:
        return order[place] < last[place] if descending else order[place] > last[place]

    same = [column == value for column, value in zip(order, last, strict=True)]
    later = or_(*(and_(*same[:place], further(place)) for place in range(len(order))))
    return and_(order[0] <= last[0] if descending else order[0] >= last[0], later)


class RegisterRows:
    """The part of a session that keeps registers."""

    _connection: Any
    _schema: Any
    _s: Any

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """As the session's."""
        raise NotImplementedError

    def _sent(self, send: Callable[..., Any], /, *given: Any) -> Any:
        raise NotImplementedError

    def put_rows(self, register: Register[R], rows: Sequence[R], /) -> None:
        if not rows:
            return
        values = [register.values(row) for row in rows]
        statement = self._schema.register(register).insert
        try:
            self.execute(statement, values if len(values) > 1 else values[0])
        except Conflict:
            raise RowTaken(kind=register.table) from None

    def put_new_rows(self, register: Register[R], rows: Sequence[R], /) -> Sequence[R]:
        statement = self._schema.register(register).insert_new(self._s.dialect)
        return [row for row in rows if not self._s.inserted(self.execute(statement, register.values(row)))]

    def change_row(self, register: Register[Any], change: Change, /) -> bool:
        statement, values = self._schema.register(register).change(change, self._s.dialect)
        try:
            found = self.execute(statement, values)
        except Conflict:
            raise RowTaken(kind=register.table) from None
        # MariaDB may count the rows that differ afterwards, not those that it found.
        return bool(found.lastrowid if self._s.dialect == MARIADB else found.rowcount == 1)

    def rows(self, register: Register[R], query: RowQuery, /) -> RowPage[R]:
        statement, values = self._schema.register(register).page(query)
        rows = self._sent(statement.rows, self._connection, values)
        items = tuple(register.make(row) for row in rows[: query.limit])
        more = len(rows) > query.limit
        return RowPage(items, tuple([getattr(items[-1], name) for name in query.order_by]) if more else None)

    def sum_rows(self, register: Register[Any], tally: Tally[Any], /) -> Sequence[TallyRow]:
        return tally_rows(self.execute(*self._schema.register(register).sums(tally)), tally)

    def drop_rows(self, register: Register[Any], where: Sequence[Where[Any]], /) -> int:
        return int(self.execute(*self._schema.register(register).drop(where)).rowcount)
