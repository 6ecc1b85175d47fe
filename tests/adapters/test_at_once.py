"""What follows at once is what a job would have made of it: each once, in order, parked where it refuses (D20)."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csdomain
from adapters.harness import Desks
from adapters.jobs_at_work import Died, Happened, Mortal, Passed, Place
from csdomain.kernel.rules import AUDITED, Text
from csdomain.kernel.rules.errors import RuleBroken, StoreFailure
from csdomain.kernel.store.at_once import AtOnce
from csdomain.kernel.store.consequences import TRIES, Consequence, begin, carry_out, parked
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.testing import accepted, engaged, personnel

pytestmark = pytest.mark.rule(AUDITED)
REFUSED = RuleBroken(AUDITED, accepted=Text("another", "另一个"))


@attrs.frozen(kw_only=True)
class Followed(Happened):
    """What the first consequence makes happen, and the second follows."""

    name = "followed"


class Followers:
    """Two consequences: the first does what each event says and lets something else happen, the second follows that."""

    def __init__(self, place: Place, refuses: frozenset[int] = frozenset()) -> None:
        self.place, self.refuses = place, refuses
        # The second stands before the first: it is done with before there is anything for it.
        self.consequences = [
            Consequence("second", (Followed,), self.second),
            Consequence("first", (Happened,), self.first),
        ]
        place.store.run(lambda unit: begin(unit, ["first", "second"]))

    def first(self, unit: Unit, record: AuditRecord) -> None:
        nth: Any = record.facts["nth"]
        self.place.do(unit, f"first {nth}")
        if nth in self.refuses:
            raise REFUSED
        unit.record([happened(self.place, nth, Followed)])

    def second(self, unit: Unit, record: AuditRecord) -> None:
        nth: Any = record.facts["nth"]
        if -nth in self.refuses:
            raise REFUSED
        self.place.do(unit, f"second {nth}")

    def of(self, name: str) -> list[str]:
        return [key for key in self.place.done() if key.startswith(name)]

    def left(self) -> list[tuple[str, Any, int]]:
        return sorted((row.consequence, row.position, row.tries) for row in parked(self.place.store))


def happened(place: Place, nth: int, kind: type[Happened] = Happened) -> Happened:
    return kind(subject="spc_1", by=ActorId("u-1"), at=place.clock.now(), move="x", source="", dest="", nth=nth)


@pytest.fixture(params=["memory", "sqlite"])
def place(request: pytest.FixtureRequest, clean_url: Callable[[str], str]) -> Iterator[Place]:
    found = Place("" if request.param == "memory" else clean_url(request.param))
    yield found
    found.store.close()


def at_once(followers: Followers, store: Any = None) -> AtOnce:
    place = followers.place
    return AtOnce(store or place.store, lambda: followers.consequences, place.clock)


def test_it_is_done_when_the_call_returns_and_what_follows_from_that_too(place: Place) -> None:
    followers = Followers(place)
    store = at_once(followers)
    assert store.run(lambda unit: unit.record([happened(place, n) for n in range(3)])) is None
    assert followers.of("first") == ["first 0", "first 1", "first 2"]
    assert followers.of("second") == ["second 0", "second 1", "second 2"]
    assert store.look(lambda unit: unit.session.last_position()) == 6


def test_a_unit_that_fails_is_followed_by_nothing(place: Place) -> None:
    followers = Followers(place)

    def fails(unit: Unit) -> None:
        unit.record([happened(place, 0)])
        raise KeyError

    with pytest.raises(KeyError):
        at_once(followers).run(fails)
    assert place.done() == []


def test_what_refuses_is_parked_and_neither_the_caller_nor_the_next_hears_of_it(place: Place) -> None:
    followers = Followers(place, frozenset({1, -2}))
    store = at_once(followers)
    for nth in range(4):
        assert store.run(lambda unit, nth=nth: unit.record([happened(place, nth)]) or nth) == nth  # type: ignore[misc]
    assert followers.of("first") == ["first 0", "first 2", "first 3"]
    assert followers.of("second") == ["second 0", "second 3"]
    assert [(name, tries) for name, _, tries in followers.left()] == [("first", TRIES), ("second", TRIES)]


def test_a_store_that_fails_afterwards_does_not_undo_the_use_case(place: Place) -> None:
    followers = Followers(place)

    class Broken(Mortal):
        def run(self, work: Any, /, call: Any = None) -> Any:
            self.units += 1
            if self.units > 1:
                raise StoreFailure
            return self.store.run(work, call)

    at_once(followers, Broken(place.store)).run(lambda unit: unit.record([happened(place, 0)]))
    assert place.done() == []
    at_once(followers).run(lambda unit: unit.record([happened(place, 1)]))
    assert place.done() == ["first 0", "first 1", "second 0", "second 1"]


steps = st.lists(
    st.tuples(st.sampled_from(["happen", "happen", "pass", "fail", "die", "die after"]), st.integers(1, 3)), max_size=8
)


@given(steps, st.frozensets(st.integers(-6, 6), max_size=3))
def test_at_the_end_nothing_is_different_from_what_a_job_does(
    history: list[tuple[str, int]], refuses: frozenset[int]
) -> None:
    here, there = Followers(Place(), refuses), Followers(Place(), refuses)
    count = 0
    for step, number in [*history, ("happen", 1)]:
        for followers in (here, there):
            place, kind = followers.place, Passed if step == "pass" else Happened
            dies = number + 1 if followers is here and step.startswith("die") else 0
            mortal = Mortal(place.store, dies, after=step == "die after")

            def work(unit: Unit, place: Place = place, kind: Any = kind, step: str = step) -> None:
                unit.record([happened(place, count + n, kind) for n in range(number)])  # noqa: B023 - run at once
                if step == "fail":
                    raise REFUSED

            with suppress(Died, RuleBroken):
                (at_once(followers, mortal) if followers is here else mortal).run(work)
        count += number
    for _ in range(3 * TRIES):
        carry_out(there.place.store, there.consequences, there.place.clock)
    assert (here.of("first"), here.of("second")) == (there.of("first"), there.of("second"))
    assert [row[0] for row in here.left()] == [row[0] for row in there.left()]


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_a_desk_tells_of_a_leaver_s_cases_at_once(desks: Desks, backend: str) -> None:
    def told(desk: Any) -> list[str]:
        return [message.occasion for message in desk.store.look(lambda u: u.session.outbox(limit=1000))]

    def leave(desk: Any) -> None:
        hr, at = personnel(desk), desk.clock.now()
        accepted(desk, by=desk.actor("agent-1", branch="hq", positions=("service_agent",)))
        person = engaged(desk, "agent-1", "service_agent", by=hr)
        desk.staff.leave(person.id, by=hr, at=at)

    by_job = desks(backend)
    leave(by_job)
    assert "complaint.left_behind" not in told(by_job)
    by_job.carry_out()
    done = told(by_job)
    at_once = desks(backend, consequences="at_once")  # on an empty store again
    leave(at_once)
    assert "complaint.left_behind" in told(at_once)
    assert told(at_once) == done
    assert at_once.carry_out().handled == 0


def test_another_word_for_when_is_refused() -> None:
    with pytest.raises(WrongArgument, match="at_once"):
        csdomain.open("memory:", consequences="later")  # type: ignore[arg-type]
