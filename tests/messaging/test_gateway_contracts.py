"""The contracts for gateways catch gateways that are wrong: that send twice, lose, or say what is not so."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import pytest

from adapters.test_contracts import failing
from csdomain.kernel.cases.delivery import Answer, DeliveryFailed, DeliveryUnknown, NotSent, Sent
from csdomain.kernel.rules import PORTS
from csdomain.messaging.ports import Gateway
from csdomain.messaging.rules import GATEWAYS, OUTBOX
from csdomain.messaging.values import OutgoingText
from csdomain.testing import (
    Arrival,
    CollectingGateway,
    GatewayContract,
    GatewayDeathsContract,
    MovableClock,
)
from csdomain.testing.messages import TEXT


class Spool:
    """A gateway whose other side is a file, which outlives the process; it can be asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def deliver(self, text: OutgoingText, /) -> Sent | None:
        self.write(text)
        return Sent(text.ref)

    def write(self, text: OutgoingText) -> None:
        with self.path.open("a") as file:
            file.write(f"{text.ref}\t{text.address}\t{text.text}\n")

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        return Sent() if any(one.ref == text.ref for one in self.arrived()) else NotSent()

    def arrived(self) -> Sequence[Arrival]:
        return [Arrival(*line.split("\t")) for line in self.path.read_text().splitlines()]


class Deaf(Spool):
    """One that cannot be asked."""

    ask = None  # type: ignore[assignment]


class SendsTwice(Spool):
    def deliver(self, text: OutgoingText, /) -> Sent | None:
        self.write(text)
        return super().deliver(text)


class Loses(Spool):
    def deliver(self, text: OutgoingText, /) -> Sent | None:
        return Sent(text.ref)


class Shortens(Spool):
    def write(self, text: OutgoingText) -> None:
        super().write(attrs.evolve(text, text=text.text[:20]))


class Fills(Spool):
    def write(self, text: OutgoingText) -> None:
        super().write(attrs.evolve(text, text=text.text.replace("{braces}", "")))


class Overwhelmed(Spool):
    def write(self, text: OutgoingText) -> None:
        if len(self.arrived()) < 10:
            super().write(text)


class NotIdempotent(Spool):
    idempotent = True


class SaysNo(Spool):
    """It says that it has not what it has."""

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        return NotSent()


class SaysYes(Spool):
    """It says that it has what it has not."""

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        return Sent()


class SendsWhenAsked(Spool):
    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        found = super().ask(text, since)
        self.write(text)
        return found


class SaysFailed(Spool):
    """It takes a message and says that it did not."""

    def deliver(self, text: OutgoingText, /) -> Sent | None:
        self.write(text)
        raise DeliveryFailed(definite=False, why="time-out")


class Down(Spool):
    def deliver(self, text: OutgoingText, /) -> Sent | None:
        raise DeliveryFailed(definite=True, why="connection refused")


class Talkative(Spool):
    def deliver(self, text: OutgoingText, /) -> Sent | None:
        raise DeliveryFailed(definite=True, why=f"no such number {text.address}")


class Bare(Spool):
    def deliver(self, text: OutgoingText, /) -> Sent | None:
        raise ConnectionError


class Unanswered(Spool):
    def deliver(self, text: OutgoingText, /) -> Sent | None:
        self.write(text)
        raise DeliveryUnknown(why="time-out")


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as made:
        yield Path(made)


def fixtures(kind: type[Spool], folder: Path) -> dict[str, Callable[[], Any]]:
    made: list[Spool] = []

    def gateway() -> Spool:
        made.append(kind(folder / f"spool{len(made)}"))
        return made[-1]

    def tmp_path() -> Path:
        path = folder / f"deaths{len(made)}"
        path.mkdir()
        return path

    return {
        "gateway": gateway,
        "arrived": lambda: made[-1].arrived,
        "text": lambda: TEXT,
        "broken": lambda: None,
        "unanswered": lambda: None,
        "clock": MovableClock,
        "tmp_path": tmp_path,
        "proves": lambda: False,
        "stride": lambda: 3,
    }


@pytest.mark.rule(PORTS)
class TestSpool(GatewayContract):
    @pytest.fixture
    def gateway(self, tmp_path: Path) -> Gateway:
        return Spool(tmp_path / "spool")

    @pytest.fixture
    def arrived(self, gateway: Spool) -> Callable[[], Sequence[Arrival]]:
        return gateway.arrived

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Gateway:
        return Down(tmp_path / "down")

    @pytest.fixture
    def unanswered(self, tmp_path: Path) -> Gateway:
        return Unanswered(tmp_path / "unanswered")


@pytest.mark.rule(OUTBOX, GATEWAYS)
@pytest.mark.faults
class TestSpoolUnderDeaths(GatewayDeathsContract):
    @pytest.fixture
    def gateway(self, tmp_path: Path) -> Gateway:
        return Spool(tmp_path / "spool")

    @pytest.fixture
    def arrived(self, gateway: Spool) -> Callable[[], Sequence[Arrival]]:
        return gateway.arrived

    @pytest.fixture
    def proves(self) -> bool:
        return True

    @pytest.fixture
    def stride(self) -> int:
        return 2


@pytest.mark.rule(OUTBOX, GATEWAYS)
class TestDeafUnderDeaths(TestSpoolUnderDeaths):
    @pytest.fixture
    def gateway(self, tmp_path: Path) -> Gateway:
        return Deaf(tmp_path / "spool")

    @pytest.fixture
    def proves(self) -> bool:
        return False


#: Gateways that are wrong when nothing else is.
WRONG = (SendsTwice, Loses, Shortens, Fills, Overwhelmed, NotIdempotent, SaysNo, SaysYes, SendsWhenAsked, SaysFailed)


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("kind", [Spool, *WRONG])
def test_a_wrong_gateway_is_caught(kind: type[Spool], folder: Path) -> None:
    assert bool(failing(GatewayContract, **fixtures(kind, folder))) is (kind is not Spool)


#: How the other side fails, the fixture that says so, and whether what the gateway makes of it is right.
FAILING: dict[type[Spool], tuple[str, bool]] = {
    Down: ("broken", True),
    Unanswered: ("unanswered", True),
    Spool: ("broken", False),
    Loses: ("unanswered", False),
    Talkative: ("broken", False),
    Bare: ("broken", False),
    SaysFailed: ("unanswered", False),
}


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("kind", FAILING)
def test_a_gateway_that_says_a_failure_wrongly_is_caught(kind: type[Spool], folder: Path) -> None:
    name, right = FAILING[kind]
    given = {**fixtures(Spool, folder), name: lambda: kind(folder / "failing")}
    assert bool(failing(GatewayContract, **given)) is not right


@pytest.mark.rule(OUTBOX, GATEWAYS)
@pytest.mark.parametrize("kind", [SendsTwice, Loses, NotIdempotent, SaysNo, SaysYes, SaysFailed, Down])
@pytest.mark.faults
def test_a_wrong_gateway_is_caught_under_deaths(kind: type[Spool], folder: Path) -> None:
    assert failing(GatewayDeathsContract, **fixtures(kind, folder))


def test_what_a_collecting_gateway_keeps_is_kept_once() -> None:
    gateway = CollectingGateway()
    for _ in range(3):
        gateway.deliver(TEXT)
    assert (list(gateway.sent), gateway.deliveries) == ([TEXT.key], 3)
