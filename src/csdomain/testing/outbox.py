"""Contract of the outbox: each message at least once, under one key, held by one relay at a time (KRN-11, MSG-09)."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import attrs

from csdomain.kernel.cases.effects import Message
from csdomain.kernel.store.ports import DeliveryFailed, Queued
from csdomain.kernel.store.sweeping import RelayPolicy, RelayReport, relay
from csdomain.kernel.store.unit import StandardUnit

from .base import Ability, Contract, Rig, at, raising
from .concurrency import WAIT, beside

POLICY = RelayPolicy(lease=timedelta(minutes=2), attempts=3, first_wait=timedelta(minutes=1), factor=2)


class Gateway:
    """A notifier whose luck is told beforehand: what to raise at each sending."""

    def __init__(self, *outcomes: BaseException | None) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[Queued] = []

    def send(self, message: Queued, /) -> None:
        """Note the message, and fail where that was told."""
        self.sent.append(message)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.sent]


def failure(*, definite: bool = False) -> DeliveryFailed:
    """What a gateway that is down raises."""
    return DeliveryFailed(definite=definite, why="no answer to +86 138 1234 5678\0" + "x" * 500)


class OutboxContract(Contract):
    """The outbox: queued with its cause, claimed for a while, tried again, given up, never sent after it was."""

    def queue(self, rig: Rig, *keys: str) -> None:
        messages = [
            Message(key, "specimen.picked", "customer-1", {"n": 1, "ok": True, "who": "é", "no": None}) for key in keys
        ]
        rig.run(lambda unit: unit.record([rig.picked("a")], messages))

    def outbox(self, rig: Rig, *, unsent: bool = False) -> dict[str, Queued]:
        return {m.key: m for m in rig.store.look(lambda unit: unit.session.outbox(unsent=unsent, limit=1000))}

    def relay(self, rig: Rig, gateway: Gateway) -> RelayReport:
        return relay(rig.store, gateway, rig.clock, policy=POLICY, batch=2)

    def test_a_message_waits_with_all_it_carries(self, rig: Rig) -> None:
        self.queue(rig, "k")
        assert list(self.outbox(rig).values()) == [
            Queued(
                "k",
                "specimen.picked",
                "customer-1",
                {"n": 1, "ok": True, "who": "é", "no": None},
                created_at=rig.clock.now(),
                next_at=rig.clock.now(),
            )
        ]

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
        gateway = Gateway()
        assert self.relay(rig, gateway) == RelayReport(5, 0, 0)
        assert gateway.keys == [f"k{n}" for n in range(5)]
        assert self.relay(rig, gateway) == RelayReport(0, 0, 0)
        assert self.outbox(rig, unsent=True) == {}
        assert {m.sent_at for m in self.outbox(rig).values()} == {rig.clock.now()}
        assert list(self.outbox(rig)) == [f"k{n}" for n in range(5)]

    def test_a_message_of_a_unit_that_failed_does_not_exist(self, rig: Rig) -> None:
        def work(unit: StandardUnit) -> None:
            unit.record([rig.picked("a")], [Message("k", "o", "t")])
            raising(ValueError())

        with suppress(ValueError):
            rig.run(work)
        assert self.relay(rig, Gateway()) == RelayReport(0, 0, 0)

    def test_a_claim_holds_until_it_runs_out(self, rig: Rig) -> None:
        self.queue(rig, "k", "l", "m")
        now = rig.clock.now()

        def claim(when: float, limit: int = 10) -> list[tuple[str, int]]:
            claimed = rig.run(lambda unit: unit.session.claim_messages(at(when), at(when + 2), limit))
            assert all(message.next_at == at(when + 2) for message in claimed)
            return [(message.key, message.attempts) for message in claimed]

        assert now == at(0)
        assert claim(-1) == []
        assert claim(0, 2) == [("k", 1), ("l", 1)]
        assert claim(1) == [("m", 1)]
        assert claim(1.9) == []
        assert claim(2) == [("k", 2), ("l", 2)]
        assert claim(3) == [("m", 2)]

    def test_what_fails_is_tried_again_after_a_while_and_given_up_at_last(self, rig: Rig) -> None:
        self.queue(rig, "k")
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
        assert self.relay(rig, gateway) == RelayReport(0, 0, 1)
        rig.clock.advance(timedelta(days=365))
        assert self.relay(rig, gateway) == RelayReport(0, 0, 0)
        dead = self.outbox(rig, unsent=True)["k"]
        assert (dead.attempts, dead.next_at, dead.sent_at) == (3, None, None)
        assert gateway.keys == ["k"] * 3
        assert dead.failure.startswith("no answer to")
        assert "1234" not in dead.failure

    def test_what_surely_never_arrives_is_given_up_at_once(self, rig: Rig) -> None:
        self.queue(rig, "k", "l")
        assert self.relay(rig, Gateway(failure(definite=True))) == RelayReport(1, 0, 1)
        assert list(self.outbox(rig, unsent=True)) == ["k"]

    def test_a_message_given_up_can_be_sent_again(self, rig: Rig) -> None:
        self.queue(rig, "k")
        self.relay(rig, Gateway(failure(), failure()))
        for _ in range(2):
            rig.clock.advance(timedelta(hours=1))
            self.relay(rig, Gateway(failure()))
        dead = self.outbox(rig)["k"]
        assert (dead.dead, dead.attempts) == (True, 3)
        rig.clock.advance(timedelta(days=1))
        due = rig.clock.now() + timedelta(hours=1)
        assert rig.run(lambda unit: unit.session.requeue("k", due))
        assert self.outbox(rig)["k"] == attrs.evolve(dead, next_at=due, attempts=0)
        assert not rig.run(lambda unit: unit.session.requeue("k", due)), "it waits already"
        assert self.relay(rig, Gateway()) == RelayReport(0, 0, 0), "it is not due yet"
        rig.clock.move(due)
        gateway = Gateway(failure())
        assert self.relay(rig, gateway) == RelayReport(0, 1, 0), "its attempts are all before it again"
        rig.clock.advance(timedelta(hours=1))
        assert self.relay(rig, gateway) == RelayReport(1, 0, 0)
        assert gateway.keys == ["k", "k"]

    def test_only_what_was_given_up_is_put_back(self, rig: Rig) -> None:
        self.queue(rig, "sent", "dead", "tried")
        self.relay(rig, Gateway(None, failure(definite=True), failure()))
        self.queue(rig, "new")
        before = self.outbox(rig)
        for key in ("sent", "tried", "new", "none", ""):
            assert not rig.run(lambda unit: unit.session.requeue(key, at(9)))  # noqa: B023 - run at once
        assert self.outbox(rig) == before
        assert rig.run(lambda unit: unit.session.requeue("dead", at(9)))
        assert {key: m for key, m in self.outbox(rig).items() if key != "dead"} == {
            key: m for key, m in before.items() if key != "dead"
        }

    def test_what_waits_and_what_was_given_up_are_listed_apart(self, rig: Rig) -> None:
        self.queue(rig, *(f"k{n}" for n in range(6)))
        self.relay(rig, Gateway(None, failure(definite=True), failure(), failure(definite=True), None, failure()))

        def listed(*, unsent: bool = True, dead: bool | None, limit: int = 9) -> list[str]:
            found = rig.store.look(lambda unit: unit.session.outbox(unsent=unsent, dead=dead, limit=limit))
            assert all(dead is None or message.dead is dead for message in found)
            return [message.key for message in found]

        assert listed(dead=True) == listed(dead=True, unsent=False) == ["k1", "k3"]
        assert listed(dead=False) == ["k2", "k5"]
        assert listed(dead=None) == ["k1", "k2", "k3", "k5"]
        assert listed(dead=False, unsent=False) == ["k0", "k2", "k4", "k5"]
        assert listed(dead=None, unsent=False) == [f"k{n}" for n in range(6)]
        assert listed(dead=True, limit=1) == ["k1"]
        assert listed(dead=False, limit=1) == ["k2"], "what was given up hides nothing that waits"

    def test_a_message_is_found_by_its_key(self, rig: Rig) -> None:
        self.queue(rig, "k", "l")
        self.relay(rig, Gateway(failure(definite=True)))

        def found(key: str) -> Queued | None:
            return rig.store.look(lambda unit: unit.session.message(key))

        assert {key: found(key) for key in ("k", "l")} == self.outbox(rig)
        assert [found(key) for key in ("", "K", "k ", "m")] == [None] * 4

    def test_putting_back_is_taken_back_with_its_unit(self, rig: Rig) -> None:
        self.queue(rig, "k")
        self.relay(rig, Gateway(failure(definite=True)))
        before = self.outbox(rig)

        def work(unit: StandardUnit) -> None:
            assert unit.session.requeue("k", at(0))
            raising(ValueError())

        with suppress(ValueError):
            rig.run(work)
        assert self.outbox(rig) == before
        assert self.relay(rig, Gateway()) == RelayReport(0, 0, 0)

    def test_a_relay_that_dies_loses_nothing(self, rig: Rig) -> None:
        self.queue(rig, "k", "l")
        gateway = Gateway(None, KeyboardInterrupt())
        with suppress(KeyboardInterrupt):
            self.relay(rig, gateway)
        assert self.relay(rig, gateway) == RelayReport(0, 0, 0), "the claim of the dead relay still holds"
        rig.clock.advance(POLICY.lease)
        assert self.relay(rig, gateway) == RelayReport(1, 0, 0)
        assert gateway.keys == ["k", "l", "l"]

    def test_an_outcome_noted_late_does_not_undo_a_success(self, rig: Rig) -> None:
        self.queue(rig, "k")
        (slow,) = rig.run(lambda unit: unit.session.claim_messages(rig.clock.now(), at(1), 1))
        rig.clock.move(at(1))
        assert self.relay(rig, Gateway()) == RelayReport(1, 0, 0)
        rig.run(lambda unit: unit.session.mark_message(slow))
        sent = self.outbox(rig)["k"]
        assert (sent.sent_at, sent.next_at, sent.attempts) == (at(1), None, 2)

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
