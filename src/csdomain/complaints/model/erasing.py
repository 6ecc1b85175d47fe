"""A customer's data erased from a case, or only restricted while law demands keeping it (KRN-14)."""

from datetime import datetime

import attrs

from csdomain.complaints.events import ComplaintErased, ComplaintHeld, ComplaintReleased, ComplaintRestricted
from csdomain.complaints.values import ComplaintRules
from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.rules import PERSONAL_DATA, Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.personal import erased

from .case import CaseBody
from .forms import Hold


class Erasing(CaseBody):
    """Erasing, and the hold that stands against it."""

    __slots__ = ()

    def held(self, at: datetime) -> Hold | None:
        """The hold that keeps the case from being erased at ``at``."""
        last = self.holds[-1] if self.holds else None
        return last if last is not None and last.stands(utc(at)) else None

    def erase(self, *, by: ActorId, at: datetime, beside: bool = False) -> tuple[Event, ...]:
        """What the customer said, and what was written about it, is gone; figures, signatures and seals stay.

        Documents still verify. Under a hold the case is restricted instead, and erased when the hold ends. ``beside``
        says that something was erased that the case does not hold itself, on its trail. There is no event where nothing
        was left to do. What is written on the case afterwards takes another erasing. [KRN-14]
        """
        at = utc(at)
        if self.held(at) is None:
            return self._erased(by, at, beside=beside)
        if self.restricted:
            return ()
        self.restricted = True
        return (ComplaintRestricted(subject=self.id, by=by, at=at),)

    def hold(
        self, code: str, until: datetime | None, rules: ComplaintRules, *, by: ActorId, at: datetime
    ) -> tuple[Event, ...]:
        """Law demands that the case is kept, ``until`` then or until it is released; in the place of an earlier hold.

        Raises RuleBroken for a code that the house does not list, an instant that has passed, and a case whose erasure
        is due since its last hold ended. [KRN-14]
        """
        at, until = utc(at), None if until is None else utc(until)
        known = ", ".join(rules.hold_reasons) or "-"
        require(code in rules.hold_reasons, PERSONAL_DATA, accepted=Text(known, known))
        later = Text("a later time", "更晚的时间")
        require(until is None or until > at, PERSONAL_DATA, accepted=later, given=until, at=at)
        due = self.restricted and self.held(at) is None
        require(not due, PERSONAL_DATA, accepted=Text("a case whose erasure is not due", "尚未到期抹除的案件"))
        self.holds = (*self.holds, Hold(code=code, by=by, at=at, until=until))
        return (ComplaintHeld(subject=self.id, by=by, at=at, hold=len(self.holds), code=code, until=until),)

    def release(self, *, by: ActorId, at: datetime) -> tuple[Event, ...]:
        """Nothing demands keeping it any more: an erasure that waited for it is carried out.

        Raises RuleBroken where no hold stands. [KRN-14]
        """
        at = utc(at)
        hold = self.held(at)
        require(hold is not None, PERSONAL_DATA, accepted=Text("a case under a hold", "依法保留中的案件"))
        assert hold is not None  # noqa: S101 - required above
        self.holds = (*self.holds[:-1], attrs.evolve(hold, released_at=at))
        released = ComplaintReleased(subject=self.id, by=by, at=at, hold=len(self.holds))
        return (released, *(self._erased(by, at) if self.restricted else ()))

    def lapse(self, hold: int, *, by: ActorId, at: datetime) -> tuple[Event, ...]:
        """The time of the ``hold``-th hold is over: an erasure that waited for it is carried out, any other stays."""
        over = hold == len(self.holds) and self.held(at) is None
        return self._erased(by, utc(at)) if over and self.restricted else ()

    def _erased(self, by: ActorId, at: datetime, *, beside: bool = False) -> tuple[Event, ...]:
        without = erased(self)
        names = [field.name for field in attrs.fields(type(self))]
        changed = [name for name in names if getattr(without, name) != getattr(self, name)]
        if self.erased_at is not None and not (changed or beside or self.restricted):
            return ()
        for name in changed:
            setattr(self, name, getattr(without, name))
        self.erased_at = self.erased_at or at
        self.restricted = False
        return (ComplaintErased(subject=self.id, by=by, at=at),)
