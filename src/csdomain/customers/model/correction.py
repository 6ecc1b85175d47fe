"""A report that a customer's record is wrong, and what becomes of it."""

from typing import Any, ClassVar, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import CORRECTION_MOVES, CorrectionMove, CorrectionState
from csdomain.customers.values import CORRECTION_ID, FIELDS, CorrectionId, Profile
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.frame.fields import LONG, words
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind

from .act import CustomerAct
from .columns import customer_of, waits_for

_M: Final = CorrectionMove
does_correction: Final = Commands(CORRECTION_MOVES)


@attrs.define(kw_only=True)
class Correction(Record):
    """``field`` of a customer's record should say something else; ``owner`` reported it, for ``asked_by`` (an office).

    What the record said stays in it. [CUS-11]
    """

    id: CorrectionId = attrs.field(on_setattr=attrs.setters.frozen)
    state: CorrectionState = CorrectionState.REPORTED
    customer: str
    field: str
    says: str = words()
    should_be: str = words()
    asked_by: str = ""
    desk: str
    number: ClassVar[str] = ""

    @staticmethod
    @does_correction.opens(_M.REPORT)
    def report(
        act: CustomerAct, customer: str, field: str, says: str, should_be: str, asked_by: str
    ) -> tuple["Correction", Events]:
        FIELDS.check_known([field], act.rules.fields, "field")
        FIELDS.check_text(says, "says", LONG, empty=True)
        FIELDS.check_text(should_be, "should_be", LONG, empty=True)
        if asked_by:
            FIELDS.check_id(asked_by, "asked_by")
        record = act.files.customer(customer)
        about = act.filed(CORRECTION_ID, record.branch, act.rules.manager)
        said: dict[str, Any] = {"field": field, "says": says, "should_be": should_be, "asked_by": asked_by}
        correction = Correction(**about, **said, customer=record.id)
        return correction, act.opened(correction, e.CorrectionReported())

    @does_correction(_M.ORDER)
    def order(self, act: CustomerAct) -> Events:
        self.desk = act.rules.clerk
        return act.done(e.CorrectionOrdered())

    @does_correction(_M.MEND)
    def mend(self, act: CustomerAct, profile: Profile) -> Events:
        record = act.files.customer(self.customer)
        wanted = Text(f"a record with another {self.field}", f"更改了 {self.field} 的档案")
        require(self.field in record.profile.changed(profile), r.CORRECTION, accepted=wanted)
        act.files.keep(record, record.corrected(act, profile))
        return act.done(e.CorrectionMended())

    @does_correction(_M.REFUSE)
    def refuse(self, act: CustomerAct, reason: str) -> Events:
        return act.done(e.CorrectionRefused(reason=FIELDS.check_text(reason, "reason")))


CORRECTION_OF: Final[Field[Correction, str]] = customer_of()
_CORRECTION: Final[tuple[Field[Correction, Any], ...]] = (
    CORRECTION_OF,
    Field("state", str, lambda correction: correction.state.value),
    waits_for(CORRECTION_MOVES),
)
CORRECTIONS: Final = Kind(Correction, CORRECTION_ID, "correction", _CORRECTION)
