"""Real processes, cheap: one fresh interpreter imports everything and forks a child for each job.

A child has its own memory, its own connections and its own death. This module is the interpreter's program as well as
the test's handle on it.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs

TESTS = Path(__file__).resolve().parents[2]


@attrs.frozen
class Ended:
    """What a child came to: its answer, or the signal that killed it, or what it raised."""

    answer: Any
    signal: int
    error: str

    def value(self) -> Any:
        """The answer. Raises AssertionError where there is none."""
        assert not self.signal, f"killed by signal {self.signal}"
        assert not self.error, self.error
        return self.answer


class Nursery:
    """Runs jobs (functions of `jobs`, `load` and `goods` by name) in processes of their own, all at once."""

    def __enter__(self) -> Self:
        paths = os.pathsep.join([str(TESTS), *sys.path])
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        if kind is not None:
            self.process.kill()
        self.process.wait(30)
        self.process.stdout.close()

    def all(self, name: str, arguments: Sequence[dict[str, Any]]) -> list[Ended]:
        """One process for each of ``arguments``, all running at once."""
        self.begin([(name, given) for given in arguments])
        return self.ended()

    def begin(self, jobs: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """One process for each job, all running at once; :meth:`ended` waits for them."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(jobs) + "\n")
        self.process.stdin.flush()

    def ended(self) -> list[Ended]:
        """What each of those that were begun came to."""
        assert self.process.stdout is not None
        return [Ended(*ended) for ended in json.loads(self.process.stdout.readline())]

    def one(self, name: str, **arguments: Any) -> Ended:
        """One process."""
        return self.all(name, [arguments])[0]


# --- the interpreter's side -------------------------------------------------------------------------------------------


def fork(name: str, arguments: dict[str, Any]) -> tuple[int, int]:
    from adapters.faults import goods, jobs, load

    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    os.close(reading)
    code = 0
    with os.fdopen(writing, "w") as out:
        try:
            job = next(getattr(module, name) for module in (jobs, load, goods) if hasattr(module, name))
            out.write(json.dumps([job(**arguments), ""]))
        except BaseException:  # noqa: BLE001 - told to the test
            out.write(json.dumps([None, traceback.format_exc()]))
            code = 1
    os._exit(code)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what children print is no answer
    from adapters.faults import goods, jobs, load  # noqa: F401 - read before forking

    jobs.warm_up()
    for line in sys.stdin:
        children = [fork(name, arguments) for name, arguments in json.loads(line)]
        ended: list[tuple[Any, int, str]] = []
        for pid, reading in children:
            with os.fdopen(reading) as source:
                said = source.read()
            _, status = os.waitpid(pid, 0)
            killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            answer, error = json.loads(said) if said else (None, "" if killed else "it said nothing")
            ended.append((answer, killed, error))
        answers.write(json.dumps(ended) + "\n")
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
