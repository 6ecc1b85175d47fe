"""Real databases for the tests: made on servers that start once a run, and are stopped also when the run is killed.

A run has a folder of its own; the first worker that needs a server starts it there (`servers`). A backend that cannot
be had raises, so the tests that need it fail; they never skip. MariaDB comes with no wheel: where the machine has none,
its tests are not there, and the run's last lines say so; with `CI` set they are there and fail.
"""

import atexit
import contextlib
import fcntl
import itertools
import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

import pytest

from servers import (
    GIVEN_MARIADB,
    KINDS,
    RUN_FOLDER,
    mariadb,
    mariadb_there,
    new_folder,
    plain,
    run_folder,
    server_url,
)

_THERE: Final = ("memory", "sqlite", "postgresql", *(("mariadb",) if mariadb_there() or os.environ.get("CI") else ()))
#: Every backend that a full run must have used; of mutants only those that are no servers, which end with a process.
BACKENDS: Final = tuple(
    name for name in _THERE if name in os.environ.get("CSDOMAIN_TEST_BACKENDS", ",".join(_THERE)).split(",")
)
#: Those that speak SQL; those that are a server.
SQL: Final = BACKENDS[1:]
SERVERS: Final = BACKENDS[2:]


# --- the run's folder -------------------------------------------------------------------------------------------------


class Run:
    """The folder of one test run, held by its main process."""

    def __init__(self) -> None:
        self.folder = new_folder()
        self.folder.chmod(0o755)  # the server runs as another user when we are root
        self.alive: IO[str] = (self.folder / "alive").open("w")
        fcntl.flock(self.alive, fcntl.LOCK_EX)
        os.environ[RUN_FOLDER] = str(self.folder)
        self.owner = os.getpid()
        atexit.register(self.close)

    def close(self) -> None:
        """Let the guard stop its server, and wait for it. Once is enough; a forked child closes nothing."""
        if self.alive.closed or os.getpid() != self.owner:
            return
        os.environ.pop(RUN_FOLDER, None)
        guarded = any(self.folder.glob("guard-*.pid"))
        self.alive.close()
        for _ in range(200 if guarded else 0):
            if not self.folder.exists():
                return
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


def note_use(backend: str) -> None:
    """Remember, for the run's last lines, that a test used ``backend``."""
    (run_folder() / f"used-{backend}").touch()


def used(folder: Path) -> set[str]:
    return {path.name.removeprefix("used-") for path in folder.glob("used-*")}


def described(backend: str) -> str:
    """A backend with its version and where it comes from, as far as it is known before it is needed."""
    if backend == "sqlite":
        return f"sqlite {sqlite3.sqlite_version}"
    if backend in KINDS:
        started = run_folder() / f"{backend}.json"
        if started.exists():
            server = json.loads(started.read_text())
            return f"{backend} {server['version']} ({server['origin']})" if "url" in server else f"{backend} (failed)"
        return f"{backend} (not started)"
    return backend


def left_out() -> Iterator[str]:
    """A line for each backend that this machine does not have."""
    if "mariadb" not in BACKENDS:
        yield f"mariadb: not run, no server (install mariadb-server, or name one in {GIVEN_MARIADB})"


# --- databases --------------------------------------------------------------------------------------------------------

_numbers = itertools.count(1)


def in_database(url: str, database: str) -> str:
    """``url`` with another database's name."""
    return re.sub(r"(://[^/]*/)[^?]*", rf"\g<1>{database}", url, count=1)


def administer(statement: str) -> None:
    import psycopg

    with psycopg.connect(plain(server_url("postgresql")), autocommit=True) as connection:
        connection.execute(statement.encode())


def create_database(template: str = "template0", *, backend: str = "postgresql") -> str:
    """A new database on a server; on PostgreSQL a copy of ``template``, some 25 ms. Returns its address."""
    name = f"csd_{time.time_ns():x}_{os.getpid()}_{next(_numbers)}"  # a given server may hold older ones
    url = server_url(backend)
    if backend == "mariadb":
        mariadb(url, f"create database {name}")
    else:
        administer(f"CREATE DATABASE {name} TEMPLATE {template}")
    note_use(backend)
    return in_database(url, name)


def database_name(url: str) -> str:
    found = re.search(r"://[^/]*/([^?]+)", url)
    assert found, url
    return found[1]


def drop_database(url: str) -> None:
    if url.startswith("mariadb"):
        server, name = server_url("mariadb"), database_name(url)
        for (connection,) in mariadb(server, f"select id from information_schema.processlist where db = '{name}'"):  # noqa: S608
            with contextlib.suppress(Exception):  # it may be gone by itself
                mariadb(server, f"kill {connection}")
        mariadb(server, f"drop database if exists {name}")
        return
    administer(f"DROP DATABASE IF EXISTS {database_name(url)} WITH (FORCE)")


def clear(url: str, *, keep: str = "alembic") -> None:
    """Empty every table of a database but those with ``keep`` in their names: far quicker than a new database.

    For tests that need a clean store hundreds of times (examples of a property): migrate once, clear often.
    """
    if url.startswith("sqlite"):
        path = url.split("///", 1)[1]
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as database:
            names = [r[0] for r in database.execute("select name from sqlite_master where type = 'table'")]
            database.execute("pragma foreign_keys = off")
            for name in names:
                if keep not in name and not name.startswith("sqlite_"):
                    database.execute(f'delete from "{name}"')  # noqa: S608 - names of our own tables
            database.commit()
    elif url.startswith("postgresql"):
        import psycopg

        with psycopg.connect(plain(url), autocommit=True) as connection:
            # DELETE, not TRUNCATE: on tables of a few rows TRUNCATE's new files cost ten times as much.
            rows = connection.execute(
                "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables "
                "where schemaname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            with connection.transaction():
                connection.execute("set local session_replication_role = replica")  # no order among foreign keys
                for (name,) in rows:
                    if keep not in name:
                        connection.execute(f"delete from {name}".encode())  # noqa: S608
    elif url.startswith("mariadb"):
        tables = mariadb(url, "select table_name from information_schema.tables where table_schema = database()")
        mariadb(
            url,
            "set foreign_key_checks = 0",
            *(f"delete from `{name}`" for (name,) in tables if keep not in name),  # noqa: S608 - names of our own tables
        )
    else:
        raise ValueError(f"clear() knows no {url.split(':', 1)[0]}")


# --- fixtures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """`database_url("postgresql")`: the address of a fresh, empty database of a backend; each call makes another."""
    made: list[str] = []

    def fresh(backend: str) -> str:
        if backend not in BACKENDS:
            raise ValueError(f"no backend {backend!r}; there are {', '.join(BACKENDS)}")
        note_use(backend)
        if backend == "memory":
            return "memory://"
        if backend == "sqlite":
            return f"sqlite:///{tmp_path / f'fresh{next(_numbers)}.db'}"
        made.append(create_database(backend=backend))
        return made[-1]

    yield fresh
    for url in made:
        drop_database(url)


@pytest.fixture
def postgresql_url(database_url: Callable[[str], str]) -> str:
    """A fresh, empty PostgreSQL database."""
    return database_url("postgresql")


@pytest.fixture
def mariadb_url(database_url: Callable[[str], str]) -> str:
    """A fresh, empty MariaDB database."""
    return database_url("mariadb")


@pytest.fixture
def sqlite_url(database_url: Callable[[str], str]) -> str:
    """A fresh SQLite file, not yet made."""
    return database_url("sqlite")


@pytest.fixture(scope="session")
def shared_database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """As `database_url`, but one database a backend for this worker's whole run; use with :func:`clear`."""
    made: dict[str, str] = {}

    def shared(backend: str) -> str:
        note_use(backend)
        if backend not in made:
            if backend == "sqlite":
                made[backend] = f"sqlite:///{tmp_path_factory.mktemp('shared') / 'shared.db'}"
            elif backend in KINDS:
                made[backend] = create_database(backend=backend)
            else:
                raise ValueError(f"no shared database of {backend!r}")
        return made[backend]

    yield shared
    for backend, url in made.items():
        if backend in KINDS:
            drop_database(url)
