"""The use cases of campaigns, one method each (MSG-08)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, Unpack

import attrs

from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, OpenOptions
from csdomain.kernel.cases.events import Event
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.planning import RUNS, Due, Run
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.messaging import effects as f
from csdomain.messaging import events as e
from csdomain.messaging.model.campaign import CAMPAIGNS, Campaign, does_campaign
from csdomain.messaging.model.outcomes import OUTCOMES
from csdomain.messaging.values import Audience, Outcome

from .preferences import MessagingService

#: The source of the planner that sends campaigns.
SOURCE: Final = "campaigns"
CAMPAIGN_CASES: Final = CaseType(CAMPAIGNS, does_campaign, f.EFFECTS, keeping=Keeping("campaign"), prefix="campaign_")


@attrs.frozen
class Campaigns(MessagingService[Campaign]):
    """Campaigns: one text to a named audience, with consent, at most so often a month.

    Commands take ``by`` and ``at``, and optionally ``key`` and ``expected_version``; they raise NotFound, NotPermitted,
    MoveRefused, NaiveTime, Conflict, KeyReused, MalformedCampaign.
    """

    _cases: ClassVar = CAMPAIGN_CASES

    def draft(
        self,
        name: str,
        texts: Mapping[str, str],
        audience: Audience,
        until: datetime,
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Write a campaign: its name in small letters, its text by language (``zh_hans``), whom it is for, the instant
        up to which it is sent. Raises MalformedOccasion, and as :meth:`start` for a text. [MSG-01, MSG-08]"""
        return self._begin(Campaign.draft, call, name, texts, audience, until)

    def start(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Let a campaign begin: the planner sends it. Raises RuleBroken for who wrote it, for an audience of nobody,
        and when its time is over. [MSG-08]"""
        return self._do(Campaign.start, id, call)

    def stop(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """End a campaign: what has not left stays unsent. [MSG-08]"""
        return self._do(Campaign.stop, id, call, reason)

    def figures(self, id: str, *, by: Actor) -> Mapping[Outcome, int]:
        """How many messages still wait (``queued``), were taken by a gateway (``sent``), did not arrive (``failed``),
        were skipped and why.

        They follow receipts, asking and sending again; one whose gateway did not answer waits until its fate is known.
        Raises NotFound, NotPermitted. [MSG-08]
        """

        def work(unit: Unit, actor: Actor) -> Mapping[Outcome, int]:
            self._found(unit, id, actor)
            rows = unit.register(OUTCOMES).sums(Tally((OUTCOMES["campaign"].is_(id),), group_by=("outcome",)))
            return {Outcome(str(row.group[0])): row.count for row in rows}

        return self._read(work, by, id)

    def _keep(self, unit: Unit, case: Campaign, events: Sequence[Event], *, new: bool = False) -> None:
        (super()._keep)(unit, case, events, new=new)
        started = [event for event in events if isinstance(event, e.CampaignStarted)]
        unit.register(RUNS).put_new([Run.of(SOURCE, Due(event.subject, event.at)) for event in started])
