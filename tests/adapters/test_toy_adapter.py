"""A third party proves adapters of its own: a store in one pickled file and a notifier that spools to a folder.

This is all the code that they need; `docs/how-to` shows the same.
"""

import fcntl
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from csdomain.kernel.rules import PORTS
from csdomain.kernel.rules.errors import DomainError, MissingBackend, StoreFailure
from csdomain.kernel.store.ports import Call, DeliveryFailed, Notifier, Queued, Store, Unit
from csdomain.kernel.store.unit import Backstage, StandardUnit, perform, refused
from csdomain.testing import Ability, NotifierContract, StoreContract, StoreFactory
from csdomain_adapters.memory.session import MemorySession, Tables

R = TypeVar("R")


class PickleStore:
    """Everything in one file, read whole and written whole: durable, and slow on purpose."""

    def __init__(self, path: Path, backstage: Backstage) -> None:
        self.path = path
        self.backstage = backstage

    @contextmanager
    def _tables(self) -> Iterator[Tables]:
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tables = self._read()
            yield tables
            fresh = self.path.with_suffix(".new")
            fresh.write_bytes(pickle.dumps(tables))
            fresh.replace(self.path)

    def _read(self) -> Tables:
        if not self.path.exists():
            return Tables()
        tables: Tables = pickle.loads(self.path.read_bytes())  # noqa: S301 - our own
        return tables

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        began, outcome = time.perf_counter(), "ok"
        try:
            with self._tables() as tables:  # an error inside: nothing is written
                session = MemorySession(tables)
                result = perform(session, self.backstage, work, call)
                if session.dead:
                    raise StoreFailure(session="dead")
                return result
        except BaseException as error:
            outcome = error.code if isinstance(error, DomainError) else type(error).__name__
            record = refused(call, error)
            if record is not None:
                with self._tables() as tables:
                    MemorySession(tables).add_refusal(record)
            raise
        finally:
            if self.backstage.observer is not None:
                self.backstage.observer("" if call is None else call.use_case, time.perf_counter() - began, outcome)

    def look(self, work: Callable[[Unit], R], /) -> R:
        return work(StandardUnit(MemorySession(self._read()), self.backstage))

    def within(self, connection: Any, /) -> Store:
        raise MissingBackend(store="pickle", ability="host transactions")

    def close(self) -> None: ...


@pytest.mark.rule(PORTS)
class TestPickleStore(StoreContract):
    abilities = frozenset({Ability.DURABLE, Ability.READS_BESIDE_A_WRITER})

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> StoreFactory:
        return lambda _kinds, backstage: PickleStore(tmp_path / "desk.pickle", backstage)


class Spool:
    """A file a message, named by its key: what comes again is the same file."""

    idempotent = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Queued, /) -> None:
        path = self.folder / message.key.encode().hex()
        try:
            path.write_text(f"{message.occasion} {message.to}")
        except OSError as error:
            raise DeliveryFailed(definite=False, why=os.strerror(error.errno or 0)) from None


@pytest.mark.rule(PORTS)
class TestSpool(NotifierContract):
    @pytest.fixture
    def notifier(self, tmp_path: Path) -> Notifier:
        return Spool(tmp_path)

    @pytest.fixture
    def delivered(self, tmp_path: Path) -> Callable[[], Mapping[str, int]]:
        return lambda: {bytes.fromhex(path.name).decode(): 1 for path in tmp_path.iterdir()}

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Notifier:
        return Spool(tmp_path / "missing")
