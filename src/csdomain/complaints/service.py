"""The use cases of complaints, one method each."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from csdomain.kernel.actors import Action, Actor
from csdomain.kernel.effects import Effect
from csdomain.kernel.events import Event
from csdomain.kernel.lifecycle import Lifecycle
from csdomain.kernel.ports import Receipt, Unit
from csdomain.kernel.storage import Kind
from csdomain.rulebook.usecases import UseCases

from .effects import effects
from .lifecycle import COMPLAINT_MOVES, Move, State
from .model import COMPLAINTS, Complaint
from .values import COMPLAINT, COMPLAINT_RULES, READ, ComplaintForm


@attrs.frozen
class Complaints(UseCases[Complaint]):
    """Complaints: received at the counter, accepted by customer service, closed with an outcome.

    Every command takes who acts (``by``) and the aware instant of acting (``at``). ``key`` makes it happen once however
    often it is sent; ``expected`` refuses it where the case is at another version than the caller read.
    """

    @property
    def kind(self) -> Kind[Complaint]:
        """Complaints, as they are stored."""
        return COMPLAINTS

    @property
    def table(self) -> Lifecycle[Move, State]:
        """The moves of a complaint (CMP-25)."""
        return COMPLAINT_MOVES

    @property
    def reading(self) -> Action:
        """What it takes to read one."""
        return READ

    def effects(self, case: Complaint, events: Sequence[Event], unit: Unit) -> Iterable[Effect]:
        """The effects of events, by the rules the complaint pinned."""
        rules = self.house.pinned(case.rulebook, unit)[COMPLAINT_RULES]
        return effects(events, rules, self.house.calendar_of(case.branch))

    def receive(self, form: ComplaintForm, *, by: Actor, at: datetime, key: str | None = None) -> Receipt:
        """File a complaint in the actor's branch; the receipt has its id and number.

        Raises NotPermitted, MalformedForm, CurrencyMismatch, NaiveTime, KeyReused. [CMP-01, KRN-10]
        """

        def make(unit: Unit, actor: Actor) -> tuple[Complaint, Sequence[Event]]:
            rules = self.house.rulebook[COMPLAINT_RULES]
            rules.check(form, self.house.currency)
            number = unit.number(rules.number, at, zone=self.house.zone(actor.branch), branch=actor.branch)
            book = self.house.rulebook.ref
            return Complaint.receive(self.ids.new(COMPLAINT), number, form, rulebook=book, by=actor, at=at)

        return self.open(Move.RECEIVE, make, by=by, at=at, key=key, arguments={"form": form})

    def accept(
        self, id: str, *, by: Actor, at: datetime, expected: int | None = None, key: str | None = None
    ) -> Receipt:
        """Take the complaint on: its clock starts, and the customer is told.

        Raises NotFound, NotPermitted, MoveRefused, Conflict, KeyReused. [CMP-04]
        """
        return self.act(
            Move.ACCEPT, id, lambda case, actor: case.accept(by=actor, at=at), by=by, at=at, expected=expected, key=key
        )

    def close(
        self, id: str, outcome: str, *, by: Actor, at: datetime, expected: int | None = None, key: str | None = None
    ) -> Receipt:
        """Close the complaint with an outcome: its clock stops, met or breached, and the customer is told.

        Raises NotFound, NotPermitted, MoveRefused, RuleBroken, Conflict, KeyReused. [CMP-25]
        """
        return self.act(
            Move.CLOSE,
            id,
            lambda case, actor: case.close(outcome, by=actor, at=at),
            by=by,
            at=at,
            expected=expected,
            key=key,
            arguments={"outcome": outcome},
        )
