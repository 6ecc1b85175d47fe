"""SLA timers over random calendars against a slow model, and the laws they keep (KRN-06)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from csdomain.kernel.calendar import CalendarSpec, WorkCalendar
from csdomain.kernel.cases.events import TimerBreached, TimerFired, TimerReminded, TimerWarned
from csdomain.kernel.cases.timers import (
    LIVE,
    MalformedTimer,
    Timer,
    TimerState,
    advance,
    cancel,
    explain,
    meet,
    pause,
    resume,
    start,
)
from csdomain.kernel.rules import TIME, TIMERS
from csdomain.kernel.rules.errors import NaiveTime, RuleBroken
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime
from kernel.calendar_oracle import STEP, TICK, Oracle, calendars
from kernel.test_business_time_cases import at as instant
from kernel.test_business_time_cases import calendar as case_calendar
from kernel.test_business_time_cases import cases

ZERO = timedelta(0)
HOUR = timedelta(hours=1)
HORIZON = timedelta(days=8)
OFFICE = WorkCalendar(
    CalendarSpec("Asia/Shanghai", {d: ["09:00-12:00", "13:00-18:00"] for d in ("mon", "tue", "wed", "thu", "fri")}),
    "office",
)
MONDAY = datetime(2026, 3, 9, 1, tzinfo=UTC)  # 09:00 in Shanghai


class OpenTime:
    """The open time of some days as a list of windows, found by looking at every five minutes of them."""

    def __init__(self, spec: CalendarSpec, around: datetime) -> None:
        oracle = Oracle(spec)
        self.rolls = spec.boundary == "next_open"
        self.end = around + HORIZON
        self.windows: list[tuple[datetime, datetime]] = []
        for a, b in oracle.steps(around - timedelta(days=2), self.end):
            if oracle.is_open(a):
                if self.windows and self.windows[-1][1] == a:
                    a = self.windows.pop()[0]
                self.windows.append((a, b))

    def between(self, start: datetime, end: datetime) -> timedelta:
        return sum((max(min(b, end) - max(a, start), ZERO) for a, b in self.windows), ZERO)

    def add(self, start: datetime, span: timedelta) -> datetime | None:
        """None where it lies beyond the days looked at."""
        if not span and not self.rolls and any(a < start <= b for a, b in self.windows):
            return start
        for a, b in self.windows:
            a = max(a, start)
            if a < b:
                if span < b - a or (span == b - a and not self.rolls):
                    return a + span if a + span < self.end else None
                span -= b - a
        return None


class BeyondHorizon(Exception):
    """The model has not looked that far."""


class AllTime:
    """Time that merely elapses, open or not."""

    def between(self, since: datetime, until: datetime) -> timedelta:
        return until - since

    def add(self, at: datetime, span: timedelta) -> datetime:
        return at + span


@attrs.define
class Model:
    """A timer told slowly: where the deadline and each warning stand, moved pause by pause.

    A reminder breaches nothing: at its time somebody is told, unless it was stopped before anybody noticed.
    """

    open: OpenTime | AllTime
    began: datetime
    due: datetime
    budget: timedelta
    coming: list[tuple[int, datetime]]
    reminder: bool = False
    warned: list[int] = attrs.field(factory=list)
    state: TimerState = TimerState.RUNNING
    pauses: list[tuple[datetime, datetime | None]] = attrs.field(factory=list)
    ended: datetime | None = None
    done: datetime | None = None
    dropped: datetime | None = None

    @property
    def overdue(self) -> bool:
        return self.state is TimerState.BREACHED and self.done is None and self.dropped is None

    @property
    def waiting(self) -> bool:
        stands = self.state is TimerState.PAUSED or self.overdue
        return stands and bool(self.pauses) and self.pauses[-1][1] is None

    def fire(self, until: datetime) -> list[tuple[str, datetime]]:
        """What is due up to an instant: the warnings in order, then the breach."""
        told: list[tuple[str, datetime]] = []
        if self.state is TimerState.RUNNING:
            for percent, at in list(self.coming):
                if at <= until:
                    told.append((f"{percent}%", at))
                    self.warned.append(percent)
                    self.coming.remove((percent, at))
            if self.reminder and until > self.due:
                self.state, self.ended = TimerState.MET, self.due
                return [*told, ("reminder", self.due)]
            told += self.late(until)
        return told

    def late(self, at: datetime) -> list[tuple[str, datetime]]:
        if self.state is TimerState.RUNNING and at > self.due and not self.reminder:
            self.state, self.ended = TimerState.BREACHED, self.due
            return [("breach", self.due)]
        return []

    def moved(self, at: datetime, since: datetime, until: datetime, working: timedelta) -> datetime:
        if at < since or since == until:
            return at
        to = self.open.add(at, working) if working else at
        if to is not None and to <= until and isinstance(self.open, OpenTime):  # nothing is due in closed time
            to = next((max(a, until) for a, b in self.open.windows if until < b), None)
        if to is None:
            raise BeyondHorizon
        return to

    def resume(self, at: datetime) -> None:
        since = self.pauses[-1][0]
        working = self.open.between(since, at)
        self.pauses[-1] = (since, at)
        if self.state is TimerState.PAUSED:
            self.due = self.moved(self.due, since, at, working)
            self.coming = [(percent, self.moved(w, since, at, working)) for percent, w in self.coming]
            self.state = TimerState.RUNNING

    @property
    def last(self) -> datetime:
        return max([self.began, *(t for pause_ in self.pauses for t in pause_ if t)])

    def spent(self, since: datetime, at: datetime) -> timedelta:
        """The time from one instant to another outside of every pause."""
        waits = [(max(a, since), min(b or at, at)) for a, b in self.pauses]
        return self.open.between(since, at) - sum((self.open.between(a, b) for a, b in waits if a < b), ZERO)


def told(fired: tuple[TimerFired, ...]) -> list[tuple[str, datetime]]:
    names = {TimerBreached: "breach", TimerReminded: "reminder"}
    return [(f"{e.percent}%" if isinstance(e, TimerWarned) else names[type(e)], e.at) for e in fired]


percentages = st.sets(st.integers(1, 99) | st.sampled_from([1, 50, 80, 99]), max_size=4).map(sorted)


class TimerMachine(RuleBasedStateMachine):
    """Everything that can be done with a timer, in any order, at instants on and beside its edges."""

    def __init__(self) -> None:
        super().__init__()
        self.fired: list[TimerFired] = []
        self.lost = False

    @initialize(drawn=calendars(), data=st.data())
    def begin(self, drawn: tuple[CalendarSpec, datetime], data: st.DataObject) -> None:
        spec, around = drawn
        self.calendar = WorkCalendar(spec, "random")
        self.open = OpenTime(spec, around)
        self.now = around + data.draw(st.integers(-288, 288)) * STEP + data.draw(st.sampled_from([ZERO, TICK, -TICK]))
        minutes = st.integers(0, 600).map(lambda n: timedelta(minutes=n)) | st.sampled_from([ZERO, TICK])
        self.duration = data.draw(
            st.builds(WorkingTime, minutes)
            | st.builds(ElapsedTime, minutes.map(lambda m: 3 * m))
            | st.builds(CalendarDays, st.integers(0, 3), st.booleans())
            | st.builds(WorkingDays, st.integers(0, 2), st.booleans())
        )
        percents = data.draw(percentages)
        reminder = data.draw(st.booleans())
        self.timer = start(
            "case", "CMP-04", self.calendar, self.duration, self.now, warnings=percents, reminder=reminder
        )
        due: datetime | None
        if isinstance(self.duration, WorkingTime):
            due = self.open.add(self.now, self.duration.time)
        elif isinstance(self.duration, ElapsedTime):
            due = self.now + self.duration.time
        else:
            due = self.calendar.deadline(self.now, self.duration)
        if due is None or due >= self.open.end:
            self.lost = True
            return
        counts = AllTime() if isinstance(self.duration, ElapsedTime | CalendarDays) else self.open
        budget = counts.between(self.now, due)
        self.model = Model(counts, self.now, due, budget, [], reminder)
        for percent in percents:
            at = counts.add(self.now, budget * percent // 100)
            self.model.coming.append((percent, min(at or due, due)))

    def then(self, data: st.DataObject) -> datetime:
        """An instant from now on, often one at which something happens; sometimes one before."""
        due = self.timer.due_at
        left = max(due - self.now, ZERO)
        edges = [due, due + TICK, *(w.at for w in self.timer.warnings), self.now, self.model.last]
        at = data.draw(
            st.integers(0, 8).map(lambda n: self.now + left * n // 16)
            | st.sampled_from(edges)
            | st.integers(-2 * 12, 30 * 12).map(lambda n: self.now + n * STEP)
            | st.integers(0, 8 * 3_600_000_000).map(lambda n: self.now + n * TICK)
        )
        self.zone = data.draw(st.sampled_from([UTC, ZoneInfo(self.calendar.spec.zone)]))
        return at

    def wall(self, at: datetime) -> datetime:
        """The instant as the caller may give it: in a zone."""
        return at.astimezone(self.zone)

    def go(self, at: datetime, act: Callable[[], Timer | tuple[Timer, tuple[TimerFired, ...]]], fine: bool) -> Any:
        """Make a move that the rule allows, or see it refused with nothing changed."""
        before = attrs.evolve(self.timer)
        if not fine:
            with pytest.raises(RuleBroken) as refused:
                act()
            assert refused.value.rule is TIMERS
            assert self.timer == before
            return None
        result = act()
        self.timer, fired = result if isinstance(result, tuple) else (result, ())
        self.now = max(self.now, at)
        self.fired += fired
        return told(fired)

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """One move, mostly one that keeps the timer alive."""
        if not self.lost:
            moves = {
                TimerState.RUNNING: [self.pause] * 4 + [self.advance] * 2 + [self.meet, self.cancel, self.resume],
                TimerState.PAUSED: [self.resume] * 5 + [self.advance, self.pause, self.meet, self.cancel],
            }.get(self.model.state, [self.meet, self.cancel, self.pause, self.resume, self.advance])
            data.draw(st.sampled_from(moves))(data)

    def advance(self, data: st.DataObject) -> None:
        at = self.then(data)
        timer, fired = advance(self.timer, self.wall(at))
        assert told(fired) == self.model.fire(at)
        assert all(event.found_at == at for event in fired)
        assert advance(timer, at) == (timer, ())
        self.timer, self.now = timer, max(at, self.now)
        self.fired += fired

    def pause(self, data: st.DataObject) -> None:
        at, model = self.then(data), self.model
        fine = at >= model.last and (model.state is TimerState.RUNNING or (model.overdue and not model.waiting))
        said = self.go(at, lambda: pause(self.timer, self.wall(at)), fine)
        if fine:
            assert said == model.late(at)
            model.state = TimerState.PAUSED if model.state is TimerState.RUNNING else model.state
            model.pauses.append((at, None))

    def resume(self, data: st.DataObject) -> None:
        at, model = self.then(data), self.model
        fine = at >= model.last and model.waiting
        if fine and at >= self.open.end:
            return
        was, due = self.timer, model.due
        self.go(at, lambda: resume(self.timer, self.calendar, self.wall(at)), fine)
        if fine:
            try:
                model.resume(at)
            except BeyondHorizon:
                self.lost = True
                return
            note(f"paused from {was.pauses[-1].since} to {at}")
            counts, since = model.open, was.pauses[-1].since
            moves = was.live and due >= since  # what has been told stays where it was
            assert counts.between(due, model.due) == (counts.between(since, at) if moves else ZERO)
            if moves and since < at:
                assert model.due >= at
                assert self.calendar.is_open(model.due) or model.due > at or isinstance(counts, AllTime)

    def meet(self, data: st.DataObject) -> None:
        at, model = self.then(data), self.model
        late_note = model.state is TimerState.BREACHED and model.done is None
        fine = at >= model.last and (model.state in LIVE or late_note)
        said = self.go(at, lambda: meet(self.timer, self.wall(at)), fine)
        if fine:
            assert said == model.late(at)
            if model.state in LIVE:
                model.state, model.ended = TimerState.MET, at
            model.done = at

    def cancel(self, data: st.DataObject) -> None:
        at, model = self.then(data), self.model
        fine = at >= model.last and (model.state in LIVE or model.overdue)
        said = self.go(at, lambda: cancel(self.timer, self.wall(at)), fine)
        if fine:
            assert said == model.late(at)
            if model.state in LIVE:
                model.state, model.ended = TimerState.CANCELLED, at
            else:
                model.dropped = at

    @invariant()
    def it_stands_where_the_model_says(self) -> None:
        if self.lost or not hasattr(self, "model"):
            return
        timer, model = self.timer, self.model
        assert (timer.state, timer.due_at, timer.budget) == (model.state, model.due, model.budget)
        assert (timer.ended_at, timer.completed_at, timer.dropped_at) == (model.ended, model.done, model.dropped)
        assert (timer.overdue, timer.waiting) == (model.overdue, model.waiting)
        assert [(p.since, p.until) for p in timer.pauses] == model.pauses
        assert [(w.percent, w.at) for w in timer.warnings[timer.warned :]] == model.coming
        assert [w.percent for w in timer.warnings[: timer.warned]] == model.warned
        assert all(t.tzinfo is UTC for t in (timer.due_at, timer.started_at))

    @invariant()
    def it_keeps_the_laws(self) -> None:
        if not hasattr(self, "timer"):
            return
        timer, fired = self.timer, self.fired
        breaches = [event for event in fired if isinstance(event, TimerBreached)]
        reminders = [event for event in fired if isinstance(event, TimerReminded)]
        percents = [event.percent for event in fired if isinstance(event, TimerWarned)]
        assert len(breaches) == (timer.state is TimerState.BREACHED)
        assert not (breaches if timer.reminder else reminders)
        assert len(reminders) <= (timer.state is TimerState.MET)
        assert percents == sorted(set(percents))
        assert [event.at for event in fired] == sorted(event.at for event in fired)
        for event in (*breaches, *reminders):
            assert fired[-1] is event
            assert event.at == timer.ended_at == timer.due_at
        assert (timer.next_at is None) is (timer.state is not TimerState.RUNNING)
        if timer.next_at is not None:
            assert advance(timer, timer.next_at - TICK) == (timer, ())
            assert advance(timer, timer.next_at)[1]
        assert (timer.ended_at is None) is timer.live

    @invariant()
    def the_explanation_agrees(self) -> None:
        if self.lost or not hasattr(self, "model"):
            return
        for at in (self.now, self.timer.started_at + (self.now - self.timer.started_at) / 2):
            if at >= self.open.end:
                return
            said, model = explain(self.timer, self.calendar, at), self.model
            stopped = model.ended if model.state is not TimerState.BREACHED else model.dropped
            end = min(at, model.done or stopped or at)
            assert said.used == model.spent(model.began, end)
            is_late = end > model.due and not model.reminder
            assert said.late == (model.spent(model.due, end) if is_late else ZERO)
            if model.state is TimerState.BREACHED and is_late and isinstance(self.duration, WorkingTime):
                assert said.used == said.budget + said.late
            assert said.reminder is model.reminder
            assert (said.due_at, said.budget, said.pauses) == (self.timer.due_at, self.timer.budget, self.timer.pauses)
            running = self.timer.state is TimerState.RUNNING and self.now <= self.timer.due_at
            if running and at == self.now and isinstance(self.duration, WorkingTime):
                assert said.used + self.open.between(at, self.timer.due_at) == self.timer.budget == self.duration.time


TimersAgainstTheModel = TimerMachine.TestCase
TimersAgainstTheModel.settings = settings(max_examples=settings().max_examples * 2 // 5, stateful_step_count=14)
pytest.mark.rule(TIMERS)(TimersAgainstTheModel)


# --- laws, one by one -------------------------------------------------------------------------------------------------

some_time = st.integers(1, 3 * 8 * 60).map(lambda n: timedelta(minutes=n))
moments = st.integers(0, 14 * 24 * 60).map(lambda n: MONDAY + timedelta(minutes=n))


@pytest.mark.rule(TIMERS)
@given(moments, some_time)
def test_done_exactly_at_the_deadline_is_in_time_and_a_microsecond_later_is_not(at: datetime, span: timedelta) -> None:
    timer = start("case", "T", OFFICE, WorkingTime(span), at)
    for done, state in ((timer.due_at, TimerState.MET), (timer.due_at + TICK, TimerState.BREACHED)):
        met, fired = meet(timer, done)
        assert (met.state, met.completed_at) == (state, done)
        assert met.ended_at == timer.due_at
        assert len(fired) == (state is TimerState.BREACHED)
    assert advance(timer, timer.due_at) == (timer, ())
    assert advance(timer, timer.due_at + TICK)[0].state is TimerState.BREACHED


@pytest.mark.rule(TIMERS)
@given(moments, some_time, percentages, st.integers(1, 10**12).map(lambda n: n * TICK))
def test_a_breach_found_late_is_recorded_when_it_was_due(
    at: datetime, span: timedelta, percents: list[int], late: timedelta
) -> None:
    timer = start("case", "T", OFFICE, WorkingTime(span), at, warnings=percents)
    after, fired = advance(timer, timer.due_at + late)
    assert [event.at for event in fired] == [*(w.at for w in timer.warnings), timer.due_at]
    assert {event.found_at for event in fired} == {timer.due_at + late}
    assert after.ended_at == timer.due_at
    assert cancel(after, timer.due_at + late) == (attrs.evolve(after, dropped_at=timer.due_at + late), ())
    noted, again = meet(after, timer.due_at + 2 * late)
    assert (noted.state, noted.ended_at, again) == (TimerState.BREACHED, timer.due_at, ())
    with pytest.raises(RuleBroken):
        meet(noted, timer.due_at + 3 * late)


@pytest.mark.rule(TIMERS)
@given(moments, some_time, st.integers(1, 10**12).map(lambda n: n * TICK), st.sampled_from([pause, cancel, meet]))
def test_whoever_comes_late_finds_it_breached(
    at: datetime, span: timedelta, late: timedelta, act: Callable[..., tuple[Timer, tuple[TimerFired, ...]]]
) -> None:
    timer = start("case", "T", OFFICE, WorkingTime(span), at)
    after, (breach,) = act(timer, timer.due_at + late)
    assert (after.state, after.ended_at, breach.at) == (TimerState.BREACHED, timer.due_at, timer.due_at)
    assert breach.found_at == timer.due_at + late
    assert after.completed_at == (timer.due_at + late if act is meet else None)
    assert after.waiting is bool(after.pauses) is (act is pause)
    assert after.dropped_at == (timer.due_at + late if act is cancel else None)


@pytest.mark.rule(TIMERS)
@given(moments, some_time, percentages, st.integers(1, 10**12).map(lambda n: n * TICK))
def test_a_reminder_is_given_at_its_time_and_breaches_nothing(
    at: datetime, span: timedelta, percents: list[int], late: timedelta
) -> None:
    timer = start("case", "T", OFFICE, WorkingTime(span), at, warnings=percents, reminder=True)
    assert advance(timer, timer.due_at)[0].live
    after, fired = advance(timer, timer.due_at + late)
    assert [event.at for event in fired] == [*(w.at for w in timer.warnings), timer.due_at]
    assert isinstance(fired[-1], TimerReminded)
    assert (after.state, after.ended_at, after.completed_at) == (TimerState.MET, timer.due_at, None)
    assert advance(after, timer.due_at + 2 * late) == (after, ())
    for act in (meet, cancel, pause):
        with pytest.raises(RuleBroken):
            act(after, timer.due_at + 2 * late)


@pytest.mark.rule(TIMERS)
@given(moments, some_time, st.integers(1, 10**12).map(lambda n: n * TICK), st.sampled_from([pause, cancel, meet]))
def test_a_reminder_that_was_overtaken_before_anybody_noticed_is_not_given(
    at: datetime, span: timedelta, late: timedelta, act: Callable[..., tuple[Timer, tuple[TimerFired, ...]]]
) -> None:
    timer = start("case", "T", OFFICE, WorkingTime(span), at, reminder=True)
    done = timer.due_at + late
    after, fired = act(timer, done)
    states = {pause: TimerState.PAUSED, cancel: TimerState.CANCELLED, meet: TimerState.MET}
    assert (after.state, fired) == (states[act], ())
    assert after.ended_at == (None if act is pause else done)
    assert advance(after, done + late) == (after, ())
    if act is pause:  # it waits as long as the clock stands still
        assert [type(event) for event in advance(resume(after, OFFICE, done), done + late)[1]] == [TimerReminded]


@pytest.mark.rule(TIMERS)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 10**9).map(lambda n: n * TICK))
def test_time_does_not_go_back(run: int, wait: int, back: timedelta) -> None:
    since = MONDAY + timedelta(minutes=run)
    until = since + timedelta(minutes=wait)
    timer = start("case", "T", OFFICE, WorkingTime(40 * HOUR), MONDAY)
    paused, _ = pause(timer, since)
    resumed = resume(paused, OFFICE, until)
    again, _ = pause(resumed, until + HOUR)
    for one, last in ((timer, MONDAY), (paused, since), (resumed, until), (again, until + HOUR)):
        for act in (pause, meet, cancel, lambda t, a: resume(t, OFFICE, a)):
            with pytest.raises(RuleBroken) as refused:
                act(one, last - back)
            assert "at" in refused.value.facts  # told of the time, whatever the state
    assert meet(resumed, until)[0].state is TimerState.MET


@pytest.mark.rule(TIMERS)
@given(moments, some_time, st.lists(st.tuples(some_time, st.integers(0, 6000)), max_size=4))
def test_only_working_time_outside_pauses_counts(
    at: datetime, span: timedelta, gaps: list[tuple[timedelta, int]]
) -> None:
    timer, now = start("case", "T", OFFICE, WorkingTime(span), at), at
    for run, wait in gaps:
        now = OFFICE.add(now, min(run, OFFICE.between(now, timer.due_at)))
        if now >= timer.due_at:
            break
        timer, _ = pause(timer, now)
        now += timedelta(minutes=wait)
        timer = resume(timer, OFFICE, now)
    left = OFFICE.between(now, timer.due_at)
    assert OFFICE.between(at, timer.due_at) == span + timer.paused_for
    assert explain(timer, OFFICE, now).used + left == span


@pytest.mark.rule(TIMERS)
@given(moments, some_time, st.integers(1, 99))
def test_a_warning_comes_when_its_share_of_the_working_time_is_used(
    at: datetime, span: timedelta, percent: int
) -> None:
    timer = start("case", "T", OFFICE, WorkingTime(span), at, warnings=[percent])
    (warning,) = timer.warnings
    assert OFFICE.between(at, warning.at) == span * percent // 100
    assert explain(timer, OFFICE, warning.at).used * 100 // span in (percent - 1, percent)


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize("name", ["", "x" * 65, "two\nlines", "\0"])
def test_a_timer_has_a_short_printable_name(name: str) -> None:
    with pytest.raises(MalformedTimer) as refused:
        start("case", name, OFFICE, WorkingTime(HOUR), MONDAY)
    assert refused.value.facts["field"] == "name"
    assert start("case", "x" * 64, OFFICE, WorkingTime(HOUR), MONDAY).name == "x" * 64


@pytest.mark.rule(TIMERS)
@given(st.lists(st.integers(-5, 105), max_size=5))
def test_warnings_are_ascending_percentages(percents: list[int]) -> None:
    if percents == sorted(set(percents)) and all(1 <= p <= 99 for p in percents):
        timer = start("case", "T", OFFICE, WorkingTime(HOUR), MONDAY, warnings=percents)
        assert [w.percent for w in timer.warnings] == percents
    else:
        with pytest.raises(MalformedTimer):
            start("case", "T", OFFICE, WorkingTime(HOUR), MONDAY, warnings=percents)


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize("percents", [[True], [50.0], ["50"], [None]])
def test_percentages_are_integers(percents: list[Any]) -> None:
    with pytest.raises(MalformedTimer) as refused:
        start("case", "T", OFFICE, WorkingTime(HOUR), MONDAY, warnings=percents)
    assert refused.value.facts["field"] == "warnings"


@pytest.mark.rule(TIMERS)
def test_a_move_that_the_state_forbids_is_refused_by_name() -> None:
    timer = start("case", "T", OFFICE, WorkingTime(HOUR), MONDAY)
    met, _ = meet(timer, MONDAY)
    with pytest.raises(RuleBroken) as refused:
        cancel(met, MONDAY)
    assert refused.value.facts == {"timer": "T", "subject": "case", "state": TimerState.MET}
    assert "a timer that is paused, running" in refused.value.render("en")


@pytest.mark.rule(TIMERS, TIME)
def test_every_instant_is_kept_in_utc() -> None:
    shanghai = MONDAY.astimezone(ZoneInfo("Asia/Shanghai"))
    timer = start("case", "T", OFFICE, WorkingTime(HOUR), shanghai, warnings=[50])
    for late in (ZERO, 2 * HOUR):
        met, fired = meet(timer, shanghai + late)
        kept = [timer.started_at, timer.due_at, timer.warnings[0].at, met.ended_at, met.completed_at]
        kept += [instant_ for event in fired for instant_ in (event.at, event.found_at)]
        assert all(at is not None and at.tzinfo is UTC for at in kept)


@pytest.mark.rule(TIMERS)
def test_a_warning_that_was_given_is_not_given_again_after_a_pause() -> None:
    timer = start("case", "T", OFFICE, WorkingTime(8 * HOUR), MONDAY, warnings=[25, 50, 75])
    timer, fired = advance(timer, MONDAY + 2 * HOUR)
    assert told(fired) == [("25%", MONDAY + 2 * HOUR)]
    timer, _ = pause(timer, MONDAY + 2 * HOUR)
    assert timer.paused_for == ZERO
    timer = resume(timer, OFFICE, MONDAY + 3 * HOUR)
    assert [w.percent for w in timer.warnings] == [25, 50, 75]
    assert [w.at for w in timer.warnings] == [MONDAY + n * HOUR for n in (2, 6, 8)]  # lunch is from the third hour on
    timer, fired = advance(timer, timer.due_at + TICK)
    assert [what for what, _ in told(fired)] == ["50%", "75%", "breach"]
    assert timer.paused_for == HOUR


@pytest.mark.rule(TIMERS)
def test_a_pause_without_working_time_moves_nothing() -> None:
    saturday = MONDAY + timedelta(days=5)
    timer = start("case", "T", OFFICE, WorkingDays(6), MONDAY, warnings=[99])
    paused, _ = pause(timer, saturday)
    again = resume(paused, OFFICE, saturday + HOUR)
    assert (again.due_at, again.warnings, again.paused_for) == (timer.due_at, timer.warnings, ZERO)


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize("duration", [WorkingTime(8 * HOUR), WorkingDays(0), WorkingDays(1)])
def test_f24_a_pause_that_ends_in_closed_time_moves_the_deadline_to_the_next_opening(duration: Duration) -> None:
    timer = start("case", "T", OFFICE, duration, MONDAY, warnings=[99])
    closing = timer.due_at  # 18:00
    paused, fired = pause(timer, closing)
    assert not fired
    resumed = resume(paused, OFFICE, closing + 3 * HOUR)
    assert resumed.due_at == OFFICE.next_open(closing) == closing + 15 * HOUR
    assert not [event for event in advance(resumed, closing + 9 * HOUR)[1] if isinstance(event, TimerBreached)]


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize("duration", [CalendarDays(3), CalendarDays(3, end_of_day=False), ElapsedTime(72 * HOUR)])
def test_f11_what_runs_on_the_clock_is_paused_warned_and_explained_by_the_clock(duration: Duration) -> None:
    timer = start("case", "T", OFFICE, duration, MONDAY, warnings=[50])
    assert timer.warnings[0].at == MONDAY + timer.budget / 2
    timer, _ = pause(timer, MONDAY + 2 * HOUR)
    timer = resume(timer, OFFICE, MONDAY + 242 * HOUR)  # ten days for the customer
    assert timer.due_at == MONDAY + timer.budget + 240 * HOUR
    assert explain(timer, OFFICE, MONDAY + 244 * HOUR).used == 4 * HOUR
    late, _ = pause(advance(timer, timer.due_at + HOUR)[0], timer.due_at + HOUR)
    late = resume(late, OFFICE, timer.due_at + 138 * HOUR)
    done, _ = meet(late, timer.due_at + 139 * HOUR)
    said = explain(done, OFFICE, timer.due_at + 999 * HOUR)
    assert (said.late, said.used) == (2 * HOUR, said.budget + 2 * HOUR)


@pytest.mark.rule(TIMERS)
def test_a_timer_paused_on_its_very_deadline_has_it_moved() -> None:
    timer = start("case", "T", OFFICE, WorkingTime(HOUR), MONDAY)
    paused, fired = pause(timer, timer.due_at)
    assert not fired
    assert resume(paused, OFFICE, MONDAY + 2 * HOUR).due_at == MONDAY + 2 * HOUR


@pytest.mark.rule(TIME)
def test_a_time_without_a_zone_is_refused_everywhere() -> None:
    naive, timer = datetime(2026, 3, 9, 9, 30), start("case", "T", OFFICE, WorkingTime(HOUR), MONDAY)  # noqa: DTZ001
    paused, _ = pause(timer, MONDAY)
    for act in (
        lambda: start("case", "T", OFFICE, WorkingTime(HOUR), naive),
        lambda: advance(timer, naive),
        lambda: pause(timer, naive),
        lambda: resume(paused, OFFICE, naive),
        lambda: meet(timer, naive),
        lambda: cancel(timer, naive),
        lambda: explain(timer, OFFICE, naive),
    ):
        with pytest.raises(NaiveTime):
            act()


@pytest.mark.rule(TIMERS)
def test_a_day_at_the_office() -> None:
    """Accepted at nine, with eight working hours to go; the customer keeps us waiting from ten until the next noon."""
    timer = start("case", "CMP-04", OFFICE, WorkingTime(8 * HOUR), MONDAY, warnings=[50, 80])
    assert timer.due_at == MONDAY + 9 * HOUR  # 18:00, lunch left out
    timer, _ = pause(timer, MONDAY + HOUR)
    assert timer.next_at is None
    timer = resume(timer, OFFICE, MONDAY + 27 * HOUR)
    assert timer.paused_for == 10 * HOUR  # seven on Monday, three on Tuesday
    assert timer.due_at == MONDAY + timedelta(days=2) + 2 * HOUR  # Wednesday at eleven
    assert explain(timer, OFFICE, MONDAY + 27 * HOUR).used == HOUR
    assert explain(timer, OFFICE, MONDAY + HOUR / 2).used == HOUR / 2  # as of before the pause


# --- what another system answers --------------------------------------------------------------------------------------

TRACES = [param for param in cases() if param.values[0]["kind"] == "sla_trace"]


@pytest.mark.rule(TIMERS)
@pytest.mark.parametrize(("case", "data"), TRACES)
def test_a_trace_of_another_system(case: dict[str, Any], data: dict[str, Any]) -> None:
    cal, budget = case_calendar(case["calendar"], data), case["budget"]
    if "seconds" in budget:
        timer = start("case", "T", cal, WorkingTime(timedelta(seconds=budget["seconds"])), instant(case["start"]))
    else:
        days = WorkingDays(budget["working_days"], end_of_day=budget["end_of_working_day"])
        timer = start("case", "T", cal, days, instant(case["start"]))
    for since, until in case["pauses"]:
        timer, fired = pause(timer, instant(since))
        assert not fired
        timer = resume(timer, cal, instant(until))
    assert timer.due_at == instant(case["expected"]["deadline"])
    assert timer.paused_for.total_seconds() == case["expected"]["paused_working_seconds"]
    assert meet(timer, timer.due_at)[0].state is TimerState.MET


@pytest.mark.rule(TIMERS)
def test_there_are_traces() -> None:
    assert len(TRACES) >= 18
