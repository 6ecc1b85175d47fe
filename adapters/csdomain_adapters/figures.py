"""A month's complaints as one HTML page that needs nothing else: charts by class, cause, unit, product (RPT-05)."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from zoneinfo import ZoneInfo

from csdomain.kernel.rules import Language, Text
from csdomain.kernel.values.money import Money
from csdomain.reporting.complaints_month import DIMENSIONS, Figures, MonthlyComplaints
from csdomain_adapters.charts import DARK, GREY, WARM, Bar, Charts, Series, nice
from csdomain_adapters.pages import cards, page, table

__all__ = ["render_html", "tables"]

#: Title, heads, rows.
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
_TITLE = Text("Complaints closed in {month}", "{month} 结案的客户投诉")
_UNKNOWN = Text("not known", "不详")
_MOST_BARS = 15


def render_html(report: MonthlyComplaints, zone: str, language: Language = "en") -> str:
    """The report as one self-contained page, its moment told in ``zone`` (IANA). [RPT-02, RPT-05]"""
    charts = Charts()
    chinese = language == "zh"
    title = _TITLE(language).format(month=report.month)
    moment = report.as_of.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes")
    as_of = f"统计时点 {moment}（{zone}）" if chinese else f"as of {moment} ({zone})"
    parts = [
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(as_of)}</p>',
        cards(_cards(report, language)),
    ]
    for name, label in DIMENSIONS.items():
        groups = report.groups[name]
        head = f"按{label.zh}" if chinese else f"By {label.en}"
        parts.append(f"<h2>{escape(head)}</h2>")
        if not groups:
            parts.append(f'<p class="soft">{"无。" if chinese else "Nothing."}</p>')
            continue
        parts.append(_chart(charts, head, groups, language))
        parts.append(table([label(language), *_heads(language)], _rows(groups, language)))
    return page(title, parts, language)


def tables(report: MonthlyComplaints, language: Language = "en") -> Iterator[Table]:
    """The report as tables for a terminal, each its title, its heads, its rows: the month in all, then each group."""
    heads = _heads(language)
    whole, before = ("本月合计", "上月合计") if language == "zh" else ("in all", "month before")
    rows = [(name, *_cells(figures)) for name, figures in ((whole, report.whole), (before, report.before))]
    yield _TITLE(language).format(month=report.month), ("", *heads), rows
    for name, label in DIMENSIONS.items():
        if groups := report.groups[name]:
            title = f"按{label.zh}" if language == "zh" else f"By {label.en}"
            yield title, (label(language), *heads), _rows(groups, language)


def _cards(report: MonthlyComplaints, language: Language) -> list[tuple[str, str]]:
    chinese, now, before = language == "zh", report.whole, report.before
    judged = now.in_time + now.late
    share = f"{100 * now.in_time / judged:.0f} %" if judged else "-"
    return [
        (
            f"{now.closed:,}",
            f"结案（上月 {before.closed:,}）" if chinese else f"closed (month before: {before.closed:,})",
        ),
        (share, f"按期（逾期 {now.late:,}）" if chinese else f"in time ({now.late:,} late)"),
        (str(now.granted), "核定金额" if chinese else "granted"),
        (str(now.lost), "损失金额" if chinese else "lost"),
    ]


def _chart(charts: Charts, title: str, groups: Mapping[str | None, Figures], language: Language) -> str:
    chinese = language == "zh"
    series = [
        Series("按期" if chinese else "in time", DARK),
        Series("逾期" if chinese else "late", WARM),
        Series(_UNKNOWN(language), GREY),
    ]
    shown = sorted(groups.items(), key=lambda item: (-item[1].closed, item[0] or ""))[:_MOST_BARS]
    bars = []
    for key, figures in shown:
        counts = (figures.in_time, figures.late, figures.closed - figures.in_time - figures.late)
        bars.append(Bar(_named(key, language), counts, tuple(f"{count:,}" for count in counts)))
    most = max(max(bar.values) for bar in bars)
    step = nice(most)
    ticks = [(at, f"{at:,}") for at in range(0, int(most) + step, step)]
    return charts.bars(title, series, bars, ticks)


def _heads(language: Language) -> tuple[str, ...]:
    if language == "zh":
        return ("结案", "按期", "逾期", "索赔", "核定", "损失")
    return ("closed", "in time", "late", "claimed", "granted", "lost")


def _rows(groups: Mapping[str | None, Figures], language: Language) -> list[tuple[str, ...]]:
    ordered = sorted(groups.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [(_named(key, language), *_cells(figures)) for key, figures in ordered]


def _cells(figures: Figures) -> tuple[str, ...]:
    counts = (figures.closed, figures.in_time, figures.late)
    amounts: tuple[Money, ...] = (figures.claimed, figures.granted, figures.lost)
    return (*(f"{count:,}" for count in counts), *map(str, amounts))


def _named(key: str | None, language: Language) -> str:
    return _UNKNOWN(language) if key is None else key
