"""Which running cases keep which rulebook, and which of them a new version would touch (KRN-01, design decision D7)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import attrs

from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import ColumnValue, Comparison, Kind, Query, Tally, Where
from csdomain.kernel.store.ports import Unit

from .diff import Acts, RulebookDiff
from .sections import Rulebook, Section

_PAGE = 200


@attrs.frozen(eq=False)
class Pinning:
    """A kind of case that keeps the rulebook it began under: how it is stored, its lifecycle, the sections it goes by.

    Its kind has the columns ``rulebook`` (the ref) and ``state``; a case runs until its state is final. No sections:
    it goes by every one. ``against`` says why a case could not go on under a rulebook.

    Raises ValueError where a column is missing, when the module that declares it is imported.
    """

    kind: Kind[Any]
    lifecycle: Lifecycle[Any, Any]
    sections: tuple[Section[Any], ...] = ()
    against: Callable[[Any, Rulebook], Sequence[Text]] = lambda _case, _book: ()

    COLUMNS: ClassVar[tuple[str, ...]] = ("rulebook", "state")

    def __attrs_post_init__(self) -> None:
        if not self.fits(self.kind):
            raise ValueError(f"{self.kind.table}: columns {' and '.join(self.COLUMNS)} expected")

    @classmethod
    def fits(cls, kind: Kind[Any]) -> bool:
        """Whether a kind has the columns that it takes to ask which rulebook its cases keep."""
        return set(cls.COLUMNS) <= {field.name for field in kind.fields}

    @property
    def name(self) -> str:
        """The kind's table: ``complaint``."""
        return self.kind.table

    def goes_by(self, sections: Iterable[str]) -> bool:
        """Whether its cases go by one of these sections."""
        wanted = frozenset(sections)
        return bool(wanted) and (not self.sections or any(section.name in wanted for section in self.sections))

    def where(self, ref: str | None) -> tuple[Where[Any], ...]:
        """The cases that run; only those that keep ``ref`` where that is given."""
        states = tuple(s.value for s in self.lifecycle.states if s not in self.lifecycle.final)
        running: Where[Any] = Where("state", Comparison.AMONG, states)
        return (running,) if ref is None else (running, Where("rulebook", Comparison.IS, ref))


@attrs.frozen
class RunningCases:
    """How many cases of a kind run in a state, and the ref of the rulebook they keep."""

    kind: str
    rulebook: str
    state: str
    count: int


@attrs.frozen
class RunningPage:
    """Ids of running cases, in order of id; ``next`` is the cursor for the following page, None at the end."""

    ids: tuple[str, ...]
    next: tuple[ColumnValue, str] | None


@attrs.frozen
class Touched:
    """The running cases that a new rulebook touches.

    ``on_rebase``: they keep the old one, and what it changes of their rules waits until they are rebased. ``at_once``:
    all that run, where it changes what is always current. A case may be in both.
    """

    on_rebase: tuple[RunningCases, ...]
    at_once: tuple[RunningCases, ...]


def running(unit: Unit, pinnings: Iterable[Pinning], ref: str | None = None) -> tuple[RunningCases, ...]:
    """Running cases by kind, rulebook and state; only those that keep ``ref`` where that is given. [KRN-01]"""
    return tuple(
        RunningCases(pinning.name, str(row.group[0]), str(row.group[1]), row.count)
        for pinning in sorted(pinnings, key=lambda pinning: pinning.name)
        for row in unit.of(pinning.kind).tally(Tally(pinning.where(ref), group_by=Pinning.COLUMNS))
    )


def running_page(
    unit: Unit,
    pinning: Pinning,
    ref: str | None = None,
    *,
    after: tuple[ColumnValue, str] | None = None,
    limit: int = _PAGE,
) -> RunningPage:
    """One page of the ids of running cases of a kind. Raises MalformedQuery. [KRN-01, D14]"""
    page = unit.of(pinning.kind).find(Query(pinning.where(ref), limit=limit, after=after))
    return RunningPage(tuple(case.id for case in page.items), page.next)


@attrs.frozen
class Stuck:
    """A running case that cannot be rebased onto a rulebook, and why: it stays pinned to its own."""

    kind: str
    id: str
    why: tuple[Text, ...]


def stuck(unit: Unit, pinnings: Iterable[Pinning], ref: str, book: Rulebook) -> tuple[Stuck, ...]:
    """The running cases that keep ``ref`` and could not go on to an end under ``book``: rebasing refuses them. [KRN-01]

    It reads every running case that keeps ``ref``, page by page.
    """
    found: list[Stuck] = []
    for pinning in pinnings:
        query: Query[Any] | None = Query(pinning.where(ref), limit=_PAGE)
        while query is not None:
            page = unit.of(pinning.kind).find(query)
            whys = ((case.id, tuple(pinning.against(case, book))) for case in page.items)
            found += [Stuck(pinning.name, id, why) for id, why in whys if why]
            query = None if page.next is None else attrs.evolve(query, after=page.next)
    return tuple(found)


def touched(unit: Unit, pinnings: Sequence[Pinning], diff: RulebookDiff) -> Touched:
    """The running cases that ``diff`` touches, counted. [KRN-01]"""
    waiting = diff.sections(Acts.ON_REBASE)
    theirs = [pinning for pinning in pinnings if pinning.goes_by(waiting)]
    everyone = pinnings if diff.sections(Acts.AT_ONCE) else ()
    return Touched(running(unit, theirs, diff.old), running(unit, everyone))
