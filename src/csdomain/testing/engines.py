"""Contract of engines: jobs are done again and again, apart from each other, until the engine is stopped (D23)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event, Lock, Thread
from time import monotonic

from csdomain.kernel.store.jobs import Engine, Job, Progress, Stopping

#: So long a test waits for what should have happened long before.
PATIENCE = 30.0
SOON = timedelta(milliseconds=10)


class Working:
    """An engine at work in a thread."""

    def __init__(self, engine: Engine, jobs: Sequence[Job]) -> None:
        self.stop = Event()
        self.thread = Thread(target=engine.run, args=(jobs, self.stop))
        self.thread.start()

    def end(self) -> float:
        """Stop it; the seconds that it took."""
        begun = monotonic()
        self.stop.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "an engine that is stopped returns"
        return monotonic() - begun


class Counted:
    """A job that counts its turns, in units of which each is told."""

    def __init__(self, name: str, *, units: int = 1, every: timedelta = SOON) -> None:
        self.turns, self.units, self.reached = 0, 0, Event()
        self.wanted = 3
        self._lock = Lock()
        self._length = units
        self.job = Job(name, every, self.run)

    def run(self, progress: Progress) -> None:
        """One turn."""
        for _ in range(self._length):
            with self._lock:
                self.units += 1
            progress(1)
        with self._lock:
            self.turns += 1
            if self.turns >= self.wanted:
                self.reached.set()


class EngineContract:
    """What every engine does. A subclass says how one is made: ``engine``."""

    engine: Callable[[], Engine]

    def test_every_job_has_its_turns_again_and_again(self) -> None:
        jobs = [Counted("one"), Counted("two", units=3)]
        working = Working(type(self).engine(), [each.job for each in jobs])
        assert all(each.reached.wait(PATIENCE) for each in jobs)
        working.end()
        assert jobs[1].units >= 3 * jobs[1].turns

    def test_a_job_that_fails_keeps_no_other_from_its_turn_and_is_tried_again(self) -> None:
        failing, other = Counted("failing"), Counted("other")

        def fails(progress: Progress) -> None:
            failing.run(progress)
            raise KeyError("broken")

        working = Working(type(self).engine(), [Job("failing", SOON, fails), other.job])
        assert failing.reached.wait(PATIENCE)
        assert other.reached.wait(PATIENCE)
        working.end()

    def test_it_ends_between_two_units_of_work_and_never_in_one(self) -> None:
        inside, told, stopped, done = Event(), Event(), list[BaseException](), list[str]()

        def endless(progress: Progress) -> None:
            while True:
                inside.set()
                done.append("begun")
                told.wait(PATIENCE)  # it is told to stop in the midst of a unit
                done.append("ended")
                try:
                    progress(1)
                except BaseException as error:
                    stopped.append(error)
                    raise

        working = Working(type(self).engine(), [Job("endless", SOON, endless)])
        assert inside.wait(PATIENCE)
        working.stop.set()
        told.set()
        working.end()
        assert done == ["begun", "ended"]
        assert [type(error) for error in stopped] == [Stopping]

    def test_stopping_does_not_wait_for_the_next_turn(self) -> None:
        rare = Counted("rare", every=timedelta(hours=1))
        rare.wanted = 1
        working = Working(type(self).engine(), [rare.job])
        assert rare.reached.wait(PATIENCE)
        assert working.end() < PATIENCE / 2

    def test_a_job_that_is_woken_has_its_turn_at_once(self) -> None:
        rare, engine = Counted("rare", every=timedelta(hours=1)), type(self).engine()
        rare.wanted = 1
        working = Working(engine, [rare.job])
        assert rare.reached.wait(PATIENCE)
        rare.wanted, rare.reached = 2, Event()
        begun = monotonic()
        while not rare.reached.wait(0.01) and monotonic() - begun < PATIENCE:
            engine.wake("rare")
        working.end()
        assert rare.turns >= 2
        engine.wake("nobody")  # a hint about nothing is nothing
