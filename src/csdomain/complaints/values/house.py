"""The house rules of complaints: the section ``[complaints]`` of a rulebook."""

from collections.abc import Iterable, Mapping
from enum import Enum, unique
from itertools import pairwise
from pathlib import Path as Folder
from typing import Any, Final

import attrs

from csdomain.casework.chasing import Chasing
from csdomain.casework.letters import Disclosure
from csdomain.casework.related import RelatedCases
from csdomain.frame.fields import one_of
from csdomain.kernel.cases.timers import check_warnings
from csdomain.kernel.papers.approvals import ApprovalLadder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault, typed_in
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.money import Money, in_currency
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import MISSING, ORGANISATION, POSITION, Rulebook, Section, texts_beside, unknown

from .form import EXTRA_TYPES, IN_STEP, ComplaintForm, MalformedForm, MalformedStep
from .labels import LABELS
from .occasions import OCCASIONS, OF_DEPARTMENTS
from .outcome import Classification, Judgement, PenaltyRate, ProposedPenalty, Remedy

_COPIES_FEWEST = 4  # CMP-28 names the fourth
_MONTH_LONGEST = 28
#: The roles on papers that follow a decision: the house says which position signs as each (CMP-20…22, KRN-09).
SIGNERS: Final = (DEPUTY_FOR_SALES := "deputy_for_sales", GENERAL_MANAGER := "general_manager")
#: What a house may name a position for: the permission of the work. The rest names its position elsewhere.
DESKS: Final = (
    *("check", "accept", "inspect", "sell", "sign", "warehouse", "finance"),
    *("personnel", "penalise", "improve", "review"),
)
#: The rules whose clocks may stand still.
CLOCKS: Final = ("CMP-04", "CMP-05", "CMP-06", "CMP-07", "CMP-18", "CMP-19", "CMP-29")
#: Who signs the form at which step, by department: what ``signatures`` may want before anyone decides.
SALES, SERVICE, RND, RULING = "sales", "customer_service", "rnd", "ruling"
STEPS: Final = (SALES, SERVICE, RND, RULING)
_SIGNER: Final = Text("signer of the form", "签核者")
_ROLE_SIGNED: Final = Text("role on a paper", "单据上的签核身份")
_SOMEBODY = IN_STEP.id  # to be told: nobody could be, else


@unique
class Path(Enum):
    """The variant of the flow: by amount and through departments (A), or by level (B)."""

    DEPARTMENTS = "departments"
    LEVELS = "levels"


@unique
class StageName(Enum):
    """The stages that have a limit of their own (CMP-05)."""

    SALES_CHECK = "sales_check"
    RND = "rnd"
    CUSTOMER_SERVICE = "customer_service"
    DECISION = "decision"


@attrs.frozen
class Stage:
    """How long a department's stage may take, and the position that is told of an overrun (CMP-05)."""

    within: Duration
    superior: str = attrs.field(validator=_SOMEBODY, metadata=POSITION)


@attrs.frozen
class CaseClass:
    """A class of complaints: whether it is a quality fault, the causes under it, and those of them that are grave.

    Causes in ``harm`` are grave, and marked as harm or loss from a service. [CMP-02, CMP-16, CMP-30]
    """

    quality: bool
    causes: tuple[str, ...]
    grave: tuple[str, ...] = ()
    harm: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        for name, causes in (("grave", self.grave), ("harm", self.harm)):
            IN_STEP.check_known(causes, self.causes, name, named=True)


@attrs.frozen
class WithoutAmount:
    """Who decides where no amount is claimed or granted: a grave complaint, an ordinary one (CMP-16)."""

    grave: str = attrs.field(metadata=POSITION)
    ordinary: str = attrs.field(metadata=POSITION)


@attrs.frozen
class Copies:
    """Who gets which copy: of the complaint form (CMP-28), the return slip (CMP-22), the certificate (CMP-21).

    The order is that of the copies' numbers.
    """

    form: tuple[str, ...]
    slip: tuple[str, ...]
    certificate: tuple[str, ...]

    def __attrs_post_init__(self) -> None:
        for name, copies in (("form", self.form), ("slip", self.slip)):
            if len(copies) < _COPIES_FEWEST:
                raise MalformedForm(field=name, given=len(copies), minimum=_COPIES_FEWEST)


@attrs.frozen
class Numbers:
    """How slips, certificates, memoranda and penalty notices are numbered (KRN-10)."""

    slip: NumberPattern
    certificate: NumberPattern
    memorandum: NumberPattern
    penalty: NumberPattern


@attrs.frozen(kw_only=True)
class ComplaintRules:
    """The house rules of complaints.

    ``number`` is how forms are numbered. ``close_within`` runs from acceptance (CMP-04), with ``warnings`` at those
    percentages of it; ``overrun_to`` is the position that is told of an overrun. ``ladder`` are the authorities by
    amount (CMP-11); on the path ``levels`` they are the levels as well, lowest first (CMP-18). ``signatures`` must be
    on the form before anyone decides, R&D's only for a quality fault. ``handled_by`` names who sees to complaining
    customers (CMP-17), ``grave_to`` gets grave ones at once (CMP-16). ``review_by`` is the day of the next month by
    which closed cases are reviewed, ``review_units`` those among which the liable one is decided (CMP-20). ``extra``
    are the house's own fields of the form and their types. ``hold_reasons`` are the codes of what demands by law that
    a case is kept; those of the current rulebook count, also for a case that pinned an older one (KRN-14).
    ``signers`` name the position that signs in a role on a paper (KRN-09). With ``different_people`` nobody does two of
    ruling on the report, deciding, and signing the papers that follow. ``related`` says which cases stand beside one
    that is decided (KRN-08).
    ``disclosure`` says what a letter to the customer must not repeat (CMP-13). ``desks`` say which position does what;
    ``stands_still`` are the rules whose clocks stand still while a case waits for the customer (KRN-06); ``priorities``
    the house's own, the most urgent first; ``named_before_closing`` that a case is closed only with somebody named
    (CMP-17).
    ``dismissal`` are the authorities that dismiss a complaint as not established, by the amount claimed (CMP-15);
    without it they are those of ``ladder``.
    """

    path: Path
    number: NumberPattern
    numbers: Numbers
    copies: Copies
    ladder: ApprovalLadder
    without_amount: WithoutAmount
    overrun_to: str = attrs.field(validator=_SOMEBODY, metadata=POSITION)
    handled_by: str = attrs.field(validator=_SOMEBODY, metadata=POSITION)
    grave_to: str = attrs.field(validator=_SOMEBODY, metadata=POSITION)
    classes: Mapping[str, CaseClass]
    close_within: Duration | None = None
    warnings: tuple[int, ...] = ()
    stages: Mapping[str, Stage] = attrs.field(factory=dict)
    chasing: Chasing | None = None
    report_within: Duration | None = None
    ruling_by: str = attrs.field(default="", metadata=POSITION)
    signatures: tuple[str, ...] = ()
    loss_basis: tuple[str, ...] = ()
    penalty_basis: tuple[PenaltyRate, ...] = ()
    disciplines: tuple[str, ...] = ()
    review_by: int | None = None
    review_units: tuple[str, ...] = ()
    extra: Mapping[str, str] = attrs.field(factory=dict)
    hold_reasons: tuple[str, ...] = ()
    signers: Mapping[str, str] = attrs.field(factory=dict, metadata=POSITION)
    different_people: bool = False
    related: RelatedCases | None = None
    disclosure: Disclosure = attrs.field(factory=Disclosure)
    desks: Mapping[str, str] = attrs.field(factory=dict)
    stands_still: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    named_before_closing: bool = False
    dismissal: ApprovalLadder | None = None

    def __attrs_post_init__(self) -> None:
        check_warnings(self.warnings)
        for field, given, names in (("desks", self.desks, DESKS), ("stands_still", self.stands_still, CLOCKS)):
            IN_STEP.check_known(given, names, field, named=True)
        for name, kind in self.extra.items():
            if kind not in EXTRA_TYPES:
                raise MalformedForm(field=f"extra.{name}", given=kind, accepted=one_of(EXTRA_TYPES))
        IN_STEP.check_known(self.stages, sorted(stage.value for stage in StageName), "stages", named=True)
        if self.review_by is not None and not 1 <= self.review_by <= _MONTH_LONGEST:
            raise MalformedStep(field="review_by", given=self.review_by, minimum=1, maximum=_MONTH_LONGEST)
        for lower, upper in pairwise(self.penalty_basis):
            if lower.up_to is None or (upper.up_to is not None and upper.up_to <= lower.up_to):
                raise MalformedStep(
                    field="penalty_basis", accepted=Text("ascending limits, the last without", "上限递增")
                )
        if not self.classes or not all(case.causes for case in self.classes.values()):
            raise MalformedStep(field="classes", accepted=Text("classes with their causes", "类别及其原因"))

    def desk(self, work: str) -> str:
        """The position that does ``work`` in each branch; who sees to complaining customers where none is named."""
        return self.desks.get(work, self.handled_by)

    @property
    def dismissing(self) -> ApprovalLadder:
        """The authorities that dismiss a complaint. [CMP-15]"""
        return self.dismissal or self.ladder

    def check(self, form: ComplaintForm, currency: str) -> None:
        """Refuse what this house does not take: a claim in another currency, extra fields it does not have.

        Raises CurrencyMismatch and :class:`MalformedForm`. [CMP-01, KRN-02]
        """
        if form.claimed is not None:
            in_currency(form.claimed, currency, "claimed")
        known = one_of(f"{name}: {kind}" for name, kind in sorted(self.extra.items()))
        for name, value in form.extra.items():
            kind = self.extra.get(name)
            if kind is None:
                raise MalformedForm(field="extra", given=typed_in(name), accepted=known)
            if value is not None and type(value) is not EXTRA_TYPES[kind]:
                raise MalformedForm(field=f"extra.{name}", given=type(value).__name__, accepted=known)

    def classified(self, classification: Classification) -> CaseClass:
        """The class of a complaint. Raises MalformedStep for a class or cause that the house lacks. [CMP-02]"""
        IN_STEP.check_known(classification.name, sorted(self.classes), "class")
        found = self.classes[classification.name]
        IN_STEP.check_known(classification.cause, found.causes, "cause")
        return found

    def check_remedy(self, remedy: Remedy, currency: str) -> None:
        """Raises CurrencyMismatch."""
        for amount in (remedy.granted, remedy.compensation):
            if amount is not None:
                in_currency(amount, currency, "granted")

    def check_judgement(self, judgement: Judgement, currency: str) -> None:
        """Refuse a loss or a discipline that the house's bases do not have. Raises MalformedStep, CurrencyMismatch."""
        for kind, amount in judgement.loss.items():
            IN_STEP.check_known(kind, self.loss_basis, "loss")
            in_currency(amount, currency, f"loss.{kind}")
        for penalty in judgement.penalties:
            IN_STEP.check_known([penalty.discipline] if penalty.discipline else [], self.disciplines, "discipline")
            if penalty.amount is not None:
                in_currency(penalty.amount, currency, "amount")

    def deduction(self, penalty: ProposedPenalty, borne: Mapping[str, Money]) -> Money | None:
        """What a penalty deducts: as proposed, else by the penalty basis from what the unit bears. [CMP-10]

        Raises :class:`MalformedStep` where neither says. None for a discipline.
        """
        if penalty.discipline or penalty.amount is not None:
            return penalty.amount
        share = borne.get(penalty.on)
        for row in self.penalty_basis:
            if share is not None and (row.up_to is None or share <= row.up_to):
                if (deducted := share.times(row.rate)).minor > 0:
                    return deducted
                break
        raise MalformedStep(
            field="amount", accepted=Text("an amount, or a unit that bears a loss", "金额，或承担损失的单位")
        )


def _whole(rules: ComplaintRules, book: Rulebook) -> Iterable[str]:
    if ORGANISATION in book:
        currency = book[ORGANISATION].currency
        amounts = [
            amount for band in (*rules.ladder.bands, *rules.dismissing.bands) for amount in (band.over, band.up_to)
        ]
        amounts += [row.up_to for row in rules.penalty_basis]
        if any(amount is not None and amount.currency != currency for amount in amounts):
            yield Fault.of(Text(f"amounts in {currency} expected", f"金额须为 {currency}"), "$.complaints")
    if rules.path is Path.DEPARTMENTS:
        missing = [stage.value for stage in StageName if stage.value not in rules.stages]
        yield from (Fault.of(MISSING, f"$.complaints.stages.{stage}") for stage in missing)
        needed = ("close_within", "report_within", "chasing", "review_by", "ruling_by")
        yield from (Fault.of(MISSING, f"$.complaints.{name}") for name in needed if not getattr(rules, name))
    for role in rules.signers:
        if role not in SIGNERS:
            yield Fault.of(unknown(_ROLE_SIGNED, role, SIGNERS), f"$.complaints.signers.{role}")
    steps = STEPS if rules.path is Path.DEPARTMENTS else ()  # by level nobody signs a step
    for n, role in enumerate(rules.signatures):
        if role not in steps:
            yield Fault.of(unknown(_SIGNER, role, steps), f"$.complaints.signatures[{n}]")
    if not rules.ladder.holds(rules.without_amount.grave):
        known = one_of(band.authority for band in rules.ladder.bands)
        said = Text(f"one of {known.en} expected", f"应为 {known.zh} 之一")
        yield Fault.of(said, "$.complaints.without_amount.grave")


_TEXTS: Final = texts_beside(Folder(__file__).parent)


def _told(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    if rules.get("path") != Path.LEVELS.value:
        return _TEXTS
    return {name: texts for name, texts in _TEXTS.items() if name not in OF_DEPARTMENTS}


COMPLAINT_RULES: Section[ComplaintRules] = Section(
    "complaints", ComplaintRules, check=_whole, occasions=OCCASIONS, labels=LABELS, texts=_told
)
