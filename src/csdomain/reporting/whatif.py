"""What-if: the closed complaints of a store under another rulebook, case by case, in memory that does not grow."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Final

from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.case.columns import CAUSE, CLASS, CLOSED_AT, NUMBER, RULEBOOK
from csdomain.complaints.values import COMPLAINT_RULES, Path
from csdomain.kernel.store.kinds import ColumnValue, Query
from csdomain.kernel.store.ports import AuditRecord, Store, Unit
from csdomain.kernel.values.money import CurrencyMismatch
from csdomain.rulebook import ORGANISATION, House

from .whatif_case import Judge, Outcome, PastComplaint
from .whatif_report import ChangedCase, DeadlineCount, DecidedCount, RefusedCount, WhatIfReport, Why, group_of

#: Cases whose trails are read at once: a statement's worth, and some megabytes.
BATCH: Final = 300
#: Changed cases that are listed one by one; all are counted, and ``on_change`` is told of all.
LISTED_MOST: Final = 200
_COLUMNS: Final = ("id", "branch", NUMBER.name, RULEBOOK.name, CLASS.name, CAUSE.name)
#: The places of what is counted of deadlines, as the fields of DeadlineCount.
_RAN, _BEFORE, _AFTER, _NEWLY, _KEPT, _UNKNOWN = range(6)
Cursor = tuple[ColumnValue, str]


class WhatIf:
    """Adds up what another rulebook would have made of closed complaints: :meth:`take` each, :meth:`report` at the end.

    ``on_change`` is told of each case that would have gone otherwise. Raises KeyError where the rulebook of ``house``
    has no section of complaints.
    """

    def __init__(
        self, house: House, *, listed: int = LISTED_MOST, on_change: Callable[[ChangedCase], object] | None = None
    ) -> None:
        self._judge = Judge(house)
        self._most, self._on_change = listed, on_change
        self._books: Counter[str] = Counter()
        self._cases = self._imported = self._changed = self._refused_cases = 0
        self._decisions: Counter[tuple[str, str]] = Counter()
        self._deadlines: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (_UNKNOWN + 1))
        self._refused: Counter[Why] = Counter()
        self._listed: list[ChangedCase] = []

    def take(self, case: PastComplaint) -> Outcome:
        """One closed complaint, and what would have become of it."""
        found = self._judge.judge(case)
        self._cases += 1
        self._books[case.rulebook] += 1
        self._imported += found.imported
        self._refused_cases += bool(found.refused)
        for decided in found.decisions:
            self._decisions[decided.before, decided.after] += 1
        for deadline in found.deadlines:
            counts = self._deadlines[deadline.group]
            counts[_RAN] += deadline.ran
            if deadline.before or deadline.after:
                counts[_BEFORE] += deadline.before
                counts[_AFTER] += deadline.after
                counts[_NEWLY] += deadline.after > deadline.before
                counts[_KEPT] += deadline.before > deadline.after
        for name in found.unknown:
            self._deadlines[group_of(name)][_UNKNOWN] += 1
        for why in {refused.why for refused in found.refused}:
            self._refused[why] += 1
        if changes := found.changes:
            self._changed += 1
            if len(self._listed) < self._most or self._on_change is not None:
                changed = ChangedCase(case.id, case.number, case.rulebook, changes)
                if len(self._listed) < self._most:
                    self._listed.append(changed)
                if self._on_change is not None:
                    self._on_change(changed)
        return found

    def report(self) -> WhatIfReport:
        """What was taken so far, added up. Authorities stand in the order of the new ladder, then by name."""
        judge = self._judge
        ladder = [band.authority for band in judge.rules.ladder.bands]
        place = {name: (at, name) for at, name in enumerate(ladder)}

        def rank(name: str) -> tuple[int, str]:
            return place.get(name, (len(ladder), name))

        return WhatIfReport(
            rulebook=judge.house.rulebook.ref,
            books=dict(sorted(self._books.items())),
            cases=self._cases,
            imported=self._imported,
            changed=self._changed,
            refused_cases=self._refused_cases,
            decisions=tuple(
                DecidedCount(*pair, self._decisions[pair])
                for pair in sorted(self._decisions, key=lambda pair: (rank(pair[0]), rank(pair[1])))
            ),
            deadlines=tuple(DeadlineCount(name, *counts) for name, counts in sorted(self._deadlines.items())),
            refused=tuple(RefusedCount(why, self._refused[why]) for why in Why if why in self._refused),
            listed=tuple(self._listed),
        )


def what_if(
    store: Store,
    house: House,
    *,
    listed: int = LISTED_MOST,
    batch: int = BATCH,
    on_change: Callable[[ChangedCase], object] | None = None,
    progress: Callable[[int], object] | None = None,
) -> WhatIfReport:
    """What the rulebook of ``house`` would have made of every closed complaint of ``store``.

    Nothing is written. Trails are read ``batch`` cases at a time, each batch from a snapshot of its own; of the cases
    themselves only columns are read. ``progress`` is told how many more are done, ``on_change`` of each case that
    would have gone otherwise.

    Raises CurrencyMismatch where a case counts in another currency, NotFound where its rulebook is not in the store.
    [KRN-01]
    """
    adding = WhatIf(house, listed=listed, on_change=on_change)
    books = _Books(house)
    after: Cursor | None = None
    while True:
        cases, after = store.look(lambda unit: _page(unit, books, batch, after))  # noqa: B023 - run at once
        for case in cases:
            adding.take(case)
        if progress is not None:
            progress(len(cases))
        if after is None:
            return adding.report()


class _Books:
    """Of each rulebook that cases went by: which way its flow goes, and in which currency it counts."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[str, tuple[Path, str]] = {}

    def get(self, ref: str, unit: Unit) -> tuple[Path, str]:
        found = self._known.get(ref)
        if found is None:
            book = self._house.pinned(ref, unit)
            found = self._known[ref] = (book[COMPLAINT_RULES].path, book[ORGANISATION].currency)
            if found[1] != self._house.currency:
                raise CurrencyMismatch(rulebook=ref, given=found[1], expected=self._house.currency)
        return found


def _page(unit: Unit, books: _Books, batch: int, after: Cursor | None) -> tuple[list[PastComplaint], Cursor | None]:
    """Closed complaints in the order of their ids, with their trails, and where the next page begins."""
    page = unit.of(COMPLAINTS).columns(_COLUMNS, Query((CLOSED_AT.present(),), limit=batch, after=after))
    trails = _by_subject(unit.session.trails([str(row[0]) for row in page.items]))
    return [_past(row, trails, books, unit) for row in page.items], page.next


def _by_subject(records: Sequence[AuditRecord]) -> Mapping[str, Sequence[AuditRecord]]:
    return {subject: list(lines) for subject, lines in groupby(records, lambda record: record.subject)}


def _past(
    row: Sequence[ColumnValue], trails: Mapping[str, Sequence[AuditRecord]], books: _Books, unit: Unit
) -> PastComplaint:
    id, branch, number, ref, class_name, cause = ("" if value is None else str(value) for value in row)
    path, currency = books.get(ref, unit)
    return PastComplaint(id, number, branch, ref, path, currency, class_name, cause, trails.get(id, ()))
