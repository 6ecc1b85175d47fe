"""What the tests of consequences and of the planner share: a store that dies, rows that show what was done."""

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from adapters.harness import sql_factory
from csdomain.kernel.cases.events import Moved
from csdomain.kernel.store.ports import OpenStore, Unit
from csdomain.kernel.store.registers import Mode, Register
from csdomain.kernel.store.unit import Backstage
from csdomain.kernel.values.actors import ActorId
from csdomain.testing import MovableClock, SequentialIds
from csdomain.testing.base import ALWAYS
from csdomain_adapters.memory.store import MemoryStore

R = TypeVar("R")


@attrs.frozen
class Done:
    """Something that must be done once: a second time is a conflict, which nothing hides."""

    key: str
    place: int = 0


DONE = Register(Done, "test_done", Mode.APPEND, key=("key",), indexes=(("place",),))


class Died(BaseException):
    """The process died: nothing catches it but the test."""


class Mortal:
    """A store on which a process dies: in its ``at``-th unit of work, or right after that was committed."""

    def __init__(self, store: OpenStore, at: int = 0, *, after: bool = False) -> None:
        self.store, self.at, self.after, self.units = store, at, after, 0

    def run(self, work: Callable[[Unit], R], /, call: Any = None) -> R:
        self.units += 1
        if self.units != self.at:
            return self.store.run(work, call)
        if self.after:
            self.store.run(work, call)
            raise Died

        def dying(unit: Unit) -> R:
            work(unit)
            raise Died

        return self.store.run(dying, call)

    def look(self, work: Callable[[Unit], R], /) -> R:
        return self.store.look(work)


@attrs.frozen(kw_only=True)
class Happened(Moved):
    """Something happened."""

    name = "happened"
    nth: int


@attrs.frozen(kw_only=True)
class Passed(Moved):
    """Something that nobody follows."""

    name = "passed"
    nth: int


class Place:
    """A store with a clock, in memory or at a URL."""

    def __init__(self, url: str = "") -> None:
        self.clock, self.ids = MovableClock(), SequentialIds()
        backstage = Backstage(lambda _name: ALWAYS, self.ids)
        self.store: OpenStore = sql_factory(url)((DONE,), backstage) if url else MemoryStore(backstage)

    def happen(self, *numbers: int, kind: type[Happened] | type[Passed] = Happened) -> None:
        """Events, each in a unit of its own."""
        for nth in numbers:
            event = kind(subject="spc_1", by=ActorId("u-1"), at=self.clock.now(), move="x", source="", dest="", nth=nth)
            self.store.run(lambda unit: unit.record([event]))  # noqa: B023 - run at once

    def do(self, unit: Unit, key: str) -> None:
        """What must happen once; its place says in which order."""
        [row] = unit.register(DONE).sums()
        unit.register(DONE).put([Done(key, row.count)])

    def done(self) -> list[str]:
        """What was done, in order."""
        return [row.key for row in self.store.look(lambda unit: unit.register(DONE).rows(order_by=("place",))).items]
