"""Penalties: proposed with the judgement, approved, carried out after the review; nobody twice, nobody one's own."""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any, Final

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from complaints.ends import DEPUTY, GENERAL_MANAGER, NOTHING, OFFICE, PERSONNEL, closed, decided, entry, renewed
from complaints.hand import on
from complaints.model import JUDGED, RULES, accept, check_unchanged, cny, judge, received
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands.investigating import SecondPenalty
from csdomain.complaints.rules import LOSS, MONTHLY_REVIEW
from csdomain.complaints.values import Judgement, MalformedStep, ProposedPenalty
from csdomain.kernel.papers.documents import Tampered, Unsigned
from csdomain.kernel.rules import FORMS
from csdomain.kernel.rules.errors import NotFound, RuleBroken
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
        return judged(*(ProposedPenalty(name, amount=cny(n + 1)) for n, name in enumerate(on)))

    case = ready()
    if len(set(first)) < len(first):
        error = check_unchanged(case, SecondPenalty, lambda: on(case).judge(proposed(first), RULES))
        assert error.facts["given"] == sorted({each for each in first if first.count(each) > 1})
        return
    case = decided(NOTHING, proposed(first))
    standing = []
    for n, (name, end) in enumerate(zip_longest(first, ends[: len(first)], fillvalue=""), 1):
        if end == "dropped":
            on(case).drop_penalty(n, "slight", by=DEPUTY)
            continue
        standing.append(name)
        if end == "approved":
            on(case).approve_penalty(n, by=DEPUTY)
    ready(renewed(case))
    again = [*standing, *second]
    if len(set(again)) < len(again):
        check_unchanged(case, SecondPenalty, lambda: on(case).judge(proposed(second), RULES))
    else:
        on(case).judge(proposed(second), RULES)
        both = [*((name, 1) for name in first), *((name, 2) for name in second)]
        assert [(penalty.on, penalty.turn) for penalty in case.penalties] == both


def ready(case: Complaint | None = None) -> Complaint:
    """A case whose present form waits to be judged."""
    if case is None:
        case = received()
        accept(case)
    judge(case, judgement=None)
    return case


# --- how much ---------------------------------------------------------------------------------------------------------


def test_a_deduction_that_no_basis_says_is_named_and_in_the_houses_money() -> None:
    case = ready()
    for penalty, error in (
        (ProposedPenalty("wu"), MalformedStep),  # a person bears no share, so the amount must be said
        (ProposedPenalty("wu", "beheading"), MalformedStep),
        (ProposedPenalty("wu", amount=Money.of(1, "USD")), CurrencyMismatch),
    ):
        check_unchanged(case, error, lambda: on(case).judge(judged(penalty), RULES))  # noqa: B023 - at once


# --- the notice -------------------------------------------------------------------------------------------------------

CHANGES: Final[dict[str, Callable[[Any], Any]]] = {
    "more is deducted": lambda p: attrs.evolve(p, amount=cny(800)),
    "the notice's entry": lambda p: attrs.evolve(p, notice=entry(p.notice, amount="8.00 CNY")),
    "both": lambda p: attrs.evolve(p, amount=cny(8), notice=entry(p.notice, amount="8.00 CNY")),
    "on somebody else": lambda p: attrs.evolve(p, notice=entry(p.notice, on="zhao")),
    "nobody signed": lambda p: attrs.evolve(p, notice=attrs.evolve(p.notice, signatures=())),
    "no notice": lambda p: attrs.evolve(p, notice=None),
}


@pytest.mark.rule(FORMS)
@pytest.mark.parametrize("name", CHANGES)
def test_what_is_carried_out_is_what_the_general_manager_signed(name: str) -> None:
    case = closed(decided(NOTHING, judged(DEDUCTION)))
    on(case).judge_month("sales", "", RULES, by=OFFICE)
    on(case).approve_penalty(1, by=DEPUTY)
    on(case).notice_penalty(1, "JF1", by=GENERAL_MANAGER)
    case.penalties = (CHANGES[name](case.penalties[0]),)
    error = check_unchanged(case, RuleBroken, lambda: on(case).carry_out_penalty(1, by=PERSONNEL))
    assert isinstance(error, Tampered | Unsigned) or error.rule is MONTHLY_REVIEW


@pytest.mark.parametrize("count", [0, 3, -1, True])
def test_a_penalty_that_is_not_there_is_not_found(count: int) -> None:
    case = decided(NOTHING, judged(DISCIPLINE, DEDUCTION))
    check_unchanged(case, NotFound, lambda: on(case).approve_penalty(count, by=DEPUTY))
