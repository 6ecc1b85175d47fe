"""A map is taken whole, or refused with every fault and its key path (RPT-06)."""

from typing import Any

import pytest

from csdomain.complaints.lifecycle import COMPLAINT_MOVES
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.reporting import MapInvalid, plan, read_map
from csdomain.reporting.rules import REPLAY
from reporting.logs import make_plan, map_data

WORKFLOW: dict[str, Any] = map_data()["workflow"]
SLA: dict[str, Any] = map_data()["sla"][0]
CALENDAR: dict[str, Any] = map_data()["calendar"]


def workflow(**changes: Any) -> dict[str, Any]:
    return {"workflow": WORKFLOW | changes}


def one_more(**route: Any) -> dict[str, Any]:
    return workflow(moves=[*WORKFLOW["moves"], route])


def instants(given: Any, **more: str) -> dict[str, Any]:
    return {"columns": {"case": "c", "instants": given} | more}


def sla(**changes: Any) -> dict[str, Any]:
    return {"sla": [SLA | changes]}


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    # form
    ({"nmae": "x"}, "unknown key nmae", "$"),
    ({"columns": {"case": "c", "activity": "a"}}, "missing", "$.columns.time"),
    ({"columns": {"case": "c", "time": "t"}}, "missing", "$.columns.activity"),
    ({"columns": {"case": "c", "activity": "a", "time": "t", "tme": "t"}}, "time is meant?", "$.columns"),
    ({"columns": {"case": "c", "activity": "a", "time": ["d", ""]}}, "a column's name", "$.columns.time"),
    ({"columns": {"case": "c", "activity": "a", "time": 3}}, "Text or a list of texts", "$.columns.time"),
    (instants(["TAKE"], time="t"), "not beside instants", "$.columns.time"),
    (instants("TAKE"), "A list of columns", "$.columns.instants"),
    (instants({"t": 3}), "A list of columns", "$.columns.instants"),
    (instants(["TAEK"]), "stands neither under activities nor in ignore; TAKE is meant?", "$.columns.instants.TAEK"),
    (instants(["TAKE"]), "no instant says WAIT", "$.activities.WAIT"),
    (instants({"t": ""}), "a column and an activity", "$.columns.instants.t"),
    (instants({"t": "{activity} begun"}), "expected where an instant says {activity}", "$.columns.activity"),
    (instants({"t": "TAKE"}, activity="a"), "and only there", "$.columns.activity"),
    (instants({"t": "{actvity} begun"}), "no other place than {activity}", "$.columns.instants.t"),
    ({"columns": "c"}, "a table expected", "$.columns"),
    ({"columns": {"case": "", "activity": "a", "time": "t"}}, "a column's name expected", "$.columns.case"),
    ({"time": {"zone": "UTC", "ambiguous": "guess"}}, "by_order, earlier, later, refuse", "$.time.ambiguous"),
    ({"time": {"zone": "Europe/Atlantis"}}, "KRN-04", "$.time"),
    ({"time": {"zone": "UTC", "format": "%Y"}}, "RPT-06", "$.time"),
    ({"calendar": {"weekly": {}}}, "the key zone is missing", "$.calendar"),
    ({"calendar": CALENDAR | {"weekly": {"mon": ["9-17"]}}}, "KRN-04", "$.calendar.weekly.mon"),
    ({"calendar": CALENDAR | {"public_holidays": "XX"}}, "no public holidays XX", "$.calendar.public_holidays"),
    ({"calendar": CALENDAR | {"holidays": ["2024-04-01", "2026-04-06"]}}, "2024 to 2026", "$.calendar.published_years"),
    ({"csv": {"delimiter": "::"}}, "one character", "$.csv.delimiter"),
    ({"csv": {"escape": ","}}, "no delimiter", "$.csv.escape"),
    ({"csv": {"escape": "ab"}}, "one character", "$.csv.escape"),
    ({"csv": {"largest_cell": 0}}, "from 1 on", "$.csv.largest_cell"),
    ({"csv": {"order": "newest"}}, "file, newest_first, time", "$.csv.order"),
    ({"csv": {"empty": "-"}}, "a list", "$.csv.empty"),
    ({"csv": {"encoding": "base64"}}, "encoding", "$.csv.encoding"),
    ({"csv": {"encoding": "klingon"}}, "no encoding klingon", "$.csv.encoding"),
    ({"name": ""}, "1 to 64 characters", "$.name"),
    # workflow
    (workflow(initial="nowhere"), "no state nowhere", "$.workflow.initial"),
    (workflow(initial=""), "no state (none given)", "$.workflow.initial"),
    (workflow(final=["closed", "gone"]), "no state gone", "$.workflow.final[1]"),
    (workflow(final=[]), "closed is not final, and no move leaves it", "$.workflow.states[4]"),
    (
        workflow(states=[*WORKFLOW["states"], "island"], final=["closed", "island"]),
        "island cannot be reached",
        "$.workflow.states[5]",
    ),
    (workflow(states=[*WORKFLOW["states"], "new"]), "new is there twice", "$.workflow.states"),
    (workflow(states=["In Progress"]), "a name such as in_progress expected", "$.workflow.states[0]"),
    (workflow(states=[]), "expected", "$.workflow.states"),
    (workflow(moves=[]), "expected", "$.workflow.moves"),
    (workflow(path="simple"), "only with a lifecycle that ships", "$.workflow.path"),
    (one_more(name="take", to="nowhere"), "no state nowhere", "$.workflow.moves[6].to"),
    (one_more(name="take", to="new", **{"from": ["new", "gone"]}), "no state gone", "$.workflow.moves[6].from"),
    (one_more(name="take", to="new", **{"from": "new"}), "take from new is there twice", "$.workflow.moves[6].from"),
    (one_more(name="open", to="working"), "a move from no state leads to new", "$.workflow.moves[6].to"),
    (one_more(name="take", to="new", **{"from": 3}), "a list of texts", "$.workflow.moves[6].from"),
    (one_more(name="take", to="new", form="new"), "unknown key form", "$.workflow.moves[6]"),
    (one_more(name="Take It", to="new", **{"from": "new"}), "a name such as", "$.workflow.moves[6].name"),
    ({"workflow": {"lifecycle": "nothing"}}, "one of complaint expected", "$.workflow.lifecycle"),
    ({"workflow": {"lifecycle": "complaint", "path": "x"}}, "one of departments, levels expected", "$.workflow.path"),
    ({"workflow": {"lifecycle": "complaint", "states": ["a"]}}, "not beside", "$.workflow.states"),
    # activities
    ({"activities": {}}, "at least one activity", "$.activities"),
    ({"activities": {"TAKE": "tkae"}}, "no move tkae; take is meant?", "$.activities.TAKE"),
    ({"activities": {"TAKE": "take", "TAKE ": "take"}}, "TAKE is there twice", "$.activities.TAKE "),
    ({"ignore": ["MAIL", "TAKE"]}, "TAKE is also mapped", "$.ignore[1]"),
    # service levels
    (sla(stop="slove"), "no move slove", "$.sla[0].stop"),
    (sla(start=[]), "at least one move", "$.sla[0].start"),
    (sla(pause=[]), "nothing to resume from", "$.sla[0].resume"),
    (sla(stop=["solve", "wait"]), "wait has two parts", "$.sla[0]"),
    (sla(duration="8 hourz"), "KRN-05", "$.sla[0].duration"),
    (sla(duration=8), "KRN-05", "$.sla[0].duration"),
    (sla(warnings=[80, 50]), "ascending", "$.sla[0].warnings"),
    (sla(warnings=[100]), "ascending", "$.sla[0].warnings"),
    (sla(name=""), "1 to 64 characters", "$.sla[0].name"),
    ({"sla": [SLA, SLA]}, "solved is there twice", "$.sla[1].name"),
]  # fmt: skip


@pytest.mark.rule(REPLAY)
@pytest.mark.rule("KRN-01")
@pytest.mark.parametrize(("changes", "what", "where"), FAULTS)
def test_a_fault_is_named_with_its_place(changes: dict[str, Any], what: str, where: str) -> None:
    with pytest.raises(MapInvalid) as caught:
        plan(read_map(map_data(**changes)), lifecycles=[COMPLAINT_MOVES])
    assert any(what in fault and fault.endswith(f"@ {where}") for fault in caught.value.faults), caught.value.faults
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    assert "日志映射文件" in caught.value.render("zh")


@pytest.mark.rule(REPLAY)
@pytest.mark.rule("KRN-01")
def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(MapInvalid) as caught:
        make_plan(ignore=["TAKE"], activities={"TAKE": "tkae"}, **sla(stop="slove"), **workflow(initial="nowhere"))
    # The moves are not known while the workflow has faults.
    assert len(caught.value.faults) == 2
    with pytest.raises(MapInvalid) as caught:
        make_plan(ignore=["TAKE"], activities={"TAKE": "tkae"}, **sla(stop="slove"))
    assert len(caught.value.faults) == 3


@pytest.mark.rule(REPLAY)
def test_public_holidays_are_added_by_name() -> None:
    holidays = Holidays("demo", holidays=["2026-03-03"], make_up_days=[], years=[2026])
    given = read_map(map_data(calendar=CALENDAR | {"public_holidays": "demo"}))
    found = plan(given, holidays={"demo": holidays}.get)
    assert found.calendar.is_holiday(next(iter(holidays.holidays)))
    assert not make_plan().calendar.is_holiday(next(iter(holidays.holidays)))
