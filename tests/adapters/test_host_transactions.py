"""A host's own transaction: its table and ours commit together, roll back together, and we end nothing (D11)."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from adapters.harness import SQL, Desks
from csdomain import Desk, RuleBroken
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.rules import AUDITED, ONE_WRITER, PERMITTED, PORTS
from csdomain.kernel.rules.errors import Conflict, MissingBackend, NotFound, StoreBusy, StoreFailure
from csdomain.kernel.store.ports import Unit
from csdomain.testing import HANDLING, agent, checked, complaint_form, received, snapshot
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql.dialects import make_engine

pytestmark = pytest.mark.rule(PORTS)


class Host:
    """A host app: a database with a table of its own, and a desk on the same database."""

    def __init__(self, url: str, desk: Desk) -> None:
        self.desk = desk
        self.engine: Engine = make_engine(url, {"busy_seconds": 1})
        with self.engine.begin() as connection:
            connection.execute(text("drop table if exists host_order"))
            connection.execute(text("create table host_order (name varchar(20) primary key)"))

    @property
    def orders(self) -> list[str]:
        with self.engine.connect() as connection:
            return [row[0] for row in connection.execute(text("select name from host_order order by name"))]

    def order(self, connection: object, name: str) -> None:
        connection.execute(text("insert into host_order values (:name)"), {"name": name})  # type: ignore[attr-defined]

    @property
    def ours(self) -> dict[str, object]:
        return snapshot(self.desk.store, (COMPLAINTS,), subjects=("",))


@pytest.fixture(params=SQL)
def host(request: pytest.FixtureRequest, desks: Desks, clean_url: Callable[[str], str]) -> Iterator[Host]:
    url = clean_url(request.param)
    made = Host(url, desks.at(url))
    yield made
    with made.engine.begin() as connection:
        connection.execute(text("drop table host_order"))
    made.engine.dispose()


def test_both_commit_together(host: Host) -> None:
    desk, by = host.desk, agent(host.desk)
    with host.engine.begin() as connection:
        host.order(connection, "A1")
        inner = desk.within(connection)
        receipt = inner.complaints.receive(complaint_form(), by=by, at=desk.clock.now(), key="k")
        inner.complaints.check(receipt.id, "ours", by=agent(desk, "s-1", position="sales"), at=desk.clock.now())
        inner.complaints.accept(receipt.id, HANDLING, by=by, at=desk.clock.now())
        assert inner.complaints.get(receipt.id, by=by).version == 3, "seen inside, before the commit"
    assert host.orders == ["A1"]
    assert desk.complaints.get(receipt.id, by=by).version == 3
    # The key that was used inside is known outside.
    assert desk.complaints.receive(complaint_form(), by=by, at=desk.clock.now(), key="k") == receipt


def test_both_roll_back_together(host: Host) -> None:
    desk, before = host.desk, host.ours
    with host.engine.connect() as connection:
        transaction = connection.begin()
        host.order(connection, "A1")
        receipt = desk.within(connection).complaints.receive(complaint_form(), by=agent(desk), at=desk.clock.now())
        assert receipt.number.endswith("-0001")
        transaction.rollback()
    assert host.orders == []
    assert host.ours == before
    assert received(desk).number.endswith("-0001"), "the number was given back"


def test_we_neither_commit_nor_roll_back(host: Host) -> None:
    desk, by = host.desk, agent(host.desk)
    with host.engine.connect() as connection:
        transaction = connection.begin()
        inner = desk.within(connection)
        inner.complaints.receive(complaint_form(), by=by, at=desk.clock.now())
        with pytest.raises(NotFound):
            inner.complaints.get("cmp_01k9w3v7q8d3m6y2r5t0x4n1ab", by=by)
        assert transaction.is_active
        assert len(inner.complaints.find(by=by).items) == 1
        assert desk.complaints.find(by=by).items == (), "nobody else sees it"
        transaction.rollback()
    assert desk.complaints.find(by=by).items == ()


@pytest.mark.rule(PERMITTED, AUDITED)
def test_a_refusal_hands_its_record_to_the_host(host: Host) -> None:
    desk = host.desk
    id = checked(desk).id
    outsider = agent(desk, "outsider", branch="south")
    with host.engine.begin() as connection:
        inner = desk.within(connection)
        with pytest.raises(RuleBroken) as caught:
            inner.complaints.accept(id, HANDLING, by=outsider, at=desk.clock.now(), key="k")
        record = caught.value.refusal
        assert record is not None
        assert (record.use_case, record.by, record.subject, record.rule) == (
            "complaint.accept",
            "outsider",
            id,
            "KRN-13",
        )
        assert desk.store.look(lambda unit: unit.session.refusals(id)) == [], "none is written behind the host's back"
        # The transaction goes on: the host keeps the record, and its own rows.
        inner.together(lambda _: None)
        desk.store.within(connection).run(lambda unit: unit.session.add_refusal(record))
        host.order(connection, "A1")
    assert host.orders == ["A1"]
    assert desk.store.look(lambda unit: unit.session.refusals(id)) == [record]


@pytest.mark.rule(ONE_WRITER)
def test_a_failed_command_gives_its_key_back_inside_too(host: Host) -> None:
    desk, by = host.desk, agent(host.desk)
    id, at = checked(desk).id, desk.clock.now()
    with host.engine.begin() as connection:
        inner = desk.within(connection)
        for expected, error in ((9, Conflict), (None, None)):
            if error is None:
                first = inner.complaints.accept(id, HANDLING, by=by, at=at, key="k", expected_version=expected)
            else:
                with pytest.raises(error):
                    inner.complaints.accept(id, HANDLING, by=by, at=at, key="k", expected_version=expected)
        assert inner.complaints.accept(id, HANDLING, by=by, at=at, key="k") == first
    assert desk.complaints.accept(id, HANDLING, by=by, at=at, key="k") == first


def test_after_an_error_of_the_database_the_unit_refuses_everything(host: Host) -> None:
    desk = host.desk
    case = desk.complaints.get(received(desk).id, by=agent(desk))
    with host.engine.connect() as connection:
        transaction = connection.begin()
        inner = desk.store.within(connection)

        def twice(unit: Unit) -> None:
            unit.of(COMPLAINTS).add(case)

        with pytest.raises(Conflict) as caught:
            inner.run(twice)
        assert case.id not in str(caught.value)
        assert case.number not in str(caught.value)
        for _ in range(2):
            with pytest.raises(StoreFailure):
                inner.run(lambda unit: unit.session.next_number("s"))
        transaction.rollback()
    assert received(desk).number.endswith("-0002")


def test_a_lock_of_another_is_said_to_be_worth_another_try(host: Host) -> None:
    desk, by = host.desk, agent(host.desk)
    id, at = checked(desk).id, desk.clock.now()
    with host.engine.connect() as holder, host.engine.connect() as waiter:
        holder.begin()
        desk.within(holder).complaints.accept(id, HANDLING, by=by, at=at)
        try:
            waiter.begin()
            if waiter.dialect.name == "postgresql":
                waiter.execute(text("set local lock_timeout = '100ms'"))
        except DBAPIError:
            assert waiter.dialect.name == "sqlite"  # BEGIN IMMEDIATE waits for the other writer already
            return
        with pytest.raises(StoreBusy) as caught:
            desk.within(waiter).complaints.accept(id, HANDLING, by=by, at=at)
        assert caught.value.retryable
        holder.rollback()


def test_a_raw_connection_of_another_library_is_not_taken_for_ours(desks: Desks) -> None:
    with pytest.raises(MissingBackend):
        desks("memory").within(object())


def test_tables_can_be_hidden_from_the_hosts_migrations(host: Host) -> None:
    from csdomain_adapters.sql import ours

    store = host.desk.store
    assert isinstance(store, SqlStore)
    assert ours("csd_complaint")
    assert not ours("host_order")
    assert not ours(None)
