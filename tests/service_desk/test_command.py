"""``csdomain service``: for people and for programs, in both languages."""

import json
from pathlib import Path

import pytest

import csdomain
from csdomain.service_desk.rules import DAILY_CHECK, INTAKE, SIGN_OFF
from csdomain.testing import MovableClock, SequentialIds, no_holidays
from csdomain_adapters.cli.app import run
from service_desk.counter import Counter, yuan

WHO = ["--as", "ann", "--branch", "hq", "--position", "service_agent"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, list[str]]:
    folder = tmp_path_factory.mktemp("service")
    url = f"sqlite:///{folder / 'desk.db'}"
    with csdomain.open(url, clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays()) as desk:
        counter = Counter(desk)
        jobs = [counter.settled(counter.received(), yuan(100)), counter.received(), counter.received()]
    return url, folder, jobs


@pytest.mark.rule(DAILY_CHECK)
def test_jobs_that_wait_are_listed_the_oldest_first(
    capsys: pytest.CaptureFixture[str], house: tuple[str, Path, list[str]]
) -> None:
    url, _, jobs = house
    assert run(["service", "waiting", url, *WHO, "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["jobs"]] == jobs[1:]
    assert run(["--language", "zh", "service", "waiting", url, *WHO]) == 0
    assert "FW202603-0002" in capsys.readouterr().out


@pytest.mark.rule(DAILY_CHECK)
@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["PZ202603-0001,yes,30,100 CNY", "PZ202603-0002,no,,", "PZ202603-0003,,,"], []),
        (["PZ202603-0001,yes,30,10 CNY", "PZ202603-0002,no,,", "X,no,,"], ["fee", "missing", "unknown"]),
    ],
)
def test_the_register_is_compared_with_the_vouchers_in_a_file(
    capsys: pytest.CaptureFixture[str], house: tuple[str, Path, list[str]], rows: list[str], found: list[str]
) -> None:
    url, folder, _ = house
    path = folder / "vouchers.csv"
    path.write_text("\n".join(["voucher,signed,minutes,fee", *rows]), encoding="utf-8")
    assert run(["service", "check", url, str(path), *WHO, "--json"]) == bool(found)
    assert [row["what"] for row in json.loads(capsys.readouterr().out)["differences"]] == found
    assert run(["--language", "zh", "service", "check", url, str(path), *WHO]) == bool(found)
    assert "差异" in capsys.readouterr().out


@pytest.mark.rule(DAILY_CHECK)
@pytest.mark.parametrize("text", ["", "number\n1\n", "voucher,signed\nPZ-1,perhaps\n", "voucher,fee\nPZ-1,much\n"])
def test_a_file_that_is_none_of_vouchers_is_refused(house: tuple[str, Path, list[str]], text: str) -> None:
    url, folder, _ = house
    path = folder / "wrong.csv"
    path.write_text(text, encoding="utf-8")
    assert run(["service", "check", url, str(path), *WHO]) == 1


@pytest.mark.rule(INTAKE, SIGN_OFF)
def test_a_voucher_is_printed_as_text_and_page(
    capsys: pytest.CaptureFixture[str], house: tuple[str, Path, list[str]]
) -> None:
    url, folder, jobs = house
    page = folder / "voucher.html"
    assert run(["service", "voucher", url, jobs[0], *WHO, "--html", str(page)]) == 0
    said = capsys.readouterr().out
    for part in ("PZ202603-0001", "1 Main Street", "100.00 CNY", "a new roller", "customer-1 2026-03-"):
        assert part in said
        assert part in page.read_text(encoding="utf-8")
    assert run(["service", "voucher", url, "job_" + "0" * 26, *WHO]) == 1
