"""Rows of real files: CSV as it should be reads as the standard library reads it, and every line of any file is in one
row (RPT-06, KRN-15)."""

import csv
import io
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.reporting import MapInvalid, Plan, Reason, Replay, ReplayReport
from csdomain.reporting.log_faults import UnreadableLog
from csdomain.reporting.rules import REPLAY
from csdomain_adapters.replay import load_map, run_replay
from csdomain_adapters.replay import log as logs
from csdomain_adapters.replay.log import feed
from csdomain_adapters.replay.rows import Rows

MAP = """
name = "Desk"
[columns]
case = "ticket"
activity = "what"
time = "when"
[time]
zone = "UTC"
format = "%Y-%m-%d %H:%M"
[calendar]
zone = "UTC"
[calendar.weekly]
tue = ["09:00-18:00"]
[workflow]
states = ["new", "open", "closed"]
initial = "new"
final = ["closed"]
[[workflow.moves]]
name = "take"
from = ["new", "open"]
to = "open"
[[workflow.moves]]
name = "close"
from = "open"
to = "closed"
[activities]
"Taken" = "take"
"Closed" = "close"
"""
HEADER = "ticket,note,what,when,more\n"


def clean(number: int, note: str = "n", more: str = "m") -> str:
    return f"T-{number},{note},Taken,2026-04-07 10:{number % 60:02},{more}\n"


class Tries:
    """A log and its map, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, text: str | bytes, more: str = "", *, header: str = HEADER) -> ReplayReport:
        (self.folder / "map.toml").write_text(MAP + more, "utf-8")
        whole = text if isinstance(text, bytes) else (header + text).encode()
        (self.folder / "log.csv").write_bytes(whole)
        return run_replay(self.folder / "log.csv", self.folder / "map.toml")


@pytest.fixture
def replayed(tmp_path: Path) -> Tries:
    return Tries(tmp_path)


@cache
def plan_of(more: str) -> Plan:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "map.toml").write_text(MAP + more, "utf-8")
        return load_map(Path(folder) / "map.toml")


def fed(text: str, more: str = "") -> ReplayReport:
    """As `Tries`, for the many examples of a property: the map is read once."""
    replay = Replay(plan_of(more))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "log.csv").write_text(HEADER + text, "utf-8")
        feed(replay, Path(folder) / "log.csv")
    return replay.finish()


def rows_of(text: str, delimiter: str = ",", escape: str = "") -> list[list[str] | None]:
    lines: Iterator[tuple[int, str | None]] = iter(list(enumerate(io.StringIO(text, newline=""), start=1)))
    return [cells for _, cells, _ in Rows(lines, delimiter, escape, named=range(3), width=3)]


def stripped(rows: Sequence[list[str] | None]) -> list[list[str]]:
    """Cells without blanks around them, as they are used."""
    return [[cell.strip() for cell in row or ["none"]] for row in rows]


CELLS = st.text(st.sampled_from('ab ,;"\n\r工\t0'), max_size=8)


@pytest.mark.rule(REPLAY)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6), st.sampled_from(",;\t"), st.booleans())
def test_what_is_csv_reads_as_the_standard_library_reads_it(rows: list[list[str]], delimiter: str, all: bool) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL if all else csv.QUOTE_MINIMAL).writerows(rows)
    wanted = list(csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter, skipinitialspace=True))
    assert stripped(rows_of(out.getvalue(), delimiter)) == stripped(wanted)


@pytest.mark.rule(REPLAY)
@given(st.lists(st.lists(st.text(st.sampled_from('ab,"\\\n'), max_size=6), min_size=3, max_size=3), max_size=5))
def test_f35_a_backslash_takes_the_next_character_as_it_is(rows: list[list[str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = "".join(",".join(map(quoted, row)) + "\n" for row in rows)
    assert rows_of(text, escape="\\") == rows


# --- quotation marks --------------------------------------------------------------------------------------------------

# Where a stray mark is put: before a cell, in it, or after it.
STRAYS = st.tuples(st.integers(0, 4), st.sampled_from(["before", "within", "after"]))


@pytest.mark.rule(REPLAY)
@given(st.dictionaries(st.integers(0, 19), STRAYS, max_size=6), st.booleans())
def test_f40_a_stray_quotation_mark_costs_no_row_but_its_own(strays: dict[int, tuple[int, str]], quoted: bool) -> None:
    lines = []
    for number in range(20):
        cells = clean(number, *(['"a, ""b"""', '"c"'] if quoted else ["a", "c"])).rstrip("\n").split(",")
        if quoted:  # the note holds a delimiter
            cells = [cells[0], ",".join(cells[1:3]), *cells[3:]]
        if number in strays:
            place, where = strays[number]
            text = cells[place]
            cells[place] = {"before": f'"{text}', "within": f'{text[:1]}"{text[1:]}', "after": f'{text}"'}[where]
        lines.append(",".join(cells) + "\n")
    report = fed("".join(lines))
    # A row is replayed, or its own line is named; no other row is lost with it.
    assert report.events <= 20
    refused = {fault.line - 2 for fault in report.listed}
    assert refused <= set(strays)
    assert report.cases + report.faults + _swallowed(report) >= 20
    assert report.cases >= 20 - len(strays)


def _swallowed(report: ReplayReport) -> int:
    """Lines that a fault says are in its row, its own left out."""
    count = 0
    for fault in report.listed:
        # Two marks make a cell of two lines, which the fault gives.
        count += fault.given.count("\n") + fault.activity.count("\n")
        said = "" if fault.accepted is None else fault.accepted.en
        if "takes in lines" in said:
            first, last = said.split("takes in lines ")[1].split(" to ")
            count += int(last) - int(first)
    return count


@pytest.mark.rule(REPLAY)
def test_f40_a_quotation_that_nobody_closes_ends_where_a_row_begins(replayed: Tries) -> None:
    rows = [clean(n) for n in range(6)]
    rows[1] = 'T-1,n,"Taken,2026-04-07 10:01,m\nsome text, of a customer\nwith "marks" in it\n'
    report = replayed("".join(rows))
    assert (report.events, report.replayed, report.cases) == (6, 5, 5)
    (fault,) = report.listed
    assert (fault.line, fault.reason) == (3, Reason.MALFORMED_ROW)
    assert "takes in lines 3 to 5" in fault.text("en")
    assert "第 3 至 5 行" in fault.text("zh")


@pytest.mark.rule(REPLAY)
def test_f40_at_the_end_of_the_file_the_lines_are_named_as_well(replayed: Tries) -> None:
    report = replayed(clean(0) + 'T-1,n,"Taken,2026-04-07 10:01,m\na\nb\n')
    assert (report.events, report.replayed) == (2, 1)
    assert "takes in lines 3 to 5" in report.listed[0].text()


@pytest.mark.rule(REPLAY)
def test_f40_an_unclosed_quotation_in_a_column_that_nobody_asked_for_costs_nothing(replayed: Tries) -> None:
    report = replayed(clean(0, more='"m') + clean(1, more='"m') + clean(2, more='"m"') + clean(3))
    assert (report.events, report.replayed, report.cases) == (4, 4, 4)


@pytest.mark.rule(REPLAY)
def test_f40_what_is_csv_goes_before_what_looks_like_rows(replayed: Tries) -> None:
    report = replayed(clean(0, note='"see\n' + clean(7) + clean(8) + 'and so on"') + clean(1))
    assert (report.events, report.replayed, report.cases) == (2, 2, 2)


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(
    ("first", "second", "lost", "says"),
    [
        # What the two make between them is in a column that holds no rows.
        ('T-0,n,Taken,"2026-04-07 10:00,m', 'T-3,n,Taken,2026-04-07 10:03",m', [2, 5], "closing quotation mark"),
        # The second stands in a line that is a row by itself.
        ('T-0,"n,Taken,2026-04-07 10:00,m', 'T-3,n",Taken,2026-04-07 10:03,m', [2], "closing quotation mark"),
        ('T-0,n,Taken,2026-04-07 10:00,"m', 'T-3,"n",Taken,2026-04-07 10:03,m', [], ""),
        # Not even the number of cells is right.
        ('"T-0,n,Taken,2026-04-07 10:00,m', 'T-3,n,Taken,2026-04-07 10:03",m', [2, 5], "closing quotation mark"),
    ],
)
def test_f40_two_stray_marks_are_no_quotation(
    replayed: Tries, first: str, second: str, lost: list[int], says: str
) -> None:
    report = replayed(first + "\n" + clean(1) + clean(2) + second + "\n" + clean(4))
    assert (report.events, report.cases) == (5, 5 - len(lost))
    assert [fault.line for fault in report.listed] == lost
    assert not lost or says in report.listed[0].text()


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        # Broken in a column that nobody asked for; but what follows may be a row that is broken as well.
        ('T-0,n,Taken,2026-04-07 10:00,"m\n"T-1,n,Taken,2026-04-07 10:01,m\n', "lines 2 to 3"),
        ('"T-0,n,Taken,2026-04-07 10:00,m\nT-1,n,Taken,2026-04-07",m\n', "lines 2 to 3"),
        # As many cells as a row has, but no time among them.
        ('T-0,n,"Taken,2026-04-07 10:00,m\none,two,three,four,five\n', "lines 2 to 3"),
        ('T-0,n,Taken,"2026-04-07 10:00,m\nwords\n', "lines 2 to 3"),
    ],
)
def test_f40_lines_that_are_no_rows_are_named(replayed: Tries, text: str, says: str) -> None:
    report = replayed(text + clean(2) + clean(3))
    assert (report.events, report.replayed) == (3, 2)
    assert f"a closing quotation mark; this row takes in {says}" in report.listed[0].text()


@pytest.mark.rule(REPLAY)
def test_f40_text_that_goes_on_in_a_column_that_nobody_asked_for_is_taken_for_it(replayed: Tries) -> None:
    report = replayed(clean(0, more='"words') + 'of a "customer"\nin lines\n' + clean(1))
    assert (report.events, report.replayed) == (2, 2)


@pytest.mark.rule(REPLAY)
def test_f40_no_more_is_read_ahead_than_memory_should_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csdomain_adapters.replay.rows.LOOK_AHEAD", 400)
    read: list[int] = []

    def lines() -> Iterator[tuple[int, str | None]]:
        for number in range(1_000):
            read.append(number)
            mark = '"' if number == 3 else ""
            yield number, f"{number},b,{mark}c\n"

    rows = iter(Rows(lines(), ",", named=(0,), width=3, is_row=lambda cells: len(cells) == 3))
    assert [next(rows)[:2] for _ in range(4)][3] == (3, ["3", "b"])
    assert len(read) < 4 + 400 / 6
    assert [number for number, _, _ in rows] == list(range(4, 1_000))


@pytest.mark.rule(REPLAY)
def test_f40_cells_are_not_gathered_without_end() -> None:
    lines = ((number, 'x","\n') for number in range(100_000))
    tracemalloc.start()
    try:
        found = list(Rows(lines, ",", named=(0,), width=3))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) < 3
    assert peak < 1_000_000


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize("depth", [17, 300, 2_000, 100_000])
@pytest.mark.parametrize("form", ["lists", "tables", "names", "quoted names", "headers"])
def test_f40_a_map_is_no_deeper_than_a_map_can_be(tmp_path: Path, form: str, depth: int) -> None:
    text = {
        "lists": "a = " + "[" * depth + "]" * depth,
        "tables": "a = " + "{a = " * depth + "1" + "}" * depth,
        "names": "a" + ".a" * depth + " = 1",
        "quoted names": '"a"' + " . 'a'" * depth + " = 1",
        "headers": "[a" + ".a" * depth + "]",
    }[form]
    (tmp_path / "map.toml").write_text(text, "utf-8")
    with pytest.raises(MapInvalid) as caught:
        load_map(tmp_path / "map.toml")
    assert caught.value.faults == ("tables and lists at most 16 deep expected",)


@pytest.mark.rule(REPLAY)
def test_f40_a_map_is_no_larger_than_a_map_can_be(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP + "#" * 1_000_000, "utf-8")
    with pytest.raises(MapInvalid) as caught:
        load_map(tmp_path / "map.toml")
    assert caught.value.faults == ("a file of at most 1,000,000 bytes expected",)


@pytest.mark.rule(REPLAY)
def test_the_mark_and_the_line_ends_of_windows_are_no_part_of_a_map(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_bytes(b"\xef\xbb\xbf" + MAP.replace("\n", "\r\n").encode())
    assert load_map(tmp_path / "map.toml").name == "Desk"


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize("size", [131_073, 2_000_000])
@pytest.mark.parametrize(("lines", "quoted"), [(1, True), (1, False), (1_000, True)])
def test_f34_a_column_that_nobody_asked_for_makes_no_row_malformed(
    replayed: Tries, size: int, lines: int, quoted: bool
) -> None:
    note = "\n".join(["x" * (size // lines)] * lines)
    report = replayed(clean(0, note=f'"{note}"' if quoted else note) + clean(1))
    assert (report.events, report.replayed) == (2, 2)


@pytest.mark.rule(REPLAY)
def test_f34_a_cell_that_nobody_asked_for_is_not_held(replayed: Tries) -> None:
    text = clean(0, note='"' + "words of a customer\n" * 200_000 + '"') + clean(1)
    replayed(clean(0), "[csv]\nlargest_cell = 1_000\n")  # imports
    (replayed.folder / "log.csv").write_text(HEADER + text, "utf-8")
    tracemalloc.start()
    try:
        report = run_replay(replayed.folder / "log.csv", replayed.folder / "map.toml")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (report.events, report.replayed) == (2, 2)
    assert peak < len(text) / 2


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize("note", ['"he said "hi" there"', 'half " a', '""', '"a" b', "a''b", '"a"  '])
def test_f34_marks_in_a_column_that_nobody_asked_for_make_no_row_malformed(replayed: Tries, note: str) -> None:
    assert replayed(clean(0, note=note) + clean(1, more=note) + clean(2)).replayed == 3


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize("lines", [1, 1_000])
def test_f34_a_cell_that_the_map_names_is_bounded_by_its_setting_and_stays_one_cell(
    replayed: Tries, lines: int
) -> None:
    long = "\n".join(["word, word"] * lines)
    text = clean(0) + f'T-1,n,"{long * (200 // lines + 1)}",2026-04-07 10:01,m\n' + clean(2)
    report = replayed(text, "[csv]\nlargest_cell = 1_000\n")
    assert (report.events, report.replayed) == (3, 2)
    assert report.listed[0].text() == (
        "This row is not as the header says. (line=3) Accepted: cells of at most 1,000 characters"
    )
    report = replayed(text)  # a million by default
    assert report.reasons == {Reason.UNMAPPED_ACTIVITY: 1}
    assert len(report.listed[0].activity) == 400  # of what is listed by the thousand


@pytest.mark.rule(REPLAY)
def test_f34_a_cell_with_an_instant_is_bounded_as_well(replayed: Tries) -> None:
    (replayed.folder / "map.toml").write_text(
        MAP.replace('activity = "what"\ntime = "when"', 'instants = { when = "Taken", more = "Closed" }')
        + "[csv]\nlargest_cell = 20\n",
        "utf-8",
    )
    text = HEADER + clean(0, more="2026-04-07 11:00") + clean(1, more="x" * 21) + clean(2, more="")
    (replayed.folder / "log.csv").write_text(text, "utf-8")
    report = run_replay(replayed.folder / "log.csv", replayed.folder / "map.toml")
    assert (report.events, report.replayed, [fault.line for fault in report.listed]) == (4, 3, [3])


@pytest.mark.rule(REPLAY)
def test_f34_a_line_that_memory_should_not_hold_is_one_malformed_row(
    replayed: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LINE_LONGEST", 200)
    report = replayed(clean(0) + "x" * 1_000 + "\n" + clean(1) + clean(2, note='"' + "y" * 500 + '\n"') + clean(3))
    # The line after one that was not read goes for itself.
    assert (report.events, report.replayed) == (6, 3)
    assert [fault.line for fault in report.listed] == [3, 5, 6]
    with pytest.raises(UnreadableLog):
        replayed("", header="x" * 500)


# --- what files begin with, and what stands around names --------------------------------------------------------------


@pytest.mark.rule(REPLAY)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_f35_the_delimiter_that_excel_writes_first_is_taken(replayed: Tries, mark: str, end: str) -> None:
    text = (mark + "sep=;\n" + (HEADER + clean(0) + "T-1;\n").replace(",", ";")).replace("\n", end)
    report = replayed(text.encode())
    assert (report.replayed, [fault.line for fault in report.listed]) == (1, [4])


@pytest.mark.rule(REPLAY)
def test_f35_blanks_around_names_and_cells_are_no_part_of_them(replayed: Tries) -> None:
    header = 'ticket , note, "what" ,when ,more\n'
    report = replayed('T-1 , n , "Taken" , 2026-04-07 10:00 ,m\n T-1,"n", Closed,2026-04-07 10:01,\n', header=header)
    assert (report.replayed, report.finished) == (2, 1)
    (replayed.folder / "map.toml").write_text(MAP.replace('"when"', '" when "').replace('"Taken"', '"Taken "'), "utf-8")
    assert run_replay(replayed.folder / "log.csv", replayed.folder / "map.toml").replayed == 2


@pytest.mark.rule(REPLAY)
def test_f35_cells_that_mean_nothing_are_empty(replayed: Tries) -> None:
    text = clean(0) + "-,n,Taken,2026-04-07 10:00,m\nT-2,n,?,2026-04-07 10:00,m\nT-3,n,Taken, - ,m\n"
    report = replayed(text, '[csv]\nempty = ["-", "?"]\n')
    assert report.reasons == {Reason.MISSING_FIELD: 3}
    assert [fault.text().partition("Accepted: ")[2] for fault in report.listed] == [
        f"a value in {column}" for column in ("ticket", "what", "when")
    ]


# --- order ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(REPLAY)
def test_f35_a_log_with_the_newest_first_is_replayed_from_its_end(replayed: Tries) -> None:
    # All at the same minute: only the order of the rows says which was first.
    rows = [f"T-{n},n,{what},2026-04-07 10:00,m\n" for n in range(3) for what in ("Closed", "Taken", "Taken")]
    report = replayed("".join(rows), '[csv]\norder = "newest_first"\n')
    assert (report.replayed, report.finished) == (9, 3)
    assert replayed("".join(rows)).finished == 0


@pytest.mark.rule(REPLAY)
@given(st.permutations(range(12)))
def test_f35_a_log_in_no_order_is_sorted_by_time(order: list[int]) -> None:
    rows = [f"T-{n % 3},n,{'Closed' if n > 8 else 'Taken'},2026-04-07 10:{n:02},m\n" for n in range(12)]
    text = "".join(rows[n] for n in order) + "T-0,n,Taken,soon,m\nT-0,n\n"
    report = fed(text, '[csv]\norder = "time"\n')
    assert (report.events, report.replayed, report.finished) == (14, 12, 3)
    assert [(fault.line, fault.reason) for fault in report.listed] == [
        (14, Reason.UNPARSABLE_TIME), (15, Reason.MALFORMED_ROW)
    ]  # fmt: skip


@pytest.mark.rule(REPLAY)
def test_f35_events_of_the_same_time_stay_as_they_lie(replayed: Tries) -> None:
    rows = [f"T-{n},n,{what},2026-04-07 10:00,m\n" for what in ("Taken", "Closed") for n in range(6_000)]
    report = replayed("".join(rows), '[csv]\norder = "time"\n')
    assert (report.replayed, report.finished) == (12_000, 6_000)
