"""``csdomain whatif``: closed complaints of a real database under another rulebook, as text, JSON and a page."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import csdomain
from backends import BACKENDS
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.testing import MovableClock
from csdomain_adapters.cli.app import run
from csdomain_adapters.whatif import render_html
from reporting.lives import Life, live

STRICTER = """
name = "stricter"
extends = "after_sales"
[complaints]
close_within = "1 days"
ladder = [
  { authority = "sales_manager", up_to = "500 CNY" },
  { authority = "deputy_general_manager", over = "500 CNY" },
]
"""
LIVES = (Life(claimed=40_000), Life(claimed=90_000, hours=(8,)), Life(claimed=90_000, erased=True), Life())


@pytest.mark.rule(HOUSE_RULES)
@pytest.mark.parametrize("backend", [backend for backend in BACKENDS if backend != "memory"])
def test_a_database_is_asked(
    backend: str, clean_url: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, clock = clean_url(backend), MovableClock()
    with csdomain.open(url, clock=clock) as desk:
        quick, slow, erased, plain = (live(desk, clock, life) for life in LIVES)
        before = desk.store.look(lambda unit: [unit.trail(id) for id in (quick, slow, erased, plain)])
        book, page = tmp_path / "stricter.toml", tmp_path / "page.html"
        book.write_text(STRICTER, encoding="utf-8")

        assert run(["whatif", "--rulebook", str(book), url, "--json", "--html", str(page)]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["cases"] == {"total": 4, "imported": 0, "changed": 2, "refused": 2}
        assert (found["decisions"]["submissions"], found["decisions"]["moved"]) == (4, 2)
        listed = {case["id"]: {change["kind"] for change in case["changes"]} for case in found["changed"]["listed"]}
        assert listed == {slow: {"decider", "breached", "refused"}, erased: {"decider", "refused"}}
        assert "<svg" in page.read_text(encoding="utf-8")

        assert run(["whatif", "--rulebook", "after_sales", url]) == 0
        lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        assert "would have gone otherwise 0 0.0 %" in lines
        assert run(["-l", "zh", "whatif", "--rulebook", str(book), url]) == 0
        assert "改为 deputy_general_manager 核决" in capsys.readouterr().out
        assert desk.store.look(lambda unit: [unit.trail(id) for id in (quick, slow, erased, plain)]) == before


def test_a_rulebook_with_faults_is_refused(sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = tmp_path / "bad.toml"
    book.write_text('name = "bad"\nextends = "after_sales"\n[complaints]\nspeed = 1\n', encoding="utf-8")
    with csdomain.open(sqlite_url):
        pass
    assert run(["whatif", "--rulebook", str(book), sqlite_url, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "rulebook_invalid"


class _Loads(HTMLParser):
    """What a page would load, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.svgs = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attributes if name in ("src", "href", "onload")]
        self.fetched += [tag] if tag in ("script", "link", "iframe") else []
        self.svgs += tag == "svg"
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.rule("RPT-05")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_needs_nothing_else(language: str) -> None:
    from csdomain.desk import sections, shipped
    from csdomain.rulebook import loads
    from csdomain.testing import memory_desk

    clock = MovableClock()
    desk = memory_desk(clock=clock)
    for life in LIVES:
        live(desk, clock, life)
    book = loads(STRICTER, sections(), shipped)
    for report in (desk.what_if(book), memory_desk().what_if(book)):
        page = render_html(report, "zh" if language == "zh" else "en")
        parser = _Loads()
        parser.feed(page)
        assert (parser.open, parser.fetched) == ([], [])
        assert parser.svgs == (3 if report.cases else 0)
        assert "customer-1" not in page
