"""Contract of units beside each other: no lost update, snapshots, and what waits for what (KRN-12)."""

import threading
from collections.abc import Callable

import attrs

from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.unit import StandardUnit

from .base import PICK, SPECIMENS, Ability, Contract, Rig

WAIT = 10.0


class Beside(threading.Thread):
    """Work in a thread of its own; what it raised is raised where it is waited for."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised again in join
            self._error = error

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        if self._error is not None:
            raise self._error


def beside(work: Callable[[], object]) -> Beside:
    """``work`` begun in a thread of its own."""
    thread = Beside(work)
    thread.start()
    return thread


class ConcurrencyContract(Contract):
    """Units in several threads at once."""

    def test_looking_sees_one_snapshot_and_does_not_wait(self, rig: Rig) -> None:
        specimen = rig.stored(rig.specimen(size=1))
        written, looked = threading.Event(), threading.Event()
        seen: list[int | None] = []

        def write(unit: StandardUnit) -> None:
            loaded = unit.load(SPECIMENS, specimen.id, may=PICK, by=rig.actor())
            loaded.size = 2
            unit.of(SPECIMENS).save(loaded)
            written.set()
            assert looked.wait(WAIT if Ability.READS_BESIDE_A_WRITER in rig.abilities else 0.2) or seen == []

        def look() -> None:
            seen.append(rig.get(specimen.id).size)
            looked.set()

        writer = beside(lambda: rig.run(write))
        assert written.wait(WAIT)
        reader = beside(look)
        reader.join(WAIT)
        writer.join(WAIT)
        assert seen == [1 if Ability.READS_BESIDE_A_WRITER in rig.abilities else 2]

    def test_a_look_does_not_see_what_is_committed_meanwhile(self, rig: Rig) -> None:
        specimen = rig.stored(rig.specimen(size=1))

        def work(unit: Unit) -> tuple[int | None, int | None]:
            first = unit.of(SPECIMENS).get(specimen.id).size
            changed = rig.specimen(size=1)

            def write() -> None:
                rig.run(lambda u: u.of(SPECIMENS).save(attrs.evolve(specimen, size=2)))
                rig.run(lambda u: u.of(SPECIMENS).add(changed))

            if Ability.READS_BESIDE_A_WRITER in rig.abilities:
                beside(write).join(WAIT)
            assert len(unit.of(SPECIMENS).find().items) == 1
            return first, unit.of(SPECIMENS).get(specimen.id).size

        assert rig.store.look(work) == (1, 1)

    def test_writers_at_once_lose_no_update(self, rig: Rig) -> None:
        specimen = rig.stored(rig.specimen(size=0))

        def increment(unit: StandardUnit) -> int:
            loaded = unit.load(SPECIMENS, specimen.id, may=PICK, by=rig.actor())
            loaded.size = (loaded.size or 0) + 1
            unit.of(SPECIMENS).save(loaded)
            return unit.session.next_number("series")

        numbers: list[int] = []

        def work() -> None:
            for _ in range(8):
                numbers.append(rig.run(increment))  # noqa: PERF401 - each as it comes

        threads = [beside(work) for _ in range(4)]
        for thread in threads:
            thread.join(6 * WAIT)
        assert sorted(numbers) == list(range(1, 33))
        assert (rig.get(specimen.id).size, rig.get(specimen.id).version) == (32, 33)

    def test_units_on_different_records_run_at_once_where_it_says_so(self, rig: Rig) -> None:
        one = rig.stored()
        begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

        def slow(unit: StandardUnit) -> None:
            unit.load(SPECIMENS, one.id, may=PICK, by=rig.actor())
            begun.set()
            assert go_on.wait(WAIT)

        def other() -> None:
            rig.stored(rig.specimen(colour="quick"))
            done.set()

        first = beside(lambda: rig.run(slow))
        assert begun.wait(WAIT)
        second = beside(other)
        beside_it = done.wait(WAIT if Ability.WRITES_BESIDE_A_WRITER in rig.abilities else 0.2)
        go_on.set()
        first.join(WAIT)
        second.join(WAIT)
        assert beside_it == (Ability.WRITES_BESIDE_A_WRITER in rig.abilities)
        assert done.is_set()
