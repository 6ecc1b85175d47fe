"""CSV as help desks write it, row by row: every line of a file is in one row, whatever its quotation marks do."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from csdomain.kernel.rules import Text

#: A line of a log, and where it is; None for one that is too long to be held.
Line = tuple[int, str | None]
#: Characters that are held in order to go back to where a quotation ends that nobody closed.
LOOK_AHEAD: Final = 1 << 24


_STRAY: Final = Text("a delimiter after a closing quotation mark", "右引号之后须为分隔符")


class _Stray(Exception):
    """A quotation mark that closes a cell, and something after it."""


@attrs.frozen
class Row:
    """The line on which a row begins, and its cells; None where they cannot be told apart, and what was ``wanted``."""

    line: int
    cells: list[str] | None
    wanted: Text = _STRAY


class Rows:
    """The rows of a log. Cells may hold delimiters, doubled quotation marks and lines between quotation marks.

    Two things go beyond CSV, as real logs need them. A quotation that is never closed, or closed in the middle of a
    cell, ends where a later line reads as a row: ``is_row`` says whether cells are one. And in a column that is not
    among ``named``, quotation marks make no row unreadable; its cells are not kept whole beyond ``largest``.
    """

    def __init__(
        self,
        lines: Iterator[Line],
        delimiter: str,
        escape: str = "",
        *,
        named: Sequence[int] = (),
        largest: int = LOOK_AHEAD,
        width: int = 0,
        is_row: Callable[[list[str]], bool] = lambda _cells: False,
    ) -> None:
        self._lines, self._again = lines, deque[Line]()
        self._delimiter, self._named = delimiter, frozenset(named)
        self._largest, self._width, self._is_row = largest, width, is_row
        self._escape = escape
        between, taken = re.escape(delimiter), re.escape(escape)
        pair = f'(?:""|{taken}.)' if escape else '""'
        bare = rf"[^{between}{taken}\r\n]*+"
        self._plain = re.compile(rf"{bare}(?:{taken}.{bare})*+" if escape else bare, re.DOTALL)
        self._quoted = re.compile(rf'[^"{taken}]*+(?:{pair}[^"{taken}]*+)*+', re.DOTALL)
        self._marked = re.compile(rf'"(")|{taken}(.)' if escape else '"(")', re.DOTALL)
        self._blanks = re.compile(" *" if delimiter != " " else "")

    def __iter__(self) -> Iterator[Row]:
        while (item := self._next()) is not None:
            number, line = item
            if line is None:
                yield Row(number, None, Text("a line that is not as long", "较短的行"))
            elif self._is_plain(line):
                yield Row(number, line.rstrip("\r\n").split(self._delimiter))
            else:
                cells: list[str] = []
                try:
                    cell = self._split(line, 0, cells)
                except _Stray:
                    yield Row(number, None)
                    continue
                yield Row(number, cells) if cell is None else self._joined(number, cells, cell)

    def _next(self) -> Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _is_plain(self, line: str) -> bool:
        return '"' not in line and (not self._escape or self._escape not in line)

    def _split(self, line: str, at: int, cells: list[str]) -> str | None:
        """Take a line apart from ``at`` on; the text of a cell that is still open at its end, None where none is."""
        while True:
            at = self._blanks.match(line, at).end()  # type: ignore[union-attr]  # it matches nothing as well
            if line.startswith('"', at):
                found = self._quoted.match(line, at + 1)
                assert found is not None  # noqa: S101 - likewise
                if found.end() >= len(line) or line[found.end()] != '"':
                    return line[at + 1 :]
                at = self._closed(line, found.end() + 1, self._unmarked(found[0]), cells)
            else:
                found = self._plain.match(line, at)
                assert found is not None  # noqa: S101 - likewise
                cells.append(self._unmarked(found[0]) if self._escape else found[0])
                at = found.end()
            if not line.startswith(self._delimiter, at):
                return None
            at += 1

    def _closed(self, line: str, at: int, cell: str, cells: list[str]) -> int:
        """Add a cell whose quotation ends before ``at``; where what follows it begins."""
        end = self._blanks.match(line, at).end()  # type: ignore[union-attr]  # as above
        if end == len(line) or line[end] in "\r\n" or line.startswith(self._delimiter, end):
            cells.append(cell)
            return end
        if len(cells) in self._named:
            raise _Stray
        rest = self._plain.match(line, at)
        assert rest is not None  # noqa: S101 - as above
        cells.append(cell + rest[0])
        return rest.end()

    def _unmarked(self, text: str) -> str:
        return self._marked.sub(lambda found: found[found.lastindex or 0], text)

    def _joined(self, number: int, cells: list[str], cell: str) -> Row:
        """The row that begins with ``cells`` and a cell that goes on over the next lines, to where that ends."""
        first, begun, sum_begun = list(cells), [cell], len(cell)
        kept: list[Line] = []  # from the first line on that reads as a row
        held, last, ended = 0, number, False
        parts, size = [cell], len(cell)
        while (item := self._next()) is not None:
            last, line = item
            if kept or (line is not None and self._reads_as_row(line)):
                kept.append(item)
                held += len(line or "")
            elif line is not None and sum_begun <= self._largest:
                begun.append(line)
                sum_begun += len(line)
            if line is None or held > LOOK_AHEAD:
                break
            try:
                found = self._quoted.match(line) if not self._is_plain(line) else None
                if found is None or found.end() >= len(line) or line[found.end()] != '"':
                    if size <= self._largest:
                        parts.append(line)
                        size += len(line)
                    continue
                whole = self._unmarked("".join([*parts, found[0]]))
                at = self._over(line, found.end() + 1, whole, cells)
                open_cell = self._split(line, at + 1, cells) if line.startswith(self._delimiter, at) else None
            except _Stray:
                break
            if open_cell is None:
                ended = True
                break
            if 0 < self._width < len(cells):
                break
            parts, size = [open_cell], len(open_cell)
        if ended and (not kept or len(cells) == self._width):
            return Row(number, cells)
        self._again.extendleft(reversed(kept))
        until = kept[0][0] - 1 if kept else last
        # The quotation ends with its line, or with the lines that are no rows.
        takes = len(first) not in self._named and len(first) + 1 == self._width
        if takes:
            return Row(number, [*first, "".join(begun)])
        wanted = Text(
            f"a closing quotation mark; this row takes in lines {number} to {until}",
            f"须有右引号；此行包含第 {number} 至 {until} 行",
        )
        return Row(number, None, wanted)

    def _over(self, line: str, at: int, cell: str, cells: list[str]) -> int:
        """As :meth:`_closed`, where the quotation began on an earlier line: nothing may stand after it."""
        end = self._blanks.match(line, at).end()  # type: ignore[union-attr]  # as above
        if end < len(line) and line[end] not in "\r\n" and not line.startswith(self._delimiter, end):
            raise _Stray
        cells.append(cell)
        return end

    def _reads_as_row(self, line: str) -> bool:
        cells: list[str] = []
        if self._is_plain(line):
            cells = line.rstrip("\r\n").split(self._delimiter)
        else:
            try:
                if self._split(line, 0, cells) is not None:
                    return False
            except _Stray:
                return False
        return self._is_row(cells)
