"""The sections every rulebook has: the organisation and its branches, its calendars, and who may do what."""

from collections.abc import Iterable, Mapping

import attrs

from csdomain.kernel.actors import Scope, matching
from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.calendar_spec import zone_of
from csdomain.kernel.money import exponent

from .sections import Rulebook, Section


@attrs.frozen
class CalendarRules:
    """A working calendar of the house, and the name of the public holidays that are added to it (``CN``; or none)."""

    spec: CalendarSpec
    public_holidays: str = ""


@attrs.frozen
class Branch:
    """A branch: its time zone and the calendar its deadlines run on. Empty: as the organisation's."""

    zone: str = ""
    calendar: str = ""

    def __attrs_post_init__(self) -> None:
        if self.zone:
            zone_of(self.zone)


@attrs.frozen
class Organisation:
    """The house: its currency (ISO 4217), time zone (IANA), usual calendar, and its branches by id.

    A branch that is not listed is as the organisation says.
    """

    currency: str
    zone: str
    calendar: str
    branches: Mapping[str, Branch] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        exponent(self.currency)
        zone_of(self.zone)


@attrs.frozen
class PermissionRules:
    """The permission matrix: what each role may do and how far, and the roles of each position (KRN-13)."""

    roles: Mapping[str, Mapping[str, Scope]]
    positions: Mapping[str, tuple[str, ...]]


def _calendars_known(house: Organisation, book: Rulebook) -> Iterable[str]:
    if CALENDARS not in book:
        return []
    names = book[CALENDARS]
    wanted = {"$.organisation.calendar": house.calendar} | {
        f"$.organisation.branches.{name}.calendar": branch.calendar
        for name, branch in house.branches.items()
        if branch.calendar
    }
    return [f"no calendar {name} @ {path}" for path, name in wanted.items() if name not in names]


def _roles_known(matrix: PermissionRules, book: Rulebook) -> Iterable[str]:
    faults = [
        f"no such permission @ $.permissions.roles.{role}.{pattern}"
        for role, grants in matrix.roles.items()
        for pattern in grants
        if not matching(pattern, book.actions)
    ]
    return faults + [
        f"no role {role} @ $.permissions.positions.{position}"
        for position, roles in matrix.positions.items()
        for role in roles
        if role not in matrix.roles
    ]


ORGANISATION: Section[Organisation] = Section("organisation", Organisation, check=_calendars_known, required=True)
CALENDARS: Section[dict[str, CalendarRules]] = Section("calendars", dict[str, CalendarRules], required=True)
PERMISSIONS: Section[PermissionRules] = Section("permissions", PermissionRules, check=_roles_known, required=True)
#: What every rulebook has, whatever contexts it turns on.
COMMON: tuple[Section[Organisation] | Section[dict[str, CalendarRules]] | Section[PermissionRules], ...] = (
    ORGANISATION,
    CALENDARS,
    PERMISSIONS,
)
