"""Position × action × scope: who may is the union of the roles, each in its widest scope, and nobody else (PPL-05)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.contexts import sections
from csdomain.kernel.rules import PERMITTED
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.values.actors import Action, Scope
from csdomain.rulebook import loads
from csdomain.staff.rules import MATRIX
from csdomain.staff.service import STAFF_CASES
from csdomain.staff.values import Post
from csdomain.testing import memory_desk
from csdomain.testing.kit import BEGINNING
from rulebook.test_loading import house, toml

ACTIONS: Final = [*STAFF_CASES.actions, Action("complaints.read"), Action("complaints.accept")]
PATTERNS: Final = [*STAFF_CASES.actions, "complaints.read", "staff.*", "complaints.*", "*"]
ROLES: Final = ["doctor", "manager", "front_desk"]
POSITIONS: Final = ["physician", "director", "receptionist", "keeper"]
Roles = Mapping[str, Mapping[str, Scope]]
#: Whose record, and in which branch.
RECORDS: Final = [("me", "mine"), ("other", "mine"), ("third", "elsewhere"), ("me", "elsewhere")]

grants = st.dictionaries(
    st.sampled_from(ROLES), st.dictionaries(st.sampled_from(PATTERNS), st.sampled_from(Scope), max_size=3)
)
ranks = st.dictionaries(st.sampled_from(POSITIONS), st.lists(st.sampled_from(ROLES), max_size=3, unique=True))


def allowed(
    roles: Roles, ranked: Mapping[str, Iterable[str]], held: Iterable[str], action: str, owner: str, branch: str
) -> bool:
    """Oracle: the widest scope in which any role of any position held names the action, and whether it reaches."""
    patterns = {"*", action, f"{action.partition('.')[0]}.*"}
    lines = (line for position in held for role in ranked.get(position, ()) for line in roles.get(role, {}).items())
    found = {scope.value for pattern, scope in lines if pattern in patterns}
    return "all" in found or (branch == "mine" if "branch" in found else "own" in found and owner == "me")


def permitted(ask: Callable[[], object], fine: bool) -> None:
    if fine:
        ask()
    else:
        with pytest.raises(NotPermitted):
            ask()


@pytest.mark.rule(MATRIX, PERMITTED)
@given(grants, ranks, st.frozensets(st.sampled_from([*POSITIONS, "gardener"])))
def test_who_may_is_the_union_of_the_roles_in_the_widest_scope(
    roles: Any, ranked: dict[str, list[str]], held: frozenset[str]
) -> None:
    ranked = {position: [role for role in found if role in roles] for position, found in ranked.items()}
    named = {role: {pattern: scope.value for pattern, scope in lines.items()} for role, lines in roles.items()}
    positions = {**{position: [] for position in POSITIONS}, **ranked, "root": ["root"]}
    book = {k: part for k, part in house().items() if k != "staff"} | {
        "permissions": {"positions": positions, "roles": {**named, "root": {"*": "all"}}}
    }
    book["complaints"].pop("signers")
    with memory_desk(loads(toml(book), sections())) as desk:  # type: ignore[arg-type]
        me, root = (desk.actor(id, branch="mine", positions=p) for id, p in (("me", held), ("root", ("root",))))
        actor, matrix = desk.house.resolve(me), desk.house.permissions
        for action in ACTIONS:
            fine = [allowed(roles, ranked, held, action, *record) for record in RECORDS]
            for (owner, branch), one in zip(RECORDS, fine, strict=True):
                permitted(lambda: actor.require(action, owner=owner, branch=branch), one)  # noqa: B023 - called at once
            assert actor.may(action) is any(fine)
            assert set(matrix.holders(action)) == {"root"} | {
                p for p in ranked if any(allowed(roles, ranked, [p], action, *record) for record in RECORDS)
            }
        read = {who: allowed(roles, ranked, held, "staff.read", who, branch) for who, branch in RECORDS[:3]}
        for who, branch in RECORDS[:3]:
            id = desk.staff.engage(who, "王小明", Post(["keeper"], "store", branch), by=root, at=BEGINNING).id
            permitted(lambda: desk.staff.get(id, by=me), read[who])  # noqa: B023
        permitted(lambda: desk.staff.find(by=me), any(read.values()))
        if any(read.values()):
            assert {member.actor: True for member in desk.staff.find(by=me).items} == {
                w: r for w, r in read.items() if r
            }
