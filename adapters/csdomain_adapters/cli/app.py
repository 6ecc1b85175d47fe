"""The command as a whole: its groups, how it is run, and how it ends whatever happens."""

import glob
import os
import sys
import traceback
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import DomainError, hide

from . import cases, databases, describe, messages, people, renewals, reports, rules, service, stock, verifying, working
from .chinese import in_chinese
from .files import trouble
from .options import Json, Speak, everywhere
from .output import answer, as_json, note, refused, rendered
from .settings import say, settings

REFUSED: Final = 1
CALLED_WRONGLY: Final = 2
#: A fault of csdomain itself (EX_SOFTWARE of sysexits.h).
FAULT: Final = 70
#: As shells say it of a process that SIGINT or SIGPIPE ended.
INTERRUPTED: Final = 130
NOBODY_READS: Final = 141

app = typer.Typer(
    name="csdomain",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Customer service as a library: house rules, databases, cases, deadlines, messages, event logs.",
)


def _say_version(asked: bool) -> None:
    if asked:
        found = version("csdomain")
        answer({"version": found}, f"csdomain {found}")
        raise typer.Exit


@app.callback()
def _root(
    language: Speak = None,
    as_json: Json = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which csdomain this is.")
    ] = False,
) -> None:
    everywhere(language, as_json)


for _group, _help in (
    (cases.app, "Cases: list and search, show one, its trail, what may be done with it."),
    (renewals.app, "Renewals: the contracts that end soon."),
    (service.app, "Service desk: jobs to dispatch, the daily check, vouchers to print."),
    (people.app, "Customers: find and import them."),
    (stock.app, "Stock: on hand, a product's card, who holds what, warnings, papers to print."),
    (messages.app, "Messages: what became of each, sending one again, receipts."),
    (rules.app, "House rules: list, show, check and compare rulebooks."),
    (databases.app, "Databases: bring the tables up to date."),
    (reports.app, "Figures: a month counted, as tables, page or file."),
):
    app.add_typer(_group, callback=everywhere, no_args_is_help=True, help=_help)
for _module in (cases, databases, describe, reports, verifying, working):
    _module.add_to(app)


@cache
def tree(language: Language = "en") -> Any:
    """All commands, as Typer makes them."""
    made = typer.main.get_command(app)
    return in_chinese(made) if language == "zh" else made


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code.

    0 done, 1 refused (the error says why), 2 called wrongly, 70 a fault of csdomain, 130 interrupted, 141 nobody reads
    the answer any more.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if os.name == "nt" and arguments is None:
        given = expanded(given)
    settings.read(given, os.environ)
    try:
        _take_any_character()
        code = _invoked(given)
        sys.stdout.flush()
    except BrokenPipeError:
        return NOBODY_READS
    except KeyboardInterrupt:
        note(say("Interrupted; what was finished before stays.", "已中断；此前完成的保留不变。"))
        return INTERRUPTED
    except OSError as error:
        return _unwritten(error)
    return code


def _invoked(given: list[str]) -> int:
    try:
        root = tree(settings.language)
        with root.make_context("csdomain", given) as context:
            code = root.invoke(context)
    except OSError:
        raise
    except typer.Exit as done:
        return done.exit_code
    except DomainError as error:
        return refused(error)
    except Exception as error:  # noqa: BLE001 - a traceback is no answer, and shows what people wrote
        return _called_wrongly(error) if hasattr(error, "format_message") else _fault(error)
    return code if isinstance(code, int) else 0


def _unwritten(error: OSError) -> int:
    """Say which file could not be read or written; where that is standard output, not there."""
    said = trouble(error)
    try:
        if settings.as_json:
            refused(said)
            sys.stdout.flush()
            return REFUSED
    except OSError:
        pass
    note(rendered(said), style="red")
    return REFUSED


def _take_any_character() -> None:
    """Characters that the encoding of standard output lacks are replaced: half an answer would be worse."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


#: Errors of the line itself in Chinese, by the name of the class: Typer's own words are English only.
_WRONG: Final = {
    "MissingParameter": "缺少必需的参数",
    "NoSuchOption": "没有此选项",
    "BadParameter": "参数的值无效",
    "BadOptionUsage": "选项缺少值",
}


def _called_wrongly(error: Any) -> int:
    said = hide(" ".join(str(error.format_message()).split()))
    if said:  # else it was help that was asked for
        path = "csdomain" if error.ctx is None else error.ctx.command_path
        chinese = _WRONG.get(type(error).__name__, "命令有误")
        text = Text(f"{path}: {said} Try: {path} --help", f"{path}：{chinese}（{said}）。用法：{path} --help")
        if settings.as_json:
            message = {"en": text.en, "zh": text.zh}
            as_json({"error": {"code": "called_wrongly", "rule": None, "retryable": False, "message": message}})
        else:
            note(text(settings.language), style="red")
    return CALLED_WRONGLY


def _fault(error: Exception) -> int:
    if os.environ.get("CSDOMAIN_TRACEBACK"):
        traceback.print_exc()
        return FAULT
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__}, {Path(last.filename).name}:{last.lineno}"
    text = Text(
        f"A fault of csdomain: {where}. CSDOMAIN_TRACEBACK=1 shows more; please report it.",
        f"csdomain 自身出错：{where}。设 CSDOMAIN_TRACEBACK=1 可看详情；请报告。",
    )
    if settings.as_json:
        message = {"en": text.en, "zh": text.zh}
        as_json({"error": {"code": "fault", "rule": None, "retryable": False, "message": message}})
    else:
        note(text(settings.language), style="red")
    return FAULT


def expanded(arguments: Sequence[str]) -> list[str]:
    """``arguments`` with ``*.toml`` replaced by the files there are: on Windows no shell does it."""
    return [found for argument in arguments for found in (sorted(glob.glob(argument)) or [argument])]
