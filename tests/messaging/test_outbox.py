"""What waits and what was given up is listed for those who may see it, and sent again on request (MSG-09)."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.values import COMPLAINT
from csdomain.contexts import sections
from csdomain.desk import Desk, load_rulebook, shipped
from csdomain.kernel.cases.delivery import MessageState, Sent
from csdomain.kernel.cases.effects import Fact, MalformedMessage, Message, subject_of
from csdomain.kernel.cases.events import TimerReminded
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.rules import AUDITED, PERMITTED, PERSONAL_DATA
from csdomain.kernel.rules.errors import NaiveTime, NotFound, NotPermitted, RuleBroken
from csdomain.kernel.store.kinds import MalformedQuery
from csdomain.kernel.store.ports import DeliveryFailed, Queued, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.messaging.rules import OUTBOX
from csdomain.messaging.values import MESSAGE_RULES, DeliveryReceipt
from csdomain.rulebook import Rulebook, loads
from csdomain.testing import (
    MovableClock,
    SequentialIds,
    agent,
    memory_desk,
    no_holidays,
    snapshot,
    staff,
)

pytestmark = pytest.mark.rule(OUTBOX)

HOUR = timedelta(hours=1)
IDS = SequentialIds()
NAIVE = datetime(2026, 3, 4, 2, 0)  # noqa: DTZ001 - naive on purpose


class Unlucky:
    """A notifier whose luck is told beforehand, by key."""

    def __init__(self, *never: str, down: tuple[str, ...] = ()) -> None:
        self.never, self.down = never, down
        self.sent: list[str] = []

    def send(self, message: Queued, /) -> None:
        if message.key in self.never:
            raise DeliveryFailed(definite=True, why="no such number: 13812345678")
        if message.key in self.down:
            raise DeliveryFailed(definite=False, why="gateway down")
        self.sent.append(message.key)


def opened(url: str, rulebook: str | Rulebook = "after_sales") -> Desk:
    return csdomain.open(url, rulebook, clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays())


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, database_url: Callable[[str], str]) -> Iterator[Desk]:
    with opened(database_url(request.param)) as desk:
        yield desk


def manager(desk: Desk) -> Actor:
    return agent(desk, "boss", position="service_manager")


def told(desk: Desk, count: int) -> list[str]:
    """Cases that somebody is to handle, and the keys of the messages that say so: one of each."""
    found: list[str] = []

    def tell(unit: Unit) -> None:
        case, at = IDS.new(COMPLAINT), desk.clock.now()
        event = TimerReminded(subject=case, by=SYSTEM, at=at, timer="CMP-19.1", found_at=at)
        facts: dict[str, Fact] = {"complaint": case, "number": "KS202603-0001", "branch": "hq"}
        unit.record([event], [Message(f"{case}/to_handle/1", "complaint.to_handle", "service_manager", facts)])
        found.append(f"{case}/to_handle/1")

    for _ in range(count):
        desk.store.run(tell)
    return found


def keys(messages: Any) -> list[str]:
    return [message.key for message in messages]


def state(desk: Desk) -> dict[str, Any]:
    found = snapshot(desk.store, (COMPLAINTS,), subjects=("nothing",))
    return {name: part for name, part in found.items() if name != "refusals"}


def wait(desk: Desk, by: timedelta) -> None:
    assert isinstance(desk.clock, MovableClock)
    desk.clock.advance(by)


# --- lists ------------------------------------------------------------------------------------------------------------


def test_what_waits_and_what_was_given_up_is_listed(desk: Desk) -> None:
    sent, dead, down = told(desk, 3)
    by = manager(desk)
    assert keys(desk.messages.waiting(by=by)) == [sent, dead, down]
    assert keys(desk.messages.dead(by=by)) == []
    desk.relay(Unlucky(dead, down=(down,)))
    (waiting,) = desk.messages.waiting(by=by)
    (given_up,) = desk.messages.dead(by=by)
    assert (waiting.key, waiting.attempts, waiting.failure) == (down, 1, "gateway down")
    assert waiting.next_at == desk.clock.now() + timedelta(minutes=1)
    assert (given_up.key, given_up.to, given_up.occasion) == (dead, "service_manager", "complaint.to_handle")
    assert given_up.failure == "no such number: •••"
    assert given_up.dead
    assert not waiting.dead


def test_a_list_is_as_long_as_was_asked_for(desk: Desk) -> None:
    all_of_them = told(desk, 4)
    by = manager(desk)
    assert keys(desk.messages.waiting(by=by, limit=3)) == all_of_them[:3]
    desk.relay(Unlucky(*all_of_them))
    assert keys(desk.messages.dead(by=by, limit=3)) == all_of_them[:3]
    for bad in (0, -1, 1001, True, "3", 1.0, None):
        refusal = MalformedQuery if type(bad) is int else WrongArgument
        for question in (desk.messages.dead, desk.messages.waiting):
            with pytest.raises(refusal):
                question(by=by, limit=bad)  # type: ignore[arg-type]
    assert len(desk.messages.dead(by=by, limit=1000)) == 4


@pytest.mark.rule(PERMITTED)
@pytest.mark.parametrize("position", ["sales", "service_agent", ""])
def test_who_may_not_see_messages_sees_none_and_sends_none_again(desk: Desk, position: str) -> None:
    (dead,) = told(desk, 1)
    desk.relay(Unlucky(dead))
    before, by = state(desk), agent(desk, "ann", position=position)
    for refused in (
        lambda: desk.messages.dead(by=by),
        lambda: desk.messages.waiting(by=by),
        lambda: desk.messages.resend(dead, by=by, at=desk.clock.now()),
    ):
        with pytest.raises(NotPermitted):
            refused()
    assert state(desk) == before
    (refusal,) = desk.store.look(lambda unit: unit.session.refusals(subject_of(dead)))
    assert (refusal.use_case, refusal.by, refusal.rule) == ("message.resend", "ann", PERMITTED.id)


@pytest.mark.rule(PERMITTED)
def test_a_director_sees_and_does_not_send_again() -> None:
    with memory_desk() as desk:
        (dead,) = told(desk, 1)
        desk.relay(Unlucky(dead))
        by = agent(desk, "ann", position="general_manager")
        assert keys(desk.messages.dead(by=by)) == [dead]
        with pytest.raises(NotPermitted):
            desk.messages.resend(dead, by=by, at=desk.clock.now())


@pytest.mark.rule(PERMITTED)
@pytest.mark.parametrize(("scope", "may"), [("own", False), ("branch", False), ("all", True)])
def test_a_message_belongs_to_no_branch(scope: str, may: bool) -> None:
    mine = f'name = "m"\nextends = "after_sales"\n[permissions.roles.service]\n"messages.read" = "{scope}"\n'
    with memory_desk(loads(mine, sections(), shipped)) as desk:  # type: ignore[arg-type]
        if may:
            assert desk.messages.dead(by=agent(desk)) == []
        else:
            with pytest.raises(NotPermitted):
                desk.messages.dead(by=agent(desk))


# --- sending again ----------------------------------------------------------------------------------------------------


@pytest.mark.rule(AUDITED)
def test_a_message_that_was_given_up_is_sent_again_under_its_key(desk: Desk) -> None:
    dead, other = told(desk, 2)
    desk.relay(Unlucky(dead, other))
    by, at = manager(desk), desk.clock.now() + HOUR
    (before, _) = desk.messages.dead(by=by)
    trail = desk.store.look(lambda unit: unit.trail(subject_of(dead)))
    answer = desk.messages.resend(dead, by=by, at=at)
    assert [answer] == list(desk.messages.waiting(by=by))
    assert (answer.key, answer.next_at, answer.attempts, answer.sent_at) == (dead, at, 0, None)
    assert (answer.created_at, answer.to, answer.facts) == (before.created_at, before.to, before.facts)
    assert keys(desk.messages.dead(by=by)) == [other]

    *earlier, last = desk.store.look(lambda unit: unit.trail(subject_of(dead)))
    assert earlier == list(trail)
    assert (last.name, last.by, last.at) == ("message_requeued", "boss", at)
    assert last.facts == {"message": dead, "attempts": 1}

    notifier = Unlucky()
    assert desk.relay(notifier).sent == 0, "it is not due yet"
    wait(desk, HOUR)
    assert desk.relay(notifier).sent == 1
    assert notifier.sent == [dead]
    assert keys(desk.messages.waiting(by=by)) == []


@pytest.mark.rule(AUDITED)
def test_only_what_was_given_up_is_sent_again(desk: Desk) -> None:
    sent, dead, down = told(desk, 3)
    desk.relay(Unlucky(dead, down=(down,)))
    by, at = manager(desk), desk.clock.now()
    before = state(desk)
    for key, stands in ((sent, "sent"), (down, "waiting")):
        with pytest.raises(RuleBroken) as refused:
            desk.messages.resend(key, by=by, at=at)
        assert refused.value.rule is OUTBOX
        assert refused.value.facts == {"message": key, "state": stands}
        (refusal,) = desk.store.look(lambda unit: unit.session.refusals(subject_of(key)))  # noqa: B023 - at once
        assert refusal.rule == OUTBOX.id
    for key in ("nothing/accepted", "nothing", dead + "x", dead.upper()):
        with pytest.raises(NotFound):
            desk.messages.resend(key, by=by, at=at)
    no_keys: list[Any] = ["", "x" * 121, "a\0b", "a\nb", "\ud800", None, 7]
    for bad in no_keys:
        with pytest.raises(MalformedMessage if isinstance(bad, str) else WrongArgument):
            desk.messages.resend(bad, by=by, at=at)
    with pytest.raises(NaiveTime):
        desk.messages.resend(dead, by=by, at=NAIVE)
    assert state(desk) == before
    desk.messages.resend(dead, by=by, at=at)
    with pytest.raises(RuleBroken):
        desk.messages.resend(dead, by=by, at=at)


def test_sending_again_joins_a_larger_unit(desk: Desk) -> None:
    first, second = told(desk, 2)
    desk.relay(Unlucky(first, second))
    before, by = state(desk), manager(desk)

    def both(services: csdomain.desk.Services) -> None:
        services.messages.resend(first, by=by, at=desk.clock.now())
        services.messages.resend("nothing", by=by, at=desk.clock.now())

    with pytest.raises(NotFound):
        desk.together(both)
    assert state(desk) == before


@pytest.mark.parametrize(
    ("key", "subject"),
    [("cmp_1/accepted", "cmp_1"), ("cmp_1/CMP-04/overdue", "cmp_1"), ("k", "k"), ("/k", "/k"), ("x" * 120, "x" * 64)],
)
def test_a_key_begins_with_what_the_message_is_about(key: str, subject: str) -> None:
    assert subject_of(key) == subject


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.lists(st.sampled_from(["ok", "never", "down"]), min_size=4, max_size=4), st.booleans())),
)
def test_a_message_waits_or_was_given_up_or_was_sent_and_in_the_end_each_is_sent_once(
    count: int, rounds: list[tuple[list[str], bool]]
) -> None:
    with memory_desk() as desk:
        every, by, sent = told(desk, count), manager(desk), list[str]()
        for luck, again in [*rounds, (["ok"] * 4, True), (["ok"] * 4, True)]:
            lists = [keys(desk.messages.waiting(by=by)), keys(desk.messages.dead(by=by)), sent]
            assert sorted(key for found in lists for key in found) == sorted(every)
            for key in lists[1] if again else []:
                desk.messages.resend(key, by=by, at=desk.clock.now())
            never = [key for key, how in zip(every, luck, strict=False) if how == "never"]
            down = tuple(key for key, how in zip(every, luck, strict=False) if how == "down")
            notifier = Unlucky(*never, down=down)
            desk.relay(notifier)
            sent += notifier.sent
            wait(desk, timedelta(days=30))
        assert sorted(sent) == sorted(every)


# --- off --------------------------------------------------------------------------------------------------------------


def test_a_house_that_leaves_messages_off_has_no_texts() -> None:
    with memory_desk("enquiry_desk") as desk:
        texts = desk.house.rulebook[MESSAGE_RULES].templates
        assert {occasion.partition(".")[0] for occasion in texts} == {"delegation", "message", "campaign"}
        with pytest.raises(NotPermitted):
            desk.messages.dead(by=staff(desk)["enquiry_agent"])


def test_the_shipped_roles_name_those_who_may() -> None:
    with memory_desk() as desk:
        holders = desk.house.permissions.holders
        assert holders("messages.resend") == ("service_manager",)  # type: ignore[arg-type]
        assert "service_manager" in holders("messages.read")  # type: ignore[arg-type]
        assert load_rulebook("after_sales").actions >= {"messages.read", "messages.resend"}


# --- lists, receipts, dry run -----------------------------------------------------------------------------------------


@pytest.mark.rule(PERSONAL_DATA)
def test_messages_are_found_by_state_and_recipient_and_what_gateways_said_is_masked(desk: Desk) -> None:
    sent, dead = told(desk, 2)
    desk.relay(Unlucky(dead))
    by, director = manager(desk), agent(desk, "ann", position="general_manager")
    assert keys(desk.messages.find(by=by)) == [sent, dead]
    assert keys(desk.messages.find(by=by, state=MessageState.SENT, to="service_manager")) == [sent]
    assert keys(desk.messages.find(by=by, to="nobody")) == []
    for who, failure in ((by, "no such number: •••"), (director, "•••")):
        (found,) = desk.messages.find(by=who, state=MessageState.DEAD)
        assert (found.key, found.failure) == (dead, failure)
    with pytest.raises(MalformedMessage):
        desk.messages.find(by=by, to="a\n")


def taken(desk: Desk, ref: str = "r-1") -> str:
    (key,) = told(desk, 1)

    class Taking:
        def send(self, message: Queued, /) -> Sent:
            return Sent(ref)

    desk.relay(Taking())
    return key


def test_receipts_raise_a_state_and_never_lower_it(desk: Desk) -> None:
    key, by, at = taken(desk), manager(desk), desk.clock.now()

    def confirmed(state: MessageState) -> tuple[str, Any]:
        found = desk.messages.confirm(DeliveryReceipt("r-1", state, at), by=by)
        assert found == desk.messages.find(by=by)[0]
        assert found.key == key
        return found.state.value, found.delivered_at

    assert confirmed(MessageState.SENT) == ("sent", None)
    assert confirmed(MessageState.UNDELIVERED) == ("undelivered", None)
    assert desk.store.look(lambda unit: [r.name for r in unit.trail(subject_of(key))])[-1] == "message_failed"
    count = len(desk.store.look(lambda unit: unit.trail(subject_of(key))))
    assert confirmed(MessageState.UNDELIVERED) == ("undelivered", None), "twice is once"
    assert confirmed(MessageState.DELIVERED) == ("delivered", at)
    assert confirmed(MessageState.UNDELIVERED) == ("delivered", at), "out of order"
    assert len(desk.store.look(lambda unit: unit.trail(subject_of(key)))) == count


def test_a_receipt_of_nothing_of_ours_is_named_and_changes_nothing(desk: Desk) -> None:
    taken(desk)
    before, at = state(desk), desk.clock.now()
    with pytest.raises(NotFound, match="r-2"):
        desk.messages.confirm(DeliveryReceipt("r-2", MessageState.DELIVERED, at), by=manager(desk))
    with pytest.raises(NotPermitted):
        desk.messages.confirm(DeliveryReceipt("r-1", MessageState.DELIVERED, at), by=agent(desk))
    assert state(desk) == before
    for wrong in ({"ref": ""}, {"ref": "x" * 121}, {"state": MessageState.WAITING}, {"state": "sent"}):
        with pytest.raises(MalformedMessage):
            DeliveryReceipt(**{"ref": "r", "state": MessageState.SENT, "at": at, **wrong})  # type: ignore[arg-type]
    with pytest.raises(NaiveTime):
        DeliveryReceipt("r-1", MessageState.SENT, NAIVE)


def test_what_was_not_delivered_is_sent_again_on_request(desk: Desk) -> None:
    key, by, at = taken(desk), manager(desk), desk.clock.now()
    desk.messages.confirm(DeliveryReceipt("r-1", MessageState.UNDELIVERED, at), by=by)
    assert desk.messages.resend(key, by=by, at=at).state is MessageState.WAITING
    with pytest.raises(NotFound):
        desk.messages.confirm(DeliveryReceipt("r-1", MessageState.UNDELIVERED, at), by=by)
    notifier = Unlucky()
    assert (desk.relay(notifier).sent, notifier.sent) == (1, [key])


def test_f08_print_is_a_dry_run_that_marks_nothing(desk: Desk) -> None:
    every = told(desk, 2)
    before = state(desk)
    report = desk.relay("print")
    assert (report.sent, [message.key for message in report.due]) == (0, every)
    assert state(desk) == before
    assert desk.relay(Unlucky()).sent == 2


@pytest.mark.parametrize(
    "broken",
    ["facts = '{'", "facts = '[1]'", "state = 'lying'", "klass = 'x'", "created_at = 'then'", "until = 1e30"],
)
def test_f49_a_broken_row_stops_nobody_and_is_named(database_url: Callable[[str], str], broken: str) -> None:
    url = database_url("sqlite")
    with opened(url) as desk:
        first, second, third = told(desk, 3)
        with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
            database.execute(f"update csd_outbox set {broken} where key = ?", (second,))  # noqa: S608 - of this test
        database.close()
        by = manager(desk)
        assert keys(desk.messages.find(by=by)) == [first, second, third]
        notifier = Unlucky()
        report = desk.relay(notifier)
        assert (report.sent, report.dead, report.unreadable) == (2, 1, (second,))
        assert notifier.sent == [first, third]
        assert desk.relay(notifier) == type(report)()
        if broken.startswith("state"):
            return  # that it was given up has mended it
        found = {message.key: message for message in desk.messages.find(by=by)}[second]
        assert not found.readable
        with pytest.raises(RuleBroken):
            desk.messages.resend(second, by=by, at=desk.clock.now())
