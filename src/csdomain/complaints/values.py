"""What a complaint is made of, and the house rules it goes by."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NewType

import attrs

from csdomain.kernel.actors import Action
from csdomain.kernel.durations import Duration
from csdomain.kernel.errors import InvalidValue
from csdomain.kernel.ids import IdKind
from csdomain.kernel.money import CurrencyMismatch, Money
from csdomain.kernel.numbering import NumberPattern
from csdomain.kernel.rules import Text
from csdomain.kernel.storage import storable
from csdomain.kernel.timers import check_warnings
from csdomain.rulebook import Section

from .rules import FORM

ComplaintId = NewType("ComplaintId", str)
COMPLAINT: Final = IdKind[ComplaintId]("cmp")

READ: Final = Action("complaints.read")
RECEIVE: Final = Action("complaints.receive")
ACCEPT: Final = Action("complaints.accept")
CLOSE: Final = Action("complaints.close")

_ID: Final = 64
_SHORT: Final = 120
_LONG: Final = 4000
_WHOLE: Final = 2**63
#: What an extra field of the form may hold, by the name of its type in the rulebook.
EXTRA_TYPES: Final[Mapping[str, type]] = {"text": str, "integer": int, "yes_no": bool}
Extra = str | int | bool | None


class MalformedForm(InvalidValue):
    """A complaint form with a field that is missing, too long, or not possible (CMP-01)."""

    default_rule = FORM
    problem = Text("The complaint form is not complete and plausible.", "客户投诉处理表不完整或不合理。")


def _text(longest: int, *, empty: bool = True) -> "attrs._ValidatorType[str]":
    def check(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
        shortest = 0 if empty else 1
        if not storable(value, longest) or len(value) < shortest:
            raise MalformedForm(
                field=attribute.name,
                accepted=Text(f"text of {shortest} to {longest} characters", f"{shortest} 到 {longest} 个字符的文本"),
            )

    return check


def _count(instance: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _WHOLE:
        raise MalformedForm(field=attribute.name, given=value, accepted=Text("an integer ≥ 0", "≥ 0 的整数"))


def _id(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    # An id goes into messages and trails; free text does not.
    if not storable(value, _ID) or not value or not value.isprintable():
        raise MalformedForm(
            field=attribute.name,
            accepted=Text(f"an id of 1 to {_ID} printable characters", f"1 到 {_ID} 个可见字符的标识"),
        )


def _of(kind: type, accepted: Text) -> "attrs._ValidatorType[Any]":
    def check(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
        if value is not None and type(value) is not kind:
            raise MalformedForm(field=attribute.name, given=type(value).__name__, accepted=accepted)

    return check


def _frozen(extra: Mapping[str, Extra]) -> Mapping[str, Extra]:
    return dict(extra)


@attrs.frozen(kw_only=True)
class ComplaintForm:
    """The customer complaint handling form (客戶投訴處理表), as it is filled in at the counter.

    ``customer`` is the customer's id; quantities are in pieces; ``claimed`` is what the customer asks for, if anything;
    ``shipped_on`` is a date in the branch's zone. Raises :class:`MalformedForm`. [CMP-01]
    """

    customer: str = attrs.field(validator=_id)
    demand: str = attrs.field(validator=_text(_LONG, empty=False))
    reason: str = attrs.field(validator=_text(_LONG, empty=False))
    order_number: str = attrs.field(default="", validator=_text(_SHORT))
    batch: str = attrs.field(default="", validator=_text(_SHORT))
    specification: str = attrs.field(default="", validator=_text(_SHORT))
    quantity: int = attrs.field(default=0, validator=_count)
    defective: int = attrs.field(default=0, validator=_count)
    shipped_on: date | None = attrs.field(default=None, validator=_of(date, Text("a date", "日期")))
    claimed: Money | None = attrs.field(default=None, validator=_of(Money, Text("an amount", "金额")))
    samples: int = attrs.field(default=0, validator=_count)
    extra: Mapping[str, Extra] = attrs.field(factory=dict, converter=_frozen)

    def __attrs_post_init__(self) -> None:
        if self.defective > self.quantity:
            raise MalformedForm(field="defective", given=self.defective, maximum=self.quantity)
        if self.claimed is not None and self.claimed.minor < 0:
            raise MalformedForm(field="claimed", given=self.claimed, accepted=Text("an amount ≥ 0", "≥ 0 的金额"))
        for name, value in self.extra.items():
            if isinstance(value, int) and not -_WHOLE <= value < _WHOLE:
                raise MalformedForm(field=f"extra.{name}", maximum=_WHOLE - 1)
            if isinstance(value, str) and not storable(value, _LONG):
                limit = Text(f"text of at most {_LONG} characters", f"至多 {_LONG} 个字符的文本")
                raise MalformedForm(field=f"extra.{name}", accepted=limit)


@attrs.frozen
class ComplaintRules:
    """The house rules of complaints.

    ``number`` is how forms are numbered; ``close_within`` runs from acceptance (CMP-04), with ``warnings`` at those
    percentages of it; ``overrun_to`` is the position that is told of an overrun; ``extra`` are the house's own fields
    of the form and their types.
    """

    number: NumberPattern
    close_within: Duration
    overrun_to: str
    warnings: tuple[int, ...] = ()
    extra: Mapping[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        check_warnings(self.warnings)
        for name, kind in self.extra.items():
            if kind not in EXTRA_TYPES:
                known = ", ".join(EXTRA_TYPES)
                raise MalformedForm(field=f"extra.{name}", given=kind, accepted=Text(known, known))

    def check(self, form: ComplaintForm, currency: str) -> None:
        """Refuse what this house does not take: a claim in another currency, extra fields it does not have.

        Raises CurrencyMismatch and :class:`MalformedForm`. [CMP-01, KRN-02]
        """
        if form.claimed is not None and form.claimed.currency != currency:
            raise CurrencyMismatch(field="claimed", given=form.claimed.currency, expected=currency)
        known = ", ".join(f"{name}: {kind}" for name, kind in sorted(self.extra.items())) or "-"
        for name, value in form.extra.items():
            kind = self.extra.get(name)
            if kind is None or (value is not None and type(value) is not EXTRA_TYPES[kind]):
                raise MalformedForm(field=f"extra.{name}", given=type(value).__name__, accepted=Text(known, known))


COMPLAINT_RULES: Section[ComplaintRules] = Section("complaints", ComplaintRules, actions=(READ, RECEIVE, ACCEPT, CLOSE))
