"""What the commands of a complaint are marked with, and what they have at hand."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, ClassVar, Final

import attrs

from csdomain.complaints import rules as r
from csdomain.complaints.case import Complaint
from csdomain.complaints.events import ComplaintSettled, SettlingBegun
from csdomain.complaints.lifecycle import (
    CERTIFICATE_MOVES,
    COMPLAINT_MOVES,
    IMPROVEMENT_MOVES,
    PENALTY_MOVES,
    REMARK_MOVES,
    SLIP_MOVES,
    Move,
    State,
)
from csdomain.complaints.values import ComplaintRules, MalformedStep
from csdomain.complaints.values.standing import Standing
from csdomain.frame.acts import Act, Events
from csdomain.frame.commands import Commands, Parts
from csdomain.frame.fields import Fields
from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.actors import Actor, ActorId

FIELDS: Final = Fields(MalformedStep)


@attrs.frozen(eq=False, kw_only=True)
class ComplaintAct(Act[ComplaintRules]):
    """What a command of a complaint has at hand: besides who, when and by which rules, who may decide."""

    ordered: ClassVar[Rule | None] = r.STATES
    authorities: Callable[[Actor, Iterable[str], datetime], Standing]

    @property
    def standing(self) -> Standing:
        """Who holds the authorities of the house's ladder at this moment, and who stands in for whom. [KRN-08]"""
        names = [band.authority for band in (*self.rules.ladder.bands, *self.rules.dismissing.bands)]
        return self.authorities(self.by, (*names, self.rules.without_amount.ordinary), self.at)


class ReturnWithoutSlip(RuleBroken):
    """Goods came back, or a voucher was asked for, on a slip that this case does not have (CMP-23)."""

    default_rule = r.WAREHOUSE
    problem = Text("This case has no such return slip.", "本案没有此退货单。")


def _no_slip(case: Any, number: object, known: Text) -> RuleBroken:
    return ReturnWithoutSlip(subject=case.id, number=number, accepted=known)


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
