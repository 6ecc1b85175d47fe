"""A complaint that is not established: told, objected to, ruled on by other eyes, sustained or begun anew (CMP-15)."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import (
    ANN,
    JUDGED,
    RULES,
    T0,
    Counter,
    accept,
    anyone,
    check_unchanged,
    cny,
    holding,
    received,
    remedy,
)
from complaints.hand import on
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

SUPERVISE = Action("complaints.supervise")

pytestmark = pytest.mark.rule(NOT_ESTABLISHED)

SORRY = "We cannot agree with you here."
BOSS = "deputy_general_manager"
STAGES: list[list[tuple[str, tuple[Any, ...], str]]] = [
    [],
    [("investigate", (), "service_agent")],
    [
        ("investigate", (), "service_agent"),
        ("inspect", (Finding(False, "nothing wrong"),), "rnd"),
        ("conclude", (), "service_agent"),
        ("report", ("it was used wrongly",), "service_agent"),
    ],
]


def dismissed() -> Counter:
    counter = Counter.open()
    counter.accepted(kind=QUALITY)
    counter.do("investigate", by="service_agent")
    counter.do("inspect", Finding(False, "nothing wrong"), by="rnd")
    counter.do("dismiss", "it was used wrongly", by="general_manager")
    return counter


def objected() -> Counter:
    counter = dismissed()
    counter.do("answer", Channel.PHONE, SORRY, by="sales")
    counter.do("object", "the customer shows photographs", by="sales")
    return counter


@pytest.mark.parametrize("steps", STAGES, ids=["accepted", "investigating", "reported"])
def test_it_is_told_and_closed_and_sales_collects(steps: list[tuple[str, tuple[Any, ...], str]]) -> None:
    counter = Counter.open()
    counter.accepted(complaint_form(claimed=cny(700)), kind=QUALITY if len(steps) > 1 else HANDLING)
    for use_case, words, by in steps:
        counter.do(use_case, *words, by=by)
    counter.expect_refused(NotPermitted, "dismiss", "no", by="sales")
    counter.expect_refused(MalformedStep, "dismiss", " ", by="sales_manager")
    assert counter.do("dismiss", "it was used wrongly", by="general_manager").state == "not_established"
    assert [message.to for message in counter.messages("collect")] == ["sales"]
    running = [name for name, state in counter.timers.items() if state is TimerState.RUNNING]
    assert running == ["CMP-04"]  # no department is waited for any more, the customer is
    counter.expect_refused(RuleBroken, "close", "not established", by="service_agent")
    counter.expect_refused(InternalDisclosed, "answer", Channel.PHONE, "It was used wrongly.", by="sales")
    counter.do("answer", Channel.PHONE, SORRY, by="sales")
    said = counter.case.form.answer
    assert said is not None
    assert (said.granted, said.compensation, said.pieces, said.text) == (cny(0), None, 0, SORRY)
    receipt = counter.do("close", "not established", by="service_agent")
    assert receipt.state == "closed"
    assert counter.timers["CMP-04"] is TimerState.MET
    assert counter.timers["CMP-20"] is TimerState.RUNNING
    assert counter.do("review", "", by="gm_office").state == "settled"  # nobody is liable
    for use_case, words, by in (
        ("draw_slip", ("truck",), "sales"),
        ("draw_certificate", (cny(1),), "sales"),
        ("object", ("still no",), "sales"),
        ("reopen", ("again",), BOSS),
    ):
        counter.expect_refused(RuleBroken, use_case, *words, by=by)


def test_an_objection_is_a_memorandum_to_a_superior_who_may_rule_on_it() -> None:
    counter = dismissed()
    counter.expect_refused(RuleBroken, "object", "but it is", by="sales")  # nobody has told the customer yet
    counter.do("answer", Channel.LETTER, SORRY, by="sales")
    counter.expect_refused(NotPermitted, "object", "but it is", by="rnd")
    counter.expect_refused(MalformedStep, "object", "", by="sales")
    receipt = counter.do("object", "the customer shows photographs", by="sales")
    assert (receipt.number, receipt.state) == ("QC2026-0001", "not_established")
    (memo,) = counter.case.memoranda
    assert (memo.by, memo.text, memo.ruling) == ("sales", "the customer shows photographs", None)
    memo.document.require_signed("author")
    assert memo.document.fields["case"] == counter.case.number
    (told,) = counter.messages("memorandum")
    assert told.to in counter.desk.house.permissions.holders(SUPERVISE)
    counter.expect_refused(RuleBroken, "object", "and more", by="sales")  # one is waiting
    counter.expect_refused(RuleBroken, "close", "not established", by="service_agent")
    counter.expect_refused(NotPermitted, "sustain", "we stand by it", by="service_manager")
    counter.expect_refused(NotPermitted, "reopen", "look again", by="service_manager")


@pytest.mark.rule(APPROVALS)
def test_nobody_rules_on_a_memorandum_of_their_own() -> None:
    counter = dismissed()
    counter.do("answer", Channel.LETTER, SORRY, by="sales")
    both = counter.desk.actor("li", branch="hq", positions=("sales", BOSS))
    counter.do("object", "the customer shows photographs", by=both)
    counter.expect_refused(OwnRequest, "sustain", "we stand by it", by=both)
    counter.expect_refused(OwnRequest, "reopen", "look again", by=both)
    counter.expect_refused(MalformedStep, "sustain", "", by=BOSS)
    counter.expect_refused(MalformedStep, "reopen", "a\0b", by=BOSS)
    counter.do("sustain", "we stand by it", by=BOSS)
    (memo,) = counter.case.memoranda
    assert [(s.role, s.by) for s in memo.document.signatures] == [("author", "li"), ("superior", BOSS)]


def test_without_a_memorandum_there_is_nothing_to_rule_on() -> None:
    counter = dismissed()
    counter.do("answer", Channel.LETTER, SORRY, by="sales")
    for use_case in ("sustain", "reopen"):
        assert counter.expect_refused(RuleBroken, use_case, "so be it", by=BOSS).rule is NOT_ESTABLISHED
    counter.do("object", "photographs", by="sales")
    counter.do("sustain", "we stand by it", by=BOSS)
    for use_case in ("sustain", "reopen"):
        error = counter.expect_refused(RuleBroken, use_case, "so be it", by=BOSS)  # it is ruled on
        assert error.rule is NOT_ESTABLISHED
    assert counter.do("close", "not established", by="service_agent").state == "closed"


@pytest.mark.rule(NOTICE)
def test_begun_anew_it_goes_the_whole_way_again_and_keeps_what_was_written_inside() -> None:
    counter = objected()
    before = counter.case.form
    assert counter.do("reopen", "have the sample looked at again", by=BOSS).state == "investigating"
    form = counter.case.form
    assert (form.number, form.content) == (before.number, before.content)
    assert (form.dismissal, form.answer, form.report, form.ruling, form.finding) == (None,) * 5
    assert counter.timers["CMP-05.rnd.2"] is TimerState.RUNNING
    counter.expect_refused(MoveRefused, "close", "not established", by="service_agent")
    counter.do("inspect", Finding(True, "cracked after all"), by="rnd")
    counter.do("conclude", by="service_agent")
    counter.do("report", "the oven was too hot", by="service_agent")
    assert counter.timers["CMP-07.2"] is TimerState.MET
    counter.do("rule", "grant it", by=BOSS)
    counter.do("judge", JUDGED, by="service_agent")
    counter.do("submit", remedy(cny(100)), by="service_agent")
    counter.do("approve", by="sales_manager")
    for text in ("It was used wrongly.", "Have the sample looked at again!", "The customer shows photographs."):
        counter.expect_refused(InternalDisclosed, "answer", Channel.PHONE, text, by="sales")
    counter.do("answer", Channel.PHONE, "You get a hundred.", by="sales")
    assert counter.do("close", "paid", by="service_agent").state == "closed"
    assert counter.timers["CMP-20"] is TimerState.RUNNING


def test_a_finding_and_a_report_that_were_set_aside_stay_inside_too() -> None:
    counter = Counter.open()
    counter.accepted(kind=QUALITY)
    for use_case, words, by in STAGES[-1]:
        counter.do(use_case, *words, by=by)
    counter.do("rule", "no claim at all", by=BOSS)
    counter.do("dismiss", "unfounded", by="general_manager")
    counter.do("answer", Channel.PHONE, SORRY, by="sales")
    counter.do("object", "photographs", by="sales")
    counter.do("reopen", "once more", by=BOSS)
    counter.do("inspect", Finding(False, "sound again"), by="rnd")
    counter.do("dismiss", "nothing new", by="general_manager")
    assert [message.to for message in counter.messages("collect")] == ["sales"] * 2
    for text, field in (
        ("nothing wrong", "finding"),
        ("it was used wrongly", "past"),
        ("no claim at all", "past"),
        ("unfounded", "past"),
        ("nothing new", "dismissal"),
    ):
        assert counter.expect_refused(InternalDisclosed, "answer", Channel.PHONE, text, by="sales").facts == {
            "field": field
        }


@pytest.mark.rule(FORMS)
def test_a_memorandum_that_was_changed_is_not_ruled_on() -> None:
    case = received()
    accept(case)
    on(case).dismiss("unfounded", by=ANN, at=T0)
    on(case).answer(Channel.PHONE, SORRY, by=ANN, at=T0)
    on(case).object("QC-1", "photographs", RULES, by=ANN, at=T0)
    (memo,) = case.memoranda
    case.memoranda = (attrs.evolve(memo, document=attrs.evolve(memo.document, fields={"case": "another"})),)
    for reopen in (False, True):
        act: Callable[[], object] = lambda r=reopen: on(case).rule_on_objection(  # type: ignore[misc]  # noqa: E731
            reopen=r, text="so be it", by=anyone("boss"), at=T0
        )
        check_unchanged(case, Tampered, act)


@pytest.mark.rule(MONTHLY_REVIEW)
def test_a_case_that_was_judged_before_is_reviewed_though_its_last_form_is_not_established() -> None:
    counter = Counter.open()
    counter.accepted()
    counter.judged(attrs.evolve(JUDGED, penalties=(ProposedPenalty("worker-7", "warning"),)))
    counter.do("submit", remedy(cny(9)), by="service_agent")
    counter.do("approve", by="sales_manager")
    counter.do("answer", Channel.PHONE, "Nine.", by="sales")
    counter.do("decline", "no", by="sales")
    counter.do("renew", complaint_form(), by="service_agent")
    counter.do("dismiss", "unfounded", by="general_manager")
    counter.do("answer", Channel.PHONE, SORRY, by="sales")
    assert counter.do("close", "not established", by="service_agent").state == "closed"
    counter.do("approve_penalty", 1, by=BOSS)
    counter.expect_refused(RuleBroken, "publish_penalty", 1, by="hr")
    counter.do("review", "production", by="gm_office")
    assert counter.do("publish_penalty", 1, by="hr").state == "settled"


ACTS = ("answer", "object", "sustain", "reopen", "dismiss", "close")


@given(st.lists(st.sampled_from(ACTS), max_size=14))
def test_whatever_is_tried_in_whatever_order(tried: list[str]) -> None:
    """The rule as a few lines: what is possible follows from being told, from a memorandum that waits, and nothing."""
    case = received()
    accept(case)
    on(case).dismiss("unfounded", by=ANN, at=T0)
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
        "answer": lambda: on(case).answer(Channel.PHONE, SORRY, by=ANN, at=T0),
        "object": lambda: on(case).object(f"QC-{len(case.memoranda)}", "photographs", RULES, by=ANN, at=T0),
        "sustain": lambda: on(case).rule_on_objection(reopen=False, text="no", by=boss, at=T0),
        "reopen": lambda: on(case).rule_on_objection(reopen=True, text="yes", by=boss, at=T0),
        "dismiss": lambda: on(case).dismiss("unfounded", by=ANN, at=T0),
        "close": lambda: on(case).close("not established", in_time=True, zone="Asia/Shanghai", by=ANN, at=T0),
    }[act]()


def test_f06_an_agent_alone_dismisses_nothing_and_a_quality_fault_wants_a_finding() -> None:
    counter = Counter.open()
    counter.accepted(complaint_form(claimed=cny(90_000)), kind=QUALITY)
    counter.do("investigate", by="service_agent")
    counter.expect_refused(NotPermitted, "dismiss", "unfounded", by="service_agent")
    assert counter.expect_refused(RuleBroken, "dismiss", "unfounded", by="general_manager").rule is FINDING
    counter.do("inspect", Finding(False, "nothing wrong"), by="rnd")
    counter.expect_refused(BeyondAuthority, "dismiss", "unfounded", by="deputy_general_manager")
    counter.do("dismiss", "unfounded", by="general_manager")
    signed = counter.case.form.document.signature("dismissal")
    assert (signed.by, counter.case.form.document.stated("dismissed")) == ("general_manager", "90000.00 CNY")


def test_f06_who_may_dismiss_is_a_ladder_of_the_rulebook() -> None:
    rules = attrs.evolve(RULES, dismissal=ApprovalLadder((Band("quality_manager"),)))
    case = received(cny(90_000), rules)
    accept(case, rules)
    for who, may in (("general_manager", False), ("quality_manager", True)):
        act: Callable[[], object] = lambda w=who: on(case).dismiss(  # type: ignore[misc]  # noqa: E731
            "unfounded", holding(x=w), rules=rules, by=anyone("x"), at=T0
        )
        if may:
            act()
        else:
            check_unchanged(case, BeyondAuthority, act)
    assert case.state is State.NOT_ESTABLISHED
