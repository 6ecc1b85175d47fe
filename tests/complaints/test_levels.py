"""By level (B): settled within one's own authority, else up the line one step at a time, and the customer told when."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import Counter, levels_book
from complaints.hand import T0, anyone, on
from complaints.model import RULES, check_unchanged, cny, fen, holding, received, remedy
from csdomain.casework.authorities import Standing
from csdomain.casework.letters import InternalDisclosed
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands import deciding
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, State
from csdomain.complaints.rules import LEVELS, MONTHLY_REVIEW, NO_PROMISE, NOT_ACCEPTED, STATES, WITHIN_LIMIT
from csdomain.complaints.values import COMPLAINT_RULES, ComplaintRules, MalformedStep, WithoutAmount
from csdomain.complaints.values import Path as Variant
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import (
    ApprovalLadder,
    ApprovalVoid,
    Band,
    BeyondAuthority,
    Delegation,
    Delegations,
    OwnRequest,
)
from csdomain.kernel.rules import APPROVALS
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.testing import HANDLING, complaint_form

pytestmark = pytest.mark.rule(LEVELS)

LINE = ("receiver", "supervisor", "director", "hq")


def handled(claimed: Money | None = None, url: str = "") -> Counter:
    counter = Counter.open(levels_book(), url)
    counter.receive(complaint_form(claimed=claimed), by="receiver")
    counter.do("handle", HANDLING, by="receiver")
    return counter


def by_level(limits: Sequence[int], ordinary: str = "l0") -> ComplaintRules:
    floors, tops = [None, *map(fen, limits)], [*map(fen, limits), None]
    bands = [Band(f"l{n}", low, top) for n, (low, top) in enumerate(zip(floors, tops, strict=True))]
    return attrs.evolve(
        RULES,
        path=Variant.LEVELS,
        ladder=ApprovalLadder(tuple(bands)),
        signatures=(),
        without_amount=WithoutAmount(f"l{len(limits)}", ordinary),
        review_by=None,
    )


def at_level(level: int, claimed: Money | None, rules: ComplaintRules) -> Complaint:
    case = received(claimed, rules)
    on(case).handle(HANDLING, rules)
    for _ in range(level):
        holder = holding(ann=rules.ladder.bands[case.level].authority)
        on(case).escalate("beyond me", rules, holder)
    return case


def propose(case: Complaint, granted: Money, rules: ComplaintRules, authority: str) -> object:
    return on(case).propose(remedy(granted), rules, holding(bob=authority), by=anyone("bob"))


# --- within one's own authority ---------------------------------------------------------------------------------------


@pytest.mark.rule(WITHIN_LIMIT, NO_PROMISE)
@given(
    st.lists(st.integers(2, 10**6), min_size=1, max_size=3, unique=True).map(sorted),
    st.none() | st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.data(),
)
def test_who_settles_is_nobody_below_the_level_and_nobody_beyond_their_limit(
    limits: list[int], claimed: int | None, granted: int, data: st.DataObject
) -> None:
    rules = by_level(limits)
    level = data.draw(st.integers(0, len(limits)))
    amount = max(claimed or 0, granted)
    waiting = at_level(level, None if claimed is None else fen(claimed), rules)
    for place in range(len(limits) + 1):
        case = attrs.evolve(waiting)
        within = place == len(limits) or amount <= limits[place]
        act = partial(propose, case, fen(granted), rules, f"l{place}")
        if place >= level and within:
            act()
            approval = case.form.submissions[-1].approval
            assert approval is not None
            assert (approval.authority, approval.amount) == (f"l{place}", fen(amount))
            assert (case.state, case.owner) == (State.PROPOSED, "bob")
        else:
            assert check_unchanged(case, BeyondAuthority, act).facts["amount"] == fen(amount)
    check_unchanged(waiting, BeyondAuthority, partial(propose, waiting, fen(granted), rules, "passer-by"))


@given(st.integers(0, 2))
def test_without_an_amount_too_nobody_below_the_level_settles(level: int) -> None:
    """Whoever decides where there is no amount, and is not of the line, has it only before it goes up."""
    rules = by_level([100, 500], ordinary="clerk")
    case = at_level(level, None, rules)
    if level:
        check_unchanged(case, BeyondAuthority, partial(propose, case, fen(0), rules, "clerk"))
        propose(case, fen(0), rules, f"l{level}")
    else:
        propose(case, fen(0), rules, "clerk")
    assert case.state is State.PROPOSED


@pytest.mark.rule(APPROVALS)
def test_who_stands_in_for_a_level_settles_what_that_level_may_and_the_customer_never() -> None:
    rules = by_level([100, 500])
    row = Delegation(ActorId("boss"), ActorId("bob"), "l1", T0, T0 + timedelta(hours=1), limit=fen(300))
    standing = Standing({ActorId("boss"): frozenset({"l1"}), ActorId("customer-1"): frozenset({"l2"})})
    standing = attrs.evolve(standing, delegations=Delegations((row,)))
    case = at_level(1, None, rules)
    act = partial(on(case).propose, rules=rules, standing=standing, at=T0)
    check_unchanged(case, BeyondAuthority, partial(act, remedy(fen(301)), by=anyone("bob")))
    check_unchanged(case, OwnRequest, partial(act, remedy(fen(1)), by=anyone("customer-1")))
    act(remedy(fen(300)), by=anyone("bob"))
    approval = case.form.submissions[-1].approval
    assert approval is not None
    assert (approval.by, approval.acting_for, approval.authority) == ("bob", "boss", "l1")


def test_a_proposal_is_in_the_houses_money_and_holds_nothing_internal() -> None:
    counter = handled()
    counter.go("remark", by="receiver")
    counter.expect(CurrencyMismatch, ("propose", remedy(Money.of(1, "USD"))))
    counter.go(("answer_remark", 1, "the mechanic was drunk"), by="supervisor")
    paper = counter.case.form.document
    for text, field in ((paper.text(), "form"), ("Sorry, the mechanic was drunk.", "remark")):
        told = remedy(cny(1), text=text)
        assert counter.expect(InternalDisclosed, ("propose", told)).facts == {"field": field}
    counter.go(("propose", remedy(cny(1))))


# --- up the line ------------------------------------------------------------------------------------------------------


def test_it_goes_up_one_level_at_a_time_each_with_its_reason_and_the_next_is_told() -> None:
    counter = handled(cny(3000))
    propose = ("propose", remedy(cny(3000)))
    for level, holder in enumerate(LINE[:-1]):
        for lower in LINE[: level + 1]:
            counter.expect(BeyondAuthority, propose, by=lower)
        counter.expect(MalformedStep, ("escalate", " "), by=holder)
        counter.go(("escalate", f"beyond the {holder}"), by=holder)
        assert (counter.case.level, counter.case.owner) == (level + 1, "")
        assert counter.rows[-1] == ("escalate", "handling", "handling")
        assert counter.told("escalated")[-1] == LINE[level + 1]
    counter.expect(RuleBroken, "escalate", by="hq")  # nobody is above
    counter.go(propose, by="hq")
    trail = counter.desk.complaints.trail(counter.id, by=counter.who["hq"])
    up = [(r.by, r.reason, r.facts["level"], r.facts["to"]) for r in trail if r.move == "escalate"]
    assert up == [(LINE[n], f"beyond the {LINE[n]}", n + 1, LINE[n + 1]) for n in range(3)]


@pytest.mark.parametrize("amount", [0, 100, 500])
def test_after_it_went_up_no_lower_level_settles_it_however_small_it_is(amount: int) -> None:
    counter, propose = handled(), ("propose", remedy(cny(amount)))
    counter.go("escalate")
    counter.expect(BeyondAuthority, propose)
    counter.go("escalate", by="supervisor")
    for again in (False, True):  # discussed anew it stays where it is
        for lower in ("receiver", "supervisor"):
            counter.expect(BeyondAuthority, propose, by=lower)
        if not again:
            counter.go(propose, "decline", by="director")
    counter.expect(NotPermitted, "escalate", by="sales")


# --- the customer's word ----------------------------------------------------------------------------------------------


@pytest.mark.rule(NOT_ACCEPTED)
def test_until_the_customer_is_satisfied_it_is_discussed_anew_in_the_same_form() -> None:
    counter = handled()
    counter.expect(MoveRefused, "satisfy", "close", by="receiver")
    for count, amount in enumerate((10, 20, 30), 1):
        # A proposal may take up the customer's own words.
        counter.go(("propose", remedy(cny(amount), text="You get a hundred and a letter.")))
        assert counter.case.total == cny(amount)  # one of them is paid, not all
        counter.expect(MoveRefused, "close", by="receiver")
        if count < 3:
            counter.go(("decline", "a hundred and a letter"), by="receiver")
            assert counter.case.state is State.HANDLING
            assert counter.case.form.approved is None
            assert counter.case.total == cny(0)
    counter.go("satisfy")
    case = counter.case
    assert (case.turn, len(case.form.submissions), case.form.number) == (1, 3, "KS202603-0001")
    assert deciding.decided_remedy(case, counter.desk.house.rulebook[COMPLAINT_RULES]).granted == cny(30)
    counter.expect(MoveRefused, "decline", "withdraw", by="receiver")
    assert counter.go("close", by="receiver").state == "closed"


@pytest.mark.rule(NO_PROMISE)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"granted": cny("90.01")}, ApprovalVoid),
        ({"granted": cny("89.99")}, RuleBroken),
        ({"compensation": cny("0.01")}, RuleBroken),
    ],
)
def test_what_was_changed_after_it_was_proposed_satisfies_nobody(
    change: dict[str, Any], error: type[RuleBroken]
) -> None:
    rules = by_level([10_000])
    case = at_level(0, None, rules)
    propose(case, cny(90), rules, "l0")
    case.put_submission(remedy=attrs.evolve(case.form.submissions[-1].remedy, **change))
    check_unchanged(case, error, lambda: on(case).satisfy(rules=rules))


def test_a_promise_made_about_a_proposal_is_kept_by_the_customers_yes() -> None:
    counter = handled()
    counter.go(("propose", remedy(cny(1))), ("promise", timedelta(hours=9)), "satisfy", by="receiver")
    assert counter.timers["CMP-18.1"] is TimerState.MET


# --- the two lines do not mix -----------------------------------------------------------------------------------------


@pytest.mark.rule(STATES)
def test_a_case_by_level_takes_no_step_of_the_departments_and_the_other_way_round() -> None:
    levels, departments = handled(), Counter.open()
    departments.receive(complaint_form())
    both = levels.desk.actor("x", branch="hq", positions=("sales", "service_agent", "general_manager"))
    levels.expect(MoveRefused, "check", ("submit", remedy(cny(1))), "approve", "answer", "renew", "dismiss", by=both)
    everybody = anyone("x")
    case = received()
    for act in (
        partial(on(case).handle, HANDLING, RULES),
        partial(on(case).escalate, "up", RULES),
        partial(on(case).propose, remedy(cny(1)), RULES, holding(x="general_manager")),
        on(case).satisfy,
    ):
        check_unchanged(case, MoveRefused, partial(act, by=everybody, at=T0))
    used = {variant: {s.dest for s in COMPLAINT_MOVES.steps if s.on(variant)} for variant in ("departments", "levels")}
    assert used["levels"] & used["departments"] == {
        *(State.RECEIVED, State.CLOSED, State.SETTLING, State.SETTLED, State.WITHDRAWN)
    }


@pytest.mark.rule(STATES, MONTHLY_REVIEW)
def test_it_is_settled_at_once_where_nothing_is_open_and_after_the_review_where_the_house_has_one() -> None:
    rules = by_level([100])
    case = at_level(0, None, rules)
    propose(case, fen(0), rules, "l0")
    on(case).satisfy(rules=rules)
    on(case).close("explained")
    assert case.state is State.SETTLED
    counter = handled()
    assert counter.go(("propose", remedy(cny(0))), "satisfy", "close", by="receiver").state == "closed"
    assert counter.case.open_ends() == ("review",)
    assert counter.go(("review", "customer_service")).state == "settled"
