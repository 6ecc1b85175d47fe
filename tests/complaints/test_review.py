"""The monthly review: by the 10th of the next month, in the branch's zone, of the cases closed last month (CMP-20)."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import Counter
from complaints.ends import NOTHING, OFFICE, closed, decided, renewed
from complaints.hand import on
from complaints.model import JUDGED, RULES, check_unchanged
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import MONTHLY_REVIEW, STATES
from csdomain.complaints.values import Judgement, Liable, Share
from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules import TIME
from csdomain.kernel.rules.errors import MoveRefused, RuleBroken
from csdomain.rulebook import loads
from csdomain.testing import MovableClock, accepted, agent, memory_desk, no_holidays, staff
from csdomain.testing import closed as closed_at_desk

pytestmark = pytest.mark.rule(MONTHLY_REVIEW)

TICK: Final = timedelta(microseconds=1)

# --- at a desk --------------------------------------------------------------------------------------------------------

BRANCHES: Final = {"hq": "Asia/Shanghai", "rome": "Europe/Rome", "havana": "America/Havana"}
ABROAD: Final = loads(
    'name = "abroad"\nextends = "after_sales"\n[organisation.branches]\n'
    + "".join(f'{name} = {{ zone = "{zone}" }}\n' for name, zone in BRANCHES.items() if name != "hq"),
    sections(),
    shipped,
)


@pytest.mark.rule(TIME)
@pytest.mark.parametrize("branch", BRANCHES)
def test_it_is_met_until_the_last_instant_of_the_tenth_and_then_it_is_reported(branch: str) -> None:
    clock = MovableClock(datetime(2026, 3, 31, 12, tzinfo=UTC))
    desk = memory_desk(ABROAD, clock=clock)  # type: ignore[arg-type]
    due = datetime(2026, 4, 11, tzinfo=ZoneInfo(BRANCHES[branch])).astimezone(UTC)
    office = agent(desk, "office", branch=branch, position="gm_office")
    for late in (False, True):
        clock.move(datetime(2026, 3, 31, 12, tzinfo=UTC))
        case = closed_at_desk(desk, branch=branch)
        clock.move(due + TICK * late)
        desk.sweep()
        desk.complaints.review(case.id, "sales", by=office, at=clock.now())
        (timer,) = desk.store.look(
            lambda unit: [t for t in unit.timers_of(case.id) if t.name == "CMP-20"]  # noqa: B023 - run at once
        )
        assert timer.due_at == due
        assert timer.state is (TimerState.BREACHED if late else TimerState.MET)
        told = desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=1000))
        overdue = [m.to for m in told if m.occasion == "complaint.overdue" and m.facts["complaint"] == case.id]
        assert overdue == (["service_manager"] if late else [])


around = st.lists(
    st.tuples(st.integers(-30, 30), st.sampled_from(list(BRANCHES)), st.booleans()), min_size=1, max_size=5
)


@pytest.mark.rule(TIME)
@given(around)
def test_the_office_finds_the_cases_of_a_month_until_it_has_reviewed_them(found: list[tuple[int, str, bool]]) -> None:
    """Closed some hours around the turn of a month, in branches where it turns at different instants."""
    clock = MovableClock(datetime(2026, 3, 1, tzinfo=UTC))
    desk = memory_desk(ABROAD, clock=clock)  # type: ignore[arg-type]
    by = staff(desk)["gm_office"]
    waiting: dict[str, set[str]] = defaultdict(set)
    for hours, branch, reviewed in found:
        at = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=hours)
        case = closed_at_desk(desk, branch=branch, at=at)
        if reviewed:
            office = agent(desk, "office", branch=branch, position="gm_office")
            desk.complaints.review(case.id, "customer_service", by=office, at=at)
        else:
            waiting[f"{at.astimezone(ZoneInfo(BRANCHES[branch])):%Y-%m}"].add(case.id)
    accepted(desk)  # never closed
    for month in ("2026-02", "2026-03", "2026-04", "2026-05"):
        assert {case.id for case in desk.complaints.to_review(month, by=by).items} == waiting[month]


def test_it_is_reviewed_only_once_and_what_is_closed() -> None:
    counter = Counter.open().submitted(NOTHING)
    counter.expect(MoveRefused, "review")
    counter.go("approve", "answer", "close")
    assert counter.go(("review", "sales", "late")).state == "settled"
    review = counter.case.review
    assert review is not None
    assert (review.by, review.unit, review.text) == ("gm_office", "sales", "late")
    counter.expect(MoveRefused, "review")


def test_a_case_is_reviewed_once_also_while_it_settles() -> None:
    case = decided(NOTHING)
    on(case).remark("the hotline is slow", "hotline")
    on(closed(case)).judge_month("sales", "", RULES, by=OFFICE)
    assert case.state is State.SETTLING
    error = check_unchanged(case, RuleBroken, lambda: on(case).judge_month("sales", "", RULES, by=OFFICE))
    assert error.rule is MONTHLY_REVIEW


units = st.sampled_from(["production", "stores", "purchasing"])


@given(units, st.sets(units, max_size=2), st.none() | units)
def test_the_unit_is_one_of_those_concerned(first: str, share: set[str], second: str | None) -> None:
    shares = tuple(Share(unit) for unit in sorted(share))
    case = decided(NOTHING, Judgement(liable=Liable.US, unit=first, tracked=False, shares=shares))
    if second is not None:
        decided(NOTHING, attrs.evolve(JUDGED, unit=second), case=renewed(case))
    closed(case)
    for unit in ("production", "stores", "purchasing", "sales", "customer_service", "warehouse", ""):
        found = attrs.evolve(case)
        if unit in {first, *share, second, "sales", "customer_service"}:
            on(found).judge_month(unit, "", RULES, by=OFFICE)
            assert found.review is not None
            assert found.review.unit == unit
        else:
            check_unchanged(found, RuleBroken, lambda: on(found).judge_month(unit, "", RULES, by=OFFICE))  # noqa: B023


@pytest.mark.rule(STATES)
def test_f06_what_is_not_established_is_reviewed_and_what_a_house_without_a_review_closes_is_not() -> None:
    never = attrs.evolve(RULES, review_by=None)
    case = closed(decided(NOTHING, rules=never))
    assert case.state is State.SETTLED
    counter = Counter.open().accepted()
    assert counter.go("dismiss", "answer", "close").state == "closed"
    month = f"{counter.now:%Y-%m}"
    assert counter.desk.complaints.to_review(month, by=counter.who["gm_office"]).items == (counter.case,)
    assert "CMP-20" in counter.timers


@pytest.mark.rule(MONTHLY_REVIEW)
def test_a_case_is_closed_in_december_though_next_years_holidays_are_not_published() -> None:
    clock = MovableClock(datetime(2026, 12, 20, 3, tzinfo=UTC))
    desk = memory_desk(clock=clock, holidays=no_holidays(first=2026, last=2026))
    id, office = closed_at_desk(desk).id, staff(desk)["gm_office"]
    timers = {line.timer: line for line in desk.complaints.deadlines(id, by=office, at=clock.now())}
    assert timers["CMP-20"].due_at == datetime(2027, 1, 10, 16, tzinfo=UTC)
    assert desk.sweep(datetime(2027, 1, 11, tzinfo=UTC)).breached == 1
