"""The house's own people read within the app what they are told, by the same road as all messages (MSG-13)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

from csdomain.kernel.cases.delivery import own_ref
from csdomain.messaging.ports import Gateway
from csdomain.messaging.rules import INTERNAL, OUTBOX
from csdomain.messaging.service import InboxGateway
from csdomain.messaging.values import Channel, Language
from csdomain.testing import Arrival, GatewayContract, MovableClock, memory_desk
from csdomain.testing.messages import TEXT

from .writing import Writing


@pytest.mark.rule(INTERNAL)
def test_a_notice_is_in_the_inbox_of_a_person_or_of_everybody_of_a_position_until_it_is_read() -> None:
    office = Writing()
    messages, clock = office.messages, office.desk.clock
    for who in ("finance", "ann"):
        office.known(who, channel=Channel.IN_APP, address=who)
    keys = [office.call(messages.notify, who, "The bank is closed.") for who in ("finance", "ann")]
    office.desk.relay(messages.notifier(InboxGateway(office.desk.store, clock), office.directory))
    ann = office.desk.actor("ann", branch="hq", positions=("finance",))
    found = messages.inbox(by=ann, language=Language.EN)
    assert sorted((item.key, item.text, item.read_at) for item in found) == [
        (key, "general_manager: The bank is closed.", None) for key in sorted(keys)
    ]
    bob = office.desk.actor("bob", branch="hq", positions=("records_clerk",))
    assert messages.inbox(by=bob) == []
    assert messages.mark_read(keys, by=bob, at=clock.now()) == 0
    assert [messages.mark_read(keys, by=ann, at=clock.now()) for _ in range(2)] == [2, 0]
    assert all(item.read_at == clock.now() for item in messages.inbox(by=ann))
    assert messages.inbox(by=ann, after=clock.now() + timedelta(minutes=1)) == []
    office.call(office.messages.notify, "ann", "Again.")
    assert len(messages.inbox(by=ann, limit=1)) == 1


class Ticking(MovableClock):
    """A clock that goes on each time that it is looked at."""

    def now(self) -> datetime:
        return self.advance(timedelta(seconds=1))


@pytest.mark.rule(OUTBOX)
class TestInboxGateway(GatewayContract):
    """The inbox as a gateway."""

    @pytest.fixture
    def desk(self) -> Any:
        return memory_desk("fleet")

    @pytest.fixture
    def text(self) -> Any:
        return attrs.evolve(TEXT, address="ann", text="")

    @pytest.fixture
    def gateway(self, desk: Any) -> Gateway:
        return InboxGateway(desk.store, Ticking())

    @pytest.fixture
    def arrived(self, desk: Any) -> Callable[[], Sequence[Arrival]]:
        """By their keys, which their references are made of; texts are made as they are read."""
        by = desk.actor("ann", branch="hq", positions=())
        return lambda: [Arrival(own_ref(item.key), "ann", item.text) for item in desk.messages.inbox(by=by, limit=1000)]
