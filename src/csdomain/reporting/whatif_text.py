"""The report of a what-if as text for people, in English and in Chinese."""

from collections.abc import Iterator, Sequence
from typing import Final

from csdomain.kernel.rules import Language, Text

from .replay_text import share, table
from .whatif_report import NOBODY, NOT_KNOWN, WhatIfReport, group_text

_CASES_SHOWN: Final = 20
#: How columns are headed, here and on the page.
DECISIONS: Final = (
    Text("decided by, before", "原核决者"),
    Text("after", "新核决者"),
    Text("submissions", "呈核次数"),
    Text("share", "占比"),
)
DEADLINES: Final = (
    Text("deadline", "期限"),
    Text("run", "计时数"),
    Text("breached before", "原逾期"),
    Text("after", "新逾期"),
    Text("newly", "新增"),
    Text("no longer", "不再逾期"),
    Text("not known", "无从得知"),
)
REFUSED: Final = (Text("rule", "规则"), Text("refused because", "不予受理的原因"), Text("cases", "案件"))


def heads(columns: Sequence[Text], language: Language) -> list[str]:
    """The heads of columns in a language."""
    return [column(language) for column in columns]


def decision_rows(report: WhatIfReport, language: Language) -> list[list[str]]:
    """Who decided and who would have, the largest first where it changes."""
    ordered = sorted(report.decisions, key=lambda row: (row.before == row.after, -row.count))
    return [
        [
            row.before or NOBODY(language),
            row.after or NOBODY(language),
            f"{row.count:,}",
            share(row.count, report.submissions),
        ]
        for row in ordered
    ]


def deadline_rows(report: WhatIfReport, language: Language) -> list[list[str]]:
    """The deadlines, rule by rule."""
    return [
        [
            group_text(row.name, language),
            *(f"{n:,}" for n in (row.ran, row.before, row.after, row.newly, row.kept, row.unknown)),
        ]
        for row in report.deadlines
    ]


def refused_rows(report: WhatIfReport, language: Language) -> list[list[str]]:
    """What would have been refused, rule by rule."""
    return [[row.why.rule.id, row.why.text(language), f"{row.cases:,}"] for row in report.refused]


def books(report: WhatIfReport) -> str:
    """The rulebooks that the cases went by, the most used first, and the one that is asked about."""
    before = sorted(report.books.items(), key=lambda item: -item[1])
    shown = ", ".join(ref for ref, _ in before[:3]) + (", …" if len(before) > 3 else "")
    return f"{shown or '-'} → {report.rulebook}"


def render(report: WhatIfReport, language: Language = "en") -> str:
    """The report as text. Cases are shown by number; nothing in it is personal."""
    return "\n".join(_lines(report, language)) + "\n"


def _lines(report: WhatIfReport, language: Language) -> Iterator[str]:
    zh = language == "zh"
    before, after = report.breached
    yield books(report)
    yield ""
    rows = [
        ["已结案的投诉" if zh else "closed complaints", f"{report.cases:,}", ""],
        [
            "  会有不同" if zh else "  would have gone otherwise",
            f"{report.changed:,}",
            share(report.changed, report.cases),
        ],
        [
            "  其中有步骤不予受理" if zh else "  with a step refused",
            f"{report.refused_cases:,}",
            share(report.refused_cases, report.cases),
        ],
        ["  由其他系统转入" if zh else "  taken over from elsewhere", f"{report.imported:,}", ""],
        ["呈核" if zh else "submissions", f"{report.submissions:,}", ""],
        [
            "  改由他人核决" if zh else "  decided by somebody else",
            f"{report.moved:,}",
            share(report.moved, report.submissions),
        ],
        ["逾期的期限" if zh else "deadlines breached", f"{before:,} → {after:,}", ""],
    ]
    yield from table(["", "", ""], rows, header=False)
    if report.decisions:
        yield from ("", "核决" if zh else "Decisions")
        yield from table(heads(DECISIONS, language), decision_rows(report, language), left=2)
    if report.deadlines:
        yield from ("", "期限" if zh else "Deadlines")
        yield from table(heads(DEADLINES, language), deadline_rows(report, language))
    if report.refused:
        yield from ("", "不予受理" if zh else "Refused")
        yield from table(heads(REFUSED, language), refused_rows(report, language), left=2)
    if report.listed:
        yield from ("", "会有不同的案件" if zh else "Cases that would have gone otherwise")
        for case in report.listed[:_CASES_SHOWN]:
            yield f"  {case.number}"
            yield from (f"    {change.text(language)}" for change in case.changes)
        more = report.changed - min(len(report.listed), _CASES_SHOWN)
        if more:
            yield f"  另有 {more:,} 件" if zh else f"  and {more:,} more"
    yield from ("", "无从得知" if zh else "What cannot be known")
    yield from (f"  {note(language)}" for note in NOT_KNOWN)
