"""What goes to the customer holds nothing internal: no text, no name, no figure, however it is written (CMP-13)."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.spellings import SPREADS, bare, width
from complaints.desks import Counter
from complaints.hand import ANN, T0, anyone, on
from complaints.model import JUDGED, RULES, check_unchanged, cny, holding, received, remedy, submitted
from csdomain.casework.letters import InternalDisclosed
from csdomain.complaints.case import Complaint
from csdomain.complaints.rules import NOTICE
from csdomain.complaints.values import Channel, Finding, Judgement, Liable, MalformedStep, ProposedPenalty, Share
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules.errors import DomainError, NotPermitted
from csdomain.testing import QUALITY
from csdomain.testing.strategies import storable_texts

WORDS: Final = "We take it back."
SOON: Final = timedelta(days=2)

#: The places of a case where somebody of ours writes, by the names that a refusal gives them.
PLACES: Final = (
    *("opinion", "past", "report", "ruling", "finding", "countermeasures", "person", "disposal", "unit"),
    *("recommendation", "returned", "approval", "penalty", "memorandum", "part", "remark"),
)
#: Whatever somebody writes, with a mark of its place, so that a refusal can be held to the very field.
secrets = st.lists(storable_texts(4, 30), min_size=len(PLACES), max_size=len(PLACES)).map(
    lambda texts: [f"§{place}§{text}" for place, text in zip(PLACES, texts, strict=True)]
)


def decide(case: Complaint, outcome: Outcome = Outcome.APPROVED, **more: Any) -> None:
    on(case).decide(outcome, RULES, holding(bob="general_manager"), by=anyone("bob"), **more)


def written_on(texts: Iterable[str]) -> Complaint:
    """A decided case with a text of ``texts`` in every place: dismissed, reopened, returned once, approved."""
    given = dict(zip(PLACES, texts, strict=True))
    case, boss = received(cny(300)), anyone("boss")
    here = on(case)
    here.check(given["opinion"])
    here.accept(QUALITY, RULES, grave=False)
    here.investigate()
    here.inspect(Finding(False, "not seen"))
    here.dismiss(given["past"])
    here.answer(Channel.LETTER, "no")
    here.object("QC-1", given["memorandum"], RULES)
    here.rule_on_objection(reopen=True, text=given["memorandum"], by=boss)
    here.involve(["warehouse"], T0 + SOON)
    here.contribute("warehouse", given["part"], word_of="foreman")
    here.remark("the phone was always busy", "switchboard")
    here.answer_remark(1, given["remark"])
    finding = Finding(True, given["finding"], ("worker-7",), given["countermeasures"])
    object.__setattr__(finding, "persons", (given["person"],))  # as with the unit below: a drawn text may be no id
    here.inspect(finding)
    here.conclude()
    here.report(given["report"])
    here.rule(given["ruling"], by=boss)
    judgement = Judgement(
        liable=Liable.US,
        unit="u1",
        disposal=given["disposal"],
        tracked=False,
        loss={"goods": cny("4711.47")},
        shares=(Share("u1"), Share("u2")),
        penalties=(ProposedPenalty("u1", amount=cny("8150.32")),),
    )
    on(case).judge(judgement, RULES)
    # Units and those penalised are ids of the house: a drawn text may be none, so it is put in their place.
    case.put_form(judgement=attrs.evolve(judgement))
    object.__setattr__(case.form.judgement, "unit", given["unit"])  # frozen, and checked where it is made
    case.penalties = (attrs.evolve(case.penalties[0], on=given["penalty"]),)
    on(case).submit(remedy(cny(300)), RULES)
    decide(case, Outcome.RETURNED, reason=given["returned"])
    on(case).submit(remedy(cny(200), compensation=cny(150)), RULES)
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
        check_unchanged(case, MalformedStep, lambda: on(case).answer(Channel.LETTER, own_words))
        return
    try:
        (event,) = on(case).answer(Channel.LETTER, own_words)
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
    counter = Counter.open().accepted(kind=QUALITY)
    judgement = Judgement(
        liable=Liable.US,
        unit="生产部" if chinese else "production line 3",
        persons=("worker seven", "worker-7", "x"),
        tracked=False,
        loss={"goods": cny("4711.47")},
        shares=(Share("生产部" if chinese else "production line 3"), Share("packing dept")),
        penalties=(ProposedPenalty("worker-7", "minor_demerit"), ProposedPenalty("x", amount=cny("8150.32"))),
    )
    counter.go("investigate", ("inspect", Finding(True, "hardened too fast")), "conclude", ("report", "淬火过快"))
    counter.go(("rule", "ok"), ("judge", judgement), ("submit", remedy(cny(10))))
    counter.do("approve", reason="ok", by="sales_manager")
    assert counter.expect_refused(InternalDisclosed, "answer", Channel.PHONE, text, by="sales").facts == {
        "field": field
    }
    # A short word of an opinion is in any letter, and stays possible.
    counter.do("answer", Channel.PHONE, "All ok now: 同意。we take it back.", by="sales")


@pytest.mark.rule(NOTICE)
def test_what_the_customer_gets_may_be_told_though_the_loss_is_the_same_amount() -> None:
    counter = Counter.open().accepted()
    counter.judged(attrs.evolve(JUDGED, loss={"compensation": cny("500.00")}, disposal="pay and forget"))
    counter.go(("submit", remedy(cny(900))), "approve")
    counter.do("revise", remedy(cny(500), text="We pay 500.00."), by="service_agent")
    counter.go("approve")
    assert counter.do("answer", Channel.PHONE, "We pay 500.00.", by="sales").state == "answered"


def decided_at_desk(**judged: Any) -> Counter:
    counter = Counter.open().accepted().judged(attrs.evolve(JUDGED, **judged))
    counter.go(("submit", remedy(cny(10))), "approve")
    return counter


def told_as(counter: Counter, text: object, error: type[DomainError] = InternalDisclosed) -> Any:
    """The facts of the refusal to tell the customer so."""
    refused = counter.expect_refused(error, "answer", Channel.LETTER, text, by="sales")
    assert counter.case.form.document.seal() not in str(refused)
    return refused.facts


@pytest.mark.rule(NOTICE)
def test_the_form_itself_is_not_given_to_the_customer_in_any_shape_and_cannot_be_declared_no_disclosure() -> None:
    counter = decided_at_desk()
    paper = counter.case.form.document
    assert isinstance(paper, Document)
    for shape in (paper, paper.text(), paper.text("zh", reveal=True), paper.html(), [WORDS], b"We", None, 7):
        assert "form" in told_as(counter, shape)["field"].split(", ")
    assert [copy.holder for copy in counter.case.form.document.copies].count("customer-1") == 0
    for text in ("", "  \n", "a\0b", "\ud800", "x" * 4001):
        told_as(counter, text, MalformedStep)
    printed = counter.case.form.document.text()
    counter.do("clear", printed, "never mind", by="service_manager")
    assert told_as(counter, printed) == {"field": "form"}


@pytest.mark.rule(NOTICE)
@pytest.mark.parametrize("channel", ["phone", "pigeon", None, 1])
def test_a_notice_goes_by_letter_or_phone_and_no_other_way(channel: Any) -> None:
    case = submitted([(None, cny(10))])
    decide(case)
    error = check_unchanged(case, MalformedStep, lambda: on(case).answer(channel, WORDS))
    assert error.facts["field"] == "channel"


@pytest.mark.rule(NOTICE)
def test_f18_the_manager_declares_a_match_no_disclosure_with_a_reason_on_the_trail() -> None:
    counter = decided_at_desk(unit="transport", persons=(), loss={"goods": cny(4321)})
    said, reason = "The means of transport is ours; lot 4321.", "an ordinary word, and the number of the lot"
    counter.expect_refused(NotPermitted, "clear", said, "an ordinary word", by="sales")
    counter.expect_refused(MalformedStep, "clear", said, " ", by="service_manager")
    assert told_as(counter, said) == {"field": "loss, unit"}
    counter.do("clear", said, reason, by="service_manager")
    line = counter.does.trail(counter.id, by=counter.who["sales"])[-1]
    assert (line.name, line.reason, line.facts["fields"]) == ("disclosure_cleared", reason, ["loss", "unit"])
    told_as(counter, said + " transport")
    assert counter.do("answer", Channel.PHONE, said, by="sales").state == "answered"
