"""Phone numbers as people write them, in one form: E.164, by ``phonenumbers`` (extra ``phones``)."""

from enum import Enum, unique

import attrs
import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from csdomain.kernel.rules import PERSONAL_DATA, Text
from csdomain.kernel.rules.errors import InvalidValue, fact_labels
from csdomain.kernel.values.personal import PersonalKind, personal

fact_labels({"region": "国家或地区"})
#: Far above any written number; a longer text is not parsed.
_LONGEST = 80


@unique
class PhoneType(Enum):
    """What kind of line a number is, as far as its digits tell."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    TOLL_FREE = "toll_free"
    OTHER = "other"


_TYPES = {
    PhoneNumberType.MOBILE: PhoneType.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneType.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneType.FIXED_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: PhoneType.TOLL_FREE,
}


class NotAPhone(InvalidValue):
    """A text that is no valid phone number. It is never repeated: it may be somebody's."""

    default_rule = PERSONAL_DATA
    problem = Text("This is not a valid phone number.", "这不是有效的电话号码。")


class UnknownRegion(InvalidValue):
    """A region that is no code of a country or territory with telephone numbers."""

    default_rule = PERSONAL_DATA
    problem = Text("This is not the code of a country.", "这不是国家或地区代码。")


@attrs.frozen
class Phone:
    """A valid number in E.164 (``+8613123456789``) and its type."""

    type: PhoneType
    e164: str = personal(PersonalKind.PHONE)


def phone(written: str, region: str) -> Phone:
    """The number that a text says, full-width digits, blanks, country codes and ``tel:`` included.

    ``region`` (ISO 3166, ``CN``) is where a number without a country code is.

    Raises :class:`NotAPhone`, :class:`UnknownRegion`.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownRegion(accepted=Text("two capital letters of ISO 3166: CN", "ISO 3166 的两个大写字母：CN"))
    if not isinstance(written, str) or len(written) > _LONGEST:
        raise _refused(region)
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        raise _refused(region) from None
    if not phonenumbers.is_valid_number(number):
        raise _refused(region)
    kind = _TYPES.get(phonenumbers.number_type(number), PhoneType.OTHER)
    return Phone(kind, phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _refused(region: str) -> NotAPhone:
    return NotAPhone(
        region=region, accepted=Text("a number of this country, or one with +", "本国号码，或以 + 开头的号码")
    )
