"""A store on the connections of a host's framework: it opens none, and begins and ends through the host (D11).

What frameworks reach by the entry points ``csdomain.hosted``: a store, and tables on a connection of theirs.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, StoreFailure, UnitWithinUnit
from csdomain.kernel.store.ports import Call, Refusal, Store, Unit
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage, Joined, StandardUnit
from csdomain_adapters.telling import log_refusal, observed

from .dialects import clear_journal_of, make_engine, translate
from .guests import Guests, in_transaction
from .kinds import add_missing_on
from .migrate import HEAD, Direction, migrate_within, revision_on
from .session import SqlSession
from .statements import Statements
from .store import JOURNAL_HELD, HostStore, SchemaOutdated, begin_again
from .tables import Schema

R = TypeVar("R")
#: By the dialect: an address that nothing connects to, and what SQLAlchemy must not ask a host's connection for.
_DIALECTS: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "sqlite": ("sqlite://", {}),
    "postgresql": ("postgresql+psycopg://", {"use_native_hstore": False}),
}
_log: Final = logging.getLogger("csdomain.sql")


class Host(Protocol):
    """What a framework offers of the database that it is on."""

    #: What its own statements raise, BEGIN and COMMIT too; the driver's error is the ``__cause__``.
    error: type[Exception]
    #: The command that makes the tables.
    migrating: str

    def database(self) -> str:
        """Which database its connections lead to now; tests lead them elsewhere."""
        ...

    def inside(self) -> bool:
        """Whether a transaction of the host's is open here."""
        ...

    def block(self, *, reading: bool = False) -> AbstractContextManager[Any]:
        """A transaction, or a savepoint in the one that is open; its value is the raw connection of the driver.

        A transaction that is ``reading`` sees one snapshot, never waits for writers, and is rolled back. Where the
        connection is lost, the next transaction is on another.
        """
        ...

    def on_commit(self, then: Callable[[], None], /) -> None:
        """Call ``then`` when what is written here has been committed."""
        ...


class HostedStore:
    """A store on a host's connections. Where a block of the host's is open, a unit is a savepoint in it.

    In a block a refusal is kept with the block; elsewhere after the rollback, as every store does.
    """

    def __init__(self, host: Host, dialect: str, stored: Sequence[Stored], backstage: Backstage) -> None:
        self.host = host
        self._backstage = backstage
        self._guests = guests(dialect)
        self._schema = Schema(stored)
        self._statements = Statements(self._schema.common, dialect)
        self._opening: Callable[[Unit], object] | None = None
        #: The databases whose tables were looked at; those that keep the rulebook besides.
        self._checked: set[str] = set()
        self._settled: set[str] = set()
        self._open: ContextVar[bool] = ContextVar("csdomain_hosted_unit", default=False)

    def opening(self, work: Callable[[Unit], object], /) -> None:
        """Keep ``work`` for the first unit: a host may open a desk before it is settled which database is meant."""
        self._opening = work

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        if self._open.get():
            raise UnitWithinUnit
        token = self._open.set(True)
        try:
            with observed(self._backstage.observer, call):
                return self._unit(lambda unit: Joined(unit).run(work, call), call)
        except RuleBroken as error:
            if error.refusal is not None:
                log_refusal(error.refusal)
                self._keep(error.refusal)
            raise
        finally:
            self._open.reset(token)

    def _keep(self, record: Refusal) -> None:
        try:
            self._unit(lambda unit: unit.session.add_refusal(record))
        except StoreFailure:
            # What was refused matters more to the caller than that nobody will read of it.
            _log.warning("a refusal of %s could not be kept", record.use_case)

    def _unit(self, work: Callable[[StandardUnit], R], call: Call | None = None) -> R:
        """Once in a block of the host's, which must be repeated as a whole; else as often as the database asks for."""
        if self.host.inside():
            return self._once(work)
        return begin_again(lambda sent: self._once(work, sent), call)

    def _once(self, work: Callable[[StandardUnit], R], sent: Callable[[], None] = lambda: None) -> R:
        def whole(raw: Any) -> R:
            session = self._session(raw)
            unit = StandardUnit(session, self._backstage)
            self._settle(unit)
            result = work(unit)
            if session.dead:
                raise StoreFailure(session="dead")
            if session.redacted and self._guests.dialect == "sqlite":
                self.host.on_commit(lambda: _clear(raw))
            sent()
            return result

        return self._in_block(whole)

    def look(self, work: Callable[[Unit], R], /) -> R:
        def once(_: object = None) -> R:
            return self._in_block(lambda raw: work(StandardUnit(self._session(raw), self._backstage)), reading=True)

        return once() if self.host.inside() else begin_again(once, None)

    def _in_block(self, work: Callable[[Any], R], *, reading: bool = False) -> R:
        """Run ``work`` in a block of the host's. What the database says is translated, also at the block's end."""
        try:
            with self.host.block(reading=reading) as raw:
                return work(raw)
        except (DBAPIError, self.host.error) as error:
            said = self._said(error)
            if said is error:
                raise
            raise said from None

    def _said(self, error: Exception) -> Exception:
        if isinstance(error, DBAPIError):
            return translate(error)
        driver: Any = self._guests.driver
        if not isinstance(error.__cause__, driver.Error):
            return error  # the framework's own, of a block that was used wrongly
        wrapped = DBAPIError.instance(None, None, error.__cause__, driver.Error)
        return translate(wrapped) if isinstance(wrapped, DBAPIError) else error

    def _session(self, raw: Any) -> SqlSession:
        connection = self._guests.over(raw)
        self._check(connection)
        return SqlSession(connection, self._schema, self._statements)

    def _check(self, connection: Connection) -> None:
        """That the tables are there, once a database. Raises SchemaOutdated."""
        database = self.host.database()
        if database not in self._checked:
            found = revision_on(connection)
            if found != HEAD:
                how = self.host.migrating
                raise SchemaOutdated(actual=found or "none", expected=HEAD, accepted=Text(how, how))
            self._checked.add(database)

    def _settle(self, unit: StandardUnit) -> None:
        """Keep the rulebook with every unit, until one of them was committed."""
        database = self.host.database()
        if self._opening is not None and database not in self._settled:
            self._opening(unit)
            self.host.on_commit(lambda: self._settled.add(database))

    def within(self, connection: Any, /) -> Store:
        """A view in a transaction that the host has begun on the raw ``connection``, as every SQL store's."""
        guest = self._guests.over(connection)
        unit = StandardUnit(SqlSession(guest, self._schema, self._statements), self._backstage)
        if in_transaction(connection):  # else each use case says so
            self._check(guest)
            self._settle(unit)
        return HostStore(Joined(unit))

    def forget(self) -> None:
        """Look at the tables and keep the rulebook again: they were made or emptied by somebody else."""
        self._checked.clear()
        self._settled.clear()

    def close(self) -> None:
        """Nothing: the connections are the host's."""


def guests(dialect: str) -> Guests:
    """Makes connections of SQLAlchemy over a host's, with a dialect that no connection of our own has seen."""
    address, options = _DIALECTS[dialect]
    return Guests(make_engine(address, options))


def _clear(raw: Any) -> None:
    if not clear_journal_of(raw):
        _log.warning(JOURNAL_HELD)


def migrate(dialect: str, raw: Any, direction: Direction, to: str) -> None:
    """Bring the tables to revision ``to`` (``base``: none), in the transaction that is open on the raw connection."""
    migrate_within(_in_transaction(dialect, raw), direction, to)


def revision(dialect: str, raw: Any) -> str | None:
    """The revision that the database is at, None where it has no tables of ours."""
    return revision_on(_in_transaction(dialect, raw))


def add_missing(dialect: str, raw: Any, stored: Sequence[Stored]) -> tuple[str, ...]:
    """Tables and columns of contexts of others, which no migration of ours makes; their names."""
    return add_missing_on(_in_transaction(dialect, raw), stored)


def _in_transaction(dialect: str, raw: Any) -> Connection:
    connection = guests(dialect).over(raw)
    if not connection.in_transaction():
        connection.begin()  # the guest's: it sends nothing
    return connection
