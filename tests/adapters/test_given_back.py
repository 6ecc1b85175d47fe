"""Connections are given back with nothing begun: the store ends its transactions itself, and no pool does it again."""

import time

import pytest
import sqlalchemy as sa

from adapters.harness import Desks
from backends import SERVERS
from csdomain.kernel.rules import PORTS
from csdomain.kernel.rules.errors import NotFound, RuleBroken
from csdomain.kernel.store.ports import Unit
from csdomain.testing import HANDLING, agent, checked, received
from csdomain_adapters.sql import SqlStore

#: Transactions that other connections to this database have open.
OPEN = {
    "postgresql": "select count(*) from pg_stat_activity where datname = current_database() and xact_start is not null"
    " and pid <> pg_backend_pid()",
    "mariadb": "select count(*) from information_schema.innodb_trx join information_schema.processlist"
    " on trx_mysql_thread_id = id where db = database() and id <> connection_id()",
}
#: For so long MariaDB gives the same answer again, whatever happened.
SAME_ANSWER = {"postgresql": 0.0, "mariadb": 0.15}


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", SERVERS)
def test_nothing_is_left_open_whatever_a_use_case_came_to(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    store = desk.store
    assert isinstance(store, SqlStore)
    watching = sa.create_engine(store.engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    by, at = agent(desk), desk.clock.now()
    id, waiting = checked(desk).id, received(desk).id

    def refused() -> None:
        with pytest.raises(RuleBroken):
            desk.complaints.accept(waiting, HANDLING, by=by, at=at)

    def unknown() -> None:
        with pytest.raises(NotFound):
            desk.complaints.get(id[:-1] + ("0" if id[-1] != "0" else "1"), by=by)

    def broken(unit: Unit) -> None:
        unit.session.next_number("series")
        raise ZeroDivisionError

    def fails(how: str) -> None:
        with pytest.raises(ZeroDivisionError):
            getattr(store, how)(broken)

    def left_open(connection: sa.Connection) -> int:
        time.sleep(SAME_ANSWER[backend])
        return int(connection.exec_driver_sql(OPEN[backend]).scalar_one())

    with watching.connect() as other, store.engine.connect() as held:
        assert not left_open(other)
        held.exec_driver_sql("select count(*) from csd_complaint")
        held.exec_driver_sql("insert into csd_number (series, last) values ('seen', 1)")
        assert left_open(other) == 1, "an open one would be seen"
        held.rollback()
        for work in (
            lambda: desk.complaints.get(id, by=by),
            lambda: desk.complaints.queue(by=by),
            lambda: desk.complaints.accept(id, HANDLING, by=by, at=at, key="k"),
            refused,
            unknown,
            lambda: fails("run"),
            desk.sweep,
        ):
            work()
            assert not left_open(other), work
    watching.dispose()
