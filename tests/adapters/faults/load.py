"""Load on a server that may go down at any moment: writers, a sweeper, a relay, each until the test lets go.

The test holds a lock on a file as long as they shall go on; so they end also when it is killed.
"""

import contextlib
import fcntl
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

import csdomain
from adapters.faults.jobs import BOOK, Spool
from adapters.whole import BEGINNING, STEPS, StepIds, step_of
from csdomain import Desk
from csdomain.desk import Services
from csdomain.kernel.cases.delivery import RelayPolicy
from csdomain.kernel.rules.errors import ConnectionLost, DomainError, StoreFailure
from csdomain.kernel.store.ports import Receipt
from csdomain.kernel.values.ids import I, IdKind
from csdomain.testing import MovableClock, no_holidays
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.system import SystemIds

T = TypeVar("T")
#: A sweeper beside the writers sweeps up to here. Complaints of a year ago are late by then; those of later are not, so
#: that no use case comes after what was swept.
SWEPT: Final = BEGINNING - timedelta(days=1)
#: How long a caller waits who was told that the store failed; and a job that has nothing to do.
PAUSE: Final = 0.05
#: How long whoever comes waits for a server that is down.
OPENING: Final = 30.0
#: A relay that was cut off has its messages again the next time; nothing is given up.
POLICY: Final = RelayPolicy(lease=timedelta(minutes=2), attempts=1000)


@attrs.frozen
class Plan:
    """How far a complaint is led, and since when."""

    steps: tuple[str, ...]
    since: timedelta
    #: Whether its use cases are one unit; that has no key as a whole, so the store alone may not repeat its commit.
    together: bool


WHOLE: Final = Plan(tuple(STEPS)[: 1 + list(STEPS).index("close")], timedelta(), False)
#: Clocks that nobody stops; and no sweeper comes between one that begins and the use case that stops it.
LEFT: Final = Plan(tuple(STEPS)[: 1 + list(STEPS).index("accept")], -timedelta(days=365), True)


def plan(key: str) -> Plan:
    """How the complaint of a key is led: every other is left lying."""
    return LEFT if int(key.rpartition("-")[2]) % 2 else WHOLE


class FreshIds(StepIds):
    """Ids from the machine: several processes file at once."""

    def __init__(self) -> None:
        super().__init__()
        self._machine = SystemIds()

    def begin(self, step: str) -> None:
        """Nothing: no id comes twice."""

    def new(self, kind: IdKind[I], /) -> I:
        """The next."""
        return self._machine.new(kind)


class Watch(logging.Handler):
    """What a process met: failures that callers were told of, units begun again, commits without an answer."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.told, self.again, self.cut = Counter[str](), Counter[str](), 0

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and "beginning again" in record.msg:
            self.again[str(record.args[1])] += 1

    def over(self, desk: Desk) -> None:
        """Watch the commits of a desk, and what it begins again."""
        assert isinstance(desk.store, SqlStore)
        dialect: Any = desk.store.engine.dialect
        really = dialect.do_commit

        def do_commit(pooled: Any) -> None:
            try:
                really(pooled)
            except dialect.loaded_dbapi.Error:
                self.cut += 1
                raise

        dialect.do_commit = do_commit  # of this process only
        log = logging.getLogger("csdomain.sql")
        log.setLevel(logging.INFO)
        log.addHandler(self)

    def answer(self, **more: Any) -> dict[str, Any]:
        return {"told": self.told, "again": self.again, "cut": self.cut, **more}


def going_on(alive: str) -> bool:
    """Whether the test still holds its lock."""
    with Path(alive).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def rounds(alive: str, watch: Watch, job: Callable[[], object]) -> None:
    """A job that runs again and again beside the others."""
    while going_on(alive):
        with contextlib.suppress(StoreFailure), telling(watch):
            job()
        time.sleep(PAUSE)


@contextlib.contextmanager
def telling(watch: Watch) -> Iterator[None]:
    try:
        yield
    except StoreFailure as error:
        watch.told[error.code] += 1
        raise


def opened(url: str, clock: MovableClock | None = None) -> tuple[Desk, FreshIds]:
    """A desk; a child that starts late may find the server gone, and waits for it."""
    ids, ends = FreshIds(), time.monotonic() + OPENING
    while True:
        try:
            return csdomain.open(url, BOOK, holidays=no_holidays(), clock=clock or MovableClock(), ids=ids), ids
        except ConnectionLost:
            if time.monotonic() > ends:
                raise
            time.sleep(PAUSE)


def insist(alive: str, watch: Watch, use_case: Callable[[], T]) -> T | None:
    """The answer of a use case, which is repeated as it is while the store fails; None when the test is over."""
    while going_on(alive):
        with contextlib.suppress(StoreFailure), telling(watch):
            return use_case()
        time.sleep(PAUSE)
    return None


def commands(desk: Desk, ids: StepIds, key: str) -> Iterator[tuple[Sequence[str], Callable[[str], list[Receipt]]]]:
    """What is done with the complaint of a key, piece by piece: the steps of a piece, and how it is done."""
    way = plan(key)
    do = step_of(desk, ids, since=way.since)

    def at_once(inner: Services) -> list[Receipt]:
        done: list[Receipt] = []
        for step in way.steps:
            done.append(do(step, done[0].id if done else "", key=key, within=inner))
        return done

    if way.together:
        yield way.steps, lambda _: desk.together(at_once)
        return
    for step in way.steps:
        yield (step,), lambda case: [do(step, case, key=key)]  # noqa: B023 - called before the next


def keep_writing(url: str, journal: str, alive: str, name: str) -> dict[str, Any]:
    """Lead one complaint after the other; what is answered is in ``journal`` before the next use case begins.

    Raises AssertionError where a use case is refused: then one before it, which was acknowledged, is lost.
    """
    desk, ids = opened(url)
    watch, cases = Watch(), 0
    watch.over(desk)
    with desk, Path(journal).open("a") as file:
        while going_on(alive):
            cases, id = cases + 1, ""
            key = f"{name}-{cases}"
            for step, command in commands(desk, ids, key):
                try:
                    receipts = insist(alive, watch, lambda: command(id))  # noqa: B023 - called at once
                except DomainError as error:
                    raise AssertionError(f"{key}: {step} does not follow what was acknowledged: {error}") from None
                if receipts is None:
                    break
                id = receipts[0].id
                for done, receipt in zip(step, receipts, strict=True):
                    file.write(json.dumps([key, done, attrs.asdict(receipt)]) + "\n")
                file.flush()
    return watch.answer(cases=cases)


def keep_sweeping(url: str, alive: str) -> dict[str, Any]:
    """Sweep up to an instant by which all that was left lying is late."""
    desk, _ = opened(url, MovableClock(SWEPT))
    watch, fired = Watch(), 0
    watch.over(desk)

    def job() -> None:
        nonlocal fired
        report = desk.sweep()
        assert not report.failed, report.failed
        fired += report.warned + report.breached

    with desk:
        rounds(alive, watch, job)
    return watch.answer(fired=fired)


def keep_relaying(url: str, spool: str, alive: str) -> dict[str, Any]:
    """Deliver what waits; each round is later than the claims of those before."""
    clock = MovableClock(BEGINNING + timedelta(days=1))
    desk, _ = opened(url, clock)
    watch, sent = Watch(), 0
    watch.over(desk)

    def job() -> None:
        nonlocal sent
        clock.advance(2 * POLICY.lease)
        sent += desk.relay(Spool(spool), policy=POLICY).sent

    with desk:
        rounds(alive, watch, job)
    return watch.answer(sent=sent)
