"""Who has opted out is sent nothing but what the contract demands: asked at planning and again at sending (MSG-10)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.customers.values import Merged
from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.effects import Message, MessageClass
from csdomain.kernel.cases.events import Moved
from csdomain.kernel.rules.errors import NotPermitted, RuleBroken
from csdomain.kernel.values.actors import ActorId
from csdomain.messaging.policies import ReplyAction, Unsubscription, refusal, token, unsubscription
from csdomain.messaging.rules import DRIVERS_CARE, INTERNAL, MARKETING, OPT_OUT
from csdomain.messaging.service import Links
from csdomain.messaging.values import (
    OPTIONAL,
    Channel,
    Consent,
    LinkRefused,
    MalformedPreference,
    Outcome,
    Standing,
)

from .writing import KEY, Writing

AT = datetime(2026, 3, 4, 2, tzinfo=UTC)
SMS, EMAIL, PHONE = Channel.SMS, Channel.EMAIL, Channel.PHONE
CARE = MessageClass.CARE
CLASSES = st.none() | st.sampled_from(OPTIONAL)
CHANNELS = st.none() | st.sampled_from(Channel)
SAID = st.lists(st.tuples(st.sampled_from(["out", "in", "agree"]), CLASSES, CHANNELS), max_size=8)


def standing_of(said: list[tuple[str, Any, Any]]) -> Standing:
    found = Standing()
    for what, klass, channel in said:
        if what == "out":
            found = found.opting_out(klass, channel, AT, "x")
        elif what == "in":
            found = found.without(klass, channel)
        else:
            found = found.agreeing(Consent(channel=channel or SMS, at=AT, source="x", wording="yes"))
    return found


# --- the policy -------------------------------------------------------------------------------------------------------


@pytest.mark.rule(OPT_OUT, MARKETING)
@given(SAID, st.sampled_from(MessageClass), st.sampled_from(Channel))
def test_what_was_said_last_of_a_class_and_a_channel_stands(
    said: list[tuple[str, Any, Any]], klass: MessageClass, channel: Channel
) -> None:
    out = agreed = False
    for what, of, through in said:  # the oracle: one pair, by itself
        if what == "agree":
            if klass is MessageClass.MARKETING and (through or SMS) is channel:
                out, agreed = False, True
        elif of in (None, klass) and through in (None, channel):
            out = what == "out"
            agreed = agreed and not out
    expected = None if klass is MessageClass.CONTRACT else Outcome.OPTED_OUT if out else None
    if expected is None and klass is MessageClass.MARKETING and not agreed:
        expected = Outcome.NO_CONSENT
    assert refusal([standing_of(said)], klass, channel) is expected


@pytest.mark.rule(OPT_OUT)
@given(SAID, SAID, st.sampled_from(OPTIONAL), st.sampled_from(Channel))
def test_an_opt_out_of_any_record_is_one_of_the_person(
    one: Any, two: Any, klass: MessageClass, channel: Channel
) -> None:
    standings = [standing_of(one), standing_of(two)]
    alone = [refusal([each], klass, channel) for each in standings]
    together = refusal(standings, klass, channel)
    assert (together is Outcome.OPTED_OUT) is (Outcome.OPTED_OUT in alone)
    assert refusal(standings, klass) in (None, Outcome.OPTED_OUT, Outcome.NO_CONSENT)
    assert together is not None or refusal(standings, klass) is None, "some channel is left"


# --- at sending -------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Said(Moved):
    """Something to write of."""


def queue(
    office: Writing, customer: str, klass: MessageClass, key: str = "x", occasion: str = "message.birthday"
) -> str:
    at = office.desk.clock.now()
    event = Said(subject=customer, by=ActorId("u-1"), at=at, move="x", source="", dest="")
    message = Message(f"{customer}/{key}", occasion, customer, klass=klass, by="service_manager")
    office.desk.store.run(lambda unit: unit.record([event], [message]))
    return message.key


@pytest.mark.rule(OPT_OUT)
def test_who_opts_out_while_a_message_waits_is_not_sent_it_and_the_reason_is_listed() -> None:
    office = Writing()
    customer, other = office.customer(), office.customer()
    keys = [queue(office, who, klass) for who in (customer, other) for klass in (CARE,)]
    contract = queue(office, customer, MessageClass.CONTRACT, "contract")
    office.says("opt_out", customer, None, None, "by_phone")
    assert sorted(office.relay()) == sorted([("message.birthday", customer), ("message.birthday", other)])
    assert contract in office.gateway.sent
    assert office.queued(keys[0]).state is MessageState.SUPPRESSED
    (row,) = office.messages.skipped(by=office.who["service_manager"])
    assert (row.key, row.customer, row.outcome) == (keys[0], customer, "opted_out")
    office.says("opt_in", customer, CARE, SMS, "by_phone")
    office.call(office.messages.resend, keys[0])
    assert office.relay() == [("message.birthday", customer)]
    with pytest.raises(NotPermitted):
        office.messages.skipped(by=office.who["finance"])


@pytest.mark.rule(OPT_OUT, INTERNAL)
def test_the_contract_and_the_house_s_own_people_are_written_to_whatever_was_said() -> None:
    office = Writing()
    office.says("opt_out", "customer-1", None, None, "by_phone")
    office.known("customer-1", channel=PHONE)
    office.says("forbid_calls", "customer-1", True)
    key = queue(office, "customer-1", MessageClass.CONTRACT)
    office.desk.clock.advance(timedelta(hours=14))  # midnight in Shanghai
    notice = office.call(office.messages.notify, "finance", "The bank is closed tomorrow.")
    office.known("finance", channel=Channel.IN_APP)
    office.relay()
    assert office.gateway.sent[notice].text == "general_manager：The bank is closed tomorrow."
    assert key not in office.gateway.sent, "there is no text of that occasion by phone"
    assert office.queued(key).state is MessageState.DEAD
    with pytest.raises(NotPermitted):
        office.call(office.messages.notify, "finance", "x", position="finance")
    with pytest.raises(MalformedPreference):
        office.call(office.messages.notify, "finance", "x" * 401)


@pytest.mark.rule(MARKETING, OPT_OUT)
@pytest.mark.parametrize(
    ("zone", "hour", "expected"),
    [
        ("Asia/Shanghai", 12, True),
        ("Asia/Shanghai", 22, False),
        ("America/New_York", 12, False),
        ("Mars/Olympus", 12, None),
    ],
)
def test_quiet_hours_are_those_of_the_customer_s_clock(zone: str, hour: int, expected: bool | None) -> None:
    office = Writing()
    customer = office.known(office.customer(), zone=zone)
    office.desk.clock.advance(timedelta(hours=hour - 10, minutes=-2))  # it is ten in Shanghai
    key = queue(office, customer, CARE)
    office.relay()
    state = office.queued(key).state
    assert state is {True: MessageState.SENT, False: MessageState.WAITING, None: MessageState.DEAD}[expected]
    if expected is False:
        office.desk.clock.advance(timedelta(hours=13))
        assert office.relay() == [("message.birthday", customer)]


@pytest.mark.rule(OPT_OUT, DRIVERS_CARE)
def test_calls_keep_to_the_hours_that_are_wished_and_do_not_come_at_all_where_that_is_wished() -> None:
    office = Writing('[messages.greetings.drivers_care]\nby = "customer_representative"\n')
    customer = office.customer()
    office.known(customer, channel=PHONE)
    office.says("wish", customer, time(14), time(16))
    key = office.call(office.messages.care_for, customer, "前方大雾，请减速。")
    assert office.relay() == []
    office.desk.clock.advance(timedelta(hours=5))
    assert office.relay() == [("message.drivers_care", customer)]
    assert "前方大雾" in office.gateway.sent[key].text
    office.says("forbid_calls", customer, True)
    refused = office.call(office.messages.care_for, customer, "Take a break.")
    office.relay()
    assert office.queued(refused).state is MessageState.SUPPRESSED
    assert (
        office.messages.preferences.refusal(customer, CARE, PHONE, by=office.who["service_manager"])
        is Outcome.DO_NOT_CALL
    )
    office.says("opt_out", customer, CARE, None, "by_phone")
    with pytest.raises(RuleBroken) as nothing:
        office.call(office.messages.care_for, customer, "Take a break.")
    assert nothing.value.facts["outcome"] == "opted_out"
    for wrong in (time(9, tzinfo=UTC), time(9, 0, 1)):
        with pytest.raises(MalformedPreference):
            office.says("wish", customer, wrong, time(16))


@pytest.mark.rule(DRIVERS_CARE)
def test_drivers_care_is_off_unless_the_house_turns_it_on() -> None:
    office = Writing()
    with pytest.raises(RuleBroken) as refused:
        office.call(office.messages.care_for, office.customer(), "Take a break.")
    assert refused.value.rule is DRIVERS_CARE


# --- what customers do themselves -------------------------------------------------------------------------------------


@pytest.mark.rule(OPT_OUT)
@pytest.mark.parametrize(
    ("text", "action", "sent"),
    [
        ("退订", ReplyAction.OPT_OUT, False),
        ("ＴＤ", ReplyAction.OPT_OUT, False),
        ("请不要退订我的报告", None, True),
        ("stop calling me, but do write", None, True),
    ],
)
def test_a_stop_word_opts_out_of_its_channel_and_a_sentence_with_one_does_not(
    text: str, action: ReplyAction | None, sent: bool
) -> None:
    office = Writing()
    customer = office.customer()
    assert office.call(office.messages.preferences.replied, customer, SMS, text) is action
    queue(office, customer, CARE)
    assert bool(office.relay()) is sent
    may = office.messages.preferences.refusal
    assert may(customer, CARE, EMAIL, by=office.who["service_manager"]) is None, "other ways stay open"
    assert office.call(office.messages.preferences.replied, customer, SMS, "START") is ReplyAction.OPT_IN
    assert may(customer, CARE, SMS, by=office.who["service_manager"]) is None


@pytest.mark.rule(OPT_OUT)
def test_preferences_follow_a_merged_record_and_none_are_kept_of_an_erased_one() -> None:
    office = Writing()
    old, living, gone = office.customer(), office.customer(), office.customer()
    office.says("opt_out", old, CARE, SMS, "by_phone")
    office.call(office.desk.customers.merge, old, living)
    with pytest.raises(Merged):
        office.call(office.messages.preferences.open, old)
    queue(office, living, CARE)
    assert office.relay() == [], "what one record said stands for the person"
    office.call(office.messages.preferences.replied, old, EMAIL, "STOP")
    theirs = office.messages.preferences.refusal
    assert theirs(living, CARE, EMAIL, by=office.who["service_manager"]) is Outcome.OPTED_OUT
    office.call(office.desk.erase_customer, gone)
    with pytest.raises(RuleBroken):
        office.call(office.messages.preferences.open, gone)
    with pytest.raises(RuleBroken):
        office.call(office.messages.preferences.replied, gone, EMAIL, "T")
    with pytest.raises(MalformedPreference):
        office.says("opt_out", living, MessageClass.CONTRACT, None, "by_phone")


WANTED = st.builds(
    Unsubscription,
    house=st.just("own"),
    customer=st.text(min_size=1, max_size=40),
    klass=st.sampled_from(OPTIONAL),
    channel=st.sampled_from(Channel),
    until=st.just(AT + timedelta(days=1)),
)


@pytest.mark.rule(OPT_OUT)
@given(WANTED, st.data())
def test_a_link_says_what_it_was_made_of_and_nothing_else_is_taken_for_one(
    wanted: Unsubscription, data: st.DataObject
) -> None:
    link = token(KEY, wanted)
    assert unsubscription(KEY, link, "own", AT) == wanted
    place = data.draw(st.integers(0, len(link) - 1))
    other = data.draw(st.sampled_from("AbZ9_-.x"))
    forged = link[:place] + other + link[place + 1 :]
    for given_, key, house, at, field in (
        (forged, KEY, "own", AT, "signature"),
        (link, KEY + b"!", "own", AT, "signature"),
        (link, KEY, "another", AT, "house"),
        (link, KEY, "own", AT + timedelta(days=1), "until"),
        (link, b"short", "own", AT, "key"),
    ):
        if given_ == link and field == "signature" and key is KEY:
            continue
        with pytest.raises(LinkRefused) as refused:
            unsubscription(key, given_, house, at)
        assert refused.value.facts["field"] == field
        assert wanted.customer not in str(refused.value) or len(wanted.customer) < 4


@pytest.mark.rule(OPT_OUT)
def test_a_link_that_came_with_a_message_ends_such_messages_by_that_channel() -> None:
    office = Writing(links=Links(KEY, "https://fleet.example/u?t="))
    customer = office.customer()
    key = queue(office, customer, CARE)
    plain = queue(office, customer, MessageClass.CONTRACT, "contract")
    office.relay()
    assert office.gateway.sent[plain].unsubscribe == ""
    link = office.gateway.sent[key].unsubscribe.removeprefix("https://fleet.example/u?t=")
    now, preferences = office.desk.clock.now(), office.messages.preferences
    for _ in range(2):
        assert preferences.unsubscribe(link, KEY, at=now) is Outcome.OPTED_OUT
    may = office.messages.preferences.refusal
    assert may(customer, CARE, SMS, by=office.who["service_manager"]) is Outcome.OPTED_OUT
    assert may(customer, MessageClass.SERVICE, SMS, by=office.who["service_manager"]) is None
    (said, _) = [
        r for r in preferences.trail(office.preferences(customer), by=office.who["service_manager"]) if "how" in r.facts
    ]
    assert (said.by, said.facts["how"]) == (customer, "link")
    for secret, url in (
        (b"short", "https://x/"),
        (KEY, "http://x/"),
        (KEY, "https://x/\r\nBcc: y"),
        (KEY, "https://x/>"),
    ):
        with pytest.raises(LinkRefused):
            Links(secret, url)
    with pytest.raises(LinkRefused):
        preferences.unsubscribe(link, KEY, at=now + timedelta(days=61))
