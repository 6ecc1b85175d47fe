"""What a replay keeps on disk besides ids: events that wait to be sorted, cases that may be opened again."""

import pickle
import sqlite3
from collections.abc import Iterator
from typing import Any, Final, Self

from .seen import scratch

#: Events or cases that are written at a time; cases in memory, about 2 KB each.
_AT_ONCE: Final = 5_000
#: Line, case, activity, time, who.
Event = tuple[int, str, str, str, str]


class Sorted:
    """Events in the order of their keys, those with the same key as they came. Use it as a context manager."""

    def __init__(self) -> None:
        self._disk = scratch()
        self._disk.execute(
            "create table event (place integer primary key, key integer, line integer,"
            " what text, activity text, time text, who text)"
        )
        self._waiting: list[tuple[int, int, str, str, str, str]] = []

    def add(self, key: int, line: int, case: str, activity: str, time: str, who: str) -> None:
        """Keep an event."""
        self._waiting.append((key, line, case, activity, time, who))
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def _write(self) -> None:
        self._disk.execute("begin")
        insert = "insert into event (key, line, what, activity, time, who) values (?, ?, ?, ?, ?, ?)"
        self._disk.executemany(insert, self._waiting)
        self._disk.execute("commit")
        self._waiting.clear()

    def __iter__(self) -> Iterator[Event]:
        self._write()
        yield from self._disk.execute("select line, what, activity, time, who from event order by key, place")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._disk.close()


class RestingOnDisk:
    """Cases in a final state that a move may leave: the latest in memory, the rest on disk.

    The port is :class:`csdomain.reporting.replay.RestingCases`. Use it as a context manager.
    """

    def __init__(self, in_memory: int = _AT_ONCE) -> None:
        self._most = in_memory
        self._recent: dict[str, tuple[Any, ...]] = {}
        self._disk: sqlite3.Connection | None = None

    def put(self, case: str, values: tuple[Any, ...], /) -> None:
        """Keep the values of a case."""
        self._recent[case] = values
        if len(self._recent) >= self._most:
            self._spill()

    def _spill(self) -> None:
        if self._disk is None:
            self._disk = scratch()
            self._disk.execute("create table rest (id text primary key, body blob) without rowid")
        rows = ((case, pickle.dumps(values)) for case, values in sorted(self._recent.items()))
        self._disk.execute("begin")
        self._disk.executemany("insert into rest values (?, ?)", rows)
        self._disk.execute("commit")
        self._recent.clear()

    def take(self, case: str, /) -> tuple[Any, ...] | None:
        """The values of a case, which are then forgotten; None where there are none."""
        if case in self._recent or self._disk is None:
            return self._recent.pop(case, None)
        row = self._disk.execute("delete from rest where id = ? returning body", (case,)).fetchone()
        return None if row is None else _unpickled(row[0])

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        if self._disk is not None:
            for (body,) in self._disk.execute("select body from rest"):
                yield _unpickled(body)
        yield from self._recent.values()

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


def _unpickled(body: bytes) -> tuple[Any, ...]:
    values: tuple[Any, ...] = pickle.loads(body)  # noqa: S301 - written by this very process, to a file of its own
    return values
