"""Logs as files: what is read, what is refused, what is kept on disk, and how the report looks (RPT-05, RPT-06)."""

import csv
import json
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csdomain.reporting import CaseResult, MapInvalid, Reason, ReplayReport
from csdomain.reporting.log_faults import (
    AmbiguousColumn,
    EmptyLog,
    Fault,
    MalformedRow,
    MissingColumn,
    OutOfOrder,
    UnmappedActivity,
    UnparsableTime,
    UnreadableLog,
)
from csdomain.reporting.replay_text import length, share, table, width
from csdomain.reporting.rules import CHARTS, REPLAY
from csdomain_adapters.replay import SeenOnDisk, as_json, load_map, render_html, render_text, run_replay

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
LOG, MAP = DATA / "help_desk_log.csv", DATA / "help_desk_map.toml"
HEADER = "ticket,activity,time,agent\n"
ROW = "T-1,Ticket received,2026-09-21 10:00,a\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


@pytest.fixture(scope="module")
def report() -> ReplayReport:
    return run_replay(LOG, MAP)


# --- the log that ships -----------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
def test_every_row_of_the_made_up_log_is_accounted_for(report: ReplayReport) -> None:
    with LOG.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert report.events == len(rows) == report.replayed + sum(report.ignored.values()) + report.faults
    assert report.cases == len({row[0] for row in rows if row[0]}) == 60
    assert report.ignored == {"Survey sent": sum(row[1] == "Survey sent" for row in rows)}
    # One of each was put into it by hand; the moves that do not fit are what followed from them.
    assert set(report.reasons) == set(Reason) - {Reason.BEYOND_CALENDAR}
    assert [n for reason, n in report.reasons.items() if reason is not Reason.UNFITTING_MOVE] == [1] * 6
    lines = LOG.read_text("utf-8").splitlines()
    for fault in report.listed:
        assert fault.activity in lines[fault.line - 1]
        assert fault.case in lines[fault.line - 1]
    assert lines[next(f.line for f in report.listed if f.reason is Reason.MALFORMED_ROW) - 1].endswith(",urgent")


@pytest.mark.rule(REPLAY)
def test_deadlines_of_the_made_up_log_pass_over_the_holidays(report: ReplayReport) -> None:
    texts = [late.text("en") for sla in report.slas for late in sla.worst]
    assert any("National Day" in text for text in texts)
    assert any("make-up working day" in late.text() for sla in report.slas for late in sla.worst)
    assert all(sla.started == sla.met + sla.breached + sla.cancelled + sla.open for sla in report.slas)


@pytest.mark.rule(REPLAY)
def test_cases_and_faults_are_told_one_by_one() -> None:
    told: list[CaseResult] = []
    faults: list[Fault] = []
    report = run_replay(LOG, MAP, on_case=told.append, on_fault=faults.append)
    assert len({case.case for case in told}) == len(told) == report.finished + report.open
    assert sum(case.finished for case in told) == report.finished
    assert tuple(faults) == report.listed
    assert json.loads(json.dumps(told[0].as_data()))["stages"]
    by_case = [outcome.state.value for case in told for outcome in case.slas]
    assert by_case.count("breached") == sum(sla.breached for sla in report.slas)
    assert by_case.count("met") == sum(sla.met for sla in report.slas)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(
    ("text", "error", "facts"),
    [
        ("", EmptyLog, {}),
        (HEADER, EmptyLog, {}),
        ("ticket,activity\n" + ROW, MissingColumn, {"columns": ["time", "agent"], "line": 1}),
        ("ticket,activity,time,agent,time\n", AmbiguousColumn, {"column": "time", "places": [3, 5], "line": 1}),
        ('"ticket,activity,time,agent\n' + ROW, UnreadableLog, {"line": 1}),
    ],
)
def test_a_log_that_cannot_be_used_is_refused_by_name(
    log: Path, text: str, error: type[Exception], facts: dict[str, Any]
) -> None:
    log.write_text(text, "utf-8")
    with pytest.raises(error) as caught:
        run_replay(log, MAP)
    given = getattr(caught.value, "facts")  # noqa: B009 - DomainError
    assert given["file"] == "log.csv"
    assert facts.items() <= given.items()


@pytest.mark.rule(REPLAY)
def test_a_column_that_is_there_twice_only_matters_where_it_is_used(log: Path) -> None:
    log.write_text("ticket,note,activity,time,note,agent\nT-1,x,Ticket received,2026-09-21 10:00,y,a\n", "utf-8")
    assert run_replay(log, MAP).replayed == 1


@pytest.mark.rule(REPLAY)
def test_a_file_that_is_no_text_says_where(log: Path, tmp_path: Path) -> None:
    log.write_bytes(HEADER.encode() + ROW.encode() * 3 + b"T-2,\xff\xfe,,\n")
    with pytest.raises(UnreadableLog) as caught:
        run_replay(log, MAP)
    assert "utf-8" in str(caught.value)
    with pytest.raises(UnreadableLog):
        run_replay(tmp_path / "none.csv", MAP)


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("T-1,Ticket received,2026-13-01 10:00,a\n", UnparsableTime),
        ("T-1,Ticket lost,2026-09-21 10:00,a\n", UnmappedActivity),
        ("T-0,Ticket received,2026-09-21 09:59,a\n", OutOfOrder),
        ("T-1,Ticket received,2026-09-21 10:00,a,b\n", MalformedRow),
        ("T-1,Ticket received\n", MalformedRow),
        ('T-1,"Ticket" received,2026-09-21 10:00,a\n', MalformedRow),
        ('T-1,"Ticket received,2026-09-21 10:00,a\n', MalformedRow),
    ],
)
def test_a_faulty_row_is_listed_or_raised_with_its_line(log: Path, row: str, error: type[Exception]) -> None:
    # A field over two lines and a blank line come before it.
    before = HEADER + 'T-0,Ticket received,2026-09-21 10:00,"a\nb"\n\n'
    log.write_text(before + row, "utf-8")
    report = run_replay(log, MAP)
    assert [(fault.line, type(fault.error())) for fault in report.listed] == [(5, error)]
    assert (report.events, report.replayed) == (2, 1)
    with pytest.raises(error) as caught:
        run_replay(log, MAP, strict=True)
    assert getattr(caught.value, "facts")["line"] == 5  # noqa: B009 - DomainError


@pytest.mark.rule(REPLAY)
def test_rows_after_a_broken_one_are_read(log: Path) -> None:
    log.write_text(HEADER + 'T-0,"x"y,2026-09-21 10:00,a\n' + ROW + ROW.replace("T-1", "T-2"), "utf-8")
    report = run_replay(log, MAP)
    assert (report.events, report.replayed, report.faults) == (3, 2, 1)


@pytest.mark.rule(REPLAY)
def test_other_delimiters_encodings_and_the_mark_of_excel(log: Path, tmp_path: Path) -> None:
    log.write_bytes(b"\xef\xbb\xbf" + (HEADER + ROW).replace("\n", "\r\n").encode())
    assert run_replay(log, MAP).replayed == 1
    other = tmp_path / "map.toml"
    text = MAP.read_text("utf-8").replace('"Ticket received"', '"工单"')
    other.write_text(text + '\n[csv]\ndelimiter = ";"\nencoding = "gb18030"\n', "utf-8")
    log.write_bytes((HEADER + ROW).replace(",", ";").replace("Ticket received", "工单").encode("gb18030"))
    assert run_replay(log, other).replayed == 1


@pytest.mark.rule(REPLAY)
@given(st.permutations(range(8)), st.integers(0, 8))
@settings(max_examples=20)
def test_a_log_in_any_order_of_its_cases_is_accounted_for(order: list[int], cut: int) -> None:
    import tempfile

    rows = [f"T-{n % 3},Ticket received,2026-09-21 1{n % 7}:00,a\n" for n in order]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        log.write_text(HEADER + "".join(rows[:cut]) + "\n" + "".join(rows[cut:]), "utf-8")
        report = run_replay(log, MAP)
    assert report.events == 8 == report.replayed + report.faults
    assert report.replayed == 3


@pytest.mark.rule(REPLAY)
def test_progress_adds_up_to_the_size_of_the_file(log: Path) -> None:
    log.write_text(HEADER + ROW * 30_000, "utf-8")
    told: list[int] = []
    run_replay(log, MAP, progress=told.append)
    assert sum(told) == log.stat().st_size
    assert len(told) > 2
    assert min(told) >= 0


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize("text", ["name = ", 'name = "x"\n'])
def test_a_map_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    map_ = tmp_path / "map.toml"
    map_.write_text(text, "utf-8")
    with pytest.raises(MapInvalid):
        load_map(map_)
    with pytest.raises(MapInvalid):
        load_map(tmp_path / "none.toml")


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30).map(str)), max_size=80), st.integers(1, 9))
def test_what_is_remembered_on_disk_is_what_a_set_would_hold(does: list[tuple[bool, str]], most: int) -> None:
    expected: set[str] = set()
    with SeenOnDisk(in_memory=most) as seen:
        for add, case in does:
            if add:
                seen.add(case)
                expected.add(case)
            assert (case in seen) == (case in expected)
            assert len(seen._recent) < most
        assert all(case in seen for case in expected)


@pytest.mark.rule(REPLAY)
def test_memory_is_bounded_by_open_cases_and_not_by_the_log(log: Path) -> None:
    def peak(cases: int) -> int:
        with log.open("w", encoding="utf-8") as file:
            file.write(HEADER)
            for number in range(cases):
                day = f"2026-09-{21 + number % 4}"
                for clock, activity in (("09:30", "received"), ("10:00", "accepted")):
                    file.write(f"T-{number},Ticket {activity},{day} {clock},a\n")
                file.write(f"T-{number},Work started,{day} 11:00,a\nT-{number},Ticket solved,{day} 11:30,a\n")
                file.write(f"T-{number},Ticket closed,{day} 12:00,a\n")
        tracemalloc.start()
        try:
            run_replay(log, MAP)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # imports, calendars
    small, large = peak(300), peak(3_000)
    # What grows is eight bytes a sample and an id a case, both up to their limits; a case itself takes thousands.
    assert large - small < 2_700 * 700


# --- reports ----------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and whether every one is closed."""

    VOID = frozenset({"meta", "path", "rect", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.rule(CHARTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_needs_nothing_but_itself(report: ReplayReport, language: Any) -> None:
    text = render_html(report, language)
    page = Page(text)
    tags = {tag for tag, _ in page.seen}
    assert not tags & {"script", "link", "img", "iframe", "object", "image", "use"}
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert not [a for _, attributes in page.seen for a in attributes if a.startswith("on") or a in ("src", "href")]
    assert "@media print" in text


@pytest.mark.rule(CHARTS)
def test_every_chart_can_be_read_out(report: ReplayReport) -> None:
    page = Page(render_html(report))
    charts = [attributes for tag, attributes in page.seen if tag == "svg"]
    assert len(charts) == 4
    ids = {attributes["id"] for tag, attributes in page.seen if tag in ("title", "desc") and "id" in attributes}
    for chart in charts:
        assert chart["role"] == "img"
        assert set((chart["aria-labelledby"] or "").split()) <= ids
    assert len(ids) == 2 * len(charts)
    said = " ".join(page.text)
    for sla in report.slas:
        assert f"{sla.name}: met {sla.met:,}, breached {sla.breached:,}" in said


@pytest.mark.rule(CHARTS)
def test_bars_are_as_long_as_their_values(report: ReplayReport) -> None:
    text = render_html(report)
    charts = [part.split("</svg>")[0] for part in text.split("<svg")[1:]]
    chart = next(chart for chart in charts if "Moves that fitted" in chart)
    bars = re.findall(r'<rect x="150.0" y="[\d.]+" width="([\d.]+)"', chart)[1:]  # the first is of the legend
    values = [count for pair in report.moves.values() for count in pair]
    scale = max(map(float, bars)) / max(values)
    assert len(bars) == len(values)
    for bar, value in zip(bars, values, strict=True):
        assert float(bar) == pytest.approx(max(value * scale, 1 if value else 0), abs=0.11)


EVIL = '<script>alert("x")</script>&amp;\'"'


@pytest.mark.rule(CHARTS)
def test_nothing_from_a_log_becomes_markup(log: Path, tmp_path: Path) -> None:
    quoted = EVIL.replace('"', '""')
    log.write_text(
        HEADER + f'"{quoted}",Ticket received,2026-09-21 10:00,a\n"{quoted}","{quoted}","{quoted}",a\n', "utf-8"
    )
    with log.open("a", encoding="utf-8") as file:
        file.write(f'"{quoted}","{quoted}",2026-09-30 10:00,a\nT-2,Ticket received,2026-10-20 10:00,a\n')
    evil = tmp_path / "map.toml"
    text = MAP.read_text("utf-8").replace('"Help desk, autumn 2026"', json.dumps(EVIL))
    evil.write_text(text.replace('name = "accepted"\nstart', f"name = {json.dumps(EVIL)}\nstart"), "utf-8")
    report = run_replay(log, evil)
    assert report.faults == 2
    assert report.slas[0].worst
    for language in ("en", "zh"):
        page = Page(render_html(report, language))
        assert "script" not in {tag for tag, _ in page.seen}
        assert sum(EVIL in part for part in page.text) >= 4


@pytest.mark.rule(REPLAY)
def test_the_text_tells_the_figures_in_both_languages(report: ReplayReport) -> None:
    english, chinese = render_text(report), render_text(report, "zh")
    for text in (english, chinese):
        for figure in (report.events, report.replayed, report.cases, report.slas[1].breached):
            assert f"{figure:,}" in text
        assert report.slas[0].worst[0].case in text
    assert "reached the warning at 80 %" in english
    assert "到达 80 % 预警" in chinese
    assert not re.search(r"\b(visits|breached|replayed|working time)\b", chinese)


@pytest.mark.rule(REPLAY)
def test_who_did_it_is_not_in_the_report(report: ReplayReport) -> None:
    everything = render_text(report) + render_html(report) + json.dumps(as_json(report))
    assert "agent-" not in everything


@pytest.mark.rule(REPLAY)
def test_the_report_for_programs_is_json_and_says_the_same(report: ReplayReport) -> None:
    data = json.loads(json.dumps(as_json(report)))
    assert data["events"] == {
        "total": report.events,
        "replayed": report.replayed,
        "ignored": sum(report.ignored.values()),
        "not_replayed": report.faults,
    }
    assert len(data["faults"]) == report.faults
    assert sum(data["reasons"].values()) == report.faults
    stage = next(stage for stage in data["stages"] if stage["state"] == "accepted")
    assert stage["elapsed_s"]["median"] == report.stages[2].elapsed.median / 1_000_000
    assert [sla["met"] for sla in data["slas"]] == [sla.met for sla in report.slas]
    assert data["slas"][0]["worst"][0]["late_s"] > 0


@pytest.mark.rule(CHARTS)
def test_a_log_of_many_years_is_drawn_by_year(log: Path) -> None:
    map_ = log.with_name("map.toml")
    map_.write_text(MAP.read_text("utf-8").replace('public_holidays = "CN"', ""), "utf-8")
    rows = [f"T-{year},Ticket received,{year}-05-05 10:00,a\n" for year in range(1990, 2020)]
    log.write_text(HEADER + "".join(rows), "utf-8")
    assert "Cases by year" in render_html(run_replay(log, map_))
    log.write_text(HEADER + "T-1,Unknown,2026-05-05 10:00,a\n", "utf-8")
    assert Page(render_html(run_replay(log, map_))).seen  # nothing replayed: no charts of nothing


@pytest.mark.rule(REPLAY)
def test_figures_for_people() -> None:
    second = 1_000_000
    assert [length(n * second) for n in (0, 59, 61, 600, 3599, 3600, 5400, 180_000)] == [
        "0 s", "59 s", "1 min 1 s", "10 min", "59 min", "1 h", "1 h 30 min", "50 h"
    ]  # fmt: skip
    assert length(180_000 * second, days=True) == "2 d 2 h"
    assert length(5400 * second, "zh") == "1 小时 30 分"
    assert [share(*n) for n in ((0, 5), (1, 9999), (9999, 10000), (5, 5), (0, 0), (3, 2))] == [
        "0.0 %", "< 0.1 %", "99.9 %", "100.0 %", "-", "150.0 %"
    ]  # fmt: skip
    rows = table(["阶段", "n"], [["a", "1"], ["等待中", "22"]])
    assert len({width(row) for row in rows}) == 1
