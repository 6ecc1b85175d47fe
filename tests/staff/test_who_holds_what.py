"""At every instant what people hold, and for whom they act, is what a timeline says (PPL-01, KRN-08).

Random commands drive memory and SQLite in lockstep with a model that knows minutes and sets and nothing else.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar, Final

import attrs
import pytest
from hypothesis import settings, stateful
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adapters.harness import Desks
from csdomain import Desk, DomainError, Money
from csdomain.kernel.papers.approvals import DelegationInvalid
from csdomain.kernel.rules import APPROVALS, ONE_WRITER, PORTS
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import ActorId
from csdomain.staff.model import DELEGATIONS, STAFF
from csdomain.staff.questions import Authorities
from csdomain.staff.rules import EMPLOYMENT
from csdomain.staff.values import AlreadyEngaged, MalformedStaff, NotHeld, Post
from csdomain.testing import SequentialIds, personnel, snapshot
from csdomain.testing.kit import BEGINNING

END: Final = 16
PEOPLE: Final = [ActorId(name) for name in ("ann", "bob", "cai", "dan")]
POSITIONS: Final = ["general_manager", "service_manager"]
BOTH, ONE, OTHER, NONE = (frozenset(held) for held in (POSITIONS, POSITIONS[:1], POSITIONS[1:], ["sales"]))
MOVES: Final = {"assign": "active active", "leave": "active left", "return": "left active", "erase": "left erased"}
Held = frozenset[str]
Wrong = type[DomainError] | None


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


people = one_of(*PEOPLE)
held_positions = st.sets(one_of(*POSITIONS), min_size=1).map(frozenset)
ahead = one_of(None, None, None, -1, 0, 1, 3, 5)  # minutes from now; None: now, or without end
which = st.integers(0, 3)
back = one_of(0, 0, 0, 0, 0, 0, 1)
moves = one_of("assign", "leave", "leave", "return", "return", "erase")
hosts, spans, lengths = one_of(None, BOTH, ONE, OTHER, NONE), one_of(None, 0, 1, 3, -1), one_of(8, 4, 2, 1, 0)


@attrs.define
class Person:
    """Model: what is held at each minute (None: not active), and where the record stands."""

    at: list[Held | None]
    changed: int
    id: str = ""
    state: str = "active"

    def held(self, minute: int) -> Held:
        return self.at[minute] or frozenset()

    def last(self) -> int:
        """The minute after the last one served; 0 for none."""
        return max((minute + 1 for minute in range(END) if self.at[minute] is not None), default=0)

    def service(self) -> tuple[Any, Any]:
        """From and up to when the latest service without a break lasts."""
        last = self.last()
        first = next((minute + 1 for minute in reversed(range(last)) if self.at[minute] is None), 0)
        return (when(first) if last else None), (when(last) if 0 < last < END else None)


@attrs.define
class Link:
    """Model: one delegation; ``limit`` tells it from any other."""

    principal: ActorId
    deputy: ActorId
    authority: str
    minutes: set[int]
    until: int
    given: int
    limit: int
    id: str = ""
    revoked: bool = False
    waits: bool = False


@attrs.define
class World:
    """Model: who is who, and who acts for whom."""

    persons: dict[ActorId, Person] = attrs.field(factory=dict)
    links: list[Link] = attrs.field(factory=list)

    def there(self, who: ActorId, minute: int) -> bool:
        return who not in self.persons or self.persons[who].at[minute] is not None

    def at_work(self, link: Link) -> bool:
        return any(self.there(link.deputy, minute) for minute in link.minutes)

    def chains(self, deputy: ActorId, authority: str, minute: int) -> Iterator[tuple[int, ...]]:
        """The limits of every chain of delegations that ends at ``deputy``."""
        for link in self.links:
            here = link.authority == authority and minute in link.minutes and not link.waits
            if link.deputy == deputy and here and self.there(deputy, minute):
                yield (link.limit,)
                for more in self.chains(link.principal, authority, minute):
                    yield (link.limit, *more)

    def circular(self, new: Link) -> bool:
        """Whether at some minute someone would act for themselves, in however many steps."""
        for minute in new.minutes:
            alike = (link for link in self.links if link.authority == new.authority and minute in link.minutes)
            reached = {(link.deputy, link.principal) for link in (*alike, new)}
            for _ in PEOPLE:
                reached |= {(a, d) for a, b in reached for c, d in reached if b == c}
            if any(a == b for a, b in reached):
                return True
        return False


def kept(desk: Desk) -> dict[str, Any]:
    """All that a desk keeps, but that somebody was refused."""
    found = snapshot(desk.store, (STAFF, DELEGATIONS), subjects=("",))
    return {name: part for name, part in found.items() if name != "refusals"}


def when(minute: int) -> Any:
    return BEGINNING + timedelta(minutes=minute)


class Timeline(RuleBasedStateMachine):
    """The model beside two desks."""

    opened: ClassVar[Callable[[], list[Desk]]]

    def __init__(self) -> None:
        super().__init__()
        self.desks: list[Desk] = []
        self.world = World()
        self.now = 2

    @initialize(positions=st.lists(held_positions, min_size=3, max_size=3))
    def begin(self, positions: list[Held]) -> None:
        self.desks = type(self).opened()
        for who, held in zip(PEOPLE, positions, strict=False):
            self.engage(who, held, -2, None)

    def span(self, begins: int | None, ends: int | None) -> tuple[int, int, dict[str, Any]]:
        """From and up to which minute, and how a command is told so."""
        told = {n: None if m is None else when(self.now + m) for n, m in (("since", begins), ("until", ends))}
        return self.now + (begins or 0), END if ends is None else self.now + ends, told

    def each(self, work: Callable[..., Any], wrong: Wrong, at: int | None = None) -> Any:
        """``work`` by HR on both desks: the same answer, or the error that the model foresees and nothing changed."""
        before, answers = None if wrong is None else kept(self.desks[0]), list[Any]()
        for desk in self.desks:
            try:
                answers.append(work(desk.staff, by=personnel(desk), at=when(self.now if at is None else at)))
            except DomainError as error:
                answers.append((type(error), error.render("en"), error.render("zh")))
        assert answers[0] == answers[1]
        refused = answers[0][0] if isinstance(answers[0], tuple) else None
        assert refused is wrong, f"expected {wrong}, not {answers[0]}"
        assert wrong is None or kept(self.desks[0]) == before
        return answers[0]

    def recorded(self, which: int) -> ActorId:
        return list(self.world.persons)[which % len(self.world.persons)]

    # --- staff
    @rule(who=people, positions=held_positions, begins=ahead, ends=ahead)
    def engage(self, who: ActorId, positions: Held, begins: int | None, ends: int | None) -> None:
        """Of those who have a record already too."""
        since, until, told = self.span(begins, ends)
        wrong = MalformedStaff if until <= since else AlreadyEngaged if who in self.world.persons else None
        post = Post(positions, "office", "hq")
        answer = self.each(lambda staff, **call: staff.engage(who, "王小明", post, phone="1381", **told, **call), wrong)
        if wrong is None:
            at = [positions if since <= minute < until else None for minute in range(END)]
            self.world.persons[who] = Person(at, self.now, answer.id)

    @rule(move=moves, which=which, positions=held_positions, begins=ahead, ends=ahead, late=back)
    def move(self, move: str, which: int, positions: Held, begins: int | None, ends: int | None, late: int) -> None:
        person, at, post = self.world.persons[self.recorded(which)], self.now - late, Post(positions, "shop", "south")
        since, until, told = self.span(begins, ends)
        since = at if begins is None else since
        ending = {"reason": "moves away", "until": told["until"]}
        calls: dict[str, tuple[Callable[..., Any], bool]] = {
            "assign": (lambda staff, **call: staff.assign(person.id, post, **call), person.last() <= at),
            "leave": (lambda s, **call: s.leave(person.id, **ending, **call), ends is not None and until < at),
            "return": (lambda staff, **call: staff.return_(person.id, post, **told, **call), since < at),
            "erase": (lambda staff, **call: staff.erase(person.id, **call), person.last() > at),
        }
        (call, broken), (source, dest) = calls[move], MOVES[move].split()
        wrong: Wrong = None
        if person.state != source:
            wrong = MoveRefused
        elif move == "return" and at >= person.changed and until <= since:
            wrong = MalformedStaff
        elif at < person.changed or broken:
            wrong = RuleBroken
        self.each(call, wrong, at)
        if wrong is not None:
            return
        person.state, person.changed = dest, at
        if move == "assign":
            person.at[at:] = [None if there is None else positions for there in person.at[at:]]
        elif move == "leave":
            end = at if ends is None else until
            person.at[end:] = [None] * (END - end)
        elif move == "return":
            person.at[since:] = [positions if minute < until else None for minute in range(since, END)]
        else:
            for desk in self.desks:
                member = desk.staff.get(person.id, by=personnel(desk))
                assert (member.name, member.phone, member.state.value) == ("", "", "erased")

    # --- delegations
    @rule(which=which, next_=one_of(1, 1, 1, 2, 3), begins=one_of(None, None, 0, 1, 2), length=one_of(8, 8, 4, 4, 2))
    def delegate_what_they_hold(self, which: int, next_: int, begins: int | None, length: int) -> None:
        principal = self.recorded(which)
        deputy = PEOPLE[(PEOPLE.index(principal) + next_) % len(PEOPLE)]
        held = sorted(self.world.persons[principal].held(self.now)) or POSITIONS
        self.delegate(principal, deputy, held[0], begins, length, None)

    @rule(principal=people, deputy=people, authority=one_of(*POSITIONS), begins=spans, length=lengths, host=hosts)
    def delegate(
        self, principal: ActorId, deputy: ActorId, authority: str, begins: int | None, length: int, host: Held | None
    ) -> None:
        """``host``: what the host gave the principal, who acts; None: HR acts for them."""
        since = self.now + (begins or 0)
        until, limit = min(since + length, END - 1), len(self.world.links) + 1
        link = Link(principal, deputy, authority, set(range(since, until)), until, self.now, limit)
        person = self.world.persons.get(principal)
        held = frozenset() if person is None else person.held(self.now)
        wrong: Wrong = None
        if host is not None and not host.intersection(POSITIONS):  # only who decides may delegate
            wrong = NotPermitted
        elif principal == deputy or until <= since:
            wrong = DelegationInvalid
        elif authority not in (held if host is None else held & host):
            wrong = NotHeld
        elif since < self.now or self.world.circular(link) or not self.world.at_work(link):
            wrong = DelegationInvalid
        told = self.span(begins, None)[2] | {"until": when(until), "limit": Money(limit, "CNY")}

        def work(staff: Any, **call: Any) -> Any:
            if host is None:
                return staff.delegate(authority, deputy, principal=principal, **told, **call)
            own = self.desks[0].actor(principal, branch="hq", positions=host)
            return staff.delegate(authority, deputy, **told, **{**call, "by": own})

        answer = self.each(work, wrong)
        if wrong is None:
            link.id, link.waits = answer.id, host is None
            self.world.links.append(link)
            if host is None and until % 2:
                self.confirm(0)

    @precondition(lambda self: self.world.links)
    @rule(which=st.integers(0, 5))
    def confirm(self, which: int) -> None:
        """By another of HR."""
        link = self.world.links[-1 - which % len(self.world.links)]
        fine = link.waits and not link.revoked and self.now >= link.given and self.now < link.until
        wrong = None if fine else MoveRefused if link.revoked else RuleBroken
        second = personnel(self.desks[0], "hr-2")
        self.each(lambda staff, **call: staff.deputies.confirm(link.id, **{**call, "by": second}), wrong)
        link.waits = link.waits and not fine

    @precondition(lambda self: self.world.links)
    @rule(which=st.integers(0, 5), late=back)
    def revoke(self, which: int, late: int) -> None:
        link, at = self.world.links[-1 - which % len(self.world.links)], self.now - late
        wrong = MoveRefused if link.revoked else RuleBroken if at < link.given or at >= link.until else None
        self.each(lambda staff, **call: staff.revoke(link.id, **call), wrong, at)
        if wrong is None:
            link.minutes -= set(range(at, END))
            link.revoked = True

    @rule(minutes=st.integers(1, 3))
    def time_passes(self, minutes: int) -> None:
        self.now = min(self.now + minutes, END - 7)

    # --- what shows
    def check(self, *minutes: int) -> None:
        """Each desk says of these minutes what the model says."""
        persons, chains, asks = self.world.persons, self.world.chains, Authorities()

        def work(unit: Unit) -> None:
            for minute in minutes:
                at = when(minute) + timedelta(seconds=30 * (minute % 2))
                rows = asks.delegations(unit, POSITIONS, at)
                for deputy in PEOPLE:
                    for authority in POSITIONS:
                        ways = [tuple(r.limit.minor for r in c if r.limit) for c in rows.ways(deputy, authority, at)]
                        assert sorted(ways) == sorted(chains(deputy, authority, minute))
                for held in POSITIONS:
                    there = tuple(sorted(who for who in persons if held in persons[who].held(minute)))
                    assert asks.holders(unit, held, at) == there
                assert asks.held(unit, PEOPLE, at) == {who: person.held(minute) for who, person in persons.items()}
            for person in persons.values():
                record = unit.of(STAFF).get(person.id)
                assert (record.active_from, record.active_until) == person.service()
                assert all(a.until and a.until <= b.since for a, b in pairwise(record.terms)), "none over another"

        for desk in self.desks:
            desk.store.look(work)

    @invariant()
    def now_and_soon_it_is_as_the_timeline_says(self) -> None:
        self.check(self.now, self.now + 3)

    def teardown(self) -> None:
        try:
            self.check(*range(END - 1))  # the past too: it answers as it did
            every = [snapshot(desk.store, (STAFF, DELEGATIONS), subjects=("",)) for desk in self.desks]
            assert every[:1] == every[1:]
        finally:
            for desk in self.desks:
                desk.close()


@pytest.mark.rule(EMPLOYMENT, APPROVALS, PORTS, ONE_WRITER)
@pytest.mark.parametrize(("share", "steps"), [(25, 30), pytest.param(20, 80, marks=pytest.mark.deep)])
def test_who_holds_what_when_is_what_a_timeline_says(desks: Desks, share: int, steps: int) -> None:
    class Opened(Timeline):
        opened = staticmethod(lambda: [desks(name, ids=SequentialIds()) for name in ("memory", "sqlite")])

    assert settings.default is not None
    count = max(1, settings.default.max_examples * share // 100)
    chosen = settings(max_examples=count, stateful_step_count=steps, deadline=None)
    stateful.run_state_machine_as_test(Opened, settings=chosen)
