"""`csdomain rules`: what a new version changes, for people and for programs, and every fault of every file."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import csdomain
from adapters.test_cli import data, said
from csdomain import desk as desks
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.rulebook import running_page
from csdomain_adapters.cli import diffs, stores
from csdomain_adapters.sql.dialects import make_engine
from csdomain_adapters.sql.tables import Schema
from rulebook.tickets import PINNING, TICKET, TICKETS, State, Ticket

pytestmark = pytest.mark.rule(HOUSE_RULES)

STRICTER = """
name = "stricter"
extends = "after_sales"
[complaints]
close_within = "4 days"
[permissions.roles.deciding]
"complaints.read" = "branch"
"""


@pytest.fixture
def stricter(tmp_path: Path) -> str:
    file = tmp_path / "stricter.toml"
    file.write_text(STRICTER, encoding="utf-8")
    return str(file)


@pytest.fixture
def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of tickets: two run under after_sales, one ended, one runs under an older book."""
    kinds = (*desks.kinds(), TICKETS)
    monkeypatch.setattr(desks, "kinds", lambda _names=None: kinds)
    monkeypatch.setattr(desks, "pinnings", lambda: (PINNING,))
    with csdomain.open(sqlite_url) as desk:
        engine = make_engine(sqlite_url, {})
        Schema(kinds).meta.create_all(engine)
        engine.dispose()
        ref = desk.house.rulebook.ref
        for n, (book, state) in enumerate(
            [(ref, State.NEW), (ref, State.OPEN), (ref, State.DONE), ("old@1", State.NEW)]
        ):
            ticket = Ticket(TICKET.make(millis=n, randomness=n), book, state)
            desk.store.run(lambda unit, ticket=ticket: unit.of(TICKETS).add(ticket))  # type: ignore[misc]
    return sqlite_url


def test_a_person_reads_what_changes_and_when_it_acts(capsys: pytest.CaptureFixture[str], stricter: str) -> None:
    code, out, err = said(capsys, "rules", "diff", "after_sales", stricter)
    assert (code, err) == (0, "")
    assert "time to close a complaint: shortened from 6 days to 4 days" in out
    assert "on new cases; on running ones once they are rebased" in out
    assert "may do complaints.read less widely, from all records to records of the branch" in out
    assert "at once, on running cases too" in out
    assert "Running cases" not in out
    code, out, _ = said(capsys, "-l", "zh", "rules", "diff", "after_sales", stricter)
    assert code == 0
    assert "结案期限：由 6 天缩短为 4 天" in out
    assert "立即生效，包括在办案件" in out


def test_a_program_gets_every_change_with_its_path(capsys: pytest.CaptureFixture[str], stricter: str) -> None:
    code, got = data(capsys, "rules", "diff", "after_sales", stricter)
    assert (code, got["equal"]) == (0, False)
    assert (got["old"], got["new"]) == tuple(desks.load_rulebook(name).ref for name in ("after_sales", stricter))
    by_path = {change.pop("path"): change for change in got["changes"]}
    words = by_path["$.complaints.close_within"].pop("words")
    assert by_path["$.complaints.close_within"] == {
        "section": "complaints",
        "kind": "changed",
        "before": "6 days",
        "after": "4 days",
        "acts": "on rebase",
    }
    assert words["zh"] == "结案期限：由 6 天缩短为 4 天"
    assert by_path["$.permissions.roles.deciding['complaints.read']"]["acts"] == "at once"
    assert "running" not in got


def test_dates_and_decimals_are_text_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "fleet2.toml"
    file.write_text('name = "fleet"\nextends = "fleet_"\n[[renewals.tax]]\nsince = 1994-01-01\nrate = 0.130\n', "utf-8")
    (tmp_path / "fleet_").mkdir()
    for name, text in (desks.shipped("fleet") or {}).items():
        (tmp_path / "fleet_" / name).write_text(text, "utf-8")
    _, got = data(capsys, "rules", "diff", "fleet", str(file))
    (change,) = got["changes"]
    assert (change["path"], change["before"], change["after"]) == (
        "$.renewals.tax[since=1994-01-01].rate",
        "0.17",
        "0.130",
    )


@pytest.mark.parametrize("options", [[], ["--exit-code"]])
def test_the_exit_code_says_whether_they_differ_only_where_asked(
    options: list[str], capsys: pytest.CaptureFixture[str], stricter: str
) -> None:
    code, out, _ = said(capsys, "rules", "diff", "after_sales", "after_sales", *options)
    assert (code, out.strip()) == (0, "The two rulebooks are the same.")
    assert said(capsys, "-l", "zh", "rules", "diff", "fleet", "fleet", *options)[1].strip() == "两份规则手册相同。"
    code, got = data(capsys, "rules", "diff", "fleet", "fleet", *options)
    assert (code, got["equal"], got["changes"]) == (0, True, [])
    assert said(capsys, "rules", "diff", "after_sales", stricter, *options)[0] == len(options)


def test_running_cases_of_a_database_are_counted_and_listed(
    capsys: pytest.CaptureFixture[str], stricter: str, database: str
) -> None:
    code, out, _ = said(capsys, "rules", "diff", "after_sales", stricter, "--database", database)
    assert code == 0
    ref = desks.load_rulebook("after_sales").ref
    assert f"Running cases that keep {ref} until they are rebased" in out
    assert "Running cases that feel a change at once" in out
    assert "tkt_" not in out
    out = said(capsys, "rules", "diff", "after_sales", stricter, "--database", database, "--cases")[1]
    assert out.count("tkt_") == 2 + 3

    def cases(*counts: tuple[str, str, int]) -> Sequence[dict[str, Any]]:
        return [{"kind": "ticket", "rulebook": r, "state": s, "count": n} for r, s, n in counts]

    _, got = data(capsys, "rules", "diff", "after_sales", stricter, "--database", database, "--cases")
    waiting, now = got["running"]["on_rebase"], got["running"]["at_once"]
    assert waiting["cases"] == cases((ref, "new", 1), (ref, "open", 1))
    assert (waiting["count"], len(waiting["ids"]["ticket"])) == (2, 2)
    assert now["cases"] == cases((ref, "new", 1), (ref, "open", 1), ("old@1", "new", 1))
    assert now["ids"]["ticket"] == sorted({*now["ids"]["ticket"], *waiting["ids"]["ticket"]})
    _, got = data(capsys, "rules", "diff", stricter, "after_sales", "--database", database)
    assert got["running"]["on_rebase"] == {"count": 0, "cases": []}
    out = said(capsys, "rules", "diff", stricter, "after_sales", "--database", database)[1]
    assert "until they are rebased: none" in out


def test_ids_are_listed_to_the_last_page(
    capsys: pytest.CaptureFixture[str], stricter: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffs, "running_page", lambda *a, **k: running_page(*a, **{**k, "limit": 1}))
    _, got = data(capsys, "rules", "diff", "after_sales", stricter, "--database", database, "--cases")
    assert len(got["running"]["at_once"]["ids"]["ticket"]) == 3


def test_a_book_that_a_database_keeps_is_named_by_its_ref(
    capsys: pytest.CaptureFixture[str], stricter: str, sqlite_url: str
) -> None:
    with csdomain.open(sqlite_url, stricter):
        pass
    ref = desks.load_rulebook(stricter).ref
    code, got = data(capsys, "rules", "diff", "after_sales", ref, "--database", sqlite_url)
    assert (code, got["new"]) == (0, ref)
    assert "$.complaints.close_within" in {change["path"] for change in got["changes"]}
    code, out, err = said(capsys, "rules", "diff", "after_sales", ref)
    assert (code, out) == (1, "")
    assert "--database URL" in err
    code, _, err = said(capsys, "rules", "diff", "after_sales", "mine@0", "--database", sqlite_url)
    assert (code, "mine@0" in err) == (1, True)


def test_asking_leaves_a_database_as_it_is(
    capsys: pytest.CaptureFixture[str], stricter: str, sqlite_url: str, tmp_path: Path
) -> None:
    code, out, err = said(capsys, "rules", "diff", "after_sales", stricter, "--database", sqlite_url)
    assert (code, out) == (1, "")
    assert "csdomain db upgrade URL" in err
    assert not list(tmp_path.glob("*.db*"))
    with csdomain.open(sqlite_url, "fleet") as desk:
        assert said(capsys, "rules", "diff", "after_sales", stricter, "--database", sqlite_url)[0] == 0
        ref = desks.load_rulebook("after_sales").ref
        assert desk.store.look(lambda unit: unit.session.get_rulebook(ref)) is None


@pytest.mark.parametrize(("old", "words"), [("nonesuch", "after_sales"), ("nonesuch.toml", "nonesuch.toml")])
def test_a_book_that_there_is_not_is_refused(old: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "rules", "diff", old, "fleet")
    assert (code, out) == (1, "")
    assert words in err


def test_a_folder_is_checked_shown_and_compared(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "ours@home"
    folder.mkdir()
    (folder / "house.toml").write_text('name = "ours"\nextends = "after_sales"\n', "utf-8")
    (folder / "complaints.toml").write_text('[complaints]\nclose_within = "4 days"\n', "utf-8")
    ref = desks.load_rulebook(folder).ref
    assert said(capsys, "rules", "check", str(folder))[:2] == (0, f"{folder}: {ref}\n")
    assert json.loads(said(capsys, "rules", "show", str(folder))[1])["ref"] == ref
    code, got = data(capsys, "rules", "diff", "after_sales", str(folder))
    assert (code, got["new"]) == (0, ref)
    assert "$.complaints.close_within" in {change["path"] for change in got["changes"]}
    (folder / "complainst.toml").write_text("[complainst]\n", "utf-8")
    (folder / "complaints.toml").write_text("[complaints]\nclose_within = 4\n", "utf-8")
    code, _, err = said(capsys, "rules", "check", str(folder))
    assert code == 1
    assert "complainst.toml: no context complainst is installed; did you mean complaints? @ $.complainst" in err
    assert "complaints.toml: " in err
    assert "@ $.complaints.close_within" in err


def test_f30_the_schema_is_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    code, schema = data(capsys, "rules", "schema", "after_sales")
    assert (code, schema["$schema"]) == (0, "http://json-schema.org/draft-07/schema#")
    assert "service_manager" in schema["properties"]["complaints"]["properties"]["overrun_to"]["examples"]
    assert data(capsys, "-l", "zh", "rules", "schema")[1]["properties"]["name"]["description"].startswith("规则手册")


def test_f02_a_year_that_is_not_known_is_warned_of(
    capsys: pytest.CaptureFixture[str], stricter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "now", lambda: datetime(2026, 12, 1, tzinfo=UTC))
    code, _, err = said(capsys, "rules", "check", stricter)
    assert (code, "calendar office: holidays of 2027 are not known" in err) == (0, True)
    assert data(capsys, "rules", "check", stricter)[1]["files"][0]["warnings"]
    monkeypatch.setattr(stores, "now", lambda: datetime(2026, 10, 1, tzinfo=UTC))
    assert said(capsys, "rules", "check", stricter)[2] == ""


def test_f32_faults_of_a_rulebook_are_said_in_chinese(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "faulty.toml"
    file.write_text(
        'name = "faulty"\nextends = "after_sales"\n[complainst]\n[organisation]\ncalendar = "ofice"\n'
        '[complaints]\noverrun_to = "service_manger"\nclose_within = "0 days"\nwarnings = "80"\nclose_in = 3\n'
        'signatures = ["reserch"]\n[permissions.roles.sales]\n"complaints.chek" = "own"\n'
        '[messages.templates."complaint.clsed".sms]\nen = "x"\n',
        "utf-8",
    )
    code, _, err = said(capsys, "-l", "zh", "rules", "check", str(file))
    lines = [line.strip() for line in err.splitlines() if " @ $" in line]
    assert (code, len(lines)) == (1, 10)
    for line in lines:
        text = line.partition(" @ ")[0]
        assert any("一" <= letter <= "鿿" for letter in text), line
        assert not {"expected", "unknown", "missing", "no", "did"} & set(text.split()), line
    assert "没有职位 service_manger；是否指 service_manager？ @ $.complaints.overrun_to" in err


FAULTY = """
name = "faulty"
extends = "fleet"
[complaints]
number = "A{seq}"
close_within = "-3 working days"
overrun_to = "x"
warnings = [80, 50]
[renewals]
grace_days = -1
"""


def test_every_fault_of_every_file_is_told_at_its_path(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wanted = {"$.complaints.close_within", "$.renewals.grace_days"}
    one, other, good, odd = (tmp_path / f"{name}.toml" for name in ("one", "other", "good", "odd"))
    one.write_text(FAULTY, "utf-8")
    other.write_text(FAULTY.replace('"-3 working days"', '"3 days"').replace("-1", "30"), "utf-8")
    good.write_text('name = "good"\nextends = "fleet"\n', "utf-8")
    odd.write_bytes(b'name = "\xff"\n')
    code, checked = data(capsys, "rules", "check", *map(str, (one, good, other, odd)))
    assert code == 1
    assert [file["ok"] for file in checked["files"]] == [False, True, False, False]
    faults = json.dumps(checked["files"][0])
    assert all(f"@ {path}" in faults for path in wanted)
    assert "@ $.complaints.warnings" in json.dumps(checked["files"][2])
    assert "odd.toml is not text in UTF-8" in json.dumps(checked["files"][3])
    _, out, err = said(capsys, "rules", "check", *map(str, (one, good, other, odd)))
    assert f"{good}: good@" in out
    assert [line.partition(": KRN-01")[0] for line in err.splitlines() if "KRN-01" in line] == [
        str(one),
        str(other),
        str(odd),
    ]
