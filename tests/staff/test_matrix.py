"""Position × action × scope: who may is the union of the roles, each in its widest scope, and nobody else (PPL-05)."""

import contextlib
from collections.abc import Mapping
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
ROLES, POSITIONS = ["doctor", "manager", "front_desk"], ["physician", "director", "receptionist", "keeper"]
#: Whose record, and in which branch.
RECORDS: Final = [("me", "mine"), ("other", "mine"), ("third", "elsewhere"), ("me", "elsewhere")]
grants = st.dictionaries(st.sampled_from(PATTERNS), st.sampled_from([scope.value for scope in Scope]), max_size=3)
ranks = st.fixed_dictionaries({p: st.lists(st.sampled_from(ROLES), max_size=3, unique=True) for p in POSITIONS})


@pytest.mark.rule(MATRIX, PERMITTED)
@given(st.fixed_dictionaries(dict.fromkeys(ROLES, grants)), ranks, st.frozensets(st.sampled_from(POSITIONS)))
def test_who_may_is_the_union_of_the_roles_in_the_widest_scope(
    roles: Mapping[str, Mapping[str, str]], ranked: dict[str, list[str]], held: frozenset[str]
) -> None:
    def allowed(positions: Any, action: str, owner: str, branch: str) -> bool:
        """Oracle: the widest scope in which any role of any position names the action, and whether it reaches."""
        patterns = {"*", action, f"{action.partition('.')[0]}.*"}
        lines = [line for position in positions for role in ranked[position] for line in roles[role].items()]
        found = {scope for pattern, scope in lines if pattern in patterns}
        reaches = {"all": True, "branch": branch == "mine" or owner == "me", "own": owner == "me"}
        return any(reaches[scope] for scope in found)

    others: dict[str, list[str]] = {name: [] for name in house()["permissions"]["positions"]}  # named by other sections
    matrix = {"positions": {**others, **ranked, "root": ["root"]}, "roles": {**roles, "root": {"*": "all"}}}
    book = {name: part for name, part in house().items() if name != "staff"} | {"permissions": matrix}
    book["complaints"].pop("signers")
    with memory_desk(loads(toml(book), sections())) as desk:  # type: ignore[arg-type]
        me, root = (desk.actor(id, branch="mine", positions=p) for id, p in (("me", held), ("root", ("root",))))
        actor, permissions = desk.house.resolve(me), desk.house.permissions
        for action in ACTIONS:
            fine = [allowed(held, action, *record) for record in RECORDS]
            assert [actor.reaches(action, (owner,), (branch,)) for owner, branch in RECORDS] == fine
            assert actor.may(action) is any(fine)
            holders = {p for p in ranked if any(allowed([p], action, *record) for record in RECORDS)}
            assert set(permissions.holders(action)) == {"root", *holders}
        seen: list[set[str]] = [set(), set()]
        for who, branch in RECORDS[:3]:
            id = desk.staff.engage(who, "王小明", Post(["keeper"], "store", branch), by=root, at=BEGINNING).id
            with contextlib.suppress(NotPermitted):
                seen[0].add(desk.staff.get(id, by=me).actor)
        with contextlib.suppress(NotPermitted):
            seen[1] = {member.actor for member in desk.staff.find(by=me).items}
        assert seen == [{who for who, branch in RECORDS[:3] if allowed(held, "staff.read", who, branch)}] * 2
