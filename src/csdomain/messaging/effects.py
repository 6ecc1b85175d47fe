"""Who is told of campaigns, and what leaves of a typed text; of preferences nobody is."""

from collections.abc import Iterable
from typing import Final

from csdomain.frame.effects import Effects, Scene
from csdomain.kernel.cases.effects import Effect, Message, MessageClass

from . import events as e
from .model.campaign import CAMPAIGNS
from .model.preferences import PREFERENCES
from .model.typed import TEXTS
from .values import DRIVERS_CARE, MESSAGE_RULES, NOTICE, MessageRules

PREFERENCES_EFFECTS: Final = Effects(PREFERENCES, MESSAGE_RULES)
EFFECTS: Final = Effects(CAMPAIGNS, MESSAGE_RULES)
TEXT_EFFECTS: Final = Effects(TEXTS, MESSAGE_RULES)
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


@TEXT_EFFECTS.on(e.NoticeTyped)
def _notice(event: e.NoticeTyped, s: S) -> Iterable[Effect]:
    yield Message(f"{event.subject}/notice", NOTICE, event.to, {"sender": event.by}, by=event.by)


@TEXT_EFFECTS.on(e.CareTyped)
def _care(event: e.CareTyped, s: S) -> Iterable[Effect]:
    on = s.rules.greetings["drivers_care"]
    until = s.place.calendar.deadline(event.at, on.within)
    key, care = f"{event.subject}/care", MessageClass.CARE
    yield Message(key, DRIVERS_CARE, event.customer, until=until, klass=care, by=on.by)
