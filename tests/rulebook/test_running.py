"""Which running cases keep which rulebook, and which a new version touches, can be asked of a store (KRN-01)."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import sql_factory
from csdomain import desk as desks
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.kinds import Kind, MalformedQuery
from csdomain.kernel.store.ports import OpenStore, Store, Unit
from csdomain.kernel.store.registers import Stored
from csdomain.kernel.store.unit import Backstage
from csdomain.rulebook import (
    Pinning,
    Rulebook,
    RunningCases,
    RunningPage,
    Section,
    Touched,
    compare,
    loads,
    running,
    running_page,
    touched,
)
from csdomain.testing import memory_desk
from csdomain.testing.base import Rig, examples
from csdomain_adapters.memory import MemoryStore
from rulebook.test_loading import house, toml
from rulebook.tickets import MOVES_OF_TICKETS, PINNING, STATE, TICKET, TICKETS, State, Ticket

pytestmark = pytest.mark.rule(HOUSE_RULES)

CASES = st.lists(st.tuples(st.sampled_from(["a@1", "a@2", "b@1"]), st.sampled_from(State)), max_size=12)


def in_memory(_kinds: Sequence[Stored], backstage: Backstage) -> OpenStore:
    return MemoryStore(backstage)


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = Rig(in_memory if request.param == "memory" else sql_factory(request.getfixturevalue("sqlite_url")))
    rig.reopen(TICKETS)
    yield rig
    rig.close()


def keep(rig: Rig, cases: Sequence[tuple[str, State]], mark: str = "") -> list[Ticket]:
    """Tickets under rulebooks, each with ``mark`` behind its ref, so that examples on one store keep apart."""
    tickets = [Ticket(rig.ids.new(TICKET), ref + mark, state) for ref, state in cases]

    add(rig.store, tickets)
    return tickets


def add(store: Store, tickets: Sequence[Ticket]) -> None:
    def work(unit: Unit) -> None:
        for ticket in tickets:
            unit.of(TICKETS).add(ticket)

    store.run(work)


@examples(25)
@given(cases=CASES, limit=st.integers(1, 5))
def test_cases_that_run_are_counted_and_listed_and_those_that_ended_are_not(
    rig: Rig, cases: list[tuple[str, State]], limit: int
) -> None:
    mark = f"-{rig.ids.new(TICKET)}"
    before = rig.store.look(lambda unit: running(unit, [PINNING]))
    tickets = keep(rig, cases, mark)
    wanted = Counter((t.rulebook, t.state.value) for t in tickets if t.state is not State.DONE)
    every = rig.store.look(lambda unit: running(unit, [PINNING]))
    assert [row for row in every if row not in before] == [
        RunningCases("ticket", ref, state, count) for (ref, state), count in sorted(wanted.items())
    ]
    for ref in {ref + mark for ref, _ in cases}:
        counted = rig.store.look(lambda unit, ref=ref: running(unit, [PINNING], ref))  # type: ignore[misc]
        assert {(row.rulebook, row.state): row.count for row in counted} == {
            k: n for k, n in wanted.items() if k[0] == ref
        }
        ids = [t.id for t in tickets if t.rulebook == ref and t.state is not State.DONE]
        assert pages(rig, ref, limit) == sorted(ids)


def pages(rig: Rig, ref: str | None, limit: int) -> list[str]:
    found: list[str] = []
    page = RunningPage((), None)
    for _ in range(20):
        after = page.next
        page = rig.store.look(lambda unit, after=after: running_page(unit, PINNING, ref, after=after, limit=limit))  # type: ignore[misc]
        assert len(page.ids) <= limit
        found += page.ids
        if page.next is None:
            return found
    raise AssertionError("the pages do not end")


def book(**changes: Any) -> Rulebook:
    return loads(toml(house(**changes)), desks.sections())


TICKET_RULES: Section[dict[str, str]] = Section("complaints", dict[str, str])
OTHER_RULES: Section[dict[str, str]] = Section("renewals", dict[str, str])


@pytest.mark.parametrize(
    ("changes", "sections", "on_rebase", "at_once"),
    [
        ({"complaints__close_within": "4 days"}, (TICKET_RULES,), 2, 0),
        ({"complaints__close_within": "4 days"}, (), 2, 0),  # it goes by every section
        ({"complaints__close_within": "4 days"}, (OTHER_RULES,), 0, 0),
        ({"calendars__office__weekly__sat": ["09:00-12:00"]}, (TICKET_RULES,), 0, 3),
        ({"complaints__close_within": "4 days", "organisation__zone": "UTC"}, (TICKET_RULES,), 2, 3),
        ({"complaints__close_within": "6 day", "name": "mine"}, (), 0, 0),  # it means the same
        ({}, (), 0, 0),
    ],
)
def test_a_new_book_touches_those_that_keep_the_old_or_all_that_run(
    rig: Rig, changes: dict[str, Any], sections: tuple[Section[Any], ...], on_rebase: int, at_once: int
) -> None:
    old, new = book(), book(**changes)
    keep(rig, [(old.ref, State.NEW), (old.ref, State.OPEN), (old.ref, State.DONE), ("older@1", State.OPEN)])
    pinning = Pinning(TICKETS, MOVES_OF_TICKETS, sections)
    found = rig.store.look(lambda unit: touched(unit, [pinning], compare(old, new)))
    assert sum(cases.count for cases in found.on_rebase) == on_rebase
    assert sum(cases.count for cases in found.at_once) == at_once
    assert {cases.rulebook for cases in found.on_rebase} <= {old.ref}


def test_a_kind_that_keeps_no_rulebook_cannot_be_asked() -> None:
    bare: Kind[Ticket] = Kind(Ticket, TICKET, "ticket", (STATE,))
    assert not Pinning.fits(bare)
    with pytest.raises(ValueError, match="ticket: columns rulebook and state expected"):
        Pinning(bare, MOVES_OF_TICKETS)


def test_kinds_come_by_name() -> None:
    other = Pinning(Kind(Ticket, TICKET, "a_ticket", TICKETS.fields), MOVES_OF_TICKETS)
    store = MemoryStore(Rig(in_memory).backstage)
    ticket = Ticket(TICKET.make(millis=1, randomness=1), "a@1")

    def both(unit: Unit) -> None:
        for pinning in (PINNING, other):
            unit.of(pinning.kind).add(attrs.evolve(ticket))

    store.run(both)
    assert [c.kind for c in store.look(lambda unit: running(unit, [PINNING, other]))] == ["a_ticket", "ticket"]


# --- of a desk --------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[Pinning, ...]]:
    monkeypatch.setattr(desks, "pinnings", lambda: (PINNING,))
    return desks.pinnings


@pytest.mark.usefixtures("asked")
def test_a_desk_answers_for_its_store() -> None:
    with memory_desk() as desk:
        ref = desk.house.rulebook.ref
        tickets = [Ticket(TICKET.make(millis=n, randomness=n), ref, state) for n, state in enumerate(State)]
        add(desk.store, tickets)
        counted = (RunningCases("ticket", ref, "new", 1), RunningCases("ticket", ref, "open", 1))
        assert desk.running() == desk.running(ref) == counted
        assert desk.running("other@1") == ()
        first = desk.running_page("ticket", ref, limit=1)
        assert first.ids == (tickets[0].id,)
        assert desk.running_page("ticket", ref, after=first.next) == RunningPage((tickets[1].id,), None)
        diff = compare(desk.house.rulebook, book(complaints__close_within="4 days"))
        assert desk.touched(diff) == Touched(counted, ())
        with pytest.raises(NotFound, match="ticket") as refused:
            desk.running_page("parcel")
        assert refused.value.facts == {"kind": "parcel"}
        with pytest.raises(MalformedQuery):
            desk.running_page("ticket", limit=0)


def test_complaints_are_asked_once_their_rulebook_is_a_column() -> None:
    assert [p.name for p in desks.pinnings()] == ["complaint", "order", "renewal", "job"]
    assert Pinning.fits(COMPLAINTS)
