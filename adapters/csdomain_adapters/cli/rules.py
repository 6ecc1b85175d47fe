"""``csdomain rules``: rulebooks listed, shown, checked, compared; cases moved from one to another."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from csdomain import desk as desks
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, MissingBackend, NotFound
from csdomain.kernel.store.ports import OpenStore
from csdomain.rulebook import Rulebook, compare
from csdomain.rulebook.schema import schema as json_schema

from . import diffs, stores
from .options import As, Book, Branch, Position, Url, command
from .output import answer, as_json, error_data, note, progress, rendered, table
from .settings import say, settings

app = typer.Typer(name="rules")


@command(app, "list")
def list_() -> None:
    """List the rulebooks that ship."""
    found = {name: desks.load_rulebook(name) for name in desks.shipped_names()}
    if settings.as_json:
        as_json({"rulebooks": [{"name": n, "ref": b.ref, "sections": sorted(b.parts)} for n, b in found.items()]})
        return
    heads = [say("name", "名称"), say("ref", "标识"), say("sections", "章节")]
    table(say("Rulebooks", "规则手册"), heads, [[n, b.ref, ", ".join(sorted(b.parts))] for n, b in found.items()])


@command(app)
def check(files: Annotated[list[Path], typer.Argument(help="TOML files, or folders of them.")]) -> int:
    """Check rulebooks: every fault of every file, each with its key path. Exit code 1 where one is refused.

    Warns of holidays that are not known 60 days before they are needed.
    """
    results: list[dict[str, Any]] = []
    for file in files:
        try:
            found = stores.book_of(file)
        except DomainError as error:
            results.append({"file": str(file), "ok": False, "error": error_data(error)})
            if not settings.as_json:
                note(f"{file}: {rendered(error)}", style="red")
        else:
            warnings = _warnings(found)
            results.append({"file": str(file), "ok": True, "ref": found.ref, "warnings": warnings})
            if not settings.as_json:
                answer({}, f"{file}: {found.ref}")
                for warning in warnings:
                    note(f"{file}: {warning}", style="yellow")
    if settings.as_json:
        as_json({"files": results})
    return 0 if all(result["ok"] for result in results) else 1


@command(app)
def show(rulebook: Annotated[str, typer.Argument(help="A rulebook that ships, a TOML file, or a folder.")]) -> None:
    """Show a rulebook as it is after `extends`, as JSON."""
    book = stores.book(rulebook)
    as_json({"ref": book.ref, **json.loads(book.canonical)})


@command(app)
def schema(
    rulebook: Annotated[str | None, typer.Argument(help="One that ships, a TOML file, or a folder: its names.")] = None,
) -> None:
    """Print the JSON Schema of rulebooks, for editors; with one, its positions, roles and calendars are proposed."""
    book = None if rulebook is None else stores.book(rulebook)
    as_json(json_schema(desks.sections(), book, settings.language))


@command(app)
def diff(
    old: Annotated[
        str, typer.Argument(help="A rulebook that ships, a file, a folder, or a ref name@hash of the database.")
    ],
    new: Annotated[str, typer.Argument(help="The same, for the rulebook it is compared with.")],
    database: Annotated[str | None, typer.Option(help="The store whose running cases are counted.")] = None,
    cases: Annotated[bool, typer.Option("--cases", help="Also list the ids of the running cases.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where they differ.")] = False,
) -> int:
    """Say what a new rulebook changes, when it acts, and which running cases of a database it touches."""
    with nullcontext() if database is None else stores.store(database) as store:
        before, after = (_book(name, store) for name in (old, new))
        found = compare(before, after)
        touched = None if store is None else diffs.ask(store, found, after, ids=cases)
    if settings.as_json:
        as_json(diffs.as_data(found, touched))
    else:
        diffs.show(found, touched)
    return 1 if exit_code and found else 0


@command(app)
def rebase(
    url: Url,
    ref: Annotated[str, typer.Argument(help="The rulebook they run under: name@hash.")],
    actor: As,
    branch: Branch,
    position: Position,
    rulebook: Book = "after_sales",
) -> int:
    """Move the cases that run under a rulebook to another, on purpose and audited. Exit code 1 where some refused."""
    with stores.desk(url, rulebook) as desk, progress(say("cases", "案件")) as advance:
        by = desk.house.actor(actor, branch, position)
        desks.stored_rulebook(desk.store, ref)  # of a misspelt one no case would be moved, and nothing said
        report = desk.rebase(ref, by=by, at=desk.clock.now(), progress=advance)
        after = desk.house.rulebook.ref
    refusals = [{"case": id, "error": error_data(error)} for id, error in report.refused]
    moved, refused = len(report.moved), len(refusals)
    text = say(
        f"{moved} cases moved from {ref} to {after}, {refused} refused",
        f"{moved} 件案件由 {ref} 改挂 {after}，{refused} 件被拒绝",
    )
    answer({"moved": list(report.moved), "refused": refusals, "rulebook": after}, text)
    return 1 if refusals else 0


def _warnings(book: Rulebook) -> list[str]:
    try:
        return [one.text(settings.language) for one in desks.house_of(book).unpublished(stores.now())]
    except MissingBackend as error:  # a host may give the holidays itself
        return [rendered(error)]


def _book(name: str, store: OpenStore | None) -> Rulebook:
    if "@" not in name or name.endswith(".toml") or Path(name).is_dir():
        return stores.book(name)
    if store is None:
        raise NotFound(
            rulebook=name, accepted=Text("--database URL, where it is kept", "--database URL，即其所在的存储")
        )
    return desks.stored_rulebook(store, name)
