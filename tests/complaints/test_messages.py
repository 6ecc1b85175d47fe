"""What complaints tell is declared, carries what was declared, and has a text in every house that tells it (MSG-01)."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest

import csdomain.complaints.effects as effects_module
from csdomain.complaints.ports import FINANCE, PERSONNEL, WAREHOUSE
from csdomain.complaints.values import OCCASIONS, Goods, Remedy
from csdomain.desk import load_rulebook
from csdomain.kernel.store.ports import Queued
from csdomain.kernel.values.money import Money
from csdomain.messaging.rules import TEMPLATES
from csdomain.messaging.values import MESSAGE_RULES
from csdomain.testing import MovableClock, accepted, closed, complaint_form, decided, memory_desk, staff

DECLARED = {occasion.name: occasion for occasion in OCCASIONS}


@pytest.mark.rule(TEMPLATES)
def test_the_occasions_told_are_those_declared() -> None:
    tree = ast.parse(Path(str(effects_module.__file__)).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {ast.unparse(call.func).rpartition(".")[2]: [] for call in calls}  # type: ignore[var-annotated]
    for call in calls:
        named[ast.unparse(call.func).rpartition(".")[2]].append(call)
    #: How an occasion is told, and which argument says it.
    ways = {"told": 2, "tell": 1, "message": 2}
    said = [call.args[place] for way, place in ways.items() for call in named[way] if len(call.args) > place]
    texts = [text.value for each in said for text in ast.walk(each) if isinstance(text, ast.Constant)]
    assert {f"complaint.{text!s}" for text in texts} == DECLARED.keys()


@pytest.mark.rule(TEMPLATES)
def test_a_message_carries_every_fact_of_its_occasion_and_no_other() -> None:
    clock = MovableClock()
    desk = memory_desk(clock=clock)
    who, does = staff(desk), desk.complaints
    remedy = Remedy(
        granted=Money.of(300, "CNY"),
        compensation=Money.of(100, "CNY"),
        returns=(Goods("engine", "2026-01", 1),),
        text="take it back",
    )
    id = decided(desk, complaint_form(claimed=Money.of(300, "CNY")), remedy=remedy).id
    slip = does.draw_slip(id, "truck", by=who["sales"], at=clock.now()).number
    does.sign_slip(id, slip, by=who["deputy_general_manager"], at=clock.now())
    does.take_in(id, slip, [Goods("engine", "2026-01", 1)], by=who["warehouse_keeper"], at=clock.now())
    paper = does.draw_certificate(id, Money.of(100, "CNY"), by=who["sales"], at=clock.now()).number
    does.sign_certificate(id, paper, by=who["deputy_general_manager"], at=clock.now())
    does.countersign_certificate(id, paper, by=who["sales"], at=clock.now())
    other = accepted(desk).id
    does.mark(other, harm=True, by=who["service_agent"], at=clock.now())
    does.assign(other, "service_agent", by=who["service_manager"], at=clock.now())
    does.promise(other, clock.now() + timedelta(days=1), by=who["service_agent"], at=clock.now())
    does.remark(other, "the lift is slow", "facilities", by=who["service_agent"], at=clock.now())
    does.involve(other, ["production"], clock.now() + timedelta(days=2), by=who["service_agent"], at=clock.now())
    closed(desk)
    desk.sweep(clock.advance(timedelta(days=40)))

    queued: list[Queued] = list(desk.store.look(lambda unit: list(unit.session.outbox(unsent=False, limit=1000))))
    assert len({message.occasion for message in queued}) >= 18
    for message in queued:
        assert message.facts.keys() == DECLARED[message.occasion].placeholders.keys()
        assert (message.to in (WAREHOUSE, FINANCE, PERSONNEL)) <= DECLARED[message.occasion].internal


@pytest.mark.rule(TEMPLATES)
@pytest.mark.parametrize("book", ["after_sales", "medical_centre", "fleet"])
def test_every_customer_is_told_in_words_of_the_house(book: str) -> None:
    texts = load_rulebook(book)[MESSAGE_RULES].templates
    outward = {occasion.name for occasion in OCCASIONS if not occasion.internal}
    assert outward <= texts.keys()
    assert all(set(texts[name]["sms"]) == {"zh_hans", "zh_hant", "en"} for name in outward)
