"""Statements compiled once for each dialect and then sent as text: what use cases run again and again (D2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql import ClauseElement

Parameters = Mapping[str, Any]


class Prepared:
    """A statement whose way through SQLAlchemy is taken once; each time, that way costs as much as the rest.

    Parameters go through the types of their columns; rows come back as the driver gives them. A host's connection may
    have another driver than the store's own (D11), so each dialect has its own text.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._texts: WeakKeyDictionary[Dialect, _Text] = WeakKeyDictionary()

    def run(self, connection: Connection, parameters: Parameters | Sequence[Parameters]) -> CursorResult[Any]:
        """Send it on ``connection``, once or for each of several rows, which always have the same names."""
        rows = [parameters] if isinstance(parameters, Mapping) else parameters
        text = self._texts.get(connection.dialect)
        if text is None:
            text = self._texts[connection.dialect] = _Text(self._statement, connection.dialect, list(rows[0]))
        bound = [text.bind(row) for row in rows]
        return connection.exec_driver_sql(text.sql, bound if len(bound) > 1 else bound[0])


class _Text:
    def __init__(self, statement: ClauseElement, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        self.sql = str(compiled)
        self._named = compiled.positiontup is None
        converters = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        self._plan: list[tuple[str, Callable[[Any], Any] | None]] = [
            (name, converters[name]) for name in (compiled.positiontup or compiled.binds)
        ]

    def bind(self, row: Parameters) -> Any:
        if self._named:
            return {name: row[name] if convert is None else convert(row[name]) for name, convert in self._plan}
        return tuple([row[name] if convert is None else convert(row[name]) for name, convert in self._plan])
