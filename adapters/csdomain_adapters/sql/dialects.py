"""What differs between databases: how connections begin, and what their errors mean (D4, storage facts)."""

import logging
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.pool import StaticPool

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import (
    Conflict,
    ConnectionLost,
    DomainError,
    InvalidValue,
    MissingBackend,
    StoreBusy,
    StoreFailure,
    fact_labels,
)

from .columns import CHAIN_INDEX

fact_labels({"database": "数据库", "driver": "驱动", "option": "选项"})

MARIADB: Final = "mariadb"
#: Execution option of connections that only read.
READING: Final = "csdomain_reading"
_RETRY_SQLSTATES: Final = {"40001", "40P01", "55P03"}
_RETRY_MYSQL: Final = {1213, 1205, 1020}
#: The server goes down or comes up.
_LOST_SQLSTATES: Final = {"57P01", "57P02", "57P03"}
#: It goes down, this connection was killed; nobody listens.
_LOST_MYSQL: Final = {1053, 1927, 2002, 2003}
_RETRY_SQLITE: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
#: What a database names where another appended to the same trail first: the chain is read anew.
_CHAIN: Final = (CHAIN_INDEX, "csd_audit.place")
_SYNCHRONOUS: Final = {"FULL", "NORMAL", "OFF"}
BUSY_SECONDS: Final = 30
#: How long erasing waits for readers before it leaves the journal to the next.
_JOURNAL_MILLIS: Final = 1_000
#: MariaDB before it has no SKIP LOCKED.
OLDEST_MARIADB: Final = (10, 6)
#: Whatever the server is set to: what does not fit is an error, and no table gets an engine without transactions.
_SQL_MODE: Final = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
#: A server hangs up on idle connections (after eight hours where nobody says otherwise); ours are renewed long before.
_IDLE_SECONDS: Final = 28_800
_RENEWED_SECONDS: Final = 3_600


class UnknownOption(InvalidValue):
    """An option that this store does not have, or a value that it does not take."""

    default_rule = PORTS
    problem = Text("The store does not have this option.", "存储没有此选项。")


class UnsupportedServer(StoreFailure):
    """The server is not one that csdomain promises to work on: MySQL where MariaDB is meant, or a MariaDB too old."""

    problem = Text("The database server is not supported.", "不支持此数据库服务器。")


def make_engine(url: str, options: Mapping[str, object]) -> Engine:
    """An engine for ``url`` with csdomain's way of beginning transactions.

    ``synchronous`` (SQLite): ``FULL`` (the default) survives a power cut, ``NORMAL`` is faster and survives a crash of
    the process; ``busy_seconds`` (SQLite, MariaDB) is how long a writer waits for another. Other options go to
    ``create_engine``. Raises UnknownOption, MissingBackend; connecting raises UnsupportedServer.
    """
    rest = {"hide_parameters": True, "logging_name": "csdomain", **options}  # also where a host turns on ``echo``
    # The store ends every transaction itself; a connection that is given back would be rolled back once more, which
    # is a round trip to MariaDB.
    rest.setdefault("pool_reset_on_return", None)
    synchronous = rest.pop("synchronous", "FULL")
    busy = rest.pop("busy_seconds", BUSY_SECONDS)
    if synchronous not in _SYNCHRONOUS:
        known = ", ".join(sorted(_SYNCHRONOUS))
        raise UnknownOption(option="synchronous", accepted=Text(known, known))
    if not isinstance(busy, int) or busy < 0:
        raise UnknownOption(option="busy_seconds", accepted=Text("seconds, an integer ≥ 0", "秒数，≥ 0 的整数"))
    address = make_url(url)
    backend = address.get_backend_name()
    if backend == "sqlite":
        rest.setdefault("connect_args", {"timeout": busy, "check_same_thread": False})
        if address.database in (None, "", ":memory:"):
            rest.setdefault("poolclass", StaticPool)
    elif backend == MARIADB:
        if address.drivername == MARIADB:
            address = address.set(drivername="mariadb+pymysql")
        rest["connect_args"] = {**cast("dict[str, object]", rest.get("connect_args", {})), "charset": "utf8mb4"}
        rest.setdefault("pool_recycle", _RENEWED_SECONDS)
    try:
        engine = create_engine(address, **rest)
    except ImportError as error:
        install = f"pip install 'csdomain[{backend}]'"
        raise MissingBackend(driver=error.name or "", accepted=Text(install, install)) from None
    logging.getLogger(f"sqlalchemy.engine.Engine.{rest['logging_name']}").addFilter(_without_rows)
    if backend == "sqlite":
        _prepare_sqlite(engine, str(synchronous))
    elif backend == MARIADB:
        _prepare_mariadb(engine, busy)
    return engine


def _without_rows(record: logging.LogRecord) -> bool:
    """At DEBUG SQLAlchemy logs the rows that it reads: bodies of cases, which no erasing finds again (KRN-14)."""
    return record.levelno > logging.DEBUG


def _prepare_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        connection.execute(f"pragma synchronous={synchronous}")
        connection.execute("pragma foreign_keys=on")
        # What was erased must not be found in free pages; most builds leave it there unless told.
        connection.execute("pragma secure_delete=on")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once, whatever the busy timeout.
        reading = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def clear_journal(engine: Engine) -> bool:
    """Write SQLite's write-ahead log back and empty it, so that it does not keep what was erased (KRN-14).

    Whether nothing is left in it: a reader that goes on keeps it as it is. Other databases clean up by themselves.
    """
    if engine.dialect.name != "sqlite":
        return True
    with closing(engine.raw_connection()) as connection:
        return clear_journal_of(connection)


def clear_journal_of(connection: Any) -> bool:
    """The same on a raw connection of SQLite's that is in no transaction."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("pragma busy_timeout")
        ((wait,),) = cursor.fetchall()
        cursor.execute(f"pragma busy_timeout={min(wait, _JOURNAL_MILLIS)}")
        try:
            cursor.execute("pragma wal_checkpoint(truncate)")
            ((busy, _, _),) = cursor.fetchall()
            return not busy
        except sqlite3.OperationalError:  # a reader on this very connection
            return False
        finally:
            cursor.execute(f"pragma busy_timeout={wait}")


def _prepare_mariadb(engine: Engine, busy: int) -> None:
    # Before SQLAlchemy's own first look at the server, which knows MySQL by an error without a name.
    @event.listens_for(engine, "connect", insert=True)
    def connect(connection: Any, _record: object) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute("select version()")
            _check_mariadb(str(cursor.fetchone()[0]))
            # READ COMMITTED, as PostgreSQL has it: no locks on the gaps between rows, and a read after waiting for a
            # lock sees what the other has written.
            cursor.execute("set session transaction isolation level read committed")
            cursor.execute(
                f"set session sql_mode = '{_SQL_MODE}', wait_timeout = {_IDLE_SECONDS},"
                f" innodb_lock_wait_timeout = {busy}, lock_wait_timeout = {busy}"
            )


def _check_mariadb(version: str) -> None:
    """Raises UnsupportedServer."""
    found = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)", version)
    if "mariadb" not in version.lower() or found is None or (int(found[1]), int(found[2])) < OLDEST_MARIADB:
        oldest = ".".join(map(str, OLDEST_MARIADB))
        raise UnsupportedServer(actual=version, accepted=Text(f"MariaDB ≥ {oldest}", f"MariaDB ≥ {oldest}"))


def reading(engine: Engine) -> Engine:
    """A view of ``engine`` for transactions that only read: each sees one snapshot, and none waits for writers."""
    options: dict[str, object] = {READING: True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    return engine.execution_options(**options)


def begin_reading(connection: Connection) -> None:
    """Begin a transaction that only reads.

    No event of the engine does it on MariaDB: with one, SQLAlchemy asks for listeners at each statement.
    """
    connection.begin()
    if connection.dialect.name == MARIADB:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # for this one only


def transient(error: StatementError) -> bool:
    """Whether the whole use case may succeed in a new transaction: deadlock, serialization failure, lock time-out."""
    original: Any = error.orig
    if isinstance(original, sqlite3.Error):
        return (getattr(original, "sqlite_errorcode", 0) & 0xFF) in _RETRY_SQLITE
    if getattr(original, "sqlstate", None) in _RETRY_SQLSTATES:
        return True
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    return bool(arguments) and arguments[0] in _RETRY_MYSQL


def lost(error: StatementError) -> bool:
    """Whether there is nobody at the other end: the server could not be reached, or this connection was cut."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    original: Any = error.orig
    if hasattr(original, "sqlstate"):
        # psycopg learns no code where connecting failed, for whatever reason.
        known = original.sqlstate
        return isinstance(error, OperationalError) and (known is None or known in _LOST_SQLSTATES)
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    return bool(arguments) and arguments[0] in _LOST_MYSQL


def translate(error: StatementError) -> DomainError:
    """The error for callers: never with the driver's message, which quotes values (KRN-14)."""
    original: Any = error.orig
    if isinstance(original, DomainError):  # a value that a column type refused
        return original
    code = str(
        next((a for a in getattr(original, "args", ()) if isinstance(a, int)), None)  # MariaDB's says more
        or getattr(original, "sqlstate", None)
        or getattr(original, "sqlite_errorname", None)
        or ""
    )
    if lost(error):
        return ConnectionLost(database=code or type(original).__name__)
    if transient(error):
        return StoreBusy(database=code)
    if isinstance(error, IntegrityError):
        if any(name in str(original) for name in _CHAIN):
            return StoreBusy(database=code)
        return Conflict(database=code, accepted=Text("values that no other record has", "其他记录未使用的值"))
    return StoreFailure(database=code or type(original).__name__)
