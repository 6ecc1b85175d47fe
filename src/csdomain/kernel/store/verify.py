"""Whether a store still says what its trail says: bodies, columns, timers and the trail itself (design decision D32).

Everything is read once, range by range of subjects, each range in a transaction of its own: a store of any size is
verified beside those who work, and needs no more memory than a range, or the longest trail of one subject.
"""

import hmac
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, unique
from hashlib import sha256
from typing import Any, Final, Protocol, cast

import attrs

from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import AUDITED, Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue, RuleBroken, fact_labels
from csdomain.kernel.values.codec import canonical, to_micros

from .digests import NO_HEAD, Head, body_digest, columns_digest, line_digest, said_digest, timer_digest, told
from .kinds import ColumnValue, Kind
from .ports import Store, Unit

fact_labels({"faults_found": "发现不符", "events": "事件数"})

#: About as many rows of a table are in one range.
ROWS: Final = 2_000
#: No more faults are kept than this; all are counted.
MOST: Final = 1_000
_KEY_SHORTEST: Final = 16
#: How the names of events end that say that something was erased: reasons before them may be gone.
_ERASED: Final = "_erased"
Progress = Callable[[int], None]


@unique
class Part(Enum):
    """What of a subject is not what the trail says."""

    BODY = "body"
    COLUMN = "column"
    TIMER = "timer"
    LINE = "line"
    TRAIL = "trail"


@unique
class Problem(Enum):
    """What is wrong with it."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    UNREADABLE = "unreadable"


@attrs.frozen
class Fault:
    """One thing that is not what the trail says: of which subject, what, and its name (a column, a timer, an event).

    Nothing of its content is here.
    """

    subject: str
    part: Part
    problem: Problem
    name: str = ""


@attrs.frozen
class Verification:
    """What a verification found: how many subjects, lines of the trail and timers it read, and the faults.

    ``left_off`` is how many faults there are besides those that are listed.
    """

    subjects: int
    lines: int
    timers: int
    faults: tuple[Fault, ...]
    left_off: int = 0

    @property
    def sound(self) -> bool:
        """Whether everything is what the trail says."""
        return not self.faults


class Untrustworthy(RuleBroken):
    """The store is not what its trail says, so nothing is signed (KRN-11)."""

    default_rule = AUDITED
    problem = Text("The store is not what its trail says.", "存储与其审计记录不符。")


class CheckpointInvalid(InvalidValue):
    """A checkpoint that this key did not sign, a text that is none, or a key that is too short (KRN-11)."""

    default_rule = AUDITED
    problem = Text("This checkpoint is not valid.", "此检查点无效。")


@attrs.frozen
class Checkpoint:
    """What the trail was at an instant: the first ``events`` events, signed with a key of the host's.

    Kept elsewhere, it shows later that one of these events was dropped, or that the chain was written anew.
    """

    at: datetime = attrs.field(converter=utc)
    events: int
    digest: str
    signature: str = attrs.field(repr=False)

    def text(self) -> str:
        """As JSON, to be kept."""
        return json.dumps({"at": self.at.isoformat(), **attrs.asdict(self, filter=lambda a, _: a.name != "at")})

    @classmethod
    def read(cls, text: str) -> "Checkpoint":
        """A checkpoint from its JSON. Raises :class:`CheckpointInvalid`."""
        try:
            data = json.loads(text)
            found = cls(datetime.fromisoformat(data["at"]), data["events"], data["digest"], data["signature"])
            if type(found.events) is int and all(type(t) is str for t in (found.digest, found.signature)):
                return found
        except (ValueError, TypeError, KeyError, DomainError):
            pass
        raise CheckpointInvalid(accepted=Text("the JSON of a checkpoint", "检查点的 JSON"))

    def require_signed(self, key: bytes) -> None:
        """Raises :class:`CheckpointInvalid` unless it was signed with ``key``."""
        if not hmac.compare_digest(self.signature.encode(), _signed(key, self.at, self.events, self.digest).encode()):
            raise CheckpointInvalid(accepted=Text("the key that signed it", "签署它的密钥"))


def _signed(key: bytes, at: datetime, events: int, digest: str) -> str:
    if len(key) < _KEY_SHORTEST:
        shortest = Text(f"a key of at least {_KEY_SHORTEST} bytes", f"至少 {_KEY_SHORTEST} 字节的密钥")
        raise CheckpointInvalid(given=len(key), accepted=shortest)
    return hmac.new(key, canonical(["csdomain", to_micros(at), events, digest]).encode(), "sha256").hexdigest()


# --- what a session shows of what it stores
@attrs.frozen
class StoredLine:
    """A line of the trail as it is stored. ``said`` is all but reason, facts and position."""

    subject: str
    said: Sequence[Any]
    reason: str
    facts: str
    position: int | None
    place: int | None
    digest: str | None
    salt: str | None
    proof: str

    @property
    def event_id(self) -> str:
        """The id of the event."""
        return str(self.said[0])

    @property
    def erases(self) -> bool:
        """Whether it says that something was erased."""
        return str(self.said[4]).endswith(_ERASED)


@attrs.frozen
class StoredBody:
    """An aggregate as it is stored; ``load`` reads it, and raises whatever it raises.

    ``written`` are its columns in one text, as the store's digests have them.
    """

    id: str
    version: int
    schema: int
    body: bytes
    columns: Mapping[str, ColumnValue]
    written: bytes
    load: Callable[[], Any]


@attrs.frozen
class StoredTimer:
    """A timer as it is stored: state, start, deadline and when it fires next, instants in microseconds."""

    subject: str
    name: str
    columns: Sequence[Any]
    body: bytes


class Inspector(Protocol):
    """What a session shows of what it stores, range by range: of subjects after ``after``, up to ``until``."""

    def bound(self, kinds: Sequence[Kind[Any]], after: str, rows: int, /) -> str | None:
        """The end of a range that begins after ``after`` and has about ``rows`` rows; None at the end."""
        ...

    def lines(self, after: str, until: str | None, /) -> Iterable[StoredLine]:
        """The lines of the trail, in order of subject and sequence."""
        ...

    def bodies(self, kind: Kind[Any], after: str, until: str | None, /) -> Iterable[StoredBody]:
        """The aggregates of a kind."""
        ...

    def timers(self, after: str, until: str | None, /) -> Iterable[StoredTimer]:
        """The timers."""
        ...

    def positions(self) -> tuple[int, int]:
        """How many events have a position, and the highest."""
        ...


class Inspectable(Protocol):
    """A session whose store can be verified."""

    def inspector(self) -> Inspector:
        """What it shows."""
        ...


def _inspector(unit: Unit) -> Inspector:
    return cast("Inspectable", unit.session).inspector()


# --- verifying
@attrs.define
class _Found:
    """What was found in a range, and in all ranges so far."""

    subjects: int = 0
    lines: int = 0
    timers: int = 0
    faults: list[Fault] = attrs.field(factory=list)
    left_off: int = 0
    #: The events up to this position are told, each by its place and digest.
    up_to: int = 0
    told: list[str] = attrs.field(factory=list)

    def fault(self, subject: str, part: Part, problem: Problem, name: str = "") -> None:
        self.faults.append(Fault(subject, part, problem, name))

    def add(self, more: "_Found") -> None:
        self.subjects += more.subjects
        self.lines += more.lines
        self.timers += more.timers
        kept = more.faults[: MOST - len(self.faults)]
        self.faults += kept
        self.left_off += len(more.faults) - len(kept)


@attrs.define
class _Subject:
    """One subject: what its trail vouches for, and what is there."""

    id: str
    found: _Found
    body: Sequence[Any] | None = None
    timers: dict[str, str] = attrs.field(factory=dict)

    def read_trail(self, lines: Sequence[StoredLine]) -> None:
        head: Head | None = NO_HEAD
        blank: list[str] = []
        for line in lines:
            self.found.lines += 1
            head = self._read(line, head)
            if line.erases:
                blank.clear()
            if not line.reason and line.salt is None and '"said":' in line.proof:
                blank.append(line.event_id)
        for event in blank:
            self.found.fault(self.id, Part.LINE, Problem.CHANGED, event)

    def _read(self, line: StoredLine, head: Head | None) -> Head | None:
        place, digest = line.place, line.digest
        if place is None or digest is None:
            self._fault(line, Problem.ADDED)
            return head
        expected = 1 if head is None else head[0] + 1
        before = None if head is None else head[1]
        if place > expected:
            for missing in range(expected, min(place, expected + MOST)):
                self.found.fault(self.id, Part.TRAIL, Problem.MISSING, str(missing))
            before = None
        elif place < expected:
            self._fault(line, Problem.CHANGED)
            return head
        proven = self._proven(line)
        made = None if before is None else line_digest(before, place, line.said, line.facts, line.proof)
        if proven is None or (made is not None and made != digest) or not self._said(line, proven):
            self._fault(line, Problem.CHANGED)
        if line.position is not None and line.position <= self.found.up_to:
            self.found.told.append(told((self.id, place, made or digest)))
        if proven is not None:
            self.body = proven.get("body", self.body)
            self.timers |= proven.get("timers", {})
        return place, digest

    def _proven(self, line: StoredLine) -> dict[str, Any] | None:
        try:
            proven = json.loads(line.proof) if line.proof else {}
        except ValueError:
            return None
        fits = isinstance(proven, dict) and isinstance(proven.get("timers", {}), dict)
        return proven if fits and len(proven.get("body", (0, 0, 0))) in (3, 4) else None

    def _said(self, line: StoredLine, proven: Mapping[str, Any]) -> bool:
        """Whether the reason is the one that was given, or was erased."""
        said = proven.get("said")
        if line.salt is None:
            return not line.reason
        return said is not None and said == said_digest(line.salt, line.reason)

    def _fault(self, line: StoredLine, problem: Problem) -> None:
        self.found.fault(self.id, Part.LINE, problem, line.event_id)

    def read_bodies(self, bodies: Sequence[tuple[Kind[Any], StoredBody]]) -> None:
        proven = self.body
        for kind, stored in bodies:
            if proven is None or proven[0] != kind.table:
                self.found.fault(self.id, Part.BODY, Problem.ADDED, kind.table)
                continue
            digest = body_digest(kind.table, stored.id, stored.version, stored.schema, stored.body)
            same = [kind.table, stored.version, digest] == list(proven[:3])
            if not same:
                self.found.fault(self.id, Part.BODY, Problem.CHANGED, kind.table)
            if not same or proven[3:] != [columns_digest(stored.written)]:
                # A later release may have added columns, or taken them from the body otherwise: the body says.
                self._read_columns(kind, stored)
        if proven is not None and all(kind.table != proven[0] for kind, _ in bodies):
            self.found.fault(self.id, Part.BODY, Problem.MISSING, str(proven[0]))

    def _read_columns(self, kind: Kind[Any], stored: StoredBody) -> None:
        try:
            case = stored.load()
            due = {**kind.row(case), "branch": case.branch, "owner": case.owner, "id": case.id}
        except Exception:  # noqa: BLE001 - whatever a decoder says may hold what people wrote
            self.found.fault(self.id, Part.BODY, Problem.UNREADABLE, kind.table)
            return
        for name, value in {**stored.columns, "id": stored.id}.items():
            if value != due.get(name) or type(value) is not type(due.get(name)):
                self.found.fault(self.id, Part.COLUMN, Problem.CHANGED, name)

    def read_timers(self, timers: Sequence[StoredTimer]) -> None:
        for timer in timers:
            self.found.timers += 1
            proven = self.timers.pop(timer.name, None)
            if proven is None:
                self.found.fault(self.id, Part.TIMER, Problem.ADDED, timer.name)
            elif proven != timer_digest(timer.subject, timer.name, timer.columns, timer.body):
                self.found.fault(self.id, Part.TIMER, Problem.CHANGED, timer.name)
        for name in self.timers:
            self.found.fault(self.id, Part.TIMER, Problem.MISSING, name)


def _verified(
    store: Store, kinds: Sequence[Kind[Any]], up_to: int, progress: Progress | None, rows: int
) -> tuple[_Found, int, str]:
    """What was found; how many events up to that position there are, and their digest."""
    found, events, digest, after = _Found(), 0, sha256(), ""
    while True:
        # A range is its own: it is read again where the connection was lost.
        until, more = store.look(lambda unit: _range(_inspector(unit), kinds, after, _Found(up_to=up_to), rows))  # noqa: B023
        found.add(more)
        events += len(more.told)
        digest.update("".join(more.told).encode())
        if progress is not None:
            progress(more.subjects)
        if until is None:
            return found, events, digest.hexdigest()
        after = until


def _range(
    shown: Inspector, kinds: Sequence[Kind[Any]], after: str, found: _Found, rows: int
) -> tuple[str | None, _Found]:
    until = shown.bound(kinds, after, rows)
    lines: dict[str, list[StoredLine]] = defaultdict(list)
    bodies: dict[str, list[tuple[Kind[Any], StoredBody]]] = defaultdict(list)
    timers: dict[str, list[StoredTimer]] = defaultdict(list)
    for line in shown.lines(after, until):
        lines[line.subject].append(line)
    for kind in kinds:
        for body in shown.bodies(kind, after, until):
            bodies[body.id].append((kind, body))
    for timer in shown.timers(after, until):
        timers[timer.subject].append(timer)
    for id in sorted({*lines, *bodies, *timers}):
        found.subjects += 1
        subject = _Subject(id, found)
        subject.read_trail(lines.get(id, ()))
        subject.read_bodies(bodies.get(id, ()))
        subject.read_timers(timers.get(id, ()))
    return until, found


def verify(
    store: Store,
    kinds: Sequence[Kind[Any]],
    *,
    checkpoint: Checkpoint | None = None,
    key: bytes = b"",
    progress: Progress | None = None,
    rows: int = ROWS,
) -> Verification:
    """Read the whole store and name what is not what the trail says; with a checkpoint also what the trail has lost.

    ``progress`` is told how many more subjects were read. Raises :class:`CheckpointInvalid`. [KRN-11]
    """
    if checkpoint is not None:
        checkpoint.require_signed(key)
    up_to = 0 if checkpoint is None else checkpoint.events
    found, events, digest = _verified(store, kinds, up_to, progress, rows)
    numbered, highest = store.look(lambda unit: _inspector(unit).positions())
    if numbered != highest:
        found.fault("", Part.TRAIL, Problem.MISSING, "position")
    if checkpoint is not None and (events, digest) != (checkpoint.events, checkpoint.digest):
        found.fault("", Part.TRAIL, Problem.CHANGED, "checkpoint")
    return Verification(found.subjects, found.lines, found.timers, tuple(found.faults), found.left_off)


def make_checkpoint(
    store: Store, kinds: Sequence[Kind[Any]], key: bytes, at: datetime, *, progress: Progress | None = None
) -> Checkpoint:
    """A signed head of the trail as it is, to be kept elsewhere. What is signed is verified first.

    ``key`` has at least 16 bytes. Raises :class:`Untrustworthy`, :class:`CheckpointInvalid`. [KRN-11]
    """
    at = utc(at)
    _signed(key, at, 0, "")
    while store.run(lambda unit: unit.session.number_events(ROWS)):
        pass
    highest = store.look(lambda unit: _inspector(unit).positions())[1]
    found, events, digest = _verified(store, kinds, highest, progress, ROWS)
    if found.faults or events != highest:
        raise Untrustworthy(faults_found=len(found.faults) + found.left_off, events=events, expected=highest)
    return Checkpoint(at, highest, digest, _signed(key, at, highest, digest))
