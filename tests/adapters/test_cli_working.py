"""``csdomain work`` and ``csdomain health`` on databases as people have them (KRN-11, MSG-09)."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

import csdomain
from csdomain.customers.rules import TIMELINE
from csdomain.kernel.rules import AUDITED, TIMERS
from csdomain.testing import received
from csdomain.testing.kit import no_holidays
from csdomain_adapters.cli.app import run
from csdomain_adapters.system import SystemClock

pytestmark = pytest.mark.rule(AUDITED)
#: What else the rulebook's contexts have on a timeline.
OTHERS = ("customer", "lead", "connection", "contact_preferences", "message_text", "job", "trial", "payment", "bill")


@pytest.fixture
def late_url(sqlite_url: str) -> str:
    """A database with a complaint whose timers were due long ago."""
    with csdomain.open(sqlite_url, holidays=no_holidays(), upgrade=True) as desk:
        received(desk, at=SystemClock().now() - timedelta(days=40))
    return sqlite_url


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run([*arguments, "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, told


@pytest.mark.rule(TIMERS)
def test_what_waits_is_told_and_what_was_done_is_not(late_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, before = said(capsys, "health", late_url)
    assert (code, before["well"]) == (1, False)
    assert before["overdue_since"]["timer"] is not None
    code, done = said(capsys, "work", late_url, "--once")
    assert code == 0
    assert done["done"]["sweep"] > 0
    assert list(done["done"]) == ["sweep", "consequences", "plan", "rebuild"], "without a notifier no message leaves"
    _code, after = said(capsys, "health", late_url)
    assert after["overdue_since"]["timer"] is None
    assert after["overdue_since"]["message"] is not None, "what the timers said still waits"
    assert said(capsys, "work", late_url, "--once")[1]["done"]["sweep"] == 0, "nothing is done twice"


def test_people_read_it_in_their_language(late_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["health", late_url, "--language", "zh"]) == 1
    assert "最早的计时器：已逾期" in capsys.readouterr().out
    assert run(["health", late_url, "--patience", str(60 * 24 * 365), "--language", "en"]) == 0
    assert "All is well." in capsys.readouterr().out


def test_a_notifier_that_is_not_there_is_named(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = said(capsys, "work", sqlite_url, "--notifier", "pigeon", "--create")
    assert (code, error["error"]["code"]) == (1, "missing_backend")
    assert error["error"]["facts"]["name"] == "pigeon"


@pytest.mark.skipif(os.name == "nt", reason="a console's signals are others on Windows")
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_works_until_it_is_told_to_stop(late_url: str, told: signal.Signals) -> None:
    command = [sys.executable, "-m", "csdomain_adapters.cli", "work", late_url, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "At work: sweep, consequences, plan, rebuild" in process.stderr.readline()
        process.send_signal(told)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out), error) == (0, {"stopped": True}, "")


@pytest.mark.rule(TIMELINE)
def test_rows_are_made_again_beside_the_work(late_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(late_url.partition("///")[2])) as connection, connection:
        connection.execute("delete from csd_chronicle")
    one = {"name": "chronicle.complaint", "cases": 1, "added": 1, "dropped": 0, "unreadable": []}
    assert said(capsys, "rebuild", late_url, "chronicle") == (
        0,
        {"rebuilt": [one, *({**one, "name": f"chronicle.{n}", "cases": 0, "added": 0} for n in OTHERS)]},
    )
    code, again = said(capsys, "rebuild", late_url, "chronicle.complaint")
    assert (code, again) == (0, {"rebuilt": [{**one, "added": 0}]})
    code, error = said(capsys, "rebuild", late_url, "chronicles")
    assert (code, error["error"]["code"]) == (1, "not_found")
    assert run(["rebuild", late_url, "-l", "zh"]) == 0
    assert "重新生成" in capsys.readouterr().out
