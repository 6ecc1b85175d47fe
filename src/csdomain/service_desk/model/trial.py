"""The free trial of a product (SVC-12)."""

from datetime import date
from typing import Any, ClassVar, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.fields import words
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field
from csdomain.kernel.store.kinds import Kind as Stored
from csdomain.service_desk import events as e
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import TRIAL_MOVES, TrialMove, TrialState
from csdomain.service_desk.values import FIELDS, TRIAL_ID, TrialId

from .act import JobAct

trials: Final = Commands(TRIAL_MOVES)


@attrs.define(kw_only=True)
class Trial(Record):
    """A customer tries a product from ``since`` ``until``, both in; ``owner`` is who looks after it. [SVC-12]"""

    id: TrialId = attrs.field(on_setattr=attrs.setters.frozen)
    state: TrialState = TrialState.RUNNING
    customer: str
    product: str
    tutorial_on: date | None
    since: date
    until: date
    extensions: int = 0
    outcome: str = ""
    note: str = words(default="")
    number: ClassVar[str] = ""

    @staticmethod
    @trials.opens(TrialMove.GRANT)
    def grant(
        act: JobAct, customer: str, product: str, since: date, until: date, tutorial_on: date | None
    ) -> tuple["Trial", Events]:
        FIELDS.check_id(customer, "customer")
        FIELDS.check_id(product, "product")
        _later(until, max(since, act.today()))
        trial = Trial(
            id=act.new(TRIAL_ID),
            branch=act.by.branch,
            owner=act.by.id,
            rulebook=act.rulebook,
            moved_at=act.at,
            customer=customer,
            product=product,
            tutorial_on=tutorial_on,
            since=since,
            until=until,
        )
        return trial, act.opened(trial, e.TrialGranted(product=product, until=until))

    @trials(TrialMove.EXTEND)
    def extend(self, act: JobAct, until: date, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        _later(until, max(self.until, act.today()))
        self.until, self.extensions = until, self.extensions + 1
        return act.done(e.TrialExtended(nth=self.extensions, until=until, reason=reason))

    @trials(TrialMove.END)
    def end(self, act: JobAct, outcome: str, note: str) -> Events:
        FIELDS.check_known(outcome, act.rules.outcomes, "outcome", named=True)
        self.outcome, self.note = outcome, FIELDS.check_text(note, "note", empty=True)
        return act.done(e.TrialEnded(outcome=outcome, extensions=self.extensions))


def _later(until: date, than: date) -> None:
    require(until > than, r.TRIAL, accepted=Text(f"a day after {than}", f"{than} 之后的日期"), until=until)


OF_TRIAL: Final[Field[Trial, str]] = Field("customer", str, lambda t: t.customer)
UNTIL: Final[Field[Trial, date]] = Field("until", date, lambda t: t.until if t.state is TrialState.RUNNING else None)
_FIELDS: Final[tuple[Field[Trial, Any], ...]] = (
    OF_TRIAL,
    UNTIL,
    Field("outcome", str, lambda t: t.outcome or None, index=False),
    *usual(TRIAL_MOVES)[1:],
)
TRIALS: Final = Stored(Trial, TRIAL_ID, "trial", _FIELDS, queue=_FIELDS[-1])
