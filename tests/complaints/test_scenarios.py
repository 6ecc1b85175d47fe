"""One story for each way through a complaint, at a desk in memory, each ending with its trail (CMP-25)."""

from datetime import timedelta
from typing import Any, Final

import pytest

from complaints.desks import (
    Counter,
    cny,
    levels_book,
    remedy,
)
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
from csdomain.complaints.values import (
    Channel,
    Finding,
    Goods,
    Judgement,
    Liable,
    ProposedPenalty,
    Share,
)
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.testing import HANDLING, QUALITY, complaint_form

pytestmark = pytest.mark.rule(STATES)

Rows = list[tuple[str, str, str]]
BOSS: Final = "deputy_general_manager"
#: The stretches that many ways have in common.
TAKEN_ON: Final[Rows] = [
    ("receive", "", "received"),
    ("check", "received", "checked"),
    ("accept", "checked", "accepted"),
]
LOOKED_INTO: Final[Rows] = [
    ("investigate", "accepted", "investigating"),
    ("conclude", "investigating", "investigating"),
    ("report", "investigating", "reported"),
    ("rule", "reported", "reported"),
    ("judge", "reported", "judged"),
]
DECIDED: Final[Rows] = [
    ("submit", "judged", "awaiting_decision"),
    ("approve", "awaiting_decision", "decided"),
]
CLOSED: Final[Rows] = [
    ("answer", "decided", "answered"),
    ("close", "answered", "closed"),
]
REVIEWED: Final[Rows] = [("review", "closed", "settling"), ("settle", "settling", "settled")]


def stand(counter: Counter, state: str, *, running: tuple[str, ...] = ()) -> None:
    """Where the case stands at the end, and which of its timers still run."""
    assert counter.case.state.value == state
    assert tuple(n for n, timer in counter.timers.items() if timer is TimerState.RUNNING) == running


@pytest.mark.rule(
    WITHIN_LIMIT, FINDING, IMPROVEMENT, LOSS, CERTIFICATE, RETURN_SLIP, WAREHOUSE, FINANCE, MONTHLY_REVIEW
)
def test_a_quality_fault_with_everything_that_can_follow() -> None:
    counter = Counter.open()
    # Five of a hundred bearings came cracked; the customer wants 3,200 yuan.
    form = complaint_form(product="bearing", batch="b1", quantity=100, defective=5, claimed=cny(3200))
    counter.accepted(form, QUALITY)
    counter.do("remark", "nobody answers the phone after six", "switchboard", by="sales")
    # Production is asked; R&D finds the fault in the hardening; the deputy in charge rules.
    counter.do("involve", ["production"], counter.clock.now() + timedelta(days=2), by="service_agent")
    counter.do("investigate", by="service_agent")
    counter.do("contribute", "production", "batch b1 ran at night", word_of="foreman", by="service_agent")
    counter.do("inspect", Finding(True, "hardened too fast", ("worker-7",), "a new curve"), by="rnd")
    counter.do("conclude", by="service_agent")
    counter.do("report", "the furnace was too hot", by="service_agent")
    counter.do("rule", "replace and pay", by=BOSS)
    judgement = Judgement(
        liable=Liable.US,
        unit="production",
        persons=("worker-7",),
        disposal="replace the batch",
        tracked=True,
        loss={"goods": cny(3000), "freight": cny(200)},
        shares=(Share("production", 3), Share("dispatch", 1)),
        penalties=(ProposedPenalty("worker-7", "warning"), ProposedPenalty("production")),
    )
    counter.do("judge", judgement, by="service_agent")
    # 3,200 is not the sales manager's to decide, only to recommend.
    back = [Goods("bearing", "b1", 5)]
    counter.do("submit", remedy(cny(3200), compensation=cny(500), returns=back), by="service_agent")
    counter.expect_refused(RuleBroken, "approve", by="sales_manager")
    counter.do("recommend", "I would grant it", by="sales_manager")
    counter.do("approve", by=BOSS)
    counter.do("answer", Channel.LETTER, "We take five bearings back and pay 500 yuan.", by="sales")
    counter.do("close", "taken back and paid", by="service_agent")
    assert counter.case.in_time is True
    # The goods come back one short, which is cleared; the money is booked.
    slip = counter.do("draw_slip", "truck", by="sales").number
    counter.do("sign_slip", slip, by="deputy_for_sales")
    counter.do("take_in", slip, [Goods("bearing", "b1", 4)], by="warehouse_keeper")
    counter.do("reconcile", slip, "V-1", by="finance")
    counter.do("resolve", slip, 4, "one was lost on the way", by="deputy_for_sales")
    counter.do("reconcile", slip, "V-1", by="finance")
    certificate = counter.do("draw_certificate", cny(500), by="sales").number
    counter.do("sign_certificate", certificate, by="deputy_for_sales")
    counter.do("countersign_certificate", certificate, by="sales")
    counter.do("book_certificate", certificate, "V-2", by="finance")
    # The office reviews it, the penalties take their ways, the new curve proves itself, the switchboard answers.
    counter.do("review", "production", by="gm_office")
    counter.do("approve_penalty", 1, by=BOSS)
    counter.do("approve_penalty", 2, by=BOSS)
    counter.do("publish_penalty", 1, by="hr")
    counter.do("notice_penalty", 2, by="general_manager")
    counter.do("carry_out_penalty", 2, by="hr")
    counter.do("improve", 1, ImprovementMove.CARRY_OUT, "curve changed", by="rnd")
    counter.do("improve", 1, ImprovementMove.VERIFY, "no crack in a month", by="rnd")
    assert counter.case.open_ends() == ("remark 1",)
    counter.do("answer_remark", 1, "there is a night line now", by="sales")
    stand(counter, "settled")
    assert counter.rows == [
        *TAKEN_ON,
        ("remark", "accepted", "accepted"),
        ("involve", "accepted", "accepted"),
        ("investigate", "accepted", "investigating"),
        ("contribute", "investigating", "investigating"),
        ("inspect", "investigating", "investigating"),
        *LOOKED_INTO[1:],
        ("penalty.propose", "", "proposed"),
        ("penalty.propose", "", "proposed"),
        ("submit", "judged", "awaiting_decision"),
        ("recommend", "awaiting_decision", "awaiting_decision"),
        ("approve", "awaiting_decision", "decided"),
        *CLOSED,
        ("follow_up", "closed", "settling"),
        ("slip.draw_up", "", "drawn_up"),
        ("slip.sign", "drawn_up", "signed"),
        ("slip.take_in", "signed", "taken_in"),
        ("slip.dispute", "taken_in", "disputed"),
        ("slip.resolve", "disputed", "taken_in"),
        ("slip.book", "taken_in", "booked"),
        ("certificate.draw_up", "", "drawn_up"),
        ("certificate.sign", "drawn_up", "signed"),
        ("certificate.countersign", "signed", "countersigned"),
        ("certificate.book", "countersigned", "booked"),
        ("review", "settling", "settling"),
        ("penalty.approve", "proposed", "approved"),
        ("penalty.approve", "proposed", "approved"),
        ("penalty.publish", "approved", "carried_out"),
        ("penalty.notice", "approved", "noticed"),
        ("penalty.carry_out", "noticed", "carried_out"),
        ("improvement.carry_out", "tracked", "carried_out"),
        ("improvement.verify", "carried_out", "verified"),
        ("remark.answer", "open", "done"),
        ("settle", "settling", "settled"),
    ]


@pytest.mark.rule(WITHIN_LIMIT, NOTICE)
def test_not_a_quality_fault_the_carrier_is_liable_and_nobody_waits_for_the_laboratory() -> None:
    counter = Counter.open()
    counter.accepted(complaint_form(claimed=cny(800)), HANDLING)
    assert counter.messages("to_inspect") == []
    judgement = Judgement(liable=Liable.OTHER_COMPANY, company="Swift Carriers", disposal="hold them liable")
    counter.judged(judgement)
    counter.do("submit", remedy(cny(800), compensation=cny(800)), by="service_agent")
    counter.do("approve", by="sales_manager")
    counter.expect_refused(RuleBroken, "answer", Channel.PHONE, "Swift Carriers broke it.", by="sales")
    counter.do("answer", Channel.PHONE, "We pay you what the crate cost.", by="sales")
    # The money is on its way while the case is still open.
    certificate = counter.do("draw_certificate", cny(800), by="sales").number
    counter.do("sign_certificate", certificate, by="deputy_for_sales")
    counter.do("countersign_certificate", certificate, by="sales")
    counter.do("book_certificate", certificate, "V-1", by="finance")
    counter.do("close", "paid", by="service_agent")
    stand(counter, "closed", running=("CMP-20",))
    counter.do("review", "sales", by="gm_office")
    stand(counter, "settled")
    assert counter.rows == [
        *TAKEN_ON,
        *LOOKED_INTO,
        *DECIDED,
        CLOSED[0],
        ("certificate.draw_up", "", "drawn_up"),
        ("certificate.sign", "drawn_up", "signed"),
        ("certificate.countersign", "signed", "countersigned"),
        ("certificate.book", "countersigned", "booked"),
        CLOSED[1],
        *REVIEWED,
    ]


@pytest.mark.rule(NOT_ACCEPTED, WITHIN_LIMIT)
def test_the_customer_does_not_accept_and_the_second_form_takes_the_case_over_the_limit() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(3200)), complaint_form(claimed=cny(3200)))
    counter.do("approve", by=BOSS)
    counter.do("answer", Channel.PHONE, "You get 3,200.", by="sales")
    counter.do("decline", "five thousand at least", by="sales")
    assert counter.do("renew", complaint_form(claimed=cny(1801)), by="service_agent").number == "KS202603-0002"
    counter.judged()
    counter.do("submit", remedy(cny(1801)), by="service_agent")
    counter.expect_refused(RuleBroken, "approve", by=BOSS)  # 1,801 would be theirs, 5,001 is not
    counter.do("approve", by="general_manager")
    counter.do("answer", Channel.PHONE, "And 1,801 more.", by="sales")
    counter.do("close", "agreed", by="service_agent")
    counter.do("review", "production", by="gm_office")
    stand(counter, "settled")
    assert counter.rows == [
        *TAKEN_ON,
        *LOOKED_INTO,
        *DECIDED,
        CLOSED[0],
        ("decline", "answered", "not_accepted"),
        ("renew", "not_accepted", "accepted"),
        *LOOKED_INTO,
        *DECIDED,
        *CLOSED,
        *REVIEWED,
    ]


DISMISSED: Final[Rows] = [
    *TAKEN_ON,
    LOOKED_INTO[0],
    ("dismiss", "investigating", "not_established"),
    ("answer", "not_established", "not_established"),
]


def dismissed() -> Counter:
    counter = Counter.open()
    counter.accepted()
    counter.do("investigate", by="service_agent")
    counter.do("dismiss", "used against the manual", by="general_manager")
    counter.do("answer", Channel.PHONE, "We cannot agree.", by="sales")
    return counter


@pytest.mark.rule(NOT_ESTABLISHED)
def test_not_established_and_the_customer_takes_it() -> None:
    counter = dismissed()
    counter.do("close", "not established", by="service_agent")
    counter.do("review", "", by="gm_office")
    stand(counter, "settled")
    assert counter.rows == [*DISMISSED, ("close", "not_established", "closed"), *REVIEWED]


@pytest.mark.rule(NOT_ESTABLISHED)
def test_not_established_the_customer_objects_and_the_superior_stands_by_it() -> None:
    counter = dismissed()
    counter.do("object", "the customer sends photographs", by="sales")
    counter.do("sustain", "they show the misuse", by=BOSS)
    counter.do("answer", Channel.LETTER, "We have looked at your photographs and stay with our answer.", by="sales")
    counter.do("close", "not established", by="service_agent")
    counter.do("review", "sales", by="gm_office")
    stand(counter, "settled")
    assert counter.rows == [
        *DISMISSED,
        ("object", "not_established", "not_established"),
        ("sustain", "not_established", "not_established"),
        ("answer", "not_established", "not_established"),
        ("close", "not_established", "closed"),
        *REVIEWED,
    ]


@pytest.mark.rule(NOT_ESTABLISHED, CHASING)
def test_not_established_begun_anew_and_decided_after_all() -> None:
    counter = dismissed()
    counter.do("object", "the customer sends photographs", by="sales")
    counter.do("reopen", "the photographs show a crack", by=BOSS)
    counter.do("conclude", by="service_agent")
    counter.do("report", "the crack was ours", by="service_agent")
    counter.do("rule", "grant it", by=BOSS)
    counter.do("judge", Judgement(liable=Liable.US, unit="production"), by="service_agent")
    counter.do("submit", remedy(cny(100)), by="service_agent")
    counter.do("approve", by="sales_manager")
    counter.do("answer", Channel.LETTER, "You were right: you get a hundred.", by="sales")
    counter.do("close", "granted", by="service_agent")
    counter.do("review", "production", by="gm_office")
    stand(counter, "settled")
    assert counter.rows == [
        *DISMISSED,
        ("object", "not_established", "not_established"),
        ("reopen", "not_established", "investigating"),
        *LOOKED_INTO[1:],
        *DECIDED,
        *CLOSED,
        *REVIEWED,
    ]


# --- by level ---------------------------------------------------------------------------------------------------------


def at_the_counter(**form: Any) -> Counter:
    counter = Counter.open(levels_book())
    counter.receive(complaint_form(**form), by="receiver")
    counter.do("handle", HANDLING, by="receiver")
    return counter


@pytest.mark.rule(LEVELS)
def test_by_level_settled_at_the_counter() -> None:
    counter = at_the_counter()
    counter.do("propose", remedy(cny(50), text="a voucher of fifty"), by="receiver")
    counter.do("satisfy", by="receiver")
    counter.do("close", "voucher given", by="receiver")
    stand(counter, "closed", running=("CMP-20",))
    assert counter.rows == [
        ("receive", "", "received"),
        ("handle", "received", "handling"),
        ("propose", "handling", "proposed"),
        ("satisfy", "proposed", "satisfied"),
        ("close", "satisfied", "closed"),
    ]


@pytest.mark.rule(LEVELS)
def test_by_level_up_to_the_top_and_the_customer_told_when() -> None:
    counter = at_the_counter(claimed=cny(9000))
    climbed = []
    for holder in ("receiver", "supervisor", "director"):
        counter.expect_refused(RuleBroken, "propose", remedy(cny(9000)), by=holder)
        counter.do("promise", counter.clock.now() + timedelta(days=2), by=holder)
        counter.do("escalate", f"beyond the {holder}", by=holder)
        climbed += [("promise", "handling", "handling"), ("escalate", "handling", "handling")]
    counter.do("propose", remedy(cny(9000), compensation=cny(9000)), by="hq")
    assert [counter.timers[f"CMP-18.{n}"] for n in (1, 2, 3)] == [
        TimerState.CANCELLED,
        TimerState.CANCELLED,
        TimerState.MET,
    ]
    counter.do("satisfy", by="receiver")
    counter.do("close", "paid", by="receiver")
    certificate = counter.do("draw_certificate", cny(9000), by="sales").number
    counter.do("sign_certificate", certificate, by="deputy_for_sales")
    counter.do("countersign_certificate", certificate, by="sales")
    counter.do("book_certificate", certificate, "V-1", by="finance")
    counter.do("review", "customer_service", by="gm_office")
    stand(counter, "settled")
    assert counter.rows == [
        ("receive", "", "received"),
        ("handle", "received", "handling"),
        *climbed,
        ("propose", "handling", "proposed"),
        ("satisfy", "proposed", "satisfied"),
        ("close", "satisfied", "closed"),
        ("follow_up", "closed", "settling"),
        ("certificate.draw_up", "", "drawn_up"),
        ("certificate.sign", "drawn_up", "signed"),
        ("certificate.countersign", "signed", "countersigned"),
        ("certificate.book", "countersigned", "booked"),
        ("review", "settling", "settling"),
        ("settle", "settling", "settled"),
    ]


@pytest.mark.rule(LEVELS, NOT_ACCEPTED)
def test_by_level_declined_and_discussed_anew_in_the_same_form() -> None:
    counter = at_the_counter()
    counter.do("propose", remedy(cny(50)), by="receiver")
    counter.do("decline", "not for fifty", by="receiver")
    counter.expect_refused(RuleBroken, "propose", remedy(cny(400)), by="receiver")
    counter.do("escalate", "wants four hundred", by="receiver")
    counter.do("propose", remedy(cny(400)), by="supervisor")
    counter.do("satisfy", by="supervisor")
    counter.do("close", "paid", by="supervisor")
    stand(counter, "closed", running=("CMP-20",))
    assert (counter.case.turn, counter.case.number) == (1, "KS202603-0001")
    assert counter.rows == [
        ("receive", "", "received"),
        ("handle", "received", "handling"),
        ("propose", "handling", "proposed"),
        ("decline", "proposed", "handling"),
        ("escalate", "handling", "handling"),
        ("propose", "handling", "proposed"),
        ("satisfy", "proposed", "satisfied"),
        ("close", "satisfied", "closed"),
    ]
