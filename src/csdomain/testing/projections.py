"""Contract of projections: rows that follow from events stand and fall with them, and are made again as they were."""

from collections.abc import Iterable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.projections import PROJECTED, RebuildReport, begin, rebuild, unfinished
from csdomain.kernel.store.unit import StandardUnit

from .base import PICK, PICKING, SPECIMEN, SPECIMENS, Contract, Rig, SpecimenPicked, examples, raising
from .concurrency import WAIT, beside
from .samples import PICKS, Pick

#: What happens to a specimen: so much is picked (a heavy one makes two rows, 0 none), or all of it is forgotten.
_happenings = st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 1, 2, "forget"]))
#: What is damaged, and which of the rows that are there, or none.
_damage = st.lists(
    st.tuples(st.sampled_from(["drop", "change", "stray", "alien", "all"]), st.integers(0, 99)), max_size=4
)


class _Died(BaseException):
    """The process died: nothing catches it but the test."""


class ProjectionContract(Contract):
    """Rows that follow from the events of specimens."""

    def test_rows_are_written_with_their_event_or_not_at_all(self, rig: Rig) -> None:
        specimen = rig.stored()
        _happens(rig, specimen.id, 2)
        before = _rows(rig)
        assert [(row.subject, row.weight) for row in before] == [(specimen.id, 2), (specimen.id, 2)]

        def fails(unit: StandardUnit) -> None:
            unit.record([rig.picked(specimen.id, weight=1)])
            unit.record([rig.picked(specimen.id, forgotten=True)])
            raise KeyError

        with pytest.raises(KeyError):
            rig.run(fails)
        assert _rows(rig) == before

    def test_what_ends_a_subject_takes_its_rows_and_nobody_else_s(self, rig: Rig) -> None:
        one, other = rig.stored(), rig.stored()
        for id in (one.id, other.id):
            _happens(rig, id, 1)

        def both(unit: StandardUnit) -> None:
            unit.record([rig.picked(one.id, weight=1), _forgotten(rig, one.id), rig.picked(one.id, weight=1)])

        rig.run(both)
        assert sorted(row.subject for row in _rows(rig)) == sorted([one.id, other.id])

    def test_an_event_of_the_same_name_elsewhere_makes_none(self, rig: Rig) -> None:
        rig.run(lambda unit: unit.record([rig.picked("oth_1", weight=1)]))
        assert _rows(rig) == []

    def test_rebuilt_is_as_it_was_whatever_happened_and_was_damaged(self, rig: Rig) -> None:
        @examples(30)
        @given(st.lists(_happenings, max_size=8), _damage, st.integers(1, 3))
        def law(history: list[tuple[int, Any]], damage: list[tuple[str, int]], batch: int) -> None:
            ids = [rig.stored().id for _ in range(4)]
            for nth, what in history:
                _happens(rig, ids[nth], what)
            live = _rows(rig)
            assert live == _oracle(rig)
            for kind, which in damage:
                rows = [None, *_rows(rig)]
                _damaged(rig, kind, rows[which % len(rows)], ids[0])
            broken, told = _rows(rig), list[int]()
            report = rebuild(rig.store, PICKING.derived, batch=batch, progress=told.append)
            assert _rows(rig) == live
            assert (report.added, report.dropped) == (len(set(live) - set(broken)), len(set(broken) - set(live)))
            assert report.cases == sum(told) >= len(ids)
            again = rebuild(rig.store, PICKING.derived)
            assert (again.added, again.dropped) == (0, 0), "what is right is left alone"

        law()

    def test_cut_short_anywhere_it_goes_on_and_ends_the_same(self, rig: Rig) -> None:
        ids = [rig.stored().id for _ in range(7)]
        for id in ids:
            _happens(rig, id, 1)
        live = _rows(rig)
        seen: list[int] = []
        for at in (1, 2, 3):
            rig.run(lambda unit: unit.register(PICKS).drop())

            def die(cases: int, at: int = at) -> None:
                seen.append(cases)
                if len(seen) == at:
                    raise _Died

            with pytest.raises(_Died):
                rebuild(rig.store, PICKING.derived, batch=2, progress=die)
            assert _rows(rig) == live[: 2 * at]
            assert rig.store.look(unfinished) == (PICKING.name,)
            report = rebuild(rig.store, PICKING.derived, batch=2, progress=seen.append)
            assert (_rows(rig), report.cases, sum(seen)) == (live, 7 - 2 * at, 7)
            assert rig.store.look(unfinished) == ()
            seen.clear()

    def test_what_happens_between_two_batches_is_there_afterwards(self, rig: Rig) -> None:
        ids = [rig.stored().id for _ in range(6)]
        for id in ids:
            _happens(rig, id, 1)
        rig.run(lambda unit: unit.register(PICKS).drop())
        steps = iter([(ids[0], 1), (ids[5], "forget"), (ids[1], "forget"), (rig.stored().id, 2)])

        def meanwhile(_: int) -> None:
            for id, what in (*[next(steps, ("", 0))], (ids[3], 1)):
                if id:
                    _happens(rig, id, what)

        rebuild(rig.store, PICKING.derived, batch=1, progress=meanwhile)
        assert _rows(rig) == _oracle(rig)

    def test_others_work_beside_it(self, rig: Rig) -> None:
        ids = [rig.stored().id for _ in range(12)]
        for id in ids:
            _happens(rig, id, 1)
        rig.run(lambda unit: unit.register(PICKS).drop())

        def work(mine: list[str]) -> None:
            for nth, id in enumerate(mine):
                _happens(rig, id, "forget" if nth % 2 else 2)
                _happens(rig, rig.stored().id, 1)

        threads = [beside(lambda mine=ids[n::3]: work(mine)) for n in range(3)]  # type: ignore[misc]
        threads += [beside(lambda: rebuild(rig.store, PICKING.derived, batch=2)) for _ in range(2)]
        for thread in threads:
            thread.join(WAIT * 3)
        assert _rows(rig) == _oracle(rig)

    def test_rows_of_a_release_that_makes_others_are_to_be_made_again(self, rig: Rig) -> None:
        def known() -> tuple[str, ...]:
            rig.run(lambda unit: begin(unit, [PICKING]))
            return rig.store.look(unfinished)

        rig.run(lambda unit: unit.register(PROJECTED).rows())
        assert known() == (), "a store without cases has every row"
        _happens(rig, rig.stored().id, 1)
        assert known() == ()
        later = attrs.evolve(PICKING, form=PICKING.form + 1)
        rig.run(lambda unit: begin(unit, [later]))
        assert rig.store.look(unfinished) == (PICKING.name,)
        assert rebuild(rig.store, later.derived, anew=False).cases == 1
        assert rig.store.look(unfinished) == ()
        assert rebuild(rig.store, later.derived, anew=False) == RebuildReport(PICKING.name)

    def test_rows_of_a_projection_that_comes_to_a_store_with_cases_are_to_be_made(self, rig: Rig) -> None:
        _happens(rig, rig.stored().id, 1)
        rig.run(lambda unit: begin(unit, [PICKING]))
        assert rig.store.look(unfinished) == (PICKING.name,)
        rig.run(lambda unit: raising(KeyError()) if unit.register(PICKS).sums()[0].count != 1 else None)


def _happens(rig: Rig, id: str, what: Any) -> None:
    def work(unit: StandardUnit) -> None:
        unit.load(SPECIMENS, id, may=PICK, by=rig.actor())
        unit.record([_forgotten(rig, id) if what == "forget" else rig.picked(id, weight=what)])

    rig.run(work)


def _forgotten(rig: Rig, id: str) -> Any:
    return rig.picked(id, forgotten=True)


def _rows(rig: Rig) -> list[Pick]:
    return list(rig.store.look(lambda unit: unit.register(PICKS).rows(limit=10_000).items))


def _oracle(rig: Rig) -> list[Pick]:
    """What the rows should be, worked out from the trail of each specimen."""

    def work(unit: Unit) -> Iterable[Pick]:
        for specimen in unit.of(SPECIMENS).columns(("id",), Query(limit=1_000)).items:
            trail = list(unit.trail(str(specimen[0])))
            ends = [n for n, record in enumerate(trail) if record.name == "specimen_forgotten"]
            for record in trail[ends[-1] + 1 if ends else 0 :]:
                if record.name == SpecimenPicked.name:
                    weight: Any = record.facts["weight"]
                    yield from (Pick(record.event_id, n, record.subject, record.at, weight) for n in range(weight))

    return rig.store.look(lambda unit: sorted(work(unit), key=PICKS.key_of))


def _damaged(rig: Rig, kind: str, row: Pick | None, id: str) -> None:
    def work(unit: StandardUnit) -> None:
        rows = unit.register(PICKS)
        if kind == "all":
            rows.drop()
        elif kind == "stray":
            rows.put_new([Pick(f"evt_{'9' * 26}", 0, id, rig.clock.now(), 9)])
        elif kind == "alien":
            rows.put_new([Pick(f"evt_{'8' * 26}", 0, SPECIMEN.make(millis=0, randomness=1), rig.clock.now(), 9)])
        elif row is not None:
            rows.drop(*PICKS.holding(PICKS.key_of(row)))
            if kind == "change":
                rows.put([attrs.evolve(row, weight=row.weight + 1)])

    rig.run(work)
