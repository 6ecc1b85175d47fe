"""Options that several commands have, and what makes a function a command: the options that all of them have."""

import inspect
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue

from .settings import Tongue

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]
Speak = Annotated[
    Tongue | None, typer.Option("--language", "-l", help="Language of the answer; by default that of LANG.")
]
Url = Annotated[str, typer.Argument(help="The store: sqlite:///desk.db, postgresql+psycopg://host/database.")]
Book = Annotated[
    str, typer.Option("--rulebook", envvar="CSDOMAIN_RULEBOOK", help="One that ships, a TOML file, or a folder.")
]
Create = Annotated[bool, typer.Option("--create", help="Make the database, or bring its tables up to date, first.")]
As = Annotated[str, typer.Option("--as", envvar="CSDOMAIN_AS", help="Who asks or acts: the id.")]
Branch = Annotated[str, typer.Option(envvar="CSDOMAIN_BRANCH", help="The branch of whoever asks or acts.")]
Position = Annotated[
    list[str], typer.Option(envvar="CSDOMAIN_POSITION", help="The positions held; they say what is permitted.")
]
Html = Annotated[Path | None, typer.Option(help="Write the report as one HTML page with charts.")]
Until = Annotated[str | None, typer.Option(help="An instant with its zone: 2026-10-08T09:00:00+08:00.")]


class MalformedTime(InvalidValue):
    """A time on the command line that cannot be read, or without its zone (KRN-03)."""

    default_rule = PORTS
    problem = Text("This is not a time with its zone.", "这不是带时区的时间。")


class MalformedDay(InvalidValue):
    """A day on the command line that cannot be read, or that no calendar has (KRN-03)."""

    default_rule = PORTS
    problem = Text("This is no day of the calendar, written year-month-day.", "这不是“年-月-日”形式的有效日期。")


def day(text: str) -> date:
    """A day as it is written on the command line. Raises :class:`MalformedDay`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MalformedDay(given=text, accepted=Text("2026-08-01", "2026-08-01")) from None


def instant(text: str) -> datetime:
    """An instant as it is written on the command line. Raises :class:`MalformedTime`."""
    accepted = Text("2026-10-08T09:00:00+08:00", "2026-10-08T09:00:00+08:00")
    try:
        at = datetime.fromisoformat(text)
        at.astimezone(UTC)
    except (ValueError, OverflowError):  # no time, or one that no year of UTC holds
        raise MalformedTime(given=text, accepted=accepted) from None
    if at.utcoffset() is None:
        raise MalformedTime(given=text, accepted=accepted)
    return at


def everywhere(language: Speak = None, as_json: Json = False) -> None:
    """Options before the name of a command: they are read in :mod:`.settings`, here they are only declared."""


def command(app: typer.Typer, name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a command of ``app``, with ``--json`` and ``--language`` besides its own options.

    The function returns its exit code, or None for 0.
    """

    def register(work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def called(**given: Any) -> Any:
            everywhere(given.pop("language"), given.pop("as_json"))
            return work(**given)

        also = inspect.signature(everywhere).parameters.values()
        own = inspect.signature(work)
        setattr(called, "__signature__", own.replace(parameters=[*own.parameters.values(), *also]))  # noqa: B010
        called.__annotations__ = {**work.__annotations__, "language": Speak, "as_json": Json}
        app.command(name)(called)
        return work

    return register
