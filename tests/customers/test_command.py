"""``csdomain customers find``: for people and for programs, in both languages, in the scope of who asks."""

import json
from pathlib import Path
from typing import Any

import pytest

import csdomain
from csdomain.customers.rules import FINDING
from csdomain.customers.values import Profile
from csdomain.testing import MovableClock, SequentialIds, no_holidays
from csdomain_adapters.cli.app import run

pytestmark = pytest.mark.rule(FINDING)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = f"sqlite:///{tmp_path_factory.mktemp('customers') / 'desk.db'}"
    with csdomain.open(address, clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays()) as desk:
        agent = desk.actor("ann", branch="hq", positions=("service_agent",))
        for name in ("王小明", "李雷"):
            profile = Profile(name=name, phones=("13812345678",), addresses=("Beijing [/b]",))
            desk.customers.register(profile, by=agent, at=desk.clock.now())
    return address


@pytest.mark.parametrize(
    ("asked", "branch", "found"),
    [("小明", "hq", ["王小明"]), ("5678", "hq", ["王小明", "李雷"]), ("小明", "north", []), ("nobody", "hq", [])],
)
def test_customers_are_found(
    capsys: pytest.CaptureFixture[str], url: str, asked: str, branch: str, found: list[str]
) -> None:
    who = ["--as", "ann", "--branch", branch, "--position", "service_agent"]
    assert run(["customers", "find", url, asked, *who, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["customers"]
    assert [row["name"] for row in rows] == found
    assert run(["--language", "zh", "customers", "find", url, asked, *who]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("客户代表", *found))


def test_a_refusal_and_a_wrong_search_are_said(capsys: pytest.CaptureFixture[str], url: str, tmp_path: Path) -> None:
    who = ["--as", "ann", "--branch", "hq", "--position"]
    assert run(["customers", "find", url, "小明", *who, "finance"]) == 1
    assert run(["customers", "find", url, " ", *who, "service_agent"]) == 1
    assert "CUS-01" in capsys.readouterr().err


@pytest.mark.parametrize("written", [b"", "ref,name\nK-1,王\n".encode("gbk")], ids=["empty", "of another code page"])
def test_a_file_that_is_no_table_is_refused_with_what_is_taken(tmp_path: Path, capsys: Any, written: bytes) -> None:
    url, file = f"sqlite:///{tmp_path / 'desk.db'}", tmp_path / "customers.csv"
    csdomain.open(url, holidays=no_holidays()).close()
    file.write_bytes(written)
    who = ("--as", "max", "--branch", "hq", "--position", "service_manager")
    assert run(["customers", "import", url, str(file), *who]) == 1
    said = capsys.readouterr()
    assert (said.out, "UTF-8" in said.err) == ("", True)
