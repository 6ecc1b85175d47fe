"""Contract of a notifier: it delivers or says that it did not (KRN-15)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import attrs
import pytest

from csdomain.kernel.cases.delivery import NotSent, Sent, StillUnknown
from csdomain.kernel.store.ports import DeliveryFailed, Notifier, Queued

MESSAGE = Queued(
    "cmp_01k9w3v7q8d3m6y2r5t0x4n1ab/accepted",
    "complaint.accepted",
    "customer-1",
    {"complaint": "cmp_01k9w3v7q8d3m6y2r5t0x4n1ab", "n": 1, "ok": True, "none": None, "text": "客戶 é"},
    datetime(2026, 3, 4, 2, 0, tzinfo=UTC),
    attempts=1,
)


class NotifierContract:
    """A notifier sends what it is given. One that says it is ``idempotent`` takes a message that comes again under its
    key for no second one; one that can be asked tells what it took.

    Give fixtures ``notifier`` and ``delivered``: what has arrived at the other side, by key, and how often there.
    Where delivery can be made to fail, give ``broken`` as well: a notifier whose gateway is down. Where it takes only
    certain occasions, give ``message``: one that it can deliver.
    """

    @pytest.fixture
    def notifier(self) -> Notifier:
        """The notifier under test."""
        raise NotImplementedError("give a fixture `notifier`")

    @pytest.fixture
    def delivered(self, notifier: Notifier) -> Callable[[], Mapping[str, int]]:
        """How often each key has arrived at the other side."""
        raise NotImplementedError("give a fixture `delivered`")

    @pytest.fixture
    def broken(self) -> Notifier | None:
        """A notifier that cannot deliver, None where that cannot be."""
        return None

    @pytest.fixture
    def message(self) -> Queued:
        """A message that the notifier can deliver."""
        return MESSAGE

    def test_what_is_sent_arrives(
        self, notifier: Notifier, delivered: Callable[[], Mapping[str, int]], message: Queued
    ) -> None:
        notifier.send(message)
        notifier.send(attrs.evolve(message, key="other"))
        assert set(delivered()) == {message.key, "other"}

    def test_the_same_key_again_is_taken_and_is_the_same_message(
        self, notifier: Notifier, delivered: Callable[[], Mapping[str, int]], message: Queued
    ) -> None:
        said = getattr(notifier, "idempotent", False)
        if not (said(message) if callable(said) else said):
            return
        notifier.send(message)
        notifier.send(attrs.evolve(message, attempts=2))
        assert dict(delivered()) == {message.key: 1}, "the receiver tells by the key"

    def test_what_is_asked_for_is_answered(
        self, notifier: Notifier, delivered: Callable[[], Mapping[str, int]], message: Queued
    ) -> None:
        ask = getattr(notifier, "ask", None)
        if ask is None:
            return
        assert isinstance(ask(message), (NotSent, StillUnknown)), "what was never sent is not said to be"
        notifier.send(message)
        assert isinstance(ask(message), (Sent, StillUnknown)), "what was sent is not said not to be"
        assert set(delivered()) == {message.key}, "asking sends nothing"

    def test_many_messages_are_as_many(
        self, notifier: Notifier, delivered: Callable[[], Mapping[str, int]], message: Queued
    ) -> None:
        keys = {f"k{n}" for n in range(50)}
        for key in sorted(keys):
            notifier.send(attrs.evolve(message, key=key))
        assert set(delivered()) == keys

    def test_a_failure_is_said_and_holds_no_personal_data(self, broken: Notifier | None, message: Queued) -> None:
        if broken is None:
            return
        with pytest.raises(DeliveryFailed) as caught:
            broken.send(message)
        assert isinstance(caught.value.definite, bool)
        assert caught.value.why
        assert message.to not in str(caught.value)
