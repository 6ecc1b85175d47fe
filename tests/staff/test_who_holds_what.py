"""At every instant what people hold, and for whom they act, is what a timeline says (PPL-01, KRN-08).

Random commands drive memory and SQLite in lockstep with a model that knows minutes and sets and nothing else.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

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

END = 16
MINUTE = timedelta(minutes=1)
PEOPLE = [ActorId(name) for name in ("ann", "bob", "cai", "dan")]
POSITIONS = ["general_manager", "service_manager"]
Held = frozenset[str]

people = st.sampled_from(PEOPLE)
held_positions = st.sets(st.sampled_from(POSITIONS), min_size=1).map(frozenset)
ahead = st.sampled_from([None, None, None, -1, 0, 1, 3, 5])  # minutes from now; None: now, or without end
which = st.integers(0, 3)
back = st.sampled_from([0, 0, 0, 0, 0, 0, 1])


@attrs.define
class Person:
    """Model: what is held at each minute (None: not active), and where the record stands."""

    at: list[Held | None]
    state: str
    changed: int

    def held(self, minute: int) -> Held:
        return self.at[minute] or frozenset()

    def last(self) -> int:
        """The minute after the last one served; 0 for none."""
        return max((minute + 1 for minute in range(END) if self.at[minute] is not None), default=0)


@attrs.define
class Link:
    """Model: one delegation; ``limit`` tells it from any other."""

    id: str
    principal: ActorId
    deputy: ActorId
    authority: str
    minutes: set[int]
    until: int
    given: int
    limit: int
    revoked: bool = False


@attrs.define
class World:
    """Model: who is who, and who acts for whom."""

    persons: dict[ActorId, Person] = attrs.field(factory=dict)
    links: list[Link] = attrs.field(factory=list)

    def in_force(self, authority: str, minute: int) -> list[Link]:
        return [
            link
            for link in self.links
            if link.authority == authority
            and minute in link.minutes
            and (link.deputy not in self.persons or self.persons[link.deputy].at[minute] is not None)
        ]

    def chains(self, deputy: ActorId, authority: str, minute: int) -> Iterator[tuple[int, ...]]:
        for link in self.in_force(authority, minute):
            if link.deputy == deputy:
                yield (link.limit,)
                for more in self.chains(link.principal, authority, minute):
                    yield (link.limit, *more)

    def circular(self, new: Link) -> bool:
        """Whether at some minute someone would act for themselves, in however many steps."""
        for minute in new.minutes:
            edges = {
                (link.deputy, link.principal)
                for link in self.links
                if link.authority == new.authority and minute in link.minutes
            } | {(new.deputy, new.principal)}
            reached = {(a, b) for a, b in edges}
            for _ in PEOPLE:
                reached |= {(a, d) for a, b in reached for c, d in edges if b == c}
            if any(a == b for a, b in reached):
                return True
        return False


class Timeline(RuleBasedStateMachine):
    """The model beside two desks."""

    opened: ClassVar[Callable[[], list[Desk]]]

    def __init__(self) -> None:
        super().__init__()
        self.desks: list[Desk] = []
        self.world = World()
        self.ids: dict[ActorId, str] = {}
        self.now = 2

    @initialize(positions=st.lists(held_positions, min_size=3, max_size=3))
    def begin(self, positions: list[Held]) -> None:
        self.desks = type(self).opened()
        for who, held in zip(PEOPLE, positions, strict=False):
            self.engage(who, held, -2, None)

    # --- helpers
    def when(self, minute: int) -> Any:
        return BEGINNING + minute * MINUTE

    def shifted(self, shift: int | None) -> Any:
        return None if shift is None else self.when(self.now + shift)

    def each(self, work: Callable[[Desk], Any], wrong: type[DomainError] | None) -> Any:
        """``work`` on both desks: the same answer, or the error that the model foresees and nothing changed."""
        before = None if wrong is None else self.kept(self.desks[0])
        answers = []
        for desk in self.desks:
            try:
                answers.append(work(desk))
            except DomainError as error:
                answers.append((type(error), error.render("en"), error.render("zh")))
        assert answers[0] == answers[1]
        if wrong is not None:
            assert isinstance(answers[0], tuple), f"expected {wrong.__name__}, not {answers[0]}"
            assert answers[0][0] is wrong, answers[0]
            assert self.kept(self.desks[0]) == before
            return None
        assert not isinstance(answers[0], tuple), answers[0]
        return answers[0]

    def kept(self, desk: Desk) -> dict[str, Any]:
        """All that a desk keeps, but that somebody was refused."""
        found = snapshot(desk.store, (STAFF, DELEGATIONS), subjects=("",))
        del found["refusals"]
        return found

    def recorded(self, which: int) -> ActorId:
        return list(self.ids)[which % len(self.ids)]

    # --- staff
    @rule(who=people, positions=held_positions, begins=ahead, ends=ahead)
    def engage(self, who: ActorId, positions: Held, begins: int | None, ends: int | None) -> None:
        """Of those who have a record already too."""
        since, until = self.now + (begins or 0), END if ends is None else self.now + ends
        wrong = MalformedStaff if until <= since else AlreadyEngaged if who in self.world.persons else None
        answer = self.each(
            lambda desk: desk.staff.engage(
                who,
                "王小明",
                Post(positions, "office", "hq"),
                since=self.shifted(begins),
                until=self.shifted(ends),
                phone="13812345678",
                by=personnel(desk),
                at=self.when(self.now),
            ),
            wrong,
        )
        if wrong is None:
            at = [positions if since <= minute < until else None for minute in range(END)]
            self.world.persons[who] = Person(at, "active", self.now)
            self.ids[who] = answer.id

    @rule(
        move=st.sampled_from(["assign", "leave", "leave", "return", "return", "erase"]),
        which=which,
        positions=held_positions,
        begins=ahead,
        ends=ahead,
        late=back,
    )
    def move(self, move: str, which: int, positions: Held, begins: int | None, ends: int | None, late: int) -> None:
        if move == "assign":
            self.assign(which, positions, late)
        elif move == "leave":
            self.leave(which, ends, late)
        elif move == "return":
            self.return_(which, positions, begins, ends)
        else:
            self.erase(which)

    def assign(self, which: int, positions: Held, late: int) -> None:
        who = self.recorded(which)
        person, at = self.world.persons[who], self.now - late
        wrong: type[DomainError] | None = None
        if person.state != "active":
            wrong = MoveRefused
        elif at < person.changed or person.last() <= at:
            wrong = RuleBroken
        post = Post(positions, "shop", "south")
        self.each(lambda desk: desk.staff.assign(self.ids[who], post, by=personnel(desk), at=self.when(at)), wrong)
        if wrong is None:
            person.at[at:] = [None if there is None else positions for there in person.at[at:]]
            person.changed = at

    def leave(self, which: int, ends: int | None, late: int) -> None:
        who = self.recorded(which)
        person, at = self.world.persons[who], self.now - late
        until = at if ends is None else self.now + ends
        wrong: type[DomainError] | None = None
        if person.state != "active":
            wrong = MoveRefused
        elif at < person.changed or until < at:
            wrong = RuleBroken
        self.each(
            lambda desk: desk.staff.leave(
                self.ids[who], "moves away", until=self.shifted(ends), by=personnel(desk), at=self.when(at)
            ),
            wrong,
        )
        if wrong is None:
            person.at[until:] = [None] * (END - until)
            person.state, person.changed = "left", at

    def return_(self, which: int, positions: Held, begins: int | None, ends: int | None) -> None:
        who = self.recorded(which)
        person = self.world.persons[who]
        since, until = self.now + (begins or 0), END if ends is None else self.now + ends
        wrong: type[DomainError] | None = None
        if until <= since:
            wrong = MalformedStaff
        elif person.state != "left":
            wrong = MoveRefused
        elif since < self.now:
            wrong = RuleBroken
        self.each(
            lambda desk: desk.staff.return_(
                self.ids[who],
                Post(positions, "office", "hq"),
                since=self.shifted(begins),
                until=self.shifted(ends),
                by=personnel(desk),
                at=self.when(self.now),
            ),
            wrong,
        )
        if wrong is None:
            person.at[since:] = [positions if minute < until else None for minute in range(since, END)]
            person.state, person.changed = "active", self.now

    def erase(self, which: int) -> None:
        who = self.recorded(which)
        person = self.world.persons[who]
        wrong: type[DomainError] | None = None
        if person.state != "left":
            wrong = MoveRefused
        elif person.last() > self.now:
            wrong = RuleBroken
        self.each(lambda desk: desk.staff.erase(self.ids[who], by=personnel(desk), at=self.when(self.now)), wrong)
        if wrong is None:
            person.state, person.changed = "erased", self.now
            for desk in self.desks:
                member = desk.staff.get(self.ids[who], by=personnel(desk))
                assert (member.name, member.phone, member.actor) == ("", "", who)

    # --- delegations
    @rule(
        which=which,
        next_=st.sampled_from([1, 1, 1, 2, 3]),
        begins=st.sampled_from([None, None, 0, 1, 2]),
        length=st.sampled_from([8, 8, 4, 4, 2]),
    )
    def delegate_what_they_hold(self, which: int, next_: int, begins: int | None, length: int) -> None:
        principal = self.recorded(which)
        deputy = PEOPLE[(PEOPLE.index(principal) + next_) % len(PEOPLE)]
        held = sorted(self.world.persons[principal].held(self.now)) or POSITIONS
        self.delegate(principal, deputy, held[0], begins, length, None)

    @rule(
        principal=people,
        deputy=people,
        authority=st.sampled_from(POSITIONS),
        begins=st.sampled_from([None, 0, 1, 3, -1]),
        length=st.sampled_from([8, 4, 2, 1, 0]),
        host=st.sampled_from(
            [None, frozenset(POSITIONS), frozenset(POSITIONS[:1]), frozenset(POSITIONS[1:]), frozenset({"sales"})]
        ),
    )
    def delegate(
        self, principal: ActorId, deputy: ActorId, authority: str, begins: int | None, length: int, host: Held | None
    ) -> None:
        """``host``: what the host gave the principal, who acts; None: HR acts for them."""
        since = self.now + (begins or 0)
        until = min(since + length, END - 1)
        limit = len(self.world.links) + 1
        link = Link("", principal, deputy, authority, set(range(since, until)), until, self.now, limit)
        person, other = self.world.persons.get(principal), self.world.persons.get(deputy)
        held = frozenset() if person is None else person.held(self.now)
        wrong: type[DomainError] | None = None
        if principal == deputy or until <= since:
            wrong = DelegationInvalid
        elif host is not None and not host.intersection(POSITIONS):  # only who decides may delegate
            wrong = NotPermitted
        elif authority not in (held if host is None else held & host):
            wrong = NotHeld
        elif (
            since < self.now
            or (other is not None and all(other.at[minute] is None for minute in link.minutes))
            or self.world.circular(link)
        ):
            wrong = DelegationInvalid

        def work(desk: Desk) -> Any:
            acting = personnel(desk) if host is None else desk.actor(principal, branch="hq", positions=host)
            return desk.staff.delegate(
                authority,
                deputy,
                principal=None if host is not None else principal,
                since=self.shifted(begins),
                until=self.when(until),
                limit=Money(limit, "CNY"),
                by=acting,
                at=self.when(self.now),
            )

        answer = self.each(work, wrong)
        if wrong is None:
            link.id = answer.id
            self.world.links.append(link)

    @precondition(lambda self: self.world.links)
    @rule(which=st.integers(0, 5), late=back)
    def revoke(self, which: int, late: int) -> None:
        link, at = self.world.links[-1 - which % len(self.world.links)], self.now - late
        wrong: type[DomainError] | None = None
        if link.revoked:
            wrong = MoveRefused
        elif at < link.given or at >= link.until:
            wrong = RuleBroken
        self.each(lambda desk: desk.staff.revoke(link.id, by=personnel(desk), at=self.when(at)), wrong)
        if wrong is None:
            link.minutes -= set(range(at, END))
            link.revoked = True

    @rule(minutes=st.integers(1, 3))
    def time_passes(self, minutes: int) -> None:
        self.now = min(self.now + minutes, END - 7)

    # --- what shows
    def shown(self, desk: Desk, minutes: range) -> dict[int, Any]:
        def work(unit: Unit) -> dict[int, Any]:
            found: dict[int, Any] = {}
            for minute in minutes:
                at = self.when(minute) + timedelta(seconds=30 * (minute % 2))
                rows = Authorities().delegations(unit, POSITIONS, at)
                ways = {
                    (deputy, authority): sorted(
                        tuple(row.limit.minor for row in chain if row.limit)
                        for chain in rows.ways(deputy, authority, at)
                    )
                    for deputy in PEOPLE
                    for authority in POSITIONS
                }
                holders = {position: Authorities().holders(unit, position, at) for position in POSITIONS}
                found[minute] = (Authorities().held(unit, PEOPLE, at), ways, holders)
            return found

        return desk.store.look(work)

    def meant(self, minutes: range) -> dict[int, Any]:
        persons, world = self.world.persons, self.world
        return {
            minute: (
                {who: person.held(minute) for who, person in persons.items()},
                {(d, a): sorted(world.chains(d, a, minute)) for d in PEOPLE for a in POSITIONS},
                {p: tuple(sorted(who for who in persons if p in persons[who].held(minute))) for p in POSITIONS},
            )
            for minute in minutes
        }

    @invariant()
    def now_and_soon_it_is_as_the_timeline_says(self) -> None:
        if self.desks:
            for minutes in (range(self.now, self.now + 1), range(self.now + 3, self.now + 4)):
                assert self.shown(self.desks[0], minutes) == self.meant(minutes)

    def teardown(self) -> None:
        try:
            if self.desks:
                every = range(END - 1)  # the past too: it answers as it did
                for desk in self.desks:
                    assert self.shown(desk, every) == self.meant(every)
                one, other = (snapshot(d.store, (STAFF, DELEGATIONS), subjects=("",)) for d in self.desks)
                assert one == other
        finally:
            for desk in self.desks:
                desk.close()


def check(desks: Desks, share: int, steps: int) -> None:
    class Opened(Timeline):
        opened = staticmethod(lambda: [desks(name, ids=SequentialIds()) for name in ("memory", "sqlite")])

    usual = settings.default
    assert usual is not None
    count = max(1, usual.max_examples * share // 100)
    run_state_machine_as_test(Opened, settings=settings(max_examples=count, stateful_step_count=steps, deadline=None))


@pytest.mark.rule(EMPLOYMENT, APPROVALS, PORTS, ONE_WRITER)
def test_who_holds_what_when_is_what_a_timeline_says(desks: Desks) -> None:
    check(desks, 25, 30)


@pytest.mark.deep
@pytest.mark.rule(EMPLOYMENT, APPROVALS)
def test_who_holds_what_when_is_what_a_timeline_says_for_long(desks: Desks) -> None:
    check(desks, 20, 80)
