"""A relay whose process is killed, with a gateway under test: no message leaves twice, and each one's fate is known or
listed (MSG-09, D22)."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Final

import attrs
import pytest

import csdomain.desk
from csdomain.kernel.cases.delivery import Answer, MessageState, Queued, Sent, StillUnknown
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.events import TimerReminded
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.ports import Unit
from csdomain.messaging.ports import Gateway
from csdomain.messaging.values import OutgoingText

from .kit import MovableClock, no_holidays
from .messages import Arrival, _GatewayFixtures

_S = MessageState
#: What talks to the world: a process is killed before and after each call of a method of these.
_OUTWARD: Final = frozenset({"_socket", "socket", "_ssl", "ssl", "sqlite3"})
#: Of those, what it is killed before, and after: the rest (``settimeout``, ``fileno``) moves nothing.
_BEFORE: Final = ("connect", "send", "recv", "read", "write", "commit", "execute")
_AFTER: Final = ("send", "write", "commit")
#: As long as it is asked for what is unknown, and some more.
_ASKS: Final = (0, 6, 10, 50, 200, 600)


@attrs.frozen
class _Fixed:
    """A notifier that sends one text under the key of each message."""

    gateway: Any
    text: OutgoingText

    def _of(self, message: Queued) -> OutgoingText:
        return attrs.evolve(self.text, key=message.key, resent=message.resent)

    @property
    def idempotent(self) -> bool:
        return bool(getattr(self.gateway, "idempotent", False))

    def send(self, message: Queued, /) -> Sent | None:
        sent: Sent | None = self.gateway.deliver(self._of(message))
        return sent

    def ask(self, message: Queued, /) -> Answer:
        ask = getattr(self.gateway, "ask", None)
        answer: Answer = StillUnknown() if ask is None else ask(self._of(message), message.tried_at)
        return answer


class _Points:
    """Counts the calls that move something outside of the process, and kills it before or after one of them."""

    def __init__(self, turn: int) -> None:
        self.turn, self.seen = turn, 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "return"):
            if frame.f_code.co_name in ("deliver", "ask"):
                self.pass_by()
            return
        owner = type(getattr(argument, "__self__", None))
        name = getattr(argument, "__name__", "").lstrip("_")
        if owner.__module__ in _OUTWARD and name.startswith(_BEFORE if event == "c_call" else _AFTER):
            self.pass_by()

    def pass_by(self) -> None:
        self.seen += 1
        if self.seen == self.turn:
            os.kill(os.getpid(), signal.SIGKILL)


class GatewayDeathsContract(_GatewayFixtures):
    """A process that relays is killed at every point where it talks to the gateway or the database: no message arrives
    twice, none is said to have left that did not, and what nobody knows is listed as *lost*.

    Give the fixtures of :class:`GatewayContract`, and ``clock`` where the gateway and its other side tell the time.
    Give ``proves`` as True where the gateway can say for sure that it did not take a message: then none is lost.
    Every ``stride``-th point is tried. It forks processes, and needs the extra ``sql``.
    """

    @pytest.fixture
    def proves(self) -> bool:
        """Whether the gateway can say that it surely did not take a message."""
        return False

    @pytest.fixture
    def stride(self) -> int:
        """Every so many points a process is killed."""
        return 1

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
    def test_who_dies_while_sending_sends_nothing_twice(
        self,
        gateway: Gateway,
        arrived: Callable[[], Sequence[Arrival]],
        text: OutgoingText,
        clock: MovableClock,
        proves: bool,
        stride: int,
        tmp_path: Path,
    ) -> None:
        relayed = _Relays(tmp_path / "deaths.db", _Fixed(gateway, text), clock)
        points = relayed.dies(0, "whole")
        assert points > 4, "it talks to the gateway and the database"
        states = {"whole": relayed.goes_on("whole")}
        for turn in range(1, points + 1, stride):
            key = f"k{turn}"
            relayed.dies(turn, key)
            states[key] = relayed.goes_on(key)
        came = [one.ref for one in arrived()]
        for key, state in states.items():
            count = came.count(attrs.evolve(text, key=key).ref)
            assert count <= 1, f"{key}: it arrived {count} times"
            assert state in (_S.SENT, _S.LOST), f"{key}: {state.value} is no fate of a message that nobody refused"
            assert state is _S.LOST or count == 1, f"{key}: it is said to have left, and did not arrive"
            assert state is _S.SENT or not proves, f"{key}: the gateway knows, and it was given up"
        assert states["whole"] is _S.SENT


@cache
def _with_tables() -> bytes:
    """An SQLite file with every table: made once, for its migrations take longer than all the rest."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "tables.db")
        with csdomain.desk.open(f"sqlite:///{file}", "after_sales", holidays=no_holidays(), clock=MovableClock()):
            pass
        return file.read_bytes()


class _Relays:
    """A desk in a file, relayed by processes that die and by one that does not."""

    def __init__(self, file: Path, notifier: _Fixed, clock: MovableClock) -> None:
        file.write_bytes(_with_tables())
        self._url, self._notifier, self._clock = f"sqlite:///{file}", notifier, clock
        self._book = csdomain.desk.load_rulebook("after_sales")
        with self._desk() as desk:
            desk.relay(notifier)  # what is done for the first time is done before any process is forked

    def _desk(self) -> csdomain.desk.Desk:
        options: dict[str, Any] = {"synchronous": "OFF"}  # processes are killed here, and no power is cut
        return csdomain.desk.open(
            self._url, self._book, clock=self._clock, holidays=no_holidays(), upgrade=False, **options
        )

    def _queue(self, key: str) -> None:
        def work(unit: Unit) -> None:
            at = self._clock.now()
            event = TimerReminded(subject=key, by=SYSTEM, at=at, timer="a", found_at=at)
            unit.record([event], [Message(key, self._notifier.text.occasion, "customer-1", {})])

        with self._desk() as desk:
            desk.store.run(work)

    def dies(self, turn: int, key: str) -> int:
        """Queue a message and relay it in a process that is killed at the ``turn``-th point; how many it passed."""
        self._queue(key)
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # threads of the other side stay behind, which is meant
            child = os.fork()
        if not child:
            seen = 0
            try:
                seen = self._relay(turn)
            finally:
                os.write(writing, seen.to_bytes(4, "big"))
                os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as said:
            seen = int.from_bytes(said.read(), "big")
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert seen > 0 or killed, "the relay failed"
        return seen

    def _relay(self, turn: int) -> int:
        points = _Points(turn)
        with self._desk() as desk:
            sys.setprofile(points)
            try:
                desk.relay(self._notifier)
            finally:
                sys.setprofile(None)
        return points.seen

    def goes_on(self, key: str) -> MessageState:
        """Relay again, in a process that lives, until the fate of a message is known or listed."""
        with self._desk() as desk:
            for minutes in _ASKS:
                self._clock.advance(timedelta(minutes=minutes))
                desk.relay(self._notifier)
            found = desk.store.look(lambda unit: unit.session.message(key))
        assert found is not None
        return found.state
