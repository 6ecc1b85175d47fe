"""The customer is told what was decided, and nothing internal; or does not accept (CMP-12, CMP-13, CMP-14)."""

from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import Counter, levels_book
from complaints.hand import T0, on
from complaints.model import RULES, accept, approve, check_unchanged, cny, fen, judge, received, remedy, submitted
from csdomain.complaints.case import Complaint
from csdomain.complaints.events import ComplaintAnswered
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import LEVELS, NO_PROMISE, NOT_ACCEPTED, NOTICE
from csdomain.complaints.values import Channel, Goods, MalformedStep, Notice
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.testing import QUALITY, complaint_form

WORDS: Final = "We take it back."


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
    on(case).submit(remedy(fen(granted), compensation=paid, returns=back), RULES)
    approve(case)
    at = T0 + timedelta(hours=1)
    (event,) = on(case).answer(by, WORDS, at=at)
    figures = {"granted": fen(granted), "compensation": paid, "pieces": pieces}
    about = {"case": "KS202603-0001", "order_number": "SO-1", "product": "engine"}
    assert case.form.answer == Notice(**about, **figures, channel=by, told_at=at, text=WORDS)  # type: ignore[arg-type]
    assert isinstance(event, ComplaintAnswered)
    assert event.channel == by.value
    check_unchanged(case, RuleBroken, lambda: on(case).answer(by, "We pay a thousand.", at=at))


# --- a holding reply (CMP-12, CMP-18) ---------------------------------------------------------------------------------

SOON: Final = timedelta(days=1)


@pytest.mark.rule(NO_PROMISE, LEVELS)
def test_a_holding_reply_admits_nothing_and_is_a_timer_whatever_the_state() -> None:
    counter = Counter.open()
    counter.receive(complaint_form(claimed=cny(500)))
    steps: list[Any] = ["check", ("accept", QUALITY), "investigate", "inspect", "conclude", "report", "rule", "judge"]
    steps += [("submit", remedy(cny(500))), "approve"]
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
        kept = [counter.timers[f"CMP-18.{n}"] for n in range(1, count + 1)]
        assert kept == [TimerState.CANCELLED] * (count - 1) + [TimerState.RUNNING]
        assert counter.due(f"CMP-18.{count}") == until
        counter.go([*steps, "answer"][count - 1])
    assert counter.timers[f"CMP-18.{len(steps) + 1}"] is TimerState.MET


@pytest.mark.rule(LEVELS)
@pytest.mark.parametrize("by_level", [False, True])
@given(st.integers(1, 200), st.integers(-3, 3))
def test_a_promise_is_kept_up_to_its_instant_and_later_the_superior_hears_of_it(
    by_level: bool, hours: int, late: int
) -> None:
    """By an answer to what was decided; by level, by the proposal."""
    counter = Counter.open(levels_book() if by_level else "after_sales")
    if by_level:
        counter.receive(complaint_form(), by="receiver")
        counter.go("handle", "escalate")
    else:
        counter.submitted(remedy(cny(5)))
        counter.go("approve")
    by = "supervisor" if by_level else "sales"
    counter.go(("promise", timedelta(hours=hours)), by=by)
    at = counter.clock.move(counter.due("CMP-18.1") + late * timedelta(microseconds=1))
    counter.desk.sweep(at)
    kept: tuple[Any, ...] = ("propose", remedy(cny(1))) if by_level else ("answer", Channel.PHONE, WORDS)
    getattr(counter.does, kept[0])(counter.id, *kept[1:], by=counter.who[by], at=at)
    counter.desk.sweep(at + timedelta(days=60))
    assert counter.timers["CMP-18.1"] is (TimerState.BREACHED if late > 0 else TimerState.MET)
    told = [m.to for m in counter.messages("overdue") if m.facts["timer"] == "CMP-18.1"]
    assert told == (["director" if by_level else "service_manager"] if late > 0 else [])


@pytest.mark.rule(LEVELS)
def test_a_promise_is_of_a_later_time_and_off_once_the_case_is_withdrawn() -> None:
    counter = Counter.open().accepted()
    now = counter.clock.now()
    counter.expect(RuleBroken, ("promise", now), ("promise", now - SOON), by="sales")
    counter.expect(NotPermitted, ("promise", SOON), by="rnd")
    assert not [name for name in counter.timers if name.startswith("CMP-18")]
    counter.go(("promise", SOON), "withdraw", by="sales")
    assert counter.timers["CMP-18.1"] is TimerState.CANCELLED


# --- not accepted (CMP-14) --------------------------------------------------------------------------------------------


def turned_down() -> Counter:
    counter = Counter.open().submitted(remedy(cny(900)), complaint_form(claimed=cny(800)))
    counter.go("approve", "answer", "decline")
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
    counter.go("renew")
    counter.judged()
    counter.go(("submit", remedy(cny(0))), "approve", "answer")
    counter.clock.advance(timedelta(days=9) if second_late else SOON)
    counter.go("close")
    assert counter.case.in_time is not (first_late or second_late)
    late = {True: TimerState.BREACHED, False: TimerState.MET}
    assert (counter.timers["CMP-04"], counter.timers["CMP-04.2"]) == (late[first_late], late[second_late])


@pytest.mark.rule(NOT_ACCEPTED)
def test_a_second_form_is_the_same_customers_and_comes_only_after_a_no() -> None:
    counter = Counter.open().submitted(remedy(cny(900)))
    counter.go("approve")
    counter.expect(MoveRefused, "decline")
    counter.go("answer")
    counter.expect(MoveRefused, "renew")
    counter.expect(MalformedStep, ("decline", ""))
    counter.go("decline")
    counter.expect(RuleBroken, ("renew", complaint_form(customer="customer-2")))
    counter.expect(CurrencyMismatch, ("renew", complaint_form(claimed=Money.of(1, "USD"))))
    assert counter.go("renew").number == "KS202603-0002"  # none was used up


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
    approve(case)
    on(case).answer(Channel.PHONE, WORDS)
    on(case).decline("no")
    check_unchanged(case, RuleBroken, lambda: on(case).renew("N2", complaint_form(customer="customer-2"), RULES))
    on(case).renew("N2", complaint_form(), RULES)
    assert (case.form.former, case.turn, case.number) == (numbers[-1], len(drawn) + 1, numbers[0])
