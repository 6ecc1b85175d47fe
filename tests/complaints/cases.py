"""A case of the pure model in any state of either path, and every move with all that it needs there."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from complaints.desks import levels_book
from complaints.hand import SALT, T0, anyone, on
from complaints.model import JUDGED, RULES, received, remedy
from csdomain.casework.authorities import Standing
from csdomain.complaints.case import Complaint
from csdomain.complaints.lifecycle import Move, State
from csdomain.complaints.values import COMPLAINT_RULES, Channel, Classification, ComplaintRules, Finding, Path
from csdomain.kernel.cases.events import Event
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.money import Money
from csdomain.testing import HANDLING, QUALITY, complaint_form

A: Final = Path.DEPARTMENTS
B: Final = Path.LEVELS
BY_LEVEL: Final = levels_book()[COMPLAINT_RULES]
RULES_OF: Final = {A: RULES, B: BY_LEVEL}
#: Who does what comes before, so that whoever makes the move that is looked at decides no request of their own.
CLERK: Final = anyone("clerk")
CHIEF: Final = anyone("chief", "deputy_for_sales", "general_manager")
UNTIL: Final = T0 + timedelta(days=1)
FINDING: Final = Finding(True, "cracked from within")
NOTHING: Final = remedy(Money.zero("CNY"))
OTHER: Final = Classification("not_quality", "other")

Act = Callable[..., Sequence[Event]]


def _decide(outcome: Outcome) -> Act:
    def act(case: Complaint, rules: ComplaintRules, *, by: Actor, at: datetime) -> Sequence[Event]:
        standing = Standing({by.id: frozenset({rules.ladder.bands[-1].authority})})
        return on(case).decide(outcome, rules, standing, by=by, at=at, reason="as proposed")

    return act


def _propose(case: Complaint, rules: ComplaintRules, *, by: Actor, at: datetime) -> Sequence[Event]:
    standing = Standing({by.id: frozenset({rules.ladder.bands[-1].authority})})
    return on(case).propose(NOTHING, rules, standing, by=by, at=at)


def _of_level(case: Complaint, rules: ComplaintRules, by: Actor) -> Standing:
    return Standing({by.id: frozenset({rules.ladder.bands[case.level].authority})})


def _renew(case: Complaint, rules: ComplaintRules, *, by: Actor, at: datetime, act: str = "renew") -> Sequence[Event]:
    again: Act = getattr(on(case), act)
    return again(f"KS202603-{case.turn + 1:04}", complaint_form(), rules, salt=SALT, by=by, at=at)


#: Each move that somebody makes, with values that are fine in every state that has it.
ACTS: Final[Mapping[Move, Act]] = {
    Move.CHECK: lambda c, r, **k: on(c).check("the order is ours", **k),
    Move.ACCEPT: lambda c, r, **k: on(c).accept(HANDLING, r, grave=False, **k),
    Move.HANDLE: lambda c, r, **k: on(c).handle(HANDLING, r, **k),
    Move.MARK: lambda c, r, **k: on(c).mark(harm=False, **k),
    Move.ASSIGN: lambda c, r, **k: on(c).assign(ActorId("cai"), **k),
    Move.PROMISE: lambda c, r, **k: on(c).promise(UNTIL, **k),
    Move.WAIT: lambda c, r, **k: on(c).wait_for_customer("the sample", attrs.evolve(r, stands_still=("CMP-04",)), **k),
    Move.RESUME: lambda c, r, **k: on(c).resume(r, reason="it came", **k),
    Move.NOTE: lambda c, r, **k: on(c).note("see the photograph", ["photo-1"], **k),
    Move.PRIORITISE: lambda c, r, **k: on(c).prioritise("", r, **k),
    Move.REMARK: lambda c, r, **k: on(c).remark("the lift is slow", "building", **k),
    Move.INVOLVE: lambda c, r, **k: on(c).involve(["production"], UNTIL, **k),
    Move.CONTRIBUTE: lambda c, r, **k: on(c).contribute("production", "the mould was worn", word_of="foreman", **k),
    Move.INVESTIGATE: lambda c, r, **k: on(c).investigate(**k),
    Move.INSPECT: lambda c, r, **k: on(c).inspect(FINDING, **k),
    Move.CONCLUDE: lambda c, r, **k: on(c).conclude(**k),
    Move.REPORT: lambda c, r, **k: on(c).report("how it came about", **k),
    Move.RULE: lambda c, r, **k: on(c).rule("carry on", **k),
    Move.JUDGE: lambda c, r, **k: on(c).judge(JUDGED, r, **k),
    Move.DISMISS: lambda c, r, **k: on(c).dismiss("used against the manual", **k),
    Move.SUBMIT: lambda c, r, **k: on(c).submit(NOTHING, r, **k),
    Move.RECOMMEND: _decide(Outcome.RECOMMENDED),
    Move.APPROVE: _decide(Outcome.APPROVED),
    Move.RETURN: _decide(Outcome.RETURNED),
    Move.REVISE: lambda c, r, **k: on(c).revise(NOTHING, r, **k),
    Move.ANSWER: lambda c, r, **k: on(c).answer(Channel.LETTER, "so it is", **k),
    Move.CLEAR: lambda c, r, **k: on(c).clear("so it is", "everybody says so", **k),
    Move.DECLINE: lambda c, r, **k: on(c).decline("that is not enough", **k),
    Move.RENEW: _renew,
    Move.OBJECT: lambda c, r, **k: on(c).object("QC2026-0001", "the customer objects", r, **k),
    Move.SUSTAIN: lambda c, r, **k: on(c).rule_on_objection(reopen=False, text="we stand by it", **k),
    Move.REOPEN: lambda c, r, **k: on(c).rule_on_objection(reopen=True, text="look again", **k),
    Move.ESCALATE: lambda c, r, **k: on(c).escalate("beyond me", r, _of_level(c, r, k["by"]), **k),
    Move.PROPOSE: _propose,
    Move.SATISFY: lambda c, r, **k: on(c).satisfy(**k),
    Move.CLOSE: lambda c, r, **k: on(c).close("explained", **k),
    Move.WITHDRAW: lambda c, r, **k: on(c).withdraw("never mind", **k),
    Move.RECLASSIFY: lambda c, r, **k: on(c).reclassify(OTHER, "wrongly put", **k),
    Move.RETURN_REPORT: lambda c, r, **k: on(c).return_report("look again", **k),
    Move.CORRECT: lambda c, r, **k: on(c).correct_judgement(JUDGED, "not so", **k),
    Move.HANDLE_AGAIN: lambda c, r, **k: _renew(c, r, act="handle_again", **k),
    Move.REVIEW: lambda c, r, **k: on(c).judge_month("sales", "a lesson", r, **k),
}


_OVER_OTHERS: Final = frozenset({Move.RECOMMEND, Move.APPROVE, Move.RETURN, Move.SUSTAIN, Move.REOPEN, Move.RULE})
#: Moves whose sample above says by which rules.
_GIVEN_RULES: Final = frozenset(
    {Move.RECOMMEND, Move.APPROVE, Move.RETURN, Move.PROPOSE, Move.RENEW, Move.HANDLE_AGAIN, Move.WAIT}
)


def make(case: Complaint, move: Move, *, by: Actor | None = None, at: datetime = T0) -> Sequence[Event]:
    """A move of the case, with plausible values."""
    who = by or (CHIEF if move in _OVER_OTHERS else CLERK)
    rules = RULES_OF[case.path]
    how = {} if move in _GIVEN_RULES else {"rules": rules}
    return ACTS[move](case, rules, by=who, at=at, **how)


_JUDGED: Final = (*(Move.CHECK, Move.ACCEPT, Move.INVESTIGATE, Move.CONCLUDE, Move.REPORT, Move.RULE, Move.JUDGE),)
_ANSWERED: Final = (*_JUDGED, Move.SUBMIT, Move.APPROVE, Move.ANSWER)
_SATISFIED: Final = (Move.HANDLE, Move.PROPOSE, Move.SATISFY)
#: How a case comes to each state of its path.
WAYS: Final[Mapping[Path, Mapping[State, tuple[Move, ...]]]] = {
    A: {
        State.RECEIVED: (),
        State.CHECKED: _JUDGED[:1],
        State.ACCEPTED: _JUDGED[:2],
        State.INVESTIGATING: _JUDGED[:3],
        State.REPORTED: _JUDGED[:5],
        State.JUDGED: _JUDGED,
        State.AWAITING_DECISION: _ANSWERED[:-2],
        State.DECIDED: _ANSWERED[:-1],
        State.ANSWERED: _ANSWERED,
        State.NOT_ACCEPTED: (*_ANSWERED, Move.DECLINE),
        State.NOT_ESTABLISHED: (*_JUDGED[:2], Move.DISMISS),
        State.CLOSED: (*_ANSWERED, Move.CLOSE),
        State.SETTLING: (Move.REMARK, Move.REMARK, *_ANSWERED, Move.CLOSE),
        State.SETTLED: (*_ANSWERED, Move.CLOSE, Move.REVIEW),
        State.WITHDRAWN: (Move.WITHDRAW,),
    },
    B: {
        State.RECEIVED: (),
        State.HANDLING: _SATISFIED[:1],
        State.PROPOSED: _SATISFIED[:2],
        State.SATISFIED: _SATISFIED,
        State.CLOSED: (*_SATISFIED, Move.CLOSE),
        State.SETTLING: (Move.REMARK, Move.REMARK, *_SATISFIED, Move.CLOSE),
        State.SETTLED: (*_SATISFIED, Move.CLOSE, Move.REVIEW),
        State.WITHDRAWN: (Move.WITHDRAW,),
    },
}
#: What must have been done in a state before a move of it can be made.
_FIRST: Final[Mapping[tuple[State, Move], tuple[Move, ...]]] = {
    (State.ACCEPTED, Move.CONTRIBUTE): (Move.INVOLVE,),
    (State.INVESTIGATING, Move.CONTRIBUTE): (Move.INVOLVE,),
    (State.INVESTIGATING, Move.REPORT): (Move.CONCLUDE,),
    (State.REPORTED, Move.JUDGE): (Move.RULE,),
    (State.NOT_ESTABLISHED, Move.OBJECT): (Move.ANSWER,),
    (State.NOT_ESTABLISHED, Move.SUSTAIN): (Move.ANSWER, Move.OBJECT),
    (State.NOT_ESTABLISHED, Move.REOPEN): (Move.ANSWER, Move.OBJECT),
    (State.NOT_ESTABLISHED, Move.CLOSE): (Move.ANSWER,),
}


def stands(state: State, path: Path = A, *, quality: bool = False, before: Move | None = None) -> Complaint:
    """A case in ``state``, of a quality fault or not; ``before`` a move, so that nothing but the move is missing."""
    case = received(rules=RULES_OF[path])
    for move in (*WAYS[path][state], *(() if before is None else _FIRST.get((state, before), ()))):
        if quality and move in (Move.ACCEPT, Move.HANDLE):
            qualified = on(case).accept if move is Move.ACCEPT else on(case).handle
            more: dict[str, Any] = {"grave": False} if move is Move.ACCEPT else {}
            qualified(QUALITY, RULES_OF[path], by=CLERK, at=T0, **more)
            continue
        if quality and move in (Move.CONCLUDE, Move.DISMISS) and case.form.finding is None:
            if case.state is State.ACCEPTED:
                make(case, Move.INVESTIGATE)
            make(case, Move.INSPECT)
        make(case, move)
    if state is State.SETTLING:  # the first thing done after closing brings it there
        on(case).answer_remark(1, "we look into it", by=CLERK)
    assert case.state is state
    return case
