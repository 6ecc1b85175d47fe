"""Whoever leaves may have open cases: each branch is told at once, so that somebody else is named (CMP-17, PPL-01)."""

from typing import Final

import attrs

from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.case.columns import STATE
from csdomain.complaints.lifecycle import OPEN
from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.kernel.cases.effects import Fact, Message
from csdomain.kernel.cases.events import Event
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.consequences import Consequence
from csdomain.kernel.store.kinds import Comparison, Tally, Where
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.rulebook import House
from csdomain.staff.events import StaffLeft

NAME: Final = "cases_of_leavers"


@attrs.frozen(kw_only=True)
class CasesLeftBehind(Event):
    """Whoever leaves owns ``cases`` open complaints of a branch (CMP-17)."""

    actor: str
    branch: str
    cases: int


def consequence(house: House) -> Consequence:
    """What follows when somebody leaves."""
    rules = house.rulebook[COMPLAINT_RULES]

    def run(unit: Unit, left: AuditRecord) -> None:
        actor = str(left.facts["actor"])
        theirs: tuple[Where[Complaint], ...] = (
            Where("owner", Comparison.IS, actor),
            STATE.among([state.value for state in OPEN]),
        )
        for row in unit.of(COMPLAINTS).tally(Tally(theirs, group_by=("branch",))):
            branch, cases = str(row.group[0]), row.count
            event = CasesLeftBehind(
                subject=left.subject, by=SYSTEM, at=left.at, actor=actor, branch=branch, cases=cases
            )
            key = f"{left.event_id}/left_behind/{branch}"
            facts: dict[str, Fact] = {"actor": actor, "branch": branch, "cases": cases}
            unit.record([event], [Message(key, "complaint.left_behind", rules.handled_by, facts)])

    return Consequence(NAME, (StaffLeft,), run)
