"""One story for each way through a complaint, at a desk in memory, each ending with its trail (CMP-25)."""

from datetime import timedelta
from typing import Any, Final

import pytest

from complaints.desks import BOSS, Counter, levels_book, trail
from complaints.model import cny, remedy
from csdomain.complaints.lifecycle import ImprovementMove
from csdomain.complaints.rules import (
    CERTIFICATE,
    CHASING,
    FINANCE,
    FINDING,
    IMPROVEMENT,
    LEVELS,
    LOSS,
    MONTHLY_REVIEW,
    NOT_ACCEPTED,
    NOT_ESTABLISHED,
    NOTICE,
    RETURN_SLIP,
    STATES,
    WAREHOUSE,
    WITHIN_LIMIT,
)
from csdomain.complaints.values import Channel, Finding, Goods, Judgement, Liable, ProposedPenalty, Share
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.testing import QUALITY, complaint_form

pytestmark = pytest.mark.rule(STATES)

#: The stretches that many ways have in common.
TAKEN_ON: Final = "receive:received check:checked accept:accepted"
INVESTIGATED: Final = "conclude report:reported rule judge:judged"
LOOKED_INTO: Final = f"investigate:investigating {INVESTIGATED}"
DECIDED: Final = "submit:awaiting_decision approve:decided"
CLOSED: Final = "answer:answered close:closed"
REVIEWED: Final = "review:settling settle:settled"
PAID: Final = """certificate.draw_up:>drawn_up certificate.sign:drawn_up>signed
    certificate.countersign:signed>countersigned certificate.book:countersigned>booked"""
DISMISSED: Final = f"{TAKEN_ON} investigate:investigating dismiss:not_established answer"
HANDLED: Final = "receive:received handle:handling"
SATISFIED: Final = "propose:proposed satisfy:satisfied close:closed"
US: Final = Judgement(
    liable=Liable.US,
    unit="production",
    persons=("worker-7",),
    disposal="replace the batch",
    tracked=True,
    loss={"goods": cny(3000), "freight": cny(200)},
    shares=(Share("production", 3), Share("dispatch", 1)),
    penalties=(ProposedPenalty("worker-7", "warning"), ProposedPenalty("production")),
)


def check_end(counter: Counter, state: str, *way: str, running: tuple[str, ...] = ()) -> None:
    """Where the case stands at the end, which of its timers still run, and how it came there."""
    assert counter.case.state.value == state
    assert tuple(n for n, timer in counter.timers.items() if timer is TimerState.RUNNING) == running
    assert counter.rows == trail(*way)


@pytest.mark.rule(
    WITHIN_LIMIT, FINDING, IMPROVEMENT, LOSS, CERTIFICATE, RETURN_SLIP, WAREHOUSE, FINANCE, MONTHLY_REVIEW
)
def test_a_quality_fault_with_everything_that_can_follow() -> None:
    counter = Counter.open()
    # Five of a hundred bearings came cracked; the customer wants 3,200 yuan.
    form = complaint_form(product="bearing", batch="b1", quantity=100, defective=5, claimed=cny(3200))
    counter.accepted(form, QUALITY)
    # Production is asked; R&D finds the fault in the hardening; the deputy in charge rules.
    found = Finding(True, "hardened too fast", ("worker-7",), "a new curve")
    counter.go("remark", "involve", "investigate", "contribute", ("inspect", found), "conclude", "report", "rule")
    # 3,200 is not the sales manager's to decide, only to recommend.
    back = [Goods("bearing", "b1", 5)]
    counter.go(("judge", US), ("submit", remedy(cny(3200), compensation=cny(500), returns=back)))
    counter.expect_refused(RuleBroken, "approve", by="sales_manager")
    counter.go("recommend", "approve", "answer", "close")
    assert counter.case.in_time is True
    # The goods come back one short, which is cleared; the money is booked.
    counter.go("draw_slip", "sign_slip", ("take_in", [Goods("bearing", "b1", 4)]), "reconcile")
    counter.go(("resolve", 4, "one was lost on the way"), "reconcile")
    counter.go(("draw_certificate", cny(500)), "sign_certificate", "countersign_certificate", "book_certificate")
    # The office reviews it, the penalties take their ways, the new curve proves itself, the switchboard answers.
    counter.go(("review", "production"), "approve_penalty", ("approve_penalty", 2), ("publish_penalty", 1))
    counter.go(("notice_penalty", 2), ("carry_out_penalty", 2))
    counter.go(("improve", 1, ImprovementMove.CARRY_OUT, "curve changed"), ("improve", 1, ImprovementMove.VERIFY, "so"))
    assert counter.case.open_ends() == ("remark 1",)
    counter.go("answer_remark")
    check_end(
        *(counter, "settled", TAKEN_ON, "remark involve investigate:investigating contribute inspect", INVESTIGATED),
        *("penalty.propose:>proposed " * 2, "submit:awaiting_decision recommend approve:decided", CLOSED),
        "follow_up:settling slip.draw_up:>drawn_up slip.sign:drawn_up>signed slip.take_in:signed>taken_in",
        "slip.dispute:taken_in>disputed slip.resolve:disputed>taken_in slip.book:taken_in>booked",
        *(PAID, "review", "penalty.approve:proposed>approved " * 2, "penalty.publish:approved>carried_out"),
        "penalty.notice:approved>noticed penalty.carry_out:noticed>carried_out",
        "improvement.carry_out:tracked>carried_out improvement.verify:carried_out>verified",
        "remark.answer:open>done settle:settled",
    )


@pytest.mark.rule(WITHIN_LIMIT, NOTICE)
def test_not_a_quality_fault_the_carrier_is_liable_and_nobody_waits_for_the_laboratory() -> None:
    counter = Counter.open().accepted(complaint_form(claimed=cny(800)))
    assert counter.messages("to_inspect") == []
    counter.judged(Judgement(liable=Liable.OTHER_COMPANY, company="Swift Carriers", disposal="hold them liable"))
    counter.go(("submit", remedy(cny(800), compensation=cny(800))), "approve")
    counter.expect_refused(RuleBroken, "answer", Channel.PHONE, "Swift Carriers broke it.", by="sales")
    # The money is on its way while the case is still open.
    counter.go("answer", ("draw_certificate", cny(800)), "sign_certificate", "countersign_certificate")
    counter.go("book_certificate", "close")
    way = (TAKEN_ON, LOOKED_INTO, DECIDED, "answer:answered", PAID, "close:closed")
    check_end(counter, "closed", *way, running=("CMP-20",))
    counter.go("review")
    check_end(counter, "settled", *way, REVIEWED)


@pytest.mark.rule(NOT_ACCEPTED, WITHIN_LIMIT)
def test_the_customer_does_not_accept_and_the_second_form_takes_the_case_over_the_limit() -> None:
    counter = Counter.open().submitted(remedy(cny(3200)), complaint_form(claimed=cny(3200)))
    counter.go("approve", "answer", "decline")
    assert counter.go(("renew", complaint_form(claimed=cny(1801)))).number == "KS202603-0002"
    counter.judged()
    counter.go(("submit", remedy(cny(1801))))
    counter.expect_refused(RuleBroken, "approve", by=BOSS)  # 1,801 would be theirs, 5,001 is not
    counter.go("approve", "answer", "close", ("review", "production"))
    again = "answer:answered decline:not_accepted renew:accepted"
    check_end(counter, "settled", TAKEN_ON, LOOKED_INTO, DECIDED, again, LOOKED_INTO, DECIDED, CLOSED, REVIEWED)


@pytest.mark.rule(NOT_ESTABLISHED, CHASING)
@pytest.mark.parametrize(
    ("steps", "way"),
    [
        (("close", ("review", "")), ("close:closed",)),
        (("object", "sustain", "answer", "close", "review"), ("object sustain answer close:closed",)),
        (
            *[("object", "reopen", "conclude", "report", "rule", "judge", ("submit", remedy(cny(9))), "approve")],
            *[("object reopen:investigating", INVESTIGATED, DECIDED)],
        ),
    ],
    ids=["the customer takes it", "the superior stands by it", "it is begun anew and granted"],
)
def test_not_established_and_then(steps: tuple[Any, ...], way: tuple[str, ...]) -> None:
    counter = Counter.open().accepted()
    counter.go("investigate", "dismiss", "answer", *steps)
    if "reopen" in steps:
        counter.go("answer", "close", "review")
        way = (*way, CLOSED)
    check_end(counter, "settled", DISMISSED, *way, REVIEWED)


# --- by level ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule(LEVELS)
def test_by_level_up_to_the_top_and_the_customer_told_when() -> None:
    counter = Counter.open(levels_book())
    counter.receive(complaint_form(claimed=cny(9000)), by="receiver")
    counter.go("handle")
    for holder in ("receiver", "supervisor", "director"):
        counter.expect_refused(RuleBroken, "propose", remedy(cny(9000)), by=holder)
        counter.go(("promise", timedelta(days=2)), "escalate", by=holder)
    counter.do("propose", remedy(cny(9000), compensation=cny(9000)), by="hq")
    promises = [counter.timers[f"CMP-18.{n}"] for n in (1, 2, 3)]
    assert promises == [TimerState.CANCELLED, TimerState.CANCELLED, TimerState.MET]
    counter.go("satisfy", "close", by="receiver")
    counter.go(("draw_certificate", cny(9000)), "sign_certificate", "countersign_certificate", "book_certificate")
    counter.go(("review", "customer_service"))
    way = (HANDLED, "promise escalate " * 3, SATISFIED, "follow_up:settling", PAID, "review settle:settled")
    check_end(counter, "settled", *way)


@pytest.mark.rule(LEVELS, NOT_ACCEPTED)
@pytest.mark.parametrize("declined", [False, True])
def test_by_level_settled_at_the_counter_or_declined_and_discussed_anew_in_the_same_form(declined: bool) -> None:
    counter = Counter.open(levels_book())
    counter.receive(complaint_form(), by="receiver")
    counter.go("handle", ("propose", remedy(cny(50))))
    if declined:
        counter.go("decline", by="receiver")
        counter.expect_refused(RuleBroken, "propose", remedy(cny(400)), by="receiver")
        counter.go("escalate")
        counter.go(("propose", remedy(cny(400))), by="supervisor")
    counter.go("satisfy", "close", by="supervisor")
    again = "propose:proposed decline:handling escalate" if declined else ""
    check_end(counter, "closed", HANDLED, again, SATISFIED, running=("CMP-20",))
    assert (counter.case.turn, counter.case.number) == (1, "KS202603-0001")
