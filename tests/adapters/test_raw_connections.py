"""A host's raw connection (sqlite3, psycopg, pymysql): the store works on it, and nothing of ours ends it (D11)."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.rows import dict_row, tuple_row
from sqlalchemy import event
from sqlalchemy.engine import make_url

from adapters.harness import SQL, Desks, sql_factory
from csdomain import Desk
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.rules import ONE_WRITER, PORTS
from csdomain.kernel.rules.errors import Conflict, MissingBackend, NotFound, RuleBroken, StoreBusy, StoreFailure
from csdomain.kernel.store.ports import Call, OpenStore, Store, Unit
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage
from csdomain.testing import (
    EVERY,
    Ability,
    Contract,
    KeyContract,
    QueryContract,
    StoreFactory,
    agent,
    complaint_form,
    received,
    snapshot,
)
from csdomain_adapters.sql import NoTransaction, SqlStore
from servers import plain

R = TypeVar("R")
pytestmark = pytest.mark.rule(PORTS)


class OddCursor(psycopg.ClientCursor[Any]):
    """A host's own kind of cursor, such as frameworks set on their connections."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        raise AssertionError("the host's cursors are the host's")


class OddSqliteCursor(sqlite3.Cursor):
    def execute(self, *_: Any) -> Any:
        raise AssertionError("the host's cursors are the host's")


class OddSqlite(sqlite3.Connection):
    def cursor(self, factory: Any = OddSqliteCursor) -> Any:
        return super().cursor(factory)


def connect(url: str, *, autocommit: bool = False) -> Any:
    """A raw connection with the settings that hosts like and that could come between the store and its rows."""
    address = make_url(url)
    if url.startswith("sqlite"):
        assert address.database
        raw = sqlite3.connect(
            address.database,
            timeout=30,
            isolation_level=None,
            detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES,
            factory=OddSqlite,
            check_same_thread=False,
        )
        raw.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        return raw
    if url.startswith("postgresql"):
        return psycopg.connect(plain(url), autocommit=autocommit, row_factory=dict_row, cursor_factory=OddCursor)
    import pymysql

    return pymysql.connect(
        unix_socket=address.query.get("unix_socket"),
        user=address.username,
        password=address.password or "",
        host=address.host or "localhost",
        port=address.port or 3306,
        database=address.database,
        charset="utf8mb4",
        autocommit=autocommit,
        cursorclass=pymysql.cursors.DictCursor,
    )


def begin(raw: Any) -> None:
    """Begin on a raw connection as its driver does; by itself where it does so at the first statement."""
    if isinstance(raw, sqlite3.Connection):
        raw.execute("begin immediate")


def sql(raw: Any, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """A statement of the host's own."""
    if isinstance(raw, sqlite3.Connection):
        cursor: Any = sqlite3.Cursor(raw)
        cursor.row_factory = None
    elif isinstance(raw, psycopg.Connection):
        cursor = psycopg.Cursor(raw, row_factory=tuple_row)
    else:
        from pymysql.cursors import Cursor

        cursor = raw.cursor(Cursor)
    cursor.execute(statement if not isinstance(raw, sqlite3.Connection) else statement.replace("%s", "?"), values)
    return list(cursor.fetchall()) if cursor.description else []


# --- the contracts of a store, over raw connections -------------------------------------------------------------------


class RawStore:
    """A store whose every unit is in a transaction of a host's, on a raw connection that the host begins and ends."""

    def __init__(self, url: str, store: OpenStore) -> None:
        self.url = url
        self.store = store

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        for attempt in range(20):
            try:
                return self._once(work, call)
            except StoreBusy:
                time.sleep(0.01 * attempt)
            except RuleBroken as error:
                record = error.refusal
                if record is not None:
                    self._once(lambda unit: unit.session.add_refusal(record), None)  # noqa: B023 - run at once
                raise
        raise StoreBusy

    def _once(self, work: Callable[[Unit], R], call: Call | None) -> R:
        with closing(connect(self.url)) as raw:
            begin(raw)
            try:
                result = self.store.within(raw).run(work, call)
            except BaseException:
                raw.rollback()
                raise
            raw.commit()
            return result

    def look(self, work: Callable[[Unit], R], /) -> R:
        with closing(connect(self.url)) as raw:
            if isinstance(raw, sqlite3.Connection):
                raw.execute("begin")
            return self.store.within(raw).look(work)

    def within(self, connection: Any, /) -> Store:
        return self.store.within(connection)

    def close(self) -> None:
        self.store.close()


class OnRaw(Contract):
    abilities = EVERY - {Ability.WRITES_BESIDE_A_WRITER}

    @pytest.fixture(params=("sqlite", "postgresql"))  # on MariaDB these take minutes; the host's tests below have it
    def open_store(self, request: pytest.FixtureRequest, clean_url: Callable[[str], str]) -> StoreFactory:
        url = clean_url(request.param)
        factory = sql_factory(url)

        def open_store(kinds: Sequence[Stored], backstage: Backstage) -> OpenStore:
            return RawStore(url, factory(kinds, backstage))

        return open_store


@pytest.mark.rule(ONE_WRITER)
class TestKeys(OnRaw, KeyContract): ...


class TestQueries(OnRaw, QueryContract): ...


# --- what is the host's stays the host's ------------------------------------------------------------------------------


class Host:
    """A host app without SQLAlchemy: a raw connection, a table of its own, and a desk on the same database."""

    def __init__(self, url: str, desk: Desk) -> None:
        self.url = url
        self.desk = desk
        self.raw = connect(url)

    def file(self, raw: Any) -> str:
        """A complaint, in the host's transaction."""
        return (
            self.desk.within(raw)
            .complaints.receive(complaint_form(), by=agent(self.desk, position="sales"), at=self.now)
            .number
        )

    @property
    def now(self) -> Any:
        return self.desk.clock.now()

    @property
    def filed(self) -> list[str]:
        """The complaints that others see."""
        return [case.number[-4:] for case in self.desk.complaints.find(by=agent(self.desk, position="sales")).items]

    @property
    def orders(self) -> list[str]:
        """The host's rows that others see."""
        with closing(connect(self.url)) as other:
            return [row[0] for row in sql(other, "select name from host_order order by name")]


@pytest.fixture(params=SQL)
def host(request: pytest.FixtureRequest, desks: Desks, clean_url: Callable[[str], str]) -> Iterator[Host]:
    url = clean_url(request.param)
    made = Host(url, desks.at(url))
    for statement in ("drop table if exists host_order", "create table host_order (name varchar(20) primary key)"):
        sql(made.raw, statement)
    made.raw.commit()
    yield made
    made.raw.rollback()
    sql(made.raw, "drop table host_order")
    made.raw.commit()
    made.raw.close()


def test_both_commit_together(host: Host) -> None:
    begin(host.raw)
    sql(host.raw, "insert into host_order values (%s)", "A1")
    inner = host.desk.within(host.raw)
    by = agent(host.desk, position="sales")
    receipt = inner.complaints.receive(complaint_form(), by=by, at=host.now, key="k")
    inner.complaints.check(receipt.id, "the order is ours", by=by, at=host.now)
    assert inner.complaints.get(receipt.id, by=by).version == 2, "seen inside, before the commit"
    assert (host.orders, host.filed) == ([], []), "and by nobody else"
    host.raw.commit()
    assert (host.orders, host.filed) == (["A1"], ["0001"])
    assert host.desk.complaints.receive(complaint_form(), by=by, at=host.now, key="k") == receipt


def test_both_roll_back_together(host: Host) -> None:
    before = snapshot(host.desk.store, (COMPLAINTS,), subjects=("",))
    begin(host.raw)
    sql(host.raw, "insert into host_order values (%s)", "A1")
    assert host.file(host.raw).endswith("-0001")
    host.raw.rollback()
    assert host.orders == []
    assert snapshot(host.desk.store, (COMPLAINTS,), subjects=("",)) == before
    assert received(host.desk).number.endswith("-0001"), "the number was given back"


def test_nothing_of_ours_begins_or_ends_a_transaction_or_touches_the_connection(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when a use case succeeds, is refused, or fails in the database."""
    store = host.desk.store
    assert isinstance(store, SqlStore)
    touched: list[str] = []
    for name in ("connect", "begin", "commit", "rollback"):
        event.listen(store.engine, name, lambda *_, name=name: touched.append(name))
    said: list[str] = []
    if isinstance(host.raw, sqlite3.Connection):
        host.raw.create_function("regexp", 2, lambda pattern, text: "the host's")
        host.raw.set_trace_callback(said.append)
    else:
        for name in ("commit", "rollback", "close", "begin"):
            if hasattr(host.raw, name):
                monkeypatch.setattr(host.raw, name, lambda name=name: touched.append(name))
    begin(host.raw)
    said.clear()
    inner = host.desk.within(host.raw)
    case = inner.complaints.get(
        inner.complaints.receive(complaint_form(), by=agent(host.desk, position="sales"), at=host.now).id,
        by=agent(host.desk, position="sales"),
    )
    with pytest.raises(NotFound):
        inner.complaints.get("cmp_01k9w3v7q8d3m6y2r5t0x4n1ab", by=agent(host.desk, position="sales"))
    with pytest.raises(RuleBroken):
        inner.complaints.check(case.id, "the order is ours", by=agent(host.desk, position=""), at=host.now)
    with pytest.raises(Conflict):
        host.desk.store.within(host.raw).run(lambda unit: unit.of(COMPLAINTS).add(case))
    del inner
    monkeypatch.undo()
    assert touched == []
    assert [line for line in said if line.split()[0].lower() in ("begin", "commit", "rollback", "savepoint")] == []
    if isinstance(host.raw, sqlite3.Connection):
        assert sql(host.raw, "select 'a' regexp 'b'") == [("the host's",)]
        assert host.raw.in_transaction
    elif isinstance(host.raw, psycopg.Connection):
        assert host.raw.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        assert not host.raw._notice_handlers
    else:
        assert host.raw.server_status & 1
    host.raw.rollback()
    assert host.filed == []


def test_a_savepoint_of_the_host_s_takes_back_what_was_done_after_it(host: Host) -> None:
    begin(host.raw)
    assert host.file(host.raw).endswith("-0001")
    sql(host.raw, "savepoint inside")
    assert host.file(host.raw).endswith("-0002")
    sql(host.raw, "insert into host_order values (%s)", "A1")
    sql(host.raw, "rollback to savepoint inside")
    assert host.file(host.raw).endswith("-0002"), "the number was given back"
    sql(host.raw, "insert into host_order values (%s)", "A2")
    host.raw.commit()
    assert (host.orders, host.filed) == (["A2"], ["0001", "0002"])


def test_after_an_error_of_the_database_a_savepoint_leads_back(host: Host) -> None:
    by = agent(host.desk, position="sales")
    case = host.desk.complaints.get(received(host.desk).id, by=by)
    begin(host.raw)
    sql(host.raw, "savepoint inside")
    broken = host.desk.store.within(host.raw)
    with pytest.raises(Conflict) as caught:
        broken.run(lambda unit: unit.of(COMPLAINTS).add(case))
    assert case.id not in str(caught.value)
    sql(host.raw, "rollback to savepoint inside")
    with pytest.raises(StoreFailure):
        broken.run(lambda unit: unit.session.next_number("s"))
    assert host.file(host.raw).endswith("-0002"), "a new view goes on"
    host.raw.commit()
    assert host.filed == ["0001", "0002"]


def test_a_connection_that_commits_each_statement_is_refused_until_a_transaction_begins(host: Host) -> None:
    if isinstance(host.raw, sqlite3.Connection):
        raw: Any = connect(host.url)
    else:
        raw = connect(host.url, autocommit=True)
    with closing(raw):
        for _ in range(2):
            with pytest.raises(NoTransaction) as caught:
                host.file(raw)
            assert not caught.value.retryable
        assert host.filed == []
        sql(raw, "begin")
        assert host.file(raw).endswith("-0001")
        sql(raw, "commit")
        assert host.filed == ["0001"]
        with pytest.raises(NoTransaction):
            host.file(raw)


def test_a_connection_that_is_lost_is_said_to_be(desks: Desks, clean_url: Callable[[str], str]) -> None:
    host = Host(clean_url("postgresql"), desks.at(clean_url("postgresql")))
    with closing(host.raw), closing(connect(host.url)) as other:
        inner = host.desk.within(host.raw)
        sql(host.raw, "select 1")
        sql(other, "select pg_terminate_backend(%s)", host.raw.info.backend_pid)
        for _ in range(2):
            with pytest.raises(StoreFailure) as caught:
                inner.complaints.receive(complaint_form(), by=agent(host.desk), at=host.now)
            assert not isinstance(caught.value, StoreBusy)
        with pytest.raises(StoreFailure):
            host.file(host.raw)
    assert host.filed == []
    assert received(host.desk).number.endswith("-0001"), "the desk's own connections are as they were"


def test_sqlite_s_own_way_of_beginning_transactions_will_do(desks: Desks, clean_url: Callable[[str], str]) -> None:
    host = Host(clean_url("sqlite"), desks.at(clean_url("sqlite")))
    with closing(host.raw), closing(sqlite3.connect(str(make_url(host.url).database), timeout=30)) as raw:
        host.file(raw)
        assert raw.in_transaction
        raw.rollback()
        assert host.filed == []
        host.file(raw)
        raw.commit()
        assert host.filed == ["0001"]


def test_threads_with_connections_of_their_own_do_not_meet(host: Host) -> None:
    """Each connection is its thread's; numbers come without gaps though every third transaction is rolled back."""
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with closing(connect(host.url)) as raw:
                for turn in range(6):
                    begin(raw)
                    host.file(raw)
                    sql(raw, "insert into host_order values (%s)", f"{name}{turn}")
                    if turn % 3 == 2:
                        raw.rollback()
                    else:
                        raw.commit()
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert host.orders == [f"{name}{turn}" for name in "ab" for turn in (0, 1, 3, 4)]
    assert sorted(host.filed) == [f"{number:04}" for number in range(1, 9)]


@pytest.mark.parametrize("backend", SQL)
def test_what_is_no_connection_of_the_store_s_driver_is_refused(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    others: list[Any] = [object(), None, "postgresql://", desk.store.engine]  # type: ignore[attr-defined]
    with closing(sqlite3.connect(":memory:")) as raw:
        if backend != "sqlite":
            others.append(raw)
        for other in others:
            with pytest.raises(MissingBackend) as caught:
                desk.within(other)
            assert caught.value.facts == {"store": backend, "given": type(other).__name__}
            assert caught.value.accepted is not None
