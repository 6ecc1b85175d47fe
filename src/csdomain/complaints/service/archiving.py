"""The use cases of taking over cases of another system, and of erasing a customer's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from csdomain.complaints.model import Complaint, PastCase
from csdomain.complaints.values import COMPLAINT, COMPLAINT_RULES, ERASE, IMPORT
from csdomain.kernel.actors import Actor
from csdomain.kernel.errors import NotPermitted
from csdomain.kernel.events import Event
from csdomain.kernel.ports import Receipt, Unit
from csdomain.rulebook.usecases import CallOptions, receipt

from .base import ComplaintUseCases


class Archiving(ComplaintUseCases):
    """Taking over, and erasing."""

    def take_over(self, past: PastCase, *, by: Actor, at: datetime, key: str | None = None) -> Receipt:
        """Take over a case as it stood in another system, under its own number: nothing fires, nobody is told.

        Raises NotPermitted, RuleBroken, MalformedForm, CurrencyMismatch, Conflict where the number is taken, KeyReused.
        [CMP-25]
        """

        def work(unit: Unit, actor: Actor) -> Receipt:
            if not actor.may(IMPORT):
                raise NotPermitted(action=IMPORT, actor=actor.id)
            rules = self.house.rulebook[COMPLAINT_RULES]
            rules.check(past.form, self.house.currency)
            case, events = Complaint.take_over(
                self.ids.new(COMPLAINT),
                past,
                rules,
                rulebook=self.house.rulebook.ref,
                currency=self.house.currency,
                salt=self.salt(),
                zone=self.house.zone(actor.branch),
                by=actor,
                at=at,
            )
            unit.of(self.kind).add(case)
            unit.record(events)
            return receipt(case)

        return self.run("import", work, by=by, at=at, key=key, arguments={"past": past})

    def erase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Erase what the case holds about its customer, on the trail and in refusals too; figures and seals stay.

        [KRN-14]
        """

        def command(case: Complaint, actor: Actor, unit: Unit) -> Sequence[Event]:
            events = case.erase(by=actor, at=call["at"])
            unit.session.redact(case.id)
            return events

        return self.change("erase", ERASE, id, command, **call)
