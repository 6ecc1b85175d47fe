"""How the command speaks: tables and progress for people, JSON for programs, errors for both."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from csdomain.kernel.rules import Language
from csdomain.kernel.rules.errors import DomainError

#: Answers go here, everything else to standard error, so that ``--json`` can be piped.
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


class Advance(Protocol):
    """Tells how much more is done."""

    def __call__(self, more: int, /) -> None: ...


def answer(data: Mapping[str, Any], *, as_json: bool, text: str = "") -> None:
    """Print ``data`` for a program, or ``text`` for a person."""
    if as_json:
        print(json.dumps(data, ensure_ascii=False, indent=2, default=str))
    else:
        out.print(text, markup=False)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table for people."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*map(escape, row))
    out.print(shown)


def refused(error: DomainError, *, as_json: bool, language: Language) -> int:
    """Say what was refused, and give the exit code for it."""
    if as_json:
        print(json.dumps({"error": error.as_data()}, ensure_ascii=False, indent=2))
    else:
        err.print(error.render(language), markup=False, style="red")
    return 1


@contextmanager
def progress(what: str, total: int | None = None, *, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar on standard error while something long runs; none where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield lambda _more: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)
