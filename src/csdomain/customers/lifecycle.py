"""The moves of a customer's record (CUS-01…19), of a health file (CUS-02), and of papers about customers."""

from enum import Enum, unique
from typing import Any, Final

import attrs

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, Step, steps

from . import rules as r


@unique
class State(Enum):
    """Where a customer's record stands."""

    ACTIVE = "active"
    APART = "apart"
    LOST = "lost"
    MERGED = "merged"


@unique
class Move(Enum):
    """What can be done with a customer's record."""

    REGISTER = "register"
    EDIT = "edit"
    ISSUE_FILE_NUMBER = "issue_file_number"
    ASSIGN = "assign"
    OFFER = "offer"
    CLAIM = "claim"
    SET_APART = "set_apart"
    LOSE = "lose"
    REJOIN = "rejoin"
    GRADE = "grade"
    NOTE_INTENTION = "note_intention"
    MERGE = "merge"
    SPLIT = "split"


_S, _M = State, Move
_LIVING: Final = (_S.ACTIVE, _S.APART, _S.LOST)
CUSTOMER_MOVES: Final = Lifecycle(
    "customer",
    State,
    State.ACTIVE,
    steps(
        "customers",
        Row(_M.REGISTER, None, _S.ACTIVE, r.REGISTRATION),
        Row(_M.EDIT, _LIVING, None, r.CORRECTION, may="write"),
        Row(_M.ISSUE_FILE_NUMBER, _LIVING, None, r.FILE_NUMBER, may="file_number"),
        Row(_M.ASSIGN, _LIVING, None, r.TENURE),
        Row(_M.OFFER, _LIVING, None, r.TENURE),
        Row(_M.CLAIM, _LIVING, None, r.TENURE),
        Row(_M.SET_APART, _S.ACTIVE, _S.APART, r.APART),
        Row(_M.LOSE, (_S.ACTIVE, _S.APART), _S.LOST, r.LOSS),
        Row(_M.REJOIN, (_S.APART, _S.LOST), _S.ACTIVE, r.APART, may="set_apart"),
        Row(_M.GRADE, _S.ACTIVE, None, r.GRADING),
        Row(_M.NOTE_INTENTION, _LIVING, None, r.INTENTION, may="write"),
        Row(_M.MERGE, _LIVING, _S.MERGED, r.MERGING),
        Row(_M.SPLIT, _S.MERGED, _S.ACTIVE, r.MERGING, may="merge"),
    ),
    ended=(_S.APART, _S.LOST, _S.MERGED),
)


@unique
class HealthState(Enum):
    """Where a health file stands: it is kept as long as the customer's record."""

    KEPT = "kept"


@unique
class HealthMove(Enum):
    """What can be done with a health file."""

    OPEN = "open"
    WRITE = "write"


HEALTH_MOVES: Final = Lifecycle(
    "health_file",
    HealthState,
    HealthState.KEPT,
    steps(
        "customers",
        Row(HealthMove.OPEN, None, HealthState.KEPT, r.FULL_FILE, may="health_write"),
        Row(HealthMove.WRITE, HealthState.KEPT, None, r.FULL_FILE, may="health_write"),
    ),
    ended=(HealthState.KEPT,),
)


def _paper(name: str, *rows: Row[Any, Any]) -> list[Step[Any, Any]]:
    """The rows of a paper: the permission is the context's, called like the paper and the move (``handover_sign``)."""
    return steps("customers", *(attrs.evolve(row, may=f"{name}_{row.may or row.trigger.value}") for row in rows))


@unique
class HandoverState(Enum):
    """Where a handover stands."""

    FILED = "filed"
    SIGNED = "signed"
    TRANSFERRED = "transferred"
    CONTACTED = "contacted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@unique
class HandoverMove(Enum):
    """What can be done with a handover."""

    FILE = "file"
    SIGN = "sign"
    TRANSFER = "transfer"
    CONTACT = "contact"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


_H, _HM = HandoverState, HandoverMove
HANDOVER_MOVES: Final = Lifecycle(
    "handover",
    HandoverState,
    _H.FILED,
    _paper(
        "handover",
        Row(_HM.FILE, None, _H.FILED, r.TENURE),
        Row(_HM.SIGN, _H.FILED, _H.SIGNED, r.TENURE),
        Row(_HM.TRANSFER, _H.SIGNED, _H.TRANSFERRED, r.TENURE),
        Row(_HM.CONTACT, _H.TRANSFERRED, _H.CONTACTED, r.TENURE),
        Row(_HM.REFUSE, _H.FILED, _H.REFUSED, r.TENURE, may="sign"),
        Row(_HM.WITHDRAW, (_H.FILED, _H.SIGNED), _H.WITHDRAWN, r.TENURE, may="file"),
    ),
    ended=(_H.CONTACTED, _H.REFUSED, _H.WITHDRAWN),
)


@unique
class ReleaseState(Enum):
    """Where the release of a record stands; it is over at its end, whether somebody revoked it or not."""

    REQUESTED = "requested"
    SIGNED = "signed"
    REFUSED = "refused"
    REVOKED = "revoked"


@unique
class ReleaseMove(Enum):
    """What can be done with the release of a record."""

    ASK = "ask"
    SIGN = "sign"
    REFUSE = "refuse"
    REVOKE = "revoke"


_R, _RM = ReleaseState, ReleaseMove
RELEASE_MOVES: Final = Lifecycle(
    "release",
    ReleaseState,
    _R.REQUESTED,
    _paper(
        "release",
        Row(_RM.ASK, None, _R.REQUESTED, r.RELEASE),
        Row(_RM.SIGN, _R.REQUESTED, _R.SIGNED, r.RELEASE),
        Row(_RM.REFUSE, _R.REQUESTED, _R.REFUSED, r.RELEASE, may="sign"),
        Row(_RM.REVOKE, (_R.REQUESTED, _R.SIGNED), _R.REVOKED, r.RELEASE, may="sign"),
    ),
    ended=(_R.SIGNED, _R.REFUSED, _R.REVOKED),
)


@unique
class CorrectionState(Enum):
    """Where a correction stands."""

    REPORTED = "reported"
    ORDERED = "ordered"
    MENDED = "mended"
    REFUSED = "refused"


@unique
class CorrectionMove(Enum):
    """What can be done with a correction."""

    REPORT = "report"
    ORDER = "order"
    MEND = "mend"
    REFUSE = "refuse"


_C, _CM = CorrectionState, CorrectionMove
CORRECTION_MOVES: Final = Lifecycle(
    "correction",
    CorrectionState,
    _C.REPORTED,
    _paper(
        "correction",
        Row(_CM.REPORT, None, _C.REPORTED, r.CORRECTION),
        Row(_CM.ORDER, _C.REPORTED, _C.ORDERED, r.CORRECTION),
        Row(_CM.MEND, _C.ORDERED, _C.MENDED, r.CORRECTION),
        Row(_CM.REFUSE, (_C.REPORTED, _C.ORDERED), _C.REFUSED, r.CORRECTION, may="order"),
    ),
    ended=(_C.MENDED, _C.REFUSED),
)


@unique
class LeadState(Enum):
    """Where a lead stands."""

    NOTED = "noted"
    TAKEN = "taken"
    WON = "won"
    LOST = "lost"
    DROPPED = "dropped"


@unique
class LeadMove(Enum):
    """What can be done with a lead."""

    NOTE = "note"
    TAKE = "take"
    WIN = "win"
    LOSE = "lose"
    DROP = "drop"


_L, _LM = LeadState, LeadMove
LEAD_MOVES: Final = Lifecycle(
    "lead",
    LeadState,
    _L.NOTED,
    _paper(
        "lead",
        Row(_LM.NOTE, None, _L.NOTED, r.LEAD),
        Row(_LM.TAKE, _L.NOTED, _L.TAKEN, r.LEAD, may="pursue"),
        Row(_LM.WIN, _L.TAKEN, _L.WON, r.LEAD, may="pursue"),
        Row(_LM.LOSE, _L.TAKEN, _L.LOST, r.LEAD, may="pursue"),
        Row(_LM.DROP, (_L.NOTED, _L.TAKEN), _L.DROPPED, r.LEAD, may="pursue"),
    ),
    ended=(_L.WON, _L.LOST, _L.DROPPED),
)


@unique
class VehicleState(Enum):
    """Where a vehicle stands."""

    IN_USE = "in_use"
    REMOVED = "removed"


@unique
class VehicleMove(Enum):
    """What can be done with a vehicle."""

    ADD = "add"
    CHANGE = "change"
    FOLLOW = "follow"
    REMOVE = "remove"


VEHICLE_MOVES: Final = Lifecycle(
    "vehicle",
    VehicleState,
    VehicleState.IN_USE,
    _paper(
        "vehicle",
        Row(VehicleMove.ADD, None, VehicleState.IN_USE, r.REGISTRATION, may="write"),
        Row(VehicleMove.CHANGE, VehicleState.IN_USE, None, r.REGISTRATION, may="write"),
        Row(VehicleMove.FOLLOW, VehicleState.IN_USE, None, r.TENURE, may="write"),
        Row(VehicleMove.REMOVE, VehicleState.IN_USE, VehicleState.REMOVED, r.REGISTRATION, may="write"),
    ),
    ended=(VehicleState.REMOVED,),
)


@unique
class ConnectionState(Enum):
    """Where the connection of a new customer stands."""

    RECEIVED = "received"
    ORDERED = "ordered"
    OPENED = "opened"
    CONNECTED = "connected"
    CANCELLED = "cancelled"


@unique
class ConnectionMove(Enum):
    """What can be done with a connection."""

    RECEIVE = "receive"
    ORDER_ACCOUNT = "order_account"
    OPEN_ACCOUNT = "open_account"
    TICK = "tick"
    CONNECT = "connect"
    FILE = "file"
    FOLLOW = "follow"
    CANCEL = "cancel"


_K, _KM = ConnectionState, ConnectionMove
_LIVE: Final = (_K.RECEIVED, _K.ORDERED, _K.OPENED, _K.CONNECTED)
CONNECTION_MOVES: Final = Lifecycle(
    "connection",
    ConnectionState,
    _K.RECEIVED,
    _paper(
        "connection",
        Row(_KM.RECEIVE, None, _K.RECEIVED, r.PAPERS),
        Row(_KM.ORDER_ACCOUNT, (_K.RECEIVED, _K.OPENED), _K.ORDERED, r.ACCOUNT, may="receive"),
        Row(_KM.OPEN_ACCOUNT, _K.ORDERED, _K.OPENED, r.ACCOUNT, may="provision"),
        Row(_KM.TICK, _K.OPENED, None, r.CONNECTION),
        Row(_KM.CONNECT, _K.OPENED, _K.CONNECTED, r.CONNECTION, may="tick"),
        Row(_KM.FILE, _LIVE, None, r.PAPERS, may="receive"),
        Row(_KM.FOLLOW, _LIVE, None, r.TENURE, may="receive"),
        Row(_KM.CANCEL, (_K.RECEIVED, _K.ORDERED, _K.OPENED), _K.CANCELLED, r.CONNECTION, may="receive"),
    ),
    ended=(_K.CONNECTED, _K.CANCELLED),
)


@unique
class WorklistState(Enum):
    """Where a list of customers stands."""

    HANDED = "handed"
    DONE = "done"


@unique
class WorklistMove(Enum):
    """What can be done with a list of customers."""

    HAND = "hand"
    WORK = "work"
    SKIP = "skip"
    FINISH = "finish"


_W, _WM = WorklistState, WorklistMove
WORKLIST_MOVES: Final = Lifecycle(
    "worklist",
    WorklistState,
    _W.HANDED,
    _paper(
        "worklist",
        Row(_WM.HAND, None, _W.HANDED, r.LISTED),
        Row(_WM.WORK, _W.HANDED, None, r.LISTED),
        Row(_WM.SKIP, _W.HANDED, None, r.LISTED, may="work"),
        Row(_WM.FINISH, _W.HANDED, _W.DONE, r.LISTED, may="work"),
    ),
    ended=(_W.DONE,),
)
