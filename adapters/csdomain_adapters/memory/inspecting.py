"""What a store in memory holds, as a database would hold it, for those who verify it."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from csdomain.kernel.store.digests import line_of
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.verify import StoredBody, StoredLine, StoredTimer
from csdomain.kernel.values.codec import canonical

from .encoding import from_body, timer_as_stored, written


class MemoryInspector:
    """Reads the tables of a session. Satisfies the kernel's ``Inspector``."""

    def __init__(self, tables: Any) -> None:  # a session imports this
        self._t = tables

    def bound(self, kinds: Sequence[Kind[Any]], after: str, rows: int, /) -> str | None:
        subjects = {*self._t.by_subject, *(subject for subject, _ in self._t.timers)}
        subjects.update(id for kind in kinds for id in self._t.aggregates[kind.table])
        left = sorted(subject for subject in subjects if subject > after)
        return left[rows] if len(left) > rows else None

    def lines(self, after: str, until: str | None, /) -> Iterable[StoredLine]:
        for subject in sorted(subject for subject in self._t.by_subject if _within(subject, after, until)):
            for place in self._t.by_subject[subject]:
                record, link = self._t.audit[place], self._t.links[place]
                facts, rest = canonical(record.facts), (link.place, link.digest, link.salt, link.proof)
                yield StoredLine(record.subject, line_of(record), record.reason, facts, record.position, *rest)

    def bodies(self, kind: Kind[Any], after: str, until: str | None, /) -> Iterable[StoredBody]:
        for id, stored in self._t.aggregates[kind.table].items():
            if _within(id, after, until):
                columns = {name: value for name, value in stored.row.items() if name not in ("id", "version")}
                version: Any = stored.row["version"]
                load = partial(from_body, kind, stored.body, stored.schema, version)
                yield StoredBody(id, version, stored.schema, stored.body.encode(), columns, written(stored.row), load)

    def timers(self, after: str, until: str | None, /) -> Iterable[StoredTimer]:
        for (subject, name), timer in self._t.timers.items():
            if _within(subject, after, until):
                yield StoredTimer(subject, name, *timer_as_stored(timer))

    def positions(self) -> tuple[int, int]:
        numbered = [record.position for record in self._t.audit if record.position is not None]
        return len(numbered), max(numbered, default=0)


def _within(subject: str, after: str, until: str | None) -> bool:
    return subject > after and (until is None or subject <= until)
