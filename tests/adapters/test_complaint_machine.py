"""Whoever tries whatever with a complaint finds no way past a rule, and memory and SQLite say the same of it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, ClassVar, Final

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from adapters.complaint_oracle import HouseRules, Step, Who, check_case, check_step
from adapters.complaint_tries import (
    FORMS,
    USES,
    implausible,
    next_steps,
    plausible,
    side_steps,
)
from adapters.harness import Desks
from adapters.test_lockstep import NO_IDS, outcome
from csdomain import Desk, DomainError
from csdomain.complaints import rules as r
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.commands.taking_over import PastCase
from csdomain.complaints.lifecycle import State
from csdomain.complaints.service import Complaints
from csdomain.complaints.values import Classification
from csdomain.desk import load_rulebook
from csdomain.kernel.papers.approvals import Delegation, DelegationInvalid
from csdomain.kernel.rules import APPROVALS, AUDITED, ONE_WRITER, PERMITTED
from csdomain.kernel.rules import FORMS as PAPERS
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.ports import Receipt
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money
from csdomain.testing import FakeAuthorities, MovableClock, SequentialIds, snapshot

which = st.integers(0, 2)
pick = st.integers(0, 9999)
kinds = st.sampled_from(["on", "on", "on", "on", "aside", "aside", "anything", "odd"])
acts = st.lists(st.tuples(kinds, pick, pick), min_size=1, max_size=8)
limits = st.sampled_from([None, 1, 400_000])
MINUTE: Final = timedelta(minutes=1)


@cache
def people(book: str) -> tuple[Who, ...]:
    """Two of every position here, one of each in another branch, some who hold two positions, and a stranger."""
    positions = list(HouseRules.of(book).said["permissions"]["positions"])
    found: list[Who] = [(f"{n}-{p}", "hq", (p,)) for p in positions for n in "ab"]
    found += [(f"c-{p}", "south", (p,)) for p in positions]
    found += [(f"d-{p}", "hq", (p, q)) for p, q in zip(positions, reversed(positions), strict=True) if p != q]
    return (*found, ("e-everything", "hq", tuple(positions)), ("stranger", "hq", ()))


class Machine(RuleBasedStateMachine):
    """Two desks side by side, their staff records, and everybody who might try something."""

    book: ClassVar[str]
    opened: ClassVar[Callable[[], list[Desk]]]

    def __init__(self) -> None:
        super().__init__()
        self.desks: list[Desk] = []
        self.services: list[Complaints] = []
        self.records = FakeAuthorities()
        self.held: dict[str, frozenset[str]] = {}
        self.delegations: list[Delegation] = []
        self.house = HouseRules.of(self.book)
        self.people = people(self.book)
        self.classes = [
            Classification(name, kind["causes"][0]) for name, kind in self.house.complaints["classes"].items()
        ]
        self.ids: list[str] = []
        self.seen: dict[str, Any] = {}
        self.keys = 0
        self.last: tuple[str, str, Who, tuple[Any, ...], dict[str, Any], Receipt] | None = None

    # --- the frame
    def begin(self) -> None:
        self.desks = type(self).opened()
        self.services = [attrs.evolve(desk.complaints, authorities=self.records) for desk in self.desks]
        for id, _, positions in self.people:
            self.give(id, positions)
        self.look()

    def give(self, id: str, positions: tuple[str, ...]) -> None:
        self.records.give(id, *positions)
        self.held[id] = frozenset(positions)

    def teardown(self) -> None:
        for desk in self.desks:
            desk.close()

    def each(self, work: Callable[[Desk, Complaints], Any]) -> Any:
        """``work`` on each desk; both must answer the same."""
        pairs = zip(self.desks, self.services, strict=True)
        answers = [outcome(lambda: work(desk, does)) for desk, does in pairs]  # noqa: B023 - called at once
        assert all(answer == answers[0] for answer in answers), answers
        return answers[0]

    def look(self) -> dict[str, Any]:
        """All that shows, the same on both, as it is now; what was there before."""
        before = self.seen
        shown = [snapshot(desk.store, (COMPLAINTS,), subjects=("",)) for desk in self.desks]
        assert shown[0] == shown[1]
        self.seen = shown[0]
        return before

    @property
    def now(self) -> Any:
        return self.desks[0].clock.now()

    def pass_time(self, count: timedelta) -> None:
        for desk in self.desks:
            assert isinstance(desk.clock, MovableClock)
            desk.clock.advance(count)

    @property
    def cases(self) -> Mapping[str, Complaint]:
        return {case.id: case for case in self.seen["complaint"]}

    def case(self, which: int) -> Complaint | None:
        return self.cases[self.ids[-1 - which % len(self.ids)]] if self.ids else None

    # --- one use case, and all that is to be said of it
    def attempt(
        self, use: str, id: str, who: Who, args: tuple[Any, ...], options: dict[str, Any], hours: int = 0
    ) -> Any:
        self.pass_time(MINUTE)
        at = self.now + timedelta(hours=hours)

        def work(desk: Desk, does: Complaints) -> Any:
            by = desk.actor(who[0], branch=who[1], positions=who[2])
            target = args if use == "receive" else (id, *args)
            return getattr(does, use)(*target, by=by, at=at, **options)

        answer = self.each(work)
        before = self.look()
        if not isinstance(answer, Receipt):
            self.check_refused(answer, before)
            return answer
        after = self.cases[answer.id]
        assert (answer.state, answer.version) == (after.state.value, after.version)
        if use != "receive":
            was = {case.id: case for case in before["complaint"]}[id]
            check_step(Step(use, who, at, args, was, after, self.held, self.delegations), self.house)
            if use == "erase" and self.seen == before:  # nothing was left to erase
                return answer
        else:
            assert self.house.permits(who, use, None)
            self.ids.append(answer.id)
        changed = [case for case in self.seen["complaint"] if case not in before["complaint"]]
        assert [case.id for case in changed] == [answer.id], "no other case is touched"
        check_case(after, self.seen["trails"][answer.id], self.house)
        if "key" in options:
            self.last = (use, id, who, args, options, answer)
        return answer

    def check_refused(self, answer: Any, before: dict[str, Any]) -> None:
        """An error: it has a rule; nothing changed; what broke a rule is on record, once."""
        assert isinstance(answer, tuple), answer
        kind, rule_id = answer[0], answer[1]
        assert issubclass(kind, DomainError)
        assert rule_id
        assert {k: v for k, v in self.seen.items() if k != "refusals"} == {
            k: v for k, v in before.items() if k != "refusals"
        }

        def count(seen: dict[str, Any]) -> int:
            return sum(len(rows) for rows in seen["refusals"].values())

        assert count(self.seen) - count(before) == issubclass(kind, RuleBroken)

    def someone(self, use: str, case: Complaint, number: int) -> Who:
        """Somebody whom the matrix lets do it; who decides holds an authority as well, most of the time."""
        may = [who for who in self.people if self.house.permits(who, use, case)]
        if use in ("approve", "propose", "reject", "return_back") and number % 5:
            names = [name for name, _ in self.house.limits][case.level :]
            extra = self.house.complaints["without_amount"].values()
            may = [who for who in may if {*names, *extra} & set(who[2])] or may
            if number % 5 == 1 and case.form.submissions:  # whoever asked for it
                may = [who for who in self.people if who[0] == case.form.submissions[-1].by]
        if use in ("submit", "revise") and number % 3 == 0:  # somebody who could decide it as well
            deciders = {name for name, _ in self.house.limits}
            may = [who for who in may if deciders & set(who[2])] or may
        return may[number % len(may)] if may else self.people[number % len(self.people)]

    def go_on(self, case: Complaint, number: int) -> Any:
        """One of the steps that bring the case on, by somebody who may."""
        steps = next_steps(case)
        if not steps:
            return None
        use = steps[number % len(steps)]
        values = plausible(use, case, self.now, self.classes)
        if not values:
            return None
        args, options = values[(number // 7) % len(values)]
        return self.attempt(use, case.id, self.someone(use, case, number // 3), args, dict(options))

    # --- what may happen
    @initialize(starts=st.lists(st.tuples(pick, st.integers(0, 30)), min_size=1, max_size=2), taken_over=st.booleans())
    def some_cases(self, starts: list[tuple[int, int]], taken_over: bool) -> None:
        """Cases that have come a part of their way."""
        self.begin()
        for number, steps in starts:
            receivers = [who for who in self.people if self.house.permits(who, "receive", None)]
            who, form = receivers[number % len(receivers)], FORMS[number % len(FORMS)]
            made = self.attempt("receive", "", who, (form,), {})
            if number % 2:
                self.aside(self.cases[made.id], 3, number)
            for step in range(steps):
                self.go_on(self.cases[made.id], (number * 31 + step * 17) % 9973)
        if taken_over:
            id = self.take_over()
            for step in range(starts[0][1]):
                self.go_on(self.cases[id], (starts[0][0] * 31 + step * 17) % 9973)

    def take_over(self) -> str:
        """A case of another system that is being looked into: nobody here has signed its form so far."""
        state = State.INVESTIGATING if self.house.complaints["path"] == "departments" else State.HANDLING
        past = PastCase(
            number="OLD-1",
            form=FORMS[3],
            state=state,
            received_at=self.now - 2 * MINUTE,
            accepted_at=self.now - MINUTE,
            classification=self.classes[-1],
        )
        who = next(who for who in self.people if self.house.permits(who, "import", None))

        def work(desk: Desk, does: Complaints) -> Any:
            return does.take_over(past, by=desk.actor(who[0], branch=who[1], positions=who[2]), at=self.now)

        id: str = self.each(work).id
        self.ids.append(id)
        self.look()
        return id

    @precondition(lambda self: len(self.ids) < 3)
    @rule(form=st.sampled_from(FORMS), number=pick)
    def receive(self, form: Any, number: int) -> None:
        self.attempt("receive", "", self.people[number % len(self.people)], (form,), {})

    @rule(which=which, acts=acts)
    def act(self, which: int, acts: list[tuple[str, int, int]]) -> None:
        """Some steps: on, as it should go; something that comes in between; anybody who tries anything."""
        for kind, use, number in acts:
            case = self.case(which)
            if case is None:
                return
            {"on": self.on, "aside": self.aside, "anything": self.anything, "odd": self.odd}[kind](case, use, number)

    def on(self, case: Complaint, use: int, number: int) -> None:
        self.go_on(case, (number * 31 + use) % 9973)

    def aside(self, case: Complaint, use: int, number: int) -> None:
        """What may be done here besides, by somebody who may."""
        steps = side_steps(case)
        name = steps[use % len(steps)]
        values = plausible(name, case, self.now, self.classes)
        if values:
            args, options = values[number % len(values)]
            self.attempt(name, case.id, self.someone(name, case, number), args, dict(options))

    def anything(self, case: Complaint, use: int, number: int) -> None:
        """Anybody, anything, with values that fit."""
        name = USES[use % len(USES)]
        values = plausible(name, case, self.now, self.classes)
        if values:
            args, options = values[number % len(values)]
            who = self.people[number % len(self.people)] if use % 3 else self.someone(name, case, number)
            self.attempt(name, case.id, who, args, dict(options))

    def odd(self, case: Complaint, use: int, number: int) -> None:
        """Values that do not fit, or times that have been or are far off."""
        steps = next_steps(case)
        name = steps[use % len(steps)] if steps and number % 2 else USES[use % len(USES)]
        values = implausible(name, case, self.now, list(self.cases.values()))
        hours = {0: -1000, 1: 500}.get(use % 10, 0)
        if hours:
            values = plausible(name, case, self.now, self.classes)
        if values:
            args, options = values[number % len(values)]
            self.attempt(name, case.id, self.someone(name, case, number), args, dict(options), hours)

    @rule(which=which, number=pick, expected=st.sampled_from([None, 0, 1, 99]), key=st.booleans())
    def as_it_should_with_options(self, which: int, number: int, expected: int | None, key: bool) -> None:
        """A step on with a key, or with the version that somebody read."""
        case = self.case(which)
        steps = [] if case is None else next_steps(case)
        if case is None or not steps:
            return
        use = steps[number % len(steps)]
        values = plausible(use, case, self.now, self.classes)
        if not values:
            return
        args, options = values[number % len(values)]
        wanted = {None: None, 0: case.version}.get(expected, expected)
        more = {"expected_version": wanted, **({"key": f"k{number % 4}"} if key else {})}
        answer = self.attempt_keyed(use, case, number, args, {**options, **more})
        if isinstance(answer, Receipt) and wanted is not None:
            assert wanted == case.version

    def attempt_keyed(self, use: str, case: Complaint, number: int, args: tuple[Any, ...], options: Any) -> Any:
        who = self.someone(use, case, number)
        if options.get("key") is None:
            return self.attempt(use, case.id, who, args, options)
        self.keys += 1
        options = {**options, "key": f"{options['key']}-{self.keys}"}  # each its own; `again` sends one twice
        return self.attempt(use, case.id, who, args, options)

    @precondition(lambda self: self.last is not None)
    @rule()
    def again(self) -> None:
        """The last command that had a key comes once more: the same receipt, and nothing happens."""
        assert self.last is not None
        use, id, who, args, options, receipt = self.last

        def work(desk: Desk, does: Complaints) -> Any:
            by = desk.actor(who[0], branch=who[1], positions=who[2])
            return getattr(does, use)(id, *args, by=by, at=desk.clock.now(), **options)

        assert self.each(work) == receipt
        before = self.look()
        assert self.seen == before

    @rule(use=st.sampled_from(USES), number=pick, id=st.sampled_from(NO_IDS))
    def somewhere_else(self, use: str, number: int, id: str) -> None:
        """An id that is none."""
        case = self.case(0)
        values = [] if case is None else plausible(use, case, self.now, self.classes)
        if values:
            args, options = values[number % len(values)]
            answer = self.attempt(use, id, self.people[number % len(self.people)], args, dict(options))
            assert not isinstance(answer, Receipt)

    # --- what changes around it
    @rule(number=pick)
    def revoke(self, number: int) -> None:
        """Somebody loses what they held, as the records know and they do not."""
        self.give(self.people[number % len(self.people)][0], ())

    @rule(number=pick)
    def appoint(self, number: int) -> None:
        id, _, positions = self.people[number % len(self.people)]
        self.give(id, positions)

    @rule(
        principal=pick,
        deputy=pick,
        authority=pick,
        hours=st.integers(1, 100),
        limit=st.sampled_from([None, 1, 400_000]),
    )
    def delegate(self, principal: int, deputy: int, authority: int, hours: int, limit: int | None) -> None:
        names = [name for name, _ in self.house.limits]
        name = names[authority % len(names)]
        holders = [who[0] for who in self.people if name in who[2]]
        row = (
            ActorId(holders[principal % len(holders)]),
            ActorId(self.people[deputy % len(self.people)][0]),
            name,
            self.now,
            self.now + timedelta(hours=hours),
            None if limit is None else Money(limit, "CNY"),
        )
        try:
            made = Delegation(*row)
            self.records.delegate(made)
        except DelegationInvalid:
            return
        self.delegations.append(made)

    @rule(hours=st.sampled_from([1, 7, 30, 200]))
    def time_passes(self, hours: int) -> None:
        self.pass_time(timedelta(hours=hours))
        self.each(lambda desk, _: desk.sweep())
        before = self.look()
        assert self.seen["complaint"] == before["complaint"], "time changes no case"
        for id, timers in self.seen["timers"].items():
            case = self.cases[id]
            if case.closed_at is None:
                assert all(t.state.value != "running" or t.due_at >= self.now for t in timers), "a breach was not seen"

    @rule(which=which, number=pick)
    def ask(self, which: int, number: int) -> None:
        """Questions change nothing, and are answered alike."""
        case = self.case(which)
        if case is None:
            return
        who = self.people[number % len(self.people)]

        def asked(question: Callable[[Complaints, Any], Any]) -> Any:
            return self.each(lambda desk, does: question(does, desk.actor(who[0], branch=who[1], positions=who[2])))

        asked(lambda does, by: does.get(case.id, by=by))
        asked(lambda does, by: does.moves(case.id, by=by, at=self.now))
        asked(lambda does, by: does.part_moves(case.id, by=by, at=self.now))
        asked(lambda does, by: does.papers(case.id, by=by))
        asked(lambda does, by: does.open_ends(case.id, by=by))
        asked(lambda does, by: does.approval(case.id, by=by, at=self.now))
        asked(lambda does, by: does.deadlines(case.id, by=by, at=self.now))
        asked(lambda does, by: does.discrepancies(by=by))
        asked(lambda does, by: does.queue(by=by))
        month = f"{self.now:%Y-%m}"
        asked(lambda does, by: does.to_review(month, by=by))
        asked(lambda does, by: does.statistics(month, "class_name", "in_time", by=by))
        before = self.look()
        assert self.seen | {"refusals": None} == before | {"refusals": None}  # who was refused is on the audit


def machine(desks: Desks, name: str) -> type[Machine]:
    """A machine over desks in memory and on SQLite that go by a shipped rulebook."""
    rulebook = load_rulebook(name)

    class Opened(Machine):
        book = name
        opened = staticmethod(
            lambda: [
                desks(backend, rulebook=rulebook, ids=SequentialIds(), clock=MovableClock())
                for backend in ("memory", "sqlite")
            ]
        )

    return Opened


def check_every_run(desks: Desks, book: str, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine(desks, book), settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


@pytest.mark.rule(
    r.SALES_CHECK,
    r.ACCEPTANCE,
    r.REPORT,
    r.JUDGEMENT,
    r.IMPROVEMENT,
    r.LOSS,
    r.WITHIN_LIMIT,
    r.NO_PROMISE,
    r.NOTICE,
    r.NOT_ACCEPTED,
    r.NOT_ESTABLISHED,
    r.GRAVE,
    r.LEVELS,
    r.MONTHLY_REVIEW,
    r.CERTIFICATE,
    r.RETURN_SLIP,
    r.WAREHOUSE,
    r.FINANCE,
    r.STATES,
    r.FINDING,
    r.COPIES,
    r.REMARKS,
    r.HARM,
    APPROVALS,
    AUDITED,
    PAPERS,
    ONE_WRITER,
    PERMITTED,
)
@pytest.mark.parametrize(("book", "share"), [("after_sales", 16), ("medical_centre", 6), ("fleet", 4)])
def test_there_is_no_way_past_a_rule(desks: Desks, book: str, share: int) -> None:
    usual = settings.default
    assert usual is not None
    check_every_run(desks, book, max(2, usual.max_examples * share // 100), 25)


@pytest.mark.deep
@pytest.mark.rule(r.STATES, ONE_WRITER)  # and all that its short version names
@pytest.mark.parametrize(("book", "examples"), [("after_sales", 1400), ("medical_centre", 400), ("fleet", 200)])
def test_there_is_no_way_past_a_rule_in_a_long_time(desks: Desks, book: str, examples: int) -> None:
    check_every_run(desks, book, examples, 50)
