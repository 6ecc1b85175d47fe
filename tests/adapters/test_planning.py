"""What comes due by the calendar: each once, whatever dies, however many plan, whoever refuses (D21)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import SQL
from adapters.jobs_at_work import Died, Mortal, Place
from csdomain.kernel.rules import AUDITED, Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.planning import (
    LEASE,
    Due,
    PlanReport,
    Run,
    RunState,
    Source,
    Subjects,
    occasion_key,
    plan,
    runs_of,
)
from csdomain.kernel.store.ports import Store, Unit

DAY = timedelta(days=1)
REFUSED = RuleBroken(AUDITED, accepted=Text("another", "另一个"))


class Daily:
    """A run each midnight (UTC), for ``a``, ``b``, …; some of them refuse, and the page of some days cannot be read."""

    def __init__(self, place: Place, subjects: int = 3, late: timedelta | None = None, name: str = "daily") -> None:
        self.place, self.subjects, self.name = place, [chr(97 + n) for n in range(subjects)], name
        self.refuses, self.broken, self.ended = set[str](), set[str](), list[Run]()
        self.source = Source(name, self.runs, self.page, self.act, late, lambda _unit, run: self.ended.append(run))

    def runs(self, after: datetime, until: datetime) -> Iterable[Due]:
        at = after.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        while at <= until:
            yield Due(f"{at:%m-%d}", at, {"month": f"{at:%B}"})
            at += DAY

    def page(self, _unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        if due.key in self.broken:
            raise KeyError("a row that cannot be read")
        left = [subject for subject in self.subjects if subject > cursor]
        return Subjects(left[:limit], left[limit - 1] if len(left) > limit else None)

    def act(self, unit: Unit, due: Due, subjects: Sequence[str]) -> None:
        for subject in subjects:
            self.place.do(unit, occasion_key(self.name, due.key, subject))
            if subject in self.refuses:
                raise REFUSED

    def plan(self, store: Store | None = None, *, worker: str = "w1", **how: Any) -> PlanReport:
        return plan(store or self.place.store, [self.source], self.place.clock, worker=worker, **how)

    def wanted(self, *days: str) -> list[str]:
        return [f"{self.name}/{day}/{subject}" for day in days for subject in self.subjects]


@pytest.fixture(params=["memory", *SQL])
def place(request: pytest.FixtureRequest, clean_url: Callable[[str], str]) -> Iterator[Place]:
    found = Place("" if request.param == "memory" else clean_url(request.param))
    yield found
    found.store.close()


def test_nothing_is_planned_for_the_past_and_a_standstill_is_made_up_for(place: Place) -> None:
    daily = Daily(place)
    assert daily.plan() == PlanReport()  # 4 March, 10:00 in Shanghai: from now on
    place.clock.advance(3 * DAY)
    assert daily.plan(page=2) == PlanReport(opened=3, done=3, subjects=9)
    assert place.done() == daily.wanted("03-05", "03-06", "03-07")
    assert daily.plan() == PlanReport()
    assert [(run.key, run.state, run.subjects, run.due.facts) for run in runs_of(place.store)] == [
        (day, "done", 3, {"month": "March"}) for day in ("03-05", "03-06", "03-07")
    ]
    assert [run.key for run in daily.ended] == ["03-05", "03-06", "03-07"]


def test_a_clock_that_jumps_back_plans_nothing_twice(place: Place) -> None:
    daily = Daily(place)
    daily.plan()
    place.clock.advance(DAY)
    daily.plan()
    place.clock.move(place.clock.now() - 2 * DAY)
    assert daily.plan() == PlanReport()
    place.clock.advance(3 * DAY)
    assert daily.plan().opened == 1
    assert place.done() == daily.wanted("03-05", "03-06")


def test_who_refuses_is_passed_over_and_listed_and_the_others_get_theirs(place: Place) -> None:
    daily = Daily(place, 5)
    daily.plan()
    daily.refuses = {"b", "e"}
    place.clock.advance(DAY)
    report = daily.plan(page=3)
    assert (report.done, report.subjects) == (1, 3)
    assert [(f.source, f.key, f.subject, f.code, f.rule) for f in report.failed] == [
        ("daily", "03-05", subject, "rule_broken", "KRN-11") for subject in ("b", "e")
    ]
    assert place.done() == [f"daily/03-05/{subject}" for subject in "acd"]
    [run] = runs_of(place.store, state=RunState.DONE)
    assert (run.subjects, run.failed) == (3, 2)


def test_a_run_whose_page_cannot_be_read_is_set_aside_and_named(place: Place) -> None:
    daily = Daily(place)
    daily.plan()
    daily.broken = {"03-05"}
    place.clock.advance(2 * DAY)
    report = daily.plan()
    assert (report.unreadable, report.done) == ((("daily", "03-05", "KeyError"),), 1)
    assert place.done() == daily.wanted("03-06")
    assert [run.code for run in runs_of(place.store, state=RunState.FAILED)] == ["KeyError"]
    assert daily.plan() == PlanReport()


def test_a_run_that_is_too_late_is_missed_on_record(place: Place) -> None:
    daily = Daily(place, late=DAY)
    daily.plan()
    place.clock.advance(3 * DAY)
    report = daily.plan()
    assert (report.opened, report.missed, report.done) == (3, 2, 1)
    assert place.done() == daily.wanted("03-07")
    assert [run.key for run in runs_of(place.store, state=RunState.MISSED)] == ["03-05", "03-06"]
    assert len(daily.ended) == 3


def test_a_run_that_was_begun_in_time_is_ended_however_late(place: Place) -> None:
    daily = Daily(place, late=DAY)
    daily.plan()
    place.clock.advance(DAY)
    with pytest.raises(Died):
        daily.plan(Mortal(place.store, 4), page=1)
    place.clock.advance(5 * DAY)
    daily.plan()
    assert place.done()[:3] == daily.wanted("03-05")


def test_runs_of_a_source_that_is_gone_are_named_and_left(place: Place) -> None:
    daily, other = Daily(place), Daily(place, name="other")
    for one in (daily, other):
        one.plan()
    place.clock.advance(DAY)
    with pytest.raises(Died):
        other.plan(Mortal(place.store, 2))
    assert daily.plan() == PlanReport(opened=1, done=1, subjects=3, unknown=("other",))
    assert other.plan().done == 1
    assert daily.plan().unknown == ()


def test_whoever_holds_a_run_is_left_alone_until_the_lease_is_over(place: Place) -> None:
    daily = Daily(place)
    daily.plan()
    place.clock.advance(DAY)
    with pytest.raises(Died):
        daily.plan(Mortal(place.store, 3))
    assert daily.plan(worker="w2") == PlanReport()
    place.clock.advance(LEASE + timedelta(seconds=1))
    assert daily.plan(worker="w2").done == 1
    assert place.done() == daily.wanted("03-05")


def test_a_planner_whose_lease_ran_out_while_it_worked_leaves_the_run_to_the_next(place: Place) -> None:
    slow, quick = Daily(place), Daily(place)
    slow.plan()
    place.clock.advance(DAY)

    def overtaken(_count: int) -> None:  # it stood still between two of its pages
        if not quick.ended:
            place.clock.advance(2 * LEASE)
            assert quick.plan(worker="w2", page=1) == PlanReport(done=1, subjects=2)

    assert slow.plan(page=1, progress=overtaken) == PlanReport(opened=1, subjects=1)
    assert place.done() == slow.wanted("03-05")


def test_keys_of_occasions_are_bounded() -> None:
    assert occasion_key("birthday", "L2026", "cus_1") == "birthday/L2026/cus_1"
    with pytest.raises(ValueError, match="120"):
        occasion_key("birthday", "L2026", "c" * 120)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["w1", "w2", "w3"]),
            st.sampled_from(["plan", "die", "die after", "wait", "day"]),
            st.integers(1, 7),
        ),
        max_size=20,
    ),
    st.integers(0, 4),
)
def test_any_interleaving_of_planners_and_deaths_does_the_same(
    steps: list[tuple[str, str, int]], subjects: int
) -> None:
    place = Place()
    daily, begin = Daily(place, subjects), place.clock.now()
    daily.plan()
    for worker, step, number in steps:
        if step == "wait":
            place.clock.advance(number * LEASE / 3)
        elif step == "day":
            place.clock.advance(DAY)
        else:
            store = Mortal(place.store, number if step != "plan" else 0, after=step == "die after")
            try:
                daily.plan(store, worker=worker, page=2)
            except Died:
                continue
    place.clock.advance(2 * LEASE)
    daily.plan()
    days = [due.key for due in daily.runs(begin, place.clock.now())]
    assert sorted(place.done()) == daily.wanted(*days)
    assert {run.state for run in runs_of(place.store)} <= {"done"}
