"""What becomes of a message, whatever happens in whatever order: never twice at a gateway, never lost (MSG-09, D22)."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from csdomain.kernel.cases.delivery import (
    OPEN,
    RECEIVED,
    RESENDABLE,
    Answer,
    DeliveryFailed,
    DeliveryUnknown,
    MessageState,
    NotSent,
    Postponed,
    Queued,
    RelayPolicy,
    Sent,
    StillUnknown,
    Suppressed,
    asked,
    begin,
    failed,
    received,
    resent,
    sent,
    settled,
)
from csdomain.kernel.cases.effects import MalformedMessage, Message, MessageClass
from csdomain.kernel.rules.errors import NaiveTime
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.relaying import relay, write
from csdomain.kernel.values.actors import ActorId
from csdomain.messaging.rules import OUTBOX, RESPONSIBLE
from csdomain.testing import MovableClock, memory_desk
from csdomain.testing import received as complaint

pytestmark = pytest.mark.rule(OUTBOX)

T0 = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = RelayPolicy(attempts=3, factor=2)
S = MessageState
NEW = Queued("a/1", "o", "t", {}, created_at=T0, next_at=T0)
minutes = st.integers(0, 400).map(lambda n: n * MINUTE)
errors = st.sampled_from(
    [
        DeliveryFailed(definite=True, why="no such number"),
        DeliveryFailed(definite=False, why="refused\ud800\0"),
        DeliveryUnknown(why="time-out"),
        Suppressed(why="opted out"),
        ValueError("bug"),
    ]
) | minutes.map(lambda later: Postponed(until=T0 + later))
answers: st.SearchStrategy[Answer] = st.sampled_from([Sent("r"), NotSent(), StillUnknown()])


@st.composite
def messages(draw: Any) -> Queued:
    """A message somewhere on its way, by a random walk."""
    now, message = T0, attrs.evolve(NEW, until=draw(st.none() | minutes.map(lambda n: T0 + MINUTE + n)))
    for _ in range(draw(st.integers(0, 8))):
        now += draw(minutes)
        if message.state in (S.WAITING, S.SENDING):
            message = begin(message, [message], now, POLICY, idempotent=draw(st.booleans()))
        if message.state is S.SENDING and draw(st.booleans()):
            error = draw(st.none() | errors)
            idempotent = draw(st.booleans())
            message = (
                sent(message, Sent("r"), now)
                if error is None
                else failed(message, error, now, POLICY, idempotent=idempotent)
            )
        elif message.state is S.UNKNOWN:
            message = asked(message, draw(answers), now, POLICY)
        elif message.state in RESENDABLE and draw(st.booleans()):
            message = resent(message, now)
    return message


# --- a message --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": T0, "until": T0},
        {"since": T0, "until": T0 - MINUTE},
        {"line": "x" * 121},
        {"line": "a\n"},
        {"by": "\0"},
        {"klass": "contract"},
    ],
)
def test_a_message_with_a_window_line_or_class_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        Message("k", "o", "t", **wrong)
    with pytest.raises(NaiveTime):
        Message("k", "o", "t", until=T0.replace(tzinfo=None))
    assert Message("k", "o", "t", until=T0, klass=MessageClass.CARE).until == T0


@given(messages())
def test_what_is_open_has_a_next_time_and_what_is_not_has_none(message: Queued) -> None:
    assert (message.state in OPEN) == (message.next_at is not None)
    assert message.left == (message.sent_at is not None)
    assert 0 <= message.attempts <= POLICY.attempts


@given(messages(), st.lists(st.tuples(st.sampled_from(RECEIVED), minutes), max_size=5))
def test_receipts_in_any_order_come_to_the_same_and_lower_nothing(
    message: Queued, receipts: list[tuple[MessageState, timedelta]]
) -> None:
    rank = {state: n for n, state in enumerate([*RECEIVED], 1)}
    now, ends = message, set()
    for state, at in receipts:
        after = received(now, state, T0 + at)
        assert rank.get(after.state, 0) == max(rank.get(now.state, 0), rank[state])
        assert received(after, state, T0 + 9 * MINUTE) is after, "twice is once"
        assert after.state in OPEN or after.next_at is None
        now = after
    for order in (receipts, receipts[::-1]):
        end = message
        for state, at in order:
            end = received(end, state, T0 + at)
        ends.add(end.state)
    assert len(ends) == 1


@given(messages(), st.none() | errors, minutes, st.booleans())
def test_what_left_is_never_said_not_to_have(message: Queued, error: Any, later: timedelta, idempotent: bool) -> None:
    tried = begin(NEW, [NEW], T0, POLICY)
    now = T0 + later
    outcome = sent(tried, None, now) if error is None else failed(tried, error, now, POLICY, idempotent=idempotent)
    after = settled(message, outcome)
    if message.left or outcome.left:
        assert after.left
        assert not message.left or after.state is message.state
    elif (message.tried_at, message.state) not in ((T0, S.SENDING), (T0, S.UNKNOWN)):
        assert after is message, "the outcome of a try that is not the last changes nothing"


@given(messages(), messages(), minutes)
def test_nothing_is_begun_past_its_window_or_behind_a_newer_one(
    message: Queued, newer: Queued, later: timedelta
) -> None:
    now, newer = T0 + later, attrs.evolve(newer, key="a/2")
    begun = begin(message, [message, newer], now, POLICY)
    assert begun.state is not S.SENDING
    begun = begin(message, [newer, message], now, POLICY)
    if begun.state is S.SENDING:
        assert newer.state is not S.SENDING
        assert message.until is None or now < message.until
        assert (begun.attempts, begun.tried_at) == (message.attempts + 1, now)


class Jumping(MovableClock):
    """A clock of a process that stands still at its nth look, for a whole lease."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def now(self) -> datetime:
        self.looks -= 1
        if self.looks == 0:
            self.advance(POLICY.lease)
        return super().now()


@pytest.mark.parametrize("looks", [2, 3])
def test_f36_a_process_that_stood_still_before_the_call_does_not_make_it(looks: int) -> None:
    with memory_desk() as desk:
        complaint(desk)

        def one_alone(unit: Unit) -> None:
            for one in unit.session.outbox(limit=9)[1:]:
                unit.session.save_message(attrs.evolve(one, state=MessageState.SUPERSEDED, next_at=None))

        desk.store.run(one_alone)
        keys: list[str] = []

        class Noting:
            def send(self, message: Queued, /) -> None:
                keys.append(message.key)

        assert relay(desk.store, Noting(), Jumping(looks), policy=POLICY).sent == 0
        message = desk.store.look(lambda unit: unit.session.outbox(limit=9))[0]
        assert (keys, message.state, message.attempts) == ([], S.WAITING, 0)


# --- any interleaving -------------------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


class Gateway:
    """A gateway that takes what it is sent, and says so, or not; it may be asked."""

    def __init__(self, machine: "Relays", luck: list[str], asks: bool) -> None:
        self.machine, self.luck = machine, luck
        if asks:
            self.ask = self._ask

    def send(self, message: Queued, /) -> Sent:
        machine, how = self.machine, self.luck.pop(0) if self.luck else "ok"
        assert message.until is None or machine.clock.now() < message.until, "nothing is sent late"
        assert message.next_at is not None
        assert machine.clock.now() < message.next_at, "nothing is sent whose claim ran out"
        if how == "refused":
            raise DeliveryFailed(definite=True, why=how)
        if how == "down":
            raise DeliveryFailed(definite=False, why=how)
        if how == "busy":
            raise Postponed(until=machine.clock.now() + 5 * MINUTE)
        if how == "other relay":
            machine.clock.advance(3 * MINUTE)
            relay(machine.desk.store, Gateway(machine, [], asks=True), machine.clock, policy=POLICY)
        if how not in ("killed before", "lost before"):
            machine.took(message)
        if how.startswith("killed"):
            raise Killed
        if how.startswith("lost"):
            raise DeliveryUnknown(why=how)
        return Sent(message.key)

    def _ask(self, message: Queued) -> Answer:
        taken = message.key in self.machine.since_resent
        # A gateway that has it may not say so at once.
        return (Sent(message.key) if self.machine.knows else StillUnknown()) if taken else NotSent()


LUCK = ["ok", "refused", "down", "busy", "other relay", "killed before", "killed after", "lost before", "lost after"]


class Relays(RuleBasedStateMachine):
    """Relays, clock steps, failures, deaths, receipts and people who send again, in any order."""

    lines: ClassVar = ["", "a/n", "b/n"]

    def __init__(self) -> None:
        super().__init__()
        self.clock = MovableClock()
        self.desk = memory_desk(clock=self.clock)
        self.case = complaint(self.desk).id
        relay(self.desk.store, Gateway(self, [], asks=False), self.clock)
        self.order: list[tuple[str, str]] = []
        self.taken = Counter[str]()
        self.since_resent: set[str] = set()
        self.resent = Counter[str]()
        self.seen: dict[str, Queued] = {}
        self.knows = True

    def took(self, message: Queued) -> None:
        self.taken[message.key] += 1
        self.since_resent.add(message.key)
        if message.line:
            mine = [key for line, key in self.order if line == message.line]
            later = mine[mine.index(message.key) + 1 :]
            assert not any(self.taken[key] for key in later), "never after a newer one of its line"

    @rule(line=st.sampled_from(lines), since=st.sampled_from([0, 0, 10]), until=st.sampled_from([None, 30, 200]))
    def queue(self, line: str, since: int, until: int | None) -> None:
        key = f"{self.case}/m/{len(self.order)}"
        now = self.clock.now()
        end = None if until is None else now + until * MINUTE
        message = Message(key, "o", "t", line=line, since=now + since * MINUTE, until=end, by="boss")

        def work(unit: Any) -> None:
            record = unit.trail(self.case)[0]
            unit.session.queue([message], now)
            assert record.subject == self.case

        self.desk.store.run(work)
        self.order.append((line, key))

    @rule(luck=st.lists(st.sampled_from(LUCK), max_size=4), asks=st.booleans())
    def relay(self, luck: list[str], asks: bool) -> None:
        with suppress(Killed):
            relay(self.desk.store, Gateway(self, luck, asks), self.clock, policy=POLICY, batch=2)

    @rule(by=st.sampled_from([-5, 1, 2, 10, 70, 300]))
    def pass_time(self, by: int) -> None:
        self.clock.advance(by * MINUTE)

    @rule(knows=st.booleans())
    def gateway_knows(self, knows: bool) -> None:
        self.knows = knows

    @precondition(lambda self: self.order)
    @rule(data=st.data(), state=st.sampled_from(RECEIVED))
    def receipt(self, data: Any, state: MessageState) -> None:
        key = data.draw(st.sampled_from([key for _, key in self.order]))
        if key not in self.since_resent:
            return

        def work(unit: Any) -> None:
            message = unit.session.message(key, lock=True)
            after = received(message, state, self.clock.now())
            if after is not message:
                write(unit, after, message, ActorId("gateway"), self.clock.now())

        self.desk.store.run(work)

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def send_again(self, data: Any) -> None:
        key = data.draw(st.sampled_from([key for _, key in self.order]))

        def work(unit: Any) -> bool:
            message = unit.session.message(key, lock=True)
            if message.state in RESENDABLE:
                unit.session.save_message(resent(message, self.clock.now()))
                return True
            return False

        if self.desk.store.run(work):
            self.resent[key] += 1
            self.since_resent.discard(key)

    @invariant()
    def each_at_most_once_and_none_lost(self) -> None:
        found = {m.key: m for m in self.desk.store.look(lambda unit: unit.session.outbox(limit=10_000))}
        assert {key for _, key in self.order} <= set(found)
        for _, key in self.order:
            message, before = found[key], self.seen.get(key)
            assert self.taken[key] <= 1 + self.resent[key], "sent again only where a person says so"
            assert (message.state in OPEN) == (message.next_at is not None)
            if before is not None and before.left and before.resent == message.resent:
                assert message.left, "what left is never said not to have"
            if message.state is S.SENT and not message.resent:
                assert self.taken[key] == 1
        self.seen = found

    def teardown(self) -> None:
        for _ in range(40):
            self.clock.advance(timedelta(hours=5))
            relay(self.desk.store, Gateway(self, [], asks=True), self.clock, policy=POLICY)
        self.each_at_most_once_and_none_lost()
        assert not [m.key for m in self.seen.values() if m.state in OPEN], "in the end each has come to an end"
        for _, key in self.order:
            message = self.seen[key]
            if message.state in (S.LOST, S.DEAD, S.EXPIRED, S.UNDELIVERED):
                told = [m for m in self.seen.values() if m.facts.get("message") == key]
                assert message.state.value in {m.facts["state"] for m in told}, "who answers for it was told"
        self.desk.close()


Relays.TestCase.settings = settings(stateful_step_count=20, deadline=None)
TestRelays = pytest.mark.rule(OUTBOX, RESPONSIBLE)(Relays.TestCase)
