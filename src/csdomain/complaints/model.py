"""The complaint: one case, its form, its state. Every command checks first and changes after."""

from datetime import datetime

import attrs

from csdomain.kernel.actors import Actor
from csdomain.kernel.errors import RuleBroken, require
from csdomain.kernel.events import Event, utc
from csdomain.kernel.rules import Text
from csdomain.kernel.storage import Field, Kind, storable

from .events import ComplaintAccepted, ComplaintClosed, ComplaintReceived
from .lifecycle import COMPLAINT_MOVES, Move, State
from .rules import STATES
from .values import COMPLAINT, ComplaintForm, ComplaintId


@attrs.define
class Complaint:
    """A complaint. ``rulebook`` is what it was opened under and keeps; ``owner`` is the actor who handles it.

    Times are UTC; ``outcome`` is what it was closed with.
    """

    id: ComplaintId = attrs.field(on_setattr=attrs.setters.frozen)
    number: str = attrs.field(on_setattr=attrs.setters.frozen)
    branch: str
    owner: str
    rulebook: str
    form: ComplaintForm
    received_at: datetime
    state: State = State.RECEIVED
    version: int = 0
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str = ""

    @classmethod
    def receive(
        cls, id: ComplaintId, number: str, form: ComplaintForm, *, rulebook: str, by: Actor, at: datetime
    ) -> tuple["Complaint", tuple[Event, ...]]:
        """Open a complaint. Raises NotPermitted. [CMP-01, CMP-25]"""
        step = COMPLAINT_MOVES.opening(Move.RECEIVE, by)
        at = utc(at)
        case = cls(id, number, by.branch, by.id, rulebook, form, at)
        event = ComplaintReceived.of(
            id, Move.RECEIVE, None, step.dest, by=by.id, at=at, number=number, customer=form.customer
        )
        return case, (event,)

    def accept(self, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Customer service takes it on, and the clock starts. Raises MoveRefused, NotPermitted. [CMP-04]"""
        step = COMPLAINT_MOVES.check(self, Move.ACCEPT, by)
        at = self._later(at, self.received_at)
        COMPLAINT_MOVES.move(self, step)
        self.accepted_at = at
        self.owner = by.id
        return (
            ComplaintAccepted.of(
                self.id, Move.ACCEPT, step.source, step.dest, by=by.id, at=at, customer=self.form.customer
            ),
        )

    def close(self, outcome: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Close it with an outcome. Raises MoveRefused, NotPermitted, RuleBroken. [CMP-25]"""
        step = COMPLAINT_MOVES.check(self, Move.CLOSE, by)
        at = self._later(at, self.accepted_at or self.received_at)
        require(
            storable(outcome, _OUTCOME_LONGEST) and bool(outcome.strip()),
            STATES,
            accepted=_OUTCOME,
            given=len(outcome),
        )
        COMPLAINT_MOVES.move(self, step)
        self.closed_at = at
        self.outcome = outcome
        return (
            ComplaintClosed.of(
                self.id,
                Move.CLOSE,
                step.source,
                step.dest,
                by=by.id,
                at=at,
                reason=outcome,
                customer=self.form.customer,
            ),
        )

    def _later(self, at: datetime, than: datetime) -> datetime:
        at = utc(at)
        if at < than:
            when = than.isoformat()
            raise RuleBroken(STATES, accepted=Text(f"not before {when}", f"不早于 {when}"), at=at)
        return at


_OUTCOME_LONGEST = 400
_OUTCOME = Text(f"an outcome of 1 to {_OUTCOME_LONGEST} characters", f"1 到 {_OUTCOME_LONGEST} 字的处理结果")
NUMBER: Field[Complaint, str] = Field("number", str, lambda c: c.number, unique=True)
STATE: Field[Complaint, str] = Field("state", str, lambda c: c.state.value)
CUSTOMER: Field[Complaint, str] = Field("customer", str, lambda c: c.form.customer)
CLAIMED: Field[Complaint, int] = Field(
    "claimed", int, lambda c: None if c.form.claimed is None else c.form.claimed.minor
)
RECEIVED_AT: Field[Complaint, datetime] = Field("received_at", datetime, lambda c: c.received_at)
CLOSED_AT: Field[Complaint, datetime] = Field("closed_at", datetime, lambda c: c.closed_at)

COMPLAINTS: Kind[Complaint] = Kind(
    Complaint, COMPLAINT, "complaint", (NUMBER, STATE, CUSTOMER, CLAIMED, RECEIVED_AT, CLOSED_AT)
)
