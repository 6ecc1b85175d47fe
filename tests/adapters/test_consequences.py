"""What follows from events: each once and in order, whatever dies or refuses (D20)."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import SQL
from adapters.jobs_at_work import Died, Happened, Mortal, Passed, Place
from csdomain.kernel.rules import AUDITED, Text
from csdomain.kernel.rules.errors import NotFound, RuleBroken
from csdomain.kernel.store.consequences import TRIES, Consequence, begin, carry_out, parked, run_again
from csdomain.kernel.store.ports import AuditRecord, Unit

pytestmark = pytest.mark.rule(AUDITED)


class Follower:
    """A consequence that does what each event says, but refuses some."""

    def __init__(self, place: Place, name: str = "follower") -> None:
        self.place, self.refuses = place, set[int]()
        self.error: Exception = RuleBroken(AUDITED, accepted=Text("another", "另一个"))
        self.consequence = Consequence(name, (Happened,), self.run)
        place.store.run(lambda unit: begin(unit, [name]))

    def run(self, unit: Unit, record: AuditRecord) -> None:
        nth = record.facts["nth"]
        if nth in self.refuses:
            self.place.do(unit, f"{nth} half-done")
            raise self.error
        self.place.do(unit, str(nth))


@pytest.fixture(params=["memory", *SQL])
def place(request: pytest.FixtureRequest, clean_url: Callable[[str], str]) -> Iterator[Place]:
    found = Place("" if request.param == "memory" else clean_url(request.param))
    yield found
    found.store.close()


def test_what_follows_happens_once_and_in_order_and_only_from_its_events(place: Place) -> None:
    place.happen(-2, -1)
    follower = Follower(place)  # what happened before it was there is none of its business
    for _ in range(2):
        report = carry_out(place.store, [follower.consequence], place.clock)
        assert report.handled == 0
    place.happen(0, 1)
    place.happen(2, kind=Passed)
    place.happen(3)
    assert carry_out(place.store, [follower.consequence], place.clock, batch=2).handled == 3
    assert carry_out(place.store, [follower.consequence], place.clock).handled == 0
    assert place.done() == ["0", "1", "3"]


def test_two_consequences_follow_apart(place: Place) -> None:
    one, two = Follower(place), Follower(place, "other")
    two.refuses = {0, 1}
    place.happen(0, 1)
    report = carry_out(place.store, [two.consequence, one.consequence], place.clock)
    assert (report.handled, [(name, record.facts["nth"]) for name, record, _ in report.refused]) == (2, [("other", 0)])
    assert place.done() == ["0", "1"]


@pytest.mark.parametrize("error", [RuleBroken(AUDITED, accepted=Text("another", "另一个")), KeyError("secret")])
def test_what_refuses_holds_up_the_others_until_it_is_parked(place: Place, error: Exception) -> None:
    follower = Follower(place)
    follower.error, follower.refuses = error, {1}
    place.happen(0, 1, 2)
    for turn in range(1, TRIES + 1):
        report = carry_out(place.store, [follower.consequence], place.clock)
        assert [refused[2] for refused in report.refused] == [error]
        assert place.done() == (["0"] if turn < TRIES else ["0", "2"])
        assert len(parked(place.store)) == (turn == TRIES)
    assert carry_out(place.store, [follower.consequence], place.clock).refused == ()
    [row] = parked(place.store)
    assert (row.consequence, row.subject, row.tries) == ("follower", "spc_1", TRIES)
    assert (row.code, row.rule) in {("rule_broken", "KRN-11"), ("KeyError", "")}


def test_what_was_parked_can_be_run_again(place: Place) -> None:
    follower = Follower(place)
    follower.refuses = {0}
    place.happen(0, 1)
    for _ in range(TRIES):
        carry_out(place.store, [follower.consequence], place.clock)
    [row] = parked(place.store)

    def again(event: str = row.event, name: str = row.consequence) -> None:
        run_again(place.store, [follower.consequence], name, event, place.clock)

    with pytest.raises(RuleBroken):
        again()
    assert place.done() == ["1"]
    assert parked(place.store) == (row,)
    follower.refuses = set()
    again()
    assert place.done() == ["1", "0"]
    assert parked(place.store) == ()
    for event, name in ((row.event, row.consequence), ("evt_9", row.consequence), (row.event, "nobody")):
        with pytest.raises(NotFound):
            again(event, name)
    assert place.done() == ["1", "0"]


@given(st.lists(st.tuples(st.sampled_from(["happen", "carry", "die", "die after"]), st.integers(1, 6)), max_size=12))
def test_whatever_dies_each_is_done_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    place = Place()
    follower, count = Follower(place), 0
    follower.refuses = {2}
    for step, number in [*steps, *[("carry", 3)] * (TRIES + 1)]:
        if step == "happen":
            place.happen(*range(count, count + number))
            count += number
            continue
        store = Mortal(place.store, number if step.startswith("die") else 0, after=step == "die after")
        try:
            carry_out(store, [follower.consequence], place.clock, batch=2)
        except Died:
            continue
    assert place.done() == [str(nth) for nth in range(count) if nth != 2]
    assert [row.tries for row in parked(place.store)] == [TRIES] * (count > 2)
