"""Contracts of a gateway and of a directory, and one of each that lives in memory (MSG-01, MSG-09)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import pytest

from csdomain.kernel.store.ports import DeliveryFailed
from csdomain.messaging.ports import Directory, Gateway
from csdomain.messaging.values import Channel, Language, OutgoingText, Recipient

TEXT: Final = OutgoingText(
    key="cmp_01k9w3v7q8d3m6y2r5t0x4n1ab/accepted",
    occasion="complaint.accepted",
    channel=Channel.SMS,
    language=Language.ZH_HANS,
    address="+8613800138000",
    text="尊敬的王小明先生，您反映的问题我们已经受理。{braces} é",
)


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


class GatewayContract:
    """A gateway sends what it is given as it is. One that says it is ``idempotent`` takes a text that comes again under
    its key for no second message; one that can be asked tells what it took.

    Give fixtures ``gateway`` and ``arrived``: the texts that have arrived at the other side, by key, each once. Where
    sending can be made to fail, give ``broken`` as well: a gateway that cannot send. Where it is for other channels
    than SMS, give ``text``.
    """

    @pytest.fixture
    def gateway(self) -> Gateway:
        """The gateway under test."""
        raise NotImplementedError("give a fixture `gateway`")

    @pytest.fixture
    def arrived(self, gateway: Gateway) -> Callable[[], Mapping[str, tuple[str, str]]]:
        """Address and text of what has arrived at the other side, by key."""
        raise NotImplementedError("give a fixture `arrived`")

    @pytest.fixture
    def broken(self) -> Gateway | None:
        """A gateway that cannot send, None where that cannot be."""
        return None

    @pytest.fixture
    def text(self) -> OutgoingText:
        """A text that the gateway can send."""
        return TEXT

    def test_what_is_sent_arrives_at_its_address_as_it_is(
        self, gateway: Gateway, arrived: Callable[[], Mapping[str, tuple[str, str]]], text: OutgoingText
    ) -> None:
        gateway.deliver(text)
        gateway.deliver(attrs.evolve(text, key="other"))
        assert dict(arrived()) == dict.fromkeys((text.key, "other"), (text.address, text.text))

    def test_the_same_key_again_is_taken_and_is_the_same_message(
        self, gateway: Gateway, arrived: Callable[[], Mapping[str, tuple[str, str]]], text: OutgoingText
    ) -> None:
        for _ in range(3 if getattr(gateway, "idempotent", False) else 1):
            gateway.deliver(text)
        assert dict(arrived()) == {text.key: (text.address, text.text)}

    def test_many_texts_are_as_many(
        self, gateway: Gateway, arrived: Callable[[], Mapping[str, tuple[str, str]]], text: OutgoingText
    ) -> None:
        wanted = {f"k{n}": (text.address, f"{text.text} {n}") for n in range(50)}
        for key, (_, said) in wanted.items():
            gateway.deliver(attrs.evolve(text, key=key, text=said))
        assert dict(arrived()) == wanted

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
