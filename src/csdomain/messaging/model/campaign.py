"""A campaign: one text to a named audience, and its commands (MSG-08)."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.fields import words
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.occasions import Occasion
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Kind
from csdomain.messaging import events as e
from csdomain.messaging import rules as r
from csdomain.messaging.lifecycle import CAMPAIGN_MOVES, CampaignMove, CampaignState
from csdomain.messaging.values import (
    CAMPAIGN_FIELDS,
    CAMPAIGN_ID,
    Audience,
    CampaignId,
    CampaignText,
    Channel,
    Language,
    MalformedCampaign,
    MessageRules,
    Template,
    parse,
)

from .preferences import MessagingAct

does_campaign: Final = Commands(CAMPAIGN_MOVES)
_M: Final = CampaignMove


def _may_begin(campaign: "Campaign", act: MessagingAct) -> None:
    other = Text("somebody else than who wrote it", "撰写人以外的人员")
    require(act.by.id != campaign.owner, r.MARKETING, accepted=other)
    later = Text(f"before {campaign.until.isoformat()}", f"须在 {campaign.until.isoformat()} 之前")
    require(act.at < campaign.until, r.MARKETING, accepted=later)
    there = Text("an audience of one customer at least", "至少包含一位客户的受众")
    require(act.anybody(campaign.audience, campaign.branch), r.MARKETING, accepted=there)


def occasion_of(name: str) -> Occasion:
    """The occasion of a campaign's messages, for gateways that send templates by it. Raises MalformedOccasion."""
    return Occasion(f"marketing.{name}")


@attrs.define(kw_only=True)
class Campaign(Record):
    """A campaign, called ``name`` in small letters. It is sent up to ``until``; ``owner`` wrote it. [MSG-08]"""

    id: CampaignId = attrs.field(on_setattr=attrs.setters.frozen)
    state: CampaignState = CampaignState.DRAFTED
    name: str
    texts: tuple[CampaignText, ...]
    audience: Audience
    until: datetime
    stopped_why: str = words(default="")
    number: ClassVar[str] = ""

    @staticmethod
    @does_campaign.opens(_M.DRAFT)
    def draft(
        act: MessagingAct, name: str, texts: Mapping[str, str], audience: Audience, until: datetime
    ) -> tuple["Campaign", Events]:
        end = utc(until)
        if end <= act.at:
            accepted = Text("an instant to come", "将来的时间")
            raise MalformedCampaign(field="until", given=end, accepted=accepted)
        campaign = Campaign(
            id=act.new(CAMPAIGN_ID),
            branch=act.by.branch,
            owner=act.by.id,
            rulebook=act.rulebook,
            moved_at=act.at,
            name=name,
            texts=_checked(CAMPAIGN_FIELDS.check_id(name, "name"), texts, act.rules),
            audience=audience,
            until=end,
        )
        return campaign, act.opened(campaign, e.CampaignDrafted(until=end))

    @does_campaign(_M.START, when=_may_begin)
    def start(self, act: MessagingAct) -> Events:
        return act.done(e.CampaignStarted())

    @does_campaign(_M.STOP)
    def stop(self, act: MessagingAct, reason: str) -> Events:
        self.stopped_why = CAMPAIGN_FIELDS.check_text(reason, "reason")
        return act.done(e.CampaignStopped(reason=reason))

    def finished(self, act: MessagingAct, queued: int) -> Events:
        """What follows when everybody was seen to."""
        return act.beside(does_campaign, self, _M.FINISH, e.CampaignDone(queued=queued))

    def template(self, channel: Channel, language: Language, default: Language) -> Template:
        """Its text in a language, or in the house's default one."""
        texts = {one.language: one.text for one in self.texts}
        taken = language if language.value in texts else default
        return Template(occasion_of(self.name), channel, taken, texts[taken.value])


def _checked(name: str, texts: Mapping[str, str], rules: MessageRules) -> tuple[CampaignText, ...]:
    CAMPAIGN_FIELDS.check_known(texts, [one.value for one in Language], "texts")
    if rules.default_language.value not in texts:
        usual = rules.default_language.value
        accepted = Text(f"a text in {usual} at least", f"至少须有 {usual} 的文本")
        raise MalformedCampaign(field="texts", accepted=accepted)
    found = tuple(CampaignText(language=language, text=text) for language, text in sorted(texts.items()))
    for each in found:
        parse(each.text, occasion_of(name))
    return found


_, _STATE, _, _QUEUE = usual(CAMPAIGN_MOVES)
CAMPAIGNS: Final = Kind(Campaign, CAMPAIGN_ID, "campaign", (_STATE, _QUEUE), queue=_QUEUE)
