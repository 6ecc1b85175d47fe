"""Logs in the shapes in which help desks export them, small and made up (RPT-06)."""

from pathlib import Path

import pytest

from csdomain.kernel.cases.timers import TimerState
from csdomain.reporting import CaseResult, Reason, ReplayReport
from csdomain.reporting.rules import REPLAY
from csdomain_adapters.replay import run_replay
from csdomain_adapters.replay.sorting import RestingOnDisk

CALENDAR = """
[calendar]
zone = "{zone}"
yearly_holidays = ["09-07"]
[calendar.weekly]
mon = ["08:00-18:00"]
tue = ["08:00-18:00"]
wed = ["08:00-18:00"]
thu = ["08:00-18:00"]
fri = ["08:00-18:00"]
"""


def replayed(folder: Path, log: str, map: str, told: list[CaseResult] | None = None) -> ReplayReport:
    (folder / "log.csv").write_text(log, "utf-8")
    (folder / "map.toml").write_text(map, "utf-8")
    return run_replay(folder / "log.csv", folder / "map.toml", on_case=None if told is None else told.append)


# GLPI: a row for each ticket, a column for each instant, "-" for what has not happened yet, the newest ticket first.
TICKETS = """Ticket;Group;Category;Opened;Solved;Closed;Assigned
40856;RTIC;-;31/08/2021 23:03;08/09/2021 14:57;08/09/2021 14:57;a1
40855;RTIC;-;31/08/2021 23:00;08/09/2021 14:47;08/09/2021 14:48;a1
40854;Network;-;31/08/2021 21:13;01/09/2021 16:26;02/09/2021 15:30;a2
40853;Portal;-;31/08/2021 17:09;-;-;a3
40852;Portal;-;31/08/2021 14:51;31/08/2021 15:00;02/09/2021 08:47;a4
40844;Support;-;31/08/2021 11:12;31/08/2021 11:28;31/08/2021 11:28;a5
40843;Support;-;-;-;-;a5
"""
TICKET_MAP = """
name = "Tickets"
[columns]
case = "Ticket"
instants = ["Opened", "Solved", "Closed"]
[time]
zone = "America/Sao_Paulo"
format = "%d/%m/%Y %H:%M"
[csv]
delimiter = ";"
empty = ["-"]
[workflow]
states = ["open", "solved", "closed"]
initial = "open"
final = ["closed"]
[[workflow.moves]]
name = "open"
to = "open"
[[workflow.moves]]
name = "solve"
from = "open"
to = "solved"
[[workflow.moves]]
name = "close"
from = "solved"
to = "closed"
[activities]
"Opened" = "open"
"Solved" = "solve"
"Closed" = "close"
[[sla]]
name = "solved"
start = "open"
stop = "solve"
duration = "16 working hours"
""" + CALENDAR.format(zone="America/Sao_Paulo")


@pytest.mark.rule(REPLAY)
def test_f35_one_row_a_ticket_with_a_column_for_each_instant(tmp_path: Path) -> None:
    report = replayed(tmp_path, TICKETS, TICKET_MAP)
    assert (report.events, report.replayed, report.cases, report.finished, report.open) == (17, 16, 6, 5, 1)
    # 40853 is open and late; 40855 and 40856 took 5 days of 10 hours; the other three were in time.
    assert (report.slas[0].met, report.slas[0].breached, report.slas[0].unfinished) == (3, 3, 1)
    (fault,) = report.listed
    assert (fault.line, fault.reason, fault.case) == (8, Reason.MISSING_FIELD, "40843")
    assert fault.accepted is not None
    assert fault.accepted.en == "a value in Opened, Solved, Closed"


@pytest.mark.rule(REPLAY)
def test_f35_columns_may_be_called_otherwise_than_what_happened(tmp_path: Path) -> None:
    table = """instants = { Opened = "ticket came", Solved = "solution", Closed = "end" }"""
    other = TICKET_MAP.replace('instants = ["Opened", "Solved", "Closed"]', table)
    for column, activity in (("Opened", "ticket came"), ("Solved", "solution"), ("Closed", "end")):
        other = other.replace(f'"{column}" = "', f'"{activity}" = "')
    assert replayed(tmp_path, TICKETS, other).replayed == 16


# A process tool: when each activity began and when it ended, in a row that lies where the activity ended.
REPAIRS = """Case,Activity,Clerk,Start,Complete
R-1,Analyse,c1,2026-03-02 09:00,2026-03-02 11:00
R-1,Repair,c2,2026-03-02 11:30,2026-03-03 17:00
R-1,Test,c1,2026-03-04 08:30,2026-03-04 09:00
R-2,Analyse,c1,2026-03-02 10:00,2026-03-02 10:30
R-2,Repair,c3,2026-03-02 11:00,
"""
REPAIR_MAP = """
name = "Repairs"
[columns]
case = "Case"
activity = "Activity"
who = "Clerk"
[columns.instants]
"Start" = "{activity}: start"
"Complete" = "{activity}: end"
[time]
zone = "Europe/Rome"
format = "%Y-%m-%d %H:%M"
[csv]
order = "time"
[workflow]
states = ["waiting", "working", "done"]
initial = "waiting"
final = ["done"]
[[workflow.moves]]
name = "begin"
from = "waiting"
to = "working"
[[workflow.moves]]
name = "end"
from = "working"
to = "waiting"
[[workflow.moves]]
name = "begin_repair"
from = "waiting"
to = "working"
[[workflow.moves]]
name = "end_repair"
from = "working"
to = "waiting"
[[workflow.moves]]
name = "finish"
from = "working"
to = "done"
[activities]
"Analyse: start" = "begin"
"Analyse: end" = "end"
"Repair: start" = "begin_repair"
"Repair: end" = "end_repair"
"Test: start" = "begin"
"Test: end" = "finish"
[[sla]]
name = "repaired"
start = "begin_repair"
stop = "end_repair"
duration = "12 working hours"
""" + CALENDAR.format(zone="Europe/Rome")


@pytest.mark.rule(REPLAY)
def test_f35_start_and_end_of_an_activity_in_two_columns_and_a_deadline_between_them(tmp_path: Path) -> None:
    told: list[CaseResult] = []
    report = replayed(tmp_path, REPAIRS, REPAIR_MAP, told)
    assert (report.events, report.replayed, report.finished, report.open) == (9, 9, 1, 1)
    outcomes = {case.case: case.slas[0] for case in told}
    # R-1 from 11:30 to 18:00 and from 08:00 to 17:00; R-2 is not done, as of 09:00 on the 4th.
    assert [(outcomes[case].state, outcomes[case].used // 60_000_000) for case in ("R-1", "R-2")] == [
        (TimerState.BREACHED, 15 * 60 + 30), (TimerState.BREACHED, 18 * 60)
    ]  # fmt: skip
    assert not outcomes["R-2"].completed
    nameless = replayed(tmp_path, REPAIRS + "R-3,,c3,2026-03-02 11:00,\n", REPAIR_MAP)
    assert [(fault.line, fault.reason) for fault in nameless.listed] == [(7, Reason.MISSING_FIELD)]


# ServiceNow: the state of an incident at each change of anything, "?" for empty; a state that lasts is there again.
INCIDENTS = """number,incident_state,sys_mod_count,opened_at,sys_updated_at,resolved_by
INC0000045,New,0,29/2/2016 08:16,29/2/2016 08:23,?
INC0000045,Active,1,29/2/2016 08:16,29/2/2016 08:53,?
INC0000045,Awaiting User Info,2,29/2/2016 08:16,29/2/2016 09:00,?
INC0000045,Awaiting User Info,3,29/2/2016 08:16,1/3/2016 09:00,?
INC0000045,Active,4,29/2/2016 08:16,2/3/2016 09:00,?
INC0000045,Resolved,5,29/2/2016 08:16,2/3/2016 11:29,Resolver 149
INC0000045,Closed,6,29/2/2016 08:16,5/3/2016 12:00,Resolver 149
INC0000045,Closed,7,29/2/2016 08:16,5/3/2016 12:01,Resolver 149
INC0000047,New,0,29/2/2016 08:40,29/2/2016 08:57,?
INC0000047,Closed,1,29/2/2016 08:40,1/3/2016 10:00,Resolver 81
INC0000047,Active,2,29/2/2016 08:40,2/3/2016 10:00,?
INC0000047,Closed,3,29/2/2016 08:40,3/3/2016 10:00,Resolver 81
INC0000049,-100,0,29/2/2016 08:40,29/2/2016 08:58,?
INC0000049,New,1,29/2/2016 08:40,29/2/2016 09:57,?
"""
INCIDENT_MAP = """
name = "Incidents"
ignore = ["-100"]
[columns]
case = "number"
activity = "incident_state"
time = "sys_updated_at"
who = "resolved_by"
[time]
zone = "UTC"
format = "%d/%m/%Y %H:%M"
[csv]
empty = ["?"]
[workflow]
states = ["new", "active", "waiting", "resolved", "closed"]
initial = "new"
final = ["closed"]
[[workflow.moves]]
name = "to_new"
from = "new"
to = "new"
[[workflow.moves]]
name = "to_active"
from = ["new", "active", "waiting", "resolved", "closed"]
to = "active"
[[workflow.moves]]
name = "to_waiting"
from = ["new", "active", "waiting"]
to = "waiting"
[[workflow.moves]]
name = "to_resolved"
from = ["new", "active", "waiting", "resolved"]
to = "resolved"
[[workflow.moves]]
name = "to_closed"
from = ["new", "active", "waiting", "resolved", "closed"]
to = "closed"
[activities]
"New" = "to_new"
"Active" = "to_active"
"Awaiting User Info" = "to_waiting"
"Resolved" = "to_resolved"
"Closed" = "to_closed"
[[sla]]
name = "resolved"
start = ["to_new", "to_active"]
pause = "to_waiting"
resume = "to_active"
stop = ["to_resolved", "to_closed"]
duration = "8 working hours"
""" + CALENDAR.format(zone="UTC")


@pytest.mark.rule(REPLAY)
def test_f35_a_log_of_states_some_of_which_last_and_a_final_one_that_is_left(tmp_path: Path) -> None:
    told: list[CaseResult] = []
    report = replayed(tmp_path, INCIDENTS, INCIDENT_MAP, told)
    assert (report.events, report.replayed, report.ignored) == (14, 13, {"-100": 1})
    assert (report.cases, report.finished, report.open) == (3, 2, 1)
    cases = {case.case: case for case in told}
    first, second = cases["INC0000045"], cases["INC0000047"]
    assert [(stay.state, stay.visits) for stay in second.stays] == [("new", 1), ("closed", 2), ("active", 1)]
    assert (second.finished, second.state, second.until.isoformat()) == (True, "closed", "2016-03-03T10:00:00+00:00")
    # 37 minutes, two days of waiting, 149 minutes; a closing that is there twice is one.
    assert (first.slas[0].state, first.slas[0].used // 60_000_000) == (TimerState.MET, 37 + 149)
    assert first.until.isoformat() == "2016-03-05T12:00:00+00:00"
    assert [outcome.state for outcome in second.slas] == [TimerState.BREACHED, TimerState.BREACHED]
    closed = next(stage for stage in report.stages if stage.state == "closed")
    assert (closed.final, closed.visits, closed.cases, closed.still) == (True, 3, 2, 0)
    assert report.months[-1].finished == 2


@pytest.mark.rule(REPLAY)
def test_f35_the_date_and_the_time_of_day_in_two_columns(tmp_path: Path) -> None:
    split = INCIDENT_MAP.replace('"sys_updated_at"', '["sys_updated_at", "at"]').replace("?", "-")
    log = INCIDENTS.replace("sys_updated_at", "sys_updated_at,at").replace("?", "-").splitlines()
    rows = []
    for line in log[1:]:
        number, state, count, opened, updated, by = line.split(",")
        rows.append(",".join([number, state, count, opened, *updated.split(" "), by]))
    text = "\n".join([log[0], *rows, "INC0000050,New,0,x,-,-,-", "INC0000051,New,0,x,1/3/2016,-,-"]) + "\n"
    report = replayed(tmp_path, text, split)
    assert (report.events, report.replayed) == (16, 13)
    assert [fault.reason for fault in report.listed] == [Reason.MISSING_FIELD, Reason.UNPARSABLE_TIME]


@pytest.mark.rule(REPLAY)
def test_f35_cases_that_may_be_opened_again_are_kept_on_disk() -> None:
    with RestingOnDisk(in_memory=3) as resting:
        for number in range(10):
            resting.put(f"c{number}", (f"c{number}", "closed", number))
            assert len(resting._recent) < 3
        assert resting.take("c4") == ("c4", "closed", 4)
        assert resting.take("c4") is None
        assert resting.take("none") is None
        resting.put("c4", ("c4", "closed", 44))
        assert sorted(values[2] for values in resting) == [0, 1, 2, 3, 5, 6, 7, 8, 9, 44]
