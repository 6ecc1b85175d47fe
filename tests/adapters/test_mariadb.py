"""What is particular about MariaDB: what the server is set to does not matter, and a migration can be cut short."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pymysql
import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

import csdomain
from adapters.harness import Desks
from adapters.test_migrations import differences, shapes, tables
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.rules import NUMBERING, ONE_WRITER, PORTS, TIMERS
from csdomain.kernel.rules.errors import MissingBackend, StoreBusy, StoreFailure
from csdomain.kernel.store.ports import Call, Unit
from csdomain.testing import HANDLING, accepted, agent, checked, complaint_form, no_holidays, received
from csdomain_adapters.sql import SchemaOutdated, SqlStore
from csdomain_adapters.sql.dialects import UnsupportedServer, make_engine
from csdomain_adapters.sql.migrate import HEAD, UNFINISHED_TABLE, current, downgrade, upgrade
from servers import mariadb

pytestmark = pytest.mark.rule(PORTS)


@pytest.fixture
def url(clean_url: Callable[[str], str]) -> str:
    return clean_url("mariadb")


@pytest.fixture
def desk(desks: Desks, url: str) -> csdomain.Desk:
    return desks.at(url)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = make_engine(url, {})
    yield made
    made.dispose()


@pytest.fixture
def empty(mariadb_url: str) -> Iterator[Engine]:
    made = make_engine(mariadb_url, {})
    yield made
    made.dispose()


# --- the server -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["8.0.36", "8.4.2-commercial", "5.5.5-10.5.23-MariaDB-log", "10.5.23-MariaDB"])
def test_another_server_than_a_mariadb_of_today_is_refused_by_name(
    url: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = pymysql.cursors.Cursor.execute

    def pretending(cursor: Any, query: str, args: Any = None) -> Any:
        return really(cursor, query.lower().replace("version()", f"'{version}'"), args)

    monkeypatch.setattr(pymysql.cursors.Cursor, "execute", pretending)
    with pytest.raises(UnsupportedServer) as caught:
        csdomain.open(url, holidays=no_holidays())
    assert caught.value.facts["actual"] == version
    assert "MariaDB ≥ 10.6" in str(caught.value)


def test_mysql_is_not_promised() -> None:
    with pytest.raises(MissingBackend, match="mariadb"):
        csdomain.open("mysql+pymysql://root@localhost/x", holidays=no_holidays())


def test_the_address_needs_no_driver(url: str) -> None:
    with csdomain.open(url.replace("mariadb+pymysql:", "mariadb:"), holidays=no_holidays()) as desk:
        assert received(desk).number


def test_our_connections_are_set_by_us(url: str) -> None:
    engine = make_engine(f"{url}&charset=latin1", {"busy_seconds": 7})
    asked = "select @@sql_mode, @@character_set_client, @@tx_isolation, @@innodb_lock_wait_timeout"
    assert mariadb(url, "select @@sql_mode")[0][0] == "", "the server would let anything pass"
    with engine.connect() as connection:
        mode, charset, isolation, wait = connection.execute(text(asked)).one()
    assert "STRICT_ALL_TABLES" in mode
    assert (charset, isolation, wait) == ("utf8mb4", "READ-COMMITTED", 7)
    engine.dispose()


# --- what is stored ---------------------------------------------------------------------------------------------------


def in_unit(desk: csdomain.Desk, work: Callable[[Unit], Any]) -> Any:
    return desk.store.run(work)


def test_nothing_is_cut_short_or_swallowed(desk: csdomain.Desk) -> None:
    at = desk.clock.now()

    call = Call("u" * 81, by=agent(desk).id, at=at, key="k")
    too_long: list[Callable[[Unit], Any]] = [
        lambda unit: unit.session.claim_key(call),
        lambda unit: unit.session.put_rulebook("r" * 121, "text"),
        lambda unit: unit.session.move_cursor("c" * 65, 1),
        lambda unit: unit.session.next_number("s" * 121),
    ]
    for work in too_long:
        with pytest.raises(StoreFailure):
            in_unit(desk, work)


def test_a_large_body_is_kept_whole(desk: csdomain.Desk) -> None:
    large = "规" * 1_000_000
    in_unit(desk, lambda unit: unit.session.put_rulebook("large@1", large))
    assert desk.store.look(lambda unit: unit.session.get_rulebook("large@1")) == large


@pytest.mark.rule(NUMBERING)
def test_keys_differ_where_a_byte_differs(desk: csdomain.Desk) -> None:
    series = ["a", "A", "á", "a ", "a\t", "ａ", "\N{COMBINING ACUTE ACCENT}a", "😀", "😁"]
    assert [in_unit(desk, lambda unit: unit.session.next_number(s)) for s in series] == [1] * len(series)  # noqa: B023
    assert [in_unit(desk, lambda unit: unit.session.next_number(s)) for s in series] == [2] * len(series)  # noqa: B023


# --- who waits for whom -----------------------------------------------------------------------------------------------


@pytest.mark.rule(TIMERS)
def test_sweeps_and_relays_beside_each_other_share_what_is_due(desk: csdomain.Desk, engine: Engine) -> None:
    for _ in range(3):
        accepted(desk)
    later = desk.clock.now().replace(year=desk.clock.now().year + 1)
    assert isinstance(desk.store, SqlStore)

    def timers(connection: Connection) -> list[str]:
        assert isinstance(desk.store, SqlStore)
        found = desk.store.within(connection).run(lambda unit: unit.session.due_timers(later, 1, ()))
        return [timer.subject for timer in found]

    def messages(connection: Connection) -> list[str]:
        assert isinstance(desk.store, SqlStore)
        found = desk.store.within(connection).run(lambda unit: unit.session.claim_messages(later, later, 1))
        return [message.key for message in found]

    for claim in (timers, messages):
        with engine.connect() as one, engine.connect() as two, engine.connect() as three:
            claimed = [subject for connection in (one, two, three) for subject in claim(connection)]
            assert len(set(claimed)) == 3, "each has one, none has locked the others'"


def test_what_is_due_is_found_through_its_index(desk: csdomain.Desk, engine: Engine) -> None:
    accepted(desk)
    assert isinstance(desk.store, SqlStore)
    said, now = desk.store._statements, desk.clock.now()
    asked: dict[str, tuple[Any, dict[str, object]]] = {
        "ix_csd_timer_next": (said.due, {"until_": now, "limit_": 10}),
        "ix_csd_outbox_next": (said.claim_messages, {"now_": now, "limit_": 10}),
        "ix_csd_audit_position": (said.unnumbered, {"limit_": 10}),
    }

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def explain(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> tuple[str, Any]:
        return statement.replace("SELECT", "explain SELECT", 1), parameters

    with engine.connect() as connection:
        for index, (statement, parameters) in asked.items():
            driver = connection.execute(statement, parameters).cursor
            assert driver is not None
            names = [column[0] for column in driver.description]
            plan = dict(zip(names, cast("tuple[Any, ...]", driver.fetchone()), strict=True))
            assert (plan["key"], "filesort" in plan["Extra"]) == (index, False)


@pytest.mark.rule(ONE_WRITER)
def test_a_look_leaves_its_isolation_to_nobody(desks: Desks, url: str) -> None:
    one, other = desks.at(url, pool_size=1, max_overflow=0), desks.at(url)
    id = checked(one).id
    one.store.look(lambda unit: None)
    one.store.look(lambda unit: unit.of(COMPLAINTS).get(id))

    def twice(unit: Unit) -> tuple[int, int]:
        before = unit.of(COMPLAINTS).get(id).version
        other.complaints.accept(id, HANDLING, by=agent(other), at=other.clock.now())
        return before, unit.of(COMPLAINTS).get(id).version

    assert one.store.run(twice) == (2, 3)


@pytest.mark.rule(ONE_WRITER)
def test_a_host_with_an_older_snapshot_learns_that_a_key_was_used(desk: csdomain.Desk, engine: Engine) -> None:
    by, at = agent(desk), desk.clock.now()
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        assert connection.execute(text("select count(*) from csd_key")).scalar() == 0
        done = desk.complaints.receive(complaint_form(), by=by, at=at, key="k")
        assert desk.within(connection).complaints.receive(complaint_form(), by=by, at=at, key="k") == done


@pytest.mark.rule(ONE_WRITER)
def test_a_record_that_changed_since_a_hosts_snapshot_is_worth_another_try(desk: csdomain.Desk, engine: Engine) -> None:
    by, at = agent(desk), desk.clock.now()
    id = checked(desk).id
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("set session innodb_snapshot_isolation = on"))  # what MariaDB 11.6 begins with
        connection.execute(text("select count(*) from csd_complaint")).scalar()
        desk.complaints.accept(id, HANDLING, by=by, at=at)
        with pytest.raises(StoreBusy) as caught:
            desk.within(connection).complaints.investigate(id, by=by, at=at)
        assert caught.value.facts["database"] == "1020"
        assert caught.value.retryable
        connection.rollback()


# --- migrations -------------------------------------------------------------------------------------------------------


class Cut:
    """Cuts the connection off after so many statements: as when the process is killed there."""

    def __init__(self, engine: Engine, after: int) -> None:
        self.left = after
        event.listen(engine, "after_cursor_execute", self._heard)

    def _heard(self, connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().lower().startswith(("create", "drop", "insert", "update", "delete")):
            self.left -= 1
            if self.left == 0:
                driver: Any = connection.connection.driver_connection
                driver._force_close()


def cut_at(url: str, work: Callable[[Engine], None], after: int) -> bool:
    """Whether ``work`` was cut short after so many statements that change something."""
    engine = make_engine(url, {})
    cut = Cut(engine, after)
    try:
        work(engine)
    except (DBAPIError, pymysql.Error):
        assert cut.left <= 0
    finally:
        engine.dispose()
    return cut.left <= 0


def check_cut_everywhere(url: str, whole: dict[str, object], stride: int) -> None:
    engine = make_engine(url, {})
    turn, cuts = 1, 0
    while cut_at(url, upgrade, turn):
        cuts += 1
        if current(engine) != HEAD:
            with pytest.raises(SchemaOutdated):
                csdomain.open(url, holidays=no_holidays())
        upgrade(engine)
        assert (current(engine), differences(engine), shapes(engine)) == (HEAD, [], whole), turn
        if cut_at(url, lambda engine: downgrade(engine, "base"), turn) and current(engine) == HEAD:
            raise AssertionError("nothing was changed, and yet a statement was said")
        if turn % 2:
            downgrade(engine, "base")
            assert (current(engine), tables(engine)) == (None, set()), turn
        else:  # up again from half-way down
            upgrade(engine)
            assert (current(engine), differences(engine), shapes(engine)) == (HEAD, [], whole), turn
            downgrade(engine, "base")
        turn += stride
    engine.dispose()
    assert cuts > 90 // stride


@pytest.fixture
def whole(empty: Engine) -> dict[str, object]:
    upgrade(empty)
    made = shapes(empty)
    downgrade(empty, "base")
    return made


@pytest.mark.faults
def test_an_upgrade_that_was_killed_is_taken_up_again(mariadb_url: str, whole: dict[str, object]) -> None:
    check_cut_everywhere(mariadb_url, whole, 29)


@pytest.mark.deep
def test_an_upgrade_killed_at_any_statement_is_taken_up_again(mariadb_url: str, whole: dict[str, object]) -> None:
    check_cut_everywhere(mariadb_url, whole, 1)


def test_taking_back_keeps_what_was_there_before(empty: Engine, mariadb_url: str) -> None:
    before = "0016"  # the next one makes several tables
    upgrade(empty, before)
    with empty.begin() as connection:
        connection.execute(text("insert into csd_number (series, last) values ('s', 7)"))
    assert cut_at(mariadb_url, upgrade, 5)
    assert current(empty) == f"{before}, unfinished"
    with pytest.raises(SchemaOutdated, match="unfinished"):
        csdomain.open(mariadb_url, holidays=no_holidays())
    with csdomain.open(mariadb_url, holidays=no_holidays(), upgrade=True) as desk:
        assert desk.store.run(lambda unit: unit.session.next_number("s")) == 8
    assert UNFINISHED_TABLE not in tables(empty)
