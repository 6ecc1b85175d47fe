"""The moves of a staff record (PPL-01) and of a delegation (KRN-08)."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Step
from csdomain.kernel.rules import APPROVALS, PERSONAL_DATA

from .rules import EMPLOYMENT
from .values import DELEGATE, MANAGE, PERSONAL


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


STAFF_MOVES: Final = Lifecycle(
    "staff",
    State,
    State.ACTIVE,
    [
        Step(Move.ENGAGE, None, State.ACTIVE, MANAGE, EMPLOYMENT),
        Step(Move.ASSIGN, State.ACTIVE, State.ACTIVE, MANAGE, EMPLOYMENT),
        Step(Move.LEAVE, State.ACTIVE, State.LEFT, MANAGE, EMPLOYMENT),
        Step(Move.RETURN, State.LEFT, State.ACTIVE, MANAGE, EMPLOYMENT),
        Step(Move.ERASE, State.LEFT, State.ERASED, PERSONAL, PERSONAL_DATA),
    ],
)


@unique
class DelegationState(Enum):
    """Where a delegation stands. One that has run out stays given: its end is in itself."""

    GIVEN = "given"
    REVOKED = "revoked"


@unique
class DelegationMove(Enum):
    """What can be done with a delegation."""

    DELEGATE = "delegate"
    REVOKE = "revoke"


DELEGATION_MOVES: Final = Lifecycle(
    "delegation",
    DelegationState,
    DelegationState.GIVEN,
    [
        Step(DelegationMove.DELEGATE, None, DelegationState.GIVEN, DELEGATE, APPROVALS),
        Step(DelegationMove.REVOKE, DelegationState.GIVEN, DelegationState.REVOKED, DELEGATE, APPROVALS),
    ],
)
