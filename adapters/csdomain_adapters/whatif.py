"""The report of a what-if as one HTML page that needs nothing else: before and after as charts, cases with reasons."""

from collections.abc import Sequence
from html import escape
from typing import Final

from csdomain.kernel.rules import Language
from csdomain.kernel.rules.errors import show
from csdomain.reporting.replay_text import share
from csdomain.reporting.whatif_report import NOBODY, NOT_KNOWN, ChangedCase, WhatIfReport, group_text
from csdomain.reporting.whatif_text import (
    DEADLINES,
    DECISIONS,
    REFUSED,
    books,
    deadline_rows,
    decision_rows,
    heads,
    refused_rows,
)
from csdomain_adapters.charts import DARK, GREY, WARM, Bar, Charts, Series, nice
from csdomain_adapters.pages import cards, page, table

__all__ = ["render_html"]
#: Authorities and reasons are long names.
_LABELS: Final = 240


def render_html(report: WhatIfReport, language: Language = "en") -> str:
    """The report as one self-contained page: no scripts, nothing loaded, everything escaped. [RPT-05]"""
    return _Page(report, language).whole()


class _Page:
    def __init__(self, report: WhatIfReport, language: Language) -> None:
        self.report, self.language, self.charts = report, language, Charts(labels=_LABELS)

    def say(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en

    def whole(self) -> str:
        title = self.say("Closed complaints under another rulebook", "已结投诉依另一规则手册重算")
        parts = [
            self._head(title),
            *self._section(self.say("Who decides", "由谁核决"), self._decisions()),
            *self._section(self.say("Deadlines breached", "逾期的期限"), self._deadlines()),
            *self._section(self.say("What would have been refused", "不予受理的步骤"), self._refused()),
            *self._section(self.say("Cases that would have gone otherwise", "会有不同的案件"), self._cases()),
            self._notes(),
        ]
        return page(f"{title}: {self.report.rulebook}", parts, self.language)

    def _section(self, title: str, body: str) -> Sequence[str]:
        nothing = f'<p class="soft">{self.say("Nothing.", "无。")}</p>'
        return f"<h2>{escape(title)}</h2>", body or nothing

    def _head(self, title: str) -> str:
        report, say = self.report, self.say
        before, after = report.breached
        shown = [
            (f"{report.cases:,}", say("closed complaints", "件已结投诉")),
            (
                share(report.changed, report.cases),
                say(f"would have gone otherwise ({report.changed:,})", f"会有不同（{report.changed:,} 件）"),
            ),
            (f"{after:,}", say(f"deadlines breached, {before:,} before", f"个期限逾期，原为 {before:,} 个")),
            (
                f"{report.refused_cases:,}",
                say("cases with a step refused", "件有步骤不予受理"),
            ),
        ]
        return f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(books(report))}</p>\n{cards(shown)}'

    def _before_after(self, title: str, rows: Sequence[tuple[str, int, int]], colour: str) -> str:
        series = [Series(self.say("before", "原来"), GREY), Series(self.say("after", "以后"), colour)]
        bars = [Bar(name, (before, after), (f"{before:,}", f"{after:,}")) for name, before, after in rows]
        return self.charts.bars(title, series, bars, _ticks(max(n for row in rows for n in row[1:])))

    def _decisions(self) -> str:
        report, say = self.report, self.say
        if not report.decisions:
            return ""
        part = share(report.moved, report.submissions)
        moved = say(
            f"{report.moved:,} of {report.submissions:,} submissions ({part}) go to somebody else.",
            f"{report.submissions:,} 次呈核中有 {report.moved:,} 次（{part}）改由他人核决。",
        )
        rows = [(name or NOBODY(self.language), before, after) for name, before, after in report.authorities]
        chart = self._before_after(say("Submissions by authority", "各权限者的呈核次数"), rows, DARK)
        figures = table(heads(DECISIONS, self.language), decision_rows(report, self.language), left=2)
        return f'<p class="soft">{escape(moved)}</p>\n{chart}\n{figures}'

    def _deadlines(self) -> str:
        report = self.report
        if not report.deadlines:
            return ""
        title = self.say("Deadlines breached, by rule", "各规则逾期的期限")
        rows = [(group_text(row.name, self.language), row.before, row.after) for row in report.deadlines]
        figures = table(heads(DEADLINES, self.language), deadline_rows(report, self.language))
        return f"{self._before_after(title, rows, WARM)}\n{figures}"

    def _refused(self) -> str:
        report, say = self.report, self.say
        if not report.refused:
            return ""
        bars = [Bar(row.why.text(self.language), (row.cases,), (f"{row.cases:,}",)) for row in report.refused]
        series = [Series(say("cases", "案件"), WARM)]
        ticks = _ticks(max(row.cases for row in report.refused))
        chart = self.charts.bars(
            say("Cases with a step refused, by reason", "按原因的不予受理案件"), series, bars, ticks
        )
        return f"{chart}\n{table(heads(REFUSED, self.language), refused_rows(report, self.language), left=2)}"

    def _cases(self) -> str:
        report, say = self.report, self.say
        if not report.listed:
            return ""
        count = len(report.listed)
        more = say(f"and {report.unlisted:,} more", f"另有 {report.unlisted:,} 件")
        rest = f'<p class="soft">{more}</p>' if report.unlisted else ""
        first = say(f"The first {count:,}, in order of id", f"依标识顺序的前 {count:,} 件")
        items = "".join(self._case(case) for case in report.listed)
        return f'<details open><summary>{first}</summary><ol class="faults">{items}</ol></details>{rest}'

    def _case(self, case: ChangedCase) -> str:
        changes = "<br>".join(escape(change.text(self.language)) for change in case.changes)
        return f"<li><b>{escape(show(case.number))}</b><br>{changes}</li>"

    def _notes(self) -> str:
        notes = "".join(f"<p>{escape(note(self.language))}</p>" for note in NOT_KNOWN)
        return f'<h2>{self.say("What cannot be known", "无从得知")}</h2>\n<div class="soft">{notes}</div>'


def _ticks(most: int) -> list[tuple[float, str]]:
    step = nice(most)
    return [(at, f"{at:,}") for at in range(0, most + step, step)]
