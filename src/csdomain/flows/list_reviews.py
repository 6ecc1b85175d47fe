"""On the first of each month whoever reviews is told how many of last month's closed cases wait for it (CMP-20)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NewType
from zoneinfo import ZoneInfo

import attrs

from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.case.columns import CLOSED_MONTH, REVIEWED
from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.kernel.cases.effects import Fact, Message
from csdomain.kernel.cases.events import Event
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.planning import Due, Source, Subjects, occasion_key
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.ids import IdKind
from csdomain.rulebook import ORGANISATION, House

RunId = NewType("RunId", str)
RUN: Final = IdKind[RunId]("run")
NAME: Final = "complaint_reviews"
#: At the hour at which offices have opened everywhere.
_AT: Final = time(9)


@attrs.frozen(kw_only=True)
class ReviewsListed(Event):
    """In a branch ``cases`` of those closed in ``month`` wait for their review (CMP-20)."""

    month: str
    branch: str
    cases: int


def source(house: House) -> Source:
    """The runs: one a month, of the month before. Nothing where the house reviews nothing."""
    zone = ZoneInfo(house.rulebook[ORGANISATION].zone)
    rules = house.rulebook[COMPLAINT_RULES]

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        first = after.astimezone(zone).date().replace(day=1)
        while rules.review_by is not None and (at := datetime.combine(first, _AT, zone)) <= until:
            if at > after:
                yield Due(f"{first - timedelta(days=1):%Y-%m}", at)
            first = date(first.year + first.month // 12, first.month % 12 + 1, 1)

    def waiting(unit: Unit, month: str) -> dict[str, int]:
        unreviewed = (CLOSED_MONTH.is_(month), REVIEWED.is_(False))
        rows = unit.of(COMPLAINTS).tally(Tally(unreviewed, group_by=("branch",)))
        return {str(row.group[0]): row.count for row in rows}

    def page(unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        left = sorted(branch for branch in waiting(unit, due.key) if branch > cursor)
        return Subjects(left[:limit], left[limit - 1] if len(left) > limit else None)

    def act(unit: Unit, due: Due, branches: Sequence[str]) -> None:
        cases = waiting(unit, due.key)
        for branch in branches:
            key = occasion_key("complaint.reviews", due.key, branch)
            event = ReviewsListed(
                subject=RUN.keyed(key), by=SYSTEM, at=due.at, month=due.key, branch=branch, cases=cases[branch]
            )
            facts: dict[str, Fact] = {"month": due.key, "branch": branch, "cases": cases[branch]}
            unit.record([event], [Message(key, "complaint.reviews", rules.desk("review"), facts)])

    return Source(NAME, runs, page, act)
