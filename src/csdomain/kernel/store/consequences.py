"""Consequences: what follows elsewhere from an event, exactly once and in order (design decision D20).

A consequence follows the trail. Its handler and its cursor are one unit of work: no handler has to be repeatable.
Records that refuse :data:`TRIES` times are parked, listed and can be run again; the others go on.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

import attrs

from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.rules.errors import DomainError, NotFound, StoreFailure, fact_labels

from .ports import AuditRecord, Clock, Store, Unit
from .registers import Mode, Register

fact_labels({"consequence": "后续处理"})
BATCH: Final = 100
#: So often a record may refuse before it is parked and those behind it go on.
TRIES: Final = 3
_LOG: Final = logging.getLogger("csdomain.consequences")


@attrs.frozen
class Consequence:
    """What follows from events of some types: ``run`` does it, in a unit of work.

    ``name`` is kept for ever: under it stands how far the trail was followed. ``run`` only opens or closes things
    elsewhere; what must stand or fall with the event itself is a flow.
    """

    name: str
    on: tuple[type[Event], ...]
    run: Callable[[Unit, AuditRecord], object]

    @property
    def events(self) -> frozenset[str]:
        """The names of the events that it follows."""
        return frozenset(event.name for event in self.on)


@attrs.frozen
class Parked:
    """A record that a consequence refused: so often, the last time at ``at`` with the error ``code`` by ``rule``.

    While ``tries`` are fewer than :data:`TRIES` the consequence waits before it; then it goes on without it.
    """

    consequence: str
    event: str
    position: int
    subject: str
    tries: int
    code: str
    rule: str
    at: datetime
    done: bool = False


PARKED: Final = Register(
    Parked,
    "parked",
    Mode.STATE,
    key=("consequence", "event"),
    states=("tries", "code", "rule", "at", "done"),
    indexes=(("done", "consequence", "position"),),
)


@attrs.frozen
class Followed:
    """How far a consequence has followed the trail."""

    consequence: str
    position: int


FOLLOWED: Final = Register(Followed, "followed", Mode.STATE, key=("consequence",), states=("position",))


@attrs.frozen
class ConsequenceReport:
    """What was carried out: records that were handled, and those that refused, with the error."""

    handled: int
    refused: tuple[tuple[str, AuditRecord, Exception], ...] = ()


def begin(unit: Unit, consequences: Iterable[Consequence]) -> None:
    """Let consequences that the store does not know yet follow the trail from its present end: nothing follows from
    what happened before they were there."""
    session, names = unit.session, [consequence.name for consequence in consequences]
    known = unit.register(FOLLOWED)
    new = [name for name in names if known.get((name,)) is None]
    if new:
        while session.number_events(BATCH):
            pass
        known.put_new([Followed(name, session.last_position()) for name in new])


def carry_out(
    store: Store,
    consequences: Sequence[Consequence],
    clock: Clock,
    *,
    batch: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> ConsequenceReport:
    """Bring about what follows from the events that no consequence has seen yet, until there are none (D20).

    Any number of processes may do it at once: each record is handled by one of them, and by each consequence in the
    order of the trail. One that refuses is tried once each time this is called.
    """
    handled, refused = 0, list[tuple[str, AuditRecord, Exception]]()
    waiting = {consequence.name: consequence for consequence in consequences}
    while waiting:
        for consequence in tuple(waiting.values()):
            step = _Step(consequence, utc(clock.now()), batch)
            more, error = step.take(store)
            handled += step.handled
            if error is not None:
                refused.append((consequence.name, *error))
            if not more:
                del waiting[consequence.name]
            if progress is not None and step.handled:
                progress(step.handled)
    return ConsequenceReport(handled, tuple(refused))


class _Step:
    """One unit of work for one consequence: as many records as it takes, or the first one and its refusal."""

    def __init__(self, consequence: Consequence, now: datetime, batch: int) -> None:
        self.consequence = consequence
        self.now = now
        self.batch = batch
        self.handled = 0

    def take(self, store: Store) -> tuple[bool, tuple[AuditRecord, Exception] | None]:
        """Whether there may be more, and what refused."""
        store.run(lambda unit: unit.session.number_events(self.batch))
        while True:
            self._begun: AuditRecord | None = None
            try:
                seen, self.handled = store.run(self._work)
            except StoreFailure:
                raise
            except Exception as error:
                record = self._begun
                if record is None:
                    raise
                if self.batch > 1:
                    self.batch = 1  # what comes before it is handled, then it is tried alone
                    continue
                return self._refused(store, record, error), (record, error)
            return seen, None

    def _work(self, unit: Unit) -> tuple[bool, int]:
        name, followed = self.consequence.name, unit.register(FOLLOWED)
        row = followed.get((name,), lock=True)  # a second process waits here and goes on behind
        if row is None:
            begin(unit, [self.consequence])
            return False, 0
        records = unit.session.events_after(row.position, self.batch)
        handled = 0
        for record in records:
            if record.name in self.consequence.events:
                self._begun = record
                self.consequence.run(unit, record)
                handled += 1
        self._begun = None
        if records:
            followed.take((name,), set={"position": records[-1].position})
        return bool(records), handled

    def _refused(self, store: Store, record: AuditRecord, error: Exception) -> bool:
        """Note a refusal; whether the consequence goes on behind the record."""
        code, rule = (error.code, error.rule.id) if isinstance(error, DomainError) else (type(error).__name__, "")
        name, at = self.consequence.name, record.position or 0
        _LOG.warning("%s refused %s of %s: %s", name, record.name, record.subject, code)

        def work(unit: Unit) -> bool:
            rows, key = unit.register(PARKED), (name, record.event_id)
            behind = (FOLLOWED["position"].below(at),)
            if rows.put_new([Parked(name, record.event_id, at, record.subject, 1, code, rule, self.now)]):
                rows.take(key, set={"code": code, "rule": rule, "at": self.now}, add={"tries": 1})
            row = rows.get(key, lock=True)
            over = row is not None and row.tries >= TRIES
            return over and unit.register(FOLLOWED).take((name,), when=behind, set={"position": at})

        return store.run(work)


def parked(store: Store, *, limit: int = 200) -> tuple[Parked, ...]:
    """The records that consequences gave up, oldest first."""

    def work(unit: Unit) -> tuple[Parked, ...]:
        given_up = (PARKED["done"].is_(False), PARKED["tries"].at_least(TRIES))
        return unit.register(PARKED).rows(*given_up, order_by=("position",), limit=limit).items

    return store.look(work)


def run_again(store: Store, consequences: Iterable[Consequence], name: str, event: str, clock: Clock) -> None:
    """Carry out one parked record, after whatever kept it from being done was put right.

    Raises NotFound where it is not parked, and what the handler raises; then it stays parked.
    """
    known = {consequence.name: consequence for consequence in consequences}

    def work(unit: Unit) -> None:
        rows = unit.register(PARKED)
        row = rows.get((name, event), lock=True)
        if row is None or row.done or row.tries < TRIES or name not in known:
            raise NotFound(kind="parked", id=event, consequence=name)
        [record] = unit.session.events_after(row.position - 1, 1)
        known[name].run(unit, record)
        rows.take((name, event), set={"done": True, "at": utc(clock.now())})

    store.run(work)
