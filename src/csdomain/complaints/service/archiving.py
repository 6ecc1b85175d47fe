"""The use cases of taking over cases of another system, and of erasing a customer's."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Unpack

import attrs

from csdomain.complaints.effects import CLOSING
from csdomain.complaints.lifecycle import OPEN
from csdomain.complaints.model import Complaint, PastCase
from csdomain.complaints.values import COMPLAINT, COMPLAINT_RULES, ERASE, IMPORT, ComplaintRules
from csdomain.kernel.actors import Actor
from csdomain.kernel.effects import Effect, StartTimer
from csdomain.kernel.errors import NotPermitted
from csdomain.kernel.events import Event, utc
from csdomain.kernel.ports import Receipt, Unit
from csdomain.kernel.timers import start
from csdomain.rulebook.usecases import CallOptions, receipt

from .base import ComplaintUseCases


class Archiving(ComplaintUseCases):
    """Taking over, and erasing."""

    def take_over(self, past: PastCase, *, by: Actor, at: datetime, key: str | None = None) -> Receipt:
        """Take over a case as it stood in another system, under its own number.

        Nobody is told, nothing fires; of an open case the deadline is started if it still lies ahead.

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
            unit.record(events, self._still_ahead(case, rules, at))
            return receipt(case)

        return self.run("import", work, by=by, at=at, key=key, arguments={"past": past})

    def _still_ahead(self, case: Complaint, rules: ComplaintRules, at: datetime) -> Iterable[Effect]:
        """The clock of an open case, with what lies ahead of it: a deadline or warning that has passed never fires."""
        accepted = case.form.accepted_at
        if case.state not in OPEN or accepted is None or rules.close_within is None:
            return
        calendar = self.house.calendar_of(case.branch)
        timer = start(case.id, CLOSING, calendar, rules.close_within, accepted, warnings=rules.warnings)
        if timer.due_at >= utc(at):
            passed = sum(warning.at <= utc(at) for warning in timer.warnings)
            yield StartTimer(attrs.evolve(timer, warned=passed))

    def erase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Erase what the case holds about its customer, on the trail and in refusals too; figures and seals stay.

        [KRN-14]
        """

        def command(case: Complaint, actor: Actor, unit: Unit) -> Sequence[Event]:
            events = case.erase(by=actor, at=call["at"])
            unit.session.redact(case.id)
            return events

        return self.change("erase", ERASE, id, command, **call)
