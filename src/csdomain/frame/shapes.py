"""Which fields of a class a view shows, and how each kind of value is written: for views, schemas and requests alike.

Amounts are ``{"amount": "12.50", "currency": "CNY"}``, numbers with decimals are texts, instants are ISO 8601 in UTC,
Enums their values, durations as a rulebook writes them, measured time as ISO 8601 (``PT1H30M``), rules their ids.
"""

import inspect
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final

import attrs

from csdomain.kernel.rules.errors import aware
from csdomain.kernel.values.money import Money, exponent
from csdomain.kernel.values.personal import is_withheld

_SECOND: Final = timedelta(seconds=1)
_MICRO: Final = timedelta(microseconds=1)
_FOUR_DIGITS: Final = 1000
_TWO: Final = tuple(f"{number:02}" for number in range(60))


@cache
def shown_fields(cls: Any) -> Sequence["attrs.Attribute[Any]"]:
    """The fields of an attrs class that a view shows, in their order, with their types looked up."""
    attrs.resolve_types(cls, include_extras=True)
    return tuple(field for field in attrs.fields(cls) if not is_withheld(field) and not field.name.startswith("_"))


@cache
def has_number(cls: Any) -> bool:
    """Whether it is a case whose number is no field of its own: a view shows it as well."""
    found = inspect.getattr_static(cls, "number", None)
    return isinstance(found, property) and "state" in attrs.fields_dict(cls)


def money_out(value: Money) -> dict[str, str]:
    """An amount in major units, with all digits of its currency."""
    digits, minor = exponent(value.currency), abs(value.minor)
    text = str(minor).zfill(digits + 1)
    if digits:
        text = f"{text[:-digits]}.{text[-digits:]}"
    return {"amount": f"-{text}" if value.minor < 0 else text, "currency": value.currency}


def instant_out(at: datetime) -> str:
    """An instant in UTC: ``2026-09-30T04:00:00Z``. Raises NaiveTime (KRN-03)."""
    if at.tzinfo is not UTC:
        at = aware(at).astimezone(UTC)
    if at.microsecond or at.year < _FOUR_DIGITS:
        return at.isoformat()[:-6] + "Z"
    # A case is full of instants, and isoformat takes four times as long.
    return f"{at.year}-{_TWO[at.month]}-{_TWO[at.day]}T{_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}Z"


def decimal_out(value: Decimal) -> str:
    """A number without an exponent: ``1000``, never ``1E+3``."""
    return format(value, "f")


def span_out(span: timedelta) -> str:
    """Measured time as ISO 8601 writes it: ``PT1H30M``; before zero with a minus sign in front."""
    sign, span = ("-", -span) if span < timedelta(0) else ("", span)
    whole, rest = divmod(span, _SECOND)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, str(whole % 60)
    if rest:
        seconds = f"{seconds}.{rest // _MICRO:06}".rstrip("0")
    parts = f"{hours}H" * (hours > 0) + f"{minutes}M" * (minutes > 0) + f"{seconds}S" * (seconds != "0")
    return f"{sign}PT{parts or '0S'}"
