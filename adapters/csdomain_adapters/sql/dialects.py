"""What differs between databases: how connections begin, and what their errors mean (D4, storage facts)."""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.pool import StaticPool

from csdomain.kernel.errors import Conflict, DomainError, InvalidValue, MissingBackend, StoreBusy, StoreFailure
from csdomain.kernel.rules import PORTS, Text

#: Execution option of connections that only read.
READING: Final = "csdomain_reading"
_RETRY_SQLSTATES: Final = {"40001", "40P01", "55P03"}
_RETRY_MYSQL: Final = {1213, 1205, 1020}
_RETRY_SQLITE: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SYNCHRONOUS: Final = {"FULL", "NORMAL", "OFF"}
BUSY_SECONDS: Final = 30


class UnknownOption(InvalidValue):
    """An option that this store does not have, or a value that it does not take."""

    default_rule = PORTS
    problem = Text("The store does not have this option.", "存储没有此选项。")


def make_engine(url: str, options: Mapping[str, object]) -> Engine:
    """An engine for ``url`` with csdomain's way of beginning transactions.

    ``synchronous`` (SQLite): ``FULL`` (the default) survives a power cut, ``NORMAL`` is faster and survives a crash of
    the process; ``busy_seconds`` is how long a writer waits for another. Other options go to ``create_engine``.
    """
    rest = {"hide_parameters": True, **options}  # also from the logs of a host that turns on ``echo``
    synchronous = rest.pop("synchronous", "FULL")
    busy = rest.pop("busy_seconds", BUSY_SECONDS)
    if synchronous not in _SYNCHRONOUS:
        known = ", ".join(sorted(_SYNCHRONOUS))
        raise UnknownOption(option="synchronous", accepted=Text(known, known))
    if not isinstance(busy, int) or busy < 0:
        raise UnknownOption(option="busy_seconds", accepted=Text("seconds, an integer ≥ 0", "秒数，≥ 0 的整数"))
    sqlite = make_url(url).get_backend_name() == "sqlite"
    if sqlite:
        rest.setdefault("connect_args", {"timeout": busy, "check_same_thread": False})
        if make_url(url).database in (None, "", ":memory:"):
            rest.setdefault("poolclass", StaticPool)
    try:
        engine = create_engine(url, **rest)
    except ImportError as error:
        install = Text("pip install csdomain[postgresql]", "pip install csdomain[postgresql]")
        raise MissingBackend(driver=error.name or "", accepted=install) from None
    if sqlite:
        _prepare_sqlite(engine, str(synchronous))
    return engine


def _prepare_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        connection.execute("pragma journal_mode=wal")
        connection.execute(f"pragma synchronous={synchronous}")
        connection.execute("pragma foreign_keys=on")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once, whatever the busy timeout.
        reading = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def reading(engine: Engine) -> Engine:
    """A view of ``engine`` for transactions that only read: each sees one snapshot, and none waits for writers."""
    options: dict[str, object] = {READING: True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    return engine.execution_options(**options)


def transient(error: StatementError) -> bool:
    """Whether the whole use case may succeed in a new transaction: deadlock, serialization failure, lock time-out."""
    original: Any = error.orig
    if isinstance(original, sqlite3.Error):
        return (getattr(original, "sqlite_errorcode", 0) & 0xFF) in _RETRY_SQLITE
    if getattr(original, "sqlstate", None) in _RETRY_SQLSTATES:
        return True
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    return bool(arguments) and arguments[0] in _RETRY_MYSQL


def translate(error: StatementError) -> DomainError:
    """The error for callers: never with the driver's message, which quotes values (KRN-14)."""
    original: Any = error.orig
    if isinstance(original, DomainError):  # a value that a column type refused
        return original
    code = str(
        getattr(original, "sqlstate", None)
        or getattr(original, "sqlite_errorname", None)
        or next((a for a in getattr(original, "args", ()) if isinstance(a, int)), "")
    )
    if transient(error):
        return StoreBusy(database=code)
    if isinstance(error, IntegrityError):
        return Conflict(database=code, accepted=Text("values that no other record has", "其他记录未使用的值"))
    return StoreFailure(database=code or type(original).__name__)
