"""A list of customers that the clerk selected and hands to the manager, who works it off line by line."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import WORKLIST_MOVES, WorklistMove, WorklistState
from csdomain.customers.values import CUSTOMER_ID, FIELDS, WORKLIST_ID, ListKind, WorklistId
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind

from .act import CustomerAct
from .columns import waits_for

_M: Final = WorklistMove
does_worklist: Final = Commands(WORKLIST_MOVES)


@attrs.define(kw_only=True)
class Worklist(Record):
    """Customers to be assigned (new ones), or to be set apart (lapsed ones). ``owner`` is the clerk who selected them.

    ``open`` are those that are still to be worked. [CUS-09, CUS-18]
    """

    id: WorklistId = attrs.field(on_setattr=attrs.setters.frozen)
    state: WorklistState = WorklistState.HANDED
    kind: ListKind
    customers: tuple[str, ...]
    open: tuple[str, ...]
    desk: str
    number: ClassVar[str] = ""

    @staticmethod
    @does_worklist.opens(_M.HAND)
    def hand(act: CustomerAct, kind: ListKind, customers: Sequence[str]) -> tuple["Worklist", Events]:
        those = tuple(CUSTOMER_ID.check(id) for id in FIELDS.once(customers, str, "customers"))
        about = act.filed(WORKLIST_ID, act.by.branch, act.rules.manager)
        worklist = Worklist(**about, kind=kind, customers=those, open=those)
        return worklist, act.opened(worklist, e.WorklistHanded(kind=kind.value, customers=len(those)))

    @does_worklist(_M.WORK)
    def work(self, act: CustomerAct, customer: str, representative: str) -> Events:
        self._is_open(customer)
        found = act.files.customer(customer)
        require(found.branch == self.branch, r.LISTED, accepted=Text(f"of {self.branch}", f"{self.branch} 的客户"))
        events = found.assigned(act, representative) if self.kind is ListKind.NEW else found.left_apart(act)
        act.files.keep(found, events)
        return self._worked(act, customer, "")

    @does_worklist(_M.SKIP)
    def skip(self, act: CustomerAct, customer: str, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        self._is_open(customer)
        return self._worked(act, customer, reason)

    def _is_open(self, customer: str) -> None:
        accepted = Text("a customer of the list that is still to be worked", "清单中尚未处理的客户")
        require(customer in self.open, r.LISTED, accepted=accepted, given=CUSTOMER_ID.check(customer))

    def _worked(self, act: CustomerAct, customer: str, reason: str) -> Events:
        self.open = tuple(id for id in self.open if id != customer)
        told = act.done(e.LineWorked(customer=customer, reason=reason, left=len(self.open)))
        return told if self.open else (*told, *act.follows(does_worklist, _M.FINISH, e.WorklistDone()))


_WORKLIST: Final[tuple[Field[Worklist, Any], ...]] = (
    Field("state", str, lambda worklist: worklist.state.value),
    Field("kind", str, lambda worklist: worklist.kind.value),
    waits_for(WORKLIST_MOVES),
)
WORKLISTS: Final = Kind(Worklist, WORKLIST_ID, "worklist", _WORKLIST)
