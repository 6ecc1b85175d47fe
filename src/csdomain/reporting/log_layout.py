"""How a log lies in its file, as a map says it: which columns, how the rows are written, in which order (RPT-06)."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum, unique
from typing import Final, NewType

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue

from .rules import REPLAY

#: Written as one text or as a list of texts.
Names = NewType("Names", tuple[str, ...])
#: Columns that hold an instant each, with the activity; written as a table, or as a list where they are called alike.
Instants = NewType("Instants", Mapping[str, str])
NO_NAMES: Final = Names(())
_NO_INSTANTS: Final = Instants({})
#: What stands in the activity of an instant for the value of the column ``activity``.
PLACE: Final = "{activity}"
#: Characters of a cell: far more than a case id, an activity or a time has.
LARGEST_CELL: Final = 1_000_000


class NotNames(InvalidValue):
    """Neither a text nor a list of texts (RPT-06)."""

    default_rule = REPLAY
    problem = Text("Text or a list of texts expected.", "应为文本或文本列表。")


class NotInstants(InvalidValue):
    """Neither a list of columns nor a table of columns and activities (RPT-06)."""

    default_rule = REPLAY
    problem = Text("A list of columns, or a table of column = activity expected.", "应为列名列表，或“列 = 活动”表。")


@unique
class Order(Enum):
    """In which order the events of a case lie in the file.

    ``FILE``: the earliest first. ``NEWEST_FIRST``: the latest row first. ``TIME``: in any order; they are sorted by
    their time, and those of the same time stay as they lie.
    """

    FILE = "file"
    NEWEST_FIRST = "newest_first"
    TIME = "time"


@attrs.frozen
class Columns:
    """The columns of the log by their names in the header; ``who`` may be left out.

    A row is one event at ``time`` (several columns are joined by a blank: date and time of day), or one event for each
    column of ``instants`` that is filled in.
    """

    case: str
    activity: str = ""
    time: Names = NO_NAMES
    instants: Instants = _NO_INSTANTS
    who: str = ""

    def of(self, field: str) -> tuple[str, ...]:
        """The columns that a field comes from: ``case``, ``activity``, ``time`` or ``who``."""
        if field == "time":
            return self.time or tuple(self.instants)
        name: str = getattr(self, field)
        return (name,) if name else ()


@attrs.frozen
class Csv:
    """How the rows are written.

    ``escape`` is a character that takes the next one as it is (``\\``), beside doubled quotation marks. ``empty`` are
    cells that mean nothing is there. A cell of a named column has at most ``largest_cell`` characters.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    escape: str = ""
    empty: tuple[str, ...] = ()
    order: Order = Order.FILE
    largest_cell: int = LARGEST_CELL


def names(value: object) -> Names:
    """What a map writes as one text or as a list of texts. Raises :class:`NotNames`."""
    if isinstance(value, str):
        return Names((value,))
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return Names(tuple(value))
    raise NotNames(given=type(value).__name__)


def instants(value: object) -> Instants:
    """The columns with an instant each, as a map writes them. Raises :class:`NotInstants`."""
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return Instants({name: name for name in value})
    if isinstance(value, Mapping) and all(isinstance(activity, str) for activity in value.values()):
        return Instants(dict(value))
    raise NotInstants(given=type(value).__name__)


def nearest(name: str, known: Iterable[str]) -> str:
    """``; NAME is meant?`` where a known name is close to ``name``, else nothing."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; {found[0]} is meant?" if found else ""


def faults(columns: Columns, csv: Csv, activities: Collection[str], ignored: Collection[str]) -> Iterator[str]:
    """What is wrong with the layout, each with ``@`` and its key path. ``activities`` are those that the map knows."""
    yield from _column_faults(columns)
    yield from _instant_faults(columns, activities, ignored)
    if len(csv.delimiter) != 1 or csv.delimiter in '"\r\n':
        yield "one character expected @ $.csv.delimiter"
    if csv.escape and (len(csv.escape) != 1 or csv.escape in ('"', "\r", "\n", csv.delimiter)):
        yield "one character expected that is no delimiter and no quotation mark @ $.csv.escape"
    if csv.largest_cell < 1:
        yield "an integer from 1 on expected @ $.csv.largest_cell"
    try:
        "".encode(csv.encoding)
    except LookupError:
        yield f"no encoding {csv.encoding} @ $.csv.encoding"
    except ValueError:  # base64 and the like, which are no encodings of text, and names with NUL
        yield "an encoding of text expected @ $.csv.encoding"


def _column_faults(columns: Columns) -> Iterator[str]:
    if not columns.case.strip():
        yield "a column's name expected @ $.columns.case"
    if columns.time and columns.instants:
        yield "not beside instants @ $.columns.time"
    elif not columns.time and not columns.instants:
        yield "the key time is missing: the column of the time, or instants @ $.columns.time"
    if any(not name.strip() for name in columns.time):
        yield "a column's name expected @ $.columns.time"
    if not columns.instants and not columns.activity.strip():
        missing = "a column's name expected" if columns.activity else "the key activity is missing: the column's name"
        yield f"{missing} @ $.columns.activity"


def _instant_faults(columns: Columns, activities: Collection[str], ignored: Collection[str]) -> Iterator[str]:
    placed = False
    for column, activity in columns.instants.items():
        at = f"$.columns.instants.{column}"
        here = PLACE in activity
        placed = placed or here
        if not column.strip() or not activity.strip():
            yield f"a column and an activity expected @ {at}"
        elif {"{", "}"} & set(activity.replace(PLACE, "")):
            yield f"no other place than {PLACE} expected @ {at}"
        elif not here and activity.strip() not in {*activities, *ignored}:
            hint = nearest(activity.strip(), activities)
            yield f"{activity} stands neither under activities nor in ignore{hint} @ {at}"
    if columns.instants and placed is not bool(columns.activity):
        yield f"expected where an instant says {PLACE}, and only there @ $.columns.activity"
    if columns.instants and not placed:
        said = {activity.strip() for activity in columns.instants.values()}
        for activity in activities:
            if activity not in said:
                yield f"no instant says {activity}{nearest(activity, said)} @ $.activities.{activity}"
