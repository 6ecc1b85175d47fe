"""`csdomain figures complaints`: for a person, a program, as a page, as files; what may be seen by permission."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import csdomain
from csdomain.complaints.rules import MONTHLY_REVIEW, STATISTICS
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.reporting.rules import CHARTS, MONTHLY
from csdomain.testing import MovableClock, SequentialIds, closed, complaint_form, no_holidays
from csdomain_adapters.cli.app import run as main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def url(database_url: Callable[[str], str]) -> str:
    """A database with three complaints closed in March 2026 in Shanghai."""
    address = database_url("sqlite")
    with csdomain.open(address, clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays()) as desk:
        for product in ("engine", "engine", "<b>=1+1</b>"):
            closed(desk, complaint_form(customer="customer-77", product=product))
    return address


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


def asked(url: str, position: str = "gm_office", *more: str) -> tuple[str, ...]:
    who = ("--as", "office-1", "--branch", "hq", "--position", position)
    return ("figures", "complaints", url, "--month", "2026-03", *who, *more)


@pytest.mark.rule(STATISTICS, MONTHLY)
def test_a_program_gets_the_figures_and_a_person_reads_the_same(url: str, run: Run) -> None:
    code, out, _ = run(*asked(url, "gm_office", "--json"))
    found = json.loads(out)
    assert (code, found["month"], found["all"]["closed"], found["month_before"]["closed"]) == (0, "2026-03", 3, 0)
    products = {row["group"]: row["closed"] for row in found["groups"]["product"]}
    assert products == {"engine": 2, "<b>=1+1</b>": 1}
    code, out, _ = run(*asked(url))
    assert code == 0
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines()]
    assert ["in all", "3", "3", "0", "0.00 CNY", "0.00 CNY", "0.00 CNY"] in rows
    assert [row[:2] for row in rows if row[0] in products] == [["<b>=1+1</b>", "1"], ["engine", "2"]]
    code, out, _ = run("-l", "zh", *asked(url))
    assert "2026-03 结案的客户投诉" in out


class Page(HTMLParser):
    """What a page loads, and the titles of its charts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href") and value]


@pytest.mark.rule(CHARTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_alone_and_escapes_what_people_wrote(url: str, run: Run, tmp_path: Path, language: str) -> None:
    file = tmp_path / "month.html"
    assert run("-l", language, *asked(url, "gm_office", "--html", str(file)))[0] == 0
    text = file.read_text("utf-8")
    page = Page(text)
    assert page.loads == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == 5  # class, cause, unit, product, branch
    assert "<b>=1+1</b>" not in text
    assert "&lt;b&gt;=1+1&lt;/b&gt;" in text


@pytest.mark.rule(MONTHLY_REVIEW, PERSONAL_DATA)
def test_files_hold_no_formula_and_customers_only_for_those_who_may(url: str, run: Run, tmp_path: Path) -> None:
    figures, book, review = tmp_path / "f.csv", tmp_path / "f.xlsx", tmp_path / "r.csv"
    files = ("--csv", str(figures), "--xlsx", str(book), "--review", str(review))
    for position, seen in (("gm_office", False), ("deputy_general_manager", True)):
        assert run(*asked(url, position, *files))[0] == 0
        rows = list(csv.reader(io.StringIO(review.read_text("utf-8-sig"))))
        assert len(rows) == 4
        assert ("customer-77" in review.read_text("utf-8-sig")) is seen
    cells = [cell for row in csv.reader(io.StringIO(figures.read_text("utf-8-sig"))) for cell in row]
    assert not any(cell[:1] in set("=+@\t\r") for cell in cells)
    with zipfile.ZipFile(book) as archive:
        assert all(b"<f>" not in archive.read(name) for name in archive.namelist())


@pytest.mark.rule(MONTHLY)
@pytest.mark.parametrize(("month", "position"), [("2026-3", "gm_office"), ("2026-03", "warehouse_keeper")])
def test_what_cannot_be_counted_or_seen_is_refused(url: str, run: Run, month: str, position: str) -> None:
    who = ("--as", "x", "--branch", "hq", "--position", position)
    code, out, err = run("figures", "complaints", url, "--month", month, *who)
    assert (code, out) == (1, "")
    assert "RPT-02" in err or "KRN-13" in err


def test_two_reports_are_not_written_to_one_file(url: str, run: Run, tmp_path: Path) -> None:
    there = tmp_path / "both.out"
    code, out, err = run(*asked(url, "gm_office", "--html", str(there), "--csv", str(tmp_path / "." / "both.out")))
    assert (code, out, "a file of its own" in err, there.exists()) == (1, "", True, False)
