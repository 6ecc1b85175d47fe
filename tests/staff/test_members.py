"""Staff are engaged, assigned, leave and return; a refusal changes nothing; names are for those who may (PPL-01)."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import SQL, Desks, Statements
from csdomain.desk import load_rulebook
from csdomain.kernel.rules import AUDITED, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.rules.errors import Conflict, DomainError, MoveRefused, NaiveTime, NotPermitted, RuleBroken
from csdomain.kernel.store.kinds import Query, Tally
from csdomain.kernel.values.actors import Action, Actor, ActorId, Scope
from csdomain.kernel.values.personal import masked
from csdomain.rulebook import PERMISSIONS
from csdomain.staff import policies
from csdomain.staff.lifecycle import STAFF_MOVES, Move, State
from csdomain.staff.model import ACTIVE_FROM, ACTIVE_UNTIL, DELEGATIONS, DEPARTMENT, STAFF, STATE, StaffMember
from csdomain.staff.questions import Authorities
from csdomain.staff.rules import EMPLOYMENT, MATRIX
from csdomain.staff.values import (
    MANAGE,
    PERSONAL,
    AlreadyEngaged,
    MalformedStaff,
    Post,
    Term,
    UnknownPosition,
)
from csdomain.testing import engaged, memory_desk, personnel, snapshot
from csdomain.testing.kit import BEGINNING as T0
from staff.hand import act

DAY = timedelta(days=1)
NAME, PHONE = "欧阳小明", "13812345678"
SALES = Post(["sales"], "sales", "hq")
BOTH = Post(["sales", "service_agent"], "front office", "hq")


def hr(*actions: Action, scope: Scope = Scope.ALL, branch: str = "hq") -> Actor:
    return Actor(ActorId("hr"), branch, grants=dict.fromkeys(actions or (MANAGE, PERSONAL), scope))


def member() -> StaffMember:
    return StaffMember.engage(act(T0, hr()), "ann", NAME, SALES, phone=PHONE)[0]


# --- terms ------------------------------------------------------------------------------------------------------------

days = st.integers(0, 12)
posts = st.sampled_from([SALES, BOTH, Post(["hr"], "hr", "hq")])


@st.composite
def terms(draw: st.DrawFn) -> tuple[Term, ...]:
    """Terms in order, none over another; the last may be open."""
    edges = sorted(draw(st.lists(days, min_size=0, max_size=6, unique=True)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    found: list[Term] = [Term(draw(posts), T0 + a * DAY, T0 + b * DAY) for a, b in pairs]
    is_open: bool = draw(st.booleans())
    if found and is_open:
        found[-1] = Term(found[-1].post, found[-1].since)
    return tuple(found)


def each_day(found: tuple[Term, ...]) -> list[frozenset[str]]:
    return [policies.held(found, T0 + day * DAY + half) for day in range(14) for half in (timedelta(), DAY / 2)]


def in_order(found: tuple[Term, ...]) -> bool:
    return all(a.until is not None and a.until <= b.since for a, b in pairwise(found))


@pytest.mark.rule(EMPLOYMENT)
@given(terms(), days, posts, st.none() | st.integers(1, 5))
def test_a_change_of_terms_is_from_its_instant_on_and_touches_nothing_before(
    before: tuple[Term, ...], day: int, post: Post, length: int | None
) -> None:
    at = T0 + day * DAY
    was, now = each_day(before), 2 * day
    term = Term(post, at, None if length is None else at + length * DAY)
    changed = {
        "ended": policies.ended(before, at),
        "reassigned": policies.reassigned(before, post, at),
        "resumed": policies.resumed(before, term),
    }
    positions, nothing = frozenset(post.positions), frozenset[str]()
    for found in changed.values():
        assert each_day(found)[:now] == was[:now]
        assert in_order(found)
    assert set(each_day(changed["ended"])[now:]) <= {nothing}
    assert each_day(changed["reassigned"])[now:] == [positions if there else nothing for there in was[now:]]
    stays = 28 if length is None else 2 * (day + length)
    assert each_day(changed["resumed"])[now:] == [positions if half < stays else nothing for half in range(now, 28)]
    for since in range(12):
        for until in range(since + 1, 13):
            serves = policies.serves_within(before, T0 + since * DAY, T0 + until * DAY)
            assert serves == any(was[2 * since : 2 * until])


@pytest.mark.rule(EMPLOYMENT)
@given(terms())
def test_a_record_says_when_it_is_active(found: tuple[Term, ...]) -> None:
    record = attrs.evolve(member(), terms=found)
    was = each_day(found)
    assert [record.active(T0 + half * DAY / 2) for half in range(28)] == [bool(there) for there in was]
    assert record.active_until == (found[-1].until if found else None)
    if not found:
        assert record.active_from is None
        return
    first = record.active_from
    assert first is not None
    assert record.active(first)
    begin = (first - T0) // (DAY / 2)
    assert begin == 0 or not was[begin - 1], "a break lies before it"
    end = 28 if record.active_until is None else (record.active_until - T0) // (DAY / 2)
    assert all(was[begin:end])
    assert STAFF.row(record) == {
        "actor": "ann",
        "state": "active",
        "department": "sales",
        "active_from": record.active_from,
        "active_until": record.active_until,
    }


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(EMPLOYMENT)
@pytest.mark.parametrize(
    ("field", "bad"),
    [
        *(
            ("positions", bad)
            for bad in ((), "sales", [""], ["a\n"], ["x" * 65], [7], None, [str(n) for n in range(65)])
        ),
        *(("department", bad) for bad in ("", "  ", "x" * 121, "a\0b", "\ud800", 7, None)),
        *(("branch", bad) for bad in ("", "x" * 65, "a\nb", "a@b", "a\0b", 7, None)),
    ],
)
def test_a_post_is_complete_and_storable(field: str, bad: Any) -> None:
    with pytest.raises(MalformedStaff) as refused:
        Post(**{"positions": ["sales"], "department": "sales", "branch": "hq", field: bad})
    assert refused.value.facts == {"field": field}


@pytest.mark.rule(EMPLOYMENT, PERSONAL_DATA)
@pytest.mark.parametrize(
    ("field", "bad"),
    [
        *(("name", bad) for bad in ("", " \t", "x" * 121, "a\0b", "\ud800")),
        *(("phone", bad) for bad in ("1" * 41, "a\0b")),
        *(("actor", bad) for bad in ("", "x" * 65, "a\nb", "ann@example.com")),
    ],
)
def test_a_person_is_named_and_what_was_given_is_not_repeated(field: str, bad: Any) -> None:
    given_: dict[str, Any] = {"actor": "ann", "name": NAME, "post": SALES, "phone": PHONE, field: bad}
    with memory_desk() as desk, pytest.raises(MalformedStaff) as refused:
        desk.staff.engage(**given_, by=personnel(desk), at=T0)
    assert refused.value.facts == {"field": field}
    assert refused.value.rule is EMPLOYMENT


@pytest.mark.rule(EMPLOYMENT, TIME)
def test_a_term_ends_after_it_began_and_carries_its_zone() -> None:
    for until in (T0, T0 - DAY):
        with pytest.raises(MalformedStaff):
            Term(SALES, T0, until)
    naive = datetime(2026, 3, 4)  # noqa: DTZ001 - naive on purpose
    for since, end in ((naive, None), (T0, naive)):
        with pytest.raises(NaiveTime):
            Term(SALES, since, end)


@pytest.mark.rule(EMPLOYMENT, TIME)
def test_every_command_and_question_takes_aware_instants() -> None:
    naive: Any = datetime(2026, 3, 5)  # noqa: DTZ001 - naive on purpose
    with memory_desk() as desk:
        id, by = engaged(desk, "ann").id, personnel(desk)
        asked: tuple[Callable[[], object], ...] = (
            lambda: engaged(desk, "bob", at=naive),
            lambda: engaged(desk, "bob", since=naive, at=T0),
            lambda: desk.staff.assign(id, SALES, by=by, at=naive),
            lambda: desk.staff.leave(id, until=naive, by=by, at=T0),
            lambda: desk.staff.return_(id, SALES, since=naive, by=by, at=T0),
            lambda: desk.staff.delegate("general_manager", "bob", until=naive, by=by, at=T0),
            lambda: desk.staff.held(["ann"], naive, by=by),
            lambda: desk.staff.holders("sales", naive, by=by),
            lambda: desk.staff.delegations(naive, by=by),
        )
        before = snapshot(desk.store, (STAFF, DELEGATIONS), subjects=("",))
        for ask in asked:
            with pytest.raises(NaiveTime):
                ask()
        assert snapshot(desk.store, (STAFF, DELEGATIONS), subjects=("",)) == before


# --- the record -------------------------------------------------------------------------------------------------------


@pytest.mark.rule(EMPLOYMENT)
def test_the_table_is_the_five_moves() -> None:
    rows = [(s.trigger, s.source, s.dest, s.action) for s in STAFF_MOVES.steps]
    assert rows == [
        (Move.ENGAGE, None, State.ACTIVE, MANAGE),
        (Move.ASSIGN, State.ACTIVE, State.ACTIVE, MANAGE),
        (Move.LEAVE, State.ACTIVE, State.LEFT, MANAGE),
        (Move.RETURN, State.LEFT, State.ACTIVE, MANAGE),
        (Move.ERASE, State.LEFT, State.ERASED, PERSONAL),
    ]
    assert STAFF_MOVES.final == {State.ERASED}


@pytest.mark.rule(EMPLOYMENT, PERMITTED)
@given(st.lists(st.tuples(st.sampled_from([*Move][1:]), st.integers(-1, 3), st.booleans()), max_size=6))
def test_a_refused_move_changes_nothing_of_the_record(moves: list[tuple[Move, int, bool]]) -> None:
    record, now = member(), T0
    for move, step, may in moves:
        by, at = hr() if may else hr(Action("staff.read")), now + step * DAY
        doing: dict[Move, Callable[[], object]] = {
            Move.ASSIGN: lambda: record.assign(act(at, by), BOTH),  # noqa: B023 - called at once
            Move.LEAVE: lambda: record.leave(act(at, by), "moves away"),  # noqa: B023
            Move.RETURN: lambda: record.return_(act(at, by), SALES),  # noqa: B023
            Move.ERASE: lambda: record.erase(act(at, by)),  # noqa: B023
        }
        fits = record.state is (State.ACTIVE if move in (Move.ASSIGN, Move.LEAVE) else State.LEFT)
        before = copy.deepcopy(attrs.asdict(record, recurse=False))
        wrong: type[DomainError] | None = (
            MoveRefused if not fits else NotPermitted if not may else RuleBroken if step < 0 else None
        )
        if wrong is None:
            doing[move]()
            now = at
            assert record.moved_at == now
            continue
        with pytest.raises(wrong) as refused:
            doing[move]()
        assert type(refused.value) is wrong
        assert attrs.asdict(record, recurse=False) == before
    assert (record.name == NAME) is (record.state is not State.ERASED)


@pytest.mark.rule(EMPLOYMENT, AUDITED, ONE_WRITER)
@pytest.mark.parametrize("backend", ["memory", *SQL])
def test_a_career(desks: Desks, backend: str) -> None:
    """Ann is engaged ahead of her first day, moves to the shop, gives notice, stays on, leaves, and comes back."""
    desk = desks(backend)
    staff, by, ann = desk.staff, personnel(desk), ActorId("ann")
    made = staff.engage("ann", NAME, SALES, since=T0 + DAY, phone=PHONE, by=by, at=T0, key="k")
    assert staff.engage("ann", NAME, SALES, since=T0 + DAY, phone=PHONE, by=by, at=T0, key="k") == made
    shop = Post(["service_agent"], "shop", "south")
    assert staff.assign(made.id, shop, by=by, at=T0 + 3 * DAY, expected_version=1).version == 2
    with pytest.raises(Conflict):
        staff.assign(made.id, shop, by=by, at=T0 + 3 * DAY, expected_version=1)
    staff.leave(made.id, "moves away", until=T0 + 9 * DAY, by=by, at=T0 + 4 * DAY)
    staff.return_(made.id, shop, since=T0 + 9 * DAY, by=by, at=T0 + 5 * DAY)
    staff.leave(made.id, by=by, at=T0 + 12 * DAY)
    staff.return_(made.id, BOTH, until=T0 + 20 * DAY, by=by, at=T0 + 15 * DAY)
    held = [staff.held([ann], T0 + day * DAY, by=by)[ann] for day in range(22)]
    sales, agent, both = frozenset({"sales"}), frozenset({"service_agent"}), frozenset(BOTH.positions)
    assert held == [
        frozenset(),
        *[sales] * 2,
        *[agent] * 9,
        *[frozenset[str]()] * 3,
        *[both] * 5,
        *[frozenset[str]()] * 2,
    ]
    record = staff.get(made.id, by=by)
    assert (record.name, record.phone, record.branch, record.owner) == (NAME, PHONE, "hq", "ann")
    assert (record.active_from, record.active_until) == (T0 + 15 * DAY, T0 + 20 * DAY)
    trail = staff.trail(made.id, by=by)
    assert [line.move for line in trail] == ["engage", "assign", "leave", "return", "leave", "return"]
    assert [line.at for line in trail] == [T0 + day * DAY for day in (0, 3, 4, 5, 12, 15)]
    assert trail[1].facts["positions"] == ["service_agent"]
    assert trail[1].facts["branch"] == "south"
    assert trail[2].reason == "moves away"
    assert NAME not in repr(trail)
    assert PHONE not in repr(trail)


@pytest.mark.rule(EMPLOYMENT)
def test_one_who_never_began_holds_nothing_and_may_come_another_time() -> None:
    with memory_desk() as desk:
        by = personnel(desk)
        id = engaged(desk, "ann", "sales", since=T0 + 5 * DAY).id
        desk.staff.leave(id, "changed her mind", by=by, at=T0 + DAY)
        record = desk.staff.get(id, by=by)
        assert (record.terms, record.active_from, record.active_until) == ((), None, None)
        assert desk.staff.holders("sales", T0 + 6 * DAY, by=by) == ()
        desk.staff.return_(id, SALES, by=by, at=T0 + 8 * DAY)
        assert desk.staff.holders("sales", T0 + 8 * DAY, by=by) == ("ann",)


@pytest.mark.rule(EMPLOYMENT)
def test_a_service_that_has_run_out_is_not_reassigned() -> None:
    with memory_desk() as desk:
        by = personnel(desk)
        id = engaged(desk, "ann", "sales", until=T0 + DAY).id
        before = snapshot(desk.store, (STAFF,))
        with pytest.raises(RuleBroken) as refused:
            desk.staff.assign(id, BOTH, by=by, at=T0 + DAY)
        assert refused.value.rule is EMPLOYMENT
        after = snapshot(desk.store, (STAFF,))
        assert [r.code for r in after.pop("refusals")[id]] == ["rule_broken"]
        assert after == {k: v for k, v in before.items() if k != "refusals"}


@pytest.mark.rule(EMPLOYMENT)
def test_nobody_leaves_or_returns_in_the_past() -> None:
    with memory_desk() as desk:
        by = personnel(desk)
        id = engaged(desk, "ann", "sales", since=T0 - 9 * DAY).id
        with pytest.raises(RuleBroken) as refused:
            desk.staff.leave(id, until=T0 - DAY, by=by, at=T0)
        assert refused.value.facts == {"at": T0 - DAY}
        desk.staff.leave(id, by=by, at=T0)
        with pytest.raises(RuleBroken):
            desk.staff.return_(id, SALES, since=T0 + DAY, by=by, at=T0 + 2 * DAY)
        assert desk.staff.held(["ann"], T0 + DAY, by=by) == {"ann": frozenset()}
        assert desk.staff.held(["ann"], T0 - DAY, by=by) == {"ann": frozenset({"sales"})}


@pytest.mark.rule(EMPLOYMENT)
@pytest.mark.parametrize("backend", ["memory", *SQL])
def test_an_actor_has_one_record(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    first = engaged(desk, "ann", "sales")
    before = snapshot(desk.store, (STAFF,), subjects=("",))
    with pytest.raises(AlreadyEngaged) as refused:
        engaged(desk, "ann", "service_agent")
    assert refused.value.facts == {"actor": "ann", "id": first.id}
    after = snapshot(desk.store, (STAFF,), subjects=("",))
    assert [r.code for r in after.pop("refusals")[""]] == ["already_engaged"]
    del before["refusals"]
    assert after == before
    # Of two at once the second is stopped by the column.
    twin = attrs.evolve(member(), actor=ActorId("ann"))
    with pytest.raises(Conflict):
        desk.store.run(lambda unit: unit.of(STAFF).add(twin))


@pytest.mark.rule(MATRIX, EMPLOYMENT)
def test_positions_are_those_of_the_current_rulebook() -> None:
    with memory_desk() as desk:
        by, known = personnel(desk), load_rulebook("after_sales")[PERMISSIONS].positions
        everything = engaged(desk, "ann", *known)
        odd = Post(["sales", "gardener"], "garden", "hq")
        before = snapshot(desk.store, (STAFF,), subjects=("",))
        acts: tuple[Callable[[], object], ...] = (
            lambda: engaged(desk, "bob", post=odd),
            lambda: desk.staff.assign(everything.id, odd, by=by, at=T0),
        )
        for act in acts:
            with pytest.raises(UnknownPosition) as refused:
                act()
            assert refused.value.facts == {"given": "gardener"}
            assert all(position in str(refused.value) for position in known)
        assert snapshot(desk.store, (STAFF,), subjects=("",)) == before
        desk.staff.leave(everything.id, by=by, at=T0)
        with pytest.raises(UnknownPosition):
            desk.staff.return_(everything.id, odd, by=by, at=T0)


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PERMITTED, EMPLOYMENT)
def test_who_keeps_a_branch_puts_nobody_into_another() -> None:
    south = hr(scope=Scope.BRANCH, branch="south")
    there, here = Post(["sales"], "sales", "south"), SALES
    with pytest.raises(NotPermitted):
        StaffMember.engage(act(T0, south), "ann", NAME, here)
    record, _ = StaffMember.engage(act(T0, south), "ann", NAME, there)
    before = copy.deepcopy(attrs.asdict(record, recurse=False))
    with pytest.raises(NotPermitted):
        record.assign(act(T0, south), here)
    assert attrs.asdict(record, recurse=False) == before
    record.leave(act(T0, south))
    with pytest.raises(NotPermitted):
        record.return_(act(T0, south), here)


@pytest.mark.rule(PERMITTED, PERSONAL_DATA)
def test_names_and_phones_are_for_those_with_the_permission() -> None:
    with memory_desk() as desk:
        boss = engaged(desk, "boss", name=NAME, phone=PHONE)
        engaged(desk, "ann", "sales", name=NAME, phone=PHONE)
        director = desk.actor("boss", branch="hq", positions=("general_manager",))
        own = desk.staff.get(boss.id, by=director)
        assert (own.name, own.phone) == ("欧•••", "•••5678")
        assert attrs.evolve(own, name=NAME, phone=PHONE) == desk.staff.get(boss.id, by=personnel(desk))
        for page in (desk.staff.find(by=director), desk.staff.queue(by=director)):
            assert [(m.actor, m.name, m.phone) for m in page.items] == [("boss", "欧•••", "•••5678")]
        assert [m.name for m in desk.staff.find(by=personnel(desk)).items] == [NAME, NAME]
        assert NAME not in repr(desk.staff.get(boss.id, by=personnel(desk)))
        assert masked(desk.staff.get(boss.id, by=personnel(desk)))["phone"] == "•••5678"
        assert desk.staff.held(["boss", "ann"], T0, by=director) == {"boss": frozenset({"general_manager"})}
        assert desk.staff.holders("sales", T0, by=director) == ()
        with pytest.raises(NotPermitted):
            desk.staff.get(desk.staff.find(by=personnel(desk)).items[1].id, by=director)
        stranger = desk.actor("x", branch="hq", positions=("sales",))
        asked: tuple[Callable[[], object], ...] = (
            lambda: desk.staff.find(by=stranger),
            lambda: desk.staff.held(["ann"], T0, by=stranger),
            lambda: desk.staff.holders("sales", T0, by=stranger),
            lambda: desk.staff.delegations(T0, by=stranger),
            lambda: desk.staff.get(boss.id, by=stranger),
        )
        for ask in asked:
            with pytest.raises(NotPermitted):
                ask()


@pytest.mark.rule(PERSONAL_DATA)
def test_erasing_takes_name_and_phone_and_leaves_the_record() -> None:
    with memory_desk() as desk:
        by = personnel(desk)
        id = engaged(desk, "ann", "sales", name=NAME, phone=PHONE).id
        desk.staff.leave(id, until=T0 + 2 * DAY, by=by, at=T0)
        with pytest.raises(RuleBroken) as refused:
            desk.staff.erase(id, by=by, at=T0 + DAY)
        assert refused.value.rule is PERSONAL_DATA
        was = desk.staff.get(id, by=by)
        desk.staff.erase(id, by=by, at=T0 + 2 * DAY)
        now = desk.staff.get(id, by=by)
        assert (now.name, now.phone, now.state) == ("", "", State.ERASED)
        assert (now.actor, now.terms, now.post) == (was.actor, was.terms, was.post)
        assert desk.staff.held(["ann"], T0, by=by) == {"ann": frozenset({"sales"})}
        everything = repr(([attrs.asdict(m) for m in desk.staff.find(by=by).items], snapshot(desk.store, (STAFF,))))
        assert NAME not in everything
        assert PHONE not in everything


# --- questions --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PORTS, EMPLOYMENT)
@pytest.mark.parametrize("backend", ["memory", *SQL])
def test_lists_and_counts_use_the_columns(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    by = personnel(desk)
    for n, department in enumerate(["sales", "sales", "shop"]):
        post = Post(["sales"], department, "hq")
        engaged(desk, f"p{n}", post=post, since=T0 + n * DAY, until=T0 + 9 * DAY if n == 1 else None)
    found = desk.staff.find(Query((DEPARTMENT.is_("sales"), ACTIVE_FROM.at_least(T0 + DAY)), "active_from"), by=by)
    assert [m.actor for m in found.items] == ["p1"]
    assert [m.actor for m in desk.staff.find(Query((ACTIVE_UNTIL.absent(),)), by=by).items] == ["p0", "p2"]
    rows = desk.staff.tally(Tally((STATE.is_("active"),), ("department",)), by=by)
    assert [(row.group, row.count) for row in rows] == [(("sales",), 2), (("shop",), 1)]
    assert desk.staff.holders("sales", T0 + 5 * DAY, by=by) == ("p0", "p1", "p2")
    assert desk.staff.holders("sales", T0 + 9 * DAY, by=by) == ("p0", "p2")


@pytest.mark.rule(EMPLOYMENT)
def test_pages_hide_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csdomain.staff.questions._PAGE", 2)
    names = [f"p{n}" for n in range(7)]
    with memory_desk() as desk:
        for name in names:
            engaged(desk, name, "sales")
        assert desk.staff.holders("sales", T0, by=personnel(desk)) == tuple(names)
        assert sorted(desk.staff.held(names, T0, by=personnel(desk))) == names
        assert desk.staff.held([], T0, by=personnel(desk)) == {}


@pytest.mark.rule(EMPLOYMENT, PERMITTED)
@given(st.frozensets(st.sampled_from(["sales", "service_agent", "gardener"])), st.integers(0, 2), st.integers(0, 3))
def test_what_an_actor_holds_is_what_host_and_record_agree_on(host: frozenset[str], kind: int, day: int) -> None:
    """``kind``: no record; a record; a record of one who leaves."""
    with memory_desk() as desk:
        if kind:
            id = engaged(desk, "ann", post=BOTH, since=T0 + DAY).id
            if kind == 2:
                desk.staff.leave(id, until=T0 + 2 * DAY, by=personnel(desk), at=T0)
        ann, at = desk.actor("ann", branch="hq", positions=host), T0 + day * DAY
        found = desk.store.look(lambda unit: Authorities().positions(unit, ann, at))
        active = day >= 1 and not (kind == 2 and day >= 2)
        assert found == (host if not kind else host & set(BOTH.positions) if active else frozenset())


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", SQL)
def test_what_a_decision_asks_costs_a_statement_a_question(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said = Statements(desk.store)
    for name in ("boss", "ann", "bob"):
        engaged(desk, name)
    desk.staff.delegate("general_manager", "ann", principal="boss", until=T0 + DAY, by=personnel(desk), at=T0)
    actors, ask = [ActorId(name) for name in ("boss", "ann", "bob")], Authorities()
    look = desk.store.look
    assert said.of(lambda: look(lambda unit: ask.held(unit, actors, T0))) == ["SELECT csd_staff"]
    assert said.of(lambda: look(lambda unit: ask.delegations(unit, ["general_manager", "sales"], T0))) == [
        "SELECT csd_delegation",
        "SELECT csd_staff",
    ]
    assert said.of(lambda: look(lambda unit: ask.delegations(unit, [], T0))) == ["SELECT csd_delegation"]
    id = desk.staff.find(by=personnel(desk)).items[0].id
    assert said.of(lambda: desk.staff.leave(id, by=personnel(desk), at=T0)) == [
        "SELECT csd_staff",
        "UPDATE csd_staff",
        "INSERT INTO csd_audit",
    ]
