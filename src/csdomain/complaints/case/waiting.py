"""Whom a case waits for, and what for: one table, by which inboxes are listed and whoever is next is told (CMP-16…18).

A case waits for a person, or for a position in its branch. What follows from the decision waits beside the case itself.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from csdomain.casework.worklists import Wait
from csdomain.complaints.lifecycle import (
    COMPLAINT_MOVES,
    CertificateState,
    ImprovementState,
    Move,
    PenaltyState,
    RemarkState,
    SlipState,
    State,
)
from csdomain.complaints.policies import decider
from csdomain.complaints.values import ComplaintRules, Path

from .complaint import Complaint

_S, _M = State, Move
#: What whoever sees to the case does next, by state; the other states are below.
_OWNERS: Final[Mapping[State, Move]] = {
    _S.ACCEPTED: _M.INVESTIGATE,
    _S.INVESTIGATING: _M.CONCLUDE,
    _S.REPORTED: _M.JUDGE,
    _S.JUDGED: _M.SUBMIT,
    _S.DECIDED: _M.ANSWER,
    _S.ANSWERED: _M.CLOSE,
    _S.NOT_ACCEPTED: _M.RENEW,
    _S.NOT_ESTABLISHED: _M.CLOSE,
    _S.HANDLING: _M.PROPOSE,
    _S.PROPOSED: _M.SATISFY,
    _S.SATISFIED: _M.CLOSE,
}
_ASKED: Final = (_S.ACCEPTED, _S.INVESTIGATING, _S.REPORTED)
#: The desk at which a paper waits, by its state, and what for.
_SLIPS: Final[Mapping[SlipState, tuple[str, str]]] = {
    SlipState.DRAWN_UP: ("sign", "sign"),
    SlipState.SIGNED: ("warehouse", "take_in"),
    SlipState.TAKEN_IN: ("finance", "book"),
    SlipState.DISPUTED: ("sign", "resolve"),
}
_CERTIFICATES: Final[Mapping[CertificateState, tuple[str, str]]] = {
    CertificateState.DRAWN_UP: ("sign", "sign"),
    CertificateState.SIGNED: ("sell", "countersign"),
    CertificateState.COUNTERSIGNED: ("finance", "book"),
}
_IMPROVEMENTS: Final[Mapping[ImprovementState, str]] = {
    ImprovementState.TRACKED: "carry_out",
    ImprovementState.CARRIED_OUT: "verify",
}


def waiting(case: Complaint, rules: ComplaintRules) -> tuple[Wait, ...]:
    """Whom the case waits for as it is: who moves the case itself, then who does what else is open. [CMP-16…20]"""
    if case.state in COMPLAINT_MOVES.final:
        return tuple(_remarks(case))
    return (*_step(case, rules), *_parts(case, rules), *_papers(case, rules), *_remarks(case))


def _step(case: Complaint, rules: ComplaintRules) -> Iterator[Wait]:
    """Who makes the next move of the case; nobody once it is closed."""
    state, form = case.state, case.form
    if state is _S.RECEIVED and case.path is Path.DEPARTMENTS:
        yield Wait(to=rules.desk("check"), work=_M.CHECK.value)
    elif state in (_S.RECEIVED, _S.CHECKED):
        move = _M.ACCEPT if state is _S.CHECKED else _M.HANDLE
        desk = case.desk or (rules.desk("accept") if state is _S.CHECKED else _level(case, rules))
        yield _named(case.handler or "", desk, move)
    elif state is _S.REPORTED and form.ruling is None:
        yield Wait(to=rules.ruling_by, work=_M.RULE.value)
    elif state is _S.AWAITING_DECISION:
        ladder = decider(rules, case.total, grave=case.grave, level=case.level)
        yield Wait(to=ladder.band(case.total).authority, work=_M.APPROVE.value)
    elif state is _S.NOT_ESTABLISHED and any(memo.ruling is None for memo in case.memoranda):
        yield Wait(to=rules.ruling_by, work=_M.SUSTAIN.value)
    elif state in _OWNERS:
        move = _OWNERS[state]
        if state is _S.INVESTIGATING and form.concluded_at is not None:
            move = _M.REPORT
        if move is _M.CLOSE and (case.lacks_letter or (state is _S.NOT_ESTABLISHED and form.answer is None)):
            move = _M.ANSWER
        desk = case.desk or (rules.handled_by if case.path is Path.DEPARTMENTS else _level(case, rules))
        yield _named(case.owner, desk, move)


def _named(person: str, desk: str, move: Move) -> Wait:
    return Wait(to=person or desk, work=move.value, person=bool(person))


def _level(case: Complaint, rules: ComplaintRules) -> str:
    """The position of the case's level. [CMP-18]"""
    bands = rules.ladder.bands
    return bands[min(case.level, len(bands) - 1)].authority


def _parts(case: Complaint, rules: ComplaintRules) -> Iterator[Wait]:
    """The departments that are asked for their part, and R&D for its finding."""
    if case.state not in _ASKED:
        return
    if case.form.quality and case.form.finding is None:
        yield Wait(to=rules.desk("inspect"), work=f"inspect {case.round}", step=False)
    for count, part in enumerate(case.parts, 1):
        if part.round == case.round and part.done is None:
            yield Wait(to=part.department, work=f"contribute {count}", step=False)


def _papers(case: Complaint, rules: ComplaintRules) -> Iterator[Wait]:
    """What follows from the decision: papers, penalties, improvements, the review."""

    def wait(desk: str, work: str) -> Wait:
        return Wait(to=rules.desk(desk), work=work, step=False)

    for slip in case.slips:
        if slip.state in _SLIPS:
            desk, work = _SLIPS[slip.state]
            yield wait(desk, f"{work} slip {slip.number}")
    for certificate in case.certificates:
        if certificate.state in _CERTIFICATES:
            desk, work = _CERTIFICATES[certificate.state]
            yield wait(desk, f"{work} certificate {certificate.number}")
    for count, penalty in enumerate(case.penalties, 1):
        if penalty.state is PenaltyState.PROPOSED:
            yield Wait(to=rules.ruling_by or rules.handled_by, work=f"approve penalty {count}", step=False)
        elif penalty.state is PenaltyState.NOTICED:
            yield wait("personnel", f"carry_out penalty {count}")
        elif penalty.state is PenaltyState.APPROVED and case.closed_at is not None and case.reviewed:
            publish = bool(penalty.discipline)
            yield wait("personnel" if publish else "penalise", f"{'publish' if publish else 'notice'} penalty {count}")
    for count, improvement in enumerate(case.improvements, 1):
        if improvement.state in _IMPROVEMENTS:
            yield wait("improve", f"{_IMPROVEMENTS[improvement.state]} improvement {count}")
    for name in dict.fromkeys(case.undrawn()):
        yield wait("sell", f"draw {name}")
    if case.closed_at is not None and not case.reviewed:
        yield wait("review", _M.REVIEW.value)


def _remarks(case: Complaint) -> Iterator[Wait]:
    """What the customer remarked, until the department concerned has dealt with it. [CMP-29]"""
    for count, remark in enumerate(case.remarks, 1):
        if remark.state is RemarkState.OPEN:
            yield Wait(to=remark.department, work=f"answer remark {count}", step=False)
