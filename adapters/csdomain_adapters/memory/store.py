"""One unit at a time over tables in memory."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from csdomain.kernel.rules.errors import MissingBackend, StoreFailure, UnitWithinUnit, fact_labels
from csdomain.kernel.store.ports import Call, Store, Unit
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage, StandardUnit, perform, refused
from csdomain.kernel.values.arguments import unexpected_keyword
from csdomain_adapters.telling import log_refusal, observed

from .session import MemorySession, Tables

fact_labels({"ability": "能力", "session": "会话", "store": "存储"})
R = TypeVar("R")


class MemoryStore:
    """Everything in memory; units run one after the other, so nothing ever conflicts."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._tables = Tables()
        self._lock = threading.RLock()
        self._open = False

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        with observed(self._backstage.observer, call), self._lock:
            if self._open:  # by this very thread: others wait
                raise UnitWithinUnit
            self._open = True
            session = MemorySession(self._tables)
            try:
                result = perform(session, self._backstage, work, call)
                if session.dead:
                    raise StoreFailure(session="dead")
                return result
            except BaseException as error:
                session.rollback()
                record = refused(call, error)
                if record is not None:
                    log_refusal(record)
                    MemorySession(self._tables).add_refusal(record)
                raise
            finally:
                self._open = False

    def look(self, work: Callable[[Unit], R], /) -> R:
        with self._lock:
            session = MemorySession(self._tables)
            try:
                return work(StandardUnit(session, self._backstage))
            finally:
                session.rollback()

    def within(self, connection: Any, /) -> Store:
        raise MissingBackend(store="memory", ability="host transactions")

    def close(self) -> None:
        """Nothing to close."""


def open_store(url: str, stored: Sequence[Stored], backstage: Backstage, options: Mapping[str, object]) -> MemoryStore:
    """A new, empty store for ``memory:``. Raises TypeError for any option but ``upgrade``, which changes nothing."""
    for name in options.keys() - {"upgrade"}:
        raise unexpected_keyword("csdomain.open", name, ("upgrade",))
    return MemoryStore(backstage)
