"""Reads a log that is CSV and gives its events to a replay: each filled-in instant of a row, with the line it is on."""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import fact_labels
from csdomain.reporting.log_faults import AmbiguousColumn, EmptyLog, MissingColumn, UnparsableTime, UnreadableLog
from csdomain.reporting.log_layout import PLACE, Order
from csdomain.reporting.replay import Replay

from .rows import Line, Rows
from .sorting import Sorted

fact_labels({"places": "位置"})
#: Told how many bytes more have been read.
Progress = Callable[[int], None]
_REPORT_EVERY: Final = 1 << 18
#: Characters of a line; of a longer one nothing is read.
LINE_LONGEST: Final = 1 << 24
#: What Excel writes before the header so that it finds the delimiter again.
_SEP: Final = "sep="
_FIELDS: Final = ("case", "activity", "time", "who")
_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
#: Gives one event to whoever takes it: line, case, activity, time, who.
Take = Callable[[int, str, str, str, str], None]


def _lines(file: BinaryIO, encoding: str, name: str, progress: Progress | None) -> Iterator[Line]:
    """The lines of a file as text, telling how far it is."""
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    told, number = 0, 0
    try:
        for number, line in enumerate(iter(partial(text.readline, LINE_LONGEST), ""), start=1):
            if len(line) == LINE_LONGEST and line[-1] not in "\r\n":
                while not (text.readline(LINE_LONGEST) or "\n").endswith(("\r", "\n")):
                    pass
                yield number, None
            else:
                yield number, line
            if progress is not None and not number % 1024 and (at := file.tell()) - told >= _REPORT_EVERY:
                progress(at - told)
                told = at
    except UnicodeError:
        accepted = Text(f"text in {encoding}", f"{encoding} 编码的文本")
        raise UnreadableLog(file=name, line=number + 1, accepted=accepted) from None
    if progress is not None:
        progress(file.tell() - told)
    text.detach()


def feed(replay: Replay, path: Path, progress: Progress | None = None) -> None:
    """Give ``replay`` every row of a file, in the order that its map says, with the line each begins on.

    Blank lines are no events. The file is read once, as a stream; what has to be sorted is sorted on disk.

    Raises :class:`~csdomain.reporting.log_faults.UnreadableLog`,
    :class:`~csdomain.reporting.log_faults.EmptyLog`, :class:`~csdomain.reporting.log_faults.MissingColumn`,
    :class:`~csdomain.reporting.log_faults.AmbiguousColumn`, and what a strict replay raises. [RPT-06]
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableLog(file=path.name, accepted=Text("a file that can be read", "可读取的文件")) from error
    with file:
        encoding = replay.plan.csv.encoding
        # Excel begins UTF-8 with a mark that is no part of the first column's name.
        encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        lines = _lines(file, encoding, path.name, progress)
        if replay.plan.csv.order is Order.FILE:
            _feed(replay, lines, path.name, replay.read)
            return
        with Sorted() as events:
            _feed(replay, lines, path.name, partial(_put, replay, events))
            for event in events:
                replay.read(*event)


def _put(replay: Replay, events: Sorted, line: int, case: str, activity: str, time: str, who: str) -> None:
    key = -line
    if replay.plan.csv.order is Order.TIME:
        try:
            key = (replay.plan.times.read(time)[0] - _EPOCH) // _TICK
        except UnparsableTime:
            replay.read(line, case, activity, time, who)  # which says so
            return
    events.add(key, line, case, activity, time, who)


def _feed(replay: Replay, lines: Iterator[Line], name: str, take: Take) -> None:
    settings = replay.plan.csv
    delimiter = settings.delimiter
    first = next(lines, None)
    if first is not None and first[1] is not None and first[1].lower().startswith(_SEP):
        said = first[1][len(_SEP) :].rstrip("\r\n")
        delimiter = said if len(said) == 1 and said != '"' else delimiter
        first = next(lines, None)
    if first is None:
        raise EmptyLog(file=name)
    line, header = _header(first, lines, delimiter, settings.escape, name)
    places = Places.of(replay, line, header, name)
    width, most, largest = len(header), max(places.named) + 1, settings.largest_cell
    rows = Rows(
        lines,
        delimiter,
        settings.escape,
        named=places.named,
        largest=largest,
        width=width,
        is_row=lambda cells: len(cells) == width and places.reads(replay, cells),
    )
    for line, cells, wanted in rows:
        if cells is None:
            replay.malformed(line, wanted)
        elif len(cells) == width or most <= len(cells) < width:
            if not places.events(line, cells, take, largest):
                wanted = Text(f"cells of at most {largest:,} characters", f"单元格最多 {largest:,} 个字符")
                replay.malformed(line, wanted)
        elif len(cells) > 1 or cells[0].strip():
            wanted = Text(f"{width} fields, not {len(cells)}", f"{width} 个字段，而不是 {len(cells)} 个")
            replay.malformed(line, wanted)


def _header(first: Line, lines: Iterator[Line], delimiter: str, escape: str, name: str) -> tuple[int, list[str]]:
    line, cells, wanted = next(iter(Rows(chain([first], lines), delimiter, escape)))
    if cells is None:
        raise UnreadableLog(file=name, line=line, accepted=wanted)
    return line, cells


@attrs.frozen
class Places:
    """Where in a row the columns of the map stand, and which events a row tells."""

    case: int
    activity: int | None
    time: tuple[int, ...]
    instants: tuple[tuple[int, str], ...]
    who: int | None
    empty: frozenset[str]

    @classmethod
    def of(cls, replay: Replay, line: int, header: Sequence[str], name: str) -> "Places":
        """The places by the names in the header. Raises MissingColumn, AmbiguousColumn."""
        columns = replay.plan.columns
        found = [column.strip() for column in header]
        wanted = [column.strip() for field in _FIELDS for column in columns.of(field)]
        missing = [column for column in wanted if column not in found]
        if missing:
            there = ", ".join(found)
            raise MissingColumn(file=name, line=line, columns=missing, accepted=Text(there, there))
        for column in wanted:
            if found.count(column) > 1:
                raise AmbiguousColumn(
                    file=name,
                    line=line,
                    column=column,
                    places=[i for i, other in enumerate(found, start=1) if other == column],
                    accepted=Text("a column that is there once", "只出现一次的列"),
                )

        def place(column: str) -> int | None:
            return found.index(column.strip()) if column else None

        return cls(
            found.index(columns.case.strip()),
            place(columns.activity),
            tuple(found.index(column.strip()) for column in columns.time),
            tuple((found.index(column.strip()), activity.strip()) for column, activity in columns.instants.items()),
            place(columns.who),
            frozenset(text.strip() for text in replay.plan.csv.empty),
        )

    @property
    def named(self) -> tuple[int, ...]:
        """Every place that the map names."""
        every = (self.case, self.activity, *self.time, *(place for place, _ in self.instants), self.who)
        return tuple(place for place in every if place is not None)

    def events(self, line: int, cells: Sequence[str], take: Take, largest: int) -> bool:
        """Give every event of a row, one without a time where the row has none; False where a cell is too large."""
        case, who = cells[self.case].strip(), "" if self.who is None else cells[self.who].strip()
        activity = "" if self.activity is None else cells[self.activity].strip()
        time = self._time(cells)
        if max(len(case), len(activity), len(time), len(who)) > largest:
            return False
        if self.empty:
            case, activity, who = ("" if text in self.empty else text for text in (case, activity, who))
        if not self.instants:
            take(line, case, activity, time, who)
            return True
        filled = [(what, time) for place, what in self.instants if (time := self._cell(cells, place))]
        if any(len(time) > largest for _, time in filled):
            return False
        for what, time in filled or [(self.instants[0][1], "")]:
            named = what if PLACE not in what else activity and what.replace(PLACE, activity)
            take(line, case, named, time, who)
        return True

    def reads(self, replay: Replay, cells: Sequence[str]) -> bool:
        """Whether cells have a case, and a time that can be read."""
        times = [self._cell(cells, place) for place, _ in self.instants] or [self._time(cells)]
        return bool(self._cell(cells, self.case)) and any(_is_time(replay, time) for time in times)

    def _time(self, cells: Sequence[str]) -> str:
        if len(self.time) == 1:
            return self._cell(cells, self.time[0])
        return " ".join(part for place in self.time if (part := self._cell(cells, place)))

    def _cell(self, cells: Sequence[str], place: int | None) -> str:
        text = "" if place is None else cells[place].strip()
        return "" if text in self.empty else text


def _is_time(replay: Replay, text: str) -> bool:
    try:
        return bool(text) and replay.plan.times.read(text) is not None
    except UnparsableTime:
        return False
