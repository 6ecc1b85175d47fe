"""A whole complaint, received to closed, in fifteen use cases: how the desk does it, and a record of what it wrote.

The peers do not work out what to write. They play the record: the same changes of the same body, the same timers,
lines of the trail and messages, statement by statement in the same order, with ids and numbers of their own.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
import orjson
from sqlalchemy import Connection, Engine, event, text

import csdomain
from csdomain import Money
from csdomain.complaints.values import (
    Channel,
    Classification,
    ComplaintForm,
    Finding,
    Goods,
    Judgement,
    Liable,
    ProposedPenalty,
    Remedy,
    Share,
)

from . import life

POSITIONS: Final = ("sales", "service_agent", "rnd", "deputy_general_manager")
CLAIMED: Final = 3200_00
#: The fifteen use cases, in order; all else (papers, penalties, improvements, the review) follows after closing.
STEPS: Final = (
    *("receive", "check", "accept", "involve", "investigate", "contribute", "inspect", "conclude", "report", "rule"),
    *("judge", "submit", "approve", "answer", "close"),
)
#: What a peer has to do itself: reads of who may decide are the rules' business, and no peer makes them.
OPERATIONS: Final = {
    "INSERT csd_number": "number",
    "INSERT csd_complaint": "add",
    "SELECT csd_complaint": "load",
    "UPDATE csd_complaint": "save",
    "INSERT csd_timer": "begin",
    "UPDATE csd_timer": "stop",
    "SELECT csd_timer": "look",
    "INSERT csd_audit": "record",
    "INSERT csd_outbox": "tell",
}


class Desk:
    """The desk, as an application uses it."""

    def __init__(self, url: str, synchronous: str = "FULL") -> None:
        more: dict[str, Any] = {"synchronous": synchronous} if url.startswith("sqlite") else {"upgrade": True}
        self.desk = csdomain.open(url, **more)
        self.engine: Engine = self.desk.store.engine  # type: ignore[attr-defined]  # a SQL store has one
        seller, agent, engineer, deputy = (self.desk.actor(p, branch=life.BRANCH, positions=(p,)) for p in POSITIONS)
        self.by = dict.fromkeys(STEPS, agent) | {"receive": seller, "check": seller, "answer": seller}
        self.by |= {"inspect": engineer, "rule": deputy, "approve": deputy}

    def do(self, step: str, id: str, key: str | None) -> str:
        """One use case; the id of the complaint."""
        at = life.RECEIVED + timedelta(minutes=5 * STEPS.index(step))
        given = ARGUMENTS[step]()
        subject = () if step == "receive" else (id,)
        command = getattr(self.desk.complaints, step)
        more = MORE.get(step, {})
        return str(command(*subject, *given, **more, by=self.by[step], at=at, key=key).id)

    def live(self, key: str | None) -> str:
        """All fifteen, each under a key of its own where ``key`` is given."""
        id = ""
        for step in STEPS:
            id = self.do(step, id, key)
        return id


def _cny(minor: int) -> Money:
    return Money(minor, life.CURRENCY)


def _judged() -> Judgement:
    return Judgement(
        liable=Liable.US,
        unit="production",
        persons=("worker-7",),
        disposal="replace the batch",
        tracked=True,
        loss={"goods": _cny(3000_00), "freight": _cny(200_00)},
        shares=(Share("production", 2), Share("sales", 1)),
        penalties=(ProposedPenalty("worker-7", "warning"), ProposedPenalty("production")),
    )


def _remedy() -> Remedy:
    returned = (Goods("cover", "B-0427", 7),)
    return Remedy(granted=_cny(CLAIMED), compensation=_cny(500_00), returns=returned, text="take back and compensate")


#: Who does somebody else's part says on whose word.
MORE: Final[Mapping[str, Mapping[str, Any]]] = {"contribute": {"word_of": "foreman"}}
ARGUMENTS: Final[Mapping[str, Callable[[], tuple[Any, ...]]]] = {
    "receive": lambda: (ComplaintForm(**life.FORM, claimed=_cny(CLAIMED)),),
    "check": lambda: (life.OPINION,),
    "accept": lambda: (Classification("quality", "material"),),
    "involve": lambda: (["production"], life.RECEIVED + timedelta(days=2)),
    "investigate": tuple,
    "contribute": lambda: ("production", "the oven of line 2 ran 12 degrees too hot in the night shift"),
    "inspect": lambda: (Finding(True, "cracked in hardening", ("worker-7",), "a new oven curve, checked hourly"),),
    "conclude": tuple,
    "report": lambda: ("the batch was hardened too fast, 7 of 500 pieces cracked",),
    "rule": lambda: ("agreed: take it back",),
    "judge": lambda: (_judged(),),
    "submit": lambda: (_remedy(),),
    "approve": tuple,
    "answer": lambda: (Channel.PHONE, "We take seven covers back and pay 500 yuan."),
    "close": lambda: ("settled with the customer",),
}


# --- the record -------------------------------------------------------------------------------------------------------

#: A value with the id and the number of the life that plays it.
Filled = Callable[[str, str], Any]
Path = tuple[str | int, ...]


@attrs.frozen
class Change:
    """One part of a body that gets another value."""

    path: Path
    value: Filled
    appended: bool = False

    def make(self, body: Any, id: str, number: str) -> None:
        """Change it."""
        *way, last = self.path
        for name in way:
            body = body[name]
        if self.appended:
            body[last].append(self.value(id, number))
        else:
            body[last] = self.value(id, number)


@attrs.frozen
class Ended:
    """A timer that stops: its name, what changes of its body, and its columns afterwards."""

    name: str
    changes: tuple[Change, ...]
    columns: dict[str, Any]


@attrs.frozen
class Played:
    """What one use case writes, and its statements in order (see :data:`OPERATIONS`)."""

    name: str
    actor: str
    at: int
    operations: tuple[tuple[str, Any], ...]
    body: Filled
    changes: tuple[Change, ...]
    columns: Filled
    receipt: Filled
    arguments: Any
    source: str
    dest: str


def record(desk: Desk) -> tuple[Played, ...]:
    """Live one life on ``desk``, and note what every use case wrote."""
    id, played = "", list[Played]()
    before: dict[str, Any] = {}
    said: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        found = re.search(r"^(INSERT|UPDATE|SELECT).*?(csd_\w+)", statement, re.DOTALL)
        table = re.search(r".*FROM (csd_\w+)", statement, re.DOTALL) if found and found[1] == "SELECT" else None
        operation = found and OPERATIONS.get(f"{found[1]} {table[1] if table else found[2]}")
        if operation == "look" and " name = " in " ".join(statement.split()).replace("csd_timer.name", "name"):
            operation = "peek"
        if operation:
            said.append(operation)

    desk.live("warm up")  # the rulebook is stored with the first
    event.listen(desk.engine, "before_cursor_execute", note)
    for step in STEPS:
        with desk.engine.connect() as connection:
            seqs = [connection.execute(text(f"select max(seq) from csd_{t}")).scalar() for t in ("audit", "outbox")]  # noqa: S608 - our own names
            before = _timers(connection, id)
            was: dict[str, Any] = _case(connection, id) if id else {"body": {}, "state": ""}
        said.clear()
        id = desk.do(step, id, "recorded")
        operations = list(said)
        with desk.engine.connect() as connection:
            case, after = _case(connection, id), _timers(connection, id)
            lines, messages = (
                _rows(connection, f"select * from csd_{t} where seq > {seq} order by seq", "seq", "position")  # noqa: S608
                for t, seq in zip(("audit", "outbox"), seqs, strict=True)
            )
            query = "select receipt from csd_key where use_case = 'complaint.{}' and key = 'recorded'"
            receipt = orjson.loads(connection.execute(text(query.format(step))).scalar_one())
        number = case["number"]
        filled = _filler(id, number)
        begun = iter([timer for name, timer in after.items() if name not in before])
        stopped = _stopped(before, after, filled)
        rows = {"record": [filled(line) for line in lines], "tell": [filled(message) for message in messages]}
        given: list[tuple[str, Any]] = []
        for place, operation in enumerate(operations):
            match operation:
                case "begin":
                    given.append((operation, filled(next(begun))))
                case "peek" if operations[place + 1 : place + 2] == ["stop"]:
                    pass
                case "stop":
                    held = operations[place - 1] != "peek"  # one of those that a look has read
                    given.append(("stop held" if held else operation, stopped.pop(0)))
                case _:
                    given.append((operation, rows.get(operation)))
        assert next(begun, None) is None
        assert not stopped
        columns = {name: value for name, value in case.items() if name not in ("id", "body")}
        played.append(
            Played(
                name=step,
                actor=lines[0]["actor"],
                at=lines[0]["at"],
                operations=tuple(given),
                body=filled(case["body"]),
                changes=tuple(changes(was["body"], case["body"], filled)) if id else (),
                columns=filled(columns),
                receipt=filled(receipt),
                arguments=[repr(argument) for argument in ARGUMENTS[step]()],
                source=was["state"],
                dest=case["state"],
            )
        )
    event.remove(desk.engine, "before_cursor_execute", note)
    return tuple(played)


def _rows(connection: Connection, query: str, *without: str) -> list[dict[str, Any]]:
    return [
        {
            name: orjson.loads(value) if name in ("body", "facts") else value
            for name, value in row.items()
            if name not in without
        }
        for row in connection.execute(text(query)).mappings()
    ]


def _case(connection: Connection, id: str) -> dict[str, Any]:
    (case,) = _rows(connection, f"select * from csd_complaint where id = '{id}'")  # noqa: S608
    for name in ("in_time", "grave", "reviewed"):  # the reflected columns of SQLite want what they are
        case[name] = None if case[name] is None else bool(case[name])
    return case


def _timers(connection: Connection, id: str) -> dict[str, Any]:
    rows = _rows(connection, f"select * from csd_timer where subject = '{id}' order by rowid")  # noqa: S608
    return {row["name"]: row for row in rows}


def _stopped(before: dict[str, Any], after: dict[str, Any], filled: Callable[[Any], Filled]) -> list[Ended]:
    ended = []
    for name, timer in before.items():
        if after[name] != timer:
            columns = {c: after[name][c] for c in ("state", "started_at", "due_at", "next_at")}
            ended.append(Ended(name, tuple(changes(timer["body"], after[name]["body"], filled)), columns))
    return ended


def changes(old: Any, new: Any, filled: Callable[[Any], Filled], path: Path = ()) -> list[Change]:
    """What turns one body into another, as somebody would write it: fields set, and lists appended to."""
    if type(old) is not type(new):
        return [Change(path, filled(new))]
    found: list[Change] = []
    if isinstance(new, dict):
        if old.keys() - new.keys():
            return [Change(path, filled(new))]
        for name, value in new.items():
            found += (
                changes(old[name], value, filled, (*path, name))
                if name in old
                else [Change((*path, name), filled(value))]
            )
        return found
    if isinstance(new, list) and len(new) >= len(old):
        for place, value in enumerate(new):
            if place >= len(old):
                found.append(Change(path, filled(value), appended=True))
            else:
                found += changes(old[place], value, filled, (*path, place))
        return found
    return [] if old == new else [Change(path, filled(new))]


def _filler(id: str, number: str) -> Callable[[Any], Filled]:
    """Values as functions of another life's id and number; what holds neither is handed out as it is."""

    def filled(value: Any) -> Filled:
        if isinstance(value, str) and (id in value or number in value):
            return lambda i, n: value.replace(id, i).replace(number, n)
        if isinstance(value, dict) and _marked(value, id, number):
            parts = {name: filled(part) for name, part in value.items()}
            return lambda i, n: {name: part(i, n) for name, part in parts.items()}
        if isinstance(value, list) and _marked(value, id, number):
            members = [filled(part) for part in value]
            return lambda i, n: [part(i, n) for part in members]
        text = orjson.dumps(value)
        # Made anew each time: a body that is changed must not change the record.
        return (lambda _i, _n: orjson.loads(text)) if isinstance(value, dict | list) else (lambda _i, _n: value)

    return filled


def _marked(value: Any, id: str, number: str) -> bool:
    said = orjson.dumps(value).decode()
    return id in said or number in said
