"""What goes to the customer holds nothing internal: no text, no name, no figure, however it is written (CMP-13)."""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Final

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
    anyone,
    check_unchanged,
    cny,
    holding,
    received,
    remedy,
    submitted,
)
from complaints.hand import on
from csdomain.complaints.case import Complaint
from csdomain.complaints.policies.notices import (
    Internal,
    InternalDisclosed,
    as_figure,
    as_name,
    as_words,
    fold,
    require_nothing_internal,
)
from csdomain.complaints.rules import NOTICE
from csdomain.complaints.values import (
    Channel,
    Disclosure,
    Finding,
    Judgement,
    Liable,
    MalformedStep,
    ProposedPenalty,
    Share,
)
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.testing import QUALITY
from csdomain.testing.strategies import storable_texts

WORDS: Final = "We take it back."
SOON: Final = timedelta(days=2)
HOUSE: Final = Disclosure()

#: The places of a case where somebody of ours writes, by the names that a refusal gives them.
PLACES: Final = (
    *("opinion", "past", "report", "ruling", "finding", "countermeasures", "person", "disposal", "unit"),
    *("recommendation", "returned", "approval", "penalty", "memorandum", "part", "remark"),
)
#: Whatever somebody writes, with a mark of its place, so that a refusal can be held to the very field.
secrets = st.lists(storable_texts(4, 30), min_size=len(PLACES), max_size=len(PLACES)).map(
    lambda texts: [f"§{place}§{text}" for place, text in zip(PLACES, texts, strict=True)]
)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _accented(text: str) -> str:
    return "".join(c + "\u0301" if c.isalpha() and c.isascii() else c for c in text)


#: Ways to write the same thing.
SPREADS: Final[list[Callable[[str], str]]] = [
    *(str, str.swapcase, "\n ".join, "\u200b".join, "\u00ad".join, _wide, _accented),
]


def decide(case: Complaint, outcome: Outcome = Outcome.APPROVED, **more: Any) -> None:
    on(case).decide(outcome, RULES, holding(bob="general_manager"), by=anyone("bob"), at=T0, **more)


def bare(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def written_on(texts: Iterable[str]) -> Complaint:
    """A decided case with a text of ``texts`` in every place: dismissed, reopened, returned once, approved."""
    given = dict(zip(PLACES, texts, strict=True))
    case = received(cny(300))
    on(case).check(given["opinion"], by=ANN, at=T0)
    on(case).accept(QUALITY, RULES, grave=False, by=ANN, at=T0)
    on(case).dismiss(given["past"], by=ANN, at=T0)
    on(case).answer(Channel.LETTER, "no", by=ANN, at=T0)
    on(case).object("QC-1", given["memorandum"], RULES, by=ANN, at=T0)
    on(case).rule_on_objection(reopen=True, text=given["memorandum"], by=anyone("boss"), at=T0)
    on(case).involve(["warehouse"], T0 + SOON, by=ANN, at=T0)
    on(case).contribute("warehouse", given["part"], by=ANN, at=T0)
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
        told = f"{before} {spread(text)} {after}"
        if width(bare(text)) < 6 or bare(text) not in bare(told):
            continue  # some characters have no way back from upper case
        error = check_unchanged(case, InternalDisclosed, partial(on(case).answer, Channel.LETTER, told, by=ANN, at=T0))
        assert place in str(error.facts["field"]).split(", ")  # the name of the field
        said = str(error.as_data())
        assert not [secret for secret in texts if secret in said]  # and never the text


@pytest.mark.rule(NOTICE)
@given(secrets, storable_texts(1, 60))
def test_a_notice_that_is_given_holds_nothing_internal_and_the_trail_tells_the_same(
    texts: list[str], own_words: str
) -> None:
    case = written_on(texts)
    if not own_words.strip():
        check_unchanged(case, MalformedStep, lambda: on(case).answer(Channel.LETTER, own_words, by=ANN, at=T0))
        return
    try:
        (event,) = on(case).answer(Channel.LETTER, own_words, by=ANN, at=T0)
    except InternalDisclosed:  # chance drew a part of some text
        own = bare(own_words)
        assert any(own[n : n + 3] in bare(text) for text in texts for n in range(len(own) - 2))
        return
    notice = case.form.answer
    assert notice is not None
    everything = bare(str((attrs.astuple(notice), attrs.astuple(event))))
    assert not [text for text in texts if bare(text) in everything]
    assert "471147" not in everything
    assert "815032" not in everything


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
        ("本次事故由生\u200b产部负责。", "unit"),
        ("经查，淬火 过快。", "report"),
    ],
)
def test_responsibility_loss_and_penalty_stay_in_the_house(text: str, field: str) -> None:
    chinese = "产部" in text
    counter = Counter.open()
    counter.accepted(kind=QUALITY)
    judgement = Judgement(
        liable=Liable.US,
        unit="生产部" if chinese else "production line 3",
        persons=("worker seven",),
        tracked=False,
        loss={"goods": cny("4711.47")},
        shares=(Share("生产部" if chinese else "production line 3"), Share("packing dept")),
        penalties=(ProposedPenalty("worker-7", "minor_demerit"), ProposedPenalty("x", amount=cny("8150.32"))),
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
        assert error.facts == {"field": "form"}
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


# --- how something internal is known again ----------------------------------------------------------------------------
def leaks(known: Any, written: str, text: str, heard: str = "", house: Disclosure = HOUSE) -> bool:
    try:
        return require_nothing_internal(text, [Internal("it", written, known)], heard, house) != text
    except InternalDisclosed as error:
        return error.facts == {"field": "it"}


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("sum_", "text", "told"),
    [
        ("4321.00", "4321 yuan lost", True),
        ("4321.00", "4\u200b3\u200b2\u200b1 lost", True),
        ("4321.50", "四千三百二十一元五角", True),
        ("4300.00", "我们损失了四千三", True),
        ("3.00", "We come within 3 days.", False),
        ("3.00", "That is 3 yuan.", True),
        ("3.00", "三元", True),
        ("120.00", "Order KS1200 of 2026-03-12", False),
    ],
)
def test_f18_small_figures_are_known_beside_a_currency(sum_: str, text: str, told: bool) -> None:
    assert leaks(as_figure, sum_, text) is told


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("name", "text", "heard", "told"),
    [
        ("transport", "The transportation was late.", "", False),  # no whole word
        ("transport", "It is the fault of Transport.", "", True),
        ("transport", "It was damaged in transport.", "transport", False),  # the customer's word, or the cause
        ("wu", "Mr Wu pays.", "", True),
        ("wu", "由wu负责", "", True),
        ("wu", "We would.", "", False),
        ("packing dept", "The PACKING-dept. pays", "", True),
        ("生产部", "由生产部负责", "", True),
        ("生产部", "由生 产部负责", "", True),
        ("部", "由生产部负责", "", False),  # too short
        ("josé", "It was Jose\u0301 who did it", "", True),
        ("josé", "It was JOSE", "", True),
    ],
)
def test_f18_names_are_whole_words_or_long_enough(name: str, text: str, heard: str, told: bool) -> None:
    assert leaks(as_name, name, text, heard) is told


REPORT: Final = "The mould was worn out because nobody had looked after it since spring."
REPORT_ZH: Final = "模具自去年春季以来无人保养，已严重磨损，导致产品开裂。"


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize(
    ("written", "text", "told"),
    [
        (REPORT, REPORT[:-2], True),  # all but the last character
        (REPORT, REPORT[5:], True),
        (REPORT, "We found that nobody had looked after it.", True),  # five words
        (REPORT, "We found that nobody had looked.", False),
        (REPORT_ZH, "经查，模具无人保养，已严重磨损。", True),  # eight characters, punctuation aside
        (REPORT_ZH, "经查，模具已磨损。", False),
        ("淬火过快", "经查，淬火 过快。", True),
        ("淬火过快", "经查淬火过", True),
        ("不同意", "我们不同意", True),
        ("同意", "我们同意", False),
        ("ok", "ok", False),
        ("🙂", "🙂", False),
        (REPORT, "You say: nobody had looked after it.", False),  # heard from the customer
    ],
)
def test_f55_a_run_of_an_internal_text_is_refused(written: str, text: str, told: bool) -> None:
    assert leaks(as_words, written, text, "I saw that nobody had looked after it." if text[:3] == "You" else "") is told


@pytest.mark.rule(NOTICE)
@given(
    st.lists(st.text("abcdefgé中文字在此", min_size=4, max_size=9), min_size=2, max_size=6).map(" ".join),
    st.booleans(),
    st.sampled_from(SPREADS),
)
def test_f55_all_but_the_last_character_is_refused(written: str, cut: bool, spread: Callable[[str], str]) -> None:
    told = bare(written)[: -1 if cut else None]
    if width(told) >= 6 and len(told) >= 4 and bare(spread(told)) == told:
        assert leaks(as_words, written, spread(told))


@pytest.mark.rule(NOTICE)
def test_f55_how_long_a_run_is_says_the_house() -> None:
    longer = Disclosure(run_words=8, run_characters=12)
    assert not leaks(as_words, REPORT, "We found that nobody had looked after it.", house=longer)
    assert not leaks(as_words, REPORT_ZH, "经查，模具无人保养，已严重磨损。", house=longer)
    for field in attrs.fields(Disclosure):
        with pytest.raises(MalformedStep) as caught:
            Disclosure(**{field.name: 0})
        assert caught.value.facts["field"] == field.name


@pytest.mark.rule(NOTICE)
def test_f18_the_manager_declares_a_match_no_disclosure_with_a_reason_on_the_trail() -> None:
    counter = Counter.open()
    counter.accepted()
    ours = Judgement(liable=Liable.US, unit="transport", tracked=False, loss={"goods": cny(4321)})
    counter.judged(ours)
    counter.do("submit", remedy(cny(10)), by="service_agent")
    counter.do("approve", by="sales_manager")
    said = "The means of transport is ours; lot 4321."
    counter.expect_refused(NotPermitted, "clear", said, "an ordinary word", by="sales")
    counter.expect_refused(MalformedStep, "clear", said, " ", by="service_manager")
    assert counter.expect_refused(InternalDisclosed, "answer", Channel.PHONE, said, by="sales").facts == {
        "field": "loss, unit"
    }
    counter.do("clear", said, "an ordinary word, and the number of the lot", by="service_manager")
    line = counter.does.trail(counter.id, by=counter.who["sales"])[-1]
    assert (line.name, line.reason) == ("disclosure_cleared", "an ordinary word, and the number of the lot")
    assert line.facts["fields"] == ["loss", "unit"]
    counter.expect_refused(InternalDisclosed, "answer", Channel.PHONE, said + " transport", by="sales")
    assert counter.do("answer", Channel.PHONE, said, by="sales").state == "answered"


@pytest.mark.rule(NOTICE)
def test_the_form_itself_cannot_be_declared_no_disclosure() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(10)))
    counter.do("approve", by="sales_manager")
    printed = counter.case.form.document.text()
    counter.do("clear", printed, "never mind", by="service_manager")
    assert counter.expect_refused(InternalDisclosed, "answer", Channel.LETTER, printed, by="sales").facts == {
        "field": "form"
    }
