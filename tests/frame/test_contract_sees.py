"""The contract of a kind of case is itself tested: dull mistakes, each seen by the test that is for it."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from csdomain.kernel.rules import PORTS
from frame.mistakes import MISTAKES

pytestmark = pytest.mark.rule(PORTS)
CONTRACTS: Final = Path(__file__).with_name("lost_property_contract.py")
Seen = dict[str, Counter[str]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, Seen]:
    """What failed and what passed, by mistake and test."""
    report = tmp_path_factory.mktemp("seen") / "report.xml"
    command = [sys.executable, "-m", "pytest", str(CONTRACTS), "-q", "-n", "0", f"--junit-xml={report}", "--tb=no"]
    subprocess.run(command, cwd=CONTRACTS.parents[2], check=False, capture_output=True, timeout=300)
    failed: Seen = {}
    passed: Seen = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own report
        mistake = case.get("classname", "").rpartition(".Test_")[2]
        into = passed if len(case) == 0 else failed
        into.setdefault(mistake, Counter())[case.get("name", "").partition("[")[0]] += 1
    return failed, passed


def test_the_example_as_it_stands_passes_every_test(seen: tuple[Seen, Seen]) -> None:
    failed, passed = seen
    assert failed.get("nothing") is None
    assert passed["nothing"].total() > len(passed["nothing"]) > 15


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen_by_the_test_that_is_for_it(seen: tuple[Seen, Seen], mistake: str) -> None:
    failed, _ = seen
    assert failed[mistake][MISTAKES[mistake][0]], failed[mistake]
