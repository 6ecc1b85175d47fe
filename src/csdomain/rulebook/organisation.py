"""The sections every rulebook has: the organisation and its branches, its calendars, and who may do what."""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.calendar.values import WEEKDAYS
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault
from csdomain.kernel.values.actors import Scope, matching
from csdomain.kernel.values.money import UnknownCurrency, exponent

from .nearest import meant
from .sections import CALENDAR_NAME, ROLE, Label, Rulebook, Section, Unit


@attrs.frozen
class CalendarRules:
    """A working calendar of the house, and the name of the public holidays that are added to it (``CN``; or none)."""

    spec: CalendarSpec
    public_holidays: str = ""


@attrs.frozen
class Branch:
    """A branch: its time zone and the calendar its deadlines run on. Empty: as the organisation's."""

    zone: str = ""
    calendar: str = attrs.field(default="", metadata=CALENDAR_NAME)

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
    calendar: str = attrs.field(metadata=CALENDAR_NAME)
    branches: Mapping[str, Branch] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        try:
            exponent(self.currency)
        except UnknownCurrency as error:
            raise UnknownCurrency(accepted=error.accepted, field="currency", given=self.currency) from None
        zone_of(self.zone)


@attrs.frozen
class PermissionRules:
    """The permission matrix: what each role may do and how far, and the roles of each position (KRN-13).

    ``conceal`` answers those who may not read a record as if there were none.
    """

    roles: Mapping[str, Mapping[str, Scope]]
    positions: Mapping[str, tuple[str, ...]] = attrs.field(metadata=ROLE)
    conceal: bool = False


def _permissions_known(matrix: PermissionRules, book: Rulebook) -> Iterable[str]:
    for role, grants in matrix.roles.items():
        for pattern in grants:
            if not matching(pattern, book.actions):
                hint = meant(pattern, book.actions)
                said = Text(f"no such permission{hint.en}", f"没有此权限{hint.zh}")
                yield Fault.of(said, f"$.permissions.roles['{role}']['{pattern}']")


def _week() -> Iterable[tuple[str, Text]]:
    for day, en, zh in zip(WEEKDAYS, _DAYS_EN, "一二三四五六日", strict=True):
        yield f"*.weekly.{day}", Label(f"calendar {{0}}, {en}", f"日历 {{0}}，星期{zh}", Unit.HOURS)


_DAYS_EN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORGANISATION: Section[Organisation] = Section(
    "organisation",
    Organisation,
    required=True,
    pinned=False,
    labels={
        "": Text("organisation", "组织"),
        "currency": Text("currency of the house", "本位货币"),
        "zone": Text("time zone of the house", "本公司时区"),
        "calendar": Text("calendar that deadlines run on", "期限所依日历"),
        "branches.*": Text("branch {0}", "分支 {0}"),
        "branches.*.zone": Text("time zone of branch {0}", "分支 {0} 的时区"),
        "branches.*.calendar": Text("calendar of branch {0}", "分支 {0} 的日历"),
    },
)
CALENDARS: Section[dict[str, CalendarRules]] = Section(
    "calendars",
    dict[str, CalendarRules],
    required=True,
    pinned=False,
    labels={
        "": Text("calendars", "日历"),
        "*": Text("calendar {0}", "日历 {0}"),
        "*.zone": Text("time zone of calendar {0}", "日历 {0} 的时区"),
        "*.unpublished": Text("years of calendar {0} that are not published", "日历 {0} 未公布的年份"),
        "*.public_holidays": Text("public holidays of calendar {0}", "日历 {0} 的法定假日"),
        "*.holidays": Text("holidays of calendar {0}", "日历 {0} 的假日"),
        "*.yearly_holidays": Text("yearly holidays of calendar {0}", "日历 {0} 的每年假日"),
        "*.make_up_days": Text("make-up working days of calendar {0}", "日历 {0} 的调休上班日"),
        "*.date_hours.*": Label("calendar {0}, {1}", "日历 {0}，{1}", Unit.HOURS),
        "*.closures": Text("closures of calendar {0}", "日历 {0} 的临时关闭"),
        **dict(_week()),
    },
)
PERMISSIONS: Section[PermissionRules] = Section(
    "permissions",
    PermissionRules,
    check=_permissions_known,
    required=True,
    pinned=False,
    labels={
        "": Text("permissions", "权限"),
        "roles.*": Text("role {0}", "角色 {0}"),
        "positions.*": Text("position {0}", "职位 {0}"),
        "conceal": Text("records are concealed from those who may not read them", "对无权查阅者隐去记录的存在"),
    },
)
#: What every rulebook has, whatever contexts it turns on.
COMMON: tuple[Section[Organisation] | Section[dict[str, CalendarRules]] | Section[PermissionRules], ...] = (
    ORGANISATION,
    CALENDARS,
    PERMISSIONS,
)
