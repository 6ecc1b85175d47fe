"""Settled exactly when nothing of a case is open any more, in whatever order its ends come (CMP-25)."""

from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import ANN, JUDGED, RULES, SALT, T0, Counter, check_unchanged, cny, remedy
from complaints.ends import (
    DEPUTY,
    FINANCE,
    GENERAL_MANAGER,
    KEEPER,
    NOTHING,
    OFFICE,
    PERSONNEL,
    answered,
    closed,
    decided,
    renewed,
)
from complaints.hand import on
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands.settling import JudgementMissing
from csdomain.complaints.lifecycle import ImprovementMove, State
from csdomain.complaints.rules import CERTIFICATE, IMPROVEMENT, JUDGEMENT, MONTHLY_REVIEW, REMARKS, RETURN_SLIP, STATES
from csdomain.complaints.values import Channel, Goods, ProposedPenalty

pytestmark = pytest.mark.rule(STATES)

GOODS: Final = Goods("engine", "b1", 2)
#: What may be open of a case, and the acts that end it, in their order; penalties are the ``n``-th.
ENDS: Final[dict[str, tuple[Callable[[Complaint, int], object], ...]]] = {
    "return": (
        lambda c, n: on(c).draw_slip("TH1", "truck", RULES, salt=SALT, by=ANN, at=T0),
        lambda c, n: on(c).sign_slip("TH1", by=DEPUTY, at=T0),
        lambda c, n: on(c).take_in("TH1", [attrs.evolve(GOODS, quantity=1)], by=KEEPER, at=T0),
        lambda c, n: on(c).reconcile("TH1", "V1", by=FINANCE, at=T0),
        lambda c, n: on(c).resolve("TH1", 1, "lost", by=DEPUTY, at=T0),
        lambda c, n: on(c).reconcile("TH1", "V1", by=FINANCE, at=T0),
    ),
    "compensation": (
        lambda c, n: on(c).draw_certificate("ZK1", cny(60), RULES, by=ANN, at=T0),
        lambda c, n: on(c).sign_certificate("ZK1", by=DEPUTY, at=T0),
        lambda c, n: on(c).draw_certificate("ZK2", cny(40), RULES, by=ANN, at=T0),
        lambda c, n: on(c).countersign_certificate("ZK1", by=ANN, at=T0),
        lambda c, n: on(c).book_certificate("ZK1", "V2", by=FINANCE, at=T0),
        lambda c, n: on(c).sign_certificate("ZK2", by=DEPUTY, at=T0),
        lambda c, n: on(c).countersign_certificate("ZK2", by=ANN, at=T0),
        lambda c, n: on(c).book_certificate("ZK2", "V3", by=FINANCE, at=T0),
    ),
    "deduction": (
        lambda c, n: on(c).approve_penalty(n, by=DEPUTY, at=T0),
        lambda c, n: on(c).notice_penalty(n, "JF1", by=GENERAL_MANAGER, at=T0),
        lambda c, n: on(c).carry_out_penalty(n, by=PERSONNEL, at=T0),
    ),
    "discipline": (
        lambda c, n: on(c).approve_penalty(n, by=DEPUTY, at=T0),
        lambda c, n: on(c).publish_penalty(n, by=PERSONNEL, at=T0),
    ),
    "dropped": (lambda c, n: on(c).drop_penalty(n, "slight", by=DEPUTY, at=T0),),
    "improvement": (
        lambda c, n: on(c).improve(1, ImprovementMove.CARRY_OUT, "new oven", by=ANN, at=T0),
        lambda c, n: on(c).improve(1, ImprovementMove.FAIL, "no better", by=ANN, at=T0),
        lambda c, n: on(c).improve(1, ImprovementMove.CARRY_OUT, "newer oven", by=ANN, at=T0),
        lambda c, n: on(c).improve(1, ImprovementMove.VERIFY, "better", by=ANN, at=T0),
    ),
    "remark": (lambda c, n: on(c).answer_remark(1, "noted", by=ANN, at=T0),),
    "review": (lambda c, n: on(c).judge_month("sales", "", RULES, by=OFFICE, at=T0),),
}
ALL: Final = tuple(ENDS)


def awaiting(ends: set[str]) -> Complaint:
    """A decided case with these ends open."""
    penalties = {
        "deduction": ProposedPenalty("li", amount=cny(5)),
        "discipline": ProposedPenalty("wu", "warning"),
        "dropped": ProposedPenalty("zhao", "warning"),
    }
    judgement = attrs.evolve(
        JUDGED, tracked="improvement" in ends, penalties=tuple(p for name, p in penalties.items() if name in ends)
    )
    what = remedy(
        cny(100),
        compensation=cny(100) if "compensation" in ends else None,
        returns=[GOODS] if "return" in ends else [],
    )
    case = decided(what, judgement, rules=RULES if "review" in ends else attrs.evolve(RULES, review_by=None))
    if "remark" in ends:
        on(case).remark("the hotline is slow", "hotline", by=ANN, at=T0)
    return case


def acts_of(ends: set[str]) -> dict[str, list[Callable[[Complaint], object]]]:
    """The acts of each end, on a case of :func:`awaiting`."""
    penalties = [name for name in ("deduction", "discipline", "dropped") if name in ends]

    def bound(act: Callable[[Complaint, int], object], name: str) -> Callable[[Complaint], object]:
        return lambda case: act(case, penalties.index(name) + 1 if name in penalties else 0)

    return {name: [bound(act, name) for act in ENDS[name]] for name in ALL if name in ends}


@pytest.mark.rule(RETURN_SLIP, CERTIFICATE, IMPROVEMENT, MONTHLY_REVIEW, REMARKS)
@given(st.sets(st.sampled_from(ALL)), st.integers(0, 40), st.data())
def test_a_case_is_settled_exactly_when_its_last_end_is_done_whatever_the_order(
    ends: set[str], before: int, data: st.DataObject
) -> None:
    """``before`` acts come before the case is closed, as far as they may."""
    case, left = awaiting(ends), acts_of(ends)
    needs_review = {"deduction", "discipline"} & ends if "review" in ends else set()
    count = 0
    while True:
        if count == before or not left:
            if case.closed_at is None:
                closed(case)
            assert (case.state is State.SETTLED) is not any(left.values())
        if case.closed_at is not None and not left:
            break
        # Penalties are carried out once the case is closed and reviewed, and it is reviewed once it is closed.
        may = [
            name
            for name, acts in left.items()
            if not (name == "review" and case.closed_at is None)
            and not (name in ("deduction", "discipline") and len(acts) < len(ENDS[name]) and case.closed_at is None)
            and not (name in needs_review and len(acts) < len(ENDS[name]) and "review" in left)
        ]
        if not may:
            before = count
            continue
        name = data.draw(st.sampled_from(may))
        left[name].pop(0)(case)
        if not left[name]:
            del left[name]
        count += 1
        if case.closed_at is not None:
            assert bool(case.open_ends()) is bool(left)
            assert case.state is (State.SETTLING if left else State.SETTLED)
    assert case.open_ends() == ()
    assert case.state is State.SETTLED


@given(st.sampled_from(ALL))
def test_any_single_end_keeps_a_case_from_being_settled(end: str) -> None:
    case, acts = closed(awaiting({end})), acts_of({end})[end]
    states = [case.state]
    for act in acts:
        assert case.open_ends()
        act(case)
        states.append(case.state)
    assert states == [State.CLOSED, *[State.SETTLING] * (len(acts) - 1), State.SETTLED]


@pytest.mark.rule(STATES, JUDGEMENT)
def test_nothing_is_closed_that_nobody_judged() -> None:
    case = answered(decided(NOTHING))
    case.put_form(judgement=None)
    check_unchanged(case, JudgementMissing, lambda: close(case))
    two = renewed(decided(NOTHING))
    answered(decided(NOTHING, case=two))
    first, second = two.forms
    two.forms = (attrs.evolve(first, judgement=None), second)
    check_unchanged(two, JudgementMissing, lambda: close(two))
    two.forms = (first, second)
    close(two)


def close(case: Complaint, outcome: str = "done") -> object:
    return on(case).close(outcome, in_time=True, zone="Asia/Shanghai", by=ANN, at=T0)


def test_what_follows_is_on_the_trail_with_the_states_of_the_case_between() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(100), compensation=cny(100)))
    counter.do("approve", by="sales_manager")
    counter.do("answer", *letter(), by="sales")
    counter.do("close", "paid", by="service_agent")
    begun = len(counter.rows)
    number = counter.do("draw_certificate", cny(100), by="sales").number
    counter.do("review", "sales", by="gm_office")
    counter.do("sign_certificate", number, by="deputy_for_sales")
    counter.do("countersign_certificate", number, by="sales")
    counter.do("book_certificate", number, "V1", by="finance")
    assert counter.rows[begun:] == [
        ("follow_up", "closed", "settling"),
        ("certificate.draw_up", "", "drawn_up"),
        ("review", "settling", "settling"),
        ("certificate.sign", "drawn_up", "signed"),
        ("certificate.countersign", "signed", "countersigned"),
        ("certificate.book", "countersigned", "booked"),
        ("settle", "settling", "settled"),
    ]


def letter() -> tuple[Any, str]:
    return Channel.LETTER, "We are sorry."
