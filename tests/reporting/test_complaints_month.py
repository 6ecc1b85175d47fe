"""A month's complaints in figures: what a plain count over the cases gives, and each opens to its cases (RPT-02)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import csdomain
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands.taking_over import PastCase
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import MONTHLY_REVIEW, STATISTICS
from csdomain.complaints.values import Classification, Judgement, Liable, ProposedPenalty, Remedy, Share
from csdomain.desk import Desk
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.values.money import Money
from csdomain.reporting import complaints_month
from csdomain.reporting.complaints_month import (
    DIMENSIONS,
    Figures,
    MalformedMonth,
    MonthlyComplaints,
    complaints_of_month,
    review_of_month,
)
from csdomain.reporting.rules import MONTHLY, OPENED, VOLUME
from csdomain.testing import MovableClock, SequentialIds, agent, closed, complaint_form, memory_desk, no_holidays, staff
from csdomain_adapters.export import write_csv

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FAULTY = Classification("quality", "material")


@st.composite
def past_cases(draw: st.DrawFn) -> dict[str, Any]:
    """A case closed in February, March or April of Shanghai, some at the very edge of the month."""
    name = draw(st.sampled_from(["quality", "not_quality"]))
    cause = draw(st.sampled_from({"quality": ["material", "design"], "not_quality": ["transport", "other"]}[name]))
    edge = datetime(2026, draw(st.integers(3, 4)), 1, tzinfo=SHANGHAI)
    return {
        "branch": draw(st.sampled_from(["hq", "north"])),
        "product": draw(st.sampled_from(["", "engine", "pump"])),
        "claimed": draw(st.none() | st.integers(0, 10**6)),
        "classification": Classification(name, cause),
        "closed_at": edge + timedelta(microseconds=draw(st.integers(-2, 2)), days=draw(st.integers(-20, 20))),
        "in_time": draw(st.none() | st.booleans()),
        "state": draw(st.sampled_from([State.CLOSED, State.SETTLED])),
    }


def taken_over(desk: Desk, number: int, case: dict[str, Any]) -> str:
    claimed = None if case["claimed"] is None else Money(case["claimed"], "CNY")
    past = PastCase(
        number=f"OLD-{number}",
        form=complaint_form(product=case["product"], claimed=claimed),
        state=case["state"],
        received_at=case["closed_at"] - timedelta(days=5),
        accepted_at=case["closed_at"] - timedelta(days=4),
        closed_at=case["closed_at"],
        classification=case["classification"],
        outcome="done",
        in_time=case["in_time"],
    )
    by = agent(desk, "importer", branch=case["branch"], position="service_manager")
    return desk.complaints.take_over(past, by=by, at=NOW).id


def counted(cases: list[Complaint]) -> Figures:
    """The same by hand."""

    def amount(of: Callable[[Complaint], int]) -> Money:
        return Money(sum(of(case) for case in cases), "CNY")

    return Figures(
        closed=len(cases),
        in_time=sum(case.in_time is True for case in cases),
        late=sum(case.in_time is False for case in cases),
        withdrawn=0,
        claimed=amount(lambda c: sum(f.content.claimed.minor for f in c.forms if f.content.claimed is not None)),
        granted=amount(lambda c: sum(f.approved.remedy.granted.minor for f in c.forms if f.approved is not None)),
        lost=amount(lambda c: sum(f.judgement.lost("CNY").minor for f in c.forms if f.judgement is not None)),
    )


def key_of(case: Complaint, dimension: str) -> str | None:
    classification = case.form.classification
    assert classification is not None
    judged = case.form.judgement
    return {
        "class_name": classification.name,
        "cause": classification.cause,
        "unit": judged.unit if judged is not None else None,
        "product": case.form.content.product or None,
        "branch": case.branch,
    }[dimension]


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, database_url: Callable[[str], str]) -> Iterator[Callable[[], Desk]]:
    desks: list[Desk] = []

    def fresh() -> Desk:
        url = database_url(request.param)
        desk = csdomain.open(url, clock=MovableClock(NOW), ids=SequentialIds(), holidays=no_holidays())
        desks.append(desk)
        return desk

    yield fresh
    for desk in desks:
        desk.close()


@pytest.mark.rule(STATISTICS, MONTHLY, OPENED)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(past_cases(), max_size=12))
def test_the_figures_are_those_of_a_plain_count_and_open_to_their_cases(
    opened: Callable[[], Desk], cases: list[dict[str, Any]]
) -> None:
    desk = opened()
    for number, case in enumerate(cases):
        taken_over(desk, number, case)
    boss, clerk = staff(desk)["general_manager"], agent(desk, "m", branch="north")
    for by, branches in ((boss, {"hq", "north"}), (clerk, {"north"})):
        stored = [case for case in desk.complaints.find(by=boss).items if case.branch in branches]

        def month(name: str, stored: list[Complaint] = stored) -> list[Complaint]:
            return [c for c in stored if c.closed_at and f"{c.closed_at.astimezone(SHANGHAI):%Y-%m}" == name]

        found = complaints_of_month(desk.complaints, "2026-03", by=by, at=NOW)
        assert (found.month, found.as_of) == ("2026-03", NOW)
        assert found.whole == counted(month("2026-03"))
        assert found.before == counted(month("2026-02"))
        for dimension in DIMENSIONS:
            groups: dict[str | None, list[Complaint]] = {}
            for one in month("2026-03"):
                groups.setdefault(key_of(one, dimension), []).append(one)
            assert found.groups[dimension] == {key: counted(of) for key, of in groups.items()}
            for key, of in groups.items():
                behind = desk.complaints.find(found.query(dimension, key), by=by)
                assert {case.id for case in behind.items} == {case.id for case in of}
        assert {case.id for case in desk.complaints.find(found.query(), by=by).items} == {
            case.id for case in month("2026-03")
        }
        assert found == complaints_of_month(desk.complaints, "2026-03", by=by, at=NOW)  # repeatable


@pytest.mark.rule(MONTHLY, VOLUME)
def test_figures_load_no_case_and_cost_seven_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = memory_desk(clock=MovableClock())
    for _ in range(3):
        closed(desk)
    from csdomain_adapters.memory.session import MemorySession

    def loading(*_: Any, **__: Any) -> Any:
        raise AssertionError("a case was loaded")

    tallies: list[Any] = []
    plain = MemorySession.tally
    monkeypatch.setattr(MemorySession, "fetch", loading)
    monkeypatch.setattr(MemorySession, "select", loading)

    def counting(session: MemorySession, kind: Any, tally: Any) -> Any:
        tallies.append(tally)
        return plain(session, kind, tally)

    monkeypatch.setattr(MemorySession, "tally", counting)
    found = complaints_of_month(desk.complaints, "2026-03", by=staff(desk)["gm_office"], at=desk.clock.now())
    assert (found.whole.closed, len(tallies)) == (3, 7)


@pytest.mark.rule(MONTHLY)
@pytest.mark.parametrize("month", ["2026-13", "2026-00", "26-03", "2026-3", "", "2026-03-01", "0001-01", None, 202603])
def test_a_month_is_named_as_a_month(month: Any) -> None:
    desk = memory_desk()
    for act in (
        lambda: complaints_of_month(desk.complaints, month, by=staff(desk)["gm_office"], at=NOW),
        lambda: review_of_month(desk.complaints, month, by=staff(desk)["gm_office"]),
    ):
        with pytest.raises(MalformedMonth):
            act()


@pytest.mark.rule(MONTHLY)
def test_nothing_is_counted_by_what_no_column_holds_nor_for_those_who_may_not_read() -> None:
    desk = memory_desk()
    found: MonthlyComplaints = complaints_of_month(desk.complaints, "2026-03", by=staff(desk)["gm_office"], at=NOW)
    with pytest.raises(MalformedMonth):
        found.query("customer", "customer-1")
    with pytest.raises(NotPermitted):
        complaints_of_month(desk.complaints, "2026-03", by=agent(desk, "x", position=""), at=NOW)
    first = complaints_of_month(desk.complaints, "0001-02", by=staff(desk)["gm_office"], at=NOW)
    assert first.whole.closed == 0


@pytest.mark.rule(MONTHLY_REVIEW, PERSONAL_DATA)
def test_the_list_of_the_review_has_what_the_office_decides_by_and_masks_the_customer() -> None:
    clock = MovableClock()
    desk = memory_desk(clock=clock)
    judgement = Judgement(
        liable=Liable.US,
        unit="production",
        tracked=False,
        loss={"goods": Money.of(900, "CNY")},
        persons=("worker-7",),
        shares=(Share("production"),),
        penalties=(ProposedPenalty("worker-7", "warning"), ProposedPenalty("production")),
    )
    id = closed(desk, complaint_form(customer="customer-9"), judgement=judgement).id
    office = staff(desk)["gm_office"]
    table = review_of_month(desk.complaints, "2026-03", by=office)
    (row,) = table.rows
    cells = dict(zip((column.name for column in table.columns), row, strict=True))
    assert cells["number"] == desk.complaints.get(id, by=office).number
    assert (cells["unit"], cells["lost"]) == ("production", Money.of(900, "CNY"))
    assert cells["penalties"] == "worker-7: warning (proposed); production: 45.00 CNY (proposed)"
    assert (cells["reviewed"], cells["review_by"]) == (False, datetime(2026, 4, 10, 16, tzinfo=UTC))
    for reveal, seen in ((False, False), (True, True)):
        file = StringIO()
        mine = review_of_month(desk.complaints, "2026-03", by=staff(desk)["general_manager"])
        write_csv(mine, file, language="zh", zone="Asia/Shanghai", reveal=reveal)
        assert ("customer-9" in file.getvalue()) is seen
    desk.complaints.review(id, "production", by=office, at=clock.now())
    (row,) = review_of_month(desk.complaints, "2026-03", by=office).rows
    assert row[-2] is True


@pytest.mark.rule(MONTHLY)
def test_the_table_says_every_group_once() -> None:
    desk = memory_desk()
    closed(desk)
    found = complaints_of_month(desk.complaints, "2026-03", by=staff(desk)["gm_office"], at=NOW)
    rows = list(found.table().rows)
    assert rows[0][:3] == ("all", None, 1)
    assert [(row[0], row[1]) for row in rows[1:]] == [(n, key) for n, groups in found.groups.items() for key in groups]


@pytest.mark.rule(MONTHLY)
def test_a_program_gets_the_figures_as_plain_data() -> None:
    desk = memory_desk()
    closed(desk, complaint_form(claimed=Money(80_00, "CNY")))
    found = complaints_of_month(desk.complaints, "2026-03", by=staff(desk)["gm_office"], at=NOW)
    data: Any = found.as_data()
    assert (data["month"], data["as_of"]) == ("2026-03", "2026-06-01T00:00:00+00:00")
    assert (data["all"]["closed"], data["all"]["claimed"], data["month_before"]["claimed"]) == (
        1,
        "80.00 CNY",
        "0.00 CNY",
    )
    assert [(group["group"], group["closed"]) for group in data["groups"]["branch"]] == [("hq", 1)]


@pytest.mark.rule(MONTHLY_REVIEW)
def test_the_list_of_the_review_is_whole_and_says_no_day_where_nobody_reviews(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints_month, "_PAGE", 2)
    for book, reviewed in (("after_sales", True), ("medical_centre", False)):
        desk = memory_desk(book, clock=MovableClock(NOW))
        everything = tuple(desk.house.permissions.positions)
        by = desk.actor("agent-1", branch="hq", positions=everything)
        for number in range(5):
            past = PastCase(
                number=f"OLD-{number}",
                form=complaint_form(),
                state=State.CLOSED,
                received_at=NOW - timedelta(days=9),
                accepted_at=NOW - timedelta(days=9),
                closed_at=NOW - timedelta(days=5, hours=number),
                classification=Classification("service", "waiting") if book != "after_sales" else FAULTY,
                outcome="done",
            )
            desk.complaints.take_over(past, by=by, at=NOW)
        rows = list(review_of_month(desk.complaints, "2026-05", by=by).rows)
        assert [row[0] for row in rows] == [f"OLD-{number}" for number in (4, 3, 2, 1, 0)]
        assert [row[-1] is not None for row in rows] == [reviewed] * 5


@pytest.mark.rule(STATISTICS)
@pytest.mark.parametrize("book", ["after_sales", "medical_centre"])
def test_f23_withdrawn_ones_are_counted_as_such_and_in_time_is_only_what_a_clock_ran_for(book: str) -> None:
    desk = memory_desk(book)
    everything = tuple(desk.house.permissions.positions)
    by: dict[str, Any] = {"by": desk.actor("agent-1", branch="hq", positions=everything), "at": NOW}
    claims = complaint_form(claimed=Money(80_00, "CNY"))
    ids = [desk.complaints.receive(claims, **by).id for _ in range(2)]
    desk.complaints.withdraw(ids[0], "never mind", **by)
    if book == "medical_centre":  # which sets no time to close a complaint
        desk.complaints.handle(ids[1], Classification("service", "waiting"), **by)
        desk.complaints.propose(ids[1], Remedy(granted=Money.zero("CNY"), text="explained"), **by)
        desk.complaints.satisfy(ids[1], **by)
        desk.complaints.close(ids[1], "explained", **by)
    found = complaints_of_month(desk.complaints, "2026-06", by=by["by"], at=NOW)
    closed_ = 1 if book == "medical_centre" else 0
    assert (found.whole.withdrawn, found.whole.closed, found.whole.in_time, found.whole.late) == (1, closed_, 0, 0)
    assert found.whole.claimed == Money(80_00 * closed_, "CNY")
    assert [case.id for case in desk.complaints.find(found.query(withdrawn=True), by=by["by"]).items] == ids[:1]
    assert len(desk.complaints.find(found.query(), by=by["by"]).items) == closed_
