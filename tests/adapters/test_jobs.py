"""The work beside the use cases, as a host runs it: leavers' cases, monthly reviews, jobs, how they fare."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.harness import BACKENDS, Desks
from csdomain import Desk
from csdomain.complaints.rules import HANDLED, MONTHLY_REVIEW
from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.kernel.cases.delivery import Queued
from csdomain.kernel.store.jobs import Job
from csdomain.kernel.store.ports import DeliveryFailed
from csdomain.staff.rules import EMPLOYMENT
from csdomain.testing import MovableClock, accepted, agent, closed, engaged, memory_desk, personnel, staff
from csdomain.testing.engines import PATIENCE, Working
from csdomain_adapters.worker import Poller

DAY = timedelta(days=1)


def waiting(desk: Desk, occasion: str) -> list[Queued]:
    found = desk.store.look(lambda unit: unit.session.outbox(limit=500))
    return [message for message in found if message.occasion == occasion]


@pytest.mark.rule(HANDLED, EMPLOYMENT)
@pytest.mark.parametrize("backend", BACKENDS)
def test_each_branch_is_told_of_the_open_cases_of_whoever_leaves(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    who = staff(desk)["service_agent"]
    record = engaged(desk, who.id, "service_agent")
    owned = [accepted(desk, by=who).id for _ in range(3)]
    accepted(desk, by=agent(desk, "somebody else"))
    desk.complaints.withdraw(owned[0], "never mind", by=who, at=desk.clock.now())
    desk.carry_out()
    assert waiting(desk, "complaint.left_behind") == []
    desk.staff.leave(record.id, "moves away", by=personnel(desk), at=desk.clock.now())
    for _ in range(2):
        desk.carry_out()
        [told] = waiting(desk, "complaint.left_behind")
        assert told.facts == {"actor": who.id, "branch": "hq", "cases": 2}
        assert told.to == desk.house.rulebook[COMPLAINT_RULES].handled_by
    assert [line.name for line in desk.staff.trail(record.id, by=personnel(desk))][-1] == "cases_left_behind"
    assert desk.verify().faults == ()


@pytest.mark.rule(MONTHLY_REVIEW)
@pytest.mark.parametrize("backend", BACKENDS)
def test_on_the_first_the_reviews_of_the_month_before_are_listed_once(desks: Desks, backend: str) -> None:
    clock = MovableClock()
    desk = desks(backend, clock=clock)
    desk.plan()  # 4 March: nothing is planned for the past
    for _ in range(2):
        closed(desk)
    clock.move(datetime(2026, 4, 1, 0, 59, tzinfo=UTC))  # a minute before nine in Shanghai
    assert desk.plan().opened == 0
    clock.advance(timedelta(minutes=1))
    assert (desk.plan().opened, desk.plan().opened) == (1, 0)
    [told] = waiting(desk, "complaint.reviews")
    assert (told.to, told.facts) == ("gm_office", {"month": "2026-03", "branch": "hq", "cases": 2})
    clock.advance(31 * DAY)  # nothing was closed in April
    assert (desk.plan().done, len(waiting(desk, "complaint.reviews"))) == (1, 1)
    assert desk.verify().faults == ()


def test_a_house_that_reviews_nothing_lists_nothing() -> None:
    clock = MovableClock()
    desk = memory_desk("fleet", clock=clock)
    desk.plan()
    clock.advance(90 * DAY)
    desk.plan()
    assert not desk.house.rulebook[COMPLAINT_RULES].review_by
    assert waiting(desk, "complaint.reviews") == []


def test_the_jobs_do_all_that_is_to_be_done(desks: Desks) -> None:
    clock = MovableClock()
    desk = desks("sqlite", clock=clock)
    sent: list[str] = []

    class Collect:
        def send(self, message: Queued) -> None:
            sent.append(message.occasion)

    desk.plan()
    closed(desk)
    clock.advance(40 * DAY)
    jobs = [Job(job.name, timedelta(milliseconds=20), job.run) for job in desk.jobs(Collect())]
    assert [job.name for job in jobs] == ["sweep", "consequences", "plan", "rebuild", "relay"]
    poller = Poller()
    working = Working(poller, jobs)
    begun = datetime.now(UTC)
    while datetime.now(UTC) - begun < timedelta(seconds=PATIENCE):
        if "complaint.reviews" in sent and desk.health().is_well(DAY):
            break
    working.end()
    assert "complaint.reviews" in sent
    assert {health.failures for health in poller.health()} == {0}
    assert desk.health().is_well(DAY)
    assert [job.name for job in desk.jobs()] == ["sweep", "consequences", "plan", "rebuild"]


def test_what_is_overdue_or_was_given_up_shows(desks: Desks) -> None:
    clock = MovableClock()
    desk = desks("sqlite", clock=clock)
    desk.plan()
    desk.carry_out()
    assert desk.health().is_well(timedelta())

    class Refuse:
        def send(self, message: Queued) -> None:
            raise DeliveryFailed(definite=True, why="no such line")

    accepted(desk)
    assert desk.health().behind == {
        "cases_of_leavers": 0,
        "papers_follow_customers": 0,
    }  # what is not numbered yet is not counted
    clock.advance(40 * DAY)
    late = desk.health()
    assert late.oldest_timer is not None
    assert late.oldest_message is not None
    assert not late.is_well(DAY)
    assert late.is_well(60 * DAY)
    desk.sweep()
    desk.relay(Refuse())
    desk.carry_out()
    after = desk.health()
    assert (after.oldest_timer, after.oldest_message, after.parked) == (None, None, 0)
    assert after.dead > 0
    assert not after.is_well(60 * DAY)
