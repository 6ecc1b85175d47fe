"""What commands of the service desk have at hand."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import attrs

from csdomain.frame.acts import Act
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import ActorId
from csdomain.service_desk.ports import Cover, Jobs, Till
from csdomain.service_desk.rules import DISPATCH
from csdomain.service_desk.values import FIELDS, ServiceRules


@attrs.frozen(eq=False, kw_only=True)
class JobAct(Act[ServiceRules]):
    """What a command has at hand: besides who, when and by which rules, money, contracts, register and colleagues."""

    till: Till
    cover: Cover
    jobs: Jobs
    works: Callable[[ActorId, str, datetime], bool]

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the branch."""
        return ZoneInfo(self.place.zone)

    def colleague(self, who: str, branch: str) -> str:
        """``who`` if they work in the branch now. Raises MalformedJob, RuleBroken. [SVC-03]"""
        found = ActorId(FIELDS.check_id(who, "technician"))
        accepted = Text(f"somebody who works in {branch} now", f"现任职于 {branch} 的人员")
        require(self.works(found, branch, self.at), DISPATCH, accepted=accepted, given=found)
        return found
