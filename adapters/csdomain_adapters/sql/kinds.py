"""Tables of kinds and registers: in a migration as they were when it was written, for others' contexts as they are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.dialects import postgresql

from csdomain.kernel.store.kinds import TEXT_LONGEST
from csdomain.kernel.store.registers import Register, Stored

from .columns import BODY, OPTIONS, PREFIX, index_name, text
from .dialects import MARIADB
from .registers import register_table
from .tables import aggregate_table

_PAGE: Final = 500
_TYPES: Final[Mapping[type, Any]] = {
    str: lambda: text(TEXT_LONGEST),
    int: sa.BigInteger,
    bool: sa.Boolean,
    datetime: sa.BigInteger,
    date: sa.Date,
    bytes: lambda: BODY,
}


def create_kind(
    kind: str,
    columns: Mapping[str, type],
    *,
    unique: Sequence[str] = (),
    unindexed: Sequence[str] = (),
    scoped: Sequence[str] = (),
    indexes: Sequence[tuple[str, ...]] = (),
) -> None:
    """In a migration: the table of a kind, with an index for each column but those ``unindexed``.

    ``scoped`` are the columns that say whose a record is besides its owner and branch; ``indexes`` those over several.
    """
    from alembic import op  # a desk that opens needs no Alembic

    table = PREFIX + kind
    op.create_table(
        table,
        sa.Column("id", text(40), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("branch", text(64), nullable=False),
        sa.Column("owner", text(64), nullable=False),
        *(sa.Column(name, _TYPES[of](), nullable=True) for name, of in columns.items()),
        sa.Column("body", BODY, nullable=False),
        **OPTIONS,
    )
    for scope in ("branch", "owner"):
        op.create_index(f"ix_{table}_{scope}", table, [scope, "id"])
    for name in columns:
        if name in unique:
            op.create_index(f"uq_{table}_{name}", table, [name], unique=True)
        elif name not in unindexed:
            op.create_index(index_name(table, (name,)), table, [name, "id"] if name in scoped else [name])
    for each in indexes:
        op.create_index(index_name(table, each), table, list(each))


def create_register(
    register: str,
    key: Mapping[str, type],
    columns: Mapping[str, type],
    *,
    optional: Sequence[str] = (),
    unique: Sequence[tuple[str, ...]] = (),
    indexes: Sequence[tuple[str, ...]] = (),
) -> None:
    """In a migration: the table of a register. Columns always hold something but for those ``optional``."""
    from alembic import op

    table = PREFIX + register
    op.create_table(
        table,
        *(sa.Column(name, _TYPES[of](), primary_key=True, autoincrement=False) for name, of in key.items()),
        *(sa.Column(name, _TYPES[of](), nullable=name in optional) for name, of in columns.items()),
        **OPTIONS,
    )
    for each in unique:
        op.create_index(index_name(table, each, unique=True), table, list(each), unique=True)
    for each in indexes:
        op.create_index(index_name(table, each), table, list(each))


def add_columns(kind: str, columns: Mapping[str, type], *, unindexed: Sequence[str] = ()) -> None:
    """In a migration: further columns of a kind, with an index for each but those ``unindexed``; some may be there
    already, where a migration was cut short."""
    from alembic import op

    table, there = PREFIX + kind, sa.inspect(op.get_bind())
    known = {column["name"] for column in there.get_columns(table)}
    for name, of in columns.items():
        if name not in known:
            op.add_column(table, sa.Column(name, _TYPES[of](), nullable=True))
    add_index(table, *([name] for name in columns if name not in unindexed))


def add_index(table: str, *indexes: Sequence[str], name: str = "") -> None:
    """In a migration: indexes that are not there yet, each called by its column unless ``name`` is given."""
    from alembic import op

    known = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    for columns in indexes:
        called = name or f"ix_{table}_{columns[0]}"
        if called not in known:
            op.create_index(called, table, list(columns))


def drop_index(table: str, name: str) -> None:
    """In a migration: an index, where it is still there: MariaDB keeps what was done before it was cut short."""
    from alembic import op

    if name in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.drop_index(name, table)


def fill(kind: str, columns: Callable[[Mapping[str, Any], str], Mapping[str, Any]]) -> None:
    """In a migration: what ``columns`` makes of each body and its state, page by page; begun again, it does no harm."""
    from alembic import op

    connection, last = op.get_bind(), ""
    table = sa.table(PREFIX + kind, sa.column("id"), sa.column("state"), sa.column("body"))
    while True:
        page = sa.select(table.c.id, table.c.state, table.c.body).where(table.c.id > last).order_by(table.c.id)
        rows = connection.execute(page.limit(_PAGE)).all()
        if not rows:
            return
        for id, state, body in rows:
            made = columns(orjson.loads(body), state)
            changed = sa.table(PREFIX + kind, sa.column("id"), *(sa.column(name) for name in made))
            connection.execute(sa.update(changed).where(changed.c.id == id).values(**made))
        last = rows[-1][0]


def drop_columns(kind: str, columns: Sequence[str]) -> None:
    """In a migration: columns of a kind, gone with their indexes and what they hold."""
    from alembic import op

    table, there = PREFIX + kind, sa.inspect(op.get_bind())
    for index in there.get_indexes(table):
        if set(index["column_names"]) & set(columns):
            op.drop_index(str(index["name"]), table)
    for name in {column["name"] for column in there.get_columns(table)} & set(columns):
        op.drop_column(table, name)


def put_missing(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """In a migration: rows of a table, but for those whose key is there."""
    if rows:
        into = sa.table(PREFIX + table, *map(sa.column, rows[0]))
        how = {"sqlite": "OR IGNORE", MARIADB: "IGNORE"}.get(connection.dialect.name, "")
        inserting = sa.insert(into).prefix_with(how) if how else postgresql.insert(into).on_conflict_do_nothing()
        connection.execute(inserting, list(rows))


def drop_kind(kind: str) -> None:
    """In a migration: the table of a kind or register, gone with what it holds."""
    from alembic import op

    op.drop_table(PREFIX + kind, if_exists=True)


def add_missing(engine: Engine, stored: Sequence[Stored]) -> tuple[str, ...]:
    """Tables that no migration of ours makes (those of contexts of others): made where they are missing; their names.

    Every declared column of a kind may be empty, so a column that a later release of the context declares is added the
    same way; of a register those must be optional that a later release adds.
    """
    with engine.connect() as connection:  # a look takes no lock
        if not _missing(connection, stored):
            return ()
    with engine.begin() as connection:
        return add_missing_on(connection, stored)


def add_missing_on(connection: Connection, stored: Sequence[Stored]) -> tuple[str, ...]:
    """The same in a transaction that is open."""
    made: list[str] = []
    for table, column in _missing(connection, stored):
        if column is None:
            table.create(connection)
            made.append(table.name)
            continue
        kind_of = column.type.compile(connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind_of}")
        for index in table.indexes:
            if column.name in index.columns:
                index.create(connection)
        made.append(f"{table.name}.{column.name}")
    return tuple(made)


def _missing(connection: Connection, stored: Sequence[Stored]) -> list[tuple[sa.Table, sa.Column[Any] | None]]:
    """Tables that are not there; columns that tables do not have."""
    found: list[tuple[sa.Table, sa.Column[Any] | None]] = []
    there = sa.inspect(connection)
    for each in stored:
        meta = MetaData()
        table = register_table(each, meta) if isinstance(each, Register) else aggregate_table(each, meta)
        if not there.has_table(table.name):
            found.append((table, None))
            continue
        known = {column["name"] for column in there.get_columns(table.name)}
        found += [(table, column) for column in table.columns if column.name not in known]
    return found
