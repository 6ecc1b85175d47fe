"""The report of a replay as one HTML page that needs nothing else: charts, tables, deadlines explained (RPT-05)."""

from collections.abc import Sequence
from html import escape
from typing import Final

from csdomain.kernel.rules import Language
from csdomain.kernel.rules.errors import show
from csdomain.reporting.replay_report import LateCase, Month, ReplayReport
from csdomain.reporting.replay_text import (
    APPROXIMATE,
    lateness,
    moment,
    quantiles,
    share,
    stage_name,
    used,
)
from csdomain_adapters.charts import DARK, GREY, LIGHT, PALE, WARM, Bar, Charts, Series, nice
from csdomain_adapters.pages import cards, page, table

_HOUR: Final = 3_600_000_000
_FAULTS_SHOWN: Final = 200
_GROUPS_SHOWN: Final = 100
_MONTHS_SHOWN: Final = 120


def render_html(report: ReplayReport, language: Language = "en") -> str:
    """The report as one self-contained page: no scripts, nothing loaded, everything from the log escaped. [RPT-05]"""
    return _Page(report, language).whole()


class _Page:
    def __init__(self, report: ReplayReport, language: Language) -> None:
        self.report, self.language, self.charts = report, language, Charts()

    def say(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en

    def whole(self) -> str:
        report, say = self.report, self.say
        parts = [
            self._head(),
            self._months(),
            f"<h2>{say('Stages', '各阶段')}</h2>",
            self._stages(),
            f"<h2>{say('Moves', '各流转')}</h2>",
            self._moves(),
        ]
        if report.slas:
            parts += [f"<h2>{say('Service levels', '期限')}</h2>", self._slas(), self._worst()]
        parts += [f"<h2>{say('Events not replayed', '未重放的事件')}</h2>", self._faults(), self._notes()]
        return page(f"{report.name}: {say('replay of an event log', '事件日志重放')}", parts, self.language)

    def _head(self) -> str:
        report, say = self.report, self.say
        met = sum(sla.met for sla in report.slas)
        ended = met + sum(sla.breached for sla in report.slas)
        when = f"{moment(report.first_at, report.zone)} – {moment(report.as_of, report.zone)} ({report.zone})"
        not_replayed = report.events - report.replayed
        shown = [
            (f"{report.events:,}", say("events", "事件")),
            (
                share(report.replayed, report.events),
                say(f"replayed; {not_replayed:,} not", f"已重放；{not_replayed:,} 个未重放"),
            ),
            (
                f"{report.cases:,}",
                say(f"cases; {report.finished:,} finished", f"案件；{report.finished:,} 件已结束"),
            ),
            (share(met, ended), say("of ended deadlines met", "的已到期期限达成")),
        ]
        return (
            f'<h1>{escape(report.name)}</h1>\n<p class="soft">{say("Event log", "事件日志")} {escape(report.log)}<br>'
            f"{escape(when)}</p>\n{cards(shown)}"
        )

    def _months(self) -> str:
        say = self.say
        if not self.report.months:
            return ""
        by_year = len(self.report.months) > _MONTHS_SHOWN or _span(self.report.months) > _MONTHS_SHOWN
        rows = _years(self.report.months) if by_year else _every_month(self.report.months)
        every = -(-len(rows) // 8) if by_year or len(rows) < 12 else 12 if len(rows) > 24 else 3
        title = say("Cases by year", "各年案件") if by_year else say("Cases by month", "各月案件")
        series = [Series(say("opened", "开启"), LIGHT), Series(say("finished", "结束"), DARK)]
        return f"<h2>{title}</h2>\n{self.charts.columns(title, series, rows, every)}"

    def _stages(self) -> str:
        report, say = self.report, self.say
        seen = [stage for stage in report.stages if stage.working.count]
        series = [Series(say("median", "中位"), DARK), Series("90 %", LIGHT)]
        rows = [
            Bar(
                stage_name(stage.state, self.language),
                (stage.working.median / _HOUR, stage.working.p90 / _HOUR),
                quantiles(stage.working, self.language),
            )
            for stage in seen
        ]
        most = max((row.values[1] for row in rows), default=0)
        step = nice(most)
        unit = say("h", "小时")
        ticks = [(at, f"{at:,} {unit}") for at in range(0, int(most) + step, step)]
        title = say("Working time of a visit, by stage", "各阶段每次停留的工作时间")
        head = (
            [
                "stage",
                "visits",
                "cases",
                "working median",
                "90 %",
                "elapsed median",
                "90 %",
                "still there",
                "fitting",
                "unfitting",
            ]
            if self.language == "en"
            else ["阶段", "次数", "案件", "工作时间中位", "90 %", "历时中位", "90 %", "仍在", "符合", "不符合"]
        )
        figures = table(
            head,
            [
                [
                    stage_name(stage.state, self.language),
                    f"{stage.visits:,}",
                    f"{stage.cases:,}",
                    *quantiles(stage.working, self.language),
                    *quantiles(stage.elapsed, self.language, days=True),
                    f"{stage.still:,}",
                    f"{stage.fitting:,}",
                    f"{stage.unfitting:,}",
                ]
                for stage in report.stages
            ],
        )
        chart = self.charts.bars(title, series, rows, ticks) if rows else ""
        return f'<p class="soft">{title}</p>\n{chart}\n{figures}'

    def _moves(self) -> str:
        say = self.say
        counts = self.report.moves
        series = [Series(say("fitting", "符合"), DARK), Series(say("not fitting", "不符合"), WARM)]
        rows = [
            Bar(move.replace("_", " "), (fits, fails), (f"{fits:,}", f"{fails:,}"))
            for move, (fits, fails) in counts.items()
        ]
        most = max((max(row.values) for row in rows), default=0)
        step = nice(most)
        ticks = [(at, f"{at:,}") for at in range(0, int(most) + step, step)]
        title = say("Moves that fitted the state of their case, and moves that did not", "与案件状态相符及不符的流转")
        return f'<p class="soft">{title}</p>\n' + (self.charts.bars(title, series, rows, ticks) if rows else "")

    def _slas(self) -> str:
        say = self.say
        series = [
            Series(say("met", "达成"), DARK),
            Series(say("breached", "逾期"), WARM),
            Series(say("cancelled", "取消"), GREY),
            Series(say("open", "未到期"), PALE),
        ]
        rows = []
        for sla in self.report.slas:
            counts = (sla.met, sla.breached, sla.cancelled, sla.open)
            rows.append(Bar(sla.name, counts, tuple(f"{n:,}" for n in counts)))
        head = (
            [
                "level",
                "within",
                "started",
                "met",
                "breached",
                "cancelled",
                "open",
                "met of ended",
                "used: median",
                "90 %",
            ]
            if self.language == "en"
            else ["期限", "时限", "启动", "达成", "逾期", "取消", "未到期", "达成率", "用时中位", "90 %"]
        )
        figures = table(
            head,
            [
                [
                    sla.name,
                    sla.duration(self.language),
                    *(f"{n:,}" for n in (sla.started, sla.met, sla.breached, sla.cancelled, sla.open)),
                    share(sla.met, sla.met + sla.breached),
                    *used(sla.share),
                ]
                for sla in self.report.slas
            ],
            left=2,
        )
        lines = []
        for sla in self.report.slas:
            notes = [
                say(f"{n:,} reached the warning at {p} %", f"{n:,} 个到达 {p} % 预警") for p, n in sla.warned.items()
            ]
            if sla.unfinished:
                notes.append(
                    say(f"{sla.unfinished:,} breached and never done", f"{sla.unfinished:,} 个逾期且至今未完成")
                )
            if notes:
                lines.append(f'<p class="soft">{escape(sla.name)}: {escape("; ".join(notes))}</p>')
        title = say("Deadlines met and breached", "期限达成与逾期")
        return f'<p class="soft">{title}</p>\n{self.charts.shares(title, series, rows)}\n{figures}\n' + "\n".join(lines)

    def _worst(self) -> str:
        parts = []
        for sla in self.report.slas:
            if sla.worst:
                parts.append(f"<h3>{self.say('Latest cases', '最迟的案件')}: {escape(sla.name)}</h3>")
                parts += [self._late(late, open_=not i) for i, late in enumerate(sla.worst)]
        return "\n".join(parts)

    def _late(self, late: LateCase, *, open_: bool) -> str:
        said = lateness(late, self.report.zone, self.language)
        return (
            f"<details{' open' if open_ else ''}><summary><b>{escape(show(late.case))}</b>: {escape(said)}</summary>"
            f"<pre>{escape(late.text(self.language))}</pre></details>"
        )

    def _faults(self) -> str:
        report, say = self.report, self.say
        ignored = sum(report.ignored.values())
        totals = [[say("replayed", "已重放"), f"{report.replayed:,}", share(report.replayed, report.events)]]
        totals.append([say("ignored by the map", "按映射忽略"), f"{ignored:,}", share(ignored, report.events)])
        totals += [
            [reason.text(self.language), f"{count:,}", share(count, report.events)]
            for reason, count in report.reasons.items()
        ]
        totals.append([say("all events", "全部事件"), f"{report.events:,}", share(report.events, report.events)])
        parts = [table([say("what became of them", "去向"), say("events", "事件"), say("share", "占比")], totals)]
        if not report.faults:
            return parts[0]
        groups = report.groups[:_GROUPS_SHOWN]
        head = (
            ["reason", "activity", "stage", "count", "first line"]
            if self.language == "en"
            else ["原因", "活动", "阶段", "次数", "首行"]
        )
        rows = [
            [
                g.reason.text(self.language),
                show(g.activity),
                stage_name(g.state, self.language),
                f"{g.count:,}",
                f"{g.line}",
            ]
            for g in groups
        ]
        parts.append(f"<h3>{say('By reason, activity and stage', '按原因、活动、阶段')}</h3>")
        parts.append(table(head, rows, left=3))
        if len(report.groups) > len(groups):
            more = len(report.groups) - len(groups)
            parts.append(f'<p class="soft">{say(f"and {more:,} kinds more", f"另有 {more:,} 类")}</p>')
        listed = report.listed[:_FAULTS_SHOWN]
        items = "".join(f"<li>{escape(fault.text(self.language))}</li>" for fault in listed)
        more = report.faults - len(listed)
        rest = f'<p class="soft">{say(f"and {more:,} more", f"另有 {more:,} 个")}</p>' if more else ""
        parts.append(
            f"<details><summary>{say(f'One by one ({len(listed):,})', f'逐一列出（{len(listed):,} 个）')}</summary>"
            f'<ol class="faults">{items}</ol>{rest}</details>'
        )
        return "\n".join(parts)

    def _notes(self) -> str:
        report, say = self.report, self.say
        notes = [
            say(
                "Working time counts only while the calendar of the map is open; elapsed time always.",
                "工作时间只在映射文件的日历开放时段内计算；历时则始终计算。",
            ),
            say(
                "A visit is an uninterrupted stay of a case in a stage; those that go on at its end are counted.",
                "一次停留指案件在某阶段的连续停留；日志结束时未完的停留只计次数。",
            ),
            say(
                "Median and 90 %: the smallest value that half, and nine of ten, do not exceed.",
                "中位与 90 %：至少一半、至少九成的数值不超过的最小值。",
            ),
            say(
                f"Deadlines that run are judged as of the last event, {moment(report.as_of, report.zone)}; used shares "
                "are of work that was done.",
                f"仍在计时的期限以最后事件 {moment(report.as_of, report.zone)} 为准；用时占比只计已完成的工作。",
            ),
        ]
        error = max((stage.elapsed.error for stage in report.stages), default=0)
        if error:
            notes.append(APPROXIMATE(self.language).format(error=error))
        working, elapsed = quantiles(report.working, self.language), quantiles(report.elapsed, self.language, days=True)
        told = say(
            f"Finished cases took {working[0]} of working time ({elapsed[0]} in all) in the median; nine of ten took "
            f"at most {working[1]} ({elapsed[1]}).",
            f"已结案件的工作时间中位为 {working[0]}（历时 {elapsed[0]}）；九成不超过 {working[1]}（{elapsed[1]}）。",
        )
        head = say("How to read this", "说明")
        paragraphs = "".join(f"<p>{escape(note)}</p>" for note in (told, *notes))
        return f'<h2>{head}</h2>\n<div class="soft">{paragraphs}</div>'


def _span(months: Sequence[Month]) -> int:
    return (months[-1].year - months[0].year) * 12 + months[-1].month - months[0].month + 1


def _every_month(months: Sequence[Month]) -> list[Bar]:
    """A bar for every month from the first to the last, also for those in which nothing happened."""
    counted = {(m.year, m.month): (m.opened, m.finished) for m in months}
    rows = []
    for number in range(_span(months)):
        year, month = divmod(months[0].year * 12 + months[0].month - 1 + number, 12)
        opened, finished = counted.get((year, month + 1), (0, 0))
        rows.append(Bar(f"{year}-{month + 1:02}", (opened, finished), (f"{opened:,}", f"{finished:,}")))
    return rows


def _years(months: Sequence[Month]) -> list[Bar]:
    counted: dict[int, tuple[int, int]] = {}
    for month in months:
        opened, finished = counted.get(month.year, (0, 0))
        counted[month.year] = (opened + month.opened, finished + month.finished)
    return [Bar(str(y), counts, (f"{counts[0]:,}", f"{counts[1]:,}")) for y, counts in sorted(counted.items())]
