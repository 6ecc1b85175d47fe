"""What was done is taken back or put right, with a reason; what it was stays on the form (F26)."""

from typing import Any

import attrs
import pytest

from complaints.desks import JUDGED, Counter, cny, remedy
from csdomain.complaints.lifecycle import ImprovementMove
from csdomain.complaints.rules import IMPROVEMENT, JUDGEMENT, MONTHLY_REVIEW, NOT_ACCEPTED, REPORT, STAGES
from csdomain.complaints.values import (
    Channel,
    Classification,
    Finding,
    Judgement,
    Liable,
    MalformedStep,
    ProposedPenalty,
)
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.testing import HANDLING, QUALITY, complaint_form

BOSS = "deputy_general_manager"
RUNNING = TimerState.RUNNING


def answered(counter: Counter) -> None:
    counter.do("submit", remedy(cny(100)), by="service_agent")
    counter.do("approve", by="sales_manager")
    counter.do("answer", Channel.LETTER, "We are sorry.", by="sales")


@pytest.mark.rule(NOT_ACCEPTED)
@pytest.mark.parametrize("reviewed", [False, True])
def test_f26_a_closed_case_is_reopened_as_a_new_form_with_its_own_clock(reviewed: bool) -> None:
    counter = Counter.open()
    counter.accepted()
    counter.judged()
    answered(counter)
    counter.do("close", "paid", by="service_agent")
    if reviewed:
        assert counter.do("review", "sales", by="gm_office").state == "settled"
    counter.expect_refused(NotPermitted, "renew", complaint_form(), by="sales")
    counter.do("renew", complaint_form(claimed=cny(50)), by="service_agent")
    case = counter.case
    assert (case.state.value, case.form.former, case.closed_at, case.closed_month) == (
        "accepted",
        case.number,
        None,
        "",
    )
    assert counter.timers["CMP-04.2"] is counter.timers["CMP-05.customer_service.2"] is RUNNING
    assert counter.timers["CMP-20"] is (TimerState.MET if reviewed else TimerState.CANCELLED)
    counter.judged()
    answered(counter)
    counter.do("close", "paid again", by="service_agent")
    assert counter.timers["CMP-20.2"] is RUNNING
    assert counter.case.granted == cny(200)  # the first form was not turned down
    assert counter.do("review", "sales", by="gm_office").state == "settled"


@pytest.mark.rule(NOT_ACCEPTED)
def test_f26_by_level_a_settled_case_is_handled_again() -> None:
    counter = Counter.open("medical_centre")
    counter.receive(complaint_form(), by="customer_service")
    counter.do("handle", Classification("service", "waiting"), by="health_manager")
    counter.do("propose", remedy(cny(0)), by="health_manager")
    counter.do("satisfy", by="health_manager")
    assert counter.do("close", "explained", by="health_manager").state == "settled"
    assert counter.do("handle_again", complaint_form(), by="health_manager").state == "handling"
    assert (counter.case.turn, counter.case.form.former) == (2, counter.case.number)


@pytest.mark.rule(STAGES)
@pytest.mark.parametrize("found", [False, True])
def test_f26_the_class_is_corrected_and_the_clock_is_that_of_whoever_has_it_now(found: bool) -> None:
    counter = Counter.open()
    counter.accepted(kind=QUALITY)
    counter.do("investigate", by="service_agent")
    if found:
        counter.do("inspect", Finding(False, "nothing wrong"), by="rnd")
    counter.expect_refused(MalformedStep, "reclassify", HANDLING, " ", by="service_agent")
    counter.expect_refused(RuleBroken, "reclassify", QUALITY, "as it is", by="service_agent")
    counter.do("reclassify", HANDLING, "it fell from the lorry", by="service_agent")
    assert counter.timers["CMP-05.rnd"] is (TimerState.MET if found else TimerState.CANCELLED)
    assert counter.timers["CMP-05.customer_service.2"] is RUNNING
    counter.do("reclassify", QUALITY, "it cracked before", by="service_agent")
    last = "customer_service.3" if found else "rnd.3"
    assert [n for n, state in counter.timers.items() if n.startswith("CMP-05") and state is RUNNING] == [
        f"CMP-05.{last}"
    ]
    fields = counter.case.form.document.fields
    assert [fields[name] for name in ("class", "class.2", "class.3")] == ["quality", "not_quality", "quality"]
    if not found:
        counter.do("inspect", Finding(False, "nothing wrong"), by="rnd")
    assert counter.timers["CMP-05.customer_service.3"] is RUNNING


@pytest.mark.rule(REPORT)
def test_f26_a_report_is_returned_until_somebody_rules_on_it() -> None:
    counter = Counter.open()
    counter.accepted()
    for text in ("in a hurry", "at leisure"):
        if counter.case.state.value == "accepted":
            counter.do("investigate", by="service_agent")
        counter.do("conclude", by="service_agent")
        counter.do("report", text, by="service_agent")
        if text == "in a hurry":
            counter.expect_refused(NotPermitted, "return_report", "look again", by="service_agent")
            assert counter.do("return_report", "look again", by=BOSS).state == "investigating"
    assert [(name, s) for name, s in counter.timers.items() if name.startswith("CMP-07")] == [
        ("CMP-07", TimerState.MET),
        ("CMP-07.2", TimerState.MET),
    ]
    assert [opinion.text for opinion in counter.case.form.past_opinions] == ["in a hurry", "look again"]
    counter.do("rule", "carry on", by=BOSS)
    counter.expect_refused(RuleBroken, "return_report", "look again", by=BOSS)


@pytest.mark.rule(JUDGEMENT, IMPROVEMENT, MONTHLY_REVIEW)
def test_f26_a_judgement_is_corrected_once_its_penalties_and_improvements_are_dropped() -> None:
    counter = Counter.open()
    counter.accepted()
    penalty = ProposedPenalty("wu", "warning")
    counter.judged(attrs.evolve(JUDGED, tracked=True, penalties=(penalty,)))
    theirs = Judgement(liable=Liable.CUSTOMER, tracked=True)
    corrected: tuple[Any, ...] = ("correct_judgement", theirs, "they dropped it")
    counter.do("approve_penalty", 1, by=BOSS)
    counter.expect_refused(RuleBroken, *corrected, by="service_agent")
    counter.expect_refused(MalformedStep, "drop_penalty", 1, " ", by=BOSS)
    counter.do("drop_penalty", 1, "not our fault", by=BOSS)  # though it was approved
    assert counter.expect_refused(RuleBroken, *corrected, by="service_agent").facts["missing"] == ["improvement 1"]
    counter.expect_refused(NotPermitted, "improve", 1, ImprovementMove.DROP, "no use", by="rnd")
    counter.do("improve", 1, ImprovementMove.DROP, "not our fault", by=BOSS)
    counter.do(*corrected, by="service_agent")
    form = counter.case.form
    assert (form.judgement, [past.unit for past in form.past_judgements]) == (theirs, ["production"])
    assert [form.document.fields[name] for name in ("liable", "liable.2", "unit")] == ["us", "customer", "production"]
    assert len(counter.case.improvements) == 2
    answered(counter)
    counter.expect_refused(MoveRefused, *corrected, by="service_agent")
