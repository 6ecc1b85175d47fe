"""The workflow as a table that a replay goes by: what each activity does in each state, and what was seen there."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, cast

import attrs

from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import MoveRefused

from .distribution import Distribution
from .replay_plan import END, Plan, Role
from .replay_report import CaseResult, MoveCount, SlaOutcome, StageReport, Stay

_TICK: Final = timedelta(microseconds=1)
_NOTHING: Final = Text("no move: this state is final", "终态，无可用流转")


@attrs.define(eq=False)
class Fit:
    """What an activity does in a state: where it leads, or nowhere, and the moves that would have fitted."""

    dest: "Node | None"
    accepted: Text
    roles: tuple[tuple[int, Role], ...]
    stays: bool
    count: int = 0


@attrs.define(eq=False)
class Node:
    """A state, and what was seen of it. ``reopens``: it is final, and some move leaves it all the same."""

    name: str
    elapsed: Distribution
    working: Distribution
    final: bool = False
    reopens: bool = False
    fits: dict[str, Fit] = attrs.field(factory=dict)
    visits: int = 0
    cases: int = 0
    still: int = 0


@attrs.define
class _Probe:
    """Something with a state, for the lifecycle to move."""

    state: Any


@attrs.define(eq=False)
class Case:
    """A case that may go on. ``node`` is its state with what may follow; the first of all until it is opened."""

    id: str
    node: Node
    last: datetime
    who: str = ""
    opened: datetime | None = None
    entered: datetime | None = None
    fitting: int = 0
    unfitting: int = 0
    handovers: int = 0
    clocks: dict[int, Timer] = attrs.field(factory=dict)
    stays: dict[str, tuple[int, timedelta, timedelta]] = attrs.field(factory=dict)
    outcomes: list[SlaOutcome] = attrs.field(factory=list)


def packed(case: Case) -> tuple[Any, ...]:
    """A case as plain values that can be kept on disk."""
    id, _, *rest = attrs.astuple(case, recurse=False)
    return (id, case.node.name, *rest)


def unpacked(values: tuple[Any, ...], nodes: Iterable[Node]) -> Case:
    """The case that :func:`packed` gave."""
    id, state, *rest = values
    return Case(id, next(node for node in nodes if node.name == state), *rest)


def table(plan: Plan, exact: int) -> dict[Enum | None, Node]:
    """A node for every state, and one for None, where cases are opened. The lifecycle itself says what fits."""
    nodes: dict[Enum | None, Node] = {None: Node("", Distribution(), Distribution())}
    left = {step.source for step in plan.lifecycle.steps if step.on(plan.path)}
    for state in cast("Iterable[Enum]", plan.lifecycle.states):
        if state.value != END:
            final = state in plan.final
            nodes[state] = Node(state.value, Distribution(exact), Distribution(exact), final, final and state in left)
    for at, node in nodes.items():
        fits = {move: _fit(plan, at, move, nodes) for move in dict.fromkeys(plan.moves.values())}
        node.fits = {activity: fits[move] for activity, move in plan.moves.items()}
    return nodes


def _fit(plan: Plan, state: Enum | None, move: Enum, nodes: dict[Enum | None, Node]) -> Fit:
    lifecycle = plan.lifecycle
    try:
        if state is None and any(step.source is None for step in lifecycle.steps):
            step = lifecycle.opening(move, plan.by)
            if not step.on(plan.path):
                raise MoveRefused
        else:
            # Opened by its first event, a case is in the initial state for no time unless the event leaves it there.
            step = lifecycle.check(_Probe(lifecycle.initial if state is None else state), move, plan.by, path=plan.path)
    except MoveRefused:
        return Fit(None, _accepted(plan, state), (), stays=False)
    dest = step.dest
    if step.source is not None:
        # The machine says where a step leads. It is asked once, as that takes longer than all the rest of an event.
        lifecycle.move(probe := _Probe(step.source), step)
        dest = probe.state
    return Fit(nodes[dest], _NOTHING, plan.roles[move], stays=dest is state)


def _accepted(plan: Plan, state: Enum | None) -> Text:
    """The moves that there are from a state."""
    lifecycle = plan.lifecycle
    if state is None and not any(step.source is None for step in lifecycle.steps):
        state = lifecycle.initial
    here = {step.trigger.value for step in lifecycle.steps if step.source is state and step.on(plan.path)} - {END}
    return Text(", ".join(sorted(here)), "、".join(sorted(here))) if here else _NOTHING


def stage(node: Node, plan: Plan) -> StageReport:
    """What was seen at a node."""
    moves = {
        plan.moves[activity].value: MoveCount(
            plan.moves[activity].value,
            node.name,
            "" if fit.dest is None else fit.dest.name,
            fit.count,
            fit.accepted.en if fit.dest is None else "",
        )
        for activity, fit in node.fits.items()
        if fit.count
    }
    return StageReport(
        state=node.name,
        final=node.final,
        visits=node.visits,
        cases=node.cases,
        still=node.still,
        elapsed=node.elapsed.quantiles(),
        working=node.working.quantiles(),
        moves=tuple(moves.values()),
    )


def result(case: Case, until: datetime, *, finished: bool) -> CaseResult:
    """What is told of one case."""
    return CaseResult(
        case=case.id,
        state=case.node.name,
        finished=finished,
        opened_at=case.opened or until,
        until=until,
        fitting=case.fitting,
        unfitting=case.unfitting,
        handovers=case.handovers,
        stays=tuple(
            Stay(name, visits, elapsed // _TICK, working // _TICK)
            for name, (visits, elapsed, working) in case.stays.items()
        ),
        slas=tuple(case.outcomes),
    )
