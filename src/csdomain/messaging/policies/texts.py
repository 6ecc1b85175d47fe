"""Which text is taken, and how it is filled in: every fault is found before anything is sent (MSG-01)."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.cases.effects import Fact
from csdomain.kernel.cases.occasions import Occasion, Placeholder, Value
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import aware
from csdomain.kernel.values.money import Money
from csdomain.messaging.values import (
    Channel,
    Language,
    MessageRules,
    PlaceholderMissing,
    Slot,
    Template,
    TemplateMissing,
    UnfitValue,
    UnknownPlaceholder,
    known,
)

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_HOUR: Final = {Language.ZH_HANS: "时", Language.ZH_HANT: "時"}
_YUAN: Final = "CNY"
_TYPES: Final[Mapping[Placeholder, type]] = {
    Placeholder.TEXT: str,
    Placeholder.NUMBER: int,
    Placeholder.MONEY: Money,
    Placeholder.DATE: date,
    Placeholder.INSTANT: datetime,
}


# --- which text -------------------------------------------------------------------------------------------------------


@unique
class Reason(Enum):
    """Why a text was taken: it is in the language asked for, or in the house's default one."""

    ASKED = "asked"
    DEFAULT = "default"


@attrs.frozen
class Choice:
    """The template that was taken for ``asked``, and why."""

    template: Template
    asked: Language
    reason: Reason

    @property
    def said(self) -> Text:
        """The reason for people."""
        asked, taken = self.asked.value, self.template.language.value
        if self.reason is Reason.ASKED:
            return Text(f"There is a text in {asked}.", f"有 {asked} 的文本。")
        return Text(
            f"There is no text in {asked}; {taken} is the house's default.",
            f"没有 {asked} 的文本；默认语言为 {taken}。",
        )


def choose(rules: MessageRules, occasion: Occasion, channel: Channel, language: Language) -> Choice:
    """The house's text for an occasion on a channel: in ``language``, else in the default language, else none.

    Raises :class:`TemplateMissing`; and, for rules that no rulebook has checked, what reading a text raises. [MSG-01]
    """
    texts = rules.texts(occasion, channel)
    for wanted, reason in ((language, Reason.ASKED), (rules.default_language, Reason.DEFAULT)):
        text = texts.get(wanted.value)
        if text is not None:
            return Choice(Template(occasion, channel, wanted, text), language, reason)
    there = ", ".join(
        f"{name}/{tongue}" for name, found in sorted(rules.templates.get(occasion.name, {}).items()) for tongue in found
    )
    raise TemplateMissing(
        occasion=occasion.name, channel=channel, language=language, accepted=Text(there or "-", there or "-")
    )


# --- filling it in ----------------------------------------------------------------------------------------------------


def render(template: Template, values: Mapping[str, Value]) -> str:
    """The text with every placeholder filled in, as its language writes numbers, amounts, dates and times.

    Raises :class:`PlaceholderMissing` where the template names one that ``values`` has not, :class:`UnknownPlaceholder`
    where ``values`` has one that the occasion does not know, :class:`UnfitValue` and NaiveTime. [MSG-01]
    """
    occasion = template.occasion
    for name, value in values.items():
        kind = _kind(occasion, name, occasion.known)
        if type(value) is not _TYPES[kind]:
            raise _unfit(occasion, name, kind, value)
        if isinstance(value, datetime):
            aware(value, name)
    parts: list[str] = []
    for part in template.parts:
        if isinstance(part, Slot):
            if part.name not in values:
                raise PlaceholderMissing(
                    occasion=occasion.name, placeholder=f"{{{part.name}}}", given=", ".join(sorted(values))
                )
            parts.append(shown(values[part.name], template.language))
        else:
            parts.append(part)
    return "".join(parts)


def shown(value: Value, language: Language) -> str:
    """``value`` as ``language`` writes it: ``26年03月09日`` for a date, ``3月9日10时`` for an instant in its own zone.

    Raises NaiveTime. [MSG-01]
    """
    chinese = language is not Language.EN
    if isinstance(value, Money):
        return f"{value.amount:f}元" if chinese and value.currency == _YUAN else str(value)
    if isinstance(value, datetime):
        return _instant(aware(value), language)
    if isinstance(value, date):
        if chinese:
            return f"{value.year % 100:02}年{value.month:02}月{value.day:02}日"
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    return str(value)


def _instant(at: datetime, language: Language) -> str:
    if language is Language.EN:
        return f"{at.day} {_MONTHS[at.month - 1]} {at.hour}:{at.minute:02}"
    minutes = f"{at.minute}分" if at.minute else ""
    return f"{at.month}月{at.day}日{at.hour}{_HOUR[language]}{minutes}"


# --- from what a message carries --------------------------------------------------------------------------------------


def _money(text: str) -> Money:
    amount, _space, currency = text.partition(" ")
    return Money.of(amount, currency)


#: How a fact that is text is read, by what it stands for; the inverse of ``csdomain.kernel.cases.occasions.fact_of``.
_READ: Final[Mapping[Placeholder, Callable[[str], Value]]] = {
    Placeholder.TEXT: lambda text: text,
    Placeholder.MONEY: _money,
    Placeholder.DATE: date.fromisoformat,
    Placeholder.INSTANT: lambda text: aware(datetime.fromisoformat(text)),
}


def read(occasion: Occasion, facts: Mapping[str, Fact]) -> Mapping[str, Value]:
    """The values that the facts of a message stand for; a fact of None is no value.

    Raises :class:`UnknownPlaceholder`, :class:`UnfitValue`. [MSG-01]
    """
    values: dict[str, Value] = {}
    for name, fact in facts.items():
        kind = _kind(occasion, name, occasion.placeholders)  # who it is for is no fact: it is looked up (D12)
        if fact is None:
            continue
        if kind is Placeholder.NUMBER and type(fact) is int:
            values[name] = fact
            continue
        if kind not in _READ or not isinstance(fact, str):
            raise _unfit(occasion, name, kind, fact)
        try:
            values[name] = _READ[kind](fact)
        except ValueError:  # InvalidValue is one
            raise _unfit(occasion, name, kind, fact) from None
    return values


def _kind(occasion: Occasion, name: str, among: Mapping[str, Placeholder]) -> Placeholder:
    kind = among.get(name)
    if kind is None:
        raise UnknownPlaceholder(occasion=occasion.name, placeholder=f"{{{name}}}", known=known(occasion))
    return kind


def _unfit(occasion: Occasion, name: str, kind: Placeholder, value: object) -> UnfitValue:
    # Never the value: it may be somebody's.
    return UnfitValue(
        occasion=occasion.name, placeholder=f"{{{name}}}", expected=kind.value, given=type(value).__name__
    )
