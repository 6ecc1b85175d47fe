"""What commands about customers have at hand."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs

from csdomain.casework.months import month_of
from csdomain.customers import rules as r
from csdomain.customers.ports import Files
from csdomain.customers.values import FIELDS, CustomerRules
from csdomain.frame.acts import Act
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.ids import IdKind


@attrs.frozen(eq=False, kw_only=True)
class CustomerAct(Act[CustomerRules]):
    """Besides who, when and by which rules: the records beside, and who works in a branch at an instant."""

    files: Files
    works: Callable[[ActorId, str, datetime], bool]

    def colleague(self, who: str, branch: str, field: str) -> ActorId:
        """``who`` if they work in the branch now. Raises MalformedCustomer, RuleBroken. [CUS-08]"""
        found = ActorId(FIELDS.check_id(who, field))
        accepted = Text(f"somebody who works in {branch} now", f"现任职于 {branch} 的人员")
        require(self.works(found, branch, self.at), r.TENURE, accepted=accepted, given=found)
        return found

    def month(self) -> str:
        """The month of the act, in the branch's zone."""
        return month_of(self.at, self.place.zone)

    def filed(self, kind: IdKind[Any], branch: str, desk: str | None = None) -> dict[str, Any]:
        """What every paper begins with: it is the own of who files it, and may wait for a position ``desk``."""
        waits = {} if desk is None else {"desk": desk}
        return {
            **waits,
            "id": self.new(kind),
            "branch": branch,
            "owner": self.by.id,
            "rulebook": self.rulebook,
            "moved_at": self.at,
        }
