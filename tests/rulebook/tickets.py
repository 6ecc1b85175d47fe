"""A kind of case that keeps its rulebook, for tests: it runs in two states and ends in one."""

from enum import Enum
from typing import Final, NewType

import attrs

from csdomain.kernel.cases.lifecycle import Lifecycle, Step
from csdomain.kernel.rules import MOVES
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.ids import IdKind
from csdomain.rulebook import Pinning

TicketId = NewType("TicketId", str)
TICKET: Final = IdKind[TicketId]("tkt")


class State(Enum):
    NEW = "new"
    OPEN = "open"
    DONE = "done"


class Move(Enum):
    TAKE = "take"
    FINISH = "finish"


@attrs.define
class Ticket:
    id: TicketId
    rulebook: str
    state: State = State.NEW
    branch: str = "hq"
    owner: str = ""
    version: int = 0


STATE: Field[Ticket, str] = Field("state", str, lambda t: t.state.value)
RULEBOOK: Field[Ticket, str] = Field("rulebook", str, lambda t: t.rulebook)
TICKETS: Kind[Ticket] = Kind(Ticket, TICKET, "ticket", (STATE, RULEBOOK))
MOVES_OF_TICKETS: Final = Lifecycle(
    "ticket",
    State,
    State.NEW,
    [
        Step(Move.TAKE, State.NEW, State.OPEN, Action("tickets.take"), MOVES),
        Step(Move.FINISH, State.OPEN, State.DONE, Action("tickets.finish"), MOVES),
    ],
)
PINNING: Final = Pinning(TICKETS, MOVES_OF_TICKETS)
