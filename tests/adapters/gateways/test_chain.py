"""Several gateways as one: the next takes over only where the one before surely did not take the message (MSG-12)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import attrs
import pytest

from csdomain.kernel.cases.delivery import (
    Answer,
    DeliveryFailed,
    DeliveryUnknown,
    NotSent,
    Postponed,
    Sent,
    StillUnknown,
    Suppressed,
)
from csdomain.kernel.rules import PORTS
from csdomain.messaging.rules import GATEWAYS, OUTBOX
from csdomain.messaging.values import Channel, OutgoingText
from csdomain.testing import Arrival, CollectingGateway, GatewayContract, GatewayDeathsContract
from csdomain.testing.messages import TEXT
from csdomain_adapters.gateways.chain import Chain
from messaging.test_gateway_contracts import Spool

pytestmark = pytest.mark.rule(GATEWAYS)
NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
HERE = DeliveryFailed(definite=False, why="no money")


@attrs.define
class Gate:
    """A gateway that does what it is told, and notes that it was called."""

    does: Sent | Exception = attrs.field(factory=Sent)
    says: Answer | None = None
    called: int = 0

    def deliver(self, text: OutgoingText, /) -> Sent:
        self.called += 1
        if isinstance(self.does, Exception):
            raise self.does
        return self.does

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        return self.says or StillUnknown()


#: What a gateway may do, and whether the next is tried.
OUTCOMES: list[tuple[Sent | Exception, bool]] = [
    (Sent("a:1"), False),
    (HERE, True),
    (DeliveryFailed(definite=True, why="no such number"), False),
    (DeliveryUnknown(why="time-out"), False),
    (Postponed(until=NOW + timedelta(hours=1)), False),
    (Suppressed(why="opted out"), False),
    (ConnectionError(), False),
]


@pytest.mark.parametrize(("first", "second"), [*product(range(len(OUTCOMES)), repeat=2)])
def test_the_next_is_tried_only_where_the_one_before_surely_did_not_take_it(first: int, second: int) -> None:
    gates = [Gate(OUTCOMES[first][0]), Gate(OUTCOMES[second][0]), Gate(Sent("c:1"))]
    chain = Chain({Channel.SMS: gates})
    goes_on = [OUTCOMES[first][1], OUTCOMES[first][1] and OUTCOMES[second][1]]
    tried = 1 + sum(goes_on)
    last = gates[tried - 1].does
    if isinstance(last, Exception):
        with pytest.raises(type(last)) as caught:
            chain.deliver(TEXT)
        assert caught.value is last
    else:
        assert chain.deliver(TEXT) == last
    assert [gate.called for gate in gates] == [1] * tried + [0] * (3 - tried)


def test_where_none_takes_it_the_last_one_says_why() -> None:
    last = DeliveryFailed(definite=False, why="b")
    with pytest.raises(DeliveryFailed) as caught:
        Chain({Channel.SMS: [Gate(HERE), Gate(last)]}).deliver(TEXT)
    assert caught.value is last


def test_a_channel_without_gateways_is_final() -> None:
    with pytest.raises(DeliveryFailed) as caught:
        Chain({Channel.EMAIL: [Gate()]}).deliver(TEXT)
    assert caught.value.definite
    assert "sms" in caught.value.why
    assert isinstance(Chain({}).ask(TEXT, NOW), NotSent)


ANSWERS: list[Answer] = [Sent("x:1"), NotSent(), StillUnknown()]


@pytest.mark.parametrize("said", [*product(range(3), repeat=3)])
def test_it_was_not_sent_only_where_every_one_says_so(said: Sequence[int]) -> None:
    chain = Chain({Channel.SMS: [Gate(says=ANSWERS[n]) for n in said]})
    found = chain.ask(TEXT, NOW)
    expected = Sent if 0 in said else StillUnknown if 2 in said else NotSent
    assert isinstance(found, expected)


def test_one_that_cannot_be_asked_proves_nothing() -> None:
    assert isinstance(Chain({Channel.SMS: [Gate(says=NotSent()), CollectingGateway()]}).ask(TEXT, NOW), StillUnknown)


def test_a_chain_is_idempotent_only_where_no_second_gateway_can_take_it() -> None:
    one, other = CollectingGateway(), CollectingGateway()
    assert Chain({Channel.SMS: [one], Channel.EMAIL: [other]}).idempotent
    assert not Chain({Channel.SMS: [one, other]}).idempotent
    assert not Chain({Channel.SMS: [one], Channel.EMAIL: [Gate()]}).idempotent


class Poor(Spool):
    """It has no money for every other message."""

    def deliver(self, text: OutgoingText, /) -> Sent | None:
        if int(text.ref[0], 16) % 2:
            raise HERE
        return super().deliver(text)


@pytest.mark.rule(PORTS, OUTBOX)
class TestChain(GatewayContract):
    @pytest.fixture
    def gateway(self, tmp_path: Path) -> Chain:
        return Chain({Channel.SMS: [Poor(tmp_path / "spool"), Spool(tmp_path / "spool")]})

    @pytest.fixture
    def arrived(self, gateway: Chain) -> Callable[[], Sequence[Arrival]]:
        first = gateway.gateways[Channel.SMS][0]
        assert isinstance(first, Spool)
        return first.arrived


@pytest.mark.rule(PORTS, OUTBOX)
@pytest.mark.faults
class TestChainUnderDeaths(GatewayDeathsContract):
    @pytest.fixture
    def gateway(self, tmp_path: Path) -> Chain:
        return Chain({Channel.SMS: [Poor(tmp_path / "spool"), Spool(tmp_path / "spool")]})

    @pytest.fixture
    def arrived(self, gateway: Chain) -> Callable[[], Sequence[Arrival]]:
        first = gateway.gateways[Channel.SMS][0]
        assert isinstance(first, Spool)
        return first.arrived

    @pytest.fixture
    def proves(self) -> bool:
        return True

    @pytest.fixture
    def stride(self) -> int:
        return 3
