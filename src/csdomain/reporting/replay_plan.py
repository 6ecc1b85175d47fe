"""A map made ready to replay: a lifecycle of the kernel, service levels, a calendar; or every fault named (RPT-06)."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, unique
from typing import Any, Final, TypeVar, cast

import attrs

from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.cases.lifecycle import Lifecycle, LifecycleInvalid, Step
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.actors import Action, Actor, system_actor
from csdomain.kernel.values.durations import Duration

from . import log_layout
from .log_faults import MapInvalid
from .log_layout import Columns, Csv, nearest
from .log_times import TimeReader
from .replay_map import Agreement, ReplayMap, Route, Workflow
from .rules import REPLAY

T = TypeVar("T")
#: The state, and the move to it, that stand for "nothing follows"; no name of a map is like it.
END: Final = "_end"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SHOWN: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


@unique
class Role(Enum):
    """What a move does to a service level."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"


@attrs.frozen
class Sla:
    """A service level."""

    name: str
    duration: Duration
    warnings: tuple[int, ...]
    calendar: WorkCalendar = attrs.field(eq=False)


@attrs.frozen(eq=False)
class Plan:
    """Everything that a replay goes by.

    ``final`` are the states in which a case is finished; a move may leave them. ``moves`` gives the move of each
    activity, ``roles`` what each move does to the service levels, by their place in
    ``slas``. Where the lifecycle has no move that opens a case, a case is opened by its first event.
    """

    name: str
    columns: Columns
    csv: Csv
    times: TimeReader
    calendar: WorkCalendar
    lifecycle: Lifecycle[Any, Any]
    path: str | None
    by: Actor
    final: frozenset[Enum]
    moves: Mapping[str, Enum]
    ignored: frozenset[str]
    slas: tuple[Sla, ...]
    roles: Mapping[Enum, tuple[tuple[int, Role], ...]]


def plan(
    given: ReplayMap,
    *,
    holidays: Callable[[str], Holidays | None] = lambda _name: None,
    lifecycles: Iterable[Lifecycle[Any, Any]] = (),
) -> Plan:
    """The plan of a map. ``lifecycles`` are those that a map may name, ``holidays`` gives public ones by name.

    Raises :class:`~csdomain.reporting.log_faults.MapInvalid` naming every fault with its key path: a state, move or
    column that is not known, a state that cannot be reached or left for an end, an activity mapped and ignored.
    [RPT-06]
    """
    faults: list[str] = []
    if not _SHOWN.fullmatch(given.name):
        faults.append("1 to 64 characters expected @ $.name")
    mapped, ignored = _stripped(given.activities, faults), frozenset(name.strip() for name in given.ignore)
    faults += log_layout.faults(given.columns, given.csv, mapped, ignored)
    times = _tried(faults, "$.time", lambda: TimeReader(given.time.format, given.time.zone, given.time.ambiguous))
    calendar = _calendar(given, holidays, faults)
    lifecycle = _lifecycle(given.workflow, {lifecycle.name: lifecycle for lifecycle in lifecycles}, faults)
    known = {} if lifecycle is None else {move.value: move for move in lifecycle.actions}
    if lifecycle is not None:
        faults += _unknown_moves(given, known)
    faults += [
        f"{activity} is also mapped @ $.ignore[{i}]"
        for i, activity in enumerate(given.ignore)
        if activity.strip() in mapped
    ]
    if not given.activities:
        faults.append("at least one activity expected @ $.activities")
    faults += _faulty_agreements(given.sla)
    if faults or times is None or calendar is None or lifecycle is None:
        raise MapInvalid(tuple(faults), name=given.name)
    return Plan(
        name=given.name,
        columns=given.columns,
        csv=given.csv,
        times=times,
        calendar=calendar,
        lifecycle=lifecycle,
        path=given.workflow.path or None,
        by=system_actor(lifecycle.actions.values()),
        final=_final(given.workflow, lifecycle),
        moves={activity: known[move] for activity, move in mapped.items()},
        ignored=ignored,
        slas=tuple(Sla(one.name, one.duration, one.warnings, calendar) for one in given.sla),
        roles=_roles(given.sla, known),
    )


def _tried(faults: list[str], path: str, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except DomainError as error:
        faults.append(f"{error} @ {path}")
        return None


def _calendar(given: ReplayMap, holidays: Callable[[str], Holidays | None], faults: list[str]) -> WorkCalendar | None:
    spec, name = given.calendar.spec, given.calendar.public_holidays
    if name:
        public = holidays(name)
        if public is None:
            faults.append(f"no public holidays {name} @ $.calendar.public_holidays")
            return None
        found = _tried(faults, "$.calendar", lambda: spec.with_holidays(public))
        if found is None:
            return None
        spec = found
    known = spec.known_years
    if spec.unpublished == "raise" and known and len(known) != max(known) - min(known) + 1:
        faults.append(f"holidays of every year from {min(known)} to {max(known)} expected @ $.calendar.published_years")
        return None
    return WorkCalendar(spec, name=given.name)


def _unknown_moves(given: ReplayMap, known: Mapping[str, Enum]) -> list[str]:
    places = [(f"$.activities.{activity}", move) for activity, move in given.activities.items()]
    for i, one in enumerate(given.sla):
        for role in Role:
            places += [(f"$.sla[{i}].{role.value}", move) for move in getattr(one, role.value)]
    return [f"no move {move}{nearest(move, known)} @ {path}" for path, move in places if move not in known]


def _stripped(given: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    """The activities without blanks around their names, as cells are read."""
    found: dict[str, str] = {}
    for activity, move in given.items():
        if activity.strip() in found:
            faults.append(f"{activity.strip()} is there twice @ $.activities.{activity}")
        found[activity.strip()] = move
    return found


def _faulty_agreements(agreements: Sequence[Agreement]) -> list[str]:
    faults = []
    for i, one in enumerate(agreements):
        at = f"$.sla[{i}]"
        if not _SHOWN.fullmatch(one.name):
            faults.append(f"1 to 64 characters expected @ {at}.name")
        if any(one.name == other.name for other in agreements[:i]):
            faults.append(f"{one.name} is there twice @ {at}.name")
        faults += [f"at least one move expected @ {at}.{role}" for role in ("start", "stop") if not getattr(one, role)]
        if one.resume and not one.pause:
            faults.append(f"nothing to resume from without a pause @ {at}.resume")
        # To start and to resume go together: a move does whichever the timer allows.
        parts = ({*one.start, *one.resume}, set(one.stop), set(one.pause))
        played = Counter(move for part in parts for move in sorted(part))
        faults += [f"{move} has two parts that exclude each other @ {at}" for move, n in played.items() if n > 1]
        if list(one.warnings) != sorted({percent for percent in one.warnings if 0 < percent < 100}):
            faults.append(f"ascending integers from 1 to 99 expected @ {at}.warnings")
    return faults


def _roles(agreements: Sequence[Agreement], known: Mapping[str, Enum]) -> dict[Enum, tuple[tuple[int, Role], ...]]:
    return {
        move: tuple((i, role) for i, one in enumerate(agreements) for role in Role if name in getattr(one, role.value))
        for name, move in known.items()
    }


# --- the workflow -----------------------------------------------------------------------------------------------------


def _lifecycle(
    given: Workflow, shipped: Mapping[str, Lifecycle[Any, Any]], faults: list[str]
) -> Lifecycle[Any, Any] | None:
    if given.lifecycle:
        return _shipped(given, shipped, faults)
    before = len(faults)
    faults += _faulty_workflow(given)
    if len(faults) > before:
        return None
    left = {source for route in given.moves for source in route.sources if source in given.final}
    # A lifecycle has a state that nothing leaves; the final states of a log may all be left again.
    more = (END,) if left else ()
    states = _enum("State", (*given.states, *more))
    moves = _enum("Move", (*(route.name for route in given.moves), *more))
    steps: list[Step[Enum, Enum]] = [
        Step(moves(route.name), source, states(route.to), Action(f"replay.{route.name}"), REPLAY)
        for route in given.moves
        for source in _sources(states, route)
    ]
    steps += [Step(moves(END), states(name), states(END), Action("replay.end"), REPLAY) for name in sorted(left)]
    try:
        return Lifecycle("workflow", states, states(given.initial), steps)
    except LifecycleInvalid as error:  # what is not found above; named all the same
        faults.append(f"{error} @ $.workflow")
        return None


def _final(given: Workflow, lifecycle: Lifecycle[Any, Any]) -> frozenset[Enum]:
    if given.final:
        return frozenset(lifecycle.states(name) for name in given.final)
    left = {step.source for step in lifecycle.steps if step.on(given.path or None)}
    return frozenset(state for state in cast("Iterable[Enum]", lifecycle.states) if state not in left)


def _sources(states: type[Enum], route: Route) -> Sequence[Enum | None]:
    return [states(name) for name in route.sources] or [None]


def _shipped(
    given: Workflow, shipped: Mapping[str, Lifecycle[Any, Any]], faults: list[str]
) -> Lifecycle[Any, Any] | None:
    faults += [
        f"not beside a lifecycle that ships @ $.workflow.{key}"
        for key in ("initial", "states", "final", "moves")
        if getattr(given, key)
    ]
    lifecycle = shipped.get(given.lifecycle)
    if lifecycle is None:
        faults.append(f"one of {', '.join(sorted(shipped)) or '-'} expected @ $.workflow.lifecycle")
    elif given.path and given.path not in lifecycle.paths:
        faults.append(f"one of {', '.join(lifecycle.paths) or '-'} expected @ $.workflow.path")
    return lifecycle


def _enum(name: str, values: Iterable[str]) -> type[Enum]:
    make: Callable[..., object] = Enum
    return cast("type[Enum]", make(name, {value.upper(): value for value in values}))


def _faulty_workflow(given: Workflow) -> list[str]:
    if not given.states or not given.moves:
        missing = "states" if not given.states else "moves"
        return [f"a lifecycle, or states and moves expected @ $.workflow.{missing}"]
    faults = ["only with a lifecycle that ships @ $.workflow.path"] if given.path else []
    named = [(f"$.workflow.states[{i}]", name) for i, name in enumerate(given.states)]
    named += [(f"$.workflow.moves[{i}].name", route.name) for i, route in enumerate(given.moves)]
    faults += [
        f"a name such as in_progress expected, not {name} @ {at}" for at, name in named if not _NAME.fullmatch(name)
    ]
    twice = [name for name, n in Counter(given.states).items() if n > 1]
    faults += [f"{name} is there twice @ $.workflow.states" for name in twice]
    used = [("$.workflow.initial", given.initial), *((f"$.workflow.final[{i}]", s) for i, s in enumerate(given.final))]
    for i, route in enumerate(given.moves):
        used.append((f"$.workflow.moves[{i}].to", route.to))
        used += [(f"$.workflow.moves[{i}].from", source) for source in route.sources]
    faults += [
        f"no state {name or '(none given)'}{nearest(name, given.states)} @ {at}"
        for at, name in used
        if name not in given.states
    ]
    return faults or _faulty_shape(given)


def _faulty_shape(given: Workflow) -> list[str]:
    faults = []
    edges: list[tuple[str, str]] = []
    seen: set[tuple[str, str | None]] = set()
    for i, route in enumerate(given.moves):
        at = f"$.workflow.moves[{i}]"
        if not route.sources and route.to != given.initial:
            faults.append(f"a move from no state leads to {given.initial} @ {at}.to")
        for source in route.sources or [None]:
            if (route.name, source) in seen:
                faults.append(f"{route.name} from {source or 'no state'} is there twice @ {at}.from")
            seen.add((route.name, source))
            if source is not None:
                edges.append((source, route.to))
    ends = set(given.states) - {source for source, _ in edges} | set(given.final)
    there = _closure({given.initial}, edges)
    back = _closure(ends, [(dest, source) for source, dest in edges])
    for i, name in enumerate(given.states):
        at = f"$.workflow.states[{i}]"
        if name in ends and name not in given.final:
            faults.append(f"{name} is not final, and no move leaves it @ {at}")
        if name not in there:
            faults.append(f"{name} cannot be reached @ {at}")
        if name not in back:
            faults.append(f"{name} reaches no final state @ {at}")
    return faults


def _closure(start: set[str], edges: Sequence[tuple[str, str]]) -> set[str]:
    reached = set(start)
    while new := {dest for source, dest in edges if source in reached} - reached:
        reached |= new
    return reached
