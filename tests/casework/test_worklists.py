"""Whom a case waits for: counted once for each task, found by a column, told once."""

import attrs
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.casework.worklists import MANY, Wait, among, column, hand_over, to_tell
from csdomain.kernel.store.kinds import TEXT_LONGEST


@attrs.define
class Case:
    """A case that waits for people."""

    waits: tuple[Wait, ...] = ()
    handed: int = 0
    told: int = 0
    id: str = "c"
    branch: str = "hq"
    owner: str = ""
    version: int = 0


waits = st.lists(
    st.builds(
        Wait,
        to=st.sampled_from(["ann", "bob", "desk"]),
        work=st.sampled_from(["accept", "sign slip 1", "sign slip 2"]),
        person=st.booleans(),
        step=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda wait: wait.task,
)


@given(st.lists(waits, max_size=5))
def test_who_newly_has_something_to_do_gets_the_next_count_and_is_told_unless_they_did_it(
    steps: list[list[Wait]],
) -> None:
    """A case handed to somebody stays theirs whatever they do first with it; each thing beside it is one of its own."""
    case = Case()
    for there in steps:
        before, case.told = {wait.task: wait.nth for wait in case.waits}, case.handed
        hand_over(case, there)
        assert [(wait.task, wait.work) for wait in case.waits] == [(wait.task, wait.work) for wait in there]
        new = [wait for wait in case.waits if wait.task not in before]
        assert all(wait.nth == before[wait.task] for wait in case.waits if wait not in new)
        assert [wait.nth for wait in new] == [*range(case.told + 1, case.handed + 1)]
        assert to_tell(case, "ann", {"bob"}) == [w for w in new if w.to != "bob" and w.name != "=ann"]
        assert column(case) == ("@".join(sorted({wait.name for wait in there})) or None)


@given(st.sets(st.text("abc", min_size=1, max_size=60), max_size=9), st.text("abc", min_size=1, max_size=2))
@example({f"{n:03}{'x' * 57}" for n in range(20)}, "a")
def test_a_column_is_of_whoever_is_named_and_of_everybody_where_they_are_too_many(names: set[str], who: str) -> None:
    case = Case(tuple(Wait(to=name, work="accept") for name in names))
    found = column(case)
    assert (found == MANY) is (len("@".join(names)) > TEXT_LONGEST)
    for name in (*names, who):
        assert among(found or "", frozenset({name, "nobody"})) is (name in names or found == MANY)
