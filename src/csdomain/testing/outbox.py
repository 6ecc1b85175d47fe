"""Contract of the outbox: each message at most once at a gateway, none lost, one relay at a time (KRN-11, MSG-09)."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import attrs

from csdomain.kernel.cases.delivery import (
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
    own_ref,
)
from csdomain.kernel.cases.effects import Fact, Message, MessageClass
from csdomain.kernel.store.relaying import RelayReport, relay
from csdomain.kernel.store.unit import StandardUnit

from .base import Ability, Contract, Rig, at, raising
from .concurrency import WAIT, beside

POLICY = RelayPolicy(lease=timedelta(minutes=2), attempts=3, first_wait=timedelta(minutes=1), factor=2)
MINUTE = timedelta(minutes=1)
FACTS: dict[str, Fact] = {"n": 1, "ok": True, "who": "é", "no": None}
_S = MessageState


class Gateway:
    """A notifier whose luck is told beforehand: at each sending what to answer, or to raise."""

    idempotent = False

    def __init__(self, *outcomes: BaseException | Sent | None, answers: tuple[Answer | Exception, ...] = ()) -> None:
        self.outcomes = list(outcomes)
        self.answers = list(answers)
        self.sent: list[Queued] = []
        self.asked: list[str] = []

    def send(self, message: Queued, /) -> Sent | None:
        """Note the message, and fail where that was told."""
        self.sent.append(message)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def ask(self, message: Queued, /) -> Answer:
        """Answer as was told."""
        self.asked.append(message.key)
        answer = self.answers.pop(0) if self.answers else StillUnknown()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.sent]


def failure(*, definite: bool = False) -> DeliveryFailed:
    """What a gateway that is down raises."""
    return DeliveryFailed(definite=definite, why="no answer to +86 138 1234 5678\0\ud800" + "x" * 500)


class OutboxContract(Contract):
    """The outbox: queued with its cause, claimed for a while, marked before each call, never sent twice blindly."""

    def queue(self, rig: Rig, *keys: str, **more: Any) -> None:
        messages = [Message(key, "specimen.picked", "customer-1", FACTS, **more) for key in keys]
        rig.run(lambda unit: unit.record([rig.picked("a")], messages))

    def outbox(self, rig: Rig, **asked: Any) -> dict[str, Queued]:
        return {m.key: m for m in rig.store.look(lambda unit: unit.session.outbox(limit=1000, **asked))}

    def states(self, rig: Rig) -> dict[str, str]:
        return {key: message.state.value for key, message in self.outbox(rig).items()}

    def relay(self, rig: Rig, gateway: Gateway) -> RelayReport:
        return relay(rig.store, gateway, rig.clock, policy=POLICY, batch=2)

    def die(self, rig: Rig, gateway: Gateway) -> None:
        with suppress(KeyboardInterrupt):
            self.relay(rig, gateway)

    def save(self, rig: Rig, key: str, **changes: Any) -> Queued:
        def work(unit: StandardUnit) -> Queued:
            found = unit.session.message(key, lock=True)
            assert found is not None
            unit.session.save_message(attrs.evolve(found, **changes))
            return attrs.evolve(found, **changes)

        return rig.run(work)

    # --- what is kept
    def test_a_message_waits_with_all_it_carries(self, rig: Rig) -> None:
        now = rig.clock.now()
        self.queue(rig, "k")
        window = {"since": now + MINUTE, "until": now + 2 * MINUTE}
        self.queue(rig, "l", **window, line="a/notice", klass=MessageClass.MARKETING, by="boss")
        plain = Queued("k", "specimen.picked", "customer-1", FACTS, created_at=now, next_at=now)
        rich = attrs.evolve(plain, key="l", next_at=now + MINUTE, until=now + 2 * MINUTE, line="a/notice", by="boss")
        assert list(self.outbox(rig).values()) == [plain, attrs.evolve(rich, klass=MessageClass.MARKETING)]

    def test_what_delivery_came_to_is_kept_and_what_was_queued_stays(self, rig: Rig) -> None:
        self.queue(rig, "k", "l", line="a/n", until=at(9), by="boss", klass=MessageClass.CARE)
        for state in MessageState:
            self.save(rig, "l", state=state)
            assert self.outbox(rig)["l"].state is state
        times = {"sent_at": at(3), "tried_at": at(2), "delivered_at": at(4), "next_at": at(5)}
        whole = self.save(rig, "l", state=_S.DELIVERED, attempts=7, failure="é", ref="r-1", resent=2, **times)
        assert self.outbox(rig)["l"] == whole
        other = attrs.evolve(whole, to="x", occasion="x", facts={}, line="x", until=None, created_at=at(9), by="x")
        rig.run(lambda unit: unit.session.save_message(attrs.evolve(other, klass=MessageClass.CONTRACT, attempts=8)))
        assert self.outbox(rig)["l"] == attrs.evolve(whole, attempts=8)
        empty = self.save(rig, "l", ref="", sent_at=None, tried_at=None, delivered_at=None, next_at=None, failure="")
        assert self.outbox(rig)["l"] == attrs.evolve(empty, attempts=8)
        assert self.outbox(rig)["k"].state is _S.SUPERSEDED, "another's row stays as it is"
        rig.run(lambda unit: unit.session.save_message(attrs.evolve(whole, key="none")))
        assert list(self.outbox(rig)) == ["k", "l"]

    def test_a_key_is_queued_once(self, rig: Rig) -> None:
        self.queue(rig, "k", "k", "l")
        rig.clock.advance(timedelta(hours=1))
        self.queue(rig, "k")
        gateway = Gateway()
        assert self.relay(rig, gateway) == RelayReport(2, 0, 0)
        self.queue(rig, "k")
        assert self.relay(rig, gateway) == RelayReport(0, 0, 0), "a message that was sent is not queued again"
        assert gateway.keys == ["k", "l"]

    def test_messages_leave_oldest_first_each_once_under_its_key(self, rig: Rig) -> None:
        for n in range(5):
            self.queue(rig, f"k{n}")
            rig.clock.advance(timedelta(seconds=1))
        gateway = Gateway(Sent("r0"))
        assert self.relay(rig, gateway) == RelayReport(5, 0, 0)
        assert gateway.keys == [f"k{n}" for n in range(5)]
        assert self.relay(rig, gateway) == RelayReport(0, 0, 0)
        assert self.outbox(rig, unsent=True) == {}
        assert {m.sent_at for m in self.outbox(rig).values()} == {rig.clock.now()}
        assert [(m.key, m.ref) for m in self.outbox(rig).values()][:2] == [("k0", "r0"), ("k1", own_ref("k1"))]

    def test_what_a_unit_that_failed_did_does_not_exist(self, rig: Rig) -> None:
        self.queue(rig, "a", line="a/n")
        before = self.outbox(rig)

        def work(unit: StandardUnit) -> None:
            unit.record([rig.picked("a")], [Message("k", "o", "t", line="a/n")])
            unit.session.save_message(attrs.evolve(before["a"], attempts=9))
            raising(ValueError())

        with suppress(ValueError):
            rig.run(work)
        assert self.outbox(rig) == before

    # --- windows and lines
    def test_nothing_is_sent_before_its_window_or_after_it(self, rig: Rig) -> None:
        now = rig.clock.now()
        self.queue(rig, "late", until=now + MINUTE, by="boss")
        self.queue(rig, "early", since=now + MINUTE, until=now + 2 * MINUTE)
        rig.clock.move(now + MINUTE)
        gateway = Gateway()
        assert self.relay(rig, gateway) == RelayReport(sent=2, expired=1)
        assert gateway.keys[0] == "early"
        told = gateway.sent[1]
        assert (told.to, told.facts["message"], told.facts["state"]) == ("boss", "late", "expired")
        assert self.outbox(rig)["late"].attempts == 0
        (noted,) = rig.store.look(lambda unit: unit.session.trail("late"))
        assert (noted.name, noted.facts) == ("message_failed", dict(told.facts))
        rig.clock.advance(timedelta(days=1))
        assert self.relay(rig, gateway) == RelayReport(), "it is told once"

    def test_what_is_to_be_tried_after_its_window_expires_at_its_end(self, rig: Rig) -> None:
        self.queue(rig, "k", until=rig.clock.now() + timedelta(seconds=30))
        assert self.relay(rig, Gateway(failure())) == RelayReport(0, 1, 0)
        rig.clock.advance(timedelta(seconds=30))
        assert self.relay(rig, Gateway()) == RelayReport(expired=1)

    def test_a_newer_message_supersedes_what_waits_of_its_line(self, rig: Rig) -> None:
        self.queue(rig, "a", "other")
        self.queue(rig, "b1", line="b/n")
        self.queue(rig, "c1", line="c/n")
        self.queue(rig, "b2", line="b/n")
        self.queue(rig, "b1", line="b/n")  # it was there already: nothing is new
        assert self.states(rig)["b1"] == "superseded"
        gateway = Gateway()
        assert self.relay(rig, gateway).sent == 4
        assert gateway.keys == ["a", "other", "c1", "b2"]
        self.queue(rig, "b3", line="b/n")
        assert self.states(rig)["b2"] == "sent", "what has left has left"
        self.relay(rig, gateway)
        self.queue(rig, "d1", "d2", line="d/n")
        self.relay(rig, gateway)
        assert gateway.keys[4:] == ["b3", "d2"], "also of those that are queued together"

    def test_a_message_waits_while_an_older_one_of_its_line_is_being_sent(self, rig: Rig) -> None:
        self.queue(rig, "confirmed", line="a/n")
        inner = Gateway()

        class Slow(Gateway):
            def send(gateway, message: Queued, /) -> None:  # noqa: N805
                super().send(message)
                self.queue(rig, "cancelled", line="a/n")
                assert self.relay(rig, inner) == RelayReport(retrying=1)

        assert self.relay(rig, Slow()) == RelayReport(sent=1)
        rig.clock.advance(POLICY.lease)
        assert self.relay(rig, inner) == RelayReport(sent=1)
        assert inner.keys == ["cancelled"]
        assert self.outbox(rig)["cancelled"].attempts == 1, "waiting is no attempt"

    def test_an_older_message_of_a_line_is_never_sent_after_a_newer_one(self, rig: Rig) -> None:
        for key, way in (("a", failure()), ("b", DeliveryUnknown(why="time-out"))):
            self.queue(rig, f"{key}/1", line=key)
            outer = self

            class Newer(Gateway):
                def send(gateway, message: Queued, /) -> None:  # noqa: N805
                    super().send(message)
                    outer.queue(rig, f"{key}/2", line=key)  # noqa: B023 - at once
                    raise way  # noqa: B023

            self.relay(rig, Newer())
        gateway = Gateway(answers=(NotSent(),) * 4)
        for _ in range(10):
            rig.clock.advance(timedelta(hours=1))
            self.relay(rig, gateway)
        assert sorted(gateway.keys) == ["a/2", "b/2"]
        assert {key: state for key, state in self.states(rig).items() if key.endswith("1")} == {
            "a/1": "superseded",
            "b/1": "superseded",
        }

    def test_the_messages_of_a_line_come_in_order(self, rig: Rig) -> None:
        self.queue(rig, "b", "a", line="l")
        self.queue(rig, "c", line="L")
        self.queue(rig, "d")
        found: Callable[[str], list[str]] = lambda line: rig.run(  # noqa: E731
            lambda unit: [m.key for m in unit.session.messages_of_line(line)]
        )
        assert [found(line) for line in ("l", "L", "l ", "", "x")] == [["b", "a"], ["c"], [], [], []]

    # --- claims
    def test_a_claim_holds_until_it_runs_out(self, rig: Rig) -> None:
        self.queue(rig, "k", "l", "m")
        assert rig.clock.now() == at(0)

        def claim(when: float, limit: int = 10) -> list[str]:
            claimed = rig.run(lambda unit: unit.session.claim_messages(at(when), at(when + 2), limit))
            assert all((message.next_at, message.attempts) == (at(when + 2), 0) for message in claimed)
            return [message.key for message in claimed]

        assert claim(-1) == []
        assert claim(0, 2) == ["k", "l"]
        assert claim(1) == ["m"]
        assert claim(1.9) == []
        assert claim(2) == ["k", "l"]
        assert claim(3) == ["m"]

    def test_f36_nothing_is_sent_whose_claim_ran_out(self, rig: Rig) -> None:
        keys = [f"k{n}" for n in range(6)]
        self.queue(rig, *keys)
        other = Gateway()

        class Slow(Gateway):
            def send(gateway, message: Queued, /) -> None:  # noqa: N805
                rig.clock.advance(POLICY.lease)
                super().send(message)
                if len(gateway.sent) == 2:
                    relay(rig.store, other, rig.clock, policy=POLICY, batch=9)

        slow = Slow()
        relay(rig.store, slow, rig.clock, policy=POLICY, batch=9)
        assert Counter(slow.keys + other.keys) == Counter(keys)
        assert set(self.states(rig).values()) == {"sent"}
        assert {message.attempts for message in self.outbox(rig).values()} == {1}, "an attempt is a try, not a claim"

    def test_f36_what_another_relay_has_claimed_meanwhile_is_left_to_it(self, rig: Rig) -> None:
        self.queue(rig, "k", "l")

        class Slow(Gateway):
            def send(gateway, message: Queued, /) -> None:  # noqa: N805
                now = rig.clock.advance(POLICY.lease)
                rig.run(lambda unit: unit.session.claim_messages(now, now + POLICY.lease, 9))
                super().send(message)

        slow = Slow()
        assert self.relay(rig, slow) == RelayReport(sent=1)
        assert slow.keys == ["k"]

    # --- failures
    def test_what_fails_is_tried_again_after_a_while_and_given_up_at_last(self, rig: Rig) -> None:
        self.queue(rig, "k", by="boss")
        gateway = Gateway(failure(), failure(), failure())
        waits = []
        for _ in range(2):
            assert self.relay(rig, gateway) == RelayReport(0, 1, 0)
            waiting = self.outbox(rig)["k"]
            assert waiting.next_at is not None
            waits.append(waiting.next_at - rig.clock.now())
            rig.clock.move(waiting.next_at - timedelta(microseconds=1))
            assert self.relay(rig, gateway) == RelayReport(0, 0, 0)
            rig.clock.advance(timedelta(microseconds=1))
        assert waits == [timedelta(minutes=1), timedelta(minutes=2)]
        assert self.relay(rig, gateway) == RelayReport(1, 0, 1)
        assert (gateway.sent[-1].to, gateway.sent[-1].facts["state"]) == ("boss", "dead")
        rig.clock.advance(timedelta(days=365))
        assert self.relay(rig, gateway) == RelayReport(0, 0, 0)
        dead = self.outbox(rig, state=_S.DEAD)["k"]
        assert (dead.attempts, dead.next_at, dead.sent_at, dead.dead) == (3, None, None, True)
        assert gateway.keys[:3] == ["k"] * 3
        assert dead.failure.startswith("no answer to")
        assert "1234" not in dead.failure

    def test_f49_what_surely_never_arrives_is_given_up_at_once_whatever_the_gateway_says(self, rig: Rig) -> None:
        self.queue(rig, "k", "l")
        assert self.relay(rig, Gateway(failure(definite=True), Sent("\ud800" * 3))) == RelayReport(1, 0, 1)
        assert list(self.outbox(rig, unsent=True)) == ["k"]
        assert self.outbox(rig)["l"].ref == own_ref("l")

    def test_what_is_postponed_or_suppressed_was_no_attempt(self, rig: Rig) -> None:
        self.queue(rig, "k", "l", "m")
        later = rig.clock.now() + timedelta(hours=9)
        past = Postponed(until=rig.clock.now() - timedelta(days=1))
        report = self.relay(rig, Gateway(Postponed(until=later), Suppressed(why="opted out"), past))
        assert report == RelayReport(retrying=2, suppressed=1)
        assert [(m.attempts, m.next_at, m.failure) for m in self.outbox(rig).values()] == [
            (0, later, ""),
            (0, None, "opted out"),
            (0, rig.clock.now() + POLICY.first_wait, ""),
        ]

    def test_an_unanswered_call_is_asked_for_and_not_made_again(self, rig: Rig) -> None:
        self.queue(rig, "sent", "not", "never")
        gateway = Gateway(DeliveryUnknown(why="time-out"), ValueError(), TimeoutError(), answers=())
        assert self.relay(rig, gateway) == RelayReport(unknown=3)
        assert [m.failure for m in self.outbox(rig, state=_S.UNKNOWN).values()] == [
            "time-out",
            "ValueError",
            "TimeoutError",
        ]
        begun, asks = rig.clock.now(), list[tuple[str, timedelta]]()
        answers: dict[str, Answer] = {"sent": Sent("r"), "not": NotSent(), "never": StillUnknown()}

        class Asked(Gateway):
            def ask(gateway, message: Queued, /) -> Answer:  # noqa: N805
                asks.append((message.key, rig.clock.now() - begun))
                return answers[message.key]

        gateway.__class__ = Asked
        for _ in range(300):
            rig.clock.advance(MINUTE)
            self.relay(rig, gateway)
        by_key = {key: [age / MINUTE for name, age in asks if name == key] for key in answers}
        assert by_key == {"sent": [5], "not": [5, 15, 60], "never": [5, 15, 60, 240]}
        assert gateway.keys == ["sent", "not", "never", "not"]
        assert self.states(rig) == {"sent": "sent", "not": "sent", "never": "lost"}
        assert self.outbox(rig)["sent"].ref == "r"

    def test_a_gateway_that_cannot_be_asked_or_breaks_at_it_sends_nothing_twice(self, rig: Rig) -> None:
        self.queue(rig, "k", by="boss")
        gateway = Gateway(DeliveryUnknown(why="time-out"), answers=(ValueError(),))
        for ask in (gateway.ask, None):
            gateway.ask = ask  # type: ignore[method-assign,assignment]
            self.relay(rig, gateway)
            rig.clock.advance(timedelta(days=1))
        self.relay(rig, gateway)
        assert gateway.keys[0] == "k"
        assert gateway.sent[1].facts["state"] == "lost"
        assert len(gateway.sent) == 2

    def test_an_idempotent_gateway_is_tried_again(self, rig: Rig) -> None:
        self.queue(rig, "k", "l")
        gateway = Gateway(ValueError(), KeyboardInterrupt())
        gateway.idempotent = True
        self.die(rig, gateway)
        rig.clock.advance(POLICY.lease)
        assert self.relay(rig, gateway) == RelayReport(sent=2)
        assert Counter(gateway.keys) == Counter({"k": 2, "l": 2})
        assert not gateway.asked

    # --- death
    def test_a_relay_that_dies_loses_nothing_and_nothing_comes_twice(self, rig: Rig) -> None:
        self.queue(rig, "k", "l", "m")
        gateway = Gateway(None, KeyboardInterrupt(), answers=(NotSent(), Sent()))
        self.die(rig, gateway)
        assert self.states(rig) == {"k": "sent", "l": "sending", "m": "waiting"}
        assert self.relay(rig, gateway) == RelayReport(sent=1), "what was not claimed yet leaves at once"
        rig.clock.advance(POLICY.lease)
        assert self.relay(rig, gateway) == RelayReport(unknown=1), "the claim of the dead relay ran out"
        assert gateway.keys == ["k", "l", "m"]
        rig.clock.advance(timedelta(minutes=3))
        assert self.relay(rig, gateway) == RelayReport(unknown=1)
        rig.clock.advance(timedelta(hours=4))
        assert self.relay(rig, gateway) == RelayReport(sent=1)
        assert gateway.keys == ["k", "l", "m"]

    def test_f36_a_message_on_which_processes_die_delays_nobody_and_is_given_up(self, rig: Rig) -> None:
        self.queue(rig, *(f"k{n}" for n in range(6)))

        class Deadly(Gateway):
            def send(gateway, message: Queued, /) -> None:  # noqa: N805
                super().send(message)
                if message.key == "k1":
                    raise KeyboardInterrupt

        gateway = Deadly()
        gateway.idempotent = True
        for n in range(6):
            self.die(rig, gateway)
            if n == 1:
                assert set(self.states(rig).values()) == {"sent", "sending"}, "those behind it have left"
            rig.clock.advance(POLICY.lease)
        assert Counter(gateway.keys) == Counter([f"k{n}" for n in range(6)]) + Counter(k1=POLICY.attempts - 1)
        assert self.states(rig)["k1"] == "dead"

    def test_an_outcome_noted_late_is_not_lost_and_undoes_no_success(self, rig: Rig) -> None:
        other = Gateway(answers=(NotSent(),) * 9)

        class Slow(Gateway):
            def send(gateway, message: Queued, /) -> None:  # noqa: N805
                rig.clock.advance(POLICY.lease)
                assert relay(rig.store, other, rig.clock, policy=POLICY).unknown == 1
                super().send(message)

        for key, luck in (("slow", None), ("failing", failure())):
            self.queue(rig, key)
            self.relay(rig, Slow(luck))
        assert self.states(rig) == {"slow": "sent", "failing": "waiting"}
        assert other.keys == []

    # --- lists
    def test_messages_are_listed_by_state_and_recipient(self, rig: Rig) -> None:
        self.queue(rig, *(f"k{n}" for n in range(6)))
        luck = (None, failure(definite=True), failure(), failure(definite=True), None, failure())
        self.relay(rig, Gateway(*luck))
        for to in ("customer-2", "customer-1 ", "CUSTOMER-1"):
            rig.run(lambda unit: unit.record([rig.picked("a")], [Message(f"m/{to}", "o", to)]))  # noqa: B023

        def listed(limit: int = 9, **asked: Any) -> list[str]:
            found = rig.store.look(lambda unit: unit.session.outbox(limit=limit, **asked))
            return [message.key for message in found]

        assert listed(state=_S.DEAD) == ["k1", "k3"]
        assert listed(state=_S.WAITING, to="customer-1") == ["k2", "k5"]
        assert listed(unsent=True, to="customer-1") == ["k1", "k2", "k3", "k5"]
        assert listed(state=_S.SENT) == ["k0", "k4"]
        assert listed(state=_S.LOST) == listed(to="nobody") == []
        assert listed(to="customer-1") == [f"k{n}" for n in range(6)]
        assert listed(to="customer-2") == ["m/customer-2"]
        assert listed(1, state=_S.DEAD) == ["k1"]
        assert listed(1, state=_S.WAITING) == ["k2"], "what was given up hides nothing that waits"
        assert len(listed()) == 9
        now = rig.clock.now()
        assert listed(due=now) == ["m/customer-2", "m/customer-1 ", "m/CUSTOMER-1"]
        assert listed(due=now + POLICY.first_wait, to="customer-1") == ["k2", "k5"]

    def test_a_message_is_found_by_its_key_and_by_the_gateway_s_reference(self, rig: Rig) -> None:
        self.queue(rig, "k", "l", "m")
        self.relay(rig, Gateway(Sent("r-1"), Sent("r-2"), Sent("r-2")))

        def found(key: str) -> Queued | None:
            return rig.store.look(lambda unit: unit.session.message(key))

        def by_ref(ref: str) -> str | None:
            return rig.run(lambda unit: getattr(unit.session.message_by_ref(ref), "key", None))

        assert {key: found(key) for key in ("k", "l", "m")} == self.outbox(rig)
        assert [found(key) for key in ("", "K", "k ", "n")] == [None] * 4
        assert [by_ref(ref) for ref in ("r-1", "r-2", "R-1", "r-1 ", "", "r")] == ["k", "m", None, None, None, None]

    # --- several at once
    def test_relays_at_once_send_each_message_once(self, rig: Rig) -> None:
        self.queue(rig, *(f"k{n}" for n in range(40)))
        gateways = [Gateway() for _ in range(3)]
        threads = [beside(lambda g=gateway: self.relay(rig, g)) for gateway in gateways]  # type: ignore[misc]
        for thread in threads:
            thread.join(3 * WAIT)
        sent = Counter(key for gateway in gateways for key in gateway.keys)
        assert sent == Counter(f"k{n}" for n in range(40))

    def test_a_message_claimed_by_one_relay_is_passed_over_by_another(self, rig: Rig) -> None:
        self.queue(rig, "k", "l")
        if Ability.WRITES_BESIDE_A_WRITER not in rig.abilities:
            assert self.relay(rig, Gateway()).sent == 2
            return

        def work(unit: StandardUnit) -> list[str]:
            unit.session.claim_messages(at(0), at(1), 1)
            found: list[str] = []

            def other() -> None:
                claimed = rig.run(lambda u: u.session.claim_messages(at(0), at(1), 5))
                found.extend(message.key for message in claimed)

            beside(other).join(WAIT)
            return found

        assert rig.run(work) == ["l"]
