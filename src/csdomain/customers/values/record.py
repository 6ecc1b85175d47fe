"""What a customer's record is made of."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum, unique
from typing import Any, Final, NewType

import attrs

from csdomain.customers import rules as r
from csdomain.frame.fields import LONG, SHORT, Fields
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken, fact_labels
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.birthdays import Birthday, LunarDay
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.personal import PersonalKind, mask, personal

CustomerId = NewType("CustomerId", str)
CUSTOMER_ID: Final = IdKind[CustomerId]("cus")
HealthFileId = NewType("HealthFileId", str)
HEALTH_FILE_ID: Final = IdKind[HealthFileId]("hlf")
HandoverId = NewType("HandoverId", str)
HANDOVER_ID: Final = IdKind[HandoverId]("hov")
ReleaseId = NewType("ReleaseId", str)
RELEASE_ID: Final = IdKind[ReleaseId]("rel")
CorrectionId = NewType("CorrectionId", str)
CORRECTION_ID: Final = IdKind[CorrectionId]("cor")
LeadId = NewType("LeadId", str)
LEAD_ID: Final = IdKind[LeadId]("led")
VehicleId = NewType("VehicleId", str)
VEHICLE_ID: Final = IdKind[VehicleId]("veh")
ConnectionId = NewType("ConnectionId", str)
CONNECTION_ID: Final = IdKind[ConnectionId]("con")
WorklistId = NewType("WorklistId", str)
WORKLIST_ID: Final = IdKind[WorklistId]("wkl")
_MOST: Final = 20
_YEARS: Final = (1850, 2200)
fact_labels({"customer": "客户", "into": "并入"})


class MalformedCustomer(InvalidValue):
    """What was given for a customer's record is too long, of no use, or not one of the house's (CUS-01)."""

    default_rule = r.REGISTRATION
    problem = Text("A field of the customer's record is not valid.", "客户档案的某一字段无效。")


class Incomplete(RuleBroken):
    """Fields that the house requires are missing: ``missing`` names every one (CUS-01)."""

    default_rule = r.REGISTRATION
    problem = Text("Required fields are missing.", "缺少必填项。")


class Merged(RuleBroken):
    """The record was merged: use the one that ``into`` names (CUS-13)."""

    default_rule = r.MERGING
    problem = Text("This customer's record was merged into another.", "该客户档案已并入另一份档案。")


FIELDS: Final = Fields(MalformedCustomer)


@unique
class CustomerKind(Enum):
    """Whether a customer is a person or a company."""

    PERSON = "person"
    COMPANY = "company"


@unique
class SpokenLanguage(Enum):
    """The language in which a customer is told."""

    ZH_HANS = "zh_hans"
    ZH_HANT = "zh_hant"
    EN = "en"


def _said(kind: PersonalKind = PersonalKind.OTHER, longest: int = SHORT) -> Any:
    return personal(kind, default="", validator=FIELDS.text(longest, empty=True))


def _several(kind: PersonalKind) -> Any:
    def check(_: object, attribute: "attrs.Attribute[Any]", value: tuple[object, ...]) -> None:
        if len(value) > _MOST:
            accepted = Text(f"at most {_MOST}", f"至多 {_MOST} 项")
            raise MalformedCustomer(field=attribute.name, accepted=accepted)
        for each in value:
            FIELDS.check_text(each, attribute.name, SHORT)

    def shown(values: tuple[str, ...]) -> str:
        return str(tuple(mask(kind, value) for value in values))

    return personal(kind, default=(), validator=check, repr=shown)


def _coded() -> Any:
    def check(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
        if value != "":
            FIELDS.check_id(value, attribute.name)

    return attrs.field(default="", validator=check)


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedCustomer))
class Profile:
    """What is known of a customer: the full file (CUS-02), but for health.

    ``name`` is the person's or the company's; ``contact_persons`` are others to talk to. A birth is ``born`` (solar) or
    ``born_lunar``, or only ``born_year``. ``source``, ``region`` are codes of the house; ``doctor`` and ``manager`` are
    actors. ``card`` is a member card, unique. ``extra`` are the fields that the house declares, dates as 2026-03-09.
    Raises :class:`MalformedCustomer`.
    """

    kind: CustomerKind = CustomerKind.PERSON
    name: str = _said(PersonalKind.NAME)
    title: str = _said()
    sex: str = _said()
    born: date | None = personal(PersonalKind.OTHER, default=None)  # noqa: RUF009 - as every field here
    born_lunar: LunarDay | None = personal(PersonalKind.OTHER, default=None)  # noqa: RUF009
    born_year: int | None = personal(PersonalKind.OTHER, default=None)
    phones: tuple[str, ...] = _several(PersonalKind.PHONE)
    emails: tuple[str, ...] = _several(PersonalKind.EMAIL)
    addresses: tuple[str, ...] = _several(PersonalKind.ADDRESS)
    company: str = _said(PersonalKind.NAME)
    contact_persons: tuple[str, ...] = _several(PersonalKind.NAME)
    source: str = _coded()
    region: str = _coded()
    doctor: str = _coded()
    manager: str = _coded()
    card: str = _said(PersonalKind.ID_NUMBER, 64)
    language: SpokenLanguage = SpokenLanguage.ZH_HANS
    personality: str = _said(longest=LONG)
    interests: str = _said(longest=LONG)
    hobbies: str = _said(longest=LONG)
    needs: str = _said(longest=LONG)
    remark: str = _said(longest=LONG)
    extra: Mapping[str, str] = personal(PersonalKind.OTHER, factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.born is not None and self.born_lunar is not None:
            raise MalformedCustomer(field="born_lunar", accepted=Text("one date of birth", "只填一个出生日期"))
        if type(self.born) is datetime:
            raise MalformedCustomer(field="born", accepted=Text("a date", "日期"))
        if self.born_year is not None and not _YEARS[0] <= self.born_year <= _YEARS[1]:
            raise MalformedCustomer(field="born_year", minimum=_YEARS[0], maximum=_YEARS[1])
        for value in self.extra.values():
            FIELDS.check_text(value, "extra", LONG, empty=True)
        self.birthday  # noqa: B018 - a lunar day that no year has is refused here

    @property
    def birthday(self) -> Birthday | None:
        """The birthday by the calendar of the birth; None where only the year is known, or nothing."""
        born = self.born_lunar or self.born
        return None if born is None else Birthday.on(born)

    def said(self, field: str) -> str:
        """A field, or one of the house's (``extra.fuel``), as text; ``born`` is any way of saying when."""
        if field.startswith("extra."):
            return self.extra.get(field.removeprefix("extra."), "")
        if field == "born" and self.born is None and self.born_lunar is None:
            field = "born_year"
        return _text(getattr(self, field if field != "born" or self.born is not None else "born_lunar"))

    def changed(self, after: "Profile") -> Mapping[str, str]:
        """The fields that ``after`` says otherwise, and what this says of them."""
        names = [field.name for field in attrs.fields(Profile) if field.name != "extra"]
        found = {n: _text(getattr(self, n)) for n in names if getattr(self, n) != getattr(after, n)}
        for name in sorted({*self.extra, *after.extra}):
            if self.extra.get(name) != after.extra.get(name):
                found[f"extra.{name}"] = self.extra.get(name, "")
        return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(value)
    if isinstance(value, LunarDay):
        return f"{value.year} {Birthday.on(value).key}"
    return value.value if isinstance(value, Enum) else str(value)


#: ``born`` is any way of saying when.
FIELD_NAMES: Final = tuple(
    f.name for f in attrs.fields(Profile) if f.name not in ("kind", "extra", "born_lunar", "born_year")
)


@attrs.frozen
class Past:
    """What fields of a record said ``until`` somebody changed them (CUS-11)."""

    until: datetime
    by: ActorId
    values: Mapping[str, str] = personal(PersonalKind.OTHER)


@attrs.frozen
class Tenure:
    """Who represents a customer from ``since`` up to, and without, ``until``; None: until further notice (CUS-08).

    ``why`` is ``first``, ``assigned``, ``claimed`` or ``handover``.
    """

    representative: ActorId
    since: datetime
    until: datetime | None = None
    why: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedCustomer))
class VehicleData:
    """What is known of a vehicle; ``unit`` is the device that is fitted to it. Raises :class:`MalformedCustomer`."""

    plate: str = _said(PersonalKind.ID_NUMBER, 64)
    unit: str = _coded()
    driver: str = _said(PersonalKind.NAME)
    tyre: str = _said()
    fuel: str = _coded()


@unique
class Step(Enum):
    """What connecting a customer takes once the account is open (CUS-20)."""

    VEHICLES = "vehicles"
    SMS = "sms"
    PHONE = "phone"
    EXPLAINED = "explained"


@unique
class ListKind(Enum):
    """What is done with the customers of a list: new ones are assigned, lapsed ones set apart (CUS-09, CUS-18)."""

    NEW = "new"
    LAPSED = "lapsed"
