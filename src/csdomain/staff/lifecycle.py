"""The moves of a staff record (PPL-01) and of a delegation (KRN-08)."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps
from csdomain.kernel.rules import APPROVALS, PERSONAL_DATA

from .rules import EMPLOYMENT


@unique
class State(Enum):
    """Where a staff record stands. When its positions are held is in its terms."""

    ACTIVE = "active"
    LEFT = "left"
    ERASED = "erased"


@unique
class Move(Enum):
    """What can be done with a staff record."""

    ENGAGE = "engage"
    ASSIGN = "assign"
    LEAVE = "leave"
    RETURN = "return"
    ERASE = "erase"


_STAFF: Final = (
    Row(Move.ENGAGE, None, State.ACTIVE, EMPLOYMENT, may="manage"),
    Row(Move.ASSIGN, State.ACTIVE, None, EMPLOYMENT, may="manage"),
    Row(Move.LEAVE, State.ACTIVE, State.LEFT, EMPLOYMENT, may="manage"),
    Row(Move.RETURN, State.LEFT, State.ACTIVE, EMPLOYMENT, may="manage"),
    Row(Move.ERASE, State.LEFT, State.ERASED, PERSONAL_DATA, may="personal"),
)
STAFF_MOVES: Final = Lifecycle("staff", State, State.ACTIVE, steps("staff", *_STAFF))


@unique
class DelegationState(Enum):
    """Where a delegation stands. One that has run out stays given: its end is in itself."""

    GIVEN = "given"
    REVOKED = "revoked"


@unique
class DelegationMove(Enum):
    """What can be done with a delegation."""

    DELEGATE = "delegate"
    CONFIRM = "confirm"
    REVOKE = "revoke"


_DELEGATION: Final = (
    Row(DelegationMove.DELEGATE, None, DelegationState.GIVEN, APPROVALS),
    Row(DelegationMove.CONFIRM, DelegationState.GIVEN, None, APPROVALS, may="delegate"),
    Row(DelegationMove.REVOKE, DelegationState.GIVEN, DelegationState.REVOKED, APPROVALS, may="delegate"),
)
DELEGATION_MOVES: Final = Lifecycle("delegation", DelegationState, DelegationState.GIVEN, steps("staff", *_DELEGATION))
