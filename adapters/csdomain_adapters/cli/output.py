"""How the command speaks: tables and progress for people, JSON for programs, errors for both."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text as Cell

from csdomain.kernel.rules.errors import DomainError, hide, show

from .settings import settings

#: Who reads a file or a pipe folds lines as they like.
_NO_TERMINAL: Final = 10_000
_WHITE: Final = ("\n", "\t")


class _Console(Console):
    """Draws with what the stream can encode, and leaves a closed pipe to whoever called."""

    @property
    def encoding(self) -> str:
        """The encoding of the stream (Rich takes UTF-8 for granted)."""
        return (getattr(self.file, "encoding", None) or "utf-8").lower()

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError (Rich would end the process)."""
        raise BrokenPipeError


def _console(*, error: bool = False) -> Console:
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _NO_TERMINAL
    return _Console(stderr=error, soft_wrap=True, highlight=False, width=width)


class Advance(Protocol):
    """Tells how much more is done."""

    def __call__(self, more: int, /) -> None: ...


def visible(text: str) -> str:
    """``text`` without control characters: what people wrote must not steer the reader's terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c in _WHITE else "\ufffd" for c in text)


def answer(data: Mapping[str, Any], text: str = "") -> None:
    """Print ``data`` for a program, or ``text`` for a person."""
    if settings.as_json:
        as_json(data)
    else:
        _console().print(visible(text), markup=False)


def as_json(data: Mapping[str, Any]) -> None:
    """Print ``data`` as JSON: in UTF-8, or in ASCII where the stream has another encoding."""
    ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
    print(json.dumps(data, ensure_ascii=ascii_only, indent=2, default=str))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: int | None = None) -> None:
    """Print a table for people; columns from number ``right`` on are aligned to the right."""
    shown = Table(title=Cell(visible(title)), title_justify="left", title_style="", header_style="bold")
    for number, column in enumerate(columns):
        at_the_right = right is not None and number >= right
        shown.add_column(Cell(visible(column)), overflow="fold", justify="right" if at_the_right else "left")
    for row in rows:
        shown.add_row(*(Cell(visible(cell)) for cell in row))
    _console().print(shown)


def note(text: str, *, style: str | None = None) -> None:
    """Say something beside the answer, on standard error."""
    _console(error=True).print(visible(text), markup=False, style=style)


def error_data(error: DomainError) -> dict[str, Any]:
    """An error for a program: as ``as_data`` gives it, but several faults or values as a list."""
    data = error.as_data()
    facts = {
        name: [hide(str(one)) if name == "faults" else show(one) for one in value]
        if isinstance(value, tuple | list)
        else show(value)
        for name, value in error.facts.items()
    }
    return {**data, "facts": facts}


def refused(error: DomainError) -> int:
    """Say what was refused, and give the exit code for it."""
    if settings.as_json:
        as_json({"error": error_data(error)})
    else:
        note(rendered(error), style="red")
    return 1


def rendered(error: DomainError) -> str:
    """An error for a person: one line, and where a file has several faults one line for each."""
    text = error.render(settings.language)
    return text if "faults" in error.facts else " ".join(text.split())


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """A progress bar on standard error while something long runs; none where nobody looks."""
    if settings.as_json or not sys.stderr.isatty():
        yield lambda _more: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_console(error=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)
