"""The use case of taking over cases of another system."""

from collections.abc import Iterable
from datetime import datetime

import attrs

from csdomain.complaints.effects import CLOSING
from csdomain.complaints.lifecycle import OPEN
from csdomain.complaints.model import Complaint, PastCase
from csdomain.complaints.values import COMPLAINT, COMPLAINT_RULES, IMPORT, ComplaintRules
from csdomain.kernel.cases.effects import Effect, StartTimer
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.timers import start
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.rulebook.usecases import receipt

from .base import ComplaintUseCases


class Archiving(ComplaintUseCases):
    """Taking over."""

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
