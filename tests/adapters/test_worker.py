"""Engines: the poller against the contract, and what cron makes of intervals."""

import logging
import threading
import time
from datetime import timedelta
from threading import Event

import pytest

from csdomain.kernel.rules.errors import StoreBusy
from csdomain.kernel.store.jobs import Job, Progress
from csdomain.testing.engines import PATIENCE, SOON, Counted, EngineContract, Working
from csdomain_adapters.worker import Poller
from csdomain_adapters.worker.procrastinate import cron


class TestPoller(EngineContract):
    engine = Poller


def test_the_health_of_jobs_is_told(caplog: pytest.LogCaptureFixture) -> None:
    fine, tried = Counted("fine"), Event()

    def busy(_progress: Progress) -> None:
        tried.set()
        raise StoreBusy

    poller = Poller()
    with caplog.at_level(logging.ERROR, "csdomain.worker"):
        working = Working(poller, [fine.job, Job("busy", SOON, busy)])
        assert fine.reached.wait(PATIENCE)
        assert tried.wait(PATIENCE)
        working.end()
    health = {each.name: each for each in poller.health()}
    assert health["fine"].last_done is not None
    assert (health["busy"].last_done, health["busy"].error) == (None, "store_busy")
    assert health["busy"].failures >= 1
    assert "the job busy failed, 1 times now: store_busy" in caplog.text


class StopsWhenAsked(Event):
    """Is set between the moment that the job's thread asks and the moment that it goes on."""

    def is_set(self) -> bool:
        was = super().is_set()
        if not was and threading.current_thread().name == "csdomain-idle":
            self.set()
            time.sleep(0.1)  # the engine wakes its threads meanwhile
        return was


def test_a_stop_is_seen_at_whatever_moment_it_comes() -> None:
    """A job with long intervals must not keep the engine for one of them."""
    stop, idle = StopsWhenAsked(), Job("idle", timedelta(minutes=10), lambda _progress: None)
    engine = threading.Thread(target=Poller().run, args=([idle], stop), daemon=True)
    engine.start()
    engine.join(PATIENCE)
    assert not engine.is_alive()


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        (1, "* * * * * */5"),
        (7, "* * * * * */6"),
        (59, "* * * * * */30"),
        (60, "*/1 * * * *"),
        (7 * 60, "*/6 * * * *"),
        (3600, "0 */1 * * *"),
        (7 * 3600, "0 */7 * * *"),
        (86400, "0 3 * * *"),
        (7 * 86400, "0 3 * * *"),
    ],
)
def test_intervals_become_cron_lines(seconds: int, line: str) -> None:
    assert cron(timedelta(seconds=seconds)) == line
