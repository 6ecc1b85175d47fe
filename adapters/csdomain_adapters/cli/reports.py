"""``csdomain diagram``, ``replay``, ``figures`` and ``whatif``: what is drawn and counted."""

from pathlib import Path
from typing import Annotated, Any

import typer

from csdomain import desk as desks
from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import NotFound

from . import stores
from .files import there, written
from .options import As, Book, Branch, Html, Position, Url, command
from .output import answer, progress, table
from .settings import say, settings

app = typer.Typer(name="figures")


def diagram(
    lifecycle: Annotated[str, typer.Argument(help="The lifecycle: complaint.")],
    path: Annotated[str | None, typer.Option(help="Only this variant of the flow.")] = None,
) -> None:
    """Print a lifecycle as a Mermaid diagram, or its table as JSON."""
    found: dict[str, Lifecycle[Any, Any]] = {one.name: one for one in desks.lifecycles()}
    if lifecycle not in found:
        known = ", ".join(sorted(found))
        raise NotFound(lifecycle=lifecycle, accepted=Text(known, known))
    chosen = found[lifecycle]
    if path is not None and path not in chosen.paths:
        known = ", ".join(chosen.paths)
        raise NotFound(path=path, accepted=Text(known or "no path: it has one way", known or "不分流程种类"))
    data = {
        "lifecycle": lifecycle,
        "steps": [
            {
                "move": step.trigger.value,
                "from": None if step.source is None else step.source.value,
                "to": step.dest.value,
                "permission": step.action,
                "rule": step.rule.id,
            }
            for step in chosen.steps
            if step.on(path)
        ],
    }
    answer(data, chosen.mermaid(path).rstrip())


def replay(
    log: Annotated[Path, typer.Argument(help="The event log, CSV.")],
    map_: Annotated[Path, typer.Option("--map", help="How the log maps onto a workflow, TOML.")],
    html: Html = None,
    strict: Annotated[bool, typer.Option(help="Stop at the first row that cannot be read.")] = False,
) -> None:
    """Replay a real event log through a workflow, its calendar and its deadlines (RPT-06)."""
    import csdomain_adapters.replay as replays

    there(log, map_)
    with written(html, inputs=(log, map_)) as (page,):
        with progress(say("bytes read", "已读字节"), log.stat().st_size) as advance:
            report = replays.run_replay(log, map_, progress=advance, strict=strict)
        if html is not None:
            page.write_text(replays.render_html(report), encoding="utf-8")
    text = "" if settings.as_json else replays.render_text(report, settings.language)
    answer(replays.as_json(report), _with_file(text, html))


def _with_file(text: str, html: Path | None) -> str:
    return text if html is None else f"{text}\n\n{html}"


@command(app)
def complaints(
    url: Url,
    month: Annotated[str, typer.Option(help="The month of closing: 2026-03.")],
    actor: As,
    branch: Branch,
    position: Position,
    html: Html = None,
    csv: Annotated[Path | None, typer.Option(help="Write the figures as CSV.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write the figures as XLSX.")] = None,
    review: Annotated[Path | None, typer.Option(help="Write the list for the monthly review as CSV.")] = None,
    rulebook: Book = "after_sales",
) -> None:
    """Count the complaints closed in a month (CMP-26), and list them for the review of the GM office (CMP-20)."""
    from csdomain.complaints.values import PERSONAL
    from csdomain.reporting.complaints_month import complaints_of_month, review_of_month
    from csdomain_adapters import export
    from csdomain_adapters import figures as pages

    database = stores.file_of(url)
    inputs = () if database is None else (database,)
    with written(html, csv, xlsx, review, inputs=inputs) as made, stores.reading(url, rulebook) as desk:
        by = desk.house.actor(actor, branch, position)
        report = complaints_of_month(desk.complaints, month, by=by, at=stores.now())
        reveal = desk.house.resolve(by).may(PERSONAL)
        how: dict[str, Any] = {"language": settings.language, "zone": desk.house.zone(branch), "reveal": reveal}
        if html is not None:
            made[0].write_text(pages.render_html(report, how["zone"], settings.language), encoding="utf-8")
        if csv is not None:
            export.write_csv(report.table(), made[1], **how)
        if xlsx is not None:
            export.write_xlsx(report.table(), made[2], **how)
        if review is not None:
            with progress(say("cases", "案件")) as advance:
                rows = review_of_month(desk.complaints, month, by=by)
                export.write_csv(rows, made[3], progress=advance, **how)
    if settings.as_json:
        answer(report.as_data())
        return
    for title, heads, cells in pages.tables(report, settings.language):
        table(title, heads, cells, right=1)


def what_if(
    url: Url,
    rulebook: Annotated[
        str, typer.Option("--rulebook", help="The rulebook asked about: one that ships, a TOML file, or a folder.")
    ],
    html: Html = None,
) -> None:
    """Replay the closed complaints of a database under another rulebook: who decides, what is late, what is refused."""
    from csdomain.reporting import whatif, whatif_text
    from csdomain_adapters.whatif import render_html

    database = stores.file_of(url)
    with written(html, inputs=() if database is None else (database,)) as (page,):
        stores.check(url)
        house = desks.house_of(stores.book(rulebook))
        with stores.store(url) as store, progress(say("cases", "案件")) as advance:
            report = whatif.what_if(store, house, progress=advance)
        if html is not None:
            page.write_text(render_html(report, settings.language), encoding="utf-8")
    text = "" if settings.as_json else whatif_text.render(report, settings.language).rstrip()
    answer(report.as_data(), _with_file(text, html))


def add_to(root: typer.Typer) -> None:
    """These stand beside the groups, not in one."""
    command(root)(diagram)
    command(root)(replay)
    command(root, "whatif")(what_if)
