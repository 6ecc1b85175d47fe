"""The moves of a job, of an application to travel for it, of a check of the register, and of a free trial."""

from enum import Enum, unique
from typing import Final

from csdomain.casework.sanctions import sanction_moves
from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps

from . import rules as r


@unique
class Path(Enum):
    """How a job goes: with a voucher and a technician, or answered as free advice (SVC-13)."""

    VOUCHER = "voucher"
    ADVICE = "advice"


@unique
class State(Enum):
    """Where a job stands."""

    RECEIVED = "received"
    DISPATCHED = "dispatched"
    ON_SITE = "on_site"
    UNSIGNED = "unsigned"
    SETTLED = "settled"
    COUNTERSIGNED = "countersigned"
    ARCHIVED = "archived"
    CLOSED_UNSIGNED = "closed_unsigned"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


@unique
class Move(Enum):
    """What can be done with a job."""

    RECEIVE = "receive"
    ADVISE = "advise"
    CLASSIFY = "classify"
    DISPATCH = "dispatch"
    CALL_OFF = "call_off"
    ARRIVE = "arrive"
    UNSETTLE = "unsettle"
    ENTER = "enter"
    SETTLE = "settle"
    LEAVE_UNSIGNED = "leave_unsigned"
    CLOSE_UNSIGNED = "close_unsigned"
    COUNTERSIGN = "countersign"
    ARCHIVE = "archive"
    COLLECT = "collect"
    BOOK_COST = "book_cost"
    REQUEST_PURCHASE = "request_purchase"
    ANSWER = "answer"
    CANCEL = "cancel"


_VOUCHER: Final = frozenset({Path.VOUCHER.value})
_ADVICE: Final = frozenset({Path.ADVICE.value})
_S, _M = State, Move
#: While a job stands so, work is still to be done at the customer's.
TO_DO: Final = (_S.RECEIVED, _S.DISPATCHED, _S.ON_SITE)
_SIGNED: Final = (_S.SETTLED, _S.COUNTERSIGNED, _S.ARCHIVED)
_ALL: Final = (*TO_DO, _S.UNSIGNED, *_SIGNED, _S.CLOSED_UNSIGNED, _S.CANCELLED)
JOB_MOVES: Final = Lifecycle(
    "job",
    State,
    State.RECEIVED,
    steps(
        "service_desk",
        Row(_M.RECEIVE, None, _S.RECEIVED, r.INTAKE, paths=_VOUCHER),
        Row(_M.ADVISE, None, _S.RECEIVED, r.ADVICE, paths=_ADVICE),
        Row(_M.CLASSIFY, TO_DO, None, r.KINDS, may="dispatch", paths=_VOUCHER),
        Row(_M.DISPATCH, _S.RECEIVED, _S.DISPATCHED, r.DISPATCH, paths=_VOUCHER),
        Row(_M.CALL_OFF, _S.DISPATCHED, _S.RECEIVED, r.DISPATCH, may="dispatch", paths=_VOUCHER),
        Row(_M.ARRIVE, _S.DISPATCHED, _S.ON_SITE, r.DISPATCH, may="work", paths=_VOUCHER),
        Row(_M.UNSETTLE, _S.ON_SITE, _S.RECEIVED, r.ON_THE_SPOT, may="work", paths=_VOUCHER),
        Row(_M.ENTER, (_S.ON_SITE, _S.UNSIGNED), None, r.SIGN_OFF, may="work", paths=_VOUCHER),
        Row(_M.SETTLE, (_S.ON_SITE, _S.UNSIGNED), _S.SETTLED, r.ON_THE_SPOT, may="work", paths=_VOUCHER),
        Row(_M.LEAVE_UNSIGNED, _S.ON_SITE, _S.UNSIGNED, r.SIGN_OFF, may="work", paths=_VOUCHER),
        Row(_M.CLOSE_UNSIGNED, _S.UNSIGNED, _S.CLOSED_UNSIGNED, r.SIGN_OFF, may="countersign", paths=_VOUCHER),
        Row(_M.COUNTERSIGN, _S.SETTLED, _S.COUNTERSIGNED, r.SIGN_OFF, paths=_VOUCHER),
        Row(_M.ARCHIVE, _S.COUNTERSIGNED, _S.ARCHIVED, r.SIGN_OFF, paths=_VOUCHER),
        Row(_M.COLLECT, _SIGNED, None, r.CHARGE, paths=_VOUCHER),
        Row(_M.BOOK_COST, _ALL, None, r.OUT_OF_TOWN, paths=_VOUCHER),
        Row(_M.REQUEST_PURCHASE, (*TO_DO, _S.UNSIGNED, _S.SETTLED), None, r.HAND_OFF, may="work", paths=_VOUCHER),
        Row(_M.ANSWER, _S.RECEIVED, _S.ANSWERED, r.ADVICE, may="advise", paths=_ADVICE),
        Row(_M.CANCEL, _S.RECEIVED, _S.CANCELLED, r.INTAKE),
        Row(_M.CANCEL, _S.DISPATCHED, _S.CANCELLED, r.INTAKE, paths=_VOUCHER),
    ),
    ended=(_S.ARCHIVED, _S.CLOSED_UNSIGNED, _S.CANCELLED),
)
TRIP_MOVES: Final = sanction_moves("service_desk", "trip", r.OUT_OF_TOWN, ask="travel", decide="approve_travel")


@unique
class CheckState(Enum):
    """Where a check of the register against the vouchers stands (SVC-07)."""

    OPEN = "open"
    CLEARED = "cleared"


@unique
class CheckMove(Enum):
    """What can be done with it."""

    CHECK = "check"
    CLEAR = "clear"
    CLOSE = "close"


_C, _CM = CheckState, CheckMove
CHECK_MOVES: Final = Lifecycle(
    "register_check",
    CheckState,
    _C.OPEN,
    steps(
        "service_desk",
        Row(_CM.CHECK, None, _C.OPEN, r.DAILY_CHECK),
        Row(_CM.CLEAR, _C.OPEN, None, r.DAILY_CHECK, may="check"),
        Row(_CM.CLOSE, _C.OPEN, _C.CLEARED, r.DAILY_CHECK, may="check"),
    ),
)


@unique
class TrialState(Enum):
    """Where a free trial stands (SVC-12)."""

    RUNNING = "running"
    ENDED = "ended"


@unique
class TrialMove(Enum):
    """What can be done with it."""

    GRANT = "grant"
    EXTEND = "extend"
    END = "end"


TRIAL_MOVES: Final = Lifecycle(
    "trial",
    TrialState,
    TrialState.RUNNING,
    steps(
        "service_desk",
        Row(TrialMove.GRANT, None, TrialState.RUNNING, r.TRIAL, may="trial"),
        Row(TrialMove.EXTEND, TrialState.RUNNING, None, r.TRIAL, may="trial"),
        Row(TrialMove.END, TrialState.RUNNING, TrialState.ENDED, r.TRIAL, may="trial"),
    ),
)
