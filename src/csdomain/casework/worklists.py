"""Who acts next: whom a case waits for and what for, told once to each and listed in inboxes.

A context says, by a table of its own, whom a case waits for as it is. Here that is counted, kept in a column by which
inboxes are found, and read.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs

from csdomain.frame.service import CallOptions, OpenOptions
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.kinds import TEXT_LONGEST, Aggregate, ColumnValue, Field, Kind, Page, Query, Tally
from csdomain.kernel.store.ports import Receipt, Unit

C = TypeVar("C", bound="HandedOver")
#: Between names in a column: no id has it.
_BETWEEN: Final = "@"
#: Stands in the column where the names are too many for it: then the case itself has to be asked.
MANY: Final = "*"


@attrs.frozen(kw_only=True)
class Wait:
    """Somebody whom a case waits for: a ``person``, else a position in the case's branch.

    ``work`` is the move that is wanted (``accept``, ``sign slip TH202603-0001``). ``step`` says that it moves the case
    itself; ``nth`` counts how often the case was handed to somebody, from 1.
    """

    to: str
    work: str
    person: bool = False
    step: bool = True
    nth: int = 0

    @property
    def name(self) -> str:
        """Whom it names, persons told from positions."""
        return f"={self.to}" if self.person else self.to

    @property
    def task(self) -> tuple[str, str]:
        """What is handed over: the case to somebody, whatever they do first with it; or one thing beside it."""
        return (self.name, "" if self.step else self.work)


class HandedOver(Aggregate, Protocol):
    """A case that waits for people: ``handed`` counts its hand-overs, of which the first ``told`` were told of."""

    waits: tuple[Wait, ...]
    handed: int
    told: int


def hand_over(case: HandedOver, waits: Iterable[Wait]) -> None:
    """Bring up to date whom the case waits for; each who newly has something to do with it gets the next count."""
    before = {wait.task: wait for wait in case.waits}
    found: list[Wait] = []
    for wait in waits:
        known = before.get(wait.task)
        if known is None:
            case.handed += 1
        nth = case.handed if known is None else known.nth
        found.append(Wait(to=wait.to, work=wait.work, person=wait.person, step=wait.step, nth=nth))
    case.waits = tuple(found)


def to_tell(case: HandedOver, by: str, told: Collection[str]) -> list[Wait]:
    """Who is to be told that it is their turn: whoever newly is waited for, but not ``by``, who did it themselves, nor
    those who are ``told`` something of it anyway."""
    new = (wait for wait in case.waits if wait.nth > case.told and not (wait.person and wait.to == by))
    return [wait for wait in new if wait.to not in told]


def column(case: HandedOver) -> str | None:
    """All whom the case waits for, in one column; nothing where it waits for nobody."""
    names = _BETWEEN.join(sorted({wait.name for wait in case.waits}))
    return (names if len(names) <= TEXT_LONGEST else MANY) or None


def among(value: str, names: frozenset[str]) -> bool:
    """Whether a case with that column may wait for one of ``names``."""
    return value == MANY or not names.isdisjoint(value.split(_BETWEEN))


@attrs.frozen
class Waiting(Generic[C]):
    """A case in somebody's inbox, and what it waits for there."""

    case: C
    waits: tuple[Wait, ...]


@attrs.frozen
class Inbox(Generic[C]):
    """One page of an inbox; ``next`` is the cursor for the following one, None at the end."""

    items: tuple[Waiting[C], ...]
    next: tuple[ColumnValue, str] | None


def inbox(
    unit: Unit,
    kind: Kind[C],
    waits_for: Field[C, str],
    names: frozenset[str],
    find: Callable[[tuple[Any, ...]], Page[C]],
    waits_of: Callable[[C], Iterable[Wait]],
) -> Inbox[C]:
    """One page of the cases that wait for one of ``names``; ``waits_for`` is the field of :func:`column`.

    ``find`` finds a page by conditions, of those that may be read; ``waits_of`` says whom a case waits for. A page may
    hold fewer than its limit while ``next`` goes on.
    """
    # Of all open cases, by the index alone: it tells nobody anything, the page below is of the scope.
    groups = unit.of(kind).tally(Tally((waits_for.present(),), (waits_for.name,)))
    hits = [value for row in groups for value in row.group if isinstance(value, str) and among(value, names)]
    page = find((waits_for.among(hits),))
    found = ((case, tuple(wait for wait in waits_of(case) if wait.name in names)) for case in page.items)
    return Inbox(tuple(Waiting(case, waits) for case, waits in found if waits), page.next)


@attrs.frozen
class Reassigned:
    """The cases that went from one to another, and those that did not, each with the code of the error."""

    done: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def reassign(
    find: Callable[[Query[C]], Page[C]], query: Query[C], assign: Callable[..., Receipt], call: OpenOptions
) -> Reassigned:
    """Call ``assign(id, **options)`` for every case of a query, page after page: a command of its own each.

    What is refused is listed and the rest goes on. Under a key each case has one of its own, so that what is begun
    again goes on where it ended.
    """
    done: list[str] = []
    failed: list[tuple[str, str]] = []
    asked: Query[C] | None = query
    while asked is not None:
        page = find(asked)
        for case in page.items:
            key = call.get("key")
            own = None if key is None else f"{key}/{getattr(case, 'number', '') or case.id}"
            try:
                assign(case.id, **CallOptions(by=call["by"], at=call["at"], key=own))
            except DomainError as error:
                failed.append((case.id, error.code))
            else:
                done.append(case.id)
        asked = None if page.next is None else attrs.evolve(asked, after=page.next)
    return Reassigned(tuple(done), tuple(failed))
