"""How the work beside the use cases fares: what is due and how long it has waited, what was given up (D23)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs

from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.events import utc

from .consequences import FOLLOWED, PARKED, TRIES
from .kinds import Tally
from .planning import RUNS, RunState
from .ports import Store, Unit
from .projections import unfinished

#: Counting stops here: more says no more.
MOST = 1_000


@attrs.frozen
class Health:
    """The state of the work at an instant.

    ``oldest_timer``, ``oldest_message`` and ``oldest_run`` are since when the longest overdue one has been due; None
    where nothing is overdue. ``behind`` counts, by consequence, the events that it has not seen. ``parked`` are records
    that consequences gave up; ``dead``, ``lost`` and ``unknown`` messages and ``failed_runs`` runs, each counted up to
    :data:`MOST`. ``unpublished`` are calendars and years whose holidays are wanted within 60 days, ``unbuilt``
    projections whose rows are not all made yet.
    """

    at: datetime
    oldest_timer: datetime | None = None
    oldest_message: datetime | None = None
    oldest_run: datetime | None = None
    behind: Mapping[str, int] = attrs.field(factory=dict)
    parked: int = 0
    dead: int = 0
    lost: int = 0
    unknown: int = 0
    failed_runs: int = 0
    unpublished: tuple[str, ...] = ()
    unbuilt: tuple[str, ...] = ()

    def is_well(self, patience: timedelta) -> bool:
        """Whether nothing has waited longer than ``patience``, and nothing was given up."""
        oldest = (self.oldest_timer, self.oldest_message, self.oldest_run)
        late = [since for since in oldest if since is not None and since < self.at - patience]
        return not (late or self.parked or self.dead or self.lost or self.failed_runs)


def health(store: Store, consequences: Iterable[str], at: datetime, unpublished: Iterable[str] = ()) -> Health:
    """How the work fares at an instant: a few indexed questions, of one moment; nothing is claimed or written.

    ``consequences`` are the names of those that are carried out.
    """
    at, names = utc(at), list(consequences)

    def work(unit: Unit) -> Health:
        session, runs = unit.session, unit.register(RUNS)
        due = session.next_due()
        waiting = session.outbox(state=MessageState.WAITING, due=at, limit=1)
        is_open = RUNS["state"].is_(RunState.OPEN.value)
        late = runs.rows(is_open, RUNS["held_until"].below(at), order_by=("held_until",), limit=1).items
        last = session.last_position()
        followed = {row.consequence: row.position for row in unit.register(FOLLOWED).rows(limit=MOST).items}
        given_up = (PARKED["done"].is_(False), PARKED["tries"].at_least(TRIES))
        [parked] = unit.register(PARKED).sums(Tally(given_up))
        [failed] = runs.sums(Tally((RUNS["state"].is_(RunState.FAILED.value),)))
        count = {
            state: len(session.outbox(state=state, limit=MOST))
            for state in (MessageState.DEAD, MessageState.LOST, MessageState.UNKNOWN)
        }
        return Health(
            at,
            oldest_timer=due if due is not None and due <= at else None,
            oldest_message=waiting[0].next_at if waiting else None,
            oldest_run=late[0].at if late else None,
            behind={name: last - followed.get(name, last) for name in names},
            parked=parked.count,
            dead=count[MessageState.DEAD],
            lost=count[MessageState.LOST],
            unknown=count[MessageState.UNKNOWN],
            failed_runs=failed.count,
            unpublished=tuple(unpublished),
            unbuilt=unfinished(unit),
        )

    return store.look(work)
