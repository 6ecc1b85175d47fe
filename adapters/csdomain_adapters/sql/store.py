"""The SQL store: begins, works, commits; retries what the database asks to be retried; audits refusals (D1, D4, D6)."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import (
    ConnectionLost,
    DomainError,
    OutcomeUnknown,
    RuleBroken,
    StoreBusy,
    StoreFailure,
    UnitWithinUnit,
    fact_labels,
)
from csdomain.kernel.store.ports import Call, Refusal, Store, Unit
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage, Joined, StandardUnit, perform, refused
from csdomain_adapters.system import jitter
from csdomain_adapters.telling import log_refusal, observed

from .dialects import begin_reading, clear_journal, make_engine, reading, translate
from .guests import Guests
from .kinds import add_missing
from .migrate import HEAD, current, require_known, upgrade
from .session import SqlSession
from .statements import Statements
from .tables import Schema

fact_labels({"session": "会话", "store": "存储"})
R = TypeVar("R")
ATTEMPTS: Final = 12
#: Where connecting itself takes long to fail, all attempts would take minutes.
PATIENCE_SECONDS: Final = 5.0
_log: Final = logging.getLogger("csdomain.sql")
JOURNAL_HELD: Final = "the journal still holds what was erased: someone reads; the next erasing clears it"


class SchemaOutdated(StoreFailure):
    """The database's tables are not those of this version of csdomain: run ``csdomain db upgrade URL``."""

    problem = Text("The database has tables of another version.", "数据库的表结构版本不符。")


class _Tries:
    """The attempts of a unit that met an error of the database."""

    def __init__(self) -> None:
        self._made = 0
        self._until = 0.0

    def over(self, error: DomainError) -> bool:
        """Whether ``error`` ends it; else this waits before the next attempt."""
        self._made += 1
        if not isinstance(error, (StoreBusy, ConnectionLost)) or self._made >= ATTEMPTS:
            return True
        if isinstance(error, ConnectionLost):
            now = time.monotonic()
            self._until = self._until or now + PATIENCE_SECONDS
            if now > self._until:
                return True
        _log.info("attempt %d of a unit ended with %s; beginning again", self._made, error.code)
        time.sleep(jitter(self._made))
        return False


def _unknown(call: Call | None, error: ConnectionLost) -> OutcomeUnknown:
    facts: dict[str, Any] = dict(error.facts)
    if call is not None:
        facts["use_case"] = call.use_case
        if call.key is not None:
            facts["key"] = call.key
    return OutcomeUnknown(**facts)


def begin_again(once: Callable[[Callable[[], None]], R], call: Call | None) -> R:
    """Run a transaction, again where the database asks for it and where the connection was lost.

    ``once`` is one attempt; it calls what it is given when all that is left is the commit. A commit that was not
    answered may have happened: only under the call's key is it begun again, else it is OutcomeUnknown.
    """
    tries: _Tries | None = None
    unknown: OutcomeUnknown | None = None
    while True:
        committing: list[bool] = []
        try:
            return once(lambda: committing.append(True))  # noqa: B023 - called in this very attempt
        except (DBAPIError, StoreFailure) as error:
            said = error if isinstance(error, DomainError) else translate(error)
            if committing and isinstance(said, ConnectionLost):
                unknown = _unknown(call, said)
            tries = tries or _Tries()
            if (unknown is not None and not unknown.retryable) or tries.over(said):
                if said is error and unknown is None:
                    raise
                raise (unknown or said) from None


class SqlStore:
    """A store on a database engine. Any number of threads and processes may use one database."""

    def __init__(self, engine: Engine, stored: Sequence[Stored], backstage: Backstage) -> None:
        self.engine = engine
        self._backstage = backstage
        self._schema = Schema(stored)
        self._statements = Statements(self._schema.common, engine.dialect.name)
        self._readers = reading(engine)
        self._guests = Guests(engine)
        self._open: ContextVar[bool] = ContextVar("csdomain_unit", default=False)

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        if self._open.get():
            raise UnitWithinUnit
        token = self._open.set(True)
        try:
            with observed(self._backstage.observer, call):
                return self._with_retries(lambda session: perform(session, self._backstage, work, call), call)
        except BaseException as error:
            record = refused(call, error)
            if record is not None:
                log_refusal(record)
                self._keep(record)
            raise
        finally:
            self._open.reset(token)

    def look(self, work: Callable[[Unit], R], /) -> R:
        tries: _Tries | None = None
        while True:
            try:
                with self._readers.connect() as connection:
                    begin_reading(connection)  # and never commit: what only looks leaves nothing behind
                    return work(StandardUnit(self._session(connection), self._backstage))
            except (DBAPIError, ConnectionLost) as error:
                said = error if isinstance(error, DomainError) else translate(error)
                tries = tries or _Tries()
                if not isinstance(said, ConnectionLost) or tries.over(said):
                    raise said from None

    def _with_retries(self, work: Callable[[SqlSession], R], call: Call | None = None) -> R:
        """Run ``work`` in a transaction, as often as :func:`begin_again` says."""

        def once(sent: Callable[[], None]) -> tuple[R, bool]:
            with self.engine.connect() as connection, connection.begin():
                session = self._session(connection)
                result = work(session)
                if session.dead:
                    raise StoreFailure(session="dead")
                sent()
            return result, session.redacted

        result, redacted = begin_again(once, call)
        if redacted and not clear_journal(self.engine):
            _log.warning(JOURNAL_HELD)
        return result

    def _keep(self, record: Refusal) -> None:
        try:
            self._with_retries(lambda session: session.add_refusal(record))
        except StoreFailure:
            # What was refused matters more to the caller than that nobody will read of it.
            _log.warning("a refusal of %s could not be kept", record.use_case)

    def _session(self, connection: Connection) -> SqlSession:
        return SqlSession(connection, self._schema, self._statements)

    def within(self, connection: Any, /) -> Store:
        """A view in the host's own transaction on ``connection``: no begin, commit or retry (D11).

        ``connection`` is SQLAlchemy's, or a raw one of the driver that the store itself uses (sqlite3, psycopg,
        pymysql); raises MissingBackend for another. Errors of the database come as StoreBusy (the host may roll back
        and run its transaction again) or StoreFailure; a raw connection outside a transaction is NoTransaction.
        """
        if not isinstance(connection, Connection):
            connection = self._guests.over(connection)
        return HostStore(Joined(StandardUnit(self._session(connection), self._backstage)))

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


class HostStore:
    """A store in a transaction that the host began and will end."""

    def __init__(self, joined: Joined) -> None:
        self._joined = joined

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        with observed(self._joined.unit.backstage.observer, call):
            return self._in_unit(work, call)

    def look(self, work: Callable[[Unit], R], /) -> R:
        return self._in_unit(work)

    def _in_unit(self, work: Callable[[Unit], R], call: Call | None = None) -> R:
        try:
            return self._joined.run(work, call)
        except DBAPIError as error:
            raise translate(error) from None
        except RuleBroken as error:
            log_refusal(error.refusal)
            raise


def open_store(url: str, stored: Sequence[Stored], backstage: Backstage, options: Mapping[str, object]) -> SqlStore:
    """The store at ``url`` for some kinds and registers.

    SQLite files are brought up to date by themselves; a server's tables are upgraded on purpose (``upgrade=True``, or
    ``csdomain db upgrade URL``), else :class:`SchemaOutdated` says so. Other options: see ``make_engine``.
    """
    rest = dict(options)
    sqlite = make_url(url).get_backend_name() == "sqlite"
    wanted = bool(rest.pop("upgrade", sqlite))
    engine = make_engine(url, rest)
    try:
        if wanted:
            upgrade(engine)
            add_missing(engine, stored)
        elif (found := current(engine)) != HEAD:
            if found is not None and found.isdecimal():
                require_known(found)
            raise SchemaOutdated(
                actual=found or "none",
                expected=HEAD,
                accepted=Text("csdomain db upgrade URL", "csdomain db upgrade URL"),
            )
    except DBAPIError as error:
        engine.dispose()
        raise translate(error) from None
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, stored, backstage)
