"""The house's texts, and its rules of writing to customers: the section ``[messages]`` of a rulebook."""

from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Final

import attrs

from csdomain.frame.effects import occasions
from csdomain.kernel.cases.delivery import FAILED
from csdomain.kernel.cases.occasions import Occasion, Placeholder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, Fault
from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.birthdays import Birthday, LeapDay
from csdomain.kernel.values.durations import CalendarDays, Duration, WorkingDays
from csdomain.rulebook import POSITION, Rulebook, Section, texts_beside
from csdomain.rulebook.nearest import meant

from .texts import Channel, Language, parse

READ: Final = Action("messages.read")
RESEND: Final = Action("messages.resend")
CONFIRM: Final = Action("messages.confirm")
PERSONAL: Final = Action("messages.personal")
NOTIFY: Final = Action("messages.notify")
#: What a house may write of its own accord, by the name of its setting.
GREETINGS: Final = ("welcome", "birthday", "holiday", "thanks", "lapse", "drivers_care")
_MOST: Final = 31
_LAST_HOUR: Final = 23


@attrs.frozen(kw_only=True)
class Greeting:
    """A greeting that the house writes: ``by`` is the position that answers for it where the customer has no
    representative.

    One that follows from a contract leaves ``after`` that, at the earliest, and ``within`` that, or not at all; one
    that a day brings leaves at ``hour`` of it, up to ``late_hours`` later where nothing ran then, or not at all.
    [MSG-02, MSG-05, MSG-06, MSG-14]
    """

    by: str = attrs.field(metadata=POSITION)
    after: Duration = WorkingDays(1)  # noqa: RUF009 - frozen
    within: Duration = CalendarDays(7)  # noqa: RUF009
    hour: int = 9
    late_hours: int = 14


@attrs.frozen(kw_only=True)
class Festival:
    """A holiday on which customers are greeted: its names, its ``day`` as birthdays are written (``G10-01``, lunar
    ``L01-01``), and whether they are greeted on the eve. [MSG-04]"""

    day: str
    eve: bool = False
    zh_hans: str
    zh_hant: str
    en: str

    def said(self, language: Language) -> str:
        """Its name in a language."""
        return str(getattr(self, language.value))


#: Texts as a rulebook writes them: by occasion, then channel, then language.
Texts = Mapping[str, Mapping[str, Mapping[str, str]]]


@attrs.frozen
class MessageRules:
    """The house's texts (MSG-01), and the language they are all written in (others are optional).

    Nothing that can wait leaves from ``quiet_from`` up to ``quiet_until`` on the clock of whoever it is for; of
    marketing nobody gets more than ``marketing_cap`` messages in a calendar month (MSG-08). ``greetings`` are those
    that the house writes: one that is not named is off (MSG-02 to MSG-07). ``festivals`` are its holidays,
    ``leap_day`` is when those born on 29 February celebrate in other years (MSG-03). ``campaigns_by`` is the position
    that lets campaigns begin. ``links_for`` is how long a link to unsubscribe can be used. ``hold_reasons`` are the
    codes for which law may demand that preferences are kept (KRN-14).
    """

    default_language: Language
    templates: Texts = attrs.field(factory=dict)
    quiet_from: time = time(21)
    quiet_until: time = time(8, 30)
    marketing_cap: int = 4
    greetings: Mapping[str, Greeting] = attrs.field(factory=dict)
    festivals: Mapping[str, Festival] = attrs.field(factory=dict)
    leap_day: LeapDay = LeapDay.FEB28
    campaigns_by: str = attrs.field(default="", metadata=POSITION)
    links_for: CalendarDays = CalendarDays(60)  # noqa: RUF009 - frozen
    hold_reasons: tuple[str, ...] = ()

    def texts(self, occasion: Occasion, channel: Channel) -> Mapping[str, str]:
        """The texts for an occasion on a channel, by the name of their language."""
        return self.templates.get(occasion.name, {}).get(channel.value, {})


def _faults(rules: MessageRules, book: Rulebook) -> Iterator[str]:
    yield from _sending_faults(rules)
    for name, channels in rules.templates.items():
        at = f"$.messages.templates['{name}']"
        occasion = book.occasions.get(name)
        if occasion is None:
            hint = meant(name, book.occasions)
            said = Text(f"no context declares the occasion {name}{hint.en}", f"没有功能声明时机 {name}{hint.zh}")
            yield Fault.of(said, at)
        for channel, texts in channels.items():
            yield from _channel_faults(rules, occasion, channel, texts, f"{at}['{channel}']")


def _sending_faults(rules: MessageRules) -> Iterator[str]:
    for name, greeting in rules.greetings.items():
        at = f"$.messages.greetings['{name}']"
        if name not in GREETINGS:
            yield _one_of(GREETINGS, name, at)
        if not 0 <= greeting.hour <= _LAST_HOUR:
            yield Fault.of(Text(f"an hour from 0 to {_LAST_HOUR}", f"0 到 {_LAST_HOUR} 点"), f"{at}.hour")
        if not 1 <= greeting.late_hours <= _LAST_HOUR:
            yield Fault.of(Text(f"1 to {_LAST_HOUR} hours", f"1 到 {_LAST_HOUR} 小时"), f"{at}.late_hours")
    for name, festival in rules.festivals.items():
        try:
            Birthday.read(festival.day)
        except DomainError as error:
            yield Fault.of(Text(str(error), error.render("zh")), f"$.messages.festivals['{name}'].day")
    if rules.quiet_from == rules.quiet_until:
        yield Fault.of(Text("another time than quiet_from", "须不同于 quiet_from"), "$.messages.quiet_until")
    if not 0 <= rules.marketing_cap <= _MOST:
        yield Fault.of(Text(f"0 to {_MOST}", f"0 到 {_MOST}"), "$.messages.marketing_cap")


def _channel_faults(
    rules: MessageRules, occasion: Occasion | None, channel: str, texts: Mapping[str, str], at: str
) -> Iterator[str]:
    if channel not in _CHANNELS:
        yield _one_of(_CHANNELS, channel, at)
    if rules.default_language.value not in texts:
        usual = rules.default_language.value
        yield Fault.of(Text(f"no text in {usual}, the default language", f"缺少默认语言 {usual} 的文本"), at)
    for language, text in texts.items():
        if language not in _LANGUAGES:
            yield _one_of(_LANGUAGES, language, f"{at}['{language}']")
        if occasion is not None:
            try:
                parse(text, occasion)
            except DomainError as error:
                yield Fault.of(Text(str(error), error.render("zh")), f"{at}['{language}']")


def _one_of(known: tuple[str, ...], given: str, at: str) -> Fault:
    names = ", ".join(known)
    return Fault.of(Text(f"one of {names} expected, not {given}", f"应为 {names} 之一，而非 {given}"), at)


_CHANNELS: Final = tuple(channel.value for channel in Channel)
_LANGUAGES: Final = tuple(language.value for language in Language)

_T: Final = Placeholder.TEXT
WELCOME, BIRTHDAY, HOLIDAY, THANKS, LAPSE, DRIVERS_CARE = (f"message.{name}" for name in GREETINGS)
NOTICE: Final = "message.notice"
GREETING_DUE: Final = "message.greeting_due"
GREETINGS_DUE: Final = "message.greetings_due"
_OCCASIONS: Final = (
    Occasion(FAILED, dict.fromkeys(("message", "occasion", "state"), _T), internal=True),
    Occasion(NOTICE, {"sender": _T}, internal=True, typed=("text",)),
    Occasion(GREETING_DUE, {"greeting": _T, "customer": _T}, internal=True),
    Occasion(GREETINGS_DUE, {"greeting": _T, "on": Placeholder.DATE}, internal=True),
    *(Occasion(name) for name in (WELCOME, BIRTHDAY, THANKS, LAPSE)),
    Occasion(HOLIDAY, {"holiday": _T}),
    Occasion(DRIVERS_CARE, typed=("text",)),
    *occasions(
        "campaign",
        {},
        {"drafted": {"called": _T}, "stopped": {"called": _T}, "done": {"called": _T, "queued": Placeholder.NUMBER}},
    ),
)
LABELS: Final[Mapping[str, Text]] = {
    "": Text("messages", "消息"),
    "quiet_from": Text("begin of the quiet hours", "静默时段开始"),
    "quiet_until": Text("end of the quiet hours", "静默时段结束"),
    "marketing_cap": Text("marketing messages in a month", "每月营销消息上限"),
    "greetings.*": Text("greeting {0}", "问候 {0}"),
    "greetings.*.by": Text("who answers for {0}", "{0} 的负责职位"),
    "greetings.*.after": Text("earliest time of {0}", "{0} 的最早发送时间"),
    "greetings.*.within": Text("latest time of {0}", "{0} 的最晚发送时间"),
    "greetings.*.hour": Text("hour of {0}", "{0} 的发送钟点"),
    "greetings.*.late_hours": Text("hours by which {0} may be late", "{0} 可延迟发送的小时数"),
    "festivals.*": Text("holiday {0}", "节日 {0}"),
    "festivals.*.day": Text("day of {0}", "{0} 的日期"),
    "festivals.*.eve": Text("greeted on the eve of {0}", "{0} 前夕问候"),
    "festivals.*.zh_hans": Text("{0} in Simplified Chinese", "{0} 的简体名称"),
    "festivals.*.zh_hant": Text("{0} in Traditional Chinese", "{0} 的繁体名称"),
    "festivals.*.en": Text("{0} in English", "{0} 的英文名称"),
    "leap_day": Text("birthdays of 29 February", "2 月 29 日生日的庆祝日"),
    "campaigns_by": Text("who lets campaigns begin", "营销活动批准职位"),
    "links_for": Text("days that a link to unsubscribe can be used", "退订链接有效天数"),
    "hold_reasons": Text("reasons to keep preferences", "联系偏好保留事由"),
}
MESSAGE_RULES: Section[MessageRules] = Section(
    "messages",
    MessageRules,
    actions=(READ, RESEND, CONFIRM, PERSONAL, NOTIFY),
    check=_faults,
    pinned=False,
    occasions=_OCCASIONS,
    labels=LABELS,
    texts=texts_beside(Path(__file__).parent),
)
