"""An engine of threads, for every store: one thread a job, which looks again and again."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Final

import attrs

from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.jobs import Job, Stopping
from csdomain_adapters.system import SystemClock, about

_LOG: Final = logging.getLogger("csdomain.worker")
_LONGEST_WAIT: Final = timedelta(minutes=5)
_MOST_DOUBLINGS: Final = 10


@attrs.frozen
class JobHealth:
    """How a job of this process fares: when it last went through, and since then how often it failed, with what."""

    name: str
    last_done: datetime | None = None
    failures: int = 0
    error: str = ""


class Poller:
    """Does each job in a thread of its own; between two looks it waits the job's interval, give or take a tenth.

    After a failure it waits twice as long, each time again, up to five minutes.
    """

    def __init__(self) -> None:
        self._due: dict[str, Event] = {}
        self._health: dict[str, JobHealth] = {}
        self._lock = Lock()

    def run(self, jobs: Sequence[Job], stop: Event, /) -> None:
        """Do the jobs until ``stop`` is set; the units of work that are under way are ended first."""
        self._due = {job.name: Event() for job in jobs}
        self._health = {job.name: JobHealth(job.name) for job in jobs}
        threads = [Thread(target=self._loop, args=(job, stop), name=f"csdomain-{job.name}") for job in jobs]
        for thread in threads:
            thread.start()
        stop.wait()
        for due in self._due.values():
            due.set()
        for thread in threads:
            thread.join()

    def wake(self, name: str, /) -> None:
        """Look for a job's work now."""
        due = self._due.get(name)
        if due is not None:
            due.set()

    def health(self) -> tuple[JobHealth, ...]:
        """How each job fares in this process."""
        with self._lock:
            return tuple(self._health.values())

    def _loop(self, job: Job, stop: Event) -> None:
        def between(_count: int) -> None:
            if stop.is_set():
                raise Stopping

        due, failures = self._due[job.name], 0
        while True:
            due.clear()
            if stop.is_set():  # asked after clearing: whoever stops wakes the thread afterwards
                return
            try:
                job.run(between)
            except Stopping:
                return
            except Exception as error:  # noqa: BLE001 - a job that fails must not end the others
                failures += 1
                code = error.code if isinstance(error, DomainError) else type(error).__name__
                _LOG.exception("the job %s failed, %s times now: %s", job.name, failures, code)
                self._note(attrs.evolve(self._health[job.name], failures=failures, error=code))
            else:
                failures = 0
                self._note(JobHealth(job.name, SystemClock().now()))
            wait = min(job.every * 2 ** min(failures, _MOST_DOUBLINGS), max(job.every, _LONGEST_WAIT))
            due.wait(about(wait.total_seconds()))

    def _note(self, health: JobHealth) -> None:
        with self._lock:
            self._health[health.name] = health
