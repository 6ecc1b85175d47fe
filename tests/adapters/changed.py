"""Everything of a store that somebody can change behind its back, one thing at a time; and how to put it back."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import attrs
import orjson
from sqlalchemy import Table

from csdomain import Desk
from csdomain.desk import kinds
from csdomain_adapters.memory import MemoryStore
from csdomain_adapters.memory.session import Tables
from csdomain_adapters.sql import SqlStore

#: Which subject a change is to, what it does, and the change: it gives back what undoes it.
Change = tuple[str, str, Callable[[], Callable[[], object]]]


def changes(desk: Desk) -> Iterator[Change]:
    """Every change of one stored thing."""
    store = desk.store
    return _in_memory(store._tables) if isinstance(store, MemoryStore) else _in_sql(store)  # type: ignore[arg-type]


def bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """A body with one thing changed or gone."""
    data = orjson.loads(body)

    def walk(node: Any, path: str) -> Iterator[tuple[str, bytes]]:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            value = node[key]
            node[key] = other(value)
            yield f"{path}.{key}", orjson.dumps(data)
            node[key] = value
            if isinstance(value, dict | list):
                yield from walk(value, f"{path}.{key}")
            if isinstance(node, dict):
                rest = dict(node)
                del node[key]
                yield f"{path}.{key} gone", orjson.dumps(data)
                node.clear()
                node.update(rest)

    return walk(data, "body")


def other(value: Any) -> Any:
    """Something else of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, str):
        return value[:-1] + ("1" if value[-1:] == "0" else "0") if value else "0"
    if isinstance(value, dict):
        return {**value, "0": 1}
    return [*value, 0] if isinstance(value, list) else 7 if value is None else None


# --- on a database
def _in_sql(store: SqlStore) -> Iterator[Change]:
    schema = store._schema
    common = schema.common
    for table in (common.audit, common.timer, *(schema.of(kind).table for kind in kinds())):
        key = "id" if "id" in table.c else "subject"
        with store.engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(table.select()).mappings()]
        for row in rows:
            for name, values in _values(table, row):
                yield str(row[key]), f"{table.name}.{name}", partial(_rewrite, store, table, row, values)
            yield str(row[key]), f"{table.name} gone", partial(_rewrite, store, table, row, None)
        for row in rows:
            again = _again(table, row)
            yield str(row[key]), f"{table.name} added", partial(_insert, store, table, again)
        if table is common.audit:
            pairs = pairwise(sorted(rows, key=lambda row: (row["subject"], row["seq"])))
            for first, second in (pair for pair in pairs if pair[0][key] == pair[1][key]):
                yield str(first[key]), f"{table.name} swapped", partial(_swap, store, table, first, second)


def _values(table: Table, row: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for column in table.columns:
        value = row[column.name]
        if column.name == "seq":  # by itself it says nothing: only the order counts
            continue
        if column.name == "body":
            yield from ((name, {"body": body}) for name, body in bodies(bytes(value)))
        elif isinstance(value, bytes):
            yield column.name, {column.name: value + b" "}
        elif hasattr(value, "year"):
            yield column.name, {column.name: value.replace(year=value.year + 1)}
        elif value is None:
            kind = column.type.python_type
            held = {str: "0", int: 7, bool: False, bytes: b"{}"}.get(kind)
            if held is not None:
                yield column.name, {column.name: held}
        else:
            yield column.name, {column.name: other(value)}
            if column.nullable:
                yield f"{column.name} gone", {column.name: None}


def _again(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    fresh = {"seq": 1_000_000, "event_id": "evt_again", "position": None, "id": f"{row.get('id')}0", "name": "again"}
    again = {**row, **{name: value for name, value in fresh.items() if name in table.c}}
    if "place" in again:
        again["place"] += 1_000
    for index in table.indexes:
        if index.unique and "subject" not in index.columns:
            again |= dict.fromkeys(index.columns.keys())
    return again


def _keyed(table: Table, row: Mapping[str, Any]) -> list[Any]:
    return [column == row[column.name] for column in table.primary_key.columns]


def _rewrite(
    store: SqlStore, table: Table, row: Mapping[str, Any], values: Mapping[str, Any] | None
) -> Callable[[], object]:
    with store.engine.begin() as connection:
        if values is None:
            connection.execute(table.delete().where(*_keyed(table, row)))
        else:
            connection.execute(table.update().where(*_keyed(table, row)).values(**values))

    def undo() -> None:
        with store.engine.begin() as connection:
            connection.execute(table.delete().where(*_keyed(table, {**row, **(values or {})})))
            connection.execute(table.insert().values(**row))

    return undo


def _insert(store: SqlStore, table: Table, row: Mapping[str, Any]) -> Callable[[], object]:
    with store.engine.begin() as connection:
        connection.execute(table.insert().values(**row))

    def undo() -> None:
        with store.engine.begin() as connection:
            connection.execute(table.delete().where(*_keyed(table, row)))

    return undo


def _swap(store: SqlStore, table: Table, first: Mapping[str, Any], second: Mapping[str, Any]) -> Callable[[], object]:
    def put(pairs: tuple[tuple[Any, Mapping[str, Any]], ...]) -> None:
        with store.engine.begin() as connection:
            connection.execute(table.delete().where(table.c.seq.in_([first["seq"], second["seq"]])))
            for seq, row in pairs:
                connection.execute(table.insert().values(**{**row, "seq": seq}))

    put(((second["seq"], first), (first["seq"], second)))
    return lambda: put(((first["seq"], first), (second["seq"], second)))


# --- in memory
def _in_memory(tables: Tables) -> Iterator[Change]:
    for place, record in enumerate(tables.audit):
        for field in attrs.fields(type(record)):
            value = getattr(record, field.name)
            changed = {**value, "0": 1} if isinstance(value, Mapping) else _moved(value)
            yield (
                record.subject,
                f"audit.{field.name}",
                partial(_put, tables.audit, place, _evolved(record, field.name, changed)),
            )
        for name in tables.links[place]._fields:
            link = tables.links[place]._replace(**{name: other(getattr(tables.links[place], name))})
            yield record.subject, f"audit.{name}", partial(_put, tables.links, place, link)
        mine = tables.by_subject[record.subject]
        yield (
            record.subject,
            "audit gone",
            partial(_put, tables.by_subject, record.subject, [p for p in mine if p != place]),
        )
        yield record.subject, "audit added", partial(_put, tables.by_subject, record.subject, [*mine, place])
    for subject, places in tables.by_subject.items():
        if len(places) > 1:
            yield subject, "audit swapped", partial(_put, tables.by_subject, subject, [*places[1:], places[0]])
    for key, timer in tables.timers.items():
        for field in attrs.fields(type(timer)):
            value = getattr(timer, field.name)
            if isinstance(value, int | str) or hasattr(value, "year"):
                changed = attrs.evolve(timer, **{field.name: _moved(value)})
                yield key[0], f"timer.{field.name}", partial(_put, tables.timers, key, changed)
        yield key[0], "timer gone", partial(_put, tables.timers, key, None)
        yield key[0], "timer added", partial(_put, tables.timers, (key[0], "again"), attrs.evolve(timer, name="again"))
    for rows in tables.aggregates.values():
        for id, stored in rows.items():
            for name, body in bodies(stored.body.encode()):
                yield id, name, partial(_put, rows, id, attrs.evolve(stored, body=body.decode()))
            for name, value in stored.row.items():
                if name != "id":
                    changed_row = {**stored.row, name: _moved(value)}
                    yield id, name, partial(_put, rows, id, attrs.evolve(stored, row=changed_row))
            yield id, "schema", partial(_put, rows, id, attrs.evolve(stored, schema=stored.schema + 1))
            yield id, "gone", partial(_put, rows, id, None)


def _evolved(record: Any, name: str, value: object) -> Any:
    return attrs.evolve(record, **{name: value})


def _moved(value: Any) -> Any:
    return value.replace(year=value.year + 1) if hasattr(value, "year") else other(value)


def _put(table: Any, key: Any, value: Any) -> Callable[[], object]:
    if isinstance(table, list):
        before = table[key]
        table[key] = value
        return lambda: table.__setitem__(key, before)
    whole = dict(table)
    if value is None:
        del table[key]
    else:
        table[key] = value

    def undo() -> None:
        table.clear()
        table.update(whole)

    return undo
