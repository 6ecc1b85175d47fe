"""Contract of registers and keyed aggregates: rows change as their mode says, and in no other way (D17)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules.errors import Conflict, InvalidValue
from csdomain.kernel.store.kinds import MalformedQuery, Tally
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.registers import COUNT_MOST, Key, Register, RowTaken, WrongRow

from .base import SPECIMEN, SPECIMENS, Contract, Rig, Specimen, at, examples, raising
from .concurrency import WAIT, beside
from .samples import HEAPS, PILES, READINGS, TASKS, TERMS, Heap, Reading, Task, Term

_FULL = Reading(
    *("p", at(0), 7, "é客 ", 1 - 2**63, True, at(0.5), date(2026, 2, 28), bytes(range(256)), "s-1"),
)
_other: Any = attrs.evolve
_WRONG: tuple[tuple[Register[Any], Any, str], ...] = (
    (READINGS, _other(_FULL, note=3), "note"),
    (READINGS, _other(_FULL, note="x" * 121), "note"),
    (READINGS, _other(_FULL, note="a\0"), "note"),
    (READINGS, _other(_FULL, place=None), "place"),
    (READINGS, _other(_FULL, level=True), "level"),
    (READINGS, _other(_FULL, level=2**63), "level"),
    (READINGS, _other(_FULL, level=1.5), "level"),
    (READINGS, _other(_FULL, sound=1), "sound"),
    (READINGS, _other(_FULL, at=datetime(2026, 1, 1)), "at"),  # noqa: DTZ001 - naive on purpose
    (READINGS, _other(_FULL, at=date(2026, 1, 1)), "at"),
    (READINGS, _other(_FULL, on=at(0)), "on"),
    (READINGS, _other(_FULL, picture="text"), "picture"),
    (HEAPS, Heap("p", "i", held=-1), "held"),
    (HEAPS, Heap("p", "i", owed=COUNT_MOST + 1), "owed"),
    (PILES, Heap("p", "i"), "held, owed"),
)
_amounts = st.dictionaries(st.sampled_from(["held", "owed"]), st.integers(-3, 3), min_size=1)


class RegisterContract(Contract):
    """Rows of registers, and aggregates with keyed ids."""

    # --- what a row keeps
    def test_a_row_keeps_every_value_as_it_is(self, rig: Rig) -> None:
        bare = Reading("p", at(1))
        east = attrs.evolve(_FULL, at=_FULL.at + timedelta(hours=9), seal=None, picture=b"")
        self._run(rig, lambda unit: unit.register(READINGS).put([_FULL, bare, east]))
        found = self._rows(rig, READINGS, "p")
        assert found == [_FULL, bare, east]
        assert [type(value) for value in attrs.astuple(found[0])] == [type(value) for value in attrs.astuple(_FULL)]
        assert found[0].at.tzinfo is UTC
        assert self._run(rig, lambda unit: unit.register(READINGS).get(("p", at(1)))) == bare
        assert self._run(rig, lambda unit: unit.register(READINGS).get(("p", at(2)), lock=True)) is None

    @pytest.mark.parametrize("number", range(len(_WRONG)))
    def test_a_row_of_a_wrong_type_is_refused_by_name_and_nothing_is_written(self, rig: Rig, number: int) -> None:
        register, wrong, field = _WRONG[number]
        right: Any = attrs.evolve(_FULL, at=at(5), seal=None) if register is READINGS else Heap("p", "other", held=1)
        for put in ("put", "put_new"):
            with pytest.raises(WrongRow) as caught:
                self._run(rig, lambda unit: getattr(unit.register(register), put)([right, wrong]))  # noqa: B023
            assert (caught.value.facts["field"], caught.value.facts["kind"]) == (field, register.table)
        assert self._rows(rig, register, "p") == []

    def test_a_row_of_another_class_is_refused(self, rig: Rig) -> None:
        with pytest.raises(WrongRow, match="Reading"):
            self._run(rig, lambda unit: unit.register(READINGS).put([Heap("p", "i")]))  # type: ignore[list-item]

    # --- put, put_new
    @pytest.mark.parametrize("taken", [_FULL, attrs.evolve(_FULL, at=at(3)), attrs.evolve(_FULL, note="other")])
    def test_a_taken_key_is_a_conflict_that_names_the_register_and_writes_nothing(
        self, rig: Rig, taken: Reading
    ) -> None:
        self._run(rig, lambda unit: unit.register(READINGS).put([_FULL]))
        with pytest.raises(RowTaken) as caught:
            self._run(rig, lambda unit: unit.register(READINGS).put([Reading("p", at(9)), taken]))
        assert caught.value.facts == {"kind": "test_reading"}
        assert self._rows(rig, READINGS, "p") == [_FULL]

    @examples(30)
    @given(
        batches=st.lists(
            st.lists(st.tuples(st.integers(0, 4), st.sampled_from([None, "a", "b"])), max_size=4), max_size=4
        )
    )
    def test_new_rows_come_in_and_those_that_were_there_stay_and_are_named(self, rig: Rig, batches: Any) -> None:
        place, there = self._place(rig), dict[datetime, Reading]()
        for number, batch in enumerate(batches):
            rows = [Reading(place, at(hours), seal=seal, count=number) for hours, seal in batch]
            expected = []
            for row in sorted(rows, key=lambda row: row.at):
                if row.at in there or (row.seal and row.seal in [each.seal for each in there.values()]):
                    expected.append(row)
                else:
                    there[row.at] = row
            known = self._run(rig, lambda unit: unit.register(READINGS).put_new(rows))  # noqa: B023 - run at once
            assert list(known) == expected
        assert self._rows(rig, READINGS, place) == [there[key] for key in sorted(there)]

    # --- add
    @pytest.mark.parametrize("register", [HEAPS, PILES], ids=["stays", "vanishes"])
    @examples(40)
    @given(steps=st.lists(st.tuples(_amounts, st.booleans()), max_size=8))
    def test_counts_are_what_was_added_and_never_below_zero(
        self, rig: Rig, register: Register[Heap], steps: list[tuple[dict[str, int], bool]]
    ) -> None:
        place = self._place(rig)
        held: dict[str, int] | None = None
        for deltas, with_new in steps:
            new = Heap(place, "i", label="first") if with_new else None
            before = held if held is not None or new is None else {"held": 0, "owed": 0}
            after = None if before is None else {name: n + deltas.get(name, 0) for name, n in before.items()}
            fits = after is not None and min(after.values()) >= 0
            if fits:
                held = after if register is HEAPS or any((after or {}).values()) else None
            done = self._run(rig, lambda unit: unit.register(register).add((place, "i"), deltas, new=new))  # noqa: B023
            assert done is fits
            assert self._rows(rig, register, place) == (
                [] if held is None else [Heap(place, "i", **held, label="first")]
            )

    def test_a_count_that_would_fall_below_zero_leaves_the_unit_alive(self, rig: Rig) -> None:
        def work(unit: Unit) -> list[bool]:
            heaps = unit.register(HEAPS)
            return [
                heaps.add(("p", "i"), {"held": 2}, new=Heap("p", "i")),
                heaps.add(("p", "i"), {"held": -3}),
                heaps.add(("p", "i"), {"held": -3}, new=Heap("p", "i", held=5)),
                heaps.add(("p", "i"), {"held": -1, "owed": 1}),
            ]

        assert self._run(rig, work) == [True, False, False, True]
        assert self._rows(rig, HEAPS, "p") == [Heap("p", "i", 1, 1)]

    @pytest.mark.parametrize("unfit", [{}, {"label": 1}, {"held": True}, {"held": 1.5}, {"held": 2**62}, {"none": 1}])
    def test_what_cannot_be_added_is_refused_by_name(self, rig: Rig, unfit: dict[str, Any]) -> None:
        with pytest.raises(WrongRow):
            self._run(rig, lambda unit: unit.register(HEAPS).add(("p", "i"), unfit, new=Heap("p", "i")))
        for key in ("p", ("p",), ("p", 1), ("p", None)):
            with pytest.raises(WrongRow):
                self._run(rig, lambda unit: unit.register(HEAPS).add(key, {"held": 1}))  # type: ignore[arg-type]  # noqa: B023
        with pytest.raises(WrongRow):
            self._run(rig, lambda unit: unit.register(HEAPS).add(("p", "i"), {"held": 1}, new=Heap("p", "j")))
        assert self._rows(rig, HEAPS, "p") == []

    def test_adding_beside_each_other_loses_nothing(self, rig: Rig) -> None:
        def fill(unit: Unit) -> None:
            assert unit.register(HEAPS).add(("p", "i"), {"held": 3}, new=Heap("p", "i"))

        self._many(6, lambda: [self._run(rig, fill) for _ in range(4)])
        assert self._rows(rig, HEAPS, "p") == [Heap("p", "i", held=72)]

    @pytest.mark.parametrize("register", [HEAPS, PILES], ids=["stays", "vanishes"])
    def test_taking_out_beside_each_other_never_takes_what_is_not_there(
        self, rig: Rig, register: Register[Heap]
    ) -> None:
        self._run(rig, lambda unit: unit.register(register).put([Heap("p", "i", held=10)]))
        got: list[bool] = []

        def draw() -> None:
            for _ in range(4):
                got.append(self._run(rig, lambda unit: unit.register(register).add(("p", "i"), {"held": -1})))  # noqa: PERF401

        self._many(5, draw)
        assert (got.count(True), got.count(False)) == (10, 10)
        assert self._rows(rig, register, "p") == ([Heap("p", "i")] if register is HEAPS else [])

    # --- take
    @examples(40)
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["open", "sent", None]),
                st.sampled_from(["open", "sent", None]),
                st.none() | st.integers(-2, 2),
                st.none() | st.integers(-2, 2),
            ),
            max_size=8,
        )
    )
    def test_a_row_is_taken_from_the_state_that_was_asked_for(self, rig: Rig, steps: list[tuple[Any, ...]]) -> None:
        row = Task(self._place(rig), "t", about="kept")
        self._run(rig, lambda unit: unit.register(TASKS).put([row]))
        for when, state, tries, left in steps:
            changes: dict[str, Any] = {"left": left} if left is not None else {}
            if state is not None:
                changes |= {"state": state, "until": at(len(changes))}
            add = {} if tries is None else {"tries": tries}
            if not changes and not add:
                continue
            conditions = () if when is None else (TASKS["state"].is_(when),)
            fits = when in (None, row.state) and row.tries + (tries or 0) >= 0
            if fits:
                row = attrs.evolve(row, **changes, tries=row.tries + (tries or 0))
            key = (row.place, "t")
            held = self._run(
                rig,
                lambda unit: unit.register(TASKS).take(key, when=conditions, set=changes, add=add),  # noqa: B023
            )
            assert held is fits
            assert self._rows(rig, TASKS, row.place) == [row]

    def test_taking_what_already_is_so_holds(self, rig: Rig) -> None:
        self._run(rig, lambda unit: unit.register(TASKS).put([Task("p", "t")]))
        for _ in range(2):
            assert self._run(rig, lambda unit: unit.register(TASKS).take(("p", "t"), set={"state": "open"}))
        assert not self._run(rig, lambda unit: unit.register(TASKS).take(("p", "u"), set={"state": "open"}))
        assert not self._run(rig, lambda unit: unit.register(TASKS).take(("p", "t"), add={"left": 1}))  # none to add to

    def test_of_many_who_take_a_row_one_holds(self, rig: Rig) -> None:
        self._run(rig, lambda unit: unit.register(TASKS).put([Task("p", "t")]))
        won: list[bool] = []
        mine, sent = TASKS["state"].is_("open"), {"state": "sent"}

        def take() -> None:
            won.append(self._run(rig, lambda unit: unit.register(TASKS).take(("p", "t"), when=[mine], set=sent)))

        self._many(6, take)
        assert won.count(True) == 1

    def test_a_state_that_another_row_has_alone_is_a_conflict(self, rig: Rig) -> None:
        rows = [Task("p", "t", ticket="1"), Task("p", "u"), Task("q", "t")]
        self._run(rig, lambda unit: unit.register(TASKS).put(rows))
        with pytest.raises(Conflict) as caught:
            self._run(rig, lambda unit: unit.register(TASKS).take(("p", "u"), set={"ticket": "1"}))
        assert caught.value.facts == {"kind": "test_task"}
        assert self._run(rig, lambda unit: unit.register(TASKS).take(("q", "t"), set={"ticket": "1"}))

    @pytest.mark.parametrize(
        "unfit",
        [
            {},
            {"set": {"about": "x"}},
            {"set": {"name": "x"}},
            {"set": {"state": None}},
            {"set": {"tries": "1"}},
            {"add": {"state": 1}},
            {"add": {"tries": 1.5}},
            {"set": {"tries": 1}, "add": {"tries": 1}},
            {"set": {"state": "x"}, "when": [TERMS["rank"].is_(1)]},
            {"set": {"state": "x"}, "when": [TASKS["tries"].is_("1")]},
        ],
    )
    def test_what_cannot_be_taken_is_refused_by_name(self, rig: Rig, unfit: dict[str, Any]) -> None:
        self._run(rig, lambda unit: unit.register(TASKS).put([Task("p", "t")]))
        with pytest.raises((WrongRow, MalformedQuery)) as caught:
            self._run(rig, lambda unit: unit.register(TASKS).take(("p", "t"), **unfit))
        assert caught.value.facts["field"]
        assert self._rows(rig, TASKS, "p") == [Task("p", "t")]

    @pytest.mark.parametrize(
        "work",
        [
            lambda unit: unit.register(TASKS).add(("p", "t"), {"tries": 1}),
            lambda unit: unit.register(HEAPS).take(("p", "i"), set={"held": 1}),
            lambda unit: unit.register(HEAPS).drop(),
            lambda unit: unit.register(READINGS).drop(),
        ],
    )
    def test_a_register_takes_only_what_its_mode_allows(self, rig: Rig, work: Callable[[Unit], object]) -> None:
        with pytest.raises(WrongRow):
            self._run(rig, work)

    # --- rows, sums, drop
    @examples(40)
    @given(
        drawn=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2), st.sampled_from([None, 0, 1])), max_size=9),
        order_by=st.sampled_from([(), ("count",), ("place", "count"), ("at",)]),
        descending=st.booleans(),
        limit=st.integers(1, 4),
        lock=st.booleans(),
        wanted=st.sampled_from([None, 0, 1]),
    )
    def test_pages_of_rows_give_what_is_there_in_order(
        self, rig: Rig, drawn: Any, order_by: tuple[str, ...], descending: bool, limit: int, lock: bool, wanted: Any
    ) -> None:
        place = self._place(rig)
        made = {hours: Reading(place, at(hours), count, level=level) for hours, count, level in drawn}
        self._run(rig, lambda unit: unit.register(READINGS).put(made.values()))
        where = [READINGS["place"].is_(place)] + ([] if wanted is None else [READINGS["level"].is_(wanted)])
        expected = [row for row in made.values() if wanted in (None, row.level)]
        expected.sort(key=lambda row: [getattr(row, name) for name in (*order_by, "at")], reverse=descending)
        found: list[Reading] = []
        after: Key | None = None
        for _ in range(len(made) + 1):
            asked: dict[str, Any] = {
                "order_by": order_by,
                "descending": descending,
                "limit": limit,
                "after": after,
                "lock": lock,
            }
            page = self._run(rig, lambda unit: unit.register(READINGS).rows(*where, **asked))  # noqa: B023
            found += page.items
            after = page.next
            if after is None:
                break
            assert len(page.items) == limit
        assert found == expected

    def test_questions_that_make_no_sense_are_refused_by_name(self, rig: Rig) -> None:
        questions: tuple[Callable[[Any], object], ...] = (
            lambda rows: rows.rows(READINGS["picture"].is_(b"x")),
            lambda rows: rows.rows(READINGS["level"].is_("1")),
            lambda rows: rows.rows(TERMS["rank"].is_(1)),
            lambda rows: rows.rows(order_by=("level",)),
            lambda rows: rows.rows(order_by=("none",)),
            lambda rows: rows.rows(limit=0),
            lambda rows: rows.rows(after=("p",)),
            lambda rows: rows.rows(after=("p", 3)),
            lambda rows: rows.sums(Tally(group_by=("picture",))),
            lambda rows: rows.sums(Tally(sums=("note",))),
        )
        for question in questions:
            with pytest.raises(InvalidValue) as caught:
                self._run(rig, lambda unit: question(unit.register(READINGS)))  # noqa: B023 - run at once
            assert caught.value.facts["field"]

    def test_sums_give_the_largest_groups_first(self, rig: Rig) -> None:
        rows = [
            Reading("p", at(n), count, note)
            for n, (note, count) in enumerate([("a", 1), ("b", 5), ("c", 5), (None, 9)])
        ]
        self._run(rig, lambda unit: unit.register(READINGS).put([*rows, Reading("q", at(0), 99, "d")]))
        mine = (READINGS["place"].is_("p"),)
        tally: Tally[Any] = Tally(mine, ("note",), ("count",), top=("count", 3))
        found = self._run(rig, lambda unit: unit.register(READINGS).sums(tally))
        assert [(row.group, row.count, row.sums) for row in found] == [
            *(((None,), 1, (9,)), (("b",), 1, (5,)), (("c",), 1, (5,))),
        ]
        assert self._run(rig, lambda unit: unit.register(READINGS).sums(Tally(mine)))[0].count == 4
        either = Tally[Any](
            mine, either=(READINGS["note"].is_("b"), READINGS["note"].is_("d"), READINGS["count"].is_(5))
        )
        assert self._run(rig, lambda unit: unit.register(READINGS).sums(either))[0].count == 2

    def test_rows_go_when_they_can_be_made_again_or_their_time_is_over(self, rig: Rig) -> None:
        self._run(rig, lambda unit: unit.register(TERMS).put([Term("p", word) for word in "abc"]))
        assert self._run(rig, lambda unit: unit.register(TERMS).drop(TERMS["word"].among(["a", "c", "d"]))) == 2
        assert self._rows(rig, TERMS, "p") == [Term("p", "b")]
        days = [Reading("p", at(24 * n)) for n in range(4)]
        self._run(rig, lambda unit: unit.register(READINGS).put(days))
        mine = READINGS["place"].is_("p")
        assert self._run(rig, lambda unit: unit.register(READINGS).drop(mine, at=at(24 * 32))) == 2
        assert self._rows(rig, READINGS, "p") == days[2:]

    def test_what_a_unit_did_to_rows_goes_with_it(self, rig: Rig) -> None:
        def fill(unit: Unit) -> None:
            unit.register(READINGS).put([_FULL])
            unit.register(HEAPS).put([Heap("p", "i", 1)])
            unit.register(PILES).put([Heap("p", "i", 1)])
            unit.register(TASKS).put([Task("p", "t", ticket="1")])
            unit.register(TERMS).put([Term("p", "b")])

        def change(unit: Unit) -> None:
            unit.register(READINGS).put_new([_FULL, Reading("p", at(1))])
            assert unit.register(HEAPS).add(("p", "i"), {"held": -1})
            assert unit.register(PILES).add(("p", "i"), {"held": -1})
            assert unit.register(PILES).add(("p", "j"), {"held": 1}, new=Heap("p", "j"))
            assert unit.register(TASKS).take(("p", "t"), set={"state": "sent", "ticket": None})
            assert unit.register(TERMS).drop() >= 1
            raising(KeyError("in the end"))

        self._run(rig, fill)
        before = [self._rows(rig, register, "p") for register in (READINGS, HEAPS, PILES, TASKS, TERMS)]
        with pytest.raises(KeyError):
            self._run(rig, change)
        assert [self._rows(rig, register, "p") for register in (READINGS, HEAPS, PILES, TASKS, TERMS)] == before
        with pytest.raises(Conflict):
            self._run(rig, lambda unit: unit.register(TASKS).put([Task("p", "u", ticket="1")]))

    # --- keyed aggregates
    def test_obtaining_makes_once_and_gives_what_is_there(self, rig: Rig) -> None:
        id, made = SPECIMEN.keyed("hq/shelf"), list[Specimen]()

        def make() -> Specimen:
            made.append(Specimen(id, size=0))
            return made[-1]

        def more(unit: Unit) -> int:
            specimen = unit.obtain(SPECIMENS, id, make)
            specimen.size = (specimen.size or 0) + 1
            unit.of(SPECIMENS).save(specimen)
            return specimen.version

        assert [self._run(rig, more) for _ in range(3)] == [2, 3, 4]
        assert (rig.get(id).size, len(made)) == (3, 1)
        with pytest.raises(InvalidValue):
            self._run(rig, lambda unit: unit.obtain(SPECIMENS, "hq/shelf", make))
        with pytest.raises(ValueError, match="another id"):
            self._run(rig, lambda unit: unit.obtain(SPECIMENS, SPECIMEN.keyed("other"), make))

    def test_obtaining_beside_each_other_never_meets_a_taken_id(self, rig: Rig) -> None:
        id = SPECIMEN.keyed("hq/shelf", date(2026, 3, 4))

        def more(unit: Unit) -> None:
            specimen = unit.obtain(SPECIMENS, id, lambda: Specimen(id, size=0))
            specimen.size = (specimen.size or 0) + 1
            unit.of(SPECIMENS).save(specimen)

        self._many(6, lambda: [self._run(rig, more) for _ in range(3)])
        assert (rig.get(id).size, rig.get(id).version) == (18, 19)

    def test_a_unique_field_of_what_is_obtained_is_still_unique(self, rig: Rig) -> None:
        rig.stored(rig.specimen(label="taken"))
        id = SPECIMEN.keyed("hq/shelf")
        with pytest.raises(Conflict):
            self._run(rig, lambda unit: unit.obtain(SPECIMENS, id, lambda: Specimen(id, label="taken")))

    # --- helpers
    def _run(self, rig: Rig, work: Callable[[Unit], Any]) -> Any:
        return rig.run(work)

    def _rows(self, rig: Rig, register: Register[Any], place: str) -> list[Any]:
        where = register["place"].is_(place)
        return list(rig.store.look(lambda unit: unit.register(register).rows(where)).items)

    def _place(self, rig: Rig) -> str:
        return f"p{rig.run(lambda unit: unit.session.next_number('places'))}"  # a name of its own for each example

    def _many(self, count: int, work: Callable[[], object]) -> None:
        threads = [beside(work) for _ in range(count)]
        for thread in threads:
            thread.join(6 * WAIT)
