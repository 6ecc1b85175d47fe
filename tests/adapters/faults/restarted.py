"""A server that a test brings down and up again, on the same data.

It is the child of a process of its own, the keeper, which hears what to do on its standard input; when that ends, the
test is over or dead, and the keeper clears up. This module is the keeper's program as well as the test's handle on it.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from backends import in_database, note_use
from servers import KINDS, Postgres, Server, mariadb, new_folder

TESTS = Path(__file__).resolve().parents[2]
#: Processes are killed here, and no power is cut: what was written to files is there, and nothing waits for the disk.
#: But a commit is written before it is answered, and a page of which a killed process wrote a half is made good.
SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "postgresql": {"synchronous_commit": "on", "full_page_writes": "on"},
    "mariadb": {"innodb-flush-log-at-trx-commit": "2", "innodb-doublewrite": "1"},
}
#: How each falls. `killed` is SIGKILL to all its processes; `immediate` PostgreSQL's own way of dropping everything.
FALLS: Final[Mapping[str, tuple[str, ...]]] = {
    "postgresql": ("killed", "immediate", "orderly"),
    "mariadb": ("killed", "orderly"),
}
PATIENCE = 60


class Restarted:
    """A server of the test's own, with an empty database at ``url``."""

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def __enter__(self) -> Self:
        paths = os.pathsep.join([str(TESTS), *sys.path])
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), self.backend, json.dumps(SETTINGS[self.backend])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the test
            env={**os.environ, "PYTHONPATH": paths},
        )
        note_use(self.backend)
        url = self._answer()
        self.url = in_database(url, "restarted") if self.backend == "mariadb" else url
        if self.backend == "mariadb":
            mariadb(url, "create database restarted")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def fall(self, how: str) -> None:
        """Bring it down, in one of the ways of FALLS; nothing of it is left when this returns."""
        self._do(how)

    def rise(self) -> None:
        """Start it again on its data, until it answers."""
        self._do("rise")

    def _do(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said, "the keeper is dead"
        answer = json.loads(said)
        assert "error" not in answer, answer["error"]
        return str(answer["url"])


# --- the keeper's side ------------------------------------------------------------------------------------------------


def processes() -> Iterator[tuple[int, int, str]]:
    """Every process: its id, its parent's, its state. From /proc where there is one: a small machine has no ps."""
    if Path("/proc/self/stat").exists():
        for place in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                state, parent, *_ = place.read_text().rpartition(")")[2].split()
                yield int(place.parent.name), int(parent), state
    else:
        said = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
        for line in said.stdout.splitlines():
            pid, parent, state = line.split()
            yield int(pid), int(parent), state


def kill(pid: int) -> None:
    """Kill a process and its children, which postmasters put into sessions of their own."""
    os.kill(pid, signal.SIGSTOP)  # it makes no more of them
    family = {pid, *(child for child, parent, _ in processes() if parent == pid)}
    for member in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    # A server does not start while others use its memory.
    while family & {member for member, _, state in processes() if not state.startswith("Z")}:
        time.sleep(0.005)


def fall(server: Server, how: str) -> None:
    process = server.process
    assert process is not None
    if how == "killed":
        kill(process.pid)
    elif how == "immediate":
        process.send_signal(signal.SIGQUIT)
    elif how == "orderly":
        process.send_signal(signal.SIGINT if isinstance(server, Postgres) else signal.SIGTERM)
    else:
        raise ValueError(how)
    process.wait(PATIENCE)


def keep(backend: str, settings: Mapping[str, str]) -> None:
    """Do what is said, and answer each with an address or an error."""
    folder = new_folder()  # a socket's path is short
    folder.chmod(0o755)
    server = KINDS[backend](folder / backend, settings)

    def answer(what: str) -> dict[str, str]:
        try:
            if what == "start":
                return server.start()
            if what == "rise":
                return server.launch()
            fall(server, what)
            return {"url": ""}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall say it
            log = server.tail() if (server.folder / "log").exists() else ""
            return {"error": f"{what}: {type(error).__name__}: {error}\n{log}"}

    try:
        print(json.dumps(answer("start")), flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(line.strip())), flush=True)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(sys.argv[1], json.loads(sys.argv[2]))
