"""What somebody with the database's password does: a stored case is changed behind everybody's back."""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import text

from csdomain import Desk
from csdomain.complaints.case import COMPLAINTS
from csdomain_adapters.memory import MemoryStore
from csdomain_adapters.sql import SqlStore

Change = Callable[[dict[str, Any]], object]


def tamper(desk: Desk, id: str, change: Change) -> Callable[[], None]:
    """Change the stored body of a complaint; what is returned puts it back. AssertionError where nothing changed."""
    store = desk.store
    if isinstance(store, SqlStore):
        engine = store.engine

        def write(body: bytes) -> None:
            with engine.begin() as connection:
                connection.execute(
                    text("update csd_complaint set body = :body where id = :id"), {"body": body, "id": id}
                )

        with engine.begin() as connection:
            row = connection.execute(text("select body from csd_complaint where id = :id"), {"id": id})
            sound = bytes(row.scalar_one())
        data = orjson.loads(sound)
        change(data)
        assert data != orjson.loads(sound), "nothing was changed"
        write(orjson.dumps(data))
        return lambda: write(sound)
    assert isinstance(store, MemoryStore)
    stored = store._tables.aggregates[COMPLAINTS.table]
    before = stored[id]
    plain = orjson.loads(before.body)
    changed = orjson.loads(before.body)
    change(changed)
    assert changed != plain, "nothing was changed"
    stored[id] = type(before)(orjson.dumps(changed).decode(), before.schema, before.row)

    def put_back() -> None:
        stored[id] = before

    return put_back
