"""How a log maps onto a workflow, as data: what a map file says, strictly typed (RPT-06, KRN-01)."""

import re
from collections.abc import Mapping
from typing import Any

import attrs
from cattrs import Converter, override, transform_error
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.durations import Duration
from csdomain.rulebook.loader import strict_converter
from csdomain.rulebook.organisation import CalendarRules

from .log_faults import MapInvalid
from .log_formats import ISO
from .log_layout import NO_NAMES, Columns, Csv, Instants, Names, instants, names, nearest
from .log_times import Ambiguous


@attrs.frozen
class Times:
    """How times are written, in which zone those are that carry none, and what a wall time shown twice means."""

    zone: str
    format: str = ISO
    ambiguous: Ambiguous = Ambiguous.BY_ORDER


@attrs.frozen
class Route:
    """A move of the workflow, from one state or several to another; from none where it opens the case."""

    name: str
    to: str
    sources: Names = NO_NAMES


@attrs.frozen
class Workflow:
    """The workflow: written out here, or one that ships, by its name, on one of its ``path``s.

    A case that comes to a ``final`` state is finished; a move may leave it again, and the case goes on.
    """

    lifecycle: str = ""
    path: str = ""
    initial: str = ""
    states: tuple[str, ...] = ()
    final: tuple[str, ...] = ()
    moves: tuple[Route, ...] = ()


@attrs.frozen
class Agreement:
    """A service level: what must be done within ``duration`` of any move of ``start``, by any of ``stop``.

    Between a move of ``pause`` and one of ``resume`` the clock stands still. ``warnings`` are percentages of the time.
    """

    name: str
    start: Names
    stop: Names
    duration: Duration
    pause: Names = NO_NAMES
    resume: Names = NO_NAMES
    warnings: tuple[int, ...] = ()


@attrs.frozen
class ReplayMap:
    """A map file: columns, times, calendar, workflow, which activity is which move, and the service levels."""

    name: str
    columns: Columns
    time: Times
    calendar: CalendarRules
    workflow: Workflow
    activities: Mapping[str, str]
    ignore: tuple[str, ...] = ()
    sla: tuple[Agreement, ...] = ()
    csv: Csv = attrs.field(factory=Csv)


def _converter() -> Converter:
    converter = strict_converter()
    converter.register_structure_hook_func(lambda cls: cls is Names, lambda value, _: names(value))
    converter.register_structure_hook_func(lambda cls: cls is Instants, lambda value, _: instants(value))
    route = make_dict_structure_fn(Route, converter, _cattrs_forbid_extra_keys=True, sources=override(rename="from"))

    def structured(value: Any, cls: Any) -> Route:
        if not isinstance(value, Mapping):
            raise TypeError(f"a table expected, not {type(value).__name__}")
        return route(value, cls)

    converter.register_structure_hook(Route, structured)
    return converter


def _said(error: BaseException, _: type | None) -> str:
    if isinstance(error, DomainError):
        return str(error)
    if isinstance(error, ForbiddenExtraKeysError):
        keys = sorted(error.extra_fields)
        known = ["from" if name == "sources" else name for name in attrs.fields_dict(error.cl)]
        return f"unknown key {', '.join(keys)}" + (nearest(keys[0], known) if len(keys) == 1 else "")
    return f"the key {error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


def read_map(data: Mapping[str, Any]) -> ReplayMap:
    """The map that the data of a TOML file gives; nothing is coerced.

    Raises :class:`~csdomain.reporting.log_faults.MapInvalid` naming every fault of form with its key path. Whether the
    parts fit each other is seen by :func:`~csdomain.reporting.replay_plan.plan`. [RPT-06]
    """
    try:
        return _converter().structure(data, ReplayMap)
    except ClassValidationError as error:
        faults = [re.sub(r"\.sources\b", ".from", fault) for fault in transform_error(error, "$", _said)]
        name = data.get("name")
        raise MapInvalid(tuple(faults), name=name if isinstance(name, str) else "") from None
