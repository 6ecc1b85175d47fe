"""Who is responsible, what is lost, what is deducted and what is tracked (CMP-08, 09, 10, 27)."""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import partial
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.cases import WAYS, A, make, stands
from complaints.ends import NOTHING, answered, decided, renewed
from complaints.hand import anyone, on
from complaints.model import RULES, check_unchanged, cny, fen
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.commands.settling import JudgementMissing
from csdomain.complaints.events import ComplaintJudged, ComplaintMoved, PenaltyMoved
from csdomain.complaints.lifecycle import ImprovementMove, ImprovementState, Move, PenaltyState, State
from csdomain.complaints.rules import FINDING as FINDING_RULE
from csdomain.complaints.rules import IMPROVEMENT, JUDGEMENT, LOSS, MONTHLY_REVIEW, STATES
from csdomain.complaints.values import (
    ComplaintRules,
    Finding,
    Judgement,
    Liable,
    MalformedStep,
    PenaltyRate,
    ProposedPenalty,
    Share,
)
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules.errors import DomainError, InvalidValue, MoveRefused, NotFound, RuleBroken
from csdomain.kernel.values.money import CurrencyMismatch, Money

LIABLE: Final = st.sampled_from(Liable)


def us(**changes: Any) -> Judgement:
    """We are liable, and no improvement is tracked."""
    return Judgement(**{"liable": Liable.US, "unit": "production", "tracked": False, **changes})


def of(liable: Liable, tracked: bool | None = False) -> Judgement:
    """Whoever is liable is named."""
    unit = "production" if liable is Liable.US else ""
    company = "Haulage Ltd" if liable is Liable.OTHER_COMPANY else ""
    return Judgement(liable=liable, unit=unit, company=company, tracked=tracked)


def finding(**changes: Any) -> Finding:
    return Finding(**{"confirmed": True, "text": "cracked", **changes})


def judge(case: Complaint, judgement: Judgement, rules: ComplaintRules = RULES) -> Sequence[Any]:
    return on(case).judge(judgement, rules)


def judged(judgement: Judgement, rules: ComplaintRules = RULES, *, quality: bool = False) -> Complaint:
    case = stands(State.REPORTED, quality=quality, before=Move.JUDGE)
    judge(case, judgement, rules)
    return case


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(JUDGEMENT)
@given(
    LIABLE,
    st.sampled_from(["", "production"]),
    st.sampled_from(["", "Haulage Ltd"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_our_unit_and_people_are_named_where_we_are_liable_and_another_company_where_that_is(
    liable: Liable, unit: str, company: str, people: bool, shares: bool, penalties: bool
) -> None:
    ours = liable is Liable.US
    fine = bool(unit) is ours and bool(company) is (liable is Liable.OTHER_COMPANY)
    fine = fine and (ours or not (people or shares or penalties))
    named: dict[str, Any] = {
        "persons": ["cai"] if people else (),
        "shares": [Share("production")] if shares else (),
        "penalties": [ProposedPenalty("cai", "warning")] if penalties else (),
    }
    if not fine:
        with pytest.raises(MalformedStep):
            Judgement(liable=liable, unit=unit, company=company, tracked=False, **named)
        return
    judgement = Judgement(liable=liable, unit=unit, company=company, tracked=False, **named)
    case = stands(State.REPORTED, before=Move.JUDGE)
    if penalties and not people:  # on somebody whom nothing names
        check_unchanged(case, RuleBroken, lambda: judge(case, judgement))
        return
    event = judge(case, judgement)[0]
    assert isinstance(event, ComplaintJudged)
    assert (event.liable, event.unit) == (liable.value, unit)
    assert (case.state, case.form.judgement) == (State.JUDGED, judgement)
    assert case.form.document.fields["liable"] == liable.value
    assert COMPLAINTS.row(case)["unit"] == (unit or None)


@pytest.mark.rule(JUDGEMENT)
@pytest.mark.parametrize(
    "bad",
    [
        lambda: ProposedPenalty("", "warning"),
        lambda: ProposedPenalty("a\nb", "warning"),
        lambda: ProposedPenalty("cai", "warning", cny(5)),
        lambda: Judgement(liable=Liable.CUSTOMER, penalties=(ProposedPenalty("cai", "warning"),)),
        lambda: ProposedPenalty("cai", amount=cny(0)),
        lambda: ProposedPenalty("cai", amount=cny(-1)),
        lambda: Share(""),
        lambda: Share("production", -1),
        lambda: us(shares=[Share("a"), Share("a")]),
        lambda: us(shares=[Share("a", 0), Share("b", 0)]),
        lambda: us(loss={"goods": cny(-1)}),
        lambda: us(unit="x" * 65),
        lambda: us(disposal="x" * 4001),
        *(lambda name=name: us(persons=[name]) for name in ("", "x" * 65)),
        lambda: us(persons="cai"),
        *(lambda name=name: finding(persons=[name]) for name in ("", "x" * 65)),
        lambda: finding(persons="cai"),
        lambda: finding(text=" "),
    ],
)
def test_what_is_no_judgement_and_no_finding_is_refused(bad: Callable[[], object]) -> None:
    with pytest.raises(InvalidValue) as refused:
        bad()
    assert "cai" not in str(refused.value)


# --- R&D's finding first ----------------------------------------------------------------------------------------------


@pytest.mark.rule(FINDING_RULE)
@given(st.booleans(), st.booleans(), st.booleans(), LIABLE)
def test_a_quality_fault_is_judged_only_by_a_finding_on_this_form_or_on_the_one_it_attaches(
    quality: bool, found_before: bool, found_now: bool, liable: Liable
) -> None:
    """Whether R&D confirmed it or denied it, and whoever turns out to be responsible."""
    judgement = of(liable)
    if found_before:
        case = stands(State.NOT_ACCEPTED, quality=True)
        make(case, Move.RENEW)
        case.put_form(quality=quality)
        assert case.form.finding is None
        for move in (Move.INVESTIGATE, Move.CONCLUDE, Move.REPORT, Move.RULE):
            make(case, move)
    else:
        case = stands(State.INVESTIGATING, quality=quality)
        for move in (Move.CONCLUDE, Move.REPORT, Move.RULE):
            make(case, move)
    if found_now:
        on(case).inspect(Finding(liable is Liable.US, "looked at"))
    if quality and not (found_now or found_before):
        error = check_unchanged(case, RuleBroken, lambda: judge(case, judgement))
        assert error.rule is FINDING_RULE
    else:
        judge(case, judgement)
        assert case.form.judgement == judgement


# --- is the improvement tracked? --------------------------------------------------------------------------------------


@pytest.mark.rule(IMPROVEMENT)
@given(st.booleans(), LIABLE, st.none() | st.booleans())
def test_for_a_quality_fault_of_ours_it_is_decided_explicitly_whether_the_improvement_is_tracked(
    quality: bool, liable: Liable, tracked: bool | None
) -> None:
    judgement = of(liable, tracked)
    case = stands(State.REPORTED, quality=quality, before=Move.JUDGE)
    if quality and liable is Liable.US and tracked is None:
        assert check_unchanged(case, RuleBroken, lambda: judge(case, judgement)).rule is IMPROVEMENT
        return
    event = judge(case, judgement)[0]
    assert isinstance(event, ComplaintJudged)
    assert event.tracked is bool(tracked)
    assert [one.state for one in case.improvements] == [ImprovementState.TRACKED] * bool(tracked)
    assert case.form.document.fields["tracked"] is bool(tracked)


@pytest.mark.rule(IMPROVEMENT)
@given(st.lists(st.sampled_from([ImprovementMove.CARRY_OUT, ImprovementMove.VERIFY, ImprovementMove.FAIL]), max_size=9))
def test_an_improvement_is_tracked_until_its_effect_is_verified(tried: list[ImprovementMove]) -> None:
    case = judged(us(tracked=True), quality=True)
    stood, notes = "tracked", 0
    for move in tried:
        assert ("improvement 1" in case.open_ends()) is (stood != "verified")
        dest = {
            ("tracked", "carry_out"): "carried_out",
            ("carried_out", "verify"): "verified",
            ("carried_out", "fail"): "tracked",
        }.get((stood, move.value))
        note = f"note {notes}"

        def act(move: ImprovementMove = move, note: str = note) -> Sequence[Any]:
            return on(case).improve(1, move, note, by=anyone("lab"))

        if dest is None:
            check_unchanged(case, MoveRefused, act)
            continue
        (event,) = act()
        assert (event.move, event.source, event.dest) == (f"improvement.{move.value}", stood, dest)
        stood, notes = dest, notes + 1
        assert (case.improvements[0].notes[-1].by, case.improvements[0].notes[-1].text) == ("lab", note)
    assert case.improvements[0].state.value == stood
    assert len(case.improvements[0].notes) == notes
    for count in (0, 2, True):
        check_unchanged(
            case,
            NotFound,
            lambda: on(case).improve(count, ImprovementMove.CARRY_OUT, "x"),  # noqa: B023 - run at once
        )


# --- the loss ---------------------------------------------------------------------------------------------------------

KINDS: Final = ("goods", "freight", "rework", "compensation", "other")
losses = st.dictionaries(st.sampled_from(KINDS), st.integers(0, 10**9))
weights = st.dictionaries(st.sampled_from(["production", "sales", "stores", "rnd"]), st.integers(0, 10**6), max_size=4)


@pytest.mark.rule(LOSS)
@given(losses, weights)
def test_what_the_units_bear_is_in_proportion_and_adds_up_to_the_loss_to_the_fen(
    lost: dict[str, int], weight: dict[str, int]
) -> None:
    if weight and not any(weight.values()):
        weight = dict.fromkeys(weight, 1)
    shares = [Share(unit, share) for unit, share in weight.items()]
    judgement = us(loss={kind: fen(minor) for kind, minor in lost.items()}, shares=shares)
    case = stands(State.REPORTED, before=Move.JUDGE)
    event = judge(case, judgement)[0]
    whole = sum(lost.values())
    assert isinstance(event, ComplaintJudged)
    assert event.lost == whole
    assert case.form.document.fields["loss"] == str(fen(whole))
    assert COMPLAINTS.row(case)["lost"] == whole
    borne = judgement.borne("CNY")
    assert sum(amount.minor for amount in borne.values()) == whole
    expected = weight or {"production": 1}
    assert set(borne) == set(expected)
    for unit, share in expected.items():
        exact = Fraction(whole * share, sum(expected.values()))
        assert abs(borne[unit].minor - exact) < 1
        assert share or not borne[unit]


@pytest.mark.rule(LOSS)
@given(st.sets(st.sampled_from(KINDS)), losses.filter(bool), st.booleans())
def test_a_loss_is_of_the_kinds_of_the_house_in_its_currency(
    basis: set[str], lost: dict[str, int], foreign: bool
) -> None:
    rules = attrs.evolve(RULES, loss_basis=tuple(basis))
    loss = {kind: Money(minor, "EUR" if foreign else "CNY") for kind, minor in lost.items()}
    case = stands(State.REPORTED, before=Move.JUDGE)

    def act() -> object:
        return judge(case, us(loss=loss), rules)

    if foreign:
        assert type(check_unchanged(case, DomainError, act)) in (CurrencyMismatch, MalformedStep)
    elif set(lost) <= basis:
        act()
    else:
        error = check_unchanged(case, MalformedStep, act)
        assert error.facts["field"] == "loss"
        assert error.facts["given"] in set(lost) - basis


# --- penalties --------------------------------------------------------------------------------------------------------


@st.composite
def bases(draw: st.DrawFn) -> list[tuple[str, int | None]]:
    """Bands of a penalty basis: a rate in per mille, and up to which loss in fen; the last may be without end."""
    tops: list[int | None] = [*sorted(draw(st.sets(st.integers(1, 10**6), max_size=4)))]
    if draw(st.booleans()) or not tops:
        tops.append(None)
    return [(f"0.{draw(st.integers(1, 999)):03}", top) for top in tops]


@pytest.mark.rule(LOSS)
@given(bases(), st.integers(1, 2 * 10**6), st.booleans(), st.booleans())
def test_a_deduction_follows_from_the_band_that_the_units_share_falls_in(
    basis: list[tuple[str, int | None]], lost: int, on_the_edge: bool, of_the_unit: bool
) -> None:
    """A shared edge belongs to the lower band; half a fen and more is rounded up."""
    if on_the_edge and basis[0][1] is not None:
        lost = basis[0][1]
    rows = tuple(PenaltyRate(Decimal(rate), None if top is None else fen(top)) for rate, top in basis)
    rules = attrs.evolve(RULES, penalty_basis=rows)
    proposal = ProposedPenalty("production" if of_the_unit else "cai")
    judgement = us(persons=["cai"], loss={"goods": fen(lost)}, penalties=[proposal])
    case = stands(State.REPORTED, before=Move.JUDGE)
    band = [Decimal(rate) for rate, top in basis if top is None or lost <= top][:1]
    exact = (Decimal(lost) * (band or [Decimal(0)])[0]).quantize(Decimal(1), ROUND_HALF_UP)
    if not exact or not of_the_unit:
        check_unchanged(case, MalformedStep, lambda: judge(case, judgement, rules))
        return
    proposed = judge(case, judgement, rules)[1]
    assert isinstance(proposed, PenaltyMoved)
    assert (proposed.move, proposed.on, proposed.amount) == ("penalty.propose", "production", int(exact))
    assert case.penalties[0].amount == fen(int(exact))
    assert case.penalties[0].state is PenaltyState.PROPOSED


@pytest.mark.rule(LOSS)
@given(st.lists(st.none() | st.integers(1, 10), max_size=4))
def test_a_penalty_basis_has_ascending_limits_and_no_band_after_the_one_without(tops: list[int | None]) -> None:
    rows = tuple(PenaltyRate(Decimal("0.1"), None if top is None else cny(top)) for top in tops)
    limits = [top for top in tops if top is not None]
    if limits == sorted(set(limits)) and None not in tops[:-1]:
        assert attrs.evolve(RULES, penalty_basis=rows).penalty_basis == rows
    else:
        with pytest.raises(MalformedStep):
            attrs.evolve(RULES, penalty_basis=rows)
    for rate in ("-0.01", "1.01"):
        with pytest.raises(MalformedStep):
            PenaltyRate(Decimal(rate))


STEPS: Final = ("approve", "drop", "notice", "carry_out", "publish")
MOVED: Final = {
    ("proposed", "approve"): "approved",
    ("proposed", "drop"): "dropped",
    ("approved", "drop"): "dropped",
    ("approved", "notice"): "noticed",
    ("noticed", "carry_out"): "carried_out",
    ("approved", "publish"): "carried_out",
}


@pytest.mark.rule(LOSS, MONTHLY_REVIEW)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*STEPS, "close", "review"]), st.sampled_from([1, 2]), st.sampled_from(["cai", "dan", "gm"])
        ),
        max_size=14,
    )
)
def test_no_penalty_is_carried_out_before_it_was_approved_and_the_case_reviewed_and_never_by_whom_it_is_on(
    tried: list[tuple[str, int, str]],
) -> None:
    """Penalty 1 is a discipline of cai, penalty 2 a deduction from dan."""
    penalties = [ProposedPenalty("cai", "warning"), ProposedPenalty("dan", amount=cny(50))]
    case = judged(us(persons=["cai", "dan"], penalties=penalties))
    stood, closed, reviewed = {1: "proposed", 2: "proposed"}, False, False
    for name, which, who in tried:
        if name == "close":
            if not closed:
                for move in WAYS[A][State.CLOSED][len(WAYS[A][State.JUDGED]) :]:
                    make(case, move)
            closed = True
            continue
        if name == "review":
            if closed and not reviewed:
                make(case, Move.REVIEW)
                reviewed = True
            continue
        act = _penalty_act(case, name, which, who)
        dest = MOVED.get((stood[which], name))
        if dest is None or (which == 1 and name == "notice") or (which == 2 and name == "publish"):
            check_unchanged(case, MoveRefused, act)
        elif who == ("cai", "dan")[which - 1]:
            check_unchanged(case, OwnRequest, act)
        elif name in ("notice", "publish") and not reviewed:
            assert check_unchanged(case, RuleBroken, act).rule is MONTHLY_REVIEW
        else:
            events = [event for event in act() if isinstance(event, PenaltyMoved)]
            (event,) = events
            assert (event.move, event.source, event.dest) == (f"penalty.{name}", stood[which], dest)
            assert event.by == who
            stood[which] = dest
        assert {n: one.state.value for n, one in enumerate(case.penalties, 1)} == stood
    for n, one in enumerate(case.penalties, 1):
        if stood[n] == "carried_out":
            assert reviewed
            assert one.approved_by not in (None, one.on)
    ended = all(state in ("carried_out", "dropped") for state in stood.values())
    assert (case.state is State.SETTLED) is (reviewed and ended)


def _penalty_act(case: Complaint, name: str, which: int, who: str) -> Callable[[], Sequence[ComplaintMoved]]:
    said = {"drop": ["no fault of theirs"], "notice": ["JF2026-0001"]}.get(name, [])
    act = getattr(on(case), f"{name}_penalty")
    return partial(act, which, *said, by=anyone(who, "general_manager"))  # the position that signs notices


# --- nothing is closed that nobody judged ---


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
    return on(case).close(outcome)
