"""Every command and question of every context refuses an argument of a wrong type by name, and nothing happens."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.service import Complaints
from csdomain.kernel.rules import PORTS
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.arguments import WrongArgument, holds, is_command
from csdomain.messaging.service import Messages
from csdomain.staff.service import Deputies, Staff
from csdomain.testing import accepted, agent, memory_desk, snapshot

JUNK: Final[tuple[Any, ...]] = (
    None,
    "",
    "x",
    1,
    -1,
    True,
    1.5,
    b"x",
    [],
    ["x"],
    [None],
    {},
    {"a": 1},
    (),
    set(),
    object(),
    Actor,
)
#: Refused by names of their own.
ELSEWHERE: Final = {"id", "at", "return", "group_by"}
#: Refused by rules of their own; or anything that a use case answers with.
BY_RULE: Final = {("answer", "text"), ("as_data", "value"), ("as_data", "of")}


def commands(service: type) -> Iterator[tuple[str, dict[str, Any]]]:
    """Its commands and questions, each with the types of its arguments."""
    for name in dir(service):
        member = getattr(service, name)
        if callable(member) and not name.startswith("_") and is_command(member):
            hints = get_type_hints(member)
            for option in [each for hint in hints.values() for each in get_args(hint) if is_typeddict(each)]:
                hints |= get_type_hints(option)
            hints.pop("call", None)
            yield name, {key: hint for key, hint in hints.items() if key not in ELSEWHERE}


def sample(kind: Any, by: Actor) -> Any:
    """A value of that type; what is in it does not matter: nothing looks."""
    if type(None) in get_args(kind) or get_origin(kind) in (list, tuple):
        return None if type(None) in get_args(kind) else ()
    kind = get_origin(kind) or kind
    if kind is Actor:
        return by
    if kind is datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)
    if kind in (str, int, bool):
        return kind()
    if issubclass(kind, Enum):
        return next(iter(kind))
    return [] if issubclass(list, kind) else kind.__new__(kind)


CASES: Final = [
    pytest.param(place, name, hints, field, id=f"{place}.{name}.{field}")
    for place, service in {
        "complaints": Complaints,
        "messages": Messages,
        "staff": Staff,
        "staff.deputies": Deputies,
    }.items()
    for name, hints in commands(service)
    for field in hints
    if (name, field) not in BY_RULE
]


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize(("place", "name", "hints", "field"), CASES)
def test_a_wrong_argument_is_refused_by_name(place: str, name: str, hints: dict[str, Any], field: str) -> None:
    desk = memory_desk()
    id, by = accepted(desk).id, agent(desk)
    service: Any = desk
    for part in place.split("."):
        service = getattr(service, part)
    command = getattr(service, name)
    given = {key: sample(kind, by) for key, kind in hints.items()}
    if "at" in get_type_hints(command) or "call" in get_type_hints(command):
        given["at"] = desk.clock.now()
    if "id" in get_type_hints(command):
        given["id"] = id
    before = snapshot(desk.store, (COMPLAINTS,), subjects=("",))
    tried = 0
    for junk in (*JUNK, datetime):
        if holds(hints[field])(junk):
            continue
        with pytest.raises(WrongArgument) as refused:
            command(**{**given, field: junk})
        assert refused.value.facts == {"field": field, "given": type(junk).__name__}
        tried += 1
    assert tried > 3
    assert snapshot(desk.store, (COMPLAINTS,), subjects=("",)) == before


def test_there_are_commands_to_try() -> None:
    assert len({case.values[:2] for case in CASES}) > 60
