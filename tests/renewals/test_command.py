"""``csdomain renewals due``: for people and for programs, in both languages, in the scope of who asks."""

import json
from pathlib import Path

import pytest

import csdomain
from csdomain.renewals.rules import WATCH
from csdomain.testing import MovableClock, SequentialIds, no_holidays
from csdomain_adapters.cli.app import run
from renewals.fleet import Fleet

pytestmark = pytest.mark.rule(WATCH)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = f"sqlite:///{tmp_path_factory.mktemp('renewals') / 'desk.db'}"
    with csdomain.open(address, "fleet", clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays()) as desk:
        fleet = Fleet(desk)
        for vehicles, months in ((1, 3), (2, 4)):
            fleet.renewed(fleet.signed(vehicles), "monthly", months)
    return address


@pytest.mark.parametrize(
    ("branch", "until", "numbers", "amounts"),
    [
        ("hq", "2026-08-01", ["HT202603-0001", "HT202603-0002"], ["150.00 CNY", "400.00 CNY"]),
        ("hq", "2026-07-01", ["HT202603-0001"], ["150.00 CNY"]),
        ("north", "2026-08-01", [], []),
    ],
)
def test_contracts_that_end_are_listed(
    capsys: pytest.CaptureFixture[str], url: str, branch: str, until: str, numbers: list[str], amounts: list[str]
) -> None:
    who = ["--as", "ann", "--branch", branch, "--position", "customer_representative", "--until", until]
    assert run(["renewals", "due", url, *who, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in told["contracts"]] == numbers
    assert [row["amount"] for row in told["months"]] == amounts
    assert run(["--language", "zh", "renewals", "due", url, *who]) == 0
    said = capsys.readouterr().out
    assert all(part in said for part in ("客户代表", *amounts))


def test_a_refusal_and_a_wrong_day_are_said(capsys: pytest.CaptureFixture[str], url: str, tmp_path: Path) -> None:
    who = ["--as", "ann", "--branch", "hq", "--position"]
    assert run(["renewals", "due", url, *who, "repair_technician"]) == 1
    capsys.readouterr()
    for wrong in ("soon", "2026-13-01"):
        assert run(["renewals", "due", url, *who, "finance", "--until", wrong]) == 1
        said = capsys.readouterr().err
        assert "no day of the calendar" in said
        assert "2026-08-01" in said
    assert run(["renewals", "due", url, *who, "finance"]) == 0
