"""Bringing a database's tables up to date, with Alembic under a version table of our own."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import orjson
from sqlalchemy import Connection, Engine, inspect, text

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import StoreBusy, StoreFailure

from .dialects import MARIADB
from .tables import PREFIX, VERSION_TABLE, ours

if TYPE_CHECKING:
    from alembic.config import Config

Direction = Literal["upgrade", "downgrade"]
#: The newest migration; a test compares it with the scripts.
HEAD: Final = "0021"
_SCRIPTS: Final = Path(__file__).parent / "migrations"
#: Serialises upgrades of one PostgreSQL database; any constant of our own will do.
_LOCK: Final = 4_721_003
#: On MariaDB, while a revision is under way: its one row says which, and what tables were there before.
UNFINISHED_TABLE: Final = PREFIX + "unfinished"
_WAIT_SECONDS: Final = 3_600


class NewerDatabase(StoreFailure):
    """The tables of the database are of a newer csdomain than this one: nothing here can bring them up to date."""

    problem = Text("The database is of a newer csdomain.", "数据库属于更新版本的 csdomain。")


def require_known(found: str | None) -> None:
    """Raises NewerDatabase for a revision that this csdomain does not know."""
    if found is not None and (not found.isdecimal() or found > HEAD):
        accepted = Text("a newer csdomain", "更新版本的 csdomain")
        raise NewerDatabase(actual=found, expected=HEAD, accepted=accepted)


def current(engine: Engine) -> str | None:
    """The revision that the database is at, None where it has no tables of ours.

    On MariaDB, where a revision was cut short and not yet taken up again, it is said to be unfinished.
    """
    with engine.connect() as connection:
        found = revision_on(connection)
        if connection.dialect.name == MARIADB and _is_there(connection, UNFINISHED_TABLE):
            return f"{found or 'none'}, unfinished"
        return found


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision``; nothing happens where it is there. Several processes may do it at once.

    On MariaDB one that was killed half-way is taken up by the next; StoreBusy says that another holds on for an hour.
    """
    if revision in ("head", HEAD) and current(engine) == HEAD:
        return
    if engine.dialect.name == "sqlite":
        # Stays with the file. Never on connecting: who only looks at a file that is not ours leaves it as it is.
        with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("pragma journal_mode=wal")
    _migrate(engine, "upgrade", revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to an older ``revision`` (``base``: none at all). What newer tables hold is lost."""
    _migrate(engine, "downgrade", revision)


def migrate_within(connection: Connection, direction: Direction, revision: str) -> None:
    """Bring the tables to ``revision`` in a transaction that somebody else has begun and will end; not on MariaDB."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    require_known(revision_on(connection))
    _alembic(connection, direction, revision)


def _migrate(engine: Engine, direction: Direction, revision: str) -> None:
    with engine.connect() as connection:
        if connection.dialect.name == MARIADB:
            with _alone(connection):
                require_known(revision_on(connection))
                _finish(connection)
                for step, target in _steps(direction, revision_on(connection), revision):
                    _step(connection, direction, step, target)
            return
        with connection.begin():
            migrate_within(connection, direction, revision)


def revision_on(connection: Connection) -> str | None:
    """The revision that the database of ``connection`` is at, None where it has no tables of ours."""
    if not _is_there(connection, VERSION_TABLE):
        return None
    return connection.execute(text(f"select version_num from {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _is_there(connection: Connection, table: str) -> bool:
    if connection.dialect.name != MARIADB:
        return inspect(connection).has_table(table)
    # SQLAlchemy describes the table there, which fails (1684) where another process is just making or dropping it.
    known = "select 1 from information_schema.tables where table_schema = database() and table_name = :table"
    return connection.execute(text(known), {"table": table}).scalar() is not None


def _config() -> "Config":
    # Imported when it is needed: Alembic costs more than the rest of csdomain together.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    return config


def _alembic(connection: Connection, direction: Direction, revision: str) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    getattr(command, direction)(config, revision)


# --- MariaDB: each DDL statement is a transaction of its own, so a revision can be cut short --------------------------


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """No other process migrates this database meanwhile; the lock ends with the connection, however that ends."""
    database = connection.execute(text("select database()")).scalar() or ""
    name = {"name": f"csdomain {sha256(database.encode()).hexdigest()[:32]}"}  # names of locks are the whole server's
    if connection.execute(text("select get_lock(:name, :wait)"), {**name, "wait": _WAIT_SECONDS}).scalar() != 1:
        raise StoreBusy(database="get_lock")
    connection.commit()
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.rollback()
            connection.execute(text("select release_lock(:name)"), name)


def _steps(direction: Direction, now: str | None, revision: str) -> list[tuple[str, str]]:
    """The revisions to go through, each with the one that the database is at afterwards."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config())
    order = ["base", *(script.revision for script in reversed(list(scripts.walk_revisions())))]
    found = None if revision == "base" else scripts.get_revision(revision)
    here, there = order.index(now or "base"), order.index(found.revision if found else "base")
    if direction == "upgrade":
        return [(step, step) for step in order[here + 1 : there + 1]]
    return [(order[n], order[n - 1]) for n in range(here, there, -1)]


def _step(connection: Connection, direction: Direction, step: str, target: str) -> None:
    before = orjson.dumps(sorted(_ours(connection))).decode()
    connection.execute(
        text(
            f"create table {UNFINISHED_TABLE} (direction varchar(9) not null, step varchar(32) not null,"
            " target varchar(32) not null, tables_before longtext not null) engine=InnoDB"
        )
    )
    connection.execute(
        text(f"insert into {UNFINISHED_TABLE} values (:direction, :step, :target, :before)"),  # noqa: S608
        {"direction": direction, "step": step, "target": target, "before": before},
    )
    connection.commit()
    try:
        _alembic(connection, direction, target)
        connection.commit()
    except Exception:
        connection.rollback()
        if direction == "upgrade" and not connection.invalidated:
            _take_back(connection, set(orjson.loads(before)))
        raise
    connection.execute(text(f"drop table {UNFINISHED_TABLE}"))


def _finish(connection: Connection) -> None:
    """Take back an upgrade, or go through with a downgrade, that was cut short."""
    if not _is_there(connection, UNFINISHED_TABLE):
        return
    row = connection.execute(text(f"select * from {UNFINISHED_TABLE}")).mappings().first()  # noqa: S608 - a constant
    done = row is None or (revision_on(connection) or "base") == row["target"]
    if row is not None and not done:
        if row["direction"] == "upgrade":
            _take_back(connection, set(orjson.loads(row["tables_before"])))
            return
        _alembic(connection, "downgrade", row["target"])
        connection.commit()
    connection.execute(text(f"drop table {UNFINISHED_TABLE}"))


def _take_back(connection: Connection, before: set[str]) -> None:
    """Drop the tables that an unfinished upgrade has made: nobody has used them, no store opens on its way."""
    for table in sorted(_ours(connection) - before):
        connection.execute(text(f"drop table {table}"))
    connection.execute(text(f"drop table {UNFINISHED_TABLE}"))


def _ours(connection: Connection) -> set[str]:
    there = {name for name in inspect(connection).get_table_names() if ours(name)}
    return there - {VERSION_TABLE, UNFINISHED_TABLE}
