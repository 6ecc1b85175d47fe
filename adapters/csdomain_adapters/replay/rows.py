"""CSV as help desks write it, row by row: every line of a file is in one row, whatever its quotation marks do."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from csdomain.kernel.rules import Text

#: A line of a log, and where it is; None for one that is too long to be held.
Line = tuple[int, str | None]
#: Characters that are held in order to go back to where a quotation ends that nobody closed.
LOOK_AHEAD: Final = 1 << 22
_TOO_LONG: Final = Text("a line that is not as long", "较短的行")
_STRAY: Final = Text("a delimiter after a closing quotation mark", "右引号之后须为分隔符")


class _Stray(Exception):
    """A quotation mark that closes a cell, and something after it."""


#: The line on which a row begins, its cells, and what was wanted; None for cells that cannot be told apart.
Row = tuple[int, list[str] | None, Text]


class _Open:
    """A cell that goes on; beyond ``most`` characters nothing more is kept of it."""

    def __init__(self, text: str) -> None:
        self.parts, self.size = [text], len(text)

    def add(self, text: str, most: int) -> None:
        if self.size <= most:
            self.parts.append(text)
            self.size += len(text)

    @property
    def text(self) -> str:
        return "".join(self.parts)


class Rows:
    """The rows of a log. Cells may hold delimiters, doubled quotation marks and lines between quotation marks.

    Two things go beyond CSV, as real logs need them. A quotation that is never closed, or closed in the middle of a
    cell or of a line that is a row by itself, ends where a later line reads as a row: ``is_row`` says whether cells are
    one. And in a column that is not among ``named``, quotation marks make no row unreadable; its cells are not kept
    whole beyond ``largest``.
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
        self._escape, self._most = escape, max(named, default=0)
        between, taken = re.escape(delimiter), re.escape(escape)
        pair = f'(?:""|{taken}.)' if escape else '""'
        bare = rf"[^{between}{taken}\r\n]*+"
        self._plain = re.compile(rf"{bare}(?:{taken}.{bare})*+" if escape else bare, re.DOTALL)
        self._quoted = re.compile(rf'[^"{taken}]*+(?:{pair}[^"{taken}]*+)*+', re.DOTALL)
        self._marked = re.compile(rf'"(")|{taken}(.)' if escape else '"(")', re.DOTALL)
        between_blanks = delimiter != " "
        self._strict = csv.reader((), delimiter=delimiter, strict=True, skipinitialspace=between_blanks).dialect
        self._blanks = re.compile(" *" if between_blanks else "")

    def __iter__(self) -> Iterator[Row]:
        while (item := self._next()) is not None:
            number, line = item
            if line is None:
                yield number, None, _TOO_LONG
            elif self._is_plain(line):
                yield number, line.rstrip("\r\n").split(self._delimiter), _STRAY
            else:
                cells = self._quickly(line)
                yield (number, cells, _STRAY) if cells is not None else self._slowly(number, line)

    def _quickly(self, line: str) -> list[str] | None:
        """The cells of a line that is flawless by itself, None of any other."""
        if self._escape or line.count('"') % 2:
            return None
        try:
            return next(csv.reader((line,), self._strict))
        except csv.Error:
            return None

    def _slowly(self, number: int, line: str) -> Row:
        cells: list[str] = []
        try:
            cell = self._split(line, 0, cells)
        except _Stray:
            return number, None, _STRAY
        return (number, cells, _STRAY) if cell is None else self._joined(number, cells, cell)

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
        first, last, open_cell = list(cells), number, _Open(cell)
        kept: list[Line] = []  # from the first line on that reads as a row
        held, over, closed, doubled, doubtful = 0, False, False, False, False
        while not (closed or (over and kept)) and (item := self._next()) is not None:
            line = item[1]
            if kept or (line is not None and self._reads_as_row(line)):
                kept.append(item)
                held += len(line or "")
                doubled = doubled or len(cells) in self._named  # such a cell holds no rows
            else:
                last = item[0]
                # Text that goes on, or a row that is broken too and must not go unheard.
                doubtful = doubtful or line is None or line.count(self._delimiter) >= self._most
            over = over or doubled or line is None or held > LOOK_AHEAD
            if not over and line is not None:
                try:
                    closed = self._goes_on(line, open_cell, cells)
                    over = 0 < self._width < len(cells)
                    # Two stray marks make a quotation; but then the second stands in a row.
                    doubled = doubled or (closed and bool(kept) and self._reads_as_row(line))
                except _Stray:
                    over = True
        if closed and not doubled and self._width in (0, len(cells)):
            return number, cells, _STRAY
        # Nobody closed the quotation: it takes in its line, and those after it that are no rows.
        self._again.extendleft(reversed(kept))
        if self._width and self._most < len(first) and not doubtful:
            return number, first, _STRAY
        more = (f"; this row takes in lines {number} to {last}", f"；此行包含第 {number} 至 {last} 行")
        en, zh = more if last > number else ("", "")
        return number, None, Text(f"a closing quotation mark{en}", f"须有右引号{zh}")

    def _goes_on(self, line: str, cell: "_Open", cells: list[str]) -> bool:
        """Read on in an open cell; whether the row ends with this line. Raises _Stray."""
        found = None if self._is_plain(line) else self._quoted.match(line)
        if found is None or found.end() >= len(line) or line[found.end()] != '"':
            cell.add(line, self._largest)
            return False
        at = self._blanks.match(line, found.end() + 1).end()  # type: ignore[union-attr]  # as above
        between = line.startswith(self._delimiter, at)
        if at < len(line) and line[at] not in "\r\n" and not between:
            raise _Stray
        cells.append(self._unmarked(cell.text + found[0]))
        rest = self._split(line, at + 1, cells) if between else None
        if rest is not None:
            cell.parts, cell.size = [rest], len(rest)
        return rest is None

    def _reads_as_row(self, line: str) -> bool:
        cells: list[str] = []
        if self._is_plain(line):
            cells = line.rstrip("\r\n").split(self._delimiter)
        else:
            try:
                rest = self._split(line, 0, cells)
            except _Stray:
                return False
            cells += [] if rest is None else [rest]
        return self._is_row(cells)
