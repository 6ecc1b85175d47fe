"""Bringing a database's tables up to date, with Alembic under a version table of our own."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from .tables import VERSION_TABLE

#: The newest migration; a test compares it with the scripts.
HEAD: Final = "0002"
_SCRIPTS: Final = Path(__file__).parent / "migrations"
#: Serialises upgrades of one PostgreSQL database; any constant of our own will do.
_LOCK: Final = 4_721_003


def current(engine: Engine) -> str | None:
    """The revision that the database is at, None where it has no tables of ours."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.execute(text(f"select version_num from {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision``; nothing happens where it is there. Several processes may do it at once."""
    if revision in ("head", HEAD) and current(engine) == HEAD:
        return
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        _alembic(connection, "upgrade", revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to an older ``revision`` (``base``: none at all). What newer tables hold is lost."""
    with engine.connect() as connection, connection.begin():
        _alembic(connection, "downgrade", revision)


def _alembic(connection: Connection, direction: str, revision: str) -> None:
    # Imported when it is needed: Alembic costs more than the rest of csdomain together.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    getattr(command, direction)(config, revision)
