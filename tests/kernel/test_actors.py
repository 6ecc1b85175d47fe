"""Only a role that has the permission, in its scope, may act (KRN-13)."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.kernel.rules import PERMITTED
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.values.actors import (
    Action,
    Actor,
    ActorId,
    MalformedActor,
    Permissions,
    Scope,
    matching,
    system_actor,
    wider,
)

pytestmark = pytest.mark.rule(PERMITTED)

ACTIONS = [Action(f"{context}.{verb}") for context in ("cases", "case", "calls") for verb in ("read", "close", "re")]
PATTERNS = [*ACTIONS, "cases.*", "case.*", "calls.*", "*", "orders.*", "cases", "cases.r*", "*.read", ".*", "cases.*.x"]
ROLES = ["desk", "chief", "auditor", "nobody"]
POSITIONS = ["agent", "manager", "director", "clerk"]
WIDTH = [Scope.OWN, Scope.BRANCH, Scope.ALL]

scopes = st.sampled_from(WIDTH)
matrices = st.builds(
    Permissions,
    st.dictionaries(st.sampled_from(ROLES), st.dictionaries(st.sampled_from(PATTERNS), scopes, max_size=5), max_size=4),
    st.dictionaries(st.sampled_from(POSITIONS), st.lists(st.sampled_from(ROLES), max_size=3).map(tuple), max_size=4),
    st.just(frozenset(ACTIONS)),
)
ids = st.text("abcXYZ019-_. é王", min_size=1, max_size=64)
held = st.frozensets(st.sampled_from([*POSITIONS, "stranger", ""]))
actors = st.builds(Actor, ids, st.sampled_from(["b1", "b2"]), held)


@pytest.mark.parametrize("scope", [None, *WIDTH])
@pytest.mark.parametrize("owner", ["me", "you"])
@pytest.mark.parametrize("branch", ["mine", "other"])
def test_how_far_a_permission_reaches(scope: Scope | None, owner: str, branch: str) -> None:
    action = ACTIONS[0]
    actor = Actor(ActorId("me"), "mine", grants={} if scope is None else {action: scope})
    allowed = {
        (None, "me", "mine"): False, (None, "me", "other"): False,
        (None, "you", "mine"): False, (None, "you", "other"): False,
        (Scope.OWN, "me", "mine"): True, (Scope.OWN, "me", "other"): True,
        (Scope.OWN, "you", "mine"): False, (Scope.OWN, "you", "other"): False,
        (Scope.BRANCH, "me", "mine"): True, (Scope.BRANCH, "me", "other"): True,
        (Scope.BRANCH, "you", "mine"): True, (Scope.BRANCH, "you", "other"): False,
        (Scope.ALL, "me", "mine"): True, (Scope.ALL, "me", "other"): True,
        (Scope.ALL, "you", "mine"): True, (Scope.ALL, "you", "other"): True,
    }[scope, owner, branch]  # fmt: skip
    assert actor.may(action) is (scope is not None)
    if allowed:
        actor.require(action, owner=owner, branch=branch)
    else:
        with pytest.raises(NotPermitted) as refused:
            actor.require(action, owner=owner, branch=branch)
        assert refused.value.facts["action"] == action
        assert refused.value.rule is PERMITTED
    with pytest.raises(NotPermitted):
        actor.require(ACTIONS[1], owner=owner, branch=branch)


def granted(matrix: Permissions, positions: frozenset[str]) -> Mapping[Action, Scope]:
    """The matrix read cell by cell: for each action the widest scope that any role of any position gives it."""
    found: dict[Action, Scope] = {}
    for action in ACTIONS:
        reach = [
            WIDTH.index(scope)
            for position in positions
            for role in matrix.positions.get(position, ())
            for pattern, scope in matrix.roles.get(role, {}).items()
            if pattern in (action, "*") or (pattern.count("*") == 1 and pattern == action.partition(".")[0] + ".*")
        ]
        if reach:
            found[action] = WIDTH[max(reach)]
    return found


@given(matrices, actors, st.dictionaries(st.sampled_from(ACTIONS), scopes))
def test_resolving_gives_exactly_the_matrix_whatever_the_actor_brought(
    matrix: Permissions, actor: Actor, brought: Mapping[Action, Scope]
) -> None:
    claims = Actor(actor.id, actor.branch, actor.positions, brought)
    for _ in range(2):
        resolved = matrix.resolve(claims)
        assert dict(resolved.grants) == granted(matrix, actor.positions)
        assert resolved == claims
    for action in ACTIONS:
        holders = [p for p in matrix.positions if action in granted(matrix, frozenset({p}))]
        assert list(matrix.holders(action)) == sorted(holders)


@given(matrices, actors, actors)
def test_resolving_twice_and_resolving_others_in_between_changes_nothing(
    matrix: Permissions, one: Actor, other: Actor
) -> None:
    first = matrix.resolve(one)
    assert dict(matrix.resolve(other).grants) == granted(matrix, other.positions)
    assert matrix.resolve(first).grants == first.grants == matrix.resolve(one).grants


@given(matrices, held, held)
def test_more_positions_never_take_a_permission_away(
    matrix: Permissions, some: frozenset[str], more: frozenset[str]
) -> None:
    fewer, all_ = (matrix.resolve(Actor(ActorId("a"), "b", p)).grants for p in (some, some | more))
    for action, scope in fewer.items():
        assert WIDTH.index(all_[action]) >= WIDTH.index(scope)


@given(matrices)
def test_positions_that_the_rulebook_does_not_know_grant_nothing(matrix: Permissions) -> None:
    for positions in (frozenset[str](), frozenset({"stranger"}), frozenset({"system"}), frozenset({"*"})):
        actor = matrix.resolve(Actor(ActorId("a"), "b", positions, {ACTIONS[0]: Scope.ALL}))
        assert not actor.grants
        with pytest.raises(NotPermitted):
            actor.require(ACTIONS[0], owner="a", branch="b")


@given(scopes, scopes)
def test_the_wider_of_two_scopes_wins(a: Scope, b: Scope) -> None:
    assert wider(a, b) is wider(b, a) is WIDTH[max(WIDTH.index(a), WIDTH.index(b))]


def test_a_pattern_names_an_action_a_context_or_all() -> None:
    assert matching("*", ACTIONS) == tuple(ACTIONS)
    assert matching("case.*", ACTIONS) == tuple(a for a in ACTIONS if a.startswith("case."))
    assert matching("cases.re", ACTIONS) == ("cases.re",)
    for nothing in ("", ".", ".*", "cases", "cases.", "cases.r*", "*.read", "**", "CASES.*"):
        assert matching(nothing, ACTIONS) == ()


@given(st.text(max_size=80))
@example("")
@example("a" * 64)
@example("a" * 65)
@example("somebody@example.com")
@example("two\nlines")
def test_an_actor_is_named_by_an_id_and_never_by_free_text(text: str) -> None:
    fine = 0 < len(text) <= 64 and text.isprintable() and "@" not in text
    for id, branch in ((text, "b1"), ("a1", text)):
        if fine:
            assert Actor(ActorId(id), branch) == Actor(ActorId(id), branch)
        else:
            with pytest.raises(MalformedActor) as refused:
                Actor(ActorId(id), branch)
            assert set(refused.value.facts) == {"field"}  # what was given is not said


@pytest.mark.parametrize("given_", [None, 1, b"a", ["a"], 1.5])
def test_ids_are_text(given_: object) -> None:
    for id, branch in ((given_, "b1"), ("a1", given_)):
        with pytest.raises(MalformedActor):
            Actor(id, branch)  # type: ignore[arg-type]


def test_one_position_given_as_a_text_is_no_set_of_letters() -> None:
    with pytest.raises(MalformedActor):
        Actor(ActorId("a"), "b", "sales")


def test_grants_are_not_part_of_who_someone_is_and_not_shown() -> None:
    plain, grand = (Actor(ActorId("a"), "b", grants=grants) for grants in ({}, {ACTIONS[0]: Scope.ALL}))
    assert plain == grand
    assert repr(plain) == repr(grand)


def test_the_system_acts_with_what_it_is_given_and_nothing_else() -> None:
    actor = system_actor([ACTIONS[0]])
    actor.require(ACTIONS[0], owner="x", branch="y")
    with pytest.raises(NotPermitted):
        actor.require(ACTIONS[1], owner="x", branch="y")
