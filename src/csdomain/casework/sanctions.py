"""A form that needs consent before it is acted on: asked for, approved or refused, void once it says something else.

A context embeds a :class:`Sanction` in the part that is asked for, makes its table with :func:`sanction_moves`, and
asks :meth:`Sanction.require_approved` before it acts on it (KRN-08).
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum, unique
from hashlib import sha256

import attrs

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps
from csdomain.kernel.papers.approvals import ApprovalVoid, OwnRequest
from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.values.actors import Action, Actor, ActorId
from csdomain.kernel.values.codec import canonical, plain
from csdomain.kernel.values.personal import WITHHELD


@unique
class SanctionState(Enum):
    """Where a form stands that needs consent."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@unique
class SanctionMove(Enum):
    """What can be done with it."""

    ASK = "ask"
    CHANGE = "change"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


def sanction_moves(
    context: str, name: str, rule: Rule, *, ask: str, decide: str
) -> Lifecycle[SanctionMove, SanctionState]:
    """The table of a form called ``name``: who asks changes and withdraws it, ``decide`` is the other permission."""
    s, m = SanctionState, SanctionMove
    return Lifecycle(
        name,
        s,
        s.SUBMITTED,
        steps(
            context,
            Row(m.ASK, None, s.SUBMITTED, rule, may=ask),
            Row(m.CHANGE, (s.SUBMITTED, s.APPROVED, s.REFUSED), s.SUBMITTED, rule, may=ask),
            Row(m.APPROVE, s.SUBMITTED, s.APPROVED, rule, may=decide),
            Row(m.REFUSE, s.SUBMITTED, s.REFUSED, rule, may=decide),
            Row(m.WITHDRAW, (s.SUBMITTED, s.APPROVED), s.WITHDRAWN, rule, may=ask),
        ),
        ended=(s.APPROVED, s.REFUSED),
    )


@attrs.frozen(kw_only=True)
class Sanction:
    """Who asked for something, changes included, and who decided it; ``digest`` is of what was approved. [KRN-08]"""

    askers: tuple[ActorId, ...]
    digest: str = attrs.field(default="", metadata=WITHHELD)
    decided_by: ActorId | None = None
    decided_at: datetime | None = None

    def changed(self, by: Actor) -> "Sanction":
        """What is asked for is something else now: nobody has decided that."""
        return Sanction(askers=tuple(dict.fromkeys((*self.askers, by.id))))

    def approved(self, content: object, by: Actor, at: datetime) -> "Sanction":
        """Approved, for this very content."""
        return attrs.evolve(self, digest=_digest(content), decided_by=by.id, decided_at=at)

    def refused(self, by: Actor, at: datetime) -> "Sanction":
        """Refused."""
        return attrs.evolve(self, digest="", decided_by=by.id, decided_at=at)

    def require_other(self, subject: str, by: Actor, action: Action, concerned: Iterable[str] = ()) -> None:
        """Refuse who asked, and whom it concerns, in person or for somebody. Raises OwnRequest. [KRN-08]"""
        require_other(subject, by, action, (*self.askers, *concerned))

    def require_approved(self, content: object) -> None:
        """Refuse content that is not what was approved. Raises ApprovalVoid. [KRN-08]"""
        if not self.digest or self.digest != _digest(content):
            raise ApprovalVoid(accepted=Text("what was approved, or a new decision", "已核准的内容，或重新核决"))


def require_other(subject: str, by: Actor, action: Action, barred: Iterable[str]) -> None:
    """Refuse ``by`` who is barred, or holds the permission only for those who are. Raises OwnRequest. [KRN-08]"""
    those = frozenset(barred)
    ways = [who.id for who in (by, *by.others) if action in who.grants]
    concerned = by.id in those or (bool(ways) and those.issuperset(ways))
    OwnRequest.check(subject, by.id, [by.id] if concerned else [])


def _digest(content: object) -> str:
    return sha256(canonical(plain(content)).encode()).hexdigest()
