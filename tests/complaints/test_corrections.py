"""What was done is taken back or put right, with a reason; what it was stays on the form (F26)."""

from typing import Any

import attrs
import pytest

from complaints.desks import BOSS, Counter
from complaints.model import JUDGED, cny, remedy
from csdomain.complaints.lifecycle import ImprovementMove
from csdomain.complaints.rules import IMPROVEMENT, JUDGEMENT, MONTHLY_REVIEW, NOT_ACCEPTED, REPORT, STAGES
from csdomain.complaints.values import Classification, Judgement, Liable, MalformedStep, ProposedPenalty
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.testing import HANDLING, QUALITY, complaint_form

RUNNING = TimerState.RUNNING
ANSWERED: tuple[Any, ...] = (("submit", remedy(cny(100))), "approve", "answer")


@pytest.mark.rule(NOT_ACCEPTED)
@pytest.mark.parametrize("reviewed", [False, True])
def test_f26_a_closed_case_is_reopened_as_a_new_form_with_its_own_clock(reviewed: bool) -> None:
    counter = Counter.open().accepted().judged()
    counter.go(*ANSWERED, "close")
    if reviewed:
        assert counter.go("review").state == "settled"
    counter.expect(NotPermitted, "renew", by="sales")
    counter.go(("renew", complaint_form(claimed=cny(50))))
    case = counter.case
    assert (case.state.value, case.form.former) == ("accepted", case.number)
    assert (case.closed_at, case.closed_month) == (None, "")
    assert counter.timers["CMP-04.2"] is counter.timers["CMP-05.customer_service.2"] is RUNNING
    assert counter.timers["CMP-20"] is (TimerState.MET if reviewed else TimerState.CANCELLED)
    counter.judged()
    counter.go(*ANSWERED, "close")
    assert counter.timers["CMP-20.2"] is RUNNING
    assert counter.case.granted == cny(200)  # the first form was not turned down
    assert counter.go("review").state == "settled"


@pytest.mark.rule(NOT_ACCEPTED)
def test_f26_by_level_a_settled_case_is_handled_again() -> None:
    counter = Counter.open("medical_centre")
    counter.receive(complaint_form(), by="customer_service")
    steps = ("handle", Classification("service", "waiting")), ("propose", remedy(cny(0))), "satisfy", "close"
    assert counter.go(*steps, by="health_manager").state == "settled"
    assert counter.do("handle_again", complaint_form(), by="health_manager").state == "handling"
    assert (counter.case.turn, counter.case.form.former) == (2, counter.case.number)


@pytest.mark.rule(STAGES)
@pytest.mark.parametrize("found", [False, True])
def test_f26_the_class_is_corrected_and_the_clock_is_that_of_whoever_has_it_now(found: bool) -> None:
    counter = Counter.open().accepted(kind=QUALITY)
    counter.go("investigate", *(["inspect"] if found else []))
    counter.expect_refused(MalformedStep, "reclassify", HANDLING, " ", by="service_agent")
    counter.expect_refused(RuleBroken, "reclassify", QUALITY, "as it is", by="service_agent")
    counter.do("reclassify", HANDLING, "it fell from the lorry", by="service_agent")
    assert counter.timers["CMP-05.rnd"] is (TimerState.MET if found else TimerState.CANCELLED)
    assert counter.running("CMP-05") == {"CMP-05.customer_service.2"}
    counter.do("reclassify", QUALITY, "it cracked before", by="service_agent")
    assert counter.running("CMP-05") == {"CMP-05.customer_service.3" if found else "CMP-05.rnd.3"}
    fields = counter.case.form.document.fields
    assert [fields[name] for name in ("class", "class.2", "class.3")] == ["quality", "not_quality", "quality"]
    if not found:
        counter.go("inspect")
    assert counter.running("CMP-05") == {"CMP-05.customer_service.3"}


@pytest.mark.rule(REPORT)
def test_f26_a_report_is_returned_until_somebody_rules_on_it() -> None:
    counter = Counter.open().accepted()
    counter.go("investigate", "conclude", ("report", "in a hurry"))
    counter.expect_refused(NotPermitted, "return_report", "look again", by="service_agent")
    assert counter.do("return_report", "look again", by=BOSS).state == "investigating"
    counter.go("conclude", ("report", "at leisure"))
    assert {n: s for n, s in counter.timers.items() if n.startswith("CMP-07")} == dict.fromkeys(
        ("CMP-07", "CMP-07.2"), TimerState.MET
    )
    assert [opinion.text for opinion in counter.case.form.past_opinions] == ["in a hurry", "look again"]
    counter.go("rule")
    counter.expect_refused(RuleBroken, "return_report", "look again", by=BOSS)


@pytest.mark.rule(JUDGEMENT, IMPROVEMENT, MONTHLY_REVIEW)
def test_f26_a_judgement_is_corrected_once_its_penalties_and_improvements_are_dropped() -> None:
    counter = Counter.open().accepted()
    counter.judged(attrs.evolve(JUDGED, tracked=True, penalties=(ProposedPenalty("wu", "warning"),)))
    theirs = Judgement(liable=Liable.CUSTOMER, tracked=True)
    corrected: tuple[Any, ...] = ("correct_judgement", theirs, "they dropped it")
    counter.go("approve_penalty")
    counter.expect_refused(RuleBroken, *corrected, by="service_agent")
    counter.expect(MalformedStep, ("drop_penalty", 1, " "))
    counter.go(("drop_penalty", 1, "not our fault"))  # though it was approved
    assert counter.expect_refused(RuleBroken, *corrected, by="service_agent").facts["missing"] == ["improvement 1"]
    dropped = ("improve", 1, ImprovementMove.DROP, "not our fault")
    counter.expect(NotPermitted, dropped, by="rnd")
    counter.go(dropped, by=BOSS)
    counter.do(*corrected, by="service_agent")
    form = counter.case.form
    assert (form.judgement, [past.unit for past in form.past_judgements]) == (theirs, ["production"])
    assert [form.document.fields[name] for name in ("liable", "liable.2", "unit")] == ["us", "customer", "production"]
    assert len(counter.case.improvements) == 2
    counter.go(*ANSWERED)
    counter.expect_refused(MoveRefused, *corrected, by="service_agent")
