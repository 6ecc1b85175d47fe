"""The report of a replay as text for people, in English and in Chinese (RPT-06)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from unicodedata import east_asian_width

from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import show

from .distribution import Quantiles
from .replay_report import PARTS, LateCase, ReplayReport, SlaReport

_GROUPS_SHOWN: Final = 25
_FAULTS_SHOWN: Final = 15
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_MICROS: Final = 1_000_000
OPENING: Final = Text("(opening)", "（开启）")
APPROXIMATE: Final = Text(
    "≈: more samples than are kept one by one; within {error:.1%} of the true value.",
    "≈：样本数超过逐一保留的上限；与真实值相差不超过 {error:.1%}。",
)


def length(micros: int, language: Language = "en", *, days: bool = False) -> str:
    """A length of time for people, to two units: ``3 h 20 min``; with ``days``, days of 24 hours from two on."""
    seconds = (micros + _MICROS // 2) // _MICROS
    chinese = language == "zh"

    def pair(large: int, small: int, per: int, names: tuple[str, str, str, str]) -> str:
        big, little = (names[2], names[3]) if chinese else (names[0], names[1])
        rest = seconds % large // per
        head = f"{seconds // large:,} {big}"
        return f"{head} {rest} {little}" if rest else head

    if seconds < 10 * _MINUTE:
        return (
            pair(_MINUTE, 1, 1, ("min", "s", "分", "秒"))
            if seconds >= _MINUTE
            else f"{seconds} {'秒' if chinese else 's'}"
        )
    if days and seconds >= 2 * _DAY:
        return pair(_DAY, _HOUR, _HOUR, ("d", "h", "天", "小时"))
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} {'分' if chinese else 'min'}"
    return pair(_HOUR, _MINUTE, _MINUTE, ("h", "min", "小时", "分"))


def share(part: int, whole: int) -> str:
    """A part as a percentage of the whole, ``-`` of nothing. Few is never shown as none, nor nearly all as all."""
    if not whole:
        return "-"
    if 0 < part * 1000 < whole:
        return "< 0.1 %"
    return f"{part * 1000 // whole / 10:,.1f} %"


def moment(at: datetime | None, zone: str) -> str:
    """An instant as clocks of ``zone`` show it, to the minute."""
    return "-" if at is None else f"{at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M}"


def stage_name(state: str, language: Language = "en") -> str:
    """A state for people."""
    return state.replace("_", " ") or OPENING(language)


def render(report: ReplayReport, language: Language = "en") -> str:
    """The report as text. Case ids are shown, who did what is not. [RPT-06]"""
    return "\n".join(_lines(report, language)) + "\n"


def _lines(report: ReplayReport, language: Language) -> Iterator[str]:
    zh = language == "zh"
    yield f"{report.name}: {report.log}" if report.log else report.name
    yield f"{moment(report.first_at, report.zone)} – {moment(report.as_of, report.zone)} ({report.zone})"
    yield ""
    yield from _totals(report, language)
    yield ""
    yield "各阶段" if zh else "Stages"
    yield from _stages(report, language)
    yield ""
    yield "各流转" if zh else "Moves"
    head = ["流转", "符合", "不符合"] if zh else ["move", "fitting", "unfitting"]
    yield from table(head, [[move, f"{fits:,}", f"{fails:,}"] for move, (fits, fails) in report.moves.items()])
    if report.slas:
        yield ""
        yield "期限" if zh else "Service levels"
        yield from _slas(report, language)
        for sla in report.slas:
            yield from _worst(report, sla, language)
    if report.faults:
        yield ""
        yield from _faults(report, language)


def _totals(report: ReplayReport, language: Language) -> Iterator[str]:
    zh = language == "zh"
    ignored = sum(report.ignored.values())
    rows = [
        ["事件" if zh else "events", f"{report.events:,}", ""],
        ["  已重放" if zh else "  replayed", f"{report.replayed:,}", share(report.replayed, report.events)],
        ["  按映射忽略" if zh else "  ignored by the map", f"{ignored:,}", share(ignored, report.events)],
        ["  未重放" if zh else "  not replayed", f"{report.faults:,}", share(report.faults, report.events)],
    ]
    rows += [
        [f"    {reason.text(language)}", f"{count:,}", share(count, report.events)]
        for reason, count in report.reasons.items()
    ]
    rows += [
        ["案件" if zh else "cases", f"{report.cases:,}", ""],
        ["  已结束" if zh else "  finished", f"{report.finished:,}", share(report.finished, report.cases)],
        [
            "  日志结束时未结" if zh else "  open at the end of the log",
            f"{report.open:,}",
            share(report.open, report.cases),
        ],
        ["  从未开启" if zh else "  never opened", f"{report.unopened:,}", share(report.unopened, report.cases)],
        ["交接次数" if zh else "hand-overs", f"{report.handovers:,}", ""],
    ]
    yield from table(["", "", ""], rows, header=False)
    for name, figures, days in (
        (Text("working time, finished cases", "已结案件的工作时间"), report.working, False),
        (Text("elapsed time, finished cases", "已结案件的历时"), report.elapsed, True),
    ):
        median, p90 = quantiles(figures, language, days=days)
        yield f"{name(language)}：中位 {median}，90 % {p90}" if zh else f"{name(language)}: median {median}, 90 % {p90}"


def quantiles(given: Quantiles, language: Language, *, days: bool = False) -> tuple[str, str]:
    """Median and 90 % as lengths of time, marked where they are not exact."""
    if not given.count:
        return "-", "-"
    mark = "" if given.exact else "≈ "
    return mark + length(given.median, language, days=days), mark + length(given.p90, language, days=days)


def used(given: Quantiles) -> tuple[str, str]:
    """Median and 90 % of used shares as percentages."""
    if not given.count:
        return "-", "-"
    mark = "" if given.exact else "≈ "
    return f"{mark}{share(given.median, PARTS)}", f"{mark}{share(given.p90, PARTS)}"


def _stages(report: ReplayReport, language: Language) -> Iterator[str]:
    zh = language == "zh"
    head = (
        ["阶段", "次数", "案件", "工作时间中位", "90 %", "历时中位", "90 %", "仍在", "符合", "不符合"]
        if zh
        else [
            "stage",
            "visits",
            "cases",
            "working median",
            "90 %",
            "elapsed median",
            "90 %",
            "still",
            "fitting",
            "unfitting",
        ]
    )
    rows = [
        [
            stage_name(stage.state, language),
            f"{stage.visits:,}",
            f"{stage.cases:,}",
            *quantiles(stage.working, language),
            *quantiles(stage.elapsed, language, days=True),
            f"{stage.still:,}",
            f"{stage.fitting:,}",
            f"{stage.unfitting:,}",
        ]
        for stage in report.stages
    ]
    yield from table(head, rows)
    error = max((stage.elapsed.error for stage in report.stages), default=0)
    if error:
        yield APPROXIMATE(language).format(error=error)


def _slas(report: ReplayReport, language: Language) -> Iterator[str]:
    zh = language == "zh"
    head = (
        ["期限", "时限", "启动", "达成", "逾期", "取消", "未到期", "达成率", "用时中位", "90 %"]
        if zh
        else [
            "level",
            "within",
            "started",
            "met",
            "breached",
            "cancelled",
            "open",
            "met of ended",
            "used median",
            "90 %",
        ]
    )
    yield from table(
        head,
        [
            [
                sla.name,
                sla.duration(language),
                *(f"{n:,}" for n in (sla.started, sla.met, sla.breached, sla.cancelled, sla.open)),
                share(sla.met, sla.met + sla.breached),
                *used(sla.share),
            ]
            for sla in report.slas
        ],
        left=2,
    )
    for sla in report.slas:
        for percent, count in sla.warned.items():
            yield (
                f"  {sla.name}：{count:,} 个到达 {percent} % 预警"
                if zh
                else f"  {sla.name}: {count:,} reached the warning at {percent} %"
            )
        if sla.unfinished:
            yield (
                f"  {sla.name}：逾期中有 {sla.unfinished:,} 个至今未完成"
                if zh
                else f"  {sla.name}: {sla.unfinished:,} of the breached were never done"
            )


def _worst(report: ReplayReport, sla: SlaReport, language: Language) -> Iterator[str]:
    if not sla.worst:
        return
    yield ""
    yield f"最迟的案件：{sla.name}" if language == "zh" else f"Latest cases: {sla.name}"
    for late in sla.worst:
        yield f"  {show(late.case)}: {lateness(late, report.zone, language)}"
        yield from ("    " + line for line in late.text(language).splitlines())


def lateness(late: LateCase, zone: str, language: Language) -> str:
    """How late, and when it was done."""
    found = late.outcome
    by = length(found.late, language)
    until = moment(found.until, zone)
    if language == "zh":
        return f"逾期 {by}，" + (f"完成于 {until}" if found.completed else f"至 {until} 仍未完成")
    return f"late by {by}, " + (f"done {until}" if found.completed else f"not done by {until}")


def _faults(report: ReplayReport, language: Language) -> Iterator[str]:
    zh = language == "zh"
    yield "未重放的事件" if zh else "Events not replayed"
    head = ["原因", "活动", "阶段", "次数", "首行"] if zh else ["reason", "activity", "stage", "count", "first line"]
    groups = report.groups[:_GROUPS_SHOWN]
    yield from table(
        head,
        [[g.reason.text(language), show(g.activity), g.state, f"{g.count:,}", str(g.line)] for g in groups],
        left=3,
    )
    if len(report.groups) > len(groups):
        more = len(report.groups) - len(groups)
        yield f"……另有 {more:,} 类" if zh else f"… and {more:,} kinds more"
    yield ""
    for fault in report.listed[:_FAULTS_SHOWN]:
        yield "  " + fault.text(language)
    more = report.faults - min(len(report.listed), _FAULTS_SHOWN)
    if more:
        yield f"  ……另有 {more:,} 个" if zh else f"  … and {more:,} more"


# --- tables -----------------------------------------------------------------------------------------------------------


def width(text: str) -> int:
    """Columns that a text takes on a terminal: two for a wide character."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, header: bool = True) -> list[str]:
    """Rows in columns, the first ``left`` of them aligned to the left, the rest to the right."""
    shown = [head, *rows] if header else list(rows)
    widths = [max(width(row[i]) for row in shown) for i in range(len(head))] if shown else []

    def line(row: Sequence[str]) -> str:
        cells = []
        for i, cell in enumerate(row):
            pad = " " * (widths[i] - width(cell))
            cells.append(cell + pad if i < left else pad + cell)
        return ("  " + "  ".join(cells)).rstrip()

    lines = [line(row) for row in shown]
    if header:
        lines.insert(1, "  " + "  ".join("-" * w for w in widths))
    return lines
