"""The commands."""

from contextlib import closing, nullcontext
from datetime import datetime
from enum import Enum, unique
from pathlib import Path
from typing import Annotated, Any

import typer

import csdomain
from csdomain import desk as desks
from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.rules import PORTS, Language, Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue, NotFound
from csdomain.kernel.store.ports import OpenStore
from csdomain.rulebook import Rulebook, compare

from . import describe, diffs
from .output import answer, err, progress, refused, table

app = typer.Typer(
    name="csdomain",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Customer service as a library: house rules, databases, deadlines, messages, event logs.",
)
rules = typer.Typer(no_args_is_help=True, help="House rules: list, show, check and compare rulebooks.")
db = typer.Typer(no_args_is_help=True, help="Databases: bring the tables up to date.")
app.add_typer(rules, name="rules")
app.add_typer(db, name="db")
figures = typer.Typer(no_args_is_help=True, help="Figures: a month counted, as text, page or file.")
app.add_typer(figures, name="figures")

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]
Url = Annotated[str, typer.Argument(help="The store: sqlite:///desk.db, postgresql+psycopg://host/database.")]
Book = Annotated[str, typer.Option("--rulebook", help="A rulebook that ships, or a TOML file.")]


@unique
class Tongue(Enum):
    """Languages that the command speaks."""

    EN = "en"
    ZH = "zh"


class MalformedTime(InvalidValue):
    """A time on the command line that cannot be read, or without its zone (KRN-03)."""

    default_rule = PORTS
    problem = Text("This is not a time with its zone.", "这不是带时区的时间。")


class _Settings:
    language: Language = "en"
    as_json: bool = False


settings = _Settings()


@app.callback()
def _everywhere(
    language: Annotated[Tongue, typer.Option("--language", "-l", help="Language of answers and errors.")] = Tongue.EN,
) -> None:
    settings.language = "zh" if language is Tongue.ZH else "en"


def run(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code: 0 done, 1 refused (the error says why), 2 called wrongly."""
    settings.language, settings.as_json = "en", False
    try:
        code = app(args=arguments, standalone_mode=False)
    except DomainError as error:
        return refused(error, as_json=settings.as_json, language=settings.language)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return 130
    except Exception as error:
        show = getattr(error, "show", None)  # a usage error of the command line
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    return code if isinstance(code, int) else 0


# --- rulebooks
@rules.command("list")
def rules_list(as_json: Json = False) -> None:
    """List the rulebooks that ship."""
    settings.as_json = as_json
    found = {name: desks.load_rulebook(name) for name in desks.shipped_names()}
    data = {"rulebooks": [{"name": n, "ref": b.ref, "sections": sorted(b.parts)} for n, b in found.items()]}
    if as_json:
        answer(data, as_json=True)
        return
    table("Rulebooks", ["name", "ref", "sections"], [[n, b.ref, ", ".join(sorted(b.parts))] for n, b in found.items()])


@rules.command("check")
def rules_check(
    files: Annotated[list[Path], typer.Argument(help="TOML files.", exists=True, dir_okay=False)], as_json: Json = False
) -> int:
    """Check rulebooks: every fault of every file, each with its key path."""
    settings.as_json = as_json
    results: list[dict[str, Any]] = []
    for file in files:
        try:
            book = desks.load_rulebook(file)
        except csdomain.DomainError as error:
            results.append({"file": str(file), "ok": False, "error": error.as_data()})
            if not as_json:
                err.print(f"{file}: {error.render(settings.language)}", markup=False, style="red")
        else:
            results.append({"file": str(file), "ok": True, "ref": book.ref})
            if not as_json:
                answer({}, as_json=False, text=f"{file}: {book.ref}")
    if as_json:
        answer({"files": results}, as_json=True)
    return 0 if all(result["ok"] for result in results) else 1


@rules.command("show")
def rules_show(name: Annotated[str, typer.Argument(help="A rulebook that ships, or a TOML file.")]) -> None:
    """Show a rulebook as it is after `extends`, as JSON."""
    import json

    book = desks.load_rulebook(name)
    answer({"ref": book.ref, **json.loads(book.canonical)}, as_json=True)


@rules.command("diff")
def rules_diff(
    old: Annotated[str, typer.Argument(help="A rulebook that ships, a TOML file, or a ref name@hash of the database.")],
    new: Annotated[str, typer.Argument(help="The same, for the rulebook it is compared with.")],
    database: Annotated[str | None, typer.Option(help="The store whose running cases are counted.")] = None,
    cases: Annotated[bool, typer.Option("--cases", help="Also list the ids of the running cases.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where they differ.")] = False,
    as_json: Json = False,
) -> int:
    """Say what a new rulebook changes, when it acts, and which running cases of a database it touches."""
    settings.as_json = as_json
    with closing(desks.store_to_read(database)) if database else nullcontext() as store:
        diff = compare(*(_book(name, store) for name in (old, new)))
        found = None if store is None else diffs.ask(store, diff, ids=cases)
    if as_json:
        answer(diffs.as_data(diff, found), as_json=True)
    else:
        diffs.show(diff, found, settings.language)
    return 1 if exit_code and diff else 0


@rules.command("rebase")
def rules_rebase(
    database: Url,
    ref: Annotated[str, typer.Argument(help="The rulebook they run under: name@hash.")],
    actor: Annotated[str, typer.Option("--as", help="Who does it: the id that the trail will show.")],
    branch: Annotated[str, typer.Option(help="The branch of whoever does it.")],
    position: Annotated[list[str], typer.Option(help="The positions held.")],
    rulebook: Book = "after_sales",
    as_json: Json = False,
) -> int:
    """Move the cases that run under a rulebook to another, on purpose and audited. Exit code 1 where some refused."""
    settings.as_json = as_json
    with desks.open(database, rulebook) as desk, progress("cases", quiet=as_json) as advance:
        by = desk.actor(actor, branch=branch, positions=tuple(position))
        report = desk.rebase(ref, by=by, at=desk.clock.now(), progress=advance)
        after = desk.house.rulebook.ref
    refusals = [{"case": id, "error": error.as_data()} for id, error in report.refused]
    said = f"{len(report.moved)} cases moved from {ref} to {after}, {len(refusals)} refused"
    answer({"moved": list(report.moved), "refused": refusals, "rulebook": after}, as_json=as_json, text=said)
    return 1 if refusals else 0


def _book(name: str, store: OpenStore | None) -> Rulebook:
    if "@" not in name or name.endswith(".toml"):
        return desks.load_rulebook(name)
    if store is None:
        raise NotFound(
            rulebook=name, accepted=Text("--database URL, where it is kept", "--database URL，即其所在的存储")
        )
    return desks.stored_rulebook(store, name)


# --- databases
@db.command("upgrade")
def db_upgrade(url: Url, as_json: Json = False) -> None:
    """Bring a database's tables up to date. Several processes may do it at once."""
    settings.as_json = as_json
    schema = _schema(url)
    before = schema.current(url)
    schema.upgrade(url)
    after = schema.current(url)
    said = f"{before or 'no tables'} -> {after}" if before != after else f"already at {after}"
    answer({"before": before, "after": after}, as_json=as_json, text=said)


@db.command("status")
def db_status(url: Url, as_json: Json = False) -> int:
    """Say which version a database's tables are at, and which this csdomain needs; exit code 1 where they differ."""
    settings.as_json = as_json
    schema = _schema(url)
    at, head = schema.current(url), schema.head
    answer({"current": at, "head": head, "ok": at == head}, as_json=as_json, text=f"at {at or 'nothing'}, needs {head}")
    return 0 if at == head else 1


def _schema(url: str) -> Any:
    return desks.adapter("csdomain.schemas", desks.scheme(url))


# --- the domain as data
describe.add_to(app, settings)


# --- lifecycles
@app.command()
def diagram(
    name: Annotated[str, typer.Argument(help="The lifecycle: complaint.")],
    path: Annotated[str | None, typer.Option(help="Only this variant of the flow.")] = None,
    as_json: Json = False,
) -> None:
    """Print a lifecycle as a Mermaid diagram, or its table as JSON."""
    settings.as_json = as_json
    found: dict[str, Lifecycle[Any, Any]] = {lifecycle.name: lifecycle for lifecycle in desks.lifecycles()}
    if name not in found:
        known = ", ".join(sorted(found))
        raise NotFound(lifecycle=name, accepted=Text(known, known))
    steps = [step for step in found[name].steps if step.on(path)]
    data = {
        "lifecycle": name,
        "steps": [
            {
                "move": step.trigger.value,
                "from": None if step.source is None else step.source.value,
                "to": step.dest.value,
                "permission": step.action,
                "rule": step.rule.id,
            }
            for step in steps
        ],
    }
    answer(data, as_json=as_json, text=found[name].mermaid(path).rstrip())


# --- jobs
@app.command()
def sweep(
    url: Url,
    until: Annotated[str | None, typer.Option(help="An instant with its zone; now by default.")] = None,
    rulebook: Book = "after_sales",
    as_json: Json = False,
) -> int:
    """Fire the timers that are due: warnings and breaches. Exit code 1 where a handler refused."""
    settings.as_json = as_json
    at = None if until is None else _instant(until)
    with desks.open(url, rulebook) as desk, progress("timers fired", quiet=as_json) as advance:
        report = desk.sweep(at, progress=advance)
    failed = [{"subject": s, "timer": t, "error": e.as_data()} for s, t, e in report.failed]
    text = f"{report.warned} warnings, {report.breached} deadlines breached, {len(failed)} refused"
    answer({"warned": report.warned, "breached": report.breached, "failed": failed}, as_json=as_json, text=text)
    return 1 if failed else 0


@app.command()
def relay(
    url: Url,
    notifier: Annotated[str, typer.Option(help="The name of an installed notifier.")] = "print",
    rulebook: Book = "after_sales",
    as_json: Json = False,
) -> int:
    """Deliver the messages that wait. Exit code 1 where some were given up."""
    settings.as_json = as_json
    with desks.open(url, rulebook) as desk, progress("messages", quiet=as_json) as advance:
        report = desk.relay(notifier, progress=advance)
    data = {"sent": report.sent, "retrying": report.retrying, "dead": report.dead}
    answer(
        data, as_json=as_json, text=f"{report.sent} sent, {report.retrying} to be tried again, {report.dead} given up"
    )
    return 1 if report.dead else 0


def _instant(text: str) -> datetime:
    accepted = Text("2026-10-08T09:00:00+08:00", "2026-10-08T09:00:00+08:00")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedTime(given=text, accepted=accepted) from None
    if at.utcoffset() is None:
        raise MalformedTime(given=text, accepted=accepted)
    return at


# --- event logs
@app.command()
def replay(
    log: Annotated[Path, typer.Argument(help="The event log, CSV.", exists=True, dir_okay=False)],
    map_: Annotated[Path, typer.Option("--map", help="How the log maps onto a workflow, TOML.", exists=True)],
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page with charts.")] = None,
    strict: Annotated[bool, typer.Option(help="Stop at the first row that cannot be read.")] = False,
    as_json: Json = False,
) -> None:
    """Replay a real event log through a workflow, its calendar and its deadlines (RPT-06)."""
    import csdomain_adapters.replay as replays

    settings.as_json = as_json
    with progress("bytes read", log.stat().st_size, quiet=as_json) as advance:
        report = replays.run_replay(log, map_, progress=advance, strict=strict)
    if html is not None:
        html.write_text(replays.render_html(report), encoding="utf-8")
    text = "" if as_json else replays.render_text(report, settings.language)
    answer(replays.as_json(report), as_json=as_json, text=text + (f"\n\n{html}" if html is not None else ""))


# --- figures
@figures.command("complaints")
def figures_complaints(
    url: Url,
    month: Annotated[str, typer.Option(help="The month of closing: 2026-03.")],
    actor: Annotated[str, typer.Option("--as", help="Who asks: the id.")],
    branch: Annotated[str, typer.Option(help="The branch of whoever asks.")],
    position: Annotated[list[str], typer.Option(help="The positions held; they say what may be seen.")],
    html: Annotated[Path | None, typer.Option(help="Write the figures as one HTML page with charts.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the figures as CSV.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write the figures as XLSX.")] = None,
    review: Annotated[Path | None, typer.Option(help="Write the list for the monthly review as CSV.")] = None,
    rulebook: Book = "after_sales",
    as_json: Json = False,
) -> None:
    """Count the complaints closed in a month (CMP-26), and list them for the review of the GM office (CMP-20)."""
    from csdomain.complaints.values import PERSONAL
    from csdomain.reporting.complaints_month import complaints_of_month, review_of_month
    from csdomain_adapters import export
    from csdomain_adapters import figures as pages

    settings.as_json = as_json
    with desks.open(url, rulebook) as desk, progress("cases", quiet=as_json) as advance:
        by = desk.actor(actor, branch=branch, positions=tuple(position))
        report = complaints_of_month(desk.complaints, month, by=by, at=desk.clock.now())
        zone, reveal = desk.house.zone(branch), desk.house.resolve(by).may(PERSONAL)
        if html is not None:
            html.write_text(pages.render_html(report, zone, settings.language), encoding="utf-8")
        if csv is not None:
            export.write_csv(report.table(), csv, language=settings.language, zone=zone, reveal=reveal)
        if xlsx is not None:
            export.write_xlsx(report.table(), xlsx, language=settings.language, zone=zone, reveal=reveal)
        if review is not None:
            rows = review_of_month(desk.complaints, month, by=by)
            export.write_csv(rows, review, language=settings.language, zone=zone, reveal=reveal, progress=advance)
    answer(report.as_data(), as_json=as_json, text=pages.render_text(report, settings.language))


# --- what-if
@app.command("whatif")
def what_if_(
    url: Url,
    rulebook: Annotated[str, typer.Option("--rulebook", help="The rulebook asked about: TOML, or one that ships.")],
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page with charts.")] = None,
    as_json: Json = False,
) -> None:
    """Replay the closed complaints of a database under another rulebook: who decides, what is late, what is refused."""
    from csdomain.reporting import whatif, whatif_text
    from csdomain_adapters.whatif import render_html

    settings.as_json = as_json
    house = desks.house_of(rulebook)
    with closing(desks.store_to_read(url)) as store, progress("cases", quiet=as_json) as advance:
        report = whatif.what_if(store, house, progress=advance)
    if html is not None:
        html.write_text(render_html(report, settings.language), encoding="utf-8")
    text = "" if as_json else whatif_text.render(report, settings.language).rstrip()
    answer(report.as_data(), as_json=as_json, text=text + (f"\n\n{html}" if html is not None else ""))
