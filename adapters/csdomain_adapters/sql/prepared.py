"""Statements compiled once for each dialect and then sent as text: what use cases run again and again (D2)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
        self._last: tuple[Dialect | None, _Text | None] = (None, None)

    def rows(self, connection: Connection, parameters: Parameters) -> list[tuple[Any, ...]]:
        """The rows of a query, its values through the types of its columns; send it as :meth:`run` does."""
        found = self.run(connection, parameters)
        processors = self._text(connection.dialect, parameters).processors
        if not processors:
            return [tuple(row) for row in found]
        rows = []
        for row in found:
            values = list(row)
            for place, process in processors:
                values[place] = process(values[place])
            rows.append(tuple(values))
        return rows

    def run(self, connection: Connection, parameters: Parameters | list[Parameters]) -> CursorResult[Any]:
        """Send it on ``connection``, once or for each of several rows, which always have the same names."""
        rows = parameters if isinstance(parameters, list) else [parameters]
        text = self._text(connection.dialect, rows[0])
        bound = [text.bind(row) for row in rows]
        return connection.exec_driver_sql(text.sql, bound if len(bound) > 1 else bound[0])

    def _text(self, dialect: Dialect, names: Iterable[str]) -> "_Text":
        last, text = self._last  # read at once: threads share a statement
        if text is None or last is not dialect:
            text = self._texts.get(dialect)
            if text is None:
                text = self._texts[dialect] = _Text(self._statement, dialect, list(names))
            self._last = (dialect, text)
        return text


class _Text:
    def __init__(self, statement: ClauseElement, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        self.sql = str(compiled)
        # What a dialect adds by itself, such as SQLite's OFFSET 0.
        self._added = {name: value for name, value in compiled.params.items() if name not in names}
        self._named = compiled.positiontup is None
        converters = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        columns = enumerate(getattr(statement, "selected_columns", ()))
        made = [(place, column.type.dialect_impl(dialect).result_processor(dialect, None)) for place, column in columns]
        self.processors = [(place, process) for place, process in made if process is not None]
        self._plan: list[tuple[str, Callable[[Any], Any] | None]] = [
            (name, converters[name]) for name in (compiled.positiontup or compiled.binds)
        ]

    def bind(self, row: Parameters) -> Any:
        if self._added:
            row = {**self._added, **row}
        if self._named:
            return {name: row[name] if convert is None else convert(row[name]) for name, convert in self._plan}
        return tuple([row[name] if convert is None else convert(row[name]) for name, convert in self._plan])
