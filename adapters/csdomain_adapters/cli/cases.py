"""``csdomain case`` and ``csdomain clocks``: cases found and shown, by what whoever asks may read."""

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
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case: its number or its id.")]


@command(app, "list")
def list_(
    url: Url,
    actor: As,
    branch: Branch,
    position: Position,
    number: Annotated[str | None, typer.Option(help="Only the case of this number.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only those of this customer, by id.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only those in this state, or these.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="A condition on any column: product=engine, received_at>=2026-10-01T00:00Z."),
    ] = None,
    running: Annotated[bool, typer.Option("--open", help="Only those that are not at their end.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Only those in the queue of whoever asks.")] = False,
    sort: Annotated[str, typer.Option(help="The column to sort by; -received_at for the latest first.")] = "id",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    kind: Kind = "complaint",
    rulebook: Book = "after_sales",
) -> None:
    """List cases, or search for some. Personal columns are masked for those who may not see them."""
    with stores.reading(url, rulebook) as found:
        desk = of_kind(found, kind, stores.actor(found.house, actor, branch, position))
        conditions: list[Where[Any]] = [desk.condition(one) for one in where or []]
        for column, value in (("number", number), ("customer", customer)):
            if value is not None:
                conditions.append(desk.equal(column, value))
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
        if more:
            note(say(f"There are more than {limit}: see --limit.", f"多于 {limit} 件：见 --limit。"))


@command(app)
def show(
    url: Url,
    case: CaseId,
    actor: As,
    branch: Branch,
    position: Position,
    kind: Kind = "complaint",
    rulebook: Book = "after_sales",
) -> int:
    """Show a case: its columns, its clocks, what is still open, and what may be done with it now."""
    with stores.reading(url, rulebook) as found:
        desk = of_kind(found, kind, stores.actor(found.house, actor, branch, position))
        record = desk.get(case)
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


@command(app)
def trail(
    url: Url,
    case: CaseId,
    actor: As,
    branch: Branch,
    position: Position,
    kind: Kind = "complaint",
    rulebook: Book = "after_sales",
) -> None:
    """Show everything that happened to a case, in order. Reasons are masked for those who may not see them."""
    with stores.reading(url, rulebook) as found:
        desk = of_kind(found, kind, stores.actor(found.house, actor, branch, position))
        record = desk.get(case)
        records = desk.trail(record)
        if settings.as_json:
            as_json({"case": record.id, "trail": records})
            return
        heads = Text("at by move from to reason", "时间 操作人 流转 原状态 新状态 原因")(settings.language).split()
        keys = ("at", "by", "move", "from", "to", "reason")
        zone = desk.zone(record)
        rows = [[finding.written(line[key], zone) for key in keys] for line in records]
        table(record.number or record.id, heads, rows)


@command(app)
def moves(
    url: Url,
    case: CaseId,
    actor: As,
    branch: Branch,
    position: Position,
    kind: Kind = "complaint",
    rulebook: Book = "after_sales",
) -> None:
    """Say what may be done with a case and its parts now, and why the rest may not."""
    with stores.reading(url, rulebook) as found:
        desk = of_kind(found, kind, stores.actor(found.house, actor, branch, position))
        record = desk.get(case)
        parts = desk.moves(record, stores.now())
        if settings.as_json:
            data = [
                {"part": part, "move": m.move.value, "allowed": m.allowed, "why": {"en": m.why.en, "zh": m.why.zh}}
                for part, m in parts
            ]
            as_json({"case": record.id, "moves": data})
            return
        heads = Text("part move allowed why", "部分 流转 可否 缘由")(settings.language).split()
        rows = [
            [part, m.move.value, say("yes", "可") if m.allowed else say("no", "否"), m.why(settings.language)]
            for part, m in parts
        ]
        table(record.number or record.id, heads, rows)


def clocks(
    url: Url,
    actor: As,
    branch: Branch,
    position: Position,
    until: Until = None,
    owner: Annotated[str | None, typer.Option(help="Only the cases of this owner.")] = None,
    rulebook: Book = "after_sales",
) -> int:
    """List the clocks that run, by owner, and when each breaches. Exit code 1 where some cannot be counted."""
    last = None if until is None else instant(until)
    at = stores.now()
    with stores.reading(url, rulebook) as found:
        by = stores.actor(found.house, actor, branch, position)
        listed, failed = finding.running_clocks(found, by, at, until=last, owner=owner)
    if settings.as_json:
        as_json({"as_of": at, "clocks": [clock.data() for clock in listed], "not_counted": failed})
        return 1 if failed else 0
    table(say("Clocks that run", "运行中的计时器"), finding.clock_heads(), [clock.row() for clock in listed])
    late = sum(clock.late for clock in listed)
    note(say(f"{len(listed)} clocks, {late} overdue.", f"{len(listed)} 个计时器，{late} 个已逾期。"))
    for line in failed:
        note(say(f"not counted: {line}", f"无法计算：{line}"), style="red")
    return 1 if failed else 0


def add_to(root: typer.Typer) -> None:
    """The overview stands beside the groups, not in one."""
    command(root)(clocks)
