"""What follows from events at once: right after the unit that recorded them, in the same call (design decision D20)."""

import logging
from collections.abc import Callable, Sequence
from enum import Enum, unique
from typing import Final, TypeVar

from .consequences import Consequence, carry_out
from .ports import Call, Clock, Store, Unit
from .unit import StandardUnit

R = TypeVar("R")
_LOG: Final = logging.getLogger("csdomain.consequences")


@unique
class Following(Enum):
    """When consequences are carried out: by a job, or at once, in the call whose unit of work caused them."""

    BY_JOB = "by_job"
    AT_ONCE = "at_once"


class AtOnce:
    """A store that, after each unit that it has committed, carries out what follows from its events. Satisfies Store.

    It is what :func:`~csdomain.kernel.store.consequences.carry_out` does, so that each record is handled exactly once
    also where a process dies in between: the next unit that something follows from, or the job, makes up for it. A
    record that refuses is tried again at once until it is parked. Whatever goes wrong behind the commit is logged and
    never raised: the use case has happened. A unit within another, or in a transaction of the host's, is followed by
    nothing: call ``desk.carry_out()`` after the host's commit.
    """

    def __init__(self, store: Store, consequences: Callable[[], Sequence[Consequence]], clock: Clock) -> None:
        self._store = store
        self._consequences = consequences
        self._clock = clock

    def look(self, work: Callable[[Unit], R], /) -> R:
        """As the store does."""
        return self._store.look(work)

    def run(self, work: Callable[[Unit], R], /, call: Call | None = None) -> R:
        """As the store does, and then what follows."""
        told: set[str] = set()

        def noting(unit: Unit) -> R:
            assert isinstance(unit, StandardUnit)  # noqa: S101 - every store hands out this one
            result = work(unit)
            told.clear()  # the unit may be run again
            told.update(unit.recorded)
            return result

        result = self._store.run(noting, call)
        followed = {name for one in self._consequences() for name in one.events} if told else told
        if told & followed:
            self._follow()
        return result

    def _follow(self) -> None:
        try:
            while True:  # what follows may have consequences of its own
                report = carry_out(self._store, self._consequences(), self._clock)
                if not report.handled and not report.refused:
                    return
        except Exception as error:  # noqa: BLE001 - the use case has happened, and the cursors stand where they stood
            _LOG.warning("what follows waits for the next time: %s", type(error).__name__)
