"""Contracts of idempotency keys, numbers and kept rulebooks (KRN-10, KRN-12, KRN-01)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules import MOVES
from csdomain.kernel.rules.errors import Conflict, DomainError, KeyReused, NotFound, RuleBroken, require
from csdomain.kernel.store.numbers import NUMBERS
from csdomain.kernel.store.ports import Receipt
from csdomain.kernel.store.unit import Joined, StandardUnit
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.numbering import NumberPattern

from .base import SPECIMENS, Ability, Contract, Rig, examples, raising
from .concurrency import WAIT, beside

SERIES = st.lists(st.sampled_from("ab"), min_size=1, max_size=3)


class KeyContract(Contract):
    """Idempotency keys: the same key acts once and gives its first receipt again (KRN-12, design decision D10)."""

    def test_the_same_key_acts_once(self, rig: Rig) -> None:
        specimen, call = rig.specimen(), rig.call(key="k", fingerprint="f")
        first = rig.run(lambda unit: rig.everything(unit, specimen), call)
        before = rig.snapshot()
        again = rig.run(lambda unit: rig.everything(unit, rig.specimen()), call)
        assert again == first == Receipt(specimen.id, 1, "picked", "S-001")
        assert rig.snapshot() == before
        if Ability.DURABLE in rig.abilities:
            rig.reopen()
            assert rig.run(lambda unit: rig.everything(unit, rig.specimen()), call) == first

    def test_a_key_is_not_for_another_command(self, rig: Rig) -> None:
        call = rig.call(key="k", fingerprint="f")
        first = rig.run(lambda unit: rig.everything(unit, rig.specimen()), call)
        before = rig.snapshot()
        for _ in range(2):
            with pytest.raises(KeyReused):
                rig.run(lambda unit: rig.everything(unit, rig.specimen()), rig.call(key="k", fingerprint="other"))
        assert rig.snapshot() == before
        assert rig.run(lambda unit: rig.everything(unit, rig.specimen()), call) == first

    @pytest.mark.parametrize("error", [RuleBroken(MOVES), Conflict(), NotFound(), ValueError("x")], ids=repr)
    def test_a_command_that_failed_gives_its_key_back(self, rig: Rig, error: Exception) -> None:
        with pytest.raises(type(error)):
            rig.run(lambda unit: raising(error), rig.call(key="k", fingerprint="f"))
        receipt = rig.run(lambda unit: Receipt("x", 1), rig.call(key="k", fingerprint="changed"))
        assert receipt == Receipt("x", 1)

    def test_a_key_belongs_to_an_actor_and_a_use_case(self, rig: Rig) -> None:
        calls = [
            rig.call(by=ActorId(by), use_case=use_case, key="k", fingerprint=f"{by}{use_case}")
            for by in ("a", "b")
            for use_case in ("specimen.one", "specimen.two")
        ]
        receipts = [rig.run(lambda unit: Receipt(str(n), n), call) for n, call in enumerate(calls, 1)]  # noqa: B023
        assert receipts == [rig.run(lambda unit: Receipt("again", 9), call) for call in calls]
        assert len(set(receipts)) == 4

    def test_a_command_with_a_key_answers_with_a_receipt(self, rig: Rig) -> None:
        with pytest.raises(TypeError):
            rig.run(lambda unit: unit.of(SPECIMENS).add(rig.specimen()), rig.call(key="k"))
        assert rig.snapshot()["specimen"] == []

    def test_keys_are_forgotten_after_their_time(self, rig: Rig) -> None:
        old, new = rig.call(key="old"), None
        rig.run(lambda unit: Receipt("old", 1), old)
        rig.clock.advance(timedelta(days=1))
        new = rig.call(key="new")
        rig.run(lambda unit: Receipt("new", 1), new)
        assert rig.run(lambda unit: unit.session.forget_keys(rig.clock.now())) == 1
        assert rig.run(lambda unit: Receipt("old", 2), old) == Receipt("old", 2)
        assert rig.run(lambda unit: Receipt("new", 2), new) == Receipt("new", 1)

    def test_keys_inside_a_larger_unit(self, rig: Rig) -> None:
        call = rig.call(key="k", fingerprint="f")

        def flow(unit: StandardUnit) -> list[Receipt]:
            inner = Joined(unit)
            for error in (RuleBroken(MOVES), NotFound(), ValueError()):
                with pytest.raises(type(error)):
                    inner.run(lambda u: raising(error), call)  # noqa: B023 - run at once
            first = inner.run(lambda u: Receipt("first", 1), call)
            with pytest.raises(KeyReused):
                inner.run(lambda u: Receipt("other", 1), rig.call(key="k", fingerprint="g"))
            return [first, inner.run(lambda u: Receipt("second", 1), call)]

        assert rig.run(flow) == [Receipt("first", 1)] * 2
        assert rig.run(lambda unit: Receipt("third", 1), call) == Receipt("first", 1)

    def test_of_many_at_once_one_acts(self, rig: Rig) -> None:
        answers: list[Receipt | DomainError] = []

        def work() -> None:
            try:
                answers.append(rig.run(lambda unit: rig.everything(unit, rig.specimen()), rig.call(key="k")))
            except DomainError as error:
                answers.append(error)

        threads = [beside(work) for _ in range(6)]
        for thread in threads:
            thread.join(3 * WAIT)
        assert len(answers) == 6
        assert len(set(map(repr, answers))) == 1, answers
        assert len(rig.snapshot()["specimen"]) == 1


class NumberContract(Contract):
    """Numbers: each series counts from 1 without gap or duplicate (KRN-10, design decision D13)."""

    @examples(15)
    @given(
        units=st.lists(st.tuples(st.lists(st.sampled_from("ab"), min_size=1, max_size=3), st.booleans()), max_size=6)
    )
    def test_each_series_counts_from_one_without_gap(self, rig: Rig, units: list[tuple[list[str], bool]]) -> None:
        run = rig.run(lambda unit: unit.session.next_number("runs"))  # a name of its own for each example
        issued: dict[str, list[int]] = {"a": [], "b": []}
        for names, fails in units:
            numbers: list[tuple[str, int]] = []

            def work(unit: StandardUnit) -> None:
                numbers[:] = [(name, unit.session.next_number(f"{run}{name}")) for name in names]  # noqa: B023
                require(not fails, MOVES)  # noqa: B023

            if fails:
                with pytest.raises(RuleBroken):
                    rig.run(work)
            else:
                rig.run(work)
                for name, number in numbers:
                    issued[name].append(number)
        for numbers_ in issued.values():
            assert numbers_ == list(range(1, len(numbers_) + 1))

    def test_a_pattern_restarts_with_its_period_in_the_zone(self, rig: Rig) -> None:
        pattern = NumberPattern("KS{yyyy}{mm}-{seq:04}")

        def number(*at: int, zone: str = "Asia/Shanghai") -> str:
            instant = datetime(*at, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day, hour
            return rig.run(lambda unit: unit.number(pattern, instant, zone=zone))

        # 17:00 in UTC is the next day in Shanghai.
        assert number(2026, 3, 31, 15) == "KS202603-0001"
        assert number(2026, 3, 31, 17) == "KS202604-0001"
        assert number(2026, 3, 31, 17, zone="UTC") == "KS202603-0002"
        assert number(2026, 4, 1, 1) == "KS202604-0002"

    def test_a_series_counts_on_behind_a_number_from_elsewhere(self, rig: Rig) -> None:
        def reach(least: int) -> int:
            def work(unit: StandardUnit) -> int:
                unit.session.reach_number("s", least)
                return unit.session.next_number("s")

            return rig.run(work)

        assert [reach(least) for least in (0, 7, 3, 8)] == [1, 8, 9, 10]

    def test_no_number_is_given_that_a_paper_has(self, rig: Rig) -> None:
        pattern, now = NumberPattern("N-{seq:03}"), rig.clock.now()

        def number() -> str:
            return rig.run(lambda unit: unit.number(pattern, now, zone="UTC", kind="specimen", subject="s-1"))

        for there in ("N-002", "N-0003", "other"):
            rig.run(lambda unit: unit.import_number(there, NumberPattern("M-{seq}"), kind="specimen", subject="s-2"))  # noqa: B023
        assert [number() for _ in range(3)] == ["N-001", "N-003", "N-004"]
        rig.run(lambda unit: unit.import_number("N-009", pattern, kind="specimen", subject="s-3"))
        assert number() == "N-010"
        for taken in ("other", "N-004", "N-010"):
            with pytest.raises(Conflict) as caught:
                rig.run(lambda unit: unit.import_number(taken, pattern, kind="specimen", subject="s-4"))  # noqa: B023
            assert caught.value.facts["number"] == taken
        mine = NUMBERS["subject"].is_("s-1")
        found = rig.store.look(lambda unit: unit.register(NUMBERS).rows(mine))
        assert [row.number for row in found.items] == ["N-001", "N-003", "N-004", "N-010"]

    def test_a_branch_of_its_own_counts_apart(self, rig: Rig) -> None:
        pattern = NumberPattern("{branch}-{seq}")
        numbers = [
            rig.run(lambda unit: unit.number(pattern, rig.clock.now(), zone="UTC", branch=branch))  # noqa: B023
            for branch in ("hq", "south", "hq")
        ]
        assert numbers == ["hq-1", "south-1", "hq-2"]


class RulebookContract(Contract):
    """Kept rulebooks: what is stored under a name and hash never changes (KRN-01, design decision D7)."""

    def test_the_first_text_stays(self, rig: Rig) -> None:
        text = 'name = "book"\n# 客戶 ' + "x" * 70_000
        rig.run(lambda unit: unit.session.put_rulebook("book@1", text))
        rig.run(lambda unit: unit.session.put_rulebook("book@1", "other"))
        rig.run(lambda unit: unit.session.put_rulebook("book@2", "second"))
        kept = rig.store.look(lambda unit: [unit.session.get_rulebook(f"book@{n}") for n in (1, 2, 3)])
        assert kept == [text, "second", None]
