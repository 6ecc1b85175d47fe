"""Move the running cases of a rulebook to the current one (KRN-01)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import attrs

from csdomain.frame.questions import cases_of
from csdomain.frame.service import CaseService
from csdomain.kernel.rules.errors import Conflict, NotFound, RuleBroken
from csdomain.kernel.store.kinds import Comparison, Query, Where
from csdomain.kernel.store.storable import Unreadable
from csdomain.kernel.values.actors import Actor

_PAGE = 200
Progress = Callable[[int], None]


@attrs.frozen
class RebaseReport:
    """The ids of the cases that were moved, and of those that were refused, each with the refusal."""

    moved: tuple[str, ...]
    refused: tuple[tuple[str, RuleBroken | Conflict | Unreadable], ...]


def rebase_cases(
    services: Iterable[CaseService[Any, Any]],
    ref: str,
    *,
    by: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> RebaseReport:
    """Move every case that runs under ``ref``, of every context, to the current rulebook, one unit of work a case.

    Begun again after it was cut short, it goes on with those that are left. ``by`` needs the permissions to read and
    to rebase. Raises NotPermitted where ``by`` may not read at all. [KRN-01]
    """
    moved: list[str] = []
    refused: list[tuple[str, RuleBroken | Conflict | Unreadable]] = []
    for cases in (each for each in services if cases_of(each).pinning):
        final = cases_of(cases).commands.table.final
        query: Query[Any] = Query((Where("rulebook", Comparison.IS, ref),), limit=_PAGE)
        while True:
            page = cases.find(query, by=by)
            for case in page.items:
                if case.state in final:
                    continue
                try:
                    cases.rebase(case.id, by=by, at=at)
                    moved.append(case.id)
                except (RuleBroken, Conflict) as error:
                    refused.append((case.id, error))
                except NotFound:
                    continue  # gone meanwhile
            table = cases_of(cases).kind.table
            refused += [(id, Unreadable(kind=table, id=id)) for id in page.unreadable]
            if progress is not None:
                progress(len(page.items))
            if page.next is None:
                break
            query = attrs.evolve(query, after=page.next)
    return RebaseReport(tuple(moved), tuple(refused))
