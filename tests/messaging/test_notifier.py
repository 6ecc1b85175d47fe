"""Texts are made when they are sent, from the one place with personal data; what cannot be made is given up by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.test_contracts import failing
from csdomain.complaints.case import COMPLAINTS
from csdomain.contexts import sections
from csdomain.desk import Desk, load_rulebook
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.rules import PERSONAL_DATA, PORTS
from csdomain.kernel.rules.errors import StoreBusy
from csdomain.kernel.store.ports import DeliveryFailed, Notifier, Queued
from csdomain.messaging.ports import Directory, Gateway
from csdomain.messaging.rules import OUTBOX, TEMPLATES
from csdomain.messaging.service import RenderingNotifier
from csdomain.messaging.values import MESSAGE_RULES, Channel, Language, OutgoingText, Recipient
from csdomain.rulebook import House
from csdomain.testing import (
    Arrival,
    CollectingGateway,
    DirectoryContract,
    GatewayContract,
    MemoryDirectory,
    MovableClock,
    NotifierContract,
    accepted,
    agent,
    answered,
    closed,
    complaint_form,
    memory_desk,
    recipient,
    snapshot,
)
from csdomain.testing.messages import TEXT
from csdomain.testing.notifier import MESSAGE

CUSTOMER = "customer-1"
BOSS = "service_manager"
DEPUTY = "deputy_general_manager"
NO_HOLIDAYS = Holidays("CN", (), {}, range(2000, 2100))
HOUSE = House(load_rulebook("after_sales"), sections(), {"CN": NO_HOLIDAYS}.get)


class Down:
    """A gateway that sends nothing."""

    def __init__(self, *, definite: bool = False) -> None:
        self.definite = definite

    def deliver(self, text: OutgoingText, /) -> None:
        raise DeliveryFailed(definite=self.definite, why="connection refused")


def queued(**changes: Any) -> Queued:
    facts = {"complaint": MESSAGE.facts["complaint"], "number": "KS202603-0001"}
    return attrs.evolve(MESSAGE, facts=facts, **changes)


def directory(**changes: Any) -> MemoryDirectory:
    return MemoryDirectory({CUSTOMER: recipient(**changes)})


@pytest.fixture
def desk() -> Iterator[Desk]:
    with memory_desk() as desk:
        yield desk


# --- contracts --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PORTS, OUTBOX)
class TestRenderingNotifier(NotifierContract):
    @pytest.fixture
    def gateway(self) -> CollectingGateway:
        return CollectingGateway()

    @pytest.fixture
    def notifier(self, gateway: CollectingGateway) -> Notifier:
        return RenderingNotifier(HOUSE, gateway, directory())

    @pytest.fixture
    def delivered(self, gateway: CollectingGateway) -> Callable[[], Mapping[str, int]]:
        return lambda: dict.fromkeys(gateway.sent, 1)

    @pytest.fixture
    def broken(self) -> Notifier:
        return RenderingNotifier(HOUSE, Down(), directory())

    @pytest.fixture
    def message(self) -> Queued:
        return queued()


@pytest.mark.rule(PORTS)
class TestUnknownRecipient(TestRenderingNotifier):
    @pytest.fixture
    def broken(self) -> Notifier:
        return RenderingNotifier(HOUSE, CollectingGateway(), MemoryDirectory())


def arrived_at(gateway: CollectingGateway) -> Callable[[], Sequence[Arrival]]:
    return lambda: [Arrival(text.ref, text.address, text.text) for text in gateway.sent.values()]


@pytest.mark.rule(PORTS)
class TestCollectingGateway(GatewayContract):
    @pytest.fixture
    def gateway(self) -> Gateway:
        return CollectingGateway()

    @pytest.fixture
    def arrived(self, gateway: CollectingGateway) -> Callable[[], Sequence[Arrival]]:
        return arrived_at(gateway)

    @pytest.fixture
    def broken(self) -> Gateway:
        return Down()


PEOPLE = {
    "customer-1": recipient(),
    "客戶-2": recipient(channel=Channel.EMAIL, address="wang@example.com", language=Language.EN, name="Wang", title=""),
}


@pytest.mark.rule(PORTS)
class TestMemoryDirectory(DirectoryContract):
    @pytest.fixture
    def directory(self) -> Directory:
        return MemoryDirectory(PEOPLE)

    @pytest.fixture
    def known(self) -> Mapping[str, Recipient]:
        return PEOPLE

    @pytest.fixture
    def erase(self, directory: MemoryDirectory) -> Callable[[str], object]:
        return directory.erase


class AnswersForAnyone(MemoryDirectory):
    def recipient(self, id: str, /) -> Recipient | None:
        return super().recipient(id) or recipient()


class Strict(MemoryDirectory):
    def recipient(self, id: str, /) -> Recipient | None:
        return self._recipients[id]


class Remembers(MemoryDirectory):
    def erase(self, id: str) -> None: ...


class ErasesAll(MemoryDirectory):
    def erase(self, id: str) -> None:
        self._recipients.clear()


class ForgetsTheTitle(MemoryDirectory):
    def recipient(self, id: str, /) -> Recipient | None:
        found = super().recipient(id)
        return None if found is None else attrs.evolve(found, title="")


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("kind", [MemoryDirectory, AnswersForAnyone, Strict, Remembers, ErasesAll, ForgetsTheTitle])
def test_a_wrong_directory_is_caught(kind: type[MemoryDirectory]) -> None:
    made: list[MemoryDirectory] = []

    def one() -> MemoryDirectory:
        made.append(kind(PEOPLE))
        return made[-1]

    found = failing(DirectoryContract, directory=one, known=lambda: PEOPLE, erase=lambda: made[-1].erase)
    assert bool(found) is (kind is not MemoryDirectory)


# --- what is sent -----------------------------------------------------------------------------------------------------


@pytest.mark.rule(TEMPLATES)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL])
def test_a_complaint_tells_its_customer_and_the_superior(desk: Desk, channel: Channel, language: Language) -> None:
    """A complaint that is closed late, from the counter to the last message, in every language."""
    late = answered(desk)
    assert isinstance(desk.clock, MovableClock)
    desk.clock.advance(timedelta(days=30))
    desk.sweep()
    desk.complaints.close(late.id, "replaced", by=agent(desk, "service_agent"), at=desk.clock.now())
    people = MemoryDirectory({CUSTOMER: recipient(channel=channel, language=language)})
    queued = desk.store.look(lambda unit: unit.session.outbox(unsent=True, limit=100))
    for id in {message.to for message in queued} - {CUSTOMER}:
        people.put(id, recipient(channel=Channel.IN_APP, language=language, address=id, name="李经理"))
    gateway = CollectingGateway()
    report = desk.relay(desk.messages.notifier(gateway, people))
    assert (report.sent, report.retrying, report.dead) == (sum(m.state is MessageState.WAITING for m in queued), 0, 0)
    texts = {text.occasion.removeprefix("complaint."): text for text in gateway.sent.values()}
    told = [name for name in texts if name not in ("your_turn", "warning")]
    assert told == ["to_handle", "accepted", "to_rule", "to_decide", "answered", "overdue", "closed"]
    for text in (texts["accepted"], texts["answered"], texts["closed"]):
        assert (text.channel, text.language, text.address) == (channel, language, "+8613800138000")
        assert "王小明" in text.text
        assert ("先生" in text.text) is (language is not Language.EN)
        assert late.number in text.text
        assert late.id not in text.text, "a customer does not know our ids"
    for name, to in (("to_handle", BOSS), ("to_rule", DEPUTY), ("to_decide", BOSS), ("overdue", BOSS)):
        text = texts[name]
        assert (text.channel, text.language, text.address) == (Channel.IN_APP, language, to)
        assert late.number in text.text
        assert "王小明" not in text.text
    assert "hq" in texts["overdue"].text


@pytest.mark.rule(TEMPLATES)
def test_a_text_in_another_language_is_that_of_the_house_s_default() -> None:
    rules = {"sms": {"zh_hans": "您好，{name}"}}
    book = load_rulebook("after_sales")
    messages = attrs.evolve(book[MESSAGE_RULES], templates={"complaint.accepted": rules})
    house = House(attrs.evolve(book, parts={**book.parts, "messages": messages}), sections(), {"CN": NO_HOLIDAYS}.get)
    gateway = CollectingGateway()
    RenderingNotifier(house, gateway, directory(language=Language.EN)).send(queued())
    (text,) = gateway.sent.values()
    assert (text.text, text.language) == ("您好，王小明", Language.ZH_HANS)


@pytest.mark.rule(PERSONAL_DATA)
def test_whom_it_is_for_is_looked_up_when_it_is_sent(desk: Desk) -> None:
    accepted(desk)
    people = directory()
    people.put(CUSTOMER, recipient(name="王大明", address="+8613900139000"))  # moved, after the message was queued
    gateway = CollectingGateway()
    desk.relay(desk.messages.notifier(gateway, people))
    (text,) = gateway.sent.values()
    assert text.address == "+8613900139000"
    assert "王大明" in text.text


# --- what cannot be sent ----------------------------------------------------------------------------------------------

#: A directory or a message that makes no text, and what its failure names.
CANNOT: dict[str, tuple[MemoryDirectory, Queued, str]] = {
    "nobody": (MemoryDirectory(), queued(), "recipient"),
    "erased": (directory(address="", name="", title=""), queued(), "recipient"),
    "no name": (directory(name=""), queued(), "{name}"),
    "no text for the channel": (directory(channel=Channel.LETTER), queued(), "channel=letter"),
    "no such occasion": (directory(), queued(occasion="complaint.forgotten"), "complaint.forgotten"),
    "an unknown fact": (directory(), attrs.evolve(queued(), facts={"colour": "red"}), "{colour}"),
    "a personal fact": (directory(), attrs.evolve(queued(), facts={"name": "王小明"}), "{name}"),
    "a fact of another kind": (directory(), attrs.evolve(queued(), facts={"complaint": 7}), "{complaint}"),
    "a fact that is missing": (
        directory(channel=Channel.IN_APP, address="boss"),
        queued(occasion="complaint.overdue"),
        "{branch}",
    ),
}


@pytest.mark.rule(OUTBOX, TEMPLATES)
@pytest.mark.parametrize("name", CANNOT)
def test_what_no_text_can_be_made_of_is_surely_not_sent(name: str) -> None:
    people, message, named = CANNOT[name]
    gateway = CollectingGateway()
    notifier = RenderingNotifier(HOUSE, gateway, people)
    with pytest.raises(DeliveryFailed) as refused:
        notifier.send(message)
    assert refused.value.definite
    assert named in refused.value.why
    assert not gateway.sent
    for personal in ("王小明", "13800138000"):
        assert personal not in str(refused.value)


@pytest.mark.rule(OUTBOX, PERSONAL_DATA)
@given(st.lists(st.sampled_from(["fine", "nobody", "erased", "letter", "broken", "down"]), min_size=1, max_size=6))
def test_one_message_that_cannot_be_sent_keeps_no_other_from_leaving(fates: list[str]) -> None:
    people = MemoryDirectory(
        {
            f"{fate}-{n}": recipient(
                address="" if fate == "erased" else f"+86138001380{n:02}",
                channel=Channel.LETTER if fate == "letter" else Channel.SMS,
            )
            for n, fate in enumerate(fates)
            if fate != "nobody"
        }
    )

    class Asked:
        def recipient(self, id: str, /) -> Recipient | None:
            if id.startswith("broken"):
                raise StoreBusy(id="13800138000")
            return people.recipient(id)

    class Some(CollectingGateway):
        def deliver(self, text: OutgoingText, /) -> None:
            if text.address in down:
                raise DeliveryFailed(definite=False, why="connection refused")
            super().deliver(text)

    down = {f"+86138001380{n:02}" for n, fate in enumerate(fates) if fate == "down"}
    with memory_desk() as desk:
        ids = [closed(desk, complaint_form(customer=f"{fate}-{n}")).id for n, fate in enumerate(fates)]
        gateway = Some()
        report = desk.relay(desk.messages.notifier(gateway, Asked()))
        # Of each case three messages are for the customer, and eight for people of ours whom the directory lacks.
        count = {name: 3 * sum(fate in name.split() for fate in fates) for name in ("fine", "broken down")}
        assert (report.sent, report.retrying) == (count["fine"], count["broken down"])
        assert report.sent + report.retrying + report.dead == 11 * len(fates)
        fine = [id for id, fate in zip(ids, fates, strict=True) if fate == "fine"]
        wanted = [[id, what] for id in fine for what in ("accepted", "answered", "closed")]
        assert sorted(key.split("/")[:2] for key in gateway.sent) == sorted(wanted)
        by = agent(desk, "boss", position="service_manager")
        assert len(desk.messages.dead(by=by, limit=200)) == report.dead
        assert all(message.failure for message in desk.messages.dead(by=by, limit=200))
        everything = repr(snapshot(desk.store, (COMPLAINTS,)))
        assert "王小明" not in everything, "names and addresses are in no table of ours"
        assert "+86138" not in everything
        assert "尊敬的" not in everything


@pytest.mark.rule(OUTBOX)
def test_who_can_be_reached_again_gets_what_was_given_up(desk: Desk) -> None:
    accepted(desk)
    people, gateway = MemoryDirectory(), CollectingGateway()
    notifier = desk.messages.notifier(gateway, people)
    assert desk.relay(notifier).dead == 4
    by = agent(desk, "boss", position="service_manager")
    (dead,) = (message for message in desk.messages.dead(by=by) if message.to == CUSTOMER)
    people.put(CUSTOMER, recipient())
    desk.messages.resend(dead.key, by=by, at=desk.clock.now())
    assert desk.relay(notifier).sent == 1
    assert list(gateway.sent) == [dead.key]


@pytest.mark.rule(OUTBOX)
@pytest.mark.parametrize("definite", [True, False])
def test_what_the_gateway_says_is_passed_on(desk: Desk, definite: bool) -> None:
    accepted(desk)
    people = directory()
    people.put(BOSS, recipient(channel=Channel.IN_APP, address="boss"))
    report = desk.relay(desk.messages.notifier(Down(definite=definite), people))
    assert (report.retrying, report.dead) == (
        2 * (not definite),
        2 + 2 * definite,
    )


@pytest.mark.rule(PERSONAL_DATA)
def test_what_is_personal_is_masked_where_it_is_shown() -> None:
    shown = repr(recipient()) + repr(TEXT)
    assert TEXT.key in shown
    for personal in ("13800138000", "王小明", "尊敬的"):
        assert personal not in shown
