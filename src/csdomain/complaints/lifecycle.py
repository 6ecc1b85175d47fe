"""The moves of a complaint (CMP-25)."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.lifecycle import Lifecycle, Step

from .rules import ACCEPTANCE, FORM, STATES
from .values import ACCEPT, CLOSE, RECEIVE


@unique
class State(Enum):
    """Where a complaint stands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    CLOSED = "closed"


@unique
class Move(Enum):
    """What can be done with a complaint."""

    RECEIVE = "receive"
    ACCEPT = "accept"
    CLOSE = "close"


COMPLAINT_MOVES: Final = Lifecycle(
    "complaint",
    State,
    State.RECEIVED,
    [
        Step(Move.RECEIVE, None, State.RECEIVED, RECEIVE, FORM),
        Step(Move.ACCEPT, State.RECEIVED, State.ACCEPTED, ACCEPT, ACCEPTANCE),
        Step(Move.CLOSE, State.ACCEPTED, State.CLOSED, CLOSE, STATES),
    ],
)
