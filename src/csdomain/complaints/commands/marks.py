"""What the commands of a complaint are marked with, and what they have at hand."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar, Final

import attrs

from csdomain.casework.authorities import Standing
from csdomain.casework.worklists import hand_over
from csdomain.complaints import rules as r
from csdomain.complaints.case import Complaint
from csdomain.complaints.case.waiting import waiting
from csdomain.complaints.events import ComplaintSettled, SettlingBegun
from csdomain.complaints.lifecycle import (
    CERTIFICATE_MOVES,
    COMPLAINT_MOVES,
    IMPROVEMENT_MOVES,
    OPEN,
    PENALTY_MOVES,
    REMARK_MOVES,
    SLIP_MOVES,
    Move,
    State,
)
from csdomain.complaints.values import ComplaintRules
from csdomain.frame.acts import Act, Events, Told
from csdomain.frame.commands import Commands, Parts
from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import RuleBroken, typed_in
from csdomain.kernel.values.actors import Actor, ActorId

#: How much more urgent a grave case is than any priority of the house makes it (CMP-16).
_GRAVE: Final = 1000


def _anybody(_who: ActorId, _branch: str, _at: datetime) -> bool:
    return True


@attrs.frozen(eq=False, kw_only=True)
class ComplaintAct(Act[ComplaintRules]):
    """What a command of a complaint has at hand: besides who, when and by which rules, who may decide, who works in a
    branch at an instant, and which positions the house has."""

    ordered: ClassVar[Rule | None] = r.STATES
    authorities: Callable[[Actor, Iterable[str], datetime], Standing]
    #: Fills in what a position grants.
    resolve: Callable[[Actor], Actor] = lambda actor: actor
    #: The cases of a customer that were received from an instant on.
    siblings: Callable[[str, datetime], Iterable[Complaint]] = lambda _customer, _since: ()
    works: Callable[[ActorId, str, datetime], bool] = _anybody
    positions: Collection[str] = ()
    _handed: list[int] = attrs.field(init=False, factory=list, repr=False)

    @cached_property
    def standing(self) -> Standing:
        """Who holds the authorities of the house's ladder at this moment, and who stands in for whom. [KRN-08]"""
        return self.authorities(self.by, (*deciders(self.rules), *self.rules.signers.values()), self.at)

    def reaching(self, case: Complaint, move: Move) -> Standing:
        """Of :attr:`standing` what counts for the case: of those only who may make the move where it is. [KRN-13]"""
        action = COMPLAINT_MOVES.actions[move]
        return self.standing.reaching(action, self.by, case.owner, case.branch, self.resolve)

    def _told(self, event: Told, move: str, source: Enum | None, dest: Enum) -> Told:
        case, rules = self.case, self.rules
        if not self._handed:  # the first event of the command: all that came before was told then
            self._handed.append(case.handed)
            case.told = case.handed
        if case.state not in OPEN:
            case.waiting_since = None
        ranked = rules.priorities
        rank = len(ranked) - ranked.index(case.priority) if case.priority in ranked else 0
        case.urgency = _GRAVE * case.grave + rank
        hand_over(case, waiting(case, rules))
        return super()._told(event, move, source, dest)


def deciders(rules: ComplaintRules) -> tuple[str, ...]:
    """The authorities that decide in a house."""
    return (*(band.authority for band in (*rules.ladder.bands, *rules.dismissing.bands)), rules.without_amount.ordinary)


class ReturnWithoutSlip(RuleBroken):
    """Goods came back, or a voucher was asked for, on a slip that this case does not have (CMP-23)."""

    default_rule = r.WAREHOUSE
    problem = Text("This case has no such return slip.", "本案没有此退货单。")


def _no_slip(case: Any, number: object, known: Text) -> RuleBroken:
    return ReturnWithoutSlip(subject=case.id, number=typed_in(number), accepted=known)


does: Final = Commands(COMPLAINT_MOVES, path=lambda case: case.path.value)
SLIPS: Final = Parts.numbered("slips", SLIP_MOVES, name="slip", missing=_no_slip)
CERTIFICATES: Final = Parts.numbered("certificates", CERTIFICATE_MOVES, name="certificate")
PENALTIES: Final = Parts.counted("penalties", PENALTY_MOVES, path=lambda penalty: penalty.path)
IMPROVEMENTS: Final = Parts.counted("improvements", IMPROVEMENT_MOVES)
REMARKS: Final = Parts.counted("remarks", REMARK_MOVES)


def named(department: str) -> ActorId:
    """A department, unit or position by its id. Raises MalformedActor."""
    return Actor(ActorId(department), "-").id


def settling(case: Complaint, act: ComplaintAct, told: Events) -> Events:
    """What a move of a part brings about: the first after closing begins the settling, the last ends it. [CMP-25]"""
    begun = act.follows(does, Move.FOLLOW_UP, SettlingBegun()) if case.state is State.CLOSED else ()
    return (*begun, *told, *settled(case, act))


def settled(case: Complaint, act: ComplaintAct) -> Events:
    """After closing, the case is settled as soon as nothing is open. [CMP-25]"""
    if case.state not in (State.CLOSED, State.SETTLING) or case.open_ends():
        return ()
    return act.follows(does, Move.SETTLE, ComplaintSettled())
