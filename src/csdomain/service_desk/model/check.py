"""The daily check of the register against the vouchers in hand (SVC-07)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field
from csdomain.kernel.store.kinds import Kind as Stored
from csdomain.service_desk import events as e
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import CHECK_MOVES, CheckMove, CheckState
from csdomain.service_desk.policies import differences
from csdomain.service_desk.values import CHECK_ID, FIELDS, CheckId, Difference, InHand

from .act import JobAct

checks: Final = Commands(CHECK_MOVES)


@attrs.define(kw_only=True)
class RegisterCheck(Record):
    """What register and vouchers of a branch said differently on a day. ``owner`` looked. [SVC-07]"""

    id: CheckId = attrs.field(on_setattr=attrs.setters.frozen)
    state: CheckState = CheckState.OPEN
    day: date
    vouchers: int
    differences: tuple[Difference, ...]
    number: ClassVar[str] = ""

    @property
    def left(self) -> int:
        """How many differences nobody has explained."""
        return sum(not one.cleared_by for one in self.differences)

    @staticmethod
    @checks.opens(CheckMove.CHECK)
    def check(act: JobAct, in_hand: Sequence[InHand]) -> tuple["RegisterCheck", Events]:
        found = differences(act.jobs.entries(act.by.branch), in_hand)
        check = RegisterCheck(
            id=act.new(CHECK_ID),
            branch=act.by.branch,
            owner=act.by.id,
            rulebook=act.rulebook,
            moved_at=act.at,
            day=act.today(),
            vouchers=len(in_hand),
            differences=found,
        )
        told = act.opened(check, e.RegisterChecked(day=check.day, differences=len(found)))
        return check, told if found else (*told, *act.follows(checks, CheckMove.CLOSE, e.CheckClosed()))

    @checks(CheckMove.CLEAR)
    def clear(self, act: JobAct, difference: int, how: str) -> Events:
        FIELDS.check_text(how, "how")
        there = 0 < difference <= len(self.differences) and not self.differences[difference - 1].cleared_by
        left = ", ".join(str(n) for n, one in enumerate(self.differences, 1) if not one.cleared_by)
        require(there, r.DAILY_CHECK, accepted=Text(f"one of {left}", f"{left} 之一"), given=difference)
        cleared = attrs.evolve(self.differences[difference - 1], cleared=how, cleared_by=act.by.id)
        self.differences = (*self.differences[: difference - 1], cleared, *self.differences[difference:])
        told = act.done(e.DifferenceCleared(difference=difference, left=self.left, reason=how))
        return told if self.left else (*told, *act.follows(checks, CheckMove.CLOSE, e.CheckClosed()))


_FIELDS: Final[tuple[Field[RegisterCheck, Any], ...]] = (
    Field("day", date, lambda c: c.day),
    Field("differences", int, lambda c: c.left, index=False),
    *usual(CHECK_MOVES)[1:],
)
CHECKS: Final = Stored(RegisterCheck, CHECK_ID, "register_check", _FIELDS, queue=_FIELDS[-1])
