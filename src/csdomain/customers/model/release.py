"""The release of a record to somebody outside its scope, on the manager's instruction, and its commands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import RELEASE_MOVES, ReleaseMove, ReleaseState
from csdomain.customers.values import FIELDS, RELEASE_ID, ReleaseId
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.frame.fields import words
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import ActorId

from .act import CustomerAct
from .columns import customer_of, waits_for

_M: Final = ReleaseMove
does_release: Final = Commands(RELEASE_MOVES)


def _may_decide(release: "Release", act: CustomerAct) -> None:
    OwnRequest.check(release.id, act.by.id, [release.owner, release.to])


@attrs.define(kw_only=True)
class Release(Record):
    """``to`` may be given ``fields`` of a customer's record ``until`` then, if the manager signs.

    ``owner`` asked for it, ``given`` counts how often it was made use of. [CUS-10]
    """

    id: ReleaseId = attrs.field(on_setattr=attrs.setters.frozen)
    state: ReleaseState = ReleaseState.REQUESTED
    customer: str
    fields: tuple[str, ...]
    to: str
    why: str = words()
    until: datetime
    signed_by: ActorId | None = None
    given: int = 0
    desk: str
    number: ClassVar[str] = ""

    @staticmethod
    @does_release.opens(_M.ASK)
    def ask(
        act: CustomerAct, customer: str, fields: Sequence[str], to: str, why: str, until: datetime
    ) -> tuple["Release", Events]:
        FIELDS.check_id(to, "to")
        FIELDS.check_text(why, "why")
        wanted = FIELDS.once(fields, str, "fields")
        FIELDS.check_known(wanted, act.rules.fields, "fields")
        until = utc(until)
        require(until > act.at, r.RELEASE, accepted=Text("a later time", "更晚的时间"), given=until, at=act.at)
        record = act.files.customer(customer)
        about = act.filed(RELEASE_ID, record.branch, act.rules.manager)
        release = Release(**about, customer=record.id, fields=wanted, to=to, why=why, until=until)
        return release, act.opened(release, e.ReleaseAsked(to=to))

    @does_release(_M.SIGN, when=_may_decide)
    def sign(self, act: CustomerAct) -> Events:
        later = Text("an instruction whose time is not over", "未过期的指示")
        require(act.at < self.until, r.RELEASE, accepted=later, given=self.until)
        self.signed_by, self.desk = act.by.id, ""
        return act.done(e.ReleaseSigned())

    @does_release(_M.REFUSE, when=_may_decide)
    def refuse(self, act: CustomerAct, reason: str) -> Events:
        return act.done(e.ReleaseEnded(reason=FIELDS.check_text(reason, "reason")))

    @does_release(_M.REVOKE)
    def revoke(self, act: CustomerAct, reason: str) -> Events:
        return act.done(e.ReleaseEnded(reason=FIELDS.check_text(reason, "reason")))

    def give(self, customer: Any, by: ActorId, at: datetime) -> tuple[dict[str, str], Events]:
        """What is released of the record, and that it was. Raises RuleBroken. [CUS-10]"""
        now = self.state is ReleaseState.SIGNED and at < self.until and by in (self.owner, self.to)
        accepted = Text("a signed release, by who asked or whom it names", "已签核且未过期，由申请人或接收人")
        require(now, r.RELEASE, accepted=accepted, state=self.state.value, until=self.until)
        self.given += 1
        told = e.RecordReleased(subject=self.id, by=by, at=at, customer=self.customer, to=self.to, fields=self.fields)
        return {name: customer.profile.said(name) for name in self.fields}, (told,)


#: Whom it names counts as an owner, so as to be given it.
TO_WHOM: Final[Field[Release, str]] = Field("to_whom", str, lambda release: release.to)
RELEASE_OF: Final[Field[Release, str]] = customer_of()
_RELEASE: Final[tuple[Field[Release, Any], ...]] = (
    RELEASE_OF,
    Field("state", str, lambda release: release.state.value),
    TO_WHOM,
    Field("until_at", datetime, lambda release: release.until, index=False),
    waits_for(RELEASE_MOVES),
)
RELEASES: Final = Kind(Release, RELEASE_ID, "release", _RELEASE, owners=(TO_WHOM,))
