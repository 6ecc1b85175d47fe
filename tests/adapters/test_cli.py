"""The command: answers that fit a person, `--json` that fits a program, exit codes that fit a script."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import csdomain
from adapters.cli_calls import MAP
from csdomain.kernel.rules import HOUSE_RULES, MOVES, TIMERS
from csdomain.testing import accepted
from csdomain_adapters.cli import output
from csdomain_adapters.cli.app import expanded, run

AT = datetime(2026, 9, 30, 4, 0, tzinfo=UTC)
CLOCKS = ["clocks", "memory:", "--as", "u", "--branch", "hq", "--position"]


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


@pytest.mark.parametrize("call", [("db", "upgrade"), ("sweep", "--create")])
def test_a_database_of_a_newer_csdomain_is_left_alone(
    call: tuple[str, ...], capsys: pytest.CaptureFixture[str], desk_url: str
) -> None:
    with closing(sqlite3.connect(desk_url.removeprefix("sqlite:///"))) as database:
        database.execute("update csd_alembic_version set version_num = '9999'")
        database.commit()
    code, out, err = said(capsys, *call, desk_url)
    assert (code, out, len(err.splitlines()), "newer csdomain" in err) == (1, "", 1, True)


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


def waiting(url: str) -> int:
    with csdomain.open(url) as desk:
        return len(desk.store.look(lambda unit: unit.session.outbox(unsent=True, limit=1000)))


@pytest.mark.parametrize("notifier", [(), ("--notifier", "print")])
def test_f08_printing_is_a_dry_run_that_marks_nothing_sent(
    notifier: tuple[str, ...], capsys: pytest.CaptureFixture[str], desk_url: str
) -> None:
    before = waiting(desk_url)
    assert before
    for _ in range(2):
        code, out, err = said(capsys, "relay", desk_url, *notifier)
        assert (code, "complaint.accepted" in out, f"{before} due, none sent" in err) == (0, True, True)
        assert waiting(desk_url) == before
    code, got = data(capsys, "relay", desk_url, *notifier)
    assert (code, got["dry_run"], got["sent"], len(got["due"])) == (0, True, 0, before)


def test_f08_a_closed_pipe_loses_no_message(desk_url: str) -> None:
    before = waiting(desk_url)
    command = f"{sys.executable} -m csdomain_adapters.cli relay {desk_url} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert ("Traceback" in done.stderr, waiting(desk_url)) == (False, before)


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that installs the notifier ``shop``; the keys that it sent are in the file."""
    sent, package = tmp_path / "sent.txt", tmp_path / "site"
    info = package / "shop-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[csdomain.notifiers]\nshop = shop_notifier:Shop\nclosed = shop_notifier:Closed\n"
    )
    (package / "shop_notifier.py").write_text(
        "from csdomain.kernel.store.ports import DeliveryFailed\n"
        "class Closed:\n    def send(self, message):\n        raise DeliveryFailed(definite=False, why='closed')\n"
        f"class Shop:\n    def send(self, message):\n        with open({str(sent)!r}, 'a') as file:\n"
        "            print(message.key, file=file)\n"
    )
    monkeypatch.syspath_prepend(str(package))
    return sent


def test_f08_a_notifier_that_is_named_really_sends(
    capsys: pytest.CaptureFixture[str], desk_url: str, gateway: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = waiting(desk_url)
    code, _, err = said(capsys, "relay", desk_url, "--notifier", "shopp")
    assert (code, "print, closed, shop" in err, waiting(desk_url)) == (1, True, before)
    _, out, _ = said(capsys, "relay", desk_url, "--notifier", "closed")
    assert f"{before} to be tried again" in out
    assert "0 due" in said(capsys, "relay", desk_url)[2], "they wait for their next attempt"
    monkeypatch.setattr("csdomain_adapters.system.SystemClock.now", lambda _: datetime.now(UTC) + timedelta(hours=1))
    code, out, _ = said(capsys, "relay", desk_url, "--notifier", "shop")
    assert (code, f"{before} sent" in out, waiting(desk_url)) == (0, True, 0)
    assert len(set(gateway.read_text().split())) == before
    code, out, err = said(capsys, "relay", desk_url)
    assert (code, "0 due" in err) == (0, True)


def test_f08_a_pipe_that_is_closed_while_it_sends_loses_nothing(desk_url: str, gateway: Path) -> None:
    before = waiting(desk_url)
    environment = {**os.environ, "PYTHONPATH": str(gateway.parent / "site")}
    command = [sys.executable, "-m", "csdomain_adapters.cli", "relay", desk_url, "--notifier", "shop"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
    assert (len(set(gateway.read_text().split())), waiting(desk_url)) == (before, 0)


def test_f09_a_cron_job_makes_a_database_only_where_it_says_so(
    capsys: pytest.CaptureFixture[str], sqlite_url: str
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    code, out, err = said(capsys, "sweep", sqlite_url)
    assert (code, out, file.exists()) == (1, "", False)
    assert "There is no such database." in err
    assert "csdomain db upgrade URL" in err
    assert "没有这个数据库" in said(capsys, "sweep", sqlite_url, "-l", "zh")[2]
    file.touch()  # what an earlier typo left behind
    assert "csdomain db upgrade URL" in said(capsys, "sweep", sqlite_url)[2]
    file.unlink()
    assert said(capsys, "sweep", sqlite_url, "--create")[0] == 0
    assert said(capsys, "db", "status", sqlite_url)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["diagram", "nothing"], 1, "complaint"),
        (["sweep", "sqlite:///x.db", "--until", "2026-10-20"], 1, "time with its zone"),
        (["sweep", "sqlite:///x.db", "--until", "soon"], 1, "time with its zone"),
        (["sweep", "memory:", "--until", "9999-12-31T23:00-14:00"], 1, "time with its zone"),
        (["sweep", "oracle://x"], 1, "postgresql"),
        (["sweep", "memory:", "--rulebook", "nonesuch"], 1, "after_sales"),
        (["relay", "memory:", "--notifier", "pigeon"], 1, "print"),
        (["diagram", "complaint", "--path", "nope"], 1, "departments"),
        (["diagram", "order", "--path", "nope"], 1, "one way"),
        (["rules", "rebase", "memory:", "b@1", "--as", "u", "--branch", "hq", "--position", "hr"], 1, "b@1"),
        ([*CLOCKS, "salesman"], 1, "sales_manager"),
        (["clocks", "memory:", "--as", "", "--branch", "hq", "--position", "sales"], 1, "actor"),
        ([*CLOCKS, "head", "--rulebook", "enquiry_desk"], 1, "leaves that context off"),
        (["frobnicate"], 2, "No such command"),
        (["sweeep"], 2, "Did you mean 'sweep'"),
        (["13812345678"], 2, "No such command '•••'"),
        (["sweep"], 2, "Missing argument 'url'. Try: csdomain sweep --help"),
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
    for call in (
        ("-l", "zh", "diagram", "nothing"),
        ("diagram", "-lzh", "nothing"),
        ("diagram", "nothing", "-l", "zh"),
    ):
        assert "没有这条记录" in said(capsys, *call)[2]
    assert "没有这条记录" in said(capsys, "diagram", "nothing", "--language=zh")[2]
    assert "no such record" in said(capsys, "-l", "zh", "diagram", "nothing", "-l", "en")[2]


@pytest.mark.parametrize(
    ("environment", "chinese"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "de_DE", "LC_MESSAGES": "zh_TW"}, True),
        ({"LANG": "C"}, False),
        ({}, False),
    ],
)
def test_f33_the_language_is_that_of_the_environment(
    environment: dict[str, str], chinese: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, environment.get(name, ""))
    assert ("没有这条记录" in said(capsys, "diagram", "nothing")[2]) is chinese
    assert "no such record" in said(capsys, "diagram", "nothing", "-l", "en")[2]


def test_f32_several_faults_are_a_list_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    book = tmp_path / "bad.toml"
    book.write_text(
        'name = "bad"\nextends = "after_sales"\n[complaints]\n' + "speed" * 50 + ' = 1\nclose_within = "x"\n', "utf-8"
    )
    _, checked = data(capsys, "rules", "check", str(book), str(tmp_path / "none.toml"))
    faults = checked["files"][0]["error"]["facts"]["faults"]
    assert (type(faults), len(faults), any("speed" * 30 in fault for fault in faults)) == (list, 2, True)
    assert checked["files"][1]["error"]["code"] == "no_such_file"
    _, shown = data(capsys, "rules", "show", str(book))
    assert shown["error"]["facts"]["faults"] == faults
    assert "规则手册被拒绝" in said(capsys, "rules", "show", str(book), "-l", "zh")[2]


def test_f33_the_demo_says_in_one_line_which_file_is_missing() -> None:
    demo = Path(__file__).parents[2] / "tools" / "demo.py"
    done = subprocess.run([sys.executable, str(demo), "--log", "nope.csv"], capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines()), "nope.csv" in done.stderr) == (1, 1, True)


def test_f33_it_says_which_version_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--version")
    assert (code, out.strip()) == (0, f"csdomain {version('csdomain')}")
    assert json.loads(said(capsys, "--json", "--version")[1]) == {"version": version("csdomain")}


def test_what_people_wrote_does_not_steer_the_terminal() -> None:
    assert output.visible("a\x1b[31mb\x07\n客–\t") == "a\ufffd[31mb\ufffd\n客–\t"


def test_on_windows_patterns_are_expanded(tmp_path: Path) -> None:
    for name in ("b.toml", "a.toml"):
        (tmp_path / name).touch()
    found = [str(tmp_path / name) for name in ("a.toml", "b.toml")]
    assert expanded(["check", str(tmp_path / "*.toml"), "*.none"]) == ["check", *found, "*.none"]


def test_f33_ctrl_c_while_it_works_leaves_no_file(tmp_path: Path) -> None:
    """A log that is still being written: the command waits for it, and is stopped."""
    (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")
    os.mkfifo(tmp_path / "log.csv")
    command = [
        sys.executable,
        "-m",
        "csdomain_adapters.cli",
        "replay",
        "log.csv",
        "--map",
        "map.toml",
        "--html",
        "o.html",
    ]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    with process, (tmp_path / "log.csv").open("w") as log:  # opens once the command reads
        log.write("ticket,what,when\n")
        log.flush()
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, len(err.splitlines()), "Interrupted" in err) == (130, "", 1, True)
    assert {path.name for path in tmp_path.iterdir()} == {"map.toml", "log.csv"}


@pytest.mark.parametrize(
    "environment",
    [
        *({"PYTHONIOENCODING": encoding} for encoding in ("ascii", "cp932", "cp1252")),
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "C"},
    ],
    ids=" ".join,
)
def test_f33_the_installed_command_answers_on_any_code_page(environment: dict[str, str]) -> None:
    command = [
        sys.executable,
        "-m",
        "csdomain_adapters.cli",
        "rules",
        "diff",
        "after_sales",
        "medical_centre",
        "-l",
        "zh",
    ]
    environment = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("call", [("rules", "show", "after_sales"), ("--version",)], ids=["long", "short"])
def test_f33_a_pipe_that_is_closed_ends_the_command_quietly(
    call: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "csdomain_adapters.cli", *call]
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # else Python has nothing left to write at its end
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (141, b"")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_the_installed_command_answers() -> None:
    command = [sys.executable, "-m", "csdomain_adapters.cli", "rules", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["rulebooks"]


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from csdomain_adapters.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "csdomain[cli]" in done.stderr
