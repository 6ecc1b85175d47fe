"""Registers of every mode, with a column of every type: what the contract of registers is tried on."""

from datetime import date, datetime, timedelta
from typing import Any, Final

import attrs

from csdomain.kernel.store.registers import Kept, Mode, Register
from csdomain.kernel.values.personal import PersonalKind, personal


@attrs.frozen
class Reading:
    """A row that never changes."""

    place: str
    at: datetime
    count: int = 0
    note: str | None = None
    level: int | None = None
    sound: bool | None = None
    seen_at: datetime | None = None
    on: date | None = None
    picture: bytes | None = None
    seal: str | None = None


@attrs.frozen
class Heap:
    """A row that counts."""

    place: str
    item: str
    held: int = 0
    owed: int = 0
    label: str = ""


@attrs.frozen
class Task:
    """A row that is taken from state to state."""

    place: str
    name: str
    state: str = "open"
    tries: int = 0
    left: int | None = None
    until: datetime | None = None
    ticket: str | None = None
    about: str = ""


@attrs.frozen
class Term:
    """A row that can be made again."""

    place: str
    word: str = personal(PersonalKind.NAME)
    rank: int = 0


@attrs.frozen
class Pick:
    """A row that follows from an event."""

    event: str
    nth: int
    subject: str
    at: datetime
    weight: int


READINGS: Final[Register[Reading]] = Register(
    *(Reading, "test_reading", Mode.APPEND, ("place", "at")),
    unique=(("place", "seal"),),
    indexes=(("place", "level"), ("on",)),
    kept_for=Kept("at", timedelta(days=30)),
)
HEAPS: Final[Register[Heap]] = Register(Heap, "test_heap", Mode.COUNT, ("place", "item"), counts=("held", "owed"))
PILES: Final[Register[Heap]] = Register(
    Heap, "test_pile", Mode.COUNT, ("place", "item"), counts=("held", "owed"), vanish=True
)
TASKS: Final[Register[Task]] = Register(
    *(Task, "test_task", Mode.STATE, ("place", "name")),
    states=("state", "tries", "left", "until", "ticket"),
    unique=(("place", "ticket"),),
)
TERMS: Final[Register[Term]] = Register(Term, "test_term", Mode.DISPOSABLE, ("place", "word"))
PICKS: Final[Register[Pick]] = Register(Pick, "test_pick", Mode.DISPOSABLE, ("event", "nth"), indexes=(("subject",),))
REGISTERS: Final[tuple[Register[Any], ...]] = (READINGS, HEAPS, PILES, TASKS, TERMS, PICKS)
