"""Occasions: what a context may tell someone, and what a text about it may name (design decision D8).

A context declares its occasions in its section of the rulebook; the house writes the texts. What waits in the outbox is
plain facts; each placeholder says what its fact stands for.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.rules import HOUSE_RULES, Text
from csdomain.kernel.rules.errors import InvalidValue, aware
from csdomain.kernel.values.money import Money

from .effects import Fact

#: What a text can show.
Value = str | int | Money | date | datetime
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OCCASION: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_LONGEST: Final = 120


class MalformedOccasion(InvalidValue):
    """An occasion, or a placeholder of one, that no text could name (KRN-01)."""

    default_rule = HOUSE_RULES
    problem = Text("This occasion cannot be declared.", "无法声明此场合。")


@unique
class Placeholder(Enum):
    """What stands behind a placeholder: text, a whole number, an amount, a local date, or an instant with its zone."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"


#: What every text may name of whom it is for; looked up when it is sent (D12).
RECIPIENT: Final[Mapping[str, Placeholder]] = {"name": Placeholder.TEXT, "title": Placeholder.TEXT}


def _occasion(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not isinstance(value, str) or len(value) > _LONGEST or not _OCCASION.fullmatch(value):
        what = Text("context.what_happened, in small letters", "context.what_happened，小写字母")
        raise MalformedOccasion(field=attribute.name, given=value, accepted=what)


def _placeholders(instance: object, attribute: object, value: Mapping[str, Placeholder]) -> None:
    for name, kind in value.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RECIPIENT:
            names = ", ".join(RECIPIENT)
            what = Text(f"small letters, digits and _; not {names}", f"小写字母、数字和 _；不可为 {names}")
            raise MalformedOccasion(placeholder=name, accepted=what)
        if not isinstance(kind, Placeholder):
            raise MalformedOccasion(placeholder=name, given=type(kind).__name__, accepted=Text("Placeholder", "占位符"))


def _frozen(placeholders: Mapping[str, Placeholder]) -> Mapping[str, Placeholder]:
    return dict(placeholders)


@attrs.frozen
class Occasion:
    """Something that a context may tell: ``name`` is that of the messages it queues, ``placeholders`` are their facts.

    ``internal`` occasions are for the house's own people, never for a customer. ``typed`` are the texts that somebody
    types for one message of it: a template may name them, and no message carries them (D12). Raises
    :class:`MalformedOccasion`.
    """

    name: str = attrs.field(validator=_occasion)
    placeholders: Mapping[str, Placeholder] = attrs.field(factory=dict, converter=_frozen, validator=_placeholders)
    internal: bool = False
    typed: tuple[str, ...] = ()

    @property
    def known(self) -> Mapping[str, Placeholder]:
        """All that a text about it may name: its own, those of the recipient, and what is typed."""
        return {**RECIPIENT, **self.placeholders, **dict.fromkeys(self.typed, Placeholder.TEXT)}


def fact_of(value: Value) -> Fact:
    """``value`` as a message carries it. Raises NaiveTime (KRN-03).

    An instant keeps the zone's offset it is given in, and is shown in it: give it in the zone of whom it is for.
    """
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, datetime):
        return aware(value).isoformat()
    return value.isoformat() if isinstance(value, date) else value
