"""Position × action × scope: who may is the union of the roles, each in its widest scope, and nobody else (PPL-05)."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csdomain.contexts import sections
from csdomain.kernel.rules import PERMITTED
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.values.actors import Action, Actor, ActorId, Permissions, Scope
from csdomain.rulebook import loads
from csdomain.staff.rules import MATRIX
from csdomain.staff.values import Post
from csdomain.testing import memory_desk
from csdomain.testing.kit import BEGINNING
from rulebook.test_loading import house, toml

pytestmark = pytest.mark.rule(MATRIX, PERMITTED)

ACTIONS = [Action(name) for name in ("files.read", "files.write", "tests.read", "products.read", "products.write")]
PATTERNS = [*ACTIONS, "files.*", "products.*", "*"]
ROLES = ["doctor", "manager", "front_desk"]
POSITIONS = ["physician", "director", "receptionist", "keeper"]
ME, OTHER = ActorId("me"), "somebody"
#: Owner and branch of a record, by the narrowest scope that reaches it.
RECORDS = [(ME, "mine"), (ME, "elsewhere"), (OTHER, "mine"), (OTHER, "elsewhere")]

scopes = st.sampled_from(list(Scope))


def grants(patterns: list[Any]) -> st.SearchStrategy[dict[str, dict[str, Scope]]]:
    return st.dictionaries(st.sampled_from(ROLES), st.dictionaries(st.sampled_from(patterns), scopes, max_size=3))


def ranks(roles: Mapping[str, Mapping[str, Scope]]) -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    given_ = st.lists(st.sampled_from(sorted(roles)), max_size=3).map(tuple) if roles else st.just(())
    return st.dictionaries(st.sampled_from(POSITIONS), given_)


def names(pattern: str, action: str) -> bool:
    context = action.split(".")[0]
    return pattern in {"*", action, f"{context}.*"}


def allowed(
    roles: Mapping[str, Mapping[str, Scope]],
    positions: Mapping[str, Iterable[str]],
    held: Iterable[str],
    action: str,
    owner: str,
    branch: str,
) -> bool:
    """Oracle: the widest scope in which any role of any position held names the action, and whether it reaches."""
    found = {
        scope.value
        for position in held
        for role in positions.get(position, ())
        for pattern, scope in roles.get(role, {}).items()
        if names(pattern, action)
    }
    return "all" in found or (branch == "mine" if "branch" in found else owner == ME if "own" in found else False)


@given(st.data(), grants(PATTERNS), st.frozensets(st.sampled_from([*POSITIONS, "gardener"])))
def test_who_may_is_the_union_of_the_roles_in_the_widest_scope(
    data: st.DataObject, roles: dict[str, dict[str, Scope]], held: frozenset[str]
) -> None:
    positions = data.draw(ranks(roles))
    matrix = Permissions(roles, positions, frozenset(ACTIONS))
    actor = matrix.resolve(Actor(ME, "mine", held))
    for action in ACTIONS:
        reached = [record for record in RECORDS if allowed(roles, positions, held, action, *record)]
        for owner, branch in RECORDS:
            if (owner, branch) in reached:
                actor.require(action, owner=owner, branch=branch)
            else:
                with pytest.raises(NotPermitted):
                    actor.require(action, owner=owner, branch=branch)
        assert actor.may(action) is bool(reached)
        holding = {p for p in positions if any(allowed(roles, positions, [p], action, *record) for record in RECORDS)}
        assert set(matrix.holders(action)) == holding
    assert set(actor.grants) <= set(ACTIONS)


@settings(max_examples=settings().max_examples // 2)  # each makes a book and a desk
@given(st.data(), grants(["staff.read", "staff.*", "staff.manage", "*"]), st.frozensets(st.sampled_from(POSITIONS)))
def test_records_are_read_by_those_whom_the_matrix_of_the_book_lets(
    data: st.DataObject, roles: dict[str, dict[str, Scope]], held: frozenset[str]
) -> None:
    ranked = data.draw(ranks(roles))
    positions = {
        **{position: [] for position in POSITIONS},
        **{p: list(r) for p, r in ranked.items()},
        "root": ["root"],
    }
    table = {**{r: {p: s.value for p, s in lines.items()} for r, lines in roles.items()}, "root": {"*": "all"}}
    book = house()
    book["permissions"] = {"positions": positions, "roles": table}
    loaded: Any = loads(toml(book), sections())
    with memory_desk(loaded) as desk:
        root = desk.actor("root", branch="mine", positions=("root",))
        ids = {}
        for actor, branch in ((ME, "mine"), (OTHER, "mine"), ("third", "elsewhere")):
            post = Post(["keeper"], "store", branch)
            ids[actor] = desk.staff.engage(actor, "王小明", post, by=root, at=BEGINNING).id
        me = desk.actor(ME, branch="mine", positions=held)
        readable = {
            actor
            for actor, owner, branch in ((ME, ME, "mine"), (OTHER, OTHER, "mine"), ("third", OTHER, "elsewhere"))
            if allowed(roles, ranked, held, "staff.read", owner, branch)
        }
        for actor, id in ids.items():
            if actor in readable:
                assert desk.staff.get(id, by=me).actor == actor
            else:
                with pytest.raises(NotPermitted):
                    desk.staff.get(id, by=me)
        if readable:
            assert {member.actor for member in desk.staff.find(by=me).items} == readable
        else:
            with pytest.raises(NotPermitted):
                desk.staff.find(by=me)
