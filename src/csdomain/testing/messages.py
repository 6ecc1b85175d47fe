"""Contracts of a gateway and of a directory, and one of each that lives in memory (MSG-01, MSG-09)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import pytest

from csdomain.kernel.cases.delivery import Answer, DeliveryFailed, DeliveryUnknown, NotSent, Sent, StillUnknown
from csdomain.messaging.ports import Directory, Gateway
from csdomain.messaging.values import Channel, Language, OutgoingText, Recipient

from .kit import MovableClock

TEXT: Final = OutgoingText(
    key="cmp_01k9w3v7q8d3m6y2r5t0x4n1ab/accepted",
    occasion="complaint.accepted",
    channel=Channel.SMS,
    language=Language.ZH_HANS,
    address="+8613800138000",
    text="尊敬的王小明先生，您反映的问题我们已经受理。{braces} é",
    values={"name": "王小明", "title": "先生"},
)


@attrs.frozen
class Arrival:
    """A message that has arrived at the other side of a gateway."""

    ref: str
    address: str
    text: str


class CollectingGateway:
    """A gateway that keeps what it is given, by key and in order; what comes again under its key is kept once."""

    idempotent = True

    def __init__(self) -> None:
        self.sent: dict[str, OutgoingText] = {}
        self.deliveries = 0

    def deliver(self, text: OutgoingText, /) -> None:
        """Keep the text."""
        self.deliveries += 1
        self.sent.setdefault(text.key, text)


class MemoryDirectory:
    """A directory of the recipients it is given, by id."""

    def __init__(self, recipients: Mapping[str, Recipient] | None = None) -> None:
        self._recipients = dict(recipients or {})

    def put(self, id: str, recipient: Recipient) -> None:
        """Note whom ``id`` stands for."""
        self._recipients[id] = recipient

    def erase(self, id: str) -> None:
        """Forget whom ``id`` stands for."""
        self._recipients.pop(id, None)

    def recipient(self, id: str, /) -> Recipient | None:
        """Whom ``id`` stands for."""
        return self._recipients.get(id)


def recipient(**changes: Any) -> Recipient:
    """Somebody to write to: a text message in simplified Chinese, with ``changes``."""
    usual: dict[str, Any] = {"channel": Channel.SMS, "address": "+8613800138000", "language": Language.ZH_HANS}
    return Recipient(**{**usual, "name": "王小明", "title": "先生", **changes})


class _GatewayFixtures:
    @pytest.fixture
    def gateway(self) -> Gateway:
        """The gateway under test."""
        raise NotImplementedError("give a fixture `gateway`")

    @pytest.fixture
    def arrived(self, gateway: Gateway) -> Callable[[], Sequence[Arrival]]:
        """What has arrived at the other side, each time that it did."""
        raise NotImplementedError("give a fixture `arrived`")

    @pytest.fixture
    def text(self) -> OutgoingText:
        """A text that the gateway can send."""
        return TEXT

    @pytest.fixture
    def clock(self) -> MovableClock:
        """The clock that the gateway and its other side tell the time by, where they ask for it."""
        return MovableClock()


class GatewayContract(_GatewayFixtures):
    """A gateway sends what it is given as it is, once a call. One that says it is ``idempotent`` takes a text that
    comes again under its reference for no second message; one that can be asked tells what it took.

    Give fixtures ``gateway`` and ``arrived``: what has arrived at the other side, each time that it did. Where sending
    can be made to fail, give ``broken`` as well: a gateway that cannot send; and ``unanswered``: one whose other side
    takes the text and says nothing. Where it is for other channels than SMS, give ``text``.
    """

    @pytest.fixture
    def broken(self) -> Gateway | None:
        """A gateway that cannot send, None where that cannot be."""
        return None

    @pytest.fixture
    def unanswered(self) -> Gateway | None:
        """A gateway whose other side takes the text and does not answer, None where that cannot be."""
        return None

    def test_what_is_sent_arrives_at_its_address_as_it_is(
        self, gateway: Gateway, arrived: Callable[[], Sequence[Arrival]], text: OutgoingText
    ) -> None:
        other = attrs.evolve(text, key="other")
        gateway.deliver(text)
        gateway.deliver(other)
        assert list(arrived()) == [Arrival(one.ref, text.address, text.text) for one in (text, other)]

    def test_the_same_reference_again_is_taken_and_is_the_same_message(
        self, gateway: Gateway, arrived: Callable[[], Sequence[Arrival]], text: OutgoingText
    ) -> None:
        for _ in range(3 if getattr(gateway, "idempotent", False) else 1):
            gateway.deliver(text)
        assert list(arrived()) == [Arrival(text.ref, text.address, text.text)]

    def test_many_texts_are_as_many(
        self, gateway: Gateway, arrived: Callable[[], Sequence[Arrival]], text: OutgoingText
    ) -> None:
        wanted = [attrs.evolve(text, key=f"k{n}") for n in range(50)]
        for one in wanted:
            gateway.deliver(one)
        assert [one.ref for one in arrived()] == [one.ref for one in wanted]

    def test_what_is_asked_for_is_answered(
        self, gateway: Gateway, arrived: Callable[[], Sequence[Arrival]], text: OutgoingText, clock: MovableClock
    ) -> None:
        ask: Callable[[OutgoingText, datetime], Answer] | None = getattr(gateway, "ask", None)
        if ask is None:
            return
        since = clock.now()
        assert isinstance(ask(text, since), (NotSent, StillUnknown)), "what was never sent is not said to be"
        gateway.deliver(text)
        assert isinstance(ask(text, since), (Sent, StillUnknown)), "what was sent is not said not to be"
        assert len(arrived()) == 1, "asking sends nothing"

    def test_a_failure_is_said_and_holds_no_personal_data(self, broken: Gateway | None, text: OutgoingText) -> None:
        if broken is None:
            return
        with pytest.raises(DeliveryFailed) as caught:
            broken.deliver(text)
        assert isinstance(caught.value.definite, bool)
        assert caught.value.why
        for personal in (text.address, text.text):
            assert personal not in caught.value.why
            assert personal not in str(caught.value)

    def test_no_answer_is_not_said_to_be_a_failure(self, unanswered: Gateway | None, text: OutgoingText) -> None:
        if unanswered is None:
            return
        with pytest.raises(DeliveryUnknown) as caught:
            unanswered.deliver(text)
        for personal in (text.address, text.text):
            assert personal not in str(caught.value)


class DirectoryContract:
    """A directory says whom an id stands for now; where it cannot, it says None and raises nothing.

    Give fixtures ``directory``, ``known`` (ids and whom they stand for, at least one) and ``erase``: what erases
    somebody's data.
    """

    @pytest.fixture
    def directory(self) -> Directory:
        """The directory under test."""
        raise NotImplementedError("give a fixture `directory`")

    @pytest.fixture
    def known(self, directory: Directory) -> Mapping[str, Recipient]:
        """Whom the directory knows, by id."""
        raise NotImplementedError("give a fixture `known`")

    @pytest.fixture
    def erase(self, directory: Directory) -> Callable[[str], object]:
        """Erases what is personal of an id."""
        raise NotImplementedError("give a fixture `erase`")

    def test_who_is_known_is_found_whole(self, directory: Directory, known: Mapping[str, Recipient]) -> None:
        assert known
        for _ in range(2):
            assert {id: directory.recipient(id) for id in known} == known

    @pytest.mark.parametrize("id", ["", "nobody", "x" * 120, "a b", "客戶", "'; --", "%", "*", "../x"])
    def test_nobody_is_none(self, directory: Directory, known: Mapping[str, Recipient], id: str) -> None:
        assert id not in known
        assert directory.recipient(id) is None

    def test_who_was_erased_cannot_be_reached_any_more(
        self, directory: Directory, known: Mapping[str, Recipient], erase: Callable[[str], object]
    ) -> None:
        before = dict(known)
        gone, *others = before
        erase(gone)
        assert directory.recipient(gone) is None
        assert {id: directory.recipient(id) for id in others} == {id: before[id] for id in others}

    def test_who_is_found_is_not_shown_in_clear(self, directory: Directory, known: Mapping[str, Recipient]) -> None:
        for id in known:
            found = directory.recipient(id)
            assert found is not None
            assert found.address not in repr(found)
