"""The shipped notifiers, clock and ids pass their contracts."""

from collections.abc import Callable, Mapping

import pytest

from csdomain.kernel.rules import PORTS, TIME
from csdomain.kernel.store.ports import Clock, Notifier
from csdomain.kernel.values.ids import IdSource
from csdomain.testing import ClockContract, IdSourceContract, MovableClock, NotifierContract, SequentialIds
from csdomain_adapters.notify import CollectingNotifier
from csdomain_adapters.system import SystemClock, SystemIds, jitter


@pytest.mark.rule(PORTS)
class TestCollectingNotifier(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return CollectingNotifier()

    @pytest.fixture
    def delivered(self, notifier: CollectingNotifier) -> Callable[[], Mapping[str, int]]:
        return lambda: dict.fromkeys(notifier.sent, 1)


@pytest.mark.rule(TIME)
class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


@pytest.mark.rule(TIME)
class TestMovableClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return MovableClock()


@pytest.mark.rule(PORTS)
class TestSystemIds(IdSourceContract):
    @pytest.fixture
    def ids(self) -> IdSource:
        return SystemIds()


@pytest.mark.rule(PORTS)
class TestSequentialIds(IdSourceContract):
    @pytest.fixture
    def ids(self) -> IdSource:
        return SequentialIds()


def test_waits_grow_up_to_a_bound() -> None:
    for attempt in range(1, 40):
        assert all(0 <= jitter(attempt) <= min(0.25, 0.002 * 2.0**attempt) for _ in range(20))
    assert len({jitter(12) for _ in range(20)}) > 1, "waits differ, so that two writers do not meet again"
