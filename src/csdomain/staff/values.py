"""What a staff record is made of, and what it refuses."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NewType

import attrs

from csdomain.frame.effects import occasions
from csdomain.frame.fields import SHORT, Fields
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.rules import APPROVALS, Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken
from csdomain.kernel.values.actors import Action, ActorId
from csdomain.kernel.values.ids import IdKind
from csdomain.rulebook import PERMISSIONS, Rulebook, Section, texts_beside
from csdomain.rulebook.nearest import nearest

from .rules import EMPLOYMENT

StaffId = NewType("StaffId", str)
STAFF_MEMBER: Final = IdKind[StaffId]("stf")
DelegationId = NewType("DelegationId", str)
DELEGATION: Final = IdKind[DelegationId]("dlg")

MANAGE: Final = Action("staff.manage")
DELEGATE: Final = Action("staff.delegate")
PERSONAL: Final = Action("staff.personal")

_MOST_POSITIONS: Final = 64


class MalformedStaff(InvalidValue):
    """A staff record with a field that is missing, too long, or not possible (PPL-01)."""

    default_rule = EMPLOYMENT
    problem = Text("A field of the staff record is missing or not valid.", "员工记录的某一字段缺失或无效。")


class AlreadyEngaged(RuleBroken):
    """The house keeps a record of this actor already: whoever left comes back in the same record (PPL-01)."""

    default_rule = EMPLOYMENT
    problem = Text("There is a staff record of this actor already.", "此操作人已有员工记录。")


class NotHeld(RuleBroken):
    """Whoever would delegate an authority does not hold it now, by the staff record and by the host (KRN-08)."""

    default_rule = APPROVALS
    problem = Text("Only an authority that one holds can be delegated.", "只能授出本人现有的权限。")


class _Checks(Fields):
    def check_id(self, value: object, field: str) -> str:
        """``value`` if it can name an actor, a branch or a position: an id, and no e-mail address."""
        if isinstance(value, str) and "@" in value:
            raise self._refuse(field, Text("an id without @", "不含 @ 的标识"))
        return super().check_id(value, field)


CHECKS: Final = _Checks(MalformedStaff)


def actor_id(value: object, field: str) -> ActorId:
    """The host's id of someone who acts. Raises :class:`MalformedStaff`."""
    return ActorId(CHECKS.check_id(value, field))


def _positions(given: Iterable[str]) -> tuple[str, ...]:
    positions = None if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    if not positions or len(positions) > _MOST_POSITIONS:
        accepted = Text(f"1 to {_MOST_POSITIONS} positions", f"1 到 {_MOST_POSITIONS} 个职位")
        raise MalformedStaff(field="positions", accepted=accepted)
    return tuple(sorted({CHECKS.check_id(position, "positions") for position in positions}))


@attrs.frozen
class Post:
    """Where someone works: the positions held (sorted, each once), the department, the branch.

    Which positions there are is the rulebook's (PPL-05). Raises :class:`MalformedStaff`. [PPL-01]

    >>> Post(["sales", "hr", "sales"], "front office", "hq").positions
    ('hr', 'sales')
    """

    positions: tuple[str, ...] = attrs.field(converter=_positions)
    department: str = attrs.field(validator=CHECKS.text(SHORT))
    branch: str = attrs.field(validator=CHECKS.id)


@attrs.frozen
class Term:
    """A post from ``since`` up to, and without, ``until``; None: until further notice. Instants are in UTC.

    Raises :class:`MalformedStaff` where it would end before it began, NaiveTime. [PPL-01]
    """

    post: Post
    since: datetime = attrs.field(converter=utc)
    until: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc))

    def __attrs_post_init__(self) -> None:
        if self.until is not None and self.until <= self.since:
            begins = self.since.isoformat()
            accepted = Text(f"after {begins}", f"晚于 {begins}")
            raise MalformedStaff(field="until", given=self.until, accepted=accepted)

    def holds(self, at: datetime) -> bool:
        """Whether it is served at an instant."""
        return self.since <= at and self.lasts_beyond(at)

    def lasts_beyond(self, at: datetime) -> bool:
        """Whether it ends after an instant, or not at all."""
        return self.until is None or at < self.until


#: In order, none over another.
Terms = tuple[Term, ...]


def ended(terms: Terms, at: datetime) -> Terms:
    """The terms up to ``at`` and nothing after: a leaving (PPL-01)."""
    return tuple(
        term if term.until is not None and term.until <= at else Term(term.post, term.since, at)
        for term in terms
        if term.since < at
    )


def reassigned(terms: Terms, post: Post, at: datetime) -> Terms:
    """The same time of service, from ``at`` on in another post; what is yet to begin is in it too (PPL-01)."""
    later = tuple(Term(post, max(term.since, at), term.until) for term in terms if term.lasts_beyond(at))
    return ended(terms, at) + later


def resumed(terms: Terms, term: Term) -> Terms:
    """The terms up to where ``term`` begins, then ``term``: a return, or a leaving that is taken back (PPL-01)."""
    return (*ended(terms, term.since), term)


@attrs.frozen
class StaffRules:
    """The house rules of staff: ``above`` are the positions that may give a position's authority away for its holder,
    without a second person (KRN-08)."""

    above: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


def _known(rules: StaffRules, book: Rulebook) -> Iterable[str]:
    for lower, above in rules.above.items() if PERMISSIONS in book else ():
        positions = book[PERMISSIONS].positions
        for name in sorted({lower, *above} - positions.keys()):
            yield f"no position {name}{nearest(name, positions)} @ $.staff.above.{lower}"


_ABOUT: Final = {"deputy": Placeholder.TEXT, "authority": Placeholder.TEXT, "until": Placeholder.INSTANT}
OCCASIONS: Final = occasions("delegation", {}, {"recorded": _ABOUT, "given": _ABOUT})
LABELS: Final = {"": Text("staff", "员工"), "above.*": Text("who is above {0}", "{0} 的上级职位")}
#: Records go by the current book: positions are what they are now.
STAFF_RULES: Section[StaffRules] = Section(
    "staff",
    StaffRules,
    check=_known,
    pinned=False,
    always=True,
    labels=LABELS,
    occasions=OCCASIONS,
    texts=texts_beside(__file__),
)
