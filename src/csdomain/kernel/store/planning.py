"""The planner: what is due for many because a date arrived, each once whatever dies and however many plan (D21).

What is due for one subject at an instant is a timer. What arrives for many, a greeting or a monthly list, is a *run* of
a source: opened when its instant has passed, worked off page by page, each page one unit of work with the run's cursor.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, unique
from functools import partial
from typing import Any, Final

import attrs

from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules.errors import DomainError, StoreFailure

from .kinds import Tally, Where
from .ports import Clock, Store, Unit
from .registers import Mode, Register

PAGE: Final = 200
LEASE: Final = timedelta(minutes=2)
_LOG: Final = logging.getLogger("csdomain.planner")
_KEY_LONGEST: Final = 120
#: So many runs are looked at for one to hold: other planners take them meanwhile.
_CANDIDATES: Final = 20


@attrs.frozen
class Due:
    """One run of a source: a key that is the same whoever works it out, the instant, and what it is about."""

    key: str
    at: datetime = attrs.field(converter=utc)
    facts: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Subjects:
    """A page of those that a run is about, by their ids, and where the next page begins; None at the end."""

    ids: Sequence[str]
    next: str | None


@attrs.frozen
class Source:
    """What comes due by the calendar.

    ``name`` is kept for ever. ``runs`` gives the runs with ``after`` < at ≤ ``until``, ascending; it is arithmetic
    alone and asks no store. ``page`` reads one page from a cursor ("" at the beginning), by an index. ``act`` does what
    is due for some of them, under keys that only the run and the subject make (:func:`occasion_key`). A run that nobody
    began within ``late`` is not carried out any more but missed; without ``late`` it is carried out however late.
    ``ended`` is called in the unit that ends or misses a run.
    """

    name: str
    runs: Callable[[datetime, datetime], Iterable[Due]]
    page: Callable[[Unit, Due, str, int], Subjects]
    act: Callable[[Unit, Due, Sequence[str]], object]
    late: timedelta | None = None
    ended: Callable[[Unit, "Run"], object] | None = None


@unique
class RunState(Enum):
    """Where a run stands; ``FAILED`` where its page could not be read."""

    OPEN = "open"
    DONE = "done"
    MISSED = "missed"
    FAILED = "failed"


@attrs.frozen
class Run:
    """A run as it is kept: how far it has come, for how many, how many refused, and who holds it until when."""

    source: str
    key: str
    at: datetime
    facts: bytes
    held_until: datetime
    state: str = RunState.OPEN.value
    held_by: str = ""
    cursor: str = ""
    begun: bool = False
    subjects: int = 0
    failed: int = 0
    code: str = ""

    @classmethod
    def of(cls, source: str, due: Due) -> "Run":
        """A run that nobody has begun."""
        facts = json.dumps(dict(due.facts), sort_keys=True, ensure_ascii=False).encode()
        return cls(source, due.key, due.at, facts, held_until=due.at - timedelta.resolution)  # free at once

    @property
    def due(self) -> Due:
        """What it is a run of."""
        return Due(self.key, self.at, json.loads(self.facts))


@attrs.frozen
class Watermark:
    """Up to when the runs of a source have been opened."""

    source: str
    at: datetime


@attrs.frozen
class RunFailure:
    """A subject that refused what a run wanted to do for it, and why."""

    source: str
    key: str
    subject: str
    code: str
    rule: str
    at: datetime


RUNS: Final = Register(
    Run,
    "run",
    Mode.STATE,
    key=("source", "key"),
    states=("state", "held_until", "held_by", "cursor", "begun", "subjects", "failed", "code"),
    indexes=(("state", "held_until"),),
)
WATERMARKS: Final = Register(Watermark, "watermark", Mode.STATE, key=("source",), states=("at",))
RUN_FAILURES: Final = Register(RunFailure, "run_failure", Mode.APPEND, key=("source", "key", "subject"))


@attrs.frozen
class PlanReport:
    """What a planner did: runs that it opened, ended, missed and could not read, subjects it acted for, and those that
    refused. ``unknown`` are the sources of open runs that are not there any more; their runs are left as they are."""

    opened: int = 0
    done: int = 0
    missed: int = 0
    subjects: int = 0
    failed: tuple[RunFailure, ...] = ()
    unreadable: tuple[tuple[str, str, str], ...] = ()
    unknown: tuple[str, ...] = ()


def occasion_key(occasion: str, period: str, subject: str) -> str:
    """The key of what a run does for a subject: the same whoever plans it and however often (MSG-11).

    At most 120 characters, as keys of messages are. Raises ValueError beyond that.
    """
    key = f"{occasion}/{period}/{subject}"
    if len(key) > _KEY_LONGEST:
        raise ValueError(f"a key of {len(key)} characters; at most {_KEY_LONGEST}")
    return key


def plan(
    store: Store,
    sources: Sequence[Source],
    clock: Clock,
    *,
    worker: str,
    page: int = PAGE,
    lease: timedelta = LEASE,
    progress: Callable[[int], None] | None = None,
) -> PlanReport:
    """Open what has come due since the last call, and work off every open run (D21).

    Any number of planners may work at once and die at any moment: a run is taken up where it was left once the lease
    of whoever died has run out. ``worker`` names this one among them. A source that the store does not know yet begins
    at the present instant: nothing is planned for the past. Where the clock went back nothing is opened.
    """
    return _Planner(store, {source.name: source for source in sources}, clock, worker, page, lease, progress).plan()


def runs_of(store: Store, *, state: RunState | None = None, limit: int = PAGE) -> tuple[Run, ...]:
    """The runs that were opened, in a state where given, by source and key."""
    where = () if state is None else (RUNS["state"].is_(state.value),)
    return store.look(lambda unit: unit.register(RUNS).rows(*where, limit=limit)).items


@attrs.frozen
class _Turn:
    """What one unit of work came to: the run as it is now, and what to report once it is committed."""

    run: Run
    over: bool = False
    subjects: int = 0
    failed: tuple[RunFailure, ...] = ()
    ended: RunState | None = None


class _Planner:
    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        clock: Clock,
        worker: str,
        page: int,
        lease: timedelta,
        progress: Callable[[int], None] | None,
    ) -> None:
        self._store, self._sources, self._clock = store, sources, clock
        self._worker, self._page, self._lease, self._progress = worker, page, lease, progress
        self._names = tuple(sources)
        self._trying = False

    def plan(self) -> PlanReport:
        opened = sum(self._opened(source) for source in self._sources.values())
        turns: list[_Turn] = []
        while (run := self._claim()) is not None:
            turns += self._work_off(self._sources[run.source], run)
        ends = [turn for turn in turns if turn.ended is not None]
        return PlanReport(
            opened,
            done=sum(turn.ended is RunState.DONE for turn in ends),
            missed=sum(turn.ended is RunState.MISSED for turn in ends),
            subjects=sum(turn.subjects for turn in turns),
            failed=tuple(failure for turn in turns for failure in turn.failed),
            unreadable=tuple(
                (turn.run.source, turn.run.key, turn.run.code) for turn in ends if turn.ended is RunState.FAILED
            ),
            unknown=self._store.look(self._unknown),
        )

    def _now(self) -> datetime:
        return utc(self._clock.now())

    def _unknown(self, unit: Unit) -> tuple[str, ...]:
        still_open = Tally((RUNS["state"].is_(RunState.OPEN.value),), group_by=("source",))
        names = [str(row.group[0]) for row in unit.register(RUNS).sums(still_open)]
        return tuple(name for name in names if name not in self._sources)

    def _opened(self, source: Source) -> int:
        def work(unit: Unit) -> int:
            now, marks = self._now(), unit.register(WATERMARKS)
            mark = marks.get((source.name,), lock=True)
            if mark is None:
                marks.put_new([Watermark(source.name, now)])
                return 0
            if now <= mark.at:
                return 0
            due = [Run.of(source.name, one) for one in source.runs(mark.at, now)]
            known = unit.register(RUNS).put_new(due) if due else ()
            marks.take((source.name,), set={"at": now})
            return len(due) - len(known)

        return self._store.run(work)

    def _claim(self) -> Run | None:
        """The oldest open run that nobody holds, now held by this planner."""
        while True:
            now = self._now()
            free = (
                RUNS["state"].is_(RunState.OPEN.value),
                RUNS["held_until"].below(now),
                RUNS["source"].among(self._names),
            )

            def oldest(unit: Unit, free: tuple[Where[Any], ...] = free) -> Sequence[Run]:
                return unit.register(RUNS).rows(*free, order_by=("held_until",), limit=_CANDIDATES).items

            candidates = self._store.look(oldest) if self._names else ()
            for run in candidates:
                held = attrs.evolve(run, held_by=self._worker, held_until=now + self._lease)
                if self._store.run(partial(_hold, run=run, held=held)):
                    return held
            if not candidates:
                return None

    def _work_off(self, source: Source, run: Run) -> Iterator[_Turn]:
        size = self._page
        while True:
            self._trying = False
            try:
                turn = self._store.run(partial(self._one_page, source=source, run=run, size=size))
                size = self._page
            except StoreFailure:
                raise
            except Exception as error:  # noqa: BLE001 - one that refuses must not keep the others from their turn
                if self._trying and size > 1:
                    size = 1
                    continue
                passing = self._pass_over if self._trying else self._give_up
                turn = self._store.run(partial(passing, source=source, run=run, error=error))
            yield turn
            run = turn.run
            if self._progress is not None:
                self._progress(turn.subjects + len(turn.failed))
            if turn.over:
                return

    def _mine(self, unit: Unit, run: Run) -> bool:
        """Whether this planner still holds the run; it stays locked."""
        here = unit.register(RUNS).get((run.source, run.key), lock=True)
        held = here is not None and (here.held_by, here.held_until, here.state) == (
            run.held_by,
            run.held_until,
            run.state,
        )
        return held and self._now() < run.held_until

    def _one_page(self, unit: Unit, source: Source, run: Run, size: int) -> _Turn:
        if not self._mine(unit, run):
            return _Turn(run, over=True)  # the lease ran out: whoever has it now goes on
        due = run.due
        if not run.begun and source.late is not None and self._now() > due.at + source.late:
            return self._end(unit, source, _Turn(run), RunState.MISSED)
        found = source.page(unit, due, run.cursor, size)
        self._trying = True
        if found.ids:
            source.act(unit, due, found.ids)
        self._trying = False
        return self._turn(unit, source, run, found, _Turn(run, subjects=len(found.ids)))

    def _pass_over(self, unit: Unit, source: Source, run: Run, error: Exception) -> _Turn:
        """Note the one subject that refuses, and go on behind it."""
        if not self._mine(unit, run):
            return _Turn(run, over=True)
        found = source.page(unit, run.due, run.cursor, 1)
        code, rule = _named(error)
        failed = tuple(RunFailure(run.source, run.key, subject, code, rule, self._now()) for subject in found.ids)
        unit.register(RUN_FAILURES).put_new(failed)
        return self._turn(unit, source, run, found, _Turn(run, failed=failed))

    def _turn(self, unit: Unit, source: Source, run: Run, found: Subjects, turn: _Turn) -> _Turn:
        run = attrs.evolve(run, begun=True, subjects=run.subjects + turn.subjects, failed=run.failed + len(turn.failed))
        if found.next is None:
            return self._end(unit, source, attrs.evolve(turn, run=run), RunState.DONE)
        return attrs.evolve(turn, run=self._kept(unit, attrs.evolve(run, cursor=found.next)))

    def _end(self, unit: Unit, source: Source, turn: _Turn, state: RunState, code: str = "") -> _Turn:
        run = self._kept(unit, attrs.evolve(turn.run, state=state.value, code=code))
        if source.ended is not None:
            source.ended(unit, run)
        return attrs.evolve(turn, run=run, over=True, ended=state)

    def _give_up(self, unit: Unit, source: Source, run: Run, error: Exception) -> _Turn:
        """The page itself cannot be read: the run is set aside, and listed."""
        if not self._mine(unit, run):
            return _Turn(run, over=True)
        code, _ = _named(error)
        _LOG.warning("run %s of %s failed: %s", run.key, source.name, code)
        return attrs.evolve(
            _Turn(self._kept(unit, attrs.evolve(run, state=RunState.FAILED.value, code=code))),
            over=True,
            ended=RunState.FAILED,
        )

    def _kept(self, unit: Unit, run: Run) -> Run:
        run = attrs.evolve(run, held_until=self._now() + self._lease)
        unit.register(RUNS).take((run.source, run.key), set={name: getattr(run, name) for name in RUNS.states})
        return run


def _hold(unit: Unit, run: Run, held: Run) -> bool:
    as_seen = (RUNS["state"].is_(run.state), RUNS["held_until"].is_(run.held_until))
    change = {"held_by": held.held_by, "held_until": held.held_until}
    return unit.register(RUNS).take((run.source, run.key), when=as_seen, set=change)


def _named(error: Exception) -> tuple[str, str]:
    return (error.code, error.rule.id) if isinstance(error, DomainError) else (type(error).__name__, "")
