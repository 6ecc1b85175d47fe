"""Lists of one kind: every shape of query is compiled once, its values are parameters (D14)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, cast

from sqlalchemy import (
    Column,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from csdomain.kernel.store.kinds import ColumnValue, Comparison, Query, Tally, TallyRow, Where, ranked

from .prepared import Prepared

#: So many shapes are kept; an application has a few dozen, and lists of very many lengths to look for are rare.
_SHAPES: Final = 256
_LIMIT, _HERE, _LAST = "limit_", "here_", "last_"
#: Columns that say who may read a row, the coarsest first: next to any other they find little.
_SCOPE: Final = ("branch", "owner")
_FINDING: Final = (Comparison.IS, Comparison.AMONG)


class Listings:
    """The statements that list one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._made: dict[object, Prepared] = {}

    def of(self, names: tuple[str, ...], query: Query[Any]) -> tuple[Prepared, dict[str, Any]]:
        """The statement of a query and its parameters.

        Its rows have the columns ``names``, then their id and their value in the order, which make the cursor.
        """
        values = {_LIMIT: query.limit + 1, **dict(_values(query))}
        kept = None if query.after is None else query.after[0] is None
        where, either = tuple(map(shape_of, query.where)), tuple(map(shape_of, query.either))
        shape = (names, query.order_by, query.descending, kept, where, either)
        made = self._made.get(shape)
        if made is None:
            if len(self._made) >= _SHAPES:
                self._made.clear()
            made = self._made[shape] = Prepared(self._statement(names, query))
        return made, values

    def _statement(self, names: tuple[str, ...], query: Query[Any]) -> Select[Any]:
        columns = self._table.c
        by, id = columns[query.order_by], columns.id
        wanted = (*(columns[name] for name in names), id.label("id_"), by.label("order_"))
        if not query.either:
            return self._page(select(*wanted), query, by, id)
        # Each arm is a page by the index of its own column; a row that is in several arms comes once.
        arms = [
            self._page(select(id.label("id_"), by.label("order_")), query, by, id, (number,)).subquery()
            for number, _ in enumerate(query.either, len(query.where))
        ]
        found = union(*(select(arm.c.id_, arm.c.order_) for arm in arms)).subquery()
        page = _in_order(select(found.c.id_), query, found.c.order_, found.c.id_)
        picked = page.limit(bindparam(_LIMIT, type_=Integer)).subquery()
        return _in_order(select(*wanted).join(picked, picked.c.id_ == id), query, by, id)

    def _page(
        self, statement: Select[Any], query: Query[Any], by: Any, id: Any, either: Sequence[int] = ()
    ) -> Select[Any]:
        where = (*query.where, *query.either)
        wanted = [*range(len(query.where)), *either]
        statement = statement.where(*conditions(self._table, where, wanted))
        if query.after is not None:
            statement = statement.where(_after(by, id, query))
        return _in_order(statement, query, by, id).limit(bindparam(_LIMIT, type_=Integer))


def _in_order(statement: Select[Any], query: Query[Any], by: Any, id: Any) -> Select[Any]:
    if query.order_by == "id":
        return statement.order_by(id.desc() if query.descending else id)
    return statement.order_by(by.is_(None), by.desc() if query.descending else by, id)


def conditions(
    table: Table, where: Sequence[Where[Any]], wanted: Sequence[int] | None = None
) -> list[ColumnElement[bool]]:
    """The conditions on ``table``, or those at the places ``wanted``; their values are parameters, see
    :func:`condition_values`."""
    places = range(len(where)) if wanted is None else wanted
    aside = _aside(table, [where[place] for place in places])
    columns = {name: _Aside(column) if name in aside else column for name, column in table.c.items()}
    return [_condition(columns[where[place].column], place, where[place]) for place in places]


def tally_statement(table: Table, tally: Tally[Any]) -> Select[Any]:
    """The counts and sums of a table by group; their conditions are parameters, see :func:`tally_values`."""
    where = (*tally.where, *tally.either)
    common = list(range(len(tally.where)))
    groups = [table.c[name] for name in tally.group_by]
    sums = [func.coalesce(func.sum(table.c[name]), literal_column("0")) for name in tally.sums]
    statement = select(*groups, func.count(), *sums).select_from(table).group_by(*groups)
    if tally.either:
        key = list(table.primary_key.columns)  # of a register often several
        arms = (select(*key).where(*conditions(table, where, [*common, place])) for place in _rest(tally))
        statement = statement.where((key[0] if len(key) == 1 else tuple_(*key)).in_(union(*arms)))
    else:
        statement = statement.where(*conditions(table, where))
    if tally.top is not None:
        by, most = tally.top
        largest: Any = sums[tally.sums.index(by)] if by in tally.sums else func.count()
        nothing_last = [part for group in groups for part in (group.is_(None), group)]
        statement = statement.order_by(largest.desc(), *nothing_last).limit(literal_column(str(most)))
    return statement


def _rest(tally: Tally[Any]) -> range:
    return range(len(tally.where), len(tally.where) + len(tally.either))


def tally_values(tally: Tally[Any]) -> dict[str, Any]:
    """The parameters of a tally, by name."""
    return dict(condition_values((*tally.where, *tally.either)))


def tally_rows(rows: Iterable[Sequence[Any]], tally: Tally[Any]) -> list[TallyRow]:
    """What a tally found, in its order."""
    width = len(tally.group_by)
    found = (TallyRow(tuple(row[:width]), row[width], tuple(int(value) for value in row[width + 1 :])) for row in rows)
    return ranked(found, tally)


def _aside(table: Table, where: Sequence[Where[Any]]) -> Sequence[str]:
    """The columns of the scope that leave the finding to a finer index."""
    indexed = {next(iter(table.primary_key.columns)).name, *(next(iter(index.columns)).name for index in table.indexes)}
    finding = {each.column for each in where if each.comparison in _FINDING and each.column in indexed}
    return [name for place, name in enumerate(_SCOPE) if finding.difference(_SCOPE[: place + 1])]


class _Aside(FunctionElement[Any]):
    """A column that is compared with what another index found.

    SQLite has no statistics unless somebody makes them: all indexes are alike to it, and it would read a whole branch
    for one agent's queue. A plus sign keeps it from the index; the servers know their tables.
    """

    inherit_cache = True

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Aside)
def _as_it_is(element: _Aside, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.clauses, **how))


@compiles(_Aside, "sqlite")
def _kept_from_the_index(element: _Aside, compiler: Any, **how: Any) -> str:
    return f"+{compiler.process(element.clauses, **how)}"


def _condition(column: Any, number: int, where: Where[Any]) -> Any:
    def value(name: str) -> Any:
        return bindparam(name, type_=column.type)

    match where.comparison:
        case Comparison.IS:
            return column == value(_name(number))
        case Comparison.FROM:
            return column >= value(_name(number))
        case Comparison.BELOW:
            return column < value(_name(number))
        case Comparison.AMONG:
            among = [value(_name(number, place)) for place, _ in enumerate(_padded(where))]
            return column.in_(among) if among else false()
        case Comparison.ABSENT:
            return column.is_(None)
        case Comparison.PRESENT:
            return column.is_not(None)


def condition_values(where: Sequence[Where[Any]]) -> Iterator[tuple[str, Any]]:
    """The parameters of conditions, by name."""
    for number, condition in enumerate(where):
        if condition.comparison is Comparison.AMONG:
            for place, each in enumerate(_padded(condition)):
                yield _name(number, place), each
        elif condition.comparison not in (Comparison.ABSENT, Comparison.PRESENT):
            yield _name(number), condition.value


def _padded(where: Where[Any]) -> tuple[Any, ...]:
    """What to look for among, its last value again and again up to a power of two: so few statements are made."""
    values = cast("tuple[Any, ...]", where.value)
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values)) if values else ()


def _name(number: int, place: int = 0) -> str:
    return f"where_{number}_{place}"


def shape_of(where: Where[Any]) -> tuple[str, Comparison, int]:
    """What of a condition is in the statement."""
    size = len(_padded(where)) if where.comparison is Comparison.AMONG else 0
    return where.column, where.comparison, size


def _values(query: Query[Any]) -> Iterator[tuple[str, Any]]:
    yield from condition_values((*query.where, *query.either))
    if query.after is not None:
        value, last = query.after
        yield _LAST, last
        if value is not None and query.order_by != "id":
            yield _HERE, value


def _after(by: Any, id: Any, query: Query[Any]) -> Any:
    value, _ = cast("tuple[ColumnValue, str]", query.after)
    last = bindparam(_LAST, type_=id.type)
    if query.order_by == "id":
        return id < last if query.descending else id > last
    if value is None:
        return and_(by.is_(None), id > last)
    here = bindparam(_HERE, type_=by.type)
    beyond = by < here if query.descending else by > here
    return or_(beyond, and_(by == here, id > last), by.is_(None))
