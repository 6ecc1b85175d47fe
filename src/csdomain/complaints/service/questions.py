"""What can be asked of complaints."""

from collections.abc import Sequence
from typing import Any

import attrs

from csdomain.complaints.lifecycle import (
    BY_ITSELF,
    CERTIFICATE_MOVES,
    COMPLAINT_MOVES,
    IMPROVEMENT_MOVES,
    PENALTY_MOVES,
    REMARK_MOVES,
    SLIP_MOVES,
)
from csdomain.complaints.model import CLOSED_MONTH, DISCREPANCIES, GRAVE, REVIEWED, Complaint
from csdomain.kernel.cases.lifecycle import InState, Lifecycle, PossibleMove
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.store.kinds import Page, Query, Tally, TallyRow
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor
from csdomain.rulebook.usecases import reaching

from .base import ComplaintUseCases


@attrs.frozen
class PartMoves:
    """What may be done with a part of a case: its name (``return_slip TH202603-0001``) and the moves of its table."""

    part: str
    moves: tuple[PossibleMove[Any], ...]


class Questions(ComplaintUseCases):
    """Questions: they change nothing."""

    def moves(self, id: str, *, by: Actor) -> tuple[PossibleMove[Any], ...]:
        """What ``by`` may do with the case now, on its path, and why the rest is refused."""

        def work(unit: Unit, actor: Actor) -> tuple[PossibleMove[Any], ...]:
            case = self._readable(unit, id, actor)
            found = COMPLAINT_MOVES.moves(case, reaching(actor, case), path=case.path.value)
            return tuple(move for move in found if move.move not in BY_ITSELF)

        return self._read(work, by)

    def part_moves(self, id: str, *, by: Actor) -> tuple[PartMoves, ...]:
        """What ``by`` may do with the slips, certificates, penalties, improvements and remarks of the case now."""

        def work(unit: Unit, actor: Actor) -> tuple[PartMoves, ...]:
            case = self._readable(unit, id, actor)
            by_now = reaching(actor, case)

            def of(table: Lifecycle[Any, Any], name: object, part: InState[Any], path: str | None = None) -> PartMoves:
                return PartMoves(f"{table.name} {name}", table.moves(part, by_now, path=path))

            return (
                *(of(SLIP_MOVES, slip.number, slip) for slip in case.slips),
                *(of(CERTIFICATE_MOVES, paper.number, paper) for paper in case.certificates),
                *(of(PENALTY_MOVES, n, penalty, penalty.path) for n, penalty in enumerate(case.penalties, 1)),
                *(of(IMPROVEMENT_MOVES, n, part) for n, part in enumerate(case.improvements, 1)),
                *(of(REMARK_MOVES, n, remark) for n, remark in enumerate(case.remarks, 1)),
            )

        return self._read(work, by)

    def queue(self, query: Query[Complaint] = Query(), *, by: Actor) -> Page[Complaint]:  # noqa: B008 - frozen
        """My queue: the cases that ``by`` owns and that are neither settled nor withdrawn.

        Grave ones come before others unless the query orders otherwise. [CMP-16]
        """
        if query.order_by == "id" and not query.descending:
            query = attrs.evolve(query, order_by=GRAVE.name, descending=True)
        return ComplaintUseCases.queue(self, query, by=by)

    def papers(self, id: str, *, by: Actor) -> tuple[Document, ...]:
        """Every paper of the case: forms, memoranda, slips, certificates, penalty notices; each can be printed, and
        says which copy lies with whom. Personal fields are there: printing masks them. [KRN-09]"""

        def work(unit: Unit, actor: Actor) -> tuple[Document, ...]:
            case = self._readable(unit, id, actor)
            return (
                *(form.document for form in case.forms),
                *(memorandum.document for memorandum in case.memoranda),
                *(slip.document for slip in case.slips),
                *(certificate.document for certificate in case.certificates),
                *(penalty.notice for penalty in case.penalties if penalty.notice is not None),
            )

        return self._read(work, by)

    def open_ends(self, id: str, *, by: Actor) -> tuple[str, ...]:
        """What still has to come to its end before the case is settled, by name. [CMP-25]"""
        return self._read(lambda unit, actor: self._readable(unit, id, actor).open_ends(), by)

    def discrepancies(self, *, by: Actor, limit: int = 50) -> Page[Complaint]:
        """The cases with a return slip that finance finds at odds with what was approved. [CMP-24]"""
        return self.find(Query((DISCREPANCIES.present(),), limit=limit), by=by)

    def to_review(self, month: str, *, by: Actor, limit: int = 50) -> Page[Complaint]:
        """The cases closed in ``month`` (``2026-03``) that nobody has reviewed yet. [CMP-20]"""
        return self.find(Query((CLOSED_MONTH.is_(month), REVIEWED.is_(False)), limit=limit), by=by)

    def statistics(self, month: str, *group_by: str, by: Actor) -> Sequence[TallyRow]:
        """The cases closed in ``month``, counted by columns (``class_name``, ``cause``, ``unit``, ``product``, …).

        Each row has the amounts claimed, granted and lost; group by ``in_time`` to see those that were late. [CMP-26]
        """
        where = (CLOSED_MONTH.is_(month),)
        return self.tally(Tally(where, group_by, ("claimed", "granted", "lost")), by=by)
