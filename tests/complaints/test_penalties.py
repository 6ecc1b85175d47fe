"""Penalties: proposed with the judgement, approved, carried out after the review; nobody twice, nobody one's own."""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any, Final

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from complaints.desks import ANN, CHIEF, JUDGED, RULES, T0, Counter, accept, check_unchanged, cny, received
from complaints.ends import (
    DEPUTY,
    GENERAL_MANAGER,
    NOTHING,
    OFFICE,
    PERSONNEL,
    closed,
    decided,
    renewed,
)
from complaints.hand import on as acting
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands.investigating import SecondPenalty
from csdomain.complaints.rules import LOSS, MONTHLY_REVIEW
from csdomain.complaints.values import Channel, Judgement, Liable, MalformedStep, ProposedPenalty
from csdomain.kernel.papers.documents import Tampered, Unsigned
from csdomain.kernel.rules import FORMS
from csdomain.kernel.rules.errors import InvalidValue, MoveRefused, NotFound, NotPermitted, RuleBroken
from csdomain.kernel.values.money import CurrencyMismatch, Money

pytestmark = pytest.mark.rule(LOSS, MONTHLY_REVIEW)

DISCIPLINE: Final = ProposedPenalty("wu", "warning")
DEDUCTION: Final = ProposedPenalty("li", amount=cny(80))


def judged(*penalties: ProposedPenalty, **more: Any) -> Judgement:
    return attrs.evolve(JUDGED, penalties=penalties, **more)


# --- nobody one's own, nobody twice -----------------------------------------------------------------------------------


who = st.sampled_from(["wu", "li", "production", "zhao"])


@given(st.lists(who, max_size=3), st.lists(who, max_size=3), st.lists(st.sampled_from(["approved", "dropped", ""])))
@example(first=["wu"], second=["wu"], ends=["dropped"])
def test_a_person_or_unit_is_penalised_once_a_case_over_all_its_forms(
    first: list[str], second: list[str], ends: list[str]
) -> None:
    """A proposal that was dropped penalised nobody."""

    def proposed(on: list[str]) -> Judgement:
        kinds = [ProposedPenalty(name, amount=cny(n + 1)) for n, name in enumerate(on)]
        return judged(*kinds)

    case = ready()
    if len(set(first)) < len(first):
        error = check_unchanged(case, SecondPenalty, lambda: acting(case).judge(proposed(first), RULES, by=ANN, at=T0))
        assert error.facts["given"] == sorted({on for on in first if first.count(on) > 1})
        return
    case = decided(NOTHING, proposed(first))
    standing = []
    for n, (on, end) in enumerate(zip_longest(first, ends[: len(first)], fillvalue=""), 1):
        if end == "dropped":
            acting(case).drop_penalty(n, "slight", by=DEPUTY, at=T0)
            continue
        standing.append(on)
        if end == "approved":
            acting(case).approve_penalty(n, by=DEPUTY, at=T0)
    ready(renewed(case))
    again = [*standing, *second]
    if len(set(again)) < len(again):
        check_unchanged(case, SecondPenalty, lambda: acting(case).judge(proposed(second), RULES, by=ANN, at=T0))
    else:
        acting(case).judge(proposed(second), RULES, by=ANN, at=T0)
        assert [(penalty.on, penalty.turn) for penalty in case.penalties] == [
            *((on, 1) for on in first),
            *((on, 2) for on in second),
        ]


def ready(case: Complaint | None = None) -> Complaint:
    """A case whose present form waits to be judged."""
    if case is None:
        case = received()
        accept(case)
    acting(case).investigate(by=ANN, at=T0)
    acting(case).conclude(by=ANN, at=T0)
    acting(case).report("so it was", by=ANN, at=T0)
    acting(case).rule("go on", by=CHIEF, at=T0)
    return case


# --- how much ---------------------------------------------------------------------------------------------------------


def test_a_deduction_that_no_basis_says_is_named_and_in_the_houses_money() -> None:
    case = ready()
    for penalty, error in (
        (ProposedPenalty("wu"), MalformedStep),  # a person bears no share, so the amount must be said
        (ProposedPenalty("wu", "beheading"), MalformedStep),
        (ProposedPenalty("wu", amount=Money.of(1, "USD")), CurrencyMismatch),
    ):
        check_unchanged(case, error, lambda: acting(case).judge(judged(penalty), RULES, by=ANN, at=T0))  # noqa: B023 - at once
    for wrong in ({"amount": cny(0)}, {"amount": cny(-1)}, {"discipline": "warning", "amount": cny(1)}):
        with pytest.raises(InvalidValue):
            ProposedPenalty("wu", **wrong)
    with pytest.raises(MalformedStep):
        Judgement(liable=Liable.CUSTOMER, penalties=(DISCIPLINE,))


# --- the notice -------------------------------------------------------------------------------------------------------

CHANGES: Final[dict[str, Callable[[Any], Any]]] = {
    "more is deducted": lambda p: attrs.evolve(p, amount=cny(800)),
    "the notice's entry": lambda p: attrs.evolve(p, notice=entry(p.notice, amount="8.00 CNY")),
    "both": lambda p: attrs.evolve(p, amount=cny(8), notice=entry(p.notice, amount="8.00 CNY")),
    "on somebody else": lambda p: attrs.evolve(p, notice=entry(p.notice, on="zhao")),
    "nobody signed": lambda p: attrs.evolve(p, notice=attrs.evolve(p.notice, signatures=())),
    "no notice": lambda p: attrs.evolve(p, notice=None),
}


def entry(paper: Any, **changes: Any) -> Any:
    return attrs.evolve(paper, fields={**paper.fields, **changes})


@pytest.mark.rule(FORMS)
@pytest.mark.parametrize("name", CHANGES)
def test_what_is_carried_out_is_what_the_general_manager_signed(name: str) -> None:
    case = closed(decided(NOTHING, judged(DEDUCTION)))
    acting(case).judge_month("sales", "", RULES, by=OFFICE, at=T0)
    acting(case).approve_penalty(1, by=DEPUTY, at=T0)
    acting(case).notice_penalty(1, "JF1", by=GENERAL_MANAGER, at=T0)
    case.penalties = (CHANGES[name](case.penalties[0]),)
    error = check_unchanged(case, RuleBroken, lambda: acting(case).carry_out_penalty(1, by=PERSONNEL, at=T0))
    assert isinstance(error, Tampered | Unsigned) or error.rule is MONTHLY_REVIEW


@pytest.mark.parametrize("count", [0, 3, -1, True])
def test_a_penalty_that_is_not_there_is_not_found(count: int) -> None:
    case = decided(NOTHING, judged(DISCIPLINE, DEDUCTION))
    check_unchanged(case, NotFound, lambda: acting(case).approve_penalty(count, by=DEPUTY, at=T0))


# --- at a desk --------------------------------------------------------------------------------------------------------


def test_only_who_may_moves_a_penalty_and_personnel_is_told() -> None:
    counter = Counter.open()
    counter.accepted()
    counter.judged(judged(DISCIPLINE, DEDUCTION))
    counter.do("submit", NOTHING, by="service_agent")
    counter.do("approve", by="service_manager")
    counter.do("answer", *told(), by="sales")
    counter.do("close", "done", by="service_agent")
    for position in ("service_agent", "gm_office", "hr", "sales_manager"):
        counter.expect_refused(NotPermitted, "approve_penalty", 1, by=position)
        counter.expect_refused(NotPermitted, "drop_penalty", 1, "no", by=position)
    assert counter.messages("discipline") == []
    counter.do("approve_penalty", 1, by="deputy_general_manager")
    (order,) = counter.messages("discipline")
    assert (order.to, order.facts["penalty"], order.facts["kind"]) == ("personnel", 1, "warning")
    counter.do("approve_penalty", 2, by="deputy_general_manager")
    counter.expect_refused(RuleBroken, "publish_penalty", 1, by="hr")
    for position in ("hr", "service_manager", "general_manager"):
        counter.expect_refused(NotPermitted, "review", "sales", by=position)
    counter.do("review", "sales", by="gm_office")
    for position in ("deputy_general_manager", "gm_office", "hr"):
        counter.expect_refused(NotPermitted, "notice_penalty", 2, by=position)
    counter.expect_refused(MoveRefused, "notice_penalty", 1, by="general_manager")
    notice = counter.do("notice_penalty", 2, by="general_manager")
    assert notice.number == "JF2026-0001"
    (order,) = counter.messages("deduct")
    assert (order.to, order.facts["penalty"], order.facts["amount"]) == ("personnel", 2, 8_000)
    for position in ("general_manager", "finance", "gm_office"):
        counter.expect_refused(NotPermitted, "carry_out_penalty", 2, by=position)
        counter.expect_refused(NotPermitted, "publish_penalty", 1, by=position)
    counter.do("carry_out_penalty", 2, by="hr")
    assert counter.do("publish_penalty", 1, by="hr").state == "settled"


def told() -> tuple[Any, str]:
    return Channel.LETTER, "We are sorry."
