"""Improvements that are tracked and what the customer remarked, each to its own end (CMP-09, CMP-27, CMP-29)."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from csdomain.complaints import events as e
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, Improvement, Remark
from csdomain.complaints.lifecycle import ImprovementMove, RemarkMove
from csdomain.frame.acts import Events

from .marks import IMPROVEMENTS, REMARKS, ComplaintAct, settling


def _noted(case: Complaint, act: ComplaintAct, improvement: Improvement, note: str) -> Events:
    notes = (*improvement.notes, v.Opinion(act.by.id, act.at, note))
    changed = attrs.evolve(improvement, notes=notes)
    return settling(case, act, act.put(changed, e.ImprovementMoved(reason=note)))


#: An improvement is carried out, verified to have its effect, found to have none, or dropped.
IMPROVE: Final[Mapping[ImprovementMove, Callable[[Complaint, ComplaintAct, int, str], Events]]] = {
    move: IMPROVEMENTS(move)(_noted)
    for move in (ImprovementMove.CARRY_OUT, ImprovementMove.VERIFY, ImprovementMove.FAIL, ImprovementMove.DROP)
}


@REMARKS(RemarkMove.ANSWER)
def answer_remark(case: Complaint, act: ComplaintAct, remark: Remark, text: str) -> Events:
    changed = attrs.evolve(remark, answer=v.Opinion(act.by.id, act.at, text))
    return settling(case, act, act.put(changed, e.RemarkAnswered(reason=text, remark=act.part)))
