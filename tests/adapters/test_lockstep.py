"""Every store behaves alike: random use cases drive memory and a database in lockstep; all that shows is equal."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from adapters.harness import SQL, Desks
from csdomain import ComplaintForm, Desk, DomainError
from csdomain.casework.chronicle import CHRONICLE
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.case.columns import CLAIMED, CUSTOMER, STATE
from csdomain.complaints.service import Complaints
from csdomain.complaints.values import Classification
from csdomain.desk import Services
from csdomain.kernel.cases.delivery import RECEIVED, Answer, DeliveryUnknown, MessageState, NotSent, Sent
from csdomain.kernel.rules import AUDITED, ONE_WRITER, PERMITTED, PORTS
from csdomain.kernel.store.kinds import Query, Tally
from csdomain.kernel.store.ports import DeliveryFailed, Queued
from csdomain.kernel.values.actors import Actor
from csdomain.messaging.values import DeliveryReceipt
from csdomain.testing import HANDLING, QUALITY, MovableClock, SequentialIds, accepted, answered, snapshot
from csdomain.testing.strategies import complaint_forms

ACTORS = [
    ("agent-1", "hq", ("service_agent",)),
    ("agent-2", "hq", ("service_agent",)),
    ("agent-1", "south", ("service_agent",)),
    ("boss", "hq", ("service_manager",)),
    ("seller", "hq", ("sales",)),
    ("agent-3", "hq", ("sales", "service_agent")),
    ("service_agent", "hq", ("service_agent",)),
    ("director", "hq", ("general_manager",)),
    ("stranger", "hq", ()),
]
BOSS = ACTORS[3]
DEAD = ["one that was given up"] * 4
NO_IDS = ["", "cmp_1", "' or 1=1", "cmp_01k9w3v7q8d3m6y2r5t0x4n1ab", "tmr_01k9w3v7q8d3m6y2r5t0x4n1ab", "x" * 200]
OUTCOMES = ["replaced", "退款", "", "  ", "x" * 401, "a\0b"]
NAIVE = datetime(2026, 3, 4, 2, 0)  # noqa: DTZ001 - naive on purpose
#: Moves that begin, end, cancel and remind by timers, and tell somebody.
MOVES: dict[str, Callable[[Complaints, str, Any], Any]] = {
    "check": lambda does, case, call: does.check(case, "ours", **call),
    "accept": lambda does, case, call: does.accept(case, HANDLING, **call),
    "accept a quality fault": lambda does, case, call: does.accept(case, QUALITY, grave=True, **call),
    "accept what is no class": lambda does, case, call: does.accept(case, Classification("weather", "rain"), **call),
    "promise": lambda does, case, call: does.promise(case, call["at"] + timedelta(days=1), **call),
    "involve": lambda does, case, call: does.involve(case, ["production"], call["at"] + timedelta(days=9), **call),
    "contribute": lambda does, case, call: does.contribute(case, "production", "done", word_of="foreman", **call),
    "investigate": lambda does, case, call: does.investigate(case, **call),
    "dismiss": lambda does, case, call: does.dismiss(case, "as agreed", **call),
    "decline": lambda does, case, call: does.decline(case, "wants more", **call),
    "withdraw": lambda does, case, call: does.withdraw(case, "found the cause", **call),
}

who = st.sampled_from(ACTORS)
key = st.sampled_from([None, None, "k1", "k2"])
expected = st.sampled_from([None, None, None, 1, 2, 3, -1])
hours = st.sampled_from([0, 0, 0, 1, 20, 100, -1, -1000])
which = st.integers(0, 5)


class Unlucky:
    """A gateway whose luck is drawn beforehand."""

    def __init__(self, luck: list[str]) -> None:
        self.luck = list(luck)
        self.sent: list[Queued] = []

    def send(self, message: Queued, /) -> Sent:
        self.sent.append(message)
        outcome = self.luck.pop(0) if self.luck else "ok"
        if outcome == "silent":
            raise DeliveryUnknown(why="time-out")
        if outcome != "ok":
            raise DeliveryFailed(definite=outcome == "never", why=f"gateway says {outcome}")
        return Sent(f"ref {message.key}")

    def ask(self, message: Queued, /) -> Answer:
        return NotSent()


def outcome(work: Callable[[], Any]) -> Any:
    """What a call came to: its answer, or all that an error says."""
    try:
        return work()
    except DomainError as error:
        return type(error), error.rule.id, dict(error.facts), error.render("en"), error.render("zh"), error.retryable


class Lockstep(RuleBasedStateMachine):
    """One desk a store, each with ids that count and a clock that is moved."""

    opened: ClassVar[Callable[[], list[Desk]]]

    def __init__(self) -> None:
        super().__init__()
        self.desks: list[Desk] = []
        self.cases: list[str] = []

    @initialize()
    def begin(self) -> None:
        self.desks = type(self).opened()

    def teardown(self) -> None:
        for desk in self.desks:
            desk.close()

    def each(self, work: Callable[[Desk], Any]) -> Any:
        """``work`` on each desk; all must answer the same."""
        answers = [outcome(lambda: work(desk)) for desk in self.desks]  # noqa: B023 - called at once
        assert all(answer == answers[0] for answer in answers), answers
        return answers[0]

    def actor(self, desk: Desk, who: tuple[str, str, tuple[str, ...]]) -> Actor:
        return desk.actor(who[0], branch=who[1], positions=who[2])

    def id(self, which: int, odd: int) -> str:
        if odd == 0:
            return NO_IDS[which]
        return self.cases[-1 - which % len(self.cases)] if self.cases else NO_IDS[3]

    # --- use cases
    @rule(form=complaint_forms(), who=who, key=key, later=hours)
    def receive(self, form: ComplaintForm, who: Any, key: str | None, later: int) -> None:
        def work(desk: Desk) -> Any:
            at = desk.clock.now() + timedelta(hours=later)
            return desk.complaints.receive(form, by=self.actor(desk, who), at=at, key=key)

        self.remember(self.each(work))

    def remember(self, answer: Any) -> None:
        id = getattr(answer, "id", None)
        if id is not None and id not in self.cases:
            self.cases.append(id)

    @rule(
        which=which,
        odd=st.integers(0, 5),
        move=st.sampled_from(sorted(MOVES)),
        who=who,
        key=key,
        expected=expected,
        later=hours,
        naive=st.integers(0, 9),
    )
    def move(
        self, which: int, odd: int, move: str, who: Any, key: str | None, expected: int | None, later: int, naive: int
    ) -> None:
        id = self.id(which, odd)

        def work(desk: Desk) -> Any:
            at = NAIVE if naive == 0 else desk.clock.now() + timedelta(hours=later)
            call = {"by": self.actor(desk, who), "at": at, "key": key, "expected_version": expected}
            return MOVES[move](desk.complaints, id, call)

        self.each(work)

    @rule(
        which=which,
        odd=st.integers(0, 5),
        who=who,
        said=st.sampled_from(OUTCOMES),
        key=key,
        expected=expected,
        later=hours,
    )
    def close(
        self, which: int, odd: int, who: Any, said: str, key: str | None, expected: int | None, later: int
    ) -> None:
        id = self.id(which, odd)

        def work(desk: Desk) -> Any:
            at = desk.clock.now() + timedelta(hours=later)
            return desk.complaints.close(id, said, by=self.actor(desk, who), at=at, key=key, expected_version=expected)

        self.each(work)

    @rule(form=complaint_forms(), who=who, key=key)
    def receive_and_accept_together(self, form: ComplaintForm, who: Any, key: str | None) -> None:
        def work(desk: Desk) -> Any:
            actor, at = self.actor(desk, who), desk.clock.now()

            def all_of_it(inner: Services) -> Any:
                first = inner.complaints.receive(form, by=actor, at=at, key=key)
                inner.complaints.check(first.id, "ours", by=actor, at=at, key=key)
                return inner.complaints.accept(first.id, HANDLING, by=actor, at=at, key=key)

            return desk.together(all_of_it)

        self.remember(self.each(work))

    @rule(form=complaint_forms())
    def every_department_up_to_the_answer(self, form: ComplaintForm) -> None:
        self.remember(self.each(lambda desk: answered(desk, form)))

    # --- jobs beside them
    @rule(count=st.sampled_from([1, 7, 30, 200]))
    def time_passes(self, count: int) -> None:
        for desk in self.desks:
            assert isinstance(desk.clock, MovableClock)
            desk.clock.advance(timedelta(hours=count))

    @rule(batch=st.integers(1, 3))
    def sweep(self, batch: int) -> None:
        self.each(lambda desk: desk.sweep(batch=batch))

    @rule(luck=st.lists(st.sampled_from(["ok", "down", "never", "silent"]), max_size=4))
    def relay(self, luck: list[str]) -> None:
        def work(desk: Desk) -> Any:
            gateway = Unlucky(luck)
            return desk.relay(gateway), gateway.sent

        self.each(work)

    @rule(
        which=which, who=st.sampled_from([BOSS, BOSS, *ACTORS]), key=st.sampled_from([*DEAD, "", "a\0b"]), later=hours
    )
    def give_up_and_resend(self, which: int, who: Any, key: str, later: int) -> None:
        self.remember(self.each(lambda desk: accepted(desk, by=self.actor(desk, BOSS))))

        def work(desk: Desk) -> Any:
            desk.relay(Unlucky(["never"] * 9))
            dead = [message.key for message in desk.messages.dead(by=self.actor(desk, BOSS))]
            one = dead[which % len(dead)] if dead and key in DEAD else key
            at = desk.clock.now() + timedelta(hours=later)
            return dead, desk.messages.resend(one, by=self.actor(desk, who), at=at)

        self.each(work)

    @rule(which=which, who=st.sampled_from([BOSS, BOSS, *ACTORS]), state=st.sampled_from(RECEIVED), later=hours)
    def confirm(self, which: int, who: Any, state: MessageState, later: int) -> None:
        def work(desk: Desk) -> Any:
            sent = desk.store.look(lambda unit: [m.ref for m in unit.session.outbox(limit=100) if m.ref]) or ["none"]
            receipt = DeliveryReceipt(sent[which % len(sent)], state, desk.clock.now() + timedelta(hours=later))
            return desk.messages.confirm(receipt, by=self.actor(desk, who))

        self.each(work)

    @rule(
        who=who, limit=st.integers(0, 4), state=st.sampled_from(MessageState), to=st.sampled_from(["", "boss", "a\0"])
    )
    def ask_of_messages(self, who: Any, limit: int, state: MessageState, to: str) -> None:
        self.each(lambda desk: desk.messages.find(by=self.actor(desk, who), state=state, to=to, limit=limit))
        self.each(lambda desk: desk.messages.dead(by=self.actor(desk, who), limit=limit))
        self.each(lambda desk: desk.messages.waiting(by=self.actor(desk, who), limit=limit))

    @rule(name=st.sampled_from(["c1", "c2"]))
    def follow(self, name: str) -> None:
        def work(desk: Desk) -> Any:
            got: list[Any] = []
            return desk.follow(name, got.append), got

        self.each(work)

    @rule(count=st.sampled_from([0, 50]))
    def forget_keys(self, count: int) -> None:
        self.each(lambda desk: desk.forget_keys(desk.clock.now() - timedelta(hours=count)))

    # --- questions
    @rule(which=which, odd=st.integers(0, 5), who=who)
    def ask_of_one(self, which: int, odd: int, who: Any) -> None:
        id = self.id(which, odd)
        questions: tuple[Callable[[Desk, Actor], Any], ...] = (
            lambda desk, actor: desk.complaints.get(id, by=actor),
            lambda desk, actor: desk.complaints.moves(id, by=actor, at=desk.clock.now()),
            lambda desk, actor: desk.complaints.trail(id, by=actor),
            lambda desk, actor: desk.complaints.deadlines(id, by=actor, at=desk.clock.now()),
        )
        for question in questions:
            self.each(lambda desk: question(desk, self.actor(desk, who)))  # noqa: B023 - called at once

    @rule(
        who=who,
        order=st.sampled_from(["id", "number", "state", "customer", "claimed", "received_at", "closed_at", "owner"]),
        descending=st.booleans(),
        limit=st.integers(1, 3),
    )
    def ask_of_all(self, who: Any, order: str, descending: bool, limit: int) -> None:
        def pages(desk: Desk) -> Any:
            found: list[Any] = []
            query: Query[Any] = Query(
                (STATE.among(["received", "checked", "accepted", "answered"]),), order, descending, limit
            )
            while True:
                page = desk.complaints.find(query, by=self.actor(desk, who))
                found.append(page)
                if page.next is None:
                    return found
                query = Query(query.where, order, descending, limit, page.next)

        self.each(pages)
        self.each(lambda desk: desk.complaints.queue(by=self.actor(desk, who)))
        tally: Tally[Any] = Tally((CLAIMED.present(),), ("state", "owner"), ("claimed", "version"))
        self.each(lambda desk: desk.complaints.tally(tally, by=self.actor(desk, who)))
        self.each(lambda desk: desk.complaints.find(Query((CUSTOMER.is_("a\0"),)), by=self.actor(desk, who)))

    @invariant()
    def all_that_shows_is_equal(self) -> None:
        if self.desks:
            seen: dict[str, Any] = {"subjects": ("",), "consumers": ("c1", "c2"), "registers": (CHRONICLE,)}
            self.each(lambda desk: snapshot(desk.store, (COMPLAINTS,), **seen))


def machine(desks: Desks, *names: str) -> type[Lockstep]:
    """A machine over desks on these backends."""

    class Opened(Lockstep):
        opened = staticmethod(lambda: [desks(name, ids=SequentialIds(), clock=MovableClock()) for name in names])

    return Opened


def check_alike(desks: Desks, backend: str, share: int, steps: int) -> None:
    usual = settings.default
    assert usual is not None
    count = max(1, usual.max_examples * share // 100)
    run_state_machine_as_test(
        machine(desks, "memory", backend),
        settings=settings(max_examples=count, stateful_step_count=steps, deadline=None),
    )


@pytest.mark.rule(PORTS, AUDITED, ONE_WRITER, PERMITTED)
@pytest.mark.parametrize(("backend", "share"), [(name, 25 if name == "sqlite" else 10) for name in SQL])
def test_memory_and_a_database_behave_alike(desks: Desks, backend: str, share: int) -> None:
    check_alike(desks, backend, share, 20)


@pytest.mark.deep
@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", SQL)
def test_memory_and_a_database_behave_alike_for_long(desks: Desks, backend: str) -> None:
    check_alike(desks, backend, 20, 60)


@pytest.mark.rule(PORTS)
def test_the_lockstep_would_see_a_difference(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    from csdomain_adapters.memory.session import MemorySession

    monkeypatch.setattr(MemorySession, "refusals", lambda self, subject: [])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine(desks, "memory", "sqlite"),
            settings=settings(
                max_examples=60,
                stateful_step_count=20,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
            ),
        )
