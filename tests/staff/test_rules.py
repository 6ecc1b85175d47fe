"""What holds of staff and delegations, beside what a timeline says (PPL-01, PPL-05, KRN-08)."""

import threading
import time
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import SQL, Desks
from csdomain import Desk, Money
from csdomain.kernel.papers.approvals import DelegationInvalid, OwnRequest
from csdomain.kernel.rules import APPROVALS, AUDITED, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.rules.errors import Conflict, DomainError, NaiveTime, NotPermitted, RuleBroken
from csdomain.kernel.store.kinds import Query, Tally
from csdomain.kernel.values.actors import Actor, ActorId, Scope, UnknownPosition
from csdomain.kernel.values.codec import make_converter
from csdomain.kernel.values.money import CurrencyMismatch
from csdomain.kernel.values.personal import masked
from csdomain.staff import model, values
from csdomain.staff.lifecycle import DELEGATION_MOVES, STAFF_MOVES
from csdomain.staff.model import DELEGATIONS, STAFF, StaffMember
from csdomain.staff.rules import EMPLOYMENT, MATRIX
from csdomain.staff.values import MANAGE, AlreadyEngaged, MalformedStaff, NotHeld, Post, Term
from csdomain.testing import engaged, memory_desk, personnel
from csdomain.testing.cases import unchanged
from csdomain.testing.concurrency import WAIT, beside
from csdomain.testing.kit import BEGINNING as T0
from staff.hand import DAY, GM, act, recorded

SALES, BOTH = Post(["sales"], "sales", "hq"), Post(["sales", "service_agent"], "front office", "hq")
ANN, NAME, PHONE, PEOPLE = ActorId("ann"), "欧阳小明", "13812345678", ("ann", "bob", "cai", "dan")
NAIVE = datetime(2026, 3, 4)  # noqa: DTZ001 - naive on purpose
on_sql = pytest.mark.parametrize("backend", SQL)
on_every_store = pytest.mark.parametrize("backend", ["memory", *SQL])


def manager(desk: Desk, id: str, *positions: str) -> Actor:
    return desk.actor(id, branch="hq", positions=positions or (GM,))


def staffed(desk: Desk) -> Desk:
    for name in PEOPLE:
        engaged(desk, name)
    return desk


def to(desk: Desk, whose: str, deputy: str, begins: int = 0, ends: int = 7, **how: Any) -> str:
    """A delegation, of the general manager's authority and given by the principal unless told otherwise; its id."""
    told = {"authority": GM, "by": manager(desk, whose), "at": T0, **how}
    return desk.staff.delegate(deputy=deputy, since=T0 + begins * DAY, until=T0 + ends * DAY, **told).id


# --- terms and values (PPL-01) ----------------------------------------------------------------------------------------

days, posts = st.integers(0, 12), st.sampled_from([SALES, BOTH, Post(["hr"], "hr", "hq")])


@st.composite
def terms(draw: st.DrawFn) -> tuple[Term, ...]:
    """Terms in order, none over another; the last may be open."""
    edges, is_open = sorted(draw(st.lists(days, max_size=6, unique=True))), draw(st.booleans())
    found = [Term(draw(posts), T0 + a * DAY, T0 + b * DAY) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return (*found[:-1], Term(found[-1].post, found[-1].since)) if found and is_open else tuple(found)


def halves(found: tuple[Term, ...]) -> list[frozenset[str]]:
    """What is held at each half day."""
    record = attrs.evolve(recorded("ann"), terms=found)
    return [record.held(T0 + half * DAY / 2) for half in range(28)]


@pytest.mark.rule(EMPLOYMENT)
@given(terms(), days, posts, st.none() | st.integers(1, 5))
def test_a_change_of_terms_is_from_its_instant_on_and_touches_nothing_before(
    before: tuple[Term, ...], day: int, post: Post, length: int | None
) -> None:
    at, now, was, stays = T0 + day * DAY, 2 * day, halves(before), 28 if length is None else 2 * (day + length)
    term = Term(post, at, None if length is None else at + length * DAY)
    positions, nothing = frozenset(post.positions), frozenset[str]()
    for found, then in (
        (values.ended(before, at), [nothing] * (28 - now)),
        (values.reassigned(before, post, at), [positions if there else nothing for there in was[now:]]),
        (values.resumed(before, term), [positions if half < stays else nothing for half in range(now, 28)]),
    ):
        assert halves(found) == [*was[:now], *then]
        assert all(a.until is not None and a.until <= b.since for a, b in pairwise(found))
    record = attrs.evolve(recorded("ann"), terms=before)
    for since in range(12):
        for until in range(since + 1, 13):
            assert record.serves(T0 + since * DAY, T0 + until * DAY) == any(was[2 * since : 2 * until])


def malformed(field: str, *bad: Any) -> list[tuple[str, Any]]:
    return [(field, each) for each in bad]


@pytest.mark.rule(EMPLOYMENT, PERSONAL_DATA)
@pytest.mark.parametrize(
    ("field", "bad"),
    [
        *malformed("positions", (), "sales", [""], ["a\n"], ["x" * 65], [7], None, [str(n) for n in range(65)]),
        *malformed("department", "", "  ", "x" * 121, "a\0b", "\ud800", 7, None),
        *malformed("branch", "", "x" * 65, "a\nb", "a@b", "a\0b", 7, None),
        *malformed("name", "", " \t", "x" * 121, "a\0b", "\ud800"),
        *malformed("phone", "1" * 41, "a\0b"),
        *malformed("actor", "", "x" * 65, "a\nb", "ann@example.com"),
    ],
)
def test_a_record_is_complete_and_what_was_given_is_not_repeated(field: str, bad: Any) -> None:
    post = {"positions": ["sales"], "department": "sales", "branch": "hq"}
    person: dict[str, Any] = {"actor": "ann", "name": NAME, "phone": PHONE}
    with pytest.raises(MalformedStaff) as refused:
        StaffMember.engage(act(), post=Post(**{**post, field: bad}), **person) if field in post else (
            StaffMember.engage(act(), post=SALES, **{**person, field: bad})
        )
    assert (refused.value.facts, refused.value.rule) == ({"field": field}, EMPLOYMENT)


@pytest.mark.rule(EMPLOYMENT, TIME)
def test_a_term_ends_after_it_began_and_every_instant_carries_its_zone() -> None:
    for until in (T0, T0 - DAY):
        with pytest.raises(MalformedStaff):
            Term(SALES, T0, until)
    with memory_desk() as desk:
        staff, by = desk.staff, personnel(desk)
        for ask in (staff.delegations, partial(staff.held, ["ann"]), partial(staff.holders, "sales")):
            with pytest.raises(NaiveTime):
                ask(NAIVE, by=by)


@pytest.mark.rule(EMPLOYMENT, APPROVALS)
def test_the_tables_are_these_moves_by_who_may() -> None:
    steps: tuple[Any, ...] = (*STAFF_MOVES.steps, *DELEGATION_MOVES.steps)
    assert [f"{s.trigger.value} {s.source and s.source.value} {s.dest.value} {s.action}" for s in steps] == [
        *("engage None active staff.manage", "assign active active staff.manage", "leave active left staff.manage"),
        *("return left active staff.manage", "erase left erased staff.personal"),
        *("delegate None given staff.delegate", "confirm given given staff.delegate"),
        "revoke given revoked staff.delegate",
    ]


@pytest.mark.rule(EMPLOYMENT, APPROVALS, PORTS)
def test_bodies_that_were_stored_before_say_when_they_last_moved() -> None:
    with memory_desk() as desk:
        boss = desk.store.look(lambda unit: unit.of(STAFF).get(engaged(desk, "boss").id))
        running, over = to(desk, "boss", "bob"), to(desk, "boss", "cai")
        desk.staff.revoke(over, by=manager(desk, "boss"), at=T0 + DAY)
        given_, revoked = (desk.staff.deputies.get(id, by=personnel(desk)) for id in (running, over))
    cases: tuple[tuple[Any, Any], ...] = ((STAFF, boss), (DELEGATIONS, given_), (DELEGATIONS, revoked))
    for (kind, case), moved_at in zip(cases, (T0, T0, T0 + DAY), strict=True):
        body = make_converter().unstructure(case)
        moved = body.pop("moved_at")
        old = {**body, "changed_at": moved} if kind is STAFF else body
        assert make_converter().structure(kind.upcast(old, 1), kind.type) == case
        assert case.moved_at == moved_at


@pytest.mark.rule(EMPLOYMENT, AUDITED)
@on_every_store
def test_a_career_in_one_record(desks: Desks, backend: str) -> None:
    """Ann is engaged ahead of her first day, moves to the shop, gives notice, stays on, leaves, and comes back."""
    desk = desks(backend)
    staff, by, shop = desk.staff, personnel(desk), Post(["service_agent"], "shop", "south")
    id = staff.engage("ann", NAME, SALES, since=T0 + DAY, phone=PHONE, by=by, at=T0).id
    with pytest.raises(AlreadyEngaged) as refused:
        engaged(desk, "ann")
    assert refused.value.facts == {"actor": "ann", "id": id}
    with pytest.raises(Conflict):  # of two engagements at once the second is stopped by the column
        desk.store.run(lambda unit: unit.of(STAFF).add(recorded("ann")))
    staff.assign(id, shop, by=by, at=T0 + 3 * DAY)
    staff.leave(id, "moves away", until=T0 + 9 * DAY, by=by, at=T0 + 4 * DAY)
    staff.return_(id, shop, since=T0 + 9 * DAY, by=by, at=T0 + 5 * DAY)
    staff.leave(id, by=by, at=T0 + 12 * DAY)
    staff.return_(id, BOTH, until=T0 + 20 * DAY, by=by, at=T0 + 15 * DAY)
    held = [sorted(staff.held(["ann"], T0 + day * DAY, by=by)[ANN]) for day in range(22)]
    agent, both = ["service_agent"], ["sales", "service_agent"]
    assert held == [[], *[["sales"]] * 2, *[agent] * 9, *[[]] * 3, *[both] * 5, *[[]] * 2]
    record, trail = staff.get(id, by=by), staff.trail(id, by=by)
    assert (record.name, record.phone, record.branch, record.owner) == (NAME, PHONE, "hq", "ann")
    moves = zip("engage assign leave return leave return".split(), (0, 3, 4, 5, 12, 15), strict=True)
    assert [(line.move, line.at) for line in trail] == [(move, T0 + day * DAY) for move, day in moves]
    post = {name: trail[1].facts[name] for name in ("positions", "department", "branch", "actor")}
    assert post == {"positions": ["service_agent"], "department": "shop", "branch": "south", "actor": "ann"}
    assert trail[2].reason == "moves away"
    assert not any(said in repr(trail) for said in (NAME, PHONE))


@pytest.mark.rule(MATRIX, EMPLOYMENT, PERMITTED)
def test_a_post_is_one_of_the_current_rulebook_and_within_reach() -> None:
    odd, here, there = Post(["sales", "gardener"], "garden", "south"), SALES, Post(["sales"], "sales", "south")
    south = Actor(ActorId("hr"), "south", grants={MANAGE: Scope.BRANCH})
    for post, wrong in ((odd, UnknownPosition), (here, NotPermitted)):
        with pytest.raises(wrong):
            StaffMember.engage(act(who=south), "ann", NAME, post)
        record = StaffMember.engage(act(who=south), "ann", NAME, there)[0]
        error = unchanged(record, wrong, lambda: record.assign(act(who=south), post))  # noqa: B023 - called at once
        assert post is here or error.facts == {"given": "gardener"}
        assert post is here or all(position in str(error) for position in act().positions)
        record.leave(act(who=south))
        unchanged(record, wrong, lambda: record.return_(act(who=south), post))  # noqa: B023
    everything = Post(act().positions, "sales", "hq")
    assert set(StaffMember.engage(act(), "ann", NAME, everything)[0].held(T0)) == set(act().positions)


@pytest.mark.rule(EMPLOYMENT, PERSONAL_DATA)
def test_nobody_leaves_in_the_past_and_is_erased_only_after_the_last_day() -> None:
    record = StaffMember.engage(act(), "ann", NAME, SALES, T0, T0 + 5 * DAY)[0]
    assert unchanged(record, RuleBroken, lambda: record.leave(act(), "", T0 - DAY)).facts == {"at": T0 - DAY}
    left: Any = record.leave(act(), "", T0 + 9 * DAY)[0]
    assert left.until == T0 + 5 * DAY, "who was to go before goes then"
    unchanged(record, RuleBroken, lambda: record.return_(act(), SALES, T0 - DAY))
    unchanged(record, RuleBroken, lambda: record.erase(act(at=T0 + 4 * DAY)))
    assert record.erase(act(at=T0 + 5 * DAY))


@pytest.mark.rule(PERMITTED, PERSONAL_DATA)
def test_names_and_phones_are_for_those_with_the_permission() -> None:
    with memory_desk() as desk:
        staff, hr, director = desk.staff, personnel(desk), manager(desk, "boss")
        boss, ann = (engaged(desk, *who, name=NAME, phone=PHONE).id for who in (("boss",), ("ann", "sales")))
        own, clear = staff.get(boss, by=director), staff.get(boss, by=hr)
        assert (own.name, own.phone) == ("欧•••", "•••5678")
        assert (attrs.evolve(own, name=NAME, phone=PHONE), masked(clear)["phone"]) == (clear, "•••5678")
        assert NAME not in repr(clear)
        for page in (staff.find(by=director), staff.queue(by=director)):
            assert [(m.actor, m.name, m.phone) for m in page.items] == [("boss", "欧•••", "•••5678")]
        assert [m.name for m in staff.find(by=hr).items] == [NAME, NAME]
        assert staff.held(["boss", "ann"], T0, by=director) == {"boss": frozenset({GM})}
        assert staff.holders("sales", T0, by=director) == ()
        nobody = desk.actor("x", branch="hq", positions=("sales",))
        held, holders = partial(staff.held, ["ann"]), partial(staff.holders, "sales")
        for ask in (
            partial(staff.get, ann, by=director),
            *(partial(ask, by=nobody) for ask in (staff.find, partial(staff.get, boss))),
            *(partial(ask, T0, by=nobody) for ask in (staff.delegations, held, holders)),
        ):
            with pytest.raises(NotPermitted):
                ask()


@pytest.mark.rule(PORTS, EMPLOYMENT)
@on_every_store
def test_lists_and_counts_use_the_columns_and_pages_hide_nobody(
    desks: Desks, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csdomain.casework.reading._PAGE", 2)
    desk, names = desks(backend), [f"p{n}" for n in range(5)]
    staff, by = desk.staff, personnel(desk)
    for n, department in enumerate(["sales", "sales", "shop", "shop", "shop"]):
        until = T0 + 9 * DAY if n == 1 else None
        engaged(desk, f"p{n}", post=Post(["sales"], department, "hq"), since=T0 + n * DAY, until=until)
    query = Query((model.DEPARTMENT.is_("sales"), model.ACTIVE_FROM.at_least(T0 + DAY)), "active_from")
    assert [m.actor for m in staff.find(query, by=by).items] == ["p1"]
    assert [m.actor for m in staff.find(Query((model.ACTIVE_UNTIL.absent(),)), by=by).items] == ["p0", *names[2:]]
    rows = staff.tally(Tally((model.STATE.is_("active"),), ("department",)), by=by)
    assert [(row.group, row.count) for row in rows] == [(("sales",), 2), (("shop",), 3)]
    assert staff.holders("sales", T0 + 5 * DAY, by=by) == tuple(names)
    assert staff.holders("sales", T0 + 9 * DAY, by=by) == ("p0", *names[2:])
    assert (sorted(staff.held(names, T0, by=by)), staff.held([], T0, by=by)) == (names, {})


@pytest.mark.rule(APPROVALS)
def test_what_cannot_be_is_named() -> None:
    with memory_desk() as desk:
        leaves = engaged(staffed(desk), "eve").id
        desk.staff.leave(leaves, until=T0 + 2 * DAY, by=personnel(desk), at=T0)
        to(desk, "ann", "bob")
        to(desk, "bob", "cai", 2, 5)
        stale = manager(desk, "ann", "deputy_general_manager")
        cases: tuple[tuple[tuple[Any, ...], dict[str, Any], type[DomainError], dict[str, Any]], ...] = (
            (("ann", "ann"), {}, DelegationInvalid, {"actor": "ann"}),
            (("ann", "dan", 3, 3), {}, DelegationInvalid, {"given": T0 + 3 * DAY}),
            (("ann", "dan", -1, 2), {}, DelegationInvalid, {"field": "since", "given": T0 - DAY}),
            (("ann", "eve", 2, 4), {}, DelegationInvalid, {"actor": "eve"}),
            (("bob", "ann", 6, 9), {}, DelegationInvalid, {"actor": "ann", "at": T0 + 6 * DAY, "authority": GM}),
            (("cai", "ann", 4, 5), {}, DelegationInvalid, {"actor": "ann", "at": T0 + 4 * DAY, "authority": GM}),
            (("ann", "dan"), {"authority": "sales"}, NotHeld, {"actor": "ann", "authority": "sales", "at": T0}),
            (("zoe", "dan"), {}, NotHeld, {"actor": "zoe", "authority": GM, "at": T0}),
            (("ann", "dan"), {"by": stale}, NotHeld, {"actor": "ann", "authority": GM, "at": T0}),
            (("ann", "dan"), {"limit": Money.of(1, "USD")}, CurrencyMismatch, {"field": "limit"}),
            (("ann", "dan"), {"limit": Money.of(-1, "CNY")}, DelegationInvalid, {"field": "limit"}),
            (("ann", ""), {}, MalformedStaff, {"field": "deputy"}),
            (("ann", "bob@example.com"), {}, MalformedStaff, {"field": "deputy"}),
        )
        for given_, how, wrong, facts in cases:
            with pytest.raises(wrong) as refused:
                to(desk, *given_, **how)
            assert type(refused.value) is wrong
            assert refused.value.facts.items() >= facts.items()
            assert refused.value.accepted is not None or wrong is CurrencyMismatch
        assert len(desk.staff.deputies.find(by=personnel(desk)).items) == 2
        # What only touches, or comes before and after, is no circle.
        to(desk, "bob", "ann", 7, 9)
        to(desk, "cai", "ann", 5, 6)
        to(desk, "ann", "eve", 1, 4)


@pytest.mark.rule(APPROVALS, AUDITED)
def test_revoking_ends_it_now_and_what_was_given_stays_on_record() -> None:
    with memory_desk() as desk:
        ann = manager(staffed(desk), "ann")
        running, coming, over = to(desk, "ann", "bob"), to(desk, "ann", "cai", 4, 6), to(desk, "ann", "dan", 0, 1)
        for id in (running, coming):
            desk.staff.revoke(id, "back", by=ann, at=T0 + 2 * DAY)
        with pytest.raises(RuleBroken):
            desk.staff.revoke(over, by=ann, at=T0 + DAY)
        record, never = (desk.staff.deputies.get(id, by=ann) for id in (running, coming))
        assert (never.effective, never.until, record.delegation.until) == (None, T0 + 4 * DAY, T0 + 7 * DAY)
        who = {"deputy": "bob", "principal": "ann", "authority": GM}
        assert DELEGATIONS.row(record) == {**who, "since": T0, "until": T0 + 2 * DAY, "state": "revoked"}
        rows = [len(desk.staff.delegations(T0 + day * DAY, by=ann).rows) for day in range(6)]
        assert rows == [2, 1, 0, 0, 0, 0]
        last = datetime(9998, 12, 31, 23, tzinfo=T0.tzinfo)  # the end of the house's time is an end too
        desk.staff.delegate(GM, "bob", until=last, by=ann, at=T0)
        assert [len(desk.staff.delegations(at, by=ann).rows) for at in (last - timedelta.resolution, last)] == [1, 0]
        given_, revoked = desk.staff.deputies.trail(running, by=ann)
        assert (given_.name, given_.move, given_.dest) == ("delegation_given", "delegate", "given")
        assert given_.facts.items() >= who.items()
        assert (revoked.name, revoked.reason, revoked.at) == ("delegation_revoked", "back", T0 + 2 * DAY)


@pytest.mark.rule(APPROVALS, AUDITED)
def test_f44_an_authority_is_given_away_by_its_holder_or_somebody_above_else_by_two_people() -> None:
    """Never to oneself, and the principal hears of it."""
    with memory_desk() as desk:
        deputies, by = staffed(desk).staff.deputies, [personnel(desk, f"hr-{n}") for n in range(3)]
        engaged(desk, "dora", "deputy_general_manager")
        dora: dict[str, Any] = {"authority": "deputy_general_manager", "principal": "dora", "by": manager(desk, "ann")}
        for deputy, how in (("hr-0", {"principal": "ann", "by": by[0]}), ("ann", dora)):
            with pytest.raises(DelegationInvalid):
                to(desk, "ann", deputy, **how)
        id = to(desk, "ann", "hr-2", principal="ann", by=by[0])
        assert desk.staff.delegations(T0, by=by[0]).rows == ()
        for who in (by[0], by[2]):  # who recorded it, and who would gain by it
            with pytest.raises(OwnRequest):
                deputies.confirm(id, by=who, at=T0)
        deputies.confirm(id, by=by[1], at=T0)
        with pytest.raises(RuleBroken):
            deputies.confirm(id, by=by[1], at=T0)
        to(desk, "ann", "dan", **dora)
        assert {row.principal for row in desk.staff.delegations(T0, by=by[0]).rows} == {"ann", "dora"}
        queued = desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=10))
        told = [(message.to, message.occasion) for message in queued]
        assert told == [("ann", "delegation.recorded"), ("ann", "delegation.given"), ("dora", "delegation.given")]


@pytest.mark.rule(PERMITTED, APPROVALS)
def test_managers_delegate_their_own_and_hr_for_everyone() -> None:
    with memory_desk() as desk:
        deputies, bob = staffed(desk).staff.deputies, manager(desk, "bob")
        id = to(desk, "ann", "dan")
        for attempt in (
            partial(to, desk, "ann", "dan", principal="ann", by=bob),
            partial(to, desk, "ann", "dan", by=manager(desk, "ann", "sales")),
            *(partial(deputies.revoke, id, by=bob, at=T0), partial(deputies.get, id, by=bob)),
        ):
            with pytest.raises(NotPermitted):
                attempt()
        other = to(desk, "bob", "dan", principal="bob", by=personnel(desk), limit=Money.of(500, "CNY"))
        assert [row.principal for row in desk.staff.delegations(T0, by=bob).rows] == []
        deputies.confirm(other, by=personnel(desk, "hr-2"), at=T0)
        record = deputies.get(other, by=bob)
        assert (record.owner, record.branch, record.delegation.limit) == ("bob", "hq", Money.of(500, "CNY"))
        assert [m.move.value for m in deputies.moves(other, by=bob, at=T0) if m.allowed] == ["revoke"]
        assert [row.principal for row in desk.staff.delegations(T0, by=bob).rows] == ["bob"]
        query = Query((model.DEPUTY.is_("dan"), model.AUTHORITY.is_(GM)), "since")
        assert [r.id for r in deputies.find(query, by=personnel(desk)).items] == [id, other]


@pytest.mark.rule(APPROVALS, ONE_WRITER)
@on_sql
@pytest.mark.parametrize("there", [[], [("bob", "cai"), ("dan", "ann")]], ids=["pair", "four"])
def test_two_delegations_at_once_close_no_circle(desks: Desks, backend: str, there: list[tuple[str, str]]) -> None:
    """The first is given and not yet committed; also where only others between the two close the circle."""
    desk, has_it = staffed(desks(backend)), threading.Event()
    for pair in there:
        to(desk, *pair)

    def work(services: Any) -> None:
        services.staff.delegate(GM, "bob", until=T0 + 7 * DAY, by=manager(desk, "ann"), at=T0)
        has_it.set()
        time.sleep(0.3)

    first = beside(lambda: desk.together(work))
    assert has_it.wait(WAIT)
    with pytest.raises(DelegationInvalid):
        to(desk, *(("cai", "dan") if there else ("bob", "ann")))
    first.join(WAIT)
    rows = desk.staff.delegations(T0, by=personnel(desk)).rows
    assert sorted((row.principal, row.deputy) for row in rows) == sorted([*there, ("ann", "bob")])
