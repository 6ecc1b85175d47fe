"""Whoever's authority somebody else gives away is told (KRN-08)."""

from collections.abc import Iterable
from typing import Final

from csdomain.frame.effects import Effects, Scene
from csdomain.kernel.cases.effects import Effect

from . import events as e
from .model import DELEGATIONS
from .values import STAFF_RULES, StaffRules

DELEGATION_EFFECTS: Final = Effects(DELEGATIONS, STAFF_RULES)


@DELEGATION_EFFECTS.on(e.DelegationGiven, e.DelegationConfirmed)
def _given(event: e.DelegationGiven | e.DelegationConfirmed, s: Scene[StaffRules]) -> Iterable[Effect]:
    if event.by != event.principal:
        occasion = "recorded" if isinstance(event, e.DelegationGiven) and event.waits else "given"
        deputy, authority = event.deputy, event.authority
        yield s.tell(event, occasion, event.principal, deputy=deputy, authority=authority, until=event.until)
