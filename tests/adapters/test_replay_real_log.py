"""The log of a real help desk, where it is at hand; it is not part of the repository (RPT-06)."""

import os
from collections import Counter
from pathlib import Path

import pytest

from csdomain.reporting import Reason, ReplayReport
from csdomain.reporting.log_faults import AmbiguousColumn
from csdomain.reporting.rules import REPLAY
from csdomain_adapters.replay import render_html, render_text, run_replay

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CSDOMAIN_TEST_DATA", ROOT.parent / "shared" / "data"))
LOG = DATA / "helpdesk_log_italy_2010_2014.csv"
MAP = ROOT / "examples" / "data" / "helpdesk_italy_map.toml"
pytestmark = pytest.mark.skipif(not LOG.is_file(), reason=f"{LOG.name} is not in {DATA}; CSDOMAIN_TEST_DATA names it")


@pytest.fixture(scope="module")
def report() -> ReplayReport:
    return run_replay(LOG, MAP)


@pytest.mark.rule(REPLAY)
def test_all_events_of_all_cases_are_accounted_for(report: ReplayReport) -> None:
    assert (report.events, report.cases) == (21_348, 4_580)
    assert report.events == report.replayed + sum(report.ignored.values()) + report.faults
    assert report.ignored == {"DUPLICATE": 1, "INVALID": 2, "RESOLVED": 2, "VERIFIED": 3}
    assert (
        sum(fits + fails for fits, fails in report.moves.values()) + 8 + report.reasons[Reason.AFTER_THE_END] == 21_348
    )


@pytest.mark.rule(REPLAY)
def test_facts_that_can_be_counted_in_the_file(report: ReplayReport) -> None:
    lines = LOG.read_text("utf-8").splitlines()[1:]
    fields = [line.split(",") for line in lines]
    activities = Counter(row[1] for row in fields)
    closed = {row[0] for row in fields if row[1] == "Closed"}
    # Each case that was ever closed is finished, but for those that were closed without having been resolved.
    assert len(closed) - report.finished == 3
    assert report.moves["schedule"] == (activities["Schedule intervention"], 0)
    assert sum(report.moves["take"]) == activities["Take in charge ticket"] - 2
    assert sum(report.moves["wait"]) == activities["Wait"]
    assert set(report.reasons) == {Reason.AFTER_THE_END, Reason.UNFITTING_MOVE}
    assert report.as_of is not None
    assert report.as_of.astimezone().utcoffset() is not None
    assert max(row[3] for row in fields) == "2014/01/03 13:20:58.000"
    assert report.as_of.isoformat() == "2014-01-03T12:20:58+00:00"


@pytest.mark.rule(REPLAY)
def test_its_reports_can_be_made(report: ReplayReport) -> None:
    assert "21,348" in render_text(report)
    assert "21,348" in render_html(report)


@pytest.mark.rule(REPLAY)
def test_the_column_that_is_there_twice_cannot_be_used(tmp_path: Path) -> None:
    other = tmp_path / "map.toml"
    other.write_text(MAP.read_text("utf-8").replace('who = "Resource"', 'who = "Variant"'), "utf-8")
    with pytest.raises(AmbiguousColumn) as caught:
        run_replay(LOG, other)
    assert caught.value.facts["places"] == [5, 7]
