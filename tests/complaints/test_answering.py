"""The customer is told what was decided, and nothing internal; or does not accept (CMP-12, CMP-13, CMP-14)."""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
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
from csdomain.complaints.policies.notices import InternalDisclosed, require_nothing_internal, telling
from csdomain.complaints.rules import LEVELS, NO_PROMISE, NOT_ACCEPTED, NOTICE
from csdomain.complaints.values import (
    Channel,
    Finding,
    Goods,
    Judgement,
    Liable,
    MalformedStep,
    Notice,
    ProposedPenalty,
    Share,
)
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import ApprovalVoid, Outcome
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules.errors import MoveRefused, NaiveTime, NotPermitted, RuleBroken
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.testing import HANDLING, QUALITY, complaint_form
from csdomain.testing.strategies import storable_texts

WORDS: Final = "We take it back."


def decide(case: Complaint, outcome: Outcome = Outcome.APPROVED, **more: Any) -> None:
    on(case).decide(outcome, RULES, holding(bob="general_manager"), by=anyone("bob"), at=T0, **more)


# --- only after a decision that covers it (CMP-12) --------------------------------------------------------------------


@pytest.mark.rule(NO_PROMISE)
def test_before_the_decision_nothing_can_be_answered_in_any_state() -> None:
    counter = Counter.open()
    counter.receive(complaint_form(claimed=cny(500)))

    def refused() -> None:
        counter.expect_refused(MoveRefused, "answer", Channel.LETTER, "We pay five hundred.", by="sales")
        assert counter.case.form.answer is None

    refused()
    for use_case, words, by in (
        ("check", ("ours",), "sales"),
        ("accept", (QUALITY,), "service_agent"),
        ("investigate", (), "service_agent"),
        ("inspect", (Finding(True, "cracked"),), "rnd"),
        ("conclude", (), "service_agent"),
        ("report", ("the oven",), "service_agent"),
        ("rule", ("carry on",), "deputy_general_manager"),
        ("judge", (JUDGED,), "service_agent"),
        ("submit", (remedy(cny(500)),), "service_agent"),
        ("recommend", ("do it",), "sales_manager"),
    ):
        counter.do(use_case, *words, by=by)
        refused()
    counter.do("approve", by="sales_manager")
    counter.expect_refused(NotPermitted, "answer", Channel.LETTER, "We pay five hundred.", by="warehouse_keeper")
    counter.do("answer", Channel.LETTER, "We pay five hundred.", by="sales")
    counter.expect_refused(RuleBroken, "answer", Channel.LETTER, "We pay a thousand.", by="sales")


@pytest.mark.rule(NO_PROMISE)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_approval_covers_what_the_case_came_to_and_not_a_fen_more(claimed: int, granted: int, later: int) -> None:
    case = submitted([(fen(claimed), fen(granted))])
    decide(case)
    case.put_form(content=attrs.evolve(case.form.content, claimed=fen(later)))
    if max(later, granted) > max(claimed, granted):
        check_unchanged(case, ApprovalVoid, lambda: on(case).answer(Channel.PHONE, WORDS, by=ANN, at=T0))
    elif later == claimed:
        on(case).answer(Channel.PHONE, WORDS, by=ANN, at=T0)
        assert case.state is State.ANSWERED
    else:
        check_unchanged(case, RuleBroken, lambda: on(case).answer(Channel.PHONE, WORDS, by=ANN, at=T0))


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
        assert [f.name for f in attrs.fields(Complaint) if getattr(before, f.name) != getattr(after, f.name)] == [
            name for name in (f.name for f in attrs.fields(Complaint)) if name in unsaid
        ]
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


# --- nothing internal (CMP-13) ----------------------------------------------------------------------------------------

#: The places of a case where somebody of ours writes, by the names that a refusal gives them.
PLACES: Final = (
    *("opinion", "past", "report", "ruling", "finding", "countermeasures", "person", "disposal", "unit"),
    *("recommendation", "returned", "approval", "penalty", "memorandum", "part", "remark"),
)
#: Whatever somebody writes, with a mark of its place, so that a refusal can be held to the very field.
secrets = st.lists(storable_texts(4, 30), min_size=len(PLACES), max_size=len(PLACES)).map(
    lambda texts: [f"§{place}§{text}" for place, text in zip(PLACES, texts, strict=True)]
)


#: Ways to write the same thing.
SPREADS: Final[list[Callable[[str], str]]] = [str, str.swapcase, "\n ".join]


def plain(text: str) -> str:
    return "".join(text.split()).casefold()


def written_on(texts: Iterable[str]) -> Complaint:
    """A decided case with a text of ``texts`` in every place: dismissed, reopened, returned once, approved."""
    given = dict(zip(PLACES, texts, strict=True))
    case = received(cny(300))
    on(case).check(given["opinion"], by=ANN, at=T0)
    on(case).accept(HANDLING, RULES, grave=False, by=ANN, at=T0)
    on(case).dismiss(given["past"], by=ANN, at=T0)
    on(case).answer(Channel.LETTER, "no", by=ANN, at=T0)
    on(case).object("QC-1", given["memorandum"], RULES, by=ANN, at=T0)
    on(case).rule_on_objection(reopen=True, text=given["memorandum"], by=anyone("boss"), at=T0)
    on(case).reclassify(QUALITY, given["past"], rules=RULES, by=ANN, at=T0)
    on(case).involve(["warehouse"], T0 + SOON, by=ANN, at=T0)
    on(case).contribute("warehouse", given["part"], word_of="foreman", by=ANN, at=T0)
    on(case).remark("the phone was always busy", "switchboard", by=ANN, at=T0)
    on(case).answer_remark(1, given["remark"], by=ANN, at=T0)
    finding = Finding(True, given["finding"], ("worker-7",), given["countermeasures"])
    object.__setattr__(finding, "persons", (given["person"],))  # as with the unit below: a drawn text may be no id
    on(case).inspect(finding, by=ANN, at=T0)
    on(case).conclude(by=ANN, at=T0)
    on(case).report(given["report"], by=ANN, at=T0)
    on(case).rule(given["ruling"], by=ANN, at=T0)
    judgement = Judgement(
        liable=Liable.US,
        unit="u1",
        disposal=given["disposal"],
        tracked=False,
        loss={"goods": cny("4711.47")},
        persons=("p1",),
        shares=(Share("u1"), Share("u2")),
        penalties=(ProposedPenalty("p1", amount=cny("8150.32")),),
    )
    on(case).judge(judgement, RULES, by=ANN, at=T0)
    # Units and those penalised are ids of the house: a drawn text may be none, so it is put in their place.
    case.put_form(judgement=attrs.evolve(judgement))
    object.__setattr__(case.form.judgement, "unit", given["unit"])  # frozen, and checked where it is made
    case.penalties = (attrs.evolve(case.penalties[0], on=given["penalty"]),)
    on(case).submit(remedy(cny(300)), RULES, by=ANN, at=T0)
    decide(case, Outcome.RETURNED, reason=given["returned"])
    on(case).submit(remedy(cny(200), compensation=cny(150)), RULES, by=ANN, at=T0)
    decide(case, Outcome.RECOMMENDED, reason=given["recommendation"])
    decide(case, reason=given["approval"])
    return case


@pytest.mark.rule(NOTICE)
@given(secrets, storable_texts(0, 12), storable_texts(0, 12), st.sampled_from(SPREADS))
def test_no_internal_text_is_in_any_notice(
    texts: list[str], before: str, after: str, spread: Callable[[str], str]
) -> None:
    case = written_on(texts)
    for place, text in zip(PLACES, texts, strict=True):
        told = before + spread(text) + after
        if plain(text) not in plain(told):
            continue  # some characters have no way back from upper case
        error = check_unchanged(case, InternalDisclosed, partial(on(case).answer, Channel.LETTER, told, by=ANN, at=T0))
        assert error.facts == {"field": place}  # the name of the field
        said = str(error.as_data())
        assert not [secret for secret in texts if secret in said]  # and never the text


@pytest.mark.rule(NOTICE)
@given(secrets, storable_texts(1, 60))
def test_a_notice_that_is_given_holds_nothing_internal_and_the_trail_tells_the_same(
    texts: list[str], own_words: str
) -> None:
    case = written_on(texts)
    if any(plain(text) in plain(own_words) for text in texts):
        check_unchanged(case, InternalDisclosed, lambda: on(case).answer(Channel.LETTER, own_words, by=ANN, at=T0))
        return
    if not own_words.strip():
        check_unchanged(case, MalformedStep, lambda: on(case).answer(Channel.LETTER, own_words, by=ANN, at=T0))
        return
    (event,) = on(case).answer(Channel.LETTER, own_words, by=ANN, at=T0)
    notice = case.form.answer
    assert notice is not None
    everything = plain(str((attrs.astuple(notice), attrs.astuple(event))))
    assert not [text for text in texts if plain(text) in everything]
    assert "4711.47" not in everything
    assert "8150.32" not in everything


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("The loss was 4711.47 yuan in all.", "loss"),
        ("He is fined 8150.32.", "penalty"),
        ("The fault lies with production line 3.", "unit"),
        ("He gets a minor_demerit.", "penalty"),
        ("Worker seven has confessed.", "person"),
        ("Packing dept. pays as well.", "unit"),
        ("We found: HARDENED\ntoo fast, we are sorry.", "finding"),
        ("本次事故由生产部负责。", "unit"),
        ("经查，淬火 过快。", "report"),
    ],
)
def test_responsibility_loss_and_penalty_stay_in_the_house(text: str, field: str) -> None:
    chinese = "生产部" in text
    counter = Counter.open()
    counter.accepted(kind=QUALITY)
    judgement = Judgement(
        liable=Liable.US,
        unit="生产部" if chinese else "production line 3",
        persons=["worker seven", "worker-7", "x"],
        tracked=False,
        loss={"goods": cny("4711.47")},
        shares=[Share("生产部" if chinese else "production line 3"), Share("packing dept")],
        penalties=[ProposedPenalty("worker-7", "minor_demerit"), ProposedPenalty("x", amount=cny("8150.32"))],
    )
    counter.do("investigate", by="service_agent")
    counter.do("inspect", Finding(True, "hardened too fast"), by="rnd")
    counter.do("conclude", by="service_agent")
    counter.do("report", "淬火过快", by="service_agent")
    counter.do("rule", "ok", by="deputy_general_manager")
    counter.do("judge", judgement, by="service_agent")
    counter.do("submit", remedy(cny(10)), by="service_agent")
    counter.do("approve", reason="ok", by="sales_manager")
    assert counter.expect_refused(InternalDisclosed, "answer", Channel.PHONE, text, by="sales").facts == {
        "field": field
    }
    # A short word of an opinion is in any letter, and stays possible.
    counter.do("answer", Channel.PHONE, "All ok now: 同意。we take it back.", by="sales")


@pytest.mark.rule(NOTICE)
def test_what_the_customer_gets_may_be_told_though_the_loss_is_the_same_amount() -> None:
    counter = Counter.open()
    counter.accepted()
    counter.judged(attrs.evolve(JUDGED, loss={"compensation": cny("500.00")}, disposal="pay and forget"))
    counter.do("submit", remedy(cny(900)), by="service_agent")
    counter.do("approve", by="sales_manager")
    counter.do("revise", remedy(cny(500), text="We pay 500.00."), by="service_agent")
    counter.do("approve", by="sales_manager")
    assert counter.do("answer", Channel.PHONE, "We pay 500.00.", by="sales").state == "answered"


@pytest.mark.rule(NOTICE)
def test_the_form_itself_is_not_given_to_the_customer_in_any_shape() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(10)))
    counter.do("approve", by="sales_manager")
    paper = counter.case.form.document
    assert isinstance(paper, Document)
    for shape in (paper, paper.text(), paper.text("zh", reveal=True), paper.html(), [WORDS], b"We", None, 7):
        error = counter.expect_refused(InternalDisclosed, "answer", Channel.LETTER, shape, by="sales")
        assert str(error.facts["field"]).startswith("form")
        assert paper.seal() not in str(error)
    assert [copy.holder for copy in counter.case.form.document.copies].count("customer-1") == 0


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize("text", ["", "  \n", "a\0b", "\ud800", "x" * 4001])
def test_a_notice_says_something_that_every_store_keeps(text: str) -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(10)))
    counter.do("approve", by="sales_manager")
    counter.expect_refused(MalformedStep, "answer", Channel.PHONE, text, by="sales")


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize("channel", ["phone", "pigeon", None, 1])
def test_a_notice_goes_by_letter_or_phone_and_no_other_way(channel: Any) -> None:
    case = submitted([(None, cny(10))])
    decide(case)
    error = check_unchanged(case, MalformedStep, lambda: on(case).answer(channel, WORDS, by=ANN, at=T0))
    assert error.facts["field"] == "channel"


#: Narrow, wide, full and half width, of unclear width, two letters when folded, and blank.
written = st.text("aZß中文Ａｱé \n", max_size=8)
entries = st.tuples(st.sampled_from(["unit", "report", "loss", "finding", "past"]), written, st.booleans())


@pytest.mark.rule(NOTICE)
@given(st.lists(entries, max_size=8), storable_texts(0, 8))
def test_the_policy_names_each_field_that_is_told_once_and_sorted_but_for_what_is_shorter_than_six_letters(
    drawn: list[tuple[str, str, bool]], own: str
) -> None:
    def width(written: str) -> int:
        return sum(1 + (unicodedata.east_asian_width(c) in ("W", "F")) for c in plain(written))

    internal = [(name, written) for name, written, _ in drawn]
    text = "-".join([own, *(written for _, written, told in drawn if told)])
    leaked = sorted({name for name, written in internal if width(written) >= 6 and plain(written) in plain(text)})
    if not leaked:
        assert require_nothing_internal(text, internal) is text
    else:
        with pytest.raises(InternalDisclosed) as refused:
            require_nothing_internal(text, internal)
        assert refused.value.facts == {"field": ", ".join(leaked)}


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("written", "long_enough"),
    [
        *(("abcde", False), ("abcdef", True), ("ab c\nde", False)),
        *(("同意", False), ("不同意", True), ("ok同意", True), ("a同意", False)),
        *(("ｱｱｱ", False), ("ééé", False), ("ＯＫ！", True)),
    ],
)
def test_six_letters_or_three_chinese_characters_are_known_again(written: str, long_enough: bool) -> None:
    assert telling(written) is long_enough
    assert telling(f" {written}\n") is long_enough


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
def test_the_second_form_is_reported_again_and_closed_by_its_own_clock() -> None:
    counter = turned_down()
    counter.do("renew", complaint_form(claimed=cny(50)), by="service_agent")
    counter.expect_refused(MoveRefused, "submit", remedy(cny(50)), by="service_agent")
    counter.judged()
    counter.do("submit", remedy(cny(50)), by="service_agent")
    assert counter.case.total == cny(950)
    counter.do("approve", by="sales_manager")
    counter.do("promise", counter.clock.now() + SOON, by="sales")
    counter.do("answer", Channel.PHONE, "Fifty more.", by="sales")
    counter.do("close", "paid", by="service_agent")
    assert counter.timers["CMP-04.2"] is TimerState.MET
    assert counter.case.in_time is True
    running = [name for name, state in counter.timers.items() if state is TimerState.RUNNING]
    assert running == ["CMP-20.2"]  # the review, nothing else


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
def test_a_quality_fault_that_was_found_before_is_not_waited_for_again() -> None:
    counter = Counter.open()
    counter.accepted(kind=QUALITY)
    counter.judged(finding=Finding(True, "cracked"))
    counter.do("submit", remedy(cny(9)), by="service_agent")
    counter.do("approve", by="sales_manager")
    counter.do("answer", Channel.PHONE, WORDS, by="sales")
    counter.do("decline", "no", by="sales")
    counter.do("renew", complaint_form(), by="service_agent")
    begun = counter.timers["CMP-05.rnd.2"]
    counter.judged()  # by the finding of the first form
    ended = counter.timers["CMP-05.rnd.2"]
    assert (begun, ended) == (TimerState.RUNNING, TimerState.CANCELLED)
    counter.desk.sweep(counter.clock.advance(timedelta(days=30)))
    assert not [m for m in counter.messages("overdue") if str(m.facts["timer"]).startswith("CMP-05.rnd")]


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
