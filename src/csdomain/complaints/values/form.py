"""The complaint handling form as it is filled in at the counter, and how its fields are checked (CMP-01)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import attrs

from csdomain.complaints.rules import FORM, STATES
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.kinds import storable
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind, personal

_ID: Final = 64
_SHORT: Final = 120
_LONG: Final = 4000
_REFERENCE: Final = 200
_WHOLE: Final = 2**63
#: What stands where a person's words were.
ERASED: Final = "-"
#: What an extra field of the form may hold, by the name of its type in the rulebook.
EXTRA_TYPES: Final[Mapping[str, type]] = {"text": str, "integer": int, "yes_no": bool}
Extra = str | int | bool | None


class MalformedForm(InvalidValue):
    """A complaint form with a field that is missing or not valid (CMP-01)."""

    default_rule = FORM
    problem = Text("A field of the complaint form is missing or not valid.", "客户投诉处理表的某一字段缺失或无效。")


class MalformedStep(InvalidValue):
    """An argument of a step of a complaint is missing or not valid (CMP-25)."""

    default_rule = STATES
    problem = Text("An argument of this step is missing or not valid.", "此步骤的某一参数缺失或无效。")


def text(
    longest: int = _LONG, *, empty: bool = True, error: type[InvalidValue] = MalformedStep
) -> "attrs._ValidatorType[str]":
    """A validator: text that every store keeps. The text itself is never repeated in the error."""

    def check(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
        shortest = 0 if empty else 1
        if not storable(value, longest) or len(value.strip() if shortest else value) < shortest:
            raise error(
                field=attribute.name,
                accepted=Text(f"text of {shortest} to {longest} characters", f"{shortest} 到 {longest} 个字符的文本"),
            )

    return check


def count(instance: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    """A validator: pieces, an integer from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _WHOLE:
        raise MalformedForm(field=attribute.name, given=value, accepted=Text("an integer ≥ 0", "≥ 0 的整数"))


def identifier(error: type[InvalidValue] = MalformedForm) -> "attrs._ValidatorType[str]":
    """A validator: an id of the host's. An id goes into messages and trails; free text does not."""

    def check(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
        if not storable(value, _ID) or not value or not value.isprintable():
            raise error(
                field=attribute.name,
                accepted=Text(f"an id of 1 to {_ID} printable characters", f"1 到 {_ID} 个可见字符的标识"),
            )

    return check


def _day(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if value is not None and type(value) is not date:
        raise MalformedForm(field=attribute.name, given=type(value).__name__, accepted=Text("a date", "日期"))


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedForm))
class ComplaintForm:
    """The customer complaint handling form (客戶投訴處理表), as it is filled in at the counter.

    ``customer`` is the customer's id; ``product`` the id of what was delivered; quantities are in pieces; ``claimed``
    is what the customer asks for, if anything; ``shipped_on`` is a date in the branch's zone; ``attachments`` are the
    host's references to files that it keeps. ``specification``, ``demand``, ``reason`` and ``extra`` hold what people
    said, and a reference may be a file's name, so they count as personal. Raises :class:`MalformedForm`.
    [CMP-01, KRN-14]
    """

    customer: str = attrs.field(validator=identifier())
    demand: str = personal(PersonalKind.OTHER, erased=ERASED, validator=text(empty=False, error=MalformedForm))
    reason: str = personal(PersonalKind.OTHER, erased=ERASED, validator=text(empty=False, error=MalformedForm))
    order_number: str = attrs.field(default="", validator=text(_SHORT, error=MalformedForm))
    product: str = attrs.field(default="", validator=text(_SHORT, error=MalformedForm))
    batch: str = attrs.field(default="", validator=text(_SHORT, error=MalformedForm))
    specification: str = personal(PersonalKind.OTHER, default="", validator=text(_SHORT, error=MalformedForm))
    quantity: int = attrs.field(default=0, validator=count)
    defective: int = attrs.field(default=0, validator=count)
    shipped_on: date | None = attrs.field(default=None, validator=_day)
    claimed: Money | None = None
    samples: int = attrs.field(default=0, validator=count)
    attachments: tuple[str, ...] = personal(PersonalKind.OTHER, default=())
    extra: Mapping[str, Extra] = personal(PersonalKind.OTHER, factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.defective > self.quantity:
            raise MalformedForm(field="defective", given=self.defective, maximum=self.quantity)
        if self.claimed is not None and self.claimed.minor < 0:
            raise MalformedForm(field="claimed", given=self.claimed, accepted=Text("an amount ≥ 0", "≥ 0 的金额"))
        for reference in self.attachments:
            if not storable(reference, _REFERENCE) or not reference or not reference.isprintable():
                limit = Text(f"references of 1 to {_REFERENCE} characters", f"1 到 {_REFERENCE} 个字符的引用")
                raise MalformedForm(field="attachments", accepted=limit)
        for value in self.extra.values():
            if isinstance(value, int) and not -_WHOLE <= value < _WHOLE:
                raise MalformedForm(field="extra", maximum=_WHOLE - 1)
            if isinstance(value, str) and not storable(value, _LONG):
                limit = Text(f"text of at most {_LONG} characters", f"至多 {_LONG} 个字符的文本")
                raise MalformedForm(field="extra", accepted=limit)
