"""A complaint is decided by what is held at that moment: staff records, roles revoked, delegations (KRN-08, PPL-01)."""

from datetime import timedelta

import pytest

from csdomain.complaints.lifecycle import State
from csdomain.complaints.values import Classification, Goods, Judgement, Liable, Remedy
from csdomain.desk import Desk
from csdomain.kernel.papers.approvals import BeyondAuthority, OwnRequest
from csdomain.kernel.rules import APPROVALS
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.staff.rules import EMPLOYMENT
from csdomain.staff.values import Post
from csdomain.testing import MovableClock, accepted, agent, complaint_form, engaged, memory_desk, personnel, staff

HOUR = timedelta(hours=1)


def yuan(amount: int) -> Money:
    return Money.of(amount, "CNY")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def desk(clock: MovableClock) -> Desk:
    return memory_desk(clock=clock)


def awaiting(desk: Desk, claimed: int = 3200, *, by: Actor | None = None) -> str:
    """A complaint that waits for its decision, submitted by ``by``."""
    who, at, does = staff(desk), desk.clock.now(), desk.complaints
    form = complaint_form(claimed=yuan(claimed))
    id = accepted(desk, form, by=who["service_agent"], classification=Classification("not_quality", "transport")).id
    does.investigate(id, by=who["service_agent"], at=at)
    does.conclude(id, by=who["service_agent"], at=at)
    does.report(id, "what was found", by=who["service_agent"], at=at)
    does.rule(id, "go on", by=who["deputy_general_manager"], at=at)
    does.judge(id, Judgement(liable=Liable.CUSTOMER), by=who["service_agent"], at=at)
    remedy = Remedy(granted=yuan(claimed), returns=(Goods("engine", "2026-01", 1),), text="take it back")
    does.submit(id, remedy, by=by or who["service_agent"], at=at)
    return id


@pytest.mark.rule(APPROVALS, EMPLOYMENT)
def test_a_deputy_decides_while_the_delegation_runs_and_the_principal_holds_the_post(
    desk: Desk, clock: MovableClock
) -> None:
    boss = agent(desk, "boss", position="deputy_general_manager")
    stand_in = agent(desk, "ann", position="sales_manager")
    record = engaged(desk, "boss", "deputy_general_manager")
    engaged(desk, "ann", "sales_manager")
    id = awaiting(desk)
    with pytest.raises(BeyondAuthority):
        desk.complaints.approve(id, by=stand_in, at=clock.now())
    desk.staff.delegate("deputy_general_manager", "ann", by=boss, until=clock.now() + 8 * HOUR, at=clock.now())
    assert desk.complaints.approval(id, by=stand_in, at=clock.now()).ways[0].acting_for == "boss"

    clock.advance(8 * HOUR)  # the end is not part of it
    with pytest.raises(BeyondAuthority):
        desk.complaints.approve(id, by=stand_in, at=clock.now())
    desk.staff.delegate("deputy_general_manager", "ann", by=boss, until=clock.now() + 8 * HOUR, at=clock.now())

    clock.advance(HOUR)  # between reading and deciding, the principal is moved to another post
    desk.staff.assign(record.id, Post(["rnd"], "laboratory", "hq"), by=personnel(desk), at=clock.now())
    with pytest.raises(BeyondAuthority):
        desk.complaints.approve(id, by=stand_in, at=clock.now())
    desk.staff.assign(
        record.id, Post(["deputy_general_manager"], "head office", "hq"), by=personnel(desk), at=clock.advance(HOUR)
    )
    assert desk.complaints.approve(id, by=stand_in, at=clock.now()).state == State.DECIDED.value
    approval = desk.complaints.get(id, by=boss).form.submissions[-1].approval
    assert approval is not None
    assert (approval.by, approval.authority, approval.acting_for) == ("ann", "deputy_general_manager", "boss")


@pytest.mark.rule(APPROVALS, EMPLOYMENT)
def test_a_post_that_was_given_up_decides_nothing_whatever_the_host_still_gives(
    desk: Desk, clock: MovableClock
) -> None:
    boss = agent(desk, "boss", position="deputy_general_manager")
    record = engaged(desk, "boss", "deputy_general_manager")
    id = awaiting(desk)
    assert desk.complaints.approval(id, by=boss, at=clock.now()).may is not None
    with pytest.raises(BeyondAuthority):  # a record that gives more than the login
        desk.complaints.approve(id, by=agent(desk, "boss", position="sales_manager"), at=clock.now())
    desk.staff.leave(record.id, by=personnel(desk), at=clock.advance(HOUR))
    with pytest.raises(BeyondAuthority):
        desk.complaints.approve(id, by=boss, at=clock.now())
    stale = agent(desk, "boss", position="general_manager")  # a login that gives more than the record
    with pytest.raises(BeyondAuthority):
        desk.complaints.approve(id, by=stale, at=clock.now())
    unrecorded = agent(desk, "other", position="deputy_general_manager")
    assert desk.complaints.approve(id, by=unrecorded, at=clock.now()).state == State.DECIDED.value


@pytest.mark.rule(APPROVALS)
def test_nobody_decides_what_they_asked_for_through_somebody_who_stands_in(desk: Desk, clock: MovableClock) -> None:
    boss = desk.actor("boss", branch="hq", positions=("deputy_general_manager", "service_manager"))
    stand_in = agent(desk, "ann", position="service_manager")  # no authority of her own
    engaged(desk, "boss", "deputy_general_manager", "service_manager")
    id = awaiting(desk, by=boss)
    desk.staff.delegate("deputy_general_manager", "ann", by=boss, until=clock.now() + 8 * HOUR, at=clock.now())
    for who in (boss, stand_in):
        with pytest.raises(OwnRequest):
            desk.complaints.approve(id, by=who, at=clock.now())
    assert desk.complaints.get(id, by=boss).state is State.AWAITING_DECISION
