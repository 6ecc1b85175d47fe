"""Destructions: set apart, approved by value, destroyed before two witnesses, or withdrawn (INV-10, INV-16)."""

from collections.abc import Sequence
from typing import Final

import attrs
from attrs.validators import optional

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.frame.fields import SHORT
from csdomain.inventory import events as e
from csdomain.inventory import rules as r
from csdomain.inventory.lifecycle import DESTRUCTION_MOVES, DestructionMove
from csdomain.inventory.model.ledger import Move
from csdomain.inventory.model.papers import DESTRUCTION, Destruction, StockAct, line_of
from csdomain.inventory.values import DESTROYED, FIELDS, MalformedPaper, place
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.arguments import checked

does: Final = Commands(DESTRUCTION_MOVES)
_WITNESSES: Final = 2


@attrs.frozen(field_transformer=checked(MalformedPaper))
class Unsound:
    """So many smallest units of a lot, on the shelf at ``spot``, or in quarantine where that is None (INV-10)."""

    lot: str = attrs.field(validator=FIELDS.id)
    quantity: int = attrs.field(validator=FIELDS.pieces)
    spot: str | None = attrs.field(default=None, validator=optional(FIELDS.text(SHORT, empty=True)))


@does.opens(DestructionMove.PROPOSE)
def propose(act: StockAct, unsound: Sequence[Unsound], reason: str) -> tuple[Destruction, Events]:
    found = FIELDS.once(unsound, lambda one: (one.lot, one.spot), "unsound")
    FIELDS.check_text(reason, "reason")
    id, house = act.new(DESTRUCTION), act.by.branch
    lots, moves, apart = act.ledger.lots(one.lot for one in found), [], place("qt", house, id)
    for one in found:
        product = lots[one.lot].product
        source = place("qt", house) if one.spot is None else act.shelf_place(house, product, one.spot)
        moves.append(Move(one.lot, one.quantity, source, apart))
    lines = tuple(line_of(made) for made in act.post(id, moves, "to be destroyed"))
    destruction = Destruction(**act.paper(id), lines=lines, reason=reason)
    return destruction, act.opened(destruction, e.DestructionProposed(value=destruction.value))


@does(DestructionMove.APPROVE)
def approve(destruction: Destruction, act: StockAct) -> Events:
    act.require_authority(destruction.value, destruction.id, [destruction.owner])
    destruction.approved_by = act.by.id
    return act.done(e.DestructionApproved(value=destruction.value))


@does(DestructionMove.DESTROY)
def destroy(destruction: Destruction, act: StockAct, method: str, witnesses: Sequence[str]) -> Events:
    FIELDS.check_text(method, "method", SHORT)
    found = FIELDS.once(witnesses, lambda one: one, "witnesses")
    for witness in found:
        FIELDS.check_id(witness, "witnesses")
    others = not {act.by.id, destruction.approved_by}.intersection(found)
    accepted = Text("two people who neither approved nor destroy", "两名既非核准人又非销毁人的见证人")
    require(len(found) == _WITNESSES and others, r.DESTRUCTION, accepted=accepted, given=len(found))
    _move(destruction, act, DESTROYED)
    destruction.method, destruction.witnesses = method, found
    return act.done(e.GoodsDestroyed(value=destruction.value, witnesses=found))


@does(DestructionMove.WITHDRAW)
def withdraw(destruction: Destruction, act: StockAct, reason: str) -> Events:
    destruction.reason = FIELDS.check_text(reason, "reason")
    _move(destruction, act, place("qt", destruction.branch))
    return act.done(e.DestructionWithdrawn())


def _move(destruction: Destruction, act: StockAct, dest: str) -> None:
    moves = [Move(line.lot, line.quantity, destruction.place, dest) for line in destruction.lines]
    act.post(destruction.id, moves, "destroy" if dest == DESTROYED else "withdraw")
