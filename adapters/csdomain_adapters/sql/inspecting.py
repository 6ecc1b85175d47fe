"""What a database holds as it is stored, for those who verify it: nothing is read that is not a column or a body."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, func, select, type_coerce

from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.verify import StoredBody, StoredLine, StoredTimer

from .tables import Schema, written

_SAID: Final = "event_id subject actor at name schema move source dest".split()
_REST: Final = "reason facts position place digest salt proof".split()
_TIMER: Final = "state started_at due_at next_at".split()
_INSTANTS: Final = frozenset({"at", "started_at", "due_at", "next_at"})
Execute = Callable[[Any], Any]


class SqlInspector:
    """Reads a database through ``execute``, range by range. Satisfies the kernel's ``Inspector``."""

    def __init__(self, execute: Execute, schema: Schema) -> None:
        self._execute = execute
        self._schema = schema

    def bound(self, kinds: Sequence[Kind[Any]], after: str, rows: int, /) -> str | None:
        common = self._schema.common
        keys = [common.audit.c.subject, common.timer.c.subject, *(self._schema.of(k).table.c.id for k in kinds)]
        ends = [self._execute(select(key).where(key > after).order_by(key).offset(rows).limit(1)) for key in keys]
        return min((end for end in (found.scalar() for found in ends) if end is not None), default=None)

    def lines(self, after: str, until: str | None, /) -> Iterable[StoredLine]:
        a = self._schema.common.audit
        wanted = select(*(_raw(a.c[name]) for name in [*_SAID, *_REST])).where(*_between(a.c.subject, after, until))
        width = len(_SAID)
        for row in self._execute(wanted.order_by(a.c.subject, a.c.seq)):
            reason, facts, position, place, digest, salt, proof = row[width:]
            text, proven = _text(facts), _text(proof)
            yield StoredLine(row[1], tuple(row[:width]), reason, text, position, place, digest, salt, proven)

    def bodies(self, kind: Kind[Any], after: str, until: str | None, /) -> Iterable[StoredBody]:
        stored = self._schema.of(kind)
        table = stored.table
        names = stored.columns
        wanted = [table.c[name] for name in ("id", "version", "schema", "body", *names)]
        for row in self._execute(select(*wanted).where(*_between(table.c.id, after, until)).order_by(table.c.id)):
            id, version, schema, body = row[:4]
            load = partial(stored.load, id, body, version, schema)
            yield StoredBody(
                id, version, schema, bytes(body), dict(zip(names, row[4:], strict=True)), written(list(row[4:])), load
            )

    def timers(self, after: str, until: str | None, /) -> Iterable[StoredTimer]:
        t = self._schema.common.timer
        wanted = select(*(_raw(t.c[name]) for name in ["subject", "name", *_TIMER, "body"]))
        wanted = wanted.where(*_between(t.c.subject, after, until)).order_by(t.c.subject, t.c.name)
        for row in self._execute(wanted):
            yield StoredTimer(row[0], row[1], tuple(row[2:-1]), bytes(row[-1]))

    def positions(self) -> tuple[int, int]:
        a = self._schema.common.audit
        row = self._execute(select(func.count(a.c.position), func.max(a.c.position))).one()
        return row[0], row[1] or 0


def _raw(column: Any) -> Any:
    """The column as it is stored: an instant as microseconds."""
    return type_coerce(column, BigInteger) if column.name in _INSTANTS else column


def _text(stored: bytes | None) -> str:
    return "" if stored is None else bytes(stored).decode("utf-8", "surrogateescape")


def _between(key: Any, after: str, until: str | None) -> list[ColumnElement[bool]]:
    return [key > after, *([] if until is None else [key <= until])]
