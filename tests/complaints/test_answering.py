"""The customer is told what was decided, and nothing internal; or does not accept (CMP-12, CMP-13, CMP-14)."""

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import (
    ANN,
    JUDGED,
    RULES,
    SALT,
    T0,
    Counter,
    accept,
    anyone,
    check_unchanged,
    cny,
    fen,
    holding,
    judge,
    received,
    remedy,
    submitted,
)
from complaints.hand import on
from csdomain.complaints.case import Complaint
from csdomain.complaints.events import ComplaintAnswered
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import LEVELS, NO_PROMISE, NOT_ACCEPTED, NOTICE
from csdomain.complaints.values import (
    Channel,
    Finding,
    Goods,
    MalformedStep,
    Notice,
)
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.rules.errors import MoveRefused, NaiveTime, NotPermitted, RuleBroken
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.testing import QUALITY, complaint_form

WORDS: Final = "We take it back."


def decide(case: Complaint, outcome: Outcome = Outcome.APPROVED, **more: Any) -> None:
    on(case).decide(outcome, RULES, holding(bob="general_manager"), by=anyone("bob"), at=T0, **more)


# --- only after a decision that covers it (CMP-12) --------------------------------------------------------------------


@pytest.mark.rule(NO_PROMISE, NOTICE)
@given(st.integers(0, 10**6), st.integers(0, 9), st.data(), st.sampled_from(Channel))
def test_the_notice_has_the_figures_of_the_decision(
    granted: int, pieces: int, data: st.DataObject, by: Channel
) -> None:
    paid = data.draw(st.none() | st.integers(1, granted).map(fen)) if granted else None
    back = [Goods("engine", "1", pieces)] if pieces else []
    case = received(cny(77), order_number="SO-1")
    accept(case)
    judge(case)
    on(case).submit(remedy(fen(granted), compensation=paid, returns=back), RULES, by=ANN, at=T0)
    decide(case)
    at = T0 + timedelta(hours=1)
    (event,) = on(case).answer(by, WORDS, by=ANN, at=at)
    assert case.form.answer == Notice(
        case="KS202603-0001",
        order_number="SO-1",
        product="engine",
        granted=fen(granted),
        compensation=paid,
        pieces=pieces,
        channel=by,
        told_at=at,
        text=WORDS,
    )
    assert isinstance(event, ComplaintAnswered)
    assert event.channel == by.value
    check_unchanged(case, RuleBroken, lambda: on(case).answer(by, "We pay a thousand.", by=ANN, at=at))


# --- a holding reply (CMP-12, CMP-18) ---------------------------------------------------------------------------------

SOON: Final = timedelta(days=1)


@pytest.mark.rule(NO_PROMISE, LEVELS)
def test_a_holding_reply_admits_nothing_and_is_a_timer_whatever_the_state() -> None:
    counter = Counter.open()
    counter.receive(complaint_form(claimed=cny(500)))
    steps: list[tuple[str, tuple[Any, ...], str]] = [
        ("check", ("ours",), "sales"),
        ("accept", (QUALITY,), "service_agent"),
        ("investigate", (), "service_agent"),
        ("inspect", (Finding(True, "cracked"),), "rnd"),
        ("conclude", (), "service_agent"),
        ("report", ("the oven",), "service_agent"),
        ("rule", ("carry on",), "deputy_general_manager"),
        ("judge", (JUDGED,), "service_agent"),
        ("submit", (remedy(cny(500)),), "service_agent"),
        ("approve", (), "sales_manager"),
    ]
    for count in range(1, len(steps) + 2):
        before = counter.case
        until = counter.clock.now() + SOON
        counter.do("promise", until, reason="still in the laboratory", by="sales")
        after = counter.case
        unsaid = {"promises", "promised_until", "moved_at", "version"}
        changed = {f.name for f in attrs.fields(Complaint) if getattr(before, f.name) != getattr(after, f.name)}
        assert changed - {"told"} == unsaid
        assert (after.promises, after.promised_until, after.form.answer) == (count, until, None)
        assert counter.rows[-1] == ("promise", before.state.value, before.state.value)
        told = counter.messages("promised")[-1]
        assert told.to == "customer-1"
        local = until.astimezone(ZoneInfo("Asia/Shanghai")).isoformat()  # as the customer reads a clock
        assert dict(told.facts) == {"complaint": counter.id, "number": counter.case.number, "until": local}
        # The last promise counts, those before are off.
        timers = counter.timers
        kept = [timers[f"CMP-18.{n}"] for n in range(1, count + 1)]
        assert kept == [TimerState.CANCELLED] * (count - 1) + [TimerState.RUNNING]
        assert counter.due(f"CMP-18.{count}") == until
        if count <= len(steps):
            use_case, words, by = steps[count - 1]
            counter.do(use_case, *words, by=by)
    counter.do("answer", Channel.PHONE, WORDS, by="sales")
    assert counter.timers[f"CMP-18.{len(steps) + 1}"] is TimerState.MET


@pytest.mark.rule(LEVELS)
@given(st.integers(1, 200), st.integers(-3, 3))
def test_an_answer_keeps_the_promise_up_to_its_instant_and_later_the_superior_hears_of_it(
    hours: int, late: int
) -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(5)))
    counter.do("approve", by="sales_manager")
    counter.do("promise", until := counter.clock.now() + timedelta(hours=hours), by="sales")
    at = until + late * timedelta(microseconds=1)
    counter.clock.move(at)
    counter.desk.sweep(at)
    counter.does.answer(counter.id, Channel.PHONE, WORDS, by=counter.who["sales"], at=at)
    assert counter.timers["CMP-18.1"] is (TimerState.BREACHED if late > 0 else TimerState.MET)
    counter.desk.sweep(at + timedelta(days=60))
    told = [m.to for m in counter.messages("overdue") if m.facts["timer"] == "CMP-18.1"]
    assert told == (["service_manager"] if late > 0 else [])


@pytest.mark.rule(LEVELS)
def test_a_promise_is_of_a_later_time_and_of_an_instant() -> None:
    counter = Counter.open()
    counter.accepted()
    now = counter.clock.now()
    counter.expect_refused(RuleBroken, "promise", now, by="sales")
    counter.expect_refused(RuleBroken, "promise", now - SOON, by="sales")
    counter.expect_refused(NaiveTime, "promise", datetime(2027, 1, 1), by="sales")  # noqa: DTZ001 - naive on purpose
    counter.expect_refused(NotPermitted, "promise", now + SOON, by="rnd")
    assert not [name for name in counter.timers if name.startswith("CMP-18")]
    counter.do("promise", now + SOON, by="sales")
    counter.do("withdraw", "settled between ourselves", by="sales")
    assert counter.timers["CMP-18.1"] is TimerState.CANCELLED


# --- not accepted (CMP-14) --------------------------------------------------------------------------------------------


def turned_down() -> Counter:
    counter = Counter.open()
    counter.submitted(remedy(cny(900)), complaint_form(claimed=cny(800)))
    counter.do("approve", by="sales_manager")
    counter.do("answer", Channel.PHONE, WORDS, by="sales")
    counter.do("decline", "not enough", by="sales")
    return counter


@pytest.mark.rule(NOT_ACCEPTED)
def test_a_second_form_attaches_the_former_and_runs_on_its_own_clock() -> None:
    counter = turned_down()
    assert counter.messages("declined")[-1].to == "service_manager"
    first = counter.case.form
    assert counter.timers["CMP-04"] is TimerState.RUNNING
    counter.clock.advance(timedelta(days=2))
    receipt = counter.do("renew", complaint_form(claimed=cny(300), reason="again"), by="service_agent")
    case = counter.case
    assert (receipt.number, case.form.number, case.number) == ("KS202603-0002", "KS202603-0002", "KS202603-0001")
    assert case.state is State.ACCEPTED
    assert case.forms[0] == first
    assert (case.form.former, case.form.document.fields["former"]) == (first.number, first.number)
    assert [signature.role for signature in case.form.document.signatures] == ["customer_service"]
    assert [copy.purpose for copy in case.form.document.copies] == list(RULES.copies.form)
    assert case.form.classification == first.classification
    timers = counter.timers
    assert (timers["CMP-04"], timers["CMP-04.2"]) == (TimerState.MET, TimerState.RUNNING)
    (clock,) = [t for t in counter.desk.store.look(lambda u: u.timers_of(counter.id)) if t.name == "CMP-04.2"]
    assert clock.started_at == counter.clock.now()
    assert clock.duration == RULES.close_within
    assert case.total == cny(900) + cny(300)  # what the former form came to, and what is claimed now


@pytest.mark.rule(NOT_ACCEPTED)
@given(st.booleans(), st.booleans())
def test_a_case_is_in_time_only_if_each_of_its_forms_was(first_late: bool, second_late: bool) -> None:
    counter = turned_down()
    counter.clock.advance(timedelta(days=9) if first_late else SOON)
    counter.do("renew", complaint_form(), by="service_agent")
    counter.judged()
    counter.do("submit", remedy(cny(0)), by="service_agent")
    counter.do("approve", by="sales_manager")
    counter.do("answer", Channel.PHONE, WORDS, by="sales")
    counter.clock.advance(timedelta(days=9) if second_late else SOON)
    counter.do("close", "done", by="service_agent")
    assert counter.case.in_time is not (first_late or second_late)
    late = {True: TimerState.BREACHED, False: TimerState.MET}
    assert (counter.timers["CMP-04"], counter.timers["CMP-04.2"]) == (late[first_late], late[second_late])


@pytest.mark.rule(NOT_ACCEPTED)
def test_a_second_form_is_the_same_customers_and_comes_only_after_a_no() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(900)))
    counter.do("approve", by="sales_manager")
    counter.expect_refused(MoveRefused, "decline", "no", by="sales")
    counter.do("answer", Channel.PHONE, WORDS, by="sales")
    counter.expect_refused(MoveRefused, "renew", complaint_form(), by="service_agent")
    counter.expect_refused(MalformedStep, "decline", "", by="sales")
    counter.do("decline", "no", by="sales")
    counter.expect_refused(RuleBroken, "renew", complaint_form(customer="customer-2"), by="service_agent")
    counter.expect_refused(CurrencyMismatch, "renew", complaint_form(claimed=Money.of(1, "USD")), by="service_agent")
    counter.expect_refused(NotPermitted, "renew", complaint_form(), by="sales")
    assert counter.do("renew", complaint_form(), by="service_agent").number == "KS202603-0002"  # none was used up


@pytest.mark.rule(NOT_ACCEPTED)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=4))
def test_forms_follow_each_other_and_each_keeps_what_it_was(drawn: list[tuple[int, int]]) -> None:
    case = submitted([(cny(claimed), cny(granted)) for claimed, granted in drawn])
    numbers = [form.number for form in case.forms]
    assert [form.former for form in case.forms] == [None, *numbers[:-1]]
    assert [form.document.fields["former"] for form in case.forms] == [None, *numbers[:-1]]
    assert [form.declined is not None for form in case.forms] == [True] * (len(drawn) - 1) + [False]
    assert case.total == cny(sum(max(pair) for pair in drawn))
    assert len({form.document.seal() for form in case.forms}) == len(drawn)
    decide(case)
    on(case).answer(Channel.PHONE, WORDS, by=ANN, at=T0)
    on(case).decline("no", by=ANN, at=T0)
    content = complaint_form()
    other = complaint_form(customer="customer-2")
    check_unchanged(case, RuleBroken, lambda: on(case).renew("N2", other, RULES, salt=SALT, by=ANN, at=T0))
    on(case).renew("N2", content, RULES, salt=SALT, by=ANN, at=T0)
    assert (case.form.former, case.turn, case.number) == (numbers[-1], len(drawn) + 1, numbers[0])
