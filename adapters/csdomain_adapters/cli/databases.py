"""``csdomain db``, and the jobs that run beside the use cases: ``sweep`` and ``relay``."""

from typing import Annotated, Any, Final

import typer

from csdomain.desk import PRINT
from csdomain.kernel.store.relaying import due

from . import stores
from .gateways import DirectoryName, GatewayFile, Road
from .options import Book, Create, Until, Url, command, instant
from .output import answer, error_data, note, progress, table
from .settings import say, settings

app = typer.Typer(name="db")
#: As many messages as a dry run shows.
_MOST: Final = 1_000


@command(app)
def upgrade(url: Url) -> None:
    """Bring a database's tables up to date, and make an SQLite file that is not there. Several may do it at once."""
    schema = stores.schema(url)
    stores.check(url, create=True)
    before = _current(schema, url)
    schema.upgrade(url)
    after = schema.current(url)
    if before == after:
        text = say(f"already at {after}", f"已是 {after}")
    else:
        text = f"{before or say('no tables', '无表')} -> {after}"
    answer({"before": before, "after": after}, text)


@command(app)
def status(url: Url) -> int:
    """Say which version a database's tables are at, and which this csdomain needs; exit code 1 where they differ."""
    schema = stores.schema(url)
    at, head = _current(schema, url), schema.head
    text = say(f"at {at or 'nothing'}, needs {head}", f"现为 {at or '无'}，需要 {head}")
    answer({"current": at, "head": head, "ok": at == head}, text)
    return 0 if at == head else 1


def _current(schema: Any, url: str) -> str | None:
    """The version of a database's tables, None where it has none or is not there: to ask the store would make it."""
    file = stores.file_of(url)
    found: str | None = schema.current(url) if file is None or stores.holds_tables(file) else None
    return found


def sweep(
    url: Url,
    until: Until = None,
    rulebook: Book = "after_sales",
    create: Create = False,
) -> int:
    """Fire the timers that are due: warnings and breaches. Exit code 1 where a handler refused."""
    at = None if until is None else instant(until)
    with (
        stores.desk(url, rulebook, create=create) as desk,
        progress(say("timers fired", "已触发计时器")) as advance,
    ):
        report = desk.sweep(at, progress=advance)
    failed = [{"subject": s, "timer": t, "error": error_data(e)} for s, t, e in report.failed]
    text = say(
        f"{report.warned} warnings, {report.breached} deadlines breached, {len(failed)} refused",
        f"提醒 {report.warned} 次，逾期 {report.breached} 个期限，{len(failed)} 个被拒绝",
    )
    answer({"warned": report.warned, "breached": report.breached, "failed": failed}, text)
    return 1 if failed else 0


def relay(
    url: Url,
    notifier: Annotated[
        str | None,
        typer.Option(help="The name of an installed notifier, to send; 'print' lists what is due and sends nothing."),
    ] = None,
    gateways: GatewayFile = None,
    directory: DirectoryName = None,
    rulebook: Book = "after_sales",
    create: Create = False,
) -> int:
    """Deliver the messages that are due; without --notifier only list them. Exit code 1 where some were given up."""
    book = stores.book(rulebook)
    road = None if notifier == PRINT else Road.of(notifier, gateways, directory, book, also=(PRINT,))
    if road is None:
        return _dry_run(url)
    with stores.desk(url, rulebook, create=create) as desk, progress(say("messages", "消息")) as advance:
        report = desk.relay(road.notifier(desk), progress=advance)
    counts = {
        "sent": (report.sent, say("sent", "已发送")),
        "retrying": (report.retrying, say("to be tried again", "待重试")),
        "dead": (report.dead, say("given up", "已放弃")),
        "unknown": (report.unknown, say("unknown, to be asked for", "结果不明，待查询")),
        "lost": (report.lost, say("lost", "下落不明")),
        "expired": (report.expired, say("expired", "已过期")),
        "superseded": (report.superseded, say("superseded", "已被取代")),
        "suppressed": (report.suppressed, say("suppressed", "已拦截")),
    }
    data = {name: count for name, (count, _) in counts.items()} | {"unreadable": list(report.unreadable)}
    shown = [f"{count} {what}" for n, (count, what) in enumerate(counts.values()) if count or n < 3]
    text = ", ".join([*shown, *(say(f"cannot be read: {key}", f"无法读取：{key}") for key in report.unreadable)])
    answer(data, text)
    return 1 if report.dead or report.lost else 0


def _dry_run(url: str) -> int:
    with stores.store(url) as store:
        found = due(store, stores.now(), _MOST)
    more = len(found) == _MOST
    shown = [
        {"key": m.key, "occasion": m.occasion, "to": m.to, "queued": m.created_at, "attempts": m.attempts}
        for m in found
    ]
    if settings.as_json:
        answer({"dry_run": True, "sent": 0, "due": shown, "more": more})
        return 0
    if found:
        heads = (say("occasion", "场合"), say("to", "收件人"), say("queued", "排队时间"), say("key", "键"))
        rows = [(m.occasion, m.to, m.created_at.isoformat(timespec="minutes"), m.key) for m in found]
        table(say("Messages that are due", "待发消息"), heads, rows)
    count = f"{len(found)}{'+' if more else ''}"
    note(
        say(
            f"{count} due, none sent: name a notifier with --notifier to send them.",
            f"待发 {count} 条，均未发送：用 --notifier 指定通知器才会发送。",
        )
    )
    return 0


def add_to(root: typer.Typer) -> None:
    """The jobs stand beside the groups, not in one."""
    command(root)(sweep)
    command(root)(relay)
