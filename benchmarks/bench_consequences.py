"""Consequences against a bare loop of the same reads and writes, and behind a long trail.

    python benchmarks/bench_consequences.py [--json] [--quick]

Events are on the trail, numbered; from each a row of a register follows. ``consequences`` is `carry_out` with a handler
that puts the row; ``bare`` does by SQLAlchemy what has to be done: it locks the cursor, reads a hundred events, inserts
a row for each and moves the cursor, a transaction a hundred. Both follow the same events, each with a cursor and rows
of its own, and in the end have the same rows. *Behind*: the same number of new events once the trail is as long as
said; the cost is that of the new ones. SQLite as a desk opens it; the servers do not wait for a disk.
Targets: >= 0.5 x the bare loop; behind the long trail <= 1.5 x the time behind the short one.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import attrs
import common
from sqlalchemy import insert, select, update

from csdomain.kernel.cases.events import Moved
from csdomain.kernel.store.consequences import BATCH, FOLLOWED, Consequence, begin, carry_out
from csdomain.kernel.store.ports import AuditRecord, OpenStore, Unit
from csdomain.kernel.store.unit import Backstage
from csdomain.kernel.values.actors import ActorId
from csdomain.testing import MovableClock
from csdomain.testing.base import ALWAYS
from csdomain.testing.kit import SequentialIds
from csdomain.testing.samples import HEAPS, Heap
from csdomain_adapters.sql.store import open_store
from csdomain_adapters.sql.tables import Schema

LEAST, FLAT = 0.5, 1.5
OURS, BARE = "consequences", "bare"
SUBJECTS: Final = 50


@attrs.frozen(kw_only=True)
class Happened(Moved):
    """Something happened."""

    name = "happened"
    nth: int


def _follow(unit: Unit, record: AuditRecord) -> None:
    unit.register(HEAPS).put([Heap(OURS, record.event_id, int(str(record.facts["nth"])))])


class Trail:
    """A store with events, and the two that follow them."""

    def __init__(self, url: str) -> None:
        backstage = Backstage(lambda _name: ALWAYS, SequentialIds())
        self.store: Any = open_store(url, [HEAPS], backstage, {"upgrade": True})
        self.clock, self.made = MovableClock(), 0
        self.consequence = Consequence(OURS, (Happened,), _follow)
        self.store.run(lambda unit: begin(unit, [OURS, BARE]))
        schema = Schema([HEAPS])
        self.audit, self.followed = schema.common.audit, schema.register(FOLLOWED).table
        heap = schema.register(HEAPS).table
        a, self.cursor = self.audit.c, self.followed.c.consequence == BARE
        self.asked = select(self.followed.c.position).where(self.cursor).with_for_update()
        self.events = select(*a).where(a.position.is_not(None)).order_by(a.position).limit(BATCH)
        self.put = insert(heap).inline()

    def happen(self, count: int) -> None:
        """So many more events, of some subjects in turn, numbered."""
        store: OpenStore = self.store
        about: dict[str, Any] = {"by": ActorId("u-1"), "at": self.clock.now(), "move": "x", "source": "", "dest": ""}
        while count:
            some = min(count, BATCH)
            events = [
                Happened(subject=f"spc_{nth % SUBJECTS}", nth=nth, **about)
                for nth in range(self.made, self.made + some)
            ]
            store.run(lambda unit: unit.record(events))  # noqa: B023 - run at once
            self.made, count = self.made + some, count - some
        while store.run(lambda unit: unit.session.number_events(1_000)):
            pass

    def ours(self) -> float:
        began = perf_counter()
        carry_out(self.store, [self.consequence], self.clock)
        return perf_counter() - began

    def bare(self) -> float:
        began, more = perf_counter(), True
        while more:
            with self.store.engine.connect() as connection, connection.begin():
                position = connection.execute(self.asked).scalar_one()
                events = connection.execute(self.events.where(self.audit.c.position > position)).all()
                for event in events:
                    row = {"place": BARE, "item": event.event_id, "held": event.position, "owed": 0, "label": ""}
                    connection.execute(self.put, row)
                more = bool(events)
                if more:
                    moved = update(self.followed).where(self.cursor).values(position=events[-1].position)
                    connection.execute(moved)
        return perf_counter() - began

    def check(self) -> None:
        """Both have done the same, and each thing once."""
        for side in (OURS, BARE):
            tally = self.store.look(lambda unit: unit.register(HEAPS).rows(HEAPS["place"].is_(side), limit=1_000))  # noqa: B023
            found, last = len(tally.items), tally.next
            while last is not None:
                tally = self.store.look(
                    lambda unit: unit.register(HEAPS).rows(HEAPS["place"].is_(side), limit=1_000, after=last)  # noqa: B023
                )
                found, last = found + len(tally.items), tally.next
            assert found == self.made, (side, found, self.made)


def measure(url: str, rounds: int, events: int, long: int) -> Iterator[tuple[common.Row, list[str]]]:
    trail = Trail(url)
    try:
        trail.happen(events)
        trail.ours(), trail.bare()  # warms what is cached
        taken: dict[str, list[float]] = {OURS: [], BARE: []}
        for turn in range(rounds):
            trail.happen(events)
            sides = (OURS, BARE) if turn % 2 else (BARE, OURS)
            for side in sides:
                taken[side].append(trail.ours() if side == OURS else trail.bare())
        trail.check()
        share = 1 / common.ratio(taken, OURS, BARE)
        yield (
            {"events/s": events / median(taken[OURS]), "bare/s": events / median(taken[BARE]), "share": share},
            [f"{share:.2f} x the bare loop, not {LEAST}"] if share < LEAST else [],
        )
        short = trail.made
        trail.happen(long - short)
        trail.ours(), trail.bare()
        behind = []
        for _ in range(rounds):
            trail.happen(events)
            behind.append(trail.ours())
            trail.bare()
        grown = median(behind) / median(taken[OURS])
        yield (
            {"behind": long, "events/s": events / median(behind), f"of behind {short:,}": grown},
            [f"behind {long:,} events {grown:.2f} x the time, not {FLAT}"] if grown > FLAT else [],
        )
    finally:
        trail.store.close()


def main() -> int:
    given = common.options(__doc__)
    rounds, events, long = (4, 1_000, 20_000) if given.quick else (8, 3_000, 300_000)
    rows: list[common.Row] = []
    faults: list[str] = []
    with common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        urls = {"sqlite": f"sqlite:///{Path(folder) / 'trail.db'}"} | {name: fresh(name) for name in common.there()}
        for backend, url in urls.items():
            for row, missed in measure(url, rounds, events, long):
                rows.append({"store": backend, **row})
                faults += [f"{backend}: {each}" for each in missed]
    return common.report("consequences", rows, faults, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
