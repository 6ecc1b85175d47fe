"""What somebody types for one message stands in one place, where erasing finds it, and nowhere else (D12, KRN-14)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from adapters.harness import BACKENDS, Desks, Statements
from adapters.test_erasure import kept
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.rules.errors import NotPermitted, RuleBroken
from csdomain.messaging.rules import DRIVERS_CARE, INTERNAL
from csdomain.messaging.service import TEXT_CASES, InboxGateway
from csdomain.messaging.values import Audience, Channel, Language
from csdomain.testing.cases import CaseContract, by, numbered
from csdomain_adapters.sql import SqlStore

from .test_campaigns import Selling
from .test_preferences_contract import hand
from .writing import Writing, book

ON = '[messages.greetings.drivers_care]\nby = "customer_representative"\n'
MARK = "wyvern"
TYPED = ("message.notice", "message.drivers_care", "marketing.spring")
NAMED = f"Mr {MARK} of unit 7 snores"


def holds(desk: Any, mark: str = MARK) -> bool:
    """Whether a mark stands in any column of any row of any table, or in a file of the database."""
    return mark in repr(list(kept(desk)))


def in_the_outbox(desk: Any) -> bool:
    found = desk.store.look(lambda unit: unit.session.outbox(state=None, unsent=False, limit=100))
    return MARK in repr([(one.key, one.facts, one.failure) for one in found])


def given_up(office: Writing) -> dict[str, str]:
    """What was given up, and why, as whoever runs the service sees it."""
    dead = office.messages.dead(by=office.who["service_manager"])
    return {one.key: one.failure for one in dead if one.occasion in TYPED}


@pytest.fixture(params=BACKENDS)
def office(request: pytest.FixtureRequest, desks: Desks) -> Writing:
    return Writing(desk=desks(request.param, rulebook=book(ON)))


@pytest.mark.rule(PERSONAL_DATA, INTERNAL, DRIVERS_CARE)
def test_what_was_typed_is_found_by_erasing_and_what_waits_of_it_is_not_sent_but_listed(office: Writing) -> None:
    customer, messages = office.customer(), office.messages
    office.known("finance", channel=Channel.IN_APP)
    first = office.call(messages.care_for, customer, NAMED)
    told = office.call(messages.notify, "finance", NAMED, customer)
    assert holds(office.desk), "else this looks at nothing"
    assert not in_the_outbox(office.desk)
    office.relay()
    assert {key: MARK in office.gateway.sent[key].text for key in (first, told)} == {first: True, told: True}
    waits = office.call(messages.care_for, customer, NAMED)
    notice = office.call(messages.notify, "finance", NAMED, customer)
    office.call(office.desk.erase_customer, customer)
    assert not holds(office.desk)
    assert office.relay() == []
    assert given_up(office) == dict.fromkeys((waits, notice), "its text was erased")
    assert {m.facts["message"] for m in office.outbox("message.failed")} == {waits, notice}
    office.call(messages.resend, notice)
    assert office.relay("finance") == [], "there is nothing to send any more"
    assert office.desk.verify().faults == ()


@pytest.mark.rule(PERSONAL_DATA, INTERNAL)
def test_a_notice_that_names_nobody_is_erased_by_its_id_and_the_inbox_shows_it_without_its_text() -> None:
    office = Writing()
    office.known("ann", channel=Channel.IN_APP, address="ann")
    key = office.call(office.messages.notify, "ann", NAMED)
    gateway = InboxGateway(office.desk.store, office.desk.clock)
    office.desk.relay(office.messages.notifier(gateway, office.directory))
    ann = office.desk.actor("ann", branch="hq", positions=())
    read = office.messages.inbox
    assert [item.text for item in read(by=ann, language=Language.EN)] == [f"general_manager: {NAMED}"]
    office.call(office.messages.texts.erase, key.partition("/")[0])
    assert [(item.key, item.text) for item in read(by=ann, language=Language.EN)] == [(key, "")]
    assert not holds(office.desk)


@pytest.mark.rule(PERSONAL_DATA)
def test_who_has_a_customer_s_data_given_out_gets_what_was_typed_of_them() -> None:
    office = Writing(ON)
    customer = office.customer()
    office.call(office.messages.care_for, customer, NAMED)
    assert MARK in repr(office.call(office.desk.export_customer, customer))


@pytest.mark.rule(PERSONAL_DATA)
def test_a_campaign_whose_text_was_erased_sends_nothing_in_its_place() -> None:
    office = Selling()
    customer = office.customer()
    office.agrees(customer)
    id = office.begun(customer, texts={"zh_hans": NAMED})
    office.desk.plan()
    assert not in_the_outbox(office.desk)
    office.call(office.messages.campaigns.erase, id)
    assert not holds(office.desk)
    assert office.relay() == []
    assert given_up(office) == {f"{id}/{customer}": "its text was erased"}


@pytest.mark.rule(PERSONAL_DATA)
@pytest.mark.parametrize("how", ["stop", "reply", "consent"])
def test_nothing_else_that_is_typed_of_messages_outlives_erasing(how: str) -> None:
    office = Selling()
    customer = office.customer()
    if how == "stop":
        id = office.draft(Audience(customers=(customer,)))
        office.call(office.messages.campaigns.stop, id, NAMED)
        office.call(office.messages.campaigns.erase, id)
    elif how == "reply":
        office.call(office.messages.preferences.replied, customer, Channel.SMS, NAMED)
        assert not holds(office.desk), "what is no stop word is not kept at all"
    else:
        office.says("consent", customer, Channel.SMS, NAMED, "form")
        office.call(office.desk.erase_customer, customer)
    assert not holds(office.desk)


@pytest.mark.rule(PERMITTED, PERSONAL_DATA)
def test_a_text_is_read_by_who_wrote_it_and_by_who_may_read_all() -> None:
    office = Writing()
    id = office.call(office.messages.notify, "finance", NAMED).partition("/")[0]
    mine = office.desk.actor("u-7", branch="hq", positions=("customer_representative",))
    with pytest.raises(NotPermitted):
        office.messages.texts.get(id, by=mine)
    own = office.messages.notify("finance", NAMED, by=mine, at=office.desk.clock.advance(timedelta(minutes=1)))
    assert office.messages.texts.get(own.partition("/")[0], by=mine).text == NAMED


@pytest.mark.rule(PERSONAL_DATA)
def test_nothing_is_typed_of_a_customer_who_is_gone() -> None:
    office = Writing(ON)
    gone = office.customer()
    office.call(office.desk.erase_customer, gone)
    for does, given in (("notify", ("finance", "x", gone)), ("care_for", (gone, "x"))):
        with pytest.raises(RuleBroken):
            office.call(getattr(office.messages, does), *given)


@pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
class TestTexts(CaseContract):
    """Typed texts as a kind of case."""

    cases = TEXT_CASES
    rulebook = book(ON)
    backends = ("memory", "sqlite")
    samples: ClassVar = {
        "notify": by("general_manager", "finance", "The bank is closed.", "customer-1"),
        "care_for": numbered("general_manager", lambda n: (f"customer-{n}", "Take a break.")),
    }
    asks: ClassVar = {"care_for": ("SELECT csd_contact_preferences",)}
    ids = frozenset({"notify.to", "notify.customer", "care_for.customer"})
    untold = frozenset(one.name for one in TEXT_CASES.section.occasions if not one.typed)

    hand = staticmethod(hand)

    @pytest.fixture
    def open_desk(self, desks: Desks) -> Callable[[str], Any]:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def said_by(self, desk: Any) -> Any:
        return Statements(desk.store).of if isinstance(desk.store, SqlStore) else None

    def does(self, desk: Any) -> Any:
        return desk.messages.texts
