"""Grave complaints go to the deputy in charge at once, come first, get a letter; who sees to whom (CMP-16, CMP-17)."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import BOSS, Counter, levels_book
from complaints.hand import on
from complaints.model import RULES, accept, cny, received, remedy
from csdomain.complaints.case import Complaint
from csdomain.complaints.case.columns import GRAVE as GRAVE_COLUMN
from csdomain.complaints.rules import GRAVE, HANDLED, HARM
from csdomain.complaints.values import CaseClass, Channel, Classification, MalformedStep
from csdomain.kernel.papers.approvals import BeyondAuthority
from csdomain.kernel.rules.errors import NotPermitted, RuleBroken
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.values.actors import ActorId, MalformedActor
from csdomain.testing import accepted, agent, complaint_form, memory_desk
from csdomain.testing import received as received_at


@pytest.mark.rule(GRAVE)
@pytest.mark.parametrize("when", ["at acceptance", "before it", "long after"])
def test_the_deputy_is_told_at_once_whenever_it_turns_out_to_be_grave(when: str) -> None:
    counter = Counter.open()
    if when == "before it":
        counter.receive(complaint_form())
        counter.do("mark", by=BOSS, reason="the press has called")
    else:
        counter.accepted(grave=when == "at acceptance")
    if when == "long after":
        assert counter.messages("grave") == []
        counter.judged()
        counter.go("mark")
    (told,) = counter.messages("grave")
    assert (told.to, told.created_at) == (BOSS, counter.clock.now())  # in the very unit of work
    assert counter.case.grave
    if when == "before it":
        counter.go("check", "accept")
        assert counter.case.grave  # acceptance as an ordinary one does not undo it
    counter.go("mark")
    assert len(counter.messages("grave")) == 1


@pytest.mark.rule(GRAVE, HARM)
def test_harm_makes_it_grave_and_is_told_even_where_grave_was_told_before() -> None:
    counter = Counter.open().accepted(grave=True)
    counter.do("mark", by="service_agent", harm=True)
    assert (counter.case.grave, counter.case.harm) == (True, True)
    assert [counter.told(occasion) for occasion in ("grave", "harm")] == [[BOSS], [BOSS]]
    counter.go("mark")
    assert counter.case.harm  # what was marked stays so


@pytest.mark.rule(GRAVE)
@given(st.booleans(), st.booleans(), st.sampled_from(Channel))
def test_a_grave_one_is_answered_by_letter_and_an_ordinary_one_by_either(
    grave: bool, established: bool, channel: Channel
) -> None:
    counter = Counter.open()
    if established:
        counter.submitted(remedy(cny(10)), grave=grave)
        counter.go("approve")
    else:
        counter.accepted(grave=grave)
        counter.go("dismiss")
    if grave and channel is not Channel.LETTER:
        assert counter.expect(RuleBroken, ("answer", channel, "We are sorry.")).rule is GRAVE
        channel = Channel.LETTER
    counter.go(("answer", channel, "We are sorry."))
    assert counter.messages("answered")[-1].facts["channel"] == channel.value


@pytest.mark.rule(GRAVE)
@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_grave_ones_come_first_in_the_queue(drawn: list[bool]) -> None:
    desk = memory_desk()
    ids = {accepted(desk, grave=grave).id: grave for grave in drawn}
    query: Query[Complaint] = Query(order_by=GRAVE_COLUMN.name, descending=True)
    page = desk.complaints.queue(query, by=agent(desk))
    assert [case.grave for case in page.items] == sorted(drawn, reverse=True)
    assert {case.id: case.grave for case in page.items} == ids


@pytest.mark.rule(GRAVE, HANDLED)
def test_the_deputy_passes_it_on_and_it_is_theirs_from_then_on() -> None:
    counter = Counter.open().submitted(remedy(cny(10)), grave=True)
    counter.go("approve", "answer")
    for bad in ("", "x" * 65, "a\nb", "li@example.com"):
        counter.expect(MalformedActor, ("assign", bad), by=BOSS)
    counter.go(("assign", "service_manager"), by="service_manager")  # in person
    counter.do("assign", "agent-9", by=BOSS, reason="knows the customer")
    case = counter.case
    assert (case.handler, case.owner) == ("agent-9", "agent-9")
    assert counter.told("assigned") == ["service_manager", "agent-9"]
    nine = counter.desk.actor("agent-9", branch="hq", positions=("service_agent",))
    assert [c.id for c in counter.desk.complaints.queue(by=nine).items] == [counter.id]
    counter.expect(NotPermitted, "close")  # it was theirs, and is no more
    counter.go("close", by=nine)


@pytest.mark.rule(HANDLED)
@pytest.mark.parametrize(("book", "told"), [("after_sales", "service_manager"), (levels_book(), "supervisor")])
def test_whoever_is_at_fault_the_manager_hears_of_every_customer_who_complains(book: Any, told: str) -> None:
    desk = memory_desk(book)
    by = agent(desk, position="service_agent")
    for n in range(3):
        received_at(desk, complaint_form(customer=f"customer-{n}"), by=by)
    queued = desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=100))
    assert [message.to for message in queued if message.occasion == "complaint.to_handle"] == [told] * 3


marks = st.tuples(st.just("mark"), st.booleans())
names = st.tuples(st.just("assign"), st.sampled_from(["agent-1", "agent-9", "boss"]))


@pytest.mark.rule(GRAVE, HANDLED, HARM)
@given(st.lists(marks | names, max_size=6))
def test_marks_stay_and_the_last_named_has_it_and_nothing_else_changes(tried: list[tuple[str, Any]]) -> None:
    case = received()
    accept(case)
    before = attrs.evolve(case)
    for act, given_ in tried:
        if act == "mark":
            on(case).mark(harm=given_)
        else:
            on(case).assign(ActorId(given_))
    marked = [given_ for act, given_ in tried if act == "mark"]
    named = [given_ for act, given_ in tried if act == "assign"]
    assert (case.grave, case.harm) == (bool(marked), any(marked))
    assert (case.handler, case.owner) == ((named[-1], named[-1]) if named else (None, before.owner))
    may_change = ("grave", "harm", "handler", "owner", "urgency", "waits", "handed", "told")
    restored = attrs.evolve(case, **{name: getattr(before, name) for name in may_change})
    assert restored == before


@pytest.mark.rule(GRAVE, HARM)
def test_f05_harm_by_a_treatment_goes_to_the_director_and_is_answered_by_letter() -> None:
    counter = Counter.open("medical_centre")
    counter.receive(complaint_form(), by="customer_service")
    counter.do("handle", Classification("treatment", "harm"), by="health_manager")
    assert (counter.case.grave, counter.case.harm) == (True, True)
    assert counter.told("harm") == ["branch_director"]
    counter.expect(BeyondAuthority, ("propose", remedy(cny(0))), by="health_manager")
    counter.go(("propose", remedy(cny(0))), by="branch_director")
    counter.go("satisfy", by="health_manager")
    assert counter.expect(RuleBroken, "close", by="health_manager").rule is GRAVE
    counter.expect(RuleBroken, ("answer", Channel.PHONE, "We are sorry."), by="health_manager")
    counter.go("answer", "close", by="health_manager")


@pytest.mark.rule(GRAVE)
@pytest.mark.parametrize("name", ["grave", "harm"])
def test_f05_a_cause_that_is_grave_is_one_of_the_class(name: str) -> None:
    with pytest.raises(MalformedStep):
        CaseClass(False, ("waiting",), **{name: ("waiting", "harm")})
    case, kind = received(), CaseClass(False, ("waiting",), **{name: ("waiting",)})
    rules = attrs.evolve(RULES, classes={"service": kind})
    on(case).check("ours")
    on(case).accept(Classification("service", "waiting"), rules, grave=False)
    assert (case.grave, case.harm) == (True, name == "harm")
