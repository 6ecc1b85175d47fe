"""A host's raw connection, of the store's own driver, as a SQLAlchemy connection that can begin and end nothing (D11).

A pool or an engine's events would greet the connection as a new one: SQLAlchemy looks at the server and then rolls
back, and sets functions and handlers of its own. So there is neither; a bare engine only lends its dialect.
"""

import sqlite3
from typing import Any, Final, NoReturn

from sqlalchemy import Connection, Engine, NullPool
from sqlalchemy.pool import PoolProxiedConnection

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import MissingBackend, StoreFailure

#: pymysql's flag for a transaction that is open on the server.
_MARIADB_IN_TRANSACTION: Final = 1


class NoTransaction(StoreFailure):
    """The host's connection commits each statement by itself: a use case on it would be written in pieces."""

    problem = Text("The host's connection is not in a transaction.", "宿主的连接不在事务中。")


class Guest(PoolProxiedConnection):
    """What SQLAlchemy gets in place of a pooled connection: cursors on the host's, whose end it cannot bring about."""

    is_valid = True
    is_detached = True

    def __init__(self, raw: Any) -> None:
        self.dbapi_connection = raw
        self.info: dict[Any, Any] = {}

    @property
    def driver_connection(self) -> Any:  # type: ignore[override]  # declared as an attribute, served by a property
        """The host's connection."""
        return self.dbapi_connection

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """The driver's plain cursor with plain rows, whatever the host's connection is set to. Raises NoTransaction."""
        raw: Any = self.dbapi_connection
        if not in_transaction(raw):
            raise NoTransaction(
                driver=type(raw).__module__.partition(".")[0],
                accepted=Text("a connection on which a transaction has begun", "已开始事务的连接"),
            )
        if isinstance(raw, sqlite3.Connection):
            return sqlite3.Cursor(raw)  # not the host's own kind, which may have other placeholders or rows
        if hasattr(raw, "row_factory"):
            import psycopg

            return psycopg.Cursor(raw, row_factory=psycopg.rows.tuple_row)
        from pymysql.cursors import Cursor

        return raw.cursor(Cursor)

    def commit(self) -> None:
        """Nothing: the host commits."""

    def rollback(self) -> None:
        """Nothing: the host rolls back."""

    def close(self) -> None:
        """Nothing: the host closes."""

    def invalidate(self, e: BaseException | None = None, soft: bool = False) -> None:
        """Nothing: the host finds out by itself."""

    def __getattr__(self, key: str) -> Any:
        return getattr(self.dbapi_connection, key)  # `closed` and the like, which dialects ask for


def in_transaction(raw: Any) -> bool:
    """Whether what is said on a raw connection is in a transaction, or begins one."""
    if isinstance(raw, sqlite3.Connection):
        by_itself = raw.isolation_level is None or getattr(raw, "autocommit", None) is True
        return raw.in_transaction or not by_itself
    if hasattr(raw, "info"):  # psycopg; 0 is idle
        return not raw.autocommit or bool(raw.info.transaction_status)
    return not raw.get_autocommit() or bool(raw.server_status & _MARIADB_IN_TRANSACTION)


class Guests:
    """Makes connections of SQLAlchemy over raw ones, with the dialect of an engine that has seen its server."""

    def __init__(self, engine: Engine) -> None:
        # Without the engine's events, one of which begins transactions.
        self._bare = Engine(NullPool(_no_connection), engine.dialect, engine.url, hide_parameters=True)
        self.dialect: str = engine.dialect.name
        self.driver: Any = engine.dialect.dbapi

    def over(self, raw: Any) -> Connection:
        """A connection over ``raw``. Raises MissingBackend where that is none of the store's own driver."""
        if not isinstance(raw, self.driver.Connection):
            name = self.driver.__name__.partition(".")[0]
            raise MissingBackend(
                store=self.dialect,
                given=type(raw).__name__,
                accepted=Text(
                    f"a Connection of SQLAlchemy or of {name}", f"SQLAlchemy 的 Connection，或 {name} 的连接"
                ),
            )
        connection = Connection(self._bare, Guest(raw))
        if self._bare.dialect.server_version_info is None and in_transaction(raw):
            self._bare.dialect.initialize(connection)  # no connection of the engine's own has seen the server
        return connection


def _no_connection() -> NoReturn:
    raise NotImplementedError
