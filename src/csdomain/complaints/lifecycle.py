"""The moves of a complaint (CMP-25), and those of its slips, certificates, penalties, improvements and remarks."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps
from csdomain.kernel.rules import TIMERS

from . import rules as r


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
    WAIT = "wait_for_customer"
    RESUME = "resume"
    NOTE = "note"
    PRIORITISE = "prioritise"
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
    VOID = "void"
    CLEAR = "clear"
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
    RECLASSIFY = "reclassify"
    RETURN_REPORT = "return_report"
    CORRECT = "correct_judgement"
    HANDLE_AGAIN = "handle_again"


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

_LOOKED_INTO: Final = (_S.ACCEPTED, _S.INVESTIGATING, _S.REPORTED)
_AFTER: Final = (_S.CLOSED, _S.SETTLING, _S.SETTLED)


def _paths(state: State | None) -> frozenset[str]:
    if state is _S.RECEIVED or state not in OPEN:
        return frozenset()
    return BY_LEVEL if state in _LEVEL_STATES else BY_AMOUNT


COMPLAINT_MOVES: Final = Lifecycle(
    "complaint",
    State,
    State.RECEIVED,
    steps(
        "complaints",
        Row(_M.RECEIVE, None, _S.RECEIVED, r.FORM),
        # --- by amount, through departments
        Row(_M.CHECK, _S.RECEIVED, _S.CHECKED, r.SALES_CHECK, paths=BY_AMOUNT),
        Row(_M.ACCEPT, _S.CHECKED, _S.ACCEPTED, r.ACCEPTANCE),
        Row(_M.INVESTIGATE, _S.ACCEPTED, _S.INVESTIGATING, r.STATES),
        Row(_M.INVOLVE, (_S.ACCEPTED, _S.INVESTIGATING), None, r.JOINT),
        Row(_M.CONTRIBUTE, _LOOKED_INTO, None, r.CHASING),
        # After the report as well: without its finding the case could be judged no more.
        Row(_M.INSPECT, (_S.INVESTIGATING, _S.REPORTED), None, r.FINDING),
        Row(_M.CONCLUDE, _S.INVESTIGATING, None, r.REPORT, may="investigate"),
        Row(_M.REPORT, _S.INVESTIGATING, _S.REPORTED, r.REPORT, may="investigate"),
        Row(_M.RULE, _S.REPORTED, None, r.REPORT),
        Row(_M.JUDGE, _S.REPORTED, _S.JUDGED, r.JUDGEMENT),
        Row(_M.RETURN_REPORT, _S.REPORTED, _S.INVESTIGATING, r.REPORT, may="rule"),
        Row(_M.CORRECT, _S.JUDGED, None, r.JUDGEMENT, may="judge"),
        Row(_M.DISMISS, _LOOKED_INTO, _S.NOT_ESTABLISHED, r.NOT_ESTABLISHED, may="decide"),
        Row(_M.SUBMIT, _S.JUDGED, _S.AWAITING_DECISION, r.WITHIN_LIMIT),
        Row(_M.RECOMMEND, _S.AWAITING_DECISION, None, r.WITHIN_LIMIT),
        Row(_M.APPROVE, _S.AWAITING_DECISION, _S.DECIDED, r.WITHIN_LIMIT, may="decide"),
        Row(_M.RETURN, _S.AWAITING_DECISION, _S.JUDGED, r.WITHIN_LIMIT, may="decide"),
        Row(_M.REVISE, _S.DECIDED, _S.AWAITING_DECISION, r.WITHIN_LIMIT, may="submit"),
        Row(_M.VOID, _S.DECIDED, _S.AWAITING_DECISION, r.WITHIN_LIMIT, may="submit"),
        Row(_M.ANSWER, _S.DECIDED, _S.ANSWERED, r.NO_PROMISE),
        # A case that turns out to be grave after the customer was told is answered again, by letter.
        Row(_M.ANSWER, (_S.NOT_ESTABLISHED, _S.ANSWERED, _S.PROPOSED, _S.SATISFIED), None, r.NOTICE),
        Row(_M.DECLINE, _S.ANSWERED, _S.NOT_ACCEPTED, r.NOT_ACCEPTED, may="answer"),
        Row(_M.RENEW, _S.NOT_ACCEPTED, _S.ACCEPTED, r.NOT_ACCEPTED),
        Row(_M.OBJECT, _S.NOT_ESTABLISHED, None, r.NOT_ESTABLISHED, may="answer"),
        Row(_M.SUSTAIN, _S.NOT_ESTABLISHED, None, r.NOT_ESTABLISHED, may="supervise"),
        Row(_M.REOPEN, _S.NOT_ESTABLISHED, _S.INVESTIGATING, r.NOT_ESTABLISHED, may="supervise"),
        Row(_M.CLOSE, (_S.ANSWERED, _S.NOT_ESTABLISHED), _S.CLOSED, r.STATES),
        # --- by level
        Row(_M.HANDLE, _S.RECEIVED, _S.HANDLING, r.LEVELS, paths=BY_LEVEL),
        Row(_M.ESCALATE, _S.HANDLING, None, r.LEVELS, may="handle"),
        Row(_M.PROPOSE, _S.HANDLING, _S.PROPOSED, r.NO_PROMISE, may="handle"),
        Row(_M.VOID, _S.PROPOSED, _S.HANDLING, r.WITHIN_LIMIT, may="submit"),
        Row(_M.SATISFY, _S.PROPOSED, _S.SATISFIED, r.LEVELS, may="handle"),
        Row(_M.DECLINE, _S.PROPOSED, _S.HANDLING, r.NOT_ACCEPTED, may="answer"),
        Row(_M.CLOSE, _S.SATISFIED, _S.CLOSED, r.STATES),
        # --- at any time
        Row(_M.RECLASSIFY, (_S.ACCEPTED, _S.INVESTIGATING, _S.REPORTED, _S.HANDLING), None, r.CLASSES, may="mark"),
        Row(_M.MARK, OPEN, None, r.GRAVE),
        Row(_M.ASSIGN, OPEN, None, r.HANDLED),
        Row(_M.PROMISE, OPEN, None, r.LEVELS, may="answer"),
        Row(_M.REMARK, OPEN, None, r.REMARKS),
        Row(_M.CLEAR, OPEN, None, r.NOTICE),
        Row(_M.WAIT, OPEN, None, TIMERS, may="answer"),
        Row(_M.RESUME, OPEN, None, TIMERS, may="answer"),
        Row(_M.PRIORITISE, OPEN, None, r.GRAVE, may="mark"),
        Row(_M.NOTE, (*OPEN, _S.CLOSED, _S.SETTLING), None, r.STATES, may="remark"),
        Row(_M.WITHDRAW, _WITHDRAWABLE, _S.WITHDRAWN, r.STATES),
        # --- after closing
        Row(_M.FOLLOW_UP, _S.CLOSED, _S.SETTLING, r.STATES, may="close"),
        Row(_M.REVIEW, _S.CLOSED, _S.SETTLING, r.MONTHLY_REVIEW),
        Row(_M.REVIEW, _S.SETTLING, None, r.MONTHLY_REVIEW),
        Row(_M.SETTLE, (_S.CLOSED, _S.SETTLING), _S.SETTLED, r.STATES, may="close"),
        Row(_M.RENEW, _AFTER, _S.ACCEPTED, r.NOT_ACCEPTED, paths=BY_AMOUNT),
        Row(_M.HANDLE_AGAIN, _AFTER, _S.HANDLING, r.NOT_ACCEPTED, may="handle", paths=BY_LEVEL),
        path_of=_paths,
    ),
    ended={_S.SETTLED},  # until somebody takes it up again
)


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


_SM, _SS = SlipMove, SlipState
_OPEN_SLIP: Final = (_SS.DRAWN_UP, _SS.SIGNED, _SS.TAKEN_IN, _SS.DISPUTED)
SLIP_MOVES: Final = Lifecycle(
    "return_slip",
    SlipState,
    SlipState.DRAWN_UP,
    steps(
        "complaints",
        Row(_SM.DRAW_UP, None, _SS.DRAWN_UP, r.RETURN_SLIP, may="sell"),
        Row(_SM.SIGN, _SS.DRAWN_UP, _SS.SIGNED, r.RETURN_SLIP),
        Row(_SM.TAKE_IN, (_SS.SIGNED, _SS.TAKEN_IN, _SS.DISPUTED), _SS.TAKEN_IN, r.WAREHOUSE, may="warehouse"),
        Row(_SM.BOOK, _SS.TAKEN_IN, _SS.BOOKED, r.FINANCE, may="finance"),
        Row(_SM.DISPUTE, _SS.TAKEN_IN, _SS.DISPUTED, r.FINANCE, may="finance"),
        Row(_SM.RESOLVE, _SS.DISPUTED, _SS.TAKEN_IN, r.FINANCE, may="sign"),
        Row(_SM.CANCEL, _OPEN_SLIP, _SS.CANCELLED, r.RETURN_SLIP, may="sell"),
    ),
)


@unique
class CertificateState(Enum):
    """Where a sales discount certificate stands (CMP-21)."""

    DRAWN_UP = "drawn_up"
    SIGNED = "signed"
    COUNTERSIGNED = "countersigned"
    BOOKED = "booked"
    VOIDED = "voided"


@unique
class CertificateMove(Enum):
    """What can be done with a discount certificate."""

    DRAW_UP = "draw_up"
    SIGN = "sign"
    COUNTERSIGN = "countersign"
    BOOK = "book"
    VOID = "void"


_CM, _CS = CertificateMove, CertificateState
CERTIFICATE_MOVES: Final = Lifecycle(
    "discount_certificate",
    CertificateState,
    CertificateState.DRAWN_UP,
    steps(
        "complaints",
        Row(_CM.DRAW_UP, None, _CS.DRAWN_UP, r.CERTIFICATE, may="sell"),
        Row(_CM.SIGN, _CS.DRAWN_UP, _CS.SIGNED, r.CERTIFICATE),
        Row(_CM.COUNTERSIGN, _CS.SIGNED, _CS.COUNTERSIGNED, r.CERTIFICATE, may="sell"),
        Row(_CM.BOOK, _CS.COUNTERSIGNED, _CS.BOOKED, r.CERTIFICATE, may="finance"),
        Row(_CM.VOID, (_CS.DRAWN_UP, _CS.SIGNED, _CS.COUNTERSIGNED), _CS.VOIDED, r.CERTIFICATE, may="sell"),
    ),
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
_PM, _PS = PenaltyMove, PenaltyState
PENALTY_MOVES: Final = Lifecycle(
    "penalty",
    PenaltyState,
    PenaltyState.PROPOSED,
    steps(
        "complaints",
        Row(_PM.PROPOSE, None, _PS.PROPOSED, r.LOSS, may="judge"),
        Row(_PM.APPROVE, _PS.PROPOSED, _PS.APPROVED, r.LOSS, may="rule"),
        Row(_PM.DROP, (_PS.PROPOSED, _PS.APPROVED), _PS.DROPPED, r.LOSS, may="rule"),
        Row(_PM.NOTICE, _PS.APPROVED, _PS.NOTICED, r.MONTHLY_REVIEW, may="penalise", paths=DEDUCTION),
        Row(_PM.CARRY_OUT, _PS.NOTICED, _PS.CARRIED_OUT, r.MONTHLY_REVIEW, may="personnel", paths=DEDUCTION),
        Row(_PM.PUBLISH, _PS.APPROVED, _PS.CARRIED_OUT, r.MONTHLY_REVIEW, may="personnel", paths=DISCIPLINE),
    ),
)


@unique
class ImprovementState(Enum):
    """Where a tracked improvement stands (CMP-09)."""

    TRACKED = "tracked"
    CARRIED_OUT = "carried_out"
    VERIFIED = "verified"
    DROPPED = "dropped"


@unique
class ImprovementMove(Enum):
    """What can be done with an improvement."""

    TRACK = "track"
    CARRY_OUT = "carry_out"
    VERIFY = "verify"
    FAIL = "fail"
    DROP = "drop"


_IM, _IS = ImprovementMove, ImprovementState
IMPROVEMENT_MOVES: Final = Lifecycle(
    "improvement",
    ImprovementState,
    ImprovementState.TRACKED,
    steps(
        "complaints",
        Row(_IM.TRACK, None, _IS.TRACKED, r.IMPROVEMENT, may="judge"),
        Row(_IM.CARRY_OUT, _IS.TRACKED, _IS.CARRIED_OUT, r.IMPROVEMENT, may="improve"),
        Row(_IM.VERIFY, _IS.CARRIED_OUT, _IS.VERIFIED, r.IMPROVEMENT, may="improve"),
        Row(_IM.FAIL, _IS.CARRIED_OUT, _IS.TRACKED, r.IMPROVEMENT, may="improve"),
        Row(_IM.DROP, (_IS.TRACKED, _IS.CARRIED_OUT), _IS.DROPPED, r.IMPROVEMENT, may="rule"),
    ),
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
    CLEAR = "clear"
    ANSWER = "answer"


REMARK_MOVES: Final = Lifecycle(
    "remark",
    RemarkState,
    RemarkState.OPEN,
    steps(
        "complaints",
        Row(RemarkMove.NOTE, None, RemarkState.OPEN, r.REMARKS, may="remark"),
        Row(RemarkMove.ANSWER, RemarkState.OPEN, RemarkState.DONE, r.REMARKS, may="contribute"),
    ),
)
