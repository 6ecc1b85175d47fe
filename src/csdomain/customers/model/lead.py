"""A wish that a customer has said in any contact: sales follow it up. No price is part of it (CUS-16)."""

from typing import Any, ClassVar, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers.lifecycle import LEAD_MOVES, LeadMove, LeadState
from csdomain.customers.values import FIELDS, LEAD_ID, LeadId, MalformedCustomer
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.frame.fields import SHORT, words
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.personal import PersonalKind, personal

from .act import CustomerAct
from .columns import customer_of, waits_for

_M: Final = LeadMove
does_lead: Final = Commands(LEAD_MOVES)


@attrs.define(kw_only=True)
class Lead(Record):
    """A wish of a customer, or of a ``caller`` who is none yet; ``met_in`` is the case in which it was heard.

    ``owner`` noted it, then is who of sales follows it up. [CUS-16]
    """

    id: LeadId = attrs.field(on_setattr=attrs.setters.frozen)
    state: LeadState = LeadState.NOTED
    customer: str
    caller: str = personal(PersonalKind.NAME, default="")
    wish: str = words()
    met_in: str = ""
    noted_by: str
    outcome: str = words(default="")
    month: str
    desk: str
    number: ClassVar[str] = ""

    @staticmethod
    @does_lead.opens(_M.NOTE)
    def note(act: CustomerAct, wish: str, customer: str, caller: str, met_in: str) -> tuple["Lead", Events]:
        FIELDS.check_text(wish, "wish")
        FIELDS.check_text(caller, "caller", SHORT, empty=True)
        if met_in:
            FIELDS.check_id(met_in, "met_in")
        if not customer and not caller.strip():
            raise MalformedCustomer(field="customer", accepted=Text("a customer or a caller", "客户或来电人"))
        branch = act.files.customer(customer).branch if customer else act.by.branch
        about = act.filed(LEAD_ID, branch, act.rules.sales)
        said: dict[str, Any] = {"customer": customer, "caller": caller, "wish": wish, "met_in": met_in}
        lead = Lead(**about, **said, noted_by=act.by.id, month=act.month())
        return lead, act.opened(lead, e.LeadNoted())

    @does_lead(_M.TAKE)
    def take(self, act: CustomerAct) -> Events:
        self.owner, self.desk = act.by.id, ""
        return act.done(e.LeadTaken())

    @does_lead(_M.WIN)
    def win(self, act: CustomerAct, outcome: str) -> Events:
        return self._closed(act, outcome)

    @does_lead(_M.LOSE)
    def lose(self, act: CustomerAct, outcome: str) -> Events:
        return self._closed(act, outcome)

    @does_lead(_M.DROP)
    def drop(self, act: CustomerAct, outcome: str) -> Events:
        return self._closed(act, outcome)

    def _closed(self, act: CustomerAct, outcome: str) -> Events:
        self.outcome = FIELDS.check_text(outcome, "outcome")
        return act.done(e.LeadClosed(reason=outcome))


LEAD_OF: Final[Field[Lead, str]] = customer_of()
_LEAD: Final[tuple[Field[Lead, Any], ...]] = (
    LEAD_OF,
    Field("state", str, lambda lead: lead.state.value),
    Field("month", str, lambda lead: lead.month),
    waits_for(LEAD_MOVES),
)
LEADS: Final = Kind(Lead, LEAD_ID, "lead", _LEAD)
