"""What a customer wants to hear, by which way and when; and what a campaign is made of."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time
from enum import Enum, unique
from itertools import product
from typing import Final, NewType

import attrs

from csdomain.frame.fields import SHORT, Fields, words
from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, fact_labels
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.ids import IdKind
from csdomain.messaging.rules import MARKETING, OPT_OUT

from .texts import Channel

PreferencesId = NewType("PreferencesId", str)
PREFERENCES_ID: Final = IdKind[PreferencesId]("cpr")
CampaignId = NewType("CampaignId", str)
CAMPAIGN_ID: Final = IdKind[CampaignId]("cpg")
TextId = NewType("TextId", str)
TEXT_ID: Final = IdKind[TextId]("mtx")
#: What a customer can do without; the rest is what the contract demands.
OPTIONAL: Final = (MessageClass.SERVICE, MessageClass.CARE, MessageClass.MARKETING)
fact_labels({"campaign": "营销活动", "purpose": "用途"})


class MalformedPreference(InvalidValue):
    """What was given for somebody's preferences is not possible (MSG-10)."""

    default_rule = OPT_OUT
    problem = Text("A field of the preferences is not valid.", "联系偏好的某一字段无效。")


class MalformedCampaign(InvalidValue):
    """What was given for a campaign is missing or not possible (MSG-08)."""

    default_rule = MARKETING
    problem = Text("A field of the campaign is missing or not valid.", "营销活动的某一字段缺失或无效。")


class LinkRefused(InvalidValue):
    """A link to unsubscribe that is not this house's own, is changed, or has run out (MSG-10)."""

    default_rule = OPT_OUT
    problem = Text("This link cannot be used.", "此链接无法使用。")


FIELDS: Final = Fields(MalformedPreference)
CAMPAIGN_FIELDS: Final = Fields(MalformedCampaign)


@unique
class Outcome(Enum):
    """What became of a message that could be done without: it still waits, a gateway took it, it did not arrive, or
    why it was skipped."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    OPTED_OUT = "opted_out"
    DO_NOT_CALL = "do_not_call"
    NO_CONSENT = "no_consent"
    CAP = "cap"
    STOPPED = "stopped"
    GONE = "gone"


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedPreference))
class OptOut:
    """A class of messages that the customer wants no more by a channel, since when and said how."""

    klass: MessageClass
    channel: Channel
    at: datetime = attrs.field(converter=utc)
    source: str


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedPreference))
class Consent:
    """The customer agreed to marketing by a channel: when, said how, and to which words (D26)."""

    channel: Channel
    at: datetime = attrs.field(converter=utc)
    source: str
    wording: str = words()


@attrs.frozen(kw_only=True)
class Standing:
    """What a customer wants: opt-outs, consents, no calls at all, and calls only from ``since`` up to ``until``, as
    minutes of the day on the customer's clock (both 0 where any time will do). [MSG-08, MSG-10]"""

    opted_out: tuple[OptOut, ...] = ()
    consents: tuple[Consent, ...] = ()
    do_not_call: bool = False
    since: int = 0
    until: int = 0

    @property
    def hours(self) -> tuple[time, time] | None:
        """The hours wished for calls; None where any time will do."""
        return None if self.since == self.until else (_clock(self.since), _clock(self.until))

    def without(self, klass: MessageClass | None, channel: Channel | None) -> "Standing":
        """Without what was said before of a class (all where None) by a channel (all where None)."""
        kept = (one for one in self.opted_out if not _meant(one.klass, one.channel, klass, channel))
        return attrs.evolve(self, opted_out=tuple(kept))

    def opting_out(self, klass: MessageClass | None, channel: Channel | None, at: datetime, source: str) -> "Standing":
        """With an opt-out; one from marketing takes consents back."""
        new = (OptOut(klass=k, channel=c, at=at, source=source) for k, c in pairs(klass, channel))
        before = self.without(klass, channel)
        stay = self.consents
        if klass in (None, MessageClass.MARKETING):
            stay = tuple(one for one in stay if channel not in (None, one.channel))
        return attrs.evolve(before, opted_out=(*before.opted_out, *new), consents=stay)

    def agreeing(self, consent: Consent) -> "Standing":
        """With consent to marketing by a channel, in place of what was said before of it."""
        others = (one for one in self.consents if one.channel is not consent.channel)
        allowed = self.without(MessageClass.MARKETING, consent.channel)
        return attrs.evolve(allowed, consents=(*others, consent))


def _clock(minutes: int) -> time:
    return time(*divmod(minutes, 60))


def pairs(klass: MessageClass | None, channel: Channel | None) -> Iterator[tuple[MessageClass, Channel]]:
    """What an opt-out means: every class that can be done without where None, every channel where None."""
    yield from product(OPTIONAL if klass is None else (klass,), Channel if channel is None else (channel,))


def _meant(klass: MessageClass, channel: Channel, asked: MessageClass | None, through: Channel | None) -> bool:
    return asked in (None, klass) and through in (None, channel)


@attrs.frozen(kw_only=True)
class CampaignText:
    """What a campaign says in a language; it may name ``{name}`` and ``{title}``."""

    language: str = attrs.field(validator=CAMPAIGN_FIELDS.id)
    text: str = CAMPAIGN_FIELDS.words(2000)


def _customers(_: object, attribute: "attrs.Attribute[tuple[str, ...]]", value: Iterable[str]) -> None:
    for each in value:
        CAMPAIGN_FIELDS.check_id(each, attribute.name)


def _code(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
    CAMPAIGN_FIELDS.check_text(value, attribute.name, SHORT, empty=True)


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedCampaign))
class Audience:
    """Whom a campaign is for: ``customers`` by id (at most 1000), or every active customer of the campaign's branch
    for whom all conditions hold (empty: any); ``everyone`` where none is given. Raises MalformedCampaign. [MSG-08]"""

    customers: tuple[str, ...] = attrs.field(default=(), validator=_customers)
    grade: str = attrs.field(default="", validator=_code)
    intention: str = attrs.field(default="", validator=_code)
    region: str = attrs.field(default="", validator=_code)
    source: str = attrs.field(default="", validator=_code)
    everyone: bool = False

    def __attrs_post_init__(self) -> None:
        ways = [bool(self.customers), bool(self.conditions), self.everyone]
        if sum(ways) != 1:
            said = Text("customers, or conditions, or everyone", "客户名单、条件或全体，三者择一")
            raise MalformedCampaign(field="customers", accepted=said)

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions that are given, by the customer's column."""
        names = ("grade", "intention", "region", "source")
        return {name: getattr(self, name) for name in names if getattr(self, name)}
