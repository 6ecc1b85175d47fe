"""What the tests of stores share: factories for the contracts, desks on every backend, statements as they are said."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import event

import csdomain
from backends import BACKENDS as BACKENDS
from backends import SQL as SQL
from csdomain.desk import Desk
from csdomain.kernel.store.ports import OpenStore
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage
from csdomain.testing import MovableClock, SequentialIds, StoreFactory, no_holidays
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql.store import open_store as open_sql
from csdomain_adapters.sql.tables import Schema

#: Nothing here outlives a power cut.
FAST: Mapping[str, Mapping[str, Any]] = {"sqlite": {"synchronous": "OFF"}, "postgresql": {}, "mariadb": {}}

made_tables: set[tuple[str, str]] = set()


def sql_factory(url: str) -> StoreFactory:
    """Opens stores at ``url``, with tables for whatever they are opened with."""

    def open_store(kinds: Sequence[Stored], backstage: Backstage) -> OpenStore:
        store = open_sql(url, kinds, backstage, {"upgrade": True, **FAST[url.partition(":")[0].partition("+")[0]]})
        wanted = (url, ",".join(kind.table for kind in kinds))
        if wanted not in made_tables:
            Schema(kinds).meta.create_all(store.engine)
            made_tables.add(wanted)
        return store

    return open_store


class Desks:
    """Opens desks with a clock and ids that tests hold in their hands."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        self.clean = clean
        self.opened: list[Desk] = []

    def __call__(self, backend: str, **options: Any) -> Desk:
        """A desk on an empty store."""
        return self.at(self.clean(backend), **options)

    def at(self, url: str, **options: Any) -> Desk:
        """A desk on what is at ``url``."""
        options.setdefault("clock", MovableClock())
        options.setdefault("ids", SequentialIds())
        options.setdefault("holidays", no_holidays())
        options.setdefault("strict_locks", True)
        fast = FAST.get(url.partition(":")[0].partition("+")[0], {})
        desk = csdomain.open(url, **fast, **options)
        self.opened.append(desk)
        return desk


class Statements:
    """What a SQL store says to its database, transaction control aside."""

    def __init__(self, store: OpenStore) -> None:
        assert isinstance(store, SqlStore)
        self.said: list[str] = []
        event.listen(store.engine, "before_cursor_execute", self._hear)

    def _hear(self, _c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SET TRANSACTION")):
            verb = statement.split()[0]
            # Of a question the table at the end: before it there may be a question within.
            table = re.search(r"(?:INTO |UPDATE |.*FROM )(csd_\w+)", statement, re.DOTALL)
            self.said.append(f"{verb}{' INTO' if verb == 'INSERT' else ''} {table[1] if table else '?'}")

    def of(self, work: Callable[[], object]) -> list[str]:
        """The statements of ``work``, each by its verb and table."""
        self.said.clear()
        work()
        return list(self.said)
