"""The SQL store passes the contracts of a store on SQLite, PostgreSQL and MariaDB."""

from collections.abc import Callable

import pytest

from adapters.harness import SQL, sql_factory
from csdomain.kernel.rules import AUDITED, NUMBERING, ONE_WRITER, PERMITTED, PORTS, TIMERS
from csdomain.testing import (
    EVERY,
    Ability,
    ConcurrencyContract,
    Contract,
    EventContract,
    KeyContract,
    NumberContract,
    OutboxContract,
    ProjectionContract,
    QueryContract,
    RefusalContract,
    RegisterContract,
    RulebookContract,
    StoreFactory,
    TimerContract,
    UnitContract,
)


class OnSqlite(Contract):
    abilities = EVERY - {Ability.WRITES_BESIDE_A_WRITER}  # one writer a file

    @pytest.fixture
    def open_store(self, clean_url: Callable[[str], str]) -> StoreFactory:
        return sql_factory(clean_url("sqlite"))


class OnPostgresql(Contract):
    @pytest.fixture
    def open_store(self, clean_url: Callable[[str], str]) -> StoreFactory:
        return sql_factory(clean_url("postgresql"))


class OnMariadb(Contract):
    __test__ = "mariadb" in SQL

    @pytest.fixture
    def open_store(self, clean_url: Callable[[str], str]) -> StoreFactory:
        return sql_factory(clean_url("mariadb"))


@pytest.mark.rule(PORTS, AUDITED, ONE_WRITER, PERMITTED)
class TestUnitsOnSqlite(OnSqlite, UnitContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestConcurrencyOnSqlite(OnSqlite, ConcurrencyContract): ...


@pytest.mark.rule(PERMITTED)
class TestRefusalsOnSqlite(OnSqlite, RefusalContract): ...


@pytest.mark.rule(PORTS, ONE_WRITER)
class TestRegistersOnSqlite(OnSqlite, RegisterContract): ...


@pytest.mark.rule(PORTS, ONE_WRITER)
class TestProjectionsOnSqlite(OnSqlite, ProjectionContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestKeysOnSqlite(OnSqlite, KeyContract): ...


@pytest.mark.rule(NUMBERING)
class TestNumbersOnSqlite(OnSqlite, NumberContract): ...


@pytest.mark.rule(PORTS)
class TestRulebooksOnSqlite(OnSqlite, RulebookContract): ...


@pytest.mark.rule(PORTS)
class TestQueriesOnSqlite(OnSqlite, QueryContract): ...


@pytest.mark.rule(AUDITED)
class TestEventsOnSqlite(OnSqlite, EventContract): ...


@pytest.mark.rule(TIMERS)
class TestTimersOnSqlite(OnSqlite, TimerContract): ...


@pytest.mark.rule(AUDITED)
class TestOutboxOnSqlite(OnSqlite, OutboxContract): ...


@pytest.mark.rule(PORTS, AUDITED, ONE_WRITER, PERMITTED)
class TestUnitsOnPostgresql(OnPostgresql, UnitContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestConcurrencyOnPostgresql(OnPostgresql, ConcurrencyContract): ...


@pytest.mark.rule(PERMITTED)
class TestRefusalsOnPostgresql(OnPostgresql, RefusalContract): ...


@pytest.mark.rule(PORTS, ONE_WRITER)
class TestRegistersOnPostgresql(OnPostgresql, RegisterContract): ...


@pytest.mark.rule(PORTS, ONE_WRITER)
class TestProjectionsOnPostgresql(OnPostgresql, ProjectionContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestKeysOnPostgresql(OnPostgresql, KeyContract): ...


@pytest.mark.rule(NUMBERING)
class TestNumbersOnPostgresql(OnPostgresql, NumberContract): ...


@pytest.mark.rule(PORTS)
class TestRulebooksOnPostgresql(OnPostgresql, RulebookContract): ...


@pytest.mark.rule(PORTS)
class TestQueriesOnPostgresql(OnPostgresql, QueryContract): ...


@pytest.mark.rule(AUDITED)
class TestEventsOnPostgresql(OnPostgresql, EventContract): ...


@pytest.mark.rule(TIMERS)
class TestTimersOnPostgresql(OnPostgresql, TimerContract): ...


@pytest.mark.rule(AUDITED)
class TestOutboxOnPostgresql(OnPostgresql, OutboxContract): ...


@pytest.mark.rule(PORTS, AUDITED, ONE_WRITER, PERMITTED)
class TestUnitsOnMariadb(OnMariadb, UnitContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestConcurrencyOnMariadb(OnMariadb, ConcurrencyContract): ...


@pytest.mark.rule(PERMITTED)
class TestRefusalsOnMariadb(OnMariadb, RefusalContract): ...


@pytest.mark.rule(PORTS, ONE_WRITER)
class TestRegistersOnMariadb(OnMariadb, RegisterContract): ...


@pytest.mark.rule(PORTS, ONE_WRITER)
class TestProjectionsOnMariadb(OnMariadb, ProjectionContract): ...


@pytest.mark.rule(ONE_WRITER)
class TestKeysOnMariadb(OnMariadb, KeyContract): ...


@pytest.mark.rule(NUMBERING)
class TestNumbersOnMariadb(OnMariadb, NumberContract): ...


@pytest.mark.rule(PORTS)
class TestRulebooksOnMariadb(OnMariadb, RulebookContract): ...


@pytest.mark.rule(PORTS)
class TestQueriesOnMariadb(OnMariadb, QueryContract): ...


@pytest.mark.rule(AUDITED)
class TestEventsOnMariadb(OnMariadb, EventContract): ...


@pytest.mark.rule(TIMERS)
class TestTimersOnMariadb(OnMariadb, TimerContract): ...


@pytest.mark.rule(AUDITED)
class TestOutboxOnMariadb(OnMariadb, OutboxContract): ...
