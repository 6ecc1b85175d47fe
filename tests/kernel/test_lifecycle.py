"""A case moves only as the table of its lifecycle says (KRN-07)."""

import copy
import itertools
from collections.abc import Sequence
from enum import Enum
from typing import Generic, TypeVar

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from csdomain.contexts import lifecycles
from csdomain.kernel.cases.lifecycle import Lifecycle, LifecycleInvalid, Step
from csdomain.kernel.rules import MOVES, Rule
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted
from csdomain.kernel.values.actors import Action, Actor, ActorId, Scope

pytestmark = pytest.mark.rule(MOVES)

STATES = 6
TRIGGERS = 5
PATHS = ("north", "south")


def enum(kind: str, count: int) -> type[Enum]:
    return Enum(kind, {f"{kind[0]}{i}".upper(): f"{kind}_{i}" for i in range(count)})  # type: ignore[return-value]


#: Enums of every size, made once: `transitions` and pickling want stable classes.
STATE = {n: enum("state", n) for n in range(1, STATES + 1)}
MOVE = {n: enum("move", n) for n in range(1, TRIGGERS + 1)}
RULE = Rule("CMP-25", "A step.", zh="一步。")


E = TypeVar("E", bound=Enum)


@attrs.define
class Case(Generic[E]):
    state: E
    note: str = "as it was"


def action(move: Enum) -> Action:
    return Action(f"cases.{move.value}")


def actor(*moves: Enum) -> Actor:
    return Actor(ActorId("someone"), "b1", grants={action(move): Scope.ALL for move in moves})


Edge = tuple[int, int | None, int, frozenset[str]]


@st.composite
def drawn_tables(draw: st.DrawFn) -> tuple[type[Enum], type[Enum], list[Edge]]:
    """Any rows at all, good tables and bad: (move, from, to, paths)."""
    states, moves = draw(st.integers(1, STATES)), draw(st.integers(1, TRIGGERS))
    spots = st.integers(0, states - 1)
    on: st.SearchStrategy[frozenset[str]] = st.just(frozenset()) | st.frozensets(st.sampled_from(PATHS), max_size=2)
    use_paths = draw(st.booleans())
    rows = st.tuples(st.integers(0, moves - 1), spots, spots, on if use_paths else st.just(frozenset()))
    inner = draw(st.lists(rows, max_size=12, unique_by=lambda row: row[:2]))
    opening: list[Edge] = [(draw(st.integers(0, moves - 1)), None, 0, frozenset())] if draw(st.booleans()) else []
    return STATE[states], MOVE[moves], [*opening, *inner]


@st.composite
def good_tables(draw: st.DrawFn) -> tuple[type[Enum], type[Enum], list[Edge]]:
    """A table in which every state lies between the first and a last one: a random tree, and some edges more."""
    states, moves = draw(st.integers(2, STATES)), draw(st.integers(2, TRIGGERS))
    edges: list[Edge] = [(draw(st.integers(0, moves - 1)), None, 0, frozenset())]
    free = list(itertools.product(range(moves), range(states)))
    for to in range(1, states):
        usable = [(move, start) for move, start in free if start < to]
        assume(usable)
        move, start = draw(st.sampled_from(usable))
        free.remove((move, start))
        edges.append((move, start, to, frozenset()))
    leads_on = {start for _, start, _, _ in edges}
    more = [(move, start) for move, start in free if start in leads_on]  # an end stays an end
    for move, start in draw(st.lists(st.sampled_from(more), max_size=4, unique=True)) if more else ():
        edges.append((move, start, draw(st.integers(0, states - 1)), frozenset()))
    return STATE[states], MOVE[moves], edges


def steps(states: type[Enum], moves: type[Enum], edges: Sequence[Edge]) -> list[Step[Enum, Enum]]:
    state, move = list(states), list(moves)
    return [
        Step(move[m], None if source is None else state[source], state[dest], action(move[m]), RULE, paths)
        for m, source, dest, paths in edges
    ]


def built(table: tuple[type[Enum], type[Enum], list[Edge]]) -> Lifecycle[Enum, Enum]:
    states, moves, edges = table
    return Lifecycle("case", states, next(iter(states)), steps(states, moves, edges))


def walks(edges: list[tuple[int, int]], start: int, states: int) -> set[int]:
    """Every state that some walk of at most that many steps gets to, tried one by one."""
    seen = {start}
    for _ in range(states):
        seen |= {b for a, b in edges if a in seen}
    return seen


def sound(states: int, table: list[Edge]) -> bool:
    """The rule, said slowly: on each path every state it knows is reached and reaches an end; no state is left over."""
    paths = sorted({path for *_, on in table for path in on})
    known: set[int] = set()
    for path in paths or (None,):
        edges = [(a, b) for _, a, b, on in table if a is not None and (path is None or not on or path in on)]
        there = {0} | {s for edge in edges for s in edge} if paths else set(range(states))
        known |= there
        ends = {s for s in there if all(a != s for a, _ in edges)}
        if any(s not in walks(edges, 0, states) or not walks(edges, s, states) & ends for s in there):
            return False
    return known == set(range(states))


@given(drawn_tables() | good_tables())
def test_a_table_is_taken_exactly_where_every_state_is_reached_and_reaches_an_end(
    table: tuple[type[Enum], type[Enum], list[Edge]],
) -> None:
    if sound(len(table[0]), table[2]):
        lifecycle = built(table)
        assert lifecycle.final == {s for s in table[0] if all(step.source is not s for step in lifecycle.steps)}
    else:
        with pytest.raises(LifecycleInvalid):
            built(table)


@given(good_tables())
def test_most_of_what_the_tests_below_try_is_a_table(table: tuple[type[Enum], type[Enum], list[Edge]]) -> None:
    assert sound(len(table[0]), table[2])
    built(table)


@given(good_tables(), st.data())
def test_two_rows_for_one_move_from_one_state_and_two_permissions_for_one_move_are_refused(
    table: tuple[type[Enum], type[Enum], list[Edge]], data: st.DataObject
) -> None:
    rows = steps(*table)
    row = data.draw(st.sampled_from(rows))
    place = data.draw(st.integers(0, len(rows)))
    spoilt = [
        rows[:place] + [attrs.evolve(row, dest=data.draw(st.sampled_from(list(table[0]))))] + rows[place:],  # noqa: RUF005
    ]
    if [step.trigger for step in rows].count(row.trigger) > 1:
        spoilt.append([attrs.evolve(s, action=Action("cases.other")) if s is row else s for s in rows])
    for bad in spoilt:
        with pytest.raises(LifecycleInvalid):
            Lifecycle("case", table[0], next(iter(table[0])), bad)


@given(good_tables())
def test_a_case_opens_into_its_first_state_only(table: tuple[type[Enum], type[Enum], list[Edge]]) -> None:
    states, moves, edges = table
    (move, _, _, on), *inner = edges
    with pytest.raises(LifecycleInvalid):
        built((states, moves, [(move, None, 1, on), *inner]))


@given(good_tables(), st.data())
def test_only_a_move_of_the_table_by_someone_who_may_is_made_and_a_refusal_changes_nothing(
    table: tuple[type[Enum], type[Enum], list[Edge]], data: st.DataObject
) -> None:
    lifecycle = built(table)
    state = data.draw(st.sampled_from(list(table[0])))
    move = data.draw(st.sampled_from(sorted(lifecycle.actions, key=lambda m: str(m.value))))
    by = actor(*data.draw(st.sets(st.sampled_from(list(table[1])))))
    case = Case(state)
    before = copy.copy(case)
    rows = {(s.trigger, s.source): s.dest for s in lifecycle.steps}
    if (move, state) not in rows:
        with pytest.raises(MoveRefused) as refused:
            lifecycle.check(case, move, by)
        there = [m for m, source in rows if source is state]
        assert refused.value.accepted is not None
        assert all(str(m.value) in refused.value.accepted.en for m in there)
    elif action(move) not in by.grants:
        with pytest.raises(NotPermitted):
            lifecycle.check(case, move, by)
    else:
        step = lifecycle.check(case, move, by)
        assert case == before
        lifecycle.move(case, step)
        assert case == attrs.evolve(before, state=rows[move, state])
        return
    assert case == before


@given(good_tables(), st.data())
def test_what_moves_says_is_what_check_does_for_every_state_move_and_actor(
    table: tuple[type[Enum], type[Enum], list[Edge]], data: st.DataObject
) -> None:
    lifecycle = built(table)
    by = actor(*data.draw(st.sets(st.sampled_from(list(table[1])))))
    for state in table[0]:
        case = Case(state)
        said = lifecycle.moves(case, by)
        assert [one.move for one in said] == list(dict.fromkeys(step.trigger for step in lifecycle.steps))
        for one in said:
            assert one.action == action(one.move)
            try:
                step = lifecycle.check(case, one.move, by)
            except (MoveRefused, NotPermitted) as refused:
                assert not one.allowed
                assert ("not from" in one.why.en) is isinstance(refused, MoveRefused)  # noqa: PT017
                assert one.why.zh != one.why.en
            else:
                assert one.allowed
                assert str(step.dest.value) in one.why.en


@given(good_tables())
def test_opening_needs_its_own_row_and_permission(table: tuple[type[Enum], type[Enum], list[Edge]]) -> None:
    lifecycle = built(table)
    for move in table[1]:
        if move is lifecycle.steps[0].trigger:
            assert lifecycle.opening(move, actor(move)) is lifecycle.steps[0]
            with pytest.raises(NotPermitted):
                lifecycle.opening(move, actor())
        else:
            with pytest.raises(MoveRefused):
                lifecycle.opening(move, actor(move))


@attrs.frozen
class Part:
    """A part of a case: frozen, so that a table can be asked of it and never changes it."""

    state: Enum


@given(good_tables(), st.data())
def test_what_follows_by_itself_asks_for_no_permission_and_only_for_the_step(
    table: tuple[type[Enum], type[Enum], list[Edge]], data: st.DataObject
) -> None:
    lifecycle = built(table)
    part = Part(data.draw(st.sampled_from(list(table[0]))))
    for move in table[1]:
        step = next((s for s in lifecycle.steps if (s.trigger, s.source) == (move, part.state)), None)
        if step is None:
            with pytest.raises(MoveRefused):
                lifecycle.consequence(part, move)
            continue
        assert lifecycle.consequence(part, move) is step
        assert lifecycle.check(part, move, actor(move)) is step
        with pytest.raises(NotPermitted):
            lifecycle.check(part, move, actor())


@given(good_tables())
def test_any_walk_that_the_table_allows_can_be_brought_to_an_end(
    table: tuple[type[Enum], type[Enum], list[Edge]],
) -> None:
    lifecycle = built(table)
    everyone = actor(*table[1])
    for state in table[0]:
        seen, edge = {state}, [state]
        while edge:
            case = Case(edge.pop())
            for one in lifecycle.moves(case, everyone):
                if one.allowed:
                    moved = Case(case.state)
                    lifecycle.move(moved, lifecycle.check(moved, one.move, everyone))
                    if moved.state not in seen:
                        seen.add(moved.state)
                        edge.append(moved.state)
        assert seen & lifecycle.final


# --- paths ------------------------------------------------------------------------------------------------------------


class S(Enum):
    NEW = "new"
    LEVEL = "level"
    AMOUNT = "amount"
    DONE = "done"


class M(Enum):
    OPEN = "open"
    UP = "up"
    WEIGH = "weigh"
    FINISH = "finish"


def two_paths(*more: Step[M, S]) -> list[Step[M, S]]:
    a, b = Action("a"), Action("b")
    return [
        Step(M.OPEN, None, S.NEW, a, RULE),
        Step(M.UP, S.NEW, S.LEVEL, a, RULE, {"levels"}),
        Step(M.WEIGH, S.NEW, S.AMOUNT, a, RULE, {"amounts"}),
        Step(M.FINISH, S.AMOUNT, S.DONE, b, RULE, {"amounts"}),
        *more,
    ]


def test_a_path_has_its_own_moves_and_its_own_end() -> None:
    table = Lifecycle("two", S, S.NEW, two_paths())
    by = Actor(ActorId("x"), "b", grants={Action("a"): Scope.ALL, Action("b"): Scope.ALL})
    assert table.paths == ("amounts", "levels")
    assert table.check(Case(S.NEW), M.UP, by, path="levels").dest is S.LEVEL
    for move, path in ((M.UP, "amounts"), (M.WEIGH, "levels"), (M.UP, "elsewhere")):
        with pytest.raises(MoveRefused):
            table.check(Case(S.NEW), move, by, path=path)
        assert [m.allowed for m in table.moves(Case(S.NEW), by, path=path) if m.move is move] == [False]
        with pytest.raises(MoveRefused):
            table.consequence(Case(S.NEW), move, path=path)
    assert table.consequence(Case(S.NEW), M.UP, path="levels").dest is S.LEVEL
    levels = table.mermaid("levels").splitlines()
    assert levels == [
        "stateDiagram-v2",
        "    [*] --> new: open",
        "    new --> level: up",
        "    level --> [*]",
    ]
    assert "    done --> [*]" in table.mermaid("amounts").splitlines()
    assert not any("level" in line for line in table.mermaid("amounts").splitlines())


def test_a_state_that_only_another_path_leaves_is_caught() -> None:
    stuck = [Step(M.FINISH, S.LEVEL, S.NEW, Action("b"), RULE, frozenset({"levels"}))]
    with pytest.raises(LifecycleInvalid, match="levels: .* no final state"):  # noqa: RUF043
        Lifecycle("two", S, S.NEW, two_paths(*stuck))
    stray = [Step(M.UP, S.DONE, S.LEVEL, Action("a"), RULE, frozenset({"levels"}))]
    with pytest.raises(LifecycleInvalid, match="levels: DONE cannot be reached"):
        Lifecycle("two", S, S.NEW, two_paths(*stray))


def test_a_state_that_no_path_knows_is_caught() -> None:
    class More(Enum):
        NEW = "new"
        DONE = "done"
        LOST = "lost"

    rows = [Step(M.FINISH, More.NEW, More.DONE, Action("a"), RULE, frozenset({"only"}))]
    with pytest.raises(LifecycleInvalid, match="LOST"):
        Lifecycle("lost", More, More.NEW, rows)


# --- diagrams ---------------------------------------------------------------------------------------------------------


@given(good_tables())
def test_the_diagram_has_every_row_and_every_end_once(table: tuple[type[Enum], type[Enum], list[Edge]]) -> None:
    lifecycle = built(table)
    head, *lines = lifecycle.mermaid().splitlines()
    rows = [
        f"{'[*]' if s.source is None else s.source.value} --> {s.dest.value}: {s.trigger.value}"
        for s in lifecycle.steps
        if s.source is not s.dest
    ]
    staying: dict[str, list[str]] = {}
    for s in lifecycle.steps:
        if s.source is s.dest:
            staying.setdefault(s.dest.value, []).append(s.trigger.value)
    notes = [f"note right of {state}: {', '.join(moves)}" for state, moves in staying.items()]
    ends = [f"{state.value} --> [*]" for state in lifecycle.final]
    assert head == "stateDiagram-v2"
    assert sorted(line.strip() for line in lines) == sorted(rows + notes + ends)


@pytest.mark.parametrize("bad", ["收到", "été", "two words", "a-->b", "a:b", "", "9"])
def test_names_of_states_and_moves_are_plain_ascii(bad: str) -> None:
    states = Enum("states", {"A": "a", "B": bad})
    moves = Enum("moves", {"GO": bad})
    ok = Enum("ok", {"A": "a", "B": "b"})
    go = Enum("go", {"GO": "go"})
    pairs: list[tuple[type[Enum], type[Enum]]] = [(states, go), (ok, moves)]
    for table, move in pairs:
        a, b = table
        with pytest.raises(LifecycleInvalid, match="ASCII"):
            Lifecycle("bad", table, a, [Step(next(iter(move)), a, b, Action("x"), RULE)])


@pytest.mark.parametrize("lifecycle", lifecycles(), ids=lambda table: table.name)
def test_the_tables_that_ship_draw_in_ascii_and_cite_a_rule_in_each_row(lifecycle: Lifecycle[Enum, Enum]) -> None:
    for path in (None, *lifecycle.paths):
        assert lifecycle.mermaid(path).isascii()
    assert all(isinstance(step.rule, Rule) and "." in step.action for step in lifecycle.steps)
    assert lifecycle.final
