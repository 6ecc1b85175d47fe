"""Contract of the trail and of following events: append-only, in order, none missed (KRN-11)."""

import threading

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.cases.effects import Message
from csdomain.kernel.rules import AUDITED
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.ports import AuditRecord, Refusal
from csdomain.kernel.store.sweeping import follow
from csdomain.kernel.store.unit import StandardUnit

from .base import Ability, Contract, Rig, at, examples, raising
from .concurrency import WAIT, beside

STEPS = ["append", "fail", "number", "read"]


class EventContract(Contract):
    """The trail of each subject in order; events numbered without gaps; cursors of consumers."""

    def test_the_trail_of_a_subject_reads_back_in_order(self, rig: Rig) -> None:
        events = [rig.picked(subject, weight=n, at=at(n % 3)) for n, subject in enumerate("abacab")]
        for event in events[:3]:
            rig.run(lambda unit: unit.record([event]))  # noqa: B023 - run at once
        rig.run(lambda unit: unit.record(events[3:]))
        for subject, weights in {"a": [0, 2, 4], "b": [1, 5], "c": [3], "d": []}.items():
            trail = rig.store.look(lambda unit: unit.trail(subject))  # noqa: B023
            assert [record.facts["weight"] for record in trail] == weights

    def test_a_record_has_every_fact(self, rig: Rig) -> None:
        rig.run(lambda unit: unit.record([rig.picked("a", weight=3, reason="ripe 熟\n" + "é" * 390)]))
        (record,) = rig.store.look(lambda unit: unit.trail("a"))
        assert record == AuditRecord(
            event_id=record.event_id,
            subject="a",
            by=rig.actor().id,
            at=rig.clock.now(),
            name="specimen_picked",
            schema=1,
            move="pick",
            source="growing",
            dest="picked",
            reason="ripe 熟\n" + "é" * 390,
            facts={"weight": 3},
        )

    def test_the_trails_of_several_subjects_come_each_in_order(self, rig: Rig) -> None:
        for n, subject in enumerate("abcab"):
            rig.run(lambda unit: unit.record([rig.picked(subject, weight=n)]))  # noqa: B023 - run at once
        found = rig.store.look(lambda unit: unit.session.trails(["b", "a", "none", "a"]))
        weights: dict[str, list[object]] = {}
        for record in found:
            weights.setdefault(record.subject, []).append(record.facts["weight"])
        assert weights == {"a": [0, 3], "b": [1, 4]}
        assert rig.store.look(lambda unit: list(unit.session.trails([]))) == []

    def test_redacting_blanks_what_people_wrote_and_nothing_else(self, rig: Rig) -> None:
        for subject in "ab":
            rig.run(lambda unit: unit.record([rig.picked(subject, reason="said by Wang", weight=5)]))  # noqa: B023
            rig.run(lambda unit: unit.record([rig.picked(subject, weight=6)]))  # noqa: B023
            refusal = Refusal("pick", rig.actor().id, at(0), subject, "KRN-11", "rule_broken", {"given": "Wang"})
            rig.run(lambda unit: unit.session.add_refusal(refusal))  # noqa: B023
        for key in ("a/1", "ab/1", "b/1"):
            rig.run(lambda unit: unit.record([rig.picked("c")], [Message(key, "told", "cus_1")]))  # noqa: B023
            failed = attrs.evolve(rig.run(lambda unit: unit.session.outbox(unsent=True, limit=9))[-1], failure="Wang?")
            rig.run(lambda unit: unit.session.mark_message(failed))  # noqa: B023
        before = rig.snapshot("a", "b")
        with pytest.raises(RuleBroken):
            rig.run(lambda unit: (unit.session.redact("a"), raising(RuleBroken(AUDITED))))
        assert rig.unrefused("a", "b") == {k: v for k, v in before.items() if k != "refusals"}
        assert rig.run(lambda unit: unit.session.redact("a")) == 3
        after = rig.snapshot("a", "b")
        assert after["trails"]["b"] == before["trails"]["b"]
        assert after["trails"]["a"] == [attrs.evolve(record, reason="") for record in before["trails"]["a"]]
        assert [refusal.facts for refusal in after["refusals"]["a"]] == [{}]
        assert after["refusals"]["b"] == before["refusals"]["b"]
        told = [attrs.evolve(m, failure="" if m.key == "a/1" else m.failure) for m in before["outbox"]]
        assert after["outbox"] == told
        assert rig.run(lambda unit: unit.session.redact("a")) == 0

    @pytest.mark.parametrize("reason", ["x" * 401, "a\0b", "\ud800"], ids=["long", "NUL", "surrogate"])
    def test_a_reason_that_cannot_be_kept_is_refused(self, rig: Rig, reason: str) -> None:
        with pytest.raises(RuleBroken):
            rig.run(lambda unit: unit.record([rig.picked("a", reason=reason)]))
        assert rig.store.look(lambda unit: unit.trail("a")) == []

    def test_ids_of_events_are_stable_and_distinct(self, rig: Rig) -> None:
        rig.run(lambda unit: unit.record([rig.picked("a"), rig.picked("a")]))
        first = rig.store.look(lambda unit: [record.event_id for record in unit.trail("a")])
        rig.run(lambda unit: unit.session.number_events(10))
        followed = rig.store.look(lambda unit: [record.event_id for record in unit.session.events_after(0, 10)])
        assert followed == first
        assert len(set(first)) == 2

    @examples(20)
    @given(
        steps=st.lists(st.tuples(st.sampled_from(["append", "fail", "number", "read"]), st.integers(1, 4)), max_size=12)
    )
    def test_a_consumer_gets_every_event_once_in_order(self, rig: Rig, steps: list[tuple[str, int]]) -> None:
        name = f"c{rig.run(lambda unit: unit.session.next_number('consumers'))}"
        self._follow(rig, name)  # what earlier examples left
        committed: list[int] = []
        got: list[int] = []
        serial = iter(range(1, 1000))
        last = rig.store.look(lambda unit: unit.session.cursor(name))
        for step, count in steps:
            if step in ("append", "fail"):
                weights = [next(serial) for _ in range(count)]

                def work(unit: StandardUnit) -> None:
                    unit.record([rig.picked(name, weight=weight) for weight in weights])  # noqa: B023
                    if step == "fail":  # noqa: B023
                        raising(ValueError())

                if step == "fail":
                    with pytest.raises(ValueError):  # noqa: PT011 - raised just above
                        rig.run(work)
                else:
                    rig.run(work)
                    committed += weights
            elif step == "number":
                assert rig.run(lambda unit: unit.session.number_events(count)) <= count  # noqa: B023
            else:
                page = rig.store.look(lambda unit: unit.session.events_after(last, count))  # noqa: B023
                assert len(page) <= count
                for record in page:
                    assert record.position == last + 1, "positions have no gaps"
                    last += 1
                    got.append(int(str(record.facts["weight"])))
                rig.run(lambda unit: unit.session.move_cursor(name, last))  # noqa: B023
                assert rig.store.look(lambda unit: unit.session.cursor(name)) == last
        got += self._follow(rig, name)
        assert got == committed
        assert rig.store.look(lambda unit: unit.session.last_position()) == rig.store.look(
            lambda unit: unit.session.cursor(name)
        )

    def _follow(self, rig: Rig, name: str) -> list[int]:
        found: list[int] = []
        follow(rig.store, name, lambda record: found.append(int(str(record.facts["weight"]))), batch=3)
        return found

    def test_each_consumer_has_its_own_cursor(self, rig: Rig) -> None:
        rig.run(lambda unit: unit.record([rig.picked("a", weight=n) for n in range(5)]))
        assert self._follow(rig, "one") == list(range(5))
        rig.run(lambda unit: unit.record([rig.picked("a", weight=5)]))
        assert self._follow(rig, "one") == [5]
        assert self._follow(rig, "two") == list(range(6))
        assert self._follow(rig, "two") == []

    def test_an_event_that_could_not_be_handled_comes_again(self, rig: Rig) -> None:
        rig.run(lambda unit: unit.record([rig.picked("a", weight=n) for n in range(5)]))
        got: list[object] = []

        def handle(record: AuditRecord) -> None:
            got.append(record.facts["weight"])
            if got == [0, 1, 2]:
                raise ConnectionError

        with pytest.raises(ConnectionError):
            follow(rig.store, "one", handle, batch=4)
        follow(rig.store, "one", handle, batch=4)
        assert got == [0, 1, 2, 2, 3, 4]

    def test_an_event_that_is_committed_late_is_not_skipped(self, rig: Rig) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def slow(unit: StandardUnit) -> None:
            unit.record([rig.picked("slow", weight=1)])
            begun.set()
            assert go_on.wait(WAIT)

        def quick() -> None:
            rig.run(lambda unit: unit.record([rig.picked("quick", weight=2)]))

        first = beside(lambda: rig.run(slow))
        assert begun.wait(WAIT)
        second = beside(quick)
        got: list[int] = []
        if Ability.WRITES_BESIDE_A_WRITER in rig.abilities:
            second.join(WAIT)
            got += self._follow(rig, "one")
            assert got == [2], "what was committed is there, though an earlier event is not yet"
        go_on.set()
        first.join(WAIT)
        second.join(WAIT)
        got += self._follow(rig, "one")
        assert sorted(got) == [1, 2]

    def test_numbering_by_several_at_once_leaves_no_gap(self, rig: Rig) -> None:
        rig.run(lambda unit: unit.record([rig.picked("a", weight=n) for n in range(20)]))

        def number() -> None:
            while rig.run(lambda unit: unit.session.number_events(3)):
                pass

        threads = [beside(number) for _ in range(3)]
        for thread in threads:
            thread.join(3 * WAIT)
        events = rig.store.look(lambda unit: unit.session.events_after(0, 100))
        assert [event.position for event in events] == list(range(1, 21))
        assert [event.facts["weight"] for event in events] == list(range(20))
