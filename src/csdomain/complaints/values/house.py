"""The house rules of complaints: the section ``[complaints]`` of a rulebook."""

from collections.abc import Iterable, Mapping
from enum import Enum, unique
from itertools import pairwise
from pathlib import Path as Folder
from typing import Any, Final

import attrs

from csdomain.kernel.cases.timers import check_warnings
from csdomain.kernel.papers.approvals import ApprovalLadder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import MISSING, ORGANISATION, POSITION, Rulebook, Section, texts_beside, unknown

from .form import EXTRA_TYPES, ComplaintForm, MalformedForm, MalformedStep, identifier
from .labels import LABELS
from .occasions import OCCASIONS, OF_DEPARTMENTS
from .outcome import Classification, Judgement, PenaltyRate, ProposedPenalty, Remedy

_COPIES_FEWEST = 4  # CMP-28 names the fourth
_MONTH_LONGEST = 28
#: Who signs the complaint form, in the order in which it goes round; houses name them in ``signatures``.
SIGNERS: Final = ("sales", "customer_service", "rnd", "ruling")
_SIGNER: Final = Text("signer of the form", "签核者")
_SOMEBODY = identifier(MalformedStep)  # to be told: nobody could be, else


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
class Chasing:
    """How often a department that has not done its part is reminded, how many times, then who is told (CMP-19)."""

    every: Duration
    times: int
    superior: str = attrs.field(validator=_SOMEBODY, metadata=POSITION)

    def __attrs_post_init__(self) -> None:
        if self.times < 1:
            raise MalformedStep(field="times", given=self.times, minimum=1)


@attrs.frozen
class CaseClass:
    """A class of complaints: whether it is a quality fault, and the causes under it (CMP-02)."""

    quality: bool
    causes: tuple[str, ...]


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

    def __attrs_post_init__(self) -> None:
        check_warnings(self.warnings)
        for name, kind in self.extra.items():
            if kind not in EXTRA_TYPES:
                known = ", ".join(EXTRA_TYPES)
                raise MalformedForm(field=f"extra.{name}", given=kind, accepted=Text(known, known))
        stages = {stage.value for stage in StageName}
        if unknown := sorted(self.stages.keys() - stages):
            known = ", ".join(sorted(stages))
            raise MalformedStep(field="stages", given=unknown, accepted=Text(known, known))
        if self.review_by is not None and not 1 <= self.review_by <= _MONTH_LONGEST:
            raise MalformedStep(field="review_by", given=self.review_by, minimum=1, maximum=_MONTH_LONGEST)
        for lower, upper in pairwise(self.penalty_basis):
            if lower.up_to is None or (upper.up_to is not None and upper.up_to <= lower.up_to):
                raise MalformedStep(
                    field="penalty_basis", accepted=Text("ascending limits, the last without", "上限递增")
                )
        if not self.classes or not all(case.causes for case in self.classes.values()):
            raise MalformedStep(field="classes", accepted=Text("classes with their causes", "类别及其原因"))

    def check(self, form: ComplaintForm, currency: str) -> None:
        """Refuse what this house does not take: a claim in another currency, extra fields it does not have.

        Raises CurrencyMismatch and :class:`MalformedForm`. [CMP-01, KRN-02]
        """
        if form.claimed is not None:
            in_currency(form.claimed, currency, "claimed")
        known = ", ".join(f"{name}: {kind}" for name, kind in sorted(self.extra.items())) or "-"
        for name, value in form.extra.items():
            kind = self.extra.get(name)
            if kind is None or (value is not None and type(value) is not EXTRA_TYPES[kind]):
                raise MalformedForm(field=f"extra.{name}", given=type(value).__name__, accepted=Text(known, known))

    def classified(self, classification: Classification) -> CaseClass:
        """The class of a complaint. Raises MalformedStep for a class or cause that the house lacks. [CMP-02]"""
        found = self.classes.get(classification.name)
        if found is None:
            known = ", ".join(sorted(self.classes))
            raise MalformedStep(field="class", given=classification.name, accepted=Text(known, known))
        if classification.cause not in found.causes:
            known = ", ".join(found.causes)
            raise MalformedStep(field="cause", given=classification.cause, accepted=Text(known, known))
        return found

    def check_remedy(self, remedy: Remedy, currency: str) -> None:
        """Raises CurrencyMismatch."""
        for amount in (remedy.granted, remedy.compensation):
            if amount is not None:
                in_currency(amount, currency, "granted")

    def check_judgement(self, judgement: Judgement, currency: str) -> None:
        """Refuse a loss or a discipline that the house's bases do not have. Raises MalformedStep, CurrencyMismatch."""
        for kind, amount in judgement.loss.items():
            in_currency(amount, currency, f"loss.{kind}")
            if kind not in self.loss_basis:
                known = ", ".join(self.loss_basis) or "-"
                raise MalformedStep(field=f"loss.{kind}", accepted=Text(known, known))
        for penalty in judgement.penalties:
            if penalty.discipline and penalty.discipline not in self.disciplines:
                known = ", ".join(self.disciplines) or "-"
                raise MalformedStep(field="discipline", given=penalty.discipline, accepted=Text(known, known))
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
                return share.times(row.rate)
        raise MalformedStep(
            field="amount", accepted=Text("an amount, or a unit that bears a loss", "金额，或承担损失的单位")
        )


def in_currency(amount: Money, currency: str, field: str) -> None:
    """Raises CurrencyMismatch unless ``amount`` is in the house's currency."""
    if amount.currency != currency:
        raise CurrencyMismatch(field=field, given=amount.currency, expected=currency)


def _whole(rules: ComplaintRules, book: Rulebook) -> Iterable[str]:
    if ORGANISATION in book:
        currency = book[ORGANISATION].currency
        amounts = [amount for band in rules.ladder.bands for amount in (band.over, band.up_to)]
        amounts += [row.up_to for row in rules.penalty_basis]
        if any(amount is not None and amount.currency != currency for amount in amounts):
            yield Fault.of(Text(f"amounts in {currency} expected", f"金额须为 {currency}"), "$.complaints")
    if rules.path is Path.DEPARTMENTS:
        missing = [stage.value for stage in StageName if stage.value not in rules.stages]
        yield from (Fault.of(MISSING, f"$.complaints.stages.{stage}") for stage in missing)
        needed = ("close_within", "report_within", "chasing", "review_by", "ruling_by")
        yield from (Fault.of(MISSING, f"$.complaints.{name}") for name in needed if not getattr(rules, name))
    for n, role in enumerate(rules.signatures):
        if role not in SIGNERS:
            yield Fault.of(unknown(_SIGNER, role, SIGNERS), f"$.complaints.signatures[{n}]")
    if not rules.ladder.holds(rules.without_amount.grave):
        known = ", ".join(band.authority for band in rules.ladder.bands)
        said = Text(f"one of {known} expected", f"应为 {known} 之一")
        yield Fault.of(said, "$.complaints.without_amount.grave")


_TEXTS: Final = texts_beside(Folder(__file__).parent)


def _told(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    if rules.get("path") != Path.LEVELS.value:
        return _TEXTS
    return {name: texts for name, texts in _TEXTS.items() if name not in OF_DEPARTMENTS}


COMPLAINT_RULES: Section[ComplaintRules] = Section(
    "complaints", ComplaintRules, check=_whole, occasions=OCCASIONS, labels=LABELS, texts=_told
)
