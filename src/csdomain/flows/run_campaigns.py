"""Campaigns: the planner goes over the audience page by page and queues one message for each customer (MSG-08)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from csdomain.kernel.cases.effects import Message, MessageClass
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.kinds import Comparison, Query, Tally, Where
from csdomain.kernel.store.planning import Due, Run, Source, Subjects
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import system_actor
from csdomain.messaging.effects import EFFECTS
from csdomain.messaging.events import GreetingPlanned
from csdomain.messaging.lifecycle import CAMPAIGN_MOVES, CampaignMove, CampaignState
from csdomain.messaging.model.campaign import CAMPAIGNS, occasion_of
from csdomain.messaging.model.outcomes import OUTCOMES, note, skipped
from csdomain.messaging.model.preferences import MessagingAct, preferences_of
from csdomain.messaging.ports import Audiences, ListedCustomers
from csdomain.messaging.service import Gate
from csdomain.messaging.service.campaigns import SOURCE
from csdomain.messaging.values import MESSAGE_RULES, Audience, Outcome
from csdomain.rulebook import House

from .greeting import book_of

_FINISH = CAMPAIGN_MOVES.actions[CampaignMove.FINISH]


class RecordedAudiences:
    """Satisfies :class:`~csdomain.messaging.ports.Audiences` by the records of customers: active ones only."""

    def page(self, unit: Unit, audience: Audience, branch: str, cursor: str, limit: int, /) -> Subjects:
        """One page, by the columns that the conditions name; those that are named one by one as they are."""
        if audience.customers:
            return ListedCustomers().page(unit, audience, branch, cursor, limit)
        from csdomain.customers.lifecycle import State
        from csdomain.customers.model.customer import CUSTOMERS

        asked = {"state": State.ACTIVE.value, "branch": branch, **audience.conditions}
        where: tuple[Where[Any], ...] = tuple(Where(name, Comparison.IS, value) for name, value in asked.items())
        found = unit.of(CUSTOMERS).find(Query(where, limit=limit, after=(cursor, cursor) if cursor else None))
        ids = [one.id for one in found.items if one.erased_at is None and not one.restricted]
        return Subjects(ids, found.next[1] if found.next else None)


def audiences_of(house: House) -> Audiences:
    """The audiences of a house."""
    return RecordedAudiences() if "customers" in house.rulebook.parts else ListedCustomers()


def source(house: House) -> Source:
    """The runs: one a campaign, opened where it is started; none by the calendar."""
    audiences, gate = audiences_of(house), Gate(house, book_of(house))

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        return ()

    def page(unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        campaign = unit.of(CAMPAIGNS).get(due.key)
        if campaign.state is not CampaignState.RUNNING:
            return Subjects((), None)
        return audiences.page(unit, campaign.audience, campaign.branch, cursor, limit)

    def act(unit: Unit, due: Due, ids: Sequence[str]) -> None:
        campaign = unit.of(CAMPAIGNS).get(due.key)
        occasion = occasion_of(campaign.name).name
        people = {gate.customers.family(unit, id)[0] for id in ids}
        for customer in sorted(people, key=preferences_of):  # as they are locked
            key = f"{campaign.id}/{customer}"
            if unit.register(OUTCOMES).get((key,)) is not None:
                continue
            living = _is_living(unit, gate, customer)
            why = gate.take(unit, customer, due.at, campaign.branch) if living else Outcome.GONE
            note(unit, skipped(key, customer, occasion, why or Outcome.QUEUED, due.at, campaign.id))
            said = "" if why is None else why.value
            told = {"occasion": occasion, "message": key, "outcome": said}
            event = GreetingPlanned(subject=campaign.id, by=SYSTEM, at=due.at, **told)
            about = {"since": due.at, "until": campaign.until, "klass": MessageClass.MARKETING, "by": campaign.owner}
            unit.record([event], () if why else [Message(key, occasion, customer, {}, **about)])

    def ended(unit: Unit, run: Run) -> None:
        system = system_actor((_FINISH,))
        campaign = unit.load(CAMPAIGNS, run.key, may=_FINISH, by=system)
        if campaign.state is not CampaignState.RUNNING:
            return
        mine = (OUTCOMES["campaign"].is_(campaign.id),)
        rows = unit.register(OUTCOMES).sums(Tally(mine, group_by=("outcome",)))
        waits = {Outcome.QUEUED.value, Outcome.SENT.value, Outcome.FAILED.value}
        queued = sum(row.count for row in rows if str(row.group[0]) in waits)
        rules, place = house.rulebook[MESSAGE_RULES], house.place(campaign.branch)
        made = MessagingAct(
            by=system,
            at=max(run.at, campaign.moved_at),
            rules=rules,
            place=place,
            draws=cast("Any", None),  # it draws nothing
            anybody=lambda *_: True,
            why_not=lambda _: None,
        )
        events = campaign.finished(made, queued)
        unit.of(CAMPAIGNS).save(campaign)
        unit.record(events, EFFECTS.of(events, campaign, rules, place))

    return Source(SOURCE, runs, page, act, ended=ended)


def _is_living(unit: Unit, gate: Gate, customer: str) -> bool:
    try:
        gate.customers.require_living(unit, customer)
    except RuleBroken:
        return False
    return True
