"""The complaint handling form as it is filled in at the counter, and how its fields are checked (CMP-01)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NewType

import attrs

from csdomain.complaints.rules import FORM, STATES
from csdomain.frame.fields import LONG, SHORT, Fields, words
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.kinds import storable
from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind, personal

_REFERENCE: Final = 200
_WHOLE: Final = 2**63
ComplaintId = NewType("ComplaintId", str)
COMPLAINT: Final = IdKind[ComplaintId]("cmp")
#: What a form's personal fields are salted with: 80 random bits from the host's source of ids.
SALT: Final = IdKind[str]("slt")
#: To see in exports who the customers are.
PERSONAL: Final = Action("complaints.personal")
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


#: How fields of the form are checked, and arguments of steps.
IN_FORM: Final = Fields(MalformedForm)
IN_STEP: Final = Fields(MalformedStep)
_NAME: Final = IN_FORM.text(SHORT, empty=True)


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

    customer: str = attrs.field(validator=IN_FORM.id)
    demand: str = words(validator=IN_FORM.text())
    reason: str = words(validator=IN_FORM.text())
    order_number: str = attrs.field(default="", validator=_NAME)
    product: str = attrs.field(default="", validator=_NAME)
    batch: str = attrs.field(default="", validator=_NAME)
    specification: str = personal(PersonalKind.OTHER, default="", validator=_NAME)
    quantity: int = attrs.field(default=0, validator=IN_FORM.count)
    defective: int = attrs.field(default=0, validator=IN_FORM.count)
    shipped_on: date | None = attrs.field(default=None, validator=_day)
    claimed: Money | None = None
    samples: int = attrs.field(default=0, validator=IN_FORM.count)
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
            if isinstance(value, str) and not storable(value, LONG):
                limit = Text(f"text of at most {LONG} characters", f"至多 {LONG} 个字符的文本")
                raise MalformedForm(field="extra", accepted=limit)
