"""A connection that is cut: before the commit the unit begins again, during it only under a key (D4, ADR 4)."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from adapters.harness import Desks
from adapters.test_busy import waiting
from backends import SERVERS
from csdomain import Desk
from csdomain.kernel.rules import AUDITED, NUMBERING, ONE_WRITER, PERMITTED, PORTS, TIMERS
from csdomain.kernel.rules.errors import Conflict, ConnectionLost, OutcomeUnknown, RuleBroken, StoreBusy, StoreFailure
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.testing import HANDLING, MovableClock, accepted, agent, checked, complaint_form, received
from csdomain.testing.concurrency import WAIT, beside
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql import store as sql_store
from csdomain_adapters.sql.dialects import lost, transient, translate
from csdomain_adapters.sql.store import ATTEMPTS

pytestmark = pytest.mark.rule(PORTS, ONE_WRITER)

FIND = {
    "postgresql": "select count(*) from pg_stat_activity where pid = {}",
    "mariadb": "select count(*) from information_schema.processlist where id = {}",
}
KILL = {"postgresql": "select pg_terminate_backend({})", "mariadb": "kill connection {}"}


@attrs.define(eq=False)
class Line:
    """The line between a desk and its server, which a test cuts where it wants."""

    desk: Desk
    engine: sa.Engine
    other: sa.Connection
    monkeypatch: pytest.MonkeyPatch
    #: The statements that were sent, up to where the line was cut.
    sent: int = 0
    cut_at: int = 0
    down: bool = False
    connecting: int = 0

    def __attrs_post_init__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self._sending)
        event.listen(self.engine, "do_connect", self._connecting)

    def cut(self, raw: Any) -> None:
        """As a server that goes down does, or an administrator: the connection ends, and with it what it had begun."""
        backend = self.engine.dialect.name
        who = raw.info.backend_pid if backend == "postgresql" else raw.thread_id()
        self.other.exec_driver_sql(KILL[backend].format(who))
        while self.other.exec_driver_sql(FIND[backend].format(who)).scalar():
            time.sleep(0.001)

    def cut_before(self, statement: int) -> None:
        """Cut it right before the ``statement``-th from now is sent, counted from 1; once."""
        self.sent, self.cut_at = 0, statement

    def cut_at_commits(self, *, done: bool, times: int = 1) -> list[bool]:
        """Cut it at the next commits: before they arrive, or after they are ``done`` and before anyone hears of it."""
        really, cuts = self.engine.dialect.do_commit, list[bool]()

        def do_commit(pooled: Any) -> None:
            if len(cuts) == times:
                really(pooled)
                return
            cuts.append(done)
            raw = pooled.dbapi_connection
            if done:
                really(pooled)
            self.cut(raw)
            if not done:
                really(pooled)
                return
            with contextlib.closing(raw.cursor()) as cursor:
                cursor.execute("select 1")  # what the driver says of a line that is dead

        self.monkeypatch.setattr(self.engine.dialect, "do_commit", do_commit)
        return cuts

    def _sending(self, _c: object, cursor: Any, *_: object) -> None:
        self.sent += 1
        if self.sent == self.cut_at:
            self.cut(cursor.connection)

    def _connecting(self, _d: object, _r: object, _a: object, parameters: dict[str, Any]) -> None:
        if self.down:
            self.connecting += 1
            parameters.pop("unix_socket", None)
            parameters |= {"host": "127.0.0.1", "port": 1}  # nobody listens there


@pytest.fixture(params=SERVERS)
def line(
    request: pytest.FixtureRequest, desks: Desks, clean_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Line]:
    url = clean_url(request.param)
    desk = desks.at(url)
    assert isinstance(desk.store, SqlStore)
    other = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        yield Line(desk, desk.store.engine, connection, monkeypatch)


def moves(desk: Desk, id: str) -> list[str]:
    found = desk.store.look(lambda unit: unit.session.trail(id))
    return [record.move for record in found if record.move]


def accept(desk: Desk, id: str, key: str | None = None) -> Receipt:
    return desk.complaints.accept(id, HANDLING, by=agent(desk), at=desk.clock.now(), key=key)


# --- before the commit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "k"])
def test_cut_before_any_statement_a_use_case_happens_once(line: Line, key: str | None) -> None:
    statement = 1
    while True:
        id = checked(line.desk).id
        line.cut_before(statement)
        assert (accept(line.desk, id, key and id).version, line.sent > statement) == (3, line.sent >= statement)
        assert moves(line.desk, id) == ["receive", "check", "accept"], f"cut before statement {statement}"
        if line.sent < line.cut_at:
            break
        statement += 1
    assert statement > 5


@pytest.mark.rule(NUMBERING)
def test_what_was_given_out_before_a_cut_is_given_out_again(line: Line) -> None:
    numbers: list[str] = []
    statement = 1
    while True:
        line.cut_before(statement)
        numbers.append(received(line.desk).number)
        if line.sent < line.cut_at:
            break
        statement += 1
    assert numbers == [f"KS202603-{n:04}" for n in range(1, statement + 1)]


def test_after_a_restart_of_the_server_all_pooled_connections_are_dead_and_nobody_notices(line: Line) -> None:
    id = received(line.desk).id
    with contextlib.ExitStack() as stack:
        pooled = [stack.enter_context(line.engine.connect()) for _ in range(4)]
        raws: list[Any] = [connection.connection.dbapi_connection for connection in pooled]
    for raw in raws:
        line.cut(raw)
    by = line.desk.actor("agent-1", branch="hq", positions=("sales",))
    assert line.desk.complaints.get(id, by=by).version == 1
    for raw in raws:
        with contextlib.suppress(line.engine.dialect.loaded_dbapi.Error):
            raw.close()
    assert line.desk.complaints.check(id, "ours", by=by, at=line.desk.clock.now()).version == 2


def test_a_look_begins_again(line: Line) -> None:
    id = checked(line.desk).id
    begun: list[int] = []

    def work(unit: Unit) -> tuple[int, int]:
        begun.append(1)
        return len(unit.session.trail(id)), len(unit.session.refusals(id))

    want = line.desk.store.look(work)
    statement = 1
    while True:
        begun.clear()
        line.cut_before(statement)
        assert line.desk.store.look(work) == want
        if line.sent < line.cut_at:
            break
        assert len(begun) == 2 or line.engine.dialect.name == "mariadb", "MariaDB's first is sent before the work"
        statement += 1
    assert statement > 2


@pytest.mark.rule(AUDITED, PERMITTED)
def test_a_refusal_is_kept_all_the_same(line: Line) -> None:
    statement = 1
    while True:
        id = received(line.desk).id
        line.cut_before(statement)
        with pytest.raises(RuleBroken):
            accept(line.desk, id)
        assert [r.use_case for r in line.desk.store.look(lambda unit: unit.session.refusals(id))] == [  # noqa: B023
            "complaint.accept"
        ]
        if line.sent < line.cut_at:
            break
        statement += 1
    assert statement > 3


@pytest.mark.rule(TIMERS)
def test_a_sweep_fires_each_timer_once(line: Line) -> None:
    desk, statement = line.desk, 1
    later = MovableClock().now().replace(year=MovableClock().now().year + 1)
    while True:
        id = accepted(desk).id
        line.cut_before(statement)
        report = desk.sweep(until=later)
        assert (report.warned, report.breached, report.failed) == (2, 2, ())
        fired = [r.name for r in desk.store.look(lambda unit: unit.session.trail(id)) if r.name.startswith("timer_")]  # noqa: B023
        assert sorted(fired)[-4:] == ["timer_breached"] * 2 + ["timer_warned"] * 2
        if line.sent < line.cut_at:
            break
        statement += 1
    assert statement > 5


def test_a_server_that_is_not_there_is_said_so_in_the_end(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waiting(monkeypatch)
    id = checked(line.desk).id
    line.engine.dispose()
    line.down = True
    for work in (lambda: accept(line.desk, id, "k"), lambda: line.desk.complaints.get(id, by=agent(line.desk))):
        waits.clear()
        with pytest.raises(ConnectionLost) as caught:
            work()
        assert caught.value.retryable
        assert "nothing was changed" in str(caught.value)
        assert waits == list(range(1, ATTEMPTS))
    line.down = False
    assert accept(line.desk, id, "k").version == 3


def test_a_server_that_comes_back_in_time_is_waited_for(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    id = checked(line.desk).id
    line.engine.dispose()
    line.down = True

    def jitter(attempt: int) -> float:
        line.down = attempt < 5
        return 0.0

    monkeypatch.setattr(sql_store, "jitter", jitter)
    assert accept(line.desk, id).version == 3
    assert line.connecting == 5


def test_connecting_that_takes_long_to_fail_is_not_tried_for_minutes(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = waiting(monkeypatch)
    monkeypatch.setattr(sql_store, "PATIENCE_SECONDS", -1.0)
    line.engine.dispose()
    line.down = True
    with pytest.raises(ConnectionLost):
        received(line.desk)
    assert (waits, line.connecting) == ([], 1)


def test_other_failures_are_not_tried_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, begun, cause = waiting(monkeypatch), list[int](), ValueError()

    def work(_: Unit) -> None:
        begun.append(1)
        raise StoreFailure(session="dead") from cause

    with pytest.raises(StoreFailure) as caught:
        line.desk.store.run(work)
    assert (type(caught.value), caught.value.__cause__, begun, waits) == (StoreFailure, cause, [1], [])


def test_work_that_swallows_the_loss_is_not_committed_by_halves(line: Line) -> None:
    id = checked(line.desk).id

    def work(unit: Unit) -> None:
        unit.session.next_number("series")
        line.cut_before(1)
        with contextlib.suppress(StoreFailure):
            unit.session.trail(id)

    with pytest.raises(StoreFailure) as caught:
        line.desk.store.run(work)
    assert caught.value.facts == {"session": "dead"}
    assert line.desk.store.run(lambda unit: unit.session.next_number("series")) == 1


# --- during the commit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
def test_under_a_key_a_commit_without_an_answer_is_tried_again(line: Line, done: bool) -> None:
    id = checked(line.desk).id
    cuts = line.cut_at_commits(done=done)
    receipt = accept(line.desk, id, "k")
    assert cuts == [done]
    assert (receipt.version, moves(line.desk, id)) == (3, ["receive", "check", "accept"])
    assert accept(line.desk, id, "k") == receipt


@pytest.mark.rule(NUMBERING)
@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
def test_nor_is_a_number_given_twice(line: Line, done: bool) -> None:
    by, at = agent(line.desk), line.desk.clock.now()
    cuts = line.cut_at_commits(done=done, times=3)
    for n in range(1, 5):
        assert line.desk.complaints.receive(complaint_form(), by=by, at=at, key=f"k{n}").number == f"KS202603-{n:04}"
    assert len(cuts) == 3


@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
def test_without_a_key_it_is_not_and_nobody_claims_to_know(
    line: Line, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = checked(line.desk).id
    waits, cuts = waiting(monkeypatch), line.cut_at_commits(done=done)
    with pytest.raises(OutcomeUnknown) as caught:
        accept(line.desk, id)
    assert (cuts, waits) == ([done], [])
    assert not caught.value.retryable
    assert caught.value.facts["use_case"] == "complaint.accept"
    assert "look first" in str(caught.value)
    assert "先查看" in caught.value.render("zh")
    assert moves(line.desk, id) == ["receive", "check", *(["accept"] if done else [])]


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
def test_the_jobs_say_so_and_the_next_go_on(line: Line, done: bool) -> None:
    desk = line.desk
    later = MovableClock().now().replace(year=MovableClock().now().year + 1)
    id = accepted(desk).id
    desk.sweep()  # what years that became known move is counted once
    line.cut_at_commits(done=done)
    with pytest.raises(OutcomeUnknown):
        desk.sweep(until=later)
    report = desk.sweep(until=later)
    assert (report.warned, report.breached) == ((0, 0) if done else (2, 2))
    fired = [r.name for r in desk.store.look(lambda unit: unit.session.trail(id)) if r.name.startswith("timer_")]
    assert (fired.count("timer_warned"), fired.count("timer_breached")) == (2, 2)


@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
def test_what_cannot_be_found_out_is_not_said_to_have_changed_nothing(
    line: Line, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at the commit, and then there is no server."""
    id = checked(line.desk).id
    line.cut_at_commits(done=done)

    def jitter(_: int) -> float:
        line.down = True
        return 0.0

    monkeypatch.setattr(sql_store, "jitter", jitter)
    with pytest.raises(OutcomeUnknown) as caught:
        accept(line.desk, id, "k")
    assert caught.value.retryable
    assert caught.value.facts["key"] == "k"
    assert "under the same key" in str(caught.value)
    assert line.connecting == ATTEMPTS - 1
    line.down = False
    assert accept(line.desk, id, "k").version == 3
    assert moves(line.desk, id) == ["receive", "check", "accept"]


def test_it_is_not_tried_for_ever(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, id = waiting(monkeypatch), checked(line.desk).id
    cuts = line.cut_at_commits(done=False, times=ATTEMPTS)
    with pytest.raises(OutcomeUnknown):
        accept(line.desk, id, "k")
    assert (len(cuts), waits) == (ATTEMPTS, list(range(1, ATTEMPTS)))
    assert accept(line.desk, id, "k").version == 3


def test_a_refusal_met_on_the_way_is_certain(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever claims the key anew knows that nothing had happened."""
    id = checked(line.desk).id
    line.cut_at_commits(done=False)

    def jitter(_: int) -> float:
        beside(lambda: accept(line.desk, id)).join(WAIT)  # another is first
        return 0.0

    monkeypatch.setattr(sql_store, "jitter", jitter)
    with pytest.raises(Conflict):
        line.desk.complaints.accept(
            id, HANDLING, by=agent(line.desk), at=line.desk.clock.now(), key="k", expected_version=2
        )
    assert moves(line.desk, id) == ["receive", "check", "accept"]


# --- in a transaction of the host's -----------------------------------------------------------------------------------


def test_in_a_hosts_transaction_nothing_is_tried_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, id, begun = waiting(monkeypatch), checked(line.desk).id, list[int]()
    at = line.desk.clock.now()

    def work(unit: Unit) -> int:
        begun.append(1)
        return len(unit.session.trail(id))

    store = line.desk.store
    with line.engine.connect() as connection:
        line.cut_before(1)
        with pytest.raises(ConnectionLost):
            store.within(connection).run(work)
    assert (begun, waits) == ([1], [])
    with contextlib.closing(line.engine.raw_connection()) as pooled:
        raw: Any = pooled.driver_connection
        inner = line.desk.within(raw)
        if line.engine.dialect.name == "mariadb":
            raw.begin()
        line.cut(raw)
        with pytest.raises(ConnectionLost):
            inner.complaints.accept(id, HANDLING, by=agent(line.desk), at=at, key="k")
        pooled.invalidate()
    assert waits == []
    assert accept(line.desk, id, "k").version == 3


# --- what drivers say -------------------------------------------------------------------------------------------------


class Said(Exception):
    """What psycopg raises, as far as it is looked at."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (Said("57P01"), ConnectionLost),
        (Said("57P02"), ConnectionLost),
        (Said("57P03"), ConnectionLost),
        (Said(None), ConnectionLost),
        (Said("40001"), StoreBusy),
        (Said("53100"), StoreFailure),
        (Exception(1053, "shutting down"), ConnectionLost),
        (Exception(1927, "killed"), ConnectionLost),
        (Exception(2002, "no socket"), ConnectionLost),
        (Exception(2003, "refused"), ConnectionLost),
        (Exception(1213, "deadlock"), StoreBusy),
        (Exception(1045, "denied"), StoreFailure),
        (Exception(), StoreFailure),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else "",
)
def test_what_drivers_say_of_a_server_that_is_gone(original: Exception, expected: type[StoreFailure]) -> None:
    error = OperationalError("", {}, original)
    assert type(translate(error)) is expected
    assert (lost(error), transient(error)) == (expected is ConnectionLost, expected is StoreBusy)


def test_whatever_ended_the_connection_at_the_commit_it_is_not_taken_for_a_conflict() -> None:
    said: Sequence[Exception] = (Said("40001"), Exception(1213, "deadlock"))
    for original in said:
        error = OperationalError("", {}, original, connection_invalidated=True)
        assert type(translate(error)) is ConnectionLost
