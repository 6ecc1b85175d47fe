"""The handover of a customer by one representative to another, and its commands."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import CUSTOMER_MOVES, HANDOVER_MOVES, HandoverMove, HandoverState, Move
from csdomain.customers.values import FIELDS, HANDOVER_ID, HandoverId
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.frame.fields import LONG
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.papers.documents import Document, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.personal import PersonalKind, personal

from .act import CustomerAct
from .columns import customer_of, waits_for

_M, _REPRESENTATIVE, _MANAGER = HandoverMove, "representative", "manager"
does_handover: Final = Commands(HANDOVER_MOVES)


def _may_sign(handover: "Handover", act: CustomerAct) -> None:
    OwnRequest.check(handover.id, act.by.id, [handover.filed_by, handover.giver])


@attrs.define(kw_only=True)
class Handover(Record):
    """The representative ``giver`` gives up a customer; the manager names ``to``. ``owner`` acts next, or has last.

    ``entries`` are what the house's form asks, ``paper`` what was signed; ``desk`` is the position that the handover
    waits for, empty where it waits for ``owner``. [CUS-08]
    """

    id: HandoverId = attrs.field(on_setattr=attrs.setters.frozen)
    state: HandoverState = HandoverState.FILED
    customer: str
    giver: ActorId
    filed_by: ActorId
    to: str = ""
    desk: str
    entries: Mapping[str, str] = personal(PersonalKind.OTHER, factory=dict)
    paper: Document
    number: ClassVar[str] = ""

    @staticmethod
    @does_handover.opens(_M.FILE)
    def file(act: CustomerAct, customer: str, reason: str, entries: Mapping[str, str]) -> tuple["Handover", Events]:
        FIELDS.check_text(reason, "reason")
        for value in entries.values():
            FIELDS.check_text(value, "entries", LONG, empty=True)
        act.rules.check_form(entries)
        given = act.files.customer(customer)
        own = act.by.id == given.owner or act.by.reaches(
            CUSTOMER_MOVES.actions[Move.ASSIGN], (given.owner,), (given.branch,)
        )
        whose = Text("the customer's representative, or who assigns", "客户代表本人或有权分配者")
        require(bool(given.owner) and own, r.TENURE, accepted=whose, customer=given.id)
        about = act.filed(HANDOVER_ID, given.branch, act.rules.manager)
        written = {"customer": given.id, "from": given.owner}
        paper = draw_up("handover", about["id"], written, by=act.by.id, at=act.at)
        signed = paper.sign(_REPRESENTATIVE, by=act.by.id, at=act.at, basis=entries)
        handover = Handover(
            **about, customer=given.id, giver=given.owner, filed_by=act.by.id, entries=dict(entries), paper=signed
        )
        return handover, act.opened(handover, e.HandoverFiled(reason=reason))

    @does_handover(_M.SIGN, when=_may_sign)
    def sign(self, act: CustomerAct, to: str) -> Events:
        who = act.colleague(to, self.branch, "to")
        another = Text("another than who gives the customer up, and than who signs", "交出人与签核人以外的人员")
        require(who not in (self.giver, act.by.id), r.TENURE, accepted=another, given=who)
        self.paper = self.paper.continued(to=who).sign(_MANAGER, by=act.by.id, at=act.at, basis=self.entries)
        self.to, self.desk = who, act.rules.clerk
        return act.done(e.HandoverSigned())

    @does_handover(_M.TRANSFER)
    def transfer(self, act: CustomerAct) -> Events:
        self.paper.require_signed(_REPRESENTATIVE, _MANAGER)
        self.paper.require_basis(_MANAGER, self.entries)
        given = act.files.customer(self.customer)
        same = Text(f"a customer of {self.giver}", f"{self.giver} 的客户")
        require(given.owner == self.giver, r.TENURE, accepted=same, given=given.owner)
        act.files.keep(given, given.assigned(act, self.to, "handover"))
        self.owner, self.desk = self.to, ""
        return act.done(e.HandoverTransferred())

    @does_handover(_M.CONTACT)
    def contact(self, act: CustomerAct, said: str) -> Events:
        return act.done(e.HandoverContacted(reason=FIELDS.check_text(said, "said")))

    @does_handover(_M.REFUSE, when=_may_sign)
    def refuse(self, act: CustomerAct, reason: str) -> Events:
        return act.done(e.HandoverRefused(reason=FIELDS.check_text(reason, "reason")))

    @does_handover(_M.WITHDRAW)
    def withdraw(self, act: CustomerAct, reason: str) -> Events:
        return act.done(e.HandoverWithdrawn(reason=FIELDS.check_text(reason, "reason")))

    def left_behind(self, act: CustomerAct, reason: str) -> Events:
        """What follows when the customer's record is merged into another. [CUS-13]"""
        return act.beside(does_handover, self, _M.WITHDRAW, e.HandoverWithdrawn(reason=reason))


#: While a handover stands so, the customer has no other.
_OPEN: Final = (HandoverState.FILED, HandoverState.SIGNED)
HANDOVER_OF: Final[Field[Handover, str]] = customer_of()
OPEN_KEY: Final[Field[Handover, str]] = Field(
    "open_key", str, lambda h: h.customer if h.state in _OPEN else None, unique=True
)
_HANDOVER: Final[tuple[Field[Handover, Any], ...]] = (
    HANDOVER_OF,
    OPEN_KEY,
    Field("state", str, lambda h: h.state.value),
    Field("giver", str, lambda h: h.giver),
    waits_for(HANDOVER_MOVES),
)
HANDOVERS: Final = Kind(Handover, HANDOVER_ID, "handover", _HANDOVER)
