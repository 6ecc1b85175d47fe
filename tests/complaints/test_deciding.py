"""Who decides a complaint: by what all its forms come to, by what is held then, never the requester (CMP-11)."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any, Final

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import Counter
from complaints.hand import T0, anyone, explained, on
from complaints.model import (
    RULES,
    accept,
    approve,
    check_unchanged,
    cny,
    fen,
    holding,
    judge,
    received,
    remedy,
    submitted,
)
from csdomain import DomainError
from csdomain.casework.authorities import Standing
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands import deciding
from csdomain.complaints.commands.deciding import AnswerBeyondDecision
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import GRAVE, NO_PROMISE, WITHIN_LIMIT
from csdomain.complaints.values import Channel, ComplaintRules, Goods, MalformedStep, Remedy, WithoutAmount
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import (
    ApprovalLadder,
    ApprovalVoid,
    Band,
    BeyondAuthority,
    Delegation,
    Delegations,
    Outcome,
    OwnRequest,
    SignatureMissing,
)
from csdomain.kernel.papers.documents import Tampered
from csdomain.kernel.rules import APPROVALS, FORMS
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money
from csdomain.testing import complaint_form

pytestmark = pytest.mark.rule(WITHIN_LIMIT, APPROVALS)

HOUR: Final = timedelta(hours=1)
DEPUTY: Final = "deputy_general_manager"
CLERK: Final = "clerk"  # decides where there is no amount, and is not on the ladder
LARGE: Final = 10**7

tops = st.lists(st.integers(2, LARGE), max_size=4, unique=True).map(sorted)
amounts = st.integers(0, LARGE)
forms = st.lists(st.tuples(st.none() | amounts, amounts), min_size=1, max_size=3)


def house(limits: Sequence[int], *, grave: str = "a0", ordinary: str = CLERK) -> ComplaintRules:
    """A house with authorities a0, a1 … that decide up to these limits in fen, the last without end."""
    floors, ceilings = [None, *map(fen, limits)], [*map(fen, limits), None]
    bands = [Band(f"a{n}", low, top) for n, (low, top) in enumerate(zip(floors, ceilings, strict=True))]
    return attrs.evolve(RULES, ladder=ApprovalLadder(tuple(bands)), without_amount=WithoutAmount(grave, ordinary))


def deciders(limits: Sequence[int], drawn: Sequence[tuple[int | None, int]]) -> set[str]:
    """Oracle: who decides, written from the rule. A lower limit that covers the sum of all forms is enough."""
    came_to = 0
    for claimed, granted in drawn:
        came_to += granted if claimed is None or granted > claimed else claimed
    found = {f"a{len(limits)}"}
    for place, limit in enumerate(limits):
        if came_to <= limit:
            found.add(f"a{place}")
    if came_to == 0:
        found.add(CLERK)
    return found


def case_of(drawn: Sequence[tuple[int | None, int]], rules: ComplaintRules) -> Complaint:
    return submitted([(None if c is None else fen(c), fen(g)) for c, g in drawn], rules)


# --- who may ----------------------------------------------------------------------------------------------------------


@given(tops, forms)
def test_who_may_approve_is_exactly_who_the_ladder_names_for_all_forms_together(
    limits: list[int], drawn: list[tuple[int | None, int]]
) -> None:
    rules = house(limits)
    waiting = case_of(drawn, rules)
    may = deciders(limits, drawn)
    for authority in (CLERK, *(f"a{n}" for n in range(len(limits) + 1)), "sales_manager"):
        case = attrs.evolve(waiting)
        said = explained(case, rules, holding(bob=authority), by=anyone("bob"), at=T0)
        if authority in may:
            approve(case, rules, authority)
            approval = case.form.submissions[-1].approval
            assert approval is not None
            assert (approval.authority, approval.by) == (authority, "top")
            assert approval.amount == waiting.total
            assert case.state is State.DECIDED
            assert said.may is Outcome.APPROVED
        else:
            error = check_unchanged(case, BeyondAuthority, lambda: approve(case, rules, authority))  # noqa: B023 - run at once
            assert error.facts["amount"] == waiting.total
            assert said.may is not Outcome.APPROVED
        assert said.decided_by == (CLERK if CLERK in may else min(may))


@pytest.mark.rule(GRAVE)
@given(tops.filter(bool), st.data())
def test_without_an_amount_a_grave_one_and_an_ordinary_one_have_an_authority_each(
    limits: list[int], data: st.DataObject
) -> None:
    places = range(len(limits) + 1)
    ordinary = data.draw(st.sampled_from([CLERK, *(f"a{n}" for n in places)]))
    grave = data.draw(st.sampled_from(places))
    rules = house(limits, grave=f"a{grave}", ordinary=ordinary)
    for marked in (False, True):
        waiting = case_of([(None, 0)], rules)
        if marked:  # after it was put before the authority: what counts is what it is when it is decided
            on(waiting).mark(harm=False)
        least = grave if marked else -1 if ordinary == CLERK else int(ordinary[1:])
        for authority, place in [(CLERK, -1), *((f"a{n}", n) for n in places)]:
            case = attrs.evolve(waiting)
            if place >= least and not (authority == CLERK != ordinary):
                approve(case, rules, authority)
                assert case.state is State.DECIDED
            else:
                check_unchanged(case, BeyondAuthority, lambda: approve(case, rules, authority))  # noqa: B023 - run at once


@pytest.mark.rule(GRAVE)
def test_without_an_amount_somebody_decides_also_where_the_first_limit_is_the_least_amount_there_is() -> None:
    rules = house([1, 1000])
    for authority in (CLERK, "a1", "a2"):
        case = case_of([(None, 0)], rules)
        assert explained(case, rules, holding(), by=anyone("bob"), at=T0).decided_by == CLERK
        approve(case, rules, authority)
        assert case.state is State.DECIDED
    case = case_of([(None, 1)], rules)
    check_unchanged(case, BeyondAuthority, lambda: approve(case, rules, CLERK))
    approve(case, rules, "a0")


def test_a_remedy_that_nobody_may_decide_is_not_even_submitted() -> None:
    ladder = ApprovalLadder((Band("a0", None, cny(10)), Band("a1", cny(10), cny(20))))
    rules = attrs.evolve(RULES, ladder=ladder, without_amount=WithoutAmount("a0", "a0"))
    case = received(None, rules)
    accept(case, rules)
    judge(case, rules)
    check_unchanged(case, BeyondAuthority, lambda: on(case).submit(remedy(cny("20.01")), rules))
    on(case).submit(remedy(cny(20)), rules)
    assert case.state is State.AWAITING_DECISION


# --- never one's own request, not through a delegate either -----------------------------------------------------------


def standing(*rows: tuple[str, str], **held: str) -> Standing:
    """Who holds which authority, and who stands in for whom in the deputy's up to an hour from now."""
    there = (Delegation(ActorId(whose), ActorId(deputy), DEPUTY, T0, T0 + HOUR) for deputy, whose in rows)
    return attrs.evolve(holding(**held), delegations=Delegations(tuple(there)))


def test_who_stands_in_decides_until_the_delegation_ends() -> None:
    case, who = case_of([(None, 300_000)], RULES), standing(("helper", "chief"), chief=DEPUTY)
    act = partial(on(case).decide, Outcome.APPROVED, RULES, by=anyone("helper", "sales_manager"))
    check_unchanged(case, BeyondAuthority, partial(act, standing(chief=DEPUTY)))
    check_unchanged(case, BeyondAuthority, partial(act, who, at=T0 + HOUR))
    act(who)
    approval = case.form.submissions[-1].approval
    assert approval is not None
    assert (approval.by, approval.acting_for, approval.authority) == ("helper", "chief", DEPUTY)
    assert case.form.document.signatures[-1].by == "helper"


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("rows", [(), (("agent", "chief"),), (("helper", "agent"), ("friend", "helper"))])
def test_neither_who_asked_for_it_nor_a_chain_that_passes_them_decides(
    outcome: Outcome, rows: Sequence[tuple[str, str]]
) -> None:
    case = submitted([(None, cny(3000))], by=anyone("agent"))
    who = standing(*rows, chief=DEPUTY, **({} if rows == (("agent", "chief"),) else {"agent": DEPUTY}))
    for id in ("agent", *(deputy for deputy, _ in rows)):
        act = partial(on(case).decide, outcome, RULES, who, by=anyone(id), reason="it is mine")
        check_unchanged(case, OwnRequest, act)
    past = standing(*rows, ("friend", "chief"), chief=DEPUTY)  # a way of its own, past the requester
    on(case).decide(Outcome.APPROVED, RULES, past, by=anyone("friend"))
    assert case.state is State.DECIDED


def test_a_role_that_is_held_no_more_when_one_decides_does_not_count() -> None:
    counter = Counter.open().submitted(remedy(cny(3000)))
    chief = counter.desk.actor("chief", branch="hq", positions=(DEPUTY,))
    seen = counter.desk.complaints.get(counter.id, by=chief)
    assert counter.does.approval(counter.id, by=chief, at=counter.clock.now()).may is Outcome.APPROVED
    for positions, error in (((), NotPermitted), (("sales_manager",), BeyondAuthority)):
        now = counter.desk.actor("chief", branch="hq", positions=positions)
        counter.expect_refused(error, "approve", by=now, expected_version=seen.version)
    counter.do("approve", by=chief)


# --- signatures -------------------------------------------------------------------------------------------------------


@given(st.permutations(["sales", "customer_service", "rnd", "ruling", "safety", "legal"]), st.booleans())
def test_nobody_approves_before_every_signature_that_the_house_asks_for(roles: list[str], quality: bool) -> None:
    """R&D's is asked for only where it is a quality fault."""
    for count in range(len(roles) + 1):
        rules = attrs.evolve(RULES, signatures=tuple(roles[:count]))
        case = submitted([(None, cny(10))], rules, quality=quality)
        there = {"sales", "customer_service", "ruling"} | ({"rnd"} if quality else set())
        missing = [role for role in roles[:count] if role not in there and (quality or role != "rnd")]

        def act() -> object:
            return approve(case, rules, "sales_manager")  # noqa: B023 - run at once

        if missing:
            assert check_unchanged(case, SignatureMissing, act).facts["missing"] == ", ".join(missing)
            # To reject or to return it, nobody's signature is needed.
            standing = holding(bob="sales_manager")
            on(case).decide(Outcome.RETURNED, rules, standing, by=anyone("bob"), reason="sign first")
            assert case.state is State.JUDGED
        else:
            act()
            assert case.state is State.DECIDED


@given(st.integers(0, 4))
def test_a_form_from_which_signatures_were_taken_is_not_decided(kept: int) -> None:
    case = submitted([(None, cny(10))], quality=True)
    paper = case.form.document
    assert [s.role for s in paper.signatures] == ["sales", "customer_service", "rnd", "ruling", "proposal.1"]
    case.put_form(document=attrs.evolve(paper, signatures=paper.signatures[:kept]))
    check_unchanged(case, Tampered, lambda: approve(case, RULES, "general_manager"))
    one_out = [s for n, s in enumerate(paper.signatures) if n != kept]
    case.put_form(document=attrs.evolve(paper, signatures=tuple(one_out)))
    check_unchanged(case, Tampered, lambda: approve(case, RULES, "general_manager"))


def test_a_form_that_turns_into_one_of_a_quality_fault_is_not_what_was_signed() -> None:
    case = submitted([(None, cny(10))])
    case.put_form(quality=True)
    check_unchanged(case, Tampered, lambda: approve(case, RULES, "general_manager"))


# --- recommended, rejected, returned ----------------------------------------------------------------------------------


def test_below_the_authority_one_recommends_and_nothing_is_decided_by_it() -> None:
    counter = Counter.open().submitted(remedy(cny(3000)))
    (told,) = counter.messages("to_decide")
    assert (told.to, told.facts["total"]) == (DEPUTY, "3000.00 CNY")
    for step in (("approve",), ("reject", "too much"), ("return_back", "too much")):
        error = counter.expect(BeyondAuthority, step, by="sales_manager")
        assert error.facts["limit"] == cny(1000)
        assert error.accepted is not None
        assert DEPUTY in error.accepted.en
    counter.expect(MalformedStep, ("recommend", ""))
    counter.go("recommend")
    case = counter.case
    assert (case.state, case.form.approved) == (State.AWAITING_DECISION, None)
    assert [opinion.text for opinion in case.form.submissions[-1].recommendations] == ["I would grant it"]
    counter.expect(MoveRefused, "answer")
    counter.do("approve", by=DEPUTY)
    assert counter.timers["CMP-05.decision.1.1"] is TimerState.MET


@pytest.mark.parametrize("use_case", ["reject", "return_back"])
def test_what_is_rejected_or_returned_has_a_reason_and_comes_back_as_another_remedy(use_case: str) -> None:
    counter = Counter.open().submitted(remedy(cny(3000)))
    counter.expect(RuleBroken, (use_case, " "), by=DEPUTY)
    assert counter.do(use_case, "half of it", by=DEPUTY).state == "judged"
    assert (counter.case.form.approved, counter.case.total) == (None, cny(0))
    counter.expect(MoveRefused, "approve", by=DEPUTY)
    counter.go(("submit", remedy(cny(900))))
    counter.do("approve", by="sales_manager")
    assert [counter.timers[f"CMP-05.decision.1.{n}"] for n in (1, 2)] == [TimerState.MET, TimerState.MET]
    assert told_granted(counter) == cny(900)


def told_granted(counter: Counter) -> Money:
    """What the customer is told that they get."""
    assert counter.go("answer").state == "answered"
    said = counter.case.form.answer
    assert said is not None
    return said.granted


# --- changed after the approval ---------------------------------------------------------------------------------------


@pytest.mark.rule(NO_PROMISE)
def test_another_remedy_voids_the_approval_and_is_decided_by_whoever_its_own_amount_belongs_to() -> None:
    counter = Counter.open().submitted(remedy(cny(900)))
    counter.do("approve", by="sales_manager")
    counter.do("revise", remedy(cny("1000.01")), by="service_agent")
    case = counter.case
    assert case.state is State.AWAITING_DECISION
    assert [(bool(s.approval), s.approved) for s in case.form.submissions] == [(True, False), (False, False)]
    with pytest.raises(AnswerBeyondDecision):
        deciding.decided_remedy(case, RULES)
    counter.expect(MoveRefused, "answer")
    counter.expect(AnswerBeyondDecision, "draw_slip")
    counter.expect(BeyondAuthority, "approve", by="sales_manager")
    counter.do("approve", by=DEPUTY)
    assert told_granted(counter) == cny("1000.01")


def test_a_remedy_that_paper_was_drawn_up_for_is_not_revised() -> None:
    counter = Counter.open().submitted(remedy(cny(900), compensation=cny(100), returns=[Goods("engine", "2026-01", 1)]))
    counter.go("approve", "draw_slip")
    counter.expect(RuleBroken, ("revise", remedy(cny(5))), by="service_agent")


GRANTED: Final = remedy(cny(900), compensation=cny(300), returns=[Goods("engine", "2026-01", 2)])
#: Ways to change the stored body of a case of which two forms were approved for 900 of 800 claimed; the present form
#: is the last. What is refused, each by what it is: more than was approved, or not what was signed.
CHANGES: Final[dict[str, tuple[Callable[[dict[str, Any]], object], type[DomainError]]]] = {
    "more granted": (lambda c: last(c)["remedy"].update(granted=money(90_001)), ApprovalVoid),
    "less granted": (lambda c: last(c)["remedy"].update(granted=money(80_000)), AnswerBeyondDecision),
    "more paid": (lambda c: last(c)["remedy"].update(compensation=money(90_000)), AnswerBeyondDecision),
    "more to come back": (lambda c: last(c)["remedy"]["returns"][0].update(quantity=3), AnswerBeyondDecision),
    "more claimed": (lambda c: c["forms"][-1]["content"].update(claimed=money(90_001)), ApprovalVoid),
    "less claimed": (lambda c: c["forms"][-1]["content"].update(claimed=money(1)), Tampered),
    "more claimed before": (lambda c: c["forms"][0]["content"].update(claimed=money(90_001)), ApprovalVoid),
    "less claimed before": (lambda c: c["forms"][0]["content"].update(claimed=money(1)), Tampered),
    "less granted before": (lambda c: last(c, 0)["remedy"].update(granted=money(40_000)), Tampered),
    "the former approval gone": (lambda c: last(c, 0).update(approval=None), Tampered),
    "the former remedy gone": (lambda c: c["forms"][0].update(submissions=[]), Tampered),
    "the approval gone": (lambda c: last(c).update(approval=None), AnswerBeyondDecision),
    "a smaller approval": (lambda c: last(c)["approval"].update(amount=money(1)), ApprovalVoid),
    "only recommended": (lambda c: last(c)["approval"].update(outcome="recommended"), AnswerBeyondDecision),
    "the form's own entry": (lambda c: paper(c)["fields"].update({"approved.1": "1"}), Tampered),
    "remedy, approval and entry together": (
        lambda c: (
            last(c)["remedy"].update(granted=money(90_001)),
            last(c)["approval"].update(amount=money(10**6)),
            paper(c)["fields"].update({"approved.1": "900.01 CNY", "proposed.1": "900.01 CNY"}),
        ),
        Tampered,
    ),
    "a signature of somebody else": (lambda c: paper(c)["signatures"][-1].update(by="nobody"), Tampered),
}


def money(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "CNY"}


def last(body: dict[str, Any], turn: int = -1) -> dict[str, Any]:
    found: dict[str, Any] = body["forms"][turn]["submissions"][-1]
    return found


def paper(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["forms"][-1]["document"]
    return found


@pytest.mark.rule(NO_PROMISE, FORMS)
def test_what_was_changed_in_the_database_after_the_approval_is_not_told(sqlite_url: str) -> None:
    """What somebody with the database's password does."""
    counter = Counter.open(url=sqlite_url)
    form = complaint_form(claimed=cny(800), quantity=5)
    counter.submitted(GRANTED, form)
    counter.go("approve", "answer", "decline", ("renew", form))
    counter.judged()
    counter.go(("submit", GRANTED), "approve")
    with closing(sqlite3.connect(sqlite_url.partition("///")[2], isolation_level=None)) as database:
        (sound,) = database.execute("select body from csd_complaint").fetchone()
        for name, (change, error) in CHANGES.items():
            body = orjson.loads(sound)
            change(body)
            assert orjson.loads(sound) != body
            database.execute("update csd_complaint set body = ?", (orjson.dumps(body),))
            assert type(counter.expect(DomainError, "answer")) is error, name
        database.execute("update csd_complaint set body = ?", (sound,))
    assert told_granted(counter) == cny(900)
    counter.desk.close()


@st.composite
def grants(draw: st.DrawFn) -> Remedy:
    granted = draw(st.integers(0, 400_000))
    paid = draw(st.none() | st.integers(1, granted).map(fen)) if granted else None
    pieces = draw(st.integers(0, 3))
    return remedy(fen(granted), compensation=paid, returns=[Goods("engine", "1", pieces)] if pieces else [])


@pytest.mark.rule(NO_PROMISE)
@given(grants(), grants(), st.booleans())
def test_only_the_very_remedy_that_was_approved_is_told(approved: Remedy, other: Remedy, before: bool) -> None:
    """Changed in memory, before the approval or after it: figures that stand on no signed form go nowhere."""
    case = received(cny(100))
    accept(case)
    judge(case)
    on(case).submit(approved, RULES)

    def put() -> None:
        case.put_submission(remedy=other)

    def decide() -> object:
        return approve(case, RULES, "general_manager")

    told = ("granted", "compensation", "pieces")
    same = [getattr(approved, name) for name in told] == [getattr(other, name) for name in told]
    if before:
        put()
        if not same:
            check_unchanged(case, Tampered, decide)
            return
    decide()
    put()
    if same:
        on(case).answer(Channel.LETTER, "so it is")
        assert case.form.answer is not None
        assert (case.form.answer.granted, case.form.answer.pieces) == (approved.granted, approved.pieces)
    else:
        check_unchanged(case, RuleBroken, lambda: on(case).answer(Channel.LETTER, "so it is"))
