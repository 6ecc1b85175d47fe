"""What jobs, checks and trials are made of, and the house rules they go by: the section ``[service_desk]``."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum, unique
from typing import Any, Final, NewType

import attrs

from csdomain.frame.effects import occasions
from csdomain.frame.fields import ERASED, SHORT, Fields
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault, InvalidValue
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.kernel.values.personal import PersonalKind, personal
from csdomain.rulebook import POSITION, Label, Rulebook, Section, Unit, texts_beside

from .rules import INTAKE

JobId = NewType("JobId", str)
CheckId = NewType("CheckId", str)
TrialId = NewType("TrialId", str)
JOB_ID: Final = IdKind[JobId]("job")
CHECK_ID: Final = IdKind[CheckId]("chk")
TRIAL_ID: Final = IdKind[TrialId]("tri")


class MalformedJob(InvalidValue):
    """What was given for a job, a check or a trial is missing, too long, or not possible (SVC-02)."""

    default_rule = INTAKE
    problem = Text("A field of the service order is missing or not valid.", "服务单的某一字段缺失或无效。")


FIELDS: Final = Fields(MalformedJob)


@unique
class Kind(Enum):
    """The four kinds of service (SVC-01)."""

    PAID = "A"
    CONTRACT = "B"
    FREE = "C"
    INTERNAL = "D"


@unique
class Charging(Enum):
    """How the fee of a job is charged (SVC-05)."""

    NONE = "none"
    ON_THE_SPOT = "on_the_spot"
    BY_INVOICE = "by_invoice"


def aware(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """A validator: an instant with its zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise MalformedJob(field=attribute.name, accepted=Text("an instant with its zone", "带时区的时间"))


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedJob))
class Contact:
    """Who called, where, and how they are reached (SVC-02)."""

    name: str = personal(PersonalKind.NAME, erased=ERASED, validator=FIELDS.text(SHORT))
    phone: str = personal(PersonalKind.PHONE, default="", validator=FIELDS.text(SHORT, empty=True))
    address: str = personal(PersonalKind.ADDRESS, default="", validator=FIELDS.text(400, empty=True))


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedJob))
class Product:
    """What is serviced: its model and specification, and when and where it was bought (SVC-02)."""

    model: str = attrs.field(validator=FIELDS.id)
    specification: str = FIELDS.remarks(SHORT)
    bought_on: date | None = None
    bought_at: str = FIELDS.remarks(SHORT)


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedJob))
class Call:
    """A call, or a letter: for whom, of which kind, about what.

    ``cover`` is why it costs nothing: the number of the contract (B), or a code of the house (C). (SVC-01, SVC-02)
    """

    kind: Kind
    contact: Contact
    product: Product
    problem: str = FIELDS.words()
    customer: str = ""
    cover: str = ""
    out_of_town: bool = False

    def __attrs_post_init__(self) -> None:
        for name in ("customer", "cover"):
            FIELDS.check_id(getattr(self, name) or "-", name)
        own = self.kind is Kind.INTERNAL
        if own is bool(self.customer):
            accepted = Text("a customer, but for an internal job", "须有客户；内部服务除外")
            raise MalformedJob(field="customer", accepted=accepted)
        if not own:
            for name in ("phone", "address"):
                FIELDS.check_text(getattr(self.contact, name), name)


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedJob))
class Work:
    """What was done on a visit, and from when to when (SVC-06)."""

    done: str = FIELDS.words()
    began: datetime = attrs.field(validator=aware)
    ended: datetime = attrs.field(validator=aware)

    @property
    def minutes(self) -> int:
        """How long it took."""
        return int((self.ended - self.began).total_seconds()) // 60


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedJob))
class Trip:
    """Going out of town for a job: who goes where, the days, both in, and what it will cost (SVC-08)."""

    technician: str = attrs.field(validator=FIELDS.id)
    town: str = attrs.field(validator=FIELDS.id)
    since: date
    until: date
    estimate: Money

    def __attrs_post_init__(self) -> None:
        if self.until < self.since:
            raise MalformedJob(
                field="until", given=self.until, accepted=Text("an end after the start", "结束不早于开始")
            )
        if self.estimate.minor < 0:
            raise MalformedJob(field="estimate", given=self.estimate, accepted=Text("an amount ≥ 0", "≥ 0 的金额"))


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedJob))
class InHand:
    """A voucher as it lies on the desk: whether the customer has signed, and the figures on it (SVC-07)."""

    voucher: str = attrs.field(validator=FIELDS.id)
    signed: bool = False
    minutes: int | None = None
    fee: Money | None = None


@attrs.frozen(kw_only=True)
class Entry:
    """A line of the register as a voucher should say it; ``here``: the voucher lies on the desk."""

    voucher: str
    here: bool
    signed: bool = False
    minutes: int | None = None
    fee: Money | None = None


@attrs.frozen(kw_only=True)
class Difference:
    """What register and voucher say differently: ``missing``, ``unknown``, ``elsewhere``, or the field (SVC-07)."""

    voucher: str
    what: str
    register: str = ""
    paper: str = ""
    cleared: str = FIELDS.remarks()
    cleared_by: str = ""


@attrs.frozen(kw_only=True)
class ServiceRules:
    """The house rules of the service desk.

    ``number`` and ``voucher`` are how jobs and vouchers are numbered, ``copies`` what each copy of a voucher is for.
    ``manager`` dispatches, approves and countersigns, ``clerk`` archives and answers. ``free_reasons`` are the codes
    for which a service is free of charge, of which ``warranty`` holds for ``warranty_months`` from the purchase
    (SVC-01). ``costs`` are the kinds of cost of a trip (SVC-08). Advice is answered within ``answer_within`` (SVC-13).
    ``remind_before`` days before its end somebody is reminded of a trial, which ends in one of ``outcomes`` (SVC-12).
    ``hold_reasons`` are the codes for which law may demand that jobs are kept when their customer is erased (KRN-14).
    """

    number: NumberPattern
    voucher: NumberPattern
    copies: tuple[str, ...]
    manager: str = attrs.field(metadata=POSITION)
    clerk: str = attrs.field(metadata=POSITION)
    free_reasons: tuple[str, ...]
    warranty_months: int
    costs: tuple[str, ...]
    answer_within: Duration
    remind_before: int
    outcomes: tuple[str, ...]
    hold_reasons: tuple[str, ...] = ()


def _whole(rules: ServiceRules, book: Rulebook) -> Iterable[str]:
    for name in ("warranty_months", "remind_before"):
        if getattr(rules, name) < 0:
            yield Fault.of(Text("an integer ≥ 0 expected", "须为 ≥ 0 的整数"), f"$.service_desk.{name}")
    if "payments" not in book.parts:
        yield Fault.of(Text("fees need the section [payments]", "收费须有 [payments] 一节"), "$.service_desk")


_T, _N, _M, _I, _D = Placeholder.TEXT, Placeholder.NUMBER, Placeholder.MONEY, Placeholder.INSTANT, Placeholder.DATE
OCCASIONS: Final = (
    *occasions(
        "job",
        {"expected": {"expected": _I}, "put_off": {}, "cancelled": {}},
        {
            "to_dispatch": {},
            "dispatched": {"expected": _I},
            "called_off": {},
            "late": {"technician": _T, "expected": _I},
            "unsigned": {"technician": _T},
            "to_countersign": {"minutes": _N},
            "to_archive": {},
            "income": {"customer": _T, "amount": _M},
            "purchase": {"amount": _M},
            "survey": {"customer": _T},
            "to_approve": {"technician": _T, "amount": _M},
            "approved": {},
            "refused": {},
            "question": {},
            "unanswered": {},
        },
    ),
    *occasions("register_check", {}, {"differences": {"day": _D, "differences": _N}}),
    *occasions("trial", {}, {"ending": {"product": _T, "until": _D}}),
)
LABELS: Final[Mapping[str, Text]] = {
    "": Text("service desk", "服务台"),
    "number": Text("numbers of jobs", "服务单编号"),
    "voucher": Text("numbers of vouchers", "服务凭单编号"),
    "copies": Text("copies of a voucher", "凭单各联"),
    "manager": Text("who dispatches and countersigns", "派工与复核人"),
    "clerk": Text("who archives and answers", "归档与答复人"),
    "free_reasons": Text("reasons for a free service", "免费服务事由"),
    "warranty_months": Label("warranty", "保修期", Unit.MONTHS),
    "costs": Text("kinds of cost", "成本种类"),
    "answer_within": Text("time to answer a question", "咨询答复时限"),
    "remind_before": Label("reminder before a trial ends", "试用期满前提醒", Unit.DAYS),
    "outcomes": Text("outcomes of a trial", "试用结果"),
    "hold_reasons": Text("reasons to keep a job", "服务单保留事由"),
}
SERVICE_RULES: Section[ServiceRules] = Section(
    "service_desk", ServiceRules, check=_whole, occasions=OCCASIONS, labels=LABELS, texts=texts_beside(__file__)
)
#: A check and a trial are of the day: the current rules hold.
CURRENT_RULES: Final[Section[ServiceRules]] = attrs.evolve(SERVICE_RULES, pinned=False)
