"""Reads a log that is CSV, row by row, and finds the columns that the map names."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import fact_labels
from csdomain.reporting.log_faults import AmbiguousColumn, EmptyLog, MissingColumn, UnreadableLog
from csdomain.reporting.replay import Replay

if TYPE_CHECKING:
    import _csv

fact_labels({"places": "位置"})
#: Told how many bytes more have been read.
Progress = Callable[[int], None]
_REPORT_EVERY: Final = 1 << 18
_FIELDS: Final = ("case", "activity", "time", "who")


class _Lines:
    """The lines of a file as text, telling how far it is."""

    def __init__(self, file: BinaryIO, encoding: str, name: str, progress: Progress | None) -> None:
        self._file, self._encoding, self._name, self._progress = file, encoding, name, progress

    def __iter__(self) -> Iterator[str]:
        text = io.TextIOWrapper(self._file, encoding=self._encoding, newline="")
        told, number = 0, 0
        try:
            for number, line in enumerate(text, start=1):
                yield line
                if (
                    self._progress is not None
                    and not number % 1024
                    and (at := self._file.tell()) - told >= _REPORT_EVERY
                ):
                    self._progress(at - told)
                    told = at
        except UnicodeError:
            accepted = Text(f"text in {self._encoding}", f"{self._encoding} 编码的文本")
            raise UnreadableLog(file=self._name, line=number + 1, accepted=accepted) from None
        if self._progress is not None:
            self._progress(self._file.tell() - told)
        text.detach()


def feed(replay: Replay, path: Path, progress: Progress | None = None) -> None:
    """Give ``replay`` every row of a file, in its order, with the line each begins on; blank lines are no events.

    Raises :class:`~csdomain.reporting.log_faults.UnreadableLog`,
    :class:`~csdomain.reporting.log_faults.EmptyLog`, :class:`~csdomain.reporting.log_faults.MissingColumn`,
    :class:`~csdomain.reporting.log_faults.AmbiguousColumn`, and what a strict replay raises. [RPT-06]
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableLog(file=path.name, accepted=Text("a file that can be read", "可读取的文件")) from error
    with file:
        settings = replay.plan.csv
        # Excel begins UTF-8 with a mark that is no part of the first column's name.
        encoding = (
            "utf-8-sig" if settings.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else settings.encoding
        )
        lines = _Lines(file, encoding, path.name, progress)
        _feed(replay, csv.reader(iter(lines), delimiter=settings.delimiter, strict=True), path.name)


def _feed(replay: Replay, rows: "_csv.Reader", name: str) -> None:
    try:
        header = next(rows)
    except StopIteration:
        raise EmptyLog(file=name) from None
    except csv.Error as error:
        raise UnreadableLog(file=name, line=1, why=str(error)) from None
    case, activity, time, who = places(replay, header, name)
    width, most = len(header), max(case, activity, time, who or 0) + 1
    read, line = replay.read, rows.line_num
    while True:
        began = line + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            line = rows.line_num
            replay.malformed(began, Text(f"CSV: {error}", f"CSV：{error}"))
            continue
        line = rows.line_num
        if len(row) != width:
            if not row:
                continue
            if len(row) > width or len(row) < most:
                wanted = Text(f"{width} fields, not {len(row)}", f"{width} 个字段，而不是 {len(row)} 个")
                replay.malformed(began, wanted)
                continue
        read(began, row[case], row[activity], row[time], "" if who is None else row[who])


def places(replay: Replay, header: Sequence[str], name: str) -> tuple[int, int, int, int | None]:
    """Where in a row case, activity, time and who stand; the last None where the map does not name it."""
    columns = replay.plan.columns
    wanted = {field: getattr(columns, field) for field in _FIELDS if getattr(columns, field)}
    found = [column.strip() for column in header]
    missing = [column for column in wanted.values() if column not in found]
    if missing:
        there = ", ".join(found)
        raise MissingColumn(file=name, line=1, columns=missing, accepted=Text(there, there))
    for column in wanted.values():
        if found.count(column) > 1:
            at = [i for i, other in enumerate(found, start=1) if other == column]
            raise AmbiguousColumn(
                file=name,
                line=1,
                column=column,
                places=at,
                accepted=Text("a column that is there once", "只出现一次的列"),
            )
    index = {field: found.index(column) for field, column in wanted.items()}
    return index["case"], index["activity"], index["time"], index.get("who")
