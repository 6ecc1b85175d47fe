"""Who is told of campaigns; of preferences nobody is."""

from collections.abc import Iterable
from typing import Final

from csdomain.frame.effects import Effects, Scene
from csdomain.kernel.cases.effects import Effect

from . import events as e
from .model.campaign import CAMPAIGNS
from .model.preferences import PREFERENCES
from .values import MESSAGE_RULES, MessageRules

PREFERENCES_EFFECTS: Final = Effects(PREFERENCES, MESSAGE_RULES)
EFFECTS: Final = Effects(CAMPAIGNS, MESSAGE_RULES)
S = Scene[MessageRules]


@EFFECTS.on(e.CampaignDrafted)
def _drafted(event: e.CampaignDrafted, s: S) -> Iterable[Effect]:
    if s.rules.campaigns_by:
        yield s.tell(event, "drafted", s.rules.campaigns_by, called=event.called)


@EFFECTS.on(e.CampaignStopped)
def _stopped(event: e.CampaignStopped, s: S) -> Iterable[Effect]:
    yield s.tell(event, "stopped", s.case.owner, called=event.called)


@EFFECTS.on(e.CampaignDone)
def _done(event: e.CampaignDone, s: S) -> Iterable[Effect]:
    yield s.tell(event, "done", s.case.owner, called=event.called, queued=event.queued)
