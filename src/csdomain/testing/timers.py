"""Contract of timers in a store: each fires once, in the order of its deadline, whoever sweeps (KRN-06)."""

from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.kernel.cases.effects import CancelTimers, Effect, Message, PauseTimer, ResumeTimer, StartTimer, StopTimer
from csdomain.kernel.cases.timers import Timer, TimerState, advance
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.kinds import Comparison, Query, Where
from csdomain.kernel.store.sweeping import SweepReport, sweep
from csdomain.kernel.store.unit import StandardUnit
from csdomain.kernel.values.durations import ElapsedTime

from .base import SPECIMENS, Ability, Contract, Rig, Specimen, at, examples
from .concurrency import WAIT, beside

TICK = timedelta(microseconds=1)
_NAMES = ("tst", "tst.1", "tst.1.1", "tst.10", "tst.2", "tst_1", "b.tst.1")


def hours(count: float) -> ElapsedTime:
    """That many hours on the clock."""
    return ElapsedTime(timedelta(hours=count))


class TimerContract(Contract):
    """Timers: what is due, in order, claimed once; what events start, stop, pause and resume."""

    def timers(self, rig: Rig, subject: str) -> dict[str, Timer]:
        return {timer.name: timer for timer in rig.store.look(lambda unit: unit.timers_of(subject))}

    def fired(self, rig: Rig, subject: str) -> list[tuple[str, float]]:
        """What fired for a subject: the event's name and when, in hours."""
        trail = rig.store.look(lambda unit: unit.trail(subject))
        return [(r.name, (r.at - at(0)) / timedelta(hours=1)) for r in trail if r.name.startswith("timer_")]

    def start(self, rig: Rig, *timers: Timer) -> None:
        rig.run(lambda unit: unit.record([rig.picked(timers[0].subject)], [StartTimer(timer) for timer in timers]))

    # --- rows
    def test_a_timer_comes_back_as_it_was(self, rig: Rig) -> None:
        timer = rig.timer("a", "tst.x", within=hours(10), warnings=(50, 80))
        warned, _ = advance(timer, at(6))
        assert rig.run(lambda unit: unit.session.add_timers([timer, rig.timer("a", "tst.w")])) == []
        assert rig.store.look(lambda unit: unit.session.timer("a", "tst.x", lock=False)) == timer
        rig.run(lambda unit: unit.session.save_timer(warned))
        assert rig.run(lambda unit: unit.session.timer("a", "tst.x", lock=True)) == warned
        assert rig.store.look(lambda unit: unit.session.timer("a", "tst.y", lock=False)) is None
        assert list(self.timers(rig, "a")) == ["tst.w", "tst.x"]
        assert self.timers(rig, "b") == {}

    def test_a_name_is_used_once_for_a_subject(self, rig: Rig) -> None:
        timer = rig.timer("a")
        self.start(rig, timer)
        with pytest.raises(RuleBroken):
            self.start(rig, rig.timer("a", within=hours(1)))
        with pytest.raises(RuleBroken):
            self.start(rig, rig.timer("c"), rig.timer("c"))
        self.start(rig, rig.timer("b"))
        assert self.timers(rig, "a") == {"tst": timer}
        assert self.timers(rig, "c") == {}
        there = rig.run(lambda unit: unit.session.add_timers([rig.timer("a", within=hours(1)), rig.timer("d")]))
        assert list(there) == ["tst"]
        assert self.timers(rig, "a") == {"tst": timer}
        assert len(self.timers(rig, "d")) == 1

    @examples(20)
    @given(
        due=st.lists(st.integers(1, 6), max_size=8),
        until=st.integers(0, 7),
        limit=st.integers(1, 9),
        skipped=st.sets(st.integers(0, 7), max_size=3),
    )
    def test_due_timers_come_soonest_first(
        self, rig: Rig, due: list[int], until: int, limit: int, skipped: set[int]
    ) -> None:
        sweep(rig.store, at(10_000))  # what earlier examples left
        run = f"r{rig.run(lambda unit: unit.session.next_number('runs'))}"
        timers = [rig.timer(run, f"tst.{n}", within=hours(h)) for n, h in enumerate(due)]
        if timers:
            rig.run(lambda unit: unit.session.add_timers(timers))
        skip = {(run, f"tst.{n}") for n in skipped}
        found = rig.run(lambda unit: unit.session.due_timers(at(until), limit, skip))
        expected = sorted(
            (t for t in timers if t.due_at < at(until) and (t.subject, t.name) not in skip),
            key=lambda t: (t.due_at, t.name),
        )
        assert list(found) == expected[:limit]

    def test_live_timers_are_paged_by_their_names(self, rig: Rig) -> None:
        self.start(rig, *(rig.timer("b", f"tst.{n}") for n in range(3)))
        self.start(rig, rig.timer("a", "tst.z"), rig.timer("a", "tst.y"))
        stop: list[Effect] = [PauseTimer("b", "tst.1", at(1)), StopTimer("b", "tst.2", at(1))]
        rig.run(lambda unit: unit.record([rig.picked("b", at=at(1))], stop))
        after = ("", "")
        found: list[tuple[str, str]] = []
        while page := rig.store.look(lambda unit: unit.session.live_timer_names(after, 3)):  # noqa: B023
            assert len(page) <= 3
            found += page
            after = page[-1]
        ours = [key for key in found if key[0] in ("a", "b")]
        assert ours == [("a", "tst.y"), ("a", "tst.z"), ("b", "tst.0"), ("b", "tst.1")]

    def test_only_what_still_fires_is_due(self, rig: Rig) -> None:
        names = ("tst.met", "tst.cancelled", "tst.paused", "tst.runs")
        self.start(rig, *(rig.timer("a", name, within=hours(2)) for name in names))
        effects: list[Effect] = [
            StopTimer("a", "tst.met", at(1)),
            StopTimer("a", "tst.cancelled", at(1), cancelled=True),
            PauseTimer("a", "tst.paused", at(1)),
        ]
        rig.run(lambda unit: unit.record([rig.picked("a", at=at(1))], effects))
        due = rig.run(lambda unit: unit.session.due_timers(at(100), 10, ()))
        assert [timer.name for timer in due] == ["tst.runs"]
        states = {name: timer.state for name, timer in self.timers(rig, "a").items()}
        assert states == {
            "tst.met": TimerState.MET,
            "tst.cancelled": TimerState.CANCELLED,
            "tst.paused": TimerState.PAUSED,
            "tst.runs": TimerState.RUNNING,
        }

    def test_live_timers_come_with_their_aggregate_soonest_first(self, rig: Rig) -> None:
        mine, theirs = (rig.stored(rig.specimen(owner=owner)) for owner in ("agent-1", "agent-2"))
        names = ("tst.met", "tst.paused", "tst.late", "tst.soon")
        for specimen in (mine, theirs):
            timers = [
                rig.timer(specimen.id, name, within=hours(h)) for name, h in zip(names, (2, 2, 9, 3), strict=True)
            ]
            self.start(rig, *timers)
            effects: list[Effect] = [
                StopTimer(specimen.id, "tst.met", at(1)),
                PauseTimer(specimen.id, "tst.paused", at(1)),
            ]
            rig.run(lambda unit: unit.record([rig.picked(specimen.id, at=at(1))], effects))  # noqa: B023 - run at once
        self.start(rig, rig.timer("of nothing stored", "tst.soon"))

        def live(until: datetime | None, limit: int = 9) -> list[tuple[str, str, tuple[object, ...]]]:
            query: Query[Specimen] = Query((Where("owner", Comparison.IS, "agent-1"),), limit=limit)
            found = rig.store.look(lambda u: u.session.live_timers(SPECIMENS, ("id", "branch"), query, until))
            return [(one.timer.subject, one.timer.name, one.row) for one in found]

        row = (mine.id, mine.branch)
        soon, late = (mine.id, "tst.soon", row), (mine.id, "tst.late", row)
        assert live(None) == [(mine.id, "tst.paused", row), soon, late]
        assert live(at(3)) == [soon]
        assert live(at(3) - TICK) == []
        assert live(at(9), limit=1) == [soon]

    # --- effects
    def test_pausing_moves_the_deadline(self, rig: Rig) -> None:
        self.start(rig, rig.timer("a", within=hours(4), warnings=(50,)))
        rig.run(lambda unit: unit.record([rig.picked("a", at=at(1))], [PauseTimer("a", "tst", at(1))]))
        assert sweep(rig.store, at(9)) == SweepReport(0, 0)
        rig.run(lambda unit: unit.record([rig.picked("a", at=at(9))], [ResumeTimer("a", "tst", at(9))]))
        assert sweep(rig.store, at(11)) == SweepReport(1, 0)
        assert sweep(rig.store, at(12)) == SweepReport(0, 0), "what is done at the deadline is in time"
        assert sweep(rig.store, at(12) + TICK) == SweepReport(0, 1)
        assert self.fired(rig, "a") == [("timer_warned", 10.0), ("timer_breached", 12.0)]

    def test_effects_on_timers_that_are_not_there_or_not_so_are_left_be(self, rig: Rig) -> None:
        self.start(rig, rig.timer("a", within=hours(2)))
        effects: list[Effect] = [
            StopTimer("a", "none", at(1)),
            PauseTimer("b", "tst", at(1)),
            ResumeTimer("a", "tst", at(1)),
            StopTimer("a", "tst", at(1)),
            StopTimer("a", "tst", at(1)),
            PauseTimer("a", "tst", at(1)),
        ]
        rig.run(lambda unit: unit.record([rig.picked("a", at=at(1))], effects))
        assert self.timers(rig, "a")["tst"].state is TimerState.MET

    @examples(20)
    @given(
        drawn=st.lists(
            st.tuples(st.sampled_from(_NAMES), st.integers(1, 4), st.booleans()), unique_by=lambda row: row[0]
        ),
        prefix=st.sampled_from(["", "tst", "tst.", "tst.1", "tst.1.", "tst.1.1", "b.", "%", "tst_1", "TST"]),
        cancelled_at=st.integers(0, 5),
    )
    @example(drawn=[("tst.1", 3, False), ("b.tst.1", 3, False), ("tst", 1, True)], prefix="tst", cancelled_at=2)
    def test_timers_are_cancelled_by_the_beginning_of_their_names(
        self, rig: Rig, drawn: list[tuple[str, int, bool]], prefix: str, cancelled_at: int
    ) -> None:
        """All live ones of the subject that begin so and no others; what is late is late, but for reminders."""
        sweep(rig.store, at(10_000))
        run = rig.run(lambda unit: unit.session.next_number("runs"))
        subject, other = f"s{run}", f"o{run}"
        for owner in (subject, other):
            timers = [
                attrs.evolve(rig.timer(owner, name, within=hours(due)), reminder=reminder)
                for name, due, reminder in drawn
            ]
            if timers:
                self.start(rig, *timers)
        when = at(cancelled_at)
        effects: list[Effect] = [CancelTimers(subject, when, prefix)]
        rig.run(lambda unit: unit.record([rig.picked(subject, at=when)], effects))
        rig.run(lambda unit: unit.record([rig.picked(subject, at=when)], effects))  # once more changes nothing
        after = self.timers(rig, subject)
        late: dict[str, float] = {}
        for name, due, reminder in drawn:
            state = TimerState.RUNNING
            if name.startswith(prefix):
                missed = at(due) < when and not reminder
                state = TimerState.BREACHED if missed else TimerState.CANCELLED
                late |= {name: float(due)} if missed else {}
            assert after[name].state is state, name
        assert sorted(hour for _, hour in self.fired(rig, subject)) == sorted(late.values())
        assert all(timer.state is TimerState.RUNNING for timer in self.timers(rig, other).values())

    @examples(20)
    @given(
        due=st.fixed_dictionaries(dict.fromkeys(_NAMES[:4], st.integers(1, 4))),
        changes=st.lists(st.tuples(st.integers(0, 4), st.sampled_from((*_NAMES[:4], "tst.new", "none"))), max_size=7),
        when=st.integers(0, 5),
    )
    @example(due=dict.fromkeys(_NAMES[:4], 2), changes=[(1, "tst"), (0, "tst"), (4, "tst.1"), (0, "tst.new")], when=1)
    def test_changes_made_together_are_as_those_made_one_after_the_other(
        self, rig: Rig, due: dict[str, int], changes: list[tuple[int, str]], when: int
    ) -> None:
        """However many timers of however many subjects one recording changes, some of them twice."""
        run = rig.run(lambda unit: unit.session.next_number("runs"))
        together, apart = (f"t{run}", f"t{run}b"), (f"a{run}", f"a{run}b")

        def effects(subject: str) -> list[Effect]:
            made: list[Effect] = [StartTimer(rig.timer(subject, "tst.new", within=hours(2)))]
            for way, name in changes:
                made.append(
                    (
                        StopTimer(subject, name, at(when)),
                        StopTimer(subject, name, at(when), cancelled=True),
                        PauseTimer(subject, name, at(when)),
                        ResumeTimer(subject, name, at(when)),
                        CancelTimers(subject, at(when), name),
                    )[way]
                )
            return made

        for subject in (*together, *apart):
            self.start(rig, *(rig.timer(subject, name, within=hours(hour)) for name, hour in due.items()))
        one, two = (effects(subject) for subject in together)
        mixed = [effect for pair in zip(one, two, strict=True) for effect in pair]
        rig.run(lambda unit: unit.record([rig.picked(together[0], at=at(when))], mixed))
        for subject in apart:
            for effect in effects(subject):
                rig.run(lambda unit: unit.record([rig.picked(subject, at=at(when))], [effect]))  # noqa: B023
        for mine, other in zip(together, apart, strict=True):
            found = {name: attrs.evolve(timer, subject=other) for name, timer in self.timers(rig, mine).items()}
            assert found == self.timers(rig, other)
            assert self.fired(rig, mine) == self.fired(rig, other)

    def test_a_reminder_fires_once_and_breaches_nothing(self, rig: Rig) -> None:
        self.start(rig, attrs.evolve(rig.timer("a", within=hours(2)), reminder=True))
        assert sweep(rig.store, at(2)) == SweepReport(0, 0)
        assert sweep(rig.store, at(9)) == SweepReport(1, 0)
        assert sweep(rig.store, at(99)) == SweepReport(0, 0)
        timer = self.timers(rig, "a")["tst"]
        assert (timer.reminder, timer.state, timer.ended_at) == (True, TimerState.MET, at(2))
        assert self.fired(rig, "a") == [("timer_reminded", 2.0)]

    def test_a_timer_found_late_by_its_own_end_fires_there_and_then_once(self, rig: Rig) -> None:
        self.start(rig, rig.timer("a", within=hours(2)))
        rig.run(lambda unit: unit.record([rig.picked("a", at=at(5))], [StopTimer("a", "tst", at(5))]))
        assert sweep(rig.store, at(9)) == SweepReport(0, 0)
        timer = self.timers(rig, "a")["tst"]
        assert (timer.state, timer.ended_at, timer.completed_at) == (TimerState.BREACHED, at(2), at(5))
        assert self.fired(rig, "a") == [("timer_breached", 2.0)]
        assert [m.key for m in rig.snapshot()["outbox"]] == ["a/tst/TimerBreached"]

    def test_messages_need_an_event(self, rig: Rig) -> None:
        with pytest.raises(RuleBroken):
            rig.run(lambda unit: unit.record([], [Message("k", "o", "t")]))
        assert rig.snapshot()["outbox"] == []

    # --- sweeps
    @examples(15)
    @given(
        drawn=st.lists(st.tuples(st.integers(1, 8), st.sampled_from([(), (50,), (25, 50)])), max_size=7),
        untils=st.lists(st.integers(0, 12), max_size=4),
        batch=st.integers(1, 4),
    )
    def test_a_sweep_fires_what_is_due_in_order_once(
        self, rig: Rig, drawn: list[tuple[int, tuple[int, ...]]], untils: list[int], batch: int
    ) -> None:
        sweep(rig.store, at(10_000))
        subject = f"s{rig.run(lambda unit: unit.session.next_number('runs'))}"
        timers = [rig.timer(subject, f"tst.{n}", within=hours(h), warnings=w) for n, (h, w) in enumerate(drawn)]
        if timers:
            self.start(rig, *timers)
        warnings = sorted(warning.at for timer in timers for warning in timer.warnings)
        breaches = sorted(timer.due_at for timer in timers)
        swept = at(0)
        for until in map(at, untils):
            report = sweep(rig.store, until, batch=batch)
            assert report.warned == sum(swept < w <= until for w in warnings if until > swept)
            assert report.breached == sum(swept <= b < until for b in breaches if until > swept)
            swept = max(swept, until)
        sweep(rig.store, at(100), batch=batch)
        fired = self.fired(rig, subject)
        assert sorted(at(h) for name, h in fired if name == "timer_warned") == warnings
        assert sorted(at(h) for name, h in fired if name == "timer_breached") == breaches
        if not untils:
            assert [h for _, h in fired] == sorted(h for _, h in fired), "one sweep fires in the order of deadlines"

    def test_what_fired_is_told_once_in_the_same_unit(self, rig: Rig) -> None:
        self.start(rig, rig.timer("a", within=hours(2), warnings=(50,)))
        assert sweep(rig.store, at(3)) == SweepReport(1, 1)
        assert sweep(rig.store, at(3)) == SweepReport(0, 0)
        assert [m.key for m in rig.snapshot()["outbox"]] == ["a/tst/TimerWarned", "a/tst/TimerBreached"]
        (breach,) = (r for r in rig.snapshot("a")["trails"]["a"] if r.name == "timer_breached")
        assert (breach.by, breach.at) == ("system", at(2))

    def test_a_handler_that_refuses_holds_up_only_its_own_timer(self, rig: Rig) -> None:
        self.start(
            rig,
            rig.timer("a", "tst.1", within=hours(1)),
            rig.timer("a", "refusing", within=hours(2)),
            rig.timer("a", "tst.3", within=hours(3)),
        )
        for _ in range(2):
            report = sweep(rig.store, at(9), batch=2)
            assert [(subject, name) for subject, name, _ in report.failed] == [("a", "refusing")]
        assert self.fired(rig, "a") == [("timer_breached", 1.0), ("timer_breached", 3.0)]
        assert self.timers(rig, "a")["refusing"].state is TimerState.RUNNING

    def test_a_handler_may_stop_a_timer_that_is_due_after_its_own(self, rig: Rig) -> None:
        self.start(
            rig,
            rig.timer("a", "stopping", within=hours(1)),
            rig.timer("a", "tst.other", within=hours(2), warnings=(75,)),
        )
        assert sweep(rig.store, at(9)) == SweepReport(0, 1)
        assert self.timers(rig, "a")["tst.other"].state is TimerState.CANCELLED

    def test_a_claim_that_was_rolled_back_is_due_again(self, rig: Rig) -> None:
        self.start(rig, rig.timer("a", within=hours(1)))

        def work(unit: StandardUnit) -> None:
            (timer,) = unit.session.due_timers(at(2), 5, ())
            unit.fire(timer, at(2), at(2))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            rig.run(work)
        assert self.fired(rig, "a") == []
        assert sweep(rig.store, at(2)) == SweepReport(0, 1)

    def test_sweepers_at_once_fire_each_once(self, rig: Rig) -> None:
        timers = [rig.timer(f"s{n}", within=hours(1 + n / 100), warnings=(50,)) for n in range(30)]
        self.start(rig, *timers)
        reports: list[SweepReport] = []
        threads = [beside(lambda: reports.append(sweep(rig.store, at(9), batch=4))) for _ in range(3)]
        for thread in threads:
            thread.join(3 * WAIT)
        assert (sum(r.warned for r in reports), sum(r.breached for r in reports)) == (30, 30)
        assert all(len(self.fired(rig, f"s{n}")) == 2 for n in range(30))

    def test_a_timer_claimed_by_one_sweeper_is_passed_over_by_another(self, rig: Rig) -> None:
        self.start(rig, rig.timer("a", within=hours(1)), rig.timer("a", "tst.2", within=hours(2)))
        if Ability.WRITES_BESIDE_A_WRITER not in rig.abilities:
            assert sweep(rig.store, at(9)).breached == 2
            return

        def work(unit: StandardUnit) -> list[str]:
            unit.session.due_timers(at(9), 1, ())
            found: list[str] = []

            def other() -> None:
                due = rig.run(lambda u: u.session.due_timers(at(9), 5, ()))
                found.extend(timer.name for timer in due)

            beside(other).join(WAIT)
            return found

        assert rig.run(work) == ["tst.2"]
