"""The command: answers that fit a person, `--json` that fits a program, exit codes that fit a script."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import csdomain
from csdomain.kernel.rules import HOUSE_RULES, MOVES, TIMERS
from csdomain.testing import accepted
from csdomain_adapters.cli.app import run

AT = datetime(2026, 9, 30, 4, 0, tzinfo=UTC)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code, out, _ = said(capsys, *arguments, "--json")
    return code, json.loads(out)


@pytest.fixture
def desk_url(sqlite_url: str) -> str:
    with csdomain.open(sqlite_url) as desk:
        accepted(desk, csdomain.ComplaintForm(customer="c-1", demand="refund", reason="broken"), at=AT)
    return sqlite_url


@pytest.mark.rule(HOUSE_RULES)
def test_rulebooks_are_listed_shown_and_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, listed = data(capsys, "rules", "list")
    assert code == 0
    assert "after_sales" in {book["name"] for book in listed["rulebooks"]}
    ref = csdomain.load_rulebook("after_sales").ref
    code, out, _ = said(capsys, "rules", "show", "after_sales")
    assert (code, json.loads(out)["ref"]) == (0, ref)

    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('name = "good"\nextends = "after_sales"\n', encoding="utf-8")
    bad.write_text(
        'name = "bad"\nextends = "after_sales"\n[complaints]\nwarnings = ["x"]\nspeed = 1\n', encoding="utf-8"
    )
    assert said(capsys, "rules", "check", str(good))[0] == 0
    code, out, err = said(capsys, "rules", "check", str(good), str(bad))
    assert code == 1
    assert "good@" in out
    assert "$.complaints.warnings[0]" in err
    assert "unknown key speed" in err
    code, checked = data(capsys, "rules", "check", str(bad))
    assert code == 1
    assert checked["files"][0]["error"]["code"] == "rulebook_invalid"


def test_a_database_is_brought_up_to_date(capsys: pytest.CaptureFixture[str], sqlite_url: str) -> None:
    code, before = data(capsys, "db", "status", sqlite_url)
    assert (code, before["current"], before["ok"]) == (1, None, False)
    code, done = data(capsys, "db", "upgrade", sqlite_url)
    assert (code, done["before"], done["after"]) == (0, None, before["head"])
    assert data(capsys, "db", "status", sqlite_url) == (
        0,
        {"current": before["head"], "head": before["head"], "ok": True},
    )
    assert "already at" in said(capsys, "db", "upgrade", sqlite_url)[1]


@pytest.mark.rule(MOVES)
def test_a_lifecycle_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "diagram", "complaint")
    assert code == 0
    assert out.startswith("stateDiagram-v2")
    assert "checked --> accepted: accept" in out
    _, table = data(capsys, "diagram", "complaint")
    assert {
        "move": "receive",
        "from": None,
        "to": "received",
        "permission": "complaints.receive",
        "rule": "CMP-01",
    } in (table["steps"])


@pytest.mark.rule(TIMERS)
def test_sweep_and_relay_work_through_what_waits(capsys: pytest.CaptureFixture[str], desk_url: str) -> None:
    late = "2026-10-20T00:00:00+08:00"
    assert data(capsys, "sweep", desk_url, "--until", late) == (0, {"warned": 2, "breached": 2, "failed": []})
    code, out, _ = said(capsys, "sweep", desk_url, "--until", late)
    assert (code, out.strip()) == (0, "0 warnings, 0 deadlines breached, 0 refused")
    code, out, _ = said(capsys, "relay", desk_url)
    assert code == 0
    assert "complaint.accepted -> c-1" in out
    assert "complaint.overdue -> service_manager" in out
    assert "4 sent" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["diagram", "nothing"], 1, "complaint"),
        (["sweep", "sqlite:///x.db", "--until", "2026-10-20"], 1, "time with its zone"),
        (["sweep", "sqlite:///x.db", "--until", "soon"], 1, "time with its zone"),
        (["sweep", "oracle://x"], 1, "postgresql"),
        (["sweep", "sqlite:///x.db", "--rulebook", "nonesuch"], 1, "after_sales"),
        (["relay", "memory:", "--notifier", "pigeon"], 1, "print"),
        (["frobnicate"], 2, "No such command"),
        (["sweep"], 2, "Missing argument"),
    ],
)
def test_what_is_refused_says_why_and_what_would_do(
    arguments: list[str],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    got, out, err = said(capsys, *arguments)
    assert got == code
    assert not out
    assert words in err


def test_errors_are_data_for_programs_and_chinese_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    code, refused = data(capsys, "diagram", "nothing")
    assert (code, refused["error"]["code"], refused["error"]["facts"]) == (1, "not_found", {"lifecycle": "nothing"})
    _, _, err = said(capsys, "-l", "zh", "diagram", "nothing")
    assert "没有这条记录" in err


def test_the_installed_command_answers() -> None:
    command = [sys.executable, "-m", "csdomain_adapters.cli", "rules", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["rulebooks"]


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from csdomain_adapters.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "csdomain[cli]" in done.stderr
