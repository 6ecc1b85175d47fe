"""What is found, judged, proposed and told in the course of a complaint."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum, unique
from fractions import Fraction

import attrs

from csdomain.frame import fields
from csdomain.kernel.rules import Text
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.money import Money, total

from .form import IN_FORM, IN_STEP, MalformedStep

_EACH_ID = attrs.validators.deep_iterable(IN_STEP.id)
_NAME = IN_STEP.text(fields.SHORT, empty=True)
_CHECKED = checked(MalformedStep)
words, remarks = IN_STEP.words, IN_STEP.remarks


@unique
class Liable(Enum):
    """Who is responsible (CMP-08)."""

    US = "us"
    CUSTOMER = "customer"
    OTHER_COMPANY = "other company"


@unique
class Channel(Enum):
    """How the customer is told (CMP-13, CMP-16)."""

    LETTER = "letter"
    PHONE = "phone"


@attrs.frozen(field_transformer=_CHECKED)
class Opinion:
    """What somebody wrote on the form, and who and when."""

    by: ActorId
    at: datetime
    text: str = words()


@attrs.frozen(field_transformer=_CHECKED)
class Classification:
    """The class and the cause of a complaint, as the house lists them (CMP-02)."""

    name: str = attrs.field(validator=IN_STEP.id)
    cause: str = attrs.field(validator=IN_STEP.id)


@attrs.frozen(field_transformer=_CHECKED)
class Finding:
    """What R&D found in the sample: the fault confirmed or denied, the persons it proposes, what it does (CMP-27)."""

    confirmed: bool
    text: str = words()
    persons: tuple[str, ...] = attrs.field(default=(), validator=_EACH_ID)
    countermeasures: str = remarks()


@attrs.frozen(field_transformer=_CHECKED)
class Share:
    """What one of our units bears of the loss: in proportion to ``weight``."""

    unit: str = attrs.field(validator=IN_STEP.id)
    weight: int = attrs.field(default=1, validator=IN_FORM.count)


@attrs.frozen(field_transformer=_CHECKED)
class ProposedPenalty:
    """A discipline of a person, or a deduction from a unit's or person's bonus (CMP-10).

    ``discipline`` is one of those that the house lists, empty for a deduction. ``amount`` is what is deducted; where it
    is left out it follows from the house's penalty basis and the unit's share of the loss.
    """

    on: str = attrs.field(validator=IN_STEP.id)
    discipline: str = attrs.field(default="", validator=_NAME)
    amount: Money | None = None

    def __attrs_post_init__(self) -> None:
        if self.discipline and self.amount is not None:
            raise MalformedStep(field="amount", accepted=Text("a discipline or a deduction", "处分或罚扣之一"))
        if self.amount is not None and self.amount.minor <= 0:
            raise MalformedStep(field="amount", given=self.amount, accepted=Text("an amount > 0", "> 0 的金额"))


@attrs.frozen(kw_only=True, field_transformer=_CHECKED)
class Judgement:
    """Who is responsible, what is lost, what is done about it (CMP-08, CMP-09, CMP-10).

    ``unit`` and ``persons`` are ours where we are liable, ``company`` names another. ``tracked`` says whether the
    improvement is tracked, and has no default: it is decided. ``loss`` holds amounts by the kinds of the house's loss
    basis; ``shares`` are the units that bear it.
    """

    liable: Liable
    unit: str = attrs.field(default="", validator=IN_STEP.text(fields.ID_LONGEST, empty=True))
    persons: tuple[str, ...] = attrs.field(default=(), validator=_EACH_ID)
    company: str = fields.words("", validator=_NAME)
    disposal: str = remarks()
    tracked: bool | None = None
    loss: Mapping[str, Money] = attrs.field(factory=dict)
    shares: tuple[Share, ...] = ()
    penalties: tuple[ProposedPenalty, ...] = ()

    def __attrs_post_init__(self) -> None:
        if (self.liable is Liable.US) is not bool(self.unit):
            raise MalformedStep(field="unit", accepted=Text("our unit, where we are liable", "我方责任时须指明单位"))
        if (self.liable is Liable.OTHER_COMPANY) is not bool(self.company):
            raise MalformedStep(
                field="company", accepted=Text("the other company, where it is liable", "他方责任时须指明公司")
            )
        if self.liable is not Liable.US and (self.persons or self.penalties or self.shares):
            raise MalformedStep(field="persons", accepted=Text("nobody of ours", "不涉及我方人员"))
        units = [share.unit for share in self.shares]
        if len(set(units)) != len(units) or (self.shares and not any(share.weight for share in self.shares)):
            raise MalformedStep(
                field="shares", accepted=Text("each unit once, some weight > 0", "每个单位一次，权重不全为零")
            )
        for amount in self.loss.values():
            if amount.minor < 0:
                raise MalformedStep(field="loss", given=amount, accepted=Text("an amount ≥ 0", "≥ 0 的金额"))

    def lost(self, currency: str) -> Money:
        """The whole loss."""
        return total(list(self.loss.values()), currency)

    def borne(self, currency: str) -> Mapping[str, Money]:
        """What each unit bears: shares that add up to the loss to the last fen (largest remainder). [CMP-10, KRN-02]"""
        shares = self.shares or ((Share(self.unit),) if self.unit else ())
        if not shares:
            return {}
        parts = self.lost(currency).split([share.weight for share in shares])
        return {share.unit: part for share, part in zip(shares, parts, strict=True)}


@attrs.frozen(field_transformer=_CHECKED)
class Goods:
    """Goods of one product and batch, in pieces."""

    product: str = attrs.field(validator=IN_STEP.text(fields.SHORT))
    batch: str = attrs.field(default="", validator=_NAME)
    quantity: int = attrs.field(default=0, validator=IN_FORM.count)


def goods(lines: Sequence[Goods]) -> tuple[Goods, ...]:
    """``lines`` if each product and batch stands there once and each quantity is > 0. Raises :class:`MalformedStep`."""
    names = [(line.product, line.batch) for line in lines]
    if len(set(names)) != len(names) or any(line.quantity < 1 for line in lines):
        accepted = Text("each product and batch once, quantity ≥ 1", "每个产品批号一行，数量 ≥ 1")
        raise MalformedStep(field="goods", accepted=accepted)
    return tuple(lines)


@attrs.frozen(kw_only=True, field_transformer=_CHECKED)
class Remedy:
    """What is proposed for the customer: ``granted`` is what all of it comes to, the ``compensation`` paid included.

    ``returns`` are the goods that come back. Nothing granted and nothing returned is a remedy too: an explanation.
    """

    granted: Money
    compensation: Money | None = None
    returns: tuple[Goods, ...] = attrs.field(default=(), converter=goods)
    text: str = words()

    def __attrs_post_init__(self) -> None:
        paid = self.compensation
        if self.granted.minor < 0 or (paid is not None and not paid.minor > 0):
            raise MalformedStep(field="granted", given=self.granted, accepted=Text("an amount ≥ 0", "≥ 0 的金额"))
        if paid is not None and paid > self.granted:
            raise MalformedStep(field="compensation", given=paid, maximum=self.granted)

    @property
    def pieces(self) -> int:
        """How many pieces come back."""
        return sum(line.quantity for line in self.returns)


@attrs.frozen(kw_only=True, field_transformer=_CHECKED)
class Notice:
    """What the customer is told of the outcome: figures of the decision and our words, nothing internal (CMP-13)."""

    case: str
    order_number: str
    product: str
    granted: Money
    compensation: Money | None
    pieces: int
    channel: Channel
    told_at: datetime
    text: str = words()


@attrs.frozen(kw_only=True, field_transformer=_CHECKED)
class Clearance:
    """The manager's declaration that ``text`` discloses nothing though it matches ``fields``, and why (CMP-13)."""

    by: ActorId
    at: datetime
    fields: tuple[str, ...]
    text: str = words()
    reason: str = words()


@attrs.frozen
class PenaltyRate:
    """Up to this loss (with it; without end where None), this share of it is deducted (罰扣判定基準)."""

    rate: Decimal
    up_to: Money | None = None

    def __attrs_post_init__(self) -> None:
        if not 0 <= Fraction(self.rate) <= 1:
            raise MalformedStep(field="rate", given=self.rate, accepted=Text("from 0 to 1", "0 到 1"))
