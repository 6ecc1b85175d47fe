"""A complaint that is not established: told, objected to, ruled on by other eyes, sustained or begun anew (CMP-15)."""

from functools import partial
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import BOSS, Counter
from complaints.hand import anyone, on
from complaints.model import JUDGED, RULES, accept, check_unchanged, cny, holding, received, remedy
from csdomain.casework.letters import InternalDisclosed
from csdomain.complaints.case import Complaint
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import FINDING, MONTHLY_REVIEW, NOT_ESTABLISHED, NOTICE
from csdomain.complaints.values import Channel, Finding, MalformedStep, ProposedPenalty
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import ApprovalLadder, Band, BeyondAuthority, OwnRequest
from csdomain.kernel.papers.documents import Tampered
from csdomain.kernel.rules import APPROVALS, FORMS
from csdomain.kernel.rules.errors import DomainError, MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.values.actors import Action
from csdomain.testing import HANDLING, QUALITY, complaint_form

pytestmark = pytest.mark.rule(NOT_ESTABLISHED)

SUPERVISE: Final = Action("complaints.supervise")
SORRY = "We cannot agree with you here."
SOUND = ("inspect", Finding(False, "nothing wrong"))
STAGES: list[list[Any]] = [[], ["investigate"], ["investigate", SOUND, "conclude", "report"]]


def dismissed(*steps: Any) -> Counter:
    counter = Counter.open().accepted(kind=QUALITY)
    counter.go("investigate", SOUND, "dismiss", *steps)
    return counter


@pytest.mark.parametrize("steps", STAGES, ids=["accepted", "investigating", "reported"])
def test_it_is_told_and_closed_and_sales_collects(steps: list[Any]) -> None:
    counter = Counter.open().accepted(complaint_form(claimed=cny(700)), kind=QUALITY if len(steps) > 1 else HANDLING)
    counter.go(*steps)
    counter.expect(MalformedStep, ("dismiss", " "))
    assert counter.go(("dismiss", "it was used wrongly")).state == "not_established"
    assert counter.told("collect") == ["sales"]
    assert counter.running() == {"CMP-04"}  # no department is waited for any more, the customer is
    counter.expect(RuleBroken, "close")
    counter.expect(InternalDisclosed, ("answer", Channel.PHONE, "It was used wrongly."))
    counter.go(("answer", Channel.PHONE, SORRY))
    said = counter.case.form.answer
    assert said is not None
    assert (said.granted, said.compensation, said.pieces, said.text) == (cny(0), None, 0, SORRY)
    assert counter.go("close").state == "closed"
    assert counter.timers["CMP-04"] is TimerState.MET
    assert counter.running() == {"CMP-20"}
    assert counter.go(("review", "")).state == "settled"  # nobody is liable
    counter.expect(RuleBroken, "draw_slip", ("draw_certificate", cny(1)), "object", "reopen")


@pytest.mark.rule(APPROVALS)
def test_an_objection_is_a_memorandum_to_a_superior_who_is_not_its_author() -> None:
    counter = dismissed()
    counter.expect(RuleBroken, "object")  # nobody has told the customer yet
    counter.go("answer")
    both = counter.desk.actor("li", branch="hq", positions=("sales", BOSS))
    for unruled in ("nothing to rule on", "one that is ruled on"):
        assert counter.expect(RuleBroken, "sustain", "reopen").rule is NOT_ESTABLISHED, unruled
        counter.expect(MalformedStep, ("object", ""))
        receipt = counter.go("object", by=both)
        memo = counter.case.memoranda[-1]
        assert (memo.by, memo.text, memo.ruling) == ("li", "the customer shows photographs", None)
        memo.document.require_signed("author")
        assert memo.document.fields["case"] == counter.case.number
        assert set(counter.told("memorandum")) <= set(counter.desk.house.permissions.holders(SUPERVISE))
        counter.expect(RuleBroken, "object", "close")  # one is waiting
        counter.expect(OwnRequest, "sustain", "reopen", by=both)
        counter.expect(MalformedStep, ("sustain", ""), ("reopen", ""))
        counter.go("sustain")
        signed = counter.case.memoranda[-1].document.signatures
        assert [(s.role, s.by) for s in signed] == [("author", "li"), ("superior", BOSS)]
    assert (receipt.number, receipt.state) == ("QC2026-0002", "not_established")
    assert counter.go("close").state == "closed"


@pytest.mark.rule(NOTICE)
def test_begun_anew_it_goes_the_whole_way_again_and_keeps_what_was_written_inside() -> None:
    counter = dismissed("answer", "object")
    before = counter.case.form
    assert counter.go("reopen").state == "investigating"
    form = counter.case.form
    assert (form.number, form.content) == (before.number, before.content)
    assert (form.dismissal, form.answer, form.report, form.ruling, form.finding) == (None,) * 5
    assert "CMP-05.rnd.2" in counter.running()
    counter.expect(MoveRefused, "close")
    counter.go(("inspect", Finding(True, "cracked after all")), "conclude", "report")
    assert counter.timers["CMP-07.2"] is TimerState.MET
    counter.go("rule", "judge", ("submit", remedy(cny(100))), "approve")
    for text in ("Unfounded.", "So be it!", "The customer shows photographs."):
        counter.expect(InternalDisclosed, ("answer", Channel.PHONE, text))
    assert counter.go("answer", "close").state == "closed"
    assert "CMP-20" in counter.running()


@pytest.mark.rule(NOTICE)
def test_a_finding_and_a_report_that_were_set_aside_stay_inside_too() -> None:
    counter = Counter.open().accepted(kind=QUALITY)
    counter.go(
        *STAGES[-1], ("rule", "no claim at all"), "dismiss", ("answer", Channel.PHONE, SORRY), "object", "reopen"
    )
    counter.go(("inspect", Finding(False, "sound again")), ("dismiss", "nothing new"))
    assert counter.told("collect") == ["sales"] * 2
    past = ("how it came about", "no claim at all", "unfounded")
    for text, field in (("nothing wrong", "finding"), ("nothing new", "dismissal"), *((text, "past") for text in past)):
        assert counter.expect(InternalDisclosed, ("answer", Channel.PHONE, text)).facts == {"field": field}


@pytest.mark.rule(FORMS)
@pytest.mark.parametrize("reopen", [False, True])
def test_a_memorandum_that_was_changed_is_not_ruled_on(reopen: bool) -> None:
    case = unfounded()
    on(case).answer(Channel.PHONE, SORRY)
    on(case).object("QC-1", "photographs", RULES)
    (memo,) = case.memoranda
    case.memoranda = (attrs.evolve(memo, document=attrs.evolve(memo.document, fields={"case": "another"})),)
    boss = anyone("boss")
    check_unchanged(case, Tampered, lambda: on(case).rule_on_objection(reopen=reopen, text="so be it", by=boss))


def unfounded() -> Complaint:
    case = received()
    accept(case)
    on(case).dismiss("unfounded")
    return case


@pytest.mark.rule(MONTHLY_REVIEW)
def test_a_case_that_was_judged_before_is_reviewed_though_its_last_form_is_not_established() -> None:
    counter = Counter.open().accepted()
    counter.judged(attrs.evolve(JUDGED, penalties=(ProposedPenalty("worker-7", "warning"),)))
    counter.go(("submit", remedy(cny(9))), "approve", "answer", "decline", "renew", "dismiss", "answer")
    assert counter.go("close").state == "closed"
    counter.go("approve_penalty")
    counter.expect(RuleBroken, ("publish_penalty", 1))
    assert counter.go(("review", "production"), ("publish_penalty", 1)).state == "settled"


ACTS = ("answer", "object", "sustain", "reopen", "dismiss", "close")


@given(st.lists(st.sampled_from(ACTS), max_size=14))
def test_whatever_is_tried_in_whatever_order(tried: list[str]) -> None:
    """The rule as a few lines: what is possible follows from being told, from a memorandum that waits, and nothing."""
    case = unfounded()
    told = waiting = open_again = closed = False
    rulings: list[bool] = []
    for act in tried:
        possible = {
            "answer": not open_again,
            "object": not open_again and told and not waiting,
            "sustain": not open_again and waiting,
            "reopen": not open_again and waiting,
            "dismiss": open_again,
            "close": not open_again and told and not waiting,
        }[act] and not closed
        if not possible:
            check_unchanged(case, DomainError, lambda: perform(case, act))  # noqa: B023 - run at once
            continue
        perform(case, act)
        if act == "answer":
            told = True
        elif act == "object":
            waiting = True
        elif act in ("sustain", "reopen"):
            waiting, open_again = False, act == "reopen"
            rulings.append(open_again)
            told = told and not open_again
        elif act == "dismiss":
            open_again = False
        else:
            closed = True
    assert [memo.reopened for memo in case.memoranda] == rulings + [False] * waiting
    assert case.round == 1 + sum(rulings)
    assert [memo.ruling is None for memo in case.memoranda] == [False] * len(rulings) + [True] * waiting
    expected = State.CLOSED if closed else State.INVESTIGATING if open_again else State.NOT_ESTABLISHED
    assert case.state is expected
    for memo in case.memoranda:
        memo.document.require_signed("author", *(["superior"] if memo.ruling is not None else []))
        assert memo.ruling is None or memo.ruling.by != memo.by


def perform(case: Complaint, act: str) -> object:
    boss = anyone("boss")
    return {
        "answer": lambda: on(case).answer(Channel.PHONE, SORRY),
        "object": lambda: on(case).object(f"QC-{len(case.memoranda)}", "photographs", RULES),
        "sustain": lambda: on(case).rule_on_objection(reopen=False, text="no", by=boss),
        "reopen": lambda: on(case).rule_on_objection(reopen=True, text="yes", by=boss),
        "dismiss": lambda: on(case).dismiss("unfounded"),
        "close": lambda: on(case).close("not established"),
    }[act]()


def test_f06_an_agent_alone_dismisses_nothing_and_a_quality_fault_wants_a_finding() -> None:
    counter = Counter.open().accepted(complaint_form(claimed=cny(90_000)), kind=QUALITY)
    counter.go("investigate")
    counter.expect(NotPermitted, "dismiss", by="service_agent")
    assert counter.expect(RuleBroken, "dismiss").rule is FINDING
    counter.go(SOUND)
    counter.expect(BeyondAuthority, "dismiss", by=BOSS)
    counter.go("dismiss")
    signed = counter.case.form.document.signature("dismissal")
    assert (signed.by, counter.case.form.document.stated("dismissed")) == ("general_manager", "90000.00 CNY")


def test_f06_who_may_dismiss_is_a_ladder_of_the_rulebook() -> None:
    rules = attrs.evolve(RULES, dismissal=ApprovalLadder((Band("quality_manager"),)))
    case = received(cny(90_000), rules)
    accept(case, rules)
    dismiss = partial(on(case).dismiss, "unfounded", rules=rules, by=anyone("x"))
    check_unchanged(case, BeyondAuthority, partial(dismiss, holding(x="general_manager")))
    dismiss(holding(x="quality_manager"))
    assert case.state is State.NOT_ESTABLISHED
