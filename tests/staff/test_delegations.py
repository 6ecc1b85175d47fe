"""Delegations are given by those who hold an authority, never in a circle, and end when they should (KRN-08)."""

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import SQL, Desks, Statements
from csdomain import Desk, Money
from csdomain.kernel.papers.approvals import (
    ApprovalLadder,
    Band,
    BeyondAuthority,
    DelegationInvalid,
    Outcome,
    Request,
    decide,
)
from csdomain.kernel.rules import APPROVALS, AUDITED, ONE_WRITER, PERMITTED, PORTS
from csdomain.kernel.rules.errors import DomainError, MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.kernel.values.money import CurrencyMismatch
from csdomain.staff.lifecycle import DELEGATION_MOVES, DelegationMove, DelegationState
from csdomain.staff.model import AUTHORITY, DELEGATIONS, DEPUTY, STAFF
from csdomain.staff.questions import Authorities
from csdomain.staff.values import DELEGATE, MalformedStaff, NotHeld
from csdomain.testing import engaged, memory_desk, personnel, snapshot
from csdomain.testing.concurrency import WAIT, beside
from csdomain.testing.kit import BEGINNING as T0

DAY = timedelta(days=1)
GM = "general_manager"
PEOPLE = ("ann", "bob", "cai", "dan")


def yuan(amount: int) -> Money:
    return Money.of(amount, "CNY")


def manager(desk: Desk, id: str, *positions: str) -> Actor:
    return desk.actor(id, branch="hq", positions=positions or (GM,))


def staffed(desk: Desk) -> Desk:
    for name in PEOPLE:
        engaged(desk, name, GM)
    return desk


def to(
    desk: Desk,
    principal: str,
    deputy: Any,
    begins: int = 0,
    ends: int = 7,
    *,
    authority: str = GM,
    by: Actor | None = None,
    at: datetime = T0,
    limit: Any = None,
) -> str:
    """A delegation, of the general manager's authority and given by the principal unless told otherwise; its id."""
    acting = by or manager(desk, principal)
    whose = None if by is None else principal
    since, until = T0 + begins * DAY, T0 + ends * DAY
    return desk.staff.delegate(
        authority, deputy, since=since, until=until, principal=whose, limit=limit, by=acting, at=at
    ).id


def kept(desk: Desk) -> dict[str, Any]:
    found = snapshot(desk.store, (STAFF, DELEGATIONS), subjects=("",))
    del found["refusals"]
    return found


@pytest.mark.rule(APPROVALS)
def test_the_table_is_the_two_moves() -> None:
    rows = [(s.trigger, s.source, s.dest, s.action, s.rule) for s in DELEGATION_MOVES.steps]
    assert rows == [
        (DelegationMove.DELEGATE, None, DelegationState.GIVEN, DELEGATE, APPROVALS),
        (DelegationMove.REVOKE, DelegationState.GIVEN, DelegationState.REVOKED, DELEGATE, APPROVALS),
    ]


@pytest.mark.rule(APPROVALS)
@pytest.mark.parametrize("backend", ["memory", *SQL])
def test_a_holiday_replacement_decides_while_it_lasts(desks: Desks, backend: str) -> None:
    """The boss is away for a week. Her deputy decides what she would, until she is back, called back, or has left."""
    desk = desks(backend)
    engaged(desk, "boss", GM)
    boss, asks = desk.staff.find(by=personnel(desk)).items[0], Authorities()
    ladder = ApprovalLadder((Band("sales", None, yuan(1000)), Band(GM, yuan(1000))))
    request = Request("cmp", ActorId("ann"), yuan(8000), yuan(8000))

    def may(day: float) -> bool:
        at = T0 + day * DAY

        def work(unit: Any) -> bool:
            rows = asks.delegations(unit, [GM], at)
            held = asks.held(unit, {ActorId("deputy"), *(row.principal for row in rows.rows)}, at)
            try:
                approval = decide(
                    ladder, request, Outcome.APPROVED, by=ActorId("deputy"), held=held, delegations=rows, at=at
                )
            except BeyondAuthority:
                return False
            assert approval.acting_for == "boss"
            return True

        return desk.store.look(work)

    assert not may(2)
    id = to(desk, "boss", "deputy", 1, 8)
    assert [may(day) for day in (0.9, 1, 7.9, 8)] == [False, True, True, False]
    desk.staff.revoke(id, "back early", by=manager(desk, "boss"), at=T0 + 5 * DAY)
    assert [may(day) for day in (0.9, 1, 4.9, 5, 7.9)] == [False, True, True, False, False]
    record = desk.staff.deputies.get(id, by=personnel(desk))
    assert (record.state, record.until, record.version) == (DelegationState.REVOKED, T0 + 5 * DAY, 2)
    assert record.delegation.until == T0 + 8 * DAY, "what was given stays on record"
    to(desk, "boss", "deputy", 6, 20, at=T0 + 6 * DAY)
    desk.staff.leave(boss.id, by=personnel(desk), at=T0 + 9 * DAY)
    assert [may(day) for day in (8.9, 9)] == [True, False], "nobody acts for one who holds nothing any more"


@pytest.mark.rule(APPROVALS)
def test_one_who_has_left_acts_for_nobody_and_neither_does_whom_they_appointed() -> None:
    with memory_desk() as desk:
        staffed(desk)
        bob = next(m.id for m in desk.staff.find(by=personnel(desk)).items if m.actor == "bob")
        to(desk, "ann", "bob")
        to(desk, "bob", "cai")

        def ways(day: int) -> tuple[int, int]:
            at = T0 + day * DAY
            rows = desk.staff.delegations(at, by=personnel(desk))
            return len(rows.ways(ActorId("bob"), GM, at)), len(rows.ways(ActorId("cai"), GM, at))

        assert ways(1) == (1, 2)
        desk.staff.leave(bob, by=personnel(desk), at=T0 + DAY)
        assert ways(0) == (1, 2), "the past answers as it did"
        assert ways(1) == (0, 1)


@pytest.mark.rule(APPROVALS)
def test_what_cannot_be_is_named_and_changes_nothing() -> None:
    with memory_desk() as desk:
        staffed(desk)
        left = engaged(desk, "eve", GM)
        desk.staff.leave(left.id, until=T0 + 2 * DAY, by=personnel(desk), at=T0)
        to(desk, "ann", "bob")
        to(desk, "bob", "cai", 2, 5)
        ann, gm = ActorId("ann"), {"authority": GM}
        cases: list[tuple[Callable[[], object], type[DomainError], dict[str, object]]] = [
            (lambda: to(desk, "ann", "ann"), DelegationInvalid, {"actor": ann}),
            (lambda: to(desk, "ann", "dan", 3, 3), DelegationInvalid, {"given": T0 + 3 * DAY}),
            (lambda: to(desk, "ann", "dan", 3, 2), DelegationInvalid, {"given": T0 + 2 * DAY}),
            (lambda: to(desk, "ann", "dan", -1, 2), DelegationInvalid, {"field": "since", "given": T0 - DAY}),
            (lambda: to(desk, "ann", "eve", 2, 4), DelegationInvalid, {"actor": ActorId("eve")}),
            (lambda: to(desk, "bob", "ann", 6, 9), DelegationInvalid, {"actor": ann, "at": T0 + 6 * DAY, **gm}),
            (lambda: to(desk, "cai", "ann", 4, 5), DelegationInvalid, {"actor": ann, "at": T0 + 4 * DAY, **gm}),
            (
                lambda: to(desk, "ann", "dan", authority="sales"),
                NotHeld,
                {"actor": ann, "authority": "sales", "at": T0},
            ),
            (lambda: to(desk, "zoe", "dan"), NotHeld, {"actor": ActorId("zoe"), **gm, "at": T0}),
            (
                lambda: to(desk, "ann", "dan", by=manager(desk, "ann", "deputy_general_manager")),
                NotHeld,
                {"actor": ann, **gm, "at": T0},
            ),
            (lambda: to(desk, "ann", "dan", limit=Money.of(1, "USD")), CurrencyMismatch, {}),
            (lambda: to(desk, "ann", "dan", limit=yuan(-1)), DelegationInvalid, {"field": "limit"}),
            (lambda: to(desk, "ann", "dan", limit=1000), WrongArgument, {"field": "limit", "given": "int"}),
            (lambda: to(desk, "ann", ""), MalformedStaff, {"field": "deputy"}),
            (lambda: to(desk, "ann", "bob@example.com"), MalformedStaff, {"field": "deputy"}),
            (lambda: to(desk, "ann", 7), WrongArgument, {"field": "deputy", "given": "int"}),
            (lambda: to(desk, "\0", "bob", by=personnel(desk)), MalformedStaff, {"field": "principal"}),
            (lambda: to(desk, "ann", "bob", authority="\0"), MalformedStaff, {"field": "authority"}),
        ]
        before = kept(desk)
        for act, wrong, facts in cases:
            with pytest.raises(wrong) as refused:
                act()
            assert type(refused.value) is wrong
            assert {k: refused.value.facts[k] for k in facts} == facts
            assert refused.value.accepted is not None or wrong is CurrencyMismatch
            assert kept(desk) == before
        # What only touches, or comes before and after, is no circle.
        to(desk, "bob", "ann", 7, 9)
        to(desk, "cai", "ann", 5, 6)
        to(desk, "ann", "eve", 1, 4)


@pytest.mark.rule(APPROVALS)
@given(
    st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(0, 5), st.integers(1, 4)), max_size=9
    )
)
def test_at_no_time_does_anyone_act_for_themselves(links: list[tuple[str, str, int, int]]) -> None:
    """Each delegation lands if and only if it closes no circle at any of its instants with those that landed before."""
    with memory_desk() as desk:
        staffed(desk)
        landed: list[tuple[str, str, int, int]] = []

        def reaches(start: str, goal: str, day: int) -> bool:
            """Whether ``start`` acts, in however many steps, for ``goal``."""
            seen, wave = {start}, {start}
            while wave:
                wave = {p for p, d, a, b in landed if d in wave and a <= day < b} - seen
                seen |= wave
            return goal in seen

        for principal, deputy, begins, length in links:
            ends = begins + length
            fine = not any(reaches(principal, deputy, day) for day in range(begins, ends))
            try:
                to(desk, principal, deputy, begins, ends)
            except DelegationInvalid:
                assert not fine
            else:
                assert fine
                landed.append((principal, deputy, begins, ends))
        for day in range(10):
            at = T0 + day * DAY
            rows = desk.staff.delegations(at, by=personnel(desk)).rows
            there = [(p, d) for p, d, a, b in landed if a <= day < b]
            assert sorted((row.principal, row.deputy) for row in rows) == sorted(there)


@pytest.mark.rule(APPROVALS, AUDITED)
def test_revoking_ends_it_now_once_and_not_after_its_end() -> None:
    with memory_desk() as desk:
        staffed(desk)
        ann = manager(desk, "ann")
        running, coming, over = to(desk, "ann", "bob"), to(desk, "ann", "cai", 4, 6), to(desk, "ann", "dan", 0, 1)
        desk.staff.revoke(running, "back", by=ann, at=T0 + 2 * DAY, key="k", expected_version=1)
        assert desk.staff.revoke(running, "back", by=ann, at=T0 + 2 * DAY, key="k", expected_version=1).version == 2
        desk.staff.revoke(coming, by=ann, at=T0 + 2 * DAY)
        never = desk.staff.deputies.get(coming, by=ann)
        assert (never.effective, never.until) == (None, T0 + 4 * DAY)
        assert DELEGATIONS.row(desk.staff.deputies.get(running, by=ann)) == {
            "deputy": "bob",
            "principal": "ann",
            "authority": GM,
            "since": T0,
            "until": T0 + 2 * DAY,
            "state": "revoked",
        }
        before = kept(desk)
        for id, at, wrong in (
            (running, T0 + 3 * DAY, MoveRefused),
            (over, T0 + DAY, RuleBroken),
            (over, T0 - DAY, RuleBroken),
        ):
            with pytest.raises(wrong) as refused:
                desk.staff.revoke(id, by=ann, at=at)
            assert type(refused.value) is wrong
        assert kept(desk) == before
        rows = [len(desk.staff.delegations(T0 + day * DAY, by=ann).rows) for day in range(6)]
        assert rows == [2, 1, 0, 0, 0, 0]
        given_, revoked = desk.staff.deputies.trail(running, by=ann)
        assert (given_.name, given_.move, given_.dest) == ("delegation_given", "delegate", "given")
        assert (given_.facts["principal"], given_.facts["deputy"], given_.facts["authority"]) == ("ann", "bob", GM)
        assert (revoked.name, revoked.reason, revoked.at) == ("delegation_revoked", "back", T0 + 2 * DAY)


@pytest.mark.rule(PERMITTED, APPROVALS)
def test_managers_delegate_their_own_and_hr_for_everyone() -> None:
    with memory_desk() as desk:
        staffed(desk)
        ann, bob = manager(desk, "ann"), manager(desk, "bob")
        id = to(desk, "ann", "dan")
        before = kept(desk)
        acts: tuple[Callable[[], object], ...] = (
            lambda: to(desk, "ann", "dan", by=bob),
            lambda: desk.staff.revoke(id, by=bob, at=T0),
            lambda: to(desk, "ann", "dan", by=desk.actor("ann", branch="hq", positions=("sales",))),
            lambda: desk.staff.deputies.get(id, by=bob),
        )
        for act in acts:
            with pytest.raises(NotPermitted):
                act()
        assert kept(desk) == before
        other = to(desk, "bob", "dan", by=personnel(desk), limit=yuan(500))
        record = desk.staff.deputies.get(other, by=bob)
        assert (record.owner, record.branch, record.delegation.limit) == ("bob", "hq", yuan(500))
        assert [m.move.value for m in desk.staff.deputies.moves(other, by=bob) if m.allowed] == ["revoke"]
        assert [row.principal for row in desk.staff.delegations(T0, by=bob).rows] == ["bob"]
        assert [r.id for r in desk.staff.deputies.queue(by=ann).items] == [id]
        query = Query((DEPUTY.is_("dan"), AUTHORITY.is_(GM)), "since")
        assert [r.id for r in desk.staff.deputies.find(query, by=personnel(desk)).items] == [id, other]


# --- two at once ------------------------------------------------------------------------------------------------------


def at_once(desk: Desk, first: Callable[[Any], object], second: Callable[[], object]) -> list[BaseException]:
    """``first`` has done its work and not yet committed when ``second`` begins; what the second raised."""
    has_it, begun, errors = threading.Event(), threading.Event(), list[BaseException]()

    def one() -> None:
        def work(services: Any) -> None:
            first(services)
            has_it.set()
            assert begun.wait(WAIT)
            time.sleep(0.2)

        desk.together(work)

    def two() -> None:
        begun.set()
        try:
            second()
        except DomainError as error:
            errors.append(error)

    thread = beside(one)
    assert has_it.wait(WAIT)
    other = beside(two)
    thread.join(WAIT)
    other.join(WAIT)
    return errors


@pytest.mark.rule(APPROVALS, ONE_WRITER)
@pytest.mark.parametrize("backend", SQL)
@pytest.mark.parametrize("there", [[], [("bob", "cai"), ("dan", "ann")]], ids=["pair", "four"])
def test_two_delegations_at_once_close_no_circle(desks: Desks, backend: str, there: list[tuple[str, str]]) -> None:
    """Also where the two have nobody in common, and only others between them close it."""
    desk = staffed(desks(backend))
    for principal, deputy in there:
        to(desk, principal, deputy)
    principal, deputy = ("cai", "dan") if there else ("bob", "ann")
    until = T0 + 7 * DAY
    (error,) = at_once(
        desk,
        lambda services: services.staff.delegate(GM, "bob", until=until, by=manager(desk, "ann"), at=T0),
        lambda: to(desk, principal, deputy),
    )
    assert isinstance(error, DelegationInvalid)
    rows = desk.staff.delegations(T0, by=personnel(desk)).rows
    assert sorted((row.principal, row.deputy) for row in rows) == sorted([*there, ("ann", "bob")])


@pytest.mark.rule(APPROVALS, ONE_WRITER)
@pytest.mark.parametrize("backend", SQL)
def test_of_many_at_once_those_land_that_can(desks: Desks, backend: str) -> None:
    """Everyone appoints the next in the round: all but one."""
    desk = staffed(desks(backend))
    landed: list[str] = []
    start = threading.Barrier(len(PEOPLE))

    def work(n: int) -> None:
        start.wait(WAIT)
        with contextlib.suppress(DelegationInvalid):
            landed.append(to(desk, PEOPLE[n], PEOPLE[(n + 1) % len(PEOPLE)]))

    threads = [beside(partial(work, n)) for n in range(len(PEOPLE))]
    for thread in threads:
        thread.join(3 * WAIT)
    assert len(landed) == len(PEOPLE) - 1
    assert len(desk.staff.delegations(T0, by=personnel(desk)).rows) == len(PEOPLE) - 1


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", SQL)
def test_a_delegation_takes_its_authoritys_lock_before_it_reads(desks: Desks, backend: str) -> None:
    desk = staffed(desks(backend))
    said = Statements(desk.store)
    assert said.of(lambda: to(desk, "ann", "bob")) == [
        "INSERT INTO csd_number",
        "SELECT csd_delegation",
        "SELECT csd_staff",
        "INSERT INTO csd_delegation",
        "INSERT INTO csd_audit",
    ]


@pytest.mark.rule(APPROVALS)
def test_the_end_of_time_is_an_end_too() -> None:
    with memory_desk() as desk:
        staffed(desk)
        last = datetime.max.replace(tzinfo=T0.tzinfo)
        desk.staff.delegate(GM, "bob", until=last, by=manager(desk, "ann"), at=T0)
        assert len(desk.staff.delegations(last - timedelta(microseconds=1), by=personnel(desk)).rows) == 1
        assert desk.staff.delegations(last, by=personnel(desk)).rows == ()
