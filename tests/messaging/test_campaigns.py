"""A campaign goes once to each of an audience who agreed, at most so often a month, and can be stopped (MSG-08)."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.jobs_at_work import Died, Mortal
from csdomain.kernel.cases.delivery import (
    DeliveryFailed,
    DeliveryUnknown,
    MessageState,
    NotSent,
    Sent,
    StillUnknown,
    own_ref,
)
from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.cases.occasions import MalformedOccasion
from csdomain.kernel.rules.errors import InvalidValue, MoveRefused, NotFound, NotPermitted, RuleBroken
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.planning import Due, plan
from csdomain.messaging.lifecycle import CampaignState
from csdomain.messaging.model.campaign import CAMPAIGNS
from csdomain.messaging.model.preferences import PREFERENCES
from csdomain.messaging.rules import MARKETING, ONCE, OPT_OUT, OUTBOX
from csdomain.messaging.values import (
    OPTIONAL,
    Audience,
    Channel,
    DeliveryReceipt,
    MalformedCampaign,
    Outcome,
    UnknownPlaceholder,
)
from csdomain_adapters.gateways.answers import Fate, Gate

from .test_preferences import queue
from .writing import Writing

TEXT = {"zh_hans": "{name}，续费八折，回T退订", "en": "{name}, renew at 80 %"}
SPRING = "marketing.spring"


class Selling(Writing):
    """An office that sells."""

    def agrees(self, *customers: str, channel: Channel = Channel.SMS) -> None:
        for each in customers:
            self.says("consent", each, channel, "Yes, write to me", "form")

    def draft(self, audience: Audience, name: str = "spring", texts: Any = None, days: int = 30) -> str:
        until = self.desk.clock.now() + timedelta(days=days)
        given_ = (name, TEXT if texts is None else texts, audience, until)
        id: str = self.call(self.messages.campaigns.draft, *given_, position="customer_representative").id
        return id

    def begun(self, *customers: str, **more: Any) -> str:
        id = self.draft(Audience(customers=customers), **more)
        self.call(self.messages.campaigns.start, id)
        return id

    def figures(self, id: str) -> dict[str, int]:
        found = self.messages.campaigns.figures(id, by=self.who["general_manager"])
        return {outcome.value: count for outcome, count in found.items()}

    def state(self, id: str) -> CampaignState:
        found: CampaignState = self.desk.store.look(lambda unit: unit.of(CAMPAIGNS).get(id)).state
        return found


@pytest.mark.rule(MARKETING, OPT_OUT)
def test_a_campaign_goes_to_those_who_agreed_and_says_of_the_others_why_not() -> None:
    office = Selling()
    yes, no, out, later, old, gone = (office.customer() for _ in range(6))
    office.agrees(yes, out, later, old)
    office.call(office.desk.customers.merge, old, yes)
    office.says("opt_out", out, MessageClass.MARKETING, None, "by_phone")
    office.call(office.desk.erase_customer, gone)
    id = office.begun(yes, no, out, later, old, gone, "customer-9")
    office.desk.plan()
    assert office.figures(id) == {"queued": 2, "no_consent": 2, "opted_out": 1, "gone": 1}
    office.says("opt_out", later, None, None, "by_phone")
    assert office.relay() == [(SPRING, yes)], "once, though two of the records are the same person's"
    assert "续费八折" in office.gateway.sent[f"{id}/{yes}"].text
    assert office.figures(id) == {"sent": 1, "no_consent": 2, "opted_out": 2, "gone": 1}
    skipped = office.messages.skipped(campaign=id, by=office.who["service_manager"])
    assert sorted((row.customer, row.outcome) for row in skipped) == sorted(
        [(gone, "gone"), (no, "no_consent"), ("customer-9", "no_consent"), (out, "opted_out"), (later, "opted_out")]
    )
    (told,) = office.outbox("campaign.done")
    assert (told.to, told.facts["queued"]) == ("customer_representative", 2)
    assert office.state(id) is CampaignState.DONE
    assert office.desk.verify().faults == ()


@pytest.mark.rule(MARKETING)
def test_a_page_is_one_unit_of_work_that_locks_in_order() -> None:
    office = Selling()
    people = [office.customer() for _ in range(8)]
    office.agrees(*people)
    id = office.begun(*people)
    (source,) = (s for s in office.desk.sources if s.name == "campaigns")
    office.desk.store.run(lambda unit: source.act(unit, Due(id, office.desk.clock.now()), people))
    assert office.figures(id) == {"queued": 8}


@pytest.mark.rule(MARKETING)
def test_nobody_gets_more_than_the_cap_in_a_month_whichever_campaigns_they_are() -> None:
    office = Selling("[messages]\nmarketing_cap = 2\n")
    customer = office.customer()
    office.agrees(customer)
    for name in ("one", "two", "three"):
        id = office.begun(customer, name=name)
    office.desk.plan()
    assert office.figures(id) == {"cap": 1}
    office.desk.clock.advance(timedelta(days=31))
    april = office.begun(customer, name="four")
    office.desk.plan()
    assert office.figures(april) == {"queued": 1}


@pytest.mark.rule(MARKETING)
def test_a_campaign_that_is_stopped_before_its_run_or_after_it_sends_nothing_more() -> None:
    office = Selling()
    customer = office.customer()
    office.agrees(customer)
    stop, before, after = office.messages.campaigns.stop, office.begun(customer), office.begun(customer, name="later")
    office.call(stop, before, "wrong text")
    office.desk.plan()
    assert (office.figures(before), office.state(after)) == ({}, CampaignState.DONE)
    office.call(stop, after, "it waits for the morning, and is wrong")
    assert office.relay() == []
    assert office.figures(after) == {"stopped": 1}
    with pytest.raises(MoveRefused):
        office.call(stop, after, "again")


@pytest.mark.rule(MARKETING)
def test_what_is_queued_of_a_campaign_that_is_stopped_half_way_does_not_leave() -> None:
    office = Selling()
    people = [office.customer() for _ in range(3)]
    office.agrees(*people)
    id = office.begun(*people)
    mortal = Mortal(office.desk.store, at=4)  # opened, claimed, one page of one, and then it dies
    with pytest.raises(Died):
        plan(mortal, [s for s in office.desk.sources if s.name == "campaigns"], office.desk.clock, worker="w", page=1)
    assert 0 < office.figures(id)["queued"] < 3
    office.call(office.messages.campaigns.stop, id, "wrong text")
    assert office.relay() == []
    office.later(hours=1)
    assert set(office.figures(id)) == {"stopped"}
    assert office.state(id) is CampaignState.STOPPED
    (failed,) = {m.state for m in office.outbox(SPRING)}
    assert failed is MessageState.SUPPRESSED


@pytest.mark.rule(MARKETING, ONCE)
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=4))
def test_each_is_written_to_once_wherever_planners_die(deaths: list[tuple[int, bool]]) -> None:
    office = Selling()
    people = [office.customer() for _ in range(4)]
    office.agrees(*people)
    id = office.begun(*people)
    sources = [s for s in office.desk.sources if s.name == "campaigns"]
    for n, (at, after) in enumerate(deaths):
        try:
            plan(Mortal(office.desk.store, at, after=after), sources, office.desk.clock, worker=f"w{n}", page=1)
        except Died:
            office.desk.clock.advance(timedelta(minutes=3))
    office.desk.plan()
    assert office.figures(id) == {"queued": 4}
    assert sorted(one.to for one in office.outbox(SPRING)) == sorted(people)
    assert office.state(id) is CampaignState.DONE


@pytest.mark.rule(MARKETING)
@pytest.mark.parametrize(
    ("audience", "found"),
    [
        ({"region": "east"}, 1),
        ({"region": "west"}, 0),
        ({"everyone": True}, 2),
        ({"region": "east", "source": "fair"}, 0),
    ],
)
def test_an_audience_is_named_by_conditions_and_nobody_is_refused(audience: dict[str, Any], found: int) -> None:
    office = Selling()
    office.agrees(office.customer(region="east"), office.customer())
    office.call(office.desk.customers.set_apart, office.customer(region="west"))
    id = office.draft(Audience(**audience))
    if not found:
        with pytest.raises(RuleBroken) as refused:
            office.call(office.messages.campaigns.start, id)
        assert "one customer" in refused.value.render("en")
        return
    office.call(office.messages.campaigns.start, id)
    office.desk.plan()
    assert office.figures(id) == {"queued": found}


@pytest.mark.rule(MARKETING)
def test_a_campaign_that_cannot_be_sent_is_refused_when_it_is_written_or_begun() -> None:
    office = Selling()
    few = Audience(customers=("customer-1",))
    for wrong, error in (
        ({"texts": {}}, MalformedCampaign),
        ({"texts": {"en": "no text in the house's language"}}, MalformedCampaign),
        ({"texts": {"zh_hans": "x", "fr": "x"}}, MalformedCampaign),
        ({"texts": {"zh_hans": "  "}}, MalformedCampaign),
        ({"texts": {"zh_hans": "{plate}"}}, UnknownPlaceholder),
        ({"name": "Spring Sale"}, MalformedOccasion),
        ({"days": 0}, MalformedCampaign),
    ):
        with pytest.raises(error):
            office.draft(few, **wrong)
    for nobody in ({}, {"customers": ()}, {"everyone": True, "region": "east"}, {"customers": ("x\n",)}):
        with pytest.raises(InvalidValue):
            Audience(**nobody)
    id = office.draft(few)
    start = office.messages.campaigns.start
    with pytest.raises(NotPermitted):
        office.call(start, id, position="customer_representative")
    own = office.call(office.messages.campaigns.draft, "own", TEXT, few, office.desk.clock.now() + timedelta(days=1)).id
    for late, ago in ((own, 0), (id, 40)):
        office.desk.clock.advance(timedelta(days=ago))
        with pytest.raises(RuleBroken):
            office.call(start, late)
    assert Outcome("cap") is Outcome.CAP


# --- what became of its messages --------------------------------------------------------------------------------------


class Fickle:
    """A gateway that does with each message what it is told, and answers as it is told when it is asked."""

    idempotent = False

    def __init__(self) -> None:
        self.says: Any = None
        self.answers: Any = StillUnknown()

    def deliver(self, text: Any, /) -> Sent:
        if self.says is not None:
            raise self.says
        return Sent(f"v:{text.ref}")

    def ask(self, text: Any, since: Any, /) -> Any:
        return self.answers


#: What happens to a campaign's messages: the gateway's answer, its answer when asked, a receipt, by hand, time.
HAPPENS = ("takes", "fails", "refuses", "silent", "told_sent", "told_not", "delivered", "undelivered", "resent", "week")


@pytest.mark.rule(MARKETING, OUTBOX)
@given(st.lists(st.sampled_from(HAPPENS), max_size=8))
@example(["silent", "delivered"])
@example(["silent", "told_sent"])
@example(["takes", "undelivered", "delivered"])
@example(["refuses", "resent", "takes"])
@example(["silent", "week"])
def test_the_figures_of_a_campaign_are_what_became_of_its_messages_however_late(happens: list[str]) -> None:
    office, gateway = Selling(), Fickle()
    people = [office.customer() for _ in range(2)]
    office.agrees(*people)
    id = office.begun(*people, days=5)
    office.desk.plan()
    notifier, by = office.messages.notifier(gateway, office.directory), office.who["service_manager"]
    key = f"{id}/{people[0]}"

    def relayed(says: Any = None, after: timedelta = timedelta(hours=5)) -> None:
        gateway.says = says
        office.desk.clock.advance(after)
        office.desk.relay(notifier)

    does: dict[str, Any] = {
        "takes": relayed,
        "fails": lambda: relayed(DeliveryFailed(definite=False, why="down")),
        "refuses": lambda: relayed(DeliveryFailed(definite=True, why="bad")),
        "silent": lambda: relayed(DeliveryUnknown(why="time-out")),
        "week": lambda: relayed(after=timedelta(days=7)),
        "resent": lambda: office.call(office.messages.resend, key, position="service_manager"),
    }
    for each in happens:
        if each.startswith("told"):
            gateway.answers = Sent("v:late") if each == "told_sent" else NotSent()
            relayed(DeliveryUnknown(why="time-out"))
        elif each.endswith("delivered"):
            own = own_ref(key, office.queued(key).resent)
            told = DeliveryReceipt(f"v:{own}", MessageState(each), office.desk.clock.now(), own)
            with suppress(NotFound):
                office.messages.confirm(told, by=by)
        else:
            with suppress(RuleBroken):
                does[each]()
        states = Counter(WHAT[one.state] for one in office.outbox(SPRING))
        assert office.figures(id) == states, (each, [one.state for one in office.outbox(SPRING)])
    assert not office.messages.skipped(campaign=id, by=by)


_S = MessageState
WHAT = {
    **dict.fromkeys((_S.WAITING, _S.SENDING, _S.UNKNOWN), "queued"),
    **dict.fromkeys((_S.SENT, _S.DELIVERED), "sent"),
    **dict.fromkeys((_S.DEAD, _S.LOST, _S.EXPIRED, _S.UNDELIVERED), "failed"),
}


@pytest.mark.rule(OPT_OUT, MARKETING)
@pytest.mark.parametrize("campaign", [True, False])
def test_who_opted_out_at_the_gateway_has_opted_out_here(campaign: bool) -> None:
    office, gateway = Selling(), Fickle()
    customer, manager = office.customer(), office.who["service_manager"]
    office.agrees(customer)
    office.agrees(customer, channel=Channel.EMAIL)
    if campaign:
        office.begun(customer)
        office.desk.plan()
        key = office.outbox(SPRING)[0].key
    else:
        key = queue(office, customer, MessageClass.CARE)
    gateway.says = Gate("twilio", {}, office.desk.clock.now).failed(Fate.OPTED_OUT, "21610")
    office.desk.relay(office.messages.notifier(gateway, office.directory))
    assert (office.queued(key).state, office.queued(key).failure) == (MessageState.SUPPRESSED, "twilio: 21610")
    may = office.messages.preferences.refusal
    for klass in OPTIONAL:
        assert may(customer, klass, Channel.SMS, by=manager) is Outcome.OPTED_OUT
        assert may(customer, klass, Channel.EMAIL, by=manager) is None, "other ways stay open"
    (row,) = office.messages.skipped(by=manager)
    assert (row.key, row.outcome) == (key, "opted_out")
    trail = office.messages.preferences.trail(office.preferences(customer), by=manager)
    assert [(one.by, one.facts["how"]) for one in trail if one.name == "customer_opted_out"] == [(customer, "gateway")]
    if campaign:
        assert office.figures(row.campaign) == {"opted_out": 1}


@pytest.mark.rule(OPT_OUT)
def test_a_colleague_whom_the_gateway_refuses_and_a_customer_who_is_gone_opt_out_of_nothing() -> None:
    office, gateway = Selling(), Fickle()
    gateway.says = Gate("twilio", {}, office.desk.clock.now).failed(Fate.OPTED_OUT, "21610")
    gone = office.customer()
    keys = [queue(office, gone, MessageClass.CONTRACT), office.call(office.messages.notify, "finance", "x")]
    office.known("finance", channel=Channel.IN_APP)
    office.call(office.desk.erase_customer, gone)
    report = office.desk.relay(office.messages.notifier(gateway, office.directory))
    assert (report.suppressed, [office.queued(key).state for key in keys]) == (2, [MessageState.SUPPRESSED] * 2)
    found = office.desk.store.look(lambda unit: unit.of(PREFERENCES).find(Query()).items)
    assert [one.customer for one in found if one.standing.opted_out] == []
