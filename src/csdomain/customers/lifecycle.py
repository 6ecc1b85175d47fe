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
