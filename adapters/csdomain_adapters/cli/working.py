"""``csdomain work``, ``health`` and ``rebuild``: the jobs of a desk, how they fare, and rows made again."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event
from types import FrameType
from typing import Annotated, Final

import attrs
import typer

from csdomain.desk import health_of, house_of
from csdomain.kernel.store.jobs import Job
from csdomain_adapters.worker import Poller

from . import stores
from .gateways import DirectoryName, GatewayFile, Road
from .options import Book, Create, Url, command
from .output import answer, note, progress, table
from .settings import say, settings

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def _until_told() -> Iterator[Event]:
    """An event that Ctrl-C or a supervisor's TERM sets."""
    stop = Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in _ENDING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def work(
    url: Url,
    notifier: Annotated[
        str | None, typer.Option(help="The name of an installed notifier; without it no message leaves.")
    ] = None,
    gateways: GatewayFile = None,
    directory: DirectoryName = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
    rulebook: Book = "after_sales",
    create: Create = False,
) -> None:
    """Do the work that comes back: timers, consequences, planned runs, messages. Ctrl-C ends it between two units."""
    road = Road.of(notifier, gateways, directory, stores.book(rulebook))
    with stores.desk(url, rulebook, create=create) as desk:
        jobs = desk.jobs(None if road is None else road.notifier(desk))
        if once:
            _once(jobs)
            return
        names = ", ".join(job.name for job in jobs)
        with _until_told() as stop:
            note(say(f"At work: {names}. Ctrl-C ends it.", f"运行中：{names}。按 Ctrl-C 结束。"))
            Poller().run(jobs, stop)
    answer({"stopped": True}, say("Stopped.", "已停止。"))


def _once(jobs: Sequence[Job]) -> None:
    done: dict[str, int] = {}
    with progress(say("units of work", "工作单元")) as advance:
        for job in jobs:
            done[job.name] = 0

            def told(more: int, name: str = job.name) -> None:
                done[name] += more
                advance(more)

            job.run(told)
    answer({"done": done}, ", ".join(f"{name}: {count}" for name, count in done.items()))


def _health(
    url: Url,
    patience: Annotated[int, typer.Option(min=0, help="Minutes that due work may wait.")] = 10,
    rulebook: Book = "after_sales",
) -> int:
    """Say how the work fares: what waits since when, what was given up. Exit code 1 where something is wrong."""
    house = house_of(stores.book(rulebook))
    with stores.store(url) as store:
        seen = health_of(store, house, stores.now())
    well = seen.is_well(timedelta(minutes=patience))
    since = {"timer": seen.oldest_timer, "message": seen.oldest_message, "run": seen.oldest_run}
    counts = {name: getattr(seen, name) for name in ("parked", "dead", "lost", "unknown", "failed_runs")}
    if settings.as_json:
        data = {"well": well, "at": seen.at, "overdue_since": since, "behind": dict(seen.behind), **counts}
        answer({**data, "unpublished": list(seen.unpublished), "unbuilt": list(seen.unbuilt)})
        return 0 if well else 1
    lines = [say("All is well.", "一切正常。") if well else say("Something is wrong.", "存在问题。")]
    lines += [_overdue(name, at, seen.at) for name, at in since.items() if at is not None]
    lines += [
        say(f"consequence {name}: {count} events behind", f"后续处理 {name}：落后 {count} 个事件")
        for name, count in seen.behind.items()
        if count
    ]
    said = {
        "parked": say("events that a consequence gave up", "被放弃处理的事件"),
        "dead": say("messages given up", "已放弃的消息"),
        "lost": say("messages lost", "下落不明的消息"),
        "unknown": say("messages of unknown fate", "结果不明的消息"),
        "failed_runs": say("planned runs failed", "失败的计划任务"),
    }
    lines += [f"{text}: {counts[name]}" for name, text in said.items() if counts[name]]
    lines += [say(f"holidays not published: {one}", f"节假日尚未公布：{one}") for one in seen.unpublished]
    lines += [say(f"rows not all made yet: {one}", f"数据行尚未全部生成：{one}") for one in seen.unbuilt]
    answer({}, "\n".join(lines))
    return 0 if well else 1


def _rebuild(
    url: Url,
    name: Annotated[str, typer.Argument(help="The rows: chronicle, or chronicle.complaint; all where none.")] = "",
    rulebook: Book = "after_sales",
) -> int:
    """Make rows that follow from cases and their trails again: what is missing and what is wrong. Others may work on.

    Of the contexts of the rulebook. Exit code 1 where a record cannot be read.
    """
    with stores.desk(url, rulebook) as desk, progress(say("records seen to", "已处理记录")) as advance:
        reports = desk.rebuild(name, progress=advance)
    rows = [(r.name, str(r.cases), str(r.added), str(r.dropped), str(len(r.unreadable))) for r in reports]
    if settings.as_json:
        answer({"rebuilt": [{**attrs.asdict(r), "unreadable": list(r.unreadable)} for r in reports]})
    else:
        heads = (say("rows", "数据行"), say("records", "记录"), say("added", "补上"), say("dropped", "删除"))
        table(say("Made again", "重新生成"), (*heads, say("unreadable", "无法读取")), rows, right=1)
    return 1 if any(r.unreadable for r in reports) else 0


def _overdue(name: str, since: datetime, at: datetime) -> str:
    what = {
        "timer": say("oldest timer", "最早的计时器"),
        "message": say("oldest message", "最早的消息"),
        "run": say("oldest planned run", "最早的计划任务"),
    }[name]
    minutes = int((at - since).total_seconds() // 60)
    return say(f"{what}: overdue for {minutes} minutes", f"{what}：已逾期 {minutes} 分钟")


def add_to(root: typer.Typer) -> None:
    """They stand beside the groups."""
    command(root)(work)
    command(root, "health")(_health)
    command(root, "rebuild")(_rebuild)
