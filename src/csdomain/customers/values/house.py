"""The house rules of customers: the section ``[customers]`` of a rulebook."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum, unique
from itertools import pairwise
from pathlib import Path
from typing import Final

import attrs

from csdomain.customers import rules as r
from csdomain.frame.effects import occasions
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault, typed_in
from csdomain.kernel.values.durations import Duration, WorkingDays
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import POSITION, Rulebook, Section, texts_beside

from .record import FIELD_NAMES, FIELDS, Incomplete, MalformedCustomer, Profile

_FEWEST_DIGITS: Final = 3
_MOST_YEARS: Final = 100


@unique
class VehicleKey(Enum):
    """By what a house tells vehicles apart."""

    PLATE = "plate"
    UNIT = "unit"


@unique
class Figure(Enum):
    """What a customer is graded by: what was paid and complained of in the time, and what is owed (CUS-07)."""

    SPEND = "spend"
    COMPLAINTS = "complaints"
    UNPAID = "unpaid"


@attrs.frozen(kw_only=True)
class Criterion:
    """What a figure says of a grade: for each grade but the last, the best first, how much it takes.

    ``at_least`` where more is better, else ``at_most``; money in whole units of the currency. [CUS-07]
    """

    figure: Figure
    at_least: tuple[int, ...] = ()
    at_most: tuple[int, ...] = ()

    def rank(self, value: int) -> int:
        """The place of the grade that the value comes to, 0 for the best."""
        more = (place for place, least in enumerate(self.at_least) if value >= least)
        less = (place for place, most in enumerate(self.at_most) if value <= most)
        return next(more if self.at_least else less, len(self.at_least) + len(self.at_most))


@unique
class ExtraType(Enum):
    """What a field of the house's own holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"


@attrs.frozen(kw_only=True)
class ExtraField:
    """A field of the house's own: its type, the ``choices`` of a choice, whether customers are found by it."""

    type: ExtraType = ExtraType.TEXT
    choices: tuple[str, ...] = ()
    searchable: bool = False

    def takes(self, value: str) -> bool:
        """Whether the field takes ``value``; an empty one says nothing and is taken."""
        try:
            if value and self.type is ExtraType.NUMBER:
                return Decimal(value).is_finite()
            if value and self.type is ExtraType.DATE:
                return date.fromisoformat(value).isoformat() == value
        except (ValueError, InvalidOperation):
            return False
        return self.type is not ExtraType.CHOICE or value in ("", *self.choices)


@attrs.frozen(kw_only=True)
class CustomerRules:
    """The house rules of customers.

    ``required`` are the fields without which nobody is registered (CUS-01; ``born`` is any way of saying when), and
    ``extra`` the house's own (CUS-17). ``file_number`` is how files are numbered (CUS-03), none where they are not.
    ``sources``, ``intentions``, ``grades`` (best first) and ``lost_reasons`` are codes; where ``sources`` is empty any
    is taken. ``hold_reasons`` are the codes for which law may demand that a record is kept (KRN-14).

    ``manager`` is the position that signs papers about customers, ``clerk`` the one that carries them out.
    ``handover_fields`` are what the form of a handover asks; ``contact_within`` of the signature the new representative
    contacts the customer (CUS-08). ``sales`` is the position that follows up leads (CUS-16); ``provisioning`` whoever
    opens accounts: its secret lapses ``sealed_for`` after (CUS-12). ``file_within``: to file the forms of a new
    customer, and for the first contact (CUS-09). No two vehicles in use have the same ``vehicle_key``.
    ``grading`` are the criteria by which the planner grades each month, over the last ``graded_over`` months (CUS-07).
    Customers who had no contact for ``keep_years`` are erased by the planner (KRN-14).
    """

    manager: str = attrs.field(metadata=POSITION)
    clerk: str = attrs.field(metadata=POSITION)
    sales: str = attrs.field(metadata=POSITION)

    required: tuple[str, ...] = ("name", "phones")
    extra: Mapping[str, ExtraField] = attrs.field(factory=dict)
    file_number: NumberPattern | None = None
    sources: tuple[str, ...] = ()
    intentions: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    lost_reasons: tuple[str, ...] = ()
    hold_reasons: tuple[str, ...] = ()
    handover_fields: tuple[str, ...] = ()
    contact_within: Duration = WorkingDays(1)  # noqa: RUF009 - frozen
    provisioning: str = "provisioning"
    sealed_for: Duration = WorkingDays(1)  # noqa: RUF009
    file_within: Duration = WorkingDays(1)  # noqa: RUF009
    vehicle_key: VehicleKey = VehicleKey.PLATE
    grading: tuple[Criterion, ...] = ()
    graded_over: int = 12
    keep_years: int | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that a record can have; the house's own are ``extra.fuel``."""
        return (*FIELD_NAMES, *(f"extra.{name}" for name in self.extra))

    def check_form(self, entries: Mapping[str, str]) -> None:
        """Refuse the form of a handover that the house does not take. Raises Incomplete, MalformedCustomer. [CUS-08]"""
        FIELDS.check_known(entries, self.handover_fields, "entries")
        missing = tuple(field for field in self.handover_fields if not entries.get(field, "").strip())
        if missing:
            every = ", ".join(self.handover_fields)
            raise Incomplete(r.TENURE, missing=missing, accepted=Text(every, every))

    def check(self, profile: Profile) -> None:
        """Refuse a record that the house does not take. Raises Incomplete, MalformedCustomer. [CUS-01, CUS-17]"""
        missing = tuple(field for field in self.required if not profile.said(field).strip())
        if missing:
            every = ", ".join(self.required)
            raise Incomplete(missing=missing, accepted=Text(every, every))
        if any(sum(c.isdecimal() for c in phone) < _FEWEST_DIGITS for phone in profile.phones):
            accepted = Text(f"a number of {_FEWEST_DIGITS} digits or more", f"至少 {_FEWEST_DIGITS} 位数字的号码")
            raise MalformedCustomer(field="phones", accepted=accepted)
        if self.sources and profile.source:
            one_of(profile.source, self.sources, "source")
        for name, value in profile.extra.items():
            one_of(name, tuple(self.extra), "extra")
            field = self.extra[name]
            if not field.takes(value):
                kind = ", ".join(field.choices) or field.type.value
                raise MalformedCustomer(r.EXTRA_FIELDS, field=f"extra.{name}", accepted=Text(kind, kind))


def one_of(code: str, known: tuple[str, ...], field: str) -> str:
    """``code`` if the house has it. Raises MalformedCustomer."""
    if code not in known:
        every = ", ".join(known) or "-"
        raise MalformedCustomer(field=field, given=typed_in(code), accepted=Text(every, every))
    return code


def _known(rules: CustomerRules, _: Rulebook) -> Iterable[str]:
    for place, criterion in enumerate(rules.grading):
        limits, sign = criterion.at_least or criterion.at_most, -1 if criterion.at_least else 1
        falls = all(sign * one < sign * two for one, two in pairwise(limits))
        if bool(criterion.at_least) is bool(criterion.at_most) or len(limits) != len(rules.grades) - 1 or not falls:
            said = Text("a limit for each grade but the last, from the best on", "除末级外每级一个界限，由优到劣")
            yield Fault.of(said, f"$.customers.grading[{place}]")
    for setting in ("graded_over", "keep_years"):
        if (value := getattr(rules, setting)) is not None and not 0 < value <= _MOST_YEARS:
            yield Fault.of(Text(f"1 to {_MOST_YEARS}", f"1 到 {_MOST_YEARS}"), f"$.customers.{setting}")
    for place, name in enumerate(rules.required):
        if name not in rules.fields:
            yield f"no field {name} @ $.customers.required[{place}]"


_T: Final = Placeholder.TEXT
_ABOUT: Final[Mapping[str, Placeholder]] = {"customer": _T}
_OF_FIELD: Final[Mapping[str, Placeholder]] = {**_ABOUT, "field": _T}
OCCASIONS: Final = (
    *occasions("customer", {}, {"assigned": {"representative": _T}, "offered": {"representative": _T}}),
    *occasions("handover", {}, dict.fromkeys(("filed", "signed", "transferred", "ended", "not_contacted"), _ABOUT)),
    *occasions("release", {}, dict.fromkeys(("asked", "signed", "ended"), _ABOUT)),
    *occasions("correction", {}, dict.fromkeys(("reported", "ordered", "ended"), _OF_FIELD)),
    *occasions("lead", {}, {"noted": {}, "closed": {}}),
    *occasions(
        "connection",
        {"account": {"account": _T}},
        dict.fromkeys(("received", "order_account", "secret_lapsed", "late"), _ABOUT),
    ),
    *occasions("worklist", {}, {"handed": {"customers": Placeholder.NUMBER}, "done": {}}),
)
LABELS: Final[Mapping[str, Text]] = {
    "": Text("customers", "客户"),
    "required": Text("required fields", "必填项"),
    "extra.*": Text("the house's own field {0}", "自定栏目 {0}"),
    "extra.*.type": Text("type of {0}", "{0} 的类型"),
    "extra.*.choices": Text("choices of {0}", "{0} 的选项"),
    "extra.*.searchable": Text("found by {0}", "可按 {0} 查找"),
    "file_number": Text("numbers of files", "档案编号"),
    "sources": Text("sources of customers", "客户来源"),
    "intentions": Text("intentions of customers", "客户意向"),
    "grades": Text("grades of customers", "客户等级"),
    "lost_reasons": Text("why customers leave", "客户流失原因"),
    "hold_reasons": Text("reasons to keep a record", "档案保留事由"),
    "manager": Text("who signs papers about customers", "客户单据签核职位"),
    "clerk": Text("who carries out papers about customers", "客户单据办理职位"),
    "grading": Text("criteria of grades", "评级标准"),
    "grading.*": Text("criterion {0}", "标准 {0}"),
    "grading.*.figure": Text("figure of {0}", "{0} 的指标"),
    "grading.*.at_least": Text("at least, of {0}", "{0} 的下限"),
    "grading.*.at_most": Text("at most, of {0}", "{0} 的上限"),
    "graded_over": Text("months that are graded", "评级所依据的月数"),
    "keep_years": Text("years without contact after which a customer is erased", "无联系后抹除客户的年数"),
    "sales": Text("who follows up leads", "需求跟进职位"),
    "provisioning": Text("who opens accounts", "账号开通方"),
    "sealed_for": Text("time to deliver a secret", "初始密码送达时限"),
    "file_within": Text("time to file and contact a new customer", "新客户归档与首次联系时限"),
    "vehicle_key": Text("what tells vehicles apart", "车辆唯一标识"),
    "handover_fields": Text("fields of a handover", "客户交接单栏目"),
    "contact_within": Text("time for the first contact after a handover", "交接后首次联系时限"),
}
#: Records go by the current book.
CUSTOMER_RULES: Section[CustomerRules] = Section(
    "customers",
    CustomerRules,
    check=_known,
    pinned=False,
    occasions=OCCASIONS,
    labels=LABELS,
    texts=texts_beside(Path(__file__).parent),
)
