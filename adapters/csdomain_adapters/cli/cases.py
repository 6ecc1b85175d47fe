"""``csdomain case``, ``inbox`` and ``clocks``: cases found and shown, by what whoever asks may read."""

from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any

import typer

from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Where

from . import finding, stores
from .finding import each, of_kind
from .options import As, Book, Branch, Position, Until, Url, command, instant
from .output import answer, as_json, note, table
from .settings import say, settings

app = typer.Typer(name="case")

Kind = Annotated[str, typer.Option("--kind", help="The kind of case: complaint, order.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case: its number or its id.")]


@command(app, "list")
def list_(
    url: Url,
    actor: As,
    branch: Branch,
    position: Position,
    number: Annotated[str | None, typer.Option(help="Only the case of this number.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only those of this customer, by id.")] = None,
    order: Annotated[str | None, typer.Option(help="Only those of this order number.")] = None,
    batch: Annotated[str | None, typer.Option(help="Only those of this batch.")] = None,
    product: Annotated[str | None, typer.Option(help="Only those of this product.")] = None,
    handler: Annotated[str | None, typer.Option(help="Only those that this person is named for.")] = None,
    level: Annotated[int | None, typer.Option(min=1, help="Only those at this level, the lowest is 1.")] = None,
    due_before: Annotated[
        str | None, typer.Option("--due-before", help="Only those with a clock that is due before this instant.")
    ] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only those in this state, or these.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="A condition on any column: product=engine, received_at>=2026-10-01T00:00Z."),
    ] = None,
    running: Annotated[bool, typer.Option("--open", help="Only those that are not at their end.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Only those in the queue of whoever asks.")] = False,
    sort: Annotated[str, typer.Option(help="The column to sort by; -received_at for the latest first.")] = "id",
    limit: Limit = 50,
    kind: Kind = "complaint",
    rulebook: Book = "after_sales",
) -> None:
    """List cases, or search for some. Personal columns are masked for those who may not see them."""
    with stores.reading(url, rulebook) as found:
        desk = of_kind(found, kind, found.house.actor(actor, branch, position))
        conditions: list[Where[Any]] = [desk.condition(one) for one in where or []]
        named = {"number": number, "customer": customer, "order_number": order, "batch": batch, "product": product}
        for column, value in {**named, "handler": handler}.items():
            if value is not None:
                conditions.append(desk.equal(column, value))
        if level is not None:
            conditions.append(desk.condition(f"level={level - 1}"))
        if due_before is not None:
            conditions.append(desk.due_before(instant(due_before)))
        conditions += desk.in_states(state or [])
        if running:
            conditions.append(desk.running())
        rows = list(islice(each(desk, conditions, sort=sort, mine=mine), limit + 1))
        rows, more = rows[:limit], len(rows) > limit
        if settings.as_json:
            as_json({"cases": [desk.data(case) for case in rows], "more": more})
            return
        heads, cells = desk.table(rows)
        table(say("Cases", "案件"), heads, cells)
        _more(more, limit)


def of_case(work: Callable[[finding.Desk, Any], int | None]) -> Callable[[finding.Desk, Any], int | None]:
    """Make ``work`` a command about one case, with the options of all of them."""

    def called(
        url: Url,
        case: CaseId,
        actor: As,
        branch: Branch,
        position: Position,
        kind: Kind = "complaint",
        rulebook: Book = "after_sales",
    ) -> int | None:
        with stores.reading(url, rulebook) as found:
            desk = of_kind(found, kind, found.house.actor(actor, branch, position))
            return work(desk, desk.get(case))

    called.__name__, called.__doc__ = work.__name__, work.__doc__
    command(app)(called)
    return work


def _listed(record: Any, key: str, data: list[dict[str, Any]], heads: Text, rows: list[list[str]]) -> None:
    """Print what was asked of a case: for a program, or as a table."""
    if settings.as_json:
        as_json({"case": record.id, key: data})
    else:
        table(record.number or record.id, heads(settings.language).split(), rows)


@of_case
def show(desk: finding.Desk, record: Any) -> int:
    """Show a case: its columns, its clocks, what is still open, and what may be done with it now."""
    clocks, failed = desk.clocks(record, stores.now())
    ends = desk.open_ends(record)
    moves = [move.move.value for move in desk.service.moves(record.id, by=desk.by, at=stores.now()) if move.allowed]
    if settings.as_json:
        data = {"case": desk.data(record), "form": desk.form(record), "clocks": [clock.data() for clock in clocks]}
        as_json({**data, "not_counted": failed, "open_ends": ends, "moves": moves})
        return 1 if failed else 0
    lines = [*desk.lines(record), *desk.form_lines(record)]
    table(record.number or record.id, (say("column", "列"), say("value", "值")), lines)
    if clocks:
        table(say("Clocks", "计时器"), finding.clock_heads(), [clock.row() for clock in clocks])
    rest = [
        (say("still open", "尚未了结"), ends),
        (say("may be done now", "现在可以"), moves),
        (say("not counted", "无法计算"), failed),
    ]
    answer({}, "\n".join(f"{name}: {', '.join(listed) or '-'}" for name, listed in rest))
    return 1 if failed else 0


@of_case
def trail(desk: finding.Desk, record: Any) -> None:
    """Show everything that happened to a case, in order. Reasons are masked for those who may not see them."""
    records, zone = desk.trail(record), desk.zone(record)
    keys = ("at", "by", "move", "from", "to", "reason")
    rows = [[finding.written(line[key], zone) for key in keys] for line in records]
    _listed(record, "trail", records, Text("at by move from to reason", "时间 操作人 流转 原状态 新状态 原因"), rows)


@of_case
def moves(desk: finding.Desk, record: Any) -> None:
    """Say what may be done with a case and its parts now, and why the rest may not."""
    parts = desk.moves(record, stores.now())
    data = [
        {"part": part, "move": m.move.value, "allowed": m.allowed, "why": {"en": m.why.en, "zh": m.why.zh}}
        for part, m in parts
    ]
    rows = [
        [part, m.move.value, say("yes", "可") if m.allowed else say("no", "否"), m.why(settings.language)]
        for part, m in parts
    ]
    _listed(record, "moves", data, Text("part move allowed why", "部分 流转 可否 缘由"), rows)


def inbox(
    url: Url,
    actor: As,
    branch: Branch,
    position: Position,
    of_position: Annotated[str | None, typer.Option("--of", help="What waits for this position instead.")] = None,
    person: Annotated[str | None, typer.Option(help="What waits for this person instead.")] = None,
    in_branch: Annotated[str | None, typer.Option("--in", help="Only cases of this branch.")] = None,
    level: Annotated[int | None, typer.Option(min=1, help="Only cases at this level, the lowest is 1.")] = None,
    limit: Limit = 50,
    rulebook: Book = "after_sales",
) -> None:
    """List what waits for whoever asks: their cases, and those that wait for a position they hold. Grave ones first."""
    with stores.reading(url, rulebook) as found:
        by = found.house.actor(actor, branch, position)
        desk = of_kind(found, "complaint", by)
        whose = {"position": of_position, "person": person, "branch": in_branch}
        at = stores.now()
        rows = list(islice(finding.waiting(found, by, at, level=level, **whose), limit + 1))
        rows, more = rows[:limit], len(rows) > limit
        if settings.as_json:
            data = [
                {"case": desk.data(one.case), "waits_for": [{"to": w.to, "work": w.work} for w in one.waits]}
                for one in rows
            ]
            as_json({"as_of": at, "cases": data, "more": more})
            return
        heads, cells = desk.table([one.case for one in rows])
        works = [", ".join(wait.work for wait in one.waits) for one in rows]
        cells = [[row[0], work, *row[1:]] for row, work in zip(cells, works, strict=True)]
        table(say("Inbox", "待办"), [heads[0], say("waits for", "待办事项"), *heads[1:]], cells)
        _more(more, limit)


def _more(more: bool, limit: int) -> None:
    if more:
        note(say(f"There are more than {limit}: see --limit.", f"多于 {limit} 件：见 --limit。"))


def clocks(
    url: Url,
    actor: As,
    branch: Branch,
    position: Position,
    until: Until = None,
    owner: Annotated[str | None, typer.Option(help="Only the cases of this owner.")] = None,
    limit: Limit = 1000,
    rulebook: Book = "after_sales",
) -> None:
    """List the clocks that run, by owner, and when each breaches."""
    last = None if until is None else instant(until)
    at = stores.now()
    with stores.reading(url, rulebook) as found:
        by = found.house.actor(actor, branch, position)
        listed, more = finding.running_clocks(found, by, at, until=last, owner=owner, limit=limit)
    if settings.as_json:
        as_json({"as_of": at, "clocks": [clock.data() for clock in listed], "more": more})
        return
    table(say("Clocks that run", "运行中的计时器"), finding.clock_heads(), [clock.row() for clock in listed])
    late = sum(clock.late for clock in listed)
    note(say(f"{len(listed)} clocks, {late} overdue.", f"{len(listed)} 个计时器，{late} 个已逾期。"))
    _more(more, limit)


def add_to(root: typer.Typer) -> None:
    """The overviews stand beside the groups, not in one."""
    command(root)(clocks)
    command(root)(inbox)
