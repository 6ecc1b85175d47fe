"""Jobs: the work that is done again and again beside the use cases, and the engines that do it (design decision D23).

An engine only says *now*. What is to be done lies in the store and is claimed there: any number of engines on any
number of hosts may work at once and be stopped at any moment, and none of them has to know of the others.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event
from typing import Protocol

import attrs

#: Told after each unit of work of a job how many more were seen to; what it raises ends the job there.
Progress = Callable[[int], None]


class Stopping(BaseException):
    """Raised between two units of work of a job by an engine that is to stop. Nothing but an engine catches it."""


@attrs.frozen
class Job:
    """Work that comes back: its name, how often to look for it, and what does all that is there to be done now.

    ``run`` calls the function that it is given after each unit of work.
    """

    name: str
    every: timedelta
    run: Callable[[Progress], object]


class Engine(Protocol):
    """Port: does jobs until it is told to stop."""

    def run(self, jobs: Sequence[Job], stop: Event, /) -> None:
        """Do every job each time it is due, until ``stop`` is set; return when the unit of work in hand is done.

        A job that fails is logged, tried again later and later, and keeps no other job from its turn.
        """
        ...

    def wake(self, name: str, /) -> None:
        """Do a job soon: a hint, given after a commit and never inside a unit of work; it may be lost."""
        ...
