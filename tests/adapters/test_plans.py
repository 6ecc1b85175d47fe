"""By which index SQLite finds what is asked for. It has no statistics of a desk's tables, and so no idea of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from adapters.harness import Desks
from csdomain import Desk
from csdomain.complaints.case import Complaint as Case
from csdomain.complaints.case.columns import CLOSED_AT, CLOSED_MONTH, COMPLAINTS, CUSTOMER, GRAVE, NUMBER, QUEUE, STATE
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import STATISTICS
from csdomain.kernel.rules import PERMITTED, PORTS
from csdomain.kernel.store.kinds import Comparison, Query, Tally, Where
from csdomain.testing import accepted, agent, complaint_form
from csdomain_adapters.sql import SqlStore

pytestmark = [pytest.mark.rule(PORTS)]

BRANCH: Where[Case] = Where("branch", Comparison.IS, "hq")
OWNER: Where[Case] = Where("owner", Comparison.IS, "agent-1")


@pytest.fixture
def desk(desks: Desks) -> Desk:
    return desks("sqlite")


@pytest.fixture
def plan(desk: Desk) -> Callable[[Callable[[], object]], str]:
    """How SQLite goes about the last query of some work."""
    said: list[tuple[str, Any]] = []
    store = desk.store
    assert isinstance(store, SqlStore)

    @event.listens_for(store.engine, "before_cursor_execute")
    def hear(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            said.append((statement, parameters))

    def of(work: Callable[[], object]) -> str:
        work()
        statement, parameters = said[-1]
        with store.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"explain query plan {statement}", parameters)
            return "; ".join(row[3] for row in rows)

    return of


@pytest.mark.rule(PERMITTED, STATISTICS)
def test_who_may_read_a_branch_does_not_read_all_of_it(desk: Desk, plan: Callable[[Callable[[], object]], str]) -> None:
    by, complaints = agent(desk), desk.complaints
    asked: dict[str, Callable[[], object]] = {
        "ix_csd_complaint_queue (queue=?)": lambda: complaints.queue(by=by),
        "ix_csd_complaint_closed_month (closed_month=?)": lambda: complaints.statistics("2026-03", "class_name", by=by),
        "uq_csd_complaint_number (number=?)": lambda: complaints.find(Query((NUMBER.is_("KS-1"),)), by=by),
        "ix_csd_complaint_customer (customer=?)": lambda: complaints.find(Query((CUSTOMER.is_("c"),)), by=by),
    }
    for index, work in asked.items():
        assert f"USING INDEX {index}" in plan(work)
    assert "ix_csd_complaint_closed_month (" in plan(lambda: complaints.to_review("2026-03", by=by))


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ((BRANCH,), "branch"),
        ((OWNER,), "owner"),
        ((OWNER, BRANCH), "owner"),
        ((BRANCH, OWNER), "owner"),
        ((QUEUE.is_("agent-1"), OWNER), "queue"),
        ((QUEUE.is_("agent-1"), OWNER, BRANCH), "queue"),
        ((BRANCH, STATE.among([State.RECEIVED.value, State.CHECKED.value])), "state"),
        ((GRAVE.is_(True), BRANCH), "branch"),
        ((CLOSED_AT.absent(), BRANCH), "branch"),
        ((CLOSED_MONTH.present(), BRANCH), "branch"),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(f"{w.column}-{w.comparison.value}" for w in given),
)
@pytest.mark.parametrize("asking", ["list", "tally"])
def test_the_finest_index_finds(
    desk: Desk, plan: Callable[[Callable[[], object]], str], asking: str, where: tuple[Where[Case], ...], index: str
) -> None:
    def work() -> object:
        if asking == "list":
            return desk.store.look(lambda unit: unit.of(COMPLAINTS).find(Query(where)))
        return desk.store.look(lambda unit: unit.of(COMPLAINTS).tally(Tally(where, ("class_name",))))

    assert f"USING INDEX ix_csd_complaint_{index} ({index}=?)" in plan(work)


@pytest.mark.rule(PERMITTED)
@pytest.mark.parametrize("asking", ["list", "tally"])
def test_what_is_own_by_several_columns_is_found_by_the_index_of_each(
    desk: Desk, plan: Callable[[Callable[[], object]], str], asking: str
) -> None:
    either = (OWNER, QUEUE.is_("agent-1"))

    def work() -> object:
        if asking == "list":
            return desk.store.look(lambda unit: unit.of(COMPLAINTS).find(Query(either=either)))
        return desk.store.look(lambda unit: unit.of(COMPLAINTS).tally(Tally(either=either)))

    found = plan(work)
    assert "INDEX ix_csd_complaint_owner (owner=?)" in found
    assert "INDEX ix_csd_complaint_queue (queue=?)" in found
    assert "SCAN csd_complaint" not in found


@pytest.mark.rule(PERMITTED)
@pytest.mark.parametrize("descending", [False, True])
def test_a_page_of_a_branch_is_read_in_the_order_of_its_index_and_not_sorted(
    desk: Desk, plan: Callable[[Callable[[], object]], str], descending: bool
) -> None:
    here, first = agent(desk), accepted(desk).id
    for after in (None, (first, first)):
        query: Query[Case] = Query(descending=descending, after=after)
        found = plan(lambda: desk.complaints.find(query, by=here))  # noqa: B023 - run at once
        assert "USING INDEX ix_csd_complaint_branch (branch=?" in found
        assert "TEMP B-TREE" not in found


@pytest.mark.rule(PERMITTED)
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_what_is_found_by_another_index_is_still_of_the_branch(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    here, there = agent(desk), agent(desk, "agent-2", branch="north")
    ours, theirs = (accepted(desk, complaint_form(customer="c"), by=by).id for by in (here, there))
    query = Query((CUSTOMER.is_("c"),))
    assert [case.id for case in desk.complaints.find(query, by=here).items] == [ours]
    assert [case.id for case in desk.complaints.find(query, by=there).items] == [theirs]
