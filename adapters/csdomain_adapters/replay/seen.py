"""Remembers which cases are finished in bounded memory: the latest in a set, the rest in a file that SQLite deletes."""

import sqlite3
from typing import Final, Self

#: Ids that are held in memory: about 3 MB.
IN_MEMORY: Final = 25_000
_CACHE_KIB: Final = 8192


def scratch() -> sqlite3.Connection:
    """A database in a temporary file without a name, which is gone with the process; nothing in it survives a crash."""
    database = sqlite3.connect("", isolation_level=None)
    database.execute("pragma journal_mode = off")
    database.execute("pragma synchronous = off")
    database.execute(f"pragma cache_size = -{_CACHE_KIB}")
    return database


class SeenOnDisk:
    """The ids of finished cases. Exact; the file is temporary, without a name, and gone with the process.

    The port is :class:`csdomain.reporting.replay.SeenCases`. Use it as a context manager, or :meth:`close` it.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._most = in_memory
        self._recent: set[str] = set()
        self._disk: sqlite3.Connection | None = None

    def add(self, case: str, /) -> None:
        """Remember a case."""
        self._recent.add(case)
        if len(self._recent) >= self._most:
            self._spill()

    def __contains__(self, case: object, /) -> bool:
        if case in self._recent:
            return True
        if self._disk is None:
            return False
        return self._disk.execute("select 1 from seen where id = ?", (case,)).fetchone() is not None

    def _spill(self) -> None:
        if self._disk is None:
            self._disk = scratch()
            self._disk.execute("create table seen (id text primary key) without rowid")
        self._disk.execute("begin")
        self._disk.executemany("insert or ignore into seen values (?)", ((case,) for case in sorted(self._recent)))
        self._disk.execute("commit")
        self._recent.clear()

    def close(self) -> None:
        """Forget everything."""
        self._recent.clear()
        if self._disk is not None:
            self._disk.close()
            self._disk = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
