"""The moves of a complaint (CMP-25), and those of its slips, certificates, penalties, improvements and remarks."""

from collections.abc import Iterable
from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Step
from csdomain.kernel.rules import Rule
from csdomain.kernel.values.actors import Action

from . import rules as r
from .values import actions as a


@unique
class State(Enum):
    """Where a complaint stands."""

    RECEIVED = "received"
    CHECKED = "checked"
    ACCEPTED = "accepted"
    INVESTIGATING = "investigating"
    REPORTED = "reported"
    JUDGED = "judged"
    AWAITING_DECISION = "awaiting_decision"
    DECIDED = "decided"
    ANSWERED = "answered"
    NOT_ACCEPTED = "not_accepted"
    NOT_ESTABLISHED = "not_established"
    HANDLING = "handling"
    PROPOSED = "proposed"
    SATISFIED = "satisfied"
    CLOSED = "closed"
    SETTLING = "settling"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


@unique
class Move(Enum):
    """What can be done with a complaint."""

    RECEIVE = "receive"
    CHECK = "check"
    ACCEPT = "accept"
    HANDLE = "handle"
    MARK = "mark"
    ASSIGN = "assign"
    PROMISE = "promise"
    REMARK = "remark"
    INVOLVE = "involve"
    CONTRIBUTE = "contribute"
    INVESTIGATE = "investigate"
    INSPECT = "inspect"
    CONCLUDE = "conclude"
    REPORT = "report"
    RULE = "rule"
    JUDGE = "judge"
    DISMISS = "dismiss"
    SUBMIT = "submit"
    RECOMMEND = "recommend"
    APPROVE = "approve"
    RETURN = "return_back"
    REVISE = "revise"
    ANSWER = "answer"
    DECLINE = "decline"
    RENEW = "renew"
    OBJECT = "object"
    SUSTAIN = "sustain"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    PROPOSE = "propose"
    SATISFY = "satisfy"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    REVIEW = "review"
    FOLLOW_UP = "follow_up"
    SETTLE = "settle"


BY_AMOUNT: Final = frozenset({"departments"})
BY_LEVEL: Final = frozenset({"levels"})
_S, _M = State, Move
#: The states of a case that is not closed yet.
OPEN: Final = (
    *(_S.RECEIVED, _S.CHECKED, _S.ACCEPTED, _S.INVESTIGATING, _S.REPORTED, _S.JUDGED, _S.AWAITING_DECISION),
    *(_S.DECIDED, _S.ANSWERED, _S.NOT_ACCEPTED, _S.NOT_ESTABLISHED, _S.HANDLING, _S.PROPOSED, _S.SATISFIED),
)
_LEVEL_STATES: Final = frozenset({_S.HANDLING, _S.PROPOSED, _S.SATISFIED})
#: The states in which the customer's mind can still change by withdrawing.
_WITHDRAWABLE: Final = tuple(state for state in OPEN if state is not _S.SATISFIED)


def _paths(state: State) -> frozenset[str]:
    if state is _S.RECEIVED or state not in OPEN:
        return frozenset()
    return BY_LEVEL if state in _LEVEL_STATES else BY_AMOUNT


def _each(
    move: Move, states: Iterable[State], dest: State | None, action: Action, rule: Rule
) -> list[Step[Move, State]]:
    """One step from each of ``states``: to ``dest``, or staying where it is."""
    return [Step(move, state, dest or state, action, rule, _paths(state)) for state in states]


COMPLAINT_MOVES: Final = Lifecycle(
    "complaint",
    State,
    State.RECEIVED,
    [
        Step(_M.RECEIVE, None, _S.RECEIVED, a.RECEIVE, r.FORM),
        # --- by amount, through departments
        Step(_M.CHECK, _S.RECEIVED, _S.CHECKED, a.CHECK, r.SALES_CHECK, BY_AMOUNT),
        Step(_M.ACCEPT, _S.CHECKED, _S.ACCEPTED, a.ACCEPT, r.ACCEPTANCE, BY_AMOUNT),
        Step(_M.INVESTIGATE, _S.ACCEPTED, _S.INVESTIGATING, a.INVESTIGATE, r.STATES, BY_AMOUNT),
        *_each(_M.INVOLVE, (_S.ACCEPTED, _S.INVESTIGATING), None, a.INVOLVE, r.JOINT),
        *_each(_M.CONTRIBUTE, (_S.ACCEPTED, _S.INVESTIGATING, _S.REPORTED), None, a.CONTRIBUTE, r.CHASING),
        # After the report as well: without its finding the case could be judged no more.
        *_each(_M.INSPECT, (_S.INVESTIGATING, _S.REPORTED), None, a.INSPECT, r.FINDING),
        Step(_M.CONCLUDE, _S.INVESTIGATING, _S.INVESTIGATING, a.INVESTIGATE, r.REPORT, BY_AMOUNT),
        Step(_M.REPORT, _S.INVESTIGATING, _S.REPORTED, a.INVESTIGATE, r.REPORT, BY_AMOUNT),
        Step(_M.RULE, _S.REPORTED, _S.REPORTED, a.RULE, r.REPORT, BY_AMOUNT),
        Step(_M.JUDGE, _S.REPORTED, _S.JUDGED, a.JUDGE, r.JUDGEMENT, BY_AMOUNT),
        *_each(
            _M.DISMISS,
            (_S.ACCEPTED, _S.INVESTIGATING, _S.REPORTED),
            _S.NOT_ESTABLISHED,
            a.JUDGE,
            r.NOT_ESTABLISHED,
        ),
        Step(_M.SUBMIT, _S.JUDGED, _S.AWAITING_DECISION, a.SUBMIT, r.WITHIN_LIMIT, BY_AMOUNT),
        Step(_M.RECOMMEND, _S.AWAITING_DECISION, _S.AWAITING_DECISION, a.RECOMMEND, r.WITHIN_LIMIT, BY_AMOUNT),
        Step(_M.APPROVE, _S.AWAITING_DECISION, _S.DECIDED, a.DECIDE, r.WITHIN_LIMIT, BY_AMOUNT),
        Step(_M.RETURN, _S.AWAITING_DECISION, _S.JUDGED, a.DECIDE, r.WITHIN_LIMIT, BY_AMOUNT),
        Step(_M.REVISE, _S.DECIDED, _S.AWAITING_DECISION, a.SUBMIT, r.WITHIN_LIMIT, BY_AMOUNT),
        Step(_M.ANSWER, _S.DECIDED, _S.ANSWERED, a.ANSWER, r.NO_PROMISE, BY_AMOUNT),
        Step(_M.ANSWER, _S.NOT_ESTABLISHED, _S.NOT_ESTABLISHED, a.ANSWER, r.NOTICE, BY_AMOUNT),
        Step(_M.DECLINE, _S.ANSWERED, _S.NOT_ACCEPTED, a.ANSWER, r.NOT_ACCEPTED, BY_AMOUNT),
        Step(_M.RENEW, _S.NOT_ACCEPTED, _S.ACCEPTED, a.RENEW, r.NOT_ACCEPTED, BY_AMOUNT),
        Step(_M.OBJECT, _S.NOT_ESTABLISHED, _S.NOT_ESTABLISHED, a.ANSWER, r.NOT_ESTABLISHED, BY_AMOUNT),
        Step(_M.SUSTAIN, _S.NOT_ESTABLISHED, _S.NOT_ESTABLISHED, a.SUPERVISE, r.NOT_ESTABLISHED, BY_AMOUNT),
        Step(_M.REOPEN, _S.NOT_ESTABLISHED, _S.INVESTIGATING, a.SUPERVISE, r.NOT_ESTABLISHED, BY_AMOUNT),
        Step(_M.CLOSE, _S.ANSWERED, _S.CLOSED, a.CLOSE, r.STATES, BY_AMOUNT),
        Step(_M.CLOSE, _S.NOT_ESTABLISHED, _S.CLOSED, a.CLOSE, r.STATES, BY_AMOUNT),
        # --- by level
        Step(_M.HANDLE, _S.RECEIVED, _S.HANDLING, a.HANDLE, r.LEVELS, BY_LEVEL),
        Step(_M.ESCALATE, _S.HANDLING, _S.HANDLING, a.HANDLE, r.LEVELS, BY_LEVEL),
        Step(_M.PROPOSE, _S.HANDLING, _S.PROPOSED, a.HANDLE, r.NO_PROMISE, BY_LEVEL),
        Step(_M.SATISFY, _S.PROPOSED, _S.SATISFIED, a.HANDLE, r.LEVELS, BY_LEVEL),
        Step(_M.DECLINE, _S.PROPOSED, _S.HANDLING, a.ANSWER, r.NOT_ACCEPTED, BY_LEVEL),
        Step(_M.CLOSE, _S.SATISFIED, _S.CLOSED, a.CLOSE, r.STATES, BY_LEVEL),
        # --- at any time
        *_each(_M.MARK, OPEN, None, a.MARK, r.GRAVE),
        *_each(_M.ASSIGN, OPEN, None, a.ASSIGN, r.HANDLED),
        *_each(_M.PROMISE, OPEN, None, a.ANSWER, r.LEVELS),
        *_each(_M.REMARK, OPEN, None, a.REMARK, r.REMARKS),
        *_each(_M.WITHDRAW, _WITHDRAWABLE, _S.WITHDRAWN, a.WITHDRAW, r.STATES),
        # --- after closing
        Step(_M.FOLLOW_UP, _S.CLOSED, _S.SETTLING, a.CLOSE, r.STATES),
        Step(_M.REVIEW, _S.CLOSED, _S.SETTLING, a.REVIEW, r.MONTHLY_REVIEW),
        Step(_M.REVIEW, _S.SETTLING, _S.SETTLING, a.REVIEW, r.MONTHLY_REVIEW),
        Step(_M.SETTLE, _S.CLOSED, _S.SETTLED, a.CLOSE, r.STATES),
        Step(_M.SETTLE, _S.SETTLING, _S.SETTLED, a.CLOSE, r.STATES),
    ],
)
#: Moves that follow by themselves from others: nobody makes them.
BY_ITSELF: Final = frozenset({_M.FOLLOW_UP, _M.SETTLE})


@unique
class SlipState(Enum):
    """Where a product return slip stands (CMP-22…24)."""

    DRAWN_UP = "drawn_up"
    SIGNED = "signed"
    TAKEN_IN = "taken_in"
    DISPUTED = "disputed"
    BOOKED = "booked"
    CANCELLED = "cancelled"


@unique
class SlipMove(Enum):
    """What can be done with a return slip."""

    DRAW_UP = "draw_up"
    SIGN = "sign"
    TAKE_IN = "take_in"
    BOOK = "book"
    DISPUTE = "dispute"
    RESOLVE = "resolve"
    CANCEL = "cancel"


SLIP_MOVES: Final = Lifecycle(
    "return_slip",
    SlipState,
    SlipState.DRAWN_UP,
    [
        Step(SlipMove.DRAW_UP, None, SlipState.DRAWN_UP, a.SELL, r.RETURN_SLIP),
        Step(SlipMove.SIGN, SlipState.DRAWN_UP, SlipState.SIGNED, a.SIGN, r.RETURN_SLIP),
        Step(SlipMove.TAKE_IN, SlipState.SIGNED, SlipState.TAKEN_IN, a.WAREHOUSE, r.WAREHOUSE),
        Step(SlipMove.BOOK, SlipState.TAKEN_IN, SlipState.BOOKED, a.FINANCE, r.FINANCE),
        Step(SlipMove.DISPUTE, SlipState.TAKEN_IN, SlipState.DISPUTED, a.FINANCE, r.FINANCE),
        Step(SlipMove.TAKE_IN, SlipState.DISPUTED, SlipState.TAKEN_IN, a.WAREHOUSE, r.WAREHOUSE),
        Step(SlipMove.RESOLVE, SlipState.DISPUTED, SlipState.TAKEN_IN, a.SIGN, r.FINANCE),
        Step(SlipMove.CANCEL, SlipState.DRAWN_UP, SlipState.CANCELLED, a.SELL, r.RETURN_SLIP),
        Step(SlipMove.CANCEL, SlipState.SIGNED, SlipState.CANCELLED, a.SELL, r.RETURN_SLIP),
    ],
)


@unique
class CertificateState(Enum):
    """Where a sales discount certificate stands (CMP-21)."""

    DRAWN_UP = "drawn_up"
    SIGNED = "signed"
    COUNTERSIGNED = "countersigned"
    BOOKED = "booked"


@unique
class CertificateMove(Enum):
    """What can be done with a discount certificate."""

    DRAW_UP = "draw_up"
    SIGN = "sign"
    COUNTERSIGN = "countersign"
    BOOK = "book"


CERTIFICATE_MOVES: Final = Lifecycle(
    "discount_certificate",
    CertificateState,
    CertificateState.DRAWN_UP,
    [
        Step(CertificateMove.DRAW_UP, None, CertificateState.DRAWN_UP, a.SELL, r.CERTIFICATE),
        Step(CertificateMove.SIGN, CertificateState.DRAWN_UP, CertificateState.SIGNED, a.SIGN, r.CERTIFICATE),
        Step(
            CertificateMove.COUNTERSIGN,
            CertificateState.SIGNED,
            CertificateState.COUNTERSIGNED,
            a.SELL,
            r.CERTIFICATE,
        ),
        Step(CertificateMove.BOOK, CertificateState.COUNTERSIGNED, CertificateState.BOOKED, a.FINANCE, r.CERTIFICATE),
    ],
)


@unique
class PenaltyState(Enum):
    """Where a penalty stands (CMP-10, CMP-20)."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DROPPED = "dropped"
    NOTICED = "noticed"
    CARRIED_OUT = "carried_out"


@unique
class PenaltyMove(Enum):
    """What can be done with a penalty."""

    PROPOSE = "propose"
    APPROVE = "approve"
    DROP = "drop"
    NOTICE = "notice"
    PUBLISH = "publish"
    CARRY_OUT = "carry_out"


DISCIPLINE: Final = frozenset({"discipline"})
DEDUCTION: Final = frozenset({"deduction"})
PENALTY_MOVES: Final = Lifecycle(
    "penalty",
    PenaltyState,
    PenaltyState.PROPOSED,
    [
        Step(PenaltyMove.PROPOSE, None, PenaltyState.PROPOSED, a.JUDGE, r.LOSS),
        Step(PenaltyMove.APPROVE, PenaltyState.PROPOSED, PenaltyState.APPROVED, a.RULE, r.LOSS),
        Step(PenaltyMove.DROP, PenaltyState.PROPOSED, PenaltyState.DROPPED, a.RULE, r.LOSS),
        Step(PenaltyMove.NOTICE, PenaltyState.APPROVED, PenaltyState.NOTICED, a.PENALISE, r.MONTHLY_REVIEW, DEDUCTION),
        Step(
            PenaltyMove.CARRY_OUT,
            PenaltyState.NOTICED,
            PenaltyState.CARRIED_OUT,
            a.PERSONNEL,
            r.MONTHLY_REVIEW,
            DEDUCTION,
        ),
        Step(
            PenaltyMove.PUBLISH,
            PenaltyState.APPROVED,
            PenaltyState.CARRIED_OUT,
            a.PERSONNEL,
            r.MONTHLY_REVIEW,
            DISCIPLINE,
        ),
    ],
)


@unique
class ImprovementState(Enum):
    """Where a tracked improvement stands (CMP-09)."""

    TRACKED = "tracked"
    CARRIED_OUT = "carried_out"
    VERIFIED = "verified"


@unique
class ImprovementMove(Enum):
    """What can be done with an improvement."""

    TRACK = "track"
    CARRY_OUT = "carry_out"
    VERIFY = "verify"
    FAIL = "fail"


IMPROVEMENT_MOVES: Final = Lifecycle(
    "improvement",
    ImprovementState,
    ImprovementState.TRACKED,
    [
        Step(ImprovementMove.TRACK, None, ImprovementState.TRACKED, a.JUDGE, r.IMPROVEMENT),
        Step(
            ImprovementMove.CARRY_OUT, ImprovementState.TRACKED, ImprovementState.CARRIED_OUT, a.IMPROVE, r.IMPROVEMENT
        ),
        Step(ImprovementMove.VERIFY, ImprovementState.CARRIED_OUT, ImprovementState.VERIFIED, a.IMPROVE, r.IMPROVEMENT),
        Step(ImprovementMove.FAIL, ImprovementState.CARRIED_OUT, ImprovementState.TRACKED, a.IMPROVE, r.IMPROVEMENT),
    ],
)


@unique
class RemarkState(Enum):
    """Where something stands that the customer remarked (CMP-29)."""

    OPEN = "open"
    DONE = "done"


@unique
class RemarkMove(Enum):
    """What can be done with a remark."""

    NOTE = "note"
    ANSWER = "answer"


REMARK_MOVES: Final = Lifecycle(
    "remark",
    RemarkState,
    RemarkState.OPEN,
    [
        Step(RemarkMove.NOTE, None, RemarkState.OPEN, a.REMARK, r.REMARKS),
        Step(RemarkMove.ANSWER, RemarkState.OPEN, RemarkState.DONE, a.CONTRIBUTE, r.REMARKS),
    ],
)
LIFECYCLES: Final = (
    COMPLAINT_MOVES,
    SLIP_MOVES,
    CERTIFICATE_MOVES,
    PENALTY_MOVES,
    IMPROVEMENT_MOVES,
    REMARK_MOVES,
)
