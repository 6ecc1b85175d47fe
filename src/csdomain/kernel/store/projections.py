"""Rows that follow from what is stored, written in its unit of work and made again from it (design decision D20).

A :class:`Projection` makes rows of events: whoever records an event writes its rows in the same transaction. A
:class:`Derived` says which rows a case should have, and :func:`rebuild` makes them so beside those who work: case by
case, each locked for a moment, in batches that go on where a process died.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar

import attrs

from csdomain.kernel.values.codec import canonical

from .kinds import Kind, Query
from .ports import AuditRecord, Store, Unit
from .registers import Mode, Register, Value
from .storable import Unreadable

R = TypeVar("R")
#: So many cases are locked at once.
BATCH: Final = 50
_PAGE: Final = 1_000
#: No more ids of records that cannot be read are listed.
_LISTED: Final = 100
#: Signs beyond the letters and digits of an id, and beyond the ``_`` before them: every database orders texts so.
_BEYOND, _BEYOND_ALL = "~", "`"
Progress = Callable[[int], None]


@attrs.frozen(eq=False, slots=False)
class Derived(Generic[R]):
    """Rows of a ``DISPOSABLE`` register that follow from the cases of a kind and their trails.

    ``made`` gives the rows of one case, which may be erased; ``subject`` is the column that names the case. Whoever
    writes the rows holds the case locked, so that nobody writes while they are made again. Raises ValueError.
    """

    kind: Kind[Any]
    register: Register[R]
    made: Callable[[Any, Sequence[AuditRecord]], Iterable[R]]
    subject: str = "subject"

    def __attrs_post_init__(self) -> None:
        if self.register.mode is not Mode.DISPOSABLE:
            raise ValueError(f"register {self.register.table}: only rows of a DISPOSABLE register are made again")
        if self.register.typed(self.subject) is not str or self.register.column(self.subject).optional:
            raise ValueError(f"register {self.register.table}: {self.subject} names no case")
        if self.subject not in {index[0] for index in (*self.register.indexes, self.register.key)}:
            raise ValueError(f"register {self.register.table}: no index begins with {self.subject}")

    @property
    def name(self) -> str:
        """The register, and the kind: ``customer_term.customer``."""
        return f"{self.register.table}.{self.kind.table}"


@attrs.frozen(eq=False, slots=False)
class Projection(Generic[R]):
    """Rows of a register that follow from the events of a kind alone, in the transaction that records them.

    ``rows`` gives, by the name of an event, the rows of one such event: with its id in the column ``event`` and its
    subject in ``subject``. It is not given the reason, which erasing blanks. At an event of ``ends`` every row of its
    subject goes. Only commands that hold the case locked may record these events. ``form`` grows when ``rows`` makes
    other rows of the same events than before; then they are made again. Raises ValueError.
    """

    kind: Kind[Any]
    register: Register[R]
    rows: Mapping[str, Callable[[AuditRecord], Iterable[R]]]
    ends: frozenset[str] = frozenset()
    form: int = 1

    def __attrs_post_init__(self) -> None:
        Derived(self.kind, self.register, self._of_trail)  # refuses what is not made again
        if self.register.key[0] != "event":
            raise ValueError(f"register {self.register.table}: its key begins with the event")

    @cached_property
    def derived(self) -> Derived[R]:
        """How its rows are made again."""
        return Derived(self.kind, self.register, self._of_trail)

    @property
    def name(self) -> str:
        """The register, and the kind: ``chronicle.complaint``."""
        return self.derived.name

    @property
    def version(self) -> str:
        """Another one wherever other rows are made of the same trail."""
        what = [self.form, sorted(self.rows), sorted(self.ends)]
        return sha256(canonical(what).encode()).hexdigest()[:16]

    def of(self, record: AuditRecord) -> list[R]:
        """The rows of one event."""
        make = self.rows.get(record.name)
        if make is None:
            return []
        if record.reason or record.position is not None:
            record = attrs.evolve(record, reason="", position=None)
        return list(make(record))

    def _of_trail(self, _: Any, trail: Sequence[AuditRecord]) -> Iterable[R]:
        rows: list[R] = []
        for record in trail:
            if record.name in self.ends:
                rows.clear()
            rows += self.of(record)
        return rows


#: Projections by the names of the events that they follow.
ByEvent = Mapping[str, Sequence[Projection[Any]]]


def by_event(projections: Iterable[Projection[Any]]) -> ByEvent:
    """Projections by the names of their events."""
    found: defaultdict[str, list[Projection[Any]]] = defaultdict(list)
    for one in projections:
        for name in {*one.rows, *one.ends}:
            found[name].append(one)
    return dict(found)


def project(unit: Unit, projections: ByEvent, records: Iterable[AuditRecord]) -> None:
    """Write the rows of events that are being recorded."""
    made: defaultdict[Register[Any], list[Any]] = defaultdict(list)
    for record in records:
        for one in projections.get(record.name, ()):
            if record.subject.partition("_")[0] != one.kind.id.prefix:  # another context's event of the same name
                continue
            if record.name in one.ends:
                made[one.register] = [row for row in made[one.register] if row.subject != record.subject]
                unit.register(one.register).drop(one.register["subject"].is_(record.subject))
            made[one.register] += one.of(record)
    for register, rows in made.items():
        if rows:
            unit.register(register).put(rows)


# --- made again
@attrs.frozen
class Projected:
    """How far the rows of a projection are made: all of them, or those of the cases up to ``cursor``."""

    name: str
    version: str
    cursor: str = ""
    whole: bool = True


PROJECTED: Final = Register(Projected, "projected", Mode.STATE, key=("name",), states=("version", "cursor", "whole"))


@attrs.frozen
class RebuildReport:
    """What was made again: of so many cases, so many rows were missing and wrong.

    ``unreadable`` are the ids of the first hundred records that cannot be read: their rows were left as they are.
    """

    name: str
    cases: int = 0
    added: int = 0
    dropped: int = 0
    unreadable: tuple[str, ...] = ()


def begin(unit: Unit, projections: Iterable[Projection[Any]]) -> None:
    """Note projections that the store does not know yet, and those that make other rows now: where there are cases,
    their rows are to be made from what happened before."""
    rows = unit.register(PROJECTED)
    known = {row.name: row for row in rows.rows(limit=_PAGE).items}
    for one in projections:
        found = known.get(one.name)
        if found is None:
            cases = unit.of(one.kind).columns(("id",), Query(limit=1)).items
            rows.put_new([Projected(one.name, one.version, whole=not cases)])
        elif found.version != one.version:
            changed: Mapping[str, Value] = {"version": one.version, "cursor": "", "whole": False}
            rows.take((one.name,), when=(PROJECTED["version"].is_(found.version),), set=changed)


def unfinished(unit: Unit) -> tuple[str, ...]:
    """The names of those whose rows are not all made."""
    return tuple(row.name for row in unit.register(PROJECTED).rows(PROJECTED["whole"].is_(False), limit=_PAGE).items)


def rebuild(
    store: Store,
    derived: Derived[Any],
    *,
    anew: bool = True,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> RebuildReport:
    """Make the rows of every case what they should be: what is missing is added, what is wrong is dropped.

    Each batch is one unit of work and locks its cases; others work beside it. One that was cut short goes on where it
    was, in any process; any number may do it at once. Unless ``anew``, nothing is done where all rows are made.
    ``progress`` is told of each batch how many cases more.
    """

    def start(unit: Unit) -> None:
        rows = unit.register(PROJECTED)
        rows.put_new([Projected(derived.name, "")])
        rows.take((derived.name,), when=(PROJECTED["whole"].is_(True),), set={"whole": False, "cursor": ""})

    if anew:
        store.run(start)
    done = RebuildReport(derived.name)
    while (step := store.run(lambda unit: _step(unit, derived, batch))) is not None:
        done = RebuildReport(
            done.name,
            done.cases + step.cases,
            done.added + step.added,
            done.dropped + step.dropped,
            (*done.unreadable, *step.unreadable)[:_LISTED],
        )
        if progress is not None:
            progress(step.cases)
    return done


def _step(unit: Unit, derived: Derived[Any], batch: int) -> RebuildReport | None:
    """The next cases; None where all are done, by this process or another."""
    state = unit.register(PROJECTED)
    row = state.get((derived.name,), lock=True)  # another process waits here and goes on behind
    if row is None or row.whole:
        return None
    query: Query[Any] = Query(limit=batch, after=(row.cursor, row.cursor) if row.cursor else None)
    page = unit.of(derived.kind).columns(("id",), query)
    ids = [str(each[0]) for each in page.items]
    prefix = derived.kind.id.prefix
    low = row.cursor + _BEYOND if row.cursor else f"{prefix}_"
    high = prefix + _BEYOND_ALL if page.next is None else ids[-1] + _BEYOND
    cases, unreadable = _locked(unit, derived.kind, ids)
    there = _there(unit, derived, low, high)
    further, more = _locked(unit, derived.kind, sorted(there.keys() - set(ids)))  # begun meanwhile, or of no case
    cases |= further
    added, dropped = _mend(unit, derived, cases, there, {*unreadable, *more})
    ended = page.next is None
    state.take((derived.name,), set={"cursor": "" if ended else ids[-1], "whole": ended})
    return RebuildReport(derived.name, len(ids), added, dropped, (*unreadable, *more))


def _locked(unit: Unit, kind: Kind[Any], ids: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    cases, unreadable = {}, list[str]()
    for id in ids:
        try:
            case = unit.session.fetch(kind, id, lock=True)
        except Unreadable:
            unreadable.append(id)
            continue
        if case is not None:
            cases[id] = case
    return cases, unreadable


def _there(unit: Unit, derived: Derived[R], low: str, high: str) -> dict[str, set[R]]:
    """The rows that are there of the cases from ``low`` on and below ``high``."""
    rows, subject = unit.register(derived.register), derived.subject
    between = (derived.register[subject].at_least(low), derived.register[subject].below(high))
    found: defaultdict[str, set[R]] = defaultdict(set)
    page = rows.rows(*between, order_by=(subject,), limit=_PAGE)
    while True:
        for row in page.items:
            found[getattr(row, subject)].add(row)
        if page.next is None:
            return dict(found)
        page = rows.rows(*between, order_by=(subject,), limit=_PAGE, after=page.next)


def _mend(
    unit: Unit, derived: Derived[R], cases: Mapping[str, Any], there: Mapping[str, set[R]], left: set[str]
) -> tuple[int, int]:
    rows, register = unit.register(derived.register), derived.register
    trails: defaultdict[str, list[AuditRecord]] = defaultdict(list)
    for record in unit.session.trails(list(cases)) if cases else ():
        trails[record.subject].append(record)
    added = dropped = 0
    missing: list[R] = []
    for id in sorted((cases.keys() | there.keys()) - left):
        made = derived.made(cases[id], trails[id]) if id in cases else ()
        wanted, found = {register.check(row) for row in made}, there.get(id, set())
        if found - wanted:
            dropped += rows.drop(register[derived.subject].is_(id))
            added -= len(found & wanted)
            dropped -= len(found & wanted)
            found = set()
        missing += wanted - found
    added += len(missing)
    rows.put_new(missing)
    return added, dropped
