"""Contract of units of work: all or nothing, versions, permission in loading (KRN-11, KRN-12, KRN-13)."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules import MOVES
from csdomain.kernel.rules.errors import (
    Conflict,
    DomainError,
    MissingBackend,
    NotFound,
    NotPermitted,
    RuleBroken,
    StoreFailure,
    require,
)
from csdomain.kernel.store.kinds import Kind, MalformedQuery
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import Scope
from csdomain.kernel.values.ids import MalformedId, WrongKind
from csdomain.kernel.values.money import Money

from .base import OTHER, PICK, SAMPLES, SPECIMEN, SPECIMENS, Ability, Contract, Rig, Specimen, examples
from .strategies import money, storable_texts


class Interrupted(BaseException):
    """Stands for whatever ends a process from outside its own code."""


def specimens() -> st.SearchStrategy[dict[str, Any]]:
    """Values for every field of a specimen, its scope aside."""
    instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
    scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | storable_texts(0, 200)
    return st.fixed_dictionaries(
        {
            "colour": st.none() | storable_texts(0, 120),
            "size": st.none() | st.integers(1 - 2**63, 2**63 - 1),
            "ripe": st.none() | st.booleans(),
            "picked_at": st.none() | instants,
            "best_on": st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
            "price": st.none() | money(),
            "notes": st.dictionaries(storable_texts(0, 30), scalars, max_size=4),
        }
    )


class UnitContract(Contract):
    """Units of work: commit, rollback, versions, permission, snapshots, units inside units."""

    def test_a_unit_is_kept_whole(self, rig: Rig) -> None:
        specimen = rig.specimen()
        receipt = rig.run(lambda unit: rig.everything(unit, specimen))
        assert receipt == Receipt(specimen.id, 1, "picked", "S-001")
        seen = rig.snapshot()
        assert seen["specimen"] == [specimen]
        assert [record.move for record in seen["trails"][specimen.id]] == ["pick"]
        assert seen["timers"][specimen.id] == [rig.timer(specimen.id)]
        assert [message.key for message in seen["outbox"]] == [f"{specimen.id}/picked"]
        assert seen["cursors"] == {"consumer": 1}
        assert rig.store.look(lambda unit: unit.session.get_rulebook(f"book@{specimen.id}")) == "text"

    @pytest.mark.parametrize("error", [ValueError("x"), RuleBroken(MOVES), Conflict(), Interrupted()], ids=repr)
    def test_a_unit_that_raises_leaves_nothing(self, rig: Rig, error: BaseException) -> None:
        there = rig.stored(rig.specimen(label="there", size=1))
        rig.run(lambda unit: unit.record([rig.picked(there.id)]))
        before = rig.snapshot()
        specimen = rig.specimen()

        def work(unit: StandardUnit) -> None:
            rig.everything(unit, specimen)
            loaded = unit.load(SPECIMENS, there.id, may=PICK, by=rig.actor())
            loaded.size, loaded.label = 2, None
            unit.of(SPECIMENS).save(loaded)
            unit.session.number_events(10)
            raise error

        with pytest.raises(type(error)) as caught:
            rig.run(work)
        assert caught.value is error or isinstance(error, DomainError)
        assert rig.snapshot(specimen.id) == before
        assert rig.store.look(lambda unit: unit.session.get_rulebook(f"book@{specimen.id}")) is None
        # What was unique is free again, and a number that was rolled back is issued again.
        assert rig.run(lambda unit: rig.everything(unit, rig.specimen())).number == "S-001"

    def test_what_was_committed_outlives_the_store_where_it_says_so(self, rig: Rig) -> None:
        specimen = rig.specimen()
        rig.run(lambda unit: rig.everything(unit, specimen))
        before = rig.snapshot()
        rig.reopen()
        if Ability.DURABLE in rig.abilities:
            assert rig.snapshot() == before
        else:
            assert rig.snapshot()["specimen"] == []

    def test_looking_changes_nothing(self, rig: Rig) -> None:
        specimen = rig.stored()

        def work(unit: Unit) -> None:
            found = unit.of(SPECIMENS).get(specimen.id)
            found.size = 99
            unit.of(SPECIMENS).save(found)

        with suppress(StoreFailure):  # refusing it is as good
            rig.store.look(work)
        assert rig.get(specimen.id).size is None

    def test_a_record_read_is_a_copy(self, rig: Rig) -> None:
        specimen = rig.stored(rig.specimen(size=1))
        specimen.size = 2
        assert rig.get(specimen.id).size == 1

        def work(unit: StandardUnit) -> tuple[int | None, int | None]:
            first = unit.of(SPECIMENS).get(specimen.id)
            first.size = 3
            unsaved = unit.of(SPECIMENS).get(specimen.id).size
            unit.of(SPECIMENS).save(first)
            first.size = 4
            return unsaved, unit.of(SPECIMENS).get(specimen.id).size

        assert rig.run(work) == (1, 3)
        assert rig.get(specimen.id).size == 3

    @examples(40)
    @given(values=specimens())
    def test_every_value_comes_back_as_it_was(self, rig: Rig, values: dict[str, Any]) -> None:
        specimen = rig.specimen(**values)
        rig.stored(specimen)
        found = rig.get(specimen.id)
        assert found == specimen
        assert {name: type(value) for name, value in found.notes.items()} == {
            name: type(value) for name, value in specimen.notes.items()
        }
        assert found.picked_at is None or found.picked_at.tzinfo is UTC

    def test_a_text_that_is_no_column_is_refused(self, rig: Rig) -> None:
        for colour in ("x" * 121, "a\0b"):
            with pytest.raises(MalformedQuery):
                rig.stored(rig.specimen(colour=colour))

    def test_a_body_of_an_older_release_is_brought_up_to_date(self, rig: Rig) -> None:
        specimen = rig.stored(rig.specimen(colour="red", price=Money.of("1.50", "CNY")))
        rig.reopen(cast("Kind[Any]", SAMPLES))
        if Ability.DURABLE not in rig.abilities:
            with pytest.raises(NotFound):
                rig.store.look(lambda unit: unit.of(SAMPLES).get(specimen.id))
            return
        found = rig.store.look(lambda unit: unit.of(SAMPLES).get(specimen.id))
        assert (found.hue, found.price, found.version) == ("red", Money.of("1.50", "CNY"), 1)
        rig.run(lambda unit: unit.of(SAMPLES).save(found))
        assert rig.store.look(lambda unit: unit.of(SAMPLES).get(specimen.id)).version == 2

    # --- one writer
    def test_a_version_is_counted_up_by_each_save(self, rig: Rig) -> None:
        specimen = rig.stored()
        assert specimen.version == 1
        for version in (2, 3):
            rig.run(lambda unit: unit.of(SPECIMENS).save(specimen))
            assert (specimen.version, rig.get(specimen.id).version) == (version, version)

    def test_the_second_of_two_writers_gets_a_conflict(self, rig: Rig) -> None:
        first, second = rig.stored(), None
        second = rig.get(first.id)
        first.size, second.size = 1, 2
        rig.run(lambda unit: unit.of(SPECIMENS).save(first))
        with pytest.raises(Conflict):
            rig.run(lambda unit: unit.of(SPECIMENS).save(second))
        assert second.version == 1, "the record in hand is as it was"
        assert (rig.get(first.id).size, rig.get(first.id).version) == (1, 2)

    def test_a_stale_expectation_is_a_conflict(self, rig: Rig) -> None:
        specimen = rig.stored()
        rig.run(lambda unit: unit.of(SPECIMENS).save(specimen))
        runs: list[int] = []

        def load(unit: StandardUnit, expected: int) -> int:
            runs.append(expected)
            return unit.load(SPECIMENS, specimen.id, may=PICK, by=rig.actor(), expected_version=expected).version

        for expected in (1, 3):
            with pytest.raises(Conflict) as caught:
                rig.run(lambda unit: load(unit, expected))  # noqa: B023 - run at once
            assert (caught.value.facts["expected"], caught.value.facts["actual"]) == (expected, 2)
        assert rig.run(lambda unit: load(unit, 2)) == 2
        assert runs == [1, 3, 2], "a conflict is for the caller, and never tried again"

    def test_saving_what_is_not_there_is_a_conflict(self, rig: Rig) -> None:
        specimen = rig.specimen(version=1)
        with pytest.raises(Conflict):
            rig.run(lambda unit: unit.of(SPECIMENS).save(specimen))

    def test_an_id_is_given_once(self, rig: Rig) -> None:
        specimen = rig.stored(rig.specimen(size=1))
        with pytest.raises(Conflict):
            rig.run(lambda unit: unit.of(SPECIMENS).add(Specimen(specimen.id, size=2)))
        assert rig.get(specimen.id) == specimen

    def test_a_unique_value_is_given_once_and_never_shown(self, rig: Rig) -> None:
        first, second = rig.specimen(label="S3cret-label"), rig.specimen(label="other")
        rig.stored(first, second, rig.specimen(label=None), rig.specimen(label=None))
        thief = rig.specimen(label="S3cret-label")

        def rename(unit: StandardUnit) -> None:
            loaded = unit.load(SPECIMENS, second.id, may=PICK, by=rig.actor())
            loaded.label = "S3cret-label"
            unit.of(SPECIMENS).save(loaded)

        for work in (lambda unit: unit.of(SPECIMENS).add(thief), rename):
            with pytest.raises(Conflict) as caught:
                rig.run(work)
            assert "S3cret" not in f"{caught.value} {caught.value.render('zh')} {caught.value.as_data()}"
            assert caught.value.__cause__ is None
        assert rig.get(second.id).label == "other"

    def test_a_value_that_was_given_up_is_free(self, rig: Rig) -> None:
        first = rig.stored(rig.specimen(label="one"))
        first.label = "two"
        rig.run(lambda unit: unit.of(SPECIMENS).save(first))
        assert rig.stored(rig.specimen(label="one")).label == "one"

    def test_a_unit_is_dead_after_an_error_of_the_store(self, rig: Rig) -> None:
        there = rig.stored()

        def work(unit: StandardUnit) -> list[str]:
            unit.of(SPECIMENS).add(rig.specimen(label="lost"))
            with pytest.raises(Conflict):
                unit.of(SPECIMENS).add(Specimen(there.id))
            for use in (
                lambda: unit.of(SPECIMENS).get(there.id),
                lambda: unit.session.next_number("s"),
                lambda: unit.record([rig.picked(there.id)]),
                lambda: unit.of(SPECIMENS).find(),
            ):
                with pytest.raises(StoreFailure):
                    use()
            return ["all is well"]

        with pytest.raises(StoreFailure):  # not a success that stored nothing
            rig.run(work)
        assert rig.snapshot()["specimen"] == [there]
        assert rig.run(lambda unit: unit.session.next_number("s")) == 1

    # --- permission in loading
    def test_loading_asks_for_permission_in_its_scope(self, rig: Rig) -> None:
        specimen = rig.stored(rig.specimen(owner="agent-1", branch="hq"))
        may = [
            rig.actor("anyone", "elsewhere", Scope.ALL),
            rig.actor("anyone", "hq", Scope.BRANCH),
            rig.actor("agent-1", "elsewhere", Scope.OWN),
            rig.actor("agent-1", "elsewhere", Scope.BRANCH),  # what one owns reaches one who moved
        ]
        may_not = [
            rig.actor("agent-1", "hq", None),
            rig.actor("anyone", "elsewhere", Scope.BRANCH),
            rig.actor("anyone", "hq", Scope.OWN),
        ]
        for actor in may:
            assert rig.run(lambda unit: unit.load(SPECIMENS, specimen.id, may=PICK, by=actor)) == specimen  # noqa: B023
        for actor in may_not:
            with pytest.raises(NotPermitted):
                rig.run(lambda unit: unit.load(SPECIMENS, specimen.id, may=PICK, by=actor, expected_version=9))  # noqa: B023

    def test_an_id_is_checked_where_it_enters(self, rig: Rig) -> None:
        for id, error in (
            ("", MalformedId),
            ("'; drop table csd_specimen", MalformedId),
            (rig.ids.new(OTHER), WrongKind),
            (rig.ids.new(SPECIMEN), NotFound),
        ):
            with pytest.raises(error):
                rig.store.look(lambda unit: unit.of(SPECIMENS).get(id))  # noqa: B023
            with pytest.raises(error):
                rig.run(lambda unit: unit.load(SPECIMENS, id, may=PICK, by=rig.actor()))  # noqa: B023
        with pytest.raises(WrongKind):
            rig.run(lambda unit: unit.of(SPECIMENS).add(Specimen(rig.ids.new(OTHER))))

    # --- units inside units
    def test_use_cases_joined_in_a_unit_share_its_fate(self, rig: Rig) -> None:
        one, two = rig.specimen(), rig.specimen()

        def flow(unit: StandardUnit) -> int:
            inner = Joined(unit)
            inner.run(lambda u: u.of(SPECIMENS).add(one), rig.call())
            inner.run(lambda u: u.of(SPECIMENS).add(two), rig.call())
            return inner.look(lambda u: len(u.of(SPECIMENS).find().items))

        assert rig.run(flow) == 2

        def failing(unit: StandardUnit) -> None:
            inner = Joined(unit)
            inner.run(lambda u: u.of(SPECIMENS).add(rig.specimen()), rig.call())
            inner.run(lambda u: require(False, MOVES), rig.call())

        with pytest.raises(RuleBroken):
            rig.run(failing)
        assert rig.snapshot()["specimen"] == [one, two]

    def test_host_transactions_are_joined_or_named_as_missing(self, rig: Rig) -> None:
        if Ability.HOST_TRANSACTIONS in rig.abilities:
            return  # a host's connection is the adapter's own affair: its tests show it
        with pytest.raises(MissingBackend):
            rig.store.within(object())

    # --- observed
    def test_the_observer_is_told_of_each_unit_and_nothing_personal(self, rig: Rig) -> None:
        rig.seen.clear()
        customer = "S3cret customer"
        rig.run(lambda unit: unit.of(SPECIMENS).add(rig.specimen(colour=customer)), rig.call("specimen.add"))
        with pytest.raises(RuleBroken):
            rig.run(lambda unit: require(False, MOVES, customer=customer), rig.call("specimen.move"))
        with pytest.raises(ZeroDivisionError):
            rig.run(lambda unit: 1 // 0)
        assert [(name, outcome) for name, _, outcome in rig.seen] == [
            ("specimen.add", "ok"),
            ("specimen.move", "rule_broken"),
            ("", "ZeroDivisionError"),
        ]
        assert all(0 <= seconds < 60 for _, seconds, _ in rig.seen)
        assert customer not in repr(rig.seen)
